#include "base/text.h"

#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/check.h"
#include "base/text_tables.h"
#include "base/utf8.h"

namespace yipan {
namespace {

constexpr char32_t replacement = 0xFFFD;

/// The next character of any bytes; what is not UTF-8 is U+FFFD, byte by byte.
char32_t next(std::string_view text, std::size_t& at) {
    const auto byte = static_cast<std::uint8_t>(text[at]);
    if (byte < 0x80) return ++at, byte;
    if (utf8_length_at(text, at) == 0) return ++at, replacement;
    return next_code_point(text, at);
}

const icu::Normalizer2& nfc() {
    static const icu::Normalizer2* const instance = [] {
        UErrorCode error = U_ZERO_ERROR;
        const auto* found = icu::Normalizer2::getNFCInstance(error);
        YIPAN_CHECK(U_SUCCESS(error));
        return found;
    }();
    return *instance;
}

/// Characters that NFC leaves alone whatever stands beside them, by ranges that make up nearly all Chinese text; the
/// combining marks at U+302A and U+3099 lie between them.
bool plainly_nfc(char32_t c) {
    return c < 0x300 || (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3001 && c < 0x302A) || (c >= 0xFF01 && c <= 0xFFEE) ||
           (c >= 0x2010 && c <= 0x2027) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c < 0x2F800);
}

bool needs_no_icu(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        if (!plainly_nfc(next_code_point(text, at))) return false;
    }
    return true;
}

bool icu_says_nfc(std::string_view text) {
    UErrorCode error = U_ZERO_ERROR;
    return nfc().isNormalizedUTF8({text.data(), static_cast<std::int32_t>(text.size())}, error) != 0 &&
           U_SUCCESS(error);
}

std::uint32_t fold_of(char32_t c) { return tables::lookup(tables::fold_blocks, tables::fold_values, c); }

/// Appends the folded form of one character.
void append_folded(std::string& out, char32_t c) {
    const std::uint32_t to = fold_of(c);
    if (to >= tables::fold_text_first) {
        out += tables::fold_texts[to - tables::fold_text_first];
    } else {
        append_utf8(out, to == 0 ? c : to);
    }
}

std::span<const std::uint16_t> readings_of(char32_t c) {
    const std::uint16_t set = tables::lookup(tables::reading_blocks, tables::reading_values, c);
    const std::uint16_t begin = tables::reading_set_begin[set];
    return {tables::reading_set_items + begin, static_cast<std::size_t>(tables::reading_set_begin[set + 1] - begin)};
}
std::string_view syllable(std::uint16_t item) { return tables::syllables[item >> 3]; }
char tone(std::uint16_t item) { return static_cast<char>('0' + (item & 7)); }

std::span<const char32_t> phrase_text(std::size_t phrase) {
    const std::uint16_t begin = tables::phrase_begin[phrase];
    return {tables::phrase_characters + begin, static_cast<std::size_t>(tables::phrase_begin[phrase + 1] - begin)};
}

/// The longest phrase the (folded) characters begin with: its readings; empty if there is none.
std::span<const std::uint16_t> phrase_at(std::span<const char32_t> text) {
    std::size_t slot = tables::phrase_slot(text[0]);
    while (tables::phrase_keys[slot] != text[0]) {
        if (tables::phrase_keys[slot] == 0) return {};
        slot = (slot + 1) & (tables::phrase_slots - 1);
    }
    std::span<const std::uint16_t> best;
    for (std::size_t i = tables::phrase_low[slot]; i < tables::phrase_high[slot]; ++i) {
        const auto wanted = phrase_text(i);
        if (wanted.size() <= best.size() || wanted.size() > text.size()) continue;
        if (std::equal(wanted.begin(), wanted.end(), text.begin()))
            best = {tables::phrase_items + tables::phrase_begin[i], wanted.size()};
    }
    return best;
}

/// Blanks and punctuation, which a search steps over. Asked of folded characters.
bool silent(char32_t c) {
    if (c < 0x80) return !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
    return (c >= 0x2010 && c <= 0x205E) || (c >= 0x3001 && c <= 0x3003) || (c >= 0x3008 && c <= 0x301F) || c == 0xB7;
}

/// Appends the folded form without what is silent; ü as it is typed.
void append_spoken(std::string& out, char32_t c) {
    const std::uint32_t to = fold_of(c);
    const char32_t one = to == 0 ? c : to;
    if (one < tables::fold_text_first) {
        if (!silent(one)) append_utf8(out, one == U'ü' ? U'v' : one);
        return;
    }
    const std::string_view text = tables::fold_texts[to - tables::fold_text_first];
    for (std::size_t at = 0; at < text.size();) {
        const char32_t part = next_code_point(text, at);
        if (!silent(part)) append_utf8(out, part == U'ü' ? U'v' : part);
    }
}

}  // namespace

bool is_nfc(std::string_view text) {
    return find_invalid_utf8(text) == std::string_view::npos && (needs_no_icu(text) || icu_says_nfc(text));
}

Result<std::string> to_nfc(std::string_view text, std::string_view where) {
    if (const std::size_t bad = find_invalid_utf8(text); bad != std::string_view::npos) {
        if (text[bad] == 0)
            return fail(Code::invalid_input, std::string(where), "a NUL character at byte " + std::to_string(bad + 1));
        return fail(Code::invalid_input, std::string(where), "not UTF-8 at byte " + std::to_string(bad + 1));
    }
    if (text.size() > 0x7FFFFFFF) return fail(Code::limit_exceeded, std::string(where), "a text of more than 2 GiB");
    if (needs_no_icu(text) || icu_says_nfc(text)) return std::string(text);
    std::string out;
    icu::StringByteSink<std::string> sink(&out);
    UErrorCode error = U_ZERO_ERROR;
    nfc().normalizeUTF8(0, {text.data(), static_cast<std::int32_t>(text.size())}, sink, nullptr, error);
    YIPAN_CHECK(U_SUCCESS(error));
    return out;
}

std::string fold(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) append_folded(out, next(text, at));
    return out;
}

std::string pinyin_readings(std::string_view text) {
    std::string out;
    out.reserve(text.size() * 2);
    bool after_han = false;
    for (std::size_t at = 0; at < text.size();) {
        const char32_t c = next(text, at);
        const auto readings = readings_of(c);
        if (!out.empty() && out.back() != ' ' && c != U' ' && (after_han || !readings.empty())) out += ' ';
        after_han = !readings.empty();
        for (std::size_t i = 0; i < readings.size(); ++i) {
            if (i != 0) out += ',';
            out += syllable(readings[i]);
        }
        if (readings.empty()) append_folded(out, c);
    }
    return out;
}

std::string pinyin_key(std::string_view text) {
    std::string out;
    out.reserve(text.size() * 3);
    // A window of folded characters long enough for the longest phrase moves along the text.
    std::array<char32_t, tables::phrase_length_max> window;
    std::array<char32_t, tables::phrase_length_max> original;
    std::size_t have = 0;
    std::size_t at = 0;
    const auto fill = [&] {
        while (have < window.size() && at < text.size()) {
            original[have] = next(text, at);
            const std::uint32_t to = fold_of(original[have]);
            window[have] = to == 0 || to >= tables::fold_text_first ? original[have] : to;
            ++have;
        }
    };
    const auto drop = [&](std::size_t n) {
        std::copy(window.begin() + n, window.begin() + have, window.begin());
        std::copy(original.begin() + n, original.begin() + have, original.begin());
        have -= n;
    };
    const auto append = [&](std::uint16_t item, char32_t c) {
        out += syllable(item);
        out += tone(item);
        append_utf8(out, c);
    };
    for (fill(); have > 0; fill()) {
        if (const auto phrase = phrase_at({window.data(), have}); !phrase.empty()) {
            for (std::size_t i = 0; i < phrase.size(); ++i) append(phrase[i], window[i]);
            drop(phrase.size());
            continue;
        }
        if (const auto readings = readings_of(original[0]); !readings.empty()) {
            append(readings[0], window[0]);
        } else {
            append_folded(out, original[0]);
        }
        drop(1);
    }
    return out;
}

PinyinQuery::PinyinQuery(std::string_view typed) : plain_(fold(typed)) {
    for (std::size_t at = 0; at < typed.size();) append_spoken(query_, next(typed, at));
}

bool PinyinQuery::matches(std::string_view text) const {
    if (query_.empty()) return true;
    if (query_.size() > pinyin_query_bytes_max) return fold(text).find(plain_) != std::string::npos;
    // Bit p: the first p bytes of the query can be spelled so that they end just before the current character.
    const std::size_t size = query_.size();
    std::uint64_t reached = 1;
    std::string literal;
    for (std::size_t at = 0; at < text.size();) {
        const char32_t c = next(text, at);
        const auto readings = readings_of(c);
        literal.clear();
        append_spoken(literal, c);
        if (literal.empty()) continue;
        std::uint64_t after = 1;  // a match may begin at every character
        for (std::size_t p = 0; p < size; ++p) {
            if ((reached >> p & 1) == 0) continue;
            const std::string_view rest = std::string_view(query_).substr(p);
            if (rest.starts_with(literal)) after |= std::uint64_t{1} << (p + literal.size());
            for (const std::uint16_t item : readings) {
                const std::string_view full = syllable(item);
                if (rest[0] != full[0]) continue;
                if (full.starts_with(rest)) return true;  // the last syllable, perhaps unfinished
                after |= std::uint64_t{1} << (p + 1);
                if (full.size() > 1 && full[1] == 'h' && rest.starts_with(full.substr(0, 2)))
                    after |= std::uint64_t{1} << (p + 2);
                if (rest.starts_with(full)) after |= std::uint64_t{1} << (p + full.size());
            }
        }
        if ((after >> size & 1) != 0) return true;
        reached = after;
    }
    return false;
}

bool pinyin_matches(std::string_view query, std::string_view text) { return PinyinQuery(query).matches(text); }

}  // namespace yipan
