#include "record/body.h"

#include <algorithm>
#include <charconv>

namespace yipan::record {
namespace {
tl::unexpected<Error> damaged(std::string_view body, std::size_t at) {
    return fail(
        Code::corrupt, "",
        "a stored body is not in canonical form at byte " + std::to_string(at) + " of " + std::to_string(body.size()));
}

// Reads a JSON string starting after its opening quote; leaves `i` after the closing one.
bool read_text(std::string_view body, std::size_t& i, std::string& out) {
    out.clear();
    while (i < body.size()) {
        const std::size_t plain = body.find_first_of("\"\\", i);
        if (plain == std::string_view::npos) return false;
        out.append(body, i, plain - i);
        i = plain + 1;
        if (body[plain] == '"') return true;
        if (i >= body.size()) return false;
        const char c = body[i++];
        switch (c) {
            case '"': out += '"'; break;
            case '\\': out += '\\'; break;
            case 'n': out += '\n'; break;
            case 'r': out += '\r'; break;
            case 't': out += '\t'; break;
            case 'b': out += '\b'; break;
            case 'f': out += '\f'; break;
            case 'u': {
                unsigned code = 0;
                if (i + 4 > body.size()) return false;
                const auto [end, ec] = std::from_chars(body.data() + i, body.data() + i + 4, code, 16);
                if (ec != std::errc{} || end != body.data() + i + 4 || code >= 0x20) return false;
                out += static_cast<char>(code);
                i += 4;
                break;
            }
            default: return false;
        }
    }
    return false;
}
}  // namespace

void append_json_text(std::string& out, std::string_view text) {
    constexpr char digits[] = "0123456789abcdef";
    out += '"';
    std::size_t from = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        out.append(text, from, i - from);
        from = i + 1;
        switch (c) {
            case '"': out += "\\\""; break;
            case '\\': out += "\\\\"; break;
            case '\n': out += "\\n"; break;
            case '\r': out += "\\r"; break;
            case '\t': out += "\\t"; break;
            case '\b': out += "\\b"; break;
            case '\f': out += "\\f"; break;
            default:
                out += "\\u00";
                out += digits[c >> 4];
                out += digits[c & 15];
        }
    }
    out.append(text, from, text.size() - from);
    out += '"';
}

BodyCodec::BodyCodec(const model::Type& type) {
    for (std::size_t i = 0; i < type.fields.size(); ++i) {
        const model::Field& field = type.fields[i];
        fields_[static_cast<std::size_t>(field.group)].push_back(
            {static_cast<int>(i), "\"" + field.code + "\":", field.code});
        by_code_.emplace_back(field.code, static_cast<int>(i));
    }
    for (auto& group : fields_)
        std::sort(group.begin(), group.end(), [](const Key& a, const Key& b) { return a.code < b.code; });
    std::sort(by_code_.begin(), by_code_.end());
}

void BodyCodec::encode(const Record& record, model::FieldGroup group, std::string& out) const {
    out.clear();
    char digits[24];
    for (const Key& key : fields_[static_cast<std::size_t>(group)]) {
        const Value& value = record.at(key.field);
        if (is_unset(value)) continue;
        out += out.empty() ? '{' : ',';
        out += key.quoted;
        if (const auto* n = as_integer(value)) {
            const auto [end, ec] = std::to_chars(digits, digits + sizeof digits, *n);
            out.append(digits, end);
        } else {
            append_json_text(out, *as_text(value));
        }
    }
    if (!out.empty())
        out += '}';
    else if (group == model::FieldGroup::plain)
        out = "{}";
}

Status BodyCodec::decode(std::string_view body, std::vector<Value>& values) const {
    if (body.empty() || body == "{}") return {};
    std::size_t i = 0;
    if (body[i++] != '{') return damaged(body, 0);
    std::string key;
    std::string text;
    while (true) {
        if (i >= body.size() || body[i] != '"') return damaged(body, i);
        ++i;
        if (!read_text(body, i, key) || i >= body.size() || body[i] != ':') return damaged(body, i);
        ++i;
        Value value;
        if (i < body.size() && body[i] == '"') {
            ++i;
            if (!read_text(body, i, text)) return damaged(body, i);
            value = text;
        } else {
            std::int64_t n = 0;
            const auto [end, ec] = std::from_chars(body.data() + i, body.data() + body.size(), n);
            if (ec != std::errc{}) return damaged(body, i);
            i = static_cast<std::size_t>(end - body.data());
            value = n;
        }
        const auto known = std::lower_bound(by_code_.begin(), by_code_.end(), key,
                                            [](const auto& a, const std::string& k) { return a.first < k; });
        if (known != by_code_.end() && known->first == key)
            values[static_cast<std::size_t>(known->second)] = std::move(value);
        if (i >= body.size()) return damaged(body, i);
        if (body[i] == '}') break;
        if (body[i++] != ',') return damaged(body, i);
    }
    return i + 1 == body.size() ? Status{} : damaged(body, i);
}

}  // namespace yipan::record
