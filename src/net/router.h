#pragma once
// Which handler answers a method and a path. Patterns are texts such as "/b/{board}/api/records/{type}/{id}": a segment
// in braces takes any one segment. Literal segments win over braces.
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace yipan::net {

class Router {
  public:
    /// `number` is the caller's name of the route.
    void add(std::string_view method, std::string_view pattern, int number);
    struct Match {
        int route = -1;                         // -1: none
        bool path_known = false;                // the path exists with another method
        std::vector<std::string> parameters;    // by position of the braces
        std::string allowed;                    // "GET, POST" when path_known
    };
    Match match(std::string_view method, std::string_view path) const;

  private:
    struct Route {
        std::string method;
        std::vector<std::string> segments;  // "" stands for braces
        int number;
    };
    std::map<std::size_t, std::vector<Route>> by_length_;
};

std::vector<std::string_view> segments_of(std::string_view path);

}  // namespace yipan::net
