#include "score/classes.h"

#include <algorithm>
#include <numeric>

namespace yipan::score {
namespace {
constexpr std::int64_t whole = 1'000'000;  // 100% in quota units

std::vector<std::string> by_threshold(const Classes& classes, const std::vector<std::optional<double>>& scores) {
    std::vector<std::string> out(scores.size());
    for (std::size_t i = 0; i < scores.size(); ++i)
        for (std::size_t k = 0; scores[i] && k < classes.names.size() && out[i].empty(); ++k)
            if (*scores[i] >= classes.thresholds[k]) out[i] = classes.names[k];
    return out;
}
}  // namespace

std::vector<std::size_t> quota_counts(std::size_t n, const std::vector<std::int64_t>& quotas, QuotaRounding rounding) {
    const std::int64_t count = static_cast<std::int64_t>(n);
    std::vector<std::size_t> out;
    if (rounding != QuotaRounding::largest_remainder) {
        std::int64_t running = 0, before = 0;
        for (std::int64_t quota : quotas) {
            running += quota;
            const std::int64_t bound = (count * running + (rounding == QuotaRounding::half_up ? whole / 2 : 0)) / whole;
            out.push_back(static_cast<std::size_t>(bound - before));
            before = bound;
        }
        return out;
    }
    std::int64_t given = 0;
    for (std::int64_t quota : quotas) {
        out.push_back(static_cast<std::size_t>(count * quota / whole));
        given += count * quota / whole;
    }
    std::vector<std::size_t> order(quotas.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    // Largest remainder first; equal remainders favour the better class.
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return count * quotas[a] % whole > count * quotas[b] % whole;
    });
    for (std::size_t k = 0; given < count && k < order.size(); ++k, ++given) ++out[order[k]];
    return out;
}

std::vector<std::string> classify(const Classes& classes, const std::vector<std::optional<double>>& scores) {
    if (classes.quotas.empty()) return by_threshold(classes, scores);
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < scores.size(); ++i)
        if (scores[i]) order.push_back(i);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return *scores[a] > *scores[b]; });
    const std::vector<std::size_t> counts = quota_counts(order.size(), classes.quotas, classes.rounding);
    std::vector<std::size_t> place_class;  // class of each place
    for (std::size_t k = 0; k < counts.size(); ++k) place_class.insert(place_class.end(), counts[k], k);
    std::vector<std::string> out(scores.size());
    for (std::size_t first = 0; first < order.size();) {
        std::size_t last = first;
        while (last + 1 < order.size() && *scores[order[last + 1]] == *scores[order[first]]) ++last;
        for (std::size_t i = first; i <= last; ++i) {
            const std::size_t place = classes.at_bound == AtBound::better  ? first
                                      : classes.at_bound == AtBound::worse ? last
                                                                           : i;
            out[order[i]] = classes.names[place_class[place]];
        }
        first = last + 1;
    }
    return out;
}

}  // namespace yipan::score
