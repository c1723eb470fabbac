#pragma once
// A figure's proof: its value, what it is made of and the entries behind it, as one file for strangers
// (journal/proof.h).
#include "board/board.h"
#include "exchange/names.h"

namespace yipan::report {

/// Refused when more than journal::proof_entries_max records stand behind it. `open` as in Snapshot::proven.
Checked<journal::ProofFile> prove_figure(board::Snapshot& snapshot, exchange::Names& names, const figure::Ask& ask,
                                         std::uint8_t open);

/// Entries that made a record's versions, oldest first; by their headers alone, so that archived bodies are not asked for.
Result<std::vector<Position>> version_positions(board::Snapshot& snapshot, int type, RecordId id);

}  // namespace yipan::report
