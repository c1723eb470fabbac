#pragma once
// The writer's end of the journal: gives positions and never-decreasing times, makes commitments, chains leaves (I1),
// keeps the Merkle frontier and stores a node for every 256 leaves. State moves with the transaction: mark() before a
// draft, back() to undo it.
#include "board/board.h"
#include "journal/entry.h"
#include "journal/merkle.h"
#include "store/store.h"

namespace yipan::board {

/// Salts of commitments: random, or derived from a seed for demo boards, which must come out the same every time.
class Salts {
  public:
    explicit Salts(std::string seed = {}) : seed_(std::move(seed)) {}
    std::string next(std::int64_t position, int group);

  private:
    std::string seed_;
    std::string pool_;
    std::size_t used_ = 0;
};

class Log {
  public:
    static constexpr int node_level = 8;  // a stored node covers 2^8 leaves

    Log(store::Store& store, Salts salts) : store_(store), salts_(std::move(salts)) {}
    /// Reads the end of the log and checks it against the stored head: root, last leaf, frontier.
    Status open();

    std::int64_t position() const { return state_.position; }
    std::int64_t time() const { return state_.time; }
    Digest root() const { return state_.frontier.root(); }
    /// A time for entries of a draft: now, or the last entry's time when the clock went back.
    std::int64_t next_time(Instant now) const { return std::max(now.micros, state_.time); }
    /// Fills position, salts, commitments of `entry` (bodies are given), stores it and its nodes.
    Status append(journal::Entry& entry);

    struct State {
        std::int64_t position = 0;
        std::int64_t time = 0;
        Digest last_leaf{};
        journal::Frontier frontier;
    };
    State mark() const { return state_; }
    void back(State state) { state_ = std::move(state); }

  private:
    store::Store& store_;
    Salts salts_;
    State state_;
};

/// Hashes of complete subtrees from what the store keeps, for proofs and for checking.
journal::HashOf stored_hashes(store::Store& store);

}  // namespace yipan::board
