#pragma once
// Columns of a table of records: which fields a person may enter, and which field a heading means (its code or any of
// its labels).
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/model.h"

namespace yipan::exchange {

/// What a person may enter: everything but computed values, document numbers and the state, which have their own ways.
bool entered(const model::Field& field);

constexpr std::size_t headings_max = 1000;  // columns of a file; no type has nearly as many fields

struct Column {
    int field = -1;
    std::string heading;
    bool entered = true;   // false: compared or ignored, see csv_import.h
    int power = 0;         // what stands in it is multiplied by 10 to this power: 4 where the heading says 万元
    bool percent = false;  // the field is measured in %: a cell shown as a percentage is meant as it is seen
};

/// What a heading says besides the name: "总投资（万元）*" is 总投资 in 万元, required.
struct Heading {
    std::string name, unit;
};
Heading read_heading(std::string_view text);
/// The field a heading means by its code or any of its labels; -1 when none.
int field_of_heading(const model::Type& type, std::string_view name);

enum class Unnamed : std::uint8_t { refused, allowed };  // columns without a heading: empty ones, as spreadsheets have
/// The columns that the headings mean, or every mistake at once: unknown (with the nearest), twice, or in a unit that
/// is not the field's. `where` begins the place: "file.csv:1".
Checked<std::vector<Column>> read_headings(const model::Type& type, std::span<const std::string_view> headings,
                                           const std::string& where, Unnamed unnamed = Unnamed::refused);

}  // namespace yipan::exchange
