#include "cel/sql.h"

#include "cel/eval.h"

namespace yipan::cel {
Checked<SqlFilter> to_sql(const Program&, const SqlOptions&) { return fail(Errors{Error{}}); }
Result<Value> stored_value(const Value& value, const Type&) { return value; }
Checked<PlannedQuery> plan_query(const Tree&, const QueryUse&, const Env&) { return fail(Errors{Error{}}); }
}
