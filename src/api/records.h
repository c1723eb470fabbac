#pragma once
// One record for the page, shared by what reads, writes and lists duties.
#include "api/call.h"
#include "api/values.h"

namespace yipan::api {
/// The record the path names, when it may be seen (followed through merges); answers 404 itself.
record::RecordPtr record_of(const CallPtr& call, int& type);
/// All a form needs.
json::object record_json(Call& call, const record::RecordPtr& r);
/// The moves from its state: {code, label, to, allowed, why}.
json::array moves_json(Call& call, const record::RecordPtr& r);
}  // namespace yipan::api
