#include "api/service.h"

#include <algorithm>

#include "access/secret.h"
#include "api/activity.h"
#include "api/call.h"
#include "api/duty.h"
#include "api/events.h"
#include "api/hooks.h"
#include "api/imports.h"
#include "api/oidc.h"
#include "api/papers.h"
#include "api/search.h"
#include "api/uploads.h"
#include "board/erasures.h"
#include "exchange/names.h"
#include "store/open.h"

namespace yipan::api {
namespace {
constexpr std::string_view page_policy =
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; script-src 'self'; worker-src 'self' blob:; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
constexpr std::string_view no_page =
    "<!doctype html><meta charset=utf-8><title>Yipan</title><p>This server was built without the page (node was missing). "
    "The API answers below /b/&lt;board&gt;/api. 本服务端未带网页。";

// "GET /b/demo/..." asked of a board of another name: 404 like anything else.
bool unsafe(std::string_view method) { return method != "GET" && method != "HEAD"; }
std::string_view bearer(const net::Request& r) {
    const std::string_view v = r.header("authorization");
    return v.starts_with("Bearer ") ? v.substr(7) : std::string_view{};
}
}  // namespace

Service::Service(board::Board& board, Settings settings) : board_(board), settings_(std::move(settings)), rights_(board), acts_(board), ballots_(board), ticker_(board) {
    add_session_routes(routes_);
    add_model_routes(routes_);
    add_trust_routes(routes_);
    add_record_routes(routes_);
    add_record_write_routes(routes_);
    add_figure_routes(routes_);
    add_board_routes(routes_);
    add_scheme_routes(routes_);
    add_work_routes(routes_);
    add_search_routes(routes_);
    add_event_routes(routes_);
    add_hook_routes(routes_);
    add_oidc_routes(routes_);
    add_openapi_route(routes_);
    add_exchange_routes(routes_);
    add_flow_act_routes(routes_);
    add_flow_work_routes(routes_);
    add_flow_order_routes(routes_);
    add_flow_table_routes(routes_);
    add_flow_ballot_routes(routes_);
    for (std::size_t i = 0; i < routes_.size(); ++i) {
        const std::string path = routes_[i].pattern.starts_with('!') ? std::string(routes_[i].pattern.substr(1))
                                                                     : "/b/{board}/api" + std::string(routes_[i].pattern);
        router_.add(routes_[i].method, path, static_cast<int>(i));
    }
    events_ = std::make_unique<Events>(*this);
    search_ = std::make_unique<SearchIndex>(board_);
    hooks_ = std::make_unique<Hooks>(*this);
    papers_ = std::make_unique<Papers>(board_);
    if (settings_.oidc) oidc_ = std::make_unique<Oidc>(*settings_.oidc);
    surveys_ = std::make_unique<Surveys>();
    activity_ = std::make_unique<Activity>();
    if (!settings_.path.empty()) {
        uploads_ = std::make_unique<Uploads>(store::beside_stem(settings_.path) + "-upload-");
        imports_ = std::make_unique<Imports>();
    }
}
Service::~Service() {
    events_->stop();  // its thread looks at the spare snapshots
    leave();
}

Result<std::unique_ptr<Service>> Service::open(board::Board& board, Settings settings) {
    std::unique_ptr<Service> out(new Service(board, std::move(settings)));
    YIPAN_TRY(out->accounts_, access::Accounts::open(board));
    out->position_ = board.snapshot()->position().value;
    if (const auto& mail = out->settings_.mail; mail && !board.read_only()) {
        out->outbox_ = std::make_unique<notify::Outbox>(board, *mail, out->settings_.mail_host, out->settings_.home);
        YIPAN_TRY_VOID(out->outbox_->load());
    }
    Service* self = out.get();
    board.subscribe([self](const board::Shown& shown) {
        self->position_.store(shown.position.value, std::memory_order_release);
        self->shown_.fetch_add(1, std::memory_order_acq_rel);
        self->forget_snapshots();
        if (self->board_.follows()) self->accounts_->changed();
        self->rights_.changed(shown);
        self->acts_.changed(shown);
        self->ticker_.changed(shown);
        self->search_->changed(shown);
        self->events_->shown(shown);
        self->erased(shown);
        self->hooks_->shown();
        if (self->outbox_) self->outbox_->shown();
    });
    board.set_permit([self](const board::WriteAsk& ask, record::Resolver& world, Errors& refused) { self->refuse_writing(ask, world, refused); });
    YIPAN_TRY_VOID(out->hooks_->load());
    YIPAN_TRY_VOID(out->papers_->load());
    if (out->outbox_) out->outbox_->start();
    if (out->imports_ && !board.read_only()) out->imports_->between([self] { return self->forget_erased(); });
    return out;
}

// What was erased goes from the files of imports as well. What a record was called may go with the erasure itself, so it
// is noted in its transaction (space "erasing") until the imports have forgotten it.
namespace {
constexpr std::string_view erasing_space = "erasing";
}
board::SideWrite Service::note_erasing(board::Snapshot& snapshot, const record::Record& record) const {
    exchange::Names names(snapshot);
    return {std::string(erasing_space), snapshot.model().types[static_cast<std::size_t>(record.type)].code + "/" + std::to_string(record.id.value), names.key_text(record), true};
}
void Service::erased(const board::Shown& shown) {
    const bool any = std::any_of(shown.records.begin(), shown.records.end(), [](const board::Changed& c) { return c.verb == board::Verb::erase || c.verb == board::Verb::expunge; });
    if (imports_ && any) imports_->between([this] { return forget_erased(); });
}

// On the thread of imports, at the start and after each erasure: every one since the entry up to which it was done. A
// server that ended before, or a file somebody was working on, only delays it.
bool Service::forget_erased() {
    constexpr std::string_view space = "imports", done_up_to = "erased";
    const auto snapshot = board_.snapshot();
    const auto kept = snapshot->side(space, done_up_to);
    const std::int64_t from = kept && *kept ? whole_number(**kept).value_or(0) : 0, to = snapshot->position().value;
    if (!kept || board_.read_only()) return true;
    exchange::Names names(*snapshot);
    bool all = true;
    const auto forget = [&](int type, RecordId id, const std::string& key) {
        const auto gone = exchange::forget_in_imports(settings_.path, snapshot->model().types[static_cast<std::size_t>(type)], id, key);
        if (!gone && settings_.log) settings_.log("{\"erasing\":\"imports\",\"problem\":\"" + std::string(code_name(gone.error().code)) + "\"}");
        all = all && gone.has_value();  // somebody has the file at this moment, or the disk refuses: later
        return gone.has_value();
    };
    board::Draft draft;
    draft.channel = "system";
    std::vector<std::pair<std::string, std::string>> noted;
    if (!snapshot->each_side(erasing_space, [&](std::string_view key, std::string_view value) { noted.emplace_back(key, value); })) return false;
    for (const auto& [what, key] : noted) {
        const std::size_t slash = what.find('/');
        const int type = snapshot->model().find_type(what.substr(0, slash));
        const auto id = whole_number(std::string_view(what).substr(slash + 1));
        if (type < 0 || !id || forget(type, RecordId(*id), key)) draft.side.push_back({std::string(erasing_space), what, std::nullopt, true});
    }
    // Erasures by other ways, a command while no server ran.
    const auto read = from < to ? board::erasures(settings_.path, Position(from + 1), Position(to)) : std::vector<Position>{};
    for (const Position& position : read ? *read : std::vector<Position>{}) {
        const auto e = snapshot->entry(position);
        if (!e) all = false;
        if (!e || e->type < 0) continue;
        const record::RecordPtr record = snapshot->record(e->type, e->record);
        forget(e->type, e->record, record ? names.key_text(*record) : "");
    }
    if (read && all && from < to) draft.side.push_back({std::string(space), std::string(done_up_to), std::to_string(to)});
    if (!draft.side.empty()) board_.submit(std::move(draft), [](const Checked<board::Receipt>&) {});
    return read.has_value() && all;
}

// docs/api.md: a key holds for two weeks. Only keys of the API end ("person:post:..."): those of imports and of commands
// hold for good. A walk through all begins every few hours; each call looks at a few hundred and writes at most one small
// draft, which goes with whatever batch is under way.
void Service::forget_keys() {
    constexpr std::int64_t hour = std::int64_t{3'600} * 1'000'000, life = 14 * 24 * hour, walk_every = 6 * hour;
    constexpr std::int64_t looked_at = 500;
    const std::unique_lock lock(keys_.mutex, std::try_to_lock);
    if (!lock || board_.read_only() || keys_.forgetting.load()) return;
    const std::int64_t now = board_.now().micros;
    if (keys_.after.empty() && now < keys_.next) return;
    const auto snapshot = board_.snapshot();
    if (keys_.after.empty()) {
        keys_.next = now + walk_every;
        // The times of entries never go back.
        std::int64_t low = 0, high = snapshot->position().value;
        while (low < high) {
            const std::int64_t middle = low + (high - low + 1) / 2;
            const auto e = snapshot->entry(Position(middle));
            if (!e) return;
            if (e->time.micros < now - life) low = middle;
            else high = middle - 1;
        }
        if (low == 0) return;
        keys_.up_to = low;
        keys_.after = "/";  // before the first digit
    }
    const auto some = snapshot->receipts(keys_.after, ":", looked_at);  // behind the last one
    if (!some) return;
    board::Draft draft;
    draft.channel = "system";
    for (const auto& [key, receipt] : *some) {
        const std::size_t person = key.find_first_not_of("0123456789"), post = person < key.size() && key[person] == ':' ? key.find_first_not_of("0123456789", person + 1) : std::string::npos;
        if (receipt.last > keys_.up_to || post >= key.size() || post == person + 1 || key[post] != ':') continue;
        draft.forget_receipts.push_back(key);
        draft.side.push_back({std::string(asked_space), key, std::nullopt});
    }
    keys_.after = static_cast<std::int64_t>(some->size()) < looked_at ? std::string() : some->back().key;
    if (draft.side.empty()) return;
    keys_.forgetting = true;
    board_.submit(std::move(draft), [this](const Checked<board::Receipt>&) { keys_.forgetting = false; });
}

namespace {
constexpr std::chrono::seconds age_max{1};  // of a spare snapshot
}
// A spare snapshot keeps its read transaction, so it is never kept beyond the next change, a second (the day may
// change) or some hundred uses (it remembers the records it read).
std::unique_ptr<board::Snapshot> Service::take_snapshot() {
    constexpr int uses_max = 200;
    const auto now = std::chrono::steady_clock::now();
    std::vector<Spare> old;  // ended outside of the lock
    Spare taken;
    {
        const std::lock_guard lock(spare_mutex_);
        while (!spare_.empty() && !taken.snapshot) {
            Spare spare = std::move(spare_.back());
            spare_.pop_back();
            const bool good = spare.shown == shown_.load(std::memory_order_acquire) && spare.uses < uses_max && now - spare.born < age_max;
            if (good) taken = std::move(spare);
            else old.push_back(std::move(spare));
        }
    }
    if (!taken.snapshot) {
        const std::int64_t shown = shown_.load(std::memory_order_acquire);  // before it is taken: it shows this at least
        taken = {board_.snapshot(), now, 0, shown};
    }
    std::unique_ptr<board::Snapshot> out = std::move(taken.snapshot);
    const std::lock_guard lock(spare_mutex_);
    lent_[out.get()] = {nullptr, taken.born, taken.uses + 1, taken.shown};
    return out;
}
void Service::give_snapshot(std::unique_ptr<board::Snapshot> snapshot) {
    constexpr std::size_t spare_max = 8;
    if (!snapshot) return;
    const std::lock_guard lock(spare_mutex_);
    const auto lent = lent_.find(snapshot.get());
    Spare spare = lent == lent_.end() ? Spare{} : std::move(lent->second);
    if (lent != lent_.end()) lent_.erase(lent);
    if (spare_.size() >= spare_max || spare.shown != shown_.load(std::memory_order_acquire)) return;
    spare.snapshot = std::move(snapshot);
    spare_.push_back(std::move(spare));
}
void Service::forget_snapshots() {
    std::vector<Spare> old;
    {
        const std::lock_guard lock(spare_mutex_);
        old.swap(spare_);
    }
}

void Service::forget_old_snapshots() {
    const auto now = std::chrono::steady_clock::now();
    std::vector<Spare> old;  // ends after the lock
    const std::lock_guard lock(spare_mutex_);
    for (auto at = spare_.begin(); at != spare_.end();) {
        if (now - at->born < age_max) {
            ++at;
            continue;
        }
        old.push_back(std::move(*at));
        at = spare_.erase(at);
    }
}

void Service::stop() {
    forget_snapshots();
    hooks_->stop();
    if (imports_) imports_->stop();
    ticker_.stop();
    if (outbox_) outbox_->stop();
    events_->stop();
}

// The board's threads call here with every batch and with every answer: after this they do not any more.
void Service::leave() {
    if (std::exchange(left_, true)) return;
    board_.subscribe({});
    board_.set_permit({});
    forget_snapshots();
}

// Whoever acts in a post is judged by its rights; the system itself (command line, clock) is not.
void Service::refuse_writing(const board::WriteAsk& ask, record::Resolver& world, Errors& refused) {
    if (ask.change.verb == board::Verb::read) {  // may whoever writes be told of this record?
        const bool outside = ask.draft.channel == "web" || ask.draft.channel == "api" || ask.draft.channel == "import";
        if (!outside) return;
        const auto who = rights_.known(ask.draft.actor, ask.draft.post);
        if (!who || !(who->sees_all(ask.type.index) || (ask.before && who->may(access::Action::see, *ask.before, world))))
            refused.push_back({Code::not_allowed, "", "not yours to see", ""});
        return;
    }
    // Who may act was asked by src/flow; what an act sets in the record itself is asked here.
    if (ask.draft.by_act && (ask.type.by_acts || ask.change.set.empty())) return;
    if (ask.draft.channel != "web" && ask.draft.channel != "api" && ask.draft.channel != "import") return;
    if (ask.draft.post.value == 0) {
        refused.push_back({Code::not_allowed, ask.change.where, "nobody acts here without a post", "choose an identity"});
        return;
    }
    // The directory is read from a snapshot, which waits for this very thread's batches: the one known is used.
    const auto who = rights_.known(ask.draft.actor, ask.draft.post);
    if (!who) {
        refused.push_back({Code::not_allowed, ask.change.where, "who acts is not known yet", "try again"});
        return;
    }
    if (ask.draft.by_act)
        who->judge_values(ask, world, refused);
    else
        who->judge(ask, world, refused);
    papers_->judge(ask, refused);
}

// What is answered before there is a call carries the same headers as what a call answers; nobody is known yet, so no position.
net::Response Service::guarded(net::Response r) const {
    r.with("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    r.with("X-Content-Type-Options", "nosniff").with("Referrer-Policy", "no-referrer").with("Cache-Control", "no-store");
    return r;
}

net::Response Service::trouble(int status, std::size_t limit, const net::Request& request) {
    const auto make = [&](Code code, std::string message, std::string hint) {
        net::Response r = guarded(problem_response({{code, "", std::move(message), std::move(hint)}}, status, {}, language_of(request)));
        if (status == 429) r.with("Retry-After", "2");
        return r;
    };
    switch (status) {
        case 413: return make(Code::limit_exceeded, limit ? "the body is larger than the " + std::to_string(limit) + " bytes it may have" : "this route takes no body", "");
        case 414: return make(Code::limit_exceeded, "the address is longer than " + std::to_string(limit) + " bytes", "");
        case 431: return make(Code::limit_exceeded, "the header is larger than " + std::to_string(limit) + " bytes", "");
        case 503: return make(Code::busy, "too much is waiting at this moment", "try again in a few seconds");
        default: return make(Code::usage, "the request is not HTTP as this server reads it", "");
    }
}

net::App::Plan Service::plan(const net::Request& head) {
    Plan out;
    const std::string method = head.method == "HEAD" ? "GET" : head.method;
    auto match = router_.match(method, head.path);
    if (match.route >= 0) {
        out.route = match.route;
        out.parameters = std::move(match.parameters);
        const Route& route = routes_[static_cast<std::size_t>(match.route)];
        out.body_bytes_max = route.body_bytes_max;
        out.slow = route.slow;
        // A list that may have to look at every record: a filter or an order is found along an index only if there is one.
        if (route.pattern == "/records/{type}" && route.method == "GET")
            out.slow = out.look = head.has("filter") || head.has("sort") || head.has("q") || head.has("sums") || head.asked("total") == "exact" || walks_far(head, out.parameters[1]);
        // Signing in waits for nothing that others can ask for; the provider's answers are not ours to promise.
        out.door = route.slow && route.needs == Needs::nothing && !route.pattern.starts_with("/oidc");
        // Who is not known here cannot make the server keep a large body.
        constexpr std::size_t strangers_body_max = 16 * 1024;
        const std::string_view announced = head.header("content-length");
        const bool large = announced.empty() ? !head.header("transfer-encoding").empty()
                                             : static_cast<std::uint64_t>(whole_number(announced).value_or(INT64_MAX)) > strangers_body_max;
        if (large && route.needs != Needs::nothing && route.body_bytes_max > strangers_body_max && !known_here(head))
            out.instead = guarded(problem_response({{Code::not_allowed, "", "sign in first", "POST /session"}}, 401, {}, language_of(head)));
        return out;
    }
    if (match.path_known) {
        net::Response r = problem_response({{Code::usage, "", head.method.substr(0, 20) + " is not answered here", "one of " + match.allowed}}, 405, {}, language_of(head));
        r.with("Allow", match.allowed);
        out.instead = guarded(std::move(r));
    } else if (unsafe(head.method)) {  // whatever its body
        out.instead = guarded(problem_response({{Code::not_found, "", "nothing is here", ""}}, 404, {}, language_of(head)));
    }
    return out;
}

bool Service::known_here(const net::Request& head) {
    if (const std::string_view token = bearer(head); !token.empty()) return accounts_->token(token).has_value();
    if (const std::string_view secret = head.cookie("yipan_session"); !secret.empty()) return accounts_->session(secret) != nullptr;
    return false;
}

bool Service::counts_entries(const net::Request& head) {
    if (const std::string_view secret = bearer(head); !secret.empty()) {
        const auto token = accounts_->token(secret);
        return token && token->page.empty();
    }
    return known_here(head);
}

// A plain list is a walk from the newest record on. It ends soon for who sees all of the type and asks for its beginning;
// rights that select may leave one row in a million, and an offset is walked as well.
bool Service::walks_far(const net::Request& head, const std::string& type_code) {
    constexpr std::int64_t near = 1'000;
    RecordId person, post;
    if (const std::string_view secret = bearer(head); !secret.empty()) {
        const auto token = accounts_->token(secret);
        if (!token) return false;  // answered without looking
        person = token->person, post = token->post;
    } else if (const auto session = accounts_->session(head.cookie("yipan_session"))) {
        person = session->person, post = session->post;
    } else {
        return false;
    }
    const int type = board_.model()->find_type(type_code);
    if (type < 0) return false;
    const auto who = rights_.known(person, post);
    return !who || !who->sees_all(type) || whole_number(head.asked("offset", "0")).value_or(0) > near;
}

net::Router::Match Service::matched(const net::Request& asked) const {
    // plan() was asked before by a server; who brings a request by himself has not asked.
    if (asked.route >= 0) return {asked.route, true, asked.parameters, {}};
    return router_.match(asked.method == "HEAD" ? "GET" : asked.method, asked.path);
}

bool Service::can_answer(const net::Request& asked) const {
    const auto match = matched(asked);
    if (match.route < 0) return true;  // the page's files, and what is not there
    switch (routes_[static_cast<std::size_t>(match.route)].by) {
        case By::process:
        case By::stream:
        case By::reader: return true;
        case By::signer: return settings_.signer.has_value();  // signed by whoever has the key
        case By::unsaid:
        case By::writer: return false;
    }
    return false;
}
bool Service::answers_itself(const net::Request& asked) {
    if (!can_answer(asked)) return false;
    const auto match = matched(asked);
    const By by = match.route < 0 ? By::process : routes_[static_cast<std::size_t>(match.route)].by;
    return by == By::process || by == By::stream || !accounts_->due(asked.cookie("yipan_session"));
}

bool Service::asks_board(const net::Request& asked) const {
    const auto match = matched(asked);
    return match.route >= 0 && routes_[static_cast<std::size_t>(match.route)].by != By::process;
}
bool Service::may_rest() const { return events_->followers() == 0 && !ballots_.holds_votes(); }

namespace {
constexpr std::string_view serving_space = "serving", secret_key = "secret";
}
Result<std::string> Service::shared_secret() {
    const std::lock_guard lock(secret_mutex_);
    if (!secret_.empty()) return secret_;
    YIPAN_TRY(const auto kept, board_.snapshot()->side(serving_space, secret_key));
    if (kept) return secret_ = *kept;
    if (board_.read_only()) return fail(Code::busy, "", "no process that writes this board has served it yet", "try again");
    std::string made = access::new_secret();
    board::Draft draft;
    draft.channel = "system";
    draft.side.push_back({std::string(serving_space), std::string(secret_key), made});
    if (const auto done = board_.apply(std::move(draft)); !done) return fail(done.error().front());
    return secret_ = made;
}

void Service::handle(std::shared_ptr<const net::Request> request, net::Answer answer) {
    const auto call = std::make_shared<Call>(*this, std::move(request), std::move(answer));
    const net::Request& asked = call->request;
    try {
        auto match = matched(asked);
        if (match.route < 0) return page(call);
        call->route = &routes_[static_cast<std::size_t>(match.route)];
        call->parameters = std::move(match.parameters);
        const Error nowhere{Code::not_found, "", "nothing is here", ""};
        if (call->route->pattern.starts_with('!')) return call->route->handle(call);
        if (call->parameters.empty() || call->parameters[0] != settings_.code) return call->problem(nowhere);
        if (const std::string_view token = bearer(asked); !token.empty()) {
            call->token = accounts_->token(token);
            if (!call->token) return call->problem(Error{Code::not_allowed, "", "the token is not valid", ""}, 401);
        } else if (const std::string_view secret = asked.cookie("yipan_session"); !secret.empty()) {
            call->session = accounts_->session(secret);
        }
        if (call->session && unsafe(asked.method) && !access::same_secret(asked.header("x-csrf-token"), call->session->csrf))
            return call->problem(Error{Code::not_allowed, "X-CSRF-Token", "the request does not carry the session's token", "GET /session gives it"}, 403);
        if (!call->session && !call->token)
            if (const std::string_view device = asked.cookie("yipan_device"); !device.empty()) {
                call->token = accounts_->token(device);
                if (call->token && call->token->page.empty()) call->token.reset();  // a token for programs is no cookie
            }
        constexpr std::size_t key_bytes_max = 200;
        if (asked.header("idempotency-key").size() > key_bytes_max)
            return call->problem(Error{Code::usage, "Idempotency-Key", "is longer than 200 bytes", "a UUID"}, 400);
        const bool device = call->token && !call->token->page.empty();
        if (call->route->needs == Needs::nothing) return call->route->handle(call);
        if (!call->session && !call->token) return call->problem(Error{Code::not_allowed, "", "sign in first", "POST /session"}, 401);
        if (call->token) {
            const std::string scope(call->route->scope.empty() ? unsafe(asked.method) ? "write" : "read" : call->route->scope);
            const bool covered = call->token->scopes.contains(scope) || (scope == "figures" && call->token->scopes.contains("read"));
            if (device ? call->route->screen != Screen::shown : call->route->needs == Needs::session || !covered)
                return call->problem(Error{Code::not_allowed, "", device ? std::string("a device shows its page and nothing else") : "the token has no scope \"" + scope + "\"", ""}, 403);
        }
        if (call->route->needs == Needs::session || call->route->needs == Needs::somebody) return call->route->handle(call);
        const RecordId post = call->session ? call->session->post : call->token->post;
        auto who = rights_.who(call->person(), post);
        if (!who) return call->problem(who.error());
        // A post one does not hold any more gives no rights, whatever the session says.
        const auto& held = (*who)->directory().posts_of(call->person());
        if (device) {
            if ((*who)->unit() == 0) return call->problem(Error{Code::not_allowed, "identity", "the post of this device is not there any more", "a system administrator makes a new token"}, 403);
        } else if (std::none_of(held.begin(), held.end(), [&](const auto& h) { return h.post == post; }))
            return call->problem(Error{Code::not_allowed, "identity", "no post is chosen, or it is not held any more", "POST /session/identity"}, 403);
        call->who = std::move(*who);
        call->route->handle(call);
    } catch (const ModelChanged&) {
        if (!call->answered()) call->problem(Error{Code::busy, "", "the model of the board was changed at this moment", "ask again"}, 503);
    } catch (const std::exception& problem) {  // a library threw: the call answers, the server goes on
        threw(*call, problem, "not answered");
    }
}

void Service::page(const CallPtr& call) {
    const net::Request& asked = call->request;
    if (asked.method != "GET" && asked.method != "HEAD") return call->problem(Error{Code::not_found, "", "nothing is here", ""});
    const std::string home = "/b/" + settings_.code + "/";
    net::Response r;
    if (asked.path == "/" || asked.path == "/b/" + settings_.code) {
        r.status = 303;
        r.with("Location", home);
        return call->ok_with(std::move(r));
    }
    const bool asset = asked.path.starts_with("/assets/") || asked.path == "/favicon.ico" || asked.path == "/icon.svg";
    const bool document = asked.path.starts_with(home) && !asked.path.starts_with(home + "api/");
    if (!asset && !document) return call->problem(Error{Code::not_found, "", "nothing is here", ""});
    const Asset* file = settings_.asset ? settings_.asset(asset ? std::string_view(asked.path) : "/index.html") : nullptr;
    r.with("Content-Security-Policy", std::string(page_policy));
    if (!file) {
        if (asset) return call->problem(Error{Code::not_found, "", "nothing is here", ""});
        r.with("Content-Type", "text/html; charset=utf-8");
        r.fixed = no_page;
        return call->ok_with(std::move(r));
    }
    const bool zipped = !file->gzip.empty() && asked.header("accept-encoding").find("gzip") != std::string_view::npos;
    std::string tag(file->etag);
    if (zipped && tag.ends_with('"')) tag.insert(tag.size() - 1, "-gz");  // other bytes, another tag
    r.with("Content-Type", std::string(file->type)).with("ETag", tag).with("Vary", "Accept-Encoding");
    r.with("Cache-Control", asset && asked.path.starts_with("/assets/") ? "public, max-age=31536000, immutable" : "no-cache");
    if (asked.header("if-none-match") == tag) {
        r.status = 304;
        return call->ok_with(std::move(r));
    }
    if (zipped) r.with("Content-Encoding", "gzip");
    r.fixed = zipped ? file->gzip : file->plain;
    call->ok_with(std::move(r));
}

}  // namespace yipan::api
