// fill: a table of the register (一表通) answered from the board. Works on the types of modules/task/types/tables.yaml; a board whose model has
// none of them is told so. One draft: the filling and its answers, by the one write path. What people answer by hand is left alone.
#include "context.h"
#include "output.h"
#include "report/ask.h"

namespace yipan::app {
namespace json = boost::json;
namespace {

struct FillArguments {
    std::string board, form, unit, period, post, person;
    bool dry_run = false;
};

class Filler {
  public:
    Filler(board::Board& board, const FillArguments& arguments)
        : board_(board), arguments_(arguments), snapshot_(board.snapshot()), model_(snapshot_->model()), names_(*snapshot_) {}

    struct Answer {
        std::string no, field, value, source;
        bool by_board = false;
    };

    Checked<board::Receipt> fill() {
        for (const auto& [into, code] : {std::pair{&form_, "table_form"}, {&field_, "table_field"}, {&item_, "data_item"}, {&filling_, "table_filling"}, {&answer_, "table_answer"}, {&organ_, "organ"}}) {
            *into = model_.find_type(code);
            if (*into < 0) return fail(Errors{{Code::not_found, "", std::string("this board keeps no ") + code, "the module task has the register of tables"}});
        }
        const Result<RecordId> form = report::find_record(*snapshot_, names_, form_, arguments_.form);
        const Result<RecordId> unit = report::find_record(*snapshot_, names_, organ_, arguments_.unit);
        const Result<Period> period = Period::parse(arguments_.period);
        Errors errors;
        if (!form) errors.push_back(form.error());
        if (!unit) errors.push_back(unit.error());
        if (!period) errors.push_back(period.error());
        board::Draft draft;
        draft.channel = cli_channel();
        draft.dry_run = arguments_.dry_run;
        for (const auto& [type, name, into] : {std::tuple{model_.identity.post, &arguments_.post, &draft.post}, {model_.identity.person, &arguments_.person, &draft.actor}}) {
            if (name->empty() || type < 0) continue;
            const Result<RecordId> id = report::find_record(*snapshot_, names_, type, *name);
            if (id) *into = *id;
            else errors.push_back(id.error());
        }
        if (!errors.empty()) return fail(std::move(errors));
        period_ = *period;
        RecordId filling;
        if (const auto known = one(filling_, {{"table_form", form->value}, {"unit", unit->value}, {"period", period_.encoded()}})) filling = known->id;
        board::Change head;
        head.type = filling_;
        head.set = {{at(filling_, "filled_on"), std::int64_t{snapshot_->today().days}}, {at(filling_, "filled_at"), snapshot_->position().value}};
        if (filling.value == 0) {
            head.set.insert(head.set.end(), {{at(filling_, "table_form"), form->value}, {at(filling_, "unit"), unit->value}, {at(filling_, "period"), period_.encoded()}});
        } else {
            head.verb = board::Verb::amend;
            head.record = filling;
        }
        draft.changes.push_back(std::move(head));
        board::Snapshot::Query fields;
        fields.also = "t.\"table_form\" = ?1";
        fields.also_parameters = {record::Value(form->value)};
        fields.order = {{at(field_, "no"), false}};
        fields.limit = 500;
        const auto rows = snapshot_->list(field_, fields);
        if (!rows) return fail(Errors{rows.error()});
        for (const record::RecordPtr& field : rows->rows) answer(*field, filling, draft, errors);
        if (!errors.empty()) return fail(std::move(errors));
        return board_.apply(std::move(draft));
    }
    const std::vector<Answer>& answers() const { return answers_; }

  private:
    int at(int type, std::string_view field) const { return model_.types[static_cast<std::size_t>(type)].find(field); }
    std::string text(const record::Record& r, int type, std::string_view field) const {
        const auto* value = record::as_text(r.at(at(type, field)));
        return value ? *value : "";
    }
    record::RecordPtr one(int type, const std::vector<std::pair<std::string, std::int64_t>>& fields) {
        board::Snapshot::Query q;
        for (const auto& [field, value] : fields) {
            q.also_parameters.emplace_back(value);
            q.also += (q.also.empty() ? "t.\"" : " AND t.\"") + field + "\" = ?" + std::to_string(q.also_parameters.size());
        }
        q.limit = 1;
        const auto found = snapshot_->list(type, q);
        return found && !found->rows.empty() ? found->rows.front() : nullptr;
    }

    void answer(const record::Record& field, RecordId filling, board::Draft& draft, Errors& errors) {
        Answer made;
        made.no = std::to_string(*record::as_integer(field.at(at(field_, "no"))));
        made.field = text(field, field_, "name");
        const auto* item_id = record::as_integer(field.at(at(field_, "item")));
        const record::RecordPtr item = item_id ? snapshot_->record(item_, RecordId{*item_id}) : nullptr;
        const std::string by = item ? text(*item, item_, "answered_by") : "hand";
        if (by == "figure") from_figure(text(*item, item_, "figure"), made, errors);
        if (by == "record") from_record(text(*item, item_, "record_type"), text(*item, item_, "record_field"), made, errors);
        const record::RecordPtr known =
            filling.value == 0 ? nullptr : one(answer_, {{"table_filling", filling.value}, {"field", field.id.value}});
        if (!made.by_board) {
            if (known) made.value = text(*known, answer_, "value");
            answers_.push_back(std::move(made));
            return;
        }
        board::Change change;
        change.type = answer_;
        change.set = {{at(answer_, "value"), made.value}, {at(answer_, "by_board"), std::int64_t{1}}, {at(answer_, "source"), made.source}};
        if (known) {
            change.verb = board::Verb::amend;
            change.record = known->id;
        } else {
            change.set.insert(change.set.end(), {{at(answer_, "table_filling"), filling.value ? filling.value : std::int64_t{-1}}, {at(answer_, "field"), field.id.value}});
        }
        draft.changes.push_back(std::move(change));
        answers_.push_back(std::move(made));
    }
    void from_figure(const std::string& code, Answer& made, Errors& errors) {
        report::AskText asked;
        asked.figure = code;
        asked.unit = arguments_.unit;
        asked.unit_type = "organ";
        if (const int figure = model_.find_figure(code); figure >= 0 && report::has_period(model_, figure)) asked.period = period_.text();
        const auto ask = report::read_ask(*snapshot_, names_, asked);
        if (!ask) {
            for (Error e : ask.error()) errors.push_back({e.code, made.field, e.message, e.hint});
            return;
        }
        const figure::Value value = snapshot_->figure(*ask);
        made.source = "figure " + code + " " + arguments_.unit + (asked.period.empty() ? "" : " " + asked.period);
        if (!value.has) return;  // no value is not zero: people answer
        made.value = value.number.normalised().text();
        made.by_board = true;
    }
    // The record of that type with the key of the unit.
    void from_record(const std::string& type_code, const std::string& field_code, Answer& made, Errors& errors) {
        const Result<int> type = report::find_type(model_, type_code);
        const int index = type ? at(*type, field_code) : -1;
        if (index < 0) return errors.push_back({Code::not_found, made.field, "there is no " + type_code + "." + field_code, "the data item names a type and a field"});
        const model::Field& field = model_.types[static_cast<std::size_t>(*type)].fields[static_cast<std::size_t>(index)];
        if (field.group != model::FieldGroup::plain) return errors.push_back({Code::not_allowed, made.field, "personal fields and files are not filled into tables", ""});
        const Result<RecordId> id = names_.find(*type, arguments_.unit);
        const record::RecordPtr record = id ? snapshot_->record(*type, *id) : nullptr;
        if (!record || record::is_unset(record->at(index))) return;
        made.source = type_code + " " + arguments_.unit + "." + field_code;
        made.value = record::display(model_, field, record->at(index), model::Language::hans, names_.title_function());
        made.by_board = true;
    }

    board::Board& board_;
    const FillArguments& arguments_;
    std::unique_ptr<board::Snapshot> snapshot_;
    const model::Model& model_;
    exchange::Names names_;
    int form_ = -1, field_ = -1, item_ = -1, filling_ = -1, answer_ = -1, organ_ = -1;
    Period period_;
    std::vector<Answer> answers_;
};

int fill(Context& context, const FillArguments& arguments) {
    const auto board = open_board(context, arguments.board, Access::write);
    if (!board) return context.exit_code;
    Filler filler(*board, arguments);
    const Checked<board::Receipt> receipt = filler.fill();
    if (!receipt) return refuse(context, receipt.error());
    const auto by_board = std::count_if(filler.answers().begin(), filler.answers().end(), [](const auto& a) { return a.by_board; });
    if (context.json) {
        json::array rows;
        for (const auto& a : filler.answers())
            rows.push_back({{"no", a.no}, {"field", a.field}, {"value", a.value}, {"by_board", a.by_board}, {"source", a.source}});
        print_json(json::object{{"board", board_json(*board, receipt->last)}, {"answers", std::move(rows)}, {"by_board", by_board}});
        return 0;
    }
    std::vector<std::vector<std::string>> rows{{"no", "field", "value", "answered by"}};
    for (const auto& a : filler.answers()) rows.push_back({a.no, a.field, a.value, a.by_board ? a.source : "by hand"});
    print(banner(*board) + "\n" + table_text(rows, {0}) + std::to_string(by_board) + " of " + std::to_string(filler.answers().size()) +
          " answered by the board\n");
    return 0;
}

}  // namespace

void add_table_commands(CLI::App& app, Context& context) {
    CLI::App* command = app.add_subcommand("fill", "answer a table of the register (一表通) from the board; what is answered by hand stays");
    auto arguments = std::make_shared<FillArguments>();
    command->add_option("BOARD", arguments->board, "the board's file")->required();
    command->add_option("FORM", arguments->form, "code of the table in the register")->required();
    command->add_option("--unit", arguments->unit, "unit the table is about")->required();
    command->add_option("--period", arguments->period, "2026-06, 2026Q2, 2026H1, 2026")->required();
    command->add_option("--post", arguments->post, "post that fills it");
    command->add_option("--person", arguments->person, "person who acts in the post");
    command->add_flag("--dry-run", arguments->dry_run, "judge, write nothing");
    on_run(command, context, [&context, arguments] { return fill(context, *arguments); });
}

}  // namespace yipan::app
