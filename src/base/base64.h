#pragma once
// Reading base64 (hash.h writes it).
#include <optional>
#include <string>
#include <string_view>

namespace yipan {

/// Strict: the one way base64() writes it, padding included; nothing for everything else.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace yipan
