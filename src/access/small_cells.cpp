#include "access/small_cells.h"

#include <algorithm>
#include <numeric>

namespace yipan::access {

std::vector<bool> withheld_parts(const std::vector<Part>& parts, std::int64_t least) {
    std::vector<bool> out(parts.size(), false);
    std::int64_t hidden = 0;
    for (std::size_t i = 0; i < parts.size(); ++i)
        if (parts[i].stands_for > 0 && parts[i].stands_for < least) out[i] = true, hidden += parts[i].stands_for;
    if (hidden == 0) return out;
    std::vector<std::size_t> order(parts.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return parts[a].size < parts[b].size; });
    // The whole minus what is shown is what is withheld together: it must be no small cell itself.
    for (const std::size_t i : order) {
        if (hidden >= least) break;
        if (out[i] || parts[i].stands_for == 0) continue;
        out[i] = true;
        hidden += parts[i].stands_for;
    }
    return out;
}

}  // namespace yipan::access
