// Small worlds whose answers were worked out by hand.
#include "oracle/oracle.h"

#include <gtest/gtest.h>

#include "base/check.h"
#include "model/load.h"

namespace yipan::oracle {
namespace {

constexpr const char* types_yaml = R"yaml(
types:
  person:
    label: [人, 人, Person]
    key: code
    responsible: none
    fields:
      code: {type: text, required: true, unique: true, label: [号, 號, Code]}
  post:
    label: [岗位, 崗位, Post]
    key: code
    fields:
      code: {type: text, required: true, unique: true, label: [号, 號, Code]}
  organ:
    label: [单位, 單位, Organ]
    key: code
    responsible: none
    fields:
      code: {type: text, required: true, unique: true, label: [号, 號, Code]}
  organ_link:
    label: [隶属, 隸屬, Link]
    responsible: none
    fields:
      upper: {type: reference, to: organ, required: true, label: [上级, 上級, Upper]}
      lower: {type: reference, to: organ, required: true, label: [下级, 下級, Lower]}
      valid_from: {type: date, label: [自, 自, From]}
      valid_to: {type: date, label: [至, 至, To]}
  project:
    label: [项目, 項目, Project]
    key: code
    responsible: none
    fields:
      code: {type: text, required: true, unique: true, label: [号, 號, Code]}
      organ: {type: reference, to: organ, label: [单位, 單位, Organ]}
      rank: {type: choice, of: {city: [市, 市, City], provincial: [省, 省, Provincial]}, label: [级别, 級別, Rank]}
      hosted: {type: boolean, label: [服务, 服務, Hosted]}
  payment:
    label: [付款, 付款, Payment]
    responsible: none
    fields:
      project: {type: reference, to: project, required: true, label: [项目, 項目, Project]}
      day: {type: date, label: [日, 日, Day]}
      amount: {type: money, label: [额, 額, Amount]}
      dollars: {type: money, currency: USD, label: [美元, 美元, Dollars]}
      payee: {type: text, label: [收款, 收款, Payee]}
      size: {type: decimal, scale: 2, label: [规模, 規模, Size]}
  staff:
    label: [人数, 人數, Staff]
    responsible: none
    fields:
      organ: {type: reference, to: organ, required: true, label: [单位, 單位, Organ]}
      day: {type: date, required: true, label: [日, 日, Day]}
      people: {type: integer, label: [人, 人, People]}
  output:
    label: [产值, 產值, Output]
    responsible: none
    fields:
      organ: {type: reference, to: organ, required: true, label: [单位, 單位, Organ]}
      month: {type: period, grains: [month, year_to_date], required: true, label: [期, 期, Month]}
      value: {type: money, label: [产值, 產值, Value]}
forests:
  organs:
    label: [机构, 機構, Organs]
    links:
      - {type: organ_link, parent: upper, child: lower, from: valid_from, to: valid_to}
identity: {person: person, post: post}
)yaml";

constexpr const char* figures_yaml = R"yaml(
figures:
  paid:      {label: [a, a, a], of: payment, sum: amount, unit: project.organ, period: day, by: [project.rank], forest: organs}
  paid_end:  {label: [a, a, a], of: payment, sum: amount, unit: project.organ, period: day, at: period_end}
  paid_now:  {label: [a, a, a], of: payment, sum: amount, unit: project.organ, period: day, at: now, forest: organs}
  paid_own:  {label: [a, a, a], of: payment, sum: amount, unit: project.organ, period: day, where: "project.hosted != true", at: now}
  dollars:   {label: [a, a, a], of: payment, sum: dollars, unit: project.organ, period: day}
  payments:  {label: [a, a, a], of: payment, count: true, unit: project.organ, period: day, at: now}
  payees:    {label: [a, a, a], of: payment, distinct: payee, unit: project.organ, period: day, at: now}
  mean_size: {label: [a, a, a], of: payment, average: size, unit: project.organ, period: day, at: now}
  least:     {label: [a, a, a], of: payment, min: size, unit: project.organ, period: day, at: now}
  most:      {label: [a, a, a], of: payment, max: size, unit: project.organ, period: day, at: now}
  quarterly: {label: [a, a, a], of: payment, sum: amount, unit: project.organ, period: day, grain: quarter, at: now}
  people:    {label: [a, a, a], of: staff, sum: people, kind: stock, unit: organ, period: day, forest: organs, max_age: 3}
  produced:  {label: [a, a, a], of: output, sum: value, kind: cumulative, unit: organ, period: month, forest: organs}
  projects:  {label: [a, a, a], of: project, count: true, unit: organ, forest: organs}
  per_head:
    label: [a, a, a]
    parts:
      money: {figure: paid_now, window: ytd}
      heads: {figure: people, window: period}
    formula: "money.div(yuan(1), 2).div(heads, 2)"
  pace:
    label: [a, a, a]
    parts:
      done: {figure: paid_now, window: ytd}
      before: {figure: paid_now, window: ytd_year_ago}
    formula: "done.div(before, 6) * 100 - elapsed_months.div(12, 6) * 100"
  provincial:
    label: [a, a, a]
    parts:
      a: {figure: paid, window: year, only: {project.rank: provincial}}
    formula: "a"
  growth:
    label: [a, a, a]
    parts:
      now: {figure: produced, window: ytd}
      past: {figure: produced, window: ytd_year_ago}
    formula: "(now - past).div(past, 6) * 100"
)yaml";

const model::Model& board_model() {
    static const model::ModelPtr model = [] {
        auto loaded = model::load({{"t/types/t.yaml", types_yaml}, {"t/types/u.yaml", figures_yaml}});
        if (!loaded) std::fprintf(stderr, "%s\n", text_of(loaded.error()).c_str());
        YIPAN_CHECK(loaded.has_value());
        return *loaded;
    }();
    return *model;
}

Date day(const char* text) { return *Date::parse(text); }
std::int64_t on(const char* text) { return day(text).days; }
std::int64_t in(const char* text) { return Period::parse(text)->encoded(); }
std::int64_t yuan(std::int64_t y) { return y * 100; }
const record::Value unset;

/// A board's history written by hand: one entry per call.
struct Diary {
    using Fields = std::vector<std::pair<const char*, record::Value>>;
    World world{board_model()};
    std::int64_t position = 0;

    std::int64_t put(const char* type_code, const Fields& fields, const char* effective = "2026-01-01") {
        const int type = board_model().find_type(type_code);
        const auto id = static_cast<std::int64_t>(world.versions[static_cast<std::size_t>(type)].size()) + 1;
        write(type, id, fields, effective, nullptr);
        return id;
    }
    void amend(const char* type_code, std::int64_t id, const Fields& fields, const char* effective = "2026-01-01") {
        const int type = board_model().find_type(type_code);
        write(type, id, fields, effective,
              world.versions[static_cast<std::size_t>(type)][static_cast<std::size_t>(id - 1)].back().record);
    }
    void remove(const char* type_code, std::int64_t id, const char* effective = "2026-01-01") {
        world.add_deletion(board_model().find_type(type_code), RecordId(id), Position(++position), day(effective));
    }

    Question about(const char* figure, std::int64_t unit, const char* period) const {
        Question question;
        question.figure = board_model().find_figure(figure);
        question.unit = unit;
        question.today = day("2026-12-31");
        if (period) question.period = *Period::parse(period);
        return question;
    }
    /// The number as text, or "none".
    std::string ask(const Question& question) const {
        const Answer answer = value(world, question);
        return answer.has ? answer.number.text() : "none";
    }
    std::string ask(const char* figure, std::int64_t unit, const char* period) const {
        return ask(about(figure, unit, period));
    }

  private:
    void write(int type, std::int64_t id, const Fields& fields, const char* effective,
               const record::RecordPtr& before) {
        const model::Type& shape = board_model().types[static_cast<std::size_t>(type)];
        auto record = before ? std::make_shared<record::Record>(*before) : std::make_shared<record::Record>();
        record->type = type;
        record->id = RecordId(id);
        record->version += 1;
        record->previous = record->position;
        record->position = Position(++position);
        record->effective = day(effective);
        record->values.resize(shape.fields.size());
        for (const auto& [code, value] : fields) {
            const int field = shape.find(code);
            YIPAN_CHECK(field >= 0);
            record->values[static_cast<std::size_t>(field)] = value;
        }
        world.add_version(record);
    }
};

struct TwoOrgans : ::testing::Test {
    Diary d;
    std::int64_t a = d.put("organ", {{"code", "A"}});
    std::int64_t b = d.put("organ", {{"code", "B"}});
    std::int64_t p = d.put("project", {{"code", "P"}, {"organ", a}, {"rank", "provincial"}}, "2025-01-01");
};

TEST_F(TwoOrgans, a_flow_adds_the_months_and_missing_is_not_zero) {
    d.put("payment", {{"project", p}, {"day", on("2026-01-31")}, {"amount", yuan(10)}});
    d.put("payment", {{"project", p}, {"day", on("2026-02-01")}, {"amount", yuan(-3)}});
    d.put("payment", {{"project", p}, {"day", on("2026-02-28")}});  // no amount: contributes nothing
    d.put("payment", {{"project", p}, {"amount", yuan(99)}});       // no day: contributes nothing
    EXPECT_EQ(d.ask("paid", a, "2026-01"), "10.00");
    EXPECT_EQ(d.ask("paid", a, "2026-02"), "-3.00");
    EXPECT_EQ(d.ask("paid", a, "2026Q1"), "7.00");
    EXPECT_EQ(d.ask("paid", a, "2026-01..02"), "7.00");
    EXPECT_EQ(d.ask("paid", a, "2026-03"), "none");
    EXPECT_EQ(d.ask("paid", b, "2026"), "none");
    EXPECT_EQ(d.ask("paid", 0, "2026"), "7.00");
    EXPECT_EQ(d.ask("paid", a, nullptr), "none");
    EXPECT_EQ(d.ask("payments", a, "2026-02"), "2");
    EXPECT_EQ(d.ask("payments", a, "2026-03"), "0");
    EXPECT_EQ(value(d.world, d.about("paid", a, "2026")).records, 2);
}

TEST_F(TwoOrgans, a_figure_kept_by_quarters_has_no_value_for_a_month) {
    d.put("payment", {{"project", p}, {"day", on("2026-05-31")}, {"amount", yuan(10)}});
    EXPECT_EQ(d.ask("quarterly", a, "2026Q2"), "10.00");
    EXPECT_EQ(d.ask("quarterly", a, "2026H1"), "10.00");
    EXPECT_EQ(d.ask("quarterly", a, "2026-01..06"), "10.00");
    EXPECT_EQ(d.ask("quarterly", a, "2026-05"), "none");
    EXPECT_EQ(d.ask("quarterly", a, "2026-01..05"), "none");
}

TEST_F(TwoOrgans, an_investment_moves_with_its_project_only_where_the_figure_says_so) {
    d.put("payment", {{"project", p}, {"day", on("2026-03-10")}, {"amount", yuan(8)}});
    d.amend("project", p, {{"organ", b}}, "2026-03-20");
    EXPECT_EQ(d.ask("paid", a, "2026-03"), "8.00") << "at event it stays where it happened";
    EXPECT_EQ(d.ask("paid", b, "2026-03"), "none");
    EXPECT_EQ(d.ask("paid_end", a, "2026-03"), "none") << "at the month's end the project was elsewhere";
    EXPECT_EQ(d.ask("paid_end", b, "2026-03"), "8.00");
    EXPECT_EQ(d.ask("paid_now", b, "2026-03"), "8.00");
    d.amend("project", p, {{"organ", a}}, "2026-05-01");
    EXPECT_EQ(d.ask("paid_end", b, "2026-03"), "8.00") << "a later move does not touch a closed period";
    EXPECT_EQ(d.ask("paid_now", a, "2026-03"), "8.00");
}

TEST_F(TwoOrgans, a_late_correction_with_an_earlier_effective_date_is_seen_from_that_date) {
    d.put("payment", {{"project", p}, {"day", on("2026-03-10")}, {"amount", yuan(8)}});
    d.amend("project", p, {{"organ", b}}, "2026-03-01");
    EXPECT_EQ(d.ask("paid", b, "2026-03"), "8.00");
    d.amend("project", p, {{"organ", a}}, "2026-03-01");
    EXPECT_EQ(d.ask("paid", a, "2026-03"), "8.00") << "of two versions with one date the later entry counts";
}

TEST_F(TwoOrgans, what_was_known_at_a_position_stays_answerable_after_corrections_and_deletions) {
    const auto x = d.put("payment", {{"project", p}, {"day", on("2026-03-10")}, {"amount", yuan(8)}});
    const std::int64_t first = d.position;
    d.amend("payment", x, {{"amount", yuan(9)}});
    const std::int64_t second = d.position;
    d.amend("project", p, {{"organ", b}}, "2025-01-01");
    const std::int64_t third = d.position;
    d.remove("payment", x);
    Question question = d.about("paid", a, "2026-03");
    EXPECT_EQ(d.ask(question), "none");
    question.as_known = Position(first);
    EXPECT_EQ(d.ask(question), "8.00");
    question.as_known = Position(second);
    EXPECT_EQ(d.ask(question), "9.00");
    question.as_known = Position(third);
    EXPECT_EQ(d.ask(question), "none");
    question.unit = b;
    EXPECT_EQ(d.ask(question), "9.00");
    question.as_known = Position(first - 1);
    EXPECT_EQ(d.ask(question), "none");
}

TEST_F(TwoOrgans, a_condition_through_a_reference_follows_it_and_unset_is_no_error) {
    d.put("payment", {{"project", p}, {"day", on("2026-03-10")}, {"amount", yuan(8)}});
    EXPECT_EQ(d.ask("paid_own", a, "2026-03"), "8.00");
    d.amend("project", p, {{"hosted", std::int64_t{1}}});
    EXPECT_EQ(d.ask("paid_own", a, "2026-03"), "none");
    d.amend("project", p, {{"hosted", std::int64_t{0}}});
    EXPECT_EQ(d.ask("paid_own", a, "2026-03"), "8.00");
}

TEST_F(TwoOrgans, the_distinct_of_a_quarter_is_a_union_and_not_the_sum_of_its_months) {
    for (const char* when : {"2026-01-05", "2026-02-05", "2026-03-05"})
        d.put("payment", {{"project", p}, {"day", on(when)}, {"payee", "甲公司"}});
    d.put("payment", {{"project", p}, {"day", on("2026-03-06")}, {"payee", "乙公司"}});
    EXPECT_EQ(d.ask("payees", a, "2026-01"), "1");
    EXPECT_EQ(d.ask("payees", a, "2026-03"), "2");
    EXPECT_EQ(d.ask("payees", a, "2026Q1"), "2");
    EXPECT_EQ(d.ask("payees", a, "2026Q2"), "0");
}

TEST_F(TwoOrgans, an_average_rounds_half_away_from_zero_and_min_and_max_forget_what_left) {
    d.put("payment", {{"project", p}, {"day", on("2026-01-05")}, {"size", std::int64_t{100}}});
    const auto big = d.put("payment", {{"project", p}, {"day", on("2026-01-06")}, {"size", std::int64_t{201}}});
    EXPECT_EQ(Decimal::parse(d.ask("mean_size", a, "2026-01"))->rescaled(2, Rounding::half_up)->text(), "1.51");
    EXPECT_EQ(d.ask("least", a, "2026-01"), "1.00");
    EXPECT_EQ(d.ask("most", a, "2026-01"), "2.01");
    d.remove("payment", big);
    EXPECT_EQ(d.ask("most", a, "2026Q1"), "1.00");
    EXPECT_EQ(d.ask("mean_size", b, "2026-01"), "none");
}

TEST_F(TwoOrgans, currencies_never_meet_in_one_figure) {
    d.put("payment", {{"project", p}, {"day", on("2026-01-05")}, {"amount", yuan(10)}, {"dollars", yuan(7)}});
    EXPECT_EQ(d.ask("paid", a, "2026-01"), "10.00");
    EXPECT_EQ(d.ask("dollars", a, "2026-01"), "7.00");
    const model::Model& m = board_model();
    EXPECT_EQ(m.figures[static_cast<std::size_t>(m.find_figure("dollars"))].measure.currency.text(), "USD");
    EXPECT_EQ(m.figures[static_cast<std::size_t>(m.find_figure("paid"))].measure.currency.text(), "CNY");
    const auto mixed = model::load(
        {{"t/types/t.yaml", types_yaml},
         {"t/types/u.yaml", std::string(figures_yaml) +
                                "  mixed:\n    label: [a, a, a]\n    parts:\n"
                                "      x: {figure: paid}\n      y: {figure: dollars}\n    formula: \"x + y\"\n"}});
    EXPECT_FALSE(mixed.has_value()) << "a formula over two currencies is refused when the model is loaded";
}

TEST_F(TwoOrgans, a_dimension_left_unset_is_the_value_none_and_can_be_asked) {
    const auto q = d.put("project", {{"code", "Q"}, {"organ", a}}, "2025-01-01");
    d.put("payment", {{"project", p}, {"day", on("2026-01-05")}, {"amount", yuan(10)}});
    d.put("payment", {{"project", q}, {"day", on("2026-01-05")}, {"amount", yuan(1)}});
    Question question = d.about("paid", a, "2026-01");
    EXPECT_EQ(d.ask(question), "11.00");
    question.d1 = 2;
    EXPECT_EQ(d.ask(question), "10.00");
    question.d1 = 0;
    EXPECT_EQ(d.ask(question), "1.00");
    question.d1 = 1;
    EXPECT_EQ(d.ask(question), "none");
    question.d1.reset();
    question.d2 = 1;
    EXPECT_EQ(d.ask(question), "none") << "it has one dimension only";
    EXPECT_EQ(d.ask("provincial", a, "2026-01"), "10.00");
}

TEST_F(TwoOrgans, a_stock_takes_the_last_value_carries_it_three_months_and_says_how_many_reported) {
    d.put("staff", {{"organ", a}, {"day", on("2026-01-10")}, {"people", std::int64_t{50}}});
    d.put("staff", {{"organ", a}, {"day", on("2026-01-20")}, {"people", std::int64_t{52}}});
    d.put("staff", {{"organ", b}, {"day", on("2026-03-31")}, {"people", std::int64_t{7}}});
    EXPECT_EQ(d.ask("people", 0, "2026-01"), "52");
    EXPECT_EQ(d.ask("people", 0, "2026-03"), "59");
    EXPECT_EQ(d.ask("people", 0, "2026-04"), "59");
    EXPECT_EQ(d.ask("people", 0, "2026-05"), "7") << "January is four months old in May";
    EXPECT_EQ(d.ask("people", 0, "2026-07"), "none");
    EXPECT_EQ(d.ask("people", 0, "2026Q1"), "59") << "read at the quarter's end, not added";
    EXPECT_EQ(d.ask("people", 0, "2025-12"), "none");
    const Answer may = value(d.world, d.about("people", 0, "2026-05"));
    EXPECT_EQ(may.reported, 1);
    EXPECT_EQ(may.expected, 2);
    EXPECT_EQ(may.records, 1);
}

TEST_F(TwoOrgans, a_stock_of_one_day_takes_the_record_entered_last) {
    const auto x = d.put("staff", {{"organ", a}, {"day", on("2026-01-10")}, {"people", std::int64_t{50}}});
    d.put("staff", {{"organ", a}, {"day", on("2026-01-10")}, {"people", std::int64_t{51}}});
    EXPECT_EQ(d.ask("people", a, "2026-01"), "51");
    d.amend("staff", x, {{"people", std::int64_t{60}}});
    EXPECT_EQ(d.ask("people", a, "2026-01"), "51") << "the greater record id, whatever was corrected later";
}

TEST_F(TwoOrgans, a_cumulative_month_is_a_difference_may_be_negative_and_needs_both_ends) {
    d.put("output", {{"organ", a}, {"month", in("2026-01..02")}, {"value", yuan(20)}});
    d.put("output", {{"organ", a}, {"month", in("2026-03")}, {"value", yuan(35)}});
    d.put("output", {{"organ", a}, {"month", in("2026-04")}, {"value", yuan(33)}});
    d.put("output", {{"organ", a}, {"month", in("2026-06")}, {"value", yuan(60)}});
    EXPECT_EQ(d.ask("produced", a, "2026-01"), "none") << "1-2月 come together";
    EXPECT_EQ(d.ask("produced", a, "2026-02"), "none");
    EXPECT_EQ(d.ask("produced", a, "2026-01..02"), "20.00");
    EXPECT_EQ(d.ask("produced", a, "2026-03"), "15.00");
    EXPECT_EQ(d.ask("produced", a, "2026-04"), "-2.00");
    EXPECT_EQ(d.ask("produced", a, "2026-05"), "none");
    EXPECT_EQ(d.ask("produced", a, "2026-06"), "none");
    EXPECT_EQ(d.ask("produced", a, "2026Q1"), "35.00");
    EXPECT_EQ(d.ask("produced", a, "2026Q2"), "25.00");
    EXPECT_EQ(d.ask("produced", a, "2026H1"), "60.00");
    EXPECT_EQ(d.ask("produced", a, "2026"), "none") << "the year needs December";
    d.put("output", {{"organ", b}, {"month", in("2026-03")}, {"value", yuan(1)}});
    const Answer march = value(d.world, d.about("produced", 0, "2026-03"));
    EXPECT_EQ(march.number.text(), "15.00") << "B has no 1-2月";
    EXPECT_EQ(march.reported, 1);
    EXPECT_EQ(march.expected, 2);
    EXPECT_EQ(d.ask("produced", 0, "2026Q1"), "36.00");
}

TEST_F(TwoOrgans, of_two_year_to_date_values_of_one_month_the_last_counts_and_alone_stands_behind_the_figure) {
    d.put("output", {{"organ", a}, {"month", in("2026-03")}, {"value", yuan(35)}});
    d.put("output", {{"organ", a}, {"month", in("2026-03")}, {"value", yuan(36)}});
    d.put("output", {{"organ", a}, {"month", in("2026-04")}, {"value", yuan(40)}});
    const Answer quarter = value(d.world, d.about("produced", a, "2026Q1"));
    EXPECT_EQ(quarter.number.text(), "36.00");
    EXPECT_EQ(quarter.records, 1);
    const Answer april = value(d.world, d.about("produced", a, "2026-04"));
    EXPECT_EQ(april.number.text(), "4.00");
    EXPECT_EQ(april.records, 2) << "its own and the one it is a difference from";
}

TEST_F(TwoOrgans, a_growth_rate_of_year_to_date_values_compares_the_same_months) {
    d.put("output", {{"organ", a}, {"month", in("2025-01..02")}, {"value", yuan(16)}});
    d.put("output", {{"organ", a}, {"month", in("2026-01..02")}, {"value", yuan(20)}});
    EXPECT_EQ(Decimal::parse(d.ask("growth", a, "2026-02"))->normalised().text(), "25");
    EXPECT_EQ(d.ask("growth", a, "2026-03"), "none");
}

TEST_F(TwoOrgans, a_record_counts_once_where_links_are_many_to_many) {
    const auto top = d.put("organ", {{"code", "T"}});
    const auto left = d.put("organ", {{"code", "L"}});
    const auto right = d.put("organ", {{"code", "R"}});
    const auto link = [&](std::int64_t upper, std::int64_t lower, record::Value from = {}, record::Value to = {}) {
        return d.put("organ_link", {{"upper", upper}, {"lower", lower}, {"valid_from", from}, {"valid_to", to}});
    };
    link(top, left);
    link(top, right);
    link(left, a);
    link(right, a);
    link(right, b, on("2026-02-01"), on("2026-02-28"));
    link(a, top);  // a cycle ends at a node already seen
    const auto q = d.put("project", {{"code", "Q"}, {"organ", b}}, "2025-01-01");
    d.put("payment", {{"project", p}, {"day", on("2026-02-05")}, {"amount", yuan(10)}});
    d.put("payment", {{"project", q}, {"day", on("2026-02-05")}, {"amount", yuan(4)}});
    EXPECT_EQ(d.ask("paid", left, "2026-02"), "14.00") << "through the cycle left reaches everything";
    EXPECT_EQ(d.ask("paid", top, "2026-02"), "14.00");
    EXPECT_EQ(d.ask("paid", right, "2026-02"), "14.00");
    EXPECT_EQ(d.ask("paid", b, "2026-02"), "4.00");
    EXPECT_EQ(d.ask("paid", top, "2026Q1"), "10.00") << "at the quarter's last day B is not linked any more";
    Question question = d.about("paid", top, "2026Q1");
    question.tree_date = day("2026-02-28");
    EXPECT_EQ(d.ask(question), "14.00") << "to is inclusive";
    question.tree_date = day("2026-03-01");
    EXPECT_EQ(d.ask(question), "10.00");
    question.tree_date = day("2026-01-31");
    EXPECT_EQ(d.ask(question), "10.00");
    EXPECT_EQ(d.ask("paid_end", top, "2026-02"), "none") << "without a forest the unit stands alone";
    Question eternal = d.about("projects", top, nullptr);
    eternal.today = day("2026-02-10");
    EXPECT_EQ(d.ask(eternal), "2");
    eternal.today = day("2026-03-10");
    EXPECT_EQ(d.ask(eternal), "1");
}

TEST_F(TwoOrgans, a_deleted_record_leaves_every_figure) {
    const auto x = d.put("payment", {{"project", p}, {"day", on("2026-01-05")}, {"amount", yuan(10)}});
    d.put("payment", {{"project", p}, {"day", on("2026-01-06")}, {"amount", yuan(1)}});
    d.remove("payment", x);
    EXPECT_EQ(d.ask("paid", a, "2026-01"), "1.00");
    EXPECT_EQ(d.ask("payments", a, "2026-01"), "1");
}

TEST_F(TwoOrgans, a_derived_figure_is_computed_from_its_parts_and_a_missing_part_makes_it_no_value) {
    d.put("payment", {{"project", p}, {"day", on("2026-02-05")}, {"amount", yuan(30)}});
    EXPECT_EQ(d.ask("per_head", a, "2026-03"), "none");
    d.put("staff", {{"organ", a}, {"day", on("2026-01-10")}, {"people", std::int64_t{4}}});
    EXPECT_EQ(d.ask("per_head", a, "2026-03"), "7.50");
    EXPECT_EQ(d.ask("per_head", a, "2026-05"), "none") << "the head count is too old";
    EXPECT_EQ(d.ask("pace", a, "2026-03"), "none");
    d.put("payment", {{"project", p}, {"day", on("2025-03-31")}, {"amount", yuan(40)}});
    EXPECT_EQ(Decimal::parse(d.ask("pace", a, "2026-03"))->normalised().text(), "50");
    EXPECT_EQ(d.ask("pace", a, "2026-01"), "none");
}

TEST_F(TwoOrgans, the_cells_counted_in_one_pass_are_those_of_the_records) {
    d.put("payment", {{"project", p}, {"day", on("2026-01-05")}, {"amount", yuan(10)}, {"payee", "x"}});
    d.put("payment", {{"project", p}, {"day", on("2026-01-06")}, {"amount", yuan(-4)}});
    d.put("payment", {{"project", p}, {"day", on("2026-04-01")}, {"amount", yuan(5)}});
    const auto all = cells(d.world);
    ASSERT_TRUE(all.has_value());
    const int paid = board_model().find_figure("paid"), quarterly = board_model().find_figure("quarterly");
    const int payments = board_model().find_figure("payments"), projects = board_model().find_figure("projects");
    EXPECT_EQ(all->at({paid, 2026 * 12, a, 2, 0}), (Total{600, 2}));
    EXPECT_EQ(all->at({paid, 2026 * 12 + 3, a, 2, 0}), (Total{500, 1}));
    EXPECT_EQ(all->at({quarterly, 2026 * 4 + 1, a, 0, 0}), (Total{500, 1}));
    EXPECT_EQ(all->at({payments, 2026 * 12, a, 0, 0}), (Total{2, 2}));
    EXPECT_EQ(all->at({projects, 0, a, 0, 0}), (Total{1, 1}));
    EXPECT_FALSE(all->contains({paid, 2026 * 12 + 1, a, 2, 0}));
}

TEST_F(TwoOrgans, a_year_to_date_value_in_a_flow_of_months_is_an_error_and_never_a_number) {
    const auto loaded =
        model::load({{"t/types/t.yaml", types_yaml},
                     {"t/types/u.yaml",
                      "figures:\n  wrong: {label: [a, a, a], of: output, sum: value, unit: organ, period: month}\n"}});
    EXPECT_FALSE(loaded.has_value()) << "refused when the model is loaded";

    // Should such a value reach a figure all the same: an error, never a number.
    model::Model spoiled = board_model();
    spoiled.figures[static_cast<std::size_t>(spoiled.find_figure("produced"))].kind = model::FigureKind::flow;
    d.put("output", {{"organ", a}, {"month", in("2026-01..02")}, {"value", yuan(20)}});
    World world(spoiled);
    world.versions = d.world.versions;
    EXPECT_FALSE(cells(world).has_value());
    EXPECT_FALSE(value(world, d.about("produced", a, "2026-02")).has);
}

}  // namespace
}  // namespace yipan::oracle
