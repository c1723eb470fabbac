// Lists of work, the inbox, quick phrases, working days.
#include <set>

#include "api/flow_telling.h"

namespace yipan::api {
namespace {
constexpr std::size_t phrases_max = 50, phrase_bytes_max = 400, read_ids_max = 2'000;

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
            json::object row{{"id", m->id.value}, {"text", flow::text(model, *m, "text")}, {"at", tell.instant(*m, "at")}};
            tell.about(*m, row);
            rows.emplace_back(std::move(row));
        }
        out["total"] = total_json(*total);
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
            tell.about(*c, row);
            rows.emplace_back(std::move(row));
        }
        out["total"] = total_json(*total);
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
    out["total"] = total_json(*total);
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
        json::object row{{"id", m->id.value}, {"kind", flow::text(model, *m, "kind")}, {"text", flow::text(model, *m, "text")}, {"at", tell.instant(*m, "at")}, {"on", tell.day(*m, "nominal")},
                         {"late", flow::number(model, *m, "late") != 0}, {"read", m->id.value <= read.up_to || read.ids.contains(m->id.value)}};
        tell.about(*m, row);
        rows.emplace_back(std::move(row));
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
}  // namespace

void add_flow_work_routes(std::vector<Route>& r) {
    constexpr std::size_t small = 64 * 1024;
    r.push_back({"GET", "/flow/items", Needs::post, By::reader, "read", false, 0, items, "work: to do, done, started, copied"});
    r.push_back({"GET", "/flow/inbox", Needs::post, By::reader, "read", false, 0, inbox, "messages of the post"});
    r.push_back({"POST", "/flow/inbox/read", Needs::post, By::writer, "write", false, small, mark_read, "mark messages as read"});
    r.push_back({"GET", "/flow/phrases", Needs::post, By::reader, "read", false, 0, phrases, "quick phrases"});
    r.push_back({"PUT", "/flow/phrases", Needs::post, By::writer, "write", false, small, keep_phrases, "one's own quick phrases"});
    r.push_back({"GET", "/flow/workdays", Needs::post, By::reader, "read", false, 0, workdays, "the day so many working days from another"});
}

}  // namespace yipan::api
