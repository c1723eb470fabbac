#include <cmath>
#include <limits>

#include "cel/functions.h"

namespace yipan::cel {
namespace {
bool number(const Value& v) { return v.is(Kind::integer) || v.is(Kind::uinteger) || v.is(Kind::real); }

template <bool greatest>
bool extreme_number(Frame& f, const Value* a, int n, Value& out) {
    if (n == 1 && a->is(Kind::list)) {
        const auto& items = a->items();
        if (items.empty()) return f.fail("the list is empty");
        if (!f.charge(static_cast<std::int64_t>(items.size()))) return false;
        return extreme_number<greatest>(f, items.data(), static_cast<int>(items.size()), out) &&
               (number(out) || f.no_overload());
    }
    const Value* best = nullptr;
    for (int i = 0; i < n; ++i) {
        if (!number(a[i])) return f.no_overload();
        bool comparable = false;
        if (!best)
            best = &a[i];
        else if (const auto o = compare_values(a[i], *best, comparable); greatest ? o > 0 : o < 0)
            best = &a[i];
    }
    if (!best) return f.no_overload();
    Value v = *best;
    out = std::move(v);
    return true;
}

template <double (*op)(double)>
bool rounding(Frame& f, const Value* a, int, Value& out) {
    if (!a->is(Kind::real)) return f.no_overload();
    out = Value::real(op(a->as_double()));
    return true;
}
bool absolute(Frame& f, const Value* a, int, Value& out) {
    switch (a->kind()) {
        case Kind::uinteger: out = *a; return true;
        case Kind::real: out = Value::real(std::fabs(a->as_double())); return true;
        case Kind::integer:
            if (a->as_int() == std::numeric_limits<std::int64_t>::min()) return f.overflow();
            out = Value::integer(a->as_int() < 0 ? -a->as_int() : a->as_int());
            return true;
        default: return f.no_overload();
    }
}
bool sign(Frame& f, const Value* a, int, Value& out) {
    switch (a->kind()) {
        case Kind::uinteger: out = Value::uinteger(a->as_uint() != 0); return true;
        case Kind::integer: out = Value::integer(a->as_int() > 0 ? 1 : a->as_int() < 0 ? -1 : 0); return true;
        case Kind::real: {
            const double d = a->as_double();
            out = Value::real(d > 0 ? 1.0 : d < 0 ? -1.0 : d);
            return true;
        }
        default: return f.no_overload();
    }
}
bool root(Frame& f, const Value* a, int, Value& out) {
    if (a->is(Kind::real))
        out = Value::real(std::sqrt(a->as_double()));
    else if (a->is(Kind::integer))
        out = Value::real(std::sqrt(static_cast<double>(a->as_int())));
    else if (a->is(Kind::uinteger))
        out = Value::real(std::sqrt(static_cast<double>(a->as_uint())));
    else
        return f.no_overload();
    return true;
}
enum class Test { nan, inf, finite };
template <Test t>
bool test(Frame& f, const Value* a, int, Value& out) {
    if (!a->is(Kind::real)) return f.no_overload();
    const double d = a->as_double();
    out = Value::boolean(t == Test::nan ? std::isnan(d) : t == Test::inf ? std::isinf(d) : std::isfinite(d));
    return true;
}
enum class Bit { op_and, op_or, op_xor };
template <Bit b>
bool bits(Frame& f, const Value* a, int, Value& out) {
    if (a[0].kind() != a[1].kind() || (!a[0].is(Kind::integer) && !a[0].is(Kind::uinteger))) return f.no_overload();
    const std::uint64_t x = a[0].as_uint(), y = a[1].as_uint();
    const std::uint64_t v = b == Bit::op_and ? x & y : b == Bit::op_or ? x | y : x ^ y;
    out = a[0].is(Kind::integer) ? Value::integer(static_cast<std::int64_t>(v)) : Value::uinteger(v);
    return true;
}
bool bit_not(Frame& f, const Value* a, int, Value& out) {
    if (a->is(Kind::integer))
        out = Value::integer(~a->as_int());
    else if (a->is(Kind::uinteger))
        out = Value::uinteger(~a->as_uint());
    else
        return f.no_overload();
    return true;
}
template <bool left>
bool shift(Frame& f, const Value* a, int, Value& out) {
    if ((!a[0].is(Kind::integer) && !a[0].is(Kind::uinteger)) || !a[1].is(Kind::integer)) return f.no_overload();
    const std::int64_t by = a[1].as_int();
    if (by < 0) return f.fail("a shift cannot be negative");
    const std::uint64_t v = by >= 64 ? 0 : left ? a[0].as_uint() << by : a[0].as_uint() >> by;
    out = a[0].is(Kind::integer) ? Value::integer(static_cast<std::int64_t>(v)) : Value::uinteger(v);
    return true;
}

constexpr Function table[] = {
    {"math.greatest", false, "*:*", extreme_number<true>},
    {"math.least", false, "*:*", extreme_number<false>},
    {"math.ceil", false, "d:d", rounding<std::ceil>},
    {"math.floor", false, "d:d", rounding<std::floor>},
    {"math.round", false, "d:d", rounding<std::round>},
    {"math.trunc", false, "d:d", rounding<std::trunc>},
    {"math.abs", false, "i:i|u:u|d:d", absolute},
    {"math.sign", false, "i:i|u:u|d:d", sign},
    {"math.sqrt", false, "d:d|i:d|u:d", root},
    {"math.isNaN", false, "d:b", test<Test::nan>},
    {"math.isInf", false, "d:b", test<Test::inf>},
    {"math.isFinite", false, "d:b", test<Test::finite>},
    {"math.bitAnd", false, "ii:i|uu:u", bits<Bit::op_and>},
    {"math.bitOr", false, "ii:i|uu:u", bits<Bit::op_or>},
    {"math.bitXor", false, "ii:i|uu:u", bits<Bit::op_xor>},
    {"math.bitNot", false, "i:i|u:u", bit_not},
    {"math.bitShiftLeft", false, "ii:i|ui:u", shift<true>},
    {"math.bitShiftRight", false, "ii:i|ui:u", shift<false>},
};
}  // namespace

FunctionList math_functions() { return {table, std::size(table)}; }

}  // namespace yipan::cel
