// Without a board: model check, score, cel.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>

#include "base/nearest.h"
#include "cel/json_lines.h"
#include "context.h"
#include "embedded.h"
#include "score/csv.h"
#include "score/output.h"

namespace yipan::app {
namespace json = boost::json;
namespace {

constexpr std::uintmax_t file_bytes_max = 64u << 20;

Result<std::string> read_file(const std::string& path) {
    std::error_code problem;
    const std::uintmax_t size =
        std::filesystem::is_regular_file(path, problem) ? std::filesystem::file_size(path, problem) : 0;
    std::ifstream file(path, std::ios::binary);
    if (!file || problem || std::filesystem::is_directory(path))
        return fail(Code::not_found, path, "the file cannot be read", "check the path");
    if (size > file_bytes_max) return fail(Code::limit_exceeded, path, "the file is larger than 64 MiB");
    std::string text{std::istreambuf_iterator<char>(file), {}};
    if (file.bad()) return fail(Code::store_failed, path, "the file could not be read to its end");
    return text;
}

int model_check(Context& context, const std::vector<std::string>& paths) {
    std::vector<model::SourceFile> files;
    std::map<std::string, std::vector<std::string>> read;  // files of a folder, by the folder
    Errors errors;
    for (const std::string& path : paths) {
        if (std::filesystem::is_directory(path)) {
            Checked<std::vector<model::SourceFile>> tree = model::read_tree(path);
            if (!tree)
                errors.insert(errors.end(), tree.error().begin(), tree.error().end());
            else
                for (const model::SourceFile& file : *tree) read[path].push_back(file.path);
            if (tree)
                files.insert(files.end(), std::make_move_iterator(tree->begin()), std::make_move_iterator(tree->end()));
            continue;
        }
        Result<std::string> text = read_file(path);
        if (!text)
            errors.push_back(text.error());
        else
            files.push_back({path, std::move(*text)});
    }
    if (!errors.empty()) return refuse(context, errors);
    const std::size_t count = files.size();
    const Checked<model::ModelPtr> model = model::load(std::move(files));
    if (!model) {
        Errors all = model.error();
        if (read.size() == 1) all = below(read.begin()->first, read.begin()->second, std::move(all));
        return refuse(context, all);
    }
    const model::Model& m = **model;
    if (context.json) {
        print_json(json::object{{"ok", true},
                                {"files", count},
                                {"types", m.types.size()},
                                {"figures", m.figures.size()},
                                {"lights", m.lights.size()}});
    } else {
        print("good: " + std::to_string(count) + " files, " + std::to_string(m.types.size()) + " types, " +
              std::to_string(m.forests.size()) + " forests, " + std::to_string(m.figures.size()) + " figures, " +
              std::to_string(m.lights.size()) + " lights, " + std::to_string(m.reports.size()) + " reports, " +
              std::to_string(m.schemes.size()) + " schemes\n");
    }
    return 0;
}

// A file, or the code of a shipped scheme.
Result<std::pair<std::string, std::string>> scheme_text(const std::string& scheme) {
    if (std::filesystem::exists(scheme)) {
        YIPAN_TRY(std::string text, read_file(scheme));
        return std::pair{scheme, std::move(text)};
    }
    std::vector<std::string_view> known;
    const auto stem = [](std::string_view path) {
        path.remove_prefix(path.rfind('/') == std::string_view::npos ? 0 : path.rfind('/') + 1);
        return path.substr(0, path.rfind('.'));
    };
    std::string all;
    for (const EmbeddedFile& file : embedded_schemes()) {
        if (stem(file.path) == scheme) return std::pair{std::string(file.path), std::string(file.text)};
        known.push_back(stem(file.path));
        all += (all.empty() ? "" : ", ") + std::string(stem(file.path));
    }
    return fail(Code::not_found, scheme, "there is no such file and no such scheme",
                did_you_mean(scheme, known, "a YAML file, or one of " + all));
}

struct ScoreArguments {
    std::string scheme, data, variant, unit;
};

int score_table(Context& context, const ScoreArguments& arguments) {
    const auto text = scheme_text(arguments.scheme);
    if (!text) return refuse(context, text.error());
    const Checked<score::Scheme> scheme = score::parse_scheme(text->second, text->first);
    if (!scheme) return refuse(context, scheme.error());
    const Result<std::string> data = read_file(arguments.data);
    if (!data) return refuse(context, data.error());
    const Checked<score::Table> table = score::table_from_csv(*data, *scheme, arguments.data);
    if (!table) return refuse(context, table.error());
    score::Options options;
    options.variant = arguments.variant;
    options.table_name = arguments.data;
    const Checked<score::Outcome> outcome = score::score(*table, *scheme, options);
    if (!outcome) return refuse(context, outcome.error());
    if (context.json) {
        print(score::to_json(*outcome) + "\n");
        return 0;
    }
    if (arguments.unit.empty()) {
        print(score::to_text(*outcome));
        for (const std::string& column : table->ignored_columns)
            std::fprintf(stderr, "the column \"%s\" is no indicator of the scheme and was ignored\n", column.c_str());
        return 0;
    }
    const score::UnitOutcome* unit = outcome->unit(arguments.unit);
    if (!unit)
        return refuse(context, Error{Code::not_found, "--unit",
                                     "there is no unit \"" + arguments.unit + "\" in " + arguments.data, ""});
    print(score::explanation_text(*outcome, *unit));
    return 0;
}

int cel_lines() {
    std::ios::sync_with_stdio(false);
    std::string line;
    while (std::getline(std::cin, line)) {
        if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
        std::cout << cel::answer_line(line) << '\n';
    }
    std::cout.flush();
    return std::cout ? 0 : 1;
}

}  // namespace

void add_tool_commands(CLI::App& app, Context& context) {
    {
        CLI::App* group = app.get_subcommand("model");  // model_commands.cpp has made it
        CLI::App* command = group->add_subcommand("check", "all mistakes of a model, with file:line:column");
        auto paths = std::make_shared<std::vector<std::string>>();
        command->add_option("PATHS", *paths, "folders of modules, or files")->required();
        on_run(command, context, [&context, paths] { return model_check(context, *paths); });
    }
    {
        CLI::App* command = app.add_subcommand("score", "score a table of units under a scheme");
        auto arguments = std::make_shared<ScoreArguments>();
        command
            ->add_option("SCHEME", arguments->scheme, "a YAML file, or a shipped one: hdi, asem, wanjiang, permu ...")
            ->required();
        command->add_option("DATA", arguments->data, "CSV: first column the unit, then one column per indicator")
            ->required();
        command->add_option("--variant", arguments->variant, "column of weights");
        command->add_option("--unit", arguments->unit, "explain every point of this unit");
        on_run(command, context, [&context, arguments] { return score_table(context, *arguments); });
    }
    {
        CLI::App* command =
            app.add_subcommand("cel", "evaluate expressions: lines of the conformance format in, answers out");
        auto lines = std::make_shared<bool>(false);
        command->add_flag("--jsonl", *lines, "one JSON object per line")->required();
        on_run(command, context, [] { return cel_lines(); });
    }
}

}  // namespace yipan::app
