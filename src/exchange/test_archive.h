#pragma once
// For tests and fuzz targets: small archives and workbooks made by hand, part by part, as the format has them.
#include <zlib.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace yipan::exchange::test {

using Parts = std::vector<std::pair<std::string, std::string>>;

inline void number(std::string& out, std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
}
struct Packed {
    std::string name, body;
    std::uint32_t method = 0, size = 0, crc = 0;
};
inline std::string archive_of(const std::vector<Packed>& entries) {
    std::string out, directory;
    for (const Packed& e : entries) {
        std::string common;
        number(common, 20, 2), number(common, 0, 2), number(common, e.method, 2), number(common, 0, 4);
        number(common, e.crc, 4);
        number(common, static_cast<std::uint32_t>(e.body.size()), 4), number(common, e.size, 4);
        number(common, static_cast<std::uint32_t>(e.name.size()), 2), number(common, 0, 2);
        directory += "PK\x01\x02";
        number(directory, 20, 2);
        directory += common;
        number(directory, 0, 2), number(directory, 0, 2), number(directory, 0, 2), number(directory, 0, 4);
        number(directory, static_cast<std::uint32_t>(out.size()), 4);
        directory += e.name;
        out += "PK\x03\x04" + common + e.name + e.body;
    }
    const auto start = static_cast<std::uint32_t>(out.size());
    const auto count = static_cast<std::uint32_t>(entries.size());
    out += directory + "PK\x05\x06";
    number(out, 0, 4), number(out, count, 2), number(out, count, 2);
    number(out, static_cast<std::uint32_t>(directory.size()), 4), number(out, start, 4), number(out, 0, 2);
    return out;
}
inline Packed stored(const std::string& name, const std::string& body) {
    const auto size = static_cast<std::uint32_t>(body.size());
    return {name, body, 0, size,
            static_cast<std::uint32_t>(::crc32(0, reinterpret_cast<const unsigned char*>(body.data()), size))};
}
/// An archive of stored entries.
inline std::string archive(const Parts& parts) {
    std::vector<Packed> entries;
    for (const auto& [name, body] : parts) entries.push_back(stored(name, body));
    return archive_of(entries);
}
/// The same with one part that is deflated already.
inline std::string archive_packed(const Parts& parts, const std::string& part, const std::string& packed,
                                  std::uint32_t size, std::uint32_t crc) {
    std::vector<Packed> entries;
    for (const auto& [name, body] : parts)
        entries.push_back(name == part ? Packed{name, packed, 8, size, crc} : stored(name, body));
    return archive_of(entries);
}

/// A workbook with one sheet "Sheet1": its rows ("<row>...</row>"), shared strings ("<si>...</si>") and cell formats
/// ("<xf .../>").
inline Parts workbook(const std::string& rows, const std::string& strings = {}, const std::string& formats = {},
                      const std::string& number_formats = {}) {
    const std::string main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const std::string rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    return {
        {"[Content_Types].xml", "<Types/>"},
        {"_rels/.rels", "<Relationships><Relationship Id=\"rId1\" Type=\"" + rel +
                            "/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"},
        {"xl/workbook.xml", "<workbook xmlns=\"" + main + "\" xmlns:r=\"" + rel +
                                "\"><sheets><sheet name=\"Sheet1\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"},
        {"xl/_rels/workbook.xml.rels",
         "<Relationships><Relationship Id=\"rId1\" Type=\"" + rel +
             "/worksheet\" Target=\"worksheets/sheet1.xml\"/><Relationship Id=\"rId2\" Type=\"" + rel +
             "/sharedStrings\" Target=\"sharedStrings.xml\"/><Relationship Id=\"rId3\" Type=\"" + rel +
             "/styles\" Target=\"styles.xml\"/></Relationships>"},
        {"xl/worksheets/sheet1.xml",
         "<worksheet xmlns=\"" + main + "\"><sheetData>" + rows + "</sheetData></worksheet>"},
        {"xl/sharedStrings.xml", "<sst xmlns=\"" + main + "\">" + strings + "</sst>"},
        {"xl/styles.xml", "<styleSheet xmlns=\"" + main + "\"><numFmts>" + number_formats + "</numFmts><cellXfs>" +
                              formats + "</cellXfs></styleSheet>"}};
}

/// Puts another body in the place of a part, or adds the part.
inline Parts with(Parts parts, const std::string& name, std::string body) {
    for (auto& part : parts)
        if (part.first == name) return part.second = std::move(body), parts;
    parts.emplace_back(name, std::move(body));
    return parts;
}

}  // namespace yipan::exchange::test
