#include "notify/smtp.h"

#include <curl/curl.h>

#include <cstring>
#include <ctime>
#include <memory>
#include <mutex>

#include "base/hash.h"

namespace yipan::notify {
namespace {
std::string base64(std::string_view text) {
    return yipan::base64({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}
// A header's text as encoded words of at most 75 characters, cut between characters.
std::string encoded(std::string_view text) {
    constexpr std::size_t bytes_a_word = 39;
    std::string out;
    while (!text.empty()) {
        std::size_t n = std::min(bytes_a_word, text.size());
        while (n > 1 && n < text.size() && (static_cast<unsigned char>(text[n]) & 0xC0) == 0x80) --n;
        out += (out.empty() ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?") + base64(text.substr(0, n)) + "?=";
        text.remove_prefix(n);
    }
    return out;
}
struct Reading {
    std::string_view rest;
};
std::size_t give(char* out, std::size_t size, std::size_t n, void* with) {
    auto& reading = *static_cast<Reading*>(with);
    const std::size_t count = std::min(size * n, reading.rest.size());
    std::memcpy(out, reading.rest.data(), count);
    reading.rest.remove_prefix(count);
    return count;
}
}  // namespace

bool is_address(std::string_view text) {
    const std::size_t at = text.find('@');
    if (at == 0 || at == std::string_view::npos || at + 1 >= text.size() || text.size() > 254 || text.find('@', at + 1) != std::string_view::npos) return false;
    for (const char c : text)
        if (static_cast<unsigned char>(c) <= ' ' || static_cast<unsigned char>(c) >= 127 || std::strchr("<>()[]\\,;:\"", c)) return false;
    return true;
}

std::string mail_date(std::int64_t unix_seconds) {
    const std::time_t t = unix_seconds;
    std::tm utc{};
    gmtime_r(&t, &utc);
    static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char out[64];
    std::snprintf(out, sizeof out, "%s, %02d %s %d %02d:%02d:%02d +0000", days[utc.tm_wday], utc.tm_mday, months[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
    return out;
}

std::string letter_text(const MailServer& server, const Letter& letter) {
    std::string out = "Date: " + letter.date + "\r\nFrom: <" + server.from + ">\r\nTo: <" + letter.to + ">\r\nMessage-ID: <" + letter.id + ">\r\nSubject: " + encoded(letter.subject) +
                      "\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\nAuto-Submitted: auto-generated\r\n\r\n";
    const std::string body = base64(letter.text);
    for (std::size_t i = 0; i < body.size(); i += 76) out += body.substr(i, 76) + "\r\n";
    return out;
}

Posted post(const MailServer& server, const Letter& letter) {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    if (!is_address(letter.to) || !is_address(server.from)) return {Sent::refused, "not an address"};
    const std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), curl_easy_cleanup);
    const std::unique_ptr<curl_slist, void (*)(curl_slist*)> to(curl_slist_append(nullptr, ("<" + letter.to + ">").c_str()), curl_slist_free_all);
    if (!curl || !to) return {Sent::later, "no memory"};
    const std::string text = letter_text(server, letter), from = "<" + server.from + ">";
    Reading reading{text};
    std::string problem(CURL_ERROR_SIZE, '\0');
    const auto set = [&](CURLoption option, auto value) { curl_easy_setopt(curl.get(), option, value); };
    set(CURLOPT_URL, server.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    set(CURLOPT_MAIL_FROM, from.c_str());
    set(CURLOPT_MAIL_RCPT, to.get());
    set(CURLOPT_READFUNCTION, give);
    set(CURLOPT_READDATA, &reading);
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_PROXY, "");
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_TIMEOUT_MS, server.timeout_ms);
    set(CURLOPT_ERRORBUFFER, problem.data());
    if (!server.user.empty()) {
        set(CURLOPT_USERNAME, server.user.c_str());
        set(CURLOPT_PASSWORD, server.password.c_str());
    }
    if (server.starttls) set(CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
    const CURLcode done = curl_easy_perform(curl.get());
    if (done == CURLE_OK) return {Sent::taken, ""};
    long answer = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &answer);
    const std::string said = problem.c_str();
    const bool stays = answer >= 500 && answer < 600 && answer != 530 && answer != 535;  // who signs in wrongly may be put right
    return {stays ? Sent::refused : Sent::later, (said.empty() ? std::string(curl_easy_strerror(done)) : said) + (answer ? " (" + std::to_string(answer) + ")" : "")};
}

}  // namespace yipan::notify
