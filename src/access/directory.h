#pragma once
// Who holds which post today, which roles the posts hold over which units, and what stands below a unit: read from the
// board's records as the model's `identity` and `rights` say. Immutable; a new one is made when one of those records
// changed or the day did.
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <unordered_map>

#include "board/board.h"

namespace yipan::access {

struct Held {  // a post somebody holds today
    RecordId post;
    std::string kind;  // choice code of how it is held; may be empty
};
struct RoleOver {
    int role = -1;
    std::int64_t unit = 0;
    auto operator<=>(const RoleOver&) const = default;
};

class Directory {
  public:
    static Result<std::shared_ptr<const Directory>> read(board::Snapshot& snapshot);

    const std::vector<Held>& posts_of(RecordId person) const;
    /// Who holds the post today, of several the one of the lowest number; 0: nobody.
    RecordId holder_of(RecordId post) const;
    const std::vector<RoleOver>& roles_of(RecordId post) const;
    std::int64_t unit_of(RecordId post) const;  // 0: none
    /// (type, id) of the unit and everything below it today.
    const std::set<std::pair<int, std::int64_t>>& below(std::int64_t unit) const;
    using Node = std::pair<int, std::int64_t>;  // type, id
    /// What stands directly below a node of the rights' forest today, and above it.
    std::vector<Node> children(Node node) const;
    std::vector<Node> parents(Node node) const;
    Date today() const { return today_; }
    Position position() const { return position_; }
    const std::map<std::int64_t, std::vector<Held>>& people() const { return holders_; }
    /// Whether a change of records of this type makes a new directory necessary.
    static bool reads(const model::Model& model, int type);

  private:
    Date today_;
    Position position_;
    int unit_type_ = -1;
    std::map<std::int64_t, std::vector<Held>> holders_;
    std::map<std::int64_t, std::vector<RoleOver>> roles_;
    std::unordered_map<std::int64_t, std::int64_t> holder_of_;
    std::map<std::int64_t, std::int64_t> units_;
    std::map<std::pair<int, std::int64_t>, std::vector<std::pair<int, std::int64_t>>> children_, parents_;
    mutable std::mutex mutex_;
    mutable std::map<std::int64_t, std::set<std::pair<int, std::int64_t>>> below_;
};

}  // namespace yipan::access
