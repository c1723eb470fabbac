#pragma once
// What ships inside the binary: the modules' declarations, report templates and schemes ("project/types/project.yaml"),
// the schemes that score tables without a board ("hdi.yaml"), and data ("organisation/data/holidays.csv"). Made at build time (embed.cmake).
#include <string_view>
#include <vector>

namespace yipan::app {
struct EmbeddedFile {
    std::string_view path;
    std::string_view text;
};
const std::vector<EmbeddedFile>& embedded_model();
const std::vector<EmbeddedFile>& embedded_schemes();
const std::vector<EmbeddedFile>& embedded_data();
}  // namespace yipan::app
