#pragma once
// The Merkle tree over journal entries: RFC 6962 section 2.1 and RFC 9162 section 2.1, with SHA-256. Leaves and inner
// nodes are hashed with different first bytes, the tree of n leaves is split at the largest power of two below n, the
// root of the empty tree is SHA-256(""). Nothing here stores anything: a Frontier carries what appending needs (one
// hash per set bit of the size), proofs are made from hashes the caller hands out, and verification needs the proof
// alone. Errors: invalid_input for a question or proof of the wrong shape, corrupt for hashes that do not agree.
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/result.h"

namespace yipan::journal {

Digest leaf_hash(std::string_view data);                    // SHA-256(0x00 || data)
Digest node_hash(const Digest& left, const Digest& right);  // SHA-256(0x01 || left || right)
Digest empty_root();                                        // SHA-256("")
/// Raw bytes as a hash; anything but 32 bytes is refused.
Result<Digest> digest_of(std::string_view bytes);

/// Told of every complete subtree the moment it is complete: level 0 is the leaf itself, level l covers 2^l leaves.
using NodeSink = std::function<void(unsigned level, std::uint64_t index, const Digest& hash)>;

/// The right edge of a growing tree: the roots of its complete subtrees, largest first, one for each set bit of size().
class Frontier {
  public:
    Frontier() = default;
    /// Rebuilds from what roots() and size() gave; corrupt if their number does not fit the size.
    static Result<Frontier> restore(std::uint64_t size, std::vector<Digest> roots);

    /// Amortised O(1) hashes, at most log2(size) of them.
    void append(const Digest& leaf);
    void append(const Digest& leaf, const NodeSink& on_complete);
    std::uint64_t size() const { return size_; }
    Digest root() const;
    const std::vector<Digest>& roots() const { return roots_; }
    bool operator==(const Frontier&) const = default;

  private:
    std::uint64_t size_ = 0;
    std::vector<Digest> roots_;
};

/// The definition of the standard, word for word and slow; the reference the rest is tested against.
Digest root_of(std::span<const Digest> leaves);

/// Hands out the root of a complete subtree: leaves [index * 2^level, (index + 1) * 2^level). A proof asks for at most
/// 2 * 64 of them, all inside the tree. A caller that keeps only some levels can make the others with subtree_root().
using HashOf = std::function<Result<Digest>(unsigned level, std::uint64_t index)>;

/// The root of the complete subtree (level, index) from its descendants of a kept level below it, 2^(level - kept)
/// calls.
Result<Digest> subtree_root(unsigned level, std::uint64_t index, unsigned kept_level, const HashOf& hash_of);

using Proof = std::vector<Digest>;
Result<Digest> root_at(std::uint64_t size, const HashOf& hash_of);
/// RFC 9162 2.1.3.1: sibling hashes from the leaf upwards.
Result<Proof> inclusion_proof(std::uint64_t index, std::uint64_t size, const HashOf& hash_of);
/// RFC 9162 2.1.4.1; empty when the sizes are equal, refused when size1 is 0 (an empty tree says nothing).
Result<Proof> consistency_proof(std::uint64_t size1, std::uint64_t size2, const HashOf& hash_of);

/// RFC 9162 2.1.3.2.
Status verify_inclusion(std::uint64_t index, std::uint64_t size, const Digest& leaf, std::span<const Digest> proof,
                        const Digest& root);
/// RFC 9162 2.1.4.2.
Status verify_consistency(std::uint64_t size1, std::uint64_t size2, std::span<const Digest> proof, const Digest& root1,
                          const Digest& root2);

}  // namespace yipan::journal
