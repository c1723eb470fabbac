#pragma once
// The engine's tables as both stores have them: names, columns in order, what the key is. SQLite's own text is in
// schema.cpp (and compared with this by a test), PostgreSQL's is made from this list.
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace yipan::store {

using Cell = std::variant<std::monostate, std::int64_t, std::string>;  // text and bytes are both strings

struct EngineColumn {
    enum class Kind { integer, text, blob };
    const char* name;
    Kind kind;
    bool required = true;
};
struct EngineTable {
    const char* name;
    std::vector<EngineColumn> columns;
    std::size_t key;         // so many of the first columns
    const char* unique = "";  // a further column without repetition
};
/// In an order in which they can be filled.
std::span<const EngineTable> engine_table_list();
const EngineTable& engine_table(std::string_view name);

}  // namespace yipan::store
