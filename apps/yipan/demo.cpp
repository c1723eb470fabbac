#include "demo.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/hash.h"
#include "demo_decisions.h"
#include "demo_pen.h"
#include "demo_tables.h"

namespace yipan::demo {
namespace {
constexpr int first_year = 2024, months = 30, last_month = 6;  // 2024-01 .. 2026-06
constexpr int enterprises_each = 400, projects_total = 120;
constexpr int provincial = 9, municipal = 30, district = 64;  // projects below these numbers have that level
constexpr std::int64_t records_each_enterprise =
    141;  // itself, 30 reports, 60 + 20 taxes, 30 visits; fewer for young ones
constexpr std::int64_t records_besides = 11'500;
const Date today = *Date::of(2026, 6, 30);  // nothing is reported for later days
enum Kind { people = 1, values, levels, peers, said, works, firms, places };

std::string yuan(std::int64_t fen) {
    return fmt::format("{}{}.{:02}", fen < 0 ? "-" : "", std::abs(fen) / 100, std::abs(fen) % 100);
}
std::string four_places(std::int64_t units) { return fmt::format("{}.{:04}", units / 10'000, units % 10'000); }
std::string month_text(int month) { return Period::of_month(first_year * 12 + month).text(); }  // month 0 is 2024-01
std::int64_t per_mille(std::int64_t value, int thousandths) {
    return value / 1000 * thousandths + value % 1000 * thousandths / 1000;
}

void organisation(Pen& pen, std::uint64_t seed) {
    for (const OrganRow& o : organs)
        pen.step(fmt::format("create organ code={} name={} kind={} opened={} partner={}", o.code, o.name, o.kind,
                             std::string_view(o.upper) == "JD" ? "2001-01-01" : "2010-01-01",
                             std::string_view(o.code).starts_with("PP") ? "yes" : "no"));
    pen.end();
    for (const OrganRow& o : organs) {
        if (*o.upper)
            pen.step(fmt::format("create organ_link upper={} organ={} valid_from={}", o.upper, o.code,
                                 std::string_view(o.code) == "JD" ? "2024-01-01" : "2010-01-01"));
        const std::string head = *o.upper && std::string_view(o.upper) == "JD" ? "P-JD-1" : "P-DW-1";
        for (int n = 1; n <= o.posts; ++n) {
            Random random = Random::of(seed, people, (&o - organs) * 100 + n);
            const std::string post = fmt::format("{}-{}", o.code, n);
            const char* kinds[] = {"administrative", "institution", "company", "contract"};
            pen.step(fmt::format("create post code=P-{} name={}{} organ={} establishment={}{}", post, o.name,
                                 n == 1 ? "负责人" : fmt::format("{}岗", n), o.code,
                                 kinds[n == 1 ? 0 : random.between(0, 3)],
                                 n > 1            ? fmt::format(" superior=P-{}-1", o.code)
                                 : post != "DW-1" ? " superior=" + head
                                                  : ""));
            pen.step(fmt::format("create person code=R-{} name={}{} joined={}", post, surnames[random.between(0, 9)],
                                 given_names[random.between(0, 15)],
                                 Date::of(random.between(1995, 2023), random.between(1, 12), 1)->text()));
            pen.step(fmt::format("create appointment person=R-{0} held_post=P-{0} valid_from={1}", post,
                                 Date::of(random.between(2024, 2026), random.between(1, 6), 1)->text()));
        }
        pen.end();
    }
    for (const OrganRow& o : organs)
        pen.step(fmt::format("amend organ {} head=P-{}-1", o.code, o.posts ? o.code : "DW"));
    pen.end();
    for (const char* line : zone_lines) {
        pen.step(line);
        pen.end();
    }
}

// One month of an indicator in a unit, in its smallest step (fen, cents, ten-thousandths).
std::int64_t month_value(const IndicatorRow& row, int index, int unit, int month, std::uint64_t seed, bool noise) {
    const int year = month / 12;
    std::int64_t value = row.base[unit];
    for (int y = 0; y < year; ++y) value = per_mille(value, row.growth[y]);
    Random random = Random::of(seed, values, (index * 3 + unit) * 100 + month);
    value = per_mille(value, season[static_cast<std::size_t>(month % 12)]);
    return noise ? per_mille(value, 1000 + random.between(-35, 35)) : value;
}

void economy(Pen& pen, std::uint64_t seed) {
    const auto field_of = [](const IndicatorRow& row) {
        return std::string_view(row.measure) == "cny"   ? "amount"
               : std::string_view(row.measure) == "usd" ? "amount_usd"
                                                        : "quantity";
    };
    const auto declare = [&](const IndicatorRow& row, const char* kind) {
        pen.step(fmt::format("create indicator code={} name={} measure={} kind={} officer=P-JF-2 unit_name={}",
                             row.code, row.name, row.measure, kind, row.unit_name));
    };
    for (const IndicatorRow& row : indicators) declare(row, "cumulative");
    for (const IndicatorRow& row : stocks) declare(row, "stock");
    pen.end();
    pen.as("P-JF-2", "R-JF-2");
    for (int i = 0; i < static_cast<int>(std::size(indicators)); ++i)
        for (int unit = 0; unit < 3; ++unit) {
            if (indicators[i].base[unit] == 0) continue;
            std::int64_t total = 0;
            for (int month = 0; month < months; ++month) {
                if (month % 12 == 0) total = 0;
                total += month_value(indicators[i], i, unit, month, seed, true);
                if (month % 12 == 0) continue;                         // 1-2月 are reported together
                const bool late = i == 1 && unit == 0 && month == 28;  // corrected below
                pen.step(fmt::format(
                    "create indicator_value {}indicator={} stat_unit={} span={} {}={}{}", late ? "@late " : "",
                    indicators[i].code, unit_codes[unit],
                    Period::year_to_date(first_year + month / 12, month % 12 + 1).text(), field_of(indicators[i]),
                    late ? total / 100 * 97 : total,
                    i == 0 && month >= 12
                        ? fmt::format(" reported_growth={}.{}", (indicators[i].growth[month / 12 - 1] - 1000) / 10,
                                      indicators[i].growth[month / 12 - 1] % 10)
                        : ""));
            }
            pen.end();
        }
    pen.step(fmt::format("amend indicator_value @late amount={}",
                         per_mille(per_mille(per_mille(indicators[1].base[0], 1042), 1065), 402)));
    pen.end();
    for (int i = 0; i < static_cast<int>(std::size(stocks)); ++i)
        for (int unit = 0; unit < 3; ++unit) {
            for (int month = 0; month < months; ++month) {
                std::int64_t value = per_mille(stocks[i].base[unit], 1000 + month * (stocks[i].growth[0] - 1000) / 12);
                value = per_mille(value, 1000 + Random::of(seed, levels, (i * 3 + unit) * 100 + month).between(-4, 4));
                pen.step(fmt::format("create indicator_level indicator={} stat_unit={} month={} {}={}", stocks[i].code,
                                     unit_codes[unit], month_text(month), field_of(stocks[i]), value));
            }
            pen.end();
        }
}

// City targets of each year, divided among the development office, the investment office and the subdistrict; the last
// takes the rest.
void targets(Pen& pen) {
    pen.as("P-KH-2", "R-KH-2");
    for (int year = 0; year < 3; ++year)
        for (const IndicatorRow& row : indicators) {
            if (row.aim == 0) continue;
            const auto expected = [&](int unit) {
                std::int64_t value = row.base[unit];
                for (int y = 0; y < year; ++y) value = per_mille(value, row.growth[y]);
                return value;
            };
            constexpr std::int64_t step = 100'000;  // targets are round
            const std::int64_t whole = per_mille(expected(0) + expected(1), row.aim) / step * step;
            const std::int64_t street = per_mille(expected(1), row.aim) / step * step,
                               office = (whole - street) / 5 * 3 / step * step;
            const char* field = std::string_view(row.measure) == "usd" ? "amount_usd" : "amount";
            const std::string code = fmt::format("T-{}-{}", first_year + year, row.code);
            pen.step(fmt::format("create target code={} indicator={} year={} {}={} basis=市年度目标", code, row.code,
                                 first_year + year, field, whole));
            pen.step(fmt::format("create target_part target={} organ=JD officer=P-JDJ-1 {}={}", code, field, street));
            pen.step(fmt::format("create target_part target={} organ=JF officer=P-JF-1 {}={}", code, field, office));
            pen.step(fmt::format("create target_part target={} organ=ZS officer=P-ZS-1 {}={}", code, field,
                                 whole - street - office));
            pen.end();
        }
    pen.flush();
    for (int year = 0; year < 3; ++year)
        for (const IndicatorRow& row : indicators) {
            if (row.aim == 0) continue;
            pen.step(fmt::format("move target T-{0}-{1} issue effective={0}-01-15", first_year + year, row.code));
            pen.end();
        }
}

// What our zone reports for one item and half-year where an indicator of its own says it; below zero: none does.
std::int64_t own_value(std::string_view item, int half, std::uint64_t seed) {
    for (const OwnItemRow& own : own_items) {
        if (item != own.item) continue;
        std::int64_t sum = 0;
        for (int i = 0; i < static_cast<int>(std::size(indicators)); ++i)
            for (int unit = 0; unit < 2 && std::string_view(indicators[i].code) == own.indicator;
                 ++unit)  // the partner park is not ours
                for (int month = half * 6; month < half * 6 + 6; ++month)
                    sum += month_value(indicators[i], i, unit, month, seed, true);
        return sum * own.times / own.per;
    }
    return -1;
}

void sister_zones(Pen& pen, std::uint64_t seed) {
    pen.as("P-KH-2", "R-KH-2");
    for (int z = 0; z < static_cast<int>(std::size(zones)); ++z)
        pen.step(fmt::format("create peer_zone code={} name={} ours={} officer=P-KH-2", zones[z][0], zones[z][1],
                             z == 0 ? "yes" : "no"));
    pen.end();
    for (int z = 0; z < static_cast<int>(std::size(zones)); ++z)
        for (int i = 0; i < static_cast<int>(std::size(items)); ++i) {
            const ItemRow& row = items[i];
            const int place = Random::of(seed, peers, z * 100 + i).between(-row.spread, row.spread);
            for (int half = 0; half < 5; ++half) {
                const int drift =
                    half * row.step + Random::of(seed, peers, (z * 100 + i) * 10 + half + 10'000).between(-6, 6);
                const std::int64_t own = z == 0 ? own_value(row.item, half, seed) : -1;
                const std::int64_t value =
                    own >= 0 ? own : per_mille(row.base, 1000 + place + drift + (z == 0 ? row.spread / 6 : 0));
                pen.step(fmt::format("create reported_value zone={} item={} half={}H{} quantity={} source=各区上报",
                                     zones[z][0], row.item, first_year + half / 2, half % 2 + 1, four_places(value)));
            }
        }
    pen.end();
    for (const FactRow& row : facts) {
        // From 2026 on meetings and resolutions are records, and nobody reports them again.
        const bool derived = std::string_view(row.item) == "committee_meetings" || std::string_view(row.item) == "resolutions";
        for (int half = 0; half < (derived ? 4 : 5); ++half) {
            std::int64_t value = per_mille(
                row.base, 1000 + Random::of(seed, said, (&row - facts) * 10 + half).between(-row.spread, row.spread));
            if (std::string_view(row.measure) == "%")
                value = std::min<std::int64_t>(value, 1'000'000) / 100 * 100;
            else if (std::string_view(row.measure) != "分钟")
                value = value / 10'000 * 10'000;
            pen.step(
                fmt::format("create reported_fact code=F-{0}H{1}-{2} item={2} name={3} organ={4} officer={5} "
                            "period={0}H{1} quantity={6} measure={7} source={8}",
                            first_year + half / 2, half % 2 + 1, row.item, row.name, row.organ, row.post,
                            four_places(value), row.measure, row.source));
        }
        pen.end();
    }
}

struct Project {
    std::string code;
    Date signed_on, land, permits, planned, start, planned_finish, finish, full, entered;
    std::int64_t total = 0;  // fen
    bool started = false;
    int pace = 100;  // done of planned, in percent
};

Project plan_project(int n, Random& random) {
    Project p;
    p.code = fmt::format("X-{:03}", n + 1);
    // Work starts between February and August; a tenth of the projects is planned for the end of the year.
    p.planned = *Date::of(first_year + n % 3, random.percent(10) ? random.between(9, 12) : random.between(2, 8),
                          random.between(1, 28));
    // Of 2026, so that every light shows: not started; started in spring or in May but not entered in statistics.
    const bool small = n >= municipal, stuck = small && n % 24 == 5, unseen = small && (n % 24 == 11 || n % 24 == 17);
    if (stuck || unseen)
        p.planned = *Date::of(first_year + n % 3, n % 24 == 17 ? 5 : random.between(2, 3), random.between(10, 28));
    p.signed_on = p.planned.plus_days(-random.between(70, 200));
    p.land = p.planned.plus_days(-random.between(12, 40));
    p.permits = random.percent(45) ? p.land : p.land.plus_days(random.between(1, 10));
    const int fate = stuck ? 100 : unseen ? 1 : random.between(1, 100);  // on time, a little late, very late
    p.start = p.planned.plus_days(fate <= 72   ? -random.between(0, 9)
                                  : fate <= 86 ? random.between(4, 80)
                                               : random.between(160, 260));
    p.start = std::max(p.start, p.permits);
    p.started = p.start <= today;
    const int length = random.between(270, 620);
    p.planned_finish = p.planned.plus_days(length);
    p.finish = p.start.plus_days(length + random.between(-40, 70));
    p.full = p.finish.plus_days(random.between(90, 200));
    // Sized so that what the projects invest stays within the zone's fixed-asset investment, of which it is a part.
    p.total = std::int64_t{n < provincial  ? random.between(450, 1700)
                           : n < municipal ? random.between(100, 480)
                                           : random.between(12, 130)} *
              1'000'000 * 100;
    p.entered = unseen ? today.plus_days(1) : p.start.plus_days(random.between(9, 48));
    p.pace = random.percent(12) ? random.between(35, 70) : random.between(90, 128);
    return p;
}

void project_children(Pen& pen, const Project& p, Random& random) {
    const char* kinds[] = {"title", "land", "works", "drawings", "construction"};
    if (p.permits <= today)
        for (int k = 0; k < 5; ++k) {
            const Date issued = k == 4 ? p.permits : std::min(p.permits, p.land.plus_days(k));
            pen.step(fmt::format("create permit project={0} kind={1} number=甲川证{0}-{2} issued={3}", p.code, kinds[k],
                                 k + 1, issued.text()));
            pen.set("paper", "sha256:" + hex(sha256(fmt::format("{} {}", p.code, kinds[k]))) + " " + p.code + "-" +
                                 kinds[k] + ".pdf");
        }
    const int length = p.planned_finish.days - p.planned.days;
    for (int m = 0; m < static_cast<int>(std::size(milestone_names)); ++m) {
        const Date due = p.planned.plus_days(length * m / 5);
        const Date reached = p.start.plus_days(length * m / 5 + random.between(-12, 9));
        pen.step(fmt::format("create milestone project={} name={} due={}{}", p.code, milestone_names[m], due.text(),
                             p.started && reached <= today ? " reached=" + reached.text() : ""));
    }
    const MonthIndex from = month_index(p.planned), to = month_index(p.planned_finish), started = month_index(p.start);
    const std::int64_t share = p.total / (to - from + 1);
    for (MonthIndex m = from; m <= to; ++m)
        pen.step(fmt::format("create project_plan project={} month={} amount={}", p.code, Period::of_month(m).text(),
                             yuan(share / 10'000 * 10'000)));
    if (!p.started) return;
    for (MonthIndex m = started; m <= std::min(month_index(today), month_index(p.finish)); ++m)
        pen.step(fmt::format("create project_month project={} month={} amount={}{}", p.code, Period::of_month(m).text(),
                             yuan(share / 100 * p.pace / 100 * random.between(80, 120) / 10'000 * 10'000),
                             m % 6 == 5 && p.total > 40'000'000'000
                                 ? fmt::format(" foreign_amount={}", random.between(5, 60) * 10'000)
                                 : ""));
}

// A zone that does not exist lies where nobody lives: in the open East China Sea, each organ's projects near one
// another.
std::string project_place(int n, int organ, std::uint64_t seed) {
    Random random = Random::of(seed, places, n);
    const int east = organ % 4 * 300 + random.between(0, 220), north = organ / 4 * 260 + random.between(0, 200);
    return fmt::format(R"({{"type":"Point","coordinates":[126.{:04},30.{:04}]}})", east, north);
}

void projects(Pen& pen, std::uint64_t seed) {
    std::vector<Project> all;
    for (int n = 0; n < projects_total; ++n) {
        Random random = Random::of(seed, works, n);
        const Project p = plan_project(n, random);
        const int at = random.between(0, static_cast<int>(std::size(project_organs)) - 1);
        const auto& organ = project_organs[at];
        const IndustryRow& industry = industries[random.between(0, static_cast<int>(std::size(industries)) - 1)];
        const char* level = n < provincial  ? "provincial"
                            : n < municipal ? "municipal"
                            : n < district  ? "district"
                                            : "own";
        const char* role = n % 30 == 7 ? "serve" : n % 15 == 3 ? "host" : "own";
        pen.as(organ[1], "R" + std::string(organ[1]).substr(1));
        pen.step(fmt::format(
            "create project code={} name={}{}{}期 level={} role={} industry={} organ={} officer={} total={} "
            "planned_start={} planned_finish={} enterprise=E-{:05} place={} effective=2023-07-01",
            p.code, firm_names[random.between(0, 15)], industry.product, given_names[random.between(0, 2)], level, role,
            industry.project, organ[0], organ[1], yuan(p.total), p.planned.text(), p.planned_finish.text(), n * 3 + 1,
            project_place(n, at, seed)));
        project_children(pen, p, random);
        pen.end();
        all.push_back(p);
    }
    pen.flush();
    for (const Project& p : all) {
        const auto move = [&](const char* name, Date day, std::string fields) {
            pen.step(fmt::format("move project {} {} effective={} {}", p.code, name, day.text(), fields));
            pen.end();
        };
        if (p.signed_on > today) continue;
        move("sign", p.signed_on, "signed=" + p.signed_on.text());
        if (p.permits <= today) {
            pen.step(fmt::format("amend project {} effective={} land_granted={} permits_complete={}", p.code,
                                 p.permits.text(), p.land.text(), p.permits.text()));
            pen.end();
        }
        if (!p.started) continue;
        move("start", p.start,
             "started=" + p.start.text() + (p.entered <= today ? " registered=" + p.entered.text() : ""));
        if (p.start.plus_days(45) <= today) move("build", p.start.plus_days(45), "");
        if (p.finish > today) continue;
        move("produce", p.finish, "finished=" + p.finish.text());
        if (p.full <= today) move("reach", p.full, "full_capacity=" + p.full.text());
    }
}

// Enterprises with their reports, taxes and visits: one draft each, values built without texts, for they are most of
// the board.
class Firms {
  public:
    Firms(Pen& pen, std::uint64_t seed) : pen_(pen), seed_(seed) {
        for (int unit = 0; unit < 3; ++unit) units_[unit] = pen.id(type("stat_unit"), unit_codes[unit]);
        const char* places[] = {"JC", "JC", "JC", "C1", "C2", "C5", "S3", "S4", "JD", "PP"};
        for (int i = 0; i < 10; ++i) organs_[i] = pen.id(type("organ"), places[i]);
        const char* posts[] = {"P-QF-2", "P-QF-3",  "P-QF-4",  "P-QF-5",  "P-QF-6",
                               "P-QF-7", "P-JDJ-4", "P-JDJ-5", "P-JDJ-6", "P-PPX-2"};
        for (int i = 0; i < 10; ++i) posts_[i] = pen.id(type("post"), posts[i]);
    }

    void write(std::int64_t n) {
        Random random = Random::of(seed_, firms, n);
        const int kind = random.between(0, static_cast<int>(std::size(industries)) - 1), at = random.between(0, 9);
        const IndustryRow& industry = industries[kind];
        const bool large = random.percent(44), young = random.percent(9);
        const Date opened = young ? Date::of(first_year, 1, 1)->plus_days(random.between(0, 850))
                                  : *Date::of(random.between(1998, 2023), random.between(1, 12), random.between(1, 28));
        const std::int64_t post = posts_[at <= 2 ? random.between(0, 5) : at <= 8 ? random.between(6, 8) : 9];
        start("enterprise");
        put("code", fmt::format("E-{:05}", n + 1));
        put("name", fmt::format("{}{}有限公司", firm_names[random.between(0, 15)], industry.word) +
                        (n < 1000 ? "" : std::to_string(n)));
        put("credit_code", fmt::format("91990100MA{:08}", n + 1));
        put("organ", organs_[at]);
        put("stat_unit", units_[at <= 2 ? 0 : at <= 8 ? 1 : 2]);
        put("officer", post);
        put("industry", std::string(industry.code));
        put("above_scale", std::int64_t{large});
        put("opened", std::int64_t{opened.days});
        put("land_area", std::int64_t{random.between(300, large ? 18'000 : 4'000)});
        finish_change();
        if (n < enterprises_each) pen_.name(type("enterprise"), fmt::format("E-{:05}", n + 1));
        std::int64_t base =
            std::int64_t{large ? random.between(600, 5200) : random.between(20, 190)} * 1'000'000;  // fen a month
        const int staff = large ? random.between(45, 620) : random.between(6, 40);
        for (int month = std::max(0, month_index(opened) - first_year * 12); month < months; ++month) {
            if (month == 12 || month == 24) base = per_mille(base, industry.growth);
            write_month(random, industry, month, per_mille(base, season[static_cast<std::size_t>(month % 12)] * 12),
                        staff, post);
        }
        pen_.end();
    }

  private:
    int type(std::string_view code) const { return pen_.model().find_type(code); }
    void start(std::string_view code) {
        change_ = {};
        change_.type = type(code);
        change_.set.reserve(12);
    }
    void put(std::string_view field, record::Value value) {
        change_.set.emplace_back(pen_.model().types[static_cast<std::size_t>(change_.type)].find(field),
                                 std::move(value));
    }
    void start_child(std::string_view code) {
        start(code);
        put("enterprise", std::int64_t{-1});  // the first change of this draft
    }
    void finish_change() { pen_.add(std::move(change_)); }

    void write_month(Random& random, const IndustryRow& industry, int month, std::int64_t output, int staff,
                     std::int64_t post) {
        output = per_mille(output, 1000 + random.between(-60, 60)) / 100 * 100;
        const Period period = Period::of_month(first_year * 12 + month);
        start_child("enterprise_month");
        put("month", period.encoded());
        put("output", output);
        put("employees", std::int64_t{staff + random.between(-2, 2) + month / 6});
        put("electricity", output / 2'000'000 + random.between(1, 40));
        finish_change();
        const std::int64_t tax = output / 10'000 * industry.tax_share;
        const auto pay = [&](const char* kind, std::int64_t amount) {
            start_child("enterprise_tax");
            put("month", period.encoded());
            put("kind", std::string(kind));
            put("amount", amount);
            finish_change();
        };
        pay("vat", tax / 100 * 68);
        pay("income", tax / 100 * 32);
        if (month % 3 == 2) pay("land", tax / 20);
        if (month % 3 == 0) pay("other", tax / 40);
        const char* topics[] = {"labour", "funding", "land", "approval", "policy"};
        const Date day = period.first_day().plus_days(random.between(0, 27));
        start_child("visit");
        put("day", std::int64_t{day.days});
        put("visitor", post);
        const bool routine = random.percent(70);
        put("topic", std::string(routine ? "routine" : topics[random.between(0, 4)]));
        const Date solved = day.plus_days(random.between(2, 55));
        if (!routine && solved <= today && !random.percent(6)) put("solved", std::int64_t{solved.days});
        finish_change();
    }

    Pen& pen_;
    std::uint64_t seed_;
    std::int64_t units_[3], organs_[10], posts_[10];
    board::Change change_;
};

// Two projects change hands on a day after everything else known of them: what was invested before stays where it
// happened.
void transfers(Pen& pen, std::uint64_t seed) {
    const Date day = *Date::of(2026, 5, 1);
    pen.as("P-DZ-2", "R-DZ-2");
    for (int n = 0, moved = 0; n < projects_total && moved < 2; ++n) {
        Random random = Random::of(seed, works, n);
        const Project p = plan_project(n, random);
        if (!p.started || p.start.plus_days(45) >= day || p.finish <= today) continue;
        pen.step(fmt::format("amend project {} organ=GZ officer=P-GZ-2 effective={}", p.code, day.text()));
        pen.end();
        ++moved;
    }
}
// Roles of posts and second posts, last: what is written before keeps its ids and positions.
void roles(Pen& pen) {
    pen.as("P-ZZ-2", "R-ZZ-2");
    for (const char* line : role_lines) pen.step(line);
    for (const char* line : post_lines) pen.step(line);
    pen.end();
}
}  // namespace

std::vector<Telling> telling_people() {
    std::vector<Telling> out;
    for (const TellingRow& row : telling) out.push_back({row.person, {row.hans, row.hant, row.en}});
    return out;
}

board::Board::Birth birth(std::vector<model::SourceFile> model, const Options& options) {
    board::Board::Birth out;
    out.name = "甲川开发区一盘棋（虚构示例）";
    out.note =
        "虚构示例：地名、单位、人员、企业和数字均为编造 / fictional: every place, body, person and number is invented";
    out.frozen_clock = *Instant::parse("2026-07-01T01:00:00Z");
    out.salt_seed = fmt::format("demo {}", options.seed);
    out.model = std::move(model);
    return out;
}

Checked<std::int64_t> write_demo(board::Board& board, const Options& options) {
    if (options.scale < 1 || options.scale > scale_max)
        return fail(Errors{
            {Code::usage, "scale", fmt::format("scale is {}", options.scale), fmt::format("1 to {}", scale_max)}});
    const std::int64_t count = std::int64_t{enterprises_each} * options.scale;
    Pen pen(board, options.progress, count * records_each_enterprise + records_besides);
    organisation(pen, options.seed);
    economy(pen, options.seed);
    targets(pen);
    sister_zones(pen, options.seed);
    pen.end();
    pen.flush();
    pen.as("P-QF-2", "R-QF-2");
    Firms firms_writer(pen, options.seed);
    for (std::int64_t n = 0; n < count && !pen.failed(); ++n) firms_writer.write(n);
    pen.end();
    projects(pen, options.seed);
    transfers(pen, options.seed);
    roles(pen);
    decisions(pen, options);
    return pen.finish();
}

}  // namespace yipan::demo
