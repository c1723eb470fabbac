#include "score/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace yipan::score {
namespace {

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (char c : text) {
        if (c == '"' || c == '\\')
            out += std::string{'\\', c};
        else if (c == '\n')
            out += "\\n";
        else if (static_cast<unsigned char>(c) < 0x20)
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        else
            out += c;
    }
    return out + "\"";
}
std::string number(const std::optional<double>& value) {
    if (!value || !std::isfinite(*value)) return "null";
    return fmt::format("{:.17g}", *value == 0 ? 0.0 : *value);
}
std::string strings(const std::vector<std::string>& all) {
    std::string out = "[";
    for (const std::string& one : all) out += (out.size() > 1 ? "," : "") + quoted(one);
    return out + "]";
}
std::string flags_of(const Cell& cell, std::string_view between) {
    std::string out;
    for (Flag flag : cell.flags) out += (out.empty() ? "" : std::string(between)) + std::string(name_of(flag));
    return out;
}

std::string explained(const Outcome& outcome, const UnitOutcome& unit) {
    std::string out = ",\"explanation\":[";
    for (std::size_t i = 0; i < outcome.nodes.size(); ++i) {
        const Cell& cell = unit.cells[i];
        std::vector<std::string> flags;
        for (Flag flag : cell.flags) flags.emplace_back(name_of(flag));
        out += fmt::format(
            "{}{{\"node\":{},\"raw\":{},\"value\":{},\"full\":{},\"weight\":{},\"share\":{},\"got\":{},\"lost\":{},"
            "\"additive\":{},\"formula\":{},\"reason\":{},\"flags\":{}}}",
            i ? "," : "", quoted(outcome.nodes[i].code), number(cell.raw), number(cell.value), number(cell.full),
            number(cell.weight), number(cell.share), number(cell.got), number(cell.lost), cell.additive,
            quoted(cell.text), quoted(cell.reason), strings(flags));
    }
    return out + "]";
}

std::string flagged(const Outcome& outcome, const UnitOutcome& unit) {
    std::string out;
    for (std::size_t i = 0; i < outcome.nodes.size(); ++i) {
        const Cell& cell = unit.cells[i];
        if (cell.flags.empty() || cell.has(Flag::not_assessed)) continue;
        out += fmt::format("{}{{\"node\":{},\"flags\":{},\"reason\":{}}}", out.empty() ? "" : ",",
                           quoted(outcome.nodes[i].code), quoted(flags_of(cell, " ")), quoted(cell.reason));
    }
    return out;
}

std::string unit_json(const Outcome& outcome, const UnitOutcome& unit, bool with_explanation) {
    std::string out = fmt::format("{{\"unit\":{},\"rank\":{},\"nodes\":{{", quoted(unit.unit.code), number(unit.rank));
    bool first = true;
    for (std::size_t i = 0; i < outcome.nodes.size(); ++i) {
        if (unit.cells[i].has(Flag::not_assessed)) continue;
        out += fmt::format("{}{}:{}", first ? "" : ",", quoted(outcome.nodes[i].code), number(unit.cells[i].score));
        first = false;
    }
    out += fmt::format("}},\"score\":{},\"computed\":{}", number(unit.total), number(unit.computed));
    if (!unit.class_final.empty() || !unit.class_computed.empty())
        out +=
            fmt::format(",\"class\":{},\"class_computed\":{}", quoted(unit.class_final), quoted(unit.class_computed));
    if (!unit.reason.empty()) out += ",\"reason\":" + quoted(unit.reason);
    if (const std::string all = flagged(outcome, unit); !all.empty()) out += ",\"flagged\":[" + all + "]";
    if (!unit.applied.empty()) {
        out += ",\"events\":[";
        for (std::size_t i = 0; i < unit.applied.size(); ++i) {
            const Applied& one = unit.applied[i];
            out += fmt::format("{}{{\"item\":{},\"kind\":\"{}\",\"asked\":{},\"counted\":{},\"note\":{}}}",
                               i ? "," : "", quoted(one.item), one.deduction ? "deduction" : "bonus", number(one.asked),
                               number(one.counted), quoted(one.note));
        }
        out += "]";
    }
    if (!unit.overrides.empty()) {
        out += ",\"overrides\":[";
        for (std::size_t i = 0; i < unit.overrides.size(); ++i) {
            const Override& one = unit.overrides[i];
            out += fmt::format(
                "{}{{\"item\":{},\"effect\":\"{}\",\"class\":{},\"reason\":{},\"basis\":{},\"date\":{},\"decider\":{}}"
                "}",
                i ? "," : "", quoted(one.item), name_of(one.effect), quoted(one.to_class), quoted(one.reason),
                quoted(one.basis), quoted(one.date), quoted(one.decider));
        }
        out += "]";
    }
    if (with_explanation) out += fmt::format(",\"steps\":{}", quoted(unit.order_text)) + explained(outcome, unit);
    return out + "}";
}

// Chinese characters are two columns wide in a terminal.
std::size_t columns_wide(std::string_view text) {
    std::size_t out = 0;
    for (std::size_t i = 0; i < text.size();) {
        const unsigned char c = static_cast<unsigned char>(text[i]);
        const std::size_t length = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
        out += length >= 3 ? 2 : 1;
        i += length;
    }
    return out;
}
std::string padded(const std::string& text, std::size_t width, bool right) {
    const std::string blanks(width > columns_wide(text) ? width - columns_wide(text) : 0, ' ');
    return right ? blanks + text : text + blanks;
}
std::string grid(const std::vector<std::vector<std::string>>& rows, std::size_t left_columns) {
    std::vector<std::size_t> width;
    for (const auto& row : rows) {
        width.resize(std::max(width.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) width[i] = std::max(width[i], columns_wide(row[i]));
    }
    std::string out;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i)
            line += (i ? "  " : "") + padded(row[i], width[i], i >= left_columns && i + 1 < row.size());
        out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    }
    return out;
}
std::string rank_text(const std::optional<double>& rank) { return rank ? fmt::format("{:g}", *rank) : "-"; }
}  // namespace

std::string to_json(const Outcome& outcome, bool with_explanation) {
    std::string out = fmt::format("{{\"scheme\":{},\"units\":[", quoted(outcome.scheme));
    for (std::size_t i = 0; i < outcome.units.size(); ++i)
        out += (i ? "," : "") + unit_json(outcome, outcome.units[i], with_explanation);
    out += fmt::format("],\"variant\":{},\"ties\":\"{}\",\"source\":{},\"notes\":{},\"nodes\":[",
                       quoted(outcome.variant), name_of(outcome.ties), quoted(outcome.source), strings(outcome.notes));
    for (std::size_t i = 0; i < outcome.nodes.size(); ++i) {
        const Node& node = outcome.nodes[i];
        out += fmt::format("{}{{\"code\":{},\"parent\":{},\"label\":{},\"leaf\":{}}}", i ? "," : "", quoted(node.code),
                           node.parent < 0 ? "null" : quoted(outcome.nodes[node.parent].code),
                           strings({node.label.begin(), node.label.end()}), node.indicator.has_value());
    }
    return out + "]}\n";
}

std::string to_text(const Outcome& outcome) {
    std::vector<int> shown_nodes;  // the first two levels: the root's children at most
    for (std::size_t i = 1; i < outcome.nodes.size() && shown_nodes.size() < 8; ++i)
        if (outcome.nodes[i].parent == 0) shown_nodes.push_back(static_cast<int>(i));
    const bool classes = std::any_of(outcome.units.begin(), outcome.units.end(),
                                     [](const UnitOutcome& u) { return !u.class_final.empty(); });
    std::vector<std::vector<std::string>> rows{{"rank", "unit", "score"}};
    if (classes) rows[0].push_back("class");
    for (int node : shown_nodes) rows[0].push_back(outcome.nodes[node].code);
    rows[0].push_back("remarks");
    std::vector<std::size_t> order(outcome.units.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return outcome.units[a].rank.value_or(1e9) < outcome.units[b].rank.value_or(1e9);
    });
    const auto text = [&](const std::optional<double>& value) {
        return value ? shown(*value, outcome.display) : std::string("-");
    };
    for (std::size_t i : order) {
        const UnitOutcome& unit = outcome.units[i];
        const std::string name = unit.unit.name.empty() || unit.unit.name == unit.unit.code
                                     ? unit.unit.code
                                     : unit.unit.code + " " + unit.unit.name;
        std::vector<std::string> row{rank_text(unit.rank), name, text(unit.total)};
        if (classes)
            row.push_back(unit.class_final == unit.class_computed ? unit.class_final
                                                                  : unit.class_computed + "->" + unit.class_final);
        for (int node : shown_nodes)
            row.push_back(unit.cells[node].has(Flag::not_assessed) ? "" : text(unit.cells[node].score));
        std::size_t flags = 0;
        for (const Cell& cell : unit.cells)
            flags += !cell.flags.empty() && !cell.has(Flag::not_assessed) && !cell.has(Flag::reweighted);
        std::string remarks = unit.reason;
        if (flags) remarks += fmt::format("{}{} flagged", remarks.empty() ? "" : "; ", flags);
        for (const Override& one : unit.overrides)
            remarks += fmt::format("{}{}: {}", remarks.empty() ? "" : "; ", name_of(one.effect), one.reason);
        row.push_back(remarks);
        rows.push_back(std::move(row));
    }
    std::string out = fmt::format("{} ({}){}\n", outcome.label[0], outcome.scheme,
                                  outcome.variant.empty() ? "" : ", variant " + outcome.variant);
    out += grid(rows, 2);
    for (const std::string& note : outcome.notes) out += "note: " + note + "\n";
    if (!outcome.source.empty()) out += "source: " + outcome.source + "\n";
    return out;
}

std::string explanation_text(const Outcome& outcome, const UnitOutcome& unit) {
    const auto text = [](const std::optional<double>& value) {
        return value ? fmt::format("{:.6g}", *value) : std::string("-");
    };
    std::vector<std::vector<std::string>> rows{{"node", "raw", "value", "full", "weight", "got", "lost", "formula"}};
    for (std::size_t i = 0; i < outcome.nodes.size(); ++i) {
        const Cell& cell = unit.cells[i];
        if (cell.has(Flag::not_assessed)) continue;
        std::size_t depth = 0;
        for (int at = outcome.nodes[i].parent; at >= 0; at = outcome.nodes[at].parent) ++depth;
        std::string formula = cell.text.empty() ? cell.reason : cell.text;
        if (!cell.flags.empty()) formula += " [" + flags_of(cell, ", ") + "]";
        rows.push_back({std::string(2 * depth, ' ') + outcome.nodes[i].code, text(cell.raw), text(cell.value),
                        text(cell.full), text(cell.weight), text(cell.got),
                        (cell.additive ? "" : "~") + text(cell.lost), formula});
    }
    std::string out = grid(rows, 1);
    if (!unit.order_text.empty()) out += unit.order_text + "\n";
    for (const Applied& one : unit.applied)
        out += fmt::format("{} {}: asked {:.6g}, counted {:.6g}{}\n", one.deduction ? "deduction" : "bonus", one.item,
                           one.asked, one.counted, one.note.empty() ? "" : " (" + one.note + ")");
    for (const Override& one : unit.overrides)
        out += fmt::format("{} {}: {}; basis {}; {}, decided by {}\n", name_of(one.effect), one.item, one.reason,
                           one.basis, one.date, one.decider);
    return out;
}

}  // namespace yipan::score
