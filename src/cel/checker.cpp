#include "cel/checker.h"

#include <algorithm>

#include "cel/check_types.h"

namespace yipan::cel {
namespace {
using K = Type::K;

struct Local {
    std::string name;
    int slot;
    Type type;
};

class Checker {
  public:
    Checker(Tree& tree, const Env& env) : tree_(tree), env_(env) {
        for (std::size_t i = 0; i < env.variables.size(); ++i)
            variables_.emplace(env.variables[i].name, static_cast<int>(i));
        for (std::string prefix = env.container; !prefix.empty();) {
            containers_.push_back(prefix + ".");
            const auto dot = prefix.rfind('.');
            prefix.resize(dot == std::string::npos ? 0 : dot);
        }
        containers_.emplace_back();
    }

    Findings run() {
        visit(*tree_.root);
        const Type& t = tree_.root->type;
        if (env_.check && env_.expected && !t.is(K::null) && !fits(t, *env_.expected))
            error(*tree_.root, "the expression gives " + t.text() + ", " + env_.expected->text() + " is wanted", "");
        return std::move(out_);
    }

  private:
    void error(const Expr& e, std::string message, std::string hint = {}, bool always = false) {
        if ((!env_.check && !always) || out_.errors.size() >= env_.limits.errors) return;
        out_.errors.push_back(
            Error{Code::invalid_expression, place_of(tree_.text, e.pos), std::move(message), std::move(hint)});
    }

    // ---- names ----
    const Local* local(const std::string& name) const {
        for (std::size_t i = scope_.size(); i-- > 0;)
            if (scope_[i].name == name) return &scope_[i];
        return nullptr;
    }
    /// Dotted name of a chain of plain selects on a name, or empty.
    static std::string dotted(const Expr& e) {
        if (e.op == Op::ident) return e.name;
        if (e.op != Op::select || e.quoted_name) return {};
        std::string s = dotted(*e.args[0]);
        return s.empty() ? s : s + "." + e.name;
    }
    static const Expr& first(const Expr& e) {
        return e.op == Op::select || (e.op == Op::call && e.method) ? first(*e.args[0]) : e;
    }

    bool resolve_name(Expr& e, const std::string& name, bool root) {
        for (const std::string& container : containers_) {
            if (root && !container.empty()) continue;
            if (const auto it = variables_.find(container + name); it != variables_.end()) {
                become(e, Meaning::variable, it->second, env_.variables[static_cast<std::size_t>(it->second)].type);
                e.path = name;
                return true;
            }
        }
        if (env_.self && !root)
            if (const int f = env_.self->find(name); f >= 0) {
                const ObjectField& field = env_.self->fields[static_cast<std::size_t>(f)];
                become(e, Meaning::self_field, f, field.type.or_null(field.nullable));
                e.path = name;
                return true;
            }
        if (env_.self && !root && name == "this") {
            become(e, Meaning::self_object, -1, Type::object_of(env_.self));
            e.path = name;
            return true;
        }
        static const std::unordered_map<std::string_view, std::string_view> type_names = {
            {"bool", "bool"},
            {"int", "int"},
            {"uint", "uint"},
            {"double", "double"},
            {"string", "string"},
            {"bytes", "bytes"},
            {"list", "list"},
            {"map", "map"},
            {"null_type", "null_type"},
            {"type", "type"},
            {"google.protobuf.Timestamp", "google.protobuf.Timestamp"},
            {"google.protobuf.Duration", "google.protobuf.Duration"},
            {"decimal", "decimal"},
            {"money", "money"},
            {"date", "date"},
            {"period", "period"}};
        if (const auto it = type_names.find(name); it != type_names.end()) {
            become(e, Meaning::type_name, -1, Type::of(K::type));
            e.value = Value::type(it->second);
            return true;
        }
        return false;
    }
    static void become(Expr& e, Meaning meaning, int slot, Type type) {
        e.op = Op::ident;
        e.meaning = meaning;
        e.slot = slot;
        e.type = std::move(type);
    }
    std::string nearest(std::string_view name) const {
        std::string best;
        std::size_t distance = name.size() / 3 + 2;
        const auto try_name = [&](const std::string& known) {
            if (const auto d = edit_distance(name, known); d < distance) {
                distance = d;
                best = known;
            }
        };
        for (const Local& l : scope_) try_name(l.name);
        for (const auto& v : env_.variables) try_name(v.name);
        if (env_.self)
            for (const auto& f : env_.self->fields) try_name(f.name);
        return best.empty() ? best : "did you mean \"" + best + "\"?";
    }

    // ---- paths and null tests ----
    /// Path of a name or of fields of objects, by names only: it may be asked before the visit.
    std::string path_of(const Expr& e) const {
        if (e.op == Op::ident) {
            if (!e.root)
                if (const Local* l = local(e.name)) return l->name + "#" + std::to_string(l->slot);
            return e.name;
        }
        if (e.op != Op::select) return {};
        std::string s = path_of(*e.args[0]);
        return s.empty() ? s : s + "." + e.name;
    }
    using Paths = std::set<std::string>;
    static void with_prefixes(std::string path, Paths& paths) {
        while (!path.empty()) {
            paths.insert(path);
            const auto dot = path.rfind('.');
            path.resize(dot == std::string::npos ? 0 : dot);
        }
    }
    /// Paths p such that "p is null" makes e definitely !truth (a value, not an error).
    Paths facts(const Expr& e, bool truth) const {
        Paths paths;
        switch (e.op) {
            case Op::logic_not: return facts(*e.args[0], !truth);
            case Op::has:
                if (truth) {
                    const std::string base = path_of(*e.args[0]);
                    if (!base.empty()) with_prefixes(e.name.empty() ? base : base + "." + e.name, paths);
                }
                return paths;
            case Op::equal:
            case Op::not_equal:
                for (int side = 0; side < 2; ++side) {
                    const Expr& x = *e.args[static_cast<std::size_t>(side)];
                    const Expr& y = *e.args[static_cast<std::size_t>(1 - side)];
                    // x != null is false, x == null true, x == 'a' false, x != 'a' true when x is null
                    if (y.op == Op::literal && y.value.is_null() == ((e.op == Op::equal) != truth))
                        with_prefixes(path_of(x), paths);
                }
                return paths;
            case Op::logic_and:
            case Op::logic_or: {
                const bool all = (e.op == Op::logic_and) == truth;  // one term decides: union
                paths = facts(*e.args[0], truth);
                for (std::size_t i = 1; i < e.args.size(); ++i) {
                    Paths next = facts(*e.args[i], truth);
                    if (all)
                        paths.merge(next);
                    else
                        std::erase_if(paths, [&](const std::string& p) { return !next.contains(p); });
                }
                return paths;
            }
            default: return paths;
        }
    }
    void assume(const Paths& paths, int delta) {
        for (const std::string& p : paths) known_set_[p] += delta;
    }
    bool guarded(const std::string& path) const {
        const auto it = known_set_.find(path);
        return it != known_set_.end() && it->second > 0;
    }
    /// The value is used where null is an error.
    void need(const Expr& e) {
        if (!e.type.nullable || quiet_ > 0) return;
        std::string path = e.path;
        for (auto hash = path.find('#'); hash != std::string::npos; hash = path.find('#'))
            path.erase(hash,
                       path.find('.', hash) == std::string::npos ? std::string::npos : path.find('.', hash) - hash);
        out_.risks.push_back({place_of(tree_.text, e.pos), path.empty() ? "the expression" : path});
    }
    void record(Expr& e) {
        if (e.path.empty() || e.path == "this" || e.path.find('#') != std::string::npos) return;
        if (e.path.starts_with("this.")) e.path.erase(0, 5);
        if (!recorded_.insert(e.path).second) return;
        std::vector<std::string> parts;
        std::size_t start = 0;
        for (std::size_t dot; (dot = e.path.find('.', start)) != std::string::npos; start = dot + 1)
            parts.push_back(e.path.substr(start, dot - start));
        parts.push_back(e.path.substr(start));
        out_.paths.push_back(std::move(parts));
    }
    void settle_path(Expr& e) {
        if (!e.path.empty() && guarded(e.path)) e.type.nullable = false;
    }

    // ---- the walk ----
    void visit(Expr& e) {
        visit_inner(e);
        if (e.op == Op::ident || e.op == Op::select) record(e);
    }
    void visit_inner(Expr& e) {
        e.locals = 0;
        switch (e.op) {
            case Op::literal: e.type = type_of_literal(e.value); return;
            case Op::ident: return visit_ident(e);
            case Op::select: return visit_select(e);
            case Op::has: return visit_has(e);
            case Op::index: return visit_index(e);
            case Op::call: return visit_call(e);
            case Op::list: return visit_list(e);
            case Op::map: return visit_map(e);
            case Op::logic_and:
            case Op::logic_or: return visit_logic(e);
            case Op::logic_not:
                visit(*e.args[0]);
                need_bool(*e.args[0], "!");
                e.type = Type::boolean();
                return;
            case Op::conditional: return visit_conditional(e);
            case Op::comprehension: return visit_comprehension(e);
            default: return visit_operator(e);
        }
    }

    void visit_ident(Expr& e) {
        if (!e.root)
            if (const Local* l = local(e.name)) {
                become(e, Meaning::local, l->slot, l->type);
                e.path = path_of(e);
                return settle_path(e);
            }
        if (resolve_name(e, e.name, e.root)) return settle_path(e);
        if (e.name == "it" && env_.queries)
            error(e, "\"it\" stands for the counted record, only inside count, exists and sum over a type");
        else
            error(e, "no variable or field is called \"" + e.name + "\"", nearest(e.name));
        e.type = Type::dyn();
    }

    void visit_select(Expr& e) {
        const std::string name = dotted(e);
        const Expr& start = first(e);
        if (!name.empty() && start.op == Op::ident && (start.root || !local(start.name)) &&
            !(env_.self && !start.root && env_.self->find(start.name) >= 0))
            if (resolve_name(e, name, start.root)) return settle_path(e);
        Expr& base = *e.args[0];
        visit_inner(base);
        select_field(e, base, e.name);
    }

    void select_field(Expr& e, const Expr& base, const std::string& name) {
        e.type = Type::dyn();
        switch (base.type.k) {
            case K::dyn: return;
            case K::map:
                need(base);
                e.type = base.type.mapped();
                return;
            case K::object: {
                if (!base.type.object) return;
                const int f = base.type.object->find(name);
                if (f < 0) {
                    std::string best;
                    std::size_t distance = name.size() / 3 + 2;
                    for (const auto& field : base.type.object->fields)
                        if (const auto d = edit_distance(name, field.name); d < distance) {
                            distance = d;
                            best = "did you mean \"" + field.name + "\"?";
                        }
                    return error(e, base.type.object->name + " has no field \"" + name + "\"", best);
                }
                const ObjectField& field = base.type.object->fields[static_cast<std::size_t>(f)];
                e.meaning = Meaning::field;
                e.slot = f;
                e.type = field.type.or_null(field.nullable || base.type.nullable);
                if (!base.path.empty()) e.path = base.path + "." + name;
                return settle_path(e);
            }
            default: return error(e, "a " + base.type.text() + " has no field \"" + name + "\"");
        }
    }

    void visit_has(Expr& e) {
        Expr& operand = *e.args[0];
        if (!e.name.empty()) {  // has(base.field)
            visit(operand);
            if (operand.type.is(K::object) || operand.type.is(K::map) || operand.type.is(K::dyn)) {
                Expr probe;
                probe.pos = e.pos;
                select_field(probe, operand, e.name);
                e.meaning = probe.meaning;
                e.slot = probe.slot;
                if (!operand.path.empty() && operand.type.is(K::object)) {
                    probe.path = operand.path + "." + e.name;
                    record(probe);
                }
            } else {
                error(e, "has() wants a field of a record or a map, not of " + operand.type.text());
            }
        } else {
            visit(operand);
            if (operand.meaning != Meaning::self_field && !operand.type.is(K::object) && !operand.type.nullable &&
                operand.meaning != Meaning::unresolved)
                error(e, "has() wants a field: has(a.b)", "", true);
        }
        e.type = Type::boolean();
    }

    void visit_index(Expr& e) {
        Expr& base = *e.args[0];
        Expr& at = *e.args[1];
        visit(base);
        visit(at);
        need(base);
        need(at);
        e.type = Type::dyn();
        if (base.type.is(K::list)) {
            e.type = base.type.element();
            if (!fits(at.type, Type::integer())) error(at, "a list is indexed by an int, not by " + at.type.text());
        } else if (base.type.is(K::map)) {
            e.type = base.type.mapped();
            if (base.type.parameters && !fits(at.type, (*base.type.parameters)[0]) &&
                !(at.type.numeric() && (*base.type.parameters)[0].numeric()))
                error(at, "the keys of " + base.type.text() + " are not " + at.type.text());
        } else if (!base.type.is(K::dyn)) {
            error(e, "a " + base.type.text() + " cannot be indexed");
        }
    }

    void visit_list(Expr& e) {
        Type element;
        for (std::size_t i = 0; i < e.args.size(); ++i) {
            visit(*e.args[i]);
            element = i == 0 ? e.args[i]->type : join(element, e.args[i]->type);
        }
        e.type = Type::list(e.args.empty() ? Type::dyn() : element);
    }
    void visit_map(Expr& e) {
        Type key, value;
        for (std::size_t i = 0; i < e.args.size(); i += 2) {
            Expr& k = *e.args[i];
            visit(k);
            visit(*e.args[i + 1]);
            need(k);
            if (!k.type.is(K::dyn) && !k.type.is(K::string) && !k.type.is(K::integer) && !k.type.is(K::uinteger) &&
                !k.type.is(K::boolean))
                error(k, "a key of a map is string, int, uint or bool, not " + k.type.text());
            key = i == 0 ? k.type : join(key, k.type);
            value = i == 0 ? e.args[i + 1]->type : join(value, e.args[i + 1]->type);
        }
        e.type = Type::map(key, value);
    }

    void need_bool(const Expr& e, std::string_view what) {
        need(e);
        if (!e.type.is(K::boolean) && !e.type.is(K::dyn))
            error(e, std::string(what) + " wants a bool, not " + e.type.text(),
                  e.type.nullable ? "" : "compare it, such as x != 0");
    }
    void visit_logic(Expr& e) {
        const bool conjunction = e.op == Op::logic_and;
        // Terms absorb one another's errors, so a null test in one term guards all the others (see facts()).
        std::vector<Paths> known;
        for (Expr* term : e.args) known.push_back(facts(*term, conjunction));
        for (const Paths& p : known) assume(p, 1);
        for (std::size_t i = 0; i < e.args.size(); ++i) {
            assume(known[i], -1);
            visit(*e.args[i]);
            need_bool(*e.args[i], conjunction ? "&&" : "||");
            assume(known[i], 1);
        }
        for (const Paths& p : known) assume(p, -1);
        e.type = Type::boolean();
    }
    void visit_conditional(Expr& e) {
        visit(*e.args[0]);
        need_bool(*e.args[0], "?:");
        const Paths when_true = facts(*e.args[0], true);
        const Paths when_false = facts(*e.args[0], false);
        assume(when_true, 1);
        visit(*e.args[1]);
        assume(when_true, -1);
        assume(when_false, 1);
        visit(*e.args[2]);
        assume(when_false, -1);
        const Type& a = e.args[1]->type;
        const Type& b = e.args[2]->type;
        e.type = join(a, b);
        if (e.type.is(K::dyn) && !a.is(K::dyn) && !b.is(K::dyn))
            error(e, "the two branches of ?: differ: " + a.text() + " and " + b.text());
    }

    void visit_comprehension(Expr& e) {
        Expr& range = *e.args[0];
        visit(range);
        need(range);
        Type key = Type::dyn(), element = Type::dyn();
        const bool map = range.type.is(K::map);
        if (range.type.is(K::list)) {
            element = range.type.element();
            key = Type::integer();
        } else if (map) {
            if (range.type.parameters) key = (*range.type.parameters)[0];
            element = range.type.mapped();
        } else if (!range.type.is(K::dyn)) {
            error(range, e.name + "() goes over a list or a map, not over " + range.type.text());
        }
        const std::size_t depth = scope_.size();
        e.locals = next_slot_;
        if (e.var2.empty())
            push(e.var1, map ? key : element);
        else {
            push(e.var1, key);
            push(e.var2, element);
        }
        for (std::size_t i = 1; i < e.args.size(); ++i) visit(*e.args[i]);
        pop(depth);
        Expr& body = *e.args.back();
        if (e.has_filter) need_bool(*e.args[1], e.name + "()");
        switch (e.macro) {
            case Macro::all:
            case Macro::exists:
            case Macro::exists_one:
                need_bool(body, e.name + "()");
                e.type = Type::boolean();
                return;
            case Macro::filter:
                need_bool(body, e.name + "()");
                e.type = Type::list(map && e.var2.empty() ? key : element);
                return;
            case Macro::map:
            case Macro::transform_list: e.type = Type::list(body.type); return;
            case Macro::transform_map: e.type = Type::map(key, body.type); return;
            case Macro::transform_map_entry:
                if (!body.type.is(K::map) && !body.type.is(K::dyn))
                    error(body, "transformMapEntry() wants a map of one entry");
                e.type = body.type.is(K::map) ? body.type : Type::of(K::map);
                return;
        }
    }
    void push(const std::string& name, Type type) {
        scope_.push_back({name, next_slot_++, std::move(type)});
        out_.locals = std::max(out_.locals, next_slot_);
    }
    void pop(std::size_t depth) {
        next_slot_ -= static_cast<int>(scope_.size() - depth);
        scope_.resize(depth);
    }

    void visit_operator(Expr& e) {
        for (Expr* a : e.args) visit(*a);
        const bool equality = e.op == Op::equal || e.op == Op::not_equal;
        if (!equality)
            for (std::size_t i = e.op == Op::in ? 1 : 0; i < e.args.size(); ++i) need(*e.args[i]);
        std::string message, hint;
        const Type none;
        e.type = type_of_operator(e.op, e.args[0]->type, e.args.size() > 1 ? e.args[1]->type : none, message, hint);
        if (!message.empty()) error(e, std::move(message), std::move(hint));
    }

    // ---- calls ----
    void visit_call(Expr& e) {
        e.type = Type::dyn();
        if (e.method && resolve_namespace(e)) return;
        if (!e.method && host_call(e)) return;
        e.function = find_function(e.name, e.method);
        if (!e.function) {
            for (Expr* a : e.args) visit(*a);
            const Function* other = find_function(e.name, !e.method);
            const std::string_view near = nearest_function(e.name);
            return error(e, "no function is called \"" + e.name + "\"",
                         other          ? (e.method ? "write " + e.name + "(x)" : "write x." + e.name + "()")
                         : near.empty() ? ""
                                        : "did you mean \"" + std::string(near) + "\"?");
        }
        finish_call(e);
    }
    bool resolve_namespace(Expr& e) {
        const std::string target = dotted(*e.args[0]);
        if (target.empty()) return false;
        const Expr& start = first(*e.args[0]);
        if (!start.root &&
            (local(start.name) || variables_.contains(start.name) || (env_.self && env_.self->find(start.name) >= 0)))
            return false;
        const Function* f = find_function(target + "." + e.name, false);
        if (!f) return false;
        e.function = f;
        e.method = false;
        e.name = target + "." + e.name;
        e.args.erase(e.args.begin());
        finish_call(e);
        return true;
    }
    void finish_call(Expr& e) {
        e.meaning = Meaning::function;
        for (Expr* a : e.args) visit(*a);
        const Special s = e.function->special;
        if (e.name != "dyn" && e.name != "type" && s != Special::or_else)
            for (Expr* a : e.args) need(*a);
        std::string message, hint;
        e.type = type_of_call(*e.function, e.args, message, hint);
        if (!message.empty()) error(e, std::move(message), std::move(hint));
    }

    bool host_call(Expr& e) {
        if (e.root) return false;
        if (e.name == "figure") return figure_call(e);
        if ((e.name != "count" && e.name != "exists" && e.name != "sum") || e.args.empty() ||
            e.args[0]->op != Op::ident || !env_.schema)
            return false;
        const ObjectType* type = env_.schema->find(e.args[0]->name);
        if (!type || local(e.args[0]->name)) return false;
        if (!env_.queries) {
            error(e, e.name + "() over a type is not allowed here", "only rules may look at other records", true);
            return true;
        }
        const bool sum = e.name == "sum";
        if (e.args.size() > (sum ? 3u : 2u) || (sum && e.args.size() < 2)) {
            error(e,
                  sum ? "sum(type, expression, filter) has two or three arguments"
                      : e.name + "(type, filter) has one or two arguments",
                  "", true);
            return true;
        }
        if (in_query_) {
            error(e, "a query cannot stand inside another query", "", true);
            return true;
        }
        return query_call(e, type, sum);
    }
    bool query_call(Expr& e, const ObjectType* type, bool sum) {
        QueryUse use;
        use.call = &e;
        use.what = sum ? SqlQuery::What::sum : e.name == "count" ? SqlQuery::What::count : SqlQuery::What::exists;
        use.type = type;
        const std::size_t depth = scope_.size();
        use.slot = next_slot_;
        push("it", Type::object_of(type));
        in_query_ = true;
        ++quiet_;  // an error in a filter means "does not count", as in every filter
        if (sum) {
            use.summed = e.args[1];
            visit(*use.summed);
        }
        if (e.args.size() > (sum ? 2u : 1u)) {
            use.filter = e.args.back();
            visit(*use.filter);
            need_bool(*use.filter, "the filter of " + e.name + "()");
        }
        --quiet_;
        in_query_ = false;
        pop(depth);
        e.type = sum ? use.summed->type.or_null(false) : e.name == "count" ? Type::integer() : Type::boolean();
        if (sum && !e.type.is(K::integer) && !e.type.is(K::decimal) && !e.type.is(K::money))
            error(*use.summed, "sum() adds int, decimal or money, not " + e.type.text(), "", true);
        e.query = static_cast<int>(out_.queries.size());
        out_.queries.push_back(use);
        return true;
    }
    bool figure_call(Expr& e) {
        for (Expr* a : e.args) visit(*a);
        const auto refuse = [&](std::string message, std::string hint = {}) {
            error(e, std::move(message), std::move(hint), true);
            return true;
        };
        if (!env_.figures) return refuse("figure() is not allowed here", "only rules may read figures");
        if (e.args.size() != 3 || e.args[0]->op != Op::literal || !e.args[0]->value.is(Kind::string))
            return refuse("figure() wants a code in quotes, a unit and a period",
                          "figure('code', unit, period('2026'))");
        if (!fits(e.args[1]->type, Type::of(K::object)) || !fits(e.args[2]->type, Type::period()))
            return refuse("figure() wants a record as unit and a period");
        need(*e.args[1]);
        need(*e.args[2]);
        const std::string code(e.args[0]->value.text());
        const auto type = env_.figure_type ? env_.figure_type(code) : std::optional<Type>(Type::dyn());
        if (!type) return refuse("no figure has the code \"" + code + "\"");
        if (std::find(out_.figures.begin(), out_.figures.end(), code) == out_.figures.end())
            out_.figures.push_back(code);
        e.type = *type;
        e.query = -2;
        return true;
    }

    Tree& tree_;
    const Env& env_;
    std::unordered_map<std::string, int> variables_;
    std::vector<std::string> containers_;
    std::vector<Local> scope_;
    std::unordered_map<std::string, int> known_set_;
    std::set<std::string> recorded_;
    int next_slot_ = 0;
    int quiet_ = 0;
    bool in_query_ = false;
    Findings out_;
};
}  // namespace

Findings check_tree(Tree& tree, const Env& env) { return Checker(tree, env).run(); }

}  // namespace yipan::cel
