#pragma once
// Small cells: a value behind which too few stand is withheld - and with it so much of what stands beside it that the
// whole minus the rest does not give it away (complementary suppression, docs/decisions/0022-smallest-cells.md).
#include <cstdint>
#include <vector>

namespace yipan::access {

struct Part {
    std::int64_t stands_for = 0;  // how many stand behind it; exact below the limit
    std::int64_t size = 0;        // by which the next smallest is chosen
};
/// Of the parts of one whole, which are withheld. Deterministic: the same for every reader and question.
std::vector<bool> withheld_parts(const std::vector<Part>& parts, std::int64_t least);

}  // namespace yipan::access
