#pragma once
// The one writer of a board: a queue, a thread, batches. A batch is one transaction with one fsync; everybody in it gets the answer
// after that. A store failure rolls the batch back and repeats it draft by draft, so that only the guilty one fails; a failed commit
// reopens the store and answers by what is really there.
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "board/core.h"

namespace yipan::board {

class Writer {
  public:
    Writer(Core& core, std::size_t queue_max, std::size_t batch_max);
    ~Writer();  // answers what is queued, then stops
    Checked<Receipt> apply(Draft draft);
    std::future<Checked<Receipt>> submit(Draft draft);
    std::vector<Checked<Receipt>> apply_batch(std::vector<Draft> drafts);

  private:
    // A caller's place in the queue; lives on the caller's stack (apply) or in a promise's heap block (submit).
    struct Ticket {
        std::vector<Draft>* drafts = nullptr;
        std::vector<Checked<Receipt>>* answers = nullptr;
        bool done = false;
        std::uint64_t batch = 0;            // the one being formed when it was queued: tells which condition it waits on
        std::function<void()> finished;     // submit: fulfils the promise instead of waking a waiter
    };
    void enqueue(Ticket& ticket);
    void wait(Ticket& ticket);
    void loop();

    Core& core_;
    const std::size_t queue_max_, batch_max_;
    std::mutex mutex_;
    std::condition_variable work_, room_;
    std::condition_variable done_[2];       // waiters of even and odd batches, so that one batch does not wake the next
    std::deque<Ticket*> queue_;
    std::size_t queued_drafts_ = 0;
    std::uint64_t next_batch_ = 0;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace yipan::board
