#include "model/names.h"

#include <algorithm>
#include <array>

namespace yipan::model {
namespace {
constexpr std::size_t name_chars_max = 40;

// Reserved by SQLite (words it does not take as a bare identifier) or by PostgreSQL.
constexpr std::array sql_words = {"add",
                                  "all",
                                  "alter",
                                  "analyse",
                                  "analyze",
                                  "and",
                                  "any",
                                  "array",
                                  "as",
                                  "asc",
                                  "asymmetric",
                                  "authorization",
                                  "autoincrement",
                                  "between",
                                  "binary",
                                  "both",
                                  "case",
                                  "cast",
                                  "check",
                                  "collate",
                                  "collation",
                                  "column",
                                  "commit",
                                  "concurrently",
                                  "constraint",
                                  "create",
                                  "cross",
                                  "current_catalog",
                                  "current_date",
                                  "current_role",
                                  "current_schema",
                                  "current_time",
                                  "current_timestamp",
                                  "current_user",
                                  "default",
                                  "deferrable",
                                  "delete",
                                  "desc",
                                  "distinct",
                                  "do",
                                  "drop",
                                  "else",
                                  "end",
                                  "escape",
                                  "except",
                                  "exists",
                                  "false",
                                  "fetch",
                                  "for",
                                  "foreign",
                                  "freeze",
                                  "from",
                                  "full",
                                  "grant",
                                  "group",
                                  "having",
                                  "if",
                                  "ilike",
                                  "in",
                                  "index",
                                  "initially",
                                  "inner",
                                  "insert",
                                  "intersect",
                                  "into",
                                  "is",
                                  "isnull",
                                  "join",
                                  "lateral",
                                  "leading",
                                  "left",
                                  "like",
                                  "limit",
                                  "localtime",
                                  "localtimestamp",
                                  "natural",
                                  "not",
                                  "nothing",
                                  "notnull",
                                  "null",
                                  "offset",
                                  "on",
                                  "only",
                                  "or",
                                  "order",
                                  "outer",
                                  "overlaps",
                                  "placing",
                                  "primary",
                                  "references",
                                  "returning",
                                  "right",
                                  "rowid",
                                  "select",
                                  "session_user",
                                  "set",
                                  "similar",
                                  "some",
                                  "symmetric",
                                  "table",
                                  "tablesample",
                                  "then",
                                  "to",
                                  "trailing",
                                  "transaction",
                                  "true",
                                  "union",
                                  "unique",
                                  "update",
                                  "user",
                                  "using",
                                  "values",
                                  "variadic",
                                  "verbose",
                                  "when",
                                  "where",
                                  "window",
                                  "with"};
// Reserved by the CEL specification (identifiers), less those above.
constexpr std::array cel_words = {"break",     "const",   "continue", "function", "import", "let",  "loop",
                                  "namespace", "package", "return",   "var",      "void",   "while"};
// The record itself, the counted one, and the column every record has. (`old`, `post`, `actor`, `entry_date`, `today`
// may be fields: they hide the variable.)
constexpr std::array taken_words = {"id", "it", "this"};

template <std::size_t n>
bool among(const std::array<const char*, n>& words, std::string_view name) {
    return std::any_of(words.begin(), words.end(), [&](const char* word) { return name == word; });
}
bool well_formed(std::string_view name) {
    if (name.empty() || name.size() > name_chars_max || name[0] < 'a' || name[0] > 'z') return false;
    return std::all_of(name.begin(), name.end(),
                       [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}
std::string quoted(std::string_view name) { return "\"" + std::string(name.substr(0, 80)) + "\""; }
}  // namespace

std::optional<NameProblem> judge_name(std::string_view name, NameUse use) {
    if (!well_formed(name))
        return NameProblem{quoted(name) + " is not a name",
                           "a small letter, then small letters, digits and _, at most 40 in all"};
    if (use == NameUse::code) return std::nullopt;
    if (name.substr(0, 2) == "v_" || name.substr(0, 6) == "yipan_")
        return NameProblem{quoted(name) + " starts with a prefix kept for the store",
                           "names do not start with v_ or yipan_"};
    if (among(sql_words, name))
        return NameProblem{quoted(name) + " is a word of SQL",
                           "choose another name, e.g. " + std::string(name) + "_of"};
    if (among(cel_words, name))
        return NameProblem{quoted(name) + " is a word of CEL",
                           "choose another name, e.g. " + std::string(name) + "_of"};
    if (use == NameUse::field && among(taken_words, name))
        return NameProblem{quoted(name) + " already means something in expressions",
                           "choose another name, e.g. " + std::string(name) + "_of"};
    return std::nullopt;
}

}  // namespace yipan::model
