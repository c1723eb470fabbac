#include "flow/ticker.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "model/slots.h"
#include "record/view.h"
#include "report/light.h"

namespace yipan::flow {
namespace {
using model::Colour;

void put(board::Change& change, int field, record::Value value) { change.set.emplace_back(field, std::move(value)); }
record::Value reference_to(RecordId id) { return id.value == 0 ? record::Value() : record::Value(id.value); }
const char* colour_code(Colour colour) {
    constexpr const char* codes[] = {"none", "green", "yellow", "red"};
    return codes[static_cast<std::size_t>(colour)];
}
}  // namespace

void Ticker::prepare(board::Snapshot& snapshot) {
    rules_.clear();
    const model::Model& model = snapshot.model();
    prepare_figures(model);
    rules_of_.assign(model.types.size(), {});
    const auto in = [&](int type, std::string_view field) { return model.types[at(type)].find(field); };
    const model::Flow& flow = model.flow;
    slots_ = {in(flow.lamp, "light"), in(flow.lamp, "subject"), in(flow.lamp, "responsible"), in(flow.lamp, "colour"), in(flow.lamp, "behind_level"), in(flow.lamp, "nominal"), in(flow.lamp, "late"), in(flow.lamp, "trouble"),
              {in(flow.notice, "colour"), in(flow.notice, "light"), in(flow.notice, "subject"), in(flow.notice, "title"), in(flow.notice, "to_post"), in(flow.notice, "nominal"), in(flow.notice, "text"),
               in(flow.notice, "of_unit"), in(flow.notice, "of_post"), in(flow.notice, "due"), in(flow.notice, "behind"), in(flow.notice, "asks"), in(flow.notice, "issued_on"), in(flow.notice, "answer_workdays")},
              {in(flow.message, "to_post"), in(flow.message, "kind"), in(flow.message, "subject"), in(flow.message, "title"), in(flow.message, "text"), in(flow.message, "at"), in(flow.message, "nominal"), in(flow.message, "late")}};
    for (std::size_t l = 0; l < model.lights.size(); ++l) {
        const model::Light& light = model.lights[l];
        if (light.type < 0 || !light.behind) continue;
        Rule rule;
        rule.light = static_cast<int>(l);
        rule.type = light.type;
        rule.code = light.code, rule.label = light.label.hans;
        if (light.linear) rule.field = light.due_field;
        rule.daily = light.daily;
        if (const auto* watch = model.flow.watch_of(rule.light)) {
            for (const int day : watch->remind) rule.thresholds.push_back({day, true, "", "", {}});
            for (const auto& notice : watch->notices) rule.thresholds.push_back({notice.behind, false, notice.colour, notice.asks, notice.answer});
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
        if (light == model.lights.end() || (!subject && light->figure < 0)) return true;
        const std::int64_t of = light->figure >= 0 ? figure_key(text(model, *r, "subject")) : subject->record.value;
        State& s = states_[{static_cast<int>(light - model.lights.begin()), of}];
        s.lamp = r->id.value;
        s.colour = report::colour_named(text(model, *r, "colour")).value_or(Colour::none);
        s.level = static_cast<int>(number(model, *r, "behind_level"));
        s.on = static_cast<std::int32_t>(number(model, *r, "nominal"));
        s.trouble = slots_.trouble >= 0 && !record::is_unset(r->at(slots_.trouble));
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

bool Ticker::applies(board::Snapshot& snapshot, const Rule& rule, const record::RecordPtr& record, Date today) const {
    const model::Light& light = snapshot.model().lights[at(rule.light)];
    if (!light.applies) return true;
    record::Views views(snapshot.model(), snapshot.resolver());
    const std::array<cel::Value, model::slots::light_count> variables{cel::Value::date(today)};
    cel::Activation activation;
    activation.variables = variables;
    activation.self = views.of(*record);
    return light.applies->program.holds(activation);
}
const Ticker::Post& Ticker::post_of(board::Snapshot& snapshot, RecordId post) {
    const auto [known, fresh] = posts_.try_emplace(post.value);
    Post& out = known->second;
    if (!fresh || post.value == 0) return out;
    const model::Model& model = snapshot.model();
    const auto r = snapshot.record(model.identity.post, post);
    if (!r || r->voided) return out;
    out.there = true;
    out.title = title_of(model, *r);
    const auto* unit = model.identity.unit >= 0 ? record::as_integer(r->at(model.identity.unit)) : nullptr;
    if (const auto of = unit ? snapshot.record(model.identity.unit_type, RecordId(*unit)) : nullptr) out.unit = title_of(model, *of);
    return out;
}

// What there is to announce up to today, in the order of its days.
std::vector<Ticker::Event> Ticker::events(board::Snapshot& snapshot, const Rule& rule, const record::RecordPtr& record, const State& state, Date today) const {
    std::vector<Event> out;
    Colour colour = state.colour;
    int level = state.level;
    const auto* due = rule.field >= 0 && !record->voided ? record::as_integer(record->at(rule.field)) : nullptr;
    // Where the colour follows from the record and its day alone, whether it applies is asked once and the rest is counted.
    const bool counted = !rule.daily;
    const bool lit = counted && due && applies(snapshot, rule, record, today);
    const auto look = [&](Date day) -> std::pair<Colour, int> {
        if (!counted) return at_day(snapshot, rule, record, day);
        if (!lit) return {Colour::none, 0};
        const std::int64_t behind = std::int64_t{day.days} - *due;
        const auto reached = std::upper_bound(rule.thresholds.begin(), rule.thresholds.end(), behind, [](std::int64_t b, const Rule::Threshold& t) { return b < t.day; });
        return {report::colour_behind(snapshot.model().lights[at(rule.light)], Decimal::of(behind)), static_cast<int>(reached - rule.thresholds.begin())};
    };
    const auto same = [&](Colour a, Colour b) { return a == b || (state.lamp == 0 && out.empty() && a <= Colour::green && b <= Colour::green); };
    const auto take = [&](Date day) {
        if (record->voided) {
            if (!same(colour, Colour::none) || level != 0) out.push_back({day, Colour::none, level, 0});
            return;
        }
        const auto [now, reached] = look(day);
        if (same(colour, now) && level == reached) return;
        out.push_back({day, now, level, reached});
        colour = now;
        level = reached;
    };
    if (due) {
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
    const Post& post = post_of(snapshot, responsible);
    if (!post.there) responsible = {};
    const Date today = snapshot.today();
    const std::int64_t now = board_.now().micros;
    board::Draft draft;
    draft.channel = "clock";
    draft.by_act = true;
    for (const Event& e : events) {
        const bool late = e.on < today;
        const bool fresh = state.lamp == 0 && draft.changes.empty();
        board::Change lamp;
        lamp.verb = fresh ? board::Verb::create : board::Verb::amend;
        lamp.type = flow.lamp;
        lamp.record = state.lamp != 0 ? RecordId(state.lamp) : fresh ? RecordId() : RecordId(-1);
        out.records += fresh;
        if (fresh) put(lamp, slots_.light, rule.code), put(lamp, slots_.subject, subject);
        put(lamp, slots_.responsible, reference_to(responsible)), put(lamp, slots_.colour, std::string(colour_code(e.colour))), put(lamp, slots_.level, std::int64_t{e.level});
        put(lamp, slots_.nominal, std::int64_t{e.on.days}), put(lamp, slots_.late, std::int64_t{late});
        lamp.effective = e.on;
        draft.changes.push_back(std::move(lamp));
        for (int level = e.from_level; level < e.level; ++level) {
            const auto& t = rule.thresholds[at(level)];
            const std::string title = title_of(model, *record);
            const std::string said = rule.label + (t.day < 0 ? "：还有" + std::to_string(-t.day) + "天到期" : t.day == 0 ? "：今天到期" : "：已逾期" + std::to_string(t.day) + "天") + (late ? "（补发）" : "");
            if (!t.remind) {
                board::Change notice;
                notice.verb = board::Verb::create;
                notice.type = flow.notice;
                put(notice, slots_.notice.colour, t.colour), put(notice, slots_.notice.light, rule.code), put(notice, slots_.notice.subject, subject), put(notice, slots_.notice.title, title);
                put(notice, slots_.notice.to_post, reference_to(responsible)), put(notice, slots_.notice.nominal, std::int64_t{e.on.days}), put(notice, slots_.notice.text, said);
                // What its paper says stays as it was, whatever is renamed or put off later.
                const auto& s = slots_.notice;
                const auto keep = [&](int field, record::Value value) {
                    if (field >= 0) put(notice, field, std::move(value));
                };
                if (!post.unit.empty()) keep(s.of_unit, post.unit);
                if (post.there) keep(s.of_post, post.title);
                if (const auto* due = rule.field >= 0 ? record::as_integer(record->at(rule.field)) : nullptr) keep(s.due, *due), keep(s.behind, std::int64_t{e.on.days} - *due);
                if (!t.asks.empty()) keep(s.asks, t.asks);
                keep(s.issued_on, std::int64_t{today.days});
                if (t.answer) keep(s.answer_workdays, std::int64_t{*t.answer});
                notice.effective = e.on;
                draft.changes.push_back(std::move(notice));
                ++out.notices, ++out.records;
            } else {
                ++out.reminders;
            }
            if (responsible.value == 0) continue;  // nobody to tell; the lamp shows it
            board::Change message;
            message.verb = board::Verb::create;
            message.type = flow.message;
            put(message, slots_.message.to_post, reference_to(responsible)), put(message, slots_.message.kind, std::string(t.remind ? "reminder" : "notice"));
            put(message, slots_.message.subject, subject), put(message, slots_.message.title, title), put(message, slots_.message.text, said), put(message, slots_.message.at, now);
            put(message, slots_.message.nominal, std::int64_t{e.on.days}), put(message, slots_.message.late, std::int64_t{late});
            draft.changes.push_back(std::move(message));
            ++out.records;
        }
    }
    out.lamps += static_cast<std::int64_t>(events.size());
    send(std::move(draft), Key{rule.light, record->id.value}, events.back());
}

// A lamp over a figure: its draft has the lamp alone.
void Ticker::announce_figure(const model::Model& model, const Key& key, RecordId lamp, const std::string& subject, RecordId responsible, const Event& event, Date today) {
    board::Draft draft;
    draft.channel = "clock";
    draft.by_act = true;
    board::Change change;
    change.verb = lamp.value == 0 ? board::Verb::create : board::Verb::amend;
    change.type = model.flow.lamp;
    change.record = lamp;
    if (lamp.value == 0) put(change, slots_.light, model.lights[at(key.light)].code), put(change, slots_.subject, subject);
    put(change, slots_.responsible, reference_to(responsible)), put(change, slots_.colour, std::string(colour_code(event.colour))), put(change, slots_.level, std::int64_t{0});
    put(change, slots_.nominal, std::int64_t{event.on.days}), put(change, slots_.late, std::int64_t{event.on < today});
    if (slots_.trouble >= 0) put(change, slots_.trouble, event.trouble.empty() ? record::Value() : record::Value(event.trouble));
    change.effective = event.on;
    draft.changes.push_back(std::move(change));
    send(std::move(draft), key, event);
}

// Whoever else writes goes first (Board::Place). The room is filled when half of it is free, so that threads do not take
// turns draft by draft.
void Ticker::send(board::Draft draft, std::optional<Key> key, Event last) {
    {
        std::unique_lock lock(sent_mutex_);
        if (under_way_ >= drafts_under_way_max) sent_.wait(lock, [&] { return under_way_ <= drafts_under_way_max / 2; });
        ++under_way_;
    }
    const auto answered = [this, key, last](Checked<board::Receipt> answer) {
        Answer a{key, last, 0, {}};
        if (answer)
            a.lamp = answer->records.empty() ? 0 : answer->records[0].value;
        else
            a.wrong = answer.error().front();
        const std::lock_guard lock(sent_mutex_);
        answers_.push_back(std::move(a));
        --under_way_;
        if (under_way_ == drafts_under_way_max / 2 || under_way_ == 0) sent_.notify_one();
    };
    board_.submit(std::move(draft), answered, board::Board::Place::after_others);
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
                const auto counted = board::counted(d, *r, calendar);
                if (!counted || !*counted || !board::is_open(model, d, *r, snapshot.resolver())) continue;
                const auto& due = *counted;
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
                send(std::move(draft), std::nullopt, {});
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
    FigureNews figures;
    bool all = false, holidays = false;
    {
        const std::lock_guard lock(news_mutex_);
        dirty.swap(dirty_);
        figures = std::exchange(figure_news_, {});
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
    posts_.clear();
    if (!built_) {
        prepare(*snapshot);
        if (auto read = read_lamps(*snapshot); !read) return failed(read);
        if (auto read = look_at_all(*snapshot, out); !read) return failed(read);
    } else {
        for (const auto& [type, id] : dirty)
            for (const int rule : rules_of_[at(type)])
                if (const auto record = snapshot->record(type, RecordId(id))) look_at(*snapshot, rules_[at(rule)], record, out);
        // In the order of their records, as the file has them.
        std::vector<Key> due;
        while (!heap_.empty() && heap_.top().day <= today.days) {
            const Wake wake = heap_.top();
            heap_.pop();
            const auto state = states_.find(wake.key);
            if (state != states_.end() && state->second.next == wake.day) due.push_back(wake.key);  // or it was put off meanwhile
        }
        std::sort(due.begin(), due.end(), [](const Key& a, const Key& b) { return std::tie(a.light, a.record) < std::tie(b.light, b.record); });
        due.erase(std::unique(due.begin(), due.end()), due.end());
        constexpr std::size_t a_snapshot = 8'192;  // looked at with one: a long read holds up the file's log
        auto rule = rules_.cend();
        for (std::size_t i = 0; i < due.size(); ++i) {
            if (i % a_snapshot == a_snapshot - 1)
                if (auto next = board_.snapshot(); &next->model() == &snapshot->model()) snapshot = std::move(next);
            if (rule == rules_.cend() || rule->light != due[i].light) rule = std::find_if(rules_.cbegin(), rules_.cend(), [&](const Rule& r) { return r.light == due[i].light; });
            const auto record = rule == rules_.cend() ? nullptr : snapshot->record(rule->type, RecordId(due[i].record));
            if (record)
                look_at(*snapshot, *rule, record, out);
            else
                states_.erase(due[i]);
        }
    }
    if (!figure_rules_.empty())
        if (auto read = look_at_figures(*snapshot, figures, out); !read) return failed(read);
    wait_for_all();
    {
        const std::lock_guard lock(sent_mutex_);
        for (Answer& a : answers_) {
            if (a.wrong) {  // it stays unsaid and is tried again the next day, or when the record changes
                if (++out.refused <= static_cast<std::int64_t>(tick_problems_max)) out.problems.push_back(std::move(*a.wrong));
                if (a.key && a.key->record < 0) {
                    refused_figure(*a.key);
                } else if (a.key) {
                    State& s = states_[*a.key];
                    wake_at(*a.key, s, today.days + 1);
                }
                continue;
            }
            if (!a.key) continue;
            State& s = states_[*a.key];
            if (s.lamp == 0) s.lamp = a.lamp;
            s.colour = a.last.colour;
            s.trouble = !a.last.trouble.empty();
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
        note_figures(model, shown);
        news_ = news_ || !figure_news_.moved.empty() || !dirty_.empty() || all_dirty_ || holidays_dirty_;
    }
    wake_.notify_one();
}

void Ticker::start(std::chrono::milliseconds look_for_midnight) {
    thread_ = std::thread([this, look_for_midnight] { loop(look_for_midnight); });
}
void Ticker::stop() {
    {
        const std::lock_guard lock(news_mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}
void Ticker::loop(std::chrono::milliseconds look_for_midnight) {
    (void)pthread_setname_np(pthread_self(), "yipan-clock");
    constexpr auto soon = std::chrono::milliseconds(500);
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
