#pragma once
// Signed notes and checkpoints as C2SP has them (signed-note, tlog-checkpoint): a text, an empty line, signature lines.
// Keys are Ed25519 and are written as texts: "name+id+key" to check with, "PRIVATE+KEY+name+id+seed" to sign with.
// Strict: what is accepted is written back byte for byte. Errors name the note and what to do.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/result.h"

namespace yipan::journal {

constexpr std::size_t note_bytes_max = 64 * 1024;
constexpr std::size_t signatures_max = 16;

/// Checks signatures of one name.
class VerifierKey {
  public:
    static Result<VerifierKey> parse(std::string_view text);
    const std::string& name() const { return name_; }
    std::uint32_t id() const { return id_; }
    std::string text() const;
    bool verify(std::string_view message, std::string_view signature) const;
    bool operator==(const VerifierKey&) const = default;

  private:
    friend class SignerKey;
    std::string name_;
    std::uint32_t id_ = 0;
    std::string key_;  // 32 bytes
};

class SignerKey {
  public:
    static Result<SignerKey> generate(std::string name);
    static Result<SignerKey> from_seed(std::string name, std::string_view seed);
    static Result<SignerKey> parse(std::string_view text);
    std::string text() const;  // the secret
    const VerifierKey& verifier() const { return verifier_; }
    Result<std::string> sign(std::string_view message) const;

  private:
    std::string seed_;  // 32 bytes
    VerifierKey verifier_;
};

/// The key in a file, which only its owner may read.
Result<SignerKey> read_signer(const std::string& path);
/// Writes a new one; a file that is there is left alone.
Status write_signer(const std::string& path, const SignerKey& key);
/// A public key as text, or the name of a file that holds one.
Result<VerifierKey> read_verifier(const std::string& text_or_path);

/// `text` ends in a newline.
Result<std::string> sign_note(const std::string& text, const SignerKey& key);
/// The text of a note that `key` has signed; lines of other keys are left alone. `where` is the place of errors.
Result<std::string> open_note(std::string_view note, const VerifierKey& key, const std::string& where);

struct Checkpoint {
    std::string origin;
    std::uint64_t size = 0;
    Digest root{};
    std::string text() const;
    bool operator==(const Checkpoint&) const = default;
};
Result<Checkpoint> parse_checkpoint(std::string_view text, const std::string& where);
/// Signed and well-formed, or why not.
Result<Checkpoint> open_checkpoint(std::string_view note, const VerifierKey& key, const std::string& where);

/// What a board's checkpoints are called: it follows from its first entry and stays with every copy.
std::string origin_of(const Digest& first_leaf);

/// Checkpoints one after another, as a witness keeps them: notes, each ended by a line "--".
Result<std::vector<std::string>> split_pins(std::string_view text, const std::string& where);

}  // namespace yipan::journal
