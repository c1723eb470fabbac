#include "api/figures.h"

#include <algorithm>

#include "access/small_cells.h"

#include "report/source.h"

namespace yipan::api {
namespace {
std::size_t at(int i) { return static_cast<std::size_t>(i); }
bool digits(std::string_view text) {
    return !text.empty() && text.size() < 19 && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}
}  // namespace

Figures::Figures(Call& call) : call_(call), model_(call.model()), names_(call.snapshot()), shower_(call) {}

bool Figures::may_see(const figure::Ask& ask) const {
    const int type = ask.unit_type >= 0 ? ask.unit_type : report::unit_type_of(model_, ask.figure);
    return !call_.who || call_.who->may_see(ask.figure, type, ask.unit);
}

// Which of a figure's dimensions is called that, when its values are records, and of what type.
std::optional<std::pair<std::size_t, int>> Figures::dimension_of(int figure, std::string_view name) const {
    const model::Figure& f = model_.figures[at(figure)];
    for (std::size_t i = 0; i < f.by_names.size() && i < f.by.size(); ++i) {
        const std::string& whole = f.by_names[i];
        const std::size_t dot = whole.rfind('.');
        if (whole != name && (dot == std::string::npos || whole.substr(dot + 1) != name)) continue;
        int type = f.type;
        const model::Field* field = nullptr;
        for (const int index : f.by[i].fields) {
            field = &model_.types[at(type)].fields[at(index)];
            type = field->target;
        }
        if (field && field->kind == model::FieldKind::reference) return std::pair{i, field->target};
    }
    return std::nullopt;
}
// A record he does not see is told as little as one that is not there, and no name like it.
bool Figures::unseen_dimension(const report::AskText& text, std::string_view where) const {
    const int figure = model_.find_figure(text.figure);
    const auto dimension = figure >= 0 ? dimension_of(figure, where) : std::nullopt;
    return dimension && call_.who && !call_.who->sees_all(dimension->second);
}
Error Figures::no_dimension(std::string_view name) { return {Code::not_found, std::string(name), "there is no such record, or it is not yours to see", ""}; }

Checked<figure::Ask> Figures::read(const report::AskText& text, std::string_view unit) {
    report::AskText rest = text;
    rest.unit.clear();
    rest.unit_type.clear();
    auto read = report::read_ask(call_.snapshot(), names_, rest);
    if (!read) {
        for (Error& e : read.error())
            if (unseen_dimension(rest, e.where)) e = no_dimension(e.where);
        return fail(std::move(read.error()));
    }
    figure::Ask ask = std::move(*read);
    for (const auto& [name, value] : rest.by) {
        const std::optional<std::pair<std::size_t, int>> dimension = dimension_of(ask.figure, name);
        if (!dimension) continue;
        const auto& at_it = dimension->first == 0 ? ask.d1 : ask.d2;
        const record::RecordPtr there = at_it && *at_it > 0 ? call_.snapshot().record(dimension->second, RecordId(*at_it)) : nullptr;
        if (there && !shower_.sees(*there)) return fail(Errors{no_dimension(name)});
    }
    if (unit.empty()) {
        if (may_see(ask)) return ask;
        return fail(Errors{{Code::not_allowed, "unit", "the figure of all units together is not yours to see", "name a unit"}});
    }
    std::vector<int> types = report::unit_types(model_, ask.figure, ask.forest);
    if (!text.unit_type.empty()) {
        const int type = model_.find_type(text.unit_type);
        std::erase_if(types, [&](int t) { return t != type; });
    }
    for (const int type : types) {
        ask.unit_type = type;
        if (digits(unit)) {
            ask.unit = whole_number(unit).value_or(0);
            if (ask.unit <= 0 || !call_.snapshot().record(type, RecordId(ask.unit))) continue;
        } else {
            const Result<RecordId> id = names_.find(type, unit);
            if (!id) continue;
            ask.unit = id->value;
        }
        if (may_see(ask)) return ask;
    }
    return fail(Errors{{Code::not_found, "unit", "there is no such unit, or this figure of it is not yours to see",
                        "an id of the figure's unit type, with unit_type where several have it, or a key"}});
}

Checked<figure::Ask> Figures::read_query(std::string_view figure) {
    const net::Request& request = call_.request;
    report::AskText text;
    text.figure = figure;
    text.unit_type = request.asked("unit_type");
    text.period = request.asked("period");
    text.as_known = request.asked("as_known");
    text.definition = request.asked("definition");
    text.forest = request.asked("forest");
    text.tree = request.asked("tree");
    Errors errors;
    for (const auto& [name, value] : request.query) {
        if (name != "by" || value.empty()) continue;
        if (const std::size_t equal = value.find('='); equal != std::string::npos)
            text.by.emplace_back(value.substr(0, equal), value.substr(equal + 1));
        else
            errors.push_back({Code::invalid_input, "by", "\"" + value.substr(0, 80) + "\" has no value", "by=dimension=value"});
    }
    auto ask = read(text, request.asked("unit"));
    if (ask && errors.empty()) return ask;
    if (!ask) errors.insert(errors.end(), ask.error().begin(), ask.error().end());
    return fail(std::move(errors));
}

bool Figures::reaches_small(int figure) const {
    const model::Figure& f = model_.figures[at(figure)];
    if (!f.derived()) return call_.who && call_.who->smallest_cell(figure) > 0;
    return std::any_of(f.parts.begin(), f.parts.end(), [&](const model::FigurePart& p) { return reaches_small(p.figure); });
}

std::int64_t Figures::stands_for(const figure::Ask& ask, std::int64_t records, std::int64_t enough) {
    const int type = model_.figures[at(ask.figure)].type;
    const model::Type& shape = model_.types[at(type)];
    if (records < enough || shape.owner < 0) return records;
    // Many lines of one owner still tell of one.
    constexpr std::int64_t page = 500;
    std::set<std::int64_t> owners;
    for (std::int64_t offset = 0; offset < records && static_cast<std::int64_t>(owners.size()) < enough; offset += page)
        for (const auto& row : call_.snapshot().why(ask, {offset, page}).rows) {
            const record::RecordPtr record = call_.snapshot().record(type, RecordId{row.record});
            const auto* owner = record ? record::as_integer(record->at(shape.owner_field)) : nullptr;
            owners.insert(owner ? *owner : -row.record);
            if (static_cast<std::int64_t>(owners.size()) >= enough) break;
        }
    return static_cast<std::int64_t>(owners.size());
}

std::int64_t Figures::hides(const figure::Ask& ask, std::int64_t records, std::int64_t enough) {
    const std::int64_t behind = stands_for(ask, records, enough);
    if (behind >= enough || behind == 0) return behind;
    constexpr std::int64_t rows_max = 1'000;
    const int type = model_.figures[at(ask.figure)].type;
    const figure::Explanation why = call_.snapshot().why(ask, {0, rows_max});
    if (why.rows_total > rows_max) return behind;
    for (const auto& row : why.rows) {
        const record::RecordPtr record = call_.snapshot().record(type, RecordId{row.record});
        if (!record || !shower_.sees(*record)) return behind;
    }
    return enough;
}

// Whether the value would give away a small one beside it: the whole above them minus the others.
bool Figures::gives_away(const figure::Ask& ask, int least) {
    const model::Figure& figure = model_.figures[at(ask.figure)];
    const int forest = ask.forest >= 0 ? ask.forest : figure.forest, type = ask.unit_type >= 0 ? ask.unit_type : report::unit_type_of(model_, ask.figure);
    if (ask.unit <= 0 || forest < 0 || forest != model_.rights.forest) return false;
    for (const auto& parent : call_.who->directory().parents({type, ask.unit})) {
        const std::tuple key{ask.figure, parent.first, parent.second, ask.period ? ask.period->encoded() : 0, ask.d1.value_or(INT64_MIN), ask.d2.value_or(INT64_MIN),
                             ask.as_known ? ask.as_known->value : 0};
        auto known = given_away_.find(key);
        if (known == given_away_.end()) {
            std::vector<access::Part> parts;
            std::vector<access::Directory::Node> nodes = call_.who->directory().children(parent);
            std::int64_t sum = 0;
            const auto part = [&](const access::Directory::Node& node) {
                figure::Ask one = ask;
                one.unit_type = node.first;
                one.unit = node.second;
                const figure::Value value = call_.snapshot().figure(one);
                return access::Part{value.has ? hides(one, value.records, least) : 0, value.records};
            };
            for (const auto& node : nodes) sum += parts.emplace_back(part(node)).size;
            // What is written for the unit above itself, in none of those below.
            figure::Ask whole = ask;
            whole.unit_type = parent.first;
            whole.unit = parent.second;
            if (const std::int64_t rest = call_.snapshot().figure(whole).records - sum; rest > 0) parts.push_back({rest, rest});
            const std::vector<bool> withheld = access::withheld_parts(parts, least);
            std::set<access::Directory::Node> set;
            for (std::size_t i = 0; i < nodes.size(); ++i)
                if (withheld[i]) set.insert(nodes[i]);
            known = given_away_.emplace(key, std::move(set)).first;
        }
        if (known->second.contains({type, ask.unit})) return true;
    }
    return false;
}

// A derived figure tells of its parts, so it is withheld with any of them.
bool Figures::withheld(const figure::Ask& ask, const figure::Value& value) {
    if (model_.rights.smallest_cell.empty() || !value.has || !reaches_small(ask.figure)) return false;
    if (!model_.figures[at(ask.figure)].derived()) {
        const int least = call_.who->smallest_cell(ask.figure);
        return least > 0 && value.records > 0 && (hides(ask, value.records, least) < least || gives_away(ask, least));
    }
    for (const figure::PartValue& part : call_.snapshot().why(ask, {0, 1}).parts)
        if (withheld(part.ask, part.value)) return true;
    return false;
}

figure::Value Figures::value(const figure::Ask& ask) {
    figure::Value value;
    if (!may_see(ask)) {
        value.why_none = "not yours to see";
        return value;
    }
    value = call_.snapshot().figure(ask);
    if (!withheld(ask, value)) return value;
    figure::Value none;
    none.why_none = "too few records stand behind it to be shown";
    return none;
}

json::object Figures::value_json(const figure::Ask& ask, const figure::Value& value) {
    const model::Figure& figure = model_.figures[at(ask.figure)];
    json::object out{{"has", value.has}, {"unit", report::measure_text(figure.measure)}};
    if (value.has) {
        out["number"] = value.number.text();
        out["text"] = report::value_text(model_, ask, value);
        if (!figure.derived()) out["records"] = value.records;
        if (!figure.derived() && figure.kind == model::FigureKind::stock) out["reported"] = value.reported, out["expected"] = value.expected;
    } else {
        out["why_none"] = value.why_none.empty() ? "no record contributes" : value.why_none;
    }
    return out;
}

json::value Figures::unit_json(const figure::Ask& ask) {
    if (ask.unit <= 0 || ask.unit_type < 0) return nullptr;
    json::object out = shower_.reference(ask.unit_type, RecordId(ask.unit)).as_object();
    out["type"] = model_.types[at(ask.unit_type)].code;
    return out;
}

// What a record gives is the value of a field of it.
json::value Figures::amount_of(const model::Figure& figure, const record::Record& record, std::string text) {
    if (figure.value && !figure.value->fields.empty() && !shower_.shows(record, figure.value->fields.front())) return nullptr;
    return json::value(std::move(text));
}

json::object Figures::row_json(const figure::Ask& ask, const figure::Explanation::Row& row, const record::Record& record) {
    const model::Figure& figure = model_.figures[at(ask.figure)];
    const model::Type& type = model_.types[at(figure.type)];
    json::object out{{"type", type.code}, {"id", row.record}, {"title", shower_.title(record)}, {"amount", amount_of(figure, record, report::row_value(figure, row))}, {"position", row.position}};
    if (const auto entry = call_.snapshot().entry(Position{row.position})) {
        out["time"] = entry->time.text();
        out["channel"] = entry->channel;
        out["actor"] = shower_.reference(model_.identity.person, entry->actor);
        out["post"] = shower_.reference(model_.identity.post, entry->post);
    }
    json::array evidence;
    const std::vector<bool> visible =
        call_.who ? call_.who->fields(access::Action::see, record, call_.world()) : std::vector<bool>(type.fields.size(), true);
    for (std::size_t f = 0; f < type.fields.size(); ++f)
        if (type.fields[f].kind == model::FieldKind::attachment && visible[f] && !record::is_unset(record.values[f]))
            evidence.push_back({{"field", type.fields[f].code}, {"label", label_json(type.fields[f].label)},
                                {"attachment", shower_.value(type.fields[f], record.values[f], true)}});
    out["evidence"] = std::move(evidence);
    return out;
}

json::object Figures::why(const figure::Ask& ask, std::int64_t offset, std::int64_t limit) {
    const model::Figure& figure = model_.figures[at(ask.figure)];
    const bool mine_only = call_.who && figure.type >= 0 && !call_.who->sees_all(figure.type);
    const figure::Explanation why =
        call_.snapshot().why(ask, mine_only ? figure::Page{0, rows_looked_at_max} : figure::Page{offset, limit});
    const bool kept_back = withheld(ask, why.value);
    json::object out{{"figure", figure.code}, {"label", label_json(figure.label)}, {"unit", unit_json(ask)},
                     {"period", ask.period ? json::value(ask.period->text()) : json::value(nullptr)},
                     {"value", value_json(ask, kept_back ? value(ask) : why.value)}, {"formula", why.formula}};
    bool parts_seen = !kept_back;
    json::array parts, rows;
    for (const figure::PartValue& part : why.parts) {
        const figure::Value shown = value(part.ask);
        parts_seen = parts_seen && (shown.has || !part.value.has);
        parts.push_back({{"name", part.name}, {"figure", model_.figures[at(part.ask.figure)].code}, {"label", label_json(model_.figures[at(part.ask.figure)].label)},
                         {"unit", unit_json(part.ask)}, {"period", part.ask.period ? json::value(part.ask.period->text()) : json::value(nullptr)},
                         {"value", value_json(part.ask, shown)}});
    }
    out["formula_with_numbers"] = parts_seen ? json::value(why.formula_with_numbers) : json::value(nullptr);
    out["parts"] = std::move(parts);
    std::int64_t hidden = 0, seen = 0;
    for (const figure::Explanation::Row& row : why.rows) {
        const record::RecordPtr record = call_.snapshot().record(figure.type, RecordId{row.record});
        if (!record || !shower_.sees(*record)) {  // one that is gone can be opened by nobody
            ++hidden;
            continue;
        }
        ++seen;
        if (mine_only && (seen <= offset || seen > offset + limit)) continue;
        rows.push_back(row_json(ask, row, *record));
    }
    out["rows"] = std::move(rows);
    // How many stand behind a withheld value is what is withheld.
    out["rows_total"] = mine_only || kept_back ? seen : why.rows_total;
    out["hidden"] = kept_back ? json::value(nullptr) : json::value(hidden);
    if (mine_only && !kept_back && why.rows_total > rows_looked_at_max) out["not_looked_at"] = why.rows_total - rows_looked_at_max;
    if (!kept_back && !figure.derived()) {
        out["rows_sum"] = why.rows_sum.text();
        out["checked"] = why.rows_sum_checked;
    }
    if (ask.as_known) out["as_known"] = ask.as_known->value, out["rights"] = "today's";
    return out;
}

void Figures::plain_asks(const figure::Ask& ask, std::vector<figure::Ask>& out) {
    if (!may_see(ask)) return;
    if (!model_.figures[at(ask.figure)].derived()) return out.push_back(ask);
    for (const figure::PartValue& part : call_.snapshot().why(ask, {0, 1}).parts) plain_asks(part.ask, out);
}

// What changed between two entries of the journal, record by record.
json::object Figures::difference(const figure::Ask& ask, Position from, Position to) {
    constexpr std::size_t postings_max = 5'000, records_max = 500;
    figure::Ask before = ask, after = ask;
    before.as_known = from;
    after.as_known = to;
    json::object out{{"figure", model_.figures[at(ask.figure)].code}, {"from", json::object{{"position", from.value}, {"value", value_json(before, value(before))}}},
                     {"to", json::object{{"position", to.value}, {"value", value_json(after, value(after))}}}};
    std::vector<figure::Ask> asks;
    plain_asks(ask, asks);
    json::array records;
    std::int64_t hidden = 0;
    bool more = false;
    const bool kept_back = withheld(before, call_.snapshot().figure(before)) || withheld(after, call_.snapshot().figure(after));
    for (const figure::Ask& plain : asks) {
        const model::Figure& figure = model_.figures[at(plain.figure)];
        const auto postings = call_.snapshot().difference(plain, from, to, postings_max);
        if (!postings) continue;
        more = more || postings->size() >= postings_max;
        std::map<std::int64_t, std::vector<const figure::Posting*>> by_record;
        for (const figure::Posting& p : *postings) by_record[p.record].push_back(&p);
        for (const auto& [id, moves] : by_record) {
            const record::RecordPtr record = call_.snapshot().record(figure.type, RecordId{id});
            if (!record || !shower_.sees(*record)) {
                ++hidden;
                continue;
            }
            if (records.size() >= records_max) {
                more = true;
                break;
            }
            const auto amount = [&](const figure::Posting& p) { return amount_of(figure, *record, std::string(report::row_value(figure, {p.record, p.what, p.position}))); };
            const auto left = std::find_if(moves.begin(), moves.end(), [](const auto* p) { return p->sign < 0; });
            const auto came = std::find_if(moves.rbegin(), moves.rend(), [](const auto* p) { return p->sign > 0; });
            records.push_back({{"type", model_.types[at(figure.type)].code}, {"id", id}, {"title", shower_.title(*record)}, {"figure", figure.code},
                               {"position", moves.back()->position},
                               {"before", left == moves.end() ? json::value(nullptr) : amount(**left)},
                               {"after", came == moves.rend() ? json::value(nullptr) : amount(**came)}});
        }
    }
    out["records"] = std::move(records);
    out["hidden"] = kept_back ? json::value(nullptr) : json::value(hidden);  // its number would tell the withheld value
    out["more"] = more;
    out["rights"] = "today's";
    return out;
}

report::Eyes Figures::eyes() {
    return {[this](const figure::Ask& ask) { return may_see(ask) && !withheld(ask, call_.snapshot().figure(ask)); },
            [this](const record::Record& record) { return shower_.sees(record); }};
}

}  // namespace yipan::api
