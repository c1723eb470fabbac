#include "access/secret.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>
#include <vector>

#include "base/check.h"
#include "base/hash.h"

namespace yipan::access {
namespace {
constexpr std::string_view base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

std::vector<std::uint8_t> random_bytes(std::size_t n) {
    std::vector<std::uint8_t> out(n);
    YIPAN_CHECK(RAND_bytes(out.data(), static_cast<int>(n)) == 1);  // without randomness nothing here is safe
    return out;
}
// `bits` of each letter, most significant first; the last letter is filled with zeros.
std::string letters(const std::vector<std::uint8_t>& bytes, std::string_view alphabet, int bits) {
    std::string out;
    std::uint32_t held = 0;
    int have = 0;
    for (const std::uint8_t b : bytes) {
        held = held << 8 | b;
        have += 8;
        while (have >= bits) {
            out += alphabet[held >> (have - bits) & ((1U << bits) - 1)];
            have -= bits;
        }
    }
    if (have > 0) out += alphabet[held << (bits - have) & ((1U << bits) - 1)];
    return out;
}
std::string key_bytes(std::string_view text) {
    std::string out;
    std::uint32_t held = 0;
    int have = 0;
    for (const char c : text) {
        const std::size_t at = base32.find(c);
        if (at == std::string_view::npos) continue;
        held = held << 5 | static_cast<std::uint32_t>(at);
        have += 5;
        if (have >= 8) {
            out += static_cast<char>(held >> (have - 8) & 0xFF);
            have -= 8;
        }
    }
    return out;
}
}  // namespace

std::string new_secret(std::string_view prefix) { return std::string(prefix) + letters(random_bytes(32), base64url, 6); }
std::string secret_hash(std::string_view secret) { return hex(sha256(secret)); }
std::string csrf_of(std::string_view session_secret) { return hex(sha256("csrf:" + std::string(session_secret))).substr(0, 40); }
bool same_secret(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    unsigned difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned char>(a[i] ^ b[i]);
    return difference == 0;
}

std::string new_totp_key() { return letters(random_bytes(20), base32, 5); }
std::string totp_code(std::string_view base32_key, std::int64_t counter) {
    const std::string key = key_bytes(base32_key);
    std::array<unsigned char, 8> message{};
    for (int i = 7; i >= 0; --i, counter >>= 8) message[static_cast<std::size_t>(i)] = static_cast<unsigned char>(counter & 0xFF);
    std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
    unsigned length = 0;
    HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), message.data(), message.size(), mac.data(), &length);
    // RFC 4226 5.3: dynamic truncation
    const std::size_t at = mac[length - 1] & 0x0F;
    const std::uint32_t number = (static_cast<std::uint32_t>(mac[at] & 0x7F) << 24 | static_cast<std::uint32_t>(mac[at + 1]) << 16 |
                                  static_cast<std::uint32_t>(mac[at + 2]) << 8 | mac[at + 3]) %
                                 1'000'000;
    std::string digits = std::to_string(number);
    return std::string(6 - digits.size(), '0') + digits;
}
std::int64_t totp_matches(std::string_view base32_key, std::string_view code, std::int64_t unix_seconds, std::int64_t last) {
    for (const std::int64_t step : {0, -1, 1}) {
        const std::int64_t counter = unix_seconds / 30 + step;
        if (counter > last && same_secret(totp_code(base32_key, counter), code)) return counter;
    }
    return -1;
}

}  // namespace yipan::access
