#pragma once
// Backups of a living board: one at a time by name, or one after another into a folder, of which the newest few are
// kept. The times are the real clock's, also for boards whose own clock stands still.
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/date.h"
#include "store/backup.h"

namespace yipan::board {

/// One state of the board at `board`, in a file or a database, as a file at `to`: as store::back_up does it. Of a database it
/// is carried into a file by board::copy_board first, its root computed anew; room for both is needed meanwhile.
Result<store::Copied> back_up(const std::string& board, const std::string& to, const store::FileProgress& progress = {}, const std::string& former = {});

/// Backups of the board at `board` in `folder`, newest first: "<name of the board>-20261125T130501Z.board".
struct KeptBackup {
    std::string path;
    Instant time;
};
std::vector<KeptBackup> kept_backups(const std::string& board, const std::string& folder);

/// One more in `folder`; when it stands, all but the newest `keep` go. The newest of those that were there serves to
/// link unchanged attachments to.
struct RotatedBackup {
    std::string path;
    store::Copied copied;
    int dropped = 0;
};
Result<RotatedBackup> back_up_into(const std::string& board, const std::string& folder, int keep, Instant now,
                                   const store::FileProgress& progress = {});

struct BackupPlan {
    std::string folder;  // "a second place": another disk
    std::int64_t every_s = 24 * 3'600;
    int keep = 7;
};
struct BackupState {  // for a health page
    bool running = false;
    std::optional<Instant> last_good, last_tried, next;
    std::string last_path;
    std::int64_t last_bytes = 0, last_ms = 0;
    std::optional<Error> failure;  // of the last attempt
    /// The last attempt failed, or the last good one is older than two periods.
    bool red = false;
};

/// Makes them on a thread of its own while it lives; the board may be written to meanwhile.
class BackupKeeper {
  public:
    BackupKeeper(std::string board, BackupPlan plan, std::function<void(const BackupState&)> told = {});
    ~BackupKeeper();
    BackupKeeper(const BackupKeeper&) = delete;
    BackupKeeper& operator=(const BackupKeeper&) = delete;
    BackupState state() const;
    void now();  // asks for one at once

  private:
    void loop();
    void attempt();
    std::string board_;
    BackupPlan plan_;
    std::function<void(const BackupState&)> told_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false, asked_ = false;
    BackupState state_;
    std::thread thread_;
};

}  // namespace yipan::board
