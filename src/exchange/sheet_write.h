#pragma once
// Workbooks out, in constant memory (libxlsxwriter): the records of a type, the template of a type, the failing rows of
// an import. Texts are written as texts (a cell that begins with = is no formula, an 18-digit code keeps its digits),
// dates as dates, amounts as numbers with their format as long as a spreadsheet keeps all their digits.
#include <memory>
#include <span>
#include <string>

#include "exchange/csv_export.h"
#include "exchange/head.h"

namespace yipan::exchange {

constexpr std::int64_t xlsx_export_rows_max = 1'048'575;
constexpr std::int64_t template_list_max = 500;  // of a drop-down; longer ones are typed

/// Writes to `path` and says how many rows; nothing is left of a file that could not be finished.
Result<std::int64_t> export_xlsx(board::Snapshot& snapshot, int type, const std::string& path,
                                 const ExportOptions& options = {});

struct TemplateOptions {
    model::Language language = model::Language::hans;
    std::function<bool(const record::Record&)> listed;  // which records may stand in a drop-down; none: all
};
/// The empty table of a type with drop-downs and units, and a sheet of instructions.
Status template_xlsx(board::Snapshot& snapshot, int type, const std::string& path, const TemplateOptions& options);
inline Status template_xlsx(board::Snapshot& snapshot, int type, const std::string& path, model::Language language) {
    return template_xlsx(snapshot, type, path, TemplateOptions{language, {}});
}

/// A table that is no type's: a title, a line below it, a head and texts. What reads as a number is written as one.
struct PlainSheet {
    std::string title, note;
    std::vector<std::string> head;
    std::vector<std::vector<std::string>> rows;
};
Status plain_xlsx(const std::string& path, const PlainSheet& sheet);

class FailingSheet {
  public:
    /// .xlsx or .csv by the name's end.
    static Result<std::unique_ptr<FailingSheet>> open(const std::string& path, const std::vector<std::string>& head,
                                                      const MachineSheet& machine);
    virtual ~FailingSheet() = default;
    virtual Status row(std::int64_t line, std::span<const Cell> cells, std::span<const char> red,
                       const std::string& reason) = 0;
    virtual Status finish() = 0;
};

}  // namespace yipan::exchange
