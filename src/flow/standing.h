#pragma once
// Who stands where, on one day: who holds a post, to whom it is delegated, and to whom the work of a post falls that
// nobody holds. Read from records, immutable; looked up when somebody acts or looks, never written into work items
// (docs/decisions/0032-flow.md).
#include <map>
#include <memory>
#include <set>

#include "flow/fields.h"

namespace yipan::flow {

constexpr int delegations_chain_max = 8;
constexpr int vacancy_chain_max = 16;

enum class Because : std::uint8_t { own, delegated, vacant };
const char* because_name(Because because);

class Standing {
  public:
    static Result<std::shared_ptr<const Standing>> read(board::Snapshot& snapshot);
    /// Whether a change of records of the type makes another one.
    static bool reads(const model::Model& model, int type);

    const std::vector<RecordId>& holders(RecordId post) const;  // persons, by id
    bool holds(RecordId person, RecordId post) const;
    bool vacant(RecordId post) const { return holders(post).empty(); }
    bool exists(RecordId post) const { return vacancy_.contains(post.value); }
    struct For {
        RecordId post;
        Because because = Because::own;
    };
    /// Posts that can act on what lies with this one, itself first (unless nobody holds it).
    const std::vector<For>& acting_for(RecordId post) const;
    /// Posts whose work the post can do, itself first.
    std::vector<For> falls_to(RecordId post) const;
    std::optional<Because> may_act(RecordId acting, RecordId lies_with) const;
    /// Nobody holds it and nobody stands in.
    bool forsaken(RecordId post) const { return acting_for(post).empty(); }
    Date today() const { return today_; }

  private:
    void resolve();
    std::vector<For> compute(std::int64_t post) const;
    Date today_;
    std::map<std::int64_t, std::vector<RecordId>> holders_;               // by post
    std::map<std::int64_t, std::vector<std::int64_t>> delegated_;         // post -> posts it is delegated to today
    std::map<std::int64_t, std::vector<std::int64_t>> vacancy_;           // post -> who is next, in order
    std::map<std::int64_t, std::vector<For>> acting_;                     // resolved
    std::map<std::int64_t, std::vector<For>> falls_;                      // the other way round
};

}  // namespace yipan::flow
