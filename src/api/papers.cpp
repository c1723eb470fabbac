#include "api/papers.h"

#include <algorithm>
#include <charconv>

#include "access/accounts.h"
#include "api/call.h"
#include "api/values.h"

namespace yipan::api {
namespace {
constexpr std::string_view space = "upload", mark = "sha256:";
constexpr std::size_t digits = 64;

/// Of "sha256:<64 digits> <name>"; empty when it is none.
std::string hash_of(const record::Value& value) {
    const std::string* text = record::as_text(value);
    if (!text || !text->starts_with(mark) || text->size() < mark.size() + digits) return {};
    return text->substr(mark.size(), digits);
}
std::string key_text(std::int64_t person, std::int64_t post, const std::string& hash) {
    return std::to_string(person) + "/" + std::to_string(post) + "/" + hash;
}
template <class Visit>
void each_paper(const model::Type& type, Visit&& visit) {
    for (std::size_t f = 0; f < type.fields.size(); ++f)
        if (type.fields[f].kind == model::FieldKind::attachment) visit(static_cast<int>(f));
}
}  // namespace

Status Papers::load() {
    const std::int64_t now = access::unix_now();
    return board_.snapshot()->each_side(space, [&](std::string_view key, std::string_view value) {
        const std::size_t first = key.find('/'), second = key.find('/', first + 1);
        const auto time = whole_number(value);
        if (second == std::string_view::npos || !time || *time + sent_kept_s < now) return;
        const auto person = whole_number(key.substr(0, first)), post = whole_number(key.substr(first + 1, second - first - 1));
        if (person && post) sent_[{*person, *post, std::string(key.substr(second + 1))}] = *time;
    });
}

Status Papers::sent(RecordId person, RecordId post, const std::string& hash) {
    const std::int64_t now = access::unix_now();
    board::Draft draft;
    draft.channel = "system";
    draft.side.push_back({std::string(space), key_text(person.value, post.value, hash), std::to_string(now)});
    {
        // What is too old goes with what comes, and of one post no more than a thousand are kept.
        const std::lock_guard lock(mutex_);
        std::vector<std::pair<std::int64_t, Key>> gone, own;
        for (const auto& [key, time] : sent_) {
            if (time + sent_kept_s < now) gone.emplace_back(time, key);
            else if (std::get<0>(key) == person.value && std::get<1>(key) == post.value) own.emplace_back(time, key);
        }
        std::sort(own.begin(), own.end());
        for (std::size_t i = 0; i + sent_of_post_max <= own.size(); ++i) gone.push_back(own[i]);
        for (const auto& [time, key] : gone) {
            draft.side.push_back({std::string(space), key_text(std::get<0>(key), std::get<1>(key), std::get<2>(key)), std::nullopt});
            sent_.erase(key);
        }
    }
    const auto kept = board_.apply(std::move(draft));
    if (!kept) return fail(kept.error().front());
    const std::lock_guard lock(mutex_);
    sent_[{person.value, post.value, hash}] = now;
    return {};
}

bool Papers::may_name(RecordId person, RecordId post, const std::string& hash) const {
    const std::int64_t now = access::unix_now();
    const Key key{person.value, post.value, hash};
    const std::lock_guard lock(mutex_);
    if (const auto own = sent_.find(key); own != sent_.end() && own->second + sent_kept_s >= now) return true;
    const auto read = readable_.find(key);
    return read != readable_.end() && read->second >= now;
}

// A scan of the types that have files, as rights allow; only for a file that is here and was not sent by who names it.
bool Papers::readable(Call& call, const std::string& hash) const {
    constexpr std::int64_t rows_max = 50;
    const auto here = board_.attachment(hash);
    if (!call.who || !here || !*here) return false;
    bool found = false;
    for (const model::Type& type : call.model().types) {
        if (found || !call.who->may_ever(type.index, access::Action::see)) continue;
        each_paper(type, [&](int field) {
            const auto where = call.who->where(type.index, access::Action::see, call.world());
            if (found || !where || where->nothing) return;
            board::Snapshot::Query q;
            q.also_parameters = where->parameters;
            q.also_parameters.emplace_back(std::string(mark) + hash);
            q.also_parameters.emplace_back(std::string(mark) + hash + "~");
            const std::string column = "t.\"" + type.fields[static_cast<std::size_t>(field)].code + "\"";
            const std::size_t n = q.also_parameters.size();
            q.also = (where->sql.empty() ? "" : "(" + where->sql + ") AND ") + column + " >= ?" + std::to_string(n - 1) + " AND " + column + " < ?" + std::to_string(n);
            q.order = {{-1, false}};
            q.limit = rows_max;
            const auto rows = call.snapshot().list(type.index, q);
            if (!rows) return;
            for (const record::RecordPtr& r : rows->rows)
                found = found || (hash_of(r->at(field)) == hash && call.who->fields(access::Action::see, *r, call.world())[static_cast<std::size_t>(field)]);
        });
    }
    return found;
}

void Papers::look(Call& call, const board::Draft& draft) {
    std::set<std::string> asked;
    for (const board::Change& change : draft.changes) {
        if (change.type < 0 || change.set.empty()) continue;
        const model::Type& type = call.model().types[static_cast<std::size_t>(change.type)];
        each_paper(type, [&](int field) {
            for (const auto& [f, value] : change.set)
                if (const std::string hash = f == field ? hash_of(value) : ""; !hash.empty() && !may_name(draft.actor, draft.post, hash)) asked.insert(hash);
        });
    }
    for (const std::string& hash : asked) {
        if (!readable(call, hash)) continue;
        const std::int64_t now = access::unix_now();
        const std::lock_guard lock(mutex_);
        if (readable_.size() >= readable_max) std::erase_if(readable_, [&](const auto& one) { return one.second < now; });
        if (readable_.size() < readable_max) readable_[{draft.actor.value, draft.post.value, hash}] = now + readable_kept_s;
    }
}

void Papers::judge(const board::WriteAsk& ask, Errors& refused) const {
    if (!ask.after) return;
    each_paper(ask.type, [&](int field) {
        const std::string hash = hash_of(ask.after->at(field));
        if (hash.empty() || (ask.before && hash_of(ask.before->at(field)) == hash) || may_name(ask.draft.actor, ask.draft.post, hash)) return;
        const std::string& code = ask.type.fields[static_cast<std::size_t>(field)].code;
        refused.push_back({Code::not_found, ask.change.where.empty() ? code : ask.change.where + "." + code,
                           "you sent no file of this hash in this post, and read none in a record", "POST /files sends it"});
    });
}

}  // namespace yipan::api
