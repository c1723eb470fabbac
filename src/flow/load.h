#pragma once
// How much lies with whom: by post, and by person with all his posts and the vacant posts whose work falls to him. It says
// how much there is today and nothing of how anybody worked.
#include "flow/standing.h"

namespace yipan::flow {

constexpr std::int64_t load_looked_at_max = 200'000;  // work items; beyond, `cut` says so
constexpr int load_soon_days = 7;

struct Load {
    std::int64_t open = 0, late = 0, soon = 0;
    void add(const Load& other) { open += other.open, late += other.late, soon += other.soon; }
    bool operator==(const Load&) const = default;
};
struct LoadByPost {
    std::map<std::int64_t, Load> posts;  // with whom work lies
    bool cut = false;
};
/// What lies with each post, of the work items `which` selects (conditions and parameters; the rest of it is set here).
Result<LoadByPost> load_by_post(board::Snapshot& snapshot, board::Snapshot::Query which);

struct LoadOfPerson {
    Load load;
    std::vector<std::pair<RecordId, Because>> posts;  // each once; own: held by the person
};
/// `all` = the posts added up, each once. The people's loads add up to `all` without `nobody` and with `again`.
struct LoadByPerson {
    std::map<std::int64_t, LoadOfPerson> people;
    Load all;
    Load nobody;  // of posts that nobody holds and nobody stands in for
    Load again;   // counted more than once, because several people hold a post or stand in for it
};
/// Each person once. A vacant post's work counts for who stands in; several who share a post have all of it.
LoadByPerson load_by_person(const Standing& standing, const std::map<std::int64_t, Load>& posts);

}  // namespace yipan::flow
