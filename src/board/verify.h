#pragma once
// Verification and the canonical dump: both read the store entry by entry and row by row, in bounded memory.
#include "board/board.h"
#include "board/world.h"

namespace yipan::board {
/// Every page of the file against its checksum, and the write-ahead log beside it.
void verify_pages(const std::string& path, VerifyReport& report, const Progress& progress);
/// Puts what verify_pages found before what else was found.
void add_pages(VerifyReport pages, VerifyReport& report);
/// Chain (I1), commitments, Merkle nodes and root, and every record row against the entry that made it (I3).
/// Proves damage, not honesty: whoever owns the file could rebuild the whole log; every report therefore prints size
/// and root.
VerifyReport verify_store(store::Store& store, const ShapePtr& shape, const Progress& progress);
Status dump_store(store::Store& store, const ShapePtr& shape, Snapshot& snapshot,
                  const std::function<void(std::string_view)>& out);
}  // namespace yipan::board
