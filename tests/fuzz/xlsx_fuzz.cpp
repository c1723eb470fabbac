// XLSX: whatever the bytes, the reader answers with rows in order or with an error that has a place and a reason, never
// more than its limits, and reads the same again from a file of shared strings that are spilled to disk. The first byte
// says whether the bytes are a whole archive or the rows of a sheet, which is put into a small archive of its own: a
// fuzzer would not find its way through checksums and inflating alone.
#include <cstdint>
#include <cstring>

#include "base/check.h"
#include "exchange/test_archive.h"
#include "exchange/xlsx_read.h"

namespace {
using namespace yipan;
using namespace yipan::exchange;

struct Reading {
    std::vector<std::pair<std::uint64_t, std::vector<std::pair<CellKind, std::string>>>> rows;
    std::string error;
    bool operator==(const Reading&) const = default;
};
constexpr std::size_t rows_kept_max = 20'000;

Reading read(std::string_view bytes, std::size_t in_memory) {
    Reading out;
    XlsxOptions options;
    options.shared_bytes_in_memory = in_memory;
    auto reader = XlsxReader::open_bytes(bytes, "f.xlsx", options);
    if (!reader) {
        YIPAN_CHECK(!reader.error().message.empty() && !reader.error().where.empty());
        out.error = reader.error().text();
        return out;
    }
    for (std::size_t sheet = 0; sheet < (*reader)->sheets().size() && sheet < 8; ++sheet) {
        if (const Status opened = (*reader)->open_sheet(sheet); !opened) {
            out.error += opened.error().text();
            continue;
        }
        std::uint64_t last = 0;
        while (out.rows.size() < rows_kept_max) {
            const Result<bool> more = (*reader)->next();
            if (!more) {
                YIPAN_CHECK((*reader)->broken());
                out.error += more.error().text();
                break;
            }
            if (!*more) break;
            YIPAN_CHECK((*reader)->line() > last && (*reader)->line() <= xlsx_rows_max);
            last = (*reader)->line();
            YIPAN_CHECK(!(*reader)->cells().empty() && (*reader)->cells().size() <= xlsx_columns_read_max);
            auto& row = out.rows.emplace_back(last, std::vector<std::pair<CellKind, std::string>>{});
            for (const Cell& cell : (*reader)->cells()) row.second.emplace_back(cell.kind, std::string(cell.text));
        }
    }
    return out;
}

std::string wrapped(int what, const std::string& body) {
    const std::string sheet = what == 1 ? body
                                        : "<worksheet><sheetData><row><c t=\"s\"><v>0</v></c><c "
                                          "s=\"1\"><v>45000.5</v></c></row></sheetData></worksheet>";
    const std::string strings =
        what == 2 ? body : "<sst><si><t>甲</t></si><si><r><t>a</t></r><r><t>b</t></r></si></sst>";
    const std::string styles =
        what == 3 ? body : "<styleSheet><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/></cellXfs></styleSheet>";
    const std::string workbook =
        what == 4 ? body : "<workbook><sheets><sheet name=\"a\" r:id=\"r1\"/></sheets></workbook>";
    return test::archive(
        {{"xl/workbook.xml", workbook},
         {"xl/_rels/workbook.xml.rels",
          "<Relationships><Relationship Id=\"r1\" Type=\"x/worksheet\" Target=\"s.xml\"/><Relationship Id=\"r2\" "
          "Type=\"x/sharedStrings\" Target=\"t.xml\"/><Relationship Id=\"r3\" Type=\"x/styles\" "
          "Target=\"y.xml\"/></Relationships>"},
         {"xl/s.xml", sheet},
         {"xl/t.xml", strings},
         {"xl/y.xml", styles}});
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    // A whole archive begins as itself; anything else names the part it is.
    const std::string built =
        bytes.front() == 'P' ? std::string(bytes) : wrapped(bytes.front() % 4 + 1, std::string(bytes.substr(1)));
    const Reading once = read(built, std::size_t{1} << 20);
    const Reading spilled = read(built, 64);
    YIPAN_CHECK(once == spilled);
    bool lost = false;
    const std::string number_again = number_text(bytes.substr(0, 40), lost);
    (void)format_of_code(bytes.substr(0, 200));
    (void)number_again;
    return 0;
}
