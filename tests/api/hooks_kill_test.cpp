// A webhook to the robots of 企業微信 and 釘釘 whose process is killed between sending and noting: told again under the
// same id with the same words, at most twice, and nothing is left out.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <boost/json.hpp>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <thread>

#include "api/hooks.h"
#include "api/service.h"
#include "demo_board.h"
#include "flow/acts.h"

namespace yipan {
namespace {
namespace json = boost::json;
constexpr auto patience = std::chrono::seconds(60);

struct Told {
    std::string id, body;
};
/// A robot: keeps what it is told. With a victim it kills that process once it has read a message, before it answers.
class Robot {
  public:
    Robot() {
        listening_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::bind(listening_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(::listen(listening_, 8), 0);
        socklen_t size = sizeof address;
        ::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { loop(); });
    }
    ~Robot() {
        ::shutdown(listening_, SHUT_RDWR);
        ::close(listening_);
        thread_.join();
    }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/robot"; }
    void kill_at(std::size_t message) { kill_at_ = message; }
    void victim(pid_t pid) {
        const std::lock_guard lock(mutex_);
        victim_ = pid;
        changed_.notify_all();
    }
    std::vector<Told> told() {
        const std::lock_guard lock(mutex_);
        return told_;
    }
    bool wait_for(std::size_t n) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, patience, [&] { return told_.size() >= n; });
    }

  private:
    void loop() {
        while (true) {
            const int to = ::accept(listening_, nullptr, nullptr);
            if (to < 0) return;
            serve(to);
            ::close(to);
        }
    }
    static std::string header(const std::string& head, std::string name) {
        std::string small = head;
        for (char& c : small) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        const std::size_t at = small.find("\r\n" + name + ":");
        if (at == std::string::npos) return "";
        std::size_t from = at + name.size() + 3;
        while (head[from] == ' ') ++from;
        return head.substr(from, head.find("\r\n", from) - from);
    }
    void serve(int to) {
        std::string got;
        char bytes[4096];
        while (true) {
            const std::size_t end = got.find("\r\n\r\n");
            if (end != std::string::npos) {
                const std::string head = got.substr(0, end + 2), length = header(head, "content-length");
                if (got.size() >= end + 4 + static_cast<std::size_t>(std::atoll(length.c_str()))) {
                    std::unique_lock lock(mutex_);
                    told_.push_back({header(head, "yipan-id"), got.substr(end + 4)});
                    changed_.notify_all();
                    if (told_.size() == kill_at_) {
                        changed_.wait_for(lock, patience, [&] { return victim_ != 0; });
                        ::kill(victim_, SIGKILL);
                        return;
                    }
                    break;
                }
            }
            const ssize_t n = ::recv(to, bytes, sizeof bytes, 0);
            if (n <= 0) return;
            got.append(bytes, static_cast<std::size_t>(n));
        }
        const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
        (void)::send(to, answer.data(), answer.size(), MSG_NOSIGNAL);
    }
    int listening_ = -1, port_ = 0;
    std::atomic<std::size_t> kill_at_{0};
    std::mutex mutex_;
    std::condition_variable changed_;
    pid_t victim_ = 0;
    std::vector<Told> told_;
    std::thread thread_;
};

api::Settings settings() {
    api::Settings s;
    s.code = "demo";
    s.named_hosts = {"127.0.0.1"};
    return s;
}

class Killed : public testing::TestWithParam<const char*> {};

TEST_P(Killed, BetweenSendingAndNotingItIsToldAgainUnderTheSameIdAndNothingIsLost) {
    const auto folder = std::filesystem::temp_directory_path() / ("yipan_hooks_" + std::string(GetParam()) + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    const std::string path = (folder / "demo.board").string();
    ASSERT_TRUE(app::make_demo(path, {}).has_value());
    Robot robot;
    robot.kill_at(2);  // the first message is answered, the second is not
    std::vector<std::string> expected;
    {
        auto board = std::move(*board::Board::open(path));
        auto service = std::move(*api::Service::open(*board, settings()));
        const auto directory = service->rights().directory();
        const auto& [person, held] = *(*directory)->people().begin();
        ASSERT_FALSE(held.empty());
        ASSERT_TRUE(service->accounts().add({}, "hook-owner", RecordId(person), "").has_value());
        api::Hook hook;
        hook.account = "hook-owner";
        hook.person = RecordId(person), hook.post = held.front().post;
        hook.url = robot.url();
        hook.format = GetParam();
        hook.types = {"message"};
        const auto added = service->hooks().add(hook);
        ASSERT_TRUE(added) << added.error().text();
        service->stop();
        service.reset();
        board.reset();  // which told the service what it shows
        board = std::move(*board::Board::open(path));
        // Three messages of its post's inbox while nobody tells them.
        const int message = board->model()->flow.message;
        for (int n = 1; n <= 3; ++n) {
            flow::Making m(*board->model(), board::Verb::create, message);
            m.set("to_post", hook.post).set("kind", "urge").set("subject", "task/1").set("title", "催办第" + std::to_string(n) + "次").set("text", "请抓紧办理").set("at", record::Value(std::int64_t{n}));
            board::Draft draft;
            draft.channel = "test";
            draft.by_act = true;
            draft.changes.push_back(std::move(m.change));
            const auto done = board->apply(std::move(draft));
            ASSERT_TRUE(done) << text_of(done.error());
            expected.push_back("/b/demo/" + std::to_string(done->last.value));
        }
    }
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        auto board = board::Board::open(path);
        if (!board) ::_exit(7);
        auto service = api::Service::open(**board, settings());
        if (!service) ::_exit(8);
        std::this_thread::sleep_for(patience);
        ::_exit(9);
    }
    robot.victim(child);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "it was not killed while telling";
    ASSERT_EQ(robot.told().size(), 2U);
    {
        auto board = std::move(*board::Board::open(path));
        auto service = std::move(*api::Service::open(*board, settings()));
        std::map<std::string, int> times;
        std::map<std::string, std::string> words;
        const auto all = [&] {
            times.clear();
            for (const Told& t : robot.told()) {
                ++times[t.id];
                const auto [at, fresh] = words.emplace(t.id, t.body);
                EXPECT_EQ(at->second, t.body) << "the same message in other words";
            }
            return static_cast<std::size_t>(std::count_if(expected.begin(), expected.end(), [&](const std::string& id) { return times.contains(id); })) == expected.size();
        };
        for (std::size_t n = 3; !all() && robot.wait_for(n); ++n) {
        }
        EXPECT_TRUE(all());
        service->stop();
        (void)all();
        EXPECT_EQ(times.size(), expected.size()) << "a message under an id of its own";
        for (const auto& [id, n] : times) EXPECT_LE(n, 2) << id;
        EXPECT_EQ(times[expected[1]], 2) << "what was under way when it was killed";
        EXPECT_EQ(times[expected[2]], 1);
        for (std::size_t n = 0; n < expected.size(); ++n) {
            const json::object body = json::parse(words[expected[n]]).as_object();
            EXPECT_EQ(body.at("msgtype"), "markdown");
            const auto& markdown = body.at("markdown").as_object();
            const std::string text(markdown.at(GetParam() == std::string("wecom") ? "content" : "text").as_string());
            EXPECT_NE(text.find("催办第" + std::to_string(n + 1) + "次"), std::string::npos) << text;
            EXPECT_NE(text.find(expected[n]), std::string::npos) << "the id stands in the message as well";
        }
    }
    std::filesystem::remove_all(folder);
}
INSTANTIATE_TEST_SUITE_P(Robots, Killed, testing::Values("wecom", "dingtalk"));

}  // namespace
}  // namespace yipan
