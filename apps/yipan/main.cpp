// yipan: one binary, subcommands. Without a command it does the main job on the demo board.
#include <algorithm>

#include "context.h"
#include "serve.h"

int main(int argc, char** argv) {
    using namespace yipan::app;  // the whole program is these few lines
    Context context;
    CLI::App app{"Yipan (一盘): one board for a merged zone: records, figures, scores, reports", "yipan"};
    app.set_version_flag("--version", "yipan 0.1.0");
    app.fallthrough();
    app.add_flag("--json", context.json, "answer in JSON");
    app.add_option("--lang", context.language_name, "hans, hant or en")->check(CLI::IsMember({"hans", "hant", "en"}));
    std::string folder = "out";
    bool no_serve = false;
    app.add_option("--folder", folder, "where the main job keeps the demo board and writes the report");
    app.add_flag("--no-serve", no_serve, "end after the main job (as --json does); without it the demo board is served on 127.0.0.1:8080");
    app.require_subcommand(0, 1);
    add_demo_commands(app, context);
    add_board_commands(app, context);
    add_life_commands(app, context);
    add_exchange_commands(app, context);
    add_record_commands(app, context);
    add_takeback_commands(app, context);
    add_figure_commands(app, context);
    add_why_commands(app, context);
    add_assess_commands(app, context);
    add_report_commands(app, context);
    add_table_commands(app, context);
    add_model_commands(app, context);
    add_tool_commands(app, context);
    add_serve_commands(app, context);
    add_rights_commands(app, context);
    add_trust_commands(app, context);
    add_flow_commands(app, context);
    for (CLI::App* command : app.get_subcommands({})) command->footer("--json and --lang work here too.");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& problem) {
        if (problem.get_exit_code() == 0) return app.exit(problem);  // --help, --version
        // What was asked in JSON is answered in JSON, also when the command line itself is wrong.
        const bool json =
            context.json || std::any_of(argv, argv + argc, [](std::string_view word) { return word == "--json"; });
        if (!json) {
            app.exit(problem);
            return 2;
        }
        context.json = true;
        return refuse(context, yipan::Error{yipan::Code::usage, "", problem.what(), "yipan --help"});
    }
    if (!app.get_subcommands().empty()) return context.exit_code;
    const int done = main_job(context, folder);
    if (done != 0 || no_serve || context.json) return done;
    ServeOptions options;
    options.ports_to_try = 20;
    return serve(context, folder + "/demo.board", options);
}
