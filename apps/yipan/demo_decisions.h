#pragma once
// The half year of decisions of the demo board: committees, meetings, resolutions, supervised matters, a list, the register of tables.
#include "demo_pen.h"

namespace yipan::demo {

void decisions(Pen& pen, std::uint64_t seed);

}  // namespace yipan::demo
