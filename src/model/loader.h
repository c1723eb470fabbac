#pragma once
// What the passes of load() share. Pass 1 (collect_*) knows names only; pass 2 resolves references in this order, each
// step relying on the ones before: types, schema for expressions, forests, figures, rules, lights, reports. Nothing
// here leaves the room; load.h is the door.
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/yaml.h"
#include "cel/env.h"
#include "cel/type.h"
#include "model/model.h"
#include "model/reader.h"

namespace yipan::model {

constexpr std::size_t files_max = 2000;
constexpr std::size_t types_max = 500;
constexpr std::size_t fields_max = 300;  // of a type
constexpr std::size_t figures_max = 5000;
constexpr std::size_t others_max = 500;   // forests, lights, reports, schemes: of each
constexpr std::size_t choices_max = 500;  // of a field, states of a type
constexpr std::size_t rules_max = 200;    // of a type; moves; needs of a move
constexpr std::size_t rule_values_max = 8;  // of a rule
constexpr std::size_t path_steps_max = 8;
constexpr std::size_t parts_max = 32;  // of a derived figure
constexpr std::size_t file_bytes_max = 8u << 20;

struct ParsedFile {
    const SourceFile* source = nullptr;
    std::string module;
    std::string stem;  // "monthly" of report/reports/monthly.md
    yaml::Node root;
};

/// A name and what stands below it.
struct Declaration {
    const ParsedFile* file = nullptr;
    const yaml::Node* key = nullptr;
    const yaml::Node* body = nullptr;
    std::string where() const { return yaml::place(file->source->path, *key); }
};

struct Loader {
    Model model;
    Problems problems;
    std::deque<ParsedFile> files;
    std::vector<Declaration> types, forests, figures, lights;  // types: parallel to model.types
    std::deque<Section> type_sections;
    std::vector<bool> periodic;  // parallel to model.figures: some record behind it has a period
    std::vector<Declaration> identities, rights, modules, flows;
    std::shared_ptr<cel::Schema> schema;
    // Fields whose kind is not known (type, code) and figures that are broken (-1, code): mistakes that follow from
    // them are not told.
    std::set<std::pair<int, std::string>> damaged;

    Section section(const Declaration& d, std::string subject, const std::vector<std::string_view>& known) {
        return Section(problems, d.file->source->path, *d.key, *d.body, std::move(subject), known);
    }
    const Section& section_of(const Type& of) const { return type_sections[static_cast<std::size_t>(of.index)]; }
    Type& type(int index) { return model.types[static_cast<std::size_t>(index)]; }
    Field& field(int type_index, int field_index) {
        return type(type_index).fields[static_cast<std::size_t>(field_index)];
    }
    std::vector<std::string_view> type_names() const;
    std::vector<std::string_view> field_names(int type_index) const;
    /// Position of a type named in a declaration; reports an unknown one.
    int resolve_type(const Word& name, std::string_view subject);
    /// Position of a field of a type; reports an unknown one.
    int resolve_field(int type_index, const Word& name, std::string_view subject);
};

// Pass 1
void parse_files(Loader& loader);
void collect_names(Loader& loader);

// Pass 2, in this order
void read_modules(Loader& loader);
void read_identity(Loader& loader);
void read_types(Loader& loader);  // fields, states, keys; no expressions
void read_responsible(Loader& loader);
void build_schema(Loader& loader);
void read_computed(Loader& loader);
void read_forests(Loader& loader);
void read_figures(Loader& loader);
void read_rules(Loader& loader);  // rules and moves
void read_lights(Loader& loader);
void read_reports(Loader& loader);
void read_holdings(Loader& loader);  // the rest of identity: fields of types
void read_rights(Loader& loader);
void read_deadlines(Loader& loader);
void read_carries(Loader& loader);
void read_quick(Loader& loader);
void read_flow(Loader& loader);  // the section, and the steps of moves

// Pieces
void read_plain_figure(Loader& loader, Figure& figure, const Section& section);
void read_derived_figure(Loader& loader, Figure& figure, const Section& section);
bool read_field(Loader& loader, Type& type,
                const Section& section);  // everything but computed; false when its kind is not known
void read_states(Loader& loader, Type& type, const Section& type_section);

/// "project.organ" as field indexes: every step but the last a single reference. Reports and returns empty when it is
/// not.
std::vector<int> resolve_path(Loader& loader, int type_index, const Word& path, std::string_view subject);
const Field& last_field(const Loader& loader, int type_index, const std::vector<int>& path);
/// Marks the references a path goes through (its last step is not gone through) as wanting an index.
void index_path(Loader& loader, int type_index, const std::vector<int>& path);

/// What an expression may use and must give.
struct ExpressionUse {
    int type = -1;                              // its record, -1 for formulas
    std::vector<cel::Env::Variable> variables;  // by slot; a field of the same name hides one
    bool across = false;                        // count, exists, sum, figure
    bool own_fields_only = false;               // computed: no walking of references
    bool guarded = false;                       // refuses what may fail on an unset field
    bool null_result = true;                    // the result may be null
    std::string subject;
    std::vector<cel::Type> results;  // one of these; empty = any
    std::string results_text;        // for messages: "true or false"
};
std::optional<Expression> read_expression(Loader& loader, const ExpressionUse& use, const Word& text);
/// Whether the text of an expression has the name as a word of its own.
bool mentions(std::string_view text, std::string_view name);
cel::Type cel_type(const Loader& loader, const Field& field);
cel::Type cel_type(const Measure& measure);

}  // namespace yipan::model
