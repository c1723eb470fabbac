#pragma once
// YAML files -> a checked Model, or all mistakes at once, each with file:line:column, what is wrong and what would be
// right. Bounded: 2,000 files, 500 types, 300 fields a type, 5,000 figures, expressions of 64 KiB (cel/), YAML limits
// of base/yaml.h.
#include <memory>

#include "model/model.h"

namespace yipan::model {

using ModelPtr = std::shared_ptr<const Model>;

/// Files ending in .yaml are declarations; files under reports/ ending in .md.mustache or .md are report templates;
/// files under schemes/ are scheme texts kept as they are.
Checked<ModelPtr> load(std::vector<SourceFile> files);

/// Reads every model file below a directory (modules/*/types/*.yaml, modules/*/reports/*, modules/*/schemes/*), path
/// order.
Checked<std::vector<SourceFile>> read_tree(const std::string& directory);

}  // namespace yipan::model
