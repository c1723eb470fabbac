// Short texts by name: meta, the head, counters, receipts, the side table.
#include "store/postgres/postgres.h"

namespace yipan::store::postgres {

Result<std::optional<std::string>> Postgres::meta(std::string_view name) {
    if (news_ && name == "model_position") return news_->model_position;
    if (news_ && name == "frozen_clock") return news_->frozen_clock;
    YIPAN_TRY(const Rows r, link_->ask("SELECT value FROM yipan_meta WHERE name = $1", Args().text(name)));
    return r.size() ? std::optional<std::string>(r.text(0, 0)) : std::optional<std::string>{};
}
Status Postgres::set_meta(std::string_view name, std::string_view value) {
    return link_->queue("INSERT INTO yipan_meta VALUES($1, $2) ON CONFLICT(name) DO UPDATE SET value = excluded.value",
                        Args().text(name).text(value));
}
Result<Head> Postgres::head() {
    if (read_head_) return *read_head_;
    YIPAN_TRY(const Rows r, link_->ask("SELECT h.position, h.root, (SELECT format FROM yipan_holder WHERE id = 1) FROM yipan_head h WHERE h.id = 1"));
    if (r.size() == 0) return Head{0, sha256("")};
    Head head;
    head.position = r.integer(0, 0);
    YIPAN_TRY(head.root, r.digest(0, 1));
    if (!r.null(0, 2)) YIPAN_TRY_VOID(known_format(r.integer(0, 2), link_->address()));
    return head;
}
Result<std::int64_t> Postgres::batches() {
    follows_ = true;  // nobody else wants to know
    if (news_) return news_->batches;
    YIPAN_TRY(const Rows r, link_->ask("SELECT batch FROM yipan_holder WHERE id = 1"));
    return r.size() ? r.integer(0, 0) : 0;
}
Status Postgres::set_head(const Head& head) {
    return link_->queue("INSERT INTO yipan_head VALUES(1, $1, $2) ON CONFLICT(id) DO UPDATE SET position = excluded.position, root = "
                        "excluded.root",
                        Args().add(head.position).digest(head.root));
}

Result<std::int64_t> Postgres::counter(std::string_view name) {
    const std::string key(name);
    if (const auto known = counters_.find(key); known != counters_.end()) return known->second;
    YIPAN_TRY(const Rows r, link_->ask("SELECT value FROM yipan_counter WHERE name = $1", Args().text(name)));
    const std::int64_t value = r.size() ? r.integer(0, 0) : 0;
    if (holder_ && link_->in_transaction()) counters_[key] = value;  // nobody else writes: it stands as long as the transaction does
    return value;
}
Status Postgres::set_counter(std::string_view name, std::int64_t value) {
    if (holder_ && link_->in_transaction()) counters_[std::string(name)] = value;
    return link_->queue("INSERT INTO yipan_counter VALUES($1, $2) ON CONFLICT(name) DO UPDATE SET value = excluded.value",
                        Args().text(name).add(value));
}
Status Postgres::each_counter(const std::function<void(std::string_view, std::int64_t)>& visit) {
    YIPAN_TRY(const Rows r, link_->ask("SELECT name, value FROM yipan_counter ORDER BY name"));
    for (int i = 0; i < r.size(); ++i) visit(r.text(i, 0), r.integer(i, 1));
    return {};
}
Result<std::optional<RecordedReceipt>> Postgres::receipt(std::string_view key) {
    if (const auto* known = ahead_.receipt(key)) return *known;
    YIPAN_TRY(const Rows r, link_->ask("SELECT first, last FROM yipan_receipt WHERE key = $1", Args().bytes(key)));
    if (r.size() == 0) return std::optional<RecordedReceipt>{};
    return std::optional<RecordedReceipt>(RecordedReceipt{r.integer(0, 0), r.integer(0, 1)});
}
Status Postgres::put_receipt(std::string_view key, const RecordedReceipt& receipt) {
    ahead_.receipt_written(key);
    return link_->queue("INSERT INTO yipan_receipt VALUES($1, $2, $3)", Args().bytes(key).add(receipt.first).add(receipt.last));
}
Status Postgres::drop_receipt(std::string_view key) {
    ahead_.receipt_written(key);
    return link_->queue("DELETE FROM yipan_receipt WHERE key = $1", Args().bytes(key));
}
Result<std::vector<KeptReceipt>> Postgres::receipts(std::string_view after, std::string_view before, std::int64_t limit) {
    YIPAN_TRY(const Rows r, link_->ask("SELECT key, first, last FROM yipan_receipt WHERE key > $1 AND key < $2 ORDER BY key LIMIT $3",
                                       Args().bytes(after).bytes(before).add(limit)));
    std::vector<KeptReceipt> out;
    for (int i = 0; i < r.size(); ++i) out.push_back({std::string(r.text(i, 0)), {r.integer(i, 1), r.integer(i, 2)}});
    return out;
}

Result<std::optional<std::string>> Postgres::side(std::string_view space, std::string_view key) {
    YIPAN_TRY(const Rows r, link_->ask("SELECT value FROM yipan_side WHERE space = $1 AND key = $2", Args().text(space).text(key)));
    return r.size() ? std::optional<std::string>(r.text(0, 0)) : std::optional<std::string>{};
}
Status Postgres::each_side(std::string_view space, const std::function<void(std::string_view, std::string_view)>& visit) {
    YIPAN_TRY(const Rows r, link_->ask("SELECT key, value FROM yipan_side WHERE space = $1 ORDER BY key", Args().text(space)));
    for (int i = 0; i < r.size(); ++i) visit(r.text(i, 0), r.text(i, 1));
    return {};
}
Status Postgres::put_side(std::string_view space, std::string_view key, std::string_view value) {
    return link_->queue("INSERT INTO yipan_side VALUES($1, $2, $3) ON CONFLICT(space, key) DO UPDATE SET value = excluded.value",
                        Args().text(space).text(key).text(value));
}
Status Postgres::drop_side(std::string_view space, std::string_view key) {
    return link_->queue("DELETE FROM yipan_side WHERE space = $1 AND key = $2", Args().text(space).text(key));
}

}  // namespace yipan::store::postgres
