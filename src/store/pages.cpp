#include "store/pages.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
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
    Scan(const RawFile& file, std::int64_t size, PageReport& report) : file_(file), size_(size), report_(report) {}

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
        if (matches(bytes, number)) return {};
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

// The log from its beginning as far as its frames belong to its present generation (same salts). A frame of this
// generation that does not verify is either what a power cut left of unsynced writes, which nobody was promised, or
// damage; the bytes alone cannot tell.
void check_log(const std::string& path, PageReport& report) {
    constexpr std::size_t head_bytes = 32, frame_head_bytes = 24;
    const File log = File::open(path + "-wal", O_RDONLY);
    struct stat st {};
    if (!log || ::fstat(log.fd(), &st) != 0 || st.st_size < static_cast<off_t>(head_bytes)) return;
    unsigned char head[head_bytes];
    if (::pread(log.fd(), head, sizeof head, 0) != static_cast<ssize_t>(sizeof head)) return;
    const std::uint32_t magic = big(head), page_bytes = big(head + 8);
    LogSum sum;
    sum.big_endian = magic & 1;
    sum.add(head, 24);
    if ((magic & ~1u) != 0x377f0682 || page_bytes < 512 || page_bytes > 65'536 || big(head + 24) != sum.a ||
        big(head + 28) != sum.b) {
        report.log_problem = "the head of the write-ahead log does not match its checksum";
        return;
    }
    std::vector<unsigned char> frame(frame_head_bytes + page_bytes);
    std::int64_t number = 0;
    for (off_t at = head_bytes; at + static_cast<off_t>(frame.size()) <= st.st_size;
         at += static_cast<off_t>(frame.size())) {
        if (::pread(log.fd(), frame.data(), frame.size(), at) != static_cast<ssize_t>(frame.size())) break;
        if (!std::equal(frame.data() + 8, frame.data() + 16, head + 16)) break;  // left over from an older generation
        ++number;
        sum.add(frame.data(), 8);
        sum.add(frame.data() + frame_head_bytes, page_bytes);
        if (big(frame.data() + 16) != sum.a || big(frame.data() + 20) != sum.b) {
            report.log_problem = "frame " + std::to_string(number) +
                                 " of the write-ahead log does not match its checksum: what a power cut left of "
                                 "unconfirmed writes, or damage";
            return;
        }
        if (big(frame.data() + 4) != 0) report.frames = number;  // the last frame of a transaction
    }
}
}  // namespace

Result<PageReport> check_pages(const std::string& path,
                               const std::function<void(std::int64_t, std::int64_t)>& progress) {
    PageReport report;
    YIPAN_TRY(const RawFile file, RawFile::open(path));
    YIPAN_TRY(const std::int64_t size, file.size());
    YIPAN_TRY_VOID(Scan(file, size, report).run(progress));
    check_log(path, report);
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
