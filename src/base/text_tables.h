#pragma once
// Shape of the tables tools/make_text_tables makes and base/text.cpp reads. Two stages: the upper bits of a code point
// pick a block, the lower ones an item. Readings are numbers: syllable * 8 + tone (1..4, 5 neutral, 0 not told).
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace yipan::tables {

inline constexpr unsigned block_bits = 6;
inline constexpr char32_t code_point_end = 0x32400;         // beyond it there are neither foldings nor Han characters
inline constexpr std::uint32_t fold_text_first = 0x110000;  // values from here on are texts of several characters
inline constexpr std::size_t phrase_slots = 2048;           // a power of two
inline constexpr std::size_t phrase_length_max = 8;

inline std::size_t phrase_slot(char32_t c) { return (c * std::uint32_t{0x9E3779B1} >> 20) & (phrase_slots - 1); }

extern const std::uint16_t fold_blocks[];
extern const std::uint32_t fold_values[];  // 0: itself
extern const char* const fold_texts[];
extern const std::uint16_t reading_blocks[];
extern const std::uint16_t reading_values[];     // number of the reading set; 0: none
extern const std::uint16_t reading_set_begin[];  // set n: items [begin[n], begin[n + 1])
extern const std::uint16_t reading_set_items[];
extern const std::string_view syllables[];
extern const std::uint16_t phrase_begin[];  // phrases in code point order
extern const char32_t phrase_characters[];  // folded
extern const std::uint16_t phrase_items[];
extern const char32_t phrase_keys[];
extern const std::uint16_t phrase_low[];
extern const std::uint16_t phrase_high[];

template <class T>
T lookup(const std::uint16_t* blocks, const T* values, char32_t c) {
    if (c >= code_point_end) return 0;
    return values[(std::size_t{blocks[c >> block_bits]} << block_bits) + (c & ((1u << block_bits) - 1))];
}

}  // namespace yipan::tables
