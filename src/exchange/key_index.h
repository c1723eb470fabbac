#pragma once
// A set of 64-bit hashes with a number each, 16 bytes a slot: which key stands in which line or record. Two keys with
// one hash would be taken for one; with a million keys the chance is about one in thirty million, and a reader of a hit
// compares the record.
#include <cstdint>
#include <optional>
#include <vector>

#include "record/record.h"

namespace yipan::exchange {

class KeyIndex {
  public:
    /// False when the hash is there already; `number` is not 0.
    bool insert(std::uint64_t hash, std::int64_t number) {
        if ((size_ + 1) * 10 > slots_.size() * 7) grow();
        Slot& slot = slot_of(hash);
        if (slot.number != 0) return false;
        slot = {hash, number};
        ++size_;
        return true;
    }
    std::optional<std::int64_t> find(std::uint64_t hash) const {
        if (slots_.empty()) return std::nullopt;
        const Slot& slot = const_cast<KeyIndex*>(this)->slot_of(hash);
        return slot.number == 0 ? std::nullopt : std::optional(slot.number);
    }
    std::size_t size() const { return size_; }

  private:
    struct Slot {
        std::uint64_t hash = 0;
        std::int64_t number = 0;
    };
    Slot& slot_of(std::uint64_t hash) {
        const std::size_t mask = slots_.size() - 1;
        std::size_t at = static_cast<std::size_t>(hash) & mask;
        while (slots_[at].number != 0 && slots_[at].hash != hash) at = (at + 1) & mask;
        return slots_[at];
    }
    void grow() {
        std::vector<Slot> old(slots_.empty() ? 1024 : slots_.size() * 2);
        old.swap(slots_);
        for (const Slot& slot : old) {
            if (slot.number != 0) slot_of(slot.hash) = slot;
        }
    }
    std::vector<Slot> slots_;
    std::size_t size_ = 0;
};

/// Folds a value into a hash (the finaliser of splitmix64).
inline std::uint64_t mixed(std::uint64_t hash, const record::Value& value) {
    std::uint64_t x = 0x9E3779B97F4A7C15;
    if (const std::int64_t* number = record::as_integer(value)) x ^= static_cast<std::uint64_t>(*number);
    if (const std::string* text = record::as_text(value)) x ^= std::hash<std::string>{}(*text) * 3;
    x ^= hash + 0x9E3779B97F4A7C15 + (hash << 6) + (hash >> 2);
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
    return x ^ (x >> 31);
}

}  // namespace yipan::exchange
