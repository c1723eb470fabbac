#pragma once
// What each person did lately and which types of records changed today, read from the end of the journal: the first
// question reads the latest entries, every later one only those since.
#include <deque>
#include <map>
#include <mutex>
#include <set>

#include "board/board.h"

namespace yipan::api {

constexpr std::int64_t activity_entries_max = 20'000;  // of the journal's end, looked at first
constexpr std::size_t activity_kept_max = 100;         // acts of one person in one post

class Activity {
  public:
    struct Did {
        std::int64_t position = 0;
        Instant time;
        int type = -1;
        RecordId record;
        board::Verb verb = board::Verb::create;
    };
    /// The latest of what a person did in a post, newest first.
    std::vector<Did> of(board::Board& board, board::Snapshot& snapshot, RecordId person, RecordId post);
    struct Day {
        Position before;      // the last entry made before today
        std::set<int> types;  // of records changed today
    };
    Result<Day> today(board::Board& board, board::Snapshot& snapshot);

  private:
    Status catch_up(board::Board& board, board::Snapshot& snapshot);
    std::mutex mutex_;
    model::ModelPtr model_;
    std::int64_t position_ = 0;
    Date day_;
    Position before_;
    std::set<int> types_;
    std::map<std::pair<std::int64_t, std::int64_t>, std::deque<Did>> did_;
};

}  // namespace yipan::api
