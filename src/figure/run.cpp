#include "figure/run.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace yipan::figure {

namespace {

constexpr std::size_t totals_bytes = 32 * 1024;  // per-cell totals, before a chunk of them is cut

template <class Byte>
void put_big_endian(Byte* out, std::uint64_t v, int bytes) {
    for (int i = 0; i < bytes; ++i) out[i] = static_cast<Byte>(v >> (8 * (bytes - 1 - i)));
}

std::uint64_t get_big_endian(const char* in, int bytes) {
    std::uint64_t v = 0;
    for (int i = 0; i < bytes; ++i) v = v << 8 | static_cast<unsigned char>(in[i]);
    return v;
}

constexpr std::uint64_t sign64 = std::uint64_t{1} << 63;
constexpr std::uint32_t sign32 = std::uint32_t{1} << 31;

void put_varint(std::string& out, std::uint64_t v) {
    char buffer[10];
    std::size_t n = 0;
    while (v >= 0x80) {
        buffer[n++] = static_cast<char>(v | 0x80);
        v >>= 7;
    }
    buffer[n++] = static_cast<char>(v);
    out.append(buffer, n);
}

void put_zigzag(std::string& out, std::int64_t v) {
    put_varint(out, static_cast<std::uint64_t>(v) << 1 ^ static_cast<std::uint64_t>(v >> 63));
}

void put_zigzag128(std::string& out, __int128 v) {
    if (v == static_cast<std::int64_t>(v)) return put_zigzag(out, static_cast<std::int64_t>(v));  // the same bytes
    auto u = static_cast<unsigned __int128>(v) << 1 ^ static_cast<unsigned __int128>(v >> 127);
    while (u >= 0x80) {
        out.push_back(static_cast<char>(static_cast<std::uint8_t>(u) | 0x80));
        u >>= 7;
    }
    out.push_back(static_cast<char>(u));
}

/// The difference of two 64-bit values always fits when it wraps: decoding wraps back.
std::int64_t wrapping_difference(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
std::int64_t wrapping_sum(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

/// Reads varints; `ok` turns false at the first byte that is missing or too much, and stays so.
struct Reader {
    const char* at;
    const char* end;
    bool ok = true;

    explicit Reader(std::string_view bytes) : at(bytes.data()), end(bytes.data() + bytes.size()) {}
    bool done() const { return at == end; }
    std::uint64_t varint() {
        std::uint64_t v = 0;
        for (unsigned shift = 0; shift < 70; shift += 7) {
            if (at == end) break;
            const auto byte = static_cast<unsigned char>(*at++);
            if (shift < 64) v |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            if (byte < 0x80) return v;
        }
        ok = false;
        return 0;
    }
    std::int64_t zigzag() {
        const auto u = varint();
        return static_cast<std::int64_t>(u >> 1 ^ (~(u & 1) + 1));
    }
    __int128 zigzag128() {
        unsigned __int128 u = 0;
        for (unsigned shift = 0; shift < 133; shift += 7) {
            if (at == end) break;
            const auto byte = static_cast<unsigned char>(*at++);
            if (shift < 128) u |= static_cast<unsigned __int128>(byte & 0x7f) << shift;
            if (byte < 0x80) return static_cast<__int128>(u >> 1 ^ (~(u & 1) + 1));
        }
        ok = false;
        return 0;
    }
    std::string_view bytes(std::uint64_t n) {
        if (n > static_cast<std::uint64_t>(end - at)) {
            ok = false;
            return {};
        }
        const std::string_view v{at, static_cast<std::size_t>(n)};
        at += n;
        return v;
    }
    /// A key whose first bytes are those of the key before.
    void key(KeyBytes& key) {
        const auto shared = bytes(1);
        if (!ok || static_cast<unsigned char>(shared[0]) > cell_key_bytes) {
            ok = false;
            return;
        }
        const auto from = static_cast<std::size_t>(static_cast<unsigned char>(shared[0]));
        const auto rest = bytes(cell_key_bytes - from);
        if (ok) std::memcpy(key.data() + from, rest.data(), rest.size());
    }
};

void put_key(std::string& out, const KeyBytes& key, const KeyBytes& before, bool first) {
    std::size_t shared = 0;
    if (!first) {
        while (shared < cell_key_bytes && key[shared] == before[shared]) ++shared;
    }
    out.push_back(static_cast<char>(shared));
    out.append(view(key).substr(shared));
}

auto damaged(const char* what) {
    return fail(Code::corrupt, "figure run", std::string(what) + " cannot be read",
                "rebuild the figures from the journal");
}

}  // namespace

KeyBytes encode_key(const CellKey& key) {
    KeyBytes out;
    put_big_endian(out.data(), static_cast<std::uint32_t>(key.figure) ^ sign32, 4);
    put_big_endian(out.data() + 4, static_cast<std::uint64_t>(key.unit) ^ sign64, 8);
    put_big_endian(out.data() + 12, static_cast<std::uint64_t>(key.d1) ^ sign64, 8);
    put_big_endian(out.data() + 20, static_cast<std::uint64_t>(key.d2) ^ sign64, 8);
    put_big_endian(out.data() + 28, static_cast<std::uint32_t>(key.slot) ^ sign32, 4);
    return out;
}

CellKey decode_key(std::string_view bytes) {
    YIPAN_CHECK(bytes.size() >= cell_key_bytes);
    CellKey key;
    key.figure = static_cast<std::int32_t>(static_cast<std::uint32_t>(get_big_endian(bytes.data(), 4)) ^ sign32);
    key.unit = static_cast<std::int64_t>(get_big_endian(bytes.data() + 4, 8) ^ sign64);
    key.d1 = static_cast<std::int64_t>(get_big_endian(bytes.data() + 12, 8) ^ sign64);
    key.d2 = static_cast<std::int64_t>(get_big_endian(bytes.data() + 20, 8) ^ sign64);
    key.slot = static_cast<std::int32_t>(static_cast<std::uint32_t>(get_big_endian(bytes.data() + 28, 4)) ^ sign32);
    return key;
}

std::string seek_key(const KeyBytes& key) {
    std::string out(view(key));
    out.append(8, '\0');
    return out;
}

RunBuilder::RunBuilder(std::size_t chunk_bytes) : chunk_bytes_(chunk_bytes) {}

void RunBuilder::add(const KeyBytes& key, const RunPosting& posting) {
    if (!in_cell_ || key != key_) {
        if (in_cell_) {
            YIPAN_CHECK(key_ < key);
            end_piece(false);
            end_cell();
        }
        if (chunk_body_.size() >= chunk_bytes_) end_chunk();
        key_ = key;
        in_cell_ = true;
    } else if (chunk_body_.size() + piece_body_.size() >= chunk_bytes_) {
        end_piece(true);
        end_chunk();
        ++cell_chunks_;
    }
    if (piece_count_ == 0) {
        first_ = posting;
        last_ = RunPosting{posting.position, 0, 0, 0, 1};
        if (chunk_first_key_.empty()) {
            chunk_first_key_ = view(key);
            char tail[12];
            put_big_endian(tail, static_cast<std::uint64_t>(posting.position), 8);
            put_big_endian(tail + 8, cell_chunks_, 4);
            chunk_first_key_.append(tail, 12);
        }
    }
    YIPAN_CHECK(posting.position >= last_.position);
    put_varint(piece_body_,
               static_cast<std::uint64_t>(posting.position - last_.position) << 1 | (posting.sign < 0 ? 1 : 0));
    put_zigzag(piece_body_, wrapping_difference(posting.record, last_.record));
    put_zigzag(piece_body_, wrapping_difference(posting.value, last_.value));
    put_zigzag(piece_body_, std::int64_t{posting.day} - last_.day);
    last_ = posting;
    ++piece_count_;
    piece_sum_ += static_cast<__int128>(posting.value) * posting.sign;
    piece_net_ += posting.sign;
}

void RunBuilder::end_piece(bool continues) {
    put_key(chunk_body_, key_, previous_in_chunk_, chunk_body_.empty());
    previous_in_chunk_ = key_;
    put_varint(chunk_body_, piece_count_ << 1 | (continues ? 1 : 0));
    put_zigzag128(chunk_body_, piece_sum_);
    put_zigzag(chunk_body_, piece_net_);
    put_varint(chunk_body_, static_cast<std::uint64_t>(first_.position));
    put_varint(chunk_body_, static_cast<std::uint64_t>(last_.position - first_.position));
    put_varint(chunk_body_, piece_body_.size());
    chunk_body_ += piece_body_;
    cell_sum_ += piece_sum_;
    cell_net_ += piece_net_;
    piece_body_.clear();
    piece_count_ = 0;
    piece_sum_ = 0;
    piece_net_ = 0;
}

void RunBuilder::end_chunk() {
    if (chunk_body_.empty()) return;
    chunks_.emplace_back(std::move(chunk_first_key_), std::move(chunk_body_));
    chunk_first_key_.clear();
    chunk_body_.clear();
}

void RunBuilder::end_cell() {
    put_key(totals_body_, key_, previous_in_totals_, totals_body_.empty());
    previous_in_totals_ = key_;
    put_zigzag128(totals_body_, cell_sum_);
    put_zigzag(totals_body_, cell_net_);
    cell_sum_ = 0;
    cell_net_ = 0;
    cell_chunks_ = 0;
    if (totals_body_.size() >= totals_bytes) {
        totals_.push_back(std::move(totals_body_));
        totals_body_.clear();
    }
}

void RunBuilder::finish() {
    if (!in_cell_) return;
    end_piece(false);
    end_cell();
    end_chunk();
    if (!totals_body_.empty()) totals_.push_back(std::move(totals_body_));
    totals_body_.clear();
    in_cell_ = false;
}

Status each_piece(std::string_view chunk, const std::function<bool(const Piece&)>& visit) {
    Reader in(chunk);
    Piece piece;
    while (!in.done()) {
        in.key(piece.key);
        const auto n = in.varint();
        piece.count = n >> 1;
        piece.continues = n & 1;
        piece.sum = in.zigzag128();
        piece.net = in.zigzag();
        piece.first_position = static_cast<std::int64_t>(in.varint());
        piece.last_position = wrapping_sum(piece.first_position, static_cast<std::int64_t>(in.varint()));
        piece.postings = in.bytes(in.varint());
        if (!in.ok) return damaged("a chunk of postings");
        if (!visit(piece)) break;
    }
    return {};
}

Status decode(const Piece& piece, const std::function<void(const RunPosting&)>& visit) {
    Reader in(piece.postings);
    RunPosting p{piece.first_position, 0, 0, 0, 1};
    for (std::uint64_t i = 0; i < piece.count; ++i) {
        const auto step = in.varint();
        p.position = wrapping_sum(p.position, static_cast<std::int64_t>(step >> 1));
        p.sign = step & 1 ? -1 : 1;
        p.record = wrapping_sum(p.record, in.zigzag());
        p.value = wrapping_sum(p.value, in.zigzag());
        p.day = static_cast<std::int32_t>(wrapping_sum(p.day, in.zigzag()));
        if (!in.ok) return damaged("a posting");
        visit(p);
    }
    if (!in.done()) return damaged("the end of a cell");
    return {};
}

Status each_total(std::string_view totals, const std::function<void(const CellKey&, __int128, std::int64_t)>& visit) {
    Reader in(totals);
    KeyBytes key{};
    while (!in.done()) {
        in.key(key);
        const auto sum = in.zigzag128();
        const auto net = in.zigzag();
        if (!in.ok) return damaged("a total");
        visit(decode_key(view(key)), sum, net);
    }
    return {};
}

}  // namespace yipan::figure
