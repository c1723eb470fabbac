#pragma once
// One record for the page, shared by what reads, writes and lists duties.
#include "api/call.h"
#include "api/values.h"

namespace yipan::api {
/// The record the path names, when it may be seen; answers 404 itself. To read, a merged-away id leads to the record
/// that stayed; to write it answers 409, for whoever wrote the id meant another record.
enum class Merged : std::uint8_t { followed, refused };
record::RecordPtr record_of(const CallPtr& call, int& type, Merged merged = Merged::followed);
/// Answers 422 when the filter is none, or looks at what the reader may not see.
bool check_filter(const CallPtr& call, int type, const std::string& filter);
/// Where its comments lie beside the journal.
std::string comment_space(const model::Type& type, RecordId id);
/// All a form needs.
void write_record(JsonText& out, Call& call, const record::RecordPtr& r);
/// The moves from its state: {code, label, to, allowed, why}.
void write_moves(JsonText& out, Call& call, const record::RecordPtr& r);
}  // namespace yipan::api
