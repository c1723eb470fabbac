#pragma once
// What a board's file is made of: rows, bytes and statements of each table.
#include <string>
#include <vector>

#include "store/connection.h"

namespace yipan::store {

struct TableStats {
    std::string name;
    bool engine = false;  // one of ours, not a record type's
    std::int64_t rows = 0, bytes = 0, index_bytes = 0;
    // What the journal tells was done to the rows of a record type since the board's beginning: statements of SQL that
    // insert, update or delete one of them. 0 for engine tables.
    std::int64_t inserts = 0, updates = 0, deletes = 0;
};
struct BoardStats {
    int format = 0;
    std::int64_t page_bytes = 0, pages = 0, free_pages = 0, position = 0;
    std::int64_t log_bytes = 0;                         // of the write-ahead log
    std::int64_t attachments = 0, attachment_bytes = 0;  // wherever they lie
    std::vector<TableStats> tables;                     // by name
};
Result<BoardStats> stats_of(const std::string& path, const FileProgress& progress = {});

}  // namespace yipan::store
