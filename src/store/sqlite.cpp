// The SQLite store: WAL, synced before anybody is answered, one writer (an exclusive lock on "<board>-lock"), readers
// on connections of their own.
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>

#include "base/check.h"
#include "record/check.h"
#include "store/archive.h"
#include "store/care.h"
#include "store/connection.h"
#include "store/reshape.h"
#include "store/schema.h"
#include "store/statement.h"
#include "store/store.h"
#include "store/upgrade.h"
#include "store/vfs_pages.h"

namespace yipan::store {

namespace {
constexpr int busy_timeout_ms = 5'000;
constexpr int wal_checkpoint_pages = 20'000;   // from here on the log is copied into the file, beside the writer ...
constexpr int wal_rest_pages = 1'000;          // ... who copies so much himself, so that the log begins anew
constexpr int wal_pages_max = 200'000;         // and waits for the copying rather than let the log grow further

Result<Digest> digest_of(std::string_view blob) {
    Digest d;
    if (blob.size() != d.size()) return fail(Code::corrupt, "", "a stored hash does not have 32 bytes");
    std::memcpy(d.data(), blob.data(), d.size());
    return d;
}

struct TypeStatements {
    Statement insert, update, erase, read, next, set_next;
    std::map<std::vector<int>, Statement> find;
    std::map<int, Statement> referrers;
};

// The long part of a checkpoint: pages of the log are copied into the file and synced by a thread with a connection of its
// own, while the writer goes on. Started when a log is long for the first time.
class Copier {
  public:
    Copier(std::string path, std::atomic<bool>& failed) : path_(std::move(path)), failed_(failed), thread_([this] { loop(); }) {}
    ~Copier() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        changed_.notify_all();
        thread_.join();
        if (db_) sqlite3_close(db_);
    }
    void ask() {
        {
            const std::lock_guard lock(mutex_);
            at_work_ = true;
        }
        changed_.notify_all();
    }
    /// Pages from the beginning of the log that are in the file; none: it is at work.
    std::optional<int> copied() {
        const std::lock_guard lock(mutex_);
        return at_work_ ? std::nullopt : std::optional(copied_);
    }
    void wait() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return !at_work_; });
    }
    void set_copied(int pages) {
        const std::lock_guard lock(mutex_);
        copied_ = pages;
    }

  private:
    void loop() {
        (void)pthread_setname_np(pthread_self(), "yipan-copy");
        std::unique_lock lock(mutex_);
        while (true) {
            changed_.wait(lock, [&] { return stopping_ || at_work_; });
            if (stopping_) return;
            lock.unlock();
            const int pages = copy();
            lock.lock();
            if (pages >= 0) copied_ = pages;
            at_work_ = false;
            changed_.notify_all();
        }
    }
    int copy() {
        if (!db_) {
            const bool opened = sqlite3_open_v2(path_.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, page_vfs()) == SQLITE_OK &&
                                sqlite3_exec(db_, "PRAGMA synchronous=NORMAL; SELECT count(*) FROM sqlite_schema", nullptr, nullptr, nullptr) == SQLITE_OK;
            if (!opened) {  // the writer copies for himself then
                if (db_) sqlite3_close(std::exchange(db_, nullptr));
                return -1;
            }
            sqlite3_wal_autocheckpoint(db_, 0);
        }
        int in_log = 0, done = -1;
        const int rc = sqlite3_wal_checkpoint_v2(db_, "main", SQLITE_CHECKPOINT_PASSIVE, &in_log, &done);
        if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY && (rc & 0xff) != SQLITE_LOCKED) failed_.store(true, std::memory_order_release);
        return rc == SQLITE_OK ? done : -1;
    }
    const std::string path_;
    std::atomic<bool>& failed_;
    sqlite3* db_ = nullptr;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool at_work_ = false, stopping_ = false;
    int copied_ = 0;
    std::thread thread_;
};

class Sqlite final : public Store, public Care {
  public:
    Sqlite() = default;
    ~Sqlite() override {
        copier_.reset();
        types_.clear();
        scalars_.clear();
        rows_.clear();
        for (auto* s :
             {&begin_,       &begin_read_,  &commit_,      &rollback_,    &savepoint_,   &release_,   &back_,
              &meta_get_,    &meta_set_,    &head_get_,    &head_set_,    &append_,      &entry_,     &put_node_,
              &get_node_,    &counter_get_, &counter_set_, &receipt_get_, &receipt_set_, &chunk_put_, &total_put_,
              &channel_put_, &tail_put_,    &chunks_,      &side_get_})
            *s = Statement{};
        // After a sync that failed nobody knows what the log holds: it must not go into the board's file unread. Whoever
        // opens the board next takes of it what its checksums vouch for.
        if (db_ && sync_failed_.load(std::memory_order_acquire))
            sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
        if (db_) sqlite3_close(db_);
    }

    Status open(const std::string& path, Access access, const Opening& opening) {
        // Counting every allocation takes a lock all connections share; nobody reads the count.
        static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
        (void)configured;
        access_ = access;
        path_ = path;
        if (access == Access::create && ::access(path.c_str(), F_OK) == 0)
            return fail(Code::duplicate, path, "a file of this name exists", "choose another name or delete it first");
        if (access != Access::create && ::access(path.c_str(), F_OK) != 0)
            return fail(Code::not_found, path, "no such board", "yipan init or yipan demo makes one");
        if (access != Access::read) YIPAN_TRY_VOID(lock_.take(path));
        if (access != Access::create) YIPAN_TRY_VOID(check_format(path, opening));
        const int flags = access == Access::create  ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                          : access == Access::write ? SQLITE_OPEN_READWRITE
                                                    : SQLITE_OPEN_READONLY;
        const std::string name = access == Access::read && frozen(path) ? immutable_uri(path) : path;
        if (sqlite3_open_v2(name.c_str(), &db_, flags | SQLITE_OPEN_NOMUTEX | (name == path ? 0 : SQLITE_OPEN_URI),
                            page_vfs()) != SQLITE_OK)
            return fail(sqlite_error(db_, "open " + path));
        sqlite3_busy_timeout(db_, busy_timeout_ms);
        sqlite3_extended_result_codes(db_, 1);
        if (access == Access::create) {
            int reserve = checksum_reserve_bytes;
            sqlite3_file_control(db_, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserve);
            YIPAN_TRY_VOID(execute("PRAGMA application_id=" + std::to_string(application_id)));
            YIPAN_TRY_VOID(execute("PRAGMA user_version=" + std::to_string(format_version)));
        }
        if (access != Access::read) {
            YIPAN_TRY_VOID(execute("PRAGMA journal_mode=WAL"));
            // NORMAL leaves the sync after a commit to us: sync() does it on the write-ahead log before anybody is
            // answered, so that the writer can already judge the next batch meanwhile (docs/decisions/0004-fsync.md).
            // Checkpoints sync as in FULL.
            YIPAN_TRY_VOID(execute("PRAGMA synchronous=NORMAL"));
            sqlite3_wal_hook(db_, &Sqlite::after_commit, this);
        }
        YIPAN_TRY_VOID(execute("PRAGMA trusted_schema=OFF"));
        YIPAN_TRY_VOID(execute(access == Access::read ? "PRAGMA cache_size=-8000" : "PRAGMA cache_size=-32000"));
        YIPAN_TRY_VOID(execute("PRAGMA temp_store=MEMORY"));
        if (access == Access::create) {
            YIPAN_TRY_VOID(execute("BEGIN IMMEDIATE"));
            YIPAN_TRY_VOID(execute(engine_tables));
            YIPAN_TRY_VOID(execute("COMMIT"));
        }
        if (access == Access::write) YIPAN_TRY_VOID(execute(YIPAN_ERASURE_INDEX));
        YIPAN_TRY_VOID(prepare());
        return access == Access::read ? Status{} : find_log();
    }

    // -- transactions
    Status begin() override { return begin_.run(); }
    Status begin_read() override {
        YIPAN_TRY_VOID(begin_read_.run());
        return head().map([](const Head&) {});  // the first read fixes the snapshot
    }
    Status commit() override { return commit_.run(); }
    Status sync() override {
        if (sync_failed_.load(std::memory_order_acquire))
            return fail(Code::store_failed, path_, "the disk did not confirm an earlier write",
                        "reopen the board and ask again with the same idempotency key");
        // The log's own file object: whatever lies below (a disk, a test's) sees this sync like any other of SQLite's.
        if (wal_->pMethods->xSync(wal_, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY) != SQLITE_OK) {
            sync_failed_.store(true, std::memory_order_release);
            return fail(Code::store_failed, path_,
                        std::string("the disk did not confirm the write: ") + std::strerror(errno),
                        "reopen the board and ask again with the same idempotency key");
        }
        return {};
    }
    Status announce(const std::string& address) override { return lock_.announce(address); }
    void rollback() override {
        if (!sqlite3_get_autocommit(db_)) (void)rollback_.run();
        channels_.clear();
    }
    Status savepoint() override { return savepoint_.run(); }
    Status release() override { return release_.run(); }
    Status rollback_to_savepoint() override {
        YIPAN_TRY_VOID(back_.run());
        return release_.run();
    }

    // -- shape
    Status install(const model::ModelPtr& model) override {
        for (const auto& type : model->types) {
            std::vector<std::string> sql = type_tables(*model, type);
            if (filling_) {  // its indexes when it is full
                late_.insert(late_.end(), sql.begin() + 1, sql.end());
                sql.resize(1);
            }
            for (const auto& one : sql) YIPAN_TRY_VOID(execute(one));
            YIPAN_TRY_VOID(execute(type_view(*model, type)));
            YIPAN_TRY(Statement s, Statement::prepare(db_, "INSERT INTO yipan_type(code, next_record) VALUES(?, 1)"));
            YIPAN_TRY_VOID(s.bind_text(1, type.code).run());
        }
        return use(model);
    }
    Status use(const model::ModelPtr& model) override {
        if (model == model_) return {};
        model_ = model;
        types_.clear();
        types_.resize(model->types.size());
        YIPAN_TRY(Statement s, Statement::prepare(db_, "SELECT id, code FROM yipan_type"));
        type_numbers_.assign(model->types.size(), 0);
        type_codes_.clear();
        while (true) {
            YIPAN_TRY(const bool row, s.step());
            if (!row) break;
            const std::string code(s.text(1));
            const int index = model->find_type(code);
            if (index >= 0) type_numbers_[static_cast<std::size_t>(index)] = s.integer(0);
            type_codes_[s.integer(0)] = code;
        }
        code_numbers_.clear();
        for (const auto& [number, code] : type_codes_) code_numbers_[code] = number;
        return {};
    }

    Status reshape(const Reshape& r) override {
        types_.clear();
        scalars_.clear();
        for (const auto& sql : reshape_first(r)) YIPAN_TRY_VOID(execute(sql));
        for (const auto& type : r.after->types) {
            // A renamed type goes on counting its records; entries written before keep the number of its old name.
            const int was = r.types[static_cast<std::size_t>(type.index)];
            const std::string from = was < 0 ? type.code : r.before->types[static_cast<std::size_t>(was)].code;
            YIPAN_TRY(Statement s,
                      Statement::prepare(db_, "INSERT INTO yipan_type(code, next_record) VALUES(?1, coalesce((SELECT "
                                              "next_record FROM yipan_type WHERE code = ?2), 1)) ON CONFLICT(code) DO "
                                              "UPDATE SET next_record = max(next_record, excluded.next_record)"));
            YIPAN_TRY_VOID(s.bind_text(1, type.code).bind_text(2, from).run());
            if (from == type.code) continue;
            YIPAN_TRY(Statement moved,
                      Statement::prepare(db_, "UPDATE yipan_redirect SET type = (SELECT id FROM yipan_type WHERE code = "
                                              "?1) WHERE type = (SELECT id FROM yipan_type WHERE code = ?2)"));
            YIPAN_TRY_VOID(moved.bind_text(1, type.code).bind_text(2, from).run());
        }
        return use(r.after);
    }
    Status finish_reshape(const Reshape& r) override {
        for (const auto& sql : reshape_last(r)) YIPAN_TRY_VOID(execute(sql));
        return {};
    }

    // -- meta
    Result<std::optional<std::string>> meta(std::string_view name) override {
        YIPAN_TRY(const bool row, meta_get_.bind_text(1, name).step());
        if (!row) return std::optional<std::string>{};
        Reset reset(meta_get_);
        return std::optional<std::string>(std::string(meta_get_.text(0)));
    }
    Status set_meta(std::string_view name, std::string_view value) override {
        return meta_set_.bind_text(1, name).bind_text(2, value).run();
    }
    Result<Head> head() override {
        YIPAN_TRY(const bool row, head_get_.step());
        if (!row) return Head{0, sha256("")};
        Reset reset(head_get_);
        Head head;
        head.position = head_get_.integer(0);
        YIPAN_TRY(head.root, digest_of(head_get_.blob(1)));
        return head;
    }
    Status set_head(const Head& head) override {
        return head_set_.bind(1, head.position).bind_digest(2, head.root).run();
    }

    // -- journal
    Status append(const journal::Entry& e, const Digest& leaf) override {
        YIPAN_TRY(const std::int64_t channel, channel_number(e.channel));
        auto& s = append_;
        s.bind(1, e.position)
            .bind(2, e.time)
            .bind(3, e.actor)
            .bind(4, e.post)
            .bind(5, channel)
            .bind(6, static_cast<int>(e.verb));
        if (e.type.empty())
            s.bind_null(7);
        else
            s.bind(7, code_numbers_.at(e.type));
        s.bind(8, e.record)
            .bind(9, e.version)
            .bind(10, e.previous)
            .bind(11, e.transaction)
            .bind(12, e.model_version)
            .bind(13, e.effective)
            .bind_digest(14, leaf);
        for (int g = 0; g < journal::group_count; ++g) {
            const auto i = static_cast<std::size_t>(g);
            const bool here = !e.salt[i].empty();
            if (here)
                s.bind_blob(15 + 2 * g, e.salt[i]).bind_text(16 + 2 * g, e.body[i]);
            else
                s.bind_null(15 + 2 * g).bind_null(16 + 2 * g);
            if (!here && e.commitment[i])
                s.bind_digest(21 + g, *e.commitment[i]);
            else
                s.bind_null(21 + g);
        }
        return s.run();
    }
    Result<StoredEntry> entry(std::int64_t position) override {
        StoredEntry out;
        YIPAN_TRY(const bool row, entry_.bind(1, position).bind(2, position).step());
        if (!row) return fail(Code::not_found, "entry " + std::to_string(position), "no such entry");
        Reset reset(entry_);
        YIPAN_TRY_VOID(decode(entry_, out));
        return out;
    }
    Status each_entry(std::int64_t from, std::int64_t to,
                      const std::function<Status(const StoredEntry&)>& visit) override {
        YIPAN_TRY(Statement s, Statement::prepare(db_, entry_sql));
        s.bind(1, from).bind(2, to);
        StoredEntry out;  // its memory is used again from entry to entry
        while (true) {
            YIPAN_TRY(const bool row, s.step());
            if (!row) return {};
            YIPAN_TRY_VOID(decode(s, out));
            YIPAN_TRY_VOID(visit(out));
        }
    }
    Status each_leaf(std::int64_t from, std::int64_t to, const std::function<void(const Digest&)>& visit) override {
        YIPAN_TRY(
            Statement s,
            Statement::prepare(db_, "SELECT leaf FROM yipan_entry WHERE position BETWEEN ? AND ? ORDER BY position"));
        s.bind(1, from).bind(2, to);
        while (true) {
            YIPAN_TRY(const bool row, s.step());
            if (!row) return {};
            YIPAN_TRY(const Digest d, digest_of(s.blob(0)));
            visit(d);
        }
    }
    Result<std::vector<std::int64_t>> positions_of(const std::string& type, std::int64_t record) override {
        const auto number = code_numbers_.find(type);
        if (number == code_numbers_.end()) return std::vector<std::int64_t>{};
        YIPAN_TRY(Statement s,
                  Statement::prepare(
                      db_, "SELECT position FROM yipan_entry WHERE type = ? AND record = ? ORDER BY position"));
        return ids(s.bind(1, number->second).bind(2, record));
    }
    Status put_node(int level, std::int64_t index, const Digest& digest) override {
        return put_node_.bind(1, level).bind(2, index).bind_digest(3, digest).run();
    }
    Result<std::optional<Digest>> node(int level, std::int64_t index) override {
        YIPAN_TRY(const bool row, get_node_.bind(1, level).bind(2, index).step());
        if (!row) return std::optional<Digest>{};
        Reset reset(get_node_);
        YIPAN_TRY(const Digest d, digest_of(get_node_.blob(0)));
        return std::optional<Digest>(d);
    }
    Status each_node(int level, std::int64_t from, std::int64_t to,
                     const std::function<void(const Digest&)>& visit) override {
        YIPAN_TRY(Statement s,
                  Statement::prepare(
                      db_, "SELECT hash FROM yipan_node WHERE level = ? AND idx BETWEEN ? AND ? ORDER BY idx"));
        s.bind(1, level).bind(2, from).bind(3, to);
        while (true) {
            YIPAN_TRY(const bool row, s.step());
            if (!row) return {};
            YIPAN_TRY(const Digest d, digest_of(s.blob(0)));
            visit(d);
        }
    }

    // -- records
    Status insert(const record::Record& r) override {
        YIPAN_TRY(TypeStatements* const t, statements(r.type));
        return bind_record(t->insert, r).run();
    }
    Status update(const record::Record& r) override {
        YIPAN_TRY(TypeStatements* const t, statements(r.type));
        return bind_record(t->update, r).run();
    }
    Status erase_row(int type, std::int64_t id) override {
        YIPAN_TRY(TypeStatements* const t, statements(type));
        return t->erase.bind(1, id).run();
    }
    Result<record::RecordPtr> read(int type, std::int64_t id) override {
        YIPAN_TRY(TypeStatements* const t, statements(type));
        YIPAN_TRY(const bool row, t->read.bind(1, id).step());
        if (!row) return record::RecordPtr{};
        Reset reset(t->read);
        return record_of(t->read, type);
    }
    Result<std::vector<std::int64_t>> find(int type, const std::vector<int>& fields,
                                           const std::vector<record::Value>& values, std::int64_t limit) override {
        YIPAN_TRY(TypeStatements* const t, statements(type));
        Statement& s = t->find[fields];
        const model::Type& shape = this->shape(type);
        if (!s) {
            std::string sql = "SELECT id FROM " + quoted(shape.code) + " WHERE ";
            for (std::size_t i = 0; i < fields.size(); ++i)
                sql += (i ? " AND " : "") + quoted(shape.fields[static_cast<std::size_t>(fields[i])].code) + " IS ?";
            YIPAN_TRY(s, Statement::prepare(db_, sql + " ORDER BY id LIMIT ?"));
        }
        for (std::size_t i = 0; i < values.size(); ++i) s.bind_value(static_cast<int>(i) + 1, values[i]);
        return ids(s.bind(static_cast<int>(values.size()) + 1, limit));
    }
    Result<std::vector<std::int64_t>> referrers(int type, int field, std::int64_t id, std::int64_t limit) override {
        YIPAN_TRY(TypeStatements* const t, statements(type));
        Statement& s = t->referrers[field];
        const model::Type& shape = this->shape(type);
        if (!s) {
            const model::Field& f = shape.fields[static_cast<std::size_t>(field)];
            const std::string table = quoted(shape.code);
            const std::string sql =
                f.kind == model::FieldKind::references
                    ? "SELECT id FROM " + table + " WHERE EXISTS (SELECT 1 FROM json_each(" + table + "." +
                          quoted(f.code) + ") WHERE value = ?) ORDER BY id LIMIT ?"
                    : "SELECT id FROM " + table + " WHERE " + quoted(f.code) + " = ? ORDER BY id LIMIT ?";
            YIPAN_TRY(s, Statement::prepare(db_, sql));
        }
        return ids(s.bind(1, id).bind(2, limit));
    }
    Status each(int type, const std::function<bool(const record::RecordPtr&)>& visit) override {
        YIPAN_TRY(Statement s, Statement::prepare(db_, "SELECT " + columns_of(shape(type), "t", voids()) + " FROM " +
                                                           quoted(shape(type).code) + " t ORDER BY id"));
        while (true) {
            YIPAN_TRY(const bool row, s.step());
            if (!row || !visit(record_of(s, type))) return {};
        }
    }
    Status each_value(int type, int field, const std::function<bool(std::int64_t, const record::Value&)>& visit) override {
        YIPAN_TRY(Statement s, Statement::prepare(db_, "SELECT t.id, t." + quoted(shape(type).fields[static_cast<std::size_t>(field)].code) + " FROM " +
                                                           quoted(shape(type).code) + " t ORDER BY t.id"));
        while (true) {
            YIPAN_TRY(const bool row, s.step());
            if (!row || !visit(s.integer(0), s.value(1))) return {};
        }
    }
    Result<std::vector<record::RecordPtr>> list(int type, const std::string& where,
                                                const std::vector<record::Value>& parameters, std::int64_t offset,
                                                std::int64_t limit) override {
        YIPAN_TRY(Statement s,
                  Statement::prepare(
                      db_, "SELECT " + columns_of(shape(type), "t", voids()) + " FROM " + quoted(shape(type).code) +
                               " t" + (where.empty() ? "" : " WHERE " + where) + " ORDER BY t.id LIMIT ? OFFSET ?"));
        int i = 1;
        for (const auto& v : parameters) s.bind_value(i++, v);
        s.bind(i, limit).bind(i + 1, offset);
        std::vector<record::RecordPtr> out;
        while (true) {
            YIPAN_TRY(const bool row, s.step());
            if (!row) return out;
            out.push_back(record_of(s, type));
        }
    }
    Result<std::int64_t> count(int type, const std::string& where,
                               const std::vector<record::Value>& parameters) override {
        YIPAN_TRY(const record::Value v, scalar("SELECT count(*) FROM " + quoted(shape(type).code) + " t" +
                                                    (where.empty() ? "" : " WHERE " + where),
                                                parameters));
        return *record::as_integer(v);
    }
    Result<std::vector<record::RecordPtr>> list(int type, const ListQuery& query) override {
        std::string order;
        for (const auto& by : query.order)
            order +=
                (by.field < 0 ? "t.id" : "t." + quoted(shape(type).fields[static_cast<std::size_t>(by.field)].code)) +
                (by.descending ? " DESC, " : ", ");
        const bool backwards = !query.order.empty() && query.order.back().descending;
        const std::string n = std::to_string(query.parameters.size() + 1),
                          m = std::to_string(query.parameters.size() + 2);
        std::string where = query.where;
        if (query.among) {
            // The sign before the condition keeps SQLite from walking an index of it instead.
            std::string among = "t.id IN (";
            for (const std::int64_t id : *query.among) among += std::to_string(id) + ",";
            among.back() = ')';
            if (query.among->empty()) among = "0";
            where = where.empty() ? among : among + " AND +(" + where + ")";
        }
        YIPAN_TRY(
            Statement s,
            Statement::prepare(db_, "SELECT " + columns_of(shape(type), "t") + " FROM " + quoted(shape(type).code) +
                                        " t" + (where.empty() ? "" : " WHERE " + where) + " ORDER BY " +
                                        order + (backwards ? "t.id DESC" : "t.id") + " LIMIT ?" + n + " OFFSET ?" + m));
        int i = 1;
        for (const auto& v : query.parameters) s.bind_value(i++, v);
        s.bind(i, query.limit).bind(i + 1, query.offset);
        std::vector<record::RecordPtr> out;
        while (true) {
            YIPAN_TRY(const bool row, s.step());
            if (!row) return out;
            out.push_back(record_of(s, type));
        }
    }
    Result<std::int64_t> count_to(int type, const std::string& where, const std::vector<record::Value>& parameters,
                                  std::int64_t limit) override {
        YIPAN_TRY(const record::Value v,
                  scalar("SELECT count(*) FROM (SELECT 1 FROM " + quoted(shape(type).code) + " t" +
                             (where.empty() ? "" : " WHERE " + where) + " LIMIT " + std::to_string(limit) + ")",
                         parameters));
        return *record::as_integer(v);
    }
    Result<std::vector<record::Value>> sums(int type, const std::string& where,
                                            const std::vector<record::Value>& parameters,
                                            const std::vector<int>& fields) override {
        std::vector<record::Value> out;
        if (fields.empty()) return out;
        std::string what;
        for (const int f : fields)
            what += (what.empty() ? "sum(t." : ", sum(t.") +
                    quoted(shape(type).fields[static_cast<std::size_t>(f)].code) + ")";
        YIPAN_TRY(Statement s, Statement::prepare(db_, "SELECT " + what + " FROM " + quoted(shape(type).code) + " t" +
                                                           (where.empty() ? "" : " WHERE " + where)));
        int i = 1;
        for (const auto& v : parameters) s.bind_value(i++, v);
        YIPAN_TRY(const bool row, s.step());
        for (std::size_t f = 0; row && f < fields.size(); ++f) out.push_back(s.value(static_cast<int>(f)));
        return out;
    }
    Result<record::Value> scalar(const std::string& sql, const std::vector<record::Value>& parameters) override {
        auto& s = scalars_[sql];
        if (!s) {
            if (scalars_.size() > 200) scalars_.clear();
            YIPAN_TRY(scalars_[sql], Statement::prepare(db_, sql));
        }
        Statement& stmt = scalars_[sql];
        int i = 1;
        for (const auto& v : parameters) stmt.bind_value(i++, v);
        YIPAN_TRY(const bool row, stmt.step());
        if (!row) return record::Value{};
        Reset reset(stmt);
        return stmt.value(0);
    }
    Result<std::int64_t> next_record(int type) override {
        YIPAN_TRY(Statement s, Statement::prepare(db_, "SELECT next_record FROM yipan_type WHERE id = ?"));
        YIPAN_TRY(const bool row, s.bind(1, type_numbers_[static_cast<std::size_t>(type)]).step());
        if (!row) return fail(Code::corrupt, shape(type).code, "the type has no row in yipan_type");
        return s.integer(0);
    }
    Status set_next_record(int type, std::int64_t next) override {
        YIPAN_TRY(TypeStatements* const t, statements(type));
        return t->set_next.bind(1, next).bind(2, type_numbers_[static_cast<std::size_t>(type)]).run();
    }

    std::string counted_condition() const override { return voids() ? "t.yipan_void IS NULL" : "1"; }

    // -- taking back
    Status erase_bodies(std::int64_t position, std::uint8_t groups) override {
        YIPAN_TRY(const StoredEntry stored, entry(position));
        if (groups & 1) {
            YIPAN_TRY(Statement moved, Statement::prepare(db_, "SELECT 1 FROM yipan_entry WHERE position = ? AND salt IS NULL AND body IS NOT NULL"));
            YIPAN_TRY(const bool is, moved.bind(1, position).step());
            if (is) return fail(erased_elsewhere(position));
        }
        // Freed bytes are overwritten while this connection lives: erasing is rare, and what follows it costs little
        // more.
        YIPAN_TRY_VOID(execute("PRAGMA secure_delete=ON"));
        constexpr const char* names[] = {"", "_personal", "_attachment"};
        for (std::size_t g = 0; g < journal::group_count; ++g) {
            if (!(groups >> g & 1) || stored.entry.salt[g].empty()) continue;
            const std::string n = names[g];
            YIPAN_TRY(Statement s, Statement::prepare(db_, "UPDATE yipan_entry SET commitment" + n + " = ?, salt" + n +
                                                               " = NULL, body" + n + " = NULL WHERE position = ?"));
            YIPAN_TRY_VOID(s.bind_digest(1, *stored.entry.commitment[g]).bind(2, position).run());
        }
        return {};
    }
    Result<bool> scrub() override {
        // The write-ahead log holds older images of the pages.
        YIPAN_TRY(Statement s, Statement::prepare(db_, "PRAGMA wal_checkpoint(TRUNCATE)"));
        sqlite3_busy_timeout(db_, 0);
        const auto row = s.step();
        sqlite3_busy_timeout(db_, busy_timeout_ms);
        if (row) return *row && s.integer(0) == 0;
        if (row.error().code != Code::busy) sync_failed_.store(true, std::memory_order_release);
        return fail(row.error());
    }
    Status put_redirect(int type, const Redirect& r) override {
        YIPAN_TRY(Statement s, Statement::prepare(db_, "INSERT OR REPLACE INTO yipan_redirect VALUES(?, ?, ?, ?)"));
        s.bind(1, type_numbers_[static_cast<std::size_t>(type)]).bind(2, r.record).bind(3, r.into);
        if (r.key.empty())
            s.bind_null(4);
        else
            s.bind_text(4, r.key);
        return s.run();
    }
    Result<std::optional<std::int64_t>> redirect(int type, std::int64_t record) override {
        if (!voids()) return std::optional<std::int64_t>{};
        YIPAN_TRY(Statement s,
                  Statement::prepare(db_, "SELECT into_record FROM yipan_redirect WHERE type = ? AND record = ?"));
        s.bind(1, type_numbers_[static_cast<std::size_t>(type)]).bind(2, record);
        return one(s);
    }
    Result<std::optional<std::int64_t>> redirect_of_key(int type, std::string_view key) override {
        if (!voids()) return std::optional<std::int64_t>{};
        YIPAN_TRY(Statement s, Statement::prepare(db_,
                                                  "SELECT into_record FROM yipan_redirect WHERE type = ? AND key = ? "
                                                  "ORDER BY record DESC LIMIT 1"));
        s.bind(1, type_numbers_[static_cast<std::size_t>(type)]).bind_text(2, key);
        return one(s);
    }
    Status each_redirect(int type, const std::function<void(const Redirect&)>& visit) override {
        if (!voids()) return {};
        YIPAN_TRY(Statement s, Statement::prepare(db_,
                                                  "SELECT record, into_record, key FROM yipan_redirect WHERE type = ? "
                                                  "ORDER BY record"));
        s.bind(1, type_numbers_[static_cast<std::size_t>(type)]);
        while (true) {
            YIPAN_TRY(const bool row, s.step());
            if (!row) return {};
            visit({s.integer(0), s.integer(1), std::string(s.text(2))});
        }
    }

    // -- counters and receipts
    Result<std::int64_t> counter(std::string_view name) override {
        YIPAN_TRY(const bool row, counter_get_.bind_text(1, name).step());
        if (!row) return 0;
        Reset reset(counter_get_);
        return counter_get_.integer(0);
    }
    Status set_counter(std::string_view name, std::int64_t value) override {
        return counter_set_.bind_text(1, name).bind(2, value).run();
    }
    Status each_counter(const std::function<void(std::string_view, std::int64_t)>& visit) override {
        YIPAN_TRY(Statement s, Statement::prepare(db_, "SELECT name, value FROM yipan_counter ORDER BY name"));
        while (true) {
            YIPAN_TRY(const bool row, s.step());
            if (!row) return {};
            visit(s.text(0), s.integer(1));
        }
    }
    Result<std::optional<RecordedReceipt>> receipt(std::string_view key) override {
        YIPAN_TRY(const bool row, receipt_get_.bind_text(1, key).step());
        if (!row) return std::optional<RecordedReceipt>{};
        Reset reset(receipt_get_);
        return std::optional<RecordedReceipt>(RecordedReceipt{receipt_get_.integer(0), receipt_get_.integer(1)});
    }
    Status put_receipt(std::string_view key, const RecordedReceipt& r) override {
        return receipt_set_.bind_text(1, key).bind(2, r.first).bind(3, r.last).run();
    }
    Status drop_receipt(std::string_view key) override {
        YIPAN_TRY(Statement s, Statement::prepare(db_, "DELETE FROM yipan_receipt WHERE key = ?"));
        return s.bind_text(1, key).run();
    }
    Result<std::vector<KeptReceipt>> receipts(std::string_view after, std::string_view before, std::int64_t limit) override {
        YIPAN_TRY(Statement s, Statement::prepare(db_, "SELECT key, first, last FROM yipan_receipt WHERE key > ? AND key < ? ORDER BY key LIMIT ?"));
        s.bind_text(1, after).bind_text(2, before).bind(3, limit);
        std::vector<KeptReceipt> out;
        while (true) {
            YIPAN_TRY(const bool row, s.step());
            if (!row) return out;
            out.push_back({std::string(s.text(0)), {s.integer(1), s.integer(2)}});
        }
    }

    // -- side
    Result<std::optional<std::string>> side(std::string_view space, std::string_view key) override {
        if (!side_get_) {  // an older board that is only read has no such table
            YIPAN_TRY(side_get_, Statement::prepare(db_, "SELECT value FROM yipan_side WHERE space = ? AND key = ?"));
        }
        YIPAN_TRY(const bool row, side_get_.bind_text(1, space).bind_text(2, key).step());
        if (!row) return std::optional<std::string>{};
        Reset reset(side_get_);
        return std::optional<std::string>(std::string(side_get_.text(0)));
    }
    Status each_side(std::string_view space,
                     const std::function<void(std::string_view, std::string_view)>& visit) override {
        YIPAN_TRY(Statement s,
                  Statement::prepare(db_, "SELECT key, value FROM yipan_side WHERE space = ? ORDER BY key"));
        s.bind_text(1, space);
        while (true) {
            YIPAN_TRY(const bool row, s.step());
            if (!row) return {};
            visit(s.text(0), s.text(1));
        }
    }
    Status put_side(std::string_view space, std::string_view key, std::string_view value) override {
        YIPAN_TRY(Statement s, Statement::prepare(db_,
                                                  "INSERT INTO yipan_side VALUES(?, ?, ?) ON CONFLICT(space, key) DO "
                                                  "UPDATE SET value = excluded.value"));
        return s.bind_text(1, space).bind_text(2, key).bind_text(3, value).run();
    }
    Status drop_side(std::string_view space, std::string_view key) override {
        YIPAN_TRY(Statement s, Statement::prepare(db_, "DELETE FROM yipan_side WHERE space = ? AND key = ?"));
        return s.bind_text(1, space).bind_text(2, key).run();
    }

    // -- attachments
    Result<std::optional<Attachment>> attachment(std::string_view hash) override {
        if (!voids()) return std::optional<Attachment>{};
        YIPAN_TRY(Statement s, Statement::prepare(db_, std::string(attachment_sql) + " WHERE hash = ?"));
        YIPAN_TRY(const bool row, s.bind_text(1, hash).step());
        return row ? std::optional<Attachment>(attachment_of(s)) : std::optional<Attachment>{};
    }
    Result<std::int64_t> put_attachment(const Attachment& a) override {
        YIPAN_TRY(Statement s,
                  Statement::prepare(
                      db_, "INSERT INTO yipan_attachment(hash, bytes, added, beside, complete) VALUES(?, ?, ?, ?, ?)"));
        s.bind_text(1, a.hash).bind(2, a.bytes).bind(3, a.added).bind(4, a.beside).bind(5, a.complete);
        YIPAN_TRY_VOID(s.run());
        return sqlite3_last_insert_rowid(db_);
    }
    Status put_attachment_part(std::int64_t id, std::int64_t index, std::string_view body) override {
        YIPAN_TRY(Statement s, Statement::prepare(db_, "INSERT INTO yipan_attachment_part VALUES(?, ?, ?)"));
        return s.bind(1, id).bind(2, index).bind_blob(3, body).run();
    }
    Status complete_attachment(std::int64_t id) override {
        YIPAN_TRY(Statement s, Statement::prepare(db_, "UPDATE yipan_attachment SET complete = 1 WHERE id = ?"));
        return s.bind(1, id).run();
    }
    Status drop_attachment(std::int64_t id) override {
        for (const char* sql :
             {"DELETE FROM yipan_attachment_part WHERE attachment = ?", "DELETE FROM yipan_attachment WHERE id = ?"}) {
            YIPAN_TRY(Statement s, Statement::prepare(db_, sql));
            YIPAN_TRY_VOID(s.bind(1, id).run());
        }
        return {};
    }
    Status each_attachment(const std::function<Status(const Attachment&)>& visit) override {
        if (!voids()) return {};
        YIPAN_TRY(Statement s, Statement::prepare(db_, std::string(attachment_sql) + " ORDER BY hash"));
        while (true) {
            YIPAN_TRY(const bool row, s.step());
            if (!row) return {};
            YIPAN_TRY_VOID(visit(attachment_of(s)));
        }
    }
    Status each_attachment_part(std::int64_t id, std::int64_t from,
                                const std::function<bool(std::string_view)>& visit) override {
        YIPAN_TRY(Statement s, Statement::prepare(db_,
                                                  "SELECT body FROM yipan_attachment_part WHERE attachment = ? AND idx "
                                                  ">= ? ORDER BY idx"));
        s.bind(1, id).bind(2, from);
        while (true) {
            YIPAN_TRY(const bool row, s.step());
            if (!row || !visit(s.blob(0))) return {};
        }
    }
    Result<bool> attachment_named(std::string_view hash) override {
        YIPAN_TRY(Statement s, Statement::prepare(db_,
                                                  "SELECT 1 FROM yipan_entry INDEXED BY yipan_entry_attachment WHERE "
                                                  "body_attachment IS NOT NULL AND instr(body_attachment, ?) > 0"));
        return s.bind_text(1, hash).step();
    }

    // -- tail
    Status put_tail(std::int64_t position, std::string_view body) override {
        return tail_put_.bind(1, position).bind_blob(2, body).run();
    }
    Status each_tail(const std::function<Status(std::int64_t, std::string_view)>& visit) override {
        YIPAN_TRY(Statement s, Statement::prepare(db_, "SELECT position, body FROM yipan_tail ORDER BY position"));
        while (true) {
            YIPAN_TRY(const bool row, s.step());
            if (!row) return {};
            YIPAN_TRY_VOID(visit(s.integer(0), s.blob(1)));
        }
    }
    Status drop_tail(std::int64_t up_to) override {
        YIPAN_TRY(Statement s, Statement::prepare(db_, "DELETE FROM yipan_tail WHERE position <= ?"));
        return s.bind(1, up_to).run();
    }

    // -- runs
    Result<std::vector<RunRow>> runs() override {
        YIPAN_TRY(Statement s, Statement::prepare(db_, "SELECT id, level, first, last FROM yipan_run ORDER BY first"));
        std::vector<RunRow> out;
        while (true) {
            YIPAN_TRY(const bool row, s.step());
            if (!row) return out;
            out.push_back({s.integer(0), static_cast<int>(s.integer(1)), s.integer(2), s.integer(3)});
        }
    }
    Status put_run(const RunRow& run) override {
        YIPAN_TRY(Statement s,
                  Statement::prepare(db_, "INSERT INTO yipan_run(id, level, first, last) VALUES(?,?,?,?)"));
        return s.bind(1, run.id).bind(2, run.level).bind(3, run.first_position).bind(4, run.last_position).run();
    }
    Status set_run_level(std::int64_t run, int level) override {
        YIPAN_TRY(Statement s, Statement::prepare(db_, "UPDATE yipan_run SET level = ? WHERE id = ?"));
        return s.bind(1, level).bind(2, run).run();
    }
    Status add_run_total(std::int64_t run, std::string_view body) override {
        return total_put_.bind(1, run).bind_blob(2, body).run();
    }
    Status put_run_chunk(std::int64_t run, std::string_view first_key, std::string_view body) override {
        return chunk_put_.bind(1, run).bind_blob(2, first_key).bind_blob(3, body).run();
    }
    Status drop_run(std::int64_t run) override {
        for (const char* sql : {"DELETE FROM yipan_run WHERE id = ?", "DELETE FROM yipan_run_total WHERE run = ?",
                                "DELETE FROM yipan_run_chunk WHERE run = ?"}) {
            YIPAN_TRY(Statement s, Statement::prepare(db_, sql));
            YIPAN_TRY_VOID(s.bind(1, run).run());
        }
        return {};
    }
    Status each_run_total(std::int64_t run, const std::function<void(std::string_view)>& visit) override {
        YIPAN_TRY(Statement s, Statement::prepare(db_, "SELECT body FROM yipan_run_total WHERE run = ? ORDER BY idx"));
        s.bind(1, run);
        while (true) {
            YIPAN_TRY(const bool row, s.step());
            if (!row) return {};
            visit(s.blob(0));
        }
    }
    Status chunks_from(std::int64_t run, std::string_view key,
                       const std::function<bool(std::string_view, std::string_view)>& next) override {
        // The chunk that may hold `key` begins at or before it; when none does, start at the run's first chunk.
        if (!chunks_) {
            YIPAN_TRY(chunks_,
                      Statement::prepare(db_,
                                         "SELECT first_key, body FROM yipan_run_chunk WHERE run = ?1 AND first_key >= "
                                         "coalesce((SELECT max(first_key) FROM yipan_run_chunk WHERE run = ?1 AND "
                                         "first_key <= ?2), x'') ORDER BY first_key"));
        }
        Statement own;
        std::swap(own, chunks_);  // a visitor may ask again; then it prepares one of its own
        own.bind(1, run).bind_blob(2, key);
        Status status;
        while (true) {
            const auto row = own.step();
            if (!row) {
                status = fail(row.error());
                break;
            }
            if (!*row || !next(own.blob(0), own.blob(1))) break;
        }
        own.reset();
        std::swap(own, chunks_);
        return status;
    }

    // -- engine tables row by row
    Status each_row(const EngineTable& table, const std::function<Status(const std::vector<Cell>&)>& visit) override {
        std::string order;
        for (std::size_t i = 0; i < table.key; ++i) order += (i ? ", " : "") + quoted(table.columns[i].name);
        YIPAN_TRY(Statement s, Statement::prepare(db_, "SELECT " + names_of(table) + " FROM " + table.name +
                                                           " ORDER BY " + order));
        std::vector<Cell> row(table.columns.size());
        while (true) {
            YIPAN_TRY(const bool more, s.step());
            if (!more) return {};
            for (std::size_t i = 0; i < row.size(); ++i) {
                const int c = static_cast<int>(i);
                if (s.is_null(c))
                    row[i] = std::monostate{};
                else if (table.columns[i].kind == EngineColumn::Kind::integer)
                    row[i] = s.integer(c);
                else
                    row[i] = std::string(table.columns[i].kind == EngineColumn::Kind::text ? s.text(c) : s.blob(c));
            }
            YIPAN_TRY_VOID(visit(row));
        }
    }
    Status put_row(const EngineTable& table, const std::vector<Cell>& row) override {
        Statement& s = rows_[table.name];
        if (!s) {
            std::string marks;
            for (std::size_t i = 0; i < row.size(); ++i) marks += i ? ",?" : "?";
            YIPAN_TRY(s, Statement::prepare(db_, std::string("INSERT INTO ") + table.name + "(" + names_of(table) +
                                                     ") VALUES(" + marks + ")"));
        }
        for (std::size_t i = 0; i < row.size(); ++i) {
            const int at = static_cast<int>(i) + 1;
            if (const auto* n = std::get_if<std::int64_t>(&row[i]))
                s.bind(at, *n);
            else if (const auto* t = std::get_if<std::string>(&row[i]))
                table.columns[i].kind == EngineColumn::Kind::text ? s.bind_text(at, *t) : s.bind_blob(at, *t);
            else
                s.bind_null(at);
        }
        return s.run();
    }
    Status clear(const EngineTable& table) override { return execute(std::string("DELETE FROM ") + table.name); }

    // -- the whole board
    void begin_filling() override { filling_ = true; }
    Status finish_filling() override {
        for (const std::string& sql : std::exchange(late_, {})) YIPAN_TRY_VOID(execute(sql));
        filling_ = false;
        return {};
    }
    Result<std::vector<std::int64_t>> erasures(std::int64_t from, std::int64_t to) override {
        YIPAN_TRY(Statement s, Statement::prepare(db_, "SELECT position FROM yipan_entry WHERE " YIPAN_ERASURE_CONDITION
                                                       " AND position BETWEEN ? AND ? ORDER BY position"));
        return ids(s.bind(1, from).bind(2, to));
    }
    Status move_out(std::int64_t position, const Digest& commitment, std::int64_t archive) override {
        Statement& s = rows_["archive: out"];
        if (!s) {
            YIPAN_TRY(s, Statement::prepare(db_, "UPDATE yipan_entry SET commitment = ?, salt = NULL, body = ? WHERE position = ?"));
        }
        const std::string mark = "#" + std::to_string(archive);
        return s.bind_digest(1, commitment).bind_text(2, mark).bind(3, position).run();
    }
    Status move_in(std::int64_t position, std::string_view salt, std::string_view body) override {
        Statement& s = rows_["archive: in"];
        if (!s) {
            YIPAN_TRY(s, Statement::prepare(db_, "UPDATE yipan_entry SET commitment = NULL, salt = ?, body = ? WHERE position = ?"));
        }
        return s.bind_blob(1, salt).bind_text(2, body).bind(3, position).run();
    }
    Status each_moved(const std::function<Status(std::int64_t, std::int64_t)>& visit) override {
        YIPAN_TRY(Statement s, Statement::prepare(db_, "SELECT position, CAST(substr(body, 2) AS INTEGER) FROM yipan_entry WHERE salt IS NULL AND body IS "
                                                       "NOT NULL ORDER BY position"));
        while (true) {
            YIPAN_TRY(const bool row, s.step());
            if (!row) return {};
            YIPAN_TRY_VOID(visit(s.integer(0), s.integer(1)));
        }
    }

  private:
    static std::string names_of(const EngineTable& table) {
        std::string out;
        for (const EngineColumn& column : table.columns) out += (out.empty() ? "" : ", ") + quoted(column.name);
        return out;
    }
    // SQLite's own automatic checkpoint does not tell when a sync of the log failed in it, and a disk says that only once:
    // our sync afterwards would succeed, and what was lost would be answered as accepted.
    static int after_commit(void* given, sqlite3* db, const char* name, int pages_in_log) {
        auto& store = *static_cast<Sqlite*>(given);
        if (pages_in_log < wal_checkpoint_pages || store.sync_failed_.load(std::memory_order_acquire)) return SQLITE_OK;
        if (!store.copier_) store.copier_ = std::make_unique<Copier>(store.path_, store.sync_failed_);
        Copier& copier = *store.copier_;
        if (pages_in_log > wal_pages_max) copier.wait();
        const auto copied = copier.copied();
        if (!copied) return SQLITE_OK;
        if (pages_in_log - *copied > wal_rest_pages && pages_in_log <= wal_pages_max) {
            copier.ask();
            return SQLITE_OK;
        }
        int in_log = 0, done = 0;
        const int rc = sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, &in_log, &done);
        if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY && (rc & 0xff) != SQLITE_LOCKED)
            store.sync_failed_.store(true, std::memory_order_release);
        copier.set_copied(rc == SQLITE_OK && done < in_log ? done : 0);  // all of it: the next write begins the log anew
        return SQLITE_OK;
    }
    // SQLite opens the log with the first read; it stays the same file object until the connection closes.
    Status find_log() {
        YIPAN_TRY_VOID(head().map([](const Head&) {}));
        if (sqlite3_file_control(db_, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal_) != SQLITE_OK || !wal_ ||
            !wal_->pMethods)
            return fail(Code::store_failed, path_, "the board has no write-ahead log",
                        "it needs a disk that can be mapped into memory, not a network folder");
        return {};
    }
    static constexpr std::string_view entry_sql =
        "SELECT e.position, e.time, e.actor, e.post, (SELECT name FROM yipan_channel WHERE id = e.channel), e.verb, "
        "e.type, e.record, e.version, e.previous, e.tx, "
        "e.model, e.effective, e.leaf, e.salt, e.body, e.salt_personal, e.body_personal, e.salt_attachment, "
        "e.body_attachment, "
        "e.commitment, e.commitment_personal, e.commitment_attachment FROM yipan_entry e WHERE e.position BETWEEN ? "
        "AND ? ORDER BY e.position";

    Status execute(std::string_view sql) {
        if (sqlite3_exec(db_, std::string(sql).c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
        return fail(sqlite_error(db_, "prepare the board"));
    }
    Status check_format(const std::string& path, const Opening& opening) {
        YIPAN_TRY(format_, format_of(path));
        if (format_ > format_version)
            return fail(Code::wrong_format, path,
                        "the board has format " + std::to_string(format_) + ", this program knows up to " +
                            std::to_string(format_version),
                        "use the newer yipan that wrote it");
        if (format_ == format_version || access_ == Access::read) return {};
        YIPAN_TRY(const Upgraded upgraded, upgrade(path, format_, opening.progress));
        format_ = format_version;
        if (opening.upgraded) opening.upgraded(upgraded);
        return {};
    }
    Status prepare() {
        const auto make = [this](Statement& s, std::string_view sql) -> Status {
            YIPAN_TRY(s, Statement::prepare(db_, sql));
            return {};
        };
        YIPAN_TRY_VOID(make(begin_, "BEGIN IMMEDIATE"));
        YIPAN_TRY_VOID(make(begin_read_, "BEGIN"));
        YIPAN_TRY_VOID(make(commit_, "COMMIT"));
        YIPAN_TRY_VOID(make(rollback_, "ROLLBACK"));
        YIPAN_TRY_VOID(make(savepoint_, "SAVEPOINT draft"));
        YIPAN_TRY_VOID(make(release_, "RELEASE draft"));
        YIPAN_TRY_VOID(make(back_, "ROLLBACK TO draft"));
        YIPAN_TRY_VOID(make(meta_get_, "SELECT value FROM yipan_meta WHERE name = ?"));
        YIPAN_TRY_VOID(make(
            meta_set_, "INSERT INTO yipan_meta VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET value = excluded.value"));
        YIPAN_TRY_VOID(make(head_get_, "SELECT position, root FROM yipan_head WHERE id = 1"));
        YIPAN_TRY_VOID(make(head_set_,
                            "INSERT INTO yipan_head VALUES(1, ?, ?) ON CONFLICT(id) DO UPDATE SET position = "
                            "excluded.position, root = excluded.root"));
        YIPAN_TRY_VOID(make(append_, "INSERT INTO yipan_entry VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"));
        YIPAN_TRY_VOID(make(entry_, entry_sql));
        YIPAN_TRY_VOID(make(put_node_, "INSERT INTO yipan_node VALUES(?, ?, ?)"));
        YIPAN_TRY_VOID(make(get_node_, "SELECT hash FROM yipan_node WHERE level = ? AND idx = ?"));
        YIPAN_TRY_VOID(make(counter_get_, "SELECT value FROM yipan_counter WHERE name = ?"));
        YIPAN_TRY_VOID(
            make(counter_set_,
                 "INSERT INTO yipan_counter VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET value = excluded.value"));
        YIPAN_TRY_VOID(make(receipt_get_, "SELECT first, last FROM yipan_receipt WHERE key = ?"));
        YIPAN_TRY_VOID(make(receipt_set_, "INSERT INTO yipan_receipt VALUES(?, ?, ?)"));
        YIPAN_TRY_VOID(make(total_put_,
                            "INSERT INTO yipan_run_total SELECT ?1, coalesce(max(idx), 0) + 1, ?2 FROM yipan_run_total "
                            "WHERE run = ?1"));
        YIPAN_TRY_VOID(make(tail_put_, "INSERT INTO yipan_tail VALUES(?, ?)"));
        YIPAN_TRY_VOID(make(chunk_put_, "INSERT INTO yipan_run_chunk(run, first_key, body) VALUES(?, ?, ?)"));
        return make(channel_put_, "INSERT INTO yipan_channel(name) VALUES(?)");
    }
    bool voids() const { return format_ >= 2; }
    static constexpr std::string_view attachment_sql =
        "SELECT id, hash, bytes, added, beside, complete FROM yipan_attachment";
    static Attachment attachment_of(const Statement& s) {
        return {s.integer(0), std::string(s.text(1)), s.integer(2), s.integer(3), s.integer(4) != 0, s.integer(5) != 0};
    }
    const model::Type& shape(int type) const { return model_->types[static_cast<std::size_t>(type)]; }

    Result<TypeStatements*> statements(int type) {
        auto& slot = types_[static_cast<std::size_t>(type)];
        if (slot) return slot.get();
        auto t = std::make_unique<TypeStatements>();
        const model::Type& shape = this->shape(type);
        const std::string table = quoted(shape.code);
        std::string marks = "?1,?2,?3,?4,?5,?6";
        std::string sets = "yipan_version=?2, yipan_position=?3, yipan_previous=?4, yipan_effective=?5, yipan_void=?6";
        for (std::size_t i = 0; i < shape.fields.size(); ++i) {
            const std::string mark = "?" + std::to_string(i + 7);
            marks += "," + mark;
            sets += ", " + quoted(shape.fields[i].code) + "=" + mark;
        }
        if (access_ != Access::read) {
            YIPAN_TRY(t->insert, Statement::prepare(db_, "INSERT INTO " + table + "(" + columns_of(shape, "") +
                                                             ") VALUES(" + marks + ")"));
            YIPAN_TRY(t->update, Statement::prepare(db_, "UPDATE " + table + " SET " + sets + " WHERE id=?1"));
            YIPAN_TRY(t->erase, Statement::prepare(db_, "DELETE FROM " + table + " WHERE id=?1"));
            YIPAN_TRY(t->set_next, Statement::prepare(db_, "UPDATE yipan_type SET next_record=? WHERE id=?"));
        }
        YIPAN_TRY(t->read, Statement::prepare(
                               db_, "SELECT " + columns_of(shape, "", voids()) + " FROM " + table + " WHERE id=?1"));
        slot = std::move(t);
        return slot.get();
    }
    static Statement& bind_record(Statement& s, const record::Record& r) {
        s.bind(1, r.id.value)
            .bind(2, r.version)
            .bind(3, r.position.value)
            .bind(4, r.previous.value)
            .bind(5, r.effective.days);
        if (r.voided)
            s.bind(6, 1);
        else
            s.bind_null(6);
        int i = 7;
        for (const auto& v : r.values) s.bind_value(i++, v);
        return s;
    }
    record::RecordPtr record_of(const Statement& s, int type) const {
        auto r = std::make_shared<record::Record>();
        r->type = type;
        r->id = RecordId(s.integer(0));
        r->version = static_cast<std::int32_t>(s.integer(1));
        r->position = Position(s.integer(2));
        r->previous = Position(s.integer(3));
        r->effective = Date{static_cast<std::int32_t>(s.integer(4))};
        r->voided = !s.is_null(5);
        const std::size_t n = shape(type).fields.size();
        r->values.reserve(n);
        for (std::size_t i = 0; i < n; ++i) r->values.push_back(s.value(static_cast<int>(i) + 6));
        return r;
    }
    static Result<std::vector<std::int64_t>> ids(Statement& s) {
        std::vector<std::int64_t> out;
        while (true) {
            YIPAN_TRY(const bool row, s.step());
            if (!row) return out;
            out.push_back(s.integer(0));
        }
    }
    static Result<std::optional<std::int64_t>> one(Statement& s) {
        YIPAN_TRY(const bool row, s.step());
        return row ? std::optional<std::int64_t>(s.integer(0)) : std::optional<std::int64_t>{};
    }
    Result<std::int64_t> channel_number(const std::string& name) {
        if (const auto known = channels_.find(name); known != channels_.end()) return known->second;
        YIPAN_TRY(Statement s, Statement::prepare(db_, "SELECT id FROM yipan_channel WHERE name = ?"));
        YIPAN_TRY(const bool row, s.bind_text(1, name).step());
        if (row) return channels_[name] = s.integer(0);
        YIPAN_TRY_VOID(channel_put_.bind_text(1, name).run());
        return channels_[name] = sqlite3_last_insert_rowid(db_);
    }
    Status decode(const Statement& s, StoredEntry& out) {
        journal::Entry& e = out.entry;
        e.position = s.integer(0);
        e.time = s.integer(1);
        e.actor = s.integer(2);
        e.post = s.integer(3);
        e.channel = s.text(4);
        e.type.clear();
        e.commitment = {};
        e.verb = static_cast<journal::Verb>(s.integer(5));
        if (!s.is_null(6)) {
            const auto code = type_codes_.find(s.integer(6));
            if (code == type_codes_.end())
                return fail(Code::corrupt, "entry " + std::to_string(e.position),
                            "refers to a type number that is not in yipan_type");
            e.type = code->second;
        }
        e.record = s.integer(7);
        e.version = static_cast<std::int32_t>(s.integer(8));
        e.previous = s.integer(9);
        e.transaction = s.integer(10);
        e.model_version = static_cast<std::int32_t>(s.integer(11));
        e.effective = static_cast<std::int32_t>(s.integer(12));
        YIPAN_TRY(out.leaf, digest_of(s.blob(13)));
        for (int g = 0; g < journal::group_count; ++g) {
            const auto i = static_cast<std::size_t>(g);
            e.salt[i] = s.blob(14 + 2 * g);
            e.body[i] = s.text(15 + 2 * g);
            if (!s.is_null(20 + g)) {
                YIPAN_TRY(const Digest d, digest_of(s.blob(20 + g)));
                e.commitment[i] = d;
            } else if (!e.salt[i].empty()) {
                e.commitment[i] = journal::commitment_of(e.salt[i], e.body[i]);
            }
        }
        if (e.salt[0].empty() && e.body[0].starts_with('#')) {
            if (!archives_) archives_ = Archives::of(*this, path_);
            archives_->fill(e);
        }
        return {};
    }

    sqlite3* db_ = nullptr;
    WriterLock lock_;
    int format_ = format_version;  // of the file; an older one is only read, and has not all tables of this one
    std::atomic<bool> sync_failed_ = false;
    std::unique_ptr<Copier> copier_;
    sqlite3_file* wal_ = nullptr;  // the connection's write-ahead log, for sync()
    std::string path_;
    Access access_ = Access::read;
    model::ModelPtr model_;
    std::vector<std::unique_ptr<TypeStatements>> types_;
    std::vector<std::int64_t> type_numbers_;
    std::map<std::int64_t, std::string> type_codes_;
    std::unordered_map<std::string, std::int64_t> code_numbers_;
    std::unordered_map<std::string, std::int64_t> channels_;
    std::unordered_map<std::string, Statement> scalars_;
    std::map<std::string, Statement> rows_;
    std::optional<Archives> archives_;  // looked for with the first body that moved
    bool filling_ = false;
    std::vector<std::string> late_;  // indexes to be made when it is full
    Statement begin_, begin_read_, commit_, rollback_, savepoint_, release_, back_, meta_get_, meta_set_, head_get_,
        head_set_, append_, entry_, put_node_, get_node_, counter_get_, counter_set_, receipt_get_, receipt_set_,
        chunk_put_, total_put_, channel_put_, tail_put_, chunks_, side_get_;
};
}  // namespace

Error sqlite_error(sqlite3* db, std::string_view doing) {
    const int rc = db ? sqlite3_extended_errcode(db) : SQLITE_NOMEM;
    const std::string reason = db ? sqlite3_errmsg(db) : "out of memory";
    const auto make = [&](Code code, std::string hint) {
        return Error{code, "", "cannot " + std::string(doing) + ": " + reason, std::move(hint)};
    };
    switch (rc & 0xff) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED: return make(Code::busy, "another process is writing; try again");
        case SQLITE_FULL:
            return make(Code::store_failed, "the disk is full: free some space; nothing was half-written");
        case SQLITE_READONLY:
        case SQLITE_CANTOPEN:
        case SQLITE_PERM: return make(Code::read_only, "the file or its folder cannot be written");
        case SQLITE_NOTADB:
            return make(Code::wrong_format, "this file is no board; yipan init and yipan demo make them");
        case SQLITE_CORRUPT: return make(Code::corrupt, "run yipan verify; restore a backup");
        case SQLITE_IOERR:
            if (rc != SQLITE_IOERR_DATA) return make(Code::store_failed, "");
            if (const std::int64_t page = take_damaged_page())
                return Error{Code::corrupt, "page " + std::to_string(page),
                             "cannot " + std::string(doing) + ": the page does not match its checksum",
                             "run yipan verify; restore a backup"};
            return make(Code::corrupt, "run yipan verify; restore a backup");
        default: return make(Code::store_failed, "");
    }
}

Result<std::unique_ptr<Store>> open_sqlite(const std::string& path, Access access, const Opening& opening) {
    auto store = std::make_unique<Sqlite>();
    YIPAN_TRY_VOID(store->open(path, access, opening));
    return std::unique_ptr<Store>(std::move(store));
}

}  // namespace yipan::store
