// assess: the zones of a board under a scheme, from living figures.
#include "output.h"
#include "report/assessment.h"
#include "score/output.h"

namespace yipan::app {
namespace json = boost::json;
namespace {

struct AssessArguments {
    std::string board, scheme, period, variant;
};

int assess(Context& context, const AssessArguments& arguments) {
    const auto board = open_board(context, arguments.board, Access::read);
    if (!board) return context.exit_code;
    const Result<Period> period = Period::parse(arguments.period);
    if (!period) return refuse(context, period.error());
    const auto snapshot = board->snapshot();
    exchange::Names names(*snapshot);
    const Checked<report::Assessment> made =
        report::assess(*snapshot, names, arguments.scheme, *period, arguments.variant);
    if (!made) return refuse(context, made.error());
    if (context.json) {
        json::value out = json::parse(score::to_json(made->outcome));
        json::object& object = out.as_object();
        object["board"] = board_json(*board, made->position);
        object["period"] = period->text();
        json::array without;
        for (const std::string& unit : made->without_values) without.push_back(json::value(unit));
        object["without_values"] = std::move(without);
        print_json(out);
        return 0;
    }
    print(banner(*board) + "\n" + made->outcome.label[0] + " · " + period->text_zh() + " · 台账序号 " +
          std::to_string(made->position.value) + "\n" + score::to_text(made->outcome));
    for (const std::string& note : made->notes) print(note + "\n");
    for (const std::string& unit : made->without_values) print(unit + ": no values reported, not ranked\n");
    return 0;
}

}  // namespace

void add_assess_commands(CLI::App& app, Context& context) {
    CLI::App* command = app.add_subcommand("assess", "score and rank the assessed units under a scheme");
    auto arguments = std::make_shared<AssessArguments>();
    command->add_option("BOARD", arguments->board, "the board's file")->required();
    command->add_option("SCHEME", arguments->scheme, "code of a scheme of the board")->required();
    command->add_option("--period", arguments->period, "2026H1, 2026Q2, 2026 ...")->required();
    command->add_option("--variant", arguments->variant, "column of weights");
    on_run(command, context, [&context, arguments] { return assess(context, *arguments); });
}

}  // namespace yipan::app
