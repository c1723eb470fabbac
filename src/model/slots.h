#pragma once
// Where the variables of each sort of expression stand in cel::Activation::variables. The record is `self` everywhere
// but in formulas. A field of the same name hides a variable; its slot stays.
namespace yipan::model::slots {

// Rules, `needs`, `who`: `old` the version before (null for a new record), `post` and `actor` records of the identity
// types (null when the system itself acts), `entry_date` the entry's date. Values: object, object, object, date.
constexpr int old_record = 0, post = 1, actor = 2, entry_date = 3, rule_count = 4;
// Rights: what the scope compares with (the acting post; the units of the scope), then `post` and `actor` as in rules
// and `today`. The first two have names no author can write in a model.
constexpr int right_post = 0, right_units = 1, right_acting = 2, right_actor = 3, right_today = 4, right_count = 5;
// Steps of workflow: `starter`, the post that started the case.
constexpr int starter = 0, step_count = 1;
// Lights: `today`, the asked date.
constexpr int today = 0, light_count = 1;
// Formulas: the parts in their order (money for money, integer for a measure of scale 0, else decimal; null without
// value), then these two, both integers.
constexpr int elapsed_months(int parts) { return parts; }
constexpr int period_months(int parts) { return parts + 1; }
constexpr int formula_count(int parts) { return parts + 2; }
// Computed fields and figure conditions know the record only.

}  // namespace yipan::model::slots
