#pragma once
// postgresql://[user@]host[:port]/database[?board=NAME&...]: everything libpq knows, and the name of the board, which is
// the name of a schema. Without one the board is called "yipan".
#include <string>

#include "base/result.h"

namespace yipan::store::postgres {

struct Address {
    std::string server;  // for libpq
    std::string board;   // the schema
    std::string shown;   // for people and messages
};
/// A password in the address is refused: addresses stand in lists of processes, logs and scripts.
Result<Address> read_address(const std::string& text);

}  // namespace yipan::store::postgres
