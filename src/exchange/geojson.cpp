#include "exchange/geojson.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>

#include "exchange/columns.h"
#include "exchange/names.h"

namespace yipan::exchange {
namespace {

namespace json = boost::json;

// The system a file names: in the old `crs` member, or in the words offices add ("坐标系": "GCJ-02").
Status check_system(const json::object& file, const std::string& where) {
    const auto judged = [&](std::string_view said) -> Status {
        std::string small;
        for (const char c : said)
            if (c != '-' && c != '_' && c != ' ') small += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        const auto has = [&](std::string_view part) { return small.find(part) != std::string::npos; };
        if (has("gcj02") || has("gcj") || has("bd09") || has("mars") || has("火星") || has("百度"))
            return fail(
                Code::invalid_input, where,
                "the coordinates are in " + std::string(said.substr(0, 40)) + ", a system shifted by some 500 metres",
                "export them in CGCS2000 (EPSG:4490) from where they were drawn; there is no exact way back");
        const bool degrees =
            has("4490") || has("4326") || has("crs84") || has("cgcs2000") || has("wgs84") || has("天地图");
        if (!degrees)
            return fail(Code::invalid_input, where, "the coordinates are in " + std::string(said.substr(0, 60)),
                        "degrees of CGCS2000 (EPSG:4490) are read");
        return {};
    };
    if (const json::value* crs = file.if_contains("crs")) {
        if (const json::object* object = crs->if_object()) {
            const json::value* properties = object->if_contains("properties");
            const json::object* named = properties ? properties->if_object() : nullptr;
            const json::value* name = named ? named->if_contains("name") : nullptr;
            if (name && name->is_string()) YIPAN_TRY_VOID(judged(std::string_view(name->get_string())));
        } else if (crs->is_string()) {
            YIPAN_TRY_VOID(judged(std::string_view(crs->get_string())));
        }
    }
    for (const char* key : {"coordinate_system", "coordsys", "datum", "坐标系", "坐標系"})
        if (const json::value* said = file.if_contains(key); said && said->is_string())
            YIPAN_TRY_VOID(judged(std::string_view(said->get_string())));
    return {};
}

Result<std::string> read_all(const std::string& path, const std::string& name) {
    std::FILE* file = std::fopen(path.c_str(), "rb");
    if (!file)
        return fail(Code::not_found, path, "the file cannot be opened", "check the path and the right to read it");
    std::string text;
    char room[65536];
    while (const std::size_t got = std::fread(room, 1, sizeof room, file)) {
        text.append(room, got);
        if (text.size() > geojson_bytes_max) break;
    }
    std::fclose(file);
    if (text.size() > geojson_bytes_max) return fail(Code::limit_exceeded, name, "is larger than 128 MiB", "split it");
    return text;
}

int place_field(const model::Type& type) {
    int found = -1;
    for (std::size_t f = 0; f < type.fields.size(); ++f) {
        if (type.fields[f].kind != model::FieldKind::place) continue;
        if (found >= 0) return -2;
        found = static_cast<int>(f);
    }
    return found;
}

Result<int> only_place(const model::Type& type, const std::string& name) {
    const int field = place_field(type);
    if (field == -1) return fail(Code::invalid_input, name, type.code + " has no place field", "use CSV or XLSX");
    if (field == -2) return fail(Code::invalid_input, name, type.code + " has several place fields", "use CSV or XLSX");
    return field;
}

// Values as they are written: a number that went through a double would come back as another text. The JSON is known to
// be valid.
class Raw {
  public:
    explicit Raw(std::string_view text) : text_(text) {}
    /// Members of an object, or elements of an array with empty keys.
    std::vector<std::pair<std::string, std::string_view>> parts() {
        std::vector<std::pair<std::string, std::string_view>> out;
        blanks();
        const bool object = text_[at_] == '{';
        ++at_;
        while (true) {
            blanks();
            if (text_[at_] == '}' || text_[at_] == ']') return out;
            if (text_[at_] == ',') {
                ++at_;
                continue;
            }
            std::string key;
            if (object) {
                key = unquoted(value());
                blanks();
                ++at_;  // the colon
                blanks();
            }
            out.emplace_back(std::move(key), value());
        }
    }
    static std::string unquoted(std::string_view raw) {
        json::error_code none;
        const json::value parsed = json::parse(raw, none);
        return parsed.is_string() ? std::string(parsed.get_string()) : std::string(raw);
    }

  private:
    void blanks() {
        while (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t') ++at_;
    }
    std::string_view value() {
        const std::size_t from = at_;
        int depth = 0;
        bool quoted = false;
        for (; at_ < text_.size(); ++at_) {
            const char c = text_[at_];
            if (quoted) {
                if (c == '\\') ++at_;
                if (c == '"') quoted = false;
            } else if (c == '"') {
                quoted = true;
            } else if (c == '{' || c == '[') {
                ++depth;
            } else if (c == '}' || c == ']') {
                if (depth == 0) break;
                --depth;
            } else if (depth == 0 && (c == ',' || c == ':')) {
                break;
            }
            if (depth == 0 && !quoted && (c == '"' || c == '}' || c == ']')) {
                ++at_;
                break;
            }
        }
        std::string_view out = text_.substr(from, at_ - from);
        while (!out.empty() && (out.back() == ' ' || out.back() == '\n' || out.back() == '\r' || out.back() == '\t'))
            out.remove_suffix(1);
        return out;
    }
    std::string_view text_;
    std::size_t at_ = 0;
};

std::string text_of_value(std::string_view raw) {
    if (raw == "null") return {};
    return raw.starts_with('"') ? Raw::unquoted(raw) : std::string(raw);
}

}  // namespace

Result<std::unique_ptr<GeoJsonTable>> GeoJsonTable::open(const std::string& path, const std::string& name,
                                                         const model::Type& type) {
    YIPAN_TRY(const int place, only_place(type, name));
    YIPAN_TRY(const std::string text, read_all(path, name));
    json::error_code problem;
    json::parse_options options;
    constexpr std::size_t depth_max = 32;
    options.max_depth = depth_max;
    const json::value parsed = json::parse(text, problem, {}, options);
    if (problem) return fail(Code::invalid_input, name, "is not JSON: " + problem.message(), "send a GeoJSON file");
    const json::object* file = parsed.if_object();
    const json::value* kind = file ? file->if_contains("type") : nullptr;
    const json::value* list = file ? file->if_contains("features") : nullptr;
    if (!kind || *kind != "FeatureCollection" || !list || !list->is_array())
        return fail(Code::invalid_input, name, "is not a GeoJSON FeatureCollection",
                    "{\"type\": \"FeatureCollection\", \"features\": [...]}");
    YIPAN_TRY_VOID(check_system(*file, name));
    const json::array& features = list->get_array();
    if (features.size() > geojson_features_max)
        return fail(Code::limit_exceeded, name, "has more than " + std::to_string(geojson_features_max) + " features",
                    "split it");
    auto table = std::make_unique<GeoJsonTable>();
    const std::string& place_code = type.fields[static_cast<std::size_t>(place)].code;
    for (std::size_t i = 0; i < features.size(); ++i) {
        const std::string where = name + ":" + std::to_string(i + 2);
        const json::object* object = features[i].if_object();
        if (!object) return fail(Code::invalid_input, where, "is no feature", "each feature is an object");
        YIPAN_TRY_VOID(check_system(*object, where));
        const json::value* properties = object->if_contains("properties");
        if (const json::object* all = properties ? properties->if_object() : nullptr)
            YIPAN_TRY_VOID(check_system(*all, where));
    }
    std::vector<std::string> head;
    std::map<std::string, std::size_t, std::less<>> columns;
    std::vector<std::pair<std::vector<std::string>, std::string>> rows;  // properties by column, geometry
    for (const auto& [member, whole] : Raw(text).parts()) {
        if (member != "features") continue;
        for (const auto& [none, feature] : Raw(whole).parts()) {
            auto& row = rows.emplace_back();
            for (const auto& [key, value] : Raw(feature).parts()) {
                if (key == "geometry" && value != "null") row.second = value;
                if (key != "properties" || value == "null") continue;
                for (const auto& [code, property] : Raw(value).parts()) {
                    const auto [column, fresh] = columns.try_emplace(code, head.size());
                    if (fresh) head.push_back(code);
                    if (row.first.size() <= column->second) row.first.resize(column->second + 1);
                    row.first[column->second] = text_of_value(property);
                }
            }
            constexpr std::size_t columns_max = 1'000;
            if (head.size() > columns_max)
                return fail(Code::limit_exceeded, name, "has more than 1,000 properties", "leave some out");
        }
    }
    // What says in which system the coordinates are is no field.
    for (const char* key : {"coordinate_system", "coordsys", "datum", "坐标系", "坐標系"})
        if (const auto found = columns.find(key); found != columns.end() && field_of_heading(type, key) < 0)
            head[found->second].clear();
    std::vector<std::string> titles = head;
    titles.push_back(place_code);
    std::erase(titles, "");
    table->rows_.push_back(titles);
    for (auto& [properties, geometry] : rows) {
        properties.resize(head.size());
        std::vector<std::string> row;
        for (std::size_t c = 0; c < head.size(); ++c)
            if (!head[c].empty()) row.push_back(std::move(properties[c]));
        row.push_back(std::move(geometry));
        table->rows_.push_back(std::move(row));
    }
    return table;
}

Result<bool> GeoJsonTable::next() {
    if (row_ >= rows_.size()) return false;
    cells_.clear();
    for (const std::string& text : rows_[row_]) cells_.push_back({text});
    ++row_;
    return true;
}

Result<std::int64_t> export_geojson(board::Snapshot& snapshot, int type, const std::string& path,
                                    const ExportOptions& options) {
    const model::Model& model = snapshot.model();
    const model::Type& declared = model.types[static_cast<std::size_t>(type)];
    YIPAN_TRY(const int place, only_place(declared, declared.code));
    std::FILE* file = path == "-" ? stdout : std::fopen(path.c_str(), "wb");
    if (!file)
        return fail(Code::store_failed, path, std::string("cannot be written: ") + std::strerror(errno),
                    "check the folder and the right to write there");
    Names names(snapshot);
    const record::NameOf key_of = names.key_function();
    const std::vector<int> fields = exported_fields(declared, options);
    std::int64_t rows = 0;
    bool good = true;
    const auto put = [&](std::string_view text) {
        good = good && std::fwrite(text.data(), 1, text.size(), file) == text.size();
    };
    put("{\"type\":\"FeatureCollection\",\"coordinate_system\":\"CGCS2000 (EPSG:4490)\",\"features\":[");
    const Status written = each_exported(snapshot, type, options, [&](const record::Record& record) -> Status {
        json::object properties;
        for (const int index : fields) {
            if (index == place || record::is_unset(record.at(index))) continue;
            const model::Field& field = declared.fields[static_cast<std::size_t>(index)];
            const std::string& key =
                options.headings == Headings::codes ? field.code : field.label.in(options.language);
            if (const auto other = options.instead ? options.instead(record, index) : std::nullopt) {
                if (!other->empty()) properties[key] = *other;
                continue;
            }
            properties[key] = record::plain_text(model, field, record.at(index), key_of);
        }
        const std::string* geometry = record::as_text(record.at(place));
        const bool shown = std::find(fields.begin(), fields.end(), place) != fields.end() &&
                           !(options.instead && options.instead(record, place));
        put(rows++ ? ",\n" : "\n");
        put("{\"type\":\"Feature\",\"properties\":" + json::serialize(properties) +
            ",\"geometry\":" + (geometry && shown ? *geometry : "null") + "}");
        return {};
    });
    put("\n]}\n");
    const bool closed = file == stdout ? std::fflush(file) == 0 : std::fclose(file) == 0;
    if (written && good && closed) return rows;
    if (file != stdout) std::remove(path.c_str());
    if (!written) return fail(written.error());
    return fail(Code::store_failed, path, "cannot be written to the end", "make room on the disk");
}

}  // namespace yipan::exchange
