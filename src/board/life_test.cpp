// The life of a board's file: older formats, upgrade and the way back.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "board/backups.h"
#include "board/board.h"
#include "store/beside.h"
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

TEST(BoardOfFormat2, is_opened_for_writing_as_it_is_and_verifies) {
    char name[] = "/tmp/yipan-life-XXXXXX";
    const std::string folder = ::mkdtemp(name), path = folder + "/two.board";
    fs::copy_file(YIPAN_SOURCE_DIR "/tests/data/boards/format2.board", path);
    {
        const auto board = Board::open(path);
        ASSERT_TRUE(board.has_value()) << text_of(board.error());
        EXPECT_FALSE((*board)->upgraded().has_value());
        const VerifyReport report = (*board)->verify();
        EXPECT_TRUE(report.ok) << text_of(report.problems);
        EXPECT_EQ(report.entries, 12);
        EXPECT_EQ(report.attachments, 1);
        const auto snapshot = (*board)->snapshot();
        EXPECT_EQ(snapshot->redirect(0, RecordId(2)), RecordId(1)) << "organ B went into A";
    }
    const std::string dump = dump_of(path);
    EXPECT_NE(dump.find("{\"attachment\":"), std::string::npos);
    EXPECT_NE(dump.find("{\"redirect\":\"organ\""), std::string::npos);
    fs::remove_all(folder);
}

class LivingBoard : public testing::Test {
  protected:
    void SetUp() override {
        char name[] = "/tmp/yipan-life-XXXXXX";
        folder_ = ::mkdtemp(name);
        path_ = folder_ + "/living.board";
        Board::Birth birth;
        birth.name = "living";
        birth.model = {
            {"m/types/a.yaml",
             "types: {organ: {label: [a, a, a], responsible: none, key: code, fields: {code: {type: text, "
             "unique: true, required: true, label: [a, a, a]}, paper: {type: attachment, label: [p, p, p]}}}}"}};
        auto made = Board::create(path_, birth);
        ASSERT_TRUE(made.has_value()) << text_of(made.error());
        board_ = std::move(*made);
    }
    void TearDown() override {
        board_.reset();
        fs::remove_all(folder_);
    }
    void write(const std::string& code) {
        Draft draft;
        draft.channel = "demo";
        Change change;
        change.type = 0;
        change.set = {{0, code}};
        draft.changes = {change};
        const auto receipt = board_->apply(draft);
        ASSERT_TRUE(receipt.has_value()) << text_of(receipt.error());
    }
    std::string folder_, path_;
    std::unique_ptr<Board> board_;
};

constexpr std::size_t log_head = 32, frame_head = 24, frame_bytes = frame_head + 4'096;
void flip(const std::string& path, std::size_t at) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const char was = static_cast<char>(file.get());
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(was ^ 0x10));
}

TEST_F(LivingBoard, verifies_when_a_writer_left_frames_behind_its_last_transaction) {
    write("A");
    const std::string log = bytes_of(path_ + "-wal");
    ASSERT_GT(log.size(), log_head + frame_bytes);
    {  // a frame of this generation whose sum does not follow: spilled and rolled back, or its writer was killed
        std::string frame = log.substr(log_head, frame_bytes);
        frame[frame_head + 9] ^= 1;
        std::ofstream(path_ + "-wal", std::ios::app | std::ios::binary) << frame;
    }
    const VerifyReport report = board_->verify();
    EXPECT_TRUE(report.ok) << text_of(report.problems);
    EXPECT_EQ(report.log_note, "");
    EXPECT_GT(report.log_frames, 0);
    write("B");  // over it
    EXPECT_TRUE(board_->verify().ok);
}

TEST_F(LivingBoard, names_a_damaged_frame_of_the_log_that_readers_take_for_the_board) {
    write("A");
    flip(path_ + "-wal", log_head + frame_head + 100);
    const VerifyReport report = board_->verify();
    EXPECT_FALSE(report.ok);
    EXPECT_NE(text_of(report.problems).find("frame 1 of the write-ahead log"), std::string::npos)
        << text_of(report.problems);
}

TEST_F(LivingBoard, tells_of_transactions_that_no_longer_count_after_a_power_cut) {
    write("A");
    write("B");
    const std::string copy = folder_ + "/copy.board";
    fs::copy_file(path_, copy);
    fs::copy_file(path_ + "-wal", copy + "-wal");
    const auto frames = (fs::file_size(copy + "-wal") - log_head) / frame_bytes;
    flip(copy + "-wal", log_head + (frames - 2) * frame_bytes + frame_head + 100);
    const VerifyReport report = Board::verify_file(copy);
    EXPECT_TRUE(report.ok) << text_of(report.problems);
    EXPECT_NE(report.log_note.find("transactions from there on do not count"), std::string::npos) << report.log_note;
}

TEST_F(LivingBoard, tells_a_second_writer_who_holds_it_and_where_to_ask) {
    board_->announce("http://127.0.0.1:8080/");
    const auto second = Board::open(path_);
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error()[0].code, Code::busy);
    const std::string said = text_of(second.error());
    EXPECT_NE(said.find("process " + std::to_string(::getpid()) + " "), std::string::npos) << said;
    EXPECT_NE(said.find("board_test"), std::string::npos) << said;
    EXPECT_NE(said.find("http://127.0.0.1:8080/"), std::string::npos) << said;
    board_.reset();
    EXPECT_TRUE(Board::open(path_).has_value());
}

TEST_F(LivingBoard, is_backed_up_while_it_is_being_written_to) {
    std::atomic<bool> enough = false;
    std::thread writer([&] {
        for (int n = 0; !enough; ++n) write("w" + std::to_string(n));
    });
    for (int round = 0; round < 5; ++round) {
        const std::string target = folder_ + "/a.backup";  // over the earlier one
        const auto copied = store::back_up(path_, target);
        EXPECT_TRUE(copied.has_value()) << copied.error().text();
        if (!copied) break;
        const VerifyReport report = Board::verify_file(target);
        EXPECT_TRUE(report.ok) << text_of(report.problems);
        EXPECT_EQ(report.entries, copied->position);
        EXPECT_GT(report.pages, 0);
    }
    enough = true;
    writer.join();
}

TEST_F(LivingBoard, keeps_the_old_backup_when_the_target_is_full) {
    const std::string target = folder_ + "/a.backup";
    write("A");
    ASSERT_TRUE(store::back_up(path_, target).has_value());
    const std::string before = bytes_of(target);
    write("B");
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
    const rlimit little{50'000, limit.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &little), 0);
    const auto full = store::back_up(path_, target);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
    ASSERT_FALSE(full.has_value());
    EXPECT_EQ(full.error().code, Code::store_failed) << full.error().text();
    EXPECT_EQ(bytes_of(target), before);
    EXPECT_FALSE(fs::exists(target + ".backup-part"));
}

TEST_F(LivingBoard, never_takes_another_file_for_its_backup) {
    write("A");
    const std::string stranger = folder_ + "/other.board";
    Board::Birth birth;
    birth.name = "other";
    birth.model = {
        {"m/types/a.yaml",
         "types: {organ: {label: [a, a, a], responsible: none, fields: {code: {type: text, label: [a, a, a]}}}}"}};
    ASSERT_TRUE(Board::create(stranger, birth).has_value());
    EXPECT_EQ(store::back_up(path_, stranger).error().code, Code::duplicate);
    EXPECT_EQ(store::back_up(path_, path_).error().code, Code::duplicate);
    const std::string older = folder_ + "/older.board";
    ASSERT_TRUE(store::back_up(path_, older).has_value());
    write("B");
    board_.reset();
    EXPECT_EQ(store::back_up(older, path_).error().code, Code::duplicate) << "the names were mixed up";
}

TEST_F(LivingBoard, comes_back_from_a_backup_and_the_board_that_was_there_is_kept) {
    write("A");
    const std::string backup = folder_ + "/a.backup";
    ASSERT_TRUE(store::back_up(path_, backup).has_value());
    EXPECT_EQ(store::put_back(backup, path_, store::Existing::kept_beside).error().code, Code::busy) << "it is open";
    write("B");
    board_.reset();
    EXPECT_EQ(store::put_back(backup, path_, store::Existing::refused).error().code, Code::duplicate);
    const std::string before = dump_of(path_);
    const auto back = store::put_back(backup, path_, store::Existing::kept_beside);
    ASSERT_TRUE(back.has_value()) << back.error().text();
    EXPECT_EQ(dump_of(back->replaced), before);
    EXPECT_EQ(dump_of(path_), dump_of(backup));
    EXPECT_TRUE(Board::verify_file(path_).ok);
    EXPECT_TRUE(Board::open(path_).has_value());
}

TEST_F(LivingBoard, keeps_the_newest_backups_of_a_folder) {
    const std::string place = folder_ + "/second";
    EXPECT_EQ(back_up_into(path_, place, 2, Instant{}).error().code, Code::not_found);
    fs::create_directory(place);
    for (int day = 1; day <= 4; ++day) {
        write("d" + std::to_string(day));
        const auto made = back_up_into(path_, place, 2, Instant{day * 86'400'000'000LL});
        ASSERT_TRUE(made.has_value()) << made.error().text();
    }
    const auto kept = kept_backups(path_, place);
    ASSERT_EQ(kept.size(), 2u);
    EXPECT_EQ(kept[0].time.micros, 4 * 86'400'000'000LL);
    EXPECT_TRUE(Board::verify_file(kept[0].path).ok);
    EXPECT_TRUE(fs::path(kept[1].path).filename() == "living-19700104T000000Z.board");
}

TEST_F(LivingBoard, makes_backups_by_itself_and_shows_red_when_the_place_is_gone) {
    const std::string place = folder_ + "/second";
    fs::create_directory(place);
    const auto wait = [](const BackupKeeper& keeper, const auto& until) {
        for (int i = 0; i < 500 && !until(keeper.state()); ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        return keeper.state();
    };
    {
        BackupKeeper keeper(path_, {place, 3'600, 2});
        const auto state = wait(keeper, [](const BackupState& s) { return s.last_good.has_value(); });
        ASSERT_TRUE(state.last_good.has_value());
        EXPECT_FALSE(state.red);
        EXPECT_TRUE(Board::verify_file(state.last_path).ok);
        fs::remove_all(place);
        keeper.now();
        const auto failed = wait(keeper, [](const BackupState& s) { return s.failure.has_value(); });
        EXPECT_TRUE(failed.red);
    }
}

ReadSome of_bytes(std::string bytes) {
    return [bytes = std::move(bytes), at = std::size_t{0}](char* out, std::size_t room) mutable -> Result<std::size_t> {
        const std::size_t n = std::min(room, bytes.size() - at);
        bytes.copy(out, n, at);
        at += n;
        return n;
    };
}
std::string read_back(Board& board, const std::string& hash, std::int64_t offset = 0) {
    std::string out;
    const Status status = board.read_attachment(hash, offset, [&](std::string_view piece) {
        out.append(piece);
        return true;
    });
    return status ? out : status.error().text();
}

class Papers : public LivingBoard {
  protected:
    void SetUp() override {
        LivingBoard::SetUp();
        write("A");
    }
    std::string put(const std::string& bytes) {
        const auto put = board_->put_attachment(of_bytes(bytes));
        EXPECT_TRUE(put.has_value()) << put.error().text();
        return put ? put->hash : "";
    }
    void name(std::int64_t record, const std::string& hash) {
        Draft draft;
        draft.channel = "demo";
        Change change;
        change.verb = Verb::amend;
        change.type = 0;
        change.record = RecordId(record);
        change.set = {{1, "sha256:" + hash + " paper.pdf"}};
        draft.changes = {change};
        const auto receipt = board_->apply(draft);
        ASSERT_TRUE(receipt.has_value()) << text_of(receipt.error());
    }
    void erase(std::int64_t record) {
        Draft draft;
        draft.channel = "demo";
        Change change;
        change.verb = Verb::erase;
        change.type = 0;
        change.record = RecordId(record);
        change.groups = 4;
        change.note = "law";
        change.decider = "office";
        draft.changes = {change};
        const auto receipt = board_->apply(draft);
        ASSERT_TRUE(receipt.has_value()) << text_of(receipt.error());
    }
    static std::string large() {  // above what lies inside
        std::string out(static_cast<std::size_t>(65) << 20, 'x');
        for (std::size_t i = 0; i < out.size(); i += 4'096) out[i] = static_cast<char>(i >> 12);
        return out;
    }
};

TEST_F(Papers, are_known_by_their_hash_and_kept_once) {
    std::string bytes(1'000'000, 'p');
    bytes[500'000] = 'q';
    const std::string hash = put(bytes);
    EXPECT_EQ(hash, hex(sha256(bytes)));
    EXPECT_EQ(put(bytes), hash);
    EXPECT_EQ(read_back(*board_, hash), bytes);
    EXPECT_EQ(read_back(*board_, hash, 300'001), bytes.substr(300'001));
    EXPECT_EQ(put(""), hex(sha256("")));
    EXPECT_EQ(read_back(*board_, hex(sha256(""))), "");
    EXPECT_NE(read_back(*board_, std::string(64, 'a')).find("not_found"), 0u);
    const VerifyReport report = board_->verify();
    EXPECT_TRUE(report.ok) << text_of(report.problems);
    EXPECT_EQ(report.attachments, 2);
    EXPECT_FALSE(fs::exists(path_ + ".files"));
}

TEST_F(Papers, go_with_a_backup_a_replay_and_the_dump_wherever_they_lie) {
    const std::string big = large();
    const std::string inside = put("small"), beside = put(big);
    name(1, beside);
    EXPECT_TRUE((*board_->attachment(beside))->beside);
    EXPECT_EQ(hex(sha256(read_back(*board_, beside))), beside);
    EXPECT_TRUE(fs::exists(store::beside_path(path_, beside)));
    const std::string backup = folder_ + "/a.backup";
    const auto copied = store::back_up(path_, backup);
    ASSERT_TRUE(copied.has_value()) << copied.error().text();
    EXPECT_EQ(copied->attachments, 1);
    EXPECT_EQ(Board::verify_file(backup).attachments, 2);
    const std::string replayed = folder_ + "/again.board";
    {
        const auto again = Board::replay(path_, replayed);
        ASSERT_TRUE(again.has_value()) << text_of(again.error());
        EXPECT_EQ(read_back(**again, inside), "small");
        EXPECT_EQ(read_back(**again, beside).size(), big.size());
    }
    EXPECT_EQ(dump_of(replayed), dump_of(path_));
    EXPECT_NE(dump_of(path_).find("{\"attachment\":\"" + beside), std::string::npos);
    flip(store::beside_path(path_, beside), 12'345'678);
    const VerifyReport report = board_->verify();
    EXPECT_FALSE(report.ok);
    EXPECT_NE(text_of(report.problems).find("attachment " + beside), std::string::npos) << text_of(report.problems);
    const auto damaged = store::back_up(path_, folder_ + "/b.backup");
    ASSERT_TRUE(damaged.has_value());
    EXPECT_EQ(damaged->missing.size(), 1u) << "a backup says what it could not take along";
}

TEST_F(Papers, leave_with_the_erasure_of_the_last_record_that_names_them) {
    const std::string hash = put("a contract"), beside = put(large());
    write("B");
    name(1, hash);
    name(2, hash);
    name(1, beside);
    erase(1);
    EXPECT_EQ(read_back(*board_, hash), "a contract") << "record 2 still names it";
    EXPECT_FALSE(fs::exists(store::beside_path(path_, beside)));
    EXPECT_FALSE(*board_->attachment(beside));
    erase(2);
    EXPECT_FALSE(*board_->attachment(hash));
    EXPECT_TRUE(board_->verify().ok) << text_of(board_->verify().problems);
    board_.reset();
    EXPECT_EQ(bytes_of(path_).find("a contract"), std::string::npos) << "its bytes still stand in the file";
}

TEST_F(Papers, of_the_same_bytes_sent_by_several_at_once_are_kept_once_and_whole) {
    std::string bytes(9'000'000, 'p');  // more parts than one turn of the writer takes
    for (std::size_t i = 0; i < bytes.size(); i += 1'000) bytes[i] = static_cast<char>('a' + i / 1'000 % 26);
    std::vector<std::thread> senders;
    std::vector<std::string> hashes(4);
    for (std::string& hash : hashes) senders.emplace_back([&] { hash = put(bytes); });
    for (auto& s : senders) s.join();
    for (const std::string& hash : hashes) EXPECT_EQ(hash, hex(sha256(bytes)));
    EXPECT_TRUE(read_back(*board_, hashes[0]) == bytes);
    const VerifyReport report = board_->verify();
    EXPECT_TRUE(report.ok) << text_of(report.problems);
    EXPECT_EQ(report.attachments, 1);
    board_.reset();
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open_v2(path_.c_str(), &db, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
    std::string parts;
    sqlite3_exec(db, "SELECT count(*), sum(length(body)) FROM yipan_attachment_part",
                 [](void* text, int, char** values, char**) {
                     static_cast<std::string*>(text)->append(values[0]).append(" ").append(values[1]);
                     return 0;
                 }, &parts, nullptr);
    sqlite3_close(db);
    EXPECT_EQ(parts, "35 9000000") << "parts of nobody's are left";
}

TEST_F(Papers, erased_while_somebody_reads_leave_the_log_when_he_goes_though_nothing_more_is_written) {
    const std::string hash = put("a contract nobody may read any more");
    name(1, hash);
    auto reader = board_->snapshot();
    ASSERT_TRUE(reader->record(0, RecordId(1)));
    erase(1);
    EXPECT_NE(bytes_of(path_ + "-wal").find("a contract nobody"), std::string::npos) << "the reader's pages are still there";
    reader.reset();
    for (int i = 0; i < 6'000 && bytes_of(path_ + "-wal").find("a contract nobody") != std::string::npos; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_EQ(bytes_of(path_ + "-wal").find("a contract nobody"), std::string::npos);
    EXPECT_EQ(bytes_of(path_).find("a contract nobody"), std::string::npos);
}

TEST_F(Papers, that_nothing_names_go_with_a_compaction_after_their_day) {
    const std::string named = put("named"), lost = put("lost"), beside = put(large());
    name(1, named);
    EXPECT_EQ(store::compact(path_, 0).error().code, Code::busy);
    board_.reset();
    auto done = store::compact(path_, 0);
    ASSERT_TRUE(done.has_value()) << done.error().text();
    EXPECT_EQ(done->attachments_dropped, 0) << "they are young";
    done = store::compact(path_, INT64_MAX);
    ASSERT_TRUE(done.has_value()) << done.error().text();
    EXPECT_EQ(done->attachments_dropped, 2);
    EXPECT_FALSE(fs::exists(store::beside_path(path_, beside)));
    const VerifyReport report = Board::verify_file(path_);
    EXPECT_TRUE(report.ok) << text_of(report.problems);
    EXPECT_EQ(report.attachments, 1);
    auto again = Board::open(path_);
    ASSERT_TRUE(again.has_value()) << text_of(again.error());
    EXPECT_EQ(read_back(**again, named), "named");
}

}  // namespace
}  // namespace yipan::board
