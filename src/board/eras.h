#pragma once
// The models a board has had, and the numbers of its figures. An era is the stretch of entries under one model; it
// begins when the change that brought it is over (`last`), for a change is one thing: nobody sees it half done. Old
// entries are decoded by the model they were written under and carried through the steps since (model/step.h); a step
// back to a former model passes over what lies between, so that nothing which was dropped meanwhile is lost to its
// history.
//
// Kept in yipan_meta: `models` (version, position, last, back to) and `figures` (number, code, first and last version).
// A board that never changed its model has neither: one model at entry 1, numbers are indexes.
#include <map>
#include <mutex>

#include "figure/engine.h"
#include "model/step.h"
#include "record/body.h"
#include "store/store.h"

namespace yipan::board {

using StepPtr = std::shared_ptr<const model::Step>;

struct Era {
    std::int32_t version = 1;
    std::int64_t position = 1, last = 1;  // the model's entry, and the last of its change
    std::int32_t back_to = 0;             // the version it restored; 0: none
};

class Eras {
  public:
    Eras(std::string path, std::vector<Era> list) : path_(std::move(path)), list_(std::move(list)) {}
    static Result<std::vector<Era>> read(store::Store& store);
    static std::string text(const std::vector<Era>& list);

    std::vector<Era> list() const;
    /// The era whose definitions were in force after the entry at `position`.
    Era in_force(std::int64_t position) const;
    void add(const Era& era, model::ModelPtr model, StepPtr step);
    void finish(std::int64_t last);  // the change is over: the newest era begins
    void drop_last();                // of a change that was rolled back

    void know(std::int32_t version, model::ModelPtr model);
    Result<model::ModelPtr> model(std::int32_t version) const;
    Result<StepPtr> step(std::int32_t version) const;  // that led to this version; from 2 on

    /// The type an entry's record has in the model of version `to`; -1 when it is gone.
    Result<int> type_of(const journal::Entry& entry, std::int32_t to) const;
    /// The values of an older entry's record in the shape of version `to`, with its marks.
    struct Carried {
        int type = -1;
        std::vector<record::Value> values;
        record::Marks marks;
    };
    Result<Carried> carry(const journal::Entry& entry, std::int32_t to) const;
    /// Codes the type has had, the present one among them.
    Result<std::vector<std::string>> codes_of(int type, std::int32_t version) const;

  private:
    struct Known {
        model::ModelPtr model;
        std::vector<record::BodyCodec> codecs;
        StepPtr step;
    };
    Result<Known*> known(std::int32_t version) const;  // under the lock
    Result<StepPtr> step_of(std::int32_t version) const;
    Result<int> follow(std::int32_t from, std::int32_t to, int type, std::vector<record::Value>* values) const;
    const Era* era(std::int32_t version) const;

    std::string path_;
    mutable std::recursive_mutex mutex_;
    std::vector<Era> list_;
    mutable std::map<std::int32_t, Known> known_;
    mutable std::map<std::tuple<std::int32_t, std::string, std::int32_t>, int> types_;
};
using ErasPtr = std::shared_ptr<Eras>;

/// Figure numbers over the life of a board.
class FigureNumbers {
  public:
    static Result<FigureNumbers> read(store::Store& store);
    std::string text() const;
    /// Of the figures of a model, in their order; empty when they are the indexes.
    std::vector<std::int32_t> of(const model::Model& model, std::int32_t version) const;
    /// The numbers after a step: figures that go on keep theirs, others get new ones.
    FigureNumbers after(const model::Step& step, std::int32_t version) const;

  private:
    struct Row {
        std::int32_t number = 0;
        std::string code;
        std::int32_t from = 1, to = 0;  // versions; to 0: still
    };
    std::vector<Row> rows_;
};

}  // namespace yipan::board
