// Groups, variants by unit, caps, difficulty, events, overrides, classes, and what is refused.
#include "score/output.h"
#include "score/test_support.h"

namespace yipan::score {
namespace {
const auto none = std::nullopt;

Outcome outcome_of(const std::string& yaml, const Table& table) {
    auto out = score(table, scheme_of(yaml));
    if (!out) ADD_FAILURE() << text_of(out.error());
    return out ? *out : Outcome{};
}
std::string simple(const std::string& head, const std::string& formula = "kind: value") {
    return "scheme: s\n" + head + "formula: {" + formula +
           "}\ntree:\n  code: t\n  children:\n    - {indicator: x, weight: 100}\n";
}
Table three() { return table_of({"A", "B", "C"}, {{"x", {80, 90, 70}}}); }

TEST(Score, peers_and_ranks_stay_within_the_group_when_the_scheme_says_so) {
    Table table = table_of({"A", "B", "C", "D"}, {{"x", {0, 10, 100, 300}}});
    for (std::size_t i = 0; i < 4; ++i) table.units[i].group = i < 2 ? "east" : "west";
    const Outcome out = outcome_of(simple("peers: group\nrank_within: group\n", "kind: minmax"), table);
    EXPECT_EQ(*out.unit("B")->total, 100);
    EXPECT_EQ(*out.unit("D")->total, 100);
    EXPECT_EQ(*out.unit("B")->rank, 1);
    EXPECT_EQ(*out.unit("C")->rank, 2);
    table.units[3].group.clear();
    const auto refused = score(table, scheme_of(simple("peers: group\n", "kind: minmax")));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error()[0].where, "table:D");
}
TEST(Score, weights_by_class_of_unit_and_zero_means_not_assessed) {
    const std::string wuxi = R"(
scheme: wuxi
weights: points
total: 100
variant_by: class
variants: {综合: , 生态: }
tree:
  code: total
  children:
    - {indicator: industry, weight: {综合: 60, 生态: 0}, cap: 2, formula: {kind: ratio_target, target: 10}}
    - {indicator: water, weight: {综合: 40, 生态: 100}, formula: {kind: rank_step, step: 5}}
    - {indicator: tourism, weight: {综合: 0, 生态: 0}, formula: {kind: minmax}}
)";
    Table table = table_of({"A", "B", "C"}, {{"industry", {50, none, 5}}, {"water", {1, 2, 3}}});
    table.units[0].unit_class = table.units[2].unit_class = "综合";
    table.units[1].unit_class = "生态";
    const Outcome out = outcome_of(wuxi, table);
    // Industry is capped at twice its weight; the ladder starts at each class's own full marks.
    EXPECT_EQ(*out.unit("A")->total, 120 + 40 - 10);
    EXPECT_TRUE(out.unit("A")->cells[1].has(Flag::capped));
    EXPECT_EQ(*out.unit("B")->total, 95);
    EXPECT_TRUE(out.unit("B")->cells[1].has(Flag::not_assessed));
    EXPECT_EQ(*out.unit("C")->total, 30 + 40);
    EXPECT_EQ(to_json(out).find("tourism\":"), std::string::npos);
    table.units[1].unit_class = "旅游";
    const auto refused = score(table, scheme_of(wuxi));
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error()[0].text().find("\"旅游\" is not a variant"), std::string::npos);
}
TEST(Score, a_unit_that_is_not_assessed_takes_no_place_among_the_peers) {
    const std::string yaml = R"(
scheme: s
variant_by: class
variants: {yes: , no: }
tree:
  code: t
  children:
    - {indicator: x, weight: {yes: 1, no: 0}, formula: {kind: rank_step, step: 10}}
    - {indicator: y, weight: 1, formula: {kind: rank_step, step: 10}}
)";
    Table table = table_of({"A", "B"}, {{"x", {1, 99}}, {"y", {5, 5}}});
    table.units[0].unit_class = "yes";
    table.units[1].unit_class = "no";
    EXPECT_EQ(*outcome_of(yaml, table).unit("A")->cells[1].value, 100);
}
TEST(Score, difficulty_counts_before_or_after_the_bonus_as_the_order_says) {
    const std::string head =
        "difficulty: {by: class, factors: {big: 1, small: 1.1}}\nevents: {bonus: [{item: b, points: 5}]}\norder: ";
    Table table = table_of({"A"}, {{"x", {80}}});
    table.units[0].unit_class = "small";
    table.events = {{"A", "b"}};
    EXPECT_NEAR(*outcome_of(simple(head + "[sum, caps, difficulty, bonus, deduction, veto]\n"), table).units[0].total,
                93, 1e-12);
    EXPECT_NEAR(*outcome_of(simple(head + "[sum, caps, bonus, difficulty, deduction, veto]\n"), table).units[0].total,
                93.5, 1e-12);
}
const std::string events = R"(cap: 85
events:
  groups: {honours: {cap: 3}}
  bonus:
    - {item: national, points: 2, group: honours}
    - {item: city, points: 0.5, cap: 1, group: honours}
    - {item: big10, points: 4, not_both: size}
    - {item: big50, points: 8, not_both: size}
  deduction:
    - {item: late, points: 5, cap: 8}
  veto:
    - {item: accident, effect: void, basis: 苏政办发〔2021〕10号, decider: 省商务厅}
    - {item: discipline, effect: disqualify}
    - {item: polluter, effect: force_class, class: D}
    - {item: young, effect: cap_class, class: B}
classes: {quotas: {A: 40, B: 40, D: 20}}
)";
TEST(Events, item_cap_group_cap_and_not_both_apply_after_the_sum_is_capped) {
    Table table = table_of({"A", "B"}, {{"x", {90, 80}}});
    table.events = {{"A", "national"}, {"A", "city", none, 5}, {"A", "city"},      {"A", "big10"},
                    {"A", "big50"},    {"A", "late", none, 2}, {"B", "city", 0.3}, {"B", "national", 2.9}};
    const Outcome out = outcome_of(simple(events), table);
    const UnitOutcome& a = *out.unit("A");
    EXPECT_EQ(*a.computed, 90);
    EXPECT_NEAR(*a.total, 85 + 2 + 1 + 8 - 8, 1e-12);
    EXPECT_EQ(a.order_text, "sum 90, capped at 85, + bonus 11, - deduction 8 -> 88");
    ASSERT_EQ(a.applied.size(), 5u);
    EXPECT_EQ(a.applied[1].asked, 3);
    EXPECT_EQ(a.applied[1].counted, 1);
    EXPECT_EQ(a.applied[2].counted, 0);
    EXPECT_EQ(a.applied[2].note, "not together with big50");
    EXPECT_NEAR(*out.unit("B")->total, 83, 1e-12);  // 2.9 + 0.3, group cap 3
}
TEST(Events, an_override_stands_beside_the_score_and_never_changes_it) {
    Table table = table_of({"A", "B", "C", "D", "E"}, {{"x", {50, 40, 30, 20, 10}}});
    const auto veto = [](std::string unit, std::string item) {
        return Event{std::move(unit), std::move(item), none, 1, "2024-05-01", "reason", "law", "body", ""};
    };
    table.events = {veto("A", "accident"), veto("B", "polluter"), veto("C", "discipline"), veto("B", "young")};
    table.events[0].basis.clear();
    table.events[0].decider.clear();
    const Outcome out = outcome_of(simple(events), table);
    EXPECT_EQ(*out.unit("A")->total, 50);  // kept
    EXPECT_FALSE(out.unit("A")->rank);
    EXPECT_TRUE(out.unit("A")->voided && !out.unit("A")->eligible);
    EXPECT_EQ(out.unit("A")->class_final, "");
    EXPECT_EQ(out.unit("A")->overrides[0].basis, "苏政办发〔2021〕10号");
    EXPECT_EQ(*out.unit("B")->rank, 1);
    EXPECT_EQ(out.unit("B")->class_computed, "A");
    EXPECT_EQ(out.unit("B")->class_final, "D");
    EXPECT_EQ(*out.unit("C")->rank, 2);
    EXPECT_FALSE(out.unit("C")->eligible);
    EXPECT_EQ(out.unit("C")->class_final, out.unit("C")->class_computed);
    table.events = {veto("A", "young")};
    const Outcome capped = outcome_of(simple(events), table);
    EXPECT_EQ(capped.unit("A")->class_computed, "A");
    EXPECT_EQ(capped.unit("A")->class_final, "B");
    EXPECT_NE(
        to_json(out).find(
            R"("effect":"force_class","class":"D","reason":"reason","basis":"law","date":"2024-05-01","decider":"body")"),
        std::string::npos)
        << to_json(out);
}
TEST(Events, unknown_ones_and_overrides_without_papers_are_refused_all_at_once) {
    Table table = three();
    table.events = {{"Z", "late"}, {"A", "nothing"}, {"A", "discipline"}, {"A", "late", -1}};
    const auto refused = score(table, scheme_of(simple(events)));
    ASSERT_FALSE(refused);
    const std::string text = text_of(refused.error());
    EXPECT_EQ(refused.error().size(), 4u) << text;
    EXPECT_NE(text.find("table:A:discipline: an override lacks its reason date basis decider"), std::string::npos)
        << text;
}
TEST(Score, input_that_cannot_be_scored_is_refused_with_every_reason) {
    EXPECT_FALSE(score(Table{}, scheme_of(simple(""))));
    Table table = table_of({"A", "A"}, {{"y", {1, 2}}});
    const auto twice = score(table, scheme_of(simple("")));
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error()[0].code, Code::duplicate);
    table = table_of({"A", "B"}, {{"y", {1, 2}}});
    const auto missing = score(table, scheme_of(simple("")));
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error()[0].message, "there is no column x");
    table = table_of({"A", "B"}, {{"x", {1, std::numeric_limits<double>::quiet_NaN()}}});
    EXPECT_FALSE(score(table, scheme_of(simple(""))));
    const auto unknown = score(three(), scheme_of(simple("")), {"nope", "t"});
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error()[0].code, Code::not_found);
}
TEST(Explain, a_geometric_path_says_what_full_marks_here_would_gain) {
    const Outcome out = outcome_of(
        "scheme: s\naggregate: geometric\nformula: {kind: value}\ntree:\n  code: t\n  children:\n    - {indicator: "
        "x}\n    - {indicator: y}\n",
        table_of({"A"}, {{"x", {25}}, {"y", {100}}}));
    const UnitOutcome& unit = out.units[0];
    EXPECT_NEAR(*unit.total, 50, 1e-12);
    EXPECT_FALSE(unit.cells[1].additive);
    EXPECT_NEAR(*unit.cells[1].lost, 50, 1e-12);
    EXPECT_NEAR(*unit.cells[2].lost, 0, 1e-12);
    EXPECT_FALSE(unit.cells[1].got);
}
TEST(Explain, points_lost_name_the_leaf_that_costs_most) {
    const Outcome out = outcome_of(
        "scheme: s\nweights: points\ntotal: 50\ntree:\n  code: t\n  children:\n    - {indicator: x, weight: 30, "
        "formula: {kind: ratio_target, target: 10, cap: 100}}\n    - {indicator: y, weight: 20, formula: {kind: "
        "minmax}}\n",
        table_of({"A", "B"}, {{"x", {5, 10}}, {"y", {3, 1}}}));
    EXPECT_NEAR(*out.unit("A")->cells[1].lost, 15, 1e-12);
    EXPECT_NEAR(*out.unit("A")->cells[1].got, 15, 1e-12);
    EXPECT_NEAR(*out.unit("B")->cells[2].lost, 20, 1e-12);
    EXPECT_NEAR(*out.unit("B")->cells[0].lost, 20, 1e-12);
    EXPECT_EQ(out.unit("A")->cells[1].text, "100 × 5 / 10 = 50");
}
TEST(Explain, a_missing_leaf_that_was_left_out_costs_nothing_and_is_flagged) {
    const Outcome out = outcome_of(
        "scheme: s\nmissing: reweight\nformula: {kind: value}\ntree:\n  code: t\n  children:\n    - {indicator: x}\n   "
        " - {indicator: y}\n",
        table_of({"A"}, {{"x", {none}}, {"y", {40}}}));
    EXPECT_EQ(*out.units[0].cells[1].lost, 0);
    EXPECT_TRUE(out.units[0].cells[1].has(Flag::missing));
    EXPECT_EQ(*out.units[0].cells[2].lost, 60);
    EXPECT_NE(to_json(out).find(R"("flagged":[{"node":"t","flags":"reweighted")"), std::string::npos) << to_json(out);
}

}  // namespace
}  // namespace yipan::score
