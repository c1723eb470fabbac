#include "base/text.h"

#include <gtest/gtest.h>
#include <unicode/normalizer2.h>

#include <algorithm>
#include <random>

#include "base/text_tables.h"
#include "base/utf8.h"

namespace yipan {
namespace {

std::string utf8(char32_t c) {
    std::string out;
    append_utf8(out, c);
    return out;
}
bool scalar(char32_t c) { return c != 0 && (c < 0xD800 || c > 0xDFFF); }

TEST(Utf8, is_judged_as_rfc_3629_has_it) {
    for (const char* good :
         {"", "a", "é", "中", "\xF0\xA0\x80\x80", "\xF4\x8F\xBF\xBF", "\xED\x9F\xBF", "\xEE\x80\x80", "12345678中"}) {
        EXPECT_EQ(find_invalid_utf8(good), std::string_view::npos) << good;
    }
    const std::pair<std::string, std::size_t> bad[] = {{"\x80", 0},
                                                       {"a\xC0\x80", 1},
                                                       {"\xC1\xBF", 0},
                                                       {"\xE0\x9F\xBF", 0},
                                                       {"\xED\xA0\x80", 0},
                                                       {"\xF0\x8F\xBF\xBF", 0},
                                                       {"\xF4\x90\x80\x80", 0},
                                                       {"\xF5\x80\x80\x80", 0},
                                                       {"中\xE4\xB8", 3},
                                                       {"12345678\xFF", 8},
                                                       {std::string("1234\0", 5), 4},
                                                       {std::string("12345678\0", 9), 8},
                                                       {std::string("1234567\0", 8), 7}};
    for (const auto& [text, at] : bad) EXPECT_EQ(find_invalid_utf8(text), at);
}

TEST(Utf8, every_code_point_goes_there_and_back) {
    for (char32_t c = 1; c < 0x110000; ++c) {
        if (!scalar(c)) continue;
        const std::string text = utf8(c);
        ASSERT_EQ(utf8_length_at(text, 0), text.size());
        std::size_t at = 0;
        ASSERT_EQ(next_code_point(text, at), c);
        ASSERT_EQ(at, text.size());
    }
}

TEST(Nfc, composes_and_leaves_what_is_composed) {
    EXPECT_EQ(to_nfc("e\xCC\x81").value(), "é");
    EXPECT_EQ(to_nfc("镇江").value(), "镇江");
    EXPECT_EQ(to_nfc("").value(), "");
    EXPECT_EQ(to_nfc("\xEF\xA4\x80").value(), "豈");  // compatibility ideograph U+F900
    EXPECT_FALSE(is_nfc("e\xCC\x81"));
    EXPECT_TRUE(is_nfc("é镇江１"));
}

TEST(Nfc, refuses_nul_and_bad_bytes_with_their_place) {
    EXPECT_EQ(to_nfc(std::string_view("ab\0", 3), "name").error().text(), "name: a NUL character at byte 3");
    EXPECT_EQ(to_nfc("中\xFF", "name").error().text(), "name: not UTF-8 at byte 4");
    EXPECT_FALSE(is_nfc("\xFF"));
}

TEST(Nfc, the_quick_way_agrees_with_icu_for_every_character_alone_and_behind_another) {
    UErrorCode error = U_ZERO_ERROR;
    const auto* icu_nfc = icu::Normalizer2::getNFCInstance(error);
    for (char32_t c = 1; c < 0x30000; ++c) {
        if (!scalar(c)) continue;
        for (const std::string& before : {std::string(), std::string("a"), std::string("か"), std::string("镇")}) {
            const std::string text = before + utf8(c);
            std::string want;
            icu_nfc->normalize(icu::UnicodeString::fromUTF8(text), error).toUTF8String(want);
            ASSERT_EQ(to_nfc(text).value(), want) << static_cast<unsigned>(c);
        }
    }
}

TEST(Fold, traditional_and_simplified_case_and_width_are_one) {
    EXPECT_EQ(fold("鎮江新區ＡＢＣ１２３　㎡"), fold("镇江新区abc123 m2"));
    EXPECT_EQ(fold("計畫"), fold("计划"));
    EXPECT_EQ(fold("計劃"), fold("计划"));
    EXPECT_EQ(fold("憑藉"), fold("凭借"));
    EXPECT_EQ(fold("後臺"), fold("后台"));
    EXPECT_EQ(fold("發展"), fold("发展"));
    EXPECT_EQ(fold("Straße"), "strasse");
    EXPECT_EQ(fold("P-001（甲）"), "p-001(甲)");
    EXPECT_NE(fold("镇江"), fold("振江"));
}

TEST(Fold, is_idempotent_for_every_character) {
    for (char32_t c = 1; c < 0x110000; ++c) {
        if (!scalar(c)) continue;
        const std::string once = fold(utf8(c));
        ASSERT_EQ(fold(once), once) << static_cast<unsigned>(c);
    }
}

TEST(Fold, the_key_of_a_part_is_a_part_of_the_key) {
    std::mt19937 random(21);
    for (int round = 0; round < 2000; ++round) {
        std::string parts[3];
        for (std::string& part : parts) {
            for (auto k = random() % 5; k > 0; --k)
                part +=
                    utf8(static_cast<char32_t>(random() % 2 == 0 ? 0x4E00 + random() % 0x5200 : 1 + random() % 0xD000));
        }
        ASSERT_EQ(fold(parts[0] + parts[1] + parts[2]), fold(parts[0]) + fold(parts[1]) + fold(parts[2]));
    }
}

TEST(Fold, bytes_that_are_not_text_do_no_harm) {
    std::mt19937 random(22);
    for (int round = 0; round < 5000; ++round) {
        std::string bytes;
        for (auto k = random() % 20; k > 0; --k) bytes += static_cast<char>(random());
        EXPECT_EQ(find_invalid_utf8(fold(bytes + "x")) == std::string::npos, bytes.find('\0') == std::string::npos);
        pinyin_readings(bytes);
        pinyin_key(bytes);
        pinyin_matches(bytes, bytes);
    }
}

TEST(Pinyin, every_reading_is_found_in_full_and_by_initials) {
    const struct {
        const char* text;
        std::vector<const char*> queries;
    } cases[] = {
        {"厦门", {"xiamen", "xm", "shamen", "sm", "shm", "xiam", "xmen", "xiame"}},
        {"重庆", {"chongqing", "cq", "chq", "zhongqing", "zq", "zhq", "chongq"}},
        {"长江", {"changjiang", "cj", "zhangjiang", "zj"}},
        {"乐清", {"yueqing", "yq", "leqing", "lq"}},
        {"行长", {"hangzhang", "hz", "xingchang", "xc", "hangchang", "xingzhang"}},
        {"银行会计", {"yinhangkuaiji", "yhkj", "huiji", "yinhang", "hangkuai"}},
        {"绿色", {"lvse", "lüse", "ls"}},
        {"镇江新区管委会", {"zjxqgwh", "zhenjiangxinqu", "xinqugwh", "guanweihui", "zhjxq", "镇jiang", "xq管"}},
        {"音乐厅", {"yinyueting", "yyt", "yinle"}},
        {"西安", {"xi'an", "xian", "xa", "XI AN"}},
    };
    const std::pair<const char*, const char*> twins[] = {
        {"厦门", "廈門"},     {"重庆", "重慶"},         {"长江", "長江"}, {"乐清", "樂清"},
        {"行长", "行長"},     {"银行会计", "銀行會計"}, {"绿色", "綠色"}, {"镇江新区管委会", "鎮江新區管委會"},
        {"音乐厅", "音樂廳"}, {"西安", "西安"}};
    for (std::size_t i = 0; i < std::size(cases); ++i) {
        ASSERT_STREQ(cases[i].text, twins[i].first);
        for (const char* query : cases[i].queries) {
            EXPECT_TRUE(pinyin_matches(query, cases[i].text)) << query << " " << cases[i].text;
            EXPECT_TRUE(pinyin_matches(query, twins[i].second)) << query << " " << twins[i].second;
            EXPECT_TRUE(pinyin_matches(query, std::string("江苏") + cases[i].text + "公司")) << query;
        }
    }
}

TEST(Pinyin, what_cannot_be_spelled_does_not_match) {
    EXPECT_FALSE(pinyin_matches("xiamenx", "厦门"));
    EXPECT_FALSE(pinyin_matches("menxia", "厦门"));
    EXPECT_FALSE(pinyin_matches("xamen", "厦门"));
    EXPECT_FALSE(pinyin_matches("zxq", "镇江新区"));  // neighbours only
    EXPECT_FALSE(pinyin_matches("zhejiang", "镇江"));
    EXPECT_FALSE(pinyin_matches("a", ""));
    EXPECT_TRUE(pinyin_matches("", "镇江"));
    EXPECT_TRUE(pinyin_matches(" ' ", "镇江"));
}

TEST(Pinyin, letters_digits_and_written_characters_match_as_they_stand) {
    EXPECT_TRUE(pinyin_matches("p-001", "Ｐ－００１镇江"));
    EXPECT_TRUE(pinyin_matches("001zj", "P-001 镇江"));
    EXPECT_TRUE(pinyin_matches("鎮江", "镇江新区"));
    EXPECT_TRUE(pinyin_matches("京口區（西）", "镇江市京口区(西)"));
    EXPECT_FALSE(pinyin_matches("振江", "镇江"));
    EXPECT_TRUE(pinyin_matches("dgjd", "大港·街道"));
    EXPECT_TRUE(pinyin_matches("㈱甲", "㈱ 甲"));
    EXPECT_TRUE(pinyin_matches("lv", "Lü"));
}

TEST(Pinyin, a_query_beyond_the_limit_is_compared_as_text) {
    const std::string name = "镇江市京口区虚构新材料科技发展有限公司第一分公司仓库管理处";
    EXPECT_GT(name.size(), pinyin_query_bytes_max);
    EXPECT_TRUE(pinyin_matches(name, "x" + name));
    EXPECT_FALSE(pinyin_matches(name + "二", name));
}

TEST(Pinyin, agrees_with_trying_every_spelling) {
    // The definition, dumb: all ways to write each character, tried one after the other.
    struct Dumb {
        static bool from(const std::vector<std::vector<std::string>>& ways, std::size_t i, std::string_view rest) {
            if (rest.empty()) return true;
            if (i == ways.size()) return false;
            for (const std::string& way : ways[i]) {
                if (std::string_view(way).starts_with(rest)) return true;
                if (rest.starts_with(way) && from(ways, i + 1, rest.substr(way.size()))) return true;
                if (rest[0] == way[0] && from(ways, i + 1, rest.substr(1))) return true;
                if (way.size() > 1 && way[1] == 'h' && rest.starts_with(way.substr(0, 2)) &&
                    from(ways, i + 1, rest.substr(2)))
                    return true;
            }
            return false;
        }
    };
    const char* characters[] = {"厦", "重", "长", "行", "乐", "会", "西", "安", "区", "传"};
    std::mt19937 random(23);
    int found = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string text;
        std::vector<std::vector<std::string>> ways;
        for (auto k = 1 + random() % 4; k > 0; --k) {
            const std::string c = characters[random() % std::size(characters)];
            text += c;
            ways.emplace_back();
            std::string all = pinyin_readings(c) + ",";
            for (std::size_t at = 0; at < all.size(); at = all.find(',', at) + 1)
                ways.back().push_back(all.substr(at, all.find(',', at) - at));
        }
        std::string query;
        for (auto k = 1 + random() % 3; k > 0; --k) {
            const auto& way = ways[random() % ways.size()];
            query += way[random() % way.size()].substr(0, random() % 3 == 0 ? 1 : std::string::npos);
        }
        bool want = false;
        for (std::size_t i = 0; i < ways.size(); ++i) want = want || Dumb::from(ways, i, query);
        ASSERT_EQ(pinyin_matches(query, text), want) << query << " " << text;
        found += want;
    }
    EXPECT_GT(found, 2000);
    EXPECT_LT(found, 18'000);
}

TEST(Pinyin, readings_are_listed_best_first) {
    EXPECT_EQ(pinyin_readings("厦门"), "sha,xia men");
    EXPECT_EQ(pinyin_readings("廈門"), "sha,xia men");
    EXPECT_EQ(pinyin_readings("P-1号楼 A"), "p-1 hao lou a");
    EXPECT_EQ(pinyin_readings(""), "");
}

TEST(Pinyin, the_key_takes_phrases_first) {
    EXPECT_EQ(pinyin_key("厦门"), "xia4厦men2门");
    EXPECT_EQ(pinyin_key("大厦"), "da4大sha4厦");
    EXPECT_EQ(pinyin_key("重庆"), "chong2重qing4庆");
    EXPECT_EQ(pinyin_key("重点"), "zhong4重dian3点");
    EXPECT_EQ(pinyin_key("长江银行行长"), "chang2长jiang1江yin2银hang2行hang2行zhang3长");
    EXPECT_EQ(pinyin_key("乐清会计"), "yue4乐qing1清kuai4会ji4计");
    EXPECT_EQ(pinyin_key("A栋1号"), "adong4栋1hao4号");
    for (const auto& [a, b] : std::initializer_list<std::pair<const char*, const char*>>{{"厦门", "廈門"},
                                                                                         {"重庆", "重慶"},
                                                                                         {"长江", "長江"},
                                                                                         {"行长", "行長"},
                                                                                         {"乐清", "樂清"},
                                                                                         {"会计", "會計"}}) {
        EXPECT_EQ(pinyin_key(a), pinyin_key(b));
    }
}

TEST(Pinyin, keys_sort_as_a_dictionary_does) {
    std::vector<std::string> words = {"厦门", "重庆", "西安", "先进", "长江", "安徽", "丹阳", "句容",
                                      "扬中", "重点", "镇江", "李",   "理",   "李四", "1号",  "乐清"};
    std::sort(words.begin(), words.end(), [](const auto& a, const auto& b) { return pinyin_key(a) < pinyin_key(b); });
    EXPECT_EQ(words, (std::vector<std::string>{"1号", "安徽", "长江", "重庆", "丹阳", "句容", "李", "李四", "理",
                                               "西安", "厦门", "先进", "扬中", "乐清", "镇江", "重点"}));
}

TEST(Pinyin, phrases_of_the_list_are_found_by_their_reading) {
    // Walks the made table itself: each phrase's key spells the phrase, and the plain syllables find it.
    int seen = 0;
    for (std::size_t slot = 0; slot < tables::phrase_slots; ++slot) {
        if (tables::phrase_keys[slot] == 0) continue;
        for (std::size_t i = tables::phrase_low[slot]; i < tables::phrase_high[slot]; ++i) {
            std::string text, spelled, initials;
            for (std::size_t k = tables::phrase_begin[i]; k < tables::phrase_begin[i + 1]; ++k) {
                append_utf8(text, tables::phrase_characters[k]);
                spelled += tables::syllables[tables::phrase_items[k] >> 3];
                initials += tables::syllables[tables::phrase_items[k] >> 3][0];
            }
            ASSERT_TRUE(pinyin_matches(spelled, text)) << text << " " << spelled;
            ASSERT_TRUE(pinyin_matches(initials, text)) << text << " " << initials;
            ++seen;
        }
    }
    EXPECT_GT(seen, 800);
}

}  // namespace
}  // namespace yipan
