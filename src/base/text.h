#pragma once
// Text services: the one normal form in which text is stored (NFC, no NUL, UTF-8), the key by which it is searched
// (traditional and simplified, upper and lower case, full and half width are one), and pinyin: search by every reading
// of a character, in full or by initials, and a key for display order. Tables are made while building from ICU, OpenCC
// and Unihan (tools/make_text_tables); at run time there is nothing to load. Functions that return strings never fail:
// bytes that are not UTF-8 count as U+FFFD. About a microsecond for the name of a company.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace yipan {

/// The stored form. Refuses NUL and bytes that are not UTF-8; `where` begins the place in the error.
Result<std::string> to_nfc(std::string_view text, std::string_view where = {});
/// True for text that is well formed, without NUL and already NFC; mostly decided without ICU.
bool is_nfc(std::string_view text);

/// The search key, never for display: character by character, so that the key of a part is a part of the key. NFKC and
/// case folding (１ａ㎡ -> 1am2), then one character for all that a search should not tell apart: 廈 and 厦, 畫 and 划
/// (計畫, 计划), 藉 and 借. fold(fold(x)) is fold(x). The text should be NFC.
std::string fold(std::string_view text);

/// All readings in one line: "sha,xia men" for 厦门; a token for each Han character, alternatives separated by commas,
/// everything else folded as it stands. The best reading comes first in each token.
std::string pinyin_readings(std::string_view text);

/// Display order as dictionaries have it, compared as bytes: syllable, tone, character, with readings from the phrase
/// list first (重庆 is under chong). Traditional and simplified texts have one key; ties are for the caller to break.
std::string pinyin_key(std::string_view text);

inline constexpr std::size_t pinyin_query_bytes_max = 60;

/// A typed search, prepared once. It matches a text if it can be spelled along neighbouring characters of it, each one
/// written as itself (whatever its script form), in full pinyin by any reading (lv for 绿), or by its initial (c or ch
/// for 重); the last syllable may be unfinished. Blanks, apostrophes and punctuation do not count on either side. A
/// query longer than the limit is compared as a folded part of the text only.
class PinyinQuery {
  public:
    explicit PinyinQuery(std::string_view typed);
    bool matches(std::string_view text) const;
    bool matches_nothing_typed() const { return query_.empty(); }  // then every text matches

  private:
    std::string query_;  // folded, blanks and punctuation dropped
    std::string plain_;  // folded, for queries too long
};
bool pinyin_matches(std::string_view query, std::string_view text);

}  // namespace yipan
