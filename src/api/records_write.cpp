// Writing records: each request becomes one draft; the board judges it, rights included, and answers with all mistakes.
#include <algorithm>

#include "api/papers.h"
#include "api/records.h"

namespace yipan::api {

namespace {
using access::Action;
constexpr std::size_t record_body = 1024 * 1024;
constexpr std::size_t batch_max = 1'000, children_max = 2'000;

void read_values(Call& call, const model::Type& type, const json::object& values, const std::string& place, board::Change& change, Errors& errors, const record::Record* now = nullptr) {
    for (const auto& [code, value] : values) {
        const int f = type.find(code);
        const std::string where = place + std::string(code);
        if (f < 0) {
            errors.push_back({Code::not_found, where, type.code + " has no field \"" + std::string(code).substr(0, 60) + "\"", ""});
            continue;
        }
        const model::Field& field = type.fields[static_cast<std::size_t>(f)];
        if (value.is_object() && value.get_object().if_contains("masked")) continue;  // what was shown masked was not changed
        auto v = read_value(call, field, value, now ? now->at(f) : record::Value{});
        if (!v) {
            Error e = v.error();
            e.where = where;
            errors.push_back(std::move(e));
            continue;
        }
        change.set.emplace_back(f, std::move(*v));
    }
}

// `children: {type: [{id?, version?, values, remove?}]}` of an owner that is change `owner_change` of the draft, or `owner`.
void read_children(Call& call, const model::Type& owner, RecordId owner_id, const json::value& children, board::Draft& draft, Errors& errors) {
    if (!children.is_object()) return errors.push_back({Code::invalid_input, "children", "not an object of lists by type", ""});
    std::size_t count = 0;
    for (const auto& [code, list] : children.get_object()) {
        const int index = call.model().find_type(code);
        const std::string place = "children." + std::string(code);
        if (index < 0 || call.model().types[static_cast<std::size_t>(index)].owner != owner.index) {
            errors.push_back({Code::not_found, place, owner.code + " owns no lines of this name", ""});
            continue;
        }
        const model::Type& type = call.model().types[static_cast<std::size_t>(index)];
        if (!list.is_array()) {
            errors.push_back({Code::invalid_input, place, "not a list", ""});
            continue;
        }
        std::size_t n = 0;
        for (const auto& item : list.get_array()) {
            const std::string where = place + "[" + std::to_string(n++) + "]";
            if (++count > children_max) return errors.push_back({Code::limit_exceeded, place, "more than 2,000 lines at once", ""});
            if (!item.is_object()) {
                errors.push_back({Code::invalid_input, where, "not an object", "{\"values\": {...}}"});
                continue;
            }
            const json::object& o = item.get_object();
            board::Change change;
            change.type = index;
            change.where = where;
            record::RecordPtr before;
            if (const auto* id = o.if_contains("id"); id && id->is_int64()) {
                change.record = RecordId(id->get_int64());
                const record::RecordPtr line = call.snapshot().record(index, change.record);
                const auto* of = line ? record::as_integer(line->at(type.owner_field)) : nullptr;
                if (!of || *of != owner_id.value || !call.who->may(Action::see, *line, call.world())) {
                    errors.push_back({Code::not_found, where, "no such line of this record", ""});
                    continue;
                }
                if (const auto* version = o.if_contains("version"); version && version->is_int64()) {
                    if (version->get_int64() < 1 || version->get_int64() > INT32_MAX) {
                        errors.push_back({Code::invalid_input, where, "no version of a record", "the version the line was read at"});
                        continue;
                    }
                    change.expected_version = static_cast<std::int32_t>(version->get_int64());
                }
                before = line;
                if (!change.expected_version) {
                    errors.push_back({Code::usage, where, "the version the change was made from is not said", "version: the one the line was read at"});
                    continue;
                }
                const auto* gone = o.if_contains("remove");
                change.verb = gone && gone->is_bool() && gone->get_bool() ? board::Verb::remove : board::Verb::amend;
            } else {
                change.verb = board::Verb::create;
                change.set.emplace_back(type.owner_field, record::Value(owner_id.value));
            }
            if (const auto* values = o.if_contains("values"); values && values->is_object() && change.verb != board::Verb::remove)
                read_values(call, type, values->get_object(), where + ".", change, errors, before.get());
            if (change.verb == board::Verb::amend && change.set.empty()) continue;
            draft.changes.push_back(std::move(change));
        }
    }
}

// The version there is now, for who may see the record: as ETag and as a member.
json::object with_version(const CallPtr& call, const record::Record& now) {
    call->headers.emplace_back("ETag", "\"v" + std::to_string(now.version) + "\"");
    return {{"current_version", now.version}};
}
// One version, several of which any will do, or "*": whatever there is now.
std::optional<std::int32_t> if_match(const CallPtr& call, const record::Record& now) {
    std::string_view list = call->request.header("if-match");
    std::optional<std::int32_t> said;
    for (bool good = !list.empty(); good;) {
        const std::size_t comma = list.find(',');
        std::string_view text = list.substr(0, comma);
        while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
        while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
        if (text.starts_with("W/")) text.remove_prefix(2);
        if (text == "*") return now.version;
        const auto n = text.size() > 3 && text.starts_with("\"v") && text.ends_with('"') ? whole_number(text.substr(2, text.size() - 3)) : std::nullopt;
        good = n && *n > 0 && *n <= INT32_MAX;
        if (!good) said.reset();
        else if (!said || *n == now.version) said = static_cast<std::int32_t>(*n);
        if (comma == std::string_view::npos) break;
        list.remove_prefix(comma + 1);
    }
    if (said) return said;
    call->problem({Error{Code::usage, "If-Match", "the version the change was made from is not said", "If-Match: \"v3\", the ETag of the record"}}, 428, with_version(call, now));
    return std::nullopt;
}

// Answers of a write: 412 with what is there now when somebody else was first.
void answer_write(const CallPtr& call, int type, RecordId id, Checked<board::Receipt> answer, int status, bool dry) {
    if (!answer) {
        const bool conflict = std::any_of(answer.error().begin(), answer.error().end(), [](const Error& e) { return e.code == Code::version_conflict; });
        json::object more;
        int code = 0;
        if (conflict && id.value > 0) {
            code = 412;
        }
        if (id.value > 0) {
            const record::RecordPtr now = call->snapshot().record(type, id);
            if (now && call->facing(now).may(Action::see)) {
                more = with_version(call, *now);
                if (conflict) more["current"] = tree_of([&](JsonText& text) { write_record(text, *call, now); });
            }
        }
        // What the draft names and is not there is a mistake of the draft, not of the address.
        if (!conflict && answer.error().front().code == Code::not_found && !answer.error().front().where.empty()) code = 422;
        return call->problem(std::move(answer.error()), code, std::move(more));
    }
    const auto location = [&](RecordId made) {
        if (status == 201)
            call->headers.emplace_back("Location", "/b/" + call->service.settings().code + "/api/records/" + call->model().types[static_cast<std::size_t>(type)].code + "/" + std::to_string(made.value));
    };
    if (id.value == 0 && !dry && !answer->records.empty()) id = answer->records.front();
    if (!dry && call->request.header("prefer").find("return=minimal") != std::string_view::npos) {  // what programs ask for, many a second: no tree of values for it
        location(id);
        return call->ok_text("{\"receipt\":" + receipt_text(*answer) + ",\"id\":" + std::to_string(id.value) + "}", status);
    }
    if (dry) return call->ok_text("{\"receipt\":" + receipt_text(*answer) + ",\"dry_run\":true}");
    const record::RecordPtr now = call->snapshot().record(type, id);
    JsonText out;
    out.object();
    out.key("receipt").raw(receipt_text(*answer));
    out.key("record");
    if (now && call->facing(now).may(Action::see)) write_record(out, *call, now);
    else out.value(nullptr);
    out.end_object();
    if (now) call->headers.emplace_back("ETag", "\"v" + std::to_string(now->version) + "\"");
    location(id);
    call->ok_text(out.take(), status);
}

// The record a write names. When it is not there any more, or not to be seen, who repeats a request by its key still
// gets the receipt of the first time: null either way, the answer is on its way.
record::RecordPtr record_to_write(const CallPtr& call, int& type) {
    const auto key = call->draft().idempotency_key;
    type = key.empty() ? -1 : call->model().find_type(call->parameter(0));
    const auto id = whole_number(call->parameter(1));
    if (type < 0 || !id || *id <= 0) return record_of(call, type, Merged::refused);
    const record::RecordPtr r = call->snapshot().record(type, RecordId(*id));
    if (r && call->who->may(Action::see, *r, call->world())) return r;
    board::Draft draft = call->draft();
    draft.dry_run = true;  // nothing to do: answered by the key, or not at all
    call->submit(std::move(draft), [call, type, id = *id](Checked<board::Receipt> answer) {
        int again = type;
        if (answer && answer->repeated) return answer_write(call, type, RecordId(id), std::move(answer), 200, false);
        if (record_of(call, again, Merged::refused)) call->problem(Error{Code::busy, "", "the record came back at this moment", "ask again"});
    });
    return nullptr;
}

bool dry_run(const json::object& body) {
    const auto* v = body.if_contains("dry_run");
    return v && v->is_bool() && v->get_bool();
}
bool read_effective(const json::object& body, board::Change& change, Errors& errors) {
    const std::string text = member_text(body, "effective");
    if (text.empty()) return true;
    const auto date = Date::parse(text);
    if (date) change.effective = *date;
    else errors.push_back({Code::invalid_input, "effective", date.error().message, "2026-06-30"});
    return date.has_value();
}

void create(const CallPtr& call) {
    const int index = type_of(call, call->parameter(0));
    if (index < 0) return;
    const auto body = call->body();
    if (!body) return;
    const model::Type& type = call->model().types[static_cast<std::size_t>(index)];
    if (!call->who->may_ever(index, Action::create)) return call->problem(Error{Code::not_allowed, "", "no role of this post may create " + type.code, "act in another post"});
    board::Draft draft = call->draft();
    Errors errors;
    board::Change change;
    change.type = index;
    read_effective(*body, change, errors);
    if (const auto* values = body->if_contains("values"); values && values->is_object()) read_values(*call, type, values->get_object(), "", change, errors);
    draft.changes.push_back(std::move(change));
    if (const auto* children = body->if_contains("children"); children && !children->is_null()) read_children(*call, type, RecordId(-1), *children, draft, errors);
    draft.dry_run = dry_run(*body);
    if (!errors.empty()) return call->problem(std::move(errors), 422);
    const bool dry = draft.dry_run;
    call->submit(std::move(draft), [call, index, dry](Checked<board::Receipt> answer) { answer_write(call, index, {}, std::move(answer), 201, dry); });
}

void amend(const CallPtr& call) {
    int index = -1;
    const record::RecordPtr r = record_to_write(call, index);
    if (!r) return;
    const auto version = if_match(call, *r);
    if (!version) return;
    const auto body = call->body();
    if (!body) return;
    const model::Type& type = call->model().types[static_cast<std::size_t>(index)];
    board::Draft draft = call->draft();
    Errors errors;
    board::Change change;
    change.verb = board::Verb::amend;
    change.type = index;
    change.record = r->id;
    change.expected_version = *version;
    read_effective(*body, change, errors);
    if (const auto* values = body->if_contains("values"); values && values->is_object()) read_values(*call, type, values->get_object(), "", change, errors, r.get());
    draft.changes.push_back(std::move(change));
    if (const auto* children = body->if_contains("children"); children && !children->is_null()) read_children(*call, type, r->id, *children, draft, errors);
    draft.dry_run = dry_run(*body);
    if (!errors.empty()) {
        // Only versions of lines are missing: like that of the record itself.
        const bool versions = std::all_of(errors.begin(), errors.end(), [](const Error& e) { return e.code == Code::usage; });
        return versions ? call->problem(std::move(errors), 428, with_version(call, *r)) : call->problem(std::move(errors), 422);
    }
    const bool dry = draft.dry_run;
    const RecordId id = r->id;
    call->submit(std::move(draft), [call, index, id, dry](Checked<board::Receipt> answer) { answer_write(call, index, id, std::move(answer), 200, dry); });
}

void change_one(const CallPtr& call, board::Verb verb, bool needs_version, const std::function<bool(const json::object&, board::Change&, Errors&)>& fill) {
    int index = -1;
    const record::RecordPtr r = record_to_write(call, index);
    if (!r) return;
    board::Change change;
    change.verb = verb;
    change.type = index;
    change.record = r->id;
    if (needs_version || !call->request.header("if-match").empty()) {
        const auto version = if_match(call, *r);
        if (!version) return;
        change.expected_version = *version;
    }
    const auto body = call->body();
    if (!body) return;
    Errors errors;
    if (!fill(*body, change, errors) || !errors.empty()) return call->problem(std::move(errors), 422);
    board::Draft draft = call->draft();
    draft.dry_run = dry_run(*body);
    const bool dry = draft.dry_run;
    if (verb == board::Verb::erase) {  // what was said about it goes with it
        const std::string space = comment_space(call->model().types[static_cast<std::size_t>(index)], r->id);
        const Status read = call->snapshot().each_side(space, [&](std::string_view key, std::string_view) { draft.side.push_back({space, std::string(key), std::nullopt}); });
        if (!read) return call->problem(read.error());
    }
    draft.changes.push_back(std::move(change));
    if (verb == board::Verb::erase && !dry && call->service.exchange_ready()) draft.side.push_back(call->service.note_erasing(call->snapshot(), *r));
    const RecordId id = r->id;
    call->submit(std::move(draft), [call, index, id, dry](Checked<board::Receipt> answer) { answer_write(call, index, id, std::move(answer), 200, dry); });
}
void remove(const CallPtr& call) {
    change_one(call, board::Verb::remove, true, [](const json::object&, board::Change&, Errors&) { return true; });
}
void move(const CallPtr& call) {
    const std::string code = call->parameter(2);
    change_one(call, board::Verb::move, false, [&](const json::object& body, board::Change& change, Errors& errors) {
        change.move = code;
        read_effective(body, change, errors);
        const model::Type& type = call->model().types[static_cast<std::size_t>(change.type)];
        const record::RecordPtr now = call->snapshot().record(change.type, change.record);
        if (const auto* values = body.if_contains("values"); values && values->is_object()) read_values(*call, type, values->get_object(), "", change, errors, now.get());
        return true;
    });
}
bool with_reason(const json::object& body, board::Change& change, Errors&) {
    change.note = member_text(body, "reason");
    return true;
}
void make_void(const CallPtr& call) { change_one(call, board::Verb::invalidate, false, with_reason); }
void restore(const CallPtr& call) { change_one(call, board::Verb::restore, false, with_reason); }
void merge(const CallPtr& call) {
    change_one(call, board::Verb::merge, false, [&call](const json::object& body, board::Change& change, Errors& errors) {
        change.note = member_text(body, "reason");
        const auto* into = body.if_contains("into");
        if (into && into->is_int64()) change.into = RecordId(into->get_int64());
        else errors.push_back({Code::invalid_input, "into", "the record that stays is not named", "{\"into\": 7, \"reason\": ...}"});
        if (!errors.empty()) return false;
        const record::RecordPtr stays = call->snapshot().record(change.type, change.into);
        if (!stays || !call->who->may(Action::see, *stays, call->world())) errors.push_back({Code::not_found, "into", "no such record, or you may not see it", ""});
        return errors.empty();
    });
}
void erase(const CallPtr& call) {
    change_one(call, board::Verb::erase, false, [](const json::object& body, board::Change& change, Errors& errors) {
        change.note = member_text(body, "basis");
        change.decider = member_text(body, "decider");
        constexpr std::string_view names[] = {"plain", "personal", "attachment"};
        if (const auto* list = body.if_contains("groups"); list && list->is_array()) {
            for (const auto& g : list->get_array()) {
                const auto at = std::find(std::begin(names), std::end(names), g.is_string() ? std::string_view(g.get_string()) : std::string_view());
                if (at == std::end(names)) errors.push_back({Code::invalid_input, "groups", "no such group", "plain, personal, attachment"});
                else change.groups = static_cast<std::uint8_t>(change.groups | 1U << (at - std::begin(names)));
            }
        } else {
            change.groups = 1U << static_cast<int>(model::FieldGroup::personal);
        }
        return errors.empty();
    });
}

// The same change of many: each by itself, so that one refusal does not stop the others.
void batch(const CallPtr& call) {
    const int index = type_of(call, call->parameter(0));
    if (index < 0) return;
    const auto body = call->body();
    if (!body) return;
    const model::Type& type = call->model().types[static_cast<std::size_t>(index)];
    const auto* ids = body->if_contains("ids");
    if (!ids || !ids->is_array() || ids->get_array().empty() || ids->get_array().size() > batch_max)
        return call->problem(Error{Code::invalid_input, "ids", "not a list of 1 to 1,000 ids", ""});
    board::Change pattern;
    pattern.type = index;
    Errors errors;
    const std::string move_code = member_text(*body, "move");
    const auto* values = body->if_contains("values");
    const auto* gone = body->if_contains("remove");
    if (values && values->is_object()) read_values(*call, type, values->get_object(), "", pattern, errors);
    pattern.verb = !move_code.empty() ? board::Verb::move : gone && gone->is_bool() && gone->get_bool() ? board::Verb::remove : board::Verb::amend;
    pattern.move = move_code;
    if (pattern.verb == board::Verb::amend && pattern.set.empty() && errors.empty())
        errors.push_back({Code::invalid_input, "", "nothing to do", "move, values or remove"});
    if (!errors.empty()) return call->problem(std::move(errors), 422);
    std::vector<board::Draft> drafts;
    std::vector<std::string> keys;
    std::vector<std::int64_t> asked;
    std::vector<bool> seen;
    for (const auto& v : ids->get_array()) {
        const std::int64_t id = v.is_int64() ? v.get_int64() : 0;
        const record::RecordPtr r = id > 0 ? call->snapshot().record(index, RecordId(id)) : nullptr;
        asked.push_back(id);
        seen.push_back(r && call->who->may(Action::see, *r, call->world()));
        if (!seen.back()) continue;
        board::Draft draft = call->draft();
        if (!draft.idempotency_key.empty()) draft.idempotency_key += ":" + std::to_string(id);
        draft.changes.push_back(pattern);
        draft.changes.back().record = RecordId(id);
        call->keep_mark(draft);
        keys.push_back(draft.idempotency_key);
        drafts.push_back(std::move(draft));
    }
    if (!drafts.empty()) call->service.papers().look(*call, drafts.front());
    call->drop_snapshot();
    const auto answers = call->service.board().apply_batch(std::move(drafts));
    json::array out;
    std::size_t next = 0;
    std::int64_t done = 0;
    for (std::size_t i = 0; i < asked.size(); ++i) {
        json::object one{{"id", asked[i]}};
        if (!seen[i]) {
            one["errors"] = errors_json({{Code::not_found, "", "no such record, or you may not see it", ""}});
        } else if (const auto& answer = answers[next++]; answer) {
            if (const auto other = call->other_request(*answer, keys[next - 1])) {
                one["errors"] = errors_json({*other});
            } else {
                one["receipt"] = receipt_json(*answer);
                ++done;
            }
        } else {
            Errors refused = answer.error();
            one["errors"] = errors_json(refused);
        }
        out.push_back(std::move(one));
    }
    call->ok(json::object{{"results", std::move(out)}, {"done", done}, {"refused", static_cast<std::int64_t>(asked.size()) - done}});
}

// Personal values in clear, once, with a reason that is kept.
void unmask(const CallPtr& call) {
    int index = -1;
    const record::RecordPtr r = record_of(call, index, Merged::refused);
    if (!r) return;
    const auto body = call->body();
    if (!body) return;
    const std::string reason = member_text(*body, "reason");
    if (reason.empty() || reason.size() > 1'000) return call->problem(Error{Code::invalid_input, "reason", "a reason of 1 to 1,000 bytes is needed", "it is kept in the journal"});
    const model::Type& type = call->model().types[static_cast<std::size_t>(index)];
    const auto may = call->facing(r).fields(Action::unmask);
    std::vector<int> fields;
    Errors errors;
    std::string names;
    for (std::size_t f = 0; f < type.fields.size(); ++f) {
        if (type.fields[f].group != model::FieldGroup::personal) continue;
        const auto* wanted = body->if_contains("fields");
        const bool asked = !wanted || !wanted->is_array() || std::any_of(wanted->get_array().begin(), wanted->get_array().end(), [&](const auto& w) { return w.is_string() && std::string_view(w.get_string()) == type.fields[f].code; });
        if (!asked) continue;
        if (!may[f]) errors.push_back({Code::not_allowed, type.fields[f].code, "this post may not see it in clear", ""});
        fields.push_back(static_cast<int>(f));
        names += (names.empty() ? "" : ",") + type.fields[f].code;
    }
    if (!errors.empty()) return call->problem(std::move(errors));
    if (fields.empty()) return call->ok(json::object{{"values", json::object{}}});
    JsonText shown;
    shown.object();
    Shower(*call).values(shown, r, fields, fields);
    shown.end_object();
    // Told only when the journal says that it was looked at.
    call->submit(call->service.accounts().look(call->person(), call->post(), type.code, r->id, names, reason), [call, out = shown.take()](Checked<board::Receipt> answer) mutable {
        if (!answer) return call->problem(std::move(answer.error()));
        call->ok_text(std::move(out));
    });
}

// "I have this form open": others are told for half a minute.
void editing(const CallPtr& call) {
    int index = -1;
    const record::RecordPtr r = record_of(call, index);
    if (!r) return;
    constexpr std::int64_t lasts_s = 30;
    constexpr std::size_t records_max = 10'000;
    Shower shower(*call);
    json::array others;
    {
        const std::int64_t now = access::unix_now();
        const std::lock_guard lock(call->service.editing_mutex);
        auto& all = call->service.editing;
        if (all.size() > records_max) all.clear();
        auto& here = all[{index, r->id.value}];
        std::erase_if(here, [&](const auto& e) { return e.second <= now; });
        here[call->person().value] = now + lasts_s;
        for (const auto& [person, until] : here)
            if (person != call->person().value)
                others.push_back({{"person", shower.reference(call->model().identity.person, RecordId(person))}, {"since", Instant{(until - lasts_s) * 1'000'000}.text()}});
    }
    call->ok(json::object{{"editing", std::move(others)}, {"version", r->version}});
}
}  // namespace

void add_record_write_routes(std::vector<Route>& r) {
    constexpr std::size_t small = 64 * 1024;
    r.push_back({"POST", "/records/{type}", Needs::post, By::writer, "write", false, record_body, create, "create a record with its lines"});
    r.push_back({"PATCH", "/records/{type}/{id}", Needs::post, By::writer, "write", false, record_body, amend, "merge-patch of values and lines (If-Match)"});
    r.push_back({"DELETE", "/records/{type}/{id}", Needs::post, By::writer, "write", false, small, remove, "remove (If-Match)"});
    r.push_back({"POST", "/records/{type}/{id}/moves/{move}", Needs::post, By::writer, "write", false, record_body, move, "make a move of its states"});
    r.push_back({"POST", "/records/{type}/{id}/void", Needs::post, By::writer, "write", false, small, make_void, "make void, with a reason"});
    r.push_back({"POST", "/records/{type}/{id}/restore", Needs::post, By::writer, "write", false, small, restore, "take that back"});
    r.push_back({"POST", "/records/{type}/{id}/merge", Needs::post, By::writer, "write", false, small, merge, "merge a duplicate into another"});
    r.push_back({"POST", "/records/{type}/{id}/erase", Needs::post, By::writer, "write", false, small, erase, "lawful erasure"});
    r.push_back({"POST", "/records/{type}/batch", Needs::post, By::writer, "write", true, record_body, batch, "the same change of many"});
    r.push_back({"POST", "/records/{type}/{id}/unmask", Needs::post, By::writer, "read", false, small, unmask, "personal values in clear, journaled"});
    r.push_back({"POST", "/records/{type}/{id}/editing", Needs::post, By::writer, "read", false, small, editing, "who has the form open"});
}

}  // namespace yipan::api
