#pragma once
// CSV in: rows become records of one type. The file is read twice: first every cell is judged and every failing one
// named (row, column, value, reason, way out) with nothing written; then the rows are applied. A file of up to
// `one_draft_rows` rows is one draft, accepted or refused as a whole; a larger one goes in drafts of `chunk_rows` and
// stops at the first refused one, saying what was applied before.
//   A row whose key (or natural key) exists amends that record, or is skipped when nothing differs; otherwise it
//   creates one. Empty cells unset; columns left out stay as they are. Types without any key are guarded by an
//   idempotency key made of the file's hash, so that uploading a file again does nothing twice. Computed values and
//   document numbers in a file are ignored (and said so); a state must be the one the record has.
// Memory: two chunks of rows, 16 to 32 bytes per row and per existing record for keys, and a bounded cache of
// references.
#include <cstdint>
#include <string>
#include <vector>

#include "board/board.h"

namespace yipan::exchange {

constexpr std::int64_t one_draft_rows = 5'000;
constexpr std::int64_t chunk_rows = 2'000;
constexpr std::size_t import_errors_listed_max = 1'000;
constexpr std::int64_t import_rows_max = 20'000'000;

struct ImportOptions {
    std::string name;  // of the file, begins every place; the path's last part when empty
    bool dry_run = false;
    RecordId actor, post;
    std::string channel = "import";
    std::optional<Date> effective;  // from when the values hold
    board::Progress progress;       // bytes done of bytes to do, both passes counted
};

struct ImportResult {
    std::int64_t rows = 0;
    std::int64_t created = 0, amended = 0, unchanged = 0, failed = 0;  // rows
    std::vector<std::string> ignored_columns;
    Errors errors;  // the first import_errors_listed_max
    std::int64_t errors_total = 0;
    bool repeated = false;     // (part of) this very file was imported before; nothing was done twice
    bool rules_judged = true;  // false: a dry run of a large file judges cells, not rules
    Position first, last;      // entries written; 0 when none
    std::string sha256;        // of the file
    bool ok() const { return errors_total == 0; }
};

ImportResult import_csv(board::Board& board, int type, const std::string& path, const ImportOptions& options = {});

}  // namespace yipan::exchange
