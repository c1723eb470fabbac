// Absences, what stands with a post, load, and filters issued as lists.
#include <set>

#include "api/flow_telling.h"
#include "flow/load.h"
#include "flow/orders.h"

namespace yipan::api {
namespace {
using access::Action;
constexpr std::int64_t handover_rows_max = 200;

void delegations(const CallPtr& call) {
    if (!has_flow(call)) return;
    Telling tell(call);
    const model::Model& model = call->model();
    const auto list = [&](std::string_view field) {
        json::array out;
        if (const auto found = flow::rows(call->snapshot(), model.flow.delegation, {{field, record::Value(call->post().value)}}, 200, true))
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
    later(call, [call, what] { answer_receipt(call, flow::delegate(call->service.board(), acting(call), what), 201); });
}
void end_delegation(const CallPtr& call) {
    if (!has_flow(call)) return;
    const auto id = id_parameter(call, 0);
    if (!id) return;
    call->drop_snapshot();
    later(call, [call, id] { answer_receipt(call, flow::end_delegation(call->service.board(), acting(call), *id), 200); });
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
    if (const auto found = flow::rows(snapshot, model.flow.delegation, {{"from_post", record::Value(post.value)}}, 50, true))
        for (const auto& r : found->rows) given.push_back({{"to", tell.post(flow::reference(model, *r, "to_post"))}, {"from", tell.day(*r, "valid_from")}, {"until", tell.day(*r, "valid_to")}});
    json::array holders;
    for (const RecordId p : tell.standing().holders(post)) holders.push_back(tell.person(p));
    call->ok(json::object{{"position", snapshot.position().value}, {"post", tell.post(post)}, {"holders", std::move(holders)}, {"vacant", tell.standing().vacant(post)}, {"items", std::move(list)}, {"more", open->more},
                          {"records", std::move(records)}, {"delegations", std::move(given)}});
}
json::object told(const flow::Load& load) { return {{"open", load.open}, {"late", load.late}, {"due_7", load.soon}}; }
// What each person has to do, with all his posts together and with the vacant posts whose work falls to him. Told to the
// post that leads the unit (flow: leads) and of the posts of that unit and those below it: to share out work, for nothing
// else.
void tell_people(const CallPtr& call, Telling& tell, const std::map<std::int64_t, flow::Load>& by_post, json::object& out) {
    const model::Model& model = call->model();
    json::array rows;
    out["people"] = json::array{};
    out["people_total"] = nullptr;
    if (model.flow.leads < 0) return;
    const access::Directory& directory = call->who->directory();
    std::set<std::pair<int, std::int64_t>> led;
    const std::string& leads = model.types[at(model.identity.unit_type)].fields[at(model.flow.leads)].code;
    const auto units = flow::rows(call->snapshot(), model.identity.unit_type, {{leads, record::Value(call->post().value)}}, 100);
    if (!units || units->rows.empty()) return;
    for (const auto& unit : units->rows) {
        const auto& below = directory.below(unit->id.value);
        led.insert(below.begin(), below.end());
    }
    std::map<std::int64_t, flow::Load> posts;
    for (const auto& [post, load] : by_post)
        if (led.contains({model.identity.unit_type, directory.unit_of(RecordId(post))})) posts.emplace(post, load);
    const flow::LoadByPerson by_person = flow::load_by_person(tell.standing(), posts);
    for (const auto& [id, person] : by_person.people) {
        json::object row = told(person.load);
        json::array held;
        for (const auto& [post, because] : person.posts) held.push_back({{"post", tell.post(post)}, {"because", flow::because_name(because)}});
        row["person"] = tell.person(RecordId(id)), row["posts"] = std::move(held);
        rows.emplace_back(std::move(row));
    }
    out["people"] = std::move(rows);
    json::object total = told(by_person.all);
    total["nobody"] = told(by_person.nobody), total["again"] = told(by_person.again);
    out["people_total"] = std::move(total);
}

void load(const CallPtr& call) {
    if (!has_flow(call)) return;
    board::Snapshot& snapshot = call->snapshot();
    Telling tell(call);
    if (!tell.ready()) return call->problem(Error{Code::busy, "", "who stands where cannot be read", "ask again"}, 503);
    const auto where = call->who->where(call->model().flow.work, Action::see, call->world());
    if (!where) return call->problem(where.error());
    flow::LoadByPost counted;
    if (!where->nothing) {
        board::Snapshot::Query which;
        if (!where->everything) which.also = where->sql;
        which.also_parameters = where->parameters;
        auto found = flow::load_by_post(snapshot, std::move(which));
        if (!found) return call->problem(found.error());
        counted = std::move(*found);
    }
    json::array rows;
    for (const auto& [post, row] : counted.posts) {
        json::array people, falls;
        for (const RecordId p : tell.standing().holders(RecordId(post))) people.push_back(tell.person(p));
        for (const auto& f : tell.standing().acting_for(RecordId(post)))
            if (f.post.value != post) falls.push_back({{"post", tell.post(f.post)}, {"because", flow::because_name(f.because)}});
        json::object one = told(row);
        one["post"] = tell.post(RecordId(post)), one["people"] = std::move(people), one["vacant"] = tell.standing().vacant(RecordId(post)), one["falls_to"] = std::move(falls);
        rows.emplace_back(std::move(one));
    }
    json::object out{{"position", snapshot.position().value}, {"rows", std::move(rows)}, {"cut", counted.cut}};
    tell_people(call, tell, counted.posts, out);
    call->ok(std::move(out));
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
    later(call, [call, listing = std::move(listing)] { answer_receipt(call, flow::issue_list(call->service.board(), acting(call), listing), 201); });
}
void track_list(const CallPtr& call) {
    if (!has_flow(call)) return;
    const auto id = id_parameter(call, 0);
    if (!id) return;
    const auto r = call->snapshot().record(call->model().flow.list, *id);
    if (!r || !call->who->may(Action::see, *r, call->world())) return call->problem(Error{Code::not_found, "list", "there is no such list", ""});
    call->drop_snapshot();
    later(call, [call, id] {
        auto done = flow::track_list(call->service.board(), acting(call), *id);
        if (!done) return call->problem(std::move(done.error()));
        json::object out{{"done", done->done}, {"open", done->open}, {"receipt", nullptr}};
        if (done->receipt) out["receipt"] = receipt_json(*done->receipt);
        call->ok(std::move(out));
    });
}
// -- notices: the paper is the report of the type (docs/reports.md), the answer is an act

void answer_notice(const CallPtr& call) {
    if (!has_flow(call)) return;
    const auto id = id_parameter(call, 0);
    const auto body = id ? call->body() : std::nullopt;
    if (!body) return;
    const auto r = call->snapshot().record(call->model().flow.notice, *id);
    if (!r || !call->who->may(Action::see, *r, call->world())) return call->problem(Error{Code::not_found, "notice", "there is no such notice", ""});
    const std::string words = member_text(*body, "text");
    call->drop_snapshot();
    later(call, [call, id, words] { answer_receipt(call, flow::answer_notice(call->service.acts(), acting(call), *id, words), 200); });
}
}  // namespace

void add_flow_order_routes(std::vector<Route>& r) {
    constexpr std::size_t small = 64 * 1024;
    r.push_back({"GET", "/flow/delegations", Needs::post, By::reader, "read", false, 0, delegations, "who stands in for whom"});
    r.push_back({"POST", "/flow/delegations", Needs::post, By::writer, "write", true, small, delegate, "delegate the post for some days"});
    r.push_back({"POST", "/flow/delegations/{id}/end", Needs::post, By::writer, "write", true, small, end_delegation, "end a delegation early"});
    r.push_back({"GET", "/flow/handover", Needs::post, By::reader, "read", true, 0, handover, "what stands with a post"});
    r.push_back({"GET", "/flow/load", Needs::post, By::reader, "read", true, 0, load, "open and late work by post and person"});
    r.push_back({"POST", "/flow/lists", Needs::post, By::writer, "write", true, small, issue_list, "issue a filter as a list"});
    r.push_back({"POST", "/flow/lists/{id}/track", Needs::post, By::writer, "write", true, small, track_list, "mark what is done"});
    r.push_back({"POST", "/flow/notices/{id}/answer", Needs::post, By::writer, "write", true, small, answer_notice, "answer a coloured notice"});
}

}  // namespace yipan::api
