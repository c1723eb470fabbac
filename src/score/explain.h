#pragma once
// Explain: how much of the total each node brought and cost. On an arithmetic path the points lost of all leaves sum to
// full marks minus the score; elsewhere `lost` is what the total would gain if this node alone had full marks.
#include "score/score.h"

namespace yipan::score {

/// The assessed children of a node, as the aggregation sees them.
std::vector<Part> parts_of(const Node& node, const Variant& variant, const std::vector<Cell>& cells);
/// Fills score, share, got, lost, additive of every cell of one unit.
void explain(const Variant& variant, std::vector<Cell>& cells);

}  // namespace yipan::score
