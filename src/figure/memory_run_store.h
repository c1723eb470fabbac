#pragma once
// Runs in memory: for tests, benches and boards that rebuild their figures when they open.
#include <map>

#include "figure/book.h"

namespace yipan::figure {

class MemoryRunStore final : public RunStore {
  public:
    Result<std::vector<Run>> list() override;
    Status add(const Run& run, std::span<const std::string> totals,
               std::span<const std::pair<std::string, std::string>> chunks) override;
    Status append(std::int64_t run_id, std::span<const std::string> totals,
                  std::span<const std::pair<std::string, std::string>> chunks) override;
    Status set_level(std::int64_t run_id, int level) override;
    Status drop(std::int64_t run_id) override;
    Result<std::vector<std::string>> totals(std::int64_t run_id) override;
    Status chunks_from(std::int64_t run_id, std::string_view key,
                       const std::function<bool(std::string_view first_key, std::string_view body)>& next) override;
    std::size_t bytes() const;

  private:
    struct Stored {
        Run run;
        std::vector<std::string> totals;
        std::map<std::string, std::string, std::less<>> chunks;
    };
    Result<Stored*> find(std::int64_t run_id);
    std::map<std::int64_t, Stored> runs_;
};

}  // namespace yipan::figure
