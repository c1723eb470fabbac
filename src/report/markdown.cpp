// A report as Markdown. The template's own text stays as written; values and the appendix are escaped.
#include "report/report.h"

namespace yipan::report {
namespace {

std::string anchor(int source) { return "w" + std::to_string(source + 1); }

void write_spans(const Block& block, std::string& out) {
    for (const Span& span : block.spans) {
        if (span.literal)
            out += span.text;
        else if (span.source < 0)
            out += markdown_escaped(span.text);
        else
            out +=
                "[" + markdown_escaped(span.text) + "](#" + anchor(span.source) + ")" + (span.reported ? "(上报)" : "");
    }
}

void write_blocks(const Document& document, std::string& out) {
    LineKind before = LineKind::blank;
    for (const Block& block : document.blocks) {
        if (block.kind == LineKind::blank) {
            before = LineKind::blank;
            continue;
        }
        const bool joined = block.kind == LineKind::sentence && before == LineKind::sentence;
        const bool next_in_list = block.kind == before && (block.kind == LineKind::item || block.kind == LineKind::row);
        if (!joined && !out.empty()) out += next_in_list ? "\n" : "\n\n";
        if (block.kind == LineKind::heading) out += std::string(static_cast<std::size_t>(block.level), '#') + " ";
        if (block.kind == LineKind::note) out += "> ";
        if (block.kind == LineKind::item) out += "- ";
        write_spans(block, out);
        before = block.kind;
    }
    out += "\n";
}

void write_source(const Source& source, int number, std::string& out) {
    const auto line = [&](std::string_view name, const std::string& value, bool code) {
        if (!value.empty())
            out += "- " + std::string(name) + ": " + (code ? "`" + value + "`" : markdown_escaped(value)) + "\n";
    };
    out += "\n### <a id=\"" + anchor(number) + "\"></a>" + std::to_string(number + 1) + ". " +
           markdown_escaped(source.title) + " (`" + source.code + "`)\n\n";
    line("数值", source.value, false);
    line("公式", source.formula, true);
    line("代入", source.formula_with_numbers, true);
    line("说明", source.note, false);
    for (const SourcePart& part : source.parts) {
        const std::string value = markdown_escaped(part.value);
        out += "- `" + part.name + "` = " + (part.source < 0 ? value : "[" + value + "](#" + anchor(part.source) + ")") + " " +
               markdown_escaped(part.label) + "\n";
    }
    for (const std::string& text : source.lines) out += "    " + text + "\n";
    if (source.rows.empty()) return;
    out += "\n| 记录 | 数值 | 台账条目 |\n|---|---:|---|\n";
    for (const SourceRow& row : source.rows) {
        out += "| " + markdown_escaped(row.record) + (row.papers.empty() ? "" : " " + markdown_escaped(row.papers)) +
               " | " + row.value + " | " + markdown_escaped(row.entry) + " |\n";
    }
    if (const std::int64_t more = source.rows_total - std::ssize(source.rows); more > 0) {
        out += "\n另有 " + std::to_string(more) + " 条记录，共 " + std::to_string(source.rows_total) + " 条。\n";
    }
    if (!source.rows_checked.empty()) out += "\n合计 " + source.rows_checked + "。\n";
}

}  // namespace

std::string markdown_escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\n' || c == '\r') {
            out += ' ';
            continue;
        }
        if (std::string_view("\\`*_[]<>|#").find(c) != std::string_view::npos) out += '\\';
        out += c;
    }
    return out;
}

std::string to_markdown(const Document& document) {
    std::string out;
    write_blocks(document, out);
    if (!document.left_out.empty()) {
        out += "\n## 因无数据未列出的句子\n\n";
        for (const LeftOut& left : document.left_out)
            out += "- " + markdown_escaped(left.sentence) + " — `" + left.placeholder +
                   "`: " + markdown_escaped(left.reason) + "\n";
    }
    if (!document.sources.empty()) {
        out += "\n## 数字来源\n";
        for (std::size_t i = 0; i < document.sources.size(); ++i)
            write_source(document.sources[i], static_cast<int>(i), out);
    }
    out += "\n---\n\n" + markdown_escaped(document.board_name) +
           (document.board_note.empty() ? "" : " · " + markdown_escaped(document.board_note)) + " · " + document.today +
           " · 台账序号 " + std::to_string(document.position) + " · 台账条数 " + std::to_string(document.journal_size) +
           " · 校验根 `" + document.journal_root + "`\n";
    return out;
}

}  // namespace yipan::report
