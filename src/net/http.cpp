#include "net/http.h"

#include "base/utf8.h"

namespace yipan::net {

std::string_view Request::header(std::string_view name) const {
    for (const auto& [n, v] : headers)
        if (n == name) return v;
    return {};
}
std::string_view Request::asked(std::string_view name, std::string_view otherwise) const {
    for (const auto& [n, v] : query)
        if (n == name) return v;
    return otherwise;
}
bool Request::has(std::string_view name) const {
    for (const auto& [n, v] : query)
        if (n == name) return true;
    return false;
}
std::string_view Request::cookie(std::string_view name) const {
    std::string_view rest = header("cookie");
    while (!rest.empty()) {
        const std::size_t end = rest.find(';');
        std::string_view pair = rest.substr(0, end);
        while (!pair.empty() && pair.front() == ' ') pair.remove_prefix(1);
        if (const std::size_t eq = pair.find('='); eq != std::string_view::npos && pair.substr(0, eq) == name)
            return pair.substr(eq + 1);
        if (end == std::string_view::npos) break;
        rest.remove_prefix(end + 1);
    }
    return {};
}

bool Stream::push(std::shared_ptr<const std::string> bytes) {
    std::function<void()> wake;
    {
        const std::lock_guard lock(mutex_);
        if (closed_) return false;
        waiting_bytes_ += bytes->size();
        if (waiting_bytes_ > waiting_max_) {
            closed_ = true;
            waiting_.clear();
        } else {
            waiting_.push_back(std::move(bytes));
        }
        if (!told_) wake = wake_;
        told_ = true;
    }
    if (wake) wake();
    return !closed();
}
void Stream::close() {
    std::function<void()> wake;
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        wake = wake_;
    }
    if (wake) wake();
}
bool Stream::closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
}
std::vector<std::shared_ptr<const std::string>> Stream::take() {
    const std::lock_guard lock(mutex_);
    waiting_bytes_ = 0;
    told_ = false;
    return std::exchange(waiting_, {});
}
void Stream::on_push(std::function<void()> wake) {
    const std::lock_guard lock(mutex_);
    wake_ = std::move(wake);
    told_ = false;
}

std::string_view reason_of(int status) {
    switch (status) {
        case 200: return "OK";
        case 201: return "Created";
        case 202: return "Accepted";
        case 204: return "No Content";
        case 206: return "Partial Content";
        case 302: return "Found";
        case 303: return "See Other";
        case 304: return "Not Modified";
        case 308: return "Permanent Redirect";
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 406: return "Not Acceptable";
        case 408: return "Request Timeout";
        case 409: return "Conflict";
        case 412: return "Precondition Failed";
        case 413: return "Content Too Large";
        case 414: return "URI Too Long";
        case 415: return "Unsupported Media Type";
        case 416: return "Range Not Satisfiable";
        case 422: return "Unprocessable Content";
        case 428: return "Precondition Required";
        case 429: return "Too Many Requests";
        case 431: return "Request Header Fields Too Large";
        case 500: return "Internal Server Error";
        case 501: return "Not Implemented";
        case 503: return "Service Unavailable";
        case 507: return "Insufficient Storage";
        default: return "Status";
    }
}

std::optional<std::string> url_decoded(std::string_view text, bool plus_is_blank) {
    const auto digit = [](char c) {
        return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    };
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus_is_blank) {
            out += ' ';
        } else if (text[i] == '%') {
            if (i + 2 >= text.size()) return std::nullopt;
            const int high = digit(text[i + 1]), low = digit(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            out += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            out += text[i];
        }
    }
    if (find_invalid_utf8(out) != std::string_view::npos) return std::nullopt;
    return out;
}

std::string url_encoded(std::string_view text) {
    constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto b = static_cast<unsigned char>(c);
        if ((b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || (b >= '0' && b <= '9') || b == '-' || b == '_' || b == '.' ||
            b == '~')
            out += c;
        else
            out += {'%', digits[b >> 4], digits[b & 15]};
    }
    return out;
}

bool split_target(Request& request) {
    constexpr std::size_t query_parts_max = 100;
    std::string_view target = request.target;
    if (target.empty() || target.front() != '/') return false;
    target = target.substr(0, target.find('#'));
    const std::size_t mark = target.find('?');
    auto path = url_decoded(target.substr(0, mark), false);
    if (!path) return false;
    request.path = std::move(*path);
    if (mark == std::string_view::npos) return true;
    std::string_view rest = target.substr(mark + 1);
    while (!rest.empty()) {
        const std::size_t end = rest.find('&');
        const std::string_view pair = rest.substr(0, end);
        if (!pair.empty()) {
            if (request.query.size() >= query_parts_max) return false;
            const std::size_t eq = pair.find('=');
            auto name = url_decoded(pair.substr(0, eq), true);
            auto value = url_decoded(eq == std::string_view::npos ? std::string_view{} : pair.substr(eq + 1), true);
            if (!name || !value) return false;
            request.query.emplace_back(std::move(*name), std::move(*value));
        }
        if (end == std::string_view::npos) break;
        rest.remove_prefix(end + 1);
    }
    return true;
}

}  // namespace yipan::net
