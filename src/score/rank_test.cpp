// Ranks, display rounding, quotas and classes, rules over years.
#include "score/test_support.h"

namespace yipan::score {
namespace {
using Scores = std::vector<std::optional<double>>;
const auto none = std::nullopt;

TEST(Rank, follows_the_stated_tie_rule) {
    const Scores scores{80, 90, 80, none, 70};
    EXPECT_EQ(rank_scores(scores, TieRule::competition), (Scores{2, 1, 2, none, 4}));
    EXPECT_EQ(rank_scores(scores, TieRule::dense), (Scores{2, 1, 2, none, 3}));
    EXPECT_EQ(rank_scores(scores, TieRule::shared_mean), (Scores{2.5, 1, 2.5, none, 4}));
}
TEST(Rank, looks_at_unrounded_scores) {
    EXPECT_EQ(rank_scores({91.2349, 91.2351}, TieRule::competition), (Scores{2, 1}));
    EXPECT_EQ(shown(91.2349, 2), shown(91.2331, 2));
}
TEST(Rank, display_rounds_half_away_from_zero_as_offices_do) {
    EXPECT_EQ(shown(2.675, 2), "2.68");
    EXPECT_EQ(shown(1.005, 2), "1.01");  // 1.005 x 100 is 100.49999999999999 in binary
    EXPECT_EQ(shown(-2.675, 2), "-2.68");
    EXPECT_EQ(shown(97.445, 1), "97.4");
    EXPECT_EQ(shown(0.0004, 3), "0.000");
    EXPECT_EQ(shown(-0.0004, 3), "0.000");
    EXPECT_EQ(shown(100, 0), "100");
}
TEST(RankRule, last_five_twice_in_three_years_puts_on_the_list) {
    const LastPlacesRule rule{5, 2, 3, ""};
    const std::vector<RankOfYear> history{{2021, 96, 100}, {2022, 40, 100}, {2023, 97, 101}, {2024, 200, 230}};
    EXPECT_TRUE(last_places(history, rule, 2023).met);
    EXPECT_EQ(last_places(history, rule, 2023).years, (std::vector<int>{2021, 2023}));
    EXPECT_FALSE(last_places(history, rule, 2024).met);  // 2021 has left the window
}
TEST(RankRule, the_edge_moves_with_the_number_of_units_of_that_year) {
    const LastPlacesRule rule{5, 1, 1, ""};
    EXPECT_TRUE(last_places({{2022, 96, 100}}, rule, 2022).met);
    EXPECT_FALSE(last_places({{2022, 95, 100}}, rule, 2022).met);
    EXPECT_FALSE(last_places({{2022, 96, 101}}, rule, 2022).met);
}
TEST(RankRule, a_year_without_rank_is_named_and_never_counts) {
    const LastPlaces found = last_places({{2022, 30, 30}, {2023, none, 30}}, {3, 2, 3, ""}, 2024);
    EXPECT_FALSE(found.met);
    EXPECT_EQ(found.years_absent, (std::vector<int>{2023, 2024}));
}

const std::vector<std::int64_t> chaohu{200'000, 450'000, 300'000, 50'000};
TEST(Classes, chaohu_2021_has_24_54_36_6_of_120_by_every_rule) {
    for (auto rule : {QuotaRounding::floor, QuotaRounding::half_up, QuotaRounding::largest_remainder})
        EXPECT_EQ(quota_counts(120, chaohu, rule), (std::vector<std::size_t>{24, 54, 36, 6})) << name_of(rule);
}
TEST(Classes, twenty_percent_of_39_depends_on_the_stated_rule) {
    // bounds 7.8, 25.35, 37.05, 39
    EXPECT_EQ(quota_counts(39, chaohu, QuotaRounding::floor), (std::vector<std::size_t>{7, 18, 12, 2}));
    EXPECT_EQ(quota_counts(39, chaohu, QuotaRounding::half_up), (std::vector<std::size_t>{8, 17, 12, 2}));
    // shares 7.8, 17.55, 11.7, 1.95
    EXPECT_EQ(quota_counts(39, chaohu, QuotaRounding::largest_remainder), (std::vector<std::size_t>{8, 17, 12, 2}));
}
TEST(Classes, counts_always_sum_to_the_population) {
    for (std::size_t n = 0; n < 300; ++n)
        for (auto rule : {QuotaRounding::floor, QuotaRounding::half_up, QuotaRounding::largest_remainder}) {
            std::size_t sum = 0;
            for (std::size_t count : quota_counts(n, chaohu, rule)) sum += count;
            EXPECT_EQ(sum, n);
        }
}
Classes halves(AtBound at_bound) {
    Classes out;
    out.names = {"A", "B"};
    out.quotas = {500'000, 500'000};
    out.at_bound = at_bound;
    return out;
}
TEST(Classes, equal_scores_across_a_bound_follow_the_stated_rule) {
    const Scores scores{9, 5, 5, 1};
    EXPECT_EQ(classify(halves(AtBound::better), scores), (std::vector<std::string>{"A", "A", "A", "B"}));
    EXPECT_EQ(classify(halves(AtBound::worse), scores), (std::vector<std::string>{"A", "B", "B", "B"}));
    EXPECT_EQ(classify(halves(AtBound::order), scores), (std::vector<std::string>{"A", "A", "B", "B"}));
}
TEST(Classes, a_unit_without_a_score_takes_no_place) {
    EXPECT_EQ(classify(halves(AtBound::better), {none, 5, 1}), (std::vector<std::string>{"", "A", "B"}));
}
TEST(Classes, thresholds_are_inclusive) {
    Classes classes;
    classes.names = {"优秀", "良好", "达标"};
    classes.thresholds = {90, 80, 60};
    EXPECT_EQ(classify(classes, {90, 89.999, 60, 59}), (std::vector<std::string>{"优秀", "良好", "达标", ""}));
}

}  // namespace
}  // namespace yipan::score
