#pragma once
// The bytes of sorted runs: postings by cell, then by position, cut into chunks; and the per-cell totals of a run.
//
// Cell key, 32 bytes, memcmp order: figure, unit, d1, d2, slot (big-endian, sign bit flipped), so that a unit's months
// lie side by side. A chunk's first key is the cell key, the 8-byte position of its first posting and a 4-byte number
// of the chunk within the cell, so a cell may span chunks. Chunk = pieces: [shared prefix with the key before: 1][rest
// of key][n*2 + continues][sum][count][first position][span][length][postings]. Posting = position delta * 2 + leaves,
// then record, value, day as zigzag deltas to the posting before. Totals = [shared][rest][sum][count]. All integers are
// LEB128 varints. Readers check every length: damaged bytes are Code::corrupt, never a wrong sum.
#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "figure/engine.h"

namespace yipan::figure {

constexpr std::size_t cell_key_bytes = 32;
using KeyBytes = std::array<unsigned char, cell_key_bytes>;
KeyBytes encode_key(const CellKey& key);
CellKey decode_key(std::string_view bytes);
inline std::string_view view(const KeyBytes& key) { return {reinterpret_cast<const char*>(key.data()), key.size()}; }
/// Where to start reading a cell: its key with position 0.
std::string seek_key(const KeyBytes& key);

/// A posting without its cell.
struct RunPosting {
    std::int64_t position = 0, record = 0, value = 0;
    std::int32_t day = 0;
    std::int8_t sign = 1;
};

/// Makes the chunks and totals of a run from postings in key order, positions ascending within a key.
class RunBuilder {
  public:
    explicit RunBuilder(std::size_t chunk_bytes);
    void add(const KeyBytes& key, const RunPosting& posting);
    /// Ends the last cell; afterwards chunks() and totals() are complete and the next add() must have a greater key.
    void finish();
    std::vector<std::pair<std::string, std::string>>& chunks() { return chunks_; }
    std::vector<std::string>& totals() { return totals_; }

  private:
    void end_piece(bool continues);
    void end_chunk();
    void end_cell();

    std::size_t chunk_bytes_;
    std::vector<std::pair<std::string, std::string>> chunks_;
    std::vector<std::string> totals_;
    std::string chunk_first_key_, chunk_body_, piece_body_, totals_body_;
    KeyBytes key_{}, previous_in_chunk_{}, previous_in_totals_{};
    bool in_cell_ = false;
    std::size_t piece_count_ = 0;
    std::uint32_t cell_chunks_ = 0;
    __int128 piece_sum_ = 0, cell_sum_ = 0;
    std::int64_t piece_net_ = 0, cell_net_ = 0;
    RunPosting first_, last_;
};

struct Piece {
    KeyBytes key{};
    std::uint64_t count = 0;  // postings
    bool continues = false;   // the next chunk goes on with the same cell
    __int128 sum = 0;         // of sign * value
    std::int64_t net = 0;     // of sign
    std::int64_t first_position = 0, last_position = 0;
    std::string_view postings;
};
/// Pieces of a chunk in key order; `visit` returns false to stop.
Status each_piece(std::string_view chunk, const std::function<bool(const Piece&)>& visit);
Status decode(const Piece& piece, const std::function<void(const RunPosting&)>& visit);
Status each_total(std::string_view totals,
                  const std::function<void(const CellKey&, __int128 sum, std::int64_t net)>& visit);

}  // namespace yipan::figure
