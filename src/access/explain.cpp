#include "access/explain.h"

#include <fmt/format.h>

#include <algorithm>

namespace yipan::access {
namespace {
using model::Language;
using model::Scope;
std::size_t at(int i) { return static_cast<std::size_t>(i); }

struct Words {
    std::string_view hans, hant, en;
    std::string_view in(Language l) const { return l == Language::en ? en : l == Language::hant ? hant : hans; }
};
constexpr Words action_words[model::action_count] = {
    {"查看", "查看", "see"},         {"新建", "新建", "create"},  {"修改", "修改", "amend"},   {"流转", "流轉", "move on"},
    {"删除", "刪除", "delete"},      {"作废", "作廢", "void"},    {"恢复", "恢復", "restore"}, {"依法抹除", "依法抹除", "erase"},
    {"合并", "合併", "merge"},       {"导入", "導入", "import"},  {"导出", "導出", "export"},  {"说明理由后查看个人信息", "說明理由後查看個人資料", "see personal data of (with a reason)"},
    {"直接查看个人信息", "直接查看個人資料", "see personal data of"}};

class Teller {
  public:
    Teller(const Who& who, Action action, const model::Type& type, const record::Record* record, board::Snapshot& snapshot, Language language)
        : who_(who), action_(action), type_(type), record_(record), snapshot_(snapshot), model_(snapshot.model()), language_(language) {}

    std::string say(const model::Right& right, const model::Right::OfType& of, bool holds) const {
        const std::string done = reach(right);
        std::string out;
        if (!has_role(right))
            out = fmt::format(fmt::runtime(Words{"需要角色“{0}”：可{1}", "需要角色「{0}」：可{1}", "needs the role {0}: may {1}"}.in(language_)), roles(right.roles), done);
        else if (holds)
            out = fmt::format(fmt::runtime(Words{"有角色“{0}”：可{1}", "有角色「{0}」：可{1}", "has the role {0}: may {1}"}.in(language_)), held_roles(right), done);
        else
            out = fmt::format(fmt::runtime(Words{"有角色“{0}”，但只可{1}", "有角色「{0}」，但只可{1}", "has the role {0}, but may only {1}"}.in(language_)), held_roles(right), done);
        const std::string condition = condition_of(of.condition.text);
        if (!condition.empty())
            out += fmt::format(fmt::runtime(Words{"，且须 {}", "，且須 {}", ", where {}"}.in(language_)), condition);
        if (action_ == Action::move && !right.moves.empty())
            out += fmt::format(fmt::runtime(Words{"（{}）", "（{}）", " ({})"}.in(language_)), moves(right));
        if (!of.fields.empty())
            out += fmt::format(fmt::runtime(Words{"，仅限字段：{}", "，僅限欄位：{}", "; only the fields {}"}.in(language_)), fields(of));
        if (record_ && !holds && has_role(right)) out += in_the_way(right, of);
        return out;
    }

  private:
    std::string_view comma() const { return Words{"、", "、", ", "}.in(language_); }
    template <class List, class Say>
    std::string joined(const List& list, Say&& say) const {
        std::string out;
        for (const auto& one : list) out += (out.empty() ? "" : std::string(comma())) + say(one);
        return out;
    }
    std::string roles(const std::vector<int>& list) const {
        return joined(list, [&](int r) { return std::string(model_.rights.roles[at(r)].label.in(language_)); });
    }
    std::string fields(const model::Right::OfType& of) const {
        return joined(of.fields, [&](int f) { return std::string(type_.fields[at(f)].label.in(language_)); });
    }
    std::string moves(const model::Right& right) const {
        std::vector<const model::Move*> named;
        for (const auto& m : type_.moves)
            if (std::find(right.moves.begin(), right.moves.end(), m.code) != right.moves.end()) named.push_back(&m);
        return joined(named, [&](const model::Move* m) { return std::string(m->label.in(language_)); });
    }
    std::vector<int> mine(const model::Right& right) const {
        std::vector<int> out;
        for (const RoleOver& held : who_.roles())
            if (std::find(right.roles.begin(), right.roles.end(), held.role) != right.roles.end() && std::find(out.begin(), out.end(), held.role) == out.end())
                out.push_back(held.role);
        return out;
    }
    bool has_role(const model::Right& right) const { return !mine(right).empty(); }
    std::string title(int type, std::int64_t id) const {
        const auto r = type >= 0 && id > 0 ? snapshot_.record(type, RecordId(id)) : nullptr;
        if (!r) return std::string(Words{"（已不存在）", "（已不存在）", "(gone)"}.in(language_));
        const model::Type& shape = model_.types[at(type)];
        const int f = shape.title >= 0 && shape.fields[at(shape.title)].group == model::FieldGroup::plain ? shape.title : shape.key;
        const auto* text = f >= 0 ? record::as_text(r->at(f)) : nullptr;
        return text ? *text : "#" + std::to_string(id);
    }
    /// "Leader (the zone), Staff (the office)": my roles of this right, with the units they reach from where that counts.
    std::string held_roles(const model::Right& right) const {
        return joined(mine(right), [&](int role) {
            std::string out(model_.rights.roles[at(role)].label.in(language_));
            if (right.scope == Scope::own || right.scope == Scope::all) return out;
            std::vector<std::int64_t> units;
            for (const RoleOver& held : who_.roles())
                if (held.role == role) units.push_back(held.unit);
            const std::string names = joined(units, [&](std::int64_t u) { return title(model_.identity.unit_type, u); });
            return out + (language_ == Language::en ? " (" + names + ")" : "（" + names + "）");
        });
    }
    std::string reach(const model::Right& right) const {
        const std::string_view doing = action_word(action_, language_);
        const std::string of = std::string(type_.label.in(language_));
        switch (right.scope) {
            case Scope::all: return fmt::format(fmt::runtime(Words{"{}全部{}", "{}全部{}", "{} every {}"}.in(language_)), doing, of);
            case Scope::own: return fmt::format(fmt::runtime(Words{"{}本岗负责的{}", "{}本崗負責的{}", "{} the {} this post answers for"}.in(language_)), doing, of);
            case Scope::unit: return fmt::format(fmt::runtime(Words{"{}该机构的{}", "{}該機構的{}", "{} the {} of that unit"}.in(language_)), doing, of);
            case Scope::subtree: return fmt::format(fmt::runtime(Words{"{}该机构及其下级的{}", "{}該機構及其下級的{}", "{} the {} of that unit and below"}.in(language_)), doing, of);
        }
        return {};
    }
    // The loader writes a right as "<path> == yipan_post", "<path> in yipan_units", and " && (<where>)" after it.
    static std::pair<std::string, std::string> split(const std::string& text) {
        for (const std::string_view sign : {" == yipan_post", " in yipan_units"}) {
            const std::size_t end = text.find(sign);
            if (end == std::string::npos) continue;
            std::string rest = text.substr(end + sign.size());
            if (rest.starts_with(" && (") && rest.ends_with(')')) rest = rest.substr(5, rest.size() - 6);
            return {text.substr(0, end), rest};
        }
        return {"", text == "true" ? "" : text};
    }
    static std::string condition_of(const std::string& text) { return split(text).second; }
    /// What the path leads to from the record; 0: nothing is written there.
    std::int64_t walked(const std::string& path) const {
        if (path == "this") return record_->id.value;
        int type = type_.index;
        record::RecordPtr kept;
        const record::Record* r = record_;
        std::int64_t id = 0;
        for (std::size_t from = 0; from <= path.size() && r;) {
            const std::size_t dot = std::min(path.find('.', from), path.size());
            const int f = model_.types[at(type)].find(path.substr(from, dot - from));
            const auto* next = f >= 0 ? record::as_integer(r->at(f)) : nullptr;
            if (!next) return 0;
            id = *next;
            type = model_.types[at(type)].fields[at(f)].target;
            from = dot + 1;
            if (from > path.size()) break;
            kept = snapshot_.record(type, RecordId(id));
            r = kept.get();
            if (!r) return 0;
        }
        return id;
    }
    std::string in_the_way(const model::Right& right, const model::Right::OfType& of) const {
        const auto [path, condition] = split(of.condition.text);
        if (!path.empty()) {
            const std::int64_t id = walked(path);
            const bool post = right.scope == Scope::own;
            if (id == 0)
                return std::string(post ? Words{"；这条没有写明负责岗位", "；這條沒有寫明負責崗位", "; this one names no responsible post"}.in(language_)
                                        : Words{"；这条没有写明单位", "；這條沒有寫明單位", "; this one names no unit"}.in(language_));
            const bool mine_here = post ? id == who_.post().value : reaches(right, id);
            if (!mine_here)
                return fmt::format(fmt::runtime(post ? Words{"；这条由“{}”负责", "；這條由「{}」負責", "; this one is {}'s"}.in(language_)
                                                     : Words{"；这条属于“{}”", "；這條屬於「{}」", "; this one belongs to {}"}.in(language_)),
                                   title(post ? model_.identity.post : model_.identity.unit_type, id));
        }
        return condition.empty() ? "" : std::string(Words{"；这条不满足该条件", "；這條不滿足該條件", "; this one does not meet the condition"}.in(language_));
    }
    bool reaches(const model::Right& right, std::int64_t unit) const {
        return std::any_of(who_.roles().begin(), who_.roles().end(), [&](const RoleOver& held) {
            if (std::find(right.roles.begin(), right.roles.end(), held.role) == right.roles.end()) return false;
            return held.unit == unit || (right.scope == Scope::subtree && who_.directory().below(held.unit).contains({model_.identity.unit_type, unit}));
        });
    }

    const Who& who_;
    Action action_;
    const model::Type& type_;
    const record::Record* record_;
    board::Snapshot& snapshot_;
    const model::Model& model_;
    Language language_;
};
}  // namespace

std::string_view action_word(Action action, Language language) { return action_words[static_cast<std::size_t>(action)].in(language); }

Told told(const Who& who, Action action, int type, const record::Record* record, board::Snapshot& snapshot, Language language) {
    const model::Model& model = snapshot.model();
    const model::Type& shape = model.types[at(type)];
    Told out;
    out.may = record ? who.may(action, *record, snapshot.resolver()) : who.may_ever(type, action);
    const std::string label(shape.label.in(language));
    const std::string_view doing = action_word(action, language);
    if (!model.rights.declared) {
        out.because.push_back({true, std::string(Words{"本盘没有声明权限：登录者皆可", "本盤沒有聲明權限：登入者皆可", "the board declares no rights: whoever is signed in may"}.in(language)), ""});
    } else {
        const Teller teller(who, action, shape, record, snapshot, language);
        std::size_t n = 0;
        // Reasons come in the order of the rights; each right over the type gives one.
        const auto reasons = record ? who.explain(action, *record, snapshot.resolver()) : std::vector<Who::Reason>{};
        for (const model::Right& right : model.rights.rights) {
            if (!right.may(action)) continue;
            for (const auto& of : right.types) {
                if (of.type != type) continue;
                const bool mine = std::any_of(who.roles().begin(), who.roles().end(), [&](const RoleOver& h) {
                    return std::find(right.roles.begin(), right.roles.end(), h.role) != right.roles.end();
                });
                const bool holds = record ? n < reasons.size() && reasons[n].holds : mine;
                ++n;
                out.because.push_back({holds, teller.say(right, of, holds), right.where});
            }
        }
    }
    std::stable_sort(out.because.begin(), out.because.end(), [](const Because& a, const Because& b) { return a.holds > b.holds; });
    const Words yes = record ? Words{"可以{}这条{}", "可以{}這條{}", "may {} this {}"} : Words{"可以{}（部分或全部）{}", "可以{}（部分或全部）{}", "may {} {}, some or all"};
    const Words no = record ? Words{"不可以{}这条{}", "不可以{}這條{}", "may not {} this {}"} : Words{"不可以{}任何{}", "不可以{}任何{}", "may {} no {}"};
    const Words nobody = {"，没有任何角色可以", "，沒有任何角色可以", ": no role may"};
    out.text = fmt::format(fmt::runtime((out.may ? yes : no).in(language)), doing, label);
    if (out.because.empty()) out.text += nobody.in(language);
    return out;
}

std::string first_reason(const Who& who, Action action, const record::Record& record, board::Snapshot& snapshot, Language language) {
    const Told all = told(who, action, record.type, &record, snapshot, language);
    return all.may && !all.because.empty() ? all.because.front().text : "";
}

}  // namespace yipan::access
