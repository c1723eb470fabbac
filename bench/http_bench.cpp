// The API under load: a server of our own in this process and a load generator beside it, on the same cores. Writes over
// HTTP beside the same drafts given to the board without HTTP; point and figure reads beside a constant answer of the
// same size; a list with rights; subscribers. What was written is counted afterwards.
//   http_bench writes FOLDER [N]      http_bench reads FOLDER [N]
//   http_bench list FOLDER [RECORDS]  http_bench events FOLDER [SUBSCRIBERS]  http_bench memory FOLDER [USERS]
//   http_bench proof FOLDER [RECORDS]
//   http_bench forwarded YIPAN ADDRESS [N]   two server processes of one board in a database: writes at the one that writes, and
//   at the one that reads and takes them there
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "api/service.h"
#include "base/check.h"
#include "demo_board.h"
#include "net/server.h"

namespace {
using namespace yipan;
using Time = std::chrono::steady_clock;
/// What all threads of this process, load generator included, have computed so far.
double cpu_seconds() {
    timespec t{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}
double thread_seconds() {
    timespec t{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}
double since(Time::time_point t) { return std::chrono::duration<double>(Time::now() - t).count(); }

class Connection {
  public:
    explicit Connection(int port) {
        socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(static_cast<std::uint16_t>(port));
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        YIPAN_CHECK(::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
        const int one = 1;
        ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    }
    ~Connection() { ::close(socket_); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    int socket() const { return socket_; }
    void send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            YIPAN_CHECK(n > 0);
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
    }
    /// Takes what is there; the status of a whole answer, or 0 while it is not whole.
    int take(std::string* body = nullptr) {
        char piece[32 * 1024];
        const ssize_t n = ::recv(socket_, piece, sizeof piece, 0);
        YIPAN_CHECK(n > 0);
        if (buffer_.empty() && !body)  // nearly always one piece is one answer
            if (const auto [status, length] = whole({piece, static_cast<std::size_t>(n)}); status != 0 && length == static_cast<std::size_t>(n)) return status;
        buffer_.append(piece, static_cast<std::size_t>(n));
        const std::size_t end = buffer_.find("\r\n\r\n");
        if (end == std::string::npos) return 0;
        const std::size_t at = buffer_.find("Content-Length: ");
        const std::size_t length = at < end ? static_cast<std::size_t>(std::atoll(buffer_.c_str() + at + 16)) : 0;
        if (buffer_.size() < end + 4 + length) return 0;
        const int status = std::atoi(buffer_.c_str() + 9);
        if (body) *body = buffer_.substr(end + 4, length);
        buffer_.erase(0, end + 4 + length);
        return status;
    }
    int ask(std::string_view request, std::string* body = nullptr) {
        send(request);
        int status = 0;
        while (status == 0) status = take(body);
        return status;
    }

  private:
    /// The status of an answer that is whole and the bytes it takes; 0 while it is not.
    static std::pair<int, std::size_t> whole(std::string_view text) {
        const std::size_t at = text.rfind("\r\nContent-Length: ", 4'096);  // stands last
        if (at == std::string_view::npos) return {0, 0};
        const std::size_t end = text.find("\r\n\r\n", at + 2);
        if (end == std::string_view::npos) return {0, 0};
        const std::size_t bytes = end + 4 + static_cast<std::size_t>(std::atoll(text.data() + at + 18));
        return text.size() < bytes ? std::pair<int, std::size_t>{0, 0} : std::pair<int, std::size_t>{std::atoi(text.data() + 9), bytes};
    }
    int socket_ = -1;
    std::string buffer_;
};

/// `clients` keep-alive connections on one thread, each asking as soon as it was answered. Answers' times in microseconds.
template <class Request>
std::vector<double> load(int port, int clients, std::int64_t requests, int expected, const Request& request) {
    std::vector<std::unique_ptr<Connection>> connections;
    std::vector<Time::time_point> begun;
    const int ready = ::epoll_create1(EPOLL_CLOEXEC);
    YIPAN_CHECK(ready >= 0);
    for (int i = 0; i < clients; ++i) {
        connections.push_back(std::make_unique<Connection>(port));
        epoll_event wanted{};
        wanted.events = EPOLLIN;
        wanted.data.u32 = static_cast<std::uint32_t>(i);
        YIPAN_CHECK(::epoll_ctl(ready, EPOLL_CTL_ADD, connections.back()->socket(), &wanted) == 0);
        begun.push_back(Time::now());
    }
    std::int64_t sent = 0, got = 0;
    std::vector<double> times;
    times.reserve(static_cast<std::size_t>(requests));
    for (std::size_t i = 0; i < connections.size() && sent < requests; ++i) begun[i] = Time::now(), connections[i]->send(request(sent++));
    std::vector<epoll_event> events(static_cast<std::size_t>(clients));
    while (got < requests) {
        const int n = ::epoll_wait(ready, events.data(), clients, 1000);
        for (int e = 0; e < n; ++e) {
            const std::size_t i = events[static_cast<std::size_t>(e)].data.u32;
            const int status = connections[i]->take();
            if (status == 0) continue;
            YIPAN_CHECK(status == expected);
            times.push_back(since(begun[i]) * 1e6);
            ++got;
            if (sent < requests) begun[i] = Time::now(), connections[i]->send(request(sent++));
        }
    }
    ::close(ready);
    return times;
}
double percentile(std::vector<double> times, double p) {
    if (times.empty()) return 0;
    std::sort(times.begin(), times.end());
    return times[std::min(times.size() - 1, static_cast<std::size_t>(p * static_cast<double>(times.size())))];
}

/// A demo board behind a server; people signed in through it.
class Yard {
  public:
    explicit Yard(const std::string& folder, int scale = 1) : path_(folder + "/http" + (scale > 1 ? std::to_string(scale) : "") + ".board") {
        std::filesystem::create_directories(folder);
        if (scale == 1 || !std::filesystem::exists(path_)) {
            for (const char* suffix : {"", "-wal", "-shm", "-lock"}) std::filesystem::remove(path_ + suffix);
            demo::Options options;
            options.scale = scale;
            YIPAN_CHECK(app::make_demo(path_, options).has_value());
        }
        auto opened = board::Board::open(path_);
        YIPAN_CHECK(opened.has_value());
        board = std::move(*opened);
        api::Settings settings;
        settings.code = "demo";
        settings.demo_people = true;
        settings.signer = *journal::SignerKey::generate(*board->snapshot()->origin());
        service = std::move(*api::Service::open(*board, settings));
        server = std::move(*net::Server::open(*service, {"127.0.0.1", 0, 1, "", ""}));
        service->settings().later = [this](std::function<void()> what) { server->later(std::move(what)); };
        server->start();
    }
    ~Yard() {
        service->stop();
        server->stop();
    }
    /// Signs in whoever holds a post that may do with the type what is asked for.
    void enter(std::int64_t person) {
        Connection c(server->port());
        const std::string body = "{\"person\":" + std::to_string(person) + "}";
        c.send("POST /b/demo/api/demo/session HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
        char text[64 * 1024];
        std::string all;
        while (all.find("\"csrf\":\"") == std::string::npos) {
            const ssize_t n = ::recv(c.socket(), text, sizeof text, 0);
            YIPAN_CHECK(n > 0);
            all.append(text, static_cast<std::size_t>(n));
        }
        const std::size_t at = all.find("yipan_session="), csrf = all.find("\"csrf\":\"") + 8;
        cookie = all.substr(at, all.find(';', at) - at);
        head = "Cookie: " + cookie + "\r\nX-CSRF-Token: " + all.substr(csrf, all.find('"', csrf) - csrf) + "\r\n";
        post = 0;
        const auto directory = service->rights().directory();
        post = (*directory)->posts_of(RecordId(person)).front().post.value;
        unit = (*directory)->unit_of(RecordId(post));
    }
    std::string get(const std::string& path) const { return "GET /b/demo/api" + path + " HTTP/1.1\r\nHost: t\r\n" + head + "\r\n"; }
    std::string send(const std::string& path, const std::string& body) const {
        return "POST /b/demo/api" + path + " HTTP/1.1\r\nHost: t\r\n" + head + "Prefer: return=minimal\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    }
    /// Somebody who may create facts of his own post: the first person of the directory whose rights say so.
    std::int64_t clerk() {
        const auto directory = service->rights().directory();
        const int type = board->model()->find_type("reported_fact");
        for (const auto& [person, held] : (*directory)->people())
            for (const auto& h : held) {
                const auto who = service->rights().who(RecordId(person), h.post);
                if (who && held.size() == 1 && (*who)->may_ever(type, access::Action::create)) return person;
            }
        return 0;
    }

    std::string path_, head, cookie;
    std::int64_t post = 0, unit = 0;
    std::unique_ptr<board::Board> board;
    std::unique_ptr<api::Service> service;
    std::unique_ptr<net::Server> server;
};

std::string fact(const Yard& yard, const std::string& code) {
    return "{\"values\":{\"code\":\"" + code + "\",\"item\":\"" + code + "\",\"name\":\"bench\",\"organ\":" + std::to_string(yard.unit) + ",\"officer\":" + std::to_string(yard.post) +
           ",\"period\":\"2026H1\",\"quantity\":\"1\",\"measure\":\"个\",\"source\":\"bench\"}}";
}

void writes(const std::string& folder, std::int64_t n) {
    constexpr int clients = 64;
    Yard yard(folder);
    yard.enter(yard.clerk());
    const int type = yard.board->model()->find_type("reported_fact");
    const model::Type& shape = yard.board->model()->types[static_cast<std::size_t>(type)];
    const auto count = [&] { return yard.board->snapshot()->count(type, "").value_or(-1); };
    for (int run = 1; run <= 3; ++run) {
        // The same drafts by 64 threads that wait for their receipts, without HTTP and rights.
        const std::int64_t before = count();
        std::atomic<std::int64_t> next{0};
        auto begun = Time::now();
        double cpu = cpu_seconds();
        std::vector<std::thread> threads;
        for (int t = 0; t < clients; ++t)
            threads.emplace_back([&] {
                for (std::int64_t i; (i = next.fetch_add(1)) < n;) {
                    board::Draft draft;
                    draft.actor = RecordId(1);
                    draft.channel = "bench";
                    board::Change change;
                    change.type = type;
                    const auto set = [&](const char* field, record::Value v) { change.set.emplace_back(shape.find(field), std::move(v)); };
                    set("code", "d" + std::to_string(run) + "-" + std::to_string(i));
                    set("item", "d" + std::to_string(run) + "-" + std::to_string(i));
                    set("name", std::string("bench"));
                    set("organ", yard.unit);
                    set("officer", yard.post);
                    set("period", Period{PeriodKind::half, 2026, 1}.encoded());
                    set("quantity", std::int64_t{10'000});
                    set("measure", std::string("个"));
                    set("source", std::string("bench"));
                    draft.changes.push_back(std::move(change));
                    YIPAN_CHECK(yard.board->apply(std::move(draft)).has_value());
                }
            });
        for (auto& t : threads) t.join();
        const double bare = static_cast<double>(n) / since(begun), bare_cpu = (cpu_seconds() - cpu) * 1e6 / static_cast<double>(n);
        // Requests are made before: the load generator shares the cores with what is measured.
        std::vector<std::string> requests;
        for (std::int64_t i = 0; i < n; ++i) requests.push_back(yard.send("/records/reported_fact", fact(yard, "h" + std::to_string(run) + "-" + std::to_string(i))));
        begun = Time::now();
        cpu = cpu_seconds();
        const auto times = load(yard.server->port(), clients, n, 201, [&](std::int64_t i) { return std::string_view(requests[static_cast<std::size_t>(i)]); });
        const double http = static_cast<double>(n) / since(begun), http_cpu = (cpu_seconds() - cpu) * 1e6 / static_cast<double>(n);
        YIPAN_CHECK(count() == before + 2 * n);
        std::printf("write, 64 clients      HTTP %8.0f /s   board.apply %8.0f /s   %5.1f %%   p50 %6.0f us  p99 %6.0f us   CPU %5.1f and %5.1f us each\n", http, bare, 100 * http / bare, percentile(times, 0.5), percentile(times, 0.99), http_cpu, bare_cpu);
    }
}

/// `yipan serve ADDRESS` as a process of its own.
class Served {
  public:
    Served(const std::string& yipan, const std::string& address) {
        int ends[2];
        YIPAN_CHECK(::pipe2(ends, O_CLOEXEC) == 0);
        pid_ = ::fork();
        YIPAN_CHECK(pid_ >= 0);
        if (pid_ == 0) {
            ::dup2(ends[1], STDOUT_FILENO);
            ::execl(yipan.c_str(), yipan.c_str(), "serve", address.c_str(), "--port", "0", "--json", "--idle", "0", nullptr);
            ::_exit(9);
        }
        ::close(ends[1]);
        std::string said;
        char piece[4'096];
        for (ssize_t n; said.find("\"port\":") == std::string::npos && (n = ::read(ends[0], piece, sizeof piece)) > 0;) said.append(piece, static_cast<std::size_t>(n));
        ::close(ends[0]);
        port = static_cast<int>(number_after(said, "\"port\":"));
        const std::size_t path = said.find("/b/");
        YIPAN_CHECK(port > 0 && path != std::string::npos);
        api = said.substr(path, said.find('"', path) - path) + "api";
    }
    ~Served() {
        ::kill(pid_, SIGTERM);
        ::waitpid(pid_, nullptr, 0);
    }
    Served(const Served&) = delete;
    Served& operator=(const Served&) = delete;
    static std::int64_t number_after(const std::string& text, const std::string& what) {
        const std::size_t at = text.find(what);
        return at == std::string::npos ? -1 : std::atoll(text.c_str() + at + what.size());
    }
    std::int64_t metric(const std::string& name) const {
        std::string body;
        Connection c(port);
        YIPAN_CHECK(c.ask("GET /metrics HTTP/1.1\r\nHost: t\r\n\r\n", &body) == 200);
        return number_after(body, "\nyipan_" + name + " ");
    }
    int port = 0;
    std::string api;

  private:
    pid_t pid_ = -1;
};

void forwarded(const std::string& yipan, const std::string& address, std::int64_t n) {
    constexpr int clients = 64, persons = 60;
    const Served writer(yipan, address), reader(yipan, address);
    YIPAN_CHECK(writer.metric("writes_the_board") == 1 && reader.metric("writes_the_board") == 0);
    std::string head, unit, post;
    const auto request = [&](const std::string& code, bool key) {
        const std::string body = "{\"values\":{\"code\":\"" + code + "\",\"item\":\"" + code + "\",\"name\":\"bench\",\"organ\":" + unit + ",\"officer\":" + post +
                                 ",\"period\":\"2026H1\",\"quantity\":\"1\",\"measure\":\"个\",\"source\":\"bench\"}}";
        return "POST " + writer.api + "/records/reported_fact HTTP/1.1\r\nHost: t\r\n" + head + (key ? "Idempotency-Key: " + code + "\r\n" : "") +
               "Prefer: return=minimal\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    };
    bool found = false;
    for (int person = 1; person <= persons && !found; ++person) {  // somebody who may enter facts, signed in by the one that writes
        Connection c(writer.port);
        const std::string body = "{\"person\":" + std::to_string(person) + "}";
        c.send("POST " + writer.api + "/demo/session HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
        std::string all;
        char piece[16 * 1024];
        for (ssize_t got; (got = ::recv(c.socket(), piece, sizeof piece, 0)) > 0;) all.append(piece, static_cast<std::size_t>(got));
        const std::size_t cookie = all.find("yipan_session="), csrf = all.find("\"csrf\":\"");
        if (cookie == std::string::npos || csrf == std::string::npos) continue;
        head = "Cookie: " + all.substr(cookie, all.find(';', cookie) - cookie) + "\r\nX-CSRF-Token: " + all.substr(csrf + 8, all.find('"', csrf + 8) - csrf - 8) + "\r\n";
        post = std::to_string(Served::number_after(all, "\"post\":{\"id\":"));
        unit = std::to_string(Served::number_after(all, "\"unit\":{\"id\":"));
        found = Connection(writer.port).ask(request("try" + std::to_string(person), true)) == 201;
    }
    YIPAN_CHECK(found);
    const auto count = [&] {
        std::string body;
        YIPAN_CHECK(Connection(writer.port).ask("GET " + writer.api + "/records/reported_fact?filter=name%20%3D%3D%20%22bench%22&total=exact&limit=1 HTTP/1.1\r\nHost: t\r\n" + head + "\r\n", &body) == 200);
        return Served::number_after(body, "\"total\":{\"value\":");
    };
    struct Way {
        const char* name;
        const Served& at;
        bool key;
    };
    const Way ways[] = {{"direct, with a key", writer, true}, {"forwarded, with a key", reader, true}, {"direct, without", writer, false}, {"forwarded, without", reader, false}};
    for (int run = 1; run <= 3; ++run) {
        double direct = 0;
        for (const Way& way : ways) {
            std::vector<std::string> requests;
            for (std::int64_t i = 0; i < n; ++i)
                requests.push_back(request(std::string(way.key ? "k" : "n") + (&way.at == &reader ? "f" : "d") + std::to_string(run) + "-" + std::to_string(i), way.key));
            const std::int64_t carried = reader.metric("requests_carried_total"), before = count();
            const auto begun = Time::now();
            const auto times = load(way.at.port, clients, n, 201, [&](std::int64_t i) { return std::string_view(requests[static_cast<std::size_t>(i)]); });
            const double rate = static_cast<double>(n) / since(begun);
            YIPAN_CHECK(reader.metric("requests_carried_total") == carried + (&way.at == &reader ? n : 0));
            YIPAN_CHECK(count() == before + n);  // each is there, none twice
            if (&way.at == &writer) direct = rate;
            std::printf("write, 64 clients, two processes   %-22s %8.0f /s   %5.1f %% of direct   p50 %6.0f us  p99 %6.0f us\n", way.name, rate, 100 * rate / direct, percentile(times, 0.5), percentile(times, 0.99));
        }
    }
}

/// Answers everything with the same bytes: what the server can do without us.
class Constant final : public net::App {
  public:
    explicit Constant(std::string body) : body_(std::move(body)) {}
    Plan plan(const net::Request&) override { return {}; }
    void handle(std::shared_ptr<const net::Request>, net::Answer answer) override {
        net::Response r;
        r.with("Content-Type", "application/json").with("Cache-Control", "no-store").with("X-Content-Type-Options", "nosniff").with("Referrer-Policy", "no-referrer");
        r.body = body_;
        answer(std::move(r));
    }
    net::Response trouble(int, std::size_t, const net::Request&) override { return {}; }

  private:
    std::string body_;
};

void reads(const std::string& folder, std::int64_t n) {
    constexpr int clients = 16;
    Yard yard(folder);
    yard.enter(yard.clerk());
    Connection first(yard.server->port());
    // Another record each time: one that was read a moment ago is known.
    constexpr int records = 2'000;
    std::vector<std::string> facts;
    for (int i = 0; i < records; ++i) {
        const std::string code = "read" + std::to_string(1'000'000 + i);
        YIPAN_CHECK(first.ask(yard.send("/records/reported_fact", fact(yard, code))) == 201);
        facts.push_back("/records/reported_fact/" + std::to_string(yard.board->snapshot()->find(yard.board->model()->find_type("reported_fact"), code)->value));
    }
    const std::vector<std::string> figures{"/figures/visits?period=2026H1&unit_type=organ&unit=" + std::to_string(yard.unit)};
    const std::pair<const char*, const std::vector<std::string>&> kinds[] = {{"point read", facts}, {"figure read", figures}};
    for (const auto& [name, all] : kinds) {
        const auto path = [&paths = all](std::int64_t i) -> const std::string& { return paths[static_cast<std::size_t>(i) % paths.size()]; };
        std::string body;
        YIPAN_CHECK(first.ask(yard.get(path(0)), &body) == 200);
        Constant constant(body);
        auto bare = std::move(*net::Server::open(constant, {"127.0.0.1", 0, 1, "", ""}));
        bare->start();
        for (int run = 1; run <= 3; ++run) {
            auto begun = Time::now();
            double cpu = cpu_seconds();
            load(bare->port(), clients, n, 200, [&](std::int64_t i) { return yard.get(path(i)); });
            const double limit = static_cast<double>(n) / since(begun), limit_cpu = (cpu_seconds() - cpu) * 1e6 / static_cast<double>(n);
            begun = Time::now();
            cpu = cpu_seconds();
            const auto times = load(yard.server->port(), clients, n, 200, [&](std::int64_t i) { return yard.get(path(i)); });
            const double ours = static_cast<double>(n) / since(begun), ours_cpu = (cpu_seconds() - cpu) * 1e6 / static_cast<double>(n);
            std::printf("%-12s %5zu bytes   %8.0f /s   constant answer %8.0f /s   %5.1f %%   p99 %6.0f us   CPU %5.1f and %5.1f us each\n", name, body.size(), ours, limit, 100 * ours / limit, percentile(times, 0.99), ours_cpu, limit_cpu);
        }
        bare->stop();
        // The same without sockets and threads: what our own code takes of it.
        const double begun = thread_seconds();
        for (std::int64_t i = 0; i < n; ++i) {
            auto request = std::make_shared<net::Request>();
            request->method = "GET";
            request->target = "/b/demo/api" + path(i);
            YIPAN_CHECK(net::split_target(*request));
            request->headers = {{"host", "t"}, {"cookie", yard.cookie}};
            const auto plan = yard.service->plan(*request);
            request->route = plan.route;
            request->parameters = plan.parameters;
            yard.service->handle(std::move(request), [](const net::Response& r) { YIPAN_CHECK(r.status == 200); });
        }
        std::printf("%-12s without HTTP: CPU %5.2f us each, on one thread\n", name, (thread_seconds() - begun) * 1e6 / static_cast<double>(n));
    }
}

void list(const std::string& folder, std::int64_t records) {
    const int scale = static_cast<int>(std::max<std::int64_t>(1, records / 62'000));
    Yard yard(folder, scale);
    const auto directory = yard.service->rights().directory();
    const int type = yard.board->model()->find_type("enterprise_month");
    const std::int64_t all = yard.board->snapshot()->count(type, "").value_or(0);
    // Whoever sees some of the type but not all of it, by a right through the owner's unit.
    std::int64_t person = 0, seen = 0;
    for (const auto& [p, held] : (*directory)->people()) {
        const auto who = yard.service->rights().who(RecordId(p), held.front().post);
        if (!who || !(*who)->may_ever(type, access::Action::see) || (*who)->sees_all(type)) continue;
        auto snapshot = yard.board->snapshot();
        const auto where = (*who)->where(type, access::Action::see, snapshot->resolver());
        board::Snapshot::Query q;
        q.also = where->sql;
        q.also_parameters = where->parameters;
        const std::int64_t n = snapshot->count(type, q, 20'000).value_or(0);
        if (n > seen) seen = n, person = p;
        if (seen >= 20'000) break;
    }
    YIPAN_CHECK(person > 0);
    yard.enter(person);
    // Each question is asked once: what was answered or counted before does not help.
    std::int64_t asked = 0;
    for (const char* path : {"/records/enterprise_month?limit=20", "/records/enterprise_month?limit=20&sort=month", "/records/enterprise_month?limit=20&sort=-month",
                             "/records/enterprise_month?limit=20&sort=-output", "/records/enterprise_month?limit=20&offset=400"}) {
        const auto times = load(yard.server->port(), 1, 300, 200, [&](std::int64_t) { return yard.get(std::string(path) + "&filter=employees%3C" + std::to_string(10'000'000 + asked++)); });
        std::printf("list of 20 of %lld (sees %lld%s), each with a filter of its own  p50 %7.2f ms  p99 %7.2f ms   %s\n", static_cast<long long>(all), static_cast<long long>(seen),
                    seen >= 20'000 ? " or more" : "", percentile(times, 0.5) / 1000, percentile(times, 0.99) / 1000, path);
    }
}

// Proofs at random places of a long journal, one after another by one client, beside a constant answer of the same size.
void proof(const std::string& folder, std::int64_t records) {
    constexpr std::int64_t asked = 2'000;
    const auto begun = Time::now();
    Yard yard(folder, static_cast<int>(std::max<std::int64_t>(2, records / 54'000)));
    auto snapshot = yard.board->snapshot();
    std::printf("%lld entries; opened and serving after %.1f s\n", static_cast<long long>(snapshot->position().value), since(begun));
    const int type = yard.board->model()->find_type("enterprise_month");
    // Whoever sees the most of the type, counted up to a bound.
    constexpr std::int64_t enough = 20'000;
    std::int64_t person = 0, sees = 0;
    std::shared_ptr<const access::Who> who;
    for (const auto& [p, held] : (*yard.service->rights().directory())->people()) {
        if (held.empty() || sees >= enough) continue;
        const auto one = yard.service->rights().who(RecordId(p), held.front().post);
        if (!one || !(*one)->may_ever(type, access::Action::see)) continue;
        const auto where = (*one)->where(type, access::Action::see, snapshot->resolver());
        board::Snapshot::Query q;
        q.also = where->sql;
        q.also_parameters = where->parameters;
        const std::int64_t n = snapshot->count(type, q, enough).value_or(0);
        if (n > sees) sees = n, person = p, who = *one;
    }
    YIPAN_CHECK(person > 0);
    yard.enter(person);
    std::mt19937_64 random(1);
    std::vector<std::string> entries, of_records, steps;
    while (static_cast<std::int64_t>(entries.size()) < asked) {
        const Position at(1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(snapshot->position().value)));
        const auto e = snapshot->entry(at);
        if (!e || e->type != type) continue;
        const record::RecordPtr r = snapshot->record(type, e->record);
        if (!r || !who->may(access::Action::see, *r, snapshot->resolver())) continue;
        entries.push_back("/trust/proofs/entries/" + std::to_string(at.value));
        of_records.push_back("/trust/proofs/records/enterprise_month/" + std::to_string(e->record.value));
        steps.push_back("/trust/proofs/consistency?from=" + std::to_string(at.value));
    }
    snapshot.reset();
    Connection first(yard.server->port());
    const std::pair<const char*, const std::vector<std::string>&> kinds[] = {{"an entry", entries}, {"a record", of_records}, {"consistency", steps}};
    for (const auto& [name, paths] : kinds) {
        std::string body;
        YIPAN_CHECK(first.ask(yard.get(paths[0]), &body) == 200);
        Constant constant(body);
        auto bare = std::move(*net::Server::open(constant, {"127.0.0.1", 0, 1, "", ""}));
        bare->start();
        const auto request = [&yard, &all = paths](std::int64_t i) { return yard.get(all[static_cast<std::size_t>(i)]); };
        const auto limit = load(bare->port(), 1, asked, 200, request);
        const auto ours = load(yard.server->port(), 1, asked, 200, request);
        bare->stop();
        std::printf("proof of %-12s %6zu bytes   p50 %7.3f ms  p99 %7.3f ms (wanted 5)   constant answer p50 %6.3f ms  p99 %6.3f ms\n", name, body.size(), percentile(ours, 0.5) / 1000,
                    percentile(ours, 0.99) / 1000, percentile(limit, 0.5) / 1000, percentile(limit, 0.99) / 1000);
    }
}

std::int64_t resident_kib() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmRSS:")) return std::atoll(line.c_str() + 6);
    return 0;
}

void events(const std::string& folder, int subscribers) {
    Yard yard(folder);
    yard.enter(yard.clerk());
    std::vector<std::unique_ptr<Connection>> all;
    std::vector<pollfd> polled;
    for (int i = 0; i < subscribers; ++i) {
        all.push_back(std::make_unique<Connection>(yard.server->port()));
        all.back()->send(yard.get("/events"));
        polled.push_back({all.back()->socket(), POLLIN, 0});
    }
    std::vector<std::string> heard(all.size());
    const auto hear = [&](std::string_view wanted, double seconds) {
        const auto begun = Time::now();
        std::vector<double> when(all.size(), -1);
        std::size_t done = 0;
        char piece[16 * 1024];
        while (done < all.size() && since(begun) < seconds) {
            ::poll(polled.data(), polled.size(), 100);
            for (std::size_t i = 0; i < all.size(); ++i) {
                if (!(polled[i].revents & POLLIN)) continue;
                const ssize_t n = ::recv(all[i]->socket(), piece, sizeof piece, 0);
                YIPAN_CHECK(n > 0);
                heard[i].append(piece, static_cast<std::size_t>(n));
                if (when[i] < 0 && heard[i].find(wanted) != std::string::npos) when[i] = since(begun) * 1000, ++done;
            }
        }
        for (auto& h : heard) h.clear();
        YIPAN_CHECK(done == all.size());
        return when;
    };
    hear("retry:", 20);
    std::vector<double> medians, slowest;
    Connection writer(yard.server->port());
    for (int i = 0; i < 20; ++i) {
        writer.send(yard.send("/records/reported_fact", fact(yard, "e" + std::to_string(i))));
        const auto when = hear("event: change", 20);
        medians.push_back(percentile(when, 0.5));
        slowest.push_back(*std::max_element(when.begin(), when.end()));
        while (writer.take() == 0) {}
    }
    std::printf("%d subscribers: a change reaches them at the median in %.1f ms, the last in %.1f ms (of 20 changes, from the sending of the request); memory with the load generator %lld MiB\n", subscribers,
                percentile(medians, 0.5), percentile(slowest, 0.5), static_cast<long long>(resident_kib() / 1024));
}
// What the process holds while so many people are signed in, each with a stream open and his first pages read.
void memory(const std::string& folder, int users) {
    Yard yard(folder);
    const std::int64_t empty = resident_kib();
    std::vector<std::int64_t> people;
    for (const auto& [person, held] : (*yard.service->rights().directory())->people())
        if (!held.empty() && people.size() < static_cast<std::size_t>(users)) people.push_back(person);
    std::vector<std::unique_ptr<Connection>> streams;
    std::int64_t asked = 0;
    for (const std::int64_t person : people) {
        yard.enter(person);
        streams.push_back(std::make_unique<Connection>(yard.server->port()));
        streams.back()->send(yard.get("/events"));
        Connection page(yard.server->port());
        for (const char* path : {"/session", "/model", "/todo", "/board?period=2026H1", "/lights", "/records/project?limit=50", "/records/enterprise?limit=50"}) {
            const int status = page.ask(yard.get(path));
            YIPAN_CHECK(status == 200 || status == 403 || status == 404);
            ++asked;
        }
    }
    std::printf("memory with the demo board: %lld MiB; with %zu people signed in, a stream each, %lld pages read: %lld MiB (this process, its load generator included; target 200)\n",
                static_cast<long long>(empty / 1024), people.size(), static_cast<long long>(asked), static_cast<long long>(resident_kib() / 1024));
}
}  // namespace

int main(int argc, char** argv) {
    const std::string what = argc > 1 ? argv[1] : "", folder = argc > 2 ? argv[2] : "/tmp";
    const auto number = [&](std::int64_t otherwise) { return argc > 3 ? std::atoll(argv[3]) : otherwise; };
    if (what == "writes") writes(folder, number(20'000));
    else if (what == "reads") reads(folder, number(50'000));
    else if (what == "list") list(folder, number(1'000'000));
    else if (what == "proof") proof(folder, number(10'000'000));
    else if (what == "events") events(folder, static_cast<int>(number(500)));
    else if (what == "memory") memory(folder, static_cast<int>(number(100)));
    else if (what == "forwarded" && argc > 3) forwarded(folder, argv[3], argc > 4 ? std::atoll(argv[4]) : 10'000);
    else return std::fprintf(stderr, "usage: http_bench writes|reads|list|proof|events|memory FOLDER [N], http_bench forwarded YIPAN ADDRESS [N]\n"), 2;
}
