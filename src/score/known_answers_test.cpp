// Published answers: HDI 2022, ASEM Sustainable Connectivity, the shipped schemes.
#include <gtest/gtest.h>

#include <filesystem>

#include "score/csv.h"
#include "score/output.h"
#include "score/test_support.h"

namespace yipan::score {
namespace {

TEST(KnownAnswers, hdi_2022_equals_the_published_index_in_all_204_countries) {
    const auto data = read_shared("undp_hdi/hdi_2022_components_and_index.csv");
    if (!data) GTEST_SKIP() << "the shared data folder is not there";
    const Scheme scheme = shipped("hdi");
    const auto table = table_from_csv(*data, scheme);
    ASSERT_TRUE(table) << text_of(table.error());
    const auto outcome = score(*table, scheme);
    ASSERT_TRUE(outcome) << text_of(outcome.error());
    const Grid published = grid_of(*data);
    int equal = 0;
    for (std::size_t i = 0; i < outcome->units.size(); ++i)
        equal += shown(*outcome->units[i].total, 3) == shown(*published.number(i, "hdi_2022_published"), 3);
    EXPECT_EQ(outcome->units.size(), 204u);
    EXPECT_EQ(equal, 204);
}

void expect_asem(const std::string& variant, const std::string& file) {
    const auto treated = read_shared("coinr_asem/step_Treated.csv"), expected = read_shared("coinr_asem/" + file);
    if (!treated || !expected) GTEST_SKIP() << "the shared data folder is not there";
    const Scheme scheme = shipped("asem");
    const auto table = table_from_csv(*treated, scheme);
    ASSERT_TRUE(table) << text_of(table.error());
    const auto outcome = score(*table, scheme, {variant, "table"});
    ASSERT_TRUE(outcome) << text_of(outcome.error());
    const Grid want = grid_of(*expected);
    double worst = 0;
    int compared = 0;
    for (std::size_t row = 0; row < want.rows.size(); ++row) {
        const UnitOutcome* unit = outcome->unit(want.rows[row][0]);
        ASSERT_TRUE(unit);
        for (const std::string& column : want.header) {
            const int node = outcome->node(column);
            if (node < 0) continue;
            worst = std::max(worst, std::abs(*unit->cells[node].score - *want.number(row, column)));
            ++compared;
        }
    }
    EXPECT_LT(worst, 1e-9) << file;
    EXPECT_GE(compared, 51 * 11) << file;
}

TEST(KnownAnswers, asem_reproduces_every_normalised_value_and_aggregate) {
    expect_asem("", "step_Aggregated.csv");
    expect_asem("", "results_full.csv");
    expect_asem("", "step_Normalised.csv");
}
TEST(KnownAnswers, asem_on_the_1_to_100_scale_reproduces_arithmetic_and_geometric_means) {
    expect_asem("arithmetic_1_100", "agg_a_amean_minmax1_100.csv");
    expect_asem("arithmetic_1_100", "norm_minmax_1_100.csv");
    expect_asem("geometric", "agg_a_gmean_minmax1_100.csv");
}
TEST(KnownAnswers, asem_ranks_equal_the_published_ranks_at_every_node) {
    const auto treated = read_shared("coinr_asem/step_Treated.csv"), expected = read_shared("coinr_asem/results_ranks.csv");
    if (!treated || !expected) GTEST_SKIP() << "the shared data folder is not there";
    const Scheme scheme = shipped("asem");
    const auto outcome = score(*table_from_csv(*treated, scheme), scheme);
    ASSERT_TRUE(outcome);
    const Grid want = grid_of(*expected);
    for (std::size_t row = 0; row < want.rows.size(); ++row)
        for (std::size_t column = 1; column < want.header.size(); ++column) {
            const UnitOutcome& unit = *outcome->unit(want.rows[row][0]);
            EXPECT_EQ(*unit.node_ranks[outcome->node(want.header[column])], *want.number(row, want.header[column])) << unit.unit.code << want.header[column];
        }
    EXPECT_EQ(shown(*outcome->unit("CHE")->total, 4), "68.3837");
    EXPECT_EQ(*outcome->unit("CHE")->rank, 1);
}

}  // namespace
}  // namespace yipan::score
