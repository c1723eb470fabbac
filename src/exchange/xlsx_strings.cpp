#include "exchange/xlsx_strings.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace yipan::exchange {
namespace {
tl::unexpected<Error> disk() {
    return fail(Code::store_failed, "temporary file", std::string("cannot be used: ") + std::strerror(errno),
                "make room in the folder for temporary files (TMPDIR)");
}
}  // namespace

// Each string: its length in four bytes, then its bytes.
Status SharedStrings::add(std::string_view text) {
    if (count_ >= shared_strings_max)
        return fail(Code::limit_exceeded, "sharedStrings.xml",
                    "more than " + std::to_string(shared_strings_max) + " shared strings", "split the file");
    if (count_ % stride == 0) offsets_.push_back(bytes_);
    const auto size = static_cast<std::uint32_t>(text.size());
    char head[4];
    std::memcpy(head, &size, 4);
    memory_.append(head, 4).append(text);
    bytes_ += 4 + text.size();
    ++count_;
    if (memory_.size() < (file_ ? block_bytes * 16 : memory_max_)) return {};
    if (!file_) {
        file_.reset(std::tmpfile());
        if (!file_) return disk();
    }
    if (std::fwrite(memory_.data(), 1, memory_.size(), file_.get()) != memory_.size()) return disk();
    memory_.clear();
    return {};
}

Status SharedStrings::finish() {
    if (!file_) {
        memory_.shrink_to_fit();
        return {};
    }
    if (std::fwrite(memory_.data(), 1, memory_.size(), file_.get()) != memory_.size() || std::fflush(file_.get()) != 0)
        return disk();
    memory_ = {};
    blocks_.resize(blocks_kept);
    return {};
}

Status SharedStrings::bytes(std::uint64_t from, std::size_t size, char* room) {
    while (size > 0) {
        const std::uint64_t number = from / block_bytes;
        Block& block = blocks_[number % blocks_kept];
        if (block.number != number) {
            block.bytes.resize(block_bytes);
            const ssize_t got = ::pread(::fileno(file_.get()), block.bytes.data(), block_bytes,
                                        static_cast<off_t>(number * block_bytes));
            if (got < 0) return disk();
            block.bytes.resize(static_cast<std::size_t>(got));
            block.number = number;
        }
        const std::size_t at = from % block_bytes;
        if (at >= block.bytes.size()) return disk();
        const std::size_t n = std::min(size, block.bytes.size() - at);
        std::memcpy(room, block.bytes.data() + at, n);
        room += n, from += n, size -= n;
    }
    return {};
}

Result<std::uint32_t> SharedStrings::length_at(std::uint64_t offset) {
    std::uint32_t size = 0;
    if (!file_) {
        std::memcpy(&size, memory_.data() + offset, 4);
        return size;
    }
    char head[4];
    YIPAN_TRY_VOID(bytes(offset, 4, head));
    std::memcpy(&size, head, 4);
    return size;
}

Result<std::string_view> SharedStrings::at(std::uint32_t number) {
    if (number >= count_)
        return fail(Code::invalid_input, "sharedStrings.xml",
                    "there is no shared string " + std::to_string(number) + ", only " + std::to_string(count_),
                    "the file is damaged; save the workbook anew");
    if (number < next_ || number - next_ >= stride) {
        next_ = number / stride * stride;
        next_offset_ = offsets_[number / stride];
    }
    std::uint32_t size = 0;
    while (true) {
        YIPAN_TRY(size, length_at(next_offset_));
        if (next_ == number) break;
        next_offset_ += 4 + size;
        ++next_;
    }
    const std::uint64_t start = next_offset_ + 4;
    next_offset_ += 4 + size;
    ++next_;
    if (!file_) return std::string_view(memory_).substr(start, size);
    text_.resize(size);
    YIPAN_TRY_VOID(bytes(start, size, text_.data()));
    return std::string_view(text_);
}

}  // namespace yipan::exchange
