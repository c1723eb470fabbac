#pragma once
// Slots of a grain: month, quarter, half-year and year as consecutive integers, counted from year 0.
#include <optional>

#include "figure/engine.h"

namespace yipan::figure {

inline int months_of(PeriodKind grain) {
    switch (grain) {
        case PeriodKind::quarter: return 3;
        case PeriodKind::half: return 6;
        case PeriodKind::year: return 12;
        default: return 1;
    }
}
inline Slot slot_of(PeriodKind grain, MonthIndex month) { return month / months_of(grain); }
inline MonthIndex first_month_of(PeriodKind grain, Slot slot) { return slot * months_of(grain); }
inline MonthIndex last_month_of(PeriodKind grain, Slot slot) { return (slot + 1) * months_of(grain) - 1; }

/// The asked period seen through a window; none for the period before January to date. `to_date` is not a period:
/// Ask::to_date.
std::optional<Period> windowed(const Period& period, model::Window window);
std::string_view window_name(model::Window window);

}  // namespace yipan::figure
