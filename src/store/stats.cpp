#include "store/stats.h"

#include <sys/stat.h>

#include <map>

#include "journal/entry.h"
#include "store/schema.h"
#include "store/statement.h"
#include "store/upgrade.h"
#include "store/vfs_pages.h"

namespace yipan::store {
namespace {
using journal::Verb;

Result<std::int64_t> number(Connection& board, const std::string& sql) {
    YIPAN_TRY(const std::string text, board.ask(sql));
    return text.empty() ? 0 : std::stoll(text);
}

// A verb in SQL's terms; reading and acting touch no row.
void count(TableStats& table, Verb verb, std::int64_t times) {
    switch (verb) {
        case Verb::create: table.inserts += times; break;
        case Verb::remove:
        case Verb::merge: table.deletes += times; break;
        case Verb::amend:
        case Verb::move:
        case Verb::invalidate:
        case Verb::restore:
        case Verb::erase:
        case Verb::migrate: table.updates += times; break;
        default: break;
    }
}

Status statements(Connection& board, std::map<std::string, TableStats*>& by_name) {
    YIPAN_TRY(Statement s, Statement::prepare(board.db(),
                                              "SELECT (SELECT code FROM yipan_type WHERE id = type), verb, count(*) FROM "
                                              "yipan_entry WHERE type IS NOT NULL GROUP BY type, verb"));
    while (true) {
        YIPAN_TRY(const bool row, s.step());
        if (!row) return {};
        const auto table = by_name.find(std::string(s.text(0)));
        if (table != by_name.end()) count(*table->second, static_cast<Verb>(s.integer(1)), s.integer(2));
    }
}

Status bytes(Connection& board, std::map<std::string, TableStats*>& by_name) {
    YIPAN_TRY(Statement s, Statement::prepare(board.db(),
                                              "SELECT coalesce(m.tbl_name, d.name), m.type, d.pgsize FROM "
                                              "dbstat('main', 1) d LEFT JOIN sqlite_schema m ON m.name = d.name"));
    while (true) {
        YIPAN_TRY(const bool row, s.step());
        if (!row) return {};
        const auto table = by_name.find(std::string(s.text(0)));
        if (table == by_name.end()) continue;
        (s.text(1) == "index" ? table->second->index_bytes : table->second->bytes) += s.integer(2);
    }
}
}  // namespace

Result<BoardStats> stats_of(const std::string& path, const FileProgress& progress) {
    BoardStats out;
    YIPAN_TRY(out.format, format_of(path));
    Connection board;
    YIPAN_TRY_VOID(board.open_to_read(path, page_vfs()));
    YIPAN_TRY_VOID(board.run("BEGIN"));
    YIPAN_TRY(out.position, number(board, "SELECT position FROM yipan_head"));
    YIPAN_TRY(out.page_bytes, number(board, "PRAGMA page_size"));
    YIPAN_TRY(out.pages, number(board, "PRAGMA page_count"));
    YIPAN_TRY(out.free_pages, number(board, "PRAGMA freelist_count"));
    struct stat log {};
    if (::stat((path + "-wal").c_str(), &log) == 0) out.log_bytes = log.st_size;
    YIPAN_TRY(const auto names, board.texts("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"));
    out.tables.resize(names.size());
    std::map<std::string, TableStats*> by_name;
    const auto steps = static_cast<std::int64_t>(names.size()) + 2;
    for (std::size_t i = 0; i < names.size(); ++i) {
        TableStats& table = out.tables[i];
        table.name = names[i];
        table.engine = names[i].starts_with("yipan_") || names[i].starts_with("sqlite_");
        by_name[table.name] = &table;
        YIPAN_TRY(table.rows, number(board, "SELECT count(*) FROM " + quoted(table.name)));
        if (progress) progress(static_cast<std::int64_t>(i) + 1, steps);
    }
    YIPAN_TRY_VOID(bytes(board, by_name));
    if (progress) progress(steps - 1, steps);
    YIPAN_TRY_VOID(statements(board, by_name));
    if (by_name.contains("yipan_attachment")) {
        YIPAN_TRY(out.attachments, number(board, "SELECT count(*) FROM yipan_attachment"));
        YIPAN_TRY(out.attachment_bytes, number(board, "SELECT sum(bytes) FROM yipan_attachment"));
    }
    return out;
}

}  // namespace yipan::store
