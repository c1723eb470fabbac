#pragma once
// The listener: HTTP/1.1 with keep-alive and pipelining, TLS when it is given a certificate. Coroutines live here and
// nowhere else. Everything a stranger can do has a limit or a time (net::Limits): connections, header, body, idling,
// reading slowly. Requests that may take long wait in a bounded queue; a full one answers 503.
#include <atomic>
#include <memory>
#include <set>
#include <string>

#include "net/http.h"

namespace yipan::net {

struct Listen {
    std::string host = "127.0.0.1";
    int port = 8080;        // 0: any free one
    int ports_to_try = 1;   // the next ones when it is taken
    std::string certificate, key;  // PEM files; both empty: no TLS
    /// Addresses of proxies in front. Of their requests, and of no others, the last address of X-Forwarded-For is who asks
    /// and X-Forwarded-Proto says whether TLS was spoken. Whatever came through a proxy did not come from this machine.
    std::set<std::string> proxies{};
};

struct Counts {
    std::atomic<std::int64_t> connections{0}, accepted{0}, refused{0}, requests{0}, streams{0}, bytes_out{0}, slow_waiting{0};
};

class Server {
  public:
    static Result<std::unique_ptr<Server>> open(App& app, const Listen& listen, const Limits& limits = {});
    ~Server();
    /// Starts to answer; returns at once.
    void start();
    /// No new connections; what is under way is answered (at most Limits::drain), then everything ends.
    void stop();
    int port() const;
    /// Runs it on one of the threads that answer.
    void later(std::function<void()> what);
    const Counts& counts() const;

    struct Impl;
    explicit Server(std::unique_ptr<Impl> impl);

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace yipan::net
