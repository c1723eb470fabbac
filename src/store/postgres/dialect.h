#pragma once
// The queries the engine makes (cel/sql.h, access/rights.h, the lists of api) are written once, in SQLite's words. Here they
// are read and written anew in PostgreSQL's, with the same answers: equality that knows "unset", booleans stored as 0
// and 1, arithmetic that gives no value instead of an error, text compared by its bytes, lists as JSON. What is read is a
// small language, the one the engine writes; anything else is refused, never passed on.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "record/record.h"

namespace yipan::store::postgres {

enum class Kind { boolean, integer, wide, text, real, list, json, unset };  // wide: arithmetic, any size; json: an element

/// What tables there are, by the names the engine uses.
class Tables {
  public:
    virtual ~Tables() = default;
    /// The table's name in the database; empty: there is none.
    virtual std::string physical(std::string_view table) const = 0;
    virtual std::optional<Kind> column(std::string_view table, std::string_view column) const = 0;
};

struct Asked {
    std::string sql;
    std::vector<Kind> columns;  // of a whole query
};
/// A condition over the table `table` under the alias t. Values tell the kinds of ?1, ?2, ...; they become $1, $2, ...
Result<Asked> condition(std::string_view sql, std::string_view table, const Tables& tables,
                        const std::vector<record::Value>& values);
/// A whole SELECT.
Result<Asked> query(std::string_view sql, const Tables& tables, const std::vector<record::Value>& values);

}  // namespace yipan::store::postgres
