// Rights of figures: who may see which, small cells and what stands beside them, and how many rows are hidden.
#include <gtest/gtest.h>

#include <random>

#include "access/house.h"
#include "access/small_cells.h"

namespace yipan::test {
namespace {
using access::Part;
using access::withheld_parts;

TEST(SmallCells, the_small_one_is_withheld_and_with_it_the_next_smallest_so_that_the_whole_does_not_tell) {
    EXPECT_EQ(withheld_parts({{10, 10}, {20, 20}, {5, 5}}, 3), (std::vector<bool>{false, false, false}));
    EXPECT_EQ(withheld_parts({{10, 10}, {20, 20}, {1, 1}}, 3), (std::vector<bool>{true, false, true}));
    EXPECT_EQ(withheld_parts({{2, 2}, {2, 2}, {9, 9}}, 3), (std::vector<bool>{true, true, false})) << "two small ones hide one another";
    EXPECT_EQ(withheld_parts({{0, 0}, {9, 9}}, 3), (std::vector<bool>{false, false})) << "nothing stands for nobody";
    EXPECT_EQ(withheld_parts({{1, 1}}, 3), (std::vector<bool>{true}));
    EXPECT_EQ(withheld_parts({}, 3), std::vector<bool>{});
}

// What stays hidden together is never a small cell, unless there is nothing left to hide it with.
TEST(SmallCells, the_whole_minus_what_is_shown_stands_for_enough_in_random_worlds) {
    std::mt19937 random(1);
    for (int world = 0; world < 20'000; ++world) {
        const int least = 2 + static_cast<int>(random() % 5);
        std::vector<Part> parts(1 + random() % 8);
        for (Part& p : parts) p.stands_for = random() % 10, p.size = p.stands_for * static_cast<std::int64_t>(1 + random() % 3);
        const auto withheld = withheld_parts(parts, least);
        std::int64_t hidden = 0;
        bool shown = false;
        for (std::size_t i = 0; i < parts.size(); ++i) {
            if (withheld[i]) hidden += parts[i].stands_for;
            else if (parts[i].stands_for > 0) {
                shown = true;
                EXPECT_GE(parts[i].stands_for, least);
            }
        }
        EXPECT_TRUE(hidden == 0 || hidden >= least || !shown);
    }
}

class Figures : public testing::Test {
  protected:
    static House& house() {
        static House one("figures");
        return one;
    }
    static House::Answer value(const char* person, const char* post, const std::string& unit, const std::string& more = "&period=2026-06") {
        return house().ask(house().as(person, post), "GET", "/figures/enterprise_tax?unit=" + unit + more);
    }
};

TEST_F(Figures, a_figure_is_seen_by_unit_and_a_unit_outside_answers_as_if_it_did_not_exist) {
    EXPECT_EQ(value("R-CZ-2", "P-CZ-2", "JC").status, 200);
    EXPECT_EQ(value("R-PPX-2", "P-PPX-2", "JC").status, value("R-PPX-2", "P-PPX-2", "NOWHERE").status);
    EXPECT_NE(value("R-PPX-2", "P-PPX-2", "JC").status, 200);
    EXPECT_EQ(value("R-PPX-2", "P-PPX-2", "JC").text.substr(0, 60), value("R-PPX-2", "P-PPX-2", "NOWHERE").text.substr(0, 60));
}

TEST_F(Figures, a_sum_may_be_known_where_its_rows_are_not_and_why_says_how_many_are_hidden) {
    const auto clerk = house().ask(house().as("R-SH-2", "P-SH-2"), "GET", "/figures/enterprise_tax/why?unit=JC&period=2026-06");
    ASSERT_EQ(clerk.status, 200) << clerk.text.substr(0, 400);
    EXPECT_TRUE(clerk.body.at("value").at("has").as_bool());
    EXPECT_EQ(clerk.body.at("rows").as_array().size(), 0U);
    EXPECT_GT(clerk.body.at("hidden").as_int64(), 100);
    const auto finance = house().ask(house().as("R-CZ-2", "P-CZ-2"), "GET", "/figures/enterprise_tax/why?unit=JC&period=2026-06");
    EXPECT_EQ(finance.body.at("hidden").as_int64(), 0);
    EXPECT_GT(finance.body.at("rows").as_array().size(), 0U);
}

TEST_F(Figures, who_stands_behind_a_small_number_is_counted_by_owners_and_what_stands_beside_it_is_withheld_too) {
    House& h = house();
    // A statistical unit of its own for one enterprise: its several tax lines still tell of one.
    const auto model = h.board().model();
    const int enterprise = model->find_type("enterprise"), organ = model->find_type("organ"), stat_unit = model->find_type("stat_unit"), link = model->find_type("organ_statistical");
    const auto field = [&](int type, const char* code) { return model->types[static_cast<std::size_t>(type)].find(code); };
    const auto snapshot = h.board().snapshot();
    board::Draft d;
    d.channel = "test";
    board::Change c;
    c.type = stat_unit;
    c.set = {{field(stat_unit, "code"), std::string("990100077")}, {field(stat_unit, "name"), std::string("一户统计单位")}};
    d.changes.push_back(c);
    c = {};
    c.type = link;
    c.set = {{field(link, "organ"), snapshot->find(organ, "JC")->value}, {field(link, "stat_unit"), std::int64_t{-1}}, {field(link, "valid_from"), std::int64_t{Date::of(2010, 1, 1)->days}}};
    d.changes.push_back(c);
    c = {};
    c.verb = board::Verb::amend, c.type = enterprise, c.record = *snapshot->find(enterprise, "E-00002"), c.effective = *Date::of(2024, 1, 1);
    c.set = {{field(enterprise, "stat_unit"), std::int64_t{-1}}};
    d.changes.push_back(c);
    const auto moved = h.board().apply(std::move(d));
    ASSERT_TRUE(moved) << text_of(moved.error());
    int small = 0, beside = 0, shown = 0;
    for (const char* unit : {"990100077", "990100900", "990100006", "JD", "PP"}) {
        // Digits alone would be an id.
        const auto by_code = h.board().snapshot()->find(stat_unit, unit);
        const std::string named = by_code ? std::to_string(by_code->value) : unit, more = by_code ? "&unit_type=stat_unit&period=2026-06" : "&period=2026-06";
        const auto all = value("R-CZ-2", "P-CZ-2", named, more), clerk = value("R-SH-2", "P-SH-2", named, more);
        ASSERT_EQ(all.status, 200) << all.text;
        ASSERT_EQ(clerk.status, 200) << clerk.text;
        ASSERT_TRUE(all.body.at("value").at("has").as_bool()) << all.text;
        const bool clerk_sees = clerk.body.at("value").at("has").as_bool();
        if (std::string_view(unit) == "990100077") {
            EXPECT_GE(all.body.at("value").at("records").as_int64(), 2) << "several lines";
            EXPECT_FALSE(clerk_sees) << clerk.text;
            ++small;
        } else {
            ++(clerk_sees ? shown : beside);
        }
    }
    EXPECT_TRUE(value("R-SH-2", "P-SH-2", "JC").body.at("value").at("has").as_bool()) << "the whole is shown";
    std::printf("%d small, %d withheld beside, %d shown\n", small, beside, shown);
    EXPECT_GE(beside, 1) << "the subdistrict minus the others would tell";
    EXPECT_EQ(small, 1);
    EXPECT_GE(shown, 1);
}

}  // namespace
}  // namespace yipan::test
