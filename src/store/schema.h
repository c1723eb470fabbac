#pragma once
// The SQL of a board's tables: engine tables (yipan_*), one table per record type named by its code, and a view
// v_<type> per type that gives labels, yuan and dates, so that any SQLite tool can open a board (docs/sql.md).
#include <string>
#include <vector>

#include "model/model.h"

namespace yipan::store {
// What is not the journal's: accounts, sessions, secrets, drafts, saved views. Written by the one writer.
#define YIPAN_SIDE_TABLE \
    "CREATE TABLE yipan_side(space TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY(space, key)) STRICT, WITHOUT ROWID;\n"
extern const char* const engine_tables;
std::string quoted(std::string_view name);
/// CREATE TABLE / INDEX statements of a type, and the columns in the order of insert and select.
std::vector<std::string> type_tables(const model::Model& model, const model::Type& type);
std::string type_view(const model::Model& model, const model::Type& type);
std::string columns_of(const model::Type& type, std::string_view alias);
}  // namespace yipan::store
