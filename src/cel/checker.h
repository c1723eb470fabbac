#pragma once
// Names, types and null tests of a parsed tree. Internal. Unchecked compilation uses the same walk with errors left
// out: what cannot be resolved then fails when it is evaluated.
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "cel/ast.h"
#include "cel/functions.h"
#include "cel/program.h"

namespace yipan::cel {

struct QueryUse {  // one count/exists/sum in the tree
    Expr* call = nullptr;
    SqlQuery::What what = SqlQuery::What::count;
    const ObjectType* type = nullptr;
    Expr* filter = nullptr;  // may be null
    Expr* summed = nullptr;  // sum only
    int slot = -1;           // local slot of `it`
};

struct Findings {
    Errors errors;
    std::vector<std::vector<std::string>> paths;
    std::vector<NullRisk> risks;
    std::vector<std::string> figures;
    std::vector<QueryUse> queries;
    int locals = 0;
};

Findings check_tree(Tree& tree, const Env& env);

}  // namespace yipan::cel
