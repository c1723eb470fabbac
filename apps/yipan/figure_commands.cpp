// figures: the list, or the values of one.
#include "figure_arguments.h"
#include "output.h"
#include "report/source.h"

namespace yipan::app {
namespace json = boost::json;

void add_ask_options(CLI::App* command, report::AskText& text, std::vector<std::string>& by) {
    command->add_option("--unit", text.unit, "a record's name; all units unless said");
    command->add_option("--unit-type", text.unit_type, "where several types have a record of that name");
    command->add_option("--period", text.period, "2026-06, 2026Q2, 2026H1, 2026, 2026-01..06");
    command->add_option("--as-known", text.as_known, "as known after this entry of the journal");
    command->add_option("--definition", text.definition, "as known: by the definition then in force (then) or by today's (now)")
        ->check(CLI::IsMember({"then", "now"}));
    command->add_option("--forest", text.forest, "another roll-up than the figure's own");
    command->add_option("--tree", text.tree, "units as they stood on this day");
    command->add_option("--by", by, "dimension=value");
}

Checked<report::AskText> with_dimensions(report::AskText text, const std::vector<std::string>& by) {
    for (const std::string& part : by) {
        const std::size_t equal = part.find('=');
        if (equal == std::string::npos)
            return fail(Errors{{Code::usage, "--by", "\"" + part + "\" has no value", "dimension=value"}});
        text.by.emplace_back(part.substr(0, equal), part.substr(equal + 1));
    }
    return text;
}

namespace {

int list_figures(Context& context, const board::Board& board, board::Snapshot& snapshot) {
    const model::Model& model = snapshot.model();
    if (context.json) {
        json::array list;
        for (const model::Figure& f : model.figures) {
            list.push_back({{"figure", f.code},
                            {"label", label_json(f.label)},
                            {"unit_of_measure", report::measure_text(f.measure)},
                            {"derived", f.derived()},
                            {"module", f.module},
                            {"has_period", report::has_period(model, f.index)}});
        }
        print_json(json::object{{"board", board_json(board, snapshot.position())}, {"figures", std::move(list)}});
        return 0;
    }
    std::vector<std::vector<std::string>> rows{{"figure", "label", "measure", "of"}};
    for (const model::Figure& f : model.figures) {
        rows.push_back({f.code, f.label.in(context.language()), report::measure_text(f.measure),
                        f.derived() ? "= " + f.formula->text : model.types[static_cast<std::size_t>(f.type)].code});
    }
    print(banner(board) + "\n" + table_text(rows));
    return 0;
}

int figures(Context& context, const std::string& path, const report::AskText& asked,
            const std::vector<std::string>& by) {
    const auto board = open_board(context, path, Access::read);
    if (!board) return context.exit_code;
    const auto snapshot = board->snapshot();
    if (asked.figure.empty()) return list_figures(context, *board, *snapshot);
    exchange::Names names(*snapshot);
    const Checked<report::AskText> text = with_dimensions(asked, by);
    if (!text) return refuse(context, text.error());
    const Checked<figure::Ask> ask = report::read_ask(*snapshot, names, *text);
    if (!ask) return refuse(context, ask.error());
    const figure::Value value = snapshot->figure(*ask);
    if (context.json) {
        json::object out = value_json(snapshot->model(), *ask, value, names);
        out["board"] = board_json(*board, snapshot->position());
        print_json(out);
        return 0;
    }
    const model::Figure& figure = snapshot->model().figures[static_cast<std::size_t>(ask->figure)];
    std::string line = figure.label.in(context.language());
    line += asked.unit.empty() ? "" : " · " + names.title_of(ask->unit_type, RecordId{ask->unit});
    line += ask->period ? " · " + ask->period->text_zh() : "";
    line += ask->as_known ? " · #" + std::to_string(ask->as_known->value) : "";
    print(banner(*board) + "\n" + line + ": " + report::value_text(snapshot->model(), *ask, value) + "\n");
    if (figure.kind == model::FigureKind::stock && value.has)
        print(std::to_string(value.reported) + " / " + std::to_string(value.expected) + " reported\n");
    return 0;
}

}  // namespace

void add_figure_commands(CLI::App& app, Context& context) {
    CLI::App* command = app.add_subcommand("figures", "the figures of a board, or the value of one");
    auto path = std::make_shared<std::string>();
    auto text = std::make_shared<report::AskText>();
    auto by = std::make_shared<std::vector<std::string>>();
    command->add_option("BOARD", *path, "the board's file")->required();
    command->add_option("--figure", text->figure, "its code; without it the figures are listed");
    add_ask_options(command, *text, *by);
    on_run(command, context, [&context, path, text, by] { return figures(context, *path, *text, *by); });
}

}  // namespace yipan::app
