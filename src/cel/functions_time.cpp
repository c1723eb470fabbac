#include <absl/time/time.h>

#include "cel/functions.h"
#include "cel/numbers.h"

namespace yipan::cel {
namespace {
constexpr std::size_t zone_name_bytes_max = 64;

/// "+08:00", "-02:30", "02:00" or an IANA name.
bool zone_of(Frame& f, std::string_view name, absl::TimeZone& zone) {
    std::string_view s = name;
    const bool minus = s.starts_with('-');
    if (s.starts_with('+') || minus) s.remove_prefix(1);
    const auto digit = [&](std::size_t i) { return s[i] >= '0' && s[i] <= '9'; };
    if (s.size() == 5 && digit(0) && digit(1) && s[2] == ':' && digit(3) && digit(4)) {
        const int hours = (s[0] - '0') * 10 + s[1] - '0';
        const int minutes = (s[3] - '0') * 10 + s[4] - '0';
        if (hours > 23 || minutes > 59) return f.fail("no such time zone");
        zone = absl::FixedTimeZone((hours * 60 + minutes) * (minus ? -60 : 60));
        return true;
    }
    // The name becomes a file name below the zone database: nothing else may pass.
    bool clean = !name.empty() && name.size() <= zone_name_bytes_max && name[0] >= 'A' && name[0] <= 'Z';
    for (const char c : name)
        clean = clean && (std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '+' || c == '/');
    if (!clean || !absl::LoadTimeZone(absl::string_view(name.data(), name.size()), &zone))
        return f.fail("no such time zone");
    return true;
}

enum class Field { year, month, day1, day0, day_of_year, weekday, hours, minutes, seconds, millis };

template <Field field>
bool part_of(Frame& f, const Value* a, int n, Value& out) {
    if (n == 1 && a[0].is(Kind::duration)) {
        const std::int64_t d = a[0].as_int();
        switch (field) {
            case Field::hours: out = Value::integer(d / 3'600'000'000'000); return true;
            case Field::minutes: out = Value::integer(d / 60'000'000'000); return true;
            case Field::seconds: out = Value::integer(d / 1'000'000'000); return true;
            case Field::millis: out = Value::integer(d / 1'000'000 % 1000); return true;
            default: return f.no_overload();
        }
    }
    if (!a[0].is(Kind::timestamp) || n > 2 || (n == 2 && !a[1].is(Kind::string))) return f.no_overload();
    absl::TimeZone zone = absl::UTCTimeZone();
    if (n == 2 && !zone_of(f, a[1].text(), zone)) return false;
    const absl::CivilSecond c = absl::ToCivilSecond(absl::FromUnixSeconds(a[0].seconds()), zone);
    std::int64_t v = 0;
    switch (field) {
        case Field::year: v = c.year(); break;
        case Field::month: v = c.month() - 1; break;
        case Field::day1: v = c.day(); break;
        case Field::day0: v = c.day() - 1; break;
        case Field::day_of_year: v = absl::GetYearDay(absl::CivilDay(c)) - 1; break;
        case Field::weekday: v = (static_cast<int>(absl::GetWeekday(absl::CivilDay(c))) + 1) % 7; break;
        case Field::hours: v = c.hour(); break;
        case Field::minutes: v = c.minute(); break;
        case Field::seconds: v = c.second(); break;
        case Field::millis: v = a[0].nanos() / 1'000'000; break;
    }
    out = Value::integer(v);
    return true;
}

bool to_timestamp(Frame& f, const Value* a, int, Value& out) {
    if (a->is(Kind::timestamp)) {
        out = *a;
        return true;
    }
    if (a->is(Kind::integer)) {
        if (a->as_int() < timestamp_seconds_min || a->as_int() > timestamp_seconds_max)
            return f.fail("the timestamp leaves the years 1 to 9999", Code::overflow);
        out = Value::timestamp(a->as_int(), 0);
        return true;
    }
    if (!a->is(Kind::string)) return f.no_overload();
    const auto t = parse_timestamp(a->text());
    if (!t) return f.fail("the text is not an RFC 3339 time within the years 1 to 9999");
    out = Value::timestamp(t->first, t->second);
    return true;
}
bool to_duration(Frame& f, const Value* a, int, Value& out) {
    if (a->is(Kind::duration)) {
        out = *a;
        return true;
    }
    if (!a->is(Kind::string)) return f.no_overload();
    const auto d = parse_duration(a->text());
    if (!d) return f.fail("the text is not a duration such as 1h30m or 1.5s");
    out = Value::duration(*d);
    return true;
}

constexpr Function table[] = {
    {"timestamp", false, "s:t|t:t|i:t", to_timestamp},
    {"duration", false, "s:r|r:r", to_duration},
    {"getFullYear", true, "t:i|ts:i", part_of<Field::year>},
    {"getMonth", true, "t:i|ts:i", part_of<Field::month>},
    {"getDate", true, "t:i|ts:i", part_of<Field::day1>},
    {"getDayOfMonth", true, "t:i|ts:i", part_of<Field::day0>},
    {"getDayOfYear", true, "t:i|ts:i", part_of<Field::day_of_year>},
    {"getDayOfWeek", true, "t:i|ts:i", part_of<Field::weekday>},
    {"getHours", true, "t:i|ts:i|r:i", part_of<Field::hours>},
    {"getMinutes", true, "t:i|ts:i|r:i", part_of<Field::minutes>},
    {"getSeconds", true, "t:i|ts:i|r:i", part_of<Field::seconds>},
    {"getMilliseconds", true, "t:i|ts:i|r:i", part_of<Field::millis>},
};
}  // namespace

FunctionList time_functions() { return {table, std::size(table)}; }

}  // namespace yipan::cel
