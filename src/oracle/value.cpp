// Reading a figure: which units, which slots, what is made of the facts there (src/figure/README.md, sections 2 to 4).
// Everything anew for every question: the facts of all records, the set of units from all links, the last value of each
// series by looking at all.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "oracle/formula.h"
#include "oracle/oracle.h"

namespace yipan::oracle {
namespace {

Answer none(std::string why) {
    Answer answer;
    answer.why_none = std::move(why);
    return answer;
}

int months_of(PeriodKind grain) {
    switch (grain) {
        case PeriodKind::month: return 1;
        case PeriodKind::quarter: return 3;
        case PeriodKind::half: return 6;
        default: return 12;
    }
}

using Node = std::pair<int, std::int64_t>;  // type, record

bool valid_link(const record::Record& link, const model::ForestLink& shape, Date day) {
    if (shape.from >= 0)
        if (const std::int64_t* from = record::as_integer(link.at(shape.from)); from && *from > day.days) return false;
    if (shape.to >= 0)
        if (const std::int64_t* to = record::as_integer(link.at(shape.to)); to && *to < day.days) return false;
    return true;
}

/// The nodes below `root` and itself on `day`: pass over all links again and again until nothing new is reached.
std::set<Node> nodes_below(const World& world, const model::Forest& forest, Node root, Date day) {
    std::set<Node> reached{root};
    for (bool grew = true; grew;) {
        grew = false;
        for (const model::ForestLink& shape : forest.links) {
            const auto& fields = world.model.types[static_cast<std::size_t>(shape.type)].fields;
            const int parent_type = fields[static_cast<std::size_t>(shape.parent)].target;
            const int child_type = fields[static_cast<std::size_t>(shape.child)].target;
            for (const auto& history : world.versions[static_cast<std::size_t>(shape.type)]) {
                if (history.empty() || !history.back().record || history.back().record->voided) continue;
                const record::Record& link = *history.back().record;
                const std::int64_t* parent = record::as_integer(link.at(shape.parent));
                const std::int64_t* child = record::as_integer(link.at(shape.child));
                if (!parent || !child || !valid_link(link, shape, day)) continue;
                if (reached.contains({parent_type, *parent})) grew |= reached.insert({child_type, *child}).second;
            }
        }
    }
    return reached;
}

struct Months {  // first unset: everything up to `last`
    std::optional<MonthIndex> first;
    MonthIndex last = 0;
};

struct Series {
    std::int64_t unit, d1, d2;
    auto operator<=>(const Series&) const = default;
};
Series series_of(const Fact& fact) { return {fact.unit, fact.d1, fact.d2}; }

std::set<Series> series_in(const std::vector<Fact>& facts) {
    std::set<Series> all;
    for (const Fact& fact : facts) all.insert(series_of(fact));
    return all;
}

std::int64_t number_of(const Fact& fact) { return std::get<std::int64_t>(fact.value); }

/// The last of some facts: greatest (day, record); null when there is none.
template <class Test>
const Fact* last_of(const std::vector<Fact>& facts, Test&& wanted) {
    const Fact* last = nullptr;
    for (const Fact& fact : facts)
        if (wanted(fact) && (!last || std::pair(fact.day, fact.record) > std::pair(last->day, last->record)))
            last = &fact;
    return last;
}

int value_scale(const model::Model& model, const model::Figure& figure) {
    int type = figure.type;
    const model::Field* field = nullptr;
    for (const int index : figure.value->fields) {
        field = &model.types[static_cast<std::size_t>(type)].fields[static_cast<std::size_t>(index)];
        type = field->target;
    }
    return field->kind == model::FieldKind::money ? 2 : field->kind == model::FieldKind::decimal ? field->scale : 0;
}

Answer number(__int128 units, int scale, std::int64_t records) {
    Sum128 sum;
    sum.total = units;
    const std::optional<std::int64_t> narrow = sum.narrow();
    if (!narrow) return none("the total leaves 64 bits");
    Answer answer;
    answer.has = true;
    answer.number = {*narrow, static_cast<std::uint8_t>(scale)};
    answer.records = records;
    return answer;
}

Answer reduced(const model::Model& model, const model::Figure& figure, const std::vector<Fact>& facts) {
    const auto n = static_cast<std::int64_t>(facts.size());
    if (figure.reducer == model::Reducer::count) return number(n, 0, n);
    if (figure.reducer == model::Reducer::distinct) {
        std::set<record::Value> different;
        for (const Fact& fact : facts) different.insert(fact.value);
        return number(static_cast<std::int64_t>(different.size()), 0, n);
    }
    if (facts.empty()) return none("no record contributes");
    const int scale = value_scale(model, figure);
    __int128 sum = 0;
    std::int64_t least = number_of(facts.front()), greatest = least;
    for (const Fact& fact : facts) {
        sum += number_of(fact);
        least = std::min(least, number_of(fact));
        greatest = std::max(greatest, number_of(fact));
    }
    switch (figure.reducer) {
        case model::Reducer::min: return number(least, scale, n);
        case model::Reducer::max: return number(greatest, scale, n);
        case model::Reducer::sum: return number(sum, scale, n);
        default: break;
    }
    const int wanted = figure.measure.kind == model::Measure::Kind::money ? 2 : figure.measure.scale;
    __int128 divisor = n;
    for (int i = scale; i < wanted; ++i) sum *= 10;
    for (int i = wanted; i < scale; ++i) divisor *= 10;
    return number(divide_rounded(sum, divisor, Rounding::half_up), wanted, n);
}

Answer stock(const model::Model& model, const model::Figure& figure, const std::vector<Fact>& facts,
             std::optional<MonthIndex> end) {
    const int width = months_of(figure.grain);
    std::vector<Fact> used;
    int expected = 0;
    for (const Series& series : series_in(facts)) {
        const auto month = [&](const Fact& fact) { return fact.slot * width + width - 1; };
        const auto mine = [&](const Fact& fact) { return series_of(fact) == series && (!end || month(fact) <= *end); };
        if (!last_of(facts, mine)) continue;
        ++expected;
        const Fact* last = last_of(facts, [&](const Fact& fact) {
            return mine(fact) && (!end || month(fact) >= *end - figure.max_age_months);
        });
        if (last) used.push_back(*last);
    }
    Answer answer = used.empty() ? none("no unit reported within the age allowed") : reduced(model, figure, used);
    answer.reported = static_cast<int>(used.size());
    answer.expected = expected;
    return answer;
}

Answer cumulative(const model::Model& model, const model::Figure& figure, const std::vector<Fact>& facts,
                  const Months& asked) {
    if (figure.reducer != model::Reducer::sum || !figure.period || !asked.first)
        return none("a year-to-date figure is only summed, over months of one year");
    const int width = months_of(figure.grain);
    __int128 sum = 0;
    std::int64_t records = 0;
    int reported = 0, expected = 0;
    for (const Series& series : series_in(facts)) {
        const auto standing_at = [&](MonthIndex month) {
            return last_of(facts, [&](const Fact& fact) {
                return series_of(fact) == series && fact.slot * width + width - 1 == month;
            });
        };
        if (!last_of(facts, [&](const Fact& fact) {
                return series_of(fact) == series && fact.slot * width + width - 1 <= asked.last;
            }))
            continue;
        ++expected;
        const bool from_january = *asked.first % 12 == 0;
        const Fact* end = standing_at(asked.last);
        const Fact* before = from_january ? nullptr : standing_at(*asked.first - 1);
        if (!end || (!from_january && !before)) continue;
        ++reported;
        records += before ? 2 : 1;  // where a slot holds several contributions, only the last one is used
        sum += number_of(*end) - (before ? number_of(*before) : 0);
    }
    Answer answer =
        reported == 0 ? none("no unit has both year-to-date values") : number(sum, value_scale(model, figure), records);
    answer.reported = reported;
    answer.expected = expected;
    return answer;
}

Date tree_date_of(const Question& question) {
    if (question.tree_date) return *question.tree_date;
    return question.period ? question.period->last_day() : question.today;
}

Answer plain(const World& world, const Question& question, const model::Figure& figure,
             const std::optional<Months>& months) {
    const model::Model& model = world.model;
    if ((question.d1 && figure.by.empty()) || (question.d2 && figure.by.size() < 2))
        return none("the figure has no such dimension");
    if (figure.period && !months) return none("the figure needs a period");
    if (figure.period) {
        const int width = months_of(figure.grain);
        const bool ends = (months->last + 1) % width == 0;
        const bool starts = figure.kind == model::FigureKind::stock || !months->first || *months->first % width == 0;
        if (!ends || !starts) return none(fmt::format("the figure is kept by {}", period_kind_name(figure.grain)));
    }

    const int unit_type = question.unit_type >= 0 ? question.unit_type : figure.unit_type;
    const int forest = question.forest >= 0 ? question.forest : figure.forest;
    std::set<Node> nodes;
    if (question.unit != 0) {
        const Node root{unit_type, question.unit};
        if (forest < 0 && unit_type != figure.unit_type)
            return none("the unit is of another type and there is no forest to walk");
        nodes = forest < 0
                    ? std::set<Node>{root}
                    : nodes_below(world, model.forests[static_cast<std::size_t>(forest)], root, tree_date_of(question));
    }

    std::optional<World> past;
    if (question.as_known) past.emplace(world.known_at(*question.as_known));
    const World& known = past ? *past : world;
    WorldResolver resolver(known);
    std::vector<Fact> facts;
    for (const auto& history : known.versions[static_cast<std::size_t>(figure.type)]) {
        if (history.empty() || !history.back().record) continue;
        auto fact = fact_of(model, figure, *history.back().record, resolver);
        if (!fact) return none(fact.error().text());
        if (!*fact) continue;
        if (question.unit != 0 && !nodes.contains({figure.unit_type, (*fact)->unit})) continue;
        if ((question.d1 && *question.d1 != (*fact)->d1) || (question.d2 && *question.d2 != (*fact)->d2)) continue;
        facts.push_back(**fact);
    }

    if (figure.kind == model::FigureKind::stock)
        return stock(model, figure, facts, figure.period ? std::optional(months->last) : std::nullopt);
    if (figure.kind == model::FigureKind::cumulative)
        return cumulative(model, figure, facts, months.value_or(Months{}));
    std::vector<Fact> inside;
    for (const Fact& fact : facts) {
        const MonthIndex first = fact.slot * months_of(figure.grain);
        if (!figure.period || ((!months->first || first >= *months->first) && first <= months->last))
            inside.push_back(fact);
    }
    return reduced(model, figure, inside);
}

/// The period and the sense ("everything up to") in which a part is asked; none where the window has no period.
struct Asked {
    std::optional<Period> period;
    bool to_date = false;
    bool nothing = false;
};

Asked window_of(model::Window window, std::optional<Period> period, bool to_date) {
    if (!period) return {period, false, false};
    switch (window) {
        case model::Window::period: return {period, to_date, false};
        case model::Window::ytd: return {period->to_date(), false, false};
        case model::Window::year: return {Period::whole_year(period->year), false, false};
        case model::Window::year_ago: return {period->year_before(), false, false};
        case model::Window::ytd_year_ago: return {period->to_date().year_before(), false, false};
        case model::Window::previous: {
            const std::optional<Period> before = period->previous();
            return {before, false, !before};
        }
        case model::Window::to_date: return {period, true, false};
    }
    return {};
}

Answer ask(const World& world, const Question& question, bool to_date);

Answer derived(const World& world, const Question& question, const model::Figure& figure, bool to_date) {
    if (question.d1 || question.d2) return none("a derived figure has no dimensions");
    std::vector<PartNumber> numbers;
    for (const model::FigurePart& part : figure.parts) {
        const Asked asked = window_of(part.window, question.period, to_date);
        Question inner = question;
        inner.figure = part.figure;
        if (inner.unit_type < 0) inner.unit_type = figure.unit_type;
        if (inner.forest < 0) inner.forest = figure.forest;
        inner.tree_date = tree_date_of(question);
        inner.period = asked.period;
        if (part.only.size() > 0) inner.d1 = part.only[0];
        if (part.only.size() > 1) inner.d2 = part.only[1];
        const Answer answer = asked.nothing ? Answer{} : ask(world, inner, asked.to_date);
        const model::Figure& source = world.model.figures[static_cast<std::size_t>(part.figure)];
        numbers.push_back({part.name, answer.has ? std::optional(answer.number) : std::nullopt, source.measure});
    }
    auto result = formula_value(*figure.formula, numbers, question.period);
    if (!result) return none(result.error().message);
    if (!*result) return none("a part has no value");
    Answer answer;
    answer.has = true;
    answer.number = **result;
    return answer;
}

Answer ask(const World& world, const Question& question, bool to_date) {
    const model::Figure& figure = world.model.figures[static_cast<std::size_t>(question.figure)];
    if (figure.derived()) return derived(world, question, figure, to_date);
    std::optional<Months> months;
    if (question.period) {
        months = Months{question.period->first_month(), question.period->last_month()};
        if (to_date) months->first.reset();
    }
    return plain(world, question, figure, months);
}

}  // namespace

Answer value(const World& world, const Question& question) { return ask(world, question, false); }

}  // namespace yipan::oracle
