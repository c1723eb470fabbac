#pragma once
// What can be shown of a board to somebody who has only the public key of its checkpoints: entries with their paths in
// the tree, the step from one checkpoint to a later one, and what a figure is made of. A proof is one line of JSON in
// one form only, signed as a whole; read_proof() and verify() never look at a board (docs/decisions/0037-trust.md).
#include <string>
#include <vector>

#include "base/decimal.h"
#include "journal/entry.h"
#include "journal/merkle.h"
#include "journal/note.h"

namespace yipan::journal {

constexpr std::size_t proof_bytes_max = 256 * 1024 * 1024;
constexpr std::size_t proof_entries_max = 10'000;

struct ProvenEntry {
    Entry entry;  // a group that is not opened has its commitment and no salt
    Digest before{};
    Proof inclusion;
};

struct FigureRow {
    std::string type;
    std::int64_t record = 0;
    std::int64_t entry = 0;   // whose body holds the amount
    std::string amount;       // decimal text
    bool operator==(const FigureRow&) const = default;
};
struct FigureClaim {
    std::string figure, label, unit, period;
    std::string value;  // decimal text; empty: it has none, `why_none` says why
    std::string why_none;
    std::string formula;
    std::string field;  // whose stored number, at `scale`, is each record's amount; empty: an expression
    int scale = 0;
    bool adds_up = false;  // the value is the sum of the amounts
    std::vector<FigureRow> rows;
    std::vector<FigureClaim> parts;  // of a derived figure
};

struct ProofFile {
    std::string board;       // its name, for people
    std::string checkpoint;  // signed note
    std::string kind;        // entry, record, figure, consistency
    std::vector<ProvenEntry> entries;
    std::vector<FigureClaim> figure;  // one, of kind figure
    std::uint64_t from_size = 0;      // kind consistency
    Digest from_root{};
    Proof consistency;
};

/// The file's text, signed.
Result<std::string> write_proof(const ProofFile& proof, const SignerKey& key);

struct Proven {
    ProofFile proof;
    Checkpoint checkpoint;
};
/// Everything a stranger can check, all that is wrong at once: signatures, paths, hashes, sums. `where` is the file.
Checked<Proven> verify_proof(std::string_view text, const VerifierKey& key, const std::string& where);

}  // namespace yipan::journal
