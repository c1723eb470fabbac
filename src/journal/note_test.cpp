// Signed notes, checkpoints and proofs: known answers of C2SP, and no flipped byte goes unnoticed.
#include "journal/note.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <random>

#include "journal/proof.h"

namespace yipan::journal {
namespace {
struct KnownNote {
    const char* name;
    const char* key;
    const char* note;
    bool valid;
};
// The C2SP sample (github.com/C2SP/C2SP, signed-note), and notes of the eight-leaf tree under a test key.
const KnownNote known[] = {
    {"C2SP signed-note example",
     "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
     "This is an example message.\n"
     "\n"
     "\xE2\x80\x94 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n",
     true},
    {"checkpoint of the 8-leaf tree, test seed 00..1f (never use in production)",
     "zone.example/log+da897f94+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
     "zone.example/log\n"
     "8\n"
     "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"
     "\n"
     "\xE2\x80\x94 zone.example/log 2ol/lO3OsqFOWcbQcZn91kmU0uKz16FOslcLzDSY8QmZ32xQcgx8B02aKxy+iODPCy0ie5D3qMl4kNk72JEbZ5q4SAg=\n",
     true},
    {"same checkpoint, size changed 8 to 7",
     "zone.example/log+da897f94+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
     "zone.example/log\n"
     "7\n"
     "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"
     "\n"
     "\xE2\x80\x94 zone.example/log 2ol/lO3OsqFOWcbQcZn91kmU0uKz16FOslcLzDSY8QmZ32xQcgx8B02aKxy+iODPCy0ie5D3qMl4kNk72JEbZ5q4SAg=\n",
     false},
    {"same checkpoint, key id off by one",
     "zone.example/log+da897f94+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
     "zone.example/log\n"
     "8\n"
     "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"
     "\n"
     "\xE2\x80\x94 zone.example/log 2ol/le3OsqFOWcbQcZn91kmU0uKz16FOslcLzDSY8QmZ32xQcgx8B02aKxy+iODPCy0ie5D3qMl4kNk72JEbZ5q4SAg=\n",
     false},
    {"same checkpoint, no signature lines",
     "zone.example/log+da897f94+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
     "zone.example/log\n"
     "8\n"
     "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",
     false},
    {"checkpoint with unknown extra signature line first",
     "zone.example/log+da897f94+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
     "zone.example/log\n"
     "8\n"
     "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"
     "\n"
     "\xE2\x80\x94 other.example/w AQIDBAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
     "\xE2\x80\x94 zone.example/log 2ol/lO3OsqFOWcbQcZn91kmU0uKz16FOslcLzDSY8QmZ32xQcgx8B02aKxy+iODPCy0ie5D3qMl4kNk72JEbZ5q4SAg=\n",
     true},
};

TEST(Note, known_answers_agree) {
    for (const KnownNote& k : known) {
        const auto key = VerifierKey::parse(k.key);
        ASSERT_TRUE(key) << k.name;
        EXPECT_EQ(key->text(), k.key);
        EXPECT_EQ(open_note(k.note, *key, "note").has_value(), k.valid) << k.name;
    }
}

SignerKey test_key() {
    std::string seed;
    for (char i = 0; i < 32; ++i) seed += i;
    return *SignerKey::from_seed("zone.example/log", seed);
}

TEST(Note, the_same_seed_signs_the_same_bytes_as_the_known_checkpoint) {
    EXPECT_EQ(test_key().verifier().text(), known[1].key);
    const auto root = from_hex("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
    const Checkpoint c{"zone.example/log", 8, *digest_of(*root)};
    EXPECT_EQ(*sign_note(c.text(), test_key()), known[1].note);
    EXPECT_EQ(*open_checkpoint(known[1].note, test_key().verifier(), "c"), c);
}

TEST(Note, every_flipped_bit_of_a_checkpoint_is_found_and_named) {
    const std::string note = known[1].note;
    for (std::size_t i = 0; i < note.size(); ++i)
        for (int bit = 0; bit < 8; ++bit) {
            std::string flipped = note;
            flipped[i] = static_cast<char>(flipped[i] ^ 1 << bit);
            const auto opened = open_checkpoint(flipped, test_key().verifier(), "c.txt");
            ASSERT_FALSE(opened) << i << "." << bit;
            EXPECT_EQ(opened.error().where, "c.txt");
            EXPECT_FALSE(opened.error().hint.empty());
        }
}

TEST(Note, keys_are_read_strictly_and_kept_from_others) {
    const SignerKey key = *SignerKey::generate("a.example/b");
    EXPECT_EQ(SignerKey::parse(key.text())->text(), key.text());
    EXPECT_FALSE(SignerKey::parse(key.verifier().text()));
    EXPECT_FALSE(SignerKey::generate("two words"));
    std::string wrong = key.verifier().text();
    wrong.back() = wrong.back() == 'A' ? 'B' : 'A';
    EXPECT_FALSE(VerifierKey::parse(wrong));
    const std::string path = testing::TempDir() + "note_test_key";
    (void)std::remove(path.c_str());
    EXPECT_FALSE(read_signer(path));
    ASSERT_TRUE(write_signer(path, key));
    EXPECT_FALSE(write_signer(path, key)) << "a key is never written over";
    EXPECT_EQ(read_signer(path)->text(), key.text());
    ::chmod(path.c_str(), 0644);
    EXPECT_EQ(read_signer(path).error().code, Code::not_allowed);
    (void)std::remove(path.c_str());
}

/// A log of `size` entries, and proofs of it.
struct Tiny {
    std::vector<Entry> entries;
    std::vector<Digest> leaves, before;
    explicit Tiny(int size) {
        Digest last{};
        for (int i = 1; i <= size; ++i) {
            Entry e;
            e.position = i;
            e.time = i * 1000;
            e.channel = "test";
            e.type = "thing";
            e.record = i;
            e.version = 1;
            e.transaction = i;
            e.model_version = 1;
            e.body[0] = "{\"amount\":" + std::to_string(i * 150) + "}";
            e.body[1] = "{\"name\":\"x\"}";
            for (std::size_t g = 0; g < 2; ++g) {
                e.salt[g] = std::string(salt_bytes, static_cast<char>('a' + i));
                e.commitment[g] = commitment_of(e.salt[g], e.body[g]);
            }
            before.push_back(last);
            last = leaf_of(e, last);
            leaves.push_back(last);
            entries.push_back(std::move(e));
        }
    }
    HashOf hash_of() const {
        return [this](unsigned level, std::uint64_t index) -> Result<Digest> {
            return root_of(std::span(leaves).subspan(index << level, std::size_t{1} << level));
        };
    }
    ProvenEntry proven(std::size_t i) const {
        ProvenEntry p{entries[i], before[i], *inclusion_proof(i, entries.size(), hash_of())};
        p.entry.salt[1].clear();  // personal data stay closed
        p.entry.body[1].clear();
        return p;
    }
    Checkpoint checkpoint() const { return {origin_of(leaves[0]), leaves.size(), root_of(leaves)}; }
    ProofFile figure() const {
        ProofFile p;
        p.board = "test";
        p.kind = "figure";
        p.checkpoint = *sign_note(checkpoint().text(), test_key());
        FigureClaim c{"total", "total", "", "2026H1", "9.00", "", "sum of amount", "amount", 2, true, {}, {}};
        for (const std::size_t i : {0U, 1U, 2U}) {
            p.entries.push_back(proven(i));
            c.rows.push_back({"thing", entries[i].record, entries[i].position, Decimal{150 * (static_cast<int>(i) + 1), 2}.text()});
        }
        p.figure.push_back(std::move(c));
        return p;
    }
};

TEST(Proof, a_figure_with_its_entries_verifies_with_the_key_alone) {
    const Tiny log(11);
    const auto text = write_proof(log.figure(), test_key());
    ASSERT_TRUE(text);
    const auto proven = verify_proof(*text, test_key().verifier(), "f.proof");
    ASSERT_TRUE(proven) << text_of(proven.error());
    EXPECT_EQ(proven->checkpoint.size, 11U);
    EXPECT_TRUE(proven->proof.entries[0].entry.body[1].empty());
    const auto other = verify_proof(*text, SignerKey::generate("zone.example/log")->verifier(), "f.proof");
    ASSERT_FALSE(other);
    EXPECT_NE(other.error()[0].message.find("another key"), std::string::npos) << text_of(other.error());
}

TEST(Proof, a_wrong_sum_a_wrong_amount_and_a_missing_entry_are_named_even_when_signed) {
    const Tiny log(11);
    const auto said = [&](const ProofFile& p) {
        const auto proven = verify_proof(*write_proof(p, test_key()), test_key().verifier(), "f");
        return proven ? std::string("verified") : text_of(proven.error());
    };
    ProofFile p = log.figure();
    p.figure[0].value = "9.01";
    EXPECT_NE(said(p).find("add up to 9.00, not to 9.01"), std::string::npos) << said(p);
    p = log.figure();
    p.figure[0].rows[1].amount = "4.00";
    EXPECT_NE(said(p).find("is not what entry 2 says"), std::string::npos) << said(p);
    p = log.figure();
    p.entries.pop_back();
    EXPECT_NE(said(p).find("entry 3 is not in the proof"), std::string::npos) << said(p);
    p = log.figure();
    p.entries[2].entry.body[0] = "{\"amount\":1}";
    EXPECT_NE(said(p).find("entry 3: is not in the journal"), std::string::npos) << said(p);
}

TEST(Proof, flipped_bytes_are_found_and_named_every_time) {
    const Tiny log(300);
    const std::string text = *write_proof(log.figure(), test_key());
    std::mt19937 random(7);
    for (int round = 0; round < 1'000; ++round) {
        std::string flipped = text;
        const std::size_t at = random() % text.size();
        flipped[at] = static_cast<char>(flipped[at] ^ (1 + random() % 255));
        const auto proven = verify_proof(flipped, test_key().verifier(), "f.proof");
        ASSERT_FALSE(proven) << "byte " << at;
        for (const Error& e : proven.error()) {
            EXPECT_TRUE(e.where.starts_with("f.proof")) << e.text();
            EXPECT_FALSE(e.message.empty());
        }
    }
}

TEST(Proof, a_longer_log_is_shown_to_go_on_from_a_shorter_one) {
    const Tiny log(300), forked(301);
    ProofFile p;
    p.kind = "consistency";
    p.checkpoint = *sign_note(log.checkpoint().text(), test_key());
    p.from_size = 77;
    p.from_root = root_of(std::span(log.leaves).first(77));
    p.consistency = *consistency_proof(77, 300, log.hash_of());
    EXPECT_TRUE(verify_proof(*write_proof(p, test_key()), test_key().verifier(), "c"));
    p.from_root = root_of(std::span(log.leaves).first(76));
    const auto refused = verify_proof(*write_proof(p, test_key()), test_key().verifier(), "c");
    ASSERT_FALSE(refused);
    EXPECT_NE(text_of(refused.error()).find("does not go on from"), std::string::npos);
}

TEST(Pins, are_read_back_and_a_cut_end_is_named) {
    const auto pins = split_pins("a\n\nb\n--\nc\n--\n", "pins");
    ASSERT_TRUE(pins);
    EXPECT_EQ(*pins, (std::vector<std::string>{"a\n\nb\n", "c\n"}));
    EXPECT_FALSE(split_pins("a\n--\nb", "pins"));
}
}  // namespace
}  // namespace yipan::journal
