#pragma once
// Scoring formulas of an indicator (the catalogue of docs/schemes.md). A formula turns the raw values of a peer group
// into values on a stated scale; `full` is the value that earns full marks. A formula that cannot give a value (zero
// range, zero target, negative growth) says why: it never yields 0 or NaN in silence.
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace yipan::score {

enum class FormulaKind {
    value,
    ratio_target,
    ratio_baseline,
    ratio_best,
    minmax,
    efficacy,
    rank_step,
    level_step,
    tranche,
    mean_centre,
    mix,
    zscore,
    rank,
    percentile,
    borda,
    distance_max,
    distance_reference,
    distance_target,
    goalposts,
    fraction_of_max,
    scaled
};
std::string_view formula_name(FormulaKind kind);

enum class Direction { up, down };
enum class Transform { none, log };
enum class RankTies { lowest, average };       // of the formulas rank, borda, percentile, rank_step
enum class Negative { no_value, zero, keep };  // what a negative value does to a ratio

/// A parameter that is a number, the unit's own cell in another column, or the mean of the peers.
struct Quantity {
    std::optional<double> number;
    std::string column;
    bool peer_mean = false;
    bool given() const { return number || !column.empty() || peer_mean; }
};

constexpr double unbounded = std::numeric_limits<double>::infinity();

struct Formula {
    FormulaKind kind = FormulaKind::value;
    std::string column;          // input; empty: the column of the indicator
    Quantity against;            // target, baseline, reference or mean
    double low = 0, high = 100;  // minmax: range; goalposts, scaled: posts; efficacy: unacceptable, satisfactory
    double cap = unbounded, floor = -unbounded;
    double base = 0, span = 0;  // efficacy 60 + 40; level_step, tranche: points at the reference level
    double step = 0, per = 1;   // rank_step: lost per place; level_step, mean_centre: points per `per` of growth
    double width = 10, divisor = 20, divisor_step = 20;  // tranche
    double share = 0.5;                                  // mix: weight of the first part
    double mean = 0, sd = 1;                             // zscore
    double scale = 100;                                  // ratios, goalposts, scaled, distances: value at the full mark
    std::optional<double> full;                          // value that earns full marks; unset: known only from the data
    bool whole_steps = false, percent = false, ratio = false, without_self = false;
    Negative negative = Negative::no_value;
    RankTies ties = RankTies::lowest;
    std::string unit;            // distance_reference
    std::vector<Formula> parts;  // mix: exactly two
};

}  // namespace yipan::score
