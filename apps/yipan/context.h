#pragma once
// What every command shares: how to answer (text or JSON, which language), where mistakes go, how a board is opened.
// Exit codes: 0 done, 1 refused or not verified, 2 wrong usage.
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "board/board.h"
#include "exchange/names.h"

namespace yipan::app {

struct Context {
    bool json = false;
    std::string language_name = "hans";
    int exit_code = 0;
    model::Language language() const;
};

/// Says the mistakes (text on stderr, JSON on stdout) and gives the exit code.
int refuse(const Context& context, const Errors& errors);
int refuse(const Context& context, const Error& error);

/// Mistakes in files read below a folder, with the folder before their places, so that an editor can follow them.
Errors below(const std::string& folder, const std::vector<std::string>& files, Errors errors);

/// Opens a board; mistakes are said and the pointer is empty. A board opened for writing that cannot be written is
/// refused here.
enum class Access { read, write };
std::unique_ptr<board::Board> open_board(Context& context, const std::string& path, Access access);

/// "name · note": first line of every text answer about a board.
std::string banner(const board::Board& board);
/// {"name", "note", "position"}.
boost::json::object board_json(const board::Board& board, Position position);
void print_json(const boost::json::value& value);
/// A number of a command line that is not below zero.
CLI::Validator not_negative();
/// Prints text to stdout; false when the reader is gone.
void print(std::string_view text);

/// "cli:<os user>".
std::string cli_channel();

/// A command: `run` gives the exit code. Exceptions of libraries end here as one line.
template <class Run>
void on_run(CLI::App* command, Context& context, Run run) {
    command->callback([&context, run] {
        try {
            context.exit_code = run();
        } catch (const CLI::Error&) {
            throw;
        } catch (const std::exception& problem) {
            context.exit_code = refuse(context, Error{Code::store_failed, "", problem.what(), ""});
        }
    });
}

// One function per group of commands; each adds its own to the program.
void add_board_commands(CLI::App& app, Context& context);
void add_life_commands(CLI::App& app, Context& context);
void add_record_commands(CLI::App& app, Context& context);
void add_takeback_commands(CLI::App& app, Context& context);
void add_exchange_commands(CLI::App& app, Context& context);
void add_figure_commands(CLI::App& app, Context& context);
void add_why_commands(CLI::App& app, Context& context);
void add_assess_commands(CLI::App& app, Context& context);
void add_report_commands(CLI::App& app, Context& context);
void add_table_commands(CLI::App& app, Context& context);
void add_model_commands(CLI::App& app, Context& context);
void add_tool_commands(CLI::App& app, Context& context);
void add_demo_commands(CLI::App& app, Context& context);
void add_serve_commands(CLI::App& app, Context& context);
void add_rights_commands(CLI::App& app, Context& context);
void add_trust_commands(CLI::App& app, Context& context);
void add_flow_commands(CLI::App& app, Context& context);

/// The main job (main_job.cpp): the demo board's lights, score, rank and half-year report.
int main_job(Context& context, const std::string& folder);

}  // namespace yipan::app
