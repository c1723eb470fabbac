#pragma once
// The permission compiler: what somebody in one post may do, from the model's rights and the directory. The same
// conditions serve a database filter (list, count, export, search, report), the evaluator (open, write) and the
// explanation; cel/sql.h makes evaluator and SQL agree (I8, attacked by tests/property/rights_test.cpp). Rights only
// add. Without `rights` in the model whoever is signed in may do everything.
#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>

#include "access/directory.h"
#include "board/board.h"
#include "cel/value.h"
#include "record/view.h"

namespace yipan::access {

using model::Action;

/// A condition over the table of a type, alias t.
struct Where {
    bool nothing = false;     // no record at all
    bool everything = false;  // every record
    std::string sql;
    std::vector<record::Value> parameters;
};

/// One person acting in one post. Shared between requests and threads; made for one directory.
class Who {
  public:
    Who(model::ModelPtr model, std::shared_ptr<const Directory> directory, RecordId person, RecordId post);
    Who(const Who&) = delete;
    Who& operator=(const Who&) = delete;
    RecordId person() const { return person_; }
    RecordId post() const { return post_; }
    std::int64_t unit() const { return directory_->unit_of(post_); }
    const std::vector<RoleOver>& roles() const { return directory_->roles_of(post_); }
    const Directory& directory() const { return *directory_; }

    Result<Where> where(int type, Action action, record::Resolver& world) const;
    /// Whether any right gives the action on the type at all (menus, 403 before looking).
    bool may_ever(int type, Action action) const;
    // One question about one record; who has several asks a Facing.
    bool may(Action action, const record::Record& record, record::Resolver& world) const;
    bool may_move(const std::string& move, const record::Record& record, record::Resolver& world) const;
    std::vector<bool> fields(Action action, const record::Record& record, record::Resolver& world) const;
    /// Fields covered for every record one has the action on: those one may filter and sort by.
    std::vector<bool> fields_always(int type, Action action) const;
    /// The same of `see`, and whether all records are seen whole: worked out once, asked for every title.
    const std::vector<bool>& sees_always(int type) const { return sees_[static_cast<std::size_t>(type)].fields; }
    bool sees_all(int type) const { return type >= 0 ? sees_[static_cast<std::size_t>(type)].all : everything_; }
    /// A figure of a unit; unit 0: of all units.
    bool may_see(int figure, int unit_type, std::int64_t unit) const;
    /// Fewest records a shown value of the figure stands for; 0: any.
    int smallest_cell(int figure) const;

    /// Checks one change; appends what is refused. The board's Permit.
    void judge(const board::WriteAsk& ask, record::Resolver& world, Errors& refused) const;
    /// Of a move alone: may this post write what it sets?
    void judge_values(const board::WriteAsk& ask, record::Resolver& world, Errors& refused) const;

    struct Reason {  // one right, and whether it holds for the record
        const model::Right* right = nullptr;
        bool holds = false;
        std::string text;
    };
    std::vector<Reason> explain(Action action, const record::Record& record, record::Resolver& world) const;

  private:
    friend class Facing;
    struct Applied {
        const model::Right* right = nullptr;
        std::vector<std::int64_t> units;
        cel::Value unit_list;
    };
    template <class Visit>
    void each(int type, Action action, Visit&& visit) const;
    std::vector<cel::Value> variables(const Applied& applied, record::Views& views) const;

    model::ModelPtr model_;
    std::shared_ptr<const Directory> directory_;
    RecordId person_, post_;
    bool everything_ = false;
    std::vector<std::unique_ptr<cel::Object>> unit_ids_;
    std::vector<Applied> applied_;  // not changed once made: by_type_ points into it
    std::vector<std::vector<std::pair<const Applied*, const model::Right::OfType*>>> by_type_;  // what is asked many times for a record
    struct Sees {
        std::vector<bool> fields;
        bool all = false;
    };
    std::vector<Sees> sees_;  // by type
    mutable std::mutex mutex_;
    mutable std::map<std::pair<int, int>, Where> wheres_;
};

/// One record before one who acts: each right is judged at most once, whatever is asked. Good for as long as the record, who
/// acts and the world stand as they are; the caller keeps all three.
class Facing {
  public:
    Facing(const Who& who, const record::Record& record, record::Resolver& world) : who_(who), record_(record), world_(world) {}
    Facing(const Facing&) = delete;
    Facing& operator=(const Facing&) = delete;
    const record::Record& record() const { return record_; }

    bool may(Action action);
    /// All actions at once, as bits (1 << Action).
    std::uint32_t may_what();
    bool may_move(const std::string& move);
    /// By field: whether a right with this action covers it for this record.
    std::vector<bool> fields(Action action);

    /// One right of the model; false when this post does not have it.
    bool holds(const model::Right& right, const model::Right::OfType& of);

  private:
    bool holds(std::size_t right);  // index into what the post has for this type
    std::span<const std::pair<const Who::Applied*, const model::Right::OfType*>> rights() const;

    const Who& who_;
    const record::Record& record_;
    record::Resolver& world_;
    std::optional<record::Views> views_;  // from here on there once something is judged
    std::vector<cel::Value> variables_;
    const cel::Object* self_ = nullptr;
    std::vector<std::int8_t> judged_;  // by right: 0 not yet, 1 holds, -1 does not
};

/// The newest directory, and everybody who acts, made once for each directory.
class Rights {
  public:
    explicit Rights(board::Board& board) : board_(board) {}
    /// Called for every batch: a change of posts, roles or units is seen by the next request.
    void changed(const board::Shown& shown);
    Result<std::shared_ptr<const Directory>> directory();
    Result<std::shared_ptr<const Who>> who(RecordId person, RecordId post);
    /// The same by the directory at hand, without reading the board; null when there is none yet.
    std::shared_ptr<const Who> known(RecordId person, RecordId post);

  private:
    board::Board& board_;
    std::mutex mutex_;
    std::condition_variable read_;  // somebody has read the directory anew, or could not
    bool reading_ = false;
    std::atomic<bool> stale_{true};
    std::shared_ptr<const Directory> directory_;
    Instant day_begins_, day_ends_;  // of the directory's day
    model::ModelPtr model_;
    std::map<std::pair<std::int64_t, std::int64_t>, std::shared_ptr<const Who>> who_;
};

/// "甲*", "138****": what is shown of a personal text.
std::string masked(std::string_view text);

}  // namespace yipan::access
