// Evaluations per second of a rule over the fields of one record, on one core.
#include <benchmark/benchmark.h>

#include "cel/program.h"

namespace {
using namespace yipan;
using cel::Type;
using cel::Value;

struct Row final : cel::Object {
    std::int64_t amount = 0;
    std::string status;
    Date opened;
    Value field(int i) const override {
        switch (i) {
            case 0: return Value::money({amount, {}});
            case 1: return Value::borrowed(status);
            default: return Value::date(opened);
        }
    }
    std::int64_t id() const override { return 1; }
};

cel::Schema& schema() {
    static cel::Schema s = [] {
        cel::Schema made;
        made.add("contract").fields = {{"amount", Type::money("CNY"), true, ""},
                                       {"status", Type::string(), true, ""},
                                       {"opened", Type::date(), true, ""}};
        return made;
    }();
    return s;
}

void evaluate(benchmark::State& state, std::string_view text) {
    cel::Env env;
    env.self = schema().find("contract");
    const auto program = cel::compile(text, env);
    if (!program) {
        state.SkipWithError(text_of(program.error()).c_str());
        return;
    }
    std::vector<Row> rows(64);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        rows[i].amount = static_cast<std::int64_t>(i) * 1000;
        rows[i].status = i % 8 == 0 ? "closed" : "active";
        rows[i].opened = Date{20000 + static_cast<std::int32_t>(i)};
    }
    cel::Activation activation;
    std::size_t n = 0;
    std::int64_t hits = 0;
    for (auto _ : state) {
        activation.self = &rows[n++ % rows.size()];
        hits += program->holds(activation);
    }
    benchmark::DoNotOptimize(hits);
    state.SetItemsProcessed(state.iterations());
    state.counters["share_true"] = static_cast<double>(hits) / static_cast<double>(state.iterations());
}
void three_comparisons(benchmark::State& s) {
    evaluate(s, "amount >= yuan(100) && status == 'active' && opened < date('2026-01-01')");
}
void null_tested(benchmark::State& s) {
    evaluate(s, "amount != null && amount >= yuan(100) && status in ['active', 'paused'] && opened.year() == 2024");
}
void compile_rule(benchmark::State& state) {
    cel::Env env;
    env.self = schema().find("contract");
    for (auto _ : state)
        benchmark::DoNotOptimize(
            cel::compile("amount >= yuan(100) && status == 'active' && opened < date('2026-01-01')", env));
}
BENCHMARK(three_comparisons);
BENCHMARK(null_tested);
BENCHMARK(compile_rule);
}  // namespace

BENCHMARK_MAIN();
