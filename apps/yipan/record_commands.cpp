// list, show, set, attach.
#include <cstdio>
#include <filesystem>
#include <memory>

#include "base/hash.h"
#include "base/nearest.h"
#include "output.h"
#include "record/input.h"
#include "report/ask.h"

namespace yipan::app {
namespace json = boost::json;
namespace {

constexpr std::size_t columns_shown_max = 8;

struct ListOptions {
    std::string board, type, filter;
    std::int64_t limit = 50, offset = 0;
};

int list(Context& context, const ListOptions& options) {
    const auto board = open_board(context, options.board, Access::read);
    if (!board) return context.exit_code;
    const auto snapshot = board->snapshot();
    const model::Model& model = snapshot->model();
    const Result<int> type = report::find_type(model, options.type);
    if (!type) return refuse(context, type.error());
    const Result<board::Snapshot::ListResult> found =
        snapshot->list(*type, options.filter, options.offset, options.limit);
    if (!found) {
        Error error = found.error();
        error.where = "--filter" + (error.where.empty() ? "" : ":" + error.where);
        return refuse(context, error);
    }
    exchange::Names names(*snapshot);
    const model::Type& declared = model.types[static_cast<std::size_t>(*type)];
    if (context.json) {
        json::array records;
        for (const record::RecordPtr& record : found->rows) records.push_back(record_json(model, *record, names));
        print_json(json::object{{"board", board_json(*board, snapshot->position())},
                                {"type", declared.code},
                                {"records", std::move(records)},
                                {"offset", options.offset},
                                {"more", found->more}});
        return 0;
    }
    std::vector<int> fields;
    for (std::size_t i = 0; i < declared.fields.size() && fields.size() < columns_shown_max; ++i)
        fields.push_back(static_cast<int>(i));
    if (declared.state >= static_cast<int>(columns_shown_max)) fields.back() = declared.state;
    std::vector<std::vector<std::string>> rows(1);
    std::vector<std::size_t> right;
    for (const int field : fields) {
        const model::Field& f = declared.fields[static_cast<std::size_t>(field)];
        if (f.kind == model::FieldKind::money || f.kind == model::FieldKind::integer ||
            f.kind == model::FieldKind::decimal)
            right.push_back(rows[0].size());
        rows[0].push_back(f.label.in(context.language()));
    }
    for (const record::RecordPtr& record : found->rows) {
        std::vector<std::string> row;
        for (const int field : fields)
            row.push_back(record::display(model, declared.fields[static_cast<std::size_t>(field)], record->at(field),
                                          context.language(), names.key_function()));
        rows.push_back(std::move(row));
    }
    print(banner(*board) + "\n" + table_text(rows, right));
    if (declared.fields.size() > fields.size())
        print("(" + std::to_string(declared.fields.size() - fields.size()) + " more fields: yipan show, or --json)\n");
    if (found->more) print("(there is more: --offset " + std::to_string(options.offset + options.limit) + ")\n");
    return 0;
}

// "reason" or "basis, decided by somebody"
std::string why_of(const board::Entry& entry) {
    return entry.marks.note + (entry.marks.decider.empty() ? "" : ", decided by " + entry.marks.decider);
}

int show(Context& context, const std::string& path, const std::string& type_code, const std::string& key) {
    const auto board = open_board(context, path, Access::read);
    if (!board) return context.exit_code;
    const auto snapshot = board->snapshot();
    const model::Model& model = snapshot->model();
    const Result<int> type = report::find_type(model, type_code);
    if (!type) return refuse(context, type.error());
    exchange::Names names(*snapshot);
    const Result<RecordId> id = report::find_record(*snapshot, names, *type, key);
    if (!id) return refuse(context, id.error());
    const Result<std::vector<record::RecordPtr>> versions = snapshot->history(*type, *id);
    if (!versions) return refuse(context, versions.error());
    const record::RecordPtr now = snapshot->record(*type, *id);
    if (!now && versions->empty()) return refuse(context, Error{Code::not_found, "", "the record is gone", ""});
    const record::RecordPtr record = now ? now : versions->back();
    const std::string standing = !now ? " (removed)" : now->voided ? " (void)" : "";
    const model::Type& declared = model.types[static_cast<std::size_t>(*type)];
    if (context.json) {
        json::array history;
        for (const record::RecordPtr& version : *versions)
            history.push_back({{"version", version->version},
                               {"position", version->position.value},
                               {"effective", version->effective.text()}});
        json::object out = record_json(model, *record, names);
        out["history"] = std::move(history);
        out["void"] = record->voided;
        out["removed"] = !now;
        out["board"] = board_json(*board, snapshot->position());
        print_json(out);
        return 0;
    }
    std::vector<std::vector<std::string>> rows;
    for (std::size_t i = 0; i < declared.fields.size(); ++i) {
        const model::Field& field = declared.fields[i];
        rows.push_back({field.code, field.label.in(context.language()),
                        record::display(model, field, record->at(static_cast<int>(i)), context.language(),
                                        names.title_function())});
    }
    print(banner(*board) + "\n" + declared.label.in(context.language()) + " " + names.title_of(*record) + standing +
          "\n" + table_text(rows));
    std::vector<std::vector<std::string>> history{{"version", "effective", "entry", "time", "channel", "what", "why"}};
    for (const record::RecordPtr& version : *versions) {
        const Result<board::Entry> entry = snapshot->entry(version->position);
        history.push_back(
            {std::to_string(version->version), version->effective.text(), "#" + std::to_string(version->position.value),
             entry ? board->zone().local_text(entry->time) : entry.error().message, entry ? entry->channel : "",
             entry ? std::string(board::verb_name(entry->verb)) : "", entry ? why_of(*entry) : ""});
    }
    print(table_text(history));
    return 0;
}

struct SetOptions {
    std::string board, type, key, move, effective, post, person, idempotency_key;
    std::vector<std::string> fields;
    bool remove = false, dry_run = false;
    std::int32_t expect_version = 0;
};

class Setter {
  public:
    Setter(board::Board& board, const SetOptions& options)
        : board_(board),
          options_(options),
          snapshot_(board.snapshot()),
          model_(snapshot_->model()),
          names_(*snapshot_) {}

    Checked<board::Draft> draft() {
        const Result<int> type = report::find_type(model_, options_.type);
        if (!type) return fail(Errors{type.error()});
        change_.type = *type;
        const Result<RecordId> existing = names_.find(*type, options_.key);
        if (existing)
            change_.record = *existing;
        else if (existing.error().code != Code::not_found)
            return fail(Errors{existing.error()});
        choose_verb(existing.has_value());
        read_fields(existing.has_value());
        if (options_.expect_version > 0) change_.expected_version = options_.expect_version;
        if (!options_.effective.empty()) {
            if (const Result<Date> date = Date::parse(options_.effective))
                change_.effective = *date;
            else
                bad(date.error(), "--effective");
        }
        draft_.channel = cli_channel();
        draft_.dry_run = options_.dry_run;
        draft_.idempotency_key = options_.idempotency_key;
        draft_.post = identity(model_.identity.post, options_.post, "--post");
        draft_.actor = identity(model_.identity.person, options_.person, "--person");
        if (!errors_.empty()) return fail(std::move(errors_));
        draft_.changes.push_back(std::move(change_));
        return std::move(draft_);
    }

  private:
    void bad(Error error, const std::string& where) {
        if (error.where.empty()) error.where = where;
        errors_.push_back(std::move(error));
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

    void choose_verb(bool exists) {
        if (exists) {
            change_.verb = options_.remove         ? board::Verb::remove
                           : options_.move.empty() ? board::Verb::amend
                                                   : board::Verb::move;
            change_.move = options_.move;
            return;
        }
        change_.verb = board::Verb::create;
        if (!options_.remove && options_.move.empty()) return;
        const Result<RecordId> id = report::find_record(*snapshot_, names_, change_.type, options_.key);
        bad(id ? Error{Code::not_found, "", "there is no such record"} : id.error(), "KEY");
    }

    void read_fields(bool exists) {
        const model::Type& type = model_.types[static_cast<std::size_t>(change_.type)];
        if (!exists && type.key >= 0 && options_.key != "-") set(type, type.key, options_.key);
        for (const std::string& text : options_.fields) {
            const std::size_t equal = text.find('=');
            if (equal == std::string::npos) {
                bad({Code::usage, text, "a field is given as field=value", "name=value; field= alone unsets it"}, "");
                continue;
            }
            const std::string code = text.substr(0, equal);
            const int field = type.find(code);
            if (field < 0) {
                std::string all;
                for (const model::Field& f : type.fields) all += (all.empty() ? "" : ", ") + f.code;
                bad({Code::not_found, code, type.code + " has no field \"" + code + "\"", "it has " + all}, "");
                continue;
            }
            set(type, field, text.substr(equal + 1));
        }
    }

    void set(const model::Type& type, int field, const std::string& text) {
        const model::Field& declared = type.fields[static_cast<std::size_t>(field)];
        Result<record::Value> value = record::parse_value(model_, declared, text, names_.find_function());
        if (!value) return bad(value.error(), declared.code);
        std::erase_if(change_.set, [&](const auto& set) { return set.first == field; });
        change_.set.emplace_back(field, std::move(*value));
    }

    board::Board& board_;
    const SetOptions& options_;
    std::unique_ptr<board::Snapshot> snapshot_;
    const model::Model& model_;
    exchange::Names names_;
    board::Change change_;
    board::Draft draft_;
    Errors errors_;
};

int set_in(Context& context, board::Board& living, const SetOptions& options) {
    board::Board* const board = &living;
    Checked<board::Draft> draft = Setter(*board, options).draft();
    if (!draft) return refuse(context, draft.error());
    const board::Verb verb = draft->changes.front().verb;
    const record::RecordPtr before =
        verb == board::Verb::amend
            ? board->snapshot()->record(draft->changes.front().type, draft->changes.front().record)
            : nullptr;
    const Checked<board::Receipt> receipt = board->apply(std::move(*draft));
    if (!receipt) return refuse(context, receipt.error());
    const std::int64_t id = receipt->records.empty() ? 0 : receipt->records.front().value;
    const std::int32_t version = receipt->versions.empty() ? 0 : receipt->versions.front();
    const bool same = before && before->version == version;
    const char* const done = same                          ? "unchanged"
                             : verb == board::Verb::create ? "created"
                             : verb == board::Verb::amend  ? "amended"
                             : verb == board::Verb::move   ? "moved"
                                                           : "removed";
    if (context.json) {
        print_json(json::object{{"board", board_json(*board, board->snapshot()->position())},
                                {"done", done},
                                {"id", id},
                                {"version", version},
                                {"position", receipt->last.value},
                                {"repeated", receipt->repeated},
                                {"dry_run", options.dry_run}});
    } else {
        print(banner(*board) + "\n" + (options.dry_run && !same ? "would be " : "") + done + ": " + options.type + " " +
              options.key + ", version " + std::to_string(version) +
              (options.dry_run || same ? "" : ", entry #" + std::to_string(receipt->last.value)) +
              (receipt->repeated ? " (repeated, nothing written)" : "") + "\n");
    }
    return 0;
}

int set(Context& context, const SetOptions& options) {
    const auto board = open_board(context, options.board, Access::write);
    return board ? set_in(context, *board, options) : context.exit_code;
}

struct FileCloser {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using OpenFile = std::unique_ptr<std::FILE, FileCloser>;

// Where the bytes are to be named must be there before they come in.
Status attachable(board::Board& board, const SetOptions& options, const std::string& field) {
    const auto snapshot = board.snapshot();
    const model::Model& model = snapshot->model();
    YIPAN_TRY(const int type, report::find_type(model, options.type));
    const model::Type& shape = model.types[static_cast<std::size_t>(type)];
    const int index = shape.find(field);
    if (index < 0 || shape.fields[static_cast<std::size_t>(index)].kind != model::FieldKind::attachment) {
        std::vector<std::string_view> known;
        for (const model::Field& f : shape.fields)
            if (f.kind == model::FieldKind::attachment) known.push_back(f.code);
        return fail(Code::not_found, field, shape.code + " has no attachment field of this name",
                    did_you_mean(field, known, known.empty() ? "none of its fields takes attachments" : "as in the model"));
    }
    exchange::Names names(*snapshot);
    return report::find_record(*snapshot, names, type, options.key).map([](RecordId) {});
}

int attach(Context& context, SetOptions options, const std::string& field, const std::string& path) {
    const OpenFile file(std::fopen(path.c_str(), "rb"));
    if (!file) return refuse(context, Error{Code::not_found, path, "cannot be read", "check the name and the right to read it"});
    const auto board = open_board(context, options.board, Access::write);
    if (!board) return context.exit_code;
    if (const Status ok = attachable(*board, options, field); !ok) return refuse(context, ok.error());
    const auto put = board->put_attachment([&](char* out, std::size_t room) -> Result<std::size_t> {
        const std::size_t got = std::fread(out, 1, room, file.get());
        if (got == 0 && std::ferror(file.get())) return fail(Code::store_failed, path, "cannot be read to its end", "check the disk");
        return got;
    });
    if (!put) return refuse(context, put.error());
    options.fields = {field + "=sha256:" + put->hash + " " + std::filesystem::path(path).filename().string()};
    return set_in(context, *board, options);
}

int attachment(Context& context, const std::string& path, std::string hash, const std::string& out_path) {
    if (hash.starts_with("sha256:")) hash = hash.substr(7, hash.find(' ') - 7);
    const auto board = open_board(context, path, Access::read);
    if (!board) return context.exit_code;
    const auto known = board->attachment(hash);
    if (!known) return refuse(context, known.error());
    if (!*known)
        return refuse(context, Error{Code::not_found, hash, "the board has no bytes of this hash", "yipan attach brings them"});
    const std::string part = out_path + ".part";
    OpenFile file(std::fopen(part.c_str(), "wb"));
    if (!file) return refuse(context, Error{Code::read_only, out_path, "cannot be written", "check the folder and the right to write there"});
    bool written = true;
    Sha256 sum;
    const Status read = board->read_attachment(hash, 0, [&](std::string_view piece) {
        sum.add(piece);
        written = std::fwrite(piece.data(), 1, piece.size(), file.get()) == piece.size();
        return written;
    });
    written = std::fclose(file.release()) == 0 && written;
    const bool same = hex(sum.finish()) == hash;
    if (!read || !written || !same || std::rename(part.c_str(), out_path.c_str()) != 0) {
        (void)std::remove(part.c_str());
        if (!read) return refuse(context, read.error());
        if (written && !same) return refuse(context, Error{Code::corrupt, hash, "its bytes do not have this hash", "restore a backup that verifies"});
        return refuse(context, Error{Code::store_failed, out_path, "could not be written to the end", "make room on the disk"});
    }
    if (context.json)
        print_json(json::object{{"board", board_json(*board, board->snapshot()->position())},
                                {"hash", hash},
                                {"bytes", (*known)->bytes},
                                {"file", out_path}});
    else
        print(banner(*board) + "\n" + out_path + ": " + std::to_string((*known)->bytes) + " bytes\n");
    return 0;
}

}  // namespace

void add_record_commands(CLI::App& app, Context& context) {
    {
        CLI::App* command = app.add_subcommand("list", "records of a type");
        auto options = std::make_shared<ListOptions>();
        command->add_option("BOARD", options->board, "the board's file")->required();
        command->add_option("TYPE", options->type, "one of its record types")->required();
        command->add_option("--filter", options->filter, "CEL over the record's fields");
        command->add_option("--limit", options->limit, "at most so many")->check(CLI::Range(1, 100'000));
        command->add_option("--offset", options->offset, "leave out so many")->check(not_negative());
        on_run(command, context, [&context, options] { return list(context, *options); });
    }
    {
        CLI::App* command = app.add_subcommand("show", "one record with its history");
        auto path = std::make_shared<std::string>(), type = std::make_shared<std::string>(),
             key = std::make_shared<std::string>();
        command->add_option("BOARD", *path, "the board's file")->required();
        command->add_option("TYPE", *type, "one of its record types")->required();
        command->add_option("KEY", *key, "key, title, or #number")->required();
        on_run(command, context, [&context, path, type, key] { return show(context, *path, *type, *key); });
    }
    {
        CLI::App* command = app.add_subcommand("set", "create, amend, move or remove one record");
        auto options = std::make_shared<SetOptions>();
        command->add_option("BOARD", options->board, "the board's file")->required();
        command->add_option("TYPE", options->type, "one of its record types")->required();
        command->add_option("KEY", options->key, "an unknown key makes a new record; - for a type without key")
            ->required();
        command->add_option("FIELDS", options->fields, "field=value ...");
        command->add_option("--move", options->move, "make this move of its states");
        command->add_flag("--remove", options->remove, "delete the record");
        command->add_option("--expect-version", options->expect_version, "refuse unless this is the current version")
            ->check(CLI::PositiveNumber);
        command->add_option("--effective", options->effective, "from when the values hold");
        command->add_option("--post", options->post, "the post that acts");
        command->add_option("--person", options->person, "the person who acts");
        command->add_option("--idempotency-key", options->idempotency_key, "the same key again changes nothing");
        command->add_flag("--dry-run", options->dry_run, "judge only");
        on_run(command, context, [&context, options] { return set(context, *options); });
    }
    {
        CLI::App* command = app.add_subcommand("attach", "take a file in and name it in a record's attachment field");
        auto options = std::make_shared<SetOptions>();
        auto field = std::make_shared<std::string>(), file = std::make_shared<std::string>();
        command->add_option("BOARD", options->board, "the board's file")->required();
        command->add_option("TYPE", options->type, "one of its record types")->required();
        command->add_option("KEY", options->key, "key, title, or #number")->required();
        command->add_option("FIELD", *field, "an attachment field of the type")->required();
        command->add_option("FILE", *file, "the file")->required();
        command->add_option("--post", options->post, "the post that acts");
        command->add_option("--person", options->person, "the person who acts");
        on_run(command, context, [&context, options, field, file] { return attach(context, *options, *field, *file); });
    }
    {
        CLI::App* command = app.add_subcommand("attachment", "give an attachment's bytes out, compared with its hash");
        auto path = std::make_shared<std::string>(), hash = std::make_shared<std::string>(), out = std::make_shared<std::string>();
        command->add_option("BOARD", *path, "the board's file")->required();
        command->add_option("HASH", *hash, "as the record's field has it")->required();
        command->add_option("--out", *out, "file to be written")->required();
        on_run(command, context, [&context, path, hash, out] { return attachment(context, *path, *hash, *out); });
    }
}

}  // namespace yipan::app
