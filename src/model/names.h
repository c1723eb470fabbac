#pragma once
// What a declared thing may be called. Names become columns, tables and variables of expressions, so they are plain
// ASCII and none of them may be a word of SQL (SQLite or PostgreSQL) or CEL. Codes (choices, states) are data: only
// their shape counts.
#include <optional>
#include <string>
#include <string_view>

namespace yipan::model {

enum class NameUse { type, field, figure, other, code };

struct NameProblem {
    std::string message;
    std::string hint;
};
/// Nothing when the name may be used.
std::optional<NameProblem> judge_name(std::string_view name, NameUse use);

}  // namespace yipan::model
