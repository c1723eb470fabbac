// void, restore, erase, merge: taking back what was entered (docs/taking-back.md).
#include "exchange/import.h"
#include "output.h"
#include "report/ask.h"

namespace yipan::app {
namespace json = boost::json;
namespace {

struct TakeBackOptions {
    std::string board, type, key, into, reason, decider, post, person, idempotency_key;
    std::vector<std::string> fields;
    bool all = false, attachments = false, dry_run = false;
};

class TakeBack {
  public:
    TakeBack(board::Board& board, const TakeBackOptions& options, board::Verb verb)
        : options_(options), snapshot_(board.snapshot()), model_(snapshot_->model()), names_(*snapshot_), verb_(verb) {}

    Checked<board::Draft> draft() {
        const Result<int> type = report::find_type(model_, options_.type);
        if (!type) return fail(Errors{type.error()});
        change_.type = *type;
        change_.verb = verb_;
        change_.where = options_.type + " " + options_.key;
        change_.record = record(options_.key, "KEY", verb_ == board::Verb::restore || verb_ == board::Verb::erase);
        change_.note = options_.reason;
        change_.decider = options_.decider;
        if (verb_ == board::Verb::merge) change_.into = record(options_.into, "INTO", false);
        if (verb_ == board::Verb::erase) change_.groups = options_.all ? 7 : options_.attachments ? 6 : 2;
        for (const std::string& text : options_.fields) read_field(text);
        board::Draft draft;
        draft.channel = cli_channel();
        draft.dry_run = options_.dry_run;
        draft.idempotency_key = options_.idempotency_key;
        draft.post = identity(model_.identity.post, options_.post, "--post");
        draft.actor = identity(model_.identity.person, options_.person, "--person");
        if (!errors_.empty()) return fail(std::move(errors_));
        draft.changes.push_back(std::move(change_));
        return draft;
    }

  private:
    void bad(Error error, const std::string& where) {
        if (error.where.empty()) error.where = where;
        errors_.push_back(std::move(error));
    }
    // A record that is gone has no row to be found by its key; the journal still knows its last version.
    RecordId record(const std::string& key, const std::string& where, bool may_be_gone) {
        if (may_be_gone && key.starts_with('#')) return RecordId(std::atoll(key.c_str() + 1));
        const Result<RecordId> found = report::find_record(*snapshot_, names_, change_.type, key);
        if (found) return *found;
        if (may_be_gone && found.error().code == Code::not_found)
            if (const auto gone = removed(key)) return *gone;
        bad(found.error(), where);
        return {};
    }
    std::optional<RecordId> removed(const std::string& key) {
        const model::Type& type = model_.types[static_cast<std::size_t>(change_.type)];
        if (type.key < 0) return {};
        std::vector<std::pair<RecordId, Position>> gone;
        const Status read = snapshot_->each_entry(Position(1), snapshot_->position(), [&](const board::Entry& e) {
            if (e.type == change_.type && e.verb == board::Verb::remove) gone.emplace_back(e.record, e.previous);
            return true;
        });
        if (!read) return {};
        for (auto it = gone.rbegin(); it != gone.rend(); ++it) {
            const auto versions = snapshot_->history(change_.type, it->first);
            if (!versions || versions->empty()) continue;
            const auto* text = record::as_text(versions->back()->at(type.key));
            if (text && *text == key) return it->first;
        }
        return {};
    }
    RecordId identity(int type, const std::string& name, const std::string& option) {
        if (name.empty()) return {};
        if (type < 0) {
            bad({Code::invalid_input, option, "the model of this board knows no such identity",
                 "identity: in the model"},
                "");
            return {};
        }
        const Result<RecordId> id = report::find_record(*snapshot_, names_, type, name);
        if (!id) bad(id.error(), option);
        return id.value_or(RecordId{});
    }
    void read_field(const std::string& text) {
        const model::Type& type = model_.types[static_cast<std::size_t>(change_.type)];
        const std::size_t equal = text.find('=');
        const int field = type.find(text.substr(0, equal));
        if (equal == std::string::npos || field < 0)
            return bad({Code::usage, text, "a field of " + type.code + " is given as field=value", "name=value"}, "");
        Result<record::Value> value = record::parse_value(model_, type.fields[static_cast<std::size_t>(field)],
                                                          text.substr(equal + 1), names_.find_function());
        if (!value) return bad(value.error(), text);
        change_.set.emplace_back(field, std::move(*value));
    }

    const TakeBackOptions& options_;
    std::unique_ptr<board::Snapshot> snapshot_;
    const model::Model& model_;
    exchange::Names names_;
    board::Verb verb_;
    board::Change change_;
    Errors errors_;
};

int take_back(Context& context, const TakeBackOptions& options, board::Verb verb, const char* done) {
    const auto board = open_board(context, options.board, Access::write);
    if (!board) return context.exit_code;
    Checked<board::Draft> draft = TakeBack(*board, options, verb).draft();
    if (!draft) return refuse(context, draft.error());
    const Checked<board::Receipt> receipt = board->apply(std::move(*draft));
    if (!receipt) return refuse(context, receipt.error());
    if (verb == board::Verb::erase && !options.dry_run) {
        const model::ModelPtr model = board->model();
        const model::Type& type = model->types[static_cast<std::size_t>(model->find_type(options.type))];
        const std::string key = options.key.starts_with('#') ? "" : options.key;
        if (const auto gone = exchange::forget_in_imports(options.board, type, receipt->records.front(), key); !gone)
            std::fprintf(stderr, "rows of imports beside the board may still hold it: %s\n", gone.error().text().c_str());
    }
    const std::int64_t entries = receipt->last.value - receipt->first.value + (receipt->last.value ? 1 : 0);
    if (context.json) {
        print_json(json::object{{"board", board_json(*board, board->snapshot()->position())},
                                {"done", done},
                                {"id", receipt->records.front().value},
                                {"position", receipt->last.value},
                                {"entries", entries},
                                {"repeated", receipt->repeated},
                                {"dry_run", options.dry_run}});
        return 0;
    }
    print(banner(*board) + "\n" + (options.dry_run ? "would be " : "") + done + ": " + options.type + " " +
          options.key + (verb == board::Verb::merge ? " into " + options.into : "") +
          (options.dry_run ? "" : ", entry #" + std::to_string(receipt->last.value)) +
          (entries > 1 ? " (" + std::to_string(entries) + " entries in all)" : "") +
          (receipt->repeated ? " (repeated, nothing written)" : "") + "\n");
    return 0;
}

}  // namespace

void add_takeback_commands(CLI::App& app, Context& context) {
    const auto add = [&](const char* name, const char* what, board::Verb verb, const char* done) {
        CLI::App* command = app.add_subcommand(name, what);
        auto options = std::make_shared<TakeBackOptions>();
        command->add_option("BOARD", options->board, "the board's file")->required();
        command->add_option("TYPE", options->type, "one of its record types")->required();
        command->add_option("KEY", options->key, "key, title, or #number")->required();
        if (verb == board::Verb::merge) {
            command->add_option("INTO", options->into, "the record that stays")->required();
            command->add_option("FIELDS", options->fields, "field=value ... of the record that stays");
        }
        if (verb == board::Verb::erase) {
            command->add_option("--basis", options->reason, "the legal basis")->required();
            command->add_option("--decided-by", options->decider, "who decided it")->required();
            command->add_flag("--attachments", options->attachments, "attachments too, not only personal fields");
            command->add_flag("--all", options->all, "everything, of a record that was removed before");
        } else {
            command->add_option("--reason", options->reason, "why")->required();
        }
        command->add_option("--post", options->post, "the post that acts");
        command->add_option("--person", options->person, "the person who acts");
        command->add_option("--idempotency-key", options->idempotency_key, "the same key again changes nothing");
        command->add_flag("--dry-run", options->dry_run, "judge only");
        on_run(command, context, [&context, options, verb, done] { return take_back(context, *options, verb, done); });
    };
    add("void", "declare a record void: it stays, and counts in nothing", board::Verb::invalidate, "void");
    add("restore", "make a void or removed record valid again", board::Verb::restore, "restored");
    add("erase", "erase personal data from a record, all its versions and the journal", board::Verb::erase, "erased");
    add("merge", "put a duplicate into the record that stays", board::Verb::merge, "merged");
}

}  // namespace yipan::app
