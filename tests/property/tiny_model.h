#pragma once
// The model of the tiny worlds: few types, but every kind of figure, every `at`, paths of two hops, deletions of every
// sort.
#include <vector>

#include "model/model.h"

namespace yipan::property {
std::vector<model::SourceFile> tiny_model();
}  // namespace yipan::property
