#include "oracle/formula.h"

#include "cel/value.h"

namespace yipan::oracle {
namespace {
cel::Value part_value(const PartNumber& part) {
    if (!part.number) return {};
    if (part.measure.kind == model::Measure::Kind::money) {
        const auto fen = part.number->rescaled(2, Rounding::half_up);
        return fen ? cel::Value::money({fen->units, part.measure.currency}) : cel::Value();
    }
    if (part.measure.scale == 0 && part.number->scale == 0) return cel::Value::integer(part.number->units);
    return cel::Value::decimal(*part.number);
}
}  // namespace

Result<std::optional<Decimal>> formula_value(const model::Expression& formula, const std::vector<PartNumber>& parts,
                                             std::optional<Period> period) {
    std::vector<cel::Value> variables;
    for (const PartNumber& part : parts) variables.push_back(part_value(part));
    variables.push_back(period ? cel::Value::integer(period->last_month() % 12 + 1) : cel::Value());
    variables.push_back(period ? cel::Value::integer(period->months()) : cel::Value());
    cel::Activation activation;
    activation.variables = variables;
    YIPAN_TRY(const cel::Value value, formula.program.evaluate(activation));
    switch (value.kind()) {
        case cel::Kind::null: return std::optional<Decimal>();
        case cel::Kind::integer: return std::optional(Decimal::of(value.as_int()));
        case cel::Kind::decimal: return std::optional(value.as_decimal());
        case cel::Kind::money: return std::optional(value.as_money().yuan());
        default:
            return fail(Code::evaluation_failed, formula.where, "the formula is not a number",
                        "a decimal, an integer or money");
    }
}

}  // namespace yipan::oracle
