#include "progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace yipan::app {
namespace {
constexpr auto quiet_for = std::chrono::seconds(1);
constexpr auto redraw_every = std::chrono::milliseconds(100);
constexpr int cells = 30;
}  // namespace

Bar::Bar(std::string what)
    : what_(std::move(what)),
      terminal_(::isatty(STDERR_FILENO) == 1),
      started_(std::chrono::steady_clock::now()),
      last_(started_) {}

Bar::~Bar() {
    if (shown_) std::fputs("\r\033[K", stderr);
}

board::Progress Bar::progress() {
    if (!terminal_) return {};
    return [this](std::int64_t done, std::int64_t total) { show(done, total); };
}

void Bar::show(std::int64_t done, std::int64_t total) {
    const auto now = std::chrono::steady_clock::now();
    if (now - started_ < quiet_for || now - last_ < redraw_every) return;
    last_ = now;
    shown_ = true;
    if (total <= 0) {
        std::fprintf(stderr, "\r%s %lld", what_.c_str(), static_cast<long long>(done));
        return;
    }
    const int full = static_cast<int>(std::clamp<std::int64_t>(done * cells / total, 0, cells));
    std::fprintf(stderr, "\r%s [%s%s] %3lld%%", what_.c_str(), std::string(static_cast<std::size_t>(full), '#').c_str(),
                 std::string(static_cast<std::size_t>(cells - full), '.').c_str(),
                 static_cast<long long>(std::clamp<std::int64_t>(done * 100 / total, 0, 100)));
}

}  // namespace yipan::app
