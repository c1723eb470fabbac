#include "board/writer.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>

#include "base/check.h"
#include "store/open.h"

namespace yipan::board {

Writer::Writer(Core& core, std::size_t queue_max, std::size_t batch_max)
    : core_(core), queue_max_(queue_max), batch_max_(batch_max), show_thread_([this] { show_loop(); }), thread_([this] {
          loop();
      }) {}

Writer::~Writer() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    work_.notify_one();
    thread_.join();
    {
        const std::lock_guard lock(show_mutex_);
        show_stopping_ = true;
    }
    show_work_.notify_one();
    show_thread_.join();
    core_.drain = [] {};
}

void Writer::alone(const std::function<void()>& job) {
    std::vector<Draft> none;
    Ticket ticket;
    ticket.drafts = &none;
    ticket.job = &job;
    enqueue(ticket, in_turn_);
    ticket.done.wait(0);
}

void Writer::enqueue(Ticket& ticket, Lane& lane) {
    std::unique_lock lock(mutex_);
    lane.room.wait(lock, [&] { return lane.drafts < queue_max_ || lane.tickets.empty(); });
    lane.drafts += ticket.drafts->size();
    lane.tickets.push_back(&ticket);
    if (lane.tickets.size() == 1) work_.notify_one();
}

Checked<Receipt> Writer::apply(Draft draft) {
    std::vector<Draft> drafts;
    drafts.push_back(std::move(draft));
    return std::move(apply_batch(std::move(drafts)).at(0));
}

std::vector<Checked<Receipt>> Writer::apply_batch(std::vector<Draft> drafts) {
    std::vector<Checked<Receipt>> answers;
    if (drafts.empty()) return answers;
    Ticket ticket;
    ticket.drafts = &drafts;
    ticket.answers = &answers;
    enqueue(ticket, in_turn_);
    ticket.done.wait(0);
    return answers;
}

std::future<Checked<Receipt>> Writer::submit(Draft draft) {
    struct Held {
        std::vector<Draft> drafts;
        std::vector<Checked<Receipt>> answers;
        std::promise<Checked<Receipt>> promise;
        Ticket ticket;
    };
    auto held = std::make_shared<Held>();
    held->drafts.push_back(std::move(draft));
    held->ticket.drafts = &held->drafts;
    held->ticket.answers = &held->answers;
    held->ticket.finished = [held]() mutable {
        held->promise.set_value(std::move(held->answers.at(0)));
        held.reset();  // the writer called its last
    };
    auto future = held->promise.get_future();
    enqueue(held->ticket, in_turn_);
    return future;
}

void Writer::submit(Draft draft, std::function<void(Checked<Receipt>)> answered, Board::Place where) {
    struct Held {
        std::vector<Draft> drafts;
        std::vector<Checked<Receipt>> answers;
        std::function<void(Checked<Receipt>)> answered;
        Ticket ticket;
    };
    auto held = std::make_shared<Held>();
    held->drafts.push_back(std::move(draft));
    held->answered = std::move(answered);
    held->ticket.drafts = &held->drafts;
    held->ticket.answers = &held->answers;
    Held& place = *held;
    place.ticket.finished = [held = std::move(held)] { held->answered(std::move(held->answers.at(0))); };
    enqueue(place.ticket, where == Board::Place::in_turn ? in_turn_ : after_others_);
}

// At least one ticket; more while they fit. A bulk ticket is one transaction however long it is.
void Writer::take(Lane& lane, std::size_t drafts_max, Done& done, std::vector<Draft*>& drafts) {
    while (!lane.tickets.empty() && !(lane.tickets.front()->job && !done.tickets.empty()) && (done.tickets.empty() || drafts.size() + lane.tickets.front()->drafts->size() <= drafts_max)) {
        Ticket* ticket = lane.tickets.front();
        lane.tickets.pop_front();
        lane.drafts -= ticket->drafts->size();
        done.tickets.push_back(ticket);
        for (Draft& d : *ticket->drafts) drafts.push_back(&d);
        if (ticket->job) break;
    }
}

// As much of what may wait as was done in the time it may take. One slow batch (the disk, another program) is not the
// measure: the room is halved at most, and grows by a quarter while it is filled.
void Writer::pace(std::size_t drafts, std::chrono::steady_clock::duration took) {
    if (took > after_others_time)
        after_others_max_ = std::max({after_others_least, after_others_max_ / 2, drafts * static_cast<std::size_t>(after_others_time / std::chrono::microseconds(1)) / static_cast<std::size_t>(took / std::chrono::microseconds(1))});
    else if (drafts >= after_others_max_)
        after_others_max_ = std::min(batch_max_, after_others_max_ * 5 / 4);
}

void Writer::loop() {
    (void)pthread_setname_np(pthread_self(), "yipan-writer");
    core_.drain = [this] {
        std::unique_lock lock(show_mutex_);
        show_idle_.wait(lock, [&] { return shows_.empty() && !showing_; });
    };
    // A database has synced when it answers the commit: there is nothing to overlap, and whoever is answered first sends the
    // next drafts into one larger batch.
    const bool durable = store::is_address(core_.facts.path);
    std::vector<Draft*> drafts;
    while (true) {
        Done done;
        std::size_t in_turn = 0;
        drafts.clear();
        {  // Two batches at most are under way, one being synced and one being judged: taking a third early would only
           // make small ones.
            std::unique_lock lock(show_mutex_);
            show_idle_.wait(lock, [&] { return shows_.empty() && !(durable && showing_); });
        }
        {
            std::unique_lock lock(mutex_);
            // Whoever reads holds back what an erasure still has to do: when nothing else is to be done it is tried again.
            constexpr std::chrono::milliseconds scrub_again{100};
            const auto work = [&] { return stopping_ || !in_turn_.tickets.empty() || !after_others_.tickets.empty(); };
            while (core_.scrub_due && !work_.wait_for(lock, scrub_again, work)) {
                lock.unlock();
                core_.drain();
                core_.scrub();
                lock.lock();
            }
            work_.wait(lock, work);
            if (in_turn_.tickets.empty() && after_others_.tickets.empty()) return;
            take(in_turn_, batch_max_, done, drafts);
            in_turn = drafts.size();
            if (done.tickets.empty() || !done.tickets.front()->job)
                take(after_others_, std::max(in_turn + after_others_least, after_others_max_), done, drafts);
        }
        in_turn_.room.notify_all();
        after_others_.room.notify_all();
        if (Ticket* ticket = done.tickets.front(); ticket->job) {
            core_.drain();
            (*ticket->job)();
            std::atomic<std::int32_t>& done_flag = ticket->done;
            done_flag.store(1);
            done_flag.notify_one();
            continue;
        }
        const auto from = std::chrono::steady_clock::now();
        done.shown = core_.batch(drafts, done.answers);
        if (drafts.size() > in_turn) pace(drafts.size(), std::chrono::steady_clock::now() - from);
        YIPAN_CHECK(done.answers.size() == drafts.size());
        {
            const std::lock_guard lock(show_mutex_);
            shows_.push_back(std::move(done));
        }
        show_work_.notify_one();
    }
}

void Writer::show_loop() {
    (void)pthread_setname_np(pthread_self(), "yipan-show");
    while (true) {
        std::deque<Done> batches;
        {
            std::unique_lock lock(show_mutex_);
            showing_ = false;
            show_idle_.notify_all();
            show_work_.wait(lock, [&] { return show_stopping_ || !shows_.empty(); });
            if (shows_.empty()) return;
            batches.swap(shows_);
            showing_ = true;
            show_idle_.notify_all();
        }
        // One sync hardens all that was committed before it; nobody is answered, and nothing shown, earlier (I6).
        const bool wrote =
            std::any_of(batches.begin(), batches.end(), [](const Done& d) { return d.shown.has_value(); });
        const Status hard = wrote ? core_.harden() : Status{};
        for (Done& done : batches) {
            if (done.shown) core_.show(*done.shown);
            if (done.shown && !hard)
                for (auto& a : done.answers)
                    if (a && !a->repeated) a = tl::unexpected(Errors{hard.error()});
            answer(done);
        }
        if (wrote) core_.prepare_run();
    }
}

void Writer::answer(Done& done) {
    std::size_t next = 0;
    for (Ticket* ticket : done.tickets) {
        for (std::size_t i = 0, n = ticket->drafts->size(); i < n; ++i)
            ticket->answers->push_back(std::move(done.answers[next++]));
        if (ticket->finished) {
            const auto finished = std::move(ticket->finished);  // the ticket may die with it
            finished();
        } else {
            // The caller may be gone with its ticket as soon as it sees 1; the wake-up uses the address only.
            std::atomic<std::int32_t>& done_flag = ticket->done;
            done_flag.store(1);
            done_flag.notify_one();
        }
    }
}

}  // namespace yipan::board
