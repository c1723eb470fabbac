#include "board/erasures.h"

#include "store/care.h"
#include "store/open.h"

namespace yipan::board {

Result<std::vector<Position>> erasures(const std::string& path, Position from, Position to) {
    YIPAN_TRY(const auto store, store::open(path, store::Access::read));
    YIPAN_TRY_VOID(store->begin_read());
    YIPAN_TRY(const auto found, store::care_of(*store)->erasures(from.value, to.value));
    std::vector<Position> out;
    for (const std::int64_t position : found) out.emplace_back(position);
    return out;
}

}  // namespace yipan::board
