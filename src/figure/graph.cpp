#include "figure/graph.h"

#include <absl/container/flat_hash_set.h>

#include <algorithm>

namespace yipan::figure {

bool UnitSet::has(std::int64_t unit) const { return std::binary_search(units.begin(), units.end(), unit); }

void Graph::set_links(std::vector<Link> links) {
    forests_.clear();
    sets_.clear();
    for (const Link& link : links) {
        if (link.from > link.to) continue;
        Forest& forest = forests_[link.forest];
        forest.children[{link.parent_type, link.parent}].push_back({{link.child_type, link.child}, link.from, link.to});
        if (link.from != INT32_MIN) forest.boundaries.push_back(link.from);
        if (link.to != INT32_MAX) forest.boundaries.push_back(std::int64_t{link.to} + 1);
    }
    for (auto& [code, forest] : forests_) {
        std::sort(forest.boundaries.begin(), forest.boundaries.end());
        forest.boundaries.erase(std::unique(forest.boundaries.begin(), forest.boundaries.end()),
                                forest.boundaries.end());
    }
}

int Graph::epoch(int forest, Date day) const {
    const auto at = forests_.find(forest);
    if (at == forests_.end()) return 0;
    const auto& b = at->second.boundaries;
    return static_cast<int>(std::upper_bound(b.begin(), b.end(), std::int64_t{day.days}) - b.begin());
}

UnitSetPtr Graph::below(int forest, int type, std::int64_t id, int epoch, int wanted_type) {
    const SetKey key{forest, type, epoch, wanted_type, id};
    if (const auto at = sets_.find(key); at != sets_.end()) return at->second;

    auto set = std::make_shared<UnitSet>();
    const auto found = forests_.find(forest);
    // Any day of the epoch sees the same links: the first one, or the day before the first boundary.
    std::int64_t day = 0;
    if (found != forests_.end() && !found->second.boundaries.empty()) {
        const auto& b = found->second.boundaries;
        day = epoch == 0 ? b.front() - 1 : b[static_cast<std::size_t>(epoch) - 1];
    }
    absl::flat_hash_set<Node> seen{{type, id}};
    std::vector<Node> open{{type, id}};
    while (!open.empty()) {
        const Node node = open.back();
        open.pop_back();
        if (node.type == wanted_type) set->units.push_back(node.id);
        if (found == forests_.end()) continue;
        const auto edges = found->second.children.find(node);
        if (edges == found->second.children.end()) continue;
        for (const Edge& edge : edges->second) {
            if (edge.from <= day && day <= edge.to && seen.insert(edge.child).second) open.push_back(edge.child);
        }
    }
    std::sort(set->units.begin(), set->units.end());
    if (sets_.size() >= unit_sets_max) sets_.clear();
    sets_[key] = set;
    return set;
}

}  // namespace yipan::figure
