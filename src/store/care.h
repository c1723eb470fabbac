#pragma once
// What is done to a whole board, beside its daily work; both stores have it.
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "journal/entry.h"

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

    /// The plain body of an entry goes, with its salt; its commitment stays, and the row says which archive took it (the
    /// position of the entry that tells of it; store/archive.h). And comes back.
    virtual Status move_out(std::int64_t position, const Digest& commitment, std::int64_t archive) = 0;
    virtual Status move_in(std::int64_t position, std::string_view salt, std::string_view body) = 0;
    /// Entries whose body is in an archive, ascending.
    virtual Status each_moved(const std::function<Status(std::int64_t position, std::int64_t archive)>& visit) = 0;
};
/// Of any store that open() gave; null for one that cannot be reached.
Care* care_of(Store& store);

}  // namespace yipan::store
