// quick: what the page of a record offers to add to it in one small form: a line it owns, or a record that refers to it.
#include <algorithm>

#include "model/loader.h"
#include "model/slots.h"

namespace yipan::model {
namespace {
constexpr std::size_t asks_max = 12, fills_max = 20;

// Over the record it is added to; who acts and the day are known, as in rules.
ExpressionUse over_target(Loader& loader, const Type& target, std::string subject) {
    ExpressionUse use;
    use.type = target.index;
    use.subject = std::move(subject);
    const auto of = [&](int index) { return index < 0 ? cel::Type::dyn() : cel::Type::object_of(loader.type(index).object).or_null(); };
    const Identity& identity = loader.model.identity;
    use.variables.resize(slots::rule_count);
    use.variables[slots::post] = {identity.post < 0 ? "" : "post", of(identity.post)};
    use.variables[slots::actor] = {identity.person < 0 ? "" : "actor", of(identity.person)};
    use.variables[slots::entry_date] = {"entry_date", cel::Type::date()};
    return use;
}

bool is_typed(const Field& f) { return !f.computed && !f.system && f.kind != FieldKind::number; }

void read_fills(Loader& loader, const Type& type, const Type& target, Quick& quick, const Section& s) {
    const yaml::Node* node = s.find("fills");
    if (!node) return;
    if (!node->is_map()) return s.wrong("fills", "\"fills\" is not a map", "fills: {day: \"entry_date\", by: \"post\"}");
    if (node->keys.size() > fills_max) s.wrong("fills", "more than 20 fields", "");
    for (std::size_t i = 0; i < std::min(node->keys.size(), fills_max); ++i) {
        const yaml::Node& key = node->keys[i];
        const int field = loader.resolve_field(type.index, {key.text, s.place(key)}, s.subject() + " fills");
        if (field < 0) continue;
        const Field& f = loader.field(type.index, field);
        if (!is_typed(f) || field == quick.to) {
            loader.problems.add(s.place(key), s.subject() + ": " + f.code + " is not typed by anybody", "");
            continue;
        }
        if (!node->items[i].is_scalar()) {
            loader.problems.add(s.place(key), s.subject() + ": \"" + key.text + "\" is no expression", key.text + ": \"<CEL over " + target.code + ">\"");
            continue;
        }
        ExpressionUse use = over_target(loader, target, s.subject() + " fills " + key.text);
        const cel::Type wanted = cel_type(loader, f);
        use.results = {wanted};
        use.results_text = wanted.text() + " or null";
        auto made = read_expression(loader, use, {node->items[i].text, s.place(node->items[i])});
        if (!made) continue;
        // It is sent to who looks at the record: so it reads what he sees of this record and nothing behind it.
        for (const auto& path : made->program.paths()) {
            const int read = path.empty() ? -1 : target.find(path.front());
            if (read < 0) continue;
            if (path.size() > 1 || loader.field(target.index, read).group == FieldGroup::personal)
                loader.problems.add(s.place(key), s.subject() + " fills " + key.text + ": reads " + (path.size() > 1 ? "behind the reference " : "the personal field ") + path.front(),
                                    "the record's own fields, post, actor and entry_date");
        }
        quick.fills.emplace_back(field, std::move(*made));
    }
}

// What must stand in a new record and neither the form nor anything else gives: the quick way would always be refused.
void check_whole(Loader& loader, const Type& type, const Quick& quick, const Section& s) {
    for (std::size_t f = 0; f < type.fields.size(); ++f) {
        const Field& field = type.fields[f];
        const int index = static_cast<int>(f);
        if (!field.required || !is_typed(field) || field.preset || index == quick.to) continue;
        const bool asked = std::find(quick.asks.begin(), quick.asks.end(), index) != quick.asks.end();
        const bool filled = std::any_of(quick.fills.begin(), quick.fills.end(), [&](const auto& fill) { return fill.first == index; });
        if (!asked && !filled) loader.problems.add(s.where(), s.subject() + ": the required field " + field.code + " is neither asked nor filled", "asks: [..., " + field.code + "]");
    }
}

void read_one(Loader& loader, Type& type, const Section& s) {
    Quick quick;
    quick.label = s.label();
    quick.to = type.owner_field;
    if (const auto to = s.word("to")) {
        quick.to = loader.resolve_field(type.index, *to, s.subject() + " to");
        if (quick.to < 0) return;
    }
    if (quick.to < 0) return s.missing("to", "to: <reference field>; only an owned type needs none");
    if (loader.field(type.index, quick.to).kind != FieldKind::reference || loader.field(type.index, quick.to).target < 0)
        return s.wrong("to", "field \"" + loader.field(type.index, quick.to).code + "\" is not a reference", "");
    const Type& target = loader.type(loader.field(type.index, quick.to).target);
    if (const auto when = s.word("when")) {
        ExpressionUse use = over_target(loader, target, s.subject() + " when");
        use.results = {cel::Type::boolean()};
        use.results_text = "true or false";
        use.null_result = false;
        quick.when = read_expression(loader, use, *when);
        if (!quick.when) return;
    }
    const std::size_t known = loader.problems.count();
    const auto asked = s.words("asks");
    if (asked.size() > asks_max) s.wrong("asks", "more than 12 fields are no quick way", "the form of the record has all of them");
    for (const Word& word : asked) {
        const int field = loader.resolve_field(type.index, word, s.subject() + " asks");
        if (field < 0) continue;
        if (!is_typed(loader.field(type.index, field)) || field == quick.to)
            loader.problems.add(word.where, s.subject() + ": " + word.text + " is not typed by anybody", "");
        else
            quick.asks.push_back(field);
    }
    read_fills(loader, type, target, quick, s);
    if (loader.problems.count() == known) check_whole(loader, type, quick, s);  // else it follows from what was told
    type.quick = std::move(quick);
}
}  // namespace

void read_quick(Loader& loader) {
    for (Type& type : loader.model.types) {
        const Section& of = loader.section_of(type);
        const yaml::Node* node = of.find("quick");
        if (!node) continue;
        if (type.by_acts) {
            of.wrong("quick", type.code + " is written by acts of workflow only", "");
            continue;
        }
        read_one(loader, type, Section(loader.problems, of.file(), *node, *node, "quick " + type.code, {"label", "to", "when", "asks", "fills"}));
    }
}

}  // namespace yipan::model
