// todo, act, clock: workflow from the command line (docs/flow.md). Who acts is named by the post; the person is who holds it.
#include <memory>

#include "flow/acts.h"
#include "flow/ticker.h"
#include "output.h"
#include "report/ask.h"

namespace yipan::app {
namespace json = boost::json;
namespace {
constexpr std::int64_t rows_max = 200;

struct Who {
    std::string post, person;
};
Result<RecordId> post_of(board::Snapshot& snapshot, const std::string& name) {
    const model::Model& model = snapshot.model();
    if (model.identity.post < 0 || !model.flow.declared) return fail(Code::usage, "flow", "this board's model declares no workflow", "docs/flow.md");
    return snapshot.find(model.identity.post, name);
}
std::string post_name(board::Snapshot& snapshot, RecordId post) {
    const auto r = snapshot.record(snapshot.model().identity.post, post);
    return r ? flow::title_of(snapshot.model(), *r) : "";
}

struct TodoOptions {
    std::string board, post, list = "todo";
};
int todo(Context& context, const TodoOptions& options) {
    const auto board = open_board(context, options.board, Access::read);
    if (!board) return context.exit_code;
    const auto snapshot = board->snapshot();
    const model::Model& model = snapshot->model();
    const auto post = post_of(*snapshot, options.post);
    if (!post) return refuse(context, post.error());
    const auto standing = flow::Standing::read(*snapshot);
    if (!standing) return refuse(context, standing.error());
    board::Snapshot::Query query;
    query.limit = rows_max;
    int type = model.flow.work;
    if (options.list == "todo") {
        for (const auto& f : (*standing)->falls_to(*post)) {
            query.also_parameters.emplace_back(f.post.value);
            query.also += (query.also.empty() ? "?" : ",?") + std::to_string(query.also_parameters.size());
        }
        query.also = "t.lies_with IN (" + (query.also.empty() ? "0" : query.also) + ")";
        query.order = {{model.types[flow::at(type)].find("due"), false}};
    } else {
        const bool inbox = options.list == "inbox", copied = options.list == "copied", started = options.list == "started";
        type = inbox || copied ? model.flow.message : started ? model.flow.cases : model.flow.work;
        query.also = inbox || copied ? "t.to_post = ?1" : started ? "t.starter = ?1" : "t.done_post = ?1";
        if (copied) query.also += " AND t.kind = 'copy'";
        query.also_parameters = {record::Value(post->value)};
        query.order = {{-1, true}};
    }
    const auto found = snapshot->list(type, query);
    if (!found) return refuse(context, found.error());
    json::array list;
    std::vector<std::vector<std::string>> rows;
    for (const auto& r : found->rows) {
        const std::string title = flow::text(model, *r, "title");
        json::object one{{"id", r->id.value}, {"subject", flow::text(model, *r, "subject")}, {"title", title}};
        std::vector<std::string> row{"#" + std::to_string(r->id.value), flow::text(model, *r, "subject"), title};
        if (type == model.flow.work) {
            const RecordId with = flow::reference(model, *r, "lies_with");
            const auto due = flow::date(model, *r, "due");
            const bool other = with.value != 0 && with != *post;
            one["step"] = flow::text(model, *r, "step"), one["status"] = flow::text(model, *r, "status");
            one["due"] = due ? json::value(due->text()) : json::value(nullptr);
            one["instead_of"] = other ? json::value(post_name(*snapshot, with)) : json::value(nullptr);
            row.insert(row.end(), {flow::text(model, *r, "step_label"), flow::text(model, *r, "status"), due ? due->text() : "", other ? "代 " + post_name(*snapshot, with) : ""});
        } else if (type == model.flow.cases) {
            one["status"] = flow::text(model, *r, "status"), one["step"] = flow::text(model, *r, "step");
            row.insert(row.end(), {flow::text(model, *r, "step"), flow::text(model, *r, "status")});
        } else {
            one["kind"] = flow::text(model, *r, "kind"), one["text"] = flow::text(model, *r, "text"), one["late"] = flow::number(model, *r, "late") != 0;
            row.insert(row.end(), {flow::text(model, *r, "kind"), flow::text(model, *r, "text")});
        }
        list.emplace_back(std::move(one));
        rows.push_back(std::move(row));
    }
    if (context.json) {
        print_json(json::object{{"board", board_json(*board, snapshot->position())}, {"post", post_name(*snapshot, *post)}, {"list", options.list}, {"rows", std::move(list)}, {"more", found->more}});
        return 0;
    }
    print(banner(*board) + "\n" + post_name(*snapshot, *post) + " · " + options.list + "\n" + (rows.empty() ? "(nothing)\n" : table_text(rows, {})));
    if (found->more) print("(there is more)\n");
    return 0;
}

struct ActOptions {
    std::string board, act, post, person, to, step, text;
    std::vector<std::string> words;
    int workdays = -1;
    bool straight = false;
};
int act(Context& context, const ActOptions& options) {
    const auto board = open_board(context, options.board, Access::write);
    if (!board) return context.exit_code;
    flow::Acts acts(*board);
    flow::Act what;
    {
        const auto snapshot = board->snapshot();
        const model::Model& model = snapshot->model();
        const auto kind = flow::act_named(options.act);
        if (!kind) return refuse(context, Error{Code::usage, "ACT", "no act \"" + options.act + "\"", "start, assign_record, agree, disagree, return, hand_over, assign, add_before, add_after, withdraw, urge, void"});
        what.act = *kind;
        what.channel = cli_channel();
        const auto post = post_of(*snapshot, options.post);
        if (!post) return refuse(context, post.error());
        what.post = *post;
        const auto standing = acts.standing(*snapshot);
        if (!standing) return refuse(context, standing.error());
        if (!options.person.empty()) {
            const auto person = snapshot->find(model.identity.person, options.person);
            if (!person) return refuse(context, person.error());
            if (!(*standing)->holds(*person, *post)) return refuse(context, Error{Code::not_allowed, "--person", options.person + " does not hold that post today", ""});
            what.person = *person;
        } else if (const auto& holders = (*standing)->holders(*post); holders.size() == 1) {
            what.person = holders[0];
        } else {
            return refuse(context, Error{Code::usage, "--person", holders.empty() ? "nobody holds that post today" : "several people hold that post", "--person KEY"});
        }
        if (!options.to.empty()) {
            const auto to = post_of(*snapshot, options.to);
            if (!to) return refuse(context, to.error());
            what.to = *to;
        }
        what.to_step = options.step, what.straight = options.straight, what.text = options.text;
        if (options.workdays >= 0) what.workdays = options.workdays;
        const bool of_record = what.act == flow::Do::start || what.act == flow::Do::assign_record;
        const std::size_t words = what.act == flow::Do::start ? 3 : of_record ? 2 : 1;
        if (options.words.size() != words)
            return refuse(context, Error{Code::usage, "", options.act + " wants " + (words == 3 ? "a type, a record and a move" : words == 2 ? "a type and a record" : "the number of a work item or case"), "yipan todo BOARD --post P"});
        if (of_record) {
            const auto type = report::find_type(model, options.words[0]);
            if (!type) return refuse(context, type.error());
            const auto record = snapshot->find(*type, options.words[1]);
            if (!record) return refuse(context, record.error());
            what.subject = {*type, *record};
            if (words == 3) what.move = options.words[2];
        } else {
            const std::string number = options.words[0].starts_with("#") ? options.words[0].substr(1) : options.words[0];
            (what.act >= flow::Do::withdraw ? what.flow_case : what.item) = RecordId(std::atoll(number.c_str()));
        }
    }
    auto done = acts.perform(what);
    if (!done) return refuse(context, done.error());
    const auto snapshot = board->snapshot();
    const model::Model& model = snapshot->model();
    const auto the_case = snapshot->record(model.flow.cases, done->flow_case);
    json::array next;
    std::string said;
    if (the_case)
        if (const auto items = flow::rows(*snapshot, model.flow.work, {{"flow_case", record::Value(the_case->id.value)}, {"status", record::Value(std::string("open"))}}, rows_max))
            for (const auto& i : items->rows) {
                const std::string with = post_name(*snapshot, flow::reference(model, *i, "lies_with"));
                next.push_back({{"item", i->id.value}, {"step", flow::text(model, *i, "step")}, {"lies_with", with}});
                said += "  #" + std::to_string(i->id.value) + " " + flow::text(model, *i, "step_label") + " · " + with + "\n";
            }
    const std::string status = the_case ? flow::text(model, *the_case, "status") : "";
    if (context.json)
        print_json(json::object{{"entry", done->receipt.last.value}, {"case", done->flow_case.value}, {"status", status}, {"next", std::move(next)}});
    else
        print("entry " + std::to_string(done->receipt.last.value) + " · case " + std::to_string(done->flow_case.value) + " · " + status + "\n" + said);
    return 0;
}

int clock(Context& context, const std::string& path, const std::string& to) {
    const auto board = open_board(context, path, Access::write);
    if (!board) return context.exit_code;
    flow::Ticker ticker(*board);
    json::array days;
    std::int64_t refused = 0;
    const auto tick = [&]() -> Status {
        YIPAN_TRY(const flow::Ticked done, ticker.tick());
        refused += done.refused;
        days.push_back({{"day", done.day.text()}, {"lamps", done.lamps}, {"reminders", done.reminders}, {"notices", done.notices}, {"deadlines", done.deadlines}, {"refused", done.refused}, {"failed", done.failed}});
        if (!context.json && (done.lamps || done.deadlines || done.refused || done.failed || to.empty() || done.day.text() == to))
            print(done.day.text() + ": " + std::to_string(done.lamps) + " lamps, " + std::to_string(done.reminders) + " reminders, " + std::to_string(done.notices) + " notices, " + std::to_string(done.deadlines) + " deadlines moved" +
                  (done.refused ? ", " + std::to_string(done.refused) + " refused" : "") + (done.failed ? ", " + std::to_string(done.failed) + " cannot be computed" : "") + "\n");
        for (const Errors* told : {&done.problems, &done.failures})
            for (const Error& e : *told) std::fprintf(stderr, "%s\n", e.text().c_str());
        return {};
    };
    if (!context.json) print(banner(*board) + "\n");
    if (to.empty()) {
        if (const auto done = tick(); !done) return refuse(context, done.error());
    } else {
        const auto last = Date::parse(to);
        if (!last) return refuse(context, Error{Code::usage, "--to", last.error().message, "2026-06-30"});
        // Day by day, each morning at nine: what falls between comes in its order and on its day.
        Date day = board->zone().date_of(board->now());
        if (*last < day) return refuse(context, Error{Code::usage, "--to", "the clock stands at " + day.text() + " and never goes back", ""});
        if (const auto done = tick(); !done) return refuse(context, done.error());
        while (day < *last) {
            day = Date{day.days + 1};
            if (const auto stepped = board->step_clock(board->zone().at(day, 9, 0, 0)); !stepped) return refuse(context, stepped.error());
            if (const auto done = tick(); !done) return refuse(context, done.error());
        }
    }
    if (context.json) print_json(json::object{{"board", board_json(*board, board->snapshot()->position())}, {"days", std::move(days)}});
    return refused ? 1 : 0;
}
}  // namespace

void add_flow_commands(CLI::App& app, Context& context) {
    {
        CLI::App* command = app.add_subcommand("todo", "what lies with a post, or what it did, started, was told");
        auto options = std::make_shared<TodoOptions>();
        command->add_option("BOARD", options->board, "the board")->required();
        command->add_option("--post", options->post, "the post, by its key")->required();
        command->add_option("--list", options->list, "todo, done, started, copied, inbox")->check(CLI::IsMember({"todo", "done", "started", "copied", "inbox"}));
        on_run(command, context, [&context, options] { return todo(context, *options); });
    }
    {
        CLI::App* command = app.add_subcommand("act", "start a move with steps, agree, return, hand over, withdraw ... (docs/flow.md)");
        auto options = std::make_shared<ActOptions>();
        command->add_option("BOARD", options->board, "the board")->required();
        command->add_option("ACT", options->act, "start TYPE RECORD MOVE | assign_record TYPE RECORD | agree|disagree|return|hand_over|assign|add_before|add_after ITEM | withdraw|urge|void CASE")->required();
        command->add_option("WORDS", options->words, "what it is done to")->required();
        command->add_option("--post", options->post, "the post that acts")->required();
        command->add_option("--person", options->person, "who holds it, where several do");
        command->add_option("--to", options->to, "another post");
        command->add_option("--step", options->step, "return: to this step; `start`: to who started");
        command->add_flag("--straight", options->straight, "return: afterwards straight back here");
        command->add_option("--text", options->text, "the opinion");
        command->add_option("--workdays", options->workdays, "until it is due")->check(CLI::Range(0, 250));
        on_run(command, context, [&context, options] { return act(context, *options); });
    }
    {
        CLI::App* command = app.add_subcommand("clock", "what time does: lamps, reminders, notices, deadlines; --to steps a frozen clock");
        auto board = std::make_shared<std::string>(), to = std::make_shared<std::string>();
        command->add_option("BOARD", *board, "the board")->required();
        command->add_option("--to", *to, "step the frozen clock of a demo board to this day, day by day");
        on_run(command, context, [&context, board, to] { return clock(context, *board, *to); });
    }
}

}  // namespace yipan::app
