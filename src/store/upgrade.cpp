#include "store/upgrade.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "store/files.h"
#include "store/schema.h"
#include "store/statement.h"
#include "store/store.h"
#include "store/vfs_pages.h"

namespace yipan::store {
namespace {
constexpr int pages_a_step = 1'024;

constexpr UpgradeStep steps[] = {
    {1, "page checksums", ""},  // every page is written anew by the copy itself
    {1, "void records", "", "ALTER TABLE {table} ADD COLUMN yipan_void INTEGER", " WHERE t.yipan_void IS NULL"},
    {1, "redirects of merged records", YIPAN_REDIRECT_TABLE},
    {1, "side table", YIPAN_SIDE_TABLE},
};

class Connection {
  public:
    Connection() = default;
    ~Connection() { sqlite3_close(db_); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    Status open(const std::string& path, int flags, const char* vfs) {
        if (sqlite3_open_v2(path.c_str(), &db_, flags | SQLITE_OPEN_NOMUTEX, vfs) != SQLITE_OK)
            return fail(sqlite_error(db_, "open " + path));
        sqlite3_extended_result_codes(db_, 1);
        return {};
    }
    Status run(std::string_view sql) {
        if (sqlite3_exec(db_, std::string(sql).c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
        return fail(sqlite_error(db_, "upgrade the board"));
    }
    Result<std::string> ask(std::string_view sql) {
        YIPAN_TRY(Statement s, Statement::prepare(db_, sql));
        YIPAN_TRY(const bool row, s.step());
        return row ? std::string(s.text(0)) : std::string();
    }
    Result<std::vector<std::string>> texts(std::string_view sql) {
        YIPAN_TRY(Statement s, Statement::prepare(db_, sql));
        std::vector<std::string> out;
        while (true) {
            YIPAN_TRY(const bool row, s.step());
            if (!row) return out;
            out.emplace_back(s.text(0));
        }
    }
    sqlite3* db() const { return db_; }

  private:
    sqlite3* db_ = nullptr;
};

Status copy_pages(Connection& from, Connection& to, const std::function<void(std::int64_t, std::int64_t)>& progress) {
    sqlite3_backup* backup = sqlite3_backup_init(to.db(), "main", from.db(), "main");
    if (!backup) return fail(sqlite_error(to.db(), "copy the board"));
    int rc = SQLITE_OK;
    while (rc == SQLITE_OK) {
        rc = sqlite3_backup_step(backup, pages_a_step);
        const std::int64_t total = sqlite3_backup_pagecount(backup);
        if (progress) progress(total - sqlite3_backup_remaining(backup), total);
    }
    if (sqlite3_backup_finish(backup) != SQLITE_OK || rc != SQLITE_DONE)
        return fail(sqlite_error(to.db(), "copy the board"));
    return {};
}

/// The old board as one file without a log beside it, so that the new file cannot meet a log that is not its own; and
/// locked, so that nobody reads it while the names change. Its content is the same before and after.
Status settle(Connection& old, const std::string& path) {
    const auto mode = old.ask("PRAGMA journal_mode=DELETE");
    if (!mode || *mode != "delete")
        return fail(Code::busy, path, "has an older format, and another process reads it, so it cannot be upgraded now",
                    "close the other programs that have it open and try again");
    return old.run("BEGIN EXCLUSIVE");
}

Status run_step(Connection& board, const UpgradeStep& step) {
    YIPAN_TRY_VOID(board.run(step.sql));
    if (!*step.each_type && !*step.view_tail) return {};
    YIPAN_TRY(const auto codes, board.texts("SELECT code FROM yipan_type ORDER BY id"));
    for (const std::string& code : codes) {
        std::string sql = step.each_type;
        if (const auto at = sql.find("{table}"); at != std::string::npos) sql.replace(at, 7, quoted(code));
        YIPAN_TRY_VOID(board.run(sql));
        if (!*step.view_tail) continue;
        YIPAN_TRY(const auto view,
                  board.texts("SELECT sql FROM sqlite_master WHERE type = 'view' AND name = 'v_" + code + "'"));
        if (view.empty()) continue;
        YIPAN_TRY_VOID(board.run("DROP VIEW " + quoted("v_" + code)));
        YIPAN_TRY_VOID(board.run(view[0] + step.view_tail));
    }
    return {};
}

Status write_new(Connection& old, const std::string& part, int from,
                 const std::function<void(std::int64_t, std::int64_t)>& progress) {
    Connection made;
    YIPAN_TRY_VOID(made.open(part, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, page_vfs()));
    int reserve = checksum_reserve_bytes;
    sqlite3_file_control(made.db(), "main", SQLITE_FCNTL_RESERVE_BYTES, &reserve);
    YIPAN_TRY_VOID(made.run("PRAGMA journal_mode=OFF"));  // a part that is not finished is thrown away whole
    YIPAN_TRY_VOID(made.run("PRAGMA synchronous=OFF"));   // synced once, at the end
    YIPAN_TRY_VOID(copy_pages(old, made, progress));
    YIPAN_TRY_VOID(made.run("PRAGMA journal_mode=MEMORY"));
    YIPAN_TRY_VOID(made.run("BEGIN IMMEDIATE"));
    for (const UpgradeStep& step : steps)
        if (step.from >= from) YIPAN_TRY_VOID(run_step(made, step));
    YIPAN_TRY_VOID(made.run("PRAGMA user_version=" + std::to_string(format_version)));
    return made.run("COMMIT");
}
}  // namespace

std::span<const UpgradeStep> upgrade_steps() { return steps; }

Result<int> format_of(const std::string& path) {
    constexpr std::size_t header_bytes = 100;
    std::array<unsigned char, header_bytes> bytes{};
    YIPAN_TRY(const RawFile file, RawFile::open(path));
    YIPAN_TRY_VOID(file.read(bytes.data(), bytes.size(), 0));
    const FileHeader header = read_header(bytes.data());
    if (!header.sqlite || header.application != application_id || header.format < 1)
        return fail(Code::wrong_format, path, "is not a yipan board", "yipan init and yipan demo make them");
    if (header.format > 1 || header.page_bytes == 0) return header.format;
    // A board of format 1 has zeros where the checksum is now. Anything else is a damaged number, not an old board.
    std::array<unsigned char, checksum_bytes> last{};
    YIPAN_TRY_VOID(file.read(last.data(), last.size(), static_cast<std::int64_t>(header.page_bytes - last.size())));
    if (last != std::array<unsigned char, checksum_bytes>{})
        return fail(Code::corrupt, "page 1", "does not match its checksum", "run yipan verify; restore a backup");
    return header.format;
}

Result<Upgraded> upgrade(const std::string& path, int from,
                         const std::function<void(std::int64_t, std::int64_t)>& progress) {
    const std::string part = path + ".upgrade-part";
    Upgraded out{from, format_version, path + ".format" + std::to_string(from) + ".backup"};
    struct stat board {
    }, other{};
    if (::stat(path.c_str(), &board) != 0)
        return fail(Code::not_found, path, "no such board", "yipan init or yipan demo makes one");
    // A backup that is the board itself is what a kill between the last two steps left.
    if (::stat(out.backup.c_str(), &other) == 0 && (other.st_ino != board.st_ino || other.st_dev != board.st_dev))
        return fail(Code::duplicate, out.backup, "a file of this name exists, and the upgrade needs it for the backup",
                    "move it away and try again");
    const Unfinished unfinished(part);  // removes the part on every way out but the last
    Connection old;
    YIPAN_TRY_VOID(old.open(path, SQLITE_OPEN_READWRITE, nullptr));
    YIPAN_TRY_VOID(write_new(old, part, from, progress));
    YIPAN_TRY_VOID(sync_file(part));
    YIPAN_TRY_VOID(same_mode(path, part));
    YIPAN_TRY_VOID(settle(old, path));
    if (other.st_ino == 0) YIPAN_TRY_VOID(link_or_copy(path, out.backup));
    YIPAN_TRY_VOID(rename_durably(part, path));
    return out;
}

}  // namespace yipan::store
