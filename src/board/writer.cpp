#include "board/writer.h"

#include "base/check.h"

namespace yipan::board {

Writer::Writer(Core& core, std::size_t queue_max, std::size_t batch_max)
    : core_(core), queue_max_(queue_max), batch_max_(batch_max), thread_([this] { loop(); }) {}

Writer::~Writer() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    work_.notify_one();
    thread_.join();
}

void Writer::enqueue(Ticket& ticket) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return queued_drafts_ < queue_max_ || queue_.empty(); });
    queued_drafts_ += ticket.drafts->size();
    ticket.batch = next_batch_;
    queue_.push_back(&ticket);
    if (queue_.size() == 1) work_.notify_one();
}

void Writer::wait(Ticket& ticket) {
    std::unique_lock lock(mutex_);
    while (!ticket.done) done_[ticket.batch & 1].wait(lock);
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
    enqueue(ticket);
    wait(ticket);
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
    enqueue(held->ticket);
    return future;
}

void Writer::loop() {
    std::vector<Ticket*> batch;
    std::vector<Draft*> drafts;
    std::vector<Checked<Receipt>> answers;
    while (true) {
        batch.clear();
        drafts.clear();
        {
            std::unique_lock lock(mutex_);
            work_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
            if (queue_.empty()) return;
            // At least one ticket; more while they fit. A bulk ticket is one transaction however long it is.
            while (!queue_.empty() && (batch.empty() || drafts.size() + queue_.front()->drafts->size() <= batch_max_)) {
                Ticket* ticket = queue_.front();
                queue_.pop_front();
                queued_drafts_ -= ticket->drafts->size();
                batch.push_back(ticket);
                for (Draft& d : *ticket->drafts) drafts.push_back(&d);
            }
            ++next_batch_;
        }
        room_.notify_all();
        core_.batch(drafts, answers);
        YIPAN_CHECK(answers.size() == drafts.size());
        std::size_t next = 0;
        std::vector<std::function<void()>> finished;
        bool parity[2] = {false, false};
        {
            const std::lock_guard lock(mutex_);
            for (Ticket* ticket : batch) {
                parity[ticket->batch & 1] = true;
                for (std::size_t i = 0; i < ticket->drafts->size(); ++i) ticket->answers->push_back(std::move(answers[next++]));
                if (ticket->finished)
                    finished.push_back(std::move(ticket->finished));
                else
                    ticket->done = true;
            }
        }
        for (const int p : {0, 1})
            if (parity[p]) done_[p].notify_all();
        for (auto& f : finished) f();
    }
}

}  // namespace yipan::board
