// report: a template filled with live numbers, as HTML or Markdown.
#include "report_commands.h"

#include "output.h"
#include "progress.h"
#include "report/filing.h"

namespace yipan::app {
namespace json = boost::json;
namespace {

struct ReportArguments {
    std::string board, report, unit, period, out;
    bool file = false;  // issue it and keep it
    std::string code, post, person;
};

// Issues the document: a record with its number, the page as its paper.
int issue(Context& context, const ReportArguments& arguments, const Period& period) {
    const auto board = open_board(context, arguments.board, Access::write);
    if (!board) return context.exit_code;
    report::FilingAsk ask;
    ask.report = arguments.report;
    ask.unit = arguments.unit;
    ask.code = arguments.code;
    ask.period = period;
    ask.channel = cli_channel();
    {
        const auto snapshot = board->snapshot();
        exchange::Names names(*snapshot);
        const model::Identity& identity = snapshot->model().identity;
        for (const auto& [type, name, into] : {std::tuple{identity.post, &arguments.post, &ask.post}, {identity.person, &arguments.person, &ask.actor}}) {
            if (name->empty() || type < 0) continue;
            const Result<RecordId> id = report::find_record(*snapshot, names, type, *name);
            if (!id) return refuse(context, id.error());
            *into = *id;
        }
    }
    const Checked<report::Filed> filed = report::file_report(*board, ask);
    if (!filed) return refuse(context, filed.error());
    if (!arguments.out.empty())
        if (const Status ok = write_whole(arguments.out, report::to_html(filed->document)); !ok) return refuse(context, ok.error());
    if (context.json)
        print_json(json::object{{"board", board_json(*board, Position{filed->document.position})},
                                {"record", filed->code},
                                {"number", filed->number},
                                {"paper", "sha256:" + filed->hash},
                                {"numbers", filed->document.numbers}});
    else
        print(banner(*board) + "\n" + filed->code + " " + filed->number + ": " + std::to_string(filed->document.numbers) +
              " numbers as of entry " + std::to_string(filed->document.position) + ", kept as sha256:" + filed->hash + "\n");
    return 0;
}

// Whether the report is the document of one record and asks for no period.
bool of_a_record(Context& context, const ReportArguments& arguments) {
    const auto board = open_board(context, arguments.board, Access::read);
    const auto snapshot = board ? board->snapshot() : nullptr;
    const model::Report* found = snapshot ? snapshot->model().find_report(arguments.report) : nullptr;
    const auto made = found ? report::parse_template(found->text, found->path) : Checked<report::Template>(fail(Errors{}));
    return made && made->timeless;
}

int report_file(Context& context, const ReportArguments& arguments) {
    const Result<Period> period = arguments.period.empty() ? Result<Period>(Period{}) : Period::parse(arguments.period);
    if (!period) return refuse(context, period.error());
    if (arguments.period.empty() && !of_a_record(context, arguments)) return context.exit_code ? context.exit_code : refuse(context, Error{Code::usage, "--period", "the report " + arguments.report + " is of a period", "--period 2026H1"});
    if (arguments.file) return issue(context, arguments, *period);
    if (arguments.out.empty()) return refuse(context, Error{Code::usage, "--out", "say where to write it", "--out FILE.html or FILE.md, or --file to issue and keep it"});
    const auto board = open_board(context, arguments.board, Access::read);
    if (!board) return context.exit_code;
    Errors errors;
    const Result<report::Document> document =
        write_report_file(*board, arguments.report, arguments.unit, *period, arguments.out, errors);
    if (!errors.empty()) return refuse(context, errors);
    if (!document) return refuse(context, document.error());
    if (context.json) {
        json::array left;
        for (const report::LeftOut& l : document->left_out)
            left.push_back({{"sentence", l.sentence}, {"placeholder", l.placeholder}, {"reason", l.reason}});
        print_json(json::object{{"board", board_json(*board, Position{document->position})},
                                {"file", arguments.out},
                                {"numbers", document->numbers},
                                {"left_out", std::move(left)}});
    } else {
        print(banner(*board) + "\n" + arguments.out + ": " + std::to_string(document->numbers) + " numbers, " +
              std::to_string(document->left_out.size()) + " left out for want of data\n");
    }
    return 0;
}

}  // namespace

Result<report::Document> write_report_file(board::Board& board, const std::string& report, const std::string& unit,
                                           const Period& period, const std::string& out, Errors& errors) {
    const bool html = out.ends_with(".html") || out.ends_with(".htm");
    if (!html && !out.ends_with(".md"))
        return fail(Code::usage, "--out", "\"" + out + "\" tells no format", "a name that ends in .html or .md");
    const auto snapshot = board.snapshot();
    exchange::Names names(*snapshot);
    Result<report::ReportAsk> ask = report::ask_of(board, *snapshot);
    if (!ask) return fail(ask.error());
    ask->report = report;
    ask->unit = unit;
    ask->period = period;
    Checked<report::Document> document = report::write_report(*snapshot, names, *ask);
    if (!document) {
        errors = document.error();
        return fail(errors.front());
    }
    YIPAN_TRY_VOID(write_whole(out, html ? report::to_html(*document) : report::to_markdown(*document)));
    return std::move(*document);
}

void add_report_commands(CLI::App& app, Context& context) {
    CLI::App* command = app.add_subcommand("report", "write a report with live numbers");
    auto arguments = std::make_shared<ReportArguments>();
    command->add_option("BOARD", arguments->board, "the board's file")->required();
    command->add_option("NAME", arguments->report, "code of the report, e.g. half_year")->required();
    command->add_option("--period", arguments->period, "2026H1, 2026Q2, 2026 ...; none for the document of a record");
    command->add_option("--unit", arguments->unit, "whose report; the one root of the units unless said");
    command->add_option("--out", arguments->out, "FILE.html or FILE.md");
    command->add_flag("--file", arguments->file, "issue it: a record with its number keeps the page as it is now");
    command->add_option("--code", arguments->code, "--file: code of the record");
    command->add_option("--post", arguments->post, "--file: post that issues it");
    command->add_option("--person", arguments->person, "--file: person who acts in the post");
    on_run(command, context, [&context, arguments] { return report_file(context, *arguments); });
}

}  // namespace yipan::app
