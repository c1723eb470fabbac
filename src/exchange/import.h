#pragma once
// A staged import (docs/exchange.md): a file becomes records in two stages.
//   1. stage(): everything is read and judged into a staging file beside the board: cells, references, uniqueness and
//      rules against a snapshot (the board's own judgement, nobody held up), keys against the file itself. Nothing is
//      written to the board.
//   2. apply(): the rows go to the board in drafts that hold the writer for some tens of milliseconds. A row that fails
//      because the board moved meanwhile stops it as "partly"; apply() again resumes, undo() takes back.
// Failing rows come back as a file with a reason column; it is staged as a correction of the same import and only its
// rows run. An import acts as the actor and post of its options; the channel of its entries is "import".
//   One StagedImport is used by one thread; two for one import at a time are refused. Progress is called on that
//   thread.
#include <memory>
#include <string>
#include <vector>

#include "board/board.h"
#include "exchange/row_reader.h"

namespace yipan::exchange {

constexpr std::size_t staged_errors_listed_max = 1'000;
constexpr std::int64_t staged_rows_max = 20'000'000;
constexpr std::size_t head_rows_looked_at = 20;

enum class ImportState : std::uint8_t { reading, checked, refused, applying, partly, applied, undoing, undone };
std::string_view import_state_name(ImportState state);

struct ImportReport;
struct StageOptions {
    std::string name;   // of the file, begins every place; the path's last part when empty
    std::string sheet;  // of a workbook; empty: the first visible one
    RecordId actor, post;
    std::optional<Date> effective;  // from when the values hold
    RowRights rights;
    /// Whether this file of corrected rows may run for the import it names; none: yes.
    std::function<bool(const ImportReport& import)> may_correct;
    board::Progress progress;  // bytes read of bytes to read
};

struct ImportReport {
    std::string id, type, file, sheet, sha256;
    ImportState state = ImportState::reading;
    std::int64_t rows = 0;
    std::int64_t create = 0, amend = 0, unchanged = 0, failed = 0;  // what the rows ask for
    std::int64_t done = 0;                                          // rows written to the board (undone: taken back)
    std::int64_t undone = 0;
    bool repeated = false;  // this very file was imported before; nothing is done twice
    RecordId actor, post;
    Instant started, changed;
    Position first, last;  // entries written
    std::vector<std::string> ignored_columns;
    Errors errors;  // the first staged_errors_listed_max
    std::int64_t errors_total = 0;
};

/// Asked between drafts: true ends the work there; what was written stays written, and it can be gone on with.
using Ended = std::function<bool()>;

class StagedImport {
  public:
    /// Reads and judges a .csv or .xlsx file. A file that cannot be read at all leaves nothing behind; failing rows are
    /// told by report(). `type` -1: only a corrected file, which knows its import.
    static Checked<std::unique_ptr<StagedImport>> stage(board::Board& board, const std::string& board_path, int type,
                                                        const std::string& file, const StageOptions& options = {});
    /// The same in two steps. begin(): the file is opened and its head found, the import has its number; refused as a
    /// whole when it cannot be read. read(), once and on any thread: all rows.
    static Checked<std::unique_ptr<StagedImport>> begin(board::Board& board, const std::string& board_path, int type,
                                                        const std::string& file, const StageOptions& options = {});
    virtual Checked<void> read(const board::Progress& progress, const Ended& ended = {}) = 0;
    /// What was begun is not read after all.
    virtual void abandon() = 0;
    static Result<std::unique_ptr<StagedImport>> open(board::Board& board, const std::string& board_path,
                                                      const std::string& id);
    virtual ~StagedImport() = default;

    virtual ImportReport report() = 0;
    struct ApplyOptions {
        bool leave_out_failing = false;  // otherwise one failing row keeps all from being written
        RowRights rights;                // of rows that are judged anew; the board asks its own permit besides
        board::Progress progress;        // rows done of rows to do
        Ended ended;
    };
    /// Writes what is staged and not written yet; resumes what was stopped or killed. Errors: why it stopped.
    virtual Checked<void> apply(const ApplyOptions& options) = 0;
    struct UndoOptions {
        bool leave_out_changed = false;  // otherwise one record that was changed since keeps all from being undone
        board::Progress progress;
        Ended ended;
    };
    /// Takes back what was written: created records are removed, amended ones get their values back.
    virtual Checked<void> undo(const UndoOptions& options) = 0;
    /// The failing rows, cells verbatim, with their line numbers and reasons: .xlsx or .csv by the name's end.
    virtual Result<std::int64_t> failing(const std::string& path) = 0;
    /// Removes the staging file of an import that wrote nothing or need not be undone.
    virtual Status discard() = 0;
};

/// After an erasure: what waits or failed in imports of this type and concerns the record goes as well. `key`: of the
/// record, as rows write it; may be empty. Says how many rows went.
Result<std::int64_t> forget_in_imports(const std::string& board_path, const model::Type& type, RecordId record,
                                       std::string_view key);

/// The imports beside a board, oldest first; needs no open board.
std::vector<ImportReport> imports_of(const std::string& board_path);

}  // namespace yipan::exchange
