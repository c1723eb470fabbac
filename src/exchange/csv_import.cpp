#include "exchange/csv_import.h"

#include <cstdio>
#include <filesystem>
#include <set>

#include "base/csv.h"
#include "base/hash.h"
#include "exchange/row_reader.h"

namespace yipan::exchange {
namespace {

struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Closer>;

struct Counts {
    std::int64_t created = 0, amended = 0, unchanged = 0;
    std::int64_t rows() const { return created + amended + unchanged; }
};

class Import {
  public:
    Import(board::Board& board, int type, const std::string& path, const ImportOptions& options)
        : board_(board),
          type_(type),
          path_(path),
          options_(options),
          name_(options.name.empty() ? std::filesystem::path(path).filename().string() : options.name),
          rows_(board, type, name_) {}

    ImportResult run() {
        std::error_code unknown;
        const auto size = std::filesystem::file_size(path_, unknown);
        bytes_total_ = unknown ? 0 : static_cast<std::int64_t>(size) * 2;
        if (board_.read_only() && !options_.dry_run) {
            note({Code::read_only, name_, "the board is open for reading only, nothing can be imported",
                  "yipan verify tells whether it is damaged"});
            return std::move(result_);
        }
        if (!judge()) return std::move(result_);
        if (large_) {
            if (options_.dry_run)
                result_.rules_judged = false;
            else
                write_large();
        } else {
            write_small();
        }
        result_.ignored_columns = rows_.ignored_columns();
        return std::move(result_);
    }

  private:
    void note(Error error) {
        ++result_.errors_total;
        if (result_.errors.size() < import_errors_listed_max) result_.errors.push_back(std::move(error));
    }
    void note(Errors errors) {
        for (Error& error : errors) note(std::move(error));
    }
    bool progress(std::int64_t more) {
        bytes_done_ += more;
        if (options_.progress) options_.progress(bytes_done_, bytes_total_);
        return true;
    }

    // Opens the file anew; `hash` is fed with its bytes when given.
    std::optional<CsvReader> open(Sha256* hash) {
        file_.reset(std::fopen(path_.c_str(), "rb"));
        if (!file_) {
            note({Code::not_found, path_, "the file cannot be opened", "check the path and the right to read it"});
            return std::nullopt;
        }
        ByteSource inner = bytes_of_file(file_.get());
        ByteSource counted = [this, inner, hash](std::span<char> room) -> Result<std::size_t> {
            Result<std::size_t> got = inner(room);
            if (got && *got > 0) {
                if (hash) hash->add({room.data(), *got});
                progress(static_cast<std::int64_t>(*got));
            }
            return got;
        };
        CsvOptions csv;
        csv.name = name_;
        return CsvReader(std::move(counted), csv);
    }

    // Calls row(line, cells) for every row below the heading; `bad` takes a row that cannot be read. False: the file
    // ended early.
    template <class Row, class Bad>
    bool each_row(CsvReader& reader, Row row, Bad bad) {
        while (true) {
            const Result<bool> next = reader.next();
            if (!next) {
                bad(next.error());
                if (reader.broken()) return false;
                continue;
            }
            if (!*next) return true;
            if (!row()) return false;
        }
    }

    std::span<const Cell> cells_of(const CsvReader& reader) {
        cells_.clear();
        for (const std::string_view text : reader.row()) cells_.push_back({text});
        return cells_;
    }

    bool judge() {
        Sha256 hash;
        std::optional<CsvReader> reader = open(&hash);
        if (!reader) return false;
        const Result<bool> heading = reader->next();
        if (!heading || !*heading) {
            note(heading ? Error{Code::invalid_input, name_, "the file is empty",
                                 "the first row names the columns; yipan export --template writes it"}
                         : heading.error());
            return false;
        }
        if (Errors errors = rows_.open(reader->row(), reader->line()); !errors.empty()) {
            note(std::move(errors));
            return false;
        }
        if (const Status indexed = rows_.index_existing(options_.progress); !indexed) {
            note(indexed.error());
            return false;
        }
        const auto row = [&] {
            if (++result_.rows > import_rows_max) {
                note({Code::limit_exceeded, name_, "more than " + std::to_string(import_rows_max) + " rows",
                      "split the file"});
                return false;
            }
            judge_row(*reader);
            return true;
        };
        each_row(*reader, row, [&](const Error& error) {
            ++result_.rows, ++result_.failed;
            note(error);
        });
        result_.sha256 = hex(hash.finish());
        return result_.ok();
    }

    void judge_row(CsvReader& reader) {
        if (!large_ && result_.rows > one_draft_rows) {
            large_ = true;
            draft_.changes = {};
            building_ = {};
        }
        Checked<RowReader::Row> row = rows_.read(cells_of(reader), reader.line(), !large_);
        if (!row) {
            ++result_.failed;
            note(std::move(row).error());
            return;
        }
        rows_.pending(*row, large_ ? 0 : draft_.changes.size());
        if (!large_) take(std::move(*row));
    }

    void take(RowReader::Row row) {
        switch (row.fate) {
            case RowReader::Fate::create: ++building_.created; break;
            case RowReader::Fate::amend: ++building_.amended; break;
            case RowReader::Fate::unchanged: ++building_.unchanged; return;
        }
        row.change.effective = options_.effective;
        draft_.changes.push_back(std::move(row.change));
    }

    void stamp(board::Draft& draft, std::int64_t chunk) const {
        draft.actor = options_.actor;
        draft.post = options_.post;
        draft.channel = options_.channel;
        draft.dry_run = options_.dry_run;
        if (!rows_.has_key() && !options_.dry_run) {
            draft.idempotency_key = "import:" + board_.model()->types[static_cast<std::size_t>(type_)].code + ":" +
                                    result_.sha256 + ":" + std::to_string(chunk);
        }
    }

    void count_written(const Counts& counts, const board::Receipt& receipt) {
        result_.unchanged += counts.unchanged;
        if (receipt.repeated) {
            result_.repeated = true;
            result_.unchanged += counts.created + counts.amended;
            return;
        }
        result_.created += counts.created;
        result_.amended += counts.amended;
        if (options_.dry_run || receipt.last.value == 0) return;
        if (result_.first.value == 0) result_.first = receipt.first;
        result_.last = receipt.last;
    }

    void refused(Errors errors) {
        // Several rules may fail in one row: rows are counted by their places.
        std::set<std::string> rows;
        for (const Error& error : errors) {
            const std::size_t line =
                error.where.starts_with(name_ + ":") ? error.where.find(':', name_.size() + 1) : std::string::npos;
            rows.insert(error.where.substr(0, line));
        }
        result_.failed += static_cast<std::int64_t>(rows.size());
        note(std::move(errors));
    }

    void write_small() {
        if (draft_.changes.empty()) {
            result_.unchanged = building_.unchanged;
            return;
        }
        stamp(draft_, 0);
        Checked<board::Receipt> receipt = board_.apply(std::move(draft_));
        if (!receipt) return refused(std::move(receipt).error());
        count_written(building_, *receipt);
    }

    // While the writer works on one chunk the next is read; never more than one is under way, so that a refused one
    // stops the import.
    void write_large() {
        std::optional<CsvReader> reader = open(nullptr);
        if (!reader) return;
        rows_.rewind();
        const Result<bool> heading = reader->next();
        if (!heading || !*heading) return note({Code::store_failed, name_, "the file changed while it was imported"});
        std::int64_t chunk = 0;
        const auto row = [&] {
            Checked<RowReader::Row> read = rows_.read(cells_of(*reader), reader->line(), true);
            if (!read) {
                note(std::move(read).error());
                return false;
            }
            rows_.pending(*read, draft_.changes.size());
            take(std::move(*read));
            return building_.rows() < chunk_rows || send(chunk++);
        };
        if (each_row(*reader, row, [&](const Error& error) { note(error); })) send(chunk);
        settle();
        if (!result_.ok()) {
            const bool store = !result_.errors.empty() && (result_.errors.front().code == Code::store_failed ||
                                                           result_.errors.front().code == Code::read_only);
            note({store ? Code::store_failed : Code::invalid_input, name_,
                  "stopped; " + std::to_string(result_.created + result_.amended) + " rows were written before",
                  std::string(store ? "when that is mended," : "correct the row and") +
                      " import the whole file again: what is written already is recognised"});
        }
    }

    bool send(std::int64_t chunk) {
        if (!settle()) return false;
        under_way_counts_ = std::exchange(building_, {});
        if (draft_.changes.empty()) {
            count_written(under_way_counts_, {});
            return true;
        }
        stamp(draft_, chunk);
        under_way_ = board_.submit(std::exchange(draft_, {}));
        // Rows that may refer to this chunk need its records' ids before they are read.
        return !rows_.refers_to_itself() || settle();
    }

    // Waits for the chunk under way. False: it was refused.
    bool settle() {
        if (!under_way_.valid()) return true;
        Checked<board::Receipt> receipt = under_way_.get();
        if (!receipt) {
            refused(std::move(receipt).error());
            return false;
        }
        count_written(under_way_counts_, *receipt);
        rows_.written(*receipt);
        rows_.refresh_snapshot();
        return true;
    }

    board::Board& board_;
    int type_;
    std::string path_;
    ImportOptions options_;
    std::string name_;
    RowReader rows_;
    std::vector<Cell> cells_;
    File file_;
    ImportResult result_;
    bool large_ = false;
    board::Draft draft_;  // being built
    Counts building_;     // of its rows
    std::future<Checked<board::Receipt>> under_way_;
    Counts under_way_counts_;
    std::int64_t bytes_done_ = 0, bytes_total_ = 0;
};

}  // namespace

ImportResult import_csv(board::Board& board, int type, const std::string& path, const ImportOptions& options) {
    return Import(board, type, path, options).run();
}

}  // namespace yipan::exchange
