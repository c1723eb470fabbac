#include "access/accounts.h"

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>

#include "access/password.h"
#include "access/secret.h"

namespace yipan::access {
namespace json = boost::json;

namespace {
constexpr std::size_t attempts_kept_max = 10'000;
constexpr std::int64_t seen_written_every_s = 5 * minute_s;

std::string text_at(const json::object& o, std::string_view key) {
    const auto* v = o.if_contains(key);
    return v && v->is_string() ? std::string(v->get_string()) : "";
}
std::int64_t number_at(const json::object& o, std::string_view key) {
    const auto* v = o.if_contains(key);
    return v && v->is_int64() ? v->get_int64() : 0;
}
json::object parsed(std::string_view text) {
    boost::system::error_code problem;
    auto v = json::parse(text, problem);
    return !problem && v.is_object() ? std::move(v.get_object()) : json::object{};
}
bool good_name(std::string_view name) {
    return !name.empty() && name.size() <= 60 && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.';
    });
}
Error wrong() { return {Code::not_allowed, "", "account or password is wrong, or the account is locked", ""}; }
Error no_account(std::string_view name) { return {Code::not_found, "account", "no account \"" + std::string(name.substr(0, 60)) + "\"", ""}; }
}  // namespace

std::int64_t unix_now() {
    return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

Result<std::unique_ptr<Accounts>> Accounts::open(board::Board& board) {
    std::unique_ptr<Accounts> out(new Accounts(board));
    YIPAN_TRY_VOID(out->load());
    return out;
}

Status Accounts::load() {
    const auto snapshot = board_.snapshot();
    YIPAN_TRY_VOID(snapshot->each_side("account", [&](std::string_view key, std::string_view value) { take_account(key, value); }));
    YIPAN_TRY_VOID(snapshot->each_side("session", [&](std::string_view key, std::string_view value) { take_session(key, value); }));
    return snapshot->each_side("token", [&](std::string_view key, std::string_view value) { take_token(key, value); });
}
void Accounts::take_account(std::string_view key, std::string_view value) const {
    const json::object o = parsed(value);
    Account a;
    a.name = key;
    a.person = RecordId(number_at(o, "person"));
    a.admin = text_at(o, "admin");
    a.hash = text_at(o, "hash");
    a.locked = number_at(o, "locked") != 0;
    a.failures = static_cast<int>(number_at(o, "failures"));
    a.locked_until = number_at(o, "locked_until");
    a.created = number_at(o, "created");
    a.totp = text_at(o, "totp");
    a.totp_pending = text_at(o, "totp_pending");
    a.totp_last = number_at(o, "totp_last");
    a.link = text_at(o, "link");
    accounts_[a.name] = std::move(a);
}
void Accounts::take_session(std::string_view key, std::string_view value) const {
    const json::object o = parsed(value);
    Session s;
    s.hash = key;
    s.id = s.hash.substr(0, 16);
    s.account = text_at(o, "account");
    s.person = RecordId(number_at(o, "person"));
    s.post = RecordId(number_at(o, "post"));
    s.created = number_at(o, "created");
    s.seen = number_at(o, "seen");
    s.agent = text_at(o, "agent");
    s.address = text_at(o, "address");
    s.csrf = text_at(o, "csrf");
    if (s.created + session_s <= unix_now()) return;
    const std::string hash = s.hash;
    sessions_[hash] = std::make_shared<const Session>(std::move(s));
}
void Accounts::take_token(std::string_view key, std::string_view value) const {
    const json::object o = parsed(value);
    Token t;
    t.hash = key;
    t.id = t.hash.substr(0, 16);
    t.account = text_at(o, "account");
    t.name = text_at(o, "name");
    t.person = RecordId(number_at(o, "person"));
    t.post = RecordId(number_at(o, "post"));
    t.created = number_at(o, "created");
    t.expires = number_at(o, "expires");
    t.page = text_at(o, "page");
    if (const auto* list = o.if_contains("scopes"); list && list->is_array())
        for (const auto& s : list->get_array()) t.scopes.insert(std::string(s.as_string()));
    tokens_[t.hash] = std::move(t);
}

void Accounts::changed() {
    const std::lock_guard lock(mutex_);
    fresh_.clear();
    ++changes_;
}
// The row as the writer's process left it; called without the lock. While the database is away what is at hand goes on.
void Accounts::freshen(std::string_view space, const std::string& key) const {
    constexpr std::size_t fresh_max = 50'000;
    if (key.empty() || !board_.follows()) return;
    const std::string name = std::string(space) + "/" + key;
    std::int64_t changes = 0;
    {
        const std::lock_guard lock(mutex_);
        if (fresh_.contains(name)) return;
        changes = changes_;
    }
    const auto row = board_.snapshot()->side(space, key);
    if (!row) return;
    const std::lock_guard lock(mutex_);
    if (space == "account") {
        if (*row) take_account(key, **row);
        else accounts_.erase(key);
    } else if (space == "session") {
        const auto before = sessions_.find(key);
        const std::int64_t seen = before == sessions_.end() ? 0 : before->second->seen;
        sessions_.erase(key);
        seen_rows_.erase(key);
        if (*row) take_session(key, **row);
        if (const auto now = sessions_.find(key); now != sessions_.end()) seen_rows_[key] = now->second->seen;
        if (const auto now = sessions_.find(key); now != sessions_.end() && now->second->seen < seen) {
            auto later = std::make_shared<Session>(*now->second);
            later->seen = seen;
            now->second = std::move(later);
        }
    } else {
        if (*row) take_token(key, **row);
        else tokens_.erase(key);
    }
    if (fresh_.size() >= fresh_max) fresh_.clear();
    if (changes == changes_) fresh_.insert(name);
}
// Of the session or token of this hash.
std::string Accounts::account_of(const std::string& hash) const {
    if (!board_.follows()) return "";
    const std::lock_guard lock(mutex_);
    if (const auto s = sessions_.find(hash); s != sessions_.end()) return s->second->account;
    const auto t = tokens_.find(hash);
    return t == tokens_.end() ? "" : t->second.account;
}
std::string_view Accounts::secret_kind(const std::string& hash) const {
    const std::lock_guard lock(mutex_);
    return tokens_.contains(hash) ? "token" : "session";
}
bool Accounts::due(std::string_view secret) {
    const auto here = session(secret);
    if (!here) return false;
    const std::lock_guard lock(mutex_);
    const auto row = seen_rows_.find(here->hash);
    return row != seen_rows_.end() && row->second / seen_written_every_s != unix_now() / seen_written_every_s;
}

board::SideWrite Accounts::row(const Account& a) {
    return {"account", a.name,
            json::serialize(json::object{{"person", a.person.value}, {"admin", a.admin}, {"hash", a.hash},
                                         {"locked", a.locked ? 1 : 0}, {"failures", a.failures}, {"locked_until", a.locked_until},
                                         {"created", a.created}, {"totp", a.totp}, {"totp_pending", a.totp_pending},
                                         {"totp_last", a.totp_last}, {"link", a.link}})};
}
board::SideWrite Accounts::row(const Session& s) {
    return {"session", s.hash,
            json::serialize(json::object{{"account", s.account}, {"person", s.person.value}, {"post", s.post.value},
                                         {"created", s.created}, {"seen", s.seen}, {"agent", s.agent}, {"address", s.address},
                                         {"csrf", s.csrf}})};
}
board::SideWrite Accounts::row(const Token& t) {
    json::array scopes;
    for (const auto& s : t.scopes) scopes.emplace_back(s);
    return {"token", t.hash,
            json::serialize(json::object{{"account", t.account}, {"name", t.name}, {"person", t.person.value}, {"post", t.post.value},
                                         {"created", t.created}, {"expires", t.expires}, {"page", t.page}, {"scopes", std::move(scopes)}})};
}

// An act and what it changes beside the journal, in one transaction. `act` empty: no entry, only the rows.
board::Draft Accounts::draft_of(std::string_view act, std::string_view account, RecordId actor, RecordId post,
                                std::vector<board::SideWrite> side, std::string_view about) const {
    board::Draft draft;
    draft.actor = actor;
    draft.post = post;
    draft.channel = channel;
    draft.side = std::move(side);
    if (!act.empty()) {
        board::Change change;
        change.verb = board::Verb::act;
        json::object told{{"account", account}, {"act", act}};
        if (!about.empty()) told["about"] = about;
        change.told = json::serialize(told);
        draft.changes.push_back(std::move(change));
    }
    return draft;
}
Status Accounts::write(std::string_view act, std::string_view account, RecordId actor, RecordId post,
                       std::vector<board::SideWrite> side, std::string_view about) {
    return wait(queue(act, account, actor, post, std::move(side), about));
}
Accounts::Written Accounts::queue(std::string_view act, std::string_view account, RecordId actor, RecordId post,
                                  std::vector<board::SideWrite> side, std::string_view about) {
    return board_.submit(draft_of(act, account, actor, post, std::move(side), about));
}
Status Accounts::wait(Written written) {
    const auto done = written.get();
    if (!done) return fail(done.error().front());
    return {};
}

bool Accounts::too_many(const std::string& address) {
    const std::int64_t minute = unix_now() / minute_s;
    if (attempts_.size() > attempts_kept_max) attempts_.clear();
    auto& [when, count] = attempts_[address];
    if (when != minute) when = minute, count = 0;
    return ++count > attempts_a_minute_max;
}

// Counts it and gives what is said of it. Nobody waits for the disk: a name that is not known costs no write either, and
// must not be told by the time.
Status Accounts::failed(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto at = accounts_.find(name);
    if (at == accounts_.end()) return fail(wrong());
    if (++at->second.failures >= failures_max) {
        at->second.failures = 0;
        at->second.locked_until = unix_now() + locked_s;
    }
    (void)queue(at->second.failures == 0 ? "locked after failures" : "sign in refused", name, {}, {}, {row(at->second)});
    return fail(wrong());
}

Result<Accounts::Opened> Accounts::sign_in(const Asked& asked, bool& code_needed) {
    std::optional<Account> account;
    {
        const std::lock_guard lock(mutex_);
        if (too_many(asked.address))
            return fail(Code::busy, "", "too many attempts from this address", "wait a minute");
        if (const auto at = accounts_.find(asked.account); at != accounts_.end()) account = at->second;
    }
    // An unknown account costs the same time as a wrong password.
    static const std::string nobody = password_hash("nobody's password").value_or("");
    const std::string& hash = account && !account->hash.empty() ? account->hash : nobody;
    YIPAN_TRY(const bool matches, password_matches(hash, asked.password));
    const std::int64_t now = unix_now();
    if (!account || account->hash.empty()) return fail(wrong());
    if (account->locked || account->locked_until > now) return fail(wrong());
    if (!matches) return fail(failed(account->name).error());
    if (!account->totp.empty()) {
        if (asked.code.empty()) {
            code_needed = true;
            return fail(Code::not_allowed, "code", "the code of the second factor is needed", "");
        }
        const std::int64_t counter = totp_matches(account->totp, asked.code, now, account->totp_last);
        if (counter < 0) {
            code_needed = true;
            (void)failed(account->name);
            return fail(Code::not_allowed, "code", "the code is wrong or was used already", "");
        }
        account->totp_last = counter;
    }
    Written written;
    {
        const std::lock_guard lock(mutex_);
        auto& kept = accounts_[account->name];
        // Hashing took a while: what was done to the account meanwhile counts.
        if (kept.locked || kept.locked_until > now || kept.hash != account->hash || kept.totp != account->totp) return fail(wrong());
        if (!account->totp.empty() && kept.totp_last >= account->totp_last)
            return fail(Code::not_allowed, "code", "the code is wrong or was used already", "");
        kept.failures = 0;
        kept.totp_last = account->totp_last;
        written = queue("", "", {}, {}, {row(kept)});
    }
    Session s;
    s.account = account->name;
    s.person = account->person;
    s.agent = asked.agent;
    s.address = asked.address;
    auto opened = open_session(std::move(s), "sign in");
    YIPAN_TRY_VOID(wait(std::move(written)));
    return opened;
}

Result<Accounts::Opened> Accounts::vouched(std::string_view name, std::string agent, std::string address) {
    Session s;
    {
        const std::lock_guard lock(mutex_);
        const auto at = accounts_.find(name);
        if (at == accounts_.end() || at->second.locked || !at->second.admin.empty())
            return fail(Code::not_allowed, "", "nobody here is called what the provider says, or the account is locked or an administrator's", "ask the system administrator");
        s.account = at->second.name;
        s.person = at->second.person;
    }
    s.agent = std::move(agent);
    s.address = std::move(address);
    return open_session(std::move(s), "sign in through provider");
}

Result<Accounts::Opened> Accounts::demo(RecordId person, RecordId post, std::string agent, std::string address) {
    Session s;
    s.person = person;
    s.post = post;
    s.agent = std::move(agent);
    s.address = std::move(address);
    return open_session(std::move(s), "demo session");
}

Result<Accounts::Opened> Accounts::open_session(Session session, std::string_view act) {
    Opened out;
    out.secret = new_secret();
    session.hash = secret_hash(out.secret);
    session.id = session.hash.substr(0, 16);
    session.csrf = csrf_of(out.secret);
    session.created = session.seen = unix_now();
    session.agent = session.agent.substr(0, 200);
    std::vector<board::SideWrite> side{row(session)};
    Written written;
    {
        const std::lock_guard lock(mutex_);
        if (const auto account = accounts_.find(session.account); !session.account.empty() && (account == accounts_.end() || account->second.locked))
            return fail(wrong());  // locked while the password was hashed
        // The oldest sessions of the account make room; what has ended goes too.
        std::vector<std::pair<std::int64_t, std::string>> mine;
        for (auto at = sessions_.begin(); at != sessions_.end();) {
            const Session& s = *at->second;
            if (s.created + session_s < session.created || s.seen + session_idle_s < session.created) {
                side.push_back({"session", s.hash, std::nullopt});
                at = sessions_.erase(at);
                continue;
            }
            if (s.account == session.account && s.person == session.person) mine.emplace_back(s.created, s.hash);
            ++at;
        }
        std::sort(mine.begin(), mine.end());
        for (std::size_t i = 0; i + sessions_of_account_max <= mine.size(); ++i) {
            side.push_back({"session", mine[i].second, std::nullopt});
            sessions_.erase(mine[i].second);
        }
        sessions_[session.hash] = std::make_shared<const Session>(session);
        written = queue(act, session.account, session.person, session.post, std::move(side));
    }
    YIPAN_TRY_VOID(wait(std::move(written)));
    out.session = std::move(session);
    return out;
}

std::shared_ptr<const Session> Accounts::session(std::string_view secret) {
    if (secret.size() < 40 || secret.size() > 100) return nullptr;
    const std::string hash = secret_hash(secret);
    const std::int64_t now = unix_now();
    std::shared_ptr<const Session> out;
    bool write_seen = false;
    freshen("session", hash);
    freshen("account", account_of(hash));
    {
        const std::lock_guard lock(mutex_);
        const auto at = sessions_.find(hash);
        if (at == sessions_.end()) return nullptr;
        const Session& s = *at->second;
        if (s.created + session_s < now || s.seen + session_idle_s < now) {
            sessions_.erase(at);
            return nullptr;
        }
        if (!s.account.empty()) {
            const auto account = accounts_.find(s.account);
            if (account == accounts_.end() || account->second.locked) return nullptr;
        }
        write_seen = now / seen_written_every_s != s.seen / seen_written_every_s && !board_.follows();
        if (s.seen != now) {  // once a second; who has the former one keeps it
            auto seen = std::make_shared<Session>(s);
            seen->seen = now;
            at->second = std::move(seen);
        }
        out = at->second;
    }
    if (write_seen) board_.submit(draft_of("", "", {}, {}, {row(*out)}, {}), [](const Checked<board::Receipt>&) {});  // nobody waits for it
    return out;
}
std::optional<Token> Accounts::token(std::string_view secret) {
    if (!secret.starts_with("yp_") || secret.size() > 100) return std::nullopt;
    const std::string hash = secret_hash(secret);
    freshen("token", hash);
    freshen("account", account_of(hash));
    const std::lock_guard lock(mutex_);
    const auto at = tokens_.find(hash);
    if (at == tokens_.end() || at->second.expires < unix_now()) return std::nullopt;
    const auto account = accounts_.find(at->second.account);
    if (account == accounts_.end() || account->second.locked) return std::nullopt;
    return at->second;
}

bool Accounts::alive(std::string_view hash) const {
    const std::int64_t now = unix_now();
    const std::string key(hash);
    freshen(secret_kind(key), key);
    freshen("account", account_of(key));
    const auto open = [&](const std::string& name) {
        const auto account = accounts_.find(name);
        return account != accounts_.end() && !account->second.locked;
    };
    const std::lock_guard lock(mutex_);
    if (const auto s = sessions_.find(hash); s != sessions_.end())
        return s->second->created + session_s >= now && s->second->seen + session_idle_s >= now && (s->second->account.empty() || open(s->second->account));
    const auto t = tokens_.find(hash);
    return t != tokens_.end() && t->second.expires >= now && open(t->second.account);
}

Status Accounts::sign_out(const Session& session) {
    Written written;
    {
        const std::lock_guard lock(mutex_);
        sessions_.erase(session.hash);
        written = queue("sign out", session.account, session.person, session.post, {{"session", session.hash, std::nullopt}});
    }
    return wait(std::move(written));
}
Status Accounts::choose_post(const Session& session, RecordId post) {
    Written written;
    {
        const std::lock_guard lock(mutex_);
        const auto at = sessions_.find(session.hash);
        if (at == sessions_.end()) return fail(Code::not_allowed, "", "the session has ended", "sign in again");
        Session changed = *at->second;
        changed.post = post;
        at->second = std::make_shared<const Session>(changed);
        written = queue("choose post", session.account, session.person, post, {row(changed)});
    }
    return wait(std::move(written));
}
std::vector<Session> Accounts::sessions_of(std::string_view account) const {
    const std::int64_t now = unix_now();
    std::vector<Session> out;
    const std::lock_guard lock(mutex_);
    for (const auto& [hash, s] : sessions_)
        if (s->account == account && s->created + session_s >= now && s->seen + session_idle_s >= now) out.push_back(*s);
    return out;
}
Status Accounts::revoke(const Session& by, std::string_view account, std::string_view id) {
    std::string hash;
    Written written;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [h, s] : sessions_)
            if (s->id == id && s->account == account) hash = h;
        if (hash.empty()) return fail(Code::not_found, "session", "no such session", "");
        sessions_.erase(hash);
        written = queue("revoke session", account, by.person, by.post, {{"session", hash, std::nullopt}}, by.account);
    }
    return wait(std::move(written));
}

Status Accounts::set_password_by_link(std::string_view link, std::string_view password, std::string& name) {
    const std::string hash = secret_hash(link);
    const auto snapshot = board_.snapshot();
    YIPAN_TRY(const auto found, snapshot->side("link", hash));
    const Error gone{Code::not_allowed, "token", "the link is not valid any more", "ask the system administrator for a new one"};
    if (!found) return fail(gone);
    const json::object o = parsed(*found);
    name = text_at(o, "account");
    if (number_at(o, "expires") < unix_now()) return fail(gone);
    if (const std::string problem = password_problem(password, name); !problem.empty())
        return fail(Code::invalid_input, "new", "the password is refused: " + problem, "at least 12 characters; a sentence is easiest");
    YIPAN_TRY(std::string made, password_hash(password));
    std::vector<board::SideWrite> side{{"link", hash, std::nullopt}};
    Written written;
    {
        const std::lock_guard lock(mutex_);
        const auto at = accounts_.find(name);
        // The newest link only, and once: two at once are still one.
        if (at == accounts_.end() || at->second.link != hash) return fail(gone);
        at->second.link.clear();
        at->second.hash = std::move(made);
        at->second.failures = 0;
        at->second.locked_until = 0;
        side.push_back(row(at->second));
        end_sessions(name, "", side);  // whoever was signed in before is not any more
        end_tokens(name, side);
        written = queue("set password", name, {}, {}, std::move(side));
    }
    return wait(std::move(written));
}
void Accounts::end_sessions(std::string_view account, std::string_view but, std::vector<board::SideWrite>& side) {
    for (auto s = sessions_.begin(); s != sessions_.end();) {
        if (s->second->account != account || s->first == but) {
            ++s;
            continue;
        }
        side.push_back({"session", s->first, std::nullopt});
        s = sessions_.erase(s);
    }
}
void Accounts::end_tokens(std::string_view account, std::vector<board::SideWrite>& side) {
    for (auto t = tokens_.begin(); t != tokens_.end();) {
        if (t->second.account != account || !t->second.page.empty()) {
            ++t;
            continue;
        }
        side.push_back({"token", t->first, std::nullopt});
        t = tokens_.erase(t);
    }
}
Status Accounts::change_password(const Session& session, std::string_view old, std::string_view password, bool tokens_end) {
    const auto account = find(session.account);
    if (!account) return fail(no_account(session.account));
    std::string known;
    {
        const std::lock_guard lock(mutex_);
        if (too_many(session.address)) return fail(Code::busy, "", "too many attempts from this address", "wait a minute");
        if (account->locked_until > unix_now()) return fail(Code::not_allowed, "old", "the old password is wrong, or the account is locked", "wait a quarter of an hour");
        known = accounts_[session.account].hash;
    }
    // Whoever found a session open guesses no more often than at the door.
    YIPAN_TRY(const bool matches, password_matches(known, old));
    if (!matches) return (void)failed(session.account), fail(Code::not_allowed, "old", "the old password is wrong, or the account is locked", "");
    if (const std::string problem = password_problem(password, session.account); !problem.empty())
        return fail(Code::invalid_input, "new", "the password is refused: " + problem, "at least 12 characters; a sentence is easiest");
    YIPAN_TRY(std::string made, password_hash(password));
    std::vector<board::SideWrite> side;
    Written written;
    {
        const std::lock_guard lock(mutex_);
        Account& kept = accounts_[session.account];
        if (kept.hash != known) return fail(Code::not_allowed, "old", "the old password is wrong", "");  // changed meanwhile
        kept.failures = 0;
        kept.hash = std::move(made);
        if (!kept.link.empty()) side.push_back({"link", std::exchange(kept.link, {}), std::nullopt});
        side.push_back(row(kept));
        end_sessions(session.account, session.hash, side);
        if (tokens_end) end_tokens(session.account, side);
        written = queue("change password", session.account, session.person, session.post, std::move(side), tokens_end ? "tokens end" : "");
    }
    return wait(std::move(written));
}

Result<std::string> Accounts::totp_begin(const Session& session) {
    std::string key = new_totp_key();
    Written written;
    {
        const std::lock_guard lock(mutex_);
        const auto at = accounts_.find(session.account);
        if (at == accounts_.end()) return fail(no_account(session.account));
        at->second.totp_pending = key;
        written = queue("begin second factor", session.account, session.person, session.post, {row(at->second)});
    }
    YIPAN_TRY_VOID(wait(std::move(written)));
    return key;
}
Status Accounts::totp_confirm(const Session& session, std::string_view code) {
    Written written;
    {
        const std::lock_guard lock(mutex_);
        const auto at = accounts_.find(session.account);
        if (at == accounts_.end() || at->second.totp_pending.empty())
            return fail(Code::rule_broken, "", "no second factor was begun", "POST /totp/begin");
        if (too_many(session.address)) return fail(Code::busy, "", "too many attempts from this address", "wait a minute");
        const std::int64_t counter = totp_matches(at->second.totp_pending, code, unix_now(), 0);
        if (counter < 0) return fail(Code::not_allowed, "code", "the code is wrong", "check the clock of the phone");
        at->second.totp = std::exchange(at->second.totp_pending, {});
        at->second.totp_last = counter;
        written = queue("second factor on", session.account, session.person, session.post, {row(at->second)});
    }
    return wait(std::move(written));
}
Status Accounts::totp_end(const Session& session, std::string_view password) {
    std::string known;
    {
        const std::lock_guard lock(mutex_);
        const auto at = accounts_.find(session.account);
        if (at == accounts_.end()) return fail(no_account(session.account));
        if (too_many(session.address)) return fail(Code::busy, "", "too many attempts from this address", "wait a minute");
        if (at->second.locked_until > unix_now()) return fail(Code::not_allowed, "password", "the password is wrong, or the account is locked", "wait a quarter of an hour");
        known = at->second.hash;
    }
    YIPAN_TRY(const bool matches, password_matches(known, password));
    if (!matches) return (void)failed(session.account), fail(Code::not_allowed, "password", "the password is wrong, or the account is locked", "");
    Written written;
    {
        const std::lock_guard lock(mutex_);
        Account& a = accounts_[session.account];
        a.totp.clear();
        a.totp_pending.clear();
        written = queue("second factor off", session.account, session.person, session.post, {row(a)});
    }
    return wait(std::move(written));
}

Result<std::string> Accounts::new_token(const Session& session, std::string name, std::set<std::string> scopes, std::int64_t lives_s) {
    Errors errors;
    if (session.account.empty()) return fail(Code::not_allowed, "", "a picked person of a demo has no tokens", "sign in to an account");
    if (name.empty() || name.size() > 100) return fail(Code::invalid_input, "name", "a token needs a name of at most 100 characters", "");
    for (const auto& s : scopes)
        if (s != "read" && s != "write" && s != "import" && s != "figures")
            return fail(Code::invalid_input, "scopes", "no scope \"" + s.substr(0, 40) + "\"", "read, write, import, figures");
    if (scopes.empty()) return fail(Code::invalid_input, "scopes", "a token without scopes can do nothing", "read, write, import, figures");
    if (lives_s < minute_s || lives_s > token_s_max) return fail(Code::invalid_input, "days", "a token lives 1 to 366 days", "");
    Token t;
    std::string secret = new_secret("yp_");
    t.hash = secret_hash(secret);
    t.id = t.hash.substr(0, 16);
    t.account = session.account;
    t.person = session.person;
    t.post = session.post;
    t.name = std::move(name);
    t.scopes = std::move(scopes);
    t.created = unix_now();
    t.expires = t.created + lives_s;
    Written written;
    {
        const std::lock_guard lock(mutex_);
        // A session that ended a moment ago (a new password) leaves no token behind.
        if (!sessions_.contains(session.hash)) return fail(Code::not_allowed, "", "sign in first", "POST /session");
        const auto mine = std::count_if(tokens_.begin(), tokens_.end(), [&](const auto& one) { return one.second.account == session.account && one.second.page.empty(); });
        if (static_cast<std::size_t>(mine) >= tokens_of_account_max)
            return fail(Code::limit_exceeded, "", "the account has " + std::to_string(tokens_of_account_max) + " tokens", "drop one first");
        written = queue("new token", session.account, session.person, session.post, {row(t)}, t.id);
        tokens_[t.hash] = t;
    }
    if (const Status done = wait(std::move(written)); !done) {
        const std::lock_guard lock(mutex_);
        tokens_.erase(t.hash);
        return fail(done.error());
    }
    return secret;
}
std::vector<Token> Accounts::tokens_of(std::string_view account) const {
    std::vector<Token> out;
    const std::lock_guard lock(mutex_);
    for (const auto& [hash, t] : tokens_)
        if (t.account == account && t.page.empty()) out.push_back(t);
    return out;
}
Result<std::string> Accounts::new_device(const Session& by, std::string name, RecordId post, std::string page, std::int64_t lives_s) {
    if (name.empty() || name.size() > 100) return fail(Code::invalid_input, "name", "a device needs a name of at most 100 characters", "where it hangs");
    if (page != "screen") return fail(Code::invalid_input, "page", "no page \"" + page.substr(0, 40) + "\" for devices", "screen");
    if (lives_s < minute_s || lives_s > token_s_max) return fail(Code::invalid_input, "days", "a device's token lives 1 to 366 days", "");
    Token t;
    std::string secret = new_secret("yp_");
    t.hash = secret_hash(secret);
    t.id = t.hash.substr(0, 16);
    t.account = by.account;
    t.post = post;
    t.name = std::move(name);
    t.page = std::move(page);
    t.created = unix_now();
    t.expires = t.created + lives_s;
    if (devices().size() >= devices_max) return fail(Code::limit_exceeded, "", "there are " + std::to_string(devices_max) + " devices", "drop one first");
    YIPAN_TRY_VOID(write("new device", by.account, by.person, by.post, {row(t)}, t.id));
    const std::lock_guard lock(mutex_);
    tokens_[t.hash] = std::move(t);
    return secret;
}
std::vector<Token> Accounts::devices() const {
    std::vector<Token> out;
    const std::lock_guard lock(mutex_);
    for (const auto& [hash, t] : tokens_)
        if (!t.page.empty()) out.push_back(t);
    return out;
}
Result<Token> Accounts::drop_device(const Session& by, std::string_view id) {
    Token gone;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [hash, t] : tokens_)
            if (t.id == id && !t.page.empty()) gone = t;
        if (gone.hash.empty()) return fail(Code::not_found, "device", "no such device", "");
        tokens_.erase(gone.hash);
    }
    YIPAN_TRY_VOID(write("drop device", by.account, by.person, by.post, {{"token", gone.hash, std::nullopt}}, id));
    return gone;
}
Status Accounts::drop_token(const Session& session, std::string_view id) {
    std::string hash;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [h, t] : tokens_)
            if (t.id == id && t.account == session.account && t.page.empty()) hash = h;
        if (hash.empty()) return fail(Code::not_found, "token", "no such token", "");
        tokens_.erase(hash);
    }
    return write("drop token", session.account, session.person, session.post, {{"token", hash, std::nullopt}}, id);
}

std::vector<Account> Accounts::all() const {
    std::vector<Account> out;
    const std::lock_guard lock(mutex_);
    for (const auto& [name, a] : accounts_) {
        out.push_back(a);
        out.back().hash = a.hash.empty() ? "" : "set";
        out.back().totp = a.totp.empty() ? "" : "on";
        out.back().totp_pending.clear();
    }
    return out;
}
std::optional<Account> Accounts::find(std::string_view name) const {
    freshen("account", std::string(name));
    const std::lock_guard lock(mutex_);
    const auto at = accounts_.find(name);
    if (at == accounts_.end()) return std::nullopt;
    Account out = at->second;
    out.hash = out.hash.empty() ? "" : "set";
    out.totp = out.totp.empty() ? "" : "on";
    out.totp_pending.clear();
    return out;
}

Result<std::string> Accounts::add(const Session& by, std::string name, RecordId person, std::string admin) {
    if (!good_name(name))
        return fail(Code::invalid_input, "account", "an account's name has 1 to 60 letters, digits, dots, dashes", "zhang.san");
    if (!admin.empty() && admin != "system" && admin != "security" && admin != "audit")
        return fail(Code::invalid_input, "admin", "no administrator \"" + admin.substr(0, 40) + "\"", "system, security or audit");
    if (!admin.empty() && person.value > 0)
        return fail(Code::rule_broken, "admin", "an administrator holds no post: the account belongs to no person", "make two accounts for two people");
    Account a;
    a.name = std::move(name);
    a.person = person;
    a.admin = std::move(admin);
    a.created = unix_now();
    Written written;
    {
        const std::lock_guard lock(mutex_);
        if (accounts_.contains(a.name)) return fail(Code::duplicate, "account", "the account exists already", "another name");
        if (accounts_.size() >= accounts_max) return fail(Code::limit_exceeded, "account", "the board has 20,000 accounts", "");
        accounts_[a.name] = a;
        written = queue("add account", a.name, by.person, by.post, {row(a)}, by.account);
    }
    YIPAN_TRY_VOID(wait(std::move(written)));
    return link(by, a.name);
}
Result<std::string> Accounts::link(const Session& by, std::string_view name) {
    std::string secret = new_secret();
    const std::string value = json::serialize(json::object{{"account", name}, {"expires", unix_now() + link_s}});
    Written written;
    {
        const std::lock_guard lock(mutex_);
        const auto at = accounts_.find(name);
        if (at == accounts_.end()) return fail(no_account(name));
        std::vector<board::SideWrite> side;
        if (!at->second.link.empty()) side.push_back({"link", at->second.link, std::nullopt});  // one link an account
        at->second.link = secret_hash(secret);
        side.push_back({"link", at->second.link, value});
        side.push_back(row(at->second));
        written = queue("new link", name, by.person, by.post, std::move(side), by.account);
    }
    YIPAN_TRY_VOID(wait(std::move(written)));
    return secret;
}
Status Accounts::lock(const Session& by, std::string_view name, bool locked) {
    std::vector<board::SideWrite> side;
    Written written;
    {
        const std::lock_guard lock(mutex_);
        const auto at = accounts_.find(name);
        if (at == accounts_.end()) return fail(no_account(name));
        at->second.locked = locked;
        at->second.failures = 0;
        at->second.locked_until = 0;
        side.push_back(row(at->second));
        if (locked) end_sessions(name, "", side);
        written = queue(locked ? "lock" : "unlock", name, by.person, by.post, std::move(side), by.account);
    }
    return wait(std::move(written));
}
Status Accounts::set_admin(const Session& by, std::string_view name, std::string admin) {
    if (!admin.empty() && admin != "system" && admin != "security" && admin != "audit")
        return fail(Code::invalid_input, "admin", "no administrator \"" + admin.substr(0, 40) + "\"", "system, security or audit");
    Written written;
    {
        const std::lock_guard lock(mutex_);
        const auto at = accounts_.find(name);
        if (at == accounts_.end()) return fail(no_account(name));
        if (by.account == name) return fail(Code::rule_broken, "admin", "nobody changes the own administration", "another security administrator does");
        if (!admin.empty() && at->second.person.value > 0)
            return fail(Code::rule_broken, "admin", "an administrator holds no post: this account belongs to a person", "add an account of its own");
        if (!admin.empty() && !at->second.admin.empty() && at->second.admin != admin)
            return fail(Code::rule_broken, "admin", "the account is " + at->second.admin + " administrator; one account never holds two of the three",
                        "add an account of its own");
        at->second.admin = admin;
        written = queue(admin.empty() ? "no administrator" : "administrator", name, by.person, by.post, {row(at->second)}, by.account);
    }
    return wait(std::move(written));
}
Result<bool> Accounts::has_link(const std::string& name) {
    std::string hash;
    {
        const std::lock_guard lock(mutex_);
        const auto at = accounts_.find(name);
        if (at != accounts_.end()) hash = at->second.link;
    }
    if (hash.empty()) return false;
    YIPAN_TRY(const auto found, board_.snapshot()->side("link", hash));
    if (!found) return false;
    boost::system::error_code bad;
    const auto value = boost::json::parse(*found, bad);
    return !bad && value.is_object() && number_at(value.get_object(), "expires") > unix_now();
}
Result<std::vector<std::pair<std::string, std::string>>> Accounts::first_links() {
    for (const char* name : {"system", "security", "audit"}) {
        bool there = false;
        for (const Account& a : all()) there = there || a.admin == name;
        if (!there) {
            YIPAN_TRY(const std::string unused, add({}, std::string(name) + "-admin", {}, name));
            (void)unused;
        }
    }
    std::vector<std::pair<std::string, std::string>> out;
    for (const Account& a : all()) {
        if (!a.hash.empty() || a.locked) continue;
        if (a.admin.empty()) {  // whoever was given a link has it: it holds until its time is over
            YIPAN_TRY(const bool waits, has_link(a.name));
            if (waits) continue;
        }
        YIPAN_TRY(std::string made, link({}, a.name));
        out.emplace_back(a.name, std::move(made));
    }
    return out;
}

board::Draft Accounts::look(RecordId person, RecordId post, std::string_view type, RecordId record, std::string_view fields,
                            std::string_view reason) const {
    board::Draft draft;
    draft.actor = person;
    draft.post = post;
    draft.channel = channel;
    board::Change change;
    change.verb = board::Verb::read;
    change.told = json::serialize(json::object{{"type", type}, {"record", record.value}, {"fields", fields}, {"reason", reason}});
    draft.changes.push_back(std::move(change));
    return draft;
}
Status Accounts::note_read(RecordId person, RecordId post, std::string_view type, RecordId record, std::string_view fields,
                           std::string_view reason) {
    const auto done = board_.apply(look(person, post, type, record, fields, reason));
    if (!done) return fail(done.error().front());
    return {};
}

}  // namespace yipan::access
