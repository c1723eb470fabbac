#pragma once
// The formula of a derived figure over the answers of its parts. Inner header of the room.
#include <optional>
#include <string>
#include <vector>

#include "base/date.h"
#include "base/decimal.h"
#include "base/result.h"
#include "model/model.h"

namespace yipan::oracle {

struct PartNumber {
    std::string name;
    std::optional<Decimal> number;  // none: null in the formula
    model::Measure measure;
};
/// The value at the scale the formula gave it; none when it is null; an error when the formula fails.
Result<std::optional<Decimal>> formula_value(const model::Expression& formula, const std::vector<PartNumber>& parts,
                                             std::optional<Period> period);

}  // namespace yipan::oracle
