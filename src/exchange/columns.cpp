#include "exchange/columns.h"

#include <algorithm>

#include "base/nearest.h"

namespace yipan::exchange {
namespace {

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks[] = {" ", "\t", "\r", "\n", "\xC2\xA0", "\xE3\x80\x80"};
    for (bool again = true; again;) {
        again = false;
        for (const std::string_view blank : blanks) {
            if (text.starts_with(blank)) text.remove_prefix(blank.size()), again = true;
            if (text.ends_with(blank)) text.remove_suffix(blank.size()), again = true;
        }
    }
    return text;
}

// The last "(...)" or "（...）" at the end of a heading; empty when there is none.
std::string_view bracketed(std::string_view& text) {
    constexpr std::pair<std::string_view, std::string_view> pairs[] = {{"(", ")"}, {"（", "）"}};
    for (const auto& [open, close] : pairs) {
        if (!text.ends_with(close)) continue;
        const std::size_t at = text.rfind(open);
        if (at == std::string_view::npos || at == 0) continue;
        const std::string_view inside = text.substr(at + open.size(), text.size() - close.size() - at - open.size());
        text = trimmed(text.substr(0, at));
        return trimmed(inside);
    }
    return {};
}

// What the unit in a heading does to the cells below; false: it is not the field's.
bool take_unit(const model::Field& field, const std::string& unit, Column& column) {
    if (unit.empty() || unit == field.unit) return true;
    if (field.kind != model::FieldKind::money) return false;
    const std::string currency(field.currency.text());
    constexpr std::pair<std::string_view, int> powers[] = {{"", 0}, {"万", 4}, {"萬", 4}, {"亿", 8}, {"億", 8}};
    for (const auto& [prefix, power] : powers) {
        if (!unit.starts_with(prefix)) continue;
        const std::string rest = unit.substr(prefix.size());
        if (rest != currency && !(currency == "CNY" && (rest == "元" || rest == "yuan")) &&
            !(currency == "USD" && rest == "美元"))
            continue;
        column.power = power;
        return true;
    }
    return false;
}

std::string hint_for(const model::Type& type, std::string_view heading) {
    std::vector<std::string_view> known;
    std::string all;
    for (const model::Field& field : type.fields) {
        if (!entered(field)) continue;
        known.push_back(field.code);
        known.push_back(field.label.hans);
        known.push_back(field.label.hant);
        known.push_back(field.label.en);
        all += (all.empty() ? "" : ", ") + field.code;
    }
    return did_you_mean(heading, known, type.code + " has " + all);
}

}  // namespace

int field_of_heading(const model::Type& type, std::string_view heading) {
    if (const int by_code = type.find(heading); by_code >= 0) return by_code;
    for (std::size_t i = 0; i < type.fields.size(); ++i) {
        const model::Label& label = type.fields[i].label;
        if (heading == label.hans || heading == label.hant || heading == label.en) return static_cast<int>(i);
    }
    return -1;
}

Heading read_heading(std::string_view text) {
    text = trimmed(text);
    for (bool again = true; again;) {
        again = false;
        for (const std::string_view star : {"*", "＊"}) {
            if (text.ends_with(star)) text = trimmed(text.substr(0, text.size() - star.size())), again = true;
            if (text.starts_with(star)) text = trimmed(text.substr(star.size())), again = true;
        }
    }
    Heading heading;
    std::string_view name = text;
    std::string_view unit = bracketed(name);
    if (unit == "必填" || unit == "required") unit = bracketed(name);
    heading.unit = unit;
    // A line break in a heading is a matter of width.
    for (const char c : name)
        if (c != '\n' && c != '\r') heading.name += c;
    return heading;
}

bool entered(const model::Field& field) {
    return !field.computed && field.kind != model::FieldKind::number &&
           !(field.system && field.kind != model::FieldKind::reference);
}

Checked<std::vector<Column>> read_headings(const model::Type& type, std::span<const std::string_view> headings,
                                           const std::string& where, Unnamed unnamed) {
    Errors errors;
    std::vector<Column> columns;
    if (headings.size() > headings_max) {
        return fail(Errors{{Code::limit_exceeded, where,
                            "the file has " + std::to_string(headings.size()) + " columns, at most " +
                                std::to_string(headings_max) + " are read",
                            type.code + " has " + std::to_string(type.fields.size()) +
                                " fields; yipan export --template writes their headings"}});
    }
    for (std::size_t i = 0; i < headings.size(); ++i) {
        const std::string_view heading = trimmed(headings[i]);
        const std::string place = where + ":" + std::to_string(i + 1);
        Column column;
        column.heading = heading.substr(0, 80);
        // A label may itself hold brackets; only what is unknown as it stands is taken apart.
        Heading parts{std::string(heading), {}};
        if (column.field = field_of_heading(type, heading); column.field < 0) {
            parts = read_heading(heading);
            column.field = field_of_heading(type, parts.name);
        }
        if (heading.empty() && unnamed == Unnamed::allowed) {
            column.entered = false;
            columns.push_back(std::move(column));
            continue;
        }
        const model::Field* const field =
            column.field >= 0 ? &type.fields[static_cast<std::size_t>(column.field)] : nullptr;
        if (heading.empty()) {
            errors.push_back({Code::invalid_input, place, "the column has no heading",
                              "a field's code or label; remove an empty column"});
        } else if (!field) {
            errors.push_back(
                {Code::invalid_input, place, "unknown heading \"" + column.heading + "\"", hint_for(type, parts.name)});
        } else if (std::any_of(columns.begin(), columns.end(),
                               [&](const Column& c) { return c.field == column.field; })) {
            errors.push_back({Code::invalid_input, place, "the field " + field->code + " stands in two columns",
                              "leave one of them out"});
        } else if (!take_unit(*field, parts.unit, column)) {
            errors.push_back({Code::invalid_input, place,
                              field->code + " is not measured in \"" + parts.unit.substr(0, 40) + "\"",
                              field->kind == model::FieldKind::money
                                  ? std::string(field->currency.text()) + ", or 万元 or 亿元 of it"
                              : field->unit.empty() ? "it has no unit"
                                                    : "its unit is " + field->unit});
        }
        if (field) column.entered = entered(*field), column.percent = field->unit == "%";
        columns.push_back(std::move(column));
        if (errors.size() >= 100) break;
    }
    if (!errors.empty()) return fail(std::move(errors));
    return columns;
}

}  // namespace yipan::exchange
