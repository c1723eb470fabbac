#pragma once
// Decimal: an exact decimal number, 64-bit integer `units` at a decimal `scale` (0..18): value = units / 10^scale.
// Money: fen (or the minor unit of another currency) with its currency; two currencies never meet in one sum.
// Sums run in 128 bits (Sum128) and are narrowed once, with an error on overflow. No double is involved anywhere.
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace yipan {

enum class Rounding { half_up, half_even, down, floor };  // half_up: away from zero on a tie, as offices round

constexpr int decimal_scale_max = 18;

struct Decimal {
    std::int64_t units = 0;
    std::uint8_t scale = 0;

    /// "12", "-0.50", "1e3" is refused. More than 18 digits after the point or overflow is an error.
    static Result<Decimal> parse(std::string_view text);
    static Decimal of(std::int64_t whole) { return {whole, 0}; }
    std::string text() const;    // keeps its scale: 1.50 stays "1.50"
    double approximate() const;  // for charts and statistics only
    /// Same value at another scale; rounding is stated by the caller.
    Result<Decimal> rescaled(int new_scale, Rounding rounding) const;
    Decimal normalised() const;  // trailing zeros dropped
};

/// Ordering and equality by value: 1.5 == 1.50.
std::strong_ordering compare(const Decimal& a, const Decimal& b);
inline bool operator==(const Decimal& a, const Decimal& b) { return compare(a, b) == 0; }
inline std::strong_ordering operator<=>(const Decimal& a, const Decimal& b) { return compare(a, b); }

Result<Decimal> add(const Decimal& a, const Decimal& b);
Result<Decimal> subtract(const Decimal& a, const Decimal& b);
/// Product at scale a.scale + b.scale when it fits 64 bits, else rounded half-up to the largest scale that does.
Result<Decimal> multiply(const Decimal& a, const Decimal& b);
/// Quotient at `scale`, rounded as stated. Division by zero is an error.
Result<Decimal> divide(const Decimal& a, const Decimal& b, int scale, Rounding rounding);
Result<Decimal> negate(const Decimal& a);

/// ISO 4217 code of three capitals, packed; "CNY" by default.
struct Currency {
    char code[3] = {'C', 'N', 'Y'};
    static Result<Currency> parse(std::string_view text);
    std::string_view text() const { return {code, 3}; }
    bool operator==(const Currency&) const = default;
};

struct Money {
    std::int64_t fen = 0;  // minor units: 1 yuan = 100 fen
    Currency currency;
    /// Accepts "12", "12.3", "12.34" (yuan); refuses a third decimal instead of rounding it: a clerk who types
    /// 0.005 must be told, not helped.
    static Result<Money> parse_yuan(std::string_view text, Currency currency = {});
    std::string yuan_text() const;  // "1234.50"
    Decimal yuan() const { return {fen, 2}; }
    bool operator==(const Money&) const = default;
};
Result<Money> add(const Money& a, const Money& b);
Result<Money> subtract(const Money& a, const Money& b);

/// Adds 64-bit values without overflow; narrow() says so when the total leaves 64 bits.
struct Sum128 {
    __int128 total = 0;
    void add(std::int64_t v) { total += v; }
    std::optional<std::int64_t> narrow() const;
};

std::int64_t power_of_ten(int exponent);  // 0..18
/// n / d with the stated rounding, d > 0.
__int128 divide_rounded(__int128 n, __int128 d, Rounding rounding);

}  // namespace yipan
