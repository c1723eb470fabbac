#pragma once
// A whole board carried into the other store, or from one place of a store to another: every row of the engine's tables
// and of the record types, so that keys, accounts, receipts and figures come along and the dump is the same to the byte.
#include <string>

#include "board/board.h"

namespace yipan::board {

struct CopiedBoard {
    std::int64_t entries = 0, records = 0, attachments = 0;
    Digest root{};  // of the new board's journal, computed from its own leaves
};
/// `to` must not exist. The journal's root is computed anew over there and compared; when it differs, or anything else
/// fails, nothing of the new board remains. Whoever writes to `from` meanwhile does not disturb: one position is copied.
Result<CopiedBoard> copy_board(const std::string& from, const std::string& to, const Progress& progress = {});

}  // namespace yipan::board
