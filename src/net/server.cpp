#include "net/server.h"

#include <openssl/ssl.h>
#include <pthread.h>
#include <sys/resource.h>

#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <cstdio>
#include <deque>
#include <limits>
#include <list>
#include <map>
#include <thread>

namespace yipan::net {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;

namespace {
// Everything runs on one io_context by its own executor: erased executors and a strand for each connection cost more than
// what is done there. A connection waits for one thing at a time, so its steps never overlap; what others may do to it
// (wake it, cut it off) is in Connection and safe from any thread.
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;
template <class T>
using Task = asio::awaitable<T, Executor>;
constexpr auto as_value = asio::as_tuple(asio::use_awaitable_t<Executor>{});
constexpr std::size_t read_bytes = 4 * 1024;
constexpr std::size_t file_piece_bytes = 256 * 1024;
constexpr std::chrono::milliseconds sweep_every{50};
constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

std::string head_text(const Response& r, std::int64_t length, bool keep) {
    std::string out;
    out.reserve(512);
    out.append("HTTP/1.1 ").append(std::to_string(r.status)).append(" ").append(reason_of(r.status)).append("\r\n");
    for (const auto& [name, value] : r.headers) {
        if (value.find_first_of("\r\n") != std::string::npos) continue;  // a value with a line break is no header
        out.append(name).append(": ").append(value).append("\r\n");
    }
    out.append(r.more_head);
    if (length >= 0) out.append("Content-Length: ").append(std::to_string(length)).append("\r\n");
    if (!keep) out.append("Connection: close\r\n");
    return out.append("\r\n");
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

// Anybody can write these headers, so they are believed of declared proxies only; that they are there at all says that
// the request came from elsewhere.
void look_behind_proxy(Request& request, const std::set<std::string>& proxies) {
    // A proxy that adds a line of its own leaves what the client wrote before it: the last line is the proxy's.
    std::string_view list;
    for (const auto& [name, value] : request.headers)
        if (name == "x-forwarded-for") list = value;
    if (!list.empty() || !request.header("forwarded").empty() || !request.header("via").empty()) request.loopback = false;
    if (!proxies.contains(request.peer)) return;
    request.loopback = false;
    request.tls = request.tls || lower(request.header("x-forwarded-proto")) == "https";
    std::string_view last = list.substr(list.rfind(',') == std::string_view::npos ? 0 : list.rfind(',') + 1);
    while (!last.empty() && last.front() == ' ') last.remove_prefix(1);
    while (!last.empty() && last.back() == ' ') last.remove_suffix(1);
    boost::system::error_code bad;
    const auto address = asio::ip::make_address(std::string(last), bad);
    if (!bad) request.peer = address.to_string();
}

/// Beast's parser, written straight into a Request.
class Parser final : public http::basic_parser<true> {
  public:
    explicit Parser(Request& request) : request_(request) {}
    /// Bytes of a body that are kept free at once; more come as it grows.
    static constexpr std::size_t reserved_max = 64 * 1024;

  private:
    using Text = beast::string_view;
    using Bad = boost::system::error_code;
    void on_request_impl(http::verb, Text method, Text target, int, Bad&) override {
        request_.method.assign(method.data(), method.size());
        request_.target.assign(target.data(), target.size());
        request_.headers.reserve(10);
    }
    void on_response_impl(int, Text, int, Bad&) override {}
    void on_field_impl(http::field, Text name, Text value, Bad&) override {
        if (!head_done_) request_.headers.emplace_back(lower({name.data(), name.size()}), std::string(value.data(), value.size()));  // no trailers
    }
    void on_header_impl(Bad&) override { head_done_ = true; }
    void on_body_init_impl(const boost::optional<std::uint64_t>& length, Bad&) override {
        if (length) request_.body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length, reserved_max)));
    }
    std::size_t on_body_impl(Text body, Bad&) override {
        request_.body.append(body.data(), body.size());
        return body.size();
    }
    void on_chunk_header_impl(std::uint64_t, Text, Bad&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, Text body, Bad&) override {
        request_.body.append(body.data(), body.size());
        return body.size();
    }
    void on_finish_impl(Bad&) override {}

    Request& request_;
    bool head_done_ = false;
};

/// A coroutine that waits to be woken, once for any number of calls before it waits again.
class Signal {
  public:
    /// From any thread.
    void raise() {
        if (state_.exchange(raised, std::memory_order_acq_rel) == waiting) {
            auto resume = std::move(resume_);
            resume->go();
        }
    }
    /// Of the one coroutine, before it waits: whether it was woken already.
    bool woken() {
        int expected = raised;
        return state_.compare_exchange_strong(expected, open, std::memory_order_acq_rel);
    }
    /// Of the one coroutine. It was woken, now or before it came.
    Task<void> wait(Executor executor) {
        co_await asio::async_initiate<const asio::use_awaitable_t<Executor>, void()>(
            [this, executor](auto handler) {
                resume_ = std::make_unique<Of<decltype(handler)>>(executor, std::move(handler));
                int expected = open;
                if (!state_.compare_exchange_strong(expected, waiting, std::memory_order_acq_rel)) {
                    auto resume = std::move(resume_);
                    resume->go();
                }
            },
            token_);
        state_.store(open, std::memory_order_release);
    }
    /// When nothing runs any more: the coroutine ends where it waits.
    void drop() { auto resume = std::move(resume_); }

  private:
    enum State { open, waiting, raised };
    struct Resume {
        virtual ~Resume() = default;
        virtual void go() = 0;
    };
    template <class H>
    struct Of final : Resume {
        Of(Executor e, H h) : executor(e), handler(std::move(h)) {}
        void go() override { asio::post(executor, std::move(handler)); }
        Executor executor;
        H handler;
    };
    static constexpr asio::use_awaitable_t<Executor> token_{};
    std::atomic<int> state_{open};
    std::unique_ptr<Resume> resume_;
};

/// What others may do to a connection, and when it is cut off. Times are those of Impl::now, which a sweep keeps.
struct Connection {
    int socket = -1;  // as long as it stands in the list
    std::atomic<std::int64_t> deadline{never};
    std::atomic<std::int64_t> wake_at{never};  // a stream's heartbeat
    std::atomic<bool> idle{false}, follows{false}, late{false};  // late: it was cut off
    Signal signal;
    Response response;  // arrives before the signal
    std::list<std::shared_ptr<Connection>>::iterator place;

    void cut() const { ::shutdown(socket, SHUT_RDWR); }
};
using ConnectionPtr = std::shared_ptr<Connection>;
}  // namespace

struct Server::Impl {
    Impl(App& a, Limits l, std::set<std::string> p) : app(a), limits(l), proxies(std::move(p)), io(l.io_threads), acceptor(io.get_executor()) {}

    App& app;
    Limits limits;
    std::set<std::string> proxies;
    asio::io_context io;
    Acceptor acceptor;
    std::optional<asio::ssl::context> tls;
    std::unique_ptr<asio::thread_pool> slow, look, door;
    std::vector<std::thread> threads;
    Counts counts;
    std::atomic<bool> stopping{false};
    std::atomic<std::size_t> body_bytes{0};
    int port = 0;

    // What is to run later: a batch of receipts wakes one thread, not one for each.
    std::mutex later_mutex;
    std::deque<std::function<void()>> later;
    bool later_posted = false;
    void run_later();

    // One sweep looks at all times, instead of a timer set and cancelled for each step of each connection.
    std::atomic<std::int64_t> now{0};  // milliseconds
    std::mutex mutex;
    std::list<ConnectionPtr> connections;
    void look_at_clock();
    void sweep();
    Task<void> sweeping();
    void within(Connection& c, std::chrono::milliseconds time) const { c.deadline.store(now.load(std::memory_order_relaxed) + time.count(), std::memory_order_relaxed); }

    std::map<std::string, std::size_t> peers;  // guarded by mutex: connections of each address
    bool may_connect(const std::string& peer);
    void has_left(const std::string& peer);
    ConnectionPtr enter(int socket);
    void leave(const ConnectionPtr& c);
    Task<void> accept();
    Task<void> plain(Socket socket, std::string peer);
    Task<void> secure(Socket socket, std::string peer);
    template <class S>
    Task<void> serve(S& stream, ConnectionPtr c, std::string peer, bool loopback, bool is_tls);
    template <class S>
    bool send_now(S& stream, const Connection& c, std::array<asio::const_buffer, 2>& both);
    template <class S>
    Task<bool> send(S& stream, Connection& c, std::array<asio::const_buffer, 2> both);
    template <class S>
    Task<bool> write(S& stream, Connection& c, Response& response, bool head_only, bool keep);
    template <class S>
    Task<void> follow(S& stream, ConnectionPtr c, std::shared_ptr<Stream> source);
    void dispatch(std::shared_ptr<const Request> request, const App::Plan& plan, Answer answer);
};

void Server::Impl::run_later() {
    constexpr std::size_t at_once = 16;  // then another thread may take the rest
    std::vector<std::function<void()>> mine;
    {
        const std::lock_guard lock(later_mutex);
        while (!later.empty() && mine.size() < at_once) {
            mine.push_back(std::move(later.front()));
            later.pop_front();
        }
        later_posted = !later.empty();
        if (later_posted) asio::post(io, [this] { run_later(); });
    }
    for (const auto& what : mine) what();
}

void Server::Impl::dispatch(std::shared_ptr<const Request> request, const App::Plan& plan, Answer answer) {
    if (!plan.slow) return app.handle(std::move(request), std::move(answer));
    if (counts.slow_waiting.fetch_add(1) >= static_cast<std::int64_t>(limits.slow_waiting_max)) {
        counts.slow_waiting.fetch_sub(1);
        return answer(app.trouble(503, 0, *request));
    }
    asio::post(plan.door ? *door : plan.look ? *look : *slow, [this, request = std::move(request), answer = std::move(answer)]() mutable {
        counts.slow_waiting.fetch_sub(1);
        app.handle(std::move(request), std::move(answer));
    });
}

void Server::Impl::look_at_clock() {
    now.store(std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count(), std::memory_order_relaxed);
}
void Server::Impl::sweep() {
    look_at_clock();
    const std::int64_t time = now.load(std::memory_order_relaxed);
    const bool ending = stopping;
    const std::lock_guard lock(mutex);
    for (const ConnectionPtr& c : connections) {
        if (c->deadline.load(std::memory_order_relaxed) < time) {
            c->late.store(true);
            c->cut();
        }
        if (ending && c->idle.load()) ::shutdown(c->socket, SHUT_RD);  // what came just now is still read and answered
        if (c->follows.load() && (ending || c->wake_at.load(std::memory_order_relaxed) < time)) c->signal.raise();
    }
}
Task<void> Server::Impl::sweeping() {
    Timer timer(io.get_executor());
    while (true) {
        sweep();
        timer.expires_after(sweep_every);
        const auto [cancelled] = co_await timer.async_wait(as_value);
        if (cancelled) co_return;
    }
}
// Of one address only so many, so that it does not take the places of all others. A proxy is everybody.
bool Server::Impl::may_connect(const std::string& peer) {
    const std::lock_guard lock(mutex);
    auto& n = peers[peer];
    if (n >= limits.connections_of_peer_max && !proxies.contains(peer) && !asio::ip::make_address(peer).is_loopback()) return false;
    ++n;
    return true;
}
void Server::Impl::has_left(const std::string& peer) {
    const std::lock_guard lock(mutex);
    if (const auto at = peers.find(peer); at != peers.end() && --at->second == 0) peers.erase(at);
}
ConnectionPtr Server::Impl::enter(int socket) {
    const auto c = std::make_shared<Connection>();
    c->socket = socket;
    const std::lock_guard lock(mutex);
    c->place = connections.insert(connections.end(), c);
    return c;
}
void Server::Impl::leave(const ConnectionPtr& c) {
    const std::lock_guard lock(mutex);
    connections.erase(c->place);
}

/// What the system takes at once, without waiting; that is nearly everything. False: the other side is gone.
template <class S>
bool Server::Impl::send_now(S&, const Connection& c, std::array<asio::const_buffer, 2>& both) {
    if constexpr (std::is_same_v<S, Socket>) {
        iovec parts[2] = {{const_cast<void*>(both[0].data()), both[0].size()}, {const_cast<void*>(both[1].data()), both[1].size()}};
        msghdr message{};
        message.msg_iov = parts;
        message.msg_iovlen = both[1].size() > 0 ? 2 : 1;
        const ssize_t n = ::sendmsg(c.socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) return false;
        std::size_t done = n > 0 ? static_cast<std::size_t>(n) : 0;
        counts.bytes_out += static_cast<std::int64_t>(done);
        for (auto& part : both) {
            const std::size_t of_it = std::min(done, part.size());
            part += of_it;
            done -= of_it;
        }
    }
    return true;
}

/// Both parts, within the time one may take for them.
template <class S>
Task<bool> Server::Impl::send(S& stream, Connection& c, std::array<asio::const_buffer, 2> both) {
    if (!send_now(stream, c, both)) co_return false;
    if (both[0].size() + both[1].size() == 0) co_return true;
    within(c, limits.write);
    const auto [problem, sent] = co_await asio::async_write(stream, both, as_value);
    counts.bytes_out += static_cast<std::int64_t>(sent);
    co_return !problem;
}

template <class S>
Task<bool> Server::Impl::write(S& stream, Connection& c, Response& response, bool head_only, bool keep) {
    const std::string_view body = response.fixed.empty() ? std::string_view(response.body) : response.fixed;
    const bool is_file = !response.file.empty() || response.pieces;
    const bool without = response.status == 204 || response.status == 304;
    const std::int64_t length = without ? -1 : response.stream ? -1 : is_file ? std::max<std::int64_t>(0, response.file_bytes) : static_cast<std::int64_t>(body.size());
    const std::string head = head_text(response, length, keep && !response.stream);
    const bool body_too = !(head_only || without || is_file);
    std::array<asio::const_buffer, 2> both{asio::buffer(head), body_too ? asio::buffer(body.data(), body.size()) : asio::const_buffer()};
    if (!send_now(stream, c, both)) co_return false;
    if (both[0].size() + both[1].size() > 0 && !co_await send(stream, c, both)) co_return false;
    if (!is_file || head_only || without) co_return true;
    if (response.pieces) {
        for (std::int64_t at = response.file_offset, end = at + response.file_bytes; at < end;) {
            std::string piece = response.pieces(at);
            if (piece.empty()) co_return false;
            if (static_cast<std::int64_t>(piece.size()) > end - at) piece.resize(static_cast<std::size_t>(end - at));
            at += static_cast<std::int64_t>(piece.size());
            if (!co_await send(stream, c, {asio::buffer(piece), asio::const_buffer()})) co_return false;
        }
        co_return true;
    }
    std::FILE* file = std::fopen(response.file.c_str(), "rbe");
    if (!file) co_return false;
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> closing(file, &std::fclose);
    if (::fseeko(file, response.file_offset, SEEK_SET) != 0) co_return false;
    std::vector<char> piece(file_piece_bytes);
    for (std::int64_t left = response.file_bytes; left > 0;) {
        const std::size_t want = static_cast<std::size_t>(std::min<std::int64_t>(left, static_cast<std::int64_t>(piece.size())));
        const std::size_t got = std::fread(piece.data(), 1, want, file);
        if (got == 0) co_return false;
        if (!co_await send(stream, c, {asio::buffer(piece.data(), got), asio::const_buffer()})) co_return false;
        left -= static_cast<std::int64_t>(got);
    }
    co_return true;
}

// Server-sent events: what is pushed goes out; a comment now and then keeps proxies awake and finds dead readers.
template <class S>
Task<void> Server::Impl::follow(S& stream, ConnectionPtr c, std::shared_ptr<Stream> source) {
    const std::weak_ptr<Connection> weak = c;
    source->on_push([weak] {
        if (const auto woken = weak.lock()) woken->signal.raise();
    });
    c->deadline.store(never);
    c->follows.store(true);  // a server that stops does not wait for the next heartbeat
    counts.streams += 1;
    const std::string heartbeat = ":\n\n";
    bool alive = true;
    while (alive && !stopping) {
        const bool ended = source->closed();  // before taking: what is pushed last is taken still
        auto pieces = source->take();
        std::string bytes;
        for (const auto& piece : pieces) bytes += *piece;
        if (bytes.empty() && !ended) {
            const std::int64_t due = now.load() + std::chrono::duration_cast<std::chrono::milliseconds>(limits.heartbeat).count();
            c->wake_at.store(due);
            co_await c->signal.wait(io.get_executor());
            c->wake_at.store(never);
            if (now.load() < due) continue;
            bytes = heartbeat;
        }
        if (!bytes.empty()) {
            alive = co_await send(stream, *c, {asio::buffer(bytes), asio::const_buffer()});
            c->deadline.store(never);
        }
        if (ended) break;
    }
    c->follows.store(false);
    source->on_push({});
    source->close();
    counts.streams -= 1;
}

template <class S>
Task<void> Server::Impl::serve(S& stream, ConnectionPtr c, std::string peer, bool loopback, bool is_tls) {
    beast::flat_buffer buffer(limits.header_bytes_max + limits.body_bytes_max + read_bytes);
    const auto more = [&]() -> Task<bool> {  // false: the other side ended, or was too slow
        const auto room = buffer.prepare(read_bytes);
        const auto [problem, n] = co_await stream.async_read_some(room, as_value);
        if (!problem) buffer.commit(n);
        co_return !problem;
    };
    bool keep = true;
    while (keep && !stopping) {
        if (buffer.size() == 0) {  // between requests little is kept for a connection
            buffer.clear();
            if (buffer.capacity() > 2 * read_bytes) buffer.shrink_to_fit();
            within(*c, limits.idle);
            c->idle.store(true);
            const auto room = buffer.prepare(read_bytes);
            const auto [problem, n] = co_await stream.async_read_some(room, as_value);
            c->idle.store(false);
            if (problem) co_return;
            buffer.commit(n);
        }
        const auto request = std::make_shared<Request>();
        Parser parser(*request);
        parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
        parser.body_limit(limits.body_bytes_max);
        within(*c, limits.header);
        boost::system::error_code wrong;
        while (!parser.is_header_done()) {
            buffer.consume(parser.put(buffer.data(), wrong));
            if (!wrong) continue;
            if (wrong != http::error::need_more) break;
            wrong = {};
            if (!co_await more()) co_return;
        }
        if (wrong) {
            const int status = wrong == http::error::header_limit ? 431 : wrong == http::error::body_limit ? 413 : 400;
            Response answer = app.trouble(status, status == 431 ? limits.header_bytes_max : status == 413 ? limits.body_bytes_max : 0, *request);
            co_await write(stream, *c, answer, false, false);
            co_return;
        }
        request->peer = peer;
        request->loopback = loopback;
        request->tls = is_tls;
        look_behind_proxy(*request, proxies);
        keep = parser.keep_alive();
        const bool head_only = request->method == "HEAD";
        std::optional<int> refused;
        if (request->target.size() > limits.target_bytes_max)
            refused = 414;
        else if (!split_target(*request))
            refused = 400;
        App::Plan plan;
        if (!refused) plan = app.plan(*request);
        const std::uint64_t announced = parser.content_length().value_or(0);
        const bool chunked = parser.chunked();
        if (!refused && !plan.instead && (announced > plan.body_bytes_max || (chunked && plan.body_bytes_max == 0))) refused = 413;
        if (refused || plan.instead) {
            // The rest of the request is not read, so the connection cannot go on when there is a body.
            const bool body = announced > 0 || chunked;
            Response answer = refused ? app.trouble(*refused, *refused == 413 ? plan.body_bytes_max : *refused == 414 ? limits.target_bytes_max : 0, *request) : std::move(*plan.instead);
            keep = keep && !body && !refused;
            if (!co_await write(stream, *c, answer, head_only, keep)) co_return;
            continue;
        }
        if (announced > 0 || chunked) {
            parser.body_limit(plan.body_bytes_max);
            const std::int64_t begun = now.load(std::memory_order_relaxed);
            if (lower(request->header("expect")) == "100-continue") {
                const std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
                if (!co_await send(stream, *c, {asio::buffer(go_on), asio::const_buffer()})) co_return;
            }
            // Room for a body is taken as its bytes come, and so is time: who announces much and sends little holds little,
            // and not for long.
            struct Held {
                std::atomic<std::size_t>& total;
                std::size_t n = 0;
                ~Held() { total.fetch_sub(n); }
            } held{body_bytes};
            bool room = true;
            const auto reserve = [&] {
                constexpr std::size_t ahead = 16 * 1024;
                const std::size_t there = request->body.size();
                const std::size_t wanted = chunked ? there + ahead : std::min(there + ahead, static_cast<std::size_t>(announced));
                if (wanted > held.n) {
                    const std::size_t taken = wanted - std::exchange(held.n, wanted);
                    room = body_bytes.fetch_add(taken) + taken <= limits.body_bytes_total_max;
                }
                c->deadline.store(begun + std::chrono::duration_cast<std::chrono::milliseconds>(limits.body).count() +
                                      static_cast<std::int64_t>(there / limits.body_bytes_second_min) * 1'000, std::memory_order_relaxed);
            };
            parser.eager(true);
            while (!parser.is_done()) {
                reserve();
                if (!room) {
                    Response answer = app.trouble(503, 0, *request);
                    co_await write(stream, *c, answer, head_only, false);
                    co_return;
                }
                if (buffer.size() == 0 && !co_await more()) co_return;
                buffer.consume(parser.put(buffer.data(), wrong));
                if (wrong == http::error::need_more) {
                    wrong = {};
                    if (!co_await more()) co_return;
                }
                if (wrong) break;
            }
            if (wrong) {
                const int status = wrong == http::error::body_limit ? 413 : 400;
                Response answer = app.trouble(status, status == 413 ? plan.body_bytes_max : 0, *request);
                co_await write(stream, *c, answer, head_only, false);
                co_return;
            }
        }
        request->route = plan.route;
        request->parameters = std::move(plan.parameters);
        counts.requests += 1;
        c->deadline.store(never, std::memory_order_relaxed);
        dispatch(request, plan, [c](Response r) {
            c->response = std::move(r);
            c->signal.raise();
        });
        if (!c->signal.woken()) co_await c->signal.wait(io.get_executor());
        Response response = std::move(c->response);
        c->response = {};
        keep = keep && !stopping;
        if (!co_await write(stream, *c, response, head_only, keep)) co_return;
        if (response.stream) {
            co_await follow(stream, c, response.stream);
            co_return;
        }
    }
}

Task<void> Server::Impl::plain(Socket socket, std::string peer) {
    boost::system::error_code none;
    const auto remote = socket.remote_endpoint(none);
    socket.set_option(tcp::no_delay(true), none);
    const ConnectionPtr c = enter(socket.native_handle());
    co_await serve(socket, c, remote.address().to_string(), remote.address().is_loopback(), false);
    leave(c);
    socket.shutdown(tcp::socket::shutdown_send, none);
    socket.close(none);
    has_left(peer);
    counts.connections -= 1;
}

Task<void> Server::Impl::secure(Socket socket, std::string peer) {
    boost::system::error_code none;
    const auto remote = socket.remote_endpoint(none);
    socket.set_option(tcp::no_delay(true), none);
    const ConnectionPtr c = enter(socket.native_handle());
    asio::ssl::stream<Socket> stream(std::move(socket), *tls);
    within(*c, limits.header);
    const auto [failed] = co_await stream.async_handshake(asio::ssl::stream_base::server, as_value);
    if (!failed) {
        co_await serve(stream, c, remote.address().to_string(), remote.address().is_loopback(), true);
        if (!c->late.load()) {
            within(*c, std::chrono::seconds(2));
            const auto [ended] = co_await stream.async_shutdown(as_value);
            (void)ended;
        }
    }
    leave(c);
    stream.lowest_layer().close(none);
    has_left(peer);
    counts.connections -= 1;
}

Task<void> Server::Impl::accept() {
    while (!stopping) {
        auto [problem, socket] = co_await acceptor.async_accept(as_value);
        if (stopping || problem == asio::error::operation_aborted) co_return;
        if (problem) {  // no more handles: wait for some to come back
            Timer pause(io.get_executor());
            pause.expires_after(std::chrono::milliseconds(50));
            const auto [waited] = co_await pause.async_wait(as_value);
            (void)waited;
            continue;
        }
        counts.accepted += 1;
        if (counts.connections.fetch_add(1) >= static_cast<std::int64_t>(limits.connections_max)) {
            counts.connections -= 1;
            counts.refused += 1;
            continue;  // the socket closes
        }
        boost::system::error_code gone;
        const std::string peer = socket.remote_endpoint(gone).address().to_string();
        if (gone || !may_connect(peer)) {
            counts.connections -= 1;
            counts.refused += 1;
            continue;
        }
        if (tls)
            asio::co_spawn(io.get_executor(), secure(std::move(socket), peer), asio::detached);
        else
            asio::co_spawn(io.get_executor(), plain(std::move(socket), peer), asio::detached);
    }
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() { stop(); }
int Server::port() const { return impl_->port; }
void Server::later(std::function<void()> what) {
    const std::lock_guard lock(impl_->later_mutex);
    impl_->later.push_back(std::move(what));
    if (impl_->later_posted) return;
    impl_->later_posted = true;
    asio::post(impl_->io, [impl = impl_.get()] { impl->run_later(); });
}
const Counts& Server::counts() const { return impl_->counts; }

namespace {
// The usual soft limit of 1,024 handles would be reached long before Limits::connections_max.
void allow_handles(std::size_t wanted) {
    rlimit now{};
    if (::getrlimit(RLIMIT_NOFILE, &now) != 0 || now.rlim_cur >= wanted) return;
    now.rlim_cur = now.rlim_max == RLIM_INFINITY ? static_cast<rlim_t>(wanted) : std::min<rlim_t>(now.rlim_max, wanted);
    (void)::setrlimit(RLIMIT_NOFILE, &now);
}
}  // namespace

Result<std::unique_ptr<Server>> Server::open(App& app, const Listen& listen, const Limits& limits) {
    constexpr std::size_t handles_besides = 1'024;  // files of the board, readers, hooks
    allow_handles(2 * limits.connections_max + handles_besides);
    auto impl = std::make_unique<Impl>(app, limits, listen.proxies);
    const std::string where = listen.host + ":" + std::to_string(listen.port);
    boost::system::error_code problem;
    const auto address = asio::ip::make_address(listen.host == "localhost" ? "127.0.0.1" : listen.host, problem);
    if (problem)
        return fail(Code::usage, where, "\"" + listen.host + "\" is no address to listen on", "127.0.0.1, ::1 or 0.0.0.0");
    if (listen.certificate.empty() != listen.key.empty())
        return fail(Code::usage, where, "TLS needs a certificate and its key", "--cert FILE --key FILE");
    if (!listen.certificate.empty()) {
        impl->tls.emplace(asio::ssl::context::tls_server);
        SSL_CTX_set_min_proto_version(impl->tls->native_handle(), TLS1_2_VERSION);
        impl->tls->use_certificate_chain_file(listen.certificate, problem);
        if (problem) return fail(Code::not_found, listen.certificate, "the certificate cannot be read: " + problem.message());
        impl->tls->use_private_key_file(listen.key, asio::ssl::context::pem, problem);
        if (problem) return fail(Code::not_found, listen.key, "the key cannot be read: " + problem.message());
    }
    for (int i = 0; i < std::max(1, listen.ports_to_try); ++i) {
        const tcp::endpoint endpoint(address, static_cast<unsigned short>(listen.port == 0 ? 0 : listen.port + i));
        impl->acceptor.open(endpoint.protocol(), problem);
        if (!problem) impl->acceptor.set_option(tcp::acceptor::reuse_address(true), problem);
        if (!problem) impl->acceptor.bind(endpoint, problem);
        if (!problem) impl->acceptor.listen(asio::socket_base::max_listen_connections, problem);
        if (!problem) break;
        boost::system::error_code ignored;
        impl->acceptor.close(ignored);
    }
    if (problem)
        return fail(Code::busy, where, "cannot listen there: " + problem.message(), "another --port; --port 0 takes any free one");
    impl->port = impl->acceptor.local_endpoint().port();
    return std::make_unique<Server>(std::move(impl));
}

void Server::start() {
    impl_->look_at_clock();
    impl_->slow = std::make_unique<asio::thread_pool>(static_cast<std::size_t>(impl_->limits.slow_threads));
    impl_->look = std::make_unique<asio::thread_pool>(static_cast<std::size_t>(impl_->limits.look_threads));
    impl_->door = std::make_unique<asio::thread_pool>(static_cast<std::size_t>(impl_->limits.door_threads));
    asio::co_spawn(impl_->io.get_executor(), impl_->accept(), asio::detached);
    asio::co_spawn(impl_->io.get_executor(), impl_->sweeping(), asio::detached);
    for (int i = 0; i < impl_->limits.io_threads; ++i)
        impl_->threads.emplace_back([this] {
            (void)pthread_setname_np(pthread_self(), "yipan-http");
            impl_->io.run();
        });
}

void Server::stop() {
    if (impl_->stopping.exchange(true) || impl_->threads.empty()) return;
    asio::post(impl_->io, [this] {
        boost::system::error_code ignored;
        impl_->acceptor.close(ignored);
    });
    const auto until = std::chrono::steady_clock::now() + impl_->limits.drain;
    while (impl_->counts.connections > 0 && std::chrono::steady_clock::now() < until) {
        impl_->sweep();
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    impl_->slow->join();
    impl_->look->join();
    impl_->door->join();
    impl_->io.stop();
    for (std::thread& t : impl_->threads) t.join();
    impl_->threads.clear();
    // Who still waits for an answer holds himself; nothing runs any more.
    std::list<ConnectionPtr> left;
    {
        const std::lock_guard lock(impl_->mutex);
        left = impl_->connections;
    }
    for (const ConnectionPtr& c : left) c->signal.drop();
}

}  // namespace yipan::net
