#include "board/judge.h"

#include <fmt/format.h>

#include <algorithm>

#include "board/session.h"
#include "record/check.h"
#include "record/input.h"

namespace yipan::board {

namespace {
std::string steps_text(const model::Move& move) {
    std::string out;
    for (const auto& step : move.steps) out += (out.empty() ? "" : " → ") + step.label.hans;
    return out;
}
}  // namespace

std::string person_name(const model::Type& type, const record::Record& r) {
    if (type.key >= 0)
        if (const auto* t = record::as_text(r.at(type.key))) return type.code + " " + *t;
    return type.code + " #" + std::to_string(r.id.value);
}

Checked<Receipt> Judge::Session::run() {
    if (draft_.changes.size() > changes_max)
        return fail(
            Errors{{Code::limit_exceeded, "", "a draft of " + std::to_string(draft_.changes.size()) + " changes",
                    "at most " + std::to_string(changes_max)}});
    // What goes beside the journal comes last, and when it fails the whole batch does: no savepoint for it.
    const bool nested = draft_.dry_run || draft_.changes.size() > 1 ||
                        (draft_.changes.size() == 1 && judges_after(draft_.changes[0]));
    after_each_ = !nested;
    if (nested && !guard(j_.store_.savepoint())) return refused();
    for (std::size_t i = 0; i < draft_.changes.size(); ++i) {
        const Change& change = draft_.changes[i];
        if (i > 0 && i % ahead_max == 0) look_ahead(i);
        const std::size_t before = errors_.size();
        made_.push_back({});
        apply(change, made_.back());
        if (j_.store_lost_ || errors_.size() >= errors_max) break;
        if (errors_.size() > before) made_.back().failed = true;
    }
    if (errors_.empty() && nested) carry_through();
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

// The first changes were looked at with the drafts around this one.
void Judge::Session::look_ahead(std::size_t from) {
    if (!j_.store_.asks_far()) return;
    store::Questions ask;
    j_.foresee(std::span(draft_.changes).subspan(from), ask);
    j_.ask_ahead(ask);
}

// Judges without writing; each change against the store as it stands.
Errors Judge::Session::consider() {
    only_considers_ = true;
    for (const Change& change : draft_.changes) {
        if (change.verb != Verb::create && change.verb != Verb::amend) {
            problem(Code::usage, change.where, "only creating and amending can be judged without writing");
            continue;
        }
        unsure_ = false;
        made_.push_back({});
        apply(change, made_.back());
        if (j_.store_lost_ || errors_.size() >= errors_max) break;
    }
    return std::move(errors_);
}

// Replay: the entry was judged when it was written; only its consequences are derived anew.
Status Judge::Session::replay(const journal::Entry& entry) {
    if (entry.verb == journal::Verb::read || entry.verb == journal::Verb::act) {  // they change no record
        journal::Entry copy = entry;
        return j_.log_.append(copy);
    }
    const int type = model_.find_type(entry.type);
    if (type < 0)
        return fail(Code::corrupt, "entry " + std::to_string(entry.position), "names a type the model does not have");
    given_ = &entry;
    const RecordId id(entry.record);
    const record::RecordPtr old = entry.version > 1 ? current(type, id) : nullptr;
    std::shared_ptr<record::Record> next;
    if (entry.verb == journal::Verb::expunge || entry.verb == journal::Verb::merge) {
        YIPAN_TRY(const record::Marks marks, record::marks_of(entry.body[0]));
        if (entry.verb == journal::Verb::expunge) {
            if (marks.into) YIPAN_TRY_VOID(j_.store_.put_redirect(type, {id.value, marks.into, ""}));
            journal::Entry copy = entry;
            return j_.log_.append(copy);
        }
        if (old && marks.into) YIPAN_TRY_VOID(redirect(shape(type), *old, marks.into));
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
Result<cel::Value> Judge::Session::query(const cel::SqlQuery& query, std::span<const cel::Value> params) {
    std::vector<record::Value> values;
    for (const auto& p : params) values.push_back(record::from_stored(p));
    YIPAN_TRY(const record::Value v, j_.store_.scalar(query.sql, values));
    if (const auto* n = record::as_integer(v)) return cel::Value::integer(*n);
    return cel::Value::null();
}
Result<cel::Value> Judge::Session::figure(std::string_view code, const cel::Value& unit, const cel::Value& period) {
    if (!j_.ask_figure) return fail(Code::evaluation_failed, "", "figure() has nobody to ask here");
    if (unit.is_null() || period.is_null()) return cel::Value::null();
    return j_.ask_figure(code, model_.find_type(unit.object_type()->name), unit.object()->id(), period.as_period(),
                         pending_);
}
bool Judge::Session::judges_after(const Change& c) const {
    if (c.type < 0) return false;  // a look, an act: no record
    const model::Type& type = shape(c.type);
    if (c.verb == Verb::remove || takes_back(c.verb)) return true;  // may drag others along
    if (c.verb != Verb::create && !j_.plan_->dependents_of(c.type).empty())
        return true;  // others' figures follow the written row
    if (carries(type, c)) return true;
    // A document number is given before the rules are judged, and taken back when one is broken.
    if (c.verb == Verb::create && std::any_of(type.fields.begin(), type.fields.end(), [](const model::Field& f) { return f.kind == model::FieldKind::number; }))
        return true;
    for (const auto& r : type.rules)
        if (r.reads_others) return true;
    if (c.verb == Verb::move)
        for (const auto& m : type.moves)
            for (const auto& r : m.needs)
                if (r.reads_others) return true;
    return false;
}
void Judge::Session::undo(bool nested) {
    if (nested && !j_.store_lost_) (void)guard(j_.store_.rollback_to_savepoint());
    j_.log_.back(std::move(mark_));
    pending_.postings.resize(postings_mark_);
    pending_.changed.resize(changed_mark_);
    for (const auto& [type, id] : written_) {
        if (type == model_.flow.holiday) j_.forget_calendar();
        j_.world_.forget(type, RecordId(id));
        pending_.links.erase({type, id});
    }
    for (auto& [key, link] : links_before_) pending_.links.insert_or_assign(key, std::move(link));
    for (const auto& [type, next] : ids_before_) j_.next_record_[at(type)] = next;
}
Receipt Judge::Session::receipt() const {
    Receipt r;
    r.first = Position(first_);
    r.last = Position(first_ == 0 ? 0 : last_);
    r.time = Instant{time_};
    for (std::size_t i = 0; i < made_.size() && i < draft_.changes.size(); ++i) {  // what they carried along is not asked for
        r.records.push_back(made_[i].record);
        r.versions.push_back(made_[i].version);
    }
    return r;
}

bool Judge::Session::write_side() {
    for (const SideWrite& side : draft_.side) {
        if (!guard(side.value ? j_.store_.put_side(side.space, side.key, *side.value)
                              : j_.store_.drop_side(side.space, side.key)))
            return false;
        pending_.side = true;
        pending_.erased = pending_.erased || side.erased;
    }
    for (const std::string& key : draft_.forget_receipts) {
        if (!guard(j_.store_.drop_receipt(key))) return false;
        pending_.side = true;
    }
    return true;
}
// A look at personal data, an act on an account: an entry of its own kind, no record.
void Judge::Session::tell(const Change& change, Made& made) {
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

// -- a change
void Judge::Session::apply(const Change& change, Made& made) {
    if (change.verb == Verb::read || change.verb == Verb::act) return tell(change, made);
    if (change.type < 0 || at(change.type) >= model_.types.size())
        return problem(Code::not_found, change.where, "no such type");
    const model::Type& type = shape(change.type);
    made.type = change.type;
    if (type.by_acts && !draft_.by_act && !carried_ && draft_.post.value != 0)
        return problem(Code::not_allowed, change.where, type.code + " is written by acts of workflow, not by hand",
                       "agree, return, hand over ... (docs/flow.md)");
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
    ask_permit_ = !carried_;
    finish(change, type, old, std::move(next), moved ? journal::Verb::move : journal::Verb::amend, made);
}

void Judge::Session::create(const Change& change, const model::Type& type, Made& made) {
    auto next = std::make_shared<record::Record>();
    next->type = type.index;
    next->values.resize(type.fields.size());
    for (const auto& [field, value] : j_.presets_[at(type.index)]) next->values[at(field)] = value;
    if (type.state >= 0) next->values[at(type.state)] = type.initial_state;
    set_values(change, type, *next, nullptr);
    ask_permit_ = true;
    finish(change, type, nullptr, std::move(next), journal::Verb::create, made);
}

void Judge::Session::set_values(const Change& change, const model::Type& type, record::Record& next,
                                const record::Record* old) {
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
            problem(Code::not_allowed, place(), "a line cannot move to another owner", "remove it and create it there");
            continue;
        }
        next.values[at(index)] = value;
        if (const auto* n = record::as_integer(value); n && *n < 0 && field.kind == model::FieldKind::reference)
            next.values[at(index)] = resolve(*n, field.target, place(), field.code).value;
    }
}

// A negative id means the record of an earlier change of the same draft.
RecordId Judge::Session::resolve(std::int64_t id, int type, const std::string& where, const std::string& what) {
    if (id > 0) return RecordId(id);
    if (only_considers_) {
        unsure_ = true;
        return {};
    }
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

bool Judge::Session::move(const Change& change, const model::Type& type, const record::Record& old,
                          record::Record& next) {
    const auto found =
        std::find_if(type.moves.begin(), type.moves.end(), [&](const model::Move& m) { return m.code == change.move; });
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
    if (!found->steps.empty() && !draft_.by_act && !carried_ && draft_.post.value != 0) {
        problem(Code::not_allowed, change.where, "\"" + found->label.hans + "\" (" + found->code + ") goes through steps: " + steps_text(*found),
                "start it, it is done when the last step agrees");
        return false;
    }
    next.values[at(type.state)] = found->to;
    pending_move_ = &*found;
    return true;
}

void Judge::Session::compute(const model::Type& type, record::Record& next, const std::string& where) {
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

// Document numbers: gapless per year and `per` fields, given by the one writer.
void Judge::Session::number(const model::Type& type, record::Record& next) {
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
void Judge::Session::count_numbers(const model::Type& type, const record::Record& made) {
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
std::string Judge::Session::counter_name(const model::Type& type, const model::Field& field,
                                         const record::Record& r) const {
    std::string name = type.code + "." + field.code + ":" + std::to_string(today_.year());
    for (const int p : field.per) {
        const record::Value& v = r.at(p);
        name += ":";
        if (const auto* n = record::as_integer(v)) name += std::to_string(*n);
        if (const auto* t = record::as_text(v)) name += *t;
    }
    return name;
}
std::string Judge::Session::number_text(const std::string& pattern, std::int64_t seq) const {
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

// Dates counted in working days. Typing one that is counted is refused, so that every deadline follows from its record.
void Judge::Session::deadlines(const Change& change, const model::Type& type, record::Record& next,
                               const record::Record* old) {
    for (const model::Deadline& d : type.deadlines) {
        const bool typed = std::any_of(change.set.begin(), change.set.end(), [&](const auto& set) { return set.first == d.due; });
        const bool moved = !old || old->at(d.from) != next.at(d.from) ||
                           (d.workdays_field >= 0 && old->at(d.workdays_field) != next.at(d.workdays_field));
        const auto due = counted(d, next, j_.calendar());
        if (due && !*due) {
            if (moved && old && !typed && record::is_unset(next.at(d.from)) && !record::is_unset(old->at(d.from))) next.values[at(d.due)] = {};
            continue;
        }
        if (!moved && !is_open(model_, d, next, j_.world_)) {
            if (typed && next.at(d.due) != old->at(d.due))
                problem(Code::not_allowed, record::field_place(change.where, type.fields[at(d.due)]), "a deadline that is over cannot be typed", "");
            continue;
        }
        if (!due) {
            problem(due.error().code, record::field_place(change.where, type.fields[at(d.due)]), due.error().message, due.error().hint);
            continue;
        }
        const Date day = (*due)->value;
        const record::Value value(std::int64_t{day.days});
        if (typed && next.at(d.due) != value && !record::is_unset(next.at(d.due)))
            problem(Code::not_allowed, record::field_place(change.where, type.fields[at(d.due)]),
                    "the deadline is counted in working days from " + Date{static_cast<std::int32_t>(*record::as_integer(next.at(d.from)))}.text() + ": it is " + day.text(),
                    "change the number of days or the day it counts from");
        next.values[at(d.due)] = value;
        if (d.provisional >= 0) next.values[at(d.provisional)] = std::int64_t{!(*due)->published()};
    }
}

Result<std::optional<WorkdayAnswer<Date>>> counted(const model::Deadline& deadline, const record::Record& record, const WorkCalendar& calendar) {
    const auto* from = record::as_integer(record.at(deadline.from));
    const auto* days = deadline.workdays_field < 0 ? nullptr : record::as_integer(record.at(deadline.workdays_field));
    if (!from || (!days && deadline.workdays_field >= 0)) return std::nullopt;
    YIPAN_TRY(auto due, calendar.add_working_days(Date{static_cast<std::int32_t>(*from)}, days ? static_cast<int>(*days) : deadline.workdays));
    return due;
}
bool is_open(const model::Model& model, const model::Deadline& deadline, const record::Record& record, record::Resolver& resolver) {
    if (!deadline.open) return true;
    record::Views views(model, resolver);
    cel::Activation activation;
    activation.self = views.of(record);
    return deadline.open->program.holds(activation);
}

WorkCalendar calendar_of(const model::Model& model,
                         const std::function<void(const std::function<bool(const record::RecordPtr&)>&)>& each) {
    if (model.flow.holiday < 0) return {};
    const model::Type& type = model.types[at(model.flow.holiday)];
    const int date = type.find("date"), kind = type.find("kind"), name = type.find("name");
    std::vector<WorkCalendar::Day> days;
    each([&](const record::RecordPtr& r) {
        const auto* day = record::as_integer(r->at(date));
        const auto* what = record::as_text(r->at(kind));
        const auto* called = record::as_text(r->at(name));
        if (!r->voided && day && what) days.push_back({Date{static_cast<std::int32_t>(*day)}, *what == "holiday", called ? *called : ""});
        return true;
    });
    return WorkCalendar::of(std::move(days));
}
const WorkCalendar& Judge::calendar() {
    if (!calendar_)
        calendar_ = calendar_of(*shape_->model, [&](const auto& visit) { (void)store_.each(shape_->model->flow.holiday, visit); });
    return *calendar_;
}

Status Judge::open() {
    const model::Model& model = *shape_->model;
    calendar_.reset();
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

// What surely will be asked, by what the draft says itself: the record, what it refers to, whether what must be unique is
// there already. What is foreseen wrongly was asked in vain, what is not foreseen is asked in its turn.
void Judge::foresee(const Change& c, store::Questions& ask) const {
    const model::Model& model = *shape_->model;
    if (c.type < 0 || at(c.type) >= model.types.size()) return;
    const model::Type& type = model.types[at(c.type)];
    const auto read = [&](int of, std::int64_t id) {
        if (of >= 0 && id > 0 && !world_.known(of, RecordId(id))) ask.reads.emplace_back(of, id);
    };
    const bool is_new = c.verb == Verb::create;
    if (!is_new) read(type.index, c.record.value);
    if (!is_new && c.verb != Verb::amend && c.verb != Verb::move) return;
    for (const auto& [f, value] : c.set) {
        if (f < 0 || at(f) >= type.fields.size()) continue;
        const model::Field& field = type.fields[at(f)];
        if (field.kind == model::FieldKind::reference) {
            if (const auto* id = record::as_integer(value)) read(field.target, *id);
        } else if (field.kind == model::FieldKind::references) {
            if (const auto* t = record::as_text(value))
                for (const std::int64_t id : record::parse_id_list(*t).value_or(std::vector<std::int64_t>{})) read(field.target, id);
        }
    }
    const auto* old = is_new ? nullptr : world_.known(type.index, c.record);
    const auto value_of = [&](int f) -> const record::Value* {
        for (auto set = c.set.rbegin(); set != c.set.rend(); ++set)
            if (set->first == f) return &set->second;
        if (!is_new) return old && *old ? &(*old)->at(f) : nullptr;
        for (const auto& [preset, value] : presets_[at(type.index)])
            if (preset == f) return &value;
        return nullptr;
    };
    const auto unique = [&](const std::vector<int>& fields) {
        if (!is_new && std::none_of(c.set.begin(), c.set.end(), [&](const auto& set) { return std::find(fields.begin(), fields.end(), set.first) != fields.end(); })) return;
        store::Questions::Find find{type.index, fields, {}, clashes_asked};
        for (const int f : fields) {
            const record::Value* v = value_of(f);
            const auto* n = v ? record::as_integer(*v) : nullptr;
            const bool to_come = n && *n < 0 && type.fields[at(f)].kind == model::FieldKind::reference;  // of a record of this draft
            if (!v || record::is_unset(*v) || to_come) return;
            find.values.push_back(*v);
        }
        ask.finds.push_back(std::move(find));
    };
    for (std::size_t f = 0; f < type.fields.size(); ++f)
        if (type.fields[f].unique) unique({static_cast<int>(f)});
    if (type.natural_key.size() > 1) unique(type.natural_key);
}
void Judge::foresee(std::span<const Change> changes, store::Questions& ask) const {
    for (const Change& change : changes.first(std::min(changes.size(), ahead_max))) foresee(change, ask);
}
std::size_t Judge::look_ahead(std::span<Draft* const> drafts) {
    if (!store_.asks_far()) return drafts.size();
    store::Questions ask;
    std::size_t n = 0;
    for (std::size_t changes = 0; n < drafts.size() && changes < ahead_max; ++n) {
        const Draft& draft = *drafts[n];
        if (!draft.idempotency_key.empty()) ask.receipts.push_back(draft.idempotency_key);
        foresee(draft.changes, ask);
        changes += std::max<std::size_t>(1, draft.changes.size());
    }
    ask_ahead(ask);
    return n;
}
void Judge::ask_ahead(store::Questions& ask) {
    const auto once = [](auto& list) {
        std::sort(list.begin(), list.end());
        list.erase(std::unique(list.begin(), list.end()), list.end());
    };
    once(ask.reads);
    once(ask.receipts);
    if (ask.size() < 2) return;
    (void)store_.ask_ahead(ask);  // a store that fails says so to who asks next
}

Checked<Receipt> Judge::judge(const Draft& draft, Instant now, Pending& pending) {
    if (!draft.idempotency_key.empty()) {
        const auto known = store_.receipt(draft.idempotency_key);
        if (!known) return store_lost_ = true, fail(Errors{known.error()});
        if (*known) return repeated(**known);
    }
    return Session(*this, draft, log_.next_time(now), pending).run();
}

Errors Judge::consider(const Draft& draft, Instant now) {
    Pending none;
    store_lost_ = false;
    return Session(*this, draft, now.micros, none).consider();
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
