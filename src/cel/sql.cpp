#include "cel/sql.h"

#include <algorithm>
#include <boost/json.hpp>
#include <optional>
#include <set>
#include <unordered_map>

#include "cel/check_types.h"
#include "cel/eval.h"
#include "cel/numbers.h"

namespace yipan::cel {
namespace {
using K = Type::K;
constexpr std::size_t sql_bytes_max = 256 * 1024;
constexpr std::size_t params_max = 900;  // SQLite allows 32766; older builds 999
constexpr std::size_t unrolled_items_max = 64;

std::string name_sql(std::string_view name) {
    std::string s = "\"";
    for (const char c : name) {
        if (c == '"') s += '"';
        s += c;
    }
    return s + '"';
}

/// One expression as SQL. NULL means "unset" where can_null, "error" where can_err.
struct Part {
    std::string sql;
    Type type;
    bool can_null = false;
    bool can_err = false;
    bool simple = false;            // a column, path or parameter: may be written twice
    std::optional<Value> constant;  // logical value, when known
    int param = -1;                 // number in params_, of a constant: may still be restated at another scale
};

class Writer {
  public:
    Writer(const Tree& tree, const Program::Impl* impl, std::string alias, int first, int it_slot,
           const ObjectType* row)
        : tree_(tree), impl_(impl), alias_(std::move(alias)), first_(first), it_slot_(it_slot), row_(row) {}

    std::optional<Part> write(const Expr& e) {
        auto p = write_inner(e);
        if (p && p->sql.size() > sql_bytes_max) return refuse(e, "the filter becomes too large as SQL");
        return p;
    }
    Errors errors;
    struct Param {
        Value constant;
        const Expr* outer = nullptr;
        Type type;
    };
    std::vector<Param> params;
    std::set<std::string> fields;

    bool reads_row(const Expr& e) {
        if (const auto it = row_memo_.find(&e); it != row_memo_.end()) return it->second;
        bool yes = (e.op == Op::ident && is_row_name(e)) ||
                   (e.op == Op::ident && e.meaning == Meaning::local && bound_.contains(e.slot));
        for (const Expr* a : e.args) yes = reads_row(*a) || yes;
        row_memo_[&e] = yes;
        return yes;
    }

  private:
    bool is_row_name(const Expr& e) const {
        if (it_slot_ >= 0) return e.meaning == Meaning::local && e.slot == it_slot_;
        return e.meaning == Meaning::self_field || e.meaning == Meaning::self_object;
    }
    std::nullopt_t refuse(const Expr& e, std::string message, std::string hint = {}) {
        if (errors.size() < 50)
            errors.push_back(Error{Code::invalid_expression, place_of(tree_.text, e.pos),
                                   "cannot become a database filter: " + std::move(message), std::move(hint)});
        return std::nullopt;
    }

    // ---- parameters ----
    std::string number(std::size_t i) const { return "?" + std::to_string(static_cast<std::size_t>(first_) + i); }
    std::optional<Part> constant(const Expr& e, const Value& v) {
        Part p;
        p.constant = v;
        p.simple = true;
        p.can_null = v.is_null();
        switch (v.kind()) {
            case Kind::null: p.type = Type::of(K::null); break;
            case Kind::boolean: p.type = Type::boolean(); break;
            case Kind::integer: p.type = Type::integer(); break;
            case Kind::real: p.type = Type::real(); break;
            case Kind::string: p.type = Type::string(); break;
            case Kind::decimal: p.type = Type::decimal(v.as_decimal().scale); break;
            case Kind::money: p.type = Type::money(v.as_money().currency.text()); break;
            case Kind::date: p.type = Type::date(); break;
            case Kind::period: p.type = Type::period(); break;
            case Kind::timestamp: p.type = Type::timestamp(); break;
            default:
                return refuse(e, "a constant of type " + std::string(type_name(v)) + " has no form in the database");
        }
        if (v.is(Kind::real) && v.as_double() != v.as_double()) return refuse(e, "NaN has no form in the database");
        auto stored = stored_value(v, p.type);
        if (!stored) return refuse(e, stored.error().message);
        return add_param(e, std::move(p), {std::move(*stored), nullptr, {}});
    }
    std::optional<Part> add_param(const Expr& e, Part p, Param param) {
        if (params.size() >= params_max) return refuse(e, "more than " + std::to_string(params_max) + " constants");
        p.param = static_cast<int>(params.size());
        p.sql = number(params.size());
        params.push_back(std::move(param));
        return p;
    }
    /// A part that does not read the row: computed before the query.
    std::optional<Part> outer(const Expr& e) {
        if (closed(e)) {
            Program::Impl impl;
            impl.tree = std::shared_ptr<Tree>(const_cast<Tree*>(&tree_), [](Tree*) {});
            impl.locals = 64;
            generate(impl, e, {});
            const Program program(std::shared_ptr<const Program::Impl>(&impl, [](const Program::Impl*) {}));
            Activation none;
            none.steps = 100'000;
            const auto v = program.evaluate(none);
            if (!v) return refuse(e, "this part always fails: " + v.error().message);
            if (!v->is(Kind::list)) return constant(e, *v);
        }
        Part p;
        p.type = e.type;
        p.simple = true;
        p.can_null = e.type.nullable;
        p.can_err = e.op != Op::ident && !(e.op == Op::select && e.meaning == Meaning::field) && e.op != Op::literal;
        if (e.query != -1) return refuse(e, "a query or figure inside a filter");
        if (p.can_null && p.can_err) return refuse(e, "this part may be unset or fail", "use orElse(x, ...)");
        if (!storable(p.type.is(K::list) ? p.type.element() : p.type))
            return refuse(e, "a value of type " + p.type.text() + " has no form in the database");
        if (p.type.is(K::decimal) && p.type.scale < 0)
            return refuse(e, "the scale of this decimal is not known", "write x.round(2)");
        const Type type = p.type;
        return add_param(e, std::move(p), {Value(), &e, type});
    }
    static bool closed(const Expr& e) {
        if (e.query != -1) return false;
        if (e.op == Op::ident && e.meaning != Meaning::type_name && e.meaning != Meaning::local) return false;
        if (e.op == Op::ident && e.meaning == Meaning::local) return false;
        return std::all_of(e.args.begin(), e.args.end(), [](const Expr* a) { return closed(*a); });
    }
    static bool storable(const Type& t) {
        switch (t.k) {
            case K::boolean:
            case K::integer:
            case K::real:
            case K::string:
            case K::decimal:
            case K::money:
            case K::date:
            case K::period:
            case K::timestamp:
            case K::object: return true;
            default: return false;
        }
    }

    // ---- the walk ----
    std::optional<Part> write_inner(const Expr& e) {
        if (e.op == Op::ident && e.meaning == Meaning::local)
            if (const auto it = bound_.find(e.slot); it != bound_.end()) return it->second;
        if (e.op == Op::literal) return constant(e, e.value);
        if (e.op != Op::comprehension && e.op != Op::list && e.op != Op::logic_and && e.op != Op::logic_or &&
            !reads_row(e))
            return outer(e);
        switch (e.op) {
            case Op::ident: return row_name(e);
            case Op::select: return path(e);
            case Op::has: return has(e);
            case Op::logic_and:
            case Op::logic_or: return logic(e);
            case Op::logic_not: {
                auto a = boolean(*e.args[0]);
                if (!a) return {};
                return made("(NOT " + a->sql + ")", Type::boolean(), a->can_err || a->can_null);
            }
            case Op::conditional: return conditional(e);
            case Op::equal:
            case Op::not_equal: {
                auto a = write(*e.args[0]);
                auto b = write(*e.args[1]);
                if (!a || !b) return {};
                auto r = equal(e, std::move(*a), std::move(*b));
                if (r && e.op == Op::not_equal) r->sql = "(NOT " + r->sql + ")";
                return r;
            }
            case Op::less:
            case Op::less_equal:
            case Op::greater:
            case Op::greater_equal: return order(e);
            case Op::in: return in(e);
            case Op::add:
            case Op::subtract:
            case Op::multiply:
            case Op::divide:
            case Op::modulo: return arithmetic(e);
            case Op::negate: {
                auto a = write(*e.args[0]);
                if (!a) return {};
                if (!a->type.is(K::integer) && !a->type.is(K::decimal) && !a->type.is(K::money))
                    return refuse(e, "- of " + a->type.text());
                return checked("-" + a->sql, a->type);
            }
            case Op::call: return call(e);
            case Op::comprehension: return comprehension(e);
            default: return refuse(e, "this has no exact form in SQL");
        }
    }
    static Part made(std::string sql, Type type, bool can_err, bool can_null = false) {
        Part p;
        p.sql = std::move(sql);
        p.type = std::move(type);
        p.can_err = can_err;
        p.can_null = can_null;
        return p;
    }
    /// Integer arithmetic: SQLite turns overflow into a REAL; here it becomes NULL, our error.
    static Part checked(const std::string& sql, Type type) {
        return made("(SELECT CASE WHEN typeof(v_) = 'integer' THEN v_ END FROM (SELECT " + sql + " AS v_))",
                    type.or_null(false), true);
    }

    std::optional<Part> row_name(const Expr& e) {
        if (e.meaning == Meaning::self_field) return column(e, alias_, *row_, e.slot);
        Part p = made(alias_ + "." + name_sql(row_->sql_key), Type::object_of(row_), false);
        p.simple = true;
        return p;
    }
    std::optional<Part> column(const Expr& e, const std::string& alias, const ObjectType& type, int index) {
        const ObjectField& f = type.fields[static_cast<std::size_t>(index)];
        if (&type == row_ && alias == alias_) fields.insert(f.name);
        const Type& t = f.type;
        if (!storable(t) && !t.is(K::list)) return refuse(e, "a field of type " + t.text());
        if (t.is(K::decimal) && t.scale < 0) return refuse(e, "the decimal field \"" + f.name + "\" has no scale");
        Part p = made(alias + "." + name_sql(f.column_name()), t.or_null(f.nullable), false, f.nullable);
        p.simple = true;
        return p;
    }
    std::optional<Part> path(const Expr& e) {
        const Expr& base = *e.args[0];
        if (e.meaning != Meaning::field) return refuse(e, "only fields of records have a column");
        if (base.op == Op::ident && is_row_name(base) && base.meaning != Meaning::self_field)
            return column(e, alias_, *row_, e.slot);
        auto b = write(base);
        if (!b) return {};
        if (!b->type.is(K::object) || !b->type.object) return refuse(e, "only fields of records have a column");
        if (b->can_err) return refuse(e, "a field of a computed record");
        const std::string alias = "r" + std::to_string(++aliases_) + "_";
        const ObjectType& target = *b->type.object;
        auto c = column(e, alias, target, e.slot);
        if (!c) return {};
        c->sql = "(SELECT " + c->sql + " FROM " + name_sql(target.table()) + " AS " + alias + " WHERE " + alias + "." +
                 name_sql(target.sql_key) + " = " + b->sql + ")";
        c->can_null = c->can_null || b->can_null;
        return c;
    }
    std::optional<Part> has(const Expr& e) {
        std::optional<Part> p;
        if (e.name.empty())
            p = write(*e.args[0]);
        else {
            Expr field;
            field.op = Op::select;
            field.pos = e.pos;
            field.name = e.name;
            field.meaning = e.meaning;
            field.slot = e.slot;
            field.args = e.args;
            p = path(field);
        }
        if (!p) return {};
        if (p->can_err) return refuse(e, "has() of a computed value");
        return made("(" + p->sql + " IS NOT NULL)", Type::boolean(), false);
    }
    std::optional<Part> boolean(const Expr& e) {
        auto p = write(e);
        if (p && !p->type.is(K::boolean)) return refuse(e, "a bool is wanted here");
        return p;
    }
    std::optional<Part> logic(const Expr& e) {
        std::string sql = "(";
        bool err = false, ok = true;
        for (std::size_t i = 0; i < e.args.size(); ++i) {
            auto p = boolean(*e.args[i]);
            if (!p) {
                ok = false;
                continue;
            }
            sql += (i > 0 ? e.op == Op::logic_and ? " AND " : " OR " : "") + p->sql;
            err = err || p->can_err || p->can_null;
        }
        if (!ok) return {};
        return made(sql + ")", Type::boolean(), err);
    }
    std::optional<Part> conditional(const Expr& e) {
        auto c = boolean(*e.args[0]);
        auto a = write(*e.args[1]);
        auto b = write(*e.args[2]);
        if (!c || !a || !b || !align(e, *a, *b)) return {};
        const Type t = a->type.is(K::null) ? b->type : a->type;
        return made("(CASE " + c->sql + " WHEN 1 THEN " + a->sql + " WHEN 0 THEN " + b->sql + " END)", t,
                    c->can_err || c->can_null || a->can_err || b->can_err, a->can_null || b->can_null);
    }

    // ---- bringing two values to one form ----
    static bool decimal_like(const Type& t) { return t.is(K::decimal) || t.is(K::integer); }
    static int scale_of(const Type& t) { return t.is(K::decimal) ? t.scale : 0; }
    bool rescale(const Expr& e, Part& p, int scale) {
        const int by = scale - scale_of(p.type);
        if (by > 0) {
            if (p.constant && p.param >= 0 && p.constant->is(p.type.is(K::decimal) ? Kind::decimal : Kind::integer)) {
                const Decimal d =
                    p.constant->is(Kind::decimal) ? p.constant->as_decimal() : Decimal::of(p.constant->as_int());
                const auto r = d.rescaled(scale, Rounding::down);
                if (!r) {
                    refuse(e, "the constant is too large beside " + std::to_string(scale) + " decimals");
                    return false;
                }
                auto fresh = add_param(e, p, {Value::integer(r->units), nullptr, {}});
                if (!fresh) return false;
                p = std::move(*fresh);
            } else {
                p.sql = "(" + p.sql + " * " + std::to_string(power_of_ten(by)) + ")";
            }
        }
        p.type = Type::decimal(scale).or_null(p.type.nullable);
        return true;
    }
    bool align(const Expr& e, Part& a, Part& b) {
        if (a.type.is(K::null) || b.type.is(K::null)) return true;
        if (a.type.is(K::real) != b.type.is(K::real)) {
            Part& whole = a.type.is(K::real) ? b : a;
            if (whole.type.is(K::integer)) {
                whole.sql = "CAST(" + whole.sql + " AS REAL)";
                whole.type = Type::real();
                return true;
            }
        }
        if (a.type.is(K::decimal) || b.type.is(K::decimal)) {
            if (!decimal_like(a.type) || !decimal_like(b.type)) return differ(e, a, b);
            const int scale = std::max(scale_of(a.type), scale_of(b.type));
            return rescale(e, a, scale) && rescale(e, b, scale);
        }
        if (a.type.k != b.type.k || !storable(a.type)) return differ(e, a, b);
        if (a.type.is(K::money) && (!a.type.currency[0] || std::string_view(a.type.currency) != b.type.currency)) {
            refuse(e, "the currencies of both sides must be known and one");
            return false;
        }
        if (a.type.is(K::object) && (!a.type.object || a.type.object != b.type.object)) return differ(e, a, b);
        return true;
    }
    bool differ(const Expr& e, const Part& a, const Part& b) {
        refuse(e, a.type.text() + " with " + b.type.text());
        return false;
    }

    std::optional<Part> equal(const Expr& e, Part a, Part b) {
        if (!align(e, a, b)) return {};
        if (!a.can_err && !b.can_err) return made("(" + a.sql + " IS " + b.sql + ")", Type::boolean(), false);
        if ((a.can_err && a.can_null) || (b.can_err && b.can_null))
            return refuse(e, "this value may be unset or fail", "use orElse(x, ...)");
        if (a.can_null || b.can_null) {
            const Part& sure = a.can_err ? a : b;  // NULL there is an error, NULL on the other side is "unset"
            const Part& other = a.can_err ? b : a;
            return made("(SELECT CASE WHEN v_ IS NOT NULL THEN v_ IS " + other.sql + " END FROM (SELECT " + sure.sql +
                            " AS v_))",
                        Type::boolean(), true);
        }
        return made("(" + a.sql + " = " + b.sql + ")", Type::boolean(), true);
    }
    std::optional<Part> order(const Expr& e) {
        auto a = write(*e.args[0]);
        auto b = write(*e.args[1]);
        if (!a || !b) return {};
        if (a->type.is(K::null) || b->type.is(K::null) || a->type.is(K::object))
            return refuse(e, "null and records have no order");
        if (!align(e, *a, *b)) return {};
        const bool err = a->can_err || b->can_err || a->can_null || b->can_null;
        const std::string relation = a->sql + " " + std::string(symbol_of(e.op)) + " " + b->sql;
        if (!a->type.is(K::period)) return made("(" + relation + ")", Type::boolean(), err);
        if (!a->simple || !b->simple) return refuse(e, "the order of computed periods");
        return made("(CASE WHEN " + a->sql + " / 100 % 100 = " + b->sql + " / 100 % 100 THEN " + relation + " END)",
                    Type::boolean(), true);
    }

    std::optional<Part> in(const Expr& e) {
        const Expr& list = *e.args[1];
        auto a = write(*e.args[0]);
        if (!a) return {};
        if (list.op == Op::list) {
            if (a->can_err) return refuse(e, "\"in\" of a computed value");
            if (list.args.empty()) return constant(e, Value::boolean(false));
            std::string sql = "(";
            for (std::size_t i = 0; i < list.args.size(); ++i) {
                auto b = write(*list.args[i]);
                if (!b) return {};
                if (b->can_err) return refuse(*list.args[i], "a computed element of a list");
                auto same = equal(e, *a, *b);
                if (!same) return {};
                sql += (i > 0 ? " OR " : "") + same->sql;
            }
            return made(sql + ")", Type::boolean(), false);
        }
        auto l = write(list);
        if (!l) return {};
        if (!l->type.is(K::list) || !l->simple || a->can_err || l->can_err)
            return refuse(e, "\"in\" wants a field or a list of plain values");
        const Type element = l->type.element();
        const bool plain = element.is(K::integer) || element.is(K::string) || element.is(K::date) ||
                           element.is(K::money) || element.is(K::decimal) ||
                           (element.is(K::object) && element.object == a->type.object);
        if (!plain || element.k != a->type.k || (element.is(K::decimal) && element.scale != a->type.scale))
            return refuse(e, a->type.text() + " in " + l->type.text());
        // A parameter is the same for every row: its elements are looked up in a set made once. (No element is null.)
        if (l->sql.starts_with('?'))
            return made("(CASE WHEN " + l->sql + " IS NOT NULL THEN (" + a->sql + ") IS NOT NULL AND (" + a->sql + ") IN (SELECT j_.value FROM json_each(" + l->sql + ") AS j_) END)",
                        Type::boolean(), l->can_null);
        return made("(CASE WHEN " + l->sql + " IS NOT NULL THEN EXISTS (SELECT 1 FROM json_each(" + l->sql +
                        ") AS j_ WHERE j_.value IS " + a->sql + ") END)",
                    Type::boolean(), l->can_null);
    }

    std::optional<Part> arithmetic(const Expr& e) {
        auto a = write(*e.args[0]);
        auto b = write(*e.args[1]);
        if (!a || !b) return {};
        const auto both = [&](K k) { return a->type.is(k) && b->type.is(k); };
        const std::string sign = " " + std::string(symbol_of(e.op)) + " ";
        if (e.op == Op::add && both(K::string))
            return made("(" + a->sql + " || " + b->sql + ")", Type::string(),
                        a->can_null || b->can_null || a->can_err || b->can_err);
        if (e.op == Op::modulo) {
            if (!both(K::integer) || !b->constant || b->constant->as_int() == 0 || b->constant->as_int() == -1)
                return refuse(e, "% wants a constant other than 0 and -1 on its right");
            return checked(a->sql + sign + b->sql, Type::integer());
        }
        if (e.op == Op::divide)
            return both(K::integer) ? std::optional<Part>(checked(a->sql + sign + b->sql, Type::integer()))
                                    : refuse(e, "division of " + a->type.text());
        if (e.op == Op::multiply) {
            if (a->type.is(K::money) && b->type.is(K::integer)) return checked(a->sql + sign + b->sql, a->type);
            if (b->type.is(K::money) && a->type.is(K::integer)) return checked(a->sql + sign + b->sql, b->type);
            if (!decimal_like(a->type) || !decimal_like(b->type))
                return refuse(e, "multiplication of " + a->type.text() + " and " + b->type.text());
            const int scale = scale_of(a->type) + scale_of(b->type);
            if (scale > decimal_scale_max) return refuse(e, "the product has more than 18 decimals");
            return checked(a->sql + sign + b->sql, both(K::integer) ? Type::integer() : Type::decimal(scale));
        }
        if (e.op == Op::subtract && both(K::date)) return checked(a->sql + sign + b->sql, Type::integer());
        if (!(decimal_like(a->type) && decimal_like(b->type)) && !both(K::money))
            return refuse(e, std::string(symbol_of(e.op)) + " of " + a->type.text() + " and " + b->type.text());
        if (!align(e, *a, *b)) return {};
        return checked(a->sql + sign + b->sql, a->type);
    }

    std::optional<Part> call(const Expr& e) {
        const std::string& name = e.name;
        std::vector<Part> args;
        for (const Expr* a : e.args) {
            auto p = write(*a);
            if (!p) return {};
            args.push_back(std::move(*p));
        }
        const auto all = [&](K k) {
            return std::all_of(args.begin(), args.end(), [&](const Part& p) { return p.type.is(k); });
        };
        bool err = false;
        for (const Part& p : args) err = err || p.can_err || p.can_null;
        if ((name == "startsWith" || name == "endsWith" || name == "contains") && all(K::string)) {
            const std::string &s = args[0].sql, &t = args[1].sql;
            if (!args[0].simple || !args[1].simple) return refuse(e, name + "() of a computed text");
            if (name == "contains") return made("(instr(" + s + ", " + t + ") > 0)", Type::boolean(), err);
            if (name == "startsWith")
                return made("(substr(" + s + ", 1, length(" + t + ")) = " + t + ")", Type::boolean(), err);
            return made("(CASE WHEN length(" + t + ") = 0 THEN " + s + " IS NOT NULL OR NULL ELSE substr(" + s +
                            ", -length(" + t + ")) = " + t + " END)",
                        Type::boolean(), err);
        }
        if (name == "contains" && args.size() == 2 && args[0].type.is(K::period) && args[0].constant &&
            args[1].type.is(K::date)) {
            const Period p = args[0].constant->as_period();
            auto from = constant(e, Value::date(p.first_day()));
            auto to = constant(e, Value::date(p.last_day()));
            if (!from || !to) return {};
            return made("(" + args[1].sql + " BETWEEN " + from->sql + " AND " + to->sql + ")", Type::boolean(), err);
        }
        if (name == "size" && args.size() == 1) {
            if (args[0].type.is(K::string)) return made("length(" + args[0].sql + ")", Type::integer(), err);
            if (args[0].type.is(K::list)) return made("json_array_length(" + args[0].sql + ")", Type::integer(), err);
        }
        if (name == "orElse" && args.size() == 2) {
            if (args[0].can_err) return refuse(e, "orElse() of a computed value");
            if (!align(e, args[0], args[1])) return {};
            return made("coalesce(" + args[0].sql + ", " + args[1].sql + ")", args[0].type, args[1].can_err,
                        args[1].can_null);
        }
        if ((name == "least" || name == "greatest") && args.size() >= 2 && !all(K::period) && !all(K::real)) {
            std::string sql = name == "least" ? "min(" : "max(";
            int scale = 0;
            for (const Part& p : args) scale = std::max(scale, scale_of(p.type));
            for (std::size_t i = 0; i < args.size(); ++i) {
                if (i > 0 && !align(e, args[0], args[i])) return {};
                if (args[i].type.is(K::decimal) && !rescale(e, args[i], scale)) return {};
            }
            for (std::size_t i = 0; i < args.size(); ++i) {
                if (args[0].type.is(K::decimal) && !rescale(e, args[i], scale)) return {};
                sql += (i > 0 ? ", " : "") + args[i].sql;
            }
            return scale > 0
                       ? made("(SELECT CASE WHEN typeof(v_) = 'integer' THEN v_ END FROM (SELECT " + sql + ") AS v_))",
                              args[0].type, true)
                       : made(sql + ")", args[0].type.or_null(false), err);
        }
        if (args.size() == 1 && args[0].type.is(K::date)) {
            const std::string seconds = "(" + args[0].sql + ") * 86400, 'unixepoch'";
            const auto part = [&](const char* format) {
                return made("CAST(strftime('" + std::string(format) + "', " + seconds + ") AS INTEGER)",
                            Type::integer(), err);
            };
            if (name == "year") return part("%Y");
            if (name == "month") return part("%m");
            if (name == "day") return part("%d");
            if (name == "weekday") return made("((((" + args[0].sql + " + 3) % 7) + 7) % 7 + 1)", Type::integer(), err);
        }
        if (name == "year" && args.size() == 1 && args[0].type.is(K::period))
            return made("(" + args[0].sql + " / 10000)", Type::integer(), err);
        if (name == "addDays" && args.size() == 2)
            return made("(SELECT CASE WHEN v_ BETWEEN -719162 AND 2932896 THEN v_ END FROM (SELECT " + args[0].sql +
                            " + " + args[1].sql + " AS v_))",
                        Type::date(), true);
        if (name == "decimal" && args.size() == 1 && decimal_like(args[0].type)) {
            args[0].type = Type::decimal(scale_of(args[0].type)).or_null(args[0].type.nullable);
            args[0].constant.reset();
            args[0].can_err = err;
            args[0].can_null = false;
            return args[0];
        }
        return refuse(e, name + "() has no exact form in SQL");
    }

    std::optional<Part> comprehension(const Expr& e) {
        const Expr& range = *e.args[0];
        if (!reads_row(e)) return outer(e);
        if ((e.macro != Macro::all && e.macro != Macro::exists) || range.op != Op::list || !e.var2.empty())
            return refuse(e, e.name + "() over anything but a written list; only all and exists can");
        if (range.args.size() > unrolled_items_max)
            return refuse(e, "a list of more than " + std::to_string(unrolled_items_max) + " elements");
        if (range.args.empty()) return constant(e, Value::boolean(e.macro == Macro::all));
        std::string sql = "(";
        bool err = false;
        for (std::size_t i = 0; i < range.args.size(); ++i) {
            auto item = write(*range.args[i]);
            if (!item) return {};
            if (item->can_err) return refuse(*range.args[i], "a computed element of a list");
            row_memo_.clear();
            bound_[e.locals] = std::move(*item);
            auto body = boolean(*e.args.back());
            bound_.erase(e.locals);
            row_memo_.clear();
            if (!body) return {};
            sql += (i > 0 ? e.macro == Macro::all ? " AND " : " OR " : "") + body->sql;
            err = err || body->can_err || body->can_null;
            if (sql.size() > sql_bytes_max) return refuse(e, "the filter becomes too large as SQL");
        }
        return made(sql + ")", Type::boolean(), err);
    }

    const Tree& tree_;
    const Program::Impl* impl_;
    std::string alias_;
    int first_;
    int it_slot_;
    const ObjectType* row_;
    int aliases_ = 0;
    std::unordered_map<int, Part> bound_;
    std::unordered_map<const Expr*, bool> row_memo_;
};

/// Fields compared by == with an outer value, in the conjunction at the top.
void equal_fields(const Expr& e, int slot, Writer& w, std::vector<std::string>& out) {
    if (e.op == Op::logic_and) {
        for (const Expr* a : e.args) equal_fields(*a, slot, w, out);
        return;
    }
    if (e.op != Op::equal) return;
    for (std::size_t side = 0; side < 2; ++side) {
        const Expr& field = *e.args[side];
        if (field.op == Op::select && field.args[0]->op == Op::ident && field.args[0]->meaning == Meaning::local &&
            field.args[0]->slot == slot && !w.reads_row(*e.args[1 - side]))
            out.push_back(field.name);
    }
}
}  // namespace

Result<Value> stored_value(const Value& value, const Type& type) {
    switch (value.kind()) {
        case Kind::null:
        case Kind::integer:
        case Kind::real:
            if (value.is(Kind::integer) && type.is(K::decimal) && type.scale > 0) {
                YIPAN_TRY(const Decimal d, Decimal::of(value.as_int()).rescaled(type.scale, Rounding::down));
                return Value::integer(d.units);
            }
            return value;
        case Kind::boolean: return Value::integer(value.as_bool());
        case Kind::string:
            if (value.text().find('\0') != std::string_view::npos)
                return fail(Code::evaluation_failed, "", "a text with a NUL has no form in the database");
            return value;
        case Kind::decimal: {
            const Decimal d = value.as_decimal();
            const int scale = type.is(K::decimal) && type.scale >= 0 ? type.scale : d.scale;
            YIPAN_TRY(const Decimal r, d.rescaled(scale, Rounding::down));
            if (!(r == d))
                return fail(Code::evaluation_failed, "",
                            "the decimal " + d.text() + " does not fit " + std::to_string(scale) + " decimals",
                            "round it first");
            return Value::integer(r.units);
        }
        case Kind::money:
            if (type.is(K::money) && type.currency[0] && value.as_money().currency.text() != type.currency)
                return fail(Code::evaluation_failed, "",
                            "money in " + std::string(value.as_money().currency.text()) + " where " + type.currency +
                                " is wanted");
            return Value::integer(value.as_int());
        case Kind::date:
        case Kind::period: return Value::integer(value.as_int());
        case Kind::timestamp:
            if (value.nanos() % 1000 != 0)
                return fail(Code::evaluation_failed, "", "the time is finer than a microsecond");
            return Value::integer(value.seconds() * 1'000'000 + value.nanos() / 1000);
        case Kind::object: return value.object() ? Value::integer(value.object()->id()) : Value();
        case Kind::list: {
            boost::json::array a;
            for (const Value& item : value.items()) {
                YIPAN_TRY(const Value v, stored_value(item, type.element()));
                if (v.is(Kind::string))
                    a.emplace_back(boost::json::string(v.text().data(), v.text().size()));
                else if (v.is(Kind::integer))
                    a.emplace_back(v.as_int());
                else if (v.is_null())
                    a.emplace_back(nullptr);
                else
                    return fail(Code::evaluation_failed, "",
                                "a list of " + std::string(type_name(v)) + " has no form in the database");
            }
            return Value::string(boost::json::serialize(a));
        }
        default:
            return fail(Code::evaluation_failed, "",
                        "a value of type " + std::string(type_name(value)) + " has no form in the database");
    }
}

Checked<SqlFilter> to_sql(const Program& program, const SqlOptions& options) {
    const Program::Impl& impl = program.impl();
    const auto refuse = [](std::string message) {
        return tl::unexpected(Errors{Error{Code::invalid_expression, "1:1", std::move(message), ""}});
    };
    if (!impl.checked || !impl.self) return refuse("a database filter must be checked and speak about a record");
    const bool ok = impl.result.is(K::boolean);
    if (!ok) return refuse("a database filter gives bool, not " + impl.result.text());
    Writer w(*impl.tree, &impl, name_sql(options.alias), options.first_parameter, -1, impl.self);
    const auto part = w.write(*impl.tree->root);
    if (!part || !w.errors.empty()) return fail(std::move(w.errors));
    SqlFilter filter;
    filter.condition = part->sql;
    filter.sql = "(" + part->sql + " IS TRUE)";
    for (Writer::Param& p : w.params) {
        SqlParam out{std::move(p.constant), nullptr, p.type};
        if (p.outer) {
            auto sub = std::make_shared<Program::Impl>();
            sub->tree = impl.tree;
            sub->limits = impl.limits;
            sub->locals = impl.locals;
            sub->result = p.type;
            sub->self = impl.self;
            sub->variables = impl.variables;
            generate(*sub, *p.outer, {});
            out.outer = std::make_shared<const Program>(std::move(sub));
        }
        filter.params.push_back(std::move(out));
    }
    return filter;
}

Result<std::vector<Value>> SqlFilter::bind(const Activation& activation) const {
    std::vector<Value> values;
    for (const SqlParam& p : params) {
        if (!p.outer) {
            values.push_back(p.constant);
            continue;
        }
        const auto v = p.outer->evaluate(activation);
        if (!v && v.error().code == Code::limit_exceeded) return fail(v.error());
        if (!v) {
            values.emplace_back();
            continue;
        }
        YIPAN_TRY(Value stored, stored_value(*v, p.type));
        values.push_back(std::move(stored));
    }
    return values;
}

Checked<PlannedQuery> plan_query(const Tree& tree, const QueryUse& use, const Env&) {
    PlannedQuery plan;
    SqlQuery& q = plan.query;
    q.what = use.what;
    q.type = use.type;
    q.result = use.call->type;
    Writer w(tree, nullptr, "\"t\"", 1, use.slot, use.type);
    std::string where;
    if (use.filter) {
        if (const auto part = w.write(*use.filter)) where = " WHERE (" + part->sql + ")";
        equal_fields(*use.filter, use.slot, w, q.equal_fields);
    }
    if (!use.type->sql_counted.empty())
        where.append(where.empty() ? " WHERE " : " AND ")
            .append("\"t\".")
            .append(name_sql(use.type->sql_counted))
            .append(" IS NULL");
    std::string what = use.what == SqlQuery::What::count ? "count(*)" : "1";
    if (use.summed) {
        const auto part = w.write(*use.summed);
        if (part) what = "sum(" + part->sql + ")";
        if (part) q.result = part->type.or_null(false);
    }
    if (!w.errors.empty()) return fail(std::move(w.errors));
    q.sql = "SELECT " + what + " FROM " + name_sql(use.type->table()) + " AS \"t\"" + where;
    if (use.what == SqlQuery::What::exists) q.sql = "SELECT EXISTS (" + q.sql + ")";
    q.fields.assign(w.fields.begin(), w.fields.end());
    for (Writer::Param& p : w.params) {
        if (!p.outer) {
            plan.params.push_back(nullptr);
            plan.constants.push_back(std::move(p.constant));
        } else {
            plan.params.push_back(const_cast<Expr*>(p.outer));
            plan.constants.emplace_back();
        }
        plan.types.push_back(p.type);
    }
    return plan;
}

}  // namespace yipan::cel
