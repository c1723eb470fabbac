#pragma once
// The class behind import.h, shared by the files that stage, apply, undo and report. Nobody else includes it.
#include <functional>
#include <unordered_map>
#include <unordered_set>

#include "exchange/head.h"
#include "exchange/import.h"
#include "exchange/row_reader.h"
#include "exchange/staging.h"

namespace yipan::exchange {

/// One import is worked on by one thread of this process; other processes cannot write to the board meanwhile.
class InUse {
  public:
    static Result<InUse> take(const std::string& staging_path);
    InUse(InUse&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    InUse& operator=(InUse&&) = delete;
    ~InUse();

  private:
    explicit InUse(std::string path) : path_(std::move(path)) {}
    std::string path_;
};

class ImportWork final : public StagedImport {
  public:
    ImportWork(board::Board& board, std::string board_path) : board_(board), board_path_(std::move(board_path)) {}

    // import_stage.cpp
    Checked<void> begin(int type, const std::string& file, const StageOptions& options);
    Checked<void> read(const board::Progress& progress, const Ended& ended) override;
    void abandon() override;
    // import_apply.cpp
    Checked<void> apply(const ApplyOptions& options) override;
    // import_undo.cpp
    Checked<void> undo(const UndoOptions& options) override;
    // import_report.cpp
    Status open(const std::string& id);
    ImportReport report() override;
    Result<std::int64_t> failing(const std::string& path) override;
    Status discard() override { return staging_->remove(); }

  private:
    const model::Type& declared() const { return model_->types[static_cast<std::size_t>(type_)]; }
    Errors one(Error error) const { return Errors{std::move(error)}; }
    Result<ImportState> state();
    Status set_state(ImportState state);
    Status changed();

    // -- staging
    struct Waiting {  // a row that is to be judged by the board
        StagedRow staged;
        board::Change change;
    };
    struct Opened {  // the file with its head
        std::unique_ptr<Table> table;
        std::optional<MachineSheet> machine;
        std::vector<HeadRow> looked_at;               // rows read while looking for the head ...
        std::vector<std::vector<Cell>> looked_cells;  // ... their cells, views into `texts`
        std::vector<std::unique_ptr<std::string>> texts;
        std::size_t head = 0;
        std::vector<std::string> headings;
        std::string sheet;
        std::string corrects;  // the import whose failing rows these are
    };
    Checked<Opened> open_file(int type, const std::string& file, const StageOptions& options);
    Checked<void> find_head_of(Opened& opened, int type, const std::string& name);
    Checked<void> begin_new(const Opened& opened, const StageOptions& options, const std::string& sha256);
    Checked<void> begin_correction(const Opened& opened, const StageOptions& options);
    Checked<void> read_rows(Opened& opened, const board::Progress& progress);
    bool corrects() const { return opened_ && !opened_->corrects.empty(); }
    Checked<void> take(std::uint64_t line, std::span<const Cell> cells);
    Checked<void> take_corrected(std::uint64_t line, std::span<const Cell> cells, bool csv);
    Checked<void> take_row(std::int64_t line, std::span<const Cell> cells);
    Checked<void> judge_waiting();
    Status keep(const StagedRow& row, const Errors& errors);
    Status count(const StagedRow& row, int sign);
    Checked<void> end_staging();
    Checked<void> open_reader(std::span<const std::string> headings, std::uint64_t line);
    Status remember_staged();
    std::optional<std::int64_t> line_of(const Error& error) const;

    // -- sending drafts
    struct Piece {
        StagedDraft declared;
        board::Draft draft;
        std::vector<StagedRow> rows;
    };
    using Next = std::function<Result<std::optional<Piece>>(std::size_t size)>;
    using Refused = std::function<Result<bool>(const Piece& piece, const Errors& errors)>;  // true: go on
    Checked<void> pump(const Next& next, const std::function<Status(const Piece&, const board::Receipt&)>& settled,
                       const Refused& refused);
    Status settle_unknown();
    Status declare(const Piece& piece);
    board::Draft draft_of(std::int64_t number) const;
    Checked<void> may_write();
    Status judge_moved();
    Status learn_records();
    Status learn(std::span<const StagedRow> rows, Position first, Position last);
    Checked<void> apply_round(int round, const ApplyOptions& options);

    // -- undoing
    struct Conflicts {
        std::unordered_set<std::int64_t> entries;  // not to be undone
        Errors errors;
        std::int64_t total = 0;
        void add(std::int64_t entry, Error error) {
            if (!entries.insert(entry).second) return;
            ++total;
            if (errors.size() < staged_errors_listed_max) errors.push_back(std::move(error));
        }
    };
    Result<Conflicts> conflicts(board::Snapshot& snapshot, const std::vector<StagedDraft>& drafts);
    Status conflicts_of_referrers(board::Snapshot& snapshot,
                                  const std::unordered_map<std::int64_t, std::int64_t>& created, Conflicts& out);
    Result<board::Change> undoing(board::Snapshot& snapshot, const board::Entry& entry);

    board::Board& board_;
    std::string board_path_;
    model::ModelPtr model_;
    int type_ = -1;
    std::unique_ptr<Staging> staging_;
    std::string name_;  // of the file, begins places
    std::string token_;
    RecordId actor_, post_;
    std::optional<Date> effective_;
    int round_ = 0;
    RowRights rights_;
    Ended ended_;
    std::unique_ptr<Opened> opened_;  // between begin() and the end of read()
    std::optional<InUse> reading_;
    std::string sha256_;
    std::unique_ptr<RowReader> rows_;
    std::vector<Waiting> waiting_;
    std::array<std::int64_t, 4> counts_{};  // of this reading, by fate
    std::int64_t lines_read_ = 0, problems_ = 0;
    std::size_t size_ = 64;  // rows of the next draft
    std::int64_t next_number_ = 1;
    std::int64_t cursor_ = 0;
    std::unordered_map<std::int64_t, RecordId> made_;  // line -> record, for rows that refer to rows
};

}  // namespace yipan::exchange
