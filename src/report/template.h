#pragma once
// A report template (docs/reports.md) as lines of text and placeholders. Every mistake of form at once with
// file:line:column; names of figures and schemes are judged when the report is written. Bounded: 1 MiB, 5,000 lines,
// 2,000 placeholders.
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/date.h"
#include "base/result.h"
#include "report/number.h"

namespace yipan::report {

enum class PlaceholderKind : std::uint8_t { figure, fact, score, rank, peers, board, row, record };

struct Placeholder {
    PlaceholderKind kind = PlaceholderKind::figure;
    std::string name;
    std::map<std::string, std::string, std::less<>>
        keys;  // window, period, unit, by.<dimension>, decimals, node, organ, show, by
    As as = As::number;
    int decimals = -1;  // -1: the default
    std::string text;   // as written, with the braces
    std::string where;  // file:line:column
    std::string key(std::string_view k) const;
};

struct Piece {  // text, or a placeholder when it has one
    std::string text;
    int placeholder = -1;  // index into Template::placeholders
};

enum class LineKind : std::uint8_t { heading, note, item, row, sentence, blank, mark };
struct Line {
    LineKind kind = LineKind::sentence;
    int level = 0;       // heading
    bool each = false;   // row: once for every unit directly below the report's
    std::string mark;    // mark: which part of an official document (docs/reports.md)
    std::string source;  // as written
    std::vector<Piece> pieces;
};

struct Template {
    std::string label;  // first of three, when the head has one
    std::vector<PeriodKind> periods;
    std::string unit_type;
    bool timeless = false;  // `periods: []`: a document of one record, of no period
    bool official = false;  // laid out by GB/T 9704
    std::string filed_as;   // type of the record that keeps what was issued; empty: none
    std::vector<Placeholder> placeholders;
    std::vector<Line> lines;
};

Checked<Template> parse_template(std::string_view text, const std::string& file);

}  // namespace yipan::report
