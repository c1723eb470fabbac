#pragma once
// A table from outside, row by row, whatever its file: cells as text with what the file knows of their kind.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace yipan::exchange {

enum class CellKind : std::uint8_t {
    text,
    number,   // plain decimal text
    percent,  // the same, shown as a percentage: 0.15 is meant where 15% is seen
    date,     // 2026-06-30, 08:30:00 or both
    boolean,  // TRUE or FALSE
    error,    // #N/A, #REF! ...
    formula   // a formula whose value was never computed
};

struct Cell {
    std::string_view text;
    CellKind kind = CellKind::text;
    bool lost = false;  // a number whose last digits may not be those typed
};

/// The cell as the person sees it in the table.
std::string seen(const Cell& cell);

class Table {
  public:
    virtual ~Table() = default;
    /// True: line() and cells() tell the next row that has a value. An error: ask broken() whether rows may follow.
    virtual Result<bool> next() = 0;
    virtual bool broken() const = 0;
    virtual std::uint64_t line() const = 0;  // as the person counts: the physical line, the sheet's row
    virtual std::span<const Cell> cells() const = 0;
    /// Rows may be shorter or longer than the head (a spreadsheet stores no empty cells at the end).
    virtual bool ragged() const = 0;
    /// Bytes of the file read so far and in all, for progress.
    virtual std::int64_t bytes_done() const = 0;
    virtual std::int64_t bytes_total() const = 0;
};

}  // namespace yipan::exchange
