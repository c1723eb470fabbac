#pragma once
// PostgreSQL's text of a board's tables: integers are bigint, texts are compared by their bytes, a list is JSON text.
#include <string>
#include <vector>

#include "model/model.h"
#include "store/tables.h"

namespace yipan::store::postgres {

std::string name_of(std::string_view name);  // quoted
/// Entries that erased something; an index of them, since 2026-11: a board made earlier gets it when it is opened.
inline constexpr const char* erasure_condition = "verb IN (8, 13)";
inline constexpr const char* erasure_index = "CREATE INDEX yipan_entry_erasure ON yipan_entry(position) WHERE verb IN (8, 13)";
/// Engine tables, the holder's and the list of tables that wait to be dropped.
std::vector<std::string> engine_sql();
std::string type_table(const model::Type& type, const std::string& physical);
std::vector<std::string> type_indexes(const model::Type& type, const std::string& physical);
/// Whether a type's table can stay as it is when the model changes.
bool same_table(const model::Type& a, const model::Type& b);
std::string type_view(const model::Model& model, const model::Type& type,
                      const std::vector<std::string>& physical);  // by type

}  // namespace yipan::store::postgres
