#pragma once
// CSV out: the records of a type as imports read them back, streaming; and the empty template of a type.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "board/board.h"

namespace yipan::exchange {

enum class OutEncoding : std::uint8_t { utf8, gb18030 };
enum class Headings : std::uint8_t { codes, labels };

/// Hands every record to the visitor; what it may show is already chosen.
using RowSource = std::function<Status(const std::function<Status(const record::Record&)>& visit)>;

struct ExportOptions {
    Headings headings = Headings::codes;
    model::Language language = model::Language::hans;  // of label headings
    OutEncoding encoding = OutEncoding::utf8;
    std::string filter;       // CEL; empty: all records
    bool everything = true;   // also computed values, numbers and the state
    std::vector<int> fields;  // in this order; empty: see everything
    std::string watermark;    // .xlsx: above and below every printed page
    RowSource rows;           // empty: the snapshot's records that pass the filter
    /// What stands in a cell instead of the value (a mask, nothing); none: the value.
    std::function<std::optional<std::string>(const record::Record& record, int field)> instead;
    board::Progress progress;  // rows done of rows there are
};

std::vector<int> exported_fields(const model::Type& type, const ExportOptions& options);
/// Every record to be exported, with progress.
Status each_exported(board::Snapshot& snapshot, int type, const ExportOptions& options,
                     const std::function<Status(const record::Record&)>& visit);

/// Writes to `path` ("-": standard output) and says how many rows; a file that could not be finished is removed.
Result<std::int64_t> export_csv(board::Snapshot& snapshot, int type, const std::string& path,
                                const ExportOptions& options = {});

/// The heading row only: the fields a person enters.
Status export_template(const model::Type& type, const std::string& path, Headings headings, model::Language language);

}  // namespace yipan::exchange
