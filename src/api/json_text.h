#pragma once
// JSON written as text at once, without a tree of values in between: for what is asked for many times a second (a record, a
// page of records). What is looked into afterwards, or is small and rare, is a boost::json value.
#include <boost/json.hpp>
#include <charconv>
#include <concepts>
#include <string>
#include <string_view>

#include "record/body.h"

namespace yipan::api {

/// The caller opens and closes what it opened; commas come by themselves. Texts are UTF-8.
class JsonText {
  public:
    JsonText() { out_.reserve(1'024); }
    void object() { begin('{'); }
    void array() { begin('['); }
    void end_object() { end('}'); }
    void end_array() { end(']'); }
    JsonText& key(std::string_view name) {
        value(name);
        out_ += ':';
        comma_ = false;
        return *this;
    }

    void value(std::string_view text) {
        between();
        record::append_json_text(out_, text);
    }
    void value(const char* text) { value(std::string_view(text)); }
    void value(const std::string& text) { value(std::string_view(text)); }
    void value(std::integral auto n) {
        between();
        char digits[24];
        out_.append(digits, std::to_chars(digits, digits + sizeof digits, n).ptr);
    }
    void value(bool yes) { raw(yes ? "true" : "false"); }
    void value(std::nullptr_t) { raw("null"); }
    void value(const boost::json::value& tree) { raw(boost::json::serialize(tree)); }
    /// JSON already.
    void raw(std::string_view json) {
        between();
        out_ += json;
    }
    template <class T>
    void member(std::string_view name, const T& v) {
        key(name).value(v);
    }
    std::string take() { return std::move(out_); }

  private:
    void between() {
        if (comma_) out_ += ',';
        comma_ = true;
    }
    void begin(char bracket) {
        between();
        out_ += bracket;
        comma_ = false;
    }
    void end(char bracket) {
        out_ += bracket;
        comma_ = true;
    }
    std::string out_;
    bool comma_ = false;
};

/// What `write` writes, as a tree: for an answer that is a tree otherwise.
template <class Write>
boost::json::value tree_of(Write&& write) {
    JsonText text;
    write(text);
    return boost::json::parse(text.take());
}

}  // namespace yipan::api
