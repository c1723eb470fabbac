#pragma once
// XML in pieces, with the limits a stranger's file needs: no document type (so no entities of its own), bounded depth,
// bounded size of one tag. Names come without their prefix, so that transitional and strict files, and files whose
// writer chose another prefix, read alike.
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

struct XML_ParserStruct;

namespace yipan::exchange {

constexpr int xml_depth_max = 64;
constexpr std::size_t xml_tag_bytes_max = std::size_t{4} << 20;

std::string_view local_name(const char* name);
/// The value of an attribute by its local name; empty view with null data when there is none.
std::string_view attribute(const char** attributes, std::string_view name);

class XmlHandler {
  public:
    virtual ~XmlHandler() = default;
    virtual void start(std::string_view name, const char** attributes) = 0;
    virtual void end(std::string_view name) = 0;
    virtual void text(std::string_view bytes) = 0;
};

class XmlPush {
  public:
    XmlPush(XmlHandler& handler, std::string where);
    ~XmlPush();
    XmlPush(const XmlPush&) = delete;
    XmlPush& operator=(const XmlPush&) = delete;
    Status feed(std::string_view bytes, bool last);
    /// From inside the handler: ends the reading with this error.
    void stop(Error error);
    std::uint64_t line() const;

  private:
    struct Calls;
    friend struct Calls;
    XmlHandler& handler_;
    std::string where_;
    XML_ParserStruct* parser_ = nullptr;
    int depth_ = 0;
    std::size_t quiet_ = 0;  // bytes since the last call
    bool stopped_ = false;
    Error error_;
};

/// A whole small document.
Status read_xml(std::string_view text, const std::string& where, XmlHandler& handler);

}  // namespace yipan::exchange
