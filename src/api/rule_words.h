#pragma once
// What a rule of the model says when it is broken, in the reader's writing. The board says "简体 / English" to everyone; a reader of 繁體 gets
// the words the model has for him, with the same values in them.
#include "base/result.h"
#include "model/model.h"

namespace yipan::api {

/// Only errors of broken rules change, and only when the rule of their hint is found; the message keeps its form "中文 / English".
void in_traditional(const model::Model& model, Errors& errors);

}  // namespace yipan::api
