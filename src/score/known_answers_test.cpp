// Published answers: HDI 2022, ASEM Sustainable Connectivity, the shipped schemes.
#include <gtest/gtest.h>

#include <boost/json.hpp>

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
    const auto treated = read_test_data("asem/step_Treated.csv");
    auto expected = read_test_data("asem/" + file);
    if (!expected) expected = read_shared("coinr_asem/" + file);
    if (!expected) GTEST_SKIP() << "the shared data folder is not there";
    ASSERT_TRUE(treated);
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
    const auto treated = read_test_data("asem/step_Treated.csv"), expected = read_test_data("asem/results_ranks.csv");
    ASSERT_TRUE(treated && expected);
    const Scheme scheme = shipped("asem");
    const auto outcome = score(*table_from_csv(*treated, scheme), scheme);
    ASSERT_TRUE(outcome);
    const Grid want = grid_of(*expected);
    for (std::size_t row = 0; row < want.rows.size(); ++row)
        for (std::size_t column = 1; column < want.header.size(); ++column) {
            const UnitOutcome& unit = *outcome->unit(want.rows[row][0]);
            EXPECT_EQ(*unit.node_ranks[outcome->node(want.header[column])], *want.number(row, want.header[column]))
                << unit.unit.code << want.header[column];
        }
    EXPECT_EQ(shown(*outcome->unit("CHE")->total, 4), "68.3837");
    EXPECT_EQ(*outcome->unit("CHE")->rank, 1);
}

TEST(KnownAnswers, hdi_of_ten_countries_and_the_traps_of_its_formula) {
    const auto data = read_test_data("hdi_2022_sample.csv");
    ASSERT_TRUE(data);
    const Scheme scheme = shipped("hdi");
    const auto table = table_from_csv(*data, scheme);
    ASSERT_TRUE(table) << text_of(table.error());
    EXPECT_EQ(table->ignored_columns, std::vector<std::string>{"hdi_2022_published"});
    const auto outcome = score(*table, scheme);
    ASSERT_TRUE(outcome) << text_of(outcome.error());
    const Grid published = grid_of(*data);
    for (std::size_t i = 0; i < outcome->units.size(); ++i)
        EXPECT_EQ(shown(*outcome->units[i].total, 3), shown(*published.number(i, "hdi_2022_published"), 3))
            << outcome->units[i].unit.code;
    // Income above 75,000 and schooling above 18 years are cut before the product.
    EXPECT_EQ(*outcome->unit("LIE")->cells[outcome->node("income")].value, 1);
    EXPECT_TRUE(outcome->unit("AUS")->cells[outcome->node("eys")].has(Flag::clamped));
}
TEST(KnownAnswers, hdi_refuses_a_country_that_lacks_a_component_or_has_an_index_of_zero) {
    const Scheme scheme = shipped("hdi");
    const auto outcome =
        score(*table_from_csv("unit,le,eys,mys,gnipc\nA,70,12,,9000\nB,70,12,8,90\nC,70,12,8,9000\n", scheme), scheme);
    ASSERT_TRUE(outcome) << text_of(outcome.error());
    EXPECT_FALSE(outcome->unit("A")->total);
    EXPECT_NE(outcome->unit("A")->reason.find("mys"), std::string::npos) << outcome->unit("A")->reason;
    EXPECT_FALSE(outcome->unit("B")->total);
    EXPECT_NE(outcome->unit("B")->reason.find("above 0"), std::string::npos) << outcome->unit("B")->reason;
    EXPECT_EQ(outcome->unit("C")->rank, 1);
}

TEST(KnownAnswers, hotline_scores_of_panjin_2023_reproduce_the_published_ones) {
    const Scheme scheme = scheme_of(R"(
scheme: hotline
weights: points
total: 100
display: 1
formula: {kind: value}
tree:
  code: total
  children:
    - {indicator: closed_pct, weight: 20}
    - {indicator: satisfied_pct, weight: 30}
    - {indicator: on_time_feedback_pct, weight: 25}
    - {indicator: valid_callback_pct, weight: 25}
)");
    const auto data = read_test_data("hotline_12345_panjin_2023.csv");
    ASSERT_TRUE(data);
    const auto outcome = score(*table_from_csv(*data, scheme), scheme);
    ASSERT_TRUE(outcome) << text_of(outcome.error());
    const Grid published = grid_of(*data);
    ASSERT_EQ(outcome->units.size(), 6u);
    for (std::size_t i = 0; i < 6; ++i) {
        EXPECT_NEAR(*outcome->units[i].total, *published.number(i, "score_20_30_25_25"), 1e-9);
        // The bulletin rounds 97.445 to 97.4 and keeps 100 whole.
        EXPECT_NEAR(*outcome->units[i].total, *published.number(i, "score_published"), 0.05);
    }
}

TEST(KnownAnswers, wanjiang_has_twenty_indicators_and_two_columns_of_weights) {
    const Scheme scheme = shipped("wanjiang");
    ASSERT_EQ(scheme.variants.size(), 2u);
    for (const Variant& variant : scheme.variants) {
        double sum = 0;
        int assessed = 0;
        for (std::size_t i = 1; i < variant.nodes.size(); ++i)
            sum += variant.nodes[i].weight, assessed += variant.nodes[i].weight > 0;
        EXPECT_EQ(sum, 100);
        EXPECT_EQ(assessed, variant.code == "outcome" ? 20 : 11);
    }
    // Chinese headers are accepted; the target column needs only its own eleven indicators.
    const std::string csv =
        "city,地区生产总值,财政收入,进出口总额,实际利用外商直接投资,实际利用省外资金,固定资产投资,规模以上工业增加值,"
        "城镇化率,"
        "城镇居民人均可支配收入,农村居民人均纯收入,城镇就业新增人数\n"
        "合肥,9,9,9,9,9,9,9,9,9,9,9\n芜湖,5,5,5,5,5,5,5,5,5,5,5\n池州,1,1,1,1,1,1,1,1,1,1,1\n";
    const auto table = table_from_csv(csv, scheme);
    ASSERT_TRUE(table) << text_of(table.error());
    EXPECT_TRUE(table->ignored_columns.empty());
    const auto outcome = score(*table, scheme, {"target_task", "cities.csv"});
    ASSERT_TRUE(outcome) << text_of(outcome.error());
    EXPECT_NEAR(*outcome->unit("合肥")->total, 100, 1e-9);
    EXPECT_NEAR(*outcome->unit("芜湖")->total, 50, 1e-9);
    const auto refused = score(*table, scheme);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().size(), 9u);  // the nine columns that only the outcome column needs, each named
    EXPECT_NE(refused.error()[0].hint.find("target_task"), std::string::npos) << refused.error()[0].text();
    EXPECT_NE(to_text(*outcome).find("weights published, normalisation ours"), std::string::npos);
}

TEST(KnownAnswers, permu_gives_100_points_at_the_baselines_in_both_lists) {
    const Scheme scheme = shipped("permu");
    const std::string csv =
        "企业,亩均税收,亩均增加值,单位能耗增加值,单位排放增加值,全员劳动生产率,R&D经费占主营业务收入比重,单位用电税收\n"
        "甲,24.097,136.16,2.694,4929.81,18.14,0.0302,0.2352\n乙,48.194,136.16,2.694,,18.14,0.0302,0.1176\n";
    const auto table = table_from_csv(csv, scheme);
    ASSERT_TRUE(table) << text_of(table.error());
    const auto above = score(*table, scheme);
    ASSERT_TRUE(above) << text_of(above.error());
    EXPECT_NEAR(*above->unit("甲")->total, 100, 1e-9);
    EXPECT_NEAR(*above->unit("乙")->total, 130, 1e-9);  // no emission data: the mean score of the list
    EXPECT_TRUE(above->unit("乙")->cells[above->node("value_added_per_emission")].has(Flag::peer_mean));
    const auto below = score(*table, scheme, {"below", "firms.csv"});
    ASSERT_TRUE(below) << text_of(below.error());
    EXPECT_NEAR(*below->unit("甲")->total, 24.097 / 11.5932 * 50 + 50, 1e-9);
    EXPECT_NEAR(*below->unit("乙")->total, 48.194 / 11.5932 * 50 + 25, 1e-9);
}

TEST(KnownAnswers, the_mofcom_skeleton_refuses_to_score_and_names_what_it_lacks) {
    const Scheme scheme = shipped("mofcom2021");
    ASSERT_EQ(scheme.rank_rules.size(), 1u);
    const auto outcome = score(table_of({"A"}, {}), scheme);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().size(), 1u);
    EXPECT_NE(outcome.error()[0].message.find("opening, quality, innovation, green, coordination"), std::string::npos)
        << text_of(outcome.error());
}

TEST(KnownAnswers, the_composite_vectors_hold) {
    const auto text = read_shared("composite-vectors.json");
    if (!text) GTEST_SKIP() << "the shared data folder is not there";
    const auto root = boost::json::parse(*text).as_object();
    const auto numbers = [](const boost::json::value& from) {
        std::vector<std::optional<double>> out;
        for (const auto& v : from.as_array())
            out.push_back(v.is_null() ? std::nullopt : std::optional(v.to_number<double>()));
        return out;
    };
    const std::vector<std::string> codes{"i1", "i2", "i3", "i4"};
    Table table = table_of({"A", "B", "C", "D", "E", "F"}, {});
    for (const std::string& code : codes) table.columns[code] = numbers(root.at("raw").at(code));
    const auto yaml = [](const std::string& formula, const std::string& aggregate) {
        const std::string last = formula == "kind: fraction_of_max" ? "up" : "down";
        return "scheme: v\nmissing: reweight\naggregate: " + aggregate + "\nformula: {" + formula +
               "}\ntree:\n  code: t\n  children:\n    - {indicator: i1, weight: 0.4}\n    - {indicator: i2, weight: "
               "0.3}\n"
               "    - {indicator: i3, weight: 0.2, direction: " +
               last + "}\n    - {indicator: i4, weight: 0.1}\n";
    };
    const std::map<std::string, std::string> methods = {{"minmax_0_100", "kind: minmax"},
                                                        {"zscore", "kind: zscore"},
                                                        {"rank_min", "kind: rank"},
                                                        {"rank_average", "kind: rank, ties: average"},
                                                        {"borda", "kind: borda"},
                                                        {"percentile_rank", "kind: percentile"},
                                                        {"dist_to_max", "kind: distance_max"},
                                                        {"fraction_of_max", "kind: fraction_of_max"}};
    for (const auto& [name, method] : root.at("normalised").as_object()) {
        ASSERT_TRUE(methods.count(std::string(name))) << name;
        const auto outcome = score(table, scheme_of(yaml(methods.at(std::string(name)), "arithmetic")));
        ASSERT_TRUE(outcome) << text_of(outcome.error());
        for (std::size_t k = 0; k < codes.size(); ++k) {
            if (method.at(codes[k]).is_null()) continue;
            const auto want = numbers(method.at(codes[k]));
            for (std::size_t u = 0; u < want.size(); ++u) {
                const auto& got = outcome->units[u].cells[k + 1].value;
                ASSERT_EQ(got.has_value(), want[u].has_value()) << name << codes[k] << u;
                if (got) {
                    EXPECT_NEAR(*got, *want[u], 1e-9) << name << codes[k] << u;
                }
            }
        }
    }
    for (const auto& [name, want] : root.at("aggregated").as_object()) {
        const auto outcome = score(table, scheme_of(yaml("kind: minmax, range: [1, 100]", std::string(name))));
        ASSERT_TRUE(outcome) << text_of(outcome.error());
        for (std::size_t u = 0; u < 6; ++u) {
            EXPECT_NEAR(*outcome->units[u].total, *numbers(want)[u], 1e-8) << name << u;
            EXPECT_EQ(*outcome->units[u].rank, *numbers(root.at("ranks").at(name))[u]) << name << u;
        }
    }
    std::vector<std::vector<std::optional<double>>> columns;
    for (const std::string& code : codes)
        columns.push_back(numbers(root.at("aggregation_input_minmax_1_100").at(code)));
    const std::vector<double> weights{0.4, 0.3, 0.2, 0.1};
    const Matrix outranked = outranking(columns, weights);
    for (std::size_t a = 0; a < 6; ++a)
        for (std::size_t b = 0; b < 6; ++b)
            EXPECT_NEAR(outranked[a][b], *numbers(root.at("outranking_matrix").at(a))[b], 1e-9);
    for (std::size_t a = 0; a < 6; ++a) EXPECT_EQ(copeland(outranked)[a], *numbers(root.at("copeland"))[a]);
}

}  // namespace
}  // namespace yipan::score
