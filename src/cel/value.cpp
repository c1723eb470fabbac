#include "cel/value.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "cel/numbers.h"
#include "cel/type.h"

namespace yipan::cel {
namespace {
constexpr std::size_t indexed_map_size = 8;  // below, a scan is faster than a hash

std::size_t mix(std::size_t h) {
    h ^= h >> 31;
    return h * 0x9e3779b97f4a7c15ULL;
}
}  // namespace

Value Value::string(std::string v) {
    Value r(Kind::string);
    auto* s = new SharedText;
    s->text = std::move(v);
    r.a_.shared = s;
    r.owned_ = true;
    return r;
}
Value Value::bytes(std::string v) {
    Value r = string(std::move(v));
    r.kind_ = Kind::bytes;
    return r;
}
Value Value::list(std::vector<Value> items) {
    Value r(Kind::list);
    for (Value& item : items) item = item.owned();
    auto* s = new SharedList;
    s->items = std::move(items);
    r.a_.shared = s;
    r.owned_ = true;
    return r;
}

std::optional<Value> Value::map(std::vector<Entry> entries) {
    Value r(Kind::map);
    auto* s = new SharedMap;
    r.a_.shared = s;
    r.owned_ = true;
    s->entries = std::move(entries);
    const bool indexed = s->entries.size() > indexed_map_size;
    for (std::uint32_t i = 0; i < s->entries.size(); ++i) {
        auto& [key, value] = s->entries[i];
        if (!key.is(Kind::string) && !key.is(Kind::integer) && !key.is(Kind::uinteger) && !key.is(Kind::boolean))
            return {};
        key = key.owned();
        value = value.owned();
        if (indexed)
            s->index.emplace_back(hash_of(key), i);
        else
            for (std::uint32_t j = 0; j < i; ++j)
                if (s->entries[j].first == key) return {};
    }
    std::sort(s->index.begin(), s->index.end());
    for (std::size_t i = 0; i < s->index.size(); ++i)
        for (std::size_t j = i + 1; j < s->index.size() && s->index[j].first == s->index[i].first; ++j)
            if (s->entries[s->index[i].second].first == s->entries[s->index[j].second].first) return {};
    return r;
}

const Value* Value::find(const Value& key) const {
    const auto& m = *static_cast<const SharedMap*>(a_.shared);
    if (m.index.empty()) {
        for (const Entry& e : m.entries)
            if (e.first == key) return &e.second;
        return nullptr;
    }
    const std::size_t h = hash_of(key);
    for (auto it = std::lower_bound(m.index.begin(), m.index.end(), std::pair<std::size_t, std::uint32_t>{h, 0});
         it != m.index.end() && it->first == h; ++it)
        if (m.entries[it->second].first == key) return &m.entries[it->second].second;
    return nullptr;
}

Value Value::instant(Instant t) {
    std::int64_t s = t.micros / 1'000'000;
    std::int64_t rest = t.micros % 1'000'000;
    if (rest < 0) {
        rest += 1'000'000;
        --s;
    }
    return timestamp(s, static_cast<std::int32_t>(rest * 1000));
}

Value Value::owned() const {
    if (owned_ || (kind_ != Kind::string && kind_ != Kind::bytes)) return *this;
    return kind_ == Kind::string ? string(std::string(text())) : bytes(std::string(text()));
}

std::string_view kind_name(Kind kind) {
    constexpr std::string_view names[] = {"null_type",
                                          "bool",
                                          "int",
                                          "uint",
                                          "double",
                                          "string",
                                          "bytes",
                                          "list",
                                          "map",
                                          "type",
                                          "google.protobuf.Timestamp",
                                          "google.protobuf.Duration",
                                          "decimal",
                                          "money",
                                          "date",
                                          "period",
                                          "object"};
    return names[static_cast<std::size_t>(kind)];
}
std::string_view type_name(const Value& v) {
    return v.is(Kind::object) && v.object_type() ? std::string_view(v.object_type()->name) : kind_name(v.kind());
}

std::size_t hash_of(const Value& key) {
    switch (key.kind()) {
        case Kind::string: return std::hash<std::string_view>{}(key.text());
        case Kind::boolean: return key.as_bool() ? 0x51 : 0x52;
        case Kind::integer: return mix(static_cast<std::size_t>(key.as_int()));
        case Kind::uinteger: return mix(static_cast<std::size_t>(key.as_uint()));
        case Kind::real: {
            const double d = key.as_double();
            if (d >= -9223372036854775808.0 && d < 9223372036854775808.0)
                return mix(static_cast<std::size_t>(static_cast<std::int64_t>(d)));
            if (d >= 0 && d < 18446744073709551616.0) return mix(static_cast<std::size_t>(d));
            return 0;
        }
        default: return 0;
    }
}

bool equals(const Value& a, const Value& b, std::int64_t& budget) {
    if (--budget < 0) return false;
    if (a.kind() != b.kind()) {
        bool comparable = false;
        const auto order = compare_values(a, b, comparable);
        return comparable && order == std::partial_ordering::equivalent;
    }
    switch (a.kind()) {
        case Kind::null: return true;
        case Kind::string:
        case Kind::bytes: budget -= static_cast<std::int64_t>(a.text().size() / 64); return a.text() == b.text();
        case Kind::type: return a.text() == b.text();
        case Kind::real: return a.as_double() == b.as_double();
        case Kind::timestamp: return a.seconds() == b.seconds() && a.nanos() == b.nanos();
        case Kind::decimal: return a.as_decimal() == b.as_decimal();
        case Kind::money: return a.as_money() == b.as_money();
        case Kind::object:
            return a.object_type() == b.object_type() &&
                   (a.object() == b.object() || a.object()->id() == b.object()->id());
        case Kind::list: {
            const auto& x = a.items();
            const auto& y = b.items();
            if (x.size() != y.size()) return false;
            for (std::size_t i = 0; i < x.size(); ++i)
                if (!equals(x[i], y[i], budget)) return false;
            return true;
        }
        case Kind::map: {
            if (a.entries().size() != b.entries().size()) return false;
            for (const auto& [key, value] : a.entries()) {
                const Value* other = b.find(key);
                if (!other || !equals(value, *other, budget)) return false;
            }
            return true;
        }
        default: return a.as_int() == b.as_int();
    }
}
bool operator==(const Value& a, const Value& b) {
    std::int64_t budget = 1'000'000;
    return equals(a, b, budget);
}

namespace {
template <class T>
std::partial_ordering order(const T& x, const T& y) {
    return x < y   ? std::partial_ordering::less
           : y < x ? std::partial_ordering::greater
                   : std::partial_ordering::equivalent;
}
}  // namespace

std::partial_ordering compare_values(const Value& a, const Value& b, bool& comparable) {
    comparable = true;
    const Kind k = a.kind();
    if (k == b.kind()) {
        switch (k) {
            case Kind::boolean:
            case Kind::integer:
            case Kind::duration:
            case Kind::date: return order(a.as_int(), b.as_int());
            case Kind::uinteger: return order(a.as_uint(), b.as_uint());
            case Kind::real: return a.as_double() <=> b.as_double();
            case Kind::string:
            case Kind::bytes: return a.text().compare(b.text()) <=> 0;
            case Kind::timestamp: return order(std::pair(a.seconds(), a.nanos()), std::pair(b.seconds(), b.nanos()));
            case Kind::decimal: return compare(a.as_decimal(), b.as_decimal());
            case Kind::money:
                if (a.as_money().currency == b.as_money().currency) return order(a.as_int(), b.as_int());
                break;
            case Kind::period:
                if (a.as_period().kind == b.as_period().kind) return order(a.as_int(), b.as_int());
                break;
            default: break;
        }
        comparable = false;
        return std::partial_ordering::unordered;
    }
    if (k == Kind::decimal && b.is(Kind::integer)) return compare(a.as_decimal(), Decimal::of(b.as_int()));
    if (k == Kind::integer && b.is(Kind::decimal)) return compare(Decimal::of(a.as_int()), b.as_decimal());
    if (k == Kind::integer && b.is(Kind::uinteger)) return compare_int_uint(a.as_int(), b.as_uint());
    if (k == Kind::uinteger && b.is(Kind::integer)) return 0 <=> compare_int_uint(b.as_int(), a.as_uint());
    if (k == Kind::integer && b.is(Kind::real)) return compare_int_double(a.as_int(), b.as_double());
    if (k == Kind::real && b.is(Kind::integer)) return 0 <=> compare_int_double(b.as_int(), a.as_double());
    if (k == Kind::uinteger && b.is(Kind::real)) return compare_uint_double(a.as_uint(), b.as_double());
    if (k == Kind::real && b.is(Kind::uinteger)) return 0 <=> compare_uint_double(b.as_uint(), a.as_double());
    comparable = false;
    return std::partial_ordering::unordered;
}

std::string Value::debug_text() const {
    switch (kind_) {
        case Kind::null: return "null";
        case Kind::boolean: return as_bool() ? "true" : "false";
        case Kind::integer: return std::to_string(as_int());
        case Kind::uinteger: return std::to_string(as_uint()) + "u";
        case Kind::real: return double_text(as_double());
        case Kind::string: return quoted(text());
        case Kind::bytes: return "bytes(" + std::to_string(text().size()) + ")";
        case Kind::list: return "list(" + std::to_string(items().size()) + ")";
        case Kind::map: return "map(" + std::to_string(entries().size()) + ")";
        case Kind::type: return std::string(text());
        case Kind::timestamp: return timestamp_text(seconds(), nanos());
        case Kind::duration: return duration_text(as_int());
        case Kind::decimal: return as_decimal().text();
        case Kind::money: return as_money().yuan_text() + " " + std::string(as_money().currency.text());
        case Kind::date: return as_date().text();
        case Kind::period: return as_period().text();
        case Kind::object:
            return std::string(type_name(*this)) + "#" + (a_.object ? std::to_string(a_.object->id()) : "?");
    }
    return {};
}

}  // namespace yipan::cel
