// Dates, periods, decimals and money: our additions. They take no name of the standard away and change no result of it.
#include <limits>

#include "cel/functions.h"
#include "cel/numbers.h"

namespace yipan::cel {
namespace {
constexpr std::int32_t day_min = -719162;  // 0001-01-01
constexpr std::int32_t day_max = 2932896;  // 9999-12-31

bool to_date(Frame& f, const Value* a, int, Value& out) {
    if (a->is(Kind::date)) {
        out = *a;
        return true;
    }
    if (!a->is(Kind::string)) return f.no_overload();
    const auto d = Date::parse(a->text());
    if (!d) return f.fail(d.error());
    out = Value::date(*d);
    return true;
}
bool to_period(Frame& f, const Value* a, int, Value& out) {
    if (a->is(Kind::period)) {
        out = *a;
        return true;
    }
    if (!a->is(Kind::string)) return f.no_overload();
    const auto p = Period::parse(a->text());
    if (!p) return f.fail(p.error());
    out = Value::period(*p);
    return true;
}
bool to_money(Frame& f, const Value* a, int n, Value& out) {
    Currency currency;
    if (n == 2) {
        if (!a[1].is(Kind::string)) return f.no_overload();
        const auto c = Currency::parse(a[1].text());
        if (!c) return f.fail(c.error());
        currency = *c;
    }
    if (a->is(Kind::integer)) {
        std::int64_t fen;
        if (__builtin_mul_overflow(a->as_int(), 100, &fen)) return f.overflow();
        out = Value::money({fen, currency});
        return true;
    }
    if (a->is(Kind::decimal)) {
        const auto d = a->as_decimal().normalised();
        if (d.scale > 2) return f.fail("the amount has more than two decimals; round it first");
        const auto fen = d.rescaled(2, Rounding::down);
        if (!fen) return f.fail(fen.error());
        out = Value::money({fen->units, currency});
        return true;
    }
    if (!a->is(Kind::string)) return f.no_overload();
    const auto m = Money::parse_yuan(a->text(), currency);
    if (!m) return f.fail(m.error());
    out = Value::money(*m);
    return true;
}
bool to_decimal(Frame& f, const Value* a, int, Value& out) {
    if (a->is(Kind::decimal))
        out = *a;
    else if (a->is(Kind::integer))
        out = Value::decimal(Decimal::of(a->as_int()));
    else if (a->is(Kind::money))
        out = Value::decimal(a->as_money().yuan());
    else if (a->is(Kind::string)) {
        const auto d = Decimal::parse(a->text());
        if (!d) return f.fail(d.error());
        out = Value::decimal(*d);
    } else
        return f.no_overload();
    return true;
}

enum class Part { year, month, day, weekday };
template <Part part>
bool date_part(Frame& f, const Value* a, int, Value& out) {
    if (part == Part::year && a->is(Kind::period)) {
        out = Value::integer(a->as_period().year);
        return true;
    }
    if (!a->is(Kind::date)) return f.no_overload();
    const Date d = a->as_date();
    out = Value::integer(part == Part::year    ? d.year()
                         : part == Part::month ? d.month()
                         : part == Part::day   ? d.day()
                                               : d.weekday());
    return true;
}
bool add_days(Frame& f, const Value* a, int, Value& out) {
    if (!a[0].is(Kind::date) || !a[1].is(Kind::integer)) return f.no_overload();
    std::int64_t v;
    if (__builtin_add_overflow(a[0].as_int(), a[1].as_int(), &v) || v < day_min || v > day_max)
        return f.fail("the date leaves the years 1 to 9999", Code::overflow);
    out = Value::date(Date{static_cast<std::int32_t>(v)});
    return true;
}
bool add_months(Frame& f, const Value* a, int, Value& out) {
    if (!a[0].is(Kind::date) || !a[1].is(Kind::integer)) return f.no_overload();
    const Date d = a[0].as_date();
    const std::int64_t n = a[1].as_int();
    const std::int64_t month = std::int64_t{d.year()} * 12 + d.month() - 1;
    if (n > 200'000 || n < -200'000 || month + n < 12 || month + n >= 10000 * 12)
        return f.fail("the date leaves the years 1 to 9999", Code::overflow);
    out = Value::date(d.plus_months(static_cast<int>(n)));
    return true;
}
bool period_of(Frame& f, const Value* a, int, Value& out) {
    if (!a[0].is(Kind::date) || !a[1].is(Kind::string)) return f.no_overload();
    const Date d = a[0].as_date();
    const std::string_view kind = a[1].text();
    Period p = Period::month(d.year(), d.month());
    if (kind == "quarter") {
        p.kind = PeriodKind::quarter;
        p.index = static_cast<std::int8_t>((d.month() + 2) / 3);
    } else if (kind == "half") {
        p.kind = PeriodKind::half;
        p.index = static_cast<std::int8_t>((d.month() + 5) / 6);
    } else if (kind == "year") {
        p = Period::whole_year(d.year());
    } else if (kind != "month") {
        return f.fail("a kind of period is 'month', 'quarter', 'half' or 'year'");
    }
    out = Value::period(p);
    return true;
}
template <bool first>
bool period_day(Frame& f, const Value* a, int, Value& out) {
    if (!a->is(Kind::period)) return f.no_overload();
    out = Value::date(first ? a->as_period().first_day() : a->as_period().last_day());
    return true;
}

bool rounding_of(Frame& f, const Value* a, int n, int at, Rounding& r) {
    r = Rounding::half_up;
    if (n <= at) return true;
    if (!a[at].is(Kind::string)) return f.no_overload();
    const std::string_view s = a[at].text();
    if (s == "half_up")
        r = Rounding::half_up;
    else if (s == "half_even")
        r = Rounding::half_even;
    else if (s == "down")
        r = Rounding::down;
    else
        return f.fail("a rounding is 'half_up', 'half_even' or 'down'");
    return true;
}
bool scale_of(Frame& f, const Value& v, int& scale) {
    if (!v.is(Kind::integer)) return f.no_overload();
    if (v.as_int() < 0 || v.as_int() > decimal_scale_max) return f.fail("a scale is 0 to 18");
    scale = static_cast<int>(v.as_int());
    return true;
}
bool div(Frame& f, const Value* a, int n, Value& out) {
    Decimal x, y;
    if (a[0].is(Kind::money) && a[1].is(Kind::money)) {
        if (!(a[0].as_money().currency == a[1].as_money().currency))
            return f.fail("money of two currencies cannot be divided");
        x = a[0].as_money().yuan();
        y = a[1].as_money().yuan();
    } else if (!as_decimal(a[0], x) || !as_decimal(a[1], y)) {
        return f.no_overload();
    }
    int scale = 0;
    Rounding rounding;
    if (!scale_of(f, a[2], scale) || !rounding_of(f, a, n, 3, rounding)) return false;
    const auto q = divide(x, y, scale, rounding);
    if (!q) return f.fail(q.error());
    out = Value::decimal(*q);
    return true;
}
bool round(Frame& f, const Value* a, int n, Value& out) {
    int scale = 0;
    Rounding rounding;
    if (!a[0].is(Kind::decimal)) return f.no_overload();
    if (!scale_of(f, a[1], scale) || !rounding_of(f, a, n, 2, rounding)) return false;
    const auto d = a[0].as_decimal().rescaled(scale, rounding);
    if (!d) return f.fail(d.error());
    out = Value::decimal(*d);
    return true;
}

bool absolute(Frame& f, const Value* a, int, Value& out) {
    if (a->is(Kind::real))
        out = Value::real(a->as_double() < 0 ? -a->as_double() : a->as_double());
    else if (a->is(Kind::integer) || a->is(Kind::decimal) || a->is(Kind::money)) {
        if (a->as_int() >= 0)
            out = *a;
        else
            return op_negate(f, *a, out);
    } else
        return f.no_overload();
    return true;
}
template <bool greatest>
bool extreme(Frame& f, const Value* a, int n, Value& out) {
    int best = 0;
    for (int i = 0; i < n; ++i) {
        bool comparable = false;
        const auto o = compare_values(a[i], a[best], comparable);
        if (!comparable) return f.no_overload();
        if (greatest ? o > 0 : o < 0) best = i;
    }
    Value v = a[best];
    out = std::move(v);
    return true;
}
/// Integers, fen and decimals are added in 128 bits and narrowed once.
bool sum(Frame& f, const Value* a, int n, Value& out) {
    if (!a[0].is(Kind::list)) return f.no_overload();
    const auto& items = a[0].items();
    if (!f.charge(static_cast<std::int64_t>(items.size()))) return false;
    Value total = n == 2 ? a[1] : items.empty() ? Value::integer(0) : items[0];
    const bool wide = total.is(Kind::integer) || total.is(Kind::money);
    if (!wide) {
        for (std::size_t i = n == 2 ? 0 : 1; i < items.size(); ++i) {
            Value next;
            if (!op_add(f, total, items[i], next)) return false;
            total = std::move(next);
        }
        if (total.is(Kind::string) || total.is(Kind::bytes) || total.is(Kind::list) || total.is(Kind::null) ||
            total.is(Kind::boolean))
            return f.no_overload();
        out = std::move(total);
        return true;
    }
    Sum128 s;
    for (const Value& v : items) {
        if (v.kind() != total.kind() || (v.is(Kind::money) && !(v.as_money().currency == total.as_money().currency)))
            return f.no_overload();
        s.add(v.as_int());
    }
    const auto v = s.narrow();
    if (!v) return f.overflow();
    out = total.is(Kind::integer) ? Value::integer(*v) : Value::money({*v, total.as_money().currency});
    return true;
}
bool or_else(Frame&, const Value* a, int, Value& out) {
    out = a[0].is_null() ? a[1] : a[0];
    return true;
}

constexpr Function table[] = {
    {"date", false, "s:A|A:A", to_date, Special::literal},
    {"period", false, "s:P|P:P", to_period, Special::literal},
    {"yuan", false, "s:M|i:M|D:M", to_money, Special::money_literal},
    {"money", false, "ss:M|is:M|Ds:M", to_money, Special::money_literal},
    {"decimal", false, "s:D|i:D|D:D|M:D", to_decimal, Special::decimal_literal},
    {"year", true, "A:i|P:i", date_part<Part::year>},
    {"month", true, "A:i", date_part<Part::month>},
    {"day", true, "A:i", date_part<Part::day>},
    {"weekday", true, "A:i", date_part<Part::weekday>},
    {"addDays", true, "Ai:A", add_days},
    {"addMonths", true, "Ai:A", add_months},
    {"period", true, "As:P", period_of},
    {"firstDay", true, "P:A", period_day<true>},
    {"lastDay", true, "P:A", period_day<false>},
    {"div", true, "DDi:D|Dii:D|iDi:D|iii:D|MMi:D|DDis:D|Diis:D|iDis:D|iiis:D|MMis:D", div, Special::div},
    {"round", true, "Di:D|Dis:D", round, Special::round},
    {"abs", false, "i:i|d:d|D:D|M:M", absolute, Special::same},
    {"least", false, "i:i|u:u|d:d|D:D|M:M|A:A|t:t|r:r|s:s", extreme<false>, Special::extreme},
    {"greatest", false, "i:i|u:u|d:d|D:D|M:M|A:A|t:t|r:r|s:s", extreme<true>, Special::extreme},
    {"sum", false, "[i:i|[u:u|[d:d|[D:D|[M:M|[r:r", sum, Special::sum},
    {"orElse", false, "**:*", or_else, Special::or_else},
};
}  // namespace

FunctionList domain_functions() { return {table, std::size(table)}; }

}  // namespace yipan::cel
