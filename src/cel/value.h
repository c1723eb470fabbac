#pragma once
// Value: a CEL value in 24 bytes. Numbers, dates, money and objects live inside; strings, bytes, lists and maps are
// shared by an atomic count, so values may pass between threads. A string may also be borrowed: a view that is valid
// while the host's record lives; lists and maps never hold borrowed strings, and Program::evaluate returns owned values
// only. Equality and order are those of the standard (langdef): int, uint and double lie on one number line, NaN equals
// nothing, values of different kinds are unequal. Decimals compare by value with decimals and ints, never with doubles.
#include <atomic>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/date.h"
#include "base/decimal.h"

namespace yipan::cel {

class Value;
struct ObjectType;

/// A host record: a row of the board, a draft, a form. Values hold plain pointers: the record outlives the evaluation.
class Object {
  public:
    virtual ~Object() = default;
    virtual Value field(int index) const = 0;  // null when unset; index into ObjectType::fields
    virtual std::int64_t id() const = 0;
};

enum class Kind : std::uint8_t {
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

class Value {
  public:
    using Entry = std::pair<Value, Value>;

    Value() = default;
    Value(const Value& o) noexcept : kind_(o.kind_), owned_(o.owned_), aux_(o.aux_), a_(o.a_), b_(o.b_) {
        if (owned_) a_.shared->refs.fetch_add(1, std::memory_order_relaxed);
    }
    Value(Value&& o) noexcept : kind_(o.kind_), owned_(o.owned_), aux_(o.aux_), a_(o.a_), b_(o.b_) {
        o.owned_ = false;
        o.kind_ = Kind::null;
    }
    Value& operator=(const Value& o) noexcept {
        Value copy(o);
        swap(copy);
        return *this;
    }
    Value& operator=(Value&& o) noexcept {
        if (this != &o) {
            if (owned_) release();
            kind_ = o.kind_;
            owned_ = o.owned_;
            aux_ = o.aux_;
            a_ = o.a_;
            b_ = o.b_;
            o.owned_ = false;
            o.kind_ = Kind::null;
        }
        return *this;
    }
    ~Value() {
        if (owned_) release();
    }

    static Value null() { return {}; }
    static Value boolean(bool v) {
        Value r(Kind::boolean);
        r.a_.i = v;
        return r;
    }
    static Value integer(std::int64_t v) {
        Value r(Kind::integer);
        r.a_.i = v;
        return r;
    }
    static Value uinteger(std::uint64_t v) {
        Value r(Kind::uinteger);
        r.a_.i = static_cast<std::int64_t>(v);
        return r;
    }
    static Value real(double v) {
        Value r(Kind::real);
        r.a_.d = v;
        return r;
    }
    static Value string(std::string v);
    static Value borrowed(std::string_view v) {
        Value r(Kind::string);
        r.a_.chars = v.data();
        r.b_.n = v.size();
        return r;
    }
    static Value bytes(std::string v);
    static Value list(std::vector<Value> items);
    /// Empty when a key is of a wrong kind (only bool, int, uint, string) or repeated.
    static std::optional<Value> map(std::vector<Entry> entries);
    /// `name` must live as long as the value: a constant or the name of an ObjectType.
    static Value type(std::string_view name) {
        Value r(Kind::type);
        r.a_.chars = name.data();
        r.b_.n = name.size();
        return r;
    }
    static Value timestamp(std::int64_t seconds, std::int32_t nanos) {
        Value r(Kind::timestamp);
        r.a_.i = seconds;
        r.aux_ = static_cast<std::uint32_t>(nanos);
        return r;
    }
    static Value instant(Instant t);
    static Value duration(std::int64_t nanos) {
        Value r(Kind::duration);
        r.a_.i = nanos;
        return r;
    }
    static Value decimal(Decimal v) {
        Value r(Kind::decimal);
        r.a_.i = v.units;
        r.aux_ = v.scale;
        return r;
    }
    static Value money(Money v) {
        Value r(Kind::money);
        r.a_.i = v.fen;
        std::memcpy(&r.aux_, v.currency.code, 3);
        return r;
    }
    static Value date(Date v) {
        Value r(Kind::date);
        r.a_.i = v.days;
        return r;
    }
    static Value period(Period v) {
        Value r(Kind::period);
        r.a_.i = v.encoded();
        return r;
    }
    static Value object(const ObjectType* t, const Object* o) {
        Value r(Kind::object);
        r.a_.object = o;
        r.b_.type = t;
        return r;
    }

    Kind kind() const { return kind_; }
    bool is_null() const { return kind_ == Kind::null; }
    bool is(Kind k) const { return kind_ == k; }
    // Accessors; the kind must be right.
    bool as_bool() const { return a_.i != 0; }
    std::int64_t as_int() const { return a_.i; }
    std::uint64_t as_uint() const { return static_cast<std::uint64_t>(a_.i); }
    double as_double() const { return a_.d; }
    std::string_view text() const {
        return owned_ ? static_cast<const SharedText*>(a_.shared)->text : std::string_view(a_.chars, b_.n);
    }                                           // string, bytes, type
    const std::vector<Value>& items() const;    // list
    const std::vector<Entry>& entries() const;  // map
    const Value* find(const Value& key) const;  // in a map
    std::int64_t seconds() const { return a_.i; }
    std::int32_t nanos() const { return static_cast<std::int32_t>(aux_); }
    std::int64_t duration_nanos() const { return a_.i; }
    Decimal as_decimal() const { return {a_.i, static_cast<std::uint8_t>(aux_)}; }
    Money as_money() const {
        Money m;
        m.fen = a_.i;
        std::memcpy(m.currency.code, &aux_, 3);
        return m;
    }
    Date as_date() const { return Date{static_cast<std::int32_t>(a_.i)}; }
    Period as_period() const { return *Period::decode(a_.i); }
    const Object* object() const { return a_.object; }
    const ObjectType* object_type() const { return b_.type; }

    /// The same value without borrowed text.
    Value owned() const;
    /// For messages and tests: like a literal of the language.
    std::string debug_text() const;
    void swap(Value& o) noexcept {
        std::swap(kind_, o.kind_);
        std::swap(owned_, o.owned_);
        std::swap(aux_, o.aux_);
        std::swap(a_, o.a_);
        std::swap(b_, o.b_);
    }

  private:
    struct Shared {
        std::atomic<std::uint32_t> refs{1};
        virtual ~Shared() = default;
    };
    struct SharedText final : Shared {
        std::string text;
    };
    struct SharedList;
    struct SharedMap;
    explicit Value(Kind k) : kind_(k) {}
    void release() noexcept {
        if (a_.shared->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) delete a_.shared;
    }

    Kind kind_ = Kind::null;
    bool owned_ = false;
    std::uint32_t aux_ = 0;
    union A {
        std::int64_t i;
        double d;
        const char* chars;
        Shared* shared;
        const Object* object;
    } a_{0};
    union B {
        std::size_t n;
        const ObjectType* type;
    } b_{0};
};

struct Value::SharedList final : Value::Shared {
    std::vector<Value> items;
};
struct Value::SharedMap final : Value::Shared {
    std::vector<Entry> entries;
    std::vector<std::pair<std::size_t, std::uint32_t>> index;  // hash, entry; sorted; only for larger maps
};
inline const std::vector<Value>& Value::items() const { return static_cast<const SharedList*>(a_.shared)->items; }
inline const std::vector<Value::Entry>& Value::entries() const {
    return static_cast<const SharedMap*>(a_.shared)->entries;
}

std::string_view kind_name(
    Kind kind);  // as type() of the standard names it: "int", "google.protobuf.Timestamp", "decimal"
std::string_view type_name(const Value& v);

/// Equality of the standard. Work is counted in `budget`; when it runs out the answer is false and budget is negative.
bool equals(const Value& a, const Value& b, std::int64_t& budget);
bool operator==(const Value& a, const Value& b);
/// Order: empty when the kinds have none or a number is NaN (then `ordered` tells which: false = no such overload).
std::partial_ordering compare_values(const Value& a, const Value& b, bool& comparable);
std::size_t hash_of(const Value& key);

}  // namespace yipan::cel
