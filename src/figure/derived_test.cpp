// Conditions and derived figures, with a model read from YAML.
#include <gtest/gtest.h>

#include "figure/book.h"
#include "figure/memory_run_store.h"
#include "model/load.h"

namespace yipan::figure {
namespace {

constexpr const char* zone_yaml = R"(
types:
  organ:
    label: [机构, 機構, Organ]
    key: code
    responsible: none   # a test
    fields:
      code: {type: text, required: true, unique: true, label: [编号, 編號, Code]}
  project:
    label: [项目, 項目, Project]
    key: code
    responsible: none   # a test
    fields:
      code: {type: text, required: true, unique: true, label: [编号, 編號, Code]}
      organ: {type: reference, to: organ, label: [机构, 機構, Organ]}
      level: {type: choice, of: {city: [市级, 市級, City], provincial: [省级, 省級, Provincial]}, label: [级别, 級別, Level]}
  project_month:
    label: [月报, 月報, Month]
    natural_key: [project, month]
    responsible: none   # a test
    fields:
      project: {type: reference, to: project, required: true, label: [项目, 項目, Project]}
      month: {type: period, grains: [month], required: true, label: [月, 月, Month]}
      amount: {type: money, label: [金额, 金額, Amount]}
figures:
  done:
    label: [完成, 完成, Done]
    of: project_month
    sum: amount
    where: "project.level == 'provincial'"
    at: now
    unit: project.organ
    period: month
  lead:
    label: [超序时, 超序時, Lead]
    parts:
      done: {figure: done, window: ytd}
      plan: {figure: done, window: year}
    formula: "done.div(plan, 10) * 100 - decimal(elapsed_months).div(12, 10) * 100"
    unit_of: "%"
)";

struct Record final : record::Resolver {
    std::map<std::pair<int, std::int64_t>, record::RecordPtr> all;
    record::RecordPtr current(int type, RecordId id) override {
        const auto at = all.find({type, id.value});
        return at == all.end() ? nullptr : at->second;
    }
    record::RecordPtr valid_on(int type, RecordId id, Date) override { return current(type, id); }
    record::RecordPtr put(const model::Model& model, std::string_view type, std::int64_t id,
                          std::map<std::string, record::Value> values) {
        auto r = std::make_shared<record::Record>();
        r->type = model.find_type(type);
        r->id = RecordId(id);
        const auto& t = model.types[static_cast<std::size_t>(r->type)];
        r->values.resize(t.fields.size());
        for (auto& [name, value] : values) r->values[static_cast<std::size_t>(t.find(name))] = std::move(value);
        all[{r->type, id}] = r;
        return r;
    }
};

class Derived : public ::testing::Test {
  protected:
    void SetUp() override {
        auto loaded = model::load({{"zone/types/zone.yaml", zone_yaml}});
        ASSERT_TRUE(loaded) << text_of(loaded.error());
        model_ = *loaded;
        plan_ = std::make_shared<Plan>(*model_);
        book_ = std::make_unique<Book>(plan_, store_);
        ASSERT_TRUE(book_->open());
        world_.put(*model_, "organ", 1, {});
        world_.put(*model_, "project", 1, {{"organ", std::int64_t{1}}, {"level", std::string("provincial")}});
    }
    void report(std::int64_t id, int month, std::int64_t fen) {
        const auto r = world_.put(
            *model_, "project_month", id,
            {{"project", std::int64_t{1}}, {"month", Period::month(2026, month).encoded()}, {"amount", fen}});
        std::vector<Contribution> after;
        ASSERT_TRUE(plan_->contributions(*r, world_, after));
        std::vector<Posting> postings;
        difference({}, after, ++position_, id, postings);
        book_->apply(postings, position_);
    }
    Ask ask(std::string_view figure, std::string_view period) {
        Ask a;
        a.figure = model_->find_figure(figure);
        a.unit = 1;
        a.period = *Period::parse(period);
        return a;
    }
    model::ModelPtr model_;
    std::shared_ptr<Plan> plan_;
    MemoryRunStore store_;
    std::unique_ptr<Book> book_;
    Record world_;
    std::int64_t position_ = 0;
};

TEST_F(Derived, subtracts_before_it_rounds) {
    // schedule_lead.csv, 江门: 629.0 of 647.4 by October, schedule 10/12; published lead 13.8, rounding first would
    // give 13.9.
    report(1, 10, 62900);
    report(2, 12, 1840);
    const Value v = book_->value(ask("lead", "2026-10"));
    ASSERT_TRUE(v.has) << v.why_none;
    EXPECT_EQ(v.number.rescaled(1, Rounding::half_up)->text(), "13.8");
}

TEST_F(Derived, has_no_value_without_its_parts_and_names_the_first_one_missing) {
    const Value v = book_->value(ask("lead", "2026-10"));
    EXPECT_FALSE(v.has);
    EXPECT_NE(v.why_none.find("done: "), std::string::npos) << v.why_none;
}

TEST_F(Derived, has_no_value_when_it_divides_by_zero) {
    report(1, 3, 0);
    const Value v = book_->value(ask("lead", "2026-06"));
    EXPECT_FALSE(v.has);
    EXPECT_FALSE(v.why_none.empty());
}

TEST_F(Derived, explains_itself_by_parts_that_can_be_asked_again) {
    report(1, 5, 100);
    report(2, 9, 300);
    const auto why = book_->why(ask("lead", "2026-06"), {});
    ASSERT_EQ(why.parts.size(), 2u);
    EXPECT_EQ(why.parts[0].ask.period->text(), "2026-01..06");
    EXPECT_EQ(why.parts[1].ask.period->text(), "2026");
    for (const auto& part : why.parts) EXPECT_EQ(book_->value(part.ask).number, part.value.number);
    EXPECT_EQ(why.formula_with_numbers, "1.00.div(4.00, 10) * 100 - decimal(6).div(12, 10) * 100");
}

TEST_F(Derived, takes_only_records_whose_condition_holds_through_the_reference) {
    world_.put(*model_, "project", 1, {{"organ", std::int64_t{1}}, {"level", std::string("city")}});
    report(1, 5, 100);
    EXPECT_FALSE(book_->value(ask("done", "2026-05")).has);
    world_.put(*model_, "project", 1, {{"organ", std::int64_t{1}}});  // level unset: null is not provincial
    report(2, 5, 100);
    EXPECT_FALSE(book_->value(ask("done", "2026-05")).has);
    world_.put(*model_, "project", 1, {{"organ", std::int64_t{1}}, {"level", std::string("provincial")}});
    report(3, 5, 70);
    EXPECT_EQ(book_->value(ask("done", "2026-05")).number.text(), "0.70");
}

TEST_F(Derived, knows_that_the_condition_hangs_on_the_project) {
    const auto& list = plan_->dependents_of(model_->find_type("project"));
    ASSERT_EQ(list.size(), 1u);
    const auto& project = model_->types[static_cast<std::size_t>(model_->find_type("project"))];
    EXPECT_EQ(list[0].fields, (std::vector<int>{project.find("organ"), project.find("level")}));
    EXPECT_FALSE(list[0].any_version);
}

}  // namespace
}  // namespace yipan::figure
