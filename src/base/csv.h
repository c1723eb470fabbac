#pragma once
// CSV (RFC 4180) in and out, streaming and in bounded memory. The reader takes what offices send: UTF-8 with or without
// a byte order mark or GB 18030, LF, CRLF or CR, line breaks inside quotes; it skips blank lines and takes a quote
// inside an unquoted cell as it stands. It allocates nothing per cell: views live until the next row. Errors carry
// "name:line" or "name:line:cell" (line = physical first line of the row, cells from 1): bad bytes and NUL are
// invalid_input and only cost their row; an unclosed quote, text behind a closing quote and a limit end the file.
#include <array>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace yipan {

inline constexpr std::size_t csv_row_bytes_max = std::size_t{1} << 20;
inline constexpr std::size_t csv_columns_max = 10'000;
inline constexpr std::size_t csv_sniff_bytes = std::size_t{1} << 16;  // looked at to tell UTF-8 from GB 18030

enum class CsvEncoding : std::uint8_t { detect, utf8, gb18030 };

struct CsvOptions {
    std::string name = "csv";  // begins the place in errors, usually the file's name
    char separator = ',';
    CsvEncoding encoding = CsvEncoding::detect;
    std::size_t row_bytes_max = csv_row_bytes_max;  // in UTF-8, quotes included
    std::size_t columns_max = csv_columns_max;
};

/// Fills the front of the room with bytes and says how many; 0 means the end.
using ByteSource = std::function<Result<std::size_t>(std::span<char> room)>;
ByteSource bytes_of_text(std::string_view text);  // the text must outlive the source
ByteSource bytes_of_file(std::FILE* file);        // does not close it

class CsvReader {
  public:
    explicit CsvReader(ByteSource source, CsvOptions options = {});
    ~CsvReader();
    CsvReader(CsvReader&&) noexcept;

    /// True: row() and line() tell the next row. False: the end. An error: ask broken() whether rows may still follow.
    Result<bool> next();
    std::span<const std::string_view> row() const { return views_; }
    std::uint64_t line() const { return row_line_; }
    bool broken() const { return broken_; }
    /// Known after the first call of next().
    CsvEncoding encoding() const { return encoding_; }

  private:
    struct Cell {
        std::uint32_t begin, end;  // inside the row, quotes excluded
        bool doubled;              // holds doubled quotes
    };
    class Decoder;
    struct EndOfCell {
        bool row_ends;
    };
    Result<bool> read_row();
    Result<EndOfCell> read_cell(std::size_t& at);
    Result<bool> read_quoted(std::size_t& at, Cell& cell);
    Result<EndOfCell> after_cell(std::size_t& at);
    Status check_bytes(std::size_t size);
    void make_views();
    Result<bool> more();  // false: the end; the row's bytes keep their offsets from row_
    Result<std::size_t> raw(std::span<char> room);
    Status open();
    tl::unexpected<Error> broke(Code code, std::uint64_t line, std::string message, std::string hint);
    std::string place(std::uint64_t line) const { return options_.name + ":" + std::to_string(line); }

    ByteSource source_;
    CsvOptions options_;
    CsvEncoding encoding_;
    std::unique_ptr<Decoder> decoder_;  // only for GB 18030
    std::vector<char> sniffed_;         // raw bytes read ahead to find the encoding
    std::size_t sniffed_used_ = 0;
    std::vector<char> buffer_;
    std::size_t row_ = 0;  // where the row begins in buffer_
    std::size_t end_ = 0;  // where the bytes end in buffer_
    std::vector<Cell> cells_;
    std::vector<std::string_view> views_;
    std::array<bool, 256> special_{};
    std::uint64_t line_ = 1;  // of the byte to be read next
    std::uint64_t row_line_ = 0;
    bool opened_ = false;
    bool source_ended_ = false;
    bool broken_ = false;
    Error last_error_;
};

/// Whether a spreadsheet would run the text as a formula: = + - @ tab or CR at its start. Apostrophes before it count
/// as guards, so that guarding and taking a guard off again give every text back as it was.
bool runs_as_formula(std::string_view text);
/// The text without the apostrophe that guards it, if one does.
std::string_view without_guard(std::string_view text);

/// What to do with text a spreadsheet would run as a formula.
enum class CsvFormulas : std::uint8_t { neutralise, keep };  // neutralise: a leading apostrophe, in text cells only

struct CsvWriterOptions {
    char separator = ',';
    bool byte_order_mark = true;  // spreadsheets take a file without it for GB 18030
    CsvFormulas formulas = CsvFormulas::neutralise;
};

using ByteSink = std::function<Status(std::string_view bytes)>;

class CsvWriter {
  public:
    explicit CsvWriter(ByteSink sink, CsvWriterOptions options = {});
    CsvWriter& text(std::string_view cell);
    /// Never neutralised. What holds anything but digits, signs, a point or an exponent is treated as text.
    CsvWriter& number(std::string_view cell);
    Status end_row();  // CRLF, as RFC 4180 has it
    Status finish();   // hands the rest to the sink; needed once at the end

  private:
    void cell(std::string_view text, bool neutralise);
    ByteSink sink_;
    CsvWriterOptions options_;
    std::string pending_;
    std::size_t columns_ = 0;
    bool only_empty_ = true;
};

}  // namespace yipan
