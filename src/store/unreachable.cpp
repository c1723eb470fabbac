// What a board's readers get while its database is away.
#include "store/open.h"

namespace yipan::store {
namespace {
class Unreachable final : public Store {
  public:
    explicit Unreachable(Error why) : why_(std::move(why)) {}
    bool lost() const override { return true; }
    Status begin() override { return fail(why_); }
    Status begin_read() override { return fail(why_); }
    Status commit() override { return fail(why_); }
    Status sync() override { return fail(why_); }
    void rollback() override {}
    Status announce(const std::string&) override { return fail(why_); }
    Status savepoint() override { return fail(why_); }
    Status release() override { return fail(why_); }
    Status rollback_to_savepoint() override { return fail(why_); }
    Status install(const model::ModelPtr&) override { return fail(why_); }
    Status use(const model::ModelPtr&) override { return fail(why_); }
    Status reshape(const Reshape&) override { return fail(why_); }
    Status finish_reshape(const Reshape&) override { return fail(why_); }
    Result<std::optional<std::string>> meta(std::string_view) override { return fail(why_); }
    Status set_meta(std::string_view, std::string_view) override { return fail(why_); }
    Result<Head> head() override { return fail(why_); }
    Status set_head(const Head&) override { return fail(why_); }
    Status append(const journal::Entry&, const Digest&) override { return fail(why_); }
    Result<StoredEntry> entry(std::int64_t) override { return fail(why_); }
    Status each_entry(std::int64_t, std::int64_t, const std::function<Status(const StoredEntry&)>&) override { return fail(why_); }
    Status each_leaf(std::int64_t, std::int64_t, const std::function<void(const Digest&)>&) override { return fail(why_); }
    Result<std::vector<std::int64_t>> positions_of(const std::string&, std::int64_t) override { return fail(why_); }
    Status put_node(int, std::int64_t, const Digest&) override { return fail(why_); }
    Result<std::optional<Digest>> node(int, std::int64_t) override { return fail(why_); }
    Status each_node(int, std::int64_t, std::int64_t, const std::function<void(const Digest&)>&) override { return fail(why_); }
    Status insert(const record::Record&) override { return fail(why_); }
    Status update(const record::Record&) override { return fail(why_); }
    Status erase_row(int, std::int64_t) override { return fail(why_); }
    Result<record::RecordPtr> read(int, std::int64_t) override { return fail(why_); }
    Result<std::vector<std::int64_t>> find(int, const std::vector<int>&, const std::vector<record::Value>&, std::int64_t) override { return fail(why_); }
    Result<std::vector<std::int64_t>> referrers(int, int, std::int64_t, std::int64_t) override { return fail(why_); }
    Status each(int, const std::function<bool(const record::RecordPtr&)>&) override { return fail(why_); }
    Status each_value(int, int, const std::function<bool(std::int64_t, const record::Value&)>&) override { return fail(why_); }
    Result<std::vector<record::RecordPtr>> list(int, const std::string&, const std::vector<record::Value>&, std::int64_t, std::int64_t) override { return fail(why_); }
    Result<std::int64_t> count(int, const std::string&, const std::vector<record::Value>&) override { return fail(why_); }
    Result<std::vector<record::RecordPtr>> list(int, const ListQuery&) override { return fail(why_); }
    Result<std::int64_t> count_to(int, const std::string&, const std::vector<record::Value>&, std::int64_t) override { return fail(why_); }
    Result<std::vector<record::Value>> sums(int, const std::string&, const std::vector<record::Value>&, const std::vector<int>&) override { return fail(why_); }
    Result<record::Value> scalar(const std::string&, const std::vector<record::Value>&) override { return fail(why_); }
    Result<std::int64_t> next_record(int) override { return fail(why_); }
    Status set_next_record(int, std::int64_t) override { return fail(why_); }
    std::string counted_condition() const override { return "1"; }
    Status erase_bodies(std::int64_t, std::uint8_t) override { return fail(why_); }
    Result<bool> scrub() override { return fail(why_); }
    Status put_redirect(int, const Redirect&) override { return fail(why_); }
    Result<std::optional<std::int64_t>> redirect(int, std::int64_t) override { return fail(why_); }
    Result<std::optional<std::int64_t>> redirect_of_key(int, std::string_view) override { return fail(why_); }
    Status each_redirect(int, const std::function<void(const Redirect&)>&) override { return fail(why_); }
    Result<std::int64_t> counter(std::string_view) override { return fail(why_); }
    Status set_counter(std::string_view, std::int64_t) override { return fail(why_); }
    Status each_counter(const std::function<void(std::string_view name, std::int64_t value)>&) override { return fail(why_); }
    Result<std::optional<RecordedReceipt>> receipt(std::string_view) override { return fail(why_); }
    Status put_receipt(std::string_view, const RecordedReceipt&) override { return fail(why_); }
    Status drop_receipt(std::string_view) override { return fail(why_); }
    Result<std::vector<KeptReceipt>> receipts(std::string_view, std::string_view, std::int64_t) override { return fail(why_); }
    Result<std::optional<std::string>> side(std::string_view, std::string_view) override { return fail(why_); }
    Status each_side(std::string_view, const std::function<void(std::string_view key, std::string_view value)>&) override { return fail(why_); }
    Status put_side(std::string_view, std::string_view, std::string_view) override { return fail(why_); }
    Status drop_side(std::string_view, std::string_view) override { return fail(why_); }
    Result<std::optional<Attachment>> attachment(std::string_view) override { return fail(why_); }
    Result<std::int64_t> put_attachment(const Attachment&) override { return fail(why_); }
    Status put_attachment_part(std::int64_t, std::int64_t, std::string_view) override { return fail(why_); }
    Status complete_attachment(std::int64_t) override { return fail(why_); }
    Status drop_attachment(std::int64_t) override { return fail(why_); }
    Status each_attachment(const std::function<Status(const Attachment&)>&) override { return fail(why_); }
    Status each_attachment_part(std::int64_t, std::int64_t, const std::function<bool(std::string_view body)>&) override { return fail(why_); }
    Result<bool> attachment_named(std::string_view) override { return fail(why_); }
    Status put_tail(std::int64_t, std::string_view) override { return fail(why_); }
    Status each_tail(const std::function<Status(std::int64_t position, std::string_view body)>&) override { return fail(why_); }
    Status drop_tail(std::int64_t) override { return fail(why_); }
    Result<std::vector<RunRow>> runs() override { return fail(why_); }
    Status put_run(const RunRow&) override { return fail(why_); }
    Status set_run_level(std::int64_t, int) override { return fail(why_); }
    Status add_run_total(std::int64_t, std::string_view) override { return fail(why_); }
    Status put_run_chunk(std::int64_t, std::string_view, std::string_view) override { return fail(why_); }
    Status drop_run(std::int64_t) override { return fail(why_); }
    Status each_run_total(std::int64_t, const std::function<void(std::string_view body)>&) override { return fail(why_); }
    Status chunks_from(std::int64_t, std::string_view, const std::function<bool(std::string_view first_key, std::string_view body)>&) override { return fail(why_); }
    Status each_row(const EngineTable&, const std::function<Status(const std::vector<Cell>&)>&) override { return fail(why_); }
    Status put_row(const EngineTable&, const std::vector<Cell>&) override { return fail(why_); }
    Status clear(const EngineTable&) override { return fail(why_); }

  private:
    Error why_;
};
}  // namespace

std::unique_ptr<Store> unreachable(Error why) { return std::make_unique<Unreachable>(std::move(why)); }

}  // namespace yipan::store
