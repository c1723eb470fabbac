// Entries and the nodes of the tree. What is long is read in pages, so that nothing is held whole in memory and a visitor
// may ask the store meanwhile.
#include "store/postgres/postgres.h"

namespace yipan::store::postgres {
namespace {
constexpr std::int64_t entries_a_page = 1'000, leaves_a_page = 20'000;
constexpr std::string_view entry_sql =
    "SELECT e.position, e.time, e.actor, e.post, c.name, e.verb, e.type, e.record, e.version, e.previous, e.tx, e.model, "
    "e.effective, e.leaf, e.salt, e.body, e.salt_personal, e.body_personal, e.salt_attachment, e.body_attachment, e.commitment, "
    "e.commitment_personal, e.commitment_attachment FROM yipan_entry e LEFT JOIN yipan_channel c ON c.id = e.channel WHERE "
    "e.position BETWEEN $1 AND $2 ORDER BY e.position LIMIT $3";
}  // namespace

Result<std::int64_t> Postgres::channel_number(const std::string& name) {
    if (const auto known = channels_.find(name); known != channels_.end()) return known->second;
    YIPAN_TRY(const Rows there, link_->ask("SELECT id FROM yipan_channel WHERE name = $1", Args().text(name)));
    if (there.size()) return channels_[name] = there.integer(0, 0);
    YIPAN_TRY(const Rows made, link_->ask("INSERT INTO yipan_channel SELECT coalesce(max(id), 0) + 1, $1 FROM yipan_channel RETURNING id",
                                          Args().text(name), {25}));
    return channels_[name] = made.integer(0, 0);
}

Status Postgres::append(const journal::Entry& e, const Digest& leaf) {
    YIPAN_TRY(const std::int64_t channel, channel_number(e.channel));
    Args args;
    args.add(e.position).add(e.time).add(e.actor).add(e.post).add(channel).add(static_cast<int>(e.verb));
    if (e.type.empty())
        args.null();
    else
        args.add(code_numbers_.at(e.type));
    args.add(e.record).add(e.version).add(e.previous).add(e.transaction).add(e.model_version).add(e.effective).digest(leaf);
    for (std::size_t g = 0; g < journal::group_count; ++g) {
        if (e.salt[g].empty())
            args.null().null();
        else
            args.bytes(e.salt[g]).text(e.body[g]);
    }
    for (std::size_t g = 0; g < journal::group_count; ++g) {
        if (e.salt[g].empty() && e.commitment[g])
            args.digest(*e.commitment[g]);
        else
            args.null();
    }
    return link_->queue("INSERT INTO yipan_entry VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, "
                        "$18, $19, $20, $21, $22, $23)",
                        args);
}

Status Postgres::decode(const Rows& r, int i, StoredEntry& out) {
    journal::Entry& e = out.entry;
    e.position = r.integer(i, 0);
    e.time = r.integer(i, 1);
    e.actor = r.integer(i, 2);
    e.post = r.integer(i, 3);
    e.channel = r.text(i, 4);
    e.verb = static_cast<journal::Verb>(r.integer(i, 5));
    e.type.clear();
    if (!r.null(i, 6)) {
        const auto code = type_codes_.find(r.integer(i, 6));
        if (code == type_codes_.end())
            return fail(Code::corrupt, "entry " + std::to_string(e.position), "refers to a type number that is not in yipan_type");
        e.type = code->second;
    }
    e.record = r.integer(i, 7);
    e.version = static_cast<std::int32_t>(r.integer(i, 8));
    e.previous = r.integer(i, 9);
    e.transaction = r.integer(i, 10);
    e.model_version = static_cast<std::int32_t>(r.integer(i, 11));
    e.effective = static_cast<std::int32_t>(r.integer(i, 12));
    YIPAN_TRY(out.leaf, r.digest(i, 13));
    e.commitment = {};
    for (int g = 0; g < journal::group_count; ++g) {
        const auto at = static_cast<std::size_t>(g);
        e.salt[at] = r.text(i, 14 + 2 * g);
        e.body[at] = r.text(i, 15 + 2 * g);
        if (!r.null(i, 20 + g)) {
            YIPAN_TRY(const Digest d, r.digest(i, 20 + g));
            e.commitment[at] = d;
        } else if (!e.salt[at].empty()) {
            e.commitment[at] = journal::commitment_of(e.salt[at], e.body[at]);
        }
    }
    if (e.salt[0].empty() && e.body[0].starts_with('#')) {
        if (!archives_) archives_ = Archives::of(*this, link_->address().shown);
        archives_->fill(e);
    }
    return {};
}

Result<StoredEntry> Postgres::entry(std::int64_t position) {
    YIPAN_TRY(const Rows r, link_->ask(entry_sql, Args().add(position).add(position).add(1)));
    if (r.size() == 0) return fail(Code::not_found, "entry " + std::to_string(position), "no such entry");
    StoredEntry out;
    YIPAN_TRY_VOID(decode(r, 0, out));
    return out;
}
Status Postgres::each_entry(std::int64_t from, std::int64_t to, const std::function<Status(const StoredEntry&)>& visit) {
    StoredEntry out;
    while (from <= to) {
        YIPAN_TRY(const Rows r, link_->ask(entry_sql, Args().add(from).add(to).add(entries_a_page)));
        if (r.size() == 0) return {};
        for (int i = 0; i < r.size(); ++i) {
            YIPAN_TRY_VOID(decode(r, i, out));
            from = out.entry.position + 1;
            YIPAN_TRY_VOID(visit(out));
        }
    }
    return {};
}
Status Postgres::each_leaf(std::int64_t from, std::int64_t to, const std::function<void(const Digest&)>& visit) {
    while (from <= to) {
        YIPAN_TRY(const Rows r, link_->ask("SELECT position, leaf FROM yipan_entry WHERE position BETWEEN $1 AND $2 ORDER BY position LIMIT $3",
                                           Args().add(from).add(to).add(leaves_a_page)));
        if (r.size() == 0) return {};
        for (int i = 0; i < r.size(); ++i) {
            YIPAN_TRY(const Digest d, r.digest(i, 1));
            from = r.integer(i, 0) + 1;
            visit(d);
        }
    }
    return {};
}
Result<std::vector<std::int64_t>> Postgres::positions_of(const std::string& type, std::int64_t record) {
    const auto number = code_numbers_.find(type);
    if (number == code_numbers_.end()) return std::vector<std::int64_t>{};
    return ids("SELECT position FROM yipan_entry WHERE type = $1 AND record = $2 ORDER BY position", Args().add(number->second).add(record));
}

Status Postgres::put_node(int level, std::int64_t index, const Digest& digest) {
    return link_->queue("INSERT INTO yipan_node VALUES($1, $2, $3)", Args().add(level).add(index).digest(digest));
}
Result<std::optional<Digest>> Postgres::node(int level, std::int64_t index) {
    YIPAN_TRY(const Rows r, link_->ask("SELECT hash FROM yipan_node WHERE level = $1 AND idx = $2", Args().add(level).add(index)));
    if (r.size() == 0) return std::optional<Digest>{};
    YIPAN_TRY(const Digest d, r.digest(0, 0));
    return std::optional<Digest>(d);
}
Status Postgres::each_node(int level, std::int64_t from, std::int64_t to, const std::function<void(const Digest&)>& visit) {
    while (from <= to) {
        YIPAN_TRY(const Rows r, link_->ask("SELECT idx, hash FROM yipan_node WHERE level = $1 AND idx BETWEEN $2 AND $3 ORDER BY idx LIMIT $4",
                                           Args().add(level).add(from).add(to).add(leaves_a_page)));
        if (r.size() == 0) return {};
        for (int i = 0; i < r.size(); ++i) {
            YIPAN_TRY(const Digest d, r.digest(i, 1));
            from = r.integer(i, 0) + 1;
            visit(d);
        }
    }
    return {};
}

Status Postgres::erase_bodies(std::int64_t position, std::uint8_t groups) {
    YIPAN_TRY(const StoredEntry stored, entry(position));
    if (groups & 1) {
        YIPAN_TRY(const Rows moved, link_->ask("SELECT 1 FROM yipan_entry WHERE position = $1 AND salt IS NULL AND body IS NOT NULL", Args().add(position)));
        if (moved.size() > 0) return fail(erased_elsewhere(position));
    }
    constexpr const char* names[] = {"", "_personal", "_attachment"};
    for (std::size_t g = 0; g < journal::group_count; ++g) {
        if (!(groups >> g & 1) || stored.entry.salt[g].empty()) continue;
        const std::string n = names[g];
        YIPAN_TRY_VOID(link_->queue("UPDATE yipan_entry SET commitment" + n + " = $1, salt" + n + " = NULL, body" + n + " = NULL WHERE position = $2",
                                    Args().digest(*stored.entry.commitment[g]).add(position)));
    }
    return {};
}

}  // namespace yipan::store::postgres
