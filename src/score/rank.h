#pragma once
// Ranks: on unrounded scores, 1 = best, with a stated tie rule; the one place where scores are rounded for display; and
// the rules that look at ranks over years ("among the last k places in n of m years").
#include <optional>
#include <string>
#include <vector>

#include "score/scheme.h"

namespace yipan::score {

/// competition 1 2 2 4, dense 1 2 2 3, shared_mean 1 2.5 2.5 4. A unit without a score has no rank.
std::vector<std::optional<double>> rank_scores(const std::vector<std::optional<double>>& scores, TieRule rule);

/// The only rounding of a score: half away from zero at `decimals`; a value within 1e-9 of a tie counts as the tie.
std::string shown(double score, int decimals);

struct RankOfYear {
    int year = 0;
    std::optional<double> rank;  // none: not assessed that year
    int population = 0;          // units ranked in the peer group of that year; groups may change between years
};
struct LastPlaces {
    bool met = false;
    std::vector<int> years;         // in which the unit was among the last
    std::vector<int> years_absent;  // of the window, without a rank
};
/// Looks at the `rule.years` calendar years ending with `year`. "Two years running" is times 2, years 2.
LastPlaces last_places(const std::vector<RankOfYear>& history, const LastPlacesRule& rule, int year);

}  // namespace yipan::score
