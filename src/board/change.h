#pragma once
// A change of the model of a living board: what becomes of its records and figures. The same code looks ahead
// (preview.cpp) and takes the step (Core::change_model): record by record the next values are made, judged and handed
// out; nothing is kept but what went wrong. A step back gives records the values they had before, where the journal
// holds them.
#include <functional>
#include <map>
#include <unordered_map>

#include "board/world.h"
#include "figure/engine.h"

namespace yipan::board {

constexpr std::size_t change_examples = 5;               // records named for one kind of mistake
constexpr std::size_t change_postings_max = 20'000'000;  // of one change

/// Mistakes of records by kind: the first few are named, all are counted.
class Findings {
  public:
    void add(const std::string& kind, Code code, const std::string& record, std::string message, std::string hint);
    bool empty() const { return kinds_.empty(); }
    Errors errors() const;

  private:
    struct Kind {
        Error first;
        std::vector<std::string> records;
        std::int64_t count = 0;
    };
    std::map<std::string, Kind> kinds_;
};

std::string record_name(const model::Type& type, const record::Record& record);

/// What the step did or would do to one type of the new model.
struct TypeTally {
    std::string code, was;  // empty: new, or gone
    std::int64_t records = 0, rewritten = 0, created = 0, dropped = 0;
    bool scanned = false;
};

class Migrating {
  public:
    /// `world` and `store` show the board before the step; `eras` knows the new model already.
    Migrating(StepPtr step, store::Store& store, World& world, ShapePtr shape, ErasPtr eras);

    /// A new version of a record (`old`: the one before) or a new record (old null), in the new shape.
    using OnRecord = std::function<Status(const record::RecordPtr& old, std::shared_ptr<record::Record> next)>;
    /// Every record that gets a new version, in the order of types and ids. Stops at a failure of the store or of
    /// on_record; mistakes of records are findings.
    Status records(const OnRecord& on_record, const std::function<void(std::int64_t)>& progress);
    /// The next values of one record, as records() makes them; null when its type is gone.
    record::RecordPtr next(const record::Record& old);
    /// True when records of this new type are, field by field, what they were under the same index.
    bool unchanged(int type) const;
    Findings& findings() { return findings_; }
    std::vector<TypeTally>& tallies() { return tallies_; }
    const std::vector<TypeTally>& gone() const { return gone_; }
    /// Ids given to new records of a type so far.
    std::int64_t next_id(int type);
    void set_next_id(int type, std::int64_t id) { next_ids_[type] = id; }

  private:
    struct Unique {
        std::unordered_map<std::string, std::int64_t> seen;
    };
    Result<bool> next_values(const record::Record& old, int type, record::Record& next);  // true: rewritten
    void set_values(int type, const record::Record& old, record::Record& next);
    void compute(const model::Type& type, record::Record& next);
    void judge(int type, const record::Record& old, record::Record& next);
    void unique(int type, record::Record& next);
    enum class Restored : std::uint8_t {
        no,
        in_part,
        whole
    };  // whole: nothing has happened to it since the undone step
    Result<Restored> restored(const record::Record& old, int type, record::Record& next);
    Status split(const record::Record& old, record::Record& next, int type, const OnRecord& on_record);
    Status vanished(const std::function<void(std::int64_t)>& progress);
    Status brought_back(const OnRecord& on_record);

    StepPtr step_;
    store::Store& store_;
    World& world_;
    ShapePtr shape_;  // before
    ErasPtr eras_;
    std::optional<Era> undone_;  // a step back: the era it undoes
    StepPtr forward_;            // ... and the step that had led there
    std::int32_t restores_ = 0;  // ... and the version it restores
    Findings findings_;
    std::vector<TypeTally> tallies_, gone_;
    std::map<int, std::int64_t> next_ids_;
    std::map<std::pair<int, int>, Unique> seen_;  // by new type, field (-1: the natural key)
    std::map<int, std::unordered_map<std::int64_t, std::int64_t>> split_ids_;  // by new type: record split -> its part
    std::vector<std::string> unfit_;  // fields of the record at hand whose values do not fit
    bool judging_ = true;
};

/// Figures of the new model that must be derived anew: their definition changed, or values they look at may have.
std::vector<char> affected_figures(const model::Step& step, const figure::Plan& before, const figure::Plan& after);

/// Postings that take the figures from the old definitions and records to the new ones, all at one position.
class Rederive {
  public:
    Rederive(StepPtr step, std::shared_ptr<const figure::Plan> before, std::shared_ptr<const figure::Plan> after);
    const std::vector<char>& affected() const { return affected_; }
    bool wants(int new_type) const { return !figures_[static_cast<std::size_t>(new_type)].empty(); }
    /// One record of the new board: what it contributed before (when there was one; `before`: that record, if at hand)
    /// and contributes now.
    Status record(const record::Record& now, record::Resolver& new_world, record::Resolver& old_world,
                  std::int64_t position, std::vector<figure::Posting>& out, const record::RecordPtr& before = nullptr);

  private:
    StepPtr step_;
    std::shared_ptr<const figure::Plan> before_, after_;
    std::vector<char> affected_;
    std::vector<std::vector<int>> figures_;  // by new type: affected ones
    std::vector<std::vector<int>> former_;   // by new type: those of the old model that go on under the same number
    std::vector<figure::Contribution> was_, is_;
};

}  // namespace yipan::board
