#pragma once
// Bytes of attachments: known by their SHA-256, inside the board up to 64 MiB each, in a file beside it above. What
// records hold is the hash and a name; the bytes come first and are the same for all who name them. Read and written in
// pieces, so a file of any size takes a few megabytes of memory.
#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>

#include "board/core.h"

namespace yipan::board {

constexpr std::int64_t attachment_inside_max = 64LL << 20;
constexpr std::int64_t attachment_bytes_max = 4LL << 30;
constexpr std::size_t attachment_part_bytes = 256 << 10;  // a row of the board's table

/// Does work on the writer's thread, between two batches.
using OnWriter = std::function<Status(const std::function<Status(store::Store&)>& work)>;

/// Hashes whose bytes are being written: the same bytes sent by two at once are written by one, the other waits.
class InWork {
  public:
    void enter(const std::string& hash);  // waits for whoever is there
    void leave(const std::string& hash);

  private:
    std::mutex mutex_;
    std::condition_variable free_;
    std::set<std::string> hashes_;
};
/// Takes the bytes in; nothing names them yet. The writer is held for four megabytes at a time.
Result<Attachment> take_attachment(const std::string& board, const ReadSome& read, Instant now, InWork& in_work,
                                   const OnWriter& on_writer);
Result<std::optional<Attachment>> find_attachment(store::Store& store, std::string_view hash);
/// From `offset` to the end, or until `out` says false.
Status give_attachment(const std::string& board, store::Store& store, std::string_view hash, std::int64_t offset,
                       const std::function<bool(std::string_view)>& out);

/// The hashes an attachment body names.
void hashes_named(std::string_view body, std::set<std::string>& out);
/// Inside a transaction that erased bodies: what nothing names any more goes. Those beside the board are to be removed
/// once the transaction is durable: their hashes come back.
Result<std::vector<std::string>> drop_unnamed(store::Store& store, const std::set<std::string>& hashes);
void remove_beside(const std::string& board, const std::vector<std::string>& hashes);

/// Each attachment against its hash.
void verify_attachments(const std::string& board, store::Store& store, VerifyReport& report);
/// All attachments of a board into another one whose writer `to` is.
Status copy_attachments(const std::string& from, store::Store& source, const std::string& to, store::Store& target);

}  // namespace yipan::board
