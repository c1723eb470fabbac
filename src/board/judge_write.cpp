// Writing an accepted version: the entry, the row, and the postings by which figures change.
#include <algorithm>

#include "board/session.h"

namespace yipan::board {

bool Judge::Session::dependents(const record::Record& changed, const record::Record* next,
                                std::vector<Dependent>& out) {
    std::map<std::pair<int, std::int64_t>, bool> seen;
    for (const auto& d : j_.plan_->dependents_of(changed.type)) {
        const auto differs = [&](const record::Record& from) {
            return std::any_of(d.fields.begin(), d.fields.end(), [&](int f) { return from.at(f) != next->at(f); });
        };
        bool matters = !next || differs(changed);
        if (!matters && d.any_version &&
            changed.version > 1) {  // the same values from another day on may hide an older version's
            const auto past = j_.world_.history(changed.type, changed.id);
            if (!past) return lose(past.error()), false;
            matters = std::any_of(past->begin(), past->end(), [&](const auto& version) { return differs(*version); });
        }
        if (!matters) continue;
        std::vector<std::int64_t> level{changed.id.value};
        for (std::size_t hop = d.via.size(); hop-- > 0 && !level.empty();) {
            const int type = owner_of_hop(d, hop);
            std::vector<std::int64_t> below;
            for (const std::int64_t id : level) {
                const auto ids =
                    j_.store_.referrers(type, d.via[hop], id, static_cast<std::int64_t>(rederived_max) + 1);
                if (!ids) return lose(ids.error()), false;
                below.insert(below.end(), ids->begin(), ids->end());
                if (hop > 0 && d.any_version && !past_referrers(type, d.via[hop], id, below)) return false;
                if (below.size() > rederived_max) {
                    problem(Code::limit_exceeded, "",
                            "more than " + std::to_string(rederived_max) +
                                " records' figures would have to be derived again",
                            "split the change over several records");
                    return false;
                }
            }
            level = std::move(below);
        }
        for (const std::int64_t id : level)
            if (!(d.type == changed.type && id == changed.id.value) && seen.emplace(std::pair(d.type, id), true).second)
                out.push_back({d.type, id, {}});
    }
    for (Dependent& d : out)
        if (!contributions(d.type, RecordId(d.id), d.before)) return false;
    return true;
}
/// Records whose earlier versions referred to `id`: a path at an event's date may still walk through them. A scan
/// of the type's amended records; only paths of two references and more that look at dates need it, and the types
/// in their middle are small and rarely amended.
bool Judge::Session::past_referrers(int type, int field, std::int64_t id, std::vector<std::int64_t>& out) {
    std::vector<std::int64_t> amended;
    if (!guard(j_.store_.each(type, [&](const record::RecordPtr& r) {
            if (r->version > 1) amended.push_back(r->id.value);
            return true;
        })))
        return false;
    for (const std::int64_t other : amended) {
        const auto past = j_.world_.history(type, RecordId(other));
        if (!past) return lose(past.error()), false;
        if (std::any_of(past->begin(), past->end(),
                        [&](const auto& version) { return version->at(field) == record::Value(id); }))
            out.push_back(other);
    }
    return true;
}
bool Judge::Session::contributions(const record::Record& r, std::vector<figure::Contribution>& out) {
    const Status ok = j_.plan_->contributions(r, j_.world_, out);
    if (take_world_error()) return false;
    if (!ok) errors_.push_back(ok.error());
    return ok.has_value();
}

/// `gone`: position of the entry that removed the record which comes back; 0 for all others.
void Judge::Session::write(int type, const record::RecordPtr& old, std::shared_ptr<record::Record> next,
                           journal::Verb verb, Made& made, const record::Marks* marks, std::int64_t gone) {
    const bool counted = j_.plan_->has_figures(type);
    std::vector<Dependent> others;
    std::vector<figure::Contribution>& before = j_.before_;
    std::vector<figure::Contribution>& after = j_.after_;
    before.clear();
    after.clear();
    if (old && counted && !contributions(*old, before)) return;
    if (given_ && !old && given_->version > 1) gone = given_->previous;
    const bool followed = !j_.plan_->dependents_of(type).empty();
    if (old && followed && !dependents(*old, next.get(), others)) return;
    if (gone && followed && !dependents(*next, nullptr, others)) return;
    // Without a savepoint nothing may fail after the first row is written, so a new record's contributions come
    // first; with one they are derived from the written state.
    if (after_each_ && next && counted && !contributions(*next, after)) return;

    const RecordId id = old ? old->id : gone ? next->id : RecordId(given_ ? given_->record : j_.next_record_[at(type)]);
    if (!old && !gone) {
        ids_before_.try_emplace(type, j_.next_record_[at(type)]);
        j_.next_record_[at(type)] = id.value + 1;
        pending_.next_record[type] = id.value + 1;
    }
    journal::Entry& e = j_.entry_;
    e = given_ ? *given_ : journal::Entry{};
    if (!given_) header(e, type, id, old, next.get(), verb);
    if (!given_ && gone) {
        e.version = next->version + 2;  // the removal was one
        e.previous = gone;
    }
    if (next) {
        next->id = id;
        next->version = e.version;
        next->previous = Position(e.previous);
        next->position = Position(j_.log_.position() + 1);
    }
    if (!given_) bodies(e, type, next.get(), marks);
    if (!guard(j_.log_.append(e))) return;
    if (!first_) first_ = e.position;
    last_ = e.position;
    if (!guard(!next ? j_.store_.erase_row(type, id.value) : old ? j_.store_.update(*next) : j_.store_.insert(*next)))
        return;
    written_.emplace(type, id.value);
    if (type == model_.flow.holiday) j_.forget_calendar();
    j_.world_.put(type, id, next);
    if (j_.shape_->is_link[at(type)]) {
        const std::pair<int, std::int64_t> key{type, id.value};
        if (const auto was = pending_.links.find(key); was != pending_.links.end())
            links_before_.try_emplace(key, was->second);
        pending_.links[key] = next;
    }
    made.record = id;
    made.version = e.version;
    pending_.changed.push_back({type, id, e.version, static_cast<Verb>(e.verb), next ? nullptr : old});

    if (!after_each_ && next && counted && !contributions(*next, after)) return;
    if (counted) post(before, after, e.position, id.value);
    for (Dependent& d : others) {
        std::vector<figure::Contribution> now;
        if (!contributions(d.type, RecordId(d.id), now)) return;
        post(d.before, now, e.position, d.id);
    }
}
void Judge::Session::bodies(journal::Entry& e, int type, const record::Record* next, const record::Marks* marks) const {
    const record::BodyCodec& codec = j_.shape_->codecs[at(type)];
    for (int g = 0; next && g < record::group_count; ++g)
        codec.encode(*next, static_cast<model::FieldGroup>(g), e.body[at(g)], marks);
    if (next || !marks) return;  // a removal commits to nothing, a merge to its marks
    const record::Record nothing{.type = type, .values = std::vector<record::Value>(shape(type).fields.size())};
    codec.encode(nothing, model::FieldGroup::plain, e.body[0], marks);
}
void Judge::Session::header(journal::Entry& e, int type, RecordId id, const record::RecordPtr& old,
                            const record::Record* next, journal::Verb verb) const {
    e.time = time_;
    e.actor = draft_.actor.value;
    e.post = draft_.post.value;
    e.channel = draft_.channel;
    e.verb = verb;
    e.type = shape(type).code;
    e.record = id.value;
    e.version = old ? old->version + 1 : 1;
    e.previous = old ? old->position.value : 0;
    e.transaction = first_ ? first_ : j_.log_.position() + 1;
    e.model_version = j_.model_version_;
    e.effective = next ? next->effective.days : today_.days;
}
void Judge::Session::post(std::vector<figure::Contribution>& before, std::vector<figure::Contribution>& after,
                          std::int64_t position, std::int64_t record) {
    if (before.empty())
        for (const auto& c : after) pending_.postings.push_back({c, position, record, +1});
    else
        figure::difference(std::move(before), std::move(after), position, record, pending_.postings);
}

}  // namespace yipan::board
