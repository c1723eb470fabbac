#pragma once
// Signing in through a provider (OpenID Connect, code flow with PKCE). The provider says who somebody is; whether he has
// an account here, and what he may do, is decided here. Local accounts go on working when the provider does not.
#include <map>
#include <mutex>

#include "api/call.h"

namespace yipan::api {

class Oidc {
  public:
    explicit Oidc(OidcSettings settings) : settings_(std::move(settings)) {}
    void start(const CallPtr& call);
    void finish(const CallPtr& call);
    const OidcSettings& settings() const { return settings_; }

  private:
    struct Provider {
        std::string authorization, token, keys;
        std::int64_t until = 0;
    };
    struct Begun {
        std::string browser, nonce, verifier;
        std::int64_t until = 0;
        std::string peer;
    };
    Result<Provider> provider();
    Result<json::value> document(const std::string& url);
    Result<json::object> claims(const std::string& code, const Begun& begun);

    OidcSettings settings_;
    std::mutex mutex_;
    std::optional<Provider> known_;
    std::map<std::string, Begun> begun_;  // by state
};

void add_oidc_routes(std::vector<Route>& routes);

}  // namespace yipan::api
