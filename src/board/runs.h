#pragma once
// The book's runs kept in the store. Reads come from whichever store the caller works on, so a snapshot reads its own.
#include <mutex>

#include "figure/book.h"
#include "store/store.h"

namespace yipan::board {

/// Writing goes through the writer's store, inside its transaction; reading through a store of its own, from any thread, one at a time.
/// Runs that are dropped or re-levelled are committed under the book's exclusive lock (Core::finish_batch), so no reader misses one.
class StoreRuns final : public figure::RunStore {
  public:
    StoreRuns(store::Store& writer, store::Store& reader) : writer_(&writer), reader_(&reader) {}

    Result<std::vector<Run>> list() override {
        const std::lock_guard lock(mutex_);
        YIPAN_TRY(const auto rows, reader_->runs());
        std::vector<Run> out;
        for (const auto& r : rows) out.push_back({r.id, r.level, r.first_position, r.last_position});
        return out;
    }
    Status add(const Run& run, std::span<const std::string> totals, std::span<const std::pair<std::string, std::string>> chunks) override {
        YIPAN_TRY_VOID(writer_->put_run({run.id, run.level, run.first_position, run.last_position}));
        return append(run.id, totals, chunks);
    }
    Status append(std::int64_t run, std::span<const std::string> totals, std::span<const std::pair<std::string, std::string>> chunks) override {
        for (const auto& t : totals) YIPAN_TRY_VOID(writer_->add_run_total(run, t));
        for (const auto& [key, body] : chunks) YIPAN_TRY_VOID(writer_->put_run_chunk(run, key, body));
        return {};
    }
    Status set_level(std::int64_t run, int level) override { return writer_->set_run_level(run, level); }
    Status drop(std::int64_t run) override { return writer_->drop_run(run); }
    Result<std::vector<std::string>> totals(std::int64_t run) override {
        const std::lock_guard lock(mutex_);
        std::vector<std::string> out;
        YIPAN_TRY_VOID(reader_->each_run_total(run, [&](std::string_view body) { out.emplace_back(body); }));
        return out;
    }
    Status chunks_from(std::int64_t run, std::string_view key, const std::function<bool(std::string_view, std::string_view)>& next) override {
        const std::lock_guard lock(mutex_);  // recursive: a visitor may look into another run
        return reader_->chunks_from(run, key, next);
    }

  private:
    store::Store* writer_;
    store::Store* reader_;
    std::recursive_mutex mutex_;
};

}  // namespace yipan::board
