#include "figure/book.h"

#include <algorithm>
#include <mutex>

#include "base/check.h"
#include "figure/state.h"

namespace yipan::figure {

Book::Book(std::shared_ptr<const Plan> plan, RunStore& runs, RunShape shape)
    : state_(std::make_shared<State>(std::move(plan), std::make_shared<Ground>(runs, shape))) {}
Book::~Book() = default;

Status Book::open() {
    YIPAN_TRY_VOID(state_->history.open(state_->cells));
    state_->position = state_->history.last_position();
    return {};
}

std::int64_t Book::position() const { return state_->position; }

void Book::apply(std::span<const Posting> postings, std::int64_t position) {
    State& s = *state_;
    const auto take = [&](const Posting& p) {
        YIPAN_CHECK(p.position > s.position && p.position <= position);
        const std::uint32_t series = s.cells.apply(p);
        const int index = s.plan->index_of(p.what.cell.figure);
        if (index >= 0 && s.keeps_facts(s.model.figures[static_cast<std::size_t>(index)])) s.update_facts(p, series);
    };
    YIPAN_CHECK(position >= s.position);
    const auto by_position = [](const Posting& a, const Posting& b) { return a.position < b.position; };
    if (std::is_sorted(postings.begin(), postings.end(), by_position)) {
        for (const Posting& p : postings) take(p);
    } else {
        std::vector<Posting> sorted(postings.begin(), postings.end());
        std::stable_sort(sorted.begin(), sorted.end(), by_position);
        for (const Posting& p : sorted) take(p);
    }
    s.position = position;
}

void Book::adopt(std::shared_ptr<const Plan> plan) {
    state_->cells.forget_aggregates();
    state_ = std::make_shared<State>(std::move(plan), state_->ground);
}
Book::Lens Book::lens(std::shared_ptr<const Plan> plan, NowIndexes now) const {
    return std::make_shared<State>(std::move(plan), state_->ground, std::move(now));
}

void Book::set_links(std::vector<Link> links) {
    state_->graph.set_links(std::move(links));
    state_->cells.forget_aggregates();
    state_->answers.clear();
}

std::size_t Book::pending_postings() const { return state_->cells.log().size(); }
std::int64_t Book::pending_entries() const { return state_->position - state_->history.last_position(); }
Status Book::flush() { return state_->history.flush(state_->cells, state_->position); }
void Book::commit_flush() { state_->cells.trim_log(state_->history.commit()); }
void Book::abandon_flush() { state_->history.abandon(); }

Value Book::value(const Ask& ask, const Lens& lens) const { return (lens ? lens : state_)->value(ask); }
Value Book::value_with(const Ask& ask, std::span<const Posting> pending) const { return state_->value(ask, pending); }
Explanation Book::why(const Ask& ask, Page page, const Lens& lens) const {
    return (lens ? lens : state_)->why(ask, page);
}
Result<std::vector<Posting>> Book::difference(const Ask& ask, Position from, Position to, std::size_t limit,
                                              const Lens& lens) const {
    return (lens ? lens : state_)->difference(ask, from, to, limit);
}

void Book::each_cell(const std::function<void(const CellKey&, __int128, std::int64_t)>& visit) const {
    const State& s = *state_;
    std::vector<std::pair<CellKey, const Cell*>> all;
    for (std::uint32_t i = 0; i < s.cells.series_count(); ++i) {
        if (s.plan->index_of(s.cells.series(i).figure) < 0) continue;  // a figure the model no longer has
        for (const Cell& cell : s.cells.series(i).slots.cells()) {
            if (cell.count != 0) all.emplace_back(s.shown(s.key_of({i, cell.slot})), &cell);
        }
    }
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [key, cell] : all) visit(key, cell->sum(), cell->count);
}

std::size_t Book::memory_bytes() const {
    const State& s = *state_;
    return s.cells.memory_bytes() + s.facts.capacity() * (sizeof(CellRef) + sizeof(Facts) + 1) +
           s.answers.capacity() * (sizeof(State::AnswerKey) + sizeof(State::Answer) + 1);
}

}  // namespace yipan::figure
