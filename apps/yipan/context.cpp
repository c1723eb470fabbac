#include "context.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "progress.h"

namespace yipan::app {
namespace json = boost::json;

model::Language Context::language() const {
    return language_name == "hant" ? model::Language::hant
           : language_name == "en" ? model::Language::en
                                   : model::Language::hans;
}

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void print_json(const json::value& value) { print(json::serialize(value) + "\n"); }

int refuse(const Context& context, const Errors& errors) {
    int exit_code = 1;
    json::array list;
    for (const Error& error : errors) {
        exit_code = std::max(exit_code, code_exit(error.code));
        if (context.json)
            list.push_back({{"code", code_name(error.code)},
                            {"where", error.where},
                            {"message", error.message},
                            {"hint", error.hint}});
        else
            std::fprintf(stderr, "%s\n", error.text().c_str());
    }
    if (context.json) print_json(json::object{{"errors", std::move(list)}});
    return exit_code;
}

CLI::Validator not_negative() {
    return CLI::Validator(
        [](const std::string& text) {
            return text.starts_with('-') ? "\"" + text + "\" is below zero" : std::string();
        },
        "NUMBER");
}

int refuse(const Context& context, const Error& error) { return refuse(context, Errors{error}); }

Errors below(const std::string& folder, const std::vector<std::string>& files, Errors errors) {
    if (folder.empty()) return errors;
    for (Error& error : errors) {
        const bool ours = std::any_of(files.begin(), files.end(), [&](const std::string& file) {
            return error.where == file || error.where.starts_with(file + ":");
        });
        if (ours) error.where = (std::filesystem::path(folder) / error.where).string();
    }
    return errors;
}

std::unique_ptr<board::Board> open_board(Context& context, const std::string& path, Access access) {
    if (std::error_code problem; std::filesystem::is_directory(path, problem)) {
        context.exit_code =
            refuse(context, Error{Code::not_found, path, "is a folder, no board", "a board is one file"});
        return nullptr;
    }
    board::Options options;
    options.read_only = access == Access::read;
    Bar bar("upgrade");
    options.upgrade_progress = bar.progress();
    Checked<std::unique_ptr<board::Board>> opened = board::Board::open(path, options);
    if (!opened) {
        Errors errors = opened.error();
        for (Error& error : errors) {
            if (error.where.empty()) error.where = path;
        }
        context.exit_code = refuse(context, errors);
        return nullptr;
    }
    if (const auto upgrade = (*opened)->upgraded())
        std::fprintf(stderr,
                     "%s: upgraded from format %d to %d; the board as it was: %s (the way back: yipan restore-board %s %s "
                     "--replace)\n",
                     path.c_str(), upgrade->from, upgrade->to, upgrade->backup.c_str(), upgrade->backup.c_str(),
                     path.c_str());
    const std::optional<Error> damage = (*opened)->damage();
    if (damage && !context.json) std::fprintf(stderr, "%s\n", damage->text().c_str());
    if (access == Access::write && (*opened)->read_only()) {
        const Error reason = damage ? Error{Code::read_only, path,
                                            "the board does not verify and is open for reading only: " + damage->text(),
                                            "yipan verify names all damage; restore a copy that verifies"}
                                    : Error{Code::read_only, path, "the board is open for reading only",
                                            "check the right to write the file and its folder"};
        context.exit_code = refuse(context, reason);
        return nullptr;
    }
    return std::move(*opened);
}

std::string banner(const board::Board& board) {
    return board.name() + (board.note().empty() ? "" : " · " + board.note());
}

json::object board_json(const board::Board& board, Position position) {
    return {{"name", board.name()}, {"note", board.note()}, {"position", position.value}};
}

std::string cli_channel() {
    const passwd* user = ::getpwuid(::geteuid());
    return "cli:" + (user ? std::string(user->pw_name) : std::to_string(::geteuid()));
}

}  // namespace yipan::app
