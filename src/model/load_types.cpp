// Record types: fields, owners, keys, responsibility. Expressions come later.
#include <algorithm>

#include "base/nearest.h"
#include "model/loader.h"
#include "model/names.h"

namespace yipan::model {
namespace {
constexpr std::size_t key_fields_max = 8;

void read_owner(Loader& loader, Type& type, const Section& section) {
    const auto owner = section.word("owned_by");
    if (!owner) return;
    type.owner = loader.resolve_type(*owner, section.subject());
    if (type.owner == type.index) {
        section.wrong("owned_by", "a type cannot own itself", "name the type of the owner");
        type.owner = -1;
    }
    if (type.owner < 0) return;
    Field& field = type.fields.emplace_back();
    field.code = owner->text;
    field.kind = FieldKind::reference;
    field.target = type.owner;
    field.required = field.system = field.index = true;
    field.on_delete = OnDelete::go_along;
    type.owner_field = 0;
}

// `per` names fields of the whole type, so it is read when all of them are known.
void read_per(Loader& loader, Type& type, const Section& section, const yaml::Node& key, const yaml::Node& body) {
    const int at = type.find(key.text);
    const yaml::Node* per = body.is_map() ? body.find("per") : nullptr;
    if (at < 0 || !per || per->is_null() || type.fields[static_cast<std::size_t>(at)].kind != FieldKind::number) return;
    const std::string subject = "field " + type.code + "." + key.text;
    if (!per->is_list()) {
        loader.problems.add(section.place(*per), subject + ": \"per\" is not a list", "per: [organ]");
        return;
    }
    for (const yaml::Node& item : per->items) {
        const int field = loader.resolve_field(type.index, {item.text, section.place(item)}, subject + " per");
        if (field == at)
            loader.problems.add(section.place(item), subject + ": a number cannot stand in its own per",
                                "name other fields");
        else if (field >= 0)
            type.fields[static_cast<std::size_t>(at)].per.push_back(field);
    }
}

void read_fields(Loader& loader, Type& type, const Section& section) {
    const yaml::Node* fields = section.find("fields");
    if (!fields && type.owner < 0) section.missing("fields", "fields: {code: {type: text, label: [...]}}");
    if (!fields) return;
    if (!fields->is_map()) {
        section.wrong("fields", "\"fields\" is not a map", "fields: {code: {type: text, label: [...]}}");
        return;
    }
    if (fields->keys.size() > fields_max)
        loader.problems.add(section.place(*fields), section.subject() + ": more than 300 fields", "split the type",
                            Code::limit_exceeded);
    for (std::size_t i = 0; i < std::min(fields->keys.size(), fields_max); ++i) {
        const yaml::Node& key = fields->keys[i];
        if (const auto bad = judge_name(key.text, NameUse::field))
            loader.problems.add(section.place(key), section.subject() + ": field " + bad->message, bad->hint);
        if (type.owner >= 0 && key.text == type.fields.front().code) {
            loader.problems.add(section.place(key), section.subject() + ": field \"" + key.text + "\" is there already",
                                "owned_by makes the reference to the owner");
            continue;
        }
        Field& field = type.fields.emplace_back();
        field.code = key.text;
        const Section inner(loader.problems, section.file(), key, fields->items[i],
                            "field " + type.code + "." + key.text,
                            {"type",   "label",   "required", "unique",   "index", "personal", "max_chars", "min",
                             "max",    "scale",   "unit",     "currency", "of",    "to",       "on_delete", "shape",
                             "grains", "pattern", "per",      "value",    "as",    "default",  "help"});
        if (!read_field(loader, type, inner)) loader.damaged.emplace(type.index, key.text);
    }
    for (std::size_t i = 0; i < std::min(fields->keys.size(), fields_max); ++i)
        read_per(loader, type, section, fields->keys[i], fields->items[i]);
}

bool names_a_record(const Field& field) {
    if (field.computed) return false;
    if (field.kind == FieldKind::number) return true;
    return field.unique && field.required && (field.kind == FieldKind::text || field.kind == FieldKind::integer);
}

void read_keys(Loader& loader, Type& type, const Section& section) {
    if (const auto key = section.word("key")) {
        type.key = loader.resolve_field(type.index, *key, section.subject() + " key");
        if (type.key >= 0) {
            Field& field = type.fields[static_cast<std::size_t>(type.key)];
            if (!names_a_record(field) && !loader.damaged.contains({type.index, field.code}))
                section.wrong("key", "field \"" + field.code + "\" cannot be the key",
                              "a key is a text or integer field with unique: true and required: true, or a number");
            else if (field.kind == FieldKind::number)
                field.unique = true;
        }
    }
    const auto names = section.words("natural_key");
    if (names.size() > key_fields_max) section.wrong("natural_key", "more than 8 fields in a natural key");
    for (const Word& name : names) {
        const int index = loader.resolve_field(type.index, name, section.subject() + " natural_key");
        if (index < 0) continue;
        const Field& field = type.fields[static_cast<std::size_t>(index)];
        const bool long_value = field.kind == FieldKind::references || field.kind == FieldKind::attachment ||
                                field.kind == FieldKind::place;
        if (std::find(type.natural_key.begin(), type.natural_key.end(), index) != type.natural_key.end())
            loader.problems.add(name.where, section.subject() + " natural_key: \"" + name.text + "\" stands twice",
                                "keep one");
        else if (long_value || field.computed)
            loader.problems.add(
                name.where, section.subject() + " natural_key: field \"" + field.code + "\" cannot be part of a key",
                "a text, number, date, period, choice or reference");
        else if (!field.required)
            loader.problems.add(name.where,
                                section.subject() + " natural_key: field \"" + field.code + "\" is not required",
                                "say required: true, unset values cannot be told apart");
        type.natural_key.push_back(index);
    }
    if (const auto title = section.word("title"))
        type.title = loader.resolve_field(type.index, *title, section.subject() + " title");
    else
        type.title = type.key;
}

// Follows owners; a circle of owners is told at every member.
bool owners_end(const Loader& loader, const Type& type) {
    int at = type.owner;
    for (std::size_t steps = 0; at >= 0; ++steps) {
        if (at == type.index || steps > types_max) return false;
        at = loader.model.types[static_cast<std::size_t>(at)].owner;
    }
    return true;
}
}  // namespace

void read_types(Loader& loader) {
    for (const Type& type : loader.model.types) {
        const Declaration& declared = loader.types[static_cast<std::size_t>(type.index)];
        loader.type_sections.emplace_back(
            loader.problems, declared.file->source->path, *declared.key, *declared.body, "type " + type.code,
            std::vector<std::string_view>{"label", "owned_by", "key", "natural_key", "title", "responsible", "fields",
                                          "states", "rules", "watermark", "deadlines", "carries", "quick"});
    }
    for (Type& type : loader.model.types) {
        const Section& section = loader.section_of(type);
        type.label = section.label();
        type.watermark = section.flag("watermark");
        read_owner(loader, type, section);
        read_fields(loader, type, section);
        read_states(loader, type, section);
        read_keys(loader, type, section);
    }
    for (Type& type : loader.model.types) {
        if (type.owner < 0) continue;
        type.fields.front().label = loader.type(type.owner).label;
        if (!owners_end(loader, type)) {
            loader.section_of(type).wrong("owned_by", "the owners of this type run in a circle",
                                          "one of them owns without being owned");
        }
    }
}

void read_responsible(Loader& loader) {
    const int post = loader.model.identity.post;
    for (Type& type : loader.model.types) {
        const Section& section = loader.section_of(type);
        const auto word = section.word("responsible");
        if (!word) {
            if (type.owner < 0 && type.index != post)
                section.missing("responsible",
                                "the path to the responsible post, e.g. responsible: project.officer, or none");
            continue;
        }
        if (word->text == "none") {
            type.responsible_none = true;
            continue;
        }
        type.responsible = resolve_path(loader, type.index, *word, section.subject() + " responsible");
        if (type.responsible.empty()) continue;
        const Field& last = last_field(loader, type.index, type.responsible);
        if (post < 0)
            section.wrong("responsible", "no identity says which type is the post",
                          "identity: {person: person, post: post}");
        else if (last.kind != FieldKind::reference || last.target != post)
            section.wrong("responsible",
                          "the path \"" + word->text + "\" does not end in a reference to " + loader.type(post).code,
                          "its last field has `to: " + loader.type(post).code + "`");
    }
    // Owned types without a path of their own: the owner's, through the owner field. Owners of owners first.
    for (Type& type : loader.model.types) {
        std::vector<int> path;
        const Type* at = &type;
        for (std::size_t steps = 0;
             steps <= types_max && at->owner >= 0 && at->responsible.empty() && !at->responsible_none; ++steps) {
            path.push_back(at->owner_field);
            at = &loader.type(at->owner);
        }
        if (at == &type) continue;
        if (at->responsible_none) {
            type.responsible_none = true;
        } else if (!at->responsible.empty() || at->index == post) {
            path.insert(path.end(), at->responsible.begin(), at->responsible.end());
            type.responsible = path;
        }
    }
}

}  // namespace yipan::model
