#pragma once
// The yard where tiny worlds are tried: a real board in a folder of its own beside the oracle's world, fed with random
// drafts, and the comparison of the two. A step is ten bytes, so that a failing case shrinks; what it means depends on
// what exists.
#include <array>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "board/board.h"
#include "model/load.h"
#include "oracle/oracle.h"

namespace yipan::property {

class Folder {
  public:
    Folder();
    ~Folder();
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    std::string file(const std::string& name) const { return (path_ / name).string(); }

  private:
    std::filesystem::path path_;
};

using Step = std::array<std::uint8_t, 10>;

/// A fresh board of the tiny model with a clock that stands still and salts that repeat.
class Yard {
  public:
    explicit Yard(const std::vector<model::SourceFile>& files);
    board::Board& board() { return *board_; }
    const model::Model& model() const { return *model_; }
    const oracle::World& world() const { return *world_; }
    std::string path() const { return folder_.file("tiny.yipan"); }

    /// The draft that the steps mean here and now; none when a step names nothing.
    board::Draft draft_of(const std::vector<Step>& steps) const;
    /// Applies a draft; a refusal is no failure. Afterwards the oracle's world knows what the journal says. The text is
    /// empty, or the first thing that is wrong with what the board wrote.
    std::string apply(const board::Draft& draft);
    /// Takes what the board did by other ways into the oracle's world.
    std::string catch_up();
    std::string reopen();
    /// Another model for the board (or one step back). A refusal is no failure and is counted. What was known so far is
    /// kept as it was then.
    std::string change_model(const std::vector<model::SourceFile>& files, const std::string& migrations);
    std::string step_back();
    struct Past {  // a model that was in force, with everything that was known under it
        Position last;
        model::ModelPtr model;
        std::unique_ptr<oracle::World> world;
    };
    const std::vector<Past>& past() const { return past_; }
    int changes() const { return static_cast<int>(past_.size()); }
    std::string replay();  // the journal once more, on a new board that takes the place of this one
    std::int64_t accepted() const { return accepted_; }
    std::int64_t refused() const { return refused_; }
    /// Positions at which a transaction ended.
    const std::vector<Position>& ends() const { return ends_; }
    std::string dump();
    /// Whether a record of the type (-1: any) was there after the entry and has been erased whole since.
    bool blank(int type, Position position) const;
    bool merged(int type, std::int64_t record) const { return merged_.contains({type, record}); }
    /// The last draft applied, and a draft as a person reads it, for messages.
    const board::Draft& last() const { return last_; }
    std::string told(const board::Draft& draft) const;

  private:
    std::int64_t pick(int type, std::uint8_t byte) const;      // id of a living record; 0 when there is none
    std::int64_t pick_any(int type, std::uint8_t byte) const;  // of one that lives or lived
    void forget(const board::Entry& erasure);
    std::set<std::pair<int, std::int64_t>> expunged_, merged_;  // erased whole, merged away; type and id
    std::string reshape(board::ModelChange change);
    std::string rebuild();
    Folder folder_;
    FrozenClock clock_;
    std::unique_ptr<board::Board> board_;
    model::ModelPtr model_;
    std::unique_ptr<oracle::World> world_;
    board::Draft ground() const;
    std::vector<Past> past_;
    Position seen_, transaction_;
    board::Draft last_;
    std::int64_t accepted_ = 0, refused_ = 0;
    std::vector<Position> ends_;
    mutable std::int64_t drafts_ = 0;
};

/// Cells of the board against cells counted anew; empty when equal. `judge` is the model the oracle believes in.
std::string compare_cells(Yard& yard, const model::Model& judge);
/// `asks` random questions (by `seed`, of the figure `only` when given), about now and about earlier positions; empty
/// when all answers are equal.
std::string compare_figures(Yard& yard, const model::Model& judge, std::uint64_t seed, int asks, int only = -1);

/// Steps grouped into drafts: a step whose last byte is below 64 joins the one before.
std::vector<std::vector<Step>> grouped(const std::vector<Step>& steps);
/// A reproducible run of steps.
std::vector<Step> random_steps(std::uint64_t seed, std::size_t count);

}  // namespace yipan::property
