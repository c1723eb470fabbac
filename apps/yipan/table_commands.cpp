// fill: a table of the register (一表通) answered from the board (src/flow/tables.h).
#include "context.h"
#include "flow/tables.h"
#include "output.h"
#include "report/ask.h"

namespace yipan::app {
namespace json = boost::json;
namespace {

struct FillArguments {
    std::string board, form, unit, period, post, person;
    bool dry_run = false;
};

Checked<flow::Filled> fill_it(board::Board& board, const FillArguments& arguments) {
    flow::TableAsk ask;
    flow::Acting who;
    who.channel = cli_channel();
    ask.dry_run = arguments.dry_run;
    {
        const auto snapshot = board.snapshot();
        const model::Model& model = snapshot->model();
        const model::Flow::Tables& tables = model.flow.tables;
        if (tables.form < 0) return fail(Errors{{Code::not_found, "", "this board's model has no register of tables", "the module task has one"}});
        exchange::Names names(*snapshot);
        const model::Type& filling = model.types[static_cast<std::size_t>(tables.filling)];
        const int unit_type = filling.fields[static_cast<std::size_t>(filling.find("unit"))].target;
        Errors errors;
        for (const auto& [type, name, into] : {std::tuple{tables.form, &arguments.form, &ask.form}, {unit_type, &arguments.unit, &ask.unit}, {model.identity.post, &arguments.post, &who.post}, {model.identity.person, &arguments.person, &who.person}}) {
            if (name->empty() || type < 0) continue;
            const Result<RecordId> id = report::find_record(*snapshot, names, type, *name);
            if (id) *into = *id;
            else errors.push_back(id.error());
        }
        const Result<Period> period = Period::parse(arguments.period);
        if (period) ask.period = *period;
        else errors.push_back(period.error());
        if (!errors.empty()) return fail(std::move(errors));
    }
    return flow::fill_table(board, who, ask);
}

int fill(Context& context, const FillArguments& arguments) {
    const auto board = open_board(context, arguments.board, Access::write);
    if (!board) return context.exit_code;
    const Checked<flow::Filled> filled = fill_it(*board, arguments);
    if (!filled) return refuse(context, filled.error());
    const auto& lines = filled->state.lines;
    const auto by_board = std::count_if(lines.begin(), lines.end(), [](const auto& a) { return a.by_board; });
    if (context.json) {
        json::array rows;
        for (const auto& a : lines)
            rows.push_back({{"no", std::to_string(a.no)}, {"field", a.name}, {"value", a.value}, {"by_board", a.by_board}, {"source", a.source}});
        print_json(json::object{{"board", board_json(*board, filled->receipt.last)}, {"answers", std::move(rows)}, {"by_board", by_board}});
        return 0;
    }
    std::vector<std::vector<std::string>> rows{{"no", "field", "value", "answered by"}};
    for (const auto& a : lines) rows.push_back({std::to_string(a.no), a.name, a.value, a.by_board ? a.source : "by hand"});
    print(banner(*board) + "\n" + table_text(rows, {0}) + std::to_string(by_board) + " of " + std::to_string(lines.size()) +
          " answered by the board\n");
    return 0;
}

}  // namespace

void add_table_commands(CLI::App& app, Context& context) {
    CLI::App* command = app.add_subcommand("fill", "answer a table of the register (一表通) from the board; what is answered by hand stays");
    auto arguments = std::make_shared<FillArguments>();
    command->add_option("BOARD", arguments->board, "the board's file")->required();
    command->add_option("FORM", arguments->form, "code of the table in the register")->required();
    command->add_option("--unit", arguments->unit, "unit the table is about")->required();
    command->add_option("--period", arguments->period, "2026-06, 2026Q2, 2026H1, 2026")->required();
    command->add_option("--post", arguments->post, "post that fills it");
    command->add_option("--person", arguments->person, "person who acts in the post");
    command->add_flag("--dry-run", arguments->dry_run, "judge, write nothing");
    on_run(command, context, [&context, arguments] { return fill(context, *arguments); });
}

}  // namespace yipan::app
