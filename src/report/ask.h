#pragma once
// A question about a figure as people write it -> figure::Ask. Used by the command line, scenarios and reports: one
// reading everywhere. Whatever is unknown is named with the nearest known.
#include <string>
#include <utility>
#include <vector>

#include "board/board.h"
#include "exchange/names.h"

namespace yipan::report {

struct AskText {
    std::string figure;
    std::string unit;       // a record's name; empty: all units
    std::string unit_type;  // empty: the figure's own, then the other nodes of its forest
    std::string period;     // empty: only for figures without one
    std::string tree;       // date
    std::string forest;
    std::string definition;                               // then (default) or now: which definition as_known asks by
    std::string as_known;                                 // journal position
    std::vector<std::pair<std::string, std::string>> by;  // dimension (whole path or its last word), value
};

Checked<figure::Ask> read_ask(board::Snapshot& snapshot, exchange::Names& names, const AskText& text);

/// The figure, or not_found with the nearest.
Result<int> find_figure(const model::Model& model, std::string_view code);
Result<int> find_type(const model::Model& model, std::string_view code);
/// A record of the type, or not_found with the nearest name (looked for among the first 5,000).
Result<RecordId> find_record(board::Snapshot& snapshot, exchange::Names& names, int type, std::string_view name);
/// The type of the units of a figure; of a derived one that of its first part. -1: none.
int unit_type_of(const model::Model& model, int figure);
/// Types of the units a figure may be asked for: its own first, then the other nodes of the forest (-1: its own forest).
std::vector<int> unit_types(const model::Model& model, int figure, int forest = -1);
/// Units of the type that stand above others and below none, in the forests between units of this type.
Result<std::vector<RecordId>> roots_of(board::Snapshot& snapshot, int unit_type);
/// Units of the type directly below one on a day, in the order of their keys.
Result<std::vector<RecordId>> units_below(board::Snapshot& snapshot, exchange::Names& names, int unit_type, RecordId unit, Date day);
/// Whether values of the figure belong to periods.
bool has_period(const model::Model& model, int figure);
/// A window of a period (docs/model.md): "period", "ytd", "year", "year_ago", "ytd_year_ago", "previous".
Result<Period> window_of(const Period& period, std::string_view window);
/// The half-year that had ended on the day before.
Period last_half(Date today);
/// "万元"-like unit of measure of a figure: its own, or yuan for money.
std::string measure_text(const model::Measure& measure);
/// Names of dimensions in the order of the figure.
std::string dimension_text(const model::Model& model, const model::Figure& figure, std::size_t dimension,
                           std::int64_t value, exchange::Names& names, model::Language language);

}  // namespace yipan::report
