#pragma once
#include "context.h"

namespace yipan::app {
void add_archive_command(CLI::App& app, Context& context);
}  // namespace yipan::app
