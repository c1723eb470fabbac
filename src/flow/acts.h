#pragma once
// What people do with work: start, agree, disagree, return, hand over, assign, add a signer, withdraw, urge, void. An act
// is made into one draft of ordinary changes from a snapshot (steps, work items, opinions, messages, the move itself) and
// goes the one write path. It names the version of the case it was made from: who comes second has his act made anew.
#include <mutex>

#include "flow/standing.h"

namespace yipan::flow {

constexpr std::size_t text_bytes_max = 4000;
constexpr std::size_t copies_max = 50;
constexpr std::size_t posts_of_step_max = 100;
constexpr std::int64_t items_of_case_max = 2000;
constexpr int tries_max = 20;  // when others act on the same case at the same time

enum class Do : std::uint8_t {
    start,
    assign_record,
    agree,
    disagree,
    give_back,  // return 退回
    hand_over,
    assign,
    add_before,
    add_after,
    withdraw,
    urge,
    annul  // void 作廢
};
std::optional<Do> act_named(std::string_view name);  // as in docs/flow.md: "return", "void", ...
std::string_view act_name(Do act);

struct Act {
    Do act = Do::agree;
    RecordId person, post;  // who acts; 0 = the system itself
    std::string channel = "web", idempotency_key;
    std::optional<model::Language> language;  // of refusals, see board::Draft
    Subject subject;             // start, assign_record
    std::string move;            // start
    RecordId item;               // agree ... add_after
    RecordId flow_case;          // withdraw, urge, annul
    std::optional<std::int32_t> version;  // of the item, as it was seen
    std::string text;
    RecordId to;
    std::string to_step;
    bool straight = false;
    std::optional<int> workdays;
    std::vector<RecordId> copies;
    std::vector<std::pair<int, record::Value>> values;  // of the record, set with the move the act may cause
    bool dry_run = false;
};

struct Done {
    board::Receipt receipt;
    RecordId flow_case;
};

/// What may be done with a work item by a post: names as act_named() reads them; empty: nothing.
std::vector<Do> acts_for(const model::Model& model, const record::Record& item);

/// The steps of a move as they stand for a record now: who would be asked.
struct StepView {
    const model::FlowStep* step = nullptr;
    std::vector<RecordId> posts;
    bool left_out = false;  // its `when` is false
    std::string problem;    // nobody can be asked: why
};
std::vector<StepView> steps_of(board::Snapshot& snapshot, const model::Move& move, const record::Record& record, RecordId starter);

class Acts {
  public:
    explicit Acts(board::Board& board) : board_(board) {}
    Checked<Done> perform(const Act& act);
    /// The one of this snapshot's day and records; kept while nothing of it changed, when changed() is told of every batch.
    Result<std::shared_ptr<const Standing>> standing(board::Snapshot& snapshot);
    void changed(const board::Shown& shown);
    board::Board& board() { return board_; }

  private:
    board::Board& board_;
    std::mutex mutex_;
    std::shared_ptr<const Standing> standing_;
    std::int64_t read_at_ = -1, stale_after_ = -1;  // positions
    bool told_ = false;
};

}  // namespace yipan::flow
