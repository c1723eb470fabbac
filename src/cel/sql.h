#pragma once
// to_sql(): a boolean filter over `this` as SQLite text with parameters. The text selects exactly the records for which
// Program::holds() is true: NULL stands for "unset" and for "error", equality is IS, errors spread as NULL through AND,
// OR, NOT as the standard absorbs them. User text never becomes SQL text: names of columns come from ObjectType, every
// constant is a parameter. Storage: int, scaled decimal, fen, days since 1970, encoded period, 0/1, micros as INTEGER;
// text binary; reference = id of the target; list = JSON array. Refused with a place: what SQLite cannot answer exactly
// (docs/cel.md).
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cel/program.h"

namespace yipan::cel {

struct SqlParam {
    Value constant;                        // storage form; unused when `outer` is set
    std::shared_ptr<const Program> outer;  // a part of the filter that reads variables only (actor.unit, today)
    Type type;                             // of the outer part: tells the scale to store at
};
struct SqlFilter {
    std::string condition;         // for WHERE: false or NULL for records that do not match; may use indexes
    std::string sql;               // "((condition) IS TRUE)", for use inside other expressions
    std::vector<SqlParam> params;  // ?n, ?n+1, ... from SqlOptions::first_parameter
    /// The values to bind, in order. An outer part that fails or is null binds NULL, as an error in the filter means
    /// "no".
    Result<std::vector<Value>> bind(const Activation& activation) const;
};
struct SqlOptions {
    std::string alias = "t";  // of the table of `this` in the surrounding SELECT
    int first_parameter = 1;  // number of the first ?n
};

Checked<SqlFilter> to_sql(const Program& program, const SqlOptions& options = {});
/// The storage form of a value of static type `type`: int, double, string or null; a list is JSON text. Error when it
/// does not fit exactly (a decimal at a finer scale, text with NUL).
Result<Value> stored_value(const Value& value, const Type& type);

}  // namespace yipan::cel
