#pragma once
// One record for the page, shared by what reads, writes and lists duties.
#include "api/call.h"
#include "api/values.h"

namespace yipan::api {
/// The record the path names, when it may be seen (followed through merges); answers 404 itself.
record::RecordPtr record_of(const CallPtr& call, int& type);
/// Answers 422 when the filter is none, or looks at what the reader may not see.
bool check_filter(const CallPtr& call, int type, const std::string& filter);
/// All a form needs.
json::object record_json(Call& call, const record::RecordPtr& r);
/// The moves from its state: {code, label, to, allowed, why}.
json::array moves_json(Call& call, const record::RecordPtr& r);
}  // namespace yipan::api
