#pragma once
// An entry of the journal: a header plus one salted commitment per field group of the record version it made. The
// Merkle leaf is the hash of the header with those commitments, so a body can be erased lawfully (body and salt
// deleted) and the log still verifies. The header holds the leaf of the entry before (I1). Byte layout:
// docs/journal.md.
#include <array>
#include <optional>
#include <string>

#include "base/date.h"
#include "base/hash.h"
#include "base/ids.h"

namespace yipan::journal {

constexpr int group_count = 3;  // plain, personal, attachment
constexpr std::size_t salt_bytes = 16;

enum class Verb : std::uint8_t {
    create = 1,
    amend = 2,
    move = 3,
    remove = 4,
    model = 5,
    invalidate = 6,  // "void": the record stays and counts in nothing
    restore = 7,     // a void or removed record is valid again
    erase = 8,       // bodies of earlier entries are gone for good
    merge = 9,       // removed; another record stands for it
    migrate = 10,    // a model change rewrote the record
    read = 11,       // somebody looked at personal data: no record changes
    act = 12,        // something was done to an account
    expunge = 13  // like erase, of a record that is gone already
};
std::string_view verb_name(Verb verb);

struct Entry {
    std::int64_t position = 0;
    std::int64_t time = 0;             // microseconds UTC; never before the entry before
    std::int64_t actor = 0, post = 0;  // record ids of the identity types
    std::string channel;
    Verb verb = Verb::create;
    std::string type;  // code; empty for the model itself
    std::int64_t record = 0;
    std::int32_t version = 0;
    std::int64_t previous = 0;     // position of the record's version before
    std::int64_t transaction = 0;  // position of the first entry of the draft
    std::int32_t model_version = 0;
    std::int32_t effective = 0;                 // days since 1970
    std::array<std::string, group_count> body;  // canonical; empty: the group is empty or was erased
    std::array<std::string, group_count> salt;  // 16 bytes where the group has a commitment and was not erased
    std::array<std::optional<Digest>, group_count> commitment;  // kept when body and salt are gone
};

/// Whether an entry of this verb makes a version of its record. Not so: removing, merging, expunging.
bool makes_version(Verb verb);

/// SHA-256(salt || body).
Digest commitment_of(std::string_view salt, std::string_view body);
/// The leaf's data: header and commitments in the fixed binary layout; `before` is the leaf hash of the entry before
/// (zeros for the first).
void encode_header(const Entry& entry, const Digest& before, std::string& out);
/// RFC 6962 leaf hash of encode_header().
Digest leaf_of(const Entry& entry, const Digest& before);

}  // namespace yipan::journal
