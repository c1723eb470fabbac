#include "exchange/head.h"

#include "base/hash.h"

namespace yipan::exchange {

std::string model_mark(const model::Model& model) {
    Sha256 hash;
    for (const model::SourceFile& file : model.files) hash.add(file.path).add("\n").add(file.text).add("\n");
    constexpr std::size_t shown = 16;
    return hex(hash.finish()).substr(0, shown);
}

std::string failing_heading(const std::string& import_id) { return "原行号 / row [import " + import_id + "]"; }

std::optional<std::string> import_of_heading(std::string_view heading) {
    constexpr std::string_view mark = "[import ";
    const std::size_t at = heading.find(mark);
    if (at == std::string_view::npos || !heading.ends_with("]")) return std::nullopt;
    const std::string_view id = heading.substr(at + mark.size(), heading.size() - at - mark.size() - 1);
    if (id.empty() || id.size() > 9 || id.find_first_not_of("0123456789") != std::string_view::npos)
        return std::nullopt;
    return std::string(id);
}

Result<std::optional<MachineSheet>> read_machine_sheet(XlsxReader& reader) {
    for (std::size_t i = 0; i < reader.sheets().size(); ++i) {
        if (reader.sheets()[i].name != machine_sheet) continue;
        YIPAN_TRY_VOID(reader.open_sheet(i));
        MachineSheet out;
        constexpr int rows_max = 20;
        for (int row = 0; row < rows_max; ++row) {
            YIPAN_TRY(const bool more, reader.next());
            if (!more) break;
            const auto cells = reader.cells();
            if (cells.size() < 2) continue;
            const std::string_view key = cells[0].text;
            if (key == "kind") out.kind = cells[1].text;
            if (key == "type") out.type = cells[1].text;
            if (key == "model") out.model = cells[1].text;
            if (key == "import") out.import = cells[1].text;
            if (key == "columns")
                for (std::size_t c = 1; c < cells.size(); ++c) out.columns.emplace_back(cells[c].text);
        }
        return std::optional(std::move(out));
    }
    return std::optional<MachineSheet>{};
}

std::optional<Head> find_head(const model::Type& type, const std::vector<HeadRow>& rows) {
    const auto known = [&](const std::string& text) {
        return !text.empty() &&
               (field_of_heading(type, text) >= 0 || field_of_heading(type, read_heading(text).name) >= 0);
    };
    std::optional<Head> best;
    std::size_t most = 0;
    std::vector<std::string> above;  // the last text of each column that names a field
    for (std::size_t i = 0; i < rows.size(); ++i) {
        std::vector<std::string> headings = rows[i].texts;
        bool own = false;
        for (const std::string& text : headings) own = own || known(text);
        if (above.size() < headings.size()) above.resize(headings.size());
        headings.resize(above.size());
        std::size_t count = 0;
        for (std::size_t c = 0; c < headings.size(); ++c) {
            if (headings[c].empty()) headings[c] = above[c];
            if (known(headings[c])) above[c] = headings[c], ++count;
        }
        while (!headings.empty() && headings.back().empty()) headings.pop_back();
        if (own && count > most) {
            most = count;
            best = Head{i, std::move(headings)};
        }
    }
    return best;
}

}  // namespace yipan::exchange
