#pragma once
// What a file is by its bytes, never by its name: only kinds that a browser shows without running anything are told; all
// others are handed over as they are, to be saved.
#include <string_view>

namespace yipan::api {

constexpr std::size_t file_kind_bytes = 4'096;  // of the beginning are looked at

struct FileKind {
    std::string_view type = "application/octet-stream";
    bool shown = false;  // may be shown inside the page
};
/// PNG, JPEG, GIF, WebP, PDF and plain text of UTF-8.
FileKind file_kind(std::string_view head);

}  // namespace yipan::api
