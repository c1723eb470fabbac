#pragma once
// Records as values. A Value is unset, an integer in the field's stored unit, or a text (model.h says which field is
// which); a Record is one version of one record. Immutable once handed out (shared by caches, snapshots and figures).
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/date.h"
#include "base/ids.h"
#include "base/result.h"
#include "cel/program.h"
#include "model/model.h"

namespace yipan::record {

using Value = std::variant<std::monostate, std::int64_t, std::string>;
inline bool is_unset(const Value& v) { return v.index() == 0; }
inline const std::int64_t* as_integer(const Value& v) { return std::get_if<std::int64_t>(&v); }
inline const std::string* as_text(const Value& v) { return std::get_if<std::string>(&v); }

struct Record {
    int type = -1;
    RecordId id;
    std::int32_t version = 0;   // 1 for the first
    Position position;          // of the entry that made this version
    Position previous;          // of the entry of the version before; 0 for the first
    Date effective;             // from when this version's values hold (event time); the entry's date unless said
    bool voided = false;        // void (作廢): still there, but it counts in nothing
    std::vector<Value> values;  // by field index

    const Value& at(int field) const { return values[static_cast<std::size_t>(field)]; }
};
using RecordPtr = std::shared_ptr<const Record>;

/// Gives the records that a record refers to. Implemented by the board's writer (its transaction), by snapshots and by
/// tests.
class Resolver {
  public:
    virtual ~Resolver() = default;
    virtual RecordPtr current(int type, RecordId id) = 0;  // null when there is none
    /// The version valid on `day`: greatest (effective, position) with effective <= day; the earliest version when none
    /// is.
    virtual RecordPtr valid_on(int type, RecordId id, Date day) = 0;
};

}  // namespace yipan::record
