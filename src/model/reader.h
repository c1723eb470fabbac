#pragma once
// Reading maps of keywords with places. Mistakes are collected, never thrown: each reader returns something harmless
// and carries on, so that one run names every mistake of all files.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/decimal.h"
#include "base/result.h"
#include "base/yaml.h"
#include "model/model.h"

namespace yipan::model {

constexpr std::size_t problems_max = 1000;  // more are counted, not kept

class Problems {
  public:
    void add(std::string where, std::string message, std::string hint = {}, Code code = Code::invalid_model);
    bool empty() const { return errors_.empty(); }
    std::size_t count() const { return errors_.size() + dropped_; }
    /// By file, line and column; each only once.
    Errors take();

  private:
    Errors errors_;
    std::size_t dropped_ = 0;
};

/// A scalar with the place where it stands.
struct Word {
    std::string text;
    std::string where;
};

/// A map of keywords: unknown keywords and keywords without a value are reported when it is made.
class Section {
  public:
    /// `subject` names the thing in messages, e.g. "field amount"; `key` is where it was named (place of "x is
    /// missing").
    Section(Problems& problems, std::string_view file, const yaml::Node& key, const yaml::Node& body,
            std::string subject, const std::vector<std::string_view>& known);

    const std::string& subject() const { return subject_; }
    const std::string& file() const { return file_; }
    Problems& problems() const { return problems_; }
    std::string where() const;  // of the thing itself
    std::string place(const yaml::Node& node) const;
    std::string place(std::string_view keyword) const;       // of the keyword's value; of the thing when absent
    std::string key_place(std::string_view keyword) const;   // of the keyword itself
    const yaml::Node* find(std::string_view keyword) const;  // null when absent, null or the body is no map
    bool has(std::string_view keyword) const { return find(keyword) != nullptr; }
    void wrong(std::string_view keyword, std::string message, std::string hint = {}) const;
    void missing(std::string_view keyword, std::string hint) const;

    std::optional<Word> word(std::string_view keyword) const;  // one scalar
    bool flag(std::string_view keyword, bool otherwise = false) const;
    std::optional<std::int64_t> whole(std::string_view keyword, std::int64_t low, std::int64_t high) const;
    std::optional<Decimal> number(std::string_view keyword) const;
    std::vector<Word> words(std::string_view keyword) const;  // a list of scalars
    Label label(std::string_view keyword = "label", bool required = true) const;
    Label label_of(const yaml::Node& node, std::string_view what) const;
    /// One of several words, by position; reports others with the nearest.
    std::optional<std::size_t> one_of(std::string_view keyword, const std::vector<std::string_view>& choices) const;

  private:
    Problems& problems_;
    std::string file_;
    const yaml::Node& key_;
    const yaml::Node& body_;
    std::string subject_;
};

std::string joined(const std::vector<std::string_view>& words, std::string_view separator = ", ");

}  // namespace yipan::model
