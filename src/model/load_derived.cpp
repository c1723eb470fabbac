// Derived figures: a formula over the values of other figures in named windows.
#include <algorithm>

#include "base/nearest.h"
#include "model/loader.h"
#include "model/names.h"

namespace yipan::model {
namespace {
std::optional<std::int64_t> dimension_value(const Section& only, const Field& field, const Word& word) {
    if (field.kind == FieldKind::boolean) {
        if (word.text == "true" || word.text == "false") return word.text == "true" ? 2 : 1;
        only.problems().add(word.where,
                            only.subject() + ": \"" + word.text.substr(0, 80) + "\" is neither true nor false",
                            "write true or false");
        return std::nullopt;
    }
    if (field.kind != FieldKind::choice) {
        only.problems().add(word.where, only.subject() + ": field \"" + field.code + "\" is a reference",
                            "only choices and booleans can be fixed in a declaration");
        return std::nullopt;
    }
    std::vector<std::string_view> codes;
    for (std::size_t i = 0; i < field.choices.size(); ++i) {
        if (field.choices[i].code == word.text) return static_cast<std::int64_t>(i) + 1;
        codes.push_back(field.choices[i].code);
    }
    only.problems().add(word.where,
                        only.subject() + ": \"" + word.text.substr(0, 80) + "\" is not a choice of " + field.code,
                        did_you_mean(word.text, codes, "choices: " + joined(codes).substr(0, 300)));
    return std::nullopt;
}

// only: {project.level: provincial}
void read_only(Loader& loader, FigurePart& part, const Figure& of, const Section& section) {
    part.only.resize(of.by.size());
    const yaml::Node* only = section.find("only");
    if (!only) return;
    if (!only->is_map()) {
        section.wrong("only", "\"only\" is not a map", "only: {<dimension>: <choice>}");
        return;
    }
    std::vector<std::string_view> names(of.by_names.begin(), of.by_names.end());
    for (std::size_t i = 0; i < only->keys.size(); ++i) {
        const yaml::Node& key = only->keys[i];
        const auto at = std::find(names.begin(), names.end(), key.text);
        if (at == names.end()) {
            if (!loader.damaged.contains({-1, of.code}))
                loader.problems.add(
                    section.place(key),
                    section.subject() + ": figure " + of.code + " has no dimension \"" + key.text.substr(0, 80) + "\"",
                    names.empty()
                        ? (of.derived() ? "a derived figure has none; fix it at its parts" : "say `by` at the figure")
                        : did_you_mean(key.text, names, "its dimensions: " + joined(names)));
            continue;
        }
        const auto position = static_cast<std::size_t>(at - names.begin());
        const Field& field = last_field(loader, of.type, of.by[position].fields);
        if (!only->items[i].is_scalar())
            loader.problems.add(section.place(only->items[i]),
                                section.subject() + ": \"" + key.text + "\" is not a single value", "one choice");
        else
            part.only[position] = dimension_value(section, field, {only->items[i].text, section.place(only->items[i])});
    }
}

void read_part(Loader& loader, Figure& figure, const Section& section, std::string name) {
    FigurePart part;
    part.name = std::move(name);
    section.missing("figure", "figure: <name>");
    if (const auto window =
            section.one_of("window", {"period", "ytd", "year", "year_ago", "ytd_year_ago", "previous", "to_date"}))
        part.window = static_cast<Window>(*window);
    if (const auto word = section.word("figure")) {
        part.figure = loader.model.find_figure(word->text);
        if (part.figure == figure.index)
            part.figure = -1;  // a circle, told by its order
        else if (part.figure < 0 && std::none_of(loader.figures.begin(), loader.figures.end(),
                                                 [&](const Declaration& d) { return d.key->text == word->text; })) {
            std::vector<std::string_view> names;
            for (const Declaration& declared : loader.figures) names.push_back(declared.key->text);
            section.wrong("figure", "there is no figure \"" + word->text.substr(0, 80) + "\"",
                          did_you_mean(word->text, names, "declare it under figures"));
        }
    }
    if (part.figure >= 0) {
        const Figure& of = loader.model.figures[static_cast<std::size_t>(part.figure)];
        read_only(loader, part, of, section);
        const bool shifted =
            part.window == Window::year_ago || part.window == Window::ytd_year_ago || part.window == Window::previous;
        if (shifted && !loader.periodic[static_cast<std::size_t>(part.figure)] &&
            !loader.damaged.contains({-1, of.code}))
            section.wrong("window", "figure " + of.code + " has no period: it is the same in every period",
                          "leave out window");
    }
    figure.parts.push_back(std::move(part));
}

void read_parts(Loader& loader, Figure& figure, const Section& section) {
    section.missing("parts", "parts: {name: {figure: ..., window: ytd}}");
    const yaml::Node* parts = section.find("parts");
    if (!parts) return;
    if (!parts->is_map() || parts->keys.empty() || parts->keys.size() > parts_max) {
        section.wrong("parts", "\"parts\" is not a map of 1 to 32 parts", "parts: {name: {figure: ..., window: ytd}}");
        return;
    }
    for (std::size_t i = 0; i < parts->keys.size(); ++i) {
        const yaml::Node& key = parts->keys[i];
        if (const auto bad = judge_name(key.text, NameUse::other))
            loader.problems.add(section.place(key), section.subject() + ": part " + bad->message, bad->hint);
        if (key.text == "elapsed_months" || key.text == "period_months")
            loader.problems.add(section.place(key),
                                section.subject() + ": part \"" + key.text + "\" is known to every formula already",
                                "choose another name");
        const Section inner(loader.problems, section.file(), key, parts->items[i],
                            section.subject() + " part " + key.text, {"figure", "window", "only"});
        read_part(loader, figure, inner, key.text);
    }
}

void read_formula(Loader& loader, Figure& figure, const Section& section) {
    section.missing("formula", "formula: \"done.div(plan, 4) * 100\"");
    const auto text = section.word("formula");
    if (!text) return;
    ExpressionUse use;
    use.subject = section.subject() + " formula";
    use.results = {cel::Type::decimal(), cel::Type::integer(), cel::Type::money()};
    use.results_text = "a decimal, an integer or money";
    use.null_result = false;
    bool resolved = true;
    for (const FigurePart& part : figure.parts) {
        resolved = resolved && part.figure >= 0 &&
                   !loader.damaged.contains({-1, loader.model.figures[static_cast<std::size_t>(part.figure)].code});
        const cel::Type type =
            part.figure < 0 ? cel::Type::dyn()
                            : cel_type(loader.model.figures[static_cast<std::size_t>(part.figure)].measure).or_null();
        use.variables.push_back({part.name, type});
    }
    if (!resolved) return;  // types of parts are not known: whatever the formula's mistakes, they are not its own
    use.variables.push_back({"elapsed_months", cel::Type::integer()});
    use.variables.push_back({"period_months", cel::Type::integer()});
    figure.formula = read_expression(loader, use, *text);
    if (!figure.formula) return;
    const cel::Type& result = figure.formula->program.result_type();
    if (result.is(cel::Type::K::money)) {
        figure.measure.kind = Measure::Kind::money;
        figure.measure.scale = 2;
        if (const auto currency = Currency::parse(std::string_view(result.currency)))
            figure.measure.currency = *currency;
    } else if (result.is(cel::Type::K::decimal)) {
        constexpr int scale_unknown =
            6;  // branches of different scales: a value keeps its own, six places are for display
        figure.measure.scale = result.scale >= 0 ? result.scale : scale_unknown;
    }
}
}  // namespace

void read_derived_figure(Loader& loader, Figure& figure, const Section& section) {
    for (const std::string_view keyword : {"of", "sum", "average", "min", "max", "distinct", "count", "kind", "where",
                                           "at", "unit", "period", "grain", "by", "forest", "max_age"})
        if (section.has(keyword))
            loader.problems.add(
                section.key_place(keyword),
                section.subject() + ": \"" + std::string(keyword) + "\" does not go with parts and formula",
                "a derived figure takes them from its parts");
    if (const auto unit = section.word("unit_of")) figure.measure.unit = unit->text;
    read_parts(loader, figure, section);
    read_formula(loader, figure, section);
    // Where all parts agree on the sort of unit and the forest, so does the figure.
    for (std::size_t i = 0; i < figure.parts.size(); ++i) {
        if (figure.parts[i].figure < 0) continue;
        const Figure& of = loader.model.figures[static_cast<std::size_t>(figure.parts[i].figure)];
        figure.unit_type = i == 0 || figure.unit_type == of.unit_type ? of.unit_type : -1;
        figure.forest = i == 0 || figure.forest == of.forest ? of.forest : -1;
    }
}

}  // namespace yipan::model
