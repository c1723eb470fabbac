// Text services on the name of a company, 17 characters; the aim is under two microseconds each.
#include <benchmark/benchmark.h>

#include "base/text.h"

namespace {
constexpr std::string_view simplified = "镇江市京口区长江新材料科技有限公司";
constexpr std::string_view traditional = "鎮江市京口區長江新材料科技有限公司";

void text_nfc(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(yipan::to_nfc(simplified));
}
void text_fold(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(yipan::fold(traditional));
}
void text_pinyin_key(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(yipan::pinyin_key(simplified));
}
void text_pinyin_readings(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(yipan::pinyin_readings(simplified));
}
void text_pinyin_matches_at_the_end(benchmark::State& state) {
    const yipan::PinyinQuery query("kejiyxgs");
    for (auto _ : state) benchmark::DoNotOptimize(query.matches(simplified));
}
void text_pinyin_matches_never(benchmark::State& state) {
    const yipan::PinyinQuery query("zhenjiangx");
    for (auto _ : state) benchmark::DoNotOptimize(query.matches(simplified));
}
BENCHMARK(text_nfc);
BENCHMARK(text_fold);
BENCHMARK(text_pinyin_key);
BENCHMARK(text_pinyin_readings);
BENCHMARK(text_pinyin_matches_at_the_end);
BENCHMARK(text_pinyin_matches_never);
}  // namespace
BENCHMARK_MAIN();
