#include "base/decimal.h"

#include <array>
#include <cmath>
#include <limits>

#include "base/check.h"

namespace yipan {
namespace {
constexpr std::array<std::int64_t, 19> powers = [] {
    std::array<std::int64_t, 19> p{};
    std::int64_t v = 1;
    for (auto& x : p) {
        x = v;
        if (v < 1000000000000000000LL) v *= 10;
    }
    return p;
}();

std::optional<std::int64_t> narrow(__int128 v) {
    if (v > std::numeric_limits<std::int64_t>::max() || v < std::numeric_limits<std::int64_t>::min()) return {};
    return static_cast<std::int64_t>(v);
}
tl::unexpected<Error> too_large() { return fail(Code::overflow, "", "number leaves the range of 64 bits"); }
}  // namespace

std::int64_t power_of_ten(int exponent) {
    YIPAN_CHECK(exponent >= 0 && exponent <= decimal_scale_max);
    return powers[static_cast<std::size_t>(exponent)];
}

__int128 divide_rounded(__int128 n, __int128 d, Rounding rounding) {
    YIPAN_CHECK(d != 0);
    if (d < 0) {
        n = -n;
        d = -d;
    }
    const __int128 q = n / d;
    const __int128 r = n % d;
    if (r == 0) return q;
    const __int128 away = n < 0 ? -1 : 1;
    const __int128 twice = (r < 0 ? -r : r) * 2;
    switch (rounding) {
        case Rounding::down: return q;
        case Rounding::floor: return n < 0 ? q - 1 : q;
        case Rounding::half_up: return twice >= d ? q + away : q;
        case Rounding::half_even:
            if (twice != d) return twice > d ? q + away : q;
            return (q % 2 != 0) ? q + away : q;
    }
    return q;
}

Result<Decimal> Decimal::parse(std::string_view text) {
    const auto bad = [&] {
        return fail(Code::invalid_input, "", "\"" + std::string(text.substr(0, 40)) + "\" is not a number",
                    "digits with at most one point, such as 12.5");
    };
    std::size_t i = 0;
    bool negative = false;
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) negative = text[i++] == '-';
    __int128 units = 0;
    int scale = 0;
    int digits = 0;
    bool point = false;
    for (; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9') return bad();
        if (++digits > 40) return too_large();
        units = units * 10 + (c - '0');
        if (units > static_cast<__int128>(std::numeric_limits<std::int64_t>::max())) return too_large();
        if (point && ++scale > decimal_scale_max) return fail(Code::invalid_input, "", "more than 18 decimals");
    }
    if (digits == 0 || text.back() == '.') return bad();
    return Decimal{static_cast<std::int64_t>(negative ? -units : units), static_cast<std::uint8_t>(scale)};
}

std::string Decimal::text() const {
    const bool negative = units < 0;
    unsigned long long magnitude =
        negative ? 0ULL - static_cast<unsigned long long>(units) : static_cast<unsigned long long>(units);
    std::string digits = std::to_string(magnitude);
    if (scale > 0) {
        if (digits.size() <= scale) digits.insert(0, scale + 1 - digits.size(), '0');
        digits.insert(digits.size() - scale, 1, '.');
    }
    return negative ? "-" + digits : digits;
}

double Decimal::approximate() const { return static_cast<double>(units) / static_cast<double>(power_of_ten(scale)); }

Result<Decimal> Decimal::rescaled(int new_scale, Rounding rounding) const {
    if (new_scale < 0 || new_scale > decimal_scale_max) return fail(Code::invalid_input, "", "scale must be 0 to 18");
    const __int128 v = new_scale >= scale ? static_cast<__int128>(units) * power_of_ten(new_scale - scale)
                                          : divide_rounded(units, power_of_ten(scale - new_scale), rounding);
    const auto n = narrow(v);
    if (!n) return too_large();
    return Decimal{*n, static_cast<std::uint8_t>(new_scale)};
}

Decimal Decimal::normalised() const {
    Decimal d = *this;
    while (d.scale > 0 && d.units % 10 == 0) {
        d.units /= 10;
        --d.scale;
    }
    return d;
}

std::strong_ordering compare(const Decimal& a, const Decimal& b) {
    const int scale = a.scale > b.scale ? a.scale : b.scale;
    const __int128 x = static_cast<__int128>(a.units) * power_of_ten(scale - a.scale);
    const __int128 y = static_cast<__int128>(b.units) * power_of_ten(scale - b.scale);
    return x < y ? std::strong_ordering::less : x > y ? std::strong_ordering::greater : std::strong_ordering::equal;
}

Result<Decimal> add(const Decimal& a, const Decimal& b) {
    const int scale = a.scale > b.scale ? a.scale : b.scale;
    const auto n = narrow(static_cast<__int128>(a.units) * power_of_ten(scale - a.scale) +
                          static_cast<__int128>(b.units) * power_of_ten(scale - b.scale));
    if (!n) return too_large();
    return Decimal{*n, static_cast<std::uint8_t>(scale)};
}

Result<Decimal> negate(const Decimal& a) {
    if (a.units == std::numeric_limits<std::int64_t>::min()) return too_large();
    return Decimal{-a.units, a.scale};
}

Result<Decimal> subtract(const Decimal& a, const Decimal& b) {
    const int scale = a.scale > b.scale ? a.scale : b.scale;
    const auto n = narrow(static_cast<__int128>(a.units) * power_of_ten(scale - a.scale) -
                          static_cast<__int128>(b.units) * power_of_ten(scale - b.scale));
    if (!n) return too_large();
    return Decimal{*n, static_cast<std::uint8_t>(scale)};
}

Result<Decimal> multiply(const Decimal& a, const Decimal& b) {
    const __int128 product = static_cast<__int128>(a.units) * b.units;
    const int scale = a.scale + b.scale;
    for (int drop = scale > decimal_scale_max ? scale - decimal_scale_max : 0;
         drop <= scale && drop <= decimal_scale_max; ++drop) {
        if (const auto n = narrow(divide_rounded(product, power_of_ten(drop), Rounding::half_up)))
            return Decimal{*n, static_cast<std::uint8_t>(scale - drop)};
    }
    return too_large();
}

Result<Decimal> divide(const Decimal& a, const Decimal& b, int scale, Rounding rounding) {
    if (b.units == 0) return fail(Code::evaluation_failed, "", "division by zero");
    if (scale < 0 || scale > decimal_scale_max) return fail(Code::invalid_input, "", "scale must be 0 to 18");
    // a/10^sa / (b/10^sb) * 10^scale = a * 10^(scale + sb - sa) / b
    __int128 n = a.units;
    __int128 d = b.units;
    const int shift = scale + b.scale - a.scale;
    const auto widen = [](__int128& v, int exponent) {
        for (; exponent > 0; exponent -= 18) {
            const __int128 p = power_of_ten(exponent > 18 ? 18 : exponent);
            if (__builtin_mul_overflow(v, p, &v)) return false;
        }
        return true;
    };
    if (!widen(shift >= 0 ? n : d, shift >= 0 ? shift : -shift)) return too_large();
    if ((d < 0 ? -d : d) > (static_cast<__int128>(1) << 125)) return too_large();
    const auto q = narrow(divide_rounded(n, d, rounding));
    if (!q) return too_large();
    return Decimal{*q, static_cast<std::uint8_t>(scale)};
}

Result<Currency> Currency::parse(std::string_view text) {
    Currency c;
    if (text.size() != 3) return fail(Code::invalid_input, "", "a currency is three capital letters", "CNY, USD, EUR");
    for (std::size_t i = 0; i < 3; ++i) {
        if (text[i] < 'A' || text[i] > 'Z')
            return fail(Code::invalid_input, "", "a currency is three capital letters", "CNY, USD, EUR");
        c.code[i] = text[i];
    }
    return c;
}

Result<Money> Money::parse_yuan(std::string_view text, Currency currency) {
    YIPAN_TRY(const Decimal d, Decimal::parse(text));
    if (d.scale > 2)
        return fail(Code::invalid_input, "", "\"" + std::string(text) + "\" has more than two decimals",
                    "an amount in yuan with at most two decimals");
    YIPAN_TRY(const Decimal fen, d.rescaled(2, Rounding::down));
    return Money{fen.units, currency};
}

std::string Money::yuan_text() const { return Decimal{fen, 2}.text(); }

namespace {
tl::unexpected<Error> mixed(const Money& a, const Money& b) {
    return fail(Code::evaluation_failed, "",
                "cannot combine " + std::string(a.currency.text()) + " with " + std::string(b.currency.text()));
}
}  // namespace

Result<Money> add(const Money& a, const Money& b) {
    if (!(a.currency == b.currency)) return mixed(a, b);
    std::int64_t v;
    if (__builtin_add_overflow(a.fen, b.fen, &v)) return too_large();
    return Money{v, a.currency};
}
Result<Money> subtract(const Money& a, const Money& b) {
    if (!(a.currency == b.currency)) return mixed(a, b);
    std::int64_t v;
    if (__builtin_sub_overflow(a.fen, b.fen, &v)) return too_large();
    return Money{v, a.currency};
}

std::optional<std::int64_t> Sum128::narrow() const { return yipan::narrow(total); }

}  // namespace yipan
