#pragma once
// Pen: turns short lines ("create organ code=JC name=...") into drafts, keeps the ids of what was made by name, and
// hands the drafts to the board in bounded batches. The first refusal is kept; from then on nothing is written. Random:
// splitmix64, the same everywhere; no distributions of the standard library, whose results differ between libraries.
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "board/board.h"

namespace yipan::demo {

class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next();
    int between(int low, int high);  // both included
    bool percent(int chance) { return between(1, 100) <= chance; }
    /// A stream of its own for record `n` of a kind, so that one table's length does not move another's numbers.
    static Random of(std::uint64_t seed, int kind, std::int64_t n);

  private:
    std::uint64_t state_;
};

class Pen {
  public:
    static constexpr std::size_t batch_changes = 8192;

    Pen(board::Board& board, board::Progress progress, std::int64_t expected)
        : board_(board), model_(board.model()), progress_(std::move(progress)), expected_(expected) {}

    /// "create TYPE [@name] field=value ...", "amend TYPE NAME field=value ...", "move TYPE NAME MOVE field=value ...";
    /// `effective=` is the date from which the values hold. Values hold no blanks. Adds to the open draft.
    void step(std::string_view line);
    /// Adds a ready change; for the many records of enterprises.
    void add(board::Change change) { open_.changes.push_back(std::move(change)); }
    /// Remembers the newest change of the open draft under a name.
    void name(int type, std::string name);
    /// Sets a field of the newest change of the open draft.
    void set(std::string_view field, record::Value value);
    /// The post (and its holder) in which the next drafts are entered; empty: the system.
    void as(std::string_view post, std::string_view person);
    /// As as(), for what acts of workflow write (cases, work, opinions, the move at the end).
    void acting(std::string_view post, std::string_view person) { as(post, person), by_act_ = true; }
    /// Closes the open draft.
    void end();
    /// The id of a named record; asks the board for what is still on the way.
    std::int64_t id(int type, const std::string& name);
    void flush();

    const model::Model& model() const { return *model_; }
    bool failed() const { return !errors_.empty(); }
    Checked<std::int64_t> finish();

  private:
    struct Place {
        RecordId id;              // 0: still on the way
        std::uint64_t draft = 0;  // number of the draft and of the change in it
        std::size_t change = 0;
    };
    void wrong(std::string_view line, std::string message);
    record::Value value_of(const model::Field& field, std::string_view text, std::string_view line);
    std::int64_t reference(int type, std::string_view name, std::string_view line, bool only_written);
    RecordId target(int type, std::string_view name, std::string_view line);

    board::Board& board_;
    model::ModelPtr model_;
    board::Progress progress_;
    std::int64_t expected_ = 0, done_ = 0, records_ = 0;
    board::Draft open_;
    std::vector<board::Draft> closed_;
    std::uint64_t first_closed_ = 0;  // number of closed_[0]
    std::size_t closed_changes_ = 0;
    std::map<std::pair<int, std::string>, Place, std::less<>> names_;
    std::vector<std::pair<int, std::string>> waiting_;  // names still on the way
    RecordId actor_, post_;
    bool by_act_ = false;
    Errors errors_;
};

}  // namespace yipan::demo
