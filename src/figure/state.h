#pragma once
// What a Book is made of, shared by the files that answer its questions: value.cpp, contributions.cpp, why.cpp. The
// caller of Book guards cells, graph and history against the writer; `guard` orders readers among themselves around
// what they remember.
#include <shared_mutex>

#include "figure/book.h"
#include "figure/cells.h"
#include "figure/graph.h"
#include "figure/history.h"
#include "figure/slots.h"

namespace yipan::figure {

constexpr std::size_t facts_max = 1'000'000;       // remembered cells with min, max, last or distinct values
constexpr std::size_t answers_max = 200'000;       // remembered answers of figures that do not add
constexpr std::size_t cells_at_once = 256;         // whose postings are held in memory together
constexpr std::int64_t rows_checked_max = 20'000;  // why adds up all rows to check them up to here
constexpr std::size_t places_checked_max = 2'000;  // ... and while they stand in so few places (cells x runs)

/// One contribution of a record as it stands at a position.
struct Row {
    std::int64_t record = 0, value = 0, position = 0;
    std::int32_t day = 0;
};
/// Order of "last": by date, then the record created later.
inline bool later(const Row& a, const Row& b) { return a.day != b.day ? a.day > b.day : a.record > b.record; }

struct CellRef {
    std::uint32_t series = 0;
    Slot slot = 0;
    bool operator==(const CellRef&) const = default;
    template <class H>
    friend H AbslHashValue(H h, const CellRef& c) {
        return H::combine(std::move(h), c.series, c.slot);
    }
};

/// What sum and count do not tell of a cell with several contributions; filled as its figure needs.
struct Facts {
    Row last;
    std::int64_t least = 0, greatest = 0;
    std::unique_ptr<absl::flat_hash_map<std::int64_t, std::int64_t>> values;  // distinct: value -> contributions
};

/// An ask resolved against the model: which cells may count. `none` says why there is no value; empty: there may be
/// one.
struct Reading {
    const model::Figure* figure = nullptr;
    bool all_units = false;
    std::optional<std::int64_t> d1, d2;
    Slot from = 0, to = 0;
    std::optional<Slot> before;  // cumulative: the slot whose value is subtracted
    int forest = -1, unit_type = -1, epoch = 0;
    std::int64_t unit = 0;
    std::string none;

    bool additive() const;  // flow sum, count, average: cells simply add
    Cells::AggregateKey key(std::int32_t number) const;
};

/// A contribution that counts, in its cell; `minus`: subtracted (cumulative).
struct Chosen {
    CellRef cell;
    Row row;
    bool minus = false;
};
struct Choice {
    std::vector<Chosen> rows;
    int reported = 0, expected = 0;
};
struct CellRows {
    CellRef cell;
    std::vector<Row> rows;  // by record
};

/// What the figures of every model of a board share: numbers survive a model change, so cells and postings do.
struct Ground {
    Ground(RunStore& runs, RunShape shape) : history(runs, shape) {}
    std::int64_t position = 0;
    Graph graph;
    Cells cells;
    History history;
    std::shared_mutex guard;
};

/// The figures of one model over the common ground. The living one takes postings; one of an earlier model only answers
/// what was known while it was in force.
struct Book::State {
    State(std::shared_ptr<const Plan> p, std::shared_ptr<Ground> g, NowIndexes now = {})
        : plan(std::move(p)),
          model(plan->model()),
          now_indexes(std::move(now)),
          ground(std::move(g)),
          position(ground->position),
          graph(ground->graph),
          cells(ground->cells),
          history(ground->history),
          guard(ground->guard) {}

    std::shared_ptr<const Plan> plan;
    const model::Model& model;
    const NowIndexes now_indexes;  // of an earlier model: its types and forests as the links' indexes; empty: the same
    std::shared_ptr<Ground> ground;
    std::int64_t& position;
    Graph& graph;
    Cells& cells;
    History& history;
    std::shared_mutex& guard;

    std::int32_t number(const model::Figure& figure) const { return plan->number_of(figure.index); }
    /// The figure's index in this model for a number; -1 when it has none.
    int graph_type(int type) const {
        return now_indexes.types.empty() || type < 0 ? type : now_indexes.types[static_cast<std::size_t>(type)];
    }
    int graph_forest(int forest) const {
        return now_indexes.types.empty() || forest < 0 ? forest : now_indexes.forests[static_cast<std::size_t>(forest)];
    }
    CellKey shown(CellKey key) const {
        key.figure = plan->index_of(key.figure);
        return key;
    }

    // value.cpp
    Value value(const Ask& ask, std::span<const Posting> pending = {});
    Reading resolve(const Ask& ask);
    const model::Figure* find(const Ask& ask) const;
    Value derived(const model::Figure& figure, const Ask& ask, std::span<const Posting> pending);
    Value value_on_top(const Reading& reading, std::span<const Posting> pending);
    Result<Ask> part_ask(const model::Figure& figure, std::size_t part, const Ask& ask) const;
    Value added(const Reading& reading, SlotTable::Sum sum) const;
    Value non_additive(const Reading& reading);  // now; under the unique lock
    int value_scale(const model::Figure& figure) const;
    Value reduced(const Reading& reading, const Choice& choice) const;

    // contributions.cpp
    UnitSetPtr units(const Reading& reading);  // null: all; under the unique lock
    /// Cells that may hold contributions that count, by (slot, unit, d1, d2). Now: only those that do.
    std::vector<CellRef> candidates(const Reading& reading, const UnitSet* units, bool now) const;
    Choice choose(const Reading& reading, const std::vector<CellRows>& cells) const;
    Result<std::vector<CellRows>> rows_at(std::span<const CellRef> wanted, std::int64_t position) const;
    Result<SlotTable::Sum> sums_at(std::span<const CellRef> wanted, std::int64_t at) const;
    Status each_posting(std::span<const CellRef> wanted, std::int64_t from, std::int64_t to,
                        const std::function<void(std::size_t, const RunPosting&)>& visit,
                        const History::OnSum& on_sum) const;
    Status load_facts(const std::vector<CellRef>& wanted);
    void update_facts(const Posting& posting, std::uint32_t series);
    bool keeps_facts(const model::Figure& figure) const;

    // why.cpp
    Explanation why(const Ask& ask, Page page);
    Result<std::vector<Posting>> difference(const Ask& ask, Position from, Position to, std::size_t limit);
    CellKey key_of(const CellRef& cell) const;

    absl::flat_hash_map<CellRef, Facts> facts;
    struct AnswerKey {
        Cells::AggregateKey key;
        Slot from = 0, to = 0, before = 0;
        bool operator==(const AnswerKey&) const = default;
        template <class H>
        friend H AbslHashValue(H h, const AnswerKey& k) {
            return H::combine(std::move(h), k.key, k.from, k.to, k.before);
        }
    };
    struct Answer {
        std::uint64_t version = 0;
        Value value;
    };
    absl::flat_hash_map<AnswerKey, Answer> answers;
};

}  // namespace yipan::figure
