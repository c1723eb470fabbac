#pragma once
// The token with which a sign-in provider says who somebody is (OpenID Connect Core 1.0, 3.1.3.7). Signed with RS256 or
// ES256, nothing else and never nothing; checked against the provider's keys before anything in it is believed.
#include <boost/json.hpp>

#include "base/result.h"

namespace yipan::access {

struct Expected {
    std::string issuer, audience, nonce;
    std::int64_t now = 0;  // unix seconds
};
constexpr std::int64_t clock_skew_s = 120, token_age_s_max = 600;

/// The claims, or not_allowed with what is wrong.
Result<boost::json::object> verified_claims(std::string_view token, const boost::json::value& keys, const Expected& expected);

std::string base64url(std::string_view bytes);
/// Nothing when it is not base64url without padding.
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace yipan::access
