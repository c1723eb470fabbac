#pragma once
// Scheme: how a body scores its units, read from YAML (docs/schemes.md). A tree of nodes; leaves are indicators with a
// formula. One tree per variant (weight column), all of the same shape. parse_scheme reports every mistake at once with
// file:line:column and the way out. Pure: knows no board; `figure` and `window` of an indicator are kept, not
// interpreted.
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "score/formula.h"

namespace yipan::score {

constexpr int tree_depth_max = 12;
constexpr std::size_t nodes_max = 5'000;
constexpr std::size_t variants_max = 32;
constexpr std::size_t code_length_max = 64;

using Label = std::array<std::string, 3>;  // simplified, traditional, English

enum class Aggregate { arithmetic, geometric, harmonic, weighted_median };
enum class Weights { relative, points };  // share within the parent, or absolute points
enum class Missing { reweight, zero, peer_mean, refuse };
enum class Peers { all, group };
enum class VariantBy { none, group, unit_class };
enum class TieRule { competition, dense, shared_mean };
enum class QuotaRounding { floor, half_up, largest_remainder };
enum class AtBound { better, worse, order };
enum class Step { sum, caps, difficulty, bonus, deduction, veto };
enum class Effect { void_score, disqualify, force_class, cap_class };
std::string_view name_of(Aggregate kind);
std::string_view name_of(TieRule rule);
std::string_view name_of(QuotaRounding rule);
std::string_view name_of(Effect effect);

struct Indicator {
    std::vector<std::string> aliases;
    Direction direction = Direction::up;
    Transform transform = Transform::none;
    std::string unit, period, department, evidence;
    std::string figure, window;  // which figure feeds it; for the caller
    std::optional<Peers> peers;
    double cap = unbounded, floor = -unbounded;  // in multiples of full marks
    Formula formula;
};

struct Node {
    std::string code;
    Label label;
    int parent = -1;
    std::vector<int> children;  // empty for an indicator, or for an unfilled node of a skeleton
    double weight = 1;          // 0: not assessed in this variant
    Aggregate aggregate = Aggregate::arithmetic;
    Weights weights = Weights::relative;
    Missing missing = Missing::refuse;  // what happens when this node has no value
    double min_share = 0;               // of the weight of its children that must be present
    std::optional<Indicator> indicator;
};

struct Variant {
    std::string code;  // "" when the scheme has none
    Label label;
    std::vector<Node> nodes;  // pre-order; [0] is the root
};

struct Item {
    std::string code;
    Label label;
    double points = 0, cap = unbounded;
    std::string group, not_both;
};
struct Veto {
    std::string code;
    Label label;
    Effect effect = Effect::disqualify;
    std::string to_class, basis, decider;
};
struct EventRules {
    std::vector<Item> bonus, deduction;
    std::vector<Veto> vetoes;
    std::map<std::string, double> group_caps;
};

struct Classes {
    std::vector<std::string> names;    // best first
    std::vector<std::int64_t> quotas;  // in 1/10,000 of a percent point; empty when thresholds rule
    std::vector<double> thresholds;    // lowest score of each class
    QuotaRounding rounding = QuotaRounding::largest_remainder;
    AtBound at_bound = AtBound::better;
    Peers within = Peers::all;
};

struct LastPlacesRule {
    int last = 5, times = 2, years = 3;  // among the last `last` in `times` of `years` years
    std::string effect;
};

struct Difficulty {
    VariantBy by = VariantBy::unit_class;
    std::map<std::string, double> factors;
};

struct Scheme {
    std::string code, file, source;
    Label label;
    std::vector<std::string> notes;
    bool skeleton = false;
    int display = 2;
    TieRule ties = TieRule::competition;
    Peers peers = Peers::all, rank_within = Peers::all;
    std::vector<Variant> variants;
    std::string default_variant;
    VariantBy variant_by = VariantBy::none;
    double cap = unbounded;
    std::optional<Difficulty> difficulty;
    std::vector<Step> order;
    EventRules events;
    std::optional<Classes> classes;
    std::vector<LastPlacesRule> rank_rules;

    const Variant* variant(std::string_view variant_code) const;
};

Checked<Scheme> parse_scheme(std::string_view yaml_text, std::string_view file);

}  // namespace yipan::score
