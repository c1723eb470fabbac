#include "board/change.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "model/scalar.h"
#include "record/check.h"
#include "record/input.h"
#include "record/view.h"

namespace yipan::board {
namespace {
std::size_t at(int i) { return static_cast<std::size_t>(i); }
constexpr std::int64_t progress_every = 1'024;

std::string shown(const model::Field& field, const record::Value& value) {
    std::string text = field.kind == model::FieldKind::reference || field.kind == model::FieldKind::references
                           ? (record::as_integer(value) ? "#" + std::to_string(*record::as_integer(value)) : "a list")
                           : model::scalar_text(field, value);
    constexpr std::size_t shown_max = 60;
    if (text.size() > shown_max) text = text.substr(0, shown_max) + "...";
    return text;
}
std::string key_text(const record::Value& value) {
    if (const auto* n = record::as_integer(value)) return "i" + std::to_string(*n);
    return "t" + *record::as_text(value);
}
}  // namespace

std::string record_name(const model::Type& type, const record::Record& r) {
    if (type.key >= 0)
        if (const auto* t = record::as_text(r.at(type.key))) return type.code + " " + *t;
    return type.code + " #" + std::to_string(r.id.value);
}

void Findings::add(const std::string& kind, Code code, const std::string& record, std::string message,
                   std::string hint) {
    Kind& k = kinds_[kind];
    if (k.count++ == 0) k.first = {code, record, std::move(message), std::move(hint)};
    if (k.records.size() < change_examples) k.records.push_back(record);
}
Errors Findings::errors() const {
    Errors out;
    for (const auto& [kind, k] : kinds_) {
        Error e = k.first;
        if (k.count > 1) {
            e.message += fmt::format("; {} records in all: ", k.count);
            for (std::size_t i = 0; i < k.records.size(); ++i) e.message += (i ? ", " : "") + k.records[i];
            if (k.count > static_cast<std::int64_t>(k.records.size()))
                e.message += fmt::format(" and {} more", k.count - static_cast<std::int64_t>(k.records.size()));
        }
        out.push_back(std::move(e));
    }
    return out;
}

Migrating::Migrating(StepPtr step, store::Store& store, World& world, ShapePtr shape, ErasPtr eras)
    : step_(std::move(step)), store_(store), world_(world), shape_(std::move(shape)), eras_(std::move(eras)) {
    for (const model::Type& t : step_->after->types) {
        const int old = step_->type(t.index).old;
        tallies_.push_back({t.code, old < 0 ? "" : step_->before->types[at(old)].code});
    }
    if (!step_->back_to) return;
    restores_ = *step_->back_to;
    const auto eras_list = eras_->list();
    for (const Era& e : eras_list)
        if (e.version == restores_ + 1) undone_ = e;
    if (auto forward = eras_->step(restores_ + 1)) forward_ = *forward;
}

std::int64_t Migrating::next_id(int type) {
    if (const auto known = next_ids_.find(type); known != next_ids_.end()) return known->second;
    return 1;
}

void Migrating::set_values(int type, const record::Record& old, record::Record& next) {
    if (step_->type(type).sets.empty()) return;
    const model::Type& shape = step_->after->types[at(type)];
    record::Views views(*step_->before, world_);
    cel::Activation activation;
    activation.self = views.of(old);
    for (const model::SetValue& set : step_->type(type).sets) {
        const model::Field& field = shape.fields[at(set.field)];
        if (set.condition && !set.condition->holds(activation)) continue;
        const auto value = set.value.evaluate(activation);
        auto stored = value ? record::from_cel(field, *value) : Result<record::Value>(tl::unexpect, value.error());
        if (stored)
            next.values[at(set.field)] = std::move(*stored);
        else if (judging_)
            findings_.add(shape.code + "." + field.code + " set", stored.error().code,
                          record_name(step_->before->types[at(old.type)], old),
                          field.code + " cannot be set: " + stored.error().message, stored.error().hint);
    }
}

void Migrating::compute(const model::Type& type, record::Record& next) {
    for (std::size_t i = 0; i < type.fields.size(); ++i) {
        const model::Field& field = type.fields[i];
        if (!field.computed) continue;
        record::Views views(*step_->after, world_);  // a computed field sees its own record only
        cel::Activation activation;
        activation.self = views.of(next);
        const auto value = field.computed->program.evaluate(activation);
        auto stored = value ? record::from_cel(field, *value) : Result<record::Value>(record::Value{});
        next.values[i] = stored ? std::move(*stored) : record::Value{};
    }
}

// A step back: what the journal says the record was before the step that is undone.
Result<Migrating::Restored> Migrating::restored(const record::Record& old, int type, record::Record& next) {
    if (!undone_ || !forward_) return Restored::no;
    std::int64_t position = old.position.value;
    bool untouched = true;  // since the step that is undone
    while (position >= undone_->position) {
        YIPAN_TRY(const store::StoredEntry e, store_.entry(position));
        if (position > undone_->last) untouched = false;
        position = e.entry.previous;
    }
    if (position == 0) return Restored::no;  // the record came later
    YIPAN_TRY(const store::StoredEntry e, store_.entry(position));
    if (!journal::makes_version(e.entry.verb)) return Restored::no;
    YIPAN_TRY(const Eras::Carried former, eras_->carry(e.entry, restores_));
    if (former.type != type) return Restored::no;  // types of the restored model and of `after` are the same
    if (untouched) {
        next.values = former.values;
        return Restored::whole;
    }
    const auto forward = model::carried(*forward_, old.type, former.values);
    for (std::size_t f = 0; f < next.values.size(); ++f) {
        const int from = step_->type(type).fields[f].old;
        if (from < 0 || forward[at(from)] == old.at(from)) next.values[f] = former.values[f];
    }
    return Restored::in_part;
}

Result<bool> Migrating::next_values(const record::Record& old, int type, record::Record& next) {
    const model::TypeStep& step = step_->type(type);
    const model::Type &was = step_->before->types[at(old.type)], &now = step_->after->types[at(type)];
    next.type = type;
    next.id = old.id;
    next.effective = old.effective;
    next.voided = old.voided;
    next.values.assign(now.fields.size(), {});
    std::vector<std::pair<std::size_t, Error>> unfit;
    for (std::size_t f = 0; f < now.fields.size(); ++f) {
        const model::FieldSource& source = step.fields[f];
        if (source.old < 0) continue;
        const record::Value& value = old.at(source.old);
        if (source.how == model::FieldSource::How::same && source.rule.empty()) {
            next.values[f] = value;
        } else if (auto fits = model::convert(source, was.fields[at(source.old)], now.fields[f], value)) {
            next.values[f] = std::move(*fits);
        } else {
            unfit.emplace_back(f, fits.error());
        }
    }
    Restored back = Restored::no;
    if (undone_) {
        YIPAN_TRY(back, restored(old, type, next));
        if (back != Restored::no)
            std::erase_if(unfit, [&](const auto& u) { return !record::is_unset(next.values[u.first]); });
    }
    unfit_.clear();
    for (const auto& [f, error] : unfit) unfit_.push_back(now.fields[f].code);
    if (judging_) {
        for (const auto& [f, error] : unfit)
            findings_.add(now.code + "." + error.where, error.code, record_name(was, old),
                          error.where + ": " + error.message, error.hint);
        for (const int f : step.unnamed) {
            // What the undone step itself had set goes back with it.
            if (record::is_unset(old.at(f)) || back == Restored::whole) continue;
            const model::Field& gone = was.fields[at(f)];
            findings_.add(
                was.code + "." + gone.code + " dropped", Code::invalid_input, record_name(was, old),
                fmt::format("{} would be lost: {}", gone.code, shown(gone, old.at(f))),
                fmt::format("if it may go, say so: drop_field: {{type: {}, field: {}}}", now.code, gone.code));
        }
    }
    set_values(type, old, next);
    for (std::size_t f = 0; f < now.fields.size(); ++f) {
        const model::Field& field = now.fields[f];
        if (!field.required || !field.preset || !record::is_unset(next.values[f]) || old.voided) continue;
        if (auto filled = record::parse_value(*step_->after, field, *field.preset, {}))
            next.values[f] = std::move(*filled);
    }
    for (const auto& [target, ids] : split_ids_)
        if (step_->type(target).split_from == old.type && step_->type(target).reference >= 0)
            if (const auto part = ids.find(old.id.value); part != ids.end())
                next.values[at(step_->type(target).reference)] = part->second;
    if (step.reads_rows || undone_) compute(now, next);
    // Rewritten: anything the columns themselves do not already say.
    static const record::Value unset;
    for (std::size_t f = 0; f < now.fields.size(); ++f) {
        const model::FieldSource& source = step.fields[f];
        const bool kept = source.old >= 0 && model::stored_as_integer(was.fields[at(source.old)].kind) ==
                                                 model::stored_as_integer(now.fields[f].kind);
        if (next.values[f] != (kept ? old.at(source.old) : unset)) return true;
    }
    return false;
}

void Migrating::unique(int type, record::Record& next) {
    const model::TypeStep& step = step_->type(type);
    const model::Type& shape = step_->after->types[at(type)];
    const auto clash = [&](int slot, const std::string& key) -> std::int64_t {
        const auto [place, fresh] = seen_[{type, slot}].seen.emplace(key, next.id.value);
        return fresh ? 0 : place->second;
    };
    for (const int f : step.unique) {
        record::Value& value = next.values[at(f)];
        if (record::is_unset(value)) continue;
        std::int64_t other = clash(f, key_text(value));
        if (!other) continue;
        const auto rule = std::find_if(step.deduplicate.begin(), step.deduplicate.end(),
                                       [&](const auto& pair) { return pair.first == f; });
        if (rule != step.deduplicate.end() && rule->second == "clear") {
            value = record::Value{};
            continue;
        }
        if (rule != step.deduplicate.end() && record::as_text(value)) {
            const std::string base = *record::as_text(value);
            for (int n = 2; other; ++n) {
                value = base + "-" + std::to_string(n);
                other = clash(f, key_text(value));
            }
            continue;
        }
        findings_.add(shape.code + "." + shape.fields[at(f)].code + " unique", Code::duplicate,
                      record_name(shape, next),
                      fmt::format("{} {} stands already at {} #{}", shape.fields[at(f)].code,
                                  shown(shape.fields[at(f)], value), shape.code, other),
                      fmt::format("deduplicate: {{type: {}, field: {}, rule: clear}} or rule: number", shape.code,
                                  shape.fields[at(f)].code));
    }
    if (!step.natural_key) return;
    std::string key;
    for (const int f : shape.natural_key) {
        if (record::is_unset(next.at(f))) return;
        key += key_text(next.at(f)) + '\0';
    }
    if (const std::int64_t other = clash(-1, key))
        findings_.add(shape.code + " natural key", Code::duplicate, record_name(shape, next),
                      fmt::format("has the natural key of {} #{}", shape.code, other),
                      "make them differ first, or choose another natural key");
}

void Migrating::judge(int type, const record::Record& old, record::Record& next) {
    unique(type, next);
    if (next.voided) return;  // what counts in nothing need not be right
    Errors errors;
    record::check_values(*step_->after, next, "", errors);
    const model::Type& shape = step_->after->types[at(type)];
    for (const Error& e : errors) {
        // What did not fit is told already; that it is missing follows from it.
        if (std::find(unfit_.begin(), unfit_.end(), e.where) != unfit_.end()) continue;
        findings_.add(shape.code + "." + e.where + " " + std::string(code_name(e.code)), e.code,
                      record_name(step_->before->types[at(old.type)], old), e.where + ": " + e.message,
                      e.hint + (e.hint.empty() ? "" : "; ") + "or set it by a migration: set: {type: " + shape.code +
                          ", field: ..., value: ...}");
    }
}

bool Migrating::unchanged(int type) const {
    const model::TypeStep& step = step_->type(type);
    if (step.old != type || step.reads_rows || undone_) return false;
    if (step.fields.size() != step_->before->types[at(type)].fields.size()) return false;
    for (std::size_t f = 0; f < step.fields.size(); ++f)
        if (step.fields[f].old != static_cast<int>(f) || step.fields[f].how != model::FieldSource::How::same ||
            !step.fields[f].rule.empty())
            return false;
    return true;
}

record::RecordPtr Migrating::next(const record::Record& old) {
    const int type = step_->type_to[at(old.type)];
    if (type < 0) return nullptr;
    auto out = std::make_shared<record::Record>();
    judging_ = false;
    const auto made = next_values(old, type, *out);
    judging_ = true;
    if (!made) return nullptr;
    out->version = old.version + (*made ? 1 : 0);
    out->position = old.position;
    out->previous = old.previous;
    return out;
}

Status Migrating::split(const record::Record& old, record::Record& next, int type, const OnRecord& on_record) {
    for (const model::Type& part : step_->after->types) {
        const model::TypeStep& step = step_->type(part.index);
        if (step.split_from != old.type) continue;
        auto made = std::make_shared<record::Record>();
        made->type = part.index;
        made->effective = old.effective;
        made->voided = old.voided;
        made->values.resize(part.fields.size());
        bool any = false;
        for (std::size_t f = 0; f < part.fields.size(); ++f) {
            if (step.fields[f].old >= 0) made->values[f] = old.at(step.fields[f].old);
            any = any || !record::is_unset(made->values[f]);
        }
        if (!any) continue;
        auto& id = next_ids_.try_emplace(part.index, 1).first->second;
        made->id = RecordId(id++);
        if (step.back_reference >= 0) made->values[at(step.back_reference)] = old.id.value;
        set_values(part.index, old, *made);
        for (std::size_t f = 0; f < part.fields.size(); ++f)
            if (part.fields[f].preset && record::is_unset(made->values[f]))
                if (auto filled = record::parse_value(*step_->after, part.fields[f], *part.fields[f].preset, {}))
                    made->values[f] = std::move(*filled);
        compute(part, *made);
        split_ids_[part.index][old.id.value] = made->id.value;
        if (step.reference >= 0) next.values[at(step.reference)] = made->id.value;
        judge(part.index, old, *made);
        ++tallies_[at(part.index)].created;
        YIPAN_TRY_VOID(on_record(nullptr, std::move(made)));
    }
    (void)type;
    return {};
}

Status Migrating::records(const OnRecord& on_record, const std::function<void(std::int64_t)>& progress) {
    std::int64_t done = 0;
    for (const model::Type& type : step_->after->types) {
        const model::TypeStep& step = step_->type(type.index);
        TypeTally& tally = tallies_[at(type.index)];
        if (step.old < 0) continue;
        if (!step.reads_rows && !undone_) continue;
        tally.scanned = true;
        Status inner;
        YIPAN_TRY_VOID(store_.each(step.old, [&](const record::RecordPtr& old) {
            if (progress && ++done % progress_every == 0) progress(done);
            ++tally.records;
            auto next = std::make_shared<record::Record>();
            auto rewritten = next_values(*old, type.index, *next);
            if (!rewritten) return inner = fail(rewritten.error()), false;
            const bool empty_before = split_ids_.empty();
            if (inner = split(*old, *next, type.index, on_record); !inner) return false;
            if (!split_ids_.empty() || !empty_before)
                for (const auto& [target, ids] : split_ids_)
                    if (step_->type(target).reference >= 0 && ids.contains(old->id.value)) rewritten = true;
            const std::vector<record::Value> judged_from = next->values;
            judge(type.index, *old, *next);
            if (next->values != judged_from) rewritten = true;
            if (!*rewritten) return true;
            ++tally.rewritten;
            inner = on_record(old, std::move(next));
            return inner.has_value();
        }));
        if (!inner) return inner;
    }
    if (undone_) YIPAN_TRY_VOID(brought_back(on_record));
    return vanished(progress);
}

// Types that are gone: their records are lost, which must have been named.
Status Migrating::vanished(const std::function<void(std::int64_t)>&) {
    for (const model::Type& was : step_->before->types) {
        if (step_->type_to[at(was.index)] >= 0) continue;
        TypeTally tally{"", was.code};
        const bool named = std::find(step_->dropped_unnamed.begin(), step_->dropped_unnamed.end(), was.index) ==
                           step_->dropped_unnamed.end();
        YIPAN_TRY(tally.dropped, store_.count(was.index, "", {}));
        if (!named)
            YIPAN_TRY_VOID(store_.each(was.index, [&](const record::RecordPtr& r) {
                // What the undone step itself had split off goes back with it.
                const bool of_the_step = undone_ && r->version == 1 && r->position.value >= undone_->position &&
                                         r->position.value <= undone_->last;
                if (!of_the_step)
                    findings_.add(was.code + " dropped", Code::invalid_input, record_name(was, *r),
                                  "would be lost with its type",
                                  "if they may go, say so: drop_type: {type: " + was.code + "}");
                return true;
            }));
        gone_.push_back(std::move(tally));
    }
    return {};
}

// A step back restores types the undone step had dropped, with the records they had then.
Status Migrating::brought_back(const OnRecord& on_record) {
    std::set<int> wanted;
    for (const model::Type& type : step_->after->types)
        if (step_->type(type.index).old < 0) wanted.insert(type.index);
    if (wanted.empty()) return {};
    struct LastEntry {
        std::int64_t position = 0;
        bool there = false;
    };
    std::map<std::pair<int, std::int64_t>, LastEntry> last;
    YIPAN_TRY_VOID(store_.each_entry(1, undone_->position - 1, [&](const store::StoredEntry& e) -> Status {
        if (e.entry.type.empty()) return {};
        YIPAN_TRY(const int type, eras_->type_of(e.entry, restores_));
        if (type < 0 || !wanted.contains(type)) return {};
        last[{type, e.entry.record}] = {e.entry.position, journal::makes_version(e.entry.verb)};
        return {};
    }));
    for (const auto& [key, entry] : last) {
        if (!entry.there) continue;
        YIPAN_TRY(const store::StoredEntry e, store_.entry(entry.position));
        YIPAN_TRY(Eras::Carried former, eras_->carry(e.entry, restores_));
        auto next = std::make_shared<record::Record>();
        next->type = key.first;
        next->id = RecordId(key.second);
        next->version = e.entry.version + 1;
        next->previous = Position(entry.position);
        next->effective = Date{e.entry.effective};
        next->voided = former.marks.voided;
        next->values = std::move(former.values);
        ++tallies_[at(key.first)].created;
        YIPAN_TRY_VOID(on_record(nullptr, std::move(next)));
    }
    return {};
}

std::vector<char> affected_figures(const model::Step& step, const figure::Plan& before, const figure::Plan& after) {
    std::vector<char> out(step.after->figures.size());
    for (const model::Figure& f : step.after->figures) {
        if (f.derived()) continue;
        const int from = step.figure_from[at(f.index)];
        bool yes = from < 0 || step.figure_changed[at(f.index)] || step.back_to.has_value();
        for (const int type : after.types_of(f.index)) yes = yes || step.type(type).touches;
        if (from >= 0)
            for (const int type : before.types_of(from))
                yes = yes || step.type_to[at(type)] < 0 || step.type(step.type_to[at(type)]).touches;
        out[at(f.index)] = yes;
    }
    return out;
}

Rederive::Rederive(StepPtr step, std::shared_ptr<const figure::Plan> before, std::shared_ptr<const figure::Plan> after)
    : step_(std::move(step)), before_(std::move(before)), after_(std::move(after)) {
    affected_ = affected_figures(*step_, *before_, *after_);
    figures_.resize(step_->after->types.size());
    former_.resize(step_->after->types.size());
    for (const model::Figure& f : step_->after->figures) {
        if (!affected_[at(f.index)]) continue;
        figures_[at(f.type)].push_back(f.index);
        if (const int from = step_->figure_from[at(f.index)]; from >= 0) former_[at(f.type)].push_back(from);
    }
}

Status Rederive::record(const record::Record& now, record::Resolver& new_world, record::Resolver& old_world,
                        std::int64_t position, std::vector<figure::Posting>& out, const record::RecordPtr& before) {
    was_.clear();
    is_.clear();
    const int old_type = step_->type(now.type).old;
    if (old_type >= 0 && !former_[at(now.type)].empty())
        if (const record::RecordPtr old = before ? before : old_world.current(old_type, now.id))
            YIPAN_TRY_VOID(before_->contributions(former_[at(now.type)], *old, old_world, was_));
    YIPAN_TRY_VOID(after_->contributions(figures_[at(now.type)], now, new_world, is_));
    if (was_.empty())
        for (const auto& c : is_) out.push_back({c, position, now.id.value, +1});
    else
        figure::difference(was_, is_, position, now.id.value, out);
    if (out.size() > change_postings_max)
        return fail(Code::limit_exceeded, "figures", "the change would make more than 20,000,000 postings",
                    "change fewer figures at once");
    return {};
}

}  // namespace yipan::board
