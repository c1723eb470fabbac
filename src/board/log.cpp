#include "board/log.h"

#include <openssl/rand.h>

#include <cstring>

#include "base/check.h"

namespace yipan::board {

std::string Salts::next(std::int64_t position, int group) {
    if (!seed_.empty()) {
        const Digest d = sha256(seed_ + ":" + std::to_string(position) + ":" + std::to_string(group));
        return {reinterpret_cast<const char*>(d.data()), journal::salt_bytes};
    }
    if (used_ + journal::salt_bytes > pool_.size()) {
        pool_.resize(4096);
        YIPAN_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(pool_.data()), static_cast<int>(pool_.size())) == 1);
        used_ = 0;
    }
    used_ += journal::salt_bytes;
    return pool_.substr(used_ - journal::salt_bytes, journal::salt_bytes);
}

journal::HashOf stored_hashes(store::Store& store) {
    return [&store](unsigned level, std::uint64_t index) -> Result<Digest> {
        if (level % Log::node_level == 0 && level > 0) {
            YIPAN_TRY(const auto node, store.node(static_cast<int>(level), static_cast<std::int64_t>(index)));
            if (node) return *node;
            return fail(Code::corrupt, "node " + std::to_string(level) + "/" + std::to_string(index),
                        "a stored Merkle node is missing");
        }
        if (level == 0) {
            YIPAN_TRY(const auto e, store.entry(static_cast<std::int64_t>(index) + 1));
            return e.leaf;
        }
        if (level < Log::node_level) {
            journal::Frontier part;
            const auto first = static_cast<std::int64_t>(index << level) + 1;
            YIPAN_TRY_VOID(store.each_leaf(first, first + (std::int64_t{1} << level) - 1,
                                           [&](const Digest& d) { part.append(d); }));
            if (part.size() != (std::uint64_t{1} << level))
                return fail(Code::corrupt, "entry " + std::to_string(first), "leaves are missing");
            return part.root();
        }
        const unsigned kept = level / Log::node_level * Log::node_level;
        const std::uint64_t below = std::uint64_t{1} << (level - kept);
        journal::Frontier part;
        YIPAN_TRY_VOID(store.each_node(static_cast<int>(kept), static_cast<std::int64_t>(index * below),
                                       static_cast<std::int64_t>((index + 1) * below - 1),
                                       [&](const Digest& d) { part.append(d); }));
        if (part.size() != below)
            return fail(Code::corrupt, "nodes " + std::to_string(kept) + "/" + std::to_string(index * below),
                        "stored Merkle nodes are missing");
        return part.root();
    };
}

Status Log::open() {
    YIPAN_TRY(const store::Head head, store_.head());
    state_ = State{};
    if (head.position == 0) return {};
    YIPAN_TRY(const store::StoredEntry last, store_.entry(head.position));
    Digest before{};
    if (head.position > 1) {
        YIPAN_TRY(const store::StoredEntry previous, store_.entry(head.position - 1));
        before = previous.leaf;
    }
    const std::string place = "entry " + std::to_string(head.position);
    if (journal::leaf_of(last.entry, before) != last.leaf)
        return fail(Code::corrupt, place, "does not match its own hash", "run yipan verify; restore a backup");
    state_.position = head.position;
    state_.time = last.entry.time;
    state_.last_leaf = last.leaf;
    const journal::HashOf hash_of = stored_hashes(store_);
    std::vector<Digest> roots;
    const auto size = static_cast<std::uint64_t>(head.position);
    for (unsigned level = 63; level < 64; --level) {
        if (!(size >> level & 1)) continue;
        YIPAN_TRY(const Digest root, hash_of(level, (size >> level) - 1));
        roots.push_back(root);
    }
    YIPAN_TRY(state_.frontier, journal::Frontier::restore(size, std::move(roots)));
    if (state_.frontier.root() != head.root)
        return fail(Code::corrupt, place, "the Merkle root of the journal is not the stored one",
                    "run yipan verify; restore a backup");
    return {};
}

Status Log::append(journal::Entry& entry) {
    entry.position = state_.position + 1;
    for (int g = 0; g < journal::group_count; ++g) {
        const auto i = static_cast<std::size_t>(g);
        if (entry.body[i].empty()) continue;
        if (entry.salt[i].empty()) entry.salt[i] = salts_.next(entry.position, g);
        entry.commitment[i] = journal::commitment_of(entry.salt[i], entry.body[i]);
    }
    const Digest leaf = journal::leaf_of(entry, state_.last_leaf);
    YIPAN_TRY_VOID(store_.append(entry, leaf));
    Status stored;
    state_.frontier.append(leaf, [&](unsigned level, std::uint64_t index, const Digest& hash) {
        if (level == 0 || level % node_level != 0 || !stored) return;
        stored = store_.put_node(static_cast<int>(level), static_cast<std::int64_t>(index), hash);
    });
    state_.position = entry.position;
    state_.time = entry.time;
    state_.last_leaf = leaf;
    return stored;
}

}  // namespace yipan::board
