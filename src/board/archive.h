#pragma once
// Bodies of old entries move into a file and back (docs/decisions/0043-archive.md). The board must be nobody else's to write.
#include "board/board.h"
#include "store/archive.h"

namespace yipan::board {

struct ArchiveWish {
    Position to;             // the last entry concerned ...
    std::optional<Date> before;  // ... or the last one before this day in the board's zone
    std::string file, decider, note, channel;
    /// The checkpoint of the moment before, signed; it goes into the entry.
    std::function<Result<std::string>(const journal::Checkpoint&)> sign;
};
struct ArchiveDone {
    Position entry, to;  // the act that tells of it, the cut
    std::int64_t bodies = 0, bytes = 0;  // bytes: of the file
    std::string sha256;
};
Result<ArchiveDone> archive_bodies(const std::string& board, const ArchiveWish& wish, const Progress& progress = {});
/// The bodies come back out of a file whose hash and commitments are compared first; an act tells of it.
Result<ArchiveDone> restore_bodies(const std::string& board, const std::string& file, const ArchiveWish& who, const Progress& progress = {});
/// Where the file of an archive is from now on.
Result<store::ArchiveLine> attach_archive(const std::string& board, const std::string& file);

struct ArchiveState {
    store::ArchiveLine line;
    std::string at;  // empty: not at hand
};
Result<std::vector<ArchiveState>> archives_of(store::Store& store, const std::string& board);
/// Marks, acts and files against each other.
void verify_archives(store::Store& store, const std::string& board, VerifyReport& report);

}  // namespace yipan::board
