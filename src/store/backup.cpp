#include "store/backup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <set>

#include "store/beside.h"
#include "store/files.h"
#include "store/statement.h"
#include "store/store.h"
#include "store/upgrade.h"
#include "store/vfs_pages.h"

namespace yipan::store {
namespace {

struct Beside {
    std::string hash;
    std::int64_t bytes = 0;
};
Result<std::vector<Beside>> beside_of(Connection& board) {
    std::vector<Beside> out;
    YIPAN_TRY(const std::string known, board.ask("SELECT 1 FROM sqlite_schema WHERE name = 'yipan_attachment'"));
    if (known.empty()) return out;  // an older format
    YIPAN_TRY(Statement s, Statement::prepare(board.db(),
                                              "SELECT hash, bytes FROM yipan_attachment WHERE beside = 1 AND complete = 1 "
                                              "ORDER BY hash"));
    while (true) {
        YIPAN_TRY(const bool row, s.step());
        if (!row) return out;
        out.push_back({std::string(s.text(0)), s.integer(1)});
    }
}

// Page checksums are written where the format has them.
const char* vfs_for(int format) { return format > 1 ? page_vfs() : nullptr; }

struct Birth {  // what tells one board from another, and how far its journal goes
    std::string first_leaf;
    std::int64_t position = 0;
};
Result<Birth> birth_of(Connection& board) {
    Birth out;
    YIPAN_TRY(out.first_leaf, board.ask("SELECT hex(leaf) FROM yipan_entry WHERE position = 1"));
    YIPAN_TRY(const std::string position, board.ask("SELECT position FROM yipan_head WHERE id = 1"));
    out.position = position.empty() ? 0 : std::stoll(position);
    return out;
}

std::int64_t bytes_of(const std::string& path) {
    struct stat st {};
    return ::stat(path.c_str(), &st) == 0 ? static_cast<std::int64_t>(st.st_size) : 0;
}
bool same_file(const std::string& a, const std::string& b) {
    struct stat one {
    }, other{};
    return ::stat(a.c_str(), &one) == 0 && ::stat(b.c_str(), &other) == 0 && one.st_ino == other.st_ino &&
           one.st_dev == other.st_dev;
}
bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

// Only an older backup of the same board may be replaced: whoever mixes the two names up must not lose the living one.
Status may_replace(const std::string& to, const Birth& source) {
    if (!exists(to)) return {};
    const Error stranger{Code::duplicate, to, "is there already and is no earlier backup of this board",
                         "choose another name, or move it away"};
    const auto format = format_of(to);
    if (!format) return fail(stranger);
    Connection old;
    YIPAN_TRY_VOID(old.open_to_read(to, vfs_for(*format)));
    const auto known = birth_of(old);
    if (!known || known->first_leaf != source.first_leaf) return fail(stranger);
    if (known->position > source.position)
        return fail(Code::duplicate, to,
                    "is there already and knows " + std::to_string(known->position) +
                        " entries, more than this board with its " + std::to_string(source.position),
                    "look whether the two names are mixed up; yipan restore-board is the way back");
    if (bytes_of(to + "-wal") > 0)
        return fail(Code::busy, to, "is open as a board of its own", "choose another name");
    return {};
}

// The pages of one state of `from` in a new file, synced.
Result<Copied> copy_state(const std::string& from, const std::string& part, const FileProgress& progress,
                          const std::function<Status(const Birth&)>& allowed, std::vector<Beside>& beside) {
    Copied out;
    YIPAN_TRY(out.format, format_of(from));
    if (out.format > format_version)
        return fail(Code::wrong_format, from, "has format " + std::to_string(out.format), "use the newer yipan");
    Connection source;
    YIPAN_TRY_VOID(source.open_to_read(from, page_vfs()));
    YIPAN_TRY_VOID(source.run("BEGIN"));
    YIPAN_TRY(const Birth birth, birth_of(source));  // the first read fixes the state
    out.position = birth.position;
    YIPAN_TRY_VOID(allowed(birth));
    YIPAN_TRY(beside, beside_of(source));
    {
        Connection made;
        YIPAN_TRY_VOID(open_part(made, part, vfs_for(out.format)));
        YIPAN_TRY_VOID(copy_pages(source, made, progress));
        // No log of its own until somebody writes to it: reading a backup leaves nothing beside it.
        YIPAN_TRY_VOID(made.run("PRAGMA journal_mode=DELETE"));
    }
    YIPAN_TRY_VOID(sync_file(part));
    YIPAN_TRY_VOID(same_mode(from, part));
    out.bytes = bytes_of(part);
    return out;
}

Status copy_attachments(const std::string& from, const std::string& to, const std::vector<Beside>& beside,
                        const std::string& former, Copied& out) {
    for (const Beside& file : beside) {
        ++out.attachments;
        out.attachment_bytes += file.bytes;
        const auto copied = copy_beside(from, to, file.hash, file.bytes, former);
        if (copied)
            out.attachments_copied += *copied;
        else if (copied.error().code == Code::not_found || copied.error().code == Code::corrupt)
            out.missing.push_back(copied.error());
        else
            return fail(copied.error());
    }
    return {};
}

void drop_all_but(const std::string& board, const std::vector<Beside>& keep) {
    std::set<std::string> names;
    for (const Beside& file : keep) names.insert(file.hash);
    for (const BesideFile& file : beside_files(board))
        if (!names.contains(file.hash)) (void)::unlink(file.path.c_str());
}

/// The first name of "<path><middle>1", "...2" that is free.
std::string free_name(const std::string& path, const std::string& middle) {
    for (int n = 1;; ++n)
        if (std::string name = path + middle + std::to_string(n); !exists(name)) return name;
}
}  // namespace

Result<Copied> back_up(const std::string& from, const std::string& to, const FileProgress& progress,
                       const std::string& former) {
    if (!exists(from)) return fail(Code::not_found, from, "no such board", "yipan init or yipan demo makes one");
    if (same_file(from, to)) return fail(Code::duplicate, to, "is the board itself", "choose another name");
    const std::string part = to + ".backup-part";
    const Unfinished unfinished(part);
    std::vector<Beside> beside;
    YIPAN_TRY(Copied out, copy_state(
                              from, part, progress, [&](const Birth& birth) { return may_replace(to, birth); }, beside));
    YIPAN_TRY_VOID(copy_attachments(from, to, beside, former, out));
    for (const char* suffix : {"-wal", "-shm"}) (void)std::remove((to + suffix).c_str());  // of a reader that was killed
    YIPAN_TRY_VOID(rename_durably(part, to));
    drop_all_but(to, beside);
    return out;
}

Result<PutBack> put_back(const std::string& backup, const std::string& to, Existing existing,
                         const FileProgress& progress) {
    if (!exists(backup)) return fail(Code::not_found, backup, "no such backup", "");
    if (same_file(backup, to)) return fail(Code::duplicate, to, "is the backup itself", "choose another name");
    const bool there = exists(to);
    if (there && existing == Existing::refused)
        return fail(Code::duplicate, to, "a board of this name exists",
                    "choose another name, or --replace: the board that is there is kept beside under another name");
    WriterLock lock;
    YIPAN_TRY_VOID(lock.take(to));
    PutBack out;
    const std::string part = to + ".restore-part";
    const Unfinished unfinished(part);
    std::vector<Beside> beside;
    YIPAN_TRY(out.copied, copy_state(
                              backup, part, progress, [](const Birth&) { return Status{}; }, beside));
    YIPAN_TRY_VOID(copy_attachments(backup, to, beside, {}, out.copied));
    if (there) {
        // Its log goes with it, so that the new board never meets it. A kill in between leaves both under names that say
        // what they are.
        out.replaced = free_name(to, ".replaced-");
        YIPAN_TRY_VOID(link_or_copy(to, out.replaced));
    }
    if (exists(to + "-wal"))
        YIPAN_TRY_VOID(rename_durably(to + "-wal", (out.replaced.empty() ? free_name(to, ".replaced-") : out.replaced) + "-wal"));
    (void)std::remove((to + "-shm").c_str());
    YIPAN_TRY_VOID(rename_durably(part, to));
    return out;
}

namespace {
struct Vacuum {
    const FileProgress* progress;
    std::string part;
    std::int64_t total = 0;
};
constexpr int steps_a_look = 20'000;  // of SQLite's machine

int look(void* given) {
    const auto& vacuum = *static_cast<const Vacuum*>(given);
    (*vacuum.progress)(std::min(bytes_of(vacuum.part), vacuum.total), vacuum.total);
    return 0;
}

// What no entry names any more and was not brought a moment ago by somebody who is still typing.
Status drop_garbage(Connection& board, const std::string& path, std::int64_t keep_since, Compacted& out) {
    YIPAN_TRY(const std::string known, board.ask("SELECT 1 FROM sqlite_schema WHERE name = 'yipan_attachment'"));
    if (known.empty()) return {};
    constexpr const char* garbage =
        "FROM yipan_attachment AS a WHERE a.added < ?1 AND NOT EXISTS(SELECT 1 FROM yipan_entry AS e INDEXED BY "
        "yipan_entry_attachment WHERE e.body_attachment IS NOT NULL AND instr(e.body_attachment, a.hash) > 0)";
    std::vector<std::int64_t> ids;
    {
        YIPAN_TRY(Statement s, Statement::prepare(board.db(), std::string("SELECT a.id, a.bytes ") + garbage));
        s.bind(1, keep_since);
        while (true) {
            YIPAN_TRY(const bool row, s.step());
            if (!row) break;
            ids.push_back(s.integer(0));
            ++out.attachments_dropped;
            out.attachment_bytes_dropped += s.integer(1);
        }
    }
    for (const std::int64_t id : ids)
        for (const char* sql : {"DELETE FROM yipan_attachment_part WHERE attachment = ?", "DELETE FROM yipan_attachment WHERE id = ?"}) {
            YIPAN_TRY(Statement s, Statement::prepare(board.db(), sql));
            YIPAN_TRY_VOID(s.bind(1, id).run());
        }
    (void)path;
    return {};
}
}  // namespace

Result<Compacted> compact(const std::string& path, std::int64_t keep_since, const FileProgress& progress) {
    if (!exists(path)) return fail(Code::not_found, path, "no such board", "yipan init or yipan demo makes one");
    WriterLock lock;
    YIPAN_TRY_VOID(lock.take(path));
    YIPAN_TRY(const int format, format_of(path));
    if (format != format_version)
        return fail(Code::wrong_format, path, "has format " + std::to_string(format),
                    "open it for writing first: that upgrades it");
    const std::string part = path + ".compact-part";
    const Unfinished unfinished(part);
    Compacted out;
    std::vector<Beside> beside;
    {
        Connection board;
        YIPAN_TRY_VOID(board.open(path, SQLITE_OPEN_READWRITE, page_vfs()));
        YIPAN_TRY_VOID(settle(board, path, "made smaller"));
        out.bytes_before = bytes_of(path);
        YIPAN_TRY_VOID(drop_garbage(board, path, keep_since, out));
        YIPAN_TRY_VOID(board.run("COMMIT"));
        YIPAN_TRY(beside, beside_of(board));
        const Vacuum vacuum{&progress, part, out.bytes_before};
        if (progress) sqlite3_progress_handler(board.db(), steps_a_look, look, const_cast<Vacuum*>(&vacuum));
        YIPAN_TRY(Statement into, Statement::prepare(board.db(), "VACUUM INTO ?"));
        YIPAN_TRY_VOID(into.bind_text(1, part).run());
        sqlite3_progress_handler(board.db(), 0, nullptr, nullptr);
    }
    YIPAN_TRY_VOID(sync_file(part));
    YIPAN_TRY_VOID(same_mode(path, part));
    {  // nobody may open it while the names change
        Connection board;
        YIPAN_TRY_VOID(board.open(path, SQLITE_OPEN_READWRITE, page_vfs()));
        YIPAN_TRY_VOID(settle(board, path, "made smaller"));
        YIPAN_TRY_VOID(rename_durably(part, path));
    }
    drop_all_but(path, beside);
    out.bytes_after = bytes_of(path);
    return out;
}

}  // namespace yipan::store
