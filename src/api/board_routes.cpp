// The whole at one look: what is lit, the board of what counts by units, the map.
#include <algorithm>

#include "api/duty.h"
#include "api/schemes.h"
#include "report/number.h"
#include "report/source.h"

namespace yipan::api {
namespace {
using model::Colour;
constexpr std::int64_t lights_page_max = 200, features_max = 5'000;
constexpr std::size_t columns_max = 24;
std::size_t at(int i) { return static_cast<std::size_t>(i); }

json::value behind_json(const std::optional<Decimal>& behind) { return behind ? json::value(behind->normalised().text()) : json::value(nullptr); }

// A lamp of a figure for one unit, seen by this reader.
struct FigureLamp {
    int light = -1;
    report::Lamp lamp;
};
std::vector<FigureLamp> figure_lamps(Call& call, Figures& figures, const Period& period, const std::vector<std::pair<int, std::int64_t>>& units) {
    const model::Model& model = call.model();
    std::vector<FigureLamp> out;
    for (std::size_t l = 0; l < model.lights.size(); ++l) {
        const int figure = model.lights[l].figure;
        if (figure < 0) continue;
        const std::vector<int> types = report::unit_types(model, figure);
        for (const auto& [type, unit] : units) {
            figure::Ask ask;
            ask.figure = figure;
            ask.unit_type = type;
            ask.unit = unit;
            ask.today = call.snapshot().today();
            if (report::has_period(model, figure)) ask.period = period;
            if (std::find(types.begin(), types.end(), type) == types.end() || !figures.value(ask).has) continue;
            const auto lamp = report::lamp_of_figure(call.snapshot(), static_cast<int>(l), ask);
            if (lamp.colour != Colour::none) out.push_back({static_cast<int>(l), lamp});
        }
    }
    return out;
}
// Every unit of the identity's unit type that is not void.
std::vector<std::pair<int, std::int64_t>> all_units(Call& call) {
    std::vector<std::pair<int, std::int64_t>> out;
    const int type = call.model().identity.unit_type;
    if (type >= 0)
        (void)call.snapshot().each(type, [&](const record::RecordPtr& r) {
            if (!r->voided) out.emplace_back(type, r->id.value);
            return true;
        });
    return out;
}

std::optional<Period> asked_period(const CallPtr& call) {
    const std::string_view text = call->request.asked("period");
    if (text.empty()) return report::last_half(call->snapshot().today());
    const auto period = Period::parse(text);
    if (period) return *period;
    Error e = period.error();
    e.where = "period";
    call->problem(std::move(e));
    return std::nullopt;
}

// What is behind, how far, who holds it: counts by light, then the lit ones, worst first.
void lights(const CallPtr& call) {
    const model::Model& model = call->model();
    const auto limit = asked_number(call, "limit", 100, 1, lights_page_max);
    if (!limit) return;
    const auto offset = asked_number(call, "offset", 0, 0, 1'000'000);
    if (!offset) return;
    const auto period = asked_period(call);
    if (!period) return;
    Errors errors;
    std::optional<Colour> colour;
    if (const auto text = call->request.asked("colour"); !text.empty()) {
        colour = report::colour_named(text);
        if (!colour || *colour == Colour::none) errors.push_back({Code::invalid_input, "colour", "\"" + std::string(text.substr(0, 40)) + "\" is no colour", "red, yellow or green"});
    }
    const std::string_view light = call->request.asked("light");
    if (!light.empty() && std::none_of(model.lights.begin(), model.lights.end(), [&](const auto& l) { return l.code == light; }))
        errors.push_back({Code::not_found, "light", "there is no light \"" + std::string(light.substr(0, 80)) + "\"", "GET /model names them"});
    const auto unit = asked_number(call, "unit", 0, 0, INT64_MAX);
    if (!unit) return;
    if (!errors.empty()) return call->problem(std::move(errors), 422);

    const auto below = [&](std::int64_t of) { return *unit == 0 || call->who->directory().below(*unit).contains({model.identity.unit_type, of}) || of == *unit; };
    Figures figures(*call);
    const auto survey = call->service.surveys().of(*call);
    std::vector<std::array<std::int64_t, 4>> counts(model.lights.size());
    struct One {
        const Lit* lit = nullptr;
        const FigureLamp* figure = nullptr;
        Colour colour{};
        std::optional<Decimal> behind;
    };
    std::vector<One> chosen;
    const auto wanted = [&](int l, Colour c) { return (light.empty() || model.lights[at(l)].code == light) && (!colour || c == *colour); };
    for (const Lit& lit : survey->lit) {
        if (!below(lit.unit)) continue;
        ++counts[at(lit.light)][static_cast<std::size_t>(lit.colour)];
        if (wanted(lit.light, lit.colour)) chosen.push_back({&lit, nullptr, lit.colour, lit.behind});
    }
    const auto lamps = figure_lamps(*call, figures, *period, all_units(*call));
    for (const FigureLamp& f : lamps) {
        if (!below(f.lamp.ask.unit)) continue;
        ++counts[at(f.light)][static_cast<std::size_t>(f.lamp.colour)];
        if (wanted(f.light, f.lamp.colour)) chosen.push_back({nullptr, &f, f.lamp.colour, f.lamp.behind});
    }
    std::stable_sort(chosen.begin(), chosen.end(), [](const One& a, const One& b) {
        if (a.colour != b.colour) return a.colour > b.colour;
        return a.behind && b.behind && compare(*a.behind, *b.behind) > 0;
    });
    json::array by_light, records;
    for (std::size_t l = 0; l < counts.size(); ++l) {
        const auto n = [&](Colour c) { return counts[l][static_cast<std::size_t>(c)]; };
        if (n(Colour::red) + n(Colour::yellow) + n(Colour::green) == 0) continue;
        by_light.push_back({{"code", model.lights[l].code}, {"label", label_json(model.lights[l].label)}, {"red", n(Colour::red)}, {"yellow", n(Colour::yellow)},
                            {"green", n(Colour::green)}, {"consequence", model.lights[l].consequence}});
    }
    Shower& shower = figures.shower();
    for (std::size_t i = static_cast<std::size_t>(*offset); i < chosen.size() && records.size() < static_cast<std::size_t>(*limit); ++i) {
        const One& one = chosen[i];
        const model::Light& rule = model.lights[at(one.lit ? one.lit->light : one.figure->light)];
        json::object o{{"light", rule.code}, {"label", label_json(rule.label)}, {"colour", report::colour_name(one.colour)}, {"behind", behind_json(one.behind)}};
        if (one.lit) {
            const record::Record& r = *one.lit->record;
            const model::Type& type = model.types[at(r.type)];
            o["type"] = type.code;
            o["id"] = r.id.value;
            o["version"] = r.version;
            o["title"] = shower.title(r);
            const auto* state = type.state >= 0 ? record::as_text(r.at(type.state)) : nullptr;
            o["state"] = state ? json::value(*state) : json::value(nullptr);
            o["why"] = rule.behind->text;
            o["due"] = one.lit->due ? json::value(one.lit->due->text()) : json::value(nullptr);
            o["post"] = shower.reference(model.identity.post, one.lit->post);
            o["person"] = shower.reference(model.identity.person, holder_of(call->who->directory(), one.lit->post));
        } else {
            const figure::Ask& ask = one.figure->lamp.ask;
            o["title"] = shower.reference(ask.unit_type, RecordId(ask.unit)).at("title");
            o["figure"] = model.figures[at(ask.figure)].code;
            o["unit"] = figures.unit_json(ask);
            o["period"] = ask.period ? json::value(ask.period->text()) : json::value(nullptr);
        }
        records.push_back(std::move(o));
    }
    const auto shown = static_cast<std::int64_t>(records.size());
    call->ok(json::object{{"position", call->snapshot().position().value}, {"period", period->text()}, {"counts", std::move(by_light)}, {"records", std::move(records)},
                          {"total", chosen.size()}, {"more", *offset + shown < static_cast<std::int64_t>(chosen.size())}, {"cut", survey->cut}});
}

// -- the board

/// How the numbers of a row are written: 亿元 or 万元 for money, chosen by its largest.
struct Scale {
    report::As as = report::As::number;
    int decimals = 2;
    std::string unit, suffix;
};
Scale scale_of(const model::Measure& measure, const Decimal& largest) {
    Scale out;
    out.unit = report::measure_text(measure);
    if (measure.kind != model::Measure::Kind::money) {
        out.decimals = std::min<int>(measure.scale, 2);
        return out;
    }
    const double n = std::abs(largest.approximate());
    if (n >= 1e8) out.as = report::As::yi, out.suffix = "亿", out.unit = "亿" + out.unit;
    else if (n >= 1e4) out.as = report::As::wan, out.suffix = "万", out.unit = "万" + out.unit;
    return out;
}

// A figure that compares shows its first part against the next part of the same measure, its target.
struct Compared {
    figure::Ask main;
    figure::Value value, target, lead;
    bool has_target = false;
    Colour colour = Colour::none;
};
Compared compared(Call& call, Figures& figures, int light, const figure::Ask& ask) {
    const model::Model& model = call.model();
    Compared out;
    out.main = ask;
    out.lead = figures.value(ask);
    if (out.lead.has) out.colour = report::lamp_of_figure(call.snapshot(), light, ask).colour;
    const model::Figure& figure = model.figures[at(ask.figure)];
    if (!figure.derived()) {
        out.value = out.lead;
        return out;
    }
    const auto parts = call.snapshot().why(ask, {0, 1}).parts;
    if (parts.empty()) return out;
    out.main = parts.front().ask;
    out.value = figures.value(out.main);
    const model::Measure& measure = model.figures[at(out.main.figure)].measure;
    for (std::size_t p = 1; p < parts.size(); ++p) {
        const model::Measure& other = model.figures[at(parts[p].ask.figure)].measure;
        if (other.kind != measure.kind || report::measure_text(other) != report::measure_text(measure)) continue;
        out.target = figures.value(parts[p].ask);
        out.has_target = true;
        break;
    }
    return out;
}
json::value square_json(const Compared& c, const Scale& scale) {
    json::object out{{"has", c.value.has}, {"colour", c.colour == Colour::none ? json::value(nullptr) : json::value(report::colour_name(c.colour))}};
    const auto text = [&](const Decimal& n) { return report::written(n, scale.as, scale.decimals) + scale.suffix; };
    if (c.value.has) {
        out["text"] = text(c.value.number);
        out["number"] = c.value.number.text();
    } else {
        out["why_none"] = c.value.why_none.empty() ? "no record contributes" : c.value.why_none;
    }
    out["target"] = c.has_target && c.target.has ? json::value(text(c.target.number)) : json::value(nullptr);
    out["pace"] = nullptr;
    if (c.lead.has && c.has_target) {
        const std::string pace = report::written(c.lead.number, report::As::number, 1);
        out["pace"] = pace.starts_with('-') || pace == "0.0" ? pace : "+" + pace;
    }
    return out;
}

json::value lamps_square(std::array<std::int64_t, 4> n) {
    const auto of = [&](Colour c) { return n[static_cast<std::size_t>(c)]; };
    const std::int64_t all = of(Colour::red) + of(Colour::yellow) + of(Colour::green), late = of(Colour::red) + of(Colour::yellow);
    if (all == 0) return nullptr;
    const Colour colour = of(Colour::red) > 0 ? Colour::red : of(Colour::yellow) > 0 ? Colour::yellow : Colour::green;
    return json::object{{"has", true}, {"text", std::to_string(late) + "/" + std::to_string(all)}, {"number", late}, {"red", of(Colour::red)}, {"yellow", of(Colour::yellow)},
                        {"green", of(Colour::green)}, {"target", nullptr}, {"pace", nullptr}, {"colour", report::colour_name(colour)}};
}

/// Score, rank and lost points of our own unit under the first scheme that compares it with others; nothing when this
/// reader may not compare. A scheme over the zone's own units has no unit that is ours as a whole.
void add_score(Call& call, Figures& figures, const Period& period, json::object& out, std::map<std::string, double>& lost_by_figure) {
    const model::Model& model = call.model();
    out["score"] = nullptr;
    out["lost"] = json::array{};
    std::string code;
    std::optional<report::Assessment> made;
    const score::UnitOutcome* own = nullptr;
    for (const auto& scheme : model.schemes) {
        auto tried = report::assess(call.snapshot(), figures.names(), scheme.first, period);
        if (!tried) {
            out["score_why_none"] = tried.error().front().text();
            continue;
        }
        const std::string ours = report::own_unit(call.snapshot(), *tried);
        if (ours.empty()) continue;
        code = scheme.first;
        made = std::move(*tried);
        own = made->outcome.unit(ours);
        break;
    }
    if (!made) return;
    out.erase("score_why_none");
    if (!sees_assessment(figures, *made)) {
        out["score_why_none"] = "not yours to see";
        return;
    }
    if (!own || !own->total) return;
    const auto ranked = std::count_if(made->outcome.units.begin(), made->outcome.units.end(), [](const auto& u) { return u.rank.has_value(); });
    const int display = made->outcome.display;
    out["score"] = json::object{{"scheme", code}, {"label", score_label(made->outcome.label)}, {"score", score::shown(*own->total, display)},
                                {"rank", rank_json(own->rank)}, {"of", ranked},
                                {"node", figures.shower().reference(made->unit_type, made->units.at(own->unit.code))}};
    std::vector<std::pair<double, std::size_t>> lost;
    for (std::size_t n = 0; n < made->outcome.nodes.size(); ++n)
        if (made->outcome.nodes[n].indicator && own->cells[n].lost) {
            lost.emplace_back(-*own->cells[n].lost, n);
            lost_by_figure[made->outcome.nodes[n].indicator->figure] += *own->cells[n].lost;
        }
    std::sort(lost.begin(), lost.end());
    json::array list;
    for (const auto& [less, n] : lost)
        list.push_back({{"indicator", made->outcome.nodes[n].code}, {"label", score_label(made->outcome.nodes[n].label)}, {"figure", made->outcome.nodes[n].indicator->figure},
                        {"lost", score::shown(-less, display)}});
    out["lost"] = std::move(list);
}

void board(const CallPtr& call) {
    const model::Model& model = call->model();
    const auto period = asked_period(call);
    if (!period) return;
    Figures figures(*call);
    Shower& shower = figures.shower();
    const int unit_type = model.identity.unit_type;
    const auto units = all_units(*call);
    const auto roots = unit_type >= 0 ? report::roots_of(call->snapshot(), unit_type) : Result<std::vector<RecordId>>(std::vector<RecordId>{});
    const std::int64_t root = roots && roots->size() == 1 ? roots->front().value : 0;
    const auto survey = call->service.surveys().of(*call);
    const auto lamps = figure_lamps(*call, figures, *period, units);

    // Columns: units with lamps of figures first, those with most before, then those that answer for something late.
    std::map<std::int64_t, std::int64_t> late;
    std::map<std::int64_t, std::int64_t> with_figures;  // unit -> how many of its figures are lit
    for (const FigureLamp& f : lamps)
        if (f.lamp.ask.unit != root) ++with_figures[f.lamp.ask.unit];
    for (const Lit& lit : survey->lit)
        if (lit.colour >= Colour::yellow && lit.unit > 0 && lit.unit != root) ++late[lit.unit];
    std::vector<std::pair<std::int64_t, std::int64_t>> by_lit, by_late;
    for (const auto& [unit, n] : with_figures) by_lit.emplace_back(-n, unit);
    std::sort(by_lit.begin(), by_lit.end());
    std::vector<std::int64_t> columns;
    for (const auto& [n, unit] : by_lit) columns.push_back(unit);
    for (const auto& [unit, n] : late)
        if (!with_figures.contains(unit)) by_late.emplace_back(-n, unit);
    std::sort(by_late.begin(), by_late.end());
    for (const auto& [n, unit] : by_late) columns.push_back(unit);
    const std::size_t all_columns = columns.size();
    if (columns.size() > columns_max) columns.resize(columns_max);

    json::object out{{"position", call->snapshot().position().value}, {"period", period->text()}};
    std::map<std::string, double> lost_by_figure;
    add_score(*call, figures, *period, out, lost_by_figure);

    json::array heads, rows;
    const int kind = unit_type >= 0 ? model.types[at(unit_type)].find("kind") : -1;
    for (const std::int64_t unit : columns) {
        json::object head = shower.reference(unit_type, RecordId(unit)).as_object();
        head["type"] = model.types[at(unit_type)].code;
        const record::RecordPtr r = call->snapshot().record(unit_type, RecordId(unit));
        const auto* text = r && kind >= 0 ? record::as_text(r->at(kind)) : nullptr;
        head["kind"] = text ? json::value(*text) : json::value(nullptr);
        heads.push_back(std::move(head));
    }
    for (std::size_t l = 0; l < model.lights.size(); ++l) {
        const model::Light& light = model.lights[l];
        json::object row{{"code", light.code}, {"label", label_json(light.label)}, {"consequence", light.consequence}, {"lost_points", nullptr}};
        json::array squares;
        if (light.figure >= 0) {
            const bool any = std::any_of(lamps.begin(), lamps.end(), [&](const FigureLamp& f) { return f.light == static_cast<int>(l); });
            if (!any) continue;
            figure::Ask ask;
            ask.figure = light.figure;
            ask.unit_type = unit_type;
            ask.today = call->snapshot().today();
            if (report::has_period(model, light.figure)) ask.period = *period;
            std::vector<Compared> all;
            ask.unit = root;
            all.push_back(compared(*call, figures, static_cast<int>(l), ask));
            for (const std::int64_t unit : columns) {
                ask.unit = unit;
                all.push_back(compared(*call, figures, static_cast<int>(l), ask));
            }
            Decimal largest;
            for (const Compared& c : all)
                for (const figure::Value* v : {&c.value, &c.target})
                    if (v->has && std::abs(v->number.approximate()) > std::abs(largest.approximate())) largest = v->number;
            const model::Measure& measure = model.figures[at(all.front().main.figure)].measure;
            const Scale scale = scale_of(measure, largest);
            row["figure"] = model.figures[at(light.figure)].code;
            row["main"] = model.figures[at(all.front().main.figure)].code;
            row["measure"] = json::object{{"unit", scale.unit}, {"pace_unit", report::measure_text(model.figures[at(light.figure)].measure)}};
            json::object total = square_json(all.front(), scale).as_object();
            ask.unit = root;
            total["unit"] = figures.unit_json(ask);
            row["total"] = std::move(total);
            for (std::size_t c = 1; c < all.size(); ++c) squares.push_back(all[c].value.has || all[c].lead.has ? square_json(all[c], scale) : json::value(nullptr));
            for (const int figure : {light.figure, all.front().main.figure})
                if (const auto lost = lost_by_figure.find(model.figures[at(figure)].code); lost != lost_by_figure.end()) row["lost_points"] = score::shown(lost->second, 2);
        } else {
            std::array<std::int64_t, 4> total{};
            std::vector<std::array<std::int64_t, 4>> counts(columns.size());
            for (const Lit& lit : survey->lit) {
                if (lit.light != static_cast<int>(l)) continue;
                ++total[static_cast<std::size_t>(lit.colour)];
                for (std::size_t c = 0; c < columns.size(); ++c)
                    if (columns[c] == lit.unit || call->who->directory().below(columns[c]).contains({unit_type, lit.unit})) ++counts[c][static_cast<std::size_t>(lit.colour)];
            }
            json::value whole = lamps_square(total);
            if (whole.is_null()) continue;
            row["type"] = model.types[at(light.type)].code;
            row["measure"] = json::object{{"unit", ""}};
            row["total"] = std::move(whole);
            for (const auto& n : counts) squares.push_back(lamps_square(n));
        }
        row["squares"] = std::move(squares);
        rows.push_back(std::move(row));
    }
    out["columns"] = std::move(heads);
    out["columns_total"] = all_columns;
    out["rows"] = std::move(rows);
    out["cut"] = survey->cut;
    call->ok(std::move(out));
}

// Records of a type with a place, as GeoJSON, each with its worst light.
void map(const CallPtr& call) {
    const int type = type_of(call, std::string(call->request.asked("layer")));
    if (type < 0) return;
    const model::Type& shape = call->model().types[at(type)];
    const auto place = std::find_if(shape.fields.begin(), shape.fields.end(), [](const auto& f) { return f.kind == model::FieldKind::place; });
    if (place == shape.fields.end()) return call->problem(Error{Code::invalid_input, "layer", shape.code + " has no field with a place", ""});
    const int field = static_cast<int>(place - shape.fields.begin());
    const auto where = call->who->where(type, access::Action::see, call->world());
    if (!where) return call->problem(where.error());
    board::Snapshot::Query q;
    q.also_parameters = where->parameters;
    q.also = (where->sql.empty() ? "" : "(" + where->sql + ") AND ") + "t.\"" + place->code + "\" IS NOT NULL";
    q.limit = features_max;
    const auto rows = call->snapshot().list(type, q);
    if (!rows) return call->problem(rows.error());
    std::map<std::int64_t, Colour> colours;
    for (const Lit& lit : call->service.surveys().of(*call)->lit)
        if (lit.record->type == type) colours[lit.record->id.value] = std::max(colours[lit.record->id.value], lit.colour);
    // What can be summed over an area: amounts of money and what is measured in a unit that is no share of something.
    std::vector<int> summed;
    for (const model::Field& f : shape.fields)
        if (f.group != model::FieldGroup::personal && (f.kind == model::FieldKind::money || (f.kind == model::FieldKind::decimal && !f.unit.empty() && f.unit != "%")))
            summed.push_back(static_cast<int>(&f - shape.fields.data()));
    Shower shower(*call);
    json::array features;
    for (const auto& r : rows->rows) {
        const std::vector<bool> visible = call->who->fields(access::Action::see, *r, call->world());
        if (!visible[at(field)]) continue;
        json::object amounts;
        for (const int f : summed)
            if (visible[at(f)] && !record::is_unset(r->at(f))) amounts[shape.fields[at(f)].code] = shower.value(shape.fields[at(f)], r->at(f), true);
        if (place->group == model::FieldGroup::personal && !call->who->fields(access::Action::clear, *r, call->world())[at(field)]) continue;  // a place has no mask
        const auto colour = colours.find(r->id.value);
        const auto* state = shape.state >= 0 && shower.shows(*r, shape.state) ? record::as_text(r->at(shape.state)) : nullptr;
        features.push_back({{"type", "Feature"}, {"id", r->id.value}, {"geometry", shower.value(*place, r->at(field), true)},
                            {"properties", json::object{{"type", shape.code}, {"id", r->id.value}, {"title", shower.title(*r)}, {"state", state ? json::value(*state) : json::value(nullptr)},
                                                        {"colour", colour == colours.end() ? json::value(nullptr) : json::value(report::colour_name(colour->second))}, {"amounts", std::move(amounts)}}}});
    }
    call->ok(json::object{{"type", "FeatureCollection"}, {"position", call->snapshot().position().value}, {"layer", shape.code}, {"features", std::move(features)}, {"more", rows->more}});
}
}  // namespace

void add_board_routes(std::vector<Route>& r) {
    r.push_back({"GET", "/lights", Needs::post, By::reader, "figures", true, 0, lights, "what is behind, how far, who holds it", Screen::shown});
    r.push_back({"GET", "/board", Needs::post, By::reader, "figures", true, 0, board, "what counts by units, score and lost points", Screen::shown});
    r.push_back({"GET", "/map", Needs::post, By::reader, "read", true, 0, map, "records with a place, as GeoJSON"});
}

}  // namespace yipan::api
