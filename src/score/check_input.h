#pragma once
// What must hold before a table is scored by a scheme, and events applied to a score. Used by score.cpp only.
#include "score/score.h"

namespace yipan::score {

/// The variant of every unit, or every mistake of table, scheme and events at once.
Checked<std::vector<const Variant*>> check_input(const Table& table, const Scheme& scheme, const Options& options);

/// Runs the steps of `scheme.order` on outcome.computed: fills total, order_text, applied and overrides.
void apply_steps(const Table& table, const Scheme& scheme, UnitOutcome& outcome);

}  // namespace yipan::score
