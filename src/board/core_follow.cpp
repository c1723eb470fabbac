// A reader that follows the writer of another process (decision 0042). What it shows at a moment is one transaction of the
// database; what was written since is read in another one, over another connection, and taken in at once under the book's
// lock. Postings come from the tail as long as the runs are those the book was opened with; when the writer has sorted them
// into new runs the book is opened anew from their totals, which is quick.
#include <algorithm>

#include "board/core.h"
#include "board/tail.h"
#include "store/open.h"

namespace yipan::board {
namespace {
// A transaction that stays open keeps the database from cleaning up what was replaced since.
constexpr std::chrono::seconds renew_after{5};
// More than this is not told record by record.
constexpr std::int64_t told_max = 20'000;

Result<std::int64_t> model_position(store::Store& store) {
    YIPAN_TRY(const auto text, store.meta("model_position"));
    return text && !text->empty() ? std::stoll(*text) : std::int64_t{0};
}
}  // namespace

Status Core::begin_following() {
    YIPAN_TRY(batches_, store->batches());
    YIPAN_TRY(run_rows_, store->runs());
    YIPAN_TRY(model_at_, model_position(*store));
    renewed_ = std::chrono::steady_clock::now();
    return {};
}

// With a transaction of its own, at what is committed now.
Status Core::next_reader() {
    if (next_ && next_->begin_read()) return {};
    next_.reset();
    YIPAN_TRY(next_, store::open(facts.path, store::Access::read));
    return next_->begin_read();
}

Status Core::catch_up() {
    if (!following) return {};
    const std::int64_t asked = catching_begun_.load();
    const std::lock_guard one(follow_mutex_);
    if (resting) return {};
    if (catching_begun_.load() != asked) return caught_;  // another began after this was asked, and saw as much
    ++catching_begun_;
    return caught_ = caught_up();
}

Status Core::caught_up() {
    const auto now = std::chrono::steady_clock::now();
    if (next_ && !store->lost() && now - renewed_ < renew_after) {  // one question, when there is nothing new
        const auto batches = next_->batches();
        if (batches && *batches == batches_) return {};
    }
    YIPAN_TRY_VOID(next_reader());
    const auto read = [&]() -> Status {
        YIPAN_TRY(const store::Head head, next_->head());
        YIPAN_TRY(const std::int64_t batches, next_->batches());
        YIPAN_TRY(const std::int64_t model_at, model_position(*next_));
        if (model_at != model_at_ || head.position < book_position || head.position - book_position > told_max) return read_anew();
        return take_in(batches, head);
    };
    const Status done = read();
    if (next_) next_->rollback();
    return done;
}

// Another model is in force, much was written, or the board is another one (a backup was put in its place): as when it was
// opened.
Status Core::read_anew() {
    board::Shown told;
    {
        const std::unique_lock lock(book_mutex);
        auto old_book = std::move(book);
        auto old_runs = std::move(runs);
        std::swap(store, next_);
        const auto load = [&]() -> Status {
            if (auto ok = load_model(); !ok) return fail(ok.error().front());
            plan = std::make_shared<const figure::Plan>(*shape->model, numbers_.of(*shape->model, facts.model_version));
            {
                const std::lock_guard guard(sights_mutex_);
                sights_.clear();
            }
            judge_.reset();
            world_ = std::make_unique<World>(*store, shape);
            log_ = std::make_unique<Log>(*store, Salts(salt_seed_));
            YIPAN_TRY_VOID(make_judge());
            YIPAN_TRY_VOID(load_book());
            return begin_following();
        };
        if (const Status done = load(); !done) {  // what was shown stays shown
            std::swap(store, next_);
            book = std::move(old_book);
            runs = std::move(old_runs);
            model_at_ = 0;  // so that it is tried again
            return done;
        }
        old_book.reset();  // before what it reads from
        told.position = Position(book_position);
        told.model = true;
        for (const model::Figure& f : shape->model->figures) told.figures.push_back(f.index);
    }
    if (subscriber) subscriber(told);
    return {};
}

Status Core::take_in(std::int64_t batches, const store::Head& head) {
    YIPAN_TRY_VOID(next_->use(shape->model));
    YIPAN_TRY(auto rows, next_->runs());
    const bool same_runs = rows == run_rows_;
    board::Shown told;
    told.position = Position(head.position);
    // Links are kept in memory: those whose records were written are read anew.
    std::map<std::pair<int, std::int64_t>, std::vector<figure::Link>> links;
    const bool written = batches != batches_;
    if (head.position > book_position)
        YIPAN_TRY_VOID(next_->each_entry(book_position + 1, head.position, [&](const store::StoredEntry& stored) -> Status {
            const int type = shape->type_of(stored.entry);
            if (type < 0 || stored.entry.record == 0) return {};
            told.records.push_back({type, RecordId(stored.entry.record), stored.entry.version, static_cast<Verb>(stored.entry.verb)});
            if (shape->is_link[static_cast<std::size_t>(type)]) links[{type, stored.entry.record}];
            return {};
        }));
    for (auto& [key, list] : links) {
        YIPAN_TRY(const record::RecordPtr r, next_->read(key.first, key.second));
        if (r) list = links_of(*shape->model, *r);
    }
    std::vector<std::pair<std::int64_t, std::vector<figure::Posting>>> fresh;
    std::unique_ptr<StoreRuns> new_runs;
    std::unique_ptr<figure::Book> new_book;
    std::int64_t after = book_position;
    if (!same_runs) {
        new_runs = std::make_unique<StoreRuns>(*next_);
        new_book = std::make_unique<figure::Book>(plan, *new_runs);
        YIPAN_TRY_VOID(new_book->open());
        after = new_book->position();
    }
    YIPAN_TRY_VOID(next_->each_tail_after(after, [&](std::int64_t position, std::string_view body) -> Status {
        YIPAN_TRY(auto postings, decode_postings(body));
        for (const auto& p : postings)
            if (const int index = plan->index_of(p.what.cell.figure); same_runs && index >= 0) told.figures.push_back(index);
        fresh.emplace_back(position, std::move(postings));
        return {};
    }));
    if (facts.frozen) {
        YIPAN_TRY(const auto frozen, next_->meta("frozen_clock"));
        if (frozen && !frozen->empty()) frozen_clock_->set(Instant{std::stoll(*frozen)});
    }
    {
        const std::unique_lock lock(book_mutex);
        std::swap(store, next_);
        if (!same_runs) {
            book = std::move(new_book);
            std::swap(runs, new_runs);
            run_rows_ = std::move(rows);
        }
        runs->read_from(*store);
        for (const auto& [position, postings] : fresh) book->apply(postings, position);
        for (auto& [key, list] : links) links_[key] = std::move(list);
        if (!links.empty() || !same_runs) publish_links();
        book->apply({}, head.position);
        book_position = head.position;
        judge_.reset();  // of a board that writes; these read from a store that has changed places
        log_.reset();
        world_.reset();
    }
    batches_ = batches;
    renewed_ = std::chrono::steady_clock::now();
    if (!subscriber || !written) return {};  // a transaction was only renewed
    if (!same_runs)
        for (const model::Figure& f : shape->model->figures) told.figures.push_back(f.index);
    std::sort(told.figures.begin(), told.figures.end());
    told.figures.erase(std::unique(told.figures.begin(), told.figures.end()), told.figures.end());
    subscriber(told);
    return {};
}

}  // namespace yipan::board
