#pragma once
// Formats of a board's file and the way from each to the next.
//
// A board of an older format is read as it is; when it is opened for writing it is copied into a new file, the steps
// run there in one transaction, and the new file takes the board's name. Until that moment, and after a kill at any
// moment before it, the old board stands untouched; afterwards it lies beside as "<board>.format<N>.backup".
//
// Whoever adds an engine table adds it to `engine_tables` (new boards) and to the steps here (older boards); a test
// compares the two.
#include <functional>
#include <span>
#include <string>

#include "base/result.h"

namespace yipan::store {

constexpr int application_id = 0x5950414e;  // "YPAN"

struct UpgradeStep {
    int from;          // the format it starts from; it leads to from + 1
    const char* what;  // for messages
    const char* sql;
    const char* each_type = "";  // run for the table of each record type, named {table}
    const char* view_tail = "";  // added to each type's view
};
/// In the order they run.
std::span<const UpgradeStep> upgrade_steps();

/// The format a board's file says it has, from its first bytes. Fails with wrong_format when it is no board.
Result<int> format_of(const std::string& path);

struct Upgraded {
    int from = 0, to = 0;
    std::string backup;  // the board as it was
};
/// Brings the board at `path` from `from` to `format_version`. The caller holds the board's lock. `progress` counts
/// pages.
Result<Upgraded> upgrade(const std::string& path, int from,
                         const std::function<void(std::int64_t done, std::int64_t total)>& progress);

}  // namespace yipan::store
