#include "base/base64.h"

#include <cstdint>

#include "base/hash.h"

namespace yipan {

std::optional<std::string> from_base64(std::string_view text) {
    const auto value = [](char c) {
        return c >= 'A' && c <= 'Z'   ? c - 'A'
               : c >= 'a' && c <= 'z' ? c - 'a' + 26
               : c >= '0' && c <= '9' ? c - '0' + 52
               : c == '+'             ? 62
               : c == '/'             ? 63
                                      : -1;
    };
    if (text.empty() || text.size() % 4 != 0) return std::nullopt;
    std::string out;
    for (std::size_t i = 0; i < text.size(); i += 4) {
        std::uint32_t four = 0;
        std::size_t pads = 0;
        for (std::size_t k = 0; k < 4; ++k) {
            const char c = text[i + k];
            const bool pad = c == '=' && i + 4 == text.size() && k >= 2;
            if (!pad && (pads > 0 || value(c) < 0)) return std::nullopt;
            pads += pad;
            four = four << 6 | static_cast<std::uint32_t>(pad ? 0 : value(c));
        }
        for (std::size_t k = 0; k < 3 - pads; ++k) out += static_cast<char>(four >> (16 - 8 * k));
    }
    // The bits beyond the last byte are zero: written again it is the same text.
    if (base64({reinterpret_cast<const std::uint8_t*>(out.data()), out.size()}) != text) return std::nullopt;
    return out;
}

}  // namespace yipan
