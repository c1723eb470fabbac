#pragma once
// The input of scoring: units x columns of optional numbers, and the events (bonus, deduction, veto) of each unit.
// A missing cell is nullopt, never zero. Columns are named by indicator code, or by a column a formula refers to.
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace yipan::score {

struct Unit {
    std::string code, name, group, unit_class;
};

struct Event {
    std::string unit, item;
    std::optional<double> points;  // of one event; unset: as declared in the scheme
    double count = 1;
    std::string date, reason, basis, decider, evidence;
};

struct Table {
    std::vector<Unit> units;
    std::map<std::string, std::vector<std::optional<double>>> columns;  // each as long as `units`
    std::vector<Event> events;
    std::vector<std::string> ignored_columns;  // of the file it was read from

    std::optional<double> cell(const std::string& column, std::size_t unit) const {
        const auto it = columns.find(column);
        return it == columns.end() || unit >= it->second.size() ? std::nullopt : it->second[unit];
    }
};

}  // namespace yipan::score
