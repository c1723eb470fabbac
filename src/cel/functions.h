#pragma once
// The functions of the language: signatures for the checker, code for the evaluator. Internal to the room.
// Signatures are short texts, one letter a type: b bool, i int, u uint, d double, s string, y bytes, t timestamp, r
// duration, D decimal, M money, A date, P period, l list, m map, T type, * anything, [x list of x; "si:b" = (string,
// int) -> bool, alternatives separated by |. The receiver of a method is the first argument.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cel/program.h"
#include "cel/value.h"

namespace yipan::cel {

/// The state of one evaluation. A function that fails says why and returns false.
struct Frame {
    const Activation* activation = nullptr;
    Value* locals = nullptr;
    std::int64_t steps = 0;
    std::size_t text_bytes = 0;
    std::uint32_t pos = 0;
    Code code = Code::evaluation_failed;
    const char* message = "";
    std::string detail;

    bool fail(const char* why, Code c = Code::evaluation_failed) {
        message = why;
        detail.clear();
        code = c;
        return false;
    }
    bool fail_with(std::string why, Code c = Code::evaluation_failed) {
        detail = std::move(why);
        message = "";
        code = c;
        return false;
    }
    bool fail(const Error& e) { return fail_with(e.message, e.code); }
    bool overflow() { return fail("the number leaves its range", Code::overflow); }
    bool no_overload() { return fail("no such overload: a value is of a kind this does not take"); }
    bool charge(std::int64_t n) {
        steps -= n;
        return steps >= 0 || out_of_steps();
    }
    bool out_of_steps() { return fail("the evaluation takes too many steps", Code::limit_exceeded); }
    /// Counts new text; false when it is too large.
    bool charge_text(std::size_t bytes) {
        if (bytes > text_bytes) return fail("a text grows too large", Code::limit_exceeded);
        return charge(static_cast<std::int64_t>(bytes / 16));
    }
};

using Impl = bool (*)(Frame&, const Value* args, int n, Value& out);
enum class Special : std::uint8_t {
    none,
    or_else,
    sum,
    extreme,
    same,
    div,
    round,
    money_literal,
    decimal_literal,
    literal,
    matches
};

struct Function {
    std::string_view name;  // math.abs for functions in a namespace
    bool method = false;
    std::string_view overloads;
    Impl impl = nullptr;
    Special special = Special::none;
};

const Function* find_function(std::string_view name, bool method);
/// The known function name nearest to `name`, or empty.
std::string_view nearest_function(std::string_view name);
/// Of any list of names: the nearest within a third of the length, or empty.
std::size_t edit_distance(std::string_view a, std::string_view b);

// Operators on values.
bool op_add(Frame&, const Value&, const Value&, Value&);
bool op_subtract(Frame&, const Value&, const Value&, Value&);
bool op_multiply(Frame&, const Value&, const Value&, Value&);
bool op_divide(Frame&, const Value&, const Value&, Value&);
bool op_modulo(Frame&, const Value&, const Value&, Value&);
bool op_negate(Frame&, const Value&, Value&);
bool op_index(Frame&, const Value&, const Value&, Value&);
bool op_in(Frame&, const Value&, const Value&, Value&);

// Parts of the table, one per file.
struct FunctionList {
    const Function* begin;
    std::size_t size;
};
FunctionList standard_functions();
FunctionList time_functions();
FunctionList text_functions();
FunctionList math_functions();
FunctionList domain_functions();

/// "%s" text of a value, or false when it grows too large.
bool format_value(Frame&, const Value&, std::string& out);
bool format_text(Frame&, const Value* args, int n, Value& out);  // string.format, file format.cpp

/// Decimals and ints as one decimal; false for other kinds.
inline bool as_decimal(const Value& v, Decimal& d) {
    if (v.is(Kind::decimal))
        d = v.as_decimal();
    else if (v.is(Kind::integer))
        d = Decimal::of(v.as_int());
    else
        return false;
    return true;
}

}  // namespace yipan::cel
