// What strangers send: slowly, too much, half, malformed, pipelined; streams that resume; shutting down while somebody
// waits; TLS of our own and by a proxy in front.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <fstream>
#include <future>
#include <thread>

#include "api/yard.h"

namespace yipan::test {
namespace {
namespace json = boost::json;
using namespace std::chrono_literals;

/// A second listener over the same service, with limits a test can reach.
std::unique_ptr<net::Server> strict(const net::Limits& limits) {
    auto server = std::move(*net::Server::open(Yard::get().service(), {"127.0.0.1", 0, 1, "", ""}, limits));
    server->start();
    return server;
}
net::Limits short_limits() {
    net::Limits l;
    l.header = 1s;
    l.body = 1s;
    l.connections_max = 8;
    return l;
}
std::string get(const std::string& path) { return "GET " + path + " HTTP/1.1\r\nHost: t\r\n\r\n"; }

TEST(Wire, AHeaderThatComesLetterByLetterIsCutOff) {
    const auto server = strict(short_limits());
    Wire wire(server->port());
    ASSERT_TRUE(wire.send("GET /healthz HT"));
    bool cut = false;
    for (int i = 0; i < 600 && !cut; ++i) cut = wire.closes(0.1) || !wire.send("T");
    EXPECT_TRUE(cut);
    server->stop();
}

TEST(Wire, ABodyThatDoesNotComeIsCutOffAndLeavesNothing) {
    const auto server = strict(short_limits());
    const std::int64_t before = Yard::get().entries();
    Wire wire(server->port());
    Ask ask = Yard::get().as("clerk", {"POST", "/b/demo/api/records/reported_fact", {{"Content-Length", "500"}}, ""});
    ASSERT_TRUE(wire.send(written(ask) + "{\"values\":"));
    EXPECT_TRUE(wire.closes(60));
    EXPECT_EQ(Yard::get().entries(), before);
    server->stop();
}

TEST(Wire, ATooLargeHeaderIs431ATooLongAddress414) {
    const int port = Yard::get().port();
    auto reply = ask(port, {"GET", "/healthz", {{"X-Large", std::string(20'000, 'x')}}, ""});
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 431);
    reply = ask(port, {"GET", "/b/demo/" + std::string(9'000, 'a'), {}, ""});
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 414);
}

TEST(Wire, ATooLargeBodyIs413WithoutBeingRead) {
    Yard& yard = Yard::get();
    Wire wire(yard.port());
    Ask ask = yard.as("clerk", {"POST", "/b/demo/api/records/reported_fact", {{"Content-Length", "3000000000"}}, ""});
    ASSERT_TRUE(wire.send(written(ask)));
    const auto reply = wire.reply(5);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 413);
    EXPECT_NE(reply->body.find("limit_exceeded"), std::string::npos);
    EXPECT_NE(reply->body.find("67108864 bytes"), std::string::npos) << reply->body;
}

TEST(Wire, BodiesThatWereAnnouncedAndDoNotComeTakeNoRoomOfOthers) {
    net::Limits limits;
    limits.body_bytes_total_max = 1 << 20;
    const auto server = strict(limits);
    Yard& yard = Yard::get();
    // A stranger is told at once, with nothing read of what he announced.
    Wire stranger(server->port());
    ASSERT_TRUE(stranger.send("POST /b/demo/api/imports HTTP/1.1\r\nHost: t\r\nContent-Length: 67108864\r\n\r\n"));
    const auto refused = stranger.reply(5);
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->status, 401);
    // Somebody known announces all the room there is, three times.
    std::vector<std::unique_ptr<Wire>> held;
    for (int i = 0; i < 3; ++i) {
        held.push_back(std::make_unique<Wire>(server->port()));
        ASSERT_TRUE(held.back()->send(written(yard.as("clerk", {"POST", "/b/demo/api/records/reported_fact", {{"Content-Length", "1048576"}}, ""}))));
    }
    const auto other = ask(server->port(), {"POST", "/b/demo/api/session", {{"Content-Type", "application/json"}}, R"({"account":"nobody-here","password":"whatever it may be"})"});
    ASSERT_TRUE(other);
    EXPECT_EQ(other->status, 401) << "asked and answered: " << other->body;
    held.clear();
    server->stop();
}

TEST(Wire, ABodyBeyondTheRoomOfAllIs503) {
    net::Limits limits;
    limits.body_bytes_total_max = 64 * 1024;
    const auto server = strict(limits);
    Wire wire(server->port());
    ASSERT_TRUE(wire.send(written(Yard::get().as("clerk", {"POST", "/b/demo/api/records/reported_fact", {{"Content-Length", "500000"}}, ""}))));
    const std::string piece(16 * 1024, ' ');
    for (int i = 0; i < 20 && wire.send(piece); ++i) {}
    const auto reply = wire.reply(5);
    if (reply) {
        EXPECT_EQ(reply->status, 503);  // a reset may overtake the answer
    }
    EXPECT_EQ(ask(server->port(), {"GET", "/healthz", {}, ""})->status, 200);
    server->stop();
}

TEST(Wire, AChunkedBodyBeyondTheLimitIs413) {
    Yard& yard = Yard::get();
    Wire wire(yard.port());
    Ask ask = yard.as("clerk", {"PUT", "/b/demo/api/prefs", {{"Transfer-Encoding", "chunked"}}, ""});
    ASSERT_TRUE(wire.send(written(ask)));
    const std::string piece = "4000\r\n" + std::string(0x4000, ' ') + "\r\n";
    for (int i = 0; i < 8 && wire.send(piece); ++i) {}
    const auto reply = wire.reply(5);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 413);
}

TEST(Wire, WhatIsNotHttpIs400) {
    for (const char* text : {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "HELLO\r\n\r\n", "GET nothing HTTP/1.1\r\n\r\n", "GET /%00 HTTP/1.1\r\nHost: t\r\n\r\n",
                             "GET /a%zz HTTP/1.1\r\nHost: t\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
                             "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
        Wire wire(Yard::get().port());
        ASSERT_TRUE(wire.send(text));
        const auto reply = wire.reply();
        ASSERT_TRUE(reply) << text;
        EXPECT_EQ(reply->status, 400) << text;
        EXPECT_TRUE(wire.closes(60));
    }
}

TEST(Wire, PipelinedRequestsAreAnsweredInOrder) {
    Wire wire(Yard::get().port());
    ASSERT_TRUE(wire.send(get("/healthz") + get("/nothing") + get("/readyz") + get("/healthz")));
    for (const int status : {200, 404, 200, 200}) {
        const auto reply = wire.reply();
        ASSERT_TRUE(reply);
        EXPECT_EQ(reply->status, status);
    }
}

TEST(Wire, AHalfClosedConnectionGetsItsAnswer) {
    Wire wire(Yard::get().port());
    ASSERT_TRUE(wire.send(get("/healthz")));
    wire.end_sending();
    const auto reply = wire.reply();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 200);
    EXPECT_TRUE(wire.closes(60));
}

TEST(Wire, ConnectionsBeyondTheLimitAreClosedAndTheOthersGoOn) {
    const auto server = strict(short_limits());
    std::vector<std::unique_ptr<Wire>> held;
    for (int i = 0; i < 8; ++i) {
        held.push_back(std::make_unique<Wire>(server->port()));
        ASSERT_TRUE(held.back()->send(get("/healthz")));
        ASSERT_TRUE(held.back()->reply());
    }
    Wire ninth(server->port());
    EXPECT_TRUE(ninth.closes(60));
    ASSERT_TRUE(held.front()->send(get("/healthz")));
    EXPECT_TRUE(held.front()->reply());
    EXPECT_GE(server->counts().refused, 1);
    server->stop();
}

TEST(Wire, AnIdleConnectionIsClosedInTime) {
    net::Limits limits = short_limits();
    limits.idle = 1s;
    const auto server = strict(limits);
    Wire fresh(server->port()), used(server->port());
    (void)used.send(get("/healthz"));
    EXPECT_TRUE(used.closes(60));
    EXPECT_TRUE(fresh.closes(60));
    EXPECT_EQ(server->counts().refused, 0);
    server->stop();
}

TEST(Wire, TwoThousandIdleConnectionsAreHeldAndTheNextIsAnswered) {
    std::vector<std::unique_ptr<Wire>> idle;
    for (int i = 0; i < 2'000; ++i) {
        idle.push_back(std::make_unique<Wire>(Yard::get().port()));
        if (!idle.back()->open()) GTEST_SKIP() << "this machine gives no 2,000 sockets (ulimit -n)";
    }
    const auto reply = ask(Yard::get().port(), {"GET", "/healthz", {}, ""});
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 200);
    EXPECT_GE(Yard::get().server().counts().connections, 2'000);
    for (auto& wire : idle) {  // none of them was dropped for it
        ASSERT_TRUE(wire->send(get("/healthz")));
        ASSERT_TRUE(wire->reply(60));
    }
}

TEST(Wire, HeadAnswersTheHeaderOnly) {
    Wire wire(Yard::get().port());
    ASSERT_TRUE(wire.send("HEAD /healthz HTTP/1.1\r\nHost: t\r\n\r\n" + get("/readyz")));
    const auto head = wire.reply(3, true);
    ASSERT_TRUE(head);
    EXPECT_EQ(head->status, 200);
    EXPECT_NE(head->header("content-length"), "0");
    const auto next = wire.reply(3);
    ASSERT_TRUE(next);
    EXPECT_NE(next->body.find("ready"), std::string::npos);
}

// -- devices

TEST(Device, ShowsItsPageByACookieUntilItIsDropped) {
    Yard& yard = Yard::get();
    const std::int64_t post = yard.service().accounts().session(yard.who("clerk").cookie)->post.value;
    const Reply made = yard.answer("system", {"POST", "/b/demo/api/devices", {}, json::serialize(json::object{{"name", "会议室"}, {"post", post}})});
    ASSERT_EQ(made.status, 201) << made.body;
    const std::string token(json::parse(made.body).at("token").as_string());
    const Reply entered = yard.answer("nobody", {"POST", "/b/demo/api/device", {}, json::serialize(json::object{{"token", token}})});
    ASSERT_EQ(entered.status, 200) << entered.body;
    EXPECT_NE(entered.header("set-cookie").find("HttpOnly; SameSite=Strict"), std::string::npos);
    const std::vector<std::pair<std::string, std::string>> cookie{{"Cookie", "yipan_device=" + token}};
    EXPECT_EQ(ask(yard.port(), {"GET", "/b/demo/api/board", cookie, ""})->status, 200);
    EXPECT_EQ(ask(yard.port(), {"GET", "/b/demo/api/records/project", cookie, ""})->status, 403);
    const std::string query = R"({"asks":[]})";
    EXPECT_NE(ask(yard.port(), {"POST", "/b/demo/api/figures/query", {cookie[0], {"Content-Type", "application/json"}}, query})->status, 403);
    // A token for programs is no cookie.
    EXPECT_EQ(ask(yard.port(), {"GET", "/b/demo/api/board", {{"Cookie", "yipan_device=" + yard.who("token").token}}, ""})->status, 401);
    Wire stream(yard.port());
    ASSERT_TRUE(stream.send(written({"GET", "/b/demo/api/events", cookie, ""})));
    EXPECT_NE(stream.until("retry: 2000", 5).find("retry: 2000"), std::string::npos);
    const json::value listed = json::parse(yard.answer("security", {"GET", "/b/demo/api/devices", {}, ""}).body);
    for (const auto& d : listed.at("devices").as_array())
        if (d.at("name").as_string() == "会议室") {
            EXPECT_EQ(yard.answer("security", {"DELETE", "/b/demo/api/devices/" + std::string(d.at("id").as_string()), {}, ""}).status, 200);
        }
    EXPECT_TRUE(stream.closes(60)) << "the stream ends with the device";
    EXPECT_EQ(ask(yard.port(), {"GET", "/b/demo/api/board", cookie, ""})->status, 401);
}

// -- answers given again

TEST(Lists, AreReadAnewAfterEveryWriteAndForEveryReader) {
    Yard& yard = Yard::get();
    const std::string path = "/b/demo/api/records/reported_fact?limit=5&sort=-id&lang=en";
    const Reply first = yard.answer("clerk", {"GET", path, {}, ""}), second = yard.answer("clerk", {"GET", path, {}, ""});
    EXPECT_EQ(first.status, 200);
    EXPECT_EQ(first.body, second.body);
    EXPECT_EQ(first.header("yipan-position"), second.header("yipan-position"));
    const auto session = yard.service().accounts().session(yard.who("clerk").cookie);
    const std::int64_t organ = (*yard.service().rights().directory())->unit_of(session->post);
    for (int i = 0; i < 20; ++i) {  // one's own write is read, every time
        const std::string code = "again-" + std::to_string(i);
        const Reply made = yard.answer("clerk", {"POST", "/b/demo/api/records/reported_fact", {}, json::serialize(json::object{{"values", json::object{
            {"code", code}, {"item", code}, {"name", "x"}, {"organ", organ}, {"officer", session->post.value}, {"period", "2026H1"}, {"quantity", "1"}, {"measure", "个"}, {"source", "x"}}}})});
        ASSERT_EQ(made.status, 201) << made.body;
        const Reply list = yard.answer("clerk", {"GET", path, {}, ""});
        EXPECT_NE(list.body.find("\"" + code + "\""), std::string::npos);
        EXPECT_GE(std::atoll(list.header("yipan-position").c_str()), std::atoll(made.header("yipan-position").c_str()));
        EXPECT_NE(list.body.find("\"position\":" + list.header("yipan-position")), std::string::npos);
    }
    EXPECT_NE(yard.answer("staff", {"GET", path, {}, ""}).body, yard.answer("clerk", {"GET", path, {}, ""}).body);
}

// -- proxies

TEST(Proxy, OnlyADeclaredOneSaysWhoAsks) {
    Yard& yard = Yard::get();
    const std::string body = R"({"account":"reader","password":"a long fictional password"})";
    const auto sign_in = [&](int port) {
        return *ask(port, {"POST", "/b/demo/api/session", {{"Content-Type", "application/json"}, {"X-Forwarded-For", "203.0.113.9, 198.51.100.7"}, {"X-Forwarded-Proto", "https"}}, body});
    };
    const auto address = [&](const Reply& reply) {
        const std::string cookie = reply.header("set-cookie");
        return yard.service().accounts().session(cookie.substr(cookie.find('=') + 1, cookie.find(';') - cookie.find('=') - 1))->address;
    };
    const Reply forged = sign_in(yard.port());
    ASSERT_EQ(forged.status, 200) << forged.body;
    EXPECT_EQ(forged.header("set-cookie").find("Secure"), std::string::npos);
    EXPECT_EQ(address(forged), "127.0.0.1");
    auto server = std::move(*net::Server::open(yard.service(), {"127.0.0.1", 0, 1, "", "", {"127.0.0.1"}}));
    server->start();
    const Reply declared = sign_in(server->port());
    ASSERT_EQ(declared.status, 200) << declared.body;
    EXPECT_NE(declared.header("set-cookie").find("Secure"), std::string::npos);
    EXPECT_EQ(address(declared), "198.51.100.7") << "the one the proxy itself wrote, not what the client claimed before";
    // A proxy that adds a line instead of going on with the client's.
    const Reply two = *ask(server->port(), {"POST", "/b/demo/api/session", {{"Content-Type", "application/json"}, {"X-Forwarded-For", "203.0.113.9"}, {"X-Forwarded-For", "198.51.100.8"}}, body});
    ASSERT_EQ(two.status, 200) << two.body;
    EXPECT_EQ(address(two), "198.51.100.8");
    // What came through a proxy did not come from this machine: nobody is picked there, declared or not.
    for (const int port : {yard.port(), server->port()})
        EXPECT_EQ(ask(port, {"GET", "/b/demo/api/demo/people", {{"X-Forwarded-For", "127.0.0.1"}}, ""})->status, 404);
    server->stop();
}

// -- shutting down

class Slow final : public net::App {
  public:
    Plan plan(const net::Request&) override { return {}; }
    void handle(std::shared_ptr<const net::Request>, net::Answer answer) override { asked.set_value(std::move(answer)); }
    std::promise<net::Answer> asked;
    net::Response trouble(int status, std::size_t, const net::Request&) override {
        net::Response r;
        r.status = status;
        return r;
    }
};

TEST(Shutdown, ARequestUnderWayIsAnsweredAndIdleConnectionsEndAtOnce) {
    Slow app;
    net::Limits limits;
    limits.drain = 300s;
    auto server = std::move(*net::Server::open(app, {"127.0.0.1", 0, 1, "", ""}, limits));
    server->start();
    Wire busy(server->port()), idle(server->port());
    ASSERT_TRUE(busy.send(get("/")));
    const net::Answer answer = app.asked.get_future().get();
    std::thread stopping([&] { server->stop(); });
    EXPECT_TRUE(idle.closes(60)) << "while the other still waits";
    net::Response r;
    r.body = "late but whole";
    answer(std::move(r));
    const auto reply = busy.reply();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->body, "late but whole");
    EXPECT_EQ(reply->header("connection"), "close");
    stopping.join();
}

// -- events

std::string listen(const std::string& who, const std::string& last = {}) {
    Ask ask = Yard::get().as(who, {"GET", "/b/demo/api/events", {}, ""});
    if (!last.empty()) ask.headers.emplace_back("Last-Event-ID", last);
    return written(ask);
}
std::string fact(int n) {
    const std::string code = "sse-" + std::to_string(n);
    const Identity& clerk = Yard::get().who("clerk");
    (void)clerk;
    static const auto [post, organ] = [] {
        auto snapshot = Yard::get().board().snapshot();
        const auto session = Yard::get().service().accounts().session(Yard::get().who("clerk").cookie);
        const auto directory = Yard::get().service().rights().directory();
        return std::pair{session->post.value, (*directory)->unit_of(session->post)};
    }();
    return json::serialize(json::object{{"values", json::object{{"code", code}, {"item", code}, {"name", code}, {"organ", organ}, {"officer", post}, {"period", "2026H1"},
                                                                {"quantity", "1"}, {"measure", "个"}, {"source", "test"}}}});
}
Reply write_fact(int n) { return Yard::get().answer("clerk", {"POST", "/b/demo/api/records/reported_fact", {}, fact(n)}); }

std::string record_id(const Reply& made) { return std::to_string(json::parse(made.body).at("record").at("id").as_int64()); }

TEST(Events, AChangeReachesWhoMaySeeItAndNobodyElse) {
    Yard& yard = Yard::get();
    // A session of its own for who may not see it: when it is ended, all it was told before has come.
    const auto person = yard.service().accounts().session(yard.who("staff").cookie)->person;
    const Reply in = yard.answer("nobody", {"POST", "/b/demo/api/demo/session", {}, "{\"person\":" + std::to_string(person.value) + "}"});
    ASSERT_EQ(in.status, 200);
    const std::string cookie = in.header("set-cookie").substr(0, in.header("set-cookie").find(';')), csrf(json::parse(in.body).at("csrf").as_string());
    Wire clerk(yard.port()), staff(yard.port());
    ASSERT_TRUE(clerk.send(listen("clerk")));
    ASSERT_TRUE(staff.send(written({"GET", "/b/demo/api/events", {{"Cookie", cookie}}, ""})));
    ASSERT_NE(clerk.piece("retry: 2000\n\n").find("text/event-stream"), std::string::npos);
    ASSERT_FALSE(staff.piece("retry: 2000\n\n").empty());
    const Reply made = write_fact(1);
    ASSERT_EQ(made.status, 201) << made.body;
    std::string heard = clerk.piece("\n\n");
    while (!heard.empty() && heard.find("\"type\":\"reported_fact\",\"id\":" + record_id(made)) == std::string::npos) heard = clerk.piece("\n\n");
    EXPECT_NE(heard.find("event: change"), std::string::npos) << "it never came";
    EXPECT_NE(heard.find("id: "), std::string::npos) << heard;
    ASSERT_EQ(ask(yard.port(), {"DELETE", "/b/demo/api/session", {{"Cookie", cookie}, {"X-CSRF-Token", csrf}}, ""})->status, 204);
    const std::string other = staff.piece("event: session");
    EXPECT_FALSE(other.empty());
    EXPECT_EQ(other.find("\"type\":\"reported_fact\""), std::string::npos) << other;
}

TEST(Events, LastEventIdResumesWithoutAGap) {
    Wire first(Yard::get().port());
    ASSERT_TRUE(first.send(listen("clerk")));
    ASSERT_FALSE(first.piece("retry: 2000\n\n").empty());
    const Reply second = write_fact(2);
    ASSERT_EQ(second.status, 201);
    std::string heard = first.piece("\n\n");
    while (!heard.empty() && heard.find("\"id\":" + record_id(second)) == std::string::npos) heard = first.piece("\n\n");
    const std::size_t at = heard.find("id: ");
    ASSERT_NE(at, std::string::npos) << heard;
    const Reply third = write_fact(3), fourth = write_fact(4);
    ASSERT_EQ(third.status, 201);
    ASSERT_EQ(fourth.status, 201);
    Wire again(Yard::get().port());
    ASSERT_TRUE(again.send(listen("clerk", heard.substr(at + 4, heard.find('\n', at) - at - 4))));
    ASSERT_FALSE(again.piece("retry: 2000\n\n").empty());
    std::string missed;
    for (std::string one = again.piece("\n\n"); !one.empty(); one = again.piece("\n\n")) {
        missed += one;
        if (one.find("\"id\":" + record_id(fourth)) != std::string::npos) break;
    }
    for (const Reply* made : {&third, &fourth}) EXPECT_NE(missed.find("\"type\":\"reported_fact\",\"id\":" + record_id(*made)), std::string::npos) << missed;
    EXPECT_EQ(missed.find("\"type\":\"reported_fact\",\"id\":" + record_id(second)), std::string::npos) << "told again";
    EXPECT_EQ(missed.find("event: lost"), std::string::npos);
}

TEST(Events, WhoseNumberIsNotReachedYetIsToldThatSomethingWasLost) {
    Wire wire(Yard::get().port());
    ASSERT_TRUE(wire.send(listen("clerk", std::to_string(Yard::get().entries() + 1'000))));  // of the board before it was restored
    EXPECT_NE(wire.until("event: lost", 5).find("event: lost"), std::string::npos);
}

TEST(Events, ALockedAccountsStreamEnds) {
    Yard& yard = Yard::get();
    auto& accounts = yard.service().accounts();
    const auto link = accounts.add({}, "followed", accounts.session(yard.who("clerk").cookie)->person, "");
    std::string name;
    ASSERT_TRUE(link && accounts.set_password_by_link(*link, "a long fictional password", name));
    const Reply in = yard.answer("nobody", {"POST", "/b/demo/api/session", {}, R"({"account":"followed","password":"a long fictional password"})"});
    ASSERT_EQ(in.status, 200) << in.body;
    Wire wire(yard.port());
    ASSERT_TRUE(wire.send(written({"GET", "/b/demo/api/events", {{"Cookie", in.header("set-cookie").substr(0, in.header("set-cookie").find(';'))}}, ""})));
    wire.until("retry: 2000\n\n", 5);
    ASSERT_EQ(yard.answer("security", {"PATCH", "/b/demo/api/accounts/followed", {}, R"({"locked":true})"}).status, 200);
    ASSERT_EQ(write_fact(5).status, 201);
    const std::string heard = wire.until("event: session", 10);
    EXPECT_NE(heard.find("event: session"), std::string::npos) << heard;
    EXPECT_EQ(heard.find("event: change"), std::string::npos) << "nothing is told after the lock: " << heard;
    EXPECT_TRUE(wire.closes(5));
}

TEST(Events, WhoIsTooFarBehindIsToldThatSomethingWasLost) {
    Wire wire(Yard::get().port());
    ASSERT_TRUE(wire.send(listen("clerk", "1")));
    EXPECT_NE(wire.until("event: lost", 5).find("event: lost"), std::string::npos);
}

TEST(Events, SigningOutEndsTheStream) {
    Yard& yard = Yard::get();
    const auto person = yard.service().accounts().session(yard.who("clerk").cookie)->person;
    const Reply in = yard.answer("nobody", {"POST", "/b/demo/api/demo/session", {}, "{\"person\":" + std::to_string(person.value) + "}"});
    ASSERT_EQ(in.status, 200);
    const std::string cookie = in.header("set-cookie").substr(0, in.header("set-cookie").find(';'));
    const std::string csrf(json::parse(in.body).at("csrf").as_string());
    Wire wire(yard.port());
    ASSERT_TRUE(wire.send(written({"GET", "/b/demo/api/events", {{"Cookie", cookie}}, ""})));
    wire.until("retry:", 3);
    const auto out = ask(yard.port(), {"DELETE", "/b/demo/api/session", {{"Cookie", cookie}, {"X-CSRF-Token", csrf}}, ""});
    ASSERT_TRUE(out);
    EXPECT_EQ(out->status, 204);
    const std::string last = wire.until("event: session", 5);
    EXPECT_NE(last.find("event: session"), std::string::npos) << last;
    EXPECT_TRUE(wire.closes(3));
}

// -- headers and metrics

TEST(Headers, ThePageAndTheApiSayWhatMayRunThere) {
    const auto page = ask(Yard::get().port(), {"GET", "/b/demo/", {}, ""});
    ASSERT_TRUE(page);
    const std::string policy = page->header("content-security-policy");
    EXPECT_NE(policy.find("default-src 'self'"), std::string::npos);
    EXPECT_EQ(policy.find("unsafe"), std::string::npos) << policy;
    EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos);
    const auto api = ask(Yard::get().port(), {"GET", "/b/demo/api/session", {}, ""});
    ASSERT_TRUE(api);
    EXPECT_NE(api->header("content-security-policy").find("default-src 'none'"), std::string::npos);
    EXPECT_EQ(api->header("x-content-type-options"), "nosniff");
    EXPECT_EQ(api->header("referrer-policy"), "no-referrer");
    EXPECT_EQ(api->header("cache-control"), "no-store");
}

TEST(Headers, TheCookieIsNotForScriptsAndNotForOtherSites) {
    Yard& yard = Yard::get();
    const auto person = yard.service().accounts().session(yard.who("clerk").cookie)->person;
    const Reply in = yard.answer("nobody", {"POST", "/b/demo/api/demo/session", {}, "{\"person\":" + std::to_string(person.value) + "}"});
    const std::string cookie = in.header("set-cookie");
    EXPECT_NE(cookie.find("HttpOnly"), std::string::npos);
    EXPECT_NE(cookie.find("SameSite=Strict"), std::string::npos);
}

TEST(Metrics, AreInThePrometheusTextFormat) {
    const auto reply = ask(Yard::get().port(), {"GET", "/metrics", {}, ""});
    ASSERT_TRUE(reply);
    EXPECT_TRUE(reply->header("content-type").starts_with("text/plain; version=0.0.4"));
    std::set<std::string> typed;
    std::istringstream lines(reply->body);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("# TYPE ")) {
            const std::string name = line.substr(7, line.find(' ', 7) - 7);
            EXPECT_TRUE(typed.insert(name).second) << "declared twice: " << name;
            const std::string kind = line.substr(line.rfind(' ') + 1);
            EXPECT_TRUE(kind == "counter" || kind == "gauge") << line;
            continue;
        }
        const std::string name = line.substr(0, line.find_first_of("{ "));
        EXPECT_TRUE(typed.contains(name)) << line;
        const std::string value = line.substr(line.rfind(' ') + 1);
        EXPECT_EQ(value.find_first_not_of("0123456789"), std::string::npos) << line;
    }
    EXPECT_GE(typed.size(), 4U);
}

TEST(Metrics, HowManyEntriesThereAreIsToldToThisMachineAndToWhoIsSignedInOnly) {
    const auto told = [](std::vector<std::pair<std::string, std::string>> headers) {
        const auto reply = ask(Yard::get().port(), {"GET", "/metrics", std::move(headers), ""});
        EXPECT_TRUE(reply && reply->status == 200);
        EXPECT_NE(reply->body.find("yipan_requests_total{"), std::string::npos);
        return reply->body.find("journal_position") != std::string::npos;
    };
    const std::pair<std::string, std::string> away{"X-Forwarded-For", "203.0.113.9"};  // through a proxy: not from here
    EXPECT_TRUE(told({}));
    EXPECT_FALSE(told({away}));
    EXPECT_FALSE(told({away, {"Authorization", "Bearer yp_nobody"}}));
    EXPECT_TRUE(told({away, {"Authorization", "Bearer " + Yard::get().who("token").token}}));
    EXPECT_FALSE(told({away, {"Authorization", "Bearer " + Yard::get().who("wall").token}})) << "a device on the wall is nobody";
    EXPECT_FALSE(told({away, {"Cookie", "yipan_device=" + Yard::get().who("wall").token}}));
    EXPECT_TRUE(told({away, {"Cookie", "yipan_session=" + Yard::get().who("clerk").cookie}}));
}

// -- repeating, at the same time

TEST(Idempotency, TheSameKeyFromManyAtOnceWritesOnce) {
    Yard& yard = Yard::get();
    const std::int64_t before = yard.entries();
    std::vector<std::thread> threads;
    std::atomic<int> created{0}, repeated{0};
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&] {
            const Reply reply = yard.answer("clerk", {"POST", "/b/demo/api/records/reported_fact", {{"Idempotency-Key", "eight"}}, fact(100)});
            if (reply.status == 201) ++created;
            if (reply.body.find("\"repeated\":true") != std::string::npos) ++repeated;
        });
    for (auto& t : threads) t.join();
    EXPECT_EQ(created, 8);
    EXPECT_EQ(repeated, 7);
    EXPECT_EQ(yard.entries() - before, 1);
}

// -- TLS

bool has_program(const std::string& name) { return std::system(("command -v " + name + " > /dev/null 2>&1").c_str()) == 0; }
std::string output_of(const std::string& command) {
    std::string out;
    FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
    char piece[4096];
    while (const std::size_t n = std::fread(piece, 1, sizeof piece, pipe)) out.append(piece, n);
    ::pclose(pipe);
    return out;
}
struct Certificate {
    std::string file, key;
};
Certificate certificate() {
    const std::string base = (Yard::get().folder / "tls").string();
    static const bool made = std::system(("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -keyout " + base + ".key -out " + base + ".crt > /dev/null 2>&1").c_str()) == 0;
    return made ? Certificate{base + ".crt", base + ".key"} : Certificate{};
}

TEST(Tls, TheServersOwnCertificateIsSpokenAndOldVersionsAreNot) {
    if (!has_program("openssl") || !has_program("curl")) GTEST_SKIP() << "openssl or curl is missing (tools/packages.txt)";
    const Certificate c = certificate();
    ASSERT_FALSE(c.file.empty());
    auto server = std::move(*net::Server::open(Yard::get().service(), {"127.0.0.1", 0, 1, c.file, c.key}));
    server->start();
    const std::string address = "https://127.0.0.1:" + std::to_string(server->port());
    const std::string good = output_of("curl -sS -i --cacert " + c.file + " " + address + "/b/demo/api/session");
    EXPECT_NE(good.find("HTTP/1.1 200"), std::string::npos) << good;
    const std::string old = output_of("curl -sS -i --tls-max 1.1 --cacert " + c.file + " " + address + "/healthz");
    EXPECT_EQ(old.find("HTTP/1.1 200"), std::string::npos) << old;
    // A stranger who never says hello does not hold the server.
    Wire plain(server->port());
    plain.send(get("/healthz"));
    EXPECT_TRUE(plain.closes(60));
    EXPECT_NE(output_of("curl -sS --cacert " + c.file + " " + address + "/healthz").find("ok"), std::string::npos);
    server->stop();
}

TEST(Tls, AWrongCertificateOrKeyIsNamedWhenTheServerOpens) {
    const auto missing = net::Server::open(Yard::get().service(), {"127.0.0.1", 0, 1, "/nothing.crt", "/nothing.key"});
    ASSERT_FALSE(missing.has_value());
    EXPECT_EQ(missing.error().where, "/nothing.crt");
    EXPECT_FALSE(net::Server::open(Yard::get().service(), {"127.0.0.1", 0, 1, "/nothing.crt", ""}).has_value());
}

TEST(Proxy, NginxInFrontSpeaksTlsAndPassesEventsOn) {
    const std::string nginx = has_program("nginx") ? "nginx" : has_program("/usr/sbin/nginx") ? "/usr/sbin/nginx" : "";
    if (nginx.empty() || !has_program("openssl") || !has_program("curl")) GTEST_SKIP() << "nginx, openssl or curl is missing (tools/packages.txt)";
    const Certificate c = certificate();
    ASSERT_FALSE(c.file.empty());
    Yard& yard = Yard::get();
    const std::string folder = (yard.folder / "nginx").string();
    std::filesystem::create_directories(folder);
    auto behind = std::move(*net::Server::open(yard.service(), {"127.0.0.1", 0, 1, "", "", {"127.0.0.1"}}));
    behind->start();
    // Below the ports a system hands out by itself; another one when somebody has it.
    pid_t child = -1;
    std::string base, answer;
    for (int attempt = 0; attempt < 5; ++attempt) {
        const int port = 20'000 + static_cast<int>((::getpid() + attempt * 997) % 12'000);
        // As docs/serving.md shows it.
        std::ofstream(folder + "/nginx.conf") << "daemon off; pid " << folder << "/pid; error_log " << folder << "/error.log; worker_processes 1;\n"
            << "events { worker_connections 64; }\nhttp { access_log off; client_body_temp_path " << folder << "/b; proxy_temp_path " << folder << "/p; fastcgi_temp_path " << folder
            << "/f; uwsgi_temp_path " << folder << "/u; scgi_temp_path " << folder << "/s;\nserver { listen 127.0.0.1:" << port << " ssl;\nssl_certificate " << c.file << ";\nssl_certificate_key " << c.key
            << ";\nclient_max_body_size 64m;\nlocation / { proxy_pass http://127.0.0.1:" << behind->port()
            << ";\nproxy_http_version 1.1;\nproxy_set_header Host $host;\nproxy_set_header Connection \"\";\nproxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\nproxy_set_header X-Forwarded-Proto $scheme;\nproxy_buffering off;\nproxy_read_timeout 120s; } } }\n";
        child = ::fork();
        if (child == 0) {
            ::execlp(nginx.c_str(), "nginx", "-c", (folder + "/nginx.conf").c_str(), "-e", (folder + "/error.log").c_str(), nullptr);
            ::_exit(127);
        }
        base = "curl -sS -i --cacert " + c.file + " https://127.0.0.1:" + std::to_string(port);
        for (int i = 0; i < 600 && child > 0 && answer.find("HTTP/1.1 200") == std::string::npos; ++i) {
            std::this_thread::sleep_for(100ms);
            answer = output_of(base + "/b/demo/api/session");
            if (::waitpid(child, nullptr, WNOHANG) != 0) child = -1;  // it could not listen there
        }
        if (child > 0) break;
    }
    ASSERT_GT(child, 0) << "nginx does not stay";
    EXPECT_NE(answer.find("HTTP/1.1 200"), std::string::npos) << answer;
    EXPECT_NE(answer.find("\"signed_in\":false"), std::string::npos);
    const std::string events = output_of(base + "/b/demo/api/events -N --max-time 2 -H 'Cookie: yipan_session=" + yard.who("clerk").cookie + "'");
    EXPECT_NE(events.find("retry: 2000"), std::string::npos) << events;
    const std::string refused = output_of(base + "/b/demo/api/records/project -X POST -H 'Cookie: yipan_session=" + yard.who("clerk").cookie + "' -d '{}'");
    EXPECT_NE(refused.find("HTTP/1.1 403"), std::string::npos) << refused;
    const std::string entered = output_of(base + R"(/b/demo/api/session -H 'Content-Type: application/json' -d '{"account":"reader","password":"a long fictional password"}')");
    EXPECT_NE(entered.find("; Secure"), std::string::npos) << "TLS was spoken in front: " << entered;
    ::kill(child, SIGTERM);
    int status = 0;
    ::waitpid(child, &status, 0);
    behind->stop();
}

}  // namespace
}  // namespace yipan::test
