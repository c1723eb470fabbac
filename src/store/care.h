#pragma once
// What is done to a whole board, beside its daily work; both stores have it.
#include <cstdint>
#include <vector>

#include "base/result.h"

namespace yipan::store {

class Store;

class Care {
  public:
    virtual ~Care() = default;

    /// A new board that is being filled by put_row() and insert() alone, in key order: what they are given goes to the
    /// store as it comes, and indexes of record types are made after all of it. Before install().
    virtual void begin_filling() = 0;
    virtual Status finish_filling() = 0;

    /// Positions of erasures among the entries from..to, ascending, without a walk through the journal.
    virtual Result<std::vector<std::int64_t>> erasures(std::int64_t from, std::int64_t to) = 0;
};
/// Of any store that open() gave; null for one that cannot be reached.
Care* care_of(Store& store);

}  // namespace yipan::store
