#pragma once
// Types of literals, operators and calls: the tables behind the checker. Internal. A mistake fills `message` (and
// `hint`).
#include <string>
#include <vector>

#include "cel/ast.h"
#include "cel/functions.h"

namespace yipan::cel {
Type type_of_literal(const Value& v);
Type type_of_operator(Op op, const Type& a, const Type& b, std::string& message, std::string& hint);
Type type_of_call(const Function& f, const std::vector<Expr*>& args, std::string& message, std::string& hint);
std::string_view symbol_of(Op op);
}  // namespace yipan::cel
