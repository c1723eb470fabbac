#pragma once
// Files beside a board: opened, written, synced and renamed so that a kill or a power cut leaves the old file or the
// new one, never a piece.
#include <fcntl.h>

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace yipan::store {

/// An open file descriptor; closes itself.
class File {
  public:
    File() = default;
    explicit File(int fd) : fd_(fd) {}
    File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    File& operator=(File&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~File();
    static File open(const std::string& path, int flags, int mode = 0644);
    explicit operator bool() const { return fd_ >= 0; }
    int fd() const { return fd_; }

  private:
    int fd_ = -1;
};

/// Removes a file that was not finished (and SQLite's files beside it) when it leaves scope; harmless once the file was
/// renamed.
class Unfinished {
  public:
    explicit Unfinished(std::string path) : path_(std::move(path)) { remove(); }
    ~Unfinished() { remove(); }
    Unfinished(const Unfinished&) = delete;
    Unfinished& operator=(const Unfinished&) = delete;

  private:
    void remove() const;
    std::string path_;
};

/// The sentence for what errno says about `path`, full disks and missing rights told apart.
Error file_error(const std::string& path, std::string_view doing);
Status sync_file(const std::string& path);
Status sync_folder_of(const std::string& path);
/// Owner's and group's rights of `path` for `other`.
Status same_mode(const std::string& path, const std::string& other);
/// A second name for the same bytes; a copy, synced, where the file system has no second names.
Status link_or_copy(const std::string& path, const std::string& other);
Status rename_durably(const std::string& from, const std::string& to);
std::string folder_of(const std::string& path);

}  // namespace yipan::store
