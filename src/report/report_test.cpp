#include "report/report.h"

#include <gtest/gtest.h>

namespace yipan::report {
namespace {

TEST(Number, IsRoundedOnceHalfAwayFromZero) {
    EXPECT_EQ(written({12345, 1}, As::number, 0), "1,235");
    EXPECT_EQ(written({-12345, 1}, As::number, 0), "-1,235");
    EXPECT_EQ(written({1005, 3}, As::number, 2), "1.01");
    EXPECT_EQ(written({1234500, 2}, As::plain, 2), "12345.00");
    EXPECT_EQ(written({-4, 1}, As::number, 0), "0");
}

TEST(Number, ChangesUnitWithoutOverflow) {
    EXPECT_EQ(written({1234560000000, 2}, As::yi, 2), "123.46");
    EXPECT_EQ(written({1234567, 2}, As::wan, 2), "1.23");
    EXPECT_EQ(written({INT64_MAX, 0}, As::number, 12), "9,223,372,036,854,775,807.000000000000");
    EXPECT_EQ(written({INT64_MIN, 18}, As::plain, 0), "-9");
}

TEST(Number, SaysGrowthAndLeadInWords) {
    EXPECT_EQ(written({123, 1}, As::growth, 1), "增长12.3%");
    EXPECT_EQ(written({-31, 1}, As::growth, 1), "下降3.1%");
    EXPECT_EQ(written({4, 2}, As::growth, 1), "持平");
    EXPECT_EQ(written({21, 1}, As::lead, 1), "超序时进度2.1个百分点");
    EXPECT_EQ(written({-30, 1}, As::lead, 1), "落后序时进度3.0个百分点");
    EXPECT_EQ(written({0, 0}, As::lead, 1), "与序时进度持平");
    EXPECT_EQ(written({56, 0}, As::percent, 1), "56.0%");
}

TEST(Number, GroupsThousands) {
    EXPECT_EQ(with_separators("-1234567.25"), "-1,234,567.25");
    EXPECT_EQ(with_separators("123"), "123");
    EXPECT_EQ(with_separators("-123"), "-123");
}

TEST(Template, ReadsHeadLinesAndPlaceholders) {
    const auto read = parse_template(
        "---\nlabel: [甲, 甲, A]\nperiods: [half]\nunit: organ\n---\n# 标题\n\n%% remark\n产值{{ figure:output as=yi "
        "decimals=1 by.level=\"省 级\" }}亿元。\n- 项\n",
        "r.md");
    ASSERT_TRUE(read) << text_of(read.error());
    EXPECT_EQ(read->label, "甲");
    EXPECT_EQ(read->unit_type, "organ");
    ASSERT_EQ(read->periods.size(), 1u);
    ASSERT_EQ(read->lines.size(), 4u);
    EXPECT_EQ(read->lines[0].kind, LineKind::heading);
    EXPECT_EQ(read->lines[1].kind, LineKind::blank);
    EXPECT_EQ(read->lines[2].kind, LineKind::sentence);
    EXPECT_EQ(read->lines[3].kind, LineKind::item);
    ASSERT_EQ(read->placeholders.size(), 1u);
    EXPECT_EQ(read->placeholders[0].name, "output");
    EXPECT_EQ(read->placeholders[0].as, As::yi);
    EXPECT_EQ(read->placeholders[0].decimals, 1);
    EXPECT_EQ(read->placeholders[0].key("by.level"), "省 级");
    EXPECT_EQ(read->placeholders[0].where, "r.md:9:7");
}

TEST(Template, NamesEveryMistakeWithItsPlace) {
    const auto read = parse_template(
        "a {{ figur:x }}\nb {{ figure:x windo=ytd }}\nc {{ figure:x\nd {{ figure:x as=yuan }}\n", "r.md");
    ASSERT_FALSE(read);
    ASSERT_EQ(read.error().size(), 4u);
    EXPECT_EQ(read.error()[0].where, "r.md:1:3");
    EXPECT_NE(read.error()[1].text().find("window"), std::string::npos);
    EXPECT_EQ(read.error()[2].where, "r.md:3:3");
    EXPECT_NE(read.error()[3].text().find("yuan"), std::string::npos);
}

Document small_document() {
    Document document;
    document.title = "报告";
    document.board_name = "甲<乙>";
    Block sentence;
    sentence.spans = {{"产值", -1, false, true}, {"12<b>", 0, false, false}, {"|*", -1, false, false}};
    document.blocks = {sentence};
    Source source;
    source.title = "产值 <script>";
    source.rows = {{"记录 & \"甲\"", "12", "#1", ""}};
    source.rows_total = 25;
    document.sources = {source};
    document.left_out = {{"缺 {{ figure:x }}", "{{ figure:x }}", "no record contributes"}};
    return document;
}

TEST(Html, EscapesEverythingAndLinksEveryNumber) {
    const std::string page = to_html(small_document());
    EXPECT_EQ(page.find("<script"), std::string::npos);
    EXPECT_EQ(page.find("<b>"), std::string::npos);
    EXPECT_NE(page.find("href=\"#w1\">12&lt;b&gt;</a>"), std::string::npos);
    EXPECT_NE(page.find("id=\"w1\""), std::string::npos);
    EXPECT_NE(page.find("另有 24 条记录"), std::string::npos);
    EXPECT_NE(page.find("因无数据未列出的句子"), std::string::npos);
    EXPECT_EQ(page.find("://"), std::string::npos) << "the page needs no other file";
    EXPECT_EQ(page.find("url("), std::string::npos);
    EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
}

TEST(Html, SaysHowOldItsNumbersAreAndLeadsBackFromEverySource) {
    Document document = small_document();
    document.today = "2026-07-01";
    document.position = 77;
    document.sources[0].title = "完成率 · 甲区 · 2026年";
    document.sources[0].parts = {{"done", "完成 · 甲区 · 2026年", "5", 1}};
    document.sources.push_back({});
    const std::string page = to_html(document);
    EXPECT_NE(page.find("数据截至 2026-07-01 · 台账序号 77"), std::string::npos);
    EXPECT_NE(page.find("id=\"n1\""), std::string::npos);
    EXPECT_NE(page.find("href=\"#n1\">↑ 正文"), std::string::npos);
    EXPECT_NE(page.find("href=\"#w1\">↑ 1"), std::string::npos) << "a part leads back to what it is a part of";
    EXPECT_NE(page.find("<td class=\"soft\">完成</td>"), std::string::npos) << "unit and period are those of the title";
    EXPECT_NE(page.find("<td>缺 ____</td>"), std::string::npos)
        << "a sentence left out shows a gap, not the placeholder";
}

TEST(Html, FoldsLongListsOfRecords) {
    Document document = small_document();
    EXPECT_EQ(to_html(document).find("<details>"), std::string::npos);
    document.sources[0].rows.resize(20, document.sources[0].rows[0]);
    document.sources[0].rows_total = 224;
    EXPECT_NE(to_html(document).find("<details><summary>224 条记录，列出前 20 条"), std::string::npos);
}

TEST(Template, ReadsTheMarksOfAnOfficialDocumentAndRowsForEveryUnit) {
    const auto read = parse_template(
        "---\nlayout: official\nfiled_as: circular\n---\n@head {{ board:unit }}文件\n@signed 办公室\n|* {{ row:place by=rate }} | {{ row:name }} |\n", "r.md");
    ASSERT_TRUE(read) << text_of(read.error());
    EXPECT_TRUE(read->official);
    EXPECT_EQ(read->filed_as, "circular");
    ASSERT_EQ(read->lines.size(), 3u);
    EXPECT_EQ(read->lines[0].kind, LineKind::mark);
    EXPECT_EQ(read->lines[0].mark, "head");
    EXPECT_TRUE(read->lines[2].each);
    EXPECT_EQ(read->placeholders[1].key("by"), "rate");
    EXPECT_EQ(read->placeholders[1].where, "r.md:7:4");
    const auto wrong = parse_template("@haed 文件\n", "r.md");
    ASSERT_FALSE(wrong);
    EXPECT_NE(wrong.error().front().hint.find("head"), std::string::npos) << text_of(wrong.error());
}

TEST(Html, LaysOutAnOfficialDocumentOnlyWhenAsked) {
    Document document = small_document();
    EXPECT_EQ(to_html(document).find("body class"), std::string::npos);
    document.official = true;
    document.board_note = "虚构示例";
    document.blocks.push_back({LineKind::mark, 0, "number", {{"督通〔2026〕1号"}}});
    const std::string page = to_html(document);
    EXPECT_NE(page.find("<body class=\"official\">"), std::string::npos);
    EXPECT_NE(page.find("margin:37mm 26mm 35mm 28mm"), std::string::npos);
    EXPECT_NE(page.find("<p class=\"number\">督通〔2026〕1号</p>"), std::string::npos);
    EXPECT_NE(page.find("虚构示例"), std::string::npos) << "the foot says whose board it is";
}

TEST(Markdown, EscapesValuesAndKeepsTheTemplate) {
    const std::string text = to_markdown(small_document());
    EXPECT_NE(text.find("产值[12\\<b\\>](#w1)\\|\\*"), std::string::npos) << text;
    EXPECT_NE(text.find("<a id=\"w1\"></a>"), std::string::npos);
}

}  // namespace
}  // namespace yipan::report
