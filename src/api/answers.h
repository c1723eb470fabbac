#pragma once
// Answers given already: the text of a list or a series by its question, by who asked in which post and language, for as
// long as the board stands at the position it was made at, and no longer than a second (the day may change). Whether
// who asks may ask at all was decided before. Thread-safe.
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace yipan::api {

constexpr std::size_t answers_max = 512, answer_bytes_max = 256 * 1024, answers_bytes_max = std::size_t{16} << 20;

class Answers {
  public:
    /// Null when there is none that still holds.
    std::shared_ptr<const std::string> find(std::int64_t position, const std::string& question);
    void keep(std::int64_t position, std::string question, std::shared_ptr<const std::string> body);

  private:
    struct Kept {
        std::shared_ptr<const std::string> body;
        std::chrono::steady_clock::time_point made;
    };
    std::mutex mutex_;
    std::int64_t position_ = -1;
    std::size_t bytes_ = 0;
    std::map<std::string, Kept> kept_;
};

}  // namespace yipan::api
