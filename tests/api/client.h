#pragma once
// A small HTTP client of the tests: a socket, bytes out, bytes in. It does what a test says, also what no browser would.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace yipan::test {

struct Reply {
    int status = 0;
    std::multimap<std::string, std::string> headers;  // names in lower case
    std::string body;
    std::string header(const std::string& name) const {
        const auto at = headers.find(name);
        return at == headers.end() ? std::string() : at->second;
    }
};

class Wire {
  public:
    explicit Wire(int port);
    ~Wire();
    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;
    bool open() const { return socket_ >= 0; }
    bool send(std::string_view bytes);
    void end_sending();  // half closed
    /// One answer; nothing when the other side closed or `seconds` passed.
    std::optional<Reply> reply(double seconds = 20, bool head_only = false);
    /// What comes within the time, up to a text that is waited for; for event streams.
    std::string until(std::string_view wanted, double seconds);
    /// What comes up to the end of a text that is waited for; the rest is kept. Empty when it does not come in time.
    std::string piece(std::string_view end, double seconds = 60);
    /// Whether the other side closes within the time.
    bool closes(double seconds);

  private:
    bool fill(double seconds);
    int socket_ = -1;
    std::string buffer_;
};

struct Ask {
    std::string method = "GET", path;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
};
std::string written(const Ask& ask);
/// One request on a connection of its own.
std::optional<Reply> ask(int port, const Ask& what);

}  // namespace yipan::test
