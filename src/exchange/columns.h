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
    bool entered = true;  // false: compared or ignored, see csv_import.h
};

/// The columns that the headings mean, or every mistake at once: unknown (with the nearest) or twice.
/// `where` begins the place: "file.csv:1".
Checked<std::vector<Column>> read_headings(const model::Type& type, std::span<const std::string_view> headings,
                                           const std::string& where);

}  // namespace yipan::exchange
