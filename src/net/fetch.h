#pragma once
// A request to another server: of webhooks and of a sign-in provider. Bounded in time and size, follows no redirects, and
// refuses addresses of the inner network unless their host was named by whoever runs the server: what a user writes into
// a form must not reach what only this machine can (SSRF). The address checked is the one connected to.
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace yipan::net {

struct Fetch {
    std::string method = "GET", url, body;
    std::vector<std::pair<std::string, std::string>> headers;
    std::set<std::string> named;  // hosts that may be inside
    long timeout_ms = 5'000;
    std::size_t body_bytes_max = 256 * 1024;  // of the answer
};
struct Fetched {
    long status = 0;
    std::string body;
};
/// not_allowed: an address that may not be reached; unavailable answers of the other side are values with their status.
Result<Fetched> fetch(const Fetch& asked);
/// Whether an address ("10.0.0.1", "::1") is of a network that is not the open one.
bool inner_address(const std::string& text);

}  // namespace yipan::net
