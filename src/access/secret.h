#pragma once
// Random secrets and what is kept of them: only a hash. Comparison takes the same time wherever the difference is.
#include <cstdint>
#include <string>
#include <string_view>

namespace yipan::access {

/// 32 random bytes as 43 letters of base64url; `prefix` in front ("yp_" for API tokens).
std::string new_secret(std::string_view prefix = {});
/// What is stored of a secret: SHA-256 in hex. Secrets are random and long, so no slow hash is needed.
std::string secret_hash(std::string_view secret);
/// The token that unsafe requests of a session send along; derived, never stored.
std::string csrf_of(std::string_view session_secret);
bool same_secret(std::string_view a, std::string_view b);

/// RFC 6238 with SHA-1, 30 seconds, 6 digits: what authenticator programs know.
std::string new_totp_key();  // base32
std::string totp_code(std::string_view base32_key, std::int64_t counter);
/// The counter whose code this is, one step early or late allowed; -1: none. A counter is used once (`last`).
std::int64_t totp_matches(std::string_view base32_key, std::string_view code, std::int64_t unix_seconds, std::int64_t last);

}  // namespace yipan::access
