// Text services on any bytes: nothing crashes, folding twice changes nothing, the key of a part is a part of the key,
// and a text is found by itself.
#include <cstdint>

#include "base/check.h"
#include "base/text.h"
#include "base/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto stored = yipan::to_nfc(bytes);
    YIPAN_CHECK(stored.has_value() == (yipan::find_invalid_utf8(bytes) == std::string_view::npos));
    const std::string text = stored ? *stored : std::string(bytes);
    YIPAN_CHECK(!stored || yipan::is_nfc(text));

    const std::string folded = yipan::fold(text);
    if (stored) YIPAN_CHECK(yipan::fold(folded) == folded);
    if (stored && !text.empty()) {
        std::size_t middle = text.size() / 2;
        while (middle < text.size() && (static_cast<std::uint8_t>(text[middle]) & 0xC0) == 0x80) ++middle;
        YIPAN_CHECK(yipan::fold(text.substr(0, middle)) + yipan::fold(text.substr(middle)) == folded);
    }
    YIPAN_CHECK(yipan::pinyin_matches(text, text));
    (void)yipan::pinyin_readings(text);
    (void)yipan::pinyin_key(text);
    return 0;
}
