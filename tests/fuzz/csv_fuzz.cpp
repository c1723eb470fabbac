// CSV: whatever the bytes, the rows do not depend on how they arrive, and what was read is written and read back the
// same.
#include <algorithm>
#include <cstdint>

#include "base/check.h"
#include "base/csv.h"

namespace {
using yipan::CsvEncoding;
struct Reading {
    std::vector<std::vector<std::string>> rows;
    std::vector<std::uint64_t> lines;
    yipan::Errors errors;
    bool operator==(const Reading&) const = default;
};

Reading read(yipan::ByteSource source, yipan::CsvOptions options) {
    yipan::CsvReader reader(std::move(source), std::move(options));
    Reading out;
    while (!reader.broken()) {
        const auto more = reader.next();
        if (!more) {
            out.errors.push_back(more.error());
        } else if (*more) {
            out.rows.emplace_back(reader.row().begin(), reader.row().end());
            out.lines.push_back(reader.line());
        } else {
            break;
        }
    }
    return out;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const CsvEncoding encoding = static_cast<CsvEncoding>(data[0] % 3);
    const std::size_t piece = data[1] % 7 + 1;
    const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
    const yipan::CsvOptions options{.encoding = encoding};
    const Reading whole = read(yipan::bytes_of_text(text), options);
    const Reading cut = read(
        [rest = text, piece](std::span<char> room) mutable -> yipan::Result<std::size_t> {
            const std::size_t n = std::min({piece, rest.size(), room.size()});
            std::copy_n(rest.data(), n, room.data());
            rest.remove_prefix(n);
            return n;
        },
        options);
    YIPAN_CHECK(whole == cut);

    std::string written;
    yipan::CsvWriter writer([&](std::string_view bytes) -> yipan::Status { return written += bytes, yipan::Status{}; },
                            {.formulas = yipan::CsvFormulas::keep});
    for (const auto& row : whole.rows) {
        for (const auto& cell : row) writer.text(cell);
        YIPAN_CHECK(writer.end_row().has_value());
    }
    YIPAN_CHECK(writer.finish().has_value());
    // Doubling quotes makes a row longer, so the way back is given more room than the way in.
    const Reading back = read(yipan::bytes_of_text(written),
                              {.encoding = CsvEncoding::utf8, .row_bytes_max = yipan::csv_row_bytes_max * 3});
    YIPAN_CHECK(back.errors.empty() && back.rows == whole.rows);
    return 0;
}
