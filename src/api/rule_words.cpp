#include "api/rule_words.h"

#include <map>

namespace yipan::api {
namespace {

/// The values that stand in `said` where `pattern` has {name}; nullopt: `said` was not made from it. A value ends where the next literal
/// begins.
std::optional<std::map<std::string, std::string, std::less<>>> values_in(std::string_view pattern, std::string_view said) {
    std::map<std::string, std::string, std::less<>> out;
    for (;;) {
        const std::size_t open = pattern.find('{'), close = pattern.find('}', open);
        const std::string_view literal = pattern.substr(0, close == std::string_view::npos ? pattern.size() : open);
        if (!said.starts_with(literal)) return std::nullopt;
        said.remove_prefix(literal.size());
        if (close == std::string_view::npos || open == std::string_view::npos) return said.empty() ? std::optional(out) : std::nullopt;
        const std::string name(pattern.substr(open + 1, close - open - 1));
        pattern.remove_prefix(close + 1);
        const std::string_view next = pattern.substr(0, pattern.find('{'));
        const std::size_t end = next.empty() ? said.size() : said.find(next);
        if (end == std::string_view::npos) return std::nullopt;
        out[name] = std::string(said.substr(0, end));
        said.remove_prefix(end);
    }
}
std::string filled(std::string_view pattern, const std::map<std::string, std::string, std::less<>>& values) {
    std::string out;
    while (!pattern.empty()) {
        const std::size_t open = pattern.find('{'), close = pattern.find('}', open);
        if (open == std::string_view::npos || close == std::string_view::npos) return out += pattern, out;
        out += pattern.substr(0, open);
        const auto value = values.find(pattern.substr(open + 1, close - open - 1));
        out += value == values.end() ? pattern.substr(open, close - open + 1) : std::string_view(value->second);
        pattern.remove_prefix(close + 1);
    }
    return out;
}
bool reword(const model::Rule& rule, Error& e) {
    if (e.hint != "rule " + rule.code + ": " + rule.check.text) return false;
    const auto values = values_in(rule.message.hans + " / " + rule.message.en, e.message);
    if (!values) return false;
    e.message = filled(rule.message.hant + " / " + rule.message.en, *values);
    return true;
}
bool reword(const model::Type& type, Error& e) {
    for (const auto& rule : type.rules)
        if (reword(rule, e)) return true;
    for (const auto& move : type.moves)
        for (const auto& rule : move.needs)
            if (reword(rule, e)) return true;
    return false;
}

}  // namespace

void in_traditional(const model::Model& model, Errors& errors) {
    for (Error& e : errors) {
        if (e.code != Code::rule_broken) continue;
        for (const auto& type : model.types)
            if (reword(type, e)) break;
    }
}

}  // namespace yipan::api
