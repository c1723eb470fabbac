// Secret ballots: nothing here tells who chose what.
#include <algorithm>

#include "api/flow_telling.h"
#include "flow/ballots.h"

namespace yipan::api {
namespace {
using access::Action;

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
constexpr std::int64_t ballots_looked_at_max = 500;

// None: not shown to this reader.
std::optional<json::object> ballot_json(const CallPtr& call, Telling& telling, const record::RecordPtr& r) {
    const model::Model& model = call->model();
    const auto view = call->service.ballots().view(call->person(), r->id);
    const bool opener = call->post().value != 0 && flow::reference(model, *r, "opener") == call->post();
    const bool sees = opener || call->who->may(Action::see, *r, call->world());
    if (!view || !(view->may_vote || view->voted || sees)) return std::nullopt;
    const bool open = flow::text(model, *r, "status") == "open";
    json::array counts, choices, voted;
    const std::string owner = model.types[at(model.flow.ballot)].code;
    if (const auto lines = flow::rows(call->snapshot(), model.flow.ballot_count, {{owner, record::Value(r->id.value)}}, static_cast<std::int64_t>(flow::ballot_choices_max)))
        for (const auto& l : lines->rows) counts.push_back({{"choice", flow::text(model, *l, "choice")}, {"votes", flow::number(model, *l, "votes")}});
    if (!open && sees)
        if (const auto lines = flow::rows(call->snapshot(), model.flow.ballot_voter, {{owner, record::Value(r->id.value)}}, static_cast<std::int64_t>(flow::voters_max)))
            for (const auto& l : lines->rows) voted.push_back(telling.person(flow::reference(model, *l, "person")));
    for (std::string& choice : flow::ballot_choices(flow::text(model, *r, "choices"))) choices.emplace_back(std::move(choice));
    json::value subject = nullptr;
    if (const auto about = flow::subject_of(model, flow::text(model, *r, "subject")))
        if (const auto record = call->snapshot().record(about->type, about->record); record && call->who->may(Action::see, *record, call->world()))
            subject = json::object{{"type", model.types[at(about->type)].code}, {"id", about->record.value}, {"title", flow::title_of(model, *record)}};
    return json::object{{"id", r->id.value}, {"version", r->version}, {"status", flow::text(model, *r, "status")}, {"question", flow::text(model, *r, "question")}, {"subject", std::move(subject)},
                        {"choices", std::move(choices)}, {"most", flow::number(model, *r, "most")}, {"opener", telling.post(flow::reference(model, *r, "opener"))}, {"opened", telling.instant(*r, "opened")},
                        {"closed", telling.instant(*r, "closed")}, {"voters", flow::number(model, *r, "voters_expected")}, {"turnout", view->turnout}, {"may_vote", open && view->may_vote && !view->voted},
                        {"voted", view->voted}, {"may_close", open && opener}, {"counts", std::move(counts)}, {"voted_by", std::move(voted)}};
}
void list_ballots(const CallPtr& call) {
    if (!has_flow(call)) return;
    const std::string_view status = call->request.asked("status", "open");
    if (status != "open" && status != "closed") return call->problem(Error{Code::invalid_input, "status", "\"" + std::string(status.substr(0, 40)) + "\" is no state of a ballot", "open or closed"});
    const auto found = flow::rows(call->snapshot(), call->model().flow.ballot, {{"status", record::Value(std::string(status))}}, ballots_looked_at_max, true);
    if (!found) return call->problem(found.error());
    Telling telling(call);
    json::array rows;
    for (const auto& r : found->rows)
        if (auto one = ballot_json(call, telling, r)) rows.emplace_back(std::move(*one));
    call->ok(json::object{{"position", call->snapshot().position().value}, {"rows", std::move(rows)}, {"more", found->more}});
}
void show_ballot(const CallPtr& call) {
    if (!has_flow(call)) return;
    const auto id = id_parameter(call, 0);
    if (!id) return;
    const auto r = call->snapshot().record(call->model().flow.ballot, *id);
    Telling telling(call);
    auto shown = r ? ballot_json(call, telling, r) : std::nullopt;
    if (!shown) return call->problem(Error{Code::not_found, "ballot", "there is no such ballot", ""});
    call->ok(std::move(*shown));
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

void add_flow_ballot_routes(std::vector<Route>& r) {
    constexpr std::size_t small = 64 * 1024;
    r.push_back({"POST", "/flow/ballots", Needs::post, By::writer, "write", true, small, open_ballot, "open a secret ballot"});
    r.push_back({"GET", "/flow/ballots", Needs::post, By::writer, "read", false, 0, list_ballots, "ballots this person votes in or this post opened"});
    r.push_back({"GET", "/flow/ballots/{id}", Needs::post, By::writer, "read", false, 0, show_ballot, "a ballot, without anybody's vote"});
    r.push_back({"POST", "/flow/ballots/{id}/vote", Needs::post, By::writer, "write", true, small, vote, "one's own vote"});
    r.push_back({"POST", "/flow/ballots/{id}/close", Needs::post, By::writer, "write", true, small, close_ballot, "count the votes"});
    r.push_back({"POST", "/flow/ballots/{id}/count", Needs::post, By::writer, "write", true, small, count_ballot, "enter the count of votes on paper"});
}

}  // namespace yipan::api
