#pragma once
// A progress bar on stderr for work that takes over a second, on a terminal only.
#include <chrono>
#include <string>

#include "board/board.h"

namespace yipan::app {

class Bar {
  public:
    explicit Bar(std::string what);
    ~Bar();
    Bar(const Bar&) = delete;
    Bar& operator=(const Bar&) = delete;
    /// Empty when nobody would see it.
    board::Progress progress();

  private:
    void show(std::int64_t done, std::int64_t total);
    std::string what_;
    bool terminal_ = false;
    bool shown_ = false;
    std::chrono::steady_clock::time_point started_, last_;
};

}  // namespace yipan::app
