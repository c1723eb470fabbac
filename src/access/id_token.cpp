#include "access/id_token.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <memory>

#include "access/secret.h"

namespace yipan::access {
namespace json = boost::json;
namespace {
constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t token_bytes_max = 16 * 1024, rsa_bits_min = 2048;

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* p) const { Free(p); }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Number = std::unique_ptr<BIGNUM, Freed<BN_free>>;

std::string text_at(const json::object& o, std::string_view key) {
    const auto* v = o.if_contains(key);
    return v && v->is_string() ? std::string(v->get_string()) : "";
}
std::optional<std::int64_t> number_at(const json::object& o, std::string_view key) {
    const auto* v = o.if_contains(key);
    if (!v) return std::nullopt;
    if (v->is_int64()) return v->get_int64();
    if (v->is_uint64() && v->get_uint64() <= INT64_MAX) return static_cast<std::int64_t>(v->get_uint64());
    if (v->is_double() && v->get_double() >= 0 && v->get_double() < 1e15) return static_cast<std::int64_t>(v->get_double());
    return std::nullopt;
}
Number number_of(std::string_view bytes) {
    return Number(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()), nullptr));
}
Key made(const char* kind, OSSL_PARAM_BLD* build) {
    const std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>> parameters(OSSL_PARAM_BLD_to_param(build));
    const std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>> context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
    EVP_PKEY* out = nullptr;
    if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 || EVP_PKEY_fromdata(context.get(), &out, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1)
        return nullptr;
    return Key(out);
}
// RFC 7518, 6.2 and 6.3
Key key_of(const json::object& jwk, std::string_view algorithm) {
    const std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>> build(OSSL_PARAM_BLD_new());
    if (algorithm == "RS256" && text_at(jwk, "kty") == "RSA") {
        const auto n = from_base64url(text_at(jwk, "n")), e = from_base64url(text_at(jwk, "e"));
        if (!n || !e || n->empty() || e->empty()) return nullptr;
        const Number modulus = number_of(*n), exponent = number_of(*e);
        OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
        OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
        Key out = made("RSA", build.get());
        return out && EVP_PKEY_get_bits(out.get()) >= static_cast<int>(rsa_bits_min) ? std::move(out) : nullptr;
    }
    if (algorithm == "ES256" && text_at(jwk, "kty") == "EC" && text_at(jwk, "crv") == "P-256") {
        const auto x = from_base64url(text_at(jwk, "x")), y = from_base64url(text_at(jwk, "y"));
        if (!x || !y || x->size() != 32 || y->size() != 32) return nullptr;
        const std::string point = "\x04" + *x + *y;
        OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
        OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
        return made("EC", build.get());
    }
    return nullptr;
}
// The 64 bytes r and s of RFC 7518, 3.4, as OpenSSL reads signatures.
std::string der_of(std::string_view raw) {
    if (raw.size() != 64) return {};
    const std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>> signature(ECDSA_SIG_new());
    if (ECDSA_SIG_set0(signature.get(), number_of(raw.substr(0, 32)).release(), number_of(raw.substr(32)).release()) != 1) return {};
    unsigned char* bytes = nullptr;
    const int n = i2d_ECDSA_SIG(signature.get(), &bytes);
    if (n <= 0) return {};
    std::string out(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(n));
    OPENSSL_free(bytes);
    return out;
}
bool signed_by(EVP_PKEY* key, std::string_view text, std::string_view signature) {
    const std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
    return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
           EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                            reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
}
std::optional<json::object> object_of(std::string_view encoded) {
    const auto text = from_base64url(encoded);
    if (!text) return std::nullopt;
    boost::system::error_code bad;
    auto v = json::parse(*text, bad);
    if (bad || !v.is_object()) return std::nullopt;
    return std::move(v.get_object());
}
tl::unexpected<Error> refused(std::string message) { return fail(Code::not_allowed, "id_token", std::move(message), ""); }
}  // namespace

std::string base64url(std::string_view bytes) {
    std::string out;
    std::uint32_t held = 0;
    int have = 0;
    for (const char c : bytes) {
        held = held << 8 | static_cast<unsigned char>(c);
        for (have += 8; have >= 6; have -= 6) out += alphabet[held >> (have - 6) & 63];
    }
    if (have > 0) out += alphabet[held << (6 - have) & 63];
    return out;
}
std::optional<std::string> from_base64url(std::string_view text) {
    std::string out;
    std::uint32_t held = 0;
    int have = 0;
    for (const char c : text) {
        const std::size_t n = alphabet.find(c);
        if (n == std::string_view::npos) return std::nullopt;
        held = held << 6 | static_cast<std::uint32_t>(n);
        if ((have += 6) >= 8) out += static_cast<char>(held >> (have -= 8) & 0xFF);
    }
    return out;
}

Result<json::object> verified_claims(std::string_view token, const json::value& keys, const Expected& expected) {
    const std::size_t one = token.find('.'), two = token.rfind('.');
    if (token.size() > token_bytes_max || one == std::string_view::npos || one == two || token.substr(one + 1, two - one - 1).find('.') != std::string_view::npos)
        return refused("it is no signed token");
    const auto header = object_of(token.substr(0, one)), claims = object_of(token.substr(one + 1, two - one - 1));
    const auto signature = from_base64url(token.substr(two + 1));
    if (!header || !claims || !signature) return refused("it cannot be read");
    const std::string algorithm = text_at(*header, "alg"), id = text_at(*header, "kid");
    if (algorithm != "RS256" && algorithm != "ES256") return refused("it is signed by \"" + algorithm.substr(0, 20) + "\", not RS256 or ES256");
    if (header->contains("crit")) return refused("its header asks for what is not known here");
    const auto* list = keys.is_object() ? keys.get_object().if_contains("keys") : nullptr;
    if (!list || !list->is_array()) return refused("the provider gave no keys");
    const std::string form = algorithm == "ES256" ? der_of(*signature) : *signature;
    bool good = false;
    for (const auto& jwk : list->get_array()) {
        if (!jwk.is_object() || good) continue;
        const json::object& o = jwk.get_object();
        if (!id.empty() && text_at(o, "kid") != id) continue;
        if (const std::string use = text_at(o, "use"); !use.empty() && use != "sig") continue;
        const Key key = key_of(o, algorithm);
        good = key && signed_by(key.get(), token.substr(0, two), form);
    }
    if (!good) return refused("its signature is of none of the provider's keys");
    // 3.1.3.7, in its order
    if (text_at(*claims, "iss") != expected.issuer) return refused("another issuer: " + text_at(*claims, "iss").substr(0, 200));
    const auto* audience = claims->if_contains("aud");
    bool for_us = audience && audience->is_string() && std::string_view(audience->get_string()) == expected.audience;
    if (audience && audience->is_array()) {
        for (const auto& a : audience->get_array()) for_us = for_us || (a.is_string() && std::string_view(a.get_string()) == expected.audience);
        if (audience->get_array().size() > 1 && text_at(*claims, "azp") != expected.audience) return refused("it is for several, and not first for us");
    }
    if (!for_us) return refused("it is for somebody else");
    if (const std::string party = text_at(*claims, "azp"); !party.empty() && party != expected.audience) return refused("it was given to somebody else");
    const auto expires = number_at(*claims, "exp"), issued = number_at(*claims, "iat");
    if (!expires || *expires + clock_skew_s < expected.now) return refused("its time is over");
    if (!issued || *issued > expected.now + clock_skew_s || *issued + token_age_s_max < expected.now) return refused("it was not made just now");
    if (expected.nonce.empty() || !same_secret(text_at(*claims, "nonce"), expected.nonce)) return refused("it answers another question (nonce)");
    if (text_at(*claims, "sub").empty()) return refused("it says nobody");
    return *claims;
}

}  // namespace yipan::access
