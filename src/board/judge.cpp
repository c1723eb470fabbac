#include "board/judge.h"

#include <absl/container/flat_hash_set.h>
#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "base/check.h"
#include "model/slots.h"
#include "record/check.h"
#include "record/input.h"
#include "record/view.h"

namespace yipan::board {
namespace {
constexpr std::size_t changes_max = 20'000;     // of one draft, what deletion drags along included
constexpr std::size_t rederived_max = 200'000;  // records whose figures one change may re-derive
constexpr std::size_t errors_max = 1'000;       // listed for one draft; the rest is counted
constexpr std::int64_t referrers_max = 20'000;

constexpr std::uint8_t personal_group = 1U << static_cast<int>(model::FieldGroup::personal);

std::size_t at(int i) { return static_cast<std::size_t>(i); }
std::string person_name(const model::Type& type, const record::Record& r) {
    if (type.key >= 0)
        if (const auto* t = record::as_text(r.at(type.key))) return type.code + " " + *t;
    return type.code + " #" + std::to_string(r.id.value);
}
}  // namespace

// One draft being judged.
class Judge::Session final : public cel::Host {
  public:
    Session(Judge& judge, const Draft& draft, std::int64_t time, Pending& pending)
        : j_(judge),
          model_(*judge.shape_->model),
          draft_(draft),
          time_(time),
          today_(judge.today(time)),
          pending_(pending),
          mark_(judge.log_.mark()),
          postings_mark_(pending.postings.size()),
          changed_mark_(pending.changed.size()) {}

    Checked<Receipt> run() {
        if (draft_.changes.size() > changes_max)
            return fail(
                Errors{{Code::limit_exceeded, "", "a draft of " + std::to_string(draft_.changes.size()) + " changes",
                        "at most " + std::to_string(changes_max)}});
        const bool nested = draft_.dry_run || draft_.changes.size() > 1 || !draft_.side.empty() ||
                            (draft_.changes.size() == 1 && judges_after(draft_.changes[0]));
        after_each_ = !nested;
        if (nested && !guard(j_.store_.savepoint())) return refused();
        for (const Change& change : draft_.changes) {
            const std::size_t before = errors_.size();
            made_.push_back({});
            apply(change, made_.back());
            if (j_.store_lost_ || errors_.size() >= errors_max) break;
            if (errors_.size() > before) made_.back().failed = true;
        }
        if (errors_.empty() && nested) judge_rules();
        if (!errors_.empty() || draft_.dry_run) {
            auto answer = errors_.empty() ? Checked<Receipt>(receipt()) : refused();
            undo(nested);
            return answer;
        }
        if (!write_side()) return refused();
        if (nested && !guard(j_.store_.release())) return refused();
        if (!draft_.idempotency_key.empty() &&
            !guard(j_.store_.put_receipt(draft_.idempotency_key, {first_, j_.log_.position()})))
            return refused();
        return receipt();
    }

    // Replay: the entry was judged when it was written; only its consequences are derived anew.
    Status replay(const journal::Entry& entry) {
        if (entry.verb == journal::Verb::read || entry.verb == journal::Verb::act) {  // they change no record
            journal::Entry copy = entry;
            return j_.log_.append(copy);
        }
        const int type = model_.find_type(entry.type);
        if (type < 0)
            return fail(Code::corrupt, "entry " + std::to_string(entry.position),
                        "names a type the model does not have");
        given_ = &entry;
        const RecordId id(entry.record);
        const record::RecordPtr old = entry.version > 1 ? current(type, id) : nullptr;
        std::shared_ptr<record::Record> next;
        if (entry.verb == journal::Verb::expunge) {
            journal::Entry copy = entry;
            return j_.log_.append(copy);
        }
        if (entry.verb == journal::Verb::merge) {
            YIPAN_TRY(const record::Marks marks, record::marks_of(entry.body[0]));
            if (old) YIPAN_TRY_VOID(redirect(shape(type), *old, marks.into));
        }
        if (journal::makes_version(entry.verb)) {
            YIPAN_TRY(const record::RecordPtr version, j_.world_.version_of(entry, type));
            next = std::make_shared<record::Record>(*version);
            if (entry.version == 1) count_numbers(shape(type), *next);
        }
        made_.push_back({});
        if (errors_.empty()) write(type, old, std::move(next), entry.verb, made_.back());
        if (!errors_.empty()) return fail(errors_[0]);
        return {};
    }

    // -- cel::Host: rules that look at other records
    Result<cel::Value> query(const cel::SqlQuery& query, std::span<const cel::Value> params) override {
        std::vector<record::Value> values;
        for (const auto& p : params) values.push_back(record::from_stored(p));
        YIPAN_TRY(const record::Value v, j_.store_.scalar(query.sql, values));
        if (const auto* n = record::as_integer(v)) return cel::Value::integer(*n);
        return cel::Value::null();
    }
    Result<cel::Value> figure(std::string_view code, const cel::Value& unit, const cel::Value& period) override {
        if (!j_.ask_figure) return fail(Code::evaluation_failed, "", "figure() has nobody to ask here");
        if (unit.is_null() || period.is_null()) return cel::Value::null();
        return j_.ask_figure(code, model_.find_type(unit.object_type()->name), unit.object()->id(), period.as_period(),
                             pending_);
    }

  private:
    struct Made {  // what became of a change
        int type = -1;
        RecordId record;
        std::int32_t version = 0;
        bool failed = false;
    };
    struct Check {  // a rule to be judged
        const model::Rule* rule;
        int type;
        record::RecordPtr record, old;
        const std::string* where;
    };

    const model::Type& shape(int type) const { return model_.types[at(type)]; }
    static bool takes_back(Verb verb) { return verb >= Verb::invalidate && verb <= Verb::merge; }
    bool judges_after(const Change& c) const {
        const model::Type& type = shape(c.type);
        if (c.verb == Verb::remove || takes_back(c.verb)) return true;  // may drag others along
        if (c.verb != Verb::create && !j_.plan_->dependents_of(c.type).empty())
            return true;  // others' figures follow the written row
        for (const auto& r : type.rules)
            if (r.reads_others) return true;
        if (c.verb == Verb::move)
            for (const auto& m : type.moves)
                for (const auto& r : m.needs)
                    if (r.reads_others) return true;
        return false;
    }
    bool guard(const Status& status) {
        if (status) return true;
        lose(status.error());
        return false;
    }
    void lose(Error error) {
        j_.store_lost_ = true;
        errors_.assign(1, std::move(error));
    }
    void problem(Code code, std::string where, std::string message, std::string hint = {}) {
        errors_.push_back({code, std::move(where), std::move(message), std::move(hint)});
    }
    Checked<Receipt> refused() { return fail(std::move(errors_)); }
    void undo(bool nested) {
        if (nested && !j_.store_lost_) (void)guard(j_.store_.rollback_to_savepoint());
        j_.log_.back(std::move(mark_));
        pending_.postings.resize(postings_mark_);
        pending_.changed.resize(changed_mark_);
        for (const auto& [type, id] : written_) {
            j_.world_.forget(type, RecordId(id));
            pending_.links.erase({type, id});
        }
        for (auto& [key, link] : links_before_) pending_.links.insert_or_assign(key, std::move(link));
        for (const auto& [type, next] : ids_before_) j_.next_record_[at(type)] = next;
    }
    Receipt receipt() const {
        Receipt r;
        r.first = Position(first_);
        r.last = Position(first_ == 0 ? 0 : last_);
        r.time = Instant{time_};
        for (const Made& m : made_) {
            r.records.push_back(m.record);
            r.versions.push_back(m.version);
        }
        return r;
    }

    bool write_side() {
        for (const SideWrite& side : draft_.side) {
            if (!guard(side.value ? j_.store_.put_side(side.space, side.key, *side.value)
                                  : j_.store_.drop_side(side.space, side.key)))
                return false;
            pending_.side = true;
        }
        return true;
    }
    // A look at personal data, an act on an account: an entry of its own kind, no record.
    void tell(const Change& change, Made& made) {
        journal::Entry& e = j_.entry_;
        e = {};
        e.time = time_;
        e.actor = draft_.actor.value;
        e.post = draft_.post.value;
        e.channel = draft_.channel;
        e.verb = static_cast<journal::Verb>(change.verb);
        e.transaction = first_ ? first_ : j_.log_.position() + 1;
        e.model_version = j_.model_version_;
        e.effective = today_.days;
        e.body[0] = change.told;
        if (!guard(j_.log_.append(e))) return;
        if (!first_) first_ = e.position;
        last_ = e.position;
        made.version = 0;
    }
    bool permitted(const Change& change, const model::Type& type, const record::Record* before,
                   const record::Record* after) {
        if (!j_.permit) return true;
        const std::size_t known = errors_.size();
        j_.permit({draft_, change, type, before, after}, j_.world_, errors_);
        return !take_world_error() && errors_.size() == known;
    }

    // -- a change
    void apply(const Change& change, Made& made) {
        if (change.verb == Verb::read || change.verb == Verb::act) return tell(change, made);
        if (change.type < 0 || at(change.type) >= model_.types.size())
            return problem(Code::not_found, change.where, "no such type");
        const model::Type& type = shape(change.type);
        made.type = change.type;
        if (change.verb == Verb::create) return create(change, type, made);
        const RecordId id = resolve(change.record.value, type.index, change.where, type.code);
        if (id.value == 0) return;
        const record::RecordPtr old = current(type.index, id);
        if (j_.store_lost_) return;
        if (takes_back(change.verb) && !said_why(change)) return;
        if (!old && change.verb == Verb::restore) return revive(change, type, id, made);
        if (!old && change.verb == Verb::erase) return expunge(change, type, id, made);
        if (!old)
            return problem(Code::not_found, change.where, "no " + type.code + " with id " + std::to_string(id.value),
                           "it may have been deleted");
        made.record = id;
        made.version = old->version;
        if (change.expected_version && *change.expected_version != old->version)
            return problem(Code::version_conflict, change.where,
                           person_name(type, *old) + " is at version " + std::to_string(old->version) +
                               ", the draft was made from version " + std::to_string(*change.expected_version),
                           "read it again and repeat the change");
        if ((change.verb == Verb::remove || takes_back(change.verb)) && !permitted(change, type, old.get(), nullptr))
            return;
        switch (change.verb) {
            case Verb::remove: return remove(change, type, old, made);
            case Verb::invalidate: return invalidate(change, type, old, made);
            case Verb::restore: return validate(change, type, old, made);
            case Verb::erase: return erase(change, type, old, made);
            case Verb::merge: return merge(change, type, old, made);
            default: break;
        }
        if (old->voided)
            return problem(Code::rule_broken, change.where, person_name(type, *old) + " is void",
                           "restore it first, or enter a new one");
        auto next = std::make_shared<record::Record>(*old);
        const bool moved = change.verb == Verb::move;
        if (moved && !move(change, type, *old, *next)) return;
        set_values(change, type, *next, old.get());
        ask_permit_ = true;
        finish(change, type, old, std::move(next), moved ? journal::Verb::move : journal::Verb::amend, made);
    }

    void create(const Change& change, const model::Type& type, Made& made) {
        auto next = std::make_shared<record::Record>();
        next->type = type.index;
        next->values.resize(type.fields.size());
        for (const auto& [field, value] : j_.presets_[at(type.index)]) next->values[at(field)] = value;
        if (type.state >= 0) next->values[at(type.state)] = type.initial_state;
        set_values(change, type, *next, nullptr);
        ask_permit_ = true;
        finish(change, type, nullptr, std::move(next), journal::Verb::create, made);
    }

    void set_values(const Change& change, const model::Type& type, record::Record& next, const record::Record* old) {
        for (const auto& [index, value] : change.set) {
            if (index < 0 || at(index) >= type.fields.size()) {
                problem(Code::not_found, change.where, "no field " + std::to_string(index) + " in " + type.code);
                continue;
            }
            const model::Field& field = type.fields[at(index)];
            const auto place = [&] { return record::field_place(change.where, field); };
            if (field.computed) {
                problem(Code::invalid_input, place(), field.code + " is computed", "leave it out");
                continue;
            }
            // A state changes by moves only; the system itself may take over stock that already stands further on.
            if (index == type.state && (old || draft_.post.value != 0)) {
                if (!old || next.values[at(index)] != value)
                    problem(Code::not_allowed, place(), "a state changes by a move, not by typing",
                            "use one of the moves of " + type.code);
                continue;
            }
            if (index == type.owner_field && old && old->at(index) != value) {
                problem(Code::not_allowed, place(), "a line cannot move to another owner",
                        "remove it and create it there");
                continue;
            }
            next.values[at(index)] = value;
            if (const auto* n = record::as_integer(value); n && *n < 0 && field.kind == model::FieldKind::reference)
                next.values[at(index)] = resolve(*n, field.target, place(), field.code).value;
        }
    }

    // A negative id means the record of an earlier change of the same draft.
    RecordId resolve(std::int64_t id, int type, const std::string& where, const std::string& what) {
        if (id > 0) return RecordId(id);
        const auto k = static_cast<std::size_t>(-(id + 1));
        if (id == 0 || k + 1 >= made_.size() || made_[k].type != type) {
            problem(Code::invalid_input, where,
                    what + " refers to change " + std::to_string(k + 1) +
                        " of the draft, which makes no such record before this one");
            return {};
        }
        if (made_[k].failed || made_[k].record.value == 0) return {};  // its own mistakes are already listed
        return made_[k].record;
    }

    bool move(const Change& change, const model::Type& type, const record::Record& old, record::Record& next) {
        const auto found = std::find_if(type.moves.begin(), type.moves.end(),
                                        [&](const model::Move& m) { return m.code == change.move; });
        if (found == type.moves.end()) {
            std::string legal;
            for (const auto& m : type.moves) legal += (legal.empty() ? "" : ", ") + m.code;
            problem(Code::not_found, change.where, type.code + " has no move \"" + change.move + "\"",
                    legal.empty() ? "it has no states" : "one of: " + legal);
            return false;
        }
        const std::string* state = record::as_text(old.at(type.state));
        if (!state || std::find(found->from.begin(), found->from.end(), *state) == found->from.end()) {
            std::string from;
            for (const auto& s : found->from) from += (from.empty() ? "" : ", ") + s;
            problem(Code::rule_broken, change.where,
                    person_name(type, old) + " is in state " + (state ? *state : "none") + "; \"" + found->code +
                        "\" starts from " + from);
            return false;
        }
        next.values[at(type.state)] = found->to;
        pending_move_ = &*found;
        return true;
    }

    void compute(const model::Type& type, record::Record& next, const std::string& where) {
        for (std::size_t i = 0; i < type.fields.size(); ++i) {
            const model::Field& field = type.fields[i];
            if (!field.computed) continue;
            record::Views views(model_, j_.world_);
            cel::Activation activation;
            activation.self = views.of(next);
            const auto value = field.computed->program.evaluate(activation);
            // A part that is not there yet leaves the result unset.
            const bool missing =
                !value && !field.computed->program.may_fail_on_null().empty() && unset_part(type, field, next);
            if (missing) {
                next.values[i] = {};
            } else if (!value) {
                problem(Code::evaluation_failed, record::field_place(where, field), value.error().message);
            } else if (auto stored = record::from_cel(field, *value)) {
                next.values[i] = std::move(*stored);
            } else {
                problem(stored.error().code, record::field_place(where, field), stored.error().message,
                        stored.error().hint);
            }
        }
    }
    static bool unset_part(const model::Type& type, const model::Field& field, const record::Record& r) {
        for (const auto& path : field.computed->program.paths())
            if (const int f = path.empty() ? -1 : type.find(path[0]); f >= 0 && record::is_unset(r.at(f))) return true;
        return false;
    }

    // Document numbers: gapless per year and `per` fields, given by the one writer (semantics.md).
    void number(const model::Type& type, record::Record& next) {
        for (std::size_t i = 0; i < type.fields.size(); ++i) {
            const model::Field& field = type.fields[i];
            if (field.kind != model::FieldKind::number || !record::is_unset(next.values[i])) continue;
            const std::string name = counter_name(type, field, next);
            const auto last = j_.store_.counter(name);
            if (!last) return lose(last.error());
            if (!guard(j_.store_.set_counter(name, *last + 1))) return;
            next.values[i] = number_text(field.pattern, *last + 1);
        }
    }
    void count_numbers(const model::Type& type, const record::Record& made) {
        for (std::size_t i = 0; i < type.fields.size(); ++i) {
            const model::Field& field = type.fields[i];
            if (field.kind != model::FieldKind::number) continue;
            const std::string name = counter_name(type, field, made);
            const auto last = j_.store_.counter(name);
            if (!last) return lose(last.error());
            if (made.values[i] == record::Value(number_text(field.pattern, *last + 1)) &&
                !guard(j_.store_.set_counter(name, *last + 1)))
                return;
        }
    }
    std::string counter_name(const model::Type& type, const model::Field& field, const record::Record& r) const {
        std::string name = type.code + "." + field.code + ":" + std::to_string(today_.year());
        for (const int p : field.per) {
            const record::Value& v = r.at(p);
            name += ":";
            if (const auto* n = record::as_integer(v)) name += std::to_string(*n);
            if (const auto* t = record::as_text(v)) name += *t;
        }
        return name;
    }
    std::string number_text(const std::string& pattern, std::int64_t seq) const {
        std::string out;
        for (std::size_t i = 0; i < pattern.size(); ++i) {
            const std::size_t close = pattern[i] == '{' ? pattern.find('}', i) : std::string::npos;
            if (close == std::string::npos) {
                out += pattern[i];
                continue;
            }
            const std::string word = pattern.substr(i + 1, close - i - 1);
            if (word == "year") out += std::to_string(today_.year());
            if (word == "seq") out += std::to_string(seq);
            if (word.starts_with("seq:")) out += fmt::format("{:0{}}", seq, std::stoi(word.substr(4)));
            i = close;
        }
        return out;
    }

    void check_references(const model::Type& type, const record::Record& next, const record::Record* old,
                          const std::string& where) {
        for (std::size_t i = 0; i < type.fields.size(); ++i) {
            const model::Field& field = type.fields[i];
            const record::Value& value = next.values[i];
            if (record::is_unset(value) || (old && old->values[i] == value)) continue;
            std::vector<std::int64_t> ids;
            if (field.kind == model::FieldKind::reference) {
                ids.push_back(*record::as_integer(value));
            } else if (field.kind == model::FieldKind::references) {
                if (const auto* t = record::as_text(value))
                    ids = record::parse_id_list(*t).value_or(std::vector<std::int64_t>{});
            }
            for (const std::int64_t id : ids)
                refer(field, RecordId(id), where);
        }
    }

    void refer(const model::Field& field, RecordId id, const std::string& where) {
        if (id.value == 0) return;
        const record::RecordPtr target = current(field.target, id);
        if (!target)
            problem(Code::not_found, record::field_place(where, field),
                    "no " + shape(field.target).code + " with id " + std::to_string(id.value), "choose an existing one");
        else if (target->voided)
            problem(Code::rule_broken, record::field_place(where, field),
                    person_name(shape(field.target), *target) + " is void", "choose one that is valid");
    }

    void check_unique(const model::Type& type, const record::Record& next, const record::Record* old,
                      const std::string& where) {
        const auto clash = [&](const std::vector<int>& fields) {
            std::vector<record::Value> values;
            bool changed = !old;
            for (const int f : fields) {
                if (record::is_unset(next.at(f))) return;  // unset clashes with nothing
                changed = changed || old->at(f) != next.at(f);
                values.push_back(next.at(f));
            }
            if (!changed) return;
            const auto found = j_.store_.find(type.index, fields, values, 2);
            if (!found) return lose(found.error());
            for (const std::int64_t id : *found) {
                if (id == next.id.value) continue;
                std::string names;
                for (const int f : fields) names += (names.empty() ? "" : " + ") + type.fields[at(f)].code;
                const record::RecordPtr other = current(type.index, RecordId(id));
                return problem(Code::duplicate,
                               fields.size() == 1 ? record::field_place(where, type.fields[at(fields[0])]) : where,
                               names + " exists already: " +
                                   (other ? person_name(type, *other) + (other->voided ? " (void)" : "")
                                          : std::to_string(id)),
                               other && other->voided ? "restore that record, or use another value"
                                                      : "amend that record, or use another value");
            }
        };
        for (std::size_t i = 0; i < type.fields.size(); ++i)
            if (type.fields[i].unique) clash({static_cast<int>(i)});
        if (type.natural_key.size() > 1) clash(type.natural_key);
    }

    // Everything a version needs once its given values stand: computed parts, checks, rules (now or after the draft),
    // writing.
    void finish(const Change& change, const model::Type& type, const record::RecordPtr& old,
                std::shared_ptr<record::Record> next, journal::Verb verb, Made& made) {
        const std::size_t before = errors_.size();
        const model::Move* const move = std::exchange(pending_move_, nullptr);
        const bool ask = std::exchange(ask_permit_, false);
        next->effective = change.effective.value_or(today_);
        compute(type, *next, change.where);
        record::check_values(model_, *next, change.where, errors_);
        if (errors_.size() == before) check_references(type, *next, old.get(), change.where);
        if (j_.store_lost_) return;
        check_unique(type, *next, old.get(), change.where);
        if (j_.store_lost_) return;
        if (old && next->values == old->values && !change.effective) return;  // nothing changes: nothing is written
        if (move && move->who) may_move(*move, type, *next, old, change.where);
        if (ask) (void)permitted(change, type, old.get(), next.get());
        if (j_.store_lost_) return;
        if (errors_.size() > before) return plain_rules(type, *next, old, change.where);
        if (verb == journal::Verb::create) number(type, *next);
        if (j_.store_lost_) return;
        remember_rules(type, move, next, old, change.where);
        if (after_each_) {
            judge_rules();
            if (errors_.size() > before) return;
        }
        write(type.index, old, std::move(next), verb, made);
    }
    // The record is refused already; say which of its own rules it breaks as well, so that the clerk hears everything
    // at once.
    void plain_rules(const model::Type& type, const record::Record& next, const record::RecordPtr& old,
                     const std::string& where) {
        for (const auto& rule : type.rules) {
            if (rule.reads_others) continue;
            const auto ok = holds(rule.check.program, type, next, old);
            if (ok && !*ok) broken(rule, where);
        }
    }
    void broken(const model::Rule& rule, const std::string& where) {
        problem(Code::rule_broken, where, rule.message.hans + " / " + rule.message.en,
                "rule " + rule.code + ": " + rule.check.text);
    }

    void remember_rules(const model::Type& type, const model::Move* move, const record::RecordPtr& next,
                        const record::RecordPtr& old, const std::string& where) {
        if (next->voided) return;  // what counts in nothing need not be right
        const bool again =
            next->id.value != 0 && written_.contains({type.index, next->id.value});  // changed before in this draft
        if (again)
            for (auto& check : checks_)
                if (check.type == type.index && check.record->id == next->id)
                    check.record = next;  // the last version counts
        const auto known = [&](const model::Rule& rule) {
            return again && std::any_of(checks_.begin(), checks_.end(), [&](const Check& c) {
                       return c.rule == &rule && c.record->id == next->id && c.type == type.index;
                   });
        };
        for (const auto& rule : type.rules)
            if (!known(rule)) checks_.push_back({&rule, type.index, next, old, &where});
        if (move)
            for (const auto& rule : move->needs) checks_.push_back({&rule, type.index, next, old, &where});
    }

    std::vector<cel::Value> rule_variables(const model::Type& type, const record::RecordPtr& old,
                                           record::Views& views) {
        std::vector<cel::Value> out(model::slots::rule_count);
        out[model::slots::old_record] = views.object(type.index, old);
        if (model_.identity.post >= 0)
            out[model::slots::post] = views.reference(model_.identity.post, draft_.post.value);
        if (model_.identity.person >= 0)
            out[model::slots::actor] = views.reference(model_.identity.person, draft_.actor.value);
        out[model::slots::entry_date] = cel::Value::date(today_);
        return out;
    }
    Result<bool> holds(const cel::Program& program, const model::Type& type, const record::Record& r,
                       const record::RecordPtr& old) {
        record::Views views(model_, j_.world_);
        const auto variables = rule_variables(type, old, views);
        cel::Activation activation;
        activation.variables = variables;
        activation.self = views.of(r);
        activation.host = this;
        YIPAN_TRY(const cel::Value v, program.evaluate(activation));
        return v.is(cel::Kind::boolean) && v.as_bool();
    }
    void may_move(const model::Move& move, const model::Type& type, const record::Record& next,
                  const record::RecordPtr& old, const std::string& where) {
        if (draft_.post.value == 0) return;  // the system itself
        const auto ok = holds(move.who->program, type, next, old);
        if (!ok || !*ok)
            problem(Code::not_allowed, where,
                    "the acting post may not do \"" + move.label.hans + "\" (" + move.code + ")",
                    "allowed where: " + move.who->text);
    }
    void judge_rules() {
        for (const Check& check : checks_) {
            const auto ok = holds(check.rule->check.program, shape(check.type), *check.record, check.old);
            if (take_world_error()) return;
            if (!ok)
                problem(Code::rule_broken, *check.where,
                        "rule " + check.rule->code + " cannot be judged: " + ok.error().message,
                        check.rule->check.text);
            else if (!*ok)
                broken(*check.rule, *check.where);
        }
        checks_.clear();
    }

    record::RecordPtr current(int type, RecordId id) {
        record::RecordPtr r = j_.world_.current(type, id);
        take_world_error();
        return r;
    }
    bool take_world_error() {
        if (auto error = j_.world_.take_error()) {
            lose(std::move(*error));
            return true;
        }
        return false;
    }

    // -- removing: what deletion does to references is declared per field
    void remove(const Change& change, const model::Type& type, const record::RecordPtr& old, Made& made) {
        if (++dragged_ > changes_max)
            return problem(Code::limit_exceeded, change.where,
                           "removing " + person_name(type, *old) + " would change more than " +
                               std::to_string(changes_max) + " records");
        for (const auto& back : j_.shape_->referrers[at(type.index)]) {
            const model::Type& other = shape(back.type);
            const model::Field& field = other.fields[at(back.field)];
            const auto ids = j_.store_.referrers(back.type, back.field, old->id.value, referrers_max + 1);
            if (!ids) return lose(ids.error());
            if (static_cast<std::int64_t>(ids->size()) > referrers_max)
                return problem(Code::limit_exceeded, change.where,
                               "more than " + std::to_string(referrers_max) + " records of " + other.code +
                                   " refer to " + person_name(type, *old));
            for (const std::int64_t id : *ids) {
                if (back.type == type.index && id == old->id.value) continue;
                const record::RecordPtr referrer = current(back.type, RecordId(id));
                if (!referrer) continue;  // already gone along
                if (field.on_delete == model::OnDelete::refuse) {
                    problem(Code::referenced, change.where,
                            person_name(type, *old) + " is still " + field.code + " of " +
                                person_name(other, *referrer) +
                                (ids->size() > 1 ? " and " + std::to_string(ids->size() - 1) + " more" : ""),
                            "change or remove those first");
                    break;
                }
                Made dragged;
                if (field.on_delete == model::OnDelete::go_along) {
                    // (an owned child, or a link that means nothing without this end)
                    remove(change, other, referrer, dragged);
                } else {
                    auto next = std::make_shared<record::Record>(*referrer);
                    next->values[at(back.field)] = without(field, referrer->at(back.field), old->id.value);
                    finish(change, other, referrer, std::move(next), journal::Verb::amend, dragged);
                }
                if (j_.store_lost_ || errors_.size() >= errors_max) return;
            }
        }
        if (errors_.empty()) write(type.index, old, nullptr, journal::Verb::remove, made);
    }
    static record::Value without(const model::Field& field, const record::Value& value, std::int64_t id) {
        if (field.kind == model::FieldKind::reference) return {};
        auto ids = record::parse_id_list(*record::as_text(value)).value_or(std::vector<std::int64_t>{});
        std::erase(ids, id);
        return ids.empty() ? record::Value{} : record::Value(record::id_list_text(std::move(ids)));
    }

    // -- taking back (docs/taking-back.md): each leaves what was, and says who took it back and why
    bool said_why(const Change& change) {
        const std::size_t before = errors_.size();
        if (change.note.empty())
            problem(Code::invalid_input, change.where + ":note",
                    change.verb == Verb::erase ? "an erasure names its legal basis" : "a reason is needed",
                    "one sentence that a colleague understands in five years");
        if (change.verb == Verb::erase && change.decider.empty())
            problem(Code::invalid_input, change.where + ":decider", "an erasure names who decided it");
        constexpr std::size_t note_chars_max = 1'000;
        for (const std::string* text : {&change.note, &change.decider})
            if (text->size() > note_chars_max * 4)
                problem(Code::limit_exceeded, change.where + ":note", "the reason is too long",
                        "at most " + std::to_string(note_chars_max) + " characters");
        return errors_.size() == before;
    }
    record::Marks marks_for(const Change& change) const {
        record::Marks marks;
        marks.note = change.note;
        return marks;
    }
    bool dragged_too_many(const Change& change, const model::Type& type, const record::Record& r) {
        if (++dragged_ <= changes_max) return false;
        problem(Code::limit_exceeded, change.where,
                "taking back " + person_name(type, r) + " would change more than " + std::to_string(changes_max) +
                    " records");
        return true;
    }

    // Void: the record stays, with its lines, and counts in nothing. References to it stay and show that it is void.
    void invalidate(const Change& change, const model::Type& type, const record::RecordPtr& old, Made& made) {
        if (old->voided)
            return problem(Code::rule_broken, change.where, person_name(type, *old) + " is void already");
        if (dragged_too_many(change, type, *old)) return;
        each_line(type, old->id, [&](const model::Type& line_type, const record::RecordPtr& line) {
            Made dragged;
            if (!line->voided) invalidate(change, line_type, line, dragged);
        });
        if (!errors_.empty()) return;
        const record::RecordPtr now = current(type.index, old->id);
        auto next = std::make_shared<record::Record>(*now);
        next->voided = true;  // since when its values hold does not change
        const record::Marks marks = marks_for(change);
        write(type.index, now, std::move(next), journal::Verb::invalidate, made, &marks);
    }
    template <class Visit>
    void each_line(const model::Type& owner, RecordId id, Visit&& visit) {
        for (const auto& back : j_.shape_->referrers[at(owner.index)]) {
            const model::Type& type = shape(back.type);
            if (type.owner != owner.index || type.owner_field != back.field) continue;
            const auto ids = j_.store_.referrers(back.type, back.field, id.value, referrers_max + 1);
            if (!ids) return lose(ids.error());
            if (static_cast<std::int64_t>(ids->size()) > referrers_max)
                return problem(Code::limit_exceeded, "",
                               owner.code + " has more than " + std::to_string(referrers_max) + " lines in " + type.code);
            for (const std::int64_t line : *ids) {
                if (const record::RecordPtr r = current(back.type, RecordId(line))) visit(type, r);
                if (j_.store_lost_ || errors_.size() >= errors_max) return;
            }
        }
    }

    // Valid again, with the lines that became void in the same draft.
    void validate(const Change& change, const model::Type& type, const record::RecordPtr& old, Made& made) {
        if (!old->voided)
            return problem(Code::rule_broken, change.where,
                           person_name(type, *old) + " is neither void nor removed: there is nothing to restore");
        if (dragged_too_many(change, type, *old)) return;
        const auto since = transaction_of(*old);
        if (j_.store_lost_) return;
        auto next = std::make_shared<record::Record>(*old);
        next->voided = false;
        come_back(change, type, old, std::move(next), 0, made);
        if (!errors_.empty()) return;
        each_line(type, old->id, [&](const model::Type& line_type, const record::RecordPtr& line) {
            Made dragged;
            if (line->voided && transaction_of(*line) == since) validate(change, line_type, line, dragged);
        });
    }
    std::int64_t transaction_of(const record::Record& r) {
        const auto stored = j_.store_.entry(r.position.value);
        if (!stored) return lose(stored.error()), 0;
        return stored->entry.transaction;
    }
    // A record that returns is judged like a new one: its references, its unique values, its rules. `gone`: the
    // position of the entry that removed it; 0 when it was only void.
    void come_back(const Change& change, const model::Type& type, const record::RecordPtr& old,
                   std::shared_ptr<record::Record> next, std::int64_t gone, Made& made) {
        const std::size_t before = errors_.size();
        record::check_values(model_, *next, change.where, errors_);
        if (errors_.size() == before) check_references(type, *next, nullptr, change.where);
        if (j_.store_lost_) return;
        if (!old) check_unique(type, *next, nullptr, change.where);
        if (j_.store_lost_ || errors_.size() > before) return;
        remember_rules(type, nullptr, next, old, change.where);
        const record::Marks marks = marks_for(change);
        write(type.index, old, std::move(next), journal::Verb::restore, made, &marks, gone);
    }

    // What a removal took: the record as it was, what went along with it, and references that were cleared and that
    // nobody has touched since.
    void revive(const Change& change, const model::Type& type, RecordId id, Made& made) {
        const auto last = last_entry(change, type, id);
        if (!last) return;
        if (last->verb == journal::Verb::merge) {
            const auto marks = record::marks_of(last->body[0]);
            return problem(Code::rule_broken, change.where,
                           type.code + " " + std::to_string(id.value) + " was merged into " +
                               std::to_string(marks ? marks->into : 0),
                           "create it anew if the two are not the same after all");
        }
        if (last->verb == journal::Verb::expunge)
            return problem(Code::rule_broken, change.where,
                           type.code + " " + std::to_string(id.value) + " was erased", "its values are gone for good");
        const auto before = j_.store_.entry(last->previous);
        if (!before) return lose(before.error());
        const auto version = j_.world_.version_of(before->entry, type.index);
        if (!version) return lose(version.error());
        if (dragged_too_many(change, type, **version)) return;
        if (change.record == id && !permitted(change, type, nullptr, version->get())) return;
        auto next = std::make_shared<record::Record>(**version);
        come_back(change, type, nullptr, std::move(next), last->position, made);
        if (errors_.empty()) revive_companions(change, type, id, last->transaction, last->position);
    }
    std::optional<journal::Entry> last_entry(const Change& change, const model::Type& type, RecordId id) {
        const auto positions = j_.world_.positions_of(type.index, id);
        if (!positions) return lose(positions.error()), std::nullopt;
        if (positions->empty()) {
            problem(Code::not_found, change.where, "no " + type.code + " with id " + std::to_string(id.value),
                    "there never was one");
            return {};
        }
        auto stored = j_.store_.entry(positions->back());
        if (!stored) return lose(stored.error()), std::nullopt;
        return std::move(stored->entry);
    }
    // The other entries of the removal's transaction, as far as they followed from it.
    void revive_companions(const Change& change, const model::Type& type, RecordId id, std::int64_t from,
                           std::int64_t to) {
        std::vector<journal::Entry> others;
        if (!guard(j_.store_.each_entry(from, to - 1, [&](const store::StoredEntry& e) -> Status {
                if (e.entry.verb == journal::Verb::remove || e.entry.verb == journal::Verb::amend)
                    others.push_back(e.entry);
                return {};
            })))
            return;
        for (auto e = others.rbegin(); e != others.rend(); ++e) {
            const int other = model_.find_type(e->type);
            if (other < 0 || e->previous == 0) continue;
            const auto stored = j_.store_.entry(e->previous);
            if (!stored) return lose(stored.error());
            if (!journal::makes_version(stored->entry.verb)) continue;
            const auto was = j_.world_.version_of(stored->entry, other);
            if (!was) return lose(was.error());
            companion(change, type, id, *e, **was);
            if (j_.store_lost_ || !errors_.empty()) return;
        }
    }
    void companion(const Change& change, const model::Type& type, RecordId id, const journal::Entry& e,
                   const record::Record& was) {
        const model::Type& other = shape(was.type);
        const record::RecordPtr now = current(was.type, was.id);
        for (std::size_t f = 0; f < other.fields.size(); ++f) {
            const model::Field& field = other.fields[f];
            if (field.target != type.index || !refers(field, was.values[f], id.value)) continue;
            Made dragged;
            if (e.verb == journal::Verb::remove && field.on_delete == model::OnDelete::go_along && !now)
                return revive(change, other, was.id, dragged);
            const bool untouched = now && now->position.value == e.position;
            if (e.verb != journal::Verb::amend || field.on_delete != model::OnDelete::clear || !untouched) continue;
            auto next = std::make_shared<record::Record>(*now);
            next->values[f] = was.values[f];
            return finish(dated_copy(change, was.effective), other, now, std::move(next), journal::Verb::amend, dragged);
        }
    }
    // The same wish with another day, for what follows from it. It lives as long as the session: rules remember its place.
    const Change& dated_copy(const Change& change, Date day) {
        Change& copy = copies_.emplace_back();
        copy.where = change.where;
        copy.effective = day;
        return copy;
    }
    static bool refers(const model::Field& field, const record::Value& value, std::int64_t id) {
        if (const auto* n = record::as_integer(value)) return field.kind == model::FieldKind::reference && *n == id;
        const auto* text = record::as_text(value);
        if (!text || field.kind != model::FieldKind::references) return false;
        const auto ids = record::parse_id_list(*text).value_or(std::vector<std::int64_t>{});
        return std::find(ids.begin(), ids.end(), id) != ids.end();
    }

    // Erase: what the law wants forgotten leaves the record, all its versions and their salts. The headers stay, so the
    // journal still verifies; the entry says which groups, on what basis, by whose decision.
    void erase(const Change& change, const model::Type& type, const record::RecordPtr& old, Made& made) {
        constexpr auto plain = std::uint8_t{1} << static_cast<int>(model::FieldGroup::plain);
        const std::uint8_t groups = change.groups ? change.groups : personal_group;
        if (groups & plain)
            return problem(Code::rule_broken, change.where, person_name(type, *old) + " still stands",
                           "remove it first (its references decide what goes along), then erase all of it");
        auto next = std::make_shared<record::Record>(*old);
        for (std::size_t f = 0; f < type.fields.size(); ++f)
            if (groups >> static_cast<int>(type.fields[f].group) & 1) next->values[f] = {};
        if (!erase_versions(old->position.value, groups)) return;
        const record::Marks marks = erased_marks(change, groups);
        write(type.index, old, std::move(next), journal::Verb::erase, made, &marks);
    }
    void expunge(const Change& change, const model::Type& type, RecordId id, Made& made) {
        const auto last = last_entry(change, type, id);
        if (!last) return;
        const std::uint8_t groups = change.groups ? change.groups : personal_group;
        if (!permitted(change, type, nullptr, nullptr)) return;
        if (!erase_versions(last->position, groups)) return;
        const record::Marks marks = erased_marks(change, groups);
        journal::Entry e;
        header(e, type.index, id, nullptr, nullptr, journal::Verb::expunge);
        e.version = last->version + 1;
        e.previous = last->position;
        const record::Record nothing{.type = type.index, .values = std::vector<record::Value>(type.fields.size())};
        j_.shape_->codecs[at(type.index)].encode(nothing, model::FieldGroup::plain, e.body[0], &marks);
        if (!guard(j_.log_.append(e))) return;
        if (!first_) first_ = e.position;
        last_ = e.position;
        made.record = id;
        made.version = e.version;
    }
    record::Marks erased_marks(const Change& change, std::uint8_t groups) const {
        record::Marks marks = marks_for(change);
        marks.decider = change.decider;
        marks.erased = record::group_names(groups);
        return marks;
    }
    bool erase_versions(std::int64_t position, std::uint8_t groups) {
        while (position > 0) {
            const auto stored = j_.store_.entry(position);
            if (!stored) return lose(stored.error()), false;
            if (!guard(j_.store_.erase_bodies(position, groups))) return false;
            position = stored->entry.previous;
        }
        pending_.erased = true;
        return true;
    }

    // Merge: whoever refers to the duplicate refers to the record that stays, and the old id leads there.
    void merge(const Change& change, const model::Type& type, const record::RecordPtr& old, Made& made) {
        const RecordId into = resolve(change.into.value, type.index, change.where + ":into", type.code);
        if (into.value == 0) return;
        const record::RecordPtr stays = current(type.index, into);
        if (!stays || into == old->id)
            return problem(stays ? Code::invalid_input : Code::not_found, change.where + ":into",
                           stays ? "a record cannot be merged into itself"
                                 : "no " + type.code + " with id " + std::to_string(into.value),
                           "name the record that stays");
        if (stays->voided)
            return problem(Code::rule_broken, change.where + ":into", person_name(type, *stays) + " is void",
                           "restore it first");
        for (const auto& back : j_.shape_->referrers[at(type.index)]) {
            repoint(change, type, old, into, back.type, back.field);
            if (j_.store_lost_ || errors_.size() >= errors_max) return;
        }
        if (!errors_.empty()) return;
        record::Marks marks = marks_for(change);
        marks.into = into.value;
        const record::RecordPtr now = current(type.index, old->id);
        if (!guard(redirect(type, *now, into.value))) return;
        write(type.index, now, nullptr, journal::Verb::merge, made, &marks);
        if (change.set.empty() || !errors_.empty()) return;
        const record::RecordPtr kept = current(type.index, into);
        auto next = std::make_shared<record::Record>(*kept);
        set_values(change, type, *next, kept.get());
        Made kept_made;
        finish(change, type, kept, std::move(next), journal::Verb::amend, kept_made);
    }
    Status redirect(const model::Type& type, const record::Record& gone, std::int64_t into) {
        const auto* key = type.key >= 0 ? record::as_text(gone.at(type.key)) : nullptr;
        return j_.store_.put_redirect(type.index, {gone.id.value, into, key ? *key : std::string()});
    }
    void repoint(const Change& change, const model::Type& type, const record::RecordPtr& gone, RecordId into,
                 int other_type, int field) {
        const model::Type& other = shape(other_type);
        const auto ids = j_.store_.referrers(other_type, field, gone->id.value, referrers_max + 1);
        if (!ids) return lose(ids.error());
        if (static_cast<std::int64_t>(ids->size()) > referrers_max)
            return problem(Code::limit_exceeded, change.where,
                           "more than " + std::to_string(referrers_max) + " records of " + other.code + " refer to " +
                               person_name(type, *gone));
        std::vector<std::int64_t> all = *ids;
        if (j_.plan_->walks_past(other_type, field) && !past_referrers(other_type, field, gone->id.value, all)) return;
        std::sort(all.begin(), all.end());
        all.erase(std::unique(all.begin(), all.end()), all.end());
        for (const std::int64_t id : all) {
            if (other_type == type.index && id == gone->id.value) continue;
            const record::RecordPtr now = current(other_type, RecordId(id));
            if (now) restate(change, other, now, field, gone->id.value, into.value);
            if (j_.store_lost_ || errors_.size() >= errors_max) return;
        }
    }
    // The earlier versions that named the duplicate are said again, each from its own day on, and the current one last:
    // figures that look at the version of a day then see the record that stays.
    void restate(const Change& change, const model::Type& other, const record::RecordPtr& now, int field,
                 std::int64_t gone, std::int64_t into) {
        const auto again = [&](const record::Record& version) {
            auto next = std::make_shared<record::Record>(version);
            next->values[at(field)] = instead(other.fields[at(field)], version.at(field), gone, into, version.id.value);
            return next;
        };
        std::vector<std::shared_ptr<record::Record>> versions;
        if (j_.plan_->walks_past(other.index, field) && now->version > 1) {
            const auto past = j_.world_.history(other.index, now->id);
            if (!past) return lose(past.error());
            for (std::size_t i = 0; i + 1 < past->size(); ++i)
                if (refers(other.fields[at(field)], (*past)[i]->at(field), gone)) versions.push_back(again(*(*past)[i]));
        }
        if (!versions.empty() || refers(other.fields[at(field)], now->at(field), gone)) versions.push_back(again(*now));
        for (auto& version : versions) {
            const record::RecordPtr before = current(other.index, now->id);
            const Change& dated = dated_copy(change, version->effective);
            Made dragged;
            version->version = before->version;
            finish(dated, other, before, std::move(version), journal::Verb::amend, dragged);
            if (j_.store_lost_ || errors_.size() >= errors_max) return;
        }
    }
    static record::Value instead(const model::Field& field, const record::Value& value, std::int64_t gone,
                                 std::int64_t into, std::int64_t self) {
        if (field.kind == model::FieldKind::reference)
            return !refers(field, value, gone) ? value : into == self ? record::Value{} : record::Value(into);
        const auto* text = record::as_text(value);
        if (!text) return value;
        auto ids = record::parse_id_list(*text).value_or(std::vector<std::int64_t>{});
        std::erase(ids, gone);
        if (into != self) ids.push_back(into);
        std::sort(ids.begin(), ids.end());
        ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
        return ids.empty() ? record::Value{} : record::Value(record::id_list_text(std::move(ids)));
    }

    // -- writing
    /// Records whose figures look at this one through a reference, with what they contribute now.
    struct Dependent {
        int type;
        std::int64_t id;
        std::vector<figure::Contribution> before;
    };
    bool dependents(const record::Record& changed, const record::Record* next, std::vector<Dependent>& out) {
        std::map<std::pair<int, std::int64_t>, bool> seen;
        for (const auto& d : j_.plan_->dependents_of(changed.type)) {
            const auto differs = [&](const record::Record& from) {
                return std::any_of(d.fields.begin(), d.fields.end(), [&](int f) { return from.at(f) != next->at(f); });
            };
            bool matters = !next || differs(changed);
            if (!matters && d.any_version &&
                changed.version > 1) {  // the same values from another day on may hide an older version's
                const auto past = j_.world_.history(changed.type, changed.id);
                if (!past) return lose(past.error()), false;
                matters =
                    std::any_of(past->begin(), past->end(), [&](const auto& version) { return differs(*version); });
            }
            if (!matters) continue;
            std::vector<std::int64_t> level{changed.id.value};
            for (std::size_t hop = d.via.size(); hop-- > 0 && !level.empty();) {
                const int type = owner_of_hop(d, hop);
                std::vector<std::int64_t> below;
                for (const std::int64_t id : level) {
                    const auto ids =
                        j_.store_.referrers(type, d.via[hop], id, static_cast<std::int64_t>(rederived_max) + 1);
                    if (!ids) return lose(ids.error()), false;
                    below.insert(below.end(), ids->begin(), ids->end());
                    if (hop > 0 && d.any_version && !past_referrers(type, d.via[hop], id, below)) return false;
                    if (below.size() > rederived_max) {
                        problem(Code::limit_exceeded, "",
                                "more than " + std::to_string(rederived_max) +
                                    " records' figures would have to be derived again",
                                "split the change over several records");
                        return false;
                    }
                }
                level = std::move(below);
            }
            for (const std::int64_t id : level)
                if (!(d.type == changed.type && id == changed.id.value) &&
                    seen.emplace(std::pair(d.type, id), true).second)
                    out.push_back({d.type, id, {}});
        }
        for (Dependent& d : out)
            if (!contributions(d.type, RecordId(d.id), d.before)) return false;
        return true;
    }
    /// Records whose earlier versions referred to `id`: a path at an event's date may still walk through them. A scan
    /// of the type's amended records; only paths of two references and more that look at dates need it, and the types
    /// in their middle are small and rarely amended.
    bool past_referrers(int type, int field, std::int64_t id, std::vector<std::int64_t>& out) {
        std::vector<std::int64_t> amended;
        if (!guard(j_.store_.each(type, [&](const record::RecordPtr& r) {
                if (r->version > 1) amended.push_back(r->id.value);
                return true;
            })))
            return false;
        for (const std::int64_t other : amended) {
            const auto past = j_.world_.history(type, RecordId(other));
            if (!past) return lose(past.error()), false;
            if (std::any_of(past->begin(), past->end(),
                            [&](const auto& version) { return version->at(field) == record::Value(id); }))
                out.push_back(other);
        }
        return true;
    }
    int owner_of_hop(const figure::Plan::Dependence& d, std::size_t hop) const {
        int type = d.type;
        for (std::size_t i = 0; i < hop; ++i) type = shape(type).fields[at(d.via[i])].target;
        return type;
    }
    bool contributions(int type, RecordId id, std::vector<figure::Contribution>& out) {
        const record::RecordPtr r = current(type, id);
        return !j_.store_lost_ && (!r || contributions(*r, out));
    }
    bool contributions(const record::Record& r, std::vector<figure::Contribution>& out) {
        const Status ok = j_.plan_->contributions(r, j_.world_, out);
        if (take_world_error()) return false;
        if (!ok) errors_.push_back(ok.error());
        return ok.has_value();
    }

    /// `gone`: position of the entry that removed the record which comes back; 0 for all others.
    void write(int type, const record::RecordPtr& old, std::shared_ptr<record::Record> next, journal::Verb verb,
               Made& made, const record::Marks* marks = nullptr, std::int64_t gone = 0) {
        const bool counted = j_.plan_->has_figures(type);
        std::vector<Dependent> others;
        std::vector<figure::Contribution>& before = j_.before_;
        std::vector<figure::Contribution>& after = j_.after_;
        before.clear();
        after.clear();
        if (old && counted && !contributions(*old, before)) return;
        if (given_ && !old && given_->version > 1) gone = given_->previous;
        const bool followed = !j_.plan_->dependents_of(type).empty();
        if (old && followed && !dependents(*old, next.get(), others)) return;
        if (gone && followed && !dependents(*next, nullptr, others)) return;
        // Without a savepoint nothing may fail after the first row is written, so a new record's contributions come
        // first; with one they are derived from the written state.
        if (after_each_ && next && counted && !contributions(*next, after)) return;

        const RecordId id = old     ? old->id
                            : gone ? next->id
                                   : RecordId(given_ ? given_->record : j_.next_record_[at(type)]);
        if (!old && !gone) {
            ids_before_.try_emplace(type, j_.next_record_[at(type)]);
            j_.next_record_[at(type)] = id.value + 1;
            pending_.next_record[type] = id.value + 1;
        }
        journal::Entry& e = j_.entry_;
        e = given_ ? *given_ : journal::Entry{};
        if (!given_) header(e, type, id, old, next.get(), verb);
        if (!given_ && gone) {
            e.version = next->version + 2;  // the removal was one
            e.previous = gone;
        }
        if (next) {
            next->id = id;
            next->version = e.version;
            next->previous = Position(e.previous);
            next->position = Position(j_.log_.position() + 1);
        }
        if (!given_) bodies(e, type, next.get(), marks);
        if (!guard(j_.log_.append(e))) return;
        if (!first_) first_ = e.position;
        last_ = e.position;
        if (!guard(!next ? j_.store_.erase_row(type, id.value)
                   : old ? j_.store_.update(*next)
                         : j_.store_.insert(*next)))
            return;
        written_.emplace(type, id.value);
        j_.world_.put(type, id, next);
        if (j_.shape_->is_link[at(type)]) {
            const std::pair<int, std::int64_t> key{type, id.value};
            if (const auto was = pending_.links.find(key); was != pending_.links.end())
                links_before_.try_emplace(key, was->second);
            pending_.links[key] = next;
        }
        made.record = id;
        made.version = e.version;
        pending_.changed.push_back({type, id, e.version, static_cast<Verb>(e.verb)});

        if (!after_each_ && next && counted && !contributions(*next, after)) return;
        if (counted) post(before, after, e.position, id.value);
        for (Dependent& d : others) {
            std::vector<figure::Contribution> now;
            if (!contributions(d.type, RecordId(d.id), now)) return;
            post(d.before, now, e.position, d.id);
        }
    }
    void bodies(journal::Entry& e, int type, const record::Record* next, const record::Marks* marks) const {
        const record::BodyCodec& codec = j_.shape_->codecs[at(type)];
        for (int g = 0; next && g < record::group_count; ++g)
            codec.encode(*next, static_cast<model::FieldGroup>(g), e.body[at(g)], marks);
        if (next || !marks) return;  // a removal commits to nothing, a merge to its marks
        const record::Record nothing{.type = type, .values = std::vector<record::Value>(shape(type).fields.size())};
        codec.encode(nothing, model::FieldGroup::plain, e.body[0], marks);
    }
    void header(journal::Entry& e, int type, RecordId id, const record::RecordPtr& old, const record::Record* next,
                journal::Verb verb) const {
        e.time = time_;
        e.actor = draft_.actor.value;
        e.post = draft_.post.value;
        e.channel = draft_.channel;
        e.verb = verb;
        e.type = shape(type).code;
        e.record = id.value;
        e.version = old ? old->version + 1 : 1;
        e.previous = old ? old->position.value : 0;
        e.transaction = first_ ? first_ : j_.log_.position() + 1;
        e.model_version = j_.model_version_;
        e.effective = next ? next->effective.days : today_.days;
    }
    void post(std::vector<figure::Contribution>& before, std::vector<figure::Contribution>& after,
              std::int64_t position, std::int64_t record) {
        if (before.empty())
            for (const auto& c : after) pending_.postings.push_back({c, position, record, +1});
        else
            figure::difference(std::move(before), std::move(after), position, record, pending_.postings);
    }

    Judge& j_;
    const model::Model& model_;
    const Draft& draft_;
    std::int64_t time_;
    Date today_;
    Pending& pending_;
    Log::State mark_;
    std::size_t postings_mark_, changed_mark_;
    bool ask_permit_ = false;
    bool after_each_ = false;
    const journal::Entry* given_ = nullptr;  // replay
    Errors errors_;
    std::vector<Made> made_;
    std::vector<Check> checks_;
    std::deque<Change> copies_;
    const model::Move* pending_move_ = nullptr;
    std::size_t dragged_ = 0;
    std::int64_t first_ = 0, last_ = 0;
    absl::flat_hash_set<std::pair<int, std::int64_t>> written_;
    std::map<std::pair<int, std::int64_t>, record::RecordPtr> links_before_;
    std::map<int, std::int64_t> ids_before_;
};

Status Judge::open() {
    const model::Model& model = *shape_->model;
    next_record_.assign(model.types.size(), 1);
    presets_.assign(model.types.size(), {});
    for (const auto& type : model.types) {
        YIPAN_TRY(next_record_[at(type.index)], store_.next_record(type.index));
        for (std::size_t f = 0; f < type.fields.size(); ++f) {
            if (!type.fields[f].preset) continue;
            YIPAN_TRY(record::Value v, record::parse_value(model, type.fields[f], *type.fields[f].preset, {}));
            presets_[at(type.index)].emplace_back(static_cast<int>(f), std::move(v));
        }
    }
    return {};
}

Date Judge::today(std::int64_t time) {
    constexpr std::int64_t minute = 60'000'000;  // no zone changes its day within a minute
    if (last_day_.first != time / minute) last_day_ = {time / minute, zone_.date_of(Instant{time})};
    return last_day_.second;
}

Checked<Receipt> Judge::judge(const Draft& draft, Instant now, Pending& pending) {
    if (!draft.idempotency_key.empty()) {
        const auto known = store_.receipt(draft.idempotency_key);
        if (!known) return store_lost_ = true, fail(Errors{known.error()});
        if (*known) return repeated(**known);
    }
    return Session(*this, draft, log_.next_time(now), pending).run();
}

Status Judge::replay(const journal::Entry& entry, Pending& pending) {
    const Draft none;
    return Session(*this, none, entry.time, pending).replay(entry);
}

Checked<Receipt> Judge::repeated(const store::RecordedReceipt& known) {
    Receipt r;
    r.first = Position(known.first);
    r.last = Position(known.last);
    r.repeated = true;
    if (known.first > 0) {
        const auto status = store_.each_entry(known.first, known.last, [&](const store::StoredEntry& e) -> Status {
            r.time = Instant{e.entry.time};
            r.records.push_back(RecordId(e.entry.record));
            r.versions.push_back(e.entry.version);
            return {};
        });
        if (!status) return store_lost_ = true, fail(Errors{status.error()});
    }
    return r;
}

}  // namespace yipan::board
