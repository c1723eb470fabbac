#pragma once
// The judge of drafts: the heart of the write path. Inside the writer's transaction it turns a draft into record
// versions, journal entries and figure postings, or refuses it with all its mistakes and leaves nothing behind. Steps
// of architecture.md, "a fact's journey", 3 and 4.
//
// Order for each change: find the record, make its next version (presets, given values, state, computed fields,
// document number), check it, write entry and row, post the difference of its contributions and of those who refer to
// it. Rules see the state after the whole draft.
#include <map>
#include <optional>
#include <set>
#include <span>

#include "board/board.h"
#include "board/log.h"
#include "board/world.h"
#include "figure/book.h"
#include "figure/engine.h"

namespace yipan::board {

/// Everything a batch has done so far and that memory takes over only after the commit.
struct Pending {
    std::vector<figure::Posting> postings;
    std::map<std::pair<int, std::int64_t>, record::RecordPtr> links;  // changed link records; null = removed
    std::map<int, std::int64_t> next_record;                          // by type, ids given out
    bool erased = false;  // bodies are gone: the files are to be scrubbed after the commit
    std::set<std::string> attachments;  // hashes that erased bodies named
    std::vector<std::string> beside;    // of those, the ones beside the board that nothing names any more
    std::vector<Changed> changed;                                     // in the order written
    bool side = false;                                                // something was written beside the journal
};

class Judge {
  public:
    Judge(store::Store& store, ShapePtr shape, std::shared_ptr<const figure::Plan> plan, World& world, Log& log,
          const Zone& zone, std::int32_t model_version)
        : store_(store),
          shape_(std::move(shape)),
          plan_(std::move(plan)),
          world_(world),
          log_(log),
          zone_(zone),
          model_version_(model_version) {}
    Status open();

    /// Judges and writes; on refusal the transaction and `pending` are as before. A store failure is a single Error of
    /// code store_failed (the batch is lost); everything else concerns this draft alone.
    Checked<Receipt> judge(const Draft& draft, Instant now, Pending& pending);
    /// Before the first of these drafts: what they will ask of a far store is asked together. The number of drafts it looked
    /// at; the next is to be told after them.
    std::size_t look_ahead(std::span<Draft* const> drafts);
    /// Snapshot::judge: the same judgement over a store that is only read.
    Errors consider(const Draft& draft, Instant now);
    /// Writes what an entry of another board says, without judging it again: the same entry, row and postings (I7).
    Status replay(const journal::Entry& entry, Pending& pending);
    /// figure() in rules asks here; set by the writer.
    std::function<Result<cel::Value>(std::string_view code, int unit_type, std::int64_t unit, Period period,
                                     const Pending&)>
        ask_figure;
    Permit permit;  // who may write; none: everybody
    std::int64_t next_record(int type) const { return next_record_[static_cast<std::size_t>(type)]; }
    bool store_lost() const { return store_lost_; }
    void batch_over() { store_lost_ = false; }

  private:
    class Session;
    friend class Session;
    Date today(std::int64_t time);
    void foresee(std::span<const Change> changes, store::Questions& ask) const;
    void foresee(const Change& change, store::Questions& ask) const;
    void ask_ahead(store::Questions& ask);
    Checked<Receipt> repeated(const store::RecordedReceipt& known);

    store::Store& store_;
    ShapePtr shape_;
    std::shared_ptr<const figure::Plan> plan_;
    World& world_;
    Log& log_;
    const Zone& zone_;
    std::int32_t model_version_;
    std::vector<std::int64_t> next_record_;  // by type: first id not given out
    std::vector<std::vector<std::pair<int, record::Value>>> presets_;
    const WorkCalendar& calendar();
    void forget_calendar() { calendar_.reset(); }
    std::optional<WorkCalendar> calendar_;  // of the records of holidays; read when first asked for
    std::pair<std::int64_t, Date> last_day_{INT64_MIN, {}};  // instant's day in the zone, kept for the next draft
    bool store_lost_ = false;
    // Kept between drafts so that their memory is reused.
    journal::Entry entry_;
    std::vector<figure::Contribution> before_, after_;
};

}  // namespace yipan::board
