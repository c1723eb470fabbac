#pragma once
// Every page of a board's file against its checksum, used or free, and the frames of the write-ahead log beside it
// against SQLite's own checksums. Reads the bytes, not the database: also a board that can no longer be opened gets its
// damage named.
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace yipan::store {

constexpr std::size_t damaged_pages_max = 100;  // named; the rest is counted

struct PageReport {
    std::int64_t pages = 0;
    std::int64_t damaged = 0;
    std::vector<std::int64_t> named;  // page numbers, at most damaged_pages_max
    bool checksums = false;           // boards of format 1 have none
    std::int64_t frames = 0;          // of the write-ahead log that verify and belong to complete transactions
    std::string log_problem;          // damage of the write-ahead log; empty: none
    std::string log_note;             // what stands in it and does not count, where that may be more than a remainder
};
Result<PageReport> check_pages(const std::string& path,
                               const std::function<void(std::int64_t done, std::int64_t total)>& progress = {});

/// "page 17 does not match its checksum" and so on, as errors of code corrupt.
Errors page_problems(const PageReport& report);

}  // namespace yipan::store
