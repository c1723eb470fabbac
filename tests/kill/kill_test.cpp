// Power cuts (I6): a writer process applies drafts and says on a pipe which positions it was promised; it is killed at
// a random moment and the board is opened again. Every promised write must be there, the journal must verify, the cells
// must equal their recomputation. Environment: YIPAN_KILLS rounds (default 10), YIPAN_KILL_SEED. With YIPAN_TEST_POSTGRES the
// board lies in that database; with YIPAN_KILL_SERVER, a command, that is run instead of the kill: it kills the server and
// starts it again (tests/postgres/kill_test.sh).
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>

#include "base/check.h"
#include "board/archive.h"
#include "board/board.h"
#include "board/copy.h"
#include "property/shared.h"
#include "property/tiny_model.h"
#include "property/yard.h"
#include "store/open.h"

namespace yipan {
namespace {
using property::change_of;

std::string program;  // argv[0], to start the writer

int number_from(const char* name, int otherwise) {
    const char* text = std::getenv(name);
    return text ? std::atoi(text) : otherwise;
}

int write_all(const void* data, std::size_t size) {
    return ::write(STDOUT_FILENO, data, size) == static_cast<ssize_t>(size) ? 0 : 1;
}

std::string place(const property::Folder& folder, const std::string& name) {
    const char* database = std::getenv("YIPAN_TEST_POSTGRES");
    if (!database) return folder.file(name + ".yipan");
    const std::string address = std::string(database) + (std::string(database).find('?') == std::string::npos ? "?" : "&") + "board=kill_" + name;
    store::discard(address, store::Made::by_us);
    return address;
}
const char* kill_server() { return std::getenv("YIPAN_KILL_SERVER"); }

struct Promise {  // one line on the pipe, written after the receipt
    std::int64_t position;
    std::int64_t record;
    std::int64_t amount;
};


/// The writer process: applies for ever, from two threads, single drafts and drafts of three changes; never returns by
/// itself.
int run_writer(const std::string& path, std::int64_t seed) {
    auto opened = board::Board::open(path);
    if (!opened) {
        std::fprintf(stderr, "writer: %s\n", text_of(opened.error()).c_str());
        return 3;
    }
    board::Board& board = **opened;
    const model::Model& model = *board.model();
    const auto work = [&](int thread) {
        std::mt19937_64 random(static_cast<std::uint64_t>(seed * 2 + thread));
        for (std::int64_t n = 0;; ++n) {
            board::Draft draft;
            draft.channel = "demo";
            const auto amount = static_cast<std::int64_t>(random() % 10'000);
            const std::int64_t day = Date::of(2026, 1, 1)->days + static_cast<std::int64_t>(random() % 200);
            const int changes = n % 5 == 0 ? 3 : 1;
            for (int i = 0; i < changes; ++i)
                draft.changes.push_back(
                    change_of(model, "payment",
                              {{"project", std::int64_t{1}}, {"day", day}, {"amount", amount}, {"payee", "killed"}}));
            const auto receipt = board.apply(std::move(draft));
            if (!receipt) {
                std::fprintf(stderr, "writer: %s\n", text_of(receipt.error()).c_str());
                std::_Exit(4);
            }
            for (int i = 0; i < changes; ++i) {
                const Promise promise{receipt->first.value + i, receipt->records[static_cast<std::size_t>(i)].value,
                                      amount};
                if (write_all(&promise, sizeof promise) != 0) std::_Exit(5);
            }
        }
    };
    std::thread other(work, 1);
    work(0);
    other.join();
    return 0;
}

board::ModelChange narrowed(const board::Board& board, const char* from, const char* to) {
    board::ModelChange change;
    change.channel = "demo";
    change.files = board.model()->files;
    for (auto& file : change.files)
        if (const auto at = file.text.find(from); at != std::string::npos) file.text.replace(at, std::string(from).size(), to);
    change.migration = model::SourceFile{"m.yaml", "migrations:\n  - narrow: {type: payment, field: size, rule: half_up}\n"};
    return change;
}

/// The changing process: says that it begins, changes the model of a board with many records, and says that it is done.
int run_changer(const std::string& path) {
    auto opened = board::Board::open(path);
    if (!opened) return 3;
    const char begins = 'b', done = 'd';
    const auto change = narrowed(**opened, "decimal, scale: 2", "decimal, scale: 1");
    if (write_all(&begins, 1) != 0) return 5;
    const auto receipt = (*opened)->change_model(change);
    if (!receipt) {
        std::fprintf(stderr, "changer: %s\n", text_of(receipt.error()).c_str());
        return 4;
    }
    if (write_all(&done, 1) != 0) return 5;
    ::pause();  // to be killed
    return 0;
}

/// The archiving process: dies when the file of bodies is whole and the board is still as it was.
int run_archiver(const std::string& path, const std::string& file) {
    board::ArchiveWish wish;
    wish.to = Position(1'000'000);
    wish.file = file;
    wish.decider = "office";
    wish.note = "killed";
    wish.channel = "test";
    const auto done = board::archive_bodies(path, wish, [](std::int64_t done_so_far, std::int64_t total) {
        if (done_so_far == total) ::raise(SIGKILL);
    });
    std::fprintf(stderr, "archiver: %s\n", done ? "was not killed" : done.error().text().c_str());
    return 4;
}

struct Writer {
    pid_t pid = -1;
    int pipe = -1;
};

Writer start(const std::string& path, const char* what, const std::string& last) {
    int ends[2];
    YIPAN_CHECK(::pipe2(ends, O_CLOEXEC) == 0);
    const pid_t pid = ::fork();
    YIPAN_CHECK(pid >= 0);
    if (pid == 0) {
        ::dup2(ends[1], STDOUT_FILENO);
        ::execl(program.c_str(), program.c_str(), what, path.c_str(), last.c_str(), nullptr);
        ::_exit(9);
    }
    ::close(ends[1]);
    return {pid, ends[0]};
}

Writer start_writer(const std::string& path, std::int64_t seed) { return start(path, "--writer", std::to_string(seed)); }

std::vector<Promise> kill_after(const Writer& writer, int milliseconds) {
    // Waits for the first promise, so that no round ends before anything was written, then reads on until the moment of
    // death.
    std::vector<Promise> promises;
    Promise promise;
    if (::read(writer.pipe, &promise, sizeof promise) == static_cast<ssize_t>(sizeof promise))
        promises.push_back(promise);
    std::thread killer([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
        if (kill_server())
            YIPAN_CHECK(std::system(kill_server()) == 0);
        else
            ::kill(writer.pid, SIGKILL);
    });
    while (::read(writer.pipe, &promise, sizeof promise) == static_cast<ssize_t>(sizeof promise))
        promises.push_back(promise);
    killer.join();
    int status = 0;
    ::waitpid(writer.pid, &status, 0);
    ::close(writer.pipe);
    if (kill_server())
        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 4) << "the writer was not told that its server is gone";
    else
        EXPECT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself with " << WEXITSTATUS(status);
    return promises;
}

TEST(Kill, what_was_answered_accepted_survives_a_kill_at_any_moment) {
    property::Folder folder;
    const std::string path = place(folder, "kill");
    {
        board::Board::Birth birth;
        birth.name = "kill";
        birth.model = property::tiny_model();
        auto made = board::Board::create(path, birth);
        ASSERT_TRUE(made.has_value()) << text_of(made.error());
        const model::Model& model = *(*made)->model();
        board::Draft draft;
        draft.channel = "demo";
        draft.changes.push_back(change_of(model, "organ", {{"code", "o"}}));
        draft.changes.push_back(change_of(model, "project", {{"code", "p"}, {"organ", std::int64_t{-1}}}));
        ASSERT_TRUE((*made)->apply(draft).has_value());
    }
    const int rounds = number_from("YIPAN_KILLS", 10);
    std::mt19937_64 random(static_cast<std::uint64_t>(number_from("YIPAN_KILL_SEED", 1)));
    std::vector<Promise> promised;
    std::int64_t position = 0;
    for (int round = 0; round < rounds; ++round) {
        const auto more = kill_after(start_writer(path, round), static_cast<int>(random() % 120));
        ASSERT_FALSE(more.empty()) << "round " << round << ": nothing was written";
        promised.insert(promised.end(), more.begin(), more.end());

        auto opened = board::Board::open(path);
        ASSERT_TRUE(opened.has_value()) << "round " << round << ": " << text_of(opened.error());
        board::Board& board = **opened;
        const auto snapshot = board.snapshot();
        const model::Model& model = snapshot->model();
        const int payment = model.find_type("payment");
        const int amount = model.types[static_cast<std::size_t>(payment)].find("amount");
        EXPECT_GE(snapshot->position().value, position);
        for (const Promise& promise : promised) {
            const auto record = snapshot->record(payment, RecordId(promise.record));
            ASSERT_TRUE(record) << "round " << round << ": record " << promise.record << " was promised at "
                                << promise.position << " and is gone";
            ASSERT_EQ(record->position.value, promise.position);
            ASSERT_EQ(record->at(amount), record::Value(promise.amount));
        }
        position = snapshot->position().value;
        const auto report = board.verify();
        ASSERT_TRUE(report.ok) << "round " << round << ": " << text_of(report.problems);
        ASSERT_EQ(report.entries, position);

        ASSERT_EQ(property::recounted(*snapshot), "") << "round " << round;
    }
    std::printf("%d kills, %zu promises kept, %lld entries\n", rounds, promised.size(),
                static_cast<long long>(position));
}

// I7 beside I6: a change of the model is one thing; the board is the old one or the new one, never between.
TEST(Kill, a_model_change_killed_at_any_moment_leaves_the_old_model_or_the_new_one) {
    if (kill_server()) GTEST_SKIP() << "the changing process is what is killed here";
    property::Folder folder;
    const std::string first = place(folder, "first"), path = place(folder, "change");
    constexpr std::int64_t records = 3'000;
    {
        board::Board::Birth birth;
        birth.name = "kill";
        birth.model = property::tiny_model();
        auto made = board::Board::create(first, birth);
        ASSERT_TRUE(made.has_value()) << text_of(made.error());
        const model::Model& model = *(*made)->model();
        board::Draft draft;
        draft.channel = "demo";
        draft.changes.push_back(change_of(model, "organ", {{"code", "o"}}));
        draft.changes.push_back(change_of(model, "project", {{"code", "p"}, {"organ", std::int64_t{-1}}}));
        for (std::int64_t i = 0; i < records; ++i)
            draft.changes.push_back(change_of(model, "payment",
                                              {{"project", std::int64_t{-2}},
                                               {"day", std::int64_t{Date::of(2026, 1, 1)->days} + i % 200},
                                               {"amount", i},
                                               {"size", i}}));
        ASSERT_TRUE((*made)->apply(draft).has_value());
    }
    const int rounds = number_from("YIPAN_KILLS", 10);
    std::mt19937_64 random(static_cast<std::uint64_t>(number_from("YIPAN_KILL_SEED", 1)));
    int changed = 0;
    double whole = 0.4;  // seconds a change takes here; learned from the rounds that end
    for (int round = 0; round < rounds; ++round) {
        store::discard(path, store::Made::by_us);
        const auto copied = board::copy_board(first, path);
        ASSERT_TRUE(copied) << copied.error().text();
        const Writer changer = start(path, "--changer", "0");
        char word = 0;
        ASSERT_EQ(::read(changer.pipe, &word, 1), 1) << "round " << round << ": the change did not begin";
        const auto begun = std::chrono::steady_clock::now();
        const auto until = begun + std::chrono::duration<double>(whole * static_cast<double>(random() % 1100) / 1000.0);
        std::thread killer([&] {
            std::this_thread::sleep_until(until);
            ::kill(changer.pid, SIGKILL);
        });
        const bool told = ::read(changer.pipe, &word, 1) == 1;
        if (told) whole = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
        killer.join();
        int status = 0;
        ::waitpid(changer.pid, &status, 0);
        ::close(changer.pipe);
        ASSERT_TRUE(WIFSIGNALED(status)) << "round " << round << ": the changer ended by itself";

        auto opened = board::Board::open(path);
        ASSERT_TRUE(opened.has_value()) << "round " << round << ": " << text_of(opened.error());
        const auto snapshot = (*opened)->snapshot();
        const model::Model& model = snapshot->model();
        const int payment = model.find_type("payment");
        const int size = model.types[static_cast<std::size_t>(payment)].find("size");
        const bool is_new = model.types[static_cast<std::size_t>(payment)].fields[static_cast<std::size_t>(size)].scale == 1;
        EXPECT_TRUE(is_new || !told) << "round " << round << ": what was answered is gone (I6)";
        changed += is_new;
        std::int64_t seen = 0;
        ASSERT_TRUE(snapshot
                        ->each(payment,
                               [&](const record::RecordPtr& r) {
                                   const std::int64_t made = r->id.value - 1;
                                   EXPECT_EQ(r->at(size), record::Value(is_new ? (made + 5) / 10 : made));
                                   return ++seen > 0;
                               })
                        .has_value());
        ASSERT_EQ(seen, records);
        const auto report = (*opened)->verify();
        ASSERT_TRUE(report.ok) << "round " << round << ": " << text_of(report.problems);
        ASSERT_EQ(property::recounted(*snapshot), "") << "round " << round;
    }
    std::printf("%d kills, %d boards had the new model\n", rounds, changed);
}

// Decision 0043: the file is written first, then the transaction. Between the two a kill leaves a file nobody refers to and a
// board as it was.
TEST(Kill, between_an_archive_s_file_and_its_transaction_leaves_the_board_as_it_was) {
    if (kill_server()) GTEST_SKIP() << "the archiving process is what is killed here";
    property::Folder folder;
    const std::string path = place(folder, "archive"), file = folder.file("old.archive");
    const auto dump = [](board::Board& board) {
        std::string out;
        EXPECT_TRUE(board.dump([&](std::string_view line) { out.append(line).append("\n"); }));
        return out;
    };
    std::string before;
    {
        board::Board::Birth birth;
        birth.name = "kill";
        birth.model = property::tiny_model();
        auto made = board::Board::create(path, birth);
        ASSERT_TRUE(made) << text_of(made.error());
        const model::Model& model = *(*made)->model();
        board::Draft draft;
        draft.channel = "demo";
        draft.changes.push_back(change_of(model, "organ", {{"code", "o"}}));
        ASSERT_TRUE((*made)->apply(draft));
        for (int i = 0; i < 3; ++i) {
            board::Draft look;
            look.channel = "demo";
            board::Change change;
            change.verb = board::Verb::read;
            change.told = "{\"looked\":" + std::to_string(i) + "}";
            look.changes.push_back(change);
            ASSERT_TRUE((*made)->apply(look));
        }
        before = dump(**made);
    }
    const Writer archiver = start(path, "--archiver", file);
    int status = 0;
    ::waitpid(archiver.pid, &status, 0);
    ::close(archiver.pipe);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
    const auto left = store::ArchiveFile::open(file);
    ASSERT_TRUE(left) << left.error().text();
    EXPECT_EQ((*left)->bodies(), 3) << "whole, and nobody's";
    {
        auto opened = board::Board::open(path);
        ASSERT_TRUE(opened) << text_of(opened.error());
        EXPECT_EQ(dump(**opened), before);
        EXPECT_TRUE((*opened)->verify().ok);
    }
    {
        const auto read = store::open(path, store::Access::read);
        ASSERT_TRUE(read);
        const auto archives = board::archives_of(**read, path);
        ASSERT_TRUE(archives);
        EXPECT_TRUE(archives->empty());
    }
    board::ArchiveWish wish;
    wish.to = Position(1'000'000);
    wish.file = file;
    wish.decider = "office";
    wish.note = "again";
    wish.channel = "test";
    const auto in_the_way = board::archive_bodies(path, wish);
    ASSERT_FALSE(in_the_way);
    EXPECT_EQ(in_the_way.error().code, Code::duplicate) << "what lies there is not written over: " << in_the_way.error().text();
    wish.file = folder.file("new.archive");
    const auto done = board::archive_bodies(path, wish);
    ASSERT_TRUE(done) << done.error().text();
    EXPECT_EQ(done->bodies, 3);
    auto opened = board::Board::open(path);
    ASSERT_TRUE(opened);
    EXPECT_TRUE((*opened)->verify().ok);
}

}  // namespace
}  // namespace yipan

int main(int argc, char** argv) {
    if (argc >= 3 && std::string(argv[1]) == "--changer") return yipan::run_changer(argv[2]);
    if (argc == 4 && std::string(argv[1]) == "--archiver") return yipan::run_archiver(argv[2], argv[3]);
    if (argc == 4 && std::string(argv[1]) == "--writer") return yipan::run_writer(argv[2], std::atoll(argv[3]));
    yipan::program = "/proc/self/exe";
    ::testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
