#pragma once
// Numbers for people: exact decimals in, text out. Rounded once, half away from zero, at the very end.
#include <optional>
#include <string>
#include <string_view>

#include "base/decimal.h"
#include "base/result.h"

namespace yipan::report {

enum class As { number, plain, yi, wan, percent, growth, lead };
std::optional<As> as_named(std::string_view name);

/// "1234567.5" -> "1,234,567.5".
std::string with_separators(std::string_view plain);
/// The value as the way of writing says; overflow is impossible for values of 64 bits at these scales.
std::string written(const Decimal& value, As as, int decimals);

}  // namespace yipan::report
