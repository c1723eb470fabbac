// The second stage: staged rows go to the board in drafts that hold the writer for a short time each.
//   A draft is declared durably before it is sent and carries an idempotency key of its number, so that after a crash
// the board itself says whether it was written. While the writer works on one draft the next is made ready; only one is
// under way, so that other clients wait for one at most. Their number of rows follows the time the last one took.
#include <algorithm>
#include <chrono>
#include <mutex>
#include <set>

#include "exchange/import_work.h"

namespace yipan::exchange {
namespace {

constexpr std::chrono::milliseconds draft_time{30};  // from sending to the answer, the sync included
constexpr std::size_t draft_rows_min = 16, draft_rows_max = 2'000;

std::mutex in_use_mutex;
std::set<std::string>& in_use() {
    static std::set<std::string> paths;
    return paths;
}

}  // namespace

Result<InUse> InUse::take(const std::string& staging_path) {
    const std::lock_guard lock(in_use_mutex);
    if (!in_use().insert(staging_path).second)
        return fail(Code::busy, staging_path, "somebody is working on this import", "wait until it is done");
    return InUse(staging_path);
}
InUse::~InUse() {
    if (path_.empty()) return;
    const std::lock_guard lock(in_use_mutex);
    in_use().erase(path_);
}

board::Draft ImportWork::draft_of(std::int64_t number) const {
    board::Draft draft;
    draft.actor = actor_;
    draft.post = post_;
    draft.channel = "import";
    draft.idempotency_key = "import:" + token_ + ":" + std::to_string(number);
    return draft;
}

Status ImportWork::declare(const Piece& piece) {
    YIPAN_TRY_VOID(staging_->declare(piece.declared));
    YIPAN_TRY_VOID(staging_->commit());
    return staging_->begin();
}

Checked<void> ImportWork::pump(const Next& next,
                               const std::function<Status(const Piece&, const board::Receipt&)>& settled,
                               const Refused& refused) {
    using Clock = std::chrono::steady_clock;
    Result<std::optional<Piece>> coming = next(size_);
    while (true) {
        if (!coming) return fail(one(coming.error()));
        if (!*coming) return {};
        Piece piece = std::move(**coming);
        if (ended_ && ended_()) {
            if (const Status back = staging_->retract(piece.declared.number); !back) return fail(one(back.error()));
            next_number_ = piece.declared.number;
            return fail(
                one({Code::busy, "import " + staging_->id(), "was ended before its last row", "go on with it"}));
        }
        const auto sent = Clock::now();
        std::future<Checked<board::Receipt>> answer = board_.submit(std::move(piece.draft));
        // Rows that refer to rows of this draft need their records' numbers first.
        const bool ahead = !rows_ || !rows_->refers_to_itself();
        if (ahead) coming = next(size_);
        const Checked<board::Receipt> receipt = answer.get();
        const double took = std::chrono::duration<double>(Clock::now() - sent).count();
        if (!receipt) {
            if (const Status back = staging_->retract(piece.declared.number); !back) return fail(one(back.error()));
            next_number_ = piece.declared.number;
            const Result<bool> go_on = refused(piece, receipt.error());
            if (!go_on) return fail(one(go_on.error()));
            if (!*go_on) return fail(receipt.error());
            coming = next(size_);
            continue;
        }
        if (const Status kept = settled(piece, *receipt); !kept) return fail(one(kept.error()));
        if (!ahead) coming = next(size_);
        const double wanted = std::chrono::duration<double>(draft_time).count() / std::max(took, 1e-4);
        const double factor = std::clamp(wanted, 0.25, 1.5);
        size_ = std::clamp(
            static_cast<std::size_t>(static_cast<double>(std::max<std::int64_t>(piece.declared.rows, 1)) * factor),
            draft_rows_min, draft_rows_max);
    }
}

// Drafts that were declared before the process died: the board knows their keys or does not.
Status ImportWork::settle_unknown() {
    YIPAN_TRY(const std::vector<StagedDraft> drafts, staging_->drafts());
    for (const StagedDraft& d : drafts) {
        next_number_ = d.number + 1;
        if (d.done) continue;
        board::Draft ask = draft_of(d.number);
        ask.dry_run = true;
        const Checked<board::Receipt> known = board_.apply(std::move(ask));
        if (!known) return fail(known.error().front());
        if (!known->repeated) {
            next_number_ = d.number;
            return staging_->retract(d.number);
        }
        YIPAN_TRY_VOID(staging_->settle(d.number, known->first.value, known->last.value));
        YIPAN_TRY(const std::int64_t before, staging_->number(d.undo ? "undone" : "done"));
        YIPAN_TRY_VOID(staging_->set_number(d.undo ? "undone" : "done", before + d.rows));
    }
    return {};
}

Checked<void> ImportWork::may_write() {
    if (board_.read_only())
        return fail(
            one({Code::read_only, staging_->path(), "the board is open for reading only, nothing can be written",
                 "yipan verify tells whether it is damaged"}));
    return {};
}

// Which records the rows of a draft became, for rows that refer to them.
Status ImportWork::learn(std::span<const StagedRow> rows, Position first, Position last) {
    std::size_t at = 0;
    return rows_->snapshot().each_entry(first, last, [&](const board::Entry& entry) {
        if (entry.verb != board::Verb::create) return true;
        while (at < rows.size() && rows[at].fate != RowFate::create) ++at;
        if (at < rows.size()) made_[rows[at++].line] = entry.record;
        return true;
    });
}

Status ImportWork::learn_records() {
    made_.clear();
    if (!rows_->refers_to_itself()) return {};
    YIPAN_TRY(const std::vector<StagedDraft> drafts, staging_->drafts());
    for (const StagedDraft& d : drafts) {
        if (d.undo || !d.done) continue;
        std::vector<StagedRow> rows;
        YIPAN_TRY_VOID(staging_->each(d.round, d.first_line - 1, false, [&](const StagedRow& row) {
            if (row.line > d.last_line) return false;
            rows.push_back(row);
            return true;
        }));
        YIPAN_TRY_VOID(learn(rows, Position(d.first), Position(d.last)));
    }
    return {};
}

// Before resuming: rows whose record moved since, and rows the board refused, are judged anew; the clerk who resumes
// has been told.
Status ImportWork::judge_moved() {
    std::vector<StagedRow> moved;
    YIPAN_TRY(const std::vector<StagedDraft> drafts, staging_->drafts());
    board::Snapshot& snapshot = rows_->snapshot();
    for (int round = 0; round <= round_; ++round) {
        std::int64_t applied = 0;
        for (const StagedDraft& d : drafts)
            if (!d.undo && d.round == round) applied = std::max(applied, d.last_line);
        YIPAN_TRY_VOID(staging_->each(round, applied, false, [&](const StagedRow& row) {
            if (row.fate != RowFate::amend) return true;
            const record::RecordPtr now = snapshot.record(type_, RecordId(row.record));
            if (!now || now->version != row.version) moved.push_back(row);
            return true;
        }));
    }
    YIPAN_TRY_VOID(staging_->each_failed([&](const StagedRow& row) -> Status {
        YIPAN_TRY(const std::string stopped, staging_->meta("stopped:" + std::to_string(row.line)));
        if (stopped.empty()) return {};
        moved.push_back(row);
        return staging_->set_meta("stopped:" + std::to_string(row.line), "");
    }));
    if (moved.empty()) return {};
    YIPAN_TRY_VOID(rows_->index_existing({}));
    counts_ = {};
    for (const StagedRow& row : moved) {
        YIPAN_TRY_VOID(count(row, -1));
        YIPAN_TRY_VOID(staging_->clear_problems(row.line));
        const int round = std::exchange(round_, row.round);
        auto again = [&]() -> Checked<void> {
            auto cells = decode_cells(row.cells);
            if (!cells) return fail(one(cells.error()));
            if (auto taken = take_row(row.line, *cells); !taken) return taken;
            return judge_waiting();
        }();
        round_ = round;
        if (!again) return fail(again.error().front());
    }
    constexpr std::string_view names[] = {"create", "amend", "unchanged", "failed"};
    for (std::size_t i = 0; i < 4; ++i) {
        YIPAN_TRY(const std::int64_t before, staging_->number(names[i]));
        YIPAN_TRY_VOID(staging_->set_number(names[i], before + counts_[i]));
    }
    counts_ = {};
    return {};
}

Checked<void> ImportWork::apply(const ApplyOptions& options) {
    if (auto may = may_write(); !may) return may;
    auto busy = InUse::take(staging_->path());
    if (!busy) return fail(one(busy.error()));
    const Result<ImportState> now = state();
    if (!now) return fail(one(now.error()));
    if (*now == ImportState::applied) return {};
    rights_ = options.rights;
    ended_ = options.ended;
    const std::string this_import = "import " + staging_->id();
    if (*now == ImportState::reading)
        return fail(one({Code::invalid_input, this_import, "was not read to its end", "import the file again"}));
    if (*now == ImportState::undone || *now == ImportState::undoing)
        return fail(one({Code::invalid_input, this_import, "is " + std::string(import_state_name(*now)),
                         *now == ImportState::undone ? "import the file again" : "end the undoing first"}));
    const auto mark = staging_->meta("model");
    if (!mark) return fail(one(mark.error()));
    if (*mark != model_mark(*model_))
        return fail(
            one({Code::version_conflict, this_import, "the model changed since it was checked",
                 *now == ImportState::partly ? "undo it, then import the file again" : "import the file again"}));
    const auto prepare = [&]() -> Checked<void> {
        const auto headings = staging_->meta("headings");
        const auto head_line = staging_->number("head_line");
        if (!headings || !head_line) return fail(one(!headings ? headings.error() : head_line.error()));
        std::vector<std::string> texts;
        for (std::string_view rest = *headings; !rest.empty();) {
            const std::size_t end = rest.find('\x1F');
            texts.emplace_back(rest.substr(0, end));
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        if (auto reader = open_reader(texts, static_cast<std::uint64_t>(*head_line)); !reader) return reader;
        const auto ready = [&]() -> Status {
            YIPAN_TRY_VOID(staging_->durable(true));
            YIPAN_TRY_VOID(staging_->begin());
            YIPAN_TRY_VOID(settle_unknown());
            if (*now != ImportState::checked) YIPAN_TRY_VOID(judge_moved());
            return learn_records();
        };
        if (const Status is_ready = ready(); !is_ready) return fail(one(is_ready.error()));
        return {};
    };
    if (auto prepared = prepare(); !prepared) return prepared;
    const auto failed = staging_->number("failed");
    if (!failed) return fail(one(failed.error()));
    if (*failed > 0 && !options.leave_out_failing) {
        (void)staging_->commit();
        rows_.reset();
        Errors errors;
        if (auto listed = staging_->problems(-1, staged_errors_listed_max)) errors = std::move(*listed);
        errors.push_back({Code::invalid_input, this_import,
                          std::to_string(*failed) + " rows fail, so nothing is written",
                          "correct them, or import --partial leaves them out"});
        return fail(std::move(errors));
    }
    // Rows without a key cannot tell that they are there already; the board remembers the file that was written.
    std::optional<InUse> of_file;
    if (!rows_->has_key()) {
        const std::string key = declared().code + ":" + staging_->meta("sha256").value_or("");
        auto taken = InUse::take(board_path_ + ":" + key);
        if (!taken) return fail(one(taken.error()));
        of_file.emplace(std::move(*taken));
        const auto known = board_.snapshot()->side("import", key);
        if (!known) return fail(one(known.error()));
        if (*known && **known != token_) {
            for (const Status& status :
                 {staging_->set_number("repeated", 1), set_state(ImportState::applied), staging_->commit()})
                if (!status) return fail(one(status.error()));
            rows_.reset();
            return {};
        }
    }
    if (const Status marked = set_state(ImportState::applying); !marked) return fail(one(marked.error()));
    Checked<void> result;
    for (int round = 0; round <= round_ && result; ++round) result = apply_round(round, options);
    const auto finish = [&]() -> Status {
        YIPAN_TRY_VOID(set_state(result ? ImportState::applied : ImportState::partly));
        YIPAN_TRY(const std::int64_t left, staging_->number("failed"));
        YIPAN_TRY_VOID(staging_->commit());
        if (result && left == 0) return staging_->forget_rows();
        return {};
    };
    const Status finished = finish();
    rows_.reset();
    if (result && !finished) return fail(one(finished.error()));
    return result;
}

Checked<void> ImportWork::apply_round(int round, const ApplyOptions& options) {
    const auto drafts = staging_->drafts();
    if (!drafts) return fail(one(drafts.error()));
    cursor_ = 0;
    for (const StagedDraft& d : *drafts)
        if (!d.undo && d.round == round && d.done) cursor_ = std::max(cursor_, d.last_line);
    std::int64_t total = 0, done = 0;
    for (const std::string_view fate : {"create", "amend"}) {
        const auto n = staging_->number(fate);
        if (!n) return fail(one(n.error()));
        total += *n;
    }
    if (const auto before = staging_->number("done")) done = *before;
    const std::string side_key = declared().code + ":" + staging_->meta("sha256").value_or("");

    const Next next = [&](std::size_t size) -> Result<std::optional<Piece>> {
        Piece piece;
        YIPAN_TRY_VOID(staging_->each(round, cursor_, false, [&](const StagedRow& row) {
            piece.rows.push_back(row);
            piece.rows.back().cells.clear();
            return piece.rows.size() < size;
        }));
        if (piece.rows.empty()) return std::optional<Piece>{};
        piece.declared.number = next_number_;
        piece.declared.round = round;
        piece.declared.first_line = piece.rows.front().line;
        piece.declared.last_line = piece.rows.back().line;
        piece.declared.rows = std::ssize(piece.rows);
        piece.draft = draft_of(next_number_);
        std::unordered_map<std::int64_t, std::size_t> own;  // line -> change
        const bool refers = rows_->refers_to_itself();
        for (std::size_t i = 0; i < piece.rows.size(); ++i) {
            const StagedRow& row = piece.rows[i];
            board::Change change;
            change.type = type_;
            change.verb = row.fate == RowFate::create ? board::Verb::create : board::Verb::amend;
            change.record = RecordId(row.record);
            if (row.fate == RowFate::amend) change.expected_version = row.version;
            change.effective = effective_;
            change.where = name_ + ":" + std::to_string(row.line);
            YIPAN_TRY(change.set, decode_values(row.body));
            if (refers) {
                own[row.line] = i;
                for (auto& [field, value] : change.set) {
                    const std::int64_t* n = record::as_integer(value);
                    if (!n || *n >= 0 || declared().fields[static_cast<std::size_t>(field)].target != type_) continue;
                    const std::int64_t line = -(*n + 1);
                    if (const auto here = own.find(line); here != own.end())
                        value = -(static_cast<std::int64_t>(here->second) + 1);
                    else if (const auto made = made_.find(line); made != made_.end())
                        value = made->second.value;
                    else
                        return fail(Code::not_found, change.where,
                                    "the row refers to line " + std::to_string(line) + ", which is not written", "");
                }
            }
            piece.draft.changes.push_back(std::move(change));
        }
        if (next_number_ == 1 && !rows_->has_key()) piece.draft.side.push_back({"import", side_key, token_});
        cursor_ = piece.declared.last_line;
        ++next_number_;
        YIPAN_TRY_VOID(declare(piece));
        return std::optional(std::move(piece));
    };
    const auto settled = [&](const Piece& piece, const board::Receipt& receipt) -> Status {
        YIPAN_TRY_VOID(staging_->settle(piece.declared.number, receipt.first.value, receipt.last.value));
        done += piece.declared.rows;
        YIPAN_TRY_VOID(staging_->set_number("done", done));
        if (options.progress) options.progress(done, std::max(total, done));
        if (!rows_->refers_to_itself()) return {};
        if (receipt.records.size() == piece.rows.size() && !receipt.repeated) {
            for (std::size_t i = 0; i < piece.rows.size(); ++i) made_[piece.rows[i].line] = receipt.records[i];
            return {};
        }
        rows_->refresh_snapshot();
        return learn(piece.rows, receipt.first, receipt.last);
    };
    const Refused refused = [&](const Piece& piece, const Errors& errors) -> Result<bool> {
        cursor_ = piece.declared.first_line - 1;
        bool of_rows = !errors.empty();
        std::unordered_set<std::int64_t> lines;
        for (const Error& error : errors) {
            const std::optional<std::int64_t> line = line_of(error);
            if (!line || error.code == Code::store_failed || error.code == Code::read_only) of_rows = false;
            if (line) lines.insert(*line);
        }
        if (!of_rows) return false;
        for (const StagedRow& piece_row : piece.rows) {
            if (!lines.contains(piece_row.line)) continue;
            YIPAN_TRY(std::optional<StagedRow> row, staging_->row(piece_row.line));
            if (!row) continue;
            const std::string_view fate = row->fate == RowFate::create ? "create" : "amend";
            YIPAN_TRY(const std::int64_t before, staging_->number(fate));
            YIPAN_TRY_VOID(staging_->set_number(fate, before - 1));
            YIPAN_TRY(const std::int64_t failed, staging_->number("failed"));
            YIPAN_TRY_VOID(staging_->set_number("failed", failed + 1));
            row->fate = RowFate::failed;
            YIPAN_TRY_VOID(staging_->put(*row));
            YIPAN_TRY_VOID(staging_->set_meta("stopped:" + std::to_string(row->line), "1"));
            for (const Error& error : errors)
                if (line_of(error) == row->line) YIPAN_TRY_VOID(staging_->add_problem(row->line, error));
        }
        return options.leave_out_failing;
    };
    return pump(next, settled, refused);
}

}  // namespace yipan::exchange
