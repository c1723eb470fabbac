#include "cel/check_types.h"

#include <algorithm>
#include <optional>

namespace yipan::cel {
namespace {
using K = Type::K;

bool is_decimal_like(const Type& t) { return t.is(K::decimal) || t.is(K::integer); }
int scale_of(const Type& t) { return t.is(K::integer) ? 0 : t.scale; }
bool same_currency(const Type& a, const Type& b) {
    return !a.currency[0] || !b.currency[0] || std::string_view(a.currency) == b.currency;
}

std::string mixing_hint(const Type& a, const Type& b) {
    const auto pair = [&](K x, K y) { return (a.is(x) && b.is(y)) || (a.is(y) && b.is(x)); };
    if (pair(K::decimal, K::real)) return "decimals never meet doubles: write decimal('1.5')";
    if (pair(K::money, K::real) || pair(K::money, K::integer) || pair(K::money, K::decimal))
        return "write yuan(100) or yuan('12.50')";
    if (pair(K::date, K::string)) return "write date('2026-01-31')";
    if (pair(K::period, K::string)) return "write period('2026H1')";
    if (pair(K::timestamp, K::string)) return "write timestamp('2026-01-31T00:00:00Z')";
    if (pair(K::integer, K::uinteger) || pair(K::integer, K::real) || pair(K::uinteger, K::real))
        return "convert one side: int(x), uint(x), double(x)";
    return {};
}

bool comparable(const Type& a, const Type& b) {
    if (a.is(K::dyn) || b.is(K::dyn)) return true;
    if (a.numeric() && b.numeric()) return true;
    if (is_decimal_like(a) && is_decimal_like(b)) return true;
    if (a.k != b.k) return false;
    if (a.is(K::money)) return same_currency(a, b);
    return a.is(K::boolean) || a.is(K::string) || a.is(K::bytes) || a.is(K::timestamp) || a.is(K::duration) ||
           a.is(K::date) || a.is(K::period);
}
bool may_equal(const Type& a, const Type& b) {
    if (a.is(K::dyn) || b.is(K::dyn) || a.is(K::null) || b.is(K::null)) return true;
    if (a.numeric() && b.numeric()) return true;
    if (is_decimal_like(a) && is_decimal_like(b)) return true;
    if (a.k != b.k) return false;
    if (a.is(K::list)) return may_equal(a.element(), b.element());
    if (a.is(K::map))
        return !a.parameters || !b.parameters ||
               (may_equal((*a.parameters)[0], (*b.parameters)[0]) && may_equal(a.mapped(), b.mapped()));
    if (a.is(K::object)) return !a.object || !b.object || a.object == b.object;
    return !a.is(K::money) || same_currency(a, b);
}

std::optional<Type> sum_type(Op op, const Type& a, const Type& b) {
    if (a.is(K::list) && b.is(K::list)) {
        if (op != Op::add) return {};
        if (!a.parameters || a.element().is(K::dyn))
            return b.is(K::list) && a.parameters && b.parameters ? Type::list(Type::dyn()) : a;
        return Type::list(join(a.element(), b.element()));
    }
    if (a.is(K::money) && b.is(K::money) && same_currency(a, b)) return a.currency[0] ? a : b;
    if ((a.is(K::decimal) || b.is(K::decimal)) && is_decimal_like(a) && is_decimal_like(b))
        return Type::decimal(scale_of(a) >= 0 && scale_of(b) >= 0 ? std::max(scale_of(a), scale_of(b)) : -1);
    if (a.k == b.k) {
        if (a.numeric() || a.is(K::duration)) return a;
        if (op == Op::add && (a.is(K::string) || a.is(K::bytes))) return a;
        if (op == Op::subtract && a.is(K::timestamp)) return Type::duration();
        if (op == Op::subtract && a.is(K::date)) return Type::integer();
    }
    if (a.is(K::timestamp) && b.is(K::duration)) return a;
    if (op == Op::add && a.is(K::duration) && b.is(K::timestamp)) return b;
    return {};
}
std::optional<Type> product_type(Op op, const Type& a, const Type& b) {
    if (a.k == b.k && a.numeric() && !(op == Op::modulo && a.is(K::real))) return a;
    if (op != Op::multiply) return {};
    if (a.is(K::money) && is_decimal_like(b)) return a;
    if (b.is(K::money) && is_decimal_like(a)) return b;
    if (is_decimal_like(a) && is_decimal_like(b)) {
        const int scale = scale_of(a) >= 0 && scale_of(b) >= 0 ? scale_of(a) + scale_of(b) : -1;
        return Type::decimal(scale <= decimal_scale_max ? scale : -1);
    }
    return {};
}

Type letter_type(std::string_view& s) {
    const char c = s.front();
    s.remove_prefix(1);
    switch (c) {
        case 'b': return Type::boolean();
        case 'i': return Type::integer();
        case 'u': return Type::uinteger();
        case 'd': return Type::real();
        case 's': return Type::string();
        case 'y': return Type::bytes();
        case 't': return Type::timestamp();
        case 'r': return Type::duration();
        case 'D': return Type::decimal();
        case 'M': return Type::money();
        case 'A': return Type::date();
        case 'P': return Type::period();
        case 'l': return Type::list(Type::dyn());
        case 'm': return Type::of(K::map);
        case 'T': return Type::of(K::type);
        case '[': return Type::list(letter_type(s));
        default: return Type::dyn();
    }
}
struct Overload {
    std::vector<Type> params;
    Type result;
};
std::vector<Overload> overloads_of(std::string_view text) {
    std::vector<Overload> list;
    while (!text.empty()) {
        Overload o;
        while (text.front() != ':') o.params.push_back(letter_type(text));
        text.remove_prefix(1);
        o.result = letter_type(text);
        if (!text.empty()) text.remove_prefix(1);  // |
        list.push_back(std::move(o));
    }
    return list;
}
std::string shown(const std::vector<Type>& types, bool method) {
    std::string s;
    for (std::size_t i = 0; i < types.size(); ++i) {
        if (method && i == 0) continue;
        if (i > (method ? 1u : 0u)) s += ", ";
        s += types[i].text();
    }
    return s;
}
std::string call_text(const Function& f, const std::vector<Type>& types) {
    return (f.method && !types.empty() ? types[0].text() + "." : "") + std::string(f.name) + "(" +
           shown(types, f.method) + ")";
}

/// Types that depend on arguments beyond what the letters say.
void refine(const Function& f, const std::vector<Expr*>& args, Type& t, std::string& message, std::string& hint) {
    const auto literal = [&](std::size_t i) {
        return i < args.size() && args[i]->op == Op::literal ? &args[i]->value : nullptr;
    };
    const auto fold = [&]() -> std::optional<Value> {
        std::vector<Value> values;
        for (const Expr* a : args) {
            if (a->op != Op::literal) return {};
            values.push_back(a->value);
        }
        Frame frame;
        frame.steps = 10'000;
        frame.text_bytes = 1u << 16;
        Value v;
        if (f.impl(frame, values.data(), static_cast<int>(values.size()), v)) return v;
        message = std::string(f.name) + "(): " + (frame.detail.empty() ? frame.message : frame.detail.c_str());
        return {};
    };
    switch (f.special) {
        case Special::none:
        case Special::matches: return;
        case Special::literal: fold(); return;
        case Special::decimal_literal:
            if (const auto v = fold())
                t.scale = static_cast<std::int8_t>(v->as_decimal().scale);
            else if (args.size() == 1 && args[0]->type.is(K::integer))
                t.scale = 0;
            return;
        case Special::money_literal:
            if (f.name == "yuan") t = Type::money("CNY");
            if (const auto v = fold()) t = Type::money(v->as_money().currency.text());
            return;
        case Special::same: t = args[0]->type.or_null(false); return;
        case Special::div:
        case Special::round: {
            const Value* v = literal(f.special == Special::div ? 2 : 1);
            if (v && v->is(Kind::integer) && v->as_int() >= 0 && v->as_int() <= decimal_scale_max)
                t = Type::decimal(static_cast<int>(v->as_int()));
            else if (v)
                message = "a scale is 0 to 18";
            if (f.special == Special::div && args[0]->type.is(K::money) && args[1]->type.is(K::money) &&
                !same_currency(args[0]->type, args[1]->type))
                message = "money of two currencies cannot be divided";
            return;
        }
        case Special::extreme: {
            t = args[0]->type;
            for (const Expr* a : args) {
                if (!comparable(t, a->type)) {
                    message = std::string(f.name) + "() compares values of one kind, not " + t.text() + " with " +
                              a->type.text();
                    hint = mixing_hint(t, a->type);
                }
                t = same_type(t, a->type) ? t : join(t, a->type);
            }
            t.nullable = false;
            return;
        }
        case Special::or_else: {
            const Type a = args[0]->type, b = args[1]->type;
            t = join(a, b);
            t.nullable = b.nullable;
            if (t.is(K::dyn) && !a.is(K::dyn) && !b.is(K::dyn))
                message = "orElse() wants a value like the first: " + a.text() + ", not " + b.text();
            return;
        }
        case Special::sum: t = args[0]->type.element().or_null(false); return;
    }
}
}  // namespace

std::string_view symbol_of(Op op) {
    switch (op) {
        case Op::add: return "+";
        case Op::subtract:
        case Op::negate: return "-";
        case Op::multiply: return "*";
        case Op::divide: return "/";
        case Op::modulo: return "%";
        case Op::equal: return "==";
        case Op::not_equal: return "!=";
        case Op::less: return "<";
        case Op::less_equal: return "<=";
        case Op::greater: return ">";
        case Op::greater_equal: return ">=";
        case Op::in: return "in";
        case Op::logic_and: return "&&";
        case Op::logic_or: return "||";
        case Op::logic_not: return "!";
        default: return "?";
    }
}

Type type_of_literal(const Value& v) {
    switch (v.kind()) {
        case Kind::null: return Type::of(K::null).or_null();
        case Kind::boolean: return Type::boolean();
        case Kind::integer: return Type::integer();
        case Kind::uinteger: return Type::uinteger();
        case Kind::real: return Type::real();
        case Kind::string: return Type::string();
        case Kind::bytes: return Type::bytes();
        default: return Type::dyn();
    }
}

Type type_of_operator(Op op, const Type& a, const Type& b, std::string& message, std::string& hint) {
    const auto refuse = [&](Type t) {
        message = std::string(symbol_of(op)) + " cannot join " + a.text() + " and " + b.text();
        hint = mixing_hint(a, b);
        return t;
    };
    switch (op) {
        case Op::equal:
        case Op::not_equal: return may_equal(a, b) ? Type::boolean() : refuse(Type::boolean());
        case Op::less:
        case Op::less_equal:
        case Op::greater:
        case Op::greater_equal: return comparable(a, b) ? Type::boolean() : refuse(Type::boolean());
        case Op::in:
            if (b.is(K::list)  ? !may_equal(a, b.element())
                : b.is(K::map) ? b.parameters && !may_equal(a, (*b.parameters)[0])
                               : !b.is(K::dyn))
                return refuse(Type::boolean());
            return Type::boolean();
        case Op::negate:
            if (!a.is(K::dyn) && !a.is(K::integer) && !a.is(K::real) && !a.is(K::decimal) && !a.is(K::money))
                message = "- cannot negate " + a.text();
            return a.or_null(false);
        case Op::add:
        case Op::subtract: {
            if (a.is(K::dyn) || b.is(K::dyn)) return Type::dyn();
            const auto t = sum_type(op, a, b);
            return t ? t->or_null(false) : refuse(Type::dyn());
        }
        default: {
            if (a.is(K::dyn) || b.is(K::dyn)) return Type::dyn();
            const auto t = product_type(op, a, b);
            if (t) return t->or_null(false);
            if (op == Op::divide && (is_decimal_like(a) || a.is(K::money))) {
                refuse(Type::dyn());
                hint = "division of decimals and money states its scale: a.div(b, 2)";
                return Type::dyn();
            }
            return refuse(Type::dyn());
        }
    }
}

Type type_of_call(const Function& f, const std::vector<Expr*>& args, std::string& message, std::string& hint) {
    std::vector<Type> types;
    for (const Expr* a : args) types.push_back(a->type);
    std::optional<Type> result;
    const auto overloads = overloads_of(f.overloads);
    const bool any_count = f.special == Special::extreme || f.overloads.starts_with("*:") || f.overloads.empty();
    for (const Overload& o : overloads) {
        bool ok = any_count ? !types.empty() : o.params.size() == types.size();
        for (std::size_t i = 0; ok && i < o.params.size() && i < types.size(); ++i)
            ok = f.special == Special::or_else || fits(types[i].or_null(false), o.params[i]);
        if (!ok) continue;
        result = result && !same_type(*result, o.result) ? Type::dyn() : o.result;
    }
    if ((f.name == "dyn" || f.name == "type") && types.size() != 1) result.reset();
    if (!result) {
        message = "no such overload: " + call_text(f, types);
        std::string known;
        for (std::size_t i = 0; i < overloads.size() && i < 6; ++i)
            known += (i ? ", " : "") + call_text(f, overloads[i].params);
        hint = overloads.empty() ? "" : "known: " + known;
        return Type::dyn();
    }
    refine(f, args, *result, message, hint);
    return *result;
}

}  // namespace yipan::cel
