// Where a record stands in its workflow, and acts on it: one by one, or the same on several items.
#include <algorithm>

#include "api/flow_telling.h"

namespace yipan::api {
namespace {
using access::Action;
constexpr std::size_t batch_items_max = 200;
constexpr std::int64_t cases_shown_max = 50, timeline_max = 1'000;

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
    const auto cases = flow::rows(snapshot, model.flow.cases, {{"subject", subject}}, cases_shown_max, true);
    const auto items = flow::rows(snapshot, model.flow.work, {{"subject", subject}}, timeline_max, true);
    const auto opinions = flow::rows(snapshot, model.flow.opinion, {{"subject", subject}}, timeline_max, true);
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
    act.person = who.actor, act.post = who.post, act.channel = who.channel, act.idempotency_key = who.idempotency_key, act.language = who.language;
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
    const record::RecordPtr r = record_of(call, type, Merged::refused);
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
    const record::RecordPtr r = record_of(call, type, Merged::refused);
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
            if (done) {
                results.push_back({{"item", id.value}, {"receipt", receipt_json(done->receipt)}});
                continue;
            }
            Errors refused = done.error();
            results.push_back({{"item", id.value}, {"errors", errors_json(refused)}});
        }
        call->ok(json::object{{"results", std::move(results)}});
    });
}
}  // namespace

void add_flow_act_routes(std::vector<Route>& r) {
    constexpr std::size_t small = 64 * 1024;
    r.push_back({"GET", "/records/{type}/{id}/flow", Needs::post, By::reader, "read", false, 0, record_flow, "where a record stands in its workflow: case, work items, opinions, what may be done"});
    r.push_back({"POST", "/records/{type}/{id}/flow", Needs::post, By::writer, "write", true, small, start, "start a move that has steps"});
    r.push_back({"POST", "/records/{type}/{id}/assign", Needs::post, By::writer, "write", true, small, assign_record, "give a record to a post to work on"});
    r.push_back({"POST", "/flow/items/{id}/{action}", Needs::post, By::writer, "write", true, small, act_on_item, "agree, disagree, return, hand over, assign, add a signer"});
    r.push_back({"POST", "/flow/cases/{id}/{action}", Needs::post, By::writer, "write", true, small, act_on_case, "withdraw, urge, void"});
    r.push_back({"POST", "/flow/batch", Needs::post, By::writer, "write", true, small, batch, "the same act on several work items"});
}

}  // namespace yipan::api
