// The write path on a small real board: what is accepted, what is refused, what survives. With YIPAN_TEST_POSTGRES set the
// board lies in that database (tests/postgres); what is about files is passed over there.
#include "board/board.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <future>
#include <latch>
#include <mutex>
#include <thread>

#include "board/tail.h"
#include "store/open.h"
#include "store/postgres/link.h"
#include "store/vfs_pages.h"

namespace yipan::board {
namespace {
constexpr const char* model_yaml = R"yaml(
types:
  organ:
    label: [机构, 機構, Organ]
    key: code
    responsible: none
    fields:
      code: {type: text, required: true, unique: true, label: [编号, 編號, Code]}
  organ_link:
    label: [隶属, 隸屬, Link]
    responsible: none
    fields:
      upper: {type: reference, to: organ, required: true, label: [上级, 上級, Upper]}
      lower: {type: reference, to: organ, required: true, on_delete: go_along, label: [下级, 下級, Lower]}
  project:
    label: [项目, 項目, Project]
    key: code
    responsible: none
    fields:
      code: {type: text, required: true, unique: true, label: [编号, 編號, Code]}
      organ: {type: reference, to: organ, required: true, label: [机构, 機構, Organ]}
      plan: {type: money, min: 0, label: [计划, 計劃, Plan]}
      started: {type: date, label: [开工, 開工, Started]}
      finished: {type: date, label: [竣工, 竣工, Finished]}
      permit: {type: text, label: [许可证, 許可證, Permit]}
      paper: {type: number, pattern: "区〔{year}〕{seq:3}号", label: [文号, 文號, Number]}
      phone: {type: text, personal: true, label: [电话, 電話, Phone]}
      double_plan: {type: computed, value: "plan * 2", as: {type: money}, label: [两倍, 兩倍, Twice]}
      partner: {type: reference, to: organ, on_delete: clear, label: [协办, 協辦, Partner]}
    states:
      initial: planned
      list: {planned: [计划, 計劃, Planned], under_way: [在建, 在建, Under way]}
      moves:
        start: {label: [开工, 開工, Start], from: [planned], to: under_way, needs: [{check: "permit != null", message: [须有许可证, 須有許可證, a permit is needed]}]}
    rules:
      order: {check: "finished == null || started == null || started <= finished", message: [竣工早于开工, 竣工早於開工, finished before it started]}
      planned_in_sum: {check: "plan == null || orElse(figure('planned', organ, period('2026')), yuan(0)) <= yuan(1000000)", message: [计划超限, 計劃超限, more planned than allowed]}
      no_more_than_three: {check: "count(project, it.organ == organ) <= 3", message: [项目过多, 項目過多, too many projects]}
  project_month:
    owned_by: project
    natural_key: [project, month]
    label: [月报, 月報, Month]
    fields:
      month: {type: period, grains: [month], required: true, label: [月份, 月份, Month]}
      amount: {type: money, required: true, label: [投资, 投資, Invested]}
forests:
  organs: {label: [机构树, 機構樹, Organs], links: [{type: organ_link, parent: upper, child: lower}]}
figures:
  invested: {label: [投资, 投資, Invested], of: project_month, sum: amount, unit: project.organ, period: month, at: now, forest: organs}
  planned: {label: [计划, 計劃, Planned], of: project, sum: plan, unit: organ, period: started, grain: year, forest: organs}
  projects: {label: [项目数, 項目數, Projects], of: project, count: true, unit: organ, forest: organs}
)yaml";

class BoardTest : public ::testing::Test {
  protected:
    void SetUp() override {
        dir_ =
            std::filesystem::temp_directory_path() / ("yipan_board_test_" + std::to_string(::getpid()) + "_" +
                                                      ::testing::UnitTest::GetInstance()->current_test_info()->name());
        std::filesystem::create_directories(dir_);
        path_ = place("t");
        Board::Birth birth;
        birth.name = "test";
        birth.frozen_clock = *Instant::parse("2026-03-01T01:00:00Z");
        birth.model = {{"test/types/test.yaml", model_yaml}};
        auto made = Board::create(path_, birth);
        ASSERT_TRUE(made) << text_of(made.error());
        board_ = std::move(*made);
        const auto& m = *board_->model();
        organ = m.find_type("organ");
        link = m.find_type("organ_link");
        project = m.find_type("project");
        month = m.find_type("project_month");
    }
    void TearDown() override {
        board_.reset();
        if (store::is_address(path_))
            for (const char* name : {"t", "again", "copy"}) store::discard(place(name), store::Made::by_us);
        std::filesystem::remove_all(dir_);
    }
    std::string place(const std::string& name) const {
        const char* database = std::getenv("YIPAN_TEST_POSTGRES");
        if (!database) return (dir_ / (name + ".board")).string();
        const std::string sign = std::string(database).find('?') == std::string::npos ? "?" : "&";
        return database + sign + "board=board_test_" + std::to_string(::getpid()) + "_" + name;
    }
    void reopen() {
        board_.reset();
        auto opened = Board::open(path_);
        ASSERT_TRUE(opened) << text_of(opened.error());
        board_ = std::move(*opened);
    }
    Change make(int type, std::vector<std::pair<std::string, record::Value>> set) const {
        return change(Verb::create, type, 0, std::move(set));
    }
    Change change(Verb verb, int type, std::int64_t id, std::vector<std::pair<std::string, record::Value>> set) const {
        Change c;
        c.verb = verb;
        c.type = type;
        c.record = RecordId(id);
        for (auto& [code, value] : set)
            c.set.emplace_back(board_->model()->types[static_cast<std::size_t>(type)].find(code), std::move(value));
        return c;
    }
    Checked<Receipt> apply(std::vector<Change> changes) {
        Draft d;
        d.channel = "test";
        d.changes = std::move(changes);
        return board_->apply(std::move(d));
    }
    static std::int64_t month_code(const char* text) { return Period::parse(text)->encoded(); }
    figure::Value ask(const char* code, std::int64_t unit, const char* period = nullptr) {
        figure::Ask a;
        a.figure = board_->model()->find_figure(code);
        a.unit_type = organ;
        a.unit = unit;
        if (period) a.period = *Period::parse(period);
        return board_->snapshot()->figure(a);
    }
    std::string dump() {
        std::string all;
        EXPECT_TRUE(board_->dump([&](std::string_view line) { all.append(line).append("\n"); }));
        return all;
    }
    void sql(const std::string& text) {
        if (store::is_address(path_)) {
            const auto way = store::postgres::Link::open(*store::postgres::read_address(path_), false);
            ASSERT_TRUE(way) << way.error().text();
            for (std::size_t from = 0; from < text.size();) {
                const std::size_t to = std::min(text.find(';', from), text.size());
                const Status done = (*way)->run(text.substr(from, to - from));
                ASSERT_TRUE(done) << done.error().text();
                from = to + 1;
            }
            return;
        }
        sqlite3* db = nullptr;
        // With the page checksums, like somebody who knows the program: damage the journal has to notice.
        ASSERT_EQ(sqlite3_open_v2(path_.c_str(), &db, SQLITE_OPEN_READWRITE, store::page_vfs()), SQLITE_OK);
        char* error = nullptr;
        EXPECT_EQ(sqlite3_exec(db, text.c_str(), nullptr, nullptr, &error), SQLITE_OK) << error;
        sqlite3_close(db);
    }

    std::filesystem::path dir_;
    std::string path_;
    std::unique_ptr<Board> board_;
    int organ = -1, link = -1, project = -1, month = -1;
};

// The step and the entry that tells of it are one transaction.
TEST_F(BoardTest, a_frozen_clock_is_stepped_with_its_entry_and_never_goes_back) {
    const auto position = [&] { return board_->snapshot()->position().value; };
    const std::int64_t before = position();
    const Instant to = *Instant::parse("2026-03-09T01:00:00Z");
    ASSERT_TRUE(board_->step_clock(to));
    EXPECT_EQ(board_->now(), to);
    EXPECT_EQ(position(), before + 1);
    std::string told;
    (void)board_->snapshot()->each_entry(Position(before + 1), Position(before + 1), [&](const Entry& e) {
        EXPECT_EQ(e.verb, Verb::act);
        told = e.channel;
        return true;
    });
    EXPECT_EQ(told, "clock");
    const auto back = board_->step_clock(*Instant::parse("2026-03-08T01:00:00Z"));
    ASSERT_FALSE(back);
    EXPECT_EQ(back.error().code, Code::usage);
    EXPECT_EQ(position(), before + 1);
    reopen();
    EXPECT_EQ(board_->now(), to);
    EXPECT_TRUE(board_->verify().ok);
}

TEST_F(BoardTest, takes_a_draft_of_several_types_that_refer_to_one_another) {
    const auto r = apply(
        {make(organ, {{"code", "O-1"}}),
         make(project, {{"code", "P-1"}, {"organ", std::int64_t{-1}}, {"plan", std::int64_t{5000}}}),
         make(month,
              {{"project", std::int64_t{-2}}, {"month", month_code("2026-01")}, {"amount", std::int64_t{1200}}})});
    ASSERT_TRUE(r) << text_of(r.error());
    EXPECT_EQ(r->first.value, 2);
    EXPECT_EQ(r->last.value, 4);
    const auto s = board_->snapshot();
    const auto p = s->record(project, r->records[1]);
    ASSERT_TRUE(p);
    const auto& type = s->model().types[static_cast<std::size_t>(project)];
    EXPECT_EQ(p->at(type.find("double_plan")), record::Value(std::int64_t{10000}));
    EXPECT_EQ(p->at(type.find("paper")), record::Value(std::string("区〔2026〕001号")));
    EXPECT_EQ(p->at(type.state), record::Value(std::string("planned")));
    EXPECT_EQ(ask("invested", 1, "2026H1").number.text(), "12.00");
    EXPECT_TRUE(board_->verify().ok) << text_of(board_->verify().problems);
}

TEST_F(BoardTest, refuses_a_draft_with_all_its_mistakes_and_writes_nothing) {
    const std::string before = dump();
    const auto r = apply({make(organ, {{"code", "O-1"}}),
                          make(project, {{"plan", std::int64_t{-1}},
                                         {"organ", std::int64_t{77}},
                                         {"started", std::int64_t{20000}},
                                         {"finished", std::int64_t{19000}}}),
                          make(organ, {})});
    ASSERT_FALSE(r);
    const std::string text = text_of(r.error());
    for (const char* part : {"code is required", "below its least value", "finished before it started"})
        EXPECT_NE(text.find(part), std::string::npos) << text;
    EXPECT_GE(r.error().size(), 4u);
    EXPECT_EQ(dump(), before);
}

TEST_F(BoardTest, keeps_keys_unique_and_versions_in_order) {
    ASSERT_TRUE(apply({make(organ, {{"code", "O-1"}})}));
    const auto twice = apply({make(organ, {{"code", "O-1"}})});
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error()[0].code, Code::duplicate);
    Change amend = change(Verb::amend, organ, 1, {{"code", "O-2"}});
    amend.expected_version = 1;
    ASSERT_TRUE(apply({amend}));
    const auto late = apply({amend});
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error()[0].code, Code::version_conflict);
    const auto history = board_->snapshot()->history(organ, RecordId(1));
    ASSERT_TRUE(history);
    ASSERT_EQ(history->size(), 2u);
    EXPECT_EQ((*history)[0]->at(0), record::Value(std::string("O-1")));
}

TEST_F(BoardTest, an_amendment_that_changes_nothing_writes_nothing) {
    ASSERT_TRUE(apply({make(organ, {{"code", "O-1"}})}));
    const auto r = apply({change(Verb::amend, organ, 1, {{"code", "O-1"}})});
    ASSERT_TRUE(r);
    EXPECT_EQ(r->first.value, 0);
    EXPECT_EQ(board_->snapshot()->position().value, 2);
}

TEST_F(BoardTest, moves_states_only_where_the_model_lets_it) {
    ASSERT_TRUE(apply({make(organ, {{"code", "O-1"}}), make(project, {{"code", "P-1"}, {"organ", std::int64_t{-1}}})}));
    Change start = change(Verb::move, project, 1, {});
    start.move = "start";
    const auto refused = apply({start});
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error()[0].message.find("a permit is needed"), std::string::npos);
    start.set.emplace_back(board_->model()->types[static_cast<std::size_t>(project)].find("permit"),
                           record::Value(std::string("X-1")));
    ASSERT_TRUE(apply({start}));
    const auto again = apply({start});
    ASSERT_FALSE(again);
    EXPECT_NE(again.error()[0].message.find("starts from planned"), std::string::npos);
}

TEST_F(BoardTest, judges_rules_over_other_records_after_the_whole_draft) {
    ASSERT_TRUE(apply({make(organ, {{"code", "O-1"}})}));
    for (int i = 1; i <= 3; ++i)
        ASSERT_TRUE(apply({make(project, {{"code", "P-" + std::to_string(i)}, {"organ", std::int64_t{1}}})}));
    const auto fourth = apply({make(project, {{"code", "P-4"}, {"organ", std::int64_t{1}}})});
    ASSERT_FALSE(fourth);
    EXPECT_EQ(fourth.error()[0].code, Code::rule_broken);
    EXPECT_EQ(ask("projects", 1).number.text(), "3");
    Change remove = change(Verb::remove, project, 1, {});
    ASSERT_TRUE(apply({remove, make(project, {{"code", "P-4"}, {"organ", std::int64_t{1}}})}));
    EXPECT_EQ(ask("projects", 1).number.text(), "3");
    EXPECT_TRUE(board_->verify().ok);
}

TEST_F(BoardTest, rules_ask_figures_that_hold_the_draft_being_judged) {
    const std::int64_t day = Date::parse("2026-02-01")->days;
    const std::int64_t yuan = 100;
    ASSERT_TRUE(apply(
        {make(organ, {{"code", "O-1"}}),
         make(project, {{"code", "P-1"}, {"organ", std::int64_t{-1}}, {"started", day}, {"plan", 600'000 * yuan}})}));
    const auto over = apply(
        {make(project, {{"code", "P-2"}, {"organ", std::int64_t{1}}, {"started", day}, {"plan", 300'000 * yuan}}),
         make(project, {{"code", "P-3"}, {"organ", std::int64_t{1}}, {"started", day}, {"plan", 200'000 * yuan}})});
    ASSERT_FALSE(over) << "the two together leave the limit";
    EXPECT_NE(over.error()[0].message.find("more planned than allowed"), std::string::npos) << text_of(over.error());
    EXPECT_TRUE(apply(
        {make(project, {{"code", "P-2"}, {"organ", std::int64_t{1}}, {"started", day}, {"plan", 400'000 * yuan}})}));
    EXPECT_EQ(ask("planned", 1, "2026").number.text(), "1000000.00");
}

TEST_F(BoardTest, deletion_does_to_references_what_each_field_says) {
    ASSERT_TRUE(apply(
        {make(organ, {{"code", "O-1"}}), make(organ, {{"code", "O-2"}}),
         make(project, {{"code", "P-1"}, {"organ", std::int64_t{-1}}, {"partner", std::int64_t{-2}}}),
         make(month,
              {{"project", std::int64_t{-3}}, {"month", month_code("2026-01")}, {"amount", std::int64_t{100}}})}));
    const auto used = apply({change(Verb::remove, organ, 1, {})});
    ASSERT_FALSE(used);
    EXPECT_EQ(used.error()[0].code, Code::referenced);
    ASSERT_TRUE(apply({change(Verb::remove, organ, 2, {})}));  // clears the partner
    const auto& type = board_->model()->types[static_cast<std::size_t>(project)];
    EXPECT_TRUE(record::is_unset(board_->snapshot()->record(project, RecordId(1))->at(type.find("partner"))));
    ASSERT_TRUE(apply({change(Verb::remove, project, 1, {})}));  // its months go along
    const auto gone = board_->snapshot()->history(month, RecordId(1));
    ASSERT_TRUE(gone);
    EXPECT_EQ(gone->size(), 1u) << "what is gone can still be read";
    EXPECT_FALSE(board_->snapshot()->record(month, RecordId(1)));
    EXPECT_FALSE(ask("invested", 1, "2026-01").has);
    const auto fresh = apply({make(project, {{"code", "P-2"}, {"organ", std::int64_t{1}}})});
    ASSERT_TRUE(fresh);
    EXPECT_EQ(fresh->records[0].value, 2) << "ids are never given out twice";
    EXPECT_TRUE(board_->verify().ok) << text_of(board_->verify().problems);
}

TEST_F(BoardTest, figures_follow_a_project_to_its_new_organ_where_they_say_now) {
    ASSERT_TRUE(apply(
        {make(organ, {{"code", "O-1"}}), make(organ, {{"code", "O-2"}}),
         make(project, {{"code", "P-1"}, {"organ", std::int64_t{-1}}}),
         make(month,
              {{"project", std::int64_t{-3}}, {"month", month_code("2026-01")}, {"amount", std::int64_t{100}}})}));
    EXPECT_TRUE(ask("invested", 1, "2026-01").has);
    ASSERT_TRUE(apply({change(Verb::amend, project, 1, {{"organ", std::int64_t{2}}})}));
    EXPECT_FALSE(ask("invested", 1, "2026-01").has);
    EXPECT_EQ(ask("invested", 2, "2026-01").number.text(), "1.00");
    ASSERT_TRUE(
        apply({make(organ, {{"code", "O-0"}}), make(link, {{"upper", std::int64_t{-1}}, {"lower", std::int64_t{2}}})}));
    EXPECT_EQ(ask("invested", 3, "2026-01").number.text(), "1.00") << "links of the forest count at once";
    reopen();
    EXPECT_EQ(ask("invested", 3, "2026-01").number.text(), "1.00");
    figure::Ask a;
    a.figure = board_->model()->find_figure("invested");
    a.unit_type = organ;
    a.unit = 1;
    a.period = *Period::parse("2026-01");
    a.as_known = Position(5);
    EXPECT_EQ(board_->snapshot()->figure(a).number.text(), "1.00") << "as known before the move";
}

TEST_F(BoardTest, the_same_idempotency_key_answers_and_writes_nothing) {
    Draft d;
    d.channel = "test";
    d.idempotency_key = "k-1";
    d.changes = {make(organ, {{"code", "O-1"}})};
    const auto first = board_->apply(d);
    ASSERT_TRUE(first);
    const auto again = board_->apply(d);
    ASSERT_TRUE(again) << text_of(again.error());
    EXPECT_TRUE(again->repeated);
    EXPECT_EQ(again->records, first->records);
    EXPECT_EQ(board_->snapshot()->position().value, 2);
}

TEST_F(BoardTest, a_dry_run_judges_and_leaves_nothing) {
    const std::string before = dump();
    Draft d;
    d.channel = "test";
    d.dry_run = true;
    d.changes = {make(organ, {{"code", "O-1"}}), make(project, {{"code", "P-1"}, {"organ", std::int64_t{-1}}})};
    EXPECT_TRUE(board_->apply(d));
    EXPECT_EQ(dump(), before);
    d.changes.push_back(make(organ, {{"code", "O-1"}}));
    EXPECT_FALSE(board_->apply(d));
    const auto real = apply({make(organ, {{"code", "O-1"}})});
    ASSERT_TRUE(real);
    EXPECT_EQ(real->records[0].value, 1);
}

TEST_F(BoardTest, many_writers_at_once_lose_and_double_nothing) {
    ASSERT_TRUE(apply({make(organ, {{"code", "O-1"}})}));
    constexpr int writers = 8, each = 60;
    std::vector<std::thread> threads;
    std::atomic<int> accepted{0};
    for (int t = 0; t < writers; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < each; ++i)
                if (apply({make(organ, {{"code", "T" + std::to_string(t % 4) + "-" + std::to_string(i)}})})) ++accepted;
        });
    for (auto& th : threads) th.join();
    EXPECT_EQ(accepted, 4 * each) << "each code is wanted by two writers and given to one";
    EXPECT_EQ(*board_->snapshot()->count(organ, ""), 1 + 4 * each);
    EXPECT_TRUE(board_->verify().ok);
}

TEST_F(BoardTest, a_replayed_journal_gives_the_same_dump) {
    ASSERT_TRUE(apply(
        {make(organ, {{"code", "O-1"}}), make(organ, {{"code", "O-2"}}),
         make(project,
              {{"code", "P-1"}, {"organ", std::int64_t{-1}}, {"phone", "13800000000"}, {"partner", std::int64_t{-2}}}),
         make(month,
              {{"project", std::int64_t{-3}}, {"month", month_code("2026-01")}, {"amount", std::int64_t{100}}})}));
    ASSERT_TRUE(
        apply({make(organ, {{"code", "O-3"}}), make(link, {{"upper", std::int64_t{-1}}, {"lower", std::int64_t{1}}})}));
    ASSERT_TRUE(apply({change(Verb::amend, project, 1, {{"organ", std::int64_t{2}}})}));
    ASSERT_TRUE(apply({change(Verb::remove, month, 1, {})}));
    ASSERT_TRUE(apply({make(project, {{"code", "P-2"}, {"organ", std::int64_t{3}}})}));
    const std::string before = dump();
    const std::string old = path_;
    board_.reset();
    auto replayed = Board::replay(old, place("again"));
    ASSERT_TRUE(replayed) << text_of(replayed.error());
    board_ = std::move(*replayed);
    EXPECT_EQ(dump(), before);
    EXPECT_TRUE(board_->verify().ok);
    const auto next = apply({make(project, {{"code", "P-3"}, {"organ", std::int64_t{3}}})});
    ASSERT_TRUE(next) << text_of(next.error());
    const auto& type = board_->model()->types[static_cast<std::size_t>(project)];
    EXPECT_EQ(board_->snapshot()->record(project, next->records[0])->at(type.find("paper")),
              record::Value(std::string("区〔2026〕003号")));
}

TEST_F(BoardTest, reading_never_sees_half_a_draft) {
    ASSERT_TRUE(apply({make(organ, {{"code", "O-1"}}), make(project, {{"code", "P-1"}, {"organ", std::int64_t{-1}}}),
                       make(project, {{"code", "P-2"}, {"organ", std::int64_t{-1}}})}));
    std::atomic<bool> stop{false};
    std::atomic<int> looks{0};
    std::thread reader([&] {
        while (!stop) {
            const auto s = board_->snapshot();
            figure::Ask a;
            a.figure = s->model().find_figure("invested");
            a.unit_type = organ;
            a.unit = 1;
            a.period = *Period::parse("2026");
            const auto v = s->figure(a);
            const auto n = *s->count(month, "");
            EXPECT_EQ(n % 2, 0) << "pairs come together";
            EXPECT_EQ(v.has ? v.number.units : 0, n * 100) << "figures and rows of one position";
            ++looks;
        }
    });
    for (int y = 0; y < 60; ++y) {  // two lines of one draft: always both or none
        const std::int64_t m = Period::month(2026, 1 + y % 12).encoded();
        if (y >= 12) {
            Change a = change(Verb::remove, month, 2 * (y - 12) + 1, {}),
                   b = change(Verb::remove, month, 2 * (y - 12) + 2, {});
            ASSERT_TRUE(apply({a, b}));
        }
        const auto r =
            apply({make(month, {{"project", std::int64_t{1}}, {"month", m}, {"amount", std::int64_t{50}}}),
                   make(month, {{"project", std::int64_t{2}}, {"month", m}, {"amount", std::int64_t{150}}})});
        ASSERT_TRUE(r) << text_of(r.error());
    }
    stop = true;
    reader.join();
    EXPECT_GT(looks, 0);
}

TEST_F(BoardTest, a_store_error_hits_the_guilty_draft_only) {
    board_.reset();
    sql(store::is_address(path_) ? "ALTER TABLE organ ADD CHECK (code <> 'BAD')"
                                 : "CREATE TRIGGER guilty BEFORE INSERT ON organ WHEN NEW.code = 'BAD' BEGIN SELECT RAISE(ABORT, "
                                   "'the store refuses'); END");
    reopen();
    std::vector<Draft> drafts(3);
    const char* codes[] = {"O-1", "BAD", "O-2"};
    for (int i = 0; i < 3; ++i) {
        drafts[static_cast<std::size_t>(i)].channel = "test";
        drafts[static_cast<std::size_t>(i)].changes = {make(organ, {{"code", codes[i]}})};
    }
    const auto answers = board_->apply_batch(std::move(drafts));
    ASSERT_EQ(answers.size(), 3u);
    EXPECT_TRUE(answers[0]);
    ASSERT_FALSE(answers[1]);
    EXPECT_EQ(answers[1].error()[0].code, Code::store_failed);
    EXPECT_TRUE(answers[2]);
    EXPECT_EQ(*board_->snapshot()->count(organ, ""), 2);
    EXPECT_TRUE(board_->verify().ok) << text_of(board_->verify().problems);
}

TEST_F(BoardTest, a_full_disk_refuses_clearly_and_loses_nothing_acknowledged) {
    if (store::is_address(path_)) GTEST_SKIP() << "about files";
    ASSERT_TRUE(apply({make(organ, {{"code", "O-1"}})}));
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    const rlimit little{static_cast<rlim_t>(std::filesystem::file_size(path_ + "-wal")) + 20'000, before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &little), 0);
    int accepted = 0;
    Errors refusal;
    for (int i = 0; i < 400 && refusal.empty(); ++i) {
        const auto r = apply({make(organ, {{"code", "F-" + std::to_string(i)}})});
        if (r)
            ++accepted;
        else
            refusal = r.error();
    }
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
    ASSERT_FALSE(refusal.empty()) << "the disk never got full";
    EXPECT_TRUE(refusal[0].code == Code::store_failed || refusal[0].code == Code::read_only) << refusal[0].text();
    EXPECT_TRUE(apply({make(organ, {{"code", "after"}})})) << "room again: the board goes on";
    EXPECT_EQ(*board_->snapshot()->count(organ, ""), 1 + accepted + 1);
    reopen();
    EXPECT_EQ(*board_->snapshot()->count(organ, ""), 1 + accepted + 1);
    EXPECT_TRUE(board_->verify().ok) << text_of(board_->verify().problems);
}

TEST_F(BoardTest, a_changed_byte_is_found_and_named) {
    ASSERT_TRUE(apply({make(organ, {{"code", "O-1"}}),
                       make(project, {{"code", "P-1"}, {"organ", std::int64_t{-1}}, {"phone", "13800000000"}})}));
    ASSERT_TRUE(apply({change(Verb::amend, project, 1, {{"plan", std::int64_t{500}}})}));
    board_.reset();
    sql("UPDATE project SET plan = 501");
    reopen();
    auto report = board_->verify();
    EXPECT_FALSE(report.ok);
    EXPECT_NE(text_of(report.problems).find("project 1"), std::string::npos) << text_of(report.problems);
    board_.reset();
    sql("UPDATE project SET plan = 500; UPDATE yipan_entry SET body_personal = '{\"phone\":\"13900000000\"}' WHERE "
        "position = 3");
    reopen();
    report = board_->verify();
    EXPECT_FALSE(report.ok);
    EXPECT_NE(text_of(report.problems).find("entry 3"), std::string::npos) << text_of(report.problems);
}

TEST_F(BoardTest, a_board_whose_end_does_not_verify_opens_for_reading_only) {
    ASSERT_TRUE(apply({make(organ, {{"code", "O-1"}})}));
    board_.reset();
    sql("UPDATE yipan_entry SET time = time + 1 WHERE position = 2");
    reopen();
    EXPECT_TRUE(board_->read_only());
    ASSERT_TRUE(board_->damage());
    EXPECT_NE(board_->damage()->where.find("entry 2"), std::string::npos);
    const auto r = apply({make(organ, {{"code", "O-2"}})});
    ASSERT_FALSE(r);
    EXPECT_NE(r.error()[0].message.find("entry 2"), std::string::npos);
    EXPECT_TRUE(board_->snapshot()->record(organ, RecordId(1)));
}

TEST_F(BoardTest, a_board_in_a_folder_nobody_may_write_to_can_be_read) {
    if (store::is_address(path_)) GTEST_SKIP() << "about files";
    ASSERT_TRUE(apply({make(organ, {{"code", "O-1"}})}));
    board_.reset();
    for (const char* suffix : {"-wal", "-shm", "-lock"}) std::filesystem::remove(path_ + suffix);
    std::filesystem::permissions(dir_, std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
    const uid_t me = geteuid();
    if (me == 0) {  // root may write anywhere: be somebody else for a moment
        ASSERT_EQ(chown(dir_.c_str(), 65534, 65534), 0);
        ASSERT_EQ(chown(path_.c_str(), 65534, 65534), 0);
        ASSERT_EQ(seteuid(65534), 0);
    }
    {
        Options reading;
        reading.read_only = true;
        const auto opened = Board::open(path_, reading);
        EXPECT_TRUE(opened) << text_of(opened.error());
        if (opened) {
            EXPECT_EQ(*(*opened)->snapshot()->count(organ, ""), 1);
        }
        const auto writing = Board::open(path_);
        EXPECT_FALSE(writing);
    }
    if (me == 0) {
        ASSERT_EQ(seteuid(0), 0);
    }
    std::filesystem::permissions(dir_, std::filesystem::perms::owner_all);
}

TEST_F(BoardTest, newer_formats_strangers_and_second_writers_are_refused) {
    const auto second = Board::open(path_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error()[0].code, Code::busy);
    board_.reset();
    sql(store::is_address(path_) ? "UPDATE yipan_holder SET format = 99" : "PRAGMA user_version = 99");
    const auto newer = Board::open(path_);
    ASSERT_FALSE(newer);
    EXPECT_EQ(newer.error()[0].code, Code::wrong_format);
    EXPECT_EQ(Board::open(place("absent")).error()[0].code, Code::not_found);
    Board::Birth again;
    again.model = {{"m/types/m.yaml", model_yaml}};
    EXPECT_EQ(Board::create(path_, again).error()[0].code, Code::duplicate);
}

TEST_F(BoardTest, lists_and_counts_by_an_expression_with_a_page_limit) {
    for (int i = 1; i <= 5; ++i) ASSERT_TRUE(apply({make(organ, {{"code", "O-" + std::to_string(i)}})}));
    const auto s = board_->snapshot();
    const auto page = s->list(organ, "code != 'O-3'", 0, 3);
    ASSERT_TRUE(page) << page.error().text();
    EXPECT_EQ(page->rows.size(), 3u);
    EXPECT_TRUE(page->more);
    EXPECT_EQ(*s->count(organ, "code == 'O-2' || code == 'O-4'"), 2);
    EXPECT_EQ(s->list(organ, "cod == 'x'", 0, 3).error().code, Code::invalid_expression);
    EXPECT_FALSE(s->list(organ, "", 0, 1'000'000));
    EXPECT_EQ(s->find(organ, "O-5")->value, 5);
    EXPECT_EQ(s->find(organ, "O_5").error().hint, "did you mean O-5");
}

TEST_F(BoardTest, keeps_what_is_no_fact_beside_the_journal_and_tells_acts_in_it) {
    Draft beside;
    beside.channel = "test";
    beside.side = {{"draft", "a", "typed"}, {"draft", "b", "more"}};
    const auto first = board_->apply(beside);
    ASSERT_TRUE(first) << text_of(first.error());
    EXPECT_EQ(first->first.value, 0) << "a text beside the journal is no entry";
    EXPECT_EQ(board_->snapshot()->position().value, 1);
    Draft act;
    act.channel = "test";
    Change change;
    change.verb = Verb::act;
    change.told = R"({"act":"lock"})";
    act.changes = {change};
    act.side = {{"draft", "b", std::nullopt}};
    const auto second = board_->apply(act);
    ASSERT_TRUE(second) << text_of(second.error());
    EXPECT_EQ(second->first.value, 2);
    reopen();
    const auto s = board_->snapshot();
    EXPECT_EQ(s->side("draft", "a")->value_or(""), "typed");
    EXPECT_FALSE(s->side("draft", "b")->has_value());
    EXPECT_EQ(s->entry(Position(2))->plain, R"({"act":"lock"})");
    EXPECT_TRUE(board_->verify().ok) << text_of(board_->verify().problems);
    const std::string copy = place("copy");
    const auto replayed = Board::replay(path_, copy);
    ASSERT_TRUE(replayed) << text_of(replayed.error());
    EXPECT_EQ((*replayed)->snapshot()->entry(Position(2))->plain, R"({"act":"lock"})");
}

TEST_F(BoardTest, asks_who_may_write_and_tells_what_changed) {
    std::mutex mutex;
    std::vector<Shown> shown;
    board_->subscribe([&](const Shown& s) {
        const std::lock_guard lock(mutex);
        shown.push_back(s);
    });
    board_->set_permit([&](const WriteAsk& ask, record::Resolver&, Errors& refused) {
        if (ask.change.verb == Verb::amend && ask.before && ask.after && ask.draft.post.value == 7)
            refused.push_back({Code::not_allowed, ask.change.where, "not this post", ""});
    });
    const auto made = apply({make(organ, {{"code", "O-1"}}),
                             make(project, {{"code", "P-1"}, {"organ", std::int64_t{-1}}, {"plan", std::int64_t{5}}})});
    ASSERT_TRUE(made) << text_of(made.error());
    Draft d;
    d.post = RecordId(7);
    d.channel = "test";
    d.changes = {change(Verb::amend, organ, 1, {{"code", "O-9"}})};
    std::promise<Checked<Receipt>> promise;
    board_->submit(d, [&](Checked<Receipt> answer) { promise.set_value(std::move(answer)); });
    const auto refused = promise.get_future().get();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().at(0).code, Code::not_allowed);
    const std::lock_guard lock(mutex);
    ASSERT_EQ(shown.size(), 1u);
    EXPECT_EQ(shown[0].position.value, 3);
    ASSERT_EQ(shown[0].records.size(), 2u);
    EXPECT_EQ(shown[0].records[1].type, project);
    EXPECT_EQ(shown[0].figures, std::vector<int>{board_->model()->find_figure("projects")});
}

// While the first draft is being judged, many that may come after others are sent, then some in turn.
TEST_F(BoardTest, takes_in_turn_before_what_may_come_after_others) {
    std::promise<void> begun, go_on;
    std::atomic<bool> first{true};
    board_->set_permit([&, wait = go_on.get_future().share()](const WriteAsk&, record::Resolver&, Errors&) {
        if (first.exchange(false)) begun.set_value(), wait.wait();
    });
    constexpr std::size_t many = 300, few = 1'200;  // more in turn than two batches hold
    std::mutex mutex;
    std::vector<std::int64_t> waiting, in_turn;
    std::latch all(1 + many + few);
    const auto send = [&](const std::string& code, std::vector<std::int64_t>* into, Board::Place place) {
        Draft d;
        d.channel = "test";
        d.changes = {make(organ, {{"code", code}})};
        board_->submit(
            std::move(d),
            [&, into](Checked<Receipt> answer) {
                {
                    const std::lock_guard lock(mutex);
                    if (into && answer) into->push_back(answer->first.value);
                }
                all.count_down();
            },
            place);
    };
    send("first", nullptr, Board::Place::in_turn);
    begun.get_future().wait();
    for (std::size_t i = 0; i < many; ++i) send("W-" + std::to_string(i), &waiting, Board::Place::after_others);
    for (std::size_t i = 0; i < few; ++i) send("T-" + std::to_string(i), &in_turn, Board::Place::in_turn);
    go_on.set_value();
    all.wait();
    const std::lock_guard lock(mutex);
    ASSERT_EQ(waiting.size(), many);
    ASSERT_EQ(in_turn.size(), few);
    EXPECT_TRUE(std::is_sorted(waiting.begin(), waiting.end()));  // each lane in its own order
    EXPECT_TRUE(std::is_sorted(in_turn.begin(), in_turn.end()));
    EXPECT_LT(in_turn.front(), waiting.front());  // sent later, written first
    EXPECT_LT(waiting.front(), in_turn.back());   // and never shut out
    EXPECT_LT(in_turn.back(), waiting.back());
}

TEST_F(BoardTest, lists_in_an_order_with_a_second_condition) {
    for (const int n : {3, 1, 2, 4}) ASSERT_TRUE(apply({make(organ, {{"code", "O-" + std::to_string(n)}})}));
    const auto s = board_->snapshot();
    Snapshot::Query q;
    q.also = "t.\"id\" <> ?1";
    q.also_parameters = {std::int64_t{2}};
    q.filter = "code != 'O-4'";
    q.order = {{board_->model()->types[static_cast<std::size_t>(organ)].find("code"), true}};
    q.limit = 1;
    const auto page = s->list(organ, q);
    ASSERT_TRUE(page) << page.error().text();
    ASSERT_EQ(page->rows.size(), 1u);
    EXPECT_EQ(page->rows[0]->id.value, 1);
    EXPECT_TRUE(page->more);
    EXPECT_EQ(*s->count(organ, q, 100), 2);
    EXPECT_EQ(*s->count(organ, q, 1), 1);
}

TEST(Tail, reads_back_what_it_wrote) {
    std::vector<figure::Posting> all;
    for (int i = 0; i < 50; ++i)
        all.push_back({{{i % 7, 24312 + i, i * 1'000'000'007LL, i % 3, -i}, -(1LL << 62) + i, 20000 - i},
                       100 + i / 4,
                       7 * i,
                       static_cast<std::int8_t>(i % 2 ? 1 : -1)});
    const auto back = decode_postings(encode_postings(all));
    ASSERT_TRUE(back);
    ASSERT_EQ(back->size(), all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_EQ((*back)[i].what, all[i].what);
        EXPECT_EQ((*back)[i].position, all[i].position);
        EXPECT_EQ((*back)[i].sign, all[i].sign);
    }
    EXPECT_FALSE(decode_postings("\x01"));
}

}  // namespace
}  // namespace yipan::board
