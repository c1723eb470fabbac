#include "base/result.h"

namespace yipan {
namespace {
struct Row {
    std::string_view name;
    int http;
    int exit;
    std::string_view sentence;
};
constexpr Row rows[] = {
#define YIPAN_ERROR(name, http, exit, text) {#name, http, exit, text},
#include "base/error_codes.def"
#undef YIPAN_ERROR
};
}  // namespace

std::string_view code_name(Code code) { return rows[static_cast<int>(code)].name; }
std::string_view code_sentence(Code code) { return rows[static_cast<int>(code)].sentence; }
int code_http_status(Code code) { return rows[static_cast<int>(code)].http; }
int code_exit(Code code) { return rows[static_cast<int>(code)].exit; }

std::string Error::text() const {
    std::string out;
    if (!where.empty()) out += where + ": ";
    out += message.empty() ? std::string(code_sentence(code)) : message;
    if (!hint.empty()) out += " (" + hint + ")";
    return out;
}

std::string text_of(const Errors& errors) {
    std::string out;
    for (const Error& error : errors) out += error.text() + "\n";
    return out;
}
}  // namespace yipan
