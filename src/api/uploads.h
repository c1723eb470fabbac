#pragma once
// Files on their way in: begun with name and size, sent in pieces, taken when complete. They lie beside the board, each
// with a small file that says whose it is, and belong to one person in one post. A piece is durable before it is
// answered, so an upload goes on where it was after a restart. Thread-safe.
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/ids.h"
#include "base/result.h"

namespace yipan::api {

constexpr std::size_t upload_piece_bytes_max = std::size_t{8} << 20;
constexpr std::int64_t upload_bytes_max = std::int64_t{2} << 30;
constexpr std::size_t uploads_max = 64, uploads_of_person_max = 8;
constexpr std::int64_t upload_idle_seconds = 24 * 3'600;

/// A file that is gone when nobody holds it any more.
class TemporaryFile {
  public:
    explicit TemporaryFile(std::string path) : path_(std::move(path)) {}
    ~TemporaryFile();
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

class Uploads {
  public:
    /// Files are called "<start><random>". What an earlier server left is taken up again, or removed when it was idle for
    /// too long or nobody knows whose it was.
    explicit Uploads(std::string start);
    struct State {
        std::string name;
        std::int64_t bytes = 0, offset = 0;
        bool for_import = false;  // otherwise it becomes an attachment when its last piece is there
        std::string hash;         // which it became
    };
    Result<std::string> begin(RecordId person, RecordId post, std::string name, std::int64_t bytes, bool for_import);
    Result<State> state(RecordId person, RecordId post, const std::string& id);
    /// version_conflict when the piece does not begin where the last one ended.
    Result<State> append(RecordId person, RecordId post, const std::string& id, std::int64_t offset, std::string_view piece);
    struct Taken {
        std::string name;
        std::shared_ptr<TemporaryFile> file;
    };
    /// A complete one, to be read. It stays until it is dropped or done: what fails with it is tried again without sending.
    Result<Taken> read(RecordId person, RecordId post, const std::string& id);
    /// It became an attachment. That is told for a while to who asks again because he heard no answer.
    Status done(RecordId person, RecordId post, const std::string& id, std::string hash);
    Status drop(RecordId person, RecordId post, const std::string& id);
    /// A file of its own, empty.
    std::shared_ptr<TemporaryFile> fresh(std::string_view end = {}) const;

  private:
    struct Upload {
        RecordId person, post;
        State state;
        std::int64_t touched = 0;
        bool writing = false;  // a piece of it, outside of the lock
    };
    using All = std::map<std::string, Upload>;  // by the hash of the id
    void forget(All::iterator upload);
    Result<Upload*> find(RecordId person, RecordId post, const std::string& id);
    /// When nobody writes to it; waits for whoever does.
    Result<Upload*> find_still(std::unique_lock<std::mutex>& lock, RecordId person, RecordId post, const std::string& id);
    Status write(std::unique_lock<std::mutex>& lock, const std::string& hash, const std::function<Status()>& work);
    std::string data_path(const std::string& hash) const { return start_ + hash; }
    std::string about_path(const std::string& hash) const { return start_ + hash + ".upload"; }
    void take_up(const std::string& hash, std::int64_t now);
    std::string start_;
    std::mutex mutex_;  // not held while the disk is written to: a slow one holds up nobody else
    std::condition_variable still_;
    All all_, done_;
};

/// Writes a whole body to a file of its own.
Result<std::shared_ptr<TemporaryFile>> kept(const Uploads& uploads, std::string_view bytes);

}  // namespace yipan::api
