#pragma once
// to_sql(): a boolean filter over `this` as SQLite text with parameters. The text selects exactly the records for which
// Program::holds() is true: NULL stands for "unset" and for "error", equality is IS, errors spread as NULL through AND, OR,
// NOT as the standard absorbs them, and the caller writes WHERE (sql) IS TRUE (already part of `sql`).
// User text never becomes SQL text: names of columns come from ObjectType, every constant is a parameter.
// Storage: int, scaled decimal, fen, days since 1970, encoded period, 0/1, micros as INTEGER; text binary; reference = id of
// the target; list = JSON array. Refused with a place: what SQLite cannot answer exactly (docs/cel.md).
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cel/program.h"

namespace yipan::cel {

struct SqlParam {
    Value constant;          // storage form: int, string or null; unused when slot >= 0
    int slot = -1;           // a variable of the Env, to be given in storage form by stored_value()
    Type type;               // of the variable: tells the scale to store at
};
struct SqlFilter {
    std::string sql;         // "(...) IS TRUE", parameters ?1 ... ?n
    std::vector<SqlParam> params;
};
struct SqlOptions {
    std::string alias = "t";  // of the table of `this` in the surrounding SELECT
    int first_parameter = 1;  // number of the first ?n
};

Checked<SqlFilter> to_sql(const Program& program, const SqlOptions& options = {});
/// The storage form of a value of static type `type`: int, double, string or null. Error when it does not fit exactly.
Result<Value> stored_value(const Value& value, const Type& type);

}  // namespace yipan::cel
