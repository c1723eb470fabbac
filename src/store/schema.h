#pragma once
// The SQL of a board's tables: engine tables (yipan_*), one table per record type named by its code, and a view
// v_<type> per type that gives labels, yuan and dates, so that any SQLite tool can open a board (docs/sql.md).
#include <string>
#include <vector>

#include "model/model.h"

namespace yipan::store {
// What is not the journal's: accounts, sessions, secrets, drafts, saved views. Written by the one writer.
#define YIPAN_SIDE_TABLE                                                                                             \
    "CREATE TABLE yipan_side(space TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY(space, key)) " \
    "STRICT, WITHOUT ROWID;\n"
extern const char* const engine_tables;
// Part of engine_tables since format 2.
#define YIPAN_REDIRECT_TABLE                                                                                     \
    "CREATE TABLE yipan_redirect(type INTEGER NOT NULL, record INTEGER NOT NULL, into_record INTEGER NOT NULL, " \
    "key TEXT, PRIMARY KEY(type, record)) STRICT, WITHOUT ROWID;\n"                                              \
    "CREATE INDEX yipan_redirect_key ON yipan_redirect(type, key);\n"
// Part of engine_tables since format 2. The index holds the entries that have attachments, so that who names a hash is
// found without reading the whole journal.
#define YIPAN_ATTACHMENT_TABLES                                                                                      \
    "CREATE TABLE yipan_attachment(id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, bytes INTEGER NOT NULL, added " \
    "INTEGER NOT NULL, beside INTEGER NOT NULL, complete INTEGER NOT NULL) STRICT;\n"                                \
    "CREATE TABLE yipan_attachment_part(attachment INTEGER NOT NULL, idx INTEGER NOT NULL, body BLOB NOT NULL, "      \
    "PRIMARY KEY(attachment, idx)) STRICT;\n"                                                                        \
    "CREATE INDEX yipan_entry_attachment ON yipan_entry(position) WHERE body_attachment IS NOT NULL;\n"
// Entries that erased something; a board made before 2026-11-29 gets the index when it is opened for writing.
#define YIPAN_ERASURE_CONDITION "verb IN (8, 13)"
#define YIPAN_ERASURE_INDEX "CREATE INDEX IF NOT EXISTS yipan_entry_erasure ON yipan_entry(position) WHERE " YIPAN_ERASURE_CONDITION ";\n"
std::string quoted(std::string_view name);
/// CREATE TABLE / INDEX statements of a type, and the columns in the order of insert and select.
std::vector<std::string> type_tables(const model::Model& model, const model::Type& type);
std::string type_view(const model::Model& model, const model::Type& type);
/// `voids`: the board's format has the column that marks void records (2 and later).
std::string columns_of(const model::Type& type, std::string_view alias, bool voids = true);
}  // namespace yipan::store
