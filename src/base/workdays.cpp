#include "base/workdays.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/csv.h"

namespace yipan {
namespace {
bool weekend(Date day) { return day.weekday() >= 6; }
constexpr std::array<std::string_view, 3> header = {"date", "kind", "name"};
}  // namespace

Checked<WorkCalendar> WorkCalendar::parse(std::string_view csv, std::string_view file_name) {
    CsvReader reader(bytes_of_text(csv), {.name = std::string(file_name)});
    Errors errors;
    std::vector<Row> rows;
    bool header_seen = false;
    while (!reader.broken()) {
        const auto more = reader.next();
        if (!more) {
            errors.push_back(more.error());
            continue;
        }
        if (!*more) break;
        const auto cells = reader.row();
        const std::string where = std::string(file_name) + ":" + std::to_string(reader.line());
        if (!header_seen) {
            header_seen = true;
            if (!std::equal(cells.begin(), cells.end(), header.begin(), header.end())) {
                errors.push_back({Code::invalid_input, where, "not the header of a holiday table", "date,kind,name"});
                break;
            }
            continue;
        }
        if (cells.size() != header.size()) {
            errors.push_back(
                {Code::invalid_input, where, "a row of " + std::to_string(cells.size()) + " cells", "date,kind,name"});
            continue;
        }
        const auto day = Date::parse(cells[0]);
        if (!day) errors.push_back({Code::invalid_input, where + ":date", day.error().message, day.error().hint});
        const Kind kind = cells[1] == "holiday"   ? Kind::holiday
                          : cells[1] == "workday" ? Kind::workday
                                                  : Kind::ordinary;
        if (kind == Kind::ordinary) {
            errors.push_back({Code::invalid_input, where + ":kind", "unknown kind \"" + std::string(cells[1]) + "\"",
                              "holiday or workday"});
        }
        if (!day || kind == Kind::ordinary) continue;
        if (kind == Kind::workday && !weekend(*day)) {
            errors.push_back({Code::invalid_input, where + ":date", day->text() + " is a working day without this row",
                              "a workday row makes a Saturday or Sunday a working day"});
            continue;
        }
        rows.push_back({*day, kind, std::string(cells[2])});
    }
    if (!header_seen && errors.empty()) {
        errors.push_back({Code::invalid_input, std::string(file_name), "an empty holiday table", "date,kind,name"});
    }
    std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.day < b.day; });
    for (std::size_t i = 1; i < rows.size(); ++i) {
        if (rows[i].day != rows[i - 1].day) continue;
        errors.push_back(
            {Code::duplicate, std::string(file_name), rows[i].day.text() + " stands in the table twice", ""});
    }
    if (!rows.empty() && rows.back().day.year() - rows.front().day.year() > workday_years_max) {
        errors.push_back({Code::limit_exceeded, std::string(file_name),
                          "a table of more than " + std::to_string(workday_years_max) + " years", ""});
    }
    if (!errors.empty()) return fail(std::move(errors));
    WorkCalendar out;
    out.take(std::move(rows));
    return out;
}

WorkCalendar WorkCalendar::of(std::vector<Day> days) {
    std::stable_sort(days.begin(), days.end(), [](const Day& a, const Day& b) { return a.day < b.day; });
    std::vector<Row> rows;
    for (Day& d : days) {
        if (!d.holiday && !weekend(d.day)) continue;
        if (!rows.empty() && (rows.back().day == d.day || d.day.year() - rows.front().day.year() > workday_years_max)) continue;
        rows.push_back({d.day, d.holiday ? Kind::holiday : Kind::workday, std::move(d.name)});
    }
    WorkCalendar out;
    out.take(std::move(rows));
    return out;
}

void WorkCalendar::take(std::vector<Row> rows) {
    rows_ = std::move(rows);
    if (rows_.empty()) return;
    first_ = rows_.front().day;
    kinds_.assign(static_cast<std::size_t>(rows_.back().day.days - first_.days) + 1, Kind::ordinary);
    for (const Row& row : rows_) kinds_[static_cast<std::size_t>(row.day.days - first_.days)] = row.kind;
}

WorkCalendar::Kind WorkCalendar::kind_of(Date day) const {
    const std::int64_t at = std::int64_t{day.days} - first_.days;
    return at < 0 || at >= static_cast<std::int64_t>(kinds_.size()) ? Kind::ordinary
                                                                    : kinds_[static_cast<std::size_t>(at)];
}

bool WorkCalendar::working(Date day) const {
    const Kind kind = kind_of(day);
    return kind == Kind::workday || (kind == Kind::ordinary && !weekend(day));
}

bool WorkCalendar::published(int year) const {
    const auto holiday = [&](int month) {
        const auto day = Date::of(year, month, 1);
        return day && kind_of(*day) == Kind::holiday;
    };
    return holiday(1) && holiday(10);
}

void WorkCalendar::note_year(Date day, std::vector<int>& unpublished) const {
    const int year = day.year();
    const auto at = std::lower_bound(unpublished.begin(), unpublished.end(), year);
    if (at != unpublished.end() && *at == year) return;
    if (!published(year)) unpublished.insert(at, year);
}

WorkdayAnswer<bool> WorkCalendar::is_working_day(Date day) const {
    WorkdayAnswer<bool> out{working(day), {}};
    note_year(day, out.unpublished_years);
    return out;
}

Result<WorkdayAnswer<Date>> WorkCalendar::add_working_days(Date day, int n) const {
    if (n > workday_count_max / 2 || n < -workday_count_max / 2) {
        return fail(Code::limit_exceeded, "", std::to_string(n) + " working days",
                    "at most " + std::to_string(workday_count_max / 2) + " either way");
    }
    const int step = n < 0 ? -1 : 1;
    WorkdayAnswer<Date> out{day, {}};
    if (n == 0) note_year(day, out.unpublished_years);
    int noted = 0;  // asking for the year of each day would cost more than the walk
    for (int left = std::abs(n); left > 0;) {
        out.value = out.value.plus_days(step);
        if (out.value.days < Date::of(1, 1, 1)->days || out.value.days > Date::of(9999, 12, 31)->days) {
            return fail(Code::overflow, "", "working days beyond the calendar", "years 1 to 9999");
        }
        if (noted-- == 0) {
            note_year(out.value, out.unpublished_years);
            noted = 27;  // every year of the way is met, whatever its length
        }
        left -= working(out.value);
    }
    note_year(out.value, out.unpublished_years);
    return out;
}

Result<WorkdayAnswer<int>> WorkCalendar::working_days_between(Date from, Date to) const {
    const std::int64_t span = std::int64_t{to.days} - from.days;
    if (span > workday_count_max || span < -workday_count_max) {
        return fail(Code::limit_exceeded, "", "a span of " + std::to_string(span) + " days",
                    "at most " + std::to_string(workday_count_max));
    }
    WorkdayAnswer<int> out;
    const bool back = to < from;
    const Date first = back ? to : from.plus_days(1);
    const Date last = back ? from.plus_days(-1) : to;
    for (Date day = first; day <= last; day = day.plus_days(1)) out.value += working(day) ? (back ? -1 : 1) : 0;
    if (first > last) note_year(to, out.unpublished_years);
    for (int year = first.year(); first <= last && year <= last.year(); ++year) {
        if (!published(year)) out.unpublished_years.push_back(year);
    }
    return out;
}

std::string_view WorkCalendar::name_of(Date day) const {
    const auto at =
        std::lower_bound(rows_.begin(), rows_.end(), day, [](const Row& row, Date d) { return row.day < d; });
    return at != rows_.end() && at->day == day ? std::string_view(at->name) : std::string_view();
}

}  // namespace yipan
