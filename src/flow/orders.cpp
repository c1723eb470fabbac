#include "flow/orders.h"

#include <algorithm>

namespace yipan::flow {
namespace {
Error wrong(Code code, std::string where, std::string message, std::string hint = {}) { return {code, std::move(where), std::move(message), std::move(hint)}; }
const Error no_flow{Code::usage, "flow", "this board's model declares no workflow", "flow: in a module (docs/flow.md)"};

// Whether `post` is delegated on to `target` on some of those days, over however many others: each is looked at once.
bool leads_to(const std::vector<Delegating>& all, RecordId post, RecordId target, const Delegating& days) {
    std::map<std::int64_t, std::vector<std::int64_t>> onward;
    for (const Delegating& d : all)
        if (d.begins <= days.until && d.until >= days.begins) onward[d.from.value].push_back(d.to.value);
    std::set<std::int64_t> seen{post.value};
    std::vector<std::int64_t> line{post.value};
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == target.value) return true;
        const auto next = onward.find(line[i]);
        if (next == onward.end()) continue;
        for (const std::int64_t to : next->second)
            if (seen.insert(to).second) line.push_back(to);
    }
    return false;
}
}  // namespace

Checked<board::Receipt> delegate(board::Board& board, const Acting& who, const Delegating& what) {
    const auto snapshot = board.snapshot();
    const model::Model& model = snapshot->model();
    if (!model.flow.declared) return fail(Errors{no_flow});
    Errors errors;
    if (who.post.value != 0 && what.from != who.post) errors.push_back(wrong(Code::not_allowed, "from", "one delegates one's own post"));
    const auto to = snapshot->record(model.identity.post, what.to);
    if (!to || to->voided) errors.push_back(wrong(Code::not_found, "to", "there is no such post"));
    if (what.from == what.to) errors.push_back(wrong(Code::invalid_input, "to", "a post cannot stand in for itself"));
    if (what.until < what.begins) errors.push_back(wrong(Code::invalid_input, "until", "the last day is before the first"));
    if (what.until < snapshot->today()) errors.push_back(wrong(Code::invalid_input, "until", "these days are over"));
    if (what.until.days - what.begins.days >= delegation_days_max) errors.push_back(wrong(Code::limit_exceeded, "until", "more than a year", "appoint somebody"));
    std::vector<Delegating> all;
    if (const auto read = snapshot->each(model.flow.delegation, [&](const record::RecordPtr& r) {
            if (r->voided) return true;
            Delegating d{reference(model, *r, "from_post"), reference(model, *r, "to_post"), *date(model, *r, "valid_from"), *date(model, *r, "valid_to"), ""};
            if (const auto ended = date(model, *r, "ended"); ended && *ended <= d.until) d.until = Date{ended->days - 1};
            if (d.until >= snapshot->today()) all.push_back(d);
            return true;
        }); !read)
        return fail(Errors{read.error()});
    if (errors.empty() && leads_to(all, what.to, what.from, what))
        errors.push_back(wrong(Code::rule_broken, "to", "委托成环 / that post is delegated back to this one in those days", "choose another post"));
    for (const Delegating& d : all)
        if (d.from == what.from && d.to == what.to && d.begins <= what.until && d.until >= what.begins) {
            errors.push_back(wrong(Code::duplicate, "to", "it is delegated to that post already from " + d.begins.text() + " to " + d.until.text()));
            break;
        }
    if (!errors.empty()) return fail(std::move(errors));
    Making m(model, board::Verb::create, model.flow.delegation);
    m.set("from_post", what.from).set("to_post", what.to).set("valid_from", what.begins).set("valid_to", what.until);
    if (!what.reason.empty()) m.set("reason", what.reason);
    board::Draft draft = draft_of(who);
    draft.changes.push_back(std::move(m.change));
    return board.apply(std::move(draft));
}

Checked<board::Receipt> end_delegation(board::Board& board, const Acting& who, RecordId delegation) {
    const auto snapshot = board.snapshot();
    const model::Model& model = snapshot->model();
    if (!model.flow.declared) return fail(Errors{no_flow});
    const auto r = snapshot->record(model.flow.delegation, delegation);
    if (!r || (who.post.value != 0 && reference(model, *r, "from_post") != who.post)) return fail(Errors{wrong(Code::not_found, "delegation", "there is no such delegation of this post")});
    if (date(model, *r, "ended")) return fail(Errors{wrong(Code::version_conflict, "delegation", "it was ended already")});
    Making m(model, board::Verb::amend, model.flow.delegation, delegation);
    m.set("ended", snapshot->today());
    m.change.expected_version = r->version;
    board::Draft draft = draft_of(who);
    draft.changes.push_back(std::move(m.change));
    return board.apply(std::move(draft));
}

Checked<board::Receipt> issue_list(board::Board& board, const Acting& who, const Listing& what) {
    const auto snapshot = board.snapshot();
    const model::Model& model = snapshot->model();
    if (!model.flow.declared) return fail(Errors{no_flow});
    Errors errors;
    if (what.title.empty()) errors.push_back(wrong(Code::invalid_input, "title", "the list has no title"));
    if (what.records.empty()) errors.push_back(wrong(Code::invalid_input, "filter", "the filter selects nothing"));
    if (static_cast<std::int64_t>(what.records.size()) > list_lines_max) errors.push_back(wrong(Code::limit_exceeded, "filter", "more than 500 records", "narrow the filter, or issue several lists"));
    if (!what.done_when.empty()) {
        if (const auto tried = snapshot->count(what.type, what.done_when); !tried) errors.push_back({tried.error().code, "done_when", tried.error().message, tried.error().hint});
    }
    const RecordId lead = what.owner.value != 0 ? what.owner : who.post;
    Making m(model, board::Verb::create, model.flow.list);
    m.set("title", what.title).set("of_type", model.types[at(what.type)].code).set("owner", lead).set("issued", snapshot->today()).set("status", "issued");
    if (!what.filter.empty()) m.set("filter", what.filter);
    if (!what.done_when.empty()) m.set("done_when", what.done_when);
    if (what.due) m.set("due", *what.due);
    board::Draft draft = draft_of(who);
    draft.changes.push_back(std::move(m.change));
    std::map<std::int64_t, std::int64_t> by_post;
    const std::string owner_field = model.types[at(model.flow.list)].code;
    for (const auto& record : what.records) {
        const RecordId post = what.owner.value != 0 ? what.owner : responsible_post(*snapshot, *record);
        if (post.value == 0) {
            errors.push_back(wrong(Code::rule_broken, "filter", "责任到岗: " + title_of(model, *record) + " 没有责任岗位 / has no responsible post", "enter one, or name an owner for the whole list"));
            continue;
        }
        Making line(model, board::Verb::create, model.flow.list_line);
        line.set(owner_field, record::Value(std::int64_t{-1})).set("subject", subject_text(model, {record->type, record->id})).set("title", title_of(model, *record)).set("owner", post).set("status", "open");
        if (what.due) line.set("due", *what.due);
        draft.changes.push_back(std::move(line.change));
        ++by_post[post.value];
    }
    for (const auto& [post, lines] : by_post) {
        Making message(model, board::Verb::create, model.flow.message);
        message.set("to_post", RecordId(post)).set("kind", "list").set("subject", model.types[at(what.type)].code + "/0").set("title", what.title);
        message.set("text", std::to_string(lines) + " 项").set("at", record::Value(board.now().micros));
        draft.changes.push_back(std::move(message.change));
    }
    if (!errors.empty()) return fail(std::move(errors));
    return board.apply(std::move(draft));
}

Checked<Tracked> track_list(board::Board& board, const Acting& who, RecordId list) {
    const auto snapshot = board.snapshot();
    const model::Model& model = snapshot->model();
    if (!model.flow.declared) return fail(Errors{no_flow});
    const auto r = snapshot->record(model.flow.list, list);
    if (!r) return fail(Errors{wrong(Code::not_found, "list", "there is no such list")});
    const int type = model.find_type(text(model, *r, "of_type"));
    const std::string done_when = text(model, *r, "done_when");
    if (type < 0 || done_when.empty()) return fail(Errors{wrong(Code::usage, "list", "the list does not say when a line is done", "done_when: a filter over its records")});
    const std::string owner_field = model.types[at(model.flow.list)].code;
    const auto lines = rows(*snapshot, model.flow.list_line, {{owner_field, record::Value(list.value)}}, list_lines_max);
    if (!lines) return fail(Errors{lines.error()});
    Tracked out;
    board::Draft draft = draft_of(who);
    for (const auto& line : lines->rows) {
        if (text(model, *line, "status") == "done") {
            ++out.done;
            continue;
        }
        const auto subject = subject_of(model, text(model, *line, "subject"));
        board::Snapshot::Query query;
        query.filter = done_when;
        query.also = "t.id = ?1";
        query.also_parameters = {record::Value(subject ? subject->record.value : std::int64_t{0})};
        const auto fulfils = subject ? snapshot->count(type, query, 1) : Result<std::int64_t>(0);
        if (!fulfils) return fail(Errors{fulfils.error()});
        if (*fulfils == 0) {
            ++out.open;
            continue;
        }
        ++out.done;
        Making m(model, board::Verb::amend, model.flow.list_line, line->id);
        m.set("status", "done").set("done_on", snapshot->today());
        m.change.expected_version = line->version;
        draft.changes.push_back(std::move(m.change));
    }
    if (draft.changes.empty()) return out;
    if (out.open == 0) {
        Making m(model, board::Verb::amend, model.flow.list, list);
        m.set("status", "closed");
        draft.changes.push_back(std::move(m.change));
    }
    auto done = board.apply(std::move(draft));
    if (!done) return fail(std::move(done.error()));
    out.receipt = std::move(*done);
    return out;
}

Checked<board::Receipt> answer_notice(Acts& acts, const Acting& who, RecordId notice, const std::string& words) {
    const auto snapshot = acts.board().snapshot();
    const model::Model& model = snapshot->model();
    if (!model.flow.declared) return fail(Errors{no_flow});
    const model::Type& type = model.types[at(model.flow.notice)];
    for (const char* field : {"answer", "answered_on", "answered_post"})
        if (type.find(field) < 0) return fail(Errors{wrong(Code::usage, "notice", "a " + type.code + " of this board has no field for an answer", "docs/flow.md, section 3")});
    const auto r = snapshot->record(model.flow.notice, notice);
    if (!r) return fail(Errors{wrong(Code::not_found, "notice", "there is no such notice")});
    const RecordId to = reference(model, *r, "to_post");
    const auto standing = acts.standing(*snapshot);
    if (!standing) return fail(Errors{standing.error()});
    Errors errors;
    if (who.post.value != 0 && !(*standing)->may_act(who.post, to))
        errors.push_back(wrong(Code::not_allowed, "notice", "通知单由责任岗位答复 / a notice is answered by the post it went to", "or by who stands in for it"));
    if (date(model, *r, "answered_on")) errors.push_back(wrong(Code::version_conflict, "notice", "已经答复 / it was answered on " + date(model, *r, "answered_on")->text()));
    if (words.find_first_not_of(" \t\r\n") == std::string::npos) errors.push_back(wrong(Code::invalid_input, "text", "没有答复内容 / the answer has no text", "say why it is late and when it will be done"));
    if (!errors.empty()) return fail(std::move(errors));
    Making m(model, board::Verb::amend, model.flow.notice, notice);
    m.set("answer", words).set("answered_on", snapshot->today()).set("answered_post", who.post);
    m.change.expected_version = r->version;
    board::Draft draft = draft_of(who);
    draft.changes.push_back(std::move(m.change));
    return acts.board().apply(std::move(draft));
}

}  // namespace yipan::flow
