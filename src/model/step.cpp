#include "model/step.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/nearest.h"
#include "base/utf8.h"
#include "model/reader.h"

namespace yipan::model {
namespace {
using Verb = Migration::Verb;
std::size_t at(int i) { return static_cast<std::size_t>(i); }

std::string path_key(const Path& path) { return path.text + "@" + std::to_string(static_cast<int>(path.at)); }
std::string text_of(const std::optional<Expression>& e) { return e ? e->text : std::string(); }
std::string bound_text(const std::optional<Light::Bound>& b) {
    return b ? b->value.text() + (b->inclusive ? "=" : "") : std::string();
}
const Field& end_of(const Model& model, int type, const Path& path) {
    for (std::size_t i = 0; i + 1 < path.fields.size(); ++i)
        type = model.types[at(type)].fields[at(path.fields[i])].target;
    return model.types[at(type)].fields[at(path.fields.back())];
}
std::string rules_text(const std::vector<Rule>& rules) {
    std::string out;
    for (const Rule& r : rules) out += r.check.text + "\n";
    return out;
}
// All that a move's steps say, to be compared.
std::string steps_text(const Type& type, const Move& move) {
    std::string out;
    for (const FlowStep& s : move.steps) {
        out += s.code + "|" + (s.by ? s.by->text : "") + "|" + (s.when ? s.when->text : "") + "|" + std::to_string(static_cast<int>(s.mode)) + "|" + std::to_string(s.workdays.value_or(-1));
        out += std::string(s.not_doer ? "|not_doer" : "|") + (s.disagree_counts ? "|counts" : "|") + "\n";
    }
    return out + move.refused + "|" + (move.dated < 0 ? "" : type.fields[at(move.dated)].code);
}
bool referring(FieldKind kind) { return kind == FieldKind::reference || kind == FieldKind::references; }
bool re_readable(FieldKind kind) {
    return !referring(kind) && kind != FieldKind::attachment && kind != FieldKind::place && kind != FieldKind::number;
}
std::string kind_text(const Field& f) {
    static constexpr const char* names[] = {"text",       "integer",    "decimal", "money",  "date",
                                            "period",     "boolean",    "instant", "choice", "reference",
                                            "references", "attachment", "place",   "number"};
    std::string out = names[static_cast<int>(f.kind)];
    if (f.kind == FieldKind::decimal) out += " of " + std::to_string(f.scale) + " places";
    return out;
}

class Comparer {
  public:
    Comparer(ModelPtr before, ModelPtr after, const std::vector<Migration>& migrations)
        : step_(std::make_shared<Step>()), migrations_(migrations), old_(*before), new_(*after) {
        used_.resize(migrations.size());
        step_->before = std::move(before);
        step_->after = std::move(after);
    }

    Checked<std::shared_ptr<const Step>> run() {
        names();
        types();
        fields();
        sets();
        splits();
        if (problems_.empty()) the_rest();
        for (std::size_t i = 0; i < migrations_.size(); ++i)
            if (!used_[i])
                problems_.add(migrations_[i].where, "this migration has nothing to do between the two models",
                              "take it out, or check its names");
        if (!problems_.empty()) return fail(problems_.take());
        return std::shared_ptr<const Step>(step_);
    }

  private:
    static std::vector<std::string_view> type_names(const Model& m) {
        std::vector<std::string_view> out;
        for (const Type& t : m.types) out.push_back(t.code);
        return out;
    }
    static std::vector<std::string_view> field_names(const Type& t) {
        std::vector<std::string_view> out;
        for (const Field& f : t.fields) out.push_back(f.code);
        return out;
    }
    int need_type(const Migration& m, const Model& model, const std::string& code, std::string_view which) {
        const int i = model.find_type(code);
        if (i < 0)
            problems_.add(m.where, fmt::format("the {} model has no type \"{}\"", which, code.substr(0, 80)),
                          did_you_mean(code, type_names(model), "name one of its types"));
        return i;
    }
    int need_field(const Migration& m, const Type& type, const std::string& code, std::string_view which) {
        const int i = type.find(code);
        if (i < 0)
            problems_.add(
                m.where,
                fmt::format("type {} of the {} model has no field \"{}\"", type.code, which, code.substr(0, 80)),
                did_you_mean(code, field_names(type), "name one of its fields"));
        return i;
    }
    void say(Effect effect, std::string subject, std::string hans, std::string hant, std::string en,
             bool right = false) {
        step_->differences.push_back(
            {effect, std::move(subject), {std::move(hans), std::move(hant), std::move(en)}, right});
    }

    void names() {
        step_->types.resize(new_.types.size());
        step_->type_to.assign(old_.types.size(), -1);
        for (std::size_t i = 0; i < migrations_.size(); ++i) {
            const Migration& m = migrations_[i];
            if (m.verb == Verb::back) {
                step_->back_to = m.version;
                used_[i] = true;
            }
            if (m.verb != Verb::rename_type) continue;
            used_[i] = true;
            const int from = need_type(m, old_, m.from, "present"), to = need_type(m, new_, m.to, "new");
            if (from < 0 || to < 0) continue;
            if (step_->types[at(to)].old >= 0 || step_->type_to[at(from)] >= 0)
                problems_.add(m.where, "a type is renamed twice", "one rename for each");
            step_->types[at(to)].old = from;
            step_->type_to[at(from)] = to;
        }
    }
    void types() {
        for (const Type& t : new_.types) {
            TypeStep& step = step_->types[at(t.index)];
            const int same = old_.find_type(t.code);
            if (step.old < 0 && same >= 0 && step_->type_to[at(same)] < 0) {
                step.old = same;
                step_->type_to[at(same)] = t.index;
            }
            const std::string subject = "type " + t.code;
            if (step.old < 0)
                say(Effect::free, subject, "新增类型" + t.label.hans, "新增類型" + t.label.hant, "new type " + t.code);
            else if (old_.types[at(step.old)].code != t.code)
                say(Effect::free, subject, "类型改名:" + old_.types[at(step.old)].code + " → " + t.code,
                    "類型改名:" + old_.types[at(step.old)].code + " → " + t.code,
                    "type " + old_.types[at(step.old)].code + " is renamed to " + t.code);
        }
        for (const Type& t : old_.types) {
            if (step_->type_to[at(t.index)] >= 0) continue;
            bool named = false;
            for (std::size_t i = 0; i < migrations_.size(); ++i)
                if (migrations_[i].verb == Verb::drop_type && migrations_[i].type == t.code) {
                    named = true;
                    used_[i] = true;
                }
            if (!named) step_->dropped_unnamed.push_back(t.index);
            say(Effect::loses, "type " + t.code, "删除类型" + t.label.hans + "及其全部记录",
                "刪除類型" + t.label.hant + "及其全部記錄", "type " + t.code + " is dropped with all its records");
        }
        for (std::size_t i = 0; i < migrations_.size(); ++i) {
            const Migration& m = migrations_[i];
            if (m.verb == Verb::drop_type && !used_[i] && need_type(m, old_, m.type, "present") >= 0) {
                used_[i] = true;
                problems_.add(m.where, "type " + m.type + " is still in the new model", "take it out there, or here");
            }
        }
    }

    /// The type a migration speaks of, by its present or its new name; -1 and a mistake otherwise.
    int type_of(const Migration& m) {
        if (const int o = old_.find_type(m.type); o >= 0 && step_->type_to[at(o)] >= 0) return step_->type_to[at(o)];
        return need_type(m, new_, m.type, "new");
    }

    void fields() {
        std::vector<std::map<int, int>> renamed(new_.types.size());  // new field -> old
        std::vector<std::set<int>> dropped(new_.types.size());       // old fields named
        for (std::size_t i = 0; i < migrations_.size(); ++i) {
            const Migration& m = migrations_[i];
            if (m.verb != Verb::rename_field && m.verb != Verb::drop_field && m.verb != Verb::split) continue;
            const int t = m.verb == Verb::split ? source_of(m) : type_of(m);
            used_[i] = true;
            if (t < 0) continue;
            const TypeStep& step = step_->type(t);
            if (step.old < 0) {
                problems_.add(m.where, "type " + new_.types[at(t)].code + " is new: it has no records yet",
                              "take it out");
                continue;
            }
            const Type &was = old_.types[at(step.old)], &now = new_.types[at(t)];
            if (m.verb == Verb::rename_field) {
                const int from = need_field(m, was, m.from, "present"), to = need_field(m, now, m.to, "new");
                if (from >= 0 && to >= 0 && !renamed[at(t)].emplace(to, from).second)
                    problems_.add(m.where, "field " + m.to + " is renamed twice", "one rename for each");
            } else if (m.verb == Verb::drop_field) {
                if (const int f = need_field(m, was, m.field, "present"); f >= 0) dropped[at(t)].insert(f);
            } else {
                for (const std::string& name : m.fields)
                    if (const int f = need_field(m, was, name, "present"); f >= 0) dropped[at(t)].insert(f);
            }
        }
        for (const Type& now : new_.types) {
            TypeStep& step = step_->types[at(now.index)];
            step.fields.resize(now.fields.size());
            if (step.old < 0) continue;
            const Type& was = old_.types[at(step.old)];
            std::set<int> taken;
            for (const auto& [to, from] : renamed[at(now.index)]) {
                step.fields[at(to)].old = from;
                if (!taken.insert(from).second)
                    problems_.add("", "field " + was.fields[at(from)].code + " is renamed twice",
                                  "one rename for each");
                say(Effect::free, field_name(now, to),
                    "字段改名:" + was.fields[at(from)].code + " → " + now.fields[at(to)].code,
                    "欄位改名:" + was.fields[at(from)].code + " → " + now.fields[at(to)].code,
                    "field " + was.fields[at(from)].code + " is renamed to " + now.fields[at(to)].code);
            }
            for (std::size_t f = 0; f < now.fields.size(); ++f) {
                if (step.fields[f].old >= 0) continue;
                const int same = was.find(now.fields[f].code);
                if (same >= 0 && !taken.contains(same) && !dropped[at(now.index)].contains(same)) {
                    step.fields[f].old = same;
                    taken.insert(same);
                }
            }
            for (std::size_t f = 0; f < now.fields.size(); ++f) field(was, now, static_cast<int>(f), step);
            for (std::size_t f = 0; f < was.fields.size(); ++f) {
                const bool kept = std::any_of(step.fields.begin(), step.fields.end(),
                                              [&](const FieldSource& s) { return s.old == static_cast<int>(f); });
                if (kept) continue;
                const Field& gone = was.fields[f];
                const bool named = dropped[at(now.index)].contains(static_cast<int>(f));
                if (!named && !gone.computed) {
                    step.unnamed.push_back(static_cast<int>(f));
                    step.reads_rows = true;
                }
                step.touches = true;
                say(gone.computed ? Effect::free : Effect::loses, "field " + now.code + "." + gone.code,
                    "删除字段" + gone.label.hans, "刪除欄位" + gone.label.hant,
                    "field " + gone.code + " of " + now.code + " is dropped with its values");
            }
            unique(was, now, step);
        }
        leftovers(Verb::narrow);
        leftovers(Verb::map_choices);
        leftovers(Verb::map_states);
        leftovers(Verb::deduplicate);
    }
    static std::string field_name(const Type& type, int field) {
        return "field " + type.code + "." + type.fields[at(field)].code;
    }
    int source_of(const Migration& m) {
        const int o = need_type(m, old_, m.type, "present");
        if (o >= 0 && step_->type_to[at(o)] < 0)
            problems_.add(m.where, "type " + m.type + " is not in the new model", "a type is split while it stays");
        return o < 0 ? -1 : step_->type_to[at(o)];
    }
    // Migrations of this verb that no field has taken: name what is wrong with them.
    void leftovers(Verb verb) {
        for (std::size_t i = 0; i < migrations_.size(); ++i) {
            const Migration& m = migrations_[i];
            if (m.verb != verb || used_[i]) continue;
            const int t = type_of(m);
            used_[i] = t < 0 || (verb != Verb::map_states && need_field(m, new_.types[at(t)], m.field, "new") < 0);
        }
    }
    const Migration* declared(Verb verb, const Type& was, const Type& now, const std::string& field) {
        for (std::size_t i = 0; i < migrations_.size(); ++i) {
            const Migration& m = migrations_[i];
            if (m.verb != verb || (m.type != was.code && m.type != now.code)) continue;
            if (verb != Verb::map_states && m.field != field) continue;
            used_[i] = true;
            return &m;
        }
        return nullptr;
    }

    void field(const Type& was, const Type& now, int index, TypeStep& step) {
        FieldSource& source = step.fields[at(index)];
        const Field& b = now.fields[at(index)];
        const std::string subject = field_name(now, index);
        const std::string in = " of " + now.code;
        const bool filled = b.required && b.preset.has_value();
        if (source.old >= 0) {
            const Field& a = was.fields[at(source.old)];
            const bool refer = referring(a.kind) || referring(b.kind);
            const bool fits = a.kind == b.kind ? !refer || (a.target >= 0 && step_->type_to[at(a.target)] == b.target)
                                               : re_readable(a.kind) && re_readable(b.kind);
            if (!fits || (a.kind == FieldKind::money && b.kind == FieldKind::money && !(a.currency == b.currency))) {
                say(Effect::loses, subject, "字段" + b.label.hans + "改为另一种,原值不能转换",
                    "欄位" + b.label.hant + "改為另一種,原值不能轉換",
                    "field " + b.code + in + " becomes " + kind_text(b) + "; its old values do not fit");
                source.old = -1;
            }
        }
        if (source.old < 0) {
            if (b.computed) {
                step.reads_rows = step.touches = true;
                say(Effect::rewrites, subject, "新增计算字段" + b.label.hans, "新增計算欄位" + b.label.hant,
                    "new computed field " + b.code + in + ": every record is computed");
            } else if (b.required) {
                step.reads_rows = step.touches = true;
                say(filled ? Effect::rewrites : Effect::migration, subject, "新增必填字段" + b.label.hans,
                    "新增必填欄位" + b.label.hant,
                    "new required field " + b.code + in +
                        (filled ? ": every record gets its default" : ": a migration must set it"));
            } else {
                say(Effect::free, subject, "新增字段" + b.label.hans, "新增欄位" + b.label.hant,
                    "new field " + b.code + in);
            }
            return;
        }
        const Field& a = was.fields[at(source.old)];
        if (a.computed || b.computed) {
            if (text_of(a.computed) == text_of(b.computed) && a.kind == b.kind && a.scale == b.scale) return;
            step.reads_rows = step.touches = true;
            if (b.computed) source.old = -1;
            say(b.computed ? Effect::rewrites : Effect::free, subject, "计算方法改变:" + b.label.hans,
                "計算方法改變:" + b.label.hant, "field " + b.code + in + " is computed otherwise");
            return;
        }
        if (const Migration* m = declared(Verb::narrow, was, now, b.code)) source.rule = m->rule;
        if (a.kind != b.kind) {
            source.how = FieldSource::How::reread;
            step.reads_rows = step.touches = true;
            say(Effect::rewrites, subject, "字段" + b.label.hans + "的种类改变", "欄位" + b.label.hant + "的種類改變",
                "field " + b.code + in + " changes from " + kind_text(a) + " to " + kind_text(b));
        } else if (a.kind == FieldKind::decimal && a.scale != b.scale) {
            source.how = FieldSource::How::scale;
            step.reads_rows = step.touches = true;
            say(b.scale < a.scale ? Effect::migration : Effect::rewrites, subject,
                fmt::format("{}的小数位由{}改为{}", b.label.hans, a.scale, b.scale),
                fmt::format("{}的小數位由{}改為{}", b.label.hant, a.scale, b.scale),
                fmt::format("field {}{} goes from {} to {} decimal places{}", b.code, in, a.scale, b.scale,
                            source.rule.empty() ? "" : ", rounded " + source.rule));
        }
        if (b.kind == FieldKind::choice) choices(was, now, a, b, source, step, subject);
        if (b.required && !a.required) {
            step.reads_rows = true;
            if (filled) step.touches = true;
            say(filled ? Effect::rewrites : Effect::migration, subject, b.label.hans + "改为必填",
                b.label.hant + "改為必填", "field " + b.code + in + " becomes required");
        }
        if (a.required && !b.required)
            say(Effect::free, subject, b.label.hans + "不再必填", b.label.hant + "不再必填",
                "field " + b.code + in + " is no longer required");
        const bool tighter = (b.max && (!a.max || *b.max < *a.max)) || (b.min && (!a.min || *b.min > *a.min)) ||
                             b.max_chars < a.max_chars || a.grains != b.grains || a.shape != b.shape;
        const bool other = a.max != b.max || a.min != b.min || a.max_chars != b.max_chars;
        if (tighter) {
            step.reads_rows = true;
            if (!source.rule.empty()) step.touches = true;
            say(Effect::migration, subject, b.label.hans + "的范围收紧", b.label.hant + "的範圍收緊",
                "field " + b.code + in + " takes fewer values");
        } else if (other) {
            say(Effect::free, subject, b.label.hans + "的范围放宽", b.label.hant + "的範圍放寬",
                "field " + b.code + in + " takes more values");
        }
        if (b.unique && !a.unique) {
            step.unique.push_back(index);
            step.reads_rows = true;
            if (const Migration* m = declared(Verb::deduplicate, was, now, b.code)) {
                step.deduplicate.emplace_back(index, m->rule);
                step.touches = true;
            }
            say(Effect::migration, subject, b.label.hans + "改为唯一", b.label.hant + "改為唯一",
                "field " + b.code + in + " becomes unique");
        }
        if (a.unique && !b.unique)
            say(Effect::free, subject, b.label.hans + "不再唯一", b.label.hant + "不再唯一",
                "field " + b.code + in + " is no longer unique");
        if (a.group != b.group)
            say(Effect::free, subject, b.label.hans + "的个人信息标记改变", b.label.hant + "的個人資訊標記改變",
                "field " + b.code + in +
                    (b.group == FieldGroup::personal
                         ? " becomes personal; entries written before keep it in the plain part"
                         : " is no longer personal"));
        if (a.preset != b.preset)
            say(Effect::free, subject, b.label.hans + "的默认值改变", b.label.hant + "的預設值改變",
                "field " + b.code + in + " has another default; records there are keep their values");
        if (a.label.hans != b.label.hans || a.label.hant != b.label.hant || a.label.en != b.label.en ||
            a.help != b.help || a.unit != b.unit || a.on_delete != b.on_delete || a.index != b.index)
            say(Effect::free, subject, b.label.hans + "的说明改变", b.label.hant + "的說明改變",
                "field " + b.code + in + " has another label, help, unit, index or rule of deletion");
    }

    void choices(const Type& was, const Type& now, const Field& a, const Field& b, FieldSource& source, TypeStep& step,
                 const std::string& subject) {
        const bool state = b.system;
        if (a.kind == FieldKind::choice) {
            std::string gone, fresh;
            const auto has = [](const Field& f, const std::string& code) {
                return std::any_of(f.choices.begin(), f.choices.end(), [&](const Choice& c) { return c.code == code; });
            };
            for (const Choice& c : a.choices)
                if (!has(b, c.code)) gone += (gone.empty() ? "" : ", ") + c.code;
            for (const Choice& c : b.choices)
                if (!has(a, c.code)) fresh += (fresh.empty() ? "" : ", ") + c.code;
            if (!gone.empty()) {
                source.how = FieldSource::How::codes;
                step.reads_rows = step.touches = true;
                say(Effect::loses, subject, (state ? "取消状态:" : "取消选项:") + gone,
                    (state ? "取消狀態:" : "取消選項:") + gone,
                    (state ? "states of " + now.code : "choices of " + b.code + " of " + now.code) +
                        " are removed: " + gone);
            }
            if (!fresh.empty())
                say(Effect::free, subject, (state ? "新增状态:" : "新增选项:") + fresh,
                    (state ? "新增狀態:" : "新增選項:") + fresh,
                    (state ? "new states of " + now.code : "new choices of " + b.code + " of " + now.code) + ": " +
                        fresh);
        }
        const Migration* m = declared(state ? Verb::map_states : Verb::map_choices, was, now, b.code);
        if (!m) return;
        for (const auto& [from, to] : m->codes) {
            std::vector<std::string_view> olds, news;
            for (const Choice& c : a.choices) olds.push_back(c.code);
            for (const Choice& c : b.choices) news.push_back(c.code);
            if (a.kind == FieldKind::choice && std::find(olds.begin(), olds.end(), from) == olds.end())
                problems_.add(m->where, subject + " has no code \"" + from.substr(0, 80) + "\" now",
                              did_you_mean(from, olds, "one of: " + joined(olds)));
            if (!to.empty() && std::find(news.begin(), news.end(), to) == news.end())
                problems_.add(m->where, subject + " has no code \"" + to.substr(0, 80) + "\" in the new model",
                              did_you_mean(to, news, "one of: " + joined(news)));
        }
        source.codes = m->codes;
        if (source.how == FieldSource::How::same) source.how = FieldSource::How::codes;
        step.reads_rows = step.touches = true;
    }

    void unique(const Type& was, const Type& now, TypeStep& step) {
        std::vector<std::string> a, b;
        for (const int f : was.natural_key) a.push_back(was.fields[at(f)].code);
        for (const int f : now.natural_key) {
            const int from = step.fields[at(f)].old;
            b.push_back(from >= 0 ? was.fields[at(from)].code : now.fields[at(f)].code);
        }
        if (a == b) return;
        step.natural_key = now.natural_key.size() > 1;
        if (step.natural_key) step.reads_rows = true;
        say(step.natural_key ? Effect::migration : Effect::free, "type " + now.code, "自然键改变", "自然鍵改變",
            "type " + now.code + " has another natural key");
    }

    // Expressions over the old record.
    void sets() {
        for (std::size_t i = 0; i < migrations_.size(); ++i) {
            const Migration& m = migrations_[i];
            if (m.verb != Verb::set) continue;
            used_[i] = true;
            const int t = type_of(m);
            if (t < 0) continue;
            const int f = need_field(m, new_.types[at(t)], m.field, "new");
            const int from = source_type(t);
            if (f < 0) continue;
            if (from < 0) {
                problems_.add(m.where, "type " + new_.types[at(t)].code + " is new: it has no records to set",
                              "take it out");
                continue;
            }
            if (new_.types[at(t)].fields[at(f)].computed) {
                problems_.add(m.where, "field " + m.field + " is computed", "change its expression in the model");
                continue;
            }
            const auto compiled = [&](const std::string& text, const std::string& where,
                                      bool condition) -> std::optional<cel::Program> {
                cel::Env env;
                env.self = old_.types[at(from)].object;
                env.schema = static_cast<const cel::Schema*>(old_.schema.get());
                if (condition) env.expected = cel::Type::boolean();
                auto program = cel::compile(text, env);
                if (program) return std::move(*program);
                for (const Error& e : program.error())
                    problems_.add(where,
                                  "set " + m.field + ": " + e.message +
                                      (e.where.empty() ? "" : " (at " + e.where + " of the expression)"),
                                  e.hint);
                return std::nullopt;
            };
            auto value = compiled(m.value, m.value_where, false);
            auto condition = m.condition.empty() ? std::nullopt : compiled(m.condition, m.condition_where, true);
            if (!value || (!m.condition.empty() && !condition)) continue;
            TypeStep& step = step_->types[at(t)];
            step.sets.push_back({f, std::move(*value), std::move(condition)});
            step.reads_rows = step.touches = true;
            say(Effect::rewrites, field_name(new_.types[at(t)], f), "按公式赋值:" + m.value, "按公式賦值:" + m.value,
                "field " + m.field + " of " + new_.types[at(t)].code + " is set to " + m.value);
        }
    }
    int source_type(int new_type) {
        if (step_->type(new_type).old >= 0) return step_->type(new_type).old;
        for (const Migration& m : migrations_)
            if (m.verb == Verb::split && m.to == new_.types[at(new_type)].code) return old_.find_type(m.type);
        return -1;
    }

    void splits() {
        for (const Migration& m : migrations_) {
            if (m.verb != Verb::split) continue;
            const int source = old_.find_type(m.type);
            const int into = need_type(m, new_, m.to, "new");
            if (source < 0 || into < 0 || step_->type_to[at(source)] < 0) continue;
            const int kept = step_->type_to[at(source)];
            TypeStep& step = step_->types[at(into)];
            const Type &type = new_.types[at(into)], &stays = new_.types[at(kept)], &was = old_.types[at(source)];
            if (step.old >= 0 || step.split_from >= 0) {
                problems_.add(m.where, "type " + m.to + " exists already", "a type is split into a new one, once");
                continue;
            }
            step.split_from = source;
            step.touches = step_->types[at(kept)].touches = true;
            step_->types[at(kept)].reads_rows = true;
            for (const std::string& name : m.fields) {
                const int from = was.find(name), to = need_field(m, type, name, "new");
                if (from < 0 || to < 0) continue;
                const Field &a = was.fields[at(from)], &b = type.fields[at(to)];
                if (a.kind != b.kind || a.scale != b.scale ||
                    (referring(a.kind) && step_->type_to[at(a.target)] != b.target))
                    problems_.add(m.where, "field " + name + " of " + type.code + " is of another kind",
                                  "move it as it is, and change it in a later step");
                step.fields[at(to)].old = from;
            }
            const auto refers = [&](const Type& t, int target) {
                const int f = t.find(m.from);
                return f >= 0 && t.fields[at(f)].kind == FieldKind::reference && t.fields[at(f)].target == target ? f
                                                                                                                  : -1;
            };
            step.back_reference = refers(type, kept);
            step.reference = step.back_reference < 0 ? refers(stays, into) : -1;
            if (step.back_reference < 0 && step.reference < 0)
                problems_.add(m.where,
                              "\"" + m.from.substr(0, 80) + "\" refers neither from " + type.code + " to " +
                                  stays.code + " nor back",
                              "name the reference field that joins the two");
            say(Effect::rewrites, "type " + type.code, was.label.hans + "拆分出" + type.label.hans,
                was.label.hant + "拆分出" + type.label.hant,
                "records of " + was.code + " are split: their " + joined({m.fields.begin(), m.fields.end()}) +
                    " go to " + type.code);
        }
    }

    void the_rest() {
        for (const Type& now : new_.types) {
            const TypeStep& step = step_->type(now.index);
            if (step.old >= 0) meaning(old_.types[at(step.old)], now);
        }
        step_->figure_from.assign(new_.figures.size(), -1);
        step_->figure_changed.assign(new_.figures.size(), 0);
        for (const Figure& f : new_.figures) figure(f);
        for (const Figure& f : old_.figures)
            if (new_.find_figure(f.code) < 0)
                say(Effect::free, "figure " + f.code, "取消指标" + f.label.hans, "取消指標" + f.label.hant,
                    "figure " + f.code + " is dropped; what it was stays in the journal");
        forests();
        lights();
        texts();
        if (name_of(old_, old_.identity.person) != name_of(new_, new_.identity.person) ||
            name_of(old_, old_.identity.post) != name_of(new_, new_.identity.post))
            say(Effect::free, "identity", "身份类型改变", "身份類型改變", "other types stand for the one who acts",
                true);
    }
    static std::string name_of(const Model& m, int type) { return type < 0 ? "" : m.types[at(type)].code; }

    void meaning(const Type& was, const Type& now) {
        const auto find_move = [](const Type& t, const std::string& code) -> const Move* {
            for (const Move& m : t.moves)
                if (m.code == code) return &m;
            return nullptr;
        };
        for (const Move& b : now.moves) {
            const std::string subject = "move " + now.code + "." + b.code;
            const Move* a = find_move(was, b.code);
            if (!a) {
                say(Effect::free, subject, "新增动作" + b.label.hans, "新增動作" + b.label.hant,
                    "new move " + b.code + " of " + now.code, true);
                continue;
            }
            if (a->from != b.from || a->to != b.to)
                say(Effect::free, subject, "动作" + b.label.hans + "的起止状态改变",
                    "動作" + b.label.hant + "的起止狀態改變",
                    "move " + b.code + " of " + now.code + " leads from or to other states");
            if (text_of(a->who) != text_of(b.who))
                say(Effect::free, subject, "谁可" + b.label.hans + "改变", "誰可" + b.label.hant + "改變",
                    "who may do " + b.code + " of " + now.code + ": \"" + text_of(a->who) + "\" becomes \"" +
                        text_of(b.who) + "\"",
                    true);
            if (steps_text(was, *a) != steps_text(now, b))
                say(Effect::free, subject, "动作" + b.label.hans + "的办理环节改变", "動作" + b.label.hant + "的辦理環節改變",
                    "the steps of " + b.code + " of " + now.code + " change; cases under way go on by the new ones", true);
            if (rules_text(a->needs) != rules_text(b.needs))
                say(Effect::free, subject, "动作" + b.label.hans + "的条件改变", "動作" + b.label.hant + "的條件改變",
                    "what " + b.code + " of " + now.code + " needs changes", true);
        }
        for (const Move& a : was.moves)
            if (!find_move(now, a.code))
                say(Effect::free, "move " + now.code + "." + a.code, "取消动作" + a.label.hans,
                    "取消動作" + a.label.hant, "move " + a.code + " of " + now.code + " is dropped", true);
        std::map<std::string, std::string> a, b;
        for (const Rule& r : was.rules) a[r.code] = r.check.text;
        for (const Rule& r : now.rules) b[r.code] = r.check.text;
        for (const auto& [code, text] : b)
            if (!a.contains(code) || a[code] != text)
                say(Effect::free, "rule " + now.code + "." + code, "规则改变:" + code, "規則改變:" + code,
                    (a.contains(code) ? "rule " + code + " of " + now.code + " is another: "
                                      : "new rule of " + now.code + ": ") +
                        text + "; records there are meet it when they change next");
        for (const auto& [code, text] : a)
            if (!b.contains(code))
                say(Effect::free, "rule " + now.code + "." + code, "取消规则:" + code, "取消規則:" + code,
                    "rule " + code + " of " + now.code + " is dropped");
        const auto path = [](const Model& m, const Type& t) {
            std::string out;
            int type = t.index;
            for (const int f : t.responsible) {
                out += (out.empty() ? "" : ".") + m.types[at(type)].fields[at(f)].code;
                type = m.types[at(type)].fields[at(f)].target;
            }
            return out;
        };
        if (path(old_, was) != path(new_, now) || was.responsible_none != now.responsible_none)
            say(Effect::free, "type " + now.code, "责任岗位改变", "責任崗位改變",
                "another post is responsible for " + now.code + ": " + path(old_, was) + " becomes " + path(new_, now),
                true);
    }

    static std::string dimensions(const Model& m, const Figure& f) {
        std::string out;
        for (const Path& by : f.by) {
            const Field& end = end_of(m, f.type, by);
            for (const Choice& c : end.choices) out += c.code + ",";
            out += ";";
        }
        return out;
    }
    // What a figure's postings stand for: only then can the new ones go on under its number.
    std::string frame(const Model& m, const Figure& f, int type) const {
        std::string out = fmt::format("{} {} {} {} {}", type, static_cast<int>(f.reducer), static_cast<int>(f.grain),
                                      f.by.size(), f.period.has_value());
        if (f.value) {
            const Field& end = end_of(m, f.type, *f.value);
            out += fmt::format(" {} {} {}", f.value->text, static_cast<int>(end.kind), end.scale);
        }
        return out + " " + name_of(m, f.unit_type);
    }
    static std::string definition(const Model& m, const Figure& f) {
        std::string out = text_of(f.condition) + "@" + std::to_string(static_cast<int>(f.condition_at)) + "|" +
                          path_key(f.unit) + "|";
        if (f.value) out += path_key(*f.value);
        out += "|";
        if (f.period) out += path_key(*f.period);
        for (const Path& by : f.by) out += "|" + path_key(by);
        return out + "|" + dimensions(m, f) + "|" + (f.kind == FigureKind::flow ? "" : "kept");
    }
    static std::string formula_key(const Figure& f) {
        std::string out = text_of(f.formula);
        for (const FigurePart& p : f.parts) {
            out += "|" + p.name + ":" + std::to_string(static_cast<int>(p.window));
            for (const auto& only : p.only) out += only ? "=" + std::to_string(*only) : "*";
        }
        return out;
    }
    void figure(const Figure& b) {
        const int index = old_.find_figure(b.code);
        const std::string subject = "figure " + b.code;
        if (index < 0 || old_.figures[at(index)].derived() != b.derived()) {
            step_->figure_changed[at(b.index)] = !b.derived();
            say(b.derived() ? Effect::free : Effect::rederives, subject, "新增指标" + b.label.hans,
                "新增指標" + b.label.hant, "new figure " + b.code);
            return;
        }
        const Figure& a = old_.figures[at(index)];
        if (b.derived()) {
            std::string parts_a, parts_b;
            for (const auto& p : a.parts) parts_a += old_.figures[at(p.figure)].code + ",";
            for (const auto& p : b.parts) parts_b += new_.figures[at(p.figure)].code + ",";
            if (formula_key(a) != formula_key(b) || parts_a != parts_b)
                say(Effect::free, subject, "指标" + b.label.hans + "的公式改变", "指標" + b.label.hant + "的公式改變",
                    "figure " + b.code + " has another formula: " + text_of(b.formula));
            return;
        }
        const bool same_frame = frame(old_, a, step_->type_to[at(a.type)]) == frame(new_, b, b.type);
        if (same_frame) step_->figure_from[at(b.index)] = index;
        const bool same = same_frame && definition(old_, a) == definition(new_, b);
        if (!same) {
            step_->figure_changed[at(b.index)] = 1;
            const std::string what =
                text_of(a.condition) != text_of(b.condition)
                    ? "condition: \"" + text_of(a.condition) + "\" becomes \"" + text_of(b.condition) + "\""
                : same_frame ? "unit, period, dates or dimensions"
                             : "what it counts or adds up";
            say(Effect::rederives, subject, "指标" + b.label.hans + "的口径改变", "指標" + b.label.hant + "的口徑改變",
                "figure " + b.code + " is defined otherwise (" + what + ")");
        }
        if (a.kind != b.kind)
            say(Effect::free, subject, "指标" + b.label.hans + "的种类改变", "指標" + b.label.hant + "的種類改變",
                "figure " + b.code + " is read as another kind (flow, stock or cumulative)");
        if ((a.forest < 0 ? "" : old_.forests[at(a.forest)].code) !=
                (b.forest < 0 ? "" : new_.forests[at(b.forest)].code) ||
            a.max_age_months != b.max_age_months)
            say(Effect::free, subject, "指标" + b.label.hans + "的汇总方式改变",
                "指標" + b.label.hant + "的彙總方式改變",
                "figure " + b.code + " is rolled up or carried forward otherwise");
    }

    static std::string forest_key(const Model& m, const Forest& f) {
        std::string out;
        for (const ForestLink& l : f.links) {
            const Type& t = m.types[at(l.type)];
            out += t.code + ":" + t.fields[at(l.parent)].code + ">" + t.fields[at(l.child)].code;
            if (l.from >= 0) out += "," + t.fields[at(l.from)].code;
            if (l.to >= 0) out += "-" + t.fields[at(l.to)].code;
            out += ";";
        }
        return out;
    }
    void forests() {
        for (const Forest& b : new_.forests) {
            const int i = old_.find_forest(b.code);
            if (i < 0)
                say(Effect::free, "forest " + b.code, "新增单位树" + b.label.hans, "新增單位樹" + b.label.hant,
                    "new forest " + b.code);
            else if (forest_key(old_, old_.forests[at(i)]) != forest_key(new_, b))
                say(Effect::free, "forest " + b.code, "单位树" + b.label.hans + "改变",
                    "單位樹" + b.label.hant + "改變", "forest " + b.code + " has other links");
        }
        for (const Forest& a : old_.forests)
            if (new_.find_forest(a.code) < 0)
                say(Effect::free, "forest " + a.code, "取消单位树" + a.label.hans, "取消單位樹" + a.label.hant,
                    "forest " + a.code + " is dropped");
    }
    static std::string light_key(const Light& l) {
        std::string out = text_of(l.applies) + "|" + text_of(l.behind) + "|" + text_of(l.share_of) + "|" +
                          bound_text(l.yellow) + "|" + bound_text(l.red) + "|" + l.consequence;
        if (l.streak)
            out += fmt::format("|{} {} {}", static_cast<int>(l.streak->colour), l.streak->periods,
                               static_cast<int>(l.streak->becomes));
        return out;
    }
    void lights() {
        const auto find = [](const Model& m, const std::string& code) -> const Light* {
            for (const Light& l : m.lights)
                if (l.code == code) return &l;
            return nullptr;
        };
        for (const Light& b : new_.lights) {
            const Light* a = find(old_, b.code);
            if (!a)
                say(Effect::free, "light " + b.code, "新增灯" + b.label.hans, "新增燈" + b.label.hant,
                    "new light " + b.code);
            else if (light_key(*a) != light_key(b))
                say(Effect::free, "light " + b.code, "灯" + b.label.hans + "的规则改变",
                    "燈" + b.label.hant + "的規則改變", "light " + b.code + " turns otherwise");
        }
        for (const Light& a : old_.lights)
            if (!find(new_, a.code))
                say(Effect::free, "light " + a.code, "取消灯" + a.label.hans, "取消燈" + a.label.hant,
                    "light " + a.code + " is dropped");
    }
    void texts() {
        std::map<std::string, std::string> a, b;
        for (const Report& r : old_.reports) a["report " + r.code] = r.text;
        for (const Report& r : new_.reports) b["report " + r.code] = r.text;
        for (const auto& [code, text] : old_.schemes) a["scheme " + code] = text;
        for (const auto& [code, text] : new_.schemes) b["scheme " + code] = text;
        for (const auto& [name, text] : b)
            if (!a.contains(name))
                say(Effect::free, name, "新增:" + name, "新增:" + name, "new " + name);
            else if (a[name] != text)
                say(Effect::free, name, "改变:" + name, "改變:" + name, name + " has another version");
        for (const auto& [name, text] : a)
            if (!b.contains(name)) say(Effect::free, name, "取消:" + name, "取消:" + name, name + " is dropped");
    }

    std::shared_ptr<Step> step_;
    const std::vector<Migration>& migrations_;
    const Model &old_, &new_;
    std::vector<char> used_;
    Problems problems_;
};

// The first n characters of a text.
std::string cut(const std::string& text, int chars) {
    std::size_t i = 0;
    for (int n = 0; i < text.size() && n < chars; ++n) {
        ++i;
        while (i < text.size() && (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) ++i;
    }
    return text.substr(0, i);
}
}  // namespace

std::string_view effect_name(Effect effect) {
    switch (effect) {
        case Effect::free: return "free";
        case Effect::rewrites: return "rewrites records";
        case Effect::rederives: return "derives figures anew";
        case Effect::migration: return "needs a migration";
        case Effect::loses: return "loses data";
    }
    return "";
}

Checked<std::shared_ptr<const Step>> compare(ModelPtr before, ModelPtr after,
                                             const std::vector<Migration>& migrations) {
    return Comparer(std::move(before), std::move(after), migrations).run();
}

Result<Scalar> convert(const FieldSource& source, const Field& old, const Field& now, const Scalar& value) {
    if (value.index() == 0) return value;
    Scalar out = value;
    switch (source.how) {
        case FieldSource::How::same: break;
        case FieldSource::How::scale: {
            const Decimal was{std::get<std::int64_t>(value), static_cast<std::uint8_t>(old.scale)};
            YIPAN_TRY(const Decimal fits, was.rescaled(now.scale, Rounding::half_up));
            if (!(fits == was) && source.rule != "half_up")
                return fail(Code::invalid_input, now.code,
                            was.text() + " has more than " + std::to_string(now.scale) + " decimal places",
                            "narrow: {type: ..., field: " + now.code + ", rule: half_up}");
            out = fits.units;
            break;
        }
        case FieldSource::How::codes:
        case FieldSource::How::reread: {
            std::string text = scalar_text(old, value);
            const auto mapped = std::find_if(source.codes.begin(), source.codes.end(),
                                             [&](const auto& pair) { return pair.first == text; });
            if (mapped != source.codes.end()) text = mapped->second;
            if (text.empty()) return Scalar{};
            if (source.rule == "half_up" && now.kind != FieldKind::text)
                if (const auto number = Decimal::parse(text)) {
                    const int scale = now.kind == FieldKind::money ? 2 : now.kind == FieldKind::decimal ? now.scale : 0;
                    YIPAN_TRY(const Decimal rounded, number->rescaled(scale, Rounding::half_up));
                    text = rounded.text();
                }
            if (source.how == FieldSource::How::codes) {
                for (const Choice& c : now.choices)
                    if (c.code == text) return Scalar{text};
                return fail(Code::invalid_input, now.code, "\"" + text + "\" is no longer a code of it",
                            std::string(now.system ? "map_states: {type: ..., to: {"
                                                   : "map_choices: {type: ..., field: " + now.code + ", to: {") +
                                text + ": <new code>}}");
            }
            auto read = parse_scalar(now, text);
            if (!read) {
                read.error().where = now.code;
                return fail(std::move(read).error());
            }
            out = std::move(*read);
            break;
        }
    }
    if (source.rule == "cut" && now.kind == FieldKind::text) {
        std::string kept = cut(std::get<std::string>(out), now.max_chars);
        if (kept.size() < std::get<std::string>(out).size()) out = std::move(kept);
    }
    if (source.rule == "clamp") {
        if (auto* n = std::get_if<std::int64_t>(&out)) {
            if (now.max) *n = std::min(*n, *now.max);
            if (now.min) *n = std::max(*n, *now.min);
        }
    }
    return out;
}

std::vector<Scalar> carried(const Step& step, int new_type, const std::vector<Scalar>& values) {
    const TypeStep& type = step.type(new_type);
    const Type& now = step.after->types[at(new_type)];
    std::vector<Scalar> out(now.fields.size());
    if (type.old < 0) return out;
    const Type& was = step.before->types[at(type.old)];
    for (std::size_t f = 0; f < out.size(); ++f) {
        const FieldSource& source = type.fields[f];
        if (source.old < 0) continue;
        const Scalar& value = values[at(source.old)];
        if (source.how == FieldSource::How::same && source.rule.empty()) {
            out[f] = value;
        } else if (auto fits = convert(source, was.fields[at(source.old)], now.fields[f], value)) {
            out[f] = std::move(*fits);
        }
    }
    return out;
}

}  // namespace yipan::model
