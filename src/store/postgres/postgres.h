#pragma once
// A board as a schema of PostgreSQL. Writes are queued on the connection and answered together at the commit; the writer
// is fenced by a row of the schema (holder.h). Tables of record types are never altered: a change of the model makes new
// ones beside the old, so that whoever still reads an older position goes on reading.
#include <chrono>
#include <map>
#include <memory>
#include <unordered_map>

#include "store/archive.h"
#include "store/care.h"
#include "store/postgres/dialect.h"
#include "store/postgres/holder.h"
#include "store/postgres/link.h"
#include "store/store.h"

namespace yipan::store::postgres {

constexpr int format = 2;  // of a board in a database
/// A board may have been changed by a newer program while an older one runs.
Status known_format(std::int64_t found, const Address& address);

constexpr const char* runs_sql = "SELECT id, level, first, last FROM yipan_run ORDER BY first";
std::vector<RunRow> runs_of(const Rows& rows);

class Postgres final : public Store, public Care {
  public:
    static Result<std::unique_ptr<Store>> open(const std::string& address, Access access);
    ~Postgres() override;

    // -- transactions (store.cpp)
    Status begin() override;
    Status begin_read() override;
    Status commit() override;
    bool surely_undone() const override { return surely_undone_; }
    bool lost() const override { return link_->lost(); }
    bool ousted() const override;
    Status rest() override;
    Status wake() override;
    Status still_there() override;
    Result<std::int64_t> batches() override;
    Status sync() override { return {}; }  // the server synced before it answered the commit
    void rollback() override;
    Status announce(const std::string& address) override;
    Status savepoint() override;
    Status release() override;
    Status rollback_to_savepoint() override;

    // -- shape (shape.cpp)
    Status install(const model::ModelPtr& model) override;
    Status use(const model::ModelPtr& model) override;
    Status reshape(const Reshape& reshape) override;
    Status finish_reshape(const Reshape& reshape) override;

    // -- meta, counters, receipts, side (side.cpp)
    Result<std::optional<std::string>> meta(std::string_view name) override;
    Status set_meta(std::string_view name, std::string_view value) override;
    Result<Head> head() override;
    Status set_head(const Head& head) override;
    Result<std::int64_t> counter(std::string_view name) override;
    Status set_counter(std::string_view name, std::int64_t value) override;
    Status each_counter(const std::function<void(std::string_view, std::int64_t)>& visit) override;
    Result<std::optional<RecordedReceipt>> receipt(std::string_view key) override;
    Status put_receipt(std::string_view key, const RecordedReceipt& receipt) override;
    Status drop_receipt(std::string_view key) override;
    Result<std::vector<KeptReceipt>> receipts(std::string_view after, std::string_view before, std::int64_t limit) override;
    Result<std::optional<std::string>> side(std::string_view space, std::string_view key) override;
    Status each_side(std::string_view space, const std::function<void(std::string_view, std::string_view)>& visit) override;
    Status put_side(std::string_view space, std::string_view key, std::string_view value) override;
    Status drop_side(std::string_view space, std::string_view key) override;

    // -- journal (journal.cpp)
    Status append(const journal::Entry& entry, const Digest& leaf) override;
    Result<StoredEntry> entry(std::int64_t position) override;
    Status each_entry(std::int64_t from, std::int64_t to, const std::function<Status(const StoredEntry&)>& visit) override;
    Status each_leaf(std::int64_t from, std::int64_t to, const std::function<void(const Digest&)>& visit) override;
    Result<std::vector<std::int64_t>> positions_of(const std::string& type, std::int64_t record) override;
    Status put_node(int level, std::int64_t index, const Digest& digest) override;
    Result<std::optional<Digest>> node(int level, std::int64_t index) override;
    Status each_node(int level, std::int64_t from, std::int64_t to, const std::function<void(const Digest&)>& visit) override;
    Status erase_bodies(std::int64_t position, std::uint8_t groups) override;
    Result<bool> scrub() override { return true; }  // old row versions go with the server's vacuum (docs/operations.md)

    // -- records (records.cpp)
    Status insert(const record::Record& record) override;
    Status update(const record::Record& record) override;
    Status erase_row(int type, std::int64_t id) override;
    Result<record::RecordPtr> read(int type, std::int64_t id) override;
    bool asks_far() const override { return holder_ != nullptr; }
    Status ask_ahead(const Questions& questions) override;
    Result<std::vector<std::int64_t>> find(int type, const std::vector<int>& fields,
                                           const std::vector<record::Value>& values, std::int64_t limit) override;
    Result<std::vector<std::int64_t>> referrers(int type, int field, std::int64_t id, std::int64_t limit) override;
    Status each(int type, const std::function<bool(const record::RecordPtr&)>& visit) override;
    Status each_value(int type, int field, const std::function<bool(std::int64_t id, const record::Value& value)>& visit) override;
    Result<std::vector<record::RecordPtr>> list(int type, const std::string& where,
                                                const std::vector<record::Value>& parameters, std::int64_t offset,
                                                std::int64_t limit) override;
    Result<std::int64_t> count(int type, const std::string& where, const std::vector<record::Value>& parameters) override;
    Result<std::vector<record::RecordPtr>> list(int type, const ListQuery& query) override;
    Result<std::int64_t> count_to(int type, const std::string& where, const std::vector<record::Value>& parameters,
                                  std::int64_t limit) override;
    Result<std::vector<record::Value>> sums(int type, const std::string& where,
                                            const std::vector<record::Value>& parameters,
                                            const std::vector<int>& fields) override;
    Result<record::Value> scalar(const std::string& sql, const std::vector<record::Value>& parameters) override;
    Result<std::int64_t> next_record(int type) override;
    Status set_next_record(int type, std::int64_t next) override;
    std::string counted_condition() const override { return "t.yipan_void IS NULL"; }
    Status put_redirect(int type, const Redirect& redirect) override;
    Result<std::optional<std::int64_t>> redirect(int type, std::int64_t record) override;
    Result<std::optional<std::int64_t>> redirect_of_key(int type, std::string_view key) override;
    Status each_redirect(int type, const std::function<void(const Redirect&)>& visit) override;

    // -- attachments (attachments.cpp)
    Result<std::optional<Attachment>> attachment(std::string_view hash) override;
    Result<std::int64_t> put_attachment(const Attachment& attachment) override;
    Status put_attachment_part(std::int64_t id, std::int64_t index, std::string_view body) override;
    Status complete_attachment(std::int64_t id) override;
    Status drop_attachment(std::int64_t id) override;
    Status each_attachment(const std::function<Status(const Attachment&)>& visit) override;
    Status each_attachment_part(std::int64_t id, std::int64_t from,
                                const std::function<bool(std::string_view)>& visit) override;
    Result<bool> attachment_named(std::string_view hash) override;

    // -- postings and runs (figures.cpp)
    Status put_tail(std::int64_t position, std::string_view body) override;
    Status each_tail(const std::function<Status(std::int64_t, std::string_view)>& visit) override { return each_tail_after(INT64_MIN, visit); }
    Status each_tail_after(std::int64_t after, const std::function<Status(std::int64_t, std::string_view)>& visit) override;
    Status drop_tail(std::int64_t up_to) override;
    Result<std::vector<RunRow>> runs() override;
    Status put_run(const RunRow& run) override;
    Status set_run_level(std::int64_t run, int level) override;
    Status add_run_total(std::int64_t run, std::string_view body) override;
    Status put_run_chunk(std::int64_t run, std::string_view first_key, std::string_view body) override;
    Status drop_run(std::int64_t run) override;
    Status each_run_total(std::int64_t run, const std::function<void(std::string_view)>& visit) override;
    Status chunks_from(std::int64_t run, std::string_view key,
                       const std::function<bool(std::string_view, std::string_view)>& next) override;

    // -- engine tables row by row (rows.cpp)
    Status each_row(const EngineTable& table, const std::function<Status(const std::vector<Cell>&)>& visit) override;
    Status put_row(const EngineTable& table, const std::vector<Cell>& row) override;
    Status clear(const EngineTable& table) override;

    // -- the whole board (rows.cpp)
    void begin_filling() override { filling_ = true; }
    Status finish_filling() override;
    Result<std::vector<std::int64_t>> erasures(std::int64_t from, std::int64_t to) override;
    Status move_out(std::int64_t position, const Digest& commitment, std::int64_t archive) override;
    Status move_in(std::int64_t position, std::string_view salt, std::string_view body) override;
    Status each_moved(const std::function<Status(std::int64_t, std::int64_t)>& visit) override;

  private:
    explicit Postgres(Access access) : access_(access) {}

    // The SQL of a record type's table, made once.
    struct Shape {
        std::string table;  // quoted, as the database calls it
        std::string names;  // of its columns, as insert() gives their values
        std::string columns, insert, update, erase, read;
        std::map<int, std::string> referrers;
    };
    class Names final : public Tables {
      public:
        explicit Names(const Postgres& store) : store_(store) {}
        std::string physical(std::string_view table) const override;
        std::optional<Kind> column(std::string_view table, std::string_view column) const override;

      private:
        const Postgres& store_;
    };

    const model::Type& type(int index) const { return model_->types[static_cast<std::size_t>(index)]; }
    const Shape& shape(int index) { return shapes_[static_cast<std::size_t>(index)]; }
    std::int64_t number(int type) const { return type_numbers_[static_cast<std::size_t>(type)]; }
    record::RecordPtr record_of(const Rows& rows, int row, int type) const;
    Result<std::vector<std::int64_t>> ids(std::string_view sql, const Args& args, const std::vector<Oid>& types = {});
    Result<Rows> asked(int type, const std::string& what, const std::string& where, const std::string& behind,
                       const std::vector<record::Value>& parameters, const std::vector<std::int64_t>& more,
                       const std::string* among = nullptr);
    struct Translated {
        Asked asked;
        std::vector<Oid> types;
    };
    Result<const Translated*> translated(const std::string& text, int type, const std::vector<record::Value>& values);
    Result<std::int64_t> channel_number(const std::string& name);
    Status decode(const Rows& rows, int row, StoredEntry& out);
    Status sweep();
    void suspect();

    Access access_;
    std::unique_ptr<Link> link_;
    std::unique_ptr<Holder> holder_;  // of a writer
    model::ModelPtr model_;
    std::vector<Shape> shapes_;
    std::map<std::string, std::string, std::less<>> physical_;  // by code
    std::vector<std::int64_t> type_numbers_;
    std::map<std::int64_t, std::string> type_codes_;
    std::unordered_map<std::string, std::int64_t> code_numbers_;
    std::unordered_map<std::string, std::int64_t> channels_;
    std::unordered_map<std::string, Translated> translated_;
    std::vector<int> fresh_;          // types of the model whose tables reshape() made
    std::optional<Archives> archives_;  // looked for with the first body that moved
    // Of a writer's transaction: what was asked before it was needed, and the counters as they stand.
    Ahead ahead_;
    bool in_savepoint_ = false, asked_in_savepoint_ = false;
    std::unordered_map<std::string, std::int64_t> counters_;
    void forget_answers();
    bool surely_undone_ = false;
    bool filling_ = false;            // rows go in by COPY, indexes are still to be made
    mutable bool suspect_ = false;    // a commit was refused: perhaps because somebody else writes now
    bool reading_ = false;            // in a reader's transaction ...
    std::optional<Head> read_head_;   // ... with this position
    // Of one that follows a writer, asked together with it when a transaction begins: what it looks at each time.
    struct News {
        std::int64_t batches = 0;
        std::optional<std::string> model_position, frozen_clock;
        std::vector<RunRow> runs;
    };
    bool follows_ = false;
    std::optional<News> news_;
    Status begin_news();
    std::optional<std::chrono::steady_clock::time_point> stale_since_;
};

}  // namespace yipan::store::postgres
