#include <gtest/gtest.h>

#include "figure/test_world.h"

namespace yipan::figure::test {
namespace {

using model::At;
using model::FieldKind;

/// unit <- project (officer unit, moves over time) <- report (month, amount): the value goes to project.unit.
struct Zone {
    enum { project = 2, report = 3 };
    enum { project_unit, project_level };
    enum { report_project, report_month, report_amount, report_note, report_day };
    std::shared_ptr<model::Model> model = make_model();

    Zone() {
        model->figures.clear();
        model->types.resize(4);
        auto& p = model->types[project];
        p.index = project;
        p.code = "project";
        p.fields = {field("unit", FieldKind::reference), field("level", FieldKind::choice)};
        p.fields[project_unit].target = unit_type;
        p.fields[project_level].choices = {{"city", {}}, {"province", {}}};
        auto& r = model->types[report];
        r.index = report;
        r.code = "report";
        r.fields = {field("project", FieldKind::reference), field("month", FieldKind::period),
                    field("amount", FieldKind::integer), field("note", FieldKind::text), field("day", FieldKind::date)};
        r.fields[report_project].target = project;
    }
    model::Figure& add(At at, int period_field = report_month) {
        model::Figure f;
        f.index = static_cast<int>(model->figures.size());
        f.code = "invested";
        f.type = report;
        f.value = path({report_amount});
        f.unit = path({report_project, project_unit}, at);
        f.unit_type = unit_type;
        f.period = path({period_field});
        f.by = {path({report_project, project_level}, at)};
        model->figures.push_back(f);
        return model->figures.back();
    }
    static record::Record report_of(std::string_view period, std::int64_t amount) {
        record::Record r;
        r.type = report;
        r.id = RecordId(7);
        r.effective = *Date::of(2026, 12, 31);
        r.values = {std::int64_t{1}, Period::parse(period)->encoded(), amount, record::Value(), record::Value()};
        return r;
    }
};

/// One project with several versions: (effective, unit, level).
struct Project final : record::Resolver {
    std::vector<std::tuple<Date, std::int64_t, std::string>> versions;
    record::RecordPtr make(std::size_t i) {
        auto r = std::make_shared<record::Record>();
        r->type = Zone::project;
        r->id = RecordId(1);
        const auto& [effective, unit, level] = versions[i];
        r->effective = effective;
        r->values = {unit ? record::Value(unit) : record::Value(),
                     level.empty() ? record::Value() : record::Value(level)};
        return r;
    }
    record::RecordPtr current(int type, RecordId id) override {
        return type == Zone::project && id.value == 1 && !versions.empty() ? make(versions.size() - 1) : nullptr;
    }
    record::RecordPtr valid_on(int type, RecordId id, Date day) override {
        if (type != Zone::project || id.value != 1 || versions.empty()) return nullptr;
        std::size_t best = 0;
        for (std::size_t i = 0; i < versions.size(); ++i) best = std::get<0>(versions[i]) <= day ? i : best;
        return make(best);
    }
};

std::vector<Contribution> contributions(const Zone& zone, const record::Record& r, record::Resolver& world) {
    Plan plan(*zone.model);
    std::vector<Contribution> out;
    const Status status = plan.contributions(r, world, out);
    EXPECT_TRUE(status) << (status ? "" : status.error().text());
    return out;
}

TEST(Plan, leaves_a_value_where_it_happened_or_lets_it_move_as_the_figure_says) {
    Zone zone;
    zone.add(At::event);
    zone.add(At::period_end);
    zone.add(At::now);
    zone.add(At::event, Zone::report_day);
    zone.add(At::period_end, Zone::report_day);
    Project world;
    world.versions = {
        {*Date::of(2026, 1, 1), 1, "city"}, {*Date::of(2026, 6, 15), 2, "province"}, {*Date::of(2026, 9, 1), 3, ""}};
    auto r = Zone::report_of("2026-05", 10);
    r.values[Zone::report_day] = std::int64_t{Date::of(2026, 6, 10)->days};
    const auto out = contributions(zone, r, world);
    ASSERT_EQ(out.size(), 5u);
    EXPECT_EQ(out[0].cell, (CellKey{0, month_index(2026, 5), 1, 1, 0}));
    EXPECT_EQ(out[1].cell, (CellKey{1, month_index(2026, 5), 1, 1, 0}));
    EXPECT_EQ(out[2].cell, (CellKey{2, month_index(2026, 5), 3, dimension_none, 0}));
    EXPECT_EQ(out[3].cell, (CellKey{3, month_index(2026, 6), 1, 1, 0}));  // on the 10th
    EXPECT_EQ(out[4].cell, (CellKey{4, month_index(2026, 6), 2, 2, 0}));  // at the end of June
    EXPECT_EQ(out[3].day, Date::of(2026, 6, 10)->days);
    EXPECT_EQ(out[0].value, 10);
}

TEST(Plan, lets_a_record_without_unit_value_or_period_contribute_nothing) {
    Zone zone;
    zone.add(At::now);
    Project world;
    world.versions = {{*Date::of(2026, 1, 1), 1, "city"}};
    EXPECT_EQ(contributions(zone, Zone::report_of("2026-05", 10), world).size(), 1u);
    for (const int unset : {Zone::report_project, Zone::report_month, Zone::report_amount}) {
        auto r = Zone::report_of("2026-05", 10);
        r.values[static_cast<std::size_t>(unset)] = record::Value();
        EXPECT_TRUE(contributions(zone, r, world).empty()) << unset;
    }
    world.versions = {{*Date::of(2026, 1, 1), 0, "city"}};
    EXPECT_TRUE(contributions(zone, Zone::report_of("2026-05", 10), world).empty());
    world.versions.clear();
    EXPECT_TRUE(contributions(zone, Zone::report_of("2026-05", 10), world).empty());
}

TEST(Plan, refuses_a_period_longer_than_the_grain_and_names_the_record) {
    Zone zone;
    zone.add(At::now);
    Project world;
    world.versions = {{*Date::of(2026, 1, 1), 1, "city"}};
    Plan plan(*zone.model);
    std::vector<Contribution> out;
    const Status status = plan.contributions(Zone::report_of("2026", 10), world, out);
    ASSERT_FALSE(status);
    EXPECT_NE(status.error().where.find("report 7: figure invested"), std::string::npos) << status.error().text();
    zone.model->figures[0].grain = PeriodKind::year;
    EXPECT_TRUE(plan.contributions(Zone::report_of("2026", 10), world, out));
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].cell.slot, 2026);
    EXPECT_TRUE(plan.contributions(Zone::report_of("2026-05", 10), world, out));
    EXPECT_EQ(out[1].cell.slot, 2026);
}

TEST(Plan, takes_a_year_to_date_value_at_its_last_month) {
    Zone zone;
    zone.add(At::now).kind = model::FigureKind::cumulative;
    Project world;
    world.versions = {{*Date::of(2026, 1, 1), 1, "city"}};
    const auto out = contributions(zone, Zone::report_of("2026-01..02", 10), world);
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].cell.slot, month_index(2026, 2));
    EXPECT_EQ(out[0].day, Date::of(2026, 2, 28)->days);
}

TEST(Plan, tells_equal_texts_by_one_number) {
    Zone zone;
    auto& f = zone.add(At::now);
    f.reducer = model::Reducer::distinct;
    f.value = path({Zone::report_note});
    Project world;
    world.versions = {{*Date::of(2026, 1, 1), 1, "city"}};
    auto r = Zone::report_of("2026-05", 10);
    r.values[Zone::report_note] = std::string("abc");
    // The first 8 bytes of SHA-256("abc") are ba7816bf 8f01cfea (FIPS 180-4, example 1); the top bit is cleared.
    EXPECT_EQ(contributions(zone, r, world)[0].value, 0x3a7816bf8f01cfea);
}

TEST(Plan, names_the_records_that_hang_on_a_changed_one) {
    Zone zone;
    zone.add(At::event);
    zone.add(At::now);
    Plan plan(*zone.model);
    ASSERT_EQ(plan.dependents_of(Zone::project).size(), 1u);
    const auto& d = plan.dependents_of(Zone::project)[0];
    EXPECT_EQ(d.type, Zone::report);
    EXPECT_EQ(d.via, std::vector<int>{Zone::report_project});
    EXPECT_EQ(d.fields, (std::vector<int>{Zone::project_unit, Zone::project_level}));
    EXPECT_TRUE(d.any_version);
    EXPECT_TRUE(plan.dependents_of(unit_type).empty());
    EXPECT_TRUE(plan.has_figures(Zone::report));
    EXPECT_FALSE(plan.has_figures(Zone::project));
}

TEST(Plan, posts_only_what_changed_and_leaving_first) {
    Contribution a, b, c;
    a.value = 1;
    b.value = 2;
    c.value = 3;
    std::vector<Posting> out;
    difference({a, b}, {c, a}, 9, 7, out);
    ASSERT_EQ(out.size(), 2u);
    EXPECT_EQ(out[0].sign, -1);
    EXPECT_EQ(out[0].what.value, 2);
    EXPECT_EQ(out[1].sign, 1);
    EXPECT_EQ(out[1].what.value, 3);
    EXPECT_EQ(out[1].position, 9);
    EXPECT_EQ(out[1].record, 7);
}

}  // namespace
}  // namespace yipan::figure::test
