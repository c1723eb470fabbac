// The clock and a board that rests (decision 0042, `serve --idle`): nobody asks, its connections are given back, and the next
// day is announced all the same.
#include <chrono>
#include <thread>

#include "flow/desk.h"
#include "small_board.h"

namespace yipan::postgres_test {
namespace {
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

TEST(Rest, the_clock_reaches_a_board_that_rests) {
    const std::string address = board_address("clock");
    store::discard(address, store::Made::by_us);
    {
        desk::Desk d("desk", {}, address);
        const auto day = [](const char* text) { return std::int64_t{Date::parse(text)->days}; };
        d.create("matter", {{"code", std::string("M-1")}, {"name", std::string("事")}, {"officer", d.post(1).value}, {"given", day("2026-01-05")}, {"days", std::int64_t{3}}});
        const auto door = side_door(address);  // whoever asks the board wakes it
        const auto lamps = [&] {
            const auto rows = door->ask("SELECT count(*) FROM lamp WHERE colour = 'yellow'");
            return rows ? rows->integer(0, 0) : -1;
        };
        const auto within = [](std::chrono::seconds time, const auto& holds) {
            const auto until = Clock::now() + time;
            while (!holds() && Clock::now() < until) std::this_thread::sleep_for(20ms);
            return holds();
        };
        flow::Ticker ticker(d.board());
        ticker.start(50ms);
        const auto goes_on_resting = [&] {  // a tick may still be to come; looking for midnight wakes nobody
            if (!d.board().rest(Clock::now() + 61s, 60s)) return false;
            std::this_thread::sleep_for(1s);
            return d.board().rests();
        };
        ASSERT_TRUE(within(20s, goes_on_resting)) << "it has looked at the first day, and nobody asks";
        EXPECT_EQ(lamps(), 0);
        d.clock().set(*Instant::parse("2026-01-09T02:00:00Z"));
        EXPECT_TRUE(within(20s, [&] { return lamps() == 1; })) << "the day is announced";
        ASSERT_TRUE(within(20s, goes_on_resting)) << "and it rests again";
        d.clock().set(*Instant::parse("2026-01-20T02:00:00Z"));
        EXPECT_TRUE(within(20s, [&] { return lamps() == 0; })) << "the next one as well: the lamp is red by now";
        ticker.stop();
        EXPECT_TRUE(d.board().verify().ok);
        d.close();
    }
    store::discard(address, store::Made::by_us);
}

}  // namespace
}  // namespace yipan::postgres_test
