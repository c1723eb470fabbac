// Accounts and what keeps them: passwords, links, locks, second factor, sessions, tokens, the three administrators, and
// that no secret is found where it does not belong.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <stdexcept>
#include <thread>

#include "access/house.h"
#include "access/password.h"
#include "access/secret.h"

namespace yipan::test {
namespace {
using access::Accounts;

constexpr const char* sentence = "correct horse battery staple";

class AccountsTest : public testing::Test {
  protected:
    static House& house() {
        static House one("accounts");
        return one;
    }
    static Accounts& accounts() { return house().accounts(); }
    /// An account with a password.
    static std::string account(const std::string& name, const std::string& person = "", const std::string& admin = "") {
        RecordId id;
        if (!person.empty()) id = *house().board().snapshot()->find(house().board().model()->identity.person, person);
        const auto link = accounts().add({}, name, id, admin);
        EXPECT_TRUE(link) << link.error().text();
        std::string said;
        EXPECT_TRUE(accounts().set_password_by_link(*link, sentence, said));
        EXPECT_EQ(said, name);
        return name;
    }
    static Result<Accounts::Opened> enter(const std::string& name, const std::string& password = sentence, const std::string& code = "",
                                          const std::string& address = "") {
        bool needed = false;
        static int number = 0;
        return accounts().sign_in({name, password, code, "test", address.empty() ? "10.0.0." + std::to_string(++number) : address}, needed);
    }
    static House::Guest guest(const std::string& name) {
        auto opened = enter(name);
        EXPECT_TRUE(opened);
        House::Guest out{opened->secret, opened->session.csrf, opened->session.person, {}};
        if (out.person.value > 0) {
            const auto directory = house().service().rights().directory();
            out.post = (*directory)->posts_of(out.person).front().post;
            EXPECT_TRUE(accounts().choose_post(opened->session, out.post));
        }
        return out;
    }
    static std::string sign_in_body(const std::string& name, const std::string& password) {
        return json::serialize(json::object{{"account", name}, {"password", password}});
    }
};

TEST_F(AccountsTest, no_account_has_a_password_until_its_owner_sets_one) {
    const auto links = accounts().first_links();
    ASSERT_TRUE(links);
    ASSERT_EQ(links->size(), 3U);
    for (const auto& [name, link] : *links) {
        EXPECT_FALSE(access::secret_hash(link).empty());
        for (const std::string guess : {"", "admin", name.c_str(), "password", "nobody's password"}) EXPECT_FALSE(enter(name, guess)) << name << " " << guess;
    }
}

TEST_F(AccountsTest, a_link_works_once_also_when_two_use_it_at_the_same_moment_and_not_after_its_time) {
    const auto link = accounts().add({}, "once", {}, "");
    ASSERT_TRUE(link);
    std::string nobody;
    EXPECT_FALSE(accounts().set_password_by_link(*link, "password1234", nobody)) << "a weak one, and the link still works";
    int worked = 0;
    std::mutex mutex;
    std::vector<std::thread> both;
    for (int i = 0; i < 2; ++i)
        both.emplace_back([&] {
            std::string said;
            const bool ok = accounts().set_password_by_link(*link, sentence, said).has_value();
            const std::lock_guard lock(mutex);
            worked += ok;
        });
    for (auto& t : both) t.join();
    EXPECT_EQ(worked, 1);
    std::string said;
    EXPECT_FALSE(accounts().set_password_by_link(*link, "another long sentence", said));
    EXPECT_FALSE(accounts().set_password_by_link("made up", "another long sentence", said));
    // Its time is over.
    board::Draft d;
    d.channel = "test";
    d.side.push_back({"link", access::secret_hash("an old link"), json::serialize(json::object{{"account", "once"}, {"expires", access::unix_now() - 1}})});
    ASSERT_TRUE(house().board().apply(std::move(d)));
    EXPECT_FALSE(accounts().set_password_by_link("an old link", "another long sentence", said));
    EXPECT_TRUE(enter("once"));
}

TEST_F(AccountsTest, weak_passwords_are_refused_and_long_ones_are_not) {
    for (const char* weak : {"", "short", "eleven char", "1234567890", "aaaaaaaaaaaa", "zhang.san2026", "password1234", "1Q2W3E4R5T6Y"}) EXPECT_FALSE(access::password_problem(weak, "zhang.san").empty()) << weak;
    for (const char* good : {"twelve chars", "一句十二个字以上的中文话语", "        a       b", "🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐬"}) EXPECT_EQ(access::password_problem(good, "zhang.san"), "") << good;
    EXPECT_EQ(access::password_problem(std::string(1024, 'x') .replace(0, 1, "y"), "zhang.san"), "");
    EXPECT_NE(access::password_problem(std::string(1025, 'x'), "zhang.san"), "");
}

TEST_F(AccountsTest, nothing_of_a_password_is_cut_off_folded_or_trimmed) {
    for (const std::string& whole : {std::string(1023, 'x') + "y", std::string("Twelve  Chars "), std::string("密码里有🐘和空格 也算")}) {
        const auto kept = access::password_hash(whole);
        ASSERT_TRUE(kept);
        EXPECT_TRUE(*access::password_matches(*kept, whole));
        std::string lower = whole;
        for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        EXPECT_EQ(*access::password_matches(*kept, lower), lower == whole);
        EXPECT_FALSE(*access::password_matches(*kept, whole.substr(0, whole.size() - 1)));
        EXPECT_FALSE(*access::password_matches(*kept, whole + " "));
        EXPECT_FALSE(*access::password_matches(*kept, whole.substr(1)));
    }
}

TEST_F(AccountsTest, passwords_are_kept_as_argon2id_each_with_its_own_salt) {
    account("salted.one"), account("salted.two");  // the same sentence
    std::set<std::string> salts;
    for (const char* name : {"salted.one", "salted.two"}) {
        const auto row = json::parse(house().board().snapshot()->side("account", name)->value());
        const std::string hash(row.at("hash").as_string());
        const std::string head = "$argon2id$v=19$m=19456,t=2,p=1$";
        ASSERT_TRUE(hash.starts_with(head)) << hash.substr(0, head.size());
        const std::string salt = hash.substr(head.size(), hash.find('$', head.size()) - head.size());
        EXPECT_EQ(salt.size(), 22U) << "16 bytes";
        salts.insert(salt);
    }
    EXPECT_EQ(salts.size(), 2U);
}

TEST_F(AccountsTest, five_wrong_passwords_lock_and_a_security_administrator_unlocks) {
    account("locked");
    for (int i = 0; i < access::failures_max; ++i) EXPECT_FALSE(enter("locked", "wrong wrong wrong"));
    const auto right = enter("locked");
    ASSERT_FALSE(right);
    EXPECT_EQ(right.error().text(), enter("nobody at all").error().text()) << "locked, wrong and unknown are told alike";
    ASSERT_TRUE(accounts().lock({}, "locked", false));
    EXPECT_TRUE(enter("locked"));
}

// An open session is no second door: its guesses count as those at the first.
TEST_F(AccountsTest, guessing_the_password_from_an_open_session_locks_as_well) {
    account("left.open");
    const auto open = enter("left.open");
    ASSERT_TRUE(open);
    for (int i = 0; i < access::failures_max; ++i) {
        EXPECT_FALSE(i % 2 ? accounts().totp_end(open->session, "wrong wrong wrong") : accounts().change_password(open->session, "wrong wrong wrong", "a different long sentence"));
    }
    EXPECT_FALSE(accounts().change_password(open->session, sentence, "a different long sentence"));
    EXPECT_FALSE(accounts().totp_end(open->session, sentence));
    EXPECT_FALSE(enter("left.open"));
    ASSERT_TRUE(accounts().lock({}, "left.open", false));
    EXPECT_TRUE(accounts().change_password(open->session, sentence, "a different long sentence"));
}

// How many entries there are would tell a stranger that his try at a known name wrote one.
TEST_F(AccountsTest, a_stranger_is_told_nothing_that_says_which_accounts_there_are) {
    account("known.name");
    const auto told = [&](const char* name) {
        const auto answer = house().ask({}, "POST", "/session", sign_in_body(name, "wrong wrong wrong"));
        std::string all = std::to_string(answer.status) + answer.text;
        for (const auto& [header, value] : answer.headers) all += "\n" + header + ": " + value;
        return all;
    };
    EXPECT_EQ(told("known.name"), told("no.such.name"));
    for (const char* path : {"/session", "/board", "!/readyz", "!/healthz", "!/nothing"}) {
        const auto answer = house().ask({}, "GET", path);
        EXPECT_EQ(answer.header("Yipan-Position"), "") << path;
        EXPECT_EQ(answer.text.find("\"position\":" + std::to_string(house().board().snapshot()->position().value)), std::string::npos) << path;
    }
    EXPECT_NE(house().ask(house().as("R-QF-3", "P-QF-3"), "GET", "/session").header("Yipan-Position"), "");
}

TEST_F(AccountsTest, revoking_takes_effect_with_the_next_request) {
    account("revoked", "R-JF-2");
    const House::Guest one = guest("revoked"), two = guest("revoked");
    EXPECT_EQ(house().ask(one, "GET", "/records/organ").status, 200);
    ASSERT_EQ(house().ask(two, "GET", "/sessions").status, 200);
    const auto sessions = accounts().sessions_of("revoked");
    const auto mine = accounts().session(one.cookie);
    ASSERT_TRUE(mine);
    EXPECT_EQ(house().ask(two, "DELETE", "/sessions/" + mine->id).status, 200);
    EXPECT_EQ(house().ask(one, "GET", "/records/organ").status, 401);
    // A token ends with its account's lock, and a session too.
    const auto session = accounts().session(two.cookie);
    const auto token = accounts().new_token(*session, "reader", {"read"}, 3600);
    ASSERT_TRUE(token);
    EXPECT_EQ(house().ask({}, "GET", "/records/organ", "", {{"authorization", "Bearer " + *token}}).status, 200);
    EXPECT_EQ(house().ask({}, "POST", "/records/organ", "{}", {{"authorization", "Bearer " + *token}}).status, 403) << "no scope to write";
    EXPECT_EQ(house().ask({}, "GET", "/sessions", "", {{"authorization", "Bearer " + *token}}).status, 403) << "a token is no session";
    ASSERT_TRUE(accounts().lock({}, "revoked", true));
    EXPECT_EQ(house().ask({}, "GET", "/records/organ", "", {{"authorization", "Bearer " + *token}}).status, 401);
    EXPECT_EQ(house().ask(two, "GET", "/records/organ").status, 401);
}

TEST_F(AccountsTest, a_new_password_ends_the_other_sessions) {
    account("changes", "R-JF-3");
    const House::Guest one = guest("changes"), two = guest("changes");
    EXPECT_EQ(house().ask(one, "POST", "/password", json::serialize(json::object{{"old", "wrong"}, {"new", "a different long sentence"}})).status, 403);
    EXPECT_EQ(house().ask(one, "POST", "/password", json::serialize(json::object{{"old", sentence}, {"new", "a different long sentence"}})).status, 200);
    EXPECT_EQ(house().ask(one, "GET", "/sessions").status, 200);
    EXPECT_EQ(house().ask(two, "GET", "/sessions").status, 401);
    EXPECT_FALSE(enter("changes"));
    EXPECT_TRUE(enter("changes", "a different long sentence"));
}

TEST_F(AccountsTest, a_new_password_ends_tokens_when_asked_to_and_one_set_by_an_administrators_link_always_does) {
    const std::string second = "a second long sentence", third = "a third long sentence";
    account("keys", "R-JF-4");
    account("others", "R-JF-5");
    const House::Guest one = guest("keys"), other = guest("others");
    const auto token_of = [&](const House::Guest& guest) { return *accounts().new_token(*accounts().session(guest.cookie), "reader", {"read"}, 3600); };
    const auto works = [&](const std::string& token) { return house().ask({}, "GET", "/records/organ", "", {{"authorization", "Bearer " + token}}).status == 200; };
    const std::string first = token_of(one), anothers = token_of(other);
    const auto change = [&](const std::string& old, const std::string& fresh, json::value end) {
        return house().ask(one, "POST", "/password", json::serialize(json::object{{"old", old}, {"new", fresh}, {"end_tokens", std::move(end)}})).status;
    };
    EXPECT_EQ(change(sentence, second, "yes"), 422);
    EXPECT_EQ(change(sentence, second, false), 200);
    EXPECT_TRUE(works(first)) << "a program goes on unless its owner says otherwise";
    EXPECT_EQ(change(second, third, true), 200);
    EXPECT_FALSE(works(first));
    EXPECT_FALSE((*Accounts::open(house().board()))->token(first)) << "after a restart neither";
    EXPECT_TRUE(accounts().tokens_of("keys").empty());
    // Reset by an administrator: what the old password could have made ends with it, at the moment the link is used.
    const std::string again = token_of(one);
    const auto open = accounts().session(one.cookie);
    const auto link = accounts().link({}, "keys");
    ASSERT_TRUE(link);
    EXPECT_TRUE(works(again)) << "nothing ends while the old password still holds";
    std::string said;
    ASSERT_TRUE(accounts().set_password_by_link(*link, "a fourth long sentence", said));
    EXPECT_FALSE(works(again));
    EXPECT_EQ(house().ask(one, "GET", "/sessions").status, 401);
    EXPECT_FALSE((*Accounts::open(house().board()))->token(again));
    EXPECT_FALSE(accounts().new_token(*open, "late", {"read"}, 3600)) << "a session that ended at this moment makes none";
    EXPECT_TRUE(works(anothers)) << "another account's go on";
}

TEST_F(AccountsTest, at_most_two_passwords_are_computed_at_a_time_and_few_wait) {
    std::atomic<int> busy{0}, fine{0};
    std::vector<std::thread> crowd;
    for (int i = 0; i < access::argon_at_a_time + access::argon_waiting_max + 30; ++i)
        crowd.emplace_back([&] {
            const auto made = access::password_hash(sentence);
            if (made) ++fine;
            else if (made.error().code == Code::busy) ++busy;
        });
    for (auto& t : crowd) t.join();
    EXPECT_LE(access::argon_peak(), access::argon_at_a_time);
    EXPECT_GT(fine, access::argon_waiting_max / 2);
    EXPECT_EQ(fine + busy, access::argon_at_a_time + access::argon_waiting_max + 30);
    EXPECT_EQ(code_http_status(Code::busy) / 100, 5) << "429 or 503";
}

// RFC 6238, appendix B, SHA-1: the last six of the eight digits.
TEST_F(AccountsTest, second_factor_codes_are_those_of_rfc_6238) {
    const std::string key = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";  // "12345678901234567890"
    for (const auto& [time, code] : {std::pair<std::int64_t, const char*>{59, "287082"}, {1111111109, "081804"}, {1111111111, "050471"},
                                     {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}})
        EXPECT_EQ(access::totp_code(key, time / 30), code) << time;
    EXPECT_EQ(access::totp_matches(key, "287082", 59, 0), 1);
    EXPECT_EQ(access::totp_matches(key, "287082", 59, 1), -1) << "used";
    EXPECT_EQ(access::totp_matches(key, "287082", 59 + 90, 0), -1) << "too late";
    EXPECT_EQ(access::totp_matches(key, "28708", 59, 0), -1);
}

TEST_F(AccountsTest, a_code_of_the_second_factor_is_asked_for_and_used_once) {
    account("factor");
    const auto first = enter("factor");
    ASSERT_TRUE(first);
    const auto key = accounts().totp_begin(first->session);
    ASSERT_TRUE(key);
    EXPECT_TRUE(enter("factor")) << "begun, not confirmed: not asked for";
    EXPECT_FALSE(accounts().totp_confirm(first->session, "000000"));
    const std::int64_t now = access::unix_now() / 30;
    ASSERT_TRUE(accounts().totp_confirm(first->session, access::totp_code(*key, now)));
    const auto without = enter("factor");
    ASSERT_FALSE(without);
    EXPECT_EQ(without.error().where, "code");
    EXPECT_FALSE(enter("factor", sentence, access::totp_code(*key, now))) << "used to confirm";
    const std::string next = access::totp_code(*key, now + 1);  // one step early is allowed
    EXPECT_TRUE(enter("factor", sentence, next));
    EXPECT_FALSE(enter("factor", sentence, next)) << "the same code again";
    EXPECT_EQ(accounts().find("factor")->failures, 1) << "and it counts as a failure";
    // A link sets the password and leaves the second factor on.
    const auto link = accounts().link({}, "factor");
    std::string said;
    ASSERT_TRUE(link && accounts().set_password_by_link(*link, sentence, said));
    EXPECT_EQ(enter("factor").error().where, "code");
    EXPECT_FALSE(accounts().totp_end(first->session, "wrong"));
    EXPECT_TRUE(accounts().totp_end(first->session, sentence));
    EXPECT_TRUE(enter("factor"));
}

TEST_F(AccountsTest, the_three_administrators_cannot_hold_each_others_role_and_do_only_their_own) {
    account("sys", "", "system");
    account("sec", "", "security");
    account("aud", "", "audit");
    account("clerk", "R-QF-3");
    const House::Guest sys = guest("sys"), sec = guest("sec"), aud = guest("aud"), clerk = guest("clerk");
    // One of the three to one account, never to oneself, never to a person.
    for (const char* other : {"system", "audit"})
        EXPECT_EQ(house().ask(sec, "PATCH", "/accounts/sec", json::serialize(json::object{{"admin", other}})).status, 422);
    EXPECT_EQ(house().ask(sec, "PATCH", "/accounts/sys", R"({"admin":"audit"})").status, 422);
    EXPECT_EQ(house().ask(sec, "PATCH", "/accounts/clerk", R"({"admin":"audit"})").status, 422);
    EXPECT_EQ(house().ask(sys, "PATCH", "/accounts/sys", R"({"admin":"security"})").status, 403);
    EXPECT_EQ(house().ask(aud, "PATCH", "/accounts/aud", R"({"admin":"security"})").status, 403);
    // What each may do.
    struct Row {
        const char *method, *path, *body;
        int sys, sec, aud, clerk;
    };
    for (const Row& row : {Row{"GET", "/accounts", "", 200, 200, 200, 403}, Row{"GET", "/acts", "", 403, 403, 200, 403},
                           Row{"POST", "/accounts", R"({"account":"new.one"})", 201, 403, 403, 403},
                           Row{"PATCH", "/accounts/clerk", R"({"locked":false})", 403, 200, 403, 403},
                           Row{"PATCH", "/accounts/clerk", R"({"link":true})", 200, 403, 403, 403},
                           Row{"GET", "/accounts/clerk/sessions", "", 403, 200, 200, 403},
                           Row{"GET", "/trust/verify", "", 200, 403, 200, 403},
                           Row{"GET", "/records/organ", "", 403, 403, 403, 200}}) {
        EXPECT_EQ(house().ask(sys, row.method, row.path, row.body).status, row.sys) << row.method << row.path << " system";
        EXPECT_EQ(house().ask(sec, row.method, row.path, row.body).status, row.sec) << row.method << row.path << " security";
        EXPECT_EQ(house().ask(aud, row.method, row.path, row.body).status, row.aud) << row.method << row.path << " audit";
        EXPECT_EQ(house().ask(clerk, row.method, row.path, row.body).status, row.clerk) << row.method << row.path << " clerk";
    }
    EXPECT_EQ(house().ask(sys, "POST", "/accounts", R"({"account":"second","admin":"audit"})").status, 403) << "a system administrator names no administrators";
    // A link would make him the other one: only who has no password yet, or he himself, gets one.
    for (const char* other : {"sec", "aud"}) EXPECT_EQ(house().ask(sys, "PATCH", std::string("/accounts/") + other, R"({"link":true})").status, 403) << other;
    EXPECT_EQ(house().ask(sys, "PATCH", "/accounts/sys", R"({"link":true})").status, 200);
    ASSERT_TRUE(accounts().add({}, "aud.new", {}, "audit"));
    EXPECT_EQ(house().ask(sys, "PATCH", "/accounts/aud.new", R"({"link":true})").status, 200) << "who never signed in";
    // Taken away, the next request is refused.
    EXPECT_EQ(house().ask(sec, "PATCH", "/accounts/aud", R"({"admin":null})").status, 200);
    EXPECT_EQ(house().ask(aud, "GET", "/acts").status, 403);
}

TEST_F(AccountsTest, an_administrator_does_nothing_as_one_without_the_second_factor_the_site_asks_for) {
    account("factor.admin", "", "audit");
    account("factor.clerk", "R-QF-3");
    const House::Guest admin = guest("factor.admin"), clerk = guest("factor.clerk");
    auto& days = house().service().settings().admin_factor_days;
    days = 7;  // the account is younger
    EXPECT_EQ(house().ask(admin, "GET", "/acts").status, 200);
    EXPECT_NE(house().ask(admin, "GET", "/session").text.find("\"totp_due\":\""), std::string::npos);
    days = 0;
    const auto refused = house().ask(admin, "GET", "/acts");
    EXPECT_EQ(refused.status, 403);
    EXPECT_NE(refused.text.find("\"where\":\"totp\""), std::string::npos) << refused.text;
    EXPECT_EQ(house().ask(clerk, "GET", "/records/organ").status, 200) << "nobody else is asked";
    EXPECT_EQ(house().ask(clerk, "GET", "/session").text.find("totp_due"), std::string::npos);
    // He signs in and sets it; then he is one.
    const auto begun = house().ask(admin, "POST", "/totp/begin", "{}");
    ASSERT_EQ(begun.status, 200) << begun.text;
    const std::string code = access::totp_code(begun.body.at("key").as_string(), access::unix_now() / 30);
    EXPECT_EQ(house().ask(admin, "POST", "/totp/confirm", json::serialize(json::object{{"code", code}})).status, 200);
    EXPECT_EQ(house().ask(admin, "GET", "/acts").status, 200);
    days.reset();
}

TEST_F(AccountsTest, a_role_given_or_taken_away_is_seen_by_the_next_request) {
    House& h = house();
    const House::Guest guest = h.as("R-JF-5", "P-JF-5");
    EXPECT_EQ(h.ask(guest, "GET", "/records/enterprise_tax").status, 404);
    const auto model = h.board().model();
    const auto& g = model->rights.grants;
    board::Draft give;
    give.channel = "test";
    board::Change c;
    c.type = g.type;
    c.set = {{g.post, guest.post.value}, {g.role, std::string("finance")}, {g.unit, std::int64_t{1}}, {g.from, std::int64_t{Date::of(2026, 1, 1)->days}}};
    give.changes.push_back(c);
    const auto given = h.board().apply(std::move(give));
    ASSERT_TRUE(given) << text_of(given.error());
    EXPECT_EQ(h.ask(guest, "GET", "/records/enterprise_tax").status, 200);
    board::Draft take;
    take.channel = "test";
    c = {};
    c.verb = board::Verb::amend;
    c.type = g.type;
    c.record = given->records[0];
    c.set = {{g.to, std::int64_t{Date::of(2026, 6, 30)->days}}};  // the day before the demo's
    take.changes.push_back(c);
    ASSERT_TRUE(h.board().apply(std::move(take)));
    EXPECT_EQ(h.ask(guest, "GET", "/records/enterprise_tax").status, 404);
}

TEST_F(AccountsTest, a_post_that_ended_gives_nothing_whatever_the_session_says) {
    House& h = house();
    const House::Guest guest = h.as("R-GJ-5", "P-JDC-3");
    EXPECT_EQ(h.ask(guest, "GET", "/records/organ").status, 200);
    const auto model = h.board().model();
    const auto& holds = model->identity.holds;
    RecordId appointment;
    ASSERT_TRUE(h.board().snapshot()->each(holds.type, [&](const record::RecordPtr& r) {
        if (*record::as_integer(r->at(holds.person)) == guest.person.value && *record::as_integer(r->at(holds.post)) == guest.post.value) appointment = r->id;
        return true;
    }));
    board::Draft end;
    end.channel = "test";
    board::Change c;
    c.verb = board::Verb::amend, c.type = holds.type, c.record = appointment, c.set = {{holds.to, std::int64_t{Date::of(2026, 6, 30)->days}}};
    end.changes.push_back(c);
    ASSERT_TRUE(h.board().apply(std::move(end)));
    EXPECT_EQ(h.ask(guest, "GET", "/records/organ").status, 403);
    EXPECT_EQ(h.ask(guest, "POST", "/session/identity", json::serialize(json::object{{"post", guest.post.value}})).status, 403);
}

TEST_F(AccountsTest, signing_in_gives_a_session_of_its_own_and_takes_none_from_outside) {
    account("fixed", "R-KC-2");
    House::Guest planted;
    planted.cookie = std::string(43, 'A');
    const auto answer = house().ask(planted, "POST", "/session", sign_in_body("fixed", sentence));
    ASSERT_EQ(answer.status, 200) << answer.text;
    const std::string cookie = answer.header("Set-Cookie");
    EXPECT_EQ(cookie.find(planted.cookie), std::string::npos);
    for (const char* wanted : {"HttpOnly", "SameSite=Strict", "Path=/"}) EXPECT_NE(cookie.find(wanted), std::string::npos) << wanted;
    EXPECT_EQ(house().ask(planted, "GET", "/sessions").status, 401);
    // It goes by the cookie and by nothing else.
    const std::string secret = cookie.substr(cookie.find('=') + 1, 43);
    EXPECT_EQ(answer.text.find(secret), std::string::npos);
    EXPECT_EQ(house().ask({}, "GET", "/sessions?yipan_session=" + secret).status, 401);
    EXPECT_EQ(house().ask({}, "GET", "/sessions", "", {{"authorization", "Bearer " + secret}}).status, 401);
    EXPECT_EQ(house().ask({secret, "", {}, {}}, "GET", "/sessions").status, 200);
    // A second sign-in leaves the first secret alone and gives another.
    const auto again = house().ask({}, "POST", "/session", sign_in_body("fixed", sentence));
    EXPECT_NE(again.header("Set-Cookie"), cookie);
    // Not as a form of another site.
    EXPECT_EQ(house().ask({}, "POST", "/session", sign_in_body("fixed", sentence), {{"content-type", "text/plain"}}).status, 415);
}

TEST_F(AccountsTest, signing_out_ends_the_session_for_good_and_clears_the_browser) {
    account("leaves", "R-JF-2");
    const House::Guest one = guest("leaves");
    ASSERT_EQ(house().ask(one, "GET", "/records/organ").status, 200);
    const auto answer = house().ask(one, "DELETE", "/session");
    EXPECT_EQ(answer.status, 204);
    EXPECT_NE(answer.header("Set-Cookie").find("yipan_session=; "), std::string::npos);
    EXPECT_NE(answer.header("Set-Cookie").find("Max-Age=0"), std::string::npos);
    EXPECT_NE(answer.header("Clear-Site-Data").find("\"storage\""), std::string::npos);
    EXPECT_EQ(house().ask(one, "GET", "/records/organ").status, 401);
    EXPECT_EQ((*Accounts::open(house().board()))->session(one.cookie), nullptr) << "after a restart neither";
}

TEST_F(AccountsTest, an_unsafe_request_without_the_sessions_token_is_refused) {
    House::Guest guest = house().as("R-QF-3", "P-QF-3");
    const std::string csrf = guest.csrf;
    for (const std::string& wrong : {std::string(), std::string("x"), csrf.substr(1), csrf + "0", std::string(csrf.size(), '0')}) {
        guest.csrf = wrong;
        EXPECT_EQ(house().ask(guest, "POST", "/records/visit", R"({"values":{}})").status, 403) << wrong;
        EXPECT_EQ(house().ask(guest, "DELETE", "/session").status, 403) << wrong;
    }
    guest.csrf = csrf;
    EXPECT_EQ(house().ask(guest, "POST", "/records/visit", R"({"values":{}})").status, 422) << "now it is judged";
}

TEST_F(AccountsTest, many_attempts_from_one_address_are_slowed) {
    account("slowed");
    int busy = 0;
    for (int i = 0; i < access::attempts_a_minute_max + 5; ++i) {
        const auto answer = enter("unknown." + std::to_string(i), "wrong wrong wrong", "", "192.0.2.7");
        busy += !answer && answer.error().code == Code::busy;
    }
    EXPECT_GE(busy, 1);
    EXPECT_TRUE(enter("slowed")) << "another address is not";
}

TEST_F(AccountsTest, who_looked_at_personal_data_is_in_the_journal_with_the_reason_and_without_the_data) {
    House& h = house();
    const House::Guest organiser = h.as("R-ZZ-2", "P-ZZ-2"), clerk = h.as("R-QF-3", "P-QF-3");
    const auto before = h.board().snapshot()->position();
    EXPECT_EQ(h.ask(clerk, "POST", "/records/person/1/unmask", R"({"fields":["phone"],"reason":"curious"})").status, 403);
    EXPECT_EQ(h.ask(organiser, "POST", "/records/person/1/unmask", R"({"fields":["phone"]})").status, 422) << "no reason";
    EXPECT_EQ(h.ask(organiser, "POST", "/records/person/1/unmask", R"({"fields":["phone"],"reason":"任职核对"})").status, 200);
    // The answer came after the entry was durable.
    bool found = false;
    const auto snapshot = h.board().snapshot();
    ASSERT_TRUE(snapshot->each_entry(Position(before.value + 1), snapshot->position(), [&](const board::Entry& e) {
        if (e.verb != board::Verb::read) return true;
        found = true;
        EXPECT_EQ(e.actor, organiser.person);
        EXPECT_EQ(e.post, organiser.post);
        EXPECT_NE(e.plain.find("任职核对"), std::string::npos);
        EXPECT_NE(e.plain.find("phone"), std::string::npos);
        return true;
    }));
    EXPECT_TRUE(found);
}

TEST_F(AccountsTest, secrets_are_in_no_log_no_journal_entry_and_no_dump) {
    account("secretive", "R-KC-3");
    const auto answer = house().ask({}, "POST", "/session", sign_in_body("secretive", sentence));
    const std::string cookie = answer.header("Set-Cookie");
    const std::string secret = cookie.substr(cookie.find('=') + 1, 43);
    const auto session = accounts().session(secret);
    ASSERT_TRUE(session);
    const auto token = accounts().new_token(*session, "t", {"read"}, 3600);
    const auto key = accounts().totp_begin(*session);
    const auto link = accounts().link({}, "secretive");
    const std::string secrets[] = {sentence, secret, session->csrf, *token, *key, *link, "$argon2id$", access::secret_hash(secret), access::secret_hash(*token)};
    std::string all;
    for (const std::string& line : house().log) all += line + "\n";
    ASSERT_TRUE(house().board().dump([&](std::string_view line) { all.append(line).push_back('\n'); }));
    EXPECT_GT(all.size(), 1'000'000U);
    for (const std::string& one : secrets) EXPECT_EQ(all.find(one), std::string::npos) << one;
    // Nor is what the file keeps of them the secrets themselves.
    const auto snapshot = house().board().snapshot();
    std::string kept;
    for (const char* space : {"account", "session", "token", "link"})
        ASSERT_TRUE(snapshot->each_side(space, [&](std::string_view k, std::string_view v) { kept.append(k).append(v); }));
    for (const std::string& one : {std::string(sentence), secret, *token, *link}) EXPECT_EQ(kept.find(one), std::string::npos) << one;
}

TEST_F(AccountsTest, a_session_ends_when_idle_and_after_its_time) {
    account("idle");
    const auto aged = [&](const char* what, std::int64_t seconds) {
        const auto opened = enter("idle");
        EXPECT_TRUE(opened);
        const std::string hash = opened->session.hash;
        json::object kept = json::parse(house().board().snapshot()->side("session", hash)->value()).as_object();
        kept[what] = access::unix_now() - seconds;
        board::Draft draft;
        draft.channel = "test";
        draft.side = {{"session", hash, json::serialize(kept)}};
        EXPECT_TRUE(house().board().apply(std::move(draft)));
        // What another start of the server reads.
        const auto again = Accounts::open(house().board());
        EXPECT_TRUE(again);
        return (*again)->session(opened->secret) != nullptr;
    };
    EXPECT_TRUE(aged("seen", access::session_idle_s - 30));
    EXPECT_FALSE(aged("seen", access::session_idle_s + 1));
    EXPECT_TRUE(aged("created", access::session_s - 30));
    EXPECT_FALSE(aged("created", access::session_s + 1));
}

TEST_F(AccountsTest, a_token_ends_after_its_time) {
    account("machine", "R-KC-2");
    const House::Guest owner = guest("machine");
    const auto token = accounts().new_token(*accounts().session(owner.cookie), "t", {"read"}, 3600);
    ASSERT_TRUE(token);
    const std::string hash = access::secret_hash(*token);
    const auto aged = [&](std::int64_t left) {
        json::object kept = json::parse(house().board().snapshot()->side("token", hash)->value()).as_object();
        kept["expires"] = access::unix_now() + left;
        board::Draft draft;
        draft.channel = "test";
        draft.side = {{"token", hash, json::serialize(kept)}};
        EXPECT_TRUE(house().board().apply(std::move(draft)));
        return (*Accounts::open(house().board()))->token(*token).has_value();
    };
    EXPECT_TRUE(aged(60));
    EXPECT_FALSE(aged(-1));
    EXPECT_FALSE(accounts().new_token(*accounts().session(owner.cookie), "t", {"read"}, access::token_s_max + 1)) << "none for ever";
}

TEST_F(AccountsTest, what_was_asked_in_vain_is_in_the_log_and_what_was_done_to_accounts_in_the_journal) {
    account("noted", "R-QF-3");
    const House::Guest clerk = guest("noted");
    const auto last = [&] { return json::parse(house().log.back()).as_object(); };
    EXPECT_EQ(house().ask({}, "POST", "/session", sign_in_body("noted", "wrong wrong wrong")).status, 401);
    EXPECT_EQ(last().at("status").as_int64(), 401);
    EXPECT_EQ(last().at("route").as_string(), "/session");
    EXPECT_EQ(last().at("peer").as_string(), "127.0.0.1");
    EXPECT_EQ(house().ask(clerk, "POST", "/records/person/1/unmask", R"({"fields":["phone"],"reason":"curious"})").status, 403);
    EXPECT_EQ(last().at("status").as_int64(), 403);
    EXPECT_EQ(last().at("post").as_int64(), clerk.post.value);
    EXPECT_EQ(last().at("session").as_string(), accounts().session(clerk.cookie)->id);
    EXPECT_EQ(house().ask(clerk, "POST", "/records/visit", "[").status, 400);
    EXPECT_EQ(last().at("status").as_int64(), 400);
    for (int i = 1; i < access::failures_max; ++i) EXPECT_FALSE(enter("noted", "wrong wrong wrong"));
    ASSERT_TRUE(accounts().lock({}, "noted", true));
    std::map<std::string, int> acts;
    const auto snapshot = house().board().snapshot();
    ASSERT_TRUE(snapshot->each_entry(Position(1), snapshot->position(), [&](const board::Entry& e) {
        if (e.verb != board::Verb::act) return true;
        const auto told = json::parse(e.plain).as_object();
        if (const auto* of = told.if_contains("account"); of && of->is_string() && of->get_string() == "noted") ++acts[std::string(told.at("act").as_string())];
        return true;
    }));
    EXPECT_EQ(acts["sign in"], 1);
    EXPECT_EQ(acts["set password"], 1);
    EXPECT_EQ(acts["sign in refused"], access::failures_max - 1);
    EXPECT_EQ(acts["locked after failures"], 1);
    EXPECT_EQ(acts["lock"], 1);
}

// What a library says when it throws may name files and values: it is for the log.
TEST_F(AccountsTest, what_a_library_throws_is_logged_and_not_told) {
    api::Settings settings;
    settings.asset = [](std::string_view) -> const api::Asset* { throw std::runtime_error("open /srv/yipan/inner.key: denied"); };
    House broken("broken", settings);
    const auto answer = broken.ask({}, "GET", "!/assets/page.js");
    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(answer.text.find("inner.key"), std::string::npos) << answer.text;
    bool logged = false;
    for (const std::string& line : broken.log) logged = logged || line.find("inner.key") != std::string::npos;
    EXPECT_TRUE(logged);
    EXPECT_EQ(broken.ask({}, "GET", "!/healthz").status, 200) << "and the server goes on";
}

TEST_F(AccountsTest, a_log_line_is_one_line_whatever_is_asked) {
    account("liar", "R-KC-3");
    const std::size_t before = house().log.size();
    for (const char* target : {"/session?x=%0A{\"at\":1}", "/records/%0d%0aInjected", "/nothing%22,%22status%22:200"})
        (void)house().ask(guest("liar"), "GET", target, "", {{"User-Agent", "a\nb"}, {"X-Forwarded-For", "1.2.3.4\n"}});
    ASSERT_GT(house().log.size(), before);
    for (std::size_t i = before; i < house().log.size(); ++i) {
        EXPECT_EQ(house().log[i].find_first_of("\r\n"), std::string::npos);
        boost::system::error_code bad;
        const json::value line = json::parse(house().log[i], bad);
        ASSERT_FALSE(bad) << house().log[i];
        EXPECT_EQ(house().log[i].find("Injected"), std::string::npos) << "routes are logged by their pattern";
        for (const char* member : {"at", "method", "route", "status", "us", "peer"}) EXPECT_TRUE(line.as_object().contains(member)) << member;
    }
}

TEST_F(AccountsTest, comparing_secrets_looks_at_every_letter) {
    EXPECT_TRUE(access::same_secret("abc", "abc"));
    EXPECT_FALSE(access::same_secret("abc", "abd"));
    EXPECT_FALSE(access::same_secret("abc", "xbc"));
    EXPECT_FALSE(access::same_secret("abc", "ab"));
    EXPECT_NE(access::new_secret(), access::new_secret());
    EXPECT_EQ(access::new_secret().size(), 43U);
}

}  // namespace
}  // namespace yipan::test
