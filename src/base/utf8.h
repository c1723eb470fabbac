#pragma once
// UTF-8 as RFC 3629 has it: no surrogates, nothing above U+10FFFF, no overlong forms. NUL counts as invalid as well,
// because neither SQLite text functions nor C strings carry it faithfully.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace yipan {

/// Length of the sequence at text[at] if it is well formed, else 0. `at` lies inside the text.
inline std::size_t utf8_length_at(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint8_t b0 = byte(at);
    if (b0 < 0x80) return b0 != 0;
    const std::size_t wanted = b0 >= 0xF0 ? 4 : b0 >= 0xE0 ? 3 : 2;
    if (b0 < 0xC2 || b0 > 0xF4 || text.size() - at < wanted) return 0;
    const std::uint8_t b1 = byte(at + 1);
    // The second byte alone rules out overlong forms, surrogates and code points above U+10FFFF (RFC 3629 section 4).
    const std::uint8_t low = b0 == 0xE0 ? 0xA0 : b0 == 0xF0 ? 0x90 : 0x80;
    const std::uint8_t high = b0 == 0xED ? 0x9F : b0 == 0xF4 ? 0x8F : 0xBF;
    if (b1 < low || b1 > high) return 0;
    for (std::size_t i = 2; i < wanted; ++i) {
        if ((byte(at + i) & 0xC0) != 0x80) return 0;
    }
    return wanted;
}

/// Offset of the first byte that is not UTF-8 or is NUL; npos when there is none.
inline std::size_t find_invalid_utf8(std::string_view text) {
    constexpr std::uint64_t ones = 0x0101010101010101;
    constexpr std::uint64_t highs = 0x8080808080808080;
    std::size_t at = 0;
    while (at < text.size()) {
        while (text.size() - at >= 8) {  // eight ASCII bytes at once, none of them NUL
            std::uint64_t word;
            std::memcpy(&word, text.data() + at, 8);
            if (((word | (word - ones)) & highs) != 0) break;
            at += 8;
        }
        if (at == text.size()) break;
        const std::size_t length = utf8_length_at(text, at);
        if (length == 0) return at;
        at += length;
    }
    return std::string_view::npos;
}

/// The code point at text[at], which is known to be well formed; moves `at` behind it.
inline char32_t next_code_point(std::string_view text, std::size_t& at) {
    const auto byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<std::uint8_t>(text[i])); };
    const char32_t b0 = byte(at);
    if (b0 < 0x80) return at += 1, b0;
    if (b0 < 0xE0) return at += 2, (b0 & 0x1F) << 6 | (byte(at - 1) & 0x3F);
    if (b0 < 0xF0) return at += 3, (b0 & 0x0F) << 12 | (byte(at - 2) & 0x3F) << 6 | (byte(at - 1) & 0x3F);
    return at += 4,
           (b0 & 0x07) << 18 | (byte(at - 3) & 0x3F) << 12 | (byte(at - 2) & 0x3F) << 6 | (byte(at - 1) & 0x3F);
}

inline void append_utf8(std::string& out, char32_t c) {
    if (c < 0x80) {
        out += static_cast<char>(c);
        return;
    }
    if (c < 0x800) {
        out += static_cast<char>(0xC0 | c >> 6);
    } else {
        if (c < 0x10000) {
            out += static_cast<char>(0xE0 | c >> 12);
        } else {
            out += static_cast<char>(0xF0 | c >> 18);
            out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
        }
        out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    }
    out += static_cast<char>(0x80 | (c & 0x3F));
}

}  // namespace yipan
