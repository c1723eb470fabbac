// The life of a board's file in numbers, each beside its bare limit in the same run.
//
//   life_bench DIR [N]   makes (or takes) DIR/life-N.board with N records; verify in entries/s; backup in MB/s beside cp
//                        and fsync of the same file; what a checksum costs beside reading the pages
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "base/check.h"
#include "board/board.h"
#include "store/backup.h"
#include "store/files.h"
#include "store/pages.h"
#include "store/vfs_pages.h"

namespace {
using namespace yipan;
namespace fs = std::filesystem;
using Clock_ = std::chrono::steady_clock;
double seconds_since(Clock_::time_point t) { return std::chrono::duration<double>(Clock_::now() - t).count(); }
constexpr std::size_t page_bytes = 4'096;

constexpr const char* model_yaml = R"yaml(
types:
  unit:
    label: [单位, 單位, Unit]
    key: code
    responsible: none
    fields:
      code: {type: text, required: true, unique: true, max_chars: 20, label: [编号, 編號, Code]}
  output:
    label: [产值月报, 產值月報, Output]
    responsible: none
    fields:
      unit: {type: reference, to: unit, required: true, label: [单位, 單位, Unit]}
      month: {type: period, grains: [month], required: true, label: [月份, 月份, Month]}
      amount: {type: money, min: 0, required: true, label: [产值, 產值, Output]}
      area: {type: decimal, scale: 2, label: [面积, 面積, Area]}
      staff: {type: integer, min: 0, label: [人数, 人數, Staff]}
      note: {type: text, max_chars: 200, label: [备注, 備註, Note]}
figures:
  amount: {label: [产值, 產值, Output], of: output, sum: amount, unit: unit, period: month}
  number: {label: [户数, 戶數, Number], of: output, count: true, unit: unit, period: month}
)yaml";

void make(const std::string& path, std::int64_t n) {
    board::Board::Birth birth;
    birth.name = "life";
    birth.model = {{"m/types/m.yaml", model_yaml}};
    auto made = board::Board::create(path, birth);
    if (!made) std::fprintf(stderr, "%s\n", text_of(made.error()).c_str());
    YIPAN_CHECK(made.has_value());
    constexpr std::int64_t units = 1'000, a_draft = 500, drafts = 8;
    std::int64_t done = 0;
    while (done < n) {
        std::vector<board::Draft> batch;
        for (std::int64_t d = 0; d < drafts && done < n; ++d) {
            board::Draft draft;
            draft.channel = "bench";
            for (std::int64_t i = 0; i < a_draft && done < n; ++i, ++done) {
                board::Change c;
                if (done < units) {
                    c.type = 0;
                    c.set = {{0, "U" + std::to_string(done)}};
                } else {
                    c.type = 1;
                    c.set = {{0, 1 + done % units},
                             {1, std::int64_t{Period::of_month(month_index(2024, 1) + static_cast<int>(done / units % 24)).encoded()}},
                             {2, done * 7'919 % 100'000'000},
                             {3, done * 104'729 % 1'000'000},
                             {4, done % 500},
                             {5, fmt::format("第{}号月报，按规定报送，数据来自企业台账", done)}};
                }
                draft.changes.push_back(std::move(c));
            }
            batch.push_back(std::move(draft));
        }
        for (const auto& receipt : (*made)->apply_batch(std::move(batch))) YIPAN_CHECK(receipt.has_value());
    }
}

double copy_and_sync(const std::string& from, const std::string& to) {
    const auto start = Clock_::now();
    const store::File in = store::File::open(from, O_RDONLY);
    const store::File out = store::File::open(to, O_WRONLY | O_CREAT | O_TRUNC);
    YIPAN_CHECK(in && out);
    std::vector<char> piece(1 << 20);
    while (true) {
        const ssize_t got = ::read(in.fd(), piece.data(), piece.size());
        YIPAN_CHECK(got >= 0);
        if (got == 0) break;
        YIPAN_CHECK(::write(out.fd(), piece.data(), static_cast<std::size_t>(got)) == got);
    }
    YIPAN_CHECK(::fsync(out.fd()) == 0);
    return seconds_since(start);
}

void verify(const std::string& path, std::int64_t n) {
    board::Options reading;
    reading.read_only = true;
    auto opened = board::Board::open(path, reading);
    YIPAN_CHECK(opened.has_value());
    const auto start = Clock_::now();
    const auto report = (*opened)->verify();
    const double took = seconds_since(start);
    YIPAN_CHECK(report.ok && report.entries == n + 1 && report.records == n);
    fmt::print("verify          {:>12.0f} entries/s  {} entries, {} records, {} pages in {:.2f} s (target 300,000)\n",
               static_cast<double>(report.entries) / took, report.entries, report.records, report.pages, took);
}

void backup(const std::string& path, const std::string& folder) {
    const std::string target = folder + "/bench.backup", bare = folder + "/bench.copy";
    const double mb = static_cast<double>(fs::file_size(path)) / 1e6;
    for (int run = 0; run < 2; ++run) {
        fs::remove(target);
        fs::remove(bare);
        const double limit = copy_and_sync(path, bare);
        const auto start = Clock_::now();
        const auto copied = store::back_up(path, target);
        const double took = seconds_since(start);
        YIPAN_CHECK(copied.has_value() && copied->missing.empty());
        fmt::print("backup          {:>12.0f} MB/s       {:.0f} MB; cp + fsync of the same file {:.0f} MB/s, ratio {:.2f} (target 200 or the limit)\n",
                   mb / took, mb, mb / limit, limit / took);
    }
    const auto report = store::check_pages(target);
    YIPAN_CHECK(report && report->damaged == 0);
    fs::remove(target);
    fs::remove(bare);
}

void checksums(const std::string& path) {
    const store::File file = store::File::open(path, O_RDONLY);
    std::vector<unsigned char> bytes(fs::file_size(path));
    auto start = Clock_::now();
    for (std::size_t at = 0; at < bytes.size(); at += page_bytes)
        YIPAN_CHECK(::pread(file.fd(), bytes.data() + at, page_bytes, static_cast<off_t>(at)) == static_cast<ssize_t>(page_bytes));
    const double reading = seconds_since(start);
    start = Clock_::now();
    std::int64_t matching = 0;
    for (std::size_t at = 0; at < bytes.size(); at += page_bytes)
        matching += store::page_matches(bytes.data() + at, page_bytes, static_cast<std::int64_t>(at / page_bytes) + 1);
    const double hashing = seconds_since(start);
    const double pages = static_cast<double>(bytes.size() / page_bytes);
    YIPAN_CHECK(matching == static_cast<std::int64_t>(pages));
    fmt::print("page checksum   {:>12.0f} ns/page    reading a page from the cache {:.0f} ns: {:.0f} % on top; {:.1f} GB/s\n", hashing / pages * 1e9,
               reading / pages * 1e9, hashing / reading * 100, static_cast<double>(bytes.size()) / hashing / 1e9);
}
}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: life_bench DIR [N]\n");
        return 2;
    }
    const std::string folder = argv[1];
    const std::int64_t n = argc > 2 ? std::atoll(argv[2]) : 1'000'000;
    const std::string path = folder + "/life-" + std::to_string(n) + ".board";
    if (!fs::exists(path)) make(path, n);
    verify(path, n);
    backup(path, folder);
    checksums(path);
    return 0;
}
