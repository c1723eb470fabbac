#pragma once
// Whole boards: copied while they live, put back, made small again. Every one of these makes its new file beside the
// target under another name, syncs it and gives it the name last, so that a full disk, a kill or a power cut leaves what
// was there before.
#include <string>

#include "store/connection.h"

namespace yipan::store {

struct Copied {
    int format = 0;
    std::int64_t bytes = 0;     // of the board's file
    std::int64_t position = 0;  // of its journal
    std::int64_t attachments = 0, attachment_bytes = 0;  // that lie beside the board
    std::int64_t attachments_copied = 0;                 // the others were there already
    Errors missing;  // attachments that should lie beside the board and do not, or are not what they were
};
/// One state of the board at `from`, whoever writes to it meanwhile, as a board of its own at `to`. An older backup of
/// the same board there is replaced; anything else of that name is refused. Attachments that `former`, an earlier backup,
/// holds on the same disk are linked instead of copied.
Result<Copied> back_up(const std::string& from, const std::string& to, const FileProgress& progress = {},
                       const std::string& former = {});

struct PutBack {
    Copied copied;
    std::string replaced;  // where the board lies that had the name before; empty: there was none
};
enum class Existing { refused, kept_beside };
/// A backup becomes the board at `to`. A board that stands there is kept under another name, and only if that is asked.
/// Does not verify: the caller does that first.
Result<PutBack> put_back(const std::string& backup, const std::string& to, Existing existing,
                         const FileProgress& progress = {});

struct Compacted {
    std::int64_t bytes_before = 0, bytes_after = 0;
    std::int64_t attachments_dropped = 0, attachment_bytes_dropped = 0;
};
/// The board without the room that removed things left, its pages in the order of its tables; and without attachments
/// that nothing in the journal names and that are older than `keep_since` (microseconds). Refused while anybody has it
/// open.
Result<Compacted> compact(const std::string& path, std::int64_t keep_since, const FileProgress& progress = {});

}  // namespace yipan::store
