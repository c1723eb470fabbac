#include "access/rights.h"

#include <algorithm>

#include "base/utf8.h"
#include "cel/sql.h"
#include "model/slots.h"
#include "record/view.h"

namespace yipan::access {
namespace {
constexpr std::size_t who_cached_max = 5'000;
std::size_t at(int i) { return static_cast<std::size_t>(i); }

std::optional<Action> action_of(board::Verb verb) {
    switch (static_cast<int>(verb)) {
        case 1: return Action::create;
        case 2: return Action::amend;
        case 3: return Action::move;
        case 4: return Action::remove;
        case 6: return Action::invalidate;
        case 7: return Action::restore;
        case 8: return Action::erase;
        case 9: return Action::merge;
        default: return std::nullopt;
    }
}
// A unit by its id: the scope compares identity only.
class UnitId final : public cel::Object {
  public:
    explicit UnitId(std::int64_t id) : id_(id) {}
    cel::Value field(int) const override { return cel::Value::null(); }
    std::int64_t id() const override { return id_; }

  private:
    std::int64_t id_;
};
}  // namespace

template <class Visit>
void Who::each(int type, Action action, Visit&& visit) const {
    if (type < 0) return;  // a kind of record the model does not have
    for (const auto& [applied, of] : by_type_[at(type)])
        if (applied->right->may(action)) visit(*applied, *of);
}

Who::Who(model::ModelPtr model, std::shared_ptr<const Directory> directory, RecordId person, RecordId post)
    : model_(std::move(model)), directory_(std::move(directory)), person_(person), post_(post) {
    const model::Rights& rights = model_->rights;
    everything_ = !rights.declared;
    const auto& held = directory_->roles_of(post_);
    for (const model::Right& right : rights.rights) {
        Applied applied;
        bool has = false;
        std::set<std::int64_t> units;
        for (const RoleOver& role : held) {
            if (std::find(right.roles.begin(), right.roles.end(), role.role) == right.roles.end()) continue;
            has = true;
            if (right.scope == model::Scope::unit) units.insert(role.unit);
            if (right.scope == model::Scope::subtree)
                for (const auto& [type, id] : directory_->below(role.unit))
                    if (type == model_->identity.unit_type) units.insert(id);
        }
        if (!has) continue;
        applied.right = &right;
        applied.units.assign(units.begin(), units.end());
        std::vector<cel::Value> list;
        const cel::ObjectType* object =
            model_->identity.unit_type >= 0 ? model_->types[at(model_->identity.unit_type)].object : nullptr;
        for (const std::int64_t id : units) list.push_back(cel::Value::object(object, unit_ids_.emplace_back(std::make_unique<UnitId>(id)).get()));
        applied.unit_list = cel::Value::list(std::move(list));
        applied_.push_back(std::move(applied));
    }
    by_type_.resize(model_->types.size());
    for (const Applied& applied : applied_)
        for (const auto& of : applied.right->types) by_type_[at(of.type)].emplace_back(&applied, &of);
    sees_.resize(model_->types.size());
    for (std::size_t type = 0; type < sees_.size(); ++type) {
        sees_[type].fields = fields_always(static_cast<int>(type), Action::see);
        sees_[type].all = everything_;
        each(static_cast<int>(type), Action::see, [&](const Applied&, const model::Right::OfType& of) {
            sees_[type].all = sees_[type].all || (of.condition.text == "true" && of.fields.empty());
        });
    }
}

std::vector<cel::Value> Who::variables(const Applied& applied, record::Views& views) const {
    std::vector<cel::Value> out(model::slots::right_count);
    out[model::slots::right_post] = views.reference(model_->identity.post, post_.value);
    out[model::slots::right_units] = applied.unit_list;
    out[model::slots::right_acting] = out[model::slots::right_post];
    if (model_->identity.person >= 0 && person_.value > 0)
        out[model::slots::right_actor] = views.reference(model_->identity.person, person_.value);
    out[model::slots::right_today] = cel::Value::date(directory_->today());
    return out;
}

Result<Where> Who::where(int type, Action action, record::Resolver& world) const {
    Where out;
    if (everything_) {
        out.everything = true;
        return out;
    }
    const std::lock_guard lock(mutex_);
    const std::pair<int, int> key{type, static_cast<int>(action)};
    if (const auto known = wheres_.find(key); known != wheres_.end()) return known->second;
    std::set<std::pair<std::string, std::vector<std::int64_t>>> seen;
    std::optional<Error> problem;
    each(type, action, [&](const Applied& applied, const model::Right::OfType& of) {
        if (of.condition.text == "true") out.everything = true;
        if (out.everything || problem || !seen.emplace(of.condition.text, applied.units).second) return;
        if ((applied.right->scope == model::Scope::unit || applied.right->scope == model::Scope::subtree) && applied.units.empty()) return;
        cel::SqlOptions options;
        options.first_parameter = static_cast<int>(out.parameters.size()) + 1;
        const auto sql = cel::to_sql(of.condition.program, options);
        if (!sql) {
            problem = sql.error().front();  // the loader compiled it; only a limit gets here
            return;
        }
        record::Views views(*model_, world);
        const auto values = variables(applied, views);
        cel::Activation activation;
        activation.variables = values;
        const auto bound = sql->bind(activation);
        if (!bound) {
            problem = bound.error();
            return;
        }
        out.sql += (out.sql.empty() ? "(" : " OR (") + sql->condition + ")";
        for (const auto& v : *bound) out.parameters.push_back(record::from_stored(v));
    });
    if (problem) return fail(*problem);
    if (out.everything) {
        out.sql.clear();
        out.parameters.clear();
    } else if (out.sql.empty()) {
        out.nothing = true;
        out.sql = "0";
    }
    wheres_[key] = out;
    return out;
}

bool Who::may_ever(int type, Action action) const {
    bool yes = everything_;
    each(type, action, [&](const Applied&, const model::Right::OfType&) { yes = true; });
    return yes;
}
bool Who::may(Action action, const record::Record& record, record::Resolver& world) const { return Facing(*this, record, world).may(action); }
bool Who::may_move(const std::string& move, const record::Record& record, record::Resolver& world) const { return Facing(*this, record, world).may_move(move); }
std::vector<bool> Who::fields(Action action, const record::Record& record, record::Resolver& world) const { return Facing(*this, record, world).fields(action); }
std::vector<bool> Who::fields_always(int type, Action action) const {
    const std::size_t n = model_->types[at(type)].fields.size();
    std::vector<bool> out(n, true);
    if (everything_) return out;
    bool any = false;
    each(type, action, [&](const Applied&, const model::Right::OfType& of) {
        any = true;
        if (of.fields.empty()) return;
        for (std::size_t f = 0; f < n; ++f)
            if (std::find(of.fields.begin(), of.fields.end(), static_cast<int>(f)) == of.fields.end()) out[f] = false;
    });
    // A right that covers everything for every record makes the others' limits meaningless.
    each(type, action, [&](const Applied&, const model::Right::OfType& of) {
        if (of.condition.text == "true" && of.fields.empty()) out.assign(n, true);
    });
    if (!any) out.assign(n, false);
    return out;
}
bool Who::may_see(int figure, int unit_type, std::int64_t unit) const {
    if (everything_) return true;
    const auto& held = directory_->roles_of(post_);
    for (const Applied& applied : applied_) {
        const model::Right& right = *applied.right;
        if (!right.may(Action::see) || !std::binary_search(right.figures.begin(), right.figures.end(), figure)) continue;
        if (right.scope == model::Scope::all) return true;
        if (unit == 0) continue;
        for (const RoleOver& role : held) {
            if (std::find(right.roles.begin(), right.roles.end(), role.role) == right.roles.end()) continue;
            if (right.scope == model::Scope::unit ? unit_type == model_->identity.unit_type && unit == role.unit
                                                  : directory_->below(role.unit).contains({unit_type, unit}))
                return true;
        }
    }
    return false;
}
int Who::smallest_cell(int figure) const {
    const auto least = model_->rights.smallest_cell.find(figure);
    if (least == model_->rights.smallest_cell.end()) return 0;
    const int type = model_->figures[at(figure)].type;
    return type >= 0 && sees_all(type) ? 0 : least->second;
}

void Who::judge(const board::WriteAsk& ask, record::Resolver& world, Errors& refused) const {
    const std::optional<Action> action = action_of(ask.change.verb);
    if (everything_ || !action) return;
    const auto refuse = [&](std::string where, std::string message, std::string hint) {
        refused.push_back({Code::not_allowed, std::move(where), std::move(message), std::move(hint)});
    };
    const std::string doing = std::string(model::action_name(*action)) + " " + ask.type.code;
    if (!may_ever(ask.type.index, *action))
        return refuse(ask.change.where, "no role of this post may " + doing, "ask the head of the unit, or act in another post");
    if (*action == Action::move) {
        // `before`: the move is judged by where the record stands.
        if (ask.before && !may_move(ask.change.move, *ask.before, world))
            refuse(ask.change.where, "this post may not make the move \"" + ask.change.move + "\" with this record", "");
        return judge_values(ask, world, refused);
    }
    for (const record::Record* image : {ask.before, ask.after}) {
        if (!image || may(*action, *image, world)) continue;
        return refuse(ask.change.where,
                      image == ask.after && ask.before ? "the record would leave what this post may " + doing
                                                       : "this record is outside of what this post may " + doing,
                      "");
    }
    if (!ask.after || (*action != Action::create && *action != Action::amend)) return;
    const std::vector<bool> covered = fields(*action, *ask.after, world);
    const bool all = std::all_of(covered.begin(), covered.end(), [](bool b) { return b; });
    if (all) return;
    for (const auto& [field, value] : ask.change.set) {
        if (field < 0 || at(field) >= covered.size() || covered[at(field)]) continue;
        if (ask.before && ask.before->at(field) == ask.after->at(field)) continue;
        refuse((ask.change.where.empty() ? "" : ask.change.where + ":") + ask.type.fields[at(field)].code,
               "this post may not write the field " + ask.type.fields[at(field)].code, "");
    }
}

// What a move sets on its way: what its needs look at, which is why it is asked for, or what one may amend anyway.
void Who::judge_values(const board::WriteAsk& ask, record::Resolver& world, Errors& refused) const {
    if (everything_ || ask.change.verb != board::Verb::move || ask.change.set.empty() || !ask.before || !ask.after) return;
    const auto move = std::find_if(ask.type.moves.begin(), ask.type.moves.end(), [&](const model::Move& m) { return m.code == ask.change.move; });
    std::vector<bool> covered(ask.type.fields.size(), false);
    if (may(Action::amend, *ask.before, world)) covered = fields(Action::amend, *ask.before, world);
    for (const auto& [field, value] : ask.change.set) {
        if (field < 0 || at(field) >= covered.size() || covered[at(field)] || ask.before->at(field) == ask.after->at(field)) continue;
        const std::string& code = ask.type.fields[at(field)].code;
        const bool needed = move != ask.type.moves.end() && std::any_of(move->needs.begin(), move->needs.end(), [&](const model::Rule& need) {
            const auto& paths = need.check.program.paths();
            return std::any_of(paths.begin(), paths.end(), [&](const auto& path) { return !path.empty() && path.front() == code; });
        });
        if (!needed)
            refused.push_back({Code::not_allowed, (ask.change.where.empty() ? "" : ask.change.where + ":") + code,
                               "this post may not write the field " + code + " with the move", "a move sets what its needs look at, or what the post may amend"});
    }
}

std::span<const std::pair<const Who::Applied*, const model::Right::OfType*>> Facing::rights() const {
    return record_.type < 0 ? std::span<const std::pair<const Who::Applied*, const model::Right::OfType*>>() : who_.by_type_[at(record_.type)];
}
bool Facing::holds(std::size_t i) {
    const auto& [applied, of] = rights()[i];
    if (of->condition.text == "true") return true;
    if (judged_.empty()) {
        judged_.resize(rights().size());
        views_.emplace(*who_.model_, world_);
        variables_ = who_.variables(*applied, *views_);
        self_ = views_->of(record_);
    }
    if (judged_[i] == 0) {
        variables_[model::slots::right_units] = applied->unit_list;  // all else is the same for every right
        cel::Activation activation;
        activation.variables = variables_;
        activation.self = self_;
        judged_[i] = of->condition.program.holds(activation) ? 1 : -1;
    }
    return judged_[i] > 0;
}
bool Facing::holds(const model::Right& right, const model::Right::OfType& of) {
    const auto all = rights();
    const auto mine = std::find_if(all.begin(), all.end(), [&](const auto& a) { return a.first->right == &right && a.second == &of; });
    return mine != all.end() && holds(static_cast<std::size_t>(mine - all.begin()));
}
bool Facing::may(Action action) {
    if (who_.everything_) return true;
    const auto all = rights();
    for (std::size_t i = 0; i < all.size(); ++i)
        if (all[i].first->right->may(action) && holds(i)) return true;
    return false;
}
std::uint32_t Facing::may_what() {
    if (who_.everything_) return ~std::uint32_t{0};
    std::uint32_t out = 0;
    const auto all = rights();
    for (std::size_t i = 0; i < all.size(); ++i)
        if ((all[i].first->right->actions & ~out) != 0 && holds(i)) out |= all[i].first->right->actions;
    return out;
}
bool Facing::may_move(const std::string& move) {
    if (who_.everything_) return true;
    const auto all = rights();
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto& moves = all[i].first->right->moves;
        if (all[i].first->right->may(Action::move) && (moves.empty() || std::find(moves.begin(), moves.end(), move) != moves.end()) && holds(i)) return true;
    }
    return false;
}
std::vector<bool> Facing::fields(Action action) {
    std::vector<bool> out(record_.values.size(), who_.everything_);
    const auto all = rights();
    for (std::size_t i = 0; i < all.size() && !who_.everything_; ++i) {
        if (!all[i].first->right->may(action) || !holds(i)) continue;
        if (all[i].second->fields.empty()) {
            out.assign(out.size(), true);
            break;
        }
        for (const int f : all[i].second->fields) out[at(f)] = true;
    }
    return out;
}

std::vector<Who::Reason> Who::explain(Action action, const record::Record& record, record::Resolver& world) const {
    std::vector<Reason> out;
    Facing facing(*this, record, world);
    for (const model::Right& right : model_->rights.rights) {
        if (!right.may(action)) continue;
        for (const auto& of : right.types) {
            if (of.type != record.type) continue;
            Reason reason;
            reason.right = &right;
            reason.holds = facing.holds(right, of);
            for (const int role : right.roles)
                reason.text += (reason.text.empty() ? "" : ", ") + model_->rights.roles[at(role)].code;
            reason.text += ": " + of.condition.text;
            out.push_back(std::move(reason));
        }
    }
    return out;
}

void Rights::changed(const board::Shown& shown) {
    const model::ModelPtr model = board_.model();
    for (const board::Changed& c : shown.records)
        if (Directory::reads(*model, c.type)) {
            stale_.store(true, std::memory_order_release);
            return;
        }
}

Result<std::shared_ptr<const Directory>> Rights::directory() {
    const Instant now = board_.now();
    std::unique_lock lock(mutex_);
    const auto good = [&] { return directory_ && !stale_.load(std::memory_order_acquire) && day_begins_ <= now && now < day_ends_ && model_ == board_.model(); };
    // While one reads it anew, nobody goes on with the old one: what was taken away is taken away.
    read_.wait(lock, [&] { return good() || !reading_; });
    if (good()) return directory_;
    reading_ = true;
    stale_.store(false, std::memory_order_release);  // before reading: a change meanwhile makes it stale again
    lock.unlock();
    const model::ModelPtr model = board_.model();
    auto made = [&]() -> Result<std::shared_ptr<const Directory>> {
        try {
            const auto snapshot = board_.snapshot();
            if (&snapshot->model() != model.get()) return fail(Code::busy, "", "the model of the board was changed at this moment", "ask again");
            return Directory::read(*snapshot);
        } catch (const std::exception& problem) {
            return fail(Code::store_failed, "", std::string("who holds which post cannot be read: ") + problem.what(), "");
        }
    }();
    lock.lock();
    reading_ = false;
    read_.notify_all();
    if (!made) {
        stale_.store(true, std::memory_order_release);
        return fail(made.error());
    }
    if (!directory_ || directory_->position() <= (*made)->position()) {
        directory_ = *made;
        model_ = model;
        day_begins_ = board_.zone().start_of(directory_->today());
        day_ends_ = board_.zone().start_of(Date{directory_->today().days + 1});
        who_.clear();
    }
    return directory_;
}

Result<std::shared_ptr<const Who>> Rights::who(RecordId person, RecordId post) {
    YIPAN_TRY_VOID(directory().map([](const auto&) {}));
    const std::lock_guard lock(mutex_);
    if (who_.size() > who_cached_max) who_.clear();
    auto& slot = who_[{person.value, post.value}];
    if (!slot) slot = std::make_shared<const Who>(model_, directory_, person, post);  // of the newest: never of one that was replaced meanwhile
    return slot;
}

std::shared_ptr<const Who> Rights::known(RecordId person, RecordId post) {
    const std::lock_guard lock(mutex_);
    if (!directory_ || model_ != board_.model()) return nullptr;
    auto& slot = who_[{person.value, post.value}];
    if (!slot) slot = std::make_shared<const Who>(model_, directory_, person, post);
    return slot;
}

std::string masked(std::string_view text) {
    std::size_t first = 0;
    if (!text.empty()) first = std::max<std::size_t>(1, utf8_length_at(text, 0));
    std::size_t chars = 0;
    for (std::size_t i = 0; i < text.size(); i += std::max<std::size_t>(1, utf8_length_at(text, i))) ++chars;
    const bool digits = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (digits && text.size() >= 7) return std::string(text.substr(0, 3)) + std::string(text.size() - 3, '*');
    return std::string(text.substr(0, first)) + std::string(std::min<std::size_t>(chars > 1 ? chars - 1 : 1, 8), '*');
}

}  // namespace yipan::access
