#include "figure/history.h"

#include <algorithm>
#include <deque>

#include "base/check.h"

namespace yipan::figure {

namespace {

constexpr std::size_t runs_dropped_at_once =
    2;  // a merge of 16 replaces 16; flushes between two merges are at least as many

std::string place_of(const RunStore::Run& run) { return "figure run " + std::to_string(run.id); }

bool same_series(const KeyBytes& a, const KeyBytes& b) { return std::equal(a.begin(), a.end() - 4, b.begin()); }

/// Pulls the pieces of one run in key order, some chunks at a time, because the store pushes.
class Cursor {
  public:
    Cursor(RunStore& store, std::int64_t run, std::optional<KeyBytes> after) : store_(store), run_(run) {
        if (after) {
            after_ = std::move(after);
            from_ = seek_key(*after_);
        }
    }
    /// The next piece; null at the end.
    Result<const Piece*> peek() {
        while (at_ == pieces_.size()) {
            if (ended_) return nullptr;
            YIPAN_TRY_VOID(refill());
        }
        return &pieces_[at_];
    }
    void pop() { ++at_; }

  private:
    static constexpr std::size_t chunks_at_once = 16;
    Status refill() {
        pieces_.clear();
        bodies_.clear();
        at_ = 0;
        std::string last_read;
        bool more = false;
        YIPAN_TRY_VOID(store_.chunks_from(run_, from_, [&](std::string_view first_key, std::string_view body) {
            if (!last_chunk_.empty() && first_key <= last_chunk_) return true;  // the chunk at `from_` was read already
            if (bodies_.size() == chunks_at_once) {
                more = true;
                return false;
            }
            bodies_.emplace_back(body);
            last_read = first_key;
            return true;
        }));
        ended_ = !more;
        if (!last_read.empty()) from_ = last_chunk_ = last_read;
        for (const std::string& body : bodies_) {
            YIPAN_TRY_VOID(each_piece(body, [&](const Piece& piece) {
                if (!after_ || *after_ < piece.key) pieces_.push_back(piece);
                return true;
            }));
        }
        return {};
    }

    RunStore& store_;
    std::int64_t run_;
    std::optional<KeyBytes> after_;
    std::string from_, last_chunk_;
    std::deque<std::string> bodies_;
    std::vector<Piece> pieces_;
    std::size_t at_ = 0;
    bool ended_ = false;
};

}  // namespace

Status History::open(Cells& cells) {
    YIPAN_CHECK(runs_.empty());
    YIPAN_TRY(auto all, store_.list());
    for (const auto& run : all) next_id_ = std::max(next_id_, run.id + 1);
    for (const auto& run : all) {
        const bool covered = std::any_of(all.begin(), all.end(), [&](const RunStore::Run& other) {
            return other.level > run.level && other.first_position <= run.first_position &&
                   run.last_position <= other.last_position;
        });
        if (run.level < 0 || covered)
            stale_.push_back(run.id);
        else
            runs_.push_back(run);
    }
    std::sort(runs_.begin(), runs_.end(),
              [](const auto& a, const auto& b) { return a.first_position < b.first_position; });
    std::int64_t next = 1;
    for (const auto& run : runs_) {
        if (run.first_position != next || run.last_position < run.first_position) {
            return fail(
                Code::corrupt, place_of(run),
                "entries " + std::to_string(next) + " to " + std::to_string(run.first_position - 1) + " are in no run",
                "rebuild the figures from the journal");
        }
        next = run.last_position + 1;
        YIPAN_TRY(auto totals, store_.totals(run.id));
        for (const std::string& chunk : totals) {
            YIPAN_TRY_VOID(each_total(
                chunk, [&](const CellKey& key, __int128 sum, std::int64_t net) { cells.add_total(key, sum, net); }));
        }
    }
    return {};
}

Status History::write_log(const Cells& cells, const RunStore::Run& run) {
    const auto& log = cells.log();
    // Keys order by series first, then by slot: sort the few series by their keys and the many postings by two numbers.
    std::vector<std::pair<KeyBytes, std::uint32_t>> series;
    std::vector<std::uint32_t> rank(cells.series_count(), UINT32_MAX);
    for (const Logged& l : log) {
        if (rank[l.series] != UINT32_MAX) continue;
        rank[l.series] = 0;
        const Series& s = cells.series(l.series);
        series.emplace_back(encode_key({s.figure, 0, s.unit, s.d1, s.d2}), l.series);
    }
    std::sort(series.begin(), series.end());
    for (std::uint32_t i = 0; i < series.size(); ++i) rank[series[i].second] = i;
    struct Place {
        std::uint64_t cell;
        std::uint32_t index;
        auto operator<=>(const Place&) const = default;
    };
    std::vector<Place> order;
    order.reserve(log.size());
    for (std::uint32_t i = 0; i < log.size(); ++i)
        order.push_back(
            {std::uint64_t{rank[log[i].series]} << 32 | (static_cast<std::uint32_t>(log[i].slot) ^ 0x80000000u), i});
    std::sort(order.begin(), order.end());
    RunBuilder builder(shape_.bytes);
    KeyBytes key{};
    std::uint64_t cell = UINT64_MAX;
    for (const Place& place : order) {
        const Logged& l = log[place.index];
        if (place.cell != cell) {
            cell = place.cell;
            const Series& s = cells.series(l.series);
            key = encode_key({s.figure, l.slot, s.unit, s.d1, s.d2});
        }
        builder.add(key, {l.position, l.record, l.value, l.day, l.sign});
    }
    builder.finish();
    return store_.add(run, builder.totals(), builder.chunks());
}

Status History::flush(const Cells& cells, std::int64_t position) {
    YIPAN_CHECK(!pending_);
    Pending p;
    p.next_id = next_id_;
    p.run = {p.next_id++, 0, last_position() + 1, position};
    if (p.run.last_position < p.run.first_position) return {};
    YIPAN_TRY_VOID(write_log(cells, p.run));
    p.log_entries = cells.log().size();
    // Few at a time: deleting the chunks of a large run costs as much as writing them.
    p.dropped = std::min(stale_.size(), runs_dropped_at_once);
    for (std::size_t i = 0; i < p.dropped; ++i) YIPAN_TRY_VOID(store_.drop(stale_[i]));
    p.merge = merge_;
    std::size_t budget = std::max(shape_.merge_least, p.log_entries * shape_.merge_factor);
    if (!p.merge) p.merge = choose_merge(p.next_id);
    if (p.merge) YIPAN_TRY_VOID(merge_some(*p.merge, budget));
    pending_ = std::move(p);
    return {};
}

std::size_t History::commit() {
    if (!pending_) return 0;
    Pending p = std::move(*pending_);
    pending_.reset();
    next_id_ = p.next_id;
    runs_.push_back(p.run);
    stale_.erase(stale_.begin(), stale_.begin() + static_cast<std::ptrdiff_t>(p.dropped));
    merge_ = std::move(p.merge);
    if (merge_ && merge_->finished) {
        const auto merged = [&](const RunStore::Run& run) {
            return std::find(merge_->inputs.begin(), merge_->inputs.end(), run.id) != merge_->inputs.end();
        };
        const auto first = std::find_if(runs_.begin(), runs_.end(), merged);
        *first = merge_->output;
        runs_.erase(std::remove_if(first + 1, runs_.end(), merged), runs_.end());
        stale_.insert(stale_.end(), merge_->inputs.begin(), merge_->inputs.end());
        merge_.reset();
    }
    return p.log_entries;
}

void History::abandon() { pending_.reset(); }

std::optional<History::Merge> History::choose_merge(std::int64_t& next_id) const {
    for (std::size_t i = runs_.size(); i > 0;) {
        // The newest stretch of runs of one level; levels fall towards the newer end.
        const int level = runs_[i - 1].level;
        std::size_t begin = i;
        while (begin > 0 && runs_[begin - 1].level == level) --begin;
        if (i - begin >= static_cast<std::size_t>(shape_.fanout)) {
            Merge merge;
            const auto end = begin + static_cast<std::size_t>(shape_.fanout);
            for (std::size_t k = begin; k < end; ++k) merge.inputs.push_back(runs_[k].id);
            merge.output = {next_id++, level + 1, runs_[begin].first_position, runs_[end - 1].last_position};
            return merge;
        }
        i = begin;
    }
    return {};
}

Status History::merge_some(Merge& merge, std::size_t budget) {
    std::vector<Cursor> inputs;
    for (const auto id : merge.inputs) inputs.emplace_back(store_, id, merge.done);
    RunBuilder builder(shape_.bytes);
    std::size_t merged = 0;
    const auto write = [&]() -> Status {
        auto& chunks = builder.chunks();
        auto& totals = builder.totals();
        if (!merge.started) {
            RunStore::Run unfinished = merge.output;
            unfinished.level = -unfinished.level;
            YIPAN_TRY_VOID(store_.add(unfinished, totals, chunks));
            merge.started = true;
        } else if (!chunks.empty() || !totals.empty()) {
            YIPAN_TRY_VOID(store_.append(merge.output.id, totals, chunks));
        }
        chunks.clear();
        totals.clear();
        return {};
    };
    while (merged < budget) {
        std::optional<KeyBytes> least;
        for (Cursor& input : inputs) {
            YIPAN_TRY(const Piece* piece, input.peek());
            if (piece && (!least || piece->key < *least)) least = piece->key;
        }
        if (!least) {
            merge.finished = true;
            break;
        }
        for (Cursor& input : inputs) {  // oldest first: positions ascend
            for (;;) {
                YIPAN_TRY(const Piece* piece, input.peek());
                if (!piece || piece->key != *least) break;
                YIPAN_TRY_VOID(decode(*piece, [&](const RunPosting& posting) { builder.add(*least, posting); }));
                merged += piece->count;
                input.pop();
            }
        }
        merge.done = least;
        if (builder.chunks().size() >= 256) YIPAN_TRY_VOID(write());
    }
    builder.finish();
    YIPAN_TRY_VOID(write());
    if (merge.finished) YIPAN_TRY_VOID(store_.set_level(merge.output.id, merge.output.level));
    return {};
}

Status History::read(const std::vector<KeyBytes>& wanted, std::int64_t from, std::int64_t to,
                     const OnPosting& on_posting, const OnSum& on_sum) const {
    for (const RunStore::Run& run : runs_) {
        if (run.last_position <= from || run.first_position > to) continue;
        std::size_t i = 0;
        Status inner;
        while (i < wanted.size()) {
            const std::size_t sought = i;
            bool first_chunk = true;
            const auto visit_chunk = [&](std::string_view first_key, std::string_view body) {
                // Cells before this chunk's first are not in the run; when the next one wanted is far, reading on is a
                // waste.
                if (!first_chunk) {
                    while (i < wanted.size() && view(wanted[i]) < first_key.substr(0, cell_key_bytes)) ++i;
                    if (i == wanted.size() ||
                        first_key.substr(0, cell_key_bytes - 4) < view(wanted[i]).substr(0, cell_key_bytes - 4))
                        return false;
                }
                first_chunk = false;
                KeyBytes last{};
                bool any = false;
                inner = each_piece(body, [&](const Piece& piece) {
                    last = piece.key;
                    any = true;
                    while (i < wanted.size() && wanted[i] < piece.key) ++i;
                    if (i == wanted.size()) return false;
                    if (wanted[i] != piece.key) return true;
                    const std::size_t index = i;
                    if (!piece.continues) ++i;
                    if (piece.last_position <= from || piece.first_position > to) return true;
                    if (on_sum && piece.first_position > from && piece.last_position <= to) {
                        on_sum(index, piece.sum, piece.net);
                        return true;
                    }
                    const Status decoded = decode(piece, [&](const RunPosting& p) {
                        if (p.position <= from || p.position > to) return;
                        if (on_sum)
                            on_sum(index, static_cast<__int128>(p.value) * p.sign, p.sign);
                        else
                            on_posting(index, p);
                    });
                    if (!decoded) inner = decoded;
                    return decoded.has_value();
                });
                if (!inner || i == wanted.size()) return false;
                // The cell sought may begin with the next chunk; one of the same series is probably near; else seek
                // again.
                return !any || i == sought || same_series(last, wanted[i]);
            };
            bool reached_end = true;
            YIPAN_TRY_VOID(
                store_.chunks_from(run.id, seek_key(wanted[i]), [&](std::string_view key, std::string_view body) {
                    const bool more = visit_chunk(key, body);
                    if (!more) reached_end = false;
                    return more;
                }));
            if (!inner) return inner;
            if (reached_end) break;
            if (i == sought) ++i;  // not in its chunk nor the next
        }
    }
    return {};
}

}  // namespace yipan::figure
