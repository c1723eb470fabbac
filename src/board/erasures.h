#pragma once
// Where the journal says that something was erased, for whoever has to forget it elsewhere.
#include "board/board.h"

namespace yipan::board {

/// Positions of erasures among the entries from..to, ascending; by an index, not by reading the journal.
Result<std::vector<Position>> erasures(const std::string& path, Position from, Position to);

}  // namespace yipan::board
