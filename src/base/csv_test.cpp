#include "base/csv.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace yipan {
namespace {

using Row = std::vector<std::string>;
struct Reading {
    std::vector<Row> rows;
    std::vector<std::uint64_t> lines;
    Errors errors;
    bool operator==(const Reading&) const = default;
};

ByteSource in_pieces(std::string_view text, std::vector<std::size_t> cuts) {
    std::sort(cuts.begin(), cuts.end());
    return [text, cuts, at = std::size_t{0}](std::span<char> room) mutable -> Result<std::size_t> {
        const auto cut = std::find_if(cuts.begin(), cuts.end(), [&](std::size_t c) { return c > at; });
        const std::size_t n = std::min({room.size(), (cut == cuts.end() ? text.size() : *cut) - at, text.size() - at});
        std::copy_n(text.data() + at, n, room.data());
        at += n;
        return n;
    };
}

Reading drain(CsvReader& reader) {
    Reading out;
    while (!reader.broken()) {
        const auto more = reader.next();
        if (!more) {
            out.errors.push_back(more.error());
        } else if (*more) {
            out.rows.emplace_back(reader.row().begin(), reader.row().end());
            out.lines.push_back(reader.line());
        } else {
            break;
        }
    }
    return out;
}

Reading read(std::string_view text, CsvOptions options = {}) {
    CsvReader reader(bytes_of_text(text), std::move(options));
    return drain(reader);
}

std::string only_error(std::string_view text, CsvOptions options = {}) {
    const Reading got = read(text, std::move(options));
    return got.errors.size() == 1 ? got.errors[0].text()
                                  : std::to_string(got.errors.size()) + " errors: " + text_of(got.errors);
}

std::string write(const std::vector<Row>& rows, CsvWriterOptions options = {}) {
    std::string out;
    CsvWriter writer([&](std::string_view bytes) -> Status { return out += bytes, Status{}; }, options);
    for (const Row& row : rows) {
        for (const std::string& cell : row) writer.text(cell);
        EXPECT_TRUE(writer.end_row());
    }
    EXPECT_TRUE(writer.finish());
    return out;
}

// 镇江,长江\n in GB 18030, made with iconv.
constexpr std::string_view gb_line = "\xD5\xF2\xBD\xAD,\xB3\xA4\xBD\xAD\n";

TEST(Csv, reads_plain_rows_with_any_line_end) {
    for (const std::string end : {"\n", "\r\n", "\r"}) {
        const Reading got = read("a,b" + end + ",2" + end + "x,");
        EXPECT_EQ(got.rows, (std::vector<Row>{{"a", "b"}, {"", "2"}, {"x", ""}}));
        EXPECT_EQ(got.lines, (std::vector<std::uint64_t>{1, 2, 3}));
        EXPECT_TRUE(got.errors.empty());
    }
}

TEST(Csv, quotes_hold_separators_line_ends_and_doubled_quotes) {
    const Reading got = read("\"a,\"\"b\"\"\r\nc\",\"\"\n\"\"\"\",d\"e\n");
    EXPECT_EQ(got.rows, (std::vector<Row>{{"a,\"b\"\r\nc", ""}, {"\"", "d\"e"}}));
    EXPECT_EQ(got.lines, (std::vector<std::uint64_t>{1, 3}));
}

TEST(Csv, line_numbers_count_physical_lines_through_blank_ones_and_quotes) {
    const Reading got = read("\n\r\n\r\"x\ny\r\nz\rw\"\n\nend");
    EXPECT_EQ(got.rows.size(), 2u);
    EXPECT_EQ(got.lines, (std::vector<std::uint64_t>{4, 9}));
}

TEST(Csv, an_empty_file_has_no_rows_and_a_quoted_nothing_is_a_row) {
    EXPECT_TRUE(read("").rows.empty());
    EXPECT_TRUE(read("\xEF\xBB\xBF").rows.empty());
    EXPECT_TRUE(read("\n\n").rows.empty());
    EXPECT_EQ(read("\"\"").rows, (std::vector<Row>{{""}}));
}

TEST(Csv, another_separator_is_taken) {
    EXPECT_EQ(read("a;b,c\n", {.separator = ';'}).rows, (std::vector<Row>{{"a", "b,c"}}));
}

TEST(Csv, an_unclosed_quote_names_the_line_where_it_was_opened) {
    EXPECT_EQ(only_error("a,b\nc,\"d\ne\n", {.name = "t.csv"}),
              "t.csv:2: a quote opened in line 2 is not closed (a quote inside a quoted cell is doubled)");
    EXPECT_EQ(only_error("a\n\"b\"c\n", {.name = "t.csv"}),
              "t.csv:2: text behind the closing quote of cell 1 (a quote inside a quoted cell is doubled)");
}

TEST(Csv, bad_bytes_cost_only_their_row_and_are_named_with_row_and_cell) {
    using std::string_literals::operator""s;
    const std::string text =
        "a,b\nc,\xC3(\nd,e\nf\0g\n\n\xED\xA0\x80\n\xF4\x90\x80\x80\n\xC0\x80\nh,\"\n\xE4\xB8\"\nz\n"s;
    const Reading got = read(text, {.name = "t"});
    EXPECT_EQ(got.rows, (std::vector<Row>{{"a", "b"}, {"d", "e"}, {"z"}}));
    std::vector<std::string> where;
    for (const Error& e : got.errors) where.push_back(e.where);
    EXPECT_EQ(where, (std::vector<std::string>{"t:2:2", "t:4:1", "t:6:1", "t:7:1", "t:8:1", "t:9:2"}));
    EXPECT_EQ(got.errors[0].message, "bytes that are not UTF-8");
    EXPECT_EQ(got.errors[1].message, "a NUL byte");
}

TEST(Csv, gb18030_is_detected_and_converted) {
    CsvReader reader(bytes_of_text(gb_line));
    EXPECT_EQ(drain(reader).rows, (std::vector<Row>{{"镇江", "长江"}}));
    EXPECT_EQ(reader.encoding(), CsvEncoding::gb18030);
    CsvReader marked(
        bytes_of_text("\x84\x31\x95\x33"
                      "a,b"));
    EXPECT_EQ(drain(marked).rows, (std::vector<Row>{{"a", "b"}}));
    // Four bytes: U+20000, and U+00E9 of the small four-byte range.
    EXPECT_EQ(read("\x95\x32\x82\x36\x81\x30\x86\x31", {.encoding = CsvEncoding::gb18030}).rows.size(), 1u);
    EXPECT_EQ(read("\x95\x32\x82\x36", {.encoding = CsvEncoding::gb18030}).rows,
              (std::vector<Row>{{"\xF0\xA0\x80\x80"}}));
}

TEST(Csv, bad_gb18030_is_named_with_row_and_cell) {
    std::string text;
    for (int i = 0; i < 3; ++i) text += gb_line;
    text += "a,\xFF\xFF\n";
    text += gb_line;
    text += "x,y,\xD5";
    const Reading got = read(text, {.name = "t", .encoding = CsvEncoding::gb18030});
    EXPECT_EQ(got.rows.size(), 4u);
    ASSERT_EQ(got.errors.size(), 2u);
    EXPECT_EQ(got.errors[0].text(), "t:4:2: bytes that are not GB 18030 (save it as UTF-8)");
    EXPECT_EQ(got.errors[1].where, "t:6:3");
}

TEST(Csv, utf8_with_a_damaged_byte_is_not_taken_for_gb18030) {
    std::string text;
    for (int i = 0; i < 50; ++i) text += "镇江新区,大港街道\n";
    text += "\xD5\xF2\n";  // two bytes that would be good GB 18030
    CsvReader reader(bytes_of_text(text));
    EXPECT_EQ(drain(reader).errors.size(), 1u);
    EXPECT_EQ(reader.encoding(), CsvEncoding::utf8);
}

TEST(Csv, utf16_is_refused_with_the_way_out) {
    EXPECT_EQ(only_error({"\xFF\xFE"
                          "a\0",
                          4},
                         {.name = "t"}),
              "t:1: the file is UTF-16 (save it as UTF-8 or GB 18030)");
}

TEST(Csv, rows_and_columns_beyond_the_limits_are_refused) {
    const CsvOptions small{.name = "t", .row_bytes_max = 10, .columns_max = 3};
    EXPECT_EQ(read("1234567890\n\"12345678\"\r\n", small).rows.size(), 2u);
    EXPECT_EQ(only_error("a\n12345678901\n", small),
              "t:2: a row of more than 10 bytes (perhaps a quote in it is not closed)");
    EXPECT_EQ(read("a,b,c\n", small).rows.size(), 1u);
    EXPECT_EQ(only_error("a,b,c,d\n", small), "t:1: a row of more than 3 cells (perhaps the separator is another)");
    const std::string endless = "a\n\"" + std::string(csv_row_bytes_max * 3, 'x');
    EXPECT_EQ(read(endless).errors.at(0).code, Code::limit_exceeded);
    const std::string full = std::string(csv_row_bytes_max, 'x') + "\nb\n";
    EXPECT_EQ(read(full).rows.size(), 2u);
}

TEST(Csv, after_an_error_that_ends_the_file_the_same_error_comes_again) {
    CsvReader reader(bytes_of_text("\"x"));
    const auto first = reader.next();
    ASSERT_FALSE(first);
    EXPECT_TRUE(reader.broken());
    EXPECT_EQ(reader.next().error(), first.error());
}

TEST(Csv, an_error_of_the_source_comes_back) {
    CsvReader reader([](std::span<char>) -> Result<std::size_t> { return fail(Code::store_failed, "", "gone"); });
    EXPECT_EQ(reader.next().error().code, Code::store_failed);
}

TEST(Csv, every_split_of_the_bytes_gives_the_same_rows) {
    const std::vector<std::string> texts = {
        "\xEF\xBB\xBF"
        "a,\"b\"\"c\"\r\n\r\n\"x\r\ny\",镇江\rz,\"\"\n\"\xE4\",1\n,\n\"open",
        "a,b\r\n\"c\"d\r\n",
        "长,江\r\n\"\"\"\"\r\r\n,\"\r\"\"\n\"",
        std::string(gb_line) + "\"\xB3\xA4\"\"\",x\r\n\x95\x32\x82\x36,\xFF\r\n\xD5",
    };
    for (const std::string& text : texts) {
        const CsvOptions options{.encoding = text.starts_with("\xD5") ? CsvEncoding::gb18030 : CsvEncoding::utf8};
        const Reading whole = read(text, options);
        std::vector<std::size_t> all;
        for (std::size_t i = 1; i < text.size(); ++i) {
            CsvReader reader(in_pieces(text, {i}), options);
            EXPECT_EQ(drain(reader), whole) << i;
            all.push_back(i);
        }
        CsvReader bytewise(in_pieces(text, all), options);
        EXPECT_EQ(drain(bytewise), whole);
    }
}

/// The same, past the first 64 KiB that are read ahead anyway: cells long and odd enough to meet every buffer end.
TEST(Csv, rows_across_buffer_ends_are_whole) {
    std::mt19937 random(11);
    std::vector<Row> rows;
    for (int i = 0; i < 8000; ++i) {
        Row row;
        for (std::size_t c = 0; c < 1 + random() % 4; ++c) {
            std::string cell;
            for (auto k = random() % 40; k > 0; --k)
                cell += std::vector<std::string>{"江", "\"", "\r\n", "a", ",", "\n", "\r"}[random() % 7];
            row.push_back(cell);
        }
        rows.push_back(row);
    }
    const std::string text = write(rows, {.formulas = CsvFormulas::keep});
    ASSERT_GT(text.size(), 500'000u);
    EXPECT_EQ(read(text).rows, rows);
    std::vector<std::size_t> cuts;
    for (int i = 0; i < 20'000; ++i) cuts.push_back(random() % text.size());
    CsvReader reader(in_pieces(text, cuts), {});
    EXPECT_EQ(drain(reader).rows, rows);
}

TEST(Csv, what_is_written_reads_back) {
    std::mt19937 random(12);
    const std::vector<std::string> pieces = {"",   ",", "\"", "\r", "\n",           "\r\n", " ",
                                             "\t", "a", "=",  "江", "\xEF\xBB\xBF", "'",    ";"};
    for (int round = 0; round < 3000; ++round) {
        std::vector<Row> rows(random() % 4);
        for (Row& row : rows) {
            row.resize(1 + random() % 4);
            for (std::string& cell : row) {
                for (auto k = random() % 4; k > 0; --k) cell += pieces[random() % pieces.size()];
            }
        }
        const CsvWriterOptions options{.separator = random() % 2 == 0 ? ',' : ';',
                                       .byte_order_mark = random() % 2 == 0,
                                       .formulas = CsvFormulas::keep};
        const Reading back =
            read(write(rows, options), {.separator = options.separator, .encoding = CsvEncoding::utf8});
        ASSERT_EQ(back.rows, rows) << write(rows, options);
        ASSERT_TRUE(back.errors.empty());
    }
}

TEST(Csv, text_that_would_run_as_a_formula_is_neutralised_and_numbers_are_not) {
    const CsvWriterOptions plain{.byte_order_mark = false};
    EXPECT_EQ(write({{"=1+1", "+a", "-b", "@c", "\td", "\re", "f=1", "", "'g"}}, plain),
              "'=1+1,'+a,'-b,'@c,\"'\td\",\"'\re\",f=1,,'g\r\n");
    std::string out;
    CsvWriter writer([&](std::string_view bytes) -> Status { return out += bytes, Status{}; }, plain);
    writer.number("-12.50").number("+3e5").number("").number("-1+cmd|x");
    EXPECT_TRUE(writer.end_row());
    EXPECT_TRUE(writer.finish());
    EXPECT_EQ(out, "-12.50,+3e5,,'-1+cmd|x\r\n");
}

TEST(Csv, an_error_of_the_sink_comes_back) {
    CsvWriter writer([](std::string_view) -> Status { return fail(Code::store_failed, "", "disk full"); });
    writer.text("a");
    EXPECT_TRUE(writer.end_row());
    EXPECT_EQ(writer.finish().error().code, Code::store_failed);
}

}  // namespace
}  // namespace yipan
