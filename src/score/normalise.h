#pragma once
// Normalise: raw values of a peer group -> values on the formula's scale, each with the formula written out with its
// numbers, or the reason why there is none. Cost indicators (direction down) are turned by -1 first where the method is
// about order or distance (standards: composite indicators). Sums run in the order of the table; deviation with n-1.
#include <span>

#include "score/scheme.h"
#include "score/table.h"

namespace yipan::score {

struct Normalised {
    std::optional<double> raw;  // as in the table
    std::optional<double> value;
    std::optional<double> full;  // full marks; from the data for rank, borda, zscore
    bool clamped = false;        // cut to a bound of the formula
    std::string text;            // formula with numbers
    std::string reason;          // why there is no value
};

struct PeerSet {
    const Table& table;
    std::span<const std::size_t> units;  // indices into table.units
};

/// One result per unit of the peer set, in its order.
std::vector<Normalised> normalise(const Formula& formula, const Indicator& indicator, const std::string& code,
                                  const PeerSet& peers);

}  // namespace yipan::score
