#pragma once
// Webhooks: what changed is told to other programs as CloudEvents 1.0, signed, at least once, in order, each event with an
// id that stays. The journal is the queue: a hook remembers how far it was told, so a write never waits for one and a
// restart loses nothing. A hook may be told checkpoints instead, as a witness is. It is told only what its owner, in the post it was made in, may see at that moment; no values.
#include <condition_variable>
#include <mutex>
#include <thread>

#include "api/call.h"

namespace yipan::api {

constexpr std::size_t hooks_of_account_max = 10, hooks_max = 200;
constexpr int hook_failures_max = 20;  // then it stops until somebody resumes it; about two hours

struct Hook {
    std::string id, account, url, secret, state;  // active, stopped
    std::string format;                           // cloudevents; text, or wecom (企業微信) and dingtalk (釘釘), what their robots read
    RecordId person, post;
    std::set<std::string> types;  // empty: all
    bool checkpoints = false;     // told signed checkpoints, one a day at most, instead of records: a witness
    std::int64_t pinned = 0, pinned_at = 0;  // size of the last one told, and when
    std::int64_t after = 0;       // told up to this entry
    std::int64_t told = 0, failures = 0, next_try = 0, created = 0;
    std::string last_error;
};

class Hooks {
  public:
    explicit Hooks(Service& service);
    ~Hooks();
    Status load();
    /// On the board's thread: only wakes.
    void shown();
    void stop();

    Result<Hook> add(Hook hook);
    std::vector<Hook> of(std::string_view account) const;
    Status drop(std::string_view account, std::string_view id);
    Status resume(std::string_view account, std::string_view id);
    /// What serving one has come to, at hand and beside the journal; of one that was dropped meanwhile nothing is kept.
    Status keep(const Hook& hook);

  private:
    struct Event;
    void loop();
    bool serve(Hook& hook, std::int64_t end);  // true: something of it is to be kept
    std::string deliver(const Hook& hook, const Event& event);
    std::string send(const Hook& hook, const std::string& id, std::string body, const char* type);
    std::string tell_checkpoint(Hook& hook);
    Status write(const std::string& id, std::optional<std::string> row);

    Service& service_;
    std::mutex writing_;  // taken before mutex_, over the decision what is written of a hook and the writing: rows come in the order of what was decided
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::map<std::string, Hook> hooks_;
    bool stopping_ = false, news_ = false;
    std::thread thread_;
};

void add_hook_routes(std::vector<Route>& routes);

}  // namespace yipan::api
