// init, verify, dump, recompute.
#include <filesystem>
#include <fstream>

#include "board/archive.h"
#include "context.h"
#include "embedded.h"
#include "progress.h"
#include "recompute.h"
#include "store/open.h"
#include "verified.h"

namespace yipan::app {
namespace json = boost::json;
namespace {

struct InitOptions {
    std::string board, name = "一盘棋", note, models, zone = "Asia/Shanghai";
};

int init(Context& context, const InitOptions& options) {
    board::Board::Birth birth;
    birth.name = options.name;
    birth.note = options.note;
    birth.zone = options.zone;
    if (options.models.empty()) {
        for (const EmbeddedFile& file : embedded_model())
            birth.model.push_back({std::string(file.path), std::string(file.text)});
    } else {
        Checked<std::vector<model::SourceFile>> files = model::read_tree(options.models);
        if (!files) return refuse(context, files.error());
        birth.model = std::move(*files);
    }
    std::vector<std::string> birth_paths;
    for (const model::SourceFile& file : birth.model) birth_paths.push_back(file.path);
    const Checked<std::unique_ptr<board::Board>> made = board::Board::create(options.board, std::move(birth));
    if (!made) return refuse(context, below(options.models, birth_paths, made.error()));
    const model::ModelPtr model = (*made)->model();
    if (context.json) {
        print_json(json::object{{"board", board_json(**made, (*made)->snapshot()->position())},
                                {"file", options.board},
                                {"types", model->types.size()},
                                {"figures", model->figures.size()}});
    } else {
        print(banner(**made) + "\n" + options.board + ": " + std::to_string(model->types.size()) + " types, " +
              std::to_string(model->figures.size()) + " figures, " + std::to_string(model->reports.size()) +
              " reports, " + std::to_string(model->schemes.size()) + " schemes\n");
    }
    return 0;
}

int verify(Context& context, const std::string& path) {
    Bar bar("verify");
    const Verified done = verify_board(path, bar.progress());
    if (done.unreadable && done.report.damaged_pages == 0) return refuse(context, done.report.problems);
    const board::VerifyReport& report = done.report;
    if (context.json) {
        json::object out = verified_json(done);
        if (done.board) out["board"] = board_json(*done.board, done.position);
        print_json(out);
    } else {
        if (done.board) print(banner(*done.board) + "\n");
        for (const Error& error : report.problems) print(error.text() + "\n");
        print(verified_text(done));
    }
    return done.ok() ? 0 : 1;
}

int dump(Context& context, const std::string& path, const std::string& out_path) {
    const auto board = open_board(context, path, Access::read);
    if (!board) return context.exit_code;
    std::FILE* file = out_path.empty() ? stdout : std::fopen(out_path.c_str(), "wb");
    if (!file)
        return refuse(context, Error{Code::store_failed, out_path, "cannot be written",
                                     "check the folder and the right to write there"});
    bool written = true;
    Sha256 hash;
    const Status status = board->dump([&](std::string_view line) {
        hash.add(line).add("\n");
        written =
            written && std::fwrite(line.data(), 1, line.size(), file) == line.size() && std::fputc('\n', file) != EOF;
    });
    if (file != stdout) written = std::fclose(file) == 0 && written;
    if (!status) return refuse(context, status.error());
    if (!written)
        return refuse(context, Error{Code::store_failed, out_path, "the dump could not be written to the end",
                                     "make room on the disk"});
    if (out_path.empty()) return 0;
    const std::string digest = hex(hash.finish());
    if (context.json)
        print_json(json::object{
            {"board", board_json(*board, board->snapshot()->position())}, {"file", out_path}, {"sha256", digest}});
    else
        print(banner(*board) + "\n" + out_path + "\nsha256 " + digest + "\n");
    return 0;
}

// Bodies that lie in files elsewhere: recomputing reads none of them (decision 0043), and says so.
std::string not_at_hand(const std::string& path) {
    std::string out;
    const auto store = store::open(path, store::Access::read);
    const auto all = store ? board::archives_of(**store, path) : Result<std::vector<board::ArchiveState>>(fail(store.error()));
    for (const auto& [line, at] : all ? *all : std::vector<board::ArchiveState>{})
        if (at.empty())
            out += (out.empty() ? "" : "; ") + std::to_string(line.bodies) + " bodies are archived in " + std::filesystem::path(line.file).filename().string() + " (SHA-256 " + line.sha256 + ")";
    return out.empty() ? out : out + ", not at hand; no figure needs them";
}

int recompute(Context& context, const std::string& path) {
    const auto board = open_board(context, path, Access::read);
    if (!board) return context.exit_code;
    Bar bar("recompute");
    const auto snapshot = board->snapshot();
    const Result<Recomputed> done = recompute_cells(*snapshot, bar.progress());
    if (!done) return refuse(context, done.error());
    const std::string elsewhere = not_at_hand(path);
    if (context.json) {
        json::object out{{"board", board_json(*board, snapshot->position())},
                         {"ok", done->differences == 0},
                         {"cells", done->cells},
                         {"differences", done->differences},
                         {"position", snapshot->position().value}};
        if (!done->first.empty()) out["first"] = done->first;
        if (!elsewhere.empty()) out["archived"] = elsewhere;
        print_json(out);
    } else {
        print(banner(*board) + "\n" + std::to_string(done->cells) + " cells at position " +
              std::to_string(snapshot->position().value) + ", " + std::to_string(done->differences) +
              " differ from their recomputation\n");
        if (!done->first.empty()) print("first: " + done->first + "\n");
        if (!elsewhere.empty()) print(elsewhere + "\n");
    }
    return done->differences == 0 ? 0 : 1;
}

}  // namespace

void add_board_commands(CLI::App& app, Context& context) {
    {
        CLI::App* command = app.add_subcommand("init", "make an empty board");
        auto options = std::make_shared<InitOptions>();
        command->add_option("BOARD", options->board, "file to be made")->required();
        command->add_option("--model", options->models, "folder of modules; the shipped ones unless said");
        command->add_option("--name", options->name, "shown on every output");
        command->add_option("--note", options->note, "shown on every output");
        command->add_option("--zone", options->zone, "time zone");
        on_run(command, context, [&context, options] { return init(context, *options); });
    }
    auto path = std::make_shared<std::string>();
    {
        CLI::App* command =
            app.add_subcommand("verify", "check journal, tree, record versions; exit 1 when something does not agree");
        command->add_option("BOARD", *path, "the board's file")->required();
        on_run(command, context, [&context, path] { return verify(context, *path); });
    }
    {
        CLI::App* command =
            app.add_subcommand("recompute", "compare every figure cell with a recomputation from the records");
        command->add_option("BOARD", *path, "the board's file")->required();
        on_run(command, context, [&context, path] { return recompute(context, *path); });
    }
    {
        CLI::App* command = app.add_subcommand("dump", "the canonical form of a board, line by line");
        auto out = std::make_shared<std::string>();
        command->add_option("BOARD", *path, "the board's file")->required();
        command->add_option("--out", *out, "file; standard output unless said");
        on_run(command, context, [&context, path, out] { return dump(context, *path, *out); });
    }
}

}  // namespace yipan::app
