#pragma once
// Bodies of old entries in a file of their own (docs/decisions/0043-archive.md):
//   "yipan archive 1\n", then a line each: the board's origin, the cut, the number of bodies
//   for each body, in the order of their entries: position u64 | salt (16) | length u32 | body      (numbers big endian)
//   for each body: position u64 | place in the file u64
//   place of that table u64 | "yipanend"
// The board's meta "archives" says which it has. A row whose body moved holds no salt and "#<archive>" for a body; the
// stores give the body from the file when it is at hand, and otherwise leave the sentence that archived() reads.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "journal/entry.h"
#include "store/files.h"

namespace yipan::store {

class Store;

struct ArchiveLine {  // one of meta "archives"
    std::int64_t number = 0;  // position of the act that tells of it
    std::int64_t to = 0, bodies = 0;
    std::string sha256;     // of the file
    std::string positions;  // SHA-256 over the positions, eight bytes each
    std::string file;       // where it was last
};
Result<std::vector<ArchiveLine>> read_archive_lines(std::string_view text);
std::string archive_lines_text(const std::vector<ArchiveLine>& lines);
/// Where the file is now: where it was last, or beside the board by its name; empty: it is not at hand.
std::string archive_at(const std::string& board, const ArchiveLine& line);

class ArchiveWriter {
  public:
    static Result<std::unique_ptr<ArchiveWriter>> create(const std::string& path, const std::string& origin, std::int64_t to, std::int64_t bodies);
    Status add(std::int64_t position, std::string_view salt, std::string_view body);
    struct Written {
        std::string sha256;
        std::int64_t bytes = 0;
    };
    /// Durable under its name when it returns.
    Result<Written> finish();

  private:
    explicit ArchiveWriter(const std::string& path) : path_(path), part_(path + ".archive-part"), unfinished_(part_) {}
    Status flush();
    std::string path_, part_;
    Unfinished unfinished_;
    File file_;
    Sha256 sum_;
    std::string buffer_, table_;
    std::int64_t bytes_ = 0;
};

class ArchiveFile {
  public:
    static Result<std::unique_ptr<ArchiveFile>> open(const std::string& path);
    ~ArchiveFile();
    ArchiveFile(const ArchiveFile&) = delete;
    ArchiveFile& operator=(const ArchiveFile&) = delete;
    struct Body {
        std::int64_t position = 0;
        std::string_view salt, body;
    };
    const std::string& origin() const { return origin_; }
    std::int64_t bodies() const { return bodies_; }
    std::string sha256() const;
    Result<Body> at(std::int64_t index) const;            // 0 .. bodies()-1
    std::optional<Body> find(std::int64_t position) const;

  private:
    explicit ArchiveFile(std::string path) : path_(std::move(path)) {}
    Error damaged(std::string_view what) const;
    std::uint64_t number(std::size_t at) const;
    std::string path_, origin_;
    std::string_view bytes_;
    std::size_t table_ = 0;
    std::int64_t bodies_ = 0;
};

/// What a store knows of its board's archives; looked up when the first moved body is met.
class Archives {
  public:
    static Archives of(Store& store, const std::string& board);
    /// The entry's row holds "#<archive>": the body, or the sentence why there is none.
    void fill(journal::Entry& entry) const;

  private:
    struct One {
        ArchiveLine line;
        std::shared_ptr<const ArchiveFile> file;
        std::string why;  // no file
    };
    std::vector<One> all_;
};

/// Why the plain body of an entry is not there although it was not erased.
inline std::optional<std::string_view> archived(const journal::Entry& e) {
    if (!e.salt[0].empty() || !e.body[0].starts_with('#')) return {};
    return std::string_view(e.body[0]).substr(1);
}
/// The same as an error of whoever needs it, or is to erase it.
Error needs_archived(const journal::Entry& e);
Error erased_elsewhere(std::int64_t position);

}  // namespace yipan::store
