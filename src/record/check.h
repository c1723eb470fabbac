#pragma once
// Does a record fit its declaration? Everything that can be judged from the values alone: presence, ranges, lengths,
// choices, calendar kinds, forms of attachments, places and lists. References, uniqueness, states and rules need the
// world and are the board's.
#include "record/record.h"

namespace yipan::record {

/// Appends one error for each mistake; `where` is put before the field's code ("projects.csv:12" ->
/// "projects.csv:12:amount").
void check_values(const model::Model& model, const Record& record, const std::string& where, Errors& errors);

/// The ids in a stored list of references ("[3,17]"): ascending, no duplicates. Empty optional when the text has
/// another form.
std::optional<std::vector<std::int64_t>> parse_id_list(std::string_view text);
std::string id_list_text(std::vector<std::int64_t> ids);

std::string field_place(const std::string& where, const model::Field& field);

}  // namespace yipan::record
