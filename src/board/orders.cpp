#include "board/orders.h"

#include <algorithm>

namespace yipan::board {

SortedRows::Row SortedRows::row_of(std::int64_t id, const record::Value& value) {
    if (const auto* n = record::as_integer(value)) return {1, *n, {}, id};
    if (const auto* t = record::as_text(value)) return {2, 0, *t, id};
    return {0, 0, {}, id};
}
void SortedRows::add(const Row& row) {
    items_.push_back({row.id, row.kind == 2 ? static_cast<std::int64_t>(texts_.size()) : row.number});
    texts_ += row.text;
    if (row.kind < 1) integers_from_ = items_.size();
    if (row.kind < 2) texts_from_ = items_.size();
}
SortedRows::Row SortedRows::at(std::size_t i) const {
    const Item& item = items_[i];
    if (i < integers_from_) return {0, 0, {}, item.id};
    if (i < texts_from_) return {1, item.value, {}, item.id};
    const auto begin = static_cast<std::size_t>(item.value);
    const std::size_t end = i + 1 < items_.size() ? static_cast<std::size_t>(items_[i + 1].value) : texts_.size();
    return {2, 0, std::string_view(texts_).substr(begin, end - begin), item.id};
}

std::vector<std::int64_t> Order::Walk::next(std::size_t n) {
    std::vector<std::int64_t> out;
    out.reserve(n);
    const SortedRows &base = *order_.base, &changed = *order_.changed;
    while (out.size() < n) {
        while (base_left_ > 0 && !order_.touched->empty() && order_.touched->contains(base.id(at(base, base_left_)))) --base_left_;
        if (base_left_ == 0 && changed_left_ == 0) break;
        bool from_base = changed_left_ == 0;
        if (base_left_ > 0 && changed_left_ > 0)
            from_base = (base.at(at(base, base_left_)) < changed.at(at(changed, changed_left_))) != descending_;
        out.push_back(from_base ? base.id(at(base, base_left_)) : changed.id(at(changed, changed_left_)));
        --(from_base ? base_left_ : changed_left_);
    }
    return out;
}

std::shared_ptr<const Order> Orders::build(const Key& key, store::Store& store, std::int64_t position, bool& too_large) const {
    struct Read {
        std::int64_t id, value;  // the integer, or where its text begins
        std::uint32_t length;
        int kind;
    };
    std::vector<Read> read;
    std::string texts;
    const Status status = store.each_value(key.type, key.field, [&](std::int64_t id, const record::Value& value) {
        const SortedRows::Row row = SortedRows::row_of(id, value);
        read.push_back({id, row.kind == 2 ? static_cast<std::int64_t>(texts.size()) : row.number, static_cast<std::uint32_t>(row.text.size()), row.kind});
        texts += row.text;
        too_large = read.size() * 16 + texts.size() > bounds_.one;
        return !too_large;
    });
    if (!status || too_large) return nullptr;
    const auto row = [&](const Read& r) {
        return r.kind == 2 ? SortedRows::Row{2, 0, std::string_view(texts).substr(static_cast<std::size_t>(r.value), r.length), r.id}
                           : SortedRows::Row{r.kind, r.value, {}, r.id};
    };
    std::sort(read.begin(), read.end(), [&](const Read& a, const Read& b) { return row(a) < row(b); });
    auto base = std::make_shared<SortedRows>();
    base->reserve(read.size());
    for (const Read& r : read) base->add(row(r));
    auto out = std::make_shared<Order>();
    out->position = position;
    out->base = std::move(base);
    out->changed = std::make_shared<SortedRows>();
    out->touched = std::make_shared<absl::flat_hash_set<std::int64_t>>();
    return out;
}

std::shared_ptr<const Order> Orders::follow(const Order& from, const Key& key, store::Store& store, std::int64_t position, const Shape& shape) const {
    auto out = std::make_shared<Order>(from);
    out->position = position;
    absl::flat_hash_set<std::int64_t> fresh;
    const Status entries = store.each_entry(from.position + 1, position, [&](const store::StoredEntry& e) -> Status {
        if (e.entry.record > 0 && shape.type_of(e.entry) == key.type) fresh.insert(e.entry.record);
        return {};
    });
    if (!entries) return nullptr;
    if (fresh.empty()) return out;
    constexpr std::size_t at_a_time = 500;
    const std::vector<std::int64_t> ids(fresh.begin(), fresh.end());
    std::vector<record::RecordPtr> records;  // the texts of the rows below are theirs
    for (std::size_t i = 0; i < ids.size(); i += at_a_time) {
        store::ListQuery query;
        query.among.emplace(ids.begin() + static_cast<std::ptrdiff_t>(i), ids.begin() + static_cast<std::ptrdiff_t>(std::min(ids.size(), i + at_a_time)));
        query.limit = static_cast<std::int64_t>(query.among->size());
        const auto some = store.list(key.type, query);
        if (!some) return nullptr;
        records.insert(records.end(), some->begin(), some->end());
    }
    std::vector<SortedRows::Row> rows;
    for (const auto& r : records) rows.push_back(SortedRows::row_of(r->id.value, r->at(key.field)));
    for (std::size_t i = 0; i < from.changed->size(); ++i)
        if (const auto row = from.changed->at(i); !fresh.contains(row.id)) rows.push_back(row);
    std::sort(rows.begin(), rows.end());
    auto touched = std::make_shared<absl::flat_hash_set<std::int64_t>>(*from.touched);
    touched->insert(fresh.begin(), fresh.end());
    constexpr std::size_t part = 64;
    if (touched->size() <= std::max(bounds_.changed_least, from.base->size() / part)) {
        auto changed = std::make_shared<SortedRows>();
        for (const auto& row : rows) changed->add(row);
        out->changed = std::move(changed);
        out->touched = std::move(touched);
        return out;
    }
    auto base = std::make_shared<SortedRows>();
    base->reserve(from.base->size() + rows.size());
    auto next = rows.begin();
    for (std::size_t i = 0; i < from.base->size(); ++i) {
        if (touched->contains(from.base->id(i))) continue;
        const auto row = from.base->at(i);
        while (next != rows.end() && *next < row) base->add(*next++);
        base->add(row);
    }
    while (next != rows.end()) base->add(*next++);
    out->base = std::move(base);
    out->changed = std::make_shared<SortedRows>();
    out->touched = std::make_shared<absl::flat_hash_set<std::int64_t>>();
    return out;
}

std::shared_ptr<const Order> Orders::at(const Key& key, store::Store& store, std::int64_t position, const Shape& shape) {
    std::shared_ptr<const Order> nearest;
    std::uint64_t life = 0;
    {
        const std::lock_guard lock(mutex_);
        life = life_;
        if (!slots_.contains(key) && slots_.size() >= bounds_.orders) {
            const auto oldest = std::min_element(slots_.begin(), slots_.end(), [](const auto& a, const auto& b) { return a.second.used < b.second.used; });
            slots_.erase(oldest);
        }
        Slot& slot = slots_[key];
        slot.used = ++clock_;
        if (slot.too_large) return nullptr;
        for (const auto& one : slot.known)
            if (one->position <= position) nearest = one;
        if (nearest && nearest->position == position) return nearest;
        if (nearest && position - nearest->position > bounds_.entries) nearest.reset();
        else if (!nearest && !slot.known.empty()) return nullptr;
        if (!nearest) {
            if (slot.building) return nullptr;
            slot.building = true;
        }
    }
    bool too_large = false;
    const auto made = nearest ? follow(*nearest, key, store, position, shape) : build(key, store, position, too_large);
    const std::lock_guard lock(mutex_);
    const auto slot = slots_.find(key);
    if (life != life_ || slot == slots_.end()) return life == life_ ? made : nullptr;
    if (!nearest) slot->second.building = false, slot->second.too_large = too_large;
    if (made) keep(key, made);
    return made;
}

void Orders::keep(const Key& key, const std::shared_ptr<const Order>& order) {
    constexpr std::size_t positions_max = 4;  // for readers who stand a little behind
    Slot& slot = slots_[key];
    auto& known = slot.known;
    const auto after = std::find_if(known.begin(), known.end(), [&](const auto& o) { return o->position >= order->position; });
    if (after == known.end() || (*after)->position != order->position) known.insert(after, order);
    if (known.size() > positions_max) known.erase(known.begin());
    std::size_t bytes = 0;
    for (const auto& [other, s] : slots_) bytes += bytes_of(s);
    while (bytes > bounds_.bytes && slots_.size() > 1) {
        auto oldest = slots_.end();
        for (auto at = slots_.begin(); at != slots_.end(); ++at)
            if (at->first != key && !at->second.known.empty() && (oldest == slots_.end() || at->second.used < oldest->second.used)) oldest = at;
        if (oldest == slots_.end()) return;
        bytes -= bytes_of(oldest->second);
        slots_.erase(oldest);
    }
}

// The positions of one order share nearly all they have.
std::size_t Orders::bytes_of(const Slot& slot) {
    if (slot.known.empty()) return 0;
    const Order& newest = *slot.known.back();
    std::size_t bytes = newest.base->bytes() + newest.changed->bytes() + newest.touched->size() * 2 * sizeof(std::int64_t);
    for (const auto& one : slot.known)
        if (one->base != newest.base) return bytes + one->base->bytes();
    return bytes;
}

void Orders::clear() {
    const std::lock_guard lock(mutex_);
    ++life_;
    slots_.clear();
}

}  // namespace yipan::board
