#include "board/model_entry.h"

#include <algorithm>
#include <boost/json.hpp>

#include "record/body.h"

namespace yipan::board {

std::string model_body(const std::vector<model::SourceFile>& files) {
    auto sorted = files;
    std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    std::string out = "{";
    for (const auto& file : sorted) {
        if (out.size() > 1) out += ',';
        record::append_json_text(out, file.path);
        out += ':';
        record::append_json_text(out, file.text);
    }
    return out + "}";
}

Result<std::vector<model::SourceFile>> model_files(std::string_view body) {
    boost::json::error_code ec;
    const auto json = boost::json::parse(boost::json::string_view(body.data(), body.size()), ec);
    std::vector<model::SourceFile> out;
    if (ec || !json.is_object()) return fail(Code::corrupt, "the model's entry", "is not readable");
    for (const auto& [path, text] : json.get_object()) {
        if (!text.is_string()) return fail(Code::corrupt, "the model's entry", "is not readable");
        out.push_back({std::string(path), std::string(text.get_string())});
    }
    return out;
}

}  // namespace yipan::board
