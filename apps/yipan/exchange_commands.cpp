// import, imports, template, export.
#include "context.h"
#include "exchange/csv_export.h"
#include "exchange/csv_import.h"
#include "exchange/geojson.h"
#include "exchange/import.h"
#include "exchange/sheet_write.h"
#include "output.h"
#include "progress.h"
#include "report/ask.h"

namespace yipan::app {
namespace json = boost::json;
namespace {

constexpr std::size_t errors_printed_max = 50;

bool ends_with(const std::string& text, std::string_view end) { return text.ends_with(end); }

struct ImportArguments {
    std::string board, type, file, post, effective, sheet, failing, resume, undo;
    bool dry_run = false, partial = false, direct = false;
};

json::array errors_json(const Errors& errors) {
    json::array out;
    for (const Error& error : errors)
        out.push_back({{"code", code_name(error.code)},
                       {"where", error.where},
                       {"message", error.message},
                       {"hint", error.hint}});
    return out;
}
void print_errors(const Errors& errors, std::int64_t total) {
    for (std::size_t i = 0; i < errors.size() && i < errors_printed_max; ++i)
        std::fprintf(stderr, "%s\n", errors[i].text().c_str());
    if (total > static_cast<std::int64_t>(errors_printed_max))
        std::fprintf(stderr,
                     "... and %lld more errors (--failing FILE.xlsx writes all failing rows with their reasons)\n",
                     static_cast<long long>(total) - static_cast<long long>(errors_printed_max));
}

json::object import_json(const exchange::ImportReport& report, const Errors& errors) {
    json::array ignored;
    for (const std::string& column : report.ignored_columns) ignored.push_back(json::value(column));
    return {{"id", report.id},
            {"type", report.type},
            {"file", report.file},
            {"sheet", report.sheet},
            {"state", exchange::import_state_name(report.state)},
            {"rows", report.rows},
            {"created", report.create},
            {"amended", report.amend},
            {"unchanged", report.unchanged},
            {"failed", report.failed},
            {"done", report.done},
            {"undone", report.undone},
            {"errors", errors_json(errors)},
            {"errors_total", std::max<std::int64_t>(report.errors_total, std::ssize(errors))},
            {"ignored_columns", std::move(ignored)},
            {"repeated", report.repeated},
            {"position", report.last.value},
            {"started", report.started.text()},
            {"post", report.post.value},
            {"sha256", report.sha256}};
}

// What became of an import: staged only, written, stopped, undone.
int tell(Context& context, board::Board& board, const exchange::ImportReport& report, const Errors& stopped,
         bool dry_run) {
    const Errors& errors = report.errors.empty() ? stopped : report.errors;
    const bool good =
        stopped.empty() && (report.failed == 0 || report.done > 0) && report.state != exchange::ImportState::refused;
    if (context.json) {
        json::object out = import_json(report, errors);
        out["board"] = board_json(board, board.snapshot()->position());
        out["dry_run"] = dry_run;
        print_json(out);
        return good ? 0 : 1;
    }
    print_errors(errors, std::max<std::int64_t>(report.errors_total, std::ssize(errors)));
    if (!report.errors.empty() && !stopped.empty() && stopped.back().where.starts_with("import "))
        std::fprintf(stderr, "%s\n", stopped.back().text().c_str());
    for (const std::string& column : report.ignored_columns)
        std::fprintf(stderr, "the column \"%s\" is computed by the board and was ignored\n", column.c_str());
    const bool staged = dry_run || (report.done == 0 && report.create + report.amend > 0);
    std::string text = banner(board) + "\n" + std::to_string(report.rows) + " rows: " + std::to_string(report.create) +
                       (staged ? " would be created, " : " created, ") + std::to_string(report.amend) +
                       (staged ? " would be amended, " : " amended, ") + std::to_string(report.unchanged) +
                       " unchanged, " + std::to_string(report.failed) + " failed" +
                       (report.repeated ? " (this file was imported before)" : "") + "\n";
    if (report.done == 0 && report.create + report.amend + report.failed > 0) text += "nothing was written\n";
    if (report.state == exchange::ImportState::partly)
        text += "partly applied: " + std::to_string(report.done) + " of " +
                std::to_string(report.create + report.amend) + " rows were written; yipan import BOARD --resume " +
                report.id + " goes on, --undo " + report.id + " takes them back\n";
    if (report.state == exchange::ImportState::undone)
        text += "undone: " + std::to_string(report.undone) + " rows were taken back\n";
    if (!dry_run && (report.done > 0 || report.failed > 0))
        text += "import " + report.id +
                (report.failed > 0
                     ? ": its failing rows come with yipan imports BOARD --failing " + report.id + " --out FILE.xlsx"
                     : "") +
                "\n";
    print(text);
    return good ? 0 : 1;
}

Errors errors_of(Checked<void> result) { return result ? Errors{} : std::move(result).error(); }

// The way of before: a file of up to 5,000 rows as one draft, larger ones in drafts of 2,000, without a staging file.
int import_direct(Context& context, board::Board& board, int type, const ImportArguments& arguments,
                  const exchange::StageOptions& staged) {
    exchange::ImportOptions options;
    options.dry_run = arguments.dry_run;
    options.actor = staged.actor;
    options.post = staged.post;
    options.effective = staged.effective;
    options.progress = staged.progress;
    const exchange::ImportResult result = exchange::import_csv(board, type, arguments.file, options);
    exchange::ImportReport report;
    report.rows = result.rows;
    report.create = result.created;
    report.amend = result.amended;
    report.unchanged = result.unchanged;
    report.failed = result.failed;
    report.done = arguments.dry_run ? 0 : result.created + result.amended;
    report.repeated = result.repeated;
    report.last = result.last;
    report.sha256 = result.sha256;
    report.ignored_columns = result.ignored_columns;
    report.errors_total = result.errors_total;
    report.state = result.ok() ? exchange::ImportState::applied : exchange::ImportState::refused;
    return tell(context, board, report, result.errors, true);
}

int continue_import(Context& context, board::Board& board, const ImportArguments& arguments) {
    const bool undo = !arguments.undo.empty();
    auto import = exchange::StagedImport::open(board, arguments.board, undo ? arguments.undo : arguments.resume);
    if (!import) return refuse(context, import.error());
    Bar bar(undo ? "undo" : "import");
    Errors stopped;
    if (undo) {
        exchange::StagedImport::UndoOptions options;
        options.leave_out_changed = arguments.partial;
        options.progress = bar.progress();
        stopped = errors_of((*import)->undo(options));
    } else {
        exchange::StagedImport::ApplyOptions options;
        options.leave_out_failing = arguments.partial;
        options.progress = bar.progress();
        stopped = errors_of((*import)->apply(options));
    }
    exchange::ImportReport report = (*import)->report();
    if (undo && !stopped.empty()) {
        report.errors.clear();
        report.errors_total = std::ssize(stopped);
    }
    return tell(context, board, report, stopped, false);
}

int import_file(Context& context, const ImportArguments& arguments) {
    const bool goes_on = !arguments.undo.empty() || !arguments.resume.empty();
    if (goes_on ? !arguments.type.empty() || (!arguments.undo.empty() && !arguments.resume.empty())
                : arguments.file.empty())
        return refuse(context,
                      Error{Code::usage, "", "import wants BOARD TYPE FILE, or BOARD with --resume or --undo", ""});
    const auto board = open_board(context, arguments.board, Access::write);
    if (!board) return context.exit_code;
    if (goes_on) return continue_import(context, *board, arguments);
    const model::ModelPtr model = board->model();
    const Result<int> type = report::find_type(*model, arguments.type);
    if (!type) return refuse(context, type.error());
    exchange::StageOptions options;
    options.sheet = arguments.sheet;
    if (!arguments.effective.empty()) {
        const Result<Date> date = Date::parse(arguments.effective);
        if (!date) return refuse(context, date.error());
        options.effective = *date;
    }
    if (!arguments.post.empty()) {
        const auto snapshot = board->snapshot();
        exchange::Names names(*snapshot);
        if (model->identity.post < 0)
            return refuse(context, Error{Code::invalid_input, "--post", "the model of this board knows no posts", ""});
        const Result<RecordId> post = report::find_record(*snapshot, names, model->identity.post, arguments.post);
        if (!post) return refuse(context, post.error());
        options.post = *post;
    }
    Bar reading("read");
    options.progress = reading.progress();
    if (arguments.direct) return import_direct(context, *board, *type, arguments, options);
    auto import = exchange::StagedImport::stage(*board, arguments.board, *type, arguments.file, options);
    if (!import) {
        const int exit_code = refuse(context, import.error());
        if (!context.json) print("nothing was written\n");
        return exit_code;
    }
    Errors stopped;
    exchange::ImportReport report = (*import)->report();
    const bool apply = !arguments.dry_run && (report.failed == 0 || arguments.partial);
    if (apply) {
        Bar writing("write");
        exchange::StagedImport::ApplyOptions applying;
        applying.leave_out_failing = arguments.partial;
        applying.progress = writing.progress();
        stopped = errors_of((*import)->apply(applying));
        report = (*import)->report();
    }
    if (!arguments.failing.empty() && report.failed > 0) {
        const Result<std::int64_t> rows = (*import)->failing(arguments.failing);
        if (!rows) stopped.push_back(rows.error());
    }
    const int exit_code = tell(context, *board, report, stopped, arguments.dry_run);
    // Nothing to undo, to resume or to correct: the staging file is of no use.
    const bool useless = report.done == 0 && (report.failed == 0 || arguments.dry_run) && stopped.empty();
    if (useless) (void)(*import)->discard();
    return exit_code;
}

struct ImportsArguments {
    std::string board, failing, out, forget;
};

int imports(Context& context, const ImportsArguments& arguments) {
    if (arguments.failing.empty() != arguments.out.empty())
        return refuse(context, Error{Code::usage, "", "--failing ID and --out FILE belong together", ""});
    if (!arguments.failing.empty() || !arguments.forget.empty()) {
        const auto board = open_board(context, arguments.board, Access::read);
        if (!board) return context.exit_code;
        auto import = exchange::StagedImport::open(*board, arguments.board,
                                                   arguments.forget.empty() ? arguments.failing : arguments.forget);
        if (!import) return refuse(context, import.error());
        if (!arguments.forget.empty()) {
            const Status gone = (*import)->discard();
            return gone ? 0 : refuse(context, gone.error());
        }
        const Result<std::int64_t> rows = (*import)->failing(arguments.out);
        if (!rows) return refuse(context, rows.error());
        if (context.json)
            print_json(json::object{{"rows", *rows}, {"file", arguments.out}});
        else
            print(std::to_string(*rows) + " failing rows in " + arguments.out + "\n");
        return 0;
    }
    const std::vector<exchange::ImportReport> all = exchange::imports_of(arguments.board);
    if (context.json) {
        json::array list;
        for (const auto& report : all) list.push_back(import_json(report, {}));
        print_json(json::object{{"imports", std::move(list)}});
        return 0;
    }
    std::vector<std::vector<std::string>> rows{
        {"id", "type", "file", "state", "rows", "written", "failed", "undone", "post", "started"}};
    for (const auto& report : all)
        rows.push_back({report.id, report.type, report.file, std::string(exchange::import_state_name(report.state)),
                        std::to_string(report.rows), std::to_string(report.done), std::to_string(report.failed),
                        std::to_string(report.undone),
                        report.post.value == 0 ? "-" : "#" + std::to_string(report.post.value), report.started.text()});
    print(all.empty() ? "no imports beside this board\n" : table_text(rows, {4, 5, 6, 7}));
    return 0;
}

struct TemplateArguments {
    std::string board, type, file;
};

int write_template(Context& context, const TemplateArguments& arguments) {
    const auto board = open_board(context, arguments.board, Access::read);
    if (!board) return context.exit_code;
    const auto snapshot = board->snapshot();
    const Result<int> type = report::find_type(snapshot->model(), arguments.type);
    if (!type) return refuse(context, type.error());
    const Status written =
        ends_with(arguments.file, ".xlsx")
            ? exchange::template_xlsx(*snapshot, *type, arguments.file, context.language())
            : exchange::export_template(snapshot->model().types[static_cast<std::size_t>(*type)], arguments.file,
                                        exchange::Headings::labels, context.language());
    return written ? 0 : refuse(context, written.error());
}

struct ExportArguments {
    std::string board, type, file = "-", filter, encoding = "utf8";
    bool only_template = false, labels = false;
};

int export_file(Context& context, const ExportArguments& arguments) {
    const auto board = open_board(context, arguments.board, Access::read);
    if (!board) return context.exit_code;
    const auto snapshot = board->snapshot();
    const Result<int> type = report::find_type(snapshot->model(), arguments.type);
    if (!type) return refuse(context, type.error());
    const exchange::Headings headings = arguments.labels ? exchange::Headings::labels : exchange::Headings::codes;
    if (arguments.only_template) {
        const Status written = exchange::export_template(snapshot->model().types[static_cast<std::size_t>(*type)],
                                                         arguments.file, headings, context.language());
        return written ? 0 : refuse(context, written.error());
    }
    Bar bar("export");
    exchange::ExportOptions options;
    options.headings = headings;
    options.language = context.language();
    options.encoding = arguments.encoding == "gb18030" ? exchange::OutEncoding::gb18030 : exchange::OutEncoding::utf8;
    options.filter = arguments.filter;
    options.progress = bar.progress();
    const Result<std::int64_t> rows =
        ends_with(arguments.file, ".xlsx")      ? exchange::export_xlsx(*snapshot, *type, arguments.file, options)
        : ends_with(arguments.file, ".geojson") ? exchange::export_geojson(*snapshot, *type, arguments.file, options)
                                                : exchange::export_csv(*snapshot, *type, arguments.file, options);
    if (!rows) return refuse(context, rows.error());
    if (arguments.file != "-") {
        if (context.json)
            print_json(json::object{
                {"board", board_json(*board, snapshot->position())}, {"rows", *rows}, {"file", arguments.file}});
        else
            print(banner(*board) + "\n" + std::to_string(*rows) + " rows in " + arguments.file + "\n");
    }
    return 0;
}

}  // namespace

void add_exchange_commands(CLI::App& app, Context& context) {
    {
        CLI::App* command = app.add_subcommand("import", "records from a workbook (.xlsx), a CSV file or GeoJSON");
        auto arguments = std::make_shared<ImportArguments>();
        command->add_option("BOARD", arguments->board, "the board's file")->required();
        command->add_option("TYPE", arguments->type, "one of its record types");
        command->add_option("FILE", arguments->file, "its head names fields by code or label");
        command->add_option("--sheet", arguments->sheet, "of a workbook; the first visible one unless said");
        command->add_flag("--dry-run", arguments->dry_run, "judge everything, write nothing");
        command->add_flag("--partial", arguments->partial, "write the good rows although others fail");
        command->add_option("--failing", arguments->failing, "write failing rows and reasons to this .xlsx or .csv");
        command->add_option("--resume", arguments->resume, "go on with this import");
        command->add_option("--undo", arguments->undo, "take this import back");
        command->add_flag("--direct", arguments->direct, "CSV without a staging file: cannot be resumed or undone");
        command->add_option("--post", arguments->post, "the post that acts");
        command->add_option("--effective", arguments->effective, "from when the values hold");
        on_run(command, context, [&context, arguments] { return import_file(context, *arguments); });
    }
    {
        CLI::App* command = app.add_subcommand("imports", "imports beside a board: states, counts, failing rows");
        auto arguments = std::make_shared<ImportsArguments>();
        command->add_option("BOARD", arguments->board, "the board's file")->required();
        command->add_option("--failing", arguments->failing, "the import whose failing rows are wanted");
        command->add_option("--out", arguments->out, "where they go, .xlsx or .csv");
        command->add_option("--forget", arguments->forget,
                            "remove this import's staging file; it cannot be undone then");
        on_run(command, context, [&context, arguments] { return imports(context, *arguments); });
    }
    {
        CLI::App* command =
            app.add_subcommand("template", "the empty table of a type, with drop-downs and instructions");
        auto arguments = std::make_shared<TemplateArguments>();
        command->add_option("BOARD", arguments->board, "the board's file")->required();
        command->add_option("TYPE", arguments->type, "one of its record types")->required();
        command->add_option("FILE", arguments->file, ".xlsx, or .csv for the heading row only")->required();
        on_run(command, context, [&context, arguments] { return write_template(context, *arguments); });
    }
    {
        CLI::App* command =
            app.add_subcommand("export", "records as CSV, .xlsx or .geojson, or the empty template of a type");
        auto arguments = std::make_shared<ExportArguments>();
        command->add_option("BOARD", arguments->board, "the board's file")->required();
        command->add_option("TYPE", arguments->type, "one of its record types")->required();
        command->add_option("FILE", arguments->file, "- is standard output");
        command->add_option("--filter", arguments->filter, "CEL over the record's fields");
        command->add_flag("--template", arguments->only_template, "the heading row only");
        command->add_flag("--labels", arguments->labels, "labels instead of field codes as headings");
        command->add_option("--encoding", arguments->encoding, "utf8 or gb18030")
            ->check(CLI::IsMember({"utf8", "gb18030"}));
        on_run(command, context, [&context, arguments] { return export_file(context, *arguments); });
    }
}

}  // namespace yipan::app
