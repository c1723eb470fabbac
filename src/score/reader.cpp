#include "score/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace yipan::score {

void Reader::problem(const yaml::Node& at, std::string message, std::string hint) {
    Error error{Code::invalid_model, yaml::place(file_, at), std::move(message), std::move(hint)};
    // The tree is read once per variant: the same mistake is told once.
    if (std::find(errors_.begin(), errors_.end(), error) == errors_.end()) errors_.push_back(std::move(error));
}

bool Reader::is_map(const yaml::Node& at, std::string_view what) {
    if (at.is_map()) return true;
    problem(at, fmt::format("{} is not a map", what), "write its keys, one a line, indented");
    return false;
}

void Reader::only_keys(const yaml::Node& map, const std::vector<std::string_view>& keys, std::string_view what) {
    for (const yaml::Node& key : map.keys)
        if (std::find(keys.begin(), keys.end(), key.text) == keys.end())
            problem(key, fmt::format("{} has no key \"{}\"", what, key.text),
                    fmt::format("known keys: {}", fmt::join(keys, ", ")));
}

std::string Reader::word(const yaml::Node& map, std::string_view key, bool required) {
    const yaml::Node* at = map.find(key);
    if (!at || at->is_null()) {
        if (required) problem(at ? *at : map, fmt::format("{} is missing", key), fmt::format("add \"{}: ...\"", key));
        return {};
    }
    if (!at->is_scalar()) {
        problem(*at, fmt::format("{} is not a word", key), fmt::format("write \"{}: text\" on one line", key));
        return {};
    }
    return at->text;
}

std::string Reader::code(const yaml::Node& at, std::string_view what) {
    const bool plain = at.is_scalar() && !at.text.empty() && at.text.size() <= code_length_max &&
                       at.text.find_first_of(" \t\r\n,\"") == std::string::npos;
    if (!plain)
        problem(at, fmt::format("{} is not a code", what),
                fmt::format("1 to {} bytes without blanks, commas or quotes", code_length_max));
    return plain ? at.text : std::string{};
}

Label Reader::label(const yaml::Node& map, const std::string& fallback) {
    Label out{fallback, fallback, fallback};
    const yaml::Node* at = map.find("label");
    if (!at) return out;
    const bool three =
        at->is_list() && at->items.size() == 3 &&
        std::all_of(at->items.begin(), at->items.end(), [](const yaml::Node& n) { return n.is_scalar(); });
    if (!three) {
        problem(*at, "label is not a list of three", "label: [简体, 繁體, English]");
        return out;
    }
    for (std::size_t i = 0; i < 3; ++i) out[i] = at->items[i].text;
    return out;
}

std::vector<std::string> Reader::words(const yaml::Node& map, std::string_view key) {
    std::vector<std::string> out;
    const yaml::Node* at = map.find(key);
    if (!at || at->is_null()) return out;
    if (at->is_scalar()) return {at->text};
    if (at->is_list())
        for (const yaml::Node& item : at->items)
            if (item.is_scalar()) out.push_back(item.text);
    if (!at->is_list() || out.size() != at->items.size())
        problem(*at, fmt::format("{} is not a list of words", key), fmt::format("{}: [one, two]", key));
    return out;
}

bool Reader::flag(const yaml::Node& map, std::string_view key, bool otherwise) {
    return choice<bool>(map, key, otherwise, {{"true", true}, {"false", false}});
}

const yaml::Node* Reader::by_variant(const yaml::Node& at, std::string_view what) {
    if (!at.is_map()) return &at;
    bool about_variants = !at.keys.empty() && !all_.empty();
    for (const yaml::Node& key : at.keys)
        about_variants = about_variants && std::find(all_.begin(), all_.end(), key.text) != all_.end();
    if (!about_variants) return &at;
    const yaml::Node* found = at.find(variant_);
    if (!found)
        problem(at, fmt::format("{} has no entry for variant \"{}\"", what, variant_),
                "name every variant; a weight of 0 means not assessed");
    return found;
}

std::optional<double> Reader::number(const yaml::Node& given, std::string_view what) {
    const yaml::Node* at = by_variant(given, what);
    if (!at) return std::nullopt;
    double value = 0;
    const char* begin = at->text.data();
    const char* end = begin + at->text.size();
    if (at->is_scalar() && !at->text.empty()) {
        const auto [stop, error] = std::from_chars(begin, end, value);
        if (error == std::errc{} && stop == end && std::isfinite(value)) return value;
    }
    problem(*at,
            at->is_scalar() ? fmt::format("{} is \"{}\", not a number", what, at->text)
                            : fmt::format("{} is not a number", what),
            all_.size() > 1 ? "a number such as 12.5, or a map of numbers by variant" : "a number such as 12.5");
    return std::nullopt;
}

double Reader::number_or(const yaml::Node& map, std::string_view key, double otherwise) {
    const yaml::Node* at = map.find(key);
    return at ? number(*at, key).value_or(otherwise) : otherwise;
}

int Reader::whole_or(const yaml::Node& map, std::string_view key, int otherwise, int low, int high) {
    const yaml::Node* at = map.find(key);
    if (!at) return otherwise;
    const std::optional<double> value = number(*at, key);
    if (!value) return otherwise;
    if (*value != std::floor(*value) || *value < low || *value > high) {
        problem(*at, fmt::format("{} is {}", key, *value), fmt::format("a whole number from {} to {}", low, high));
        return otherwise;
    }
    return static_cast<int>(*value);
}

}  // namespace yipan::score
