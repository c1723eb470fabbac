#pragma once
// The model as the body of a journal entry: {"path":"text",...} with the paths in byte order.
#include <string>
#include <vector>

#include "model/load.h"

namespace yipan::board {
std::string model_body(const std::vector<model::SourceFile>& files);
Result<std::vector<model::SourceFile>> model_files(std::string_view body);
}  // namespace yipan::board
