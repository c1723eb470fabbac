// Reading CSV: a million rows of eight cells as a register of enterprises has them (names in Chinese, codes, dates,
// amounts).
#include <benchmark/benchmark.h>
#include <unicode/ucnv.h>

#include "base/csv.h"

namespace {

std::string sample(int rows) {
    std::string out;
    for (int i = 0; i < rows; ++i) {
        const std::string n = std::to_string(i);
        out += "P-" + n + ",甲川市甲口区虚构科技有限公司" + n + ",9100000000000000" + n.substr(0, 1) +
               ",2026-07-01,123456.78,\"大港街道, 东方路 " + n + " 号\",生产," + n + "\n";
    }
    return out;
}

void read_all(benchmark::State& state, const std::string& text, yipan::CsvEncoding encoding) {
    std::size_t rows = 0;
    for (auto _ : state) {
        yipan::CsvReader reader(yipan::bytes_of_text(text), {.encoding = encoding});
        rows = 0;
        std::size_t bytes = 0;
        for (;;) {
            const auto more = reader.next();
            if (!more) state.SkipWithError(more.error().text().c_str());
            if (!more || !*more) break;
            ++rows;
            for (const auto cell : reader.row()) bytes += cell.size();
        }
        benchmark::DoNotOptimize(bytes);
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(rows) * state.iterations());
    state.SetBytesProcessed(static_cast<std::int64_t>(text.size()) * state.iterations());
}

void csv_utf8(benchmark::State& state) {
    read_all(state, sample(static_cast<int>(state.range(0))), yipan::CsvEncoding::utf8);
}
void csv_gb18030(benchmark::State& state) {
    const std::string utf8 = sample(static_cast<int>(state.range(0)));
    std::string gb(utf8.size() * 2, '\0');
    UErrorCode error = U_ZERO_ERROR;
    const int size = ucnv_convert("gb18030", "utf-8", gb.data(), static_cast<int>(gb.size()), utf8.data(),
                                  static_cast<int>(utf8.size()), &error);
    gb.resize(static_cast<std::size_t>(size));
    read_all(state, gb, yipan::CsvEncoding::gb18030);
}
void csv_write(benchmark::State& state) {
    for (auto _ : state) {
        std::size_t bytes = 0;
        yipan::CsvWriter writer(
            [&](std::string_view piece) -> yipan::Status { return bytes += piece.size(), yipan::Status{}; });
        for (int i = 0; i < state.range(0); ++i) {
            for (int c = 0; c < 4; ++c) writer.text("甲川市甲口区虚构科技有限公司").number("123456.78");
            if (!writer.end_row()) state.SkipWithError("sink");
        }
        benchmark::DoNotOptimize(bytes);
    }
    state.SetItemsProcessed(state.range(0) * state.iterations());
}
BENCHMARK(csv_utf8)->Arg(1'000'000)->Unit(benchmark::kMillisecond);
BENCHMARK(csv_gb18030)->Arg(1'000'000)->Unit(benchmark::kMillisecond);
BENCHMARK(csv_write)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

}  // namespace
BENCHMARK_MAIN();
