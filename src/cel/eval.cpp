#include "cel/eval.h"

#include <re2/re2.h>

#include <array>

#include "cel/sql.h"

namespace yipan::cel {
namespace {

bool constant(const Node& n, Frame&, Value& out) {
    out = n.constant;
    return true;
}
bool unresolved(const Node& n, Frame& f, Value&) {
    f.pos = n.pos;
    return f.fail_with(n.text);
}
bool variable(const Node& n, Frame& f, Value& out) {
    const auto values = f.activation->variables;
    if (static_cast<std::size_t>(n.index) >= values.size()) {
        f.pos = n.pos;
        return f.fail("a variable has no value");
    }
    out = values[static_cast<std::size_t>(n.index)];
    return true;
}
bool local(const Node& n, Frame& f, Value& out) {
    out = f.locals[n.index];
    return true;
}
bool self_field(const Node& n, Frame& f, Value& out) {
    const Object* self = f.activation->self;
    if (!self) {
        f.pos = n.pos;
        return f.fail("there is no record to evaluate on");
    }
    out = self->field(n.index);
    return true;
}
bool self_object(const Node& n, Frame& f, Value& out) {
    out = Value::object(n.constant.object_type(), f.activation->self);
    return true;
}
/// A field of a record; through an unset reference the result is null.
bool object_field(const Node& n, Frame& f, Value& out) {
    Value base;
    if (!run(*n.a, f, base)) return false;
    if (base.is_null() || (base.is(Kind::object) && !base.object())) {
        out = Value();
        return true;
    }
    if (!base.is(Kind::object)) {
        f.pos = n.pos;
        return f.no_overload();
    }
    out = base.object()->field(n.index);
    return true;
}
bool select(const Node& n, Frame& f, Value& out) {
    Value base;
    if (!run(*n.a, f, base)) return false;
    f.pos = n.pos;
    if (base.is(Kind::map)) {
        const Value* v = base.find(n.constant);
        if (!v) return f.fail_with("no such key: " + n.constant.debug_text());
        Value found = *v;
        out = std::move(found);
        return true;
    }
    if (base.is(Kind::object) && base.object_type()) {
        const int i = base.object_type()->find(n.constant.text());
        if (i < 0) return f.fail_with("no such field: " + n.constant.debug_text());
        out = base.object() ? base.object()->field(i) : Value();
        return true;
    }
    return f.fail("the value has no fields");
}
bool has_key(const Node& n, Frame& f, Value& out) {
    Value base;
    if (!run(*n.a, f, base)) return false;
    if (base.is(Kind::map)) {
        out = Value::boolean(base.find(n.constant) != nullptr);
        return true;
    }
    if (base.is(Kind::object) && base.object_type()) {
        const int i = base.object_type()->find(n.constant.text());
        out = Value::boolean(i >= 0 && base.object() && !base.object()->field(i).is_null());
        return true;
    }
    f.pos = n.pos;
    return f.fail("has() wants a map or a record");
}
bool is_set(const Node& n, Frame& f, Value& out) {
    Value v;
    if (!run(*n.a, f, v)) return false;
    out = Value::boolean(!v.is_null());
    return true;
}

template <bool (*op)(Frame&, const Value&, const Value&, Value&)>
bool binary(const Node& n, Frame& f, Value& out) {
    Value a, b;
    if (!run(*n.a, f, a) || !run(*n.b, f, b)) return false;
    f.pos = n.pos;
    return op(f, a, b, out);
}
bool negate(const Node& n, Frame& f, Value& out) {
    Value a;
    if (!run(*n.a, f, a)) return false;
    f.pos = n.pos;
    return op_negate(f, a, out);
}
bool logic_not(const Node& n, Frame& f, Value& out) {
    Value a;
    if (!run(*n.a, f, a)) return false;
    if (!a.is(Kind::boolean)) {
        f.pos = n.pos;
        return f.no_overload();
    }
    out = Value::boolean(!a.as_bool());
    return true;
}
template <bool negated>
bool equal(const Node& n, Frame& f, Value& out) {
    Value a, b;
    if (!run(*n.a, f, a) || !run(*n.b, f, b)) return false;
    const bool same = equals(a, b, f.steps);
    if (f.steps < 0) {
        f.pos = n.pos;
        return f.out_of_steps();
    }
    out = Value::boolean(same != negated);
    return true;
}

enum class Relation { less, less_equal, greater, greater_equal };
template <Relation r, class X>
bool holds_int(X x, X y) {
    switch (r) {
        case Relation::less: return x < y;
        case Relation::less_equal: return x <= y;
        case Relation::greater: return x > y;
        case Relation::greater_equal: return x >= y;
    }
    return false;
}
template <Relation r>
bool relate(const Node& n, Frame& f, const Value& a, const Value& b, Value& out) {
    if (a.kind() == b.kind() && (a.is(Kind::integer) || a.is(Kind::date))) {
        out = Value::boolean(holds_int<r>(a.as_int(), b.as_int()));
        return true;
    }
    bool comparable = false;
    const std::partial_ordering o = compare_values(a, b, comparable);
    if (!comparable) {
        f.pos = n.pos;
        return a.is_null() || b.is_null() ? f.fail("null has no order: test for null first") : f.no_overload();
    }
    out = Value::boolean(r == Relation::less         ? o < 0
                         : r == Relation::less_equal ? o <= 0
                         : r == Relation::greater    ? o > 0
                                                     : o >= 0);
    return true;
}
template <Relation r>
bool ordered(const Node& n, Frame& f, Value& out) {
    Value a, b;
    return run(*n.a, f, a) && run(*n.b, f, b) && relate<r>(n, f, a, b, out);
}

template <bool conjunction>
bool logic(const Node& n, Frame& f, Value& out) {
    bool failed = false;
    for (const Node* term : n.args) {
        Value v;
        if (!run(*term, f, v)) {
            if (f.steps < 0) return false;
            failed = true;
        } else if (!v.is(Kind::boolean)) {
            f.pos = term->pos;
            failed = !f.no_overload();
        } else if (v.as_bool() != conjunction) {
            out = Value::boolean(!conjunction);  // absorbs errors of the other terms
            return true;
        }
    }
    if (failed) return false;
    out = Value::boolean(conjunction);
    return true;
}
bool conditional(const Node& n, Frame& f, Value& out) {
    Value c;
    if (!run(*n.a, f, c)) return false;
    if (!c.is(Kind::boolean)) {
        f.pos = n.pos;
        return f.no_overload();
    }
    return run(c.as_bool() ? *n.b : *n.c, f, out);
}

bool make_list(const Node& n, Frame& f, Value& out) {
    std::vector<Value> items(n.args.size());
    for (std::size_t i = 0; i < items.size(); ++i)
        if (!run(*n.args[i], f, items[i])) return false;
    out = Value::list(std::move(items));
    return true;
}
bool put_map(const Node& n, Frame& f, std::vector<Value::Entry> entries, Value& out) {
    auto m = Value::map(std::move(entries));
    f.pos = n.pos;
    if (!m) return f.fail("a key of the map is repeated or is not string, int, uint or bool");
    out = std::move(*m);
    return true;
}
bool make_map(const Node& n, Frame& f, Value& out) {
    std::vector<Value::Entry> entries(n.args.size() / 2);
    for (std::size_t i = 0; i < entries.size(); ++i)
        if (!run(*n.args[2 * i], f, entries[i].first) || !run(*n.args[2 * i + 1], f, entries[i].second)) return false;
    return put_map(n, f, std::move(entries), out);
}

bool call(const Node& n, Frame& f, Value& out) {
    constexpr std::size_t inline_args = 4;
    std::array<Value, inline_args> few;
    std::vector<Value> many(n.args.size() > inline_args ? n.args.size() : 0);
    Value* args = many.empty() ? few.data() : many.data();
    for (std::size_t i = 0; i < n.args.size(); ++i)
        if (!run(*n.args[i], f, args[i])) return false;
    f.pos = n.pos;
    return n.impl(f, args, static_cast<int>(n.args.size()), out);
}
bool match_pattern(const Node& n, Frame& f, Value& out) {
    Value v;
    if (!run(*n.a, f, v)) return false;
    f.pos = n.pos;
    if (!v.is(Kind::string)) return f.no_overload();
    if (!f.charge(static_cast<std::int64_t>(v.text().size() / 4))) return false;
    out = Value::boolean(re2::RE2::PartialMatch(re2::StringPiece(v.text().data(), v.text().size()), *n.pattern));
    return true;
}
bool or_else(const Node& n, Frame& f, Value& out) {
    if (!run(*n.a, f, out)) return false;
    return !out.is_null() || run(*n.b, f, out);
}

/// What the macros do with one element; false ends the loop.
class Loop {
  public:
    Loop(const Node& n, Frame& f) : n_(n), f_(f) {}
    /// False when the evaluation failed for good.
    bool step(const Value& key, const Value& element, const Value& variable) {
        if (--f_.steps < 0) return f_.out_of_steps();
        if (n_.two) {
            f_.locals[n_.index] = key;
            f_.locals[n_.index + 1] = element;
        } else {
            f_.locals[n_.index] = variable;
        }
        if (n_.has_filter) {
            Value keep;
            if (!run(*n_.b, f_, keep)) return false;
            if (!keep.is(Kind::boolean)) return f_.no_overload();
            if (!keep.as_bool()) return true;
        }
        Value v;
        const bool ok = run(*n_.c, f_, v);
        const bool predicate = n_.macro == Macro::all || n_.macro == Macro::exists || n_.macro == Macro::exists_one ||
                               n_.macro == Macro::filter;
        if (!ok || (predicate && !v.is(Kind::boolean))) {
            if (ok) f_.no_overload();
            if (f_.steps < 0 || (n_.macro != Macro::all && n_.macro != Macro::exists)) return false;
            failed_ = true;  // a later element may still decide
            return true;
        }
        return use(v, key, variable);
    }
    bool finish(Value& out) {
        switch (n_.macro) {
            case Macro::all:
            case Macro::exists:
                if (failed_ && !done_) return false;
                out = Value::boolean((n_.macro == Macro::all) != done_);
                return true;
            case Macro::exists_one: out = Value::boolean(count_ == 1); return true;
            case Macro::map:
            case Macro::filter:
            case Macro::transform_list: out = Value::list(std::move(items_)); return true;
            default: return put_map(n_, f_, std::move(entries_), out);
        }
    }
    bool done() const { return done_; }

  private:
    bool use(Value& v, const Value& key, const Value& variable) {
        switch (n_.macro) {
            case Macro::all: done_ = !v.as_bool(); return true;
            case Macro::exists: done_ = v.as_bool(); return true;
            case Macro::exists_one: count_ += v.as_bool(); return true;
            case Macro::filter:
                if (v.as_bool()) items_.push_back(variable);
                return true;
            case Macro::map:
            case Macro::transform_list: items_.push_back(std::move(v)); return true;
            case Macro::transform_map: entries_.emplace_back(key, std::move(v)); return true;
            case Macro::transform_map_entry:
                if (!v.is(Kind::map)) return f_.no_overload();
                if (!f_.charge(static_cast<std::int64_t>(v.entries().size()))) return false;
                entries_.insert(entries_.end(), v.entries().begin(), v.entries().end());
                return true;
        }
        return true;
    }
    const Node& n_;
    Frame& f_;
    bool failed_ = false;
    bool done_ = false;
    int count_ = 0;
    std::vector<Value> items_;
    std::vector<Value::Entry> entries_;
};
bool comprehension(const Node& n, Frame& f, Value& out) {
    Value range;
    if (!run(*n.a, f, range)) return false;
    f.pos = n.pos;
    Loop loop(n, f);
    if (range.is(Kind::list)) {
        const auto& items = range.items();
        for (std::size_t i = 0; i < items.size() && !loop.done(); ++i)
            if (!loop.step(Value::integer(static_cast<std::int64_t>(i)), items[i], items[i])) return false;
    } else if (range.is(Kind::map)) {
        for (const auto& [key, value] : range.entries()) {
            if (loop.done()) break;
            if (!loop.step(key, value, key)) return false;
        }
    } else {
        return f.no_overload();
    }
    return loop.finish(out);
}

bool host_query(const Node& n, Frame& f, Value& out) {
    std::vector<Value> params(n.args.size());
    for (std::size_t i = 0; i < params.size(); ++i) {
        Value v;
        if (!run(*n.args[i], f, v)) return false;
        f.pos = n.pos;
        auto stored = stored_value(v, n.types[i]);
        if (!stored) return f.fail(stored.error());
        params[i] = std::move(*stored);
    }
    f.pos = n.pos;
    if (!f.activation->host) return f.fail("queries are not available here");
    const auto result = f.activation->host->query(*n.query, params);
    if (!result) return f.fail(result.error());
    if (!result->is(Kind::integer) && !(n.query->what == SqlQuery::What::sum && result->is_null()))
        return f.fail("the sum leaves its range", Code::overflow);
    const std::int64_t v = result->is_null() ? 0 : result->as_int();
    if (n.query->what == SqlQuery::What::exists)
        out = Value::boolean(v != 0);
    else if (n.query->what == SqlQuery::What::count || n.result.is(Type::K::integer))
        out = Value::integer(v);
    else if (n.result.is(Type::K::decimal))
        out = Value::decimal({v, static_cast<std::uint8_t>(n.result.scale)});
    else {
        Money m;
        m.fen = v;
        std::memcpy(m.currency.code, n.result.currency, 3);
        out = Value::money(m);
    }
    return true;
}
bool host_figure(const Node& n, Frame& f, Value& out) {
    Value unit, period;
    if (!run(*n.a, f, unit) || !run(*n.b, f, period)) return false;
    f.pos = n.pos;
    if (!f.activation->host) return f.fail("figures are not available here");
    auto result = f.activation->host->figure(n.text, unit, period);
    if (!result) return f.fail(result.error());
    out = std::move(*result);
    return true;
}

class Generator {
  public:
    Generator(Program::Impl& impl, const std::vector<PlannedQuery>& planned) : impl_(impl), planned_(planned) {}

    const Node* make(const Expr& e) {
        if (const Node* folded = fold(e)) return folded;
        Node& n = impl_.nodes.emplace_back();
        n.pos = e.pos;
        fill(n, e);
        return &n;
    }

  private:
    static bool is_constant(const Node& n) { return n.fn == constant; }
    /// Calls and signs on constants are computed once; errors stay for run time.
    const Node* fold(const Expr& e) {
        if ((e.op != Op::call && e.op != Op::negate) || e.query != -1 || e.args.empty()) return nullptr;
        if (e.op == Op::call &&
            (!e.function || e.function->special == Special::or_else || e.function->special == Special::sum))
            return nullptr;
        for (const Expr* a : e.args)
            if (!foldable(*a)) return nullptr;
        Node n;
        n.pos = e.pos;
        fill(n, e);
        Frame f;
        const Activation none;
        f.activation = &none;
        f.steps = 10'000;
        f.text_bytes = 4096;
        Value v;
        if (!run(n, f, v)) return nullptr;
        Node& done = impl_.nodes.emplace_back();
        done.pos = e.pos;
        done.fn = constant;
        done.constant = v.owned();
        return &done;
    }
    static bool foldable(const Expr& e) {
        return e.op == Op::literal || (e.op == Op::call && e.function && e.function->special != Special::sum &&
                                       e.args.size() == 1 && e.args[0]->op == Op::literal);
    }

    void operands(Node& n, const Expr& e) {
        auto& list = impl_.lists.emplace_back();
        for (const Expr* a : e.args) list.push_back(make(*a));
        n.args = list;
        n.a = !list.empty() ? list[0] : nullptr;
        n.b = list.size() > 1 ? list[1] : nullptr;
        n.c = list.size() > 2 ? list[2] : nullptr;
    }
    void fill(Node& n, const Expr& e) {
        switch (e.op) {
            case Op::literal:
                n.fn = constant;
                n.constant = e.value;
                return;
            case Op::ident: return fill_ident(n, e);
            case Op::select:
                operands(n, e);
                n.fn = e.meaning == Meaning::field ? object_field : select;
                n.index = e.slot;
                n.constant = Value::string(e.name);
                return;
            case Op::has:
                operands(n, e);
                n.constant = Value::string(e.name);
                n.fn = e.name.empty() ? is_set : has_key;
                if (!e.name.empty() && e.meaning == Meaning::field) {
                    Node& field = impl_.nodes.emplace_back();
                    field.fn = object_field;
                    field.pos = e.pos;
                    field.index = e.slot;
                    field.a = n.a;
                    n.a = &field;
                    n.fn = is_set;
                }
                return;
            case Op::call: return fill_call(n, e);
            case Op::comprehension:
                n.a = make(*e.args[0]);
                if (e.has_filter) n.b = make(*e.args[1]);
                n.c = make(*e.args.back());
                n.fn = comprehension;
                n.index = e.locals;
                n.macro = e.macro;
                n.has_filter = e.has_filter;
                n.two = !e.var2.empty();
                return;
            default:
                operands(n, e);
                n.fn = operator_of(e.op);
                return;
        }
    }
    static Node::Fn operator_of(Op op) {
        switch (op) {
            case Op::index: return binary<op_index>;
            case Op::list: return make_list;
            case Op::map: return make_map;
            case Op::logic_and: return logic<true>;
            case Op::logic_or: return logic<false>;
            case Op::logic_not: return logic_not;
            case Op::negate: return negate;
            case Op::conditional: return conditional;
            case Op::add: return binary<op_add>;
            case Op::subtract: return binary<op_subtract>;
            case Op::multiply: return binary<op_multiply>;
            case Op::divide: return binary<op_divide>;
            case Op::modulo: return binary<op_modulo>;
            case Op::equal: return equal<false>;
            case Op::not_equal: return equal<true>;
            case Op::less: return ordered<Relation::less>;
            case Op::less_equal: return ordered<Relation::less_equal>;
            case Op::greater: return ordered<Relation::greater>;
            case Op::greater_equal: return ordered<Relation::greater_equal>;
            default: return binary<op_in>;
        }
    }
    void fill_ident(Node& n, const Expr& e) {
        n.index = e.slot;
        switch (e.meaning) {
            case Meaning::variable: n.fn = variable; return;
            case Meaning::local: n.fn = local; return;
            case Meaning::self_field: n.fn = self_field; return;
            case Meaning::self_object:
                n.fn = self_object;
                n.constant = Value::object(impl_.self, nullptr);
                return;
            case Meaning::type_name:
                n.fn = constant;
                n.constant = e.value;
                return;
            default:
                n.fn = unresolved;
                n.text = "undeclared name \"" + e.name + "\"";
                return;
        }
    }
    void fill_call(Node& n, const Expr& e) {
        if (e.query >= 0) {
            const PlannedQuery& plan = planned_[static_cast<std::size_t>(e.query)];
            auto& list = impl_.lists.emplace_back();
            for (std::size_t i = 0; i < plan.params.size(); ++i) {
                if (plan.params[i]) {
                    list.push_back(make(*plan.params[i]));
                    continue;
                }
                Node& stored = impl_.nodes.emplace_back();
                stored.fn = constant;
                stored.constant = plan.constants[i];
                list.push_back(&stored);
            }
            n.args = list;
            n.types = impl_.type_lists.emplace_back(plan.types);
            n.query = &impl_.queries[static_cast<std::size_t>(e.query)];
            n.result = plan.query.result;
            n.fn = host_query;
            return;
        }
        if (e.query == -2) {
            n.fn = host_figure;
            n.text = std::string(e.args[0]->value.text());
            n.a = make(*e.args[1]);
            n.b = make(*e.args[2]);
            return;
        }
        operands(n, e);
        if (!e.function) {
            n.fn = unresolved;
            n.text = "no such function \"" + e.name + "\"";
            return;
        }
        n.impl = e.function->impl;
        n.fn = call;
        if (e.function->special == Special::or_else && n.args.size() == 2) n.fn = or_else;
        if (e.function->special == Special::matches && n.args.size() == 2 && is_constant(*n.b) &&
            n.b->constant.is(Kind::string))
            fill_pattern(n);
        if (e.function->special == Special::sum && n.args.size() == 1) fill_sum(n, e);
    }
    void fill_pattern(Node& n) {
        re2::RE2::Options options(re2::RE2::Quiet);
        options.set_max_mem(1 << 20);
        const std::string_view p = n.b->constant.text();
        auto re = std::make_shared<re2::RE2>(re2::StringPiece(p.data(), p.size()), options);
        if (!re->ok()) return;
        n.pattern = std::move(re);
        n.fn = match_pattern;
    }
    /// The sum of an empty list is zero of the static type.
    void fill_sum(Node& n, const Expr& e) {
        Value zero;
        if (e.type.is(Type::K::integer))
            zero = Value::integer(0);
        else if (e.type.is(Type::K::uinteger))
            zero = Value::uinteger(0);
        else if (e.type.is(Type::K::real))
            zero = Value::real(0);
        else if (e.type.is(Type::K::duration))
            zero = Value::duration(0);
        else if (e.type.is(Type::K::decimal))
            zero = Value::decimal({0, static_cast<std::uint8_t>(e.type.scale < 0 ? 0 : e.type.scale)});
        else if (e.type.is(Type::K::money) && e.type.currency[0]) {
            Money m;
            std::memcpy(m.currency.code, e.type.currency, 3);
            zero = Value::money(m);
        } else
            return;
        Node& start = impl_.nodes.emplace_back();
        start.fn = constant;
        start.constant = zero;
        auto& list = impl_.lists.emplace_back();
        list = {n.a, &start};
        n.args = list;
    }

    Program::Impl& impl_;
    const std::vector<PlannedQuery>& planned_;
};
}  // namespace

void generate(Program::Impl& impl, const Expr& root, const std::vector<PlannedQuery>& planned) {
    impl.root = Generator(impl, planned).make(root);
}

namespace {
bool evaluate_root(const Program::Impl& p, const Activation& activation, Frame& f, Value& out) {
    constexpr std::size_t inline_locals = 8;
    f.activation = &activation;
    f.steps = activation.steps > 0 ? activation.steps : p.limits.steps;
    f.text_bytes = p.limits.text_bytes;
    if (p.locals == 0) return run(*p.root, f, out);
    std::array<Value, inline_locals> few;
    std::vector<Value> many(static_cast<std::size_t>(p.locals) > inline_locals ? static_cast<std::size_t>(p.locals)
                                                                               : 0);
    f.locals = many.empty() ? few.data() : many.data();
    return run(*p.root, f, out);
}
}  // namespace

Result<Value> Program::evaluate(const Activation& activation) const {
    Frame f;
    Value out;
    if (evaluate_root(*impl_, activation, f, out)) return out.owned();
    return fail(f.code, place_of(impl_->tree->text, f.pos), f.detail.empty() ? f.message : f.detail);
}
bool Program::holds(const Activation& activation) const {
    Frame f;
    Value out;
    return evaluate_root(*impl_, activation, f, out) && out.is(Kind::boolean) && out.as_bool();
}

}  // namespace yipan::cel
