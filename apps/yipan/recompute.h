#pragma once
// Every cell of the living figures against the oracle's recount from the records at the same position (I2).
#include "board/board.h"

namespace yipan::app {

struct Recomputed {
    std::int64_t cells = 0;  // compared
    std::int64_t differences = 0;
    std::string first;  // the first difference in key order, in words
};
Result<Recomputed> recompute_cells(board::Snapshot& snapshot, const board::Progress& progress = {});

}  // namespace yipan::app
