#include "recompute.h"

#include "exchange/names.h"
#include "oracle/oracle.h"

namespace yipan::app {
namespace {

std::string text_of(__int128 value) {
    if (value == 0) return "0";
    const bool negative = value < 0;
    std::string digits;
    for (auto rest = negative ? -value : value; rest > 0; rest /= 10)
        digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
    return (negative ? "-" : "") + digits;
}

std::string text_of(const oracle::Total& total) {
    return "sum " + text_of(total.sum) + " of " + std::to_string(total.count) + " records";
}

}  // namespace

Result<Recomputed> recompute_cells(board::Snapshot& snapshot, const board::Progress& progress) {
    const model::Model& model = snapshot.model();
    oracle::Recount recount(model, snapshot.resolver());
    std::int64_t done = 0;
    for (const model::Type& type : model.types) {
        Status taken;
        YIPAN_TRY_VOID(snapshot.each(type.index, [&](const record::RecordPtr& record) {
            taken = recount.take(*record);
            if (progress && ++done % 1024 == 0) progress(done, 0);
            return taken.has_value();
        }));
        if (!taken) return fail(taken.error());
    }
    Recomputed result;
    oracle::Cells expected = recount.cells();
    exchange::Names names(snapshot);
    std::optional<oracle::Cell> first;
    const auto differs = [&](const oracle::Cell& cell, const std::string& kept, const std::string& counted) {
        ++result.differences;
        if (first && !(cell < *first)) return;
        first = cell;
        const model::Figure& figure = model.figures[static_cast<std::size_t>(cell.figure)];
        result.first =
            "figure " + figure.code + ", unit " +
            (figure.unit_type >= 0 && cell.unit > 0 ? names.key_of(figure.unit_type, RecordId{cell.unit}) : "-") +
            ", slot " + std::to_string(cell.slot) + ", dimensions " + std::to_string(cell.d1) + " " +
            std::to_string(cell.d2) + ": kept " + kept + ", recounted " + counted;
    };
    snapshot.each_cell([&](const figure::CellKey& key, __int128 sum, std::int64_t count) {
        ++result.cells;
        const oracle::Cell cell{key.figure, key.slot, key.unit, key.d1, key.d2};
        const auto found = expected.find(cell);
        const oracle::Total kept{sum, count};
        if (found == expected.end()) return differs(cell, text_of(kept), "nothing");
        // min, max and distinct have no sum: the number of records behind them is what both keep.
        const model::Reducer reducer = model.figures[static_cast<std::size_t>(key.figure)].reducer;
        const bool summed =
            reducer == model::Reducer::sum || reducer == model::Reducer::average || reducer == model::Reducer::count;
        if (found->second.count != count || (summed && found->second.sum != sum))
            differs(cell, text_of(kept), text_of(found->second));
        expected.erase(found);
    });
    for (const auto& [cell, total] : expected) {
        if (total.count != 0) differs(cell, "nothing", text_of(total));
    }
    return result;
}

}  // namespace yipan::app
