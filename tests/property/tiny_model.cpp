#include "tiny_model.h"

namespace yipan::property {
namespace {

constexpr const char* types_yaml = R"yaml(
types:
  person:
    label: [人, 人, Person]
    key: code
    responsible: none
    fields:
      code: {type: text, required: true, unique: true, label: [号, 號, Code]}
  post:
    label: [岗位, 崗位, Post]
    key: code
    fields:
      code: {type: text, required: true, unique: true, label: [号, 號, Code]}
  area:
    label: [片区, 片區, Area]
    key: code
    responsible: none
    fields:
      code: {type: text, required: true, unique: true, label: [号, 號, Code]}
      kind: {type: choice, of: {old: [老, 老, Old], new: [新, 新, New]}, label: [类, 類, Kind]}
  organ:
    label: [单位, 單位, Organ]
    key: code
    responsible: none
    fields:
      code: {type: text, required: true, unique: true, label: [号, 號, Code]}
      area: {type: reference, to: area, on_delete: clear, label: [片区, 片區, Area]}
  organ_link:
    label: [隶属, 隸屬, Link]
    responsible: none
    fields:
      upper: {type: reference, to: organ, required: true, on_delete: go_along, label: [上级, 上級, Upper]}
      lower: {type: reference, to: organ, required: true, on_delete: go_along, label: [下级, 下級, Lower]}
      valid_from: {type: date, label: [自, 自, From]}
      valid_to: {type: date, label: [至, 至, To]}
  project:
    label: [项目, 項目, Project]
    key: code
    responsible: none
    fields:
      code: {type: text, required: true, unique: true, label: [号, 號, Code]}
      organ: {type: reference, to: organ, on_delete: clear, label: [单位, 單位, Organ]}
      rank: {type: choice, of: {city: [市, 市, City], provincial: [省, 省, Provincial]}, label: [级别, 級別, Rank]}
      hosted: {type: boolean, label: [服务, 服務, Hosted]}
      started: {type: date, label: [开工, 開工, Started]}
      total: {type: money, min: 0, label: [总投资, 總投資, Total]}
      contact: {type: text, personal: true, max_chars: 20, label: [联系人, 聯繫人, Contact]}
    states:
      initial: planned
      list: {planned: [计划, 計劃, Planned], running: [在建, 在建, Running], done: [完工, 完工, Done]}
      moves:
        start: {label: [开工, 開工, Start], from: [planned], to: running}
        finish: {label: [完工, 完工, Finish], from: [running], to: done}
        reopen: {label: [复工, 復工, Reopen], from: [done], to: running}
  payment:
    label: [付款, 付款, Payment]
    owned_by: project
    responsible: none
    fields:
      day: {type: date, label: [日, 日, Day]}
      amount: {type: money, label: [额, 額, Amount]}
      payee: {type: text, max_chars: 20, label: [收款, 收款, Payee]}
      size: {type: decimal, scale: 2, label: [规模, 規模, Size]}
  staff:
    label: [人数, 人數, Staff]
    responsible: none
    fields:
      organ: {type: reference, to: organ, required: true, on_delete: refuse, label: [单位, 單位, Organ]}
      day: {type: date, label: [日, 日, Day]}
      people: {type: integer, label: [人, 人, People]}
  output:
    label: [产值, 產值, Output]
    responsible: none
    fields:
      organ: {type: reference, to: organ, on_delete: clear, label: [单位, 單位, Organ]}
      month: {type: period, grains: [month, year_to_date], label: [期, 期, Month]}
      value: {type: money, label: [产值, 產值, Value]}
forests:
  organs:
    label: [机构, 機構, Organs]
    links:
      - {type: organ_link, parent: upper, child: lower, from: valid_from, to: valid_to}
identity: {person: person, post: post}
)yaml";

constexpr const char* figures_yaml = R"yaml(
figures:
  paid:       {label: [a, a, a], of: payment, sum: amount, unit: project.organ, period: day, by: [project.rank], forest: organs}
  paid_end:   {label: [a, a, a], of: payment, sum: amount, unit: project.organ, period: day, at: period_end, by: [project.rank, project.organ.area]}
  paid_now:   {label: [a, a, a], of: payment, sum: amount, unit: project.organ, period: day, at: now, forest: organs}
  paid_area:  {label: [a, a, a], of: payment, sum: amount, unit: project.organ.area, period: day}
  paid_own:   {label: [a, a, a], of: payment, sum: amount, unit: project.organ, period: day, where: "project.hosted != true", at: {where: now, unit: event, by: now, value: event}, by: [project.state]}
  paid_old:   {label: [a, a, a], of: payment, sum: amount, unit: project, period: day, where: "project.organ != null && project.organ.area != null && project.organ.area.kind == 'old'"}
  payments:   {label: [a, a, a], of: payment, count: true, unit: project.organ, period: day, at: now, forest: organs}
  payees:     {label: [a, a, a], of: payment, distinct: payee, unit: project.organ, period: day, at: now, forest: organs}
  payers:     {label: [a, a, a], of: payment, distinct: project, unit: project.organ, period: day, grain: quarter}
  mean_size:  {label: [a, a, a], of: payment, average: size, unit: project.organ, period: day, at: now}
  mean_paid:  {label: [a, a, a], of: payment, average: amount, unit: project.organ, period: day, at: period_end, grain: year}
  least:      {label: [a, a, a], of: payment, min: size, unit: project.organ, period: day, at: now, forest: organs}
  most:       {label: [a, a, a], of: payment, max: amount, unit: project.organ, period: day, grain: half}
  begun:      {label: [a, a, a], of: payment, sum: amount, unit: project.organ, period: project.started}
  begun_now:  {label: [a, a, a], of: project, sum: total, unit: organ, period: started, where: "state != 'planned'", at: now, by: [state]}
  projects:   {label: [a, a, a], of: project, count: true, unit: organ, by: [state, hosted], at: now, forest: organs}
  volume:     {label: [a, a, a], of: project, sum: total, unit: organ, by: [organ.area], forest: organs}
  people:     {label: [a, a, a], of: staff, sum: people, kind: stock, unit: organ, period: day, forest: organs, max_age: 3}
  people_now: {label: [a, a, a], of: staff, sum: people, kind: stock, unit: organ, period: day, grain: quarter}
  people_by:  {label: [a, a, a], of: staff, sum: people, kind: stock, unit: organ.area, period: day, by: [organ], max_age: 6}
  produced:   {label: [a, a, a], of: output, sum: value, kind: cumulative, unit: organ, period: month, forest: organs}
  per_head:
    label: [a, a, a]
    parts:
      money: {figure: paid_now, window: ytd}
      heads: {figure: people, window: period}
    formula: "money.div(yuan(1), 2).div(heads, 2)"
  pace:
    label: [a, a, a]
    parts:
      done: {figure: paid_now, window: ytd}
      before: {figure: paid_now, window: ytd_year_ago}
    formula: "done.div(before, 6) * 100 - elapsed_months.div(12, 6) * 100"
  provincial:
    label: [a, a, a]
    parts:
      a: {figure: paid, window: year, only: {project.rank: provincial}}
      b: {figure: paid, window: previous}
    formula: "a - b"
  growth:
    label: [a, a, a]
    parts:
      now: {figure: produced, window: ytd}
      past: {figure: produced, window: ytd_year_ago}
    formula: "(now - past).div(past, 6) * 100"
  ever:
    label: [a, a, a]
    parts:
      n: {figure: payments, window: to_date}
      last: {figure: payments, window: year_ago}
    formula: "n * 1000 + last"
)yaml";

}  // namespace

std::vector<model::SourceFile> tiny_model() {
    return {{"tiny/types/figures.yaml", figures_yaml}, {"tiny/types/types.yaml", types_yaml}};
}

}  // namespace yipan::property
