// Reads what a scheme says beside its tree: events, classes, rank rules, difficulty, order of steps.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/decimal.h"
#include "score/reader.h"

namespace yipan::score {
namespace {

void each_item(Reader& reader, const yaml::Node& events, std::string_view key, auto&& read) {
    const yaml::Node* list = events.find(key);
    if (!list || list->is_null()) return;
    if (!list->is_list())
        return reader.problem(*list, fmt::format("{} is not a list", key), "start each item with \"- \"");
    for (const yaml::Node& at : list->items)
        if (reader.is_map(at, key)) read(at);
}

std::string item_code(Reader& reader, const yaml::Node& at, std::set<std::string>& seen) {
    const yaml::Node* code = at.find("item");
    if (!code) {
        reader.problem(at, "item is missing", "add \"item: code\"");
        return {};
    }
    std::string out = reader.code(*code, "item");
    if (!out.empty() && !seen.insert(out).second)
        reader.problem(*code, fmt::format("item \"{}\" stands twice", out), "keep one");
    return out;
}

void read_items(Reader& reader, const yaml::Node& events, std::string_view key, std::vector<Item>& out,
                std::set<std::string>& seen) {
    each_item(reader, events, key, [&](const yaml::Node& at) {
        reader.only_keys(at, {"item", "label", "points", "cap", "group", "not_both"}, key);
        Item item;
        item.code = item_code(reader, at, seen);
        item.label = reader.label(at, item.code);
        item.points = reader.number_or(at, "points", 0);
        item.cap = reader.number_or(at, "cap", unbounded);
        if (item.points < 0 || item.cap < 0)
            reader.problem(at, "points and cap are 0 or more", "a deduction is written as a positive number");
        item.group = reader.word(at, "group");
        item.not_both = reader.word(at, "not_both");
        out.push_back(std::move(item));
    });
}

void read_events(Reader& reader, const yaml::Node& root, EventRules& out) {
    const yaml::Node* events = root.find("events");
    if (!events || !reader.is_map(*events, "events")) return;
    reader.only_keys(*events, {"bonus", "deduction", "veto", "groups"}, "events");
    std::set<std::string> seen;
    read_items(reader, *events, "bonus", out.bonus, seen);
    read_items(reader, *events, "deduction", out.deduction, seen);
    each_item(reader, *events, "veto", [&](const yaml::Node& at) {
        reader.only_keys(at, {"item", "label", "effect", "class", "basis", "decider"}, "veto");
        Veto veto;
        veto.code = item_code(reader, at, seen);
        veto.label = reader.label(at, veto.code);
        veto.effect = reader.choice<Effect>(at, "effect", Effect::disqualify,
                                            {{"void", Effect::void_score},
                                             {"disqualify", Effect::disqualify},
                                             {"force_class", Effect::force_class},
                                             {"cap_class", Effect::cap_class}});
        if (!at.find("effect")) reader.problem(at, "effect is missing", "one of void disqualify force_class cap_class");
        veto.to_class =
            reader.word(at, "class", veto.effect == Effect::force_class || veto.effect == Effect::cap_class);
        veto.basis = reader.word(at, "basis");
        veto.decider = reader.word(at, "decider");
        out.vetoes.push_back(std::move(veto));
    });
    if (const yaml::Node* groups = events->find("groups"); groups && reader.is_map(*groups, "groups")) {
        for (std::size_t i = 0; i < groups->keys.size(); ++i) {
            if (!reader.is_map(groups->items[i], "a group of items")) continue;
            reader.only_keys(groups->items[i], {"cap"}, "a group of items");
            out.group_caps[groups->keys[i].text] = reader.number_or(groups->items[i], "cap", unbounded);
        }
    }
}

void read_quotas(Reader& reader, const yaml::Node& at, Classes& out) {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < at.keys.size(); ++i) {
        out.names.push_back(at.keys[i].text);
        const auto percent = Decimal::parse(at.items[i].text);
        const auto scaled = percent ? percent->rescaled(4, Rounding::half_up) : percent;
        if (!scaled || scaled->units < 0 || compare(*scaled, *percent) != 0) {
            reader.problem(at.items[i], fmt::format("quota \"{}\" is not a percentage", at.items[i].text),
                           "20 or 12.5, at most 4 decimals");
            continue;
        }
        out.quotas.push_back(scaled->units);
        sum += scaled->units;
    }
    if (out.quotas.size() == at.keys.size() && sum != 1'000'000)
        reader.problem(at, fmt::format("the quotas sum to {}%", static_cast<double>(sum) / 10'000),
                       "they must sum to 100%");
}

void read_classes(Reader& reader, const yaml::Node& root, Scheme& scheme) {
    const yaml::Node* at = root.find("classes");
    if (!at || !reader.is_map(*at, "classes")) return;
    reader.only_keys(*at, {"quotas", "thresholds", "rounding", "at_bound", "within"}, "classes");
    Classes out;
    const yaml::Node* quotas = at->find("quotas");
    const yaml::Node* thresholds = at->find("thresholds");
    if ((quotas != nullptr) == (thresholds != nullptr)) {
        reader.problem(*at, "classes needs either quotas or thresholds", "quotas: {A: 20, B: 45, C: 30, D: 5}");
    } else if (quotas && reader.is_map(*quotas, "quotas")) {
        read_quotas(reader, *quotas, out);
    } else if (thresholds && reader.is_map(*thresholds, "thresholds")) {
        for (std::size_t i = 0; i < thresholds->keys.size(); ++i) {
            out.names.push_back(thresholds->keys[i].text);
            out.thresholds.push_back(reader.number(thresholds->items[i], "threshold").value_or(0));
            if (i > 0 && !(out.thresholds[i] < out.thresholds[i - 1]))
                reader.problem(thresholds->items[i], "thresholds must fall from class to class", "best class first");
        }
    }
    out.rounding = reader.choice<QuotaRounding>(*at, "rounding", QuotaRounding::largest_remainder,
                                                {{"floor", QuotaRounding::floor},
                                                 {"half_up", QuotaRounding::half_up},
                                                 {"largest_remainder", QuotaRounding::largest_remainder}});
    out.at_bound =
        reader.choice<AtBound>(*at, "at_bound", AtBound::better,
                               {{"better", AtBound::better}, {"worse", AtBound::worse}, {"order", AtBound::order}});
    out.within =
        reader.choice<Peers>(*at, "within", scheme.rank_within, {{"all", Peers::all}, {"group", Peers::group}});
    scheme.classes = std::move(out);
}

void read_difficulty(Reader& reader, const yaml::Node& root, Scheme& scheme) {
    const yaml::Node* at = root.find("difficulty");
    if (!at || !reader.is_map(*at, "difficulty")) return;
    reader.only_keys(*at, {"by", "factors"}, "difficulty");
    Difficulty out;
    out.by = reader.choice<VariantBy>(*at, "by", VariantBy::unit_class,
                                      {{"class", VariantBy::unit_class}, {"group", VariantBy::group}});
    const yaml::Node* factors = at->find("factors");
    if (!factors || !factors->is_map()) {
        reader.problem(*at, "factors is missing", "factors: {A: 1.0, B: 1.1}");
    } else {
        for (std::size_t i = 0; i < factors->keys.size(); ++i) {
            const double factor = reader.number(factors->items[i], "factor").value_or(1);
            if (!(factor > 0))
                reader.problem(factors->items[i], fmt::format("factor is {}", factor), "a number above 0");
            out.factors[factors->keys[i].text] = factor;
        }
    }
    scheme.difficulty = std::move(out);
}

void read_order(Reader& reader, const yaml::Node& root, Scheme& scheme) {
    static const std::vector<std::pair<std::string_view, Step>> steps = {
        {"sum", Step::sum},     {"caps", Step::caps},           {"difficulty", Step::difficulty},
        {"bonus", Step::bonus}, {"deduction", Step::deduction}, {"veto", Step::veto}};
    const yaml::Node* at = root.find("order");
    if (!at) {
        scheme.order = {Step::sum, Step::caps, Step::bonus, Step::deduction, Step::veto};
        if (scheme.difficulty)
            reader.problem(
                root, "order is missing",
                "a scheme with a difficulty factor says when: order: [sum, caps, difficulty, bonus, deduction, veto]");
        return;
    }
    for (const std::string& name : reader.words(root, "order")) {
        const auto found =
            std::find_if(steps.begin(), steps.end(), [&](const auto& step) { return step.first == name; });
        if (found == steps.end())
            reader.problem(*at, fmt::format("there is no step \"{}\"", name),
                           "sum, caps, difficulty, bonus, deduction, veto");
        else if (std::find(scheme.order.begin(), scheme.order.end(), found->second) != scheme.order.end())
            reader.problem(*at, fmt::format("step \"{}\" stands twice", name), "keep one");
        else
            scheme.order.push_back(found->second);
    }
    const auto lacks = [&](Step step) {
        return std::find(scheme.order.begin(), scheme.order.end(), step) == scheme.order.end();
    };
    if (scheme.order.empty() || scheme.order.front() != Step::sum || scheme.order.back() != Step::veto)
        reader.problem(*at, "order does not run from sum to veto",
                       "the score is summed first, an override stands beside it last");
    for (const auto& [name, step] : steps) {
        const bool used = (step == Step::bonus && !scheme.events.bonus.empty()) ||
                          (step == Step::deduction && !scheme.events.deduction.empty()) ||
                          (step == Step::caps && scheme.cap != unbounded) ||
                          (step == Step::difficulty && scheme.difficulty);
        if (used && lacks(step))
            reader.problem(*at, fmt::format("order leaves out \"{}\", which the scheme declares", name), "add it");
    }
}

void read_rank_rules(Reader& reader, const yaml::Node& root, Scheme& scheme) {
    each_item(reader, root, "rank_rules", [&](const yaml::Node& at) {
        reader.only_keys(at, {"last", "times", "years", "effect"}, "a rank rule");
        LastPlacesRule rule;
        rule.last = reader.whole_or(at, "last", 5, 1, 100'000);
        rule.times = reader.whole_or(at, "times", 2, 1, 100);
        rule.years = reader.whole_or(at, "years", 3, 1, 100);
        rule.effect = reader.word(at, "effect");
        if (rule.times > rule.years) reader.problem(at, "times is above years", "2 of 3 years: times: 2, years: 3");
        scheme.rank_rules.push_back(std::move(rule));
    });
}

void check_names(Reader& reader, const yaml::Node& root, const Scheme& scheme) {
    for (const auto* items : {&scheme.events.bonus, &scheme.events.deduction})
        for (const Item& item : *items)
            if (!item.group.empty() && !scheme.events.group_caps.count(item.group))
                reader.problem(*root.find("events"),
                               fmt::format("item \"{}\" names group \"{}\", which has no cap", item.code, item.group),
                               "events: {groups: {NAME: {cap: 10}}}");
    for (const Veto& veto : scheme.events.vetoes) {
        if (veto.to_class.empty()) continue;
        const bool known = scheme.classes && std::find(scheme.classes->names.begin(), scheme.classes->names.end(),
                                                       veto.to_class) != scheme.classes->names.end();
        if (!known)
            reader.problem(
                *root.find("events"),
                fmt::format("veto \"{}\" names class \"{}\", which is not declared", veto.code, veto.to_class),
                "declare it under classes");
    }
}
}  // namespace

void read_rules(Reader& reader, const yaml::Node& root, Scheme& scheme) {
    read_events(reader, root, scheme.events);
    read_classes(reader, root, scheme);
    read_difficulty(reader, root, scheme);
    read_order(reader, root, scheme);
    read_rank_rules(reader, root, scheme);
    check_names(reader, root, scheme);
}

std::string_view name_of(Aggregate kind) {
    switch (kind) {
        case Aggregate::arithmetic: return "arithmetic";
        case Aggregate::geometric: return "geometric";
        case Aggregate::harmonic: return "harmonic";
        case Aggregate::weighted_median: return "weighted_median";
    }
    return "";
}
std::string_view name_of(TieRule rule) {
    switch (rule) {
        case TieRule::competition: return "competition";
        case TieRule::dense: return "dense";
        case TieRule::shared_mean: return "shared_mean";
    }
    return "";
}
std::string_view name_of(QuotaRounding rule) {
    switch (rule) {
        case QuotaRounding::floor: return "floor";
        case QuotaRounding::half_up: return "half_up";
        case QuotaRounding::largest_remainder: return "largest_remainder";
    }
    return "";
}
std::string_view name_of(Effect effect) {
    switch (effect) {
        case Effect::void_score: return "void";
        case Effect::disqualify: return "disqualify";
        case Effect::force_class: return "force_class";
        case Effect::cap_class: return "cap_class";
    }
    return "";
}

}  // namespace yipan::score
