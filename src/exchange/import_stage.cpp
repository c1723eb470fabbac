// The first stage: reading and judging.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <random>

#include "base/check.h"
#include "base/csv.h"
#include "base/hash.h"
#include "exchange/csv_table.h"
#include "exchange/geojson.h"
#include "exchange/import_work.h"
#include "exchange/read_ahead.h"

namespace yipan::exchange {
namespace {

constexpr std::size_t judged_together = 64;
constexpr std::int64_t rows_per_commit = 20'000;

bool ends_with(std::string text, std::initializer_list<std::string_view> ends) {
    for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return text.ends_with(end); });
}

// What the file is by its first bytes, or by its name when they say nothing.
bool is_workbook(const std::string& path, const std::string& name) {
    if (std::FILE* file = std::fopen(path.c_str(), "rb")) {
        char head[4] = {};
        const std::size_t got = std::fread(head, 1, 4, file);
        std::fclose(file);
        const std::string_view start(head, got);
        if (start.starts_with("PK\x03\x04") || start.starts_with("\xD0\xCF\x11\xE0")) return true;
    }
    return ends_with(name, {".xlsx", ".xls", ".xlsm", ".xlsb", ".et"});
}

bool is_geojson(const std::string& name) { return ends_with(name, {".geojson", ".json"}); }

Result<std::string> hash_of(const std::string& path) {
    std::FILE* file = std::fopen(path.c_str(), "rb");
    if (!file)
        return fail(Code::not_found, path, "the file cannot be opened", "check the path and the right to read it");
    Sha256 hash;
    std::vector<char> room(1 << 16);
    while (const std::size_t got = std::fread(room.data(), 1, room.size(), file)) hash.add({room.data(), got});
    std::fclose(file);
    return hex(hash.finish());
}

std::string joined(const std::vector<std::string>& texts) {
    std::string out;
    for (const std::string& text : texts) out += text + '\x1F';
    return out;
}
std::vector<std::string> parted(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const std::size_t end = text.find('\x1F');
        out.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

Result<bool> next_row(Table& table) { return table.next(); }

}  // namespace

Checked<std::unique_ptr<StagedImport>> StagedImport::stage(board::Board& board, const std::string& board_path, int type,
                                                           const std::string& file, const StageOptions& options) {
    auto begun = begin(board, board_path, type, file, options);
    if (!begun) return begun;
    if (auto read = (*begun)->read(options.progress); !read) return fail(std::move(read).error());
    return begun;
}

Checked<std::unique_ptr<StagedImport>> StagedImport::begin(board::Board& board, const std::string& board_path, int type,
                                                           const std::string& file, const StageOptions& options) {
    auto work = std::make_unique<ImportWork>(board, board_path);
    if (auto begun = work->begin(type, file, options); !begun) return fail(std::move(begun).error());
    return std::unique_ptr<StagedImport>(std::move(work));
}

Checked<ImportWork::Opened> ImportWork::open_file(int type, const std::string& file, const StageOptions& options) {
    Opened opened;
    if (is_workbook(file, name_)) {
        auto reader = XlsxReader::open_file(file, name_);
        if (!reader) return fail(one(reader.error()));
        auto machine = read_machine_sheet(**reader);
        if (!machine) return fail(one(machine.error()));
        opened.machine = std::move(*machine);
        if (const Status sheet = (*reader)->open_sheet(options.sheet); !sheet) return fail(one(sheet.error()));
        opened.sheet = (*reader)->sheet_name();
        opened.table = std::move(*reader);
    } else if (is_geojson(name_)) {
        if (type < 0) return fail(one({Code::usage, name_, "the type of the records must be named", ""}));
        auto table = GeoJsonTable::open(file, name_, model_->types[static_cast<std::size_t>(type)]);
        if (!table) return fail(one(table.error()));
        opened.table = std::move(*table);
    } else {
        if (!options.sheet.empty())
            return fail(one({Code::usage, name_, "a CSV file has no sheets", "leave --sheet out"}));
        auto table = CsvTable::open(file, name_);
        if (!table) return fail(one(table.error()));
        opened.table = std::move(*table);
    }
    if (auto head = find_head_of(opened, type, name_); !head) return fail(std::move(head).error());
    return opened;
}

Checked<void> ImportWork::find_head_of(Opened& opened, int type, const std::string& name) {
    const std::size_t rows_max = opened.table->ragged() ? head_rows_looked_at : 1;
    while (opened.looked_at.size() < rows_max) {
        const Result<bool> more = next_row(*opened.table);
        if (!more) return fail(one(more.error()));
        if (!*more) break;
        HeadRow row;
        row.line = opened.table->line();
        std::vector<Cell> cells;
        for (const Cell& cell : opened.table->cells()) {
            row.texts.emplace_back(cell.text);
            opened.texts.push_back(std::make_unique<std::string>(cell.text));
            cells.push_back({*opened.texts.back(), cell.kind, cell.lost});
        }
        opened.looked_at.push_back(std::move(row));
        opened.looked_cells.push_back(std::move(cells));
    }
    const std::string template_hint = "the first row names the columns; yipan template writes it";
    if (opened.looked_at.empty()) return fail(one({Code::invalid_input, name, "the file is empty", template_hint}));
    for (std::size_t i = 0; i < opened.looked_at.size(); ++i) {
        const std::vector<std::string>& texts = opened.looked_at[i].texts;
        const std::optional<std::string> corrects = texts.empty() ? std::nullopt : import_of_heading(texts.front());
        if (!corrects) continue;
        opened.corrects = *corrects;
        opened.head = i;
        opened.headings = texts;
        return {};
    }
    if (type < 0)
        return fail(one({Code::usage, name, "the type of the records must be named", "yipan types lists them"}));
    const model::Type& declared = model_->types[static_cast<std::size_t>(type)];
    if (opened.machine && opened.machine->kind == "template") {
        const MachineSheet& machine = *opened.machine;
        if (machine.type != declared.code)
            return fail(
                one({Code::invalid_input, name, "is the template of " + machine.type + ", not of " + declared.code,
                     "import it as " + machine.type}));
        Errors gone;
        if (machine.model != model_mark(*model_)) {
            for (const std::string& code : machine.columns)
                if (declared.find(code) < 0)
                    gone.push_back({Code::invalid_input, name,
                                    "the template was made for another model, in which " + declared.code +
                                        " had the field " + code.substr(0, 60),
                                    "download the template anew"});
        }
        if (!gone.empty()) return fail(std::move(gone));
    }
    if (opened.table->ragged()) {
        std::optional<Head> head = find_head(declared, opened.looked_at);
        // A label that was renamed since: the template still knows the field's code.
        if (!head && opened.machine && !opened.machine->columns.empty()) head = Head{0, opened.looked_at.front().texts};
        if (!head)
            return fail(one({Code::invalid_input, name + ":" + std::to_string(opened.looked_at.front().line),
                             "no row of the first " + std::to_string(head_rows_looked_at) + " of " +
                                 (opened.sheet.empty() ? "the file" : "the sheet \"" + opened.sheet + "\"") +
                                 " is the head of a table of " + declared.code,
                             template_hint + "; --sheet chooses another sheet"}));
        opened.head = head->row;
        opened.headings = std::move(head->headings);
    } else {
        opened.headings = opened.looked_at.front().texts;
    }
    if (opened.machine)
        for (std::size_t c = 0; c < opened.headings.size() && c < opened.machine->columns.size(); ++c)
            if (field_of_heading(declared, opened.headings[c]) < 0 &&
                field_of_heading(declared, read_heading(opened.headings[c]).name) < 0)
                opened.headings[c] = opened.machine->columns[c];
    return {};
}

Checked<void> ImportWork::open_reader(std::span<const std::string> headings, std::uint64_t line) {
    rows_ = std::make_unique<RowReader>(board_, type_, name_);
    rows_->guards(!is_geojson(name_));
    rows_->rights(&rights_);
    const std::vector<std::string_view> views(headings.begin(), headings.end());
    if (Errors errors = rows_->open(views, line, Unnamed::allowed); !errors.empty()) return fail(std::move(errors));
    return {};
}

Checked<void> ImportWork::begin_new(const Opened& opened, const StageOptions& options, const std::string& sha256) {
    if (auto reader = open_reader(opened.headings, opened.looked_at[opened.head].line); !reader) return reader;
    auto staging = Staging::create(board_path_);
    if (!staging) return fail(one(staging.error()));
    staging_ = std::move(*staging);
    std::random_device random;
    char token[32];
    std::snprintf(token, sizeof token, "%08x%08x", random(), random());
    token_ = token;
    actor_ = options.actor;
    post_ = options.post;
    effective_ = options.effective;
    const auto write = [&]() -> Status {
        YIPAN_TRY_VOID(staging_->durable(false));
        YIPAN_TRY_VOID(staging_->begin());
        YIPAN_TRY_VOID(set_state(ImportState::reading));
        YIPAN_TRY_VOID(staging_->set_meta("token", token_));
        YIPAN_TRY_VOID(staging_->set_meta("type", declared().code));
        YIPAN_TRY_VOID(staging_->set_meta("file", name_));
        YIPAN_TRY_VOID(staging_->set_meta("sheet", opened.sheet));
        YIPAN_TRY_VOID(staging_->set_meta("sha256", sha256));
        YIPAN_TRY_VOID(staging_->set_meta("model", model_mark(*model_)));
        YIPAN_TRY_VOID(staging_->set_meta("headings", joined(opened.headings)));
        YIPAN_TRY_VOID(
            staging_->set_number("head_line", static_cast<std::int64_t>(opened.looked_at[opened.head].line)));
        YIPAN_TRY_VOID(staging_->set_number("actor", actor_.value));
        YIPAN_TRY_VOID(staging_->set_number("post", post_.value));
        if (effective_) YIPAN_TRY_VOID(staging_->set_meta("effective", effective_->text()));
        YIPAN_TRY_VOID(staging_->set_meta("ignored", joined(rows_->ignored_columns())));
        YIPAN_TRY_VOID(staging_->set_number("position", rows_->snapshot().position().value));
        YIPAN_TRY_VOID(staging_->set_number("started", board_.now().micros));
        YIPAN_TRY_VOID(changed());
        YIPAN_TRY_VOID(staging_->commit());
        return staging_->begin();
    };
    auto taken = InUse::take(staging_->path());
    if (!taken) return fail(one(taken.error()));
    reading_.emplace(std::move(*taken));
    if (const Status written = write(); !written) return fail(one(written.error()));
    return {};
}

// The corrected rows run in a round of their own: the columns are those of the first file.
Checked<void> ImportWork::begin_correction(const Opened& opened, const StageOptions& options) {
    if (const Status known = open(opened.corrects); !known) return fail(one(known.error()));
    if (options.may_correct && !options.may_correct(report()))
        return fail(one({Code::not_found, "import " + opened.corrects, "no such import of yours in this post", ""}));
    auto taken = InUse::take(staging_->path());
    if (!taken) return fail(one(taken.error()));
    reading_.emplace(std::move(*taken));
    const auto begin = [&]() -> Checked<void> {
        const Result<ImportState> now = state();
        if (!now) return fail(one(now.error()));
        if (*now != ImportState::refused && *now != ImportState::partly && *now != ImportState::applied)
            return fail(one({Code::invalid_input, name_,
                             "import " + staging_->id() + " is " + std::string(import_state_name(*now)) +
                                 ", no rows of it wait for correction",
                             "yipan imports shows the imports and their states"}));
        const auto model = staging_->meta("model");
        if (!model) return fail(one(model.error()));
        if (*model != model_mark(*model_))
            return fail(
                one({Code::version_conflict, name_, "the model changed since import " + staging_->id() + " was checked",
                     "upload the whole file again"}));
        const auto headings = staging_->meta("headings");
        if (!headings) return fail(one(headings.error()));
        std::vector<std::string> wanted = parted(*headings);
        std::vector<std::string> got(opened.headings.begin() + 1, opened.headings.end());
        if (!got.empty() && got.back() == reason_heading) got.pop_back();
        // A spreadsheet drops what is empty at the end.
        got.resize(std::max(got.size(), wanted.size()));
        while (got.size() > wanted.size() && got.back().empty()) got.pop_back();
        if (got != wanted)
            return fail(one({Code::invalid_input, name_ + ":" + std::to_string(opened.looked_at[opened.head].line),
                             "the columns are not those of the file of failing rows",
                             "correct cells only; keep all columns and their order"}));
        if (auto reader = open_reader(wanted, opened.looked_at[opened.head].line); !reader) return reader;
        if (const Status ready = [&]() -> Status {
                YIPAN_TRY_VOID(rows_->index_existing({}));
                YIPAN_TRY_VOID(remember_staged());
                YIPAN_TRY_VOID(staging_->begin());
                ++round_;
                return staging_->set_number("round", round_);
            }();
            !ready)
            return fail(one(ready.error()));
        return {};
    };
    return begin();
}

// Rows that are good and not on the board yet: a corrected row must not repeat their keys.
Status ImportWork::remember_staged() {
    YIPAN_TRY(const std::vector<StagedDraft> drafts, staging_->drafts());
    for (int round = 0; round <= round_; ++round) {
        std::int64_t applied = 0;
        for (const StagedDraft& d : drafts)
            if (!d.undo && d.round == round && d.done) applied = std::max(applied, d.last_line);
        Status bad;
        YIPAN_TRY_VOID(staging_->each(round, applied, false, [&](const StagedRow& row) {
            auto set = decode_values(row.body);
            if (!set) {
                bad = fail(set.error());
                return false;
            }
            board::Change change;
            change.set = std::move(*set);
            rows_->remember(change, static_cast<std::uint64_t>(row.line));
            return true;
        }));
        YIPAN_TRY_VOID(bad);
    }
    return {};
}

Checked<void> ImportWork::begin(int type, const std::string& file, const StageOptions& options) {
    model_ = board_.model();
    type_ = type;
    rights_ = options.rights;
    name_ = options.name.empty() ? std::filesystem::path(file).filename().string() : options.name;
    Result<std::string> sha256 = hash_of(file);
    if (!sha256) return fail(one(sha256.error()));
    sha256_ = std::move(*sha256);
    Checked<Opened> opened = open_file(type, file, options);
    if (!opened) return fail(std::move(opened).error());
    opened_ = std::make_unique<Opened>(std::move(*opened));
    const std::string uploaded = name_;
    if (!corrects()) return begin_new(*opened_, options, sha256_);
    if (auto begun = begin_correction(*opened_, options); !begun) return begun;
    if (type >= 0 && type != type_)
        return fail(one({Code::usage, uploaded, "these are failing rows of " + declared().code, ""}));
    return {};
}

void ImportWork::abandon() {
    if (opened_ && !corrects() && staging_) (void)staging_->remove();
    opened_.reset();
    reading_.reset();
}

Checked<void> ImportWork::read(const board::Progress& progress, const Ended& ended) {
    YIPAN_CHECK(opened_ != nullptr);
    ended_ = ended;
    const bool correction = corrects();
    auto read = [&]() -> Checked<void> {
        if (!correction) {
            // Types without a key cannot tell a row they have from a new one; the board remembers such files.
            if (!rows_->has_key()) {
                const auto known = rows_->snapshot().side("import", declared().code + ":" + sha256_);
                if (!known) return fail(one(known.error()));
                if (*known) {
                    for (const Status& status :
                         {staging_->set_number("repeated", 1), set_state(ImportState::applied), staging_->commit()})
                        if (!status) return fail(one(status.error()));
                    return {};
                }
            }
            if (const Status indexed = rows_->index_existing(progress); !indexed) return fail(one(indexed.error()));
        }
        if (auto rows = read_rows(*opened_, progress); !rows) return rows;
        return end_staging();
    }();
    if (!read && !correction) (void)staging_->remove();
    rows_.reset();
    opened_.reset();
    reading_.reset();
    return read;
}

Checked<void> ImportWork::read_rows(Opened& opened, const board::Progress& progress) {
    const bool correction = !opened.corrects.empty();
    const std::size_t columns = rows_->columns().size();
    std::vector<Cell> padded;
    const auto row = [&](std::uint64_t line, std::span<const Cell> cells) -> Checked<void> {
        if (correction) return take_corrected(line, cells, !opened.table->ragged());
        if (opened.table->ragged() && cells.size() != columns) {
            padded.assign(cells.begin(), cells.end());
            while (padded.size() > columns && padded.back().text.empty()) padded.pop_back();
            if (padded.size() < columns) padded.resize(columns);
            if (padded.size() > columns) {
                Error error{Code::invalid_input, name_ + ":" + std::to_string(line) + ":" + std::to_string(columns + 1),
                            "a value stands to the right of the table", "give the column a heading or empty the cell"};
                padded.resize(columns);
                ++lines_read_;
                StagedRow failed;
                failed.line = static_cast<std::int64_t>(line);
                failed.round = round_;
                failed.fate = RowFate::failed;
                failed.cells = encode_cells(padded);
                if (const Status kept = keep(failed, one(std::move(error))); !kept) return fail(one(kept.error()));
                return {};
            }
            cells = padded;
        }
        return take(line, cells);
    };
    for (std::size_t i = opened.head + 1; i < opened.looked_at.size(); ++i)
        if (auto taken = row(opened.looked_at[i].line, opened.looked_cells[i]); !taken) return taken;
    const std::int64_t total = opened.table->bytes_total();
    ReadAhead ahead(*opened.table);
    std::int64_t last_good = opened.looked_at.back().line;
    while (true) {
        const Result<bool> more = ahead.next();
        if (!more) {
            if (ahead.broken()) return fail(one(more.error()));  // the file ends in the middle: nothing of it is taken
            // A row that cannot be read keeps its line for people; its cells are lost.
            ++lines_read_, ++counts_[3];
            ++problems_;
            if (const Status kept = staging_->add_problem(last_good + 1, more.error()); !kept)
                return fail(one(kept.error()));
            continue;
        }
        if (!*more) break;
        last_good = static_cast<std::int64_t>(ahead.line());
        if (auto taken = row(ahead.line(), ahead.cells()); !taken) return taken;
        if (lines_read_ > staged_rows_max)
            return fail(one({Code::limit_exceeded, name_, "more than " + std::to_string(staged_rows_max) + " rows",
                             "split the file"}));
        if (lines_read_ % 1024 == 0) {
            if (progress) progress(ahead.bytes_done(), total);
            if (ended_ && ended_())
                return fail(one(
                    {Code::busy, name_, "the reading was ended before the end of the file", "import the file again"}));
        }
        if (lines_read_ % rows_per_commit == 0) {
            if (auto judged = judge_waiting(); !judged) return judged;
            for (const Status& status : {staging_->commit(), staging_->begin()})
                if (!status) return fail(one(status.error()));
        }
    }
    return judge_waiting();
}

Checked<void> ImportWork::take_corrected(std::uint64_t line, std::span<const Cell> cells, bool csv) {
    std::int64_t original = 0;
    const std::string_view text = cells.empty() ? std::string_view() : cells.front().text;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), original);
    const std::string where = name_ + ":" + std::to_string(line);
    const auto refused = [&](std::string message, std::string hint) {
        return fail(one({Code::invalid_input, where, std::move(message), std::move(hint)}));
    };
    if (read.ec != std::errc() || read.ptr != text.data() + text.size() || original < 1)
        return refused("the row has lost its line number", "keep the first column of the file of failing rows");
    auto known = staging_->row(original);
    if (!known) return fail(one(known.error()));
    if (!*known) {
        // Applied rows are forgotten when everything is done.
        ++lines_read_;
        return {};
    }
    if ((*known)->fate != RowFate::failed || (*known)->round == round_) {
        ++lines_read_;  // it was corrected before: nothing is done twice
        return {};
    }
    const std::size_t columns = rows_->columns().size();
    std::vector<Cell> own(cells.begin() + 1,
                          cells.begin() + static_cast<std::ptrdiff_t>(std::min(cells.size(), columns + 1)));
    own.resize(columns);
    // What was handed out is text; a cell that nobody touched means what it meant: a date, a percentage.
    auto before = decode_cells((*known)->cells);
    if (!before) return fail(one(before.error()));
    for (std::size_t c = 0; c < columns; ++c) {
        if (csv) own[c].text = without_guard(own[c].text);
        if (c < before->size() && own[c].text == seen((*before)[c])) own[c] = (*before)[c];
    }
    for (const Status& status : {count(**known, -1), staging_->clear_problems(original)})
        if (!status) return fail(one(status.error()));
    return take_row(original, own);
}

Checked<void> ImportWork::take(std::uint64_t line, std::span<const Cell> cells) {
    return take_row(static_cast<std::int64_t>(line), cells);
}

Checked<void> ImportWork::take_row(std::int64_t line, std::span<const Cell> cells) {
    ++lines_read_;
    Waiting waiting;
    StagedRow& staged = waiting.staged;
    staged.line = line;
    staged.round = round_;
    staged.cells = encode_cells(cells);
    Checked<RowReader::Row> row = rows_->read(cells, static_cast<std::uint64_t>(line), true);
    if (!row) {
        staged.fate = RowFate::failed;
        if (const Status kept = keep(staged, row.error()); !kept) return fail(one(kept.error()));
        return {};
    }
    staged.fate = row->fate == RowReader::Fate::create  ? RowFate::create
                  : row->fate == RowReader::Fate::amend ? RowFate::amend
                                                        : RowFate::unchanged;
    staged.record = row->change.record.value;
    staged.version = row->version;
    rows_->pending(*row, static_cast<std::size_t>(line));
    if (staged.fate == RowFate::unchanged) {
        if (const Status kept = keep(staged, {}); !kept) return fail(one(kept.error()));
        return {};
    }
    staged.body = encode_values(row->change.set);
    waiting.change = std::move(row->change);
    waiting.change.effective = effective_;
    waiting_.push_back(std::move(waiting));
    return waiting_.size() < judged_together ? Checked<void>{} : judge_waiting();
}

std::optional<std::int64_t> ImportWork::line_of(const Error& error) const {
    if (!error.where.starts_with(name_ + ":")) return std::nullopt;
    std::int64_t line = 0;
    const char* const from = error.where.data() + name_.size() + 1;
    const auto read = std::from_chars(from, error.where.data() + error.where.size(), line);
    return read.ec == std::errc() ? std::optional(line) : std::nullopt;
}

Checked<void> ImportWork::judge_waiting() {
    if (waiting_.empty()) return {};
    board::Draft draft;
    draft.actor = actor_;
    draft.post = post_;
    draft.channel = "import";
    for (Waiting& waiting : waiting_) draft.changes.push_back(std::move(waiting.change));
    Errors errors = rows_->snapshot().judge(draft, rights_.permit);
    constexpr std::size_t listed_max = 1'000;
    if (errors.size() >= listed_max) {  // the list is full: one by one, so that no row is passed over
        errors.clear();
        board::Draft single = draft;
        for (const board::Change& change : draft.changes) {
            single.changes.assign(1, change);
            const Errors own = rows_->snapshot().judge(single, rights_.permit);
            errors.insert(errors.end(), own.begin(), own.end());
        }
    }
    std::unordered_map<std::int64_t, Errors> by_line;
    for (Error& error : errors) {
        const std::optional<std::int64_t> line = line_of(error);
        if (!line) return fail(one(std::move(error)));  // of the store, not of a row
        by_line[*line].push_back(std::move(error));
    }
    for (Waiting& waiting : waiting_) {
        const auto found = by_line.find(waiting.staged.line);
        if (found != by_line.end()) waiting.staged.fate = RowFate::failed;
        if (const Status kept = keep(waiting.staged, found == by_line.end() ? Errors{} : found->second); !kept)
            return fail(one(kept.error()));
    }
    waiting_.clear();
    return {};
}

Status ImportWork::keep(const StagedRow& row, const Errors& errors) {
    YIPAN_TRY_VOID(staging_->put(row));
    for (const Error& error : errors) YIPAN_TRY_VOID(staging_->add_problem(row.line, error));
    problems_ += static_cast<std::int64_t>(errors.size());
    return count(row, +1);
}

Status ImportWork::count(const StagedRow& row, int sign) {
    counts_[static_cast<std::size_t>(row.fate)] += sign;
    return {};
}

Checked<void> ImportWork::end_staging() {
    const auto write = [&]() -> Status {
        constexpr std::string_view names[] = {"create", "amend", "unchanged", "failed"};
        std::int64_t failed = 0;
        for (std::size_t i = 0; i < 4; ++i) {
            YIPAN_TRY(const std::int64_t before, staging_->number(names[i]));
            YIPAN_TRY_VOID(staging_->set_number(names[i], before + counts_[i]));
            if (i == 3) failed = before + counts_[i];
        }
        if (round_ == 0) YIPAN_TRY_VOID(staging_->set_number("rows", lines_read_));
        YIPAN_TRY_VOID(set_state(failed > 0 ? ImportState::refused : ImportState::checked));
        YIPAN_TRY_VOID(staging_->commit());
        YIPAN_TRY_VOID(staging_->durable(true));
        counts_ = {};
        // One small durable commit carries all before it.
        return changed();
    };
    if (const Status written = write(); !written) return fail(one(written.error()));
    return {};
}

}  // namespace yipan::exchange
