#pragma once
// Distinct integer id types: an account cannot be passed where a parcel is meant.
#include <compare>
#include <cstdint>
#include <functional>

namespace yipan {
template <class Tag, class T = std::int64_t>
struct Id {
    T value = 0;
    constexpr Id() = default;
    constexpr explicit Id(T v) : value(v) {}
    auto operator<=>(const Id&) const = default;
};
using Position = Id<struct PositionTag>;  // of an entry in the journal, 1-based; 0 = before the first
using RecordId = Id<struct RecordTag>;    // of a record within its type, 1-based; 0 = none
}  // namespace yipan

template <class Tag, class T>
struct std::hash<yipan::Id<Tag, T>> {
    std::size_t operator()(const yipan::Id<Tag, T>& id) const noexcept { return std::hash<T>{}(id.value); }
};
