// The life of a board's file: older formats, upgrade and the way back.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "board/board.h"
#include "store/store.h"

namespace yipan::board {
namespace {
namespace fs = std::filesystem;

std::string bytes_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::string dump_of(const std::string& path) {
    Options reading;
    reading.read_only = true;
    const auto board = Board::open(path, reading);
    if (!board) return text_of(board.error());
    std::string out;
    const Status status = (*board)->dump([&](std::string_view line) { out.append(line).append("\n"); });
    return status ? out : status.error().text();
}

// Statements that made the engine's own tables, one a line.
std::string engine_schema(const std::string& path) {
    sqlite3* db = nullptr;
    sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READONLY, nullptr);
    std::string out;
    sqlite3_exec(
        db,
        "SELECT s.sql FROM sqlite_schema s WHERE s.tbl_name LIKE 'yipan~_%' ESCAPE '~' AND s.sql IS NOT NULL "
        "ORDER BY s.name",
        [](void* text, int, char** values, char**) {
            static_cast<std::string*>(text)->append(values[0]).append("\n");
            return 0;
        },
        &out, nullptr);
    sqlite3_close(db);
    return out;
}

class OldBoard : public testing::Test {
  protected:
    void SetUp() override {
        char name[] = "/tmp/yipan-life-XXXXXX";
        folder_ = ::mkdtemp(name);
        path_ = folder_ + "/old.board";
        fs::copy_file(YIPAN_SOURCE_DIR "/tests/data/boards/format1.board", path_);
    }
    void TearDown() override { fs::remove_all(folder_); }
    std::string folder_, path_;
};

TEST_F(OldBoard, is_read_as_it_is_and_stays_as_it_was) {
    const std::string before = bytes_of(path_);
    EXPECT_NE(dump_of(path_).find("规划建设局"), std::string::npos);
    EXPECT_EQ(bytes_of(path_), before);
}

TEST_F(OldBoard, is_upgraded_when_it_is_opened_for_writing_and_lies_beside_as_a_backup) {
    const std::string before = dump_of(path_);
    {
        const auto board = Board::open(path_);
        ASSERT_TRUE(board.has_value()) << text_of(board.error());
        const auto upgrade = (*board)->upgraded();
        ASSERT_TRUE(upgrade.has_value());
        EXPECT_EQ(upgrade->from, 1);
        EXPECT_EQ(upgrade->to, store::format_version);
        EXPECT_EQ(upgrade->backup, path_ + ".format1.backup");
        const VerifyReport report = (*board)->verify();
        EXPECT_TRUE(report.ok) << text_of(report.problems);
        Draft draft;
        draft.channel = "demo";
        Change change;
        change.type = (*board)->model()->find_type("organ");
        change.set = {{0, std::string("NEW")}};
        draft.changes = {change};
        EXPECT_TRUE((*board)->apply(draft).has_value());
    }
    EXPECT_EQ(dump_of(path_ + ".format1.backup"), before);
    EXPECT_FALSE(fs::exists(path_ + ".upgrade-part"));
    const auto again = Board::open(path_);
    ASSERT_TRUE(again.has_value());
    EXPECT_FALSE((*again)->upgraded().has_value());
}

TEST_F(OldBoard, has_the_engine_tables_of_a_new_board_after_the_upgrade) {
    ASSERT_TRUE(Board::open(path_).has_value());
    const std::string fresh = folder_ + "/new.board";
    Board::Birth birth;
    birth.name = "new";
    birth.model = {
        {"m/types/a.yaml",
         "types: {organ: {label: [a, a, a], responsible: none, fields: {code: {type: text, label: [a, a, a]}}}}"}};
    const auto made = Board::create(fresh, birth);
    ASSERT_TRUE(made.has_value()) << text_of(made.error());
    EXPECT_EQ(engine_schema(path_), engine_schema(fresh))
        << "a table stands in engine_tables and not in the upgrade's steps, or the other way round";
}

TEST_F(OldBoard, stays_untouched_when_there_is_no_room_for_the_upgrade) {
    const std::string before = bytes_of(path_);
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
    const rlimit little{50'000, limit.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &little), 0);
    const auto board = Board::open(path_);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
    ASSERT_FALSE(board.has_value());
    EXPECT_EQ(board.error()[0].code, Code::store_failed) << text_of(board.error());
    EXPECT_EQ(bytes_of(path_), before);
    EXPECT_FALSE(fs::exists(path_ + ".upgrade-part"));
    EXPECT_FALSE(fs::exists(path_ + ".format1.backup"));
}

TEST_F(OldBoard, is_upgraded_after_a_kill_left_pieces) {
    std::ofstream(path_ + ".upgrade-part") << "half a board";
    fs::create_hard_link(path_, path_ + ".format1.backup");  // killed between the last two steps
    const auto board = Board::open(path_);
    ASSERT_TRUE(board.has_value()) << text_of(board.error());
    EXPECT_TRUE((*board)->upgraded().has_value());
    EXPECT_FALSE(fs::exists(path_ + ".upgrade-part"));
}

TEST_F(OldBoard, is_not_upgraded_over_a_strangers_backup) {
    std::ofstream(path_ + ".format1.backup") << "somebody's file";
    const auto board = Board::open(path_);
    ASSERT_FALSE(board.has_value());
    EXPECT_EQ(board.error()[0].code, Code::duplicate);
    EXPECT_EQ(bytes_of(path_ + ".format1.backup"), "somebody's file");
}

TEST_F(OldBoard, is_not_upgraded_while_another_program_reads_it) {
    sqlite3* reader = nullptr;
    ASSERT_EQ(sqlite3_open_v2(path_.c_str(), &reader, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM yipan_entry", nullptr, nullptr, nullptr), SQLITE_OK);
    const auto board = Board::open(path_);
    EXPECT_TRUE(!board && board.error()[0].code == Code::busy) << (board ? "" : text_of(board.error()));
    sqlite3_close(reader);
}

}  // namespace
}  // namespace yipan::board
