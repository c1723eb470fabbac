#include "api/service.h"

namespace yipan::api {
void add_figure_routes(std::vector<Route>&) {}
}  // namespace yipan::api
