#include "api/front.h"

#include <openssl/hmac.h>
#include <pthread.h>
#include <strings.h>

#include <array>

#include "access/secret.h"
#include "api/call.h"

namespace yipan::api {
namespace {
constexpr std::size_t threads_max = 64, waiting_max = 512;
constexpr std::int64_t clocks_apart_s = 300;
constexpr std::chrono::milliseconds again_after{100};
constexpr std::chrono::seconds known_for{1};
constexpr std::string_view carried = "yipan-carried", not_the_writer = "Yipan-Not-The-Writer";

std::string mac_of(std::string_view secret, const net::Request& request, std::string_view said) {
    Sha256 of;
    of.add(said).add("\n").add(request.method == "HEAD" ? "GET" : request.method).add("\n").add(request.target).add("\n");
    for (const auto& [name, value] : request.headers)
        if (net::travels(name)) of.add(name).add(":").add(value).add("\n");
    of.add("\n").add(request.body);
    const Digest digest = of.finish();
    std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
    unsigned length = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), digest.data(), digest.size(), mac.data(), &length);
    return hex(std::span<const std::uint8_t>(mac.data(), length));
}
net::Response busy(std::string message, std::string hint, int status = 503) {
    net::Response r = problem_response({{Code::busy, "", std::move(message), std::move(hint)}}, status);
    r.with("Cache-Control", "no-store").with("X-Content-Type-Options", "nosniff");
    return r;
}
net::Response not_here() {
    net::Response r = busy("this process does not write the board", "");
    r.with(std::string(not_the_writer), "1");
    return r;
}
// What the writer tells another process with each answer, strangers' as well; it goes no further.
constexpr std::string_view written_up_to = "Yipan-Written";
/// To be repeated without harm, done or not.
bool repeatable(const net::Request& request) { return request.method == "GET" || request.method == "HEAD" || !request.header("idempotency-key").empty(); }
std::int64_t take_position(net::Response& r) {
    std::int64_t position = 0;
    std::erase_if(r.headers, [&](const auto& h) {
        const bool told = strcasecmp(h.first.c_str(), written_up_to.data()) == 0;
        if (told) position = whole_number(h.second).value_or(0);
        return told;
    });
    return position;
}
}  // namespace

std::string announced(const std::string& home, const std::string& inner) { return inner.empty() ? home : home + " " + inner; }
std::string inner_of(std::string_view text) {
    const std::size_t blank = text.find(' ');
    return blank == std::string_view::npos ? "" : std::string(text.substr(blank + 1));
}

Front::Front(Settings settings) : settings_(std::move(settings)) {}
Front::~Front() { stop(); }
void Front::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    work_.notify_all();
    for (std::thread& t : threads_)  // no more are added
        if (t.joinable()) t.join();
}

std::shared_ptr<const void> Front::seat(Service& service, bool writes) {
    auto next = std::make_shared<const Seat>(Seat{&service, writes, std::make_shared<int>(0)});
    const std::shared_ptr<const void> visitors = next->visitors;
    {
        const std::lock_guard lock(seat_mutex_);
        seat_ = std::move(next);
    }
    const std::lock_guard lock(watch_mutex_);
    writer_.clear();
    return visitors;
}
Front::SeatPtr Front::seat_now() const {
    const std::lock_guard lock(seat_mutex_);
    return seat_;
}

// Whoever is under way holds its seat: the call through its answer, the answer until it is sent.
void Front::pass(const SeatPtr& seat, std::shared_ptr<const net::Request> request, net::Answer answer) {
    seat->service->handle(std::move(request), [visitor = seat->visitors, answer = std::move(answer)](net::Response r) {
        r.hold = std::make_shared<std::pair<std::shared_ptr<const void>, std::shared_ptr<int>>>(std::move(r.hold), visitor);
        answer(std::move(r));
    });
}

net::App::Plan Front::plan(const net::Request& head) {
    const SeatPtr seat = seat_now();
    Plan out = seat->service->plan(head);
    const bool rests = seat->service->board().rests();  // then nothing is asked of it here: this thread serves everybody
    if (!seat->writes && !out.instead && (rests || !seat->service->answers_itself(head))) out.slow = out.look = out.door = false;  // it waits elsewhere
    return out;
}
net::Response Front::trouble(int status, std::size_t limit, const net::Request& request) { return seat_now()->service->trouble(status, limit, request); }

void Front::handle(std::shared_ptr<const net::Request> request, net::Answer answer) {
    const SeatPtr seat = seat_now();
    if (!seat->service->board().rests() || !seat->service->asks_board(*request)) return answer_awake(std::move(request), std::move(answer));
    queue([this, request, answer](net::Carrier&) {
        if (wake(answer)) answer_awake(request, answer);
    }, *request, answer);
}

// Before anybody looks at who asks: accounts may have been changed by another process meanwhile. One that has found the board
// written by another is replaced soon; what else is wrong, the service says.
bool Front::wake(const net::Answer& answer) {
    const auto until = std::chrono::steady_clock::now() + settings_.patience;
    while (true) {
        const SeatPtr seat = seat_now();
        const Status awake = seat->service->board().wake();
        if (awake || awake.error().code != Code::busy) return true;
        settings_.look_at_hold();
        bool ending = false;
        {
            const std::lock_guard lock(mutex_);
            ending = stopping_;
        }
        if (ending || std::chrono::steady_clock::now() > until) {
            answer(busy(awake.error().message, "try again in a few seconds"));
            return false;
        }
        std::this_thread::sleep_for(again_after);
    }
}

void Front::answer_awake(std::shared_ptr<const net::Request> request, net::Answer answer) {
    const SeatPtr seat = seat_now();
    if (!seat->writes && !seat->service->answers_itself(*request))
        return queue([this, request, answer](net::Carrier& carrier) { carry(carrier, request, answer); }, *request, answer);
    const std::string_view least = request->has("min_position") ? request->asked("min_position") : request->header("yipan-min-position");
    if (least.empty() || !seat->service->known_here(*request)) {  // a stranger learns no position
        auto otherwise = !seat->writes ? std::move(answer) : unless_ousted(seat, request, answer, [this, seat, request, answer] { when_replaced(seat, request, answer); });
        return pass(seat, std::move(request), std::move(otherwise));
    }
    const auto position = whole_number(least);
    if (!position || *position < 0) return answer(problem_response({{Code::usage, "min_position", "not a position of the journal", "the number an answer carried as Yipan-Position"}}, 400));
    if (*position <= seat->service->position()) return pass(seat, std::move(request), std::move(answer));
    queue([this, request, answer, position = *position](net::Carrier&) { wait_for(position, request, answer); }, *request, answer);
}

net::Answer Front::unless_ousted(const SeatPtr& seat, const std::shared_ptr<const net::Request>& request, net::Answer answer, std::function<void()> instead) {
    if (!repeatable(*request)) return answer;
    return [this, seat, request, answer = std::move(answer), instead = std::move(instead)](net::Response r) {
        if (r.status != 503) return answer(std::move(r));
        const auto said = std::make_shared<net::Response>(std::move(r));
        queue([this, seat, answer, instead, said](net::Carrier&) {
            if (!seat->service->board().ousted()) return answer(std::move(*said));
            settings_.look_at_hold();
            instead();
        }, *request, answer);
    };
}
// The part that was fenced out is replaced by one that reads, or by one that writes again: that one answers.
void Front::when_replaced(const SeatPtr& seat, const std::shared_ptr<const net::Request>& request, const net::Answer& answer) {
    const auto until = std::chrono::steady_clock::now() + settings_.patience;
    while (seat_now() == seat) {
        bool ending = false;
        {
            const std::lock_guard lock(mutex_);
            ending = stopping_;
        }
        if (ending || std::chrono::steady_clock::now() > until) return answer(busy("another process has taken the board over and writes to it now", "try again in a few seconds"));
        std::this_thread::sleep_for(again_after);
    }
    answer_awake(request, answer);
}

void Front::queue(std::function<void(net::Carrier&)> job, const net::Request& asked, const net::Answer& otherwise) {
    {
        const std::lock_guard lock(mutex_);
        if (!stopping_ && jobs_.size() < waiting_max) {
            jobs_.push_back(std::move(job));
            // A board in a file has nothing to carry and never gets one.
            if (jobs_.size() > idle_ && threads_.size() < threads_max) threads_.emplace_back([this] { work(); });
            work_.notify_one();
            return;
        }
    }
    otherwise(trouble(503, 0, asked));
}
void Front::work() {
    (void)pthread_setname_np(pthread_self(), "yipan-carry");
    net::Carrier carrier;
    while (true) {
        std::function<void(net::Carrier&)> job;
        {
            std::unique_lock lock(mutex_);
            ++idle_;
            work_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
            --idle_;
            if (jobs_.empty()) return;
            job = std::move(jobs_.front());
            jobs_.pop_front();
        }
        job(carrier);
    }
}

void Front::rest() {
    const std::lock_guard lock(watch_mutex_);
    watch_.reset();
    writer_.clear();
}

std::string Front::writer(bool anew) {
    const std::lock_guard lock(watch_mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (!anew && !writer_.empty() && now - looked_ < known_for) return writer_;
    writer_.clear();
    if (!watch_) {
        auto opened = store::watch(settings_.board);
        if (!opened) return "";
        watch_ = std::move(*opened);
    }
    const auto seen = watch_->look();
    if (!seen) {
        watch_.reset();
        return "";
    }
    looked_ = now;
    if (seen->held) writer_ = inner_of(seen->address);
    return writer_;
}

// seconds, from where it came, whether by TLS and from the same machine
Result<std::string> Front::sign(Service& service, const net::Request& request, std::string_view said) {
    YIPAN_TRY(const std::string secret, service.shared_secret());
    return std::string(said) + " " + mac_of(secret, request, said);
}

// Again and again until somebody writes, within a bound: what has surely not been done, and what carries a key that keeps it
// from being done twice.
void Front::carry(net::Carrier& carrier, const std::shared_ptr<const net::Request>& request, const net::Answer& answer) {
    const bool safe = repeatable(*request);
    const auto until = std::chrono::steady_clock::now() + settings_.patience;
    bool anew = false;
    while (true) {
        const SeatPtr seat = seat_now();
        if (seat->writes) return pass(seat, request, answer);  // it fell to this process meanwhile
        Service& service = *seat->service;
        const std::string to = writer(anew);
        if (!to.empty()) {
            const std::string said = std::to_string(access::unix_now()) + " " + request->peer + " " + (request->tls ? "tls" : "plain") + " " + (request->loopback ? "here" : "away");
            const auto signature = sign(service, *request, said);
            net::Response got;
            const auto outcome = signature ? carrier.carry("http://" + to, *request, {{std::string(carried), *signature}}, safe, {}, got) : net::Carrier::Outcome::not_sent;
            const auto turned_away = [&] {
                for (const auto& [name, value] : got.headers)
                    if (name == not_the_writer) return true;
                return false;
            };
            if (outcome == net::Carrier::Outcome::answered && !turned_away()) {
                counts_.carried += 1;
                // One reads what one has written, here as well.
                const std::int64_t position = take_position(got);
                const auto by = std::chrono::steady_clock::now() + settings_.read_patience;
                while (service.board().catch_up() && service.position() < position && std::chrono::steady_clock::now() < by)
                    std::this_thread::sleep_for(std::chrono::milliseconds(10));
                return answer(std::move(got));
            }
            if (outcome == net::Carrier::Outcome::unknown && !safe) {
                counts_.failed += 1;
                return answer(busy("the process that writes was lost before it answered: this may have been done or not", "look whether it was; a request with an Idempotency-Key can simply be repeated"));
            }
        }
        anew = true;
        settings_.look_at_hold();
        if (service.can_answer(*request)) return pass(seat, request, answer);  // only that the session is used goes untold
        bool ending = false;
        {
            const std::lock_guard lock(mutex_);
            ending = stopping_;
        }
        if (ending || std::chrono::steady_clock::now() > until) {
            counts_.failed += 1;
            return answer(busy("no process that writes this board could be reached; nothing was done", "try again in a few seconds"));
        }
        std::this_thread::sleep_for(again_after);
    }
}

void Front::wait_for(std::int64_t position, const std::shared_ptr<const net::Request>& request, const net::Answer& answer) {
    counts_.waited += 1;
    const auto until = std::chrono::steady_clock::now() + settings_.read_patience;
    while (true) {
        const SeatPtr seat = seat_now();
        (void)seat->service->board().catch_up();
        const std::int64_t here = seat->service->position();
        if (here >= position) return pass(seat, request, answer);
        if (seat->writes || std::chrono::steady_clock::now() > until) {
            const std::string said = "entries up to " + std::to_string(here) + " are here, not yet " + std::to_string(position);
            return answer(busy(said, "try again in a few seconds, or ask the process that writes", seat->writes ? 412 : 503));
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

// ---- the door for processes of the same board ----
net::Response Front::Door::trouble(int status, std::size_t limit, const net::Request& request) { return front_.trouble(status, limit, request); }

net::App::Plan Front::Door::plan(const net::Request& head) {
    const SeatPtr seat = front_.seat_now();
    if (head.header(carried).empty()) {
        Plan out;
        out.instead = problem_response({{Code::not_allowed, "", "here only processes of this board are answered", "the board's own address"}}, 403);
        return out;
    }
    if (seat->writes) return seat->service->plan(head);
    Plan out;  // never taken further: two who take each other for the writer would go on for ever
    out.instead = not_here();
    return out;
}

void Front::Door::handle(std::shared_ptr<const net::Request> request, net::Answer answer) {
    const SeatPtr seat = front_.seat_now();
    if (!seat->writes || !seat->service->board().rests()) return answer_awake(request, answer);
    front_.queue([this, request, answer](net::Carrier&) {
        const SeatPtr resting = front_.seat_now();
        const Status awake = resting->service->board().wake();
        if (awake || awake.error().code != Code::busy) return answer_awake(request, answer);
        front_.settings_.look_at_hold();  // another has the board now
        answer(not_here());
    }, *request, answer);
}
void Front::Door::answer_awake(const std::shared_ptr<const net::Request>& request, const net::Answer& answer) {
    const SeatPtr seat = front_.seat_now();
    if (!seat->writes) return answer(not_here());
    const std::string_view whole = request->header(carried);
    const std::size_t end = whole.rfind(' ');
    const std::string_view said = whole.substr(0, end == std::string_view::npos ? 0 : end);
    std::vector<std::string_view> words;
    for (std::size_t at = 0; at <= said.size();) {
        const std::size_t blank = std::min(said.find(' ', at), said.size());
        words.push_back(said.substr(at, blank - at));
        at = blank + 1;
    }
    const auto secret = seat->service->shared_secret();
    const auto when = words.empty() ? std::nullopt : whole_number(words[0]);
    const bool good = secret && words.size() == 4 && when && std::abs(*when - access::unix_now()) <= clocks_apart_s &&
                      access::same_secret(whole.substr(end + 1), mac_of(*secret, *request, said));
    if (!good)
        return answer(problem_response({{Code::not_allowed, "", "not signed as a process of this board would, or the clocks of the two machines are far apart", "set the clocks of both machines"}}, 403));
    auto inside = std::make_shared<net::Request>(*request);
    inside->peer = words[1];
    inside->tls = words[2] == "tls";
    inside->loopback = words[3] == "here";
    std::erase_if(inside->headers, [](const auto& h) { return h.first == carried; });
    auto told = [service = seat->service, answer](net::Response r) {
        r.with(std::string(written_up_to), std::to_string(service->position()));
        answer(std::move(r));
    };
    pass(seat, std::move(inside), front_.unless_ousted(seat, request, std::move(told), [answer] { answer(not_here()); }));
}

}  // namespace yipan::api
