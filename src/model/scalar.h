#pragma once
// One value of a field from a text as people write it. The single reading of import, command line, scenarios, presets
// and the bounds of a declaration; what needs the world (references by key) is in record/input.h. Does not judge min,
// max, max_chars or required: that is validation. Numbers may carry thousands separators ("1,234.50"); everything is
// half-width. Errors: invalid_input, `where` is the field's code, the hint says what would have been right.
#include <string_view>
#include <variant>

#include "model/model.h"

namespace yipan::model {

/// Unset, an integer in the stored unit, or a text: the same type as record::Value.
using Scalar = std::variant<std::monostate, std::int64_t, std::string>;

/// Every kind but reference and references. Empty text is unset.
Result<Scalar> parse_scalar(const Field& field, std::string_view text);
/// The stored value as parse_scalar reads it back; same kinds.
std::string scalar_text(const Field& field, const Scalar& value);

/// GeoJSON Point or Polygon in its stored form (no blanks, coordinates as written), or what is wrong with it.
Result<std::string> parse_place(Shape shape, std::string_view text);

}  // namespace yipan::model
