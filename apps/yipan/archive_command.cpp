// archive: bodies of old entries into a file, back, and where such files are (docs/life.md).
#include "archive_command.h"

#include <charconv>
#include <filesystem>

#include "board/archive.h"
#include "output.h"
#include "progress.h"
#include "store/open.h"

namespace yipan::app {
namespace json = boost::json;
namespace {
struct Options {
    std::string board, before, to, restore, attach, decider, note, key_file;
};

// Signed when the board has a key; a key is not made by the way.
std::function<Result<std::string>(const journal::Checkpoint&)> signer(const Options& options) {
    const std::string path = options.key_file.empty() ? store::beside_stem(options.board) + "-key" : options.key_file;
    std::error_code unimportant;
    if (options.key_file.empty() && !std::filesystem::exists(path, unimportant)) return {};
    return [path](const journal::Checkpoint& point) -> Result<std::string> {
        YIPAN_TRY(const auto key, journal::read_signer(path));
        if (key.verifier().name() != point.origin)
            return fail(Code::invalid_input, path, "the key is of another board: " + key.verifier().name() + ", not " + point.origin, "--key-file names this board's; yipan key BOARD makes one");
        return journal::sign_note(point.text(), key);
    };
}

int list(Context& context, const Options& options) {
    const auto store = store::open(options.board, store::Access::read);
    if (!store) return refuse(context, store.error());
    const auto all = board::archives_of(**store, options.board);
    if (!all) return refuse(context, all.error());
    json::array shown;
    std::string text;
    for (const auto& [line, at] : *all) {
        shown.push_back(json::object{{"entry", line.number}, {"to", line.to}, {"bodies", line.bodies}, {"sha256", line.sha256}, {"file", line.file}, {"at_hand", !at.empty()}});
        text += "#" + std::to_string(line.number) + ": " + std::to_string(line.bodies) + " bodies up to entry " + std::to_string(line.to) + " in " + (at.empty() ? line.file + " (not at hand)" : at) +
                "\n  SHA-256 " + line.sha256 + "\n";
    }
    if (context.json) print_json(json::object{{"archives", std::move(shown)}});
    else print(text.empty() ? "no body is archived\n" : text);
    return 0;
}

int archive(Context& context, const Options& options) {
    const int wishes = !options.to.empty() + !options.restore.empty() + !options.attach.empty();
    if (wishes == 0 && options.before.empty()) return list(context, options);
    if (wishes != 1 || options.to.empty() != options.before.empty())
        return refuse(context, Error{Code::usage, "archive", "says not one thing to do", "--before DATE|POSITION --to FILE, or --restore FILE, or --attach FILE, or none of them for a list"});
    if (!options.attach.empty()) {
        const auto line = board::attach_archive(options.board, options.attach);
        if (!line) return refuse(context, line.error());
        if (context.json) print_json(json::object{{"entry", line->number}, {"file", line->file}, {"sha256", line->sha256}});
        else print(line->file + ": holds " + std::to_string(line->bodies) + " bodies up to entry " + std::to_string(line->to) + "\n");
        return 0;
    }
    board::ArchiveWish wish;
    wish.file = options.to;
    wish.decider = options.decider;
    wish.note = options.note;
    wish.channel = cli_channel();
    wish.sign = signer(options);
    if (wish.decider.empty() || wish.note.empty())
        return refuse(context, Error{Code::usage, "archive", "who decided it, and why, go into the journal", "--decider WHO --note WHY"});
    if (!options.before.empty()) {
        const char* end = options.before.data() + options.before.size();
        std::int64_t position = 0;
        const auto [stop, bad] = std::from_chars(options.before.data(), end, position);
        if (bad == std::errc{} && stop == end) {
            wish.to = Position(position - 1);
        } else if (const auto day = Date::parse(options.before)) {
            wish.before = *day;
        } else {
            return refuse(context, Error{Code::usage, "--before", "\"" + options.before + "\" is no day and no number of an entry", "2026-01-01, or 100000"});
        }
    }
    Bar bar("archive");
    const auto done = options.restore.empty() ? board::archive_bodies(options.board, wish, bar.progress()) : board::restore_bodies(options.board, options.restore, wish, bar.progress());
    if (!done) return refuse(context, done.error());
    if (context.json) {
        print_json(json::object{{"entry", done->entry.value}, {"to", done->to.value}, {"bodies", done->bodies}, {"bytes", done->bytes}, {"sha256", done->sha256}});
        return 0;
    }
    const std::string bodies = std::to_string(done->bodies) + " bodies up to entry " + std::to_string(done->to.value);
    print((options.restore.empty() ? options.to + ": " + bodies + ", " + std::to_string(done->bytes) + " bytes\n" : bodies + " are back from " + options.restore + "\n") + "SHA-256 " + done->sha256 +
          "\nentry " + std::to_string(done->entry.value) + " tells of it\n");
    return 0;
}
}  // namespace

void add_archive_command(CLI::App& app, Context& context) {
    CLI::App* command = app.add_subcommand("archive", "move bodies of old entries into a file, or back; without more: which files there are");
    auto o = std::make_shared<Options>();
    command->add_option("BOARD", o->board, "the board")->required();
    command->add_option("--before", o->before, "a day, or the number of an entry: what is older may move");
    command->add_option("--to", o->to, "the file that will have it; must not exist");
    command->add_option("--restore", o->restore, "put the bodies back out of this file");
    command->add_option("--attach", o->attach, "where the file of an archive is from now on");
    command->add_option("--decider", o->decider, "who decided it");
    command->add_option("--note", o->note, "why");
    command->add_option("--key-file", o->key_file, "its signing key; BOARD-key unless said");
    on_run(command, context, [&context, o] { return archive(context, *o); });
}

}  // namespace yipan::app
