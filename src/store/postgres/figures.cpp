// Postings since the newest run, and the runs.
#include "store/postgres/postgres.h"

namespace yipan::store::postgres {
namespace {
constexpr std::int64_t tails_a_page = 100, totals_a_page = 100, chunks_first = 2, chunks_a_page = 64;
}

Status Postgres::put_tail(std::int64_t position, std::string_view body) {
    return link_->queue("INSERT INTO yipan_tail VALUES($1, $2)", Args().add(position).bytes(body));
}
Status Postgres::each_tail_after(std::int64_t after, const std::function<Status(std::int64_t, std::string_view)>& visit) {
    for (std::int64_t last = after;;) {
        YIPAN_TRY(const Rows r, link_->ask("SELECT position, body FROM yipan_tail WHERE position > $1 ORDER BY position LIMIT $2",
                                           Args().add(last).add(tails_a_page)));
        for (int i = 0; i < r.size(); ++i) {
            last = r.integer(i, 0);
            YIPAN_TRY_VOID(visit(last, r.text(i, 1)));
        }
        if (r.size() < tails_a_page) return {};
    }
}
Status Postgres::drop_tail(std::int64_t up_to) { return link_->queue("DELETE FROM yipan_tail WHERE position <= $1", Args().add(up_to)); }

std::vector<RunRow> runs_of(const Rows& r) {
    std::vector<RunRow> out;
    for (int i = 0; i < r.size(); ++i) out.push_back({r.integer(i, 0), static_cast<int>(r.integer(i, 1)), r.integer(i, 2), r.integer(i, 3)});
    return out;
}
Result<std::vector<RunRow>> Postgres::runs() {
    if (news_) return news_->runs;
    YIPAN_TRY(const Rows r, link_->ask(runs_sql));
    return runs_of(r);
}
Status Postgres::put_run(const RunRow& run) {
    return link_->queue("INSERT INTO yipan_run VALUES($1, $2, $3, $4)",
                        Args().add(run.id).add(run.level).add(run.first_position).add(run.last_position));
}
Status Postgres::set_run_level(std::int64_t run, int level) {
    return link_->queue("UPDATE yipan_run SET level = $1 WHERE id = $2", Args().add(level).add(run));
}
Status Postgres::add_run_total(std::int64_t run, std::string_view body) {
    return link_->queue("INSERT INTO yipan_run_total SELECT $1, coalesce(max(idx), 0) + 1, $2 FROM yipan_run_total WHERE run = $1",
                        Args().add(run).bytes(body), {20, 17});
}
Status Postgres::put_run_chunk(std::int64_t run, std::string_view first_key, std::string_view body) {
    return link_->queue("INSERT INTO yipan_run_chunk SELECT coalesce(max(id), 0) + 1, $1, $2, $3 FROM yipan_run_chunk",
                        Args().add(run).bytes(first_key).bytes(body), {20, 17, 17});
}
Status Postgres::drop_run(std::int64_t run) {
    for (const char* sql : {"DELETE FROM yipan_run WHERE id = $1", "DELETE FROM yipan_run_total WHERE run = $1",
                            "DELETE FROM yipan_run_chunk WHERE run = $1"})
        YIPAN_TRY_VOID(link_->queue(sql, Args().add(run)));
    return {};
}
Status Postgres::each_run_total(std::int64_t run, const std::function<void(std::string_view)>& visit) {
    for (std::int64_t last = INT64_MIN;;) {
        YIPAN_TRY(const Rows r, link_->ask("SELECT idx, body FROM yipan_run_total WHERE run = $1 AND idx > $2 ORDER BY idx LIMIT $3",
                                           Args().add(run).add(last).add(totals_a_page)));
        for (int i = 0; i < r.size(); ++i) {
            last = r.integer(i, 0);
            visit(r.text(i, 1));
        }
        if (r.size() < totals_a_page) return {};
    }
}
// The chunk that may hold `key` begins at or before it; when none does, start at the run's first chunk. Mostly one or two
// are looked at, so pages begin small.
Status Postgres::chunks_from(std::int64_t run, std::string_view key, const std::function<bool(std::string_view, std::string_view)>& next) {
    std::int64_t limit = chunks_first;
    YIPAN_TRY(Rows r, link_->ask("SELECT first_key, body, id FROM yipan_run_chunk WHERE run = $1 AND first_key >= coalesce((SELECT "
                                 "first_key FROM yipan_run_chunk WHERE run = $1 AND first_key <= $2 ORDER BY first_key DESC LIMIT 1), "
                                 "''::bytea) ORDER BY first_key, id LIMIT $3",
                                 Args().add(run).bytes(key).add(limit), {20, 17, 20}));
    while (true) {
        std::string last_key;
        std::int64_t last_id = 0;
        for (int i = 0; i < r.size(); ++i) {
            last_key = r.text(i, 0);
            last_id = r.integer(i, 2);
            if (!next(r.text(i, 0), r.text(i, 1))) return {};
        }
        if (r.size() < limit) return {};
        limit = std::min(limit * 4, chunks_a_page);
        YIPAN_TRY(r, link_->ask("SELECT first_key, body, id FROM yipan_run_chunk WHERE run = $1 AND (first_key, id) > ($2, $3) ORDER BY "
                                "first_key, id LIMIT $4",
                                Args().add(run).bytes(last_key).add(last_id).add(limit), {20, 17, 20, 20}));
    }
}

}  // namespace yipan::store::postgres
