#include "api/service.h"

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

bool shown_on_screen(const Route& route) {
    constexpr std::pair<std::string_view, std::string_view> list[] = {
        {"GET", "/session"}, {"GET", "/model"}, {"GET", "/board"}, {"GET", "/lights"}, {"GET", "/events"}, {"GET", "/figures/{code}"},
        {"GET", "/figures/{code}/series"}, {"POST", "/figures/query"}, {"GET", "/schemes/{code}"}};
    return std::find(std::begin(list), std::end(list), std::pair{route.method, route.pattern}) != std::end(list);
}

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
Service::~Service() = default;

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
        self->forget_snapshots();
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
    return out;
}

// What was erased goes from the files of imports as well.
void Service::erased(const board::Shown& shown) {
    for (const board::Changed& changed : shown.records) {
        if (!imports_ || (changed.verb != board::Verb::erase && changed.verb != board::Verb::expunge)) continue;
        imports_->between([this, type = changed.type, id = changed.record] {
            const auto snapshot = board_.snapshot();
            if (type < 0 || static_cast<std::size_t>(type) >= snapshot->model().types.size()) return;
            exchange::Names names(*snapshot);
            const record::RecordPtr record = snapshot->record(type, id);
            const std::string key = record ? names.key_text(*record) : "";
            const auto gone = exchange::forget_in_imports(settings_.path, snapshot->model().types[static_cast<std::size_t>(type)], id, key);
            if (!gone && settings_.log) settings_.log("{\"erasing\":\"imports\",\"problem\":\"" + std::string(code_name(gone.error().code)) + "\"}");
        });
    }
}

// A spare snapshot keeps its read transaction, so it is never kept beyond the next change, a second (the day may
// change) or some hundred uses (it remembers the records it read).
std::unique_ptr<board::Snapshot> Service::take_snapshot() {
    constexpr int uses_max = 200;
    constexpr std::chrono::seconds age_max{1};
    const auto now = std::chrono::steady_clock::now();
    std::vector<Spare> old;  // ended outside of the lock
    Spare taken;
    {
        const std::lock_guard lock(spare_mutex_);
        while (!spare_.empty() && !taken.snapshot) {
            Spare spare = std::move(spare_.back());
            spare_.pop_back();
            const bool good = spare.snapshot->position().value == position() && spare.uses < uses_max && now - spare.born < age_max;
            if (good) taken = std::move(spare);
            else old.push_back(std::move(spare));
        }
    }
    if (!taken.snapshot) taken = {board_.snapshot(), now, 0};
    std::unique_ptr<board::Snapshot> out = std::move(taken.snapshot);
    const std::lock_guard lock(spare_mutex_);
    lent_[out.get()] = {nullptr, taken.born, taken.uses + 1};
    return out;
}
void Service::give_snapshot(std::unique_ptr<board::Snapshot> snapshot) {
    constexpr std::size_t spare_max = 8;
    if (!snapshot) return;
    const std::lock_guard lock(spare_mutex_);
    const auto lent = lent_.find(snapshot.get());
    Spare spare = lent == lent_.end() ? Spare{} : std::move(lent->second);
    if (lent != lent_.end()) lent_.erase(lent);
    if (spare_.size() >= spare_max || snapshot->position().value != position()) return;
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

void Service::stop() {
    forget_snapshots();
    hooks_->stop();
    if (imports_) imports_->stop();
    ticker_.stop();
    if (outbox_) outbox_->stop();
    events_->stop();
    accounts_->flush_reads();
}

// Whoever acts in a post is judged by its rights; the system itself (command line, clock) is not.
void Service::refuse_writing(const board::WriteAsk& ask, record::Resolver& world, Errors& refused) {
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

// What is answered before there is a call carries the same headers as what a call answers.
net::Response Service::guarded(net::Response r) const {
    r.with("Yipan-Position", std::to_string(position())).with("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    r.with("X-Content-Type-Options", "nosniff").with("Referrer-Policy", "no-referrer").with("Cache-Control", "no-store");
    return r;
}

net::Response Service::trouble(int status, std::size_t limit) {
    const auto make = [&](Code code, std::string message, std::string hint) {
        net::Response r = guarded(problem_response({{code, "", std::move(message), std::move(hint)}}, status));
        if (status == 503 || status == 429) r.with("Retry-After", "2");
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
        return out;
    }
    if (match.path_known) {
        net::Response r = problem_response({{Code::usage, "", head.method.substr(0, 20) + " is not answered here", "one of " + match.allowed}}, 405);
        r.with("Allow", match.allowed);
        out.instead = guarded(std::move(r));
    }
    return out;
}

void Service::handle(std::shared_ptr<const net::Request> request, net::Answer answer) {
    const auto call = std::make_shared<Call>(*this, std::move(request), std::move(answer));
    const net::Request& asked = call->request;
    try {
        if (asked.route < 0) return page(call);
        call->route = &routes_[static_cast<std::size_t>(asked.route)];
        call->parameters = asked.parameters;
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
        const bool device = call->token && !call->token->page.empty();
        if (call->route->needs == Needs::nothing) return call->route->handle(call);
        if (!call->session && !call->token) return call->problem(Error{Code::not_allowed, "", "sign in first", "POST /session"}, 401);
        if (call->token) {
            const std::string scope(call->route->scope.empty() ? unsafe(asked.method) ? "write" : "read" : call->route->scope);
            const bool covered = call->token->scopes.contains(scope) || (scope == "figures" && call->token->scopes.contains("read"));
            if (device ? !shown_on_screen(*call->route) : call->route->needs == Needs::session || !covered)
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
        if (!call->answered()) call->problem(Error{Code::store_failed, "", std::string("not answered: ") + problem.what(), ""}, 500);
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
    r.with("Content-Type", std::string(file->type)).with("ETag", std::string(file->etag)).with("Vary", "Accept-Encoding");
    r.with("Cache-Control", asset && asked.path.starts_with("/assets/") ? "public, max-age=31536000, immutable" : "no-cache");
    if (asked.header("if-none-match") == file->etag) {
        r.status = 304;
        return call->ok_with(std::move(r));
    }
    const bool zipped = !file->gzip.empty() && asked.header("accept-encoding").find("gzip") != std::string_view::npos;
    if (zipped) r.with("Content-Encoding", "gzip");
    r.fixed = zipped ? file->gzip : file->plain;
    call->ok_with(std::move(r));
}

}  // namespace yipan::api
