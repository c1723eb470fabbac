// Speed of imports beside their limits. Every number is checked: rows are counted, a figure is compared with the sum.
//
//   exchange_bench make DIR N   writes DIR/rows.xlsx and DIR/rows.csv: N rows of 30 columns
//   exchange_bench xlsx DIR N   validates and applies the workbook while another client writes, then undoes it
//   exchange_bench csv DIR N    the CSV file staged, and the direct import of the same rows beside it
//   exchange_bench read DIR N   unpacking and parsing the workbook only
#include <fmt/format.h>
#include <sys/resource.h>
#include <xlsxwriter.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "base/check.h"
#include "board/board.h"
#include "exchange/csv_import.h"
#include "exchange/import.h"
#include "exchange/xlsx_read.h"

namespace {
using namespace yipan;
using Clock_ = std::chrono::steady_clock;
double seconds_since(Clock_::time_point t) { return std::chrono::duration<double>(Clock_::now() - t).count(); }
std::int64_t peak_mib() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss / 1024;
}
[[noreturn]] void die(const Errors& errors) {
    std::fprintf(stderr, "%s\n", text_of(errors).c_str());
    std::exit(1);
}

constexpr int units = 200;

// unit, period, 8 amounts, 6 decimals, 4 dates, 4 integers, 4 texts, 1 choice, the key: 30 columns.
std::string model_text() {
    std::string fields =
        "      code: {type: text, required: true, unique: true, max_chars: 30, label: [编号, 編號, Code]}\n"
        "      unit: {type: reference, to: unit, required: true, label: [单位, 單位, Unit]}\n"
        "      period: {type: period, grains: [month], required: true, label: [月份, 月份, Month]}\n"
        "      kind: {type: choice, of: {a: [甲类, 甲類, A], b: [乙类, 乙類, B]}, label: [类别, 類別, Kind]}\n";
    const auto add = [&](const char* name, int n, const char* type) {
        for (int i = 1; i <= n; ++i)
            fields += fmt::format("      {0}{1}: {{{2}, label: [{0}{1}, {0}{1}, {0}{1}]}}\n", name, i, type);
    };
    add("amount", 8, "type: money, min: 0");
    add("size", 6, "type: decimal, scale: 2, min: 0");
    add("day", 4, "type: date");
    add("count", 4, "type: integer, min: 0");
    add("note", 4, "type: text, max_chars: 100");
    return "types:\n  unit:\n    label: [单位, 單位, Unit]\n    key: code\n    responsible: none\n    fields:\n"
           "      code: {type: text, required: true, unique: true, max_chars: 20, label: [编号, 編號, Code]}\n"
           "      note: {type: text, max_chars: 100, label: [备注, 備註, Note]}\n"
           "  output:\n    label: [台账, 台賬, Ledger]\n    key: code\n    responsible: none\n    fields:\n" +
           fields +
           "figures:\n  amount: {label: [金额, 金額, Amount], of: output, sum: amount1, unit: unit, period: period}\n"
           "  number: {label: [户数, 戶數, Number], of: output, count: true, unit: unit, period: period}\n";
}

std::vector<std::string> head() {
    std::vector<std::string> out{"code", "unit", "period", "kind"};
    for (const auto& [name, n] : {std::pair{"amount", 8}, {"size", 6}, {"day", 4}, {"count", 4}, {"note", 4}})
        for (int i = 1; i <= n; ++i) out.push_back(name + std::to_string(i));
    return out;
}
std::int64_t amount_of(std::int64_t row) { return row * 7919 % 10'000'000; }  // fen

void make(const std::string& dir, std::int64_t n) {
    // The model and the units as well, for the round trip on the command line (bench/run round-trip).
    std::filesystem::create_directories(dir + "/model/bench/types");
    if (std::FILE* file = std::fopen((dir + "/model/bench/types/bench.yaml").c_str(), "w")) {
        fmt::print(file, "{}", model_text());
        std::fclose(file);
    }
    if (std::FILE* file = std::fopen((dir + "/units.csv").c_str(), "w")) {
        fmt::print(file, "code\n");
        for (int i = 0; i < units; ++i) fmt::print(file, "U{:03}\n", i);
        std::fclose(file);
    }
    lxw_workbook_options options{};
    options.constant_memory = LXW_TRUE;
    lxw_workbook* book = workbook_new_opt((dir + "/rows.xlsx").c_str(), &options);
    lxw_worksheet* sheet = workbook_add_worksheet(book, "台账");
    lxw_format* date = workbook_add_format(book);
    format_set_num_format(date, "yyyy-mm-dd");
    std::FILE* csv = std::fopen((dir + "/rows.csv").c_str(), "w");
    YIPAN_CHECK(book && csv);
    std::string line;
    for (std::size_t c = 0; c < head().size(); ++c) {
        worksheet_write_string(sheet, 0, static_cast<lxw_col_t>(c), head()[c].c_str(), nullptr);
        line += (c ? "," : "") + head()[c];
    }
    fmt::print(csv, "{}\n", line);
    constexpr std::int64_t sheet_rows = 1'000'000;
    for (std::int64_t i = 0; i < n; ++i) {
        const bool in_sheet = i < sheet_rows;
        lxw_col_t column = 0;
        const auto row = static_cast<lxw_row_t>(i + 1);
        line.clear();
        const auto text = [&](const std::string& value) {
            if (in_sheet) worksheet_write_string(sheet, row, column++, value.c_str(), nullptr);
            line += (line.empty() ? "" : ",") + value;
        };
        const auto number = [&](double value, const std::string& shown, lxw_format* format = nullptr) {
            if (in_sheet) worksheet_write_number(sheet, row, column++, value, format);
            line += "," + shown;
        };
        text(fmt::format("P-{:07}", i));
        text(fmt::format("U{:03}", i % units));
        text(fmt::format("2026-{:02}", i % 12 + 1));
        text(i % 2 ? "a" : "b");
        for (int k = 0; k < 8; ++k) {
            const std::int64_t fen = k == 0 ? amount_of(i) : i * (k + 3) % 1'000'000;
            number(static_cast<double>(fen) / 100, fmt::format("{}.{:02}", fen / 100, fen % 100));
        }
        for (int k = 0; k < 6; ++k) {
            const std::int64_t size = i * (k + 11) % 100'000;
            number(static_cast<double>(size) / 100, fmt::format("{}.{:02}", size / 100, size % 100));
        }
        for (int k = 0; k < 4; ++k) {
            const auto day = static_cast<std::int32_t>(20'000 + (i + k * 31) % 700);
            number(day + 25'569, Date{day}.text(), date);
        }
        for (int k = 0; k < 4; ++k)
            number(static_cast<double>(i * (k + 5) % 9'999), std::to_string(i * (k + 5) % 9'999));
        for (int k = 0; k < 4; ++k) text(fmt::format("第{}号台账备注{}", i % 5'000, k));
        fmt::print(csv, "{}\n", line);
    }
    YIPAN_CHECK(workbook_close(book) == LXW_NO_ERROR && std::fclose(csv) == 0);
}

std::unique_ptr<board::Board> fresh(const std::string& path) {
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(path).parent_path()))
        if (entry.path().string().starts_with(path)) std::filesystem::remove(entry.path());
    board::Board::Birth birth;
    birth.name = "bench";
    birth.model = {{"bench/types/bench.yaml", model_text()}};
    auto board = board::Board::create(path, std::move(birth));
    if (!board) die(board.error());
    board::Draft draft;
    draft.channel = "bench";
    for (int i = 0; i < units; ++i) {
        board::Change change;
        change.type = 0;
        change.set = {{0, fmt::format("U{:03}", i)}};
        draft.changes.push_back(std::move(change));
    }
    if (auto made = (*board)->apply(std::move(draft)); !made) die(made.error());
    return std::move(*board);
}

// The sum of the figure over all units is the sum of the rows.
void check(board::Board& board, std::int64_t n) {
    const auto snapshot = board.snapshot();
    const auto count = snapshot->count(1, "");
    YIPAN_CHECK(count && *count == n);
    __int128 sum = 0, wanted = 0;
    snapshot->each_cell([&](const figure::CellKey& key, __int128 cell, std::int64_t) {
        if (key.figure == 0) sum += cell;
    });
    for (std::int64_t i = 0; i < n; ++i) wanted += amount_of(i);
    YIPAN_CHECK(sum == wanted);
}

// Another client: one amendment after the other, with a pause.
class Other {
  public:
    explicit Other(board::Board& board) : board_(board), thread_([this] { run(); }) {}
    ~Other() {
        stop_ = true;
        thread_.join();
    }
    std::string text() {
        stop_ = true;
        while (!done_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        std::sort(ms_.begin(), ms_.end());
        if (ms_.empty()) return "no writes";
        return fmt::format("{} single writes: p50 {:.1f} ms, p99 {:.1f} ms, greatest {:.1f} ms (wanted p99 < 100)",
                           ms_.size(), ms_[ms_.size() / 2], ms_[ms_.size() * 99 / 100], ms_.back());
    }

  private:
    void run() {
        for (int i = 0; !stop_; ++i) {
            board::Draft draft;
            draft.channel = "bench";
            board::Change change;
            change.verb = board::Verb::amend;
            change.type = 0;
            change.record = RecordId(1 + i % units);
            change.set = {{1, std::to_string(i)}};
            draft.changes.push_back(std::move(change));
            const auto t = Clock_::now();
            if (const auto written = board_.apply(std::move(draft)); !written) die(written.error());
            ms_.push_back(seconds_since(t) * 1e3);
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        done_ = true;
    }
    board::Board& board_;
    std::vector<double> ms_;
    std::atomic<bool> stop_ = false, done_ = false;
    std::thread thread_;
};

double rate(std::int64_t n, double seconds) { return static_cast<double>(n) / seconds; }

std::unique_ptr<exchange::StagedImport> stage(board::Board& board, const std::string& path, const std::string& file,
                                              std::int64_t n) {
    auto import = exchange::StagedImport::stage(board, path, 1, file, {});
    if (!import) die(import.error());
    if ((*import)->report().failed > 0) die((*import)->report().errors);
    YIPAN_CHECK((*import)->report().create == n);
    return std::move(*import);
}

void xlsx(const std::string& dir, std::int64_t n) {
    const std::string path = dir + "/xlsx.board";
    auto board = fresh(path);
    double staged = 0, applied = 0, undone = 0;
    {
        Other staging_other(*board);
        const auto t = Clock_::now();
        auto import = stage(*board, path, dir + "/rows.xlsx", n);
        staged = seconds_since(t);
        fmt::print("  while validating: {}\n", staging_other.text());
        Other other(*board);
        const auto t2 = Clock_::now();
        if (const auto done = import->apply({}); !done) die(done.error());
        applied = seconds_since(t2);
        fmt::print("  while applying: {}\n", other.text());
    }
    check(*board, n);
    const std::int64_t memory = peak_mib();
    {
        auto import = exchange::StagedImport::open(*board, path, "1");
        YIPAN_CHECK(import.has_value());
        Other other(*board);
        const auto t = Clock_::now();
        if (const auto done = (*import)->undo({}); !done) die(done.error());
        undone = seconds_since(t);
        fmt::print("  while undoing: {}\n", other.text());
    }
    check(*board, 0);
    fmt::print(
        "{} rows x 30 columns of XLSX\tvalidated {:.1f} s + applied {:.1f} s\t{:.0f} rows/s (wanted 8,000)\tpeak {} "
        "MiB (wanted < 512)\n",
        n, staged, applied, rate(n, staged + applied), memory);
    fmt::print("undone\t{:.1f} s\t{:.0f} rows/s (wanted not less)\tpeak {} MiB\n", undone, rate(n, undone), peak_mib());
}

void csv(const std::string& dir, std::int64_t n) {
    const std::string path = dir + "/csv.board";
    double staged = 0, direct = 0;
    {
        auto board = fresh(path);
        const auto t = Clock_::now();
        auto import = stage(*board, path, dir + "/rows.csv", n);
        if (const auto done = import->apply({}); !done) die(done.error());
        staged = seconds_since(t);
        check(*board, n);
    }
    const std::int64_t memory = peak_mib();
    {
        auto board = fresh(path);
        const auto t = Clock_::now();
        const auto result = exchange::import_csv(*board, 1, dir + "/rows.csv");
        if (!result.ok()) die(result.errors);
        direct = seconds_since(t);
        check(*board, n);
    }
    fmt::print(
        "{} CSV rows x 30 columns\tstaged {:.1f} s ({:.0f}/s, peak {} MiB)\tdirect {:.1f} s\tratio {:.2f} (wanted "
        "0.7)\n",
        n, staged, rate(n, staged), memory, direct, direct / staged);
}

void read(const std::string& dir, std::int64_t n) {
    const auto t = Clock_::now();
    auto reader = exchange::XlsxReader::open_file(dir + "/rows.xlsx", "rows.xlsx");
    YIPAN_CHECK(reader && (*reader)->open_sheet(""));
    std::int64_t rows = -1;
    while ((*reader)->next().value_or(false)) ++rows;
    YIPAN_CHECK(rows == n);
    fmt::print("read {} rows x 30 columns of XLSX\t{:.1f} s\t{:.0f} rows/s\tpeak {} MiB\n", n, seconds_since(t),
               rate(n, seconds_since(t)), peak_mib());
}

}  // namespace

int main(int argc, char** argv) {
    const std::string what = argc > 1 ? argv[1] : "", dir = argc > 2 ? argv[2] : "";
    const std::int64_t n = argc > 3 ? std::atoll(argv[3]) : 400'000;
    if (dir.empty()) return std::fprintf(stderr, "exchange_bench make|read|xlsx|csv DIR [N]\n"), 2;
    std::filesystem::create_directories(dir);
    if (what == "make")
        make(dir, n);
    else if (what == "read")
        read(dir, n);
    else if (what == "xlsx")
        xlsx(dir, n);
    else if (what == "csv")
        csv(dir, n);
    else
        return 2;
}
