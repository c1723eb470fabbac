#include "api/flow_telling.h"

#include <algorithm>

#include "api/duty.h"

namespace yipan::api {

bool has_flow(const CallPtr& call) {
    if (call->model().flow.declared) return true;
    call->problem(Error{Code::not_found, "flow", "this board's model declares no workflow", ""});
    return false;
}
std::optional<RecordId> id_parameter(const CallPtr& call, std::size_t i) {
    const auto n = whole_number(call->parameter(i));
    if (n && *n > 0) return RecordId(*n);
    call->problem(Error{Code::not_found, "", "nothing is here", ""});
    return std::nullopt;
}
std::optional<RecordId> named(const CallPtr& call, int type, const json::value& v, std::string_view where) {
    board::Snapshot& snapshot = call->snapshot();
    if (v.is_int64() && v.get_int64() > 0 && snapshot.record(type, RecordId(v.get_int64()))) return RecordId(v.get_int64());
    if (v.is_object() && v.get_object().contains("id")) return named(call, type, v.get_object().at("id"), where);
    if (v.is_string())
        if (const auto found = snapshot.find(type, std::string_view(v.get_string()))) return *found;
    call->problem(Error{Code::not_found, std::string(where), "there is no such " + call->model().types[at(type)].code, ""}, 422);
    return std::nullopt;
}
std::optional<std::vector<RecordId>> many_named(const CallPtr& call, int type, const json::object& body, std::string_view where) {
    std::vector<RecordId> out;
    const auto* list = body.if_contains(where);
    if (!list || !list->is_array()) return out;
    for (const auto& v : list->get_array()) {
        const auto one = named(call, type, v, where);
        if (!one) return std::nullopt;
        out.push_back(*one);
    }
    return out;
}
flow::Acting acting(const CallPtr& call) {
    const board::Draft who = call->draft();
    return {who.actor, who.post, who.channel, who.idempotency_key, who.language};
}
void later(const CallPtr& call, std::function<void()> work) {
    try {  // its routes are slow ones: this is a thread that may wait for the board
        work();
    } catch (const ModelChanged&) {
        if (!call->answered()) call->problem(Error{Code::busy, "", "the model of the board was changed at this moment", "ask again"}, 503);
    } catch (const std::exception& problem) {
        threw(*call, problem, "not answered");
    }
}
void answer_receipt(const CallPtr& call, Checked<board::Receipt> done, int status) {
    if (!done) return call->problem(std::move(done.error()));
    json::array ids;
    for (const RecordId id : done->records) ids.emplace_back(id.value);
    call->ok(json::object{{"receipt", receipt_json(*done)}, {"id", done->records.empty() ? json::value(nullptr) : json::value(done->records[0].value)}}, status);
}
json::object total_json(std::int64_t counted) { return {{"value", std::min(counted, counted_to)}, {"exact", counted <= counted_to}}; }

Telling::Telling(const CallPtr& call) : call_(call), model_(call->model()), snapshot_(call->snapshot()), shower_(*call) {
    const auto standing = call->service.acts().standing(snapshot_);
    if (standing) standing_ = *standing;
}

json::value Telling::post(RecordId id) { return id.value == 0 ? json::value(nullptr) : shower_.reference(model_.identity.post, id); }
json::value Telling::person(RecordId id) { return id.value == 0 ? json::value(nullptr) : shower_.reference(model_.identity.person, id); }
json::value Telling::day(const record::Record& r, std::string_view field) {
    const auto d = flow::date(model_, r, field);
    return d ? json::value(d->text()) : json::value(nullptr);
}
json::value Telling::instant(const record::Record& r, std::string_view field) {
    const std::int64_t n = flow::number(model_, r, field);
    return n ? json::value(Instant{n}.text()) : json::value(nullptr);
}
json::object Telling::case_of(const record::Record& r) {
    return {{"id", r.id.value}, {"version", r.version}, {"move", flow::text(model_, r, "move")}, {"label", move_label(r)}, {"step", flow::text(model_, r, "step")}, {"step_label", step_label(r)},
            {"status", flow::text(model_, r, "status")}, {"round", flow::number(model_, r, "round")}, {"starter", post(flow::reference(model_, r, "starter"))}, {"begun", day(r, "begun")}, {"ended", day(r, "ended")}};
}
json::object Telling::item(const record::Record& r) {
    const RecordId with = flow::reference(model_, r, "lies_with"), holder = flow::reference(model_, r, "post");
    const auto subject = flow::subject_of(model_, flow::text(model_, r, "subject"));
    const auto because = with.value ? standing_->may_act(call_->post(), with) : std::nullopt;
    json::array actions, back;
    if (because)
        for (const flow::Do d : flow::acts_for(model_, r)) actions.emplace_back(flow::act_name(d));
    if (because) back = steps_back(r, subject);
    const auto due = flow::date(model_, r, "due");
    const auto left = due ? workdays_left(calendar(), snapshot_.today(), *due) : std::nullopt;
    json::object out{{"id", r.id.value}, {"version", r.version}, {"case", flow::number(model_, r, "flow_case")}, {"step", flow::text(model_, r, "step")},
                     {"step_label", work_step(r)}, {"kind", flow::text(model_, r, "kind")}, {"status", flow::text(model_, r, "status")}, {"post", post(holder)}, {"lies_with", post(with)},
                     {"given_by", post(flow::reference(model_, r, "given_by"))}, {"given_on", day(r, "given_on")}, {"due", day(r, "due")}, {"left_workdays", left ? json::value(*left) : json::value(nullptr)},
                     {"provisional", flow::number(model_, r, "due_provisional") != 0}, {"late", due && with.value ? snapshot_.today() > *due : flow::number(model_, r, "late") != 0}, {"urged", flow::number(model_, r, "urged")},
                     {"done_on", day(r, "done_on")}, {"done_by", person(flow::reference(model_, r, "done_by"))}, {"done_post", post(flow::reference(model_, r, "done_post"))}};
    about(r, out);
    out["actions"] = std::move(actions);
    out["steps_back"] = std::move(back);
    const RecordId instead = flow::reference(model_, r, "instead_of");
    const flow::Because why = because.value_or(flow::Because::own);
    out["instead_of"] = why != flow::Because::own ? post(with) : post(instead);
    out["because"] = nullptr;
    if (because) out["because"] = flow::because_name(why);
    json::array standing_in;
    if (with.value)
        for (const auto& f : standing_->acting_for(with))
            if (f.post != with) standing_in.push_back({{"post", post(f.post)}, {"because", flow::because_name(f.because)}});
    out["standing_in"] = std::move(standing_in);
    out["vacant"] = with.value != 0 && standing_->vacant(with);
    return out;
}
json::object Telling::opinion(const record::Record& r, const std::map<std::int64_t, record::RecordPtr>& items) {
    const RecordId work = flow::reference(model_, r, "work");
    const auto item = items.find(work.value);
    const bool minutes = item != items.end() && flow::number(model_, *item->second, "ended_by", -1) == flow::number(model_, r, "seq", -2);
    return {{"at", instant(r, "at")}, {"act", flow::text(model_, r, "act")}, {"step", flow::text(model_, r, "step")}, {"step_label", item == items.end() ? json::value("") : work_step(*item->second)},
            {"text", flow::text(model_, r, "text")}, {"post", post(flow::reference(model_, r, "post"))}, {"person", person(flow::reference(model_, r, "person"))}, {"instead_of", post(flow::reference(model_, r, "instead_of"))},
            {"because", flow::text(model_, r, "because")}, {"to_post", post(flow::reference(model_, r, "to_post"))}, {"case", flow::number(model_, r, "flow_case")},
            {"minutes", minutes ? json::value(flow::number(model_, *item->second, "minutes")) : json::value(nullptr)}};
}
const WorkCalendar& Telling::calendar() {
    if (!calendar_)
        calendar_ = board::calendar_of(model_, [&](const auto& visit) { (void)snapshot_.each(model_.flow.holiday, visit); });
    return *calendar_;
}

const model::Move* Telling::move_of(const record::Record& the_case) const {
    const auto subject = flow::subject_of(model_, flow::text(model_, the_case, "subject"));
    if (!subject) return nullptr;
    const std::string code = flow::text(model_, the_case, "move");
    for (const model::Move& m : model_.types[at(subject->type)].moves)
        if (m.code == code) return &m;
    return nullptr;
}
json::value Telling::move_label(const record::Record& the_case) const {
    const model::Move* m = move_of(the_case);
    return m ? json::value(label_json(m->label)) : json::value(nullptr);
}
json::value Telling::step_label(const record::Record& the_case) const {
    const std::string code = flow::text(model_, the_case, "step");
    if (const model::Move* m = move_of(the_case))
        for (const auto& s : m->steps)
            if (s.code == code) return label_json(s.label);
    return nullptr;
}
// In three languages where the model still has the step; else as it was called when the work was given.
json::value Telling::work_step(const record::Record& item) {
    const std::string kept = flow::text(model_, item, "step_label"), step = flow::text(model_, item, "step");
    const auto the_case = snapshot_.record(model_.flow.cases, flow::reference(model_, item, "flow_case"));
    if (const model::Move* m = the_case && !step.empty() ? move_of(*the_case) : nullptr)
        for (const auto& s : m->steps)
            if (s.code == step && s.label.hans == kept) return label_json(s.label);
    return json::value(kept);
}
json::array Telling::steps_back(const record::Record& item, const std::optional<flow::Subject>& subject) {
    json::array out;
    const auto acts = flow::acts_for(model_, item);
    if (!subject || std::find(acts.begin(), acts.end(), flow::Do::give_back) == acts.end()) return out;
    const auto the_case = snapshot_.record(model_.flow.cases, flow::reference(model_, item, "flow_case"));
    const model::Move* m = the_case ? move_of(*the_case) : nullptr;
    if (!m) return out;
    out.push_back({{"code", "start"}, {"label", label_json({"发起人", "發起人", "Who started"})}});
    for (const auto& s : m->steps) {
        if (s.code == flow::text(model_, *the_case, "step")) break;
        out.push_back({{"code", s.code}, {"label", label_json(s.label)}});
    }
    return out;
}
void Telling::about(const record::Record& r, json::object& into) const {
    const auto subject = flow::subject_of(model_, flow::text(model_, r, "subject"));
    into["type"] = subject ? json::value(model_.types[at(subject->type)].code) : json::value(nullptr);
    into["record"] = subject ? json::value(subject->record.value) : json::value(nullptr);
    into["title"] = flow::text(model_, r, "title");
}

}  // namespace yipan::api
