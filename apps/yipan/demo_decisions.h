#pragma once
// The half year of decisions of the demo board: committees, meetings, resolutions, supervised matters, a list, the register of tables.
#include "demo.h"
#include "demo_pen.h"

namespace yipan::demo {

void decisions(Pen& pen, const Options& options);

}  // namespace yipan::demo
