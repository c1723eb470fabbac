#pragma once
// Who may write. One row says which process holds the board, where it answers and until when; its epoch is compared in
// every transaction of the writer, which fails when somebody else has raised it: an old holder cannot write, whatever it
// believes. A lock of the connection only shortens the hand-over: whoever gets it knows that the former holder's
// connection is gone, and need not wait for the expiry.
//
// A holder without work rests: the row says so with the address at which it still answers, there is no connection and no
// lock. Whoever opens the board for writing takes it, raising the epoch; who only follows leaves it alone until the resting
// one does not answer, or is silent for longer than a rest lasts. When it wakes, the epoch tells whether anybody wrote.
#include <atomic>
#include <condition_variable>
#include <thread>

#include "store/open.h"
#include "store/postgres/link.h"

namespace yipan::store::postgres {

extern const char* const holder_table;  // its CREATE TABLE and first row

class Holder {
  public:
    /// Takes the board for writing, or says who has it.
    static Result<std::unique_ptr<Holder>> take(Link& link);
    ~Holder();
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;

    /// Queued behind BEGIN: fails the transaction unless the board is still ours, and prolongs the hold.
    Status guard();
    Status announce(const std::string& address);
    /// The connection may be ended after rest() and is there again before wake().
    Status rest();
    Status wake();
    Status still_there();
    /// Somebody else has raised the epoch: this one noticed it between two batches.
    void look_again();
    bool ousted() const { return ousted_.load(std::memory_order_acquire); }

  private:
    explicit Holder(Link& link) : link_(link) {}
    void beat();
    void begin_beat();
    void end_beat();
    Status had();

    Link& link_;
    std::int64_t epoch_ = 0;
    bool locked_ = false, resting_ = false;
    std::atomic<bool> ousted_{false};
    std::string address_;
    std::mutex mutex_;
    std::condition_variable stop_;
    bool stopping_ = false;
    std::thread thread_;
};

/// Looks at the holder's row over a connection of its own (store/open.h).
class HolderWatch final : public Watch {
  public:
    static Result<std::unique_ptr<Watch>> open(const std::string& address);
    Result<Holding> look() override;

  private:
    std::unique_ptr<Link> link_;
};

}  // namespace yipan::store::postgres
