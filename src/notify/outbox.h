#pragma once
// Letters for the messages of the inbox. A message is a record, written once in the draft that caused it: exactly once
// inside. Outside at least once: the journal is the queue, the position up to which it was told is kept beside it after
// the sending, and a letter's id is made of entry and person, so that who gets it twice can see that it is one.
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "flow/standing.h"
#include "notify/smtp.h"

namespace yipan::notify {

constexpr std::int64_t entries_a_round_max = 5'000;
constexpr int wait_s_max = 600;  // between tries
constexpr int tries_max = 100;   // of one message, about half a day: then whoever could not get it is passed over

struct OutboxState {
    std::int64_t after = 0, sent = 0, refused = 0, failures = 0;
    std::string last_error;
};

class Outbox {
  public:
    using Post = std::function<Posted(const Letter&)>;
    /// `host` ends the ids of letters; `home` is the address of the board's page, may be empty.
    Outbox(board::Board& board, MailServer server, std::string host, std::string home);
    ~Outbox() { stop(); }
    Post send;                          // tests put another here
    std::function<void()> before_mark;  // tests end the process here

    /// Where it was left off; on the first time from here on.
    Status load();
    /// What is new, until something must wait. True: everything was told.
    Result<bool> round();
    void start();
    void shown();  // only wakes
    void stop();
    OutboxState state() const;

  private:
    Status mark(std::int64_t position);
    std::vector<Letter> letters_of(board::Snapshot& snapshot, const flow::Standing& standing, const board::Entry& entry) const;
    void loop();
    board::Board& board_;
    MailServer server_;
    std::string host_, home_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    OutboxState state_;
    std::int64_t marked_ = 0;
    std::set<std::string> taken_;  // ids of the message in hand that need not be sent again by this process
    bool stopping_ = false, news_ = false;
    std::thread thread_;
};

}  // namespace yipan::notify
