#pragma once
// Postings of one batch as bytes: variable-length integers, small numbers small. The tail is what lies after the newest
// run; a board opens by reading the runs' totals and these.
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "figure/engine.h"

namespace yipan::board {
std::string encode_postings(std::span<const figure::Posting> postings);
Result<std::vector<figure::Posting>> decode_postings(std::string_view bytes);
}  // namespace yipan::board
