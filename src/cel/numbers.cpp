#include "cel/numbers.h"

#include <absl/strings/ascii.h>
#include <absl/strings/numbers.h>
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

#include "base/date.h"

namespace yipan::cel {
using std::partial_ordering;

partial_ordering compare_int_uint(std::int64_t a, std::uint64_t b) {
    if (a < 0) return partial_ordering::less;
    return static_cast<std::uint64_t>(a) <=> b;
}
partial_ordering compare_int_double(std::int64_t a, double b) {
    if (b > 9223372036854775808.0) return partial_ordering::less;
    if (b < -9223372036854775808.0) return partial_ordering::greater;
    return static_cast<double>(a) <=> b;
}
partial_ordering compare_uint_double(std::uint64_t a, double b) {
    if (b > 18446744073709551616.0) return partial_ordering::less;
    if (b < 0) return partial_ordering::greater;
    return static_cast<double>(a) <=> b;
}

namespace {
std::string shortest(double v, std::chars_format format) {
    char buffer[1100];
    const auto r = std::to_chars(buffer, buffer + sizeof buffer, v, format);
    return {buffer, r.ptr};
}
std::string special(double v) { return std::isnan(v) ? "NaN" : v > 0 ? "Infinity" : "-Infinity"; }
}  // namespace

std::string double_text(double v) {
    if (!std::isfinite(v)) return special(v);
    std::string s = shortest(v, std::chars_format::scientific);
    const std::size_t e = s.find('e');
    const int exponent = std::stoi(s.substr(e + 1));
    return exponent < -4 || exponent >= 6 ? s : shortest(v, std::chars_format::fixed);
}
std::string double_plain_text(double v) {
    return std::isfinite(v) ? shortest(v, std::chars_format::fixed) : special(v);
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        switch (c) {
            case '\a': out += "\\a"; break;
            case '\b': out += "\\b"; break;
            case '\f': out += "\\f"; break;
            case '\n': out += "\\n"; break;
            case '\r': out += "\\r"; break;
            case '\t': out += "\\t"; break;
            case '\v': out += "\\v"; break;
            case '\\': out += "\\\\"; break;
            case '"': out += "\\\""; break;
            default: out += c;
        }
    }
    return out + '"';
}

std::string timestamp_text(std::int64_t seconds, std::int32_t nanos) {
    std::int64_t days = seconds / 86400;
    std::int64_t rest = seconds % 86400;
    if (rest < 0) {
        rest += 86400;
        --days;
    }
    std::string s = fmt::format("{}T{:02}:{:02}:{:02}", Date{static_cast<std::int32_t>(days)}.text(), rest / 3600,
                                rest / 60 % 60, rest % 60);
    if (nanos != 0) {
        std::string fraction = fmt::format(".{:09}", nanos);
        while (fraction.back() == '0') fraction.pop_back();
        s += fraction;
    }
    return s + 'Z';
}

std::string duration_text(std::int64_t nanos) {
    const bool negative = nanos < 0;
    const std::uint64_t magnitude =
        negative ? 0 - static_cast<std::uint64_t>(nanos) : static_cast<std::uint64_t>(nanos);
    std::string s = fmt::format("{}{}", negative ? "-" : "", magnitude / 1'000'000'000);
    if (const auto fraction = magnitude % 1'000'000'000; fraction != 0) {
        s += fmt::format(".{:09}", fraction);
        while (s.back() == '0') s.pop_back();
    }
    return s + 's';
}

std::optional<std::pair<std::int64_t, std::int32_t>> parse_timestamp(std::string_view s) {
    const auto digits = [&](std::size_t n) -> int {
        if (s.size() < n) return -1;
        int v = 0;
        for (std::size_t i = 0; i < n; ++i) {
            if (s[i] < '0' || s[i] > '9') return -1;
            v = v * 10 + (s[i] - '0');
        }
        s.remove_prefix(n);
        return v;
    };
    const auto take = [&](char c) {
        if (s.empty() || s[0] != c) return false;
        s.remove_prefix(1);
        return true;
    };
    const int year = digits(4);
    if (year < 0 || !take('-')) return {};
    const int month = digits(2);
    if (month < 0 || !take('-')) return {};
    const int day = digits(2);
    if (day < 0 || (!take('T') && !take('t'))) return {};
    const int hour = digits(2);
    if (hour < 0 || hour > 23 || !take(':')) return {};
    const int minute = digits(2);
    if (minute < 0 || minute > 59 || !take(':')) return {};
    const int second = digits(2);
    if (second < 0 || second > 59) return {};
    std::int32_t nanos = 0;
    if (take('.')) {
        int n = 0;
        while (!s.empty() && s[0] >= '0' && s[0] <= '9') {
            if (n < 9) nanos = nanos * 10 + (s[0] - '0');
            ++n;
            s.remove_prefix(1);
        }
        if (n == 0) return {};
        for (; n < 9; ++n) nanos *= 10;
    }
    int offset = 0;
    if (!take('Z') && !take('z')) {
        const bool minus = !s.empty() && s[0] == '-';
        if (!take('+') && !take('-')) return {};
        const int h = digits(2);
        if (h < 0 || h > 23 || !take(':')) return {};
        const int m = digits(2);
        if (m < 0 || m > 59) return {};
        offset = (h * 60 + m) * (minus ? -60 : 60);
    }
    const auto date = Date::of(year, month, day);
    if (!s.empty() || !date) return {};
    const std::int64_t seconds = std::int64_t{date->days} * 86400 + hour * 3600 + minute * 60 + second - offset;
    if (seconds < timestamp_seconds_min || seconds > timestamp_seconds_max) return {};
    return std::pair(seconds, nanos);
}

std::optional<std::int64_t> parse_duration(std::string_view s) {
    bool negative = false;
    if (!s.empty() && (s[0] == '-' || s[0] == '+')) {
        negative = s[0] == '-';
        s.remove_prefix(1);
    }
    if (s == "0") return 0;
    if (s.empty()) return {};
    __int128 total = 0;
    while (!s.empty()) {
        __int128 whole = 0;
        __int128 fraction = 0;
        __int128 scale = 1;
        std::size_t n = 0;
        for (; n < s.size() && s[n] >= '0' && s[n] <= '9'; ++n)
            if ((whole = whole * 10 + (s[n] - '0')) > (__int128{1} << 64)) return {};
        bool any = n > 0;
        if (n < s.size() && s[n] == '.') {
            for (++n; n < s.size() && s[n] >= '0' && s[n] <= '9'; ++n) {
                any = true;
                if (scale < 1'000'000'000'000'000LL) {
                    fraction = fraction * 10 + (s[n] - '0');
                    scale *= 10;
                }
            }
        }
        if (!any) return {};
        s.remove_prefix(n);
        const auto unit = [&](std::string_view name, std::int64_t value) -> std::int64_t {
            if (!s.starts_with(name)) return 0;
            s.remove_prefix(name.size());
            return value;
        };
        std::int64_t u = 0;
        if (!(u = unit("ns", 1)) && !(u = unit("us", 1000)) && !(u = unit("µs", 1000)) && !(u = unit("μs", 1000)) &&
            !(u = unit("ms", 1'000'000)) && !(u = unit("s", 1'000'000'000)) && !(u = unit("m", 60'000'000'000)) &&
            !(u = unit("h", 3'600'000'000'000)))
            return {};
        total += whole * u + fraction * u / scale;
        if (total > (__int128{1} << 63)) return {};
    }
    if (negative) total = -total;
    if (total > std::numeric_limits<std::int64_t>::max()) return {};
    return static_cast<std::int64_t>(total);
}

std::optional<double> parse_double(std::string_view text) {
    double v = 0;
    if (text.empty() || absl::ascii_isspace(static_cast<unsigned char>(text.front())) ||
        absl::ascii_isspace(static_cast<unsigned char>(text.back())) ||
        !absl::SimpleAtod(absl::string_view(text.data(), text.size()), &v))
        return {};
    return v;
}

bool valid_utf8(std::string_view t) {
    for (std::size_t i = 0; i < t.size();) {
        const auto c = static_cast<unsigned char>(t[i]);
        std::size_t n = 0;
        char32_t v = 0;
        if (c < 0x80) {
            ++i;
            continue;
        }
        if (c >= 0xc2 && c <= 0xdf) {
            n = 1;
            v = c & 0x1f;
        } else if (c >= 0xe0 && c <= 0xef) {
            n = 2;
            v = c & 0x0f;
        } else if (c >= 0xf0 && c <= 0xf4) {
            n = 3;
            v = c & 0x07;
        } else
            return false;
        if (i + n >= t.size()) return false;
        for (std::size_t k = 1; k <= n; ++k) {
            const auto d = static_cast<unsigned char>(t[i + k]);
            if ((d & 0xc0) != 0x80) return false;
            v = (v << 6) | (d & 0x3f);
        }
        if ((n == 2 && v < 0x800) || (n == 3 && v < 0x10000) || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
            return false;
        i += n + 1;
    }
    return true;
}
std::size_t code_points(std::string_view t) {
    std::size_t n = 0;
    for (const char c : t) n += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    return n;
}
void append_utf8(std::string& out, char32_t c) {
    const auto put = [&](char32_t v) { out += static_cast<char>(v); };
    if (c < 0x80) {
        put(c);
        return;
    }
    if (c < 0x800) {
        put(0xc0 | (c >> 6));
    } else if (c < 0x10000) {
        put(0xe0 | (c >> 12));
        put(0x80 | ((c >> 6) & 0x3f));
    } else {
        put(0xf0 | (c >> 18));
        put(0x80 | ((c >> 12) & 0x3f));
        put(0x80 | ((c >> 6) & 0x3f));
    }
    put(0x80 | (c & 0x3f));
}
char32_t next_code_point(std::string_view t, std::size_t& at) {
    const auto c = static_cast<unsigned char>(t[at]);
    std::size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (at + n > t.size()) n = 1;
    char32_t v = n == 1 ? c : n == 2 ? c & 0x1f : n == 3 ? c & 0x0f : c & 0x07;
    for (std::size_t k = 1; k < n; ++k) v = (v << 6) | (static_cast<unsigned char>(t[at + k]) & 0x3f);
    at += n;
    return v;
}

}  // namespace yipan::cel
