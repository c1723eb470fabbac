// The value of a figure: rules in README.md 2-4.
#include <absl/container/flat_hash_set.h>
#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "base/check.h"
#include "figure/state.h"

namespace yipan::figure {

using model::FigureKind;
using model::Reducer;

namespace {

Value none(std::string why) {
    Value v;
    v.why_none = std::move(why);
    return v;
}

const model::Field& end_of(const model::Model& model, const model::Figure& figure, const model::Path& path) {
    int type = figure.type;
    for (std::size_t i = 0; i + 1 < path.fields.size(); ++i) {
        type = model.types[static_cast<std::size_t>(type)].fields[static_cast<std::size_t>(path.fields[i])].target;
    }
    return model.types[static_cast<std::size_t>(type)].fields[static_cast<std::size_t>(path.fields.back())];
}

}  // namespace

bool Reading::additive() const {
    return figure->kind == FigureKind::flow && (figure->reducer == Reducer::sum || figure->reducer == Reducer::count ||
                                                figure->reducer == Reducer::average);
}

Cells::AggregateKey Reading::key(std::int32_t number) const {
    Cells::AggregateKey k;
    k.figure = number;
    k.unit_type = unit_type;
    k.forest = forest;
    k.epoch = epoch;
    k.unit = all_units ? 0 : unit;
    k.d1 = d1.value_or(0);
    k.d2 = d2.value_or(0);
    k.fixed = static_cast<std::uint8_t>((d1 ? 1 : 0) | (d2 ? 2 : 0));
    return k;
}

const model::Figure* Book::State::find(const Ask& ask) const {
    if (ask.figure < 0 || static_cast<std::size_t>(ask.figure) >= model.figures.size()) return nullptr;
    return &model.figures[static_cast<std::size_t>(ask.figure)];
}

Reading Book::State::resolve(const Ask& ask) {
    Reading r;
    r.figure = &model.figures[static_cast<std::size_t>(ask.figure)];
    const model::Figure& f = *r.figure;
    r.d1 = ask.d1;
    r.d2 = ask.d2;
    if ((ask.d1 && f.by.empty()) || (ask.d2 && f.by.size() < 2)) {
        r.none = fmt::format("{} is not kept by that dimension", f.code);
        return r;
    }
    // Slots
    if (!f.period) {
        if (f.kind == FigureKind::cumulative) r.none = fmt::format("{} is cumulative and needs a period", f.code);
    } else if (!ask.period) {
        r.none = fmt::format("{} is kept by {}: a period must be asked", f.code, period_kind_name(f.grain));
    } else {
        const MonthIndex a = ask.period->first_month(), b = ask.period->last_month();
        r.to = slot_of(f.grain, b);
        r.from = slot_of(f.grain, a);
        const bool end_fits = last_month_of(f.grain, r.to) == b;
        const bool begin_fits = first_month_of(f.grain, r.from) == a;
        if (!end_fits || (!begin_fits && f.kind != FigureKind::stock && !ask.to_date)) {
            r.none = fmt::format("{} is kept by {}; {} is not whole ones", f.code, period_kind_name(f.grain),
                                 ask.period->text());
        } else if (f.kind == FigureKind::stock) {
            // Slots whose last month is at most max_age months before b.
            const int k = months_of(f.grain);
            r.from = r.to - f.max_age_months / k;
        } else if (f.kind == FigureKind::cumulative) {
            if (ask.to_date) r.none = fmt::format("{} is cumulative within a year: to date is not defined", f.code);
            if (a % 12 != 0) r.before = r.from - 1;
            r.from = r.to;
        } else if (ask.to_date) {
            r.from = slot_min;
        }
    }
    if (f.kind == FigureKind::cumulative && f.reducer != Reducer::sum && r.none.empty()) {
        r.none = fmt::format("{} is cumulative: only sums can be", f.code);
    }
    // Units
    r.all_units = ask.unit == 0;
    r.unit = ask.unit;
    if (r.all_units) return r;
    r.forest = ask.forest >= 0 ? ask.forest : f.forest;
    r.unit_type = ask.unit_type >= 0 ? ask.unit_type : f.unit_type;
    if (r.forest < 0) {
        if (r.unit_type != f.unit_type && r.none.empty()) {
            r.none = fmt::format("{} belongs to {}; without a forest it has no value for {}", f.code,
                                 model.types[static_cast<std::size_t>(f.unit_type)].code,
                                 model.types[static_cast<std::size_t>(r.unit_type)].code);
        }
        return r;
    }
    if (graph_forest(r.forest) < 0) {
        r.none = fmt::format("the forest {} is no longer in the model",
                             model.forests[static_cast<std::size_t>(r.forest)].code);
        return r;
    }
    r.epoch = graph.epoch(graph_forest(r.forest), ask.tree_date ? *ask.tree_date : ask.period ? ask.period->last_day() : ask.today);
    return r;
}

int Book::State::value_scale(const model::Figure& f) const {
    if (!f.value || f.reducer == Reducer::count || f.reducer == Reducer::distinct) return 0;
    const model::Field& field = end_of(model, f, *f.value);
    if (field.kind == model::FieldKind::money) return 2;
    return field.kind == model::FieldKind::decimal ? field.scale : 0;
}

Value Book::State::added(const Reading& reading, SlotTable::Sum sum) const {
    const model::Figure& f = *reading.figure;
    Value v;
    v.records = sum.count;
    if (f.reducer == Reducer::count) {
        v.has = true;
        v.number = Decimal::of(sum.count);
        return v;
    }
    if (sum.count == 0) {
        v.why_none = fmt::format("nothing is reported for {}", f.code);
        return v;
    }
    __int128 total = sum.sum;
    int scale = value_scale(f);
    if (f.reducer == Reducer::average) {
        const int wanted = f.measure.scale;
        __int128 divisor = sum.count;
        if (wanted >= scale)
            total *= power_of_ten(wanted - scale);
        else
            divisor *= power_of_ten(scale - wanted);
        total = divide_rounded(total, divisor, Rounding::half_up);
        scale = wanted;
    }
    if (total > INT64_MAX || total < INT64_MIN) {
        v.why_none = fmt::format("the sum of {} leaves 64 bits", f.code);
        v.failed = true;
        return v;
    }
    v.has = true;
    v.number = Decimal{static_cast<std::int64_t>(total), static_cast<std::uint8_t>(scale)};
    return v;
}

Value Book::State::reduced(const Reading& reading, const Choice& choice) const {
    const model::Figure& f = *reading.figure;
    Value v;
    SlotTable::Sum sum;
    std::int64_t least = INT64_MAX, greatest = INT64_MIN;
    absl::flat_hash_set<std::int64_t> values;
    for (const Chosen& c : choice.rows) {
        sum.sum += c.minus ? -static_cast<__int128>(c.row.value) : static_cast<__int128>(c.row.value);
        ++sum.count;
        least = std::min(least, c.row.value);
        greatest = std::max(greatest, c.row.value);
        if (f.reducer == Reducer::distinct) values.insert(c.row.value);
    }
    const bool empty = choice.rows.empty();
    if (empty && (f.kind != FigureKind::flow || f.reducer == Reducer::min || f.reducer == Reducer::max)) {
        v.why_none = fmt::format("nothing is reported for {}", f.code);
    } else if (f.reducer == Reducer::min || f.reducer == Reducer::max) {
        v.has = true;
        v.number = Decimal{f.reducer == Reducer::min ? least : greatest, static_cast<std::uint8_t>(value_scale(f))};
        v.records = sum.count;
    } else if (f.reducer == Reducer::distinct) {
        v.has = true;
        v.number = Decimal::of(static_cast<std::int64_t>(values.size()));
        v.records = sum.count;
    } else {
        v = added(reading, sum);
    }
    v.reported = choice.reported;
    v.expected = choice.expected;
    return v;
}

Value Book::State::non_additive(const Reading& reading) {
    const model::Figure& f = *reading.figure;
    const UnitSetPtr set = units(reading);
    const auto refs = candidates(reading, set.get(), true);
    // Cells with one contribution tell it by their sum; the others need their postings, once.
    std::vector<CellRef> several;
    const auto cell_of = [&](const CellRef& ref) { return cells.series(ref.series).slots.find(ref.slot); };
    for (const CellRef& ref : refs) {
        if (cell_of(ref)->count != 1) several.push_back(ref);
    }
    if (const Status loaded = load_facts(several); !loaded) return none(loaded.error().text());
    if (f.kind == FigureKind::flow) {
        Value v;
        std::int64_t least = INT64_MAX, greatest = INT64_MIN;
        absl::flat_hash_set<std::int64_t> values;
        for (const CellRef& ref : refs) {
            const Cell* cell = cell_of(ref);
            v.records += cell->count;
            if (cell->count == 1) {
                const auto value = static_cast<std::int64_t>(cell->sum());
                least = std::min(least, value);
                greatest = std::max(greatest, value);
                if (f.reducer == Reducer::distinct) values.insert(value);
                continue;
            }
            const Facts& known = facts.at(ref);
            least = std::min(least, known.least);
            greatest = std::max(greatest, known.greatest);
            if (known.values) {
                for (const auto& [value, n] : *known.values) values.insert(value);
            }
        }
        if (f.reducer != Reducer::distinct && v.records == 0)
            return none(fmt::format("nothing is reported for {}", f.code));
        v.has = true;
        v.number = f.reducer == Reducer::distinct ? Decimal::of(static_cast<std::int64_t>(values.size()))
                                                  : Decimal{f.reducer == Reducer::min ? least : greatest,
                                                            static_cast<std::uint8_t>(value_scale(f))};
        return v;
    }
    std::vector<CellRows> rows;
    rows.reserve(refs.size());
    for (const CellRef& ref : refs) {
        const Cell* cell = cell_of(ref);
        rows.push_back(
            {ref, {cell->count == 1 ? Row{0, static_cast<std::int64_t>(cell->sum()), 0, 0} : facts.at(ref).last}});
    }
    Choice choice = choose(reading, rows);
    choice.expected = 0;
    cells.each_series(number(f), set.get(), reading.d1, reading.d2, [&](std::uint32_t i) {
        for (const Cell& cell : cells.series(i).slots.cells()) {
            if (cell.slot <= reading.to && cell.count != 0) {
                ++choice.expected;
                break;
            }
        }
    });
    return reduced(reading, choice);
}

// The committed cells plus the postings of the open transaction that fall into them.
Value Book::State::value_on_top(const Reading& reading, std::span<const Posting> pending) {
    std::unique_lock alone(guard);
    const UnitSetPtr set = units(reading);
    const auto key = reading.key(number(*reading.figure));
    const Aggregate* known = cells.aggregate(key);
    if (!known) known = &cells.make_aggregate(key, set, reading.d1, reading.d2);
    SlotTable::Sum sum = known->slots.range(reading.from, reading.to);
    for (const Posting& p : pending) {
        const CellKey& k = p.what.cell;
        if (k.figure != key.figure || k.slot < reading.from || k.slot > reading.to) continue;
        if ((reading.d1 && k.d1 != *reading.d1) || (reading.d2 && k.d2 != *reading.d2)) continue;
        if (set && !set->has(k.unit)) continue;
        sum.sum += static_cast<__int128>(p.sign) * p.what.value;
        sum.count += p.sign;
    }
    return added(reading, sum);
}

Value Book::State::value(const Ask& ask, std::span<const Posting> pending) {
    const model::Figure* figure = find(ask);
    if (!figure) return none("there is no such figure");
    if (figure->derived()) return derived(*figure, ask, pending);

    std::shared_lock shared(guard);
    const Reading reading = resolve(ask);
    if (!reading.none.empty()) return none(reading.none);
    if (!pending.empty() && reading.additive()) {
        shared.unlock();
        return value_on_top(reading, pending);
    }
    if (ask.as_known && ask.as_known->value < position) {
        shared.unlock();
        UnitSetPtr set;
        {
            std::unique_lock alone(guard);
            set = units(reading);
        }
        const std::int64_t at = std::max<std::int64_t>(0, ask.as_known->value);
        const auto refs = candidates(reading, set.get(), false);
        if (reading.additive()) {
            const auto sum = sums_at(refs, at);
            return sum ? added(reading, *sum) : none(sum.error().text());
        }
        const auto rows = rows_at(refs, at);
        return rows ? reduced(reading, choose(reading, *rows)) : none(rows.error().text());
    }
    const auto key = reading.key(number(*figure));
    if (reading.additive()) {
        if (const Aggregate* a = cells.aggregate(key)) return added(reading, a->slots.range(reading.from, reading.to));
        shared.unlock();
        std::unique_lock alone(guard);
        if (const Aggregate* a = cells.aggregate(key)) return added(reading, a->slots.range(reading.from, reading.to));
        return added(
            reading,
            cells.make_aggregate(key, units(reading), reading.d1, reading.d2).slots.range(reading.from, reading.to));
    }
    const AnswerKey answer_key{key, reading.from, reading.to, reading.before.value_or(slot_min)};
    const std::uint64_t version = cells.version(key.figure);
    if (const auto at = answers.find(answer_key); at != answers.end() && at->second.version == version)
        return at->second.value;
    shared.unlock();
    std::unique_lock alone(guard);
    const Value v = non_additive(reading);
    if (answers.size() >= answers_max) answers.clear();
    answers[answer_key] = {version, v};
    return v;
}

}  // namespace yipan::figure
