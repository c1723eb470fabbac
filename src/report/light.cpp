#include "report/light.h"

#include <algorithm>
#include <set>

#include "model/slots.h"
#include "record/view.h"
#include "report/ask.h"

namespace yipan::report {
namespace {

using model::Colour;

const model::Light& light_at(const board::Snapshot& snapshot, int light) {
    return snapshot.model().lights[static_cast<std::size_t>(light)];
}

std::optional<Decimal> number_of(const cel::Value& value) {
    switch (value.kind()) {
        case cel::Kind::integer: return Decimal::of(value.as_int());
        case cel::Kind::decimal: return value.as_decimal();
        case cel::Kind::money: return value.as_money().yuan();
        default: return std::nullopt;
    }
}

bool reaches(const Decimal& behind, const std::optional<model::Light::Bound>& bound) {
    if (!bound) return false;
    const auto order = compare(behind, bound->value);
    return bound->inclusive ? order >= 0 : order > 0;
}

Colour colour_of(const model::Light& light, const Decimal& behind) {
    if (reaches(behind, light.red)) return Colour::red;
    if (reaches(behind, light.yellow)) return Colour::yellow;
    return Colour::green;
}

Colour colour_of_value(const model::Light& light, const figure::Value& value, std::optional<Decimal>& behind) {
    if (!value.has) return Colour::none;
    const Result<Decimal> negated = negate(value.number);
    if (!negated) return Colour::none;
    behind = *negated;
    return colour_of(light, *negated);
}

// k periods of one colour in a row, this one included, make another colour.
bool streak_holds(board::Snapshot& snapshot, const model::Light& light, figure::Ask ask) {
    for (int k = 1; k < light.streak->periods; ++k) {
        const std::optional<Period> before = ask.period ? ask.period->previous() : std::nullopt;
        if (!before) return false;
        ask.period = *before;
        std::optional<Decimal> behind;
        if (colour_of_value(light, snapshot.figure(ask), behind) != light.streak->colour) return false;
    }
    return true;
}

void keep_worst(std::vector<Lamp>& worst, const Lamp& lamp, std::size_t kept) {
    if (kept == 0 || lamp.colour < Colour::yellow) return;
    const auto worse = [](const Lamp& a, const Lamp& b) {
        if (a.colour != b.colour) return a.colour > b.colour;
        return a.behind && b.behind && compare(*a.behind, *b.behind) > 0;
    };
    worst.insert(std::upper_bound(worst.begin(), worst.end(), lamp, worse), lamp);
    if (worst.size() > kept) worst.pop_back();
}

// The parts of a figure may be of different units (statistical units and organs): each may have a value where all parts
// have one.
void add_unit_types(const model::Model& model, int figure, std::set<int>& types) {
    const model::Figure& f = model.figures[static_cast<std::size_t>(figure)];
    if (!f.derived() && f.unit_type >= 0) types.insert(f.unit_type);
    for (const model::FigurePart& part : f.parts) add_unit_types(model, part.figure, types);
}

void count(LightCount& counted, const Lamp& lamp, std::size_t worst_kept) {
    ++counted.by_colour[static_cast<std::size_t>(lamp.colour)];
    if (!lamp.problem.empty()) ++counted.failed;
    keep_worst(counted.worst, lamp, worst_kept);
}

}  // namespace

Lamp lamp_of_record(board::Snapshot& snapshot, int light, const record::RecordPtr& record, Date today) {
    const model::Light& rule = light_at(snapshot, light);
    Lamp lamp;
    lamp.light = light;
    lamp.type = record->type;
    lamp.record = record->id;
    record::Views views(snapshot.model(), snapshot.resolver());
    const std::array<cel::Value, model::slots::light_count> variables{cel::Value::date(today)};
    cel::Activation activation;
    activation.variables = variables;
    activation.self = views.of(*record);
    if (rule.applies && !rule.applies->program.holds(activation)) return lamp;
    const Result<cel::Value> behind = rule.behind->program.evaluate(activation);
    if (!behind) {
        lamp.problem = behind.error().text();
        return lamp;
    }
    std::optional<Decimal> amount = number_of(*behind);
    if (!amount) return lamp;  // null: no lamp
    if (rule.share_of) {
        const Result<cel::Value> whole = rule.share_of->program.evaluate(activation);
        const std::optional<Decimal> base = whole ? number_of(*whole) : std::nullopt;
        if (!base || base->units <= 0) return lamp;
        const Result<Decimal> hundred = multiply(*amount, Decimal::of(100));
        const Result<Decimal> share = hundred ? divide(*hundred, *base, 6, Rounding::half_up) : hundred;
        if (!share) {
            lamp.problem = share.error().text();
            return lamp;
        }
        amount = *share;
    }
    lamp.behind = amount;
    lamp.colour = colour_of(rule, *amount);
    return lamp;
}

Colour colour_behind(const model::Light& light, const Decimal& behind) { return colour_of(light, behind); }

std::optional<Date> due_of(const model::Model& model, int light, const record::Record& record) {
    const int field = model.lights[static_cast<std::size_t>(light)].due_field;
    const auto* days = field < 0 ? nullptr : record::as_integer(record.at(field));
    return days ? std::optional(Date{static_cast<std::int32_t>(*days)}) : std::nullopt;
}

Lamp lamp_of_figure(board::Snapshot& snapshot, int light, const figure::Ask& ask) {
    const model::Light& rule = light_at(snapshot, light);
    Lamp lamp;
    lamp.light = light;
    lamp.ask = ask;
    const figure::Value value = snapshot.figure(ask);
    if (value.failed) lamp.problem = value.why_none;
    lamp.colour = colour_of_value(rule, value, lamp.behind);
    if (rule.streak && lamp.colour == rule.streak->colour && streak_holds(snapshot, rule, ask))
        lamp.colour = rule.streak->becomes;
    return lamp;
}

std::vector<int> light_unit_types(const model::Model& model, int figure) {
    std::set<int> types;
    add_unit_types(model, figure, types);
    return {types.begin(), types.end()};
}

Result<std::vector<LightCount>> count_lights(board::Snapshot& snapshot, Date today, const Period& period,
                                             std::size_t worst_kept, const board::Progress& progress) {
    const model::Model& model = snapshot.model();
    std::vector<LightCount> counts(model.lights.size());
    std::int64_t done = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        const int light = static_cast<int>(i);
        const model::Light& rule = model.lights[i];
        counts[i].light = light;
        const bool of_type = rule.type >= 0 && rule.behind;
        std::set<int> types;
        if (of_type)
            types.insert(rule.type);
        else
            add_unit_types(model, rule.figure, types);
        for (const int type : types) {
            YIPAN_TRY_VOID(snapshot.each(type, [&](const record::RecordPtr& record) {
                if (progress && ++done % 1024 == 0) progress(done, 0);
                if (of_type) {
                    count(counts[i], lamp_of_record(snapshot, light, record, today), worst_kept);
                    return true;
                }
                figure::Ask ask;
                ask.figure = rule.figure;
                ask.unit_type = type;
                ask.unit = record->id.value;
                ask.today = today;
                if (has_period(model, rule.figure)) ask.period = period;
                count(counts[i], lamp_of_figure(snapshot, light, ask), worst_kept);
                return true;
            }));
        }
    }
    return counts;
}

std::string_view colour_name(Colour colour) {
    constexpr std::array<std::string_view, 4> names{"none", "green", "yellow", "red"};
    return names[static_cast<std::size_t>(colour)];
}

std::string_view colour_name(Colour colour, model::Language language) {
    if (language == model::Language::en) return colour_name(colour);
    constexpr std::array<std::string_view, 4> hans{"无灯", "绿", "黄", "红"}, hant{"無燈", "綠", "黃", "紅"};
    return (language == model::Language::hans ? hans : hant)[static_cast<std::size_t>(colour)];
}

std::optional<Colour> colour_named(std::string_view name) {
    for (const Colour colour : {Colour::none, Colour::green, Colour::yellow, Colour::red}) {
        if (colour_name(colour) == name || colour_name(colour, model::Language::hans) == name ||
            colour_name(colour, model::Language::hant) == name)
            return colour;
    }
    return std::nullopt;
}

}  // namespace yipan::report
