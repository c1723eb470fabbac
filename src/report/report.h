#pragma once
// A report: a template of the model filled with live numbers at one journal position. Every number leads to its source
// in the appendix: the formula with its numbers, the first contributing records and how many more, the entries that put
// them there. A sentence whose number has no value is left out and listed with the reason. Writing (html.h, markdown.h)
// is separate.
#include <functional>
#include <string>
#include <vector>

#include "report/assessment.h"
#include "report/template.h"

namespace yipan::report {

constexpr std::int64_t source_rows_shown = 20;

/// Whose eyes a report is written for: a number of a figure or a record he may not see is left out like one without
/// data. Empty: everything is seen.
struct Eyes {
    std::function<bool(const figure::Ask& ask)> figure;
    std::function<bool(const record::Record& record)> record;
    bool see(const figure::Ask& ask) const { return !figure || figure(ask); }
    bool see(const record::Record& r) const { return !record || record(r); }
};

struct ReportAsk {
    Eyes eyes;
    std::string report;  // code
    std::string unit;    // a record's name; empty: the one root of the forest of units
    Period period;
    std::string board_name, board_note;
    std::string zone = "Asia/Shanghai";
    std::int64_t journal_size = 0;
    std::string journal_root;  // hex
    std::string number;        // document number, of a report that has one
};

/// What a board says of itself at the snapshot; report, unit and period are left open.
Result<ReportAsk> ask_of(board::Board& board, board::Snapshot& snapshot);

struct Span {
    std::string text;
    int source = -1;        // index into Document::sources: the text is a number that can be asked why
    bool reported = false;  // entered as it is, not derived
    bool literal = false;   // the template's own text
};
struct Block {
    LineKind kind = LineKind::sentence;
    int level = 0;
    std::string mark;  // of an official document: head, number, to, signed, day, copies, printed
    std::vector<Span> spans;
};
struct SourcePart {
    std::string name, label, value;
    int source = -1;  // -1: not seen by these eyes
};
struct SourceRow {
    std::string record, value, entry;  // entry: "#12 2026-03-31 09:00:00 channel, post"
    std::string papers;
};
struct Source {
    std::string title;  // label, unit, period
    std::string code;
    std::string figure, unit, unit_type, period;  // of a figure without dimensions: how it is asked again
    std::string value;  // with its unit of measure
    std::string formula, formula_with_numbers;
    std::vector<SourcePart> parts;
    std::vector<SourceRow> rows;
    std::int64_t rows_total = 0;
    std::string rows_checked;        // what the sum of all contributing records was compared with
    std::string note;                // stock: n of m reported; facts: their source
    std::vector<std::string> lines;  // scores: the explanation, line by line
};
struct LeftOut {
    std::string sentence, placeholder, reason;
};
struct Document {
    std::string title, board_name, board_note, unit, period, today, journal_root;
    std::int64_t journal_size = 0, position = 0;
    std::vector<Block> blocks;
    std::vector<Source> sources;
    std::vector<LeftOut> left_out;
    std::int64_t numbers = 0;  // bound numbers printed
    bool official = false;     // laid out by GB/T 9704 (docs/reports.md)
    std::string filed_as;      // type of the record that keeps what was issued
    int unit_type = -1;
    RecordId unit_id;
};

Checked<Document> write_report(board::Snapshot& snapshot, exchange::Names& names, const ReportAsk& ask);

/// A self-contained page: no script, no outside file; everything from the board escaped.
std::string to_html(const Document& document);
std::string to_markdown(const Document& document);
/// The style of an official document after GB/T 9704: 22 lines of 28 characters on A4, for screen and print.
std::string_view official_style();
std::string html_escaped(std::string_view text);
std::string markdown_escaped(std::string_view text);

}  // namespace yipan::report
