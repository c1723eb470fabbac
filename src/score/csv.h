#pragma once
// A table from CSV (RFC 4180, UTF-8, BOM allowed): first column the unit; optional columns name, group, class; the
// others by indicator code, alias or label, or by a column a formula refers to. Unknown columns are ignored and listed.
// An empty cell or NA is missing. Every bad cell is reported with row, column, value and reason. At most 16 MiB and
// 100,000 units.
#include <string_view>

#include "score/scheme.h"
#include "score/table.h"

namespace yipan::score {

constexpr std::size_t csv_bytes_max = 16u << 20;
constexpr std::size_t csv_units_max = 100'000;

Checked<Table> table_from_csv(std::string_view text, const Scheme& scheme, std::string_view file = "table.csv");

/// Events from CSV with a header: unit and item, and any of points, count, date, reason, basis, decider, evidence.
/// Unknown columns are refused: an event says what counts for or against somebody.
Checked<std::vector<Event>> events_from_csv(std::string_view text, std::string_view file = "events.csv");

}  // namespace yipan::score
