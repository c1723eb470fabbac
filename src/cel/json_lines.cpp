#include "cel/json_lines.h"

#include <absl/strings/escaping.h>

#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <limits>

#include "cel/numbers.h"
#include "cel/program.h"

namespace yipan::cel {
namespace json = boost::json;
namespace {
constexpr std::size_t line_bytes_max = 1u << 20;
constexpr std::size_t json_depth_max = 64;
constexpr std::size_t answer_values_max = 1'000'000;  // shared lists can print much larger than they are

/// Thrown only inside this file, as Boost.JSON itself throws; answer_line catches all.
struct Malformed {
    std::string why;
};

std::int64_t int_of(const json::value& v) {
    if (v.is_int64()) return v.as_int64();
    if (!v.is_string()) throw Malformed{"an int is written as text"};
    const std::string_view s(v.as_string().data(), v.as_string().size());
    std::int64_t n = 0;
    const auto r = std::from_chars(s.data(), s.data() + s.size(), n);
    if (r.ec != std::errc() || r.ptr != s.data() + s.size())
        throw Malformed{"\"" + std::string(s.substr(0, 40)) + "\" is not an int"};
    return n;
}
std::uint64_t uint_of(const json::value& v) {
    if (v.is_int64() && v.as_int64() >= 0) return static_cast<std::uint64_t>(v.as_int64());
    if (v.is_uint64()) return v.as_uint64();
    if (!v.is_string()) throw Malformed{"a uint is written as text"};
    const std::string_view s(v.as_string().data(), v.as_string().size());
    std::uint64_t n = 0;
    const auto r = std::from_chars(s.data(), s.data() + s.size(), n);
    if (r.ec != std::errc() || r.ptr != s.data() + s.size())
        throw Malformed{"\"" + std::string(s.substr(0, 40)) + "\" is not a uint"};
    return n;
}
double double_of(const json::value& v) {
    if (v.is_string()) {
        const std::string_view s(v.as_string().data(), v.as_string().size());
        if (s == "-0") return -0.0;
        if (const auto d = parse_double(s)) return *d;
        throw Malformed{"a double is a number, \"NaN\", \"Infinity\", \"-Infinity\" or \"-0\""};
    }
    if (v.is_int64()) return static_cast<double>(v.as_int64());
    if (v.is_uint64()) return static_cast<double>(v.as_uint64());
    if (v.is_double()) return v.as_double();
    throw Malformed{"a double is a number or a text"};
}
std::string text_of(const json::value& v) {
    if (!v.is_string()) throw Malformed{"a text is wanted"};
    std::string s(v.as_string().data(), v.as_string().size());
    if (!valid_utf8(s)) throw Malformed{"a text is not valid UTF-8"};
    return s;
}
std::string_view known_type_name(const std::string& name) {
    for (int k = 0; k <= static_cast<int>(Kind::period); ++k)
        if (kind_name(static_cast<Kind>(k)) == name) return kind_name(static_cast<Kind>(k));
    throw Malformed{"unknown type \"" + name.substr(0, 40) + "\""};
}
const json::value& part(const json::object& o, std::string_view key) {
    const json::value* v = o.if_contains(json::string_view(key.data(), key.size()));
    if (!v) throw Malformed{"\"" + std::string(key) + "\" is missing"};
    return *v;
}

Value value_of(const json::value& tagged) {
    if (!tagged.is_object() || tagged.as_object().size() != 1) throw Malformed{"a value is an object with one tag"};
    const auto& entry = *tagged.as_object().begin();
    const std::string tag(entry.key().data(), entry.key().size());
    const json::value& v = entry.value();
    if (tag == "null") return {};
    if (tag == "bool") return Value::boolean(v.as_bool());
    if (tag == "int") return Value::integer(int_of(v));
    if (tag == "uint") return Value::uinteger(uint_of(v));
    if (tag == "double") return Value::real(double_of(v));
    if (tag == "string") return Value::string(text_of(v));
    if (tag == "bytes_b64") {
        std::string bytes;
        if (!absl::Base64Unescape(text_of(v), &bytes)) throw Malformed{"bytes_b64 is not base64"};
        return Value::bytes(std::move(bytes));
    }
    if (tag == "type") return Value::type(known_type_name(text_of(v)));
    if (tag == "list") {
        std::vector<Value> items;
        for (const json::value& item : v.as_array()) items.push_back(value_of(item));
        return Value::list(std::move(items));
    }
    if (tag == "map") {
        std::vector<Value::Entry> entries;
        for (const json::value& pair : v.as_array()) {
            if (pair.as_array().size() != 2) throw Malformed{"an entry of a map is [key, value]"};
            entries.emplace_back(value_of(pair.as_array()[0]), value_of(pair.as_array()[1]));
        }
        auto m = Value::map(std::move(entries));
        if (!m) throw Malformed{"a key of a map is repeated or of a wrong kind"};
        return std::move(*m);
    }
    if (tag == "timestamp") {
        const std::int64_t seconds = int_of(part(v.as_object(), "seconds"));
        const std::int64_t nanos = int_of(part(v.as_object(), "nanos"));
        if (seconds < timestamp_seconds_min || seconds > timestamp_seconds_max || nanos < 0 || nanos > 999'999'999)
            throw Malformed{"the timestamp is out of range"};
        return Value::timestamp(seconds, static_cast<std::int32_t>(nanos));
    }
    if (tag == "duration") {
        const __int128 total = static_cast<__int128>(int_of(part(v.as_object(), "seconds"))) * 1'000'000'000 +
                               int_of(part(v.as_object(), "nanos"));
        if (total > std::numeric_limits<std::int64_t>::max() || total < std::numeric_limits<std::int64_t>::min())
            throw Malformed{"the duration is out of range"};
        return Value::duration(static_cast<std::int64_t>(total));
    }
    throw Malformed{"unknown tag \"" + tag.substr(0, 40) + "\""};
}

json::value tagged(std::string_view tag, json::value v) {
    json::object o;
    o.emplace(json::string_view(tag.data(), tag.size()), std::move(v));
    return o;
}
json::value text_value(std::string_view s) { return json::string(s.data(), s.size()); }

json::value json_of(const Value& v, std::size_t& budget) {
    if (budget-- == 0) throw Malformed{"the value is too large to print"};
    switch (v.kind()) {
        case Kind::null: return tagged("null", nullptr);
        case Kind::boolean: return tagged("bool", v.as_bool());
        case Kind::integer: return tagged("int", text_value(std::to_string(v.as_int())));
        case Kind::uinteger: return tagged("uint", text_value(std::to_string(v.as_uint())));
        case Kind::real: {
            const double d = v.as_double();
            if (!std::isfinite(d)) return tagged("double", text_value(double_text(d)));
            return d == 0 && std::signbit(d) ? tagged("double", text_value("-0")) : tagged("double", d);
        }
        case Kind::string: return tagged("string", text_value(v.text()));
        case Kind::bytes:
            return tagged("bytes_b64",
                          text_value(absl::Base64Escape(absl::string_view(v.text().data(), v.text().size()))));
        case Kind::type: return tagged("type", text_value(v.text()));
        case Kind::list: {
            json::array a;
            for (const Value& item : v.items()) a.push_back(json_of(item, budget));
            return tagged("list", std::move(a));
        }
        case Kind::map: {
            json::array a;
            for (const auto& [key, value] : v.entries()) {
                json::array pair;
                pair.push_back(json_of(key, budget));
                pair.push_back(json_of(value, budget));
                a.push_back(std::move(pair));
            }
            return tagged("map", std::move(a));
        }
        case Kind::timestamp:
            return tagged("timestamp", json::object{{"seconds", std::to_string(v.seconds())}, {"nanos", v.nanos()}});
        case Kind::duration:
            return tagged("duration", json::object{{"seconds", std::to_string(v.as_int() / 1'000'000'000)},
                                                   {"nanos", v.as_int() % 1'000'000'000}});
        case Kind::money:
            return tagged("money", json::array{v.as_money().yuan_text(), std::string(v.as_money().currency.text())});
        default: return tagged(kind_name(v.kind()), text_value(v.debug_text()));
    }
}

Value answer(const json::object& line) {
    Env env;
    if (const auto* c = line.if_contains("container")) env.container = text_of(*c);
    if (const auto* b = line.if_contains("disable_check")) env.check = !(b->is_bool() && b->as_bool());
    if (const auto* b = line.if_contains("disable_macros")) env.macros = !(b->is_bool() && b->as_bool());
    const json::object none;
    const auto* bindings = line.if_contains("bindings");
    const auto* types = line.if_contains("type_env");
    const json::object& bound = bindings && bindings->is_object() ? bindings->as_object() : none;
    std::vector<Value> values;
    if (types && types->is_object())
        for (const auto& [name, type] : types->as_object()) {
            env.variable(std::string(name), Type::parse(text_of(type)).or_null(false));
            const json::value* v = bound.if_contains(name);
            values.push_back(v ? value_of(*v) : Value());
            if (!v) env.variables.pop_back(), values.pop_back();
        }
    for (const auto& [name, v] : bound) {
        if (types && types->is_object() && types->as_object().contains(name)) continue;
        env.variable(std::string(name), Type::dyn());
        values.push_back(value_of(v));
    }
    const auto program = compile(text_of(part(line, "expr")), env);
    if (!program) {
        std::string why = yipan::text_of(program.error());
        while (why.ends_with('\n')) why.pop_back();
        throw Malformed{std::move(why)};
    }
    Activation activation;
    activation.variables = values;
    const auto result = program->evaluate(activation);
    if (!result) throw Malformed{result.error().text()};
    return *result;
}

/// Text for JSON: what is not UTF-8 is replaced.
std::string clean(std::string s) {
    if (!valid_utf8(s))
        for (char& c : s)
            if (static_cast<unsigned char>(c) >= 0x80) c = '?';
    return s;
}
}  // namespace

std::string answer_line(std::string_view line) {
    json::object out;
    try {
        if (line.size() > line_bytes_max)
            throw Malformed{"the line is longer than " + std::to_string(line_bytes_max) + " bytes"};
        json::parse_options options;
        options.max_depth = json_depth_max;
        const json::value v = json::parse(json::string_view(line.data(), line.size()), {}, options);
        if (!v.is_object()) throw Malformed{"a line is a JSON object"};
        if (const auto* name = v.as_object().if_contains("name"); name && name->is_string()) out["name"] = *name;
        std::size_t budget = answer_values_max;
        out["value"] = json_of(answer(v.as_object()), budget);
    } catch (const Malformed& e) {
        out["error"] = clean(e.why);
    } catch (const boost::system::system_error& e) {
        out["error"] =
            clean("the line is no JSON: " + e.code().message());  // not what(), which names places in the library
    } catch (const std::exception& e) {
        out["error"] = clean(std::string("malformed line: ") + e.what());
    }
    return json::serialize(out);
}

}  // namespace yipan::cel
