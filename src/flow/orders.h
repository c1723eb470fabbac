#pragma once
// Orders that are not acts on a work item: a post delegated for some days, a filter issued as a list, a notice answered.
#include "flow/acts.h"

namespace yipan::flow {

constexpr std::int64_t list_lines_max = 500;
constexpr int delegation_days_max = 366;

struct Delegating {
    RecordId from, to;  // from: the acting post; another only by the system
    Date begins, until;
    std::string reason;
};
Checked<board::Receipt> delegate(board::Board& board, const Acting& who, const Delegating& what);
Checked<board::Receipt> end_delegation(board::Board& board, const Acting& who, RecordId delegation);

/// The records are chosen by the caller, who knows what the asking person sees.
struct Listing {
    std::string title, filter, done_when;
    int type = -1;
    RecordId owner;  // of every line; 0: each record's responsible post
    std::optional<Date> due;
    std::vector<record::RecordPtr> records;
};
Checked<board::Receipt> issue_list(board::Board& board, const Acting& who, const Listing& what);
struct Tracked {
    std::int64_t done = 0, open = 0;
    std::optional<board::Receipt> receipt;  // none: nothing changed
};
/// Marks the lines whose record fulfils what the list says, and closes the list when none is open.
Checked<Tracked> track_list(board::Board& board, const Acting& who, RecordId list);

/// The answer in writing to a coloured notice, by the post it went to or who stands in for it; once.
Checked<board::Receipt> answer_notice(Acts& acts, const Acting& who, RecordId notice, const std::string& words);

}  // namespace yipan::flow
