#pragma once
// Texts and exact comparison of numbers, times and strings: what values, functions and JSON share.
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace yipan::cel {

constexpr std::int64_t timestamp_seconds_min = -62135596800;  // 0001-01-01T00:00:00Z
constexpr std::int64_t timestamp_seconds_max = 253402300799;  // 9999-12-31T23:59:59Z

// One number line. Against a double the integer is rounded to double first, as the reference does (2^63-1 == 2^63 as
// double).
std::partial_ordering compare_int_uint(std::int64_t a, std::uint64_t b);
std::partial_ordering compare_int_double(std::int64_t a, double b);
std::partial_ordering compare_uint_double(std::uint64_t a, double b);

std::string double_text(double v);          // shortest that reads back; exponent form outside 1e-4 .. 1e6 or so, as %g
std::string double_plain_text(double v);    // shortest, never an exponent
std::string quoted(std::string_view text);  // as a CEL literal with "
std::string timestamp_text(std::int64_t seconds, std::int32_t nanos);  // RFC 3339, UTC
std::string duration_text(std::int64_t nanos);                         // "1.5s"
std::optional<std::pair<std::int64_t, std::int32_t>> parse_timestamp(std::string_view text);
std::optional<std::int64_t> parse_duration(std::string_view text);  // nanoseconds; "1h30m", "1.5s", "-2ms", "0"
std::optional<double> parse_double(std::string_view text);

bool valid_utf8(std::string_view text);
std::size_t code_points(std::string_view text);  // text is valid UTF-8
void append_utf8(std::string& out, char32_t c);
/// Reads one code point of valid UTF-8 and moves on.
char32_t next_code_point(std::string_view text, std::size_t& at);

}  // namespace yipan::cel
