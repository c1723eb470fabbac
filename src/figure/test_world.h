#pragma once
// A tiny world for the tests of figures: units, facts that belong to one, a model made by hand with a figure of every
// kind, and a recomputation of figures/README.md from the raw facts that shares nothing with the book but that page.
#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "figure/book.h"
#include "figure/memory_run_store.h"

namespace yipan::figure::test {

enum FigureIndex {
    flow_sum,
    flow_count,
    flow_average,
    flow_min,
    flow_max,
    flow_distinct,
    stock_sum,
    cumulative_sum,
    quarter_sum,
    eternal_sum,
    by_level,
    figure_count
};
constexpr int unit_type = 0, fact_type = 1;
enum FactField { fact_unit, fact_month, fact_value, fact_level };
constexpr int first_year = 2025;

inline model::Field field(std::string code, model::FieldKind kind) {
    model::Field f;
    f.code = std::move(code);
    f.kind = kind;
    return f;
}

inline model::Path path(std::vector<int> fields, model::At at = model::At::event) {
    model::Path p;
    p.fields = std::move(fields);
    p.at = at;
    return p;
}

inline std::shared_ptr<model::Model> make_model() {
    using model::FieldKind;
    auto m = std::make_shared<model::Model>();
    m->types.resize(2);
    m->types[0].index = 0;
    m->types[0].code = "unit";
    m->types[0].fields = {field("name", FieldKind::text)};
    m->types[1].index = 1;
    m->types[1].code = "fact";
    m->types[1].fields = {field("unit", FieldKind::reference), field("month", FieldKind::period),
                          field("value", FieldKind::integer), field("level", FieldKind::boolean)};
    m->types[1].fields[fact_unit].target = unit_type;
    m->forests.resize(1);
    m->forests[0].code = "tree";
    using model::FigureKind;
    using model::Reducer;
    const auto add = [&](std::string code, Reducer reducer, FigureKind kind) -> model::Figure& {
        model::Figure f;
        f.index = static_cast<int>(m->figures.size());
        f.code = std::move(code);
        f.type = fact_type;
        f.reducer = reducer;
        f.kind = kind;
        if (reducer != Reducer::count) f.value = path({fact_value});
        f.unit = path({fact_unit});
        f.unit_type = unit_type;
        f.period = path({fact_month});
        f.forest = 0;
        m->figures.push_back(std::move(f));
        return m->figures.back();
    };
    add("flow_sum", Reducer::sum, FigureKind::flow);
    add("flow_count", Reducer::count, FigureKind::flow);
    add("flow_average", Reducer::average, FigureKind::flow).measure.scale = 2;
    add("flow_min", Reducer::min, FigureKind::flow);
    add("flow_max", Reducer::max, FigureKind::flow);
    add("flow_distinct", Reducer::distinct, FigureKind::flow);
    auto& stock = add("stock_sum", Reducer::sum, FigureKind::stock);
    stock.max_age_months = 2;
    stock.by = {path({fact_level})};
    add("cumulative_sum", Reducer::sum, FigureKind::cumulative);
    add("quarter_sum", Reducer::sum, FigureKind::flow).grain = PeriodKind::quarter;
    add("eternal_sum", Reducer::sum, FigureKind::flow).period.reset();
    add("by_level", Reducer::sum, FigureKind::flow).by = {path({fact_level})};
    return m;
}

/// A version of a fact; `level` 0: unset, 1: no, 2: yes.
struct Fact {
    std::int64_t unit = 0;
    MonthIndex month = 0;
    std::int64_t value = 0;
    int level = 0;
};

inline record::Record record_of(std::int64_t id, const Fact& fact) {
    record::Record r;
    r.type = fact_type;
    r.id = RecordId(id);
    r.effective = Period::of_month(fact.month).first_day();
    r.values = {fact.unit, Period::of_month(fact.month).encoded(), fact.value, record::Value()};
    if (fact.unit == 0) r.values[fact_unit] = record::Value();
    if (fact.level > 0) r.values[fact_level] = std::int64_t{fact.level - 1};
    return r;
}

class NoOthers final : public record::Resolver {
  public:
    record::RecordPtr current(int, RecordId) override { return nullptr; }
    record::RecordPtr valid_on(int, RecordId, Date) override { return nullptr; }
};

/// All entries so far, and the book that follows them.
struct World {
    explicit World(RunShape s = {}) : shape(s), model(make_model()), plan(std::make_shared<Plan>(*model)) { reopen(); }

    /// One entry: a fact becomes this, or is deleted.
    void write(std::int64_t record, std::optional<Fact> fact) {
        const auto before = facts_at(position);
        ++position;
        entries.push_back({record, fact});
        std::vector<Contribution> left, entered;
        NoOthers world;
        if (const auto old = before.find(record); old != before.end())
            check(plan->contributions(record_of(record, old->second), world, left));
        if (fact) check(plan->contributions(record_of(record, *fact), world, entered));
        figure::difference(left, entered, position, record, waiting);
        by_position.push_back(waiting.size());
    }
    /// Hands the waiting postings to the book.
    void batch() {
        book->apply(waiting, position);
        journal.insert(journal.end(), waiting.begin(), waiting.end());
        waiting.clear();
    }
    void flush() {
        check(book->flush());
        book->commit_flush();
    }
    /// A new book from the runs, and the entries after them again: what happens after a crash.
    void reopen() {
        book = std::make_unique<Book>(plan, store, shape);
        check(book->open());
        book->set_links(links);
        std::vector<Posting> tail;
        for (const Posting& p : journal) {
            if (p.position > book->position()) tail.push_back(p);
        }
        const std::int64_t applied = position - (waiting.empty() ? 0 : position - waiting.front().position + 1);
        book->apply(tail, std::max(applied, book->position()));
    }
    void set_links(std::vector<Link> to) {
        links = std::move(to);
        book->set_links(links);
    }
    std::map<std::int64_t, Fact> facts_at(std::int64_t at) const {
        std::map<std::int64_t, Fact> out;
        for (std::int64_t i = 0; i < at; ++i) {
            const auto& [record, fact] = entries[static_cast<std::size_t>(i)];
            if (fact)
                out[record] = *fact;
            else
                out.erase(record);
        }
        return out;
    }
    static void check(const Status& status) {
        if (!status) throw std::runtime_error(status.error().text());
    }

    RunShape shape;
    std::shared_ptr<model::Model> model;
    std::shared_ptr<Plan> plan;
    MemoryRunStore store;
    std::unique_ptr<Book> book;
    std::vector<Link> links;
    std::vector<std::pair<std::int64_t, std::optional<Fact>>> entries;  // position - 1
    std::vector<Posting> waiting, journal;
    std::vector<std::size_t> by_position;
    std::int64_t position = 0;
};

// ---- the dumb recomputation

struct Answer {
    bool has = false;
    Decimal number;
    std::int64_t records = 0;
    int reported = 0, expected = 0;
    std::vector<std::pair<std::int64_t, std::int64_t>> rows;  // (record, value) that count
};

inline std::set<std::int64_t> units_below(const std::vector<Link>& links, std::int64_t root, Date day) {
    std::set<std::int64_t> out{root};
    for (bool grown = true; grown;) {
        grown = false;
        for (const Link& l : links) {
            if (out.contains(l.parent) && l.from <= day.days && day.days <= l.to)
                grown = out.insert(l.child).second || grown;
        }
    }
    return out;
}

inline Answer recompute(const model::Figure& f, const std::map<std::int64_t, Fact>& facts,
                        const std::vector<Link>& links, const Ask& ask) {
    using model::FigureKind;
    using model::Reducer;
    Answer out;
    const MonthIndex a = ask.period->first_month(), b = ask.period->last_month();
    const int k = f.grain == PeriodKind::quarter ? 3 : 1;
    if (f.period && ((b + 1) % k != 0 || (a % k != 0 && !ask.to_date))) return out;
    if (f.kind == FigureKind::cumulative && ask.to_date) return out;
    const auto units = units_below(links, ask.unit, ask.tree_date.value_or(ask.period->last_day()));
    struct One {
        std::int64_t record, value;
        MonthIndex month;
    };
    std::map<std::pair<std::int64_t, int>, std::vector<One>> series;
    for (const auto& [record, fact] : facts) {
        if (fact.unit == 0 || (ask.unit != 0 && !units.contains(fact.unit))) continue;
        const int level = f.by.empty() ? 0 : fact.level;
        if (ask.d1 && *ask.d1 != level) continue;
        series[{fact.unit, level}].push_back(
            {record, f.reducer == Reducer::count ? 1 : fact.value, f.period ? fact.month : b});
    }
    std::vector<One> chosen;
    std::set<std::int64_t> values;
    __int128 sum = 0;
    for (auto& [key, list] : series) {
        const auto last_in = [&](MonthIndex from, MonthIndex to) {
            std::optional<One> last;
            for (const One& one : list) {
                if (one.month >= from && one.month <= to && (!last || one.month >= last->month))
                    last = one;  // records ascend
            }
            return last;
        };
        if (f.kind == FigureKind::flow) {
            for (const One& one : list) {
                if ((one.month >= a || ask.to_date) && one.month <= b) chosen.push_back(one), sum += one.value;
            }
            continue;
        }
        out.expected += last_in(INT32_MIN, b).has_value();
        if (f.kind == FigureKind::stock) {
            if (const auto last = last_in(b - f.max_age_months, b))
                chosen.push_back(*last), sum += last->value, ++out.reported;
            continue;
        }
        const auto end = last_in(b, b);
        std::optional<One> start;
        if (a % 12 != 0) start = last_in(a - 1, a - 1);
        if (!end || (a % 12 != 0 && !start)) continue;
        ++out.reported;
        chosen.push_back(*end);
        sum += end->value;
        if (start) chosen.push_back({start->record, -start->value, start->month}), sum -= start->value;
    }
    for (const One& one : chosen) out.rows.emplace_back(one.record, one.value), values.insert(one.value);
    std::sort(out.rows.begin(), out.rows.end());
    const auto n = static_cast<std::int64_t>(chosen.size());
    out.records = n;
    out.has = n > 0 || (f.kind == FigureKind::flow && (f.reducer == Reducer::count || f.reducer == Reducer::distinct));
    if (!out.has) return out;
    switch (f.reducer) {
        case Reducer::sum: out.number = Decimal::of(static_cast<std::int64_t>(sum)); break;
        case Reducer::count: out.number = Decimal::of(n); break;
        case Reducer::distinct: out.number = Decimal::of(static_cast<std::int64_t>(values.size())); break;
        case Reducer::min: out.number = Decimal::of(*values.begin()); break;
        case Reducer::max: out.number = Decimal::of(*values.rbegin()); break;
        case Reducer::average:
            out.number = *divide(Decimal::of(static_cast<std::int64_t>(sum)), Decimal::of(n), 2, Rounding::half_up);
            break;
    }
    return out;
}

}  // namespace yipan::figure::test
