#include "flow/ticker.h"

#include <pthread.h>

#include <algorithm>

#include "record/view.h"
#include "report/light.h"

namespace yipan::flow {
namespace {
using model::Colour;

bool mentions(std::string_view text, std::string_view name) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
    for (std::size_t i = text.find(name); i != std::string_view::npos; i = text.find(name, i + 1))
        if ((i == 0 || !letter(text[i - 1])) && (i + name.size() == text.size() || !letter(text[i + name.size()]))) return true;
    return false;
}
bool walks(const model::Type& type, const std::optional<model::Expression>& expression) {
    if (!expression) return false;
    for (const auto& path : expression->program.paths())
        if (path.size() > 1 && type.find(path[0]) >= 0 && type.fields[at(type.find(path[0]))].target >= 0) return true;
    return false;
}
const char* colour_code(Colour colour) {
    constexpr const char* codes[] = {"none", "green", "yellow", "red"};
    return codes[static_cast<std::size_t>(colour)];
}
}  // namespace

void Ticker::prepare(board::Snapshot& snapshot) {
    rules_.clear();
    const model::Model& model = snapshot.model();
    rules_of_.assign(model.types.size(), {});
    for (std::size_t l = 0; l < model.lights.size(); ++l) {
        const model::Light& light = model.lights[l];
        if (light.type < 0 || !light.behind) continue;
        const model::Type& type = model.types[at(light.type)];
        Rule rule;
        rule.light = static_cast<int>(l);
        rule.type = light.type;
        constexpr std::string_view since = "today - ";
        if (std::string_view(light.behind->text).starts_with(since)) {
            const int field = type.find(std::string_view(light.behind->text).substr(since.size()));
            if (field >= 0 && type.fields[at(field)].kind == model::FieldKind::date && !light.share_of) rule.field = field;
        }
        rule.daily = rule.field < 0 || (light.applies && mentions(light.applies->text, "today")) || walks(type, light.applies);
        if (const auto* watch = model.flow.watch_of(rule.light)) {
            for (const int day : watch->remind) rule.thresholds.push_back({day, true, ""});
            for (const auto& notice : watch->notices) rule.thresholds.push_back({notice.behind, false, notice.colour});
            std::stable_sort(rule.thresholds.begin(), rule.thresholds.end(), [](const auto& a, const auto& b) { return a.day < b.day; });
        }
        for (const auto& t : rule.thresholds) rule.boundaries.push_back(t.day);
        for (const auto& bound : {light.yellow, light.red}) {
            if (!bound) continue;
            // The first whole day at which the bound is reached.
            const auto whole = bound->value.rescaled(0, Rounding::half_up);
            if (!whole) continue;
            std::int64_t day = whole->units - 1;
            while (compare(Decimal::of(day), bound->value) < 0 || (!bound->inclusive && compare(Decimal::of(day), bound->value) == 0)) ++day;
            rule.boundaries.push_back(day);
        }
        std::sort(rule.boundaries.begin(), rule.boundaries.end());
        rule.boundaries.erase(std::unique(rule.boundaries.begin(), rule.boundaries.end()), rule.boundaries.end());
        rules_of_[at(rule.type)].push_back(static_cast<int>(rules_.size()));
        rules_.push_back(std::move(rule));
    }
}

Status Ticker::read_lamps(board::Snapshot& snapshot) {
    const model::Model& model = snapshot.model();
    states_.clear();
    heap_ = {};
    return snapshot.each(model.flow.lamp, [&](const record::RecordPtr& r) {
        if (r->voided) return true;
        const auto subject = subject_of(model, text(model, *r, "subject"));
        const std::string code = text(model, *r, "light");
        const auto light = std::find_if(model.lights.begin(), model.lights.end(), [&](const model::Light& l) { return l.code == code; });
        if (!subject || light == model.lights.end()) return true;
        State& s = states_[{static_cast<int>(light - model.lights.begin()), subject->record.value}];
        s.lamp = r->id.value;
        s.colour = report::colour_named(text(model, *r, "colour")).value_or(Colour::none);
        s.level = static_cast<int>(number(model, *r, "behind_level"));
        s.on = static_cast<std::int32_t>(number(model, *r, "nominal"));
        return true;
    });
}

std::pair<Colour, int> Ticker::at_day(board::Snapshot& snapshot, const Rule& rule, const record::RecordPtr& record, Date day) const {
    const report::Lamp lamp = report::lamp_of_record(snapshot, rule.light, record, day);
    int level = 0;
    if (lamp.colour != Colour::none && lamp.behind)
        for (const auto& t : rule.thresholds)
            if (compare(*lamp.behind, Decimal::of(t.day)) >= 0) ++level;
    return {lamp.colour, level};
}

// What there is to announce up to today, in the order of its days.
std::vector<Ticker::Event> Ticker::events(board::Snapshot& snapshot, const Rule& rule, const record::RecordPtr& record, const State& state, Date today) const {
    std::vector<Event> out;
    Colour colour = state.colour;
    int level = state.level;
    const auto same = [&](Colour a, Colour b) { return a == b || (state.lamp == 0 && out.empty() && a <= Colour::green && b <= Colour::green); };
    const auto take = [&](Date day) {
        if (record->voided) {
            if (!same(colour, Colour::none) || level != 0) out.push_back({day, Colour::none, level, 0});
            return;
        }
        const auto [now, reached] = at_day(snapshot, rule, record, day);
        if (same(colour, now) && level == reached) return;
        out.push_back({day, now, level, reached});
        colour = now;
        level = reached;
    };
    if (const auto* due = rule.field >= 0 ? record::as_integer(record->at(rule.field)) : nullptr; due && !record->voided) {
        for (const std::int64_t boundary : rule.boundaries) {
            const std::int64_t day = *due + boundary;
            if (day < today.days && day > state.on && day > -1'000'000) take(Date{static_cast<std::int32_t>(day)});
        }
    } else if (rule.daily && state.on > INT32_MIN && !record->voided) {
        for (std::int32_t day = std::max(state.on + 1, today.days - daily_catch_up_max); day < today.days; ++day) take(Date{day});
    }
    take(today);
    return out;
}

std::int32_t Ticker::next_after(const Rule& rule, const record::Record& record, Date today) const {
    if (record.voided) return INT32_MAX;
    if (rule.daily) return today.days + 1;
    const auto* due = record::as_integer(record.at(rule.field));
    if (!due) return INT32_MAX;
    for (const std::int64_t boundary : rule.boundaries)
        if (*due + boundary > today.days && *due + boundary < INT32_MAX) return static_cast<std::int32_t>(*due + boundary);
    return INT32_MAX;
}
void Ticker::wake_at(const Key& key, State& state, std::int32_t day) {
    state.next = day;
    if (day != INT32_MAX) heap_.push({day, key});
}

void Ticker::look_at(board::Snapshot& snapshot, const Rule& rule, const record::RecordPtr& record, Ticked& out) {
    ++out.looked_at;
    const Key key{rule.light, record->id.value};
    const auto known = states_.find(key);
    const State state = known == states_.end() ? State{} : known->second;
    const Date today = snapshot.today();
    const auto what = events(snapshot, rule, record, state, today);
    const std::int32_t next = next_after(rule, *record, today);
    if (next != INT32_MAX || known != states_.end()) {
        State& kept = known == states_.end() ? states_[key] : known->second;
        if (kept.next != next) wake_at(key, kept, next);
    }
    if (!what.empty()) announce(snapshot, rule, record, state, what, out);
}

// One draft for all that a record's lamp has to say: the lamp's versions in order, reminders, notices.
void Ticker::announce(board::Snapshot& snapshot, const Rule& rule, const record::RecordPtr& record, const State& state, const std::vector<Event>& events, Ticked& out) {
    const model::Model& model = snapshot.model();
    const model::Flow& flow = model.flow;
    const std::string subject = subject_text(model, {rule.type, record->id});
    RecordId responsible = responsible_post(snapshot, *record);
    if (const auto post = snapshot.record(model.identity.post, responsible); !post || post->voided) responsible = {};
    const Date today = snapshot.today();
    const std::int64_t now = board_.now().micros;
    board::Draft draft;
    draft.channel = "clock";
    draft.by_act = true;
    for (const Event& e : events) {
        const bool late = e.on < today;
        const bool fresh = state.lamp == 0 && draft.changes.empty();
        Making lamp(model, fresh ? board::Verb::create : board::Verb::amend, flow.lamp, state.lamp != 0 ? RecordId(state.lamp) : fresh ? RecordId() : RecordId(-1));
        if (fresh) lamp.set("light", model.lights[at(rule.light)].code).set("subject", subject);
        lamp.set("responsible", responsible).set("colour", colour_code(e.colour)).set("behind_level", record::Value(std::int64_t{e.level}));
        lamp.set("nominal", e.on).set("late", record::Value(std::int64_t{late}));
        lamp.change.effective = e.on;
        draft.changes.push_back(std::move(lamp.change));
        for (int level = e.from_level; level < e.level; ++level) {
            const auto& t = rule.thresholds[at(level)];
            const std::string title = title_of(model, *record);
            const std::string said = model.lights[at(rule.light)].label.hans + (t.day < 0 ? "：还有" + std::to_string(-t.day) + "天到期" : t.day == 0 ? "：今天到期" : "：已逾期" + std::to_string(t.day) + "天") + (late ? "（补发）" : "");
            if (!t.remind) {
                Making notice(model, board::Verb::create, flow.notice);
                notice.set("colour", t.colour).set("light", model.lights[at(rule.light)].code).set("subject", subject).set("title", title).set("to_post", responsible).set("nominal", e.on).set("text", said);
                notice.change.effective = e.on;
                draft.changes.push_back(std::move(notice.change));
                ++out.notices;
            } else {
                ++out.reminders;
            }
            if (responsible.value == 0) continue;  // nobody to tell; the lamp shows it
            Making message(model, board::Verb::create, flow.message);
            message.set("to_post", responsible).set("kind", t.remind ? "reminder" : "notice").set("subject", subject).set("title", title).set("text", said);
            message.set("at", record::Value(now)).set("nominal", e.on).set("late", record::Value(std::int64_t{late}));
            draft.changes.push_back(std::move(message.change));
        }
    }
    out.lamps += static_cast<std::int64_t>(events.size());
    send(std::move(draft), Key{rule.light, record->id.value}, events.back(), out);
}

void Ticker::send(board::Draft draft, std::optional<Key> key, Event last, Ticked&) {
    {
        std::unique_lock lock(sent_mutex_);
        sent_.wait(lock, [&] { return under_way_ < drafts_under_way_max; });
        ++under_way_;
    }
    board_.submit(std::move(draft), [this, key, last](Checked<board::Receipt> answer) {
        Answer a{key, last, 0, {}};
        if (answer)
            a.lamp = answer->records.empty() ? 0 : answer->records[0].value;
        else
            a.wrong = answer.error().front();
        const std::lock_guard lock(sent_mutex_);
        answers_.push_back(std::move(a));
        --under_way_;
        sent_.notify_one();
    });
}
void Ticker::wait_for_all() {
    std::unique_lock lock(sent_mutex_);
    sent_.wait(lock, [&] { return under_way_ == 0; });
}

Status Ticker::deadlines(board::Snapshot& snapshot, Ticked& out) {
    const model::Model& model = snapshot.model();
    Status read;
    const WorkCalendar calendar = board::calendar_of(model, [&](const auto& visit) { read = snapshot.each(model.flow.holiday, visit); });
    if (!read) return read;
    for (const model::Type& type : model.types) {
        if (type.deadlines.empty()) continue;
        read = snapshot.each(type.index, [&](const record::RecordPtr& r) {
            if (r->voided) return true;
            for (const model::Deadline& d : type.deadlines) {
                const auto* from = record::as_integer(r->at(d.from));
                const record::Value days = d.workdays_field < 0 ? record::Value(std::int64_t{d.workdays}) : r->at(d.workdays_field);
                const auto* count = record::as_integer(days);
                if (!from || !count) continue;
                if (d.open) {
                    record::Views views(model, snapshot.resolver());
                    cel::Activation activation;
                    activation.self = views.of(*r);
                    if (!d.open->program.holds(activation)) continue;
                }
                const auto due = calendar.add_working_days(Date{static_cast<std::int32_t>(*from)}, static_cast<int>(*count));
                if (!due) continue;
                const bool flag = d.provisional < 0 || r->at(d.provisional) == record::Value(std::int64_t{!due->published()});
                if (r->at(d.due) == record::Value(std::int64_t{due->value.days}) && flag) continue;
                board::Draft draft;
                draft.channel = "clock";
                draft.by_act = true;
                board::Change change;
                change.verb = board::Verb::amend;
                change.type = type.index;
                change.record = r->id;
                const auto* was = record::as_integer(r->at(d.due));
                change.note = "节假日安排变更 / the arrangement of holidays changed: " + type.fields[at(d.due)].code + " " + (was ? Date{static_cast<std::int32_t>(*was)}.text() : "-") + " -> " + due->value.text();
                draft.changes.push_back(std::move(change));
                ++out.deadlines;
                send(std::move(draft), std::nullopt, {}, out);
                break;
            }
            return true;
        });
        if (!read) return read;
    }
    return {};
}

Status Ticker::look_at_all(board::Snapshot& snapshot, Ticked& out) {
    for (const Rule& rule : rules_)
        YIPAN_TRY_VOID(snapshot.each(rule.type, [&](const record::RecordPtr& r) {
            look_at(snapshot, rule, r, out);
            return true;
        }));
    return {};
}

Result<Ticked> Ticker::tick() {
    const std::lock_guard only_one(ticking_);
    Ticked out;
    // What changes after the marks are taken is marked again; what is marked is in the snapshot.
    absl::flat_hash_set<std::pair<int, std::int64_t>> dirty;
    bool all = false, holidays = false;
    {
        const std::lock_guard lock(news_mutex_);
        dirty.swap(dirty_);
        all = std::exchange(all_dirty_, false);
        holidays = std::exchange(holidays_dirty_, false);
    }
    auto snapshot = board_.snapshot();
    out.day = snapshot->today();
    if (!snapshot->model().flow.declared || board_.read_only()) return out;
    // A read that fails leaves everything to be looked at anew.
    const auto failed = [&](Status status) -> Result<Ticked> {
        wait_for_all();
        {
            const std::lock_guard lock(sent_mutex_);
            answers_.clear();
        }
        built_ = false;
        return fail(status.error());
    };
    if (!built_ || all || model_ != board_.model()) {
        model_ = board_.model();
        snapshot = board_.snapshot();
        built_ = false;
        holidays = true;
    }
    if (holidays) {  // first, so that lamps see the days as they now are
        if (auto read = deadlines(*snapshot, out); !read) return failed(read);
        wait_for_all();
        if (out.deadlines > 0) snapshot = board_.snapshot();
    }
    {
        const std::lock_guard lock(sent_mutex_);
        for (Answer& a : answers_)
            if (a.wrong && ++out.refused <= static_cast<std::int64_t>(tick_problems_max)) out.problems.push_back(std::move(*a.wrong));
        answers_.clear();
    }
    const Date today = snapshot->today();
    if (!built_) {
        prepare(*snapshot);
        if (auto read = read_lamps(*snapshot); !read) return failed(read);
        if (auto read = look_at_all(*snapshot, out); !read) return failed(read);
    } else {
        for (const auto& [type, id] : dirty)
            for (const int rule : rules_of_[at(type)])
                if (const auto record = snapshot->record(type, RecordId(id))) look_at(*snapshot, rules_[at(rule)], record, out);
        constexpr std::int64_t a_snapshot = 8'192;  // looked at with one: a long read holds up the file's log
        std::int64_t since = 0;
        while (!heap_.empty() && heap_.top().day <= today.days) {
            if (++since % a_snapshot == 0)
                if (auto next = board_.snapshot(); &next->model() == &snapshot->model()) snapshot = std::move(next);
            const Wake wake = heap_.top();
            heap_.pop();
            const auto state = states_.find(wake.key);
            if (state == states_.end() || state->second.next != wake.day) continue;  // it was put off meanwhile
            const auto rule = std::find_if(rules_.begin(), rules_.end(), [&](const Rule& r) { return r.light == wake.key.light; });
            const auto record = rule == rules_.end() ? nullptr : snapshot->record(rule->type, RecordId(wake.key.record));
            if (record)
                look_at(*snapshot, *rule, record, out);
            else
                states_.erase(state);
        }
    }
    wait_for_all();
    {
        const std::lock_guard lock(sent_mutex_);
        for (Answer& a : answers_) {
            if (a.wrong) {  // it stays unsaid and is tried again the next day, or when the record changes
                if (++out.refused <= static_cast<std::int64_t>(tick_problems_max)) out.problems.push_back(std::move(*a.wrong));
                if (a.key) {
                    State& s = states_[*a.key];
                    wake_at(*a.key, s, today.days + 1);
                }
                continue;
            }
            if (!a.key) continue;
            State& s = states_[*a.key];
            if (s.lamp == 0) s.lamp = a.lamp;
            s.colour = a.last.colour;
            s.level = a.last.level;
            s.on = a.last.on.days;
        }
        answers_.clear();
    }
    built_ = true;
    return out;
}

void Ticker::changed(const board::Shown& shown) {
    const auto model = board_.model();
    {
        const std::lock_guard lock(news_mutex_);
        all_dirty_ = all_dirty_ || shown.model;
        for (const board::Changed& c : shown.records) {
            if (c.type < 0) continue;  // nothing of a record
            if (c.type == model->flow.holiday) {
                holidays_dirty_ = true;
            } else if (std::any_of(model->lights.begin(), model->lights.end(), [&](const model::Light& l) { return l.type == c.type; })) {
                dirty_.insert({c.type, c.record.value});
            }
        }
        news_ = news_ || !dirty_.empty() || all_dirty_ || holidays_dirty_;
    }
    wake_.notify_one();
}

void Ticker::start() {
    thread_ = std::thread([this] { loop(); });
}
void Ticker::stop() {
    {
        const std::lock_guard lock(news_mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}
void Ticker::loop() {
    (void)pthread_setname_np(pthread_self(), "yipan-clock");
    constexpr auto soon = std::chrono::milliseconds(500);
    constexpr auto look_for_midnight = std::chrono::seconds(20);
    Date ticked{INT32_MIN};
    while (true) {
        {
            std::unique_lock lock(news_mutex_);
            if (stopping_) return;
            news_ = false;
        }
        if (const auto done = tick()) ticked = done->day;
        std::unique_lock lock(news_mutex_);
        while (!stopping_ && !news_) {
            wake_.wait_for(lock, look_for_midnight, [&] { return stopping_ || news_; });
            if (board_.zone().date_of(board_.now()) != ticked) break;
        }
        if (!stopping_ && news_) wake_.wait_for(lock, soon, [&] { return stopping_; });  // what comes together is looked at together
    }
}

}  // namespace yipan::flow
