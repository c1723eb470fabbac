#pragma once
// How the oracle looks at other records, and how its records look to an expression. Inner header of the room.
#include <optional>

#include "base/date.h"
#include "base/result.h"
#include "model/model.h"
#include "record/record.h"

namespace yipan::oracle {

/// Which version a hop through a reference sees: the one valid on `day`, or the current one.
struct Sight {
    record::Resolver& world;
    std::optional<Date> day;
    record::RecordPtr look(int type, RecordId id) const {
        return day ? world.valid_on(type, id, *day) : world.current(type, id);
    }
};

/// True only when the expression says true of the record; an expression that fails is an error.
Result<bool> condition_holds(const model::Model& model, const model::Expression& condition,
                             const record::Record& record, const Sight& sight);

}  // namespace yipan::oracle
