#pragma once
// The living cells: per (figure, unit, d1, d2) a short sorted table of slots with sum and count, the postings since the
// last run chained per cell, and subtree sums kept up to date with every posting. Not thread-safe: the book guards it.
#include <absl/container/flat_hash_map.h>

#include <memory>
#include <optional>

#include "figure/graph.h"
#include "figure/run.h"

namespace yipan::figure {

constexpr std::uint32_t no_index = UINT32_MAX;
constexpr Slot slot_min = INT32_MIN;
constexpr std::int32_t figure_numbers_max = 1'000'000;  // given out over the life of a board
/// Members of all subtree sums together, and subtree sums; beyond, all are forgotten and added up again.
constexpr std::size_t aggregate_members_max = 4'000'000;
constexpr std::size_t aggregates_max = 100'000;

/// Sum and number of contributions of a cell. The 128-bit sum is kept as two halves to save a third of the memory.
struct Cell {
    Slot slot = 0;
    std::int32_t count = 0;
    std::uint64_t low = 0;
    std::int64_t high = 0;
    std::uint32_t recent = no_index;  // newest posting of this cell in the log
    __int128 sum() const { return static_cast<__int128>(static_cast<unsigned __int128>(high) << 64 | low); }
    void add(__int128 value, std::int64_t n) {
        const __int128 s = sum() + value;
        low = static_cast<std::uint64_t>(s);
        high = static_cast<std::int64_t>(s >> 64);
        count = static_cast<std::int32_t>(count + n);
    }
};

/// Cells of one series, ascending by slot. Few (months of some years): searching an array beats a map.
class SlotTable {
  public:
    Cell& at(Slot slot);
    const Cell* find(Slot slot) const;
    struct Sum {
        __int128 sum = 0;
        std::int64_t count = 0;
    };
    Sum range(Slot from, Slot to) const;
    const std::vector<Cell>& cells() const { return cells_; }
    std::vector<Cell>& cells() { return cells_; }

  private:
    std::vector<Cell> cells_;
};

struct Series {
    std::int32_t figure = 0;
    std::int64_t unit = 0, d1 = 0, d2 = 0;
    std::uint32_t next_of_unit = no_index;
    SlotTable slots;
};

/// The sum of the series of a set of units (null: all units).
struct Aggregate {
    UnitSetPtr units;
    std::optional<std::int64_t> d1, d2;
    SlotTable slots;
    bool takes(const Series& s) const { return (!d1 || *d1 == s.d1) && (!d2 || *d2 == s.d2); }
};

struct Logged {
    std::uint32_t series = 0;
    Slot slot = 0;
    std::int64_t position = 0, record = 0, value = 0;
    std::int32_t day = 0;
    std::int8_t sign = 1;
    std::uint32_t previous = no_index;  // of the same cell
};

class Cells {
  public:
    /// Tables are by figure number and grow with the postings that come.
    Cells() = default;

    std::uint32_t apply(const Posting& posting);  // the series it went to
    /// Adds a run's total of a cell (open).
    void add_total(const CellKey& key, __int128 sum, std::int64_t net);

    std::uint32_t series_of(std::int32_t figure, std::int64_t unit, std::int64_t d1, std::int64_t d2);
    const Series& series(std::uint32_t index) const { return series_[index]; }
    std::size_t series_count() const { return series_.size(); }
    /// Indexes of the series of these units (null: all) and dimensions.
    template <class Visit>
    void each_series(std::int32_t figure, const UnitSet* units, std::optional<std::int64_t> d1,
                     std::optional<std::int64_t> d2, const Visit& visit) const {
        if (static_cast<std::size_t>(figure) >= tables_.size()) return;
        const Table& table = tables_[static_cast<std::size_t>(figure)];
        const auto wanted = [&](std::uint32_t i) {
            if ((!d1 || *d1 == series_[i].d1) && (!d2 || *d2 == series_[i].d2)) visit(i);
        };
        if (!units) {
            for (const std::uint32_t i : table.all) wanted(i);
            return;
        }
        for (const std::int64_t unit : units->units) {
            const auto at = table.first_of_unit.find(unit);
            if (at == table.first_of_unit.end()) continue;
            for (std::uint32_t i = at->second; i != no_index; i = series_[i].next_of_unit) wanted(i);
        }
    }

    /// A subtree sum that apply() keeps up to date; `key` is the caller's name of it. Null when there is none yet.
    struct AggregateKey {
        std::int32_t figure = 0, unit_type = 0, forest = 0, epoch = 0;
        std::int64_t unit = 0, d1 = 0, d2 = 0;
        std::uint8_t fixed = 0;  // bit 0: d1, bit 1: d2
        bool operator==(const AggregateKey&) const = default;
        template <class H>
        friend H AbslHashValue(H h, const AggregateKey& k) {
            return H::combine(std::move(h), k.figure, k.unit_type, k.forest, k.epoch, k.unit, k.d1, k.d2, k.fixed);
        }
    };
    const Aggregate* aggregate(const AggregateKey& key) const;
    const Aggregate& make_aggregate(const AggregateKey& key, UnitSetPtr units, std::optional<std::int64_t> d1,
                                    std::optional<std::int64_t> d2);
    void forget_aggregates();

    const std::vector<Logged>& log() const { return log_; }
    /// Forgets the first n postings of the log (they are in a run now).
    void trim_log(std::size_t n);
    /// Grows with every posting of the figure.
    std::uint64_t version(std::int32_t figure) const {
        return static_cast<std::size_t>(figure) < tables_.size() ? tables_[static_cast<std::size_t>(figure)].version : 0;
    }
    std::size_t memory_bytes() const;

  private:
    struct SeriesKey {
        std::int64_t unit, d1, d2;
        bool operator==(const SeriesKey&) const = default;
        template <class H>
        friend H AbslHashValue(H h, const SeriesKey& k) {
            return H::combine(std::move(h), k.unit, k.d1, k.d2);
        }
    };
    struct Table {
        absl::flat_hash_map<std::int64_t, std::uint32_t> first_of_unit;
        absl::flat_hash_map<SeriesKey, std::uint32_t> with_dimensions;  // only series with d1 or d2 set
        std::vector<std::uint32_t> all;
        absl::flat_hash_map<std::int64_t, std::vector<Aggregate*>> watchers;  // by unit
        std::vector<Aggregate*> watch_all;
        std::uint64_t version = 0;
    };
    Table& table(std::int32_t figure);
    std::vector<Table> tables_;
    std::vector<Series> series_;
    std::vector<Logged> log_;
    absl::flat_hash_map<AggregateKey, std::unique_ptr<Aggregate>> aggregates_;
    std::size_t aggregate_members_ = 0;
};

}  // namespace yipan::figure
