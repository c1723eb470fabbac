#pragma once
// Page checksums: a SQLite VFS named "yipan" that lies over the default one. It writes a checksum into the last eight
// bytes of every page of a board's file and compares it on every read of a page from there; a page that does not match
// is an I/O error that names it. Other files (write-ahead log, temporary files) pass through. Any SQLite tool without
// this VFS reads such a file as well: the bytes lie in the space SQLite leaves reserved.
//
// The checksum is XXH3 (64 bits) of the page without its last eight bytes, seeded with the page's number, so that a
// page written to another page's place is noticed too. It is no protection against people: that is the journal's work.
#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

namespace yipan::store {

constexpr std::size_t checksum_bytes = 8;
constexpr std::uint32_t lock_byte = 0x40000000;  // the page SQLite locks by and never writes holds this offset

/// The name to open boards with; registers the VFS over the default one of this moment when first asked.
const char* page_vfs();

std::uint64_t page_checksum(const unsigned char* page, std::size_t page_bytes, std::int64_t number);
bool page_matches(const unsigned char* page, std::size_t page_bytes, std::int64_t number);

/// The page whose read failed last in this thread; 0 when none did. Asking forgets it.
std::int64_t take_damaged_page();

/// What the first hundred bytes of a board's file say.
struct FileHeader {
    bool sqlite = false;
    std::uint32_t application = 0;
    int format = 0;
    std::size_t page_bytes = 0;  // 0: no size SQLite knows
    int reserved = 0;
};
FileHeader read_header(const unsigned char* bytes);

/// A board's file, read as bytes beside the connections this process may have to it. It goes through SQLite's VFS,
/// because closing an ordinary descriptor would drop the locks of those connections.
class RawFile {
  public:
    static Result<RawFile> open(const std::string& path);
    Result<std::int64_t> size() const;
    /// Bytes beyond the end come as zeros.
    Status read(void* out, std::size_t bytes, std::int64_t offset) const;

  private:
    struct Close {
        void operator()(sqlite3_file* file) const;
    };
    struct Forget {
        void operator()(const char* name) const { sqlite3_free_filename(const_cast<char*>(name)); }
    };
    RawFile() = default;
    std::string path_;
    std::unique_ptr<const char, Forget> name_;  // outlives the file
    std::unique_ptr<sqlite3_file, Close> file_;
};

}  // namespace yipan::store
