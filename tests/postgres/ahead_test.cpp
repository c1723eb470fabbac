// What a batch will ask is asked together before (store/ahead.h): the answers are those of the transaction as it stands, and
// drafts are judged exactly as in a file, where everything is asked in its turn.
#include <filesystem>
#include <random>

#include "small_board.h"

namespace yipan::postgres_test {
namespace {
constexpr const char* model_yaml = R"yaml(
types:
  team:
    label: [组, 組, Team]
    key: code
    responsible: none
    fields:
      code: {type: text, required: true, unique: true, label: [编号, 編號, Code]}
  thing:
    label: [物, 物, Thing]
    key: code
    responsible: none
    natural_key: [team, place]
    fields:
      code: {type: text, required: true, unique: true, label: [编号, 編號, Code]}
      team: {type: reference, to: team, required: true, on_delete: refuse, label: [组, 組, Team]}
      place: {type: integer, required: true, label: [位, 位, Place]}
      lot: {type: number, pattern: "L{seq:4}", label: [批, 批, Lot]}
    rules:
      near: {check: "place < 2000", message: [太远, 太遠, too far]}
)yaml";

std::unique_ptr<board::Board> made(const std::string& path) {
    board::Board::Birth birth;
    birth.name = "ahead";
    birth.frozen_clock = *Instant::parse("2026-03-01T01:00:00Z");
    birth.model = {{"test/types/test.yaml", model_yaml}};
    auto board = board::Board::create(path, birth);
    EXPECT_TRUE(board) << text_of(board.error());
    return board ? std::move(*board) : nullptr;
}
/// The same board in a file and in the database.
struct Both {
    Both() : folder(std::filesystem::temp_directory_path() / ("yipan_ahead_test_" + std::to_string(::getpid()))), address(board_address("ahead")) {
        std::filesystem::remove_all(folder);
        std::filesystem::create_directories(folder);
        store::discard(address, store::Made::by_us);
        file = made((folder / "t.board").string());
        database = made(address);
        team = file->model()->find_type("team");
        thing = file->model()->find_type("thing");
    }
    ~Both() {
        file.reset();
        database.reset();
        store::discard(address, store::Made::by_us);
        std::filesystem::remove_all(folder);
    }
    std::filesystem::path folder;
    std::string address;
    std::unique_ptr<board::Board> file, database;
    int team = -1, thing = -1;

    static std::string text(const Checked<board::Receipt>& answer) {
        std::string out;
        if (!answer) {
            for (const Error& e : answer.error()) out += std::string(code_name(e.code)) + " " + e.where + ": " + e.message + "\n";
            return out;
        }
        out = "entries " + std::to_string(answer->first.value) + " to " + std::to_string(answer->last.value) + (answer->repeated ? ", repeated" : "") + ":";
        for (std::size_t i = 0; i < answer->records.size(); ++i) out += " " + std::to_string(answer->records[i].value) + "v" + std::to_string(answer->versions[i]);
        return out;
    }
    /// Both judge it alike, draft by draft.
    void apply(const std::vector<board::Draft>& drafts, const std::string& what) const {
        const auto here = file->apply_batch(drafts), there = database->apply_batch(drafts);
        ASSERT_EQ(here.size(), there.size());
        for (std::size_t i = 0; i < here.size(); ++i) ASSERT_EQ(text(there[i]), text(here[i])) << what << ", draft " << i;
    }
    std::string rows(board::Board& board) const {
        std::string out;
        const auto snapshot = board.snapshot();
        for (const int type : {team, thing})
            EXPECT_TRUE(snapshot->each(type, [&](const record::RecordPtr& r) {
                out += std::to_string(type) + "/" + std::to_string(r->id.value) + "v" + std::to_string(r->version) + (r->voided ? " void" : "");
                for (const record::Value& v : r->values) {
                    if (const auto* n = record::as_integer(v)) out += " " + std::to_string(*n);
                    else if (const auto* t = record::as_text(v)) out += " " + *t;
                    else out += " -";
                }
                out += "\n";
                return true;
            }));
        return out;
    }
    board::Change create(int type, std::vector<std::pair<int, record::Value>> set) const {
        board::Change c;
        c.type = type;
        c.set = std::move(set);
        return c;
    }
};
board::Draft draft_of(board::Change change) {
    board::Draft d;
    d.channel = "test";
    d.changes.push_back(std::move(change));
    return d;
}

TEST(AskedAhead, random_batches_are_judged_as_in_a_file) {
    Both both;
    std::mt19937_64 random(20261129);
    const auto upto = [&](std::int64_t n) { return std::uniform_int_distribution<std::int64_t>(1, n)(random); };
    std::vector<board::Draft> teams;
    for (int i = 1; i <= 4; ++i) teams.push_back(draft_of(both.create(both.team, {{0, "T" + std::to_string(i)}})));
    both.apply(teams, "teams");
    // Few codes and few places, so that most of what is written meets something of the same batch.
    const auto change = [&] {
        board::Change c;
        c.type = both.thing;
        const std::int64_t kind = upto(10);
        if (kind > 4) c.record = RecordId(upto(40)), c.verb = kind <= 7 ? board::Verb::amend : kind == 8 ? board::Verb::remove : kind == 9 ? board::Verb::invalidate : board::Verb::restore;
        c.note = "test";
        if (c.verb != board::Verb::create && c.verb != board::Verb::amend) return c;
        const bool is_new = c.verb == board::Verb::create;
        if (is_new || upto(2) == 1) c.set.emplace_back(0, "c" + std::to_string(upto(30)));
        if (is_new || upto(3) > 1) c.set.emplace_back(1, upto(20) == 1 ? record::Value() : record::Value(upto(5)));
        if (is_new || upto(3) > 1) c.set.emplace_back(2, upto(20) == 1 ? record::Value() : record::Value(upto(8)));
        return c;
    };
    for (int batch = 0; batch < 60; ++batch) {
        std::vector<board::Draft> drafts;
        for (std::int64_t n = upto(30); n > 0; --n) {
            board::Draft d = draft_of(change());
            for (std::int64_t more = upto(6) - 3; more > 0; --more) d.changes.push_back(change());
            if (upto(4) == 1) d.idempotency_key = "k" + std::to_string(upto(60));
            if (upto(5) == 1) d.side.push_back({"space", "key" + std::to_string(upto(5)), std::to_string(batch)});
            d.dry_run = upto(12) == 1;
            drafts.push_back(std::move(d));
        }
        both.apply(drafts, "batch " + std::to_string(batch));
        if (::testing::Test::HasFatalFailure()) return;
    }
    const std::string kept = both.rows(*both.file);
    EXPECT_EQ(both.rows(*both.database), kept);
    EXPECT_GT(std::count(kept.begin(), kept.end(), '\n'), 15) << kept;
}

// What a rule refuses takes its document number back, with a row beside the journal or without.
TEST(AskedAhead, a_refused_draft_leaves_no_gap_among_document_numbers) {
    Both both;
    both.apply({draft_of(both.create(both.team, {{0, "T"}}))}, "team");
    std::vector<board::Draft> drafts;
    for (int i = 0; i < 6; ++i) {
        drafts.push_back(draft_of(both.create(both.thing, {{0, "n" + std::to_string(i)}, {1, std::int64_t{1}}, {2, std::int64_t{i % 2 ? 5'000 : i}}})));
        if (i > 2) drafts.back().side.push_back({"space", "key", "value"});
    }
    both.apply(drafts, "every other one is refused");
    for (board::Board* board : {both.file.get(), both.database.get()}) {
        const std::string rows = both.rows(*board);
        for (const char* lot : {"L0001", "L0002", "L0003"}) EXPECT_NE(rows.find(lot), std::string::npos) << rows;
        EXPECT_EQ(rows.find("L0004"), std::string::npos) << rows;
    }
}

// More than are asked together at once, and what clashes lies far apart.
TEST(AskedAhead, long_drafts_and_long_batches) {
    Both both;
    board::Draft lone = draft_of(both.create(both.team, {{0, "T"}}));
    for (int i = 0; i < 700; ++i) lone.changes.push_back(both.create(both.thing, {{0, "a" + std::to_string(i)}, {1, std::int64_t{-1}}, {2, std::int64_t{i}}}));
    board::Draft clash = lone;
    clash.changes[650].set[0].second = "a3";
    both.apply({clash}, "the last of it is there already");
    both.apply({lone}, "one long draft");
    std::vector<board::Draft> many;
    for (int i = 0; i < 700; ++i) many.push_back(draft_of(both.create(both.thing, {{0, "b" + std::to_string(i % 690)}, {1, std::int64_t{1}}, {2, std::int64_t{1'000 + i}}})));
    both.apply(many, "one long batch");
    EXPECT_EQ(both.rows(*both.database), both.rows(*both.file));
}

// A store alone: what was asked ahead is answered without asking, until it is written or the transaction is over.
TEST(AskedAhead, answers_come_from_memory_until_something_changes_them) {
    Both both;
    ASSERT_TRUE(both.database->apply(draft_of(both.create(both.team, {{0, "A"}}))));
    ASSERT_TRUE(both.database->apply(draft_of(both.create(both.team, {{0, "B"}}))));
    const model::ModelPtr model = both.database->model();
    both.database.reset();
    auto opened = store::open(both.address, store::Access::write);
    ASSERT_TRUE(opened) << opened.error().text();
    store::Store& store = **opened;
    ASSERT_TRUE(store.use(model));
    const std::vector<int> code{0};
    const auto ids = [&](const char* text) {
        const auto found = store.find(both.team, code, {record::Value(text)}, 2);
        EXPECT_TRUE(found) << found.error().text();
        return found ? *found : std::vector<std::int64_t>{-1};
    };
    const auto ask = [&] {
        store::Questions q;
        for (const char* text : {"A", "B", "C", "E", "D'\\,{}\""}) q.finds.push_back({both.team, code, {record::Value(text)}, 2});
        q.finds.push_back({both.thing, {1, 2}, {record::Value(std::int64_t{1}), record::Value(std::int64_t{-5})}, 2});
        q.reads = {{both.team, 1}, {both.team, 2}, {both.team, 77}};
        q.receipts = {std::string("k\0\xff", 3), ""};
        const Status done = store.ask_ahead(q);
        ASSERT_TRUE(done) << done.error().text();
    };
    const auto beside = [&](const std::string& sql) {
        const auto link = side_door(both.address);
        const Status done = link->run(sql);
        ASSERT_TRUE(done) << done.error().text();
    };
    ASSERT_TRUE(store.asks_far());
    ASSERT_TRUE(store.begin());
    ask();
    beside("INSERT INTO team(id, yipan_version, yipan_position, yipan_previous, yipan_effective, code) VALUES(9, 1, 1, 0, 0, 'C')");  // nobody does; it shows who was asked
    beside("UPDATE team SET yipan_version = 5 WHERE id = 2");
    EXPECT_EQ(ids("A"), std::vector<std::int64_t>{1});
    EXPECT_EQ(ids("C"), std::vector<std::int64_t>{}) << "from memory";
    EXPECT_EQ((*store.read(both.team, 2))->version, 1) << "from memory";
    EXPECT_EQ(*store.read(both.team, 77), nullptr);
    EXPECT_FALSE(store.receipt(std::string("k\0\xff", 3))->has_value());
    // Written within a savepoint, which is taken back: what that could have changed is asked again.
    ASSERT_TRUE(store.savepoint());
    record::Record next = **store.read(both.team, 1);
    next.values[0] = "E";
    ASSERT_TRUE(store.update(next));
    EXPECT_EQ(ids("A"), std::vector<std::int64_t>{});
    EXPECT_EQ(ids("E"), std::vector<std::int64_t>{1});
    EXPECT_EQ(ids("B"), std::vector<std::int64_t>{2}) << "untouched";
    ASSERT_TRUE(store.put_receipt(std::string("k\0\xff", 3), {7, 8}));
    EXPECT_EQ(store.receipt(std::string("k\0\xff", 3))->value_or(store::RecordedReceipt{}).last, 8);
    ask();  // within it
    EXPECT_EQ(ids("A"), std::vector<std::int64_t>{});
    EXPECT_EQ((*store.read(both.team, 1))->values[0], record::Value("E"));
    ASSERT_TRUE(store.rollback_to_savepoint());
    EXPECT_EQ(ids("A"), std::vector<std::int64_t>{1}) << "what was learnt within goes with it";
    EXPECT_EQ((*store.read(both.team, 1))->values[0], record::Value("A"));
    EXPECT_FALSE(store.receipt(std::string("k\0\xff", 3))->has_value());
    store.rollback();
    EXPECT_EQ((*store.read(both.team, 2))->version, 5) << "over with the transaction";
}

// Numbers of documents go on from what the transaction has given, and are taken back with it.
TEST(AskedAhead, counters_stand_as_the_transaction_does) {
    Both both;
    both.database.reset();
    auto opened = store::open(both.address, store::Access::write);
    ASSERT_TRUE(opened);
    store::Store& store = **opened;
    ASSERT_TRUE(store.begin());
    EXPECT_EQ(store.counter("n").value_or(-1), 0);
    ASSERT_TRUE(store.set_counter("n", 1));
    ASSERT_TRUE(store.savepoint());
    ASSERT_TRUE(store.set_counter("n", 2));
    EXPECT_EQ(store.counter("n").value_or(-1), 2);
    ASSERT_TRUE(store.rollback_to_savepoint());
    EXPECT_EQ(store.counter("n").value_or(-1), 1);
    store.rollback();
    EXPECT_EQ(store.counter("n").value_or(-1), 0);
    ASSERT_TRUE(store.begin());
    ASSERT_TRUE(store.set_counter("n", 4));
    ASSERT_TRUE(store.commit());
    EXPECT_EQ(store.counter("n").value_or(-1), 4);
}

}  // namespace
}  // namespace yipan::postgres_test
