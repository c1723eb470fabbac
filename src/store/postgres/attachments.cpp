// Attachments: all of their bytes lie in the board's tables.
#include "store/postgres/postgres.h"

namespace yipan::store::postgres {
namespace {
constexpr std::int64_t parts_a_page = 16;
constexpr const char* columns = "SELECT id, hash, bytes, added, beside, complete FROM yipan_attachment";
Store::Attachment attachment_of(const Rows& r, int i) {
    return {r.integer(i, 0), std::string(r.text(i, 1)), r.integer(i, 2), r.integer(i, 3), r.integer(i, 4) != 0, r.integer(i, 5) != 0};
}
}  // namespace

Result<std::optional<Store::Attachment>> Postgres::attachment(std::string_view hash) {
    YIPAN_TRY(const Rows r, link_->ask(std::string(columns) + " WHERE hash = $1", Args().text(hash)));
    return r.size() ? std::optional<Attachment>(attachment_of(r, 0)) : std::optional<Attachment>{};
}
Result<std::int64_t> Postgres::put_attachment(const Attachment& a) {
    YIPAN_TRY(const Rows r, link_->ask("INSERT INTO yipan_attachment SELECT coalesce(max(id), 0) + 1, $1, $2, $3, $4, $5 FROM yipan_attachment RETURNING id",
                                       Args().text(a.hash).add(a.bytes).add(a.added).add(a.beside).add(a.complete), {25, 20, 20, 20, 20}));
    return r.integer(0, 0);
}
Status Postgres::put_attachment_part(std::int64_t id, std::int64_t index, std::string_view body) {
    return link_->queue("INSERT INTO yipan_attachment_part VALUES($1, $2, $3)", Args().add(id).add(index).bytes(body));
}
Status Postgres::complete_attachment(std::int64_t id) {
    return link_->queue("UPDATE yipan_attachment SET complete = 1 WHERE id = $1", Args().add(id));
}
Status Postgres::drop_attachment(std::int64_t id) {
    YIPAN_TRY_VOID(link_->queue("DELETE FROM yipan_attachment_part WHERE attachment = $1", Args().add(id)));
    return link_->queue("DELETE FROM yipan_attachment WHERE id = $1", Args().add(id));
}
Status Postgres::each_attachment(const std::function<Status(const Attachment&)>& visit) {
    YIPAN_TRY(const Rows r, link_->ask(std::string(columns) + " ORDER BY hash"));
    for (int i = 0; i < r.size(); ++i) YIPAN_TRY_VOID(visit(attachment_of(r, i)));
    return {};
}
Status Postgres::each_attachment_part(std::int64_t id, std::int64_t from, const std::function<bool(std::string_view)>& visit) {
    while (true) {
        YIPAN_TRY(const Rows r, link_->ask("SELECT idx, body FROM yipan_attachment_part WHERE attachment = $1 AND idx >= $2 ORDER BY idx LIMIT $3",
                                           Args().add(id).add(from).add(parts_a_page)));
        for (int i = 0; i < r.size(); ++i) {
            from = r.integer(i, 0) + 1;
            if (!visit(r.text(i, 1))) return {};
        }
        if (r.size() < parts_a_page) return {};
    }
}
Result<bool> Postgres::attachment_named(std::string_view hash) {
    YIPAN_TRY(const Rows r, link_->ask("SELECT 1 FROM yipan_entry WHERE body_attachment IS NOT NULL AND strpos(body_attachment, $1) > 0 LIMIT 1",
                                       Args().text(hash)));
    return r.size() > 0;
}

}  // namespace yipan::store::postgres
