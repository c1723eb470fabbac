#pragma once
// A zip archive read entry by entry from a file or from memory, with the limits a stranger's file needs: number of
// entries, inflated bytes of one entry and of all that is read, ratio of inflated to packed bytes. What the directory
// claims is not trusted; what really comes out is counted. Encrypted entries and methods other than stored and deflated
// are refused; the checksum of an entry that is read to its end is compared.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace yipan::exchange {

constexpr std::size_t zip_entries_max = 2'000;
constexpr std::uint64_t zip_inflated_max = std::uint64_t{8} << 30;      // of all entries read together
constexpr std::uint64_t zip_ratio_max = 300;                            // inflated : packed ...
constexpr std::uint64_t zip_ratio_free_bytes = std::uint64_t{8} << 20;  // ... judged beyond so many bytes

class ZipFile {
  public:
    struct Entry {
        std::string name;
        std::uint64_t packed = 0, inflated = 0;  // as the directory claims
        std::uint64_t place_file = 0, place_number = 0;
        bool encrypted = false;
        int method = 0;
    };
    /// `name` begins the places of errors.
    static Result<std::unique_ptr<ZipFile>> open_file(const std::string& path, std::string name);
    /// The bytes must outlive the archive.
    static Result<std::unique_ptr<ZipFile>> open_bytes(std::string_view bytes, std::string name);
    virtual ~ZipFile() = default;

    const std::vector<Entry>& entries() const { return entries_; }
    const Entry* find(std::string_view name) const;  // case-insensitively, as Excel looks
    /// One entry is open at a time; opening another closes it.
    virtual Status open(const Entry& entry) = 0;
    virtual Result<std::size_t> read(std::span<char> room) = 0;  // 0: the end, and its checksum was right
    /// The whole entry, at most `bytes_max`.
    Result<std::string> text(const Entry& entry, std::size_t bytes_max);

  protected:
    std::vector<Entry> entries_;
};

}  // namespace yipan::exchange
