#include "exchange/xlsx_read.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <map>
#include <optional>

#include "exchange/xml_read.h"

namespace yipan::exchange {
namespace {

constexpr std::size_t piece_bytes = 16'384;
constexpr std::size_t head_bytes = 16'384;
constexpr std::size_t ahead_bytes_max = std::size_t{128} << 20;  // text of the rows of one piece

// _x000D_ stands for a character that XML cannot carry.
void append_unescaped(std::string& out, std::string_view text) {
    for (std::size_t at = 0;;) {
        const std::size_t found = text.find("_x", at);
        if (found == std::string_view::npos || found + 7 > text.size()) {
            out.append(text.substr(at));
            return;
        }
        unsigned code = 0;
        const auto read = std::from_chars(text.data() + found + 2, text.data() + found + 6, code, 16);
        if (read.ec != std::errc() || read.ptr != text.data() + found + 6 || text[found + 6] != '_' || code == 0 ||
            (code >= 0xD800 && code < 0xE000)) {
            out.append(text.substr(at, found + 2 - at));
            at = found + 2;
            continue;
        }
        out.append(text.substr(at, found - at));
        if (code < 0x80) {
            out += static_cast<char>(code);
        } else if (code < 0x800) {
            out += static_cast<char>(0xC0 | code >> 6);
            out += static_cast<char>(0x80 | (code & 0x3F));
        } else {
            out += static_cast<char>(0xE0 | code >> 12);
            out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
            out += static_cast<char>(0x80 | (code & 0x3F));
        }
        at = found + 7;
    }
}

template <class Number>
std::optional<Number> number_of(std::string_view text) {
    Number value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
    return value;
}

bool yes(std::string_view text) { return text == "1" || text == "true" || text == "on"; }

std::string folder_of(const std::string& part) {
    const std::size_t slash = part.rfind('/');
    return slash == std::string::npos ? "" : part.substr(0, slash + 1);
}

// Targets are absolute (/xl/worksheets/sheet1.xml) or relative to the part that names them (worksheets/sheet1.xml).
std::string resolved(const std::string& folder, std::string_view target) {
    std::string path = target.starts_with('/') ? std::string(target.substr(1)) : folder + std::string(target);
    for (std::size_t at; (at = path.find("/../")) != std::string::npos;) {
        const std::size_t before = at == 0 ? std::string::npos : path.rfind('/', at - 1);
        path.erase(before == std::string::npos ? 0 : before + 1,
                   at + 4 - (before == std::string::npos ? 0 : before + 1));
    }
    while (path.starts_with("./")) path.erase(0, 2);
    return path;
}

// Relations of a part: id -> (kind, target). Kinds end alike in transitional and strict files.
struct Relations final : XmlHandler {
    struct Relation {
        std::string id, kind, target;
    };
    std::vector<Relation> all;
    void start(std::string_view name, const char** attributes) override {
        if (name != "Relationship" || all.size() >= zip_entries_max * 4) return;
        if (attribute(attributes, "TargetMode") == "External") return;
        const std::string_view type = attribute(attributes, "Type");
        all.push_back({std::string(attribute(attributes, "Id")), std::string(type.substr(type.rfind('/') + 1)),
                       std::string(attribute(attributes, "Target"))});
    }
    void end(std::string_view) override {}
    void text(std::string_view) override {}
    const std::string* target_of_kind(std::string_view kind) const {
        for (const Relation& r : all)
            if (r.kind == kind) return &r.target;
        return nullptr;
    }
    const std::string* target(std::string_view id) const {
        for (const Relation& r : all)
            if (r.id == id) return &r.target;
        return nullptr;
    }
};

struct Workbook final : XmlHandler {
    struct Sheet {
        std::string name, relation;
        bool hidden;
    };
    std::vector<Sheet> sheets;
    bool since_1904 = false;
    bool too_many = false;
    void start(std::string_view name, const char** attributes) override {
        if (name == "workbookPr") since_1904 = yes(attribute(attributes, "date1904"));
        if (name != "sheet") return;
        if (sheets.size() >= xlsx_sheets_max) {
            too_many = true;
            return;
        }
        const std::string_view state = attribute(attributes, "state");
        sheets.push_back({std::string(attribute(attributes, "name")), std::string(attribute(attributes, "id")),
                          state == "hidden" || state == "veryHidden"});
    }
    void end(std::string_view) override {}
    void text(std::string_view) override {}
};

struct Styles final : XmlHandler {
    std::map<int, NumberFormat> own;
    std::vector<NumberFormat> cells;
    bool inside = false;
    void start(std::string_view name, const char** attributes) override {
        if (name == "numFmt") {
            if (const auto id = number_of<int>(attribute(attributes, "numFmtId")); id && own.size() < xlsx_styles_max)
                own[*id] = format_of_code(attribute(attributes, "formatCode"));
        } else if (name == "cellXfs") {
            inside = true;
        } else if (name == "xf" && inside && cells.size() < xlsx_styles_max) {
            const int id = number_of<int>(attribute(attributes, "numFmtId")).value_or(0);
            const auto found = own.find(id);
            cells.push_back(found != own.end() ? found->second : builtin_format(id));
        }
    }
    void end(std::string_view name) override {
        if (name == "cellXfs") inside = false;
    }
    void text(std::string_view) override {}
};

// <si> with one <t>, or with runs <r><t>; what <rPh> holds is how to pronounce it.
struct Strings final : XmlHandler {
    explicit Strings(SharedStrings& to) : strings(to) {}
    SharedStrings& strings;
    XmlPush* xml = nullptr;
    std::string value, decoded;
    bool taking = false;
    int phonetic = 0;
    void start(std::string_view name, const char**) override {
        if (name == "si") value.clear();
        if (name == "rPh") ++phonetic;
        if (name == "t") taking = phonetic == 0;
    }
    void end(std::string_view name) override {
        if (name == "t") taking = false;
        if (name == "rPh") --phonetic;
        if (name != "si") return;
        decoded.clear();
        append_unescaped(decoded, value);
        if (const Status added = strings.add(decoded); !added) xml->stop(added.error());
    }
    void text(std::string_view bytes) override {
        if (!taking) return;
        value += bytes;
        if (value.size() > xlsx_cell_bytes_max)
            xml->stop({Code::limit_exceeded, "sharedStrings.xml", "a text is larger than 1 MiB", "shorten it"});
    }
};

}  // namespace

class XlsxReader::SheetHandler final : public XmlHandler {
  public:
    SheetHandler(XlsxReader& reader, const std::string& part)
        : reader_(reader), xml_(*this, reader.name_ + ":" + part) {}
    XmlPush& xml() { return xml_; }
    bool saw_data() const { return saw_data_; }
    /// Drops the rows that were handed out; what is there of an unfinished one moves to the front.
    void carry_over() {
        const std::size_t done = in_row_ ? first_ : reader_.slots_.size();
        const std::size_t bytes = in_row_ ? text_start_ : reader_.text_.size();
        reader_.slots_.erase(reader_.slots_.begin(), reader_.slots_.begin() + static_cast<std::ptrdiff_t>(done));
        reader_.text_.erase(0, bytes);
        for (Slot& slot : reader_.slots_)
            if (slot.size > 0) slot.begin -= static_cast<std::uint32_t>(bytes);
        first_ = text_start_ = 0;
    }

    void start(std::string_view name, const char** attributes) override {
        if (name == "c") {
            if (in_row_) cell(attributes);
        } else if (name == "v") {
            in_value_ = in_cell_;
            has_value_ = has_value_ || in_cell_;
        } else if (name == "row") {
            if (in_data_) row(attributes);
        } else if (name == "t") {
            in_value_ = in_cell_ && in_inline_ && phonetic_ == 0;
        } else if (name == "is") {
            in_inline_ = in_cell_;
            has_value_ = has_value_ || in_cell_;
        } else if (name == "f") {
            has_formula_ = in_cell_;
        } else if (name == "rPh") {
            ++phonetic_;
        } else if (name == "sheetData") {
            in_data_ = saw_data_ = true;
        }
    }
    void end(std::string_view name) override {
        if (name == "c") {
            if (in_cell_) cell_done();
            in_cell_ = false;
        } else if (name == "v" || name == "t") {
            in_value_ = false;
        } else if (name == "row") {
            if (in_row_) row_done();
            in_row_ = false;
        } else if (name == "is") {
            in_inline_ = false;
        } else if (name == "rPh") {
            --phonetic_;
        } else if (name == "sheetData") {
            in_data_ = false;
        }
    }
    void text(std::string_view bytes) override {
        if (!in_value_) return;
        value_ += bytes;
        if (value_.size() > xlsx_cell_bytes_max)
            refuse(Code::limit_exceeded, "a cell is larger than 1 MiB", "shorten it");
    }

  private:
    void refuse(Code code, std::string message, std::string hint) {
        xml_.stop({code, reader_.name_ + ":" + std::to_string(line_), std::move(message), std::move(hint)});
    }
    void row(const char** attributes) {
        const std::string_view place = attribute(attributes, "r");
        const std::uint64_t line = place.empty() ? line_ + 1 : number_of<std::uint64_t>(place).value_or(0);
        if (line <= line_ || line > xlsx_rows_max)
            return refuse(Code::invalid_input, "row \"" + std::string(place.substr(0, 20)) + "\" comes after it",
                          "the file is damaged; save the workbook anew");
        line_ = line;
        column_ = 0;
        in_row_ = true;
        first_ = reader_.slots_.size();
        text_start_ = reader_.text_.size();
    }
    void row_done() {
        while (reader_.slots_.size() > first_ && reader_.slots_.back().size == 0 &&
               reader_.slots_.back().kind != CellKind::formula)
            reader_.slots_.pop_back();
        if (reader_.slots_.size() > first_)
            reader_.rows_.push_back({line_, static_cast<std::uint32_t>(first_),
                                     static_cast<std::uint32_t>(reader_.slots_.size() - first_)});
    }
    void cell(const char** attributes) {
        std::string_view place, type;
        style_ = 0;
        for (; *attributes; attributes += 2) {
            const char* const key = attributes[0];
            if (key[0] == 0 || key[1] != 0) continue;
            if (key[0] == 'r') place = attributes[1];
            if (key[0] == 't') type = attributes[1];
            if (key[0] == 's') style_ = number_of<std::uint32_t>(attributes[1]).value_or(0);
        }
        std::size_t column = column_ + 1;
        if (!place.empty()) {
            column = 0;
            for (std::size_t i = 0; i < place.size() && place[i] >= 'A' && place[i] <= 'Z' && i < 4; ++i)
                column = column * 26 + static_cast<std::size_t>(place[i] - 'A' + 1);
            if (column <= column_)
                return refuse(Code::invalid_input, "cell \"" + std::string(place.substr(0, 20)) + "\" is out of order",
                              "the file is damaged; save the workbook anew");
        }
        column_ = column;
        type_ = type.empty() || type == "n" ? Type::number
                : type == "s"               ? Type::shared
                : type == "inlineStr"       ? Type::text
                : type == "str"             ? Type::text
                : type == "b"               ? Type::boolean
                : type == "e"               ? Type::error
                : type == "d"               ? Type::iso_date
                                            : Type::unknown;
        if (type_ == Type::unknown)
            return refuse(Code::invalid_input, "a cell of the unknown kind \"" + std::string(type.substr(0, 20)) + "\"",
                          "save the workbook anew");
        value_.clear();
        in_cell_ = true;
        has_value_ = has_formula_ = false;
    }
    void cell_done() {
        const bool uncomputed = has_formula_ && !has_value_;
        if (value_.empty() && !uncomputed) return;
        if (column_ > xlsx_columns_read_max) {
            refuse(Code::limit_exceeded, "the row has a value beyond column " + std::to_string(xlsx_columns_read_max),
                   "at most " + std::to_string(xlsx_columns_read_max) + " columns are read");
            return;
        }
        std::string& text = reader_.text_;
        Slot slot;
        slot.begin = static_cast<std::uint32_t>(text.size());
        if (uncomputed)
            slot.kind = CellKind::formula;
        else
            take_value(slot);
        slot.size = static_cast<std::uint32_t>(text.size() - slot.begin);
        if (text.size() - text_start_ > xlsx_row_bytes_max) {
            refuse(Code::limit_exceeded, "the row is larger than 16 MiB", "split it");
            return;
        }
        if (text.size() > ahead_bytes_max) {
            refuse(Code::limit_exceeded, "the rows around it hold more text than is read at once", "shorten the texts");
            return;
        }
        if (slot.size == 0 && !uncomputed) return;
        reader_.slots_.resize(first_ + column_ - 1);
        reader_.slots_.push_back(slot);
    }
    void take_value(Slot& slot) {
        std::string& text = reader_.text_;
        switch (type_) {
            case Type::shared: {
                const auto number = number_of<std::uint32_t>(value_);
                const Result<std::string_view> shared = reader_.strings_.at(number.value_or(UINT32_MAX));
                if (!shared) return xml_.stop(shared.error());
                text += *shared;
                return;
            }
            case Type::text: append_unescaped(text, value_); return;
            case Type::boolean:
                slot.kind = CellKind::boolean;
                text += yes(value_) ? "TRUE" : "FALSE";
                return;
            case Type::error:
                slot.kind = CellKind::error;
                text += value_;
                return;
            case Type::iso_date: {
                slot.kind = CellKind::date;
                std::string iso = value_;
                if (const std::size_t t = iso.find('T'); t != std::string::npos) {
                    iso[t] = ' ';
                    if (iso.compare(t, std::string::npos, " 00:00:00") == 0) iso.erase(t);
                }
                text += iso;
                return;
            }
            case Type::number:
            case Type::unknown: break;
        }
        const NumberFormat format = style_ < reader_.formats_.size() ? reader_.formats_[style_] : NumberFormat::number;
        slot.kind = CellKind::number;
        if (format == NumberFormat::percent) slot.kind = CellKind::percent;
        if (format == NumberFormat::date || format == NumberFormat::time || format == NumberFormat::date_time) {
            if (const auto serial = number_of<double>(value_)) {
                if (const std::string day = date_text(*serial, format, reader_.since_1904_); !day.empty()) {
                    slot.kind = CellKind::date;
                    text += day;
                    return;
                }
            }
        }
        bool lost = false;
        text += number_text(value_, lost);
        slot.lost = lost;
    }

    enum class Type : std::uint8_t { number, shared, text, boolean, error, iso_date, unknown };
    XlsxReader& reader_;
    XmlPush xml_;
    std::string value_;
    std::uint64_t line_ = 0;
    std::size_t column_ = 0, first_ = 0, text_start_ = 0;
    std::uint32_t style_ = 0;
    Type type_ = Type::number;
    int phonetic_ = 0;
    bool in_data_ = false, saw_data_ = false, in_row_ = false, in_cell_ = false, in_value_ = false, in_inline_ = false;
    bool has_value_ = false, has_formula_ = false;
};

XlsxReader::XlsxReader(std::string name, XlsxOptions options)
    : name_(std::move(name)), strings_(options.shared_bytes_in_memory) {}
XlsxReader::~XlsxReader() = default;

Status refuse_other_formats(std::string_view head, const std::string& name) {
    constexpr std::string_view compound = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";
    const auto utf16 = [](std::string_view text) {
        std::string out;
        for (const char c : text) out += c, out += '\0';
        return out;
    };
    if (head.starts_with("PK\x03\x04") || head.starts_with("PK\x05\x06")) return {};
    if (head.empty()) return fail(Code::invalid_input, name, "the file is empty", "choose the workbook");
    if (head.starts_with(compound)) {
        // The names of the streams tell an encrypted workbook from an old one; an unclear one may be either.
        if (head.find(utf16("EncryptedPackage")) != std::string_view::npos)
            return fail(Code::invalid_input, name, "the workbook is encrypted with a password",
                        "open it, remove the password, save it and send it again");
        return fail(Code::invalid_input, name, "is an old .xls workbook or an encrypted one, not .xlsx",
                    "open it and save it as .xlsx, without a password");
    }
    std::string_view text = head;
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    while (!text.empty() && (text.front() == ' ' || text.front() == '\r' || text.front() == '\n'))
        text.remove_prefix(1);
    if (text.starts_with('<'))
        return fail(Code::invalid_input, name, "is a web page or an XML table that only bears the name of a workbook",
                    "open it and save it as .xlsx");
    return fail(Code::invalid_input, name, "is not an .xlsx workbook", "save it as .xlsx, or send it as .csv");
}

namespace {
// The beginning of the file; of a compound file also the sector that names its streams.
std::string head_of(std::FILE* file) {
    std::string head(head_bytes, '\0');
    head.resize(std::fread(head.data(), 1, head.size(), file));
    if (head.size() >= 0x34 && head.starts_with("\xD0\xCF\x11\xE0")) {
        const auto byte = [&](std::size_t at) {
            return static_cast<unsigned long>(static_cast<unsigned char>(head[at]));
        };
        const unsigned long sector = byte(0x30) | byte(0x31) << 8 | byte(0x32) << 16 | byte(0x33) << 24;
        if (std::fseek(file, static_cast<long>((sector + 1) * 512), SEEK_SET) == 0) {
            std::string names(4096, '\0');
            names.resize(std::fread(names.data(), 1, names.size(), file));
            head += names;
        }
    }
    return head;
}
}  // namespace

Result<std::unique_ptr<XlsxReader>> XlsxReader::open_file(const std::string& path, std::string name,
                                                          XlsxOptions options) {
    struct Close {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rb"));
    if (!file)
        return fail(Code::not_found, path, "the file cannot be opened", "check the path and the right to read it");
    YIPAN_TRY_VOID(refuse_other_formats(head_of(file.get()), name));
    std::unique_ptr<XlsxReader> reader(new XlsxReader(std::move(name), options));
    YIPAN_TRY(reader->zip_, ZipFile::open_file(path, reader->name_));
    YIPAN_TRY_VOID(reader->start());
    return reader;
}

Result<std::unique_ptr<XlsxReader>> XlsxReader::open_bytes(std::string_view bytes, std::string name,
                                                           XlsxOptions options) {
    YIPAN_TRY_VOID(refuse_other_formats(bytes.substr(0, head_bytes * 2), name));
    std::unique_ptr<XlsxReader> reader(new XlsxReader(std::move(name), options));
    YIPAN_TRY(reader->zip_, ZipFile::open_bytes(bytes, reader->name_));
    YIPAN_TRY_VOID(reader->start());
    return reader;
}

Status XlsxReader::refuse_strangers() const {
    for (const ZipFile::Entry& entry : zip_->entries()) {
        const std::string_view part = entry.name;
        if (part.ends_with("vbaProject.bin") || part.find("/macrosheets/") != std::string_view::npos)
            return fail(Code::invalid_input, name_, "the workbook holds macros (" + entry.name.substr(0, 80) + ")",
                        "save it as .xlsx without macros");
        if (part.ends_with("workbook.bin"))
            return fail(Code::invalid_input, name_, "is a binary workbook (.xlsb)", "save it as .xlsx");
    }
    if (const ZipFile::Entry* kind = zip_->find("mimetype")) {
        const Result<std::string> text = zip_->text(*kind, 200);
        if (text && text->find("opendocument") != std::string::npos)
            return fail(Code::invalid_input, name_, "is an OpenDocument table (.ods)", "save it as .xlsx");
    }
    return {};
}

Status XlsxReader::start() {
    YIPAN_TRY_VOID(refuse_strangers());
    YIPAN_TRY_VOID(read_workbook());
    return {};
}

Status XlsxReader::read_workbook() {
    const auto relations_of = [&](const std::string& part) -> Result<Relations> {
        Relations relations;
        const std::string folder = folder_of(part);
        const std::string path = folder + "_rels/" + part.substr(folder.size()) + ".rels";
        if (const ZipFile::Entry* entry = zip_->find(path)) {
            YIPAN_TRY(const std::string text, zip_->text(*entry, xlsx_part_bytes_max));
            YIPAN_TRY_VOID(read_xml(text, name_ + ":" + path, relations));
        }
        return relations;
    };
    YIPAN_TRY(const Relations top, relations_of(""));
    const std::string* target = top.target_of_kind("officeDocument");
    const std::string workbook_part = target ? resolved("", *target) : "xl/workbook.xml";
    const ZipFile::Entry* entry = zip_->find(workbook_part);
    if (!entry)
        return fail(Code::invalid_input, name_,
                    "is an archive, but no .xlsx workbook (it has no " + workbook_part.substr(0, 80) + ")",
                    "save the table as .xlsx");
    YIPAN_TRY(const std::string text, zip_->text(*entry, xlsx_part_bytes_max));
    Workbook workbook;
    YIPAN_TRY_VOID(read_xml(text, name_ + ":" + workbook_part, workbook));
    if (workbook.too_many)
        return fail(Code::limit_exceeded, name_, "has more than " + std::to_string(xlsx_sheets_max) + " sheets",
                    "split the workbook");
    since_1904_ = workbook.since_1904;
    YIPAN_TRY(const Relations parts, relations_of(workbook_part));
    const std::string folder = folder_of(workbook_part);
    for (const Workbook::Sheet& sheet : workbook.sheets) {
        const auto found = std::find_if(parts.all.begin(), parts.all.end(),
                                        [&](const Relations::Relation& r) { return r.id == sheet.relation; });
        // Chart sheets and dialogs hold no rows.
        if (found == parts.all.end() || found->kind != "worksheet") continue;
        sheets_.push_back({sheet.name, sheet.hidden, resolved(folder, found->target)});
    }
    if (sheets_.empty())
        return fail(Code::invalid_input, name_, "the workbook has no sheet with rows",
                    "send the workbook that has them");
    if (const std::string* styles = parts.target_of_kind("styles"))
        YIPAN_TRY_VOID(read_styles(resolved(folder, *styles)));
    if (const std::string* strings = parts.target_of_kind("sharedStrings"))
        YIPAN_TRY_VOID(read_strings(resolved(folder, *strings)));
    return {};
}

Status XlsxReader::read_styles(const std::string& part) {
    const ZipFile::Entry* entry = zip_->find(part);
    if (!entry) return {};
    YIPAN_TRY(const std::string text, zip_->text(*entry, xlsx_part_bytes_max));
    Styles styles;
    YIPAN_TRY_VOID(read_xml(text, name_ + ":" + part, styles));
    formats_ = std::move(styles.cells);
    return {};
}

Status XlsxReader::read_strings(const std::string& part) {
    const ZipFile::Entry* entry = zip_->find(part);
    if (!entry) return {};
    YIPAN_TRY_VOID(zip_->open(*entry));
    Strings handler(strings_);
    XmlPush xml(handler, name_ + ":" + part);
    handler.xml = &xml;
    std::vector<char> room(piece_bytes * 4);
    while (true) {
        YIPAN_TRY(const std::size_t got, zip_->read(room));
        YIPAN_TRY_VOID(xml.feed({room.data(), got}, got == 0));
        if (got == 0) return strings_.finish();
    }
}

Status XlsxReader::open_sheet(std::string_view name) {
    std::string names;
    for (std::size_t i = 0; i < sheets_.size(); ++i) {
        if (name.empty() ? !sheets_[i].hidden : sheets_[i].name == name) return open_sheet(i);
        if (!sheets_[i].hidden && i < 20) names += (names.empty() ? "" : ", ") + sheets_[i].name;
    }
    if (name.empty()) return open_sheet(std::size_t{0});
    return fail(Code::not_found, name_, "there is no sheet \"" + std::string(name.substr(0, 80)) + "\"",
                "one of: " + names);
}

Status XlsxReader::open_sheet(std::size_t sheet) {
    sheet_ = sheet;
    rows_.clear(), slots_.clear(), text_.clear();
    next_row_ = 0, row_line_ = 0;
    ended_ = broken_ = false;
    bytes_done_ = 0;
    const ZipFile::Entry* entry = zip_->find(sheets_[sheet].part);
    if (!entry) {
        broken_ = true;
        last_error_ = {Code::invalid_input, name_,
                       "the sheet \"" + sheets_[sheet].name + "\" is missing from the archive",
                       "the file is damaged; save the workbook anew"};
        return fail(last_error_);
    }
    YIPAN_TRY_VOID(zip_->open(*entry));
    bytes_total_ = static_cast<std::int64_t>(std::min<std::uint64_t>(entry->inflated, zip_inflated_max));
    handler_ = std::make_unique<SheetHandler>(*this, sheets_[sheet].part);
    return {};
}

Status XlsxReader::pump() {
    rows_.clear();
    next_row_ = 0;
    handler_->carry_over();
    char room[piece_bytes];
    while (rows_.empty() && !ended_) {
        YIPAN_TRY(const std::size_t got, zip_->read(room));
        bytes_done_ += static_cast<std::int64_t>(got);
        YIPAN_TRY_VOID(handler_->xml().feed({room, got}, got == 0));
        if (got == 0) ended_ = true;
    }
    if (ended_ && !handler_->saw_data())
        return fail(Code::invalid_input, name_, "the sheet \"" + sheets_[sheet_].name + "\" holds no rows",
                    "the file is damaged; save the workbook anew");
    return {};
}

Result<bool> XlsxReader::next() {
    if (broken_) return fail(last_error_);
    if (next_row_ >= rows_.size()) {
        if (ended_) return false;
        if (const Status pumped = pump(); !pumped) {
            broken_ = true;
            last_error_ = pumped.error();
            return fail(last_error_);
        }
        if (rows_.empty()) return false;
    }
    const Row& row = rows_[next_row_++];
    row_line_ = row.line;
    views_.clear();
    for (std::uint32_t i = 0; i < row.count; ++i) {
        const Slot& slot = slots_[row.first + i];
        views_.push_back({std::string_view(text_).substr(slot.begin, slot.size), slot.kind, slot.lost});
    }
    return true;
}

}  // namespace yipan::exchange
