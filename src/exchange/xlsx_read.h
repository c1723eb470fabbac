#pragma once
// XLSX in: one sheet of a workbook row by row, in bounded memory whatever the size, from a file or from memory. Reads
// what Excel, WPS and LibreOffice write: shared, inline and rich strings, serial dates of both systems by built-in and
// own formats, formulas by their cached values, booleans, error values, rows and cells with or without their places,
// sparse rows, absolute and relative parts, transitional and strict files. Reads no macros and evaluates nothing.
//   Refused with their names: encrypted workbooks, old .xls, .xlsb, OpenDocument and web pages called .xls, workbooks
// with macros, damaged archives, bombs (zip_read.h), documents with entities (xml_read.h), rows out of order.
#include "exchange/table.h"
#include "exchange/xlsx_formats.h"
#include "exchange/xlsx_strings.h"
#include "exchange/zip_read.h"

namespace yipan::exchange {

constexpr std::size_t xlsx_columns_read_max = 1'000;
constexpr std::uint64_t xlsx_rows_max = 1'048'576;
constexpr std::size_t xlsx_cell_bytes_max = std::size_t{1} << 20;
constexpr std::size_t xlsx_row_bytes_max = std::size_t{16} << 20;
constexpr std::size_t xlsx_part_bytes_max = std::size_t{32} << 20;  // of workbook, styles, relations
constexpr std::size_t xlsx_sheets_max = 1'000;
constexpr std::size_t xlsx_styles_max = 200'000;

struct XlsxSheet {
    std::string name;
    bool hidden = false;
    std::string part;
};

struct XlsxOptions {
    std::size_t shared_bytes_in_memory = exchange::shared_bytes_in_memory;
};

class XlsxReader final : public Table {
  public:
    static Result<std::unique_ptr<XlsxReader>> open_file(const std::string& path, std::string name,
                                                         XlsxOptions options = {});
    /// The bytes must outlive the reader.
    static Result<std::unique_ptr<XlsxReader>> open_bytes(std::string_view bytes, std::string name,
                                                          XlsxOptions options = {});
    ~XlsxReader() override;

    const std::vector<XlsxSheet>& sheets() const { return sheets_; }
    /// Starts reading a sheet; may be called again.
    Status open_sheet(std::size_t sheet);
    /// By name; an unknown one is refused with the names there are. Empty: the first visible sheet.
    Status open_sheet(std::string_view name);
    const std::string& sheet_name() const { return sheets_[sheet_].name; }

    Result<bool> next() override;
    bool broken() const override { return broken_; }
    std::uint64_t line() const override { return row_line_; }
    std::span<const Cell> cells() const override { return views_; }
    bool ragged() const override { return true; }
    std::int64_t bytes_done() const override { return bytes_done_; }
    std::int64_t bytes_total() const override { return bytes_total_; }

  private:
    class SheetHandler;
    struct Row {
        std::uint64_t line;
        std::uint32_t first, count;
    };
    struct Slot {
        std::uint32_t begin = 0, size = 0;
        CellKind kind = CellKind::text;
        bool lost = false;
    };
    XlsxReader(std::string name, XlsxOptions options);
    Status start();
    Status refuse_strangers() const;
    Status read_workbook();
    Status read_styles(const std::string& part);
    Status read_strings(const std::string& part);
    Status pump();

    std::string name_;
    std::unique_ptr<ZipFile> zip_;
    std::vector<XlsxSheet> sheets_;
    bool since_1904_ = false;
    std::vector<NumberFormat> formats_;  // by style of a cell
    SharedStrings strings_;
    std::size_t sheet_ = 0;
    std::unique_ptr<SheetHandler> handler_;
    // Rows read ahead: what one piece of the part held.
    std::vector<Row> rows_;
    std::size_t next_row_ = 0;
    std::vector<Slot> slots_;
    std::string text_;
    std::vector<Cell> views_;
    std::uint64_t row_line_ = 0;
    bool ended_ = false, broken_ = false;
    Error last_error_;
    std::int64_t bytes_done_ = 0, bytes_total_ = 0;
};

/// What a file is by its first bytes, when it is not a workbook: said in the refusal. `head`: up to 4 KiB and more of
/// its beginning.
Status refuse_other_formats(std::string_view head, const std::string& name);

}  // namespace yipan::exchange
