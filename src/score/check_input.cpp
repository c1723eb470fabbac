#include "score/check_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_set>

namespace yipan::score {
namespace {

class Checker {
  public:
    Checker(const Table& table, const Scheme& scheme, const Options& options)
        : table_(table), scheme_(scheme), options_(options) {}

    Checked<std::vector<const Variant*>> run() {
        skeleton();
        if (!errors_.empty()) return fail(std::move(errors_));  // nothing else matters before the scheme is complete
        units();
        std::vector<const Variant*> variants = choose();
        if (errors_.empty()) columns(variants);
        events();
        if (!errors_.empty()) return fail(std::move(errors_));
        return variants;
    }

  private:
    void problem(Code code, std::string where, std::string message, std::string hint) {
        errors_.push_back({code, std::move(where), std::move(message), std::move(hint)});
    }
    std::string of_unit(const Unit& unit) const { return fmt::format("{}:{}", options_.table_name, unit.code); }

    void units() {
        if (table_.units.empty())
            problem(Code::invalid_input, options_.table_name, "there are no units to score", "one row per unit");
        std::unordered_set<std::string> seen;
        const bool by_group = scheme_.peers == Peers::group || scheme_.rank_within == Peers::group ||
                              (scheme_.classes && scheme_.classes->within == Peers::group);
        for (const Unit& unit : table_.units) {
            if (!seen.insert(unit.code).second)
                problem(Code::duplicate, of_unit(unit), "the unit stands twice", "one row per unit");
            if (by_group && unit.group.empty())
                problem(Code::invalid_input, of_unit(unit),
                        "the unit has no group, but the scheme compares within groups", "fill the column \"group\"");
            if (scheme_.difficulty) {
                const std::string& key = scheme_.difficulty->by == VariantBy::group ? unit.group : unit.unit_class;
                if (!scheme_.difficulty->factors.count(key))
                    problem(Code::invalid_input, of_unit(unit),
                            fmt::format("there is no difficulty factor for \"{}\"", key),
                            "name it under difficulty: factors");
            }
        }
        for (const auto& [name, cells] : table_.columns) {
            if (cells.size() != table_.units.size())
                problem(Code::invalid_input, options_.table_name + ":" + name,
                        fmt::format("the column has {} cells for {} units", cells.size(), table_.units.size()),
                        "one cell per unit, empty when missing");
            for (std::size_t i = 0; i < std::min(cells.size(), table_.units.size()); ++i)
                if (cells[i] && !std::isfinite(*cells[i]))
                    problem(Code::invalid_input, of_unit(table_.units[i]) + ":" + name,
                            "the value is not a finite number", "leave it empty when it is missing");
        }
    }

    void skeleton() {
        std::string lacking;
        for (const Node& node : scheme_.variants[0].nodes)
            if (!node.indicator && node.children.empty()) lacking += (lacking.empty() ? "" : ", ") + node.code;
        if (!lacking.empty())
            problem(Code::invalid_model, scheme_.file,
                    fmt::format("the scheme is a skeleton: no indicators below {}", lacking),
                    "fill in their children, then drop \"skeleton: true\"");
        else if (scheme_.skeleton)
            problem(Code::invalid_model, scheme_.file, "the scheme says that it is a skeleton",
                    "drop \"skeleton: true\" once it is complete");
    }

    std::vector<const Variant*> choose() {
        std::vector<const Variant*> out;
        std::string known;
        for (const Variant& variant : scheme_.variants) known += (known.empty() ? "" : ", ") + variant.code;
        if (scheme_.variant_by == VariantBy::none) {
            const Variant* chosen =
                scheme_.variant(options_.variant.empty() ? scheme_.default_variant : options_.variant);
            if (!chosen)
                problem(Code::not_found, scheme_.file, fmt::format("there is no variant \"{}\"", options_.variant),
                        known.empty() ? "the scheme has no variants" : "one of " + known);
            out.assign(table_.units.size(), chosen);
            return out;
        }
        const bool by_group = scheme_.variant_by == VariantBy::group;
        if (!options_.variant.empty())
            problem(Code::usage, scheme_.file, "the variant follows from each unit and cannot be chosen",
                    "leave the variant out");
        for (const Unit& unit : table_.units) {
            out.push_back(scheme_.variant(by_group ? unit.group : unit.unit_class));
            if (!out.back())
                problem(Code::invalid_input, of_unit(unit),
                        fmt::format("{} \"{}\" is not a variant of the scheme", by_group ? "group" : "class",
                                    by_group ? unit.group : unit.unit_class),
                        "one of " + known);
        }
        return out;
    }

    static void columns_of(const Formula& formula, const std::string& code, std::set<std::string>& out) {
        if (formula.kind != FormulaKind::mix) out.insert(formula.column.empty() ? code : formula.column);
        if (!formula.against.column.empty()) out.insert(formula.against.column);
        for (const Formula& part : formula.parts) columns_of(part, formula.column.empty() ? code : formula.column, out);
    }

    std::set<std::string> lacking(const Variant& variant) const {
        std::set<std::string> needed, out;
        std::vector<bool> assessed(variant.nodes.size());
        for (std::size_t i = 0; i < variant.nodes.size(); ++i) {
            const Node& node = variant.nodes[i];
            assessed[i] = node.parent < 0 || (node.weight > 0 && assessed[node.parent]);
            if (assessed[i] && node.indicator) columns_of(node.indicator->formula, node.code, needed);
        }
        for (const std::string& column : needed)
            if (!table_.columns.count(column)) out.insert(column);
        return out;
    }

    static std::string names_of(const Node& node) {
        std::string out = node.label[0] == node.code ? "" : " or " + node.label[0];
        for (const std::string& alias : node.indicator->aliases) out += " or " + alias;
        return out;
    }

    void columns(const std::vector<const Variant*>& variants) {
        std::set<std::string> missing;
        for (const Variant* variant : std::set<const Variant*>(variants.begin(), variants.end()))
            missing.merge(lacking(*variant));
        std::string fitting;
        if (!missing.empty() && scheme_.variant_by == VariantBy::none)
            for (const Variant& other : scheme_.variants)
                if (lacking(other).empty()) fitting = other.code;
        for (const std::string& column : missing) {
            std::string names;
            for (const Node& node : scheme_.variants[0].nodes)
                if (node.code == column && node.indicator) names = names_of(node);
            problem(Code::invalid_input, options_.table_name, fmt::format("there is no column {}", column),
                    fitting.empty()
                        ? fmt::format("add a column named {}{}; cells may be empty", column, names)
                        : fmt::format("add a column named {}{}, or choose variant {}, which has all its columns",
                                      column, names, fitting));
        }
    }

    void events() {
        for (const Event& event : table_.events) {
            const std::string where = fmt::format("{}:{}:{}", options_.table_name, event.unit, event.item);
            const bool known_unit = std::any_of(table_.units.begin(), table_.units.end(),
                                                [&](const Unit& u) { return u.code == event.unit; });
            if (!known_unit)
                problem(Code::not_found, where, fmt::format("the event names an unknown unit \"{}\"", event.unit),
                        "use the unit's code");
            const EventRules& rules = scheme_.events;
            const auto named = [&](const auto& item) { return item.code == event.item; };
            const auto veto = std::find_if(rules.vetoes.begin(), rules.vetoes.end(), named);
            const bool item = std::any_of(rules.bonus.begin(), rules.bonus.end(), named) ||
                              std::any_of(rules.deduction.begin(), rules.deduction.end(), named);
            if (veto == rules.vetoes.end() && !item) {
                problem(Code::not_found, where, fmt::format("the scheme has no event item \"{}\"", event.item),
                        "declare it under events");
            } else if (item) {
                const double points = event.points.value_or(0);
                if (!(points >= 0) || !(event.count >= 0) || !std::isfinite(points) || !std::isfinite(event.count))
                    problem(Code::invalid_input, where, "points and count are 0 or more",
                            "a deduction is written as a positive number");
            } else {
                std::string lacks;
                if (event.reason.empty()) lacks += " reason";
                if (event.date.empty()) lacks += " date";
                if (event.basis.empty() && veto->basis.empty()) lacks += " basis";
                if (event.decider.empty() && veto->decider.empty()) lacks += " decider";
                if (!lacks.empty())
                    problem(Code::invalid_input, where, "an override lacks its" + lacks,
                            "a veto carries reason, legal basis, date and deciding body");
            }
        }
    }

    const Table& table_;
    const Scheme& scheme_;
    const Options& options_;
    Errors errors_;
};
}  // namespace

Checked<std::vector<const Variant*>> check_input(const Table& table, const Scheme& scheme, const Options& options) {
    return Checker(table, scheme, options).run();
}

}  // namespace yipan::score
