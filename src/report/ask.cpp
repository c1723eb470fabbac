#include "report/ask.h"

#include <algorithm>
#include <map>
#include <charconv>
#include <set>

#include "base/nearest.h"

namespace yipan::report {
namespace {

constexpr std::int64_t names_compared_max = 5'000;

template <class Things>
std::vector<std::string_view> codes_of(const Things& things) {
    std::vector<std::string_view> codes;
    for (const auto& thing : things) codes.push_back(thing.code);
    return codes;
}

// The field a path ends in.
const model::Field& end_of(const model::Model& model, int type, const model::Path& path) {
    const model::Field* field = nullptr;
    for (const int index : path.fields) {
        field = &model.types[static_cast<std::size_t>(type)].fields[static_cast<std::size_t>(index)];
        type = field->target;
    }
    return *field;
}

int forest_of(const model::Model& model, int figure) {
    const model::Figure& f = model.figures[static_cast<std::size_t>(figure)];
    if (!f.derived() || f.forest >= 0 || f.parts.empty()) return f.forest;
    return forest_of(model, f.parts.front().figure);
}

class Reader {
  public:
    Reader(board::Snapshot& snapshot, exchange::Names& names, const AskText& text)
        : snapshot_(snapshot), model_(snapshot.model()), names_(names), text_(text) {}

    Checked<figure::Ask> read() {
        ask_.today = snapshot_.today();
        const Result<int> found = find_figure(model_, text_.figure);
        if (!found) return fail(Errors{found.error()});
        ask_.figure = *found;
        read_forest();
        read_unit();
        read_period();
        read_dimensions();
        read_position();
        if (!text_.tree.empty()) {
            if (const Result<Date> date = Date::parse(text_.tree))
                ask_.tree_date = *date;
            else
                bad(date.error(), "tree");
        }
        if (!errors_.empty()) return fail(std::move(errors_));
        return ask_;
    }

  private:
    void bad(Error error, const std::string& where) {
        if (error.where.empty()) error.where = where;
        errors_.push_back(std::move(error));
    }
    const model::Figure& figure() const { return model_.figures[static_cast<std::size_t>(ask_.figure)]; }

    void read_forest() {
        if (text_.forest.empty()) return;
        ask_.forest = model_.find_forest(text_.forest);
        if (ask_.forest < 0) {
            bad({Code::not_found, "forest", "there is no forest \"" + text_.forest + "\"",
                 did_you_mean(text_.forest, codes_of(model_.forests), "the model declares them under forests:")},
                "");
        }
    }

    void read_unit() {
        if (text_.unit.empty()) return;
        std::vector<int> types = unit_types(model_, ask_.figure, ask_.forest);
        if (!text_.unit_type.empty()) {
            const Result<int> type = find_type(model_, text_.unit_type);
            if (!type) return bad(type.error(), "unit_type");
            types = {*type};
        }
        for (const int type : types) {
            const Result<RecordId> id = names_.find(type, text_.unit);
            if (!id) continue;
            ask_.unit_type = type;
            ask_.unit = id->value;
            return;
        }
        if (types.empty())
            return bad({Code::not_found, "unit", "the figure " + figure().code + " has no units", "leave the unit out"},
                       "");
        const Result<RecordId> nearest_named = find_record(snapshot_, names_, types.front(), text_.unit);
        bad(nearest_named ? Error{Code::not_found, "unit", "there is no unit \"" + text_.unit + "\""}
                          : nearest_named.error(),
            "unit");
    }

    void read_period() {
        const bool wanted = has_period(model_, ask_.figure);
        if (text_.period.empty()) {
            if (wanted)
                bad({Code::invalid_input, "period", "the figure " + figure().code + " needs a period",
                     "2026-06, 2026Q2, 2026H1, 2026 or 2026-01..06"},
                    "");
            return;
        }
        if (const Result<Period> period = Period::parse(text_.period))
            ask_.period = *period;
        else
            bad(period.error(), "period");
    }

    void read_dimensions() {
        for (const auto& [name, value] : text_.by) {
            std::vector<std::string_view> known;
            int at = -1;
            for (std::size_t i = 0; i < figure().by_names.size(); ++i) {
                const std::string& whole = figure().by_names[i];
                known.push_back(whole);
                const std::size_t dot = whole.rfind('.');
                if (whole == name || (dot != std::string::npos && whole.substr(dot + 1) == name))
                    at = static_cast<int>(i);
            }
            if (at < 0) {
                bad({Code::not_found, name, "the figure " + figure().code + " has no dimension \"" + name + "\"",
                     did_you_mean(name, known, known.empty() ? "it has none" : "it has " + std::string(known.front()))},
                    "");
                continue;
            }
            read_dimension(static_cast<std::size_t>(at), name, value);
        }
    }

    void read_dimension(std::size_t at, const std::string& name, const std::string& text) {
        std::optional<std::int64_t>& slot = at == 0 ? ask_.d1 : ask_.d2;
        const model::Field& field = end_of(model_, figure().type, figure().by[at]);
        const Result<record::Value> value = record::parse_value(model_, field, text, names_.find_function());
        if (!value) return bad(value.error(), name);
        if (record::is_unset(*value)) {
            slot = figure::dimension_none;
        } else if (const std::string* code = record::as_text(*value)) {
            for (std::size_t i = 0; i < field.choices.size(); ++i) {
                if (field.choices[i].code == *code) slot = static_cast<std::int64_t>(i) + 1;
            }
        } else {
            slot = *record::as_integer(*value) + (field.kind == model::FieldKind::boolean ? 1 : 0);
        }
    }

    void read_position() {
        if (text_.as_known.empty()) return;
        std::int64_t position = -1;
        const char* const end = text_.as_known.data() + text_.as_known.size();
        const auto [stop, problem] = std::from_chars(text_.as_known.data(), end, position);
        const std::int64_t newest = snapshot_.position().value;
        if (problem != std::errc{} || stop != end || position < 0 || position > newest) {
            return bad({Code::invalid_input, "as_known", "\"" + text_.as_known + "\" is no position of the journal",
                        "0 to " + std::to_string(newest)},
                       "");
        }
        ask_.as_known = Position{position};
        ask_.by_today = text_.definition == "now";
    }

    board::Snapshot& snapshot_;
    const model::Model& model_;
    exchange::Names& names_;
    const AskText& text_;
    figure::Ask ask_;
    Errors errors_;
};

}  // namespace

Result<int> find_figure(const model::Model& model, std::string_view code) {
    const int index = model.find_figure(code);
    if (index >= 0) return index;
    return fail(Code::not_found, "figure", "there is no figure \"" + std::string(code) + "\"",
                did_you_mean(code, codes_of(model.figures), "yipan figures BOARD lists them"));
}

Result<int> find_type(const model::Model& model, std::string_view code) {
    const int index = model.find_type(code);
    if (index >= 0) return index;
    std::vector<std::string_view> known = codes_of(model.types);
    for (const model::Type& type : model.types) {
        if (code == type.label.hans || code == type.label.hant || code == type.label.en) return type.index;
    }
    std::string all;
    for (const std::string_view name : known) all += (all.empty() ? "" : ", ") + std::string(name);
    return fail(Code::not_found, "type", "there is no type \"" + std::string(code) + "\"",
                did_you_mean(code, known, "the board has " + all));
}

Result<RecordId> find_record(board::Snapshot& snapshot, exchange::Names& names, int type, std::string_view name) {
    Result<RecordId> found = names.find(type, name);
    if (found || found.error().code != Code::not_found) return found;
    const model::Model& model = snapshot.model();
    const model::Type& declared = model.types[static_cast<std::size_t>(type)];
    std::vector<std::string> known;
    YIPAN_TRY_VOID(snapshot.each(type, [&](const record::RecordPtr& record) {
        known.push_back(names.key_text(*record));
        if (declared.title >= 0 && record::as_text(record->at(declared.title)))
            known.push_back(*record::as_text(record->at(declared.title)));
        return std::ssize(known) < names_compared_max;
    }));
    return fail(
        Code::not_found, declared.code, "there is no " + declared.code + " \"" + std::string(name) + "\"",
        did_you_mean(name, {known.begin(), known.end()}, "yipan list BOARD " + declared.code + " shows what there is"));
}

int unit_type_of(const model::Model& model, int figure) {
    const model::Figure& f = model.figures[static_cast<std::size_t>(figure)];
    if (!f.derived()) return f.unit_type;
    for (const model::FigurePart& part : f.parts) {
        if (const int type = unit_type_of(model, part.figure); type >= 0) return type;
    }
    return -1;
}

std::vector<int> unit_types(const model::Model& model, int figure, int forest) {
    std::vector<int> types;
    const auto add = [&](int type) {
        if (type >= 0 && std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
    };
    add(unit_type_of(model, figure));
    if (forest < 0) forest = forest_of(model, figure);
    if (forest >= 0) {
        for (const model::ForestLink& link : model.forests[static_cast<std::size_t>(forest)].links) {
            const model::Type& type = model.types[static_cast<std::size_t>(link.type)];
            add(type.fields[static_cast<std::size_t>(link.child)].target);
            add(type.fields[static_cast<std::size_t>(link.parent)].target);
        }
    }
    return types;
}

Result<std::vector<RecordId>> roots_of(board::Snapshot& snapshot, int unit_type) {
    const model::Model& model = snapshot.model();
    std::set<std::int64_t> parents, children;
    for (const model::Forest& forest : model.forests) {
        for (const model::ForestLink& link : forest.links) {
            const model::Type& type = model.types[static_cast<std::size_t>(link.type)];
            if (type.fields[static_cast<std::size_t>(link.parent)].target != unit_type ||
                type.fields[static_cast<std::size_t>(link.child)].target != unit_type)
                continue;
            YIPAN_TRY_VOID(snapshot.each(link.type, [&](const record::RecordPtr& record) {
                if (const auto* parent = record::as_integer(record->at(link.parent))) parents.insert(*parent);
                if (const auto* child = record::as_integer(record->at(link.child))) children.insert(*child);
                return true;
            }));
        }
    }
    std::vector<RecordId> roots;
    for (const std::int64_t parent : parents)
        if (!children.contains(parent)) roots.push_back(RecordId{parent});
    return roots;
}

Result<std::vector<RecordId>> units_below(board::Snapshot& snapshot, exchange::Names& names, int unit_type, RecordId unit, Date day) {
    const model::Model& model = snapshot.model();
    std::map<std::string, RecordId> found;
    for (const model::Forest& forest : model.forests) {
        for (const model::ForestLink& link : forest.links) {
            const model::Type& type = model.types[static_cast<std::size_t>(link.type)];
            if (type.fields[static_cast<std::size_t>(link.parent)].target != unit_type ||
                type.fields[static_cast<std::size_t>(link.child)].target != unit_type)
                continue;
            YIPAN_TRY_VOID(snapshot.each(link.type, [&](const record::RecordPtr& record) {
                const auto* parent = record::as_integer(record->at(link.parent));
                const auto* child = record::as_integer(record->at(link.child));
                const auto* from = link.from < 0 ? nullptr : record::as_integer(record->at(link.from));
                const auto* to = link.to < 0 ? nullptr : record::as_integer(record->at(link.to));
                if (parent && child && *parent == unit.value && !(from && *from > day.days) && !(to && *to < day.days))
                    found.emplace(names.key_of(unit_type, RecordId{*child}), RecordId{*child});
                return true;
            }));
        }
    }
    std::vector<RecordId> out;
    for (const auto& [key, id] : found) out.push_back(id);
    return out;
}

bool has_period(const model::Model& model, int figure) {
    const model::Figure& f = model.figures[static_cast<std::size_t>(figure)];
    if (!f.derived()) return f.period.has_value();
    return std::any_of(f.parts.begin(), f.parts.end(),
                       [&](const model::FigurePart& part) { return has_period(model, part.figure); });
}

Result<Period> window_of(const Period& period, std::string_view window) {
    if (window.empty() || window == "period") return period;
    if (window == "ytd") return period.to_date();
    if (window == "year") return Period::whole_year(period.year);
    if (window == "year_ago") return period.year_before();
    if (window == "ytd_year_ago") return period.to_date().year_before();
    if (window == "previous") {
        if (const auto before = period.previous()) return *before;
        return fail(Code::invalid_input, "window", "no period stands before " + period.text());
    }
    return fail(Code::invalid_input, "window", "\"" + std::string(window) + "\" is no window",
                did_you_mean(window, {"period", "ytd", "year", "year_ago", "ytd_year_ago", "previous"},
                             "period, ytd, year, year_ago, ytd_year_ago or previous"));
}

Period last_half(Date today) {
    const bool second = today.month() > 6;
    return {PeriodKind::half, static_cast<std::int16_t>(second ? today.year() : today.year() - 1),
            static_cast<std::int8_t>(second ? 1 : 2)};
}

std::string measure_text(const model::Measure& measure) {
    if (measure.kind == model::Measure::Kind::number) return measure.unit;
    return measure.currency.text() == "CNY" ? "元" : std::string(measure.currency.text());
}

std::string dimension_text(const model::Model& model, const model::Figure& figure, std::size_t dimension,
                           std::int64_t value, exchange::Names& names, model::Language language) {
    const model::Field& field = end_of(model, figure.type, figure.by[dimension]);
    if (value == figure::dimension_none) return "";
    if (field.kind == model::FieldKind::boolean) return value == 2 ? "yes" : "no";
    if (field.kind == model::FieldKind::reference) return names.title_of(field.target, RecordId{value});
    const auto index = static_cast<std::size_t>(value - 1);
    return index < field.choices.size() ? field.choices[index].label.in(language) : std::to_string(value);
}

Checked<figure::Ask> read_ask(board::Snapshot& snapshot, exchange::Names& names, const AskText& text) {
    return Reader(snapshot, names, text).read();
}

}  // namespace yipan::report
