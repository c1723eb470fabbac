#pragma once
// Dates, instants and periods. A Date is a day of the proleptic Gregorian calendar without a zone; an Instant is
// UTC microseconds; a Zone turns one into the other. Periods are the ones Chinese statistics use: month, quarter,
// half-year, year, and "year to date" (the months January..m, so 2026-1-2月 is year_to_date(2026, 2)).
#include <compare>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace yipan {

struct Date {
    std::int32_t days = 0;                                        // since 1970-01-01
    static std::optional<Date> of(int year, int month, int day);  // empty if there is no such day; years 1..9999
    static Result<Date> parse(std::string_view text);  // YYYY-MM-DD; also YYYY/M/D and YYYY.M.D as offices write
    int year() const;
    int month() const;    // 1..12
    int day() const;      // 1..31
    int weekday() const;  // 1 Monday .. 7 Sunday
    std::string text() const;
    Date plus_days(int n) const { return {days + n}; }
    Date plus_months(int n) const;  // clipped to the last day of the month
    auto operator<=>(const Date&) const = default;
};
int days_in_month(int year, int month);
bool is_leap_year(int year);

enum class PeriodKind : std::uint8_t { month = 1, quarter = 2, half = 3, year = 4, year_to_date = 5 };
std::string_view period_kind_name(PeriodKind kind);

/// Months of the common calendar counted from year 0: 2026-03 = 2026*12 + 2.
using MonthIndex = std::int32_t;
inline MonthIndex month_index(int year, int month) { return year * 12 + month - 1; }
inline MonthIndex month_index(Date d) { return month_index(d.year(), d.month()); }

struct Period {
    PeriodKind kind = PeriodKind::month;
    std::int16_t year = 1970;
    std::int8_t index = 1;  // month 1..12, quarter 1..4, half 1..2, year 1, year_to_date = last month 1..12

    static Period month(int year, int m) {
        return {PeriodKind::month, static_cast<std::int16_t>(year), static_cast<std::int8_t>(m)};
    }
    static Period of_month(MonthIndex m) { return month(m / 12, m % 12 + 1); }
    static Period whole_year(int year) { return {PeriodKind::year, static_cast<std::int16_t>(year), 1}; }
    static Period year_to_date(int year, int m) {
        return {PeriodKind::year_to_date, static_cast<std::int16_t>(year), static_cast<std::int8_t>(m)};
    }
    /// "2026-03", "2026Q1", "2026H1", "2026", "2026-01..06" (year to date); also 2026年1-2月, 2026年3月, 2026年上半年,
    /// 2026年一季度.
    static Result<Period> parse(std::string_view text);
    std::string text() const;     // canonical: 2026-03, 2026Q1, 2026H1, 2026, 2026-01..06
    std::string text_zh() const;  // 2026年3月, 2026年一季度, 2026年上半年, 2026年, 2026年1-6月
    MonthIndex first_month() const;
    MonthIndex last_month() const;
    int months() const { return last_month() - first_month() + 1; }
    Date first_day() const;
    Date last_day() const;
    Period year_before() const {
        Period p = *this;
        p.year = static_cast<std::int16_t>(p.year - 1);
        return p;
    }
    std::optional<Period> previous()
        const;  // the period of the same kind before this one; none for year_to_date January
    Period to_date() const { return year_to_date(year, last_month() % 12 + 1); }
    /// Sortable integer, the form stored in tables: year * 10000 + kind * 100 + index.
    std::int64_t encoded() const { return std::int64_t{year} * 10000 + static_cast<int>(kind) * 100 + index; }
    static std::optional<Period> decode(std::int64_t encoded);
    bool operator==(const Period&) const = default;
};

struct Instant {
    std::int64_t micros = 0;                              // since 1970-01-01T00:00:00Z
    static Result<Instant> parse(std::string_view text);  // RFC 3339
    std::string text() const;                             // 2026-07-01T01:00:00Z (fraction only when there is one)
    auto operator<=>(const Instant&) const = default;
};

/// A time zone by IANA name; the only way from Instant to Date.
class Zone {
  public:
    static Result<Zone> load(std::string_view iana_name);
    Date date_of(Instant t) const;
    std::string local_text(Instant t) const;  // 2026-07-01 09:00:00
    Instant start_of(Date d) const;           // midnight that begins d
    Instant at(Date d, int hour, int minute, int second) const;
    const std::string& name() const { return name_; }

  private:
    std::string name_;
    std::shared_ptr<const void> impl_;
};

/// The clock interface: the only source of "now" in the program.
class Clock {
  public:
    virtual ~Clock() = default;
    virtual Instant now() = 0;
};
class SystemClock final : public Clock {
  public:
    Instant now() override;
};
class FrozenClock final : public Clock {
  public:
    explicit FrozenClock(Instant t) : now_(t.micros) {}
    Instant now() override { return Instant{now_.load(std::memory_order_acquire)}; }
    void set(Instant t) { now_.store(t.micros, std::memory_order_release); }

  private:
    std::atomic<std::int64_t> now_;
};

}  // namespace yipan
