// Figures maintained from records: what is reduced, where its value belongs, when and by what.
#include <algorithm>

#include "base/nearest.h"
#include "model/loader.h"

namespace yipan::model {
namespace {
constexpr std::int64_t max_age_limit = 1200;                                                         // months
constexpr std::string_view reducer_words[] = {"sum", "count", "average", "min", "max", "distinct"};  // order of Reducer

bool known(const Loader& loader, int type, const std::vector<int>& path) {
    int at = type;
    for (const int index : path) {
        const Field& field = loader.model.types[static_cast<std::size_t>(at)].fields[static_cast<std::size_t>(index)];
        if (loader.damaged.contains({at, field.code})) return false;
        at = field.target;
    }
    return true;
}

// Where the values of paths through references are taken from.
struct Times {
    At condition = At::event, unit = At::event, by = At::event, value = At::event, period = At::event;
};
Times read_times(Loader& loader, const Section& section) {
    Times out;
    const yaml::Node* at = section.find("at");
    if (!at) return out;
    const std::vector<std::string_view> words = {"event", "period_end", "now"};
    if (at->is_map()) {
        const Section map(loader.problems, section.file(), *at, *at, section.subject() + " at",
                          {"where", "unit", "by", "value", "period"});
        const auto one = [&](std::string_view keyword, At& target) {
            if (const auto k = map.one_of(keyword, words)) target = static_cast<At>(*k);
        };
        one("where", out.condition);
        one("unit", out.unit);
        one("by", out.by);
        one("value", out.value);
        one("period", out.period);
    } else if (const auto k = section.one_of("at", words)) {
        const At all = static_cast<At>(*k);
        out = {all, all, all, all, all};
    }
    const bool needs_period = out.condition == At::period_end || out.unit == At::period_end ||
                              out.by == At::period_end || out.value == At::period_end;
    if (out.period == At::period_end && at->is_map())
        section.wrong("at", "the period itself cannot be taken at its end", "period: event or now");
    if (needs_period && !section.has("period"))
        section.wrong("at", "a figure without period has no period_end", "say `period` or use event or now");
    return out;
}

std::optional<Path> read_path(Loader& loader, const Figure& figure, const Section& section, const Word& word, At at,
                              std::string_view what) {
    Path path;
    path.at = at;
    path.text = word.text;
    path.where = word.where;
    if (figure.type < 0) return std::nullopt;
    path.fields = resolve_path(loader, figure.type, word, section.subject() + " " + std::string(what));
    if (path.fields.empty() || !known(loader, figure.type, path.fields)) return std::nullopt;
    index_path(loader, figure.type, path.fields);
    return path;
}

void read_value(Loader& loader, Figure& figure, const Section& section, const Times& times) {
    std::vector<std::string_view> said;
    for (const std::string_view word : reducer_words)
        if (section.has(word)) said.push_back(word);
    if (said.size() != 1) {
        const std::string where = said.empty() ? section.where() : section.key_place(said.back());
        loader.problems.add(
            where, section.subject() + (said.empty() ? ": says nothing to reduce" : ": says " + joined(said, " and ")),
            "exactly one of sum, count, average, min, max, distinct");
        return;
    }
    const std::string_view word = said.front();
    figure.reducer = static_cast<Reducer>(std::find(std::begin(reducer_words), std::end(reducer_words), word) -
                                          std::begin(reducer_words));
    const bool counts = figure.reducer == Reducer::count || figure.reducer == Reducer::distinct;
    const auto unit_of = section.word("unit_of");
    if (counts)
        figure.measure.unit = unit_of ? unit_of->text : "个";
    else if (unit_of)
        section.wrong("unit_of", "the unit comes from the field that is added", "say `unit` at the field");
    if (figure.reducer == Reducer::count) {
        if (const auto text = section.word("count"); text && text->text != "true")
            section.wrong("count", "\"count\" is not true", "count: true");
        return;
    }
    const auto text = section.word(word);
    if (!text) return;
    figure.value = read_path(loader, figure, section, *text, times.value, word);
    if (!figure.value) return;
    const Field& field = last_field(loader, figure.type, figure.value->fields);
    const bool numeric =
        field.kind == FieldKind::integer || field.kind == FieldKind::decimal || field.kind == FieldKind::money;
    const bool large =
        field.kind == FieldKind::references || field.kind == FieldKind::attachment || field.kind == FieldKind::place;
    if (figure.reducer == Reducer::distinct) {
        if (large)
            section.wrong(word, "field \"" + field.code + "\" cannot be told apart",
                          "a text, number, date, period, choice or reference");
        return;
    }
    if (!numeric) {
        section.wrong(word, "field \"" + field.code + "\" is not a number", "an integer, decimal or money field");
        return;
    }
    figure.measure.kind = field.kind == FieldKind::money ? Measure::Kind::money : Measure::Kind::number;
    figure.measure.currency = field.currency;
    figure.measure.scale = field.kind == FieldKind::money ? 2 : field.kind == FieldKind::decimal ? field.scale : 0;
    // A mean of whole people is not whole: two places more than what is averaged, as far as money does not settle it.
    if (figure.reducer == Reducer::average && field.kind != FieldKind::money)
        figure.measure.scale = std::min(figure.measure.scale + 2, decimal_scale_max);
    figure.measure.unit = field.unit;
}

void read_unit(Loader& loader, Figure& figure, const Section& section, const Times& times) {
    section.missing("unit", "unit: <path to the reference the value belongs to>");
    const auto word = section.word("unit");
    if (!word) return;
    auto path = read_path(loader, figure, section, *word, times.unit, "unit");
    if (!path) return;
    const Field& field = last_field(loader, figure.type, path->fields);
    if (field.kind != FieldKind::reference) {
        section.wrong("unit", "the path \"" + word->text + "\" does not end in a reference", "the unit is a record");
        return;
    }
    figure.unit_type = field.target;
    figure.unit = std::move(*path);
    if (const auto forest = section.word("forest")) {
        figure.forest = loader.model.find_forest(forest->text);
        std::vector<std::string_view> names;
        for (const Forest& f : loader.model.forests) names.push_back(f.code);
        if (figure.forest < 0) {
            section.wrong("forest", "there is no forest \"" + forest->text.substr(0, 80) + "\"",
                          did_you_mean(forest->text, names, "declare it under forests"));
            return;
        }
        std::vector<std::string_view> nodes;
        for (const ForestLink& link : loader.model.forests[static_cast<std::size_t>(figure.forest)].links)
            for (const int end : {link.parent, link.child})
                if (link.type >= 0 && end >= 0 && loader.field(link.type, end).target >= 0)
                    nodes.push_back(loader.type(loader.field(link.type, end).target).code);
        if (figure.unit_type >= 0 && !nodes.empty() &&
            std::find(nodes.begin(), nodes.end(), loader.type(figure.unit_type).code) == nodes.end())
            section.wrong(
                "forest",
                "the unit's type " + loader.type(figure.unit_type).code + " is no node of forest " + forest->text,
                "its nodes: " + joined(nodes));
    }
}

// A period field must hold only periods the figure can place: as fine as its grain, and year-to-date only where that is
// meant.
void check_grains(const Figure& figure, const Section& section, const Field& field) {
    const bool cumulative = figure.kind == FigureKind::cumulative;
    if (field.grains.empty()) {
        section.wrong("period", "field \"" + field.code + "\" takes periods of every kind",
                      cumulative ? "say grains: [month] or [year_to_date] at the field"
                                 : "say e.g. grains: [month] at the field");
        return;
    }
    for (const PeriodKind grain : field.grains) {
        const std::string name(period_kind_name(grain));
        if (cumulative && grain != PeriodKind::month && grain != PeriodKind::year_to_date)
            section.wrong("period",
                          "a cumulative figure cannot take field \"" + field.code + "\" with periods of kind " + name,
                          "month or year_to_date");
        else if (!cumulative && grain == PeriodKind::year_to_date)
            section.wrong("period", "field \"" + field.code + "\" holds year-to-date periods", "kind: cumulative");
        else if (!cumulative && grain > figure.grain)
            section.wrong("period",
                          "field \"" + field.code + "\" holds periods of kind " + name + ", coarser than the grain",
                          "grain: " + name);
    }
}

void read_period(Loader& loader, Figure& figure, const Section& section, const Times& times) {
    if (const auto kind = section.one_of("kind", {"flow", "stock", "cumulative"}))
        figure.kind = static_cast<FigureKind>(*kind);
    if (const auto grain = section.one_of("grain", {"month", "quarter", "half", "year"}))
        figure.grain = static_cast<PeriodKind>(*grain + 1);
    if (const auto age = section.whole("max_age", 0, max_age_limit)) figure.max_age_months = static_cast<int>(*age);
    if (section.has("max_age") && figure.kind != FigureKind::stock)
        section.wrong("max_age", "only a stock is carried forward", "kind: stock, or leave out max_age");
    if (section.has("grain") && !section.has("period"))
        section.wrong("grain", "a grain without period", "say `period` as well");
    if (figure.kind != FigureKind::flow) {
        const std::string name = figure.kind == FigureKind::stock ? "stock" : "cumulative";
        if (!section.has("period"))
            section.wrong("kind", "a " + name + " figure needs a period", "period: <path to a date or period field>");
        if (figure.reducer != Reducer::sum)
            section.wrong("kind", "a " + name + " figure needs sum", "sum: <the value's field>");
    }
    const auto word = section.word("period");
    if (!word) return;
    auto path = read_path(loader, figure, section, *word, times.period, "period");
    if (!path) return;
    const Field& field = last_field(loader, figure.type, path->fields);
    if (field.kind != FieldKind::date && field.kind != FieldKind::period) {
        section.wrong("period", "the path \"" + word->text + "\" ends in neither a date nor a period",
                      "a field of type date or period");
        return;
    }
    if (field.kind == FieldKind::period) check_grains(figure, section, field);
    figure.period = std::move(*path);
}

void read_dimensions(Loader& loader, Figure& figure, const Section& section, const Times& times) {
    const auto words = section.words("by");
    if (words.size() > 2)
        section.wrong("by", "more than two dimensions",
                      "keep the two that are asked for; make a second figure for others");
    for (const Word& word : words) {
        auto path = read_path(loader, figure, section, word, times.by, "by");
        if (!path) continue;
        const Field& field = last_field(loader, figure.type, path->fields);
        if (field.kind != FieldKind::choice && field.kind != FieldKind::boolean && field.kind != FieldKind::reference)
            loader.problems.add(word.where, section.subject() + ": \"" + word.text + "\" is no dimension",
                                "a choice, boolean or reference field");
        if (std::find(figure.by_names.begin(), figure.by_names.end(), word.text) != figure.by_names.end())
            loader.problems.add(word.where, section.subject() + ": \"" + word.text + "\" stands twice", "keep one");
        figure.by_names.push_back(word.text);
        figure.by.push_back(std::move(*path));
    }
}

void read_condition(Loader& loader, Figure& figure, const Section& section) {
    const auto text = section.word("where");
    if (!text || figure.type < 0) return;
    ExpressionUse use;
    use.type = figure.type;
    use.guarded = true;
    use.null_result = false;
    use.subject = section.subject() + " where";
    use.results = {cel::Type::boolean()};
    use.results_text = "true or false";
    figure.condition = read_expression(loader, use, *text);
    if (!figure.condition) return;
    for (const auto& names : figure.condition->program.paths()) {  // the references it goes through
        int at = figure.type;
        for (std::size_t i = 0; i + 1 < names.size() && at >= 0; ++i) {
            const int index = loader.type(at).find(names[i]);
            if (index < 0) break;
            Field& field = loader.field(at, index);
            if (field.kind == FieldKind::reference) field.index = true;
            at = field.target;
        }
    }
}

}  // namespace

void read_plain_figure(Loader& loader, Figure& figure, const Section& section) {
    section.missing("of", "of: <record type>, or parts and formula for a derived figure");
    if (const auto of = section.word("of")) figure.type = loader.resolve_type(*of, section.subject());
    const Times times = read_times(loader, section);
    figure.condition_at = times.condition;
    read_value(loader, figure, section, times);
    read_period(loader, figure, section, times);
    read_unit(loader, figure, section, times);
    read_dimensions(loader, figure, section, times);
    read_condition(loader, figure, section);
}

}  // namespace yipan::model
