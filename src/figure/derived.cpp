// Derived figures: never stored, computed from their parts at the asked unit and period.
#include <fmt/format.h>

#include "cel/program.h"
#include "figure/state.h"
#include "model/slots.h"

namespace yipan::figure {

namespace {

cel::Value formula_value(const model::Measure& measure, const Value& value) {
    if (!value.has) return cel::Value::null();
    if (measure.kind == model::Measure::Kind::money) {
        const auto fen = value.number.rescaled(2, Rounding::half_up);
        if (!fen) return cel::Value::null();
        return cel::Value::money({fen->units, measure.currency});
    }
    if (measure.scale == 0 && value.number.scale == 0) return cel::Value::integer(value.number.units);
    return cel::Value::decimal(value.number);
}

}  // namespace

Result<Ask> Book::State::part_ask(const model::Figure& figure, std::size_t index, const Ask& ask) const {
    const model::FigurePart& part = figure.parts[index];
    Ask out = ask;
    out.figure = part.figure;
    // The unit keeps its meaning when a part belongs to another type or forest than the derived figure says.
    if (out.forest < 0) out.forest = figure.forest;
    out.d1 = !part.only.empty() ? part.only[0] : std::nullopt;
    out.d2 = part.only.size() > 1 ? part.only[1] : std::nullopt;
    out.to_date = part.window == model::Window::to_date || (part.window == model::Window::period && ask.to_date);
    if (ask.period) {
        out.tree_date = ask.tree_date ? *ask.tree_date : ask.period->last_day();
        out.period = windowed(*ask.period, part.window);
        if (!out.period) {
            return fail(Code::not_found, part.name,
                        fmt::format("there is no {} of {}", window_name(part.window), ask.period->text()));
        }
    }
    return out;
}

Value Book::State::derived(const model::Figure& figure, const Ask& ask, std::span<const Posting> pending) {
    Value v;
    if (ask.d1 || ask.d2) {
        v.why_none = fmt::format("{} is computed from its parts and has no dimensions", figure.code);
        return v;
    }
    const int n = static_cast<int>(figure.parts.size());
    std::vector<cel::Value> variables(static_cast<std::size_t>(model::slots::formula_count(n)));
    std::string missing;
    for (std::size_t i = 0; i < figure.parts.size(); ++i) {
        const auto asked = part_ask(figure, i, ask);
        Value part;
        if (asked)
            part = value(*asked, pending);
        else
            part.why_none = asked.error().message;
        if (!part.has && missing.empty()) missing = figure.parts[i].name + ": " + part.why_none, v.failed = part.failed;
        variables[i] = formula_value(model.figures[static_cast<std::size_t>(figure.parts[i].figure)].measure, part);
    }
    if (ask.period) {
        variables[static_cast<std::size_t>(model::slots::elapsed_months(n))] =
            cel::Value::integer(ask.period->last_month() % 12 + 1);
        variables[static_cast<std::size_t>(model::slots::period_months(n))] = cel::Value::integer(ask.period->months());
    }
    cel::Activation activation;
    activation.variables = variables;
    const auto result = figure.formula->program.evaluate(activation);
    if (!result) {
        v.failed = v.failed || missing.empty();
        v.why_none = missing.empty() ? result.error().message : missing;
        return v;
    }
    switch (result->kind()) {
        case cel::Kind::integer: v.number = Decimal::of(result->as_int()); break;
        case cel::Kind::decimal: v.number = result->as_decimal(); break;
        case cel::Kind::money: v.number = result->as_money().yuan(); break;
        default:
            v.why_none = missing.empty() ? fmt::format("the formula of {} gives no number", figure.code) : missing;
            return v;
    }
    v.has = true;
    v.failed = false;
    return v;
}

}  // namespace yipan::figure
