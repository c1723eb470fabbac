#pragma once
// The database of a test: YIPAN_TEST_POSTGRES names it (with_server.sh starts one).
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "base/check.h"

namespace yipan::postgres_test {
inline std::string server() {
    const char* named = std::getenv("YIPAN_TEST_POSTGRES");
    YIPAN_CHECK(named && *named);  // run it through tests/postgres/with_server.sh
    return named;
}
inline std::string board_address(const std::string& name) {
    return server() + (server().find('?') == std::string::npos ? "?" : "&") + "board=" + name + "_" + std::to_string(::getpid());
}
}  // namespace yipan::postgres_test
