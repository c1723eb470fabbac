#pragma once
// Server-sent events: who follows is told which records changed that he may see, and which figures moved. A ring keeps
// the latest changes, so that Last-Event-ID resumes; who is further behind is told that something was lost.
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "api/service.h"

namespace yipan::api {

class Events {
  public:
    explicit Events(Service& service);
    ~Events();
    /// On the board's thread: only notes.
    void shown(const board::Shown& shown);
    void stop();

    struct Follower {
        std::shared_ptr<net::Stream> stream;
        RecordId person, post;
        std::string session;  // hash; ends with it
        std::int64_t after = 0;
    };
    /// Null when too many follow.
    std::shared_ptr<net::Stream> follow(RecordId person, RecordId post, std::string session, std::optional<std::int64_t> after);
    std::size_t followers() const;
    /// Tells whoever follows by this session (its hash) that it ended.
    void ended(const std::string& session);

  private:
    void loop();
    bool over(const Follower& follower) const;
    void forget(const board::Changed& erased);
    static void end(Follower& follower);
    void tell(Follower& follower, const std::vector<board::Shown>& news);
    Service& service_;
    // Two locks: the board's thread takes the second only, so that it never waits for a snapshot that waits for it.
    mutable std::mutex mutex_;
    std::mutex news_mutex_;
    std::condition_variable work_;
    std::deque<board::Shown> kept_;
    std::vector<board::Shown> news_;
    std::vector<Follower> followers_;
    std::atomic<bool> stopping_{false};
    std::int64_t oldest_ = 0;  // positions after this one are kept
    std::thread thread_;
};

}  // namespace yipan::api
