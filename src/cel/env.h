#pragma once
// Env: what an expression may name: variables (by slot), the fields of one object ("this"), a container for names of
// the standard, host queries and figures where allowed, and limits. Building an Env never fails; compile() judges the
// text.
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cel/type.h"

namespace yipan::cel {

struct Limits {
    std::size_t source_bytes = 64 * 1024;
    int nesting = 100;                  // of brackets, calls, ternaries and unary signs in the text
    int tree_depth = 400;               // of the tree, where chains such as a + b + c count
    std::size_t nodes = 20'000;         // of the tree
    std::size_t errors = 50;            // reported for one text
    std::int64_t steps = 1'000'000;     // of one evaluation; every node, iteration and 16 bytes of new text count
    std::size_t text_bytes = 4u << 20;  // of one string made by an evaluation
};

class Env {
  public:
    struct Variable {
        std::string name;  // may be dotted
        Type type;
    };
    /// Returns the slot of the variable in Activation::variables.
    int variable(std::string name, Type type) {
        variables.push_back({std::move(name), std::move(type)});
        return static_cast<int>(variables.size()) - 1;
    }
    std::vector<Variable> variables;
    const ObjectType* self = nullptr;  // its fields are bare names
    std::string container;
    const Schema* schema = nullptr;  // names of types for queries
    bool queries = false;            // count, exists, sum over types: rules only
    bool figures = false;            // figure('code', unit, period): rules only
    /// Result type of a figure; empty when there is no such figure. Needed when `figures` is set.
    std::function<std::optional<Type>(std::string_view code)> figure_type;
    bool check = true;  // conformance runs some cases unchecked
    bool macros = true;
    std::optional<Type> expected;  // the result type wanted, such as bool for filters
    Limits limits;
};

}  // namespace yipan::cel
