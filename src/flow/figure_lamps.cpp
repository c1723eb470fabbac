// Lamps of lights over figures: a unit's figure at a period. A period is looked at when it is over and for as long as it is
// among the last twelve; again when what the figure is made of moves. Who is announced, how, and what is kept is as for the
// lamps of records; only that the subject is a unit at a period ("organ/3/2026-06"). A figure that cannot be computed for one
// unit (a plan of nothing to divide by) is that unit's trouble: its lamp keeps its colour and says so, the others' go on.
#include <algorithm>

#include "flow/ticker.h"
#include "report/ask.h"
#include "report/light.h"

namespace yipan::flow {
namespace {
using model::Colour;

Period period_of(PeriodKind grain, Date day) {
    const auto year = static_cast<std::int16_t>(day.year());
    const int month = static_cast<int>(day.month());
    switch (grain) {
        case PeriodKind::quarter: return {PeriodKind::quarter, year, static_cast<std::int8_t>((month - 1) / 3 + 1)};
        case PeriodKind::half: return {PeriodKind::half, year, static_cast<std::int8_t>((month - 1) / 6 + 1)};
        case PeriodKind::year: return Period::whole_year(year);
        default: return Period::month(year, month);
    }
}
// Those that are over, the oldest first.
std::vector<std::optional<Period>> watched(bool timeless, PeriodKind grain, Date today) {
    std::vector<std::optional<Period>> out;
    if (timeless) return {std::nullopt};
    std::optional<Period> p = period_of(grain, today).previous();
    for (int i = 0; p && i < periods_watched; ++i, p = p->previous()) out.push_back(p);
    std::reverse(out.begin(), out.end());
    return out;
}
// The plain figures it is made of; the finest of their grains.
void made_of(const model::Model& model, int figure, std::set<int>& plain, PeriodKind& grain) {
    const model::Figure& f = model.figures[at(figure)];
    if (!f.derived()) {
        plain.insert(figure);
        if (report::has_period(model, figure)) grain = std::min(grain, f.grain);
    }
    for (const model::FigurePart& part : f.parts) made_of(model, part.figure, plain, grain);
}
}  // namespace

std::string figure_subject(const model::Model& model, int unit_type, RecordId unit, const std::optional<Period>& period) {
    return subject_text(model, {unit_type, unit}) + (period ? "/" + period->text() : "/-");
}

void Ticker::prepare_figures(const model::Model& model) {
    figure_rules_.clear();
    figure_keys_.clear();
    figures_on_ = Date{INT32_MIN};
    for (std::size_t l = 0; l < model.lights.size(); ++l) {
        const model::Light& light = model.lights[l];
        if (light.figure < 0) continue;
        FigureRule rule;
        rule.light = static_cast<int>(l);
        rule.grain = PeriodKind::year;
        made_of(model, light.figure, rule.reads, rule.grain);
        rule.timeless = !report::has_period(model, light.figure);
        rule.unit_types = report::light_unit_types(model, light.figure);
        figure_rules_.push_back(std::move(rule));
    }
}

// Numbers below zero, so that they stand beside those of records.
std::int64_t Ticker::figure_key(const std::string& subject) {
    return figure_keys_.try_emplace(subject, -static_cast<std::int64_t>(figure_keys_.size()) - 1).first->second;
}

Status Ticker::look_at_figures(board::Snapshot& snapshot, const absl::flat_hash_set<int>& moved, Ticked& out) {
    const Date today = snapshot.today(), before = std::exchange(figures_on_, today);
    const bool whole = before != today;
    for (const FigureRule& rule : figure_rules_) {
        if (!whole && std::none_of(rule.reads.begin(), rule.reads.end(), [&](int f) { return moved.contains(f); })) continue;
        std::vector<record::RecordPtr> units;
        for (const int type : rule.unit_types)
            YIPAN_TRY_VOID(snapshot.each(type, [&](const record::RecordPtr& r) {
                if (!r->voided) units.push_back(r);
                return true;
            }));
        for (const auto& period : watched(rule.timeless, rule.grain, today))
            for (const auto& unit : units) look_at_figure(snapshot, rule, unit, period, before, out);
    }
    return {};
}

void Ticker::look_at_figure(board::Snapshot& snapshot, const FigureRule& rule, const record::RecordPtr& unit, const std::optional<Period>& period, Date before, Ticked& out) {
    const model::Model& model = snapshot.model();
    const Date today = snapshot.today();
    figure::Ask ask;
    ask.figure = model.lights[at(rule.light)].figure;
    ask.unit_type = unit->type;
    ask.unit = unit->id.value;
    ask.period = period;
    ask.today = today;
    ++out.looked_at;
    report::Lamp lamp = report::lamp_of_figure(snapshot, rule.light, ask);
    const std::string subject = figure_subject(model, unit->type, unit->id, period);
    const auto known_key = figure_keys_.find(subject);
    const Key key{rule.light, known_key == figure_keys_.end() ? 0 : known_key->second};
    const auto known = key.record == 0 ? states_.end() : states_.find(key);
    const Colour was = known == states_.end() ? Colour::none : known->second.colour;
    const bool fresh = known == states_.end() || known->second.lamp == 0;
    const bool trouble = !lamp.problem.empty();
    if (trouble) {
        lamp.colour = was;
        lamp.problem.resize(std::min<std::size_t>(lamp.problem.size(), model::lamp_trouble_bytes));
        if (++out.failed <= static_cast<std::int64_t>(tick_problems_max)) out.failures.push_back({Code::evaluation_failed, model.lights[at(rule.light)].code + " " + subject, lamp.problem, ""});
        if (slots_.trouble < 0) return;
    }
    const bool was_trouble = known != states_.end() && known->second.trouble;
    if (trouble == was_trouble && (lamp.colour == was || (fresh && lamp.colour <= Colour::green))) return;
    // A period that ended since the clock last looked is dated by its end; what moved later by the day it moved.
    const Date ended = period ? period->last_day().plus_days(1) : today;
    const Date nominal = fresh && ended > before ? ended : today;
    RecordId responsible = responsible_post(snapshot, *unit);
    if (!post_of(snapshot, responsible).there) responsible = {};
    announce_figure(model, {rule.light, figure_key(subject)}, fresh ? RecordId() : RecordId(known->second.lamp), subject, responsible, {nominal, lamp.colour, 0, 0, std::move(lamp.problem)}, today);
    ++out.lamps, out.records += fresh;
}

}  // namespace yipan::flow
