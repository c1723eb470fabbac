#pragma once
// The canonical body of a record version, one text per field group: a JSON object with keys in byte order, unset fields
// left out, integers as digits (scaled units, fen, days, encoded periods), texts in UTF-8 with the shortest JSON
// escapes and no other freedom. "The same bytes" (I7) and the commitments of entries (journal/entry.h) rest on this one
// encoding.
#include <array>
#include <string>
#include <vector>

#include "record/record.h"

namespace yipan::record {

constexpr int group_count = 3;  // plain, personal, attachment, in this order everywhere

/// What an entry says beside the values of the version it made: why something was taken back, and by whose decision.
/// Kept in the plain body under keys that no field can have (`yipan_...`).
struct Marks {
    bool voided = false;    // the version is void; a Record carries it as well
    std::string note;       // reason; the legal basis of an erasure
    std::string decider;    // who decided an erasure
    std::string erased;     // field groups erased up to this entry: "personal", "attachment", joined by a comma; or "all"
    std::int64_t into = 0;  // merged into this record

    bool operator==(const Marks&) const = default;
};
/// Groups (bits of model::FieldGroup) as a mark names them, and back.
std::string group_names(std::uint8_t groups);
std::uint8_t groups_named(std::string_view names);
/// The marks of a plain body; empty ones when it has none.
Result<Marks> marks_of(std::string_view plain_body);

/// The encoding of one type, prepared once: fields of each group in byte order of their codes.
class BodyCodec {
  public:
    explicit BodyCodec(const model::Type& type);
    /// The group's body; empty when the group has no set field (then the entry has no commitment for it) -- the plain
    /// group always has a body, "{}" at least, so that a record without values still commits to something.
    /// `marks` go into the plain body; whether the version is void, the record says.
    void encode(const Record& record, model::FieldGroup group, std::string& out, const Marks* marks = nullptr) const;
    bool has_group(model::FieldGroup group) const { return !fields_[static_cast<std::size_t>(group)].empty(); }
    /// Sets the values found in `body`. Keys the type no longer has are ignored: the entry keeps them. Strict
    /// otherwise.
    Status decode(std::string_view body, std::vector<Value>& values, Marks* marks = nullptr) const;

  private:
    struct Key {
        int field;
        std::string quoted;  // "code":
        std::string code;
    };
    std::array<std::vector<Key>, group_count> fields_;
    std::vector<std::pair<std::string, int>> by_code_;  // sorted
};

void append_json_text(std::string& out, std::string_view text);

}  // namespace yipan::record
