#pragma once
// The shared strings of a workbook: added once in order, read by number. Up to `shared_bytes_in_memory` they lie in
// memory; beyond that in an unnamed temporary file, read in blocks. Offsets are kept for every 64th string only, and a
// reader that goes on where it was (as sheets mostly do) walks nothing.
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace yipan::exchange {

constexpr std::size_t shared_bytes_in_memory = std::size_t{32} << 20;
constexpr std::uint32_t shared_strings_max = 64'000'000;

class SharedStrings {
  public:
    explicit SharedStrings(std::size_t bytes_in_memory = shared_bytes_in_memory) : memory_max_(bytes_in_memory) {}
    Status add(std::string_view text);
    /// All are added.
    Status finish();
    std::uint32_t size() const { return count_; }
    bool spilled() const { return file_ != nullptr; }
    /// Valid until the next call.
    Result<std::string_view> at(std::uint32_t number);

  private:
    struct Close {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    static constexpr std::uint32_t stride = 64;
    static constexpr std::size_t block_bytes = 1 << 16;
    static constexpr std::size_t blocks_kept = 64;
    Status bytes(std::uint64_t from, std::size_t size, char* room);
    Result<std::uint32_t> length_at(std::uint64_t offset);

    std::size_t memory_max_;
    std::string memory_;  // what is not in the file yet, or everything
    std::unique_ptr<std::FILE, Close> file_;
    std::uint64_t bytes_ = 0;
    std::uint32_t count_ = 0;
    std::vector<std::uint64_t> offsets_;  // of every stride-th string
    std::uint32_t next_ = 0;              // the string that begins at ...
    std::uint64_t next_offset_ = 0;
    struct Block {
        std::uint64_t number = UINT64_MAX;
        std::string bytes;
    };
    std::vector<Block> blocks_;
    std::string text_;
};

}  // namespace yipan::exchange
