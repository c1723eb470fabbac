// The "strings" extension of the standard's libraries: positions count code points.
#include <algorithm>

#include "cel/functions.h"
#include "cel/numbers.h"

namespace yipan::cel {
namespace {
using Points = std::u32string;

Points points_of(std::string_view s) {
    Points p;
    p.reserve(s.size());
    for (std::size_t i = 0; i < s.size();) p += next_code_point(s, i);
    return p;
}
std::string text_of(std::u32string_view p) {
    std::string s;
    for (const char32_t c : p) append_utf8(s, c);
    return s;
}
bool strings(const Value* a, std::initializer_list<int> which) {
    return std::all_of(which.begin(), which.end(), [&](int i) { return a[i].is(Kind::string); });
}
bool out_of_range(Frame& f, std::int64_t i) { return f.fail_with("index out of range: " + std::to_string(i)); }

bool char_at(Frame& f, const Value* a, int n, Value& out) {
    if (n != 2 || !a[0].is(Kind::string) || !a[1].is(Kind::integer)) return f.no_overload();
    if (!f.charge_text(a[0].text().size())) return false;
    const Points p = points_of(a[0].text());
    const std::int64_t i = a[1].as_int();
    if (i < 0 || i > static_cast<std::int64_t>(p.size())) return out_of_range(f, i);
    out = Value::string(i == static_cast<std::int64_t>(p.size())
                            ? ""
                            : text_of(std::u32string_view(p).substr(static_cast<std::size_t>(i), 1)));
    return true;
}
template <bool last>
bool index_of(Frame& f, const Value* a, int n, Value& out) {
    if (n < 2 || n > 3 || !strings(a, {0, 1}) || (n == 3 && !a[2].is(Kind::integer))) return f.no_overload();
    if (!f.charge_text(a[0].text().size() + a[1].text().size())) return false;
    const Points text = points_of(a[0].text());
    const Points part = points_of(a[1].text());
    const auto size = static_cast<std::int64_t>(text.size());
    const std::int64_t from = n == 3 ? a[2].as_int() : last ? size : 0;
    if (from < 0 || from > size) return out_of_range(f, from);
    const std::size_t at =
        last ? text.rfind(part, static_cast<std::size_t>(from)) : text.find(part, static_cast<std::size_t>(from));
    out = Value::integer(at == Points::npos ? -1 : static_cast<std::int64_t>(at));
    return true;
}
template <bool upper>
bool ascii_case(Frame& f, const Value* a, int n, Value& out) {
    if (n != 1 || !a->is(Kind::string)) return f.no_overload();
    if (!f.charge_text(a->text().size())) return false;
    std::string s(a->text());
    for (char& c : s) {
        if (upper ? c >= 'a' && c <= 'z' : c >= 'A' && c <= 'Z') c = static_cast<char>(c ^ 0x20);
    }
    out = Value::string(std::move(s));
    return true;
}
std::size_t point_bytes(std::string_view s, std::size_t at) {
    std::size_t end = at;
    next_code_point(s, end);
    return end - at;
}
bool replace(Frame& f, const Value* a, int n, Value& out) {
    if (n < 3 || n > 4 || !strings(a, {0, 1, 2}) || (n == 4 && !a[3].is(Kind::integer))) return f.no_overload();
    const std::string_view s = a[0].text(), from = a[1].text(), to = a[2].text();
    std::int64_t left = n == 4 ? a[3].as_int() : -1;
    std::string r;
    std::size_t at = 0;
    while (left != 0) {
        std::size_t hit = at;
        if (from.empty()) {  // between code points, as the reference does
            if (at > s.size()) break;
        } else if ((hit = s.find(from, at)) == std::string_view::npos) {
            break;
        }
        r.append(s.substr(at, hit - at)).append(to);
        at = hit + from.size();
        if (from.empty()) {
            if (at >= s.size()) {
                at = s.size();
                break;
            }
            const std::size_t bytes = point_bytes(s, at);
            r.append(s.substr(at, bytes));
            at += bytes;
        }
        if (left > 0) --left;
        if (r.size() > f.text_bytes) break;
    }
    if (at < s.size()) r.append(s.substr(at));
    if (!f.charge_text(r.size())) return false;
    out = Value::string(std::move(r));
    return true;
}
bool split(Frame& f, const Value* a, int n, Value& out) {
    if (n < 2 || n > 3 || !strings(a, {0, 1}) || (n == 3 && !a[2].is(Kind::integer))) return f.no_overload();
    const std::string_view s = a[0].text(), by = a[1].text();
    const std::int64_t limit = n == 3 ? a[2].as_int() : -1;
    std::vector<Value> parts;
    if (!f.charge(static_cast<std::int64_t>(s.size() + 1))) return false;
    std::size_t at = 0;
    if (limit != 0) {
        while (limit < 0 || static_cast<std::int64_t>(parts.size()) + 1 < limit) {
            std::size_t hit;
            if (by.empty()) {
                if (at >= s.size() || (hit = at + point_bytes(s, at)) >= s.size()) break;
            } else if ((hit = s.find(by, at)) == std::string_view::npos) {
                break;
            }
            parts.push_back(Value::string(std::string(s.substr(at, hit - at))));
            at = hit + by.size();
        }
        if (!(by.empty() && s.empty())) parts.push_back(Value::string(std::string(s.substr(at))));
    }
    out = Value::list(std::move(parts));
    return true;
}
bool substring(Frame& f, const Value* a, int n, Value& out) {
    if (n < 2 || n > 3 || !a[0].is(Kind::string) || !a[1].is(Kind::integer) || (n == 3 && !a[2].is(Kind::integer)))
        return f.no_overload();
    if (!f.charge_text(a[0].text().size())) return false;
    const Points p = points_of(a[0].text());
    const auto size = static_cast<std::int64_t>(p.size());
    const std::int64_t start = a[1].as_int();
    const std::int64_t end = n == 3 ? a[2].as_int() : size;
    if (start < 0 || start > size) return out_of_range(f, start);
    if (end < 0 || end > size) return out_of_range(f, end);
    if (end < start)
        return f.fail_with("the end " + std::to_string(end) + " is before the start " + std::to_string(start));
    out = Value::string(
        text_of(std::u32string_view(p).substr(static_cast<std::size_t>(start), static_cast<std::size_t>(end - start))));
    return true;
}
bool is_space(char32_t c) {
    return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}
bool trim(Frame& f, const Value* a, int n, Value& out) {
    if (n != 1 || !a->is(Kind::string)) return f.no_overload();
    if (!f.charge_text(a->text().size())) return false;
    const Points p = points_of(a->text());
    std::size_t from = 0, to = p.size();
    while (from < to && is_space(p[from])) ++from;
    while (to > from && is_space(p[to - 1])) --to;
    out = Value::string(text_of(std::u32string_view(p).substr(from, to - from)));
    return true;
}
bool join(Frame& f, const Value* a, int n, Value& out) {
    if (n < 1 || n > 2 || !a[0].is(Kind::list) || (n == 2 && !a[1].is(Kind::string))) return f.no_overload();
    std::string s;
    for (std::size_t i = 0; i < a[0].items().size(); ++i) {
        const Value& item = a[0].items()[i];
        if (!item.is(Kind::string)) return f.no_overload();
        if (i > 0 && n == 2) s.append(a[1].text());
        s.append(item.text());
        if (s.size() > f.text_bytes) break;
    }
    if (!f.charge(static_cast<std::int64_t>(a[0].items().size())) || !f.charge_text(s.size())) return false;
    out = Value::string(std::move(s));
    return true;
}
bool quote(Frame& f, const Value* a, int n, Value& out) {
    if (n != 1 || !a->is(Kind::string)) return f.no_overload();
    if (!f.charge_text(a->text().size() * 2 + 2)) return false;
    out = Value::string(quoted(a->text()));
    return true;
}
bool reverse(Frame& f, const Value* a, int n, Value& out) {
    if (n != 1 || !a->is(Kind::string)) return f.no_overload();
    if (!f.charge_text(a->text().size())) return false;
    Points p = points_of(a->text());
    std::reverse(p.begin(), p.end());
    out = Value::string(text_of(p));
    return true;
}

constexpr Function table[] = {
    {"charAt", true, "si:s", char_at},
    {"indexOf", true, "ss:i|ssi:i", index_of<false>},
    {"lastIndexOf", true, "ss:i|ssi:i", index_of<true>},
    {"lowerAscii", true, "s:s", ascii_case<false>},
    {"upperAscii", true, "s:s", ascii_case<true>},
    {"replace", true, "sss:s|sssi:s", replace},
    {"split", true, "ss:[s|ssi:[s", split},
    {"substring", true, "si:s|sii:s", substring},
    {"trim", true, "s:s", trim},
    {"join", true, "[s:s|[ss:s", join},
    {"strings.quote", false, "s:s", quote},
    {"reverse", true, "s:s", reverse},
    {"format", true, "sl:s", format_text},
};
}  // namespace

FunctionList text_functions() { return {table, std::size(table)}; }

}  // namespace yipan::cel
