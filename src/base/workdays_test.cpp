#include "base/workdays.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <sstream>

namespace yipan {
namespace {

const WorkCalendar& shipped() {
    static const WorkCalendar calendar = [] {
        std::ifstream in(YIPAN_SOURCE_DIR "/modules/organisation/data/holidays.csv");
        std::stringstream text;
        text << in.rdbuf();
        return WorkCalendar::parse(text.str(), "holidays.csv").value();
    }();
    return calendar;
}
Date day(std::string_view text) { return Date::parse(text).value(); }
bool working(std::string_view text) {
    const auto answer = shipped().is_working_day(day(text));
    EXPECT_TRUE(answer.published()) << text;
    return answer.value;
}
std::string after(std::string_view text, int n) {
    const auto answer = shipped().add_working_days(day(text), n).value();
    EXPECT_TRUE(answer.published()) << text;
    return answer.value.text();
}
int between(std::string_view a, std::string_view b) {
    return shipped().working_days_between(day(a), day(b)).value().value;
}

TEST(Workdays, weekends_worked_in_exchange_are_working_days) {
    for (const auto* d :
         {"2024-02-04", "2024-02-18", "2024-04-07", "2024-04-28", "2024-05-11", "2024-09-14", "2024-09-29",
          "2024-10-12", "2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11"}) {
        EXPECT_TRUE(working(d)) << d;
        EXPECT_GE(day(d).weekday(), 6) << d;
    }
}

TEST(Workdays, holidays_are_off_whatever_the_weekday_and_ordinary_days_are_as_they_are) {
    for (const auto* d :
         {"2024-01-01", "2024-02-12", "2024-05-03", "2024-06-10", "2024-10-07", "2025-01-28", "2025-10-08"}) {
        EXPECT_FALSE(working(d)) << d;
    }
    EXPECT_TRUE(working("2024-02-09"));
    EXPECT_FALSE(working("2024-03-02"));
    EXPECT_TRUE(working("2024-12-31"));
    EXPECT_EQ(shipped().name_of(day("2024-02-18")), "春节");
    EXPECT_EQ(shipped().name_of(day("2024-03-01")), "");
}

TEST(Workdays, the_two_years_have_251_and_248_working_days) {
    // Counted apart, day by day, from the text of the two notices.
    EXPECT_EQ(between("2023-12-31", "2024-12-31"), 251);
    EXPECT_EQ(between("2024-12-31", "2025-12-31"), 248);
}

TEST(Workdays, counting_starts_the_day_after) {
    EXPECT_EQ(after("2024-03-04", 1), "2024-03-05");
    EXPECT_EQ(after("2024-03-01", 1), "2024-03-04");  // Friday to Monday
    EXPECT_EQ(after("2024-02-09", 1), "2024-02-18");  // over the spring festival to the Sunday worked
    EXPECT_EQ(after("2024-09-30", 5), "2024-10-12");  // over National Day, ends on the Saturday worked
    EXPECT_EQ(after("2024-10-12", -5), "2024-09-30");
    EXPECT_EQ(after("2024-02-12", 0), "2024-02-12");  // a day off stays what it is
    EXPECT_EQ(after("2024-02-12", 1), "2024-02-18");
}

TEST(Workdays, days_between_are_the_inverse_of_adding) {
    std::mt19937 random(3);
    for (int round = 0; round < 2000; ++round) {
        const Date from = day("2024-06-30").plus_days(static_cast<int>(random() % 200) - 100);
        const int n = static_cast<int>(random() % 161) - 80;
        const Date to = shipped().add_working_days(from, n).value().value;
        ASSERT_EQ(shipped().working_days_between(from, to).value().value, n) << from.text() << " " << n;
        if (n != 0) {
            ASSERT_TRUE(shipped().is_working_day(to).value);
        }
    }
}

TEST(Workdays, a_year_without_a_table_counts_weekends_only_and_says_so) {
    const auto today = shipped().is_working_day(day("2026-10-01"));
    EXPECT_TRUE(today.value);
    EXPECT_EQ(today.unpublished_years, std::vector<int>{2026});
    const auto deadline = shipped().add_working_days(day("2025-12-31"), 5).value();
    EXPECT_EQ(deadline.value.text(), "2026-01-07");
    EXPECT_EQ(deadline.unpublished_years, std::vector<int>{2026});
    EXPECT_EQ(shipped().working_days_between(day("2023-12-01"), day("2026-02-01")).value().unpublished_years,
              (std::vector<int>{2023, 2026}));
    EXPECT_EQ(shipped().add_working_days(day("2025-12-30"), 600).value().unpublished_years,
              (std::vector<int>{2026, 2027, 2028}));
    EXPECT_TRUE(shipped().add_working_days(day("2025-12-30"), 1).value().published());
    EXPECT_FALSE(WorkCalendar().is_working_day(day("2024-03-04")).published());
}

TEST(Workdays, a_few_days_of_a_year_do_not_make_it_published) {
    const auto table =
        WorkCalendar::parse("date,kind,name\n2022-12-31,holiday,元旦\n2023-01-01,holiday,元旦\n", "t").value();
    EXPECT_FALSE(table.published(2022));
    EXPECT_FALSE(table.published(2023));
    EXPECT_FALSE(table.is_working_day(day("2022-12-31")).value);
}

TEST(Workdays, all_mistakes_of_a_table_are_reported_with_their_place) {
    const auto bad = WorkCalendar::parse(
        "date,kind,name\n2024-02-30,holiday,x\n2024-02-10,off,x\n2024-03-06,workday,x\n2024-05-01,holiday\n"
        "2024-10-01,holiday,x\n2024-10-01,holiday,x\n",
        "t.csv");
    ASSERT_FALSE(bad);
    std::vector<std::string> where;
    for (const Error& e : bad.error()) where.push_back(e.where);
    EXPECT_EQ(where, (std::vector<std::string>{"t.csv:2:date", "t.csv:3:kind", "t.csv:4:date", "t.csv:5", "t.csv"}));
    EXPECT_EQ(WorkCalendar::parse("day,kind,name\n", "t").error().size(), 1u);
    EXPECT_EQ(WorkCalendar::parse("", "t").error().size(), 1u);
}

TEST(Workdays, counts_beyond_the_limit_or_the_calendar_are_refused) {
    EXPECT_EQ(shipped().add_working_days(day("2024-01-01"), 1'000'000).error().code, Code::limit_exceeded);
    EXPECT_EQ(shipped().add_working_days(day("9999-12-30"), 40).error().code, Code::overflow);
    EXPECT_EQ(shipped().working_days_between(day("0001-01-01"), day("2024-01-01")).error().code, Code::limit_exceeded);
}

}  // namespace
}  // namespace yipan
