#include "api/events.h"

#include <algorithm>

#include "api/call.h"

namespace yipan::api {
namespace {
constexpr std::size_t followers_max = 2'000, batches_kept_max = 2'000, records_told_max = 500, waiting_bytes_max = 256 * 1024;

constexpr std::chrono::seconds idle_looked_at_every{1};

std::string event_text(std::string_view kind, std::int64_t id, const json::value& data) {
    std::string out;
    if (id > 0) out += "id: " + std::to_string(id) + "\n";
    out.append("event: ").append(kind).append("\ndata: ").append(json::serialize(data)).append("\n\n");
    return out;
}
}  // namespace

Events::Events(Service& service) : service_(service), thread_([this] { loop(); }) {}
Events::~Events() { stop(); }

void Events::shown(const board::Shown& shown) {
    if (shown.records.empty() && shown.figures.empty()) return;
    {
        const std::lock_guard lock(news_mutex_);
        news_.push_back(shown);
    }
    work_.notify_one();
}
void Events::stop() {
    {
        {
            const std::lock_guard news_lock(news_mutex_);
            stopping_ = true;
        }
        const std::lock_guard lock(mutex_);
        for (Follower& f : followers_) f.stream->close();
    }
    work_.notify_one();
    if (thread_.joinable()) thread_.join();
}
std::size_t Events::followers() const {
    const std::lock_guard lock(mutex_);
    return followers_.size();
}

std::shared_ptr<net::Stream> Events::follow(RecordId person, RecordId post, std::string session, std::optional<std::int64_t> after) {
    Follower f;
    f.stream = std::make_shared<net::Stream>(waiting_bytes_max);
    f.person = person;
    f.post = post;
    f.session = std::move(session);
    std::vector<board::Shown> missed;
    const std::lock_guard lock(mutex_);
    if (stopping_ || followers_.size() >= followers_max) return nullptr;
    const std::int64_t now = service_.position();
    f.after = after.value_or(now);
    std::string hello = "retry: 2000\n\n";
    if (after && (*after > now || (oldest_ == 0 && kept_.empty() && *after < now))) {
        hello += event_text("lost", now, json::object{{"position", now}});  // the server started after that, or the board was restored
        f.after = now;
    } else if (after && !kept_.empty() && *after < oldest_) {
        hello += event_text("lost", now, json::object{{"position", now}});
        f.after = now;
    } else if (after) {
        for (const auto& s : kept_)
            if (s.position.value > *after) missed.push_back(s);
    }
    f.stream->push(std::make_shared<const std::string>(std::move(hello)));
    if (!missed.empty()) tell(f, missed);
    auto stream = f.stream;
    followers_.push_back(std::move(f));
    return stream;
}

void Events::end(Follower& f) {
    f.stream->push(std::make_shared<const std::string>(event_text("session", 0, json::object{{"signed_in", false}})));
    f.stream->close();
}
void Events::ended(const std::string& session) {
    if (session.empty()) return;
    const std::lock_guard lock(mutex_);
    for (Follower& f : followers_)
        if (f.session == session) end(f);
}

// A session or token that ended, in whatever way, and a post that is not held any more.
bool Events::over(const Follower& f) const {
    if (!f.session.empty() && !service_.accounts().alive(f.session)) return true;
    const auto directory = service_.rights().directory();
    if (!directory) return false;
    if (f.person.value == 0) return (*directory)->unit_of(f.post) == 0;
    const auto& held = (*directory)->posts_of(f.person);
    return std::none_of(held.begin(), held.end(), [&](const auto& h) { return h.post == f.post; });
}

void Events::loop() {
    constexpr std::chrono::seconds look_every{1};
    std::chrono::steady_clock::time_point keys_looked_at{};
    while (true) {
        std::vector<board::Shown> news;
        {
            std::unique_lock lock(news_mutex_);
            work_.wait_for(lock, look_every, [&] { return stopping_ || !news_.empty(); });
            if (stopping_) return;
            news.swap(news_);
        }
        service_.forget_old_snapshots();
        if (const auto now = std::chrono::steady_clock::now(); now >= keys_looked_at + look_every) {
            keys_looked_at = now;
            service_.forget_keys();
        }
        const std::lock_guard lock(mutex_);
        for (const auto& s : news) {
            if (kept_.empty() && oldest_ == 0) oldest_ = s.position.value - 1;
            kept_.push_back(s);
            for (const auto& c : s.records)
                if (c.verb == board::Verb::erase || c.verb == board::Verb::expunge) forget(c);
        }
        while (kept_.size() > batches_kept_max) {
            oldest_ = kept_.front().position.value;
            kept_.pop_front();
        }
        std::erase_if(followers_, [](const Follower& f) { return f.stream->closed(); });
        for (Follower& f : followers_) {
            if (over(f))
                end(f);
            else if (!news.empty())
                tell(f, news);
        }
    }
}

// What was erased does not stay here either.
void Events::forget(const board::Changed& erased) {
    for (auto& s : kept_)
        for (auto& c : s.records)
            if (c.type == erased.type && c.record == erased.record) c.gone.reset();
}

// Who follows hears of a record only if he may see it now; of a figure only its code, which says nothing of its value.
void Events::tell(Follower& f, const std::vector<board::Shown>& news) {
    const auto found = service_.rights().who(f.person, f.post);
    std::int64_t position = 0;
    for (const auto& s : news) position = std::max(position, s.position.value);
    f.after = position;
    const auto lost = [&] { f.stream->push(std::make_shared<const std::string>(event_text("lost", position, json::object{{"position", position}}))); };
    if (!found) return lost();  // what he may see cannot be read at this moment
    const access::Who& who = **found;
    json::array records;
    std::set<int> figures;
    const auto snapshot = service_.board().snapshot();
    const model::Model& model = snapshot->model();
    for (const auto& s : news) {
        figures.insert(s.figures.begin(), s.figures.end());
        for (const auto& c : s.records) {
            if (c.type < 0 || static_cast<std::size_t>(c.type) >= model.types.size()) continue;  // of a model before this one
            if (f.person.value == 0 || !who.may_ever(c.type, access::Action::see)) continue;  // a wall shows figures only
            if (records.size() >= records_told_max) return lost();
            if (!who.sees_all(c.type)) {
                // Of what is gone he hears who could see it: that it is gone, nothing of what it was.
                const record::RecordPtr r = c.gone ? c.gone : snapshot->record(c.type, c.record);
                if (!r || !who.may(access::Action::see, *r, snapshot->resolver())) continue;
            }
            records.push_back({{"type", model.types[static_cast<std::size_t>(c.type)].code}, {"id", c.record.value}, {"version", c.version},
                               {"verb", board::verb_name(c.verb)}});
        }
    }
    json::array codes;
    for (const int figure : figures)
        if (figure >= 0 && static_cast<std::size_t>(figure) < model.figures.size()) codes.emplace_back(model.figures[static_cast<std::size_t>(figure)].code);
    if (records.empty() && codes.empty()) return;
    f.stream->push(std::make_shared<const std::string>(
        event_text("change", position, json::object{{"position", position}, {"records", std::move(records)}, {"figures", std::move(codes)}})));
}

namespace {
void follow(const CallPtr& call) {
    std::optional<std::int64_t> after = whole_number(call->request.header("last-event-id"));
    if (!after && call->request.has("after")) after = whole_number(call->request.asked("after"));
    auto stream = call->service.events().follow(call->person(), call->post(), call->session ? call->session->hash : call->token ? call->token->hash : "", after);
    if (!stream) return call->problem(Error{Code::busy, "", "too many follow already", "try again later"});
    net::Response r;
    r.with("Content-Type", "text/event-stream").with("X-Accel-Buffering", "no");
    r.stream = std::move(stream);
    call->ok_with(std::move(r));
}
// Whoever watches the server learns that the backup failed, not where it lies.
void healthy(const CallPtr& call) {
    const auto& backups = call->service.settings().backups;
    call->ok(json::object{{"status", "ok"}, {"backup", !backups ? "none" : backups().red ? "red" : "green"}});
}
void ready(const CallPtr& call) {
    const auto damage = call->service.board().damage();
    if (damage) return call->problem(*damage, 503);
    call->ok(json::object{{"status", "ready"}});
}
void metrics(const CallPtr& call) {
    auto& s = call->service;
    std::string out;
    const auto line = [&](std::string_view kind, std::string_view name, std::string_view labels, std::int64_t value) {
        out.append("# TYPE yipan_").append(name).append(" ").append(kind).append("\nyipan_").append(name).append(labels).append(" ").append(std::to_string(value)).append("\n");
    };
    out += "# TYPE yipan_requests_total counter\n";
    for (int i = 2; i < 6; ++i)
        out += "yipan_requests_total{class=\"" + std::to_string(i) + "xx\"} " + std::to_string(s.metrics.by_class[i].load()) + "\n";
    line("counter", "request_microseconds_total", "", s.metrics.micros);
    // How many entries there are is nobody's business but this machine's and theirs who may come in.
    if (call->request.loopback || s.counts_entries(call->request)) line("gauge", "journal_position", "", s.position());
    line("gauge", "event_followers", "", static_cast<std::int64_t>(s.events().followers()));
    if (s.settings().connection_metrics) out += s.settings().connection_metrics();
    net::Response r;
    r.with("Content-Type", "text/plain; version=0.0.4");
    r.body = std::move(out);
    call->ok_with(std::move(r));
}
}  // namespace

void add_event_routes(std::vector<Route>& r) {
    r.push_back({"GET", "/events", Needs::post, By::stream, "read", true, 0, follow, "changes as they happen (server-sent events)", Screen::shown});
    r.push_back({"GET", "!/healthz", Needs::nothing, By::process, "", false, 0, healthy, ""});
    r.push_back({"GET", "!/readyz", Needs::nothing, By::process, "", false, 0, ready, ""});
    r.push_back({"GET", "!/metrics", Needs::nothing, By::process, "", false, 0, metrics, ""});
}

}  // namespace yipan::api
