#pragma once
// Secret ballots. While one is open the votes are counters in this object's memory, beside the set of who has voted;
// closing writes who voted (by number, not by time) and the tally, in one draft. Nothing is written for a single vote, so
// nothing that is kept can link voter and vote (docs/decisions/0033-secret-ballot.md).
#include <map>
#include <mutex>
#include <set>

#include "flow/fields.h"

namespace yipan::flow {

constexpr std::size_t voters_min = 3, voters_max = 1000, ballot_choices_max = 100;

/// Of a ballot's field `choices`.
std::vector<std::string> ballot_choices(std::string_view text);

struct Poll {  // what is asked
    std::optional<Subject> subject;
    std::string question;
    std::vector<std::string> choices;
    int most = 1;
    std::vector<RecordId> voters;  // persons
};

class Ballots {
  public:
    explicit Ballots(board::Board& board) : board_(board) {}
    Checked<board::Receipt> open(const Acting& who, const Poll& poll);
    /// The same answer for every vote.
    Status vote(const Acting& who, RecordId ballot, const std::vector<std::string>& choices);
    /// By whoever opened it. Who voted and the tally become records.
    Checked<board::Receipt> close(const Acting& who, RecordId ballot);
    /// Votes on paper, counted by hand: who has voted and how many for each choice.
    Checked<board::Receipt> count(const Acting& who, RecordId ballot, std::vector<RecordId> voted, const std::map<std::string, std::int64_t>& counts);
    /// The votes of another, whose board was opened anew in this process.
    void take_over(Ballots& other);
    /// Votes that would be lost with this process, or if another took the board.
    bool holds_votes() const;
    struct View {
        std::size_t turnout = 0;
        bool voted = false, may_vote = false;
    };
    Result<View> view(RecordId person, RecordId ballot);

  private:
    struct Box {
        std::set<std::int64_t> voted;
        std::vector<std::int64_t> counts;
        bool counting = false;  // being closed: nothing more is taken in
    };
    struct Asked {
        record::RecordPtr record;
        std::vector<std::string> choices;
        std::vector<std::int64_t> voters;
        std::int64_t most = 1;
    };
    void settled(RecordId ballot, bool closed);  // under the lock
    Result<Asked> asked(board::Snapshot& snapshot, RecordId ballot) const;
    Checked<board::Receipt> write(const Acting& who, const Asked& asked, const std::set<std::int64_t>& voted, const std::vector<std::int64_t>& counts);
    board::Board& board_;
    mutable std::mutex mutex_;
    std::map<std::int64_t, Box> boxes_;
};

}  // namespace yipan::flow
