// What a new record or a move brings about in the record one of its references names (model::Carry): an extension that is
// approved moves the due day of its matter. It is a change of the same draft, with an entry of its own; the other record's
// rules are judged, the right to write it is not asked for: who may do the one does the other. It carries no further.
#include <algorithm>

#include "board/session.h"
#include "record/check.h"

namespace yipan::board {

bool Judge::Session::carries(const model::Type& type, const Change& change) {
    if (change.verb != Verb::create && change.verb != Verb::move) return false;
    return std::any_of(type.carries.begin(), type.carries.end(), [&](const model::Carry& c) { return change.verb == Verb::create ? c.on == "create" : c.on == change.move; });
}

void Judge::Session::carry_through() {
    const std::size_t given = draft_.changes.size();
    for (std::size_t i = 0; i < given; ++i) {
        const Change& cause = draft_.changes[i];
        if (cause.type < 0 || !carries(shape(cause.type), cause)) continue;
        const model::Type& type = shape(cause.type);
        const record::RecordPtr record = current(type.index, made_[i].record);
        if (!record || j_.store_lost_) return;
        record::Views views(model_, j_.world_);
        cel::Activation activation;
        activation.self = views.of(*record);
        for (const model::Carry& carry : type.carries) {
            if (carry.on != (cause.verb == Verb::create ? std::string_view("create") : std::string_view(cause.move))) continue;
            const auto* id = record::as_integer(record->at(carry.to));
            if (!id || (carry.when && !carry.when->program.holds(activation))) continue;
            const model::Type& target = shape(type.fields[at(carry.to)].target);
            const record::RecordPtr other = current(target.index, RecordId(*id));
            if (j_.store_lost_) return;
            const auto move = std::find_if(target.moves.begin(), target.moves.end(), [&](const model::Move& m) { return m.code == carry.move; });
            // Somebody who did both in one draft has done it.
            if (move != target.moves.end() && other && record::as_text(other->at(target.state)) && *record::as_text(other->at(target.state)) == move->to && written_.contains({target.index, *id})) continue;
            Change& change = copies_.emplace_back();
            change.verb = move != target.moves.end() ? Verb::move : Verb::amend;
            change.type = target.index;
            change.record = RecordId(*id);
            change.move = carry.move;
            change.where = record::field_place(cause.where, type.fields[at(carry.to)]);
            change.effective = cause.effective;
            if (change.verb == Verb::amend) change.note = type.label.hans + " " + person_name(type, *record);
            for (const auto& [field, expression] : carry.set) {
                const auto value = expression.program.evaluate(activation);
                auto stored = value ? record::from_cel(target.fields[at(field)], *value) : Result<record::Value>(fail(value.error()));
                if (!stored)
                    problem(stored.error().code, record::field_place(change.where, target.fields[at(field)]), stored.error().message, stored.error().hint);
                else
                    change.set.emplace_back(field, std::move(*stored));
            }
            made_.push_back({});
            carried_ = true;
            apply(change, made_.back());
            carried_ = false;
            if (j_.store_lost_ || errors_.size() >= errors_max) return;
        }
    }
}

}  // namespace yipan::board
