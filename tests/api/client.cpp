#include "api/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <utility>

namespace yipan::test {
namespace {
double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }
}  // namespace

Wire::Wire(int port) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
        ::close(socket_);
        socket_ = -1;
    }
}
Wire::~Wire() {
    if (socket_ >= 0) ::close(socket_);
}
bool Wire::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}
void Wire::end_sending() { ::shutdown(socket_, SHUT_WR); }
bool Wire::fill(double seconds) {
    pollfd wait{socket_, POLLIN, 0};
    if (seconds < 0 || ::poll(&wait, 1, static_cast<int>(seconds * 1000)) <= 0) return false;
    char piece[16 * 1024];
    const ssize_t n = ::recv(socket_, piece, sizeof piece, 0);
    if (n <= 0) return false;
    buffer_.append(piece, static_cast<std::size_t>(n));
    return true;
}
std::optional<Reply> Wire::reply(double seconds, bool head_only) {
    const double until = now() + seconds;
    std::size_t end;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
        if (!fill(until - now())) return std::nullopt;
    Reply out;
    std::string_view head = std::string_view(buffer_).substr(0, end);
    if (!head.starts_with("HTTP/1.1 ")) return std::nullopt;
    out.status = std::atoi(std::string(head.substr(9, 3)).c_str());
    for (std::size_t from = head.find("\r\n"); from != std::string_view::npos;) {
        const std::size_t next = head.find("\r\n", from + 2);
        const std::string_view line = head.substr(from + 2, next == std::string_view::npos ? next : next - from - 2);
        const std::size_t colon = line.find(": ");
        if (colon != std::string_view::npos) {
            std::string name(line.substr(0, colon));
            std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
            out.headers.emplace(name, line.substr(colon + 2));
        }
        from = next;
    }
    buffer_.erase(0, end + 4);
    if (out.status == 100) return reply(until - now(), head_only);
    const std::size_t length = static_cast<std::size_t>(std::atoll(out.header("content-length").c_str()));
    if (head_only || out.status == 304 || out.status == 204) return out;
    while (buffer_.size() < length)
        if (!fill(until - now())) return std::nullopt;
    out.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
    return out;
}
std::string Wire::until(std::string_view wanted, double seconds) {
    const double end = now() + seconds;
    while (buffer_.find(wanted) == std::string::npos && fill(end - now())) {}
    return std::exchange(buffer_, {});
}
std::string Wire::piece(std::string_view wanted, double seconds) {
    const double end = now() + seconds;
    std::size_t at = buffer_.find(wanted);
    while (at == std::string::npos && fill(end - now())) at = buffer_.find(wanted);
    if (at == std::string::npos) return {};
    std::string out = buffer_.substr(0, at + wanted.size());
    buffer_.erase(0, out.size());
    return out;
}
bool Wire::closes(double seconds) {
    const double end = now() + seconds;
    while (now() < end) {
        pollfd wait{socket_, POLLIN, 0};
        if (::poll(&wait, 1, static_cast<int>((end - now()) * 1000)) <= 0) return false;
        char piece[4096];
        if (::recv(socket_, piece, sizeof piece, 0) <= 0) return true;
    }
    return false;
}

std::string written(const Ask& ask) {
    std::string out = ask.method + " " + ask.path + " HTTP/1.1\r\nHost: test\r\n";
    for (const auto& [name, value] : ask.headers) out += name + ": " + value + "\r\n";
    if (!ask.body.empty()) out += "Content-Length: " + std::to_string(ask.body.size()) + "\r\n";
    return out + "\r\n" + ask.body;
}
std::optional<Reply> ask(int port, const Ask& what) {
    Wire wire(port);
    if (!wire.open() || !wire.send(written(what))) return std::nullopt;
    return wire.reply(30, what.method == "HEAD");
}

}  // namespace yipan::test
