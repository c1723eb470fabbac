#pragma once
// The compiled form: nodes with a function pointer each, operands resolved, constants folded. Internal. No names are
// looked up at run time and scalars do not allocate.
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cel/ast.h"
#include "cel/checker.h"
#include "cel/functions.h"
#include "cel/program.h"

namespace re2 {
class RE2;
}

namespace yipan::cel {

struct Node {
    using Fn = bool (*)(const Node&, Frame&, Value& out);
    Fn fn = nullptr;
    std::uint32_t pos = 0;
    int index = 0;            // slot or field
    const Node* a = nullptr;  // first operands
    const Node* b = nullptr;
    const Node* c = nullptr;
    std::span<const Node* const> args;
    Value constant;
    Impl impl = nullptr;
    Macro macro = Macro::all;
    bool has_filter = false;
    bool two = false;  // comprehension with two variables
    std::shared_ptr<re2::RE2> pattern;
    const SqlQuery* query = nullptr;
    std::span<const Type> types;  // query: static types of the parameters
    Type result;                  // query: of the sum
    std::string text;
};

inline bool run(const Node& n, Frame& f, Value& out) {
    if (--f.steps < 0) [[unlikely]] {
        f.pos = n.pos;
        return f.out_of_steps();
    }
    return n.fn(n, f, out);
}

/// A query as the code generator wants it: parameters are trees of the outer scope.
struct PlannedQuery {
    SqlQuery query;
    std::vector<Expr*> params;     // null for a constant
    std::vector<Value> constants;  // in storage form
    std::vector<Type> types;
};

struct Program::Impl {
    std::shared_ptr<Tree> tree;
    std::deque<Node> nodes;
    std::deque<std::vector<const Node*>> lists;
    std::deque<std::vector<Type>> type_lists;
    const Node* root = nullptr;
    int locals = 0;
    Limits limits;
    Type result;
    std::vector<std::vector<std::string>> paths;
    std::vector<NullRisk> risks;
    std::vector<std::string> figures;
    std::vector<SqlQuery> queries;
    const ObjectType* self = nullptr;
    std::vector<Env::Variable> variables;
    bool checked = true;
};

/// Turns the checked tree into nodes; `planned` belongs to the queries of the tree by number.
void generate(Program::Impl& impl, const Expr& root, const std::vector<PlannedQuery>& planned);

/// In sql.cpp: compiles a count/exists/sum to SQL.
Checked<PlannedQuery> plan_query(const Tree& tree, const QueryUse& use, const Env& env);

}  // namespace yipan::cel
