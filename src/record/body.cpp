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
    const auto plain = [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; };
    if (std::all_of(text.begin(), text.end(), plain)) {  // nearly all are
        const std::size_t at = out.size();
        out.resize(at + text.size() + 2, '"');
        std::copy(text.begin(), text.end(), out.begin() + static_cast<std::ptrdiff_t>(at) + 1);
        return;
    }
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

namespace {
constexpr std::string_view mark_prefix = "yipan_";

void append_key(std::string& out, std::string_view quoted_key) {
    out += out.empty() ? '{' : ',';
    out += quoted_key;
}
// In byte order, as all keys are; no field's code begins with the prefix, so they stand together.
void append_marks(std::string& out, const Marks* marks, bool voided) {
    const auto text = [&](std::string_view key, const std::string& value) {
        if (value.empty()) return;
        append_key(out, key);
        append_json_text(out, value);
    };
    if (marks) {
        text("\"yipan_decider\":", marks->decider);
        text("\"yipan_erased\":", marks->erased);
        if (marks->into) {
            append_key(out, "\"yipan_into\":");
            out += std::to_string(marks->into);
        }
        text("\"yipan_note\":", marks->note);
    }
    if (voided) {
        append_key(out, "\"yipan_void\":");
        out += '1';
    }
}
void take_mark(Marks& marks, std::string_view key, Value&& value) {
    if (const auto* n = as_integer(value)) {
        if (key == "yipan_into") marks.into = *n;
        if (key == "yipan_void") marks.voided = *n != 0;
    } else if (auto* text = std::get_if<std::string>(&value)) {
        if (key == "yipan_note") marks.note = std::move(*text);
        if (key == "yipan_decider") marks.decider = std::move(*text);
        if (key == "yipan_erased") marks.erased = std::move(*text);
    }
}

/// Reads the members of a body one by one.
template <class Take>
Status read_members(std::string_view body, Take&& take) {
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
        take(key, std::move(value));
        if (i >= body.size()) return damaged(body, i);
        if (body[i] == '}') break;
        if (body[i++] != ',') return damaged(body, i);
    }
    return i + 1 == body.size() ? Status{} : damaged(body, i);
}
}  // namespace

namespace {
constexpr std::string_view group_words[] = {"plain", "personal", "attachment"};
constexpr std::uint8_t all_groups = (1U << group_count) - 1;
}  // namespace

std::string group_names(std::uint8_t groups) {
    if (groups == all_groups) return "all";
    std::string out;
    for (std::size_t g = 0; g < group_count; ++g)
        if (groups >> g & 1) out.append(out.empty() ? "" : ",").append(group_words[g]);
    return out;
}
std::uint8_t groups_named(std::string_view names) {
    if (names == "all") return all_groups;
    std::uint8_t out = 0;
    for (std::size_t g = 0; g < group_count; ++g)
        if (names.find(group_words[g]) != std::string_view::npos) out = static_cast<std::uint8_t>(out | 1U << g);
    return out;
}

Result<Marks> marks_of(std::string_view plain_body) {
    Marks marks;
    if (plain_body.find("\"yipan_") == std::string_view::npos) return marks;
    YIPAN_TRY_VOID(read_members(plain_body, [&](const std::string& key, Value&& value) {
        if (key.starts_with(mark_prefix)) take_mark(marks, key, std::move(value));
    }));
    return marks;
}

void BodyCodec::encode(const Record& record, model::FieldGroup group, std::string& out, const Marks* marks) const {
    out.clear();
    char digits[24];
    bool marked = group != model::FieldGroup::plain || (!marks && !record.voided);  // nothing (more) to add
    for (const Key& key : fields_[static_cast<std::size_t>(group)]) {
        const Value& value = record.at(key.field);
        if (is_unset(value)) continue;
        if (!marked && key.code > mark_prefix) {
            append_marks(out, marks, record.voided);
            marked = true;
        }
        append_key(out, key.quoted);
        if (const auto* n = as_integer(value)) {
            const auto [end, ec] = std::to_chars(digits, digits + sizeof digits, *n);
            out.append(digits, end);
        } else {
            append_json_text(out, *as_text(value));
        }
    }
    if (!marked) append_marks(out, marks, record.voided);
    if (!out.empty())
        out += '}';
    else if (group == model::FieldGroup::plain)
        out = "{}";
}

Status BodyCodec::decode(std::string_view body, std::vector<Value>& values, Marks* marks) const {
    return read_members(body, [&](const std::string& key, Value&& value) {
        const auto known = std::lower_bound(by_code_.begin(), by_code_.end(), key,
                                            [](const auto& a, const std::string& k) { return a.first < k; });
        if (known != by_code_.end() && known->first == key)
            values[static_cast<std::size_t>(known->second)] = std::move(value);
        else if (marks && key.starts_with(mark_prefix))
            take_mark(*marks, key, std::move(value));
    });
}

}  // namespace yipan::record
