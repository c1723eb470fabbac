// A board nobody asks holds no connection (decision 0042): counted in pg_stat_activity of a real server. Time is given, not
// waited for.
#include <cstdlib>
#include <thread>

#include "small_board.h"

namespace yipan::postgres_test {
namespace {
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// Connections made while this lives carry its name, whoever else uses the server.
class Named {
  public:
    Named() { ::setenv("PGAPPNAME", name_.c_str(), 1); }
    ~Named() { ::unsetenv("PGAPPNAME"); }
    std::int64_t open(store::postgres::Link& by) const {
        const auto rows = by.ask("SELECT count(*) FROM pg_stat_activity WHERE application_name = '" + name_ + "' AND pid <> pg_backend_pid()");
        return rows ? rows->integer(0, 0) : -1;
    }
    /// A server's process ends a moment after its client has hung up.
    bool none(store::postgres::Link& by) const {
        for (int i = 0; i < 500; ++i, std::this_thread::sleep_for(20ms))
            if (open(by) == 0) return true;
        return false;
    }

  private:
    std::string name_ = "yipan-rest-" + std::to_string(::getpid());
};
std::unique_ptr<board::Board> follower_of(const std::string& address) {
    board::Options how;
    how.follow = true;
    auto opened = board::Board::open(address, how);
    EXPECT_TRUE(opened) << (opened ? "" : text_of(opened.error()));
    return opened ? std::move(*opened) : nullptr;
}
std::int64_t count(board::Board& board) { return board.snapshot()->count(board.model()->find_type("payment"), "").value_or(-1); }
std::int64_t figure(board::Board& board) {
    figure::Ask ask;
    ask.figure = board.model()->find_figure(board.model()->figures.front().code);
    return static_cast<std::int64_t>(board.snapshot()->figure(ask).number.units);
}

TEST(Rest, a_writer_nobody_asks_holds_no_connection_and_goes_on_as_if_nothing_had_been) {
    const Named named;
    SmallBoard small("rest");
    const auto door = side_door(small.address);
    small.board->announce("http://127.0.0.1:7000/");
    ASSERT_TRUE(small.board->apply(small.payment(1)));
    EXPECT_EQ(small.payments(), 1);
    EXPECT_GE(named.open(*door), 3) << "it writes, reads runs and has shown a list";
    EXPECT_FALSE(small.board->rest(Clock::now(), 60s)) << "it was used a moment ago";
    const auto epoch = door->ask("SELECT epoch FROM yipan_holder")->integer(0, 0);
    ASSERT_TRUE(small.board->rest(Clock::now() + 61s, 60s));
    EXPECT_TRUE(small.board->rests());
    EXPECT_TRUE(named.none(*door));
    EXPECT_FALSE(small.board->ousted()) << "asked by whoever serves it, twice a second: that wakes nobody";
    EXPECT_TRUE(named.none(*door));
    {
        const auto seen = (*store::watch(small.address))->look();
        ASSERT_TRUE(seen);
        EXPECT_TRUE(seen->held && seen->resting) << "who follows leaves it alone";
        EXPECT_EQ(seen->address, "http://127.0.0.1:7000/");
        EXPECT_TRUE(seen->process.starts_with(std::to_string(::getpid()))) << seen->process;
    }
    ASSERT_TRUE(small.board->apply(small.payment(2)));
    EXPECT_FALSE(small.board->rests());
    EXPECT_EQ(small.payments(), 2);
    EXPECT_EQ(door->ask("SELECT epoch FROM yipan_holder")->integer(0, 0), epoch) << "its turn was its own all the time";
    EXPECT_FALSE(board::Board::open(small.address)) << "and is so again";
    ASSERT_TRUE(small.board->rest(Clock::now() + 61s, 60s));
    EXPECT_EQ(figure(*small.board), figure(*follower_of(small.address))) << "a question wakes it as well";
    EXPECT_FALSE(small.board->rests());
    EXPECT_TRUE(small.board->verify().ok);
}

TEST(Rest, whoever_still_reads_keeps_the_board_awake) {
    SmallBoard small("rest_read");
    ASSERT_TRUE(small.board->apply(small.payment(1)));
    auto reading = small.board->snapshot();
    EXPECT_FALSE(small.board->rest(Clock::now() + 61s, 60s));
    EXPECT_EQ(reading->count(small.board->model()->find_type("payment"), "").value_or(-1), 1);
    reading.reset();
    EXPECT_TRUE(small.board->rest(Clock::now() + 61s, 60s));
}

TEST(Rest, many_who_ask_a_resting_board_at_once_all_get_their_answer) {
    SmallBoard small("rest_many");
    std::atomic<int> right{0};
    for (int round = 0; round < 10; ++round) {
        while (!small.board->rest(Clock::now() + 61s, 60s)) {}
        std::vector<std::thread> askers;
        for (int i = 0; i < 8; ++i)
            askers.emplace_back([&, i] {
                if (i % 2 == 0)
                    right += small.board->apply(small.payment(i)).has_value();
                else
                    right += count(*small.board) >= round * 4;
            });
        (void)small.board->rest(Clock::now() + 61s, 60s);  // and somebody would have it rest meanwhile
        for (auto& a : askers) a.join();
    }
    EXPECT_EQ(right, 80);
    EXPECT_EQ(small.payments(), 40);
    EXPECT_TRUE(small.board->verify().ok);
}

TEST(Rest, who_wants_to_write_takes_a_resting_board_and_the_former_writer_notices) {
    SmallBoard small("rest_taken");
    ASSERT_TRUE(small.board->apply(small.payment(1)));
    ASSERT_TRUE(small.board->rest(Clock::now() + 61s, 60s));
    {
        auto other = board::Board::open(small.address);
        ASSERT_TRUE(other) << text_of(other.error());
        ASSERT_TRUE((*other)->apply(small.payment(2)));
    }
    const auto refused = small.board->apply(small.payment(3));
    ASSERT_FALSE(refused) << "what it has in memory is not what the board is";
    EXPECT_EQ(refused.error()[0].code, Code::busy);
    EXPECT_NE(refused.error()[0].message.find("while this one rested"), std::string::npos) << refused.error()[0].text();
    EXPECT_EQ(small.payments(), -1) << "nor does it show that";
    EXPECT_TRUE(small.board->ousted());
    small.board.reset();
    auto again = board::Board::open(small.address);
    ASSERT_TRUE(again);
    EXPECT_EQ(count(**again), 2);
}

TEST(Rest, a_resting_writer_tells_from_time_to_time_that_it_is_there) {
    const Named named;
    SmallBoard small("rest_on");
    const auto door = side_door(small.address);
    ASSERT_TRUE(small.board->rest(Clock::now() + 61s, 60s));
    const auto left = [&] { return door->ask("SELECT extract(epoch FROM expires - clock_timestamp())::bigint FROM yipan_holder")->integer(0, 0); };
    EXPECT_GT(left(), 500);
    ASSERT_TRUE(door->run("UPDATE yipan_holder SET expires = clock_timestamp() + interval '5 seconds'"));
    EXPECT_TRUE(small.board->rest(Clock::now() + 62s, 60s));
    EXPECT_LT(left(), 10) << "not each time it is asked";
    EXPECT_TRUE(small.board->rest(Clock::now() + 61s + 4min, 60s));
    EXPECT_GT(left(), 500);
    EXPECT_TRUE(named.none(*door));
    ASSERT_TRUE(door->run("UPDATE yipan_holder SET expires = clock_timestamp() - interval '1 second'"));
    EXPECT_FALSE((*store::watch(small.address))->look()->held) << "silent for longer than a rest lasts: dead";
    ASSERT_TRUE(door->run("UPDATE yipan_holder SET epoch = epoch + 1"));
    EXPECT_FALSE(small.board->ousted());
    EXPECT_TRUE(small.board->rest(Clock::now() + 61s + 8min, 60s));
    EXPECT_TRUE(small.board->ousted()) << "it learns that way that another wrote";
}

TEST(Rest, a_resting_writer_that_ends_says_so) {
    SmallBoard small("rest_end");
    ASSERT_TRUE(small.board->rest(Clock::now() + 61s, 60s));
    small.board.reset();
    EXPECT_FALSE((*store::watch(small.address))->look()->held);
}

TEST(Rest, a_reader_nobody_asks_holds_no_connection_and_shows_the_newest_when_it_is_asked) {
    const Named named;
    SmallBoard small("rest_follow");
    const auto door = side_door(small.address);
    const auto reader = follower_of(small.address);
    ASSERT_TRUE(reader);
    ASSERT_TRUE(small.board->apply(small.payment(1)));
    EXPECT_EQ(count(*reader), 1);
    ASSERT_TRUE(reader->rest(Clock::now() + 61s, 60s));
    ASSERT_TRUE(small.board->rest(Clock::now() + 61s, 60s));
    EXPECT_TRUE(named.none(*door));
    std::this_thread::sleep_for(500ms);  // what follows looks five times a second
    EXPECT_EQ(named.open(*door), 0) << "it does not look while it rests";
    EXPECT_EQ(figure(*reader), figure(*small.board)) << "nothing was written meanwhile";
    ASSERT_TRUE(reader->rest(Clock::now() + 61s, 60s));
    // More than a run of postings, so that the runs it was opened with are gone.
    for (int i = 0; i < 8; ++i) {
        board::Draft draft = small.payment(i);
        const board::Change one = draft.changes.front();
        for (int n = 1; n < 900; ++n) draft.changes.push_back(one);
        ASSERT_TRUE(small.board->apply(draft));
    }
    EXPECT_EQ(count(*reader), 7'201);
    EXPECT_EQ(figure(*reader), figure(*small.board));
}

}  // namespace
}  // namespace yipan::postgres_test
