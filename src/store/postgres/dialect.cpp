#include "store/postgres/dialect.h"

#include <algorithm>
#include <cctype>

#include "store/schema.h"

namespace yipan::store::postgres {
namespace {
constexpr int depth_max = 400;
constexpr const char* int_min = "-9223372036854775808::numeric";
constexpr const char* int_max = "9223372036854775807::numeric";

struct Token {
    enum class T { name, quoted, number, text, parameter, sign, end } t = T::end;
    std::string s;  // names in upper case are compared through is()
};

std::string upper(std::string_view s) {
    std::string out(s);
    for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return out;
}

class Lexer {
  public:
    static Result<std::vector<Token>> read(std::string_view s) {
        std::vector<Token> out;
        std::size_t i = 0;
        const auto letter = [&](std::size_t at) {
            return at < s.size() && (std::isalnum(static_cast<unsigned char>(s[at])) || s[at] == '_' || (s[at] & 0x80));
        };
        while (i < s.size()) {
            const char c = s[i];
            const std::size_t from = i;
            if (std::isspace(static_cast<unsigned char>(c))) {
                ++i;
            } else if (c == '"' || c == '\'') {
                std::string text;
                for (++i;; ++i) {
                    if (i >= s.size()) return fail(Code::store_failed, "", "a query ends within a name or text");
                    if (s[i] == c && i + 1 < s.size() && s[i + 1] == c)
                        text += s[i++];
                    else if (s[i] == c)
                        break;
                    else
                        text += s[i];
                }
                ++i;
                out.push_back({c == '"' ? Token::T::quoted : Token::T::text, std::move(text)});
            } else if (std::isdigit(static_cast<unsigned char>(c))) {
                while (letter(i) || (i < s.size() && s[i] == '.')) ++i;
                out.push_back({Token::T::number, std::string(s.substr(from, i - from))});
            } else if (letter(i)) {
                while (letter(i)) ++i;
                out.push_back({Token::T::name, std::string(s.substr(from, i - from))});
            } else if (c == '?') {
                for (++i; i < s.size() && std::isdigit(static_cast<unsigned char>(s[i]));) ++i;
                out.push_back({Token::T::parameter, std::string(s.substr(from + 1, i - from - 1))});
            } else {
                static constexpr std::string_view two[] = {"<=", ">=", "<>", "!=", "==", "||"};
                i += std::find(std::begin(two), std::end(two), s.substr(i, 2)) != std::end(two) ? 2 : 1;
                out.push_back({Token::T::sign, std::string(s.substr(from, i - from))});
            }
        }
        out.push_back({});
        return out;
    }
};

// A piece of the new text and what it is. `unset`: a NULL of no kind yet; it takes the kind it is wanted as.
struct Piece {
    std::string sql;
    Kind kind = Kind::unset;
    bool parameter = false;  // a value that is not NULL
    bool plain = false;      // a column: may be written twice
};

const char* type_of(Kind kind) {
    switch (kind) {
        case Kind::boolean: return "boolean";
        case Kind::integer: return "bigint";
        case Kind::wide: return "numeric";
        case Kind::real: return "double precision";
        default: return "text";
    }
}

class Reader {
  public:
    Reader(std::vector<Token> tokens, const Tables& tables, const std::vector<record::Value>& values)
        : tokens_(std::move(tokens)), tables_(tables), values_(values) {}

    Result<Asked> condition(std::string_view table) {
        scopes_.push_back({{{"t", Source{std::string(table), {}, false}}}});
        YIPAN_TRY(const Piece p, expression());
        YIPAN_TRY_VOID(done());
        return Asked{as(p, Kind::boolean), {}};
    }
    Result<Asked> query() {
        YIPAN_TRY(Selected s, select(std::nullopt));
        YIPAN_TRY_VOID(done());
        return Asked{std::move(s.sql), std::move(s.kinds)};
    }

  private:
    struct Source {
        std::string table;                                 // of records
        std::vector<std::pair<std::string, Kind>> columns;  // of a query in the query
        bool elements = false;                             // of a list
    };
    struct Scope {
        std::vector<std::pair<std::string, Source>> sources;
    };
    struct Selected {
        std::string sql;
        std::vector<Kind> kinds;
    };

    // ---- tokens ----
    const Token& peek(std::size_t by = 0) const { return tokens_[std::min(at_ + by, tokens_.size() - 1)]; }
    bool is(std::string_view word, std::size_t by = 0) const {
        return peek(by).t == Token::T::name && upper(peek(by).s) == word;
    }
    bool sign(std::string_view s, std::size_t by = 0) const { return peek(by).t == Token::T::sign && peek(by).s == s; }
    bool take(std::string_view word) { return is(word) && (++at_, true); }
    bool take_sign(std::string_view s) { return sign(s) && (++at_, true); }
    tl::unexpected<Error> stuck(std::string_view wanted) const {
        return fail(Code::store_failed, "query",
                    "this question cannot be asked of PostgreSQL: at \"" + peek().s + "\", wanted " + std::string(wanted),
                    "it is a mistake of the program: please report it");
    }
    Status want(std::string_view word) {
        if (!take(word)) return stuck(word);
        return {};
    }
    Status want_sign(std::string_view s) {
        if (!take_sign(s)) return stuck(s);
        return {};
    }
    Status done() const {
        if (peek().t != Token::T::end) return stuck("the end");
        return {};
    }

    // ---- kinds ----
    static std::string as(const Piece& p, Kind want) {
        if (p.kind == want || (p.kind == Kind::list && want == Kind::text)) return p.sql;
        if (p.kind == Kind::unset) return "NULL::" + std::string(type_of(want));
        switch (want) {
            case Kind::boolean: return p.kind == Kind::text || p.kind == Kind::json ? "false" : "(" + p.sql + " <> 0)";
            case Kind::integer:
            case Kind::wide:
                if (p.kind == Kind::boolean) return "(" + p.sql + ")::integer::" + type_of(want);
                // An element of a list that is no number equals none.
                if (p.kind == Kind::json)
                    return "(CASE WHEN " + p.sql + " ~ '^-?[0-9]+$' THEN (" + p.sql + ")::numeric END)" +
                           (want == Kind::integer ? "::bigint" : "");
                return "(" + p.sql + ")::" + type_of(want);
            case Kind::real: return "(" + p.sql + ")::double precision";
            default: return "(" + p.sql + ")::text";
        }
    }
    // One kind for both sides of a comparison.
    static Kind common(Kind a, Kind b) {
        if (a == b) return a == Kind::unset || a == Kind::json || a == Kind::list ? Kind::text : a;
        if (a == Kind::unset || a == Kind::json) return b == Kind::list || b == Kind::json ? Kind::text : b;
        if (b == Kind::unset || b == Kind::json) return common(b, a);
        if (a == Kind::real || b == Kind::real) return Kind::real;
        const auto number = [](Kind k) { return k == Kind::integer || k == Kind::wide || k == Kind::boolean; };
        if (number(a) && number(b)) return a == Kind::wide || b == Kind::wide ? Kind::wide : Kind::integer;
        return Kind::text;
    }
    static std::string bytes(std::string sql, Kind kind) {
        return kind == Kind::text ? sql + " COLLATE \"C\"" : std::move(sql);
    }

    // ---- expressions, loosest first ----
    Result<Piece> expression() {
        if (++depth_ > depth_max) return stuck("fewer brackets");
        YIPAN_TRY(Piece out, conjunction());
        while (take("OR")) {
            YIPAN_TRY(const Piece b, conjunction());
            out = {"(" + as(out, Kind::boolean) + " OR " + as(b, Kind::boolean) + ")", Kind::boolean};
        }
        --depth_;
        return out;
    }
    Result<Piece> conjunction() {
        YIPAN_TRY(Piece out, negation());
        while (take("AND")) {
            YIPAN_TRY(const Piece b, negation());
            out = {"(" + as(out, Kind::boolean) + " AND " + as(b, Kind::boolean) + ")", Kind::boolean};
        }
        return out;
    }
    Result<Piece> negation() {
        if (!take("NOT")) return equality();
        YIPAN_TRY(const Piece a, negation());
        return Piece{"(NOT " + as(a, Kind::boolean) + ")", Kind::boolean};
    }
    static Piece compare(const Piece& a, std::string_view sign, const Piece& b) {
        const Kind k = common(a.kind, b.kind);
        return {"(" + bytes(as(a, k), k) + " " + std::string(sign) + " " + as(b, k) + ")", Kind::boolean};
    }
    Result<Piece> equality() {
        YIPAN_TRY(Piece out, inequality());
        while (true) {
            if (take_sign("=") || take_sign("==")) {
                YIPAN_TRY(const Piece b, inequality());
                out = compare(out, "=", b);
            } else if (take_sign("<>") || take_sign("!=")) {
                YIPAN_TRY(const Piece b, inequality());
                out = compare(out, "<>", b);
            } else if (take("IS")) {
                YIPAN_TRY(out, is_what(out));
            } else if (is("IN") || (is("NOT") && is("IN", 1))) {
                const bool no = take("NOT");
                YIPAN_TRY_VOID(want("IN"));
                YIPAN_TRY(out, in(out));
                if (no) out.sql = "(NOT " + out.sql + ")";
            } else if (take("LIKE")) {  // SQLite's knows no case of a to z
                YIPAN_TRY(const Piece b, inequality());
                out = {"(" + as(out, Kind::text) + " COLLATE \"C\" ILIKE " + as(b, Kind::text) + " ESCAPE '')",
                       Kind::boolean};
            } else if (take("BETWEEN")) {
                YIPAN_TRY(const Piece low, inequality());
                YIPAN_TRY_VOID(want("AND"));
                YIPAN_TRY(const Piece high, inequality());
                const Piece above = compare(out, ">=", low), below = compare(out, "<=", high);
                out = {"(" + above.sql + " AND " + below.sql + ")", Kind::boolean};
            } else {
                return out;
            }
        }
    }
    Result<Piece> is_what(const Piece& a) {
        const bool no = take("NOT");
        if (take("NULL"))
            return Piece{"(" + (a.kind == Kind::unset ? "NULL::text" : a.sql) + (no ? " IS NOT NULL)" : " IS NULL)"),
                         Kind::boolean};
        if (take("TRUE")) return Piece{"(" + as(a, Kind::boolean) + (no ? " IS NOT TRUE)" : " IS TRUE)"), Kind::boolean};
        YIPAN_TRY(const Piece b, inequality());
        const Kind k = common(a.kind, b.kind);
        // An index answers = and IS NULL, but not IS NOT DISTINCT FROM.
        if (!no && b.kind == Kind::unset) return Piece{"(" + as(a, k) + " IS NULL)", Kind::boolean};
        if (!no && a.plain && a.kind == k && b.parameter)
            return Piece{"(" + a.sql + " = " + as(b, k) + " AND " + a.sql + " IS NOT NULL)", Kind::boolean};
        return Piece{"(" + bytes(as(a, k), k) + (no ? " IS DISTINCT FROM " : " IS NOT DISTINCT FROM ") + as(b, k) + ")",
                     Kind::boolean};
    }
    Result<Piece> in(const Piece& a) {
        YIPAN_TRY_VOID(want_sign("("));
        if (is("SELECT")) {
            YIPAN_TRY(const Selected s, select(a.kind));
            YIPAN_TRY_VOID(want_sign(")"));
            if (s.kinds.size() != 1) return stuck("one column");
            const Kind k = a.kind == Kind::unset ? s.kinds[0] : a.kind;
            return Piece{"(" + as(a, k == Kind::list ? Kind::text : k) + " IN (" + s.sql + "))", Kind::boolean};
        }
        std::string sql = "(";
        while (!sign(")")) {
            YIPAN_TRY(const Piece b, expression());
            sql += (sql.size() > 1 ? " OR " : "") + compare(a, "=", b).sql;
            if (!take_sign(",")) break;
        }
        YIPAN_TRY_VOID(want_sign(")"));
        return Piece{sql.size() > 1 ? sql + ")" : "false", Kind::boolean};
    }
    Result<Piece> inequality() {
        YIPAN_TRY(Piece out, sum());
        while (sign("<") || sign("<=") || sign(">") || sign(">=")) {
            const std::string s = tokens_[at_++].s;
            YIPAN_TRY(const Piece b, sum());
            out = compare(out, s, b);
        }
        return out;
    }
    static Piece calculate(const Piece& a, char sign, const Piece& b) {
        if (a.kind == Kind::real || b.kind == Kind::real)
            return {"(" + as(a, Kind::real) + " " + sign + " " + as(b, Kind::real) + ")", Kind::real};
        const std::string x = as(a, Kind::wide), y = as(b, Kind::wide);
        if (sign == '/') return {"div(" + x + ", nullif(" + y + ", 0))", Kind::wide};
        if (sign == '%') return {"mod(" + x + ", nullif(" + y + ", 0))", Kind::wide};
        return {"(" + x + " " + sign + " " + y + ")", Kind::wide};
    }
    Result<Piece> sum() {
        YIPAN_TRY(Piece out, product());
        while (sign("+") || sign("-")) {
            const char s = tokens_[at_++].s[0];
            YIPAN_TRY(const Piece b, product());
            out = calculate(out, s, b);
        }
        return out;
    }
    Result<Piece> product() {
        YIPAN_TRY(Piece out, joined());
        while (sign("*") || sign("/") || sign("%")) {
            const char s = tokens_[at_++].s[0];
            YIPAN_TRY(const Piece b, joined());
            out = calculate(out, s, b);
        }
        return out;
    }
    Result<Piece> joined() {
        YIPAN_TRY(Piece out, unary());
        while (take_sign("||")) {
            YIPAN_TRY(const Piece b, unary());
            out = {"(" + as(out, Kind::text) + " || " + as(b, Kind::text) + ")", Kind::text};
        }
        return out;
    }
    Result<Piece> unary() {
        if (take_sign("-")) {
            YIPAN_TRY(const Piece a, unary());
            if (a.kind == Kind::real) return Piece{"(-" + a.sql + ")", Kind::real};
            return Piece{"(-" + as(a, Kind::wide) + ")", Kind::wide};
        }
        return primary();
    }

    Result<Piece> primary() {
        const Token token = peek();
        switch (token.t) {
            case Token::T::number:
                ++at_;
                return Piece{token.s.find('.') == std::string::npos ? token.s + "::bigint" : token.s + "::double precision",
                             token.s.find('.') == std::string::npos ? Kind::integer : Kind::real};
            case Token::T::text: {
                ++at_;
                std::string out = "'";
                for (const char c : token.s) out += c == '\'' ? "''" : std::string(1, c);
                return Piece{out + "'", Kind::text};
            }
            case Token::T::parameter: return parameter();
            case Token::T::sign:
                if (token.s == "(") return bracket();
                return stuck("a value");
            case Token::T::quoted: return column();
            case Token::T::name: break;
            default: return stuck("a value");
        }
        if (take("NULL")) return Piece{"NULL", Kind::unset};
        if (take("TRUE")) return Piece{"true", Kind::boolean};
        if (take("FALSE")) return Piece{"false", Kind::boolean};
        if (take("CASE")) return choice();
        if (take("EXISTS")) {
            YIPAN_TRY_VOID(want_sign("("));
            YIPAN_TRY(const Selected s, select(std::nullopt));
            YIPAN_TRY_VOID(want_sign(")"));
            return Piece{"EXISTS (" + s.sql + ")", Kind::boolean};
        }
        if (take("CAST")) return cast();
        if (sign("(", 1)) return function();
        return column();
    }
    Result<Piece> parameter() {
        const std::size_t n = tokens_[at_++].s.empty() ? 0 : static_cast<std::size_t>(std::stoul(tokens_[at_ - 1].s));
        if (n < 1 || n > values_.size()) return stuck("a value for ?" + std::to_string(n));
        const record::Value& v = values_[n - 1];
        if (record::as_integer(v)) return Piece{"$" + std::to_string(n), Kind::integer, true};
        if (record::as_text(v)) return Piece{"$" + std::to_string(n), Kind::text, true};
        return Piece{"NULL", Kind::unset};
    }
    Result<Piece> bracket() {
        ++at_;
        if (is("SELECT")) {
            YIPAN_TRY(Selected s, select(std::nullopt));
            YIPAN_TRY_VOID(want_sign(")"));
            if (s.kinds.size() != 1) return stuck("one column");
            return Piece{"(" + s.sql + ")", s.kinds[0]};
        }
        YIPAN_TRY(Piece p, expression());
        YIPAN_TRY_VOID(want_sign(")"));
        return p;  // every operator brings its own brackets
    }
    Result<Piece> choice() {
        std::optional<Piece> on;
        if (!is("WHEN")) {
            YIPAN_TRY(on, expression());
        }
        std::vector<std::pair<std::string, Piece>> branches;
        std::optional<Piece> otherwise;
        Kind kind = Kind::unset;
        const auto merge = [&](Kind k) { kind = kind == Kind::unset ? k : k == Kind::unset ? kind : common(kind, k); };
        while (take("WHEN")) {
            YIPAN_TRY(const Piece when, expression());
            YIPAN_TRY_VOID(want("THEN"));
            YIPAN_TRY(Piece then, expression());
            merge(then.kind);
            branches.emplace_back(on ? compare(*on, "=", when).sql : as(when, Kind::boolean), std::move(then));
        }
        if (take("ELSE")) {
            YIPAN_TRY(otherwise, expression());
            merge(otherwise->kind);
        }
        YIPAN_TRY_VOID(want("END"));
        if (kind == Kind::unset) return Piece{"NULL", Kind::unset};
        std::string sql = "(CASE";
        for (const auto& [when, then] : branches) sql += " WHEN " + when + " THEN " + as(then, kind);
        if (otherwise) sql += " ELSE " + as(*otherwise, kind);
        return Piece{sql + " END)", kind};
    }
    Result<Piece> cast() {
        YIPAN_TRY_VOID(want_sign("("));
        YIPAN_TRY(const Piece a, expression());
        YIPAN_TRY_VOID(want("AS"));
        const bool real = is("REAL");
        if (!real && !is("INTEGER") && !is("TEXT")) return stuck("INTEGER, REAL or TEXT");
        const Kind kind = real ? Kind::real : is("TEXT") ? Kind::text : Kind::wide;
        ++at_;
        YIPAN_TRY_VOID(want_sign(")"));
        return Piece{as(a, kind), kind};
    }

    Result<Piece> function() {
        const std::string name = upper(tokens_[at_].s);
        at_ += 2;
        std::vector<Piece> args;
        bool star = false, negative = false;
        while (!sign(")")) {
            if (take_sign("*")) {
                star = true;
                break;
            }
            negative = sign("-");
            YIPAN_TRY(Piece p, expression());
            args.push_back(std::move(p));
            if (!take_sign(",")) break;
        }
        YIPAN_TRY_VOID(want_sign(")"));
        const auto text = [&](std::size_t i) { return as(args[i], Kind::text); };
        const auto small = [&](std::size_t i) { return "least(" + as(args[i], Kind::wide) + ", 2147483647)::integer"; };
        if (name == "COUNT" && star) return Piece{"count(*)", Kind::integer};
        if (args.empty()) return stuck("arguments of " + name);
        if (name == "COUNT") return Piece{"count(" + args[0].sql + ")", Kind::integer};
        if (name == "SUM" && args.size() == 1) return Piece{"sum(" + as(args[0], Kind::wide) + ")", Kind::wide};
        if ((name == "MIN" || name == "MAX") && args.size() > 1) return extreme(name, args);
        if (name == "COALESCE") {
            Kind k = Kind::unset;
            for (const Piece& p : args) k = k == Kind::unset ? p.kind : p.kind == Kind::unset ? k : common(k, p.kind);
            if (k == Kind::unset) return Piece{"NULL", Kind::unset};
            std::string sql;
            for (const Piece& p : args) sql += (sql.empty() ? "coalesce(" : ", ") + as(p, k);
            return Piece{sql + ")", k};
        }
        if (name == "LENGTH") return Piece{"length(" + text(0) + ")::bigint", Kind::integer};
        if (name == "INSTR" && args.size() == 2) return Piece{"strpos(" + text(0) + ", " + text(1) + ")::bigint", Kind::integer};
        if (name == "SUBSTR" && args.size() == 3)
            return Piece{"substr(" + text(0) + ", " + small(1) + ", " + small(2) + ")", Kind::text};
        if (name == "SUBSTR" && args.size() == 2 && negative)  // the last letters
            return Piece{"right(" + text(0) + ", (-" + small(1) + "))", Kind::text};
        if (name == "JSON_ARRAY_LENGTH") return Piece{"jsonb_array_length((" + text(0) + ")::jsonb)::bigint", Kind::integer};
        if (name == "TYPEOF") return type_name(args[0]);
        if (name == "STRFTIME" && args.size() == 3) return date_part(args);
        return stuck("a function of the engine's, not " + name);
    }
    // SQLite's min() and max() of several are unset when one is.
    Result<Piece> extreme(const std::string& name, const std::vector<Piece>& args) {
        Kind k = args[0].kind;
        for (const Piece& p : args) k = common(k, p.kind);
        std::string unset, values;
        for (const Piece& p : args) {
            unset += (unset.empty() ? "" : " OR ") + as(p, k) + " IS NULL";
            values += (values.empty() ? "" : ", ") + bytes(as(p, k), k);
        }
        return Piece{"(CASE WHEN " + unset + " THEN NULL ELSE " + (name == "MIN" ? "least(" : "greatest(") + values + ") END)", k};
    }
    static Piece type_name(const Piece& a) {
        if (a.kind == Kind::unset) return {"'null'", Kind::text};
        std::string name = a.kind == Kind::text || a.kind == Kind::list || a.kind == Kind::json ? "'text'"
                           : a.kind == Kind::real                                             ? "'real'"
                                                                                              : "'integer'";
        if (a.kind == Kind::wide)
            name = "CASE WHEN " + a.sql + " BETWEEN " + int_min + " AND " + int_max + " THEN 'integer' ELSE 'real' END";
        return {"(CASE WHEN " + a.sql + " IS NULL THEN 'null' ELSE " + name + " END)", Kind::text};
    }
    // strftime('%Y', seconds, 'unixepoch')
    Result<Piece> date_part(const std::vector<Piece>& args) {
        const char* part = args[0].sql == "'%Y'" ? "year" : args[0].sql == "'%m'" ? "month" : args[0].sql == "'%d'" ? "day" : nullptr;
        if (!part || args[2].sql != "'unixepoch'") return stuck("a part of a date");
        const std::string days = "div(" + as(args[1], Kind::wide) + ", 86400)";
        return Piece{"(CASE WHEN " + days + " BETWEEN -719162 AND 2932896 THEN extract(" + part + " FROM (date '1970-01-01' + " +
                         days + "::integer)) END)",
                     Kind::wide};
    }

    // ---- columns and queries ----
    std::string name() {
        std::string s = tokens_[at_].s;
        ++at_;
        return s;
    }
    bool name_next() const { return peek().t == Token::T::quoted || peek().t == Token::T::name; }
    Result<Piece> column() {
        std::string first = name();
        if (take_sign(".")) {
            if (!name_next()) return stuck("a column");
            const std::string second = name();
            for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope)
                for (const auto& [alias, source] : scope->sources)
                    if (alias == first) {
                        if (auto p = column_of(alias, source, second)) return *p;
                        return stuck("a column of " + alias + ", not " + second);
                    }
            return stuck("a table, not " + first);
        }
        for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope)
            for (const auto& [alias, source] : scope->sources)
                if (auto p = column_of(alias, source, first)) return *p;
        return stuck("a column, not " + first);
    }
    std::optional<Piece> column_of(const std::string& alias, const Source& source, const std::string& name) const {
        if (source.elements) {
            if (name != "value") return {};
            return Piece{quoted(alias) + ".value", Kind::json, false, true};
        }
        std::optional<Kind> kind;
        if (source.table.empty()) {
            for (const auto& [column, k] : source.columns)
                if (column == name) kind = k;
        } else {
            kind = tables_.column(source.table, name);
        }
        if (!kind) return {};
        return Piece{quoted(alias) + "." + quoted(name), *kind, false, true};
    }

    // `wanted`: the kind its one column is compared with. The sources stand behind the columns, so they are read first.
    Result<Selected> select(std::optional<Kind> wanted) {
        if (++depth_ > depth_max) return stuck("fewer queries within queries");
        YIPAN_TRY_VOID(want("SELECT"));
        const std::size_t columns_at = at_;
        std::string from;
        scopes_.emplace_back();
        YIPAN_TRY_VOID(skip_to_from());
        if (take("FROM")) {
            YIPAN_TRY(from, source());
        }
        const std::size_t behind = at_;
        at_ = columns_at;
        Selected out;
        std::string columns;
        std::vector<std::pair<std::string, Kind>> named;
        do {
            YIPAN_TRY(Piece p, expression());
            Kind kind = p.kind;
            if (wanted && *wanted != Kind::unset && *wanted != Kind::list && *wanted != Kind::json) kind = *wanted;
            if (kind == Kind::unset || kind == Kind::json) kind = Kind::text;
            if (kind == Kind::wide && scopes_.size() == 1) kind = Kind::integer;  // the answer; more is an error, as in SQLite
            if (take("AS")) named.emplace_back(peek().s, kind);
            columns += (columns.empty() ? "" : ", ") + as(p, kind);
            if (!named.empty() && named.size() == out.kinds.size() + 1) {
                columns += " AS " + quoted(named.back().first);
                ++at_;
            }
            out.kinds.push_back(kind);
        } while (take_sign(","));
        selected_ = std::move(named);
        if (!from.empty()) at_ = behind;
        out.sql = "SELECT " + columns + (from.empty() ? "" : " FROM " + from);
        if (take("WHERE")) {
            YIPAN_TRY(const Piece p, expression());
            out.sql += " WHERE " + as(p, Kind::boolean);
        }
        if (take("LIMIT")) {
            YIPAN_TRY(const Piece p, sum());
            out.sql += " LIMIT " + as(p, Kind::integer);
        }
        scopes_.pop_back();
        --depth_;
        return out;
    }
    Status skip_to_from() {
        for (int open = 0; peek().t != Token::T::end; ++at_) {
            if (sign("(")) ++open;
            if (sign(")") && open-- == 0) return {};
            if (open == 0 && is("FROM")) return {};
        }
        return {};
    }
    Result<std::string> source() {
        std::string sql, alias;
        Source source;
        if (take_sign("(")) {
            YIPAN_TRY(const Selected s, select(std::nullopt));
            source.columns = selected_;
            YIPAN_TRY_VOID(want_sign(")"));
            sql = "(" + s.sql + ")";
            alias = "s" + std::to_string(++sources_) + "_";
        } else if (is("JSON_EACH")) {
            at_ += 2;
            YIPAN_TRY(const Piece p, expression());
            YIPAN_TRY_VOID(want_sign(")"));
            sql = "jsonb_array_elements_text((" + as(p, Kind::text) + ")::jsonb)";
            source.elements = true;
            alias = "j" + std::to_string(++sources_) + "_";
        } else {
            if (!name_next()) return stuck("a table");
            source.table = alias = name();
            const std::string physical = tables_.physical(source.table);
            if (physical.empty()) return stuck("a table of the board, not " + source.table);
            sql = quoted(physical);
        }
        (void)take("AS");
        static constexpr std::string_view behind[] = {"WHERE", "LIMIT", "ORDER"};
        if (peek().t == Token::T::quoted ||
            (peek().t == Token::T::name && std::find(std::begin(behind), std::end(behind), upper(peek().s)) == std::end(behind)))
            alias = name();
        sql += " AS " + quoted(alias) + (source.elements ? "(value)" : "");
        scopes_.back().sources.emplace_back(alias, std::move(source));
        return sql;
    }

    std::vector<Token> tokens_;
    std::size_t at_ = 0;
    int depth_ = 0, sources_ = 0;
    const Tables& tables_;
    const std::vector<record::Value>& values_;
    std::vector<Scope> scopes_;
    std::vector<std::pair<std::string, Kind>> selected_;  // names of the columns of the query read last
};
}  // namespace

Result<Asked> condition(std::string_view sql, std::string_view table, const Tables& tables,
                        const std::vector<record::Value>& values) {
    YIPAN_TRY(auto tokens, Lexer::read(sql));
    return Reader(std::move(tokens), tables, values).condition(table);
}
Result<Asked> query(std::string_view sql, const Tables& tables, const std::vector<record::Value>& values) {
    YIPAN_TRY(auto tokens, Lexer::read(sql));
    YIPAN_TRY(Asked out, Reader(std::move(tokens), tables, values).query());
    return out;
}

}  // namespace yipan::store::postgres
