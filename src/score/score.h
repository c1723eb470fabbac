#pragma once
// score(): table + scheme -> scores, ranks, classes, overrides and the explanation of every point. Pure and
// deterministic: leaves in tree order, units in table order, sums from left to right; nothing is rounded before it is
// shown. Order of one unit: tree -> caps -> difficulty -> bonus -> deduction as the scheme's `order` says; a veto is
// kept beside the computed score and never changes it. All input mistakes are reported at once.
#include "score/aggregate.h"
#include "score/classes.h"
#include "score/normalise.h"
#include "score/rank.h"

namespace yipan::score {

enum class Flag {
    missing,   // the cell or everything below is empty
    no_value,  // the formula has no value here; see reason
    clamped,   // cut to a bound of its formula
    capped,
    floored,     // cut to the indicator's or the scheme's own bound
    reweighted,  // weights below were raised because something is missing
    missing_is_zero,
    peer_mean,
    not_assessed  // weight 0 for this unit
};
std::string_view name_of(Flag flag);

/// Everything about one node of one unit.
struct Cell {
    std::optional<double> raw;    // leaf: as in the table
    std::optional<double> value;  // normalised (leaf) or aggregated, on the node's scale
    std::optional<double> full;   // value at full marks
    std::optional<double> score;  // what is shown: points where the parent counts points, else value
    double weight = 0;
    std::optional<double> share;  // arithmetic path: d(total) / d(value)
    std::optional<double> got,
        lost;              // points of the total; `lost` of a geometric path: the gain if this alone were full
    bool additive = true;  // false: some mean above is not arithmetic, `lost` does not add up
    std::vector<Flag> flags;
    std::string text, reason;  // formula with its numbers; why there is no (own) value
    bool has(Flag flag) const;
};

struct Applied {
    std::string item;
    bool deduction = false;
    double asked = 0, counted = 0;  // before and after caps
    std::string note;
};
struct Override {
    std::string item;
    Effect effect = Effect::disqualify;
    std::string to_class, reason, basis, date, decider;
};

struct UnitOutcome {
    Unit unit;
    std::string variant;
    std::vector<Cell> cells;  // by node, pre-order
    std::vector<std::optional<double>> node_ranks;
    std::optional<double> computed;  // of the tree
    std::optional<double> total;     // after caps, difficulty, bonus, deduction
    std::string order_text;          // how total came from computed
    std::string reason;              // why there is no total
    std::optional<double> rank;
    std::string class_computed, class_final;
    bool eligible = true, voided = false;
    std::vector<Applied> applied;
    std::vector<Override> overrides;
};

struct Outcome {
    std::string scheme, variant, source;
    Label label;
    std::vector<std::string> notes;
    int display = 2;
    TieRule ties = TieRule::competition;
    std::vector<Node> nodes;         // shape and labels; weights are in the cells
    std::vector<UnitOutcome> units;  // in table order
    const UnitOutcome* unit(std::string_view code) const;
    int node(std::string_view code) const;  // -1 when there is none
};

struct Options {
    std::string variant;               // "": the scheme's default
    std::string table_name = "table";  // for the places of errors
};

Checked<Outcome> score(const Table& table, const Scheme& scheme, const Options& options = {});

}  // namespace yipan::score
