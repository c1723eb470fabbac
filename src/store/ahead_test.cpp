// Answers kept ahead are dropped by exactly what could change them.
#include "store/ahead.h"

#include <gtest/gtest.h>

namespace yipan::store {
namespace {
using record::Value;

record::Record row(int type, std::int64_t id, std::vector<Value> values) {
    record::Record r;
    r.type = type;
    r.id = RecordId(id);
    r.values = std::move(values);
    return r;
}
const std::vector<int> code{0}, pair{1, 2};

TEST(Ahead, knows_what_it_was_told_and_nothing_else) {
    Ahead ahead;
    EXPECT_EQ(ahead.find(0, code, {Value("a")}, 2), nullptr);
    ahead.found({0, code, {Value("a")}, 2}, {});
    ahead.found({0, pair, {Value("x"), Value(std::int64_t{7})}, 2}, {3, 4});
    ASSERT_NE(ahead.find(0, code, {Value("a")}, 2), nullptr);
    EXPECT_TRUE(ahead.find(0, code, {Value("a")}, 2)->empty()) << "that there is none is an answer";
    EXPECT_EQ(*ahead.find(0, pair, {Value("x"), Value(std::int64_t{7})}, 2), (std::vector<std::int64_t>{3, 4}));
    EXPECT_EQ(ahead.find(0, code, {Value("a")}, 3), nullptr) << "another limit, another question";
    EXPECT_EQ(ahead.find(1, code, {Value("a")}, 2), nullptr);
    EXPECT_EQ(ahead.find(0, {1}, {Value("a")}, 2), nullptr);
    EXPECT_EQ(ahead.find(0, pair, {Value("x"), Value("7")}, 2), nullptr) << "a number is no text";
    EXPECT_EQ(ahead.read(0, 3), nullptr) << "found, not read";
    ahead.read(0, 9, nullptr);
    ASSERT_NE(ahead.read(0, 9), nullptr);
    EXPECT_EQ(*ahead.read(0, 9), nullptr) << "known not to exist";
    ahead.clear();
    EXPECT_EQ(ahead.find(0, code, {Value("a")}, 2), nullptr);
    EXPECT_EQ(ahead.read(0, 9), nullptr);
}

TEST(Ahead, values_that_join_to_the_same_text_are_different_questions) {
    Ahead ahead;
    ahead.found({0, {0, 1}, {Value("a"), Value("1:b")}, 2}, {1});
    EXPECT_EQ(ahead.find(0, {0, 1}, {Value("a1:"), Value("b")}, 2), nullptr);
    EXPECT_EQ(ahead.find(0, {0, 1}, {Value("a1:1:1"), Value("b")}, 2), nullptr);
    EXPECT_NE(ahead.find(0, {0, 1}, {Value("a"), Value("1:b")}, 2), nullptr);
}

TEST(Ahead, what_is_written_drops_what_it_leaves_and_what_it_enters) {
    Ahead ahead;
    ahead.found({0, code, {Value("old")}, 2}, {5});
    ahead.found({0, code, {Value("new")}, 2}, {});
    ahead.found({0, code, {Value("other")}, 2}, {6});
    ahead.found({0, pair, {Value("p"), Value("q")}, 2}, {});
    ahead.read(0, 5, std::make_shared<record::Record>(row(0, 5, {Value("old"), {}, {}})));
    ahead.read(0, 6, std::make_shared<record::Record>(row(0, 6, {Value("other"), {}, {}})));
    ahead.written(row(0, 5, {Value("new"), Value("p"), Value("q")}));
    EXPECT_EQ(ahead.find(0, code, {Value("old")}, 2), nullptr);
    EXPECT_EQ(ahead.find(0, code, {Value("new")}, 2), nullptr);
    EXPECT_EQ(ahead.find(0, pair, {Value("p"), Value("q")}, 2), nullptr);
    EXPECT_EQ(ahead.read(0, 5), nullptr);
    EXPECT_NE(ahead.find(0, code, {Value("other")}, 2), nullptr);
    EXPECT_NE(ahead.read(0, 6), nullptr);
    ahead.written(row(1, 6, {Value("other"), {}, {}}));
    EXPECT_NE(ahead.find(0, code, {Value("other")}, 2), nullptr) << "a record of another type";
    ahead.erased(0, 6);
    EXPECT_EQ(ahead.find(0, code, {Value("other")}, 2), nullptr);
    EXPECT_EQ(ahead.read(0, 6), nullptr);
}

TEST(Ahead, receipts) {
    Ahead ahead;
    EXPECT_EQ(ahead.receipt("k"), nullptr);
    ahead.receipt("k", std::nullopt);
    ahead.receipt("l", RecordedReceipt{3, 4});
    ASSERT_NE(ahead.receipt("k"), nullptr);
    EXPECT_FALSE(ahead.receipt("k")->has_value());
    EXPECT_EQ(ahead.receipt("l")->value().last, 4);
    ahead.receipt_written("k");
    EXPECT_EQ(ahead.receipt("k"), nullptr);
    EXPECT_NE(ahead.receipt("l"), nullptr);
}

}  // namespace
}  // namespace yipan::store
