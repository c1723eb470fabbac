#pragma once
// An outcome as JSON (numbers with 17 significant digits, null where there is none) and as a table for the terminal.
// JSON: {"scheme", "units": [{"unit", "rank", "nodes": {CODE: score}, "score", ...}], "variant", "notes", "nodes"}.
#include <string>

#include "score/score.h"

namespace yipan::score {

std::string to_json(const Outcome& outcome, bool with_explanation = false);
std::string to_text(const Outcome& outcome);
/// Every node of one unit: raw, value, weight, points got and lost, flags, formula with numbers.
std::string explanation_text(const Outcome& outcome, const UnitOutcome& unit);

}  // namespace yipan::score
