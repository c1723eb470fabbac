// Every formula of the catalogue: its value, and the trap that must give a reason instead of a number.
#include <cmath>

#include "score/test_support.h"

namespace yipan::score {
namespace {

using Values = std::vector<std::optional<double>>;
const auto none = std::nullopt;

std::string one_indicator(const std::string& formula, const std::string& more = "") {
    return "scheme: s\nmissing: reweight\ntree:\n  code: total\n  children:\n    - indicator: x\n" + more +
           "      formula: {" + formula + "}\n";
}
std::vector<std::string> names(std::size_t count) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < count; ++i) out.push_back(std::string(1, static_cast<char>('A' + i)));
    return out;
}
Outcome outcome_of(const std::string& yaml, std::map<std::string, Values> columns) {
    const std::size_t count = columns.begin()->second.size();
    auto out = score(table_of(names(count), std::move(columns)), scheme_of(yaml));
    if (!out) ADD_FAILURE() << text_of(out.error());
    return out ? *out : Outcome{};
}
/// The cells of indicator x in a scheme that has only it.
std::vector<Cell> cells(const std::string& formula, std::map<std::string, Values> columns,
                        const std::string& more = "") {
    std::vector<Cell> out;
    for (const UnitOutcome& unit : outcome_of(one_indicator(formula, more), std::move(columns)).units)
        out.push_back(unit.cells[1]);
    return out;
}
void expect_values(const std::vector<Cell>& got, const Values& want) {
    ASSERT_EQ(got.size(), want.size());
    for (std::size_t i = 0; i < want.size(); ++i) {
        ASSERT_EQ(got[i].value.has_value(), want[i].has_value()) << i << " " << got[i].text << got[i].reason;
        if (want[i])
            EXPECT_NEAR(*got[i].value, *want[i], 1e-9) << i << " " << got[i].text;
        else
            EXPECT_FALSE(got[i].reason.empty());
    }
}
const std::string down = "      direction: down\n";

TEST(Formula, ratio_to_target_is_capped_and_a_zero_target_gives_a_reason) {
    expect_values(cells("kind: ratio_target, target: 50, cap: 150", {{"x", {25, 50, 100, none}}}),
                  {50, 100, 150, none});
    const auto own =
        cells("kind: ratio_target, target: {column: goal}", {{"x", {25, 50, 10}}, {"goal", {50, 0, none}}});
    expect_values(own, {50, none, none});
    EXPECT_TRUE(own[1].has(Flag::no_value));
    EXPECT_NE(own[1].reason.find("above 0"), std::string::npos) << own[1].reason;
    EXPECT_NE(own[2].reason.find("goal"), std::string::npos) << own[2].reason;
    expect_values(cells("kind: ratio_target, target: 50", {{"x", {25, 100, 0}}}, down), {200, 50, none});
}
TEST(Formula, ratio_to_baseline_has_no_cap_unless_stated) {
    expect_values(cells("kind: ratio_baseline, baseline: 24.097", {{"x", {48.194, 24.097}}}), {200, 100});
}
TEST(Formula, a_negative_value_in_a_ratio_follows_the_stated_switch) {
    expect_values(cells("kind: ratio_target, target: 10", {{"x", {-5, 5}}}), {none, 50});
    expect_values(cells("kind: ratio_target, target: 10, negative: zero", {{"x", {-5, 5}}}), {0, 50});
    expect_values(cells("kind: ratio_target, target: 10, negative: keep", {{"x", {-5, 5}}}), {-50, 50});
}
TEST(Formula, ratio_to_the_best_has_no_value_when_all_growth_is_negative) {
    expect_values(cells("kind: ratio_best, scale: 30", {{"x", {5, 10}}}), {15, 30});
    expect_values(cells("kind: ratio_best", {{"x", {-5, -10}}}), {none, none});
    expect_values(cells("kind: ratio_best", {{"x", {5, 10}}}, down), {100, 50});
}
TEST(Formula, min_max_runs_over_any_range_and_a_zero_range_gives_no_value) {
    expect_values(cells("kind: minmax", {{"x", {7.5, 20, 12}}}), {0, 100, 36});
    expect_values(cells("kind: minmax, range: [20, 100]", {{"x", {0, 50, 100}}}), {20, 60, 100});
    expect_values(cells("kind: minmax", {{"x", {1, 2, 5}}}, down), {100, 75, 0});
    const auto flat = cells("kind: minmax", {{"x", {3, 3, 3}}});
    expect_values(flat, {none, none, none});
    EXPECT_NE(flat[0].reason.find("equal"), std::string::npos);
}
TEST(Formula, efficacy_is_60_plus_40_and_may_leave_the_scale) {
    expect_values(cells("kind: efficacy, unacceptable: 10, satisfactory: 20", {{"x", {10, 20, 15, 30}}}),
                  {60, 100, 80, 140});
    expect_values(cells("kind: efficacy, unacceptable: 10, satisfactory: 20, cap: 100", {{"x", {30}}}), {100});
    expect_values(cells("kind: efficacy, unacceptable: 20, satisfactory: 10", {{"x", {20, 10}}}, down), {60, 100});
}
TEST(Formula, rank_step_counts_only_the_units_that_have_the_business) {
    const auto got = cells("kind: rank_step, step: 0.2, full: 10", {{"x", {9, none, 7, 7, 1}}});
    EXPECT_EQ(got[1].reason, "no value was reported");
    // full: 10 sets the full marks; the ladder starts there.
    expect_values(got, {10, none, 9.8, 9.8, 9.4});
    expect_values(cells("kind: rank_step, step: 0.2, full: 10, ties: average", {{"x", {9, 8, 7, 7, 1}}}),
                  {10, 9.8, 9.5, 9.5, 9.2});
    expect_values(cells("kind: rank_step, step: 60", {{"x", {1, 2, 3}}}), {0, 40, 100});
}
TEST(Formula, level_step_switches_between_whole_steps_and_pro_rata) {
    const std::string yinchuan =
        "kind: level_step, base: 2, reference: {column: last}, step: 0.1, per: 2, cap: 4, full: 4";
    expect_values(cells(yinchuan, {{"x", {105, 100, 95, 200}}, {"last", {100, 100, 100, 100}}}), {2.25, 2, 1.75, 4});
    expect_values(cells(yinchuan + ", steps: whole", {{"x", {105, 100, 95, 200}}, {"last", {100, 100, 100, 100}}}),
                  {2.2, 2, 1.8, 4});
    expect_values(cells("kind: level_step, base: 0, step: 1, per: 0.1, steps: whole, full: 3", {{"x", {0.3}}}), {3});
    expect_values(
        cells(
            "kind: level_step, base: 80, reference: {column: last}, of: percent, step: 1, per: 5, cap: 150, full: 100",
            {{"x", {110, 110}}, {"last", {100, 0}}}),
        {82, none});
}
TEST(Formula, tranche_is_progressive_and_mirrored_below) {
    const auto got = cells("kind: tranche, base: 20, reference: 100", {{"x", {125, 75, 100, 10}}});
    expect_values(got, {20 + 10 + 5 + 10 * 0.5 / 3, 20 - 10 - 5 - 10 * 0.5 / 3, 20, 0});
    EXPECT_NEAR(*got[0].value, 36.667, 1e-3);
    EXPECT_TRUE(got[3].has(Flag::clamped));
    expect_values(cells("kind: tranche, base: 20, reference: 0, divisor: 60", {{"x", {25}}}),
                  {20 + 10.0 / 3 + 2.5 + 1});
    expect_values(cells("kind: tranche, base: 20", {{"x", {90, 110}}}), {10, 30});  // against the mean of the peers
}
TEST(Formula, mean_centre_gives_full_marks_at_the_mean_with_or_without_self) {
    expect_values(cells("kind: mean_centre, cap: 150", {{"x", {10, 20, 60}}}), {100 / 3.0, 200 / 3.0, 150});
    expect_values(cells("kind: mean_centre, self: without", {{"x", {10, 20, 60}}}), {25, 2000 / 35.0, 400});
    expect_values(cells("kind: mean_centre, of: difference, step: 2", {{"x", {10, 20, 60}}}), {60, 80, 160});
    expect_values(cells("kind: mean_centre", {{"x", {-10, 5}}}), {none, none});
    expect_values(cells("kind: mean_centre, self: without", {{"x", {5}}}), {none});
}
TEST(Formula, mix_joins_total_and_growth_and_names_the_part_that_is_missing) {
    const std::string suxian =
        "kind: mix, share: 0.4, first: {kind: ratio_best, column: total}, second: {kind: mean_centre, column: growth, "
        "cap: 150}";
    const auto got = cells(suxian, {{"total", {50, 100, 80}}, {"growth", {10, 20, none}}});
    expect_values(got, {0.4 * 50 + 0.6 * 100 * 10 / 15, 0.4 * 100 + 0.6 * 100 * 20 / 15, none});
    EXPECT_NE(got[2].reason.find("second part"), std::string::npos) << got[2].reason;
}
TEST(Formula, value_is_taken_as_reported) {
    expect_values(cells("kind: value, cap: 100", {{"x", {98.06, 101}}}), {98.06, 100});
}
TEST(Formula, goalposts_clamp_and_scaled_does_not) {
    const auto got = cells("kind: goalposts, posts: [20, 85]", {{"x", {20, 85, 52.5, 90, 10}}});
    expect_values(got, {0, 1, 0.5, 1, 0});
    EXPECT_TRUE(got[3].has(Flag::clamped) && got[4].has(Flag::clamped) && !got[0].has(Flag::clamped));
    expect_values(cells("kind: scaled, posts: [20, 85]", {{"x", {52.5, 150}}}), {50, 200});
    expect_values(cells("kind: goalposts, posts: [0, 10]", {{"x", {2, 12}}}, down), {0.8, 0});
}
TEST(Formula, log_needs_values_above_zero) {
    const auto got =
        cells("kind: goalposts, posts: [100, 75000]", {{"x", {1000, 0, 146673}}}, "      transform: log\n");
    expect_values(got, {std::log(10) / std::log(750), none, 1});
    EXPECT_NE(got[1].reason.find("logarithm"), std::string::npos);
}
TEST(Formula, distance_to_reference_and_to_target) {
    expect_values(cells("kind: distance_reference, unit: B", {{"x", {0, 50, 100}}}), {0, 1, 2});
    expect_values(cells("kind: distance_reference, unit: B, cap: 1", {{"x", {0, 50, 100}}}), {0, 1, 1});
    expect_values(cells("kind: distance_reference, unit: B", {{"x", {0, none, 100}}}), {none, none, none});
    expect_values(cells("kind: distance_reference, unit: A", {{"x", {0, 50, 100}}}), {none, none, none});
    expect_values(cells("kind: distance_target, target: 80, cap: 1", {{"x", {0, 40, 100}}}), {0, 0.5, 1});
    expect_values(cells("kind: distance_target, target: 20", {{"x", {100, 60, 0}}}, down), {0, 0.5, 1.25});
    expect_values(cells("kind: distance_target, target: -1", {{"x", {0, 40}}}), {none, none});
}
TEST(Formula, order_based_ones_need_something_to_order) {
    expect_values(cells("kind: percentile", {{"x", {5}}}), {none});
    expect_values(cells("kind: zscore", {{"x", {0.1, 0.1, 0.1}}}), {none, none, none});
    expect_values(cells("kind: fraction_of_max", {{"x", {-1, -2}}}), {none, none});
    expect_values(cells("kind: distance_max", {{"x", {4, 4}}}), {none, none});
    expect_values(cells("kind: rank, ties: average", {{"x", {12, 15.5, 9, 20, 15.5, 7.5}}}), {3, 4.5, 2, 6, 4.5, 1});
}
TEST(Formula, a_result_too_large_for_a_number_is_no_value) {
    expect_values(cells("kind: ratio_target, target: 1e-300", {{"x", {1e300}}}), {none});
}
TEST(Formula, the_explanation_carries_the_numbers) {
    const auto got = cells("kind: minmax", {{"x", {7.5, 20, 12}}});
    EXPECT_EQ(got[2].text, "0 + 100 × (12 - 7.5) / (20 - 7.5) = 36");
    EXPECT_EQ(*got[2].raw, 12);
}

// The other normalisers of the ASEM example, against the shared folder.
void expect_asem_normaliser(const std::string& formula, const std::string& file, bool up_only = false,
                            const std::string& except = "") {
    const auto treated = read_test_data("asem/step_Treated.csv"), expected = read_shared("coinr_asem/" + file);
    auto yaml = read_file(std::string(YIPAN_SOURCE_DIR) + "/schemes/asem.yaml");
    if (!expected) GTEST_SKIP() << "the shared data folder is not there";
    ASSERT_TRUE(treated && yaml);
    const Scheme original = shipped("asem");
    const std::string standard = "\nformula: {kind: minmax, range: [0, 100]}";
    ASSERT_NE(yaml->find(standard), std::string::npos);
    yaml->replace(yaml->find(standard), standard.size(), "\nformula: {" + formula + "}");
    for (std::size_t at; up_only && (at = yaml->find("direction: down")) != std::string::npos;)
        yaml->replace(at, 15, "direction: up");
    const Scheme scheme = scheme_of(*yaml);
    const auto outcome = score(*table_from_csv(*treated, scheme), scheme);
    ASSERT_TRUE(outcome) << text_of(outcome.error());
    const Grid want = grid_of(*expected);
    double worst = 0;
    int compared = 0;
    for (std::size_t row = 0; row < want.rows.size(); ++row)
        for (std::size_t i = 0; i < original.variants[0].nodes.size(); ++i) {
            const Node& node = original.variants[0].nodes[i];
            if (!node.indicator || node.code == except || (up_only && node.indicator->direction == Direction::down))
                continue;
            const auto got = outcome->unit(want.rows[row][0])->cells[i].value;
            const auto expected_value = want.number(row, node.code);
            ASSERT_TRUE(got && expected_value) << node.code;
            worst = std::max(worst, std::abs(*got - *expected_value));
            ++compared;
        }
    EXPECT_LT(worst, 1e-9) << file;
    EXPECT_GT(compared, 51 * 30) << file;
}
TEST(Formula, zscore_equals_the_asem_file) {
    expect_asem_normaliser("kind: zscore, mean: 10, sd: 2", "norm_zscore_10_2.csv");
}
// TolMin holds values that print alike (5.1, 5.1, 5.1) but were told apart by the source's hidden digits: three of its
// ranks cannot follow from the printed table.
TEST(Formula, rank_equals_the_asem_file) { expect_asem_normaliser("kind: rank", "norm_rank.csv", false, "TolMin"); }
TEST(Formula, borda_equals_the_asem_file) { expect_asem_normaliser("kind: borda", "norm_borda.csv", false, "TolMin"); }
TEST(Formula, distance_to_maximum_equals_the_asem_file) {
    expect_asem_normaliser("kind: distance_max", "norm_dist2max.csv");
}
TEST(Formula, fraction_of_maximum_equals_the_asem_file_for_benefit_indicators) {
    expect_asem_normaliser("kind: fraction_of_max", "norm_fracmax.csv", true);
}

}  // namespace
}  // namespace yipan::score
