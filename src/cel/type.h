#pragma once
// Types of expressions and the record types of the host. A Type is cheap to copy; `nullable` says that an unset field
// may make the value null. Object types refer to one another by pointer and are owned by a Schema that outlives every
// program.
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/decimal.h"
#include "cel/value.h"

namespace yipan::cel {

struct ObjectType;

struct Type {
    enum class K : std::uint8_t {
        dyn,
        null,
        boolean,
        integer,
        uinteger,
        real,
        string,
        bytes,
        list,
        map,
        type,
        timestamp,
        duration,
        decimal,
        money,
        date,
        period,
        object
    };
    K k = K::dyn;
    bool nullable = false;
    std::int8_t scale = -1;  // decimal: digits after the point, -1 not known
    char currency[4] = {};   // money: empty when not known
    const ObjectType* object = nullptr;
    std::shared_ptr<const std::vector<Type>> parameters;  // list: 1, map: 2

    static Type of(K kind) {
        Type t;
        t.k = kind;
        return t;
    }
    static Type dyn() { return {}; }
    static Type boolean() { return of(K::boolean); }
    static Type integer() { return of(K::integer); }
    static Type uinteger() { return of(K::uinteger); }
    static Type real() { return of(K::real); }
    static Type string() { return of(K::string); }
    static Type bytes() { return of(K::bytes); }
    static Type timestamp() { return of(K::timestamp); }
    static Type duration() { return of(K::duration); }
    static Type date() { return of(K::date); }
    static Type period() { return of(K::period); }
    static Type decimal(int scale = -1) {
        Type t = of(K::decimal);
        t.scale = static_cast<std::int8_t>(scale);
        return t;
    }
    static Type money(std::string_view currency = {});
    static Type list(Type element);
    static Type map(Type key, Type value);
    static Type object_of(const ObjectType* o) {
        Type t = of(K::object);
        t.object = o;
        return t;
    }

    bool is(K kind) const { return k == kind; }
    bool numeric() const { return k == K::integer || k == K::uinteger || k == K::real; }
    Type element() const { return parameters && !parameters->empty() ? (*parameters)[0] : dyn(); }
    Type mapped() const { return parameters && parameters->size() > 1 ? (*parameters)[1] : dyn(); }
    Type or_null(bool n = true) const {
        Type t = *this;
        t.nullable = n;
        return t;
    }
    std::string text() const;  // "list(int)", "money(CNY)", "project"
    /// Reads text() forms and the names of conformance data ("map(string,int)"); dyn for what it does not know.
    static Type parse(std::string_view text);
};
/// Whether a value of `a` may stand where `b` is expected (dyn fits both ways; nullability is not compared).
bool fits(const Type& a, const Type& b);
/// The type of a list or branch holding both; dyn when there is none better.
Type join(const Type& a, const Type& b);
bool same_type(const Type& a, const Type& b);

struct ObjectField {
    std::string name;
    Type type;  // choices are string; references are object_of(T); type.nullable is ignored in favour of:
    bool nullable = true;
    std::string column;  // SQL column, the name when empty; a decimal is stored scaled by type.scale
    std::string_view column_name() const { return column.empty() ? std::string_view(name) : std::string_view(column); }
};

struct ObjectType {
    std::string name;
    std::vector<ObjectField> fields;
    std::string sql_table;  // the name when empty
    std::string sql_key = "id";
    std::string sql_counted;  // column that is NULL in rows that count in count/exists/sum; empty: all rows do
    int find(std::string_view field) const;  // index, -1 if absent
    std::string_view table() const { return sql_table.empty() ? std::string_view(name) : std::string_view(sql_table); }
};

class Schema {
  public:
    ObjectType& add(std::string name);
    const ObjectType* find(std::string_view name) const;
    const std::deque<ObjectType>& types() const { return types_; }

  private:
    std::deque<ObjectType> types_;
};

}  // namespace yipan::cel
