#include "base/date.h"

#include <absl/time/time.h>
#include <fmt/format.h>

#include <chrono>
#include <vector>

namespace yipan {
namespace {
// Howard Hinnant's civil calendar arithmetic (public domain description).
std::int32_t days_from_civil(int y, int m, int d) {
    y -= m <= 2;
    const int era = (y >= 0 ? y : y - 399) / 400;
    const unsigned yoe = static_cast<unsigned>(y - era * 400);
    const unsigned doy = static_cast<unsigned>((153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1);
    const unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + static_cast<int>(doe) - 719468;
}
struct Civil {
    int year, month, day;
};
Civil civil_from_days(std::int32_t z) {
    z += 719468;
    const int era = (z >= 0 ? z : z - 146096) / 146097;
    const unsigned doe = static_cast<unsigned>(z - era * 146097);
    const unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    const unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    const unsigned mp = (5 * doy + 2) / 153;
    const int d = static_cast<int>(doy - (153 * mp + 2) / 5 + 1);
    const int m = static_cast<int>(mp < 10 ? mp + 3 : mp - 9);
    return {static_cast<int>(yoe) + era * 400 + (m <= 2), m, d};
}
// Reads up to `max` digits; returns -1 when there is none.
int take_number(std::string_view& s, std::size_t max) {
    std::size_t n = 0;
    int v = 0;
    while (n < s.size() && n < max && s[n] >= '0' && s[n] <= '9') v = v * 10 + (s[n++] - '0');
    s.remove_prefix(n);
    return n == 0 ? -1 : v;
}
// Days and periods are in every record and receipt: written without a formatter.
std::string four_digits(int n) {
    if (n < 0 || n > 9999) return fmt::format("{:04}", n);
    std::string out = "0000";
    for (std::size_t at = 4; n > 0; n /= 10) out[--at] = static_cast<char>('0' + n % 10);
    return out;
}
void append_two(std::string& out, int n) { out += {static_cast<char>('0' + n / 10 % 10), static_cast<char>('0' + n % 10)}; }
bool take(std::string_view& s, std::string_view word) {
    if (!s.starts_with(word)) return false;
    s.remove_prefix(word.size());
    return true;
}
}  // namespace

bool is_leap_year(int y) { return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0; }
int days_in_month(int year, int month) {
    constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap_year(year) ? 29 : days[month - 1];
}

std::optional<Date> Date::of(int year, int month, int day) {
    if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) return {};
    return Date{days_from_civil(year, month, day)};
}

Result<Date> Date::parse(std::string_view text) {
    std::string_view s = text;
    const int y = take_number(s, 4);
    const char sep = s.empty() ? 0 : s[0];
    const bool chinese = s.starts_with("年");
    int m = -1;
    int d = -1;
    if (chinese) {
        take(s, "年");
        m = take_number(s, 2);
        if (take(s, "月")) d = take_number(s, 2);
        take(s, "日");
    } else if (sep == '-' || sep == '/' || sep == '.') {
        s.remove_prefix(1);
        m = take_number(s, 2);
        if (!s.empty() && s[0] == sep) {
            s.remove_prefix(1);
            d = take_number(s, 2);
        }
    }
    if (s.empty() && y > 0 && m > 0 && d > 0)
        if (const auto date = Date::of(y, m, d)) return *date;
    return fail(Code::invalid_input, "", "\"" + std::string(text.substr(0, 40)) + "\" is not a date",
                "YYYY-MM-DD, such as 2026-06-30");
}

int Date::year() const { return civil_from_days(days).year; }
int Date::month() const { return civil_from_days(days).month; }
int Date::day() const { return civil_from_days(days).day; }
int Date::weekday() const { return static_cast<int>(((days + 3) % 7 + 7) % 7) + 1; }
std::string Date::text() const {
    const Civil c = civil_from_days(days);
    std::string out = four_digits(c.year);
    append_two(out += '-', c.month);
    append_two(out += '-', c.day);
    return out;
}
Date Date::plus_months(int n) const {
    const Civil c = civil_from_days(days);
    const int index = c.year * 12 + c.month - 1 + n;
    const int y = index / 12;
    const int m = index % 12 + 1;
    return *Date::of(y, m, std::min(c.day, days_in_month(y, m)));
}

std::string_view period_kind_name(PeriodKind kind) {
    switch (kind) {
        case PeriodKind::month: return "month";
        case PeriodKind::quarter: return "quarter";
        case PeriodKind::half: return "half";
        case PeriodKind::year: return "year";
        case PeriodKind::year_to_date: return "year_to_date";
    }
    return "?";
}

Result<Period> Period::parse(std::string_view text) {
    const auto bad = [&] {
        return fail(Code::invalid_input, "", "\"" + std::string(text.substr(0, 40)) + "\" is not a period",
                    "2026-03, 2026Q1, 2026H1, 2026 or 2026-01..06");
    };
    const auto make = [](PeriodKind kind, int year, int index) {
        return Period{kind, static_cast<std::int16_t>(year), static_cast<std::int8_t>(index)};
    };
    std::string_view s = text;
    const int y = take_number(s, 4);
    if (y < 1000 || y > 9999) return bad();
    if (s.empty() || s == "年") return whole_year(y);
    if (take(s, "Q") || take(s, "q")) {
        const int q = take_number(s, 1);
        return s.empty() && q >= 1 && q <= 4 ? Result<Period>(make(PeriodKind::quarter, y, q)) : bad();
    }
    if (take(s, "H") || take(s, "h")) {
        const int h = take_number(s, 1);
        return s.empty() && h >= 1 && h <= 2 ? Result<Period>(make(PeriodKind::half, y, h)) : bad();
    }
    if (take(s, "年")) {
        if (s == "上半年") return make(PeriodKind::half, y, 1);
        if (s == "下半年") return make(PeriodKind::half, y, 2);
        constexpr std::string_view quarters[] = {"一季度", "二季度", "三季度", "四季度"};
        for (int q = 0; q < 4; ++q)
            if (s == quarters[q] || s == "第" + std::string(quarters[q])) return make(PeriodKind::quarter, y, q + 1);
        const int m = take_number(s, 2);
        if (m == 1 && take(s, "-")) {
            const int last = take_number(s, 2);
            return s == "月" && last >= 2 && last <= 12 ? Result<Period>(year_to_date(y, last)) : bad();
        }
        return s == "月" && m >= 1 && m <= 12 ? Result<Period>(month(y, m)) : bad();
    }
    if (!take(s, "-")) return bad();
    const int m = take_number(s, 2);
    if (m == 1 && take(s, "..")) {
        const int last = take_number(s, 2);
        return s.empty() && last >= 1 && last <= 12 ? Result<Period>(year_to_date(y, last)) : bad();
    }
    return s.empty() && m >= 1 && m <= 12 ? Result<Period>(month(y, m)) : bad();
}

std::string Period::text() const {
    std::string out = four_digits(year);
    switch (kind) {
        case PeriodKind::month: append_two(out += '-', index); break;
        case PeriodKind::quarter: out.append(1, 'Q').append(std::to_string(index)); break;
        case PeriodKind::half: out.append(1, 'H').append(std::to_string(index)); break;
        case PeriodKind::year: break;
        case PeriodKind::year_to_date: append_two(out += "-01..", index); break;
    }
    return out;
}

std::string Period::text_zh() const {
    constexpr std::string_view numerals[] = {"一", "二", "三", "四"};
    switch (kind) {
        case PeriodKind::month: return fmt::format("{}年{}月", year, index);
        case PeriodKind::quarter: return fmt::format("{}年{}季度", year, numerals[index - 1]);
        case PeriodKind::half: return fmt::format("{}年{}半年", year, index == 1 ? "上" : "下");
        case PeriodKind::year: return fmt::format("{}年", year);
        case PeriodKind::year_to_date:
            return index == 1 ? fmt::format("{}年1月", year) : fmt::format("{}年1-{}月", year, index);
    }
    return {};
}

MonthIndex Period::first_month() const {
    switch (kind) {
        case PeriodKind::month: return month_index(year, index);
        case PeriodKind::quarter: return month_index(year, index * 3 - 2);
        case PeriodKind::half: return month_index(year, index * 6 - 5);
        default: return month_index(year, 1);
    }
}
MonthIndex Period::last_month() const {
    switch (kind) {
        case PeriodKind::month: return month_index(year, index);
        case PeriodKind::quarter: return month_index(year, index * 3);
        case PeriodKind::half: return month_index(year, index * 6);
        case PeriodKind::year: return month_index(year, 12);
        case PeriodKind::year_to_date: return month_index(year, index);
    }
    return 0;
}
Date Period::first_day() const { return *Date::of(first_month() / 12, first_month() % 12 + 1, 1); }
Date Period::last_day() const {
    const int y = last_month() / 12;
    const int m = last_month() % 12 + 1;
    return *Date::of(y, m, days_in_month(y, m));
}
std::optional<Period> Period::previous() const {
    Period p = *this;
    if (kind == PeriodKind::year_to_date) {
        if (index == 1) return {};
        --p.index;
        return p;
    }
    const int count = kind == PeriodKind::month     ? 12
                      : kind == PeriodKind::quarter ? 4
                      : kind == PeriodKind::half    ? 2
                                                    : 1;
    if (--p.index < 1) {
        p.index = static_cast<std::int8_t>(count);
        --p.year;
    }
    return p;
}
std::optional<Period> Period::decode(std::int64_t e) {
    const auto year = e / 10000;
    const auto kind = e / 100 % 100;
    const auto index = e % 100;
    constexpr int limit[] = {0, 12, 4, 2, 1, 12};
    if (e < 0 || year < 1 || year > 9999 || kind < 1 || kind > 5 || index < 1 || index > limit[kind]) return {};
    return Period{static_cast<PeriodKind>(kind), static_cast<std::int16_t>(year), static_cast<std::int8_t>(index)};
}

Result<Instant> Instant::parse(std::string_view text) {
    absl::Time t;
    std::string err;
    if (!absl::ParseTime(absl::RFC3339_full, std::string(text), &t, &err))
        return fail(Code::invalid_input, "", "\"" + std::string(text.substr(0, 40)) + "\" is not a time",
                    "RFC 3339, such as 2026-07-01T09:00:00+08:00");
    return Instant{absl::ToUnixMicros(t)};
}
std::string Instant::text() const {
    constexpr std::int64_t day = 86'400'000'000, second = 1'000'000;
    if (micros >= 0 && micros < day * 2'000'000) {  // every record and receipt has one: written here, without a formatter
        std::string out = Date{static_cast<std::int32_t>(micros / day)}.text();
        const auto two = [&](std::int64_t n) { out += {static_cast<char>('0' + n / 10), static_cast<char>('0' + n % 10)}; };
        const std::int64_t of_day = micros % day / second;
        out += 'T', two(of_day / 3'600), out += ':', two(of_day / 60 % 60), out += ':', two(of_day % 60);
        if (std::int64_t fraction = micros % second; fraction > 0) {
            out += '.';
            for (std::int64_t unit = second / 10; fraction > 0; fraction %= unit, unit /= 10) out += static_cast<char>('0' + fraction / unit);
        }
        return out += 'Z';
    }
    return absl::FormatTime("%Y-%m-%d%ET%H:%M:%E*SZ", absl::FromUnixMicros(micros), absl::UTCTimeZone());
}

Result<Zone> Zone::load(std::string_view iana_name) {
    auto tz = std::make_shared<absl::TimeZone>();
    if (iana_name.empty() || !absl::LoadTimeZone(std::string(iana_name), tz.get()))
        return fail(Code::not_found, "", "no time zone \"" + std::string(iana_name) + "\"",
                    "an IANA name such as Asia/Shanghai; is tzdata installed?");
    Zone zone;
    zone.name_ = std::string(iana_name);
    zone.impl_ = tz;
    return zone;
}
Date Zone::date_of(Instant t) const {
    const auto& tz = *static_cast<const absl::TimeZone*>(impl_.get());
    const auto day = absl::ToCivilDay(absl::FromUnixMicros(t.micros), tz);
    return Date{static_cast<std::int32_t>(day - absl::CivilDay(1970, 1, 1))};
}
std::string Zone::local_text(Instant t) const {
    return absl::FormatTime("%Y-%m-%d %H:%M:%S", absl::FromUnixMicros(t.micros),
                            *static_cast<const absl::TimeZone*>(impl_.get()));
}
Instant Zone::start_of(Date d) const { return at(d, 0, 0, 0); }
Instant Zone::at(Date d, int hour, int minute, int second) const {
    const auto& tz = *static_cast<const absl::TimeZone*>(impl_.get());
    return Instant{
        absl::ToUnixMicros(absl::FromCivil(absl::CivilSecond(d.year(), d.month(), d.day(), hour, minute, second), tz))};
}

Instant SystemClock::now() {
    return Instant{
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count()};
}

}  // namespace yipan
