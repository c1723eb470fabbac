#include "score/score.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "score/check_input.h"
#include "score/explain.h"

namespace yipan::score {
namespace {

using Groups = std::vector<std::vector<std::size_t>>;

Groups groups_of(const Table& table, Peers peers) {
    Groups out;
    std::map<std::string, std::size_t> index;
    for (std::size_t i = 0; i < table.units.size(); ++i) {
        const auto [found, fresh] =
            index.emplace(peers == Peers::group ? table.units[i].group : std::string{}, out.size());
        if (fresh) out.emplace_back();
        out[found->second].push_back(i);
    }
    return out;
}

class Scorer {
  public:
    Scorer(const Table& table, const Scheme& scheme, std::vector<const Variant*> variants, Outcome& out)
        : table_(table), scheme_(scheme), variants_(std::move(variants)), out_(out), nodes_(variants_[0]->nodes) {}

    void run() {
        prepare();
        // Pre-order backwards: every child before its parent, across all units, because a gap may take the peers' mean.
        for (std::size_t node = nodes_.size(); node-- > 0;) {
            if (nodes_[node].indicator)
                leaf(node);
            else
                for (std::size_t unit = 0; unit < out_.units.size(); ++unit) group(node, unit);
            fill_gaps(node);
        }
        for (std::size_t unit = 0; unit < out_.units.size(); ++unit) finish(unit);
        rank_and_classify();
    }

  private:
    const Node& node_of(std::size_t node, std::size_t unit) const { return variants_[unit]->nodes[node]; }
    Cell& cell(std::size_t node, std::size_t unit) { return out_.units[unit].cells[node]; }

    void prepare() {
        out_.nodes = nodes_;
        for (std::size_t u = 0; u < table_.units.size(); ++u) {
            UnitOutcome unit;
            unit.unit = table_.units[u];
            unit.variant = variants_[u]->code;
            unit.cells.resize(nodes_.size());
            for (std::size_t i = 0; i < nodes_.size(); ++i) {
                const Node& node = node_of(i, u);
                const bool above = node.parent < 0 || !unit.cells[node.parent].has(Flag::not_assessed);
                unit.cells[i].weight = node.weight;
                if (node.parent >= 0 && (!above || !(node.weight > 0)))
                    unit.cells[i].flags.push_back(Flag::not_assessed);
            }
            out_.units.push_back(std::move(unit));
        }
    }

    Peers peers_of(std::size_t node) const {
        const auto& indicator = nodes_[node].indicator;
        return indicator && indicator->peers ? *indicator->peers : scheme_.peers;
    }
    // Units that are compared at this node: one group, only those assessed.
    Groups assessed_groups(std::size_t node) {
        Groups groups = groups_of(table_, peers_of(node));
        for (auto& group : groups)
            std::erase_if(group, [&](std::size_t unit) { return cell(node, unit).has(Flag::not_assessed); });
        return groups;
    }

    void leaf(std::size_t node) {
        for (const auto& group : assessed_groups(node)) {
            std::map<const Variant*, std::vector<Normalised>> by_variant;
            for (std::size_t k = 0; k < group.size(); ++k) {
                const Variant* variant = variants_[group[k]];
                const Node& own = variant->nodes[node];
                auto found = by_variant.find(variant);
                if (found == by_variant.end())
                    found = by_variant
                                .emplace(variant, normalise(own.indicator->formula, *own.indicator, own.code,
                                                            PeerSet{table_, group}))
                                .first;
                take(found->second[k], *own.indicator, cell(node, group[k]));
            }
        }
    }
    static void take(const Normalised& from, const Indicator& indicator, Cell& to) {
        to.raw = from.raw;
        to.value = from.value;
        to.full = from.full;
        to.text = from.text;
        to.reason = from.reason;
        if (from.clamped) to.flags.push_back(Flag::clamped);
        if (!to.value) {
            to.flags.push_back(from.raw ? Flag::no_value : Flag::missing);
            return;
        }
        if (!to.full) return;
        const double high = indicator.cap * *to.full, low = indicator.floor * *to.full;
        if (*to.value > high || *to.value < low) {
            const bool above = *to.value > high;
            to.value = above ? high : low;
            to.flags.push_back(above ? Flag::capped : Flag::floored);
            to.text += fmt::format(", {} {:.6g} ({:.6g} × full marks)", above ? "capped at" : "not below", *to.value,
                                   above ? indicator.cap : indicator.floor);
        }
    }

    void group(std::size_t node, std::size_t unit) {
        Cell& to = cell(node, unit);
        if (to.has(Flag::not_assessed)) return;
        const Aggregated sum =
            aggregate(node_of(node, unit), parts_of(node_of(node, unit), *variants_[unit], out_.units[unit].cells));
        to.value = sum.value;
        to.full = sum.full;
        to.text = sum.text;
        to.reason = sum.reason;
        if (!sum.value)
            to.flags.push_back(Flag::no_value);
        else if (sum.reweighted)
            to.flags.push_back(Flag::reweighted);
        if (sum.value && sum.reweighted) to.text += fmt::format(" over {:.4g}% of the weight", 100 * sum.present_share);
    }

    void fill_gaps(std::size_t node) {
        if (nodes_[node].parent < 0) return;
        for (const auto& group : assessed_groups(node)) {
            double sum = 0, count = 0;
            for (std::size_t unit : group) {
                const Cell& one = cell(node, unit);
                if (!one.value) continue;
                sum += one.full && *one.full > 0 ? *one.value / *one.full : *one.value;
                count += 1;
            }
            for (std::size_t unit : group) {
                Cell& one = cell(node, unit);
                if (one.value) continue;
                const Missing policy = node_of(node, unit).missing;
                if (policy == Missing::zero) {
                    one.value = 0;
                    one.text = "counts 0: " + one.reason;
                    one.flags.push_back(Flag::missing_is_zero);
                    if (!one.full) one.full = full_of_peers(node, group);
                } else if (policy == Missing::peer_mean && count > 0) {
                    if (!one.full) one.full = full_of_peers(node, group);
                    one.value = sum / count * (one.full && *one.full > 0 ? *one.full : 1);
                    one.text = fmt::format("mean score of {} peers = {:.6g}: {}", count, *one.value, one.reason);
                    one.flags.push_back(Flag::peer_mean);
                }
            }
        }
    }
    std::optional<double> full_of_peers(std::size_t node, const std::vector<std::size_t>& group) {
        for (std::size_t unit : group)
            if (cell(node, unit).full) return cell(node, unit).full;
        return std::nullopt;
    }

    void finish(std::size_t u) {
        UnitOutcome& unit = out_.units[u];
        unit.computed = unit.cells[0].value;
        explain(*variants_[u], unit.cells);
        if (!unit.computed) unit.reason = unit.cells[0].reason;
        apply_steps(table_, scheme_, unit);
    }

    void rank_and_classify() {
        for (const auto& group : groups_of(table_, scheme_.rank_within)) {
            std::vector<std::optional<double>> scores;
            for (std::size_t u : group) scores.push_back(out_.units[u].voided ? std::nullopt : out_.units[u].total);
            const auto ranks = rank_scores(scores, scheme_.ties);
            for (std::size_t k = 0; k < group.size(); ++k) out_.units[group[k]].rank = ranks[k];
            for (std::size_t node = 0; node < nodes_.size(); ++node) {
                for (std::size_t k = 0; k < group.size(); ++k) scores[k] = cell(node, group[k]).value;
                const auto node_ranks = rank_scores(scores, scheme_.ties);
                for (std::size_t k = 0; k < group.size(); ++k) out_.units[group[k]].node_ranks.push_back(node_ranks[k]);
            }
        }
        if (!scheme_.classes) return;
        for (const auto& group : groups_of(table_, scheme_.classes->within)) {
            std::vector<std::optional<double>> scores;
            for (std::size_t u : group) scores.push_back(out_.units[u].voided ? std::nullopt : out_.units[u].total);
            const auto classes = classify(*scheme_.classes, scores);
            for (std::size_t k = 0; k < group.size(); ++k) give_class(out_.units[group[k]], classes[k]);
        }
    }
    // The computed class stays; an override is shown beside it.
    void give_class(UnitOutcome& unit, const std::string& computed) const {
        unit.class_computed = unit.class_final = computed;
        const auto& names = scheme_.classes->names;
        for (const Override& one : unit.overrides) {
            if (one.effect == Effect::force_class) unit.class_final = one.to_class;
            if (one.effect == Effect::cap_class && !unit.class_final.empty() &&
                std::find(names.begin(), names.end(), unit.class_final) <
                    std::find(names.begin(), names.end(), one.to_class))
                unit.class_final = one.to_class;
        }
    }

    const Table& table_;
    const Scheme& scheme_;
    std::vector<const Variant*> variants_;
    Outcome& out_;
    const std::vector<Node>& nodes_;  // shape only: weights and formulas differ by variant
};
}  // namespace

std::string_view name_of(Flag flag) {
    switch (flag) {
        case Flag::missing: return "missing";
        case Flag::no_value: return "no_value";
        case Flag::clamped: return "clamped";
        case Flag::capped: return "capped";
        case Flag::floored: return "floored";
        case Flag::reweighted: return "reweighted";
        case Flag::missing_is_zero: return "missing_is_zero";
        case Flag::peer_mean: return "peer_mean";
        case Flag::not_assessed: return "not_assessed";
    }
    return "";
}

bool Cell::has(Flag flag) const { return std::find(flags.begin(), flags.end(), flag) != flags.end(); }

const UnitOutcome* Outcome::unit(std::string_view code) const {
    for (const UnitOutcome& one : units)
        if (one.unit.code == code) return &one;
    return nullptr;
}
int Outcome::node(std::string_view code) const {
    for (std::size_t i = 0; i < nodes.size(); ++i)
        if (nodes[i].code == code) return static_cast<int>(i);
    return -1;
}

Checked<Outcome> score(const Table& table, const Scheme& scheme, const Options& options) {
    YIPAN_TRY(auto variants, check_input(table, scheme, options));
    Outcome out;
    out.scheme = scheme.code;
    out.label = scheme.label;
    out.source = scheme.source;
    out.display = scheme.display;
    out.ties = scheme.ties;
    out.variant = scheme.variant_by == VariantBy::none ? variants[0]->code : "by unit";
    out.notes = scheme.notes;
    for (const std::string& column : table.ignored_columns)
        out.notes.push_back(fmt::format("column \"{}\" is not used by the scheme and was ignored", column));
    Scorer(table, scheme, std::move(variants), out).run();
    return out;
}

}  // namespace yipan::score
