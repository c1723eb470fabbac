#include "exchange/xml_read.h"

#include <expat.h>

#include <cstring>

#include "base/check.h"

namespace yipan::exchange {

std::string_view local_name(const char* name) {
    const char* colon = std::strchr(name, ':');
    return colon ? colon + 1 : name;
}

std::string_view attribute(const char** attributes, std::string_view name) {
    for (; *attributes; attributes += 2)
        if (local_name(attributes[0]) == name) return attributes[1];
    return {};
}

struct XmlPush::Calls {
    static void XMLCALL start(void* self, const char* name, const char** attributes) {
        auto& xml = *static_cast<XmlPush*>(self);
        xml.quiet_ = 0;
        if (xml.stopped_) return;
        if (++xml.depth_ > xml_depth_max)
            return xml.stop({Code::limit_exceeded, xml.where_,
                             "elements lie deeper than " + std::to_string(xml_depth_max), "save the workbook anew"});
        xml.handler_.start(local_name(name), attributes);
    }
    static void XMLCALL end(void* self, const char* name) {
        auto& xml = *static_cast<XmlPush*>(self);
        xml.quiet_ = 0;
        --xml.depth_;
        if (!xml.stopped_) xml.handler_.end(local_name(name));
    }
    static void XMLCALL text(void* self, const char* bytes, int size) {
        auto& xml = *static_cast<XmlPush*>(self);
        xml.quiet_ = 0;
        if (!xml.stopped_) xml.handler_.text({bytes, static_cast<std::size_t>(size)});
    }
    static void XMLCALL doctype(void* self, const char*, const char*, const char*, int) {
        auto& xml = *static_cast<XmlPush*>(self);
        xml.stop({Code::invalid_input, xml.where_, "declares a document type; a workbook never does, entity tricks do",
                  "save the workbook anew"});
    }
};

XmlPush::XmlPush(XmlHandler& handler, std::string where) : handler_(handler), where_(std::move(where)) {
    parser_ = XML_ParserCreate(nullptr);
    YIPAN_CHECK(parser_ != nullptr);
    XML_SetUserData(parser_, this);
    XML_SetElementHandler(parser_, Calls::start, Calls::end);
    XML_SetCharacterDataHandler(parser_, Calls::text);
    XML_SetStartDoctypeDeclHandler(parser_, Calls::doctype);
}
XmlPush::~XmlPush() { XML_ParserFree(parser_); }

void XmlPush::stop(Error error) {
    if (stopped_) return;
    stopped_ = true;
    error_ = std::move(error);
    XML_StopParser(parser_, XML_FALSE);
}

std::uint64_t XmlPush::line() const { return XML_GetCurrentLineNumber(parser_); }

Status XmlPush::feed(std::string_view bytes, bool last) {
    if (stopped_) return fail(error_);
    quiet_ += bytes.size();
    const XML_Status status = XML_Parse(parser_, bytes.data(), static_cast<int>(bytes.size()), last);
    if (stopped_) return fail(error_);
    if (status != XML_STATUS_OK)
        return fail(Code::invalid_input, where_,
                    "is not well-formed XML: " + std::string(XML_ErrorString(XML_GetErrorCode(parser_))) + " in line " +
                        std::to_string(line()),
                    "the file is damaged; save the workbook anew");
    // Bytes that led to no call are kept by the parser: the beginning of one endless tag.
    if (quiet_ > xml_tag_bytes_max)
        return fail(Code::limit_exceeded, where_, "holds a tag of more than 4 MiB", "save the workbook anew");
    return {};
}

Status read_xml(std::string_view text, const std::string& where, XmlHandler& handler) {
    return XmlPush(handler, where).feed(text, true);
}

}  // namespace yipan::exchange
