// Figures over HTTP: a value, why it is what it is, a series, many at once, what changed between two entries.
#include "api/figures.h"

namespace yipan::api {
namespace {
constexpr std::size_t asks_max = 500;
constexpr int points_max = 240;
constexpr std::int64_t rows_page_max = 200;

json::value period_json(const figure::Ask& ask) { return ask.period ? json::value(ask.period->text()) : json::value(nullptr); }

json::object answer_json(Figures& figures, const model::Model& model, const figure::Ask& ask) {
    json::object out{{"figure", model.figures[static_cast<std::size_t>(ask.figure)].code}, {"unit", figures.unit_json(ask)},
                     {"period", period_json(ask)}, {"value", figures.value_json(ask, figures.value(ask))}};
    if (ask.as_known) out["as_known"] = ask.as_known->value;
    return out;
}

void show(const CallPtr& call) {
    Figures figures(*call);
    const auto ask = figures.read_query(call->parameter(0));
    if (!ask) return call->problem(ask.error());
    json::object out = answer_json(figures, call->model(), *ask);
    out["position"] = call->snapshot().position().value;
    call->ok(std::move(out));
}

void why(const CallPtr& call) {
    Figures figures(*call);
    const auto limit = asked_number(call, "limit", 50, 1, rows_page_max);
    if (!limit) return;
    const auto offset = asked_number(call, "offset", 0, 0, rows_looked_at_max);
    if (!offset) return;
    const auto ask = figures.read_query(call->parameter(0));
    if (!ask) return call->problem(ask.error());
    json::object out = figures.why(*ask, *offset, *limit);
    out["position"] = call->snapshot().position().value;
    call->ok(std::move(out));
}

std::optional<int> months_of(std::string_view kind) {
    if (kind == "month") return 1;
    if (kind == "quarter") return 3;
    if (kind == "half") return 6;
    if (kind == "year") return 12;
    return std::nullopt;
}
Period period_at(MonthIndex month, int months) {
    const auto year = static_cast<std::int16_t>(month / 12);
    const int in_year = month % 12;
    const PeriodKind kinds[] = {PeriodKind::month, PeriodKind::quarter, PeriodKind::half, PeriodKind::year};
    const PeriodKind kind = kinds[months == 1 ? 0 : months == 3 ? 1 : months == 6 ? 2 : 3];
    return {kind, year, static_cast<std::int8_t>(in_year / months + 1)};
}

void series(const CallPtr& call) {
    if (call->answered_before()) return;
    Figures figures(*call);
    const model::Model& model = call->model();
    const int index = model.find_figure(call->parameter(0));
    if (index < 0) return call->problem(report::find_figure(model, call->parameter(0)).error());
    if (!report::has_period(model, index))
        return call->problem(Error{Code::invalid_input, "figure", "its values belong to no periods", "GET /figures/{code}"});
    Errors errors;
    const std::string_view kind = call->request.asked("kind", period_kind_name(model.figures[static_cast<std::size_t>(index)].grain));
    const auto months = months_of(kind);
    if (!months) errors.push_back({Code::invalid_input, "kind", "\"" + std::string(kind.substr(0, 40)) + "\" is no kind of period", "month, quarter, half or year"});
    const Date today = call->snapshot().today();
    MonthIndex first = month_index(today.year() - (months && *months > 3 ? 4 : 1), 1), last = month_index(today);
    const auto read = [&](std::string_view name, MonthIndex& into, bool end) {
        if (call->request.asked(name).empty()) return;
        const auto period = Period::parse(call->request.asked(name));
        if (period) into = end ? period->last_month() : period->first_month();
        else errors.push_back({period.error().code, std::string(name), period.error().message, period.error().hint});
    };
    read("from", first, false);
    read("to", last, true);
    if (errors.empty()) {
        first -= first % *months;
        if (last < first) errors.push_back({Code::invalid_input, "to", "ends before it begins", ""});
        else if ((last - first) / *months >= points_max)
            errors.push_back({Code::limit_exceeded, "from", "more than 240 periods", "a later from, or a longer kind"});
    }
    if (!errors.empty()) return call->problem(std::move(errors), 422);
    report::AskText text;
    text.figure = call->parameter(0);
    text.unit_type = call->request.asked("unit_type");
    text.period = period_at(first, *months).text();
    auto ask = figures.read(text, call->request.asked("unit"));
    if (!ask) return call->problem(ask.error());
    json::array points;
    for (MonthIndex m = first; m <= last; m += *months) {
        ask->period = period_at(m, *months);
        points.push_back({{"period", ask->period->text()}, {"value", figures.value_json(*ask, figures.value(*ask))}});
    }
    call->ok(json::object{{"position", call->snapshot().position().value}, {"figure", text.figure}, {"unit", figures.unit_json(*ask)}, {"kind", kind},
                          {"points", std::move(points)}});
}

// Many figures at one position; each is answered or refused by itself.
void query(const CallPtr& call) {
    const auto body = call->body();
    if (!body) return;
    const auto* asks = body->if_contains("asks");
    if (!asks || !asks->is_array()) return call->problem(Error{Code::invalid_input, "asks", "not a list", "{\"asks\": [{\"figure\": ..., \"unit\": ..., \"period\": ...}]}"});
    if (asks->get_array().size() > asks_max) return call->problem(Error{Code::limit_exceeded, "asks", "more than 500 at once", ""});
    Figures figures(*call);
    json::array out;
    std::size_t n = 0;
    for (const auto& item : asks->get_array()) {
        const std::string where = "asks[" + std::to_string(n++) + "]";
        if (!item.is_object()) {
            out.push_back(json::object{{"errors", errors_json({{Code::invalid_input, where, "not an object", ""}})}});
            continue;
        }
        const json::object& o = item.get_object();
        report::AskText text;
        text.figure = member_text(o, "figure");
        text.unit_type = member_text(o, "unit_type");
        text.period = member_text(o, "period");
        text.definition = member_text(o, "definition");
        text.forest = member_text(o, "forest");
        text.tree = member_text(o, "tree");
        const auto number_or_text = [&](const char* key) {
            const auto* v = o.if_contains(key);
            return v && v->is_int64() ? std::to_string(v->get_int64()) : member_text(o, key);
        };
        text.as_known = number_or_text("as_known");
        if (const auto* by = o.if_contains("by"); by && by->is_object())
            for (const auto& [name, value] : by->get_object())
                text.by.emplace_back(std::string(name), value.is_string() ? std::string(value.get_string()) : json::serialize(value));
        const auto ask = figures.read(text, number_or_text("unit"));
        if (ask) {
            out.push_back(answer_json(figures, call->model(), *ask));
        } else {
            Errors errors = ask.error();
            for (Error& e : errors) e.where = where + (e.where.empty() ? "" : "." + e.where);
            out.push_back(json::object{{"errors", errors_json(errors)}});
        }
    }
    call->ok(json::object{{"position", call->snapshot().position().value}, {"values", std::move(out)}});
}

void difference(const CallPtr& call) {
    Figures figures(*call);
    const std::int64_t now = call->snapshot().position().value;
    const auto from = asked_number(call, "from", -1, 0, now);
    if (!from) return;
    if (*from < 0) return call->problem(Error{Code::usage, "from", "the entry to compare with is not said", "from=N&to=N"}, 400);
    const auto to = asked_number(call, "to", now, *from, now);
    if (!to) return;
    const auto ask = figures.read_query(call->parameter(0));
    if (!ask) return call->problem(ask.error());
    json::object out = figures.difference(*ask, Position{*from}, Position{*to});
    out["position"] = now;
    call->ok(std::move(out));
}
}  // namespace

void add_figure_routes(std::vector<Route>& r) {
    constexpr std::size_t query_body = 256 * 1024;
    r.push_back({"GET", "/figures/{code}", Needs::post, By::reader, "figures", false, 0, show, "the value of a figure", Screen::shown});
    r.push_back({"GET", "/figures/{code}/why", Needs::post, By::reader, "figures", true, 0, why, "formula, parts and the records behind it"});
    r.push_back({"GET", "/figures/{code}/series", Needs::post, By::reader, "figures", true, 0, series, "its values over periods", Screen::shown});
    r.push_back({"GET", "/figures/{code}/difference", Needs::post, By::reader, "figures", true, 0, difference, "what changed between two entries"});
    r.push_back({"POST", "/figures/query", Needs::post, By::reader, "figures", true, query_body, query, "up to 500 values at one position", Screen::shown});
}

}  // namespace yipan::api
