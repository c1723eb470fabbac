// A report as one quiet page: no script, no outside file. Everything that comes from the board or the template is
// escaped.
#include <algorithm>
#include <set>

#include "report/report.h"

namespace yipan::report {
namespace {

// No more records than these stand open below a source; longer lists are folded.
constexpr std::size_t rows_open_max = 6;

constexpr std::string_view style = R"(
:root{color-scheme:light;--ink:#1f2328;--soft:#5c6670;--line:#dde2e7;--accent:#1f5f99;--hit:#fff6d6;--paper:#fff}
*{box-sizing:border-box}
html{scroll-padding-top:1rem;-webkit-text-size-adjust:100%}
body{margin:0;background:#f3f4f5;color:var(--ink);font:16px/1.85 "Noto Serif CJK SC","Source Han Serif SC","Songti SC",SimSun,serif;font-variant-numeric:tabular-nums lining-nums}
main,aside,footer{max-width:54rem;margin:0 auto;background:var(--paper);padding:2.2rem 3.4rem;border:1px solid var(--line)}
main{margin-top:1.5rem}
aside,footer,nav{font-family:"Noto Sans CJK SC","Source Han Sans SC","PingFang SC","Microsoft YaHei",sans-serif}
aside,footer{border-top:0}
footer{margin-bottom:2.5rem;color:var(--soft);font-size:.75rem;line-height:1.6;overflow-wrap:anywhere}
nav{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;justify-content:space-between;font-size:.8rem;color:var(--soft);border-bottom:1px solid var(--line);padding-bottom:.5rem;margin-bottom:1.6rem}
h1{font-size:1.55rem;line-height:1.4;text-align:center;text-wrap:balance;margin:0 0 .9rem}
h2{font-size:1.15rem;margin:1.9rem 0 .4rem}
h3{font-size:1rem;margin:1.2rem 0 .2rem}
p{margin:.3rem 0;text-indent:2em}
.note{text-indent:0;color:var(--soft);font-size:.82rem;line-height:1.6;overflow-wrap:anywhere}
a{color:var(--accent);text-decoration:none}
a:hover{text-decoration:underline}
a.n{color:inherit;text-decoration:underline;text-decoration-thickness:1px;text-decoration-color:#9db9d3;text-underline-offset:.22em}
a.n:hover{color:var(--accent);text-decoration-color:var(--accent)}
a:focus-visible,summary:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:2px}
:target{background:var(--hit)}
.said{color:var(--soft);font-size:.68rem;margin-left:.1em;white-space:nowrap}
section{border-top:1px solid var(--line);padding:.55rem 0 .65rem;font-size:.82rem;line-height:1.55}
section:target{box-shadow:0 0 0 .5rem var(--hit)}
section h3{display:flex;flex-wrap:wrap;gap:0 .7rem;align-items:baseline;margin:0;font-size:.86rem;font-weight:600}
section h3 .no{color:var(--soft);font-weight:400;min-width:2.2em}
section h3 .t{min-width:0}
section h3 .is{margin-left:auto;text-align:right}
section h3 .up{font-weight:400}
section p{text-indent:0;margin:.1rem 0}
.soft{color:var(--soft)}
code,pre{font:.94em/1.5 ui-monospace,"Noto Sans Mono CJK SC",Consolas,monospace}
code{overflow-wrap:anywhere;color:#41505d}
pre{margin:.3rem 0;overflow-x:auto;font-size:.74rem}
summary{cursor:pointer;color:var(--accent);width:fit-content}
table{border-collapse:collapse;width:100%;margin:.25rem 0;line-height:1.45}
td,th{border-bottom:1px solid var(--line);padding:.12rem .7rem .12rem 0;text-align:left;vertical-align:top;overflow-wrap:anywhere}
th{font-weight:400;color:var(--soft)}
td:first-child{min-width:5.5em}
td:last-child,th:last-child{padding-right:0}
.v{text-align:right;white-space:nowrap}
.k{white-space:nowrap}
.k code,.k{overflow-wrap:break-word}
@media (max-width:42rem){
body{font-size:16px;line-height:1.75}
main,aside,footer{padding:1.1rem 1rem;border-left:0;border-right:0}
main{margin-top:0}
h1{font-size:1.3rem}
section h3 .no{min-width:auto}
section h3 .t{flex:1 1 0}
section h3 .is{margin-left:0;width:100%;text-align:left}
.k{white-space:normal}
}
@page{size:A4;margin:18mm 17mm 16mm}
@media print{
body{background:#fff;font-size:10.5pt;line-height:1.7}
main,aside,footer{border:0;margin:0;max-width:none;padding:0}
nav,.up{display:none}
a{color:inherit}
a[data-s]::after{content:attr(data-s);font-size:5.5pt;vertical-align:super;color:var(--soft);margin-left:1pt}
aside{break-before:page}
h1,h2,h3{break-after:avoid}
section,tr,.left tr{break-inside:avoid}
section{font-size:8pt;padding:.3rem 0}
section.long{break-inside:auto}
section h3{font-size:8.5pt}
pre{white-space:pre-wrap;overflow:visible;font-size:6.5pt}
summary{list-style:none;color:var(--soft)}
footer{margin-top:1rem}
}
)";

class Page {
  public:
    explicit Page(const Document& document) : document_(document) {}

    std::string write() {
        find_uses();
        out_ =
            "<!doctype html>\n<html lang=\"zh-Hans\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
            "base-uri 'none'; form-action 'none'\">\n"
            "<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"viewport\" "
            "content=\"width=device-width,initial-scale=1\">\n<title>";
        text(document_.title + " " + document_.period);
        out_ += "</title>\n<style>" + std::string(style) + (document_.official ? std::string(official_style()) : std::string()) +
                "</style>\n</head>\n<body" + (document_.official ? " class=\"official\"" : "") + ">\n<main id=\"top\">\n";
        head();
        blocks();
        out_ += "</main>\n<aside>\n";
        left_out();
        sources();
        out_ += "</aside>\n<footer>\n";
        text(document_.board_name + (document_.board_note.empty() ? "" : " · " + document_.board_note) +
             " · 数据截至 " + document_.today + " · 台账序号 " + std::to_string(document_.position) + " · 台账条数 " +
             std::to_string(document_.journal_size) + " · 校验根 " + document_.journal_root);
        out_ += "\n</footer>\n</body>\n</html>\n";
        return std::move(out_);
    }

  private:
    void text(std::string_view plain) { out_ += html_escaped(plain); }

    // Where a source is used first, so that its entry leads back: a number of the text, or the source it is a part of.
    void find_uses() {
        used_.resize(document_.sources.size());
        const auto use = [&](int source, std::string anchor) {
            if (source < 0 || static_cast<std::size_t>(source) >= used_.size()) return;
            std::string& used = used_[static_cast<std::size_t>(source)];
            if (used.empty()) used = std::move(anchor);
        };
        for (const Block& block : document_.blocks)
            for (const Span& span : block.spans) use(span.source, "n" + std::to_string(span.source + 1));
        for (std::size_t i = 0; i < document_.sources.size(); ++i)
            for (const SourcePart& part : document_.sources[i].parts) use(part.source, "w" + std::to_string(i + 1));
    }

    // Whose board it is unless the report says so itself, how old the numbers are, and the ways to the appendix.
    void head() {
        const auto says_note = [&](const Block& block) {
            return std::any_of(block.spans.begin(), block.spans.end(), [&](const Span& span) {
                return span.text.find(document_.board_note) != std::string::npos;
            });
        };
        if (document_.official) {
            // the foot says whose board it is: a document begins with its head
        } else if (document_.board_note.empty() || std::none_of(document_.blocks.begin(), document_.blocks.end(), says_note)) {
            out_ += "<p class=\"note\">";
            text(document_.board_name + (document_.board_note.empty() ? "" : " · " + document_.board_note));
            out_ += "</p>\n";
        }
        out_ += "<nav><span>数据截至 ";
        text(document_.today + " · 台账序号 " + std::to_string(document_.position));
        out_ += "，此后的更改不在内</span><span>";
        if (!document_.left_out.empty())
            out_ += "<a href=\"#left\">未列出 " + std::to_string(document_.left_out.size()) + "</a> · ";
        out_ += "<a href=\"#sources\">数字来源 " + std::to_string(document_.sources.size()) + "</a></span></nav>\n";
    }

    // Who reads the report in the page can ask why without leaving the sentence.
    static std::string asked(const Source& source) {
        if (source.figure.empty()) return "";
        const auto attribute = [](const char* name, const std::string& value) {
            return value.empty() ? std::string() : std::string(" data-") + name + "=\"" + html_escaped(value) + "\"";
        };
        return attribute("figure", source.figure) + attribute("unit", source.unit) + attribute("unit-type", source.unit_type) +
               attribute("period", source.period);
    }

    void spans(const Block& block) {
        for (const Span& span : block.spans) {
            if (span.source < 0) {
                text(span.text);
                continue;
            }
            const std::string anchor = std::to_string(span.source + 1);
            const bool first = named_.insert(span.source).second;
            out_ += "<a class=\"n\"" + (first ? " id=\"n" + anchor + "\"" : std::string()) + " data-s=\"" + anchor +
                    "\" href=\"#w" + anchor + "\"" + asked(document_.sources[static_cast<std::size_t>(span.source)]) + ">";
            text(span.text);
            out_ += "</a>";
            if (span.reported) out_ += "<span class=\"said\">上报</span>";
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
            if (block.kind != open || block.kind == LineKind::heading || block.kind == LineKind::note || block.kind == LineKind::mark) close();
            switch (block.kind) {
                case LineKind::blank: break;
                case LineKind::mark:
                    out_ += "<p class=\"" + block.mark + "\">";
                    if (block.mark == "signed" || block.mark == "copies" || block.mark == "printed") out_ += "<span>";
                    spans(block);
                    if (block.mark == "signed" || block.mark == "copies" || block.mark == "printed") out_ += "</span>";
                    out_ += "</p>\n";
                    break;
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
        const bool rule =
            block.spans.size() == 1 && block.spans.front().text.find_first_not_of("|-: ") == std::string::npos;
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
        out_ +=
            "<h2 id=\"left\">因无数据未列出的句子</h2>\n<table "
            "class=\"note\">\n<tr><th>句子</th><th>缺少</th><th>原因</th></tr>\n";
        for (const LeftOut& left : document_.left_out) {
            out_ += "<tr><td>";
            text(with_gaps(left.sentence));
            out_ += "</td><td><code>";
            text(left.placeholder);
            out_ += "</code></td><td>";
            text(left.reason);
            out_ += "</td></tr>\n";
        }
        out_ += "</table>\n";
    }

    // A sentence as a reader knows it: a line where the number is missing.
    static std::string with_gaps(std::string_view sentence) {
        std::string out;
        for (std::size_t from = 0; from < sentence.size();) {
            const std::size_t open = sentence.find("{{", from),
                              close = open == std::string_view::npos ? open : sentence.find("}}", open);
            out += sentence.substr(from, close == std::string_view::npos ? close : open - from);
            if (close == std::string_view::npos) break;
            out += "____";
            from = close + 2;
        }
        return out;
    }

    void sources() {
        if (document_.sources.empty()) return;
        out_ += "<h2 id=\"sources\">数字来源</h2>\n";
        for (std::size_t i = 0; i < document_.sources.size(); ++i) source(i, document_.sources[i]);
    }

    void paragraph(std::string_view name, const std::string& value, bool code = false) {
        if (value.empty()) return;
        out_ += "<p><span class=\"soft\">" + std::string(name) + "</span> ";
        out_ += code ? "<code>" : "";
        text(value);
        out_ += code ? "</code></p>\n" : "</p>\n";
    }

    void source(std::size_t at, const Source& source) {
        const std::string number = std::to_string(at + 1);
        const bool lengthy =
            source.parts.size() > rows_open_max || !source.lines.empty() || source.rows.size() > rows_open_max;
        out_ += "<section id=\"w" + number + "\"" + (lengthy ? " class=\"long\"" : "") + ">\n<h3><span class=\"no\">" +
                number + "</span><span class=\"t\">";
        text(source.title);
        out_ += "</span>";
        if (!used_[at].empty())
            out_ += "<a class=\"up\" href=\"#" + used_[at] + "\">" +
                    (used_[at][0] == 'n' ? "↑ 正文" : "↑ " + used_[at].substr(1)) + "</a>";
        out_ += "<span class=\"is\">";
        text(source.value);
        out_ += "</span></h3>\n";
        out_ += "<p><code>";
        text(source.code);
        out_ += "</code></p>\n";
        paragraph("公式", source.formula, true);
        paragraph("代入", source.formula_with_numbers, true);
        paragraph("说明", source.note);
        parts(source);
        if (!source.lines.empty()) {
            out_ += "<pre tabindex=\"0\">";
            for (const std::string& line : source.lines) text(line + "\n");
            out_ += "</pre>\n";
        }
        rows(source);
        out_ += "</section>\n";
    }

    void parts(const Source& source) {
        if (source.parts.empty()) return;
        out_ += "<table>\n";
        for (const SourcePart& part : source.parts) {
            out_ += "<tr><td class=\"k\"><code>";
            text(part.name);
            out_ += "</code></td><td class=\"v\">";
            if (part.source >= 0) out_ += "<a class=\"n\" href=\"#w" + std::to_string(part.source + 1) + "\">";
            text(part.value);
            if (part.source >= 0) out_ += "</a>";
            out_ += "</td><td class=\"soft\">";
            text(without_common_end(part.label, source.title));
            out_ += "</td></tr>\n";
        }
        out_ += "</table>\n";
    }

    // A part of the same unit and period does not repeat them: "产值 · 甲区 · 2026年" below "增速 · 甲区 · 2026年" is
    // "产值".
    static std::string_view without_common_end(std::string_view label, std::string_view title) {
        const std::size_t from = title.find(" · ");
        if (from != std::string_view::npos && label.ends_with(title.substr(from)))
            label.remove_suffix(title.size() - from);
        return label;
    }

    void rows(const Source& source) {
        if (source.rows.empty()) return;
        const bool fold = source.rows.size() > rows_open_max;
        const std::int64_t more = source.rows_total - std::ssize(source.rows);
        if (fold)
            out_ += "<details><summary>" + std::to_string(source.rows_total) + " 条记录" +
                    (more > 0 ? "，列出前 " + std::to_string(source.rows.size()) + " 条" : "") + "</summary>\n";
        out_ += "<table>\n<tr><th>记录</th><th class=\"v\">数值</th><th>台账条目</th></tr>\n";
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
        if (more > 0)
            paragraph("其余",
                      "另有 " + std::to_string(more) + " 条记录，共 " + std::to_string(source.rows_total) + " 条");
        if (fold) out_ += "</details>\n";
        paragraph("合计", source.rows_checked);
    }

    const Document& document_;
    std::vector<std::string> used_;  // anchor of the first use, by source
    std::set<int> named_;            // sources whose first number has been written
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
