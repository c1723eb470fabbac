// Whether boards in one process scale to the cores: durable single-record drafts by eight producers to one board, then to
// eight boards at once by eight producers each; and all 64 to one board, whose batches are then larger. Rows are counted.
//
//   boards_bench DIR|ADDRESS [N]    N drafts to the eight boards; in files of DIR, or in schemas of the database
#include <fmt/format.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "base/check.h"
#include "board/board.h"
#include "store/open.h"

namespace {
using namespace yipan;
using Clock_ = std::chrono::steady_clock;
constexpr int a_board = 8, boards_max = 8;  // producers of a board
double seconds_since(Clock_::time_point t) { return std::chrono::duration<double>(Clock_::now() - t).count(); }
double cpu_seconds() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}
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
      code: {type: text, required: true, max_chars: 20, label: [编号, 編號, Code]}
      month: {type: period, grains: [month], required: true, label: [月份, 月份, Month]}
      amount: {type: money, min: 0, required: true, label: [产值, 產值, Output]}
figures:
  amount: {label: [产值, 產值, Output], of: output, sum: amount, unit: unit, period: month}
)yaml";

std::string name_of(const std::string& place, int i) {
    const std::string name = "boards_bench_" + std::to_string(i);
    if (!store::is_address(place)) return place + "/" + name + ".board";
    return place + (place.find('?') == std::string::npos ? "?" : "&") + "board=" + name;
}

struct Run {
    double rate = 0, cores = 0;  // drafts a second, CPU used for each second
};
Run run(const std::string& place, int boards, int producers, std::int64_t n) {
    std::vector<std::unique_ptr<board::Board>> all;
    for (int i = 0; i < boards; ++i) {
        store::discard(name_of(place, i), store::Made::by_us);
        board::Board::Birth birth;
        birth.name = "bench";
        birth.model = {{"bench/types/bench.yaml", model_yaml}};
        auto made = board::Board::create(name_of(place, i), birth);
        if (!made) std::fprintf(stderr, "%s\n", text_of(made.error()).c_str()), std::exit(1);
        board::Draft ground;
        ground.channel = "bench";
        board::Change unit;
        unit.type = 0;
        unit.set = {{0, std::string("U")}};
        ground.changes.push_back(std::move(unit));
        YIPAN_CHECK((*made)->apply(std::move(ground)).has_value());
        all.push_back(std::move(*made));
    }
    std::atomic<std::int64_t> next{0};
    const double cpu = cpu_seconds();
    const auto t = Clock_::now();
    std::vector<std::thread> threads;
    for (int p = 0; p < producers; ++p)
        threads.emplace_back([&, p] {
            board::Board& board = *all[static_cast<std::size_t>(p % boards)];
            for (std::int64_t i; (i = next++) < n;) {
                board::Draft d;
                d.channel = "bench";
                board::Change c;
                c.type = 1;
                c.set = {{0, std::int64_t{1}},
                         {1, "C" + std::to_string(i)},
                         {2, std::int64_t{Period::of_month(month_index(2024, 1) + static_cast<int>(i % 30)).encoded()}},
                         {3, i * 7'907 % 100'000'000}};
                d.changes.push_back(std::move(c));
                YIPAN_CHECK(board.apply(std::move(d)).has_value());
            }
        });
    for (auto& th : threads) th.join();
    const double took = seconds_since(t);
    Run out{static_cast<double>(n) / took, (cpu_seconds() - cpu) / took};
    std::int64_t rows = 0;
    for (const auto& board : all) rows += board->snapshot()->count(1, "").value_or(0);
    YIPAN_CHECK(rows == n);
    all.clear();
    for (int i = 0; i < boards; ++i) store::discard(name_of(place, i), store::Made::by_us);
    return out;
}
}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return std::fprintf(stderr, "usage: boards_bench DIR|ADDRESS [N]\n"), 2;
    const std::string place = argv[1];
    const std::int64_t n = argc > 2 ? std::atoll(argv[2]) : 200'000;
    if (!store::is_address(place)) std::filesystem::create_directories(place);
    const Run one = run(place, 1, a_board, n / boards_max), eight = run(place, boards_max, a_board * boards_max, n), all = run(place, 1, a_board * boards_max, n);
    fmt::print("{} boards at once, {} producers each\t{:.0f}/s, {:.2f} cores of {} used here\tone board, {} producers {:.0f}/s, {:.2f} cores\tratio {:.2f}\n", boards_max, a_board, eight.rate,
               eight.cores, std::thread::hardware_concurrency(), a_board, one.rate, one.cores, eight.rate / one.rate);
    fmt::print("  one board, all {} producers\t{:.0f}/s, {:.2f} cores\n", a_board * boards_max, all.rate, all.cores);
    return 0;
}
