// The shape of the board as the page needs it, for who asks: types nothing of which may be seen are left out.
#include "api/call.h"
#include "api/schemes.h"
#include "api/values.h"
#include "base/hash.h"
#include "report/ask.h"
#include "report/template.h"
#include "score/scheme.h"

namespace yipan::api {
namespace {
using model::FieldKind;
constexpr std::string_view kinds[] = {"text", "integer", "decimal", "money", "date", "period", "boolean", "instant", "choice", "reference", "references", "attachment", "place", "number"};
constexpr std::string_view reducers[] = {"sum", "count", "average", "min", "max", "distinct"};
constexpr std::string_view figure_kinds[] = {"flow", "stock", "cumulative"};

std::string code_of(const model::Model& model, int type) { return type >= 0 ? model.types[static_cast<std::size_t>(type)].code : ""; }
json::value or_null(const std::string& text) { return text.empty() ? json::value(nullptr) : json::value(text); }
json::value stored_json(const model::Field& f, std::int64_t n) {
    if (f.kind == FieldKind::money) return decimal_json(n, 2);
    if (f.kind == FieldKind::decimal) return decimal_json(n, f.scale);
    if (f.kind == FieldKind::date) return json::value(Date{static_cast<std::int32_t>(n)}.text());
    return json::value(n);
}

json::object field_json(const model::Model& model, const model::Type& type, const model::Field& f) {
    json::object out{{"code", f.code}, {"label", label_json(f.label)}, {"kind", kinds[static_cast<std::size_t>(f.kind)]},
                     {"required", f.required}, {"unique", f.unique}, {"personal", f.group == model::FieldGroup::personal},
                     {"system", f.system}, {"computed", f.computed.has_value()}};
    if (f.kind == FieldKind::text) out["max_chars"] = f.max_chars;
    if (f.min) out["min"] = stored_json(f, *f.min);
    if (f.max) out["max"] = stored_json(f, *f.max);
    if (f.kind == FieldKind::decimal) out["scale"] = f.scale;
    if (f.kind == FieldKind::money) out["scale"] = 2, out["currency"] = f.currency.text();
    if (!f.unit.empty()) out["unit"] = f.unit;
    if (f.kind == FieldKind::choice) {
        json::array list;
        for (const auto& c : f.choices) list.push_back({{"code", c.code}, {"label", label_json(c.label)}});
        out["choices"] = std::move(list);
    }
    if (f.target >= 0) out["target"] = code_of(model, f.target);
    if (f.kind == FieldKind::place) out["shape"] = f.shape == model::Shape::point ? "point" : "polygon";
    if (f.kind == FieldKind::period) {
        json::array grains;
        for (const auto g : f.grains) grains.emplace_back(period_kind_name(g));
        out["grains"] = std::move(grains);
    }
    if (!f.help.empty()) out["help"] = f.help;
    if (f.preset) out["default"] = f.kind == FieldKind::boolean ? json::value(*f.preset == "yes" || *f.preset == "true" || *f.preset == "是") : json::value(*f.preset);
    (void)type;
    return out;
}

json::object type_json(const Call& call, const model::Model& model, const model::Type& t) {
    json::object out{{"code", t.code}, {"module", t.module}, {"label", label_json(t.label)}, {"watermark", t.watermark}};
    const auto name = [&](int f) { return f >= 0 ? json::value(t.fields[static_cast<std::size_t>(f)].code) : json::value(nullptr); };
    out["key"] = name(t.key);
    out["title"] = name(t.title);
    json::array natural;
    for (const int f : t.natural_key) natural.push_back(name(f));
    out["natural_key"] = std::move(natural);
    out["owner"] = or_null(code_of(model, t.owner));
    out["owner_field"] = name(t.owner_field);
    json::array children, fields, moves, states;
    for (const int line : t.lines)
        if (call.who->may_ever(line, access::Action::see)) children.emplace_back(model.types[static_cast<std::size_t>(line)].code);
    out["children"] = std::move(children);
    for (const auto& f : t.fields) fields.push_back(field_json(model, t, f));
    out["fields"] = std::move(fields);
    out["state"] = nullptr;
    if (t.state >= 0) {
        for (const auto& c : t.fields[static_cast<std::size_t>(t.state)].choices) states.push_back({{"code", c.code}, {"label", label_json(c.label)}});
        for (const auto& m : t.moves) {
            json::array from;
            for (const auto& s : m.from) from.emplace_back(s);
            // The record's own fields that its needs look at: what a page asks for before it sends the move.
            json::array asks;
            for (std::size_t f = 0; f < t.fields.size(); ++f) {
                const model::Field& field = t.fields[f];
                if (field.system || field.computed || field.kind == model::FieldKind::number || field.kind == model::FieldKind::reference) continue;
                const auto reads = [&](const model::Rule& need) {
                    const auto& paths = need.check.program.paths();
                    return std::any_of(paths.begin(), paths.end(), [&](const auto& path) { return path.size() == 1 && path.front() == field.code; });
                };
                if (std::any_of(m.needs.begin(), m.needs.end(), reads)) asks.emplace_back(field.code);
            }
            moves.push_back({{"code", m.code}, {"label", label_json(m.label)}, {"from", std::move(from)}, {"to", m.to}, {"asks", std::move(asks)}});
        }
        out["state"] = json::object{{"initial", t.initial_state}, {"list", std::move(states)}, {"moves", std::move(moves)}};
    }
    using access::Action;
    const auto may = [&](Action a) { return call.who->may_ever(t.index, a); };
    out["may"] = json::object{{"create", may(Action::create)}, {"amend", may(Action::amend)}, {"list", may(Action::see)}, {"remove", may(Action::remove)},
                              {"export", may(Action::exporting)}, {"import", may(Action::import)}, {"void", may(Action::invalidate)}};
    return out;
}

json::object measure_json(const model::Measure& m) {
    return {{"kind", m.kind == model::Measure::Kind::money ? "money" : "number"}, {"currency", m.kind == model::Measure::Kind::money ? json::value(m.currency.text()) : json::value(nullptr)},
            {"scale", m.scale}, {"unit", report::measure_text(m)}};
}

void show_model(const CallPtr& call) {
    const model::Model& model = call->model();
    json::array types, figures, forests, lights, reports, schemes, modules;
    for (const auto& t : model.types)
        if (call->who->may_ever(t.index, access::Action::see)) types.push_back(type_json(*call, model, t));
    for (const auto& m : model.modules) {
        const bool named = !m.label.in(model::Language::hans).empty();
        modules.push_back({{"code", m.code}, {"label", named ? label_json(m.label) : json::object{{"hans", m.code}, {"hant", m.code}, {"en", m.code}}},
                           {"named", named}, {"order", m.order}, {"icon", or_null(m.icon)}});
    }
    for (const auto& f : model.figures) {
        json::array by;
        for (const auto& name : f.by_names) by.emplace_back(name);
        figures.push_back({{"code", f.code}, {"module", f.module}, {"label", label_json(f.label)}, {"kind", f.derived() ? std::string_view("derived") : figure_kinds[static_cast<std::size_t>(f.kind)]},
                           {"reducer", f.derived() ? json::value(nullptr) : json::value(reducers[static_cast<std::size_t>(f.reducer)])}, {"measure", measure_json(f.measure)},
                           {"unit_type", or_null(code_of(model, report::unit_type_of(model, f.index)))}, {"grain", period_kind_name(f.grain)},
                           {"has_period", report::has_period(model, f.index)}, {"by", std::move(by)}, {"derived", f.derived()},
                           {"of", or_null(code_of(model, f.type))}});
    }
    for (const auto& f : model.forests) {
        json::array links;
        for (const auto& l : f.links) {
            const auto& fields = model.types[static_cast<std::size_t>(l.type)].fields;
            links.push_back({{"type", code_of(model, l.type)}, {"parent", fields[static_cast<std::size_t>(l.parent)].code}, {"child", fields[static_cast<std::size_t>(l.child)].code},
                             {"parent_type", code_of(model, fields[static_cast<std::size_t>(l.parent)].target)}, {"child_type", code_of(model, fields[static_cast<std::size_t>(l.child)].target)}});
        }
        forests.push_back({{"code", f.code}, {"label", label_json(f.label)}, {"links", std::move(links)}});
    }
    for (const auto& l : model.lights)
        lights.push_back({{"code", l.code}, {"label", label_json(l.label)}, {"type", or_null(code_of(model, l.type))},
                          {"figure", l.figure >= 0 ? json::value(model.figures[static_cast<std::size_t>(l.figure)].code) : json::value(nullptr)}, {"consequence", l.consequence}});
    for (const auto& r : model.reports) {
        json::array periods;
        std::string unit_type, filed_as;
        bool timeless = false;
        if (const auto made = report::parse_template(r.text, r.path)) {
            for (const auto k : made->periods) periods.emplace_back(period_kind_name(k));
            unit_type = made->unit_type;
            filed_as = made->filed_as;
            timeless = made->timeless;
        }
        reports.push_back({{"code", r.code}, {"label", label_json(r.label)}, {"periods", std::move(periods)}, {"unit_type", or_null(unit_type)}, {"filed_as", or_null(filed_as)}, {"of_a_record", timeless}});
    }
    // The one by which the zone is compared with others is the one people look for; the board shows its score.
    json::array own_units;
    for (const auto& [code, text] : model.schemes) {
        const auto scheme = score::parse_scheme(text, code + ".yaml");
        (scheme && report::compares_us(model, *scheme) ? schemes : own_units)
            .push_back({{"code", code}, {"label", score_label(scheme ? scheme->label : score::Label{code, code})}});
    }
    for (json::value& scheme : own_units) schemes.push_back(std::move(scheme));
    json::object out{{"types", std::move(types)}, {"figures", std::move(figures)}, {"forests", std::move(forests)}, {"lights", std::move(lights)},
                     {"reports", std::move(reports)}, {"schemes", std::move(schemes)}, {"modules", std::move(modules)},
                     {"identity", json::object{{"person", or_null(code_of(model, model.identity.person))}, {"post", or_null(code_of(model, model.identity.post))}, {"unit", or_null(code_of(model, model.identity.unit_type))}}}};
    std::string body = json::serialize(out);
    const std::string version = hex(sha256(body)).substr(0, 16);
    net::Response r;
    r.with("Content-Type", "application/json").with("ETag", "\"" + version + "\"").with("Cache-Control", "private, no-cache");
    if (call->request.header("if-none-match") == "\"" + version + "\"") {
        r.status = 304;
        return call->ok_with(std::move(r));
    }
    r.body = "{\"version\":\"" + version + "\"," + body.substr(1);
    call->ok_with(std::move(r));
}

}  // namespace

void add_model_routes(std::vector<Route>& r) {
    r.push_back({"GET", "/model", Needs::post, By::reader, "read", true, 0, show_model, "types, figures, lights, reports of the board", Screen::shown});
}

}  // namespace yipan::api
