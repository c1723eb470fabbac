#include "report/number.h"

#include <array>

namespace yipan::report {
namespace {

constexpr int decimals_max = 12;

// units / 10^scale / 10^shift, rounded to `decimals`: in 128 bits, so that nothing can overflow.
std::string rounded_text(const Decimal& value, int shift, int decimals) {
    const int digits_after = value.scale + shift;
    __int128 units = value.units;
    if (decimals >= digits_after) {
        for (int i = digits_after; i < decimals; ++i) units *= 10;  // at most 10^12 * 2^63, below 2^104
    } else {
        __int128 divisor = 1;
        for (int i = decimals; i < digits_after; ++i) divisor *= 10;
        units = divide_rounded(units, divisor, Rounding::half_up);
    }
    const bool negative = units < 0;
    if (negative) units = -units;
    std::string digits;
    for (; units > 0; units /= 10) digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(units % 10)));
    while (digits.size() <= static_cast<std::size_t>(decimals)) digits.insert(digits.begin(), '0');
    if (decimals > 0) digits.insert(digits.size() - static_cast<std::size_t>(decimals), ".");
    return (negative ? "-" : "") + digits;
}

bool is_zero(std::string_view text) { return text.find_first_of("123456789") == std::string_view::npos; }
std::string without_sign(std::string text) { return text.starts_with('-') ? text.substr(1) : text; }

}  // namespace

std::optional<As> as_named(std::string_view name) {
    constexpr std::array<std::pair<std::string_view, As>, 7> names{{{"number", As::number},
                                                                    {"plain", As::plain},
                                                                    {"yi", As::yi},
                                                                    {"wan", As::wan},
                                                                    {"percent", As::percent},
                                                                    {"growth", As::growth},
                                                                    {"lead", As::lead}}};
    for (const auto& [known, as] : names) {
        if (known == name) return as;
    }
    return std::nullopt;
}

std::string with_separators(std::string_view plain) {
    const std::size_t point = plain.find('.');
    std::string text(plain);
    const std::size_t first = !plain.empty() && plain.front() == '-' ? 1 : 0;
    for (std::size_t at = point == std::string_view::npos ? plain.size() : point; at > first + 3;)
        text.insert(at -= 3, ",");
    return text;
}

std::string written(const Decimal& value, As as, int decimals) {
    decimals = decimals < 0 ? 0 : decimals > decimals_max ? decimals_max : decimals;
    const std::string plain = rounded_text(value, as == As::yi ? 8 : as == As::wan ? 4 : 0, decimals);
    switch (as) {
        case As::plain: return plain;
        case As::percent: return with_separators(plain) + "%";
        case As::growth:
            if (is_zero(plain)) return "持平";
            return (value.units > 0 ? "增长" : "下降") + with_separators(without_sign(plain)) + "%";
        case As::lead:
            if (is_zero(plain)) return "与序时进度持平";
            return (value.units > 0 ? "超序时进度" : "落后序时进度") + with_separators(without_sign(plain)) +
                   "个百分点";
        case As::number:
        case As::yi:
        case As::wan: break;
    }
    return with_separators(is_zero(plain) ? without_sign(plain) : plain);
}

}  // namespace yipan::report
