// A report as one quiet page: no script, no outside file. Everything that comes from the board or the template is escaped.
#include "report/report.h"

namespace yipan::report {
namespace {

constexpr std::string_view style = R"(
:root{--ink:#1f2328;--soft:#5c6670;--line:#d9dee3;--accent:#1f5f99;--paper:#fff}
*{box-sizing:border-box}
body{margin:0;background:#f4f5f6;color:var(--ink);font:16px/1.85 "Noto Serif CJK SC","Source Han Serif SC","Songti SC",SimSun,serif}
main,aside,footer{max-width:52rem;margin:0 auto;background:var(--paper);padding:2.5rem 3.5rem}
main{margin-top:2rem;border:1px solid var(--line);border-bottom:0}
aside{border:1px solid var(--line);border-width:0 1px}
footer{border:1px solid var(--line);margin-bottom:3rem;color:var(--soft);font-size:.8rem;overflow-wrap:anywhere}
h1{font-size:1.5rem;text-align:center;margin:0 0 1.2rem}
h2{font-size:1.15rem;margin:2rem 0 .6rem}
h3{font-size:1rem;margin:1.4rem 0 .4rem}
p{margin:.4rem 0;text-indent:2em}
.banner{text-indent:0;text-align:center;color:var(--soft);font-size:.85rem;border-bottom:1px solid var(--line);padding-bottom:.8rem;margin-bottom:1.2rem}
.note{text-indent:0;color:var(--soft);font-size:.85rem;overflow-wrap:anywhere}
a.n{color:inherit;text-decoration:underline;text-decoration-color:var(--accent);text-underline-offset:.2em;font-variant-numeric:tabular-nums}
a.n:hover,a.n:focus{color:var(--accent)}
.said{color:var(--soft);font-size:.75rem}
section{border-top:1px solid var(--line);padding:.9rem 0;font-size:.85rem;line-height:1.6}
section h3{margin:0 0 .2rem;font-size:.9rem}
section p{text-indent:0;margin:.15rem 0}
section:target{outline:2px solid var(--accent);outline-offset:.4rem}
code,pre{font:12px/1.5 ui-monospace,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere;margin:.2rem 0}
table{border-collapse:collapse;width:100%;margin:.4rem 0;font-size:.85rem}
td,th{border-bottom:1px solid var(--line);padding:.15rem .5rem .15rem 0;text-align:left;vertical-align:top;overflow-wrap:anywhere}
td.v{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.soft{color:var(--soft)}
@media (max-width:40rem){main,aside,footer{padding:1.2rem}}
@media print{body{background:#fff}main,aside,footer{border:0;margin:0;max-width:none;padding:0}section{break-inside:avoid}}
)";

class Page {
  public:
    explicit Page(const Document& document) : document_(document) {}

    std::string write() {
        out_ = "<!doctype html>\n<html lang=\"zh-Hans\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>";
        text(document_.title + " " + document_.period);
        out_ += "</title>\n<style>" + std::string(style) + "</style>\n</head>\n<body>\n<main>\n<p class=\"banner\">";
        text(document_.board_name + (document_.board_note.empty() ? "" : " · " + document_.board_note));
        out_ += "</p>\n";
        blocks();
        out_ += "</main>\n<aside>\n";
        left_out();
        sources();
        out_ += "</aside>\n<footer>\n";
        text(document_.board_name + (document_.board_note.empty() ? "" : " · " + document_.board_note) + " · " + document_.today + " · 台账序号 " + std::to_string(document_.position) +
             " · 台账条数 " + std::to_string(document_.journal_size) + " · 校验根 " + document_.journal_root);
        out_ += "\n</footer>\n</body>\n</html>\n";
        return std::move(out_);
    }

  private:
    void text(std::string_view plain) { out_ += html_escaped(plain); }
    void spans(const Block& block) {
        for (const Span& span : block.spans) {
            if (span.source < 0) {
                text(span.text);
                continue;
            }
            const std::string anchor = std::to_string(span.source + 1);
            out_ += "<a class=\"n\" href=\"#w" + anchor + "\">";
            text(span.text);
            out_ += "</a>";
            if (span.reported) out_ += "<span class=\"said\">(上报)</span>";
        }
    }

    // Sentences that stand next to one another are one paragraph; items one list; rows one table.
    void blocks() {
        LineKind open = LineKind::blank;
        const auto close = [&] {
            if (open == LineKind::sentence) out_ += "</p>\n";
            if (open == LineKind::item) out_ += "</ul>\n";
            if (open == LineKind::row) out_ += "</table>\n";
            open = LineKind::blank;
        };
        for (const Block& block : document_.blocks) {
            if (block.kind != open || block.kind == LineKind::heading || block.kind == LineKind::note) close();
            switch (block.kind) {
                case LineKind::blank: break;
                case LineKind::heading: {
                    const std::string tag = "h" + std::to_string(block.level);
                    out_ += "<" + tag + ">";
                    spans(block);
                    out_ += "</" + tag + ">\n";
                    break;
                }
                case LineKind::note:
                    out_ += "<p class=\"note\">";
                    spans(block);
                    out_ += "</p>\n";
                    break;
                case LineKind::sentence:
                    if (open != LineKind::sentence) out_ += "<p>";
                    spans(block);
                    open = LineKind::sentence;
                    break;
                case LineKind::item:
                    if (open != LineKind::item) out_ += "<ul>\n";
                    out_ += "<li>";
                    spans(block);
                    out_ += "</li>\n";
                    open = LineKind::item;
                    break;
                case LineKind::row:
                    if (open != LineKind::row) out_ += "<table>\n";
                    row(block);
                    open = LineKind::row;
                    break;
            }
        }
        close();
    }

    // Cells are what stands between bars; a bar inside a value is escaped text and cuts nothing.
    void row(const Block& block) {
        Block cell;
        std::vector<Block> cells;
        for (const Span& span : block.spans) {
            if (!span.literal) {
                cell.spans.push_back(span);
                continue;
            }
            std::size_t from = 0;
            for (std::size_t bar; (bar = span.text.find('|', from)) != std::string::npos; from = bar + 1) {
                cell.spans.push_back({span.text.substr(from, bar - from)});
                cells.push_back(std::move(cell));
                cell = {};
            }
            cell.spans.push_back({span.text.substr(from)});
        }
        // The line of dashes below a heading row is Markdown's, not content.
        const bool rule = block.spans.size() == 1 && block.spans.front().text.find_first_not_of("|-: ") == std::string::npos;
        if (rule || cells.size() < 2) return;
        out_ += "<tr>";
        for (std::size_t i = 1; i < cells.size(); ++i) {
            out_ += "<td>";
            spans(cells[i]);
            out_ += "</td>";
        }
        out_ += "</tr>\n";
    }

    void left_out() {
        if (document_.left_out.empty()) return;
        out_ += "<h2>因无数据未列出的句子</h2>\n<table>\n<tr><th>句子</th><th>缺少</th><th>原因</th></tr>\n";
        for (const LeftOut& left : document_.left_out) {
            out_ += "<tr><td>";
            text(left.sentence);
            out_ += "</td><td><code>";
            text(left.placeholder);
            out_ += "</code></td><td>";
            text(left.reason);
            out_ += "</td></tr>\n";
        }
        out_ += "</table>\n";
    }

    void sources() {
        if (document_.sources.empty()) return;
        out_ += "<h2>数字来源</h2>\n";
        for (std::size_t i = 0; i < document_.sources.size(); ++i) source(i + 1, document_.sources[i]);
    }

    void paragraph(std::string_view name, const std::string& value, bool code = false) {
        if (value.empty()) return;
        out_ += "<p><span class=\"soft\">" + std::string(name) + "</span> ";
        out_ += code ? "<code>" : "";
        text(value);
        out_ += code ? "</code></p>\n" : "</p>\n";
    }

    void source(std::size_t number, const Source& source) {
        out_ += "<section id=\"w" + std::to_string(number) + "\">\n<h3>" + std::to_string(number) + ". ";
        text(source.title);
        out_ += " <code>";
        text(source.code);
        out_ += "</code></h3>\n";
        paragraph("数值", source.value);
        paragraph("公式", source.formula, true);
        paragraph("代入", source.formula_with_numbers, true);
        paragraph("说明", source.note);
        for (const SourcePart& part : source.parts) {
            out_ += "<p><code>";
            text(part.name);
            out_ += "</code> = <a class=\"n\" href=\"#w" + std::to_string(part.source + 1) + "\">";
            text(part.value);
            out_ += "</a> <span class=\"soft\">";
            text(part.label);
            out_ += "</span></p>\n";
        }
        if (!source.lines.empty()) {
            out_ += "<pre>";
            for (const std::string& line : source.lines) text(line + "\n");
            out_ += "</pre>\n";
        }
        rows(source);
        out_ += "</section>\n";
    }

    void rows(const Source& source) {
        if (source.rows.empty()) return;
        out_ += "<table>\n<tr><th>记录</th><th>数值</th><th>台账条目</th></tr>\n";
        for (const SourceRow& row : source.rows) {
            out_ += "<tr><td>";
            text(row.record);
            if (!row.papers.empty()) {
                out_ += " <code>";
                text(row.papers);
                out_ += "</code>";
            }
            out_ += "</td><td class=\"v\">";
            text(row.value);
            out_ += "</td><td class=\"soft\">";
            text(row.entry);
            out_ += "</td></tr>\n";
        }
        out_ += "</table>\n";
        if (const std::int64_t more = source.rows_total - std::ssize(source.rows); more > 0) {
            paragraph("其余", "另有 " + std::to_string(more) + " 条记录,共 " + std::to_string(source.rows_total) + " 条");
        }
        paragraph("合计", source.rows_checked);
    }

    const Document& document_;
    std::string out_;
};

}  // namespace

std::string html_escaped(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&#39;"; break;
            default: out += c;
        }
    }
    return out;
}

std::string to_html(const Document& document) { return Page(document).write(); }

}  // namespace yipan::report
