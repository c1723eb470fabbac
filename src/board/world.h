#pragma once
// The records as one transaction or snapshot sees them, with a bounded cache for the types others refer to (units,
// projects, indicators): the resolver of rules, figures and views.
#include <unordered_map>

#include "board/eras.h"
#include "record/body.h"
#include "record/record.h"
#include "store/store.h"

namespace yipan::board {

/// What the board prepares once for each model: codecs and which types are worth caching.
struct Shape {
    explicit Shape(model::ModelPtr m, ErasPtr all = {}, std::int32_t of_version = 1);
    model::ModelPtr model;
    ErasPtr eras;  // null: this is the only model
    std::int32_t version = 1;
    /// The type of an entry's record in this model; -1 when it is gone (or the entry is the model's).
    int type_of(const journal::Entry& entry) const;
    std::vector<record::BodyCodec> codecs;
    std::vector<char> referred;  // some field refers to this type
    struct Back {
        int type;
        int field;
    };
    std::vector<std::vector<Back>> referrers;  // by target type
    std::vector<char> is_link;                 // records of this type are links of a forest
};
using ShapePtr = std::shared_ptr<const Shape>;

class World final : public record::Resolver {
  public:
    World(store::Store& store, ShapePtr shape) : store_(store), shape_(std::move(shape)) {
        caches_.resize(shape_->model->types.size());
    }
    record::RecordPtr current(int type, RecordId id) override;
    record::RecordPtr valid_on(int type, RecordId id, Date day) override;
    /// In memory already, or known not to exist; null: to be read.
    const record::RecordPtr* known(int type, RecordId id) const {
        const auto& cache = caches_[static_cast<std::size_t>(type)];
        const auto there = cache.find(id.value);
        return there == cache.end() ? nullptr : &there->second.now;
    }
    /// All versions, oldest first; read through the journal, following each version's `previous`.
    Result<std::vector<record::RecordPtr>> history(int type, RecordId id);
    /// A record's version as an entry tells it.
    Result<record::RecordPtr> version_of(const journal::Entry& entry, int type) const;

    /// Positions of a record's entries under every name its type has had, ascending. Walks the journal.
    Result<std::vector<std::int64_t>> positions_of(int type, RecordId id);
    /// The transaction wrote (null: removed) this record.
    void put(int type, RecordId id, record::RecordPtr record);
    /// Forgets what a rolled back draft put.
    void forget(int type, RecordId id);
    void clear();
    /// The first failure of the store met while resolving, which answered null; taken and reset by the caller.
    std::optional<Error> take_error() { return std::exchange(error_, std::nullopt); }

  private:
    struct Slot {
        record::RecordPtr now;                    // null: known not to exist
        std::vector<record::RecordPtr> versions;  // loaded when asked, oldest first
    };
    static constexpr std::size_t cached_max = 60'000;  // records of one type; then the cache starts afresh
    Slot* load(int type, RecordId id);

    store::Store& store_;
    ShapePtr shape_;
    std::vector<std::unordered_map<std::int64_t, Slot>> caches_;
    Slot passing_;  // for types not worth caching
    std::optional<Error> error_;
};

}  // namespace yipan::board
