// Properties of a real board over random drafts in tiny worlds. Environment: YIPAN_PROPERTY_CASES (default 25) random
// runs of each property, YIPAN_PROPERTY_STEPS (default 40) changes at most. A failing run is shrunk and printed with
// its seed (RC_PARAMS).
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <time.h>

#include <cstdlib>
#include <random>

#include "tiny_model.h"
#include "yard.h"

namespace yipan::property {
namespace {

using Steps = std::vector<Step>;

int number_from(const char* name, int otherwise) {
    const char* text = std::getenv(name);
    return text ? std::atoi(text) : otherwise;
}

/// Runs `holds` (empty text = holds) over random steps, shrinking what fails.
void for_all(const char* what, const std::function<std::string(const Steps&)>& holds) {
    const int cases = number_from("YIPAN_PROPERTY_CASES", 25), steps_max = number_from("YIPAN_PROPERTY_STEPS", 40);
    ::setenv("RC_PARAMS",
             (std::string("max_success=") + std::to_string(cases) + " max_size=" + std::to_string(steps_max)).c_str(),
             0);
    const bool all = rc::check(what, [&] {
        const Steps steps = *rc::gen::container<Steps>(rc::gen::arbitrary<Step>());
        const std::string wrong = holds(steps);
        if (!wrong.empty()) RC_FAIL(wrong);
    });
    EXPECT_TRUE(all) << what;
}

std::string after_every_change(Yard& yard, const Steps& steps, const model::Model& judge, int asks) {
    std::uint64_t seed = 1;
    for (const auto& group : grouped(steps)) {
        if (std::string wrong = yard.apply(yard.draft_of(group)); !wrong.empty()) return wrong;
        if (std::string wrong = compare_cells(yard, judge); !wrong.empty()) return wrong;
        if (std::string wrong = compare_figures(yard, judge, seed++, asks); !wrong.empty()) return wrong;
    }
    return {};
}

TEST(Property, a_figure_equals_its_recomputation_after_every_change) {  // I2
    std::int64_t accepted = 0, refused = 0;
    for_all("incremental equals recomputed", [&](const Steps& steps) {
        Yard yard(tiny_model());
        std::string wrong = after_every_change(yard, steps, yard.model(), 60);
        accepted += yard.accepted();
        refused += yard.refused();
        return wrong;
    });
    EXPECT_GT(accepted, refused) << "most random drafts must mean something, or nothing is tested";
    EXPECT_GT(refused, 0) << "and some must be refused";
}

TEST(Property, a_figure_equals_its_recomputation_in_one_long_history) {
    Yard yard(tiny_model());
    const auto groups = grouped(random_steps(20260515, 600));
    std::uint64_t seed = 1;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        ASSERT_EQ(yard.apply(yard.draft_of(groups[i])), "") << "draft " << i;
        ASSERT_EQ(compare_cells(yard, yard.model()), "") << "draft " << i << ": " << yard.told(yard.last());
        if (i % 20 != 0) continue;
        ASSERT_EQ(compare_figures(yard, yard.model(), seed++, 100), "") << "draft " << i;
    }
    ASSERT_EQ(yard.reopen(), "");
    EXPECT_EQ(yard.catch_up(), "");
    EXPECT_EQ(compare_cells(yard, yard.model()), "") << "after reopening";
    EXPECT_EQ(compare_figures(yard, yard.model(), seed, 1000), "") << "after reopening";
    const auto report = yard.board().verify();
    EXPECT_TRUE(report.ok) << text_of(report.problems);
}

// The harness itself is tested: the oracle is made to believe a slightly wrong model, and a difference must be
// reported.
TEST(Property, a_wrong_figure_is_caught_by_the_harness) {
    struct Canary {
        const char* figure;
        void (*spoil)(model::Figure&);
    };
    const Canary canaries[] = {
        {"paid", [](model::Figure& f) { f.reducer = model::Reducer::count; }},
        {"paid", [](model::Figure& f) { f.by.clear(); }},
        {"paid", [](model::Figure& f) { f.unit.at = model::At::now; }},
        {"paid_end", [](model::Figure& f) { f.unit.at = model::At::event; }},
        {"paid_own", [](model::Figure& f) { f.condition.reset(); }},
        {"payees", [](model::Figure& f) { f.reducer = model::Reducer::count; }},
        {"least", [](model::Figure& f) { f.reducer = model::Reducer::max; }},
        {"people", [](model::Figure& f) { f.max_age_months += 1; }},
        {"people", [](model::Figure& f) { f.kind = model::FigureKind::flow; }},
        {"produced", [](model::Figure& f) { f.kind = model::FigureKind::flow; }},
        {"projects", [](model::Figure& f) { f.forest = -1; }},
        {"per_head", [](model::Figure& f) { f.parts[0].window = model::Window::period; }},
    };
    for (const Canary& canary : canaries) {
        Yard yard(tiny_model());
        model::Model spoiled = yard.model();
        canary.spoil(spoiled.figures[static_cast<std::size_t>(spoiled.find_figure(canary.figure))]);
        bool caught = false;
        for (std::uint64_t seed = 1; seed <= 24 && !caught; ++seed) {
            for (const auto& group : grouped(random_steps(seed, 60))) ASSERT_EQ(yard.apply(yard.draft_of(group)), "");
            ASSERT_EQ(compare_cells(yard, yard.model()), "");
            caught = !compare_cells(yard, spoiled).empty() ||
                     !compare_figures(yard, spoiled, seed, 1000, spoiled.find_figure(canary.figure)).empty();
        }
        EXPECT_TRUE(caught) << canary.figure << ": nobody noticed";
    }
}

struct Told {  // a run, as drafts with what became of them
    std::vector<board::Draft> drafts;
    std::vector<bool> accepted, wrote;
    std::string dump;
};

Told tell(const Steps& steps) {
    Yard yard(tiny_model());
    Told told;
    for (const auto& group : grouped(steps)) {
        told.drafts.push_back(yard.draft_of(group));
        const std::int64_t before = yard.accepted();
        const Position end = yard.ends().back();
        yard.apply(told.drafts.back());
        told.accepted.push_back(yard.accepted() > before);
        told.wrote.push_back(yard.ends().back() > end);
    }
    told.dump = yard.dump();
    return told;
}

std::string first_difference(const std::string& a, const std::string& b) {
    std::size_t i = 0;
    while (i < a.size() && i < b.size() && a[i] == b[i]) ++i;
    const std::size_t from = i < 120 ? 0 : i - 120;
    return "...\n" + a.substr(from, 240) + "\n--- other ---\n" + b.substr(from, 240);
}

TEST(Property, any_split_into_batches_gives_the_same_answers_the_same_figures_and_the_same_dump) {  // I7
    for_all("batches do not matter", [&](const Steps& steps) -> std::string {
        const Told told = tell(steps);
        std::mt19937_64 random(steps.size());
        for (const std::size_t widest : {std::size_t{3}, told.drafts.size() + 1}) {
            Yard other(tiny_model());
            std::size_t done = 0;
            while (done < told.drafts.size()) {
                const std::size_t n =
                    std::min(told.drafts.size() - done, widest > told.drafts.size() ? widest : 1 + random() % widest);
                const auto receipts =
                    other.board().apply_batch({told.drafts.begin() + static_cast<std::ptrdiff_t>(done),
                                               told.drafts.begin() + static_cast<std::ptrdiff_t>(done + n)});
                if (receipts.size() != n) return "a batch must answer every draft";
                for (std::size_t i = 0; i < n; ++i)
                    if (receipts[i].has_value() != told.accepted[done + i])
                        return "a draft is judged otherwise in a batch";
                done += n;
            }
            if (std::string wrong = other.catch_up(); !wrong.empty()) return wrong;
            if (std::string wrong = compare_cells(other, other.model()); !wrong.empty()) return wrong;
            if (std::string wrong = compare_figures(other, other.model(), 7, 60); !wrong.empty()) return wrong;
            if (const std::string dump = other.dump(); dump != told.dump)
                return "another dump: " + first_difference(told.dump, dump);
        }
        return {};
    });
}

TEST(Property, the_same_drafts_on_another_board_give_the_same_dump_and_so_does_reopening) {  // I7
    const auto steps = random_steps(77, 200);
    const Told told = tell(steps);
    Yard other(tiny_model());
    for (const board::Draft& draft : told.drafts) ASSERT_EQ(other.apply(draft), "");
    EXPECT_TRUE(other.dump() == told.dump) << first_difference(told.dump, other.dump());
    ASSERT_EQ(other.reopen(), "");
    EXPECT_TRUE(other.dump() == told.dump) << first_difference(told.dump, other.dump());
    for (std::size_t i = 0; i < told.drafts.size();
         ++i)  // the same keys again: nothing is written (what was refused may be judged anew)
        if (told.wrote[i]) {
            const auto receipt = other.board().apply(told.drafts[i]);
            EXPECT_TRUE(receipt && receipt->repeated) << "draft " << i;
        }
    EXPECT_TRUE(other.dump() == told.dump)
        << "a repeated idempotency key wrote something: " << first_difference(told.dump, other.dump());
}

TEST(Property, a_replayed_board_and_a_reopened_one_give_the_same_dump_whatever_was_taken_back) {  // I7
    for_all("replay", [&](const Steps& steps) -> std::string {
        Yard yard(tiny_model());
        for (const auto& group : grouped(steps))
            if (std::string wrong = yard.apply(yard.draft_of(group)); !wrong.empty()) return wrong;
        const std::string dump = yard.dump();
        if (std::string wrong = yard.reopen(); !wrong.empty()) return wrong;
        if (const std::string again = yard.dump(); again != dump)
            return "another dump after reopening: " + first_difference(dump, again);
        const auto report = yard.board().verify();
        if (!report.ok) return "does not verify: " + text_of(report.problems);
        if (std::string wrong = yard.replay(); !wrong.empty()) return wrong;
        const std::string replayed = yard.dump();
        return replayed == dump ? std::string() : "another dump after replay: " + first_difference(dump, replayed);
    });
}

TEST(Property, a_merged_record_that_was_erased_still_leads_to_the_one_that_stayed_after_a_replay) {
    Yard yard(tiny_model());
    const int area = yard.model().find_type("area");
    int n = 0;
    const auto apply = [&](const std::function<void(board::Change&)>& fill) {
        board::Draft draft;
        draft.channel = "demo";
        draft.idempotency_key = "given-" + std::to_string(++n);
        board::Change change;
        change.type = area;
        fill(change);
        draft.changes.push_back(std::move(change));
        const std::int64_t before = yard.accepted();
        ASSERT_EQ(yard.apply(draft), "");
        ASSERT_EQ(yard.accepted(), before + 1) << "refused";
    };
    for (const char* code : {"stays", "goes"}) apply([&](board::Change& c) { c.set = {{0, std::string(code)}}; });
    apply([&](board::Change& c) {
        c.verb = board::Verb::merge;
        c.record = RecordId(2);
        c.into = RecordId(1);
        c.note = "the same";
    });
    apply([&](board::Change& c) {
        c.verb = board::Verb::erase;
        c.record = RecordId(2);
        c.groups = 7;
        c.note = "the law";
        c.decider = "the office";
    });
    const std::string dump = yard.dump();
    EXPECT_NE(dump.find("{\"redirect\":\"area\",\"id\":2,\"into\":1,\"key\":\"\"}"), std::string::npos)
        << "the key must be gone";
    ASSERT_EQ(yard.replay(), "");
    EXPECT_TRUE(yard.dump() == dump) << first_difference(dump, yard.dump());
}

TEST(Property, the_time_zone_of_the_machine_changes_nothing) {
    const char* before = std::getenv("TZ");
    const std::string kept = before ? before : "";
    std::string first;
    for (const char* zone : {"UTC", "America/St_Johns", "Pacific/Kiritimati"}) {
        ::setenv("TZ", zone, 1);
        ::tzset();
        const std::string dump = tell(random_steps(5, 60)).dump;
        if (first.empty()) first = dump;
        EXPECT_TRUE(dump == first) << zone << ": " << first_difference(first, dump);
    }
    if (before)
        ::setenv("TZ", kept.c_str(), 1);
    else
        ::unsetenv("TZ");
    ::tzset();
}

TEST(Property, what_is_created_and_removed_again_leaves_nothing_in_any_figure) {
    for_all("create then remove", [&](const Steps& steps) -> std::string {
        Yard yard(tiny_model());
        for (const auto& group : grouped(steps)) yard.apply(yard.draft_of(group));
        const auto cells_now = [&] {
            oracle::Cells cells;
            yard.board().snapshot()->each_cell([&](const figure::CellKey& key, __int128 sum, std::int64_t count) {
                if (count != 0 || sum != 0) cells[{key.figure, key.slot, key.unit, key.d1, key.d2}] = {sum, count};
            });
            return cells;
        };
        const oracle::Cells before = cells_now();
        const model::Model& model = yard.model();
        std::vector<std::pair<int, RecordId>> made;
        for (const Step& step : random_steps(steps.size() + 1, 12)) {
            Step create = step;
            create[0] = 0;
            const board::Draft draft = yard.draft_of({create});
            const auto receipt = yard.board().apply(draft);
            if (receipt) made.emplace_back(draft.changes[0].type, receipt->records[0]);
        }
        int n = 0;
        for (auto it = made.rbegin(); it != made.rend(); ++it) {
            if (!yard.board().snapshot()->record(it->first, it->second)) continue;  // went along with its owner
            board::Draft draft;
            draft.channel = "demo";
            draft.idempotency_key = "remove-" + std::to_string(n++);
            board::Change change;
            change.verb = board::Verb::remove;
            change.type = it->first;
            change.record = it->second;
            draft.changes.push_back(change);
            if (auto receipt = yard.board().apply(draft); !receipt)
                return "could not be removed: " + text_of(receipt.error());
        }
        const oracle::Cells after = cells_now();
        if (before == after) return {};
        for (const auto& [cell, total] : after)
            if (!before.contains(cell) || before.at(cell) != total)
                return "a trace is left in " + model.figures[static_cast<std::size_t>(cell.figure)].code;
        return "a cell is gone";
    });
}

}  // namespace
}  // namespace yipan::property
