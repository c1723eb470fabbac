#include "api/search.h"

#include <algorithm>

#include "api/call.h"
#include "api/values.h"
#include "base/text.h"

namespace yipan::api {
namespace {
constexpr std::size_t dirty_max = 100'000;  // then everything is read anew
constexpr std::size_t texts_max = 2'000'000, typed_bytes_max = 200;
}

void SearchIndex::changed(const board::Shown& shown) {
    const std::lock_guard lock(dirty_mutex_);
    for (const auto& c : shown.records) dirty_.emplace(c.type, c.record.value);
    if (dirty_.size() > dirty_max) overflown_ = true, dirty_.clear();
}

std::string SearchIndex::text_of(const model::Type& type, const record::Record& record) {
    std::string out;
    for (const int f : {type.key, type.title == type.key ? -1 : type.title}) {
        if (f < 0 || type.fields[static_cast<std::size_t>(f)].group == model::FieldGroup::personal) continue;
        if (const auto* t = record::as_text(record.at(f))) out += (out.empty() ? "" : " ") + *t;
    }
    return out;
}

// `dirty`: what changed before the snapshot was taken.
void SearchIndex::refresh(board::Snapshot& snapshot, int type, const std::set<std::pair<int, std::int64_t>>& dirty) {
    if (model_ != board_.model()) {
        types_.clear();
        model_ = board_.model();
    }
    OfType& of = types_[type];
    const model::Type& shape = snapshot.model().types[static_cast<std::size_t>(type)];
    if (!of.loaded) {
        of.loaded = true;
        (void)snapshot.each(type, [&](const record::RecordPtr& r) {
            std::string text = r->voided ? "" : text_of(shape, *r);
            if (!text.empty()) of.texts[r->id.value] = std::move(text);
            return of.texts.size() < texts_max;
        });
    }
    for (const auto& [t, id] : dirty) {
        const record::RecordPtr r = snapshot.record(t, RecordId(id));
        if (!r || r->voided)
            of.texts.erase(id);
        else
            of.texts[id] = text_of(shape, *r);
    }
}

std::vector<SearchIndex::Hit> SearchIndex::find(int type, std::string_view typed, std::size_t limit,
                                                const std::function<bool(std::int64_t)>& wanted, bool& more) {
    std::vector<Hit> out;
    std::vector<Hit> candidates;
    bool cut = false;  // not all that match were looked at
    {
        // One after the other, each with what changed before its snapshot: an older text never comes after a newer one.
        const std::lock_guard lock(mutex_);
        std::set<std::pair<int, std::int64_t>> dirty;
        {
            const std::lock_guard dirty_lock(dirty_mutex_);
            if (std::exchange(overflown_, false)) forget_ = true;
            for (auto at = dirty_.lower_bound({type, 0}); at != dirty_.end() && at->first == type;) {
                dirty.insert(*at);
                at = dirty_.erase(at);
            }
        }
        const auto snapshot = board_.snapshot();
        const model::Type& shape = snapshot->model().types[static_cast<std::size_t>(type)];
        if (shape.key < 0 && shape.title < 0) return out;
        if (forget_.exchange(false)) types_.clear();
        refresh(*snapshot, type, dirty);
        const PinyinQuery query(typed);
        const auto& texts = types_[type].texts;
        constexpr std::size_t candidates_max = 20'000;
        for (auto at = texts.rbegin(); at != texts.rend(); ++at) {
            if (!query.matches_nothing_typed() && !query.matches(at->second)) continue;
            if (candidates.size() >= candidates_max) {
                cut = true;
                break;
            }
            candidates.push_back({at->first, at->second, shape.title});
        }
    }
    for (Hit& hit : candidates) {
        if (!wanted(hit.id)) continue;
        if (out.size() >= limit) {
            more = true;
            return out;
        }
        out.push_back(std::move(hit));
    }
    more = more || cut;
    return out;
}

// A hit tells what stands in key and title: it is one only for who sees both.
std::function<bool(std::int64_t)> seen_by(const CallPtr& call, int type) {
    const model::Type& shape = call->model().types[static_cast<std::size_t>(type)];
    std::vector<std::size_t> looked_in;
    for (const int f : {shape.key, shape.title == shape.key ? -1 : shape.title})
        if (f >= 0 && shape.fields[static_cast<std::size_t>(f)].group != model::FieldGroup::personal) looked_in.push_back(static_cast<std::size_t>(f));
    const std::vector<bool>& always = call->who->sees_always(type);
    const bool all = std::all_of(looked_in.begin(), looked_in.end(), [&](std::size_t f) { return always[f]; });
    if (all && call->who->sees_all(type)) return [](std::int64_t) { return true; };
    return [call, type, all, looked_in](std::int64_t id) {
        const record::RecordPtr r = call->snapshot().record(type, RecordId(id));
        if (!r || !call->who->may(access::Action::see, *r, call->world())) return false;
        if (all) return true;
        const std::vector<bool> visible = call->who->fields(access::Action::see, *r, call->world());
        return std::all_of(looked_in.begin(), looked_in.end(), [&](std::size_t f) { return visible[f]; });
    };
}

namespace {
/// The key as this reader sees it; empty when it does not.
std::string key_shown(Call& call, Shower& shower, const record::Record& r) {
    const model::Type& shape = call.model().types[static_cast<std::size_t>(r.type)];
    const auto* key = shape.key >= 0 ? record::as_text(r.at(shape.key)) : nullptr;
    if (!key || !shower.shows(r, shape.key)) return "";
    if (shape.fields[static_cast<std::size_t>(shape.key)].group != model::FieldGroup::personal) return *key;
    return call.who->fields(access::Action::clear, r, call.world())[static_cast<std::size_t>(shape.key)] ? *key : access::masked(*key);
}
std::optional<std::string> typed_of(const CallPtr& call) {
    std::string typed(call->request.asked("q"));
    if (typed.size() <= typed_bytes_max) return typed;
    call->problem(Error{Code::limit_exceeded, "q", "longer than 200 bytes", ""}, 400);
    return std::nullopt;
}

void pick(const CallPtr& call) {
    const int type = type_of(call, call->parameter(0));
    if (type < 0) return;
    const auto limit = asked_number(call, "limit", 20, 1, 100);
    if (!limit) return;
    const auto typed = typed_of(call);
    if (!typed) return;
    Shower shower(*call);
    json::array list;
    const model::Type& shape = call->model().types[static_cast<std::size_t>(type)];
    bool more = false;
    const bool personal_title = shape.title >= 0 && shape.fields[static_cast<std::size_t>(shape.title)].group == model::FieldGroup::personal;
    if (personal_title || (shape.key < 0 && shape.title < 0)) {
        // Names that are personal are not kept in memory: the first few thousand are looked through, as the reader sees them.
        constexpr std::int64_t looked_at_max = 5'000;
        const auto where = call->who->where(type, access::Action::see, call->world());
        if (!where) return call->problem(where.error());
        board::Snapshot::Query q;
        q.also = where->sql;
        q.also_parameters = where->parameters;
        q.limit = looked_at_max;
        const auto rows = call->snapshot().list(type, q);
        if (!rows) return call->problem(rows.error());
        const PinyinQuery query(*typed);
        for (const auto& r : rows->rows) {
            const std::string title = shower.title(*r);
            const std::string key = key_shown(*call, shower, *r);
            if (!query.matches_nothing_typed() && !query.matches(title) && !query.matches(key)) continue;
            list.push_back({{"id", r->id.value}, {"title", title}, {"hint", key}});
            if (list.size() >= static_cast<std::size_t>(*limit)) break;
        }
    } else {
        for (const auto& hit : call->service.search().find(type, *typed, static_cast<std::size_t>(*limit), seen_by(call, type), more)) {
            const record::RecordPtr r = call->snapshot().record(type, RecordId(hit.id));
            if (!r) continue;
            list.push_back({{"id", hit.id}, {"title", shower.title(*r)}, {"hint", key_shown(*call, shower, *r)}});
        }
    }
    call->ok(list);
}

// Whom an account is for and which post a wall shows: chosen by name by administrators, who need hold no post themselves.
void directory(const CallPtr& call) {
    if (!administers(call, {"system"})) return;
    const bool people = call->parameter(0) == "people";
    const model::Identity& identity = call->model().identity;
    const int type = people ? identity.person : identity.post;
    if ((!people && call->parameter(0) != "posts") || type < 0) return call->problem(Error{Code::not_found, "", "the directory has people and posts", ""});
    const auto limit = asked_number(call, "limit", 20, 1, 100);
    if (!limit) return;
    const auto typed = typed_of(call);
    if (!typed) return;
    const auto held = call->service.rights().directory();
    if (!held) return call->problem(held.error());
    const PinyinQuery query(*typed);
    Shower shower(*call);
    json::array list;
    const auto named = [&](int of, std::int64_t id) {
        const record::RecordPtr r = of >= 0 ? call->snapshot().record(of, RecordId(id)) : nullptr;
        return r ? shower.title(*r) : std::string();
    };
    const Status read = call->snapshot().each(type, [&](const record::RecordPtr& r) {
        if (r->voided) return true;
        // Two of one name are told apart by what they hold.
        const auto posts = people ? (*held)->posts_of(r->id) : std::vector<access::Held>{};
        const std::string title = shower.title(*r);
        const std::string hint = people ? (posts.empty() ? "" : named(identity.post, posts.front().post.value)) : named(identity.unit_type, (*held)->unit_of(r->id));
        if (query.matches_nothing_typed() || query.matches(title) || query.matches(hint)) list.push_back({{"id", r->id.value}, {"title", title}, {"hint", hint}});
        return list.size() < static_cast<std::size_t>(*limit);
    });
    if (!read) return call->problem(read.error());
    call->ok(list);
}

void search(const CallPtr& call) {
    const auto limit = asked_number(call, "limit", 20, 1, 100);
    if (!limit) return;
    const auto typed = typed_of(call);
    if (!typed) return;
    json::array hits;
    bool more = false;
    Shower shower(*call);
    if (!typed->empty())
        for (const model::Type& type : call->model().types) {
            if (!call->who->may_ever(type.index, access::Action::see)) continue;
            const std::size_t left = static_cast<std::size_t>(*limit) - hits.size();
            if (left == 0) {
                more = true;
                break;
            }
            for (const auto& hit : call->service.search().find(type.index, *typed, left, seen_by(call, type.index), more)) {
                const record::RecordPtr r = call->snapshot().record(type.index, RecordId(hit.id));
                if (!r) continue;
                const int field = type.title >= 0 ? type.title : type.key;
                hits.push_back({{"type", type.code}, {"id", hit.id}, {"title", shower.title(*r)}, {"snippet", hit.text},
                                {"field", type.fields[static_cast<std::size_t>(field)].code}});
            }
        }
    call->ok(json::object{{"hits", std::move(hits)}, {"more", more}, {"position", call->snapshot().position().value}});
}
}  // namespace

void add_search_routes(std::vector<Route>& r) {
    r.push_back({"GET", "/search", Needs::post, By::reader, "read", true, 0, search, "records by part of their name, pinyin or initials"});
    r.push_back({"GET", "/directory/{what}", Needs::session, By::writer, "", true, 0, directory, "people or posts, for who makes accounts (system administrators)"});
    r.push_back({"GET", "/pick/{type}", Needs::post, By::reader, "read", true, 0, pick, "records of a type for a picker"});
}

}  // namespace yipan::api
