#include "base/nearest.h"

#include <algorithm>
#include <array>

namespace yipan {
namespace {
constexpr std::size_t length_max = 64;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    if (a.size() > length_max || b.size() > length_max) return std::max(a.size(), b.size());
    using Row = std::array<std::size_t, length_max + 1>;
    Row before{}, above{}, row{};
    for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0u : 1u)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before = above;
        above = row;
    }
    return above[b.size()];
}

std::string nearest(std::string_view wanted, const std::vector<std::string_view>& known) {
    const std::size_t allowed = std::clamp<std::size_t>(wanted.size() / 3, 1, 3);
    std::size_t best = allowed + 1;
    std::string_view name;
    for (const std::string_view candidate : known) {
        const std::size_t distance = edit_distance(wanted, candidate);
        // A name of which nothing remains is not near, however short both are.
        if (distance < best && distance < std::max(wanted.size(), candidate.size())) {
            best = distance;
            name = candidate;
        }
    }
    return std::string(name);
}

std::string did_you_mean(std::string_view wanted, const std::vector<std::string_view>& known, std::string otherwise) {
    const std::string name = nearest(wanted, known);
    return name.empty() ? otherwise : "did you mean " + name;
}

}  // namespace yipan
