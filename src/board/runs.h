#pragma once
// The book's runs kept in the store. Reads come from whichever store the caller works on, so a snapshot reads its own.
#include <functional>
#include <mutex>
#include <vector>

#include "figure/book.h"
#include "store/store.h"

namespace yipan::board {

/// Writes are only noted here: a run is prepared on the thread that shows batches, and the writer carries the notes
/// into its next transaction (write_notes). Reads go through a store of their own, from any thread, one at a time. Runs
/// change under the book's exclusive lock (Core::commit_batch), so no reader misses one.
class StoreRuns final : public figure::RunStore {
  public:
    explicit StoreRuns(store::Store& reader) : reader_(&reader) {}

    /// From another store, which sees the same runs.
    void read_from(store::Store& reader) {
        const std::lock_guard lock(mutex_);
        reader_ = &reader;
    }
    Status write_notes(store::Store& writer) const {
        for (const auto& note : notes_) YIPAN_TRY_VOID(note(writer));
        return {};
    }
    void drop_notes() { notes_.clear(); }

    Result<std::vector<Run>> list() override {
        const std::lock_guard lock(mutex_);
        YIPAN_TRY(const auto rows, reader_->runs());
        std::vector<Run> out;
        for (const auto& r : rows) out.push_back({r.id, r.level, r.first_position, r.last_position});
        return out;
    }
    Status add(const Run& run, std::span<const std::string> totals,
               std::span<const std::pair<std::string, std::string>> chunks) override {
        notes_.push_back([run](store::Store& s) {
            return s.put_run({run.id, run.level, run.first_position, run.last_position});
        });
        return append(run.id, totals, chunks);
    }
    Status append(std::int64_t run, std::span<const std::string> totals,
                  std::span<const std::pair<std::string, std::string>> chunks) override {
        notes_.push_back([run, t = std::vector(totals.begin(), totals.end()),
                          c = std::vector(chunks.begin(), chunks.end())](store::Store& s) -> Status {
            for (const auto& body : t) YIPAN_TRY_VOID(s.add_run_total(run, body));
            for (const auto& [key, body] : c) YIPAN_TRY_VOID(s.put_run_chunk(run, key, body));
            return {};
        });
        return {};
    }
    Status set_level(std::int64_t run, int level) override {
        notes_.push_back([run, level](store::Store& s) { return s.set_run_level(run, level); });
        return {};
    }
    Status drop(std::int64_t run) override {
        notes_.push_back([run](store::Store& s) { return s.drop_run(run); });
        return {};
    }
    Result<std::vector<std::string>> totals(std::int64_t run) override {
        const std::lock_guard lock(mutex_);
        std::vector<std::string> out;
        YIPAN_TRY_VOID(reader_->each_run_total(run, [&](std::string_view body) { out.emplace_back(body); }));
        return out;
    }
    Status chunks_from(std::int64_t run, std::string_view key,
                       const std::function<bool(std::string_view, std::string_view)>& next) override {
        const std::lock_guard lock(mutex_);  // recursive: a visitor may look into another run
        return reader_->chunks_from(run, key, next);
    }

  private:
    store::Store* reader_;
    std::vector<std::function<Status(store::Store&)>> notes_;
    std::recursive_mutex mutex_;
};

}  // namespace yipan::board
