// Lists along an order kept in memory against the same question in plain SQL, with random writes between: the same rows
// in the same order, at the position of each reader. With YIPAN_TEST_POSTGRES set the board lies in that database.
#include "board/orders.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <random>

#include "board/board.h"
#include "store/open.h"

namespace yipan::board {
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
    fields:
      code: {type: text, required: true, unique: true, label: [编号, 編號, Code]}
      size: {type: integer, label: [大小, 大小, Size]}
      word: {type: text, label: [词, 詞, Word]}
      phone: {type: text, personal: true, label: [电话, 電話, Phone]}
      team: {type: reference, to: team, on_delete: clear, label: [组, 組, Team]}
)yaml";

class OrdersTest : public ::testing::Test {
  protected:
    void SetUp() override {
        const std::string name = "yipan_orders_test_" + std::to_string(::getpid()) + "_" + ::testing::UnitTest::GetInstance()->current_test_info()->name();
        dir_ = std::filesystem::temp_directory_path() / name;
        std::filesystem::create_directories(dir_);
        const char* database = std::getenv("YIPAN_TEST_POSTGRES");
        path_ = database ? database + std::string(std::string(database).find('?') == std::string::npos ? "?" : "&") + "board=orders_test_" + std::to_string(::getpid())
                         : (dir_ / "t.board").string();
        Board::Birth birth;
        birth.name = "test";
        birth.frozen_clock = *Instant::parse("2026-03-01T01:00:00Z");
        birth.model = {{"test/types/test.yaml", model_yaml}};
        auto made = Board::create(path_, birth);
        ASSERT_TRUE(made) << text_of(made.error());
        board_ = std::move(*made);
        thing = board_->model()->find_type("thing");
        Draft teams;
        teams.channel = "test";
        for (int i = 1; i <= 3; ++i) {
            Change c;
            c.type = board_->model()->find_type("team");
            c.set.emplace_back(0, "T" + std::to_string(i));
            teams.changes.push_back(std::move(c));
        }
        ASSERT_TRUE(board_->apply(std::move(teams)));
    }
    void TearDown() override {
        board_.reset();
        if (store::is_address(path_)) store::discard(path_, store::Made::by_us);
        std::filesystem::remove_all(dir_);
    }
    int field(const char* code) const { return board_->model()->types[static_cast<std::size_t>(thing)].find(code); }
    std::int64_t upto(std::int64_t n) { return std::uniform_int_distribution<std::int64_t>(1, n)(random_); }
    void fill(Change& c) {
        static constexpr std::string_view words[] = {"", "a", "ab", "b", "B", "甲", "乙", "aa", "\xF0\x9F\x98\x80"};
        if (upto(4) > 1) c.set.emplace_back(field("size"), upto(5) == 1 ? record::Value() : record::Value(upto(12) - 6));
        if (upto(4) > 1) c.set.emplace_back(field("word"), upto(5) == 1 ? record::Value() : record::Value(std::string(words[static_cast<std::size_t>(upto(9) - 1)])));
        if (upto(4) > 1) c.set.emplace_back(field("team"), upto(5) == 1 ? record::Value() : record::Value(upto(3)));
        c.set.emplace_back(field("phone"), std::to_string(upto(9)));
    }
    /// A draft of so many random changes; what is refused was not lawful and changes nothing.
    void write(int n) {
        for (int i = 0; i < n; ++i) {
            Draft d;
            d.channel = "test";
            Change c;
            c.type = thing;
            const std::int64_t kind = upto(10);
            if (made_ < 20 || kind <= 4) {
                c.set.emplace_back(field("code"), "P" + std::to_string(++made_));
                fill(c);
            } else {
                c.record = RecordId(upto(made_));
                c.verb = kind <= 7 ? Verb::amend : kind == 8 ? Verb::remove : kind == 9 ? Verb::invalidate : Verb::restore;
                c.note = "test";
                if (c.verb == Verb::amend) fill(c);
            }
            d.changes.push_back(std::move(c));
            (void)board_->apply(std::move(d));
        }
    }
    /// Whatever is asked, both ways say the same.
    void compare(Snapshot& s) {
        for (const char* code : {"size", "word", "team", "phone"})
            for (const bool descending : {false, true})
                for (const char* filter : {"", "size > 0", "word == 'a' || team != null", "size == 3 && word == 'B'", "size > 100"}) {
                    Snapshot::Query q;
                    q.filter = filter;
                    q.order = {{field(code), descending}};
                    if (upto(2) == 1) q.order.push_back({-1, descending});
                    q.offset = upto(3) == 1 ? upto(40) : 0;
                    q.limit = upto(3) == 1 ? 500 : upto(20);
                    q.voids = upto(2) == 1 ? Voids::included : Voids::left_out;
                    q.also = upto(2) == 1 ? "t.\"id\" % ?1 <> 0" : "";
                    if (!q.also.empty()) q.also_parameters = {upto(5) + 1};
                    const auto plain = s.list(thing, q);
                    q.keep_order = true;
                    const auto kept = s.list(thing, q);
                    ASSERT_TRUE(plain && kept) << (plain ? kept : plain).error().text();
                    const auto text = [](const Snapshot::ListResult& r) {
                        std::string out = r.more ? "more:" : "end:";
                        for (const auto& row : r.rows) out += " " + std::to_string(row->id.value) + "v" + std::to_string(row->version);
                        return out;
                    };
                    ASSERT_EQ(text(*kept), text(*plain)) << code << (descending ? " descending " : " ") << filter << " offset " << q.offset << " limit " << q.limit << " at " << s.position().value;
                }
    }

    std::filesystem::path dir_;
    std::string path_;
    std::unique_ptr<Board> board_;
    int thing = -1;
    std::int64_t made_ = 0;
    std::mt19937_64 random_{20261129};
};

TEST_F(OrdersTest, say_what_plain_sql_says_with_writes_between) {
    std::unique_ptr<Snapshot> behind;
    for (int round = 0; round < 40; ++round) {
        write(round == 20 ? 700 : static_cast<int>(upto(30)));  // once more than go beside a base
        auto s = board_->snapshot();
        ASSERT_NO_FATAL_FAILURE(compare(*s));
        if (behind) {  // whoever stands before what is known by now
            ASSERT_NO_FATAL_FAILURE(compare(*behind));
        }
        behind = upto(2) == 1 ? std::move(s) : nullptr;
    }
}

TEST_F(OrdersTest, are_followed_by_the_entries_and_bounded) {
    write(300);
    auto store = store::open(path_, store::Access::read);
    ASSERT_TRUE(store);
    const auto see = [&] {
        (*store)->rollback();
        EXPECT_TRUE((*store)->begin_read());
        EXPECT_TRUE((*store)->use(board_->model()));
        return (*store)->head()->position;
    };
    const Shape shape(board_->model());
    Orders::Bounds bounds;
    bounds.orders = 2;
    bounds.changed_least = 8;
    Orders orders(bounds);
    const Orders::Key size{1, thing, field("size")}, word{1, thing, field("word")}, team{1, thing, field("team")};
    std::int64_t at = see();
    const auto first = orders.at(size, **store, at, shape);
    ASSERT_TRUE(first);
    EXPECT_EQ(orders.at(size, **store, at, shape), first) << "the same position, the same order";
    EXPECT_FALSE(orders.at(size, **store, at - 1, shape)) << "nobody before it gets it";
    write(3);
    at = see();
    const auto next = orders.at(size, **store, at, shape);
    ASSERT_TRUE(next);
    EXPECT_EQ(next->base, first->base) << "few changes lie beside the base";
    write(200);
    at = see();
    const auto anew = orders.at(size, **store, at, shape);
    ASSERT_TRUE(anew);
    EXPECT_NE(anew->base, first->base) << "many go into a new one";
    EXPECT_TRUE(anew->touched->empty());
    EXPECT_TRUE(orders.at(word, **store, at, shape) && orders.at(team, **store, at, shape));
    EXPECT_NE(orders.at(size, **store, at, shape), anew) << "the one not asked for longest went";
    orders.clear();
    EXPECT_NE(orders.at(team, **store, at, shape), nullptr);
    bounds.one = 1'000;
    Orders small(bounds);
    EXPECT_FALSE(small.at(size, **store, at, shape)) << "a larger one than is kept";
}

}  // namespace
}  // namespace yipan::board
