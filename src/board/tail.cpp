#include "board/tail.h"

namespace yipan::board {
namespace {
void put(std::string& out, std::int64_t v) {  // zigzag, seven bits a byte
    auto u = (static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63);
    char buffer[10];
    std::size_t n = 0;
    for (; u >= 0x80; u >>= 7) buffer[n++] = static_cast<char>(u | 0x80);
    buffer[n++] = static_cast<char>(u);
    out.append(buffer, n);
}
bool take(std::string_view& in, std::int64_t& v) {
    std::uint64_t u = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        if (in.empty()) return false;
        const auto b = static_cast<unsigned char>(in.front());
        in.remove_prefix(1);
        u |= static_cast<std::uint64_t>(b & 0x7f) << shift;
        if (b < 0x80) {
            v = static_cast<std::int64_t>(u >> 1) ^ -static_cast<std::int64_t>(u & 1);
            return true;
        }
    }
    return false;
}
}  // namespace

std::string encode_postings(std::span<const figure::Posting> postings) {
    std::string out;
    out.reserve(postings.size() * 24);
    std::int64_t position = 0;
    std::int64_t record = 0;
    for (const auto& p : postings) {
        const auto& k = p.what.cell;
        put(out, p.position - position);
        put(out, p.record - record);
        put(out, std::int64_t{k.figure} * 2 + (p.sign < 0));
        put(out, k.slot);
        put(out, k.unit);
        put(out, k.d1);
        put(out, k.d2);
        put(out, p.what.value);
        put(out, p.what.day);
        position = p.position;
        record = p.record;
    }
    return out;
}

Result<std::vector<figure::Posting>> decode_postings(std::string_view in) {
    std::vector<figure::Posting> out;
    figure::Posting p;
    while (!in.empty()) {
        std::int64_t position = 0, record = 0, figure = 0, slot = 0, day = 0;
        auto& k = p.what.cell;
        if (!take(in, position) || !take(in, record) || !take(in, figure) || !take(in, slot) || !take(in, k.unit) ||
            !take(in, k.d1) || !take(in, k.d2) || !take(in, p.what.value) || !take(in, day))
            return fail(Code::corrupt, "yipan_tail", "postings end in the middle");
        if (__builtin_add_overflow(p.position, position, &p.position) || __builtin_add_overflow(p.record, record, &p.record))
            return fail(Code::corrupt, "yipan_tail", "a posting's place is beyond 64 bits");
        k.figure = static_cast<std::int32_t>(figure >> 1);
        p.sign = figure & 1 ? -1 : 1;
        k.slot = static_cast<figure::Slot>(slot);
        p.what.day = static_cast<std::int32_t>(day);
        out.push_back(p);
    }
    return out;
}
}  // namespace yipan::board
