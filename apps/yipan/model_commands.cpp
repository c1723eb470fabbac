// model show, diff, apply, back: the shape of a board, what another would do, and the change itself.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "api/model_preview.h"
#include "output.h"
#include "progress.h"

namespace yipan::app {
namespace json = boost::json;
namespace {

struct ModelOptions {
    std::string board, folder, migration, out;
};

Result<model::SourceFile> read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return fail(Code::not_found, path, "the file cannot be read", "check its name and permissions");
    constexpr std::size_t bytes_max = 8u << 20;
    std::string text(bytes_max + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (text.size() > bytes_max) return fail(Code::limit_exceeded, path, "larger than 8 MiB", "split the change");
    return model::SourceFile{path, std::move(text)};
}

Checked<board::ModelChange> change_of(const ModelOptions& options, bool back) {
    board::ModelChange out;
    out.back = back;
    out.channel = cli_channel();
    Errors errors;
    if (!back) {
        auto files = model::read_tree(options.folder);
        if (files)
            out.files = std::move(*files);
        else
            errors = files.error();
    }
    if (!options.migration.empty()) {
        auto file = read_file(options.migration);
        if (file)
            out.migration = std::move(*file);
        else
            errors.push_back(file.error());
    }
    if (!errors.empty()) return fail(std::move(errors));
    return out;
}
// Mistakes in files of the folder, with the folder before their places.
Errors placed(const ModelOptions& options, const board::ModelChange& change, Errors errors) {
    std::vector<std::string> paths;
    for (const model::SourceFile& f : change.files) paths.push_back(f.path);
    return below(options.folder, paths, std::move(errors));
}

void print_preview(const Context& context, const board::ModelPreview& p, board::Snapshot& snapshot, exchange::Names& names) {
    std::vector<std::vector<std::string>> rows{{"effect", "what", ""}};
    for (const auto& d : p.differences)
        rows.push_back({std::string(model::effect_name(d.effect)) + (d.right ? " · rights" : ""), d.says.in(context.language()),
                        context.language() == model::Language::en ? "" : d.says.en});
    print(table_text(rows));
    if (!p.tables.empty()) {
        rows = {{"table", "records", "rewritten", "new", "gone", "columns"}};
        for (const auto& t : p.tables) {
            const std::string name = t.code.empty() ? t.was + " (dropped)" : t.was.empty() ? t.code + " (new)" : t.was != t.code ? t.was + " -> " + t.code : t.code;
            std::string columns;
            if (t.columns_added) columns += fmt::format("+{} ", t.columns_added);
            if (t.columns_dropped) columns += fmt::format("-{} ", t.columns_dropped);
            if (t.columns_renamed) columns += fmt::format("{} renamed", t.columns_renamed);
            rows.push_back({name, std::to_string(t.records), std::to_string(t.rewritten), std::to_string(t.created),
                            std::to_string(t.dropped), columns});
        }
        print("\n" + table_text(rows, {1, 2, 3, 4}));
    }
    for (const auto& f : p.figures) {
        print(fmt::format("\nfigure {}: {} cells before, {} after, {} change{}\n", f.code, f.cells_before, f.cells_after,
                          f.cells_changed, f.fresh ? " (counted or measured anew)" : ""));
        if (f.first.empty()) continue;
        rows = {{"unit", "period", "by", "before", "records", "after", "records"}};
        for (const auto& c : f.first) {
            const api::CellPlace at = api::place_of(p, c.key, snapshot, names);
            rows.push_back({at.unit, at.period, at.dimensions, api::cell_number(c.sum_before, f.scale_before),
                            std::to_string(c.count_before), api::cell_number(c.sum_after, f.scale_after), std::to_string(c.count_after)});
        }
        print(table_text(rows, {3, 4, 5, 6}));
        if (f.cells_changed > static_cast<std::int64_t>(f.first.size()))
            print(fmt::format("... and {} more\n", f.cells_changed - static_cast<std::int64_t>(f.first.size())));
    }
    if (!p.follow.empty()) {
        std::string list;
        for (const std::string& code : p.follow) list += (list.empty() ? "" : ", ") + code;
        print("\ncomputed from them: " + list + "\n");
    }
    if (!p.lights.empty()) {
        rows = {{"light", "green", "yellow", "red", "then green", "yellow", "red"}};
        for (const auto& l : p.lights)
            rows.push_back({l.code, std::to_string(l.before[1]), std::to_string(l.before[2]), std::to_string(l.before[3]),
                            std::to_string(l.after[1]), std::to_string(l.after[2]), std::to_string(l.after[3])});
        print("\n" + table_text(rows, {1, 2, 3, 4, 5, 6}));
    }
}

int diff(Context& context, const ModelOptions& options, bool back) {
    const auto board = open_board(context, options.board, Access::read);
    if (!board) return context.exit_code;
    const auto change = change_of(options, back);
    if (!change) return refuse(context, change.error());
    Bar bar("model diff");
    const auto preview = board->preview_model(*change, bar.progress());
    if (!preview) return refuse(context, placed(options, *change, preview.error()));
    const auto snapshot = board->snapshot();
    exchange::Names names(*snapshot);
    if (context.json) {
        json::object out = api::preview_json(*preview, *snapshot, names);
        out["board"] = board_json(*board, snapshot->position());
        print_json(out);
    } else {
        print(banner(*board) + "\n" + fmt::format("model {} -> {}\n", preview->version - 1, preview->version));
        print_preview(context, *preview, *snapshot, names);
        if (!preview->refused.empty()) print("\nwould be refused:\n");
        for (const Error& e : preview->refused) print(e.text() + "\n");
    }
    return preview->refused.empty() ? 0 : 1;
}

int apply(Context& context, const ModelOptions& options, bool back) {
    const auto change = change_of(options, back);
    if (!change) return refuse(context, change.error());
    const auto board = open_board(context, options.board, Access::write);
    if (!board) return context.exit_code;
    Bar bar("model apply");
    const auto done = board->change_model(*change, bar.progress());
    if (!done) return refuse(context, placed(options, *change, done.error()));
    if (context.json)
        print_json(json::object{{"board", board_json(*board, done->last)},
                                {"version", done->version},
                                {"first", done->first.value},
                                {"last", done->last.value},
                                {"rewritten", done->rewritten},
                                {"created", done->created},
                                {"postings", done->postings}});
    else
        print(banner(*board) + "\n" +
              fmt::format("model {}: entries {} to {}, {} records rewritten, {} new, {} postings\n", done->version,
                          done->first.value, done->last.value, done->rewritten, done->created, done->postings));
    return 0;
}

// The files of the present model, to be edited and given to diff and apply. Nothing there is written over.
Status write_files(const model::Model& model, const std::string& folder) {
    namespace fs = std::filesystem;
    for (const model::SourceFile& file : model.files) {
        const fs::path relative = fs::path(file.path).lexically_normal();
        if (relative.is_absolute() || relative.string().starts_with(".."))
            return fail(Code::invalid_model, file.path, "does not lie below the folder");
        const fs::path path = fs::path(folder) / relative;
        std::error_code error;
        fs::create_directories(path.parent_path(), error);
        if (fs::exists(path, error)) return fail(Code::duplicate, path.string(), "a file of this name exists", "choose an empty folder");
        std::ofstream out(path, std::ios::binary);
        out << file.text;
        out.close();
        if (!out) return fail(Code::store_failed, path.string(), "cannot be written", "check the folder and its rights");
    }
    return {};
}

int show(Context& context, const ModelOptions& options) {
    const auto board = open_board(context, options.board, Access::read);
    if (!board) return context.exit_code;
    const auto snapshot = board->snapshot();
    const model::Model& model = snapshot->model();
    if (!options.out.empty())
        if (const auto ok = write_files(model, options.out); !ok) return refuse(context, ok.error());
    if (context.json) {
        json::array types;
        for (const model::Type& t : model.types) {
            json::array fields;
            for (const model::Field& f : t.fields) fields.emplace_back(f.code);
            types.push_back({{"type", t.code}, {"label", label_json(t.label)}, {"module", t.module}, {"fields", std::move(fields)}});
        }
        json::array files;
        for (const model::SourceFile& f : model.files) files.push_back({{"path", f.path}, {"bytes", f.text.size()}});
        print_json(json::object{{"board", board_json(*board, snapshot->position())},
                                {"types", std::move(types)},
                                {"figures", model.figures.size()},
                                {"lights", model.lights.size()},
                                {"files", std::move(files)}});
        return 0;
    }
    std::vector<std::vector<std::string>> rows{{"type", "label", "fields", "states", "module"}};
    for (const model::Type& t : model.types)
        rows.push_back({t.code, t.label.in(context.language()), std::to_string(t.fields.size()),
                        t.state < 0 ? "" : std::to_string(t.fields[static_cast<std::size_t>(t.state)].choices.size()), t.module});
    print(banner(*board) + "\n" + table_text(rows, {2, 3}) +
          fmt::format("{} figures, {} forests, {} lights, {} reports, {} schemes, {} files\n", model.figures.size(),
                      model.forests.size(), model.lights.size(), model.reports.size(), model.schemes.size(), model.files.size()));
    return 0;
}

}  // namespace

void add_model_commands(CLI::App& app, Context& context) {
    CLI::App* group = app.add_subcommand("model", "declarations, and the shape of a board: check, show, see what another would do, change it");
    group->require_subcommand(1);
    auto options = std::make_shared<ModelOptions>();
    const auto command = [&](const char* name, const char* what, bool folder, bool migration) {
        CLI::App* c = group->add_subcommand(name, what);
        c->add_option("BOARD", options->board, "the board's file")->required();
        if (folder) c->add_option("MODULES", options->folder, "folder of modules: the new model")->required();
        if (migration) c->add_option("--migration", options->migration, "YAML: what becomes of the records (docs/model-change.md)");
        return c;
    };
    CLI::App* shown = command("show", "types, figures and files of the present model", false, false);
    shown->add_option("--out", options->out, "folder to write its files into, to be edited");
    on_run(shown, context, [&context, options] { return show(context, *options); });
    on_run(command("diff", "what another model would do to records, rights, figures and lights; changes nothing", true, true), context,
           [&context, options] { return diff(context, *options, false); });
    on_run(command("apply", "change the model; nothing is changed when a record stands against it", true, true), context,
           [&context, options] { return apply(context, *options, false); });
    CLI::App* back = command("back", "one step back to the model before, with the values it had lost", false, true);
    auto preview = std::make_shared<bool>(false);
    back->add_flag("--preview", *preview, "only say what it would do");
    on_run(back, context, [&context, options, preview] {
        return *preview ? diff(context, *options, true) : apply(context, *options, true);
    });
}

}  // namespace yipan::app
