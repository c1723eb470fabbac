// Lights: how far behind something is, and from where on it shows yellow and red.
#include <algorithm>

#include "base/nearest.h"
#include "model/loader.h"
#include "model/slots.h"

namespace yipan::model {
namespace {
constexpr std::int64_t streak_max = 120;  // periods

std::optional<Light::Bound> read_bound(Loader& loader, const Section& section, std::string_view keyword) {
    const yaml::Node* node = section.find(keyword);
    if (!node) return std::nullopt;
    const Section inner(loader.problems, section.file(), *node, *node, section.subject() + " " + std::string(keyword),
                        {"behind", "inclusive"});
    inner.missing("behind", "behind: 10");
    Light::Bound bound;
    bound.inclusive = inner.flag("inclusive", true);
    const auto value = inner.number("behind");
    if (!value) return std::nullopt;
    if (*value < Decimal::of(0)) inner.wrong("behind", "\"behind\" is negative", "at or below zero is green");
    bound.value = *value;
    return bound;
}

void read_thresholds(Loader& loader, Light& light, const Section& section) {
    light.yellow = read_bound(loader, section, "yellow");
    light.red = read_bound(loader, section, "red");
    if (!section.has("yellow") && !section.has("red"))
        loader.problems.add(section.where(), section.subject() + ": has neither yellow nor red",
                            "yellow: {behind: 10, inclusive: true}");
    if (light.yellow && light.red && light.red->value < light.yellow->value)
        section.wrong("red", "red begins before yellow", "red lies further behind than yellow");
}

void read_streak(Loader& loader, Light& light, const Section& section) {
    const yaml::Node* node = section.find("streak");
    if (!node) return;
    const Section inner(loader.problems, section.file(), *node, *node, section.subject() + " streak",
                        {"colour", "periods", "becomes"});
    Light::Streak streak;
    inner.missing("colour", "colour: yellow");
    inner.missing("periods", "periods: 3");
    inner.missing("becomes", "becomes: red");
    if (const auto colour = inner.one_of("colour", {"green", "yellow", "red"}))
        streak.colour = static_cast<Colour>(*colour + 1);
    if (const auto colour = inner.one_of("becomes", {"green", "yellow", "red"}))
        streak.becomes = static_cast<Colour>(*colour + 1);
    if (const auto periods = inner.whole("periods", 2, streak_max)) streak.periods = static_cast<int>(*periods);
    if (streak.colour == streak.becomes)
        inner.wrong("becomes", "the streak changes nothing", "colour and becomes differ");
    light.streak = streak;
}

ExpressionUse light_use(const Light& light, std::string subject) {
    ExpressionUse use;
    use.type = light.type;
    use.subject = std::move(subject);
    use.variables.resize(slots::light_count);
    use.variables[slots::today] = {"today", cel::Type::date()};
    return use;
}

// Whether it looks at fields of other records: those change without this one.
bool looks_further(const Type& type, const std::optional<Expression>& expression) {
    if (!expression) return false;
    const auto& paths = expression->program.paths();
    return std::any_of(paths.begin(), paths.end(), [&](const auto& path) {
        const int field = path.size() > 1 ? type.find(path[0]) : -1;
        return field >= 0 && type.fields[static_cast<std::size_t>(field)].target >= 0;
    });
}

// How the light follows time, told once for all who ask (the board's clock, reports).
void read_course(const Loader& loader, Light& light) {
    if (!light.behind) return;
    constexpr std::string_view since = "today - ";
    const Type& type = loader.model.types[static_cast<std::size_t>(light.type)];
    const std::string_view text = light.behind->text;
    for (std::size_t from = text.find(since); from != std::string_view::npos && light.due_field < 0; from = text.find(since, from + 1)) {
        const std::string_view rest = text.substr(from + since.size());
        const std::string_view name = rest.substr(0, rest.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"));
        const int field = type.find(name);
        if (field < 0 || type.fields[static_cast<std::size_t>(field)].kind != FieldKind::date) continue;
        light.due_field = field;
        light.linear = from == 0 && name == rest && !light.share_of;
    }
    light.daily = !light.linear || (light.applies && mentions(light.applies->text, "today")) || looks_further(type, light.applies);
}

void read_record_light(Loader& loader, Light& light, const Section& section) {
    if (const auto word = section.word("type")) light.type = loader.resolve_type(*word, section.subject());
    section.missing("behind", "behind: \"today - plan_start\"");
    if (const yaml::Node* streak = section.find("streak"))
        loader.problems.add(section.place(*streak), section.subject() + ": \"streak\" does not go with type",
                            "only lights of figures have a row of periods");
    if (light.type < 0) return;
    if (const auto text = section.word("applies")) {
        ExpressionUse use = light_use(light, section.subject() + " applies");
        use.results = {cel::Type::boolean()};
        use.results_text = "true or false";
        light.applies = read_expression(loader, use, *text);
    }
    const bool relative = section.has("share_of");
    const auto measure = [&](std::string_view keyword) -> std::optional<Expression> {
        const auto text = section.word(keyword);
        if (!text) return std::nullopt;
        ExpressionUse use = light_use(light, section.subject() + " " + std::string(keyword));
        use.results = {cel::Type::integer(), cel::Type::decimal()};
        use.results_text = "an integer or a decimal";
        if (relative) {
            use.results.push_back(cel::Type::money());
            use.results_text = "an integer, a decimal or money";
        }
        return read_expression(loader, use, *text);
    };
    light.behind = measure("behind");
    light.share_of = measure("share_of");
    read_course(loader, light);
    if (!light.behind || !light.share_of) return;
    const cel::Type& part = light.behind->program.result_type();
    const cel::Type& whole = light.share_of->program.result_type();
    const bool money = part.is(cel::Type::K::money), money_whole = whole.is(cel::Type::K::money);
    if (money != money_whole || (money && std::string_view(part.currency) != whole.currency))
        section.wrong("share_of", "a share of " + part.text() + " in " + whole.text() + " has no meaning",
                      "both amounts in the same currency, or both plain numbers");
}

void read_figure_light(Loader& loader, Light& light, const Section& section) {
    for (const std::string_view keyword : {"applies", "behind", "share_of"})
        if (section.has(keyword))
            loader.problems.add(section.key_place(keyword),
                                section.subject() + ": \"" + std::string(keyword) + "\" does not go with figure",
                                "only for lights of a type");
    const auto word = section.word("figure");
    if (!word) return;
    light.figure = loader.model.find_figure(word->text);
    if (light.figure < 0)
        section.wrong("figure", "there is no figure \"" + word->text.substr(0, 80) + "\"", [&] {
            std::vector<std::string_view> names;
            for (const Figure& figure : loader.model.figures) names.push_back(figure.code);
            return did_you_mean(word->text, names, "declare it under figures");
        }());
    read_streak(loader, light, section);
    if (light.streak && light.figure >= 0 && !loader.periodic[static_cast<std::size_t>(light.figure)])
        section.wrong("streak", "figure " + word->text + " has no period", "a streak is a row of periods");
}
}  // namespace

void read_lights(Loader& loader) {
    for (const Declaration& declared : loader.lights) {
        Light light;
        light.code = declared.key->text;
        const Section section = loader.section(
            declared, "light " + light.code,
            {"label", "type", "figure", "applies", "behind", "share_of", "yellow", "red", "streak", "consequence"});
        light.label = section.label("label", false);
        if (const auto text = section.word("consequence")) light.consequence = text->text;
        if (section.has("type") == section.has("figure"))
            loader.problems.add(
                section.where(),
                section.subject() + ": says " + (section.has("type") ? "both" : "neither") + " type and figure",
                "exactly one of the two");
        else if (section.has("type"))
            read_record_light(loader, light, section);
        else
            read_figure_light(loader, light, section);
        read_thresholds(loader, light, section);
        if (light.label.hans.empty() &&
            !section.has("label")) {  // a light without a label is called like what it watches
            if (light.type >= 0) light.label = loader.type(light.type).label;
            if (light.figure >= 0) light.label = loader.model.figures[static_cast<std::size_t>(light.figure)].label;
        }
        loader.model.lights.push_back(std::move(light));
    }
}

}  // namespace yipan::model
