#pragma once
// Passwords: argon2id (RFC 9106), at most two computed at a time and few waiting, so that guessing cannot take the machine
// from those who work. Encoded hashes carry their parameters; stronger ones can be asked for later.
#include <string>
#include <string_view>

#include "base/result.h"

namespace yipan::access {

constexpr int argon_memory_kib = 19 * 1024, argon_passes = 2, argon_lanes = 1;
constexpr int argon_at_a_time = 2, argon_waiting_max = 32;
constexpr std::size_t password_chars_min = 12, password_bytes_max = 1'024;

/// Says what is wrong with a new password; empty when nothing is. No composition rules: length and not one of the usual.
std::string password_problem(std::string_view password, std::string_view account);
/// Code::busy when too many wait.
Result<std::string> password_hash(std::string_view password);
Result<bool> password_matches(std::string_view encoded, std::string_view password);

/// The most that were ever computed at one time since the start; never above argon_at_a_time.
int argon_peak();

}  // namespace yipan::access
