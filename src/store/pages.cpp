#include "store/pages.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>
#include <set>
#include <thread>

#include "store/files.h"
#include "store/upgrade.h"
#include "store/vfs_pages.h"

namespace yipan::store {
namespace {
constexpr std::size_t read_bytes = 1 << 20;
constexpr int tries = 5;  // a checkpoint of a writer may be half-way through a page while it is read
constexpr auto between_tries = std::chrono::milliseconds(2);
constexpr std::int64_t sampled_pages = 16;

class Scan {
  public:
    Scan(const RawFile& file, std::int64_t size, const std::set<std::int64_t>& replaced, PageReport& report)
        : file_(file), size_(size), replaced_(replaced), report_(report) {}

    Status run(const std::function<void(std::int64_t, std::int64_t)>& progress) {
        YIPAN_TRY_VOID(choose_page_size());
        if (!report_.checksums) return {};
        report_.pages = (size_ + page() - 1) / page();
        std::vector<unsigned char> buffer(std::max(read_bytes, page_bytes_));
        const auto pages_a_read = static_cast<std::int64_t>(buffer.size() / page_bytes_);
        for (std::int64_t first = 1; first <= report_.pages; first += pages_a_read) {
            const std::int64_t n = std::min(pages_a_read, report_.pages - first + 1);
            YIPAN_TRY_VOID(file_.read(buffer.data(), static_cast<std::size_t>(n * page()), (first - 1) * page()));
            for (std::int64_t i = 0; i < n; ++i) YIPAN_TRY_VOID(check(buffer.data() + i * page(), first + i));
            if (progress) progress(first + n - 1, report_.pages);
        }
        return {};
    }

  private:
    std::int64_t page() const { return static_cast<std::int64_t>(page_bytes_); }

    // The header says how large pages are, but it lies in a page that may itself be damaged: the size at which most of
    // the first pages match is the right one.
    Status choose_page_size() {
        std::vector<unsigned char> bytes(100);
        YIPAN_TRY_VOID(file_.read(bytes.data(), bytes.size(), 0));
        const FileHeader header = read_header(bytes.data());
        const std::size_t said = header.page_bytes ? header.page_bytes : 4'096;
        std::int64_t best = -1;
        for (std::size_t size = 512; size <= 65'536; size *= 2) {
            YIPAN_TRY(const std::int64_t matching, matching_at(size));
            if (matching > best || (matching == best && size == said)) {
                best = matching;
                page_bytes_ = size;
            }
        }
        if (best <= 0) page_bytes_ = said;
        report_.checksums = best > 0 || header.format > 1;
        return {};
    }
    Result<std::int64_t> matching_at(std::size_t size) {
        std::vector<unsigned char> bytes(size);
        std::int64_t matching = 0;
        const auto step = static_cast<std::int64_t>(size);
        for (std::int64_t n = 1; n <= sampled_pages && n * step <= size_; ++n) {
            YIPAN_TRY_VOID(file_.read(bytes.data(), size, (n - 1) * step));
            if (page_matches(bytes.data(), size, n)) ++matching;
        }
        return matching;
    }

    Status check(unsigned char* bytes, std::int64_t number) {
        if (matches(bytes, number) || replaced_.contains(number)) return {};
        for (int i = 1; i < tries; ++i) {
            std::this_thread::sleep_for(between_tries);
            YIPAN_TRY_VOID(file_.read(bytes, page_bytes_, (number - 1) * page()));
            if (matches(bytes, number)) return {};
        }
        ++report_.damaged;
        if (report_.named.size() < damaged_pages_max) report_.named.push_back(number);
        return {};
    }
    bool matches(const unsigned char* bytes, std::int64_t number) const {
        if (number == lock_byte / page() + 1)  // SQLite never writes it
            return std::all_of(bytes, bytes + page_bytes_, [](unsigned char b) { return b == 0; });
        return page_matches(bytes, page_bytes_, number);
    }

    const RawFile& file_;
    std::int64_t size_;
    const std::set<std::int64_t>& replaced_;  // pages that are read from the log
    PageReport& report_;
    std::size_t page_bytes_ = 0;
};

// SQLite's checksum of the log: two sums over 32-bit words, carried on from frame to frame.
struct LogSum {
    std::uint32_t a = 0, b = 0;
    bool big_endian = false;
    void add(const unsigned char* p, std::size_t bytes) {
        for (std::size_t i = 0; i + 8 <= bytes; i += 8) {
            a += word(p + i) + b;
            b += word(p + i + 4) + a;
        }
    }
    std::uint32_t word(const unsigned char* p) const {
        return big_endian ? static_cast<std::uint32_t>(p[0]) << 24 | static_cast<std::uint32_t>(p[1]) << 16 |
                                static_cast<std::uint32_t>(p[2]) << 8 | p[3]
                          : static_cast<std::uint32_t>(p[3]) << 24 | static_cast<std::uint32_t>(p[2]) << 16 |
                                static_cast<std::uint32_t>(p[1]) << 8 | p[0];
    }
};
std::uint32_t big(const unsigned char* p) {
    return static_cast<std::uint32_t>(p[0]) << 24 | static_cast<std::uint32_t>(p[1]) << 16 |
           static_cast<std::uint32_t>(p[2]) << 8 | p[3];
}

constexpr std::size_t log_head_bytes = 32, frame_head_bytes = 24;

// What the index beside the log says (SQLite's documentation, "WAL-mode file format"): frames that are part of the board
// for whoever reads it now, and how many of them stand in its own file as well. None when nobody keeps an index, or when
// it is being changed this very moment.
struct InUse {
    std::uint32_t frames = 0, copied = 0;
};
std::optional<InUse> frames_in_use(const std::string& path, const unsigned char* log_head) {
    constexpr std::size_t index_head_bytes = 48, frames_at = 16, salts_at = 32, salts_bytes = 8, copied_at = 96;
    unsigned char index[copied_at + 4];
    const File shm = File::open(path + "-shm", O_RDONLY);
    if (!shm || ::pread(shm.fd(), index, sizeof index, 0) != static_cast<ssize_t>(sizeof index)) return std::nullopt;
    if (!std::equal(index, index + index_head_bytes, index + index_head_bytes) ||
        !std::equal(index + salts_at, index + salts_at + salts_bytes, log_head + 16))
        return std::nullopt;
    InUse out;
    std::memcpy(&out.frames, index + frames_at, sizeof out.frames);
    std::memcpy(&out.copied, index + copied_at, sizeof out.copied);
    return out;
}

// The log from its beginning as far as its frames belong to its present generation (same salts). Frames behind the last
// complete transaction are nobody's: a writer is at work there, was killed, or changed its mind, and a power cut may
// leave any of them torn. A frame that does not verify is damage only where readers take it for part of the board.
//
// A page that stands in a complete transaction of the log is read from there: its place in the board's own file may be
// half written, by a checkpoint that was cut short and that begins again with the next opening.
class LogScan {
  public:
    LogScan(const std::string& path, PageReport& report, std::set<std::int64_t>& replaced)
        : path_(path), report_(report), replaced_(replaced) {}

    void run() {
        log_ = File::open(path_ + "-wal", O_RDONLY);
        if (!log_ || !read(head_, log_head_bytes, 0)) return;
        const std::uint32_t magic = big(head_), page_bytes = big(head_ + 8);
        LogSum sum;
        sum.big_endian = magic & 1;
        sum.add(head_, 24);
        if ((magic & ~1u) != 0x377f0682 || page_bytes < 512 || page_bytes > 65'536 || big(head_ + 24) != sum.a ||
            big(head_ + 28) != sum.b) {
            // SQLite takes such a log for an empty one: so does a power cut in its first write.
            report_.log_note = "the head of the write-ahead log does not match its checksum, so nothing in it counts";
            return;
        }
        const std::optional<InUse> in_use = frames_in_use(path_, head_);
        const std::int64_t copied = in_use ? in_use->copied : 0;
        std::vector<unsigned char> frame(frame_head_bytes + page_bytes);
        std::int64_t number = 0, wrong = 0, lost = 0;
        std::vector<std::int64_t> pages;  // of the transaction being read
        for (off_t at = log_head_bytes; read(frame.data(), frame.size(), at); at += static_cast<off_t>(frame.size())) {
            if (!std::equal(frame.data() + 8, frame.data() + 16, head_ + 16)) break;  // of an older generation
            ++number;
            sum.add(frame.data(), 8);
            sum.add(frame.data() + frame_head_bytes, page_bytes);
            const bool complete = big(frame.data() + 4) != 0;  // the last frame of a transaction
            const bool matches = big(frame.data() + 16) == sum.a && big(frame.data() + 20) == sum.b;
            if (number > copied) pages.push_back(big(frame.data()));
            if (!matches && wrong == 0) wrong = number;
            if (!matches) {  // what follows it is told by the sum it carries
                sum.a = big(frame.data() + 16);
                sum.b = big(frame.data() + 20);
            } else if (complete && wrong == 0) {
                report_.frames = number;
                replaced_.insert(pages.begin(), pages.end());
                pages.clear();
            } else if (complete) {
                ++lost;
            }
        }
        if (wrong == 0 || another_generation()) return;
        const std::string which = "frame " + std::to_string(wrong) + " of the write-ahead log does not match its checksum";
        if (in_use && wrong <= in_use->frames)
            report_.log_problem = which;
        else if (lost > 0)
            report_.log_note = which + ", so " + std::to_string(lost) +
                               " transactions from there on do not count: what a power cut left of unconfirmed writes, "
                               "or damage of what was not yet in the board's own file";
    }

  private:
    bool read(unsigned char* out, std::size_t bytes, off_t at) const {
        return ::pread(log_.fd(), out, bytes, at) == static_cast<ssize_t>(bytes);
    }
    bool another_generation() const {  // the log began anew while it was read
        unsigned char now[log_head_bytes];
        return !read(now, sizeof now, 0) || !std::equal(now, now + sizeof now, head_);
    }

    const std::string& path_;
    PageReport& report_;
    std::set<std::int64_t>& replaced_;
    File log_;
    unsigned char head_[log_head_bytes] = {};
};
}  // namespace

Result<PageReport> check_pages(const std::string& path,
                               const std::function<void(std::int64_t, std::int64_t)>& progress) {
    PageReport report;
    YIPAN_TRY(const RawFile file, RawFile::open(path));
    YIPAN_TRY(const std::int64_t size, file.size());
    std::set<std::int64_t> replaced;
    LogScan(path, report, replaced).run();
    YIPAN_TRY_VOID(Scan(file, size, replaced, report).run(progress));
    return report;
}

Errors page_problems(const PageReport& report) {
    Errors out;
    for (const std::int64_t page : report.named)
        out.push_back({Code::corrupt, "page " + std::to_string(page), "does not match its checksum",
                       "restore a backup that verifies"});
    if (report.damaged > static_cast<std::int64_t>(report.named.size()))
        out.push_back({Code::corrupt, "pages", std::to_string(report.damaged) + " in all do not match their checksums",
                       "restore a backup that verifies"});
    if (!report.log_problem.empty()) out.push_back({Code::corrupt, "log", report.log_problem, ""});
    return out;
}

}  // namespace yipan::store
