// import, export.
#include "context.h"
#include "exchange/csv_export.h"
#include "exchange/csv_import.h"
#include "progress.h"
#include "report/ask.h"

namespace yipan::app {
namespace json = boost::json;
namespace {

constexpr std::size_t errors_printed_max = 50;

struct ImportArguments {
    std::string board, type, file, post, effective;
    bool dry_run = false;
};

int import_file(Context& context, const ImportArguments& arguments) {
    const auto board = open_board(context, arguments.board, Access::write);
    if (!board) return context.exit_code;
    const model::ModelPtr model = board->model();
    const Result<int> type = report::find_type(*model, arguments.type);
    if (!type) return refuse(context, type.error());
    exchange::ImportOptions options;
    options.dry_run = arguments.dry_run;
    options.channel = "import";
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
    Bar bar("import");
    options.progress = bar.progress();
    const exchange::ImportResult result = exchange::import_csv(*board, *type, arguments.file, options);
    if (context.json) {
        json::array errors, ignored;
        for (const Error& error : result.errors)
            errors.push_back({{"code", code_name(error.code)},
                              {"where", error.where},
                              {"message", error.message},
                              {"hint", error.hint}});
        for (const std::string& column : result.ignored_columns) ignored.push_back(json::value(column));
        print_json(json::object{{"board", board_json(*board, board->snapshot()->position())},
                                {"rows", result.rows},
                                {"created", result.created},
                                {"amended", result.amended},
                                {"unchanged", result.unchanged},
                                {"failed", result.failed},
                                {"errors", std::move(errors)},
                                {"errors_total", result.errors_total},
                                {"ignored_columns", std::move(ignored)},
                                {"dry_run", arguments.dry_run},
                                {"rules_judged", result.rules_judged},
                                {"repeated", result.repeated},
                                {"position", result.last.value},
                                {"sha256", result.sha256}});
        return result.ok() ? 0 : 1;
    }
    for (std::size_t i = 0; i < result.errors.size() && i < errors_printed_max; ++i)
        std::fprintf(stderr, "%s\n", result.errors[i].text().c_str());
    if (result.errors_total > static_cast<std::int64_t>(errors_printed_max)) {
        std::fprintf(stderr, "... and %lld more errors (--json lists up to %zu)\n",
                     static_cast<long long>(result.errors_total) - static_cast<long long>(errors_printed_max),
                     exchange::import_errors_listed_max);
    }
    for (const std::string& column : result.ignored_columns)
        std::fprintf(stderr, "the column \"%s\" is computed by the board and was ignored\n", column.c_str());
    print(banner(*board) + "\n" + std::to_string(result.rows) + " rows: " + std::to_string(result.created) +
          (arguments.dry_run ? " would be created, " : " created, ") + std::to_string(result.amended) +
          (arguments.dry_run ? " would be amended, " : " amended, ") + std::to_string(result.unchanged) +
          " unchanged, " + std::to_string(result.failed) + " failed" +
          (result.repeated ? " (this file was imported before)" : "") +
          (result.rules_judged ? "" : "; cells judged, rules are judged when it is written") + "\n");
    if (!result.ok() && result.created + result.amended == 0) print("nothing was written\n");
    return result.ok() ? 0 : 1;
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
    const Result<std::int64_t> rows = exchange::export_csv(*snapshot, *type, arguments.file, options);
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
        CLI::App* command = app.add_subcommand("import", "records from a CSV file (UTF-8 or GB 18030)");
        auto arguments = std::make_shared<ImportArguments>();
        command->add_option("BOARD", arguments->board, "the board's file")->required();
        command->add_option("TYPE", arguments->type, "one of its record types")->required();
        command->add_option("FILE", arguments->file, "first row: field codes or labels")->required();
        command->add_flag("--dry-run", arguments->dry_run, "judge every cell, write nothing");
        command->add_option("--post", arguments->post, "the post that acts");
        command->add_option("--effective", arguments->effective, "from when the values hold");
        on_run(command, context, [&context, arguments] { return import_file(context, *arguments); });
    }
    {
        CLI::App* command = app.add_subcommand("export", "records as CSV, or the empty template of a type");
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
