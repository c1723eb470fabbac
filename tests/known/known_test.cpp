// Numbers that were published, recomputed through records and figures of a board. Data and sources:
// tests/data/known/README.md.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <map>

#include "base/check.h"
#include "base/csv.h"
#include "board/board.h"
#include "property/yard.h"

namespace yipan {
namespace {

constexpr const char* types_yaml = R"yaml(
types:
  place:
    label: [单位, 單位, Place]
    key: code
    responsible: none
    fields:
      code: {type: text, required: true, unique: true, label: [代码, 代碼, Code]}
      name: {type: text, label: [名称, 名稱, Name]}
  place_link:
    label: [隶属, 隸屬, Link]
    responsible: none
    fields:
      upper: {type: reference, to: place, required: true, index: true, label: [上级, 上級, Upper]}
      lower: {type: reference, to: place, required: true, label: [下级, 下級, Lower]}
      valid_from: {type: date, label: [自, 自, From]}
      valid_to: {type: date, label: [至, 至, To]}
  project:
    label: [项目, 項目, Project]
    responsible: none
    fields:
      place: {type: reference, to: place, required: true, label: [单位, 單位, Place]}
      planned: {type: date, required: true, label: [计划, 計劃, Planned]}
      started: {type: date, label: [开工, 開工, Started]}
  investment:
    label: [投资, 投資, Investment]
    responsible: none
    fields:
      place: {type: reference, to: place, required: true, label: [单位, 單位, Place]}
      day: {type: date, required: true, label: [日, 日, Day]}
      done: {type: money, label: [完成, 完成, Done]}
      wanted: {type: money, label: [计划, 計劃, Wanted]}
  office:
    label: [站所, 站所, Office]
    responsible: none
    fields:
      place: {type: reference, to: place, required: true, label: [单位, 單位, Place]}
      staff: {type: integer, required: true, label: [人, 人, Staff]}
forests:
  places:
    label: [区划, 區劃, Places]
    links:
      - {type: place_link, parent: upper, child: lower, from: valid_from, to: valid_to}
figures:
  planned: {label: [a, a, a], of: project, count: true, unit: place, period: planned, forest: places}
  started: {label: [a, a, a], of: project, count: true, where: "started != null", unit: place, period: started, forest: places}
  done:    {label: [a, a, a], of: investment, sum: done, unit: place, period: day, forest: places}
  wanted:  {label: [a, a, a], of: investment, sum: wanted, unit: place, period: day, forest: places}
  offices: {label: [a, a, a], of: office, count: true, unit: place, forest: places}
  staff:   {label: [a, a, a], of: office, sum: staff, unit: place, forest: places}
  start_rate:
    label: [开工率, 開工率, Start rate]
    parts:
      a: {figure: started, window: ytd}
      b: {figure: planned, window: ytd}
    formula: "a.div(b, 10) * 100"
  completion:
    label: [完成率, 完成率, Completion]
    parts:
      a: {figure: done, window: ytd}
      b: {figure: wanted, window: year}
    formula: "a.div(b, 10) * 100"
  lead:
    label: [领先, 領先, Points ahead of the schedule]
    parts:
      a: {figure: done, window: ytd}
      b: {figure: wanted, window: year}
    formula: "(a * 12 - b * elapsed_months).div(b * 12, 10) * 100"
)yaml";

using Row = std::map<std::string, std::string>;

std::vector<Row> rows_of(const std::string& name) {
    const std::string path = std::string(YIPAN_SOURCE_DIR) + "/tests/data/known/" + name;
    std::FILE* file = std::fopen(path.c_str(), "rb");
    YIPAN_CHECK(file);
    CsvReader reader(bytes_of_file(file), {.name = name});
    std::vector<std::string> head;
    std::vector<Row> rows;
    while (true) {
        const auto more = reader.next();
        YIPAN_CHECK(more.has_value());
        if (!*more) break;
        if (head.empty()) {
            for (const auto cell : reader.row()) head.emplace_back(cell);
            continue;
        }
        Row& row = rows.emplace_back();
        for (std::size_t i = 0; i < head.size() && i < reader.row().size(); ++i)
            row[head[i]] = std::string(reader.row()[i]);
    }
    std::fclose(file);
    return rows;
}

struct Known : ::testing::Test {
    property::Folder folder;
    std::unique_ptr<board::Board> board;

    void SetUp() override {
        board::Board::Birth birth;
        birth.name = "known answers";
        birth.frozen_clock = *Instant::parse("2026-07-01T01:00:00Z");
        birth.model = {{"known/types/known.yaml", types_yaml}};
        auto made = board::Board::create(folder.file("known.yipan"), birth);
        ASSERT_TRUE(made.has_value()) << text_of(made.error());
        board = std::move(*made);
    }

    board::Change create(const char* type, const std::vector<std::pair<const char*, record::Value>>& values) const {
        board::Change change;
        change.type = board->model()->find_type(type);
        for (const auto& [field, value] : values)
            change.set.emplace_back(board->model()->types[static_cast<std::size_t>(change.type)].find(field), value);
        return change;
    }
    /// One draft for each change, several hundred to a transaction; the ids in order.
    std::vector<std::int64_t> write(std::vector<board::Change> changes) {
        std::vector<std::int64_t> ids;
        std::vector<board::Draft> drafts;
        const auto flush = [&] {
            for (const auto& receipt : board->apply_batch(std::move(drafts))) {
                EXPECT_TRUE(receipt.has_value()) << text_of(receipt.error());
                ids.push_back(receipt ? receipt->records[0].value : 0);
            }
            drafts.clear();
        };
        for (auto& change : changes) {
            board::Draft draft;
            draft.channel = "import";
            draft.changes.push_back(std::move(change));
            drafts.push_back(std::move(draft));
            if (drafts.size() == 256) flush();
        }
        flush();
        return ids;
    }
    std::int64_t place(const std::string& code) { return write({create("place", {{"code", code}})}).front(); }

    figure::Value ask(const char* figure, std::int64_t unit, std::optional<Period> period,
                      std::optional<Date> tree = {}) {
        figure::Ask ask;
        ask.figure = board->model()->find_figure(figure);
        ask.unit = unit;
        ask.period = period;
        ask.tree_date = tree;
        const auto snapshot = board->snapshot();
        ask.today = snapshot->today();
        return snapshot->figure(ask);
    }
    /// Rounded once, at the very end, as it was published.
    std::string published(const figure::Value& value, int decimals) {
        if (!value.has) return "none: " + value.why_none;
        const auto rounded = value.number.rescaled(decimals, Rounding::half_up);
        return rounded ? rounded->text() : rounded.error().text();
    }
};

std::string rounded(const std::string& text, int decimals) {
    return Decimal::parse(text)->rescaled(decimals, Rounding::half_up)->text();
}

Period period_or(const std::string& text, Period otherwise) {
    const auto period = Period::parse(text);
    return period ? *period : otherwise;
}

TEST_F(Known, published_start_and_completion_rates_come_out_of_the_records) {
    const auto cases = rows_of("project_rates.csv");
    ASSERT_GE(cases.size(), 10u);
    for (const Row& row : cases) {
        const std::string& id = row.at("id");
        const Period period = period_or(row.at("period"), Period::year_to_date(2020, 10));
        const Date first = period.first_day();
        const std::int64_t unit = place(id);
        std::vector<board::Change> changes;
        const char* figure = "start_rate";
        if (row.at("metric") == "投资完成率") {
            figure = "completion";
            // 亿元 to fen
            const std::int64_t done = Decimal::parse(row.at("numerator"))->rescaled(10, Rounding::half_up)->units;
            const std::int64_t wanted = Decimal::parse(row.at("denominator"))->rescaled(10, Rounding::half_up)->units;
            changes.push_back(create(
                "investment", {{"place", unit}, {"day", std::int64_t{period.last_day().days}}, {"done", done / 3}}));
            changes.push_back(create(
                "investment",
                {{"place", unit}, {"day", std::int64_t{first.days}}, {"done", done - done / 3}, {"wanted", wanted}}));
        } else {
            const int planned = std::stoi(row.at("denominator")), started = std::stoi(row.at("numerator"));
            for (int i = 0; i < planned; ++i) {
                const std::int64_t day = first.days + i % (period.last_day().days - first.days + 1);
                changes.push_back(create("project", {{"place", unit},
                                                     {"planned", std::int64_t{first.days}},
                                                     {"started", i < started ? record::Value(day) : record::Value()}}));
            }
        }
        write(std::move(changes));
        const int decimals = std::stoi(row.at("published_decimals"));
        EXPECT_EQ(published(ask(figure, unit, period), decimals), rounded(row.at("published"), decimals))
            << id << " " << row.at("source");
    }
}

TEST_F(Known, points_ahead_of_the_schedule_are_subtracted_before_they_are_rounded) {
    // Where only the published completion is known, the plan is 1,000,000 yuan; S03 and S04 give both amounts in their
    // notes.
    const std::map<std::string, std::pair<const char*, const char*>> amounts = {{"S03", {"4390", "5330"}},
                                                                                {"S04", {"629.0", "647.4"}}};
    const auto cases = rows_of("schedule_lead.csv");
    ASSERT_EQ(cases.size(), 5u);
    for (const Row& row : cases) {
        const std::string& id = row.at("id");
        const int months = std::stoi(row.at("months_elapsed"));
        const Period period = Period::year_to_date(2021, months);
        const auto known = amounts.find(id);
        const std::string done_text = known == amounts.end() ? row.at("completion_pct_published") : known->second.first;
        const std::string wanted_text = known == amounts.end() ? "100" : known->second.second;
        const std::int64_t done = Decimal::parse(done_text)->rescaled(6, Rounding::half_up)->units;
        const std::int64_t wanted = Decimal::parse(wanted_text)->rescaled(6, Rounding::half_up)->units;
        const std::int64_t unit = place(id);
        write({create("investment",
                      {{"place", unit}, {"day", std::int64_t{Date::of(2021, 12, 1)->days}}, {"wanted", wanted}}),
               create("investment", {{"place", unit}, {"day", std::int64_t{period.last_day().days}}, {"done", done}})});
        EXPECT_EQ(published(ask("lead", unit, period), 1), rounded(row.at("lead_points_published"), 1))
            << id << " " << row.at("source");
        EXPECT_EQ(published(ask("completion", unit, period), 1), rounded(row.at("completion_pct_published"), 1)) << id;
    }
}

TEST_F(Known, the_streets_of_jiangsu_roll_up_to_their_cities) {
    const auto units = rows_of("jiangsu_units.csv");
    ASSERT_EQ(units.size(), 1u + 13 + 104 + 1487) << "province, cities, counties, streets";
    std::vector<board::Change> changes;
    for (const Row& row : units)
        changes.push_back(create("place", {{"code", row.at("code")}, {"name", row.at("name")}}));
    const auto ids = write(std::move(changes));
    std::map<std::string, std::int64_t> id_of;
    for (std::size_t i = 0; i < units.size(); ++i) id_of[units[i].at("code")] = ids[i];

    std::map<std::string, std::string> upper;
    std::vector<board::Change> links, offices;
    std::map<std::string, std::pair<std::int64_t, std::int64_t>>
        expected;  // offices, staff of every unit, counted by walking up
    for (const Row& row : units) {
        upper[row.at("code")] = row.at("upper");
        if (!row.at("upper").empty())
            links.push_back(
                create("place_link", {{"upper", id_of.at(row.at("upper"))}, {"lower", id_of.at(row.at("code"))}}));
    }
    for (const Row& row : units) {
        const std::string& code = row.at("code");
        if (code.size() != 9) continue;
        const std::int64_t staff = std::stoll(code) % 17 + 1;
        offices.push_back(create("office", {{"place", id_of.at(code)}, {"staff", staff}}));
        for (std::string at = code; !at.empty(); at = upper.at(at)) {
            expected[at].first += 1;
            expected[at].second += staff;
        }
    }
    write(std::move(links));
    write(std::move(offices));
    for (const Row& row : units) {
        const std::string& code = row.at("code");
        const auto [n, staff] = expected[code];
        ASSERT_EQ(published(ask("offices", id_of.at(code), {}), 0), std::to_string(n)) << row.at("name");
        if (n > 0) {
            ASSERT_EQ(published(ask("staff", id_of.at(code), {}), 0), std::to_string(staff)) << row.at("name");
        }
    }
    EXPECT_EQ(expected.at("3211").first, 60) << "streets and towns of Zhenjiang";
    EXPECT_EQ(expected.at("321102").first, 8) << "units at street level of Jingkou";
    EXPECT_EQ(expected.at("32").first, 1487);

    // A street that comes under another county from July 2026: the old total stands before, the new one after; the
    // province never moves.
    const std::string street = "321102006", from = "321102", to = "321111";
    auto snapshot = board->snapshot();
    const int link_type = board->model()->find_type("place_link");
    const auto old_link = snapshot->list(link_type, fmt::format("lower.code == '{}'", street), 0, 2);
    ASSERT_TRUE(old_link.has_value()) << old_link.error().text();
    ASSERT_EQ(old_link->rows.size(), 1u);
    board::Draft draft;
    draft.channel = "import";
    board::Change close;
    close.verb = board::Verb::amend;
    close.type = link_type;
    close.record = old_link->rows[0]->id;
    close.set.emplace_back(board->model()->types[static_cast<std::size_t>(link_type)].find("valid_to"),
                           std::int64_t{Date::of(2026, 6, 30)->days});
    draft.changes = {close, create("place_link", {{"upper", id_of.at(to)},
                                                  {"lower", id_of.at(street)},
                                                  {"valid_from", std::int64_t{Date::of(2026, 7, 1)->days}}})};
    const auto receipt = board->apply(draft);
    ASSERT_TRUE(receipt.has_value()) << text_of(receipt.error());
    const auto count = [&](const std::string& code, const Date& tree) {
        return published(ask("offices", id_of.at(code), {}, tree), 0);
    };
    const Date june = *Date::of(2026, 6, 30), july = *Date::of(2026, 7, 1);
    EXPECT_EQ(count(from, june), std::to_string(expected[from].first));
    EXPECT_EQ(count(from, july), std::to_string(expected[from].first - 1));
    EXPECT_EQ(count(to, june), std::to_string(expected[to].first));
    EXPECT_EQ(count(to, july), std::to_string(expected[to].first + 1));
    EXPECT_EQ(count("3211", july), "60");
    EXPECT_EQ(count("32", july), "1487");
}

}  // namespace
}  // namespace yipan
