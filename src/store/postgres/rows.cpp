// Engine tables row by row.
#include "store/postgres/postgres.h"
#include "store/postgres/tables.h"

namespace yipan::store::postgres {
namespace {
using ColumnKind = EngineColumn::Kind;
std::string names_of(const EngineTable& table, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += (i ? ", " : "") + name_of(table.columns[i].name);
    return out;
}
Args& add(Args& args, const Cell& cell) {
    if (const auto* n = std::get_if<std::int64_t>(&cell)) return args.add(*n);
    if (const auto* t = std::get_if<std::string>(&cell)) return args.text(*t);
    return args.null();
}
// Rows whose bodies are large come in smaller pages.
std::int64_t page_of(const EngineTable& table) {
    const std::string_view name = table.name;
    return name == "yipan_attachment_part" ? 16 : name.starts_with("yipan_run_") || name == "yipan_tail" ? 100 : 2'000;
}
}  // namespace

Status Postgres::each_row(const EngineTable& table, const std::function<Status(const std::vector<Cell>&)>& visit) {
    const std::int64_t page = page_of(table);
    const std::string key = names_of(table, table.key);
    const std::string head = "SELECT " + names_of(table, table.columns.size()) + " FROM " + table.name;
    std::string marks;
    for (std::size_t i = 0; i < table.key; ++i) marks += (i ? ", $" : "$") + std::to_string(i + 1);
    std::vector<Cell> row(table.columns.size()), last;
    while (true) {
        Args args;
        for (const Cell& cell : last) add(args, cell);
        args.add(page);
        YIPAN_TRY(const Rows r, link_->ask(head + (last.empty() ? "" : " WHERE (" + key + ") > (" + marks + ")") + " ORDER BY " + key + " LIMIT $" +
                                               std::to_string(last.size() + 1),
                                           args));
        for (int i = 0; i < r.size(); ++i) {
            for (std::size_t c = 0; c < row.size(); ++c) {
                const int at = static_cast<int>(c);
                if (r.null(i, at))
                    row[c] = std::monostate{};
                else if (table.columns[c].kind == ColumnKind::integer)
                    row[c] = r.integer(i, at);
                else
                    row[c] = std::string(r.text(i, at));
            }
            YIPAN_TRY_VOID(visit(row));
        }
        if (r.size() < page) return {};
        last.assign(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(table.key));
    }
}
Status Postgres::put_row(const EngineTable& table, const std::vector<Cell>& row) {
    if (filling_) {
        Args values;
        for (const Cell& cell : row) add(values, cell);
        return link_->copy_row(table.name, names_of(table, row.size()), values);
    }
    std::string marks;
    Args args;
    for (std::size_t i = 0; i < row.size(); ++i) {
        marks += (i ? ", $" : "$") + std::to_string(i + 1);
        add(args, row[i]);
    }
    return link_->queue(std::string("INSERT INTO ") + table.name + "(" + names_of(table, row.size()) + ") VALUES(" + marks + ")", args);
}
Status Postgres::clear(const EngineTable& table) { return link_->queue(std::string("DELETE FROM ") + table.name); }

Status Postgres::finish_filling() {
    filling_ = false;
    for (const auto& type : model_->types)
        for (const std::string& sql : type_indexes(type, type.code)) YIPAN_TRY_VOID(link_->run(sql));
    return {};
}
Result<std::vector<std::int64_t>> Postgres::erasures(std::int64_t from, std::int64_t to) {
    return ids("SELECT position FROM yipan_entry WHERE " + std::string(erasure_condition) + " AND position BETWEEN $1 AND $2 ORDER BY position",
               Args().add(from).add(to));
}
Status Postgres::move_out(std::int64_t position, const Digest& commitment, std::int64_t archive) {
    const std::string mark = "#" + std::to_string(archive);
    return link_->queue("UPDATE yipan_entry SET commitment = $1, salt = NULL, body = $2 WHERE position = $3", Args().digest(commitment).text(mark).add(position));
}
Status Postgres::move_in(std::int64_t position, std::string_view salt, std::string_view body) {
    return link_->queue("UPDATE yipan_entry SET commitment = NULL, salt = $1, body = $2 WHERE position = $3", Args().bytes(salt).text(body).add(position));
}
Status Postgres::each_moved(const std::function<Status(std::int64_t, std::int64_t)>& visit) {
    constexpr std::int64_t page = 20'000;
    for (std::int64_t last = 0;;) {
        YIPAN_TRY(const Rows r, link_->ask("SELECT position, substr(body, 2)::bigint FROM yipan_entry WHERE salt IS NULL AND body IS NOT NULL AND position > $1 "
                                           "ORDER BY position LIMIT $2",
                                           Args().add(last).add(page)));
        for (int i = 0; i < r.size(); ++i) {
            last = r.integer(i, 0);
            YIPAN_TRY_VOID(visit(last, r.integer(i, 1)));
        }
        if (r.size() < page) return {};
    }
}

}  // namespace yipan::store::postgres
