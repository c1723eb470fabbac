#pragma once
// Living figures. A change of records becomes postings: (figure, cell, record, +/-value) at a journal position; cells
// are sums of postings, kept in memory, so a write costs the same however long the history is. Postings are also the
// answer to why, as-known, min/max and distinct: they are kept in sorted runs (run.h), written in order, merged in
// tiers. I2: cells equal recomputation from the records at the same position (src/oracle does that, sharing no code
// with this).
//
// Three parts, all without any store:
//   Plan      compiled from the model: which postings a record makes, and who must be re-derived when a referenced
//   record changes Book      the living state: cells (series by month slot), subtree sums, recent postings, and the
//   runs below them Query     value of any figure for unit x period x dimensions, now or as known at a position, with
//   its explanation
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/date.h"
#include "base/ids.h"
#include "base/result.h"
#include "model/model.h"
#include "record/record.h"

namespace yipan::figure {

/// Time slot of a cell in the figure's grain: month index, quarter index (year*4+q-1), half (year*2+h-1), year; 0 for
/// no period.
using Slot = std::int32_t;
constexpr std::int64_t dimension_none =
    0;  // dimension values: reference id; choice index + 1; boolean 1 false, 2 true; 0 unset

struct CellKey {
    std::int32_t figure = 0;  // in postings and cells: the figure's number (Plan); in answers: its index in the model
    Slot slot = 0;
    std::int64_t unit = 0;  // record id in the figure's unit type
    std::int64_t d1 = 0, d2 = 0;
    auto operator<=>(const CellKey&) const = default;
};

/// One record's part in one cell. For sum/average/stock/cumulative `value` is the stored integer; for count 1;
/// for min/max the value; for distinct an integer id of the value (reference id, integer, or a stable 63-bit hash of
/// the text). `day` is the record's own date (days), used by stock and cumulative to take the last.
struct Contribution {
    CellKey cell;
    std::int64_t value = 0;
    std::int32_t day = 0;
    auto operator<=>(const Contribution&) const = default;
};

struct Posting {
    Contribution what;
    std::int64_t position = 0;  // of the entry that caused it
    std::int64_t record = 0;    // id in the figure's type
    std::int8_t sign = 1;       // +1 enters the cell, -1 leaves it
};

class Plan {
  public:
    /// The model outlives the plan. `numbers` gives each figure of the model the number its cells and postings are kept
    /// under, so that they survive when a model change renumbers the figures; empty: number = index.
    explicit Plan(const model::Model& model, std::vector<std::int32_t> numbers = {});
    std::int32_t number_of(int figure) const;
    int index_of(std::int32_t number) const;  // -1: no figure of this model
    std::int32_t numbers_end() const;         // above every number this plan knows
    const model::Model& model() const { return model_; }
    /// Appends what `record` contributes to every figure of its type, as the resolver shows the world. A record whose
    /// unit, value or period is unset contributes nothing; an expression that fails (overflow) is an error naming
    /// figure and record.
    Status contributions(const record::Record& record, record::Resolver& world, std::vector<Contribution>& out) const;
    /// The same for some of the figures only (indexes of figures of the record's type).
    Status contributions(const std::vector<int>& figures, const record::Record& record, record::Resolver& world,
                         std::vector<Contribution>& out) const;
    /// Types whose records a figure looks at: its own and those its paths and its condition walk to.
    std::vector<int> types_of(int figure) const;

    /// Records of `type` whose contributions depend on other records through these reference fields: when a record of
    /// `target` changes, every record of `type` whose `via` chain leads to it must be re-derived.
    struct Dependence {
        int type = -1;             // whose contributions change
        std::vector<int> via;      // reference fields from `type` down to the changed record (one or more hops)
        std::vector<int> fields;   // fields of the changed record that matter
        bool any_version = false;  // at: event / period_end (effective dates matter)
    };
    const std::vector<Dependence>& dependents_of(int target_type) const;
    bool has_figures(int type) const;
    /// Whether some figure reads this reference of an older version: a path that passes through it at a day's sight.
    bool walks_past(int type, int field) const;

  private:
    struct Compiled;
    const model::Model& model_;
    std::shared_ptr<const Compiled> compiled_;
};

/// The difference of two lists of contributions of one record as postings (order does not matter; equal ones cancel).
void difference(std::vector<Contribution> before, std::vector<Contribution> after, std::int64_t position,
                std::int64_t record, std::vector<Posting>& out);

}  // namespace yipan::figure
