// Prints a tree with single spaces and the brackets it needs.
#include <cmath>

#include "cel/ast.h"
#include "cel/check_types.h"
#include "cel/numbers.h"

namespace yipan::cel {
namespace {
// strength: 0 ?:  1 ||  2 &&  3 relation  4 + -  5 * / %  6 unary  7 member
int strength(const Expr& e) {
    switch (e.op) {
        case Op::conditional: return 0;
        case Op::logic_or: return 1;
        case Op::logic_and: return 2;
        case Op::equal:
        case Op::not_equal:
        case Op::less:
        case Op::less_equal:
        case Op::greater:
        case Op::greater_equal:
        case Op::in: return 3;
        case Op::add:
        case Op::subtract: return 4;
        case Op::multiply:
        case Op::divide:
        case Op::modulo: return 5;
        case Op::logic_not:
        case Op::negate: return 6;
        case Op::literal:
            return (e.value.is(Kind::integer) && e.value.as_int() < 0) ||
                           (e.value.is(Kind::real) && std::signbit(e.value.as_double()))
                       ? 6
                       : 7;
        default: return 7;
    }
}

std::string bytes_literal(std::string_view text) {
    constexpr char digits[] = "0123456789abcdef";
    std::string s = "b\"";
    for (const char c : text) {
        const auto u = static_cast<unsigned char>(c);
        if (u >= 0x20 && u < 0x7f && c != '"' && c != '\\')
            s += c;
        else
            s = s + "\\x" + digits[u >> 4] + digits[u & 15];
    }
    return s + '"';
}
std::string literal(const Value& v) {
    switch (v.kind()) {
        case Kind::string: {
            return quoted(v.text());
        }
        case Kind::bytes: return bytes_literal(v.text());
        case Kind::real: {
            std::string s = double_text(v.as_double());
            if (s.find_first_of(".e") == std::string::npos) s += ".0";
            return s;
        }
        default: return v.debug_text();
    }
}

class Printer {
  public:
    void print(const Expr& e, int least) {
        const bool brackets = strength(e) < least;
        if (brackets) out += '(';
        body(e);
        if (brackets) out += ')';
    }
    std::string out;

  private:
    void list(const std::vector<Expr*>& items, std::size_t from) {
        for (std::size_t i = from; i < items.size(); ++i) {
            if (i > from) out += ", ";
            print(*items[i], 0);
        }
    }
    void field(const Expr& e) { out += e.quoted_name ? ".`" + e.name + "`" : "." + e.name; }
    void body(const Expr& e) {
        switch (e.op) {
            case Op::literal: out += literal(e.value); return;
            case Op::ident: out += (e.root ? "." : "") + e.name; return;
            case Op::select: print(*e.args[0], 7); return field(e);
            case Op::has:
                out += "has(";
                print(*e.args[0], 7);
                if (!e.name.empty()) field(e);
                out += ')';
                return;
            case Op::index:
                print(*e.args[0], 7);
                out += '[';
                print(*e.args[1], 0);
                out += ']';
                return;
            case Op::call:
                if (e.method) {
                    print(*e.args[0], 7);
                    out += '.';
                }
                out += (e.root ? "." : "") + e.name + "(";
                list(e.args, e.method ? 1 : 0);
                out += ')';
                return;
            case Op::comprehension:
                print(*e.args[0], 7);
                out += "." + e.name + "(" + e.var1 + (e.var2.empty() ? "" : ", " + e.var2) + ", ";
                list(e.args, 1);
                out += ')';
                return;
            case Op::list:
                out += '[';
                list(e.args, 0);
                out += ']';
                return;
            case Op::map:
                out += '{';
                for (std::size_t i = 0; i < e.args.size(); i += 2) {
                    if (i > 0) out += ", ";
                    print(*e.args[i], 0);
                    out += ": ";
                    print(*e.args[i + 1], 0);
                }
                out += '}';
                return;
            case Op::logic_or:
            case Op::logic_and: {
                const int s = strength(e) + 1;
                for (std::size_t i = 0; i < e.args.size(); ++i) {
                    if (i > 0) out.append(" ").append(symbol_of(e.op)).append(" ");
                    print(*e.args[i], s);
                }
                return;
            }
            case Op::conditional:
                print(*e.args[0], 1);
                out += " ? ";
                print(*e.args[1], 1);
                out += " : ";
                print(*e.args[2], 0);
                return;
            case Op::logic_not:
            case Op::negate: return sign(e);
            default:
                print(*e.args[0], strength(e));
                out.append(" ").append(symbol_of(e.op)).append(" ");
                print(*e.args[1], strength(e) + 1);
                return;
        }
    }
    /// A sign before a number would become part of it, and ! and - do not mix without brackets.
    void sign(const Expr& e) {
        out += symbol_of(e.op);
        const Expr& a = *e.args[0];
        const bool number = a.op == Op::literal && (a.value.is(Kind::integer) || a.value.is(Kind::real));
        if (a.op == e.op) return body(a);
        if (number || strength(a) < 7 || starts_with_number(a)) {
            out += '(';
            body(a);
            out += ')';
        } else {
            body(a);
        }
    }
    static bool starts_with_number(const Expr& e) {
        if (e.op == Op::literal) return e.value.is(Kind::integer) || e.value.is(Kind::real);
        if (e.op == Op::select || e.op == Op::index || e.op == Op::comprehension || (e.op == Op::call && e.method))
            return starts_with_number(*e.args[0]);
        return false;
    }
};
}  // namespace

std::string print_tree(const Expr& root) {
    Printer p;
    p.print(root, 0);
    return std::move(p.out);
}

}  // namespace yipan::cel
