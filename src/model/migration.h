#pragma once
// Declared migrations: what a change of the model means for the records there are. YAML in <module>/migrations/*.yaml
// or given with --migration; keyword reference: docs/model-change.md. Reading knows no model; compare() (step.h) checks
// the names against both.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/model.h"

namespace yipan::model {

constexpr std::size_t migrations_max = 500;  // of one change

struct Migration {
    enum class Verb {
        rename_type,   // from, to
        rename_field,  // type, from, to
        drop_type,     // type
        drop_field,    // type, field
        narrow,        // type, field, rule: half_up | cut | clamp
        map_choices,   // type, field, to: {old: new or nothing}
        map_states,    // type, to: {old: new}
        split,         // type, into, fields, reference
        set,           // type, field, value, where
        deduplicate,   // type, field, rule: clear | number
        back           // to: version whose model is restored; written by `model back`
    };
    Verb verb = Verb::drop_type;
    std::string where;  // file:line:column
    std::string type, field, from, to, rule;
    std::vector<std::pair<std::string, std::string>> codes;  // map_*: old code -> new code, empty: unset
    std::vector<std::string> fields;                         // split
    std::string value, condition;                            // set
    std::string value_where, condition_where;
    int version = 0;  // back
};

bool is_migration(std::string_view path);  // a file of a folder migrations/
Checked<std::vector<Migration>> read_migrations(const SourceFile& file);
/// The text read_migrations() reads back.
std::string back_text(int version);

}  // namespace yipan::model
