#pragma once
// A disk that fails as it is told: a SQLite VFS over the system's own, which the page checksums then lie over. It
// counts writes and syncs of a board's file and of its write-ahead log, fails the Nth, and remembers what was written
// since the last sync, so that a power cut can be played: the files become what a disk could hold afterwards. The index
// beside the log (memory shared by processes) is not its matter.
#include <cstdint>
#include <string>

namespace yipan::fault {

enum class Kind {
    none,
    write_fails,       // the Nth write does nothing and says so; later ones work
    write_torn,        // the Nth write writes its first half and says that it failed
    disk_full,         // from the Nth write on there is no room, until told otherwise
    read_only,         // from the Nth write on nothing can be written, until told otherwise
    sync_fails,        // the Nth sync fails; later ones work
    sync_fails_drops,  // the same, and what it should have written is gone, as Linux does it
    power_cut,         // before the Nth write or sync the power goes: nothing works from there on
    power_cut_torn,    // the same, and the last write before it is half there
    slow               // from the Nth write or sync on each takes its time; nothing fails
};

/// Registers itself as SQLite's VFS. Before anything opens a board.
void install();
/// From now on: the Nth (from 1) write or sync of that kind. Forgets what was counted and remembered.
void arm(Kind kind, std::int64_t n);
/// Whether the Nth came.
bool fired();
/// Everything works again; what happened since arm() stays on the disk.
void disarm();
/// After a power cut, everything closed: what was not synced is gone, all of it (`some` 0) or a part that `some`
/// chooses.
void lose_unsynced(std::uint64_t some);

}  // namespace yipan::fault
