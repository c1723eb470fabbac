#include "flow/standing.h"

#include <algorithm>

namespace yipan::flow {

const char* because_name(Because because) {
    return because == Because::own ? "own" : because == Because::delegated ? "delegated" : "vacant";
}

bool Standing::reads(const model::Model& model, int type) {
    return type >= 0 && (type == model.identity.holds.type || type == model.identity.post || type == model.flow.delegation);
}

Result<std::shared_ptr<const Standing>> Standing::read(board::Snapshot& snapshot) {
    const auto out = std::make_shared<Standing>();
    const model::Model& model = snapshot.model();
    const model::Identity::Holding& holds = model.identity.holds;
    out->today_ = snapshot.today();
    const auto valid = [&](const record::Record& r, int from, int to) {
        const auto* begins = from < 0 ? nullptr : record::as_integer(r.at(from));
        const auto* ends = to < 0 ? nullptr : record::as_integer(r.at(to));
        return (!begins || *begins <= out->today_.days) && (!ends || *ends >= out->today_.days);
    };
    if (holds.type >= 0)
        YIPAN_TRY_VOID(snapshot.each(holds.type, [&](const record::RecordPtr& r) {
            const auto *person = record::as_integer(r->at(holds.person)), *post = record::as_integer(r->at(holds.post));
            if (!r->voided && person && post && valid(*r, holds.from, holds.to)) out->holders_[*post].push_back(RecordId(*person));
            return true;
        }));
    for (auto& [post, people] : out->holders_) {
        std::sort(people.begin(), people.end(), [](RecordId a, RecordId b) { return a.value < b.value; });
        people.erase(std::unique(people.begin(), people.end()), people.end());
    }
    if (model.identity.post >= 0)
        YIPAN_TRY_VOID(snapshot.each(model.identity.post, [&](const record::RecordPtr& r) {
            if (r->voided) return true;
            auto& next = out->vacancy_[r->id.value];
            for (const int field : model.flow.vacancy)
                if (const auto* post = record::as_integer(r->at(field))) next.push_back(*post);
            return true;
        }));
    if (const int type = model.flow.delegation; type >= 0) {
        const model::Type& shape = model.types[at(type)];
        const int from = shape.find("from_post"), to = shape.find("to_post"), begins = shape.find("valid_from"), ends = shape.find("valid_to"), over = shape.find("ended");
        YIPAN_TRY_VOID(snapshot.each(type, [&](const record::RecordPtr& r) {
            const auto *a = record::as_integer(r->at(from)), *b = record::as_integer(r->at(to)), *ended = record::as_integer(r->at(over));
            if (!r->voided && a && b && valid(*r, begins, ends) && (!ended || *ended > out->today_.days)) out->delegated_[*a].push_back(*b);
            return true;
        }));
    }
    out->resolve();
    return std::shared_ptr<const Standing>(out);
}

// Breadth first along delegations; a post nobody holds hands on to the next of its line that somebody holds.
std::vector<Standing::For> Standing::compute(std::int64_t post) const {
    std::vector<For> out;
    std::set<std::int64_t> seen{post};
    struct Step {
        std::int64_t post;
        Because because;
        int depth;
    };
    std::vector<Step> line{{post, Because::own, 0}};
    for (std::size_t i = 0; i < line.size(); ++i) {
        const Step step = line[i];
        if (!vacant(RecordId(step.post))) out.push_back({RecordId(step.post), step.because});
        if (step.depth < delegations_chain_max)
            if (const auto found = delegated_.find(step.post); found != delegated_.end())
                for (const std::int64_t next : found->second)
                    if (seen.insert(next).second) line.push_back({next, step.because == Because::vacant ? Because::vacant : Because::delegated, step.depth + 1});
    }
    if (!out.empty()) return out;
    // Nobody along the delegations: the first of the line of vacancy that somebody holds, further up if need be.
    std::set<std::int64_t> passed{post};
    std::vector<std::int64_t> level{post};
    for (int up = 0; up < vacancy_chain_max && !level.empty(); ++up) {
        std::vector<std::int64_t> above;
        for (const std::int64_t from : level) {
            const auto found = vacancy_.find(from);
            if (found == vacancy_.end()) continue;
            for (const std::int64_t next : found->second) {
                if (!passed.insert(next).second) continue;
                if (!vacant(RecordId(next))) return {{RecordId(next), Because::vacant}};
                above.push_back(next);
            }
        }
        level = std::move(above);
    }
    return {};
}

void Standing::resolve() {
    std::set<std::int64_t> posts;
    for (const auto& [post, next] : vacancy_) posts.insert(post);
    for (const auto& [post, to] : delegated_) posts.insert(post);
    for (const auto& [post, people] : holders_) posts.insert(post);
    for (const std::int64_t post : posts) {
        auto& acting = acting_[post] = compute(post);
        for (const For& f : acting) {
            auto& falls = falls_[f.post.value];
            const For back{RecordId(post), f.because};
            if (f.because == Because::own)
                falls.insert(falls.begin(), back);
            else
                falls.push_back(back);
        }
    }
}

const std::vector<RecordId>& Standing::holders(RecordId post) const {
    static const std::vector<RecordId> none;
    const auto found = holders_.find(post.value);
    return found == holders_.end() ? none : found->second;
}
bool Standing::holds(RecordId person, RecordId post) const {
    const auto& people = holders(post);
    return std::find(people.begin(), people.end(), person) != people.end();
}
const std::vector<Standing::For>& Standing::acting_for(RecordId post) const {
    static const std::vector<For> none;
    const auto found = acting_.find(post.value);
    return found == acting_.end() ? none : found->second;
}
std::vector<Standing::For> Standing::falls_to(RecordId post) const {
    const auto found = falls_.find(post.value);
    return found == falls_.end() ? std::vector<For>{} : found->second;
}
std::optional<Because> Standing::may_act(RecordId acting, RecordId lies_with) const {
    for (const For& f : acting_for(lies_with))
        if (f.post == acting) return f.because;
    return std::nullopt;
}

}  // namespace yipan::flow
