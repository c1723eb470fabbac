#pragma once
// Tokens of CEL (langdef, "Syntax"). Internal. Literals arrive decoded.
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cel/value.h"

namespace yipan::cel {

struct Token {
    enum class T { end, ident, quoted_ident, literal, symbol } t = T::end;
    std::uint32_t pos = 0;
    std::string text;        // ident, symbol
    Value value;             // literal
    bool magnitude = false;  // int literal 9223372036854775808, legal only after '-'
};

/// All tokens, the last one is `end`; or the mistakes.
Checked<std::vector<Token>> tokens_of(std::string_view text);

}  // namespace yipan::cel
