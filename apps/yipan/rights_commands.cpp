// yipan rights: why somebody may or may not, and who may, on the command line.
#include "access/explain.h"
#include "context.h"
#include "exchange/names.h"

namespace yipan::app {
namespace {
namespace json = boost::json;
using access::Action;

struct RightsArguments {
    std::string board, person, post, type, key, action;
    bool readers = false;
    std::int64_t limit = 200;
};

std::optional<Action> action_named(const std::string& code) {
    for (int a = 0; a < model::action_count; ++a)
        if (model::action_name(static_cast<Action>(a)) == code) return static_cast<Action>(a);
    return std::nullopt;
}

int readers(Context& context, board::Board& board, board::Snapshot& snapshot, const std::shared_ptr<const access::Directory>& directory, const record::Record& record,
            Action action, std::int64_t limit) {
    const auto& identity = snapshot.model().identity;
    exchange::Names names(snapshot);
    json::array list;
    std::string text;
    std::int64_t total = 0;
    for (const auto& [person, posts] : directory->people())
        for (const auto& held : posts) {
            const access::Who who(board.model(), directory, RecordId(person), held.post);
            const std::string reason = access::first_reason(who, action, record, snapshot, context.language());
            if (reason.empty()) continue;
            if (++total > limit) continue;
            const std::string name = names.title_of(identity.person, RecordId(person)), post = names.title_of(identity.post, held.post);
            list.push_back({{"person", name}, {"post", post}, {"because", reason}});
            text += name + " · " + post + ": " + reason + "\n";
        }
    if (context.json) {
        print_json(json::object{{"board", board_json(board, snapshot.position())}, {"action", model::action_name(action)}, {"readers", std::move(list)}, {"total", total}});
        return 0;
    }
    if (total > limit) text += "... " + std::to_string(total - limit) + " more (--limit)\n";
    print(banner(board) + "\n" + std::to_string(total) + "\n" + text);
    return 0;
}

int rights(Context& context, const RightsArguments& arguments) {
    const auto board = open_board(context, arguments.board, Access::read);
    if (!board) return context.exit_code;
    const auto snapshot = board->snapshot();
    const model::Model& model = snapshot->model();
    const int type = model.find_type(arguments.type);
    if (type < 0)
        return refuse(context, Error{Code::not_found, "TYPE", "no type \"" + arguments.type.substr(0, 80) + "\"", model.nearest_type(arguments.type)});
    const std::optional<Action> only = arguments.action.empty() ? std::nullopt : action_named(arguments.action);
    record::RecordPtr record;
    if (!arguments.key.empty()) {
        const auto id = snapshot->find(type, arguments.key);
        if (!id) return refuse(context, id.error());
        record = snapshot->record(type, *id);
    }
    const auto directory = access::Directory::read(*snapshot);
    if (!directory) return refuse(context, directory.error());
    if (arguments.readers) {
        if (!record) return refuse(context, Error{Code::usage, "KEY", "who may is asked of one record", "name its key"});
        return readers(context, *board, *snapshot, *directory, *record, only.value_or(Action::see), arguments.limit);
    }
    if (arguments.person.empty()) return refuse(context, Error{Code::usage, "--person", "whose rights?", "--person KEY, or --readers"});
    const auto person = snapshot->find(model.identity.person, arguments.person);
    if (!person) return refuse(context, person.error());
    const auto& held = (*directory)->posts_of(*person);
    if (held.empty()) return refuse(context, Error{Code::not_found, "--person", arguments.person + " holds no post today", ""});
    RecordId post = held.front().post;
    if (!arguments.post.empty()) {
        const auto asked = snapshot->find(model.identity.post, arguments.post);
        if (!asked) return refuse(context, asked.error());
        post = *asked;
        if (std::none_of(held.begin(), held.end(), [&](const auto& h) { return h.post == post; }))
            return refuse(context, Error{Code::not_allowed, "--post", arguments.person + " does not hold " + arguments.post + " today", ""});
    }
    const access::Who who(board->model(), *directory, *person, post);
    json::object answers;
    exchange::Names names(*snapshot);
    std::string text = names.title_of(model.identity.person, *person) + " · " + names.title_of(model.identity.post, post) + "\n";
    for (int a = 0; a < model::action_count; ++a) {
        const auto action = static_cast<Action>(a);
        if (only && *only != action) continue;
        const access::Told told = access::told(who, action, type, record.get(), *snapshot, context.language());
        if (told.because.empty() && !only) continue;  // what no role may at all is said when asked for
        json::object one{{"may", told.may}, {"text", told.text}};
        text += (told.may ? "+ " : "- ") + told.text;
        if (!record) {
            const auto where = who.where(type, action, snapshot->resolver());
            if (!where) return refuse(context, where.error());
            board::Snapshot::Query q;
            q.also = where->sql;
            q.also_parameters = where->parameters;
            const auto n = snapshot->count(type, q, INT64_MAX), all = snapshot->count(type, "");
            if (!n || !all) return refuse(context, n ? all.error() : n.error());
            one["records"] = *n, one["of"] = *all;
            text += " (" + std::to_string(*n) + " / " + std::to_string(*all) + ")";
        }
        text += "\n";
        json::array because;
        for (const auto& b : told.because) {
            because.push_back({{"holds", b.holds}, {"text", b.text}, {"where", b.where}});
            text += std::string("    ") + (b.holds ? "+ " : "- ") + b.text + "  [" + b.where + "]\n";
        }
        one["because"] = std::move(because);
        answers[model::action_name(action)] = std::move(one);
    }
    if (context.json)
        print_json(json::object{{"board", board_json(*board, snapshot->position())}, {"rights", std::move(answers)}});
    else
        print(banner(*board) + "\n" + text);
    return 0;
}
}  // namespace

void add_rights_commands(CLI::App& app, Context& context) {
    CLI::App* command = app.add_subcommand("rights", "why somebody may or may not, and who may");
    auto arguments = std::make_shared<RightsArguments>();
    std::vector<std::string> names;
    for (int a = 0; a < model::action_count; ++a) names.emplace_back(model::action_name(static_cast<Action>(a)));
    command->add_option("BOARD", arguments->board, "the board")->required();
    command->add_option("TYPE", arguments->type, "type of records")->required();
    command->add_option("KEY", arguments->key, "one record; without it: how many");
    command->add_option("--person", arguments->person, "key of the person");
    command->add_option("--post", arguments->post, "key of the post acted in; the first one held unless said");
    command->add_option("--action", arguments->action, "one of them only")->check(CLI::IsMember(names));
    command->add_flag("--readers", arguments->readers, "who may (see, or --action)");
    command->add_option("--limit", arguments->limit, "people shown")->check(CLI::Range(1, 10'000));
    on_run(command, context, [&context, arguments] { return rights(context, *arguments); });
}

}  // namespace yipan::app
