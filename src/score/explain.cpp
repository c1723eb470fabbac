#include "score/explain.h"

namespace yipan::score {
namespace {

// Share of the total per unit of value, handed down from parent to child.
void hand_down(const Variant& variant, const Node& node, std::vector<Cell>& cells) {
    const Cell& from = cells[&node - variant.nodes.data()];
    double all = 0, here = 0;
    for (int child : node.children) {
        const Cell& one = cells[child];
        if (one.has(Flag::not_assessed)) continue;
        all += one.weight;
        if (one.value) here += one.weight;
    }
    const bool additive = from.additive && node.aggregate == Aggregate::arithmetic;
    for (int child : node.children) {
        Cell& to = cells[child];
        to.additive = additive;
        if (!additive || !from.share || to.has(Flag::not_assessed)) continue;
        if (!to.value)
            to.share = 0;
        else if (node.weights == Weights::relative)
            to.share = *from.share * to.weight / here;
        else if (to.full && *to.full > 0)
            to.share = *from.share * to.weight / *to.full * (all / here);
    }
}

/// The total if the value of `node` were its full marks.
std::optional<double> total_at_full(const Variant& variant, const std::vector<Cell>& cells, std::size_t node) {
    std::optional<double> changed = cells[node].full;
    for (int at = static_cast<int>(node); changed && variant.nodes[at].parent >= 0; at = variant.nodes[at].parent) {
        const Node& parent = variant.nodes[variant.nodes[at].parent];
        std::vector<Part> parts = parts_of(parent, variant, cells);
        for (Part& part : parts)
            if (part.code == variant.nodes[at].code) part.value = changed;
        changed = aggregate(parent, parts).value;
    }
    return changed;
}
}  // namespace

std::vector<Part> parts_of(const Node& node, const Variant& variant, const std::vector<Cell>& cells) {
    std::vector<Part> out;
    for (int child : node.children) {
        const Cell& one = cells[child];
        if (one.has(Flag::not_assessed)) continue;
        const Node& below = variant.nodes[child];
        out.push_back({below.code, one.weight, one.value, one.full, below.missing == Missing::refuse, one.reason});
    }
    return out;
}

void explain(const Variant& variant, std::vector<Cell>& cells) {
    if (cells[0].value) cells[0].share = 1;
    for (std::size_t i = 0; i < variant.nodes.size(); ++i) {
        const Node& node = variant.nodes[i];
        Cell& one = cells[i];
        const bool in_points = node.parent >= 0 && variant.nodes[node.parent].weights == Weights::points;
        one.score = one.value;
        if (in_points && one.value && one.full && *one.full > 0) one.score = one.weight * *one.value / *one.full;
        hand_down(variant, node, cells);
        if (one.has(Flag::not_assessed) || !cells[0].value) continue;
        if (one.additive && one.share) {
            one.got = one.value ? *one.share * *one.value : 0;
            one.lost = one.value && one.full ? std::optional(*one.share * (*one.full - *one.value))
                       : one.value           ? std::nullopt
                                             : std::optional(0.0);
        } else if (one.value) {
            if (const auto better = total_at_full(variant, cells, i)) one.lost = *better - *cells[0].value;
        }
    }
}

}  // namespace yipan::score
