#pragma once
// Whose file is it? A record gives a file to everybody who may see the record, so nobody may write a hash into a record
// that he only heard of: he sent the bytes himself, in the post he acts in, or he can read a record that holds them.
// What was sent is kept beside the journal (space "upload") for as long as a form may lie about; what can be read is
// looked up when a draft names a file, and asked again by the board's writer, which looks at nothing but this list.
#include <map>
#include <mutex>
#include <string>
#include <tuple>

#include "board/board.h"

namespace yipan::api {

class Call;

constexpr std::int64_t sent_kept_s = 7 * 24 * 60 * 60, readable_kept_s = 10 * 60;
constexpr std::size_t sent_of_post_max = 1'000, readable_max = 100'000;

class Papers {
  public:
    explicit Papers(board::Board& board) : board_(board) {}
    Status load();
    /// The bytes of this hash were sent by this person in this post. Blocks until that is durable.
    Status sent(RecordId person, RecordId post, const std::string& hash);
    /// Looks for records that hold what the draft names, as whoever asks may see them; remembers what was found.
    void look(Call& call, const board::Draft& draft);
    /// The board's question: every file of the change that the record did not hold before.
    void judge(const board::WriteAsk& ask, Errors& refused) const;

  private:
    using Key = std::tuple<std::int64_t, std::int64_t, std::string>;  // person, post, hash
    bool may_name(RecordId person, RecordId post, const std::string& hash) const;
    bool readable(Call& call, const std::string& hash) const;

    board::Board& board_;
    mutable std::mutex mutex_;
    std::map<Key, std::int64_t> sent_, readable_;  // when sent; until when it counts
};

}  // namespace yipan::api
