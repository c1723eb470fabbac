// Whether a version may be: its references, what must be unique, the moves and the rules. All mistakes are collected.
#include <algorithm>

#include "board/session.h"
#include "model/slots.h"
#include "record/check.h"

namespace yipan::board {

bool Judge::Session::permitted(const Change& change, const model::Type& type, const record::Record* before,
                               const record::Record* after) {
    if (!j_.permit) return true;
    const std::size_t known = errors_.size();
    j_.permit({draft_, change, type, before, after}, j_.world_, errors_);
    return !take_world_error() && errors_.size() == known;
}

bool Judge::Session::told(const model::Type& type, const record::Record& r) {
    if (!j_.permit) return true;
    static const Change look = [] {
        Change change;
        change.verb = Verb::read;
        return change;
    }();
    Errors unseen;
    j_.permit({draft_, look, type, &r, nullptr}, j_.world_, unseen);
    (void)take_world_error();
    return unseen.empty();
}

void Judge::Session::check_references(const model::Type& type, const record::Record& next, const record::Record* old,
                                      const std::string& where) {
    for (std::size_t i = 0; i < type.fields.size(); ++i) {
        const model::Field& field = type.fields[i];
        const record::Value& value = next.values[i];
        if (record::is_unset(value) || (old && old->values[i] == value)) continue;
        std::vector<std::int64_t> ids;
        if (field.kind == model::FieldKind::reference) {
            ids.push_back(*record::as_integer(value));
        } else if (field.kind == model::FieldKind::references) {
            if (const auto* t = record::as_text(value))
                ids = record::parse_id_list(*t).value_or(std::vector<std::int64_t>{});
        }
        for (const std::int64_t id : ids) refer(field, RecordId(id), where);
    }
}

void Judge::Session::refer(const model::Field& field, RecordId id, const std::string& where) {
    if (id.value == 0) return;
    const record::RecordPtr target = current(field.target, id);
    if (!target)
        problem(Code::not_found, record::field_place(where, field),
                "no " + shape(field.target).code + " with id " + std::to_string(id.value), "choose an existing one");
    else if (target->voided)
        problem(Code::rule_broken, record::field_place(where, field),
                other_name(shape(field.target), *target) + " is void", "choose one that is valid");
}

void Judge::Session::check_unique(const model::Type& type, const record::Record& next, const record::Record* old,
                                  const std::string& where) {
    const auto clash = [&](const std::vector<int>& fields) {
        std::vector<record::Value> values;
        bool changed = !old;
        for (const int f : fields) {
            if (record::is_unset(next.at(f))) return;  // unset clashes with nothing
            changed = changed || old->at(f) != next.at(f);
            values.push_back(next.at(f));
        }
        if (!changed) return;
        const auto found = j_.store_.find(type.index, fields, values, clashes_asked);
        if (!found) return lose(found.error());
        for (const std::int64_t id : *found) {
            if (id == next.id.value) continue;
            std::string names;
            for (const int f : fields) names += (names.empty() ? "" : " + ") + type.fields[at(f)].code;
            const record::RecordPtr other = current(type.index, RecordId(id));
            return problem(
                Code::duplicate, fields.size() == 1 ? record::field_place(where, type.fields[at(fields[0])]) : where,
                names + " exists already: " +
                    (other ? other_name(type, *other) + (other->voided ? " (void)" : "") : std::to_string(id)),
                other && other->voided ? "restore that record, or use another value"
                                       : "amend that record, or use another value");
        }
    };
    for (std::size_t i = 0; i < type.fields.size(); ++i)
        if (type.fields[i].unique) clash({static_cast<int>(i)});
    if (type.natural_key.size() > 1) clash(type.natural_key);
}

// Everything a version needs once its given values stand: computed parts, checks, rules (now or after the draft),
// writing.
void Judge::Session::finish(const Change& change, const model::Type& type, const record::RecordPtr& old,
                            std::shared_ptr<record::Record> next, journal::Verb verb, Made& made) {
    const std::size_t before = errors_.size();
    const model::Move* const move = std::exchange(pending_move_, nullptr);
    const bool ask = std::exchange(ask_permit_, false);
    next->effective = change.effective.value_or(today_);
    if (move && move->dated >= 0 && std::none_of(change.set.begin(), change.set.end(), [&](const auto& set) { return set.first == move->dated; }))
        next->values[at(move->dated)] = std::int64_t{next->effective.days};
    if (!type.deadlines.empty()) deadlines(change, type, *next, old.get());
    compute(type, *next, change.where);
    record::check_values(model_, *next, change.where, errors_);
    if (errors_.size() == before) check_references(type, *next, old.get(), change.where);
    if (j_.store_lost_) return;
    check_unique(type, *next, old.get(), change.where);
    if (j_.store_lost_) return;
    if (old && next->values == old->values && !change.effective) return;  // nothing changes: nothing is written
    if (only_considers_) {
        if (unsure_) return;
        if (ask) (void)permitted(change, type, old.get(), next.get());
        if (j_.store_lost_) return;
        if (errors_.size() > before) return plain_rules(type, *next, old, change.where);
        remember_rules(type, nullptr, next, old, change.where);
        return judge_rules();
    }
    if (move && move->function && !carried_) owns_function(*move, type, *next, change.where);
    if (move && move->who && !draft_.by_act && !carried_) may_move(*move, type, *next, old, change.where);
    if (ask) (void)permitted(change, type, old.get(), next.get());
    if (j_.store_lost_) return;
    if (errors_.size() > before) return plain_rules(type, *next, old, change.where);
    if (verb == journal::Verb::create) number(type, *next);
    if (j_.store_lost_) return;
    remember_rules(type, move, next, old, change.where);
    if (after_each_) {
        judge_rules();
        if (errors_.size() > before) return;
    }
    if (verb != journal::Verb::amend || change.note.empty()) return write(type.index, old, std::move(next), verb, made);
    const record::Marks marks = marks_for(change);
    write(type.index, old, std::move(next), verb, made, &marks);
}
// The record is refused already; say which of its own rules it breaks as well, so that the clerk hears everything
// at once.
void Judge::Session::plain_rules(const model::Type& type, const record::Record& next, const record::RecordPtr& old,
                                 const std::string& where) {
    for (const auto& rule : type.rules) {
        if (rule.reads_others) continue;
        const auto ok = holds(rule.check.program, type, next, old);
        if (ok && !*ok) broken(rule, type, next, old, where);
    }
}

void Judge::Session::remember_rules(const model::Type& type, const model::Move* move, const record::RecordPtr& next,
                                    const record::RecordPtr& old, const std::string& where) {
    if (next->voided) return;  // what counts in nothing need not be right
    const bool again =
        next->id.value != 0 && written_.contains({type.index, next->id.value});  // changed before in this draft
    if (again)
        for (auto& check : checks_)
            if (check.type == type.index && check.record->id == next->id)
                check.record = next;  // the last version counts
    const auto known = [&](const model::Rule& rule) {
        return again && std::any_of(checks_.begin(), checks_.end(), [&](const Check& c) {
                   return c.rule == &rule && c.record->id == next->id && c.type == type.index;
               });
    };
    for (const auto& rule : type.rules)
        if (!known(rule)) checks_.push_back({&rule, type.index, next, old, &where});
    if (move)
        for (const auto& rule : move->needs) checks_.push_back({&rule, type.index, next, old, &where});
}

std::vector<cel::Value> Judge::Session::rule_variables(const model::Type& type, const record::RecordPtr& old,
                                                       record::Views& views) {
    std::vector<cel::Value> out(model::slots::rule_count);
    out[model::slots::old_record] = views.object(type.index, old);
    if (model_.identity.post >= 0) out[model::slots::post] = views.reference(model_.identity.post, draft_.post.value);
    if (model_.identity.person >= 0)
        out[model::slots::actor] = views.reference(model_.identity.person, draft_.actor.value);
    out[model::slots::entry_date] = cel::Value::date(today_);
    return out;
}
// The rule's message, with what it says of the case at hand in the place of {name}; a value that has none is a dash.
void Judge::Session::broken(const model::Rule& rule, const model::Type& type, const record::Record& r,
                            const record::RecordPtr& old, const std::string& where) {
    const auto said = [&](std::string_view name) -> std::string {
        for (const auto& [known, expression] : rule.values) {
            if (known != name) continue;
            const auto value = value_of(expression.program, type, r, old);
            if (value && value->is(cel::Kind::integer)) return std::to_string(value->as_int());
            if (value && value->is(cel::Kind::string)) return std::string(value->text());
            return "—";
        }
        return "{" + std::string(name) + "}";
    };
    const std::string text = draft_.language ? rule.message.in(*draft_.language) : rule.message.hans + " / " + rule.message.en;
    std::string message;
    std::size_t from = 0;
    for (std::size_t at = text.find('{'); at != std::string::npos; at = text.find('{', from)) {
        const std::size_t end = text.find('}', at);
        if (end == std::string::npos) break;
        message += text.substr(from, at - from) + said(std::string_view(text).substr(at + 1, end - at - 1));
        from = end + 1;
    }
    message += text.substr(from);
    problem(Code::rule_broken, where, std::move(message), "rule " + rule.code + ": " + rule.check.text);
}
Result<cel::Value> Judge::Session::value_of(const cel::Program& program, const model::Type& type,
                                            const record::Record& r, const record::RecordPtr& old) {
    record::Views views(model_, j_.world_);
    const auto variables = rule_variables(type, old, views);
    cel::Activation activation;
    activation.variables = variables;
    activation.self = views.of(r);
    activation.host = this;
    return program.evaluate(activation);
}
Result<bool> Judge::Session::holds(const cel::Program& program, const model::Type& type, const record::Record& r,
                                   const record::RecordPtr& old) {
    YIPAN_TRY(const cel::Value v, value_of(program, type, r, old));
    return v.is(cel::Kind::boolean) && v.as_bool();
}
void Judge::Session::may_move(const model::Move& move, const model::Type& type, const record::Record& next,
                              const record::RecordPtr& old, const std::string& where) {
    if (draft_.post.value == 0) return;  // the system itself
    const auto ok = holds(move.who->program, type, next, old);
    if (!ok || !*ok)
        problem(Code::not_allowed, where, "the acting post may not do \"" + move.label.hans + "\" (" + move.code + ")",
                "allowed where: " + move.who->text);
}
// 職能分工: the acting post's unit has the function the move demands.
void Judge::Session::owns_function(const model::Move& move, const model::Type& type, const record::Record& next,
                                   const std::string& where) {
    if (draft_.post.value == 0) return;  // the system itself
    const model::Flow::Functions& kept = model_.flow.functions;
    const model::FunctionDemand& demand = *move.function;
    const model::Type& functions = shape(kept.type);
    record::RecordPtr function;
    if (demand.path.empty()) {
        const auto found = j_.store_.find(kept.type, {functions.key}, {demand.code}, 1);
        if (!found) return lose(found.error());
        if (!found->empty()) function = current(kept.type, RecordId(found->front()));
    } else {
        const record::Record* from = &next;
        record::RecordPtr held;
        int of = type.index;
        for (const int step : demand.path) {
            const auto* id = from ? record::as_integer(from->at(step)) : nullptr;
            of = shape(of).fields[at(step)].target;
            held = id ? current(of, RecordId(*id)) : nullptr;
            from = held.get();
        }
        function = held;
    }
    if (j_.store_lost_) return;
    using Part = model::FunctionDemand::Part;
    const int field = demand.part == Part::owner ? kept.owner : demand.part == Part::decides ? kept.decides : kept.executes;
    const char* part = demand.part == Part::owner ? "归口" : demand.part == Part::decides ? "决策" : "执行";
    if (!function || function->voided)
        return problem(Code::rule_broken, where,
                       "\"" + move.label.hans + "\" (" + move.code + ") belongs to the organ of a function" +
                           (demand.code.empty() ? ", and the record names none" : " " + demand.code + ", which is not in the register"),
                       "enter the function, or name it in the record");
    std::vector<std::int64_t> units;
    if (const auto* one = record::as_integer(function->at(field))) units.push_back(*one);
    if (const auto* many = record::as_text(function->at(field))) units = record::parse_id_list(*many).value_or(std::vector<std::int64_t>{});
    const record::RecordPtr post = current(model_.identity.post, draft_.post);
    const auto* unit = post && model_.identity.unit >= 0 ? record::as_integer(post->at(model_.identity.unit)) : nullptr;
    if (unit && std::find(units.begin(), units.end(), *unit) != units.end()) return;
    std::string names;
    for (const std::int64_t id : units)
        if (const auto r = current(model_.identity.unit_type, RecordId(id))) {
            const model::Type& organs = shape(model_.identity.unit_type);
            const auto* name = organs.title >= 0 ? record::as_text(r->at(organs.title)) : nullptr;
            names += (names.empty() ? "" : "、") + (name ? *name : person_name(organs, *r));
        }
    problem(Code::not_allowed, where,
            "职能分工: " + std::string(part) + "机构才能办理“" + move.label.hans + "” / \"" + move.code + "\" belongs to the function " + person_name(functions, *function),
            names.empty() ? "the function names no such organ" : names);
}
void Judge::Session::judge_rules() {
    for (const Check& check : checks_) {
        const auto ok = holds(check.rule->check.program, shape(check.type), *check.record, check.old);
        if (take_world_error()) return;
        if (!ok)
            problem(Code::rule_broken, *check.where,
                    "rule " + check.rule->code + " cannot be judged: " + ok.error().message, check.rule->check.text);
        else if (!*ok)
            broken(*check.rule, shape(check.type), *check.record, check.old, *check.where);
    }
    checks_.clear();
}
bool Judge::Session::take_world_error() {
    if (auto error = j_.world_.take_error()) {
        lose(std::move(*error));
        return true;
    }
    return false;
}

}  // namespace yipan::board
