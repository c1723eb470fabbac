#include <algorithm>
#include <array>

#include "cel/ast.h"
#include "cel/lexer.h"
#include "cel/numbers.h"

namespace yipan::cel {
namespace {
using T = Token::T;

struct MacroName {
    std::string_view name;
    std::size_t vars;  // 1 or 2
    std::size_t args;  // after the target
    Macro macro;
    bool filter;
};
constexpr MacroName macro_names[] = {
    {"all", 1, 2, Macro::all, false},
    {"all", 2, 3, Macro::all, false},
    {"exists", 1, 2, Macro::exists, false},
    {"exists", 2, 3, Macro::exists, false},
    {"exists_one", 1, 2, Macro::exists_one, false},
    {"exists_one", 2, 3, Macro::exists_one, false},
    {"existsOne", 1, 2, Macro::exists_one, false},
    {"existsOne", 2, 3, Macro::exists_one, false},
    {"map", 1, 2, Macro::map, false},
    {"map", 1, 3, Macro::map, true},
    {"filter", 1, 2, Macro::filter, false},
    {"transformList", 2, 3, Macro::transform_list, false},
    {"transformList", 2, 4, Macro::transform_list, true},
    {"transformMap", 2, 3, Macro::transform_map, false},
    {"transformMap", 2, 4, Macro::transform_map, true},
    {"transformMapEntry", 2, 3, Macro::transform_map_entry, false},
    {"transformMapEntry", 2, 4, Macro::transform_map_entry, true},
};

class Parser {
  public:
    Parser(std::shared_ptr<Tree> tree, std::vector<Token> tokens, const Limits& limits, bool macros)
        : tree_(std::move(tree)), tokens_(std::move(tokens)), limits_(limits), macros_(macros) {}

    Checked<std::shared_ptr<Tree>> run() {
        Expr* e = expression();
        if (e && peek().t != T::end)
            e = bad(peek().pos, "unexpected " + shown(peek()) + " after the end of the expression");
        if (!e) return tl::unexpected(Errors{error_});
        tree_->root = e;
        return tree_;
    }

  private:
    struct Nest {  // counts nesting of the text; the tree's own depth is counted in make()
        explicit Nest(int& depth) : depth_(depth) { ++depth_; }
        ~Nest() { --depth_; }
        int& depth_;
    };

    const Token& peek(std::size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
    bool symbol(std::string_view s) const { return peek().t == T::symbol && peek().text == s; }
    bool take(std::string_view s) {
        if (!symbol(s)) return false;
        ++at_;
        return true;
    }
    static std::string shown(const Token& t) {
        switch (t.t) {
            case T::end: return "end of the text";
            case T::literal: return "literal " + t.value.debug_text().substr(0, 40);
            default: return "\"" + t.text.substr(0, 40) + "\"";
        }
    }
    Expr* bad(std::size_t pos, std::string message, std::string hint = {}) {
        if (error_.message.empty())
            error_ = Error{Code::invalid_expression, place_of(tree_->text, pos), std::move(message), std::move(hint)};
        return nullptr;
    }
    bool expect(std::string_view s) {
        if (take(s)) return true;
        bad(peek().pos, "expected \"" + std::string(s) + "\", found " + shown(peek()));
        return false;
    }
    /// Null (with an error) when an argument is null or the tree grows beyond its limits.
    Expr* make(Op op, std::size_t pos, std::vector<Expr*> args = {}) {
        int depth = 0;
        for (const Expr* a : args) {
            if (!a) return nullptr;
            depth = std::max(depth, a->locals);  // `locals` carries the depth while parsing
        }
        if (depth + 1 > limits_.tree_depth)
            return bad(pos, "the expression is too deep: more than " + std::to_string(limits_.tree_depth) +
                                " operators in a chain");
        if (tree_->nodes.size() >= limits_.nodes)
            return bad(pos, "the expression has more than " + std::to_string(limits_.nodes) + " parts");
        Expr& e = tree_->nodes.emplace_back();
        e.op = op;
        e.pos = static_cast<std::uint32_t>(pos);
        e.args = std::move(args);
        e.locals = depth + 1;
        return &e;
    }

    Expr* too_deep() {
        return bad(peek().pos, "the expression is nested deeper than " + std::to_string(limits_.nesting));
    }

    Expr* expression() {
        const Nest nest(depth_);
        if (depth_ > limits_.nesting) return too_deep();
        Expr* c = logic(0);
        if (!c || !symbol("?")) return c;
        const auto pos = peek().pos;
        ++at_;
        Expr* yes = logic(0);
        if (!yes || !expect(":")) return nullptr;
        Expr* no = expression();
        return make(Op::conditional, pos, {c, yes, no});
    }

    // level 0: ||, 1: &&
    Expr* logic(int level) {
        const std::string_view s = level == 0 ? "||" : "&&";
        Expr* first = level == 0 ? logic(1) : relation();
        if (!first || !symbol(s)) return first;
        const auto pos = peek().pos;
        std::vector<Expr*> terms{first};
        while (take(s)) {
            Expr* term = level == 0 ? logic(1) : relation();
            if (!term) return nullptr;
            terms.push_back(term);
        }
        return make(level == 0 ? Op::logic_or : Op::logic_and, pos, std::move(terms));
    }

    Expr* relation() {
        Expr* left = sum();
        while (left) {
            Op op;
            if (symbol("=="))
                op = Op::equal;
            else if (symbol("!="))
                op = Op::not_equal;
            else if (symbol("<"))
                op = Op::less;
            else if (symbol("<="))
                op = Op::less_equal;
            else if (symbol(">"))
                op = Op::greater;
            else if (symbol(">="))
                op = Op::greater_equal;
            else if (peek().t == T::ident && peek().text == "in")
                op = Op::in;
            else
                break;
            const auto pos = peek().pos;
            ++at_;
            Expr* right = sum();
            left = make(op, pos, {left, right});
        }
        return left;
    }
    Expr* sum() {
        Expr* left = product();
        while (left && (symbol("+") || symbol("-"))) {
            const Op op = symbol("+") ? Op::add : Op::subtract;
            const auto pos = peek().pos;
            ++at_;
            Expr* right = product();
            left = make(op, pos, {left, right});
        }
        return left;
    }
    Expr* product() {
        Expr* left = unary();
        while (left && (symbol("*") || symbol("/") || symbol("%"))) {
            const Op op = symbol("*") ? Op::multiply : symbol("/") ? Op::divide : Op::modulo;
            const auto pos = peek().pos;
            ++at_;
            Expr* right = unary();
            left = make(op, pos, {left, right});
        }
        return left;
    }

    Expr* unary() {
        const char sign = symbol("!") ? '!' : symbol("-") ? '-' : 0;
        if (!sign) return member();
        std::vector<std::uint32_t> signs;
        const std::string_view s = sign == '!' ? "!" : "-";
        while (symbol(s)) {
            // "-" directly before a number belongs to it
            if (sign == '-' && peek(1).t == T::literal &&
                (peek(1).value.is(Kind::integer) || peek(1).value.is(Kind::real)))
                break;
            signs.push_back(peek().pos);
            ++at_;
            if (static_cast<int>(signs.size()) + depth_ > limits_.nesting) return too_deep();
        }
        Expr* e = member();
        for (std::size_t i = signs.size(); i-- > 0 && e;)
            e = make(sign == '!' ? Op::logic_not : Op::negate, signs[i], {e});
        return e;
    }

    Expr* member() {
        Expr* e = primary();
        while (e) {
            const auto pos = peek().pos;
            if (take(".")) {
                const Token& name = peek();
                if (name.t == T::quoted_ident) {
                    ++at_;
                    e = make(Op::select, name.pos, {e});
                    if (e) {
                        e->name = name.text;
                        e->quoted_name = true;
                    }
                    continue;
                }
                if (symbol("?")) return bad(pos, "optional fields are not supported");
                if (name.t != T::ident || name.text == "true" || name.text == "false" || name.text == "null" ||
                    name.text == "in")
                    return bad(name.pos, "expected a name after \".\", found " + shown(name));
                ++at_;
                if (symbol("("))
                    e = method_call(e, name);
                else {
                    e = make(Op::select, name.pos, {e});
                    if (e) e->name = name.text;
                }
            } else if (take("[")) {
                if (symbol("?")) return bad(pos, "optional fields are not supported");
                Expr* i = expression();
                if (!i || !expect("]")) return nullptr;
                e = make(Op::index, pos, {e, i});
            } else if (symbol("{") && (e->op == Op::ident || e->op == Op::select)) {
                return bad(pos, "messages are not supported", "use a map: {'name': value}");
            } else {
                break;
            }
        }
        return e;
    }

    bool arguments(std::vector<Expr*>& args, std::string_view close) {
        while (!symbol(close)) {
            Expr* a = expression();
            if (!a) return false;
            args.push_back(a);
            if (!take(",")) break;
            if (close == ")" && symbol(")")) {
                bad(peek().pos, "expected an argument after \",\"");
                return false;
            }
        }
        return expect(close);
    }

    Expr* method_call(Expr* target, const Token& name) {
        ++at_;  // (
        std::vector<Expr*> args;
        if (!arguments(args, ")")) return nullptr;
        if (macros_)
            for (const MacroName& m : macro_names)
                if (m.name == name.text && m.args == args.size()) {
                    // map(x, p, t) has one variable, all(i, v, p) two: the count decides
                    return comprehension(target, name, m, args);
                }
        args.insert(args.begin(), target);
        Expr* e = make(Op::call, name.pos, std::move(args));
        if (e) {
            e->name = name.text;
            e->method = true;
        }
        return e;
    }

    Expr* comprehension(Expr* target, const Token& name, const MacroName& m, const std::vector<Expr*>& args) {
        for (std::size_t i = 0; i < m.vars; ++i)
            if (args[i]->op != Op::ident || args[i]->root)
                return bad(args[i]->pos, "the variable of " + name.text + "() must be a simple name");
        if (m.vars == 2 && args[0]->name == args[1]->name)
            return bad(args[1]->pos, "the two variables of " + name.text + "() have one name");
        std::vector<Expr*> parts{target};
        for (std::size_t i = m.vars; i < args.size(); ++i) parts.push_back(args[i]);
        Expr* e = make(Op::comprehension, name.pos, std::move(parts));
        if (!e) return nullptr;
        e->name = name.text;
        e->macro = m.macro;
        e->has_filter = m.filter;
        e->var1 = args[0]->name;
        if (m.vars == 2) e->var2 = args[1]->name;
        return e;
    }

    Expr* primary() {
        const Token t = peek();
        if (t.t == T::literal) {
            if (t.magnitude) return bad(t.pos, "the number leaves the range of int", "a uint ends in u");
            ++at_;
            Expr* e = make(Op::literal, t.pos);
            if (e) e->value = t.value;
            return e;
        }
        if (t.t == T::symbol && t.text == "-" && peek(1).t == T::literal) return negative_literal();
        if (t.t == T::ident) {
            ++at_;
            return name_or_call(t, false, t.pos);
        }
        if (take(".")) {
            const Token name = peek();
            if (name.t != T::ident) return bad(name.pos, "expected a name after \".\", found " + shown(name));
            ++at_;
            return name_or_call(name, true, t.pos);
        }
        if (take("(")) {
            Expr* e = expression();
            return e && expect(")") ? e : nullptr;
        }
        if (take("[")) {
            if (symbol("?")) return bad(t.pos, "optional elements are not supported");
            std::vector<Expr*> items;
            return arguments(items, "]") ? make(Op::list, t.pos, std::move(items)) : nullptr;
        }
        if (take("{")) return map_literal(t.pos);
        return bad(t.pos, "expected a value, found " + shown(t));
    }

    Expr* negative_literal() {
        const auto pos = peek().pos;
        ++at_;
        const Token t = peek();
        ++at_;
        Expr* e = make(Op::literal, pos);
        if (!e) return nullptr;
        if (t.value.is(Kind::real))
            e->value = Value::real(-t.value.as_double());
        else
            e->value = Value::integer(static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(t.value.as_int())));
        return e;
    }

    Expr* map_literal(std::size_t pos) {
        std::vector<Expr*> parts;
        while (!symbol("}")) {
            if (symbol("?")) return bad(peek().pos, "optional entries are not supported");
            Expr* key = expression();
            if (!key || !expect(":")) return nullptr;
            Expr* value = expression();
            if (!value) return nullptr;
            parts.push_back(key);
            parts.push_back(value);
            if (!take(",")) break;
        }
        return expect("}") ? make(Op::map, pos, std::move(parts)) : nullptr;
    }

    Expr* name_or_call(const Token& t, bool root, std::size_t pos) {
        if (!root && (t.text == "true" || t.text == "false" || t.text == "null")) {
            Expr* e = make(Op::literal, pos);
            if (e && t.text != "null") e->value = Value::boolean(t.text == "true");
            return e;
        }
        if (is_reserved(t.text)) return bad(t.pos, "\"" + t.text + "\" is a reserved word");
        if (!symbol("(")) {
            Expr* e = make(Op::ident, pos);
            if (e) {
                e->name = t.text;
                e->root = root;
            }
            return e;
        }
        ++at_;
        std::vector<Expr*> args;
        if (!arguments(args, ")")) return nullptr;
        if (macros_ && !root && t.text == "has" && args.size() == 1) return has(args[0], pos);
        Expr* e = make(Op::call, pos, std::move(args));
        if (e) {
            e->name = t.text;
            e->root = root;
        }
        return e;
    }

    Expr* has(Expr* operand, std::size_t pos) {
        if (operand->op == Op::select) {
            Expr* e = make(Op::has, pos, {operand->args[0]});
            if (e) {
                e->name = operand->name;
                e->quoted_name = operand->quoted_name;
            }
            return e;
        }
        if (operand->op == Op::ident) return make(Op::has, pos, {operand});  // a bare field; the checker decides
        return bad(pos, "has() wants a field: has(a.b)");
    }

    std::shared_ptr<Tree> tree_;
    std::vector<Token> tokens_;
    const Limits& limits_;
    bool macros_;
    std::size_t at_ = 0;
    int depth_ = 0;
    Error error_;
};
}  // namespace

bool is_reserved(std::string_view name) {
    constexpr std::string_view words[] = {"false",    "in",      "null",      "true",     "as",  "break",  "const",
                                          "continue", "else",    "for",       "function", "if",  "import", "let",
                                          "loop",     "package", "namespace", "return",   "var", "void",   "while"};
    return std::find(std::begin(words), std::end(words), name) != std::end(words);
}

std::string place_of(std::string_view text, std::size_t offset) {
    std::size_t line = 1;
    std::size_t start = 0;
    offset = std::min(offset, text.size());
    for (std::size_t i = 0; i < offset; ++i)
        if (text[i] == '\n') {
            ++line;
            start = i + 1;
        }
    return std::to_string(line) + ":" + std::to_string(code_points(text.substr(start, offset - start)) + 1);
}

Checked<std::shared_ptr<Tree>> parse_tree(std::string_view text, const Limits& limits, bool macros) {
    const auto refuse = [](std::string message, std::string hint) {
        return tl::unexpected(Errors{Error{Code::invalid_expression, "1:1", std::move(message), std::move(hint)}});
    };
    if (text.size() > limits.source_bytes)
        return refuse("the expression is longer than " + std::to_string(limits.source_bytes) + " bytes", "split it");
    if (!valid_utf8(text)) return refuse("the expression is not valid UTF-8", "");
    auto tree = std::make_shared<Tree>();
    tree->text = std::string(text);
    YIPAN_TRY(auto tokens, tokens_of(tree->text));
    return Parser(tree, std::move(tokens), limits, macros).run();
}

}  // namespace yipan::cel
