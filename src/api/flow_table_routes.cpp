// 一表通 over HTTP: a table of the register as it stands for a unit and a period, filled from the board, given out as a file.
// What people answer by hand and the sending are ordinary records (docs/flow.md, section 7).
#include "api/figures.h"
#include "api/flow_telling.h"
#include "api/uploads.h"
#include "exchange/sheet_write.h"
#include "flow/tables.h"

namespace yipan::api {
namespace {

struct Asked {
    flow::TableAsk ask;
    std::unique_ptr<Figures> figures;  // whose eyes look
};
std::optional<Asked> asked_table(const CallPtr& call, const json::value& unit, std::string_view period) {
    if (!has_flow(call)) return std::nullopt;
    const model::Flow::Tables& tables = call->model().flow.tables;
    if (tables.form < 0) return call->problem(Error{Code::not_found, "flow", "this board's model has no register of tables", ""}), std::nullopt;
    const auto form = id_parameter(call, 0);
    if (!form) return std::nullopt;
    const model::Type& filling = call->model().types[at(tables.filling)];
    const auto of = named(call, filling.fields[at(filling.find("unit"))].target, unit, "unit");
    if (!of) return std::nullopt;
    const auto in = Period::parse(period);
    if (!in) return call->problem(Error{in.error().code, "period", in.error().message, in.error().hint}, 422), std::nullopt;
    Asked out{{*form, *of, *in, {}, false}, std::make_unique<Figures>(*call)};
    out.ask.eyes = out.figures->eyes();
    return out;
}
json::value unit_asked(const CallPtr& call) {
    const std::string text(call->request.asked("unit"));
    const auto n = whole_number(text);
    return n ? json::value(*n) : json::value(text);
}

json::object state_json(const CallPtr& call, const flow::TableAsk& ask, const flow::TableState& state) {
    const model::Model& model = call->model();
    const model::Flow::Tables& tables = model.flow.tables;
    Shower shower(*call);
    json::array lines;
    std::int64_t answered = 0, by_board = 0;
    for (const flow::TableLine& l : state.lines) {
        json::value from = nullptr;
        if (l.by == "figure") from = json::object{{"figure", l.figure}, {"has_period", l.ask && l.ask->period.has_value()}};
        if (l.by == "record") from = json::object{{"type", l.type}, {"field", l.record_field}, {"id", l.record.value ? json::value(l.record.value) : json::value(nullptr)}};
        lines.push_back({{"field", l.field.value}, {"no", l.no}, {"name", l.name}, {"item", l.item.value ? shower.reference(tables.item, l.item) : json::value(nullptr)}, {"by", l.by}, {"from", std::move(from)},
                         {"now", l.now}, {"why_none", l.why_none}, {"answer", l.answer.value ? json::value(l.answer.value) : json::value(nullptr)}, {"value", l.value}, {"by_board", l.by_board}, {"source", l.source}});
        answered += !l.value.empty(), by_board += l.by_board && !l.value.empty();
    }
    json::value filling = nullptr;
    if (state.filling) {
        const model::Type& type = model.types[at(tables.filling)];
        const auto* word = type.state >= 0 ? record::as_text(state.filling->at(type.state)) : nullptr;
        filling = json::object{{"id", state.filling->id.value}, {"version", state.filling->version}, {"state", word ? json::value(*word) : json::value(nullptr)}};
    }
    const model::Type& shape = model.types[at(tables.filling)];
    return {{"position", call->snapshot().position().value}, {"form", shower.reference(tables.form, state.form->id)}, {"unit", shower.reference(shape.fields[at(shape.find("unit"))].target, ask.unit)}, {"period", ask.period.text()},
            {"filling", std::move(filling)}, {"lines", std::move(lines)}, {"answered", answered}, {"by_board", by_board},
            {"types", json::object{{"form", model.types[at(tables.form)].code}, {"filling", shape.code}, {"answer", model.types[at(tables.answer)].code}, {"form_field", shape.fields[at(tables.form_of)].code}}}};
}

void show_table(const CallPtr& call) {
    const auto asked = asked_table(call, unit_asked(call), call->request.asked("period"));
    if (!asked) return;
    const auto state = flow::table_state(call->snapshot(), asked->ask);
    if (!state) return call->problem(state.error());
    call->ok(state_json(call, asked->ask, *state));
}
void fill_table(const CallPtr& call) {
    const auto body = call->body();
    if (!body) return;
    const auto* unit = body->if_contains("unit");
    const auto asked = asked_table(call, unit ? *unit : json::value(), member_text(*body, "period"));
    if (!asked) return;
    flow::TableAsk ask = asked->ask;
    if (const auto* dry = body->if_contains("dry_run")) ask.dry_run = dry->is_bool() && dry->get_bool();
    call->drop_snapshot();
    later(call, [call, ask]() mutable {
        Figures figures(*call);
        ask.eyes = figures.eyes();
        auto done = flow::fill_table(call->service.board(), acting(call), ask);
        if (!done) return call->problem(std::move(done.error()));
        call->drop_snapshot();  // what it wrote is to be seen
        Figures after(*call);
        ask.eyes = after.eyes();
        const auto state = flow::table_state(call->snapshot(), ask);
        if (!state) return call->problem(state.error());
        json::object out = state_json(call, ask, ask.dry_run ? done->state : *state);
        out["receipt"] = receipt_json(done->receipt);
        call->ok(std::move(out));
    });
}

// The table as it is sent: number, question, value; beside it who answered and from where.
void table_file(const CallPtr& call) {
    if (!path_is_set(call)) return;
    const auto asked = asked_table(call, unit_asked(call), call->request.asked("period"));
    if (!asked) return;
    const auto state = flow::table_state(call->snapshot(), asked->ask);
    if (!state) return call->problem(state.error());
    const json::object told = state_json(call, asked->ask, *state);
    const auto title = [&](std::string_view key) { return std::string(told.at(key).at("title").as_string()); };
    const auto say = [&](model::Label label) { return label.in(call->language()); };
    exchange::PlainSheet sheet;
    sheet.title = title("form");
    sheet.note = title("unit") + "　" + asked->ask.period.text_zh() + "　" + call->snapshot().today().text();
    sheet.head = {say({"序号", "序號", "No."}), say({"填报项", "填報項", "Field"}), say({"填报值", "填報值", "Value"}), say({"由谁回答", "由誰回答", "Answered by"}), say({"来源", "來源", "Source"})};
    for (const auto& l : state->lines)
        sheet.rows.push_back({std::to_string(l.no), l.name, l.value, l.value.empty() ? "" : l.by_board ? say({"系统取数", "系統取數", "the board"}) : say({"人工填报", "人工填報", "by hand"}), l.source});
    auto file = call->service.uploads().fresh(".xlsx");
    if (const Status made = exchange::plain_xlsx(file->path(), sheet); !made) return call->problem(made.error());
    send_file(call, std::move(file), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", sheet.title + " " + asked->ask.period.text() + ".xlsx");
}
}  // namespace

void add_flow_table_routes(std::vector<Route>& r) {
    constexpr std::size_t small = 64 * 1024;
    r.push_back({"GET", "/flow/tables/{form}", Needs::post, By::writer, "figures", true, 0, show_table, "a table of the register for a unit and a period: its lines, what answers each, what is filled in"});
    r.push_back({"POST", "/flow/tables/{form}/fill", Needs::post, By::writer, "write", true, small, fill_table, "fill it from the board"});
    r.push_back({"GET", "/flow/tables/{form}/table.xlsx", Needs::post, By::writer, "figures", true, 0, table_file, "the filled table as a workbook"});
}

}  // namespace yipan::api
