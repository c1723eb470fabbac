#include "api/service.h"

namespace yipan::api {
void add_work_routes(std::vector<Route>&) {}
}  // namespace yipan::api
