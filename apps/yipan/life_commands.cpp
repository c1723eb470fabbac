// backup, restore-board, drill, compact, stats: the life of a board's file (docs/life.md).
#include <algorithm>
#include <chrono>
#include <filesystem>

#include "board/backups.h"
#include "board/copy.h"
#include "context.h"
#include "output.h"
#include "progress.h"
#include "store/open.h"
#include "store/stats.h"
#include "store/upgrade.h"
#include "verified.h"

namespace yipan::app {
namespace json = boost::json;
namespace fs = std::filesystem;
namespace {
using Clock = std::chrono::steady_clock;

std::string size_text(std::int64_t bytes) {
    constexpr const char* units[] = {"bytes", "KB", "MB", "GB", "TB"};
    std::size_t unit = 0;
    std::int64_t tenths = bytes * 10;
    while (tenths >= 10'000 && unit + 1 < std::size(units)) {
        tenths = (tenths + 500) / 1'000;
        ++unit;
    }
    if (unit == 0) return std::to_string(bytes) + " bytes";
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " " + units[unit];
}
std::int64_t ms_since(Clock::time_point start) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start).count();
}
std::string seconds_text(std::int64_t ms) {
    const std::string hundredths = std::to_string(ms / 10 % 100);
    return std::to_string(ms / 1'000) + "." + (hundredths.size() < 2 ? "0" : "") + hundredths + " s";
}
json::array errors_json(const Errors& errors) {
    json::array out;
    for (const Error& error : errors)
        out.push_back({{"code", code_name(error.code)},
                       {"where", error.where},
                       {"message", error.message},
                       {"hint", error.hint}});
    return out;
}
void say(const Errors& errors) {
    for (const Error& error : errors) std::fprintf(stderr, "%s\n", error.text().c_str());
}

struct BackupOptions {
    std::string board, target;
    int keep = 7;
};

int backup(Context& context, const BackupOptions& options) {
    if (const auto ok = store::wants_file(options.target, "backup", "a backup is a file; yipan copy BOARD ADDRESS makes a second board in a database"); !ok) return refuse(context, ok.error());
    Bar bar("backup");
    const auto start = Clock::now();
    std::string path = options.target;
    store::Copied copied;
    int dropped = 0;
    if (std::error_code problem; fs::is_directory(options.target, problem)) {
        auto made =
            board::back_up_into(options.board, options.target, options.keep, SystemClock().now(), bar.progress());
        if (!made) return refuse(context, made.error());
        path = made->path;
        copied = std::move(made->copied);
        dropped = made->dropped;
    } else {
        auto made = board::back_up(options.board, options.target, bar.progress());
        if (!made) return refuse(context, made.error());
        copied = std::move(*made);
    }
    const std::int64_t ms = ms_since(start);
    if (context.json) {
        print_json(json::object{{"board", options.board},
                                {"backup", path},
                                {"position", copied.position},
                                {"bytes", copied.bytes},
                                {"attachments_beside", copied.attachments},
                                {"attachment_bytes", copied.attachment_bytes},
                                {"milliseconds", ms},
                                {"dropped", dropped},
                                {"missing", errors_json(copied.missing)}});
    } else {
        print(path + ": " + size_text(copied.bytes) + ", the board as of entry " + std::to_string(copied.position) +
              ", in " + seconds_text(ms) + "\n");
        if (copied.attachments > 0)
            print(std::to_string(copied.attachments) + " attachments beside it (" + size_text(copied.attachment_bytes) +
                  ")\n");
        if (dropped > 0) print(std::to_string(dropped) + " older backups removed\n");
        say(copied.missing);
    }
    return copied.missing.empty() ? 0 : 1;
}

struct RestoreOptions {
    std::string backup, board;
    bool replace = false;
};

int restore_board(Context& context, const RestoreOptions& options) {
    for (const std::string& path : {options.backup, options.board})
        if (const auto ok = store::wants_file(path, "restore-board", "yipan copy BACKUP BOARD puts a backup into a database; pg_restore puts back what pg_dump took"); !ok)
            return refuse(context, ok.error());
    if (std::error_code problem; !options.replace && fs::exists(options.board, problem))  // before a long verification
        return refuse(context, Error{Code::duplicate, options.board, "a board of this name exists",
                                     "choose another name, or --replace: the board that is there is kept beside under "
                                     "another name"});
    {
        Bar bar("verify");
        const Verified verified = verify_board(options.backup, bar.progress());
        if (!verified.ok()) {
            Errors errors = verified.report.problems;
            errors.push_back(
                {Code::corrupt, options.backup, "does not verify, so it was not put in place", "take an older backup"});
            return refuse(context, errors);
        }
    }
    Bar bar("restore");
    const auto made =
        store::put_back(options.backup, options.board,
                        options.replace ? store::Existing::kept_beside : store::Existing::refused, bar.progress());
    if (!made) return refuse(context, made.error());
    const store::Copied& copied = made->copied;
    if (context.json) {
        print_json(json::object{{"board", options.board},
                                {"backup", options.backup},
                                {"position", copied.position},
                                {"bytes", copied.bytes},
                                {"replaced", made->replaced},
                                {"missing", errors_json(copied.missing)}});
    } else {
        print(options.board + ": restored from " + options.backup + ", which verifies; its journal ends at entry " +
              std::to_string(copied.position) + "\n");
        if (!made->replaced.empty()) print("the board that was there: " + made->replaced + "\n");
        say(copied.missing);
    }
    return copied.missing.empty() ? 0 : 1;
}

struct DrillOptions {
    std::string path, folder;
    bool keep = false;
};

// A folder of its own that goes away with the drill.
class DrillFolder {
  public:
    explicit DrillFolder(const std::string& parent, bool keep) : keep_(keep) {
        std::error_code problem;
        std::string name =
            (parent.empty() ? fs::temp_directory_path(problem) : fs::path(parent)) / "yipan-drill-XXXXXX";
        if (::mkdtemp(name.data())) path_ = name;
    }
    ~DrillFolder() {
        std::error_code unimportant;
        if (!keep_ && !path_.empty()) fs::remove_all(path_, unimportant);
    }
    DrillFolder(const DrillFolder&) = delete;
    DrillFolder& operator=(const DrillFolder&) = delete;
    const std::string& path() const { return path_; }

  private:
    std::string path_;
    bool keep_;
};

int drill(Context& context, const DrillOptions& options) {
    const DrillFolder folder(options.folder, options.keep);
    if (folder.path().empty())
        return refuse(context, Error{Code::read_only, options.folder, "no folder can be made there",
                                     "--in FOLDER with room for the board and its attachments"});
    const bool in_database = store::is_address(options.path);
    const std::string copy = folder.path() + "/" + (in_database ? "drill.board" : fs::path(options.path).filename().string());
    auto start = Clock::now();
    Result<store::PutBack> restored = [&]() -> Result<store::PutBack> {
        Bar bar("restore");
        if (in_database) {  // a board itself, not a backup: what a backup of it would be
            auto copied = board::back_up(options.path, copy, bar.progress());
            if (!copied) return fail(copied.error());
            store::PutBack out;
            out.copied = std::move(*copied);
            return out;
        }
        return store::put_back(options.path, copy, store::Existing::refused, bar.progress());
    }();
    if (!restored) return refuse(context, restored.error());
    const std::int64_t restore_ms = ms_since(start);
    start = Clock::now();
    const Verified done = [&] {
        Bar bar("verify");
        return verify_board(copy, bar.progress());
    }();
    const std::int64_t verify_ms = ms_since(start);
    const board::VerifyReport& report = done.report;
    const bool good = done.ok() && restored->copied.missing.empty();
    const store::Copied& copied = restored->copied;
    if (context.json) {
        json::object out{{"ok", good},
                         {"from", options.path},
                         {"restored",
                          {{"bytes", copied.bytes},
                           {"attachments_beside", copied.attachments},
                           {"attachment_bytes", copied.attachment_bytes},
                           {"milliseconds", restore_ms}}},
                         {"verified", verified_json(done)},
                         {"verify_milliseconds", verify_ms},
                         {"missing", errors_json(copied.missing)}};
        if (done.board) out["board"] = board_json(*done.board, done.position);
        if (options.keep) out["kept"] = copy;
        print_json(out);
        return good ? 0 : 1;
    }
    const auto line = [](const std::string& what, const std::string& text) {
        print("  " + what + std::string(what.size() < 13 ? 13 - what.size() : 1, ' ') + text + "\n");
    };
    if (done.board) print(banner(*done.board) + "\n");
    print("drill of " + options.path + "\n");
    line("restored", size_text(copied.bytes) + " in " + seconds_text(restore_ms) + ", into " + folder.path() +
                         (options.keep ? "" : " (removed again)"));
    line("pages", report.pages ? std::to_string(report.pages) + " read, " +
                                     (report.damaged_pages ? std::to_string(report.damaged_pages) + " damaged"
                                                           : "each as its checksum says")
                               : "no checksums in this format");
    line("journal", std::to_string(report.entries) + " entries, root " + hex(report.root));
    line("records", std::to_string(report.records) + ", compared with the entries that made them");
    line("figures", done.figures ? std::to_string(done.figures->cells) + " cells recomputed from the records, " +
                                       std::to_string(done.figures->differences) + " differ"
                                 : "could not be recomputed");
    if (copied.attachments > 0)
        line("attachments", std::to_string(copied.attachments) + " beside the board, " +
                                std::to_string(copied.missing.size()) + " missing or damaged");
    line("verified", "in " + seconds_text(verify_ms));
    say(report.problems);
    say(copied.missing);
    print(good ? "passed: this file can take the board's place\n" : "FAILED: do not rely on this file\n");
    return good ? 0 : 1;
}

struct CopyOptions {
    std::string from, to;
};

int copy(Context& context, const CopyOptions& options) {
    const auto start = Clock::now();
    Bar bar("copy");
    const auto done = board::copy_board(options.from, options.to, bar.progress());
    if (!done) return refuse(context, done.error());
    const std::int64_t ms = ms_since(start);
    if (context.json)
        print_json(json::object{{"from", options.from}, {"to", options.to}, {"entries", done->entries}, {"records", done->records},
                                {"attachments", done->attachments}, {"root", hex(done->root)}, {"milliseconds", ms}});
    else
        print(options.to + ": " + std::to_string(done->entries) + " entries, " + std::to_string(done->records) + " records, " +
              std::to_string(done->attachments) + " attachments in " + seconds_text(ms) + "\nroot " + hex(done->root) +
              ", computed from the copy and the same as in " + options.from + "\n");
    return 0;
}

int compact(Context& context, const std::string& path) {
    if (const auto ok = store::wants_file(path, "compact", "the database gives room back by itself; VACUUM FULL does it at once"); !ok) return refuse(context, ok.error());
    constexpr std::int64_t day_us = 24LL * 3'600 * 1'000'000;
    Bar bar("compact");
    const auto done = store::compact(path, SystemClock().now().micros - day_us, bar.progress());
    if (!done) return refuse(context, done.error());
    if (context.json)
        print_json(json::object{{"board", path},
                                {"bytes_before", done->bytes_before},
                                {"bytes_after", done->bytes_after},
                                {"attachments_dropped", done->attachments_dropped},
                                {"attachment_bytes_dropped", done->attachment_bytes_dropped}});
    else
        print(path + ": " + size_text(done->bytes_before) + " before, " + size_text(done->bytes_after) + " now" +
              (done->attachments_dropped ? "; " + std::to_string(done->attachments_dropped) +
                                               " attachments that nothing names were dropped (" +
                                               size_text(done->attachment_bytes_dropped) + ")"
                                         : "") +
              "\n");
    return 0;
}

int stats(Context& context, const std::string& path) {
    if (const auto ok = store::wants_file(path, "stats", "SELECT * FROM pg_stat_user_tables WHERE schemaname = 'NAME'"); !ok) return refuse(context, ok.error());
    Bar bar("stats");
    auto counted = store::stats_of(path, bar.progress());
    if (!counted) return refuse(context, counted.error());
    store::BoardStats& s = *counted;
    std::stable_sort(s.tables.begin(), s.tables.end(),
                     [](const auto& a, const auto& b) { return a.bytes + a.index_bytes > b.bytes + b.index_bytes; });
    if (context.json) {
        json::array tables;
        for (const auto& t : s.tables)
            tables.push_back({{"table", t.name},
                              {"engine", t.engine},
                              {"rows", t.rows},
                              {"bytes", t.bytes},
                              {"index_bytes", t.index_bytes},
                              {"inserts", t.inserts},
                              {"updates", t.updates},
                              {"deletes", t.deletes}});
        print_json(json::object{{"board", path},
                                {"format", s.format},
                                {"position", s.position},
                                {"page_bytes", s.page_bytes},
                                {"pages", s.pages},
                                {"free_pages", s.free_pages},
                                {"log_bytes", s.log_bytes},
                                {"attachments", s.attachments},
                                {"attachment_bytes", s.attachment_bytes},
                                {"tables", std::move(tables)}});
        return 0;
    }
    print(path + ": format " + std::to_string(s.format) + ", " + std::to_string(s.position) + " entries, " +
          std::to_string(s.pages) + " pages of " + std::to_string(s.page_bytes) + " bytes, " +
          std::to_string(s.free_pages) + " free; write-ahead log " + size_text(s.log_bytes) + "; " +
          std::to_string(s.attachments) + " attachments, " + size_text(s.attachment_bytes) + "\n");
    std::vector<std::vector<std::string>> rows{{"table", "rows", "bytes", "indexes", "inserts", "updates", "deletes"}};
    for (const auto& t : s.tables) {
        const auto number = [&](std::int64_t n) { return t.engine ? std::string("-") : std::to_string(n); };
        rows.push_back({t.name, std::to_string(t.rows), std::to_string(t.bytes), std::to_string(t.index_bytes),
                        number(t.inserts), number(t.updates), number(t.deletes)});
    }
    print(table_text(rows, {1, 2, 3, 4, 5, 6}));
    return 0;
}

}  // namespace

void add_life_commands(CLI::App& app, Context& context) {
    {
        CLI::App* command =
            app.add_subcommand("backup", "copy a board, with its attachments, while it is being written to");
        auto options = std::make_shared<BackupOptions>();
        command->add_option("BOARD", options->board, "the board's file")->required();
        command->add_option("TARGET", options->target, "file; or a folder, which keeps the newest few")->required();
        command->add_option("--keep", options->keep, "how many a folder keeps")->check(CLI::Range(1, 10'000));
        on_run(command, context, [&context, options] { return backup(context, *options); });
    }
    {
        CLI::App* command = app.add_subcommand("restore-board", "verify a backup and put it in place as a board");
        auto options = std::make_shared<RestoreOptions>();
        command->add_option("BACKUP", options->backup, "the backup's file")->required();
        command->add_option("BOARD", options->board, "the board's file")->required();
        command->add_flag("--replace", options->replace, "a board that is there is kept under another name");
        on_run(command, context, [&context, options] { return restore_board(context, *options); });
    }
    {
        CLI::App* command =
            app.add_subcommand("drill", "restore elsewhere, verify, recompute, report; exit 1 when it fails");
        auto options = std::make_shared<DrillOptions>();
        command->add_option("BACKUP", options->path, "a backup, or a board")->required();
        command->add_option("--in", options->folder, "folder for the copy; the system's temporary one unless said");
        command->add_flag("--keep", options->keep, "leave the copy there");
        on_run(command, context, [&context, options] { return drill(context, *options); });
    }
    {
        CLI::App* command = app.add_subcommand("copy", "carry a board, whole, into another file or a database, or back");
        auto options = std::make_shared<CopyOptions>();
        command->add_option("FROM", options->from, "file or postgresql:// address")->required();
        command->add_option("TO", options->to, "file or postgresql:// address that does not exist yet")->required();
        on_run(command, context, [&context, options] { return copy(context, *options); });
    }
    auto path = std::make_shared<std::string>();
    {
        CLI::App* command =
            app.add_subcommand("compact", "give free pages back to the disk; nobody may have the board open");
        command->add_option("BOARD", *path, "the board's file")->required();
        on_run(command, context, [&context, path] { return compact(context, *path); });
    }
    {
        CLI::App* command = app.add_subcommand("stats", "rows, bytes and statements of each table");
        command->add_option("BOARD", *path, "the board's file")->required();
        on_run(command, context, [&context, path] { return stats(context, *path); });
    }
}

}  // namespace yipan::app
