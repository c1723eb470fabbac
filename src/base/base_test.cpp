#include <gtest/gtest.h>

#include "base/date.h"
#include "base/decimal.h"
#include "base/hash.h"
#include "base/yaml.h"

namespace yipan {

TEST(Decimal, keeps_its_scale_and_compares_by_value) {
    EXPECT_EQ(Decimal::parse("1.50")->text(), "1.50");
    EXPECT_TRUE(*Decimal::parse("1.50") == *Decimal::parse("1.5"));
    EXPECT_EQ(Decimal::parse("-0.05")->text(), "-0.05");
    for (const char* bad : {"", "-", ".", "1.", "1e3", "1,000", "99999999999999999999"})
        EXPECT_FALSE(Decimal::parse(bad)) << bad;
}
TEST(Decimal, divides_with_stated_scale_and_rounding) {
    EXPECT_EQ(divide(*Decimal::parse("629.0"), *Decimal::parse("647.4"), 6, Rounding::half_up)->text(), "0.971579");
    EXPECT_EQ(divide(Decimal::of(1), Decimal::of(8), 2, Rounding::half_even)->text(), "0.12");
    EXPECT_EQ(divide(Decimal::of(-1), Decimal::of(8), 2, Rounding::half_up)->text(), "-0.13");
    EXPECT_EQ(divide(Decimal::of(1), Decimal::of(0), 2, Rounding::down).error().code, Code::evaluation_failed);
}
TEST(Money, refuses_a_third_decimal_instead_of_rounding) {
    EXPECT_EQ(Money::parse_yuan("12.3")->fen, 1230);
    EXPECT_FALSE(Money::parse_yuan("0.005"));
    EXPECT_FALSE(add(*Money::parse_yuan("1"), *Money::parse_yuan("1", *Currency::parse("USD"))));
}
TEST(Date, knows_the_calendar) {
    EXPECT_EQ(Date::parse("2024-02-29")->days, 19782);
    EXPECT_FALSE(Date::parse("2023-02-29"));
    EXPECT_EQ(Date::parse("2026/6/30")->text(), "2026-06-30");
    EXPECT_EQ(Date::parse("2026年6月30日")->text(), "2026-06-30");
    EXPECT_EQ(Date::parse("2026-11-22")->weekday(), 7);
    for (int d = -719162; d < 2900000; d += 997)
        EXPECT_EQ(Date::of(Date{d}.year(), Date{d}.month(), Date{d}.day())->days, d);
}
TEST(Period, reads_and_writes_all_forms) {
    for (const char* t : {"2026-03", "2026Q1", "2026H1", "2026", "2026-01..06"}) {
        const auto p = Period::parse(t);
        ASSERT_TRUE(p) << t;
        EXPECT_EQ(p->text(), t);
        EXPECT_EQ(Period::parse(p->text_zh())->encoded(), p->encoded()) << p->text_zh();
        EXPECT_EQ(*Period::decode(p->encoded()), *p);
    }
    EXPECT_EQ(Period::parse("2026年1-2月")->text(), "2026-01..02");
    EXPECT_EQ(Period::parse("2026H2")->first_day().text(), "2026-07-01");
    EXPECT_EQ(Period::parse("2026Q1")->previous()->text(), "2025Q4");
    for (const char* bad : {"2026-13", "2026Q5", "26", "2026-02..03", "2026H3", ""})
        EXPECT_FALSE(Period::parse(bad)) << bad;
}
TEST(Zone, turns_instants_into_local_days) {
    const auto zone = Zone::load("Asia/Shanghai");
    ASSERT_TRUE(zone);
    const auto t = Instant::parse("2026-06-30T16:30:00Z");
    EXPECT_EQ(zone->date_of(*t).text(), "2026-07-01");
    EXPECT_EQ(zone->at(*Date::parse("2026-07-01"), 9, 0, 0).text(), "2026-07-01T01:00:00Z");
    EXPECT_FALSE(Zone::load("Mars/Olympus"));
}
TEST(Hash, agrees_with_the_standard) {
    EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
TEST(Yaml, names_the_place_and_refuses_what_grows) {
    const auto doc = yaml::parse("a: 1\nb: [x, 'y']\n", "f.yaml");
    ASSERT_TRUE(doc);
    EXPECT_EQ(doc->find("b")->items[1].text, "y");
    EXPECT_TRUE(doc->find("b")->items[1].quoted);
    EXPECT_EQ(yaml::place("f.yaml", *doc->find("b")), "f.yaml:2:4");
    EXPECT_FALSE(yaml::parse("a: &x 1\nb: *x\n", "f"));
    EXPECT_FALSE(yaml::parse(std::string(100, '['), "f"));
    EXPECT_EQ(yaml::parse("a: 1\na: 2\n", "f").error().at(0).where, "f:2:1");
    EXPECT_FALSE(yaml::parse("a: [1", "f"));
}

}  // namespace yipan
