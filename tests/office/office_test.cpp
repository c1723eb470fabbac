// Workbooks that LibreOffice really wrote: tables of an office with merged heads, dates, percentages and formulas; our
// template and our failing rows, opened and saved again by it. LibreOffice is started once for all of them.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "exchange/import.h"
#include "exchange/names.h"
#include "exchange/sheet_write.h"
#include "exchange/xlsx_read.h"
#include "exchange/zip_read.h"

namespace yipan::exchange {
namespace {
namespace fs = std::filesystem;

constexpr const char* model_text = R"m(types:
  firm:
    label: [企业, 企業, Firm]
    responsible: none
    key: code
    title: name
    fields:
      code: {type: text, required: true, unique: true, max_chars: 30, label: [信用代码, 信用代碼, Code]}
      name: {type: text, required: true, max_chars: 40, label: [名称, 名稱, Name]}
      kind: {type: choice, of: {big: [规上, 規上, Large], small: [规下, 規下, Small]}, label: [类别, 類別, Kind]}
      capital: {type: money, label: [注册资本, 註冊資本, Capital]}
      founded: {type: date, label: [设立日期, 設立日期, Founded]}
      share: {type: decimal, scale: 2, unit: "%", label: [占比, 佔比, Share]}
      staff: {type: integer, min: 0, label: [人数, 人數, Staff]}
      open: {type: boolean, label: [在营, 在營, Open]}
      upper: {type: reference, to: firm, label: [上级, 上級, Upper]}
)m";

constexpr const char* fods_head = R"x(<?xml version="1.0" encoding="UTF-8"?>
<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:number="urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0" office:version="1.2"
 xmlns:of="urn:oasis:names:tc:opendocument:xmlns:of:1.2"
 office:mimetype="application/vnd.oasis.opendocument.spreadsheet">
<office:automatic-styles>
<number:date-style style:name="N1"><number:year number:style="long"/><number:text>年</number:text><number:month/><number:text>月</number:text><number:day/><number:text>日</number:text></number:date-style>
<number:percentage-style style:name="N2"><number:number number:decimal-places="2" number:min-integer-digits="1"/><number:text>%</number:text></number:percentage-style>
<number:boolean-style style:name="N3"><number:boolean/></number:boolean-style>
<style:style style:name="boolean" style:family="table-cell" style:data-style-name="N3"/>
<style:style style:name="date" style:family="table-cell" style:data-style-name="N1"/>
<style:style style:name="percent" style:family="table-cell" style:data-style-name="N2"/>
</office:automatic-styles><office:body><office:spreadsheet>)x";
constexpr const char* fods_end = "</office:spreadsheet></office:body></office:document>";

std::string cell(const std::string& text, const std::string& more = {}) {
    return "<table:table-cell office:value-type=\"string\"" + more + "><text:p>" + text +
           "</text:p></table:table-cell>";
}
std::string value(const std::string& kind, const std::string& attribute, const std::string& more = {}) {
    return "<table:table-cell office:value-type=\"" + kind + "\" office:" + attribute + " " + more + "/>";
}
const std::string none = "<table:table-cell/>", covered = "<table:covered-table-cell/>";
std::string row(const std::string& cells) { return "<table:table-row>" + cells + "</table:table-row>"; }

// A title over all, a head of two rows with merged cells, an empty stretch, formulas with and without an answer.
std::string office_table() {
    const std::string two_rows = " table:number-rows-spanned=\"2\"";
    return std::string(fods_head) + "<table:table table:name=\"2026年\">" +
           row(cell("皖江新区企业名册（虚构）", " table:number-columns-spanned=\"8\"") + covered) +
           row(cell("信用代码", two_rows) + cell("名称*", two_rows) + cell("类别", two_rows) +
               cell("经营情况", " table:number-columns-spanned=\"4\"") + covered + covered + covered +
               cell("在营", two_rows)) +
           row(covered + covered + covered + cell("注册资本（万元）") + cell("设立日期") + cell("占比") + cell("人数") +
               covered) +
           row(cell("340524199901020011") + cell("甲  公司<text:line-break/>总部") + cell("规上") +
               value("float", "value=\"1234.5678\"") +
               value("date", "date-value=\"2026-06-30\"", "table:style-name=\"date\"") +
               value("percentage", "value=\"0.155\"", "table:style-name=\"percent\"") + value("float", "value=\"12\"") +
               value("boolean", "boolean-value=\"true\"")) +
           "<table:table-row table:number-rows-repeated=\"3\"><table:table-cell/></table:table-row>" +
           row(cell("=HYPERLINK") + cell("乙") + none + value("float", "value=\"3\"", "table:formula=\"of:=1+2\"") +
               none + none + value("float", "value=\"0\"", "table:formula=\"of:=1/0\"") +
               value("boolean", "boolean-value=\"false\"", "table:style-name=\"boolean\"")) +
           row(cell("G") + cell("庚") + none + value("float", "value=\"3\"", "table:formula=\"of:=1+2\"") + none +
               none + none + value("boolean", "boolean-value=\"false\"", "table:style-name=\"boolean\"")) +
           row(value("float", "value=\"340524199901020022\"") + cell("丙") + cell("规中")) + "</table:table>" +
           "<table:table table:name=\"说明\">" + row(cell("无关")) + "</table:table>" + fods_end;
}
// The other date system, and the names of headings in another language and order.
std::string table_since_1904() {
    return std::string(fods_head) +
           "<table:calculation-settings><table:null-date table:date-value=\"1904-01-01\"/></table:calculation-settings>"
           "<table:table table:name=\"a\">" +
           row(cell("Founded") + cell("Name") + cell("Code")) +
           row(value("date", "date-value=\"2026-02-28\"", "table:style-name=\"date\"") + cell("丁") + cell("D")) +
           "</table:table>" + fods_end;
}

class Office : public ::testing::Test {
  protected:
    static void SetUpTestSuite() {
        folder_ = fs::temp_directory_path() / ("yipan_office_" + std::to_string(::getpid()));
        fs::create_directories(folder_);
        path_ = (folder_ / "test.board").string();
        board::Board::Birth birth;
        birth.name = "test";
        birth.salt_seed = "test";
        birth.model = {{"test/types/test.yaml", model_text}};
        auto made = board::Board::create(path_, std::move(birth));
        ASSERT_TRUE(made) << text_of(made.error());
        board_ = std::move(*made);
        write("office.fods", office_table());
        write("old.fods", table_since_1904());
        const auto snapshot = board_->snapshot();
        ASSERT_TRUE(template_xlsx(*snapshot, 0, (folder_ / "template.xlsx").string(), model::Language::hans));
        write("rows.csv", "code,name,share,founded\nF1,戊,x,2026-06-30\nF2,己,1.5,2026-06-30\nF3,,2,2026-13-01\n");
        auto import = StagedImport::stage(*board_, path_, 0, (folder_ / "rows.csv").string());
        ASSERT_TRUE(import);
        ASSERT_EQ((*import)->failing((folder_ / "failing.xlsx").string()).value_or(-1), 2);
        if (std::system("command -v soffice > /dev/null 2>&1") != 0) return;
        const std::string command =
            "cd '" + folder_.string() + "' && timeout 240 soffice --headless -env:UserInstallation=file://" +
            (folder_ / "profile").string() +
            " --convert-to xlsx --outdir out office.fods old.fods template.xlsx failing.xlsx > log 2>&1";
        converted_ = std::system(command.c_str()) == 0;
        EXPECT_TRUE(converted_) << "soffice is there but does not convert: see " << folder_ / "log";
    }
    static void TearDownTestSuite() {
        board_.reset();
        fs::remove_all(folder_);
    }
    void SetUp() override {
        if (!converted_) GTEST_SKIP() << "soffice (libreoffice-calc-nogui) is not installed";
    }
    static void write(const char* name, const std::string& text) {
        std::ofstream(folder_ / name, std::ios::binary) << text;
    }
    static std::string out(const char* name) { return (folder_ / "out" / name).string(); }
    static std::string field(const char* key, const char* code) {
        const auto snapshot = board_->snapshot();
        Names names(*snapshot);
        const auto id = names.find(0, key);
        if (!id) return "none";
        const model::Type& type = snapshot->model().types[0];
        const int f = type.find(code);
        return record::plain_text(snapshot->model(), type.fields[static_cast<std::size_t>(f)],
                                  snapshot->record(0, *id)->at(f), names.key_function());
    }
    static inline fs::path folder_;
    static inline std::string path_;
    static inline std::unique_ptr<board::Board> board_;
    static inline bool converted_ = false;
};
bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST_F(Office, ATableOfAnOfficeIsReadAsItIsMeant) {
    auto import = StagedImport::stage(*board_, path_, 0, out("office.xlsx"));
    ASSERT_TRUE(import) << text_of(import.error());
    const std::string errors = text_of((*import)->report().errors);
    EXPECT_EQ((*import)->report().sheet, "2026年");
    EXPECT_EQ((*import)->report().rows, 4) << errors;
    EXPECT_EQ((*import)->report().failed, 2) << errors;
    EXPECT_TRUE(holds(errors, "office.xlsx:8:人数: the cell holds the spreadsheet's error #DIV/0!")) << errors;
    EXPECT_TRUE(holds(errors, "office.xlsx:10:信用代码")) << errors;
    EXPECT_TRUE(holds(errors, "more digits than a spreadsheet keeps")) << errors;
    EXPECT_TRUE(holds(errors, "office.xlsx:10:类别")) << errors;
    StagedImport::ApplyOptions partial;
    partial.leave_out_failing = true;
    ASSERT_TRUE((*import)->apply(partial));
    EXPECT_EQ(field("340524199901020011", "capital"), "12345678.00");
    EXPECT_EQ(field("340524199901020011", "founded"), "2026-06-30");
    EXPECT_EQ(field("340524199901020011", "share"), "15.50");
    EXPECT_EQ(field("340524199901020011", "staff"), "12");
    EXPECT_EQ(field("340524199901020011", "open"), "yes");
    EXPECT_EQ(field("340524199901020011", "kind"), "big");
    EXPECT_EQ(field("G", "capital"), "30000.00");
    EXPECT_EQ(field("G", "open"), "no");
}

TEST_F(Office, DatesOfTheOtherSystemAreTheSameDays) {
    auto import = StagedImport::stage(*board_, path_, 0, out("old.xlsx"));
    ASSERT_TRUE(import) << text_of(import.error());
    ASSERT_EQ((*import)->report().failed, 0) << text_of((*import)->report().errors);
    ASSERT_TRUE((*import)->apply({}));
    EXPECT_EQ(field("D", "founded"), "2026-02-28");
    auto zip = ZipFile::open_file(out("old.xlsx"), "old.xlsx");
    ASSERT_TRUE(zip);
    const auto workbook = (*zip)->text(*(*zip)->find("xl/workbook.xml"), 1 << 20);
    ASSERT_TRUE(workbook);
    EXPECT_TRUE(holds(*workbook, "date1904=\"true\"") || holds(*workbook, "date1904=\"1\"")) << *workbook;
}

TEST_F(Office, TheTemplateKeepsItsDropDownsAndIsKnownAgain) {
    auto import = StagedImport::stage(*board_, path_, 0, out("template.xlsx"));
    ASSERT_TRUE(import) << text_of(import.error());
    EXPECT_EQ((*import)->report().rows, 0);
    auto reader = XlsxReader::open_file(out("template.xlsx"), "template.xlsx");
    ASSERT_TRUE(reader && (*reader)->open_sheet("") && (*reader)->next().value_or(false));
    EXPECT_EQ((*reader)->cells()[3].text, "注册资本（元）");
    auto zip = ZipFile::open_file(out("template.xlsx"), "template.xlsx");
    ASSERT_TRUE(zip);
    const auto sheet = (*zip)->text(*(*zip)->find("xl/worksheets/sheet1.xml"), 16 << 20);
    ASSERT_TRUE(sheet);
    EXPECT_TRUE(holds(*sheet, "<dataValidation ") && holds(*sheet, "_lists!$A$1:$A$2")) << sheet->substr(0, 4000);
}

TEST_F(Office, FailingRowsThatWereSavedByItRunAsTheCorrection) {
    auto import = StagedImport::stage(*board_, path_, -1, out("failing.xlsx"));
    ASSERT_TRUE(import) << text_of(import.error());
    const std::string errors = text_of((*import)->report().errors);
    EXPECT_EQ((*import)->report().id, "1");
    EXPECT_EQ((*import)->report().rows, 3);
    EXPECT_EQ((*import)->report().failed, 2) << "nobody corrected anything: " << errors;
    EXPECT_TRUE(holds(errors, "rows.csv:2:share") && holds(errors, "rows.csv:4:founded")) << errors;
}

}  // namespace
}  // namespace yipan::exchange
