#include "api/hooks.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>

#include "access/secret.h"
#include "base/hash.h"
#include "flow/fields.h"
#include "journal/proof.h"
#include "net/fetch.h"

namespace yipan::api {
namespace {
constexpr std::string_view space = "hook";
constexpr std::int64_t wait_s_max = 600, round_s_max = 5, entries_a_round_max = 2'000;
constexpr std::size_t url_bytes_max = 2'000;

json::object row(const Hook& h) {
    json::array types;
    for (const auto& t : h.types) types.emplace_back(t);
    return {{"account", h.account}, {"url", h.url}, {"secret", h.secret}, {"state", h.state}, {"format", h.format}, {"person", h.person.value}, {"post", h.post.value},
            {"types", std::move(types)}, {"after", h.after}, {"told", h.told}, {"failures", h.failures}, {"next_try", h.next_try}, {"created", h.created}, {"last_error", h.last_error}, {"checkpoints", h.checkpoints}, {"pinned", h.pinned}, {"pinned_at", h.pinned_at}};
}
std::int64_t number_at(const json::object& o, std::string_view key) {
    const auto* v = o.if_contains(key);
    return v && v->is_int64() ? v->get_int64() : 0;
}
std::string signature(std::string_view secret, std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
    unsigned length = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), &length);
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (unsigned i = 0; i < length; ++i) out += {digits[mac[i] >> 4], digits[mac[i] & 15]};
    return out;
}
constexpr std::size_t robot_bytes_max = 3'800;  // a robot takes 4,096
/// Cut at most there, between characters.
std::size_t cut(std::string_view text, std::size_t at_most) {
    if (text.size() <= at_most) return text.size();
    while (at_most > 0 && (static_cast<unsigned char>(text[at_most]) & 0xC0) == 0x80) --at_most;
    return at_most;
}
/// Text in which nothing is markup: a title must not make a link.
std::string plain(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (std::string_view("\\`*_[]()<>#|!").find(c) != std::string_view::npos) out += '\\';
        out += c == '\n' || c == '\r' ? ' ' : c;
    }
    return out;
}
bool about_a_record(board::Verb verb) {
    switch (verb) {
        case board::Verb::model:
        case board::Verb::read:
        case board::Verb::act:
        case board::Verb::expunge: return false;
        default: return true;
    }
}
}  // namespace

struct Hooks::Event {
    std::string type, verb, time, label;
    std::string title, text;  // of a message of the inbox, which is made to be told
    std::int64_t position = 0, record = 0, version = 0;
};

Hooks::Hooks(Service& service) : service_(service) {}
Hooks::~Hooks() { stop(); }

Status Hooks::load() {
    const auto snapshot = service_.board().snapshot();
    YIPAN_TRY_VOID(snapshot->each_side(space, [&](std::string_view key, std::string_view value) {
        boost::system::error_code bad;
        const auto v = json::parse(value, bad);
        if (bad || !v.is_object()) return;
        const json::object& o = v.get_object();
        Hook h;
        h.id = key;
        h.account = member_text(o, "account"), h.url = member_text(o, "url"), h.secret = member_text(o, "secret"), h.state = member_text(o, "state");
        h.format = member_text(o, "format"), h.last_error = member_text(o, "last_error");
        h.person = RecordId(number_at(o, "person")), h.post = RecordId(number_at(o, "post"));
        h.after = number_at(o, "after"), h.told = number_at(o, "told"), h.failures = number_at(o, "failures"), h.next_try = number_at(o, "next_try");
        h.created = number_at(o, "created"), h.pinned = number_at(o, "pinned"), h.pinned_at = number_at(o, "pinned_at");
        if (const auto* c = o.if_contains("checkpoints"); c && c->is_bool()) h.checkpoints = c->get_bool();
        if (const auto* types = o.if_contains("types"); types && types->is_array())
            for (const auto& t : types->get_array())
                if (t.is_string()) h.types.insert(std::string(t.get_string()));
        hooks_[h.id] = std::move(h);
    }));
    if (!service_.board().read_only()) thread_ = std::thread([this] { loop(); });
    return {};
}

void Hooks::shown() {
    {
        const std::lock_guard lock(mutex_);
        if (hooks_.empty()) return;  // nobody is woken for each batch then
        news_ = true;
    }
    wake_.notify_one();
}
void Hooks::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
}

Status Hooks::write(const std::string& id, std::optional<std::string> row) {
    board::Draft draft;
    draft.channel = "webhook";
    draft.side = {{std::string(space), id, std::move(row)}};
    const auto done = service_.board().apply(std::move(draft));
    if (!done) return fail(done.error().front());
    return {};
}
Status Hooks::keep(const Hook& hook) {
    const std::lock_guard one(writing_);
    {
        const std::lock_guard lock(mutex_);
        const auto at = hooks_.find(hook.id);
        if (at == hooks_.end()) return {};
        at->second = hook;
    }
    return write(hook.id, json::serialize(row(hook)));
}

Result<Hook> Hooks::add(Hook hook) {
    const auto& named = service_.settings().named_hosts;
    if (hook.url.size() > url_bytes_max) return fail(Code::invalid_input, "url", "longer than 2,000 bytes", "");
    const bool secure = hook.url.starts_with("https://");
    const std::size_t from = hook.url.find("://");
    const std::string host = from == std::string::npos ? "" : hook.url.substr(from + 3, hook.url.find_first_of(":/?#", from + 3) - from - 3);
    if (host.empty() || host.find('@') != std::string::npos || (!secure && !(hook.url.starts_with("http://") && named.contains(host))))
        return fail(Code::invalid_input, "url", "not https://host/...", "http and inner addresses only for hosts named when the server was started");
    if (hook.format != "cloudevents" && hook.format != "text" && hook.format != "wecom" && hook.format != "dingtalk")
        return fail(Code::invalid_input, "format", "no format \"" + hook.format.substr(0, 40) + "\"", "cloudevents, text, wecom, dingtalk");
    hook.id = access::new_secret().substr(0, 16);
    hook.secret = access::new_secret("whsec_");
    hook.state = "active";
    hook.created = access::unix_now();
    hook.after = service_.position() - (hook.checkpoints ? 1 : 0);  // the first checkpoint is told at once
    const std::lock_guard one(writing_);
    {
        const std::lock_guard lock(mutex_);
        const auto mine = std::count_if(hooks_.begin(), hooks_.end(), [&](const auto& h) { return h.second.account == hook.account; });
        if (static_cast<std::size_t>(mine) >= hooks_of_account_max || hooks_.size() >= hooks_max)
            return fail(Code::limit_exceeded, "", "an account has at most 10 webhooks, a board 200", "drop one first");
        hooks_[hook.id] = hook;
        news_ = true;  // what came since its position was taken
    }
    wake_.notify_one();
    if (const Status kept = write(hook.id, json::serialize(row(hook))); !kept) {
        const std::lock_guard lock(mutex_);
        hooks_.erase(hook.id);  // nobody was told its name: nobody could drop it
        return fail(kept.error());
    }
    if (hook.checkpoints) shown();
    return hook;
}
std::vector<Hook> Hooks::of(std::string_view account) const {
    std::vector<Hook> out;
    const std::lock_guard lock(mutex_);
    for (const auto& [id, h] : hooks_)
        if (h.account == account) out.push_back(h);
    return out;
}
Status Hooks::drop(std::string_view account, std::string_view id) {
    const std::lock_guard one(writing_);
    {
        const std::lock_guard lock(mutex_);
        const auto at = hooks_.find(std::string(id));
        if (at == hooks_.end() || at->second.account != account) return fail(Code::not_found, "webhook", "no such webhook", "");
        hooks_.erase(at);
    }
    return write(std::string(id), std::nullopt);
}
Status Hooks::resume(std::string_view account, std::string_view id) {
    Hook changed;
    const std::lock_guard one(writing_);
    {
        const std::lock_guard lock(mutex_);
        const auto at = hooks_.find(std::string(id));
        if (at == hooks_.end() || at->second.account != account) return fail(Code::not_found, "webhook", "no such webhook", "");
        at->second.state = "active";
        at->second.failures = at->second.next_try = 0;
        news_ = true;
        changed = at->second;
    }
    wake_.notify_one();
    return write(changed.id, json::serialize(row(changed)));
}

std::string Hooks::send(const Hook& hook, const std::string& id, std::string body, const char* type) {
    net::Fetch asked;
    asked.method = "POST";
    asked.url = hook.url;
    asked.named = service_.settings().named_hosts;
    asked.body = std::move(body);
    const std::string now = std::to_string(access::unix_now());
    asked.headers = {{"Content-Type", type}, {"Yipan-Id", id}, {"Yipan-Timestamp", now}, {"Yipan-Signature", "sha256=" + signature(hook.secret, now + "." + asked.body)}};
    const auto got = net::fetch(asked);
    if (!got) return got.error().text();
    return got->status / 100 == 2 ? "" : "answered " + std::to_string(got->status);
}

// The signed checkpoint of this moment, with the proof that it goes on from the last one told: a witness needs no more.
std::string Hooks::tell_checkpoint(Hook& hook) {
    const auto& signer = service_.settings().signer;
    if (!signer) return "this server has no signing key: yipan key BOARD makes one";
    const auto snapshot = service_.board().snapshot();
    const auto point = snapshot->checkpoint();
    if (!point) return point.error().text();
    const auto note = journal::sign_note(point->text(), *signer);
    if (!note) return note.error().text();
    json::object data{{"size", point->size}, {"root", hex(point->root)}, {"note", *note}, {"public", signer->verifier().text()}, {"proof", nullptr}};
    if (hook.pinned > 0) {
        journal::ProofFile proof;
        proof.kind = "consistency";
        proof.board = service_.board().name();
        proof.checkpoint = *note;
        proof.from_size = static_cast<std::uint64_t>(hook.pinned);
        const auto root = snapshot->root_at(Position{hook.pinned});
        auto steps = snapshot->consistency(Position{hook.pinned});
        if (!root || !steps) return (root ? steps.error() : root.error()).text();
        proof.from_root = *root;
        proof.consistency = std::move(*steps);
        const auto text = journal::write_proof(proof, *signer);
        if (!text) return text.error().text();
        data["proof"] = *text;
    }
    const std::string source = "/b/" + service_.settings().code, id = "checkpoint-" + std::to_string(point->size);
    const std::int64_t now = access::unix_now();
    const std::string wrong = send(hook, source + "/" + id,
                                   json::serialize(json::object{{"specversion", "1.0"}, {"id", id}, {"source", source}, {"type", "yipan.checkpoint"}, {"time", Instant{now * 1'000'000}.text()},
                                                                {"datacontenttype", "application/json"}, {"data", std::move(data)}}),
                                   "application/cloudevents+json");
    if (wrong.empty()) hook.pinned = static_cast<std::int64_t>(point->size), hook.pinned_at = now;
    return wrong;
}

std::string Hooks::deliver(const Hook& hook, const Event& e) {
    const std::string source = "/b/" + service_.settings().code;
    std::string body;
    const char* type = "application/json";
    // What the robots of 企業微信 and 釘釘 show: the board, what it is about, and where to look.
    const std::string headline = e.title.empty() ? e.label + " #" + std::to_string(e.record) + " · " + e.verb : e.label + "：" + e.title;
    if (hook.format == "wecom" || hook.format == "dingtalk") {
        const std::string text = "**" + plain(service_.board().name()) + "**\n> " + plain(headline) + (e.text.empty() ? "" : "\n> " + plain(e.text)) + "\n> `" + source + "/" + std::to_string(e.position) + "`";
        body = json::serialize(hook.format == "wecom" ? json::object{{"msgtype", "markdown"}, {"markdown", json::object{{"content", text.substr(0, cut(text, robot_bytes_max))}}}}
                                                            : json::object{{"msgtype", "markdown"}, {"markdown", json::object{{"title", plain(headline)}, {"text", text.substr(0, cut(text, robot_bytes_max))}}}});
    } else if (hook.format == "text") {
        body = json::serialize(json::object{{"msgtype", "text"}, {"text", json::object{{"content", service_.board().name() + " · " + e.label + " #" + std::to_string(e.record) + " · " + e.verb}}}});
    } else {
        body = json::serialize(json::object{
            {"specversion", "1.0"}, {"id", std::to_string(e.position)}, {"source", source}, {"type", "yipan.record." + e.verb}, {"subject", e.type + "/" + std::to_string(e.record)},
            {"time", e.time}, {"datacontenttype", "application/json"},
            {"data", json::object{{"type", e.type}, {"id", e.record}, {"version", e.version}, {"verb", e.verb}, {"position", e.position}}}});
        type = "application/cloudevents+json";
    }
    return send(hook, source + "/" + std::to_string(e.position), std::move(body), type);  // the same id however often it is told
}

// Tells one hook what is new to it, for a bounded time.
bool Hooks::serve(Hook& hook, std::int64_t end) {
    const std::int64_t began = access::unix_now(), after = hook.after;
    const auto stop = [&](std::string why) {
        hook.state = "stopped";
        hook.last_error = std::move(why);
        return true;
    };
    const auto account = service_.accounts().find(hook.account);
    if (!account || account->locked) return stop("its account is gone or locked");
    const auto who = service_.rights().who(hook.person, hook.post);
    if (!who) return false;
    const auto& held = (*who)->directory().posts_of(hook.person);
    if (std::none_of(held.begin(), held.end(), [&](const auto& h) { return h.post == hook.post; })) return stop("its owner does not hold the post any more");
    const auto failed = [&](const std::string& wrong) {
        hook.last_error = wrong;
        if (++hook.failures >= hook_failures_max) return stop(wrong);
        hook.next_try = access::unix_now() + std::min(wait_s_max, std::int64_t{1} << std::min<std::int64_t>(hook.failures - 1, 10));
        return true;
    };
    if (hook.checkpoints) {
        hook.after = end;
        if (began - hook.pinned_at < service_.settings().checkpoint_every_s) return false;
        if (const std::string wrong = tell_checkpoint(hook); !wrong.empty()) return hook.after = after, failed(wrong);
        hook.failures = hook.next_try = 0;
        hook.last_error.clear();
        ++hook.told;
        return true;
    }
    const auto snapshot = service_.board().snapshot();
    end = std::min({end, snapshot->position().value, after + entries_a_round_max});
    std::vector<Event> events;
    const auto read = snapshot->each_entry(Position(after + 1), Position(end), [&](const board::Entry& e) {
        if (e.type < 0 || !about_a_record(e.verb)) return true;
        const model::Type& type = snapshot->model().types[static_cast<std::size_t>(e.type)];
        if (!hook.types.empty() && !hook.types.contains(type.code)) return true;
        record::RecordPtr r = snapshot->record(e.type, e.record);
        if (!r)  // it is gone: by what it was last
            if (const auto versions = snapshot->history(e.type, e.record); versions && !versions->empty()) r = versions->back();
        if (!r || !(*who)->may(access::Action::see, *r, snapshot->resolver())) return true;
        std::string title, text;
        if (e.type == snapshot->model().flow.message) {
            title = flow::text(snapshot->model(), *r, "title");
            text = flow::text(snapshot->model(), *r, "text");
        }
        events.push_back({type.code, std::string(board::verb_name(e.verb)), e.time.text(), type.label.hans, std::move(title), std::move(text), e.position.value, e.record.value, e.version});
        return true;
    });
    if (!read) return stop(read.error().text());
    for (const Event& e : events) {
        const std::string wrong = deliver(hook, e);
        if (!wrong.empty()) return failed(wrong);
        hook.after = e.position;
        hook.failures = hook.next_try = 0;
        hook.last_error.clear();
        ++hook.told;
        if (access::unix_now() - began >= round_s_max) return true;
        const std::lock_guard lock(mutex_);
        if (stopping_) return true;
    }
    hook.after = end;
    return !events.empty() || end - after >= entries_a_round_max;
}

void Hooks::loop() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        const std::int64_t end = service_.position(), now = access::unix_now();
        std::vector<Hook> due;
        bool waiting = false;
        for (const auto& [id, h] : hooks_) {
            if (h.state != "active" || h.after >= end) continue;
            if (h.next_try > now)
                waiting = true;
            else
                due.push_back(h);
        }
        if (due.empty()) {
            if (waiting)
                wake_.wait_for(lock, std::chrono::milliseconds(500), [this] { return stopping_ || news_; });
            else
                wake_.wait(lock, [this] { return stopping_ || news_; });
            news_ = false;
            continue;
        }
        lock.unlock();
        for (Hook& h : due) {
            if (serve(h, end)) {
                (void)keep(h);  // not kept: told again after a restart, under the same ids
                continue;
            }
            const std::lock_guard again(mutex_);
            if (const auto at = hooks_.find(h.id); at != hooks_.end()) at->second = h;
        }
        lock.lock();
    }
}

namespace {
json::object shown(const Hook& h) {
    json::array types;
    for (const auto& t : h.types) types.emplace_back(t);
    return {{"id", h.id}, {"url", h.url}, {"format", h.format}, {"types", std::move(types)}, {"checkpoints", h.checkpoints}, {"state", h.state}, {"told", h.told}, {"after", h.after}, {"failures", h.failures},
            {"next_try", h.next_try > 0 ? json::value(Instant{h.next_try * 1'000'000}.text()) : json::value(nullptr)},
            {"last_error", h.last_error.empty() ? json::value(nullptr) : json::value(h.last_error)}, {"created", Instant{h.created * 1'000'000}.text()}};
}
bool of_account(const CallPtr& call) {
    if (call->session && !call->session->account.empty()) return true;
    call->problem(Error{Code::not_allowed, "", "webhooks belong to accounts", "sign in to an account"});
    return false;
}
void list_hooks(const CallPtr& call) {
    if (!of_account(call)) return;
    json::array list;
    for (const Hook& h : call->service.hooks().of(call->session->account)) list.push_back(shown(h));
    call->ok(json::object{{"webhooks", std::move(list)}});
}
void add_hook(const CallPtr& call) {
    if (!of_account(call)) return;
    const auto body = call->body();
    if (!body) return;
    Hook h;
    h.account = call->session->account, h.person = call->person(), h.post = call->post();
    h.url = member_text(*body, "url");
    h.format = body->if_contains("format") ? member_text(*body, "format") : "cloudevents";
    Errors errors;
    if (const auto* c = body->if_contains("checkpoints")) {
        h.checkpoints = c->is_bool() && c->get_bool();
        if (!c->is_bool()) errors.push_back({Code::invalid_input, "checkpoints", "not true or false", ""});
        if (h.checkpoints && (body->if_contains("types") || h.format != "cloudevents")) errors.push_back({Code::invalid_input, "checkpoints", "a webhook is told checkpoints or records, as CloudEvents", "leave out types and format"});
    }
    if (const auto* types = body->if_contains("types"); types && types->is_array())
        for (const auto& t : types->get_array()) {
            const std::string code = t.is_string() ? std::string(t.get_string()) : "";
            const int type = call->model().find_type(code);
            if (type < 0 || !call->who->may_ever(type, access::Action::see))
                errors.push_back({Code::not_found, "types", "no type \"" + code.substr(0, 80) + "\"", ""});
            h.types.insert(code);
        }
    if (!errors.empty()) return call->problem(std::move(errors), 422);
    const auto made = call->service.hooks().add(std::move(h));
    if (!made) return call->problem(made.error());
    json::object out = shown(*made);
    out["secret"] = made->secret;
    out["note"] = "the secret is shown once";
    call->ok(std::move(out), 201);
}
void drop_hook(const CallPtr& call) {
    if (!of_account(call)) return;
    if (const auto ok = call->service.hooks().drop(call->session->account, call->parameter(0)); !ok) return call->problem(ok.error());
    call->ok(json::object{{"dropped", call->parameter(0)}});
}
void resume_hook(const CallPtr& call) {
    if (!of_account(call)) return;
    if (const auto ok = call->service.hooks().resume(call->session->account, call->parameter(0)); !ok) return call->problem(ok.error());
    call->ok(json::object{{"resumed", call->parameter(0)}});
}
}  // namespace

void add_hook_routes(std::vector<Route>& r) {
    r.push_back({"GET", "/webhooks", Needs::post, By::writer, "read", false, 0, list_hooks, "one's own webhooks, with what went wrong last"});
    r.push_back({"POST", "/webhooks", Needs::post, By::writer, "write", true, 16 * 1024, add_hook, "be told of changes"});
    r.push_back({"DELETE", "/webhooks/{id}", Needs::post, By::writer, "write", true, 16 * 1024, drop_hook, "be told no more"});
    r.push_back({"POST", "/webhooks/{id}/resume", Needs::post, By::writer, "write", true, 16 * 1024, resume_hook, "try again after it stopped"});
}

}  // namespace yipan::api
