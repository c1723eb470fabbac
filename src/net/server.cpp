#include "net/server.h"

#include <openssl/ssl.h>
#include <sys/resource.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <cstdio>
#include <deque>
#include <list>
#include <map>
#include <thread>

namespace yipan::net {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;

namespace {
constexpr auto as_value = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t read_bytes = 4 * 1024;
constexpr std::size_t file_piece_bytes = 256 * 1024;

std::string head_text(const Response& r, std::int64_t length, bool keep) {
    std::string out;
    out.reserve(512);
    out.append("HTTP/1.1 ").append(std::to_string(r.status)).append(" ").append(reason_of(r.status)).append("\r\n");
    for (const auto& [name, value] : r.headers) {
        if (value.find_first_of("\r\n") != std::string::npos) continue;  // a value with a line break is no header
        out.append(name).append(": ").append(value).append("\r\n");
    }
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

/// Where an answer arrives, from whatever thread.
struct Slot {
    enum State { open, waited_for, answered };
    std::atomic<int> state{open};
    Response response;
};
}  // namespace

struct Server::Impl {
    Impl(App& a, Limits l, std::set<std::string> p) : app(a), limits(l), proxies(std::move(p)), io(l.io_threads), acceptor(io) {}

    App& app;
    Limits limits;
    std::set<std::string> proxies;
    asio::io_context io;
    tcp::acceptor acceptor;
    std::optional<asio::ssl::context> tls;
    std::unique_ptr<asio::thread_pool> slow, door;
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

    // Connections, so that idle ones can be closed when the server stops.
    std::mutex mutex;
    std::list<std::function<void()>> closers;

    asio::awaitable<void> accept();
    asio::awaitable<void> plain(tcp::socket socket, std::string peer);
    asio::awaitable<void> secure(tcp::socket socket, std::string peer);
    template <class S>
    asio::awaitable<void> serve(S& stream, std::string peer, bool loopback, bool is_tls, std::shared_ptr<std::atomic<bool>> idle);
    template <class S>
    asio::awaitable<bool> write(S& stream, Response& response, bool head_only, bool keep);
    template <class S>
    asio::awaitable<void> follow(S& stream, std::shared_ptr<Stream> source);
    void dispatch(std::shared_ptr<const Request> request, const App::Plan& plan, Answer answer);
    template <class S>
    asio::awaitable<int> read_body(S& stream, beast::flat_buffer& buffer, http::request_parser<http::string_body>& parser, std::size_t body_max);
    bool may_connect(const std::string& peer);
    void has_left(const std::string& peer);
    std::map<std::string, std::size_t> peers;  // guarded by mutex: connections of each address
};

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
        return answer(app.trouble(503, 0));
    }
    asio::post(plan.door ? *door : *slow, [this, request = std::move(request), answer = std::move(answer)]() mutable {
        counts.slow_waiting.fetch_sub(1);
        app.handle(std::move(request), std::move(answer));
    });
}

template <class S>
asio::awaitable<bool> Server::Impl::write(S& stream, Response& response, bool head_only, bool keep) {
    auto& lowest = beast::get_lowest_layer(stream);
    const std::string_view body = response.fixed.empty() ? std::string_view(response.body) : response.fixed;
    const bool is_file = !response.file.empty() || response.pieces;
    const bool without = response.status == 204 || response.status == 304;
    const std::int64_t length = without ? -1 : response.stream ? -1 : is_file ? std::max<std::int64_t>(0, response.file_bytes) : static_cast<std::int64_t>(body.size());
    const std::string head = head_text(response, length, keep && !response.stream);
    lowest.expires_after(limits.write);
    const std::array<asio::const_buffer, 2> both{asio::buffer(head),
                                                 head_only || without || is_file ? asio::const_buffer() : asio::buffer(body.data(), body.size())};
    const auto [problem, sent] = co_await asio::async_write(stream, both, as_value);
    counts.bytes_out += static_cast<std::int64_t>(sent);
    if (problem) co_return false;
    if (!is_file || head_only || without) co_return true;
    if (response.pieces) {
        for (std::int64_t at = response.file_offset, end = at + response.file_bytes; at < end;) {
            std::string piece = response.pieces(at);
            if (piece.empty()) co_return false;
            if (static_cast<std::int64_t>(piece.size()) > end - at) piece.resize(static_cast<std::size_t>(end - at));
            at += static_cast<std::int64_t>(piece.size());
            lowest.expires_after(limits.write);
            const auto [failed, n] = co_await asio::async_write(stream, asio::buffer(piece), as_value);
            counts.bytes_out += static_cast<std::int64_t>(n);
            if (failed) co_return false;
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
        lowest.expires_after(limits.write);
        const auto [failed, n] = co_await asio::async_write(stream, asio::buffer(piece.data(), got), as_value);
        counts.bytes_out += static_cast<std::int64_t>(n);
        if (failed) co_return false;
        left -= static_cast<std::int64_t>(got);
    }
    co_return true;
}

// Server-sent events: what is pushed goes out; a comment now and then keeps proxies awake and finds dead readers.
template <class S>
asio::awaitable<void> Server::Impl::follow(S& stream, std::shared_ptr<Stream> source) {
    auto& lowest = beast::get_lowest_layer(stream);
    const auto executor = co_await asio::this_coro::executor;
    const auto timer = std::make_shared<asio::steady_timer>(executor);
    const std::weak_ptr<asio::steady_timer> weak = timer;
    const auto wake = [executor, weak] {
        asio::post(executor, [weak] {
            if (const auto t = weak.lock()) t->cancel();
        });
    };
    source->on_push(wake);
    std::list<std::function<void()>>::iterator place;  // a server that stops does not wait for the next heartbeat
    {
        const std::lock_guard lock(mutex);
        place = closers.insert(closers.end(), wake);
    }
    counts.streams += 1;
    const std::string heartbeat = ":\n\n";
    bool alive = true;
    while (alive && !stopping) {
        const bool ended = source->closed();  // before taking: what is pushed last is taken still
        auto pieces = source->take();
        std::string bytes;
        for (const auto& piece : pieces) bytes += *piece;
        if (bytes.empty() && !ended) {
            timer->expires_after(limits.heartbeat);
            const auto [cancelled] = co_await timer->async_wait(as_value);
            if (cancelled) continue;
            bytes = heartbeat;
        }
        if (!bytes.empty()) {
            lowest.expires_after(limits.write);
            const auto [failed, n] = co_await asio::async_write(stream, asio::buffer(bytes), as_value);
            counts.bytes_out += static_cast<std::int64_t>(n);
            alive = !failed;
        }
        if (ended) break;
    }
    {
        const std::lock_guard lock(mutex);
        closers.erase(place);
    }
    source->on_push({});
    source->close();
    counts.streams -= 1;
}

// Room for a body is taken as its bytes come, and so is time: who announces much and sends little holds little, not long.
// 0: it is there; -1: the other side is gone or too slow; else the status to answer.
template <class S>
asio::awaitable<int> Server::Impl::read_body(S& stream, beast::flat_buffer& buffer, http::request_parser<http::string_body>& parser, std::size_t body_max) {
    constexpr std::size_t ahead = 64 * 1024;
    struct Held {
        std::atomic<std::size_t>& total;
        std::size_t n = 0;
        ~Held() { total.fetch_sub(n); }
    } held{body_bytes};
    auto& lowest = beast::get_lowest_layer(stream);
    parser.body_limit(body_max);
    const auto begun = std::chrono::steady_clock::now();
    while (!parser.is_done()) {
        const std::size_t there = parser.get().body().size();
        const std::size_t wanted = there + std::min<std::size_t>(ahead, static_cast<std::size_t>(parser.content_length_remaining().value_or(ahead)));
        if (wanted > held.n) {
            const std::size_t more = wanted - held.n;
            held.n = wanted;
            if (body_bytes.fetch_add(more) + more > limits.body_bytes_total_max) co_return 503;
        }
        lowest.expires_at(begun + limits.body + std::chrono::seconds(there / limits.body_bytes_second_min));
        const auto [problem, n] = co_await http::async_read_some(stream, buffer, parser, as_value);
        (void)n;
        if (problem == beast::error::timeout || problem == asio::error::eof || problem == asio::error::connection_reset || problem == http::error::partial_message)
            co_return -1;
        if (problem) co_return problem == http::error::body_limit ? 413 : 400;
    }
    co_return 0;
}

template <class S>
asio::awaitable<void> Server::Impl::serve(S& stream, std::string peer, bool loopback, bool is_tls,
                                          std::shared_ptr<std::atomic<bool>> idle) {
    auto& lowest = beast::get_lowest_layer(stream);
    const auto executor = co_await asio::this_coro::executor;
    beast::flat_buffer buffer(limits.header_bytes_max + limits.body_bytes_max + read_bytes);
    bool keep = true;
    while (keep && !stopping) {
        if (buffer.size() == 0) {  // between requests nothing is kept for a connection
            buffer.clear();
            buffer.shrink_to_fit();
            lowest.expires_after(limits.idle);
            idle->store(true);
            const auto room = buffer.prepare(read_bytes);
            const auto [problem, n] = co_await stream.async_read_some(room, as_value);
            idle->store(false);
            if (problem) co_return;
            buffer.commit(n);
        }
        http::request_parser<http::string_body> parser;
        parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
        parser.body_limit(limits.body_bytes_max);
        lowest.expires_after(limits.header);
        {
            const auto [problem, n] = co_await http::async_read_header(stream, buffer, parser, as_value);
            (void)n;
            if (problem) {
                if (problem == http::error::end_of_stream || problem == asio::error::eof || problem == asio::error::connection_reset)
                    co_return;
                if (problem == beast::error::timeout) co_return;  // the socket is closed already
                const int status = problem == http::error::header_limit ? 431 : problem == http::error::body_limit ? 413 : 400;
                Response answer = app.trouble(status, status == 431 ? limits.header_bytes_max : status == 413 ? limits.body_bytes_max : 0);
                co_await write(stream, answer, false, false);
                co_return;
            }
        }
        const auto request = std::make_shared<Request>();
        {
            const auto& head = parser.get();
            request->method = head.method_string();
            request->target = head.target();
            request->peer = peer;
            request->loopback = loopback;
            request->tls = is_tls;
            for (const auto& field : head) request->headers.emplace_back(lower(field.name_string()), std::string(field.value()));
            look_behind_proxy(*request, proxies);
        }
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
            Response answer = refused ? app.trouble(*refused, *refused == 413 ? plan.body_bytes_max : *refused == 414 ? limits.target_bytes_max : 0) : std::move(*plan.instead);
            keep = keep && !body && !refused;
            if (!co_await write(stream, answer, head_only, keep)) co_return;
            continue;
        }
        if (announced > 0 || chunked) {
            if (lower(request->header("expect")) == "100-continue") {
                const std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
                lowest.expires_after(limits.write);
                const auto [failed, n] = co_await asio::async_write(stream, asio::buffer(go_on), as_value);
                (void)n;
                if (failed) co_return;
            }
            const int status = co_await read_body(stream, buffer, parser, plan.body_bytes_max);
            if (status < 0) co_return;
            if (status > 0) {
                Response answer = app.trouble(status, status == 413 ? plan.body_bytes_max : 0);
                co_await write(stream, answer, head_only, false);
                co_return;
            }
            request->body = std::move(parser.get().body());
        }
        counts.requests += 1;
        lowest.expires_never();
        const auto slot = std::make_shared<Slot>();
        const auto ready = std::make_shared<asio::steady_timer>(executor, asio::steady_timer::time_point::max());
        Answer answer = [slot, ready, executor](Response r) {
            slot->response = std::move(r);
            if (slot->state.exchange(Slot::answered) == Slot::waited_for) asio::post(executor, [ready] { ready->cancel(); });
        };
        dispatch(request, plan, std::move(answer));
        if (slot->state.exchange(Slot::waited_for) != Slot::answered) {
            const auto [woken] = co_await ready->async_wait(as_value);
            (void)woken;
        }
        Response response = std::move(slot->response);
        keep = keep && !stopping;
        if (!co_await write(stream, response, head_only, keep)) co_return;
        if (response.stream) {
            co_await follow(stream, response.stream);
            co_return;
        }
    }
}

asio::awaitable<void> Server::Impl::plain(tcp::socket socket, std::string peer) {
    boost::system::error_code none;
    const auto remote = socket.remote_endpoint(none);
    beast::tcp_stream stream(std::move(socket));
    stream.socket().set_option(tcp::no_delay(true), none);
    const auto idle = std::make_shared<std::atomic<bool>>(false);
    const auto executor = co_await asio::this_coro::executor;
    std::list<std::function<void()>>::iterator place;
    {
        const std::lock_guard lock(mutex);
        place = closers.insert(closers.end(), [executor, idle, &stream] {
            asio::post(executor, [idle, &stream] {
                if (idle->load()) stream.cancel();
            });
        });
    }
    co_await serve(stream, remote.address().to_string(), remote.address().is_loopback(), false, idle);
    {
        const std::lock_guard lock(mutex);
        closers.erase(place);
    }
    stream.socket().shutdown(tcp::socket::shutdown_send, none);
    has_left(peer);
    counts.connections -= 1;
}

asio::awaitable<void> Server::Impl::secure(tcp::socket socket, std::string peer) {
    boost::system::error_code none;
    const auto remote = socket.remote_endpoint(none);
    beast::ssl_stream<beast::tcp_stream> stream(beast::tcp_stream(std::move(socket)), *tls);
    beast::get_lowest_layer(stream).expires_after(limits.header);
    const auto [failed] = co_await stream.async_handshake(asio::ssl::stream_base::server, as_value);
    if (!failed) {
        const auto idle = std::make_shared<std::atomic<bool>>(false);
        const auto executor = co_await asio::this_coro::executor;
        std::list<std::function<void()>>::iterator place;
        {
            const std::lock_guard lock(mutex);
            place = closers.insert(closers.end(), [executor, idle, &stream] {
                asio::post(executor, [idle, &stream] {
                    if (idle->load()) beast::get_lowest_layer(stream).cancel();
                });
            });
        }
        co_await serve(stream, remote.address().to_string(), remote.address().is_loopback(), true, idle);
        {
            const std::lock_guard lock(mutex);
            closers.erase(place);
        }
        beast::get_lowest_layer(stream).expires_after(std::chrono::seconds(2));
        const auto [ended] = co_await stream.async_shutdown(as_value);
        (void)ended;
    }
    has_left(peer);
    counts.connections -= 1;
}

asio::awaitable<void> Server::Impl::accept() {
    while (!stopping) {
        const auto strand = asio::make_strand(io);
        auto [problem, socket] = co_await acceptor.async_accept(strand, as_value);
        if (stopping || problem == asio::error::operation_aborted) co_return;
        if (problem) {  // no more handles: wait for some to come back
            asio::steady_timer pause(acceptor.get_executor(), std::chrono::milliseconds(50));
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
        const auto executor = socket.get_executor();
        if (tls)
            asio::co_spawn(executor, secure(std::move(socket), peer), asio::detached);
        else
            asio::co_spawn(executor, plain(std::move(socket), peer), asio::detached);
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
    impl_->slow = std::make_unique<asio::thread_pool>(static_cast<std::size_t>(impl_->limits.slow_threads));
    impl_->door = std::make_unique<asio::thread_pool>(static_cast<std::size_t>(impl_->limits.door_threads));
    asio::co_spawn(impl_->io, impl_->accept(), asio::detached);
    for (int i = 0; i < impl_->limits.io_threads; ++i) impl_->threads.emplace_back([this] { impl_->io.run(); });
}

void Server::stop() {
    if (impl_->stopping.exchange(true) || impl_->threads.empty()) return;
    asio::post(impl_->io, [this] {
        boost::system::error_code ignored;
        impl_->acceptor.close(ignored);
    });
    const auto until = std::chrono::steady_clock::now() + impl_->limits.drain;
    while (impl_->counts.connections > 0 && std::chrono::steady_clock::now() < until) {
        {
            const std::lock_guard lock(impl_->mutex);
            for (const auto& close : impl_->closers) close();
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    impl_->slow->join();
    impl_->door->join();
    impl_->io.stop();
    for (std::thread& t : impl_->threads) t.join();
    impl_->threads.clear();
}

}  // namespace yipan::net
