#include <cmath>
#include <limits>

#include "cel/functions.h"
#include "cel/numbers.h"

namespace yipan::cel {
namespace {
constexpr auto int_min = std::numeric_limits<std::int64_t>::min();

bool put(Frame& f, const Result<Decimal>& r, Value& out) {
    if (!r) return f.fail(r.error());
    out = Value::decimal(*r);
    return true;
}
bool put(Frame& f, const Result<Money>& r, Value& out) {
    if (!r) return f.fail(r.error());
    out = Value::money(*r);
    return true;
}
/// Sum at the finer scale; overflow while aligning is an error too, as in the SQL form of the same sum.
bool decimal_sum(Frame& f, const Decimal& a, const Decimal& b, bool minus, Value& out) {
    const int scale = a.scale > b.scale ? a.scale : b.scale;
    const auto x = a.rescaled(scale, Rounding::down);
    const auto y = b.rescaled(scale, Rounding::down);
    if (!x || !y) return f.overflow();
    return put(f, minus ? subtract(*x, *y) : add(*x, *y), out);
}
bool put_timestamp(Frame& f, const Value& t, __int128 delta, Value& out) {
    const __int128 total = static_cast<__int128>(t.seconds()) * 1'000'000'000 + t.nanos() + delta;
    __int128 seconds = total / 1'000'000'000;
    auto nanos = static_cast<std::int32_t>(total % 1'000'000'000);
    if (nanos < 0) {
        nanos += 1'000'000'000;
        --seconds;
    }
    if (seconds < timestamp_seconds_min || seconds > timestamp_seconds_max)
        return f.fail("the timestamp leaves the years 1 to 9999", Code::overflow);
    out = Value::timestamp(static_cast<std::int64_t>(seconds), nanos);
    return true;
}
bool money_times(Frame& f, const Money& m, const Decimal& d, Value& out) {
    const __int128 fen =
        divide_rounded(static_cast<__int128>(m.fen) * d.units, power_of_ten(d.scale), Rounding::half_up);
    if (fen > std::numeric_limits<std::int64_t>::max() || fen < int_min) return f.overflow();
    out = Value::money(Money{static_cast<std::int64_t>(fen), m.currency});
    return true;
}
/// Exact product: an error instead of a rounded one, so that the static scale is true.
bool decimal_times(Frame& f, const Decimal& a, const Decimal& b, Value& out) {
    const int scale = a.scale + b.scale;
    const __int128 product = static_cast<__int128>(a.units) * b.units;
    if (scale > decimal_scale_max)
        return f.fail("the product has more than 18 decimals; round a factor first", Code::overflow);
    if (product > std::numeric_limits<std::int64_t>::max() || product < int_min) return f.overflow();
    out = Value::decimal({static_cast<std::int64_t>(product), static_cast<std::uint8_t>(scale)});
    return true;
}
}  // namespace

bool op_add(Frame& f, const Value& a, const Value& b, Value& out) {
    if (a.is(Kind::integer) && b.is(Kind::integer)) {
        std::int64_t v;
        if (__builtin_add_overflow(a.as_int(), b.as_int(), &v)) return f.overflow();
        out = Value::integer(v);
        return true;
    }
    if (a.kind() == b.kind()) switch (a.kind()) {
            case Kind::uinteger: {
                std::uint64_t v;
                if (__builtin_add_overflow(a.as_uint(), b.as_uint(), &v)) return f.overflow();
                out = Value::uinteger(v);
                return true;
            }
            case Kind::real: out = Value::real(a.as_double() + b.as_double()); return true;
            case Kind::string:
            case Kind::bytes: {
                if (!f.charge_text(a.text().size() + b.text().size())) return false;
                std::string s;
                s.reserve(a.text().size() + b.text().size());
                s.append(a.text()).append(b.text());
                out = a.is(Kind::string) ? Value::string(std::move(s)) : Value::bytes(std::move(s));
                return true;
            }
            case Kind::list: {
                if (!f.charge(static_cast<std::int64_t>(a.items().size() + b.items().size()))) return false;
                std::vector<Value> items = a.items();
                items.insert(items.end(), b.items().begin(), b.items().end());
                out = Value::list(std::move(items));
                return true;
            }
            case Kind::duration: {
                std::int64_t v;
                if (__builtin_add_overflow(a.as_int(), b.as_int(), &v)) return f.overflow();
                out = Value::duration(v);
                return true;
            }
            case Kind::money: return put(f, add(a.as_money(), b.as_money()), out);
            default: break;
        }
    if (a.is(Kind::timestamp) && b.is(Kind::duration)) return put_timestamp(f, a, b.as_int(), out);
    if (a.is(Kind::duration) && b.is(Kind::timestamp)) return put_timestamp(f, b, a.as_int(), out);
    Decimal x, y;
    if (as_decimal(a, x) && as_decimal(b, y)) return decimal_sum(f, x, y, false, out);
    return f.no_overload();
}

bool op_subtract(Frame& f, const Value& a, const Value& b, Value& out) {
    if (a.is(Kind::integer) && b.is(Kind::integer)) {
        std::int64_t v;
        if (__builtin_sub_overflow(a.as_int(), b.as_int(), &v)) return f.overflow();
        out = Value::integer(v);
        return true;
    }
    if (a.kind() == b.kind()) switch (a.kind()) {
            case Kind::uinteger: {
                std::uint64_t v;
                if (__builtin_sub_overflow(a.as_uint(), b.as_uint(), &v)) return f.overflow();
                out = Value::uinteger(v);
                return true;
            }
            case Kind::real: out = Value::real(a.as_double() - b.as_double()); return true;
            case Kind::duration: {
                std::int64_t v;
                if (__builtin_sub_overflow(a.as_int(), b.as_int(), &v)) return f.overflow();
                out = Value::duration(v);
                return true;
            }
            case Kind::timestamp: {
                const __int128 v =
                    static_cast<__int128>(a.seconds() - b.seconds()) * 1'000'000'000 + (a.nanos() - b.nanos());
                if (v > std::numeric_limits<std::int64_t>::max() || v < int_min)
                    return f.fail("the duration leaves its range", Code::overflow);
                out = Value::duration(static_cast<std::int64_t>(v));
                return true;
            }
            case Kind::date: out = Value::integer(a.as_int() - b.as_int()); return true;
            case Kind::money: return put(f, subtract(a.as_money(), b.as_money()), out);
            default: break;
        }
    if (a.is(Kind::timestamp) && b.is(Kind::duration))
        return put_timestamp(f, a, -static_cast<__int128>(b.as_int()), out);
    Decimal x, y;
    if (as_decimal(a, x) && as_decimal(b, y)) return decimal_sum(f, x, y, true, out);
    return f.no_overload();
}

bool op_multiply(Frame& f, const Value& a, const Value& b, Value& out) {
    if (a.is(Kind::integer) && b.is(Kind::integer)) {
        std::int64_t v;
        if (__builtin_mul_overflow(a.as_int(), b.as_int(), &v)) return f.overflow();
        out = Value::integer(v);
        return true;
    }
    if (a.is(Kind::uinteger) && b.is(Kind::uinteger)) {
        std::uint64_t v;
        if (__builtin_mul_overflow(a.as_uint(), b.as_uint(), &v)) return f.overflow();
        out = Value::uinteger(v);
        return true;
    }
    if (a.is(Kind::real) && b.is(Kind::real)) {
        out = Value::real(a.as_double() * b.as_double());
        return true;
    }
    Decimal x, y;
    if (a.is(Kind::money) && as_decimal(b, y)) return money_times(f, a.as_money(), y, out);
    if (b.is(Kind::money) && as_decimal(a, x)) return money_times(f, b.as_money(), x, out);
    if (as_decimal(a, x) && as_decimal(b, y)) return decimal_times(f, x, y, out);
    return f.no_overload();
}

bool op_divide(Frame& f, const Value& a, const Value& b, Value& out) {
    if (a.is(Kind::integer) && b.is(Kind::integer)) {
        if (b.as_int() == 0) return f.fail("division by zero");
        if (a.as_int() == int_min && b.as_int() == -1) return f.overflow();
        out = Value::integer(a.as_int() / b.as_int());
        return true;
    }
    if (a.is(Kind::uinteger) && b.is(Kind::uinteger)) {
        if (b.as_uint() == 0) return f.fail("division by zero");
        out = Value::uinteger(a.as_uint() / b.as_uint());
        return true;
    }
    if (a.is(Kind::real) && b.is(Kind::real)) {
        out = Value::real(a.as_double() / b.as_double());
        return true;
    }
    return f.no_overload();
}

bool op_modulo(Frame& f, const Value& a, const Value& b, Value& out) {
    if (a.is(Kind::integer) && b.is(Kind::integer)) {
        if (b.as_int() == 0) return f.fail("modulus by zero");
        if (a.as_int() == int_min && b.as_int() == -1) return f.overflow();
        out = Value::integer(a.as_int() % b.as_int());
        return true;
    }
    if (a.is(Kind::uinteger) && b.is(Kind::uinteger)) {
        if (b.as_uint() == 0) return f.fail("modulus by zero");
        out = Value::uinteger(a.as_uint() % b.as_uint());
        return true;
    }
    return f.no_overload();
}

bool op_negate(Frame& f, const Value& a, Value& out) {
    switch (a.kind()) {
        case Kind::integer:
        case Kind::decimal:
        case Kind::money:
            if (a.as_int() == int_min) return f.overflow();
            if (a.is(Kind::integer))
                out = Value::integer(-a.as_int());
            else if (a.is(Kind::decimal))
                out = Value::decimal({-a.as_int(), a.as_decimal().scale});
            else
                out = Value::money({-a.as_int(), a.as_money().currency});
            return true;
        case Kind::real: out = Value::real(-a.as_double()); return true;
        default: return f.no_overload();
    }
}

namespace {
/// The position a number means in a list: whole doubles and uints count too.
bool whole_number(const Value& v, std::int64_t& i) {
    if (v.is(Kind::integer))
        i = v.as_int();
    else if (v.is(Kind::uinteger) &&
             v.as_uint() <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        i = v.as_int();
    else if (v.is(Kind::real) && v.as_double() >= -9e15 && v.as_double() <= 9e15 &&
             std::trunc(v.as_double()) == v.as_double())
        i = static_cast<std::int64_t>(v.as_double());
    else
        return false;
    return true;
}
}  // namespace

bool op_index(Frame& f, const Value& a, const Value& b, Value& out) {
    if (a.is(Kind::list)) {
        std::int64_t i = 0;
        if (!whole_number(b, i)) return f.fail("a list is indexed by a whole number");
        if (i < 0 || static_cast<std::size_t>(i) >= a.items().size()) return f.fail("the index is outside the list");
        Value item = a.items()[static_cast<std::size_t>(i)];
        out = std::move(item);
        return true;
    }
    if (a.is(Kind::map)) {
        const Value* v = a.find(b);
        if (!v) return f.fail("no such key");
        Value item = *v;
        out = std::move(item);
        return true;
    }
    return f.no_overload();
}

bool op_in(Frame& f, const Value& a, const Value& b, Value& out) {
    if (b.is(Kind::list)) {
        bool found = false;
        for (const Value& item : b.items())
            if (equals(a, item, f.steps)) {
                found = true;
                break;
            }
        if (f.steps < 0) return f.out_of_steps();
        out = Value::boolean(found);
        return true;
    }
    if (b.is(Kind::map)) {
        const bool found = b.find(a) != nullptr;
        out = Value::boolean(found);
        return true;
    }
    return f.no_overload();
}

}  // namespace yipan::cel
