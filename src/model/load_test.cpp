#include "model/load.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "model/slots.h"

namespace yipan::model {
namespace {

// The example of docs/model.md, made whole.
constexpr const char* organs_yaml = R"yaml(
identity: {person: person, post: post}
types:
  organ:
    label: [机构, 機構, Organ]
    key: code
    title: name
    responsible: head
    fields:
      code: {type: text, required: true, unique: true, label: [编号, 編號, Code]}
      name: {type: text, required: true, label: [名称, 名稱, Name]}
      head: {type: reference, to: post, on_delete: clear, label: [负责岗位, 負責崗位, Head]}
  post:
    label: [岗位, 崗位, Post]
    key: code
    fields:
      code: {type: text, required: true, unique: true, label: [编号, 編號, Code]}
      organ: {type: reference, to: organ, required: true, label: [机构, 機構, Organ]}
  person:
    label: [人员, 人員, Person]
    key: code
    responsible: none
    fields:
      code: {type: text, required: true, unique: true, label: [编号, 編號, Code]}
      name: {type: text, required: true, personal: true, label: [姓名, 姓名, Name]}
  organ_link:
    label: [隶属, 隸屬, Subordination]
    natural_key: [organ, valid_from]
    responsible: upper.head
    fields:
      upper: {type: reference, to: organ, required: true, label: [上级, 上級, Upper]}
      organ: {type: reference, to: organ, required: true, label: [机构, 機構, Organ]}
      valid_from: {type: date, required: true, label: [起, 起, From]}
      valid_to: {type: date, label: [止, 止, Until]}
forests:
  organs:
    label: [机构树, 機構樹, Organs]
    links:
      - {type: organ_link, parent: upper, child: organ, from: valid_from, to: valid_to}
)yaml";

constexpr const char* projects_yaml = R"yaml(
types:
  project:
    label: [项目, 項目, Project]
    key: code
    title: name
    responsible: officer
    fields:
      code: {type: text, required: true, unique: true, max_chars: 40, label: [编号, 編號, Code]}
      name: {type: text, required: true, label: [名称, 名稱, Name]}
      organ: {type: reference, to: organ, required: true, label: [机构, 機構, Organ]}
      officer: {type: reference, to: post, required: true, label: [责任岗位, 責任崗位, Officer]}
      role: {type: choice, required: true, label: [角色, 角色, Role], of: {own: [自有, 自有, Own], serve: [服务, 服務, Served]}}
      level:
        type: choice
        label: [级别, 級別, Level]
        of: {provincial: [省级, 省級, Provincial], city: [市级, 市級, City]}
      plan_start: {type: date, label: [计划开工, 計劃開工, Planned start]}
      started: {type: date, label: [开工日期, 開工日期, Started]}
      finished: {type: date, label: [竣工日期, 竣工日期, Finished]}
      permit: {type: text, label: [施工许可证, 施工許可證, Permit]}
      document: {type: number, pattern: "〔{year}〕{seq:3}号", per: [organ], label: [文号, 文號, Number]}
      area: {type: decimal, scale: 2, unit: m2, min: 0, max: "1000000.5", label: [面积, 面積, Area]}
      price: {type: money, currency: CNY, min: 0, default: "12.50", label: [单价, 單價, Price]}
      urgent: {type: boolean, default: "no", label: [紧急, 緊急, Urgent]}
      days: {type: computed, value: "started == null || plan_start == null ? null : started - plan_start", as: {type: integer}, label: [天数, 天數, Days]}
    states:
      initial: signed
      list: {signed: [签约, 簽約, Signed], started: [开工, 開工, Started]}
      moves:
        start:
          label: [开工, 開工, Start]
          from: [signed]
          to: started
          who: "post.organ == organ"
          needs:
            - {check: "permit != null", message: [须有施工许可证, 須有施工許可證, a building permit is needed]}
    rules:
      dates_in_order: {check: "finished == null || started == null || started <= finished", message: [日期倒置, 日期倒置, the dates are not in order]}
      not_late: {check: "old == null || old.code == code", message: [编号不可改, 編號不可改, the code never changes]}
      one_permit: {check: "permit == null || count(project, it.permit == permit) <= 1", message: [许可证重复, 許可證重複, the permit is used twice]}
  project_month:
    label: [项目月报, 項目月報, Project month]
    owned_by: project
    natural_key: [project, month]
    fields:
      month: {type: period, grains: [month], required: true, label: [月份, 月份, Month]}
      amount: {type: money, currency: CNY, min: 0, label: [金额, 金額, Amount]}
  project_plan:
    label: [年度计划, 年度計劃, Plan]
    natural_key: [project, year]
    responsible: project.officer
    fields:
      project: {type: reference, to: project, required: true, label: [项目, 項目, Project]}
      year: {type: period, grains: [year], required: true, label: [年度, 年度, Year]}
      amount: {type: money, required: true, label: [金额, 金額, Amount]}
figures:
  investment_lead:
    label: [超序时, 超序時, Lead]
    parts:
      rate: {figure: investment_rate}
    formula: "rate - decimal(elapsed_months * 100).div(12, 2)"
    unit_of: 个百分点
  investment_rate:
    label: [投资完成率, 投資完成率, Completion]
    parts:
      done: {figure: investment_done, window: ytd, only: {project.level: provincial}}
      plan: {figure: investment_plan, window: year}
    formula: "done.div(plan, 10) * 100"
    unit_of: "%"
  investment_done:
    label: [完成投资, 完成投資, Investment done]
    of: project_month
    sum: amount
    kind: flow
    where: "project.role != 'serve'"
    at: {where: now, unit: event, by: event, value: event}
    unit: project.organ
    period: month
    grain: month
    by: [project.level]
    forest: organs
  investment_plan:
    label: [计划投资, 計劃投資, Investment plan]
    of: project_plan
    sum: amount
    unit: project.organ
    period: year
    grain: year
    forest: organs
  projects:
    label: [项目数, 項目數, Projects]
    of: project
    count: true
    where: "permit != null && permit.size() > 3"
    at: now
    unit: organ
    by: [urgent, state]
lights:
  start_overdue:
    type: project
    applies: "state == 'signed' && plan_start != null"
    behind: "today - plan_start"
    yellow: {behind: 1, inclusive: true}
    red: {behind: 90, inclusive: false}
  investment_pace:
    figure: investment_lead
    yellow: {behind: 10, inclusive: true}
    red: {behind: 30, inclusive: false}
    streak: {colour: yellow, periods: 3, becomes: red}
    consequence: 督办函
)yaml";

std::vector<SourceFile> good_files() {
    return {{"organisation/types/organs.yaml", organs_yaml},
            {"project/types/projects.yaml", projects_yaml},
            {"report/reports/half_year.md",
             "---\nlabel: [半年报, 半年報, Half-year report]\nperiods: [half]\n---\n# {{ board:unit }}\n"},
            {"assessment/schemes/zone.yaml", "scheme: zone\n"}};
}
ModelPtr good_model() {
    auto model = load(good_files());
    EXPECT_TRUE(model) << (model ? "" : text_of(model.error()));
    return model ? *model : nullptr;
}
const Field& field_of(const Model& model, std::string_view type, std::string_view field) {
    const Type& of = model.types[static_cast<std::size_t>(model.find_type(type))];
    return of.fields[static_cast<std::size_t>(of.find(field))];
}
const Figure& figure_of(const Model& model, std::string_view code) {
    return model.figures[static_cast<std::size_t>(model.find_figure(code))];
}
}  // namespace

// What the board's clock and reports ask of a light is found once, when the model is read.
TEST(Load, knows_how_a_light_follows_time) {
    auto files = good_files();
    files.push_back({"zone/types/lights.yaml", R"yaml(
lights:
  looks_at_today: {type: project, applies: "plan_start != null && plan_start <= today", behind: "today - plan_start", yellow: {behind: 1}}
  looks_further: {type: project, applies: "plan_start != null && organ.code == 'JC'", behind: "today - plan_start", yellow: {behind: 1}}
  doubled: {type: project, applies: "plan_start != null", behind: "(today - plan_start) * 2", yellow: {behind: 1}}
)yaml"});
    const auto model = load(std::move(files));
    ASSERT_TRUE(model) << text_of(model.error());
    const auto light = [&](std::string_view code) -> const Light& {
        return *std::find_if((*model)->lights.begin(), (*model)->lights.end(), [&](const Light& l) { return l.code == code; });
    };
    const int start = (*model)->types[static_cast<std::size_t>((*model)->find_type("project"))].find("plan_start");
    EXPECT_EQ(light("start_overdue").due_field, start);
    EXPECT_TRUE(light("start_overdue").linear);
    EXPECT_FALSE(light("start_overdue").daily);
    EXPECT_TRUE(light("looks_at_today").linear);
    EXPECT_TRUE(light("looks_at_today").daily) << "it may begin to apply on any day";
    EXPECT_TRUE(light("looks_further").daily) << "the other record may change";
    EXPECT_EQ(light("doubled").due_field, start);
    EXPECT_FALSE(light("doubled").linear);
    EXPECT_TRUE(light("doubled").daily);
    EXPECT_EQ(light("investment_pace").due_field, -1);
}

TEST(Load, reads_the_example_of_the_keyword_reference) {
    const ModelPtr model = good_model();
    ASSERT_TRUE(model);
    ASSERT_EQ(model->types.size(), 7u);
    EXPECT_EQ(model->types[0].module, "organisation");
    EXPECT_EQ(model->files.size(), 4u);
    EXPECT_EQ(model->schemes.at("zone"), "scheme: zone\n");
    ASSERT_TRUE(model->find_report("half_year"));
    EXPECT_EQ(model->find_report("half_year")->label.in(Language::hant), "半年報");
    EXPECT_EQ(model->identity.post, model->find_type("post"));
    EXPECT_EQ(model->nearest_type("porject"), "project");
    EXPECT_EQ(model->nearest_figure("investment_don"), "investment_done");
    EXPECT_EQ(model->forests[0].links[0].child, 1);
}

TEST(Load, modules_are_named_and_ordered_as_they_say) {
    const auto file = [](std::string module, std::string text) {
        return SourceFile{module + "/types/a.yaml", std::move(text) + "types:\n  t_" + module +
                                                        ":\n    label: [甲, 甲, A]\n    key: code\n    responsible: none\n    watermark: " +
                                                        (module == "b" ? "true" : "false") +
                                                        "\n    fields:\n      code: {type: text, required: true, unique: true, label: [码, 碼, Code]}\n"};
    };
    const auto model = load({file("a", ""), file("b", "module: {label: [乙, 乙, Second], order: 7}\n"),
                             file("c", "module: {label: [丙, 丙, Third], order: 3, icon: star}\n")});
    ASSERT_TRUE(model.has_value());
    ASSERT_EQ((*model)->modules.size(), 3u);
    EXPECT_EQ((*model)->modules[0].code, "c");
    EXPECT_EQ((*model)->modules[0].icon, "star");
    EXPECT_EQ((*model)->modules[1].label.in(Language::en), "Second");
    EXPECT_EQ((*model)->modules[2].code, "a") << "what says nothing stands last";
    EXPECT_TRUE((*model)->types[static_cast<std::size_t>((*model)->find_type("t_b"))].watermark);
    EXPECT_FALSE((*model)->types[static_cast<std::size_t>((*model)->find_type("t_c"))].watermark);
    auto twice = file("b", "module: {label: [乙, 乙, Second]}\n");
    const SourceFile again{"b/types/b.yaml", "module: {label: [乙, 乙, Second]}\n"};
    const auto refused = load({twice, again});
    ASSERT_FALSE(refused.has_value());
    EXPECT_NE(refused.error().front().message.find("described twice"), std::string::npos);
}

TEST(Load, keeps_bounds_and_presets_in_stored_units) {
    const ModelPtr model = good_model();
    ASSERT_TRUE(model);
    EXPECT_EQ(field_of(*model, "project", "area").max, 100000050);
    EXPECT_EQ(field_of(*model, "project", "price").min, 0);
    EXPECT_EQ(field_of(*model, "project", "price").preset, "12.50");
    EXPECT_EQ(field_of(*model, "project", "document").per, (std::vector<int>{2}));
    EXPECT_EQ(field_of(*model, "person", "name").group, FieldGroup::personal);
    EXPECT_TRUE(field_of(*model, "project", "days").computed);
    EXPECT_EQ(field_of(*model, "project", "days").kind, FieldKind::integer);
}

TEST(Load, an_owned_type_begins_with_its_owner_and_inherits_the_responsible_post) {
    const ModelPtr model = good_model();
    ASSERT_TRUE(model);
    const Type& month = model->types[static_cast<std::size_t>(model->find_type("project_month"))];
    EXPECT_EQ(month.owner_field, 0);
    EXPECT_EQ(month.fields[0].code, "project");
    EXPECT_TRUE(month.fields[0].system && month.fields[0].required && month.fields[0].index);
    EXPECT_EQ(month.fields[0].on_delete, OnDelete::go_along);
    EXPECT_EQ(month.responsible, (std::vector<int>{0, 3}));
    EXPECT_EQ(month.natural_key, (std::vector<int>{0, 1}));
}

TEST(Load, states_make_the_last_field) {
    const ModelPtr model = good_model();
    ASSERT_TRUE(model);
    const Type& project = model->types[static_cast<std::size_t>(model->find_type("project"))];
    EXPECT_EQ(project.state, static_cast<int>(project.fields.size()) - 1);
    EXPECT_EQ(project.fields.back().code, "state");
    EXPECT_EQ(project.initial_state, "signed");
    ASSERT_EQ(project.moves.size(), 1u);
    EXPECT_TRUE(project.moves[0].who);
    EXPECT_EQ(project.moves[0].needs.size(), 1u);
    ASSERT_EQ(project.rules.size(), 3u);
    EXPECT_FALSE(project.rules[0].reads_others);
    EXPECT_TRUE(project.rules[2].reads_others);
    EXPECT_TRUE(field_of(*model, "project", "permit").index) << "the filter of one_permit compares it";
}

TEST(Load, a_derived_figure_stands_after_its_parts) {
    const ModelPtr model = good_model();
    ASSERT_TRUE(model);
    const Figure& lead = figure_of(*model, "investment_lead");
    const Figure& rate = figure_of(*model, "investment_rate");
    EXPECT_LT(rate.index, lead.index);
    EXPECT_LT(figure_of(*model, "investment_done").index, rate.index);
    ASSERT_EQ(rate.parts.size(), 2u);
    EXPECT_EQ(rate.parts[0].window, Window::ytd);
    EXPECT_EQ(rate.parts[0].only, (std::vector<std::optional<std::int64_t>>{1}));
    EXPECT_EQ(rate.measure.unit, "%");
    EXPECT_EQ(rate.unit_type, model->find_type("organ"));
    const Figure& done = figure_of(*model, "investment_done");
    EXPECT_EQ(done.measure.kind, Measure::Kind::money);
    EXPECT_EQ(done.condition_at, At::now);
    EXPECT_EQ(done.unit.fields, (std::vector<int>{0, 2}));
    EXPECT_EQ(done.unit_type, model->find_type("organ"));
    EXPECT_EQ(figure_of(*model, "projects").measure.unit, "个");
    EXPECT_FALSE(figure_of(*model, "projects").period);
    EXPECT_EQ(figure_of(*model, "projects").by.size(), 2u);
}

TEST(Load, is_the_same_whatever_the_order_of_the_files) {
    auto files = good_files();
    std::reverse(files.begin(), files.end());
    const auto turned = load(files);
    ASSERT_TRUE(turned);
    const ModelPtr model = good_model();
    ASSERT_EQ((*turned)->types.size(), model->types.size());
    for (std::size_t i = 0; i < model->types.size(); ++i) EXPECT_EQ((*turned)->types[i].code, model->types[i].code);
    EXPECT_TRUE((*turned)->files == model->files);
}

TEST(Load, a_field_hides_the_variable_of_its_name) {
    auto files = good_files();
    files.push_back({"z/types/z.yaml", R"yaml(
types:
  appointment:
    label: [任职, 任職, Appointment]
    responsible: post
    fields:
      post: {type: reference, to: post, required: true, label: [岗位, 崗位, Post]}
      today: {type: text, label: [甲, 甲, A]}
    rules:
      named: {check: "post.code != '' && (today == null || today != 'x') && actor != null && entry_date.year() > 2000", message: [甲, 甲, a]}
)yaml"});
    const auto model = load(files);
    ASSERT_TRUE(model) << text_of(model.error());
}

namespace {
struct Broken {
    const char* yaml;
    const char* where;    // of some error, in z/types/z.yaml
    const char* message;  // a part of its text
};
// Each stands beside the good files.
// clang-format off
const Broken broken[] = {
    {"tpyes: {}\n", "1:1", "did you mean types"},
    {"types:\n", "1:1", "has no value"},
    {"types: [a]\n", "1:8", "is not a map"},
    {"types:\n  Parcel: {label: [a, b, c], responsible: none, fields: {}}\n", "2:3", "\"Parcel\" is not a name"},
    {"types:\n  v_parcel: {label: [a, b, c], responsible: none, fields: {}}\n", "2:3", "prefix kept for the store"},
    {"types:\n  select: {label: [a, b, c], responsible: none, fields: {}}\n", "2:3", "a word of SQL"},
    {"types:\n  project: {label: [a, b, c], responsible: none, fields: {}}\n", "2:3", "the first stands at project/types/projects.yaml:3:3"},
    {"types:\n  parcel: {label: [a, b], responsible: none, fields: {}}\n", "2:19", "not three texts"},
    {"types:\n  parcel: {label: [a, ' ', c], responsible: none, fields: {}}\n", "2:19", "not three texts"},
    {"types:\n  parcel: {responsible: none, fields: {}}\n", "2:3", "\"label\" is missing"},
    {"types:\n  parcel: {label: [a, b, c], fields: {}}\n", "2:3", "\"responsible\" is missing"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {}, filds: 1}\n", "2:61", "did you mean fields"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {in: {type: text, label: [a, b, c]}}}\n", "2:58", "a word of SQL"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {x: {type: txt, label: [a, b, c]}}}\n", "2:68", "did you mean text"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {x: {label: [a, b, c]}}}\n", "2:58", "\"type\" is missing"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {x: {type: text, scale: 2, label: [a, b, c]}}}\n", "2:74", "only for decimal"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {x: {type: text, requried: true, label: [a, b, c]}}}\n", "2:74", "did you mean required"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {x: {type: text, required: yes, label: [a, b, c]}}}\n", "2:84", "neither true nor false"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {x: {type: text, max_chars: 200000, label: [a, b, c]}}}\n", "2:85", "from 1 to 100000"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {x: {type: decimal, label: [a, b, c]}}}\n", "2:58", "\"scale\" is missing"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {x: {type: money, min: 0.001, label: [a, b, c]}}}\n", "2:80", "two decimal places"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {x: {type: integer, min: 5, max: 4, label: [a, b, c]}}}\n", "2:82", "greater than max"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {x: {type: money, currency: yuan, label: [a, b, c]}}}\n", "2:85", "not a currency"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {x: {type: reference, to: porject, label: [a, b, c]}}}\n", "2:83", "did you mean project"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {x: {type: reference, to: project, required: true, on_delete: clear, label: [a, b, c]}}}\n", "2:119", "cannot be cleared"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {x: {type: choice, label: [a, b, c]}}}\n", "2:58", "\"of\" is missing"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {x: {type: choice, of: {k: [a, b, c], l: [a, d, e]}, label: [a, b, c]}}}\n", "2:98", "label of two choices"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {x: {type: period, grains: [moth], label: [a, b, c]}}}\n", "2:85", "did you mean month"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {x: {type: number, pattern: 'No {year}', label: [a, b, c]}}}\n", "2:85", "exactly once"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {x: {type: boolean, default: perhaps, label: [a, b, c]}}}\n", "2:86", "yes or no"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {x: {type: computed, value: '1', as: {type: choice}, label: [a, b, c]}}}\n", "2:101", "cannot be \"choice\""},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {x: {type: computed, value: 'y + 1', as: {type: integer}, label: [a, b, c]}}}\n", "2:85", "y"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {x: {type: computed, value: '\"t\"', as: {type: integer}, label: [a, b, c]}}}\n", "2:85", "it must give int"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {p: {type: reference, to: project, label: [a, b, c]}, x: {type: computed, value: 'p.name', as: {type: text}, label: [a, b, c]}}}\n", "2:138", "walks the reference"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, key: code, fields: {code: {type: text, label: [a, b, c]}}}\n", "2:54", "cannot be the key"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, title: nmae, fields: {name: {type: text, label: [a, b, c]}}}\n", "2:56", "did you mean name"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, natural_key: [name], fields: {name: {type: text, label: [a, b, c]}}}\n", "2:63", "is not required"},
    {"types:\n  parcel: {label: [a, b, c], responsible: p.name, fields: {p: {type: reference, to: project, label: [a, b, c]}}}\n", "2:43", "does not end in a reference to post"},
    {"types:\n  parcel: {label: [a, b, c], responsible: p.officr, fields: {p: {type: reference, to: project, label: [a, b, c]}}}\n", "2:43", "did you mean officer"},
    {"types:\n  parcel: {label: [a, b, c], owned_by: parcel, fields: {}}\n", "2:40", "cannot own itself"},
    {"types:\n  a: {label: [a, b, c], owned_by: b, fields: {}}\n  b: {label: [a, b, c], owned_by: a, fields: {}}\n", "2:35", "in a circle"},
    {"types:\n  parcel: {label: [a, b, c], owned_by: project, fields: {project: {type: text, label: [a, b, c]}}}\n", "2:58", "is there already"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {}, states: {initial: x, list: {a: [a, b, c]}}}\n", "2:79", "is not a state of the list"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {}, states: {initial: a, list: {a: [a, b, c]}, moves: {m: {label: [a, b, c], from: [a], to: zz}}}}\n", "2:149", "\"zz\" is not a state"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {n: {type: integer, label: [a, b, c]}}, states: {initial: a, list: {a: [a, b, c]}, moves: {m: {label: [a, b, c], from: [a], to: a, dated: n}}}}\n", "2:195", "no date field"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {n: {type: integer, label: [a, b, c]}}, rules: {r: {check: 'm > 3', message: [a, b, c]}}}\n", "2:116", "m"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {n: {type: integer, label: [a, b, c]}}, rules: {r: {check: 'n', message: [a, b, c]}}}\n", "2:116", "true or false"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {n: {type: integer, label: [a, b, c]}}, rules: {r: {check: 'n == 3'}}}\n", "2:105", "\"message\" is missing"},
    {"identity: {person: person, post: post}\n", "1:1", "declared twice"},
    {"forests:\n  f: {label: [a, b, c], links: [{type: organ_link, parent: uper, child: organ}]}\n", "2:60", "did you mean upper"},
    {"forests:\n  f: {label: [a, b, c], links: [{type: organ_link, parent: upper, child: valid_from}]}\n", "2:74", "is not a reference"},
    {"figures:\n  projects: {label: [a, b, c], of: project, count: true, unit: organ}\n", "2:3", "declared twice"},
    {"figures:\n  f: {label: [a, b, c], of: porject, count: true, unit: organ}\n", "2:29", "did you mean project"},
    {"figures:\n  f: {label: [a, b, c], of: project, unit: organ}\n", "2:3", "says nothing to reduce"},
    {"figures:\n  f: {label: [a, b, c], of: project, count: true, sum: area, unit: organ}\n", "2:38", "exactly one of"},
    {"figures:\n  f: {label: [a, b, c], of: project, sum: name, unit: organ}\n", "2:43", "is not a number"},
    {"figures:\n  f: {label: [a, b, c], of: project, count: true}\n", "2:3", "\"unit\" is missing"},
    {"figures:\n  f: {label: [a, b, c], of: project, count: true, unit: name}\n", "2:57", "does not end in a reference"},
    {"figures:\n  f: {label: [a, b, c], of: project, count: true, unit: name.organ}\n", "2:57", "is not a reference"},
    {"figures:\n  f: {label: [a, b, c], of: project, count: true, unit: organ, period: name}\n", "2:72", "neither a date nor a period"},
    {"figures:\n  f: {label: [a, b, c], of: project_plan, sum: amount, unit: project.organ, period: year}\n", "2:85", "coarser than the grain"},
    {"figures:\n  f: {label: [a, b, c], of: project, count: true, unit: organ, by: [name]}\n", "2:69", "is no dimension"},
    {"figures:\n  f: {label: [a, b, c], of: project, count: true, unit: organ, by: [role, level, urgent]}\n", "2:68", "more than two dimensions"},
    {"figures:\n  f: {label: [a, b, c], of: project, sum: area, unit: organ, kind: stock}\n", "2:68", "needs a period"},
    {"figures:\n  f: {label: [a, b, c], of: project, count: true, unit: organ, kind: cumulative, period: started}\n", "2:70", "needs sum"},
    {"figures:\n  f: {label: [a, b, c], of: project, count: true, unit: organ, max_age: 3}\n", "2:73", "only a stock"},
    {"figures:\n  f: {label: [a, b, c], of: project, count: true, unit: organ, at: period_end}\n", "2:68", "no period_end"},
    {"figures:\n  f: {label: [a, b, c], of: project, count: true, unit: officer, forest: organs}\n", "2:74", "is no node of forest"},
    {"figures:\n  f: {label: [a, b, c], of: project, count: true, unit: organ, forest: orgns}\n", "2:72", "did you mean organs"},
    {"figures:\n  f: {label: [a, b, c], of: project, count: true, unit: organ, where: 'area > decimal(3)'}\n", "2:71", "is unset"},
    {"figures:\n  f: {label: [a, b, c], of: project, count: true, unit: organ, where: 'count(project, true) > 3'}\n", "2:71", "count"},
    {"figures:\n  f: {label: [a, b, c], parts: {x: {figure: f}}, formula: 'x'}\n", "2:32", "a part of itself"},
    {"figures:\n  f: {label: [a, b, c], parts: {x: {figure: g}}, formula: 'x'}\n  g: {label: [a, b, c], parts: {x: {figure: f}}, formula: 'x'}\n", "2:32", "f -> g -> f"},
    {"figures:\n  f: {label: [a, b, c], parts: {x: {figure: projcts}}, formula: 'x'}\n", "2:45", "did you mean projects"},
    {"figures:\n  f: {label: [a, b, c], parts: {x: {figure: investment_done, only: {project.level: provincal}}}, formula: 'x'}\n", "2:84", "did you mean provincial"},
    {"figures:\n  f: {label: [a, b, c], parts: {x: {figure: investment_done, only: {level: provincial}}}, formula: 'x'}\n", "2:69", "no dimension"},
    {"figures:\n  f: {label: [a, b, c], parts: {x: {figure: projects, window: year_ago}}, formula: 'x'}\n", "2:63", "has no period"},
    {"figures:\n  f: {label: [a, b, c], parts: {x: {figure: projects}}, formula: 'x + y'}\n", "2:66", "y"},
    {"figures:\n  f: {label: [a, b, c], parts: {x: {figure: projects}}, formula: 'x > 3'}\n", "2:66", "it must give a decimal"},
    {"figures:\n  f: {label: [a, b, c], parts: {x: {figure: projects}, y: {figure: investment_done}}, formula: 'x + y'}\n", "2:96", "figure f formula"},
    {"figures:\n  f: {label: [a, b, c], sum: area, parts: {x: {figure: projects}}, formula: 'x'}\n", "2:25", "does not go with parts"},
    {"lights:\n  l: {type: project, figure: projects, yellow: {behind: 1}}\n", "2:3", "both type and figure"},
    {"lights:\n  l: {type: project, behind: 'today - name', yellow: {behind: 1}}\n", "2:30", "light l behind"},
    {"lights:\n  l: {figure: projects}\n", "2:3", "neither yellow nor red"},
    {"lights:\n  l: {figure: investment_lead, yellow: {behind: 10}, red: {behind: 5}}\n", "2:59", "red begins before yellow"},
    {"lights:\n  l: {figure: investment_lead, yellow: {behind: ten}}\n", "2:49", "is not a number"},
    {"lights:\n  l: {figure: investment_lead, share_of: area, yellow: {behind: 1}}\n", "2:32", "does not go with figure"},
    {"lights:\n  l: {figure: investment_lead, yellow: {behind: 1}, streak: {colour: blue, periods: 3, becomes: red}}\n", "2:70", "cannot be \"blue\""},
    {"lights:\n  l: {figure: projects, yellow: {behind: 1}, streak: {colour: yellow, periods: 3, becomes: red}}\n", "2:54", "has no period"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {n: {type: integer, label: [a, b, c]}}, rules: {r: {check: 'n > 3', message: ['{m}', b, c]}}}\n", "2:134", "which no value gives"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {n: {type: integer, label: [a, b, c]}}, rules: {r: {check: 'n > 3', values: {m: n}, message: [a, b, c]}}}\n", "2:134", "no message says {m}"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {n: {type: integer, label: [a, b, c]}}, rules: {r: {check: 'n > 3', values: {m: 'n > 1'}, message: ['{m}', b, c]}}}\n", "2:137", "it must give a whole number or a text"},
    {"types:\n  parcel: {label: [a, b, c], owned_by: project, quick: {label: [a, b, c], asks: [nme]}, fields: {name: {type: text, required: true, label: [a, b, c]}}}\n", "2:82", "did you mean name"},
    {"types:\n  parcel: {label: [a, b, c], owned_by: project, quick: {label: [a, b, c]}, fields: {name: {type: text, required: true, label: [a, b, c]}}}\n", "2:56", "neither asked nor filled"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, quick: {label: [a, b, c], asks: [name]}, fields: {name: {type: text, label: [a, b, c]}}}\n", "2:56", "\"to\" is missing"},
    {"types:\n  parcel: {label: [a, b, c], owned_by: project, quick: {label: [a, b, c], when: 'name', asks: [n]}, fields: {n: {type: text, label: [a, b, c]}}}\n", "2:81", "true or false"},
    {"types:\n  parcel: {label: [a, b, c], owned_by: project, quick: {label: [a, b, c], fills: {n: organ.name}}, fields: {n: {type: text, label: [a, b, c]}}}\n", "2:83", "behind the reference organ"},
    {"types:\n  parcel: {label: [a, b, c], owned_by: project, quick: {label: [a, b, c], fills: {o: post}}, fields: {o: {type: reference, to: organ, label: [a, b, c]}}}\n", "2:86", "it must give"},
    {"types: &all {}\n", "1:8", "anchors and aliases"},
    {"types:\n  a: [\n", "3:1", ""},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {n: {type: integer, label: [a, b, c]}}, rules: {r: {check: 'count(project, it.area != null) < 5', message: [a, b, c]}}}\n", "2:116", "would read every record"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {o: {type: reference, to: organ, label: [a, b, c]}, m: {type: period, label: [a, b, c]}}, rules: {r: {check: 'figure(\"projcts\", o, m) == 5', message: [a, b, c]}}}\n", "2:166", "projcts"},
    {"types:\n  parcel: {label: [a, b, c], responsible: none, fields: {n: {type: text, personal: true, label: [a, b, c]}, o: {type: reference, to: organ, label: [a, b, c]}}}\nfigures:\n  names: {label: [a, b, c], of: parcel, distinct: n, unit: o}\n", "4:3", "personal field"},
};
// clang-format on

Errors errors_beside_the_good(std::string yaml) {
    auto files = good_files();
    files.push_back({"z/types/z.yaml", std::move(yaml)});
    const auto model = load(std::move(files));
    return model ? Errors{} : model.error();
}
}  // namespace

TEST(Load, names_the_place_and_the_way_out_of_every_mistake) {
    for (const Broken& row : broken) {
        const Errors errors = errors_beside_the_good(row.yaml);
        const std::string where = "z/types/z.yaml:" + std::string(row.where);
        const bool told = std::any_of(errors.begin(), errors.end(), [&](const Error& e) {
            return e.where == where && e.text().find(row.message) != std::string::npos;
        });
        EXPECT_TRUE(told) << row.yaml << "expected at " << where << ": " << row.message << "\ngot:\n"
                          << text_of(errors);
    }
}

TEST(Load, one_mistake_is_told_once) {
    // What only follows from a mistake told already is left out.
    const Errors errors = errors_beside_the_good(
        "types:\n  parcel:\n    label: [a, b, c]\n    responsible: none\n    key: code\n    fields: {code: {type: txt, "
        "label: [a, b, c]}}\n"
        "    rules: {r: {check: 'code > 3 && code == \"x\"', message: [a, b, c]}}\n");
    ASSERT_EQ(errors.size(), 1u) << text_of(errors);
    EXPECT_EQ(errors[0].where, "z/types/z.yaml:6:27");
}

TEST(Load, tells_all_mistakes_of_a_file_at_once_in_their_order) {
    const Errors errors = errors_beside_the_good(R"yaml(types:
  parcel:
    label: [地块, 地塊]
    key: cod
    fields:
      code: {type: txt, label: [a, b, c]}
      area: {type: decimal, scale: 12, label: [a, b, c]}
      owner: {type: reference, to: enterprise, label: [a, b, c]}
    rules:
      r: {check: "are > 3", message: [a, b, c]}
figures:
  land: {label: [a, b, c], of: parcl, sum: area, unit: owner}
lights:
  l: {figure: lnd, yellow: {behind: 1}}
)yaml");
    std::vector<std::string> places;
    for (const Error& error : errors) places.push_back(error.where.substr(std::string("z/types/z.yaml:").size()));
    EXPECT_EQ(places,
              (std::vector<std::string>{"2:3", "3:12", "4:10", "6:20", "7:36", "8:36", "10:18", "12:32", "14:15"}))
        << text_of(errors);
}

TEST(Load, refuses_what_grows_without_bound) {
    EXPECT_FALSE(errors_beside_the_good(std::string(100'000, '[')).empty());
    EXPECT_FALSE(errors_beside_the_good("a: &x [1]\nb: *x\n").empty());
    std::string many = "types:\n  parcel:\n    label: [a, b, c]\n    responsible: none\n    fields:\n";
    for (int i = 0; i < 10'000; ++i) many += "      f" + std::to_string(i) + ": {type: text, label: [a, b, c]}\n";
    const Errors errors = errors_beside_the_good(many);
    ASSERT_EQ(errors.size(), 1u) << text_of(errors).substr(0, 2000);
    EXPECT_EQ(errors[0].code, Code::limit_exceeded);
    EXPECT_NE(errors[0].message.find("300 fields"), std::string::npos);
    std::string types = "types:\n";
    for (int i = 0; i < 600; ++i)
        types += "  t" + std::to_string(i) +
                 ": {label: [a, b, c], responsible: none, fields: {x: {type: text, label: [a, b, c]}}}\n";
    EXPECT_NE(text_of(errors_beside_the_good(types)).find("more than 500 types"), std::string::npos);
    std::string wrong = "types:\n";
    for (int i = 0; i < 3000; ++i) wrong += "  T" + std::to_string(i) + ": {}\n";
    EXPECT_LE(errors_beside_the_good(wrong).size(), 1001u);
    EXPECT_FALSE(load(std::vector<SourceFile>(2001, {"a.yaml", ""})));
}

TEST(Load, a_long_chain_of_figures_is_no_danger) {
    std::string chain = "figures:\n";
    for (int i = 0; i < 4000; ++i) {
        const std::string part = i == 0 ? "projects" : "f" + std::to_string(i - 1);
        chain += "  f" + std::to_string(i) + ": {label: [a, b, c], parts: {x: {figure: " + part +
                 "}, y: {figure: " + part + "}}, formula: 'x + y'}\n";
    }
    EXPECT_TRUE(errors_beside_the_good(chain).empty());
}

TEST(Load, a_model_without_files_is_empty_and_a_board_without_identity_is_legal) {
    const auto nothing = load({});
    ASSERT_TRUE(nothing);
    EXPECT_EQ((*nothing)->types.size(), 0u);
    const auto small = load({{"a.yaml",
                              "types: {t: {label: [a, b, c], responsible: none, fields: {n: {type: integer, label: [a, "
                              "b, c]}}, rules: {r: {check: 'n != 3', message: [a, b, c]}}}}"}});
    EXPECT_TRUE(small) << text_of(small.error());
    EXPECT_FALSE(load({{"a.txt", ""}}));
    EXPECT_FALSE(load({{"m/reports/r.md", "---\nlabel: [a]\n---\n"}}));
}

TEST(Load, a_formula_is_evaluated_with_its_parts_in_their_slots) {
    const ModelPtr model = good_model();
    ASSERT_TRUE(model);
    const Figure& lead = figure_of(*model, "investment_lead");
    const int parts = static_cast<int>(lead.parts.size());
    std::vector<cel::Value> variables(static_cast<std::size_t>(slots::formula_count(parts)));
    variables[0] = cel::Value::decimal(*Decimal::parse("57.5"));
    variables[static_cast<std::size_t>(slots::elapsed_months(parts))] = cel::Value::integer(6);
    variables[static_cast<std::size_t>(slots::period_months(parts))] = cel::Value::integer(6);
    const auto value = lead.formula->program.evaluate({variables});
    ASSERT_TRUE(value) << value.error().text();
    EXPECT_TRUE(value->as_decimal() == *Decimal::parse("7.5"));
    variables[0] = cel::Value::null();
    EXPECT_FALSE(lead.formula->program.evaluate({variables})) << "a part without value makes the figure no value";
}

TEST(ReadTree, takes_types_reports_and_schemes_in_path_order) {
    namespace fs = std::filesystem;
    const fs::path root = fs::path(::testing::TempDir()) / "yipan_read_tree";
    fs::remove_all(root);
    for (const char* name : {"b/types/b.yaml", "a/types/a.yaml", "a/reports/r.md", "a/schemes/s.yaml", "a/README.md",
                             "a/types/.hidden.yaml", "a/scenarios/x.yaml"}) {
        fs::create_directories((root / name).parent_path());
        std::ofstream(root / name) << "types: {}\n";
    }
    const auto files = read_tree(root.string());
    ASSERT_TRUE(files);
    std::vector<std::string> paths;
    for (const SourceFile& file : *files) paths.push_back(file.path);
    EXPECT_EQ(paths,
              (std::vector<std::string>{"a/reports/r.md", "a/schemes/s.yaml", "a/types/a.yaml", "b/types/b.yaml"}));
    EXPECT_EQ(files->at(2).text, "types: {}\n");
    EXPECT_TRUE(load(*files));
    fs::remove_all(root);
    EXPECT_EQ(read_tree(root.string()).error().at(0).code, Code::not_found);
}

TEST(Shipped, the_modules_of_this_tree_load) {
    const std::string tree = std::string(YIPAN_SOURCE_DIR) + "/modules";
    const auto files = read_tree(tree);
    ASSERT_TRUE(files) << text_of(files.error());
    const auto model = load(*files);
    EXPECT_TRUE(model) << text_of(model.error());
}

}  // namespace yipan::model
