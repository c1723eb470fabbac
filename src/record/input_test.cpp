#include "record/input.h"

#include <gtest/gtest.h>

#include "model/scalar.h"

namespace yipan::record {
namespace {
using model::Field;
using model::FieldKind;

struct Desk {
    model::Model model;
    FindByKey find = [](int, std::string_view key) -> Result<RecordId> {
        if (key == "P-1") return RecordId(7);
        if (key == "P-2") return RecordId(3);
        return fail(Code::not_found, "", "there is no project \"" + std::string(key) + "\"");
    };
    NameOf key_of = [](int, RecordId id) { return id.value == 7 ? "P-1" : id.value == 3 ? "P-2" : ""; };

    Desk() {
        model::Type project;
        project.code = "project";
        project.fields.push_back(field(FieldKind::text, "code"));
        project.key = 0;
        model.types.push_back(project);
        model::Type note;
        note.index = 1;
        note.code = "note";
        model.types.push_back(note);
    }
    static Field field(FieldKind kind, std::string code = "x") {
        Field out;
        out.kind = kind;
        out.code = std::move(code);
        out.scale = kind == FieldKind::decimal ? 2 : 0;
        out.target = kind == FieldKind::reference || kind == FieldKind::references ? 0 : -1;
        if (kind == FieldKind::choice)
            out.choices = {{"planned", {"计划", "計劃", "Planned"}}, {"started", {"开工", "開工", "Started"}}};
        return out;
    }
    Result<Value> read(const Field& of, std::string_view text) const { return parse_value(model, of, text, find); }
    Result<Value> read(FieldKind kind, std::string_view text) const { return read(field(kind), text); }
};
}  // namespace

TEST(Input, reads_what_people_write) {
    const Desk desk;
    const std::pair<std::pair<FieldKind, const char*>, Value> table[] = {
        {{FieldKind::integer, "1,234"}, std::int64_t{1234}},
        {{FieldKind::integer, " -5 "}, std::int64_t{-5}},
        {{FieldKind::decimal, "1,234.5"}, std::int64_t{123450}},
        {{FieldKind::decimal, "-1,234,567.80"}, std::int64_t{-123456780}},
        {{FieldKind::decimal, "2.500"}, std::int64_t{250}},
        {{FieldKind::money, "12.50"}, std::int64_t{1250}},
        {{FieldKind::money, "1,234.50"}, std::int64_t{123450}},
        {{FieldKind::date, "2026-06-30"}, std::int64_t{Date::of(2026, 6, 30)->days}},
        {{FieldKind::date, "2026/6/3"}, std::int64_t{Date::of(2026, 6, 3)->days}},
        {{FieldKind::date, "2026年6月3日"}, std::int64_t{Date::of(2026, 6, 3)->days}},
        {{FieldKind::date, "2026年12月31日"}, std::int64_t{Date::of(2026, 12, 31)->days}},
        {{FieldKind::period, "2026-06"}, Period::month(2026, 6).encoded()},
        {{FieldKind::boolean, "是"}, std::int64_t{1}},
        {{FieldKind::boolean, "No"}, std::int64_t{0}},
        {{FieldKind::instant, "2026-07-01T09:00:00+08:00"}, Instant::parse("2026-07-01T01:00:00Z")->micros},
        {{FieldKind::choice, "planned"}, std::string("planned")},
        {{FieldKind::choice, "開工"}, std::string("started")},
        {{FieldKind::choice, " Started"}, std::string("started")},
        {{FieldKind::reference, "P-1"}, std::int64_t{7}},
        {{FieldKind::references, "P-1; P-2;P-1"}, std::string("[3,7]")},
        {{FieldKind::text, " as it is "}, std::string(" as it is ")},
        {{FieldKind::place, "{\"type\": \"Point\", \"coordinates\": [120.15, 33.350]}"},
         std::string("{\"type\":\"Point\",\"coordinates\":[120.15,33.350]}")},
        {{FieldKind::money, ""}, Value{}},
        {{FieldKind::money, "\xE3\x80\x80"}, Value{}},
    };
    for (const auto& [in, value] : table) {
        const auto read = desk.read(in.first, in.second);
        ASSERT_TRUE(read) << in.second << ": " << read.error().text();
        EXPECT_TRUE(*read == value) << in.second;
    }
}

TEST(Input, says_what_would_have_been_right) {
    const Desk desk;
    struct Row {
        FieldKind kind;
        const char* text;
        const char* message;
        const char* hint;
    };
    const Row table[] = {
        {FieldKind::integer, "12.5", "not a whole number", "digits only"},
        {FieldKind::integer, "1,23", "not a whole number", "groups of three"},
        {FieldKind::integer, "12,34,567", "not a whole number", "groups of three"},
        {FieldKind::integer, "99999999999999999999", "64 bits", "9223372036854775807"},
        {FieldKind::integer, "１２", "not a whole number", "half-width"},
        {FieldKind::decimal, "1.255", "too many decimal places", "at most 2"},
        {FieldKind::decimal, "12%", "not a number", "digits and a point"},
        {FieldKind::decimal, ",123", "not a number", "groups of three"},
        {FieldKind::money, "0.005", "not an amount", "two decimal places"},
        {FieldKind::money, "￥5", "not an amount", "CNY"},
        {FieldKind::money, "5，000", "not an amount", "half-width"},
        {FieldKind::date, "2026-02-30", "not a day", "YYYY-MM-DD"},
        {FieldKind::date, "45000", "not a day", "YYYY-MM-DD"},
        {FieldKind::period, "June", "not a period", "2026-06"},
        {FieldKind::boolean, "maybe", "not yes or no", "是"},
        {FieldKind::instant, "noon", "not a point in time", "2026-07-01T09:00:00+08:00"},
        {FieldKind::choice, "panned", "not a choice", "did you mean planned"},
        {FieldKind::choice, "done", "not a choice", "one of: planned started"},
        {FieldKind::reference, "P-9", "no project", "code of a record of type project"},
        {FieldKind::references, "P-1;P-9", "no project", "code of a record"},
        {FieldKind::attachment, "plan.pdf", "not an attachment", "sha256:"},
        {FieldKind::place, "{\"type\":\"Point\",\"coordinates\":[220,33]}", "outside", "Point"},
        {FieldKind::place, "{\"type\":\"Polygon\",\"coordinates\":[]}", "Point", "coordinates"},
        {FieldKind::text, "\xFF", "not UTF-8", "UTF-8"},
    };
    for (const Row& row : table) {
        const auto read = desk.read(row.kind, row.text);
        ASSERT_FALSE(read) << row.text;
        EXPECT_EQ(read.error().where, "x") << row.text;
        EXPECT_NE(read.error().message.find(row.message), std::string::npos) << row.text << ": " << read.error().text();
        EXPECT_NE(read.error().hint.find(row.hint), std::string::npos) << row.text << ": " << read.error().text();
    }
}

TEST(Input, takes_only_the_grains_of_the_field) {
    const Desk desk;
    Field month = Desk::field(FieldKind::period);
    month.grains = {PeriodKind::month};
    EXPECT_TRUE(desk.read(month, "2026-06"));
    EXPECT_NE(desk.read(month, "2026Q2").error().hint.find("month"), std::string::npos);
}

TEST(Input, names_records_without_a_key_by_number) {
    const Desk desk;
    Field note = Desk::field(FieldKind::reference);
    note.target = 1;
    EXPECT_TRUE(*desk.read(note, "#12") == Value{std::int64_t{12}});
    EXPECT_EQ(plain_text(desk.model, note, Value{std::int64_t{12}}, {}), "#12");
    EXPECT_FALSE(desk.read(FieldKind::reference, "#12"));  // project has a key
}

TEST(Input, reads_back_what_it_writes) {
    const Desk desk;
    const std::pair<FieldKind, Value> table[] = {
        {FieldKind::integer, std::int64_t{-1234567}},
        {FieldKind::decimal, std::int64_t{-5}},
        {FieldKind::money, std::int64_t{123456789}},
        {FieldKind::date, std::int64_t{20000}},
        {FieldKind::period, Period::year_to_date(2026, 6).encoded()},
        {FieldKind::boolean, std::int64_t{0}},
        {FieldKind::instant, std::int64_t{1'234'567'890}},
        {FieldKind::choice, std::string("started")},
        {FieldKind::reference, std::int64_t{3}},
        {FieldKind::references, std::string("[3,7]")},
        {FieldKind::text, std::string("a;b, \"c\"")},
        {FieldKind::number, std::string("〔2026〕3号")},
        {FieldKind::place, std::string("{\"type\":\"Point\",\"coordinates\":[120.15,33.350]}")},
        {FieldKind::attachment, "sha256:" + std::string(64, 'a') + " plan 1.pdf"},
        {FieldKind::text, Value{}}};
    for (const auto& [kind, value] : table) {
        const std::string text = plain_text(desk.model, Desk::field(kind), value, desk.key_of);
        const auto read = desk.read(kind, text);
        ASSERT_TRUE(read) << text << ": " << read.error().text();
        EXPECT_TRUE(*read == value) << text;
    }
}

TEST(Input, shows_values_for_people) {
    const Desk desk;
    const auto show = [&](FieldKind kind, Value value, model::Language language) {
        return display(desk.model, Desk::field(kind), value, language, desk.key_of);
    };
    EXPECT_EQ(show(FieldKind::money, std::int64_t{123456789}, model::Language::en), "1,234,567.89");
    EXPECT_EQ(show(FieldKind::integer, std::int64_t{-123}, model::Language::en), "-123");
    EXPECT_EQ(show(FieldKind::decimal, std::int64_t{-123456}, model::Language::hans), "-1,234.56");
    EXPECT_EQ(show(FieldKind::choice, std::string("started"), model::Language::hant), "開工");
    EXPECT_EQ(show(FieldKind::boolean, std::int64_t{1}, model::Language::hans), "是");
    EXPECT_EQ(show(FieldKind::period, Period::month(2026, 3).encoded(), model::Language::hans), "2026年3月");
    EXPECT_EQ(show(FieldKind::references, std::string("[3,7]"), model::Language::hans), "P-2、P-1");
    EXPECT_EQ(show(FieldKind::references, std::string("[3,9]"), model::Language::en), "P-2, #9");
    EXPECT_EQ(show(FieldKind::attachment, "sha256:" + std::string(64, 'a') + " plan 1.pdf", model::Language::en),
              "plan 1.pdf");
    EXPECT_EQ(show(FieldKind::money, Value{}, model::Language::en), "");
}

}  // namespace yipan::record
