#pragma once
// Lights (docs/model.md): what is how far behind on a day. Lights of a type are read from its records as they are now;
// lights of a figure from its value at a period. A lamp that does not apply has no colour; an expression that fails
// says so in `problem`.
#include <array>
#include <string>
#include <vector>

#include "board/board.h"

namespace yipan::report {

struct Lamp {
    int light = -1;
    int type = -1;  // of a record
    RecordId record;
    figure::Ask ask;  // of a figure
    model::Colour colour = model::Colour::none;
    std::optional<Decimal> behind;  // days or points; in percent of the amount with share_of
    std::string problem;
};

/// The lamp of one record on a day. `snapshot` resolves references.
Lamp lamp_of_record(board::Snapshot& snapshot, int light, const record::RecordPtr& record, Date today);
/// The colour of a light of a type for what is so far behind.
model::Colour colour_behind(const model::Light& light, const Decimal& behind);
/// The lamp of a figure for a unit at a period, streaks counted over the periods before.
Lamp lamp_of_figure(board::Snapshot& snapshot, int light, const figure::Ask& ask);

/// The date a lamp of days counts from (model::Light::due_field).
std::optional<Date> due_of(const model::Model& model, int light, const record::Record& record);

/// Types whose records are the units of a light over a figure.
std::vector<int> light_unit_types(const model::Model& model, int figure);

struct LightCount {
    int light = -1;
    std::array<std::int64_t, 4> by_colour{};  // by Colour
    std::vector<Lamp> worst;                  // red before yellow, the furthest behind first
    std::int64_t failed = 0;                  // expressions that met an error
};
/// All lights of the board on `today`; figure lights at `period` for every unit of the figure and its parts.
Result<std::vector<LightCount>> count_lights(board::Snapshot& snapshot, Date today, const Period& period,
                                             std::size_t worst_kept, const board::Progress& progress = {});

std::string_view colour_name(model::Colour colour);
std::string_view colour_name(model::Colour colour, model::Language language);
std::optional<model::Colour> colour_named(std::string_view name);

}  // namespace yipan::report
