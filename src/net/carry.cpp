#include "net/carry.h"

#include <curl/curl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <utility>

namespace yipan::net {
namespace {
constexpr std::size_t in_memory_max = 1024 * 1024;
constexpr std::int64_t answer_max = std::int64_t{4} << 30;

/// A file that goes when nobody holds it any more.
struct Spool {
    std::string path;
    std::FILE* file = nullptr;
    ~Spool() {
        if (file) std::fclose(file);
        if (!path.empty()) (void)::unlink(path.c_str());
    }
    bool open() {
        const char* folder = std::getenv("TMPDIR");
        path = std::string(folder && *folder ? folder : "/tmp") + "/yipan-answer-XXXXXX";
        const int handle = ::mkstemp(path.data());
        if (handle < 0) return path.clear(), false;
        file = ::fdopen(handle, "wb");
        return file != nullptr;
    }
};
struct Into {
    Response* answer = nullptr;
    std::shared_ptr<Spool> spool;
    std::int64_t bytes = 0;
};
std::size_t take_body(char* bytes, std::size_t, std::size_t n, void* with) {
    auto& into = *static_cast<Into*>(with);
    into.bytes += static_cast<std::int64_t>(n);
    if (into.bytes > answer_max) return 0;
    if (!into.spool && into.answer->body.size() + n <= in_memory_max) {
        into.answer->body.append(bytes, n);
        return n;
    }
    if (!into.spool) {
        into.spool = std::make_shared<Spool>();
        if (!into.spool->open()) return 0;
        if (std::fwrite(into.answer->body.data(), 1, into.answer->body.size(), into.spool->file) != into.answer->body.size()) return 0;
        into.answer->body.clear();
    }
    return std::fwrite(bytes, 1, n, into.spool->file);
}
std::size_t take_header(char* bytes, std::size_t, std::size_t n, void* with) {
    auto& into = *static_cast<Into*>(with);
    std::string_view line(bytes, n);
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
    if (line.starts_with("HTTP/")) {
        into.answer->headers.clear();  // of a 100 before
        return n;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return n;
    std::string lower(line.substr(0, colon));
    for (char& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    if (travels(lower)) into.answer->headers.emplace_back(std::string(line.substr(0, colon)), std::string(value));
    return n;
}
}  // namespace

bool travels(std::string_view header) {
    static const std::set<std::string_view> stays{"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "content-length",
                                                  "host", "expect", "via", "forwarded", "yipan-carried", "yipan-min-position"};
    return !stays.contains(header) && !header.starts_with("x-forwarded-");
}

struct Carrier::Impl {
    CURL* curl = nullptr;
};

Carrier::Carrier() : impl_(std::make_unique<Impl>()) {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    impl_->curl = curl_easy_init();
}
Carrier::~Carrier() {
    if (impl_->curl) curl_easy_cleanup(impl_->curl);
}

Carrier::Outcome Carrier::carry(const std::string& to, const Request& request, const std::vector<std::pair<std::string, std::string>>& more, bool again,
                                const Times& times, Response& answer) {
    CURL* curl = impl_->curl;
    if (!curl) return Outcome::not_sent;
    curl_easy_reset(curl);  // keeps its connections
    Into into{&answer, nullptr, 0};
    curl_slist* list = nullptr;
    const auto add = [&](const std::string& name, const std::string& value) { list = curl_slist_append(list, value.empty() ? (name + ";").c_str() : (name + ": " + value).c_str()); };
    bool kind = false;
    for (const auto& [name, value] : request.headers) {
        if (!travels(name)) continue;
        add(name, value);
        kind = kind || name == "content-type";
    }
    for (const auto& [name, value] : more) add(name, value);
    list = curl_slist_append(list, "Expect:");  // what the library would write by itself
    if (request.header("accept").empty()) list = curl_slist_append(list, "Accept:");
    if (request.header("user-agent").empty()) list = curl_slist_append(list, "User-Agent:");
    if (!kind) list = curl_slist_append(list, "Content-Type:");
    const std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers(list, curl_slist_free_all);
    const auto set = [&](CURLoption option, auto value) { curl_easy_setopt(curl, option, value); };
    const std::string url = to + request.target;
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_PATH_AS_IS, 1L);
    const std::string method = request.method == "HEAD" ? "GET" : request.method;
    if (method != "GET") {
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        set(CURLOPT_POSTFIELDS, request.body.data());
    }
    set(CURLOPT_CUSTOMREQUEST, method.c_str());
    set(CURLOPT_HTTPHEADER, headers.get());
    set(CURLOPT_PROTOCOLS_STR, "http");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_PROXY, "");
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_TCP_NODELAY, 1L);
    set(CURLOPT_CONNECTTIMEOUT_MS, times.connect_ms);
    set(CURLOPT_TIMEOUT_MS, times.whole_ms);
    set(CURLOPT_HTTP_CONTENT_DECODING, 0L);
    if (!again) set(CURLOPT_FRESH_CONNECT, 1L);  // a kept one that has died is tried anew by the library, whatever was sent
    set(CURLOPT_WRITEFUNCTION, take_body);
    set(CURLOPT_WRITEDATA, &into);
    set(CURLOPT_HEADERFUNCTION, take_header);
    set(CURLOPT_HEADERDATA, &into);
    const CURLcode done = curl_easy_perform(curl);
    if (done == CURLE_OK) {
        long status = 0;
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        answer.status = static_cast<int>(status);
        if (into.spool) {
            std::fclose(std::exchange(into.spool->file, nullptr));
            answer.file = into.spool->path;
            answer.file_bytes = into.bytes;
            answer.hold = into.spool;
        }
        return Outcome::answered;
    }
    answer = {};
    if (done == CURLE_COULDNT_CONNECT || done == CURLE_COULDNT_RESOLVE_HOST || done == CURLE_URL_MALFORMAT) return Outcome::not_sent;
    if (done != CURLE_OPERATION_TIMEDOUT) return Outcome::unknown;
    curl_off_t sending_after = 0;  // zero: it was still connecting
    curl_easy_getinfo(curl, CURLINFO_PRETRANSFER_TIME_T, &sending_after);
    return sending_after == 0 ? Outcome::not_sent : Outcome::unknown;
}

}  // namespace yipan::net
