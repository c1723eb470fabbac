// Removing, and the four ways of taking back (docs/taking-back.md).
#include <algorithm>

#include "board/attachments.h"
#include "board/session.h"
#include "record/check.h"
#include "record/input.h"

namespace yipan::board {

namespace {
constexpr std::uint8_t personal_group = 1U << static_cast<int>(model::FieldGroup::personal);
}

// -- removing: what deletion does to references is declared per field
void Judge::Session::remove(const Change& change, const model::Type& type, const record::RecordPtr& old, Made& made) {
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
                           "more than " + std::to_string(referrers_max) + " records of " + other.code + " refer to " +
                               person_name(type, *old));
        for (const std::int64_t id : *ids) {
            if (back.type == type.index && id == old->id.value) continue;
            const record::RecordPtr referrer = current(back.type, RecordId(id));
            if (!referrer) continue;  // already gone along
            if (field.on_delete == model::OnDelete::refuse || change.alone) {
                problem(Code::referenced, change.where,
                        person_name(type, *old) + " is still " + field.code + " of " + other_name(other, *referrer) +
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
record::Value Judge::Session::without(const model::Field& field, const record::Value& value, std::int64_t id) {
    if (field.kind == model::FieldKind::reference) return {};
    auto ids = record::parse_id_list(*record::as_text(value)).value_or(std::vector<std::int64_t>{});
    std::erase(ids, id);
    return ids.empty() ? record::Value{} : record::Value(record::id_list_text(std::move(ids)));
}

// -- taking back (docs/taking-back.md): each leaves what was, and says who took it back and why
bool Judge::Session::said_why(const Change& change) {
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
bool Judge::Session::dragged_too_many(const Change& change, const model::Type& type, const record::Record& r) {
    if (++dragged_ <= changes_max) return false;
    problem(
        Code::limit_exceeded, change.where,
        "taking back " + person_name(type, r) + " would change more than " + std::to_string(changes_max) + " records");
    return true;
}

// Void: the record stays, with its lines, and counts in nothing. References to it stay and show that it is void.
void Judge::Session::invalidate(const Change& change, const model::Type& type, const record::RecordPtr& old,
                                Made& made) {
    if (old->voided) return problem(Code::rule_broken, change.where, person_name(type, *old) + " is void already");
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

// Valid again, with the lines that became void in the same draft.
void Judge::Session::validate(const Change& change, const model::Type& type, const record::RecordPtr& old, Made& made) {
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
// A record that returns is judged like a new one: its references, its unique values, its rules. `gone`: the
// position of the entry that removed it; 0 when it was only void.
void Judge::Session::come_back(const Change& change, const model::Type& type, const record::RecordPtr& old,
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
void Judge::Session::revive(const Change& change, const model::Type& type, RecordId id, Made& made) {
    const auto last = last_entry(change, type, id);
    if (!last) return;
    if (last->verb == journal::Verb::merge) {
        const auto marks = record::marks_of(last->body[0]);
        return problem(
            Code::rule_broken, change.where,
            type.code + " " + std::to_string(id.value) + " was merged into " + std::to_string(marks ? marks->into : 0),
            "create it anew if the two are not the same after all");
    }
    if (last->verb == journal::Verb::expunge)
        return problem(Code::rule_broken, change.where, type.code + " " + std::to_string(id.value) + " was erased",
                       "its values are gone for good");
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
std::optional<journal::Entry> Judge::Session::last_entry(const Change& change, const model::Type& type, RecordId id) {
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
void Judge::Session::revive_companions(const Change& change, const model::Type& type, RecordId id, std::int64_t from,
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
void Judge::Session::companion(const Change& change, const model::Type& type, RecordId id, const journal::Entry& e,
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
const Change& Judge::Session::dated_copy(const Change& change, Date day) {
    Change& copy = copies_.emplace_back();
    copy.where = change.where;
    copy.effective = day;
    return copy;
}
bool Judge::Session::refers(const model::Field& field, const record::Value& value, std::int64_t id) {
    if (const auto* n = record::as_integer(value)) return field.kind == model::FieldKind::reference && *n == id;
    const auto* text = record::as_text(value);
    if (!text || field.kind != model::FieldKind::references) return false;
    const auto ids = record::parse_id_list(*text).value_or(std::vector<std::int64_t>{});
    return std::find(ids.begin(), ids.end(), id) != ids.end();
}

// Erase: what the law wants forgotten leaves the record, all its versions and their salts. The headers stay, so the
// journal still verifies; the entry says which groups, on what basis, by whose decision.
void Judge::Session::erase(const Change& change, const model::Type& type, const record::RecordPtr& old, Made& made) {
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
void Judge::Session::expunge(const Change& change, const model::Type& type, RecordId id, Made& made) {
    const auto last = last_entry(change, type, id);
    if (!last) return;
    const std::uint8_t groups = change.groups ? change.groups : personal_group;
    if (!permitted(change, type, nullptr, nullptr)) return;
    if (!erase_versions(last->position, groups)) return;
    record::Marks marks = erased_marks(change, groups);
    if (!forget_redirect(type, id, groups, marks)) return;
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
// Where a merged record leads stays known when the entry that said so is erased: the erasure says it again. Its key
// goes.
bool Judge::Session::forget_redirect(const model::Type& type, RecordId id, std::uint8_t groups, record::Marks& marks) {
    constexpr auto plain = std::uint8_t{1} << static_cast<int>(model::FieldGroup::plain);
    const auto into = j_.store_.redirect(type.index, id.value);
    if (!into) return lose(into.error()), false;
    if (!*into) return true;
    if (groups & plain) marks.into = **into;
    const bool key_goes = type.key >= 0 && groups >> static_cast<int>(type.fields[at(type.key)].group) & 1;
    return !(key_goes || groups & plain) || guard(j_.store_.put_redirect(type.index, {id.value, **into, ""}));
}
record::Marks Judge::Session::erased_marks(const Change& change, std::uint8_t groups) const {
    record::Marks marks = marks_for(change);
    marks.decider = change.decider;
    marks.erased = record::group_names(groups);
    return marks;
}
bool Judge::Session::erase_versions(std::int64_t position, std::uint8_t groups) {
    while (position > 0) {
        const auto stored = j_.store_.entry(position);
        if (!stored) return lose(stored.error()), false;
        constexpr auto attachment = static_cast<std::size_t>(model::FieldGroup::attachment);
        if (groups >> attachment & 1) hashes_named(stored->entry.body[attachment], pending_.attachments);
        if (!guard(j_.store_.erase_bodies(position, groups))) return false;
        position = stored->entry.previous;
    }
    pending_.erased = true;
    return true;
}

// Merge: whoever refers to the duplicate refers to the record that stays, and the old id leads there.
void Judge::Session::merge(const Change& change, const model::Type& type, const record::RecordPtr& old, Made& made) {
    const RecordId into = resolve(change.into.value, type.index, change.where + ":into", type.code);
    if (into.value == 0) return;
    record::RecordPtr stays = current(type.index, into);
    if (stays && !told(type, *stays)) stays.reset();  // as if it were not there
    if (!stays || into == old->id)
        return problem(stays ? Code::invalid_input : Code::not_found, change.where + ":into",
                       stays ? "a record cannot be merged into itself"
                             : "no " + type.code + " with id " + std::to_string(into.value),
                       "name the record that stays");
    if (stays->voided)
        return problem(Code::rule_broken, change.where + ":into", person_name(type, *stays) + " is void",
                       "restore it first");
    if (!permitted(change, type, stays.get(), nullptr)) return;  // it takes over what belonged to the other
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
void Judge::Session::repoint(const Change& change, const model::Type& type, const record::RecordPtr& gone,
                             RecordId into, int other_type, int field) {
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
void Judge::Session::restate(const Change& change, const model::Type& other, const record::RecordPtr& now, int field,
                             std::int64_t gone, std::int64_t into) {
    // The record that stays must not come to refer to itself; of another type, the same number is somebody else.
    const std::int64_t itself = other.fields[at(field)].target == other.index ? now->id.value : 0;
    const auto again = [&](const record::Record& version) {
        auto next = std::make_shared<record::Record>(version);
        next->values[at(field)] = instead(other.fields[at(field)], version.at(field), gone, into, itself);
        return next;
    };
    const auto names_it = [&](const record::Record& version) {
        return refers(other.fields[at(field)], version.at(field), gone);
    };
    std::vector<std::shared_ptr<record::Record>> versions;
    if (j_.plan_->walks_past(other.index, field)) {
        const auto past = j_.world_.history(other.index, now->id);
        if (!past) return lose(past.error());
        if (names_it(*past->front())) {  // it holds before its own day as well
            versions.push_back(again(*past->front()));
            versions.back()->effective = *Date::of(1, 1, 1);
        }
        for (std::size_t i = 0; i + 1 < past->size(); ++i)
            if (names_it(*(*past)[i])) versions.push_back(again(*(*past)[i]));
    }
    if (!versions.empty() || names_it(*now)) versions.push_back(again(*now));
    for (auto& version : versions) {
        const record::RecordPtr before = current(other.index, now->id);
        const Change& dated = dated_copy(change, version->effective);
        Made dragged;
        version->version = before->version;
        finish(dated, other, before, std::move(version), journal::Verb::amend, dragged);
        if (j_.store_lost_ || errors_.size() >= errors_max) return;
    }
}
record::Value Judge::Session::instead(const model::Field& field, const record::Value& value, std::int64_t gone,
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

}  // namespace yipan::board
