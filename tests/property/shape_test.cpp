// The model of a living board changes in the middle of random work: figures equal their recomputation, now and as known
// under every model there was; the journal replays to the same dump.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "tiny_model.h"
#include "yard.h"

namespace yipan::property {
namespace {

struct Edit {  // old text -> new text in the types or figures file; once
    const char *from, *to;
};
struct Variant {
    const char* name;
    std::vector<Edit> edits;
    const char* migrations = "";
};

const std::vector<Variant>& variants() {
    static const std::vector<Variant> all{
        {"a field is added",
         {{"      started: {type: date,",
           "      budget: {type: money, label: [a, a, a]}\n      started: {type: date,"}}},
        {"a field is renamed",
         {{"      size: {type: decimal,", "      extent: {type: decimal,"},
          {"average: size", "average: extent"},
          {"min: size", "min: extent"}},
         "  - rename_field: {type: payment, from: size, to: extent}\n"},
        {"a decimal is narrowed",
         {{"decimal, scale: 2", "decimal, scale: 1"}},
         "  - narrow: {type: payment, field: size, rule: half_up}\n"},
        {"a decimal is widened", {{"decimal, scale: 2", "decimal, scale: 3"}}},
        {"a choice goes",
         {{"{old: [老, 老, Old], new: [新, 新, New]}", "{new: [新, 新, New]}"},
          {"area.kind == 'old'", "area.kind == 'new'"}},
         "  - map_choices: {type: area, field: kind, to: {old: new}}\n"},
        {"a choice comes first", {{"of: {city:", "of: {state_level: [国, 國, State], city:"}}},
        {"a state goes",
         {{", done: [完工, 完工, Done]", ""},
          {"        finish: {label: [完工, 完工, Finish], from: [running], to: done}\n", ""},
          {"        reopen: {label: [复工, 復工, Reopen], from: [done], to: running}\n", ""}},
         "  - map_states: {type: project, to: {done: running}}\n"},
        {"a condition changes", {{"where: \"project.hosted != true\"", "where: \"project.hosted == true\""}}},
        {"a key changes",
         {{"paid_now:   {label: [a, a, a], of: payment, sum: amount, unit: project.organ, period: day, at: now",
           "paid_now:   {label: [a, a, a], of: payment, sum: amount, unit: project.organ, period: day, at: event"}}},
        {"a grain changes",
         {{"unit: project.organ, period: day, grain: half", "unit: project.organ, period: day, grain: quarter"}}},
        {"a kind changes",
         {{"people_now: {label: [a, a, a], of: staff, sum: people, kind: stock,",
           "people_now: {label: [a, a, a], of: staff, sum: people,"}}},
        {"a reducer changes",
         {{"least:      {label: [a, a, a], of: payment, min: size",
           "least:      {label: [a, a, a], of: payment, max: size"}}},
        {"a figure goes and one comes",
         {{"  volume:     {label: [a, a, a], of: project, sum: total, unit: organ, by: [organ.area], forest: organs}\n",
           "  abundance:  {label: [a, a, a], of: project, sum: total, unit: organ, forest: organs}\n"}}},
        {"a field is dropped",
         {{"      payee: {type: text, max_chars: 20, label: [收款, 收款, Payee]}\n", ""},
          {"  payees:     {label: [a, a, a], of: payment, distinct: payee, unit: project.organ, period: day, at: now, "
           "forest: organs}\n",
           ""}},
         "  - drop_field: {type: payment, field: payee}\n"},
        {"a type is renamed",
         {{"  staff:\n", "  crew:\n"},
          {"of: staff, sum: people, kind: stock, unit: organ, period: day, forest",
           "of: crew, sum: people, kind: stock, unit: organ, period: day, forest"},
          {"of: staff, sum: people, kind: stock, unit: organ, period: day, grain",
           "of: crew, sum: people, kind: stock, unit: organ, period: day, grain"},
          {"of: staff, sum: people, kind: stock, unit: organ.area",
           "of: crew, sum: people, kind: stock, unit: organ.area"}},
         "  - rename_type: {from: staff, to: crew}\n"},
        {"a field is set",
         {{"      hosted: {type: boolean,",
           "      weight: {type: integer, label: [a, a, a]}\n      hosted: {type: boolean,"}},
         "  - set: {type: project, field: weight, value: \"rank == 'city' ? 1 : 2\"}\n"},
    };
    return all;
}

std::vector<model::SourceFile> edited(std::vector<model::SourceFile> files, const Variant& variant, bool& whole) {
    std::erase_if(files, [](const auto& f) { return model::is_migration(f.path); });
    whole = true;
    for (const Edit& edit : variant.edits) {
        bool found = false;
        for (auto& file : files)
            if (const auto at = file.text.find(edit.from); at != std::string::npos && !found) {
                file.text.replace(at, std::string(edit.from).size(), edit.to);
                found = true;
            }
        whole = whole && found;
    }
    return files;
}

std::string compared(Yard& yard, std::uint64_t seed, int asks) {
    if (std::string wrong = compare_cells(yard, yard.model()); !wrong.empty()) return "cells: " + wrong;
    return compare_figures(yard, yard.model(), seed, asks);
}

TEST(Shape, every_variant_can_be_applied_to_a_board_at_work_and_taken_back) {
    for (std::size_t v = 0; v < variants().size(); ++v) {
        const Variant& variant = variants()[v];
        Yard yard(tiny_model());
        for (const auto& group : grouped(random_steps(v + 1, 80)))
            ASSERT_EQ(yard.apply(yard.draft_of(group)), "") << variant.name;
        bool whole = false;
        ASSERT_EQ(yard.change_model(edited(yard.model().files, variant, whole), variant.migrations), "")
            << variant.name;
        ASSERT_TRUE(whole) << variant.name << ": an edit does not fit the model";
        ASSERT_EQ(yard.changes(), 1) << variant.name << " was refused";
        EXPECT_EQ(compared(yard, 1, 300), "") << variant.name;
        for (const auto& group : grouped(random_steps(v + 100, 40)))
            ASSERT_EQ(yard.apply(yard.draft_of(group)), "") << variant.name;
        EXPECT_EQ(compared(yard, 2, 300), "") << variant.name;
        ASSERT_EQ(yard.step_back(), "") << variant.name;
        EXPECT_EQ(compared(yard, 3, 300), "") << variant.name;
        const auto report = yard.board().verify();
        EXPECT_TRUE(report.ok) << variant.name << ": " << text_of(report.problems);
        const std::string dump = yard.dump();
        ASSERT_EQ(yard.reopen(), "") << variant.name;
        EXPECT_EQ(compared(yard, 4, 100), "") << variant.name;
        EXPECT_TRUE(yard.dump() == dump) << variant.name << ": another dump after reopening";
        ASSERT_EQ(yard.replay(), "") << variant.name;
        EXPECT_TRUE(yard.dump() == dump) << variant.name << ": another dump after replay";
    }
}

TEST(Shape, random_work_and_random_changes_of_the_model_leave_figures_equal_to_their_recomputation) {
    const char* text = std::getenv("YIPAN_PROPERTY_CASES");
    const int cases = text ? std::atoi(text) : 12;
    const char* first = std::getenv("YIPAN_PROPERTY_FIRST");  // one failing case alone: first = cases = its number
    int changes = 0;
    const int begin = first ? std::atoi(first) : 1;
    for (int c = begin; c <= cases; ++c) {
        std::mt19937_64 random(static_cast<std::uint64_t>(c));
        Yard yard(tiny_model());
        std::string course;
        for (int round = 0; round < 6; ++round) {
            for (const auto& group : grouped(random_steps(random(), 12)))
                ASSERT_EQ(yard.apply(yard.draft_of(group)), "") << "case " << c << course << "\n" << yard.told(yard.last());
            ASSERT_EQ(compared(yard, random(), 60), "") << "case " << c << course;
            if (random() % 5 == 0 && yard.changes() > 0) {
                course += "; back";
                ASSERT_EQ(yard.step_back(), "") << "case " << c << course;
            } else {
                const Variant& variant = variants()[random() % variants().size()];
                bool whole = false;
                auto files = edited(yard.model().files, variant, whole);
                if (!whole) continue;  // it was made already
                course += std::string("; ") + variant.name;
                ASSERT_EQ(yard.change_model(files, variant.migrations), "") << "case " << c << course;
            }
            ASSERT_EQ(compared(yard, random(), 60), "") << "case " << c << course;
        }
        changes += yard.changes();
        const auto report = yard.board().verify();
        ASSERT_TRUE(report.ok) << "case " << c << course << ": " << text_of(report.problems);
        const std::string dump = yard.dump();
        ASSERT_EQ(yard.reopen(), "");
        ASSERT_TRUE(yard.dump() == dump) << "case " << c << course << ": another dump after reopening";
        ASSERT_EQ(yard.replay(), "") << "case " << c << course;
        ASSERT_TRUE(yard.dump() == dump) << "case " << c << course << ": another dump after replay";
    }
    EXPECT_GT(changes, cases - begin) << "most changes must be accepted, or nothing is tested";
}

// The harness itself is tested: an oracle that still believes the model of before must find a difference.
TEST(Shape, a_change_that_was_not_taken_over_is_caught_by_the_harness) {
    int tried = 0;
    for (const Variant& variant : variants()) {
        const std::string name = variant.name;
        if (name != "a condition changes" && name != "a key changes" && name != "a reducer changes" &&
            name != "a kind changes")
            continue;
        ++tried;
        bool caught = false;
        for (std::uint64_t seed = 1; seed <= 12 && !caught; ++seed) {
            Yard yard(tiny_model());
            for (const auto& group : grouped(random_steps(seed, 120))) ASSERT_EQ(yard.apply(yard.draft_of(group)), "");
            const model::Model before = yard.model();
            bool whole = false;
            ASSERT_EQ(yard.change_model(edited(before.files, variant, whole), variant.migrations), "") << name;
            ASSERT_EQ(yard.changes(), 1) << name;
            ASSERT_EQ(compare_cells(yard, yard.model()), "") << name;
            caught = !compare_cells(yard, before).empty() || !compare_figures(yard, before, seed, 500).empty();
        }
        EXPECT_TRUE(caught) << name << ": nobody noticed";
    }
    EXPECT_EQ(tried, 4);
}

}  // namespace
}  // namespace yipan::property
