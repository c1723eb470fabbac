// Reading schemes and tables: every mistake at once, each with its place and the way out.
#include <rapidcheck.h>

#include <cmath>

#include "score/output.h"
#include "score/test_support.h"

namespace yipan::score {
namespace {

TEST(Scheme, every_mistake_is_told_at_once_with_its_place) {
    const auto scheme = parse_scheme(R"(scheme: s
tie: dense
display: 99
tree:
  code: total
  children:
    - indicator: x
      weight: -1
      direction: sideways
      formula: {kind: minmax, ranges: [0, 1]}
    - indicator: x
      formula: {kind: unknown}
    - indicator: z
    - code: empty
)",
                                     "s.yaml");
    ASSERT_FALSE(scheme);
    const std::string text = text_of(scheme.error());
    for (const char* part : {"s.yaml:2:1: a scheme has no key \"tie\"", "s.yaml:3:10: display is 99",
                             "s.yaml:8:15: weight is -1", "s.yaml:9:18: direction is \"sideways\" (one of up down)",
                             "s.yaml:10:31: formula minmax has no key \"ranges\"",
                             "s.yaml:11:18: code \"x\" stands twice", "s.yaml:12:23: there is no formula \"unknown\"",
                             "indicator \"z\" has no formula", "\"empty\" has no indicators"})
        EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
    EXPECT_EQ(scheme.error().size(), 9u) << text;
    for (const Error& error : scheme.error()) EXPECT_FALSE(error.hint.empty()) << error.text();
}
TEST(Scheme, a_mistake_seen_in_every_variant_is_told_once) {
    const auto scheme = parse_scheme(
        "scheme: s\nvariants: {a: , b: }\ntree:\n  code: t\n  children:\n    - {indicator: x, formula: {kind: "
        "nothing}}\n",
        "s.yaml");
    ASSERT_FALSE(scheme);
    EXPECT_EQ(scheme.error().size(), 1u) << text_of(scheme.error());
}
void expect_refused(const std::string& yaml, const std::string& message) {
    const auto scheme = parse_scheme(yaml, "s.yaml");
    ASSERT_FALSE(scheme) << message;
    EXPECT_NE(text_of(scheme.error()).find(message), std::string::npos) << text_of(scheme.error());
}
std::string with(const std::string& head,
                 const std::string& leaf = "{indicator: x, weight: 10, formula: {kind: minmax}}") {
    return "scheme: s\n" + head + "tree:\n  code: t\n  children:\n    - " + leaf + "\n";
}
TEST(Scheme, contradictions_are_refused) {
    expect_refused(with("total: 100\n"), "sum to 10, not 100");
    expect_refused(with("weights: points\naggregate: geometric\n"), "points can only be added");
    expect_refused(with("weights: points\n", "{indicator: x, formula: {kind: minmax}}"), "weight is missing");
    expect_refused(with("weights: points\n", "{indicator: x, weight: 3, formula: {kind: zscore}}"), "no full marks");
    expect_refused(with("", "{indicator: x, direction: down, formula: {kind: fraction_of_max}}"),
                   "no meaning for direction down");
    expect_refused(with("", "{indicator: x, formula: {kind: ratio_target, target: 0}}"), "target is 0");
    expect_refused(with("", "{indicator: x, formula: {kind: ratio_target}}"), "target is missing");
    expect_refused(with("", "{indicator: x, formula: {kind: goalposts, posts: [85, 20]}}"), "does not rise");
    expect_refused(with("", "{indicator: x, transform: log, formula: {kind: goalposts, posts: [0, 20]}}"),
                   "not above 0");
    expect_refused(with("", "{indicator: x, transform: log, formula: {kind: ratio_target, target: 3}}"),
                   "does not take a transform");
    expect_refused(with("classes: {quotas: {A: 20, B: 70}}\n"), "the quotas sum to 90%");
    expect_refused(with("classes: {thresholds: {A: 60, B: 70}}\n"), "thresholds must fall");
    expect_refused(with("order: [sum, bonus]\n"), "from sum to veto");
    expect_refused(with("difficulty: {factors: {A: 1.1}}\n"), "order is missing");
    expect_refused(with("cap: 100\norder: [sum, veto]\n"), "leaves out \"caps\"");
    expect_refused(with("events: {bonus: [{item: a, group: g}]}\n"), "which has no cap");
    expect_refused(with("events: {veto: [{item: a, effect: force_class, class: D}]}\n"),
                   "class \"D\", which is not declared");
    expect_refused(with("rank_rules: [{last: 3, times: 3, years: 2}]\n"), "times is above years");
    expect_refused(with("variants: {a: , b: }\n", "{indicator: x, weight: {a: 1}, formula: {kind: minmax}}"),
                   "no entry for variant \"b\"");
    expect_refused(
        "scheme: s\ntree:\n  code: t\n  children:\n    - {indicator: x, formula: {kind: minmax}}\n    - {indicator: y, "
        "formula: {kind: percentile}}\n",
        "mixes scales");
    expect_refused(
        "scheme: s\nweights: points\nformula: {kind: minmax}\ntree:\n  code: t\n  children:\n    - code: g\n      "
        "weight: 5\n      children: [{indicator: x, weight: 3}]\n",
        "\"g\" has 5 points but its children have 3");
    expect_refused("scheme: [\n", "s.yaml:2");
    expect_refused("", "a scheme is not a map");
}
TEST(Scheme, the_tree_is_bounded) {
    std::string yaml = "scheme: s\ntree:\n";
    for (int depth = 0; depth <= tree_depth_max; ++depth) {
        const std::string pad(static_cast<std::size_t>(2 + 4 * depth), ' ');
        yaml += (depth ? std::string(static_cast<std::size_t>(4 * depth), ' ') + "- " : pad) + "code: n" +
                std::to_string(depth) + "\n" + pad + "children:\n";
    }
    expect_refused(yaml, "deeper than 12 levels");
}
TEST(Scheme, attributes_of_an_indicator_are_kept) {
    const Scheme scheme = scheme_of(with("",
                                         "{indicator: x, label: [简, 繁, en], alias: [甲, 乙], direction: down, unit: "
                                         "万元, period: '2024', department: 统计局, "
                                         "evidence: 年鉴, figure: tax_total, window: ytd, formula: {kind: minmax}}"));
    const Node& node = scheme.variants[0].nodes[1];
    EXPECT_EQ(node.label[1], "繁");
    EXPECT_EQ(node.indicator->aliases, (std::vector<std::string>{"甲", "乙"}));
    EXPECT_EQ(node.indicator->direction, Direction::down);
    EXPECT_EQ(node.indicator->unit + node.indicator->period + node.indicator->department + node.indicator->evidence,
              "万元2024统计局年鉴");
    EXPECT_EQ(node.indicator->figure, "tax_total");
    EXPECT_EQ(node.indicator->window, "ytd");
}
TEST(Scheme, every_shipped_scheme_parses_and_names_its_source_and_three_labels) {
    for (const char* name : {"hdi", "asem", "wanjiang", "permu", "mofcom2021"}) {
        const Scheme scheme = shipped(name);
        EXPECT_EQ(scheme.code, name);
        EXPECT_FALSE(scheme.source.empty());
        for (const Node& node : scheme.variants[0].nodes) {
            EXPECT_NE(node.label[0], node.code) << name;
            EXPECT_FALSE(node.label[1].empty() || node.label[2].empty()) << name << node.code;
        }
    }
    std::size_t leaves = 0;
    const Scheme asem = shipped("asem");
    for (const Node& node : asem.variants[0].nodes) leaves += node.indicator.has_value();
    EXPECT_EQ(leaves, 49u);
}

/// Cuts, doubles or swaps lines and words of a shipped scheme.
std::string damaged(std::string yaml) {
    std::vector<std::string> lines;
    std::istringstream in(yaml);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    const auto times = *rc::gen::inRange(1, 4);
    for (int i = 0; i < times; ++i) {
        const auto at = *rc::gen::inRange<std::size_t>(0, lines.size());
        const auto other = *rc::gen::inRange<std::size_t>(0, lines.size());
        const std::string word =
            *rc::gen::element<std::string>("-1", "0", "1e308", "points", "relative", "geometric", "[]", "{}", "~",
                                           "zscore", "log", "down", "peer_mean", "{column: le}", "mean", "x");
        switch (*rc::gen::inRange(0, 4)) {
            case 0: lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(at)); break;
            case 1: lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(at), lines[other]); break;
            case 2: std::swap(lines[at], lines[other]); break;
            default: {
                const auto colon = lines[at].find(": ", *rc::gen::inRange<std::size_t>(0, lines[at].size() + 1));
                if (colon == std::string::npos) break;
                const auto end = std::min(lines[at].find_first_of(",}", colon), lines[at].size());
                lines[at].replace(colon + 2, end - std::min(end, colon + 2), word);
            }
        }
        if (lines.empty()) break;
    }
    std::string out;
    for (const std::string& line : lines) out += line + "\n";
    return out;
}
TEST(Scheme, a_damaged_scheme_is_refused_with_places_or_scores_finite_numbers_with_reasons) {
    std::vector<std::string> texts;
    for (const char* name : {"hdi", "wanjiang", "permu", "mofcom2021"})
        texts.push_back(*read_file(std::string(YIPAN_SOURCE_DIR) + "/schemes/" + name + ".yaml"));
    EXPECT_TRUE(rc::check("no crash, no silent number", [&texts] {
        const auto scheme = parse_scheme(damaged(*rc::gen::elementOf(texts)), "d.yaml");
        if (!scheme) {
            RC_ASSERT(!scheme.error().empty());
            for (const Error& error : scheme.error()) RC_ASSERT(error.where.rfind("d.yaml", 0) == 0);
            return;
        }
        Table table = table_of({"A", "B", "C"}, {});
        for (Unit& unit : table.units) unit.group = "g";
        for (const Variant& variant : scheme->variants)
            for (const Node& node : variant.nodes)
                table.columns[node.code] = {*rc::gen::inRange(-5, 100), *rc::gen::inRange(0, 3), std::nullopt};
        for (const Variant& variant : scheme->variants) {
            const auto outcome = score(table, *scheme, {variant.code, "t"});
            if (!outcome) continue;
            for (const UnitOutcome& unit : outcome->units) {
                RC_ASSERT(unit.total.has_value() != !unit.reason.empty());
                for (const Cell& cell : unit.cells) {
                    RC_ASSERT((!cell.value || std::isfinite(*cell.value)));  // inner brackets keep the short circuit
                    RC_ASSERT((cell.value || !cell.reason.empty() || cell.has(Flag::not_assessed)));
                }
            }
            RC_ASSERT(to_json(*outcome, true).find("nan") == std::string::npos);
        }
    }));
}

const Scheme& plain() {
    static const Scheme scheme = scheme_of(
        "scheme: s\nformula: {kind: value}\ntree:\n  code: t\n  children:\n    - {indicator: tax, label: [亩均税收, "
        "畝均稅收, Tax], alias: [税收]}\n    - {indicator: jobs}\n");
    return scheme;
}
TEST(Csv, reads_quotes_line_ends_byte_order_mark_and_aliases) {
    const auto table = table_from_csv(
        "\xEF\xBB\xBFunit,name,税收,jobs,group,class,\"other, column\"\r\n\"A\",\"甲 \"\"厂\"\"\nB "
        "区\",1.5,NA,东,规上,x\r\n\r\nB,,-2e3,+4,西,规下,\r\n",
        plain());
    ASSERT_TRUE(table) << text_of(table.error());
    ASSERT_EQ(table->units.size(), 2u);
    EXPECT_EQ(table->units[0].name, "甲 \"厂\"\nB 区");
    EXPECT_EQ(table->units[1].name, "B");
    EXPECT_EQ(table->units[1].group + table->units[1].unit_class, "西规下");
    EXPECT_EQ(table->cell("tax", 0), 1.5);
    EXPECT_EQ(table->cell("tax", 1), -2000);
    EXPECT_EQ(table->cell("jobs", 0), std::nullopt);
    EXPECT_EQ(table->cell("jobs", 1), 4);
    EXPECT_EQ(table->ignored_columns, std::vector<std::string>{"other, column"});
}
TEST(Csv, every_bad_cell_is_named_with_row_column_value_and_reason) {
    const auto table =
        table_from_csv("unit,tax,jobs\nA,\"1,234\",5\nB,12%,x\nA,1,nan\nC,1\n,1,1e999\n", plain(), "d.csv");
    ASSERT_FALSE(table);
    const std::string text = text_of(table.error());
    for (const char* part :
         {"d.csv:2:tax: \"1,234\" is not a number", "d.csv:3:tax: \"12%\"", "d.csv:3:jobs: \"x\"",
          "d.csv:4: unit \"A\" stands twice", "d.csv:4:jobs: \"nan\"", "d.csv:5: the row has 2 fields, the header 3",
          "d.csv:6: the unit is empty", "d.csv:6:jobs: \"1e999\" is too large"})
        EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
    EXPECT_EQ(table.error().size(), 8u) << text;
}
TEST(Csv, an_empty_table_an_open_quote_and_a_double_column_are_refused) {
    EXPECT_FALSE(table_from_csv("", plain()));
    EXPECT_FALSE(table_from_csv("unit,tax\nA,\"1\n", plain()));
    const auto twice = table_from_csv("unit,tax,亩均税收\nA,1,2\n", plain(), "d.csv");
    ASSERT_FALSE(twice);
    EXPECT_NE(twice.error()[0].text().find("d.csv:1:亩均税收: two columns stand for \"tax\""), std::string::npos)
        << twice.error()[0].text();
    EXPECT_FALSE(table_from_csv(std::string(csv_bytes_max + 1, 'x'), plain()));
}
TEST(Csv, a_column_named_by_a_formula_is_read) {
    const Scheme scheme = scheme_of(with("", "{indicator: x, formula: {kind: ratio_target, target: {column: goal}}}"));
    const auto table = table_from_csv("unit,x,goal\nA,5,10\n", scheme);
    ASSERT_TRUE(table);
    EXPECT_EQ(*score(*table, scheme)->units[0].total, 50);
}
TEST(Csv, a_name_that_two_indicators_share_stands_for_neither_and_is_listed) {
    const Scheme scheme = scheme_of(
        "scheme: s\nformula: {kind: value}\ntree:\n  code: t\n  children:\n    - {indicator: a, alias: 增速}\n    - "
        "{indicator: b, alias: 增速}\n");
    const auto table = table_from_csv("unit,增速,a\nA,5,6\n", scheme);
    ASSERT_TRUE(table) << text_of(table.error());
    EXPECT_EQ(table->ignored_columns, std::vector<std::string>{"增速"});
    EXPECT_FALSE(table->columns.count("b"));
}
TEST(Docs, every_formula_and_policy_stands_in_the_reference) {
    const auto docs = read_file(std::string(YIPAN_SOURCE_DIR) + "/docs/schemes.md");
    ASSERT_TRUE(docs);
    for (int kind = 0; kind <= static_cast<int>(FormulaKind::scaled); ++kind) {
        const std::string name(formula_name(static_cast<FormulaKind>(kind)));
        EXPECT_TRUE(docs->find("| " + name + " |") != std::string::npos ||
                    docs->find("| " + name + ",") != std::string::npos ||
                    docs->find(", " + name + " |") != std::string::npos)
            << name;
    }
}
TEST(Csv, events_are_read_with_their_papers_and_unknown_columns_are_refused) {
    const auto events = events_from_csv(
        "unit,item,points,count,date,reason,basis,decider\nA,late,,2,2024-05-01,\"late, "
        "twice\",law,body\nB,award,1.5,,,,,\n");
    ASSERT_TRUE(events) << text_of(events.error());
    ASSERT_EQ(events->size(), 2u);
    EXPECT_EQ((*events)[0].count, 2);
    EXPECT_EQ((*events)[0].points, std::nullopt);
    EXPECT_EQ((*events)[0].reason + (*events)[0].basis + (*events)[0].decider, "late, twicelawbody");
    EXPECT_EQ((*events)[1].points, 1.5);
    EXPECT_EQ((*events)[1].count, 1);
    const auto refused = events_from_csv("unit,item,points,pionts\n", "e.csv");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error()[0].where, "e.csv:1:pionts");
    const auto bad = events_from_csv("unit,item,points\nA,x,y\nA,x\n", "e.csv");
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().size(), 2u) << text_of(bad.error());
    EXPECT_FALSE(events_from_csv("", "e.csv"));
}
TEST(Output, json_has_the_agreed_shape_and_17_digits) {
    const auto outcome =
        score(*table_from_csv("unit,tax,jobs,more\n\"A\"\"1\",0.1,0.3,9\nB,1,2,9\n", plain()), plain());
    ASSERT_TRUE(outcome);
    const std::string json = to_json(*outcome);
    EXPECT_EQ(
        json.rfind(
            R"({"scheme":"s","units":[{"unit":"A\"1","rank":2,"nodes":{"t":0.20000000000000001,"tax":0.10000000000000001,"jobs":0.29999999999999999},"score":0.20000000000000001)",
            0),
        0u)
        << json;
    EXPECT_NE(json.find(R"(column \"more\" is not used by the scheme and was ignored)"), std::string::npos) << json;
    EXPECT_NE(to_json(*outcome, true).find("\"explanation\":["), std::string::npos);
    EXPECT_NE(to_text(*outcome).find("note: column \"more\""), std::string::npos) << to_text(*outcome);
    EXPECT_NE(explanation_text(*outcome, outcome->units[0]).find("arithmetic mean"), std::string::npos);
}

}  // namespace
}  // namespace yipan::score
