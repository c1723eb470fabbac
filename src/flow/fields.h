#pragma once
// The types that keep workflow, with the numbers of their fields, looked up once for a model; and the small helpers by
// which this room reads and makes records.
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "board/board.h"

namespace yipan::flow {

inline std::size_t at(int i) { return static_cast<std::size_t>(i); }

/// "task/17": how a record is named in fields called `subject`.
struct Subject {
    int type = -1;
    RecordId record;
    bool operator==(const Subject&) const = default;
};

/// Who acts, in which post.
struct Acting {
    RecordId person, post;
    std::string channel = "web", idempotency_key;
    std::optional<model::Language> language{};  // of refusals, see board::Draft
};
/// An empty draft of theirs that may write what only acts write.
board::Draft draft_of(const Acting& who);

std::string subject_text(const model::Model& model, const Subject& subject);
std::optional<Subject> subject_of(const model::Model& model, std::string_view text);

/// The title people see: the title field, the key, or "#17".
std::string title_of(const model::Model& model, const record::Record& record);

std::int64_t number(const model::Model& model, const record::Record& record, std::string_view field, std::int64_t otherwise = 0);
std::string text(const model::Model& model, const record::Record& record, std::string_view field);
inline RecordId reference(const model::Model& model, const record::Record& record, std::string_view field) {
    return RecordId(number(model, record, field));
}
std::optional<Date> date(const model::Model& model, const record::Record& record, std::string_view field);

/// A change with values named by field code.
class Making {
  public:
    Making(const model::Model& model, board::Verb verb, int type, RecordId record = {}) : model_(model) {
        change.verb = verb;
        change.type = type;
        change.record = record;
    }
    Making& set(std::string_view field, record::Value value);
    Making& set(std::string_view field, RecordId id) {
        return set(field, id.value == 0 ? record::Value() : record::Value(id.value));
    }
    Making& set(std::string_view field, Date day) { return set(field, record::Value(std::int64_t{day.days})); }
    Making& set(std::string_view field, std::string_view words) { return set(field, record::Value(std::string(words))); }
    Making& set(std::string_view field, const std::string& words) { return set(field, record::Value(words)); }
    Making& set(std::string_view field, const char* words) { return set(field, std::string_view(words)); }
    Making& clear(std::string_view field) { return set(field, record::Value()); }
    board::Change change;

  private:
    const model::Model& model_;
};

/// Records whose fields equal the values, by id; at most `limit`.
struct Equal {
    std::string_view field;
    record::Value value;
};
Result<board::Snapshot::ListResult> rows(board::Snapshot& snapshot, int type, const std::vector<Equal>& equal,
                                         std::int64_t limit, bool newest_first = false);
/// The post at the end of the type's `responsible` path; 0: there is none.
RecordId responsible_post(board::Snapshot& snapshot, const record::Record& record);

}  // namespace yipan::flow
