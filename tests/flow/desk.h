#pragma once
// The small desk of the tests of workflow (tests/data/flow/desk, with the shipped organisation and flow): a board with six
// posts, each held by one person, in a folder of its own.
#include <filesystem>
#include <memory>

#include "flow/acts.h"
#include "flow/ballots.h"
#include "flow/ticker.h"

namespace yipan::desk {

class Desk {
  public:
    /// `address`: in a database instead; whoever asks for that drops it.
    explicit Desk(const std::string& salt_seed = "desk", std::vector<model::SourceFile> more = {}, const std::string& address = "");
    ~Desk();
    board::Board& board() { return *board_; }
    const model::Model& model() const { return *model_; }
    void reopen();
    void close() { board_.reset(); }
    std::string path() const { return path_; }
    FrozenClock& clock() { return clock_; }
    RecordId post(int n) const { return posts_.at(static_cast<std::size_t>(n)); }
    RecordId organ() const { return organ_; }  // its head is post 5
    RecordId person(int n) const { return people_.at(static_cast<std::size_t>(n)); }
    /// By the system itself: fields as people write them; references by id.
    RecordId create(const char* type, const std::vector<std::pair<const char*, record::Value>>& values);
    Checked<flow::Done> act(int n, flow::Do what, RecordId item, const std::string& text = {});
    Checked<flow::Done> start(int n, RecordId paper, const char* move);
    /// The open work item of the paper that lies with a post.
    RecordId item_of(RecordId paper, int n);
    std::string dump();
    std::int64_t count(int type, const std::string& filter);

  private:
    std::filesystem::path folder_;
    std::string path_;
    FrozenClock clock_;
    std::unique_ptr<board::Board> board_;
    model::ModelPtr model_;
    RecordId organ_;
    std::vector<RecordId> posts_, people_;  // from 1 on
};

std::vector<model::SourceFile> desk_files();

}  // namespace yipan::desk
