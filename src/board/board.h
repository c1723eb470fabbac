#pragma once
// A board: everything one merged zone keeps. `apply` is the only way in (I1-I3, I6); everything else reads.
#include <array>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "base/date.h"
#include "base/hash.h"
#include "base/workdays.h"
#include "figure/book.h"
#include "journal/proof.h"
#include "model/load.h"
#include "model/step.h"
#include "record/body.h"
#include "record/record.h"
#include "store/store.h"

namespace yipan::board {

enum class Verb : std::uint8_t {
    create = 1,
    amend = 2,
    move = 3,
    remove = 4,
    model = 5,
    invalidate = 6,  // void (作廢): stays, counts in nothing
    restore = 7,     // takes back an invalidate or a remove
    erase = 8,       // lawful erasure of bodies
    merge = 9,       // a duplicate goes into another record
    migrate = 10,    // a model change rewrote the record; not for drafts
    read = 11,       // somebody looked at personal data: no record changes
    act = 12,        // something was done to an account: no record changes, no secret is told
    expunge = 13     // what `erase` of a record that is gone already writes; not for drafts
};

std::string_view verb_name(Verb verb);

/// One change of one record. Values are in stored form (record/input.h turns texts into values). A reference may point
/// to a record created earlier in the same draft: give it as the negative number -(k+1), k = index of that change.
struct Change {
    Verb verb = Verb::create;
    int type = -1;
    RecordId record;                                 // amend, move, remove; may be negative as above
    std::optional<std::int32_t> expected_version;    // optimistic concurrency
    std::vector<std::pair<int, record::Value>> set;  // field index, new value (monostate unsets)
    std::string move;                                // code of the move
    std::optional<Date> effective;                   // from when the values hold; the entry's date unless said
    // Taking back (docs/taking-back.md). invalidate, restore, merge: the reason; erase: its legal basis and who
    // decided. amend: why, where that is worth telling.
    std::string note, decider;
    RecordId into;            // merge: `record` goes into this one; `set` then amends the one that stays
    std::uint8_t groups = 0;  // erase: bits of model::FieldGroup (1 plain, 2 personal, 4 attachment)
    std::string told;         // read, act: what happened, canonical JSON
    bool alone = false;  // remove: refused when anything refers to it, whatever the model says of that reference
    std::string where;        // place for errors: "projects.csv:12"
};

/// A text beside the journal (docs/decisions/0018-side-table.md); unset drops it.
struct SideWrite {
    std::string space, key;
    std::optional<std::string> value;
    bool erased = false;  // what stood there leaves the files as well, like the bodies of an erasure
};

/// What one person in one post asks for at once: accepted or refused as a whole.
struct Draft {
    RecordId actor, post;         // of the identity types; 0 = the system itself
    std::string channel;          // web, cli:<os user>, import, clock, demo
    std::string idempotency_key;  // same key again: the stored receipt, nothing written
    bool dry_run = false;         // judge, write nothing
    bool by_act = false;          // made by an act of workflow (src/flow), which has asked who may: its types may be
                                  // written, moves with steps be done
    std::vector<Change> changes;
    std::vector<SideWrite> side;  // written in the same transaction
    std::vector<std::string> forget_receipts;  // idempotency keys whose life is over
    std::optional<model::Language> language;  // of the sentences of the model's rules in refusals; unset: 简 and English
};

struct Receipt {
    Position first, last;  // entries of this draft
    Instant time;
    std::vector<RecordId> records;  // per change
    std::vector<std::int32_t> versions;
    bool repeated = false;  // answered from the idempotency key
};

using Progress = std::function<void(std::int64_t done, std::int64_t total)>;

/// Who may write what. Asked for every change with the images before and after it (null: there is none), on the
/// writer's thread, in the state of its transaction; appends what is refused. Changes dragged along by another are not
/// asked for, with one exception: with a change of verb `read` (and no image after it) the permit is asked whether who
/// writes may be told of the record before it, so that a refusal names no record that is not his to see.
struct WriteAsk {
    const Draft& draft;
    const Change& change;
    const model::Type& type;
    const record::Record* before = nullptr;
    const record::Record* after = nullptr;
};
using Permit = std::function<void(const WriteAsk& ask, record::Resolver& world, Errors& refused)>;

/// What a batch changed, told after it is durable and shown.
struct Changed {
    int type = -1;
    RecordId record;
    std::int32_t version = 0;
    Verb verb = Verb::create;
    record::RecordPtr gone;  // the last version of a record that is not there any more; of all others null
};
struct Shown {
    Position position;             // of the batch's last entry
    std::vector<Changed> records;  // in the order written
    std::vector<int> figures;      // that moved, ascending
    std::vector<std::pair<int, std::int64_t>> units;  // whose own cells moved, by figure and unit, ascending; empty: of any units
    bool model = false;            // another model is in force; what it rewrote is not listed
};
using Subscriber = std::function<void(const Shown& shown)>;

struct Options {
    bool read_only = false;
    bool follow = false;           // of a board in a database, for reading: what others write is taken in as it comes
    Clock* clock = nullptr;        // default: the board's own (system clock, or its frozen time)
    std::size_t queue_max = 4096;  // drafts waiting; apply() blocks beyond
    std::size_t batch_max = 512;   // drafts per transaction
    Progress upgrade_progress;     // of a board of an older format opened for writing
};

struct Entry {  // an entry of the journal, decoded
    Position position, previous, transaction;
    Instant time;
    RecordId actor, post;
    std::string channel;
    Verb verb = Verb::create;
    int type = -1;          // in the snapshot's model; -1: the model itself, or a type that is gone
    std::string type_code;  // as it was called then; empty: the model itself
    RecordId record;
    std::int32_t version = 0;
    std::int32_t model_version = 0;
    Date effective;
    std::string plain, personal, attachment;  // canonical bodies (JSON); empty when the group is empty or was erased
    record::Marks marks;                      // why something was taken back
    Digest leaf{};
};

struct VerifyReport {
    bool ok = false;
    std::int64_t entries = 0, records = 0, nodes = 0;
    std::int64_t pages = 0, damaged_pages = 0;  // of the file, used or free; 0 pages: a format without checksums
    std::int64_t attachments = 0, attachment_bytes = 0;
    std::int64_t archived = 0;                  // bodies that lie in archives which are not at hand, so that nobody read them
    std::vector<std::string> archives_missing;  // each with its hash
    std::int64_t log_frames = 0;                // of the write-ahead log
    std::string log_note;                       // frames of it that do not count, where that is worth telling; no damage
    Digest root{};
    Errors problems;  // each names the entry or record
};

struct Upgrade {  // what opening a board of an older format for writing did
    int from = 0, to = 0;
    std::string backup;  // the board as it was, beside it
};

/// Bytes a record's attachment field names by their hash (docs/life.md).
struct Attachment {
    std::string hash;  // 64 hex digits: a field holds "sha256:<hash> <name>"
    std::int64_t bytes = 0;
    bool beside = false;  // in a file beside the board
};
/// Fills the room and says how much; 0: the end.
using ReadSome = std::function<Result<std::size_t>(char* out, std::size_t room)>;

/// The days the model's `flow: holiday` keeps; weekends only without it.
WorkCalendar calendar_of(const model::Model& model,
                         const std::function<void(const std::function<bool(const record::RecordPtr&)>&)>& each);

/// What a deadline of the model comes to for a record; none: it has nothing to count from.
Result<std::optional<WorkdayAnswer<Date>>> counted(const model::Deadline& deadline, const record::Record& record, const WorkCalendar& calendar);
/// Whether a new arrangement of holidays moves it still.
bool is_open(const model::Model& model, const model::Deadline& deadline, const record::Record& record, record::Resolver& resolver);

/// Whether lists and counts include void records.
enum class Voids { left_out, included };

/// A consistent view at one position; cheap to take, never waits for the writer. Not shared between threads.
class Snapshot {
  public:
    virtual ~Snapshot() = default;
    virtual Position position() const = 0;
    /// Merkle root of the journal at position(), as stored with it.
    virtual Result<Digest> root() = 0;
    /// For strangers (journal/proof.h): what the board's checkpoints are called, this position as one of them, an
    /// entry with its path in the tree, and the steps from an earlier size. Of an entry the groups named by `open`
    /// (bits of model::FieldGroup) are shown with salt and body, of the others the commitments alone.
    virtual Result<std::string> origin() = 0;
    virtual Result<journal::Checkpoint> checkpoint() = 0;
    virtual Result<journal::ProvenEntry> proven(Position entry, std::uint8_t open) = 0;
    virtual Result<Digest> root_at(Position size) = 0;
    virtual Result<journal::Proof> consistency(Position from) = 0;
    virtual const model::Model& model() const = 0;
    virtual Date today() const = 0;
    virtual record::RecordPtr record(int type, RecordId id) = 0;
    virtual record::Resolver& resolver() = 0;
    /// By key (the type's `key` field, or title) as people write it.
    virtual Result<RecordId> find(int type, std::string_view key) = 0;
    struct ListResult {
        std::vector<record::RecordPtr> rows;
        bool more = false;
    };
    virtual Result<ListResult> list(int type, const std::string& cel_filter, std::int64_t offset, std::int64_t limit,
                                    Voids voids = Voids::left_out) = 0;
    virtual Result<std::int64_t> count(int type, const std::string& cel_filter, Voids voids = Voids::left_out) = 0;
    struct Query {
        std::string filter;  // CEL; empty: all
        std::string also;    // compiled SQL over alias t (cel/sql.h), parameters from ?1 on
        std::vector<record::Value> also_parameters;
        std::vector<store::ListQuery::Order> order;
        std::int64_t offset = 0, limit = 50;
        Voids voids = Voids::left_out;
        /// The order is worth keeping in memory for the next question (docs/decisions/0041): for whoever answers many.
        bool keep_order = false;
    };
    /// Records for which both conditions hold, in the order asked for.
    virtual Result<ListResult> list(int type, const Query& query) = 0;
    /// Counted up to `limit`.
    virtual Result<std::int64_t> count(int type, const Query& query, std::int64_t limit) = 0;
    virtual Result<std::vector<record::Value>> sums(int type, const Query& query, const std::vector<int>& fields) = 0;
    virtual Result<std::optional<std::string>> side(std::string_view space, std::string_view key) = 0;
    virtual Status each_side(std::string_view space,
                             const std::function<void(std::string_view key, std::string_view value)>& visit) = 0;
    /// Idempotency keys and their receipts, by key: the first so many between two (not included).
    virtual Result<std::vector<store::KeptReceipt>> receipts(std::string_view after, std::string_view before, std::int64_t limit) = 0;
    /// The record that stands for one that was merged away, however many merges lie between; none when it was not.
    virtual std::optional<RecordId> redirect(int type, RecordId id) = 0;
    /// Every current record of a type in id order, void ones as well.
    virtual Status each(int type, const std::function<bool(const record::RecordPtr&)>& visit) = 0;
    virtual Result<Entry> entry(Position position) = 0;
    virtual Status each_entry(Position from, Position to, const std::function<bool(const Entry&)>& visit) = 0;
    /// All versions of a record, oldest first; of one that is gone as well (its removal is not a version).
    virtual Result<std::vector<record::RecordPtr>> history(int type, RecordId id) = 0;
    /// What the board would say to creating and amending at this position, nothing written and nobody held up: values,
    /// references, uniqueness, rules. Each change is judged against what is here, not against the others; a reference
    /// to another change (a negative number) is taken as given and the record's rules are then left for later. Who may
    /// write is asked of `permit`; none: everybody.
    virtual Errors judge(const Draft& draft, const Permit& permit = {}) = 0;
    virtual figure::Value figure(const figure::Ask& ask) = 0;
    virtual figure::Explanation why(const figure::Ask& ask, figure::Page page) = 0;
    virtual Result<std::vector<figure::Posting>> difference(const figure::Ask& ask, Position from, Position to,
                                                            std::size_t limit) = 0;
    virtual void each_cell(
        const std::function<void(const figure::CellKey&, __int128 sum, std::int64_t count)>& visit) = 0;
};

/// Another model for a board: its files, and a migration that is not one of them.
struct ModelChange {
    std::vector<model::SourceFile> files;
    std::optional<model::SourceFile> migration;
    bool back = false;  // one step back instead: `files` is not looked at
    RecordId actor, post;
    std::string channel;
};
struct ModelReceipt {
    Position first, last;  // the model's entry, and the last of the records'
    Instant time;
    std::int32_t version = 0;
    std::int64_t rewritten = 0, created = 0;  // records
    std::int64_t postings = 0;                // by which figures went over
};
/// What a change would do, looked at before it is made.
struct ModelPreview {
    std::int32_t version = 0;  // it would become
    model::ModelPtr before, after;
    std::vector<model::Difference> differences;
    Errors refused;  // why it would not be made, each with the records concerned
    struct Table {
        std::string code, was;  // code empty: the type goes; was empty: it is new
        std::int64_t records = 0, rewritten = 0, created = 0, dropped = 0;
        int columns_added = 0, columns_dropped = 0, columns_renamed = 0;
    };
    std::vector<Table> tables;  // that are touched
    struct Cell {
        figure::CellKey key;  // of the new model; a choice it no longer has: minus its number in the present one
        __int128 sum_before = 0, sum_after = 0;
        std::int64_t count_before = 0, count_after = 0;
    };
    struct Figure {
        std::string code;
        bool fresh = false;   // new, or no longer what it was
        int scale_before = 0, scale_after = 0;
        std::int64_t cells_before = 0, cells_after = 0, cells_changed = 0;
        std::vector<Cell> first;  // changed ones, in key order
    };
    std::vector<Figure> figures;             // derived anew
    std::vector<std::string> follow;         // derived figures computed from them
    struct Light {
        std::string code;
        std::array<std::int64_t, 4> before{}, after{};  // records by colour (model::Colour)
    };
    std::vector<Light> lights;  // of record types, whose rule or records change
};

class Board {
  public:
    struct Birth {
        std::string name;  // shown on every output
        std::string note;  // e.g. "fictional"; printed with every output when set
        std::string zone = "Asia/Shanghai";
        std::optional<Instant> frozen_clock;  // demo boards: the clock stands still here
        std::string salt_seed;                // demo boards: deterministic salts; empty = random
        std::vector<model::SourceFile> model;
    };
    static Checked<std::unique_ptr<Board>> create(const std::string& path, Birth birth);
    static Checked<std::unique_ptr<Board>> open(const std::string& path, Options options = {});
    /// Repeats the journal of one board in a new one: the same entries, records and figures derived anew; both dumps
    /// are the same bytes (I7). Refused when an entry does not verify on the way.
    static Checked<std::unique_ptr<Board>> replay(const std::string& from, const std::string& to,
                                                  const Progress& progress = {});
    virtual ~Board() = default;

    /// The only write path. Thread-safe; blocks until the draft is durable (after the batch's fsync) or refused.
    virtual Checked<Receipt> apply(Draft draft) = 0;
    /// The same without waiting: the answer comes through the future (one for each draft, in order).
    virtual std::future<Checked<Receipt>> submit(Draft draft) = 0;
    /// The same with a call instead of a future, on a thread of the board: it must be quick and must not write.
    /// In turn: in the order of asking. After others: work by the thousand that nobody looks at while it is done (the
    /// clock) fills the batches that others leave room in, in its own order, so that whoever asks in turn never waits
    /// behind more of it than one short batch.
    using Answered = std::function<void(Checked<Receipt>)>;
    enum class Place : std::uint8_t { in_turn, after_others };
    virtual void submit(Draft draft, Answered answered, Place place = Place::in_turn) = 0;
    /// Several drafts as one transaction for bulk work: each is judged by itself and may be refused by itself.
    virtual std::vector<Checked<Receipt>> apply_batch(std::vector<Draft> drafts) = 0;

    /// Who may write; none: everybody. Set before anybody writes.
    virtual void set_permit(Permit permit) = 0;
    /// Called after each batch on a thread of the board, in order; quick, and does not write. Set before anybody
    /// writes.
    virtual void subscribe(Subscriber subscriber) = 0;

    /// Another model for the living board, in one transaction of the writer: nothing is changed when a record stands
    /// against it, and every such kind of record is named. Readers go on with the shape they began with.
    virtual Checked<ModelReceipt> change_model(ModelChange change, const Progress& progress = {}) = 0;
    /// What that would do. Reads the board as it stands; never waits for the writer.
    virtual Checked<ModelPreview> preview_model(const ModelChange& change, const Progress& progress = {}) = 0;

    /// Takes the bytes of an attachment in; a record names them afterwards. What nothing names after a day goes with the
    /// next `compact`; what an erasure leaves unnamed goes with it.
    virtual Result<Attachment> put_attachment(const ReadSome& read) = 0;
    virtual Result<std::optional<Attachment>> attachment(std::string_view hash) = 0;
    /// In pieces from `offset` on, until `out` says false.
    virtual Status read_attachment(std::string_view hash, std::int64_t offset,
                                   const std::function<bool(std::string_view)>& out) = 0;

    virtual std::unique_ptr<Snapshot> snapshot() = 0;
    virtual model::ModelPtr model() const = 0;
    virtual const std::string& name() const = 0;
    virtual const std::string& note() const = 0;
    virtual const Zone& zone() const = 0;
    virtual Instant now() = 0;
    /// A board with a frozen clock (demo): steps it on, never back; an entry says so.
    virtual Status step_clock(Instant to) = 0;
    virtual bool read_only() const = 0;
    /// Of a board that follows: takes in what others have written until now. Nothing to do for one that writes.
    virtual Status catch_up() = 0;
    virtual bool follows() const = 0;
    /// Of a board in a database: when nobody had a use for its connections in so long before `now`, all are given back, and
    /// single ones nobody needed in that time as well. Asked from time to time by one thread. True: it holds none.
    virtual bool rest(std::chrono::steady_clock::time_point now, std::chrono::milliseconds idle) = 0;
    virtual bool rests() const = 0;
    /// What the next question or draft would do by itself. Fails with busy when another process has written meanwhile: then
    /// this one has been ousted and is to be opened anew.
    virtual Status wake() = 0;
    /// Of a board that writes: another process has taken it over, so that nothing more can be written by this one.
    virtual bool ousted() = 0;
    /// Where this process can be asked; told to whoever is refused because it holds the board for writing.
    virtual void announce(const std::string& address) = 0;
    virtual std::optional<Upgrade> upgraded() const = 0;  // by this opening
    virtual std::optional<Error> damage() const = 0;      // why a damaged board is open for reading only

    /// Pages, journal, tree, record rows. Figures are compared by whoever may know both (see oracle/oracle.h).
    virtual VerifyReport verify(const Progress& progress = {}) = 0;
    /// The same for a file, which may be so damaged that it does not open: then its pages are named.
    static VerifyReport verify_file(const std::string& path, const Progress& progress = {});
    /// The canonical dump (every record, version, entry, cell in key order), handed out line by line.
    virtual Status dump(const std::function<void(std::string_view line)>& out) = 0;
};

}  // namespace yipan::board
