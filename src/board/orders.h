#pragma once
// The records of a type in the order of one field that has no index, kept in memory for lists that are asked for in it
// again and again (docs/decisions/0041-orders-in-memory.md). An order is of one position: a reader takes the newest that
// is not beyond his own and adds what the entries since then changed, read in his own transaction; so he never sees two
// positions, and a change costs what it changed.
#include <absl/container/flat_hash_set.h>

#include <map>
#include <mutex>

#include "board/world.h"

namespace yipan::board {

/// (value, id) ascending, as the stores sort: unset, integers, texts by their bytes. Immutable once built.
class SortedRows {
  public:
    struct Row {
        int kind = 0;  // 0 unset, 1 integer, 2 text
        std::int64_t number = 0;
        std::string_view text;
        std::int64_t id = 0;
        friend bool operator<(const Row& a, const Row& b) {
            if (a.kind != b.kind) return a.kind < b.kind;
            if (a.number != b.number) return a.number < b.number;
            const int order = a.text.compare(b.text);
            return order != 0 ? order < 0 : a.id < b.id;
        }
    };
    static Row row_of(std::int64_t id, const record::Value& value);
    void add(const Row& row);  // not before the one added last
    Row at(std::size_t i) const;
    std::int64_t id(std::size_t i) const { return items_[i].id; }
    std::size_t size() const { return items_.size(); }
    std::size_t bytes() const { return items_.capacity() * sizeof(Item) + texts_.capacity(); }
    void reserve(std::size_t n) { items_.reserve(n); }

  private:
    struct Item {
        std::int64_t id, value;  // the integer, or where its text begins in texts_
    };
    std::vector<Item> items_;
    std::size_t integers_from_ = 0, texts_from_ = 0;
    std::string texts_;
};

class Order {
  public:
    std::int64_t position = 0;
    std::shared_ptr<const SortedRows> base, changed;                    // of `changed` the values at `position`
    std::shared_ptr<const absl::flat_hash_set<std::int64_t>> touched;   // not believed in the base

    /// Ids from one end on.
    class Walk {
      public:
        Walk(const Order& order, bool descending)
            : order_(order), descending_(descending), base_left_(order.base->size()), changed_left_(order.changed->size()) {}
        /// The next so many; fewer: the end.
        std::vector<std::int64_t> next(std::size_t n);

      private:
        std::size_t at(const SortedRows& rows, std::size_t left) const { return descending_ ? left - 1 : rows.size() - left; }
        const Order& order_;
        bool descending_;
        std::size_t base_left_, changed_left_;
    };
};

class Orders {
  public:
    struct Key {
        std::int32_t version = 0;  // of the model
        int type = -1, field = -1;
        auto operator<=>(const Key&) const = default;
    };
    struct Bounds {
        std::size_t orders = 64, bytes = 64u << 20;
        std::size_t one = 32u << 20;              // a larger one is not kept
        std::int64_t entries = 20'000;            // more have come since: it is read anew
        std::size_t changed_least = 512;          // so many changed, or a part of all: they go into a new base
    };
    Orders() = default;
    explicit Orders(const Bounds& bounds) : bounds_(bounds) {}
    /// The order at the position the store's read transaction sees. Null: ask without it (too large, somebody else is
    /// reading it at this moment, the reader stands before all there are, or the store failed and will say so itself).
    std::shared_ptr<const Order> at(const Key& key, store::Store& store, std::int64_t position, const Shape& shape);
    /// What was known is of another board now.
    void clear();

  private:
    struct Slot {
        std::vector<std::shared_ptr<const Order>> known;  // the newest last
        bool building = false, too_large = false;
        std::uint64_t used = 0;
    };
    std::shared_ptr<const Order> build(const Key& key, store::Store& store, std::int64_t position, bool& too_large) const;
    std::shared_ptr<const Order> follow(const Order& from, const Key& key, store::Store& store, std::int64_t position, const Shape& shape) const;
    void keep(const Key& key, const std::shared_ptr<const Order>& order);
    static std::size_t bytes_of(const Slot& slot);

    Bounds bounds_;
    std::mutex mutex_;
    std::uint64_t clock_ = 0, life_ = 0;
    std::map<Key, Slot> slots_;
};

}  // namespace yipan::board
