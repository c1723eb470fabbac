#pragma once
// An assessment from living figures: every indicator of a scheme that names a figure is asked for every assessed unit,
// all at one journal position (I5), and the table is scored. Money is handed over in the indicator's unit (元, 万元,
// 亿元 and the same of other currencies).
#include <map>

#include "report/ask.h"
#include "score/score.h"

namespace yipan::report {

struct Assessment {
    score::Scheme scheme;
    score::Table table;
    score::Outcome outcome;
    Period period;
    Position position;
    int unit_type = -1;
    std::map<std::string, RecordId> units;    // by code
    std::map<std::string, figure::Ask> asks;  // by indicator code; unit left open
    std::vector<std::string> without_values;  // units that reported nothing and are not ranked
    std::vector<std::string> notes;           // what the scheme asks for that the board does not give
};

/// `scheme` is the code of a scheme of the board. Unknown: not_found with the nearest.
Checked<Assessment> assess(board::Snapshot& snapshot, exchange::Names& names, const std::string& scheme,
                           const Period& period, const std::string& variant = {});

/// Whether a scheme compares the zone with others: its units are of a type that says which of them is ours. One over
/// the zone's own units does not.
bool compares_us(const model::Model& model, const score::Scheme& scheme);

/// Code of the assessed unit that says it is ours (a field `ours` that is true); empty when none does.
std::string own_unit(board::Snapshot& snapshot, const Assessment& assessment);

}  // namespace yipan::report
