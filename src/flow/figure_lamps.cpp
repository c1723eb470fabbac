// Lamps of lights over figures: a unit's figure at a period. A period is looked at when it is over and for as long as it is
// among the last twelve; again when what the figure is made of moves. Who is announced, how, and what is kept is as for the
// lamps of records; only that the subject is a unit at a period ("organ/3/2026-06"). A figure that cannot be computed for one
// unit (a plan of nothing to divide by) is that unit's trouble: its lamp keeps its colour and says so, the others' go on.
// What is looked at follows what happened: a period that ended, at all units; units whose own cells moved, and those above
// them, at the periods watched; all of it where links of a forest change. tests/flow/figure_lamps_test.cpp holds it against
// looking at everything.
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
    parents_known_ = false;
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

// Called under the lock of news, for every batch: so what the model has to say about it is found once.
void Ticker::note_figures(const model::ModelPtr& model, const board::Shown& shown) {
    if (watched_.model != model) {
        watched_ = {model, std::vector<bool>(model->types.size()), std::vector<bool>(model->types.size()), false};
        for (const model::Light& light : model->lights) {
            if (light.figure < 0) continue;
            watched_.any = true;
            for (const int type : report::light_unit_types(*model, light.figure)) watched_.units[at(type)] = true;
        }
        for (const model::Forest& forest : model->forests)
            for (const auto& link : forest.links) watched_.links[at(link.type)] = true;
    }
    if (!watched_.any) return;
    FigureNews& news = figure_news_;
    news.moved.insert(shown.figures.begin(), shown.figures.end());
    for (const board::Changed& c : shown.records) {
        if (c.type < 0) continue;
        news.links = news.links || watched_.links[at(c.type)];
        if (watched_.units[at(c.type)]) news.records.insert({c.type, c.record.value});
    }
    news.any_unit = news.any_unit || (shown.units.empty() && !shown.figures.empty()) || news.units.size() + shown.units.size() > moved_units_max || news.records.size() > moved_units_max;
    if (news.any_unit) news.units.clear(), news.records.clear();
    else news.units.insert(shown.units.begin(), shown.units.end());
}

Status Ticker::read_parents(board::Snapshot& snapshot) {
    parents_.clear();
    for (const model::Forest& forest : snapshot.model().forests)
        for (const auto& link : forest.links) {
            const model::Type& type = snapshot.model().types[at(link.type)];
            const int above = type.fields[at(link.parent)].target, below = type.fields[at(link.child)].target;
            YIPAN_TRY_VOID(snapshot.each(link.type, [&](const record::RecordPtr& r) {
                const auto *parent = record::as_integer(r->at(link.parent)), *child = record::as_integer(r->at(link.child));
                if (parent && child) parents_[{below, *child}].emplace_back(above, *parent);
                return true;
            }));
        }
    parents_known_ = true;
    return {};
}

// What moved of a unit moves its own value and that of every unit that ever stood above it. Links that change may move any.
Status Ticker::take_in(board::Snapshot& snapshot, const FigureNews& news) {
    if (news.links || !parents_known_) YIPAN_TRY_VOID(read_parents(snapshot));
    for (FigureRule& rule : figure_rules_) {
        rule.all_units = rule.all_units || news.links || news.any_unit;
        for (const Unit& unit : news.records)
            if (std::find(rule.unit_types.begin(), rule.unit_types.end(), unit.first) != rule.unit_types.end()) rule.units.insert(unit);
    }
    std::map<Unit, std::vector<Unit>> above;  // itself included
    for (const auto& [figure, unit] : news.units) {
        const Unit moved{snapshot.model().figures[at(figure)].unit_type, unit};
        auto& line = above[moved];
        if (line.empty()) {
            std::set<Unit> seen{moved};
            line.push_back(moved);
            for (std::size_t i = 0; i < line.size(); ++i)
                if (const auto found = parents_.find(line[i]); found != parents_.end())
                    for (const Unit& parent : found->second)
                        if (seen.insert(parent).second) line.push_back(parent);
        }
        for (FigureRule& rule : figure_rules_) {
            if (rule.all_units || !rule.reads.contains(figure)) continue;
            for (const Unit& one : line)
                if (std::find(rule.unit_types.begin(), rule.unit_types.end(), one.first) != rule.unit_types.end()) rule.units.insert(one);
        }
    }
    return {};
}

// It is tried again when the light is looked at next.
void Ticker::refused_figure(const Key& key) {
    const auto unit = announced_.find(key);
    for (FigureRule& rule : figure_rules_)
        if (rule.light == key.light && unit != announced_.end()) rule.units.insert(unit->second);
}

// All units at a period that has ended since; else those whose values may have moved. A figure without periods is of today,
// and so are the links it goes by: all units on a new day.
Status Ticker::look_at_figures(board::Snapshot& snapshot, const FigureNews& news, Ticked& out) {
    YIPAN_TRY_VOID(take_in(snapshot, news));
    announced_.clear();
    const Date today = snapshot.today(), before = std::exchange(figures_on_, today);
    const bool new_day = before != today;
    for (FigureRule& rule : figure_rules_) {
        if (!new_day && std::none_of(rule.reads.begin(), rule.reads.end(), [&](int f) { return news.moved.contains(f); })) continue;
        const bool all_units = std::exchange(rule.all_units, false) || before == Date{INT32_MIN} || (rule.timeless && new_day);
        const std::set<Unit> moved = std::exchange(rule.units, {});
        const auto ended = [&](const std::optional<Period>& period) { return period && period->last_day() >= before; };
        const auto periods = watched(rule.timeless, rule.grain, today);
        std::vector<record::RecordPtr> every, some;  // in one order: by type as the light has them, then by number
        const bool whole = all_units || std::any_of(periods.begin(), periods.end(), ended);
        for (const int type : rule.unit_types) {
            if (whole)
                YIPAN_TRY_VOID(snapshot.each(type, [&](const record::RecordPtr& r) {
                    if (!r->voided) every.push_back(r);
                    return true;
                }));
            for (auto unit = moved.lower_bound({type, INT64_MIN}); unit != moved.end() && unit->first == type && !all_units; ++unit)
                if (auto r = snapshot.record(type, RecordId(unit->second)); r && !r->voided) some.push_back(std::move(r));
        }
        for (const auto& period : periods)
            for (const auto& unit : all_units || ended(period) ? every : some) look_at_figure(snapshot, rule, unit, period, before, out);
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
    const Key announced{rule.light, figure_key(subject)};
    announced_[announced] = {unit->type, unit->id.value};
    announce_figure(model, announced, fresh ? RecordId() : RecordId(known->second.lamp), subject, responsible, {nominal, lamp.colour, 0, 0, std::move(lamp.problem)}, today);
    ++out.lamps, out.records += fresh;
}

}  // namespace yipan::flow
