#include "score/aggregate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace yipan::score {
namespace {

std::string written(const Node& node, const std::vector<const Part*>& present, double scale) {
    std::string out;
    constexpr std::size_t shown_max = 12;
    for (std::size_t i = 0; i < present.size() && i < shown_max; ++i) {
        const Part& part = *present[i];
        if (node.weights == Weights::points)
            out += fmt::format("{}{:.6g} × {:.6g}/{:.6g}", i ? " + " : "", part.weight, *part.value, *part.full);
        else
            out += fmt::format("{}{:.6g} × {:.6g}", i ? " + " : "", part.weight, *part.value);
    }
    if (present.size() > shown_max) out += fmt::format(" + {} more", present.size() - shown_max);
    if (node.weights == Weights::points) return scale == 1 ? out : fmt::format("({}) × {:.6g}", out, scale);
    return fmt::format("{} mean ({})", name_of(node.aggregate), out);
}

Aggregated points(const Node& node, const std::vector<const Part*>& present, double all, double here, Aggregated out) {
    const double scale = all / here;  // 1 when nothing is missing
    double sum = 0;
    for (const Part* part : present) {
        if (!part->full || !(*part->full > 0)) {
            out.reason = fmt::format("{} has no full marks to count points by", part->code);
            return out;
        }
        sum += part->weight * *part->value / *part->full;
    }
    out.value = here == all ? sum : sum * scale;
    out.full = all;
    out.text = fmt::format("{} = {:.6g}", written(node, present, here == all ? 1 : scale), *out.value);
    return out;
}
}  // namespace

std::optional<double> weighted_mean(Aggregate kind, std::span<const double> values, std::span<const double> weights) {
    double total = 0, sum = 0;
    for (double w : weights) total += w;
    if (!(total > 0)) return std::nullopt;
    if (kind == Aggregate::weighted_median) {
        std::vector<std::size_t> order(values.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::stable_sort(order.begin(), order.end(),
                         [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
        for (std::size_t i : order)
            if ((sum += weights[i]) >= total / 2 - 1e-12 * total) return values[i];
        return values[order.back()];
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (kind != Aggregate::arithmetic && !(values[i] > 0)) return std::nullopt;
        if (kind == Aggregate::arithmetic) sum += weights[i] * values[i];
        if (kind == Aggregate::geometric) sum += weights[i] * std::log(values[i]);
        if (kind == Aggregate::harmonic) sum += weights[i] / values[i];
    }
    if (kind == Aggregate::geometric) return std::exp(sum / total);
    return kind == Aggregate::harmonic ? total / sum : sum / total;
}

namespace {
Aggregated aggregate_present(const Node& node, std::span<const Part> parts) {
    Aggregated out;
    double all = 0, here = 0;
    std::vector<const Part*> present;
    for (const Part& part : parts) {
        all += part.weight;
        if (part.value) {
            here += part.weight;
            present.push_back(&part);
        } else if (part.refuse) {
            out.reason = fmt::format("{} has no value: {}", part.code, part.reason);
            return out;
        }
    }
    if (present.empty()) {
        out.reason = parts.empty() ? "nothing below is assessed" : "nothing below has a value";
        return out;
    }
    out.present_share = here / all;
    out.reweighted = present.size() < parts.size();
    if (out.present_share < node.min_share - 1e-12) {
        out.reason = fmt::format("only {:.4g}% of the weight has a value, {:.4g}% is required", 100 * out.present_share,
                                 100 * node.min_share);
        return out;
    }
    if (node.weights == Weights::points) return points(node, present, all, here, std::move(out));

    std::vector<double> values, weights, fulls;
    for (const Part* part : present) {
        if (node.aggregate != Aggregate::arithmetic && node.aggregate != Aggregate::weighted_median &&
            !(*part->value > 0)) {
            out.reason = fmt::format("{} is {:.6g}: a {} mean needs values above 0", part->code, *part->value,
                                     name_of(node.aggregate));
            return out;
        }
        values.push_back(*part->value);
        weights.push_back(part->weight);
        if (part->full) fulls.push_back(*part->full);
    }
    out.value = weighted_mean(node.aggregate, values, weights);
    if (fulls.size() == values.size()) out.full = weighted_mean(node.aggregate, fulls, weights);
    out.text = fmt::format("{} = {:.6g}", written(node, present, 1), *out.value);
    return out;
}

}  // namespace

Aggregated aggregate(const Node& node, std::span<const Part> parts) {
    Aggregated out = aggregate_present(node, parts);
    if (out.value && !std::isfinite(*out.value)) {
        out.value.reset();
        out.reason = "the sum is too large for a number";
    }
    return out;
}

Matrix outranking(const std::vector<std::vector<std::optional<double>>>& columns, std::span<const double> weights) {
    const std::size_t count = columns.empty() ? 0 : columns[0].size();
    Matrix out(count, std::vector<double>(count, 0));
    for (std::size_t a = 0; a < count; ++a) {
        for (std::size_t b = 0; b < count; ++b) {
            double won = 0, shared = 0;
            for (std::size_t k = 0; k < columns.size(); ++k) {
                const auto &x = columns[k][a], &y = columns[k][b];
                if (a == b || !x || !y) continue;
                shared += weights[k];
                won += *x > *y ? weights[k] : *x == *y ? weights[k] / 2 : 0;
            }
            if (shared > 0) out[a][b] = won / shared;
        }
    }
    return out;
}

std::vector<int> copeland(const Matrix& outranked) {
    std::vector<int> out(outranked.size(), 0);
    for (std::size_t a = 0; a < outranked.size(); ++a)
        for (std::size_t b = 0; b < outranked.size(); ++b) {
            if (a == b) continue;
            const double x = outranked[a][b], y = outranked[b][a];
            // Compared with each other, not with 0.5: 0.1 + 0.2 + 0.2 is not 0.5 in binary, but a tie is a tie.
            if (std::abs(x - y) > 1e-12) out[a] += x > y ? 1 : -1;
        }
    return out;
}

}  // namespace yipan::score
