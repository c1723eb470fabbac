#pragma once
// SHA-256 (FIPS 180-4) through OpenSSL, with the digest fetched once: a call on a short text costs a fraction of a
// microsecond.
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace yipan {
using Digest = std::array<std::uint8_t, 32>;

class Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;
    Sha256& add(std::string_view bytes);
    Sha256& add(const Digest& digest) { return add({reinterpret_cast<const char*>(digest.data()), digest.size()}); }
    Digest finish();  // and starts afresh

  private:
    void* context_;
};

Digest sha256(std::string_view bytes);
std::string hex(std::span<const std::uint8_t> bytes);
inline std::string hex(const Digest& d) { return hex(std::span<const std::uint8_t>(d)); }
std::string base64(std::span<const std::uint8_t> bytes);
Result<std::string> from_hex(std::string_view text);
}  // namespace yipan
