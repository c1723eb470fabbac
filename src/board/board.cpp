#include "board/board.h"

#include <pthread.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <thread>

#include "base/check.h"
#include "base/nearest.h"
#include "board/archive.h"
#include "board/attachments.h"
#include "board/core.h"
#include "board/log.h"
#include "board/past.h"
#include "board/preview.h"
#include "board/model_entry.h"
#include "board/verify.h"
#include "board/writer.h"
#include "cel/sql.h"
#include "record/view.h"
#include "store/open.h"

namespace yipan::board {
namespace {
constexpr std::size_t idle_readers_max = 8;
constexpr std::chrono::seconds idle_for{30};
constexpr std::chrono::minutes rest_on_after{3};  // a hold that rests ends after ten
constexpr std::int64_t list_max = 10'000;
constexpr std::chrono::milliseconds follow_every{200};

Entry entry_of(const Shape& shape, const store::StoredEntry& stored) {
    const journal::Entry& e = stored.entry;
    Entry out;
    out.position = Position(e.position);
    out.previous = Position(e.previous);
    out.transaction = Position(e.transaction);
    out.time = Instant{e.time};
    out.actor = RecordId(e.actor);
    out.post = RecordId(e.post);
    out.channel = e.channel;
    out.verb = static_cast<Verb>(e.verb);
    out.type = shape.type_of(e);
    out.type_code = e.type;
    out.record = RecordId(e.record);
    out.version = e.version;
    out.model_version = e.model_version;
    out.effective = Date{e.effective};
    const auto elsewhere = store::archived(e);
    if (!elsewhere) out.plain = e.body[0];
    out.personal = e.body[1];
    out.attachment = e.body[2];
    out.leaf = stored.leaf;
    if (elsewhere)
        out.marks.note = *elsewhere;
    else if (const auto marks = record::marks_of(e.body[0]))
        out.marks = *marks;
    return out;
}

class BoardImpl;

class SnapshotImpl final : public Snapshot {
  public:
    SnapshotImpl(BoardImpl& board, std::unique_ptr<store::Store> store, std::int64_t position, ShapePtr shape);
    ~SnapshotImpl() override;

    Position position() const override { return Position(position_); }
    Result<Digest> root() override {
        YIPAN_TRY(const store::Head head, store_->head());
        if (head.position != position_)
            return fail(Code::corrupt, "head", "the stored root belongs to entry " + std::to_string(head.position),
                        "run yipan verify");
        return head.root;
    }
    Result<std::string> origin() override {
        YIPAN_TRY(const auto first, store_->entry(1));
        return journal::origin_of(first.leaf);
    }
    Result<journal::Checkpoint> checkpoint() override {
        YIPAN_TRY(std::string name, origin());
        YIPAN_TRY(const Digest digest, root());
        return journal::Checkpoint{std::move(name), static_cast<std::uint64_t>(position_), digest};
    }
    Result<journal::ProvenEntry> proven(Position entry, std::uint8_t open) override;
    Result<Digest> root_at(Position size) override {
        if (size.value < 1 || size.value > position_) return no_such_size(size);
        return journal::root_at(static_cast<std::uint64_t>(size.value), hashes());
    }
    Result<journal::Proof> consistency(Position from) override {
        if (from.value < 1 || from.value > position_) return no_such_size(from);
        return journal::consistency_proof(static_cast<std::uint64_t>(from.value), static_cast<std::uint64_t>(position_),
                                          hashes());
    }
    const model::Model& model() const override;
    Date today() const override;
    record::RecordPtr record(int type, RecordId id) override { return world_.current(type, id); }
    record::Resolver& resolver() override { return world_; }
    Result<RecordId> find(int type, std::string_view key) override;
    Result<ListResult> list(int type, const std::string& filter, std::int64_t offset, std::int64_t limit,
                            Voids voids) override;
    Result<std::int64_t> count(int type, const std::string& filter, Voids voids) override;
    std::optional<RecordId> redirect(int type, RecordId id) override;
    Result<ListResult> list(int type, const Query& query) override;
    Result<std::int64_t> count(int type, const Query& query, std::int64_t limit) override;
    Result<std::vector<record::Value>> sums(int type, const Query& query, const std::vector<int>& fields) override;
    Result<std::optional<std::string>> side(std::string_view space, std::string_view key) override {
        return store_->side(space, key);
    }
    Status each_side(std::string_view space,
                     const std::function<void(std::string_view, std::string_view)>& visit) override {
        return store_->each_side(space, visit);
    }
    Result<std::vector<store::KeptReceipt>> receipts(std::string_view after, std::string_view before, std::int64_t limit) override {
        return store_->receipts(after, before, limit);
    }
    Status each(int type, const std::function<bool(const record::RecordPtr&)>& visit) override {
        return store_->each(type, visit);
    }
    Result<Entry> entry(Position position) override {
        if (position.value > position_)
            return fail(Code::not_found, "entry " + std::to_string(position.value),
                        "the journal ends at " + std::to_string(position_));
        YIPAN_TRY(const auto stored, store_->entry(position.value));
        return entry_of(*shape_, stored);
    }
    Status each_entry(Position from, Position to, const std::function<bool(const Entry&)>& visit) override;
    Result<std::vector<record::RecordPtr>> history(int type, RecordId id) override { return world_.history(type, id); }
    Errors judge(const Draft& draft, const Permit& permit) override;
    figure::Value figure(const figure::Ask& ask) override;
    figure::Explanation why(const figure::Ask& ask, figure::Page page) override;
    Result<std::vector<figure::Posting>> difference(const figure::Ask& ask, Position from, Position to,
                                                    std::size_t limit) override;
    void each_cell(const std::function<void(const figure::CellKey&, __int128, std::int64_t)>& visit) override;

  private:
    tl::unexpected<Error> no_such_size(Position size) const {
        return fail(Code::not_found, "entry " + std::to_string(size.value),
                    "the journal has the entries 1 to " + std::to_string(position_));
    }
    /// Hashes of the tree, each computed once for this snapshot.
    journal::HashOf hashes() {
        return [this, below = stored_hashes(*store_)](unsigned level, std::uint64_t index) -> Result<Digest> {
            const auto known = hashes_.find({level, index});
            if (known != hashes_.end()) return known->second;
            YIPAN_TRY(const Digest digest, below(level, index));
            if (level > 0) hashes_.emplace(std::pair(level, index), digest);
            return digest;
        };
    }
    figure::Ask pinned(const figure::Ask& ask) const;
    /// The ask in the words of the model whose definitions count, with its figures; the error says what it lacks.
    struct Aim {
        figure::Ask ask;
        Core::Sight sight;
    };
    Result<Aim> aim(const figure::Ask& ask);
    Status one_definition(const figure::Ask& ask, Position from, Position to) const;
    /// The figures by today's definition over the records of a position, counted anew; kept for the next ask.
    Result<const figure::Book*> by_today(const figure::Ask& ask);
    Result<std::pair<std::string, std::vector<record::Value>>> where_of(int type, const std::string& filter,
                                                                        Voids voids,
                                                                        std::size_t parameters_before = 0) const;
    Result<store::ListQuery> compiled(int type, const Query& query) const;
    /// The page found along an order kept in memory; none: it is not, or the condition holds for too few to be found so.
    Result<std::optional<ListResult>> along_order(int type, const Query& query, const store::ListQuery& asked);

    BoardImpl& board_;
    std::unique_ptr<store::Store> store_;
    std::int64_t position_;
    ShapePtr shape_;
    World world_;
    std::unique_ptr<PastBook> past_;
    std::map<std::pair<unsigned, std::uint64_t>, Digest> hashes_;
    // For suggestions: the first keys of a type, read once; and how many are still made before the next second.
    std::map<int, std::vector<std::string>> known_keys_;
    int suggestions_left_ = 0;
    std::chrono::steady_clock::time_point suggestions_until_{};
    std::unique_ptr<Log> log_;  // of the judge, which never writes here
    std::unique_ptr<Judge> judge_;
};

class BoardImpl final : public Board {
  public:
    BoardImpl(std::unique_ptr<Core> core, const Options& options) : core_(std::move(core)) {
        if (!core_->read_only) writer_ = std::make_unique<Writer>(*core_, options.queue_max, options.batch_max);
        if (core_->following) follower_ = std::thread([this] { follow(); });
    }
    ~BoardImpl() override {
        {
            const std::lock_guard lock(follow_mutex_);
            ending_ = true;
        }
        follow_wake_.notify_one();
        if (follower_.joinable()) follower_.join();
        writer_.reset();
    }

    Checked<Receipt> apply(Draft draft) override {
        if (auto error = closed()) return fail(Errors{*error});
        return writer_->apply(std::move(draft));
    }
    std::future<Checked<Receipt>> submit(Draft draft) override {
        if (auto error = closed()) {
            std::promise<Checked<Receipt>> p;
            p.set_value(fail(Errors{*error}));
            return p.get_future();
        }
        return writer_->submit(std::move(draft));
    }
    void submit(Draft draft, Answered answered, Place place) override {
        if (auto error = closed()) return answered(fail(Errors{*error}));
        writer_->submit(std::move(draft), std::move(answered), place);
    }
    void set_permit(Permit permit) override {
        between([&] { core_->permit = std::move(permit); });
    }
    void subscribe(Subscriber subscriber) override {
        between([&] { core_->subscriber = std::move(subscriber); });
    }
    std::vector<Checked<Receipt>> apply_batch(std::vector<Draft> drafts) override {
        if (auto error = closed()) return std::vector<Checked<Receipt>>(drafts.size(), fail(Errors{*error}));
        return writer_->apply_batch(std::move(drafts));
    }
    Result<Attachment> put_attachment(const ReadSome& read) override {
        if (auto error = closed()) return fail(*error);
        const Use use(*this);
        YIPAN_TRY_VOID(use.awake);
        return take_attachment(core_->facts.path, read, SystemClock().now(), in_work_, [this](const auto& work) {
            Status out;
            writer_->alone([&] { out = core_->on_store(work); });
            return out;
        });
    }
    Result<std::optional<Attachment>> attachment(std::string_view hash) override {
        Lent reader(*this);
        YIPAN_TRY_VOID(reader.use.awake);
        YIPAN_TRY(reader.store, pooled_reader());
        return find_attachment(*reader.store, hash);
    }
    Status read_attachment(std::string_view hash, std::int64_t offset,
                           const std::function<bool(std::string_view)>& out) override {
        Lent reader(*this);
        YIPAN_TRY_VOID(reader.use.awake);
        YIPAN_TRY(reader.store, pooled_reader());
        return give_attachment(core_->facts.path, *reader.store, hash, offset, out);
    }
    std::unique_ptr<Snapshot> snapshot() override;
    Checked<ModelReceipt> change_model(ModelChange change, const Progress& progress) override {
        if (auto error = closed()) return fail(Errors{*error});
        const Use use(*this);
        if (!use.awake) return fail(Errors{use.awake.error()});
        Checked<ModelReceipt> out;
        writer_->alone([&] { out = core_->change_model(change, progress); });
        return out;
    }
    Checked<ModelPreview> preview_model(const ModelChange& change, const Progress& progress) override {
        const Use use(*this);
        if (!use.awake) return fail(Errors{use.awake.error()});
        return preview_change(*core_, change, progress);
    }
    model::ModelPtr model() const override { return core_->shape_now()->model; }
    const std::string& name() const override { return core_->facts.name; }
    const std::string& note() const override { return core_->facts.note; }
    const Zone& zone() const override { return core_->facts.zone; }
    Instant now() override { return core_->clock->now(); }
    Status step_clock(Instant to) override {
        if (auto error = closed()) return fail(*error);
        const Use use(*this);
        YIPAN_TRY_VOID(use.awake);
        Draft told;  // the step is an entry
        told.channel = "clock";
        Change change;
        change.verb = Verb::act;
        change.told = "{\"act\":\"clock\",\"to\":\"" + to.text() + "\"}";
        told.changes.push_back(std::move(change));
        Status out;
        writer_->alone([&] { out = core_->step_clock(to, std::move(told)); });
        return out;
    }
    bool read_only() const override { return core_->read_only; }
    Status catch_up() override {
        const Use use(*this);
        YIPAN_TRY_VOID(use.awake);
        return core_->catch_up();
    }
    bool rest(std::chrono::steady_clock::time_point now, std::chrono::milliseconds idle) override {
        if (!store::is_address(core_->facts.path) || !(writer_ || core_->following)) return false;
        if (core_->resting) {
            if (now - rested_ < rest_on_after) return true;
            rested_ = now;
            if (writer_) writer_->alone([this] { core_->rest_on(); });
            return true;
        }
        drop_unused(now, idle);
        const auto idle_since = [&] { return in_use_.load() == 0 && now - core_->used.load() >= idle; };
        if (!idle_since()) return false;
        bool rested = false;
        const auto job = [&] { rested = idle_since() && core_->rest(in_use_); };
        writer_ ? writer_->alone(job) : job();
        if (rested) drop_unused(now, {});
        rested_ = now;
        return rested;
    }
    bool rests() const override { return core_->resting; }
    Status wake() override { return Use(*this).awake; }
    bool follows() const override { return core_->following; }
    bool ousted() override {
        if (!writer_) return false;
        writer_->alone([this] {
            if (core_->store && core_->store->ousted()) core_->ousted = true;
        });
        return core_->ousted;
    }
    void announce(const std::string& address) override {
        if (writer_) writer_->alone([&] { core_->announce(address); });
    }
    std::optional<Upgrade> upgraded() const override { return core_->upgraded; }
    std::optional<Error> damage() const override { return core_->damage; }
    VerifyReport verify(const Progress& progress) override {
        VerifyReport pages;
        const Use use(*this);
        verify_pages(core_->facts.path, pages, progress);
        auto reader = open_reader();
        if (!reader) {
            pages.problems.push_back(reader.error());
            return pages;
        }
        VerifyReport report = verify_store(**reader, core_->shape_now(), progress);
        verify_attachments(core_->facts.path, **reader, report);
        verify_archives(**reader, core_->facts.path, report);
        add_pages(std::move(pages), report);
        return report;
    }
    Status dump(const std::function<void(std::string_view)>& out) override {
        const auto snapshot = this->snapshot();
        YIPAN_TRY(auto reader, open_reader());
        return dump_store(*reader, core_->shape_now(), *snapshot, out);
    }

    Core& core() { return *core_; }
    void give_back(std::unique_ptr<store::Store> store) {
        store->rollback();
        const auto now = std::chrono::steady_clock::now();
        drop_unused(now, idle_for);
        const std::lock_guard lock(readers_mutex_);
        if (readers_.size() < idle_readers_max && !store->lost()) readers_.push_back({std::move(store), now});
    }
    /// Somebody who uses connections of this board: while he does it does not rest.
    class Use {
      public:
        explicit Use(BoardImpl& board) : board_(board) {
            board.begin_use();
            awake = board.awake();
        }
        ~Use() { board_.end_use(); }
        Use(const Use&) = delete;
        Use& operator=(const Use&) = delete;
        Status awake;

      private:
        BoardImpl& board_;
    };
    void begin_use() { ++in_use_; }
    void end_use() {
        core_->used = std::chrono::steady_clock::now();
        --in_use_;
    }

  private:
    // With a use begun: the board does not go to rest any more.
    Status awake() {
        if (!core_->resting) return {};
        if (!writer_) return core_->wake();
        Status out;
        writer_->alone([&] { out = core_->wake(); });
        return out;
    }
    // A connection of a database is a process of it: what was not needed for a while is given back.
    void drop_unused(std::chrono::steady_clock::time_point now, std::chrono::milliseconds idle) {
        std::vector<Idle> unused;  // closed outside of the lock
        const std::lock_guard lock(readers_mutex_);
        while (!readers_.empty() && now - readers_.front().since >= idle) {
            unused.push_back(std::move(readers_.front()));
            readers_.pop_front();
        }
    }
    struct Lent {  // a reader of the pool, given back
        explicit Lent(BoardImpl& b) : board(b), use(b) {}
        ~Lent() {
            if (store) board.give_back(std::move(store));
        }
        Lent(const Lent&) = delete;
        Lent& operator=(const Lent&) = delete;
        BoardImpl& board;
        Use use;
        std::unique_ptr<store::Store> store;
    };
    /// With a read transaction; of the shape it was last used with.
    Result<std::unique_ptr<store::Store>> pooled_reader() {
        std::unique_ptr<store::Store> store;
        {
            const std::lock_guard lock(readers_mutex_);
            if (!readers_.empty()) {
                store = std::move(readers_.back().store);
                readers_.pop_back();
            }
        }
        if (store && store->begin_read()) return store;
        return open_reader();
    }
    /// When all that was asked before is shown and answered, and nothing else is under way.
    void between(const std::function<void()>& job) {
        if (writer_)
            writer_->alone(job);
        else
            core_->between(job);
    }
    // Whoever asks is shown the newest anyway; this is for those who wait to be told.
    void follow() {
        (void)pthread_setname_np(pthread_self(), "yipan-follow");
        std::unique_lock lock(follow_mutex_);
        while (!follow_wake_.wait_for(lock, follow_every, [this] { return ending_; })) {
            lock.unlock();
            (void)core_->catch_up();  // a database that is away is told to who asks
            lock.lock();
        }
    }
    std::optional<Error> closed() const {
        if (writer_) return {};
        if (core_->damage)
            return Error{Code::corrupt, core_->facts.path,
                         "the board does not verify and is open for reading only: " + core_->damage->text(),
                         "run yipan verify; restore a backup"};
        return Error{Code::read_only, core_->facts.path, "the board is open for reading only", ""};
    }
    Result<std::unique_ptr<store::Store>> open_reader() {
        YIPAN_TRY(auto store, store::open(core_->facts.path, store::Access::read));
        YIPAN_TRY_VOID(store->begin_read());
        YIPAN_TRY_VOID(store->use(core_->shape_now()->model));
        return store;
    }

    std::unique_ptr<Core> core_;
    std::unique_ptr<Writer> writer_;
    InWork in_work_;
    std::mutex readers_mutex_;
    struct Idle {
        std::unique_ptr<store::Store> store;
        std::chrono::steady_clock::time_point since;
    };
    std::deque<Idle> readers_;  // the longest idle first
    std::atomic<int> in_use_{0};
    std::chrono::steady_clock::time_point rested_;  // when it was told last that it rests
    std::mutex follow_mutex_;
    std::condition_variable follow_wake_;
    bool ending_ = false;
    std::thread follower_;
};

std::unique_ptr<Snapshot> BoardImpl::snapshot() {
    const Use use(*this);
    Result<std::unique_ptr<store::Store>> opened = use.awake ? pooled_reader() : Result<std::unique_ptr<store::Store>>(fail(use.awake.error()));
    // A database may be away for a while: then every question to this snapshot is answered with that.
    std::unique_ptr<store::Store> store = opened ? std::move(*opened) : store::unreachable(opened.error());
    const auto head = store->head();
    const auto model_at = store->meta("model_position");
    if (!head || !model_at) {
        auto away = store::unreachable(head ? model_at.error() : head.error());
        const std::shared_lock lock(core_->book_mutex);
        return std::make_unique<SnapshotImpl>(*this, std::move(away), core_->book_position, core_->shape);
    }
    // What is committed is shown after its sync (decision 0004): wait for that moment, at most the length of one sync.
    // In a database another process may have taken the board over and written more: what it wrote this one does not show.
    constexpr std::chrono::microseconds look_again{20};
    constexpr std::chrono::seconds at_most{5};
    const bool shared = store::is_address(core_->facts.path);
    const auto begun = std::chrono::steady_clock::now();
    while (true) {
        {
            const std::shared_lock lock(core_->book_mutex);
            if (core_->book_position >= head->position || (core_->read_only && !core_->following)) break;
        }
        if (core_->following) {
            if (const Status caught = core_->catch_up(); !caught) {
                const std::shared_lock lock(core_->book_mutex);
                return std::make_unique<SnapshotImpl>(*this, store::unreachable(caught.error()), core_->book_position, core_->shape);
            }
            continue;
        }
        {
            const std::shared_lock lock(core_->book_mutex);
            if (shared && (core_->ousted || std::chrono::steady_clock::now() - begun > at_most)) {
                core_->ousted = true;
                return std::make_unique<SnapshotImpl>(
                    *this,
                    store::unreachable({Code::busy, core_->facts.path, "another process has taken the board over and writes to it now", "ask that one, or start this one anew"}),
                    core_->book_position, core_->shape);
            }
        }
        std::this_thread::sleep_for(look_again);
    }
    // The shape of its position: a change of the model may have been committed meanwhile.
    ShapePtr shape;
    ErasPtr eras;
    {
        const std::shared_lock lock(core_->book_mutex);
        shape = core_->shape;
        eras = core_->eras;
    }
    const std::int64_t wanted = *model_at ? std::stoll(**model_at) : 1;
    for (const Era& era : eras->list())
        if (era.position == wanted && era.version != shape->version) {
            const std::shared_lock lock(core_->book_mutex);
            auto sight = core_->sight(era.version);
            YIPAN_CHECK(sight.has_value());  // the journal that was read a moment ago holds it
            shape = sight->shape;
        }
    if (const auto used = store->use(shape->model); !used) store = store::unreachable(used.error());
    return std::make_unique<SnapshotImpl>(
        *this, std::move(store), std::min(head->position, core_->read_only && !core_->following ? core_->book_position : head->position),
        std::move(shape));
}

SnapshotImpl::SnapshotImpl(BoardImpl& board, std::unique_ptr<store::Store> store, std::int64_t position, ShapePtr shape)
    : board_(board),
      store_(std::move(store)),
      position_(position),
      shape_(std::move(shape)),
      world_(*store_, shape_) {
    board_.begin_use();
}
SnapshotImpl::~SnapshotImpl() {
    board_.give_back(std::move(store_));
    board_.end_use();
}
const model::Model& SnapshotImpl::model() const { return *shape_->model; }
Date SnapshotImpl::today() const { return board_.core().facts.zone.date_of(board_.now()); }

Result<journal::ProvenEntry> SnapshotImpl::proven(Position entry, std::uint8_t open) {
    if (entry.value < 1 || entry.value > position_) return no_such_size(entry);
    YIPAN_TRY(auto stored, store_->entry(entry.value));
    journal::ProvenEntry out;
    if (entry.value > 1) {
        YIPAN_TRY(const auto before, store_->entry(entry.value - 1));
        out.before = before.leaf;
    }
    out.entry = std::move(stored.entry);
    if (journal::leaf_of(out.entry, out.before) != stored.leaf)
        return fail(Code::corrupt, "entry " + std::to_string(entry.value), "does not match its own hash",
                    "run yipan verify; restore a backup");
    for (std::size_t g = 0; g < journal::group_count; ++g) {
        if (open >> g & 1 && !(g == 0 && store::archived(out.entry))) continue;
        out.entry.salt[g].clear();
        out.entry.body[g].clear();
    }
    YIPAN_TRY(out.inclusion, journal::inclusion_proof(static_cast<std::uint64_t>(entry.value - 1),
                                                      static_cast<std::uint64_t>(position_), hashes()));
    return out;
}

Errors SnapshotImpl::judge(const Draft& draft, const Permit& permit) {
    Core& core = board_.core();
    if (!judge_) {
        log_ = std::make_unique<Log>(*store_, Salts());
        judge_ = std::make_unique<Judge>(*store_, core.shape, core.plan, world_, *log_, core.facts.zone,
                                         core.facts.model_version);
        judge_->ask_figure = [this](std::string_view code, int unit_type, std::int64_t unit, Period period,
                                    const Pending&) -> Result<cel::Value> {
            figure::Ask ask;
            ask.figure = model().find_figure(code);
            if (ask.figure < 0) return fail(Code::not_found, "", "no figure \"" + std::string(code) + "\"");
            ask.unit_type = unit_type;
            ask.unit = unit;
            ask.period = period;
            return Core::figure_value(model().figures[static_cast<std::size_t>(ask.figure)], figure(ask));
        };
        if (const Status opened = judge_->open(); !opened) {
            judge_.reset();
            return {opened.error()};
        }
    }
    judge_->permit = permit;
    return judge_->consider(draft, board_.now());
}

Result<RecordId> SnapshotImpl::find(int type, std::string_view key) {
    const model::Type& shape = model().types[static_cast<std::size_t>(type)];
    if (shape.key < 0) return fail(Code::not_found, shape.code, "records of this type have no key", "name them by #id");
    if (key.starts_with('#')) {
        const RecordId id(std::atoll(std::string(key.substr(1)).c_str()));
        if (world_.current(type, id)) return id;
        if (const auto other = redirect(type, id)) return *other;
        return fail(Code::not_found, "", "no " + shape.code + " " + std::string(key));
    }
    const bool number = model::stored_as_integer(shape.fields[static_cast<std::size_t>(shape.key)].kind);
    const record::Value value = number ? record::Value(static_cast<std::int64_t>(std::atoll(std::string(key).c_str())))
                                       : record::Value(std::string(key));
    YIPAN_TRY(const auto ids, store_->find(type, {shape.key}, {value}, 1));
    if (!ids.empty()) return RecordId(ids[0]);
    YIPAN_TRY(const auto moved, store_->redirect_of_key(type, key));
    if (moved) return redirect(type, RecordId(*moved)).value_or(RecordId(*moved));
    // The nearest known key, looked for among the first few thousand, and not for every row of a wrong file.
    constexpr std::int64_t looked_at_max = 5'000;
    constexpr int suggestions_a_second = 200;
    std::vector<std::string_view> names;
    if (const auto now = std::chrono::steady_clock::now(); now >= suggestions_until_) {
        suggestions_until_ = now + std::chrono::seconds(1);
        suggestions_left_ = suggestions_a_second;
    }
    if (!number && suggestions_left_ > 0) {
        --suggestions_left_;
        const auto [known, fresh] = known_keys_.try_emplace(type);
        if (fresh) {
            YIPAN_TRY(const auto rows, store_->list(type, "", {}, 0, looked_at_max));
            for (const auto& r : rows)
                if (const auto* text = record::as_text(r->at(shape.key))) known->second.push_back(*text);
        }
        names.assign(known->second.begin(), known->second.end());
    }
    return fail(Code::not_found, "", "no " + shape.code + " \"" + std::string(key.substr(0, 60)) + "\"",
                did_you_mean(key, names,
                             "its " + shape.fields[static_cast<std::size_t>(shape.key)].code +
                                 " as in: yipan list BOARD " + shape.code));
}

Result<std::pair<std::string, std::vector<record::Value>>> SnapshotImpl::where_of(int type, const std::string& filter,
                                                                                  Voids voids,
                                                                                  std::size_t parameters_before) const {
    std::pair<std::string, std::vector<record::Value>> out;
    if (voids == Voids::left_out) out.first = store_->counted_condition();
    if (filter.empty()) return out;
    cel::Env env;
    env.self = model().types[static_cast<std::size_t>(type)].object;
    env.schema = static_cast<const cel::Schema*>(model().schema.get());
    env.expected = cel::Type::boolean();
    const auto program = cel::compile(filter, env);
    if (!program) return fail(program.error().front());
    const auto sql = cel::to_sql(*program, {"t", static_cast<int>(parameters_before) + 1});
    if (!sql) return fail(sql.error().front());
    out.first = out.first.empty() ? sql->condition : "(" + sql->condition + ") AND " + out.first;
    YIPAN_TRY(const auto values, sql->bind({}));
    for (const auto& v : values) out.second.push_back(record::from_stored(v));
    return out;
}

Result<Snapshot::ListResult> SnapshotImpl::list(int type, const std::string& filter, std::int64_t offset,
                                                std::int64_t limit, Voids voids) {
    if (limit < 1 || limit > list_max)
        return fail(Code::limit_exceeded, "", "a page of " + std::to_string(limit) + " records",
                    "1 to " + std::to_string(list_max));
    YIPAN_TRY(const auto where, where_of(type, filter, voids));
    ListResult out;
    YIPAN_TRY(out.rows, store_->list(type, where.first, where.second, offset, limit + 1));
    out.more = static_cast<std::int64_t>(out.rows.size()) > limit;
    if (out.more) out.rows.pop_back();
    return out;
}
Result<std::int64_t> SnapshotImpl::count(int type, const std::string& filter, Voids voids) {
    YIPAN_TRY(const auto where, where_of(type, filter, voids));
    return store_->count(type, where.first, where.second);
}
std::optional<RecordId> SnapshotImpl::redirect(int type, RecordId id) {
    std::optional<RecordId> out;
    // Each merge leads to a record that was there then, so the chain ends; damaged rows must not make it a ring.
    constexpr int merges_max = 1'000;
    for (int i = 0; i < merges_max; ++i) {
        const auto next = store_->redirect(type, (out ? *out : id).value);
        if (!next || !*next) break;
        out = RecordId(**next);
    }
    return out;
}
Result<store::ListQuery> SnapshotImpl::compiled(int type, const Query& query) const {
    store::ListQuery out;
    out.where = query.also;
    out.parameters = query.also_parameters;
    YIPAN_TRY(auto filter, where_of(type, query.filter, query.voids, out.parameters.size()));
    if (!filter.first.empty())
        out.where = out.where.empty() ? filter.first : "(" + out.where + ") AND (" + filter.first + ")";
    for (auto& v : filter.second) out.parameters.push_back(std::move(v));
    out.order = query.order;
    out.offset = query.offset;
    out.limit = query.limit;
    return out;
}
Result<std::optional<Snapshot::ListResult>> SnapshotImpl::along_order(int type, const Query& query, const store::ListQuery& asked) {
    constexpr std::int64_t rows_max = 2'000;                                    // of a page and what lies before it
    constexpr std::size_t looked_at_max = 6'000, sure_after = 256, piece_max = 1'024;
    const auto& order = query.order;
    const bool one = order.size() == 1 || (order.size() == 2 && order[1].field < 0 && order[1].descending == order[0].descending);
    if (!one || order[0].field < 0 || board_.core().read_only || query.offset < 0 || query.offset + query.limit > rows_max) return std::nullopt;
    const model::Field& field = model().types[static_cast<std::size_t>(type)].fields[static_cast<std::size_t>(order[0].field)];
    // What has an index is walked along it; personal texts are not kept where an erasure does not reach.
    if (field.unique || field.index || field.group == model::FieldGroup::personal) return std::nullopt;
    const auto kept = board_.core().orders.at({shape_->version, type, order[0].field}, *store_, position_, *shape_);
    if (!kept) return std::nullopt;
    Order::Walk walk(*kept, order[0].descending);
    const auto need = static_cast<std::size_t>(query.offset + query.limit + 1);
    ListResult out;
    std::size_t looked_at = 0, found = 0;
    for (std::size_t piece = std::min(piece_max, std::max<std::size_t>(64, 2 * need));; piece = std::min(piece_max, 2 * piece)) {
        const std::vector<std::int64_t> ids = walk.next(piece);
        if (ids.empty()) break;
        store::ListQuery some;
        some.where = asked.where;
        some.parameters = asked.parameters;
        some.among = ids;
        some.limit = static_cast<std::int64_t>(ids.size());
        YIPAN_TRY(auto rows, store_->list(type, some));  // by id
        const auto by_id = [](const record::RecordPtr& r, std::int64_t id) { return r->id.value < id; };
        for (const std::int64_t id : ids) {
            const auto row = std::lower_bound(rows.begin(), rows.end(), id, by_id);
            if (row == rows.end() || (*row)->id.value != id) continue;
            if (++found > static_cast<std::size_t>(query.offset) && found <= need) out.rows.push_back(*row);
        }
        looked_at += ids.size();
        if (found >= need || ids.size() < piece) break;
        if (looked_at >= sure_after && looked_at * need > looked_at_max * found) return std::nullopt;
    }
    out.more = found >= need;
    if (out.more) out.rows.pop_back();
    return out;
}
Result<Snapshot::ListResult> SnapshotImpl::list(int type, const Query& query) {
    if (query.limit < 1 || query.limit > list_max)
        return fail(Code::limit_exceeded, "", "a page of " + std::to_string(query.limit) + " records",
                    "1 to " + std::to_string(list_max));
    YIPAN_TRY(store::ListQuery asked, compiled(type, query));
    if (query.keep_order) {
        YIPAN_TRY(auto page, along_order(type, query, asked));
        if (page) return std::move(*page);
    }
    ++asked.limit;
    ListResult out;
    YIPAN_TRY(out.rows, store_->list(type, asked));
    out.more = static_cast<std::int64_t>(out.rows.size()) > query.limit;
    if (out.more) out.rows.pop_back();
    return out;
}
Result<std::int64_t> SnapshotImpl::count(int type, const Query& query, std::int64_t limit) {
    YIPAN_TRY(const store::ListQuery asked, compiled(type, query));
    return store_->count_to(type, asked.where, asked.parameters, limit);
}
Result<std::vector<record::Value>> SnapshotImpl::sums(int type, const Query& query, const std::vector<int>& fields) {
    YIPAN_TRY(const store::ListQuery asked, compiled(type, query));
    return store_->sums(type, asked.where, asked.parameters, fields);
}
Status SnapshotImpl::each_entry(Position from, Position to, const std::function<bool(const Entry&)>& visit) {
    bool more = true;
    const Status status =
        store_->each_entry(from.value, std::min(to.value, position_), [&](const store::StoredEntry& e) -> Status {
            more = visit(entry_of(*shape_, e));
            if (!more) return fail(Code::usage, "", "stopped by the caller");
            return {};
        });
    return more ? status : Status{};
}

// The book may be ahead of this snapshot by a batch or more; then the question is asked as known here (I5).
figure::Ask SnapshotImpl::pinned(const figure::Ask& ask) const {
    figure::Ask out = ask;
    if (out.as_known ? out.as_known->value > position_ : board_.core().book_position != position_)
        out.as_known = Position(position_);
    if (out.today.days == 0) out.today = today();
    return out;
}
// Which model's definitions count: those in force at the position asked about, or this snapshot's own. Inside a change
// the board is still what it was before it.
Result<SnapshotImpl::Aim> SnapshotImpl::aim(const figure::Ask& asked) {
    Core& core = board_.core();
    Aim out;
    out.ask = pinned(asked);
    Era era = core.eras->in_force(position_);
    if (out.ask.as_known) {
        era = core.eras->in_force(out.ask.as_known->value);
        for (const Era& e : core.eras->list())
            if (e.position <= out.ask.as_known->value && out.ask.as_known->value < e.last && e.position > 1)
                out.ask.as_known = Position(e.position - 1);
    }
    YIPAN_TRY(out.sight, core.sight(era.version));
    if (era.version == shape_->version) return out;
    const model::Model &mine = *shape_->model, &then = *out.sight.shape->model;
    const model::Figure& figure = mine.figures[static_cast<std::size_t>(asked.figure)];
    out.ask.figure = then.find_figure(figure.code);
    if (out.ask.figure < 0)
        return fail(Code::not_found, figure.code, "was not a figure of the model then in force",
                    "ask by today's definition: --definition now");
    const auto type_then = [&](int type) {
        if (type < 0) return type;
        for (const model::Type& t : then.types) {
            journal::Entry any;
            any.model_version = era.version;
            any.type = t.code;
            const int now = era.version < shape_->version ? shape_->type_of(any)
                                                          : mine.find_type(t.code);
            if (now == type) return t.index;
        }
        return -2;
    };
    out.ask.unit_type = type_then(asked.unit_type);
    if (out.ask.unit_type == -2) return fail(Code::not_found, figure.code, "the type of the unit was not in the model then in force");
    if (asked.forest >= 0) {
        out.ask.forest = then.find_forest(mine.forests[static_cast<std::size_t>(asked.forest)].code);
        if (out.ask.forest < 0) return fail(Code::not_found, figure.code, "the forest was not in the model then in force");
    }
    // Dimension values that are choices, by their codes.
    const model::Figure& past = then.figures[static_cast<std::size_t>(out.ask.figure)];
    const auto end_of = [](const model::Model& m, const model::Figure& f, std::size_t i) -> const model::Field* {
        if (i >= f.by.size()) return nullptr;
        int type = f.type;
        const auto& path = f.by[i].fields;
        for (std::size_t k = 0; k + 1 < path.size(); ++k)
            type = m.types[static_cast<std::size_t>(type)].fields[static_cast<std::size_t>(path[k])].target;
        return &m.types[static_cast<std::size_t>(type)].fields[static_cast<std::size_t>(path.back())];
    };
    for (std::size_t i = 0; i < 2; ++i) {
        auto& value = i == 0 ? out.ask.d1 : out.ask.d2;
        const model::Field *a = end_of(mine, figure, i), *b = end_of(then, past, i);
        if (!value || *value == 0 || !a || !b || a->choices.empty()) continue;
        const std::string& code = a->choices[static_cast<std::size_t>(*value - 1)].code;
        std::int64_t index = -1;
        for (std::size_t c = 0; c < b->choices.size(); ++c)
            if (b->choices[c].code == code) index = static_cast<std::int64_t>(c) + 1;
        value = index;
    }
    return out;
}

Result<const figure::Book*> SnapshotImpl::by_today(const figure::Ask& ask) {
    std::vector<figure::Link> links;
    {
        const std::shared_lock lock(board_.core().book_mutex);
        links = board_.core().all_links();
    }
    const std::int64_t at = std::min(ask.as_known ? ask.as_known->value : position_, position_);
    if (!past_ || past_->position() != at || past_->figure() != ask.figure) {
        YIPAN_TRY(past_, PastBook::count(*store_, shape_, ask.figure, at, std::move(links)));
    }
    return &past_->book();
}

figure::Value SnapshotImpl::figure(const figure::Ask& ask) {
    const auto none = [](const Error& error) {
        figure::Value v;
        v.why_none = error.text();
        return v;
    };
    if (ask.by_today && ask.as_known) {
        const auto book = by_today(ask);
        figure::Ask now = pinned(ask);
        now.as_known.reset();
        return book ? (*book)->value(now) : none(book.error());
    }
    const std::shared_lock lock(board_.core().book_mutex);
    const auto at = aim(ask);
    return at ? board_.core().book->value(at->ask, at->sight.lens) : none(at.error());
}
figure::Explanation SnapshotImpl::why(const figure::Ask& ask, figure::Page page) {
    figure::Explanation out;
    if (ask.by_today && ask.as_known) {
        const auto book = by_today(ask);
        figure::Ask now = pinned(ask);
        now.as_known.reset();
        if (book) return (*book)->why(now, page);
        out.value.why_none = book.error().text();
        return out;
    }
    const std::shared_lock lock(board_.core().book_mutex);
    const auto at = aim(ask);
    if (!at) {
        out.value.why_none = at.error().text();
        return out;
    }
    out = board_.core().book->why(at->ask, page, at->sight.lens);
    if (at->sight.shape->version == shape_->version) return out;
    // Back into the words of this snapshot's model; a part it no longer has stands in the formula only.
    for (auto& row : out.rows) row.what.cell.figure = ask.figure;
    std::erase_if(out.parts, [&](figure::PartValue& part) {
        const auto& code = at->sight.shape->model->figures[static_cast<std::size_t>(part.ask.figure)].code;
        part.ask.figure = shape_->model->find_figure(code);
        part.ask.unit_type = ask.unit_type;
        part.ask.forest = ask.forest;
        return part.ask.figure < 0;
    });
    return out;
}
// Postings of two definitions do not tell a difference.
Status SnapshotImpl::one_definition(const figure::Ask& ask, Position from, Position to) const {
    Core& core = board_.core();
    for (const Era& era : core.eras->list()) {
        if (era.version < 2 || era.last <= from.value || era.last > to.value) continue;
        YIPAN_TRY(const StepPtr step, core.eras->step(era.version));
        const std::string& code = shape_->model->figures[static_cast<std::size_t>(ask.figure)].code;
        const int index = step->after->find_figure(code);
        const bool goes_on = index >= 0 && (step->after->figures[static_cast<std::size_t>(index)].derived() ||
                                            step->figure_from[static_cast<std::size_t>(index)] >= 0);
        if (!goes_on)
            return fail(Code::invalid_input, code,
                        "what it counts or adds up changed with entry " + std::to_string(era.position),
                        "ask the difference before or after that entry");
    }
    return {};
}
Result<std::vector<figure::Posting>> SnapshotImpl::difference(const figure::Ask& ask, Position from, Position to,
                                                              std::size_t limit) {
    const std::shared_lock lock(board_.core().book_mutex);
    YIPAN_TRY_VOID(one_definition(ask, from, std::min(to, Position(position_))));
    YIPAN_TRY(const Core::Sight mine, board_.core().sight(shape_->version));
    return board_.core().book->difference(ask, from, std::min(to, Position(position_)), limit, mine.lens);
}
void SnapshotImpl::each_cell(const std::function<void(const figure::CellKey&, __int128, std::int64_t)>& visit) {
    const std::shared_lock lock(board_.core().book_mutex);
    board_.core().book->each_cell(visit);
}
}  // namespace

VerifyReport Board::verify_file(const std::string& path, const Progress& progress) {
    Options reading;
    reading.read_only = true;
    const auto board = open(path, reading);
    if (board) return (*board)->verify(progress);
    VerifyReport report;
    verify_pages(path, report, progress);
    // A file that is no board has no pages of ours: what opening it says is all there is to say.
    if (report.damaged_pages == report.pages) report.problems.clear();
    report.problems.insert(report.problems.end(), board.error().begin(), board.error().end());
    return report;
}

std::string_view verb_name(Verb verb) { return journal::verb_name(static_cast<journal::Verb>(verb)); }

Checked<std::unique_ptr<Board>> Board::open(const std::string& path, Options options) {
    auto core = Core::open(path, options);
    if (!core) return fail(core.error());
    return std::unique_ptr<Board>(std::make_unique<BoardImpl>(std::move(*core), options));
}

namespace {
Status write_birth(const std::string& path, const Board::Birth& birth, const model::ModelPtr& model,
                   journal::Entry first) {
    YIPAN_TRY(auto store, store::open(path, store::Access::create));
    YIPAN_TRY_VOID(store->begin());
    YIPAN_TRY_VOID(store->set_meta("name", birth.name));
    YIPAN_TRY_VOID(store->set_meta("note", birth.note));
    YIPAN_TRY_VOID(store->set_meta("zone", birth.zone));
    if (birth.frozen_clock) YIPAN_TRY_VOID(store->set_meta("frozen_clock", std::to_string(birth.frozen_clock->micros)));
    if (!birth.salt_seed.empty()) YIPAN_TRY_VOID(store->set_meta("salt_seed", birth.salt_seed));
    YIPAN_TRY_VOID(store->set_meta("model_position", "1"));
    YIPAN_TRY_VOID(store->install(model));
    Log log(*store, Salts(birth.salt_seed));
    YIPAN_TRY_VOID(log.append(first));
    YIPAN_TRY_VOID(store->set_head({log.position(), log.root()}));
    YIPAN_TRY_VOID(store->commit());
    return store->sync();
}

// Nothing half-made stays behind; a file that was there before is not ours to remove.
Checked<void> born(const std::string& path, const Status& written) {
    if (written) return {};
    if (written.error().code != Code::duplicate && written.error().code != Code::busy)
        store::discard(path);
    return fail(Errors{written.error()});
}
}  // namespace

Checked<std::unique_ptr<Board>> Board::create(const std::string& path, Birth birth) {
    auto model = model::load(birth.model);
    if (!model) return fail(model.error());
    const auto zone = Zone::load(birth.zone);
    if (!zone) return fail(Errors{zone.error()});
    journal::Entry first;
    first.time = (birth.frozen_clock ? *birth.frozen_clock : SystemClock().now()).micros;
    first.channel = "init";
    first.verb = journal::Verb::model;
    first.version = 1;
    first.model_version = 1;
    first.transaction = 1;
    first.effective = zone->date_of(Instant{first.time}).days;
    first.body[0] = model_body((*model)->files);
    if (auto ok = born(path, write_birth(path, birth, *model, std::move(first))); !ok) return fail(ok.error());
    return open(path, {});
}

Checked<std::unique_ptr<Board>> Board::replay(const std::string& from, const std::string& to,
                                              const Progress& progress) {
    constexpr std::int64_t entries_per_batch = 2'000;
    Options reading;
    reading.read_only = true;
    auto source = Core::open(from, reading);
    if (!source) return fail(source.error());
    store::Store& old = *(*source)->store;
    const auto archives = archives_of(old, from);
    if (!archives) return fail(Errors{archives.error()});
    for (const ArchiveState& a : *archives)
        if (a.at.empty())
            return fail(Errors{{Code::not_found, from, std::to_string(a.line.bodies) + " bodies it replays are archived in " + a.line.file + " (SHA-256 " + a.line.sha256 + "), which is not at hand; nothing was made",
                                "yipan archive BOARD --attach FILE says where it is; verify and recompute say without it what holds"}});
    const auto prepare = [&]() -> Status {
        YIPAN_TRY(const auto first, old.entry(1));
        YIPAN_TRY(const auto seed, old.meta("salt_seed"));
        Birth birth;
        birth.name = (*source)->facts.name;
        birth.note = (*source)->facts.note;
        birth.zone = (*source)->facts.zone.name();
        birth.frozen_clock = (*source)->facts.frozen;
        birth.salt_seed = seed.value_or("");
        YIPAN_TRY(const auto born_with, (*source)->eras->model(1));
        return write_birth(to, birth, born_with, first.entry);
    };
    if (auto ok = born(to, prepare()); !ok) return fail(ok.error());
    {
        auto target = Core::open(to, {});
        if (!target) return fail(target.error());
        const auto head = old.head();
        if (!head) return fail(Errors{head.error()});
        std::vector<journal::Entry> batch;
        std::int64_t at = 2;
        const auto changes = (*source)->eras->list();
        auto change = changes.begin() + 1;
        while (at <= head->position) {
            Status status;
            if (change != changes.end() && change->position == at) {  // the model, with the records it rewrote
                const auto model_entry = old.entry(at);
                if (!model_entry) return fail(Errors{model_entry.error()});
                status = (*target)->replay_change(
                    model_entry->entry, [&](const std::function<Status(const journal::Entry&)>& each) {
                        return old.each_entry(change->position + 1, change->last,
                                              [&](const store::StoredEntry& e) { return each(e.entry); });
                    });
                at = change->last + 1;
                ++change;
            } else {
                std::int64_t to_entry = std::min(at + entries_per_batch - 1, head->position);
                if (change != changes.end()) to_entry = std::min(to_entry, change->position - 1);
                batch.clear();
                status = old.each_entry(at, to_entry, [&](const store::StoredEntry& e) -> Status {
                    batch.push_back(e.entry);
                    return {};
                });
                if (status) status = (*target)->replay(batch);
                at = to_entry + 1;
            }
            if (!status) return fail(Errors{status.error()});
            if (progress) progress(at - 1, head->position);
        }
        if (const auto files = copy_attachments(from, old, to, *(*target)->store); !files) return fail(Errors{files.error()});
        const auto copied = (*target)->store->head();
        if (!copied || copied->root != head->root)
            return fail(Errors{{Code::corrupt, from, "its journal does not hash to the same root when it is replayed",
                                "run yipan verify"}});
    }
    return open(to, {});
}

}  // namespace yipan::board
