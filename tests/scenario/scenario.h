#pragma once
// A .scenario file (docs/scenarios.md) as steps. Reading never judges names of the model; it only splits lines into
// words, folds `draft ... end` and the expectations of `refuse`, and puts included files in place.
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace yipan::scenario {

struct Word {
    std::string text;
    bool quoted = false;  // some part of it stood in quotes
};
struct Step {
    std::string place;        // file:line
    std::vector<Word> words;  // without `refuse` and `repeat KEY`
    bool refuse = false;
    std::string idempotency_key;        // of `repeat`
    std::vector<Step> changes;          // of `draft`
    std::vector<std::string> lines;     // of `file`, without the blanks before them
    std::vector<std::string> expected;  // of `refuse`: "CODE [at FIELD] [: fragment]"
    const std::string& verb() const { return words.front().text; }
};
struct Scenario {
    std::string title, path;
    std::string must_fail;  // of a canary, line "#! text": the failure that must be reported
    std::vector<Step> steps;
};

constexpr int include_depth_max = 8;
constexpr std::size_t steps_max = 10'000;

/// `modules` is the folder that includes are relative to.
Checked<Scenario> read_scenario(const std::string& path, const std::string& modules);

}  // namespace yipan::scenario
