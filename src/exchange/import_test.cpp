#include "exchange/import.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "exchange/geojson.h"
#include "exchange/names.h"
#include "exchange/sheet_write.h"
#include "exchange/test_archive.h"
#include "exchange/xlsx_read.h"

namespace yipan::exchange {
namespace {

constexpr const char* model_text = R"m(
types:
  town:
    label: [镇, 鎮, Town]
    responsible: none
    key: code
    title: name
    fields:
      code: {type: text, required: true, unique: true, max_chars: 20, label: [编号, 編號, Code]}
      name: {type: text, required: true, max_chars: 40, label: [名称, 名稱, Name]}
      licence: {type: text, unique: true, max_chars: 30, label: [信用代码, 信用代碼, Licence]}
      area: {type: decimal, scale: 2, unit: km2, min: 0, label: [面积, 面積, Area]}
      budget: {type: money, label: [预算, 預算, Budget]}
      founded: {type: date, label: [设立日期, 設立日期, Founded]}
      open: {type: boolean, label: [开放, 開放, Open]}
      share: {type: decimal, scale: 1, unit: "%", label: [占比, 佔比, Share]}
      kind: {type: choice, of: {new: [新, 新, new], old: [旧, 舊, old]}, label: [类别, 類別, Kind]}
      upper: {type: reference, to: town, label: [上级, 上級, Upper]}
      phone: {type: text, personal: true, max_chars: 20, label: [电话, 電話, Phone]}
      spot: {type: place, shape: point, label: [位置, 位置, Place]}
    rules:
      small: {check: "area == null || budget == null || area < decimal('1000')",
              message: [面积过大, 面積過大, too large]}
  month:
    label: [月报, 月報, Month]
    responsible: none
    natural_key: [town, period]
    fields:
      town: {type: reference, to: town, required: true, label: [镇, 鎮, Town]}
      period: {type: period, grains: [month], required: true, label: [月份, 月份, Month]}
      amount: {type: money, label: [金额, 金額, Amount]}
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
)m";

class Staged : public ::testing::Test {
  protected:
    void SetUp() override {
        folder_ = std::filesystem::temp_directory_path() / ("yipan_import_" + std::to_string(::getpid()));
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
        path_ = (folder_ / "test.board").string();
        board::Board::Birth birth;
        birth.name = "test";
        birth.salt_seed = "test";
        birth.model = {{"test/types/test.yaml", model_text}};
        auto made = board::Board::create(path_, std::move(birth));
        ASSERT_TRUE(made) << text_of(made.error());
        board_ = std::move(*made);
    }
    void TearDown() override {
        board_.reset();
        std::filesystem::remove_all(folder_);
    }
    int type(const char* code) const { return board_->model()->find_type(code); }
    int field(const char* of, const char* code) const {
        return board_->model()->types[static_cast<std::size_t>(type(of))].find(code);
    }
    std::string file(const std::string& text, const char* name = "rows.csv") {
        std::ofstream(folder_ / name, std::ios::binary) << text;
        return (folder_ / name).string();
    }
    std::string sheet(const std::string& rows, const std::string& strings = {}, const std::string& formats = {}) {
        return file(test::archive(test::workbook(rows, strings, formats)), "rows.xlsx");
    }
    std::unique_ptr<StagedImport> stage(const char* code, const std::string& path, const StageOptions& options = {}) {
        auto staged = StagedImport::stage(*board_, path_, type(code), path, options);
        EXPECT_TRUE(staged) << text_of(staged ? Errors{} : staged.error());
        return staged ? std::move(*staged) : nullptr;
    }
    std::string refused(const char* code, const std::string& path, const StageOptions& options = {}) {
        auto staged = StagedImport::stage(*board_, path_, type(code), path, options);
        return staged ? "staged" : text_of(staged.error());
    }
    void take(const char* code, const std::string& text) {
        auto import = stage(code, file(text));
        ASSERT_TRUE(import);
        const auto applied = import->apply({});
        ASSERT_TRUE(applied) << text_of(applied.error());
    }
    std::int64_t count(const char* code) { return board_->snapshot()->count(type(code), "").value_or(-1); }
    std::string value(const char* of, const char* key, const char* code) {
        const auto snapshot = board_->snapshot();
        Names names(*snapshot);
        const auto id = names.find(type(of), key);
        if (!id) return "none";
        const auto& f = snapshot->model()
                            .types[static_cast<std::size_t>(type(of))]
                            .fields[static_cast<std::size_t>(field(of, code))];
        return record::plain_text(snapshot->model(), f, snapshot->record(type(of), *id)->at(field(of, code)),
                                  names.key_function());
    }
    // Every record's values and every cell: what an undone import must leave as it was.
    std::string everything() {
        const auto snapshot = board_->snapshot();
        std::string out;
        for (const auto& t : snapshot->model().types)
            (void)snapshot->each(t.index, [&](const record::RecordPtr& r) {
                out += t.code + " " + std::to_string(r->id.value);
                for (std::size_t f = 0; f < t.fields.size(); ++f)
                    out += "|" + record::plain_text(snapshot->model(), t.fields[f], r->values[f], {});
                out += "\n";
                return true;
            });
        std::vector<std::string> cells;
        snapshot->each_cell([&](const figure::CellKey& key, __int128 sum, std::int64_t n) {
            if (n == 0) return;
            cells.push_back(std::to_string(key.figure) + " " + std::to_string(key.unit) + " " +
                            std::to_string(key.slot) + " " + std::to_string(static_cast<std::int64_t>(sum)) + " " +
                            std::to_string(n) + "\n");
        });
        std::sort(cells.begin(), cells.end());
        for (const auto& cell : cells) out += cell;
        return out;
    }
    board::Receipt set(const char* of, const char* key, const char* code, record::Value value) {
        board::Draft draft;
        draft.channel = "web";
        board::Change change;
        change.verb = board::Verb::amend;
        change.type = type(of);
        const auto snapshot = board_->snapshot();
        change.record = Names(*snapshot).find(type(of), key).value_or(RecordId{});
        change.set.emplace_back(field(of, code), std::move(value));
        draft.changes.push_back(change);
        auto receipt = board_->apply(draft);
        EXPECT_TRUE(receipt) << text_of(receipt ? Errors{} : receipt.error());
        return receipt ? *receipt : board::Receipt{};
    }
    std::vector<std::string> lines(const std::string& path) {
        std::vector<std::string> out;
        auto reader = XlsxReader::open_file(path, "f.xlsx");
        EXPECT_TRUE(reader);
        if (!reader || !(*reader)->open_sheet("")) return out;
        while ((*reader)->next().value_or(false)) {
            std::string line = std::to_string((*reader)->line());
            for (const Cell& cell : (*reader)->cells()) line += "|" + std::string(cell.text);
            out.push_back(line);
        }
        return out;
    }
    std::filesystem::path folder_;
    std::string path_;
    std::unique_ptr<board::Board> board_;
};

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST_F(Staged, NothingIsWrittenBeforeItIsAppliedAndThenEverything) {
    const auto import = stage("town", file("code,name,area\nA,甲,1.50\nB,乙,2\n"));
    EXPECT_EQ(import->report().state, ImportState::checked);
    EXPECT_EQ(import->report().create, 2);
    EXPECT_EQ(count("town"), 0);
    ASSERT_TRUE(import->apply({}));
    EXPECT_EQ(count("town"), 2);
    EXPECT_EQ(import->report().state, ImportState::applied);
    EXPECT_EQ(import->report().done, 2);
    const auto again = stage("town", file("code,name,area\nA,甲,1.5\nB,乙,2.00\n"));
    EXPECT_EQ(again->report().unchanged, 2);
}

TEST_F(Staged, RulesReferencesAndUniquenessAreJudgedBeforeAnythingIsWritten) {
    take("town", "code,name,licence\nA,甲,X1\n");
    const auto import = stage("town", file("code,name,licence,area,budget,upper\n"
                                           "B,乙,X1,1,1,\n"
                                           "C,丙,X2,5000,1,\n"
                                           "D,丁,X3,1,1,Z\n"
                                           "E,戊,X4,1,1,A\n"
                                           "F,己,X4,1,1,\n"));
    const std::string errors = text_of(import->report().errors);
    EXPECT_EQ(import->report().failed, 4) << errors;
    EXPECT_TRUE(holds(errors, "rows.csv:2:licence")) << errors;
    EXPECT_TRUE(holds(errors, "rule small")) << errors;
    EXPECT_TRUE(holds(errors, "rows.csv:4:upper")) << errors;
    EXPECT_TRUE(holds(errors, "stands in line 5 already")) << errors;
    EXPECT_FALSE(import->apply({}));
    EXPECT_EQ(count("town"), 1) << "one failing row keeps all from being written";
}

TEST_F(Staged, FailingRowsComeBackVerbatimAndOnlyTheyRunWhenCorrected) {
    const auto import = stage(
        "town",
        sheet("<row r=\"1\"><c t=\"inlineStr\"><is><t>编号</t></is></c><c t=\"inlineStr\"><is><t>名称</t></is></c>"
              "<c t=\"inlineStr\"><is><t>面积（km2）</t></is></c></row>"
              "<row r=\"2\"><c t=\"inlineStr\"><is><t>A</t></is></c><c "
              "t=\"inlineStr\"><is><t>甲</t></is></c><c><v>1.5</v></c></row>"
              "<row r=\"5\"><c t=\"inlineStr\"><is><t>B</t></is></c><c t=\"inlineStr\"><is><t>乙</t></is></c><c "
              "t=\"inlineStr\"><is><t>约2</t></is></c></row>"
              "<row r=\"6\"><c t=\"inlineStr\"><is><t>C</t></is></c><c/><c><v>3</v></c></row>"));
    ASSERT_TRUE(import);
    EXPECT_EQ(import->report().failed, 2);
    const std::string failing = (folder_ / "failing.xlsx").string();
    EXPECT_EQ(import->failing(failing).value_or(-1), 2);
    const auto rows = lines(failing);
    ASSERT_EQ(rows.size(), 3u);
    EXPECT_EQ(rows[0], "1|原行号 / row [import 1]|编号|名称|面积（km2）|原因 / reason");
    EXPECT_TRUE(rows[1].starts_with("2|5|B|乙|约2|")) << rows[1];
    EXPECT_TRUE(rows[2].starts_with("3|6|C||3|")) << rows[2];
    // Partly: the good row is written; then the corrected ones.
    StagedImport::ApplyOptions partial;
    partial.leave_out_failing = true;
    ASSERT_TRUE(import->apply(partial));
    EXPECT_EQ(count("town"), 1);
    const std::string csv = (folder_ / "failing.csv").string();
    EXPECT_EQ(import->failing(csv).value_or(-1), 2);
    const auto corrected = stage(
        "town",
        file("原行号 / row [import 1],编号,名称,面积（km2）,原因 / reason\n5,B,乙,2,-\n6,C,丙,3,-\n", "fixed.csv"));
    ASSERT_TRUE(corrected);
    EXPECT_EQ(corrected->report().id, "1");
    EXPECT_EQ(corrected->report().failed, 0) << text_of(corrected->report().errors);
    const auto applied = corrected->apply({});
    ASSERT_TRUE(applied) << text_of(applied.error());
    EXPECT_EQ(count("town"), 3);
    EXPECT_EQ(corrected->report().done, 3);
    EXPECT_EQ(value("town", "B", "area"), "2.00");
    // The same corrected file again does nothing twice.
    const auto again =
        stage("town", file("原行号 / row [import 1],编号,名称,面积（km2）,原因 / reason\n5,B,乙,9,-\n", "fixed2.csv"));
    ASSERT_TRUE(again);
    EXPECT_EQ(value("town", "B", "area"), "2.00");
}

TEST_F(Staged, CorrectedRowsOfARefusedImportBringTheRestWithThem) {
    const auto import = stage("town", file("code,name\nA,甲\nB,\n"));
    EXPECT_EQ(import->report().state, ImportState::refused);
    const auto twice = stage("town", file("原行号 / row [import 1],code,name,原因 / reason\n3,A,乙,x\n", "f.csv"));
    ASSERT_TRUE(twice);
    EXPECT_TRUE(holds(text_of(twice->report().errors), "stands in line 2 already")) << text_of(twice->report().errors);
    const auto good = stage("town", file("原行号 / row [import 1],code,name,原因 / reason\n3,B,乙,x\n", "f.csv"));
    ASSERT_TRUE(good);
    const auto applied = good->apply({});
    ASSERT_TRUE(applied) << text_of(applied.error());
    EXPECT_EQ(count("town"), 2);
}

TEST_F(Staged, UndoLeavesRecordsAndFiguresAsBefore) {
    take("town", "code,name\nA,甲\nB,乙\n");
    take("month", "town,period,amount\nA,2026-01,10.00\nA,2026-02,5\n");
    const std::string before = everything();
    const auto import =
        stage("month", file("town,period,amount\nA,2026-01,12.00\nA,2026-02,5\nB,2026-01,7\nB,2026-03,1\n"));
    ASSERT_TRUE(import->apply({}));
    EXPECT_NE(everything(), before);
    const auto undone = import->undo({});
    ASSERT_TRUE(undone) << text_of(undone.error());
    EXPECT_EQ(everything(), before);
    EXPECT_EQ(import->report().state, ImportState::undone);
    EXPECT_EQ(import->report().undone, 3);
}

TEST_F(Staged, UndoRefusesAndListsWhatOthersChangedSince) {
    const auto import = stage("town", file("code,name\nA,甲\nB,乙\nC,丙\n"));
    ASSERT_TRUE(import->apply({}));
    set("town", "B", "name", std::string("乙改"));
    take("month", "town,period,amount\nC,2026-01,10.00\n");
    const auto undone = import->undo({});
    ASSERT_FALSE(undone);
    const std::string errors = text_of(undone.error());
    EXPECT_TRUE(holds(errors, "town B was changed since")) << errors;
    EXPECT_TRUE(holds(errors, "is now town of month")) << errors;
    EXPECT_EQ(count("town"), 3);
    StagedImport::UndoOptions partial;
    partial.leave_out_changed = true;
    const auto rest = import->undo(partial);
    ASSERT_TRUE(rest) << text_of(rest.error());
    EXPECT_EQ(count("town"), 2);
    EXPECT_EQ(value("town", "A", "name"), "none");
    EXPECT_EQ(value("town", "B", "name"), "乙改");
}

TEST_F(Staged, ARowThatFailsBecauseTheBoardMovedStopsItAndItIsResumed) {
    take("town", "code,name\nA,甲\nB,乙\n");
    const auto import = stage("town", file("code,name\nA,甲新\nB,乙新\n"));
    EXPECT_EQ(import->report().amend, 2);
    set("town", "B", "name", std::string("别人改"));
    const auto stopped = import->apply({});
    ASSERT_FALSE(stopped);
    EXPECT_TRUE(holds(text_of(stopped.error()), "rows.csv:3")) << text_of(stopped.error());
    EXPECT_EQ(import->report().state, ImportState::partly);
    EXPECT_EQ(value("town", "B", "name"), "别人改");
    auto resumed = StagedImport::open(*board_, path_, import->report().id);
    ASSERT_TRUE(resumed);
    const auto applied = (*resumed)->apply({});
    ASSERT_TRUE(applied) << text_of(applied.error());
    EXPECT_EQ(value("town", "B", "name"), "乙新");
    EXPECT_EQ(value("town", "A", "name"), "甲新");
    const auto undone = (*resumed)->undo({});
    ASSERT_TRUE(undone) << text_of(undone.error());
    EXPECT_EQ(value("town", "B", "name"), "别人改");
    EXPECT_EQ(value("town", "A", "name"), "甲");
}

TEST_F(Staged, AFileWithoutKeysIsNotImportedTwiceUntilItIsUndone) {
    const std::string path = file("text\n甲\n甲\n");
    const auto first = stage("remark", path);
    ASSERT_TRUE(first->apply({}));
    EXPECT_EQ(count("remark"), 2);
    const auto again = stage("remark", path);
    EXPECT_TRUE(again->report().repeated);
    ASSERT_TRUE(again->apply({}));
    EXPECT_EQ(count("remark"), 2);
    ASSERT_TRUE(first->undo({}));
    EXPECT_EQ(count("remark"), 0);
    const auto third = stage("remark", path);
    EXPECT_FALSE(third->report().repeated);
    ASSERT_TRUE(third->apply({}));
    EXPECT_EQ(count("remark"), 2);
}

TEST_F(Staged, RowsReferToRowsAboveAcrossDrafts) {
    std::string text = "code,name,upper\nT0,t,\n";
    for (int i = 1; i < 700; ++i)
        text += "T" + std::to_string(i) + ",t,T" + std::to_string(i % 3 == 0 ? 0 : i - 1) + "\n";
    const std::string before = everything();
    const auto import = stage("town", file(text));
    ASSERT_EQ(import->report().failed, 0) << text_of(import->report().errors);
    const auto applied = import->apply({});
    ASSERT_TRUE(applied) << text_of(applied.error());
    EXPECT_EQ(value("town", "T699", "upper"), "T0");
    EXPECT_EQ(value("town", "T698", "upper"), "T697");
    const auto undone = import->undo({});
    ASSERT_TRUE(undone) << text_of(undone.error());
    EXPECT_EQ(everything(), before);
}

// The process dies in the middle of applying and again in the middle of undoing.
TEST_F(Staged, AKilledImportIsResumedAndAKilledUndoAsWell) {
    std::string text = "code,name\n";
    for (int i = 0; i < 3'000; ++i) text += "T" + std::to_string(i) + ",t\n";
    const std::string path = file(text);
    board_.reset();
    const auto in_child = [&](const std::function<void(board::Board&)>& work) {
        const pid_t child = ::fork();
        if (child == 0) {
            auto opened = board::Board::open(path_);
            if (opened) work(**opened);
            ::_exit(3);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        EXPECT_TRUE(WIFSIGNALED(status)) << "the child was to be killed";
    };
    in_child([&](board::Board& board) {
        auto import = StagedImport::stage(board, path_, board.model()->find_type("town"), path, {});
        StagedImport::ApplyOptions options;
        options.progress = [](std::int64_t done, std::int64_t) {
            if (done > 1'000) ::raise(SIGKILL);
        };
        (void)(*import)->apply(options);
    });
    const auto reopen = [&] {
        auto opened = board::Board::open(path_);
        ASSERT_TRUE(opened);
        board_ = std::move(*opened);
    };
    reopen();
    const std::int64_t half = count("town");
    EXPECT_GT(half, 1'000);
    EXPECT_LT(half, 3'000);
    {
        auto import = StagedImport::open(*board_, path_, "1");
        ASSERT_TRUE(import);
        EXPECT_EQ((*import)->report().state, ImportState::applying);
        const auto applied = (*import)->apply({});
        ASSERT_TRUE(applied) << text_of(applied.error());
        EXPECT_EQ(count("town"), 3'000);
        EXPECT_EQ((*import)->report().done, 3'000);
    }
    board_.reset();
    in_child([&](board::Board& board) {
        auto import = StagedImport::open(board, path_, "1");
        StagedImport::UndoOptions options;
        options.progress = [](std::int64_t done, std::int64_t) {
            if (done > 1'000) ::raise(SIGKILL);
        };
        (void)(*import)->undo(options);
    });
    reopen();
    EXPECT_GT(count("town"), 0);
    auto import = StagedImport::open(*board_, path_, "1");
    const auto undone = (*import)->undo({});
    ASSERT_TRUE(undone) << text_of(undone.error());
    EXPECT_EQ(count("town"), 0);
    EXPECT_EQ((*import)->report().undone, 3'000);
    EXPECT_TRUE(board_->verify().ok);
}

TEST_F(Staged, AWorkbookOfAnOfficeIsReadAsItIsMeant) {
    const std::string t = "t=\"inlineStr\"><is><t>";
    const auto c = [&](const std::string& text) { return "<c " + t + text + "</t></is></c>"; };
    const auto import = stage(
        "town",
        sheet("<row r=\"1\">" + c("2026年各镇情况") + "</row><row r=\"2\">" + c("编号*") + c("名称 *") +
                  c("预算（万元）") + c("设立日期") + c("占比") + c("开放") + c("类别") + c("信用代码") +
                  "</row><row r=\"3\">" + c("A") + c("甲") +
                  "<c><v>12.3456</v></c><c s=\"1\"><v>46203</v></c><c s=\"2\"><v>0.155</v></c><c t=\"b\"><v>1</v></c>" +
                  c("旧") + c("340524199901020011") + "</row><row r=\"4\">" + c("B") + c("乙") +
                  "<c><v>0.30000000000000004</v></c><c/><c><v>15.5</v></c><c/><c/><c><v>3.4052419990102E+17</v></c></"
                  "row>"
                  "<row r=\"5\">" +
                  c("C") + c("丙") + "<c t=\"e\"><v>#N/A</v></c><c><f>A1</f></c></row>",
              "", "<xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"10\"/>"));
    ASSERT_TRUE(import);
    const std::string errors = text_of(import->report().errors);
    EXPECT_EQ(import->report().failed, 2) << errors;
    EXPECT_TRUE(holds(errors, "rows.xlsx:4:信用代码: the number 340524199901020000 has more digits")) << errors;
    EXPECT_TRUE(holds(errors, "rows.xlsx:5:预算（万元）: the cell holds the spreadsheet's error #N/A")) << errors;
    EXPECT_TRUE(holds(errors, "never computed")) << errors;
    StagedImport::ApplyOptions partial;
    partial.leave_out_failing = true;
    ASSERT_TRUE(import->apply(partial));
    EXPECT_EQ(value("town", "A", "budget"), "123456.00");
    EXPECT_EQ(value("town", "A", "founded"), "2026-06-30");
    EXPECT_EQ(value("town", "A", "share"), "15.5");
    EXPECT_EQ(value("town", "A", "open"), "yes");
    EXPECT_EQ(value("town", "A", "kind"), "old");
    EXPECT_EQ(value("town", "A", "licence"), "340524199901020011");
}

TEST_F(Staged, MissingTwiceAndWrongHeadsAreNamed) {
    const auto c = [](const std::string& text) { return "<c t=\"inlineStr\"><is><t>" + text + "</t></is></c>"; };
    EXPECT_TRUE(
        holds(refused("town", sheet("<row>" + c("甲") + c("乙") + "</row>")), "is the head of a table of town"));
    EXPECT_TRUE(
        holds(refused("town", sheet("<row>" + c("编号") + c("名称") + c("Code") + "</row>")), "stands in two columns"));
    EXPECT_TRUE(holds(refused("town", sheet("<row>" + c("编号") + c("名称") + c("面积（亩）") + "</row>")),
                      "not measured in \"亩\""));
    EXPECT_TRUE(holds(refused("town", sheet("<row>" + c("名称") + "</row>")), "the column code is missing"));
    StageOptions options;
    options.sheet = "没有";
    EXPECT_TRUE(holds(refused("town", sheet("<row>" + c("编号") + "</row>"), options), "there is no sheet"));
    EXPECT_TRUE(imports_of(path_).empty()) << "what cannot be read leaves nothing behind";
}

TEST_F(Staged, TheTemplateReadsBackAndOneOfAnotherTypeOrModelIsRefused) {
    take("town", "code,name\nA,甲\n");
    const std::string path = (folder_ / "template.xlsx").string();
    ASSERT_TRUE(template_xlsx(*board_->snapshot(), type("town"), path, model::Language::hans));
    auto reader = XlsxReader::open_file(path, "t.xlsx");
    ASSERT_TRUE(reader) << reader.error().text();
    ASSERT_TRUE((*reader)->open_sheet(""));
    ASSERT_TRUE(*(*reader)->next());
    EXPECT_EQ((*reader)->cells()[0].text, "编号*");
    EXPECT_EQ((*reader)->cells()[4].text, "预算（元）");
    EXPECT_EQ((*reader)->sheets().size(), 4u);
    EXPECT_TRUE((*reader)->sheets()[2].hidden && (*reader)->sheets()[3].hidden);
    const auto import = stage("town", path);
    ASSERT_TRUE(import);
    EXPECT_EQ(import->report().rows, 0);
    EXPECT_TRUE(holds(refused("month", path), "is the template of town"));
}

TEST_F(Staged, ExportsReadBackUnchangedAndFormulasStayTexts) {
    take("town",
         "code,name,licence,area,budget,founded,open,share,kind\nA,=1+1,340524199901020011,1.5,12.34,2026-06-30,yes,"
         "3.5,old\nB,+乙,@x,,,,no,,\n");
    const auto snapshot = board_->snapshot();
    const std::string path = (folder_ / "out.xlsx").string();
    EXPECT_EQ(export_xlsx(*snapshot, type("town"), path).value_or(-1), 2);
    const auto rows = lines(path);
    EXPECT_EQ(rows.at(1), "2|A|=1+1|340524199901020011|1.5|12.34|2026-06-30|TRUE|3.5|old") << rows.at(1);
    const auto again = stage("town", path);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->report().unchanged, 2) << text_of(again->report().errors);
    ExportOptions labels;
    labels.headings = Headings::labels;
    const std::string path2 = (folder_ / "out2.xlsx").string();
    ASSERT_TRUE(export_xlsx(*snapshot, type("town"), path2, labels));
    EXPECT_EQ(stage("town", path2)->report().unchanged, 2);
}

TEST_F(Staged, TextsThatLookLikeFormulasComeBackAsTheyWereFromEveryKindOfFile) {
    const std::vector<std::string> texts{"=1+1", "+86 555", "-", "@x", "'=1+1", "''-a", "'a", "''", "a'=", "'"};
    board::Draft draft;
    draft.channel = "web";
    for (std::size_t i = 0; i < texts.size(); ++i) {
        board::Change change;
        change.type = type("town");
        change.set = {{field("town", "code"), "K" + std::to_string(i)}, {field("town", "name"), texts[i]}};
        draft.changes.push_back(std::move(change));
    }
    ASSERT_TRUE(board_->apply(std::move(draft)));
    const auto snapshot = board_->snapshot();
    for (const char* name : {"out.csv", "out.xlsx", "out.geojson"}) {
        const std::string path = (folder_ / name).string();
        const auto rows = path.ends_with("csv")    ? export_csv(*snapshot, type("town"), path)
                          : path.ends_with("xlsx") ? export_xlsx(*snapshot, type("town"), path)
                                                   : export_geojson(*snapshot, type("town"), path);
        ASSERT_EQ(rows.value_or(-1), std::ssize(texts)) << name;
        const auto import = stage("town", path);
        ASSERT_TRUE(import);
        EXPECT_EQ(import->report().unchanged, std::ssize(texts)) << name << text_of(import->report().errors);
        if (!path.ends_with("csv")) continue;
        std::ifstream in(path);
        const std::string all{std::istreambuf_iterator<char>(in), {}};
        EXPECT_TRUE(holds(all, "K0,'=1+1,") && holds(all, "K1,'+86 555,") && holds(all, "K3,'@x,")) << all;
        EXPECT_TRUE(holds(all, "K4,''=1+1,") && holds(all, "K6,'a,")) << all;
    }
}

TEST_F(Staged, CellsThatNobodyTouchedMeanInTheCorrectedFileWhatTheyMeant) {
    const auto c = [](const std::string& text) { return "<c t=\"inlineStr\"><is><t>" + text + "</t></is></c>"; };
    take("town", "code,name\nA,甲\n");
    const std::string rows = "<row>" + c("town") + c("period") + c("amount") + "</row><row>" + c("A") +
                             "<c s=\"1\"><v>46174</v></c>" + c("十") + "</row>";
    const auto month = stage("month", sheet(rows, "", "<xf numFmtId=\"0\"/><xf numFmtId=\"14\"/>"));
    ASSERT_TRUE(month);
    EXPECT_EQ(month->report().failed, 1);
    for (const char* name : {"failing.xlsx", "failing.csv"})
        ASSERT_EQ(month->failing((folder_ / name).string()).value_or(-1), 1);
    EXPECT_TRUE(lines((folder_ / "failing.xlsx").string()).at(1).starts_with("2|2|A|2026-06-01|十|"));
    const auto fixed = stage("month", file("原行号 / row [import 2],town,period,amount\n2,A,2026-06-01,10\n", "f.csv"));
    ASSERT_TRUE(fixed);
    EXPECT_EQ(fixed->report().failed, 0) << text_of(fixed->report().errors);

    const auto town = stage("town", sheet("<row>" + c("code") + c("name") + c("share") + c("licence") + "</row><row>" +
                                              c("B") + c("") + "<c s=\"1\"><v>0.155</v></c>" + c("'=x") + "</row>",
                                          "", "<xf numFmtId=\"0\"/><xf numFmtId=\"10\"/>"));
    ASSERT_TRUE(town);
    const std::string failing = (folder_ / "town.csv").string();
    ASSERT_EQ(town->failing(failing).value_or(-1), 1);
    std::ifstream in(failing);
    std::string all{std::istreambuf_iterator<char>(in), {}};
    EXPECT_TRUE(holds(all, "2,B,,15.5%,''=x,")) << all;
    all.replace(all.find("2,B,,"), 5, "2,B,乙,");
    const auto corrected = stage("town", file(all, "town_fixed.csv"));
    ASSERT_TRUE(corrected);
    const auto applied = corrected->apply({});
    ASSERT_TRUE(applied) << text_of(applied.error());
    EXPECT_EQ(value("town", "B", "share"), "15.5");
    EXPECT_EQ(value("town", "B", "licence"), "=x");
    take("town", "code,share\nB,20%\n");
    EXPECT_EQ(value("town", "B", "share"), "20.0") << "a percentage typed as text";
}

TEST_F(Staged, TwoUploadsOfAFileWithoutKeysThatWaitSideBySideAreWrittenOnce) {
    const std::string path = file("text\n甲\n乙\n");
    const auto first = stage("remark", path), second = stage("remark", path);
    ASSERT_TRUE(first->apply({}));
    ASSERT_TRUE(second->apply({}));
    EXPECT_TRUE(second->report().repeated);
    EXPECT_EQ(count("remark"), 2);
    EXPECT_FALSE(second->undo({})) << "it wrote nothing";
    EXPECT_EQ(count("remark"), 2);
}

TEST_F(Staged, RowsAreJudgedByTheRightsOfWhoImportsAndMasksAreNoValues) {
    take("town", "code,name,phone\nA,甲,13812345678\nB,乙,13900000000\n");
    StageOptions options;
    options.rights.permit = [](const board::WriteAsk& ask, record::Resolver&, Errors& refused) {
        if (*record::as_text(ask.after->at(0)) == "C")
            refused.push_back(
                {Code::not_allowed, ask.change.where, "this record is outside of what this post may create town", ""});
    };
    options.rights.masked = [](const record::Record&, int, std::string_view text, record::Resolver&) {
        return text == "138****";
    };
    options.rights.compare = [](const record::Record& there, const board::Change& change, record::Resolver&,
                                Errors& refused) {
        if (*record::as_text(there.at(0)) == "B") refused.push_back({Code::not_allowed, change.where, "not seen", ""});
        return true;
    };
    const auto import =
        stage("town", file("code,name,phone\nA,甲改,138****\nB,乙,13900000000\nC,丙,1\nD,丁,1**\n"), options);
    ASSERT_TRUE(import);
    const std::string errors = text_of(import->report().errors);
    EXPECT_EQ(import->report().failed, 2) << errors;
    EXPECT_EQ(import->report().unchanged, 0) << "whether it is the same is not told";
    EXPECT_TRUE(holds(errors, "rows.csv:3: not seen")) << errors;
    EXPECT_TRUE(holds(errors, "rows.csv:4: this record is outside")) << errors;
    StagedImport::ApplyOptions partial;
    partial.leave_out_failing = true;
    ASSERT_TRUE(import->apply(partial));
    EXPECT_EQ(value("town", "A", "phone"), "13812345678");
    EXPECT_EQ(value("town", "A", "name"), "甲改");
    EXPECT_EQ(value("town", "D", "phone"), "1**") << "a new record has no value that could stand behind the stars";
}

TEST_F(Staged, WhatIsErasedGoesFromWaitingAndFailingRowsAsWell) {
    take("town", "code,name,phone\nA,甲,138111\nB,乙,138222\n");
    const auto import = stage("town", file("code,name,phone\nA,甲,138333\nB,乙,138444\nC,,138555\n"));
    EXPECT_EQ(import->report().amend, 2);
    const auto whole = [&] {
        std::string all;
        for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
            if (entry.path().string().find("-import-2") == std::string::npos) continue;
            std::ifstream in(entry.path(), std::ios::binary);
            all.append(std::istreambuf_iterator<char>(in), {});
        }
        return all;
    };
    EXPECT_TRUE(holds(whole(), "138333"));
    const auto& type_of = board_->model()->types[static_cast<std::size_t>(type("town"))];
    EXPECT_EQ(forget_in_imports(path_, type_of, RecordId(1), "A").value_or(-1), 1);
    EXPECT_EQ(forget_in_imports(path_, type_of, RecordId(99), "C").value_or(-1), 1)
        << "a failing row is known by its key";
    EXPECT_EQ(forget_in_imports(path_, type_of, RecordId(1), "A").value_or(-1), 0);
    const std::string left = whole();
    EXPECT_FALSE(holds(left, "138333") || holds(left, "138555")) << "the bytes are overwritten";
    EXPECT_TRUE(holds(left, "138444"));
    EXPECT_EQ(import->report().amend, 1);
    EXPECT_EQ(import->report().failed, 0);
    const auto applied = import->apply({});
    ASSERT_TRUE(applied) << text_of(applied.error());
    EXPECT_EQ(value("town", "A", "phone"), "138111");
    EXPECT_EQ(value("town", "B", "phone"), "138444");
}

TEST_F(Staged, PlacesComeAndGoAsGeoJsonAndShiftedSystemsAreRefused) {
    const auto collection = [](const std::string& more, const std::string& features) {
        return "{\"type\":\"FeatureCollection\"," + more + "\"features\":[" + features + "]}";
    };
    const std::string feature =
        R"({"type":"Feature","properties":{"code":"A","name":"甲","area":12.50},"geometry":{"type":"Point","coordinates":[119.4700001, 32.19]}})";
    const auto import = stage("town", file(collection("", feature), "rows.geojson"));
    ASSERT_TRUE(import);
    EXPECT_EQ(import->report().failed, 0) << text_of(import->report().errors);
    ASSERT_TRUE(import->apply({}));
    EXPECT_EQ(value("town", "A", "area"), "12.50");
    EXPECT_EQ(value("town", "A", "spot"), R"({"type":"Point","coordinates":[119.4700001,32.19]})");
    const std::string out = (folder_ / "out.geojson").string();
    EXPECT_EQ(export_geojson(*board_->snapshot(), type("town"), out).value_or(-1), 1);
    EXPECT_EQ(stage("town", out)->report().unchanged, 1);
    for (const char* said : {"GCJ-02", "gcj02", "BD-09", "火星坐标系", "EPSG:4549"}) {
        const std::string why = refused(
            "town", file(collection("\"coordinate_system\":\"" + std::string(said) + "\",", feature), "bad.geojson"));
        EXPECT_TRUE(holds(why, "the coordinates are in")) << why;
    }
    EXPECT_TRUE(holds(
        refused(
            "town",
            file(collection(R"("crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::900913"}},)", feature),
                 "bad.geojson")),
        "degrees of CGCS2000"));
    EXPECT_TRUE(holds(refused("month", file(collection("", feature), "rows.geojson")), "has no place field"));
}

}  // namespace
}  // namespace yipan::exchange
