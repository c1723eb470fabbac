// string.format of the "strings" extension: %s %d %f %e %b %o %x %X and %%.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cel/functions.h"
#include "cel/numbers.h"

namespace yipan::cel {
namespace {
constexpr int precision_max = 1000;

bool wrong(Frame& f, std::string_view clause, const Value& v) {
    return f.fail_with("error during formatting: " + std::string(clause) + " cannot show " + std::string(type_name(v)));
}
std::string_view special(double d) { return std::isnan(d) ? "NaN" : d > 0 ? "Infinity" : "-Infinity"; }

/// An int, uint as digits of a base; bool too for base 2.
bool digits(Frame& f, const Value& v, int base, bool upper, std::string_view clause, std::string& out) {
    if (base == 2 && v.is(Kind::boolean)) {
        out += v.as_bool() ? '1' : '0';
        return true;
    }
    if (!v.is(Kind::integer) && !v.is(Kind::uinteger)) return wrong(f, clause, v);
    const bool negative = v.is(Kind::integer) && v.as_int() < 0;
    const std::uint64_t n = negative ? 0 - v.as_uint() : v.as_uint();
    if (negative) out += '-';
    out += base == 2   ? fmt::format("{:b}", n)
           : base == 8 ? fmt::format("{:o}", n)
           : upper     ? fmt::format("{:X}", n)
                       : fmt::format("{:x}", n);
    return true;
}
bool hex(Frame& f, const Value& v, bool upper, std::string& out) {
    if (!v.is(Kind::string) && !v.is(Kind::bytes)) return digits(f, v, 16, upper, "%x", out);
    if (!f.charge_text(v.text().size() * 2)) return false;
    for (const char c : v.text())
        out += upper ? fmt::format("{:02X}", static_cast<unsigned char>(c))
                     : fmt::format("{:02x}", static_cast<unsigned char>(c));
    return true;
}
bool decimal(Frame& f, const Value& v, std::string& out) {
    if (v.is(Kind::integer))
        out += std::to_string(v.as_int());
    else if (v.is(Kind::uinteger))
        out += std::to_string(v.as_uint());
    else if (v.is(Kind::real))
        out += double_plain_text(v.as_double());
    else
        return wrong(f, "%d", v);
    return true;
}
bool real(Frame& f, const Value& v, char clause, int precision, std::string& out) {
    double d = 0;
    if (v.is(Kind::real))
        d = v.as_double();
    else if (v.is(Kind::integer))
        d = static_cast<double>(v.as_int());
    else if (v.is(Kind::uinteger))
        d = static_cast<double>(v.as_uint());
    else if (v.is(Kind::decimal) && clause == 'f') {
        const auto r =
            v.as_decimal().rescaled(std::min(precision < 0 ? 6 : precision, decimal_scale_max), Rounding::half_up);
        if (!r) return f.fail(r.error());
        out += r->text();
        return true;
    } else
        return wrong(f, clause == 'f' ? "%f" : "%e", v);
    if (!std::isfinite(d)) {
        out += special(d);
        return true;
    }
    const int p = precision < 0 ? 6 : precision;
    out += clause == 'f' ? fmt::format("{:.{}f}", d, p) : fmt::format("{:.{}e}", d, p);
    return true;
}
}  // namespace

bool format_value(Frame& f, const Value& v, std::string& out) {
    if (!f.charge(1)) return false;
    if (out.size() > f.text_bytes) return f.charge_text(out.size());
    switch (v.kind()) {
        case Kind::null: out += "null"; return true;
        case Kind::boolean: out += v.as_bool() ? "true" : "false"; return true;
        case Kind::integer: out += std::to_string(v.as_int()); return true;
        case Kind::uinteger: out += std::to_string(v.as_uint()); return true;
        case Kind::real: out += double_plain_text(v.as_double()); return true;
        case Kind::string:
        case Kind::bytes:
        case Kind::type: out += v.text(); return true;
        case Kind::timestamp: out += timestamp_text(v.seconds(), v.nanos()); return true;
        case Kind::duration: out += duration_text(v.as_int()); return true;
        case Kind::decimal: out += v.as_decimal().text(); return true;
        case Kind::money: out += v.as_money().yuan_text(); return true;
        case Kind::date: out += v.as_date().text(); return true;
        case Kind::period: out += v.as_period().text(); return true;
        case Kind::list: {
            out += '[';
            bool first = true;
            for (const Value& item : v.items()) {
                if (!first) out += ", ";
                first = false;
                if (!format_value(f, item, out)) return false;
            }
            out += ']';
            return true;
        }
        case Kind::map: {
            std::vector<std::pair<std::string, const Value*>> entries;
            for (const auto& [key, value] : v.entries()) {
                std::string text;
                if (!format_value(f, key, text)) return false;
                entries.emplace_back(std::move(text), &value);
            }
            std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
            out += '{';
            for (std::size_t i = 0; i < entries.size(); ++i) {
                if (i > 0) out += ", ";
                out += entries[i].first + ": ";
                if (!format_value(f, *entries[i].second, out)) return false;
            }
            out += '}';
            return true;
        }
        case Kind::object: return wrong(f, "%s", v);
    }
    return false;
}

bool format_text(Frame& f, const Value* args, int n, Value& result) {
    if (n != 2 || !args[0].is(Kind::string) || !args[1].is(Kind::list)) return f.no_overload();
    const std::string_view s = args[0].text();
    const auto& values = args[1].items();
    std::string out;
    std::size_t used = 0;
    for (std::size_t i = 0; i < s.size(); ++i) {
        if (s[i] != '%') {
            out += s[i];
            continue;
        }
        if (++i >= s.size()) return f.fail("could not parse formatting clause: % at the end");
        if (s[i] == '%') {
            out += '%';
            continue;
        }
        int precision = -1;
        if (s[i] == '.') {
            precision = 0;
            const std::size_t start = ++i;
            for (; i < s.size() && s[i] >= '0' && s[i] <= '9'; ++i)
                if ((precision = precision * 10 + (s[i] - '0')) > precision_max)
                    return f.fail("could not parse formatting clause: the precision is too large");
            if (i == start || i >= s.size())
                return f.fail("could not parse formatting clause: a precision is digits after the point");
        }
        if (used >= values.size())
            return f.fail_with("index " + std::to_string(used) + " out of range: too few arguments for the format");
        const Value& v = values[used++];
        bool ok = false;
        switch (s[i]) {
            case 's': ok = format_value(f, v, out); break;
            case 'd': ok = decimal(f, v, out); break;
            case 'f':
            case 'e': ok = real(f, v, s[i], precision, out); break;
            case 'b': ok = digits(f, v, 2, false, "%b", out); break;
            case 'o': ok = digits(f, v, 8, false, "%o", out); break;
            case 'x': ok = hex(f, v, false, out); break;
            case 'X': ok = hex(f, v, true, out); break;
            default:
                return f.fail_with("could not parse formatting clause: unrecognized clause \"" + std::string(1, s[i]) +
                                   "\"");
        }
        if (!ok) return false;
        if (out.size() > f.text_bytes) break;
    }
    if (!f.charge_text(out.size())) return false;
    result = Value::string(std::move(out));
    return true;
}

}  // namespace yipan::cel
