#pragma once
// YAML as a tree with places: every node knows its line and column (1-based), so a mistake in a declaration can be
// named where it stands. Bounded: depth 64, 200,000 nodes, 8 MiB; anchors and aliases are refused (a declaration is
// read by clerks, and aliases can grow without bound). Scalars stay text; quoting tells "12" from 12 only through
// `quoted`.
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace yipan::yaml {

struct Node {
    enum class Kind { null, scalar, list, map };
    Kind kind = Kind::null;
    std::string text;  // scalar
    bool quoted = false;
    std::vector<Node> items;  // list; values of a map, in order
    std::vector<Node> keys;   // map: keys[i] belongs to items[i]; scalars, no duplicates
    int line = 0;
    int column = 0;

    const Node* find(std::string_view key) const;  // value in a map, or null
    bool is_null() const { return kind == Kind::null; }
    bool is_scalar() const { return kind == Kind::scalar; }
    bool is_list() const { return kind == Kind::list; }
    bool is_map() const { return kind == Kind::map; }
};

/// Parses one document. `file` is only used in the places of errors ("file:line:column").
Checked<Node> parse(std::string_view text, std::string_view file);
std::string place(std::string_view file, const Node& node);

}  // namespace yipan::yaml
