#pragma once
// Names of records: what people write for a record, both ways, with a bounded cache over one snapshot.
// A record's name is its key; without a key its natural key joined by "/"; without both "#" and its id.
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "board/board.h"
#include "record/input.h"

namespace yipan::exchange {

constexpr std::size_t names_cached_max = 200'000;  // per direction; a full cache starts afresh

class Names {
  public:
    explicit Names(board::Snapshot& snapshot);
    /// Another snapshot of the same board from here on; the cache stays.
    void rebind(board::Snapshot& snapshot) { snapshot_ = &snapshot; }
    /// The name as imports read it.
    const std::string& key_of(int type, RecordId id);
    /// The name for people: title and, where it is another field, the key in brackets.
    std::string title_of(int type, RecordId id);
    std::string title_of(const record::Record& record);
    /// By key, "a/b" of a natural key, or "#12". Unknown: not_found.
    Result<RecordId> find(int type, std::string_view name);
    void remember(int type, std::string_view name, RecordId id);
    record::NameOf key_function();
    record::NameOf title_function();
    record::FindByKey find_function();
    /// The name of a record at hand.
    std::string key_text(const record::Record& record);

  private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    struct OfType {
        std::unordered_map<std::int64_t, std::string> keys;
        std::unordered_map<std::string, RecordId, Hash, std::equal_to<>> ids;
    };
    Result<RecordId> find_natural(int type, std::string_view name);
    board::Snapshot* snapshot_;
    std::unordered_map<int, OfType> types_;  // only those that were asked for: most questions name one or two
};

}  // namespace yipan::exchange
