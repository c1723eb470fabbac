#pragma once
// What a number cell means: number formats (is it a date, a time, a percentage), serial dates of both systems, and
// numbers as the decimal text a person sees.
#include <cstdint>
#include <string>
#include <string_view>

namespace yipan::exchange {

enum class NumberFormat : std::uint8_t { number, date, time, date_time, percent };

/// Of the built-in formats, those of Chinese and Japanese Excel (27-36, 50-58) included.
NumberFormat builtin_format(int id);
/// Of a format code: `yyyy"年"m"月"d"日"`, `[$-804]aaaa;@`, `0.00%`, `[h]:mm`. Only its first section is looked at.
NumberFormat format_of_code(std::string_view code);

/// 2026-06-30, 08:30:00 or both; empty when the serial is no date. `since_1904`: the other date system.
std::string date_text(double serial, NumberFormat format, bool since_1904);

/// A number as a plain decimal text without exponent, float noise removed: fifteen significant digits are all a
/// spreadsheet keeps, so 0.30000000000000004 is 0.3. A whole number below 2^53 keeps all its digits.
/// `lost`: sixteen digits or more before the point, so the last ones may not be those that were typed.
std::string number_text(std::string_view raw, bool& lost);
/// The decimal text times 10 to the power: ("12.5", -2) -> "0.125".
std::string shifted(std::string_view decimal, int power);

}  // namespace yipan::exchange
