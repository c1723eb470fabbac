#include "base/hash.h"

#include <openssl/evp.h>

#include "base/check.h"

namespace yipan {
namespace {
const EVP_MD* method() {
    static const EVP_MD* md = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    YIPAN_CHECK(md != nullptr);
    return md;
}
}  // namespace

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
    YIPAN_CHECK(context_ != nullptr);
    YIPAN_CHECK(EVP_DigestInit_ex2(static_cast<EVP_MD_CTX*>(context_), method(), nullptr) == 1);
}
Sha256::~Sha256() { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_)); }
Sha256& Sha256::add(std::string_view bytes) {
    YIPAN_CHECK(EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), bytes.data(), bytes.size()) == 1);
    return *this;
}
Digest Sha256::finish() {
    Digest out;
    unsigned size = 0;
    YIPAN_CHECK(EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_), out.data(), &size) == 1 && size == out.size());
    YIPAN_CHECK(EVP_DigestInit_ex2(static_cast<EVP_MD_CTX*>(context_), nullptr, nullptr) == 1);
    return out;
}

Digest sha256(std::string_view bytes) {
    thread_local Sha256 hasher;
    return hasher.add(bytes).finish();
}

std::string hex(std::span<const std::uint8_t> bytes) {
    constexpr char digits[] = "0123456789abcdef";
    std::string out(bytes.size() * 2, '0');
    char* to = out.data();
    for (const std::uint8_t b : bytes) {
        *to++ = digits[b >> 4];
        *to++ = digits[b & 15];
    }
    return out;
}

std::string base64(std::span<const std::uint8_t> bytes) {
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t three = 0;
        for (std::size_t k = 0; k < 3; ++k) three = three << 8 | (i + k < bytes.size() ? bytes[i + k] : 0U);
        for (std::size_t k = 0; k < 4; ++k) out += k <= bytes.size() - i ? letters[three >> (18 - 6 * k) & 63U] : '=';
    }
    return out;
}

Result<std::string> from_hex(std::string_view text) {
    const auto digit = [](char c) {
        return c >= '0' && c <= '9'   ? c - '0'
               : c >= 'a' && c <= 'f' ? c - 'a' + 10
               : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                      : -1;
    };
    std::string out;
    if (text.size() % 2 != 0) return fail(Code::invalid_input, "", "hex text of odd length");
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int h = digit(text[i]);
        const int l = digit(text[i + 1]);
        if (h < 0 || l < 0) return fail(Code::invalid_input, "", "not hex");
        out += static_cast<char>(h * 16 + l);
    }
    return out;
}
}  // namespace yipan
