// Workflow over HTTP (docs/flow.md, section 4): what lies with a post, acts on it, the inbox, absences, lists, ballots.
#include <algorithm>

#include "api/call.h"
#include "api/duty.h"
#include "api/records.h"
#include "api/values.h"
#include "flow/acts.h"
#include "flow/ballots.h"
#include "flow/orders.h"

namespace yipan::api {
bool check_filter(const CallPtr& call, int type, const std::string& filter);  // records_read.cpp
namespace {
using access::Action;
constexpr std::size_t batch_items_max = 200, phrases_max = 50, phrase_bytes_max = 400, read_ids_max = 2'000;
constexpr std::int64_t cases_shown_max = 50, timeline_max = 1'000, handover_rows_max = 200, counted_to = 10'000;
std::size_t at(int i) { return static_cast<std::size_t>(i); }

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
/// A post or person of a body: its id or its key.
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
json::object receipt_json(const board::Receipt& r) { return {{"first", r.first.value}, {"last", r.last.value}, {"time", r.time.text()}}; }

/// Writes wait for the disk: they are made on a thread that may take its time.
template <class Work>
void later(const CallPtr& call, Work work) {
    const auto run = [call, work] {
        try {
            work();
        } catch (const std::exception& problem) {
            if (!call->answered()) call->problem(Error{Code::store_failed, "", std::string("not answered: ") + problem.what(), ""}, 500);
        }
    };
    if (call->service.settings().later)
        call->service.settings().later(run);
    else
        run();
}

class Telling {
  public:
    explicit Telling(const CallPtr& call) : call_(call), model_(call->model()), snapshot_(call->snapshot()), shower_(*call) {
        const auto standing = call->service.acts().standing(snapshot_);
        if (standing) standing_ = *standing;
    }
    bool ready() const { return standing_ != nullptr; }
    const flow::Standing& standing() const { return *standing_; }
    Shower& shower() { return shower_; }

    json::value post(RecordId id) { return id.value == 0 ? json::value(nullptr) : shower_.reference(model_.identity.post, id); }
    json::value person(RecordId id) { return id.value == 0 ? json::value(nullptr) : shower_.reference(model_.identity.person, id); }
    json::value day(const record::Record& r, std::string_view field) {
        const auto d = flow::date(model_, r, field);
        return d ? json::value(d->text()) : json::value(nullptr);
    }
    json::value instant(const record::Record& r, std::string_view field) {
        const std::int64_t n = flow::number(model_, r, field);
        return n ? json::value(Instant{n}.text()) : json::value(nullptr);
    }
    json::object case_of(const record::Record& r) {
        return {{"id", r.id.value}, {"version", r.version}, {"move", flow::text(model_, r, "move")}, {"label", move_label(r)}, {"step", flow::text(model_, r, "step")}, {"step_label", step_label(r)},
                {"status", flow::text(model_, r, "status")}, {"round", flow::number(model_, r, "round")}, {"starter", post(flow::reference(model_, r, "starter"))}, {"begun", day(r, "begun")}, {"ended", day(r, "ended")}};
    }
    json::object item(const record::Record& r) {
        const RecordId with = flow::reference(model_, r, "lies_with"), holder = flow::reference(model_, r, "post");
        const auto subject = flow::subject_of(model_, flow::text(model_, r, "subject"));
        const auto because = with.value ? standing_->may_act(call_->post(), with) : std::nullopt;
        json::array actions, back;
        if (because)
            for (const flow::Do d : flow::acts_for(model_, r)) actions.emplace_back(flow::act_name(d));
        if (because) back = steps_back(r, subject);
        const auto due = flow::date(model_, r, "due");
        const auto left = due ? workdays_left(calendar(), snapshot_.today(), *due) : std::nullopt;
        json::object out{{"id", r.id.value}, {"version", r.version}, {"case", flow::number(model_, r, "flow_case")}, {"type", subject ? json::value(model_.types[at(subject->type)].code) : json::value(nullptr)},
                         {"record", subject ? json::value(subject->record.value) : json::value(nullptr)}, {"title", flow::text(model_, r, "title")}, {"step", flow::text(model_, r, "step")},
                         {"step_label", flow::text(model_, r, "step_label")}, {"kind", flow::text(model_, r, "kind")}, {"status", flow::text(model_, r, "status")}, {"post", post(holder)}, {"lies_with", post(with)},
                         {"given_by", post(flow::reference(model_, r, "given_by"))}, {"given_on", day(r, "given_on")}, {"due", day(r, "due")}, {"left_workdays", left ? json::value(*left) : json::value(nullptr)},
                         {"provisional", flow::number(model_, r, "due_provisional") != 0}, {"late", due && with.value ? snapshot_.today() > *due : flow::number(model_, r, "late") != 0}, {"urged", flow::number(model_, r, "urged")},
                         {"done_on", day(r, "done_on")}, {"done_by", person(flow::reference(model_, r, "done_by"))}, {"done_post", post(flow::reference(model_, r, "done_post"))}};
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
    json::object opinion(const record::Record& r, const std::map<std::int64_t, record::RecordPtr>& items) {
        const RecordId work = flow::reference(model_, r, "work");
        const auto item = items.find(work.value);
        const bool minutes = item != items.end() && flow::number(model_, *item->second, "ended_by", -1) == flow::number(model_, r, "seq", -2);
        return {{"at", instant(r, "at")}, {"act", flow::text(model_, r, "act")}, {"step", flow::text(model_, r, "step")}, {"step_label", item == items.end() ? "" : flow::text(model_, *item->second, "step_label")},
                {"text", flow::text(model_, r, "text")}, {"post", post(flow::reference(model_, r, "post"))}, {"person", person(flow::reference(model_, r, "person"))}, {"instead_of", post(flow::reference(model_, r, "instead_of"))},
                {"because", flow::text(model_, r, "because")}, {"to_post", post(flow::reference(model_, r, "to_post"))}, {"case", flow::number(model_, r, "flow_case")},
                {"minutes", minutes ? json::value(flow::number(model_, *item->second, "minutes")) : json::value(nullptr)}};
    }
    const WorkCalendar& calendar() {
        if (!calendar_)
            calendar_ = board::calendar_of(model_, [&](const auto& visit) { (void)snapshot_.each(model_.flow.holiday, visit); });
        return *calendar_;
    }

  private:
    const model::Move* move_of(const record::Record& the_case) const {
        const auto subject = flow::subject_of(model_, flow::text(model_, the_case, "subject"));
        if (!subject) return nullptr;
        const std::string code = flow::text(model_, the_case, "move");
        for (const model::Move& m : model_.types[at(subject->type)].moves)
            if (m.code == code) return &m;
        return nullptr;
    }
    json::value move_label(const record::Record& the_case) const {
        const model::Move* m = move_of(the_case);
        return m ? json::value(label_json(m->label)) : json::value(nullptr);
    }
    json::value step_label(const record::Record& the_case) const {
        const std::string code = flow::text(model_, the_case, "step");
        if (const model::Move* m = move_of(the_case))
            for (const auto& s : m->steps)
                if (s.code == code) return label_json(s.label);
        return nullptr;
    }
    json::array steps_back(const record::Record& item, const std::optional<flow::Subject>& subject) {
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
    const CallPtr& call_;
    const model::Model& model_;
    board::Snapshot& snapshot_;
    Shower shower_;
    std::shared_ptr<const flow::Standing> standing_;
    std::optional<WorkCalendar> calendar_;
};

// -- a record's workflow

void record_flow(const CallPtr& call) {
    if (!has_flow(call)) return;
    int type = -1;
    const record::RecordPtr r = record_of(call, type);
    if (!r) return;
    Telling tell(call);
    if (!tell.ready()) return call->problem(Error{Code::busy, "", "who stands where cannot be read", "ask again"}, 503);
    board::Snapshot& snapshot = call->snapshot();
    const model::Model& model = call->model();
    const record::Value subject(flow::subject_text(model, {type, r->id}));
    const auto cases = flow::rows(snapshot, model.flow.cases, {{"subject", subject}}, cases_shown_max, "newest");
    const auto items = flow::rows(snapshot, model.flow.work, {{"subject", subject}}, timeline_max, "newest");
    const auto opinions = flow::rows(snapshot, model.flow.opinion, {{"subject", subject}}, timeline_max, "newest");
    if (!cases || !items || !opinions) return call->problem(!cases ? cases.error() : !items ? items.error() : opinions.error());
    json::object out{{"position", snapshot.position().value}, {"case", nullptr}};
    json::array list, work, timeline, starts, may;
    const record::Record* running = nullptr;
    for (const auto& c : cases->rows) {
        list.push_back(tell.case_of(*c));
        if (flow::text(model, *c, "status") == "running") running = c.get();
    }
    if (running) out["case"] = tell.case_of(*running);
    std::map<std::int64_t, record::RecordPtr> by_id;
    for (const auto& i : items->rows) {
        by_id[i->id.value] = i;
        work.push_back(tell.item(*i));
        for (const auto& a : work.back().get_object().at("actions").get_array()) may.push_back(json::object{{"action", a}, {"item", i->id.value}});
    }
    std::reverse(work.begin(), work.end());
    for (auto o = opinions->rows.rbegin(); o != opinions->rows.rend(); ++o) timeline.push_back(tell.opinion(**o, by_id));
    if (running) {
        const bool mine = tell.standing().may_act(call->post(), flow::reference(model, *running, "starter")).has_value();
        std::string last_act;
        RecordId last_post;
        for (const auto& o : opinions->rows)
            if (flow::number(model, *o, "flow_case") == running->id.value && flow::text(model, *o, "act") != "urge") {
                last_act = flow::text(model, *o, "act");
                last_post = flow::reference(model, *o, "post");
                break;
            }
        if (last_post == call->post() && last_act != "withdraw") may.push_back({{"action", "withdraw"}, {"case", running->id.value}});
        if (mine) may.push_back({{"action", "urge"}, {"case", running->id.value}});
        if (mine) may.push_back({{"action", "void"}, {"case", running->id.value}});
    } else {
        const model::Type& shape = model.types[at(type)];
        const auto* state = shape.state >= 0 ? record::as_text(r->at(shape.state)) : nullptr;
        for (const model::Move& m : shape.moves) {
            if (m.steps.empty() || !state || std::find(m.from.begin(), m.from.end(), *state) == m.from.end()) continue;
            json::array steps;
            std::string why;
            for (const auto& s : flow::steps_of(snapshot, m, *r, call->post())) {
                if (s.left_out) continue;
                json::array posts;
                for (const RecordId p : s.posts) posts.push_back(tell.post(p));
                if (!s.problem.empty() && why.empty()) why = s.step->label.hans + ": " + s.problem;
                steps.push_back({{"code", s.step->code}, {"label", label_json(s.step->label)}, {"posts", std::move(posts)}, {"workdays", s.step->workdays ? json::value(*s.step->workdays) : json::value(nullptr)}});
            }
            const bool right = call->who->may_move(m.code, *r, call->world());
            if (!right) why = "no right of this post covers the move";
            starts.push_back({{"move", m.code}, {"label", label_json(m.label)}, {"steps", std::move(steps)}, {"allowed", why.empty()}, {"why", why}});
        }
    }
    if (!running && call->who->may(Action::amend, *r, call->world())) {
        json::object one;
        one["action"] = "assign_record";
        may.push_back(std::move(one));
    }
    out["cases"] = std::move(list), out["items"] = std::move(work), out["opinions"] = std::move(timeline), out["starts"] = std::move(starts), out["may"] = std::move(may);
    out["more"] = cases->more || items->more || opinions->more;
    call->ok(std::move(out));
}

std::optional<flow::Act> act_of(const CallPtr& call, const json::object& body, flow::Do kind) {
    flow::Act act;
    act.act = kind;
    const board::Draft who = call->draft();
    act.person = who.actor, act.post = who.post, act.channel = who.channel, act.idempotency_key = who.idempotency_key;
    act.text = member_text(body, "text");
    act.to_step = member_text(body, "to_step");
    if (const auto* v = body.if_contains("straight"); v && v->is_bool()) act.straight = v->get_bool();
    if (const auto* v = body.if_contains("dry_run"); v && v->is_bool()) act.dry_run = v->get_bool();
    if (const auto* v = body.if_contains("version"); v && v->is_int64()) act.version = static_cast<std::int32_t>(v->get_int64());
    if (const auto* v = body.if_contains("workdays"); v && v->is_int64() && v->get_int64() >= 0 && v->get_int64() <= 250) act.workdays = static_cast<int>(v->get_int64());
    const int post = call->model().identity.post;
    if (const auto* v = body.if_contains("to"); v && !v->is_null()) {
        const auto to = named(call, post, *v, "to");
        if (!to) return std::nullopt;
        act.to = *to;
    }
    auto copies = many_named(call, post, body, "copies");
    if (!copies) return std::nullopt;
    act.copies = std::move(*copies);
    return act;
}
/// Values of the record that the act's move sets.
bool read_values(const CallPtr& call, const json::object& body, int type, flow::Act& act) {
    const auto* values = body.if_contains("values");
    if (!values || !values->is_object() || type < 0) return true;
    const model::Type& shape = call->model().types[at(type)];
    Errors errors;
    for (const auto& [key, value] : values->get_object()) {
        const int field = shape.find(std::string_view(key));
        if (field < 0) {
            errors.push_back({Code::not_found, std::string(key), "no field \"" + std::string(key).substr(0, 80) + "\" in " + shape.code, ""});
            continue;
        }
        auto read = read_value(*call, shape.fields[at(field)], value);
        if (!read)
            errors.push_back(read.error());
        else
            act.values.emplace_back(field, std::move(*read));
    }
    if (errors.empty()) return true;
    call->problem(std::move(errors), 422);
    return false;
}
void perform(const CallPtr& call, flow::Act act, int status) {
    call->drop_snapshot();
    later(call, [call, act = std::move(act), status] {
        auto done = call->service.acts().perform(act);
        if (!done) return call->problem(std::move(done.error()));
        const auto snapshot = call->service.board().snapshot();
        const model::Model& model = snapshot->model();
        json::object out{{"receipt", receipt_json(done->receipt)}, {"case", nullptr}};
        if (const auto c = snapshot->record(model.flow.cases, done->flow_case)) {
            out["case"] = json::object{{"id", c->id.value}, {"status", flow::text(model, *c, "status")}, {"step", flow::text(model, *c, "step")}, {"move", flow::text(model, *c, "move")}};
            json::array next;
            if (const auto items = flow::rows(*snapshot, model.flow.work, {{"flow_case", record::Value(c->id.value)}, {"status", record::Value(std::string("open"))}}, 200))
                for (const auto& i : items->rows)
                    next.push_back({{"id", i->id.value}, {"step", flow::text(model, *i, "step")}, {"lies_with", flow::number(model, *i, "lies_with")}});
            out["next"] = std::move(next);
        }
        call->ok(std::move(out), status);
    });
}
void start(const CallPtr& call) {
    if (!has_flow(call)) return;
    int type = -1;
    const record::RecordPtr r = record_of(call, type);
    if (!r) return;
    const auto body = call->body();
    if (!body) return;
    auto act = act_of(call, *body, flow::Do::start);
    if (!act) return;
    act->subject = {type, r->id};
    act->move = member_text(*body, "move");
    if (!read_values(call, *body, type, *act)) return;
    if (!call->who->may_move(act->move, *r, call->world())) return call->problem(Error{Code::not_allowed, "move", "no right of this post covers the move", ""}, 403);
    perform(call, std::move(*act), 201);
}
void assign_record(const CallPtr& call) {
    if (!has_flow(call)) return;
    int type = -1;
    const record::RecordPtr r = record_of(call, type);
    if (!r) return;
    const auto body = call->body();
    if (!body) return;
    auto act = act_of(call, *body, flow::Do::assign_record);
    if (!act) return;
    act->subject = {type, r->id};
    if (!call->who->may(Action::amend, *r, call->world())) return call->problem(Error{Code::not_allowed, "", "one gives out what one may amend", ""}, 403);
    perform(call, std::move(*act), 201);
}
int subject_type(const CallPtr& call, RecordId item) {
    const model::Model& model = call->model();
    const auto r = call->snapshot().record(model.flow.work, item);
    const auto subject = r ? flow::subject_of(model, flow::text(model, *r, "subject")) : std::nullopt;
    return subject ? subject->type : -1;
}
void act_on_item(const CallPtr& call) {
    if (!has_flow(call)) return;
    const auto id = id_parameter(call, 0);
    if (!id) return;
    const auto kind = flow::act_named(call->parameter(1));
    const bool of_item = kind && *kind >= flow::Do::agree && *kind <= flow::Do::add_after;
    if (!of_item) return call->problem(Error{Code::not_found, "", "no act \"" + call->parameter(1).substr(0, 40) + "\"", "agree, disagree, return, hand_over, assign, add_before, add_after"});
    const auto body = call->body();
    if (!body) return;
    auto act = act_of(call, *body, *kind);
    if (!act) return;
    act->item = *id;
    if (!read_values(call, *body, subject_type(call, *id), *act)) return;
    perform(call, std::move(*act), 200);
}
void act_on_case(const CallPtr& call) {
    if (!has_flow(call)) return;
    const auto id = id_parameter(call, 0);
    if (!id) return;
    const auto kind = flow::act_named(call->parameter(1));
    if (!kind || *kind < flow::Do::withdraw) return call->problem(Error{Code::not_found, "", "no act \"" + call->parameter(1).substr(0, 40) + "\"", "withdraw, urge, void"});
    const auto body = call->body();
    if (!body) return;
    auto act = act_of(call, *body, *kind);
    if (!act) return;
    act->flow_case = *id;
    perform(call, std::move(*act), 200);
}
void batch(const CallPtr& call) {
    if (!has_flow(call)) return;
    const auto body = call->body();
    if (!body) return;
    const auto kind = flow::act_named(member_text(*body, "action"));
    if (!kind || (*kind != flow::Do::agree && *kind != flow::Do::disagree && *kind != flow::Do::hand_over))
        return call->problem(Error{Code::invalid_input, "action", "agree, disagree or hand_over go in a batch", ""}, 422);
    const auto* items = body->if_contains("items");
    if (!items || !items->is_array() || items->get_array().empty()) return call->problem(Error{Code::invalid_input, "items", "no items", ""}, 422);
    if (items->get_array().size() > batch_items_max) return call->problem(Error{Code::limit_exceeded, "items", "more than 200 items", ""}, 413);
    auto act = act_of(call, *body, *kind);
    if (!act) return;
    std::vector<RecordId> ids;
    for (const auto& v : items->get_array()) ids.emplace_back(v.is_int64() ? v.get_int64() : 0);
    call->drop_snapshot();
    later(call, [call, act = std::move(*act), ids] {
        json::array results;
        const std::string key = act.idempotency_key;
        for (const RecordId id : ids) {
            flow::Act one = act;
            one.item = id;
            if (!key.empty()) one.idempotency_key = key + "/" + std::to_string(id.value);
            auto done = call->service.acts().perform(one);
            if (done)
                results.push_back({{"item", id.value}, {"receipt", receipt_json(done->receipt)}});
            else
                results.push_back({{"item", id.value}, {"errors", errors_json(done.error())}});
        }
        call->ok(json::object{{"results", std::move(results)}});
    });
}

// -- lists of work

void items(const CallPtr& call) {
    if (!has_flow(call)) return;
    const auto offset = asked_number(call, "offset", 0, 0, 1'000'000);
    const auto limit = offset ? asked_number(call, "limit", 50, 1, 200) : std::nullopt;
    if (!limit) return;
    const std::string list(call->request.asked("list", "todo"));
    Telling tell(call);
    if (!tell.ready()) return call->problem(Error{Code::busy, "", "who stands where cannot be read", "ask again"}, 503);
    board::Snapshot& snapshot = call->snapshot();
    const model::Model& model = call->model();
    const model::Type& work = model.types[at(model.flow.work)];
    json::object out{{"position", snapshot.position().value}, {"today", snapshot.today().text()}, {"list", list}};
    json::array rows, standing_in;
    board::Snapshot::Query query;
    query.offset = *offset, query.limit = *limit;
    if (list == "copied") {
        query.also = "t.to_post = ?1 AND t.kind = ?2";
        query.also_parameters = {record::Value(call->post().value), record::Value(std::string("copy"))};
        query.order = {{-1, true}};
        const auto found = snapshot.list(model.flow.message, query);
        const auto total = snapshot.count(model.flow.message, query, counted_to + 1);
        if (!found || !total) return call->problem(!found ? found.error() : total.error());
        for (const auto& m : found->rows) {
            const auto subject = flow::subject_of(model, flow::text(model, *m, "subject"));
            rows.push_back({{"id", m->id.value}, {"type", subject ? json::value(model.types[at(subject->type)].code) : json::value(nullptr)}, {"record", subject ? json::value(subject->record.value) : json::value(nullptr)},
                            {"title", flow::text(model, *m, "title")}, {"text", flow::text(model, *m, "text")}, {"at", tell.instant(*m, "at")}});
        }
        out["total"] = json::object{{"value", std::min(*total, counted_to)}, {"exact", *total <= counted_to}};
        out["rows"] = std::move(rows), out["more"] = found->more;
        return call->ok(std::move(out));
    }
    if (list == "started") {
        query.also = "t.starter = ?1";
        query.also_parameters = {record::Value(call->post().value)};
        query.order = {{-1, true}};
        const auto found = snapshot.list(model.flow.cases, query);
        const auto total = snapshot.count(model.flow.cases, query, counted_to + 1);
        if (!found || !total) return call->problem(!found ? found.error() : total.error());
        for (const auto& c : found->rows) {
            json::object row = tell.case_of(*c);
            const auto subject = flow::subject_of(model, flow::text(model, *c, "subject"));
            row["type"] = subject ? json::value(model.types[at(subject->type)].code) : json::value(nullptr);
            row["record"] = subject ? json::value(subject->record.value) : json::value(nullptr);
            row["title"] = flow::text(model, *c, "title");
            rows.emplace_back(std::move(row));
        }
        out["total"] = json::object{{"value", std::min(*total, counted_to)}, {"exact", *total <= counted_to}};
        out["rows"] = std::move(rows), out["more"] = found->more;
        return call->ok(std::move(out));
    }
    if (list == "done") {
        query.also = "t.done_post = ?1";
        query.also_parameters = {record::Value(call->post().value)};
        query.order = {{work.find("done_at"), true}};
    } else if (list == "todo") {
        for (const auto& f : tell.standing().falls_to(call->post())) {
            query.also_parameters.emplace_back(f.post.value);
            query.also += (query.also.empty() ? "?" : ",?") + std::to_string(query.also_parameters.size());
            if (f.because != flow::Because::own) standing_in.push_back({{"post", tell.post(f.post)}, {"because", flow::because_name(f.because)}});
        }
        if (query.also.empty()) query.also = "0";
        query.also = "t.lies_with IN (" + query.also + ")";
        query.order = {{work.find("due"), false}};
    } else {
        return call->problem(Error{Code::usage, "list", "no list \"" + list.substr(0, 40) + "\"", "todo, done, started, copied"}, 400);
    }
    const std::string words(call->request.asked("q"));
    if (!words.empty()) {
        query.also_parameters.emplace_back("%" + words.substr(0, 100) + "%");
        query.also += " AND t.title LIKE ?" + std::to_string(query.also_parameters.size());
    }
    const auto total = snapshot.count(model.flow.work, query, counted_to + 1);
    if (!total) return call->problem(total.error());
    std::vector<record::RecordPtr> found;
    bool more = false;
    // What has a day first, the earliest before the others; then what has none.
    if (list == "todo") {
        const std::string all = query.also;
        query.also = all + " AND t.due IS NOT NULL";
        const auto dated = snapshot.count(model.flow.work, query, counted_to * 100);
        const auto first = snapshot.list(model.flow.work, query);
        if (!dated || !first) return call->problem(!dated ? dated.error() : first.error());
        found = first->rows, more = first->more;
        if (!more) {
            query.also = all + " AND t.due IS NULL";
            query.offset = std::max<std::int64_t>(0, *offset - *dated);
            query.limit = *limit - static_cast<std::int64_t>(found.size());
            query.order.clear();
            if (query.limit > 0) {
                const auto rest = snapshot.list(model.flow.work, query);
                if (!rest) return call->problem(rest.error());
                found.insert(found.end(), rest->rows.begin(), rest->rows.end());
                more = rest->more;
            } else {
                more = *total > *offset + static_cast<std::int64_t>(found.size());
            }
        }
    } else {
        const auto page = snapshot.list(model.flow.work, query);
        if (!page) return call->problem(page.error());
        found = page->rows, more = page->more;
    }
    for (const auto& r : found) rows.emplace_back(tell.item(*r));
    out["rows"] = std::move(rows), out["more"] = more, out["standing_in"] = std::move(standing_in);
    out["total"] = json::object{{"value", std::min(*total, counted_to)}, {"exact", *total <= counted_to}};
    call->ok(std::move(out));
}

// -- the inbox: messages are records; what one has read lies beside the journal

std::string read_space(const CallPtr& call) { return "read/" + std::to_string(call->person().value) + "/" + std::to_string(call->post().value); }
struct Read {
    std::int64_t up_to = 0;
    std::set<std::int64_t> ids;
};
Read read_marks(const CallPtr& call) {
    Read out;
    const auto kept = call->snapshot().side(read_space(call), "inbox");
    if (!kept || !*kept) return out;
    boost::system::error_code bad;
    const auto v = json::parse(**kept, bad);
    if (bad || !v.is_object()) return out;
    if (const auto* n = v.get_object().if_contains("up_to"); n && n->is_int64()) out.up_to = n->get_int64();
    if (const auto* ids = v.get_object().if_contains("ids"); ids && ids->is_array())
        for (const auto& i : ids->get_array())
            if (i.is_int64()) out.ids.insert(i.get_int64());
    return out;
}
void inbox(const CallPtr& call) {
    if (!has_flow(call)) return;
    const auto offset = asked_number(call, "offset", 0, 0, 1'000'000);
    const auto limit = offset ? asked_number(call, "limit", 50, 1, 200) : std::nullopt;
    if (!limit) return;
    Telling tell(call);
    board::Snapshot& snapshot = call->snapshot();
    const model::Model& model = call->model();
    const Read read = read_marks(call);
    board::Snapshot::Query query;
    query.also = "t.to_post = ?1";
    query.also_parameters = {record::Value(call->post().value)};
    const auto one_by_one = static_cast<std::int64_t>(read.ids.size());
    board::Snapshot::Query unread = query;
    unread.also += " AND t.id > ?2";
    unread.also_parameters.emplace_back(read.up_to);
    const auto newer = snapshot.count(model.flow.message, unread, counted_to + 1);
    if (!newer) return call->problem(newer.error());
    if (call->request.asked("unread") == "1") query = unread;
    if (const auto kind = call->request.asked("kind"); !kind.empty()) {
        query.also_parameters.emplace_back(std::string(kind.substr(0, 40)));
        query.also += " AND t.kind = ?" + std::to_string(query.also_parameters.size());
    }
    query.offset = *offset, query.limit = *limit;
    query.order = {{-1, true}};
    const auto found = snapshot.list(model.flow.message, query);
    if (!found) return call->problem(found.error());
    json::array rows;
    for (const auto& m : found->rows) {
        const auto subject = flow::subject_of(model, flow::text(model, *m, "subject"));
        rows.push_back({{"id", m->id.value}, {"kind", flow::text(model, *m, "kind")}, {"type", subject ? json::value(model.types[at(subject->type)].code) : json::value(nullptr)},
                        {"record", subject ? json::value(subject->record.value) : json::value(nullptr)}, {"title", flow::text(model, *m, "title")}, {"text", flow::text(model, *m, "text")}, {"at", tell.instant(*m, "at")},
                        {"on", tell.day(*m, "nominal")}, {"late", flow::number(model, *m, "late") != 0}, {"read", m->id.value <= read.up_to || read.ids.contains(m->id.value)}});
    }
    call->ok(json::object{{"position", snapshot.position().value}, {"rows", std::move(rows)}, {"unread", std::max<std::int64_t>(0, *newer - one_by_one)}, {"more", found->more}});
}
void mark_read(const CallPtr& call) {
    if (!has_flow(call)) return;
    const auto body = call->body();
    if (!body) return;
    Read read = read_marks(call);
    if (const auto* n = body->if_contains("up_to"); n && n->is_int64()) read.up_to = std::max(read.up_to, n->get_int64());
    if (const auto* ids = body->if_contains("ids"); ids && ids->is_array())
        for (const auto& i : ids->get_array())
            if (i.is_int64()) read.ids.insert(i.get_int64());
    read.ids.erase(read.ids.begin(), read.ids.upper_bound(read.up_to));
    if (read.ids.size() > read_ids_max) return call->problem(Error{Code::limit_exceeded, "ids", "more than 2,000 are marked one by one", "up_to"}, 413);
    json::array ids;
    for (const std::int64_t i : read.ids) ids.emplace_back(i);
    board::Draft draft = call->draft();
    draft.side.push_back({read_space(call), "inbox", json::serialize(json::object{{"up_to", read.up_to}, {"ids", std::move(ids)}})});
    call->submit(std::move(draft), [call](Checked<board::Receipt> answer) {
        if (!answer) return call->problem(std::move(answer.error()));
        net::Response r;
        r.status = 204;
        call->ok_with(std::move(r));
    });
}

// -- absences

flow::Ordering ordering(const CallPtr& call) {
    const board::Draft who = call->draft();
    return {who.actor, who.post, who.channel, who.idempotency_key};
}
void answer_receipt(const CallPtr& call, Checked<board::Receipt> done, int status) {
    if (!done) return call->problem(std::move(done.error()));
    json::array ids;
    for (const RecordId id : done->records) ids.emplace_back(id.value);
    call->ok(json::object{{"receipt", receipt_json(*done)}, {"id", done->records.empty() ? json::value(nullptr) : json::value(done->records[0].value)}}, status);
}
void delegations(const CallPtr& call) {
    if (!has_flow(call)) return;
    Telling tell(call);
    const model::Model& model = call->model();
    const auto list = [&](std::string_view field) {
        json::array out;
        if (const auto found = flow::rows(call->snapshot(), model.flow.delegation, {{field, record::Value(call->post().value)}}, 200, "newest"))
            for (const auto& r : found->rows)
                out.push_back({{"id", r->id.value}, {"from", tell.post(flow::reference(model, *r, "from_post"))}, {"to", tell.post(flow::reference(model, *r, "to_post"))}, {"valid_from", tell.day(*r, "valid_from")},
                               {"until", tell.day(*r, "valid_to")}, {"reason", flow::text(model, *r, "reason")}, {"ended", tell.day(*r, "ended")}});
        return out;
    };
    call->ok(json::object{{"position", call->snapshot().position().value}, {"given", list("from_post")}, {"held", list("to_post")}});
}
void delegate(const CallPtr& call) {
    if (!has_flow(call)) return;
    const auto body = call->body();
    if (!body) return;
    const auto* to = body->if_contains("to");
    const auto post = named(call, call->model().identity.post, to ? *to : json::value(), "to");
    if (!post) return;
    const auto from = Date::parse(member_text(*body, "from")), until = Date::parse(member_text(*body, "until"));
    if (!from || !until) return call->problem(Error{Code::invalid_input, from ? "until" : "from", "not a day", "2026-06-30"}, 422);
    const flow::Delegating what{call->post(), *post, *from, *until, member_text(*body, "reason")};
    call->drop_snapshot();
    later(call, [call, what] { answer_receipt(call, flow::delegate(call->service.board(), ordering(call), what), 201); });
}
void end_delegation(const CallPtr& call) {
    if (!has_flow(call)) return;
    const auto id = id_parameter(call, 0);
    if (!id) return;
    call->drop_snapshot();
    later(call, [call, id] { answer_receipt(call, flow::end_delegation(call->service.board(), ordering(call), *id), 200); });
}

// -- small things

void phrases(const CallPtr& call) {
    json::array list;
    for (const model::Label& p : call->model().flow.phrases) list.push_back({{"text", p.in(call->language())}, {"own", false}});
    const auto kept = call->snapshot().side("pref/" + std::to_string(call->person().value), "phrases");
    boost::system::error_code bad;
    if (kept && *kept)
        if (const auto v = json::parse(**kept, bad); !bad && v.is_array())
            for (const auto& p : v.get_array())
                if (p.is_string()) list.push_back({{"text", p.get_string()}, {"own", true}});
    call->ok(json::object{{"phrases", std::move(list)}});
}
void keep_phrases(const CallPtr& call) {
    const auto body = call->body();
    if (!body) return;
    const auto* list = body->if_contains("phrases");
    if (!list || !list->is_array() || list->get_array().size() > phrases_max) return call->problem(Error{Code::invalid_input, "phrases", "a list of at most 50 texts", ""}, 422);
    for (const auto& p : list->get_array())
        if (!p.is_string() || p.get_string().empty() || p.get_string().size() > phrase_bytes_max) return call->problem(Error{Code::invalid_input, "phrases", "a phrase has 1 to 400 bytes", ""}, 422);
    board::Draft draft = call->draft();
    draft.side.push_back({"pref/" + std::to_string(call->person().value), "phrases", json::serialize(*list)});
    call->submit(std::move(draft), [call](Checked<board::Receipt> answer) {
        if (!answer) return call->problem(std::move(answer.error()));
        net::Response r;
        r.status = 204;
        call->ok_with(std::move(r));
    });
}
void workdays(const CallPtr& call) {
    const auto from = Date::parse(call->request.asked("from"));
    const auto days = asked_number(call, "days", 1, -2'500, 2'500);
    if (!days) return;
    if (!from) return call->problem(Error{Code::usage, "from", "not a day", "from=2026-06-30"}, 400);
    Telling tell(call);
    const auto due = tell.calendar().add_working_days(*from, static_cast<int>(*days));
    if (!due) return call->problem(due.error());
    json::array years;
    for (const int y : due->unpublished_years) years.emplace_back(y);
    call->ok(json::object{{"due", due->value.text()}, {"unpublished_years", std::move(years)}});
}

// What stands with a post: for who leaves it, and for who comes.
void handover(const CallPtr& call) {
    if (!has_flow(call)) return;
    board::Snapshot& snapshot = call->snapshot();
    const model::Model& model = call->model();
    RecordId post = call->post();
    if (const auto asked = call->request.asked("post"); !asked.empty()) {
        const auto n = whole_number(asked);
        const auto found = n ? Result<RecordId>(RecordId(*n)) : snapshot.find(model.identity.post, asked);
        const auto r = found ? snapshot.record(model.identity.post, *found) : nullptr;
        if (!r || !call->who->may(Action::see, *r, call->world())) return call->problem(Error{Code::not_found, "post", "there is no such post", ""});
        post = *found;
    }
    Telling tell(call);
    if (!tell.ready()) return call->problem(Error{Code::busy, "", "who stands where cannot be read", "ask again"}, 503);
    json::array list, records, given;
    const auto open = flow::rows(snapshot, model.flow.work, {{"lies_with", record::Value(post.value)}}, handover_rows_max);
    if (!open) return call->problem(open.error());
    for (const auto& r : open->rows)
        if (tell.shower().sees(*r)) list.emplace_back(tell.item(*r));
    for (const model::Type& type : model.types) {
        if (type.responsible.size() != 1 || type.by_acts || type.owner >= 0 || !call->who->may_ever(type.index, Action::see)) continue;
        const auto where = call->who->where(type.index, Action::see, call->world());
        if (!where || where->nothing) continue;
        board::Snapshot::Query query;
        query.also = where->everything ? "" : "(" + where->sql + ") AND ";
        query.also_parameters = where->parameters;
        query.also_parameters.emplace_back(post.value);
        query.also += "t." + type.fields[at(type.responsible[0])].code + " = ?" + std::to_string(query.also_parameters.size());
        query.limit = handover_rows_max;
        const auto total = snapshot.count(type.index, query, counted_to);
        const auto found = snapshot.list(type.index, query);
        if (!total || !found || *total == 0) continue;
        json::array rows;
        for (const auto& r : found->rows) {
            const auto* state = type.state >= 0 ? record::as_text(r->at(type.state)) : nullptr;
            rows.push_back({{"id", r->id.value}, {"title", tell.shower().title(*r)}, {"state", state ? json::value(*state) : json::value(nullptr)}});
        }
        records.push_back({{"type", type.code}, {"label", label_json(type.label)}, {"total", *total}, {"rows", std::move(rows)}});
    }
    if (const auto found = flow::rows(snapshot, model.flow.delegation, {{"from_post", record::Value(post.value)}}, 50, "newest"))
        for (const auto& r : found->rows) given.push_back({{"to", tell.post(flow::reference(model, *r, "to_post"))}, {"from", tell.day(*r, "valid_from")}, {"until", tell.day(*r, "valid_to")}});
    json::array holders;
    for (const RecordId p : tell.standing().holders(post)) holders.push_back(tell.person(p));
    call->ok(json::object{{"position", snapshot.position().value}, {"post", tell.post(post)}, {"holders", std::move(holders)}, {"vacant", tell.standing().vacant(post)}, {"items", std::move(list)}, {"more", open->more},
                          {"records", std::move(records)}, {"delegations", std::move(given)}});
}
void load(const CallPtr& call) {
    if (!has_flow(call)) return;
    board::Snapshot& snapshot = call->snapshot();
    const model::Model& model = call->model();
    Telling tell(call);
    if (!tell.ready()) return call->problem(Error{Code::busy, "", "who stands where cannot be read", "ask again"}, 503);
    const auto where = call->who->where(model.flow.work, Action::see, call->world());
    if (!where) return call->problem(where.error());
    struct Row {
        std::int64_t open = 0, late = 0, soon = 0;
    };
    std::map<std::int64_t, Row> by_post;
    constexpr std::int64_t page = 10'000, looked_at_max = 200'000;
    const Date today = snapshot.today();
    bool cut = false;
    for (std::int64_t offset = 0; !where->nothing; offset += page) {
        board::Snapshot::Query query;
        query.also = (where->everything ? "" : "(" + where->sql + ") AND ") + std::string("t.lies_with IS NOT NULL");
        query.also_parameters = where->parameters;
        query.offset = offset, query.limit = page;
        const auto found = snapshot.list(model.flow.work, query);
        if (!found) return call->problem(found.error());
        for (const auto& r : found->rows) {
            Row& row = by_post[flow::number(model, *r, "lies_with")];
            ++row.open;
            const auto due = flow::date(model, *r, "due");
            if (due && *due < today) ++row.late;
            if (due && *due >= today && due->days <= today.days + 7) ++row.soon;
        }
        if (!found->more) break;
        if (offset + page >= looked_at_max) {
            cut = true;
            break;
        }
    }
    json::array rows;
    for (const auto& [post, row] : by_post) {
        json::array people, falls;
        for (const RecordId p : tell.standing().holders(RecordId(post))) people.push_back(tell.person(p));
        for (const auto& f : tell.standing().acting_for(RecordId(post)))
            if (f.post.value != post) falls.push_back({{"post", tell.post(f.post)}, {"because", flow::because_name(f.because)}});
        rows.push_back({{"post", tell.post(RecordId(post))}, {"people", std::move(people)}, {"vacant", tell.standing().vacant(RecordId(post))}, {"falls_to", std::move(falls)}, {"open", row.open}, {"late", row.late}, {"due_7", row.soon}});
    }
    call->ok(json::object{{"position", snapshot.position().value}, {"rows", std::move(rows)}, {"cut", cut}});
}

// -- lists

void issue_list(const CallPtr& call) {
    if (!has_flow(call)) return;
    const auto body = call->body();
    if (!body) return;
    flow::Listing listing;
    listing.type = type_of(call, member_text(*body, "type"));
    if (listing.type < 0) return;
    listing.title = member_text(*body, "title"), listing.filter = member_text(*body, "filter"), listing.done_when = member_text(*body, "done_when");
    // What a filter selects, and what it marks as done later, tells what is in the fields: it reads only what one sees.
    if (!check_filter(call, listing.type, listing.filter) || !check_filter(call, listing.type, listing.done_when)) return;
    if (const std::string due = member_text(*body, "due"); !due.empty()) {
        const auto day = Date::parse(due);
        if (!day) return call->problem(Error{Code::invalid_input, "due", "not a day", "2026-06-30"}, 422);
        listing.due = *day;
    }
    if (const auto* v = body->if_contains("owner"); v && !v->is_null()) {
        const auto post = named(call, call->model().identity.post, *v, "owner");
        if (!post) return;
        listing.owner = *post;
    }
    const auto where = call->who->where(listing.type, Action::see, call->world());
    if (!where) return call->problem(where.error());
    board::Snapshot::Query query;
    query.filter = listing.filter;
    if (!where->everything) query.also = where->nothing ? "0" : where->sql;
    query.also_parameters = where->parameters;
    query.limit = flow::list_lines_max + 1;
    const auto found = call->snapshot().list(listing.type, query);
    if (!found) return call->problem(Error{found.error().code, "filter", found.error().message, found.error().hint}, 422);
    listing.records = found->rows;
    call->drop_snapshot();
    later(call, [call, listing = std::move(listing)] { answer_receipt(call, flow::issue_list(call->service.board(), ordering(call), listing), 201); });
}
void track_list(const CallPtr& call) {
    if (!has_flow(call)) return;
    const auto id = id_parameter(call, 0);
    if (!id) return;
    const auto r = call->snapshot().record(call->model().flow.list, *id);
    if (!r || !call->who->may(Action::see, *r, call->world())) return call->problem(Error{Code::not_found, "list", "there is no such list", ""});
    call->drop_snapshot();
    later(call, [call, id] {
        auto done = flow::track_list(call->service.board(), ordering(call), *id);
        if (!done) return call->problem(std::move(done.error()));
        json::object out{{"done", done->done}, {"open", done->open}, {"receipt", nullptr}};
        if (done->receipt) out["receipt"] = receipt_json(*done->receipt);
        call->ok(std::move(out));
    });
}

// -- ballots

flow::Acting acting(const CallPtr& call) {
    const board::Draft who = call->draft();
    return {who.actor, who.post, who.channel, who.idempotency_key};
}
std::vector<std::string> texts(const json::object& body, std::string_view key) {
    std::vector<std::string> out;
    if (const auto* list = body.if_contains(key); list && list->is_array())
        for (const auto& v : list->get_array())
            if (v.is_string()) out.emplace_back(v.get_string());
    return out;
}
void open_ballot(const CallPtr& call) {
    if (!has_flow(call)) return;
    const auto body = call->body();
    if (!body) return;
    flow::Poll poll;
    poll.question = member_text(*body, "question");
    poll.choices = texts(*body, "choices");
    if (const auto* n = body->if_contains("most"); n && n->is_int64()) poll.most = static_cast<int>(std::clamp<std::int64_t>(n->get_int64(), 0, 1000));
    auto voters = many_named(call, call->model().identity.person, *body, "voters");
    if (!voters) return;
    poll.voters = std::move(*voters);
    if (const auto* s = body->if_contains("subject"); s && s->is_object()) {
        const int type = type_of(call, member_text(s->get_object(), "type"));
        if (type < 0) return;
        const auto* n = s->get_object().if_contains("id");
        const auto r = n && n->is_int64() ? call->snapshot().record(type, RecordId(n->get_int64())) : nullptr;
        // Who may amend a record may put it to the vote.
        if (!r || !call->who->may(Action::amend, *r, call->world())) return call->problem(Error{Code::not_allowed, "subject", "one puts to the vote what one may amend", ""}, 403);
        poll.subject = flow::Subject{type, r->id};
    }
    call->drop_snapshot();
    later(call, [call, poll = std::move(poll)] { answer_receipt(call, call->service.ballots().open(acting(call), poll), 201); });
}
void vote(const CallPtr& call) {
    if (!has_flow(call)) return;
    const auto id = id_parameter(call, 0);
    if (!id) return;
    const auto body = call->body();
    if (!body) return;
    if (const auto done = call->service.ballots().vote(acting(call), *id, texts(*body, "choices")); !done) return call->problem(done.error());
    net::Response r;
    r.status = 204;
    call->ok_with(std::move(r));
}
void show_ballot(const CallPtr& call) {
    if (!has_flow(call)) return;
    const auto id = id_parameter(call, 0);
    if (!id) return;
    const model::Model& model = call->model();
    const auto r = call->snapshot().record(model.flow.ballot, *id);
    const auto view = call->service.ballots().view(call->person(), *id);
    const bool shown = r && view && (view->may_vote || view->voted || call->who->may(Action::see, *r, call->world()));
    if (!shown) return call->problem(Error{Code::not_found, "ballot", "there is no such ballot", ""});
    json::array counts, choices;
    const std::string owner = model.types[at(model.flow.ballot)].code;
    if (const auto lines = flow::rows(call->snapshot(), model.flow.ballot_count, {{owner, record::Value(id->value)}}, 200))
        for (const auto& l : lines->rows) counts.push_back({{"choice", flow::text(model, *l, "choice")}, {"votes", flow::number(model, *l, "votes")}});
    std::string_view rest;
    const std::string all = flow::text(model, *r, "choices");
    for (rest = all; !rest.empty();) {
        const std::size_t end = rest.find(';');
        choices.emplace_back(rest.substr(0, end));
        rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    }
    call->ok(json::object{{"id", id->value}, {"status", flow::text(model, *r, "status")}, {"question", flow::text(model, *r, "question")}, {"choices", std::move(choices)}, {"most", flow::number(model, *r, "most")},
                          {"voters", flow::number(model, *r, "voters_expected")}, {"turnout", view->turnout}, {"may_vote", view->may_vote && !view->voted}, {"voted", view->voted}, {"counts", std::move(counts)}});
}
void close_ballot(const CallPtr& call) {
    if (!has_flow(call)) return;
    const auto id = id_parameter(call, 0);
    if (!id) return;
    call->drop_snapshot();
    later(call, [call, id] { answer_receipt(call, call->service.ballots().close(acting(call), *id), 200); });
}
void count_ballot(const CallPtr& call) {
    if (!has_flow(call)) return;
    const auto id = id_parameter(call, 0);
    if (!id) return;
    const auto body = call->body();
    if (!body) return;
    auto voted = many_named(call, call->model().identity.person, *body, "voted");
    if (!voted) return;
    std::map<std::string, std::int64_t> counts;
    if (const auto* c = body->if_contains("counts"); c && c->is_object())
        for (const auto& [choice, n] : c->get_object()) counts[std::string(choice)] = n.is_int64() ? n.get_int64() : -1;
    call->drop_snapshot();
    later(call, [call, id, voted = std::move(*voted), counts] { answer_receipt(call, call->service.ballots().count(acting(call), *id, voted, counts), 200); });
}
}  // namespace

void add_flow_routes(std::vector<Route>& r) {
    constexpr std::size_t small = 64 * 1024;
    r.push_back({"GET", "/records/{type}/{id}/flow", Needs::post, "read", false, 0, record_flow, "where a record stands in its workflow: case, work items, opinions, what may be done"});
    r.push_back({"POST", "/records/{type}/{id}/flow", Needs::post, "write", false, small, start, "start a move that has steps"});
    r.push_back({"POST", "/records/{type}/{id}/assign", Needs::post, "write", false, small, assign_record, "give a record to a post to work on"});
    r.push_back({"POST", "/flow/items/{id}/{action}", Needs::post, "write", false, small, act_on_item, "agree, disagree, return, hand over, assign, add a signer"});
    r.push_back({"POST", "/flow/cases/{id}/{action}", Needs::post, "write", false, small, act_on_case, "withdraw, urge, void"});
    r.push_back({"POST", "/flow/batch", Needs::post, "write", false, small, batch, "the same act on several work items"});
    r.push_back({"GET", "/flow/items", Needs::post, "read", false, 0, items, "work: to do, done, started, copied"});
    r.push_back({"GET", "/flow/inbox", Needs::post, "read", false, 0, inbox, "messages of the post"});
    r.push_back({"POST", "/flow/inbox/read", Needs::post, "write", false, small, mark_read, "mark messages as read"});
    r.push_back({"GET", "/flow/delegations", Needs::post, "read", false, 0, delegations, "who stands in for whom"});
    r.push_back({"POST", "/flow/delegations", Needs::post, "write", false, small, delegate, "delegate the post for some days"});
    r.push_back({"POST", "/flow/delegations/{id}/end", Needs::post, "write", false, small, end_delegation, "end a delegation early"});
    r.push_back({"GET", "/flow/phrases", Needs::post, "read", false, 0, phrases, "quick phrases"});
    r.push_back({"PUT", "/flow/phrases", Needs::post, "write", false, small, keep_phrases, "one's own quick phrases"});
    r.push_back({"GET", "/flow/workdays", Needs::post, "read", false, 0, workdays, "the day so many working days from another"});
    r.push_back({"GET", "/flow/handover", Needs::post, "read", true, 0, handover, "what stands with a post"});
    r.push_back({"GET", "/flow/load", Needs::post, "read", true, 0, load, "open and late work by post and person"});
    r.push_back({"POST", "/flow/lists", Needs::post, "write", true, small, issue_list, "issue a filter as a list"});
    r.push_back({"POST", "/flow/lists/{id}/track", Needs::post, "write", true, small, track_list, "mark what is done"});
    r.push_back({"POST", "/flow/ballots", Needs::post, "write", false, small, open_ballot, "open a secret ballot"});
    r.push_back({"GET", "/flow/ballots/{id}", Needs::post, "read", false, 0, show_ballot, "a ballot, without anybody's vote"});
    r.push_back({"POST", "/flow/ballots/{id}/vote", Needs::post, "write", false, small, vote, "one's own vote"});
    r.push_back({"POST", "/flow/ballots/{id}/close", Needs::post, "write", false, small, close_ballot, "count the votes"});
    r.push_back({"POST", "/flow/ballots/{id}/count", Needs::post, "write", false, small, count_ballot, "enter the count of votes on paper"});
}

}  // namespace yipan::api
