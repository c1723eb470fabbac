#pragma once
// "did you mean": the known name nearest to a mistyped one, for hints. Byte-wise Levenshtein distance with neighbouring
// swaps counted once; names longer than 64 bytes are never near. At most a third of the length may differ (1 to 3
// edits).
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace yipan {

std::size_t edit_distance(std::string_view a, std::string_view b);
/// Empty when no known name is near; the first of equally near ones.
std::string nearest(std::string_view wanted, const std::vector<std::string_view>& known);
/// "did you mean x" or, when nothing is near, `otherwise`.
std::string did_you_mean(std::string_view wanted, const std::vector<std::string_view>& known,
                         std::string otherwise = {});

}  // namespace yipan
