// carries: what a new record or a move brings about in the record that one of its references names.
#include <algorithm>

#include "model/loader.h"
#include "model/names.h"

namespace yipan::model {
namespace {
constexpr std::size_t carries_max = 20;  // of a type

std::optional<Expression> own_expression(Loader& loader, const Type& type, std::string subject, const Word& word, std::vector<cel::Type> results, std::string results_text) {
    ExpressionUse use;
    use.type = type.index;
    use.subject = std::move(subject);
    use.results = std::move(results);
    use.results_text = std::move(results_text);
    return read_expression(loader, use, word);
}

void read_set(Loader& loader, const Type& type, const Type& target, Carry& carry, const Section& s) {
    const yaml::Node* node = s.find("set");
    if (!node) return;
    if (!node->is_map()) return s.wrong("set", "\"set\" is not a map", "set: {due: \"new_due\"}");
    for (std::size_t i = 0; i < node->keys.size(); ++i) {
        const yaml::Node& key = node->keys[i];
        const int field = loader.resolve_field(target.index, {key.text, s.place(key)}, s.subject() + " set");
        if (field < 0) continue;
        const Field& f = loader.field(target.index, field);
        if (f.computed || f.system || field == target.owner_field || f.kind == FieldKind::number) {
            loader.problems.add(s.place(key), s.subject() + ": " + target.code + "." + f.code + " is not set by anybody", f.system ? "move: a move of " + target.code : "");
            continue;
        }
        const yaml::Node& value = node->items[i];
        if (!value.is_scalar()) {
            loader.problems.add(s.place(key), s.subject() + ": \"" + key.text + "\" is no expression", key.text + ": \"<CEL over " + type.code + ">\"");
            continue;
        }
        const cel::Type wanted = cel_type(loader, f);
        if (auto made = own_expression(loader, type, s.subject() + " set " + key.text, {value.text, s.place(value)}, {wanted}, wanted.text() + " or null"))
            carry.set.emplace_back(field, std::move(*made));
    }
}

void read_carry(Loader& loader, Type& type, const Section& s, std::string code) {
    Carry carry;
    carry.code = std::move(code);
    s.missing("on", "on: create, or a move of " + type.code);
    s.missing("to", "to: <reference field>");
    const auto has_move = [](const Type& of, const std::string& name) { return std::any_of(of.moves.begin(), of.moves.end(), [&](const Move& m) { return m.code == name; }); };
    if (const auto on = s.word("on")) {
        carry.on = on->text;
        if (on->text != "create" && !has_move(type, on->text)) s.wrong("on", type.code + " has no move \"" + on->text.substr(0, 80) + "\"", "create, or a move of " + type.code);
    }
    const auto to = s.word("to");
    carry.to = to ? loader.resolve_field(type.index, *to, s.subject() + " to") : -1;
    if (carry.to < 0) return;
    if (loader.field(type.index, carry.to).kind != FieldKind::reference) return s.wrong("to", "field \"" + to->text + "\" is not a reference", "");
    const Type& target = loader.type(loader.field(type.index, carry.to).target);
    if (const auto move = s.word("move")) {
        carry.move = move->text;
        if (!has_move(target, move->text)) s.wrong("move", target.code + " has no move \"" + move->text.substr(0, 80) + "\"", "");
    }
    if (const auto when = s.word("when")) {
        carry.when = own_expression(loader, type, s.subject() + " when", *when, {cel::Type::boolean()}, "true or false");
        if (!carry.when) return;
    }
    read_set(loader, type, target, carry, s);
    if (carry.move.empty() && !s.has("set")) s.missing("set", "set: {field: \"<CEL>\"}, or move: a move of " + target.code);
    type.carries.push_back(std::move(carry));
}
}  // namespace

void read_carries(Loader& loader) {
    for (Type& type : loader.model.types) {
        const Section& of = loader.section_of(type);
        const yaml::Node* node = of.find("carries");
        if (!node) continue;
        if (!node->is_map()) {
            of.wrong("carries", "\"carries\" is not a map", "carries: {new_due: {on: approve, to: task, set: {due: \"new_due\"}}}");
            continue;
        }
        if (node->keys.size() > carries_max) of.wrong("carries", "more than 20 of one type");
        for (std::size_t i = 0; i < std::min(node->keys.size(), carries_max); ++i) {
            const yaml::Node& key = node->keys[i];
            if (const auto bad = judge_name(key.text, NameUse::code)) loader.problems.add(of.place(key), "carries " + type.code + ": " + bad->message, bad->hint);
            read_carry(loader, type, Section(loader.problems, of.file(), key, node->items[i], "carries " + type.code + "." + key.text, {"on", "to", "when", "set", "move"}), key.text);
        }
    }
}

}  // namespace yipan::model
