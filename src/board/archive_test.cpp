// Bodies that move into a file and back: what holds meanwhile with the file and without it, what is found when one of the two
// was tampered with. With YIPAN_TEST_POSTGRES set the board lies in that database.
#include "board/archive.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "store/open.h"
#include "store/vfs_pages.h"

namespace yipan::board {
namespace {
namespace fs = std::filesystem;
constexpr const char* model_yaml = R"yaml(
types:
  unit:
    label: [单位, 單位, Unit]
    key: code
    responsible: none
    fields:
      code: {type: text, required: true, unique: true, label: [编号, 編號, Code]}
      district: {type: text, label: [片区, 片區, District]}
  payment:
    label: [支付, 支付, Payment]
    responsible: none
    fields:
      unit: {type: reference, to: unit, required: true, label: [单位, 單位, Unit]}
      day: {type: date, required: true, label: [日期, 日期, Day]}
      amount: {type: money, required: true, label: [金额, 金額, Amount]}
      phone: {type: text, personal: true, label: [电话, 電話, Phone]}
figures:
  paid: {label: [支付, 支付, Paid], of: payment, sum: amount, unit: unit}
)yaml";

class Archive : public ::testing::Test {
  protected:
    void SetUp() override {
        folder_ = fs::temp_directory_path() / ("yipan_archive_test_" + std::to_string(::getpid()));
        fs::create_directories(folder_);
        path_ = place("t");
        file_ = folder_ / "old.archive";
        Board::Birth birth;
        birth.name = "test";
        birth.frozen_clock = *Instant::parse("2026-03-01T01:00:00Z");
        birth.model = {{"test/types/test.yaml", model_yaml}};
        auto made = Board::create(path_, birth);
        ASSERT_TRUE(made) << text_of(made.error());
        board_ = std::move(*made);
        // 2: the unit; 3, 4, 5: payments
        ASSERT_TRUE(apply({change(Verb::create, "unit", 0, {{"code", "U"}, {"district", "east"}}), pay(100), pay(200), pay(400)}));
        ASSERT_TRUE(apply({change(Verb::amend, "payment", 1, {{"amount", std::int64_t{101}}})}));  // 6
        ASSERT_TRUE(apply({change(Verb::amend, "payment", 1, {{"amount", std::int64_t{102}}})}));  // 7
        ASSERT_TRUE(apply({change(Verb::remove, "payment", 2, {})}));                              // 8
        Change look;
        look.verb = Verb::read;
        look.told = R"({"looked":"payment 1"})";
        ASSERT_TRUE(apply({look}));                                                                // 9
        ASSERT_TRUE(apply({change(Verb::amend, "payment", 3, {{"amount", std::int64_t{401}}})}));  // 10
    }
    void TearDown() override {
        board_.reset();
        if (store::is_address(path_))
            for (const char* name : {"t", "again"}) store::discard(place(name), store::Made::by_us);
        fs::remove_all(folder_);
    }
    std::string place(const std::string& name) const {
        const char* database = std::getenv("YIPAN_TEST_POSTGRES");
        if (!database) return (folder_ / (name + ".board")).string();
        const std::string sign = std::string(database).find('?') == std::string::npos ? "?" : "&";
        return database + sign + "board=archive_test_" + std::to_string(::getpid()) + "_" + name;
    }
    Change change(Verb verb, const char* type, std::int64_t id, std::vector<std::pair<const char*, record::Value>> set) const {
        Change c;
        c.verb = verb;
        c.type = board_->model()->find_type(type);
        c.record = RecordId(id);
        for (auto& [code, value] : set) c.set.emplace_back(board_->model()->types[static_cast<std::size_t>(c.type)].find(code), std::move(value));
        return c;
    }
    Change again(std::int64_t id) const {
        Change c = change(Verb::restore, "payment", id, {});
        c.note = "by mistake";
        return c;
    }
    Change pay(std::int64_t amount) const {
        return change(Verb::create, "payment", 0, {{"unit", std::int64_t{-1}}, {"day", Date::of(2026, 1, 1)->days}, {"amount", amount}, {"phone", "13800000000"}});
    }
    Checked<Receipt> apply(std::vector<Change> changes) {
        Draft d;
        d.channel = "test";
        d.changes = std::move(changes);
        return board_->apply(std::move(d));
    }
    void open(const std::string& path) {
        board_.reset();
        auto opened = Board::open(path);
        ASSERT_TRUE(opened) << text_of(opened.error());
        board_ = std::move(*opened);
    }
    ArchiveWish wish(std::int64_t to) const {
        ArchiveWish w;
        w.to = Position(to);
        w.file = file_.string();
        w.decider = "office";
        w.note = "rule 7";
        w.channel = "test";
        return w;
    }
    Result<ArchiveDone> archive(std::int64_t to) {
        board_.reset();
        auto done = archive_bodies(path_, wish(to));
        open(path_);
        return done;
    }
    std::string paid(std::optional<Position> as_known = {}) {
        figure::Ask a;
        a.figure = board_->model()->find_figure("paid");
        a.unit_type = board_->model()->find_type("unit");
        a.unit = 1;
        a.as_known = as_known;
        const auto v = board_->snapshot()->figure(a);
        return v.has ? v.number.text() : "none: " + v.why_none;
    }
    /// Without the acts that tell of archives.
    std::string dump() {
        std::string out;
        EXPECT_TRUE(board_->dump([&](std::string_view line) {
            if (line.find("\"verb\":\"act\"") == std::string_view::npos) out.append(line).append("\n");
        }));
        return out;
    }
    Result<std::vector<record::RecordPtr>> history(std::int64_t id) {
        return board_->snapshot()->history(board_->model()->find_type("payment"), RecordId(id));
    }
    std::string problems() { return text_of(board_->verify().problems); }

    fs::path folder_, file_;
    std::string path_;
    std::unique_ptr<Board> board_;
};

TEST_F(Archive, takes_what_nothing_needs_and_everything_goes_on_while_the_file_is_at_hand) {
    const std::string before = dump();
    const auto done = archive(9);
    ASSERT_TRUE(done) << done.error().text();
    EXPECT_EQ(done->bodies, 5) << "versions 3, 5, 6 that others followed, 4 that was removed, the look 9; not 7, 2 and what says the removal";
    EXPECT_EQ(done->entry.value, 11);
    EXPECT_EQ(problems(), "");
    EXPECT_EQ(board_->verify().archived, 0) << "all were read";
    EXPECT_EQ(dump(), before);
    const auto versions = history(1);
    ASSERT_TRUE(versions) << versions.error().text();
    EXPECT_EQ(versions->size(), 3U);
    const auto act = board_->snapshot()->entry(Position(11));
    EXPECT_NE(act->plain.find("\"act\":\"archive\",\"bodies\":5"), std::string::npos) << act->plain;
    EXPECT_NE(act->plain.find(done->sha256), std::string::npos);
    // A removed record comes back, and a copy made by replaying is the same.
    board_.reset();
    auto replayed = Board::replay(path_, place("again"));
    ASSERT_TRUE(replayed) << text_of(replayed.error());
    board_ = std::move(*replayed);
    EXPECT_EQ(dump(), before);
    open(path_);
    EXPECT_TRUE(apply({again(2)}));
}

TEST_F(Archive, without_the_file_says_what_is_missing_and_the_rest_holds) {
    ASSERT_EQ(paid(Position(5)), "7.00");
    const auto done = archive(9);
    ASSERT_TRUE(done) << done.error().text();
    board_.reset();
    fs::create_directories(folder_ / "shelf");
    fs::rename(file_, folder_ / "shelf" / "old.archive");
    open(path_);
    EXPECT_EQ(problems(), "");
    const VerifyReport report = board_->verify();
    EXPECT_EQ(report.archived, 5) << "bodies nobody read";
    ASSERT_EQ(report.archives_missing.size(), 1U);
    EXPECT_EQ(report.archives_missing[0], "old.archive (SHA-256 " + done->sha256 + ")");
    EXPECT_EQ(paid(), "5.03");
    EXPECT_EQ(paid(Position(5)), "7.00") << "as known then";
    auto snapshot = board_->snapshot();
    EXPECT_TRUE(snapshot->proven(Position(3), 1)) << "header, commitment and path";
    EXPECT_TRUE(snapshot->record(board_->model()->find_type("payment"), RecordId(1)));
    const auto versions = history(1);
    ASSERT_FALSE(versions);
    EXPECT_NE(versions.error().message.find("archived in old.archive (SHA-256 " + done->sha256 + ")"), std::string::npos) << versions.error().text();
    EXPECT_EQ(snapshot->entry(Position(3))->plain, "");
    EXPECT_NE(snapshot->entry(Position(3))->marks.note.find("old.archive"), std::string::npos);
    EXPECT_NE(snapshot->entry(Position(3))->personal, "") << "personal bodies stay, so that an erasure reaches them";
    const auto back = apply({again(2)});
    ASSERT_FALSE(back);
    EXPECT_NE(text_of(back.error()).find("old.archive"), std::string::npos) << text_of(back.error());
    EXPECT_EQ(dump().find('#'), std::string::npos);
    snapshot.reset();
    board_.reset();
    const auto replayed = Board::replay(path_, place("again"));
    ASSERT_FALSE(replayed);
    EXPECT_NE(text_of(replayed.error()).find("5 bodies it replays are archived in "), std::string::npos) << text_of(replayed.error());
    EXPECT_NE(text_of(replayed.error()).find(done->sha256 + "), which is not at hand; nothing was made"), std::string::npos) << text_of(replayed.error());
    ASSERT_TRUE(attach_archive(path_, folder_ / "shelf" / "old.archive"));
    open(path_);
    EXPECT_TRUE(history(1));
}

TEST_F(Archive, gives_the_bodies_back_and_takes_more_later) {
    const std::string before = dump();
    ASSERT_TRUE(archive(5));
    const fs::path first = file_;
    file_ = folder_ / "more.archive";
    const auto more = archive(9);
    ASSERT_TRUE(more) << more.error().text();
    EXPECT_EQ(more->bodies, 3) << "4, 6 and 9; what the first one took stays there";
    const auto nothing = archive(9);
    ASSERT_FALSE(nothing);
    EXPECT_EQ(nothing.error().code, Code::not_found);
    board_.reset();
    EXPECT_FALSE(restore_bodies(path_, path_, wish(0))) << "no archive";
    for (const fs::path& file : {first, file_}) {
        const auto back = restore_bodies(path_, file, wish(0));
        ASSERT_TRUE(back) << back.error().text();
        fs::remove(file);
    }
    open(path_);
    EXPECT_EQ(problems(), "");
    EXPECT_EQ(dump(), before);
}

TEST_F(Archive, refuses_an_erasure_it_would_escape) {
    ASSERT_TRUE(archive(9));
    Change erase = change(Verb::erase, "payment", 2, {});  // it is gone, so all of it may be erased
    erase.groups = 3;
    erase.note = "law";
    erase.decider = "office";
    const auto refused = apply({erase});
    ASSERT_FALSE(refused);
    EXPECT_NE(text_of(refused.error()).find("archive"), std::string::npos) << text_of(refused.error());
    erase.groups = 2;  // personal bodies never moved
    EXPECT_TRUE(apply({erase}));
    board_.reset();
    ASSERT_TRUE(restore_bodies(path_, file_, wish(0)));
    open(path_);
    erase.groups = 3;
    EXPECT_TRUE(apply({erase}));
    EXPECT_EQ(problems(), "");
}

TEST_F(Archive, a_changed_byte_of_the_file_is_found_and_its_entry_named) {
    ASSERT_TRUE(archive(9));
    std::ifstream in(file_, std::ios::binary);
    const std::string whole{std::istreambuf_iterator<char>(in), {}};
    const std::size_t body = whole.find("\"amount\":100");
    ASSERT_NE(body, std::string::npos);
    constexpr std::size_t step = 23;
    for (std::size_t at = 0; at <= whole.size(); at += at < body && at + step > body ? body - at : step) {
        std::string changed = whole;
        const std::size_t here = std::min(at, whole.size() - 1);
        changed[here] = static_cast<char>(changed[here] ^ 1);
        std::ofstream(file_, std::ios::binary) << changed;
        open(path_);
        const std::string said = problems();
        EXPECT_NE(said.find("old.archive"), std::string::npos) << "byte " << here << ": " << said;
        if (here == body) {
            EXPECT_NE(said.find("entry 3"), std::string::npos) << said;
            const auto versions = history(1);
            ASSERT_FALSE(versions) << "a body that is not the journal's is never given";
            EXPECT_NE(versions.error().message.find("does not hold its body"), std::string::npos) << versions.error().text();
        }
        if (at == whole.size()) break;
    }
    board_.reset();
    EXPECT_FALSE(restore_bodies(path_, file_, wish(0)));
}

TEST_F(Archive, a_body_that_is_gone_is_not_taken_for_an_archived_one) {
    if (store::is_address(path_)) GTEST_SKIP() << "rows are changed through the file";
    ASSERT_TRUE(archive(5));
    const std::string commitment = hex(*board_->snapshot()->proven(Position(6), 0)->entry.commitment[0]);
    board_.reset();
    const auto run = [&](const std::string& sql) {
        sqlite3* db = nullptr;
        ASSERT_EQ(sqlite3_open_v2(path_.c_str(), &db, SQLITE_OPEN_READWRITE, store::page_vfs()), SQLITE_OK);
        EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
        sqlite3_close(db);
    };
    run("UPDATE yipan_entry SET commitment = x'" + commitment + "', salt = NULL, body = NULL WHERE position = 6");
    open(path_);
    EXPECT_NE(problems().find("payment 1: lacks the body of an entry"), std::string::npos) << problems();
    board_.reset();
    run("UPDATE yipan_entry SET body = '#11' WHERE position = 6");
    open(path_);
    EXPECT_NE(problems().find("archive 11: it took 2 bodies, and other rows are marked as its own (3)"), std::string::npos) << problems();
    board_.reset();
    run("UPDATE yipan_entry SET body = '#99' WHERE position = 6");
    open(path_);
    EXPECT_NE(problems().find("the board has no such archive"), std::string::npos) << problems();
}

TEST_F(Archive, a_file_in_the_way_or_a_cut_at_a_day) {
    std::ofstream(file_) << "a letter";
    EXPECT_EQ(archive(9).error().code, Code::duplicate);
    EXPECT_EQ(problems(), "");
    file_ = folder_ / "day.archive";
    board_.reset();
    ArchiveWish w = wish(0);
    w.before = *Date::of(2026, 3, 1);  // the board's clock stands in the morning of that day
    EXPECT_EQ(archive_bodies(path_, w).error().code, Code::not_found);
    EXPECT_FALSE(fs::exists(file_));
    w.before = *Date::of(2026, 3, 2);
    const auto done = archive_bodies(path_, w);
    ASSERT_TRUE(done) << done.error().text();
    EXPECT_EQ(done->to.value, 10);
}

}  // namespace
}  // namespace yipan::board
