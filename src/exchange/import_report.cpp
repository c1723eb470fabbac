// What an import is, for people: its state and counts, the list of imports, the file of failing rows.
#include <algorithm>
#include <charconv>

#include "exchange/import_work.h"
#include "exchange/sheet_write.h"

namespace yipan::exchange {
namespace {

constexpr std::string_view state_names[] = {"reading", "checked", "refused", "applying",
                                            "partly",  "applied", "undoing", "undone"};
ImportState state_of(std::string_view name) {
    const auto found = std::find(std::begin(state_names), std::end(state_names), name);
    return found == std::end(state_names) ? ImportState::reading
                                          : static_cast<ImportState>(found - std::begin(state_names));
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

ImportReport report_of(Staging& staging) {
    ImportReport out;
    const auto text = [&](std::string_view key) { return staging.meta(key).value_or(""); };
    const auto number = [&](std::string_view key) { return staging.number(key).value_or(0); };
    out.id = staging.id();
    out.type = text("type");
    out.file = text("file");
    out.sheet = text("sheet");
    out.sha256 = text("sha256");
    out.state = state_of(text("state"));
    out.rows = number("rows");
    out.create = number("create");
    out.amend = number("amend");
    out.unchanged = number("unchanged");
    out.failed = number("failed");
    out.done = number("done");
    out.undone = number("undone");
    out.repeated = number("repeated") != 0;
    out.actor = RecordId(number("actor"));
    out.post = RecordId(number("post"));
    out.started = Instant{number("started")};
    out.changed = Instant{number("changed")};
    out.ignored_columns = parted(text("ignored"));
    if (const auto drafts = staging.drafts()) {
        for (const StagedDraft& d : *drafts) {
            if (d.first == 0) continue;
            if (out.first.value == 0) out.first = Position(d.first);
            out.last = Position(d.last);
        }
    }
    if (auto errors = staging.problems(-1, staged_errors_listed_max + 1)) out.errors = std::move(*errors);
    out.errors_total = std::ssize(out.errors);
    if (out.errors.size() > staged_errors_listed_max) {
        out.errors.resize(staged_errors_listed_max);
        out.errors_total = std::max(out.errors_total, out.failed);
    }
    return out;
}

}  // namespace

std::string_view import_state_name(ImportState state) { return state_names[static_cast<std::size_t>(state)]; }

std::vector<ImportReport> imports_of(const std::string& board_path) {
    std::vector<ImportReport> out;
    for (const std::string& id : Staging::ids(board_path))
        if (const auto staging = Staging::open(board_path, id)) out.push_back(report_of(**staging));
    return out;
}

Result<std::int64_t> forget_in_imports(const std::string& board_path, const model::Type& type, RecordId record,
                                       std::string_view key) {
    std::int64_t gone = 0;
    std::optional<Error> problem;
    const auto forget = [&](const std::string& id) -> Status {
        YIPAN_TRY(const std::unique_ptr<Staging> staging, Staging::open(board_path, id));
        YIPAN_TRY(const std::string of, staging->meta("type"));
        if (of != type.code) return {};
        YIPAN_TRY(const InUse in_use, InUse::take(staging->path()));
        YIPAN_TRY(const std::int64_t rows, staging->forget_record(record.value, key));
        gone += rows;
        return {};
    };
    for (const std::string& id : Staging::ids(board_path))
        if (const Status done = forget(id); !done && !problem) problem = done.error();
    if (problem) return fail(std::move(*problem));
    return gone;
}

Result<std::unique_ptr<StagedImport>> StagedImport::open(board::Board& board, const std::string& board_path,
                                                         const std::string& id) {
    auto work = std::make_unique<ImportWork>(board, board_path);
    YIPAN_TRY_VOID(work->open(id));
    return std::unique_ptr<StagedImport>(std::move(work));
}

Status ImportWork::open(const std::string& id) {
    model_ = board_.model();
    YIPAN_TRY(staging_, Staging::open(board_path_, id));
    YIPAN_TRY(const std::string type, staging_->meta("type"));
    type_ = model_->find_type(type);
    if (type_ < 0) return fail(Code::not_found, "import " + id, "the model has no type " + type + " any more", "");
    YIPAN_TRY(name_, staging_->meta("file"));
    YIPAN_TRY(token_, staging_->meta("token"));
    YIPAN_TRY(const std::int64_t actor, staging_->number("actor"));
    YIPAN_TRY(const std::int64_t post, staging_->number("post"));
    actor_ = RecordId(actor);
    post_ = RecordId(post);
    YIPAN_TRY(const std::string effective, staging_->meta("effective"));
    if (!effective.empty()) {
        YIPAN_TRY(const Date day, Date::parse(effective));
        effective_ = day;
    }
    YIPAN_TRY(const std::int64_t round, staging_->number("round"));
    round_ = static_cast<int>(round);
    return {};
}

Result<ImportState> ImportWork::state() {
    YIPAN_TRY(const std::string name, staging_->meta("state"));
    return state_of(name);
}
Status ImportWork::set_state(ImportState state) {
    YIPAN_TRY_VOID(staging_->set_meta("state", import_state_name(state)));
    return changed();
}
Status ImportWork::changed() { return staging_->set_number("changed", board_.now().micros); }

ImportReport ImportWork::report() { return report_of(*staging_); }

Result<std::int64_t> ImportWork::failing(const std::string& path) {
    YIPAN_TRY(const std::string headings, staging_->meta("headings"));
    std::vector<std::string> head{failing_heading(staging_->id())};
    for (std::string& text : parted(headings)) head.push_back(std::move(text));
    head.emplace_back(reason_heading);
    YIPAN_TRY(const std::string model, staging_->meta("model"));
    const MachineSheet machine{"failing", declared().code, model, staging_->id(), {}};
    YIPAN_TRY(const std::unique_ptr<FailingSheet> sheet, FailingSheet::open(path, head, machine));
    std::int64_t rows = 0;
    YIPAN_TRY_VOID(staging_->each_failed([&](const StagedRow& row) -> Status {
        YIPAN_TRY(const std::vector<Cell> cells, decode_cells(row.cells));
        YIPAN_TRY(const Errors errors, staging_->problems(row.line, 100));
        // A mistake is shown at its cell: the last part of its place names the heading or the field.
        std::vector<char> red(cells.size());
        std::string reason;
        for (const Error& error : errors) {
            const std::string prefix = name_ + ":" + std::to_string(row.line) + ":";
            const std::string at = error.where.starts_with(prefix) ? error.where.substr(prefix.size()) : "";
            const int field = declared().find(at);
            for (std::size_t c = 0; c < cells.size() && c + 2 < head.size() + 1; ++c) {
                const std::string& heading = head[c + 1];
                const bool here = !at.empty() &&
                                  (heading == at || heading.starts_with(at) ||
                                   (field >= 0 && (field_of_heading(declared(), heading) == field ||
                                                   field_of_heading(declared(), read_heading(heading).name) == field)));
                if (here) red[c] = 1;
            }
            reason += (reason.empty() ? "" : "; ") + (at.empty() ? "" : at + ": ") + error.message +
                      (error.hint.empty() ? "" : " (" + error.hint + ")");
        }
        ++rows;
        return sheet->row(row.line, cells, red, reason);
    }));
    YIPAN_TRY_VOID(sheet->finish());
    return rows;
}

}  // namespace yipan::exchange
