#pragma once
// Assessments for the page: who may see one, its labels.
#include "api/figures.h"
#include "report/assessment.h"

namespace yipan::api {
/// 4, or 4.5 where two share places.
json::value rank_json(const std::optional<double>& rank);
json::object score_label(const score::Label& label);
bool sees_assessment(Figures& figures, const report::Assessment& made);
}  // namespace yipan::api
