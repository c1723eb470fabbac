#include "cel/lexer.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "cel/ast.h"
#include "cel/numbers.h"

namespace yipan::cel {
namespace {

bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool digit(char c) { return c >= '0' && c <= '9'; }
int hex_digit(char c) {
    return digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

class Lexer {
  public:
    explicit Lexer(std::string_view text) : text_(text) {}

    Checked<std::vector<Token>> run() {
        for (;;) {
            skip_space();
            Token t;
            t.pos = static_cast<std::uint32_t>(at_);
            if (at_ >= text_.size()) {
                tokens_.push_back(t);
                break;
            }
            if (!next(t)) return tl::unexpected(Errors{error_});
            tokens_.push_back(std::move(t));
        }
        return std::move(tokens_);
    }

  private:
    char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
    bool bad(std::size_t pos, std::string message, std::string hint = {}) {
        error_ = Error{Code::invalid_expression, place_of(text_, pos), std::move(message), std::move(hint)};
        return false;
    }
    void skip_space() {
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f')
                ++at_;
            else if (c == '/' && peek(1) == '/')
                while (at_ < text_.size() && text_[at_] != '\n') ++at_;
            else
                break;
        }
    }

    bool next(Token& t) {
        const char c = peek();
        if (digit(c) || (c == '.' && digit(peek(1)))) return number(t);
        if (c == '"' || c == '\'') return string(t, false, false);
        if (letter(c)) {
            // b"", r"", br"" in any case
            const auto quote = [](char q) { return q == '"' || q == '\''; };
            const bool b = c == 'b' || c == 'B';
            const bool r = c == 'r' || c == 'R';
            if ((b || r) && quote(peek(1))) {
                ++at_;
                return string(t, b, r);
            }
            if (b && (peek(1) == 'r' || peek(1) == 'R') && quote(peek(2))) {
                at_ += 2;
                return string(t, true, true);
            }
            t.t = Token::T::ident;
            while (letter(peek()) || digit(peek())) t.text += text_[at_++];
            return true;
        }
        if (c == '`') {
            t.t = Token::T::quoted_ident;
            for (++at_; peek() != '`'; ++at_) {
                const char q = peek();
                if (!letter(q) && !digit(q) && q != '.' && q != '-' && q != '/' && q != ' ')
                    return bad(t.pos, "a name in `...` may hold letters, digits and _.-/ only");
                t.text += q;
            }
            ++at_;
            if (t.text.empty()) return bad(t.pos, "a name in `...` is empty");
            return true;
        }
        t.t = Token::T::symbol;
        for (const std::string_view s : {"&&", "||", "==", "!=", "<=", ">="})
            if (text_.substr(at_).starts_with(s)) {
                t.text = s;
                at_ += 2;
                return true;
            }
        if (std::string_view("!<>+-*/%()[]{}.,:?").find(c) == std::string_view::npos || c == '\0') {
            std::size_t end = at_;
            next_code_point(text_, end);
            const std::string hint = c == '=' ? "equality is ==" : c == '&' ? "and is &&" : c == '|' ? "or is ||" : "";
            return bad(at_, "unexpected character " + quoted(text_.substr(at_, end - at_)), hint);
        }
        t.text = c;
        ++at_;
        return true;
    }

    bool number(Token& t) {
        const std::size_t start = at_;
        t.t = Token::T::literal;
        int base = 10;
        bool real = false;
        if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X') && hex_digit(peek(2)) >= 0) {
            base = 16;
            at_ += 2;
            while (hex_digit(peek()) >= 0) ++at_;
        } else {
            while (digit(peek())) ++at_;
            if (peek() == '.' && digit(peek(1))) {
                real = true;
                for (++at_; digit(peek());) ++at_;
            }
            if (peek() == 'e' || peek() == 'E') {
                const std::size_t sign = peek(1) == '+' || peek(1) == '-' ? 2 : 1;
                if (digit(peek(sign))) {
                    real = true;
                    for (at_ += sign; digit(peek());) ++at_;
                }
            }
        }
        const std::string_view s = text_.substr(start, at_ - start);
        if (real) {
            const auto v = parse_double(s);
            if (!v || std::isinf(*v)) return bad(start, "the number is too large for a double");
            t.value = Value::real(*v);
            return end_of_number(start);
        }
        std::uint64_t v = 0;
        const std::string_view digits = base == 16 ? s.substr(2) : s;
        const auto r = std::from_chars(digits.data(), digits.data() + digits.size(), v, base);
        if (r.ec != std::errc()) return bad(start, "the number leaves the range of 64 bits");
        if (peek() == 'u' || peek() == 'U') {
            ++at_;
            t.value = Value::uinteger(v);
            return end_of_number(start);
        }
        constexpr auto limit = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
        if (v > limit + 1) return bad(start, "the number leaves the range of int", "a uint ends in u");
        t.magnitude = v == limit + 1;
        t.value = Value::integer(static_cast<std::int64_t>(v));
        return end_of_number(start);
    }
    bool end_of_number(std::size_t start) {
        if (letter(peek())) return bad(start, "a name cannot follow a number without a space");
        return true;
    }

    bool string(Token& t, bool bytes, bool raw) {
        const char q = peek();
        const bool triple = peek(1) == q && peek(2) == q;
        at_ += triple ? 3 : 1;
        std::string out;
        for (;;) {
            if (at_ >= text_.size()) return bad(t.pos, "the string is not closed");
            const char c = text_[at_];
            if (c == q && (!triple || (peek(1) == q && peek(2) == q))) break;
            if (!triple && (c == '\n' || c == '\r'))
                return bad(t.pos, "the string is not closed on its line", "use ''' for several lines");
            if (c == '\\' && !raw) {
                if (!escape(out, bytes)) return false;
                continue;
            }
            out += c;
            ++at_;
        }
        at_ += triple ? 3 : 1;
        t.t = Token::T::literal;
        t.value = bytes ? Value::bytes(std::move(out)) : Value::string(std::move(out));
        return true;
    }

    bool escape(std::string& out, bool bytes) {
        const std::size_t start = at_++;
        const char c = peek();
        ++at_;
        constexpr std::string_view from = "abfnrtv\\?\"'`";
        constexpr std::string_view to = "\a\b\f\n\r\t\v\\?\"'`";
        if (const auto i = from.find(c); i != std::string_view::npos && c != '\0') {
            out += to[i];
            return true;
        }
        const auto take = [&](int count, int base) -> long long {
            long long v = 0;
            for (int i = 0; i < count; ++i) {
                const int d = hex_digit(peek());
                if (d < 0 || d >= base) return -1;
                v = v * base + d;
                ++at_;
            }
            return v;
        };
        long long v = -1;
        if (c >= '0' && c <= '3') {
            --at_;
            v = take(3, 8);
        } else if (c == 'x' || c == 'X') {
            v = take(2, 16);
        } else if ((c == 'u' || c == 'U') && !bytes) {
            v = take(c == 'u' ? 4 : 8, 16);
            if (v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff)) return bad(start, "the escape is not a code point");
        }
        if (v < 0) return bad(start, "unknown escape in a string", "\\\\ for a backslash, or r'...' for raw text");
        if (bytes)
            out += static_cast<char>(v);
        else
            append_utf8(out, static_cast<char32_t>(v));
        return true;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::vector<Token> tokens_;
    Error error_;
};
}  // namespace

Checked<std::vector<Token>> tokens_of(std::string_view text) { return Lexer(text).run(); }

}  // namespace yipan::cel
