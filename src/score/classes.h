#pragma once
// Classes (A/B/C/D, 甲乙丙丁) by quota or threshold. Quotas in per cent of the ranked units; whole places by a stated
// rule: floor and half_up round the running bound (20%, 65%, 95%, ... of n), largest_remainder rounds each share, so
// that the counts always sum to n. Units with equal scores across a bound follow `at_bound`.
#include <optional>
#include <string>
#include <vector>

#include "score/scheme.h"

namespace yipan::score {

/// Places per class for n units. quotas in 1/10,000 of a percent point, summing to 1,000,000.
std::vector<std::size_t> quota_counts(std::size_t n, const std::vector<std::int64_t>& quotas, QuotaRounding rounding);
/// Class of each unit; "" for a unit without a score, or below the last threshold.
std::vector<std::string> classify(const Classes& classes, const std::vector<std::optional<double>>& scores);

}  // namespace yipan::score
