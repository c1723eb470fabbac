// Assessments and reports: places with what they lost, "what if", the report written for this reader.
#include <algorithm>
#include <cmath>

#include "api/flow_telling.h"
#include "api/papers.h"
#include "api/schemes.h"
#include "base/hash.h"
#include "report/filing.h"

namespace yipan::api {
namespace {

std::optional<Period> asked_period(const CallPtr& call, std::string_view said = {}) {
    const std::string_view text = said.empty() ? call->request.asked("period") : said;
    if (text.empty()) return report::last_half(call->snapshot().today());
    const auto period = Period::parse(text);
    if (period) return *period;
    Error e = period.error();
    e.where = "period";
    call->problem(std::move(e));
    return std::nullopt;
}

std::string number_text(double n) {
    char text[64];
    std::snprintf(text, sizeof text, "%.6f", n);
    std::string out(text);
    out.erase(out.find_last_not_of('0') + 1);
    if (out.ends_with('.')) out.pop_back();
    return out == "-0" ? "0" : out;
}
json::value shown_or_null(const std::optional<double>& n, int decimals) { return n ? json::value(score::shown(*n, decimals)) : json::value(nullptr); }

json::object outcome_json(const CallPtr& call, Figures& figures, const report::Assessment& made, const score::Outcome& outcome) {
    const std::string own = report::own_unit(call->snapshot(), made);
    json::array nodes;
    for (const score::UnitOutcome& unit : outcome.units) {
        json::object one{{"node", figures.shower().reference(made.unit_type, made.units.at(unit.unit.code))}, {"code", unit.unit.code}, {"own", unit.unit.code == own},
                         {"score", shown_or_null(unit.total, outcome.display)}, {"rank", rank_json(unit.rank)},
                         {"class", unit.class_final}, {"reason", unit.reason}};
        json::array indicators;
        for (std::size_t n = 0; n < outcome.nodes.size(); ++n) {
            const score::Node& node = outcome.nodes[n];
            if (!node.indicator) continue;
            const score::Cell& cell = unit.cells[n];
            const auto ask = made.asks.find(node.code);
            json::array flags;
            for (const score::Flag f : cell.flags) flags.emplace_back(score::name_of(f));
            indicators.push_back({{"code", node.code}, {"label", score_label(node.label)}, {"figure", ask == made.asks.end() ? json::value(nullptr) : json::value(node.indicator->figure)},
                                  {"period", ask != made.asks.end() && ask->second.period ? json::value(ask->second.period->text()) : json::value(nullptr)},
                                  {"unit", node.indicator->unit}, {"weight", number_text(cell.weight)}, {"value", cell.raw ? json::value(number_text(*cell.raw)) : json::value(nullptr)},
                                  {"score", shown_or_null(cell.score, outcome.display)}, {"lost", shown_or_null(cell.lost, outcome.display)}, {"text", cell.text}, {"reason", cell.reason},
                                  {"flags", std::move(flags)}});
        }
        one["indicators"] = std::move(indicators);
        nodes.push_back(std::move(one));
    }
    json::array notes;
    for (const auto* list : {&made.notes, &outcome.notes})
        for (const std::string& note : *list) notes.emplace_back(note);
    return {{"position", made.position.value}, {"scheme", outcome.scheme}, {"label", score_label(outcome.label)}, {"source", outcome.source}, {"variant", outcome.variant},
            {"period", made.period.text()}, {"unit_type", call->model().types[static_cast<std::size_t>(made.unit_type)].code}, {"nodes", std::move(nodes)}, {"notes", std::move(notes)}};
}

// The assessment, or the refusal already given.
std::optional<report::Assessment> assessed(const CallPtr& call, Figures& figures, const Period& period, const std::string& variant) {
    auto made = report::assess(call->snapshot(), figures.names(), call->parameter(0), period, variant);
    if (!made) return call->problem(made.error()), std::nullopt;
    if (sees_assessment(figures, *made)) return std::move(*made);
    call->problem(Error{Code::not_allowed, "", "a score compares all assessed units, and not all of their figures are yours to see", ""});
    return std::nullopt;
}

void show(const CallPtr& call) {
    const auto period = asked_period(call);
    if (!period) return;
    Figures figures(*call);
    const auto made = assessed(call, figures, *period, std::string(call->request.asked("variant")));
    if (!made) return;
    json::object out = outcome_json(call, figures, *made, made->outcome);
    json::array without;
    for (const std::string& unit : made->without_values) without.emplace_back(unit);
    out["without_values"] = std::move(without);
    call->ok(std::move(out));
}

// The same with other values of one unit. Nothing is kept.
void what_if(const CallPtr& call) {
    const auto body = call->body();
    if (!body) return;
    const auto period = asked_period(call, member_text(*body, "period"));
    if (!period) return;
    Figures figures(*call);
    const std::string variant = member_text(*body, "variant");
    auto made = assessed(call, figures, *period, variant);
    if (!made) return;
    Errors errors;
    std::string code;
    if (const auto* node = body->if_contains("node"); node && node->is_int64()) {
        for (const auto& [name, id] : made->units)
            if (id.value == node->get_int64()) code = name;
    } else {
        code = member_text(*body, "node");
    }
    const auto unit = std::find_if(made->table.units.begin(), made->table.units.end(), [&](const score::Unit& u) { return u.code == code; });
    if (unit == made->table.units.end()) errors.push_back({Code::not_found, "node", "no such assessed unit in " + period->text(), "an id or a code of GET /schemes/{code}"});
    const auto* values = body->if_contains("values");
    if (!values || !values->is_object()) {
        errors.push_back({Code::invalid_input, "values", "not an object", "{\"values\": {\"INDICATOR\": \"12.3\"}}"});
    } else {
        for (const auto& [name, value] : values->get_object()) {
            const auto column = made->table.columns.find(std::string(name));
            const std::string where = "values." + std::string(name);
            if (column == made->table.columns.end()) {
                errors.push_back({Code::not_found, where, "the scheme has no indicator of this name with a figure", ""});
                continue;
            }
            std::optional<double> number;
            if (value.is_string()) {
                if (const auto decimal = Decimal::parse(value.get_string())) number = decimal->approximate();
            } else if (value.is_int64()) {
                number = static_cast<double>(value.get_int64());
            }
            if (!number && !value.is_null()) {
                errors.push_back({Code::invalid_input, where, "not a number", "text: \"12.34\"; null: no value"});
                continue;
            }
            if (unit != made->table.units.end()) column->second[static_cast<std::size_t>(unit - made->table.units.begin())] = number;
        }
    }
    if (!errors.empty()) return call->problem(std::move(errors), 422);
    score::Options options;
    options.variant = variant;
    options.table_name = "what-if";
    const auto outcome = score::score(made->table, made->scheme, options);
    if (!outcome) return call->problem(outcome.error(), 422);
    json::object out = outcome_json(call, figures, *made, *outcome);
    out["what_if"] = true;
    call->ok(std::move(out));
}

json::object document_json(const report::Document& d) {
    json::array blocks, sources, left;
    constexpr std::string_view kinds[] = {"heading", "note", "item", "row", "sentence", "blank"};
    for (const report::Block& b : d.blocks) {
        json::array spans;
        for (const report::Span& s : b.spans) spans.push_back({{"text", s.text}, {"source", s.source >= 0 ? json::value(s.source) : json::value(nullptr)}, {"reported", s.reported}});
        blocks.push_back({{"kind", kinds[static_cast<std::size_t>(b.kind)]}, {"level", b.level}, {"spans", std::move(spans)}});
    }
    for (const report::Source& s : d.sources) {
        json::array parts, rows, lines;
        for (const auto& p : s.parts) parts.push_back({{"name", p.name}, {"label", p.label}, {"value", p.value}, {"source", p.source >= 0 ? json::value(p.source) : json::value(nullptr)}});
        for (const auto& row : s.rows) rows.push_back({{"record", row.record}, {"value", row.value}, {"entry", row.entry}, {"papers", row.papers}});
        for (const auto& line : s.lines) lines.emplace_back(line);
        sources.push_back({{"title", s.title}, {"code", s.code}, {"figure", s.figure}, {"unit", s.unit}, {"unit_type", s.unit_type}, {"period", s.period}, {"value", s.value},
                           {"formula", s.formula}, {"formula_with_numbers", s.formula_with_numbers}, {"parts", std::move(parts)}, {"rows", std::move(rows)},
                           {"rows_total", s.rows_total}, {"rows_checked", s.rows_checked}, {"note", s.note}, {"lines", std::move(lines)}});
    }
    for (const auto& l : d.left_out) left.push_back({{"sentence", l.sentence}, {"placeholder", l.placeholder}, {"reason", l.reason}});
    return {{"position", d.position}, {"title", d.title}, {"board", d.board_name}, {"note", d.board_note}, {"unit", d.unit}, {"period", d.period}, {"today", d.today},
            {"root", d.journal_root}, {"numbers", d.numbers}, {"blocks", std::move(blocks)}, {"sources", std::move(sources)}, {"left_out", std::move(left)}};
}

// The page of a report carries its own style and nothing else that runs or loads: the policy names it by its hash.
std::string policy_of(const std::string& html) {
    const std::size_t from = html.find("<style>"), end = html.find("</style>");
    std::string policy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
    if (from != std::string::npos && end != std::string::npos) {
        const Digest digest = sha256(std::string_view(html).substr(from + 7, end - from - 7));
        policy += "; style-src 'sha256-" + base64(digest) + "'";
    }
    return policy;
}

void report(const CallPtr& call) {
    const std::string_view format = call->request.asked("format", "html");
    if (format != "html" && format != "md" && format != "json")
        return call->problem(Error{Code::invalid_input, "format", "\"" + std::string(format.substr(0, 40)) + "\" is no format of reports", "html, md or json"});
    const auto period = asked_period(call);
    if (!period) return;
    Figures figures(*call);
    auto ask = report::ask_of(call->service.board(), call->snapshot());
    if (!ask) return call->problem(ask.error());
    ask->report = call->parameter(0);
    ask->period = *period;
    ask->eyes = figures.eyes();
    std::string unit(call->request.asked("unit"));
    if (!unit.empty() && std::all_of(unit.begin(), unit.end(), [](char c) { return c >= '0' && c <= '9'; })) unit = "#" + unit;
    ask->unit = unit;
    const auto document = report::write_report(call->snapshot(), figures.names(), *ask);
    if (!document) {
        Errors errors = document.error();
        for (Error& e : errors)  // the nearest name of a unit would tell what there is
            if (e.code == Code::not_found && e.where != "report") e.hint.clear();
        return call->problem(std::move(errors));
    }
    if (format == "json") return call->ok(document_json(*document));
    net::Response r;
    if (format == "md") {
        r.with("Content-Type", "text/markdown; charset=utf-8");
        r.body = report::to_markdown(*document);
    } else {
        r.body = report::to_html(*document);
        r.with("Content-Type", "text/html; charset=utf-8").with("Content-Security-Policy", policy_of(r.body));
    }
    call->ok_with(std::move(r));
}

// Issues the report as a document that is kept; the numbers are those the issuer sees.
void issue_report(const CallPtr& call) {
    const auto body = call->body();
    if (!body) return;
    report::FilingAsk ask;
    ask.report = call->parameter(0);
    ask.unit = member_text(*body, "unit");
    if (const auto* id = body->if_contains("unit"); id && id->is_int64()) ask.unit = std::to_string(id->get_int64());
    if (whole_number(ask.unit)) ask.unit = "#" + ask.unit;  // an id, as in every question about units
    ask.code = member_text(*body, "code");
    const auto period = Period::parse(member_text(*body, "period"));
    if (!period) return call->problem(Error{Code::invalid_input, "period", period.error().message, period.error().hint});
    ask.period = *period;
    const board::Draft who = call->draft();
    ask.actor = who.actor, ask.post = who.post, ask.channel = who.channel;
    call->drop_snapshot();
    later(call, [call, ask = std::move(ask)]() mutable {
        Figures figures(*call);
        ask.eyes = figures.eyes();
        // The page is of this post's making: it may name it.
        ask.kept = [&call](const std::string& hash) { return call->service.papers().sent(call->person(), call->post(), hash); };
        const auto filed = report::file_report(call->service.board(), ask);
        if (!filed) return call->problem(filed.error());
        call->ok(json::object{{"type", call->model().types[at(filed->type)].code}, {"id", filed->record.value}, {"code", filed->code}, {"number", filed->number}, {"paper", "sha256:" + filed->hash},
                              {"numbers", filed->document.numbers}, {"position", filed->document.position}, {"root", filed->document.journal_root}},
                 201);
    });
}
}  // namespace

json::value rank_json(const std::optional<double>& rank) {
    if (!rank) return nullptr;
    const auto whole = static_cast<std::int64_t>(*rank);
    return static_cast<double>(whole) == *rank ? json::value(whole) : json::value(*rank);
}
json::object score_label(const score::Label& label) { return {{"hans", label[0]}, {"hant", label[1]}, {"en", label[2]}}; }

// A score of one compares all, so one may see it who may see every figure of everyone.
bool sees_assessment(Figures& figures, const report::Assessment& made) {
    for (const auto& [indicator, asked] : made.asks)
        for (const auto& [code, id] : made.units) {
            figure::Ask ask = asked;
            ask.unit = id.value;
            if (!figures.may_see(ask)) return false;
        }
    return true;
}

void add_scheme_routes(std::vector<Route>& r) {
    constexpr std::size_t small = 64 * 1024;
    r.push_back({"GET", "/schemes/{code}", Needs::post, By::reader, "figures", true, 0, show, "places, scores and lost points", Screen::shown});
    r.push_back({"POST", "/schemes/{code}/what-if", Needs::post, By::reader, "figures", true, small, what_if, "the same with other values of one unit"});
    r.push_back({"POST", "/reports/{code}", Needs::post, By::writer, "write", true, small, issue_report, "issue a report as a document with its number, kept as it is"});
    r.push_back({"GET", "/reports/{code}", Needs::post, By::reader, "figures", true, 0, report, "a report as this reader may see it (html, md, json)"});
}

}  // namespace yipan::api
