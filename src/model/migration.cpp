#include "model/migration.h"

#include <algorithm>

#include "base/nearest.h"
#include "model/reader.h"

namespace yipan::model {
namespace {
using Verb = Migration::Verb;

struct Form {
    std::string_view word;
    Verb verb;
    std::vector<std::string_view> needed, optional;
};
const std::vector<Form>& forms() {
    static const std::vector<Form> all{
        {"rename_type", Verb::rename_type, {"from", "to"}, {}},
        {"rename_field", Verb::rename_field, {"type", "from", "to"}, {}},
        {"drop_type", Verb::drop_type, {"type"}, {}},
        {"drop_field", Verb::drop_field, {"type", "field"}, {}},
        {"narrow", Verb::narrow, {"type", "field", "rule"}, {}},
        {"map_choices", Verb::map_choices, {"type", "field", "to"}, {}},
        {"map_states", Verb::map_states, {"type", "to"}, {}},
        {"split", Verb::split, {"type", "into", "fields", "reference"}, {}},
        {"set", Verb::set, {"type", "field", "value"}, {"where"}},
        {"deduplicate", Verb::deduplicate, {"type", "field", "rule"}, {}},
        {"back", Verb::back, {"to"}, {}},
    };
    return all;
}

void codes(const Section& section, Migration& out) {
    const yaml::Node* map = section.find("to");
    if (!map) return;
    if (!map->is_map()) return section.wrong("to", "\"to\" is not a map", "write to: {old: new}");
    for (std::size_t i = 0; i < map->keys.size(); ++i) {
        const yaml::Node& value = map->items[i];
        if (!value.is_scalar() && !value.is_null())
            section.problems().add(section.place(value), section.subject() + ": the new code is not a single text",
                                   "write old: new, or old: with nothing to unset the value");
        else
            out.codes.emplace_back(map->keys[i].text, value.text);
    }
}

void read_one(Problems& problems, const std::string& file, const yaml::Node& key, const yaml::Node& body,
              std::vector<Migration>& out) {
    std::vector<std::string_view> words;
    const Form* form = nullptr;
    for (const Form& f : forms()) {
        words.push_back(f.word);
        if (f.word == key.text) form = &f;
    }
    if (!form)
        return problems.add(yaml::place(file, key), "unknown migration \"" + key.text.substr(0, 80) + "\"",
                            did_you_mean(key.text, words, "known: " + joined(words)));
    std::vector<std::string_view> known = form->needed;
    known.insert(known.end(), form->optional.begin(), form->optional.end());
    const Section section(problems, file, key, body, key.text, known);
    Migration m;
    m.verb = form->verb;
    m.where = section.where();
    for (const std::string_view word : form->needed) section.missing(word, "needed: " + joined(form->needed));
    const bool mapped = m.verb == Verb::map_choices || m.verb == Verb::map_states;
    const auto take = [&](std::string_view word, std::string& into, std::string* place = nullptr) {
        const auto text = section.word(word);
        if (!text) return;
        into = text->text;
        if (place) *place = text->where;
        if (into.empty()) section.wrong(word, "\"" + std::string(word) + "\" is empty");
    };
    for (const std::string_view word : known) {
        if (word == "type") take(word, m.type);
        if (word == "field") take(word, m.field);
        if (word == "from") take(word, m.from);
        if (word == "into") take(word, m.to);
        if (word == "reference") take(word, m.from);
        if (word == "rule") take(word, m.rule);
        if (word == "value") take(word, m.value, &m.value_where);
        if (word == "where") take(word, m.condition, &m.condition_where);
        if (word == "to" && m.verb == Verb::back)
            m.version = static_cast<int>(section.whole(word, 1, 1'000'000).value_or(1));
        if (word == "to" && m.verb != Verb::back && !mapped) take(word, m.to);
        if (word == "fields")
            for (const Word& f : section.words(word)) m.fields.push_back(f.text);
    }
    if (mapped) codes(section, m);
    const auto rules = [&](const std::vector<std::string_view>& legal) {
        if (m.rule.empty() || std::find(legal.begin(), legal.end(), m.rule) != legal.end()) return;
        section.wrong("rule", "no rule \"" + m.rule.substr(0, 80) + "\"",
                      did_you_mean(m.rule, legal, "one of: " + joined(legal)));
    };
    if (m.verb == Verb::narrow) rules({"half_up", "cut", "clamp"});
    if (m.verb == Verb::deduplicate) rules({"clear", "number"});
    out.push_back(std::move(m));
}
}  // namespace

bool is_migration(std::string_view path) {
    const auto slash = path.rfind('/');
    if (slash == std::string_view::npos) return false;
    const std::string_view folder = path.substr(0, slash);
    return path.ends_with(".yaml") && (folder == "migrations" || folder.ends_with("/migrations"));
}

Checked<std::vector<Migration>> read_migrations(const SourceFile& file) {
    auto root = yaml::parse(file.text, file.path);
    if (!root) return fail(root.error());
    Problems problems;
    std::vector<Migration> out;
    const Section top(problems, file.path, *root, *root, "file", {"migrations"});
    top.missing("migrations", "migrations: [- drop_field: {type: ..., field: ...}]");
    if (const yaml::Node* list = top.find("migrations")) {
        if (!list->is_list())
            top.wrong("migrations", "\"migrations\" is not a list", "write - rename_field: {...} items");
        if (list->items.size() > migrations_max)
            problems.add(yaml::place(file.path, *list), "more than 500 migrations", "split the change",
                         Code::limit_exceeded);
        for (const yaml::Node& item : list->items) {
            if (!item.is_map() || item.keys.size() != 1)
                problems.add(yaml::place(file.path, item), "a migration is not one keyword with its map",
                             "e.g. - drop_field: {type: project, field: note}");
            else
                read_one(problems, file.path, item.keys[0], item.items[0], out);
        }
    }
    if (!problems.empty()) return fail(problems.take());
    return out;
}

std::string back_text(int version) { return "migrations:\n  - back: {to: " + std::to_string(version) + "}\n"; }

}  // namespace yipan::model
