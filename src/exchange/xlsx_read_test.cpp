#include "exchange/xlsx_read.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "exchange/test_archive.h"

namespace yipan::exchange {
namespace {

using test::archive;
using test::with;
using test::workbook;

std::string shown(const Cell& cell) {
    constexpr const char* kinds[] = {"text", "number", "percent", "date", "boolean", "error", "formula"};
    return std::string(kinds[static_cast<int>(cell.kind)]) + ":" + std::string(cell.text) + (cell.lost ? "!" : "");
}

// "line| cell | cell", one line a row; or the error.
std::string all(const std::string& bytes, XlsxOptions options = {}, std::string_view sheet = {}) {
    auto reader = XlsxReader::open_bytes(bytes, "t.xlsx", options);
    if (!reader) return reader.error().text();
    if (const Status opened = (*reader)->open_sheet(sheet); !opened) return opened.error().text();
    std::string out;
    while (true) {
        const Result<bool> more = (*reader)->next();
        if (!more) return out + more.error().text();
        if (!*more) return out;
        out += std::to_string((*reader)->line());
        for (const Cell& cell : (*reader)->cells()) out += "|" + (cell.text.empty() ? "" : shown(cell));
        out += "\n";
    }
}
bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(XlsxRead, ReadsSharedInlineAndRichTextsAndLeavesPhoneticsOut) {
    const std::string strings =
        "<si><t>编号</t></si><si><r><rPr><b/></rPr><t>名</t></r><r><t xml:space=\"preserve\">称 </t></r>"
        "<rPh sb=\"0\" eb=\"1\"><t>ming</t></rPh></si><si><t>a_x000D_b_x0041__xZZZZ_</t></si>";
    EXPECT_EQ(all(archive(workbook("<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\" t=\"s\"><v>1</v></c>"
                                   "<c r=\"D1\" t=\"inlineStr\"><is><r><t>x</t></r><r><t>y</t></r></is></c>"
                                   "<c r=\"E1\" t=\"s\"><v>2</v></c></row>",
                                   strings))),
              "1|text:编号|text:名称 ||text:xy|text:a\rbA_xZZZZ_\n");
}

TEST(XlsxRead, RowsAndCellsWithoutPlacesFollowOneAnother) {
    EXPECT_EQ(
        all(archive(workbook("<row><c><v>1</v></c><c/><c><v>2</v></c></row><row/><row r=\"7\"><c r=\"C7\"><v>3</v></c>"
                             "<c><v>4</v></c></row><row><c><v>5</v></c></row>"))),
        "1|number:1||number:2\n7|||number:3|number:4\n8|number:5\n");
}

TEST(XlsxRead, DatesFollowTheFormatOfTheCellInBothSystems) {
    const std::string formats =
        "<xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"31\"/><xf numFmtId=\"176\"/><xf numFmtId=\"22\"/><xf "
        "numFmtId=\"20\"/><xf numFmtId=\"177\"/>";
    const std::string own =
        "<numFmt numFmtId=\"176\" formatCode=\"[$-804]yyyy&quot;年&quot;m&quot;月&quot;;@\"/><numFmt numFmtId=\"177\" "
        "formatCode=\"[Red]#,##0.00&quot;days&quot;\"/>";
    const std::string rows =
        "<row><c s=\"1\"><v>46203</v></c><c s=\"2\"><v>46203</v></c><c s=\"3\"><v>46203</v></c><c "
        "s=\"4\"><v>46203.354166666664</v></c><c s=\"5\"><v>0.35416666666666669</v></c><c s=\"6\"><v>46203</v></c><c "
        "t=\"d\"><v>2026-06-30T00:00:00</v></c></row>";
    EXPECT_EQ(
        all(archive(workbook(rows, "", formats, own))),
        "1|date:2026-06-30|date:2026-06-30|date:2026-06-30|date:2026-06-30 08:30:00|date:08:30:00|number:46203|date:"
        "2026-06-30\n");
    const auto old =
        with(workbook(rows, "", formats, own), "xl/workbook.xml",
             "<workbook><workbookPr date1904=\"1\"/><sheets><sheet name=\"a\" r:id=\"rId1\"/></sheets></workbook>");
    EXPECT_TRUE(holds(all(archive(old)), "1|date:2030-07-01|")) << all(archive(old));
}

TEST(XlsxRead, TellsDatesFromNumbersByTheCodeOfTheFormat) {
    EXPECT_EQ(format_of_code("yyyy-mm-dd"), NumberFormat::date);
    EXPECT_EQ(format_of_code("yyyy\"年\"m\"月\"d\"日\""), NumberFormat::date);
    EXPECT_EQ(format_of_code("[DBNum1][$-804]yyyy\"年\"m\"月\";@"), NumberFormat::date);
    EXPECT_EQ(format_of_code("m/d"), NumberFormat::date);
    EXPECT_EQ(format_of_code("mm:ss"), NumberFormat::time);
    EXPECT_EQ(format_of_code("[h]:mm"), NumberFormat::time);
    EXPECT_EQ(format_of_code("yyyy-mm-dd hh:mm"), NumberFormat::date_time);
    EXPECT_EQ(format_of_code("General"), NumberFormat::number);
    EXPECT_EQ(format_of_code("0.00E+00"), NumberFormat::number);
    EXPECT_EQ(format_of_code("#,##0\" m\""), NumberFormat::number);
    EXPECT_EQ(format_of_code("\"day\"0;[Red]yyyy"), NumberFormat::number);
    EXPECT_EQ(format_of_code("0.0%"), NumberFormat::percent);
    EXPECT_EQ(format_of_code("_ * #,##0.00_ ;_ * \\-#,##0.00_ "), NumberFormat::number);
}

TEST(XlsxRead, NumbersLoseTheirFloatNoiseAndKeepTheirDigits) {
    const auto text = [](std::string_view raw) {
        bool lost = false;
        const std::string out = number_text(raw, lost);
        return out + (lost ? "!" : "");
    };
    EXPECT_EQ(text("0.30000000000000004"), "0.3");
    EXPECT_EQ(text("12.5"), "12.5");
    EXPECT_EQ(text("-1234567.8899999999"), "-1234567.89");
    EXPECT_EQ(text("1E-3"), "0.001");
    EXPECT_EQ(text("1.5E6"), "1500000");
    EXPECT_EQ(text("1.2345678901234568E+19"), "12345678901234600000!");
    EXPECT_EQ(text("3.4052419990102E+17"), "340524199901020000!");
    EXPECT_EQ(text("123456789012345"), "123456789012345");
    EXPECT_EQ(text("1234567890123456"), "1234567890123456!");
    EXPECT_EQ(text("-0"), "-0");
    EXPECT_EQ(text("0.1499999999999999"), "0.15");
    EXPECT_EQ(shifted("0.15", 2), "15");
    EXPECT_EQ(shifted("-1.25", 4), "-12500");
    EXPECT_EQ(shifted("12.5", -2), "0.125");
}

TEST(XlsxRead, FormulasGiveTheirCachedValuesAndErrorsTheirNames) {
    EXPECT_EQ(all(archive(workbook("<row><c><f>1+2</f><v>3</v></c><c t=\"str\"><f>A1</f><v>甲</v></c><c "
                                   "t=\"e\"><f>NA()</f><v>#N/A</v></c><c><f>B1</f></c><c t=\"b\"><v>1</v></c></row>"))),
              "1|number:3|text:甲|error:#N/A||boolean:TRUE\n");
    auto reader = XlsxReader::open_bytes(archive(workbook("<row><c><f>B1</f></c></row>")), "t.xlsx");
    ASSERT_TRUE(reader);
}

TEST(XlsxRead, ReadsStrictFilesOtherPrefixesAndAbsoluteTargets) {
    auto parts = workbook("");
    const std::string strict = "http://purl.oclc.org/ooxml/officeDocument/relationships";
    parts = with(parts, "_rels/.rels",
                 "<Relationships><Relationship Id=\"a\" Type=\"" + strict +
                     "/officeDocument\" Target=\"/xl/workbook.xml\"/></Relationships>");
    parts = with(parts, "xl/_rels/workbook.xml.rels",
                 "<Relationships><Relationship Id=\"rId1\" Type=\"" + strict +
                     "/worksheet\" Target=\"/xl/worksheets/sheet1.xml\"/></Relationships>");
    parts = with(parts, "xl/worksheets/sheet1.xml",
                 "<x:worksheet xmlns:x=\"http://purl.oclc.org/ooxml/spreadsheetml/main\"><x:sheetData><x:row><x:c "
                 "t=\"inlineStr\"><x:is><x:t>甲</x:t></x:is></x:c></x:row></x:sheetData></x:worksheet>");
    EXPECT_EQ(all(archive(parts)), "1|text:甲\n");
}

TEST(XlsxRead, TheFirstVisibleSheetIsReadAndAnUnknownOneNamesThoseThereAre) {
    auto parts = workbook("<row><c><v>1</v></c></row>");
    parts = with(parts, "xl/workbook.xml",
                 "<workbook><sheets><sheet name=\"暗\" state=\"hidden\" r:id=\"rId9\"/><sheet name=\"明\" "
                 "r:id=\"rId1\"/></sheets></workbook>");
    parts = with(
        parts, "xl/_rels/workbook.xml.rels",
        "<Relationships><Relationship Id=\"rId9\" Type=\"x/worksheet\" Target=\"worksheets/none.xml\"/><Relationship "
        "Id=\"rId1\" Type=\"x/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>");
    EXPECT_EQ(all(archive(parts)), "1|number:1\n");
    const std::string wrong = all(archive(parts), {}, "项目");
    EXPECT_TRUE(holds(wrong, "there is no sheet \"项目\"") && holds(wrong, "one of: 明")) << wrong;
    EXPECT_TRUE(holds(all(archive(parts), {}, "暗"), "missing from the archive"));
}

TEST(XlsxRead, SharedStringsBeyondTheBoundAreReadFromDisk) {
    std::string strings, rows = "<row>";
    for (int i = 0; i < 500; ++i) {
        strings +=
            "<si><t>" + std::string(static_cast<std::size_t>(i * 7 % 400), 'a') + std::to_string(i) + "</t></si>";
        rows += "<c t=\"s\"><v>" + std::to_string((i * 37) % 500) + "</v></c>";
    }
    rows += "</row>";
    const std::string bytes = archive(workbook(rows, strings));
    EXPECT_EQ(all(bytes, {.shared_bytes_in_memory = 100}), all(bytes));
    SharedStrings spilled(100);
    for (int i = 0; i < 300'000; ++i) ASSERT_TRUE(spilled.add("string number " + std::to_string(i)));
    ASSERT_TRUE(spilled.finish());
    EXPECT_TRUE(spilled.spilled());
    for (const std::uint32_t i : {299'999u, 0u, 1u, 2u, 150'000u, 63u, 64u, 65u})
        EXPECT_EQ(*spilled.at(i), "string number " + std::to_string(i));
    EXPECT_FALSE(spilled.at(300'000));
}

TEST(XlsxRead, ManyRowsComeThroughInPieces) {
    std::string rows;
    for (int i = 1; i <= 5'000; ++i)
        rows += "<row r=\"" + std::to_string(i * 2) + "\"><c><v>" + std::to_string(i) +
                "</v></c><c t=\"inlineStr\"><is><t>行" + std::to_string(i) + "</t></is></c></row>";
    const std::string bytes = archive(workbook(rows));
    auto reader = XlsxReader::open_bytes(bytes, "t.xlsx");
    ASSERT_TRUE(reader && (*reader)->open_sheet(""));
    for (int i = 1; i <= 5'000; ++i) {
        const auto more = (*reader)->next();
        ASSERT_TRUE(more && *more);
        ASSERT_EQ((*reader)->line(), static_cast<std::uint64_t>(i) * 2);
        ASSERT_EQ((*reader)->cells().size(), 2u);
        ASSERT_EQ((*reader)->cells()[1].text, "行" + std::to_string(i));
    }
    EXPECT_FALSE(*(*reader)->next());
}

// -- what is refused, each with its name

TEST(XlsxRead, NamesWhatIsNoWorkbook) {
    EXPECT_TRUE(holds(all(""), "empty"));
    EXPECT_TRUE(holds(all("id,name\n1,a\n"), "not an .xlsx workbook"));
    EXPECT_TRUE(holds(all("<html><table>"), "web page"));
    const std::string compound = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1" + std::string(600, '\0');
    EXPECT_TRUE(holds(all(compound), "old .xls"));
    std::string name;
    for (const char c : std::string("EncryptedPackage")) name += c, name += '\0';
    EXPECT_TRUE(holds(all(compound + name), "encrypted with a password"));
    EXPECT_TRUE(holds(all(archive({{"a.txt", "x"}})), "no .xlsx workbook"));
    EXPECT_TRUE(holds(all(archive({{"mimetype", "application/vnd.oasis.opendocument.spreadsheet"}})), "OpenDocument"));
    EXPECT_TRUE(holds(all(archive({{"xl/workbook.bin", "x"}})), ".xlsb"));
}

TEST(XlsxRead, RefusesMacrosEntitiesAndDeepDocuments) {
    EXPECT_TRUE(holds(all(archive(with(workbook(""), "xl/vbaProject.bin", "x"))), "holds macros"));
    const std::string entities = all(archive(with(
        workbook(""), "xl/worksheets/sheet1.xml",
        "<!DOCTYPE a [<!ENTITY x \"y\">]><worksheet><sheetData><row><c><v>&x;</v></c></row></sheetData></worksheet>")));
    EXPECT_TRUE(holds(entities, "document type")) << entities;
    std::string deep;
    for (int i = 0; i < 100; ++i) deep += "<a>";
    EXPECT_TRUE(holds(all(archive(with(workbook(""), "xl/worksheets/sheet1.xml", deep))), "deeper than"));
    std::string long_tag = "<worksheet><sheetData><row><c r=\"A1";
    long_tag += std::string(std::size_t{6} << 20, 'x');
    const std::string answer = all(archive(with(workbook(""), "xl/worksheets/sheet1.xml", long_tag)));
    EXPECT_TRUE(holds(answer, "4 MiB")) << answer;
}

TEST(XlsxRead, RefusesTooManyPartsAndDamage) {
    test::Parts many = workbook("");
    for (std::size_t i = 0; i < zip_entries_max; ++i) many.emplace_back("p" + std::to_string(i), "");
    EXPECT_TRUE(holds(all(archive(many)), "parts"));
    const std::string good = archive(workbook("<row><c><v>1</v></c></row>"));
    EXPECT_TRUE(holds(all(good.substr(0, good.size() / 2)), "damaged"));
    std::string flipped = good;
    flipped[flipped.find("<v>1</v>") + 3] = '2';
    EXPECT_TRUE(holds(all(flipped), "damaged")) << "the checksum of the part is compared";
    const std::string cut =
        all(archive(with(workbook(""), "xl/worksheets/sheet1.xml", "<worksheet><sheetData><row><c>")));
    EXPECT_TRUE(holds(cut, "not well-formed")) << cut;
    const std::string order =
        all(archive(workbook("<row r=\"5\"><c><v>1</v></c></row><row r=\"4\"><c><v>1</v></c></row>")));
    EXPECT_TRUE(holds(order, "row \"4\"")) << order;
}

TEST(XlsxRead, RefusesBombsByWhatReallyComesOut) {
    // 64 MiB of one byte, deflated to some 64 KiB.
    const std::string zeros = "<worksheet><sheetData>" + std::string(std::size_t{64} << 20, ' ');
    uLongf size = ::compressBound(zeros.size());
    std::string packed(size, '\0');
    z_stream stream{};
    ASSERT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(zeros.data()));
    stream.avail_in = static_cast<uInt>(zeros.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(size);
    ASSERT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    const auto crc = static_cast<std::uint32_t>(
        ::crc32(0, reinterpret_cast<const Bytef*>(zeros.data()), static_cast<uInt>(zeros.size())));
    const std::string bomb = test::archive_packed(workbook(""), "xl/worksheets/sheet1.xml", packed,
                                                  static_cast<std::uint32_t>(zeros.size()), crc);
    const std::string answer = all(bomb);
    EXPECT_TRUE(holds(answer, "times its size")) << answer;
}

}  // namespace
}  // namespace yipan::exchange
