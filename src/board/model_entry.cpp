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

Checked<std::vector<model::Migration>> new_migrations(const std::vector<model::SourceFile>& before,
                                                      const std::vector<model::SourceFile>& after) {
    std::vector<model::Migration> out;
    Errors errors;
    for (const model::SourceFile& file : after) {
        if (!model::is_migration(file.path)) continue;
        const auto old =
            std::find_if(before.begin(), before.end(), [&](const auto& other) { return other.path == file.path; });
        if (old != before.end()) {
            if (old->text != file.text)
                errors.push_back({Code::invalid_model, file.path, "was applied already and reads otherwise now",
                                  "put it back as it was, and write what is new into a file of its own"});
            continue;
        }
        auto read = model::read_migrations(file);
        if (read)
            out.insert(out.end(), read->begin(), read->end());
        else
            errors.insert(errors.end(), read.error().begin(), read.error().end());
    }
    if (!errors.empty()) return fail(std::move(errors));
    return out;
}

}  // namespace yipan::board
