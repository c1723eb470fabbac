#include "report/assessment.h"

#include <algorithm>

#include "base/nearest.h"

namespace yipan::report {
namespace {

// How many yuan (dollars ...) one unit of measure holds: 亿元 100,000,000.
double yuan_per_unit(std::string_view unit) {
    if (unit.starts_with("亿") || unit.starts_with("億")) return 1e8;
    if (unit.starts_with("万") || unit.starts_with("萬")) return 1e4;
    return 1;
}

constexpr std::string_view ours_field =
    "ours";  // of the type of assessed units: true at the one that is the zone itself

class Assessor {
  public:
    Assessor(board::Snapshot& snapshot, exchange::Names& names, const Period& period)
        : snapshot_(snapshot), model_(snapshot.model()), names_(names) {
        result_.period = period;
        result_.position = snapshot.position();
    }

    Checked<Assessment> run(const std::string& code, const std::string& variant) {
        const auto text = model_.schemes.find(code);
        if (text == model_.schemes.end()) {
            std::vector<std::string_view> known;
            std::string all;
            for (const auto& [name, unused] : model_.schemes)
                known.push_back(name), all += (all.empty() ? "" : ", ") + name;
            return fail(
                Errors{{Code::not_found, "scheme", "there is no scheme \"" + code + "\"",
                        did_you_mean(code, known, all.empty() ? "the board has none" : "the board has " + all)}});
        }
        YIPAN_TRY(result_.scheme, score::parse_scheme(text->second, code + ".yaml"));
        const score::Variant* tree = result_.scheme.variant(variant.empty() ? result_.scheme.default_variant : variant);
        if (!tree && !result_.scheme.variants.empty()) tree = &result_.scheme.variants.front();
        if (!tree) return fail(Errors{{Code::invalid_input, code, "the scheme has no tree"}});
        read_indicators(*tree);
        if (!errors_.empty()) return fail(std::move(errors_));
        if (const Status filled = fill_units(*tree); !filled) return fail(Errors{filled.error()});
        if (result_.table.units.empty()) {
            const std::string type = model_.types[static_cast<std::size_t>(result_.unit_type)].code;
            return fail(
                Errors{{Code::invalid_input, "period",
                        "no " + type + " has a value for " + result_.period.text() + ", so there is nothing to score",
                        "a period for which something was reported"}});
        }
        score::Options options;
        options.variant = variant;
        options.table_name = code + " " + result_.period.text();
        YIPAN_TRY(result_.outcome, score::score(result_.table, result_.scheme, options));
        return std::move(result_);
    }

  private:
    void read_indicators(const score::Variant& tree) {
        for (const score::Node& node : tree.nodes) {
            if (!node.indicator) continue;
            if (node.indicator->figure.empty()) {
                result_.notes.push_back(node.code + ": the scheme names no figure for it");
                continue;
            }
            const std::string where = result_.scheme.code + ":" + node.code;
            const Result<int> figure = find_figure(model_, node.indicator->figure);
            const Result<Period> window = window_of(result_.period, node.indicator->window);
            if (!figure) errors_.push_back({figure.error().code, where, figure.error().message, figure.error().hint});
            if (!window) errors_.push_back({window.error().code, where, window.error().message, window.error().hint});
            if (!figure || !window) continue;
            figure::Ask ask;
            ask.figure = *figure;
            ask.today = snapshot_.today();
            if (has_period(model_, *figure)) ask.period = *window;
            const int type = unit_type_of(model_, *figure);
            if (result_.unit_type < 0) result_.unit_type = type;
            if (type != result_.unit_type) {
                errors_.push_back(
                    {Code::invalid_input, where,
                     "the figure " + node.indicator->figure + " is of other units than the indicators before it",
                     "one assessment compares units of one type"});
                continue;
            }
            ask.unit_type = type;
            result_.asks.emplace(node.code, ask);
        }
        if (errors_.empty() && result_.asks.empty()) {
            errors_.push_back({Code::invalid_input, result_.scheme.code, "no indicator of the scheme names a figure",
                               "figure: CODE at the indicator, or score a table with yipan score SCHEME DATA.csv"});
        }
    }

    Status fill_units(const score::Variant& tree) {
        const model::Type& type = model_.types[static_cast<std::size_t>(result_.unit_type)];
        return snapshot_.each(result_.unit_type, [&](const record::RecordPtr& record) {
            std::map<std::string, std::optional<double>> row;
            bool any = false;
            for (const auto& [code, asked] : result_.asks) {
                figure::Ask ask = asked;
                ask.unit = record->id.value;
                any |= (row[code] = cell(tree, code, snapshot_.figure(ask))).has_value();
            }
            const std::string code = names_.key_text(*record);
            if (!any) {
                result_.without_values.push_back(code);
                return true;
            }
            result_.units.emplace(code, record->id);
            result_.table.units.push_back({code, names_.title_of(*record), text_field(type, *record, "peer_group"),
                                           text_field(type, *record, "unit_class")});
            for (const auto& [column, value] : row) result_.table.columns[column].push_back(value);
            return true;
        });
    }

    std::optional<double> cell(const score::Variant& tree, const std::string& code, const figure::Value& value) const {
        if (!value.has) return std::nullopt;
        const auto node =
            std::find_if(tree.nodes.begin(), tree.nodes.end(), [&](const score::Node& n) { return n.code == code; });
        const model::Figure& figure = model_.figures[static_cast<std::size_t>(result_.asks.at(code).figure)];
        const double number = value.number.approximate();
        return figure.measure.kind == model::Measure::Kind::money ? number / yuan_per_unit(node->indicator->unit)
                                                                  : number;
    }

    static std::string text_field(const model::Type& type, const record::Record& record, std::string_view code) {
        const int field = type.find(code);
        const std::string* text = field < 0 ? nullptr : record::as_text(record.at(field));
        return text ? *text : std::string();
    }

    board::Snapshot& snapshot_;
    const model::Model& model_;
    exchange::Names& names_;
    Assessment result_;
    Errors errors_;
};

}  // namespace

Checked<Assessment> assess(board::Snapshot& snapshot, exchange::Names& names, const std::string& scheme,
                           const Period& period, const std::string& variant) {
    return Assessor(snapshot, names, period).run(scheme, variant);
}

bool compares_us(const model::Model& model, const score::Scheme& scheme) {
    if (scheme.variants.empty()) return false;
    for (const score::Node& node : scheme.variants.front().nodes) {
        if (!node.indicator || node.indicator->figure.empty()) continue;
        const Result<int> figure = find_figure(model, node.indicator->figure);
        const int type = figure ? unit_type_of(model, *figure) : -1;
        return type >= 0 && model.types[static_cast<std::size_t>(type)].find(ours_field) >= 0;
    }
    return false;
}

std::string own_unit(board::Snapshot& snapshot, const Assessment& assessment) {
    const int ours = snapshot.model().types[static_cast<std::size_t>(assessment.unit_type)].find(ours_field);
    for (const auto& [code, id] : assessment.units) {
        const record::RecordPtr record = ours >= 0 ? snapshot.record(assessment.unit_type, id) : nullptr;
        if (record && record->at(ours) == record::Value{std::int64_t{1}}) return code;
    }
    return "";
}

}  // namespace yipan::report
