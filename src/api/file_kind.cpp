#include "api/file_kind.h"

#include "base/utf8.h"

namespace yipan::api {
namespace {

bool plain_text(std::string_view head) {
    if (head.empty()) return false;
    if (head.size() >= file_kind_bytes) {  // the last character may be cut
        std::size_t end = head.size();
        while (end > head.size() - 4 && (static_cast<unsigned char>(head[end - 1]) & 0xC0) == 0x80) --end;
        if (end > 0 && static_cast<unsigned char>(head[end - 1]) >= 0x80) --end;
        head = head.substr(0, end);
    }
    for (const char c : head) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte < 0x20 && c != '\n' && c != '\r' && c != '\t') || byte == 0x7F) return false;
    }
    // What a browser could take for a document of its own is saved instead.
    std::size_t at = head.starts_with("\xEF\xBB\xBF") ? 3 : 0;
    while (at < head.size() && (head[at] == ' ' || head[at] == '\n' || head[at] == '\r' || head[at] == '\t')) ++at;
    return at < head.size() && head[at] != '<' && find_invalid_utf8(head) == std::string_view::npos;
}

}  // namespace

FileKind file_kind(std::string_view head) {
    using namespace std::string_view_literals;
    if (head.starts_with("\x89PNG\r\n\x1A\n"sv)) return {"image/png", true};
    if (head.starts_with("\xFF\xD8\xFF"sv)) return {"image/jpeg", true};
    if (head.starts_with("GIF87a"sv) || head.starts_with("GIF89a"sv)) return {"image/gif", true};
    if (head.size() >= 12 && head.starts_with("RIFF"sv) && head.substr(8, 4) == "WEBP"sv) return {"image/webp", true};
    if (head.starts_with("%PDF-"sv)) return {"application/pdf", true};
    if (plain_text(head.substr(0, file_kind_bytes))) return {"text/plain; charset=utf-8", true};
    return {};
}

}  // namespace yipan::api
