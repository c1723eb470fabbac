// Whatever bytes stand where the board keeps its journal, bodies, postings, runs and proofs: the readers answer with a
// value or say that it is damaged. What is read is written again as it reads: the same bytes, or bytes that read the
// same.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "board/model_entry.h"
#include "board/tail.h"
#include "figure/run.h"
#include "journal/entry.h"
#include "journal/merkle.h"
#include "model/load.h"
#include "record/body.h"

namespace {
using namespace yipan;

constexpr const char* model_yaml = R"yaml(
types:
  parcel:
    label: [地, 地, Parcel]
    responsible: none
    fields:
      code: {type: text, required: true, unique: true, label: [号, 號, Code]}
      area: {type: decimal, scale: 2, label: [面, 面, Area]}
      zone: {type: text, label: [区, 區, Zone]}
      owner: {type: text, personal: true, label: [主, 主, Owner]}
      paper: {type: attachment, label: [件, 件, Paper]}
)yaml";

const model::Model& parcels() {
    static const auto loaded = model::load({{"a/types/a.yaml", model_yaml}});
    if (!loaded) std::abort();
    return **loaded;
}

void body(std::string_view bytes) {
    static const record::BodyCodec codec(parcels().types[0]);
    record::Record read;
    read.type = 0;
    read.values.resize(parcels().types[0].fields.size());
    record::Marks marks;
    const bool good = codec.decode(bytes, read.values, &marks).has_value();
    if (good != record::marks_of(bytes).has_value() && bytes.find("\"yipan_") != std::string_view::npos) std::abort();
    if (!good) return;
    read.voided = marks.voided;
    record::Record again = read;
    for (auto& value : again.values) value = {};
    std::string out;
    record::Marks same;
    for (int g = 0; g < record::group_count; ++g) {
        codec.encode(read, static_cast<model::FieldGroup>(g), out, g == 0 ? &marks : nullptr);
        if (!codec.decode(out, again.values, &same)) std::abort();
    }
    if (again.values != read.values || !(same == marks)) std::abort();
}

void postings(std::string_view bytes) {
    const auto read = board::decode_postings(bytes);
    if (!read) return;
    const std::string out = board::encode_postings(*read);
    const auto again = board::decode_postings(out);
    if (!again || again->size() != read->size() || board::encode_postings(*again) != out) std::abort();
}

void run(std::string_view bytes) {
    (void)figure::each_piece(bytes, [](const figure::Piece& piece) {
        std::uint64_t n = 0;
        const auto ok = figure::decode(piece, [&](const figure::RunPosting&) { ++n; });
        if (ok && n != piece.count) std::abort();
        return true;
    });
    (void)figure::each_total(bytes, [](const figure::CellKey&, __int128, std::int64_t) {});
}

// A proof is hashes: no other proof and no other root may pass for a tree that is known.
void proofs(std::string_view bytes) {
    if (bytes.size() < 2) return;
    const std::uint64_t size = 1 + static_cast<unsigned char>(bytes[0]) % 40;
    const std::uint64_t index = static_cast<unsigned char>(bytes[1]) % (size + 2);
    journal::Proof proof;
    for (std::size_t at = 2; at + sizeof(Digest) <= bytes.size() && proof.size() < 70; at += sizeof(Digest)) {
        Digest d;
        std::memcpy(d.data(), bytes.data() + at, d.size());
        proof.push_back(d);
    }
    std::vector<Digest> leaves;
    for (std::uint64_t i = 0; i < size; ++i) leaves.push_back(journal::leaf_hash(std::to_string(i)));
    const Digest root = journal::root_of(leaves);
    const Digest stranger = journal::leaf_hash("stranger");
    if (journal::verify_inclusion(index, size, stranger, proof, root)) std::abort();
    const std::uint64_t older = 1 + index % size;
    const Digest old_root = journal::root_of(std::span(leaves).first(older));
    if (journal::verify_consistency(older, size, proof, stranger, root) ||
        journal::verify_consistency(older, size, proof, old_root, stranger))
        std::abort();
    std::vector<Digest> roots = proof;
    (void)journal::Frontier::restore(index, std::move(roots));
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0] % 5) {
        case 0: body(bytes); break;
        case 1: postings(bytes); break;
        case 2: run(bytes); break;
        case 3: proofs(bytes); break;
        default: (void)board::model_files(bytes); break;
    }
    return 0;
}
