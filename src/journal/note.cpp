#include "journal/note.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <span>

#include "base/base64.h"
#include "journal/merkle.h"

namespace yipan::journal {
namespace {
constexpr char ed25519_type = 1;
constexpr std::size_t key_bytes = 32, signature_bytes = 64, id_bytes = 4;
constexpr std::string_view dash = "\xE2\x80\x94 ";  // an em dash and a space begin a signature line
constexpr std::string_view private_prefix = "PRIVATE+KEY+";

std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::uint32_t id_of(std::string_view name, std::string_view key) {
    const Digest d = sha256(std::string(name) + "\n" + ed25519_type + std::string(key));
    return std::uint32_t{d[0]} << 24 | std::uint32_t{d[1]} << 16 | std::uint32_t{d[2]} << 8 | d[3];
}
std::string id_text(std::uint32_t id) {
    const std::uint8_t four[] = {static_cast<std::uint8_t>(id >> 24), static_cast<std::uint8_t>(id >> 16),
                                 static_cast<std::uint8_t>(id >> 8), static_cast<std::uint8_t>(id)};
    return hex(four);
}
bool good_name(std::string_view name) {
    return !name.empty() && std::none_of(name.begin(), name.end(), [](unsigned char c) {
        return c <= ' ' || c == '+' || c == 0x7f;
    });
}
struct FreeKey {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeContext {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;
const unsigned char* raw(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string trimmed(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
    return text;
}
struct KeyParts {
    std::string name, key;
    std::uint32_t id = 0;
};
// "name+id+base64(type || 32 bytes)"
std::optional<KeyParts> parts_of(std::string_view text) {
    const std::size_t first = text.find('+');
    if (first == std::string_view::npos) return std::nullopt;
    const std::size_t second = text.find('+', first + 1);
    if (second == std::string_view::npos) return std::nullopt;
    KeyParts out;
    out.name = text.substr(0, first);
    const auto id = from_hex(text.substr(first + 1, second - first - 1));
    const auto key = from_base64(text.substr(second + 1));
    if (!good_name(out.name) || !id || id->size() != id_bytes || !key || key->size() != key_bytes + 1 ||
        key->front() != ed25519_type)
        return std::nullopt;
    for (const char c : *id) out.id = out.id << 8 | static_cast<std::uint8_t>(c);
    out.key = key->substr(1);
    return out;
}
}  // namespace

Result<VerifierKey> VerifierKey::parse(std::string_view text) {
    const auto parts = parts_of(text);
    if (!parts || parts->id != id_of(parts->name, parts->key))
        return fail(Code::invalid_input, "key", "not a public key of the form name+id+key, or a letter of it is wrong",
                    "yipan key BOARD prints it");
    VerifierKey out;
    out.name_ = parts->name;
    out.id_ = parts->id;
    out.key_ = parts->key;
    if (out.text() != text)
        return fail(Code::invalid_input, "key", "not written the one way a public key is", "yipan key BOARD prints it");
    return out;
}

std::string VerifierKey::text() const {
    return name_ + "+" + id_text(id_) + "+" + base64(bytes_of(ed25519_type + key_));
}

bool VerifierKey::verify(std::string_view message, std::string_view signature) const {
    const Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw(key_), key_.size()));
    const Context context(EVP_MD_CTX_new());
    return key && context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
           EVP_DigestVerify(context.get(), raw(signature), signature.size(), raw(message), message.size()) == 1;
}

Result<SignerKey> SignerKey::from_seed(std::string name, std::string_view seed) {
    if (!good_name(name))
        return fail(Code::invalid_input, "name", "a key's name has no spaces and no \"+\"", "for example zone.example/board");
    SignerKey out;
    out.seed_ = seed;
    const Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, raw(seed), seed.size()));
    out.verifier_.key_.resize(key_bytes);
    std::size_t length = key_bytes;
    if (!key || EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<unsigned char*>(out.verifier_.key_.data()), &length) != 1)
        return fail(Code::invalid_input, "key", "not an Ed25519 key", "");
    out.verifier_.name_ = std::move(name);
    out.verifier_.id_ = id_of(out.verifier_.name_, out.verifier_.key_);
    return out;
}

Result<SignerKey> SignerKey::generate(std::string name) {
    std::string seed(key_bytes, '\0');
    if (RAND_bytes(reinterpret_cast<unsigned char*>(seed.data()), static_cast<int>(seed.size())) != 1)
        return fail(Code::store_failed, "", "the system has no random bytes to give", "try again");
    return from_seed(std::move(name), seed);
}

Result<SignerKey> SignerKey::parse(std::string_view text) {
    const auto bad = [] {
        return fail(Code::invalid_input, "key", "not a signing key of the form PRIVATE+KEY+name+id+seed",
                    "yipan key BOARD makes one; a public key cannot sign");
    };
    if (!text.starts_with(private_prefix)) return bad();
    const auto parts = parts_of(text.substr(private_prefix.size()));
    if (!parts) return bad();
    YIPAN_TRY(SignerKey out, from_seed(parts->name, parts->key));
    if (out.verifier_.id() != parts->id || out.text() != text) return bad();
    return out;
}

std::string SignerKey::text() const {
    return std::string(private_prefix) + verifier_.name() + "+" + id_text(verifier_.id()) + "+" +
           base64(bytes_of(ed25519_type + seed_));
}

Result<std::string> SignerKey::sign(std::string_view message) const {
    const Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, raw(seed_), seed_.size()));
    const Context context(EVP_MD_CTX_new());
    std::string out(signature_bytes, '\0');
    std::size_t length = out.size();
    if (!key || !context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1 ||
        EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &length, raw(message), message.size()) != 1)
        return fail(Code::store_failed, "key", "the signature could not be made", "");
    return out;
}

Result<SignerKey> read_signer(const std::string& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0)
        return fail(Code::not_found, path, "there is no signing key", "yipan key BOARD makes one; --key-file names it");
    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return fail(Code::not_allowed, path, "others than its owner may read or write the signing key", "chmod 600 " + path);
    std::ifstream in(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!in.good() && !in.eof()) return fail(Code::read_only, path, "cannot be read", "");
    auto key = SignerKey::parse(trimmed(std::move(text)));
    if (!key) return fail(key.error().code, path, key.error().message, key.error().hint);
    return key;
}

Status write_signer(const std::string& path, const SignerKey& key) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0 && errno == EEXIST)
        return fail(Code::duplicate, path, "there is a file of this name", "it is left alone: choose another name");
    const std::string text = key.text() + "\n";
    const bool good = fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
    const std::string reason = std::strerror(errno);
    if (fd >= 0) ::close(fd);
    if (!good) return fail(Code::read_only, path, "the key cannot be written: " + reason, "choose a folder you may write to");
    return {};
}

Result<VerifierKey> read_verifier(const std::string& text_or_path) {
    if (::access(text_or_path.c_str(), R_OK) != 0) return VerifierKey::parse(text_or_path);
    std::ifstream in(text_or_path, std::ios::binary);
    std::string text(note_bytes_max, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    auto key = VerifierKey::parse(trimmed(std::move(text)));
    if (!key) return fail(key.error().code, text_or_path, key.error().message, key.error().hint);
    return key;
}

Result<std::string> sign_note(const std::string& text, const SignerKey& key) {
    YIPAN_TRY(const std::string signature, key.sign(text));
    std::string blob;
    for (int shift = 24; shift >= 0; shift -= 8) blob += static_cast<char>(key.verifier().id() >> shift);
    return text + "\n" + std::string(dash) + key.verifier().name() + " " + base64(bytes_of(blob + signature)) + "\n";
}

Result<std::string> open_note(std::string_view note, const VerifierKey& key, const std::string& where) {
    const auto bad = [&](std::string what) {
        return fail(Code::corrupt, where, "not a signed note: " + what, "fetch it again; a note is text, an empty line and lines of signatures");
    };
    if (note.size() > note_bytes_max)
        return fail(Code::limit_exceeded, where, "longer than " + std::to_string(note_bytes_max) + " bytes", "");
    for (const char c : note)
        if ((static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f) return bad("it has control characters");
    const std::size_t gap = note.rfind("\n\n");
    if (gap == std::string_view::npos || note.back() != '\n') return bad("it has no signatures");
    const std::string_view text = note.substr(0, gap + 1);
    std::string_view lines = note.substr(gap + 2);
    std::size_t count = 0;
    bool signed_by_key = false, other_of_name = false;
    while (!lines.empty()) {
        const std::size_t end = lines.find('\n');
        std::string_view line = lines.substr(0, end);
        lines.remove_prefix(end + 1);
        if (++count > signatures_max) return bad("it has more than " + std::to_string(signatures_max) + " signatures");
        if (!line.starts_with(dash)) return bad("a signature line does not begin with a dash");
        line.remove_prefix(dash.size());
        const std::size_t space = line.find(' ');
        if (space == std::string_view::npos || !good_name(line.substr(0, space))) return bad("a signature line has no name");
        const auto blob = from_base64(line.substr(space + 1));
        if (!blob || blob->size() <= id_bytes) return bad("a signature is not base64");
        if (line.substr(0, space) != key.name()) continue;
        std::uint32_t id = 0;
        for (std::size_t i = 0; i < id_bytes; ++i) id = id << 8 | static_cast<std::uint8_t>((*blob)[i]);
        if (id != key.id()) {
            other_of_name = true;
            continue;
        }
        if (blob->size() != id_bytes + signature_bytes || !key.verify(text, std::string_view(*blob).substr(id_bytes)))
            return fail(Code::corrupt, where, "the signature of " + key.name() + " does not fit the text: the note was changed after it was signed",
                        "fetch it again from who signed it; do not trust this one");
        signed_by_key = true;
    }
    if (!signed_by_key)
        return fail(Code::corrupt, where,
                    other_of_name ? "signed under the name " + key.name() + " by another key than the one given"
                                  : "not signed by " + key.name(),
                    "is it the right key? yipan key BOARD prints the board's");
    return std::string(text);
}

std::string Checkpoint::text() const {
    return origin + "\n" + std::to_string(size) + "\n" + base64(root) + "\n";
}

Result<Checkpoint> parse_checkpoint(std::string_view text, const std::string& where) {
    const auto bad = [&](std::string what) {
        return fail(Code::corrupt, where, "not a checkpoint: " + what, "three lines: origin, size, root; yipan checkpoint BOARD makes one");
    };
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) return bad("its last line does not end");
        lines.push_back(text.substr(0, end));
        text.remove_prefix(end + 1);
    }
    if (lines.size() != 3 || lines[0].empty()) return bad("it does not have three lines");
    Checkpoint out;
    out.origin = lines[0];
    const std::string_view size = lines[1];
    constexpr std::size_t digits_max = 18;
    if (size.empty() || size.size() > digits_max || (size[0] == '0' && size.size() > 1) ||
        size.find_first_not_of("0123456789") != std::string_view::npos)
        return bad("its size is no number");
    for (const char c : size) out.size = out.size * 10 + static_cast<std::uint64_t>(c - '0');
    const auto root = from_base64(lines[2]);
    if (!root) return bad("its root is not base64");
    auto digest = digest_of(*root);
    if (!digest) return bad("its root does not have 32 bytes");
    out.root = *digest;
    return out;
}

Result<Checkpoint> open_checkpoint(std::string_view note, const VerifierKey& key, const std::string& where) {
    YIPAN_TRY(const std::string text, open_note(note, key, where));
    return parse_checkpoint(text, where);
}

std::string origin_of(const Digest& first_leaf) {
    constexpr std::size_t digits = 16;
    return "yipan/board/" + hex(first_leaf).substr(0, digits);
}

Result<std::vector<std::string>> split_pins(std::string_view text, const std::string& where) {
    std::vector<std::string> out;
    constexpr std::string_view end_line = "--\n";
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t end = text.find("\n--\n", at);
        if (end == std::string_view::npos)
            return fail(Code::corrupt, where, "its last checkpoint is cut off", "restore the witness's file from its copy");
        out.emplace_back(text.substr(at, end + 1 - at));
        at = end + 1 + end_line.size();
    }
    return out;
}

}  // namespace yipan::journal
