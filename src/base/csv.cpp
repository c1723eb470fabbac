#include "base/csv.h"

#include <unicode/ucnv.h>
#include <unicode/utf16.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/utf8.h"

namespace yipan {
namespace {

constexpr std::size_t chunk_bytes = std::size_t{1} << 16;
constexpr std::string_view utf8_mark = "\xEF\xBB\xBF";
constexpr std::string_view gb18030_mark = "\x84\x31\x95\x33";

/// How a sample fits UTF-8: how many sequences of several bytes it has, how many bytes fit nothing.
struct Utf8Fit {
    std::size_t wide = 0;
    std::size_t bad = 0;
};
Utf8Fit utf8_fit(std::string_view sample, bool whole) {
    Utf8Fit fit;
    for (std::size_t at = 0; at < sample.size();) {
        const std::size_t length = sample[at] == 0 ? 1 : utf8_length_at(sample, at);
        if (length == 0 && !whole && sample.size() - at < 4) break;  // the sample may cut a sequence
        fit.wide += length > 1;
        fit.bad += length == 0;
        at += std::max<std::size_t>(length, 1);
    }
    return fit;
}

/// Byte pattern of GB 18030: one byte below 0x80, two bytes, or four with digits in the second and fourth place.
bool fits_gb18030(std::string_view sample, bool whole) {
    const auto in = [&](std::size_t i, int low, int high) {
        const int b = static_cast<std::uint8_t>(sample[i]);
        return b >= low && b <= high;
    };
    for (std::size_t at = 0; at < sample.size();) {
        if (in(at, 0, 0x7F)) {
            ++at;
        } else if (sample.size() - at < 4 && !whole) {
            return true;
        } else if (!in(at, 0x81, 0xFE) || at + 1 >= sample.size()) {
            return false;
        } else if (in(at + 1, 0x40, 0x7E) || in(at + 1, 0x80, 0xFE)) {
            at += 2;
        } else if (at + 3 < sample.size() && in(at + 1, '0', '9') && in(at + 2, 0x81, 0xFE) && in(at + 3, '0', '9')) {
            at += 4;
        } else {
            return false;
        }
    }
    return true;
}

/// A text in UTF-8 with a few damaged bytes may fit GB 18030 by chance; the reverse (GB 18030 whose pairs happen to be
/// mostly good UTF-8) does not occur in text of any length. So the sample is UTF-8 unless bad bytes are common.
CsvEncoding guess_encoding(std::string_view sample, bool whole) {
    if (sample.starts_with(gb18030_mark)) return CsvEncoding::gb18030;
    if (sample.starts_with(utf8_mark)) return CsvEncoding::utf8;
    const Utf8Fit fit = utf8_fit(sample, whole);
    if (fit.bad == 0 || fit.wide > fit.bad * 4 || !fits_gb18030(sample, whole)) return CsvEncoding::utf8;
    return CsvEncoding::gb18030;
}

}  // namespace

/// GB 18030 to UTF-8, piece by piece. A byte that fits nothing becomes 0xFF, which is never UTF-8, so that the row's
/// check finds it in its place.
class CsvReader::Decoder {
  public:
    Decoder() {
        UErrorCode error = U_ZERO_ERROR;
        converter_ = ucnv_open("gb18030", &error);
        YIPAN_CHECK(U_SUCCESS(error));
        ucnv_setToUCallBack(converter_, UCNV_TO_U_CALLBACK_STOP, nullptr, nullptr, nullptr, &error);
        YIPAN_CHECK(U_SUCCESS(error));
    }
    ~Decoder() { ucnv_close(converter_); }
    Decoder(const Decoder&) = delete;
    Decoder& operator=(const Decoder&) = delete;

    void decode(std::string_view bytes, bool flush, std::string& out) {
        const char* from = bytes.data();
        const char* const end = from + bytes.size();
        for (;;) {
            std::array<UChar, 4096> units;
            UChar* to = units.data();
            UErrorCode error = U_ZERO_ERROR;
            ucnv_toUnicode(converter_, &to, units.data() + units.size(), &from, end, nullptr, flush, &error);
            take({units.data(), static_cast<std::size_t>(to - units.data())}, out);
            if (error == U_BUFFER_OVERFLOW_ERROR) continue;
            if (U_SUCCESS(error)) return;
            out += '\xFF';
            ucnv_resetToUnicode(converter_);
            if (from == end && flush) return;
        }
    }

  private:
    void take(std::span<const UChar> units, std::string& out) {
        for (const UChar unit : units) {
            if (U16_IS_LEAD(unit)) {
                lead_ = unit;
            } else {
                append_utf8(out, U16_IS_TRAIL(unit) ? static_cast<char32_t>(U16_GET_SUPPLEMENTARY(lead_, unit)) : unit);
            }
        }
    }
    UConverter* converter_ = nullptr;
    UChar lead_ = 0;  // a pair may be cut by the end of the piece
};

ByteSource bytes_of_text(std::string_view text) {
    return [text](std::span<char> room) mutable -> Result<std::size_t> {
        const std::size_t n = std::min(text.size(), room.size());
        std::copy_n(text.data(), n, room.data());
        text.remove_prefix(n);
        return n;
    };
}

ByteSource bytes_of_file(std::FILE* file) {
    return [file](std::span<char> room) -> Result<std::size_t> {
        const std::size_t n = std::fread(room.data(), 1, room.size(), file);
        if (n == 0 && std::ferror(file) != 0) return fail(Code::store_failed, "", "the file cannot be read");
        return n;
    };
}

CsvReader::CsvReader(ByteSource source, CsvOptions options)
    : source_(std::move(source)), options_(std::move(options)), encoding_(options_.encoding) {
    for (const char c : {options_.separator, '\n', '\r'}) special_[static_cast<std::uint8_t>(c)] = true;
    options_.row_bytes_max = std::min(options_.row_bytes_max, std::size_t{1} << 30);  // offsets have 32 bits
}
CsvReader::~CsvReader() = default;
CsvReader::CsvReader(CsvReader&&) noexcept = default;

tl::unexpected<Error> CsvReader::broke(Code code, std::uint64_t line, std::string message, std::string hint) {
    broken_ = true;
    last_error_ = Error{code, place(line), std::move(message), std::move(hint)};
    return fail(last_error_);
}

Result<bool> CsvReader::next() {
    if (broken_) return fail(last_error_);
    if (!opened_) {
        if (auto status = open(); !status)
            return broke(status.error().code, 1, status.error().message, status.error().hint);
        opened_ = true;
    }
    auto found = read_row();
    if (!found || !*found) views_.clear();
    return found;
}

/// Reads ahead, finds the encoding, drops the byte order mark.
Status CsvReader::open() {
    sniffed_.resize(csv_sniff_bytes);
    std::size_t have = 0;
    while (have < sniffed_.size()) {
        YIPAN_TRY(const std::size_t n, source_(std::span(sniffed_).subspan(have)));
        if (n == 0) break;
        have += n;
    }
    const bool whole = have < sniffed_.size();
    sniffed_.resize(have);
    const std::string_view sample(sniffed_.data(), have);
    if (sample.starts_with("\xFF\xFE") || sample.starts_with("\xFE\xFF")) {
        return fail(Code::invalid_input, "", "the file is UTF-16", "save it as UTF-8 or GB 18030");
    }
    if (encoding_ == CsvEncoding::detect) encoding_ = guess_encoding(sample, whole);
    const std::string_view mark = encoding_ == CsvEncoding::utf8 ? utf8_mark : gb18030_mark;
    if (sample.starts_with(mark)) sniffed_used_ = mark.size();
    if (encoding_ == CsvEncoding::gb18030) decoder_ = std::make_unique<Decoder>();
    return {};
}

Result<std::size_t> CsvReader::raw(std::span<char> room) {
    if (sniffed_used_ == sniffed_.size()) return source_(room);
    const std::size_t n = std::min(room.size(), sniffed_.size() - sniffed_used_);
    std::copy_n(sniffed_.data() + sniffed_used_, n, room.data());
    sniffed_used_ += n;
    if (sniffed_used_ == sniffed_.size()) {
        sniffed_ = {};
        sniffed_used_ = 0;
    }
    return n;
}

Result<bool> CsvReader::more() {
    if (source_ended_) return false;
    if (end_ - row_ > options_.row_bytes_max + 4) {  // a quote and a line end are not counted
        return broke(Code::limit_exceeded, row_line_,
                     "a row of more than " + std::to_string(options_.row_bytes_max) + " bytes",
                     "perhaps a quote in it is not closed");
    }
    if (row_ != 0) std::memmove(buffer_.data(), buffer_.data() + row_, end_ - row_);
    end_ -= row_;
    row_ = 0;
    if (buffer_.size() < end_ + chunk_bytes) buffer_.resize(std::max(end_ + chunk_bytes, buffer_.size() * 2));
    if (!decoder_) {
        auto n = raw(std::span(buffer_).subspan(end_));
        if (!n) return broke(n.error().code, line_, n.error().message, n.error().hint);
        end_ += *n;
        source_ended_ = *n == 0;
        return *n != 0;
    }
    std::string decoded;  // one per piece of 32 KiB, not per row
    while (decoded.empty() && !source_ended_) {
        std::array<char, chunk_bytes / 2> piece;  // two bytes become at most three
        auto n = raw(piece);
        if (!n) return broke(n.error().code, line_, n.error().message, n.error().hint);
        source_ended_ = *n == 0;
        decoder_->decode({piece.data(), *n}, source_ended_, decoded);
    }
    if (buffer_.size() < end_ + decoded.size()) buffer_.resize(end_ + decoded.size());
    std::copy(decoded.begin(), decoded.end(), buffer_.data() + end_);
    end_ += decoded.size();
    return !decoded.empty();
}

/// Steps over a separator or a line end at `at`; the end of the bytes ends the row too.
Result<CsvReader::EndOfCell> CsvReader::after_cell(std::size_t& at) {
    if (row_ + at == end_) {
        YIPAN_TRY(const bool some, more());
        if (!some) return EndOfCell{true};
    }
    const char c = buffer_[row_ + at];
    ++at;
    if (c == options_.separator) return EndOfCell{false};
    ++line_;
    if (c == '\r') {
        if (row_ + at == end_) {
            YIPAN_TRY(const bool some, more());
            if (!some) return EndOfCell{true};
        }
        if (buffer_[row_ + at] == '\n') ++at;
    }
    return EndOfCell{true};
}

/// `at` stands behind the opening quote. True when the closing quote was found; `at` then stands behind it.
Result<bool> CsvReader::read_quoted(std::size_t& at, Cell& cell) {
    const std::uint64_t opened = line_;
    bool after_cr = false;
    for (;;) {
        if (row_ + at == end_) {
            YIPAN_TRY(const bool some, more());
            if (!some) {
                return broke(Code::invalid_input, opened,
                             "a quote opened in line " + std::to_string(opened) + " is not closed",
                             "a quote inside a quoted cell is doubled");
            }
        }
        const char* p = buffer_.data() + row_ + at;
        const char* const end = buffer_.data() + end_;
        for (; p != end && *p != '"'; ++p) {  // line ends: LF, CR, and CR LF as one
            if (*p == '\r' || (*p == '\n' && !after_cr)) ++line_;
            after_cr = *p == '\r';
        }
        at = static_cast<std::size_t>(p - buffer_.data()) - row_;
        if (p == end) continue;
        after_cr = false;
        cell.end = static_cast<std::uint32_t>(at);
        ++at;
        if (row_ + at == end_) {
            YIPAN_TRY(const bool some, more());
            if (!some) return true;
        }
        if (buffer_[row_ + at] != '"') return true;
        cell.doubled = true;
        ++at;
    }
}

Result<CsvReader::EndOfCell> CsvReader::read_cell(std::size_t& at) {
    Cell cell{static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at), false};
    if (row_ + at == end_) {
        YIPAN_TRY_VOID(more());
    }
    if (row_ + at != end_ && buffer_[row_ + at] == '"') {
        ++cell.begin;
        ++at;
        YIPAN_TRY_VOID(read_quoted(at, cell));
        cells_.push_back(cell);
        if (row_ + at != end_ && !special_[static_cast<std::uint8_t>(buffer_[row_ + at])]) {
            return broke(Code::invalid_input, line_,
                         "text behind the closing quote of cell " + std::to_string(cells_.size()),
                         "a quote inside a quoted cell is doubled");
        }
        return after_cell(at);
    }
    for (;;) {
        const char* p = buffer_.data() + row_ + at;
        const char* const end = buffer_.data() + end_;
        while (p != end && !special_[static_cast<std::uint8_t>(*p)]) ++p;
        at = static_cast<std::size_t>(p - buffer_.data()) - row_;
        if (p != end) break;
        YIPAN_TRY(const bool some, more());
        if (!some) break;
    }
    cell.end = static_cast<std::uint32_t>(at);
    cells_.push_back(cell);
    return after_cell(at);
}

Result<bool> CsvReader::read_row() {
    for (;;) {
        cells_.clear();
        row_line_ = line_;
        if (row_ == end_) {
            YIPAN_TRY(const bool some, more());
            if (!some) return false;
        }
        std::size_t at = 0;
        for (bool row_ends = false; !row_ends;) {
            YIPAN_TRY(const EndOfCell end, read_cell(at));
            row_ends = end.row_ends;
            if (cells_.size() > options_.columns_max) {
                return broke(Code::limit_exceeded, row_line_,
                             "a row of more than " + std::to_string(options_.columns_max) + " cells",
                             "perhaps the separator is another");
            }
        }
        if (cells_.back().end > options_.row_bytes_max) {
            return broke(Code::limit_exceeded, row_line_,
                         "a row of more than " + std::to_string(options_.row_bytes_max) + " bytes",
                         "perhaps a quote in it is not closed");
        }
        const bool blank = cells_.size() == 1 && cells_[0].begin == 0 && cells_[0].end == 0;
        if (!blank) {
            const Status fine = check_bytes(cells_.back().end);
            if (fine) make_views();
            row_ += at;
            if (!fine) return fail(fine.error());
            return true;
        }
        row_ += at;
    }
}

Status CsvReader::check_bytes(std::size_t size) {
    const std::string_view bytes(buffer_.data() + row_, size);
    const std::size_t bad = find_invalid_utf8(bytes);
    if (bad == std::string_view::npos) return {};
    const auto cell = std::find_if(cells_.begin(), cells_.end(), [&](const Cell& c) { return bad < c.end; });
    const std::string where = place(row_line_) + ":" + std::to_string(cell - cells_.begin() + 1);
    if (bytes[bad] == 0) return fail(Code::invalid_input, where, "a NUL byte");
    if (encoding_ == CsvEncoding::gb18030) {
        return fail(Code::invalid_input, where, "bytes that are not GB 18030", "save it as UTF-8");
    }
    return fail(Code::invalid_input, where, "bytes that are not UTF-8",
                "save it as UTF-8; its first part does not look like GB 18030");
}

/// Turns offsets into views; doubled quotes are made single in place, in bytes nobody reads again.
void CsvReader::make_views() {
    views_.clear();
    for (const Cell& cell : cells_) {
        char* const begin = buffer_.data() + row_ + cell.begin;
        char* end = buffer_.data() + row_ + cell.end;
        if (cell.doubled) {
            char* to = begin;
            for (const char* from = begin; from != end; ++from) {
                *to++ = *from;
                if (*from == '"') ++from;
            }
            end = to;
        }
        views_.emplace_back(begin, static_cast<std::size_t>(end - begin));
    }
}

CsvWriter::CsvWriter(ByteSink sink, CsvWriterOptions options) : sink_(std::move(sink)), options_(options) {
    if (options_.byte_order_mark) pending_ = utf8_mark;
}

void CsvWriter::cell(std::string_view text, bool neutralise) {
    if (columns_++ != 0) pending_ += options_.separator;
    only_empty_ = columns_ == 1 && text.empty();
    const char specials[] = {options_.separator, '"', '\r', '\n'};
    const auto blank = [](char c) { return c == ' ' || c == '\t'; };
    // Blanks at the ends are quoted because some readers trim them, a leading mark because ours drops it.
    const bool quoted = text.find_first_of({specials, sizeof specials}) != std::string_view::npos ||
                        (!text.empty() && (blank(text.front()) || blank(text.back()))) || text.starts_with(utf8_mark);
    if (quoted) pending_ += '"';
    if (neutralise) pending_ += '\'';
    if (!quoted) {
        pending_ += text;
        return;
    }
    for (const char c : text) {
        if (c == '"') pending_ += '"';
        pending_ += c;
    }
    pending_ += '"';
}

bool runs_as_formula(std::string_view text) {
    const std::size_t at = text.find_first_not_of('\'');
    return at != std::string_view::npos && std::string_view("=+-@\t\r").find(text[at]) != std::string_view::npos;
}

std::string_view without_guard(std::string_view text) {
    return text.starts_with('\'') && runs_as_formula(text) ? text.substr(1) : text;
}

CsvWriter& CsvWriter::text(std::string_view text) {
    cell(text, options_.formulas == CsvFormulas::neutralise && runs_as_formula(text));
    return *this;
}

CsvWriter& CsvWriter::number(std::string_view text) {
    if (text.find_first_not_of("0123456789+-.eE") != std::string_view::npos) return this->text(text);
    cell(text, false);
    return *this;
}

Status CsvWriter::end_row() {
    if (columns_ == 1 && only_empty_) pending_ += "\"\"";  // else the row would read as a blank line
    pending_ += "\r\n";
    columns_ = 0;
    only_empty_ = true;
    if (pending_.size() < chunk_bytes) return {};
    return finish();
}

Status CsvWriter::finish() {
    if (pending_.empty()) return {};
    const Status done = sink_(pending_);
    pending_.clear();
    return done;
}

}  // namespace yipan
