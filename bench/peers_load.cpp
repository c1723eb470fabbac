// Asks one question over HTTP as often as it is answered, by so many keep-alive clients, for so many seconds; beside it ten
// writes a second go on. Prints answers a second and their times. Fits any server that says Content-Length or sends chunks.
//   peers_load PORT CLIENTS SECONDS STATUS QUESTION WRITE
// A question is a file: request line and header, an empty line, the body; {n} is a number never used before.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {
using Time = std::chrono::steady_clock;
double since(Time::time_point t) { return std::chrono::duration<double>(Time::now() - t).count(); }
[[noreturn]] void stop(const std::string& why) {
    std::fprintf(stderr, "peers_load: %s\n", why.c_str());
    std::exit(1);
}

struct Question {
    std::string head, body;
    explicit Question(const char* path) {
        std::ifstream in(path, std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(in), {}};
        const std::size_t blank = text.find("\n\n");
        if (blank == std::string::npos) stop(std::string(path) + " is no question");
        head = text.substr(0, blank);
        body = text.substr(blank + 2);
    }
    std::string next() const {
        static std::atomic<std::int64_t> number{static_cast<std::int64_t>(std::chrono::system_clock::now().time_since_epoch().count())};
        std::string filled = body;
        const std::string n = std::to_string(++number);
        for (std::size_t at; (at = filled.find("{n}")) != std::string::npos;) filled.replace(at, 3, n);
        return head + "\r\nContent-Length: " + std::to_string(filled.size()) + "\r\n\r\n" + filled;
    }
};

class Connection {
  public:
    explicit Connection(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(static_cast<std::uint16_t>(port));
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) stop("nobody listens");
        const int one = 1;
        ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    }
    ~Connection() { ::close(socket_); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    int socket() const { return socket_; }
    void send(const std::string& bytes) const {
        for (std::size_t sent = 0; sent < bytes.size();) {
            const ssize_t n = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
            if (n <= 0) stop("the connection was closed");
            sent += static_cast<std::size_t>(n);
        }
    }
    /// The status of a whole answer; 0 while it is not whole.
    int take() {
        char piece[64 * 1024];
        const ssize_t n = ::recv(socket_, piece, sizeof piece, 0);
        if (n <= 0) stop("the connection was closed");
        buffer_.append(piece, static_cast<std::size_t>(n));
        const std::size_t end = buffer_.find("\r\n\r\n");
        if (end == std::string::npos) return 0;
        const std::size_t at = buffer_.find("Content-Length: ");
        if (at < end) {
            if (buffer_.size() < end + 4 + static_cast<std::size_t>(std::atoll(buffer_.c_str() + at + 16))) return 0;
        } else if (!buffer_.ends_with("0\r\n\r\n")) {
            return 0;  // chunks; one answer is under way at a time
        }
        const int status = std::atoi(buffer_.c_str() + 9);
        last_.swap(buffer_);
        buffer_.clear();
        return status;
    }
    const std::string& last() const { return last_; }

  private:
    int socket_;
    std::string buffer_, last_;
};

void ten_a_second(int port, const Question& write, const std::atomic<bool>& ending) {
    Connection connection(port);
    while (!ending) {
        const auto begun = Time::now();
        connection.send(write.next());
        int status = 0;
        while (status == 0) status = connection.take();
        if (status != 200 && status != 201) stop("a write was refused: " + connection.last().substr(0, 800));
        std::this_thread::sleep_until(begun + std::chrono::milliseconds(100));
    }
}
}  // namespace

int main(int argc, char** argv) {
    if (argc != 7) stop("usage: peers_load PORT CLIENTS SECONDS STATUS QUESTION WRITE");
    const int port = std::atoi(argv[1]), clients = std::atoi(argv[2]), expected = std::atoi(argv[4]);
    const double seconds = std::atof(argv[3]);
    const Question question(argv[5]), write(argv[6]);
    std::atomic<bool> ending{false};
    std::thread beside([&] { ten_a_second(port, write, ending); });
    std::vector<std::unique_ptr<Connection>> connections;
    std::vector<pollfd> polled;
    std::vector<Time::time_point> asked;
    for (int i = 0; i < clients; ++i) {
        connections.push_back(std::make_unique<Connection>(port));
        polled.push_back({connections.back()->socket(), POLLIN, 0});
        asked.push_back(Time::now());
        connections.back()->send(question.next());
    }
    constexpr double warming = 1;
    std::vector<double> times;
    std::size_t bytes = 0;
    const auto begun = Time::now();
    while (since(begun) < seconds + warming) {
        ::poll(polled.data(), polled.size(), 100);
        for (std::size_t i = 0; i < polled.size(); ++i) {
            if (!(polled[i].revents & POLLIN)) continue;
            const int status = connections[i]->take();
            if (status == 0) continue;
            if (status != expected) stop("answered " + connections[i]->last().substr(0, 800));
            bytes = connections[i]->last().size();
            if (since(begun) > warming) times.push_back(since(asked[i]) * 1000);
            asked[i] = Time::now();
            connections[i]->send(question.next());
        }
    }
    ending = true;
    beside.join();
    if (times.empty()) stop("no answer came");
    std::sort(times.begin(), times.end());
    const auto percentile = [&](double p) { return times[static_cast<std::size_t>(p * static_cast<double>(times.size() - 1))]; };
    std::printf("%.1f /s   p50 %.2f ms  p99 %.2f ms   %zu bytes an answer\n", static_cast<double>(times.size()) / seconds, percentile(0.5), percentile(0.99), bytes);
}
