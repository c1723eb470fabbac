#pragma once
// The sorted runs of a board's postings: writes a run from the log, merges runs in tiers a bounded piece at a time,
// reads the postings of cells between two positions. Runs cover the entries without gaps; level n+1 is made of `fanout`
// of level n.
//
// A run being made by a merge has a negative level in the store until its last piece is written, so a crash leaves it
// recognisable: open() ignores it and the next flush drops it. Runs that were merged are dropped in later flushes, so
// that a reader who still has the old list finds its chunks.
#include <optional>
#include <set>

#include "figure/book.h"
#include "figure/cells.h"
#include "figure/run.h"

namespace yipan::figure {

class History {
  public:
    History(RunStore& store, RunShape shape) : store_(store), shape_(shape) {}

    /// Reads the list of runs and their totals into the cells. Gaps or unknown damage: Code::corrupt.
    Status open(Cells& cells);
    std::int64_t last_position() const { return runs_.empty() ? 0 : runs_.back().last_position; }

    /// Writes the log as a run up to `position`, drops what the last merge replaced, merges a bounded amount. Inside
    /// the caller's transaction; nothing here changes for readers before commit().
    Status flush(const Cells& cells, std::int64_t position);
    std::size_t commit();  // the number of log entries that are in the run now
    void abandon();

    /// Reads what the runs hold of `wanted` (ascending, different) with from < position <= to, in order of position per
    /// cell. With on_sum, pieces wholly inside give their sums only and their postings are not decoded.
    using OnPosting = std::function<void(std::size_t index, const RunPosting&)>;
    using OnSum = std::function<void(std::size_t index, __int128 sum, std::int64_t net)>;
    Status read(const std::vector<KeyBytes>& wanted, std::int64_t from, std::int64_t to, const OnPosting& on_posting,
                const OnSum& on_sum) const;

    const std::vector<RunStore::Run>& runs() const { return runs_; }

  private:
    struct Merge {
        RunStore::Run output;              // at its final level; negative in the store meanwhile
        std::vector<std::int64_t> inputs;  // ids, oldest first
        std::optional<KeyBytes> done;      // cells up to here are written
        bool started = false;              // the output exists in the store
        bool finished = false;
    };
    struct Pending {
        RunStore::Run run;
        std::size_t log_entries = 0;
        std::size_t dropped = 0;  // of stale_, from its begin
        std::optional<Merge> merge;
        std::int64_t next_id = 0;
    };
    Status write_log(const Cells& cells, const RunStore::Run& run);
    std::optional<Merge> choose_merge(std::int64_t& next_id) const;
    Status merge_some(Merge& merge, std::size_t budget);

    RunStore& store_;
    RunShape shape_;
    std::vector<RunStore::Run> runs_;  // by position, without those being made
    std::vector<std::int64_t> stale_;  // to be dropped
    std::optional<Merge> merge_;
    std::optional<Pending> pending_;
    std::int64_t next_id_ = 1;
};

}  // namespace yipan::figure
