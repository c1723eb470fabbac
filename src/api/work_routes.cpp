// The workplace: what is due and who asked for it, what one typed and did not send, comments on a record.
#include <algorithm>

#include "api/activity.h"
#include "api/duty.h"
#include "api/figures.h"
#include "api/records.h"
#include "base/hash.h"

namespace yipan::api {
namespace {
using access::Action;
using model::Colour;
constexpr std::size_t due_max = 200, list_max = 50, drafts_max = 200, moved_max = 40, own_figures_max = 12;
constexpr std::size_t draft_bytes_max = 256 * 1024, small_bytes_max = 64 * 1024, comment_bytes_max = 4'000;
constexpr std::int64_t comments_max = 500;
std::size_t at(int i) { return static_cast<std::size_t>(i); }

// -- texts beside the journal: by person, drafts by person and post

std::string space_of(std::string_view kind, const CallPtr& call, bool by_post) {
    std::string out = std::string(kind) + "/" + std::to_string(call->person().value);
    if (by_post) out += "/" + std::to_string(call->post().value);
    return out;
}
void keep(const CallPtr& call, std::string space, std::string key, std::optional<std::string> value) {
    board::Draft draft = call->draft();
    draft.side.push_back({std::move(space), std::move(key), std::move(value)});
    call->submit(std::move(draft), [call](Checked<board::Receipt> answer) {
        if (!answer) return call->problem(std::move(answer.error()));
        net::Response r;
        r.status = 204;
        call->ok_with(std::move(r));
    });
}
/// Any JSON value as sent; answers 400 itself. `null` and nothing drop what was kept.
std::optional<std::optional<std::string>> any_json(const CallPtr& call) {
    constexpr unsigned depth_max = 24;
    if (call->request.body.empty()) return std::optional<std::string>();
    json::parse_options options;
    options.max_depth = depth_max;
    boost::system::error_code bad;
    const json::value v = json::parse(call->request.body, bad, {}, options);
    if (bad) return call->problem(Error{Code::usage, "body", "the body is not JSON: " + bad.message(), ""}, 400), std::nullopt;
    if (v.is_null()) return std::optional<std::string>();
    return std::optional<std::string>(json::serialize(v));
}
void answer_kept(const CallPtr& call, const std::string& space, const std::string& key) {
    const auto kept = call->snapshot().side(space, key);
    if (!kept) return call->problem(kept.error());
    net::Response r;
    r.with("Content-Type", "application/json");
    r.body = *kept ? **kept : "null";
    call->ok_with(std::move(r));
}
// "project/new", "project/117": a slash in a key arrives as one more segment.
std::string draft_key(const CallPtr& call) {
    std::string key;
    for (std::size_t i = 1; i < call->parameters.size(); ++i) key += (key.empty() ? "" : "/") + call->parameters[i];
    return key.substr(0, 200);
}
void show_draft(const CallPtr& call) { answer_kept(call, space_of("draft", call, true), draft_key(call)); }
void keep_draft(const CallPtr& call) {
    auto value = any_json(call);
    if (!value) return;
    const std::string space = space_of("draft", call, true), key = draft_key(call);
    if (*value) {
        std::size_t count = 0;
        bool known = false;
        (void)call->snapshot().each_side(space, [&](std::string_view k, std::string_view) { ++count, known = known || k == key; });
        if (!known && count >= drafts_max) return call->problem(Error{Code::limit_exceeded, "draft", "200 drafts are kept already", "send or drop some"}, 413);
    }
    keep(call, space, key, std::move(*value));
}
void show_views(const CallPtr& call) {
    if (type_of(call, call->parameter(0)) >= 0) answer_kept(call, space_of("view", call, false), call->parameter(0));
}
void keep_views(const CallPtr& call) {
    if (type_of(call, call->parameter(0)) < 0) return;
    if (auto value = any_json(call)) keep(call, space_of("view", call, false), call->parameter(0), std::move(*value));
}
void show_prefs(const CallPtr& call) { answer_kept(call, space_of("pref", call, false), "page"); }
void keep_prefs(const CallPtr& call) {
    if (auto value = any_json(call)) keep(call, space_of("pref", call, false), "page", std::move(*value));
}

// -- comments: the text lies beside the journal, an entry says who commented and the hash of what was said

}  // namespace
std::string comment_space(const model::Type& type, RecordId id) { return "comment/" + type.code + "/" + std::to_string(id.value); }
namespace {
void comments(const CallPtr& call) {
    int type = -1;
    const record::RecordPtr r = record_of(call, type);
    if (!r) return;
    Shower shower(*call);
    json::array list;
    bool more = false;
    (void)call->snapshot().each_side(comment_space(call->model().types[at(type)], r->id), [&](std::string_view, std::string_view value) {
        if (list.size() >= static_cast<std::size_t>(comments_max)) return void(more = true);
        boost::system::error_code bad;
        const json::value v = json::parse(value, bad);
        if (bad || !v.is_object()) return;
        const json::object& o = v.get_object();
        const auto id = [&](const char* key) { return RecordId(o.at(key).is_int64() ? o.at(key).get_int64() : 0); };
        list.push_back({{"id", list.size() + 1}, {"time", o.at("time")}, {"person", shower.reference(call->model().identity.person, id("person"))},
                        {"post", shower.reference(call->model().identity.post, id("post"))}, {"text", o.at("text")}});
    });
    call->ok(json::object{{"position", call->snapshot().position().value}, {"comments", std::move(list)}, {"more", more}});
}
void comment(const CallPtr& call) {
    int type = -1;
    const record::RecordPtr r = record_of(call, type, Merged::refused);
    if (!r) return;
    const auto body = call->body();
    if (!body) return;
    const std::string text = member_text(*body, "text");
    if (text.empty() || text.size() > comment_bytes_max) return call->problem(Error{Code::invalid_input, "text", "a comment has 1 to 4,000 bytes", ""}, 422);
    const model::Type& shape = call->model().types[at(type)];
    const std::string space = comment_space(shape, r->id);
    std::int64_t count = 0;
    (void)call->snapshot().each_side(space, [&](std::string_view, std::string_view) { ++count; });
    if (count >= comments_max) return call->problem(Error{Code::limit_exceeded, "text", "the record has 500 comments already", ""}, 413);
    const std::string now = call->service.board().now().text();
    board::Draft draft = call->draft();
    board::Change change;
    change.verb = board::Verb::act;
    change.told = json::serialize(json::object{{"act", "comment"}, {"type", shape.code}, {"record", r->id.value}, {"sha256", hex(sha256(text))}});
    draft.changes.push_back(std::move(change));
    // Two at the same time have different keys; the order is that of time.
    char key[64];
    std::snprintf(key, sizeof key, "%020lld/%lld/%s", static_cast<long long>(call->service.board().now().micros), static_cast<long long>(count),
                  hex(sha256(text + std::to_string(call->person().value))).substr(0, 8).c_str());
    const json::object kept{{"time", now}, {"person", call->person().value}, {"post", call->post().value}, {"text", text}};
    draft.side.push_back({space, key, json::serialize(kept)});
    call->submit(std::move(draft), [call](Checked<board::Receipt> answer) {
        if (!answer) return call->problem(std::move(answer.error()));
        call->ok(json::object{{"receipt", receipt_json(*answer)}}, 201);
    });
}

// -- to do

class Todo {
  public:
    explicit Todo(const CallPtr& call) : call_(call), model_(call->model()), figures_(*call) {
        for (const Lit& lit : call_->service.surveys().of(*call_)->lit) {
            auto& worst = worst_[{lit.record->type, lit.record->id.value}];
            worst = std::max(worst, lit.colour);
        }
    }

    json::object answer() {
        json::object out{{"position", call_->snapshot().position().value}, {"today", call_->snapshot().today().text()}};
        json::object counts;
        due(out, counts);
        done(out, counts);
        copied(out, counts);
        drafts(out, counts);
        figures(out);
        out["counts"] = std::move(counts);
        return out;
    }

  private:
    json::object item(const record::RecordPtr& r) {
        const model::Type& type = model_.types[at(r->type)];
        const auto* state = type.state >= 0 ? record::as_text(r->at(type.state)) : nullptr;
        const auto worst = worst_.find({r->type, r->id.value});
        return {{"type", type.code}, {"id", r->id.value}, {"version", r->version}, {"title", figures_.shower().title(*r)}, {"state", state ? json::value(*state) : json::value(nullptr)},
                {"light", worst == worst_.end() ? json::value(nullptr) : json::value(report::colour_name(worst->second))}};
    }

    // What this post answers for and is late or pending, the most urgent first.
    void due(json::object& out, json::object& counts) {
        const Date today = call_->snapshot().today();
        std::vector<const Lit*> mine;
        const auto survey = call_->service.surveys().of(*call_);
        for (const Lit& lit : survey->lit) {
            const bool pending = lit.due && *lit.due >= today && lit.behind && (lit.behind->units < 0 || *lit.due == today);
            if (lit.post == call_->post() && (lit.colour >= Colour::yellow || pending)) mine.push_back(&lit);
        }
        std::stable_sort(mine.begin(), mine.end(), [](const Lit* a, const Lit* b) {
            if (a->colour != b->colour) return a->colour > b->colour;
            return a->due && b->due ? *a->due < *b->due : a->due.has_value();
        });
        counts["due"] = mine.size();
        json::array list;
        bool published = true;
        for (const Lit* lit : mine) {
            if (list.size() >= due_max) break;
            json::object one = item(lit->record);
            one["light"] = report::colour_name(lit->colour);
            one["code"] = model_.lights[at(lit->light)].code;
            one["label"] = label_json(model_.lights[at(lit->light)].label);
            one["behind"] = lit->behind ? json::value(lit->behind->normalised().text()) : json::value(nullptr);
            one["due"] = lit->due ? json::value(lit->due->text()) : json::value(nullptr);
            one["left_workdays"] = nullptr;
            if (lit->due) {
                if (const auto days = call_->service.settings().calendar.working_days_between(today, *lit->due)) {
                    one["left_workdays"] = days->value;
                    published = published && days->published();
                }
            }
            one["moves"] = tree_of([&](JsonText& text) { write_moves(text, *call_, lit->record); });
            list.push_back(std::move(one));
        }
        out["due"] = std::move(list);
        out["workdays_published"] = published;
    }

    // What this person did under this post lately, and what of it began with him.
    void done(json::object& out, json::object& counts) {
        json::array mine, started;
        std::set<std::pair<int, std::int64_t>> seen_mine, seen_started;
        for (const auto& did : call_->service.activity().of(call_->service.board(), call_->snapshot(), call_->person(), call_->post())) {
            const bool create = did.verb == board::Verb::create;
            auto& seen = create ? seen_started : seen_mine;
            json::array& list = create ? started : mine;
            if (list.size() >= list_max || !seen.emplace(did.type, did.record.value).second) continue;
            const record::RecordPtr r = call_->snapshot().record(did.type, did.record);
            if (!r || !figures_.shower().sees(*r)) continue;
            json::object one = item(r);
            one["time"] = did.time.text();
            one["verb"] = board::verb_name(did.verb);
            list.push_back(std::move(one));
        }
        counts["mine"] = mine.size();
        counts["started"] = started.size();
        out["mine"] = std::move(mine);
        out["started"] = std::move(started);
    }

    // Records that name this post or person in a field that is not who answers for them.
    void copied(json::object& out, json::object& counts) {
        json::array list;
        std::set<std::pair<int, std::int64_t>> seen;
        for (const model::Type& type : model_.types) {
            if (type.index == model_.identity.post || type.index == model_.identity.holds.type || type.index == model_.rights.grants.type) continue;
            if (!call_->who->may_ever(type.index, Action::see)) continue;
            for (std::size_t f = 0; f < type.fields.size() && list.size() < list_max; ++f) {
                const model::Field& field = type.fields[f];
                const bool post = field.target == model_.identity.post, person = field.target == model_.identity.person;
                const bool one = field.kind == model::FieldKind::reference, many = field.kind == model::FieldKind::references;
                if (field.target < 0 || (!post && !person) || (!one && !many)) continue;
                if (type.responsible.size() == 1 && type.responsible.front() == static_cast<int>(f)) continue;
                const auto where = call_->who->where(type.index, Action::see, call_->world());
                if (!where) continue;
                board::Snapshot::Query q;
                q.also_parameters = where->parameters;
                q.also_parameters.emplace_back(post ? call_->post().value : call_->person().value);
                const std::string column = "t.\"" + field.code + "\"", value = "?" + std::to_string(q.also_parameters.size());
                q.also = (where->sql.empty() ? "" : "(" + where->sql + ") AND ") +
                         (one ? column + " = " + value : "EXISTS (SELECT 1 FROM json_each(" + column + ") e WHERE e.value = " + value + ")");
                q.order.push_back({-1, true});
                q.limit = static_cast<std::int64_t>(list_max);
                const auto rows = call_->snapshot().list(type.index, q);
                if (!rows) continue;
                for (const auto& r : rows->rows)
                    if (list.size() < list_max && seen.emplace(r->type, r->id.value).second) list.push_back(item(r));
            }
        }
        counts["copied"] = list.size();
        out["copied"] = std::move(list);
    }

    void drafts(json::object& out, json::object& counts) {
        json::array list;
        (void)call_->snapshot().each_side(space_of("draft", call_, true), [&](std::string_view key, std::string_view value) {
            boost::system::error_code bad;
            const json::value v = json::parse(value, bad);
            json::object one{{"key", key}};
            if (!bad && v.is_object())
                for (const char* name : {"title", "type", "time"})
                    if (const auto* member = v.get_object().if_contains(name)) one[name] = *member;
            list.push_back(std::move(one));
        });
        counts["drafts"] = list.size();
        out["drafts"] = std::move(list);
    }

    bool reads(int figure, const std::set<int>& types) const {
        const model::Figure& f = model_.figures[at(figure)];
        if (!f.derived()) return types.contains(f.type);
        return std::any_of(f.parts.begin(), f.parts.end(), [&](const model::FigurePart& p) { return reads(p.figure, types); });
    }
    std::optional<figure::Ask> ask_of(int figure, int unit_type, std::int64_t unit) {
        const std::vector<int> types = report::unit_types(model_, figure);
        if (std::find(types.begin(), types.end(), unit_type) == types.end()) return std::nullopt;
        figure::Ask ask;
        ask.figure = figure;
        ask.unit_type = unit_type;
        ask.unit = unit;
        ask.today = call_->snapshot().today();
        if (report::has_period(model_, figure)) ask.period = Period::year_to_date(ask.today.year(), ask.today.month());
        if (!figures_.may_see(ask)) return std::nullopt;
        return ask;
    }
    json::object moved_json(const figure::Ask& ask, const figure::Value* before, const figure::Value& now) {
        json::object one{{"figure", model_.figures[at(ask.figure)].code}, {"unit", figures_.unit_json(ask)},
                         {"period", ask.period ? json::value(ask.period->text()) : json::value(nullptr)}, {"now", figures_.value_json(ask, now)}};
        if (before) one["before"] = figures_.value_json(ask, *before);
        return one;
    }
    // Figures of one's own unit: those with a light, and those that moved since this day began.
    void figures(json::object& out) {
        const int unit_type = model_.identity.unit_type;
        const std::int64_t unit = call_->who->unit();
        json::array own, moved;
        if (unit_type >= 0 && unit > 0) {
            for (const model::Light& light : model_.lights) {
                if (light.figure < 0 || own.size() >= own_figures_max) continue;
                const auto ask = ask_of(light.figure, unit_type, unit);
                const figure::Value now = ask ? figures_.value(*ask) : figure::Value{};
                if (now.has) own.push_back(moved_json(*ask, nullptr, now));
            }
            const auto day = call_->service.activity().today(call_->service.board(), call_->snapshot());
            if (day && !day->types.empty())
                for (const model::Figure& figure : model_.figures) {
                    if (moved.size() >= moved_max) break;
                    if (!reads(figure.index, day->types)) continue;
                    const auto ask = ask_of(figure.index, unit_type, unit);
                    if (!ask) continue;
                    figure::Ask then = *ask;
                    then.as_known = day->before;
                    const figure::Value now = figures_.value(*ask), before = figures_.value(then);
                    if (now.has == before.has && (!now.has || compare(now.number, before.number) == 0)) continue;
                    moved.push_back(moved_json(*ask, &before, now));
                }
        }
        out["figures"] = std::move(own);
        out["moved"] = std::move(moved);
    }

    const CallPtr& call_;
    const model::Model& model_;
    Figures figures_;
    std::map<std::pair<int, std::int64_t>, Colour> worst_;
};
void todo(const CallPtr& call) { call->ok(Todo(call).answer()); }
}  // namespace

void add_work_routes(std::vector<Route>& r) {
    r.push_back({"GET", "/todo", Needs::post, By::reader, "read", true, 0, todo, "what is due, done, started, copied, typed, and what moved"});
    for (const std::string_view path : {"/drafts/{key}", "/drafts/{type}/{key}"}) {
        r.push_back({"GET", path, Needs::post, By::reader, "read", false, 0, show_draft, "a text typed and not sent"});
        r.push_back({"PUT", path, Needs::post, By::writer, "write", false, draft_bytes_max, keep_draft, "keep it (null drops it)"});
    }
    r.push_back({"GET", "/views/{type}", Needs::post, By::reader, "read", false, 0, show_views, "saved views of a list"});
    r.push_back({"PUT", "/views/{type}", Needs::post, By::writer, "write", false, small_bytes_max, keep_views, "keep them"});
    r.push_back({"GET", "/prefs", Needs::post, By::reader, "read", false, 0, show_prefs, "small habits of the page"});
    r.push_back({"PUT", "/prefs", Needs::post, By::writer, "write", false, small_bytes_max, keep_prefs, "keep them"});
    r.push_back({"GET", "/records/{type}/{id}/comments", Needs::post, By::reader, "read", false, 0, comments, "what was said about a record"});
    r.push_back({"POST", "/records/{type}/{id}/comments", Needs::post, By::writer, "write", false, small_bytes_max, comment, "say something; an entry keeps its hash"});
}

}  // namespace yipan::api
