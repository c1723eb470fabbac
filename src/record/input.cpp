#include "record/input.h"

#include <algorithm>
#include <charconv>

#include "model/scalar.h"

namespace yipan::record {
namespace {
constexpr std::size_t references_max = 1000;

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// "#12" names record 12 where the type has no key of its own.
std::optional<RecordId> by_number(const model::Type& type, std::string_view text) {
    if (type.key >= 0 || text.size() < 2 || text.front() != '#') return std::nullopt;
    std::int64_t id = 0;
    const auto read = std::from_chars(text.data() + 1, text.data() + text.size(), id);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size() || id <= 0) return std::nullopt;
    return RecordId(id);
}

Result<RecordId> find_one(const model::Model& model, const model::Field& field, std::string_view text,
                          const FindByKey& find) {
    const model::Type& type = model.types[static_cast<std::size_t>(field.target)];
    if (const auto id = by_number(type, text)) return *id;
    if (!find)
        return fail(Code::invalid_input, field.code, "\"" + std::string(text) + "\" cannot be looked up here",
                    "references are not read at this place");
    auto found = find(field.target, text);
    if (found) return *found;
    Error error = found.error();
    if (error.where.empty()) error.where = field.code;
    if (error.hint.empty())
        error.hint = type.key >= 0 ? "the " + type.fields[static_cast<std::size_t>(type.key)].code +
                                         " of a record of type " + type.code
                                   : "a record of type " + type.code + " as #number";
    return fail(std::move(error));
}

Result<Value> parse_references(const model::Model& model, const model::Field& field, std::string_view text,
                               const FindByKey& find) {
    std::vector<std::int64_t> ids;
    for (std::string_view rest = text; !rest.empty();) {
        const std::size_t end = std::min(rest.find(';'), rest.size());
        const std::string_view key = trimmed(rest.substr(0, end));
        rest = rest.substr(std::min(end + 1, rest.size()));
        if (key.empty()) continue;  // "a; b;" as people write it
        YIPAN_TRY(const RecordId id, find_one(model, field, key, find));
        ids.push_back(id.value);
        if (ids.size() > references_max)
            return fail(Code::limit_exceeded, field.code, "more than 1,000 references in one field",
                        "make a type that owns them");
    }
    if (ids.empty()) return Value{};
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    std::string out = "[";
    for (const std::int64_t id : ids) {
        if (out.size() > 1) out += ',';
        out += std::to_string(id);
    }
    return out + "]";
}

std::vector<RecordId> ids_of(std::string_view json) {
    std::vector<RecordId> out;
    for (std::size_t at = 0; at < json.size();) {
        std::int64_t id = 0;
        const auto read = std::from_chars(json.data() + at, json.data() + json.size(), id);
        if (read.ec == std::errc()) {
            out.emplace_back(id);
            at = static_cast<std::size_t>(read.ptr - json.data());
        } else {
            ++at;
        }
    }
    return out;
}

// Keys or names of one or several records, joined by `separator`.
std::string references_text(const model::Field& field, const Value& value, const NameOf& name_of,
                            std::string_view separator) {
    std::vector<RecordId> ids;
    if (const std::int64_t* one = as_integer(value)) ids.emplace_back(*one);
    if (const std::string* several = as_text(value)) ids = ids_of(*several);
    std::string out;
    for (const RecordId id : ids) {
        const std::string name = name_of ? name_of(field.target, id) : std::string();
        if (!out.empty()) out += separator;
        out += name.empty() ? "#" + std::to_string(id.value) : name;
    }
    return out;
}

bool is_reference(const model::Field& field) {
    return field.kind == model::FieldKind::reference || field.kind == model::FieldKind::references;
}

// 1234567.50 -> 1,234,567.50
std::string grouped(const std::string& digits) {
    const std::size_t start = !digits.empty() && digits.front() == '-' ? 1 : 0;
    const std::size_t point = std::min(digits.find('.'), digits.size());
    std::string out;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i > start && i < point && (point - i) % 3 == 0) out += ',';
        out += digits[i];
    }
    return out;
}

std::string_view yes_or_no(bool yes, model::Language language) {
    if (language == model::Language::en) return yes ? "yes" : "no";
    return yes ? "是" : "否";
}
}  // namespace

Result<Value> parse_value(const model::Model& model, const model::Field& field, std::string_view text,
                          const FindByKey& find) {
    if (!is_reference(field)) return model::parse_scalar(field, text);
    const std::string_view key = trimmed(text);
    if (key.empty()) return Value{};
    if (field.kind == model::FieldKind::references) return parse_references(model, field, key, find);
    YIPAN_TRY(const RecordId id, find_one(model, field, key, find));
    return Value{id.value};
}

std::string display(const model::Model&, const model::Field& field, const Value& value, model::Language language,
                    const NameOf& name_of) {
    if (is_unset(value)) return {};
    if (is_reference(field))
        return references_text(field, value, name_of, language == model::Language::en ? ", " : "、");
    const std::int64_t* stored = as_integer(value);
    const std::string* text = as_text(value);
    switch (field.kind) {
        case model::FieldKind::boolean:
            if (stored) return std::string(yes_or_no(*stored != 0, language));
            break;
        case model::FieldKind::choice:
            for (const model::Choice& choice : field.choices)
                if (text && choice.code == *text) return choice.label.in(language);
            break;
        case model::FieldKind::period:
            if (const auto period = stored ? Period::decode(*stored) : std::nullopt;
                period && language != model::Language::en)
                return period->text_zh();
            break;
        case model::FieldKind::integer:
        case model::FieldKind::decimal:
        case model::FieldKind::money: return grouped(model::scalar_text(field, value));
        case model::FieldKind::attachment:  // the name; the digest is for machines
            if (text && text->find(' ') != std::string::npos) return text->substr(text->find(' ') + 1);
            break;
        default: break;
    }
    return model::scalar_text(field, value);
}

std::string plain_text(const model::Model&, const model::Field& field, const Value& value, const NameOf& key_of) {
    if (is_unset(value)) return {};
    return is_reference(field) ? references_text(field, value, key_of, ";") : model::scalar_text(field, value);
}

}  // namespace yipan::record
