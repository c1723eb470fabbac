#include "net/fetch.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <mutex>

namespace yipan::net {
namespace {
bool inner4(std::uint32_t a) {
    const auto in = [&](std::uint32_t net, int bits) { return (a >> (32 - bits)) == (net >> (32 - bits)); };
    return in(0x00000000, 8) || in(0x0A000000, 8) || in(0x64400000, 10) || in(0x7F000000, 8) || in(0xA9FE0000, 16) || in(0xAC100000, 12) ||
           in(0xC0000000, 24) || in(0xC0A80000, 16) || in(0xC6120000, 15) || in(0xE0000000, 4) || in(0xF0000000, 4);
}
bool inner6(const unsigned char* a) {
    static constexpr unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF}, nat64[12] = {0, 0x64, 0xFF, 0x9B};
    const auto four = [&] { return std::uint32_t{a[12]} << 24 | std::uint32_t{a[13]} << 16 | std::uint32_t{a[14]} << 8 | a[15]; };
    if (std::memcmp(a, mapped, 12) == 0 || std::memcmp(a, nat64, 12) == 0) return inner4(four());
    // Only 2000::/3 is the open network; of it 2002::/16 (6to4) carries an IPv4 address, 2001:db8::/32 is for examples.
    if ((a[0] & 0xE0) != 0x20) return true;
    if (a[0] == 0x20 && a[1] == 0x02) return inner4(std::uint32_t{a[2]} << 24 | std::uint32_t{a[3]} << 16 | std::uint32_t{a[4]} << 8 | a[5]);
    return a[0] == 0x20 && a[1] == 0x01 && a[2] == 0x0D && a[3] == 0xB8;
}
bool inner(const sockaddr* address) {
    if (address->sa_family == AF_INET) return inner4(ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr));
    if (address->sa_family == AF_INET6) return inner6(reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr.s6_addr);
    return true;
}

struct Reach {
    bool named = false, refused = false;
};
curl_socket_t open_socket(void* with, curlsocktype, curl_sockaddr* address) {
    auto& reach = *static_cast<Reach*>(with);
    if (!reach.named && inner(&address->addr)) {
        reach.refused = true;
        return CURL_SOCKET_BAD;
    }
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}
struct Into {
    std::string body;
    std::size_t max = 0;
};
std::size_t take(char* bytes, std::size_t, std::size_t n, void* with) {
    auto& into = *static_cast<Into*>(with);
    if (into.body.size() + n > into.max) return 0;  // ends the transfer
    into.body.append(bytes, n);
    return n;
}
}  // namespace

bool inner_address(const std::string& text) {
    in_addr four{};
    if (inet_pton(AF_INET, text.c_str(), &four) == 1) return inner4(ntohl(four.s_addr));
    in6_addr six{};
    return inet_pton(AF_INET6, text.c_str(), &six) != 1 || inner6(six.s6_addr);
}

Result<Fetched> fetch(const Fetch& asked) {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    const std::unique_ptr<CURLU, void (*)(CURLU*)> url(curl_url(), curl_url_cleanup);
    char* host = nullptr;
    if (!url || curl_url_set(url.get(), CURLUPART_URL, asked.url.c_str(), 0) != CURLUE_OK || curl_url_get(url.get(), CURLUPART_HOST, &host, 0) != CURLUE_OK)
        return fail(Code::invalid_input, "url", "not an address of the web", "https://host/path");
    Reach reach{asked.named.contains(host)};
    curl_free(host);
    const std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), curl_easy_cleanup);
    if (!curl) return fail(Code::store_failed, "", "no memory for a request", "");
    Into into{{}, asked.body_bytes_max};
    std::string problem(CURL_ERROR_SIZE, '\0');
    curl_slist* list = nullptr;
    for (const auto& [name, value] : asked.headers) list = curl_slist_append(list, (name + ": " + value).c_str());
    const std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers(list, curl_slist_free_all);
    const auto set = [&](CURLoption option, auto value) { curl_easy_setopt(curl.get(), option, value); };
    set(CURLOPT_CURLU, url.get());
    set(CURLOPT_CUSTOMREQUEST, asked.method.c_str());
    if (asked.method != "GET") {
        set(CURLOPT_POSTFIELDS, asked.body.c_str());
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(asked.body.size()));
    }
    set(CURLOPT_HTTPHEADER, headers.get());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_PROXY, "");  // what the environment says of proxies does not hold here: the address is the one checked
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_TIMEOUT_MS, asked.timeout_ms);
    set(CURLOPT_USERAGENT, "yipan");
    set(CURLOPT_OPENSOCKETFUNCTION, open_socket);
    set(CURLOPT_OPENSOCKETDATA, &reach);
    set(CURLOPT_WRITEFUNCTION, take);
    set(CURLOPT_WRITEDATA, &into);
    set(CURLOPT_ERRORBUFFER, problem.data());
    const CURLcode done = curl_easy_perform(curl.get());
    if (reach.refused) return fail(Code::not_allowed, "url", "the address is of an inner network", "who runs the server may name the host");
    if (done == CURLE_WRITE_ERROR) return fail(Code::limit_exceeded, "url", "the answer is larger than " + std::to_string(asked.body_bytes_max) + " bytes", "");
    if (done != CURLE_OK) {
        const std::string said = problem.c_str();
        return fail(Code::busy, "url", "not reached: " + (said.empty() ? std::string(curl_easy_strerror(done)) : said), "");
    }
    Fetched out;
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &out.status);
    out.body = std::move(into.body);
    return out;
}

}  // namespace yipan::net
