// Lamps of lights over figures: what the clock writes when it looks only at what may have changed is what it writes when it
// looks at everything, and what it looks at follows what happened.
#include <gtest/gtest.h>

#include <random>

#include "desk.h"

namespace yipan {
namespace {
using desk::Desk;

// A plan and what was done of it, by unit and month: a derived figure over a forest, one with a streak, one that is a stock
// carried forward, one without periods, one that cannot be computed where the plan is nothing.
constexpr const char* yield_yaml = R"yaml(
types:
  yield:
    label: [产出, 產出, Yield]
    responsible: none
    key: code
    fields:
      code: {type: text, required: true, unique: true, max_chars: 40, label: [编号, 編號, Code]}
      unit: {type: reference, to: organ, required: true, label: [单位, 單位, Unit]}
      day: {type: date, required: true, label: [日期, 日期, Day]}
      planned: {type: integer, label: [计划, 計劃, Planned]}
      done: {type: integer, label: [完成, 完成, Done]}
      stored: {type: integer, label: [库存, 庫存, Left]}
figures:
  yield_planned: {label: [计划, 計劃, Planned], of: yield, sum: planned, unit: unit, period: day, forest: organs}
  yield_done: {label: [完成, 完成, Done], of: yield, sum: done, unit: unit, period: day, forest: organs}
  yield_left: {label: [库存, 庫存, Left], of: yield, sum: stored, kind: stock, max_age: 2, unit: unit, period: day, forest: organs}
  yield_ever: {label: [总数, 總數, All], of: yield, sum: done, unit: unit, forest: organs}
  yield_lead:
    label: [超前, 超前, Lead]
    parts:
      done: {figure: yield_done, window: ytd}
      planned: {figure: yield_planned, window: ytd}
    formula: "decimal((done - planned) * 100).div(decimal(planned), 2)"
  yield_stock: {label: [余量, 餘量, Stock], parts: {stored: {figure: yield_left}}, formula: "stored - 5"}
  yield_total: {label: [总量, 總量, Total], parts: {ever: {figure: yield_ever}}, formula: "ever - 10"}
lights:
  yield_pace: {label: [进度, 進度, Pace], figure: yield_lead, yellow: {behind: 10}, red: {behind: 40}, streak: {colour: yellow, periods: 2, becomes: red}}
  yield_short: {label: [短缺, 短缺, Short], figure: yield_stock, yellow: {behind: 0, inclusive: false}, red: {behind: 3}}
  yield_small: {label: [偏少, 偏少, Small], figure: yield_total, yellow: {behind: 1}, red: {behind: 6}}
)yaml";

class Yields {
  public:
    Yields() : desk("yields", {{"yield/types/yield.yaml", yield_yaml}}) {
        units.push_back(desk.organ());
        for (int i = 1; i <= 6; ++i) add_unit();
        for (std::size_t i = 1; i < units.size(); ++i) link(units[(i - 1) / 2], units[i], "2025-01-01");
    }
    RecordId add_unit() {
        const std::string code = "U-" + std::to_string(units.size());
        units.push_back(desk.create("organ", {{"code", code}, {"name", code}, {"kind", std::string("office")}}));
        return units.back();
    }
    RecordId link(RecordId upper, RecordId organ, const char* from) {
        links.push_back(desk.create("organ_link", {{"upper", upper.value}, {"organ", organ.value}, {"valid_from", std::int64_t{Date::parse(from)->days}}}));
        return links.back();
    }
    RecordId yield(RecordId unit, Date day, std::int64_t planned, std::int64_t done, std::int64_t left) {
        yields.push_back(desk.create("yield", {{"code", "Y-" + std::to_string(yields.size())}, {"unit", unit.value}, {"day", std::int64_t{day.days}}, {"planned", planned}, {"done", done}, {"stored", left}}));
        return yields.back();
    }
    void write(board::Verb verb, const char* type, RecordId id, const char* field, record::Value value) {
        flow::Making m(desk.model(), verb, desk.model().find_type(type), id);
        if (verb == board::Verb::amend) m.set(field, std::move(value));
        else m.change.note = "a reason";
        board::Draft draft;
        draft.channel = "test";
        draft.changes.push_back(std::move(m.change));
        const auto done = desk.board().apply(std::move(draft));
        ASSERT_TRUE(done) << text_of(done.error());
    }
    /// light, subject -> colour and whether it is in trouble, as last written.
    std::map<std::pair<std::string, std::string>, std::pair<std::string, bool>> lamps() {
        std::map<std::pair<std::string, std::string>, std::pair<std::string, bool>> out;
        const auto snapshot = desk.board().snapshot();
        EXPECT_TRUE(snapshot->each(desk.model().flow.lamp, [&](const record::RecordPtr& r) {
            out[{flow::text(desk.model(), *r, "light"), flow::text(desk.model(), *r, "subject")}] = {flow::text(desk.model(), *r, "colour"), !flow::text(desk.model(), *r, "trouble").empty()};
            return true;
        }));
        return out;
    }
    Desk desk;
    std::vector<RecordId> units, links, yields;
};

// A ticker that goes on, told of every batch, against one made for each tick, which looks at everything.
void walk(unsigned seed, int days) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Yields one, other;
    flow::Ticker ticker(one.desk.board());
    one.desk.board().subscribe([&](const board::Shown& shown) { ticker.changed(shown); });
    std::mt19937 random(seed);
    const auto any = [&](std::int64_t below) { return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(below)); };
    Date day = *Date::parse("2026-01-05");
    std::size_t written = 0;
    for (int step = 0; step < days; ++step) {
        const std::int64_t skip = any(5) == 0 ? 20 + any(40) : any(4);
        day = day.plus_days(static_cast<int>(skip));
        for (Yields* y : {&one, &other}) y->desk.clock().set(*Instant::parse(day.text() + "T02:00:00Z"));
        // On the same day either figures move, or links and units only, which wait for the next day.
        const bool links_only = skip == 0 && any(2) == 0;
        for (std::int64_t n = any(4); n > 0; --n) {
            const std::int64_t what = links_only ? 9 + any(3) : any(skip == 0 ? 9 : 12), pick = any(1'000), amount = any(30), planned = any(4) == 0 ? 0 : 1 + any(20), back = any(200), unit = any(static_cast<std::int64_t>(one.units.size())), left = any(12);
            for (Yields* y : {&one, &other}) {
                const RecordId of = y->units[static_cast<std::size_t>(unit)];
                const RecordId known = y->yields.empty() ? RecordId() : y->yields[static_cast<std::size_t>(pick) % y->yields.size()];
                if (what < 6 || (what < 9 && known.value == 0)) y->yield(of, day.plus_days(-static_cast<int>(back)), planned, amount, left);
                else if (what == 6) y->write(board::Verb::amend, "yield", known, "done", record::Value(amount));
                else if (what == 7) y->write(board::Verb::amend, "yield", known, "planned", record::Value(planned));
                else if (what == 8) y->write(board::Verb::amend, "yield", known, "unit", record::Value(of.value));
                else if (what == 9) y->link(y->units[static_cast<std::size_t>(pick) % static_cast<std::size_t>(std::max<std::int64_t>(unit, 1))], y->add_unit(), "2025-06-01");
                else if (what == 10) y->write(board::Verb::amend, "organ_link", y->links[static_cast<std::size_t>(pick) % y->links.size()], "valid_to", record::Value(std::int64_t{day.plus_days(-static_cast<int>(back)).days}));
                else y->write(board::Verb::amend, "organ", of, "name", record::Value("改名" + std::to_string(amount)));
            }
        }
        const auto ticked = ticker.tick();
        ASSERT_TRUE(ticked);
        ASSERT_TRUE(ticked->problems.empty()) << text_of(ticked->problems);
        if (links_only) {
            EXPECT_EQ(ticked->looked_at, 0);
            continue;
        }
        const auto everything = flow::Ticker(other.desk.board()).tick();
        ASSERT_TRUE(everything);
        const auto found = one.lamps(), wanted = other.lamps();
        ASSERT_EQ(found, wanted) << "on " << day.text();
        EXPECT_LE(ticked->looked_at, everything->looked_at);
        written = found.size();
    }
    EXPECT_GT(written, 10u) << "the walk says something";
}

TEST(FigureLamps, AreTheSameAsWhenEverythingIsLookedAtEveryTime) {
    for (unsigned seed = 1; seed <= 6; ++seed) walk(seed, 30);
}

TEST(FigureLamps, WhatIsRefusedForOneUnitIsTriedAgainTheNextDayAndTheOthersGoOn) {
    Yields y;
    flow::Ticker ticker(y.desk.board());
    y.desk.board().subscribe([&](const board::Shown& shown) { ticker.changed(shown); });
    y.desk.clock().set(*Instant::parse("2026-06-10T02:00:00Z"));
    ASSERT_TRUE(ticker.tick());
    // Behind the clock's back somebody made the lamp it is about to make.
    const std::string subject = "organ/" + std::to_string(y.units.back().value) + "/2026-05";
    const RecordId foreign = y.desk.create("lamp", {{"light", std::string("yield_pace")}, {"subject", subject}, {"colour", std::string("none")}, {"nominal", std::int64_t{Date::parse("2026-06-01")->days}}});
    for (const RecordId unit : y.units) y.yield(unit, *Date::parse("2026-05-15"), 10, 5, 8);
    const auto red = [&] { return y.desk.count(y.desk.model().flow.lamp, "light == 'yield_pace' && colour == 'red'"); };
    const auto refused = ticker.tick();
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->refused, 1);
    EXPECT_EQ(red(), static_cast<std::int64_t>(y.units.size()) - 1);
    y.write(board::Verb::remove, "lamp", foreign, "", {});
    y.desk.clock().set(*Instant::parse("2026-06-11T02:00:00Z"));
    const auto again = ticker.tick();
    ASSERT_TRUE(again);
    EXPECT_EQ(again->refused, 0);
    EXPECT_EQ(red(), static_cast<std::int64_t>(y.units.size()));
}

TEST(FigureLamps, WhatIsLookedAtFollowsWhatHappened) {
    Yields y;
    flow::Ticker ticker(y.desk.board());
    y.desk.board().subscribe([&](const board::Shown& shown) { ticker.changed(shown); });
    y.desk.clock().set(*Instant::parse("2026-06-10T02:00:00Z"));
    for (int month = 1; month <= 5; ++month)
        for (const RecordId unit : y.units) y.yield(unit, *Date::parse("2026-0" + std::to_string(month) + "-15"), 10, 9, 8);
    const auto looked = [&] { return ticker.tick()->looked_at; };
    const std::int64_t units = static_cast<std::int64_t>(y.units.size()), watched = flow::periods_watched;
    EXPECT_EQ(looked(), units * (2 * watched + 1)) << "two lights with periods, one without";
    EXPECT_EQ(looked(), 0) << "nothing happened";
    // The last unit stands below two others: three units at the periods watched, for the light that reads the figure.
    y.write(board::Verb::amend, "yield", y.yields.back(), "stored", record::Value(std::int64_t{1}));
    EXPECT_EQ(looked(), 3 * watched);
    y.write(board::Verb::amend, "yield", y.yields.back(), "done", record::Value(std::int64_t{1}));
    EXPECT_EQ(looked(), 3 * watched + 3) << "and for the one without periods";
    y.desk.clock().set(*Instant::parse("2026-06-11T02:00:00Z"));
    EXPECT_EQ(looked(), units) << "a new day: what is of today";
    y.desk.clock().set(*Instant::parse("2026-07-01T02:00:00Z"));
    EXPECT_EQ(looked(), units * 3) << "a month has ended: all units at it";
}

}  // namespace
}  // namespace yipan
