#include "figure/memory_run_store.h"

#include <algorithm>

namespace yipan::figure {

Result<MemoryRunStore::Stored*> MemoryRunStore::find(std::int64_t run_id) {
    const auto at = runs_.find(run_id);
    if (at == runs_.end()) return fail(Code::store_failed, "run " + std::to_string(run_id), "there is no such run");
    return &at->second;
}

Result<std::vector<RunStore::Run>> MemoryRunStore::list() {
    std::vector<Run> out;
    for (const auto& [id, stored] : runs_) out.push_back(stored.run);
    std::stable_sort(out.begin(), out.end(),
                     [](const Run& a, const Run& b) { return a.first_position < b.first_position; });
    return out;
}

Status MemoryRunStore::add(const Run& run, std::span<const std::string> totals,
                           std::span<const std::pair<std::string, std::string>> chunks) {
    if (runs_.contains(run.id))
        return fail(Code::store_failed, "run " + std::to_string(run.id), "there is such a run already");
    runs_[run.id].run = run;
    return append(run.id, totals, chunks);
}

Status MemoryRunStore::append(std::int64_t run_id, std::span<const std::string> totals,
                              std::span<const std::pair<std::string, std::string>> chunks) {
    YIPAN_TRY(Stored * stored, find(run_id));
    stored->totals.insert(stored->totals.end(), totals.begin(), totals.end());
    for (const auto& [key, body] : chunks) {
        if (!stored->chunks.emplace(key, body).second) {
            return fail(Code::store_failed, "run " + std::to_string(run_id), "two chunks have the same first key");
        }
    }
    return {};
}

Status MemoryRunStore::set_level(std::int64_t run_id, int level) {
    YIPAN_TRY(Stored * stored, find(run_id));
    stored->run.level = level;
    return {};
}

Status MemoryRunStore::drop(std::int64_t run_id) {
    YIPAN_TRY_VOID(find(run_id));
    runs_.erase(run_id);
    return {};
}

Result<std::vector<std::string>> MemoryRunStore::totals(std::int64_t run_id) {
    YIPAN_TRY(Stored * stored, find(run_id));
    return stored->totals;
}

Status MemoryRunStore::chunks_from(std::int64_t run_id, std::string_view key,
                                   const std::function<bool(std::string_view, std::string_view)>& next) {
    YIPAN_TRY(Stored * stored, find(run_id));
    auto at = stored->chunks.upper_bound(key);
    if (at != stored->chunks.begin()) --at;
    for (; at != stored->chunks.end(); ++at) {
        if (!next(at->first, at->second)) break;
    }
    return {};
}

std::size_t MemoryRunStore::bytes() const {
    std::size_t n = 0;
    for (const auto& [id, stored] : runs_) {
        for (const auto& t : stored.totals) n += t.size();
        for (const auto& [key, body] : stored.chunks) n += key.size() + body.size();
    }
    return n;
}

}  // namespace yipan::figure
