#include "report/source.h"

#include "record/input.h"
#include "score/output.h"

namespace yipan::report {
namespace {

std::string key_of(const figure::Ask& ask) {
    const auto number = [](const auto& optional) { return optional ? std::to_string(*optional) : std::string("-"); };
    return "f" + std::to_string(ask.figure) + "," + std::to_string(ask.unit_type) + "," + std::to_string(ask.unit) +
           "," + (ask.period ? ask.period->text() : "-") + "," + number(ask.d1) + "," + number(ask.d2) + "," +
           std::to_string(ask.forest) + "," + (ask.tree_date ? ask.tree_date->text() : "-") + "," +
           (ask.as_known ? std::to_string(ask.as_known->value) : "-");
}

}  // namespace

std::string row_value(const model::Figure& figure, const figure::Explanation::Row& row) {
    const bool counted = figure.reducer == model::Reducer::count || figure.reducer == model::Reducer::distinct;
    return counted ? "1" : Decimal{row.what.value, static_cast<std::uint8_t>(figure.measure.scale)}.text();
}

std::string value_text(const model::Model& model, const figure::Ask& ask, const figure::Value& value) {
    if (!value.has) return "无数据" + (value.why_none.empty() ? "" : "（" + value.why_none + "）");
    const model::Figure& figure = model.figures[static_cast<std::size_t>(ask.figure)];
    const std::string unit = measure_text(figure.measure);
    // A quotient carries the decimals it was divided at, a quantity those of its field; trailing zeros say nothing.
    return with_separators(
               (figure.measure.kind == model::Measure::Kind::number ? value.number.normalised() : value.number)
                   .text()) +
           (unit.empty() ? "" : " " + unit);
}

Sources::Sources(board::Snapshot& snapshot, exchange::Names& names, std::string zone, const Eyes& eyes)
    : snapshot_(snapshot), model_(snapshot.model()), names_(names), eyes_(eyes) {
    if (Result<Zone> loaded = Zone::load(zone)) zone_ = std::move(*loaded);
}

int Sources::place_for(const std::string& key, bool& fresh) {
    const auto [at, inserted] = known_.emplace(key, static_cast<int>(sources_.size()));
    fresh = inserted;
    if (inserted) sources_.emplace_back();
    return at->second;
}

std::string Sources::title_of(const figure::Ask& ask) {
    const model::Figure& figure = model_.figures[static_cast<std::size_t>(ask.figure)];
    std::string title = figure.label.hans;
    if (ask.unit > 0 && ask.unit_type >= 0) title += " · " + names_.title_of(ask.unit_type, RecordId{ask.unit});
    if (ask.period) title += " · " + ask.period->text_zh();
    for (std::size_t i = 0; i < figure.by.size(); ++i) {
        const auto& value = i == 0 ? ask.d1 : ask.d2;
        if (value) title += " · " + dimension_text(model_, figure, i, *value, names_, model::Language::hans);
    }
    return title;
}

std::string Sources::entry_text(std::int64_t position) {
    if (position <= 0) return "";
    std::string text = "#" + std::to_string(position);
    const Result<board::Entry> entry = snapshot_.entry(Position{position});
    if (!entry) return text;
    text += " " + (zone_ ? zone_->local_text(entry->time) : entry->time.text()) + " " + entry->channel;
    if (entry->post.value > 0 && model_.identity.post >= 0)
        text += " " + names_.title_of(model_.identity.post, entry->post);
    if (entry->actor.value > 0 && model_.identity.person >= 0)
        text += " " + names_.title_of(model_.identity.person, entry->actor);
    return text;
}

std::string Sources::papers_of(const record::Record& record) {
    const model::Type& type = model_.types[static_cast<std::size_t>(record.type)];
    std::string papers;
    for (std::size_t i = 0; i < type.fields.size() && i < record.values.size(); ++i) {
        const std::string* text =
            type.fields[i].kind == model::FieldKind::attachment ? record::as_text(record.values[i]) : nullptr;
        if (text) papers += (papers.empty() ? "" : "; ") + *text;
    }
    return papers;
}

int Sources::of_figure(const figure::Ask& ask) {
    bool fresh = false;
    const int at = place_for(key_of(ask), fresh);
    if (!fresh) return at;
    const figure::Explanation why = snapshot_.why(ask, {0, source_rows_shown});
    Source source;
    fill(source, ask, why);
    for (const figure::PartValue& part : why.parts) {
        if (!eyes_.see(part.ask)) {
            source.formula_with_numbers.clear();
            source.parts.push_back({part.name, title_of(part.ask), "不在可见范围", -1});
            continue;
        }
        const int place = of_figure(part.ask);  // parts of parts end, since a figure stands after its parts
        source.parts.push_back({part.name, title_of(part.ask), value_text(model_, part.ask, part.value), place});
    }
    sources_[static_cast<std::size_t>(at)] = std::move(source);
    return at;
}

void Sources::fill(Source& source, const figure::Ask& ask, const figure::Explanation& why) {
    const model::Figure& figure = model_.figures[static_cast<std::size_t>(ask.figure)];
    source.title = title_of(ask);
    source.code = figure.code;
    if (!ask.d1 && !ask.d2 && ask.forest < 0) {
        source.figure = figure.code;
        if (ask.unit > 0 && ask.unit_type >= 0) {
            source.unit = std::to_string(ask.unit);
            source.unit_type = model_.types[static_cast<std::size_t>(ask.unit_type)].code;
        }
        if (ask.period) source.period = ask.period->text();
    }
    source.value = value_text(model_, ask, why.value);
    source.formula = why.formula;
    source.formula_with_numbers = why.formula_with_numbers;
    source.rows_total = why.rows_total;
    if (figure.kind == model::FigureKind::stock && why.value.has) {
        source.note = std::to_string(why.value.reported) + " / " + std::to_string(why.value.expected) + " 个单位已报";
    }
    if (!why.rows.empty() && figure.reducer == model::Reducer::sum && figure.kind == model::FigureKind::flow) {
        source.rows_checked =
            with_separators(why.rows_sum.text()) + (why.rows_sum_checked ? "，与数值一致" : "，与数值不一致");
    }
    for (const figure::Explanation::Row& row : why.rows) {
        SourceRow shown;
        const RecordId id{row.record};
        const record::RecordPtr record = snapshot_.record(figure.type, id);
        if (eyes_.record && (!record || !eyes_.see(*record))) continue;
        shown.record = names_.title_of(figure.type, id);
        shown.value = with_separators(row_value(figure, row));
        shown.entry = entry_text(row.position);
        if (record) shown.papers = papers_of(*record);
        source.rows.push_back(std::move(shown));
    }
}

int Sources::of_score(const Assessment& assessment, const std::string& unit) {
    bool fresh = false;
    const int at = place_for("s" + assessment.scheme.code + "," + assessment.period.text() + "," + unit, fresh);
    if (!fresh) return at;
    Source source;
    const score::UnitOutcome* outcome = assessment.outcome.unit(unit);
    source.title = assessment.outcome.label[0] + " · " + (outcome ? outcome->unit.name : unit) + " · " +
                   assessment.period.text_zh();
    source.code = assessment.scheme.code;
    for (const std::string& note : assessment.outcome.notes) source.note += (source.note.empty() ? "" : "; ") + note;
    if (outcome) {
        const std::string text = score::explanation_text(assessment.outcome, *outcome);
        for (std::size_t from = 0; from < text.size();) {
            const std::size_t end = std::min(text.find('\n', from), text.size());
            source.lines.push_back(text.substr(from, end - from));
            from = end + 1;
        }
        if (outcome->total) source.value = std::to_string(*outcome->total);
    }
    // Each indicator's figure is a source of its own.
    const auto id = assessment.units.find(unit);
    for (const auto& [code, asked] : assessment.asks) {
        if (id == assessment.units.end()) break;
        figure::Ask ask = asked;
        ask.unit = id->second.value;
        if (!eyes_.see(ask)) continue;
        const int place = of_figure(ask);
        const Source& part = sources_[static_cast<std::size_t>(place)];
        source.parts.push_back({code, part.title, part.value, place});
    }
    sources_[static_cast<std::size_t>(at)] = std::move(source);
    return at;
}

int Sources::of_record(const record::Record& record, std::string title, std::string value, std::string note) {
    bool fresh = false;
    const int at = place_for("r" + std::to_string(record.type) + "," + std::to_string(record.id.value), fresh);
    if (!fresh) return at;
    Source source;
    source.title = std::move(title);
    source.code = model_.types[static_cast<std::size_t>(record.type)].code;
    source.value = value;
    source.note = std::move(note);
    source.rows.push_back(
        {names_.title_of(record), std::move(value), entry_text(record.position.value), papers_of(record)});
    source.rows_total = 1;
    sources_[static_cast<std::size_t>(at)] = std::move(source);
    return at;
}

}  // namespace yipan::report
