// The filter as SQL must select exactly the records for which the evaluator says true: tiny worlds, random filters.
// tests/postgres builds this file once more, with a second database that must say the same.
#include "cel/sql.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <map>
#include <memory>
#include <optional>
#include <random>

#ifdef YIPAN_SECOND_DATABASE
#include "second_database.h"
#else
namespace yipan::cel {
struct SecondDatabase {
    void create(const Schema&) {}
    void add(const ObjectType&, std::int64_t, const std::vector<Value>&) {}
    std::optional<std::vector<std::int64_t>> select(const std::string&, const std::vector<Value>&) { return {}; }
};
}  // namespace yipan::cel
#endif

namespace yipan::cel {
namespace {

struct Row final : Object {
    const ObjectType* type = nullptr;
    std::int64_t key = 0;
    std::vector<Value> values;
    Value field(int i) const override { return values[static_cast<std::size_t>(i)]; }
    std::int64_t id() const override { return key; }
};

struct World {
    Schema schema;
    ObjectType *unit, *project, *item;
    std::map<const ObjectType*, std::vector<std::unique_ptr<Row>>> rows;
    sqlite3* db = nullptr;
    SecondDatabase second;

    World() {
        unit = &schema.add("unit");
        project = &schema.add("project");
        item = &schema.add("item");
        unit->sql_table = "the \"unit\" table";
        unit->fields = {{"name", Type::string(), true, "na\"me"}, {"level", Type::integer(), true, ""}};
        project->fields = {{"code", Type::string(), true, ""},
                           {"owner", Type::object_of(unit), true, ""},
                           {"budget", Type::decimal(2), true, ""}};
        item->fields = {{"i", Type::integer(), true, ""},
                        {"j", Type::integer(), true, ""},
                        {"k", Type::integer(), false, ""},
                        {"d2", Type::decimal(2), true, ""},
                        {"d4", Type::decimal(4), true, ""},
                        {"m", Type::money("CNY"), true, ""},
                        {"n", Type::money("CNY"), true, ""},
                        {"day", Type::date(), true, ""},
                        {"until", Type::date(), true, ""},
                        {"p", Type::period(), true, ""},
                        {"q", Type::period(), true, ""},
                        {"flag", Type::boolean(), true, ""},
                        {"s", Type::string(), true, ""},
                        {"t", Type::string(), true, ""},
                        {"ref", Type::object_of(project), true, ""},
                        {"tags", Type::list(Type::string()), true, ""},
                        {"at", Type::timestamp(), true, ""},
                        {"x", Type::real(), true, ""},
                        {"refs", Type::list(Type::object_of(project)), true, ""}};
        sqlite3_open(":memory:", &db);
        for (const ObjectType& t : schema.types()) {
            std::string sql = "CREATE TABLE " + quoted_name(t.table()) + " (id INTEGER PRIMARY KEY";
            for (const ObjectField& f : t.fields)
                sql += ", " + quoted_name(f.column_name()) +
                       (f.type.is(Type::K::string) || f.type.is(Type::K::list) ? " TEXT"
                        : f.type.is(Type::K::real)                             ? " REAL"
                                                                               : " INTEGER");
            run(sql + ")");
        }
        second.create(schema);
    }
    ~World() { sqlite3_close(db); }
    static std::string quoted_name(std::string_view s) {
        std::string r = "\"";
        for (const char c : s) r += c == '"' ? std::string("\"\"") : std::string(1, c);
        return r + "\"";
    }
    void run(const std::string& sql) {
        ASSERT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db) << "\n"
                                                                                       << sql;
    }
    static void bind(sqlite3_stmt* s, int i, const Value& v) {
        int rc = SQLITE_OK;
        switch (v.kind()) {
            case Kind::null: rc = sqlite3_bind_null(s, i); break;
            case Kind::integer: rc = sqlite3_bind_int64(s, i, v.as_int()); break;
            case Kind::real: rc = sqlite3_bind_double(s, i, v.as_double()); break;
            default:
                rc = sqlite3_bind_text(s, i, v.text().data(), static_cast<int>(v.text().size()), SQLITE_TRANSIENT);
                break;
        }
        ASSERT_EQ(rc, SQLITE_OK);
    }
    const Row* add(const ObjectType* type, std::vector<Value> values) {
        auto row = std::make_unique<Row>();
        row->type = type;
        row->key = static_cast<std::int64_t>(rows[type].size()) + 1;
        row->values = std::move(values);
        std::string sql = "INSERT INTO " + quoted_name(type->table()) + " VALUES (?";
        for (std::size_t i = 0; i < type->fields.size(); ++i) sql += ", ?";
        sqlite3_stmt* s = nullptr;
        EXPECT_EQ(sqlite3_prepare_v2(db, (sql + ")").c_str(), -1, &s, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
        sqlite3_bind_int64(s, 1, row->key);
        std::vector<Value> cells;
        for (std::size_t i = 0; i < row->values.size(); ++i) {
            const auto stored = stored_value(row->values[i], type->fields[i].type);
            EXPECT_TRUE(stored.has_value());
            bind(s, static_cast<int>(i) + 2, *stored);
            cells.push_back(*stored);
        }
        second.add(*type, row->key, cells);
        EXPECT_EQ(sqlite3_step(s), SQLITE_DONE) << sqlite3_errmsg(db);
        sqlite3_finalize(s);
        rows[type].push_back(std::move(row));
        return rows[type].back().get();
    }
    /// Ids the database selects.
    std::vector<std::int64_t> select(const std::string& where, const std::vector<Value>& params) {
        const std::string sql = "SELECT id FROM item AS \"t\" WHERE " + where + " ORDER BY id";
        sqlite3_stmt* s = nullptr;
        std::vector<std::int64_t> ids;
        if (sqlite3_prepare_v2(db, sql.c_str(), -1, &s, nullptr) != SQLITE_OK) {
            ADD_FAILURE() << sqlite3_errmsg(db) << "\n" << sql;
            return {-1};
        }
        for (std::size_t i = 0; i < params.size(); ++i) bind(s, static_cast<int>(i) + 1, params[i]);
        int rc;
        while ((rc = sqlite3_step(s)) == SQLITE_ROW) ids.push_back(sqlite3_column_int64(s, 0));
        EXPECT_EQ(rc, SQLITE_DONE) << sqlite3_errmsg(db) << "\n" << sql;
        sqlite3_finalize(s);
        const auto other = second.select(where, params);
        EXPECT_TRUE(!other || *other == ids) << "the second database says otherwise: " << where;
        return ids;
    }
};

class Dice {
  public:
    explicit Dice(unsigned seed) : engine_(seed) {}
    int below(int n) { return static_cast<int>(engine_() % static_cast<unsigned>(n)); }
    template <class T>
    T of(std::initializer_list<T> list) {
        return *(list.begin() + below(static_cast<int>(list.size())));
    }

  private:
    std::mt19937 engine_;
};

constexpr auto big = std::numeric_limits<std::int64_t>::max();
constexpr auto small = std::numeric_limits<std::int64_t>::min();

void fill(World& w, Dice& d) {
    const auto maybe = [&](Value v) { return d.below(4) == 0 ? Value() : v; };
    const auto text = [&] {
        return Value::string(
            d.of<const char*>({"", "a", "A", "ab", "aB", "中", "中文", "😀", "a😀b", "%", "_", "a%b", "文", "é", "z"}));
    };
    const auto number = [&] {
        return Value::integer(d.of<std::int64_t>({0, 1, -1, 2, 3, -3, 7, 100, 12345, big, small, big - 1}));
    };
    const auto day = [&] {
        return Value::date(*Date::parse(d.of<const char*>(
            {"2026-01-01", "2026-01-31", "1969-12-31", "2025-06-30", "0001-01-01", "9999-12-31", "2024-02-29"})));
    };
    const auto period = [&] {
        return Value::period(*Period::parse(
            d.of<const char*>({"2026", "2025", "2026H1", "2026Q1", "2026Q2", "2026-01", "2026-12", "2026-01..06"})));
    };
    const auto money = [&] { return Value::money({number().as_int(), {}}); };
    std::vector<const Row*> units, projects;
    for (int i = 0; i < 3; ++i) units.push_back(w.add(w.unit, {maybe(text()), maybe(number())}));
    for (int i = 0; i < 4; ++i)
        projects.push_back(
            w.add(w.project, {maybe(text()), maybe(Value::object(w.unit, units[static_cast<std::size_t>(d.below(3))])),
                              maybe(Value::decimal({number().as_int(), 2}))}));
    const auto project = [&] { return Value::object(w.project, projects[static_cast<std::size_t>(d.below(4))]); };
    for (int i = 0; i < 40; ++i) {
        std::vector<Value> tags, refs;
        for (int n = d.below(3); n > 0; --n) tags.push_back(text());
        for (int n = d.below(3); n > 0; --n) refs.push_back(project());
        w.add(w.item, {maybe(number()), maybe(number()), number(), maybe(Value::decimal({number().as_int(), 2})),
                       maybe(Value::decimal({number().as_int(), 4})), maybe(money()), maybe(money()), maybe(day()),
                       maybe(day()), maybe(period()), maybe(period()), maybe(Value::boolean(d.below(2))), maybe(text()),
                       maybe(text()), maybe(project()), maybe(Value::list(std::move(tags))),
                       maybe(Value::timestamp(d.of<int>({0, 1, 1700000000, -5}), d.of<int>({0, 5000}))),
                       maybe(Value::real(d.of<double>({0.0, -0.0, 1.5, -2.25, 1e300, 7.0, 9007199254740993.0}))),
                       maybe(Value::list(std::move(refs)))});
    }
}

/// A random filter, as text. Types fit; nulls, overflow and division by zero come by themselves.
class Filters {
  public:
    explicit Filters(Dice& d) : d_(d) {}
    std::string boolean(int depth) {
        if (depth <= 0)
            return d_.of<std::string>({"flag", "true", "k == 3", "s == 'a'", "day == null", "has(ref)", "var_b"});
        switch (d_.below(19)) {
            case 0: return "(" + boolean(depth - 1) + " && " + boolean(depth - 1) + ")";
            case 1: return "(" + boolean(depth - 1) + " || " + boolean(depth - 1) + ")";
            case 2: return "!(" + boolean(depth - 1) + ")";
            case 3: return "(" + boolean(depth - 1) + " ? " + boolean(depth - 1) + " : " + boolean(depth - 1) + ")";
            case 4: return number(depth - 1) + relation() + number(depth - 1);
            case 5: return text(depth - 1) + relation() + text(depth - 1);
            case 6: return decimal(depth - 1) + relation() + (d_.below(3) ? decimal(depth - 1) : number(depth - 1));
            case 7: return money(depth - 1) + relation() + money(depth - 1);
            case 8: return date(depth - 1) + relation() + date(depth - 1);
            case 9: return period() + relation() + period();
            case 10: return path() + d_.of<std::string>({" == null", " != null"});
            case 11:
                return plain_text() + "." + d_.of<std::string>({"startsWith", "endsWith", "contains"}) + "(" +
                       plain_text() + ")";
            case 12:
                return plain_text() + " in " +
                       d_.of<std::string>({"['a', 'A', '中文']", "[s, t]", "tags", "['😀']", "[]", "var_list"});
            case 13: return number(0) + " in [1, 2, k, j]";
            case 14:
                return d_.of<std::string>({"ref == ref", "ref.owner == ref.owner", "ref != null", "ref in refs",
                                           "has(ref.owner)", "has(ref.code)", "ref.owner == null", "ref == var_ref",
                                           "ref.owner.name == var_ref.owner.name", "this == this"});
            case 15:
                return "[1, 2, j]." + d_.of<std::string>({"all", "exists"}) + "(e, e " +
                       d_.of<std::string>({"<", "==", ">"}) + " " + number(depth - 1) + ")";
            case 16:
                return d_.of<std::string>({"x", "1.5", "7.0", "0.0"}) + relation() +
                       d_.of<std::string>({"x", "i", "k", "2.5"});
            case 17:
                return d_.of<std::string>(
                           {"at", "timestamp('2023-11-14T22:13:20Z')", "timestamp('1970-01-01T00:00:00.000005Z')"}) +
                       relation() + "at";
            default:
                return d_.of<std::string>({"period('2026H1').contains(day)", "size(tags) > 1", "1 / i > 0",
                                           "flag == null", "orElse(flag, false)", "orElse(i, 3) > 2",
                                           "(flag == true) == (i > 3)"});
        }
    }

  private:
    std::string relation() { return d_.of<std::string>({" == ", " != ", " < ", " <= ", " > ", " >= "}); }
    std::string path() {
        return d_.of<std::string>({"i", "d2", "m", "day", "p", "flag", "s", "ref", "ref.code", "ref.owner.name",
                                   "ref.owner", "tags", "x", "k"});
    }
    std::string number(int depth) {
        if (depth <= 0)
            return d_.of<std::string>(
                {"i", "j", "k", "0", "1", "-1", "3", "9223372036854775807", "var_i", "ref.owner.level", "(var_i + 1)"});
        switch (d_.below(10)) {
            case 0:
                return "(" + number(depth - 1) + d_.of<std::string>({" + ", " - ", " * ", " / "}) + number(depth - 1) +
                       ")";
            case 1: return "-(" + number(depth - 1) + ")";
            case 2: return "size(" + text(depth - 1) + ")";
            case 3: return date(0) + "." + d_.of<std::string>({"year", "month", "day", "weekday"}) + "()";
            case 4: return "(" + boolean(depth - 1) + " ? " + number(depth - 1) + " : " + number(depth - 1) + ")";
            case 5: return "(" + number(depth - 1) + " % 7)";
            case 6: return "orElse(" + number(0) + ", " + number(depth - 1) + ")";
            case 7: return d_.of<std::string>({"least(", "greatest("}) + number(depth - 1) + ", " + number(0) + ")";
            case 8: return "(" + date(0) + " - " + date(0) + ")";
            default: return number(0);
        }
    }
    std::string plain_text() {
        return d_.of<std::string>(
            {"s", "t", "'a'", "''", "'中'", "'😀'", "'%'", "ref.code", "ref.owner.name", "'b'", "var_s"});
    }
    std::string text(int depth) {
        if (depth <= 0 || d_.below(3)) return plain_text();
        return "(" + plain_text() + " + " + text(depth - 1) + ")";
    }
    std::string decimal(int depth) {
        if (depth <= 0)
            return d_.of<std::string>(
                {"d2", "d4", "decimal('1.25')", "decimal('-0.0003')", "ref.budget", "decimal(i)", "decimal('123.45')"});
        return d_.below(2) ? "(" + decimal(depth - 1) + d_.of<std::string>({" + ", " - ", " * "}) +
                                 (d_.below(2) ? decimal(0) : number(0)) + ")"
                           : decimal(0);
    }
    std::string money(int depth) {
        if (depth <= 0 || d_.below(3))
            return d_.of<std::string>({"m", "n", "yuan(100)", "yuan('-0.01')", "yuan('123.45')"});
        return d_.below(2) ? "(" + money(depth - 1) + d_.of<std::string>({" + ", " - "}) + money(0) + ")"
                           : "(" + money(depth - 1) + " * " + number(0) + ")";
    }
    std::string date(int depth) {
        if (depth <= 0 || d_.below(3))
            return d_.of<std::string>({"day", "until", "date('2026-01-31')", "date('1969-12-31')", "var_day"});
        return date(depth - 1) + ".addDays(" + number(0) + ")";
    }
    std::string period() {
        return d_.of<std::string>({"p", "q", "period('2026H1')", "period('2026')", "period('2026-06')"});
    }
    Dice& d_;
};

TEST(Sql, filter_selects_the_records_the_evaluator_says_true_for) {
    int compiled = 0, refused = 0, hits = 0;
    std::map<std::string, int> reasons;
    const char* more = std::getenv("CEL_SQL_SEEDS");  // a longer run by hand
    const unsigned seeds = more ? static_cast<unsigned>(std::atoi(more)) : 40;
    for (unsigned seed = 1; seed <= seeds; ++seed) {
        Dice d(seed);
        World w;
        fill(w, d);
        Env env;
        env.self = w.item;
        env.variable("var_i", Type::integer().or_null());
        env.variable("var_s", Type::string().or_null());
        env.variable("var_b", Type::boolean());
        env.variable("var_ref", Type::object_of(w.project).or_null());
        env.variable("var_list", Type::list(Type::string()));
        env.variable("var_day", Type::date());
        const auto& projects = w.rows[w.project];
        std::vector<Value> variables = {d.below(3) ? Value::integer(3) : Value(),
                                        d.below(3) ? Value::string("a") : Value(),
                                        Value::boolean(d.below(2)),
                                        d.below(3) ? Value::object(w.project, projects[0].get()) : Value(),
                                        Value::list({Value::string("a"), Value::string("文")}),
                                        Value::date(*Date::of(2026, 1, 1))};
        Filters filters(d);
        for (int n = 0; n < 150; ++n) {
            const std::string text = filters.boolean(1 + d.below(4));
            const auto program = compile(text, env);
            ASSERT_TRUE(program.has_value()) << text << "\n" << text_of(program.error());
            const auto filter = to_sql(*program);
            if (!filter) {
                ++refused;
                ++reasons[filter.error()[0].message];
                ASSERT_FALSE(filter.error()[0].where.empty());
                continue;
            }
            ++compiled;
            Activation activation;
            activation.variables = variables;
            std::vector<std::int64_t> want;
            for (const auto& row : w.rows[w.item]) {
                activation.self = row.get();
                if (program->holds(activation)) want.push_back(row->key);
            }
            hits += static_cast<int>(want.size());
            activation.self = nullptr;
            const auto params = filter->bind(activation);
            ASSERT_TRUE(params.has_value()) << params.error().text();
            const auto got = w.select(filter->sql, *params);
            if (got != want) {
                std::string values;
                for (std::size_t i = 0; i < w.item->fields.size(); ++i) {
                    std::int64_t id = 0;
                    for (std::int64_t k = 1; k <= 40 && id == 0; ++k)
                        if ((std::find(got.begin(), got.end(), k) != got.end()) !=
                            (std::find(want.begin(), want.end(), k) != want.end()))
                            id = k;
                    if (id > 0)
                        values += w.item->fields[i].name + "=" +
                                  w.rows[w.item][static_cast<std::size_t>(id) - 1]->values[i].debug_text() + " ";
                }
                FAIL() << "seed " << seed << "\n" << text << "\n" << filter->sql << "\n" << values;
            }
            ASSERT_EQ(w.select(filter->condition, *params), want) << text;
        }
    }
    EXPECT_GT(compiled, 4 * refused) << "too many filters are refused for the comparison to mean much";
    EXPECT_GT(hits, 1000);
    RecordProperty("compiled", compiled);
    if (std::getenv("CEL_SQL_REASONS"))
        for (const auto& [reason, n] : reasons) std::printf("%5d %s\n", n, reason.c_str());
}

TEST(Sql, text_of_the_user_never_becomes_sql) {
    World w;
    Env env;
    env.self = w.item;
    const auto program = compile("s == 'x\\' OR 1=1 --' || t.contains('\"; DROP TABLE item')", env);
    ASSERT_TRUE(program.has_value());
    const auto filter = to_sql(*program);
    ASSERT_TRUE(filter.has_value());
    EXPECT_EQ(filter->sql.find("DROP"), std::string::npos);
    EXPECT_EQ(filter->sql.find("1=1"), std::string::npos);
    EXPECT_EQ(filter->params.size(), 2u);
}

TEST(Sql, what_sqlite_cannot_answer_is_refused_with_its_place) {
    World w;
    Env env;
    env.self = w.item;
    const auto where = [&](std::string_view text) {
        const auto program = compile(text, env);
        EXPECT_TRUE(program.has_value()) << text;
        const auto filter = to_sql(*program);
        return filter ? "accepted: " + filter->sql : filter.error()[0].where;
    };
    EXPECT_EQ(where("s.matches('a+')"), "1:3");
    EXPECT_EQ(where("flag && tags.exists(e, e == 'a')"), "1:14");
    EXPECT_EQ(where("double(d2) > 1.5"), "1:1");
    EXPECT_EQ(where("m * decimal('0.5') > yuan(1)"), "1:3");
    EXPECT_EQ(where("d2.div(3, 2) > 1"), "1:4");
}
}  // namespace
}  // namespace yipan::cel
