// demo: the fictional merged zone.
#include "demo_board.h"
#include "flow/ticker.h"
#include "progress.h"
#include "store/open.h"

namespace yipan::app {
namespace json = boost::json;

Checked<std::int64_t> make_demo(const std::string& path, demo::Options options) {
    std::vector<model::SourceFile> files;
    for (const EmbeddedFile& file : embedded_model()) files.push_back({std::string(file.path), std::string(file.text)});
    YIPAN_TRY(auto board, board::Board::create(path, demo::birth(std::move(files), options)));
    for (const EmbeddedFile& file : embedded_data())
        if (file.path.ends_with("/holidays.csv")) options.holidays = file.text;
    Checked<std::int64_t> written = demo::write_demo(*board, options);
    // What time does up to the frozen day: lamps, reminders, coloured notices. Serving the board has nothing to make up for.
    if (written) {
        const auto ticked = flow::Ticker(*board).tick();
        if (!ticked)
            written = fail(Errors{ticked.error()});
        else if (!ticked->problems.empty())
            written = fail(ticked->problems);
        else
            *written += ticked->records;
    }
    if (written) return written;
    // Half a zone is worth nothing and would be in the way of the next try; the file did not exist before.
    board.reset();
    store::discard(path, store::Made::by_us);
    return written;
}

std::string demo_stamp(const demo::Options& options) {
    Sha256 hash;
    for (const EmbeddedFile& file : embedded_model()) hash.add(file.path).add("\n").add(file.text);
    return "demo " + std::to_string(demo_version) + " seed " + std::to_string(options.seed) + " scale " +
           std::to_string(options.scale) + " model " + hex(hash.finish()) + "\n";
}

namespace {

int demo_board(Context& context, const std::string& path, demo::Options options) {
    Bar bar("demo");
    options.progress = bar.progress();
    const Checked<std::int64_t> records = make_demo(path, options);
    if (!records) return refuse(context, records.error());
    const auto board = open_board(context, path, Access::read);
    if (!board) return context.exit_code;
    const Position position = board->snapshot()->position();
    if (context.json)
        print_json(json::object{{"board", board_json(*board, position)}, {"file", path}, {"records", *records}});
    else
        print(banner(*board) + "\n" + path + ": " + std::to_string(*records) + " records, " +
              std::to_string(position.value) + " entries\n");
    return 0;
}

}  // namespace

void add_demo_commands(CLI::App& app, Context& context) {
    CLI::App* command =
        app.add_subcommand("demo", "make the demo board: a fictional merged zone, the same for the same seed");
    auto path = std::make_shared<std::string>();
    auto options = std::make_shared<demo::Options>();
    command->add_option("BOARD", *path, "file or postgresql:// address to be made")->required();
    command->add_option("--seed", options->seed, "another seed, another zone");
    command->add_option("--scale", options->scale, "times as many enterprises")->check(CLI::Range(1, demo::scale_max));
    on_run(command, context, [&context, path, options] { return demo_board(context, *path, *options); });
}

}  // namespace yipan::app
