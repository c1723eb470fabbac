#pragma once
// Checks of our own reasoning, on in every build. They never judge input: a failed check is our mistake, is
// logged with its place and aborts. The journal makes aborting cheap.
#include <cstdio>
#include <cstdlib>

namespace yipan {
[[noreturn]] inline void check_failed(const char* what, const char* file, int line) {
    std::fprintf(stderr, "yipan: check failed: %s at %s:%d\n", what, file, line);
    std::abort();
}
}  // namespace yipan

#define YIPAN_CHECK(cond) ((cond) ? (void)0 : ::yipan::check_failed(#cond, __FILE__, __LINE__))
