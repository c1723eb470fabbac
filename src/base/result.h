#pragma once
// Result<T>: a value or what went wrong. Errors are values: a code of the one table (error_codes.def), a place
// ("projects.csv:12:amount", "project.yaml:4:7"), a sentence, and the way out. Functions that can find several mistakes
// at once return Errors and report all of them, never only the first.
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace yipan {

enum class Code {
#define YIPAN_ERROR(name, http, exit, text) name,
#include "base/error_codes.def"
#undef YIPAN_ERROR
};

struct Error {
    Code code = Code::invalid_input;
    std::string where;         // place: file:line:column, field path, row:column; may be empty
    std::string message;       // lower case, no full stop
    std::string hint;          // what would have been right; may be empty
    std::string text() const;  // "where: message (hint)"
    bool operator==(const Error&) const = default;
};
using Errors = std::vector<Error>;

std::string_view code_name(Code code);
std::string_view code_sentence(Code code);
int code_http_status(Code code);
int code_exit(Code code);
/// One error per line.
std::string text_of(const Errors& errors);

template <class T>
using Result = tl::expected<T, Error>;
template <class T>
using Checked = tl::expected<T, Errors>;  // collects all errors
using Status = Result<void>;

inline tl::unexpected<Error> fail(Code code, std::string where, std::string message, std::string hint = {}) {
    return tl::unexpected<Error>(Error{code, std::move(where), std::move(message), std::move(hint)});
}
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }
inline tl::unexpected<Errors> fail(Errors errors) { return tl::unexpected<Errors>(std::move(errors)); }

}  // namespace yipan

// YIPAN_TRY(auto x, f()): declares x from the value of f() or returns its error. A statement, not an expression:
// statement expressions and coroutines do not live together in g++ 12.
#define YIPAN_CAT2(a, b) a##b
#define YIPAN_CAT(a, b) YIPAN_CAT2(a, b)
#define YIPAN_TRY_IMPL(tmp, decl, expr)                        \
    auto tmp = (expr);                                         \
    if (!tmp) return ::tl::unexpected(std::move(tmp).error()); \
    decl = std::move(*tmp)
#define YIPAN_TRY(decl, expr) YIPAN_TRY_IMPL(YIPAN_CAT(try_, __COUNTER__), decl, expr)
#define YIPAN_TRY_VOID_IMPL(tmp, expr) \
    if (auto tmp = (expr); !tmp) return ::tl::unexpected(std::move(tmp).error())
#define YIPAN_TRY_VOID(expr) YIPAN_TRY_VOID_IMPL(YIPAN_CAT(try_, __COUNTER__), expr)
