#include "flow/tables.h"

#include "report/ask.h"

namespace yipan::flow {
namespace {

class Reader {
  public:
    Reader(board::Snapshot& snapshot, const TableAsk& ask) : snapshot_(snapshot), model_(snapshot.model()), tables_(model_.flow.tables), ask_(ask), names_(snapshot) {}

    Checked<TableState> read() {
        if (tables_.form < 0) return fail(Errors{{Code::not_found, "form", "this board's model has no register of tables", "flow: {tables: ...} (docs/flow.md)"}});
        TableState out;
        Errors errors;
        const model::Type& filling = model_.types[at(tables_.filling)];
        unit_type_ = filling.fields[at(filling.find("unit"))].target;
        out.form = snapshot_.record(tables_.form, ask_.form);
        const auto unit = snapshot_.record(unit_type_, ask_.unit);
        if (!out.form || out.form->voided || !ask_.eyes.see(*out.form)) errors.push_back({Code::not_found, "form", "there is no such table in the register", ""});
        if (!unit || unit->voided || !ask_.eyes.see(*unit)) errors.push_back({Code::not_found, "unit", "there is no such " + model_.types[at(unit_type_)].code, ""});
        if (!errors.empty()) return fail(std::move(errors));
        unit_key_ = names_.key_of(unit_type_, ask_.unit);
        const auto found = rows(snapshot_, tables_.filling,
                                {{filling.fields[at(tables_.form_of)].code, record::Value(ask_.form.value)}, {"unit", record::Value(ask_.unit.value)}, {"period", record::Value(ask_.period.encoded())}}, 10);
        if (!found) return fail(Errors{found.error()});
        for (const auto& r : found->rows)
            if (!r->voided && ask_.eyes.see(*r)) out.filling = r;
        board::Snapshot::Query query;
        query.also = "t." + model_.types[at(tables_.form)].code + " = ?1";
        query.also_parameters = {record::Value(ask_.form.value)};
        query.order = {{model_.types[at(tables_.field)].find("no"), false}};
        query.limit = table_lines_max;
        const auto fields = snapshot_.list(tables_.field, query);
        if (!fields) return fail(Errors{fields.error()});
        for (const auto& field : fields->rows) {
            TableLine line;
            line.field = field->id;
            line.no = number(model_, *field, "no");
            line.name = text(model_, *field, "name");
            line.item = reference(model_, *field, "item");
            describe(line, errors);
            out.lines.push_back(std::move(line));
        }
        if (out.filling) answers(out);
        if (!errors.empty()) return fail(std::move(errors));
        return out;
    }

  private:
    void describe(TableLine& line, Errors& errors) {
        const auto item = line.item.value ? snapshot_.record(tables_.item, line.item) : nullptr;
        line.by = item ? text(model_, *item, "answered_by") : "hand";
        if (!item) return;
        line.item_name = title_of(model_, *item);
        if (line.by == "figure") from_figure(text(model_, *item, "figure"), line, errors);
        if (line.by == "record") from_record(text(model_, *item, "record_type"), text(model_, *item, "record_field"), line, errors);
    }
    void from_figure(const std::string& code, TableLine& line, Errors& errors) {
        line.figure = code;
        report::AskText asked;
        asked.figure = code;
        asked.unit = unit_key_;
        asked.unit_type = model_.types[at(unit_type_)].code;
        if (const int index = model_.find_figure(code); index >= 0 && report::has_period(model_, index)) asked.period = ask_.period.text();
        auto read = report::read_ask(snapshot_, names_, asked);
        if (!read) {
            for (Error e : read.error()) errors.push_back({e.code, line.name, e.message, e.hint});
            return;
        }
        line.ask = *read;
        if (!ask_.eyes.see(*read)) return void(line.why_none = "不在可见范围");
        const figure::Value value = snapshot_.figure(*read);
        if (!value.has) return void(line.why_none = value.why_none);  // no value is not zero: people answer
        line.now = value.number.normalised().text();
    }
    // The record of that type with the key of the unit.
    void from_record(const std::string& type_code, const std::string& field_code, TableLine& line, Errors& errors) {
        line.type = type_code, line.record_field = field_code;
        const int type = model_.find_type(type_code);
        const int index = type < 0 ? -1 : model_.types[at(type)].find(field_code);
        if (index < 0) return errors.push_back({Code::not_found, line.name, "there is no " + type_code + "." + field_code, "the data item names a type and a field"});
        const model::Field& field = model_.types[at(type)].fields[at(index)];
        if (field.group != model::FieldGroup::plain) return errors.push_back({Code::not_allowed, line.name, "personal fields and files are not filled into tables", ""});
        const auto id = names_.find(type, unit_key_);
        const auto record = id ? snapshot_.record(type, *id) : nullptr;
        if (!record || !ask_.eyes.see(*record)) return void(line.why_none = record ? "不在可见范围" : "没有这条记录");
        line.record = record->id;
        if (record::is_unset(record->at(index))) return void(line.why_none = "没有填写");
        line.now = record::display(model_, field, record->at(index), model::Language::hans, names_.title_function());
    }
    void answers(TableState& out) {
        const auto found = rows(snapshot_, tables_.answer, {{model_.types[at(tables_.filling)].code, record::Value(out.filling->id.value)}}, table_lines_max);
        if (!found) return;
        for (const auto& r : found->rows)
            for (TableLine& line : out.lines)
                if (!r->voided && reference(model_, *r, "field") == line.field)
                    line.answer = r->id, line.value = text(model_, *r, "value"), line.source = text(model_, *r, "source"), line.by_board = number(model_, *r, "by_board") != 0;
    }

    board::Snapshot& snapshot_;
    const model::Model& model_;
    const model::Flow::Tables& tables_;
    const TableAsk& ask_;
    exchange::Names names_;
    int unit_type_ = -1;
    std::string unit_key_;
};

std::string source_of(const TableLine& line, const std::string& unit, const Period& period) {
    if (line.by == "figure") return "figure " + line.figure + " " + unit + (line.ask && line.ask->period ? " " + period.text() : "");
    return line.type + " " + unit + "." + line.record_field;
}
}  // namespace

Checked<TableState> table_state(board::Snapshot& snapshot, const TableAsk& ask) { return Reader(snapshot, ask).read(); }

Checked<Filled> fill_table(board::Board& board, const Acting& who, const TableAsk& ask) {
    const auto snapshot = board.snapshot();
    const model::Model& model = snapshot->model();
    auto state = table_state(*snapshot, ask);
    if (!state) return fail(std::move(state.error()));
    const model::Flow::Tables& tables = model.flow.tables;
    const model::Type& filling = model.types[at(tables.filling)];
    exchange::Names names(*snapshot);
    const std::string unit = names.key_of(filling.fields[at(filling.find("unit"))].target, ask.unit);
    board::Draft draft = draft_of(who);
    draft.by_act = false;  // what a clerk may write by hand, and no more
    draft.dry_run = ask.dry_run;
    Making head(model, state->filling ? board::Verb::amend : board::Verb::create, tables.filling, state->filling ? state->filling->id : RecordId());
    head.set("filled_on", snapshot->today()).set("filled_at", record::Value(snapshot->position().value));
    if (!state->filling) head.set(filling.fields[at(tables.form_of)].code, ask.form).set("unit", ask.unit).set("period", record::Value(ask.period.encoded()));
    draft.changes.push_back(std::move(head.change));
    for (TableLine& line : state->lines) {
        if (line.now.empty()) continue;
        line.value = line.now, line.by_board = true, line.source = source_of(line, unit, ask.period);
        Making m(model, line.answer.value ? board::Verb::amend : board::Verb::create, tables.answer, line.answer);
        m.set("value", line.value).set("by_board", record::Value(std::int64_t{1})).set("source", line.source);
        if (line.answer.value == 0) m.set(filling.code, record::Value(state->filling ? state->filling->id.value : std::int64_t{-1})).set("field", line.field);
        m.change.where = line.name;
        draft.changes.push_back(std::move(m.change));
    }
    auto done = board.apply(std::move(draft));
    if (!done) return fail(std::move(done.error()));
    return Filled{std::move(*done), std::move(*state)};
}

}  // namespace yipan::flow
