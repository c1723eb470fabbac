#pragma once
// The living state of all figures of one board at one journal position, and the questions asked of it.
//
// Threads: one writer calls apply(); readers call the const functions through the board, which guards them with a
// shared lock, so that no reader sees two positions (I5). Nothing here touches a store: runs come in and go out through
// RunStore.
#include <array>
#include <span>
#include <utility>

#include "figure/engine.h"

namespace yipan::figure {

constexpr std::int64_t run_entries = 4096;  // entries per level-0 run
constexpr int run_fanout = 16;              // runs of a level merged into one of the next
constexpr std::size_t chunk_bytes = 8192;   // postings per chunk, before it is cut

/// The sizes of runs; tests make them small.
struct RunShape {
    int fanout = run_fanout;
    std::size_t bytes = chunk_bytes;    // of a chunk
    std::size_t merge_factor = 8;       // postings merged in one flush per posting written by it ...
    std::size_t merge_least = 100'000;  // ... but at least so many
};

/// Where runs live. The sqlite store implements it (table yipan_run / yipan_run_chunk); tests use memory.
class RunStore {
  public:
    virtual ~RunStore() = default;
    struct Run {
        std::int64_t id = 0;
        int level = 0;
        std::int64_t first_position = 0, last_position = 0;  // inclusive range of entries whose postings it holds
    };
    virtual Result<std::vector<Run>> list() = 0;  // by first_position
    virtual Status add(const Run& run, std::span<const std::string> totals,
                       std::span<const std::pair<std::string, std::string>> chunks) = 0;
    /// More of a run that exists: keys after those it has. A merge writes its output in several transactions this way;
    /// until it is complete the run's level is negative (list() returns it as it is).
    virtual Status append(std::int64_t run_id, std::span<const std::string> totals,
                          std::span<const std::pair<std::string, std::string>> chunks) = 0;
    virtual Status set_level(std::int64_t run_id, int level) = 0;
    virtual Status drop(std::int64_t run_id) = 0;
    virtual Result<std::vector<std::string>> totals(
        std::int64_t run_id) = 0;  // the per-cell totals of a run, in the order written
    /// The last chunk whose first key is <= key (when there is none, the first chunk), and those after it in key order;
    /// `next` returns false to stop. Readers call this from any thread, while the writer flushes: they need committed
    /// runs only.
    virtual Status chunks_from(std::int64_t run_id, std::string_view key,
                               const std::function<bool(std::string_view first_key, std::string_view body)>& next) = 0;
};

/// Dated links of a forest as the book needs them; the board feeds it from the link records.
struct Link {
    int forest = -1;
    int parent_type = -1, child_type = -1;
    std::int64_t parent = 0, child = 0;
    std::int32_t from = INT32_MIN, to = INT32_MAX;  // days, inclusive
};

struct Ask {
    int figure = -1;
    int unit_type = -1;            // type of the unit asked for: a node of the forest; -1 = the figure's own unit type
    std::int64_t unit = 0;         // 0 = all units
    std::optional<Period> period;  // none: only for figures without a period
    std::optional<std::int64_t> d1, d2;  // dimension values; unset = all
    int forest = -1;                     // -1: the figure's own
    bool to_date = false;                // everything up to the period's end instead of the period
    std::optional<Date> tree_date;       // default: last day of the period; figures without period: `today`
    Date today;                          // board's date, used only where no period is given
    std::optional<Position> as_known;    // journal position; unset = now
    bool by_today = false;               // as known, but by today's definition instead of the one then in force
};

/// A figure's value. `units` at `scale` (money: fen, scale 2). No value is not zero: `why_none` says why.
struct Value {
    bool has = false;
    Decimal number;  // money: yuan with scale 2
    std::string why_none;
    bool failed = false;             // no value because it cannot be computed of what is there; nothing is missing
    std::int64_t records = 0;        // contributions behind it (plain figures)
    int reported = 0, expected = 0;  // stock: n of m
};

struct PartValue {
    std::string name;
    Ask ask;
    Value value;
};
struct Explanation {
    Value value;
    std::string formula;               // derived: the formula text; plain: "sum of amount over project_month where ..."
    std::string formula_with_numbers;  // the same with the numbers in it
    std::vector<PartValue> parts;      // derived: each can be asked again
    struct Row {
        std::int64_t record = 0;
        Contribution what;
        std::int64_t position = 0;
    };                      // position of the entry that put it there
    std::vector<Row> rows;  // this page of contributing records
    std::int64_t rows_total = 0;
    Decimal rows_sum;               // of ALL contributing records, checked against the value for sum and count
    bool rows_sum_checked = false;  // true: the sum of the records equals the cell
};
struct Page {
    std::int64_t offset = 0;
    std::int64_t limit = 50;
};

/// Types and forests of an earlier model as indexes of the present one (-1: gone); links are known as they are now.
struct NowIndexes {
    std::vector<int> types, forests;
};

class Book {
  public:
    struct State;
    /// The figures as an earlier model defined them; asks must be as known at a position while it was in force.
    using Lens = std::shared_ptr<State>;
    Book(std::shared_ptr<const Plan> plan, RunStore& runs, RunShape shape = {});
    ~Book();
    /// Reads the runs' totals; afterwards position() is that of the newest run and the board replays the entries after
    /// it.
    Status open();
    std::int64_t position() const;

    /// Takes the postings of entries up to `position`. Cannot fail half way: sums are 128 bit.
    void apply(std::span<const Posting> postings, std::int64_t position);
    /// Goes on with another model: cells and postings stay under their numbers, everything remembered is forgotten. The
    /// caller sets the links anew.
    void adopt(std::shared_ptr<const Plan> plan);
    Lens lens(std::shared_ptr<const Plan> plan, NowIndexes now) const;
    /// Links of the forests; replaces all. Small: thousands.
    void set_links(std::vector<Link> links);

    /// Entries since the last run; when it reaches run_entries the writer calls flush() inside its transaction and
    /// commit_flush() after the commit (or abandon_flush()).
    std::int64_t pending_entries() const;
    std::size_t pending_postings() const;
    Status flush();
    void commit_flush();
    void abandon_flush();

    Value value(const Ask& ask, const Lens& lens = {}) const;
    /// The same with postings of a transaction not committed yet on top: what rules see through figure(). Flow sums,
    /// counts and averages and what is derived from them (the loader lets rules ask no others); links are those already
    /// committed.
    Value value_with(const Ask& ask, std::span<const Posting> pending) const;
    Explanation why(const Ask& ask, Page page, const Lens& lens = {}) const;
    /// Postings that explain the difference of a figure between two positions (plain figures): (from, to], the first
    /// `limit` of them by (position, cell, record); ask for one more than wanted to see whether there are more.
    Result<std::vector<Posting>> difference(const Ask& ask, Position from, Position to, std::size_t limit,
                                            const Lens& lens = {}) const;
    /// Every cell with a nonzero number of contributions: for `recompute` and dumps. In key order.
    void each_cell(const std::function<void(const CellKey&, __int128 sum, std::int64_t count)>& visit) const;
    std::size_t memory_bytes() const;

  private:
    Lens state_;
};

}  // namespace yipan::figure
