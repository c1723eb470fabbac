#pragma once
// Reader: turns YAML nodes into words, numbers and choices and collects every mistake with its place. Within a variant,
// a map whose keys are the scheme's variants stands for the entry of that variant.
#include <cmath>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/yaml.h"
#include "score/scheme.h"

namespace yipan::score {

class Reader {
  public:
    Reader(std::string_view file, Errors& errors) : file_(file), errors_(errors) {}
    void problem(const yaml::Node& at, std::string message, std::string hint = {});
    bool is_map(const yaml::Node& at, std::string_view what);
    /// Every key of `map` must be one of `keys`.
    void only_keys(const yaml::Node& map, const std::vector<std::string_view>& keys, std::string_view what);
    std::string word(const yaml::Node& map, std::string_view key, bool required = false);
    std::string code(const yaml::Node& at, std::string_view what);
    Label label(const yaml::Node& map, const std::string& fallback);
    std::vector<std::string> words(const yaml::Node& map, std::string_view key);
    bool flag(const yaml::Node& map, std::string_view key, bool otherwise);
    std::optional<double> number(const yaml::Node& at, std::string_view what);
    double number_or(const yaml::Node& map, std::string_view key, double otherwise);
    int whole_or(const yaml::Node& map, std::string_view key, int otherwise, int low, int high);
    /// The entry of the current variant when `at` is a map by variant, else `at`; null (reported) when it has no such
    /// entry.
    const yaml::Node* by_variant(const yaml::Node& at, std::string_view what);
    void use_variant(std::string variant, const std::vector<std::string>& all) {
        variant_ = std::move(variant), all_ = all;
    }
    const std::string& variant() const { return variant_; }

    template <class T>
    T choice(const yaml::Node& map, std::string_view key, T otherwise,
             std::initializer_list<std::pair<std::string_view, T>> table) {
        const yaml::Node* at = map.find(key);
        if (!at) return otherwise;
        std::string hint = "one of";
        for (const auto& [name, value] : table) {
            if (at->is_scalar() && at->text == name) return value;
            hint += " " + std::string(name);
        }
        problem(*at, std::string(key) + " is \"" + at->text + "\"", hint);
        return otherwise;
    }

  private:
    std::string_view file_;
    Errors& errors_;
    std::string variant_;
    std::vector<std::string> all_;
};

/// Reads `formula:`; `points_weight` is the weight of the indicator when its parent counts in points (default of full).
Formula read_formula(Reader& reader, const yaml::Node& at, Direction direction, Transform transform,
                     std::optional<double> points_weight);
/// Events, classes, rank rules, difficulty and order of a scheme (scheme_rules.cpp).
void read_rules(Reader& reader, const yaml::Node& root, Scheme& scheme);

}  // namespace yipan::score
