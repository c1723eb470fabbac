#include "flow/load.h"

namespace yipan::flow {

Result<LoadByPost> load_by_post(board::Snapshot& snapshot, board::Snapshot::Query which) {
    constexpr std::int64_t page = 10'000;
    LoadByPost out;
    const model::Model& model = snapshot.model();
    const Date today = snapshot.today();
    which.also = (which.also.empty() ? "" : "(" + which.also + ") AND ") + std::string("t.lies_with IS NOT NULL");
    which.limit = page;
    for (which.offset = 0;; which.offset += page) {
        YIPAN_TRY(const auto found, snapshot.list(model.flow.work, which));
        for (const auto& r : found.rows) {
            Load& row = out.posts[number(model, *r, "lies_with")];
            ++row.open;
            const auto due = date(model, *r, "due");
            if (due && *due < today) ++row.late;
            if (due && *due >= today && due->days <= today.days + load_soon_days) ++row.soon;
        }
        if (!found.more) return out;
        if (which.offset + page >= load_looked_at_max) break;
    }
    out.cut = true;
    return out;
}

LoadByPerson load_by_person(const Standing& standing, const std::map<std::int64_t, Load>& posts) {
    LoadByPerson out;
    for (const auto& [post, load] : posts) {
        out.all.add(load);
        std::vector<Standing::For> acting{{RecordId(post), Because::own}};
        if (standing.vacant(RecordId(post))) acting = standing.acting_for(RecordId(post));
        std::set<std::int64_t> counted;  // who holds two of the posts that stand in has the work once
        for (const auto& f : acting)
            for (const RecordId holder : standing.holders(f.post)) {
                if (!counted.insert(holder.value).second) continue;
                if (counted.size() > 1) out.again.add(load);
                LoadOfPerson& person = out.people[holder.value];
                person.load.add(load);
                person.posts.emplace_back(RecordId(post), f.because);
            }
        if (counted.empty()) out.nobody.add(load);
    }
    return out;
}

}  // namespace yipan::flow
