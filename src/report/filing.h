#pragma once
// A report issued as a document and kept: its record (of the type the template names by `filed_as`) holds number, day, unit, period, the
// position of the journal and its root; its paper is the page as it was, each number with its source. Later changes of the board change
// nothing in it. Two entries: the record, which is given its number, and the paper that bears it; where the paper
// cannot be kept, a third that voids the record and says why.
#include "report/report.h"

namespace yipan::report {

struct FilingAsk {
    std::string report, unit, code;  // code of the record; empty: "REPORT-UNIT-PERIOD"
    Period period;
    RecordId actor, post;            // who issues it; the post answers for the record
    std::string channel;
    Eyes eyes;
};
struct Filed {
    int type = -1;
    RecordId record;
    std::string code, number, hash;
    Document document;
};

/// The fields a type of `filed_as` has: code, title, report, root (text), unit (reference), period, day, at_position (integer), officer
/// (reference to the post), paper (attachment) and, if it likes, number.
Checked<Filed> file_report(board::Board& board, const FilingAsk& ask);

}  // namespace yipan::report
