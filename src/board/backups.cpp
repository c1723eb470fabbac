#include "board/backups.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>

#include "board/copy.h"
#include "store/beside.h"
#include "store/open.h"

namespace yipan::board {
namespace {
namespace fs = std::filesystem;
constexpr std::int64_t second_us = 1'000'000;
constexpr std::int64_t again_after_s = 600;  // a failed attempt
constexpr const char* extension = ".board";
constexpr std::size_t stamp_letters = 16;  // 20261125T130501Z

std::string stamp(Instant time) {
    const std::time_t seconds = static_cast<std::time_t>(time.micros / second_us);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[stamp_letters + 1];
    std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &parts);
    return text;
}
std::optional<Instant> read_stamp(const std::string& text) {
    std::tm parts{};
    const char* end = text.size() == stamp_letters ? ::strptime(text.c_str(), "%Y%m%dT%H%M%SZ", &parts) : nullptr;
    if (!end || *end) return std::nullopt;
    return Instant{static_cast<std::int64_t>(::timegm(&parts)) * second_us};
}
std::string stem_of(const std::string& board) {
    return store::is_address(board) ? fs::path(store::beside_stem(board)).filename().string() : fs::path(board).stem().string();
}
}  // namespace

Result<store::Copied> back_up(const std::string& board, const std::string& to, const store::FileProgress& progress, const std::string& former) {
    if (!store::is_address(board)) return store::back_up(board, to, progress, former);
    // By way of a file beside the target, so that a backup stands whole or not at all, and replaces an older one, as any does.
    const std::string part = to + ".copy-part";
    store::discard(part, store::Made::by_us);  // of one that was killed
    const auto copied = copy_board(board, part, progress);
    auto made = copied ? store::back_up(part, to, progress, former) : Result<store::Copied>(fail(copied.error()));
    store::discard(part, store::Made::by_us);
    return made;
}

std::vector<KeptBackup> kept_backups(const std::string& board, const std::string& folder) {
    std::vector<KeptBackup> out;
    const std::string begin = stem_of(board) + "-";
    std::error_code problem;
    for (fs::directory_iterator at(folder, problem), end; !problem && at != end; at.increment(problem)) {
        const std::string name = at->path().filename().string();
        if (!name.starts_with(begin) || !name.ends_with(extension)) continue;
        const auto time =
            read_stamp(name.substr(begin.size(), name.size() - begin.size() - std::string(extension).size()));
        if (time) out.push_back({at->path().string(), *time});
    }
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.time.micros > b.time.micros; });
    return out;
}

Result<RotatedBackup> back_up_into(const std::string& board, const std::string& folder, int keep, Instant now,
                                   const store::FileProgress& progress) {
    std::error_code problem;
    if (!fs::is_directory(folder, problem))
        return fail(Code::not_found, folder, "is no folder that can be reached",
                    "make it, or connect the disk it lies on");
    const auto before = kept_backups(board, folder);
    RotatedBackup out;
    out.path = (fs::path(folder) / (stem_of(board) + "-" + stamp(now) + extension)).string();
    YIPAN_TRY(out.copied, back_up(board, out.path, progress, before.empty() ? std::string() : before[0].path));
    const auto all = kept_backups(board, folder);
    for (std::size_t i = static_cast<std::size_t>(std::max(keep, 1)); i < all.size(); ++i) {
        for (const char* suffix : {"", "-wal", "-shm", "-lock"}) (void)std::remove((all[i].path + suffix).c_str());
        fs::remove_all(store::beside_folder(all[i].path), problem);
        ++out.dropped;
    }
    return out;
}

BackupKeeper::BackupKeeper(std::string board, BackupPlan plan, std::function<void(const BackupState&)> told)
    : board_(std::move(board)), plan_(std::move(plan)), told_(std::move(told)) {
    const auto kept = kept_backups(board_, plan_.folder);
    state_.next = SystemClock().now();
    if (!kept.empty()) {
        state_.last_good = kept[0].time;
        state_.last_path = kept[0].path;
        state_.next = Instant{kept[0].time.micros + plan_.every_s * second_us};
    }
    thread_ = std::thread([this] { loop(); });
}
BackupKeeper::~BackupKeeper() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

BackupState BackupKeeper::state() const {
    const std::lock_guard lock(mutex_);
    BackupState out = state_;
    const std::int64_t old = SystemClock().now().micros - 2 * plan_.every_s * second_us;
    out.red = out.failure || (out.last_good && out.last_good->micros < old);
    return out;
}
void BackupKeeper::now() {
    {
        const std::lock_guard lock(mutex_);
        asked_ = true;
    }
    changed_.notify_all();
}

void BackupKeeper::loop() {
    (void)pthread_setname_np(pthread_self(), "yipan-backup");
    while (true) {
        {
            std::unique_lock lock(mutex_);
            const std::int64_t wait_us = std::max<std::int64_t>(0, state_.next->micros - SystemClock().now().micros);
            changed_.wait_for(lock, std::chrono::microseconds(wait_us), [&] { return stopping_ || asked_; });
            if (stopping_) return;
            if (!asked_ && SystemClock().now().micros < state_.next->micros) continue;
            asked_ = false;
            state_.running = true;
            state_.last_tried = SystemClock().now();
        }
        attempt();
    }
}

void BackupKeeper::attempt() {
    const auto started = std::chrono::steady_clock::now();
    const Instant time = SystemClock().now();
    auto made = back_up_into(board_, plan_.folder, plan_.keep, time);
    const auto took = std::chrono::steady_clock::now() - started;
    {
        const std::lock_guard lock(mutex_);
        state_.running = false;
        state_.failure.reset();
        std::int64_t pause_s = plan_.every_s;
        if (!made) {
            state_.failure = made.error();
            pause_s = std::min(again_after_s, plan_.every_s);
        } else {
            state_.last_good = time;
            state_.last_path = made->path;
            state_.last_bytes = made->copied.bytes + made->copied.attachment_bytes;
            state_.last_ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
            if (!made->copied.missing.empty()) state_.failure = made->copied.missing[0];
        }
        state_.next = Instant{SystemClock().now().micros + pause_s * second_us};
    }
    if (told_) told_(state());
}

}  // namespace yipan::board
