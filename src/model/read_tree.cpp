// The files of a model below a directory.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "model/load.h"
#include "model/loader.h"

namespace yipan::model {
namespace {
namespace fs = std::filesystem;

bool belongs(const fs::path& path) {
    const std::string folder = path.parent_path().filename().string();
    const std::string name = path.filename().string();
    if (name.empty() || name.front() == '.') return false;
    const bool yaml = path.extension() == ".yaml";
    const bool report = path.extension() == ".md" || name.ends_with(".md.mustache");
    return ((folder == "types" || folder == "schemes" || folder == "migrations") && yaml) ||
           (folder == "reports" && report);
}

Result<std::string> read_file(const fs::path& path, const std::string& shown) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return fail(Code::not_found, shown, "the file cannot be read", "check its permissions");
    std::string text;
    char buffer[1 << 16];
    while (in.read(buffer, sizeof buffer) || in.gcount() > 0) {
        text.append(buffer, static_cast<std::size_t>(in.gcount()));
        if (text.size() > file_bytes_max)
            return fail(Code::limit_exceeded, shown, "larger than 8 MiB", "split the file");
    }
    return text;
}
}  // namespace

Checked<std::vector<SourceFile>> read_tree(const std::string& directory) {
    std::error_code error;
    const fs::path root(directory);
    if (!fs::is_directory(root, error))
        return fail(Errors{{Code::not_found, directory, "is not a directory", "the folder that holds the modules"}});
    std::vector<SourceFile> files;
    Errors problems;
    fs::recursive_directory_iterator at(root, error), end;
    while (!error && at != end) {
        if (at->is_regular_file(error) && belongs(at->path())) {
            const std::string shown = at->path().lexically_relative(root).generic_string();
            if (files.size() >= files_max)
                return fail(
                    Errors{{Code::limit_exceeded, directory, "more than 2,000 files", "a model has at most 2,000"}});
            auto text = read_file(at->path(), shown);
            if (text)
                files.push_back({shown, std::move(*text)});
            else
                problems.push_back(text.error());
        }
        at.increment(error);
    }
    if (error)
        problems.push_back({Code::store_failed, directory, "the directory cannot be read: " + error.message(), ""});
    if (files.empty() && problems.empty())
        problems.push_back({Code::not_found, directory, "holds no model",
                            "files stand in <module>/types/*.yaml, <module>/reports/*.md and <module>/schemes/*.yaml"});
    if (!problems.empty()) return fail(std::move(problems));
    std::sort(files.begin(), files.end(), [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
    return files;
}

}  // namespace yipan::model
