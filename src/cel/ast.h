#pragma once
// The tree between parser, checker, evaluator and SQL. Internal to the room. Nodes live in one deque and name each
// other by pointer; nothing is freed recursively. Macros are nodes of their own (Comprehension), so that the tree
// prints back.
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cel/env.h"
#include "cel/value.h"

namespace yipan::cel {

enum class Op : std::uint8_t {
    literal,
    ident,
    select,
    has,
    index,
    call,
    list,
    map,
    logic_and,
    logic_or,
    logic_not,
    negate,
    conditional,
    add,
    subtract,
    multiply,
    divide,
    modulo,
    equal,
    not_equal,
    less,
    less_equal,
    greater,
    greater_equal,
    in,
    comprehension
};
enum class Macro : std::uint8_t {
    all,
    exists,
    exists_one,
    map,
    filter,
    transform_list,
    transform_map,
    transform_map_entry
};

/// What a name means, found by the checker.
enum class Meaning : std::uint8_t { unresolved, variable, local, self_field, self_object, type_name, field, function };

struct Function;

struct Expr {
    Op op = Op::literal;
    std::uint32_t pos = 0;     // byte offset in the text
    std::string name;          // ident, select, has (field), call
    bool root = false;         // .name
    bool method = false;       // call: args[0] is the target
    bool quoted_name = false;  // select by `name`
    Macro macro = Macro::all;
    Value value;              // literal
    std::vector<Expr*> args;  // operands; map: k, v, k, v; comprehension: range, then [filter,] body
    std::string var1, var2;   // comprehension
    bool has_filter = false;  // comprehension: args[1] is a filter

    // Found by the checker.
    Type type;
    Meaning meaning = Meaning::unresolved;
    int slot = -1;   // variable, local or field index
    int locals = 0;  // comprehension: first local slot
    const Function* function = nullptr;
    int query = -1;    // call: number of a host query
    std::string path;  // key of the path for narrowing; empty when not a path
};

struct Tree {
    std::deque<Expr> nodes;
    Expr* root = nullptr;
    std::string text;
};

/// line:column of a byte offset, columns in code points.
std::string place_of(std::string_view text, std::size_t offset);
/// Parses and expands macros. `names_may_be_tested`: has(name) is allowed (bare fields).
Checked<std::shared_ptr<Tree>> parse_tree(std::string_view text, const Limits& limits, bool macros);
std::string print_tree(const Expr& root);
bool is_reserved(std::string_view name);

}  // namespace yipan::cel
