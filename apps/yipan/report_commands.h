#pragma once
// Writing a report into a file, for the command and the main job.
#include "context.h"
#include "report/report.h"

namespace yipan::app {
/// The extension of `out` says how: .html or .md.
Result<report::Document> write_report_file(board::Board& board, const std::string& report, const std::string& unit,
                                           const Period& period, const std::string& out, Errors& errors);
}  // namespace yipan::app
