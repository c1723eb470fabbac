#include "journal/merkle.h"

#include <algorithm>
#include <bit>
#include <string>

#include "base/check.h"

namespace yipan::journal {
namespace {

// The first byte keeps a leaf from being passed off as an inner node (RFC 6962 2.1).
constexpr std::string_view leaf_mark{"\x00", 1};
constexpr std::string_view node_mark{"\x01", 1};

Sha256& hasher() {
    thread_local Sha256 one;
    return one;
}

std::uint64_t split_of(std::uint64_t size) { return std::bit_floor(size - 1); }

bool complete(std::uint64_t size) { return std::has_single_bit(size); }

/// MTH(D[first : first + size]). Every range met by the proofs begins at a multiple of its split, so complete ones are
/// nodes.
Result<Digest> range_root(std::uint64_t first, std::uint64_t size, const HashOf& hash_of) {
    if (complete(size)) {
        const unsigned level = static_cast<unsigned>(std::countr_zero(size));
        return hash_of(level, first >> level);
    }
    const std::uint64_t k = split_of(size);
    YIPAN_TRY(const Digest left, range_root(first, k, hash_of));
    YIPAN_TRY(const Digest right, range_root(first + k, size - k, hash_of));
    return node_hash(left, right);
}

/// A verifier's two moving hashes step up one level; the common part of 2.1.3.2 and 2.1.4.2.
void climb(std::uint64_t& fn, std::uint64_t& sn) {
    fn >>= 1;
    sn >>= 1;
}
void skip_missing_siblings(std::uint64_t& fn, std::uint64_t& sn) {
    while (fn != 0 && (fn & 1) == 0) climb(fn, sn);
}

}  // namespace

Digest leaf_hash(std::string_view data) { return hasher().add(leaf_mark).add(data).finish(); }

Digest node_hash(const Digest& left, const Digest& right) {
    return hasher().add(node_mark).add(left).add(right).finish();
}

Digest empty_root() { return sha256({}); }

Result<Digest> digest_of(std::string_view bytes) {
    Digest out;
    if (bytes.size() != out.size()) {
        return fail(Code::invalid_input, "", "a hash of " + std::to_string(bytes.size()) + " bytes",
                    "SHA-256 has 32 bytes");
    }
    std::copy(bytes.begin(), bytes.end(), out.begin());
    return out;
}

Result<Frontier> Frontier::restore(std::uint64_t size, std::vector<Digest> roots) {
    const int wanted = std::popcount(size);
    if (roots.size() != static_cast<std::size_t>(wanted)) {
        return fail(
            Code::corrupt, "frontier",
            "a tree of " + std::to_string(size) + " leaves with " + std::to_string(roots.size()) + " subtree roots",
            "it has " + std::to_string(wanted));
    }
    Frontier out;
    out.size_ = size;
    out.roots_ = std::move(roots);
    return out;
}

void Frontier::append(const Digest& leaf) { append(leaf, {}); }

void Frontier::append(const Digest& leaf, const NodeSink& on_complete) {
    // Adding one leaf is a binary carry: each trailing set bit of the size is a subtree that now finds its sibling.
    Digest hash = leaf;
    unsigned level = 0;
    if (on_complete) on_complete(0, size_, hash);
    for (std::uint64_t carry = size_; (carry & 1) != 0; carry >>= 1) {
        hash = node_hash(roots_.back(), hash);
        roots_.pop_back();
        ++level;
        if (on_complete) on_complete(level, size_ >> level, hash);
    }
    roots_.push_back(hash);
    ++size_;
    YIPAN_CHECK(size_ != 0);
}

Digest Frontier::root() const {
    if (roots_.empty()) return empty_root();
    Digest hash = roots_.back();
    for (auto it = roots_.rbegin() + 1; it != roots_.rend(); ++it) hash = node_hash(*it, hash);
    return hash;
}

Digest root_of(std::span<const Digest> leaves) {
    if (leaves.empty()) return empty_root();
    if (leaves.size() == 1) return leaves[0];
    std::size_t k = 1;
    while (k * 2 < leaves.size()) k *= 2;
    return node_hash(root_of(leaves.first(k)), root_of(leaves.subspan(k)));
}

Result<Digest> subtree_root(unsigned level, std::uint64_t index, unsigned kept_level, const HashOf& hash_of) {
    if (level == kept_level) return hash_of(level, index);
    if (level < kept_level) {
        return fail(Code::invalid_input, "", "level " + std::to_string(level) + " lies below the kept level");
    }
    YIPAN_TRY(const Digest left, subtree_root(level - 1, index * 2, kept_level, hash_of));
    YIPAN_TRY(const Digest right, subtree_root(level - 1, index * 2 + 1, kept_level, hash_of));
    return node_hash(left, right);
}

Result<Digest> root_at(std::uint64_t size, const HashOf& hash_of) {
    if (size == 0) return empty_root();
    return range_root(0, size, hash_of);
}

Result<Proof> inclusion_proof(std::uint64_t index, std::uint64_t size, const HashOf& hash_of) {
    if (index >= size) {
        return fail(Code::invalid_input, "index",
                    "leaf " + std::to_string(index) + " of a tree of " + std::to_string(size), "below the size");
    }
    Proof proof;  // collected from the root down, turned round at the end
    std::uint64_t first = 0;
    while (size > 1) {
        const std::uint64_t k = split_of(size);
        const bool right_side = index >= k;
        const auto sibling = right_side ? range_root(first, k, hash_of) : range_root(first + k, size - k, hash_of);
        if (!sibling) return fail(sibling.error());
        proof.push_back(*sibling);
        if (right_side) first += k;
        index = right_side ? index - k : index;
        size = right_side ? size - k : k;
    }
    std::reverse(proof.begin(), proof.end());
    return proof;
}

Result<Proof> consistency_proof(std::uint64_t size1, std::uint64_t size2, const HashOf& hash_of) {
    if (size1 == 0 || size1 > size2) {
        return fail(Code::invalid_input, "size1",
                    "consistency of size " + std::to_string(size1) + " with size " + std::to_string(size2),
                    "between 1 and size2");
    }
    Proof proof;
    std::uint64_t first = 0;
    bool known = true;  // the verifier holds the root of the range in question: it is the old tree itself
    std::uint64_t m = size1;
    std::uint64_t n = size2;
    while (m != n) {
        const std::uint64_t k = split_of(n);
        const bool right_side = m > k;
        const auto other = right_side ? range_root(first, k, hash_of) : range_root(first + k, n - k, hash_of);
        if (!other) return fail(other.error());
        proof.push_back(*other);
        if (right_side) {
            first += k;
            m -= k;
            n -= k;
            known = false;
        } else {
            n = k;
        }
    }
    if (!known) {
        YIPAN_TRY(const Digest start, range_root(first, m, hash_of));
        proof.push_back(start);
    }
    std::reverse(proof.begin(), proof.end());
    return proof;
}

Status verify_inclusion(std::uint64_t index, std::uint64_t size, const Digest& leaf, std::span<const Digest> proof,
                        const Digest& root) {
    if (index >= size) {  // step 1
        return fail(Code::invalid_input, "index",
                    "leaf " + std::to_string(index) + " of a tree of " + std::to_string(size), "below the size");
    }
    std::uint64_t fn = index;  // steps 2 and 3
    std::uint64_t sn = size - 1;
    Digest r = leaf;
    for (const Digest& p : proof) {  // step 4
        if (sn == 0) return fail(Code::invalid_input, "proof", "the inclusion proof is too long");
        if ((fn & 1) != 0 || fn == sn) {
            r = node_hash(p, r);
            skip_missing_siblings(fn, sn);
        } else {
            r = node_hash(r, p);
        }
        climb(fn, sn);
    }
    if (sn != 0) return fail(Code::invalid_input, "proof", "the inclusion proof is too short");  // step 5
    if (r != root) return fail(Code::corrupt, "proof", "the inclusion proof leads to another root");
    return {};
}

Status verify_consistency(std::uint64_t size1, std::uint64_t size2, std::span<const Digest> proof, const Digest& root1,
                          const Digest& root2) {
    if (size1 == 0 || size1 > size2) {
        return fail(Code::invalid_input, "size1",
                    "consistency of size " + std::to_string(size1) + " with size " + std::to_string(size2),
                    "between 1 and size2");
    }
    if (size1 == size2) {
        if (!proof.empty()) return fail(Code::invalid_input, "proof", "trees of one size have an empty proof");
        if (root1 != root2) return fail(Code::corrupt, "proof", "two roots for one size");
        return {};
    }
    if (proof.empty()) return fail(Code::invalid_input, "proof", "the consistency proof is empty");  // step 1
    const bool whole = complete(size1);  // step 2: the old root itself begins the path
    Digest fr = whole ? root1 : proof[0];
    Digest sr = fr;  // step 5
    if (!whole) proof = proof.subspan(1);
    std::uint64_t fn = size1 - 1;  // step 3
    std::uint64_t sn = size2 - 1;
    while ((fn & 1) != 0) climb(fn, sn);  // step 4
    for (const Digest& c : proof) {       // step 6
        if (sn == 0) return fail(Code::invalid_input, "proof", "the consistency proof is too long");
        if ((fn & 1) != 0 || fn == sn) {
            fr = node_hash(c, fr);
            sr = node_hash(c, sr);
            skip_missing_siblings(fn, sn);
        } else {
            sr = node_hash(sr, c);
        }
        climb(fn, sn);
    }
    if (sn != 0) return fail(Code::invalid_input, "proof", "the consistency proof is too short");  // step 7
    if (fr != root1) return fail(Code::corrupt, "proof", "the consistency proof leads to another old root");
    if (sr != root2) return fail(Code::corrupt, "proof", "the consistency proof leads to another new root");
    return {};
}

}  // namespace yipan::journal
