#pragma once
// What writer and snapshots share: the store of the writer, the shape, the book of figures with its lock, and the two
// steps of a batch, write it durably and then show it.
#include <atomic>
#include <chrono>
#include <shared_mutex>
#include <span>

#include "board/change.h"
#include "board/judge.h"
#include "board/orders.h"
#include "board/runs.h"

namespace yipan::board {

class Core {
  public:
    static Checked<std::unique_ptr<Core>> open(const std::string& path, const Options& options);

    /// What a committed batch still has to show in memory. Until show() took it, readers see the batches before it.
    struct Shown {
        Pending pending;
        std::int64_t position = 0;
    };
    /// One transaction for all drafts; answers in their order. Only the writer's thread calls it. The caller owes
    /// harden() and show() of what it returns before it hands out the answers; batches are shown in their order.
    std::optional<Shown> batch(std::span<Draft* const> drafts, std::vector<Checked<Receipt>>& answers);
    /// Everything committed so far survives a power cut (I6). When the disk refuses, nothing more is written: the
    /// outcome of what was committed since is unknown until the board is opened anew.
    Status harden();
    void show(const Shown& shown);
    /// After show(), on the same thread: sorts postings into a run when enough have come together.
    void prepare_run();
    /// Told of every batch after it is shown, on the thread that shows it.
    Subscriber subscriber;
    Permit permit;  // see Board::set_permit
    /// Erased bodies may still stand in the write-ahead log, because a reader holds it: the writer's thread tries again.
    bool scrub_due = false;
    void scrub() { scrub_due = scrub_due && (!store || !store->scrub().value_or(false)); }
    /// Waits until every batch so far is shown; set by whoever shows them on another thread.
    std::function<void()> drain = [] {};

    /// Something beside journal and records, as one durable transaction; on the writer's thread, everything shown.
    Status on_store(const std::function<Status(store::Store&)>& work);

    /// Of a board that follows others' writing: takes in what is there now and tells it like a batch of its own. Any thread.
    Status catch_up();
    bool following = false;
    /// Between two such steps.
    void between(const std::function<void()>& job) {
        const std::lock_guard lock(follow_mutex_);
        job();
    }
    std::atomic<bool> ousted{false};  // somebody else writes now

    /// Of a board in a database, for which nobody has a use at this moment: connections are given back. Unless `in_use` says
    /// otherwise after `resting` was set, which whoever begins to use them looks at after he has raised it. Of one that writes
    /// on the writer's thread, everything shown, as wake(); of one that follows on any.
    bool rest(const std::atomic<int>& in_use);
    /// As before, when nobody has written meanwhile (one that follows takes in what was). Else busy, and ousted.
    Status wake();
    /// Of one that rests: tells so again.
    void rest_on();
    std::atomic<bool> resting{false};
    std::atomic<std::chrono::steady_clock::time_point> used{std::chrono::steady_clock::now()};  // when somebody had a use for it

    /// Where the writer can be asked; told anew when the board is opened anew.
    void announce(const std::string& address);

    /// Of a board whose clock is frozen; on the writer's thread, everything shown.
    /// A frozen clock is stepped: one transaction with the entry that says so.
    Status step_clock(Instant to, Draft told);
    /// What a change of the model comes to: the files it would keep, the model, the step from the present one.
    struct Planned {
        std::vector<model::SourceFile> files;
        model::ModelPtr model;
        StepPtr step;
        std::int32_t version = 0;
    };
    Checked<Planned> plan_change(const ModelChange& change) const;
    /// On the writer's thread, everything shown: the whole change as one transaction, durable and shown when it returns.
    Checked<ModelReceipt> change_model(const ModelChange& change, const Progress& progress);
    /// The same, repeating a change of another board: its model's entry and those of its records.
    Status replay_change(const journal::Entry& model_entry,
                         const std::function<Status(const std::function<Status(const journal::Entry&)>&)>& each_entry);
    /// The figures as the model of a version defined them; null: the present one. Under the book's lock.
    struct Sight {
        ShapePtr shape;
        std::shared_ptr<const figure::Plan> plan;
        figure::Book::Lens lens;
    };
    Result<Sight> sight(std::int32_t version);
    std::vector<figure::Link> all_links() const;  // under the book's lock

    /// One transaction that repeats entries of another board (I7).
    Status replay(std::span<const journal::Entry> entries);

    struct Facts {  // never change while the board is open
        std::string path, name, note;
        Zone zone;
        std::optional<Instant> frozen;
        std::int32_t model_version = 0;
    } facts;
    /// The present model: replaced by a change of it, under the book's exclusive lock.
    ShapePtr shape;
    std::shared_ptr<const figure::Plan> plan;
    ErasPtr eras;
    ShapePtr shape_now() const {
        const std::shared_lock lock(book_mutex);
        return shape;
    }
    std::unique_ptr<store::Store> store;  // the writer's; a reader's when the board is read-only
    bool read_only = false;
    std::optional<Upgrade> upgraded;
    std::optional<Error> damage;  // why a damaged board is open for reading only
    Clock* clock = nullptr;
    Orders orders;  // for lists; not of a board another process writes to

    /// A figure's value as rules see it, in its measure.
    static Result<cel::Value> figure_value(const model::Figure& figure, const figure::Value& value);

    /// The figures: readers hold the lock shared and see one position (I5).
    mutable std::shared_mutex book_mutex;
    std::unique_ptr<StoreRuns> runs;
    std::unique_ptr<figure::Book> book;
    std::int64_t book_position = 0;  // guarded by book_mutex

  private:
    Core() = default;
    Checked<void> load(const Options& options);
    Checked<void> load_model();
    Status load_book();
    Status make_judge();
    Result<cel::Value> figure_in_draft(std::string_view code, int unit_type, std::int64_t unit, Period period,
                                       const Pending& pending);
    Status load_links();
    struct Reshaping;
    Status run_change(Reshaping& c, const std::function<Status(Reshaping&)>& rows, const Progress& progress);
    Status write_change(Reshaping& c, const std::function<Status(Reshaping&)>& rows, const Progress& progress);
    Status put_row(Reshaping& c, const record::RecordPtr& old, const std::shared_ptr<record::Record>& next);
    Status rename_counters(const model::Step& step);
    void adopt(Reshaping& c);
    void publish_links();
    Status commit_batch(Pending& pending, std::int64_t position_before, std::optional<Shown>& shown,
                        bool& failed_at_commit);
    bool try_batch(std::span<Draft* const> drafts, std::vector<Checked<Receipt>>& answers, std::optional<Shown>& shown);
    void recover(std::span<Draft* const> drafts, std::vector<Checked<Receipt>>& answers, const Error& cause,
                 std::optional<Shown>& shown);
    Status reopen();
    Status open_again();
    Status caught_up();  // under follow_mutex_
    Status begin_following();
    Status next_reader();
    Status read_anew();
    Status take_in(std::int64_t batches, const store::Head& head);
    bool come_back();

    std::unique_ptr<store::Store> reader_;  // for runs, when a writer is there
    std::unique_ptr<World> world_;
    std::unique_ptr<Log> log_;
    std::unique_ptr<Judge> judge_;
    std::function<Status(store::Store&)> with_commit_;  // goes into the transaction under way, for step_clock
    std::atomic<bool> hardening_failed_ = false;
    bool again_ = false;  // in recover(): a batch is tried the second time
    std::string announced_;
    std::optional<Error> away_;  // why the store is gone, and when it was looked for
    std::chrono::steady_clock::time_point tried_;
    std::atomic<bool> run_ready_ = false;  // runs holds the notes of a prepared run ...
    std::int64_t run_up_to_ = 0;           // ... of the postings up to here
    std::string salt_seed_;
    FigureNumbers numbers_;
    std::mutex sights_mutex_;
    std::map<std::int32_t, Sight> sights_;  // of earlier versions, made when asked for
    std::map<std::pair<int, std::int64_t>, std::vector<figure::Link>> links_;  // by link record
    // Following: what is shown is read from `store`, in its transaction; the next one is read from `next_`, then they change
    // places. All under follow_mutex_.
    std::mutex follow_mutex_;
    std::atomic<std::int64_t> catching_begun_ = 0;  // one for all who wait: the questions are the database's time
    Status caught_;
    std::unique_ptr<store::Store> next_;
    std::vector<store::RunRow> run_rows_;  // that the book was opened with
    std::int64_t batches_ = 0, model_at_ = 0;
    std::chrono::steady_clock::time_point renewed_;  // the transaction of `store`
    SystemClock system_clock_;
    std::unique_ptr<FrozenClock> frozen_clock_;
};

/// The links a record of a link type stands for: one for each forest that uses the type.
std::vector<figure::Link> links_of(const model::Model& model, const record::Record& record);

}  // namespace yipan::board
