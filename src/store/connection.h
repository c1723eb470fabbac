#pragma once
// A SQLite connection for work on a board's whole file: copying, upgrading, compacting, counting. What is done record by
// record goes through a Store.
#include <sqlite3.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace yipan::store {

using FileProgress = std::function<void(std::int64_t done, std::int64_t total)>;

class Connection {
  public:
    Connection() = default;
    ~Connection() { sqlite3_close(db_); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    /// `vfs` null: SQLite's own, without page checksums.
    Status open(const std::string& path, int flags, const char* vfs);
    /// For reading, also in a folder nobody may write to.
    Status open_to_read(const std::string& path, const char* vfs);
    Status run(std::string_view sql);
    Result<std::string> ask(std::string_view sql);  // the first value as text; empty without a row
    Result<std::vector<std::string>> texts(std::string_view sql);
    sqlite3* db() const { return db_; }

  private:
    sqlite3* db_ = nullptr;
};

/// A board in a folder nobody may write to cannot get the files beside it that readers share; without a write-ahead log
/// it does not change either and is read as it lies.
bool frozen(const std::string& path);
/// The name to open such a board by, with SQLITE_OPEN_URI.
std::string immutable_uri(const std::string& path);

/// All pages of one state of `from` into the empty `to`, whoever writes to it meanwhile: `from` must be in a read
/// transaction, or nobody else may write.
Status copy_pages(Connection& from, Connection& to, const FileProgress& progress);
/// A new file to be copied into: nothing of it is durable before the caller syncs it, and it keeps room for checksums.
Status open_part(Connection& part, const std::string& path, const char* vfs);
/// The board as one file without a log beside it, so that another file can take its name and not meet a log that is not
/// its own; and locked, so that nobody reads it while the names change. Its content is the same before and after.
Status settle(Connection& board, const std::string& path, std::string_view so_that_it_can_be);

/// The lock of the one writer, "<board>-lock". Says in it who holds it, for those who are refused.
class WriterLock {
  public:
    WriterLock() = default;
    ~WriterLock();
    WriterLock(const WriterLock&) = delete;
    WriterLock& operator=(const WriterLock&) = delete;
    Status take(const std::string& path);
    /// Adds where the holder can be asked: "http://127.0.0.1:8080".
    Status announce(const std::string& address);

  private:
    Status tell();
    std::string path_, address_;
    int fd_ = -1;
};

}  // namespace yipan::store
