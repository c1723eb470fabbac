#include "flow/acts.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include "cel/value.h"
#include "model/slots.h"
#include "record/view.h"

namespace yipan::flow {
namespace {
constexpr std::array<std::pair<std::string_view, Do>, 12> names{{{"start", Do::start},
                                                                 {"assign_record", Do::assign_record},
                                                                 {"agree", Do::agree},
                                                                 {"disagree", Do::disagree},
                                                                 {"return", Do::give_back},
                                                                 {"hand_over", Do::hand_over},
                                                                 {"assign", Do::assign},
                                                                 {"add_before", Do::add_before},
                                                                 {"add_after", Do::add_after},
                                                                 {"withdraw", Do::withdraw},
                                                                 {"urge", Do::urge},
                                                                 {"void", Do::annul}}};
constexpr std::string_view case_place = "case";  // of the change that tells whether somebody was first

const model::Move* move_of(const model::Type& type, std::string_view code) {
    for (const model::Move& m : type.moves)
        if (m.code == code) return &m;
    return nullptr;
}
int step_index(const model::Move& move, std::string_view code) {
    for (std::size_t i = 0; i < move.steps.size(); ++i)
        if (move.steps[i].code == code) return static_cast<int>(i);
    return -1;
}

/// One act being made into a draft on one snapshot.
class Maker {
  public:
    Maker(board::Snapshot& snapshot, const Standing& standing, const Act& act, Instant now)
        : snapshot_(snapshot), model_(snapshot.model()), flow_(model_.flow), standing_(standing), act_(act), now_(now), today_(snapshot.today()) {
        draft.actor = act.person;
        draft.post = act.post;
        draft.channel = act.channel;
        draft.idempotency_key = act.idempotency_key;
        draft.by_act = true;
        draft.dry_run = act.dry_run;
    }
    board::Draft draft;
    RecordId case_id;  // 0: made by the draft
    int case_change = -1;
    Errors errors;

    void make() {
        if (!flow_.declared) return problem(Code::usage, "flow", "this board's model declares no workflow", "flow: in a module (docs/flow.md)");
        if (act_.text.size() > text_bytes_max) problem(Code::limit_exceeded, "text", "longer than 4,000 bytes", "");
        if (act_.copies.size() > copies_max) problem(Code::limit_exceeded, "copies", "more than 50 copies", "");
        if (act_.to.value != 0 && !post_there(act_.to)) problem(Code::not_found, "to", "there is no such post", "");
        if (!errors.empty()) return;
        switch (act_.act) {
            case Do::start: start(); break;
            case Do::assign_record: assign_record(); break;
            case Do::withdraw: withdraw(); break;
            case Do::urge: urge(); break;
            case Do::annul: annul(); break;
            default: on_item(); break;
        }
        for (const RecordId copy : act_.copies) {
            if (!post_there(copy))
                problem(Code::not_found, "copies", "there is no such post", "");
            else if (errors.empty())
                message(copy, "copy", "");
        }
        // The case's own change stands last in making and first in the draft, where it tells at once that somebody was first.
        if (errors.empty() && case_id.value != 0) finish_case_change();
    }

  private:
    void problem(Code code, std::string where, std::string message, std::string hint) {
        errors.push_back({code, std::move(where), std::move(message), std::move(hint)});
    }
    bool post_there(RecordId post) {
        const auto r = snapshot_.record(model_.identity.post, post);
        return r && !r->voided;
    }
    std::string post_name(RecordId post) {
        const auto r = snapshot_.record(model_.identity.post, post);
        return r ? title_of(model_, *r) : "#" + std::to_string(post.value);
    }

    // -- what the draft consists of
    record::Value case_reference() const { return case_id.value != 0 ? record::Value(case_id.value) : record::Value(std::int64_t{-(case_change + 1)}); }
    int push(Making making) {
        draft.changes.push_back(std::move(making.change));
        return static_cast<int>(draft.changes.size()) - 1;
    }
    Making& on_case() {
        if (!case_making_) case_making_.emplace(model_, board::Verb::amend, flow_.cases, case_id);
        return *case_making_;
    }
    void finish_case_change() {
        Making& m = on_case();
        m.set("acts", record::Value(seq_));
        m.change.expected_version = case_->version;
        m.change.where = case_place;
        // References to earlier changes count from the front; nothing but the case's change moves them.
        for (board::Change& c : draft.changes)
            for (auto& [field, value] : c.set)
                if (auto* n = std::get_if<std::int64_t>(&value); n && *n < 0 && model_.types[at(c.type)].fields[at(field)].kind == model::FieldKind::reference) --*n;
        draft.changes.insert(draft.changes.begin(), std::move(m.change));
    }
    void message(RecordId to, std::string_view kind, std::string_view words) {
        Making m(model_, board::Verb::create, flow_.message);
        m.set("to_post", to).set("kind", kind).set("subject", subject_words_).set("title", title_).set("at", record::Value(now_.micros));
        const std::string_view said = words.empty() ? std::string_view(act_.text) : words;
        if (!said.empty()) m.set("text", said.substr(0, said.size() > 1900 ? cut(said, 1900) : said.size()));
        push(std::move(m));
    }
    static std::size_t cut(std::string_view text, std::size_t at_most) {
        while (at_most > 0 && (static_cast<unsigned char>(text[at_most]) & 0xC0) == 0x80) --at_most;
        return at_most;
    }
    void opinion(std::string_view act, RecordId item, std::string_view step, RecordId to = {}) {
        Making m(model_, board::Verb::create, flow_.opinion);
        m.set("subject", subject_words_).set("flow_case", case_reference()).set("act", act).set("seq", record::Value(seq_));
        if (item.value != 0) m.set("work", item);
        if (!step.empty()) m.set("step", step);
        if (!act_.text.empty()) m.set("text", act_.text);
        m.set("post", act_.post).set("person", act_.person).set("because", because_name(because_)).set("at", record::Value(now_.micros));
        if (because_ != Because::own) m.set("instead_of", instead_of_);
        if (to.value != 0) m.set("to_post", to);
        push(std::move(m));
    }
    struct Given {
        RecordId post;
        std::string_view kind, step, step_label, mode;
        std::int64_t round = 1;
        RecordId parent;
        std::optional<int> workdays;
        std::optional<Date> given_on;
        std::string_view tell = "work";
    };
    void give(const Given& g) {
        Making m(model_, board::Verb::create, flow_.work);
        m.set("flow_case", case_reference()).set("subject", subject_words_).set("title", title_).set("kind", g.kind).set("mode", g.mode);
        m.set("round", record::Value(g.round)).set("post", g.post).set("lies_with", g.post).set("status", "open").set("given_by", act_.post);
        m.set("given_on", g.given_on.value_or(today_)).set("given_at", record::Value(now_.micros)).set("made_by", record::Value(seq_));
        if (!g.step.empty()) m.set("step", g.step);
        if (!g.step_label.empty()) m.set("step_label", g.step_label);
        if (g.parent.value != 0) m.set("parent", g.parent);
        if (g.workdays) m.set("workdays", record::Value(std::int64_t{*g.workdays}));
        push(std::move(m));
        message(g.post, g.tell, "");
    }
    /// Ends an item: by the acting post, or (skipped, withdrawn, void) because of the act.
    Making ended(const record::Record& item, std::string_view status, bool by_me) {
        Making m(model_, board::Verb::amend, flow_.work, item.id);
        m.set("status", status).clear("lies_with").set("done_on", today_).set("done_at", record::Value(now_.micros)).set("ended_by", record::Value(seq_));
        if (by_me) {
            m.set("done_by", act_.person).set("done_post", act_.post);
            if (because_ != Because::own) m.set("instead_of", instead_of_);
            const std::int64_t given = number(model_, item, "given_at", now_.micros);
            m.set("minutes", record::Value(std::max<std::int64_t>(0, (now_.micros - given) / 60'000'000)));
            const auto due = date(model_, item, "due");
            m.set("late", record::Value(std::int64_t{due && today_ > *due}));
        }
        return m;
    }

    // -- what is there
    bool load_subject(const Subject& s) {
        subject_ = s;
        if (s.type >= 0) record_ = snapshot_.record(s.type, s.record);
        if (!record_ || record_->voided) return problem(Code::not_found, "record", record_ ? "the record is void" : "there is no such record", ""), false;
        type_ = &model_.types[at(s.type)];
        subject_words_ = subject_text(model_, s);
        title_ = title_of(model_, *record_);
        return true;
    }
    bool load_case(RecordId id, bool subject_needed = true) {
        case_id = id;
        case_ = snapshot_.record(flow_.cases, id);
        if (!case_) return problem(Code::not_found, "case", "there is no such case", ""), false;
        const std::string status = text(model_, *case_, "status");
        if (status != "running") return problem(Code::version_conflict, "case", "the case is over: " + status, "nothing more can be done in it"), false;
        const auto s = subject_of(model_, text(model_, *case_, "subject"));
        if (!s || !load_subject(*s)) {
            if (!s && subject_needed) problem(Code::not_found, "record", "the type of the record is gone", "");
            if (subject_needed) return false;
            errors.clear();  // the record is gone, its case can still be ended
            subject_words_ = text(model_, *case_, "subject");
            title_ = text(model_, *case_, "title");
        }
        seq_ = number(model_, *case_, "acts") + 1;
        round_ = number(model_, *case_, "round", 1);
        if (type_) move_ = move_of(*type_, text(model_, *case_, "move"));
        const auto found = rows(snapshot_, flow_.work, {{"flow_case", id.value}}, items_of_case_max);
        if (!found) return errors.push_back(found.error()), false;
        if (found->more) return problem(Code::limit_exceeded, "case", "the case has more than 2,000 work items", "void it and start anew"), false;
        items_ = found->rows;
        return true;
    }
    bool open_or_waiting(const record::Record& item) const {
        const std::string status = text(model_, item, "status");
        return status == "open" || status == "waiting";
    }
    std::vector<record::RecordPtr> others_open(RecordId but) const {
        std::vector<record::RecordPtr> out;
        for (const auto& item : items_)
            if (item->id != but && open_or_waiting(*item)) out.push_back(item);
        return out;
    }
    void end_all(RecordId but, std::string_view status) {
        for (const auto& item : others_open(but)) push(ended(*item, status, false));
    }

    // -- start
    void start() {
        if (!load_subject(act_.subject)) return;
        move_ = move_of(*type_, act_.move);
        if (!move_ || move_->steps.empty())
            return problem(Code::not_found, "move", type_->code + " has no move \"" + act_.move.substr(0, 80) + "\" with steps", move_ ? "it is done directly" : "");
        const std::string state = type_->state >= 0 && record::as_text(record_->at(type_->state)) ? *record::as_text(record_->at(type_->state)) : "";
        if (std::find(move_->from.begin(), move_->from.end(), state) == move_->from.end()) {
            std::string from;
            for (const auto& s : move_->from) from += (from.empty() ? "" : ", ") + s;
            return problem(Code::rule_broken, "move", title_ + " is in state " + state + "; \"" + move_->code + "\" starts from " + from, "");
        }
        if (responsible_post(snapshot_, *record_).value == 0)
            return problem(Code::rule_broken, "record", "责任到岗: " + title_ + " 没有责任岗位 / has no responsible post", "enter one first");
        if (running()) return;
        if (move_->who && act_.post.value != 0 && !may_start()) return;
        seq_ = 1;
        make_case(move_->code);
        opinion("start", {}, "");
        begin_step(0, 1);
    }
    bool running() {
        const auto found = rows(snapshot_, flow_.cases, {{"running", record::Value(subject_words_)}}, 1);
        if (!found) return errors.push_back(found.error()), true;
        if (found->rows.empty()) return false;
        problem(Code::version_conflict, "record", title_ + " is under way already: \"" + text(model_, *found->rows[0], "move") + "\"", "one case at a time");
        return true;
    }
    bool may_start() {
        record::Views views(model_, snapshot_.resolver());
        std::vector<cel::Value> variables(model::slots::rule_count);
        variables[model::slots::old_record] = views.object(type_->index, record_);
        variables[model::slots::post] = views.reference(model_.identity.post, act_.post.value);
        variables[model::slots::actor] = views.reference(model_.identity.person, act_.person.value);
        variables[model::slots::entry_date] = cel::Value::date(today_);
        cel::Activation activation;
        activation.variables = variables;
        activation.self = views.of(*record_);
        if (move_->who->program.holds(activation)) return true;
        problem(Code::not_allowed, "move", "the acting post may not start \"" + move_->label.hans + "\" (" + move_->code + ")", "allowed where: " + move_->who->text);
        return false;
    }
    void make_case(std::string_view move) {
        Making m(model_, board::Verb::create, flow_.cases);
        m.set("subject", subject_words_).set("title", title_).set("status", "running").set("running", subject_words_).set("acts", record::Value(std::int64_t{1}));
        m.set("round", record::Value(std::int64_t{1})).set("starter", act_.post).set("answers", responsible_post(snapshot_, *record_)).set("begun", today_);
        if (!move.empty()) m.set("move", move);
        if (move_) m.set("step", move_->steps[0].code);
        m.change.where = case_place;
        case_change = push(std::move(m));
        starter_ = act_.post;
    }
    void assign_record() {
        if (!load_subject(act_.subject)) return;
        if (act_.to.value == 0) return problem(Code::invalid_input, "to", "nobody is named", "to: a post");
        if (running()) return;
        seq_ = 1;
        make_case("");
        opinion("assign", {}, "task", act_.to);
        give({act_.to, "task", "task", "交办", "one", 1, {}, act_.workdays, {}});
    }

    // -- steps
    RecordId starter() const { return case_ ? reference(model_, *case_, "starter") : starter_; }
    void case_step(std::string_view step, std::int64_t round) {
        if (case_id.value != 0) return void(on_case().set("step", step).set("round", record::Value(round)));
        for (auto& [field, value] : draft.changes[at(case_change)].set)
            if (model_.types[at(flow_.cases)].fields[at(field)].code == "step") value = std::string(step);
    }
    void begin_step(int index, std::int64_t round) {
        const auto views = steps_of(snapshot_, *move_, *record_, starter());
        for (std::size_t i = at(index); i < views.size(); ++i) {
            if (views[i].left_out) continue;
            if (!views[i].problem.empty()) return problem(Code::rule_broken, "step", views[i].step->label.hans + " (" + views[i].step->code + "): " + views[i].problem, views[i].step->by->text);
            case_step(views[i].step->code, round);
            return give_step(*views[i].step, views[i].posts, round, "work");
        }
        finish();
    }
    void give_step(const model::FlowStep& step, const std::vector<RecordId>& posts, std::int64_t round, std::string_view tell) {
        using Mode = model::FlowStep::Mode;
        const std::string_view mode = step.mode == Mode::all ? "all" : step.mode == Mode::any ? "any" : "one";
        for (const RecordId post : posts) give({post, "approve", step.code, step.label.hans, mode, round, {}, step.workdays, {}, tell});
    }
    // The move, the end of the case, and the news to who started it.
    void finish() {
        board::Change moved;
        moved.verb = board::Verb::move;
        moved.type = subject_.type;
        moved.record = subject_.record;
        moved.move = move_->code;
        moved.set = act_.values;
        if (case_id.value == 0) return problem(Code::rule_broken, "move", "every step of \"" + move_->code + "\" is left out for this record", "one step at least must apply");
        draft.changes.push_back(std::move(moved));
        end_case("done");
        message(starter(), "done", "");
    }
    void end_case(std::string_view status) {
        on_case().set("status", status).clear("running").set("ended", today_);
        if (!act_.text.empty() && (status == "void" || status == "refused" || status == "withdrawn")) on_case().set("note", std::string_view(act_.text).substr(0, act_.text.size() > 900 ? cut(act_.text, 900) : act_.text.size()));
    }

    // -- acts on an item
    void on_item() {
        const auto item = snapshot_.record(flow_.work, act_.item);
        if (!item || item->voided) return problem(Code::not_found, "item", "there is no such work item", "");
        const std::string status = text(model_, *item, "status");
        if (status != "open") {
            const RecordId by = reference(model_, *item, "done_post");
            return problem(Code::version_conflict, "item", "已办理: this work item is not open any more (" + status + ")" + (by.value ? "; " + post_name(by) + " was first" : ""), "look at the timeline");
        }
        if (act_.version && *act_.version != item->version)
            return problem(Code::version_conflict, "item", "the work item has changed since it was shown", "look at it again");
        const RecordId lies_with = reference(model_, *item, "lies_with");
        if (!authorised(lies_with)) return;
        if (!load_case(reference(model_, *item, "flow_case"))) return;
        const auto possible = acts_for(model_, *item);
        if (std::find(possible.begin(), possible.end(), act_.act) == possible.end())
            return problem(Code::usage, "item", "\"" + std::string(act_name(act_.act)) + "\" does not go with this work item", "");
        kind_ = text(model_, *item, "kind");
        step_ = text(model_, *item, "step");
        switch (act_.act) {
            case Do::agree: agree(item, "agreed"); break;
            case Do::disagree: disagree(item); break;
            case Do::give_back: give_back(item); break;
            case Do::hand_over: hand_over(item); break;
            case Do::assign: ask_another(item, "assigned"); break;
            case Do::add_before: ask_another(item, "before"); break;
            case Do::add_after: add_after(item); break;
            default: break;
        }
    }
    bool authorised(RecordId lies_with) {
        if (act_.post.value == 0) return true;  // the system itself
        const auto because = standing_.may_act(act_.post, lies_with);
        if (!because) {
            std::string who;
            for (const auto& f : standing_.acting_for(lies_with)) who += (who.empty() ? "" : "、") + post_name(f.post);
            problem(Code::not_allowed, "item", "it lies with " + post_name(lies_with) + ", not with the acting post", who.empty() ? "nobody holds that post" : "may act: " + who);
            return false;
        }
        because_ = *because;
        instead_of_ = lies_with;
        return true;
    }
    const model::FlowStep* step() const {
        const int i = move_ ? step_index(*move_, step_) : -1;
        return i < 0 ? nullptr : &move_->steps[at(i)];
    }
    // Nobody reviews his own work: not who started, nor the post that answers for the record, nor its holder in another post.
    bool is_doer() {
        const model::FlowStep* s = step();
        if (!s || !s->not_doer || kind_ != "approve" || act_.post.value == 0) return false;
        const RecordId responsible = responsible_post(snapshot_, *record_);
        bool own = act_.post == responsible || act_.post == starter() || (act_.person.value != 0 && (standing_.holds(act_.person, responsible) || standing_.holds(act_.person, starter())));
        const auto acts = rows(snapshot_, flow_.opinion, {{"flow_case", case_id.value}}, 1);  // the first is the start
        if (acts && !acts->rows.empty() && act_.person.value != 0) own = own || reference(model_, *acts->rows[0], "person") == act_.person;
        if (own) problem(Code::rule_broken, "item", "不得复核自己办的事 / nobody reviews his own work: step " + step_ + " is not for who did or started it", "not_doer: true");
        return own;
    }
    void agree(const record::RecordPtr& item, std::string_view status) {
        if (is_doer()) return;
        push(ended(*item, status, true));
        opinion(status == "agreed" ? "agree" : "disagree", item->id, step_);
        if (kind_ == "before" || kind_ == "assigned") return back_to_parent(item);
        if (kind_ == "redo") return continue_after_redo();
        if (kind_ == "task") {
            if (others_open(item->id).empty()) {
                end_case("done");
                message(starter(), "done", "");
            }
            return;
        }
        complete(item);
    }
    void back_to_parent(const record::RecordPtr& item) {
        const RecordId parent = reference(model_, *item, "parent");
        for (const auto& other : items_)
            if (other->id != item->id && open_or_waiting(*other) && reference(model_, *other, "parent") == parent && text(model_, *other, "kind") != "after") return;
        const auto up = std::find_if(items_.begin(), items_.end(), [&](const auto& i) { return i->id == parent; });
        if (up == items_.end()) return;
        Making m(model_, board::Verb::amend, flow_.work, parent);
        m.set("status", "open").set("lies_with", reference(model_, **up, "post"));
        push(std::move(m));
        message(reference(model_, **up, "post"), "work", "");
    }
    void continue_after_redo() {
        const std::string back = text(model_, *case_, "back_to");
        const int index = step_index(*move_, back);
        if (!back.empty()) on_case().clear("back_to");
        begin_step(index < 0 ? 0 : index, round_ + 1);
    }
    // The step is through when nobody else must speak.
    void complete(const record::RecordPtr& item) {
        const bool all = text(model_, *item, "mode") == "all";
        std::vector<record::RecordPtr> skipped;
        for (const auto& other : others_open(item->id)) {
            if (number(model_, *other, "round") != round_) continue;
            const std::string kind = text(model_, *other, "kind");
            if (all || kind == "after") return;
            skipped.push_back(other);
        }
        for (const auto& other : skipped) push(ended(*other, "skipped", false));
        go_on();
    }
    void go_on() {
        const std::string back = text(model_, *case_, "back_to"), here = text(model_, *case_, "step");
        int next = step_index(*move_, here) + 1;
        if (!back.empty()) {
            on_case().clear("back_to");
            if (const int index = step_index(*move_, back); index >= 0) next = index;
        }
        begin_step(next, round_ + 1);
    }
    void disagree(const record::RecordPtr& item) {
        if (is_doer()) return;
        const model::FlowStep* s = step();
        const bool counts = s && s->disagree_counts;
        if (kind_ == "before" || kind_ == "assigned" || (counts && kind_ != "task")) return agree(item, "disagreed");
        push(ended(*item, "disagreed", true));
        opinion("disagree", item->id, step_);
        end_all(item->id, "skipped");
        end_case("refused");
        if (move_ && !move_->refused.empty()) {
            board::Change moved;
            moved.verb = board::Verb::move;
            moved.type = subject_.type;
            moved.record = subject_.record;
            moved.move = move_->refused;
            moved.set = act_.values;
            draft.changes.push_back(std::move(moved));
        }
        message(starter(), "refused", "");
    }
    void give_back(const record::RecordPtr& item) {
        if (!move_) return problem(Code::usage, "to_step", "this work has no steps to return to", "disagree, or hand it over");
        const std::string to = act_.to_step.empty() ? "start" : act_.to_step;
        const int here = step_index(*move_, text(model_, *case_, "step")), index = step_index(*move_, to);
        if (to != "start" && (index < 0 || index >= here)) {
            std::string known = "start";
            for (int i = 0; i < here; ++i) known += ", " + move_->steps[at(i)].code;
            return problem(Code::invalid_input, "to_step", "\"" + to.substr(0, 60) + "\" is no earlier step", "one of: " + known);
        }
        push(ended(*item, "returned", true));
        end_all(item->id, "skipped");
        if (act_.straight)
            on_case().set("back_to", text(model_, *case_, "step"));
        else
            on_case().clear("back_to");
        if (to == "start") {
            opinion("return", item->id, step_, starter());
            case_step("start", round_ + 1);
            return give({starter(), "redo", "start", "重办", "one", round_ + 1, {}, {}, {}, "returned"});
        }
        // To the posts that did it; where there is none of them any more, to whom the step asks now.
        std::vector<RecordId> posts;
        for (auto i = items_.rbegin(); i != items_.rend(); ++i) {
            if (text(model_, **i, "step") != to || text(model_, **i, "kind") != "approve") continue;
            const std::string status = text(model_, **i, "status");
            const RecordId post = reference(model_, **i, "post");
            if ((status == "agreed" || status == "disagreed") && standing_.exists(post) && !standing_.forsaken(post) && std::find(posts.begin(), posts.end(), post) == posts.end()) posts.push_back(post);
            if (!posts.empty() && move_->steps[at(index)].mode != model::FlowStep::Mode::all) break;
        }
        const auto views = steps_of(snapshot_, *move_, *record_, starter());
        if (posts.empty()) posts = views[at(index)].posts;
        if (posts.empty()) return problem(Code::rule_broken, "to_step", views[at(index)].step->label.hans + ": " + views[at(index)].problem, "return to another step");
        opinion("return", item->id, step_, posts.front());
        case_step(to, round_ + 1);
        give_step(move_->steps[at(index)], posts, round_ + 1, "returned");
    }
    bool another_post(const record::RecordPtr& item) {
        if (act_.to.value == 0) return problem(Code::invalid_input, "to", "nobody is named", "to: a post"), false;
        if (act_.to == reference(model_, *item, "post")) return problem(Code::invalid_input, "to", "the work is there already", "another post"), false;
        for (const auto& other : others_open(item->id))
            if (number(model_, *other, "round") == round_ && reference(model_, *other, "post") == act_.to)
                return problem(Code::invalid_input, "to", post_name(act_.to) + " is asked in this step already", "another post"), false;
        return true;
    }
    std::optional<int> workdays_of(const record::Record& item) const {
        const std::int64_t days = number(model_, item, "workdays", -1);
        return days < 0 ? std::nullopt : std::optional<int>(static_cast<int>(days));
    }
    void hand_over(const record::RecordPtr& item) {
        if (!another_post(item)) return;
        push(ended(*item, "handed_over", true));
        opinion("hand_over", item->id, step_, act_.to);
        const std::string label = text(model_, *item, "step_label"), mode = text(model_, *item, "mode");
        give({act_.to, kind_, step_, label, mode, round_of(*item), reference(model_, *item, "parent"), workdays_of(*item), date(model_, *item, "given_on")});
    }
    std::int64_t round_of(const record::Record& item) const { return number(model_, item, "round", 1); }
    // Another is asked; mine waits for him.
    void ask_another(const record::RecordPtr& item, std::string_view kind) {
        if (!another_post(item)) return;
        Making m(model_, board::Verb::amend, flow_.work, item->id);
        m.set("status", "waiting").clear("lies_with");
        push(std::move(m));
        opinion(kind == "before" ? "add_before" : "assign", item->id, step_, act_.to);
        const std::string label = text(model_, *item, "step_label"), mode = text(model_, *item, "mode");
        give({act_.to, kind, step_, label, mode, round_of(*item), item->id, act_.workdays, {}});
    }
    void add_after(const record::RecordPtr& item) {
        if (is_doer() || !another_post(item)) return;
        push(ended(*item, "agreed", true));
        opinion("add_after", item->id, step_, act_.to);
        const std::string label = text(model_, *item, "step_label"), mode = text(model_, *item, "mode");
        give({act_.to, "after", step_, label, mode, round_of(*item), item->id, act_.workdays, {}});
    }

    // -- acts on a case
    bool stands_for_starter() {
        if (act_.post.value == 0) return true;
        const auto because = standing_.may_act(act_.post, starter());
        if (because) {
            because_ = *because;
            instead_of_ = starter();
            return true;
        }
        problem(Code::not_allowed, "case", "only " + post_name(starter()) + ", who started it, may do that", "ask for it to be returned");
        return false;
    }
    void annul() {
        if (!load_case(act_.flow_case, false) || !stands_for_starter()) return;
        if (act_.text.empty()) return problem(Code::invalid_input, "text", "作废须说明理由 / voiding needs a reason", "");
        opinion("void", {}, text(model_, *case_, "step"));
        end_all({}, "void");
        end_case("void");
    }
    void urge() {
        if (!load_case(act_.flow_case)) return;
        bool mine = act_.post.value == 0 || act_.post == starter(), already = false, told = false;
        for (const auto& item : items_) mine = mine || reference(model_, *item, "given_by") == act_.post || reference(model_, *item, "done_post") == act_.post;
        if (!mine) return problem(Code::not_allowed, "case", "who started it or had it in hand may urge", "");
        for (const auto& item : items_) {
            if (text(model_, *item, "status") != "open") continue;
            if (date(model_, *item, "urged_on") == today_) {
                already = true;
                continue;
            }
            Making m(model_, board::Verb::amend, flow_.work, item->id);
            m.set("urged", record::Value(number(model_, *item, "urged") + 1)).set("urged_on", today_);
            push(std::move(m));
            opinion("urge", item->id, text(model_, *item, "step"), reference(model_, *item, "lies_with"));
            message(reference(model_, *item, "lies_with"), "urge", "");
            told = true;
        }
        if (!told) problem(Code::rule_broken, "case", already ? "今天已催办过 / urged today already" : "nobody has it in hand", already ? "once a day" : "");
    }
    // The last act is taken back, if it was one's own and nobody has acted since.
    void withdraw() {
        if (!load_case(act_.flow_case)) return;
        const auto found = rows(snapshot_, flow_.opinion, {{"flow_case", case_id.value}}, items_of_case_max, true);
        if (!found) return errors.push_back(found.error());
        const auto said = std::find_if(found->rows.begin(), found->rows.end(), [&](const record::RecordPtr& o) { return text(model_, *o, "act") != "urge"; });
        const record::RecordPtr last = said == found->rows.end() ? nullptr : *said;
        if (!last) return problem(Code::not_found, "case", "nothing was done in it", "");
        const std::string act = text(model_, *last, "act");
        if (act_.post.value != 0 && reference(model_, *last, "post") != act_.post)
            return problem(Code::rule_broken, "case", post_name(reference(model_, *last, "post")) + " has acted since (" + act + ")", "ask for it to be returned");
        if (act == "withdraw") return problem(Code::rule_broken, "case", "the last act was taken back already", "");
        const std::int64_t undone = number(model_, *last, "seq");
        const bool whole = act == "start" || (act == "assign" && reference(model_, *last, "work").value == 0);
        opinion("withdraw", reference(model_, *last, "work"), text(model_, *last, "step"));
        for (const auto& item : items_) {
            if (number(model_, *item, "made_by") == undone && open_or_waiting(*item)) {
                push(ended(*item, "withdrawn", false));
            } else if (!whole && (number(model_, *item, "ended_by") == undone || item->id == reference(model_, *last, "work"))) {
                Making m(model_, board::Verb::amend, flow_.work, item->id);
                m.set("status", "open").set("lies_with", reference(model_, *item, "post")).clear("done_by").clear("done_post").clear("instead_of");
                m.clear("done_on").clear("done_at").clear("minutes").clear("ended_by").set("late", record::Value(std::int64_t{0}));
                push(std::move(m));
                wait_again(*item);
            }
        }
        if (whole) return end_case("withdrawn");
        // The case stands where it stood before that act.
        const auto past = snapshot_.history(flow_.cases, case_id);
        if (!past) return errors.push_back(past.error());
        const auto before = std::find_if(past->rbegin(), past->rend(), [&](const record::RecordPtr& v) { return number(model_, *v, "acts") < undone; });
        if (before == past->rend()) return;
        for (const std::string_view field : {"step", "round", "back_to"}) on_case().set(field, (*before)->at(model_.types[at(flow_.cases)].find(field)));
    }

    // Whoever asked another waits again when that one takes his answer back.
    void wait_again(const record::Record& item) {
        const std::string kind = text(model_, item, "kind");
        if (kind != "before" && kind != "assigned") return;
        for (const auto& up : items_) {
            if (up->id != reference(model_, item, "parent") || text(model_, *up, "status") != "open") continue;
            Making m(model_, board::Verb::amend, flow_.work, up->id);
            m.set("status", "waiting").clear("lies_with");
            push(std::move(m));
        }
    }

    board::Snapshot& snapshot_;
    const model::Model& model_;
    const model::Flow& flow_;
    const Standing& standing_;
    const Act& act_;
    Instant now_;
    Date today_;
    Subject subject_;
    record::RecordPtr record_, case_;
    const model::Type* type_ = nullptr;
    const model::Move* move_ = nullptr;
    std::vector<record::RecordPtr> items_;
    std::string subject_words_, title_, kind_, step_;
    std::int64_t seq_ = 1, round_ = 1;
    RecordId starter_, instead_of_;
    Because because_ = Because::own;
    std::optional<Making> case_making_;
};
}  // namespace

std::optional<Do> act_named(std::string_view name) {
    for (const auto& [known, act] : names)
        if (known == name) return act;
    return std::nullopt;
}
std::string_view act_name(Do act) {
    for (const auto& [known, a] : names)
        if (a == act) return known;
    return "";
}

std::vector<Do> acts_for(const model::Model& model, const record::Record& item) {
    if (text(model, item, "status") != "open") return {};
    const std::string kind = text(model, item, "kind");
    if (kind == "redo") return {Do::agree, Do::hand_over, Do::assign};
    if (kind == "task") return {Do::agree, Do::disagree, Do::hand_over, Do::assign};
    if (kind == "assigned" || kind == "before") return {Do::agree, Do::disagree, Do::hand_over};
    if (kind == "after") return {Do::agree, Do::disagree, Do::give_back, Do::hand_over};
    return {Do::agree, Do::disagree, Do::give_back, Do::hand_over, Do::assign, Do::add_before, Do::add_after};
}

std::vector<StepView> steps_of(board::Snapshot& snapshot, const model::Move& move, const record::Record& record, RecordId starter) {
    const model::Model& model = snapshot.model();
    std::vector<StepView> out;
    for (const model::FlowStep& step : move.steps) {
        StepView& view = out.emplace_back();
        view.step = &step;
        record::Views views(model, snapshot.resolver());
        const std::array<cel::Value, model::slots::step_count> variables{views.reference(model.identity.post, starter.value)};
        cel::Activation activation;
        activation.variables = variables;
        activation.self = views.of(record);
        if (step.when && !step.when->program.holds(activation)) {
            view.left_out = true;
            continue;
        }
        const auto value = step.by->program.evaluate(activation);
        const auto take = [&](const cel::Value& v) {
            if (!v.is(cel::Kind::object) || !v.object()) return;
            const RecordId post(v.object()->id());
            if (std::find(view.posts.begin(), view.posts.end(), post) == view.posts.end()) view.posts.push_back(post);
        };
        if (value && value->is(cel::Kind::list))
            for (const cel::Value& v : value->items()) take(v);
        else if (value)
            take(*value);
        if (view.posts.empty()) view.problem = value ? "没有可交办的岗位 / there is no post to ask" : "there is no post to ask: " + value.error().message;
        if (view.posts.size() > posts_of_step_max) view.problem = "more than 100 posts are asked";
    }
    return out;
}

void Acts::changed(const board::Shown& shown) {
    const auto model = board_.model();
    const bool matters = std::any_of(shown.records.begin(), shown.records.end(), [&](const board::Changed& c) { return Standing::reads(*model, c.type); });
    const std::lock_guard lock(mutex_);
    told_ = true;
    if (matters || shown.model) stale_after_ = shown.position.value;
}
Result<std::shared_ptr<const Standing>> Acts::standing(board::Snapshot& snapshot) {
    const std::int64_t position = snapshot.position().value;
    {
        const std::lock_guard lock(mutex_);
        const bool fresh = standing_ && standing_->today() == snapshot.today() && (read_at_ == position || (told_ && read_at_ >= stale_after_ && position >= read_at_));
        if (fresh) return standing_;
    }
    YIPAN_TRY(auto made, Standing::read(snapshot));
    const std::lock_guard lock(mutex_);
    standing_ = made;
    read_at_ = position;
    return made;
}

Checked<Done> Acts::perform(const Act& act) {
    if (!act.idempotency_key.empty()) {  // the same again is answered from what is stored
        board::Draft asked;
        asked.channel = act.channel, asked.idempotency_key = act.idempotency_key;
        asked.dry_run = true;
        if (auto known = board_.apply(std::move(asked)); known && known->repeated) return Done{std::move(*known), {}};
    }
    for (int attempt = 0;; ++attempt) {
        const auto snapshot = board_.snapshot();
        const auto stands = standing(*snapshot);
        if (!stands) return fail(Errors{stands.error()});
        Maker maker(*snapshot, **stands, act, board_.now());
        maker.make();
        if (!maker.errors.empty()) return fail(std::move(maker.errors));
        // What the move needs is asked when it is started: nothing begins that cannot end.
        if (act.act == Do::start) {
            board::Draft ahead;
            ahead.actor = act.person, ahead.post = act.post, ahead.channel = act.channel;
            ahead.by_act = ahead.dry_run = true;
            board::Change moved;
            moved.verb = board::Verb::move;
            moved.type = act.subject.type;
            moved.record = act.subject.record;
            moved.move = act.move;
            moved.set = act.values;
            const model::Move* move = move_of(snapshot->model().types[at(act.subject.type)], act.move);
            ahead.changes.push_back(std::move(moved));
            // Whose function it is will be asked of who decides, at the end.
            if (auto tried = board_.apply(std::move(ahead)); !tried && !(move && move->function && tried.error().size() == 1 && tried.error()[0].code == Code::not_allowed)) return fail(std::move(tried.error()));
        }
        const RecordId known = maker.case_id;
        auto answer = board_.apply(std::move(maker.draft));
        if (answer) {
            Done done{std::move(*answer), known};
            if (known.value == 0 && maker.case_change >= 0 && at(maker.case_change) < done.receipt.records.size()) done.flow_case = done.receipt.records[at(maker.case_change)];
            return done;
        }
        const bool raced = std::any_of(answer.error().begin(), answer.error().end(), [](const Error& e) {
            return (e.code == Code::version_conflict && e.where == case_place) || (e.code == Code::duplicate && e.where.starts_with(case_place));
        });
        if (!raced || attempt + 1 >= tries_max) return fail(std::move(answer.error()));
        std::this_thread::sleep_for(std::chrono::milliseconds(1 + attempt));  // the other's batch is being shown
    }
}

}  // namespace yipan::flow
