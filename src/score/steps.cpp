// The steps after the tree: caps, difficulty, bonus, deduction, veto, in the order the scheme declares.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "score/check_input.h"

namespace yipan::score {
namespace {

/// Counts the events of one unit for a list of items: item cap, then not-both (the larger counts), then group cap.
double count_items(const Table& table, const std::vector<Item>& items, const EventRules& rules, bool deduction,
                   UnitOutcome& out) {
    std::vector<Applied> applied;
    std::vector<const Item*> declared;
    for (const Item& item : items) {
        Applied one{item.code, deduction, 0, 0, {}};
        bool any = false;
        for (const Event& event : table.events) {
            if (event.unit != out.unit.code || event.item != item.code) continue;
            one.asked += event.points.value_or(item.points) * event.count;
            any = true;
        }
        if (!any) continue;
        one.counted = std::min(one.asked, item.cap);
        if (one.counted < one.asked) one.note = fmt::format("item cap {:.6g}", item.cap);
        applied.push_back(std::move(one));
        declared.push_back(&item);
    }
    std::map<std::string, std::size_t> largest;
    for (std::size_t i = 0; i < applied.size(); ++i) {
        const std::string& group = declared[i]->not_both;
        if (group.empty()) continue;
        const auto [found, fresh] = largest.emplace(group, i);
        if (fresh) continue;
        const std::size_t loser = applied[i].counted > applied[found->second].counted ? found->second : i;
        if (loser == found->second) found->second = i;
        applied[loser].counted = 0;
        applied[loser].note = fmt::format("not together with {}", applied[found->second].item);
    }
    std::map<std::string, double> used;
    double sum = 0;
    for (std::size_t i = 0; i < applied.size(); ++i) {
        const auto cap = rules.group_caps.find(declared[i]->group);
        if (!declared[i]->group.empty() && cap != rules.group_caps.end()) {
            double& before = used[declared[i]->group];
            const double left = std::max(0.0, cap->second - before);
            if (applied[i].counted > left) {
                applied[i].counted = left;
                applied[i].note = fmt::format("group cap {:.6g}", cap->second);
            }
            before += applied[i].counted;
        }
        sum += applied[i].counted;
        out.applied.push_back(std::move(applied[i]));
    }
    return sum;
}

void collect_overrides(const Table& table, const EventRules& rules, UnitOutcome& out) {
    for (const Event& event : table.events) {
        if (event.unit != out.unit.code) continue;
        for (const Veto& veto : rules.vetoes) {
            if (veto.code != event.item) continue;
            out.overrides.push_back({veto.code, veto.effect, veto.to_class, event.reason,
                                     event.basis.empty() ? veto.basis : event.basis, event.date,
                                     event.decider.empty() ? veto.decider : event.decider});
            if (veto.effect == Effect::void_score) out.voided = true;
            if (veto.effect == Effect::void_score || veto.effect == Effect::disqualify) out.eligible = false;
        }
    }
}
}  // namespace

void apply_steps(const Table& table, const Scheme& scheme, UnitOutcome& out) {
    double total = out.computed.value_or(0);
    for (Step step : scheme.order) {
        double change = 0;
        switch (step) {
            case Step::sum: out.order_text = fmt::format("sum {:.6g}", total); break;
            case Step::caps:
                if (total > scheme.cap) {
                    total = scheme.cap;
                    out.order_text += fmt::format(", capped at {:.6g}", total);
                    if (out.computed) out.cells[0].flags.push_back(Flag::capped);
                }
                break;
            case Step::difficulty: {
                if (!scheme.difficulty) break;
                const std::string& key =
                    scheme.difficulty->by == VariantBy::group ? out.unit.group : out.unit.unit_class;
                const double factor = scheme.difficulty->factors.at(key);
                total *= factor;
                out.order_text += fmt::format(", × difficulty {:.6g} = {:.6g}", factor, total);
                break;
            }
            case Step::bonus:
                change = count_items(table, scheme.events.bonus, scheme.events, false, out);
                total += change;
                if (change != 0) out.order_text += fmt::format(", + bonus {:.6g}", change);
                break;
            case Step::deduction:
                change = count_items(table, scheme.events.deduction, scheme.events, true, out);
                total -= change;
                if (change != 0) out.order_text += fmt::format(", - deduction {:.6g}", change);
                break;
            case Step::veto: collect_overrides(table, scheme.events, out); break;
        }
    }
    if (out.computed && !std::isfinite(total)) {
        out.reason = "the score after bonus and deduction is too large for a number";
    } else if (out.computed) {
        out.total = total;
        out.order_text += fmt::format(" -> {:.6g}", total);
    } else {
        out.order_text.clear();
    }
}

}  // namespace yipan::score
