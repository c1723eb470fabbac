#pragma once
// Aggregate: the values of the children of a node -> the value of the node. A missing child is left out and the weights
// of the others are raised (the result says so), unless it must be refused. Geometric and harmonic need values above 0.
// Also outranking and Copeland, which compare units pair by pair and never compensate.
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "score/scheme.h"

namespace yipan::score {

struct Part {
    std::string_view code;
    double weight = 1;  // above 0
    std::optional<double> value;
    std::optional<double> full;  // value at full marks
    bool refuse = false;         // a missing value takes the node with it
    std::string_view reason;     // why it is missing
};

struct Aggregated {
    std::optional<double> value;
    std::optional<double> full;
    bool reweighted = false;
    double present_share = 1;  // of the weight
    std::string text, reason;
};

Aggregated aggregate(const Node& node, std::span<const Part> parts);
/// The plain mean of one kind over present parts; nullopt where it does not exist. Used again to ask "what if".
std::optional<double> weighted_mean(Aggregate kind, std::span<const double> values, std::span<const double> weights);

using Matrix = std::vector<std::vector<double>>;
/// cell(a, b): share of the weight where a beats b, ties half, over the indicators both have; 0 where they share none.
Matrix outranking(const std::vector<std::vector<std::optional<double>>>& columns, std::span<const double> weights);
/// Wins minus losses against 0.5.
std::vector<int> copeland(const Matrix& outranked);

}  // namespace yipan::score
