#include "figure/cells.h"

#include <algorithm>

#include "base/check.h"

namespace yipan::figure {

namespace {
bool before(const Cell& cell, Slot slot) { return cell.slot < slot; }
}  // namespace

Cell& SlotTable::at(Slot slot) {
    if (!cells_.empty() && cells_.back().slot == slot) return cells_.back();
    auto place = cells_.end();
    if (!cells_.empty() && slot < cells_.back().slot) {
        place = std::lower_bound(cells_.begin(), cells_.end(), slot, before);
        if (place->slot == slot) return *place;
    }
    Cell fresh;
    fresh.slot = slot;
    return *cells_.insert(place, fresh);
}

const Cell* SlotTable::find(Slot slot) const {
    const auto place = std::lower_bound(cells_.begin(), cells_.end(), slot, before);
    return place != cells_.end() && place->slot == slot ? &*place : nullptr;
}

SlotTable::Sum SlotTable::range(Slot from, Slot to) const {
    Sum out;
    for (auto at = std::lower_bound(cells_.begin(), cells_.end(), from, before); at != cells_.end() && at->slot <= to;
         ++at) {
        out.sum += at->sum();
        out.count += at->count;
    }
    return out;
}

Cells::Table& Cells::table(std::int32_t figure) {
    YIPAN_CHECK(figure >= 0 && figure < figure_numbers_max);
    if (static_cast<std::size_t>(figure) >= tables_.size()) tables_.resize(static_cast<std::size_t>(figure) + 1);
    return tables_[static_cast<std::size_t>(figure)];
}

std::uint32_t Cells::series_of(std::int32_t figure, std::int64_t unit, std::int64_t d1, std::int64_t d2) {
    Table& table = this->table(figure);
    const auto [head, new_unit] = table.first_of_unit.try_emplace(unit, no_index);
    if (!new_unit) {
        const Series& first = series_[head->second];
        if (first.d1 == d1 && first.d2 == d2) return head->second;
        if (const auto at = table.with_dimensions.find(SeriesKey{unit, d1, d2}); at != table.with_dimensions.end())
            return at->second;
    }
    const auto index = static_cast<std::uint32_t>(series_.size());
    Series fresh;
    fresh.figure = figure;
    fresh.unit = unit;
    fresh.d1 = d1;
    fresh.d2 = d2;
    // The first series of a unit stays at the head of its chain, later ones go behind it and into the map.
    if (new_unit) {
        head->second = index;
    } else {
        fresh.next_of_unit = series_[head->second].next_of_unit;
        series_[head->second].next_of_unit = index;
        table.with_dimensions.emplace(SeriesKey{unit, d1, d2}, index);
    }
    series_.push_back(std::move(fresh));
    table.all.push_back(index);
    return index;
}

std::uint32_t Cells::apply(const Posting& posting) {
    const CellKey& key = posting.what.cell;
    const std::uint32_t index = series_of(key.figure, key.unit, key.d1, key.d2);
    Series& series = series_[index];
    Table& table = this->table(key.figure);
    const __int128 value = static_cast<__int128>(posting.what.value) * posting.sign;

    Cell& cell = series.slots.at(key.slot);
    cell.add(value, posting.sign);
    Logged logged;
    logged.series = index;
    logged.slot = key.slot;
    logged.position = posting.position;
    logged.record = posting.record;
    logged.value = posting.what.value;
    logged.day = posting.what.day;
    logged.sign = posting.sign;
    logged.previous = cell.recent;
    cell.recent = static_cast<std::uint32_t>(log_.size());
    log_.push_back(logged);
    ++table.version;

    for (Aggregate* a : table.watch_all) {
        if (a->takes(series)) a->slots.at(key.slot).add(value, posting.sign);
    }
    if (table.watchers.empty()) return index;
    if (const auto at = table.watchers.find(key.unit); at != table.watchers.end()) {
        for (Aggregate* a : at->second) {
            if (a->takes(series)) a->slots.at(key.slot).add(value, posting.sign);
        }
    }
    return index;
}

void Cells::add_total(const CellKey& key, __int128 sum, std::int64_t net) {
    series_[series_of(key.figure, key.unit, key.d1, key.d2)].slots.at(key.slot).add(sum, net);
    ++tables_[static_cast<std::size_t>(key.figure)].version;
}

const Aggregate* Cells::aggregate(const AggregateKey& key) const {
    const auto at = aggregates_.find(key);
    return at == aggregates_.end() ? nullptr : at->second.get();
}

const Aggregate& Cells::make_aggregate(const AggregateKey& key, UnitSetPtr units, std::optional<std::int64_t> d1,
                                       std::optional<std::int64_t> d2) {
    if (aggregates_.size() >= aggregates_max || aggregate_members_ >= aggregate_members_max) forget_aggregates();
    auto& place = aggregates_[key];
    place = std::make_unique<Aggregate>();
    Aggregate& a = *place;
    a.units = std::move(units);
    a.d1 = d1;
    a.d2 = d2;
    each_series(key.figure, a.units.get(), d1, d2, [&](std::uint32_t i) {
        for (const Cell& cell : series_[i].slots.cells()) a.slots.at(cell.slot).add(cell.sum(), cell.count);
    });
    Table& table = this->table(key.figure);
    if (!a.units) {
        table.watch_all.push_back(&a);
        return a;
    }
    for (const std::int64_t unit : a.units->units) table.watchers[unit].push_back(&a);
    aggregate_members_ += a.units->units.size();
    return a;
}

void Cells::forget_aggregates() {
    aggregates_.clear();
    aggregate_members_ = 0;
    for (Table& table : tables_) {
        table.watchers.clear();
        table.watch_all.clear();
    }
}

void Cells::trim_log(std::size_t n) {
    YIPAN_CHECK(n <= log_.size());
    for (const Logged& l : log_) series_[l.series].slots.at(l.slot).recent = no_index;
    log_.erase(log_.begin(), log_.begin() + static_cast<std::ptrdiff_t>(n));
    for (std::size_t i = 0; i < log_.size(); ++i) {
        Cell& cell = series_[log_[i].series].slots.at(log_[i].slot);
        log_[i].previous = cell.recent;
        cell.recent = static_cast<std::uint32_t>(i);
    }
}

std::size_t Cells::memory_bytes() const {
    std::size_t n = log_.capacity() * sizeof(Logged) + series_.capacity() * sizeof(Series);
    for (const Series& s : series_) n += s.slots.cells().capacity() * sizeof(Cell);
    for (const Table& t : tables_) {
        n += t.first_of_unit.capacity() * (sizeof(std::int64_t) * 2 + 1) +
             t.with_dimensions.capacity() * (sizeof(SeriesKey) + 9);
        n += t.all.capacity() * sizeof(std::uint32_t) + t.watchers.capacity() * 33;
        for (const auto& [unit, list] : t.watchers) n += list.capacity() * sizeof(void*);
    }
    for (const auto& [key, a] : aggregates_)
        n += sizeof key + sizeof *a + 8 + a->slots.cells().capacity() * sizeof(Cell);
    return n;
}

}  // namespace yipan::figure
