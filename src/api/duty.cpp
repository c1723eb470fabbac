#include "api/duty.h"

namespace yipan::api {

RecordId holder_of(const access::Directory& directory, RecordId post) {
    return directory.holder_of(post);
}

void write_responsible(JsonText& out, Call& call, Shower& shower, const record::Record& record) {
    const RecordId post = flow::responsible_post(call.snapshot(), record);
    out.object();
    shower.reference(out.key("post"), call.model().identity.post, post);
    shower.reference(out.key("person"), call.model().identity.person, post.value == 0 ? RecordId() : holder_of(call.who->directory(), post));
    out.end_object();
}

std::shared_ptr<const Survey> Surveys::of(Call& call) {
    board::Snapshot& snapshot = call.snapshot();
    const Date today = snapshot.today();
    const std::int64_t position = snapshot.position().value;
    {
        const std::lock_guard lock(mutex_);
        for (auto k = kept_.begin(); k != kept_.end(); ++k)
            if (k->position == position && k->person == call.person().value && k->post == call.post().value && k->today == today) {
                kept_.splice(kept_.begin(), kept_, k);
                return k->survey;
            }
    }
    const auto survey = std::make_shared<Survey>();
    const model::Model& model = call.model();
    Shower shower(call);
    std::int64_t looked_at = 0;
    for (std::size_t l = 0; l < model.lights.size(); ++l) {
        const model::Light& light = model.lights[l];
        if (light.type < 0 || !light.behind || !call.who->may_ever(light.type, access::Action::see)) continue;
        (void)snapshot.each(light.type, [&](const record::RecordPtr& record) {
            if (++looked_at > lit_looked_at_max) return !(survey->cut = true);
            if (record->voided) return true;
            const report::Lamp lamp = report::lamp_of_record(snapshot, static_cast<int>(l), record, today);
            if (lamp.colour == model::Colour::none || !shower.sees(*record)) return true;
            Lit lit{static_cast<int>(l), lamp.colour, lamp.behind, record, flow::responsible_post(snapshot, *record), 0, {}};
            lit.unit = call.who->directory().unit_of(lit.post);
            lit.due = report::due_of(model, lit.light, *record);
            survey->lit.push_back(std::move(lit));
            return true;
        });
    }
    const std::lock_guard lock(mutex_);
    kept_.push_front({position, call.person().value, call.post().value, today, survey});
    if (kept_.size() > surveys_kept_max) kept_.pop_back();
    return survey;
}

std::optional<int> workdays_left(const WorkCalendar& calendar, Date today, Date due) {
    const auto days = calendar.working_days_between(today, due);
    return days ? std::optional<int>(days->value) : std::nullopt;
}

}  // namespace yipan::api
