#pragma once
// Reads a table on a thread of its own, a few batches ahead: unpacking and parsing a workbook take as long as judging
// its rows.
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "exchange/table.h"

namespace yipan::exchange {

class ReadAhead {
  public:
    explicit ReadAhead(Table& table);
    ~ReadAhead();  // stops reading
    ReadAhead(const ReadAhead&) = delete;
    ReadAhead& operator=(const ReadAhead&) = delete;

    /// As Table has it: the next row, the end, or an error after which rows may follow unless broken().
    Result<bool> next();
    bool broken() const { return broken_; }
    std::uint64_t line() const { return row_->line; }
    std::span<const Cell> cells() const { return cells_; }
    std::int64_t bytes_done() const { return bytes_done_; }

  private:
    struct Slot {
        std::size_t begin, size;
        CellKind kind;
        bool lost;
    };
    struct Row {
        std::uint64_t line = 0;
        std::size_t first = 0, count = 0;
        std::size_t error = SIZE_MAX;  // of errors: the row could not be read
    };
    struct Batch {
        std::vector<Row> rows;
        std::vector<Slot> slots;
        std::string text;
        std::vector<Error> errors;
        bool broken = false, ended = false;
        std::int64_t bytes_done = 0;
    };
    static constexpr std::size_t batch_rows = 256, batch_bytes = 1 << 20, batches_ahead = 4;
    void run();

    Table& table_;
    std::mutex mutex_;
    std::condition_variable full_, empty_;
    std::deque<std::unique_ptr<Batch>> ready_;
    bool stopping_ = false;
    std::unique_ptr<Batch> batch_;
    std::size_t next_ = 0;
    const Row* row_ = nullptr;
    std::vector<Cell> cells_;
    bool broken_ = false;
    std::int64_t bytes_done_ = 0;
    std::thread thread_;
};

}  // namespace yipan::exchange
