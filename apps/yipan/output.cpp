#include "output.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/utf8.h"
#include "report/source.h"

namespace yipan::app {
namespace json = boost::json;
namespace {

bool wide(char32_t c) {
    return (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) || (c >= 0xAC00 && c <= 0xD7A3) ||
           (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
           (c >= 0xFFE0 && c <= 0xFFE6) || (c >= 0x20000 && c <= 0x3FFFD);
}

}  // namespace

Status write_whole(const std::string& path, std::string_view text) {
    const std::string partly = path + ".part";
    std::FILE* file = std::fopen(partly.c_str(), "wb");
    bool good = file && std::fwrite(text.data(), 1, text.size(), file) == text.size() && std::fflush(file) == 0 && ::fsync(::fileno(file)) == 0;
    std::string reason = std::strerror(errno);
    if (file) good = std::fclose(file) == 0 && good;
    if (good && std::rename(partly.c_str(), path.c_str()) == 0) return {};
    if (good) reason = std::strerror(errno);
    std::remove(partly.c_str());
    return fail(Code::store_failed, path, "cannot be written: " + reason, "check the folder, the right to write there and the room on the disk");
}

std::size_t width_of(std::string_view text) {
    std::size_t width = 0;
    for (std::size_t at = 0; at < text.size();) {
        if (utf8_length_at(text, at) == 0) {
            ++at, ++width;
            continue;
        }
        width += wide(next_code_point(text, at)) ? 2 : 1;
    }
    return width;
}

std::string table_text(const std::vector<std::vector<std::string>>& rows, const std::vector<std::size_t>& right) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
    }
    std::string out;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::string blanks(widths[i] - width_of(row[i]), ' ');
            const bool flush_right = std::find(right.begin(), right.end(), i) != right.end();
            line += (i ? "  " : "") + (flush_right ? blanks + row[i] : row[i] + blanks);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + "\n";
    }
    return out;
}

json::value label_json(const model::Label& label) {
    return json::object{{"hans", label.hans}, {"hant", label.hant}, {"en", label.en}};
}

json::object record_json(const model::Model& model, const record::Record& record, exchange::Names& names) {
    const model::Type& type = model.types[static_cast<std::size_t>(record.type)];
    json::object fields;
    for (std::size_t i = 0; i < type.fields.size(); ++i) {
        const record::Value& value = record.at(static_cast<int>(i));
        if (record::is_unset(value))
            fields[type.fields[i].code] = nullptr;
        else
            fields[type.fields[i].code] = record::plain_text(model, type.fields[i], value, names.key_function());
    }
    return {{"type", type.code},
            {"id", record.id.value},
            {"version", record.version},
            {"position", record.position.value},
            {"effective", record.effective.text()},
            {"key", names.key_text(record)},
            {"fields", std::move(fields)}};
}

json::object value_json(const model::Model& model, const figure::Ask& ask, const figure::Value& value,
                        exchange::Names& names) {
    const model::Figure& figure = model.figures[static_cast<std::size_t>(ask.figure)];
    json::object out{{"figure", figure.code}};
    if (ask.unit > 0 && ask.unit_type >= 0) out["unit"] = names.key_of(ask.unit_type, RecordId{ask.unit});
    if (ask.period) out["period"] = ask.period->text();
    if (ask.as_known) out["as_known"] = ask.as_known->value;
    if (value.has)
        out["value"] = value.number.text();
    else
        out["value"] = nullptr;
    if (!value.has) out["why_none"] = value.why_none;
    out["unit_of_measure"] = report::measure_text(figure.measure);
    if (figure.kind == model::FigureKind::stock) out["reported"] = value.reported, out["expected"] = value.expected;
    return out;
}

}  // namespace yipan::app
