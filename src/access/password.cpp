#include "access/password.h"

#include <argon2.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>

#include "base/check.h"
#include "base/text.h"
#include "base/utf8.h"

namespace yipan::access {
namespace {
std::mutex mutex;
std::condition_variable free_place;
int computing = 0, waiting = 0, peak = 0;

class Turn {
  public:
    Turn() {
        std::unique_lock lock(mutex);
        if (waiting >= argon_waiting_max) return;
        ++waiting;
        free_place.wait(lock, [] { return computing < argon_at_a_time; });
        --waiting;
        peak = std::max(peak, ++computing);
        have_ = true;
    }
    ~Turn() {
        if (!have_) return;
        {
            const std::lock_guard lock(mutex);
            --computing;
        }
        free_place.notify_one();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    explicit operator bool() const { return have_; }

  private:
    bool have_ = false;
};
Error crowded() { return {Code::busy, "", "too many people are signing in at this moment", "try again in a few seconds"}; }

constexpr std::string_view usual[] = {"123456789012", "012345678901", "1234567890ab", "password1234", "password12345", "passwordpassword",
                                      "qwertyuiop12", "qwertyuiop123", "qwertyuiopas", "qwertyuiop[]", "1q2w3e4r5t6y", "1qaz2wsx3edc",
                                      "1qaz2wsx3edc4rfv", "abcdefghijkl", "abcd12345678", "administrator", "admin1234567", "admin12345678",
                                      "woaini1314520", "woaini5201314", "iloveyou1234", "qwerty123456", "aa1234567890", "asdfghjkl123",
                                      "zxcvbnm12345", "changemechangeme", "letmeinletmein", "welcome12345"};
}  // namespace

int argon_peak() {
    const std::lock_guard lock(mutex);
    return peak;
}

std::string password_problem(std::string_view password, std::string_view account) {
    if (password.size() > password_bytes_max) return "longer than " + std::to_string(password_bytes_max) + " bytes";
    if (find_invalid_utf8(password) != std::string_view::npos) return "not text";
    std::size_t chars = 0;
    for (std::size_t at = 0; at < password.size(); ++chars) (void)next_code_point(password, at);
    if (chars < password_chars_min) return "shorter than " + std::to_string(password_chars_min) + " characters";
    const std::string folded = fold(password);
    if (std::find(std::begin(usual), std::end(usual), folded) != std::end(usual)) return "one of the passwords tried first";
    if (!account.empty() && folded.find(fold(account)) != std::string::npos) return "it contains the account's name";
    if (std::all_of(password.begin(), password.end(), [&](char c) { return c == password[0]; })) return "one character only";
    return {};
}

Result<std::string> password_hash(std::string_view password) {
    std::array<unsigned char, 16> salt{};
    YIPAN_CHECK(RAND_bytes(salt.data(), static_cast<int>(salt.size())) == 1);
    const Turn turn;
    if (!turn) return fail(crowded());
    std::array<char, 256> encoded{};
    const int rc = argon2id_hash_encoded(argon_passes, argon_memory_kib, argon_lanes, password.data(), password.size(),
                                         salt.data(), salt.size(), 32, encoded.data(), encoded.size());
    if (rc != ARGON2_OK) return fail(Code::store_failed, "", std::string("argon2: ") + argon2_error_message(rc));
    return std::string(encoded.data());
}

Result<bool> password_matches(std::string_view encoded, std::string_view password) {
    if (password.size() > password_bytes_max) return false;
    const Turn turn;
    if (!turn) return fail(crowded());
    return argon2id_verify(std::string(encoded).c_str(), password.data(), password.size()) == ARGON2_OK;
}

}  // namespace yipan::access
