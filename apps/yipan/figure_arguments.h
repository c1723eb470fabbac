#pragma once
// The options by which figures and why ask the same question.
#include "context.h"
#include "report/ask.h"

namespace yipan::app {
void add_ask_options(CLI::App* command, report::AskText& text, std::vector<std::string>& by);
Checked<report::AskText> with_dimensions(report::AskText text, const std::vector<std::string>& by);
}  // namespace yipan::app
