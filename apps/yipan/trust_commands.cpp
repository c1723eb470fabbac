// key, checkpoint, prove, verify-proof, witness, compare, trust: the board before strangers (docs/trust.md).
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>

#include "archive_command.h"
#include "context.h"
#include "figure_arguments.h"
#include "output.h"
#include "report/ask.h"
#include "report/prove.h"
#include "report/source.h"
#include "store/open.h"

namespace yipan::app {
namespace json = boost::json;
namespace {

std::string key_path(const std::string& board, const std::string& given) { return given.empty() ? store::beside_stem(board) + "-key" : given; }

Result<std::string> read_text(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return fail(Code::not_found, path, "no such file, or it may not be read", "");
    std::string out{std::istreambuf_iterator<char>(in), {}};
    if (out.size() > journal::proof_bytes_max)
        return fail(Code::limit_exceeded, path, "larger than " + std::to_string(journal::proof_bytes_max) + " bytes", "");
    return out;
}
Status append_text(const std::string& path, std::string_view text) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_APPEND, 0644);
    bool good = fd >= 0;
    for (std::size_t done = 0; good && done < text.size();) {
        const ssize_t n = ::write(fd, text.data() + done, text.size() - done);
        good = n > 0;
        if (good) done += static_cast<std::size_t>(n);
    }
    good = good && ::fsync(fd) == 0;
    if (fd >= 0) ::close(fd);
    if (!good) return fail(Code::store_failed, path, "cannot be written", "check the folder, the right to write there and the room on the disk");
    return {};
}
/// To the file, or to stdout without one.
int give(Context& context, const std::string& out, std::string_view text, const std::string& what) {
    if (out.empty()) {
        print(text);
        return 0;
    }
    if (const Status written = write_whole(out, text); !written) return refuse(context, written.error());
    if (context.json)
        print_json(json::object{{"file", out}, {"bytes", text.size()}});
    else
        print(out + ": " + what + "\n");
    return 0;
}

// -- key
int key(Context& context, const std::string& path, const std::string& file) {
    const auto board = open_board(context, path, Access::read);
    if (!board) return context.exit_code;
    const auto origin = board->snapshot()->origin();
    if (!origin) return refuse(context, origin.error());
    const std::string at = key_path(path, file);
    std::error_code unimportant;
    const bool fresh = !std::filesystem::exists(at, unimportant);
    Result<journal::SignerKey> key = fresh ? journal::SignerKey::generate(*origin) : journal::read_signer(at);
    if (!key) return refuse(context, key.error());
    if (fresh)
        if (const Status written = journal::write_signer(at, *key); !written) return refuse(context, written.error());
    if (context.json) {
        print_json(json::object{{"key_file", at}, {"made", fresh}, {"public", key->verifier().text()}});
        return 0;
    }
    std::fprintf(stderr, fresh ? "%s: a new signing key; keep a copy apart from the board, backups do not hold it\n" : "%s\n", at.c_str());
    print(key->verifier().text() + "\n");
    return 0;
}

// -- witness: the file of checkpoints, and what a new one is to it
struct Pins {
    std::vector<journal::Checkpoint> list;
};
Result<Pins> read_pins(const std::string& path, const journal::VerifierKey& key) {
    Pins out;
    std::error_code unimportant;
    if (!std::filesystem::exists(path, unimportant)) return out;
    YIPAN_TRY(const std::string text, read_text(path));
    YIPAN_TRY(const auto notes, journal::split_pins(text, path));
    for (std::size_t i = 0; i < notes.size(); ++i) {
        YIPAN_TRY(auto one, journal::open_checkpoint(notes[i], key, path + ": checkpoint " + std::to_string(i + 1)));
        out.list.push_back(std::move(one));
    }
    return out;
}
Error forked(const std::string& where, std::uint64_t size, std::int64_t from, std::int64_t to) {
    return {Code::corrupt, where,
            "FORKED: the journal does not hold what the checkpoint of size " + std::to_string(size) + " says; entries " + std::to_string(from) +
                " to " + std::to_string(to) + " are not those that were there when it was signed",
            "keep both files; a backup from before, held against the same checkpoints by yipan compare, shows which history is the first"};
}
Error foreign(const std::string& where, const std::string& theirs, const std::string& ours) {
    return {Code::invalid_input, where, "the checkpoint is of another board: " + theirs + ", not " + ours, "choose the board or the witness's file that belong together"};
}

/// Every checkpoint against the board: the first that does not fit, with the entries between the last that fits and it.
Result<std::int64_t> hold_against(board::Snapshot& snapshot, const Pins& pins, const std::string& where) {
    YIPAN_TRY(const std::string origin, snapshot.origin());
    std::int64_t good = 0;
    for (const journal::Checkpoint& pin : pins.list) {
        if (pin.origin != origin) return fail(foreign(where, pin.origin, origin));
        const auto size = static_cast<std::int64_t>(pin.size);
        if (size > snapshot.position().value)
            return fail(Code::corrupt, where,
                        "CUT OFF: a checkpoint was signed at " + std::to_string(size) + " entries, the board has " +
                            std::to_string(snapshot.position().value) + ": its end is gone, or this is an older copy",
                        "open the newer board; if there is none, entries were lost: yipan restore-board from the newest backup");
        YIPAN_TRY(const Digest root, snapshot.root_at(Position{size}));
        if (root != pin.root) return fail(forked(where, pin.size, good + 1, size));
        good = size;
    }
    return good;
}

struct CheckpointOptions {
    std::string board, key_file, pin, out;
};
int checkpoint(Context& context, const CheckpointOptions& options) {
    const auto board = open_board(context, options.board, Access::read);
    if (!board) return context.exit_code;
    const auto snapshot = board->snapshot();
    const auto key = journal::read_signer(key_path(options.board, options.key_file));
    if (!key) return refuse(context, key.error());
    const auto point = snapshot->checkpoint();
    if (!point) return refuse(context, point.error());
    if (key->verifier().name() != point->origin)
        return refuse(context, Error{Code::invalid_input, key_path(options.board, options.key_file),
                                     "the key is of another board: " + key->verifier().name() + ", not " + point->origin,
                                     "--key-file names this board's; yipan key BOARD makes one"});
    const auto note = journal::sign_note(point->text(), *key);
    if (!note) return refuse(context, note.error());
    if (!options.pin.empty()) {  // never signed and pinned over a history that is not the pinned one's
        const auto pins = read_pins(options.pin, key->verifier());
        if (!pins) return refuse(context, pins.error());
        const auto held = hold_against(*snapshot, *pins, options.pin);
        if (!held) return refuse(context, held.error());
        if (pins->list.empty() || pins->list.back().size != point->size)
            if (const Status written = append_text(options.pin, *note + "--\n"); !written) return refuse(context, written.error());
    }
    if (context.json && options.out.empty()) {
        print_json(json::object{{"origin", point->origin}, {"size", point->size}, {"root", hex(point->root)}, {"note", *note}, {"public", key->verifier().text()}});
        return 0;
    }
    return give(context, options.out, *note, "checkpoint of " + std::to_string(point->size) + " entries");
}

// -- prove
struct ProveOptions {
    std::string board, key_file, out, kind, name, record, open;
    std::int64_t from = 0;
    report::AskText text;
    std::vector<std::string> by;
};
constexpr std::uint8_t plain_group = 1, personal_group = 2, attachment_group = 4;

Result<std::uint8_t> groups_of(const std::string& text) {
    std::uint8_t out = plain_group;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t comma = std::min(text.find(',', at), text.size());
        const std::string_view one = std::string_view(text).substr(at, comma - at);
        if (one == "personal")
            out |= personal_group;
        else if (one == "attachment")
            out |= attachment_group;
        else if (one == "none")
            out = 0;
        else
            return fail(Code::usage, "--open", "\"" + std::string(one) + "\" is no group of fields", "personal, attachment, or none");
        at = comma + 1;
    }
    return out;
}

Checked<journal::ProofFile> made(board::Snapshot& snapshot, const ProveOptions& options) {
    const auto open = groups_of(options.open);
    if (!open) return fail(Errors{open.error()});
    journal::ProofFile proof;
    proof.kind = options.kind;
    const auto take = [&](Position position) -> Checked<void> {
        auto one = snapshot.proven(position, *open);
        if (!one) return fail(Errors{one.error()});
        proof.entries.push_back(std::move(*one));
        return {};
    };
    if (options.kind == "consistency") {
        const auto root = snapshot.root_at(Position{options.from});
        auto steps = snapshot.consistency(Position{options.from});
        if (!root) return fail(Errors{root.error()});
        if (!steps) return fail(Errors{steps.error()});
        proof.from_size = static_cast<std::uint64_t>(options.from);
        proof.from_root = *root;
        proof.consistency = std::move(*steps);
        return proof;
    }
    if (options.kind == "entry") {
        std::int64_t position = 0;
        const auto [end, bad] = std::from_chars(options.name.data(), options.name.data() + options.name.size(), position);
        if (bad != std::errc() || end != options.name.data() + options.name.size())
            return fail(Errors{{Code::usage, "entry", "\"" + options.name + "\" is no number of an entry", "yipan prove BOARD entry 123"}});
        if (auto taken = take(Position{position}); !taken) return fail(taken.error());
        return proof;
    }
    exchange::Names names(snapshot);
    if (options.kind == "record") {
        const int type = snapshot.model().find_type(options.name);
        if (type < 0) return fail(Errors{{Code::not_found, options.name, "the model has no such type", "yipan prove BOARD record TYPE KEY"}});
        const auto id = report::find_record(snapshot, names, type, options.record);
        if (!id) return fail(Errors{id.error()});
        const auto versions = report::version_positions(snapshot, type, *id);
        if (!versions) return fail(Errors{versions.error()});
        if (versions->size() > journal::proof_entries_max)
            return fail(Errors{{Code::limit_exceeded, options.record, "the record has more than " + std::to_string(journal::proof_entries_max) + " versions", "prove single entries"}});
        for (const Position version : *versions)
            if (auto taken = take(version); !taken) return fail(taken.error());
        return proof;
    }
    report::AskText text = options.text;
    text.figure = options.name;
    const auto whole = with_dimensions(text, options.by);
    if (!whole) return fail(whole.error());
    const auto ask = report::read_ask(snapshot, names, *whole);
    if (!ask) return fail(ask.error());
    return report::prove_figure(snapshot, names, *ask, *open);
}

int prove(Context& context, const ProveOptions& options) {
    const auto board = open_board(context, options.board, Access::read);
    if (!board) return context.exit_code;
    const auto snapshot = board->snapshot();
    const auto key = journal::read_signer(key_path(options.board, options.key_file));
    if (!key) return refuse(context, key.error());
    auto proof = made(*snapshot, options);
    if (!proof) return refuse(context, proof.error());
    const auto point = snapshot->checkpoint();
    if (!point) return refuse(context, point.error());
    const auto note = journal::sign_note(point->text(), *key);
    if (!note) return refuse(context, note.error());
    proof->checkpoint = *note;
    proof->board = banner(*board);
    const auto text = journal::write_proof(*proof, *key);
    if (!text) return refuse(context, text.error());
    return give(context, options.out, *text, std::to_string(proof->entries.size()) + " entries proven, journal of " + std::to_string(point->size));
}

// -- verify-proof
void claim_lines(const journal::FigureClaim& claim, int deep, std::string& out) {
    const std::string indent(static_cast<std::size_t>(deep) * 2, ' ');
    out += indent + claim.label + " (" + claim.figure + ")" + (claim.unit.empty() ? "" : " · " + claim.unit) +
           (claim.period.empty() ? "" : " · " + claim.period) + ": " + (claim.value.empty() ? "no value: " + claim.why_none : claim.value) + "\n";
    if (!claim.rows.empty())
        out += indent + "  " + std::to_string(claim.rows.size()) + " records" + (claim.adds_up ? ", which add up to it" : "") +
               (claim.field.empty() ? "" : ", each amount as its entry says (" + claim.field + ")") + "\n";
    for (const auto& part : claim.parts) claim_lines(part, deep + 1, out);
}
int verify_proof(Context& context, const std::string& path, const std::string& key_text) {
    const auto key = journal::read_verifier(key_text);
    if (!key) return refuse(context, key.error());
    const auto text = read_text(path);
    if (!text) return refuse(context, text.error());
    const auto proven = journal::verify_proof(*text, *key, path);
    if (!proven) return refuse(context, proven.error());
    const journal::ProofFile& p = proven->proof;
    if (context.json) {
        json::array entries;
        for (const auto& e : p.entries) entries.push_back({{"position", e.entry.position}, {"time", Instant{e.entry.time}.text()}, {"type", e.entry.type}, {"record", e.entry.record}, {"version", e.entry.version}, {"verb", journal::verb_name(e.entry.verb)}, {"plain", e.entry.body[0]}});
        json::object out{{"ok", true}, {"kind", p.kind}, {"board", p.board}, {"origin", proven->checkpoint.origin}, {"size", proven->checkpoint.size}, {"root", hex(proven->checkpoint.root)}, {"entries", std::move(entries)}};
        if (!p.figure.empty()) out["figure"] = json::object{{"figure", p.figure[0].figure}, {"unit", p.figure[0].unit}, {"period", p.figure[0].period}, {"value", p.figure[0].value}, {"records", p.figure[0].rows.size()}, {"adds_up", p.figure[0].adds_up}};
        print_json(out);
        return 0;
    }
    std::string out = "VERIFIED " + path + ": " + p.board + "\n  signed by " + key->name() + ", journal of " + std::to_string(proven->checkpoint.size) + " entries, root " +
                      hex(proven->checkpoint.root) + "\n";
    if (p.kind == "consistency") out += "  it goes on from the journal of " + std::to_string(p.from_size) + " entries, root " + hex(p.from_root) + "\n";
    for (const auto& claim : p.figure) claim_lines(claim, 1, out);
    constexpr std::size_t shown_max = 20;
    for (std::size_t i = 0; i < std::min(shown_max, p.entries.size()); ++i) {
        const journal::Entry& e = p.entries[i].entry;
        out += "  entry " + std::to_string(e.position) + " · " + Instant{e.time}.text() + " · " + std::string(journal::verb_name(e.verb)) + " " + e.type + " #" + std::to_string(e.record) +
               " version " + std::to_string(e.version) + (p.figure.empty() && !e.body[0].empty() && e.body[0].size() < 2'000 ? "\n    " + e.body[0] : "") + "\n";
    }
    if (p.entries.size() > shown_max) out += "  ... and " + std::to_string(p.entries.size() - shown_max) + " more entries, each verified (--json lists them)\n";
    out += "not proven: that what was entered is true" + std::string(p.figure.empty() ? "" : ", that no further record belongs to the figure, that the formula was worked out right") + "\n";
    print(out);
    return 0;
}

// -- witness
int witness(Context& context, const std::string& pins_path, const std::string& note_path, const std::string& key_text, const std::string& proof_path) {
    const auto key = journal::read_verifier(key_text);
    if (!key) return refuse(context, key.error());
    const auto note = read_text(note_path);
    if (!note) return refuse(context, note.error());
    const auto point = journal::open_checkpoint(*note, *key, note_path);
    if (!point) return refuse(context, point.error());
    const auto pins = read_pins(pins_path, *key);
    if (!pins) return refuse(context, pins.error());
    const auto done = [&](std::string_view what) {
        if (context.json)
            print_json(json::object{{"size", point->size}, {"root", hex(point->root)}, {"witness", what}});
        else
            print(pins_path + ": " + std::string(what) + ", " + std::to_string(point->size) + " entries\n");
        return 0;
    };
    if (!pins->list.empty()) {
        const journal::Checkpoint& last = pins->list.back();
        if (last.origin != point->origin) return refuse(context, foreign(note_path, point->origin, last.origin));
        if (last.size == point->size && last.root == point->root) return done("the same checkpoint is pinned already");
        if (last.size == point->size) return refuse(context, forked(note_path, last.size, 1, static_cast<std::int64_t>(last.size)));
        if (last.size > point->size)
            return refuse(context, Error{Code::invalid_input, note_path, "older than the last one pinned: " + std::to_string(point->size) + " entries, pinned are " + std::to_string(last.size), "fetch the newest checkpoint"});
        if (proof_path.empty())
            return refuse(context, Error{Code::usage, "--proof", "whether the board goes on from the " + std::to_string(last.size) + " entries pinned has to be shown", "yipan prove BOARD consistency --from " + std::to_string(last.size) + " --out FILE, then --proof FILE"});
        const auto text = read_text(proof_path);
        if (!text) return refuse(context, text.error());
        const auto proven = journal::verify_proof(*text, *key, proof_path);
        if (!proven) return refuse(context, proven.error());
        if (proven->proof.kind != "consistency" || proven->checkpoint != *point || proven->proof.from_size != last.size)
            return refuse(context, Error{Code::invalid_input, proof_path, "does not lead from the " + std::to_string(last.size) + " entries pinned to the " + std::to_string(point->size) + " of the checkpoint", "make both at one time: yipan checkpoint and yipan prove BOARD consistency --from " + std::to_string(last.size)});
        if (proven->proof.from_root != last.root) return refuse(context, forked(proof_path, last.size, 1, static_cast<std::int64_t>(last.size)));
    }
    if (const Status written = append_text(pins_path, *note + "--\n"); !written) return refuse(context, written.error());
    return done("pinned");
}

int compare(Context& context, const std::string& path, const std::string& pins_path, const std::string& key_text) {
    const auto key = journal::read_verifier(key_text);
    if (!key) return refuse(context, key.error());
    if (std::error_code unimportant; !std::filesystem::exists(pins_path, unimportant))
        return refuse(context, Error{Code::not_found, pins_path, "no such file", "yipan checkpoint BOARD --pin FILE makes one"});
    const auto pins = read_pins(pins_path, *key);
    if (!pins) return refuse(context, pins.error());
    const auto board = open_board(context, path, Access::read);
    if (!board) return context.exit_code;
    const auto snapshot = board->snapshot();
    const auto held = hold_against(*snapshot, *pins, pins_path);
    if (!held) return refuse(context, held.error());
    if (context.json)
        print_json(json::object{{"ok", true}, {"checkpoints", pins->list.size()}, {"pinned", *held}, {"position", snapshot->position().value}});
    else
        print("the board holds what all " + std::to_string(pins->list.size()) + " checkpoints say: entries 1 to " + std::to_string(*held) + " of " + std::to_string(snapshot->position().value) + " are as they were signed\n");
    return 0;
}

// -- trust: where the board stands, in plain words
int trust(Context& context, const std::string& path, const std::string& key_file, const std::string& pins_path) {
    const auto board = open_board(context, path, Access::read);
    if (!board) return context.exit_code;
    const auto snapshot = board->snapshot();
    const auto point = snapshot->checkpoint();
    if (!point) return refuse(context, point.error());
    const auto last = snapshot->entry(snapshot->position());
    const auto key = journal::read_signer(key_path(path, key_file));
    std::optional<Error> trouble;
    std::int64_t pinned = 0;
    std::size_t pins_count = 0;
    if (!pins_path.empty() && key) {
        const auto pins = read_pins(pins_path, key->verifier());
        const auto held = pins ? hold_against(*snapshot, *pins, pins_path) : Result<std::int64_t>(tl::unexpect, pins.error());
        if (held)
            pinned = *held, pins_count = pins->list.size();
        else
            trouble = held.error();
    } else if (!pins_path.empty()) {
        trouble = key.error();
    }
    if (context.json) {
        json::object out{{"board", board_json(*board, snapshot->position())}, {"origin", point->origin}, {"size", point->size}, {"root", hex(point->root)},
                         {"public", key ? json::value(key->verifier().text()) : json::value(nullptr)}, {"pinned", pinned}, {"checkpoints", pins_count}};
        if (trouble) out["trouble"] = trouble->text();
        print_json(out);
        return trouble ? 1 : 0;
    }
    std::string out = banner(*board) + "\n" + point->origin + "\n  " + std::to_string(point->size) + " entries, the last of " + (last ? last->time.text() : "?") + "\n  root " + hex(point->root) + "\n";
    out += key ? "  signs with " + key->verifier().text() + "\n" : "  signs nothing yet: " + key.error().text() + "\n";
    if (trouble)
        out += "  WITNESS: " + trouble->text() + "\n";
    else if (pins_path.empty())
        out += "  no witness looked at: --pins FILE holds the board against checkpoints kept elsewhere\n";
    else
        out += "  " + std::to_string(pins_count) + " checkpoints of the witness fit: entries 1 to " + std::to_string(pinned) + " are as they were signed\n";
    out += "what this can show: a changed, missing or added entry, a changed figure or attachment (yipan verify, yipan recompute); that an entry stood in the journal when a checkpoint\n"
           "  was signed (yipan prove); that history was rewritten after a checkpoint that somebody else kept (yipan compare).\n"
           "what it cannot: that what was entered is true; anything about entries after the last checkpoint kept elsewhere: whoever owns the board's file and key could rewrite those.\n";
    print(out);
    return trouble ? 1 : 0;
}

}  // namespace

void add_trust_commands(CLI::App& app, Context& context) {
    constexpr const char* key_says = "its signing key; BOARD-key unless said";
    add_archive_command(app, context);
    {
        CLI::App* command = app.add_subcommand("key", "the board's public key; makes the signing key when there is none");
        auto path = std::make_shared<std::string>(), file = std::make_shared<std::string>();
        command->add_option("BOARD", *path, "the board")->required();
        command->add_option("--key-file", *file, key_says);
        on_run(command, context, [&context, path, file] { return key(context, *path, *file); });
    }
    {
        CLI::App* command = app.add_subcommand("checkpoint", "size and root of the journal as a signed note");
        auto o = std::make_shared<CheckpointOptions>();
        command->add_option("BOARD", o->board, "the board")->required();
        command->add_option("--key-file", o->key_file, key_says);
        command->add_option("--pin", o->pin, "also append it to this file of a witness, after holding the board against what stands there");
        command->add_option("--out", o->out, "file; stdout unless said");
        on_run(command, context, [&context, o] { return checkpoint(context, *o); });
    }
    {
        CLI::App* command = app.add_subcommand("prove", "a proof as one file: prove BOARD entry N | record TYPE KEY | figure CODE ... | consistency --from N");
        auto o = std::make_shared<ProveOptions>();
        command->add_option("BOARD", o->board, "the board")->required();
        command->add_option("KIND", o->kind, "entry, record, figure or consistency")->required()->check(CLI::IsMember({"entry", "record", "figure", "consistency"}));
        command->add_option("NAME", o->name, "the entry's number, the type's or the figure's code");
        command->add_option("KEY", o->record, "record: its key");
        command->add_option("--from", o->from, "consistency: the size of the earlier checkpoint")->check(CLI::PositiveNumber);
        command->add_option("--open", o->open, "what else of the entries is shown: personal, attachment; or none");
        add_ask_options(command, o->text, o->by);
        command->add_option("--key-file", o->key_file, key_says);
        command->add_option("--out", o->out, "file; stdout unless said");
        on_run(command, context, [&context, o] { return prove(context, *o); });
    }
    {
        CLI::App* command = app.add_subcommand("verify-proof", "check a proof with the public key alone: no board, no network");
        auto path = std::make_shared<std::string>(), key_text = std::make_shared<std::string>();
        command->add_option("FILE", *path, "the proof")->required();
        command->add_option("--key", *key_text, "the board's public key, or a file with it")->required();
        on_run(command, context, [&context, path, key_text] { return verify_proof(context, *path, *key_text); });
    }
    {
        CLI::App* command = app.add_subcommand("witness", "keep a board's checkpoint, when the board goes on from the last one kept; needs no board");
        auto pins = std::make_shared<std::string>(), note = std::make_shared<std::string>(), key_text = std::make_shared<std::string>(), proof = std::make_shared<std::string>();
        command->add_option("PINS", *pins, "the witness's file")->required();
        command->add_option("CHECKPOINT", *note, "the new checkpoint")->required();
        command->add_option("--key", *key_text, "the board's public key, or a file with it")->required();
        command->add_option("--proof", *proof, "yipan prove BOARD consistency --from N");
        on_run(command, context, [&context, pins, note, key_text, proof] { return witness(context, *pins, *note, *key_text, *proof); });
    }
    {
        CLI::App* command = app.add_subcommand("compare", "hold a board against the checkpoints a witness kept");
        auto path = std::make_shared<std::string>(), pins = std::make_shared<std::string>(), key_text = std::make_shared<std::string>();
        command->add_option("BOARD", *path, "the board")->required();
        command->add_option("PINS", *pins, "the witness's file")->required();
        command->add_option("--key", *key_text, "the board's public key, or a file with it")->required();
        on_run(command, context, [&context, path, pins, key_text] { return compare(context, *path, *pins, *key_text); });
    }
    {
        CLI::App* command = app.add_subcommand("trust", "where the board stands and what can be shown of it, in plain words");
        auto path = std::make_shared<std::string>(), file = std::make_shared<std::string>(), pins = std::make_shared<std::string>();
        command->add_option("BOARD", *path, "the board")->required();
        command->add_option("--key-file", *file, key_says);
        command->add_option("--pins", *pins, "a witness's file");
        on_run(command, context, [&context, path, file, pins] { return trust(context, *path, *file, *pins); });
    }
}

}  // namespace yipan::app
