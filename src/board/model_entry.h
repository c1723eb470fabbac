#pragma once
// The model as the body of a journal entry: {"path":"text",...} with the paths in byte order.
#include <string>
#include <vector>

#include "model/load.h"
#include "model/migration.h"

namespace yipan::board {
std::string model_body(const std::vector<model::SourceFile>& files);
Result<std::vector<model::SourceFile>> model_files(std::string_view body);
/// The migrations that come with a model: those of files the model before did not have. A file that was applied already
/// and reads otherwise now is a mistake.
Checked<std::vector<model::Migration>> new_migrations(const std::vector<model::SourceFile>& before,
                                                      const std::vector<model::SourceFile>& after);
}  // namespace yipan::board
