#include "model/reader.h"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "base/nearest.h"

namespace yipan::model {
namespace {
// "a/b.yaml:12:5" in an order people read: file, then line and column as numbers.
std::tuple<std::string_view, long, long> sort_key(const Error& error) {
    std::string_view rest = error.where;
    long numbers[2] = {0, 0};
    for (int k = 1; k >= 0; --k) {
        const auto colon = rest.rfind(':');
        if (colon == std::string_view::npos) break;
        const std::string_view tail = rest.substr(colon + 1);
        if (std::from_chars(tail.data(), tail.data() + tail.size(), numbers[k]).ec != std::errc()) break;
        rest = rest.substr(0, colon);
    }
    return {rest, numbers[0], numbers[1]};
}
bool blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }
}  // namespace

void Problems::add(std::string where, std::string message, std::string hint, Code code) {
    if (errors_.size() >= problems_max) {
        ++dropped_;
        return;
    }
    errors_.push_back({code, std::move(where), std::move(message), std::move(hint)});
}

Errors Problems::take() {
    std::stable_sort(errors_.begin(), errors_.end(), [](const Error& a, const Error& b) {
        const auto x = sort_key(a), y = sort_key(b);
        return x != y ? x < y : a.message < b.message;
    });
    errors_.erase(std::unique(errors_.begin(), errors_.end()), errors_.end());
    if (dropped_ > 0)
        errors_.push_back(
            {Code::invalid_model, "", "and " + std::to_string(dropped_) + " more mistakes", "mend these first"});
    return std::move(errors_);
}

std::string joined(const std::vector<std::string_view>& words, std::string_view separator) {
    std::string out;
    for (const std::string_view word : words) {
        if (!out.empty()) out += separator;
        out += word;
    }
    return out;
}

Section::Section(Problems& problems, std::string_view file, const yaml::Node& key, const yaml::Node& body,
                 std::string subject, const std::vector<std::string_view>& known)
    : problems_(problems), file_(file), key_(key), body_(body), subject_(std::move(subject)) {
    if (!body_.is_map()) {
        problems_.add(place(body_), subject_ + " is not a map", "write keyword: value pairs");
        return;
    }
    for (std::size_t i = 0; i < body_.keys.size(); ++i) {
        const yaml::Node& keyword = body_.keys[i];
        if (std::find(known.begin(), known.end(), keyword.text) == known.end())
            problems_.add(place(keyword), subject_ + ": unknown keyword \"" + keyword.text.substr(0, 80) + "\"",
                          did_you_mean(keyword.text, known, "known here: " + joined(known)));
        else if (body_.items[i].is_null())
            problems_.add(place(keyword), subject_ + ": \"" + keyword.text + "\" has no value",
                          "leave the keyword out or give a value");
    }
}

std::string Section::where() const { return yaml::place(file_, key_); }
std::string Section::place(const yaml::Node& node) const { return yaml::place(file_, node); }
std::string Section::place(std::string_view keyword) const {
    const yaml::Node* node = find(keyword);
    return node ? place(*node) : where();
}
std::string Section::key_place(std::string_view keyword) const {
    for (const yaml::Node& key : body_.keys)
        if (key.text == keyword) return place(key);
    return where();
}
const yaml::Node* Section::find(std::string_view keyword) const {
    const yaml::Node* node = body_.find(keyword);
    return node && !node->is_null() ? node : nullptr;
}
void Section::wrong(std::string_view keyword, std::string message, std::string hint) const {
    problems_.add(place(keyword), subject_ + ": " + std::move(message), std::move(hint));
}
void Section::missing(std::string_view keyword, std::string hint) const {
    if (body_.is_map() && body_.find(keyword) == nullptr)
        problems_.add(where(), subject_ + ": \"" + std::string(keyword) + "\" is missing", std::move(hint));
}

std::optional<Word> Section::word(std::string_view keyword) const {
    const yaml::Node* node = find(keyword);
    if (!node) return std::nullopt;
    if (!node->is_scalar()) {
        wrong(keyword, "\"" + std::string(keyword) + "\" is not a single text", "write one value");
        return std::nullopt;
    }
    return Word{node->text, place(*node)};
}

bool Section::flag(std::string_view keyword, bool otherwise) const {
    const auto text = word(keyword);
    if (!text) return otherwise;
    if (text->text == "true") return true;
    if (text->text != "false")
        wrong(keyword, "\"" + std::string(keyword) + "\" is neither true nor false", "write true or false");
    return false;
}

std::optional<std::int64_t> Section::whole(std::string_view keyword, std::int64_t low, std::int64_t high) const {
    const auto text = word(keyword);
    if (!text) return std::nullopt;
    std::int64_t value = 0;
    const char* end = text->text.data() + text->text.size();
    const auto read = std::from_chars(text->text.data(), end, value);
    if (read.ec == std::errc() && read.ptr == end && value >= low && value <= high) return value;
    wrong(keyword, "\"" + std::string(keyword) + "\" is not a whole number from " + std::to_string(low) + " to " +
                       std::to_string(high));
    return std::nullopt;
}

std::optional<Decimal> Section::number(std::string_view keyword) const {
    const auto text = word(keyword);
    if (!text) return std::nullopt;
    const auto value = Decimal::parse(text->text);
    if (value) return *value;
    wrong(keyword, "\"" + std::string(keyword) + "\" is not a number", "e.g. 10 or 2.5");
    return std::nullopt;
}

std::vector<Word> Section::words(std::string_view keyword) const {
    std::vector<Word> out;
    const yaml::Node* node = find(keyword);
    if (!node) return out;
    if (!node->is_list()) {
        wrong(keyword, "\"" + std::string(keyword) + "\" is not a list", "write [a, b]");
        return out;
    }
    for (const yaml::Node& item : node->items) {
        if (item.is_scalar())
            out.push_back({item.text, place(item)});
        else
            problems_.add(place(item),
                          subject_ + ": \"" + std::string(keyword) + "\" holds something that is not a word",
                          "write [a, b]");
    }
    if (node->items.empty())
        wrong(keyword, "\"" + std::string(keyword) + "\" is empty", "leave it out or name at least one");
    return out;
}

Label Section::label(std::string_view keyword, bool required) const {
    const yaml::Node* node = find(keyword);
    if (node) return label_of(*node, keyword);
    if (required) missing(keyword, std::string(keyword) + ": [简体, 繁體, English]");
    return {};
}

Label Section::label_of(const yaml::Node& node, std::string_view what) const {
    const bool good = node.is_list() && node.items.size() == 3 &&
                      std::all_of(node.items.begin(), node.items.end(),
                                  [](const yaml::Node& item) { return item.is_scalar() && !blank(item.text); });
    if (good) return {node.items[0].text, node.items[1].text, node.items[2].text};
    problems_.add(place(node), subject_ + ": \"" + std::string(what) + "\" is not three texts",
                  "[简体, 繁體, English]");
    return {};
}

std::optional<std::size_t> Section::one_of(std::string_view keyword,
                                           const std::vector<std::string_view>& choices) const {
    const auto text = word(keyword);
    if (!text) return std::nullopt;
    const auto at = std::find(choices.begin(), choices.end(), text->text);
    if (at != choices.end()) return static_cast<std::size_t>(at - choices.begin());
    wrong(keyword, "\"" + std::string(keyword) + "\" cannot be \"" + text->text.substr(0, 80) + "\"",
          did_you_mean(text->text, choices, "one of " + joined(choices)));
    return std::nullopt;
}

}  // namespace yipan::model
