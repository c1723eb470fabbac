#pragma once
#include "board/core.h"

namespace yipan::board {
/// What a change of the model would do to the board as it stands (ModelPreview). Reads on a connection of its own.
Checked<ModelPreview> preview_change(Core& core, const ModelChange& change, const Progress& progress);
}  // namespace yipan::board
