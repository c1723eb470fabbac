// What the server gives a stranger is checked as the stranger does it: with the public key alone.
#include <gtest/gtest.h>

#include "api/yard.h"
#include "journal/proof.h"

namespace yipan::test {
namespace {

const journal::VerifierKey& key() { return Yard::get().service().settings().signer->verifier(); }

TEST(Proofs, ACheckpointHoldsWithTheKeyAlone) {
    const Reply note = Yard::get().answer("clerk", {"GET", "/b/demo/api/trust/checkpoint", {}, ""});
    ASSERT_EQ(note.status, 200) << note.body;
    const auto point = journal::open_checkpoint(note.body, key(), "answer");
    ASSERT_TRUE(point) << point.error().text();
    EXPECT_EQ(point->root, *Yard::get().board().snapshot()->root_at(Position{static_cast<std::int64_t>(point->size)}));
    const auto other = journal::SignerKey::generate(key().name());
    EXPECT_FALSE(journal::open_checkpoint(note.body, other->verifier(), "answer"));
}

TEST(Proofs, AFiguresProofAddsUpAndShowsNoBody) {
    const Reply file = Yard::get().answer("leader", {"GET", "/b/demo/api/trust/proofs/figures/investment_done?period=2026H1", {}, ""});
    ASSERT_EQ(file.status, 200) << file.body;
    const auto proven = journal::verify_proof(file.body, key(), "answer");
    ASSERT_TRUE(proven) << proven.error()[0].text();
    ASSERT_EQ(proven->proof.figure.size(), 1U);
    EXPECT_TRUE(proven->proof.figure[0].adds_up);
    EXPECT_FALSE(proven->proof.figure[0].rows.empty());
    for (const auto& entry : proven->proof.entries)
        for (const std::string& body : entry.entry.body) EXPECT_TRUE(body.empty());
    // Any digit changed is found.
    std::string changed = file.body;
    const std::size_t at = changed.find("\"amount\":\"") + 10;
    ASSERT_LT(at, changed.size());
    changed[at] = changed[at] == '1' ? '2' : '1';
    EXPECT_FALSE(journal::verify_proof(changed, key(), "answer"));
}

TEST(Proofs, TheJournalGoesOnFromAnEarlierCheckpoint) {
    const Reply file = Yard::get().answer("audit", {"GET", "/b/demo/api/trust/proofs/consistency?from=12345", {}, ""});
    ASSERT_EQ(file.status, 200) << file.body;
    const auto proven = journal::verify_proof(file.body, key(), "answer");
    ASSERT_TRUE(proven) << proven.error()[0].text();
    EXPECT_EQ(proven->proof.from_size, 12345U);
    EXPECT_EQ(proven->proof.from_root, *Yard::get().board().snapshot()->root_at(Position{12345}));
}

}  // namespace
}  // namespace yipan::test
