// Who is here: session, identity (one person in one post at a time), passwords, tokens, second factor, administrators.
#include "access/password.h"
#include "access/secret.h"
#include "api/call.h"
#include "api/events.h"
#include "api/values.h"

namespace yipan::api {
namespace {
constexpr std::size_t small_body = 16 * 1024;

std::string cookie_of(const Call& call, std::string_view secret, bool ends) {
    std::string out = "yipan_session=" + std::string(secret) + "; Path=/; HttpOnly; SameSite=Strict";
    if (ends) out += "; Max-Age=0";
    if (call.service.settings().secure || call.request.tls) out += "; Secure";
    return out;
}
std::string text_of_choice(const Call& call, const model::Model& model, const std::string& code) {
    const auto& h = model.identity.holds;
    if (h.type < 0 || h.kind < 0) return code;
    for (const auto& c : model.types[static_cast<std::size_t>(h.type)].fields[static_cast<std::size_t>(h.kind)].choices)
        if (c.code == code) return c.label.in(call.language());
    return code;
}

/// Titles of one's own posts and unit need no right: they are who one is.
json::object named(Call& call, int type, RecordId id) {
    Shower shower(call);
    const record::RecordPtr r = type >= 0 ? call.snapshot().record(type, id) : nullptr;
    return {{"id", id.value}, {"title", r ? json::value(shower.title(*r)) : json::value(nullptr)}};
}
json::object identity_json(Call& call, const access::Directory& directory, const access::Held& held) {
    const model::Model& model = call.model();
    json::object out{{"post", named(call, model.identity.post, held.post)}, {"kind", text_of_choice(call, model, held.kind)}, {"held", held.kind}};
    const std::int64_t unit = directory.unit_of(held.post);
    json::object u = named(call, model.identity.unit_type, RecordId(unit));
    if (model.identity.unit_type >= 0) u["type"] = model.types[static_cast<std::size_t>(model.identity.unit_type)].code;
    out["unit"] = std::move(u);
    json::array roles;
    for (const auto& role : directory.roles_of(held.post)) {
        const auto& r = model.rights.roles[static_cast<std::size_t>(role.role)];
        roles.push_back({{"role", r.code}, {"label", label_json(r.label)}, {"over", named(call, model.identity.unit_type, RecordId(role.unit))}});
    }
    out["roles"] = std::move(roles);
    return out;
}

}  // namespace

// Who looks, under which post: what stands on sensitive pages and exports, with the time.
std::string watermark_of(Call& call, RecordId person, RecordId post) {
    const auto title = [&](int type, RecordId id) {
        const json::object one = named(call, type, id);
        return one.at("title").is_string() ? std::string(one.at("title").get_string()) : "#" + std::to_string(id.value);
    };
    return title(call.model().identity.person, person) + " · " + title(call.model().identity.post, post);
}

namespace {
// A person's language goes with the person to every machine; an administrator, who is none, has it with the account.
constexpr std::string_view language_key = "language";
std::string language_space(const access::Session& s) { return s.person.value > 0 ? "pref/" + std::to_string(s.person.value) : "pref/account/" + s.account; }

json::object session_json(const CallPtr& call) {
    board::Board& board = call->service.board();
    const auto& settings = call->service.settings();
    json::object about{{"code", settings.code}, {"name", board.name()}, {"note", board.note()}, {"demo", settings.demo_people},
                       {"today", call->snapshot().today().text()}};
    about["position"] = call->session || call->token ? json::value(call->snapshot().position().value) : json::value(nullptr);
    about["frozen"] = settings.demo_people ? json::value(board.now().text()) : json::value(nullptr);
    about["provider"] = settings.oidc ? json::value(settings.oidc->label) : json::value(nullptr);  // GET /oidc/start signs in there
    json::object out{{"board", std::move(about)}, {"signed_in", (call->session != nullptr)}, {"csrf", nullptr}, {"account", nullptr},
                     {"person", nullptr}, {"device", nullptr}, {"watermark", nullptr}, {"identity", nullptr}, {"identities", json::array{}}, {"admin", json::array{}}, {"language", nullptr},
                     {"lang", call->language() == model::Language::en ? "en" : call->language() == model::Language::hant ? "zh-Hant" : "zh-Hans"}};
    if (call->token && !call->token->page.empty())
        out["device"] = json::object{{"name", call->token->name}, {"page", call->token->page}, {"post", named(*call, call->model().identity.post, call->token->post)},
                                     {"expires", Instant{call->token->expires * 1'000'000}.text()}};
    if (!call->session) return out;
    const access::Session& s = *call->session;
    out["csrf"] = s.csrf;
    if (const auto kept = call->snapshot().side(language_space(s), language_key); kept && *kept) out["language"] = **kept;
    if (!s.account.empty()) {
        out["account"] = s.account;
        if (const auto account = call->service.accounts().find(s.account); account && !account->admin.empty())
            out["admin"] = json::array{account->admin};
        if (const auto account = call->service.accounts().find(s.account)) {
            out["totp"] = !account->totp.empty();
            if (const auto due = factor_due(call->service, *account)) out["totp_due"] = Instant{*due * 1'000'000}.text();
        }
    }
    if (s.person.value == 0) return out;
    out["person"] = named(*call, call->model().identity.person, s.person);
    const auto directory = call->service.rights().directory();
    if (!directory) return out;
    json::array all;
    for (const access::Held& held : (*directory)->posts_of(s.person)) {
        json::object one = identity_json(*call, **directory, held);
        if (held.post == s.post) out["identity"] = one;
        all.push_back(std::move(one));
    }
    out["identities"] = std::move(all);
    if (s.post.value > 0) out["watermark"] = watermark_of(*call, s.person, s.post);
    return out;
}
void show_session(const CallPtr& call) { call->ok(session_json(call)); }

// The first post one holds is the one acted in until another is chosen.
RecordId first_post(const CallPtr& call, RecordId person) {
    const auto directory = call->service.rights().directory();
    if (!directory) return {};
    const auto& posts = (*directory)->posts_of(person);
    return posts.empty() ? RecordId() : posts.front().post;
}

void enter(const CallPtr& call, Result<access::Accounts::Opened> opened) {
    if (!opened) return call->problem(opened.error());
    if (take_session(call, *opened)) call->ok(session_json(call));
}

void sign_in(const CallPtr& call) {
    const auto body = call->body();
    if (!body) return;
    // Another site must not be able to sign somebody in: a simple form cannot send JSON.
    if (!call->request.header("content-type").starts_with("application/json"))
        return call->problem(Error{Code::usage, "Content-Type", "the body is not said to be JSON", "Content-Type: application/json"}, 415);
    access::Accounts::Asked asked{member_text(*body, "account"), member_text(*body, "password"), member_text(*body, "code"),
                                  std::string(call->request.header("user-agent")), call->request.peer};
    bool code_needed = false;
    auto opened = call->service.accounts().sign_in(asked, code_needed);
    if (opened) return enter(call, std::move(opened));
    json::object more;
    if (code_needed) more["code_needed"] = true;
    if (opened.error().code == Code::busy) call->headers.emplace_back("Retry-After", "60");
    call->problem({opened.error()}, opened.error().code == Code::busy ? 429 : 401, std::move(more));
}
void sign_out(const CallPtr& call) {
    if (const auto ok = call->service.accounts().sign_out(*call->session); !ok) return call->problem(ok.error());
    call->service.events().ended(call->session->hash);
    call->headers.emplace_back("Set-Cookie", cookie_of(*call, "", true));
    call->headers.emplace_back("Clear-Site-Data", "\"cache\", \"storage\"");
    net::Response r;
    r.status = 204;
    call->ok_with(std::move(r));
}
void choose_identity(const CallPtr& call) {
    const auto body = call->body();
    if (!body) return;
    const auto* post = body->if_contains("post");
    const RecordId wanted(post && post->is_int64() ? post->get_int64() : 0);
    const auto directory = call->service.rights().directory();
    if (!directory) return call->problem(directory.error());
    for (const access::Held& held : (*directory)->posts_of(call->session->person)) {
        if (held.post != wanted) continue;
        if (const auto ok = call->service.accounts().choose_post(*call->session, wanted); !ok) return call->problem(ok.error());
        access::Session chosen = *call->session;
        chosen.post = wanted;
        call->session = std::make_shared<const access::Session>(std::move(chosen));
        return call->ok(session_json(call));
    }
    call->problem(Error{Code::not_allowed, "post", "this post is not held today", "one of identities of GET /session"});
}

void choose_language(const CallPtr& call) {
    const auto body = call->body();
    if (!body) return;
    const auto* given = body->if_contains("language");
    const bool none = given && given->is_null();
    const std::string wanted = member_text(*body, "language");
    if (!none && wanted != "hans" && wanted != "hant" && wanted != "en")
        return call->problem(Error{Code::invalid_input, "language", "no language of the page", "hans, hant, en, or null: none is kept"}, 422);
    board::Draft draft = call->draft();
    draft.side.push_back({language_space(*call->session), std::string(language_key), none ? std::nullopt : std::optional(wanted)});
    call->submit(std::move(draft), [call](Checked<board::Receipt> answer) {
        if (!answer) return call->problem(std::move(answer.error()));
        net::Response r;
        r.status = 204;
        call->ok_with(std::move(r));
    });
}

json::object session_line(const access::Session& s, const access::Session& mine) {
    return {{"id", s.id}, {"created", Instant{s.created * 1'000'000}.text()}, {"seen", Instant{s.seen * 1'000'000}.text()},
            {"agent", s.agent}, {"address", s.address}, {"this", s.hash == mine.hash}};
}
void list_sessions(const CallPtr& call) {
    json::array list;
    for (const auto& s : call->service.accounts().sessions_of(call->session->account))
        if (!call->session->account.empty() || s.hash == call->session->hash) list.push_back(session_line(s, *call->session));
    call->ok(json::object{{"sessions", std::move(list)}});
}
std::string hash_of(const CallPtr& call, const std::string& account, const std::string& id) {
    for (const auto& s : call->service.accounts().sessions_of(account))
        if (s.id == id) return s.hash;
    return id == call->session->id ? call->session->hash : "";
}
void end_session(const CallPtr& call) {
    if (call->session->account.empty() && call->parameter(0) != call->session->id)
        return call->problem(Error{Code::not_found, "session", "no such session", ""});
    const std::string hash = hash_of(call, call->session->account, call->parameter(0));
    const auto ok = call->service.accounts().revoke(*call->session, call->session->account, call->parameter(0));
    if (!ok) return call->problem(ok.error());
    call->service.events().ended(hash);
    call->ok(json::object{{"ended", call->parameter(0)}});
}

void password(const CallPtr& call) {
    const auto body = call->body();
    if (!body) return;
    const std::string link = member_text(*body, "token"), fresh = member_text(*body, "new");
    if (!link.empty()) {
        std::string account;
        const auto ok = call->service.accounts().set_password_by_link(link, fresh, account);
        if (!ok) return call->problem(ok.error());
        return call->ok(json::object{{"account", account}});
    }
    if (!call->session) return call->problem(Error{Code::not_allowed, "", "sign in first", "POST /session"}, 401);
    const auto* tokens = body->if_contains("end_tokens");
    if (tokens && !tokens->is_bool()) return call->problem(Error{Code::invalid_input, "end_tokens", "not true or false", ""});
    const auto ok = call->service.accounts().change_password(*call->session, member_text(*body, "old"), fresh, tokens && tokens->get_bool());
    if (!ok) return call->problem(ok.error());
    call->ok(json::object{{"account", call->session->account}});
}

// A demo board on this machine: a fictional person may be picked, so that roles can be tried at once.
bool demo_here(const CallPtr& call) {
    if (call->service.settings().demo_people && call->request.loopback) return true;
    call->problem(Error{Code::not_found, "", "nothing is here", ""});
    return false;
}
void demo_people(const CallPtr& call) {
    constexpr std::size_t each_role_max = 3, people_max = 60;
    if (!demo_here(call)) return;
    const auto directory = call->service.rights().directory();
    if (!directory) return call->problem(directory.error());
    const model::Model& model = call->model();
    json::array list;
    const auto add = [&](RecordId person, const std::string& says) {
        json::array held;
        for (const auto& h : (*directory)->posts_of(person)) {
            json::object one = identity_json(*call, **directory, h);
            json::object post = one["post"].as_object();
            post["kind"] = one["kind"];
            post["unit"] = one["unit"];
            held.push_back(std::move(post));
        }
        list.push_back({{"person", named(*call, model.identity.person, person)}, {"posts", std::move(held)}, {"says", says}});
    };
    for (const Introduced& one : call->service.settings().introduced)
        if (const auto person = call->snapshot().find(model.identity.person, one.person); person && !(*directory)->posts_of(*person).empty())
            add(*person, one.says[static_cast<std::size_t>(call->language())]);
    if (!list.empty()) return call->ok(list);
    std::vector<std::size_t> shown(model.rights.roles.size(), 0);
    // Those with several posts and those with given roles first: there is most to see.
    std::vector<std::tuple<int, std::int64_t>> order;
    for (const auto& [person, posts] : (*directory)->people()) {
        std::size_t roles = 0;
        for (const auto& h : posts) roles = std::max(roles, (*directory)->roles_of(h.post).size());
        order.emplace_back(-static_cast<int>(posts.size() * 10 + roles), person);
    }
    std::sort(order.begin(), order.end());
    for (const auto& [rank, person] : order) {
        if (list.size() >= people_max) break;
        const auto& posts = (*directory)->posts_of(RecordId(person));
        bool wanted = posts.size() > 1;
        std::string says;
        for (const auto& h : posts)
            for (const auto& role : (*directory)->roles_of(h.post)) {
                const auto& r = model.rights.roles[static_cast<std::size_t>(role.role)];
                if (shown[static_cast<std::size_t>(role.role)]++ < each_role_max) wanted = true;
                const std::string label = r.label.in(call->language());
                if (says.find(label) == std::string::npos) says += (says.empty() ? "" : "、") + label;
            }
        if (wanted) add(RecordId(person), says);
    }
    call->ok(list);
}
void demo_session(const CallPtr& call) {
    if (!demo_here(call)) return;
    if (!call->request.header("content-type").starts_with("application/json"))
        return call->problem(Error{Code::usage, "Content-Type", "the body is not said to be JSON", "Content-Type: application/json"}, 415);
    const auto body = call->body();
    if (!body) return;
    const auto id = [&](const char* key) {
        const auto* v = body->if_contains(key);
        return RecordId(v && v->is_int64() ? v->get_int64() : v && v->is_object() && v->get_object().if_contains("id") && v->at("id").is_int64() ? v->at("id").get_int64() : 0);
    };
    const RecordId person = id("person");
    RecordId post = id("post");
    const auto directory = call->service.rights().directory();
    if (!directory) return call->problem(directory.error());
    const auto& held = (*directory)->posts_of(person);
    if (held.empty()) return call->problem(Error{Code::not_found, "person", "nobody of this number holds a post today", "GET /demo/people"});
    if (std::none_of(held.begin(), held.end(), [&](const auto& h) { return h.post == post; })) post = held.front().post;
    enter(call, call->service.accounts().demo(person, post, std::string(call->request.header("user-agent")), call->request.peer));
}

void list_tokens(const CallPtr& call) {
    json::array list;
    for (const auto& t : call->service.accounts().tokens_of(call->session->account)) {
        json::array scopes;
        for (const auto& s : t.scopes) scopes.emplace_back(s);
        list.push_back({{"id", t.id}, {"name", t.name}, {"scopes", std::move(scopes)}, {"post", named(*call, call->model().identity.post, t.post)},
                        {"created", Instant{t.created * 1'000'000}.text()}, {"expires", Instant{t.expires * 1'000'000}.text()}});
    }
    call->ok(json::object{{"tokens", std::move(list)}});
}
void make_token(const CallPtr& call) {
    const auto body = call->body();
    if (!body) return;
    std::set<std::string> scopes;
    if (const auto* list = body->if_contains("scopes"); list && list->is_array())
        for (const auto& s : list->get_array())
            if (s.is_string()) scopes.insert(std::string(s.get_string()));
    const auto* days = body->if_contains("days");
    constexpr std::int64_t day_s = 24 * 60 * 60, days_usual = 90;
    const auto made = call->service.accounts().new_token(*call->session, member_text(*body, "name"), std::move(scopes),
                                                         (days && days->is_int64() ? std::clamp<std::int64_t>(days->get_int64(), 0, 10'000) : days_usual) * day_s);
    if (!made) return call->problem(made.error());
    call->ok(json::object{{"token", *made}, {"note", "shown once"}}, 201);
}
void drop_token(const CallPtr& call) {
    const auto ok = call->service.accounts().drop_token(*call->session, call->parameter(0));
    if (!ok) return call->problem(ok.error());
    call->ok(json::object{{"dropped", call->parameter(0)}});
}
// A device: its token is the secret of the address it was opened with, then a cookie no script can read.
std::string device_cookie(const Call& call, std::string_view secret, std::int64_t lives_s) {
    std::string out = "yipan_device=" + std::string(secret) + "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(lives_s);
    if (call.service.settings().secure || call.request.tls) out += "; Secure";
    return out;
}
void enter_device(const CallPtr& call) {
    const auto body = call->body();
    if (!body) return;
    if (!call->request.header("content-type").starts_with("application/json"))
        return call->problem(Error{Code::usage, "Content-Type", "the body is not said to be JSON", "Content-Type: application/json"}, 415);
    const std::string secret = member_text(*body, "token");
    const auto token = call->service.accounts().token(secret);
    if (!token || token->page.empty()) return call->problem(Error{Code::not_allowed, "token", "the token is not valid", "a system administrator makes a new one"}, 401);
    call->headers.emplace_back("Set-Cookie", device_cookie(*call, secret, token->expires - access::unix_now()));
    call->token = token;
    call->ok(session_json(call));
}
void leave_device(const CallPtr& call) {
    call->headers.emplace_back("Set-Cookie", device_cookie(*call, "", 0));
    net::Response r;
    r.status = 204;
    call->ok_with(std::move(r));
}

void totp_begin(const CallPtr& call) {
    const auto key = call->service.accounts().totp_begin(*call->session);
    if (!key) return call->problem(key.error());
    call->ok(json::object{{"key", *key}, {"uri", "otpauth://totp/Yipan:" + call->session->account + "?secret=" + *key + "&issuer=Yipan"}});
}
void totp_confirm(const CallPtr& call) {
    const auto body = call->body();
    if (!body) return;
    const auto ok = call->service.accounts().totp_confirm(*call->session, member_text(*body, "code"));
    if (!ok) return call->problem(ok.error());
    call->ok(json::object{{"totp", true}});
}
void totp_end(const CallPtr& call) {
    const auto body = call->body();
    if (!body) return;
    const auto ok = call->service.accounts().totp_end(*call->session, member_text(*body, "password"));
    if (!ok) return call->problem(ok.error());
    call->ok(json::object{{"totp", false}});
}

}  // namespace

// When an administrator's account needs its second factor, if the site asks for one; unix seconds.
std::optional<std::int64_t> factor_due(const Service& service, const access::Account& account) {
    constexpr std::int64_t day_s = 24 * 3'600;
    const auto& days = service.settings().admin_factor_days;
    if (!days || account.admin.empty() || !account.totp.empty()) return std::nullopt;
    return account.created + *days * day_s;
}
bool administers(const CallPtr& call, std::initializer_list<std::string_view> admins) {
    const auto account = call->session ? call->service.accounts().find(call->session->account) : std::nullopt;
    if (!account || std::find(admins.begin(), admins.end(), account->admin) == admins.end()) {
        call->problem(Error{Code::not_allowed, "", "this is for " + std::string(*admins.begin()) + " administrators", ""});
        return false;
    }
    const auto due = factor_due(call->service, *account);
    if (!due || access::unix_now() < *due) return true;
    call->problem(Error{Code::not_allowed, "totp", "an administrator needs the second factor here", "POST /totp/begin, then /totp/confirm"});
    return false;
}

namespace {
void list_devices(const CallPtr& call) {
    if (!administers(call, {"system", "security", "audit"})) return;
    json::array list;
    for (const auto& d : call->service.accounts().devices())
        list.push_back({{"id", d.id}, {"name", d.name}, {"page", d.page}, {"post", named(*call, call->model().identity.post, d.post)}, {"by", d.account},
                        {"created", Instant{d.created * 1'000'000}.text()}, {"expires", Instant{d.expires * 1'000'000}.text()}});
    call->ok(json::object{{"devices", std::move(list)}});
}
void add_device(const CallPtr& call) {
    if (!administers(call, {"system"})) return;
    const auto body = call->body();
    if (!body) return;
    constexpr std::int64_t day_s = 24 * 60 * 60, days_usual = 90;
    const auto* days = body->if_contains("days");
    const auto* post = body->if_contains("post");
    model::Field field;
    field.kind = model::FieldKind::reference;
    field.code = "post";
    field.target = call->model().identity.post;
    const auto id = post && field.target >= 0 ? read_value(*call, field, *post) : Result<record::Value>(record::Value{});
    if (!id) return call->problem(id.error());
    const auto* number = record::as_integer(*id);
    const auto directory = call->service.rights().directory();
    if (!directory) return call->problem(directory.error());
    if (!number || (*directory)->unit_of(RecordId(*number)) == 0)
        return call->problem(Error{Code::not_found, "post", "the post whose figures it shows is not named, or is none", "{\"post\": 7}"}, 422);
    const auto made = call->service.accounts().new_device(*call->session, member_text(*body, "name"), RecordId(*number), body->if_contains("page") ? member_text(*body, "page") : "screen",
                                                          (days && days->is_int64() ? std::clamp<std::int64_t>(days->get_int64(), 0, 10'000) : days_usual) * day_s);
    if (!made) return call->problem(made.error());
    call->ok(json::object{{"token", *made}, {"link", "/b/" + call->service.settings().code + "/screen#device=" + *made}, {"note", "shown once"}}, 201);
}
void drop_device(const CallPtr& call) {
    if (!administers(call, {"system", "security"})) return;
    const auto gone = call->service.accounts().drop_device(*call->session, call->parameter(0));
    if (!gone) return call->problem(gone.error());
    call->service.events().ended(gone->hash);
    call->ok(json::object{{"dropped", call->parameter(0)}});
}

// The scheduled backup: its light for whoever is signed in, its place and what went wrong for administrators.
void show_backup(const CallPtr& call) {
    const auto& backups = call->service.settings().backups;
    if (!backups) return call->ok(json::object{{"scheduled", false}});
    const board::BackupState s = backups();
    const auto time = [](const std::optional<Instant>& t) { return t ? json::value(t->text()) : json::value(nullptr); };
    json::object out{{"scheduled", true}, {"red", s.red}, {"running", s.running}, {"last_good", time(s.last_good)}, {"last_tried", time(s.last_tried)}, {"next", time(s.next)}};
    const auto account = call->service.accounts().find(call->session->account);
    if (account && !account->admin.empty()) {
        out["path"] = s.last_path;
        out["bytes"] = s.last_bytes;
        out["milliseconds"] = s.last_ms;
        out["failure"] = s.failure ? json::value(s.failure->text()) : json::value(nullptr);
    }
    call->ok(std::move(out));
}
void begin_backup(const CallPtr& call) {
    if (!administers(call, {"system"})) return;
    if (!call->service.settings().back_up) return call->problem(Error{Code::not_found, "", "no backup is scheduled", "yipan serve BOARD --backup FOLDER"});
    call->service.settings().back_up();
    call->ok(json::object{{"begun", true}}, 202);
}

json::object account_json(const CallPtr& call, const access::Account& a) {
    json::object out{{"id", a.name}, {"account", a.name}, {"admin", a.admin.empty() ? json::array{} : json::array{a.admin}},
                     {"locked", a.locked}, {"locked_until", a.locked_until > access::unix_now() ? json::value(Instant{a.locked_until * 1'000'000}.text()) : json::value(nullptr)},
                     {"password", !a.hash.empty()}, {"totp", !a.totp.empty()}, {"person", nullptr}};
    if (a.person.value > 0) out["person"] = named(*call, call->model().identity.person, a.person);
    return out;
}
void list_accounts(const CallPtr& call) {
    if (!administers(call, {"system", "security", "audit"})) return;
    json::array list;
    for (const auto& a : call->service.accounts().all()) list.push_back(account_json(call, a));
    call->ok(json::object{{"accounts", std::move(list)}});
}
std::string link_address(const CallPtr& call, const std::string& secret) { return "/b/" + call->service.settings().code + "/password#" + secret; }
void add_account(const CallPtr& call) {
    if (!administers(call, {"system"})) return;
    const auto body = call->body();
    if (!body) return;
    RecordId person;
    if (const auto* p = body->if_contains("person"); p && !p->is_null()) {
        model::Field field;
        field.kind = model::FieldKind::reference;
        field.code = "person";
        field.target = call->model().identity.person;
        const auto id = read_value(*call, field, *p);
        if (!id) return call->problem(id.error());
        if (const auto* n = record::as_integer(*id)) person = RecordId(*n);
        if (!call->snapshot().record(field.target, person)) return call->problem(Error{Code::not_found, "person", "no such person", ""});
    }
    if (!member_text(*body, "admin").empty())
        return call->problem(Error{Code::not_allowed, "admin", "a security administrator names administrators", "PATCH /accounts/{id} {\"admin\": ...}"});
    const auto made = call->service.accounts().add(*call->session, member_text(*body, "account"), person, "");
    if (!made) return call->problem(made.error());
    call->ok(json::object{{"account", member_text(*body, "account")}, {"link", link_address(call, *made)}}, 201);
}
void change_account(const CallPtr& call) {
    const auto body = call->body();
    if (!body) return;
    auto& accounts = call->service.accounts();
    const std::string& name = call->parameter(0);
    json::object out;
    for (const auto& [key, value] : *body) {
        Status ok;
        if (key == "locked" && value.is_bool()) {
            if (!administers(call, {"security"})) return;
            ok = accounts.lock(*call->session, name, value.get_bool());
        } else if (key == "link") {
            if (!administers(call, {"system"})) return;
            // A link is as good as the password: with it he would hold the part of another administrator.
            const auto whose = accounts.find(name);
            if (whose && !whose->admin.empty() && !whose->hash.empty() && name != call->session->account)
                return call->problem(Error{Code::not_allowed, "link", "another administrator's password is made anew on the server's machine only", "yipan account BOARD " + name});
            const auto made = accounts.link(*call->session, name);
            if (made) out["link"] = link_address(call, *made);
            if (!made) ok = fail(made.error());
        } else if (key == "admin" && (value.is_string() || value.is_null())) {
            if (!administers(call, {"security"})) return;
            ok = accounts.set_admin(*call->session, name, value.is_string() ? std::string(value.get_string()) : "");
        } else {
            return call->problem(Error{Code::invalid_input, key, "cannot be changed like this", "locked: true|false, link: true, admin: system|security|audit|null"});
        }
        if (!ok) return call->problem(ok.error());
    }
    const auto changed = accounts.find(name);
    if (!changed) return call->problem(Error{Code::not_found, "account", "no such account", ""});
    for (auto& [key, value] : account_json(call, *changed)) out[key] = value;
    call->ok(std::move(out));
}
void account_sessions(const CallPtr& call) {
    if (!administers(call, {"security", "audit"})) return;
    json::array list;
    for (const auto& s : call->service.accounts().sessions_of(call->parameter(0))) list.push_back(session_line(s, *call->session));
    call->ok(json::object{{"sessions", std::move(list)}});
}
void end_account_session(const CallPtr& call) {
    if (!administers(call, {"security"})) return;
    const std::string hash = hash_of(call, call->parameter(0), call->parameter(1));
    const auto ok = call->service.accounts().revoke(*call->session, call->parameter(0), call->parameter(1));
    if (!ok) return call->problem(ok.error());
    call->service.events().ended(hash);
    call->ok(json::object{{"ended", call->parameter(1)}});
}
// What was done to accounts and who looked at personal data, newest first: for the audit administrator.
void acts(const CallPtr& call) {
    if (!administers(call, {"audit"})) return;
    const auto limit = asked_number(call, "limit", 100, 1, 500);
    if (!limit) return;
    const std::int64_t end = call->snapshot().position().value;
    const auto before = asked_number(call, "before", end + 1, 1, end + 1);
    if (!before) return;
    constexpr std::int64_t looked_at_max = 20'000;
    json::array list;
    std::int64_t from = *before - 1;
    const std::int64_t last = std::max<std::int64_t>(1, from - looked_at_max);
    for (; from >= last && list.size() < static_cast<std::size_t>(*limit); --from) {
        const auto e = call->snapshot().entry(Position(from));
        if (!e) return call->problem(e.error());
        if (e->verb != board::Verb::act && e->verb != board::Verb::read) continue;
        boost::system::error_code bad;
        list.push_back({{"position", e->position.value}, {"time", e->time.text()}, {"verb", board::verb_name(e->verb)},
                        {"actor", named(*call, call->model().identity.person, e->actor)}, {"channel", e->channel}, {"what", json::parse(e->plain, bad)}});
    }
    call->ok(json::object{{"acts", std::move(list)}, {"next", from >= 1 ? json::value(from + 1) : json::value(nullptr)}});
}
}  // namespace

bool take_session(const CallPtr& call, access::Accounts::Opened& opened) {
    if (opened.session.post.value == 0 && opened.session.person.value > 0) {
        opened.session.post = first_post(call, opened.session.person);
        if (const auto ok = call->service.accounts().choose_post(opened.session, opened.session.post); !ok) {
            call->problem(ok.error());
            return false;
        }
    }
    call->session = std::make_shared<const access::Session>(opened.session);
    call->headers.emplace_back("Set-Cookie", cookie_of(*call, opened.secret, false));
    return true;
}

void add_session_routes(std::vector<Route>& r) {
    using enum Needs;
    r.push_back({"GET", "/session", nothing, By::reader, "", false, 0, show_session, "who is here", Screen::shown});
    r.push_back({"POST", "/session", nothing, By::writer, "", true, small_body, sign_in, "sign in"});
    r.push_back({"DELETE", "/session", session, By::writer, "", true, small_body, sign_out, "sign out"});
    r.push_back({"POST", "/session/identity", session, By::writer, "", true, small_body, choose_identity, "act in another post"});
    r.push_back({"PUT", "/session/language", session, By::writer, "", false, small_body, choose_language, "one's own language on every machine"});
    r.push_back({"GET", "/sessions", session, By::writer, "", false, 0, list_sessions, "one's own sessions"});
    r.push_back({"DELETE", "/sessions/{id}", session, By::writer, "", true, small_body, end_session, "end one of them"});
    r.push_back({"POST", "/password", nothing, By::writer, "", true, small_body, password, "set or change a password"});
    r.push_back({"GET", "/demo/people", nothing, By::writer, "", true, 0, demo_people, "fictional persons to try"});
    r.push_back({"POST", "/demo/session", nothing, By::writer, "", true, small_body, demo_session, "act as one of them"});
    r.push_back({"GET", "/tokens", session, By::writer, "", false, 0, list_tokens, "one's own API tokens"});
    r.push_back({"POST", "/tokens", session, By::writer, "", true, small_body, make_token, "make a token"});
    r.push_back({"DELETE", "/tokens/{id}", session, By::writer, "", true, small_body, drop_token, "drop a token"});
    r.push_back({"POST", "/totp/begin", session, By::writer, "", true, small_body, totp_begin, "begin a second factor"});
    r.push_back({"POST", "/totp/confirm", session, By::writer, "", true, small_body, totp_confirm, "confirm it by a code"});
    r.push_back({"POST", "/totp/end", session, By::writer, "", true, small_body, totp_end, "end it"});
    r.push_back({"GET", "/accounts", session, By::writer, "", false, 0, list_accounts, "accounts (administrators)"});
    r.push_back({"POST", "/accounts", session, By::writer, "", true, small_body, add_account, "add an account"});
    r.push_back({"PATCH", "/accounts/{account}", session, By::writer, "", true, small_body, change_account, "lock, link, administrator"});
    r.push_back({"GET", "/accounts/{account}/sessions", session, By::writer, "", false, 0, account_sessions, "sessions of an account"});
    r.push_back({"DELETE", "/accounts/{account}/sessions/{id}", session, By::writer, "", true, small_body, end_account_session, "end one of them"});
    r.push_back({"GET", "/devices", session, By::writer, "", false, 0, list_devices, "devices that show a page (administrators)"});
    r.push_back({"POST", "/devices", session, By::writer, "", true, small_body, add_device, "make a device's token"});
    r.push_back({"DELETE", "/devices/{id}", session, By::writer, "", true, small_body, drop_device, "end a device"});
    r.push_back({"POST", "/device", nothing, By::writer, "", true, small_body, enter_device, "be this device"});
    r.push_back({"DELETE", "/device", nothing, By::writer, "", false, small_body, leave_device, "be it no more"});
    r.push_back({"GET", "/backup", session, By::writer, "", false, 0, show_backup, "how the scheduled backup stands"});
    r.push_back({"POST", "/backup", session, By::writer, "", false, small_body, begin_backup, "back up at once (system administrator)"});
    r.push_back({"GET", "/acts", session, By::writer, "", true, 0, acts, "what was done to accounts (audit administrator)"});
}

}  // namespace yipan::api
