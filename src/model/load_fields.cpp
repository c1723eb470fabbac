// One field of a type: its kind, and which keywords go with that kind.
#include <algorithm>
#include <map>

#include "base/nearest.h"
#include "model/loader.h"
#include "model/names.h"
#include "model/scalar.h"

namespace yipan::model {
namespace {
constexpr int max_chars_limit = 100'000;
constexpr int scale_max = 9;
constexpr std::size_t pattern_bytes_max = 100;
constexpr std::size_t help_bytes_max = 500;

const std::vector<std::pair<std::string_view, FieldKind>> kinds = {{"text", FieldKind::text},
                                                                   {"integer", FieldKind::integer},
                                                                   {"decimal", FieldKind::decimal},
                                                                   {"money", FieldKind::money},
                                                                   {"date", FieldKind::date},
                                                                   {"period", FieldKind::period},
                                                                   {"boolean", FieldKind::boolean},
                                                                   {"instant", FieldKind::instant},
                                                                   {"choice", FieldKind::choice},
                                                                   {"reference", FieldKind::reference},
                                                                   {"references", FieldKind::references},
                                                                   {"attachment", FieldKind::attachment},
                                                                   {"place", FieldKind::place},
                                                                   {"number", FieldKind::number}};

std::string_view kind_word(FieldKind kind) {
    for (const auto& [word, of] : kinds)
        if (of == kind) return word;
    return "text";
}

// Which kinds a keyword belongs to; keywords not named here belong to all.
const std::map<std::string_view, std::vector<FieldKind>> keyword_kinds = {
    {"max_chars", {FieldKind::text}},
    {"min", {FieldKind::integer, FieldKind::decimal, FieldKind::money, FieldKind::date}},
    {"max", {FieldKind::integer, FieldKind::decimal, FieldKind::money, FieldKind::date}},
    {"scale", {FieldKind::decimal}},
    {"unit", {FieldKind::integer, FieldKind::decimal}},
    {"currency", {FieldKind::money}},
    {"of", {FieldKind::choice}},
    {"to", {FieldKind::reference, FieldKind::references}},
    {"on_delete", {FieldKind::reference, FieldKind::references}},
    {"shape", {FieldKind::place}},
    {"grains", {FieldKind::period}},
    {"pattern", {FieldKind::number}},
    {"per", {FieldKind::number}},
    {"value", {}},
    {"as", {}}};

void refuse_strangers(const Section& section, FieldKind kind, bool computed) {
    for (const auto& [keyword, of] : keyword_kinds) {
        if (!section.has(keyword)) continue;
        if (computed && (keyword == "value" || keyword == "as")) continue;
        if (!computed && std::find(of.begin(), of.end(), kind) != of.end()) continue;
        std::vector<std::string_view> fitting;
        for (const FieldKind k : of) fitting.push_back(kind_word(k));
        std::string hint = of.empty() ? "only for computed" : "only for " + joined(fitting);
        if (computed && !of.empty()) hint = "say it in `as`";
        section.problems().add(section.key_place(keyword),
                               section.subject() + ": \"" + std::string(keyword) + "\" does not go with type " +
                                   (computed ? "computed" : std::string(kind_word(kind))),
                               hint);
    }
}

void read_choices(const Section& section, Field& field) {
    section.missing("of", "of: {code: [简体, 繁體, English]}");
    const yaml::Node* of = section.find("of");
    if (!of) return;
    if (!of->is_map() || of->keys.empty()) {
        section.wrong("of", "\"of\" is not a map of choices", "of: {code: [简体, 繁體, English]}");
        return;
    }
    if (of->keys.size() > choices_max)
        section.problems().add(section.place(*of), section.subject() + ": more than 500 choices",
                               "use a reference to a type", Code::limit_exceeded);
    std::map<std::string, std::string> seen;  // label -> code: input takes labels, so they must tell choices apart
    for (std::size_t i = 0; i < std::min(of->keys.size(), choices_max); ++i) {
        const yaml::Node& key = of->keys[i];
        if (const auto bad = judge_name(key.text, NameUse::code))
            section.problems().add(section.place(key), section.subject() + ": choice " + bad->message, bad->hint);
        Choice choice{key.text, section.label_of(of->items[i], key.text)};
        for (const std::string& text : {choice.label.hans, choice.label.hant, choice.label.en}) {
            const auto [first, fresh] = seen.emplace(text, choice.code);
            if (!fresh && first->second != choice.code && !text.empty())
                section.problems().add(section.place(of->items[i]),
                                       section.subject() + ": \"" + text + "\" is the label of two choices, " +
                                           first->second + " and " + choice.code,
                                       "people enter labels: make them differ");
        }
        field.choices.push_back(std::move(choice));
    }
}

void read_bounds(const Section& section, Field& field) {
    const auto bound = [&](std::string_view keyword) -> std::optional<std::int64_t> {
        const auto text = section.word(keyword);
        if (!text) return std::nullopt;
        const auto value = parse_scalar(field, text->text);
        if (value && std::holds_alternative<std::int64_t>(*value)) return std::get<std::int64_t>(*value);
        section.wrong(keyword, "\"" + std::string(keyword) + "\": " + (value ? "is empty" : value.error().message),
                      value ? "" : value.error().hint);
        return std::nullopt;
    };
    field.min = bound("min");
    field.max = bound("max");
    if (field.min && field.max && *field.min > *field.max) section.wrong("min", "min is greater than max");
}

void read_grains(const Section& section, Field& field) {
    constexpr std::pair<std::string_view, PeriodKind> known[] = {{"month", PeriodKind::month},
                                                                 {"quarter", PeriodKind::quarter},
                                                                 {"half", PeriodKind::half},
                                                                 {"year", PeriodKind::year},
                                                                 {"year_to_date", PeriodKind::year_to_date}};
    std::vector<std::string_view> names;
    for (const auto& [name, kind] : known) names.push_back(name);
    for (const Word& word : section.words("grains")) {
        const auto at = std::find(names.begin(), names.end(), word.text);
        if (at == names.end()) {
            section.problems().add(word.where,
                                   section.subject() + ": \"" + word.text.substr(0, 80) + "\" is not a kind of period",
                                   did_you_mean(word.text, names, "one of " + joined(names)));
            continue;
        }
        const PeriodKind kind = known[at - names.begin()].second;
        if (std::find(field.grains.begin(), field.grains.end(), kind) != field.grains.end())
            section.problems().add(word.where, section.subject() + ": \"" + word.text + "\" stands twice", "keep one");
        else
            field.grains.push_back(kind);
    }
}

// {year}, {seq} or {seq:4}, and literal text; {seq} exactly once.
void read_pattern(const Section& section, Field& field) {
    section.missing("pattern", "e.g. pattern: \"〔{year}〕{seq}号\"");
    const auto text = section.word("pattern");
    if (!text) return;
    field.pattern = text->text;
    constexpr std::string_view hint = "text with {year} and {seq} or {seq:4}";
    int sequences = 0;
    if (text->text.size() > pattern_bytes_max)
        section.wrong("pattern", "the pattern is longer than 100 bytes", std::string(hint));
    for (std::size_t at = 0; at < text->text.size(); ++at) {
        if (text->text[at] == '}') section.wrong("pattern", "a } without {", std::string(hint));
        if (text->text[at] != '{') continue;
        const std::size_t end = text->text.find('}', at);
        const std::string word = end == std::string::npos ? "" : text->text.substr(at + 1, end - at - 1);
        const bool wide = word.size() == 5 && word.substr(0, 4) == "seq:" && word[4] >= '1' && word[4] <= '9';
        if (word == "seq" || wide)
            ++sequences;
        else if (word != "year")
            section.wrong("pattern", "the pattern knows no {" + word + "}", std::string(hint));
        if (end == std::string::npos) break;
        at = end;
    }
    if (sequences != 1) section.wrong("pattern", "{seq} must stand in the pattern exactly once", std::string(hint));
}

void read_reference(Loader& loader, const Section& section, Field& field) {
    section.missing("to", "to: <type>");
    if (const auto to = section.word("to")) field.target = loader.resolve_type(*to, section.subject());
    if (const auto what = section.one_of("on_delete", {"refuse", "clear", "go_along"}))
        field.on_delete = static_cast<OnDelete>(*what);
    if (field.required && field.on_delete == OnDelete::clear && field.kind == FieldKind::reference)
        section.wrong("on_delete", "a required reference cannot be cleared",
                      "on_delete: refuse or go_along, or leave out required");
}

void read_preset(const Section& section, Field& field) {
    const auto text = section.word("default");
    if (!text) return;
    if (field.computed || field.kind == FieldKind::number || field.kind == FieldKind::attachment) {
        section.wrong("default", "a field of this type takes no default", "its value is given, not entered");
        return;
    }
    field.preset = text->text;
    if (field.kind == FieldKind::reference || field.kind == FieldKind::references)
        return;  // a key: known only to the board
    const auto value = parse_scalar(field, text->text);
    if (!value)
        section.wrong("default", "\"default\": " + value.error().message, value.error().hint);
    else if (std::holds_alternative<std::monostate>(*value))
        section.wrong("default", "\"default\" is empty", "leave it out");
    else if (const auto* stored = std::get_if<std::int64_t>(&*value);
             stored && ((field.min && *stored < *field.min) || (field.max && *stored > *field.max)))
        section.wrong("default", "\"default\" lies outside of min and max");
}

void read_kind_keywords(Loader& loader, const Section& section, Field& field) {
    switch (field.kind) {
        case FieldKind::text:
            if (const auto limit = section.whole("max_chars", 1, max_chars_limit))
                field.max_chars = static_cast<int>(*limit);
            break;
        case FieldKind::decimal:
            if (const auto scale = section.whole("scale", 0, scale_max)) field.scale = static_cast<int>(*scale);
            section.missing("scale", "scale: 2 (decimal places, 0 to 9)");
            break;
        case FieldKind::money:
            field.scale = 2;
            if (const auto text = section.word("currency")) {
                const auto currency = Currency::parse(text->text);
                if (currency)
                    field.currency = *currency;
                else
                    section.wrong("currency", "\"" + text->text.substr(0, 20) + "\" is not a currency",
                                  "three capitals, e.g. CNY");
            }
            break;
        case FieldKind::choice: read_choices(section, field); break;
        case FieldKind::reference:
        case FieldKind::references: read_reference(loader, section, field); break;
        case FieldKind::place:
            if (const auto shape = section.one_of("shape", {"point", "polygon"}))
                field.shape = static_cast<Shape>(*shape);
            break;
        case FieldKind::period: read_grains(section, field); break;
        case FieldKind::number: read_pattern(section, field); break;
        default: break;
    }
    if (field.kind == FieldKind::integer || field.kind == FieldKind::decimal)
        if (const auto unit = section.word("unit")) field.unit = unit->text;
    if (keyword_kinds.at("min").end() !=
        std::find(keyword_kinds.at("min").begin(), keyword_kinds.at("min").end(), field.kind))
        read_bounds(section, field);
}

// `as: {type: decimal, scale: 2}`: the stored kind of a computed field. The expression is compiled later
// (read_computed).
bool read_as(Loader& loader, const Section& section, Field& field) {
    section.missing("value", "value: \"<CEL over the record's own fields>\"");
    section.missing("as", "as: {type: decimal, scale: 2}");
    const yaml::Node* as = section.find("as");
    if (!as) return false;
    const Section inner(loader.problems, section.file(), *as, *as, section.subject() + " as",
                        {"type", "scale", "unit", "currency", "max_chars"});
    inner.missing("type", "as: {type: integer}");
    const std::vector<std::string_view> allowed = {"text", "integer", "decimal", "money", "date", "period", "boolean"};
    const auto kind = inner.one_of("type", allowed);
    if (!kind) return false;
    field.kind = kinds[*kind].second;
    refuse_strangers(inner, field.kind, false);
    read_kind_keywords(loader, inner, field);
    if (const auto text = section.word("value")) {
        field.computed.emplace(Expression{text->text, text->where, cel::Program(nullptr)});
        return true;
    }
    return false;
}
}  // namespace

bool read_field(Loader& loader, Type& type, const Section& section) {
    Field& field = type.fields.back();
    field.label = section.label();
    field.required = section.flag("required");
    field.unique = section.flag("unique");
    field.index = section.flag("index");
    if (const auto help = section.word("help")) {
        field.help = help->text;
        if (help->text.size() > help_bytes_max)
            section.wrong("help", "\"help\" is longer than 500 bytes", "one sentence");
    }
    section.missing("type", "type: text");
    const auto word = section.word("type");
    if (!word) return false;
    const bool computed = word->text == "computed";
    const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const auto& k) { return k.first == word->text; });
    if (!computed && kind == kinds.end()) {
        std::vector<std::string_view> known = {"computed"};
        for (const auto& [name, of] : kinds) known.push_back(name);
        section.wrong("type", "there is no field type \"" + word->text.substr(0, 80) + "\"",
                      did_you_mean(word->text, known, "one of " + joined(known)));
        return false;
    }
    if (!computed) field.kind = kind->second;
    if (field.kind == FieldKind::attachment) field.group = FieldGroup::attachment;
    if (section.flag("personal")) {
        if (field.kind == FieldKind::attachment)
            section.wrong("personal", "attachments have their own group", "leave out personal");
        else
            field.group = FieldGroup::personal;
    }
    refuse_strangers(section, field.kind, computed);
    bool known = true;
    if (computed) {
        known = read_as(loader, section, field);
        if (field.required) section.wrong("required", "a computed field is not entered", "leave out required");
    } else {
        read_kind_keywords(loader, section, field);
    }
    const bool long_value =
        field.kind == FieldKind::references || field.kind == FieldKind::attachment || field.kind == FieldKind::place;
    if (field.unique && long_value)
        section.wrong("unique", "a field of type " + std::string(kind_word(field.kind)) + " cannot be unique");
    if (field.index && long_value)
        section.wrong("index", "a field of type " + std::string(kind_word(field.kind)) + " cannot be indexed");
    read_preset(section, field);
    return known;
}

}  // namespace yipan::model
