#pragma once
// The forests as the book walks them: for a node and a day, the set of records of a type below it (itself included). A
// set, not a tree: many-to-many links count a node once and a cycle ends where it began. Sets are kept per epoch, the
// stretch of days between two changes of a forest's links. Not thread-safe: the book guards it.
#include <absl/container/flat_hash_map.h>

#include <memory>

#include "figure/book.h"

namespace yipan::figure {

struct UnitSet {
    std::vector<std::int64_t> units;  // ascending
    bool has(std::int64_t unit) const;
};
using UnitSetPtr = std::shared_ptr<const UnitSet>;

class Graph {
  public:
    void set_links(std::vector<Link> links);
    /// Which stretch of unchanged links of the forest the day lies in.
    int epoch(int forest, Date day) const;
    /// Records of `wanted_type` reached from the node by links valid in the epoch.
    UnitSetPtr below(int forest, int type, std::int64_t id, int epoch, int wanted_type);

  private:
    struct Node {
        int type = -1;
        std::int64_t id = 0;
        auto operator<=>(const Node&) const = default;
        template <class H>
        friend H AbslHashValue(H h, const Node& n) {
            return H::combine(std::move(h), n.type, n.id);
        }
    };
    struct Edge {
        Node child;
        std::int32_t from, to;
    };
    struct Forest {
        std::vector<std::int64_t> boundaries;  // days on which the set of links changes
        absl::flat_hash_map<Node, std::vector<Edge>> children;
    };
    struct SetKey {
        int forest, type, epoch, wanted;
        std::int64_t id;
        bool operator==(const SetKey&) const = default;
        template <class H>
        friend H AbslHashValue(H h, const SetKey& k) {
            return H::combine(std::move(h), k.forest, k.type, k.epoch, k.wanted, k.id);
        }
    };
    absl::flat_hash_map<int, Forest> forests_;
    absl::flat_hash_map<SetKey, UnitSetPtr> sets_;
};

constexpr std::size_t unit_sets_max = 50'000;  // kept; beyond, all are forgotten and walked again

}  // namespace yipan::figure
