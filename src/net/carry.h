#pragma once
// A whole request taken to another process of ours and its answer brought back (api/front.h). One object serves one thread
// at a time and keeps its connection. Bounded in time; an answer that is large lies in a temporary file until it is sent.
#include <memory>
#include <set>

#include "net/http.h"

namespace yipan::net {

/// Whether a header goes along: not those of the one connection, nor what proxies write.
bool travels(std::string_view header);

class Carrier {
  public:
    enum class Outcome : std::uint8_t {
        answered,
        not_sent,  // nobody was reached: the request has done nothing
        unknown    // the answer did not come: it may have been done
    };
    struct Times {
        long connect_ms = 1'000, whole_ms = 120'000;
    };
    Carrier();
    ~Carrier();
    Carrier(const Carrier&) = delete;
    Carrier& operator=(const Carrier&) = delete;
    /// To "http://host:port". `more` are further headers. Once: a connection that was kept and has died meanwhile counts as
    /// unknown when `again` is false, for what was sent may have been read.
    Outcome carry(const std::string& to, const Request& request, const std::vector<std::pair<std::string, std::string>>& more, bool again,
                  const Times& times, Response& answer);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace yipan::net
