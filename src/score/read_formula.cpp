// Reads one formula of a scheme: which keys it takes, its defaults, and where full marks lie.
#include <fmt/format.h>

#include "score/reader.h"

namespace yipan::score {
namespace {
using Kind = FormulaKind;

struct Entry {
    Kind kind;
    std::string_view name;
    std::vector<std::string_view> keys;
};

const std::vector<Entry>& catalogue() {
    static const std::vector<Entry> entries = {
        {Kind::value, "value", {"cap", "floor"}},
        {Kind::ratio_target, "ratio_target", {"target", "cap", "floor", "scale", "negative"}},
        {Kind::ratio_baseline, "ratio_baseline", {"baseline", "cap", "floor", "scale", "negative"}},
        {Kind::ratio_best, "ratio_best", {"cap", "floor", "scale", "negative"}},
        {Kind::minmax, "minmax", {"range"}},
        {Kind::efficacy, "efficacy", {"unacceptable", "satisfactory", "base", "span", "cap", "floor"}},
        {Kind::rank_step, "rank_step", {"step", "floor", "ties"}},
        {Kind::level_step, "level_step", {"base", "reference", "step", "per", "of", "steps", "cap", "floor"}},
        {Kind::tranche, "tranche", {"base", "reference", "of", "width", "divisor", "divisor_step", "cap", "floor"}},
        {Kind::mean_centre, "mean_centre", {"of", "step", "per", "self", "cap", "floor"}},
        {Kind::mix, "mix", {"share", "first", "second"}},
        {Kind::zscore, "zscore", {"mean", "sd"}},
        {Kind::rank, "rank", {"ties"}},
        {Kind::percentile, "percentile", {"ties", "scale"}},
        {Kind::borda, "borda", {"ties"}},
        {Kind::distance_max, "distance_max", {"scale"}},
        {Kind::distance_reference, "distance_reference", {"unit", "cap", "scale"}},
        {Kind::distance_target, "distance_target", {"target", "cap", "scale"}},
        {Kind::goalposts, "goalposts", {"posts", "scale"}},
        {Kind::fraction_of_max, "fraction_of_max", {"scale"}},
        {Kind::scaled, "scaled", {"posts", "scale"}},
    };
    return entries;
}

void read_pair(Reader& reader, const yaml::Node& at, std::string_view key, Formula& out, bool required) {
    const yaml::Node* found = at.find(key);
    if (!found) {
        if (required) reader.problem(at, fmt::format("{} is missing", key), fmt::format("{}: [low, high]", key));
        return;
    }
    const yaml::Node* pair = reader.by_variant(*found, key);
    if (!pair) return;
    if (!pair->is_list() || pair->items.size() != 2) {
        reader.problem(*pair, fmt::format("{} is not a pair", key), fmt::format("{}: [low, high]", key));
        return;
    }
    out.low = reader.number(pair->items[0], key).value_or(out.low);
    out.high = reader.number(pair->items[1], key).value_or(out.high);
    if (!(out.low < out.high)) reader.problem(*pair, fmt::format("{} does not rise", key), "the lower number first");
}

double required_number(Reader& reader, const yaml::Node& at, std::string_view key, double otherwise) {
    if (!at.find(key)) reader.problem(at, fmt::format("{} is missing", key), fmt::format("add \"{}: number\"", key));
    return reader.number_or(at, key, otherwise);
}

double positive(Reader& reader, const yaml::Node& at, std::string_view key, double otherwise) {
    const double value = reader.number_or(at, key, otherwise);
    if (value > 0) return value;
    reader.problem(*at.find(key), fmt::format("{} is {}", key, value), "a number above 0");
    return otherwise;
}

Quantity read_quantity(Reader& reader, const yaml::Node& map, std::string_view key, bool required, bool mean_allowed) {
    Quantity out;
    const yaml::Node* found = map.find(key);
    if (!found) {
        if (required)
            reader.problem(map, fmt::format("{} is missing", key),
                           fmt::format("{0}: number, or {0}: {{column: CODE}}", key));
        return out;
    }
    const yaml::Node* at = reader.by_variant(*found, key);
    if (!at) return out;
    if (at->is_map()) {
        reader.only_keys(*at, {"column"}, key);
        out.column = reader.word(*at, "column", true);
    } else if (mean_allowed && at->is_scalar() && at->text == "mean") {
        out.peer_mean = true;
    } else {
        out.number = reader.number(*at, key);
    }
    return out;
}

void need_positive(Reader& reader, const yaml::Node& at, std::string_view key, const Quantity& quantity) {
    if (quantity.number && !(*quantity.number > 0))
        reader.problem(*at.find(key), fmt::format("{} is {}", key, *quantity.number), "a ratio needs a number above 0");
}

bool takes_transform(Kind kind) {
    switch (kind) {
        case Kind::minmax:
        case Kind::efficacy:
        case Kind::zscore:
        case Kind::rank:
        case Kind::percentile:
        case Kind::borda:
        case Kind::distance_max:
        case Kind::distance_reference:
        case Kind::distance_target:
        case Kind::goalposts:
        case Kind::scaled: return true;
        default: return false;
    }
}

bool takes_down(Kind kind) {
    switch (kind) {
        case Kind::value:
        case Kind::fraction_of_max:
        case Kind::tranche:
        case Kind::mean_centre:
        case Kind::level_step: return false;
        default: return true;
    }
}

void read_details(Reader& reader, const yaml::Node& at, Formula& out, Direction direction, Transform transform,
                  std::optional<double> points_weight) {
    switch (out.kind) {
        case Kind::value: out.full = 100; break;
        case Kind::ratio_target:
            out.against = read_quantity(reader, at, "target", true, false);
            need_positive(reader, at, "target", out.against);
            out.full = out.scale;
            break;
        case Kind::ratio_baseline:
            out.against = read_quantity(reader, at, "baseline", true, false);
            need_positive(reader, at, "baseline", out.against);
            out.full = out.scale;
            break;
        case Kind::minmax:
            read_pair(reader, at, "range", out, false);
            out.full = out.high;
            break;
        case Kind::efficacy:
            out.low = required_number(reader, at, "unacceptable", 0);
            out.high = required_number(reader, at, "satisfactory", 1);
            if (out.low == out.high) reader.problem(at, "satisfactory equals unacceptable", "two different levels");
            if ((out.high > out.low) != (direction == Direction::up) && out.low != out.high)
                reader.problem(at, "unacceptable and satisfactory contradict the direction",
                               "for direction down the unacceptable level is the higher one");
            out.base = reader.number_or(at, "base", 60);
            out.span = positive(reader, at, "span", 40);
            out.full = out.base + out.span;
            break;
        case Kind::rank_step:
            out.step = required_number(reader, at, "step", 0);
            if (!at.find("floor")) out.floor = 0;
            out.full = points_weight.value_or(100);
            break;
        case Kind::level_step:
            out.base = required_number(reader, at, "base", 0);
            out.step = required_number(reader, at, "step", 0);
            out.per = positive(reader, at, "per", 1);
            out.against = read_quantity(reader, at, "reference", false, true);
            if (!out.against.given()) out.against.number = 0;
            out.full = points_weight.value_or(out.base);
            break;
        case Kind::tranche:
            out.base = required_number(reader, at, "base", 0);
            out.against = read_quantity(reader, at, "reference", false, true);
            if (!out.against.given()) out.against.peer_mean = true;
            out.width = positive(reader, at, "width", 10);
            out.divisor = positive(reader, at, "divisor", 20);
            out.divisor_step = reader.number_or(at, "divisor_step", 20);
            if (out.divisor_step < 0) reader.problem(*at.find("divisor_step"), "divisor_step is below 0", "0 or more");
            if (!at.find("floor")) out.floor = 0;
            out.full = out.base;
            break;
        case Kind::mean_centre:
            out.against.peer_mean = true;
            out.step = reader.number_or(at, "step", 1);
            out.per = positive(reader, at, "per", 1);
            if (!at.find("floor")) out.floor = 0;
            out.full = points_weight.value_or(100);
            break;
        case Kind::mix: {
            out.share = required_number(reader, at, "share", 0.5);
            if (out.share < 0 || out.share > 1)
                reader.problem(at, "share lies outside 0..1", "0.4 gives 40% to the first part");
            for (std::string_view key : {"first", "second"}) {
                const yaml::Node* part = at.find(key);
                if (!part) {
                    reader.problem(at, fmt::format("{} is missing", key),
                                   fmt::format("{}: {{kind: ..., column: ...}}", key));
                    continue;
                }
                out.parts.push_back(read_formula(reader, *part, direction, transform, std::nullopt));
                if (!out.parts.back().full)
                    reader.problem(*part,
                                   fmt::format("{} has no full marks to mix with", formula_name(out.parts.back().kind)),
                                   "add \"full: number\"");
            }
            out.full = 100;
            break;
        }
        case Kind::zscore:
            out.mean = reader.number_or(at, "mean", 0);
            out.sd = positive(reader, at, "sd", 1);
            break;
        case Kind::rank:
        case Kind::borda: break;
        case Kind::distance_reference:
            out.unit = reader.word(at, "unit", true);
            out.full = out.scale;
            break;
        case Kind::distance_target:
            out.against = read_quantity(reader, at, "target", true, false);
            out.full = out.scale;
            break;
        case Kind::goalposts:
        case Kind::scaled:
            read_pair(reader, at, "posts", out, true);
            if (transform == Transform::log && out.low <= 0)
                reader.problem(at, "a post is not above 0", "the logarithm needs posts above 0");
            out.full = out.scale;
            break;
        case Kind::ratio_best:
        case Kind::percentile:
        case Kind::distance_max:
        case Kind::fraction_of_max: out.full = out.scale; break;
    }
}
}  // namespace

std::string_view formula_name(FormulaKind kind) {
    for (const Entry& entry : catalogue())
        if (entry.kind == kind) return entry.name;
    return "formula";
}

Formula read_formula(Reader& reader, const yaml::Node& given, Direction direction, Transform transform,
                     std::optional<double> points_weight) {
    Formula out;
    const yaml::Node* at = reader.by_variant(given, "formula");
    if (!at || !reader.is_map(*at, "formula")) return out;
    const std::string name = reader.word(*at, "kind", true);
    const Entry* entry = nullptr;
    std::string known;
    for (const Entry& candidate : catalogue()) {
        if (candidate.name == name) entry = &candidate;
        known += (known.empty() ? "" : ", ") + std::string(candidate.name);
    }
    if (!entry) {
        if (!name.empty())
            reader.problem(*at->find("kind"), fmt::format("there is no formula \"{}\"", name), "one of " + known);
        return out;
    }
    out.kind = entry->kind;
    std::vector<std::string_view> keys = {"kind", "column", "full"};
    keys.insert(keys.end(), entry->keys.begin(), entry->keys.end());
    reader.only_keys(*at, keys, fmt::format("formula {}", name));
    if (direction == Direction::down && !takes_down(out.kind))
        reader.problem(*at, fmt::format("{} has no meaning for direction down", name),
                       "use minmax, ratio_best, goalposts or scaled");
    if (transform != Transform::none && !takes_transform(out.kind))
        reader.problem(*at, fmt::format("{} does not take a transform", name),
                       "drop \"transform\" or choose minmax, goalposts, scaled, zscore");
    const bool unit_scale = out.kind == Kind::goalposts || out.kind == Kind::percentile ||
                            out.kind == Kind::fraction_of_max || out.kind == Kind::distance_max ||
                            out.kind == Kind::distance_reference || out.kind == Kind::distance_target;
    out.scale = positive(reader, *at, "scale", unit_scale ? 1 : 100);
    out.column = reader.word(*at, "column");
    out.cap = reader.number_or(*at, "cap", unbounded);
    out.floor = reader.number_or(*at, "floor", -unbounded);
    out.whole_steps = reader.choice<bool>(*at, "steps", false, {{"whole", true}, {"pro_rata", false}});
    if (out.kind == Kind::mean_centre) {
        out.ratio = reader.choice<bool>(*at, "of", true, {{"ratio", true}, {"difference", false}});
    } else {
        out.percent = reader.choice<bool>(*at, "of", false, {{"percent", true}, {"difference", false}});
    }
    out.without_self = reader.choice<bool>(*at, "self", false, {{"with", false}, {"without", true}});
    out.negative =
        reader.choice<Negative>(*at, "negative", Negative::no_value,
                                {{"no_value", Negative::no_value}, {"zero", Negative::zero}, {"keep", Negative::keep}});
    out.ties = reader.choice<RankTies>(*at, "ties", RankTies::lowest,
                                       {{"lowest", RankTies::lowest}, {"average", RankTies::average}});
    read_details(reader, *at, out, direction, transform, points_weight);
    if (at->find("full")) out.full = positive(reader, *at, "full", 100);
    if (out.full && !(*out.full > 0)) reader.problem(*at, "full marks are not above 0", "add \"full: number\" above 0");
    if (out.floor > out.cap) reader.problem(*at, "floor lies above cap", "floor <= cap");
    return out;
}

}  // namespace yipan::score
