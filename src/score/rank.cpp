#include "score/rank.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace yipan::score {

std::vector<std::optional<double>> rank_scores(const std::vector<std::optional<double>>& scores, TieRule rule) {
    std::vector<double> falling;
    for (const auto& score : scores)
        if (score) falling.push_back(*score);
    std::sort(falling.begin(), falling.end(), std::greater<>());
    std::vector<double> distinct = falling;
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    std::vector<std::optional<double>> out;
    for (const auto& score : scores) {
        if (!score) {
            out.emplace_back();
            continue;
        }
        const auto& list = rule == TieRule::dense ? distinct : falling;
        const auto [first, last] = std::equal_range(list.begin(), list.end(), *score, std::greater<>());
        const double place = static_cast<double>(first - list.begin()) + 1;
        const double tied = static_cast<double>(last - first);
        out.emplace_back(rule == TieRule::shared_mean ? place + (tied - 1) / 2 : place);
    }
    return out;
}

std::string shown(double score, int decimals) {
    const double power = std::pow(10.0, decimals);
    const double scaled = std::abs(score) * power;
    if (!std::isfinite(scaled) || scaled > 1e15) return fmt::format("{:.{}f}", score, decimals);
    const double units = std::floor(scaled + 0.5 + 1e-9);
    return fmt::format("{:.{}f}", std::copysign(units == 0 ? 0.0 : units, units == 0 ? 1.0 : score) / power, decimals);
}

LastPlaces last_places(const std::vector<RankOfYear>& history, const LastPlacesRule& rule, int year) {
    LastPlaces out;
    for (int y = year - rule.years + 1; y <= year; ++y) {
        const auto found =
            std::find_if(history.begin(), history.end(), [&](const RankOfYear& one) { return one.year == y; });
        if (found == history.end() || !found->rank)
            out.years_absent.push_back(y);
        else if (*found->rank > found->population - rule.last)
            out.years.push_back(y);
    }
    out.met = static_cast<int>(out.years.size()) >= rule.times;
    return out;
}

}  // namespace yipan::score
