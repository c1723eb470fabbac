// Several processes on one database (decision 0042): a board that follows another's writing, and requests that are taken to
// the one that writes. Both sides run in this process, each with a board, a service and listeners of its own.
#include <condition_variable>
#include <mutex>
#include <thread>

#include "access/secret.h"
#include "api/front.h"
#include "net/server.h"
#include "small_board.h"

namespace yipan::postgres_test {
namespace {
using namespace std::chrono_literals;

std::string dump(board::Board& board) {
    std::string out;
    EXPECT_TRUE(board.dump([&](std::string_view line) { out.append(line).append("\n"); }));
    return out;
}
std::unique_ptr<board::Board> follower_of(const std::string& address) {
    board::Options how;
    how.follow = true;
    auto opened = board::Board::open(address, how);
    EXPECT_TRUE(opened) << (opened ? "" : text_of(opened.error()));
    return opened ? std::move(*opened) : nullptr;
}
board::Draft many(const SmallBoard& small, std::int64_t from, std::int64_t n) {
    board::Draft draft = small.payment(from);
    const board::Change one = draft.changes.front();
    for (std::int64_t i = 1; i < n; ++i) draft.changes.push_back(one);
    return draft;
}

TEST(Follow, whoever_asks_a_reader_is_shown_what_another_process_has_written) {
    SmallBoard small("follow");
    const auto reader = follower_of(small.address);
    ASSERT_TRUE(reader);
    EXPECT_TRUE(reader->read_only());
    EXPECT_FALSE(reader->apply(small.payment(1))) << "it does not write";
    const int payment = small.board->model()->find_type("payment");
    for (int i = 0; i < 20; ++i) {
        const auto done = small.board->apply(small.payment(i));
        ASSERT_TRUE(done);
        const auto seen = reader->snapshot();
        EXPECT_EQ(seen->position(), done->last);
        EXPECT_EQ(seen->count(payment, "").value_or(-1), i + 1);
        figure::Ask ask;
        ask.figure = small.board->model()->find_figure(small.board->model()->figures.front().code);
        EXPECT_EQ(seen->figure(ask).number.units, small.board->snapshot()->figure(ask).number.units);
    }
    EXPECT_EQ(dump(*reader), dump(*small.board));
}

// Postings move from the tail into runs, and runs into larger ones, while somebody follows.
TEST(Follow, figures_stay_whole_when_the_writer_sorts_postings_into_runs) {
    SmallBoard small("follow_runs");
    const auto reader = follower_of(small.address);
    ASSERT_TRUE(reader);
    const auto runs = [&] { return side_door(small.address)->ask("SELECT count(*) FROM yipan_run")->integer(0, 0); };
    for (int i = 0; i < 12; ++i) {
        ASSERT_TRUE(small.board->apply(many(small, i, 800)));
        ASSERT_EQ(reader->snapshot()->position(), small.board->snapshot()->position());
    }
    ASSERT_TRUE(small.board->apply(small.payment(1)));
    EXPECT_GT(runs(), 0);
    EXPECT_EQ(dump(*reader), dump(*small.board));
}

TEST(Follow, another_model_and_much_at_once_are_taken_in) {
    SmallBoard small("follow_model");
    const auto reader = follower_of(small.address);
    ASSERT_TRUE(reader);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(small.board->apply(many(small, i, 9'000)));  // more than is told record by record
    EXPECT_EQ(reader->snapshot()->position(), small.board->snapshot()->position());
    board::ModelChange change;
    change.files = property::tiny_model();
    for (auto& file : change.files)
        if (const std::size_t at = file.text.find("payee"); at != std::string::npos && file.text.find("label", at) != std::string::npos) file.text += "\n# another text, the same shape\n";
    const auto changed = small.board->change_model(change);
    if (changed) {
        const auto seen = reader->snapshot();
        EXPECT_EQ(seen->position(), small.board->snapshot()->position());
    }
    EXPECT_EQ(dump(*reader), dump(*small.board));
}

TEST(Follow, who_waits_to_be_told_is_told_records_figures_and_what_lies_beside) {
    SmallBoard small("follow_told");
    std::mutex mutex;
    std::condition_variable news;
    std::vector<board::Shown> told;
    const auto reader = follower_of(small.address);
    ASSERT_TRUE(reader);
    reader->subscribe([&](const board::Shown& shown) {
        const std::lock_guard lock(mutex);
        told.push_back(shown);
        news.notify_all();
    });
    const auto until = [&](const auto& there) {
        std::unique_lock lock(mutex);
        return news.wait_for(lock, 30s, [&] { return std::any_of(told.begin(), told.end(), there); });
    };
    const auto done = small.board->apply(small.payment(5));
    ASSERT_TRUE(done);
    EXPECT_TRUE(until([&](const board::Shown& s) {
        return s.position == done->last && !s.figures.empty() && s.records.size() == 1 && s.records[0].record == done->records[0] && s.records[0].verb == board::Verb::create;
    }));
    board::Draft beside;
    beside.channel = "test";
    beside.side = {{"space", "key", "value"}};
    ASSERT_TRUE(small.board->apply(beside));
    EXPECT_TRUE(until([&](const board::Shown& s) { return s.position == done->last && s.records.empty(); })) << "a row beside the journal moves no position, and is news all the same";
    EXPECT_EQ(reader->snapshot()->side("space", "key")->value_or(""), "value");
    reader->subscribe({});
}

// One side: a board, its service, a front with a door for the other.
class Side {
  public:
    Side(std::unique_ptr<board::Board> b, const std::string& address, std::chrono::milliseconds patience) : board(std::move(b)), front({address, [this] { ++looked; }, patience, 300ms}) {
        api::Settings settings;
        settings.code = "t";
        service = std::move(*api::Service::open(*board, std::move(settings)));
        (void)service->shared_secret();
        front.seat(*service, !board->read_only());
        outer = std::move(*net::Server::open(front, {"127.0.0.1", 0, 1, "", ""}));
        door = std::move(*net::Server::open(front.inner_door(), {"127.0.0.1", 0, 1, "", ""}));
        service->settings().later = [this](std::function<void()> what) { outer->later(std::move(what)); };
        outer->start();
        door->start();
        if (!board->read_only()) board->announce(api::announced("http://people.example/", "127.0.0.1:" + std::to_string(door->port())));
    }
    ~Side() {
        service->stop();
        front.stop();
        outer->stop();
        door->stop();
        service->leave();
    }
    net::Response ask(net::Server& at, const std::string& method, const std::string& target, const std::string& body = "", const std::vector<std::pair<std::string, std::string>>& headers = {}) {
        net::Request request;
        request.method = method;
        request.target = target;
        if (!body.empty()) request.headers.emplace_back("content-type", "application/json");
        request.body = body;
        net::Response answer;
        const auto outcome = net::Carrier().carry("http://127.0.0.1:" + std::to_string(at.port()), request, headers, false, {}, answer);
        EXPECT_EQ(outcome, net::Carrier::Outcome::answered);
        return answer;
    }
    std::unique_ptr<board::Board> board;
    std::atomic<int> looked{0};
    api::Front front;
    std::unique_ptr<api::Service> service;
    std::unique_ptr<net::Server> outer, door;
};
std::string header(const net::Response& r, std::string_view name) {
    for (const auto& [n, v] : r.headers)
        if (n == name) return v;
    return "";
}
const char* const nobody = R"({"account":"nobody","password":"nothing at all here"})";

TEST(Front, what_writes_goes_to_the_writer_and_reads_stay) {
    SmallBoard small("front");
    Side writer(std::move(small.board), small.address, 8s);
    Side reader(follower_of(small.address), small.address, 8s);
    EXPECT_EQ(reader.ask(*reader.outer, "GET", "/healthz").status, 200);
    EXPECT_EQ(reader.front.counts().carried, 0);
    const net::Response signing_in = reader.ask(*reader.outer, "POST", "/b/t/api/session", nobody);
    EXPECT_EQ(signing_in.status, 401) << signing_in.body;
    EXPECT_EQ(header(signing_in, "Yipan-Position"), "") << "a stranger is told no position";
    EXPECT_EQ(header(signing_in, "Yipan-Written"), "") << "what the writer tells goes no further";
    EXPECT_EQ(reader.front.counts().carried, 1);
    EXPECT_EQ(reader.ask(*reader.outer, "GET", "/b/t/api/records/payment").status, 401) << "who asks is looked at here as well";
    EXPECT_EQ(reader.front.counts().carried, 1);
}

TEST(Front, the_inner_door_answers_processes_of_the_board_only) {
    SmallBoard small("front_door");
    Side writer(std::move(small.board), small.address, 8s);
    Side reader(follower_of(small.address), small.address, 8s);
    EXPECT_EQ(writer.ask(*writer.door, "POST", "/b/t/api/session", nobody).status, 403) << "unsigned";
    const std::string said = std::to_string(access::unix_now()) + " 10.9.8.7 plain here";
    EXPECT_EQ(writer.ask(*writer.door, "GET", "/b/t/api/session", "", {{"yipan-carried", said + " " + std::string(64, 'a')}}).status, 403) << "signed by somebody else";
    // Two who take each other for the writer do not hand a request to and fro.
    const net::Response turned = reader.ask(*reader.door, "POST", "/b/t/api/session", nobody, {{"yipan-carried", said + " " + std::string(64, 'a')}});
    EXPECT_EQ(turned.status, 503);
    EXPECT_EQ(header(turned, "Yipan-Not-The-Writer"), "1");
    // At the door for everybody the header means nothing.
    EXPECT_EQ(writer.ask(*writer.outer, "POST", "/b/t/api/session", nobody, {{"yipan-carried", said + " x"}}).status, 401);
}

TEST(Front, without_a_writer_a_request_waits_and_is_then_refused_with_a_sentence) {
    SmallBoard small("front_alone");
    auto reading = follower_of(small.address);
    { Side former(std::move(small.board), small.address, 1s); }  // made the secret, announced itself, and is gone
    Side reader(std::move(reading), small.address, 400ms);
    const net::Response refused = reader.ask(*reader.outer, "POST", "/b/t/api/session", nobody);
    EXPECT_EQ(refused.status, 503);
    EXPECT_NE(refused.body.find("no process that writes this board could be reached"), std::string::npos) << refused.body;
    EXPECT_EQ(header(refused, "Retry-After"), "2");
    EXPECT_GT(reader.looked, 0) << "whether it may be taken over is looked at at once";
    EXPECT_EQ(reader.ask(*reader.outer, "GET", "/healthz").status, 200) << "reading goes on";
}

TEST(Front, a_request_that_waits_is_answered_by_whoever_writes_next) {
    SmallBoard small("front_next");
    auto reading = follower_of(small.address);
    { Side former(std::move(small.board), small.address, 1s); }
    Side reader(std::move(reading), small.address, 20s);
    net::Response answer;
    std::thread asking([&] { answer = reader.ask(*reader.outer, "POST", "/b/t/api/session", nobody, {{"idempotency-key", "k"}}); });
    while (reader.looked == 0) std::this_thread::sleep_for(5ms);
    auto next = board::Board::open(small.address);
    ASSERT_TRUE(next) << text_of(next.error());
    Side writer(std::move(*next), small.address, 8s);
    asking.join();
    EXPECT_EQ(answer.status, 401) << answer.body;
}

// Every five minutes a session goes to the writer, so that it does not end as idle. Without a writer reading goes on.
TEST(Front, a_session_the_writer_should_hear_of_is_answered_here_when_there_is_no_writer) {
    SmallBoard small("front_due");
    const std::string secret = access::new_secret();
    const std::string old = std::to_string(access::unix_now() - 600);
    board::Draft draft;
    draft.channel = "test";
    draft.side = {{"session", access::secret_hash(secret), R"({"account":"","person":1,"post":0,"created":)" + old + R"(,"seen":)" + old + R"(,"agent":"","address":"","csrf":"c"})"}};
    ASSERT_TRUE(small.board->apply(draft));
    auto reading = follower_of(small.address);
    const std::pair<std::string, std::string> cookie{"cookie", "yipan_session=" + secret};
    {
        Side writer(std::move(small.board), small.address, 1s);
        Side reader(follower_of(small.address), small.address, 8s);
        EXPECT_EQ(reader.ask(*reader.outer, "GET", "/b/t/api/session", "", {cookie}).status, 200);
        EXPECT_EQ(reader.front.counts().carried, 1) << "the writer is told";
        // He answers before his row is written, and until it has come here others may be taken there as well.
        for (const auto by = std::chrono::steady_clock::now() + 20s; reader.service->accounts().due(secret) && std::chrono::steady_clock::now() < by;) std::this_thread::sleep_for(5ms);
        EXPECT_EQ(reader.ask(*reader.outer, "GET", "/b/t/api/session", "", {cookie}).status, 200);
        EXPECT_EQ(reader.front.counts().carried, 1) << "once";
    }
    auto again = board::Board::open(small.address);
    ASSERT_TRUE(again);
    ASSERT_TRUE((*again)->apply(draft));
    again->reset();
    Side reader(std::move(reading), small.address, 60s);
    const net::Response read = reader.ask(*reader.outer, "GET", "/b/t/api/session", "", {cookie});
    EXPECT_EQ(read.status, 200) << read.body;
    EXPECT_EQ(reader.front.counts().carried, 0);
    EXPECT_GT(reader.looked, 0) << "that nobody writes is looked at all the same";
}

// Who is known waits for his position (reading_test.sh); a stranger could count the entries with it.
TEST(Front, a_stranger_learns_no_position) {
    SmallBoard small("front_least");
    Side writer(std::move(small.board), small.address, 8s);
    Side reader(follower_of(small.address), small.address, 8s);
    for (Side* side : {&writer, &reader})
        for (const char* position : {"1", "1000000"}) EXPECT_EQ(side->ask(*side->outer, "GET", std::string("/readyz?min_position=") + position).status, 200) << position;
}

// A writer that was fenced out says so, to itself as well, and can go on as one that reads.
TEST(Front, a_writer_that_was_fenced_out_notices_and_reads_on) {
    SmallBoard small("front_fenced");
    ASSERT_TRUE(small.board->apply(small.payment(1)));
    EXPECT_FALSE(small.board->ousted());
    {
        const auto link = side_door(small.address);
        ASSERT_TRUE(link->run("UPDATE yipan_holder SET expires = clock_timestamp() - interval '1 second'"));
    }
    auto next = board::Board::open(small.address);
    ASSERT_TRUE(next) << text_of(next.error());
    EXPECT_FALSE(small.board->apply(small.payment(2)));
    EXPECT_TRUE(small.board->ousted());
    ASSERT_TRUE((*next)->apply(small.payment(3)));
    const auto reading = follower_of(small.address);
    ASSERT_TRUE(reading);
    EXPECT_EQ(reading->snapshot()->count(reading->model()->find_type("payment"), "").value_or(-1), 2);
}

}  // namespace
}  // namespace yipan::postgres_test
