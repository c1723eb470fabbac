#pragma once
// Where a board lives. The writer holds one Store, every snapshot one of its own; a Store is used by one thread at a
// time. Contracts the board leans on:
//   - begin..commit is one transaction, all or nothing; it survives a power cut once a sync() that began after commit()
//   has returned
//     (I6: nobody is answered before); savepoints nest inside for drafts of several changes;
//   - a read transaction sees one position, however long it lasts;
//   - failures are Status values of code store_failed, busy, read_only or corrupt; nothing throws; a write may report
//   the failure of one before it in the same transaction, and commit() reports what none of them did.
// Two implementations, chosen by the board's name (open.h): a file of SQLite's, a schema of PostgreSQL's. So nothing here
// speaks of files or pages.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "journal/entry.h"
#include "model/load.h"
#include "record/record.h"
#include "store/ahead.h"
#include "store/reshape.h"
#include "store/tables.h"

namespace yipan::store {

constexpr int format_version = 2;
constexpr int checksum_reserve_bytes = 8;  // at the end of each page

struct Head {  // the state of the log after the last committed batch
    std::int64_t position = 0;
    Digest root{};
};

struct StoredEntry {
    journal::Entry entry;
    Digest leaf{};
};

struct KeptReceipt {
    std::string key;
    RecordedReceipt receipt;
};

struct RunRow {
    std::int64_t id = 0;
    int level = 0;
    std::int64_t first_position = 0, last_position = 0;
    bool operator==(const RunRow&) const = default;
};

/// A page of the records of a type. `where` is compiled (cel/sql.h) with the parameters from ?1 on; user text never
/// becomes SQL text.
struct ListQuery {
    std::string where;
    std::vector<record::Value> parameters;
    struct Order {
        int field = -1;  // -1: the id
        bool descending = false;
    };
    std::vector<Order> order;  // the id is always the last
    std::int64_t offset = 0, limit = 50;
    /// Only these, each looked up by its id whatever indexes there are.
    std::optional<std::vector<std::int64_t>> among;
};

class Store {
  public:
    virtual ~Store() = default;

    // -- transactions
    virtual Status begin() = 0;       // the writer's; takes the write lock
    virtual Status begin_read() = 0;  // a snapshot's
    virtual Status commit() = 0;
    /// After a commit() that failed: whether it is sure that nothing of the transaction stands.
    virtual bool surely_undone() const { return false; }
    /// The way to the board is gone and does not come back by itself: open it anew.
    virtual bool lost() const { return false; }
    /// Of a writer: somebody else writes this board now.
    virtual bool ousted() const { return false; }
    /// Gives the connection back, outside of a transaction; wake() makes another one, or the next question of a store that
    /// only reads. A writer tells before that it only rests: the board is still its own as long as nobody else wants to
    /// write; when somebody did, wake() and still_there() say busy, and this store has been ousted. A file holds none.
    virtual Status rest() { return {}; }
    virtual Status wake() { return {}; }
    /// Of a writer that rests, every few minutes: who follows need not take the board over.
    virtual Status still_there() { return {}; }
    /// A number that every transaction of a writer raises, also one beside the journal; 0: this store counts none, and
    /// nobody else writes to it.
    virtual Result<std::int64_t> batches() { return 0; }
    virtual Status sync() = 0;    // from any thread, while the store's own thread goes on
    virtual void rollback() = 0;  // never fails from the caller's view
    /// The writer tells where it can be asked; who is refused the lock is told.
    virtual Status announce(const std::string& address) = 0;
    virtual Status savepoint() = 0;
    virtual Status release() = 0;
    virtual Status rollback_to_savepoint() = 0;  // and releases it

    // -- shape
    /// Creates what the model needs and does not exist yet: tables, indexes, views, type numbers.
    virtual Status install(const model::ModelPtr& model) = 0;
    /// Tells the store the shape of an existing board (prepares layouts, writes nothing).
    virtual Status use(const model::ModelPtr& model) = 0;
    /// Inside a transaction: tables and columns become those of the next model, whose shape the store has from here on;
    /// after the rows are rewritten, finish_reshape() makes its indexes and views. A rollback undoes it; then use() the
    /// former model again.
    virtual Status reshape(const Reshape& reshape) = 0;
    virtual Status finish_reshape(const Reshape& reshape) = 0;

    // -- meta: short texts by name
    virtual Result<std::optional<std::string>> meta(std::string_view name) = 0;
    virtual Status set_meta(std::string_view name, std::string_view value) = 0;
    virtual Result<Head> head() = 0;
    virtual Status set_head(const Head& head) = 0;

    // -- journal
    virtual Status append(const journal::Entry& entry, const Digest& leaf) = 0;
    virtual Result<StoredEntry> entry(std::int64_t position) = 0;
    virtual Status each_entry(std::int64_t from, std::int64_t to,
                              const std::function<Status(const StoredEntry&)>& visit) = 0;
    virtual Status each_leaf(std::int64_t from, std::int64_t to, const std::function<void(const Digest&)>& visit) = 0;
    /// Positions of the entries of a record, ascending. Walks the journal: for records that are gone; living ones have
    /// a chain.
    virtual Result<std::vector<std::int64_t>> positions_of(const std::string& type, std::int64_t record) = 0;
    virtual Status put_node(int level, std::int64_t index, const Digest& digest) = 0;
    virtual Result<std::optional<Digest>> node(int level, std::int64_t index) = 0;
    virtual Status each_node(int level, std::int64_t from, std::int64_t to,
                             const std::function<void(const Digest&)>& visit) = 0;

    // -- records
    virtual Status insert(const record::Record& record) = 0;
    virtual Status update(const record::Record& record) = 0;
    virtual Status erase_row(int type, std::int64_t id) = 0;
    virtual Result<record::RecordPtr> read(int type, std::int64_t id) = 0;  // null when there is none
    /// Of a writer, in its transaction. Each question is a journey: what will be asked is worth asking together before.
    virtual bool asks_far() const { return false; }
    virtual Status ask_ahead(const Questions&) { return {}; }
    /// Ids of records whose fields equal the values (unset matches unset), at most `limit`.
    virtual Result<std::vector<std::int64_t>> find(int type, const std::vector<int>& fields,
                                                   const std::vector<record::Value>& values, std::int64_t limit) = 0;
    /// Ids of records of `type` whose reference field (or list of references) holds `id`.
    virtual Result<std::vector<std::int64_t>> referrers(int type, int field, std::int64_t id, std::int64_t limit) = 0;
    virtual Status each(int type, const std::function<bool(const record::RecordPtr&)>& visit) = 0;
    /// One field of every record in id order, void ones as well, until `visit` says false.
    virtual Status each_value(int type, int field, const std::function<bool(std::int64_t id, const record::Value& value)>& visit) = 0;
    /// Rows in id order for a compiled filter (parameterised text over alias t), or all.
    virtual Result<std::vector<record::RecordPtr>> list(int type, const std::string& where,
                                                        const std::vector<record::Value>& parameters,
                                                        std::int64_t offset, std::int64_t limit) = 0;
    virtual Result<std::int64_t> count(int type, const std::string& where,
                                       const std::vector<record::Value>& parameters) = 0;
    /// A page of a compiled query over alias t: ids and values of the one order, see ListQuery.
    virtual Result<std::vector<record::RecordPtr>> list(int type, const ListQuery& query) = 0;
    /// Rows for which the condition holds, counted up to `limit`.
    virtual Result<std::int64_t> count_to(int type, const std::string& where,
                                          const std::vector<record::Value>& parameters, std::int64_t limit) = 0;
    /// Sums of integer columns over the rows for which the condition holds; unset without any.
    virtual Result<std::vector<record::Value>> sums(int type, const std::string& where,
                                                    const std::vector<record::Value>& parameters,
                                                    const std::vector<int>& fields) = 0;
    /// One value of a compiled count/exists/sum query.
    virtual Result<record::Value> scalar(const std::string& sql, const std::vector<record::Value>& parameters) = 0;
    virtual Result<std::int64_t> next_record(int type) = 0;  // first id never used
    virtual Status set_next_record(int type, std::int64_t next) = 0;

    /// Condition over a type's table (alias t) for the rows that are not void.
    virtual std::string counted_condition() const = 0;

    // -- taking back
    /// Deletes body and salt of the entry's groups (bits of model::FieldGroup) and keeps their commitments.
    virtual Status erase_bodies(std::int64_t position, std::uint8_t groups) = 0;
    /// What was erased by committed transactions leaves the files as well. False: a reader still looks at the old pages;
    /// ask again later.
    virtual Result<bool> scrub() = 0;
    struct Redirect {
        std::int64_t record = 0, into = 0;
        std::string key;  // the text by which people named the record that is gone
    };
    virtual Status put_redirect(int type, const Redirect& redirect) = 0;
    virtual Result<std::optional<std::int64_t>> redirect(int type, std::int64_t record) = 0;
    virtual Result<std::optional<std::int64_t>> redirect_of_key(int type, std::string_view key) = 0;
    virtual Status each_redirect(int type, const std::function<void(const Redirect&)>& visit) = 0;

    // -- counters of document numbers, idempotency keys
    virtual Result<std::int64_t> counter(std::string_view name) = 0;
    virtual Status set_counter(std::string_view name, std::int64_t value) = 0;
    virtual Status each_counter(const std::function<void(std::string_view name, std::int64_t value)>& visit) = 0;
    virtual Result<std::optional<RecordedReceipt>> receipt(std::string_view key) = 0;
    virtual Status put_receipt(std::string_view key, const RecordedReceipt& receipt) = 0;
    virtual Status drop_receipt(std::string_view key) = 0;
    /// The first so many of those with after < key < before (bytes), by key.
    virtual Result<std::vector<KeptReceipt>> receipts(std::string_view after, std::string_view before, std::int64_t limit) = 0;

    // -- side table: texts by space and key that are not the journal's (docs/decisions/0018-side-table.md)
    virtual Result<std::optional<std::string>> side(std::string_view space, std::string_view key) = 0;
    virtual Status each_side(std::string_view space,
                             const std::function<void(std::string_view key, std::string_view value)>& visit) = 0;
    virtual Status put_side(std::string_view space, std::string_view key, std::string_view value) = 0;
    virtual Status drop_side(std::string_view space, std::string_view key) = 0;

    // -- attachments: bytes by their SHA-256 (64 hex digits), in parts (board/attachments.h)
    struct Attachment {
        std::int64_t id = 0;
        std::string hash;
        std::int64_t bytes = 0, added = 0;  // microseconds
        bool beside = false;    // in a file beside the board (store/beside.h), not in its tables
        bool complete = false;  // all parts are there
    };
    virtual Result<std::optional<Attachment>> attachment(std::string_view hash) = 0;
    virtual Result<std::int64_t> put_attachment(const Attachment& attachment) = 0;  // its id; parts follow
    virtual Status put_attachment_part(std::int64_t id, std::int64_t index, std::string_view body) = 0;
    virtual Status complete_attachment(std::int64_t id) = 0;
    virtual Status drop_attachment(std::int64_t id) = 0;
    virtual Status each_attachment(const std::function<Status(const Attachment&)>& visit) = 0;  // by hash
    /// From part `from` on, until `visit` says false.
    virtual Status each_attachment_part(std::int64_t id, std::int64_t from,
                                        const std::function<bool(std::string_view body)>& visit) = 0;
    /// Whether a body in the journal names it.
    virtual Result<bool> attachment_named(std::string_view hash) = 0;

    // -- postings since the newest run, one row for each batch
    virtual Status put_tail(std::int64_t position, std::string_view body) = 0;
    virtual Status each_tail(const std::function<Status(std::int64_t position, std::string_view body)>& visit) = 0;
    /// Those behind a position.
    virtual Status each_tail_after(std::int64_t after, const std::function<Status(std::int64_t position, std::string_view body)>& visit) {
        return each_tail([&](std::int64_t position, std::string_view body) { return position > after ? visit(position, body) : Status{}; });
    }
    virtual Status drop_tail(std::int64_t up_to) = 0;

    // -- runs of figure postings
    virtual Result<std::vector<RunRow>> runs() = 0;
    virtual Status put_run(const RunRow& run) = 0;
    virtual Status set_run_level(std::int64_t run, int level) = 0;
    virtual Status add_run_total(std::int64_t run, std::string_view body) = 0;
    virtual Status put_run_chunk(std::int64_t run, std::string_view first_key, std::string_view body) = 0;
    virtual Status drop_run(std::int64_t run) = 0;
    virtual Status each_run_total(std::int64_t run, const std::function<void(std::string_view body)>& visit) = 0;
    virtual Status chunks_from(std::int64_t run, std::string_view key,
                               const std::function<bool(std::string_view first_key, std::string_view body)>& next) = 0;

    // -- engine tables row by row, for carrying a whole board into another store; columns and keys as tables.h lists them
    virtual Status each_row(const EngineTable& table, const std::function<Status(const std::vector<Cell>&)>& visit) = 0;
    virtual Status put_row(const EngineTable& table, const std::vector<Cell>& row) = 0;
    virtual Status clear(const EngineTable& table) = 0;
};

enum class Access { create, write, read };
struct Upgraded;  // store/upgrade.h
struct Opening {  // of an older board for writing: it is upgraded first
    std::function<void(std::int64_t done, std::int64_t total)> progress;
    std::function<void(const Upgraded&)> upgraded;
};
Result<std::unique_ptr<Store>> open_sqlite(const std::string& path, Access access, const Opening& opening = {});

}  // namespace yipan::store
