#include "record/check.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "base/check.h"
#include "base/text.h"

namespace yipan::record {
namespace {
constexpr std::size_t list_max = 10'000;

// Strict UTF-8 (no overlong forms, no surrogates) without control characters but tab and line ends (a terminal would
// obey them, a page and a CSV file cannot carry them); counts code points. -1 when broken.
std::int64_t code_points(std::string_view s) {
    std::int64_t n = 0;
    for (std::size_t i = 0; i < s.size(); ++n) {
        const auto c = static_cast<unsigned char>(s[i]);
        if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F) return -1;
        if (c < 0x80) {
            ++i;
            continue;
        }
        const int extra = c >= 0xF0 && c < 0xF5 ? 3 : c >= 0xE0 && c < 0xF0 ? 2 : c >= 0xC2 && c < 0xE0 ? 1 : -1;
        if (extra < 0 || i + static_cast<std::size_t>(extra) >= s.size()) return -1;
        unsigned code = c & (0x3F >> extra);
        for (int k = 1; k <= extra; ++k) {
            const auto d = static_cast<unsigned char>(s[i + static_cast<std::size_t>(k)]);
            if ((d & 0xC0) != 0x80) return -1;
            code = code << 6 | (d & 0x3F);
        }
        if ((extra == 2 && (code < 0x800 || (code >= 0xD800 && code < 0xE000))) ||
            (extra == 3 && (code < 0x10000 || code > 0x10FFFF)))
            return -1;
        i += static_cast<std::size_t>(extra) + 1;
    }
    return n;
}

std::string amount_text(const model::Field& field, std::int64_t units) {
    switch (field.kind) {
        case model::FieldKind::money: return Money{units, field.currency}.yuan_text();
        case model::FieldKind::decimal: return Decimal{units, static_cast<std::uint8_t>(field.scale)}.text();
        case model::FieldKind::date: return Date{static_cast<std::int32_t>(units)}.text();
        default: return std::to_string(units);
    }
}

bool position_ok(const boost::json::value& v) {
    const auto* p = v.if_array();
    if (!p || p->size() != 2) return false;
    const auto number = [](const boost::json::value& x) {
        return x.is_double() ? x.get_double() : x.is_int64() ? static_cast<double>(x.get_int64()) : 1e9;
    };
    return number((*p)[0]) >= -180 && number((*p)[0]) <= 180 && number((*p)[1]) >= -90 && number((*p)[1]) <= 90;
}

bool place_ok(const model::Field& field, const std::string& text) {
    boost::json::error_code ec;
    boost::json::parse_options options;
    options.max_depth = 8;
    const auto json = boost::json::parse(text, ec, {}, options);
    const auto* o = ec ? nullptr : json.if_object();
    if (!o || !o->contains("type") || !o->contains("coordinates")) return false;
    const auto& kind = o->at("type");
    const auto& where = o->at("coordinates");
    if (!kind.is_string()) return false;
    if (field.shape == model::Shape::point) return kind.get_string() == "Point" && position_ok(where);
    if (kind.get_string() != "Polygon" || !where.is_array() || where.get_array().empty()) return false;
    for (const auto& ring : where.get_array()) {
        const auto* points = ring.if_array();
        if (!points || points->size() < 4 || points->front() != points->back()) return false;
        if (!std::all_of(points->begin(), points->end(), position_ok)) return false;
    }
    return true;
}

struct Judge {
    const model::Field& field;
    const std::string& where;
    Errors& errors;

    void problem(std::string message, std::string hint = {}) const {
        errors.push_back({Code::invalid_input, field_place(where, field), std::move(message), std::move(hint)});
    }

    void integer(std::int64_t n) const {
        using K = model::FieldKind;
        if (!model::stored_as_integer(field.kind)) return problem("expects a text");
        if (field.min && n < *field.min)
            problem(field.code + " is " + amount_text(field, n) + ", below its least value",
                    "at least " + amount_text(field, *field.min));
        if (field.max && n > *field.max)
            problem(field.code + " is " + amount_text(field, n) + ", above its greatest value",
                    "at most " + amount_text(field, *field.max));
        if (field.kind == K::boolean && n != 0 && n != 1) problem("expects yes or no");
        if (field.kind == K::date && (n < -719162 || n > 2932896)) problem("the date lies outside the years 1 to 9999");
        if (field.kind == K::period) {
            const auto p = Period::decode(n);
            if (!p) return problem("is not a period", "2026-03, 2026Q1, 2026H1, 2026 or 2026-01..06");
            if (!field.grains.empty() &&
                std::find(field.grains.begin(), field.grains.end(), p->kind) == field.grains.end()) {
                std::string legal;
                for (const PeriodKind k : field.grains)
                    legal += (legal.empty() ? "" : ", ") + std::string(period_kind_name(k));
                problem(field.code + " is a " + std::string(period_kind_name(p->kind)), "expects: " + legal);
            }
        }
    }

    void text(const std::string& s) const {
        using K = model::FieldKind;
        if (model::stored_as_integer(field.kind)) return problem("expects a number, a date, a period or a reference");
        const std::int64_t n = code_points(s);
        if (n < 0)
            return problem("is not valid UTF-8 or holds a control character",
                           "save the text as UTF-8; only tab and line ends may stand in it");
        if (!is_nfc(s)) return problem("is not in Unicode normal form C", "normalise the text before it is sent");
        if (s.empty()) return problem("an empty text", "leave the field unset");
        switch (field.kind) {
            case K::choice:
                if (std::none_of(field.choices.begin(), field.choices.end(),
                                 [&](const model::Choice& c) { return c.code == s; })) {
                    std::string legal;
                    for (std::size_t i = 0; i < field.choices.size() && i < 20; ++i)
                        legal += (i ? ", " : "") + field.choices[i].code;
                    problem("\"" + s + "\" is not a choice of " + field.code, "one of: " + legal);
                }
                break;
            case K::references:
                if (!parse_id_list(s)) problem("is not a list of references");
                break;
            case K::attachment:
                if (!(s.size() > 71 && s.starts_with("sha256:") && s[71] == ' ' &&
                      std::all_of(s.begin() + 7, s.begin() + 71,
                                  [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); })))
                    problem("is not an attachment", "sha256:<64 hex digits> <file name>");
                break;
            case K::place:
                if (s.size() > 65'536 || !place_ok(field, s))
                    problem("is not a GeoJSON " +
                                std::string(field.shape == model::Shape::point ? "Point" : "Polygon") + " in degrees",
                            "at most 64 KiB; rings closed");
                break;
            default:
                if (n > field.max_chars)
                    problem(field.code + " has " + std::to_string(n) + " characters",
                            "at most " + std::to_string(field.max_chars));
        }
    }
};
}  // namespace

std::string field_place(const std::string& where, const model::Field& field) {
    return where.empty() ? field.code : where + ":" + field.code;
}

void check_values(const model::Model& model, const Record& record, const std::string& where, Errors& errors) {
    const model::Type& type = model.types[static_cast<std::size_t>(record.type)];
    YIPAN_CHECK(record.values.size() == type.fields.size());
    for (std::size_t i = 0; i < type.fields.size(); ++i) {
        const model::Field& field = type.fields[i];
        const Judge judge{field, where, errors};
        const Value& value = record.values[i];
        if (is_unset(value)) {
            if (field.required && field.kind != model::FieldKind::number)
                judge.problem(field.code + " is required",
                              field.label.hans.empty() ? "" : "fill in " + field.label.hans);
        } else if (const auto* n = as_integer(value)) {
            judge.integer(*n);
        } else {
            judge.text(*as_text(value));
        }
    }
}

std::optional<std::vector<std::int64_t>> parse_id_list(std::string_view text) {
    std::vector<std::int64_t> ids;
    if (text.size() < 2 || text.front() != '[' || text.back() != ']') return {};
    const char* p = text.data() + 1;
    const char* end = text.data() + text.size() - 1;
    while (p != end) {
        std::int64_t id = 0;
        const auto [next, ec] = std::from_chars(p, end, id);
        if (ec != std::errc{} || id < 1 || (!ids.empty() && id <= ids.back()) || ids.size() >= list_max) return {};
        ids.push_back(id);
        p = next;
        if (p != end && (*p++ != ',' || p == end)) return {};
    }
    return ids;
}

std::string id_list_text(std::vector<std::int64_t> ids) {
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    std::string out = "[";
    for (std::size_t i = 0; i < ids.size(); ++i) out += (i ? "," : "") + std::to_string(ids[i]);
    return out + "]";
}

}  // namespace yipan::record
