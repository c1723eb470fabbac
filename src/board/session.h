#pragma once
// One draft being judged: the class that the four files judge*.cpp share. Nobody else includes it.
#include <absl/container/flat_hash_set.h>

#include <deque>

#include "base/check.h"
#include "board/judge.h"
#include "record/view.h"

namespace yipan::board {

constexpr std::size_t changes_max = 20'000;     // of one draft, what deletion drags along included
constexpr std::size_t rederived_max = 200'000;  // records whose figures one change may re-derive
constexpr std::size_t errors_max = 1'000;       // listed for one draft; the rest is counted
constexpr std::int64_t referrers_max = 20'000;
constexpr std::size_t ahead_max = 256;  // changes whose questions are asked of the store together
constexpr std::int64_t clashes_asked = 2;  // of records with the same unique values: itself and another

inline std::size_t at(int i) { return static_cast<std::size_t>(i); }
/// A record as people name it in messages: "project P-1".
std::string person_name(const model::Type& type, const record::Record& r);

class Judge::Session final : public cel::Host {
  public:
    Session(Judge& judge, const Draft& draft, std::int64_t time, Pending& pending)
        : j_(judge),
          model_(*judge.shape_->model),
          draft_(draft),
          time_(time),
          today_(judge.today(time)),
          pending_(pending),
          mark_(judge.log_.mark()),
          postings_mark_(pending.postings.size()),
          changed_mark_(pending.changed.size()) {}
    Checked<Receipt> run();
    Errors consider();
    Status replay(const journal::Entry& entry);
    Result<cel::Value> query(const cel::SqlQuery& query, std::span<const cel::Value> params) override;
    Result<cel::Value> figure(std::string_view code, const cel::Value& unit, const cel::Value& period) override;

  private:
    struct Made {  // what became of a change
        int type = -1;
        RecordId record;
        std::int32_t version = 0;
        bool failed = false;
    };
    struct Check {  // a rule to be judged
        const model::Rule* rule;
        int type;
        record::RecordPtr record, old;
        const std::string* where;
    };

    const model::Type& shape(int type) const { return model_.types[at(type)]; }
    static bool takes_back(Verb verb) { return verb >= Verb::invalidate && verb <= Verb::merge; }
    bool judges_after(const Change& c) const;
    bool guard(const Status& status) {
        if (status) return true;
        lose(status.error());
        return false;
    }
    void lose(Error error) {
        j_.store_lost_ = true;
        errors_.assign(1, std::move(error));
    }
    void problem(Code code, std::string where, std::string message, std::string hint = {}) {
        errors_.push_back({code, std::move(where), std::move(message), std::move(hint)});
    }
    Checked<Receipt> refused() { return fail(std::move(errors_)); }
    void look_ahead(std::size_t from);
    void undo(bool nested);
    Receipt receipt() const;
    bool write_side();
    void tell(const Change& change, Made& made);
    bool permitted(const Change& change, const model::Type& type, const record::Record* before,
                   const record::Record* after);
    /// Whether who writes may be told of the record: the permit is asked for it with the verb `read`.
    bool told(const model::Type& type, const record::Record& r);
    /// Another record in a message: its name, or its number to whom it is not to be named.
    std::string other_name(const model::Type& type, const record::Record& r) {
        return told(type, r) ? person_name(type, r) : type.code + " #" + std::to_string(r.id.value);
    }

    // -- a change, from its verb to the values of the next version (judge.cpp)
    void apply(const Change& change, Made& made);
    void create(const Change& change, const model::Type& type, Made& made);
    void set_values(const Change& change, const model::Type& type, record::Record& next, const record::Record* old);
    RecordId resolve(std::int64_t id, int type, const std::string& where, const std::string& what);
    bool move(const Change& change, const model::Type& type, const record::Record& old, record::Record& next);
    void compute(const model::Type& type, record::Record& next, const std::string& where);
    void deadlines(const Change& change, const model::Type& type, record::Record& next, const record::Record* old);
    static bool unset_part(const model::Type& type, const model::Field& field, const record::Record& r) {
        for (const auto& path : field.computed->program.paths())
            if (const int f = path.empty() ? -1 : type.find(path[0]); f >= 0 && record::is_unset(r.at(f))) return true;
        return false;
    }
    void number(const model::Type& type, record::Record& next);
    void count_numbers(const model::Type& type, const record::Record& made);
    std::string counter_name(const model::Type& type, const model::Field& field, const record::Record& r) const;
    std::string number_text(const std::string& pattern, std::int64_t seq) const;

    // -- whether that version may be (judge_checks.cpp)
    void check_references(const model::Type& type, const record::Record& next, const record::Record* old,
                          const std::string& where);
    void refer(const model::Field& field, RecordId id, const std::string& where);
    void check_unique(const model::Type& type, const record::Record& next, const record::Record* old,
                      const std::string& where);
    void finish(const Change& change, const model::Type& type, const record::RecordPtr& old,
                std::shared_ptr<record::Record> next, journal::Verb verb, Made& made);
    void plain_rules(const model::Type& type, const record::Record& next, const record::RecordPtr& old,
                     const std::string& where);
    void broken(const model::Rule& rule, const model::Type& type, const record::Record& r, const record::RecordPtr& old,
                const std::string& where);
    void remember_rules(const model::Type& type, const model::Move* move, const record::RecordPtr& next,
                        const record::RecordPtr& old, const std::string& where);
    std::vector<cel::Value> rule_variables(const model::Type& type, const record::RecordPtr& old, record::Views& views);
    Result<cel::Value> value_of(const cel::Program& program, const model::Type& type, const record::Record& r,
                                const record::RecordPtr& old);
    Result<bool> holds(const cel::Program& program, const model::Type& type, const record::Record& r,
                       const record::RecordPtr& old);
    void may_move(const model::Move& move, const model::Type& type, const record::Record& next,
                  const record::RecordPtr& old, const std::string& where);
    void owns_function(const model::Move& move, const model::Type& type, const record::Record& next, const std::string& where);
    void judge_rules();

    // -- what follows in other records (judge_carry.cpp)
    static bool carries(const model::Type& type, const Change& change);
    void carry_through();

    record::RecordPtr current(int type, RecordId id) {
        record::RecordPtr r = j_.world_.current(type, id);
        take_world_error();
        return r;
    }
    bool take_world_error();

    // -- removing and taking back (judge_takeback.cpp)
    void remove(const Change& change, const model::Type& type, const record::RecordPtr& old, Made& made);
    static record::Value without(const model::Field& field, const record::Value& value, std::int64_t id);
    bool said_why(const Change& change);
    record::Marks marks_for(const Change& change) const {
        record::Marks marks;
        marks.note = change.note;
        return marks;
    }
    bool dragged_too_many(const Change& change, const model::Type& type, const record::Record& r);
    void invalidate(const Change& change, const model::Type& type, const record::RecordPtr& old, Made& made);
    template <class Visit>
    void each_line(const model::Type& owner, RecordId id, Visit&& visit) {
        for (const auto& back : j_.shape_->referrers[at(owner.index)]) {
            const model::Type& type = shape(back.type);
            if (type.owner != owner.index || type.owner_field != back.field) continue;
            const auto ids = j_.store_.referrers(back.type, back.field, id.value, referrers_max + 1);
            if (!ids) return lose(ids.error());
            if (static_cast<std::int64_t>(ids->size()) > referrers_max)
                return problem(
                    Code::limit_exceeded, "",
                    owner.code + " has more than " + std::to_string(referrers_max) + " lines in " + type.code);
            for (const std::int64_t line : *ids) {
                if (const record::RecordPtr r = current(back.type, RecordId(line))) visit(type, r);
                if (j_.store_lost_ || errors_.size() >= errors_max) return;
            }
        }
    }
    void validate(const Change& change, const model::Type& type, const record::RecordPtr& old, Made& made);
    std::int64_t transaction_of(const record::Record& r) {
        const auto stored = j_.store_.entry(r.position.value);
        if (!stored) return lose(stored.error()), 0;
        return stored->entry.transaction;
    }
    void come_back(const Change& change, const model::Type& type, const record::RecordPtr& old,
                   std::shared_ptr<record::Record> next, std::int64_t gone, Made& made);
    void revive(const Change& change, const model::Type& type, RecordId id, Made& made);
    std::optional<journal::Entry> last_entry(const Change& change, const model::Type& type, RecordId id);
    void revive_companions(const Change& change, const model::Type& type, RecordId id, std::int64_t from,
                           std::int64_t to);
    void companion(const Change& change, const model::Type& type, RecordId id, const journal::Entry& e,
                   const record::Record& was);
    const Change& dated_copy(const Change& change, Date day);
    static bool refers(const model::Field& field, const record::Value& value, std::int64_t id);
    void erase(const Change& change, const model::Type& type, const record::RecordPtr& old, Made& made);
    void expunge(const Change& change, const model::Type& type, RecordId id, Made& made);
    record::Marks erased_marks(const Change& change, std::uint8_t groups) const;
    bool forget_redirect(const model::Type& type, RecordId id, std::uint8_t groups, record::Marks& marks);
    bool erase_versions(std::int64_t position, std::uint8_t groups);
    void merge(const Change& change, const model::Type& type, const record::RecordPtr& old, Made& made);
    Status redirect(const model::Type& type, const record::Record& gone, std::int64_t into) {
        const auto* key = type.key >= 0 ? record::as_text(gone.at(type.key)) : nullptr;
        return j_.store_.put_redirect(type.index, {gone.id.value, into, key ? *key : std::string()});
    }
    void repoint(const Change& change, const model::Type& type, const record::RecordPtr& gone, RecordId into,
                 int other_type, int field);
    void restate(const Change& change, const model::Type& other, const record::RecordPtr& now, int field,
                 std::int64_t gone, std::int64_t into);
    static record::Value instead(const model::Field& field, const record::Value& value, std::int64_t gone,
                                 std::int64_t into, std::int64_t self);

    // -- writing (judge_write.cpp)
    /// Records whose figures look at this one through a reference, with what they contribute now.
    struct Dependent {
        int type;
        std::int64_t id;
        std::vector<figure::Contribution> before;
    };
    bool dependents(const record::Record& changed, const record::Record* next, std::vector<Dependent>& out);
    bool past_referrers(int type, int field, std::int64_t id, std::vector<std::int64_t>& out);
    int owner_of_hop(const figure::Plan::Dependence& d, std::size_t hop) const {
        int type = d.type;
        for (std::size_t i = 0; i < hop; ++i) type = shape(type).fields[at(d.via[i])].target;
        return type;
    }
    bool contributions(int type, RecordId id, std::vector<figure::Contribution>& out) {
        const record::RecordPtr r = current(type, id);
        return !j_.store_lost_ && (!r || contributions(*r, out));
    }
    bool contributions(const record::Record& r, std::vector<figure::Contribution>& out);
    /// `gone`: position of the entry that removed the record which comes back; 0 for all others.
    void write(int type, const record::RecordPtr& old, std::shared_ptr<record::Record> next, journal::Verb verb,
               Made& made, const record::Marks* marks = nullptr, std::int64_t gone = 0);
    void bodies(journal::Entry& e, int type, const record::Record* next, const record::Marks* marks) const;
    void header(journal::Entry& e, int type, RecordId id, const record::RecordPtr& old, const record::Record* next,
                journal::Verb verb) const;
    void post(std::vector<figure::Contribution>& before, std::vector<figure::Contribution>& after,
              std::int64_t position, std::int64_t record);

    Judge& j_;
    const model::Model& model_;
    const Draft& draft_;
    std::int64_t time_;
    Date today_;
    Pending& pending_;
    Log::State mark_;
    std::size_t postings_mark_, changed_mark_;
    bool only_considers_ = false;  // nothing is written
    bool unsure_ = false;          // the change refers to one that is not there yet
    bool ask_permit_ = false;
    bool carried_ = false;  // the change follows from another of the draft: nobody is asked for the right to it
    bool after_each_ = false;
    const journal::Entry* given_ = nullptr;  // replay
    Errors errors_;
    std::vector<Made> made_;
    std::vector<Check> checks_;
    std::deque<Change> copies_;
    const model::Move* pending_move_ = nullptr;
    std::size_t dragged_ = 0;
    std::int64_t first_ = 0, last_ = 0;
    absl::flat_hash_set<std::pair<int, std::int64_t>> written_;
    std::map<std::pair<int, std::int64_t>, record::RecordPtr> links_before_;
    std::map<int, std::int64_t> ids_before_;
};

}  // namespace yipan::board
