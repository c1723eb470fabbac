#pragma once
// One letter to a mail server (libcurl's SMTP). Bounded in time. Whether a letter that was refused may be sent again is told:
// 4xx and silence pass, 5xx stays.
#include <string>

#include "base/result.h"

namespace yipan::notify {

struct MailServer {
    std::string url;  // smtp://host:25, smtps://host:465
    std::string from, user, password;
    bool starttls = false;  // asked for and required
    long timeout_ms = 10'000;
};
struct Letter {
    std::string id;  // without <>: the same for the same message, however often it is sent
    std::string to, subject, text;
    std::string date;  // RFC 5322
};
enum class Sent : std::uint8_t { taken, refused, later };
struct Posted {
    Sent sent = Sent::later;
    std::string why;
};
/// The letter as it goes over the wire.
std::string letter_text(const MailServer& server, const Letter& letter);
Posted post(const MailServer& server, const Letter& letter);
/// "Mon, 02 Mar 2026 01:00:00 +0000"
std::string mail_date(std::int64_t unix_seconds);
bool is_address(std::string_view text);

}  // namespace yipan::notify
