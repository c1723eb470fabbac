#pragma once
// What tests of whole boards have in common: a change named by codes, and the figures against a count of their own.
#include "board/board.h"
#include "oracle/oracle.h"

namespace yipan::property {

inline board::Change change_of(const model::Model& model, const char* type, std::vector<std::pair<const char*, record::Value>> values) {
    board::Change change;
    change.type = model.find_type(type);
    for (auto& [field, value] : values)
        change.set.emplace_back(model.types[static_cast<std::size_t>(change.type)].find(field), std::move(value));
    return change;
}

/// Every record counted anew by the oracle, and the board's cells held against it: empty, or what is wrong.
inline std::string recounted(board::Snapshot& snapshot) {
    const model::Model& model = snapshot.model();
    oracle::Recount recount(model, snapshot.resolver());
    for (const model::Type& type : model.types) {
        Status taken;
        const Status read = snapshot.each(type.index, [&](const record::RecordPtr& r) { return (taken = recount.take(*r)).has_value(); });
        if (!read || !taken) return type.code + " cannot be counted: " + (read ? taken : read).error().text();
    }
    oracle::Cells cells;
    snapshot.each_cell([&](const figure::CellKey& key, __int128 sum, std::int64_t count) {
        if (count != 0) cells[{key.figure, key.slot, key.unit, key.d1, key.d2}] = {sum, count};
    });
    return cells == recount.cells() ? std::string() : "the cells are not what the records say";
}

}  // namespace yipan::property
