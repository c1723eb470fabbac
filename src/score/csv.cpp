#include "score/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>

namespace yipan::score {
namespace {

struct Record {
    int line = 0;
    std::vector<std::string> fields;
};

/// RFC 4180: quoted fields may hold commas, quotes ("") and line ends. Blank lines are skipped.
std::vector<Record> records_of(std::string_view text, std::string_view file, Errors& errors) {
    if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
    std::vector<Record> out;
    Record record{1, {""}};
    int line = 1;
    bool quoted = false, was_quoted = false;
    const auto end_record = [&] {
        if (record.fields.size() > 1 || !record.fields[0].empty() || was_quoted) out.push_back(std::move(record));
        record = {line, {""}};
        was_quoted = false;
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        line += c == '\n';
        if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
            record.fields.back() += '"';
            ++i;
        } else if (quoted) {
            if (c == '"')
                quoted = false;
            else
                record.fields.back() += c;
        } else if (c == '"' && record.fields.back().empty()) {
            quoted = was_quoted = true;
        } else if (c == ',') {
            record.fields.emplace_back();
        } else if (c == '\n') {
            end_record();
        } else if (c != '\r' || (i + 1 < text.size() && text[i + 1] != '\n')) {
            record.fields.back() += c;
        }
    }
    if (quoted)
        errors.push_back({Code::invalid_input, fmt::format("{}:{}", file, record.line),
                          "a quote is opened and never closed", "double the quotes inside a field"});
    end_record();
    return out;
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    return first == std::string_view::npos ? std::string_view{}
                                           : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// A number, or nothing for an empty cell and NA; anything else is a mistake with its place.
std::optional<double> number_of(const std::string& field, const std::string& place, Errors& errors) {
    if (field.empty() || field == "NA") return std::nullopt;
    double value = 0;
    const char* begin = field.data() + (field[0] == '+' ? 1 : 0);
    const char* end = field.data() + field.size();
    const auto [stop, error] = std::from_chars(begin, end, value);
    if (error == std::errc{} && stop == end && std::isfinite(value)) return value;
    if (error == std::errc::result_out_of_range)
        errors.push_back({Code::invalid_input, place, fmt::format("\"{}\" is too large or too small", field),
                          "a number within 1e-307..1e308"});
    else
        errors.push_back({Code::invalid_input, place, fmt::format("\"{}\" is not a number", field),
                          "write 1234.5 without thousands separators or signs of unit; leave the cell empty when the "
                          "value is missing"});
    return std::nullopt;
}

class TableReader {
  public:
    TableReader(const Scheme& scheme, std::string_view file) : scheme_(scheme), file_(file) {}

    Checked<Table> read(std::string_view text) {
        const std::vector<Record> records = records_of(text, file_, errors_);
        if (records.empty()) problem(std::string(file_), "the table is empty", "a header line, then one line per unit");
        if (errors_.empty()) header(records[0]);
        if (records.size() > csv_units_max + 1)
            problem(std::string(file_), fmt::format("more than {} units", csv_units_max), "split the table");
        if (errors_.empty())
            for (std::size_t i = 1; i < records.size(); ++i) row(records[i]);
        if (!errors_.empty()) return fail(std::move(errors_));
        return std::move(table_);
    }

  private:
    void problem(std::string where, std::string message, std::string hint) {
        errors_.push_back({Code::invalid_input, std::move(where), std::move(message), std::move(hint)});
    }

    static void add_columns(const Formula& formula, std::set<std::string>& out) {
        if (!formula.column.empty()) out.insert(formula.column);
        if (!formula.against.column.empty()) out.insert(formula.against.column);
        for (const Formula& part : formula.parts) add_columns(part, out);
    }
    // Names by falling authority: code, column of a formula, alias, label. An ambiguous label or alias names nothing.
    std::map<std::string, std::string> known_names() const {
        std::map<std::string, std::string> names, softer;
        std::set<std::string> twice;
        for (const Variant& variant : scheme_.variants) {
            for (const Node& node : variant.nodes) {
                if (!node.indicator) continue;
                names[node.code] = node.code;
                std::set<std::string> columns;
                add_columns(node.indicator->formula, columns);
                for (const std::string& column : columns) names[column] = column;
                std::vector<std::string> also = node.indicator->aliases;
                also.insert(also.end(), node.label.begin(), node.label.end());
                for (const std::string& name : also) {
                    const auto [found, fresh] = softer.emplace(name, node.code);
                    if (!fresh && found->second != node.code) twice.insert(name);
                }
            }
        }
        for (const auto& [name, code] : softer)
            if (!twice.count(name)) names.emplace(name, code);
        return names;
    }

    void header(const Record& record) {
        const std::map<std::string, std::string> names = known_names();
        std::set<std::string> seen;
        columns_.push_back("");
        for (std::size_t i = 1; i < record.fields.size(); ++i) {
            const std::string name(trimmed(record.fields[i]));
            const auto found = names.find(name);
            const bool about_unit = found == names.end() && (name == "name" || name == "group" || name == "class");
            std::string column = about_unit ? "@" + name : found == names.end() ? "" : found->second;
            if (column.empty())
                table_.ignored_columns.push_back(name);
            else if (!seen.insert(column).second)
                problem(fmt::format("{}:{}:{}", file_, record.line, name),
                        fmt::format("two columns stand for \"{}\"", column), "keep one of them");
            else if (!about_unit)
                table_.columns[column];
            columns_.push_back(std::move(column));
        }
    }

    void row(const Record& record) {
        const std::string code(trimmed(record.fields[0]));
        const std::string place = fmt::format("{}:{}", file_, record.line);
        if (record.fields.size() != columns_.size())
            problem(place, fmt::format("the row has {} fields, the header {}", record.fields.size(), columns_.size()),
                    "quote fields that hold a comma");
        if (code.empty())
            problem(place, "the unit is empty", "the first column names the unit");
        else if (!units_.insert(code).second)
            problem(place, fmt::format("unit \"{}\" stands twice", code), "one row per unit");
        Unit unit{code, code, {}, {}};
        for (std::size_t i = 1; i < columns_.size() && i < record.fields.size(); ++i) {
            const std::string field(trimmed(record.fields[i]));
            const std::string& column = columns_[i];
            if (column == "@name")
                unit.name = field.empty() ? code : field;
            else if (column == "@group")
                unit.group = field;
            else if (column == "@class")
                unit.unit_class = field;
            else if (!column.empty())
                table_.columns[column].push_back(number_of(field, fmt::format("{}:{}", place, column), errors_));
        }
        table_.units.push_back(std::move(unit));
    }

    const Scheme& scheme_;
    std::string_view file_;
    Errors errors_;
    Table table_;
    std::vector<std::string> columns_;  // by field: "" ignored, "@name" about the unit
    std::set<std::string> units_;
};
}  // namespace

Checked<Table> table_from_csv(std::string_view text, const Scheme& scheme, std::string_view file) {
    if (text.size() > csv_bytes_max)
        return fail(Errors{{Code::limit_exceeded, std::string(file), "larger than 16 MiB", "split the table"}});
    return TableReader(scheme, file).read(text);
}

Checked<std::vector<Event>> events_from_csv(std::string_view text, std::string_view file) {
    static const std::vector<std::pair<std::string_view, std::string Event::*>> words = {
        {"unit", &Event::unit},        {"item", &Event::item},   {"date", &Event::date},
        {"reason", &Event::reason},    {"basis", &Event::basis}, {"decider", &Event::decider},
        {"evidence", &Event::evidence}};
    if (text.size() > csv_bytes_max)
        return fail(Errors{{Code::limit_exceeded, std::string(file), "larger than 16 MiB", "split the table"}});
    Errors errors;
    std::vector<Event> out;
    const std::vector<Record> records = records_of(text, file, errors);
    const std::vector<std::string> header = records.empty() ? std::vector<std::string>{} : records[0].fields;
    std::set<std::string> seen;
    for (const std::string& name : header) {
        bool known = name == "points" || name == "count";
        for (const auto& [word, member] : words) known = known || word == name;
        if (!known || !seen.insert(name).second)
            errors.push_back({Code::invalid_input, fmt::format("{}:1:{}", file, name),
                              known ? "the column stands twice" : "events have no such column",
                              "unit, item, points, count, date, reason, basis, decider, evidence"});
    }
    if (!seen.count("unit") || !seen.count("item"))
        errors.push_back({Code::invalid_input, std::string(file), "the columns unit and item are missing",
                          "start with \"unit,item\""});
    const bool readable = errors.empty();
    for (std::size_t i = 1; readable && i < records.size(); ++i) {
        const std::string place = fmt::format("{}:{}", file, records[i].line);
        if (records[i].fields.size() != header.size())
            errors.push_back(
                {Code::invalid_input, place,
                 fmt::format("the row has {} fields, the header {}", records[i].fields.size(), header.size()),
                 "quote fields that hold a comma"});
        Event event;
        for (std::size_t k = 0; k < std::min(header.size(), records[i].fields.size()); ++k) {
            const std::string field(trimmed(records[i].fields[k]));
            if (header[k] == "points") event.points = number_of(field, place + ":points", errors);
            if (header[k] == "count") event.count = number_of(field, place + ":count", errors).value_or(1);
            for (const auto& [word, member] : words)
                if (word == header[k]) event.*member = field;
        }
        out.push_back(std::move(event));
    }
    if (!errors.empty()) return fail(std::move(errors));
    return out;
}

}  // namespace yipan::score
