#pragma once
// The one writer of a board: a queue, a thread, batches. A batch is one transaction with one fsync; everybody in it
// gets the answer after that. A second thread shows what is committed (figures, answers) while the first already judges
// the next batch; batches are shown in their order, so whoever has an answer sees its effect. A store failure rolls the
// batch back and repeats it draft by draft, so that only the guilty one fails; a failed commit reopens the store and
// answers by what is really there.
// Two lanes lead into a batch: who asks in turn goes first; what may come after others fills up what room is left, as much
// as the writer does in some milliseconds by its own measure, and a handful even when there is no room.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "board/board.h"
#include "board/core.h"

namespace yipan::board {

constexpr std::chrono::milliseconds after_others_time{6};  // of a batch, judging and commit, the sync not included
constexpr std::size_t after_others_least = 16;

class Writer {
  public:
    Writer(Core& core, std::size_t queue_max, std::size_t batch_max);
    ~Writer();  // answers what is queued, then stops
    Checked<Receipt> apply(Draft draft);
    std::future<Checked<Receipt>> submit(Draft draft);
    void submit(Draft draft, std::function<void(Checked<Receipt>)> answered, Board::Place place);
    std::vector<Checked<Receipt>> apply_batch(std::vector<Draft> drafts);
    /// Runs on the writer's thread between two batches, when everything before it is shown; waits for it.
    void alone(const std::function<void()>& job);

  private:
    // A caller's place in the queue; lives on the caller's stack (apply) or in a promise's heap block (submit).
    struct Ticket {
        std::vector<Draft>* drafts = nullptr;
        std::vector<Checked<Receipt>>* answers = nullptr;
        std::atomic<std::int32_t> done{0};  // waited on by its address: a wake-up concerns one caller and no lock
        const std::function<void()>* job = nullptr;  // alone: instead of drafts
        std::function<void()> finished;     // submit: fulfils the promise instead of waking a waiter
    };
    struct Lane {
        std::deque<Ticket*> tickets;
        std::size_t drafts = 0;
        std::condition_variable room;
    };
    void enqueue(Ticket& ticket, Lane& lane);
    void loop();
    void show_loop();

    struct Done {  // a committed batch on its way to be shown and answered
        std::vector<Ticket*> tickets;
        std::vector<Checked<Receipt>> answers;
        std::optional<Core::Shown> shown;
    };
    void take(Lane& lane, std::size_t drafts_max, Done& done, std::vector<Draft*>& drafts);
    void pace(std::size_t drafts, std::chrono::steady_clock::duration took);
    void answer(Done& done);

    Core& core_;
    const std::size_t queue_max_, batch_max_;
    std::mutex mutex_;
    std::condition_variable work_;
    Lane in_turn_, after_others_;
    std::size_t after_others_max_ = after_others_least;  // drafts of that lane in a batch; the writer's own
    bool stopping_ = false;

    std::mutex show_mutex_;
    std::condition_variable show_work_, show_idle_;
    std::deque<Done> shows_;
    bool showing_ = false, show_stopping_ = false;
    std::thread show_thread_, thread_;
};

}  // namespace yipan::board
