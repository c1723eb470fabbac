// Letters over SMTP: a small server in this process takes them; a process killed between sending and noting sends again
// under the same id, while the inbox keeps one message.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <mutex>
#include <thread>

#include "desk.h"
#include "notify/outbox.h"

namespace yipan {
namespace {
using desk::Desk;

/// Takes letters one connection after the other until it is destroyed.
class Smtp {
  public:
    Smtp() {
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
    ~Smtp() {
        ::shutdown(listening_, SHUT_RDWR);
        ::close(listening_);
        thread_.join();
    }
    std::string url() const { return "smtp://127.0.0.1:" + std::to_string(port_); }
    std::vector<std::string> letters() {
        const std::lock_guard lock(mutex_);
        return letters_;
    }
    std::string answer_to_recipient = "250 ok";

  private:
    void loop() {
        while (true) {
            const int to = ::accept(listening_, nullptr, nullptr);
            if (to < 0) return;
            serve(to);
            ::close(to);
        }
    }
    void serve(int to) {
        const auto say = [&](std::string line) {
            line += "\r\n";
            return ::send(to, line.data(), line.size(), MSG_NOSIGNAL) > 0;
        };
        std::string buffer, letter;
        bool data = false;
        char bytes[4096];
        if (!say("220 test")) return;
        while (true) {
            const ssize_t n = ::recv(to, bytes, sizeof bytes, 0);
            if (n <= 0) return;
            buffer.append(bytes, static_cast<std::size_t>(n));
            for (std::size_t end; (end = buffer.find("\r\n")) != std::string::npos;) {
                const std::string line = buffer.substr(0, end);
                buffer.erase(0, end + 2);
                if (data) {
                    if (line != ".") {
                        letter += line + "\n";
                        continue;
                    }
                    data = false;
                    const std::lock_guard lock(mutex_);
                    letters_.push_back(std::move(letter));
                    letter.clear();
                    if (!say("250 taken")) return;
                } else if (line.starts_with("DATA")) {
                    data = true;
                    if (!say("354 go on")) return;
                } else if (line.starts_with("RCPT")) {
                    if (!say(answer_to_recipient)) return;
                } else if (line.starts_with("QUIT")) {
                    say("221 bye");
                    return;
                } else if (!say("250 ok")) {
                    return;
                }
            }
        }
    }
    int listening_ = -1, port_ = 0;
    std::mutex mutex_;
    std::vector<std::string> letters_;
    std::thread thread_;
};
std::string id_of(const std::string& letter) {
    const std::size_t from = letter.find("Message-ID: ");
    return letter.substr(from, letter.find('\n', from) - from);
}
notify::MailServer server_of(const Smtp& smtp) {
    notify::MailServer out;
    out.url = smtp.url();
    out.from = "board@zone.example";
    out.timeout_ms = 5'000;
    return out;
}
RecordId started(Desk& d, const char* code) {
    const RecordId paper = d.create("paper", {{"code", std::string(code)}, {"name", std::string("关于招商引资的请示")}, {"officer", d.post(1).value}, {"reviewer", d.post(2).value}, {"lead", d.organ().value}, {"evidence", std::string("x")}});
    EXPECT_TRUE(d.start(1, paper, "issue"));
    return paper;
}

TEST(Mail, KilledBetweenSendingAndNotingSendsAgainUnderTheSameId) {
    Desk d;
    Smtp smtp;
    {
        notify::Outbox first(d.board(), server_of(smtp), "desk.zone.example", "");
        ASSERT_TRUE(first.load());
    }
    started(d, "A");
    d.reopen();
    // The child holds the board; this process has no thread of it while it does.
    const std::string path = d.path();
    d.close();
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        auto board = board::Board::open(path);
        if (!board) ::_exit(7);
        notify::Outbox outbox(**board, server_of(smtp), "desk.zone.example", "");
        if (!outbox.load()) ::_exit(8);
        outbox.before_mark = [] { ::_exit(42); };
        (void)outbox.round();
        ::_exit(9);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    ASSERT_EQ(WEXITSTATUS(status), 42);
    ASSERT_EQ(smtp.letters().size(), 1u);
    d.reopen();
    notify::Outbox outbox(d.board(), server_of(smtp), "desk.zone.example", "");
    ASSERT_TRUE(outbox.load());
    const auto told = outbox.round();
    ASSERT_TRUE(told && *told);
    const auto letters = smtp.letters();
    ASSERT_EQ(letters.size(), 2u);
    EXPECT_EQ(id_of(letters[0]), id_of(letters[1]));
    EXPECT_EQ(letters[0], letters[1]);
    EXPECT_EQ(d.count(d.model().flow.message, "kind == 'work'"), 1);  // inside: once
    ASSERT_TRUE(outbox.round());
    EXPECT_EQ(smtp.letters().size(), 2u);
}

TEST(Mail, WhatIsRefusedForGoodDoesNotHoldUpTheRestAndWhatMayPassIsTriedAgain) {
    Desk d;
    Smtp smtp;
    notify::Outbox outbox(d.board(), server_of(smtp), "desk.zone.example", "");
    ASSERT_TRUE(outbox.load());
    started(d, "A");
    smtp.answer_to_recipient = "450 later";
    auto told = outbox.round();
    ASSERT_TRUE(told);
    EXPECT_FALSE(*told);
    EXPECT_EQ(outbox.state().failures, 1);
    smtp.answer_to_recipient = "550 no such box";
    told = outbox.round();
    ASSERT_TRUE(told && *told);
    EXPECT_EQ(outbox.state().refused, 1);
    smtp.answer_to_recipient = "250 ok";
    started(d, "B");
    told = outbox.round();
    ASSERT_TRUE(told && *told);
    EXPECT_EQ(outbox.state().sent, 1);
    EXPECT_EQ(smtp.letters().size(), 1u);
}

TEST(Mail, WhoMustWaitNeitherHoldsUpTheOtherNorMakesHimGetItAgain) {
    Desk d;
    Smtp smtp;
    notify::Outbox outbox(d.board(), server_of(smtp), "desk.zone.example", "");
    ASSERT_TRUE(outbox.load());
    // The reviewer's post has two holders, and so the message two letters.
    d.create("appointment", {{"person", d.person(3).value}, {"held_post", d.post(2).value}, {"valid_from", std::int64_t{Date::parse("2026-01-01")->days}}});
    started(d, "A");
    std::map<std::string, int> tried;
    bool full = true;
    outbox.send = [&](const notify::Letter& letter) {
        ++tried[letter.to];
        return letter.to == "r2@zone.example" && full ? notify::Posted{notify::Sent::later, "450 mailbox full"} : notify::Posted{notify::Sent::taken, ""};
    };
    for (int round = 1; round <= 3; ++round) {
        const auto told = outbox.round();
        ASSERT_TRUE(told && !*told);
        EXPECT_EQ(outbox.state().failures, round) << "the wait between tries grows";
    }
    EXPECT_EQ(tried["r2@zone.example"], 3);
    EXPECT_EQ(tried["r3@zone.example"], 1);
    full = false;
    const auto told = outbox.round();
    ASSERT_TRUE(told && *told);
    EXPECT_EQ(tried["r3@zone.example"], 1);
    EXPECT_EQ(outbox.state().sent, 2);
    EXPECT_EQ(outbox.state().failures, 0);
}

TEST(Mail, ALetterIsPlainAsciiAndItsHeaderCannotBeBrokenByATitle) {
    notify::Letter letter{"1.2@x", "a@b.example", "关于\r\nBcc: evil@x.example 的请示 很长很长很长很长很长很长很长很长很长很长", "正文", notify::mail_date(0)};
    const std::string text = notify::letter_text({.url = "", .from = "c@d.example"}, letter);
    EXPECT_EQ(text.find("Bcc"), std::string::npos);
    for (const char c : text) EXPECT_LT(static_cast<unsigned char>(c), 128);
    EXPECT_FALSE(notify::is_address("a@b\r\nRCPT TO:<x@y>"));
    EXPECT_FALSE(notify::is_address("a b@c"));
    EXPECT_TRUE(notify::is_address("a.b@c.example"));
    EXPECT_EQ(notify::mail_date(0), "Thu, 01 Jan 1970 00:00:00 +0000");
}

}  // namespace
}  // namespace yipan
