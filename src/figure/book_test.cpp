#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "figure/test_world.h"

namespace yipan::figure::test {
namespace {

constexpr std::int64_t many_rows = 21'000;  // more than why checks

MonthIndex month(int m) { return month_index(first_year, m); }

Ask ask_of(int figure, std::int64_t unit, Period period) {
    Ask ask;
    ask.figure = figure;
    ask.unit = unit;
    ask.period = period;
    return ask;
}

std::string text_of(const Ask& ask) {
    return make_model()->figures[static_cast<std::size_t>(ask.figure)].code + " unit " + std::to_string(ask.unit) +
           " " + ask.period->text() + (ask.to_date ? " to date" : "") +
           (ask.d1 ? " d1=" + std::to_string(*ask.d1) : "") +
           (ask.as_known ? " as known " + std::to_string(ask.as_known->value) : "");
}

std::string text_of(bool has, Decimal number, std::int64_t records, int reported, int expected) {
    return (has ? number.text() : "none") + " of " + std::to_string(records) + ", " + std::to_string(reported) + "/" +
           std::to_string(expected);
}

std::vector<Ask> all_asks() {
    std::vector<Ask> out;
    std::vector<Period> periods;
    for (int m = 1; m <= 6; ++m) {
        periods.push_back(Period::month(first_year, m));
        periods.push_back(Period::year_to_date(first_year, m));
    }
    periods.push_back(*Period::parse("2025Q1"));
    periods.push_back(*Period::parse("2025Q2"));
    periods.push_back(*Period::parse("2025H1"));
    for (int f = 0; f < figure_count; ++f) {
        for (const Period& p : periods) {
            for (std::int64_t unit = 0; unit <= 3; ++unit) {
                Ask ask = ask_of(f, unit, p);
                out.push_back(ask);
                if (p.kind == PeriodKind::month) {
                    ask.to_date = true;
                    out.push_back(ask);
                    ask.to_date = false;
                }
                if (f == stock_sum || f == by_level) {
                    ask.d1 = static_cast<std::int64_t>(p.index % 3);
                    out.push_back(ask);
                }
            }
        }
    }
    return out;
}

std::string expected_text(const World& w, const Ask& ask, Answer* answer = nullptr) {
    const std::int64_t at = ask.as_known ? std::min(ask.as_known->value, w.book->position()) : w.book->position();
    Answer a = recompute(w.model->figures[static_cast<std::size_t>(ask.figure)], w.facts_at(at), w.links, ask);
    const std::string text = text_of(a.has, a.number, a.has ? a.records : 0, a.reported, a.expected);
    if (answer) *answer = std::move(a);
    return text;
}

std::string told_text(const Value& v) {
    return text_of(v.has, v.number, v.has ? v.records : 0, v.reported, v.expected);
}

/// What differs between the book and the recomputation; empty when nothing does.
std::string compare_all(World& w, const std::vector<Ask>& asks) {
    for (const Ask& ask : asks) {
        Answer answer;
        const std::string expected = expected_text(w, ask, &answer);
        const std::string told = told_text(w.book->value(ask));
        if (told != expected) return text_of(ask) + ": the book says " + told + ", the facts say " + expected;
        const Explanation why = w.book->why(ask, {0, 1000});
        if (told_text(why.value) != expected)
            return text_of(ask) + ": why says " + told_text(why.value) + ", the facts say " + expected;
        std::vector<std::pair<std::int64_t, std::int64_t>> rows;
        for (const auto& row : why.rows) rows.emplace_back(row.record, row.what.value);
        std::sort(rows.begin(), rows.end());
        if (rows != answer.rows) return text_of(ask) + ": why lists other records";
        if (why.value.has && !why.rows_sum_checked) return text_of(ask) + ": the records do not add up";
    }
    return {};
}

using Step = std::tuple<std::uint8_t, std::uint8_t, std::uint8_t, std::uint8_t, std::uint8_t>;

/// 3 units, 6 months, 8 records, values -3..3; and when to batch, flush, abandon a flush, crash.
void take(World& w, const Step& step) {
    const auto [what, record, unit, when, value] = step;
    const std::int64_t id = record % 8 + 1;
    if (what % 8 < 2)
        w.write(id, std::nullopt);
    else
        w.write(id, Fact{unit % 4, month(when % 6 + 1), value % 7 - 3, (unit / 4) % 3});
    if (what & 8) w.batch();
    if ((what & 0x30) == 0x30) {
        w.batch();
        w.flush();
    } else if ((what & 0x70) == 0x60) {
        w.batch();
        const MemoryRunStore before = w.store;
        World::check(w.book->flush());
        w.book->abandon_flush();
        w.store = before;  // the transaction is rolled back
    } else if ((what & 0xf0) == 0x80) {
        w.reopen();
    }
}

std::vector<Link> links_of(std::uint8_t shape) {
    const auto link = [](std::int64_t parent, std::int64_t child, std::int32_t from = INT32_MIN,
                         std::int32_t to = INT32_MAX) {
        Link l;
        l.forest = 0;
        l.parent_type = l.child_type = unit_type;
        l.parent = parent;
        l.child = child;
        l.from = from;
        l.to = to;
        return l;
    };
    const std::int32_t may = Date::of(first_year, 5, 1)->days;
    std::vector<Link> out;
    if (shape & 1) out.push_back(link(1, 2));
    if (shape & 2) out.push_back(link(2, 3, INT32_MIN, may - 1));
    if (shape & 4) out.push_back(link(1, 3, may));
    if (shape & 8) out.push_back(link(3, 1));   // a circle
    if (shape & 16) out.push_back(link(1, 3));  // two ways to 3
    return out;
}

TEST(Book, tells_what_the_facts_say_after_any_history) {
    const auto asks = all_asks();
    EXPECT_TRUE(rc::check([&](const std::vector<Step>& steps, std::uint8_t links) {
        RunShape small;
        small.fanout = 2;
        small.bytes = 40;
        small.merge_factor = 0;
        small.merge_least = links % 3 * 7 + 1;  // merges take several flushes
        World w(small);
        w.set_links(links_of(links));
        for (const Step& step : steps) take(w, step);
        w.batch();
        const std::string wrong = compare_all(w, asks);
        if (!wrong.empty()) RC_FAIL(wrong);
    }));
}

TEST(Book, remembers_nothing_wrong_when_asked_between_writes) {
    const auto asks = all_asks();
    EXPECT_TRUE(rc::check([&](const std::vector<Step>& steps) {
        RunShape small;
        small.fanout = 2;
        small.bytes = 64;
        World w(small);
        std::uint8_t links = 1;
        for (const Step& step : steps) {
            take(w, step);
            w.batch();
            if (std::get<1>(step) > 240) w.set_links(links_of(links = static_cast<std::uint8_t>(links * 5 + 1)));
            for (std::size_t i = std::get<2>(step) % 7; i < asks.size(); i += 7) {
                const std::string told = told_text(w.book->value(asks[i])), expected = expected_text(w, asks[i]);
                if (told != expected)
                    RC_FAIL(text_of(asks[i]) + ": the book says " + told + ", the facts say " + expected);
            }
        }
    }));
}

TEST(Book, knows_what_was_known_at_any_position) {
    const auto asks = all_asks();
    EXPECT_TRUE(rc::check([&](const std::vector<Step>& steps, std::uint8_t links, std::uint8_t when) {
        RunShape small;
        small.fanout = 3;
        small.bytes = 50;
        World w(small);
        w.set_links(links_of(links));
        for (const Step& step : steps) take(w, step);
        w.batch();
        for (Ask ask : asks) {
            ask.as_known = Position(w.position * when / 256);
            const std::string told = told_text(w.book->value(ask)), expected = expected_text(w, ask);
            if (told != expected) RC_FAIL(text_of(ask) + ": the book says " + told + ", the facts say " + expected);
            const Explanation why = w.book->why(ask, {0, 1000});
            if (why.value.has && !why.rows_sum_checked) RC_FAIL(text_of(ask) + ": the records do not add up");
        }
    }));
}

TEST(Book, explains_a_difference_by_its_postings) {
    EXPECT_TRUE(rc::check([&](const std::vector<Step>& steps, std::uint8_t first, std::uint8_t second) {
        RunShape small;
        small.fanout = 2;
        small.bytes = 30;
        World w(small);
        for (const Step& step : steps) take(w, step);
        w.batch();
        const Position from(w.position * std::min(first, second) / 256), to(w.position * std::max(first, second) / 255);
        const Ask ask = ask_of(flow_count, 2, *Period::parse("2025H1"));
        Ask before = ask, after = ask;
        before.as_known = from;
        after.as_known = to;
        const auto postings = w.book->difference(ask, from, to, 100000);
        RC_ASSERT(postings.has_value());
        std::int64_t net = 0;
        for (const Posting& p : *postings) {
            RC_ASSERT(p.position > from.value);
            RC_ASSERT(p.position <= to.value);
            net += p.sign;
        }
        RC_ASSERT(w.book->value(before).number.units + net == w.book->value(after).number.units);
        const auto few = w.book->difference(ask, from, to, 2);
        RC_ASSERT(few->size() == std::min<std::size_t>(2, postings->size()));
        for (std::size_t i = 0; i < few->size(); ++i) RC_ASSERT((*few)[i].position == (*postings)[i].position);
    }));
}

TEST(Book, shows_every_page_of_why_once) {
    World w;
    for (int i = 1; i <= 25; ++i) w.write(i, Fact{i % 3 + 1, month(i % 4 + 1), i, 0});
    w.batch();
    const Ask ask = ask_of(flow_sum, 0, *Period::parse("2025H1"));
    std::set<std::int64_t> seen;
    for (std::int64_t at = 0; at < 30; at += 7) {
        const auto why = w.book->why(ask, {at, 7});
        EXPECT_EQ(why.rows_total, 25);
        EXPECT_EQ(why.rows_sum.text(), "325");
        for (const auto& row : why.rows) {
            EXPECT_TRUE(seen.insert(row.record).second);
            EXPECT_EQ(row.position, row.record);
        }
    }
    EXPECT_EQ(seen.size(), 25u);
}

TEST(Book, pages_long_lists_without_reading_them_whole) {
    World w;
    std::vector<Posting> postings;
    for (std::int64_t i = 1; i <= many_rows; ++i) {
        Posting p;
        p.what.cell = {flow_sum, month(static_cast<int>(i % 5) + 1), i % 3 + 1, 0, 0};
        p.what.value = 1;
        p.position = p.record = i;
        postings.push_back(p);
    }
    w.book->apply(postings, many_rows);
    const Ask ask = ask_of(flow_sum, 0, *Period::parse("2025H1"));
    std::set<std::int64_t> seen;
    for (std::int64_t at = 0; at < many_rows; at += 997) {
        const auto why = w.book->why(ask, {at, 997});
        EXPECT_EQ(why.rows_total, many_rows);
        EXPECT_FALSE(why.rows_sum_checked);
        for (const auto& row : why.rows) EXPECT_TRUE(seen.insert(row.record).second);
    }
    EXPECT_EQ(static_cast<std::int64_t>(seen.size()), many_rows);
}

TEST(Book, counts_a_unit_once_however_many_ways_lead_to_it) {
    World w;
    w.write(1, Fact{3, month(2), 10, 0});
    w.batch();
    w.set_links(links_of(1 | 2 | 16));
    EXPECT_EQ(w.book->value(ask_of(flow_sum, 1, Period::month(first_year, 2))).number.text(), "10");
}

TEST(Book, takes_the_tree_of_the_last_day_of_the_period_unless_asked_otherwise) {
    World w;
    w.write(1, Fact{3, month(4), 10, 0});
    w.write(2, Fact{3, month(5), 5, 0});
    w.batch();
    w.set_links(links_of(4));  // 3 below 1 from May on
    EXPECT_FALSE(w.book->value(ask_of(flow_sum, 1, Period::month(first_year, 4))).has);
    EXPECT_EQ(w.book->value(ask_of(flow_sum, 1, *Period::parse("2025H1"))).number.text(), "15");
    Ask ask = ask_of(flow_sum, 1, *Period::parse("2025H1"));
    ask.tree_date = *Date::parse("2025-04-30");
    EXPECT_FALSE(w.book->value(ask).has);
}

TEST(Book, has_no_value_where_the_grain_is_too_coarse_and_says_so) {
    World w;
    w.write(1, Fact{1, month(2), 10, 0});
    w.batch();
    const Value v = w.book->value(ask_of(quarter_sum, 1, Period::month(first_year, 2)));
    EXPECT_FALSE(v.has);
    EXPECT_NE(v.why_none.find("quarter"), std::string::npos);
    EXPECT_EQ(w.book->value(ask_of(quarter_sum, 1, *Period::parse("2025Q1"))).number.text(), "10");
}

TEST(Book, takes_january_and_february_together_from_a_cumulative_figure) {
    World w;
    w.write(1, Fact{1, month(2), 30, 0});
    w.write(2, Fact{1, month(3), 25, 0});
    w.batch();
    EXPECT_EQ(w.book->value(ask_of(cumulative_sum, 1, Period::year_to_date(first_year, 2))).number.text(), "30");
    EXPECT_FALSE(w.book->value(ask_of(cumulative_sum, 1, Period::month(first_year, 2))).has);
    EXPECT_EQ(w.book->value(ask_of(cumulative_sum, 1, Period::month(first_year, 3))).number.text(), "-5");
}

TEST(Book, has_no_value_when_a_sum_leaves_64_bits_and_recovers) {
    World w;
    w.write(1, Fact{1, month(1), INT64_MAX, 0});
    w.write(2, Fact{1, month(1), INT64_MAX, 0});
    w.batch();
    EXPECT_FALSE(w.book->value(ask_of(flow_sum, 1, Period::month(first_year, 1))).has);
    w.write(2, std::nullopt);
    w.batch();
    EXPECT_EQ(w.book->value(ask_of(flow_sum, 1, Period::month(first_year, 1))).number.units, INT64_MAX);
}

TEST(Book, merges_runs_into_levels_and_keeps_every_posting) {
    RunShape small;
    small.fanout = 4;
    small.bytes = 100;
    small.merge_factor = 3;
    small.merge_least = 5;
    World w(small);
    for (int i = 1; i <= 400; ++i) {
        w.write(i % 37 + 1, Fact{i % 3 + 1, month(i % 6 + 1), i % 11, i % 3});
        if (i % 5 == 0) {
            w.batch();
            w.flush();
        }
    }
    const auto runs = *w.store.list();
    int highest = 0;
    for (const auto& run : runs) highest = std::max(highest, run.level);
    EXPECT_GE(highest, 2);
    EXPECT_LT(runs.size(), 40u);
    EXPECT_EQ(compare_all(w, all_asks()), "");
    w.reopen();
    EXPECT_EQ(compare_all(w, all_asks()), "");
}

TEST(Book, refuses_a_gap_between_runs) {
    World w;
    for (int i = 1; i <= 3; ++i) {
        w.write(i, Fact{1, month(1), 1, 0});
        w.batch();
        w.flush();
    }
    ASSERT_TRUE(w.store.drop((*w.store.list())[1].id));
    Book again(w.plan, w.store);
    const Status opened = again.open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Code::corrupt);
}

TEST(Book, visits_cells_in_key_order_with_their_sums) {
    World w;
    w.write(1, Fact{2, month(2), 5, 0});
    w.write(2, Fact{1, month(1), 3, 0});
    w.write(3, Fact{1, month(1), 4, 0});
    w.batch();
    CellKey before{-1};
    int cells = 0;
    w.book->each_cell([&](const CellKey& key, __int128 sum, std::int64_t count) {
        EXPECT_LT(before, key);
        before = key;
        ++cells;
        if (key == CellKey{flow_sum, month(1), 1, 0, 0}) {
            EXPECT_EQ(static_cast<std::int64_t>(sum), 7);
            EXPECT_EQ(count, 2);
        }
    });
    EXPECT_EQ(cells, figure_count * 2);
}

}  // namespace
}  // namespace yipan::figure::test
