// Which contributions an ask is made of, read from the log and the runs.
#include <algorithm>
#include <numeric>
#include <tuple>

#include "base/check.h"
#include "figure/state.h"

namespace yipan::figure {

using model::FigureKind;
using model::Reducer;

CellKey Book::State::key_of(const CellRef& cell) const {
    const Series& s = cells.series(cell.series);
    return {s.figure, cell.slot, s.unit, s.d1, s.d2};
}

UnitSetPtr Book::State::units(const Reading& reading) {
    if (reading.all_units) return nullptr;
    if (reading.forest < 0) {
        auto one = std::make_shared<UnitSet>();
        one->units = {reading.unit};
        return one;
    }
    return graph.below(graph_forest(reading.forest), graph_type(reading.unit_type), reading.unit, reading.epoch,
                       graph_type(reading.figure->unit_type));
}

std::vector<CellRef> Book::State::candidates(const Reading& reading, const UnitSet* set, bool now) const {
    std::vector<CellRef> out;
    const FigureKind kind = reading.figure->kind;
    cells.each_series(number(*reading.figure), set, reading.d1, reading.d2, [&](std::uint32_t i) {
        const auto& list = cells.series(i).slots.cells();
        if (now && kind == FigureKind::stock) {
            for (auto at = list.rbegin(); at != list.rend() && at->slot >= reading.from; ++at) {
                if (at->slot > reading.to || at->count == 0) continue;
                out.push_back({i, at->slot});
                break;
            }
            return;
        }
        // A stock's and a cumulative figure's `expected` looks at everything before, when it must be read from the
        // past.
        const Slot from =
            !now && kind != FigureKind::flow ? slot_min : std::min(reading.from, reading.before.value_or(reading.from));
        for (const Cell& cell : list) {
            if (cell.slot < from || cell.slot > reading.to || (now && cell.count == 0)) continue;
            if (now && kind == FigureKind::cumulative && cell.slot != reading.to && reading.before != cell.slot)
                continue;
            out.push_back({i, cell.slot});
        }
    });
    std::sort(out.begin(), out.end(), [&](const CellRef& a, const CellRef& b) {
        const Series &x = cells.series(a.series), &y = cells.series(b.series);
        return std::tie(a.slot, x.unit, x.d1, x.d2) < std::tie(b.slot, y.unit, y.d1, y.d2);
    });
    return out;
}

Choice Book::State::choose(const Reading& reading, const std::vector<CellRows>& cell_rows) const {
    Choice choice;
    if (reading.figure->kind == FigureKind::flow) {
        for (const CellRows& c : cell_rows) {
            for (const Row& row : c.rows) choice.rows.push_back({c.cell, row, false});
        }
        return choice;
    }
    struct Ends {
        bool any = false;
        std::optional<Chosen> end, before;
    };
    std::map<std::uint32_t, Ends> series;
    for (const CellRows& c : cell_rows) {
        if (c.rows.empty() || c.cell.slot > reading.to) continue;
        Ends& ends = series[c.cell.series];
        ends.any = true;
        const Row* last = &c.rows.front();
        for (const Row& row : c.rows) last = later(row, *last) ? &row : last;
        if (reading.figure->kind == FigureKind::stock) {
            if (c.cell.slot >= reading.from && (!ends.end || ends.end->cell.slot < c.cell.slot))
                ends.end = Chosen{c.cell, *last, false};
        } else {
            if (c.cell.slot == reading.to) ends.end = Chosen{c.cell, *last, false};
            if (reading.before == c.cell.slot) ends.before = Chosen{c.cell, *last, true};
        }
    }
    for (const auto& [index, ends] : series) {
        choice.expected += ends.any;
        if (!ends.end || (reading.before && !ends.before)) continue;
        ++choice.reported;
        choice.rows.push_back(*ends.end);
        if (reading.before) choice.rows.push_back(*ends.before);
    }
    std::sort(choice.rows.begin(), choice.rows.end(), [&](const Chosen& a, const Chosen& b) {
        const Series &x = cells.series(a.cell.series), &y = cells.series(b.cell.series);
        return std::tie(a.cell.slot, x.unit, x.d1, x.d2, a.row.record) <
               std::tie(b.cell.slot, y.unit, y.d1, y.d2, b.row.record);
    });
    return choice;
}

Status Book::State::each_posting(std::span<const CellRef> wanted, std::int64_t from, std::int64_t to,
                                 const std::function<void(std::size_t, const RunPosting&)>& visit,
                                 const History::OnSum& on_sum) const {
    std::vector<std::size_t> order(wanted.size());
    std::vector<KeyBytes> keys(wanted.size());
    std::iota(order.begin(), order.end(), 0);
    for (std::size_t i = 0; i < wanted.size(); ++i) keys[i] = encode_key(key_of(wanted[i]));
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return keys[a] < keys[b]; });
    std::vector<KeyBytes> sorted;
    sorted.reserve(keys.size());
    for (const std::size_t i : order) sorted.push_back(keys[i]);

    const auto posting = [&](std::size_t k, const RunPosting& p) { visit(order[k], p); };
    const auto sum = [&](std::size_t k, __int128 s, std::int64_t net) { on_sum(order[k], s, net); };
    YIPAN_TRY_VOID(history.read(sorted, from, to, posting, on_sum ? History::OnSum(sum) : History::OnSum()));

    const auto& log = cells.log();
    std::vector<const Logged*> recent;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const Cell* cell = cells.series(wanted[i].series).slots.find(wanted[i].slot);
        if (!cell) continue;
        recent.clear();
        for (std::uint32_t at = cell->recent; at != no_index && log[at].position > from; at = log[at].previous) {
            if (log[at].position <= to) recent.push_back(&log[at]);
        }
        for (auto at = recent.rbegin(); at != recent.rend(); ++at) {
            const Logged& l = **at;
            if (on_sum)
                on_sum(i, static_cast<__int128>(l.value) * l.sign, l.sign);
            else
                visit(i, {l.position, l.record, l.value, l.day, l.sign});
        }
    }
    return {};
}

Result<std::vector<CellRows>> Book::State::rows_at(std::span<const CellRef> wanted, std::int64_t at) const {
    std::vector<CellRows> out(wanted.size());
    for (std::size_t begin = 0; begin < wanted.size(); begin += cells_at_once) {
        const auto batch = wanted.subspan(begin, std::min(cells_at_once, wanted.size() - begin));
        std::vector<std::vector<RunPosting>> postings(batch.size());
        YIPAN_TRY_VOID(
            each_posting(batch, 0, at, [&](std::size_t i, const RunPosting& p) { postings[i].push_back(p); }, {}));
        for (std::size_t i = 0; i < batch.size(); ++i) {
            CellRows& cell = out[begin + i];
            cell.cell = batch[i];
            auto& list = postings[i];
            // By record, in the order they happened: the last posting of a record says whether it is in the cell.
            std::stable_sort(list.begin(), list.end(),
                             [](const RunPosting& a, const RunPosting& b) { return a.record < b.record; });
            for (std::size_t k = 0; k < list.size(); ++k) {
                const bool last = k + 1 == list.size() || list[k + 1].record != list[k].record;
                if (last && list[k].sign > 0)
                    cell.rows.push_back({list[k].record, list[k].value, list[k].position, list[k].day});
            }
        }
    }
    return out;
}

Result<SlotTable::Sum> Book::State::sums_at(std::span<const CellRef> wanted, std::int64_t at) const {
    SlotTable::Sum out;
    // From the nearer end: everything up to `at`, or everything now minus what came after.
    const bool backwards = position - at < at;
    const std::int64_t sign = backwards ? -1 : 1;
    if (backwards) {
        for (const CellRef& ref : wanted) {
            if (const Cell* cell = cells.series(ref.series).slots.find(ref.slot)) {
                out.sum += cell->sum();
                out.count += cell->count;
            }
        }
    }
    const auto on_sum = [&](std::size_t, __int128 sum, std::int64_t net) {
        out.sum += sum * sign;
        out.count += net * sign;
    };
    YIPAN_TRY_VOID(each_posting(wanted, backwards ? at : 0, backwards ? INT64_MAX : at, {}, on_sum));
    return out;
}

bool Book::State::keeps_facts(const model::Figure& figure) const {
    return figure.kind != FigureKind::flow || figure.reducer == Reducer::min || figure.reducer == Reducer::max ||
           figure.reducer == Reducer::distinct;
}

Status Book::State::load_facts(const std::vector<CellRef>& wanted) {
    std::vector<CellRef> missing;
    if (facts.size() + wanted.size() > facts_max) facts.clear();
    for (const CellRef& cell : wanted) {
        if (!facts.contains(cell)) missing.push_back(cell);
    }
    for (std::size_t begin = 0; begin < missing.size(); begin += cells_at_once) {
        const auto batch = std::span(missing).subspan(begin, std::min(cells_at_once, missing.size() - begin));
        YIPAN_TRY(auto read, rows_at(batch, INT64_MAX));
        for (const CellRows& cell : read) {
            if (cell.rows.empty())
                return fail(Code::corrupt, "figure cell", "its postings are missing",
                            "rebuild the figures from the journal");
            const auto& figure =
                model.figures[static_cast<std::size_t>(plan->index_of(cells.series(cell.cell.series).figure))];
            Facts& f = facts[cell.cell];
            f.last = cell.rows.front();
            f.least = f.greatest = f.last.value;
            if (figure.kind == FigureKind::flow && figure.reducer == Reducer::distinct)
                f.values = std::make_unique<absl::flat_hash_map<std::int64_t, std::int64_t>>();
            for (const Row& row : cell.rows) {
                if (later(row, f.last)) f.last = row;
                f.least = std::min(f.least, row.value);
                f.greatest = std::max(f.greatest, row.value);
                if (f.values) ++(*f.values)[row.value];
            }
        }
    }
    return {};
}

void Book::State::update_facts(const Posting& posting, std::uint32_t series) {
    const CellRef cell{series, posting.what.cell.slot};
    const auto at = facts.find(cell);
    if (at == facts.end()) return;
    Facts& f = at->second;
    const Row row{posting.record, posting.what.value, posting.position, posting.what.day};
    if (posting.sign > 0) {
        if (later(row, f.last)) f.last = row;
        f.least = std::min(f.least, row.value);
        f.greatest = std::max(f.greatest, row.value);
        if (f.values) ++(*f.values)[row.value];
        return;
    }
    const auto& figure = model.figures[static_cast<std::size_t>(plan->index_of(cells.series(series).figure))];
    bool lost = false;
    if (figure.kind != FigureKind::flow) {
        lost = row.record == f.last.record;
    } else if (figure.reducer == Reducer::min) {
        lost = row.value == f.least;
    } else if (figure.reducer == Reducer::max) {
        lost = row.value == f.greatest;
    } else if (f.values) {
        const auto v = f.values->find(row.value);
        lost = v == f.values->end();
        if (!lost && --v->second == 0) f.values->erase(v);
    }
    if (lost) facts.erase(at);
}

}  // namespace yipan::figure
