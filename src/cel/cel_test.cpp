// Our own additions: dates, periods, decimals, money, nulls, host records, limits, places of mistakes.
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "cel/json_lines.h"
#include "cel/numbers.h"
#include "cel/program.h"

namespace yipan::cel {
namespace {

struct Row final : Object {
    std::int64_t key = 0;
    std::vector<Value> values;
    Value field(int i) const override { return values[static_cast<std::size_t>(i)]; }
    std::int64_t id() const override { return key; }
};

class Cel : public testing::Test {
  protected:
    Cel() {
        project_ = &schema_.add("project");
        contract_ = &schema_.add("contract");
        project_->fields = {{"name", Type::string(), false, ""},
                            {"level", Type::string(), true, ""},
                            {"parent", Type::object_of(project_), true, ""}};
        contract_->fields = {
            {"amount", Type::money("CNY"), true, ""}, {"status", Type::string(), false, ""},
            {"opened", Type::date(), true, ""},       {"project", Type::object_of(project_), true, ""},
            {"area", Type::decimal(2), true, ""},     {"parts", Type::list(Type::money("CNY")), false, ""},
            {"count", Type::integer(), false, ""},    {"usd", Type::money("USD"), false, ""}};
        env_.self = contract_;
        env_.schema = &schema_;
        row_.key = 7;
        row_.values = {Value::money({10050, {}}),
                       Value::string("active"),
                       Value::date(*Date::of(2026, 1, 31)),
                       Value(),
                       Value::decimal({1250, 2}),
                       Value::list({Value::money({1, {}}), Value::money({2, {}})}),
                       Value::integer(3),
                       Value::money(*Money::parse_yuan("5", *Currency::parse("USD")))};
        parent_.key = 1;
        parent_.values = {Value::string("harbour"), Value::string("provincial"), Value()};
    }
    std::string run(std::string_view text) {
        const auto p = compile(text, env_);
        if (!p) return "refused " + text_of(p.error());
        Activation a;
        a.self = &row_;
        a.variables = variables_;
        const auto v = p->evaluate(a);
        return v ? v->debug_text() : "error " + v.error().text();
    }
    std::vector<std::string> risks(std::string_view text) {
        const auto p = compile(text, env_);
        if (!p) return {text_of(p.error())};
        std::vector<std::string> list;
        for (const NullRisk& r : p->may_fail_on_null()) list.push_back(r.place + " " + r.path);
        return list;
    }
    std::string refusal(std::string_view text) {
        const auto p = compile(text, env_);
        std::string s = p ? "accepted" : text_of(p.error());
        if (s.ends_with('\n')) s.pop_back();
        return s;
    }
    Schema schema_;
    ObjectType *project_, *contract_;
    Env env_;
    Row row_, parent_;
    std::vector<Value> variables_;
};

TEST_F(Cel, dates_and_periods_have_the_methods_of_offices) {
    EXPECT_EQ(run("date('2026-01-31').addMonths(1)"), "2026-02-28");
    EXPECT_EQ(run("date('2026-03-01').addDays(-1)"), "2026-02-28");
    EXPECT_EQ(run("date('2026-03-01') - date('2026-02-01')"), "28");
    EXPECT_EQ(run("opened.year() * 10000 + opened.month() * 100 + opened.day()"), "20260131");
    EXPECT_EQ(run("date('2026-02-01').weekday()"), "7");
    EXPECT_EQ(run("opened.period('quarter')"), "2026Q1");
    EXPECT_EQ(run("opened.period('half') == period('2026H1')"), "true");
    EXPECT_EQ(run("period('2026H1').lastDay()"), "2026-06-30");
    EXPECT_EQ(run("period('2026Q2').firstDay()"), "2026-04-01");
    EXPECT_EQ(run("period('2026').contains(opened)"), "true");
    EXPECT_EQ(run("period('2025Q4') < period('2026Q1')"), "true");
    EXPECT_EQ(run("period('2026H1') < period('2026')").substr(0, 5), "error");
    EXPECT_EQ(run("date('9999-12-31').addDays(1)").substr(0, 5), "error");
    EXPECT_EQ(run("date('2026-01-01').addMonths(9223372036854775807)").substr(0, 5), "error");
    EXPECT_EQ(run("string(opened) + string(period('2026'))"), "\"2026-01-312026\"");
}

TEST_F(Cel, decimals_and_money_are_exact_and_round_only_when_told) {
    EXPECT_EQ(run("decimal('1.25') + 1"), "2.25");
    EXPECT_EQ(run("2 * decimal('1.25')"), "2.50");
    EXPECT_EQ(run("decimal('1.50') == decimal('1.5')"), "true");
    EXPECT_EQ(run("decimal('2.00') == 2 && 2 < decimal('2.01')"), "true");
    EXPECT_EQ(run("decimal('1').div(3, 4)"), "0.3333");
    EXPECT_EQ(run("5.div(2, 0)"), "3");
    EXPECT_EQ(run("5.div(2, 0, 'half_even')"), "2");
    EXPECT_EQ(run("5.div(2, 0, 'down')"), "2");
    EXPECT_EQ(run("decimal('-2.5').round(0)"), "-3");
    EXPECT_EQ(run("decimal('1').div(0, 2)").substr(0, 5), "error");
    EXPECT_EQ(run("yuan('12.50') + yuan(12)"), "24.50 CNY");
    EXPECT_EQ(run("yuan('0.05') * decimal('0.5')"), "0.03 CNY");
    EXPECT_EQ(run("money('3', 'USD') < usd"), "true");
    EXPECT_EQ(run("yuan(1).div(yuan(3), 4)"), "0.3333");
    EXPECT_EQ(run("amount > yuan(100) && amount <= yuan('100.50')"), "true");
    EXPECT_EQ(run("sum(parts)"), "0.03 CNY");
    EXPECT_EQ(run("sum(parts.filter(x, x > yuan(1)))"), "0.00 CNY");
    EXPECT_EQ(run("abs(yuan(-3)) == greatest(yuan(1), yuan(3), yuan(2))"), "true");
    EXPECT_EQ(run("yuan(9223372036854775807)").substr(0, 7), "refused");
    EXPECT_EQ(run("yuan(92233720368547758) * 2").substr(0, 5), "error");
    EXPECT_EQ(run("double(area)"), "12.5");
}

TEST_F(Cel, decimals_money_and_currencies_are_kept_apart_when_checking) {
    EXPECT_EQ(refusal("area > 1.5"),
              "1:6: > cannot join decimal(2) and double (decimals never meet doubles: write decimal('1.5'))");
    EXPECT_EQ(refusal("amount > 100"), "1:8: > cannot join money(CNY) and int (write yuan(100) or yuan('12.50'))");
    EXPECT_EQ(refusal("amount + usd > amount").substr(0, 7), "1:8: + ");
    EXPECT_EQ(refusal("opened < '2026-01-01'").find("date('2026-01-31')") != std::string::npos, true);
    EXPECT_EQ(refusal("area / 2 > 1").find("a.div(b, 2)") != std::string::npos, true);
    EXPECT_EQ(refusal("date('2026-02-30') == opened").substr(0, 4), "1:1:");
}

TEST_F(Cel, mistakes_are_all_reported_with_line_column_and_hint) {
    EXPECT_EQ(refusal("amont > yuan(1) &&\n  statuss == 'a'"),
              "1:1: no variable or field is called \"amont\" (did you mean \"amount\"?)\n2:3: no variable or field is "
              "called \"statuss\" (did you mean \"status\"?)");
    EXPECT_EQ(refusal("'中文' == status && project.nam == 'x'"),
              "1:27: project has no field \"nam\" (did you mean \"name\"?)");
    EXPECT_EQ(refusal("status.startWith('a')").find("startsWith") != std::string::npos, true);
    EXPECT_EQ(refusal("amount ="), "1:8: unexpected character \"=\" (equality is ==)");
    EXPECT_EQ(refusal("1 +"), "1:4: expected a value, found end of the text");
    EXPECT_EQ(refusal("size(3) == 1").substr(0, 4), "1:1:");
    env_.expected = Type::boolean();
    EXPECT_EQ(refusal("amount").find("bool is wanted") != std::string::npos, true);
}

TEST_F(Cel, null_spreads_through_unset_references_and_stops_at_order) {
    EXPECT_EQ(run("project.level"), "null");
    EXPECT_EQ(run("project.parent.parent.name == null"), "true");
    EXPECT_EQ(run("project.level == 'provincial'"), "false");
    EXPECT_EQ(run("project.level < 'z'").substr(0, 5), "error");
    EXPECT_EQ(run("has(project) || has(project.level) || has(opened)"), "true");
    EXPECT_EQ(run("has(project)"), "false");
    EXPECT_EQ(run("orElse(project.level, 'none')"), "\"none\"");
    EXPECT_EQ(run("null.x").substr(0, 7), "refused");
    row_.values[3] = Value::object(project_, &parent_);
    EXPECT_EQ(run("project.level == 'provincial' && project.name.size() == 7 && project == project"), "true");
}

TEST_F(Cel, nullable_uses_are_listed_unless_a_test_guards_them) {
    using List = std::vector<std::string>;
    EXPECT_EQ(risks("amount > yuan(1)"), (List{"1:1 amount"}));
    EXPECT_EQ(risks("amount == yuan(1)"), List{});
    EXPECT_EQ(risks("amount != null && amount > yuan(1)"), List{});
    EXPECT_EQ(risks("amount > yuan(1) && amount != null"), List{});  // && absorbs the error
    EXPECT_EQ(risks("amount == null || amount > yuan(1)"), List{});
    EXPECT_EQ(risks("amount != null || amount > yuan(1)"), (List{"1:19 amount"}));
    EXPECT_EQ(risks("has(amount) && amount > yuan(1)"), List{});
    EXPECT_EQ(risks("amount != null ? amount > yuan(1) : false"), List{});
    EXPECT_EQ(risks("amount == null ? amount > yuan(1) : false"), (List{"1:18 amount"}));
    EXPECT_EQ(risks("!(amount == null) && amount > yuan(1)"), List{});
    EXPECT_EQ(risks("project.level < 'z'"), (List{"1:9 project.level"}));
    EXPECT_EQ(risks("project.level != null && project.level < 'z'"), List{});
    EXPECT_EQ(risks("project != null && project.name < 'z'"), List{});
    EXPECT_EQ(risks("project != null && project.level < 'z'"), (List{"1:28 project.level"}));
    EXPECT_EQ(risks("project.level == 'x' && project.level.size() == 1"), List{});
    EXPECT_EQ(risks("orElse(amount, yuan(0)) > yuan(1)"), List{});
    EXPECT_EQ(risks("(amount != null || opened != null) && amount > yuan(1)"), (List{"1:39 amount"}));
    EXPECT_EQ(risks("opened.year() == 2026"), (List{"1:1 opened"}));
}

TEST_F(Cel, a_guarded_expression_never_fails_on_null) {
    const std::vector<std::string> atoms = {"amount != null",    "amount == null", "has(amount)",
                                            "amount > yuan(1)",  "opened == null", "opened < date('2026-01-01')",
                                            "status == 'active'"};
    std::uint64_t state = 88172645463325252ULL;
    const auto roll = [&](std::size_t n) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return static_cast<std::size_t>(state % n);
    };
    std::function<std::string(int)> make = [&](int depth) -> std::string {
        if (depth == 0) return atoms[roll(atoms.size())];
        switch (roll(5)) {
            case 0: return "(" + make(depth - 1) + " && " + make(depth - 1) + ")";
            case 1: return "(" + make(depth - 1) + " || " + make(depth - 1) + ")";
            case 2: return "!(" + make(depth - 1) + ")";
            case 3: return "(" + make(depth - 1) + " ? " + make(depth - 1) + " : " + make(depth - 1) + ")";
            default: return make(depth - 1);
        }
    };
    int guarded = 0;
    for (int n = 0; n < 3000; ++n) {
        const std::string text = make(1 + static_cast<int>(roll(4)));
        const auto p = compile(text, env_);
        ASSERT_TRUE(p.has_value()) << text << text_of(p.error());
        if (!p->may_fail_on_null().empty()) continue;
        ++guarded;
        for (int unset = 0; unset < 4; ++unset) {
            Row row = row_;
            if (unset & 1) row.values[0] = Value();
            if (unset & 2) row.values[2] = Value();
            Activation a;
            a.self = &row;
            ASSERT_TRUE(p->evaluate(a).has_value()) << text << " unset " << unset;
        }
    }
    EXPECT_GT(guarded, 300);
}

TEST_F(Cel, paths_read_are_listed_for_dependencies) {
    const auto p = compile(
        "amount > yuan(100) && project.parent.level == 'x' && this.status == 'a' && [1].all(e, e < count)", env_);
    ASSERT_TRUE(p.has_value()) << text_of(p.error());
    EXPECT_EQ(p->paths(), (std::vector<std::vector<std::string>>{
                              {"amount"}, {"project", "parent", "level"}, {"status"}, {"count"}}));
    EXPECT_EQ(p->result_type().text(), "bool");
    EXPECT_FALSE(p->nullable());
    EXPECT_TRUE(compile("project.level", env_)->nullable());
}

TEST_F(Cel, variables_have_slots_and_shadow_fields) {
    EXPECT_EQ(env_.variable("old", Type::object_of(contract_)), 0);
    EXPECT_EQ(env_.variable("count", Type::string()), 1);
    Row old = row_;
    old.values[6] = Value::integer(1);
    variables_ = {Value::object(contract_, &old), Value::string("mine")};
    EXPECT_EQ(run("old.count < this.count && count == 'mine' && old == this"), "true");
}

class TestHost final : public Host {
  public:
    Result<Value> query(const SqlQuery& q, std::span<const Value> params) override {
        sql = q.sql;
        given.assign(params.begin(), params.end());
        return answer;
    }
    Result<Value> figure(std::string_view code, const Value& unit, const Value& period) override {
        sql = std::string(code) + " " + unit.debug_text() + " " + period.debug_text();
        return answer;
    }
    std::string sql;
    std::vector<Value> given;
    Value answer = Value::integer(2);
};

TEST_F(Cel, queries_become_sql_with_outer_values_as_parameters) {
    env_.queries = true;
    const auto run_with = [&](std::string_view text, TestHost& host) {
        const auto p = compile(text, env_);
        if (!p) return "refused " + text_of(p.error());
        Activation a;
        a.self = &row_;
        a.host = &host;
        const auto v = p->evaluate(a);
        return v ? v->debug_text() : "error " + v.error().text();
    };
    TestHost host;
    EXPECT_EQ(run_with("count(contract, it.status == status && it.amount > yuan(5) && it != this) < 3", host), "true");
    EXPECT_EQ(host.sql.find("active"), std::string::npos);
    ASSERT_EQ(host.given.size(), 3u);
    EXPECT_EQ(host.given[0].debug_text(), "\"active\"");
    EXPECT_EQ(host.given[1].debug_text(), "500");
    EXPECT_EQ(host.given[2].debug_text(), "7");
    EXPECT_EQ(run_with("sum(contract, it.amount, it.project == project)", host), "0.02 CNY");
    EXPECT_EQ(run_with("exists(contract, it.area == area) ? 'yes' : 'no'", host), "\"yes\"");
    EXPECT_EQ(host.given[0].debug_text(), "1250");
    EXPECT_EQ(run_with("exists(contract, it.status.matches('a'))", host).substr(0, 7), "refused");
    EXPECT_EQ(run_with("sum([1, 2, 3])", host), "6");
    const auto p = compile("exists(contract, it.status == status && it.count > 1)", env_);
    ASSERT_TRUE(p.has_value());
    EXPECT_EQ(p->queries()[0].fields, (std::vector<std::string>{"count", "status"}));
    EXPECT_EQ(p->queries()[0].equal_fields, (std::vector<std::string>{"status"}));
    env_.queries = false;
    EXPECT_EQ(refusal("count(contract, true) > 1").find("only rules") != std::string::npos, true);
}

TEST_F(Cel, figures_are_read_through_the_host_where_allowed) {
    env_.figures = true;
    env_.figure_type = [](std::string_view code) {
        return code == "area" ? std::optional<Type>(Type::integer()) : std::nullopt;
    };
    TestHost host;
    row_.values[3] = Value::object(project_, &parent_);
    const auto p = compile("figure('area', project, period('2026H1')) > 1", env_);
    ASSERT_TRUE(p.has_value()) << text_of(p.error());
    Activation a;
    a.self = &row_;
    a.host = &host;
    EXPECT_EQ(p->evaluate(a)->debug_text(), "true");
    EXPECT_EQ(host.sql, "area project#1 2026H1");
    EXPECT_EQ(p->figures(), (std::vector<std::string>{"area"}));
    EXPECT_EQ(refusal("figure('aria', project, period('2026')) > 1").substr(0, 4), "1:1:");
    env_.figures = false;
    EXPECT_EQ(refusal("figure('area', project, period('2026')) > 1").find("only rules") != std::string::npos, true);
}

std::string times(int n, const std::string& s) {
    std::string r;
    for (int i = 0; i < n; ++i) r += s;
    return r;
}

TEST_F(Cel, nesting_is_accepted_to_the_limit_and_refused_beyond) {
    EXPECT_EQ(run(times(99, "(") + "1" + times(99, ")")), "1");
    EXPECT_EQ(run(times(100, "[") + "1" + times(100, "]")).substr(0, 7), "refused");
    for (const std::string open : {"(", "[", "{1:", "!", "-", "size(", "a[", "true ? 1 : ", "has(", "[1].map(x, "})
        EXPECT_EQ(run(times(60000 / static_cast<int>(open.size()), open)).substr(0, 7), "refused") << open;
    EXPECT_EQ(run("1" + times(300, " + 1")), "301");
    EXPECT_EQ(run("1" + times(16000, " + 1")).substr(0, 7), "refused");
    EXPECT_EQ(run("a" + times(30000, ".b")).substr(0, 7), "refused");
    EXPECT_EQ(run("true" + times(5000, " && true")), "true");
    EXPECT_EQ(run(times(24, "false ? 1 : ") + "2"), "2");
    EXPECT_EQ(run(std::string(70000, ' ') + "1").substr(0, 7), "refused");
    EXPECT_EQ(run("\xff").substr(0, 7), "refused");
}

TEST_F(Cel, evaluation_stops_at_its_step_limit_even_under_absorption) {
    const std::string ten = "[1,2,3,4,5,6,7,8,9,10]";
    std::string text = "true";
    for (int i = 0; i < 8; ++i) text = ten + ".all(x" + std::to_string(i) + ", " + text + ")";
    EXPECT_NE(run(text).find("too many steps"), std::string::npos);
    EXPECT_NE(run("false || " + text).find("too many steps"), std::string::npos);
    std::string doubling = "'aaaaaaaaaaaaaaaa'";
    for (int i = 0; i < 60; ++i) doubling += ".replace('a', 'aa')";
    EXPECT_EQ(run(doubling).substr(0, 5), "error");
    std::string sharing = "[1]";
    for (int i = 0; i < 40; ++i) sharing = "[" + sharing + "].map(v, [v, v])[0]";
    EXPECT_EQ(run("(" + sharing + ") == (" + sharing + ")").substr(0, 5), "error");
    EXPECT_EQ(run("'%.999999999f'.format([1.0])").substr(0, 5), "error");
    EXPECT_EQ(run("'a'.matches('((a{100}){100}){100}')").substr(0, 5), "error");
}

TEST_F(Cel, a_result_outlives_the_record_it_was_read_from) {
    struct Borrower final : Object {
        std::string text = "a text long enough to live on the heap";
        Value field(int) const override { return Value::borrowed(text); }
        std::int64_t id() const override { return 1; }
    };
    auto row = std::make_unique<Borrower>();
    const auto p = compile("[status, status][1]", env_);
    const auto q = compile("status", env_);
    Activation a;
    a.self = row.get();
    const Value v = *p->evaluate(a), w = *q->evaluate(a);
    row.reset();
    EXPECT_EQ(v.text(), "a text long enough to live on the heap");
    EXPECT_EQ(w.text(), v.text());
}

TEST_F(Cel, printed_text_parses_to_the_same_tree) {
    for (const std::string text : {"-(1) + -1 - (2 - 3)", "!(a && b) || c", "(a ? b : c) ? d : e ? f : g",
                                   "a.b['x'].c(1, 2)[3]", "[1, 2u, 0.5, b'\\xff', r'\\n', \"\\u4e2d\"]",
                                   "{'a': 1, 2: [x.all(i, v, i == v)]}", "has(a.b) && .x.y == null", "- -1", "-(-x)",
                                   "!!x", "(-1).f()", "a.`b-c`", "1 - (2 + 3) * 4 % 5", "1e30 + -0.0"}) {
        const auto once = reprint(text);
        ASSERT_TRUE(once.has_value()) << text << text_of(once.error());
        const auto twice = reprint(*once);
        ASSERT_TRUE(twice.has_value()) << *once;
        EXPECT_EQ(*once, *twice);
    }
    EXPECT_EQ(*reprint("( a+b )*c"), "(a + b) * c");
}

TEST(JsonLines, malformed_lines_give_error_lines) {
    for (const std::string line :
         {"", "{", "[]", "{}", "{\"expr\":1}", "{\"expr\":\"1\",\"bindings\":{\"x\":{\"int\":\"q\"}}}",
          "{\"expr\":\"x\",\"bindings\":{\"x\":{\"list\":5}}}", "{\"expr\":\"1 +\"}", "{\"expr\":\"\\ud800\"}",
          "\xff\xfe", "{\"expr\":\"[[1]].map(x, x[0] / 0)\"}"})
        EXPECT_NE(answer_line(line).find("\"error\""), std::string::npos) << line;
    EXPECT_EQ(answer_line("{\"name\":\"n\",\"expr\":\"'\\u4e2d' + x\",\"bindings\":{\"x\":{\"string\":\"a\"}}}"),
              "{\"name\":\"n\",\"value\":{\"string\":\"中a\"}}");
    EXPECT_NE(answer_line(std::string(100, '[')).find("\"error\""), std::string::npos);
}

TEST(Numbers, times_and_durations_read_what_they_write) {
    for (const std::string t :
         {"2009-02-13T23:31:30Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.5Z"}) {
        const auto p = parse_timestamp(t);
        ASSERT_TRUE(p.has_value()) << t;
        EXPECT_EQ(timestamp_text(p->first, p->second), t);
    }
    for (const std::string t : {"", "2009-02-30T00:00:00Z", "2009-02-13", "2009-02-13T24:00:00Z", "2009-02-13T23:31:30",
                                "10000-01-01T00:00:00Z", "infinite-future"})
        EXPECT_FALSE(parse_timestamp(t)) << t;
    EXPECT_EQ(*parse_duration("1h30m"), 5'400'000'000'000);
    EXPECT_EQ(*parse_duration("-1.5s"), -1'500'000'000);
    EXPECT_EQ(duration_text(std::numeric_limits<std::int64_t>::min()), "-9223372036.854775808s");
    for (const std::string t : {"", "s", "1", "1.s2", "1x", ".s", "9223372037s"}) EXPECT_FALSE(parse_duration(t)) << t;
}
}  // namespace
}  // namespace yipan::cel
