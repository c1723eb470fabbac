#pragma once
// Where a table's head is, and what a workbook of ours says of itself.
#include <optional>
#include <string>
#include <vector>

#include "exchange/columns.h"
#include "exchange/xlsx_read.h"

namespace yipan::exchange {

/// The sheet that templates and failing workbooks carry for the machine, hidden: which type, which model, which import.
constexpr std::string_view machine_sheet = "_yipan";

struct MachineSheet {
    std::string kind;   // template, failing
    std::string type;   // code
    std::string model;  // model_mark()
    std::string import;
    std::vector<std::string> columns;  // field codes, in the order of the columns
};
Result<std::optional<MachineSheet>> read_machine_sheet(XlsxReader& reader);

/// Names the model: changes with every change of its text.
std::string model_mark(const model::Model& model);

/// The heading of the first column of a file of failing rows: "原行号 / row [import 12]".
std::string failing_heading(const std::string& import_id);
std::optional<std::string> import_of_heading(std::string_view heading);
constexpr std::string_view reason_heading = "原因 / reason";

/// Rows read ahead while looking for the head.
struct HeadRow {
    std::uint64_t line = 0;
    std::vector<std::string> texts;
};
struct Head {
    std::size_t row = 0;  // of the rows looked at
    std::vector<std::string> headings;
};
/// The first of the rows that names most fields; a heading merged over two rows counts where it stands above. A title
/// or a note above the head is passed over. None: no row names a field.
std::optional<Head> find_head(const model::Type& type, const std::vector<HeadRow>& rows);

}  // namespace yipan::exchange
