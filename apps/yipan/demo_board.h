#pragma once
// Making the demo board from what is embedded, for the command and the main job.
#include "context.h"
#include "demo.h"
#include "embedded.h"

namespace yipan::app {

constexpr int demo_version = 6;  // raised when what demo.cpp writes changes

Checked<std::int64_t> make_demo(const std::string& path, demo::Options options);
/// What a demo board was made of: another text means it is out of date.
std::string demo_stamp(const demo::Options& options);

}  // namespace yipan::app
