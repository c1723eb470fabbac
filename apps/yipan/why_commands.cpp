// why: the formula with its numbers, the parts, the contributing records with the entries that put them there; points
// of a score.
#include "figure_arguments.h"
#include "output.h"
#include "report/assessment.h"
#include "report/source.h"
#include "score/output.h"

namespace yipan::app {
namespace json = boost::json;
namespace {

struct WhyArguments {
    std::string board, scheme, unit, period, variant;
    report::AskText text;
    std::vector<std::string> by;
    std::int64_t limit = 20, offset = 0;
};

json::object why_json(board::Snapshot& snapshot, exchange::Names& names, const figure::Ask& ask,
                      const figure::Explanation& why) {
    const model::Model& model = snapshot.model();
    const model::Figure& figure = model.figures[static_cast<std::size_t>(ask.figure)];
    json::object out = value_json(model, ask, why.value, names);
    out["formula"] = why.formula;
    out["formula_with_numbers"] = why.formula_with_numbers;
    json::array parts, rows;
    for (const figure::PartValue& part : why.parts) {
        json::object item = value_json(model, part.ask, part.value, names);
        item["name"] = part.name;
        parts.push_back(std::move(item));
    }
    for (const figure::Explanation::Row& row : why.rows) {
        json::object item{{"id", row.record},
                          {"record", names.key_of(figure.type, RecordId{row.record})},
                          {"value", report::row_value(figure, row)},
                          {"position", row.position}};
        if (const Result<board::Entry> entry = snapshot.entry(Position{row.position})) {
            item["time"] = entry->time.text();
            item["channel"] = entry->channel;
            if (entry->post.value > 0 && model.identity.post >= 0)
                item["post"] = names.key_of(model.identity.post, entry->post);
            if (entry->actor.value > 0 && model.identity.person >= 0)
                item["actor"] = names.key_of(model.identity.person, entry->actor);
        }
        rows.push_back(std::move(item));
    }
    out["parts"] = std::move(parts);
    out["rows"] = std::move(rows);
    out["rows_total"] = why.rows_total;
    out["rows_sum"] = why.rows_sum.text();
    out["rows_sum_checked"] = why.rows_sum_checked;
    return out;
}

std::string why_text(board::Snapshot& snapshot, const board::Board& board, exchange::Names& names,
                     const figure::Ask& ask, const figure::Explanation& why, const WhyArguments& arguments) {
    const model::Model& model = snapshot.model();
    const model::Figure& figure = model.figures[static_cast<std::size_t>(ask.figure)];
    std::string out = figure.label.hans + (ask.unit ? " · " + names.title_of(ask.unit_type, RecordId{ask.unit}) : "") +
                      (ask.period ? " · " + ask.period->text_zh() : "") + ": " +
                      report::value_text(model, ask, why.value) + "\n" + why.formula + "\n";
    if (!why.formula_with_numbers.empty()) out += "= " + why.formula_with_numbers + "\n";
    for (const figure::PartValue& part : why.parts) {
        const model::Figure& of = model.figures[static_cast<std::size_t>(part.ask.figure)];
        out += "  " + part.name + " = " + report::value_text(model, part.ask, part.value) + "  (" + of.code +
               (part.ask.period ? " " + part.ask.period->text() : "") + ")\n";
    }
    if (why.rows.empty()) return out;
    std::vector<std::vector<std::string>> rows{{"record", "value", "entry", "time", "channel", "post", "actor"}};
    for (const figure::Explanation::Row& row : why.rows) {
        const Result<board::Entry> entry = snapshot.entry(Position{row.position});
        const bool post = entry && entry->post.value > 0 && model.identity.post >= 0,
                   actor = entry && entry->actor.value > 0 && model.identity.person >= 0;
        rows.push_back({names.title_of(figure.type, RecordId{row.record}), report::row_value(figure, row),
                        "#" + std::to_string(row.position), entry ? board.zone().local_text(entry->time) : "",
                        entry ? entry->channel : "", post ? names.title_of(model.identity.post, entry->post) : "",
                        actor ? names.title_of(model.identity.person, entry->actor) : ""});
    }
    out += table_text(rows, {1});
    const std::int64_t next = arguments.offset + std::ssize(why.rows);
    if (next < why.rows_total)
        out += "(" + std::to_string(why.rows_total - next) + " more records: --offset " + std::to_string(next) + ")\n";
    const bool adds = figure.reducer == model::Reducer::sum || figure.reducer == model::Reducer::count;
    if (adds)
        out += std::to_string(why.rows_total) + " records, sum " + why.rows_sum.text() +
               (why.rows_sum_checked ? ": agrees with the value\n" : "\n");
    return out;
}

int why_figure(Context& context, const WhyArguments& arguments) {
    const auto board = open_board(context, arguments.board, Access::read);
    if (!board) return context.exit_code;
    const auto snapshot = board->snapshot();
    exchange::Names names(*snapshot);
    Checked<report::AskText> text = with_dimensions(arguments.text, arguments.by);
    if (!text) return refuse(context, text.error());
    // Without a period: the half-year that had ended, as in the main job.
    if (const int known = snapshot->model().find_figure(text->figure); text->period.empty() && known >= 0 && report::has_period(snapshot->model(), known))
        text->period = report::last_half(snapshot->today()).text();
    const Checked<figure::Ask> ask = report::read_ask(*snapshot, names, *text);
    if (!ask) return refuse(context, ask.error());
    const figure::Explanation why = snapshot->why(*ask, {arguments.offset, arguments.limit});
    if (context.json) {
        json::object out = why_json(*snapshot, names, *ask, why);
        out["board"] = board_json(*board, snapshot->position());
        print_json(out);
    } else {
        print(banner(*board) + "\n" + why_text(*snapshot, *board, names, *ask, why, arguments));
    }
    return 0;
}

int why_score(Context& context, const WhyArguments& arguments) {
    const auto board = open_board(context, arguments.board, Access::read);
    if (!board) return context.exit_code;
    const auto snapshot = board->snapshot();
    exchange::Names names(*snapshot);
    const Result<Period> period = Period::parse(arguments.period);
    if (!period) return refuse(context, period.error());
    const Checked<report::Assessment> made =
        report::assess(*snapshot, names, arguments.scheme, *period, arguments.variant);
    if (!made) return refuse(context, made.error());
    const Result<RecordId> id = report::find_record(*snapshot, names, made->unit_type, arguments.unit);
    if (!id) return refuse(context, id.error());
    const score::UnitOutcome* unit = made->outcome.unit(names.key_of(made->unit_type, *id));
    if (!unit)
        return refuse(
            context,
            Error{Code::not_found, "--unit",
                  "\"" + arguments.unit + "\" reported nothing for " + period->text() + " and was not scored", ""});
    if (context.json) {
        score::Outcome one = made->outcome;
        std::erase_if(one.units, [&](const score::UnitOutcome& u) { return u.unit.code != unit->unit.code; });
        json::value out = json::parse(score::to_json(one, true));
        out.as_object()["board"] = board_json(*board, made->position);
        print_json(out);
        return 0;
    }
    print(banner(*board) + "\n" + score::explanation_text(made->outcome, *unit));
    for (const std::string& note : made->outcome.notes) print(note + "\n");
    print("each indicator: yipan why BOARD figure FIGURE --unit " + unit->unit.code + " --period " + period->text() +
          "\n");
    return 0;
}

}  // namespace

void add_why_commands(CLI::App& app, Context& context) {
    CLI::App* why =
        app.add_subcommand("why", "where a number comes from: why BOARD figure F ... or why BOARD score SCHEME ...");
    auto arguments = std::make_shared<WhyArguments>();
    auto kind = std::make_shared<std::string>(), name = std::make_shared<std::string>();
    why->add_option("BOARD", arguments->board, "the board's file")->required();
    why->add_option("KIND", *kind, "figure or score")->required()->check(CLI::IsMember({"figure", "score"}));
    why->add_option("NAME", *name, "the figure's or the scheme's code")->required();
    add_ask_options(why, arguments->text, arguments->by);
    why->add_option("--variant", arguments->variant, "score: column of weights");
    why->add_option("--limit", arguments->limit, "contributing records shown")->check(CLI::Range(1, 10'000));
    why->add_option("--offset", arguments->offset, "leave out so many")->check(not_negative());
    on_run(why, context, [&context, arguments, kind, name] {
        arguments->text.figure = *name;
        if (*kind == "figure") return why_figure(context, *arguments);
        arguments->scheme = *name;
        arguments->unit = arguments->text.unit;
        arguments->period = arguments->text.period;
        return why_score(context, *arguments);
    });
}

}  // namespace yipan::app
