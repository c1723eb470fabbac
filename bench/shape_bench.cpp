// Speed of a change of the model on a board of N records (default 1,000,000): the look ahead, a field added, a figure
// derived anew, every record rewritten. Beside it the bare limit: SQLite's own ALTER TABLE, a walk over the same rows.
// Counts are asserted.
//
//   shape_bench DIR [N]
#include <fmt/format.h>
#include <sqlite3.h>

#include <chrono>
#include <cstdio>
#include <filesystem>

#include "base/check.h"
#include "board/board.h"
#include "store/vfs_pages.h"

namespace {
using namespace yipan;
using Clock_ = std::chrono::steady_clock;
double seconds_since(Clock_::time_point t) { return std::chrono::duration<double>(Clock_::now() - t).count(); }

constexpr const char* model_yaml = R"yaml(
types:
  unit:
    label: [单位, 單位, Unit]
    key: code
    responsible: none
    fields:
      code: {type: text, required: true, unique: true, max_chars: 20, label: [编号, 編號, Code]}
      kind: {type: choice, of: {a: [甲, 甲, A], b: [乙, 乙, B]}, label: [类别, 類別, Kind]}
  output:
    label: [产值月报, 產值月報, Output]
    responsible: none
    fields:
      unit: {type: reference, to: unit, required: true, label: [单位, 單位, Unit]}
      month: {type: period, grains: [month], required: true, label: [月份, 月份, Month]}
      amount: {type: money, min: 0, required: true, label: [产值, 產值, Output]}
      area: {type: decimal, scale: 4, unit: m2, label: [面积, 面積, Area]}
      staff: {type: integer, unit: 人, min: 0, label: [人数, 人數, Staff]}
      note: {type: text, max_chars: 200, label: [备注, 備註, Note]}
figures:
  amount: {label: [产值, 產值, Output], of: output, sum: amount, unit: unit, period: month}
  number: {label: [户数, 戶數, Number], of: output, count: true, unit: unit, period: month}
  area: {label: [面积, 面積, Area], of: output, sum: area, unit: unit, period: month}
  staff: {label: [人数, 人數, Staff], of: output, sum: staff, unit: unit, period: month}
)yaml";
constexpr int units = 1'000, months = 30;

[[noreturn]] void die(const Errors& errors) {
    std::fprintf(stderr, "%s", text_of(errors).c_str());
    std::exit(1);
}
template <class T>
T must(Checked<T> result) {
    if (!result) die(result.error());
    return std::move(*result);
}

std::unique_ptr<board::Board> grown(const std::string& path, std::int64_t n) {
    for (const char* suffix : {"", "-wal", "-shm", "-lock"}) std::filesystem::remove(path + suffix);
    board::Board::Birth birth;
    birth.name = "bench";
    birth.note = "fictional";
    birth.model = {{"m/types/m.yaml", model_yaml}};
    auto board = must(board::Board::create(path, birth));
    std::vector<board::Draft> drafts;
    const auto flush = [&] {
        for (auto& r : board->apply_batch(std::move(drafts)))
            if (!r) die(r.error());
        drafts.clear();
    };
    const auto add = [&](int type, std::vector<std::pair<int, record::Value>> set) {
        board::Draft d;
        d.channel = "bench";
        board::Change c;
        c.type = type;
        c.set = std::move(set);
        d.changes.push_back(std::move(c));
        drafts.push_back(std::move(d));
        if (drafts.size() >= 5'000) flush();
    };
    const int unit = board->model()->find_type("unit"), output = board->model()->find_type("output");
    for (int u = 1; u <= units; ++u) add(unit, {{0, fmt::format("U{}", u)}, {1, std::string(u % 2 ? "a" : "b")}});
    for (std::int64_t i = 0; i < n; ++i)
        add(output, {{0, 1 + i % units},
                     {1, Period::of_month(month_index(2024, 1) + static_cast<int>(i / units % months)).encoded()},
                     {2, i * 7919 % 100'000'000},
                     {3, i * 104'729 % 100'000'000},
                     {4, i % 500},
                     {5, fmt::format("第{}号月报，按规定报送", i)}});
    if (!drafts.empty()) flush();
    return board;
}

board::ModelChange edited(const board::Board& board, std::string_view from, std::string_view to,
                          const char* migration = nullptr) {
    board::ModelChange change;
    change.channel = "bench";
    change.files = board.model()->files;
    bool found = false;
    for (auto& file : change.files)
        if (const auto at = file.text.find(from); at != std::string::npos) {
            file.text.replace(at, from.size(), to);
            found = true;
        }
    YIPAN_CHECK(found);
    if (migration) change.migration = model::SourceFile{"m.yaml", std::string("migrations:\n  - ") + migration + "\n"};
    return change;
}

void line(const char* what, double seconds, const std::string& more) {
    std::printf("%-64s %9.3f s  %s\n", what, seconds, more.c_str());
    std::fflush(stdout);
}
std::string rate(std::int64_t n, double seconds, const char* of) {
    return fmt::format("{:.0f} {} a second", static_cast<double>(n) / seconds, of);
}
}  // namespace

int main(int argc, char** argv) {
    const std::string folder = argc > 1 ? argv[1] : ".";
    const std::int64_t n = argc > 2 ? std::atoll(argv[2]) : 1'000'000;
    const std::string path = folder + "/shape.board";
    auto board = grown(path, n);
    std::printf("%lld records, %d units x %d months, 4 figures\n", static_cast<long long>(n), units, months);
    {
        const auto t = Clock_::now();
        std::int64_t rows = 0;
        const auto s = board->snapshot();
        YIPAN_CHECK(s->each(1, [&](const record::RecordPtr&) { return ++rows > 0; }).has_value());
        YIPAN_CHECK(rows == n);
        line("limit: walk over all records once", seconds_since(t), rate(n, seconds_since(t), "records"));
    }
    {
        const auto change = edited(*board, "      note:", "      grade: {type: text, label: [a, a, a]}\n      note:");
        auto t = Clock_::now();
        const auto preview = must(board->preview_model(change));
        line("model diff, a field added", seconds_since(t), "");
        YIPAN_CHECK(preview.refused.empty() && preview.tables.size() == 1 && preview.tables[0].records == n);
        t = Clock_::now();
        const auto done = must(board->change_model(change));
        line("a field added", seconds_since(t), "");
        YIPAN_CHECK(done.rewritten == 0 && done.postings == 0);
    }
    {
        const auto change = edited(*board, "of: output, sum: amount, unit",
                                   "of: output, sum: amount, where: \"unit.kind == 'a'\", unit");
        auto t = Clock_::now();
        const auto preview = must(board->preview_model(change));
        line("model diff, a figure's condition changed", seconds_since(t), rate(n, seconds_since(t), "records"));
        YIPAN_CHECK(preview.figures.size() == 1 && preview.figures[0].cells_changed > 0);
        t = Clock_::now();
        const auto done = must(board->change_model(change));
        line("a figure's condition changed", seconds_since(t),
             rate(n, seconds_since(t), "records") + fmt::format(", {} postings", done.postings));
        YIPAN_CHECK(done.rewritten == 0 && done.postings == n / 2);
    }
    {
        const auto change =
            edited(*board, "scale: 4", "scale: 2", "narrow: {type: output, field: area, rule: half_up}");
        auto t = Clock_::now();
        const auto preview = must(board->preview_model(change));
        line("model diff, a decimal narrowed in every record", seconds_since(t), rate(n, seconds_since(t), "records"));
        t = Clock_::now();
        const auto done = must(board->change_model(change));
        line("a decimal narrowed in every record", seconds_since(t),
             rate(done.rewritten, seconds_since(t), "entries") + fmt::format(", {} postings", done.postings));
        YIPAN_CHECK(done.rewritten == preview.tables[0].rewritten);
        YIPAN_CHECK(done.rewritten > n - n / 1000);
    }
    {
        board::ModelChange back;
        back.back = true;
        back.channel = "bench";
        const auto t = Clock_::now();
        const auto done = must(board->change_model(back));
        line("one step back, former values from the journal", seconds_since(t),
             rate(done.rewritten, seconds_since(t), "entries"));
    }
    board.reset();
    {  // what SQLite itself takes for a column
        sqlite3* db = nullptr;
        YIPAN_CHECK(sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE, store::page_vfs()) == SQLITE_OK);
        const auto t = Clock_::now();
        YIPAN_CHECK(sqlite3_exec(db, "BEGIN; ALTER TABLE output ADD COLUMN bare TEXT; ROLLBACK", nullptr, nullptr,
                                 nullptr) == SQLITE_OK);
        line("limit: SQLite's own ADD COLUMN", seconds_since(t), "");
        sqlite3_close(db);
    }
    return 0;
}
