#include "exchange/xlsx_formats.h"

#include <charconv>
#include <cmath>

#include "base/date.h"
#include "exchange/table.h"

namespace yipan::exchange {

NumberFormat builtin_format(int id) {
    switch (id) {
        case 9:
        case 10: return NumberFormat::percent;
        case 22: return NumberFormat::date_time;
        case 18:
        case 19:
        case 20:
        case 21:
        case 32:
        case 33:
        case 34:
        case 35:
        case 45:
        case 46:
        case 47: return NumberFormat::time;
        default: break;
    }
    if ((id >= 14 && id <= 17) || (id >= 27 && id <= 31) || id == 36 || (id >= 50 && id <= 58))
        return NumberFormat::date;
    return NumberFormat::number;
}

NumberFormat format_of_code(std::string_view code) {
    bool day = false, clock = false, minute_or_month = false, percent = false;
    for (std::size_t i = 0; i < code.size(); ++i) {
        const char c = code[i];
        if (c == ';') break;
        if (c == '"') {
            i = code.find('"', i + 1);
            if (i == std::string_view::npos) break;
        } else if (c == '\\' || c == '_' || c == '*') {
            ++i;
        } else if (c == '[') {
            const std::size_t end = code.find(']', i);
            if (end == std::string_view::npos) break;
            const std::string_view inside = code.substr(i + 1, end - i - 1);
            // [h], [mm], [ss] are elapsed time; colours, conditions and locales are nothing.
            if (!inside.empty() && inside.find_first_not_of("hHmMsS") == std::string_view::npos) clock = true;
            i = end;
        } else if (code.substr(i).starts_with("General") || code.substr(i).starts_with("GENERAL")) {
            i += 6;
        } else if (c == 'y' || c == 'Y' || c == 'd' || c == 'D' || c == 'e' || c == 'E' || c == 'a' || c == 'A') {
            // "e" alone is a year in Asian formats, "E+" an exponent; "aaa" a weekday, "AM/PM" a clock's half.
            if ((c == 'e' || c == 'E') && i + 1 < code.size() && (code[i + 1] == '+' || code[i + 1] == '-')) continue;
            if ((c == 'a' || c == 'A') && i + 1 < code.size() &&
                (code[i + 1] == 'm' || code[i + 1] == 'M' || code[i + 1] == '/')) {
                clock = true;
                i = std::min(code.size() - 1, i + (code[i + 1] == '/' ? 2 : 4));
                continue;
            }
            day = true;
        } else if (c == 'm' || c == 'M') {
            minute_or_month = true;
        } else if (c == 'h' || c == 'H' || c == 's' || c == 'S') {
            clock = true;
        } else if (c == '%') {
            percent = true;
        }
    }
    if (minute_or_month && !clock) day = true;
    if (day) return clock ? NumberFormat::date_time : NumberFormat::date;
    if (clock) return NumberFormat::time;
    return percent ? NumberFormat::percent : NumberFormat::number;
}

std::string date_text(double serial, NumberFormat format, bool since_1904) {
    constexpr double serial_max = 2'958'466;  // the first day after the year 9999
    if (!(serial >= 0) || serial >= serial_max) return {};
    auto days = static_cast<std::int64_t>(std::floor(serial));
    // A second is the finest a date cell means; what is left over is float noise.
    auto seconds = static_cast<std::int64_t>(std::llround((serial - std::floor(serial)) * 86'400));
    if (seconds == 86'400) ++days, seconds = 0;
    std::string clock;
    const auto two = [](std::int64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    if (format == NumberFormat::time || format == NumberFormat::date_time || seconds != 0)
        clock = two(seconds / 3600) + ":" + two(seconds / 60 % 60) + ":" + two(seconds % 60);
    if (days == 0 && !since_1904) return clock;
    if (days == 0 && format == NumberFormat::time) return clock;
    std::string day;
    if (since_1904) {
        day = Date{static_cast<std::int32_t>(days - 24'107)}.text();
    } else if (days == 60) {
        day = "1900-02-29";  // a day that never was, but that spreadsheets know
    } else {
        day = Date{static_cast<std::int32_t>(days - (days < 60 ? 25'568 : 25'569))}.text();
    }
    return seconds == 0 ? day : day + " " + clock;
}

std::string shifted(std::string_view decimal, int power) {
    const bool minus = decimal.starts_with('-');
    if (minus) decimal.remove_prefix(1);
    const std::size_t point = std::min(decimal.find('.'), decimal.size());
    std::string digits(decimal.substr(0, point));
    if (point < decimal.size()) digits += decimal.substr(point + 1);
    long at = static_cast<long>(point) + power;
    if (at < 0) digits.insert(0, static_cast<std::size_t>(-at), '0'), at = 0;
    if (static_cast<std::size_t>(at) > digits.size()) digits.append(static_cast<std::size_t>(at) - digits.size(), '0');
    std::string whole = digits.substr(0, static_cast<std::size_t>(at)),
                part = digits.substr(static_cast<std::size_t>(at));
    while (!part.empty() && part.back() == '0') part.pop_back();
    const std::size_t lead = whole.find_first_not_of('0');
    whole = lead == std::string::npos ? "0" : whole.substr(lead);
    std::string out = part.empty() ? whole : whole + "." + part;
    return minus && out != "0" ? "-" + out : out;
}

std::string number_text(std::string_view raw, bool& lost) {
    lost = false;
    // The common case: a short plain decimal stands as it was typed.
    std::size_t digits = 0;
    bool plain = !raw.empty();
    for (std::size_t i = 0; i < raw.size() && plain; ++i) {
        if (raw[i] >= '0' && raw[i] <= '9')
            ++digits;
        else
            plain = (raw[i] == '-' && i == 0) || raw[i] == '.';
    }
    if (plain && digits > 0 && digits <= 15 && raw.back() != '.' && raw.front() != '.') return std::string(raw);
    while (!raw.empty() && (raw.front() == ' ' || raw.front() == '+')) raw.remove_prefix(1);
    while (!raw.empty() && raw.back() == ' ') raw.remove_suffix(1);
    double value = 0;
    const auto read = std::from_chars(raw.data(), raw.data() + raw.size(), value);
    if (read.ec != std::errc() || read.ptr != raw.data() + raw.size() || !std::isfinite(value)) return std::string(raw);
    if (value == 0) return "0";
    constexpr double exact = 9'007'199'254'740'992;  // 2^53
    lost = std::fabs(value) >= 1e15;
    char room[64];
    if (value == std::floor(value) && std::fabs(value) < exact) {
        const auto end = std::to_chars(room, room + sizeof room, static_cast<std::int64_t>(value));
        return {room, end.ptr};
    }
    const auto end = std::to_chars(room, room + sizeof room, value, std::chars_format::scientific, 14);
    std::string_view text(room, static_cast<std::size_t>(end.ptr - room));
    const std::size_t e = text.find('e');
    int power = 0;
    const char* exponent = text.data() + e + (text[e + 1] == '+' ? 2 : 1);
    std::from_chars(exponent, end.ptr, power);
    constexpr int power_shown_max = 40;
    if (power > power_shown_max || power < -power_shown_max) return std::string(text);
    return shifted(text.substr(0, e), power);
}

std::string seen(const Cell& cell) {
    return cell.kind == CellKind::percent ? shifted(cell.text, 2) + "%" : std::string(cell.text);
}

}  // namespace yipan::exchange
