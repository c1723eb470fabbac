#pragma once
// Texts as people write them -> stored values, and back. Used by import, the command line, scenarios and presets: one
// reading everywhere.
#include <functional>

#include "record/record.h"

namespace yipan::record {

/// Finds the record a person means by its key; the caller knows the world.
using FindByKey = std::function<Result<RecordId>(int type, std::string_view key)>;

/// "12.50" for money (yuan), "2026-06-30" for dates, "2026-06" for periods, the code or any label for a choice, the key
/// for a reference (several separated by ";"), yes/no/是/否/true/false for booleans. Empty text is unset. The error
/// says what would be right.
Result<Value> parse_value(const model::Model& model, const model::Field& field, std::string_view text,
                          const FindByKey& find);

/// The value for people: yuan, dates, labels in the language, keys of references through `name_of` (may be empty: then
/// the id).
using NameOf = std::function<std::string(int type, RecordId id)>;
std::string display(const model::Model& model, const model::Field& field, const Value& value, model::Language language,
                    const NameOf& name_of);
/// The value as parse_value reads it back (CSV export).
std::string plain_text(const model::Model& model, const model::Field& field, const Value& value, const NameOf& key_of);

}  // namespace yipan::record
