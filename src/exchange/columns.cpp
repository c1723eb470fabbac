#include "exchange/columns.h"

#include <algorithm>

#include "base/nearest.h"

namespace yipan::exchange {
namespace {

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

int field_of_heading(const model::Type& type, std::string_view heading) {
    if (const int by_code = type.find(heading); by_code >= 0) return by_code;
    for (std::size_t i = 0; i < type.fields.size(); ++i) {
        const model::Label& label = type.fields[i].label;
        if (heading == label.hans || heading == label.hant || heading == label.en) return static_cast<int>(i);
    }
    return -1;
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

bool entered(const model::Field& field) {
    return !field.computed && field.kind != model::FieldKind::number &&
           !(field.system && field.kind != model::FieldKind::reference);
}

Checked<std::vector<Column>> read_headings(const model::Type& type, std::span<const std::string_view> headings,
                                           const std::string& where) {
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
        const int field = field_of_heading(type, heading);
        if (heading.empty()) {
            errors.push_back({Code::invalid_input, place, "the column has no heading",
                              "a field's code or label; remove an empty column"});
        } else if (field < 0) {
            errors.push_back({Code::invalid_input, place,
                              "unknown heading \"" + std::string(heading.substr(0, 80)) + "\"",
                              hint_for(type, heading)});
        } else if (std::any_of(columns.begin(), columns.end(), [&](const Column& c) { return c.field == field; })) {
            errors.push_back(
                {Code::invalid_input, place,
                 "the field " + type.fields[static_cast<std::size_t>(field)].code + " stands in two columns",
                 "leave one of them out"});
        }
        columns.push_back({field, std::string(heading.substr(0, 80)),
                           field >= 0 && entered(type.fields[static_cast<std::size_t>(field)])});
        if (errors.size() >= 100) break;
    }
    if (!errors.empty()) return fail(std::move(errors));
    return columns;
}

}  // namespace yipan::exchange
