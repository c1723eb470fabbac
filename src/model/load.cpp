#include "model/load.h"

#include <algorithm>

#include "base/nearest.h"
#include "model/loader.h"

namespace yipan::model {

std::vector<std::string_view> Loader::type_names() const {
    std::vector<std::string_view> out;
    for (const Type& type : model.types) out.push_back(type.code);
    return out;
}

std::vector<std::string_view> Loader::field_names(int type_index) const {
    std::vector<std::string_view> out;
    for (const Field& field : model.types[static_cast<std::size_t>(type_index)].fields) out.push_back(field.code);
    return out;
}

int Loader::resolve_type(const Word& name, std::string_view subject) {
    const int index = model.find_type(name.text);
    if (index < 0)
        problems.add(name.where, std::string(subject) + ": there is no type \"" + name.text.substr(0, 80) + "\"",
                     did_you_mean(name.text, type_names(), "declare it under types"));
    return index;
}

int Loader::resolve_field(int type_index, const Word& name, std::string_view subject) {
    const Type& of = type(type_index);
    const int index = of.find(name.text);
    if (index < 0)
        problems.add(name.where,
                     std::string(subject) + ": type " + of.code + " has no field \"" + name.text.substr(0, 80) + "\"",
                     did_you_mean(name.text, field_names(type_index),
                                  "its fields: " + joined(field_names(type_index)).substr(0, 300)));
    return index;
}

Checked<ModelPtr> load(std::vector<SourceFile> files) {
    Loader loader;
    std::stable_sort(files.begin(), files.end(),
                     [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
    loader.model.files = std::move(files);
    parse_files(loader);
    // What follows from an unreadable file would be noise: names it declares would be missed everywhere.
    if (!loader.problems.empty()) return fail(loader.problems.take());
    collect_names(loader);
    read_modules(loader);
    read_identity(loader);
    read_types(loader);
    read_responsible(loader);
    read_holdings(loader);
    build_schema(loader);
    read_computed(loader);
    read_forests(loader);
    read_figures(loader);
    read_rules(loader);
    read_lights(loader);
    read_reports(loader);
    read_rights(loader);
    read_deadlines(loader);
    read_flow(loader);
    read_carries(loader);
    read_quick(loader);
    if (!loader.problems.empty()) return fail(loader.problems.take());
    for (const Type& type : loader.model.types) {
        if (type.owner >= 0) loader.model.types[static_cast<std::size_t>(type.owner)].lines.push_back(type.index);
        if (type.quick) loader.model.types[static_cast<std::size_t>(type.fields[static_cast<std::size_t>(type.quick->to)].target)].offers.push_back(type.index);
    }
    loader.model.schema = loader.schema;
    return std::make_shared<const Model>(std::move(loader.model));
}

}  // namespace yipan::model
