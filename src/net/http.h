#pragma once
// HTTP as handlers see it: a request that is complete, an answer that is a value. No network library is included here.
//
// An App says, when the header of a request is there, how large its body may be and whether it may take long; then it
// handles the whole request and answers by a call, at once or later, from any thread, exactly once.
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace yipan::net {

struct Limits {
    std::size_t connections_max = 4'096;
    std::size_t connections_of_peer_max = 1'024;  // of one address that is neither this machine nor a declared proxy
    std::size_t header_bytes_max = 16 * 1024;
    std::size_t target_bytes_max = 8 * 1024;
    std::size_t body_bytes_max = std::size_t{64} << 20;         // of any request, whatever its route allows
    std::size_t body_bytes_total_max = std::size_t{128} << 20;  // of all requests being read at a time
    std::chrono::seconds header{10}, body{30}, idle{75}, write{60}, drain{10}, heartbeat{15};
    std::size_t body_bytes_second_min = 16 * 1024;  // what came of a body, divided by this, is time on top of `body`
    std::size_t slow_waiting_max = 256;             // requests waiting for a thread that may take long
    int io_threads = 2, slow_threads = 2, look_threads = 2, door_threads = 1;
    std::size_t stream_waiting_bytes_max = 256 * 1024;  // not read by the other side; then the stream ends
};

struct Request {
    std::string method;
    std::string target;                                           // as sent
    std::string path;                                             // decoded
    std::vector<std::pair<std::string, std::string>> query;       // decoded, in order
    std::vector<std::pair<std::string, std::string>> headers;     // names in lower case
    std::string body;
    std::string peer;  // address of the other side
    bool loopback = false;
    bool tls = false;
    int route = -1;  // what App::plan found
    std::vector<std::string> parameters;

    std::string_view header(std::string_view name) const;  // empty when absent
    std::string_view asked(std::string_view name, std::string_view otherwise = {}) const;  // of the query
    bool has(std::string_view name) const;
    std::string_view cookie(std::string_view name) const;
};

/// Bytes that follow an answer for as long as both sides like (server-sent events). Thread-safe.
class Stream {
  public:
    explicit Stream(std::size_t waiting_bytes_max) : waiting_max_(waiting_bytes_max) {}
    /// False when the other side is gone or too far behind; the stream has ended then.
    bool push(std::shared_ptr<const std::string> bytes);
    void close();
    bool closed() const;

    // For the server: what waits, and who to wake.
    std::vector<std::shared_ptr<const std::string>> take();
    void on_push(std::function<void()> wake);

  private:
    mutable std::mutex mutex_;
    std::vector<std::shared_ptr<const std::string>> waiting_;
    std::size_t waiting_bytes_ = 0, waiting_max_;
    bool closed_ = false, told_ = false;
    std::function<void()> wake_;
};

struct Response {
    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string_view more_head;  // further header lines, each ended, that live as long as the program
    std::string body;
    std::string_view fixed;  // a body that lives as long as the program, instead of `body`
    std::string file;        // or a file of this many bytes, sent in pieces
    std::int64_t file_offset = 0, file_bytes = 0;
    /// Or this many bytes of what gives the piece at an offset when it is wanted (at least one byte; empty: it cannot, and
    /// the connection ends); called on a thread that answers, so a piece is small.
    std::function<std::string(std::int64_t offset)> pieces;
    std::shared_ptr<const void> hold;  // kept until the answer is sent, such as a file that is temporary
    std::shared_ptr<Stream> stream;  // or what comes

    Response& with(std::string name, std::string value) {
        headers.emplace_back(std::move(name), std::move(value));
        return *this;
    }
};
using Answer = std::function<void(Response)>;

class App {
  public:
    virtual ~App() = default;
    struct Plan {
        std::size_t body_bytes_max = 0;
        bool slow = false;                // may take long: on a thread of its own kind
        bool door = false;                // and lets people in: on another kind yet, which nothing else can fill
        bool look = false;                // and only looks through records: on another kind, which reports and files cannot fill
        std::optional<Response> instead;  // answer this without reading the body
        int route = -1;                   // handed back in the request
        std::vector<std::string> parameters;
    };
    virtual Plan plan(const Request& head) = 0;
    virtual void handle(std::shared_ptr<const Request> request, Answer answer) = 0;
    /// An answer to what was not handled: 400, 413, 414, 431, 503. `limit`: the bytes that were too many; 0: none. Of the
    /// request as much is there as was read.
    virtual Response trouble(int status, std::size_t limit, const Request& request) = 0;
};

std::string_view reason_of(int status);
/// Percent-decoding; `plus_is_blank` for queries. Nothing when the escapes are wrong or give a NUL or bytes that are no
/// UTF-8.
std::optional<std::string> url_decoded(std::string_view text, bool plus_is_blank);
std::string url_encoded(std::string_view text);
/// Fills path and query from target. False when it is not a legal origin-form target.
bool split_target(Request& request);

}  // namespace yipan::net
