#pragma once
// compile(): text -> Program; every mistake at once, places "line:column" (1-based, columns in code points).
// A Program is immutable and may be shared between threads. evaluate() never throws and is bounded by steps.
// Evaluation errors: Code::evaluation_failed, overflow, limit_exceeded, with the place in the text.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cel/env.h"
#include "cel/value.h"

namespace yipan::cel {

/// A compiled count/exists/sum over a type. The text has parameters ?1..?n in the order of `params` given to
/// Host::query, already in storage form (scaled integers, days, encoded periods, ids; see sql.h).
struct SqlQuery {
    enum class What { count, exists, sum } what = What::count;
    const ObjectType* type = nullptr;
    std::string sql;                  // SELECT of one value; sum gives an integer (scaled) or NULL when nothing matches
    Type result;                      // int, bool, or the type of the sum
    std::vector<std::string> fields;  // fields of `type` the filter or the sum reads, for the check of indexes
    std::vector<std::string> equal_fields;  // those compared by == with an outer value, joined by && at the top
};

class Host {
  public:
    virtual ~Host() = default;
    /// The value of the first column of the one row, as SQLite gives it: int for all three, null for an empty sum.
    virtual Result<Value> query(const SqlQuery& query, std::span<const Value> params) = 0;
    virtual Result<Value> figure(std::string_view code, const Value& unit, const Value& period) = 0;
};

struct Activation {
    std::span<const Value> variables;  // by slot
    const Object* self = nullptr;      // when Env::self is set
    Host* host = nullptr;
    std::int64_t steps = 0;  // 0: as Env::limits
};

struct NullRisk {
    std::string place;  // line:column
    std::string path;   // amount, project.level
};

class Program {
  public:
    Result<Value> evaluate(const Activation& activation) const;
    /// For conditions and filters: true only when the value is true; null, other kinds and errors are "no".
    bool holds(const Activation& activation) const;

    const Type& result_type() const;
    bool nullable() const { return result_type().nullable; }
    const std::string& text() const;
    /// Field paths read from `this` or from variables: {"amount"}, {"project", "level"}; without repetition.
    const std::vector<std::vector<std::string>>& paths() const;
    /// Nullable values used where null is an error, not guarded by a null test.
    const std::vector<NullRisk>& may_fail_on_null() const;
    const std::vector<SqlQuery>& queries() const;
    const std::vector<std::string>& figures() const;
    /// The expression printed with single spaces and only the brackets it needs; parses to the same tree.
    std::string print() const;

    struct Impl;
    explicit Program(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
    const Impl& impl() const { return *impl_; }

  private:
    std::shared_ptr<const Impl> impl_;
};

Checked<Program> compile(std::string_view text, const Env& env);
/// Parses only and prints: the form the fuzzer compares.
Checked<std::string> reprint(std::string_view text, const Limits& limits = {});

}  // namespace yipan::cel
