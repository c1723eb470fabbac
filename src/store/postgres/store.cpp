// Opening, transactions, and whose turn it is to write.
#include "store/postgres/postgres.h"
#include "store/postgres/tables.h"

namespace yipan::store::postgres {
Status known_format(std::int64_t found, const Address& address) {
    if (found <= format) return {};
    return fail(Code::wrong_format, address.shown, "the board has format " + std::to_string(found) + ", this program knows up to " + std::to_string(format),
                "use the newer yipan that wrote it");
}

namespace {
Result<bool> schema_there(Link& link) {
    YIPAN_TRY(const Rows r, link.ask("SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = $1",
                                     Args().text(link.address().board), {19}));
    return r.integer(0, 0) > 0;
}
Result<std::int64_t> tables_there(Link& link) {
    YIPAN_TRY(const Rows r, link.ask("SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = "
                                     "c.relnamespace WHERE n.nspname = $1",
                                     Args().text(link.address().board), {19}));
    return r.integer(0, 0);
}

Status make_schema(Link& link) {
    YIPAN_TRY(const bool there, schema_there(link));
    if (there) {
        YIPAN_TRY(const std::int64_t tables, tables_there(link));
        if (tables > 0)
            return fail(Code::duplicate, link.address().shown, "a board or something else of this name exists",
                        "choose another name (board=NAME), or drop that schema first");
    }
    YIPAN_TRY_VOID(link.queue("BEGIN"));
    Status made = there ? Status{} : link.run("CREATE SCHEMA " + name_of(link.address().board));
    for (const std::string& sql : engine_sql())
        if (made) made = link.run(sql);
    if (made) made = link.run("COMMIT");
    if (!made) {
        link.forget_failure();
        (void)link.run("ROLLBACK");
    }
    return made;
}

Status check_format(Link& link) {
    YIPAN_TRY(const bool there, schema_there(link));
    if (!there)
        return fail(Code::not_found, link.address().shown, "no such board in this database", "yipan init or yipan demo makes one");
    auto found = link.ask("SELECT format FROM yipan_holder WHERE id = 1");
    if (!found) return fail(found.error());
    if (found->size() != 1) return fail(Code::wrong_format, link.address().shown, "this schema is no board", "yipan init and yipan demo make boards");
    return known_format(found->integer(0, 0), link.address());
}
// Asked first: to make it takes a lock that waits for whoever writes.
Status make_erasure_index(Link& link) {
    YIPAN_TRY(const Rows there, link.ask("SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
                                         "WHERE n.nspname = $1 AND c.relname = 'yipan_entry_erasure'",
                                         Args().text(link.address().board), {19}));
    return there.integer(0, 0) > 0 ? Status{} : link.run(erasure_index);
}
}  // namespace

Result<std::unique_ptr<Store>> Postgres::open(const std::string& text, Access access) {
    YIPAN_TRY(const Address address, read_address(text));
    std::unique_ptr<Postgres> store(new Postgres(access));
    YIPAN_TRY(store->link_, Link::open(address, access != Access::read));
    YIPAN_TRY_VOID(access == Access::create ? make_schema(*store->link_) : check_format(*store->link_));
    if (access != Access::read) {
        YIPAN_TRY(store->holder_, Holder::take(*store->link_));
        if (access == Access::write) {
            YIPAN_TRY_VOID(make_erasure_index(*store->link_));
            (void)store->sweep();
        }
    }
    return std::unique_ptr<Store>(std::move(store));
}

Postgres::~Postgres() {
    if (!link_) return;
    if (link_->in_transaction()) rollback();
    holder_.reset();
}

void Postgres::forget_answers() {
    ahead_.clear();
    counters_.clear();
    in_savepoint_ = asked_in_savepoint_ = false;
}

Status Postgres::begin() {
    forget_answers();
    if (!holder_) return fail(Code::read_only, link_->address().shown, "the board is open for reading only", "");
    surely_undone_ = false;
    const std::lock_guard lock(link_->mutex());
    if (!link_->in_transaction()) link_->forget_failure();
    if (stale_since_ && std::chrono::steady_clock::now() - *stale_since_ > std::chrono::minutes(1)) (void)sweep();
    YIPAN_TRY_VOID(link_->queue("BEGIN"));
    return holder_->guard();
}
Status Postgres::begin_read() {
    if (!link_->in_transaction()) link_->forget_failure();
    YIPAN_TRY_VOID(link_->queue("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
    reading_ = true;
    read_head_.reset();
    news_.reset();
    if (follows_) return begin_news();
    YIPAN_TRY(read_head_, head());  // the first read fixes the snapshot
    return {};
}
// One journey instead of five, for each batch of the one that writes.
Status Postgres::begin_news() {
    std::deque<Link::Question> asked(2);
    asked[0].sql = "SELECT h.position, h.root, w.format, w.batch, (SELECT value FROM yipan_meta WHERE name = 'model_position'), (SELECT value FROM yipan_meta WHERE name = "
                   "'frozen_clock') FROM yipan_head h, yipan_holder w WHERE h.id = 1 AND w.id = 1";
    asked[1].sql = runs_sql;
    YIPAN_TRY(const std::vector<Rows> answers, link_->ask_all(asked));
    const Rows& r = answers[0];
    if (r.size() != 1) return head().map([this](const Head& found) { read_head_ = found; });
    Head head;
    head.position = r.integer(0, 0);
    YIPAN_TRY(head.root, r.digest(0, 1));
    YIPAN_TRY_VOID(known_format(r.integer(0, 2), link_->address()));
    News news;
    news.batches = r.integer(0, 3);
    if (!r.null(0, 4)) news.model_position = std::string(r.text(0, 4));
    if (!r.null(0, 5)) news.frozen_clock = std::string(r.text(0, 5));
    news.runs = runs_of(answers[1]);
    read_head_ = head;
    news_ = std::move(news);
    return {};
}
Status Postgres::commit() {
    forget_answers();
    const std::lock_guard lock(link_->mutex());
    Status done = link_->queue("COMMIT");
    if (done) done = link_->settle();
    if (done && link_->said() != "COMMIT")
        done = fail(Code::store_failed, link_->address().shown, "the database rolled the transaction back", "try again");
    surely_undone_ = !done && !link_->lost();
    suspect_ = suspect_ || !done;
    return done;
}
bool Postgres::ousted() const {
    if (!holder_) return false;
    const std::lock_guard lock(link_->mutex());
    if (suspect_ && !link_->lost() && !link_->in_transaction()) {
        suspect_ = false;
        holder_->look_again();
    }
    return holder_->ousted();
}
// The fence is found by the first statement that is answered, not only by the commit.
void Postgres::suspect() { suspect_ = suspect_ || (holder_ && link_->failure() && link_->failure()->code == Code::busy); }
void Postgres::rollback() {
    forget_answers();
    const std::lock_guard lock(link_->mutex());
    channels_.clear();
    reading_ = false;
    read_head_.reset();
    news_.reset();
    if (link_->lost()) return;
    (void)link_->settle();
    suspect();
    link_->forget_failure();
    if (link_->in_transaction()) (void)link_->run("ROLLBACK");
    link_->forget_failure();
}
Status Postgres::rest() {
    if (holder_) YIPAN_TRY_VOID(holder_->rest());
    const std::lock_guard lock(link_->mutex());
    link_->hang_up();
    channels_.clear();
    reading_ = false;
    read_head_.reset();
    news_.reset();
    return {};
}
Status Postgres::wake() {
    YIPAN_TRY_VOID(link_->call_again());
    Status awake = holder_ ? holder_->wake() : Status{};
    if (!awake) link_->hang_up();
    return awake;
}
Status Postgres::still_there() { return holder_ ? holder_->still_there() : Status{}; }
Status Postgres::announce(const std::string& address) { return holder_ ? holder_->announce(address) : Status{}; }

Status Postgres::savepoint() {
    in_savepoint_ = true;
    asked_in_savepoint_ = false;
    return link_->queue("SAVEPOINT draft");
}
Status Postgres::release() {
    in_savepoint_ = false;
    return link_->queue("RELEASE SAVEPOINT draft");
}
// What was asked before the savepoint and not dropped since is untouched by what is taken back; what was asked after it may
// tell of that.
Status Postgres::rollback_to_savepoint() {
    in_savepoint_ = false;
    if (asked_in_savepoint_) ahead_.clear();
    counters_.clear();
    (void)link_->settle();
    if (link_->lost()) return fail(*link_->failure());
    suspect();
    link_->forget_failure();  // it was this draft's; one before it has ended the whole transaction, and the next statement says so
    YIPAN_TRY_VOID(link_->run("ROLLBACK TO SAVEPOINT draft"));
    return link_->queue("RELEASE SAVEPOINT draft");
}

}  // namespace yipan::store::postgres
