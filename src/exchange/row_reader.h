#pragma once
// One row of a table -> the change it asks for. Knows the columns, the keys of what exists and of what stood above in
// the file.
#include <map>
#include <memory>

#include "exchange/columns.h"
#include "exchange/key_index.h"
#include "exchange/names.h"
#include "exchange/table.h"

namespace yipan::exchange {

/// What somebody who imports in a post may see and write; empty: everything.
struct RowRights {
    board::Permit permit;  // asked for every row as the board's writer will ask it
    /// Whether the text is only what this person is shown instead of the value (张**, nothing): then the value stays.
    std::function<bool(const record::Record& there, int field, std::string_view text, record::Resolver& world)> masked;
    /// Refuses rows and fields whose present values the person may not see. False: nor may he be told that nothing
    /// would change.
    std::function<bool(const record::Record& there, const board::Change& change, record::Resolver& world,
                       Errors& refused)>
        compare;
};

class RowReader {
  public:
    enum class Fate { create, amend, unchanged };
    struct Row {
        Fate fate = Fate::create;
        board::Change change;
        std::int32_t version = 0;  // of the record there is, as it was compared
    };

    RowReader(board::Board& board, int type, std::string file_name);
    /// Reads the first row of the file.
    Errors open(std::span<const std::string_view> headings, std::uint64_t line, Unnamed unnamed = Unnamed::refused);
    /// Keys of the records there are; call once, after open().
    Status index_existing(const board::Progress& progress);
    /// Every failing cell of the row at once. `compare`: look whether an existing record differs at all.
    Checked<Row> read(std::span<const Cell> cells, std::uint64_t line, bool compare);
    /// A row that was read before and is not on the board yet: rows read now must not repeat its keys.
    void remember(const board::Change& change, std::uint64_t line);
    /// Says that the row became the k-th change of the draft being built: rows below may refer to it.
    void pending(const Row& row, std::size_t change_index);
    /// The draft was written: references now go to the real records.
    void written(const board::Receipt& receipt);
    bool refers_to_itself() const { return refers_to_itself_; }
    /// Starts the second reading of the same file.
    void rewind();
    void refresh_snapshot();
    bool has_key() const { return !key_.empty(); }
    /// Whether an apostrophe before = + - @ is a guard (as spreadsheets and our CSV write it) or part of the text.
    void guards(bool yes) { guards_ = yes; }
    void rights(const RowRights* rights) { rights_ = rights; }  // must outlive the reader
    board::Snapshot& snapshot() { return *snapshot_; }
    const std::vector<Column>& columns() const { return columns_; }
    std::vector<std::string> ignored_columns() const;

  private:
    struct Refusal {
        std::string message, hint;
    };
    Result<RecordId> find_reference(int type, std::string_view name);
    bool named_to(int type, const Result<RecordId>& found) const;
    void read_cell(const Column& column, const Cell& cell, const std::string& where, Row& row, Errors& errors);
    void check_ranges(const std::string& where, Errors& errors);
    RecordId existing(const std::vector<record::Value>& key);
    bool perhaps_masked(const Column& column, std::string_view text) const;
    void judge_new(const Row& row, const std::string& where, Errors& errors) const;
    void judge_fixed(const record::Record* record, std::span<const Cell> cells, const std::string& where,
                     Errors& errors);
    void check_repeated(std::uint64_t line, const std::string& where, Errors& errors);
    bool differs(const record::Record& record, const Row& row) const;

    board::Board& board_;
    model::ModelPtr model_;
    const model::Type& type_;
    std::string name_;
    std::unique_ptr<board::Snapshot> snapshot_;
    Names names_;
    std::vector<Column> columns_;
    std::vector<int> key_;                // fields that tell whether a row exists; empty: every row is new
    std::vector<record::Value> scratch_;  // values of the row by field, for the key
    record::Record probe_;                // holds scratch_ while it is checked
    bool refers_to_itself_ = false;
    bool guards_ = true;
    const RowRights* rights_ = nullptr;
    KeyIndex records_;                                    // key -> record
    KeyIndex lines_;                                      // key -> line of this file
    std::vector<std::pair<int, KeyIndex>> unique_lines_;  // the same for unique fields outside the key
    bool second_reading_ = false;
    std::map<std::string, std::int64_t, std::less<>>
        pending_;  // own key text -> index of the change, only if refers_to_itself_
};

}  // namespace yipan::exchange
