#pragma once
// One line of the conformance format in, one line out: {"name":..,"value":{..}} or {"name":..,"error":".."}.
// Never throws, never crashes: a malformed line gives an error line. Bounded: 1 MiB a line, JSON depth 64.
#include <string>
#include <string_view>

namespace yipan::cel {
std::string answer_line(std::string_view line);
}
