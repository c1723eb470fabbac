#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "exchange/csv_export.h"
#include "exchange/csv_import.h"
#include "exchange/names.h"

namespace yipan::exchange {
namespace {

constexpr const char* model_text = R"(types:
  town:
    label: [镇, 鎮, Town]
    key: code
    title: name
    responsible: none
    fields:
      code: {type: text, required: true, unique: true, max_chars: 20, label: [编号, 編號, Code]}
      name: {type: text, required: true, max_chars: 40, label: [名称, 名稱, Name]}
      upper: {type: reference, to: town, label: [上级, 上級, Upper]}
      area: {type: decimal, scale: 2, min: 0, label: [面积, 面積, Area]}
  month:
    label: [月, 月, Month]
    natural_key: [town, period]
    responsible: none
    fields:
      town: {type: reference, to: town, required: true, label: [镇, 鎮, Town]}
      period: {type: period, grains: [month], required: true, label: [月份, 月份, Period]}
      amount: {type: money, min: 0, required: true, label: [金额, 金額, Amount]}
  remark:
    label: [备注, 備註, Remark]
    responsible: none
    fields:
      text: {type: text, required: true, max_chars: 100, label: [内容, 內容, Text]}
figures:
  amount_done:
    label: [金额, 金額, Amount]
    of: month
    sum: amount
    unit: town
    period: period
)";

class Import : public ::testing::Test {
  protected:
    void SetUp() override {
        folder_ = std::filesystem::temp_directory_path() / ("yipan_exchange_" + std::to_string(::getpid()));
        std::filesystem::create_directories(folder_);
        board::Board::Birth birth;
        birth.name = "test";
        birth.salt_seed = "test";
        birth.model = {{"test/types/test.yaml", model_text}};
        auto made = board::Board::create((folder_ / "test.board").string(), std::move(birth));
        ASSERT_TRUE(made) << text_of(made.error());
        board_ = std::move(*made);
    }
    void TearDown() override {
        board_.reset();
        std::filesystem::remove_all(folder_);
    }
    int type(const char* code) const { return board_->model()->find_type(code); }
    std::string file(const std::string& text, const char* name = "rows.csv") {
        std::ofstream(folder_ / name, std::ios::binary) << text;
        return (folder_ / name).string();
    }
    ImportResult take(const char* code, const std::string& text, bool dry_run = false) {
        ImportOptions options;
        options.dry_run = dry_run;
        return import_csv(*board_, type(code), file(text), options);
    }
    std::int64_t count(const char* code) { return board_->snapshot()->count(type(code), "").value_or(-1); }
    std::filesystem::path folder_;
    std::unique_ptr<board::Board> board_;
};

TEST_F(Import, CreatesThenLeavesUnchangedThenAmends) {
    const ImportResult first = take("town", "code,name,area\nA,甲,1.50\nB,乙,2\n");
    ASSERT_TRUE(first.ok()) << text_of(first.errors);
    EXPECT_EQ(first.created, 2);
    const Position before = board_->snapshot()->position();
    const ImportResult again = take("town", "code,name,area\nA,甲,1.5\nB,乙,2.00\n");
    EXPECT_EQ(again.unchanged, 2);
    EXPECT_EQ(board_->snapshot()->position(), before) << "a repeated upload does nothing twice";
    const ImportResult changed = take("town", "code,name\nA,甲改\nB,乙\n");
    EXPECT_EQ(changed.amended, 1);
    EXPECT_EQ(changed.unchanged, 1);
}

TEST_F(Import, NamesEveryFailingCellAndWritesNothing) {
    const ImportResult result = take("town", "code,name,area\nA,甲,x\nB,,1\nC,丙,-1\nD,丁,1\nD,丁,1\n");
    EXPECT_EQ(count("town"), 0);
    ASSERT_EQ(result.errors.size(), 4u) << text_of(result.errors);
    EXPECT_EQ(result.errors[0].where, "rows.csv:2:area");
    EXPECT_NE(result.errors[0].message.find("x"), std::string::npos);
    EXPECT_EQ(result.errors[1].where, "rows.csv:3:name");
    EXPECT_EQ(result.errors[2].where, "rows.csv:4:area");
    EXPECT_EQ(result.errors[3].code, Code::duplicate);
    EXPECT_EQ(result.failed, 4);
}

TEST_F(Import, UnknownHeadingsAreNamedWithTheNearest) {
    const ImportResult result = take("town", "code,nmae\nA,甲\n");
    ASSERT_EQ(result.errors.size(), 1u);
    EXPECT_EQ(result.errors[0].where, "rows.csv:1:2");
    EXPECT_NE(result.errors[0].hint.find("name"), std::string::npos);
}

TEST_F(Import, TakesLabelsAsHeadingsAndGb18030) {
    // 编号,名称 / A,甲 in GB 18030.
    const ImportResult result = take("town", "\xB1\xE0\xBA\xC5,\xC3\xFB\xB3\xC6\nA,\xBC\xD7\n");
    ASSERT_TRUE(result.ok()) << text_of(result.errors);
    const auto snapshot = board_->snapshot();
    Names names(*snapshot);
    EXPECT_EQ(names.title_of(type("town"), names.find(type("town"), "A").value_or(RecordId{})), "甲 (A)");
}

TEST_F(Import, RowsMayReferToRowsAbove) {
    const ImportResult result = take("town", "code,name,upper\nA,甲,\nB,乙,A\nC,丙,Z\n");
    ASSERT_EQ(result.errors.size(), 1u) << text_of(result.errors);
    EXPECT_EQ(result.errors[0].where, "rows.csv:4:upper");
    const ImportResult good = take("town", "code,name,upper\nA,甲,\nB,乙,A\n");
    ASSERT_TRUE(good.ok()) << text_of(good.errors);
    const auto snapshot = board_->snapshot();
    EXPECT_EQ(snapshot->record(type("town"), RecordId{2})
                  ->at(board_->model()->types[static_cast<std::size_t>(type("town"))].find("upper")),
              record::Value{std::int64_t{1}});
}

TEST_F(Import, AmendsByNaturalKeyAndFiguresFollow) {
    ASSERT_TRUE(take("town", "code,name\nA,甲\n").ok());
    ASSERT_TRUE(take("month", "town,period,amount\nA,2026-01,10.00\nA,2026-02,5\n").ok());
    const ImportResult corrected = take("month", "town,period,amount\nA,2026-01,12.00\nA,2026-02,5\n");
    ASSERT_TRUE(corrected.ok()) << text_of(corrected.errors);
    EXPECT_EQ(corrected.amended, 1);
    const auto snapshot = board_->snapshot();
    figure::Ask ask;
    ask.figure = board_->model()->find_figure("amount_done");
    ask.period = Period::month(2026, 1);
    const figure::Value value = snapshot->figure(ask);
    ASSERT_TRUE(value.has);
    EXPECT_EQ(value.number.text(), "12.00");
}

TEST_F(Import, TypesWithoutKeyAreGuardedByTheFilesHash) {
    EXPECT_EQ(take("remark", "text\n甲\n甲\n").created, 2);
    const ImportResult again = take("remark", "text\n甲\n甲\n");
    EXPECT_TRUE(again.repeated);
    EXPECT_EQ(again.created, 0);
    EXPECT_EQ(count("remark"), 2);
    EXPECT_EQ(take("remark", "text\n甲\n甲\n乙\n").created, 3) << "another file is another upload";
}

TEST_F(Import, DryRunWritesNothing) {
    const ImportResult result = take("town", "code,name\nA,甲\n", true);
    EXPECT_TRUE(result.ok()) << text_of(result.errors);
    EXPECT_EQ(result.created, 1);
    EXPECT_EQ(count("town"), 0);
}

TEST_F(Import, LargeFilesGoInChunksAndCanBeRepeated) {
    std::string text = "code,name,upper\n";
    constexpr int rows = 12'345;
    for (int i = 0; i < rows; ++i)
        text +=
            "T" + std::to_string(i) + ",镇" + std::to_string(i) + "," + (i ? "T" + std::to_string(i / 2) : "") + "\n";
    const ImportResult first = take("town", text);
    ASSERT_TRUE(first.ok()) << text_of(first.errors);
    EXPECT_EQ(first.created, rows);
    EXPECT_EQ(count("town"), rows);
    const ImportResult again = take("town", text);
    EXPECT_EQ(again.unchanged, rows);
    EXPECT_EQ(again.created + again.amended, 0);
}

TEST_F(Import, ListsAtMostAThousandErrorsAndCountsTheRest) {
    std::string text = "code,name,area\n";
    for (int i = 0; i < 1500; ++i) text += "T" + std::to_string(i) + ",镇,abc\n";
    const ImportResult result = take("town", text);
    EXPECT_EQ(result.errors.size(), import_errors_listed_max);
    EXPECT_EQ(result.errors_total, 1500);
    EXPECT_EQ(count("town"), 0);
}

TEST_F(Import, ExportReadsBackUnchanged) {
    ASSERT_TRUE(take("town", "code,name,upper,area\nA,\"甲, 乙\",,1.50\nB,\"引\"\"号\",A,\n").ok());
    for (const OutEncoding encoding : {OutEncoding::utf8, OutEncoding::gb18030}) {
        ExportOptions options;
        options.encoding = encoding;
        options.headings = encoding == OutEncoding::utf8 ? Headings::codes : Headings::labels;
        const std::string path = (folder_ / "out.csv").string();
        const auto snapshot = board_->snapshot();
        const auto rows = export_csv(*snapshot, type("town"), path, options);
        ASSERT_TRUE(rows) << rows.error().text();
        EXPECT_EQ(*rows, 2);
        const ImportResult back = import_csv(*board_, type("town"), path, {});
        ASSERT_TRUE(back.ok()) << text_of(back.errors);
        EXPECT_EQ(back.unchanged, 2);
    }
}

TEST_F(Import, TemplateHasEveryEnteredField) {
    const std::string path = (folder_ / "template.csv").string();
    ASSERT_TRUE(export_template(board_->model()->types[static_cast<std::size_t>(type("town"))], path, Headings::codes,
                                model::Language::hans));
    std::ifstream in(path);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    EXPECT_EQ(text,
              "\xEF\xBB\xBF"
              "code,name,upper,area\r\n");
}

TEST_F(Import, AMissingFileIsSaid) {
    const ImportResult result = import_csv(*board_, type("town"), (folder_ / "no.csv").string(), {});
    ASSERT_EQ(result.errors.size(), 1u);
    EXPECT_EQ(result.errors[0].code, Code::not_found);
}

}  // namespace
}  // namespace yipan::exchange
