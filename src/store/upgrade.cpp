#include "store/upgrade.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "store/connection.h"
#include "store/files.h"
#include "store/schema.h"
#include "store/statement.h"
#include "store/store.h"
#include "store/vfs_pages.h"

namespace yipan::store {
namespace {
constexpr UpgradeStep steps[] = {
    {1, "page checksums", ""},  // every page is written anew by the copy itself
    {1, "void records", "", "ALTER TABLE {table} ADD COLUMN yipan_void INTEGER", " WHERE t.yipan_void IS NULL"},
    {1, "redirects of merged records", YIPAN_REDIRECT_TABLE},
    {1, "side table", YIPAN_SIDE_TABLE},
    {1, "attachments", YIPAN_ATTACHMENT_TABLES},
};

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
    YIPAN_TRY_VOID(open_part(made, part, page_vfs()));
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
    YIPAN_TRY_VOID(settle(old, path, "upgraded"));
    if (other.st_ino == 0) YIPAN_TRY_VOID(link_or_copy(path, out.backup));
    YIPAN_TRY_VOID(rename_durably(part, path));
    return out;
}

}  // namespace yipan::store
