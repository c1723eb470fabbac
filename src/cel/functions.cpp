#include "cel/functions.h"

#include <absl/strings/escaping.h>
#include <re2/re2.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <unordered_map>
#include <vector>

#include "cel/numbers.h"

namespace yipan::cel {
namespace {

bool size(Frame& f, const Value* a, int n, Value& out) {
    if (n != 1) return f.no_overload();
    std::size_t s = 0;
    switch (a->kind()) {
        case Kind::string: s = code_points(a->text()); break;
        case Kind::bytes: s = a->text().size(); break;
        case Kind::list: s = a->items().size(); break;
        case Kind::map: s = a->entries().size(); break;
        default: return f.no_overload();
    }
    out = Value::integer(static_cast<std::int64_t>(s));
    return true;
}

enum class Part { prefix, suffix, inside };
template <Part part>
bool find_part(Frame& f, const Value* a, int n, Value& out) {
    if (n == 2 && a[0].is(Kind::string) && a[1].is(Kind::string)) {
        const std::string_view s = a[0].text(), p = a[1].text();
        const bool yes = part == Part::prefix   ? s.starts_with(p)
                         : part == Part::suffix ? s.ends_with(p)
                                                : s.find(p) != std::string_view::npos;
        if (part == Part::inside && !f.charge(static_cast<std::int64_t>((s.size() + p.size()) / 64))) return false;
        out = Value::boolean(yes);
        return true;
    }
    if (part == Part::inside && n == 2 && a[0].is(Kind::period) && a[1].is(Kind::date)) {
        const Period p = a[0].as_period();
        const Date d = a[1].as_date();
        out = Value::boolean(p.first_day() <= d && d <= p.last_day());
        return true;
    }
    return f.no_overload();
}

bool matches(Frame& f, const Value* a, int n, Value& out) {
    if (n != 2 || !a[0].is(Kind::string) || !a[1].is(Kind::string)) return f.no_overload();
    if (!f.charge(static_cast<std::int64_t>(100 + a[0].text().size() / 4 + a[1].text().size()))) return false;
    RE2::Options options(RE2::Quiet);
    options.set_max_mem(1 << 20);
    const std::string_view text = a[0].text();
    const std::string_view pattern = a[1].text();
    const RE2 re(re2::StringPiece(pattern.data(), pattern.size()), options);
    if (!re.ok()) return f.fail_with("bad regular expression: " + re.error());
    out = Value::boolean(RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), re));
    return true;
}

bool to_int(Frame& f, const Value* a, int, Value& out) {
    switch (a->kind()) {
        case Kind::integer: out = *a; return true;
        case Kind::uinteger:
            if (a->as_uint() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
                return f.overflow();
            out = Value::integer(a->as_int());
            return true;
        case Kind::real: {
            const double d = a->as_double();
            if (!(d > -9223372036854775808.0 && d < 9223372036854775808.0)) return f.overflow();
            out = Value::integer(static_cast<std::int64_t>(d));
            return true;
        }
        case Kind::string: {
            std::string_view s = a->text();
            std::int64_t v = 0;
            if (s.starts_with('+') && s.size() > 1 && s[1] != '-' && s[1] != '+') s.remove_prefix(1);
            const auto r = std::from_chars(s.data(), s.data() + s.size(), v);
            if (r.ec != std::errc() || r.ptr != s.data() + s.size()) return f.fail("the text is not an int");
            out = Value::integer(v);
            return true;
        }
        case Kind::timestamp: out = Value::integer(a->seconds()); return true;
        default: return f.no_overload();
    }
}
bool to_uint(Frame& f, const Value* a, int, Value& out) {
    switch (a->kind()) {
        case Kind::uinteger: out = *a; return true;
        case Kind::integer:
            if (a->as_int() < 0) return f.overflow();
            out = Value::uinteger(a->as_uint());
            return true;
        case Kind::real: {
            const double d = a->as_double();
            if (!(d >= 0 && d < 18446744073709551616.0)) return f.overflow();
            out = Value::uinteger(static_cast<std::uint64_t>(d));
            return true;
        }
        case Kind::string: {
            const std::string_view s = a->text();
            std::uint64_t v = 0;
            const auto r = std::from_chars(s.data(), s.data() + s.size(), v);
            if (r.ec != std::errc() || r.ptr != s.data() + s.size()) return f.fail("the text is not a uint");
            out = Value::uinteger(v);
            return true;
        }
        default: return f.no_overload();
    }
}
bool to_double(Frame& f, const Value* a, int, Value& out) {
    switch (a->kind()) {
        case Kind::real: out = *a; return true;
        case Kind::integer: out = Value::real(static_cast<double>(a->as_int())); return true;
        case Kind::uinteger: out = Value::real(static_cast<double>(a->as_uint())); return true;
        case Kind::decimal: out = Value::real(a->as_decimal().approximate()); return true;
        case Kind::string: {
            const auto v = parse_double(a->text());
            if (!v) return f.fail("the text is not a double");
            out = Value::real(*v);
            return true;
        }
        default: return f.no_overload();
    }
}
bool to_bool(Frame& f, const Value* a, int, Value& out) {
    if (a->is(Kind::boolean)) {
        out = *a;
        return true;
    }
    if (!a->is(Kind::string)) return f.no_overload();
    for (const std::string_view s : {"1", "t", "T", "true", "TRUE", "True"})
        if (a->text() == s) {
            out = Value::boolean(true);
            return true;
        }
    for (const std::string_view s : {"0", "f", "F", "false", "FALSE", "False"})
        if (a->text() == s) {
            out = Value::boolean(false);
            return true;
        }
    return f.fail("the text is not a bool", Code::evaluation_failed);
}
bool to_string(Frame& f, const Value* a, int, Value& out) {
    switch (a->kind()) {
        case Kind::string: out = *a; return true;
        case Kind::boolean: out = Value::string(a->as_bool() ? "true" : "false"); return true;
        case Kind::integer: out = Value::string(std::to_string(a->as_int())); return true;
        case Kind::uinteger: out = Value::string(std::to_string(a->as_uint())); return true;
        case Kind::real: out = Value::string(double_text(a->as_double())); return true;
        case Kind::bytes:
            if (!valid_utf8(a->text())) return f.fail("the bytes are not valid UTF-8");
            if (!f.charge_text(a->text().size())) return false;
            out = Value::string(std::string(a->text()));
            return true;
        case Kind::timestamp: out = Value::string(timestamp_text(a->seconds(), a->nanos())); return true;
        case Kind::duration: out = Value::string(duration_text(a->as_int())); return true;
        case Kind::decimal: out = Value::string(a->as_decimal().text()); return true;
        case Kind::money: out = Value::string(a->as_money().yuan_text()); return true;
        case Kind::date: out = Value::string(a->as_date().text()); return true;
        case Kind::period: out = Value::string(a->as_period().text()); return true;
        default: return f.no_overload();
    }
}
bool to_bytes(Frame& f, const Value* a, int, Value& out) {
    if (a->is(Kind::bytes))
        out = *a;
    else if (a->is(Kind::string)) {
        if (!f.charge_text(a->text().size())) return false;
        out = Value::bytes(std::string(a->text()));
    } else
        return f.no_overload();
    return true;
}
bool to_dyn(Frame&, const Value* a, int, Value& out) {
    out = *a;
    return true;
}
bool type_of(Frame&, const Value* a, int, Value& out) {
    out = Value::type(type_name(*a));
    return true;
}

bool encode64(Frame& f, const Value* a, int, Value& out) {
    if (!a->is(Kind::bytes)) return f.no_overload();
    if (!f.charge_text(a->text().size() * 2)) return false;
    out = Value::string(absl::Base64Escape(absl::string_view(a->text().data(), a->text().size())));
    return true;
}
bool decode64(Frame& f, const Value* a, int, Value& out) {
    if (!a->is(Kind::string)) return f.no_overload();
    if (!f.charge_text(a->text().size())) return false;
    const std::string_view text = a->text();
    std::string plain;
    for (const char c : text)
        if (!(std::isalnum(static_cast<unsigned char>(c)) || c == '+' || c == '/' || c == '='))
            return f.fail("the text is not base64");
    if (!absl::Base64Unescape(absl::string_view(text.data(), text.size()), &plain))
        return f.fail("the text is not base64");
    out = Value::bytes(std::move(plain));
    return true;
}

constexpr Function standard[] = {
    {"size", false, "s:i|y:i|l:i|m:i", size},
    {"size", true, "s:i|y:i|l:i|m:i", size},
    {"contains", true, "ss:b|PA:b", find_part<Part::inside>},
    {"startsWith", true, "ss:b", find_part<Part::prefix>},
    {"endsWith", true, "ss:b", find_part<Part::suffix>},
    {"matches", true, "ss:b", matches, Special::matches},
    {"matches", false, "ss:b", matches, Special::matches},
    {"int", false, "i:i|u:i|d:i|s:i|t:i", to_int},
    {"uint", false, "i:u|u:u|d:u|s:u", to_uint},
    {"double", false, "i:d|u:d|d:d|s:d|D:d", to_double},
    {"bool", false, "b:b|s:b", to_bool},
    {"string", false, "s:s|b:s|i:s|u:s|d:s|y:s|t:s|r:s|D:s|M:s|A:s|P:s", to_string},
    {"bytes", false, "s:y|y:y", to_bytes},
    {"dyn", false, "*:*", to_dyn},
    {"type", false, "*:T", type_of},
    {"base64.encode", false, "y:s", encode64},
    {"base64.decode", false, "s:y", decode64},
};

struct Registry {
    std::unordered_map<std::string_view, const Function*> global, methods;
    Registry() {
        for (const FunctionList list :
             {standard_functions(), time_functions(), text_functions(), math_functions(), domain_functions()})
            for (std::size_t i = 0; i < list.size; ++i)
                (list.begin[i].method ? methods : global).emplace(list.begin[i].name, &list.begin[i]);
    }
};
const Registry& registry() {
    static const Registry r;
    return r;
}
}  // namespace

FunctionList standard_functions() { return {standard, std::size(standard)}; }

const Function* find_function(std::string_view name, bool method) {
    const auto& table = method ? registry().methods : registry().global;
    const auto it = table.find(name);
    return it == table.end() ? nullptr : it->second;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    if (a.size() > 64 || b.size() > 64) return 64;
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t next = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
            diagonal = row[j];
            row[j] = next;
        }
    }
    return row[b.size()];
}

std::string_view nearest_function(std::string_view name) {
    std::string_view best;
    std::size_t distance = name.size() / 3 + 1;
    for (const auto* table : {&registry().global, &registry().methods})
        for (const auto& [known, f] : *table)
            if (const auto d = edit_distance(name, known);
                d < distance || (d == distance && !best.empty() && known < best)) {
                distance = d;
                best = known;
            }
    return best;
}

}  // namespace yipan::cel
