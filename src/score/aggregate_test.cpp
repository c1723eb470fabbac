// Aggregation, missing values, weights of zero, and a dumb recomputation on random tables.
#include <rapidcheck.h>

#include <cmath>

#include "score/test_support.h"

namespace yipan::score {
namespace {
const auto none = std::nullopt;

Outcome outcome_of(const std::string& yaml, const Table& table, const std::string& variant = "") {
    auto out = score(table, scheme_of(yaml), {variant, "table"});
    if (!out) ADD_FAILURE() << text_of(out.error());
    return out ? *out : Outcome{};
}
std::string two(const std::string& policy, const std::string& more = "") {
    return "scheme: s\n" + policy + "\nformula: {kind: value}\ntree:\n  code: total\n" + more +
           "  children:\n    - {indicator: x, weight: 3}\n    - {indicator: y, weight: 1}\n";
}
const Table gap = table_of({"A", "B"}, {{"x", {40, none}}, {"y", {80, 60}}});

TEST(Aggregate, arithmetic_geometric_and_harmonic_are_weighted) {
    const Table table = table_of({"A"}, {{"x", {40}}, {"y", {80}}});
    EXPECT_NEAR(*outcome_of(two("aggregate: arithmetic"), table).units[0].total, 50, 1e-12);
    EXPECT_NEAR(*outcome_of(two("aggregate: geometric"), table).units[0].total, std::pow(40 * 40 * 40 * 80.0, 0.25),
                1e-12);
    EXPECT_NEAR(*outcome_of(two("aggregate: harmonic"), table).units[0].total, 4 / (3 / 40.0 + 1 / 80.0), 1e-12);
}
TEST(Aggregate, geometric_and_harmonic_refuse_zero_with_a_reason) {
    for (const char* kind : {"geometric", "harmonic"}) {
        const Outcome out =
            outcome_of(two(std::string("aggregate: ") + kind), table_of({"A", "B"}, {{"x", {0, 5}}, {"y", {80, 5}}}));
        EXPECT_FALSE(out.units[0].total);
        EXPECT_NE(out.units[0].reason.find("x is 0"), std::string::npos) << out.units[0].reason;
        EXPECT_FALSE(out.units[0].rank);
        EXPECT_EQ(*out.units[1].rank, 1);
    }
}
TEST(Aggregate, a_sum_beyond_the_largest_number_is_no_value) {
    const Outcome out = outcome_of(two("aggregate: arithmetic"), table_of({"A"}, {{"x", {1e308}}, {"y", {1e308}}}));
    EXPECT_FALSE(out.units[0].total);
    EXPECT_NE(out.units[0].reason.find("too large"), std::string::npos) << out.units[0].reason;
}
TEST(Missing, reweight_leaves_the_gap_out_and_says_so) {
    const Outcome out = outcome_of(two("missing: reweight"), gap);
    EXPECT_EQ(*out.units[1].total, 60);
    EXPECT_TRUE(out.units[1].cells[0].has(Flag::reweighted));
    EXPECT_TRUE(out.units[1].cells[1].has(Flag::missing));
    EXPECT_FALSE(out.units[0].cells[0].has(Flag::reweighted));
}
TEST(Missing, reweight_asks_for_a_smallest_share) {
    const Outcome out = outcome_of(two("missing: reweight\nmin_share: 0.5"), gap);
    EXPECT_FALSE(out.units[1].total);
    EXPECT_NE(out.units[1].reason.find("25%"), std::string::npos) << out.units[1].reason;
    EXPECT_TRUE(outcome_of(two("missing: reweight", "  min_share: 0.25\n"), gap).units[1].total);
}
TEST(Missing, zero_peer_mean_and_refuse_do_what_they_say_and_are_flagged) {
    const Outcome zero = outcome_of(two("missing: zero"), gap);
    EXPECT_EQ(*zero.units[1].total, 15);
    EXPECT_TRUE(zero.units[1].cells[1].has(Flag::missing_is_zero));
    const Outcome mean = outcome_of(two("missing: peer_mean"), gap);
    EXPECT_EQ(*mean.units[1].total, 45);
    EXPECT_TRUE(mean.units[1].cells[1].has(Flag::peer_mean));
    const Outcome refuse = outcome_of(two("missing: refuse"), gap);
    EXPECT_FALSE(refuse.units[1].total);
    EXPECT_NE(refuse.units[1].reason.find("x has no value"), std::string::npos);
    EXPECT_EQ(*refuse.units[0].total, 50);
}
TEST(Missing, points_are_raised_over_what_is_present) {
    const Outcome out = outcome_of(two("weights: points\nmissing: reweight"), gap);
    EXPECT_NEAR(*out.units[0].total, 3 * 0.4 + 1 * 0.8, 1e-12);
    EXPECT_NEAR(*out.units[1].total, 0.6 * 4, 1e-12);  // 60% of the points that could be judged, out of all four
}
TEST(Missing, a_whole_group_may_be_missing_and_takes_the_policy_of_its_parent) {
    const std::string yaml = R"(
scheme: s
missing: reweight
formula: {kind: value}
tree:
  code: total
  children:
    - code: left
      missing: refuse
      children: [{indicator: x}, {indicator: y}]
    - {indicator: z}
)";
    const Outcome out = outcome_of(yaml, table_of({"A"}, {{"x", {none}}, {"y", {10}}, {"z", {30}}}));
    EXPECT_FALSE(out.units[0].cells[out.node("left")].value);
    EXPECT_EQ(*out.units[0].total, 30);
}
TEST(Points, a_first_level_percentage_may_hold_relative_weights_below) {
    const std::string yaml = R"(
scheme: s
weights: points
total: 100
formula: {kind: minmax}
tree:
  code: total
  children:
    - code: innovation
      weight: 20
      weights: relative
      children: [{indicator: x, weight: 0.8}, {indicator: y, weight: 1.2}]
    - code: rest
      children: [{indicator: z, weight: 50}, {indicator: w, weight: 30}]
)";
    const Outcome out = outcome_of(
        yaml,
        table_of({"A", "B", "C"}, {{"x", {0, 50, 100}}, {"y", {0, 100, 50}}, {"z", {0, 1, 2}}, {"w", {2, 1, 0}}}));
    EXPECT_NEAR(*out.units[1].total, 20 * (0.8 * 50 + 1.2 * 100) / 2 / 100 + 25 + 15, 1e-12);
    EXPECT_NEAR(*out.units[1].cells[out.node("innovation")].score, 16, 1e-12);
    EXPECT_NEAR(*out.units[1].cells[out.node("rest")].score, 40, 1e-12);
}

/// A random table and tree of two levels; some cells missing.
struct Case {
    std::vector<std::vector<std::optional<double>>> columns;
    std::vector<int> weights, direction, group;
    Table table;
    std::string yaml;
};
Case random_case(const std::string& weights_mode) {
    Case out;
    const auto units = *rc::gen::inRange<std::size_t>(2, 8);
    const auto indicators = *rc::gen::inRange<std::size_t>(1, 7);
    std::vector<std::string> codes;
    for (std::size_t u = 0; u < units; ++u) codes.push_back("u" + std::to_string(u));
    std::map<std::string, std::vector<std::optional<double>>> columns;
    std::string groups[2];
    for (std::size_t k = 0; k < indicators; ++k) {
        std::vector<std::optional<double>> column;
        for (std::size_t u = 0; u < units; ++u) {
            const int x = *rc::gen::inRange(-3, 12);  // a tiny world: ties, zero ranges and gaps all the time
            column.push_back(x >= 10 ? std::nullopt : std::optional(x * 1.25));
        }
        out.columns.push_back(column);
        columns["i" + std::to_string(k)] = column;
        out.weights.push_back(*rc::gen::inRange(1, 5));
        out.direction.push_back(*rc::gen::element(1, -1));
        out.group.push_back(*rc::gen::inRange(0, 2));
        groups[out.group.back()] += "        - {indicator: i" + std::to_string(k) +
                                    ", weight: " + std::to_string(out.weights.back()) +
                                    ", direction: " + (out.direction.back() == 1 ? "up" : "down") + "}\n";
    }
    out.table = table_of(codes, columns);
    out.yaml = "scheme: r\nmissing: reweight\nweights: " + weights_mode +
               "\nformula: {kind: minmax}\ntree:\n  code: total\n  children:\n";
    for (int g = 0; g < 2; ++g)
        if (!groups[g].empty()) out.yaml += "    - code: g" + std::to_string(g) + "\n      children:\n" + groups[g];
    return out;
}
std::optional<double> dumb_minmax(const std::vector<std::optional<double>>& column, std::size_t u, int direction) {
    if (!column[u]) return none;
    double low = 1e300, high = -1e300;
    for (const auto& x : column)
        if (x) low = std::min(low, *x), high = std::max(high, *x);
    if (low == high) return none;
    return direction == 1 ? 100 * (*column[u] - low) / (high - low) : 100 * (high - *column[u]) / (high - low);
}

TEST(Oracle, a_dumb_recomputation_agrees_on_random_tables) {
    EXPECT_TRUE(rc::check("min-max and weighted means, two levels, gaps left out", [] {
        const Case c = random_case("relative");
        const Outcome out = outcome_of(c.yaml, c.table);
        for (std::size_t u = 0; u < c.table.units.size(); ++u) {
            double total = 0, parts = 0;
            for (int g = 0; g < 2; ++g) {
                double sum = 0, weight = 0;
                for (std::size_t k = 0; k < c.columns.size(); ++k) {
                    if (c.group[k] != g) continue;
                    const auto v = dumb_minmax(c.columns[k], u, c.direction[k]);
                    if (v) sum += c.weights[k] * *v, weight += c.weights[k];
                }
                if (weight > 0) total += sum / weight, parts += 1;
            }
            RC_ASSERT(out.units[u].total.has_value() == (parts > 0));
            if (parts > 0) RC_ASSERT(std::abs(*out.units[u].total - total / parts) < 1e-9);
        }
    }));
}
TEST(Oracle, points_got_and_lost_of_the_leaves_reconcile_with_the_score) {
    for (const char* mode : {"relative", "points"})
        EXPECT_TRUE(rc::check(std::string("sum of got is the score, sum of lost the rest, ") + mode, [mode] {
            const Case c = random_case(mode);
            const Outcome out = outcome_of(c.yaml, c.table);
            for (const UnitOutcome& unit : out.units) {
                if (!unit.total) continue;
                double got = 0, lost = 0;
                for (std::size_t i = 0; i < out.nodes.size(); ++i) {
                    if (!out.nodes[i].indicator) continue;
                    RC_ASSERT(unit.cells[i].additive);
                    got += *unit.cells[i].got;
                    lost += *unit.cells[i].lost;
                }
                RC_ASSERT(std::abs(got - *unit.total) < 1e-9);
                RC_ASSERT(std::abs(lost - (*unit.cells[0].full - *unit.total)) < 1e-9);
            }
        }));
}

}  // namespace
}  // namespace yipan::score
