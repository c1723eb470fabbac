// The model as expressions see it, and how a text becomes an Expression.
#include <algorithm>

#include "cel/program.h"
#include "model/loader.h"
#include "model/slots.h"

namespace yipan::model {
namespace {
// "file:line:column" of an error inside an expression: where the YAML scalar starts, then the place in the text of the
// expression (a folded scalar has no simple map from one to the other).
std::string inner_place(const std::string& at) { return at.empty() ? "" : " (at " + at + " of the expression)"; }
// A mistake that only follows from a field whose type is not known was told there.
bool follows_from_damage(const Loader& loader, std::string_view text) {
    return std::any_of(loader.damaged.begin(), loader.damaged.end(),
                       [&](const auto& field) { return mentions(text, field.second); });
}

cel::Env env_of(Loader& loader, const ExpressionUse& use) {
    cel::Env env;
    env.schema = loader.schema.get();
    if (use.type >= 0) env.self = loader.type(use.type).object;
    for (const cel::Env::Variable& variable : use.variables) {
        const bool hidden = variable.name.empty() || (use.type >= 0 && loader.type(use.type).find(variable.name) >= 0);
        // A slot keeps its number; a name that no text can write stands for a hidden variable.
        env.variable(hidden ? "#hidden" + std::to_string(env.variables.size()) : variable.name, variable.type);
    }
    env.queries = env.figures = use.across;
    env.figure_type = [&loader](std::string_view code) -> std::optional<cel::Type> {
        const int index = loader.model.find_figure(code);
        if (index < 0) return std::nullopt;
        return cel_type(loader.model.figures[static_cast<std::size_t>(index)].measure).or_null();
    };
    return env;
}

std::string path_text(const std::vector<std::string>& path) {
    std::string out;
    for (const std::string& step : path) out += (out.empty() ? "" : ".") + step;
    return out;
}

// Marks what cross-record filters compare as wanting an index. A filter that compares nothing by == with this record
// would read every record of the type for every draft: refused.
bool index_filters(Loader& loader, const ExpressionUse& use, const Word& text, const cel::Program& program) {
    bool good = true;
    for (const cel::SqlQuery& query : program.queries()) {
        const int type = query.type ? loader.model.find_type(query.type->name) : -1;
        if (type < 0) continue;
        bool narrow = false;
        for (const std::string& name : query.equal_fields) {
            const int index = loader.type(type).find(name);
            if (index < 0) continue;
            narrow = true;
            loader.field(type, index).index = true;
        }
        if (narrow) continue;
        const std::string& code = loader.type(type).code;
        loader.problems.add(text.where, use.subject + ": the filter over " + code + " would read every record",
                            "compare a field of it by ==, e.g. it.<field> == <field>, joined by &&");
        good = false;
    }
    return good;
}

bool own_fields_only(Loader& loader, const ExpressionUse& use, const Word& text, const cel::Program& program) {
    bool good = true;
    for (const auto& path : program.paths()) {
        const int index = path.empty() ? -1 : loader.type(use.type).find(path.front());
        if (path.size() > 1 && index >= 0 && loader.field(use.type, index).target >= 0) {
            loader.problems.add(text.where, use.subject + ": walks the reference \"" + path_text(path) + "\"",
                                "a computed field is stored and sees its own record only");
            good = false;
        } else if (index >= 0 && loader.field(use.type, index).computed) {
            loader.problems.add(text.where, use.subject + ": uses the computed field \"" + path.front() + "\"",
                                "write its expression out");
            good = false;
        }
    }
    return good;
}

bool result_fits(Loader& loader, const ExpressionUse& use, const Word& text, const cel::Program& program) {
    const cel::Type& result = program.result_type();
    const auto good = [&](const cel::Type& wanted) {
        if (result.is(cel::Type::K::null)) return use.null_result;
        if (result.k != wanted.k) return false;
        if (wanted.is(cel::Type::K::object) && wanted.object && result.object && wanted.object != result.object) return false;
        if (wanted.is(cel::Type::K::decimal) && wanted.scale >= 0 && result.scale >= 0)
            return result.scale <= wanted.scale;
        if (wanted.is(cel::Type::K::money) && wanted.currency[0] && result.currency[0])
            return std::string_view(wanted.currency) == result.currency;
        return true;
    };
    if (!use.results.empty() && std::none_of(use.results.begin(), use.results.end(), good)) {
        loader.problems.add(
            text.where, use.subject + ": the expression gives " + result.text() + (result.nullable ? " or null" : ""),
            "it must give " + use.results_text);
        return false;
    }
    return true;
}
}  // namespace

bool mentions(std::string_view text, std::string_view name) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
    for (std::size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
        const bool left = at == 0 || !letter(text[at - 1]);
        const bool right = at + name.size() == text.size() || !letter(text[at + name.size()]);
        if (left && right) return true;
    }
    return false;
}

cel::Type cel_type(const Loader& loader, const Field& field) {
    switch (field.kind) {
        case FieldKind::integer: return cel::Type::integer();
        case FieldKind::decimal: return cel::Type::decimal(field.scale);
        case FieldKind::money: return cel::Type::money(field.currency.text());
        case FieldKind::date: return cel::Type::date();
        case FieldKind::period: return cel::Type::period();
        case FieldKind::boolean: return cel::Type::boolean();
        case FieldKind::instant: return cel::Type::timestamp();
        case FieldKind::reference:
        case FieldKind::references: {
            if (field.target < 0) return cel::Type::dyn();
            const cel::Type one =
                cel::Type::object_of(loader.model.types[static_cast<std::size_t>(field.target)].object);
            return field.kind == FieldKind::reference ? one : cel::Type::list(one);
        }
        case FieldKind::text:
        case FieldKind::choice:
        case FieldKind::attachment:
        case FieldKind::place:
        case FieldKind::number: break;
    }
    return cel::Type::string();
}

cel::Type cel_type(const Measure& measure) {
    if (measure.kind == Measure::Kind::money) return cel::Type::money(measure.currency.text());
    return measure.scale == 0 ? cel::Type::integer() : cel::Type::decimal(measure.scale);
}

void build_schema(Loader& loader) {
    loader.schema = std::make_shared<cel::Schema>();
    std::vector<cel::ObjectType*> objects;
    for (Type& type : loader.model.types) {
        objects.push_back(&loader.schema->add(type.code));
        objects.back()->sql_counted = "yipan_void";  // void records count in nothing
        type.object = objects.back();
    }
    for (const Type& type : loader.model.types)
        for (const Field& field : type.fields) {
            // A computed field may find its operands unset; a damaged one is anything, so that no mistake follows from
            // it.
            const bool unset = !field.required || field.computed.has_value();
            const bool damaged = loader.damaged.contains({type.index, field.code});
            objects[static_cast<std::size_t>(type.index)]->fields.push_back(
                {field.code, damaged ? cel::Type::dyn() : cel_type(loader, field), unset, ""});
        }
}

std::optional<Expression> read_expression(Loader& loader, const ExpressionUse& use, const Word& text) {
    const auto program = cel::compile(text.text, env_of(loader, use));
    if (!program) {
        if (follows_from_damage(loader, text.text)) return std::nullopt;
        for (const Error& error : program.error())
            loader.problems.add(text.where, use.subject + ": " + error.message + inner_place(error.where), error.hint,
                                error.code);
        return std::nullopt;
    }
    bool good = follows_from_damage(loader, text.text) || result_fits(loader, use, text, *program);
    if (use.own_fields_only) good = own_fields_only(loader, use, text, *program) && good;
    if (use.guarded) {
        for (const cel::NullRisk& risk : program->may_fail_on_null()) {
            loader.problems.add(text.where,
                                use.subject + ": fails where \"" + risk.path + "\" is unset" + inner_place(risk.place),
                                "guard it: " + risk.path + " != null && ...");
            good = false;
        }
    }
    good = index_filters(loader, use, text, *program) && good;
    if (!good) return std::nullopt;
    return Expression{text.text, text.where, *program};
}

void read_computed(Loader& loader) {
    for (Type& type : loader.model.types)
        for (Field& field : type.fields) {
            if (!field.computed || loader.damaged.contains({type.index, field.code})) continue;
            ExpressionUse use;
            use.type = type.index;
            use.own_fields_only = true;
            use.subject = "field " + type.code + "." + field.code + " value";
            use.results = {cel_type(loader, field)};
            use.results_text = use.results.front().text() + " as `as` says";
            const Word text{field.computed->text, field.computed->where};
            field.computed = read_expression(loader, use, text);
        }
}

}  // namespace yipan::model
