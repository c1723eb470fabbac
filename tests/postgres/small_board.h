#pragma once
// A small board on the test's database, gone with the object.
#include <gtest/gtest.h>

#include "board/board.h"
#include "place.h"
#include "property/shared.h"
#include "property/tiny_model.h"
#include "store/open.h"
#include "store/postgres/link.h"

namespace yipan::postgres_test {

using property::change_of;

class SmallBoard {
  public:
    explicit SmallBoard(const std::string& name) : address(board_address(name)) {
        store::discard(address, store::Made::by_us);
        board::Board::Birth birth;
        birth.name = name;
        birth.model = property::tiny_model();
        auto made = board::Board::create(address, birth);
        EXPECT_TRUE(made) << text_of(made.error());
        if (!made) return;
        board = std::move(*made);
        board::Draft ground;
        ground.channel = "test";
        ground.changes.push_back(change_of(*board->model(), "organ", {{"code", "o"}}));
        ground.changes.push_back(change_of(*board->model(), "project", {{"code", "p"}, {"organ", std::int64_t{-1}}}));
        EXPECT_TRUE(board->apply(ground));
    }
    ~SmallBoard() {
        board.reset();
        store::discard(address, store::Made::by_us);
    }
    board::Draft payment(std::int64_t amount, const std::string& key = "") const {
        board::Draft draft;
        draft.channel = "test";
        draft.idempotency_key = key;
        draft.changes.push_back(change_of(*board->model(), "payment",
                                          {{"project", std::int64_t{1}}, {"day", Date::of(2026, 1, 1)->days + amount % 200}, {"amount", amount}, {"payee", "somebody"}}));
        return draft;
    }
    std::int64_t payments() const { return board->snapshot()->count(board->model()->find_type("payment"), "").value_or(-1); }

    std::string address;
    std::unique_ptr<board::Board> board;
};

/// Another connection to the same board, beside everything the program does.
inline std::unique_ptr<store::postgres::Link> side_door(const std::string& address) {
    auto link = store::postgres::Link::open(*store::postgres::read_address(address), false);
    EXPECT_TRUE(link) << link.error().text();
    return link ? std::move(*link) : nullptr;
}

}  // namespace yipan::postgres_test
