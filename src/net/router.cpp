#include "net/router.h"

#include <algorithm>
#include <array>
#include <span>

namespace yipan::net {
namespace {
constexpr std::size_t segments_max = 16, telling = 3;
}

std::vector<std::string_view> segments_of(std::string_view path) {
    std::vector<std::string_view> out;
    std::size_t at = path.starts_with('/') ? 1 : 0;
    while (at <= path.size()) {
        const std::size_t end = std::min(path.find('/', at), path.size());
        out.push_back(path.substr(at, end - at));
        at = end + 1;
    }
    return out;
}

void Router::add(std::string_view method, std::string_view pattern, int number) {
    Route route{std::string(method), {}, number};
    for (const std::string_view s : segments_of(pattern)) route.segments.emplace_back(s.starts_with('{') ? "" : s);
    auto& list = by_length_[route.segments.size()];
    // Literal segments win: routes with braces further left stand later.
    const auto rank = [](const Route& r) {
        std::string out;
        for (const auto& s : r.segments) out += s.empty() ? '1' : '0';
        return out;
    };
    const auto at = std::upper_bound(list.begin(), list.end(), route,
                                     [&](const Route& a, const Route& b) { return rank(a) < rank(b); });
    list.insert(at, std::move(route));
}

Router::Match Router::match(std::string_view method, std::string_view path) const {
    Match out;
    // As segments_of, in place: a path is looked up with each request.
    std::array<std::string_view, segments_max> segments_room;
    std::size_t count = 0;
    for (std::size_t at = path.starts_with('/') ? 1 : 0; at <= path.size();) {
        const std::size_t end = std::min(path.find('/', at), path.size());
        if (count == segments_max) return out;
        segments_room[count++] = path.substr(at, end - at);
        at = end + 1;
    }
    const std::span<const std::string_view> segments(segments_room.data(), count);
    const auto list = by_length_.find(count);
    if (list == by_length_.end()) return out;
    for (const Route& route : list->second) {
        // Of "/b/{board}/api/NAME" the name tells routes apart, so it is looked at first.
        bool fits = count <= telling || route.segments[telling].empty() || route.segments[telling] == segments[telling];
        for (std::size_t i = 0; fits && i < segments.size(); ++i)
            fits = route.segments[i].empty() ? !segments[i].empty() : route.segments[i] == segments[i];
        if (!fits) continue;
        out.path_known = true;
        if (route.method != method) {
            if (out.allowed.find(route.method) == std::string::npos)
                out.allowed += (out.allowed.empty() ? "" : ", ") + route.method;
            continue;
        }
        out.route = route.number;
        for (std::size_t i = 0; i < segments.size(); ++i)
            if (route.segments[i].empty()) out.parameters.emplace_back(segments[i]);
        return out;
    }
    return out;
}

}  // namespace yipan::net
