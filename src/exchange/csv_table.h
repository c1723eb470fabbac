#pragma once
// A CSV file as a table.
#include <cstdio>
#include <memory>
#include <vector>

#include "base/csv.h"
#include "exchange/table.h"

namespace yipan::exchange {

class CsvTable final : public Table {
  public:
    static Result<std::unique_ptr<CsvTable>> open(const std::string& path, const std::string& name);
    Result<bool> next() override;
    bool broken() const override { return reader_->broken(); }
    std::uint64_t line() const override { return reader_->line(); }
    std::span<const Cell> cells() const override { return cells_; }
    bool ragged() const override { return false; }
    std::int64_t bytes_done() const override { return done_; }
    std::int64_t bytes_total() const override { return total_; }

  private:
    struct Close {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    std::unique_ptr<std::FILE, Close> file_;
    std::unique_ptr<CsvReader> reader_;
    std::vector<Cell> cells_;
    std::int64_t done_ = 0, total_ = 0;
};

}  // namespace yipan::exchange
