#pragma once
// The working-day calendar of Chinese offices: Saturday and Sunday are off unless the year's arrangement makes them
// working days (調休), other days are on unless it makes them holidays. The arrangement is data, published each autumn
// for the next year; where it is not known yet, only weekends are off, and every answer names the years concerned so
// that a deadline computed too early is shown as provisional. Counting follows office practice: the day itself is day
// 0.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/date.h"
#include "base/result.h"

namespace yipan {

inline constexpr int workday_years_max = 200;      // span of a table
inline constexpr int workday_count_max = 100'000;  // days walked for one answer

/// An answer and the years it met whose arrangement is not in the table (weekends only were off there).
template <class T>
struct WorkdayAnswer {
    T value{};
    std::vector<int> unpublished_years;  // ascending
    bool published() const { return unpublished_years.empty(); }
    bool operator==(const WorkdayAnswer&) const = default;
};

class WorkCalendar {
  public:
    WorkCalendar() = default;  // knows weekends only; no year is published
    /// CSV with the header date,kind,name; kind is holiday or workday. All mistakes are reported with file, line and
    /// cell.
    static Checked<WorkCalendar> parse(std::string_view csv, std::string_view file_name);

    struct Day {
        Date day;
        bool holiday = false;  // else a working weekend
        std::string name;
    };
    /// From days that are known to be well formed (records). The first of two for one day counts; a working day that is
    /// no weekend says nothing; what lies more than workday_years_max years after the first is left out.
    static WorkCalendar of(std::vector<Day> days);

    /// A year is published when the table holds its 1 January and its 1 October as holidays: both are in every
    /// arrangement, while days about the turn of the year may stand in a neighbour's.
    bool published(int year) const;
    WorkdayAnswer<bool> is_working_day(Date day) const;
    /// The n-th working day after `day`, before it if n is negative, `day` itself (working or not) if n is 0.
    Result<WorkdayAnswer<Date>> add_working_days(Date day, int n) const;
    /// The working days after `from` up to and including `to`; if `to` is earlier, minus those from `to` to before
    /// `from`. So working_days_between(d, add_working_days(d, n)) is n.
    Result<WorkdayAnswer<int>> working_days_between(Date from, Date to) const;
    /// Name of the holiday or of the holiday a working weekend belongs to; empty for ordinary days.
    std::string_view name_of(Date day) const;

  private:
    enum class Kind : std::uint8_t { ordinary, holiday, workday };
    struct Row {
        Date day;
        Kind kind;
        std::string name;
    };
    void take(std::vector<Row> rows);  // sorted by day, each day once
    Kind kind_of(Date day) const;
    bool working(Date day) const;
    void note_year(Date day, std::vector<int>& unpublished) const;

    std::vector<Row> rows_;
    std::vector<Kind> kinds_;  // one per day from first_
    Date first_;
};

}  // namespace yipan
