// A report issued as a document: number and page, or a number that says why it has no page.
#include "report/filing.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace yipan::report {
namespace {
constexpr const char* model_yaml = R"yaml(
identity: {person: person, post: post}
types:
  organ:
    label: [机构, 機構, Organ]
    key: code
    responsible: none
    fields:
      code: {type: text, required: true, unique: true, label: [编号, 編號, Code]}
  person:
    label: [人员, 人員, Person]
    key: code
    responsible: none
    fields:
      code: {type: text, required: true, unique: true, label: [编号, 編號, Code]}
  post:
    label: [岗位, 崗位, Post]
    key: code
    fields:
      code: {type: text, required: true, unique: true, label: [编号, 編號, Code]}
  circular:
    label: [通报, 通報, Circular]
    key: code
    title: title
    responsible: officer
    fields:
      code: {type: text, required: true, unique: true, label: [编号, 編號, Code]}
      title: {type: text, required: true, label: [标题, 標題, Title]}
      number: {type: number, pattern: "〔{year}〕{seq}号", label: [文号, 文號, Number]}
      report: {type: text, required: true, label: [模板, 模板, Report]}
      unit: {type: reference, to: organ, required: true, label: [单位, 單位, Unit]}
      period: {type: period, required: true, label: [期间, 期間, Period]}
      day: {type: date, required: true, label: [日期, 日期, Day]}
      at_position: {type: integer, required: true, label: [序号, 序號, Position]}
      root: {type: text, required: true, max_chars: 64, label: [根, 根, Root]}
      officer: {type: reference, to: post, required: true, label: [岗位, 崗位, Post]}
      paper: {type: attachment, label: [正文, 正文, Paper]}
)yaml";
constexpr const char* report_text = "---\nlabel: [通报, 通報, Circular]\nperiods: [month]\nunit: organ\nfiled_as: circular\n---\n@number {{ board:number }}\n# 关于{{ board:period }}的通报\n\n{{ board:unit }}一切正常。\n";

class Filing : public testing::Test {
  protected:
    void SetUp() override {
        folder_ = std::filesystem::temp_directory_path() / ("yipan_filing_" + std::to_string(::getpid()));
        std::filesystem::create_directories(folder_);
        board::Board::Birth birth;
        birth.name = "filing";
        birth.frozen_clock = *Instant::parse("2026-04-01T01:00:00Z");
        birth.salt_seed = "filing";
        birth.model = {{"m/types/m.yaml", model_yaml}, {"m/reports/monthly.md", report_text}};
        auto made = board::Board::create((folder_ / "filing.board").string(), std::move(birth));
        ASSERT_TRUE(made) << text_of(made.error());
        board_ = std::move(*made);
        organ_ = create("organ", {{0, std::string("O-1")}});
        post_ = create("post", {{0, std::string("P-1")}});
    }
    void TearDown() override {
        board_.reset();
        std::filesystem::remove_all(folder_);
    }
    RecordId create(const char* type, std::vector<std::pair<int, record::Value>> values) {
        board::Draft draft;
        board::Change change;
        change.type = board_->model()->find_type(type);
        change.set = std::move(values);
        draft.changes.push_back(std::move(change));
        const auto done = board_->apply(std::move(draft));
        EXPECT_TRUE(done);
        return done ? done->records[0] : RecordId();
    }
    FilingAsk ask(std::string code) const {
        FilingAsk out;
        out.report = "monthly";
        out.unit = "O-1";
        out.code = std::move(code);
        out.period = Period::month(2026, 3);
        out.post = post_;
        out.channel = "test";
        return out;
    }
    record::RecordPtr circular(std::int64_t id) const { return board_->snapshot()->record(board_->model()->find_type("circular"), RecordId(id)); }
    record::Value value(const record::Record& r, const char* field) const { return r.at(board_->model()->types[static_cast<std::size_t>(r.type)].find(field)); }

    std::filesystem::path folder_;
    std::unique_ptr<board::Board> board_;
    RecordId organ_, post_;
};

TEST_F(Filing, KeepsThePageUnderItsNumber) {
    const auto filed = file_report(*board_, ask("TB-1"));
    ASSERT_TRUE(filed) << text_of(filed.error());
    EXPECT_EQ(filed->number, "〔2026〕1号");
    const auto kept = circular(1);
    ASSERT_TRUE(kept);
    EXPECT_EQ(value(*kept, "paper"), record::Value("sha256:" + filed->hash + " TB-1.html"));
    std::string page;
    ASSERT_TRUE(board_->read_attachment(filed->hash, 0, [&](std::string_view piece) { return page += piece, true; }));
    EXPECT_NE(page.find("〔2026〕1号"), std::string::npos);
}

TEST_F(Filing, APageThatCannotBeKeptLeavesANumberThatSaysWhyAndNoDocument) {
    FilingAsk failing = ask("TB-1");
    failing.kept = [](const std::string&) -> Status { return fail(Code::store_failed, "disk", "the disk is full"); };
    const auto refused = file_report(*board_, failing);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().front().code, Code::store_failed);
    EXPECT_NE(refused.error().front().message.find("the disk is full"), std::string::npos);
    // The number is given and cannot be taken out of the row: its record is void, without a page, and says why.
    const auto left = circular(1);
    ASSERT_TRUE(left);
    EXPECT_TRUE(left->voided);
    EXPECT_EQ(value(*left, "number"), record::Value(std::string("〔2026〕1号")));
    EXPECT_TRUE(record::is_unset(value(*left, "paper")));
    const auto entry = board_->snapshot()->entry(left->position);
    ASSERT_TRUE(entry);
    EXPECT_NE(entry->plain.find("正文未能保存"), std::string::npos);
    // It is issued again under another code, with the next number.
    const auto again = file_report(*board_, ask("TB-2"));
    ASSERT_TRUE(again) << text_of(again.error());
    EXPECT_EQ(again->number, "〔2026〕2号");
    EXPECT_TRUE(board_->verify().ok);
}

TEST_F(Filing, AMistakeOfTheTemplateIsToldBeforeAnythingIsWritten) {
    const std::int64_t before = board_->snapshot()->position().value;
    FilingAsk wrong = ask("TB-1");
    wrong.period = Period::whole_year(2026);
    EXPECT_FALSE(file_report(*board_, wrong));
    FilingAsk nobody = ask("TB-1");
    nobody.post = {};
    EXPECT_FALSE(file_report(*board_, nobody));
    EXPECT_EQ(board_->snapshot()->position().value, before);
    EXPECT_FALSE(circular(1));
}

}  // namespace
}  // namespace yipan::report
