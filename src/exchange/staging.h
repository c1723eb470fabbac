#pragma once
// The file of a staged import: an SQLite database beside the board, "<board>-import-<id>", that survives the process.
// Holds what was read (cells verbatim, the change each row asks for), what was refused and why, which rows went to the
// board in which draft. Nothing here is the truth; the journal is. What a draft did is found again by its idempotency
// key.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "board/board.h"
#include "exchange/table.h"

namespace yipan::exchange {

/// What is to become of a row.
enum class RowFate : std::uint8_t { create = 0, amend = 1, unchanged = 2, failed = 3 };

struct StagedRow {
    std::int64_t line = 0;
    int round = 0;  // 0: as uploaded first; 1, 2 ...: corrected later
    RowFate fate = RowFate::create;
    std::int64_t record = 0;   // amend
    std::int32_t version = 0;  // of that record when it was judged
    std::string body;          // encode_values()
    std::string cells;         // encode_cells(), verbatim
};

/// A draft that was or will be sent: declared durably before it is.
struct StagedDraft {
    std::int64_t number = 0;
    bool undo = false;
    int round = 0;
    std::int64_t first_line = 0, last_line = 0;  // rows of it, those of its round between the two
    std::int64_t undoes = 0;                     // undo: the draft whose entries it takes back ...
    std::int64_t from = 0, to = 0;               // ... these entries of it
    std::int64_t first = 0, last = 0;            // its own entries; 0: not known yet
    bool done = false;
    std::int64_t rows = 0;
};

std::string encode_values(const std::vector<std::pair<int, record::Value>>& set);
Result<std::vector<std::pair<int, record::Value>>> decode_values(std::string_view body);
std::string encode_cells(std::span<const Cell> cells);
/// The views point into `body`.
Result<std::vector<Cell>> decode_cells(std::string_view body);

class Staging {
  public:
    static Result<std::unique_ptr<Staging>> create(const std::string& board_path);
    static Result<std::unique_ptr<Staging>> open(const std::string& board_path, const std::string& id);
    static std::vector<std::string> ids(const std::string& board_path);  // newest last
    virtual ~Staging() = default;

    virtual const std::string& id() const = 0;
    virtual const std::string& path() const = 0;
    /// Between begin and commit nothing is durable. Durable: commit waits for the disk.
    virtual Status begin() = 0;
    virtual Status commit() = 0;
    virtual Status durable(bool yes) = 0;

    virtual Result<std::string> meta(std::string_view key) = 0;  // empty: not set
    virtual Status set_meta(std::string_view key, std::string_view value) = 0;
    Result<std::int64_t> number(std::string_view key);
    Status set_number(std::string_view key, std::int64_t value) { return set_meta(key, std::to_string(value)); }

    virtual Status put(const StagedRow& row) = 0;  // replaces the line
    virtual Result<std::optional<StagedRow>> row(std::int64_t line) = 0;
    /// Rows of a round after a line, in order; `visit` says whether to go on. Without `all`: those to be applied only.
    virtual Status each(int round, std::int64_t after, bool all,
                        const std::function<bool(const StagedRow&)>& visit) = 0;
    virtual Status each_failed(const std::function<Status(const StagedRow&)>& visit) = 0;
    virtual Result<std::int64_t> count(RowFate fate) = 0;
    /// Drops the lines that concern this record, or hold its key in a cell; says how many. Their bytes are overwritten.
    virtual Result<std::int64_t> forget_record(std::int64_t record, std::string_view key) = 0;
    /// Cells and bodies are no longer needed (they may hold what must be erased one day); failing rows stay.
    virtual Status forget_rows() = 0;

    virtual Status add_problem(std::int64_t line, const Error& error) = 0;
    virtual Status clear_problems(std::int64_t line) = 0;
    virtual Result<Errors> problems(std::int64_t line, std::size_t limit) = 0;  // line -1: of all lines

    virtual Status declare(const StagedDraft& draft) = 0;
    virtual Status settle(std::int64_t number, std::int64_t first, std::int64_t last) = 0;
    virtual Status retract(std::int64_t from_number) = 0;  // declared, never sent or refused
    virtual Result<std::vector<StagedDraft>> drafts() = 0;
    virtual Status remove() = 0;  // the file
};

}  // namespace yipan::exchange
