#include "cel/type.h"

#include <array>

namespace yipan::cel {
using K = Type::K;

Type Type::money(std::string_view currency) {
    Type t = of(K::money);
    if (currency.size() == 3) std::memcpy(t.currency, currency.data(), 3);
    return t;
}
Type Type::list(Type element) {
    Type t = of(K::list);
    t.parameters = std::make_shared<const std::vector<Type>>(std::vector<Type>{std::move(element)});
    return t;
}
Type Type::map(Type key, Type value) {
    Type t = of(K::map);
    t.parameters = std::make_shared<const std::vector<Type>>(std::vector<Type>{std::move(key), std::move(value)});
    return t;
}

namespace {
constexpr std::array<std::string_view, 18> names = {"dyn",      "null_type", "bool",  "int",  "uint",   "double",
                                                    "string",   "bytes",     "list",  "map",  "type",   "timestamp",
                                                    "duration", "decimal",   "money", "date", "period", "object"};
}

std::string Type::text() const {
    std::string s(names[static_cast<std::size_t>(k)]);
    if (k == K::list && parameters) return s + "(" + element().text() + ")";
    if (k == K::map && parameters) return s + "(" + (*parameters)[0].text() + ", " + mapped().text() + ")";
    if (k == K::decimal && scale >= 0) return s + "(" + std::to_string(scale) + ")";
    if (k == K::money && currency[0]) return s + "(" + currency + ")";
    if (k == K::object && object) return object->name;
    return s;
}

Type Type::parse(std::string_view t) {
    while (!t.empty() && t.front() == ' ') t.remove_prefix(1);
    while (!t.empty() && t.back() == ' ') t.remove_suffix(1);
    if (t.size() > 200) return dyn();
    if (t.starts_with("list(") && t.ends_with(")")) return list(parse(t.substr(5, t.size() - 6)));
    if (t.starts_with("map(") && t.ends_with(")")) {
        int depth = 0;
        for (std::size_t i = 4; i + 1 < t.size(); ++i) {
            depth += t[i] == '(' ? 1 : t[i] == ')' ? -1 : 0;
            if (depth == 0 && t[i] == ',')
                return map(parse(t.substr(4, i - 4)), parse(t.substr(i + 1, t.size() - i - 2)));
        }
        return of(K::map);
    }
    if (t == "google.protobuf.Timestamp") return timestamp();
    if (t == "google.protobuf.Duration") return duration();
    if (t == "null") return of(K::null);
    for (std::size_t i = 0; i < names.size(); ++i)
        if (t == names[i] && static_cast<K>(i) != K::object) return of(static_cast<K>(i));
    return dyn();
}

bool fits(const Type& a, const Type& b) {
    if (a.is(K::dyn) || b.is(K::dyn)) return true;
    if (a.is(K::null)) return b.is(K::null) || b.nullable;
    if (a.k != b.k) return false;
    if (a.is(K::list)) return fits(a.element(), b.element());
    if (a.is(K::map))
        return !a.parameters || !b.parameters ||
               (fits((*a.parameters)[0], (*b.parameters)[0]) && fits(a.mapped(), b.mapped()));
    if (a.is(K::object)) return !a.object || !b.object || a.object == b.object;
    if (a.is(K::money)) return !a.currency[0] || !b.currency[0] || std::memcmp(a.currency, b.currency, 3) == 0;
    return true;
}

bool same_type(const Type& a, const Type& b) {
    if (a.k != b.k) return false;
    if (a.is(K::list)) return same_type(a.element(), b.element());
    if (a.is(K::map))
        return same_type(a.parameters ? (*a.parameters)[0] : Type::dyn(),
                         b.parameters ? (*b.parameters)[0] : Type::dyn()) &&
               same_type(a.mapped(), b.mapped());
    return a.object == b.object && a.scale == b.scale && std::memcmp(a.currency, b.currency, 3) == 0;
}

Type join(const Type& a, const Type& b) {
    const bool nullable = a.nullable || b.nullable;
    if (a.is(K::null)) return b.or_null();
    if (b.is(K::null)) return a.or_null();
    if (same_type(a, b)) return a.or_null(nullable);
    if (a.is(K::decimal) && b.is(K::decimal)) return Type::decimal().or_null(nullable);
    if (a.is(K::money) && b.is(K::money)) return Type::money().or_null(nullable);
    if (a.is(K::list) && b.is(K::list)) return Type::list(join(a.element(), b.element())).or_null(nullable);
    if (a.is(K::map) && b.is(K::map) && a.parameters && b.parameters)
        return Type::map(join((*a.parameters)[0], (*b.parameters)[0]), join(a.mapped(), b.mapped())).or_null(nullable);
    return Type::dyn().or_null(nullable);
}

int ObjectType::find(std::string_view field) const {
    for (std::size_t i = 0; i < fields.size(); ++i)
        if (fields[i].name == field) return static_cast<int>(i);
    return -1;
}
ObjectType& Schema::add(std::string name) {
    types_.emplace_back();
    types_.back().name = std::move(name);
    return types_.back();
}
const ObjectType* Schema::find(std::string_view name) const {
    for (const ObjectType& t : types_)
        if (t.name == name) return &t;
    return nullptr;
}

}  // namespace yipan::cel
