#include "journal/entry.h"

namespace yipan::journal {
namespace {
void put(std::string& out, std::uint64_t v, int bytes) {  // big endian
    char buffer[8];
    for (int i = 0; i < bytes; ++i) buffer[i] = static_cast<char>(v >> (8 * (bytes - 1 - i)));
    out.append(buffer, static_cast<std::size_t>(bytes));
}
void put_text(std::string& out, std::string_view text) {
    put(out, text.size(), 2);
    out += text;
}
}  // namespace

std::string_view verb_name(Verb verb) {
    constexpr std::string_view names[] = {"?",    "create",  "amend", "move",  "remove", "model", "void",
                                          "restore", "erase", "merge", "migrate", "read", "act", "expunge"};
    const auto i = static_cast<std::size_t>(verb);
    return names[i < std::size(names) ? i : 0];
}

bool makes_version(Verb verb) { return verb != Verb::remove && verb != Verb::merge && verb != Verb::expunge; }

Digest commitment_of(std::string_view salt, std::string_view body) {
    thread_local Sha256 hasher;
    return hasher.add(salt).add(body).finish();
}

void encode_header(const Entry& entry, const Digest& before, std::string& out) {
    out.clear();
    out += "yipan entry 1\n";  // domain and format
    put(out, static_cast<std::uint64_t>(entry.position), 8);
    out.append(reinterpret_cast<const char*>(before.data()), before.size());
    put(out, static_cast<std::uint64_t>(entry.time), 8);
    put(out, static_cast<std::uint64_t>(entry.actor), 8);
    put(out, static_cast<std::uint64_t>(entry.post), 8);
    put_text(out, entry.channel);
    put(out, static_cast<std::uint8_t>(entry.verb), 1);
    put_text(out, entry.type);
    put(out, static_cast<std::uint64_t>(entry.record), 8);
    put(out, static_cast<std::uint32_t>(entry.version), 4);
    put(out, static_cast<std::uint64_t>(entry.previous), 8);
    put(out, static_cast<std::uint64_t>(entry.transaction), 8);
    put(out, static_cast<std::uint32_t>(entry.model_version), 4);
    put(out, static_cast<std::uint32_t>(entry.effective), 4);
    for (int g = 0; g < group_count; ++g) {
        const auto& digest = entry.commitment[static_cast<std::size_t>(g)];
        if (!digest) continue;
        put(out, static_cast<std::uint8_t>(g + 1), 1);
        out.append(reinterpret_cast<const char*>(digest->data()), digest->size());
    }
}

Digest leaf_of(const Entry& entry, const Digest& before) {
    thread_local std::string header;
    thread_local Sha256 hasher;
    encode_header(entry, before, header);
    constexpr char leaf_prefix = 0;  // RFC 6962 section 2.1
    return hasher.add({&leaf_prefix, 1}).add(header).finish();
}

}  // namespace yipan::journal
