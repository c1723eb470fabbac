// Reading records: lists, one record with all a form needs, its history, its story, why one may see it and who else may.
#include <algorithm>

#include "api/call.h"
#include "api/duty.h"
#include "access/explain.h"
#include "api/records.h"
#include "api/search.h"
#include "api/values.h"
#include "model/slots.h"
#include "record/input.h"
#include "record/view.h"
#include "report/light.h"

namespace yipan::api {
using access::Action;

namespace {
constexpr std::int64_t page_max = 200, bounded_total = 10'000, children_shown = 200;
constexpr std::size_t filter_bytes_max = 4'000, sorts_max = 4, sums_max = 20;

// A filter tells what is in a field by what it selects: so it may read only what the reader may see in every record
// he sees, and through a reference only types he sees all of.
bool may_filter(const CallPtr& call, int type, const std::vector<std::string>& path, Errors& errors, std::string_view where) {
    const model::Model& model = call->model();
    for (std::size_t i = 0; i < path.size(); ++i) {
        const model::Type& shape = model.types[static_cast<std::size_t>(type)];
        const int f = shape.find(path[i]);
        if (f < 0) return true;  // a variable, or the id
        const model::Field& field = shape.fields[static_cast<std::size_t>(f)];
        const auto always = [&](Action a) -> bool { return call->who->fields_always(type, a)[static_cast<std::size_t>(f)]; };
        const bool far = i > 0 && !call->who->sees_all(type);
        if (far || !always(Action::see) || (field.group == model::FieldGroup::personal && !always(Action::clear))) {
            errors.push_back({Code::not_allowed, std::string(where), "you may not select or sort by " + shape.code + "." + field.code,
                              "by fields that are shown in every record you see"});
            return false;
        }
        type = field.target;
        if (type < 0) return true;
    }
    return true;
}

}  // namespace

// Whether this reader may select by it; answers the problem itself.
bool check_filter(const CallPtr& call, int type, const std::string& filter) {
    if (filter.empty()) return true;
    if (filter.size() > filter_bytes_max) {
        call->problem(Error{Code::limit_exceeded, "filter", "longer than 4,000 bytes", ""}, 400);
        return false;
    }
    cel::Env env;
    env.self = call->model().types[static_cast<std::size_t>(type)].object;
    env.schema = static_cast<const cel::Schema*>(call->model().schema.get());
    env.expected = cel::Type::boolean();
    const auto program = cel::compile(filter, env);
    if (!program) {
        Errors errors = program.error();
        for (Error& e : errors) e.where = "filter:" + e.where;
        call->problem(std::move(errors), 422);
        return false;
    }
    Errors errors;
    for (const auto& path : program->paths()) may_filter(call, type, path, errors, "filter");
    if (errors.empty()) return true;
    call->problem(std::move(errors), 403);
    return false;
}

namespace {
std::optional<std::vector<store::ListQuery::Order>> read_sort(const CallPtr& call, int type) {
    std::vector<store::ListQuery::Order> out;
    std::string_view text = call->request.asked("sort");
    const model::Type& shape = call->model().types[static_cast<std::size_t>(type)];
    Errors errors;
    while (!text.empty()) {
        if (out.size() >= sorts_max) {
            call->problem(Error{Code::limit_exceeded, "sort", "more than 4 fields to sort by", ""}, 400);
            return std::nullopt;
        }
        const std::size_t comma = text.find(',');
        std::string_view word = text.substr(0, comma);
        store::ListQuery::Order order;
        if (word.starts_with('-')) order.descending = true, word.remove_prefix(1);
        order.field = word == "id" ? -1 : shape.find(word);
        if (order.field < 0 && word != "id")
            errors.push_back({Code::not_found, "sort", shape.code + " has no field \"" + std::string(word.substr(0, 60)) + "\"", ""});
        else if (order.field >= 0)
            may_filter(call, type, {std::string(word)}, errors, "sort");
        out.push_back(order);
        if (comma == std::string_view::npos) break;
        text.remove_prefix(comma + 1);
    }
    if (out.empty()) out.push_back({-1, true});  // the newest first
    if (errors.empty()) return out;
    call->problem(std::move(errors));
    return std::nullopt;
}

// What is typed into the search box of a list, as a condition on ids. Of very many matches only so many are looked at
// (`cut`): the newest that the reader may see.
void add_typed(const CallPtr& call, int type, board::Snapshot::Query& q, bool& cut) {
    const std::string_view typed = call->request.asked("q");
    if (typed.empty()) return;
    constexpr std::size_t found_max = 5'000;
    json::array ids;
    for (const auto& hit : call->service.search().find(type, typed.substr(0, 200), found_max, seen_by(call, type), cut))
        ids.emplace_back(hit.id);
    q.also_parameters.emplace_back(json::serialize(ids));
    q.also = (q.also.empty() ? "" : "(" + q.also + ") AND ") + "t.\"id\" IN (SELECT value FROM json_each(?" + std::to_string(q.also_parameters.size()) + "))";
}

json::value sum_json(const model::Field& f, const record::Value& v) {
    const auto* n = record::as_integer(v);
    if (!n) return nullptr;
    if (f.kind == model::FieldKind::money) return decimal_json(*n, 2);
    if (f.kind == model::FieldKind::decimal) return decimal_json(*n, f.scale);
    return json::value(*n);
}

// The same question by the same rights at the same position is counted once.
Result<std::int64_t> counted(const CallPtr& call, int type, const board::Snapshot::Query& q, std::int64_t up_to) {
    constexpr std::size_t kept_max = 1'000;
    std::string key = std::to_string(type) + "|" + std::to_string(up_to) + "|" + std::to_string(static_cast<int>(q.voids)) + "|" + std::to_string(q.filter.size()) + "|" + q.filter + q.also;
    for (const record::Value& v : q.also_parameters) {
        const auto* n = record::as_integer(v);
        const auto* t = record::as_text(v);
        key += n ? "|i" + std::to_string(*n) : t ? "|t" + std::to_string(t->size()) + ":" + *t : "|u";
    }
    auto& totals = call->service.totals;
    const std::int64_t position = call->snapshot().position().value;
    {
        const std::lock_guard lock(totals.mutex);
        if (totals.position == position)
            if (const auto known = totals.by_question.find(key); known != totals.by_question.end()) return known->second;
    }
    YIPAN_TRY(const std::int64_t n, call->snapshot().count(type, q, up_to));
    const std::lock_guard lock(totals.mutex);
    if (totals.position < position || totals.by_question.size() >= kept_max) totals.by_question.clear();
    totals.position = std::max(totals.position, position);
    if (totals.position == position) totals.by_question.emplace(std::move(key), n);
    return n;
}

// Of all lamps of the record: red before yellow before green.
model::Colour worst_light(Call& call, const record::RecordPtr& r) {
    model::Colour worst = model::Colour::none;
    std::optional<Date> today;
    for (std::size_t l = 0; l < call.model().lights.size(); ++l) {
        if (call.model().lights[l].type != r->type) continue;
        if (!today) today = call.snapshot().today();
        const auto colour = report::lamp_of_record(call.snapshot(), static_cast<int>(l), r, *today).colour;
        if (worst == model::Colour::none || colour == model::Colour::red || (colour == model::Colour::yellow && worst == model::Colour::green)) worst = colour;
    }
    return worst;
}

void list(const CallPtr& call) {
    const int type = type_of(call, call->parameter(0));
    if (type < 0) return;
    const model::Type& shape = call->model().types[static_cast<std::size_t>(type)];
    // What is typed is looked up in an index that follows the board a moment later, so that answer is not kept.
    if (!call->request.has("q") && call->answered_before()) return;
    const auto limit = asked_number(call, "limit", 50, 1, page_max);
    if (!limit) return;
    const auto offset = asked_number(call, "offset", 0, 0, 10'000'000);
    if (!offset) return;
    board::Snapshot::Query q;
    q.filter = call->request.asked("filter");
    if (!check_filter(call, type, q.filter)) return;
    auto order = read_sort(call, type);
    if (!order) return;
    const auto only = read_fields(call, type, call->request.asked("fields"), "fields");
    if (!only) return;
    const auto where = call->who->where(type, Action::see, call->world());
    if (!where) return call->problem(where.error());
    q.also = where->sql;
    q.also_parameters = where->parameters;
    q.order = std::move(*order);
    q.offset = *offset;
    q.limit = *limit;
    q.keep_order = true;
    if (call->request.asked("void") == "true") q.voids = board::Voids::included;
    bool cut = false;
    add_typed(call, type, q, cut);
    const auto rows = call->snapshot().list(type, q);
    if (!rows) return call->problem(rows.error());
    Shower shower(*call);
    JsonText out;
    out.object();
    out.member("position", call->snapshot().position().value);
    out.key("rows").array();
    for (const auto& r : rows->rows) {
        out.object();
        shower.row(out, r, *only);
        if (const auto colour = worst_light(*call, r); colour != model::Colour::none) out.member("light", report::colour_name(colour));
        out.end_object();
    }
    out.end_array();
    out.member("more", rows->more);
    const std::string_view total = call->request.asked("total", "bounded");
    if (total != "none") {
        std::int64_t n = *offset + static_cast<std::int64_t>(rows->rows.size());
        bool whole = true;
        if (rows->more || (rows->rows.empty() && *offset != 0)) {
            const std::int64_t up_to = total == "exact" ? INT64_MAX : bounded_total + 1;
            const auto all = counted(call, type, q, up_to);
            if (!all) return call->problem(all.error());
            whole = total == "exact" || *all <= bounded_total;
            n = whole ? *all : bounded_total;
        }
        out.key("total").object();
        out.member("value", n);
        out.member("exact", whole && !cut);
        out.end_object();
    }
    if (cut) out.member("cut", true);  // more match what is typed than were looked at
    if (call->request.has("sums")) {
        const auto fields = read_fields(call, type, call->request.asked("sums"), "sums");
        if (!fields) return;
        if (fields->size() > sums_max) return call->problem(Error{Code::limit_exceeded, "sums", "more than 20 sums", ""}, 400);
        Errors errors;
        for (const int f : *fields) {
            const model::Field& field = shape.fields[static_cast<std::size_t>(f)];
            if (field.kind != model::FieldKind::integer && field.kind != model::FieldKind::decimal && field.kind != model::FieldKind::money)
                errors.push_back({Code::invalid_input, "sums", field.code + " is no number", ""});
            else
                may_filter(call, type, {field.code}, errors, "sums");
        }
        if (!errors.empty()) return call->problem(std::move(errors));
        const auto sums = call->snapshot().sums(type, q, *fields);
        if (!sums) return call->problem(sums.error());
        out.key("sums").object();
        for (std::size_t i = 0; i < fields->size() && i < sums->size(); ++i) {
            const model::Field& field = shape.fields[static_cast<std::size_t>((*fields)[i])];
            out.member(field.code, sum_json(field, (*sums)[i]));
        }
        out.end_object();
    }
    out.end_object();
    call->ok_text(out.take());
}
}  // namespace

record::RecordPtr record_of(const CallPtr& call, int& type, Merged merged) {
    type = type_of(call, call->parameter(0));
    if (type < 0) return nullptr;
    const auto id = whole_number(call->parameter(1));
    record::RecordPtr r = id && *id > 0 ? call->snapshot().record(type, RecordId(*id)) : nullptr;
    bool away = false;
    if (!r && id && *id > 0)
        if (const auto other = call->snapshot().redirect(type, RecordId(*id))) r = call->snapshot().record(type, *other), away = true;
    if (r && call->facing(r).may(Action::see)) {
        if (!away || merged == Merged::followed) return r;
        call->problem(Error{Code::referenced, "", "the record was merged into another one and is not there to be changed",
                            "GET /records/" + call->parameter(0) + "/" + std::to_string(r->id.value) + " is the one that stayed"}, 409);
        return nullptr;
    }
    call->problem(Error{Code::not_found, "", "no such record, or you may not see it", ""});
    return nullptr;
}

namespace {
// `who` of a move, as the judge will ask it.
bool move_allowed(Call& call, const model::Type& type, const model::Move& move, const record::RecordPtr& r, std::string& why) {
    if (!call.facing(r).may_move(move.code)) {
        why = "no right of this post";
        return false;
    }
    if (!move.who) return true;
    record::Views views(call.model(), call.world());
    std::vector<cel::Value> values(model::slots::rule_count);
    values[model::slots::old_record] = views.object(type.index, r);
    values[model::slots::post] = views.reference(call.model().identity.post, call.post().value);
    values[model::slots::actor] = views.reference(call.model().identity.person, call.person().value);
    values[model::slots::entry_date] = cel::Value::date(call.snapshot().today());
    cel::Activation activation;
    activation.variables = values;
    activation.self = views.of(*r);
    if (move.who->program.holds(activation)) return true;
    why = move.who->text;
    return false;
}

void write_lights(JsonText& out, Call& call, const record::RecordPtr& r) {
    out.array();
    for (std::size_t l = 0; l < call.model().lights.size(); ++l) {
        const model::Light& light = call.model().lights[l];
        if (light.type != r->type) continue;
        const auto lamp = report::lamp_of_record(call.snapshot(), static_cast<int>(l), r, call.snapshot().today());
        if (lamp.colour == model::Colour::none) continue;
        out.object();
        out.member("code", light.code);
        write_label(out.key("label"), light.label);
        out.member("colour", report::colour_name(lamp.colour));
        if (lamp.behind) out.member("behind", lamp.behind->text());
        else out.member("behind", nullptr);
        out.member("why", light.behind ? std::string_view(light.behind->text) : std::string_view());
        out.end_object();
    }
    out.end_array();
}

}  // namespace

void write_moves(JsonText& out, Call& call, const record::RecordPtr& r) {
    const model::Type& type = call.model().types[static_cast<std::size_t>(r->type)];
    const auto* state = type.state >= 0 ? record::as_text(r->at(type.state)) : nullptr;
    out.array();
    for (const auto& m : type.moves) {
        if (!state || r->voided || std::find(m.from.begin(), m.from.end(), *state) == m.from.end()) continue;
        std::string why;
        const bool allowed = move_allowed(call, type, m, r, why);
        out.object();
        out.member("code", m.code);
        write_label(out.key("label"), m.label);
        out.member("to", m.to);
        out.member("allowed", allowed);
        if (why.empty()) out.member("why", nullptr);
        else out.member("why", why);
        out.end_object();
    }
    out.end_array();
}

namespace {
// What may be added here in one small form (`quick` of the model): where its condition holds and this post may make it.
void write_adds(JsonText& out, Call& call, Shower& shower, const record::RecordPtr& r) {
    const model::Model& model = call.model();
    const model::Type& of = model.types[static_cast<std::size_t>(r->type)];
    out.array();
    for (const int index : of.offers) {
        const model::Type& type = model.types[static_cast<std::size_t>(index)];
        if (r->voided || !call.who->may_ever(index, Action::create)) continue;
        const model::Quick& quick = *type.quick;
        record::Views views(model, call.world());
        std::vector<cel::Value> values(model::slots::rule_count);
        values[model::slots::post] = views.reference(model.identity.post, call.post().value);
        values[model::slots::actor] = views.reference(model.identity.person, call.person().value);
        values[model::slots::entry_date] = cel::Value::date(call.snapshot().today());
        cel::Activation activation;
        activation.variables = values;
        activation.self = views.of(*r);
        if (quick.when && !quick.when->program.holds(activation)) continue;
        record::Record made;  // as it would begin: rights are asked of it, and of nothing that is typed later
        made.type = type.index;
        made.effective = call.snapshot().today();
        made.values.resize(type.fields.size());
        if (type.state >= 0) made.values[static_cast<std::size_t>(type.state)] = record::Value(type.initial_state);
        made.values[static_cast<std::size_t>(quick.to)] = record::Value(r->id.value);
        std::vector<int> filled;
        for (const auto& [field, expression] : quick.fills) {
            // What this reader does not see of the record is not told by this way either.
            const auto& paths = expression.program.paths();
            if (std::any_of(paths.begin(), paths.end(), [&](const auto& path) { return !path.empty() && of.find(path.front()) >= 0 && !shower.shows(*r, of.find(path.front())); })) continue;
            const auto value = expression.program.evaluate(activation);
            auto stored = value ? record::from_cel(type.fields[static_cast<std::size_t>(field)], *value) : Result<record::Value>(fail(value.error()));
            if (!stored || record::is_unset(*stored)) continue;
            filled.push_back(field);
            made.values[static_cast<std::size_t>(field)] = std::move(*stored);
        }
        if (!call.who->may(Action::create, made, call.world())) continue;
        const auto code = [&](int f) -> const std::string& { return type.fields[static_cast<std::size_t>(f)].code; };
        out.object();
        out.member("type", type.code);
        write_label(out.key("label"), quick.label);
        out.member("to", code(quick.to));
        out.key("asks").array();
        for (const int f : quick.asks) out.value(code(f));
        out.end_array();
        out.key("fills").object();
        for (const int f : filled) shower.value(out.key(code(f)), type.fields[static_cast<std::size_t>(f)], made.values[static_cast<std::size_t>(f)], true);
        out.end_object();
        out.end_object();
    }
    out.end_array();
}

// The lines of each kind that belong to it, as far as they are shown at once.
void write_children(JsonText& out, Call& call, Shower& shower, const record::RecordPtr& r) {
    const model::Model& model = call.model();
    out.object();
    for (const int index : model.types[static_cast<std::size_t>(r->type)].lines) {
        const model::Type& child = model.types[static_cast<std::size_t>(index)];
        if (!call.who->may_ever(index, Action::see)) continue;
        const auto where = call.who->where(child.index, Action::see, call.world());
        if (!where) continue;
        board::Snapshot::Query q;
        q.also_parameters = where->parameters;
        q.also_parameters.emplace_back(r->id.value);
        q.also = (where->sql.empty() ? "" : "(" + where->sql + ") AND ") + "t.\"" + child.fields[static_cast<std::size_t>(child.owner_field)].code + "\" = ?" +
                 std::to_string(q.also_parameters.size());
        q.limit = children_shown;
        q.voids = board::Voids::included;
        const auto rows = call.snapshot().list(child.index, q);
        if (!rows) continue;
        std::int64_t total = static_cast<std::int64_t>(rows->rows.size());
        if (rows->more) total = call.snapshot().count(child.index, q, INT64_MAX).value_or(total);
        out.key(child.code).object();
        out.key("rows").array();
        for (const auto& line : rows->rows) {
            out.object();
            shower.row(out, line);
            out.end_object();
        }
        out.end_array();
        out.member("total", total);
        out.end_object();
    }
    out.end_object();
}

void write_editing(JsonText& out, Call& call, Shower& shower, const record::Record& r) {
    out.array();
    const std::lock_guard lock(call.service.editing_mutex);
    const auto at = call.service.editing.find({r.type, r.id.value});
    if (at != call.service.editing.end()) {
        const std::int64_t now = access::unix_now();
        for (const auto& [person, until] : at->second) {
            if (until <= now || person == call.person().value) continue;
            out.object();
            shower.reference(out.key("person"), call.model().identity.person, RecordId(person));
            out.member("since", Instant{(until - 30) * 1'000'000}.text());
            out.end_object();
        }
    }
    out.end_array();
}
}  // namespace

void write_record(JsonText& out, Call& call, const record::RecordPtr& r) {
    Shower shower(call);
    out.object();
    shower.row(out, r);
    out.member("type", call.model().types[static_cast<std::size_t>(r->type)].code);
    if (!r->voided) out.member("void", false);  // the row says it when it is
    out.member("effective", r->effective.text());
    out.member("entry", r->position.value);
    write_responsible(out.key("responsible"), call, shower, *r);
    write_lights(out.key("lights"), call, r);
    write_children(out.key("children"), call, shower, r);
    write_moves(out.key("moves"), call, r);
    write_adds(out.key("adds"), call, shower, r);
    const std::uint32_t what = call.facing(r).may_what();
    const auto may = [&](Action a) { return (what >> static_cast<int>(a) & 1U) != 0; };
    out.key("may").object();
    out.member("amend", !r->voided && may(Action::amend));
    out.member("remove", may(Action::remove));
    out.member("void", !r->voided && may(Action::invalidate));
    out.member("restore", r->voided && may(Action::restore));
    out.member("erase", may(Action::erase));
    out.member("merge", may(Action::merge));
    out.member("unmask", may(Action::unmask));
    out.end_object();
    write_editing(out.key("editing"), call, shower, *r);
    out.end_object();
}

namespace {
void show(const CallPtr& call) {
    int type = -1;
    const record::RecordPtr r = record_of(call, type);
    if (!r) return;
    const std::string tag = "\"v" + std::to_string(r->version) + "\"";
    call->headers.emplace_back("ETag", tag);
    JsonText out;
    out.object();
    out.member("position", call->snapshot().position().value);
    write_record(out.key("record"), *call, r);
    out.end_object();
    call->ok_text(out.take());
}

json::object who_did(Call& call, Shower& shower, const board::Entry& e) {
    return {{"position", e.position.value}, {"time", e.time.text()}, {"verb", board::verb_name(e.verb)}, {"channel", e.channel}, {"version", e.version},
            {"effective", e.effective.text()}, {"actor", shower.reference(call.model().identity.person, e.actor)}, {"post", shower.reference(call.model().identity.post, e.post)}};
}

// Versions with what changed from one to the next, newest first. Today's rights apply to old versions too.
void history(const CallPtr& call) {
    int type = -1;
    const record::RecordPtr r = record_of(call, type);
    if (!r) return;
    const auto limit = asked_number(call, "limit", 200, 1, 1'000);
    if (!limit) return;
    const auto before_version = asked_number(call, "before", INT32_MAX, 1, INT32_MAX);
    if (!before_version) return;
    const auto versions = call->snapshot().history(type, r->id);
    if (!versions) return call->problem(versions.error());
    const model::Type& shape = call->model().types[static_cast<std::size_t>(type)];
    Shower shower(*call);
    const auto visible = call->facing(r).fields(Action::see), clear = call->facing(r).fields(Action::clear);
    json::array entries;
    bool more = false;
    for (std::size_t i = versions->size(); i-- > 0;) {
        const record::Record& now = *(*versions)[i];
        if (now.version >= *before_version) continue;
        if (static_cast<std::int64_t>(entries.size()) >= *limit) {
            more = true;
            break;
        }
        const record::Record* before = i > 0 ? (*versions)[i - 1].get() : nullptr;
        const auto e = call->snapshot().entry(now.position);
        if (!e) return call->problem(e.error());
        json::object one = who_did(*call, shower, *e);
        if (!e->marks.note.empty()) one["note"] = e->marks.note;
        json::array changes;
        for (std::size_t f = 0; f < shape.fields.size(); ++f) {
            if (!visible[f] || (before ? before->values[f] == now.values[f] : record::is_unset(now.values[f]))) continue;
            changes.push_back({{"field", shape.fields[f].code},
                               {"before", before ? shower.value(shape.fields[f], before->values[f], clear[f]) : json::value(nullptr)},
                               {"after", shower.value(shape.fields[f], now.values[f], clear[f])}});
        }
        one["changes"] = std::move(changes);
        entries.push_back(std::move(one));
    }
    call->ok(json::object{{"position", call->snapshot().position().value}, {"entries", std::move(entries)}, {"more", more}, {"rights", "today's"}});
}

// What this record came from (the records it names) and led to (those that name it), two steps far, what may be seen.
void story(const CallPtr& call) {
    constexpr std::size_t items_max = 300;
    constexpr std::int64_t each_max = 100;
    int type = -1;
    const record::RecordPtr r = record_of(call, type);
    if (!r) return;
    const model::Model& model = call->model();
    Shower shower(*call);
    std::set<std::pair<int, std::int64_t>> seen{{type, r->id.value}};
    json::array items;
    bool cut = false;
    // The day or period a record itself is about: its first that stands and may be seen. When it was entered is another day.
    const auto day_of = [](const model::Type& t, const record::Record& other, const std::vector<bool>& visible) -> json::value {
        for (std::size_t f = 0; f < t.fields.size(); ++f) {
            const auto* day = t.fields[f].kind == model::FieldKind::date && visible[f] ? record::as_integer(other.values[f]) : nullptr;
            if (day) return json::object{{"field", t.fields[f].code}, {"date", Date{static_cast<std::int32_t>(*day)}.text()}};
        }
        for (std::size_t f = 0; f < t.fields.size(); ++f) {
            const auto* code = t.fields[f].kind == model::FieldKind::period && visible[f] ? record::as_integer(other.values[f]) : nullptr;
            if (const auto period = code ? Period::decode(*code) : std::nullopt) return json::object{{"field", t.fields[f].code}, {"period", period->text()}};
        }
        return nullptr;
    };
    const auto add = [&](const record::Record& other, std::string_view relation, const std::string& via, int depth) {
        if (items.size() >= items_max) return cut = true, false;
        if (depth > 0)  // the record itself stands at the head and does not come again
            if (!seen.emplace(other.type, other.id.value).second || !shower.sees(other)) return false;
        const model::Type& t = model.types[static_cast<std::size_t>(other.type)];
        const auto first = call->snapshot().entry(other.position);
        const std::vector<bool> visible = call->who->fields(Action::see, other, call->world());
        const auto* state = t.state >= 0 && visible[static_cast<std::size_t>(t.state)] ? record::as_text(other.at(t.state)) : nullptr;
        items.push_back({{"day", day_of(t, other, visible)}, {"when", first ? json::value(first->time.text()) : json::value(nullptr)}, {"type", t.code}, {"id", other.id.value}, {"title", shower.title(other)},
                         {"state", state ? json::value(*state) : json::value(nullptr)}, {"relation", relation}, {"via", via}, {"depth", depth}});
        return true;
    };
    std::vector<record::RecordPtr> level{r};
    add(*r, "self", "", 0);
    for (int depth = 1; depth <= 2; ++depth) {
        std::vector<record::RecordPtr> next, came_from;
        for (const auto& from : level) {
            const model::Type& t = model.types[static_cast<std::size_t>(from->type)];
            const std::vector<bool> visible = call->who->fields(Action::see, *from, call->world());
            if (depth == 1 || from->type != type)
                for (std::size_t f = 0; f < t.fields.size(); ++f) {
                    const auto* id = t.fields[f].kind == model::FieldKind::reference ? record::as_integer(from->values[f]) : nullptr;
                    // Whom it was done by is said by the history; here are the things.
                    if (!id || !visible[f] || t.fields[f].target == model.identity.post || t.fields[f].target == model.identity.person || t.fields[f].target == model.identity.unit_type) continue;
                    const auto other = call->snapshot().record(t.fields[f].target, RecordId(*id));
                    if (other && add(*other, "from", t.code + "." + t.fields[f].code, depth)) came_from.push_back(other);
                }
            if (from->type == model.identity.post || from->type == model.identity.person || from->type == model.identity.unit_type) continue;
            for (const auto& other_type : model.types)
                for (const auto& field : other_type.fields) {
                    if (field.kind != model::FieldKind::reference || field.target != from->type || !call->who->may_ever(other_type.index, Action::see)) continue;
                    const auto where = call->who->where(other_type.index, Action::see, call->world());
                    if (!where) continue;
                    board::Snapshot::Query q;
                    q.also_parameters = where->parameters;
                    q.also_parameters.emplace_back(from->id.value);
                    q.also = (where->sql.empty() ? "" : "(" + where->sql + ") AND ") + "t.\"" + field.code + "\" = ?" + std::to_string(q.also_parameters.size());
                    q.limit = each_max;
                    const auto rows = call->snapshot().list(other_type.index, q);
                    if (!rows) continue;
                    cut = cut || rows->more;
                    const auto field_index = static_cast<std::size_t>(&field - other_type.fields.data());
                    for (const auto& other : rows->rows)
                        if (call->who->fields(Action::see, *other, call->world())[field_index] && add(*other, "to", other_type.code + "." + field.code, depth)) next.push_back(other);
                }
        }
        // What it led to is told before what else its origins led to: that may be long.
        level = std::move(next);
        level.insert(level.end(), came_from.begin(), came_from.end());
    }
    call->ok(json::object{{"position", call->snapshot().position().value}, {"items", std::move(items)}, {"more", cut}});
}

// Why can I (not): every right that could give the action, and whether it does.
void rights(const CallPtr& call) {
    const int type = type_of(call, call->parameter(0));
    if (type < 0) return;
    const auto id = whole_number(call->parameter(1));
    const record::RecordPtr r = id && *id > 0 ? call->snapshot().record(type, RecordId(*id)) : nullptr;
    if (!r || !call->who->may(Action::see, *r, call->world())) {
        // Says what would be needed without saying whether the record exists.
        json::array roles;
        const access::Told told = access::told(*call->who, Action::see, type, nullptr, call->snapshot(), call->language());
        for (const auto& b : told.because) roles.push_back({{"text", b.text}, {"holds", b.holds}});
        json::object more{{"would_need", std::move(roles)}};
        return call->problem({{Code::not_found, "", "no such record, or you may not see it", ""}}, 404, std::move(more));
    }
    json::object out;
    for (int a = 0; a < model::action_count; ++a) {
        const auto action = static_cast<Action>(a);
        const access::Told told = access::told(*call->who, action, type, r.get(), call->snapshot(), call->language());
        json::array reasons;
        for (const auto& b : told.because) reasons.push_back({{"right", b.text}, {"holds", b.holds}, {"where", b.where}});
        out[model::action_name(action)] = json::object{{"may", told.may}, {"text", told.text}, {"because", std::move(reasons)}};
    }
    call->ok(json::object{{"position", call->snapshot().position().value}, {"rights", std::move(out)}});
}

// Who can see this: the posts that may today. For those who answer for the record or may change it.
void readers(const CallPtr& call) {
    constexpr std::size_t shown_max = 500;
    int type = -1;
    const record::RecordPtr r = record_of(call, type);
    if (!r) return;
    if (!call->facing(r).may(Action::amend))
        return call->problem(Error{Code::not_allowed, "", "who may see a record is told to those who may change it", ""});
    Shower shower(*call);
    json::array list;
    std::int64_t total = 0;
    for (const auto& [person, posts] : call->who->directory().people())
        for (const auto& h : posts) {
            const auto other = call->service.rights().known(RecordId(person), h.post);
            if (!other || !other->may(Action::see, *r, call->world())) continue;
            ++total;
            if (list.size() < shown_max)
                list.push_back({{"person", shower.reference(call->model().identity.person, RecordId(person))}, {"post", shower.reference(call->model().identity.post, h.post)},
                                {"because", access::first_reason(*other, Action::see, *r, call->snapshot(), call->language())}});
        }
    call->ok(json::object{{"position", call->snapshot().position().value}, {"readers", std::move(list)}, {"total", total}});
}
}  // namespace

void add_record_routes(std::vector<Route>& r) {
    r.push_back({"GET", "/records/{type}", Needs::post, By::reader, "read", false, 0, list, "a page of records"});
    r.push_back({"GET", "/records/{type}/{id}", Needs::post, By::reader, "read", false, 0, show, "one record"});
    r.push_back({"GET", "/records/{type}/{id}/history", Needs::post, By::reader, "read", true, 0, history, "its versions; the newest 200, `before` a version goes on"});
    r.push_back({"GET", "/records/{type}/{id}/story", Needs::post, By::reader, "read", true, 0, story, "what it came from and led to"});
    r.push_back({"GET", "/records/{type}/{id}/rights", Needs::post, By::reader, "read", false, 0, rights, "why can I, why can I not"});
    r.push_back({"GET", "/records/{type}/{id}/readers", Needs::post, By::reader, "read", true, 0, readers, "who can see this"});
}

}  // namespace yipan::api
