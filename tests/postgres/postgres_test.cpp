// What is the database's own: whose turn it is to write, connections that die, answers to what does not fit, boards
// carried over.
#include <filesystem>
#include <thread>

#include "board/copy.h"
#include "property/yard.h"
#include "small_board.h"
#include "store/connection.h"

namespace yipan::postgres_test {
namespace {

void end_backends(const std::string& address, const std::string& which = "application_name = 'yipan'") {
    const auto link = side_door(address);
    ASSERT_TRUE(link->ask("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND " + which));
}
std::string dump(board::Board& board) {
    std::string out;
    EXPECT_TRUE(board.dump([&](std::string_view line) { out.append(line).append("\n"); }));
    return out;
}

TEST(Holder, a_second_writer_is_refused_and_told_who_writes_and_where) {
    SmallBoard small("second");
    small.board->announce("http://127.0.0.1:7000");
    const auto second = board::Board::open(small.address);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error()[0].code, Code::busy);
    EXPECT_NE(second.error()[0].message.find("process " + std::to_string(::getpid())), std::string::npos) << second.error()[0].text();
    EXPECT_NE(second.error()[0].message.find("http://127.0.0.1:7000"), std::string::npos) << second.error()[0].text();
    board::Options reading;
    reading.read_only = true;
    EXPECT_TRUE(board::Board::open(small.address, reading)) << "readers need no turn";
    small.board.reset();
    EXPECT_TRUE(board::Board::open(small.address)) << "given back when it closed";
}

// Somebody else raised the epoch while this process stood still: its next commit fails by itself, and nothing of it stands.
TEST(Holder, an_old_holder_cannot_write_whatever_it_believes) {
    SmallBoard small("old");
    ASSERT_TRUE(small.board->apply(small.payment(1)));
    {
        const auto link = side_door(small.address);
        ASSERT_TRUE(link->run("UPDATE yipan_holder SET epoch = epoch + 1, process = 'another', expires = clock_timestamp() + interval '1 hour'"));
    }
    const auto late = small.board->apply(small.payment(2));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error()[0].code, Code::busy) << late.error()[0].text();
    {
        const auto link = side_door(small.address);
        const auto rows = link->ask("SELECT (SELECT count(*) FROM payment), (SELECT position FROM yipan_head), (SELECT max(position) FROM yipan_entry)");
        ASSERT_TRUE(rows);
        EXPECT_EQ(rows->integer(0, 0), 1);
        EXPECT_EQ(rows->integer(0, 1), rows->integer(0, 2));
    }
    // Several at once, so that batches of several drafts meet it too.
    std::vector<board::Draft> drafts;
    for (int i = 0; i < 5; ++i) drafts.push_back(small.payment(10 + i));
    for (const auto& answer : small.board->apply_batch(std::move(drafts))) EXPECT_FALSE(answer);
    EXPECT_EQ(small.payments(), 1);
}

TEST(Holder, who_fell_silent_loses_the_board_after_its_time) {
    SmallBoard small("silent");
    {
        const auto link = side_door(small.address);
        ASSERT_TRUE(link->run("UPDATE yipan_holder SET expires = clock_timestamp() - interval '1 second'"));
    }
    const auto next = board::Board::open(small.address);
    ASSERT_TRUE(next) << text_of(next.error());
    EXPECT_TRUE((*next)->apply(small.payment(7)));
    EXPECT_FALSE(small.board->apply(small.payment(8))) << "the former one";
    const auto told = small.board->snapshot()->count(small.board->model()->find_type("payment"), "");
    ASSERT_FALSE(told) << "figures that do not know what the other one wrote are not shown beside its rows";
    EXPECT_EQ(told.error().code, Code::busy) << told.error().text();
    EXPECT_EQ((*next)->snapshot()->count((*next)->model()->find_type("payment"), "").value_or(-1), 1);
    EXPECT_TRUE((*next)->verify().ok);
}

TEST(Connection, one_that_died_is_made_anew_and_the_draft_goes_through) {
    SmallBoard small("died");
    ASSERT_TRUE(small.board->apply(small.payment(1)));
    EXPECT_EQ(small.payments(), 1);
    end_backends(small.address);
    const auto after = small.board->apply(small.payment(2));
    EXPECT_TRUE(after) << text_of(after.error());
    EXPECT_EQ(small.payments(), 2);
    EXPECT_TRUE(small.board->verify().ok);
}

// The way back may fail when half of it is gone: then the board is away, and what comes next tries anew.
TEST(Connection, a_way_back_that_fails_half_way_is_tried_again) {
    SmallBoard small("half_way");
    ASSERT_TRUE(small.board->apply(small.payment(1)));
    const auto door = side_door(small.address);
    const std::string at(door->ask("SELECT value FROM yipan_meta WHERE name = 'model_position'")->text(0, 0));
    ASSERT_TRUE(door->run("UPDATE yipan_meta SET value = '999999' WHERE name = 'model_position'"));
    end_backends(small.address, "application_name = 'yipan' AND pid <> " + std::to_string(door->backend()));
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(small.board->apply(small.payment(2))) << "connected again, and the model cannot be read";
    ASSERT_TRUE(door->run("UPDATE yipan_meta SET value = '" + at + "' WHERE name = 'model_position'"));
    bool there = false;
    for (int i = 0; i < 100 && !there; ++i, std::this_thread::sleep_for(std::chrono::milliseconds(100))) there = small.board->apply(small.payment(3)).has_value();
    EXPECT_TRUE(there);
    EXPECT_EQ(small.payments(), 2);
    EXPECT_TRUE(small.board->verify().ok);
}

// Connections die all the time under load. Whoever was answered "accepted" is there, whoever was refused is not, unless his
// key says on asking again that it is; nobody is there twice.
TEST(Connection, ones_that_die_in_mid_batch_lose_and_double_nothing) {
    SmallBoard small("dying");
    std::atomic<bool> stop = false;
    std::atomic<int> deaths = 0;
    std::thread reaper([&] {
        while (!stop) {
            std::this_thread::sleep_for(std::chrono::milliseconds(150));
            end_backends(small.address);
            ++deaths;
        }
    });
    std::atomic<std::int64_t> accepted = 0, refused = 0;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(4);
    const auto produce = [&](int who) {
        for (int n = 0; std::chrono::steady_clock::now() < end; ++n) {
            const std::string key = std::to_string(who) + "-" + std::to_string(n);
            bool there = false;
            for (int attempt = 0; attempt < 200 && !there; ++attempt) {
                there = small.board->apply(small.payment(who * 100'000 + n, key)).has_value();
                if (!there) ++refused, std::this_thread::sleep_for(std::chrono::milliseconds(20));
            }
            accepted += there;
        }
    };
    std::vector<std::thread> producers;
    for (int who = 0; who < 4; ++who) producers.emplace_back(produce, who);
    for (auto& p : producers) p.join();
    stop = true;
    reaper.join();
    small.board.reset();
    auto again = board::Board::open(small.address);
    ASSERT_TRUE(again) << text_of(again.error());
    small.board = std::move(*again);
    EXPECT_EQ(small.payments(), accepted.load());
    const auto report = small.board->verify();
    EXPECT_TRUE(report.ok) << text_of(report.problems);
    EXPECT_GT(deaths, 5);
    std::printf("dying connections: all ended %d times, %lld drafts accepted, %lld refusals on the way\n", deaths.load(), static_cast<long long>(accepted),
                static_cast<long long>(refused));
}

TEST(Refused, what_does_not_fit_is_said_in_a_sentence) {
    const auto said = [](const std::string& address) {
        const auto opened = store::open(address, store::Access::write);
        EXPECT_FALSE(opened) << address;
        return opened ? "" : opened.error().text();
    };
    const std::string base = server();
    EXPECT_NE(said("postgresql://somebody:secret@/x").find("a password stands in the address"), std::string::npos);
    EXPECT_EQ(said("postgresql://somebody:secret@/x").find("secret"), std::string::npos);
    EXPECT_NE(said("postgresql:///x?host=/nowhere").find("no connection"), std::string::npos);
    EXPECT_NE(said("postgresql:///x?hots=/nowhere").find("cannot be read"), std::string::npos);
    EXPECT_NE(said(board_address("absent")).find("no such board"), std::string::npos);
    EXPECT_NE(said(base + (base.find('?') == std::string::npos ? "?" : "&") + "board=pg_x").find("PostgreSQL's own"), std::string::npos);
    // A schema that is something else.
    const std::string other = board_address("other");
    const auto link = side_door(other);
    const std::string name = store::board_name(other);
    ASSERT_TRUE(link->run("CREATE SCHEMA \"" + name + "\""));
    ASSERT_TRUE(link->run("CREATE TABLE \"" + name + "\".t(x int)"));
    EXPECT_NE(said(other).find("is no board"), std::string::npos) << said(other);
    const auto made = store::open(other, store::Access::create);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, Code::duplicate);
    store::discard(other);
    EXPECT_TRUE(link->ask("SELECT count(*) FROM \"" + name + "\".t")) << "what is not a board is never removed";
    ASSERT_TRUE(link->run("DROP SCHEMA \"" + name + "\" CASCADE"));
}

TEST(Refused, an_old_server_by_the_number_it_says) {
    const store::postgres::Address address = *store::postgres::read_address(board_address("old"));
    for (const int good : {130'000, 130'014, 150'018, 180'001}) EXPECT_TRUE(store::postgres::new_enough(good, address)) << good;
    for (const auto& [version, name] : {std::pair{129'999, "PostgreSQL 12, older than 13"}, {120'022, "PostgreSQL 12,"}, {100'000, "PostgreSQL 10,"}, {90'624, "PostgreSQL 9.6,"}}) {
        const Status refused = store::postgres::new_enough(version, address);
        ASSERT_FALSE(refused) << version;
        EXPECT_EQ(refused.error().code, Code::wrong_format);
        EXPECT_NE(refused.error().text().find(name), std::string::npos) << refused.error().text();
        EXPECT_NE(refused.error().text().find("use PostgreSQL 13 or later"), std::string::npos) << refused.error().text();
    }
    const auto link = side_door(server());
    const auto number = link->ask("SELECT current_setting('server_version_num')::bigint");
    ASSERT_TRUE(number);
    EXPECT_TRUE(store::postgres::new_enough(static_cast<int>(number->integer(0, 0)), address)) << "the one these tests run on";
}

// Half of an installation is upgraded: a newer program has taken the board and changed its format under one that runs.
TEST(Refused, an_older_program_neither_writes_nor_shows_a_board_of_a_newer_format) {
    SmallBoard small("newer");
    ASSERT_TRUE(small.board->apply(small.payment(1)));
    board::Options how;
    how.follow = true;
    auto reader = board::Board::open(small.address, how);
    ASSERT_TRUE(reader);
    const int payment = small.board->model()->find_type("payment");
    ASSERT_EQ((*reader)->snapshot()->count(payment, "").value_or(-1), 1);
    const auto door = side_door(small.address);
    ASSERT_TRUE(door->run("UPDATE yipan_holder SET format = 3, epoch = epoch + 1, batch = batch + 1, process = 'a newer one', expires = clock_timestamp() + interval '1 hour'"));
    const auto refused = small.board->apply(small.payment(2));
    ASSERT_FALSE(refused);
    EXPECT_TRUE(small.board->ousted());
    const auto told = [](const Error& error) {
        EXPECT_EQ(error.code, Code::wrong_format) << error.text();
        EXPECT_NE(error.text().find("the board has format 3, this program knows up to 2"), std::string::npos) << error.text();
        EXPECT_NE(error.text().find("use the newer yipan"), std::string::npos) << error.text();
    };
    for (board::Board* board : {small.board.get(), reader->get()}) {  // nothing was written: the position is the same
        const auto shown = board->snapshot()->count(payment, "");
        ASSERT_FALSE(shown);
        told(shown.error());
    }
    for (const store::Access access : {store::Access::read, store::Access::write}) {
        const auto opened = store::open(small.address, access);
        ASSERT_FALSE(opened);
        told(opened.error());
    }
    EXPECT_EQ(door->ask("SELECT count(*) FROM payment")->integer(0, 0), 1);
    ASSERT_TRUE(door->run("UPDATE yipan_holder SET format = 2, expires = '-infinity'"));
    EXPECT_EQ((*reader)->snapshot()->count(payment, "").value_or(-1), 1) << "nothing of it was lost";
}

// A user who may connect and nothing else.
TEST(Refused, missing_rights_are_told_with_the_way_out) {
    const auto link = side_door(board_address("rights"));
    const std::string user = "yipan_reader_" + std::to_string(::getpid());
    if (!link->run("CREATE ROLE " + user + " LOGIN")) {
        link->forget_failure();
        GTEST_SKIP() << "this server lets its tests make no users";
    }
    std::string address = board_address("rights");
    const std::size_t begin = address.find("//") + 2, end = address.find_first_of("@/", begin);
    address.replace(begin, address[end] == '@' ? end - begin : 0, user + (address[end] == '@' ? "" : "@"));
    const auto made = store::open(address, store::Access::create);
    EXPECT_FALSE(made);
    if (!made) {
        EXPECT_EQ(made.error().code, Code::read_only) << made.error().text();
        EXPECT_NE(made.error().hint.find("GRANT"), std::string::npos);
    }
    EXPECT_TRUE(link->run("DROP ROLE " + user));
}

TEST(Refused, a_database_of_another_encoding) {
    const std::string name = "yipan_ascii_" + std::to_string(::getpid());
    const auto link = side_door(board_address("ascii"));
    if (!link->run("CREATE DATABASE " + name + " ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")) {
        link->forget_failure();
        GTEST_SKIP() << "this server lets its tests make no databases";
    }
    std::string address = board_address("ascii");
    const std::size_t end = address.find('?'), begin = address.rfind('/', end) + 1;
    address.replace(begin, std::min(end, address.size()) - begin, name);
    const auto opened = store::open(address, store::Access::create);
    EXPECT_FALSE(opened);
    if (!opened) {
        EXPECT_NE(opened.error().message.find("not UTF8"), std::string::npos) << opened.error().text();
    }
    EXPECT_TRUE(link->run("DROP DATABASE " + name));
}

// A longer way there and back: files beside the board, texts beside the journal, keys, erased bodies.
TEST(Copy, there_and_back_gives_the_same_dump_and_the_same_everything) {
    const property::Folder folder;
    const std::string first = folder.file("first.board"), back = folder.file("back.board"), there = board_address("copy");
    store::discard(there, store::Made::by_us);
    std::string before, large(70 << 20, 'x'), hash;
    {
        board::Board::Birth birth;
        birth.name = "copy";
        birth.model = property::tiny_model();
        auto made = board::Board::create(first, birth);
        ASSERT_TRUE(made) << text_of(made.error());
        board::Draft draft;
        draft.channel = "test";
        draft.idempotency_key = "k\xff";  // a caller's own bytes
        draft.changes.push_back(change_of(*(*made)->model(), "organ", {{"code", "o"}}));
        draft.changes.push_back(change_of(*(*made)->model(), "project", {{"code", "p"}, {"organ", std::int64_t{-1}}}));
        for (std::int64_t i = 0; i < 5'000; ++i)
            draft.changes.push_back(change_of(*(*made)->model(), "payment",
                                              {{"project", std::int64_t{-2}}, {"day", Date::of(2026, 1, 1)->days + i % 200}, {"amount", i}, {"payee", "中文 " + std::to_string(i)}}));
        draft.side = {{"space", "key", "kept beside"}};
        ASSERT_TRUE((*made)->apply(draft));
        std::size_t at = 0;
        const auto put = (*made)->put_attachment([&](char* out, std::size_t room) -> Result<std::size_t> {
            const std::size_t n = std::min(room, large.size() - at);
            large.copy(out, n, at);
            at += n;
            return n;
        });
        ASSERT_TRUE(put) << put.error().text();
        EXPECT_TRUE(put->beside) << "large enough to lie beside the file";
        hash = put->hash;
        before = dump(**made);
    }
    const auto to = board::copy_board(first, there);
    ASSERT_TRUE(to) << to.error().text();
    {
        auto board = board::Board::open(there);
        ASSERT_TRUE(board) << text_of(board.error());
        EXPECT_EQ(dump(**board), before);
        const auto report = (*board)->verify();
        EXPECT_TRUE(report.ok) << text_of(report.problems);
        EXPECT_EQ(report.attachment_bytes, static_cast<std::int64_t>(large.size()));
        EXPECT_EQ((*board)->snapshot()->side("space", "key")->value_or(""), "kept beside");
        board::Draft again;
        again.channel = "test";
        again.idempotency_key = "k\xff";
        again.changes.push_back(change_of(*(*board)->model(), "organ", {{"code", "o"}}));
        const auto repeated = (*board)->apply(again);
        ASSERT_TRUE(repeated) << text_of(repeated.error());
        EXPECT_TRUE(repeated->repeated);
    }
    EXPECT_EQ(board::copy_board(first, there).error().code, Code::duplicate);
    const auto from = board::copy_board(there, back);
    ASSERT_TRUE(from) << from.error().text();
    EXPECT_EQ(from->root, to->root);
    auto board = board::Board::open(back);
    ASSERT_TRUE(board) << text_of(board.error());
    EXPECT_EQ(dump(**board), before);
    std::int64_t bytes = 0;
    EXPECT_TRUE((*board)->read_attachment(hash, 0, [&](std::string_view part) {
        bytes += static_cast<std::int64_t>(part.size());
        return true;
    }));
    EXPECT_EQ(bytes, static_cast<std::int64_t>(large.size()));
    store::discard(there, store::Made::by_us);
}

// The list of engine tables is PostgreSQL's schema and what a copy carries: it must be SQLite's too.
TEST(Tables, the_two_stores_have_the_same) {
    const property::Folder folder;
    const std::string path = folder.file("t.board");
    board::Board::Birth birth;
    birth.name = "t";
    birth.model = property::tiny_model();
    ASSERT_TRUE(board::Board::create(path, birth));
    store::Connection file;
    ASSERT_TRUE(file.open_to_read(path, nullptr));
    auto tables = file.texts("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'yipan~_%' ESCAPE '~' ORDER BY name");
    ASSERT_TRUE(tables) << tables.error().text();
    std::vector<std::string> listed;
    for (const store::EngineTable& table : store::engine_table_list()) {
        listed.emplace_back(table.name);
        std::string columns;
        for (const auto& c : table.columns)
            columns += std::string(c.name) + (c.kind == store::EngineColumn::Kind::integer ? " INTEGER" : c.kind == store::EngineColumn::Kind::text ? " TEXT" : " BLOB") + ";";
        EXPECT_EQ(*file.ask("SELECT group_concat(name || ' ' || type, ';') || ';' FROM pragma_table_info('" + std::string(table.name) + "')"), columns) << table.name;
    }
    std::sort(listed.begin(), listed.end());
    EXPECT_EQ(listed, *tables);
}

TEST(Views, show_labels_yuan_and_dates) {
    SmallBoard small("views");
    ASSERT_TRUE(small.board->apply(small.payment(3)));
    const auto link = side_door(small.address);
    EXPECT_EQ(link->ask("SELECT * FROM v_payment")->size(), 1);
    EXPECT_EQ(link->ask("SELECT * FROM v_project")->size(), 1);
}

}  // namespace
}  // namespace yipan::postgres_test
