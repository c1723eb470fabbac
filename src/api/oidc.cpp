#include "api/oidc.h"

#include <algorithm>

#include "access/id_token.h"
#include "access/secret.h"
#include "base/hash.h"
#include "net/fetch.h"

namespace yipan::api {
namespace {
constexpr std::int64_t begun_s = 10 * 60, provider_s = 60 * 60;
constexpr std::size_t begun_max = 2'000;
constexpr std::string_view cookie_name = "yipan_oidc";

std::string digest_text(std::string_view text) {
    const Digest d = sha256(text);
    return std::string(reinterpret_cast<const char*>(d.data()), d.size());
}
std::string cookie(const Call& call, const std::string& value, bool ends) {
    // Lax: the browser comes back from another site and must bring it.
    std::string out = std::string(cookie_name) + "=" + value + "; Path=/b/" + call.service.settings().code + "/api/oidc; HttpOnly; SameSite=Lax; Max-Age=" + (ends ? "0" : "600");
    if (call.service.settings().secure || call.request.tls) out += "; Secure";
    return out;
}
// The session's cookie is strict: it is sent only when the page itself goes on, not with the provider's redirect.
void page(const CallPtr& call, const std::string& to, std::string_view text) {
    net::Response r;
    r.with("Content-Type", "text/html; charset=utf-8");
    r.body = "<!doctype html><meta charset=utf-8><meta http-equiv=\"refresh\" content=\"0;url=" + to + "\"><title>Yipan</title><p>" + std::string(text) + " <a href=\"" + to + "\">→</a>";
    call->ok_with(std::move(r));
}
Oidc* of(const CallPtr& call) {
    if (call->service.oidc()) return call->service.oidc();
    call->problem(Error{Code::not_found, "", "nothing is here", ""});
    return nullptr;
}
void start_route(const CallPtr& call) {
    if (Oidc* oidc = of(call)) oidc->start(call);
}
void finish_route(const CallPtr& call) {
    if (Oidc* oidc = of(call)) oidc->finish(call);
}
}  // namespace

Result<json::value> Oidc::document(const std::string& url) {
    net::Fetch asked;
    asked.url = url;
    asked.named = settings_.named;
    YIPAN_TRY(const auto got, net::fetch(asked));
    if (got.status != 200) return fail(Code::busy, "", "the provider answers " + std::to_string(got.status), "");
    boost::system::error_code bad;
    auto v = json::parse(got.body, bad);
    if (bad || !v.is_object()) return fail(Code::busy, "", "the provider's answer is no JSON object", "");
    return v;
}

Result<Oidc::Provider> Oidc::provider() {
    const std::int64_t now = access::unix_now();
    {
        const std::lock_guard lock(mutex_);
        if (known_ && known_->until > now) return *known_;
    }
    YIPAN_TRY(const auto v, document(settings_.issuer + "/.well-known/openid-configuration"));
    const json::object& o = v.get_object();
    if (member_text(o, "issuer") != settings_.issuer)
        return fail(Code::not_allowed, "issuer", "the provider calls itself \"" + member_text(o, "issuer").substr(0, 200) + "\"", "issuer in the --oidc file, letter by letter");
    Provider p{member_text(o, "authorization_endpoint"), member_text(o, "token_endpoint"), member_text(o, "jwks_uri"), now + provider_s};
    if (p.authorization.empty() || p.token.empty() || p.keys.empty()) return fail(Code::busy, "", "the provider does not say where it answers", "");
    const std::lock_guard lock(mutex_);
    known_ = p;
    return p;
}

void Oidc::start(const CallPtr& call) {
    const auto p = provider();
    if (!p) return call->problem(Error{Code::busy, "", "the sign-in provider is not reached: " + p.error().message, "local accounts work as before"}, 503);
    const std::string state = access::new_secret(), browser = access::new_secret();
    Begun begun{access::secret_hash(browser), access::new_secret(), access::new_secret(), access::unix_now() + begun_s, call->request.peer};
    {
        const std::lock_guard lock(mutex_);
        std::erase_if(begun_, [now = access::unix_now()](const auto& b) { return b.second.until < now; });
        // One address fills no more than its share.
        constexpr std::ptrdiff_t begun_of_peer_max = 100;
        const auto own = std::count_if(begun_.begin(), begun_.end(), [&](const auto& b) { return b.second.peer == call->request.peer; });
        if (begun_.size() >= begun_max || own >= begun_of_peer_max) return call->problem(Error{Code::busy, "", "too many sign in at this moment", "try again in a minute"}, 503);
        begun_[state] = begun;
    }
    const std::pair<const char*, std::string> parameters[] = {
        {"response_type", "code"}, {"client_id", settings_.client_id}, {"redirect_uri", settings_.redirect}, {"scope", settings_.scope},
        {"state", state}, {"nonce", begun.nonce}, {"code_challenge", access::base64url(digest_text(begun.verifier))}, {"code_challenge_method", "S256"}};
    std::string to = p->authorization;
    for (const auto& [name, value] : parameters) to += std::string(to.find('?') == std::string::npos ? "?" : "&") + name + "=" + net::url_encoded(value);
    net::Response r;
    r.status = 302;
    r.with("Location", to).with("Set-Cookie", cookie(*call, browser, false));
    call->ok_with(std::move(r));
}

Result<json::object> Oidc::claims(const std::string& code, const Begun& begun) {
    YIPAN_TRY(const Provider p, provider());
    net::Fetch asked;
    asked.method = "POST";
    asked.url = p.token;
    asked.named = settings_.named;
    asked.body = "grant_type=authorization_code&code=" + net::url_encoded(code) + "&redirect_uri=" + net::url_encoded(settings_.redirect) +
                 "&client_id=" + net::url_encoded(settings_.client_id) + "&client_secret=" + net::url_encoded(settings_.client_secret) + "&code_verifier=" + net::url_encoded(begun.verifier);
    asked.headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}};
    YIPAN_TRY(const auto got, net::fetch(asked));
    boost::system::error_code bad;
    const auto v = json::parse(got.body, bad);
    if (got.status != 200 || bad || !v.is_object()) return fail(Code::not_allowed, "code", "the provider does not take the code", "sign in again");
    YIPAN_TRY(const auto keys, document(p.keys));
    return access::verified_claims(member_text(v.get_object(), "id_token"), keys, {settings_.issuer, settings_.client_id, begun.nonce, access::unix_now()});
}

void Oidc::finish(const CallPtr& call) {
    call->headers.emplace_back("Set-Cookie", cookie(*call, "", true));
    const std::string state(call->request.asked("state")), code(call->request.asked("code"));
    std::optional<Begun> begun;
    {
        const std::lock_guard lock(mutex_);
        if (const auto at = begun_.find(state); at != begun_.end()) {
            begun = std::move(at->second);
            begun_.erase(at);  // a state is used once, whatever comes of it
        }
    }
    const Error strange{Code::not_allowed, "state", "this sign-in was not begun in this browser, or too long ago", "begin again"};
    if (!begun || begun->until < access::unix_now() || !access::same_secret(access::secret_hash(call->request.cookie(cookie_name)), begun->browser))
        return call->problem(strange);
    if (const std::string_view issuer = call->request.asked("iss"); !issuer.empty() && issuer != settings_.issuer) return call->problem(strange);  // RFC 9207
    if (code.empty()) return call->problem(Error{Code::not_allowed, "", "the provider did not sign in: " + std::string(call->request.asked("error").substr(0, 100)), "begin again"});
    const auto said = claims(code, *begun);
    if (!said) return call->problem(said.error());
    if (const auto* verified = said->if_contains("email_verified"); settings_.claim == "email" && !(verified && verified->is_bool() && verified->get_bool()))
        return call->problem(Error{Code::not_allowed, "email", "the provider does not vouch for the address", ""});
    auto opened = call->service.accounts().vouched(member_text(*said, settings_.claim), std::string(call->request.header("user-agent")), call->request.peer);
    if (!opened) return call->problem(opened.error());
    if (!take_session(call, *opened)) return;
    page(call, "/b/" + call->service.settings().code + "/", "OK");
}

void add_oidc_routes(std::vector<Route>& r) {
    r.push_back({"GET", "/oidc/start", Needs::nothing, By::writer, "", true, 0, start_route, "sign in through the provider"});
    r.push_back({"GET", "/oidc/callback", Needs::nothing, By::writer, "", true, 0, finish_route, "back from the provider"});
}

}  // namespace yipan::api
