#pragma once
// Search by what people type: part of a name, pinyin in full or by initials, 繁 or 簡 alike. Keys and titles of all records
// are kept in memory by type, brought up to date from the changes the board tells; what is found is shown only to who may
// see it. Personal texts are not in it.
#include <atomic>
#include <mutex>
#include <set>

#include "api/service.h"

namespace yipan::api {

class SearchIndex {
  public:
    explicit SearchIndex(board::Board& board) : board_(board) {}
    void changed(const board::Shown& shown);
    struct Hit {
        std::int64_t id = 0;
        std::string text;
        int field = -1;
    };
    /// Ids whose key or title matches, in id order, newest first; at most `limit` for which `wanted` is true.
    std::vector<Hit> find(int type, std::string_view typed, std::size_t limit, const std::function<bool(std::int64_t)>& wanted, bool& more);

  private:
    struct OfType {
        bool loaded = false;
        std::map<std::int64_t, std::string> texts;  // key and title joined by a blank
    };
    void refresh(board::Snapshot& snapshot, int type, const std::set<std::pair<int, std::int64_t>>& dirty);
    static std::string text_of(const model::Type& type, const record::Record& record);
    board::Board& board_;
    std::mutex mutex_;
    std::mutex dirty_mutex_;  // the only one the board's thread takes
    std::set<std::pair<int, std::int64_t>> dirty_;
    bool overflown_ = false;
    std::atomic<bool> forget_{false};
    std::map<int, OfType> types_;
    model::ModelPtr model_;
};

/// Which records of a type who asks may see.
std::function<bool(std::int64_t)> seen_by(const std::shared_ptr<Call>& call, int type);

}  // namespace yipan::api
