// Steps of workflow (docs/flow.md): acts in the office's words, what time does, secret ballots, and what must be so after.
#include <algorithm>
#include <set>

#include "driver.h"
#include "record/input.h"

namespace yipan::scenario {
namespace {
constexpr std::string_view acts[] = {"start", "assign_record", "agree", "disagree", "return", "hand_over", "assign", "add_before", "add_after", "withdraw", "urge", "void_case"};
constexpr std::string_view others[] = {"delegate", "end_delegation", "tick", "open_ballot", "vote", "close_ballot", "count_ballot", "issue_list", "track_list", "answer_notice"};
constexpr std::string_view questions[] = {"lies_with", "step", "case", "timeline", "inbox", "due", "lamp", "notices", "tally", "told", "list_lines", "figure_lamp"};

template <std::size_t N>
bool one_of(const std::string_view (&words)[N], std::string_view word) {
    return std::find(std::begin(words), std::end(words), word) != std::end(words);
}
std::vector<std::string> parts(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const std::size_t end = text.find(';');
        out.emplace_back(text.substr(0, end));
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    }
    return out;
}
std::string joined(const std::vector<std::string>& words, const char* by = " ") {
    std::string out;
    for (const auto& w : words) out += (out.empty() ? "" : by) + w;
    return out;
}
}  // namespace

bool Driver::is_flow(const std::string& verb) const { return one_of(acts, verb) || one_of(others, verb) || one_of(questions, verb); }

std::string Driver::flow_word(const Step& step, std::string_view key) const {
    for (std::size_t i = 1; i < step.words.size(); ++i) {
        const std::string& word = step.words[i].text;
        if (word.size() > key.size() && word.starts_with(key) && word[key.size()] == '=') return word.substr(key.size() + 1);
    }
    return "";
}

// Post or person by the name people use.
Result<RecordId> Driver::flow_record(int type, const std::string& name) { return find(type, name); }

std::string Driver::post_key(RecordId post) {
    const auto r = board_->snapshot()->record(model_->identity.post, post);
    const int key = model_->types[static_cast<std::size_t>(model_->identity.post)].key;
    const auto* words = r && key >= 0 ? record::as_text(r->at(key)) : nullptr;
    return words ? *words : "#" + std::to_string(post.value);
}

void Driver::flow_step(const Step& step) {
    if (one_of(questions, step.verb())) return flow_question(step);
    const Position before = position();
    Errors errors = flow_do(step);
    if (!step.refuse) {
        if (errors.empty()) return check_board(step.place);
        failed(step.place, "expected to be accepted, got: " + text_of(errors));
        stopped_ = true;
        return;
    }
    if (errors.empty()) {
        failed(step.place, "expected to be refused, got: accepted");
        stopped_ = true;
        return;
    }
    if (position() != before) failed(step.place, "expected nothing to be written, got: the journal went on");
    check_expected(step, errors);
}

Errors Driver::flow_do(const Step& step) {
    const std::string& verb = step.verb();
    const auto usage = [&](std::string what) { return Errors{{Code::usage, step.place, std::move(what), "docs/flow.md, section 5"}}; };
    if (!model_->flow.declared) return usage("the model declares no workflow");
    if (one_of(acts, verb)) return flow_act(step);
    const int posts = model_->identity.post, people = model_->identity.person;
    if (verb == "tick") {
        flow::Ticker ticker(*board_);
        const auto done = ticker.tick();
        if (!done) return {done.error()};
        return done->problems;
    }
    const flow::Acting who{actor_, post_, "scenario", ""};
    if (verb == "delegate") {
        const auto from = flow_word(step, "post").empty() ? Result<RecordId>(post_) : flow_record(posts, flow_word(step, "post"));
        const auto to = flow_record(posts, flow_word(step, "to"));
        const auto begins = Date::parse(flow_word(step, "from")), until = Date::parse(flow_word(step, "until"));
        if (!from) return {from.error()};
        if (!to) return {to.error()};
        if (!begins || !until) return usage("delegate wants from= and until=");
        const auto done = flow::delegate(*board_, who, {*from, *to, *begins, *until, flow_word(step, "reason")});
        return done ? Errors{} : done.error();
    }
    if (verb == "end_delegation") {
        const auto snapshot = board_->snapshot();
        const auto found = flow::rows(*snapshot, model_->flow.delegation, {{"from_post", record::Value(post_.value)}}, 100);
        if (!found || found->rows.empty()) return usage("this post has delegated nothing");
        const auto done = flow::end_delegation(*board_, who, found->rows.back()->id);
        return done ? Errors{} : done.error();
    }
    if (verb == "issue_list") {  // issue_list @l TYPE "filter" title=.. due=.. done_when=..
        if (step.words.size() < 4) return usage("issue_list @name TYPE \"filter\" title=..");
        flow::Listing listing;
        listing.type = model_->find_type(step.words[2].text);
        if (listing.type < 0) return usage("no such type");
        listing.filter = step.words[3].text;
        listing.title = flow_word(step, "title");
        listing.done_when = flow_word(step, "done_when");
        if (const auto due = Date::parse(flow_word(step, "due"))) listing.due = *due;
        if (const std::string owner = flow_word(step, "owner"); !owner.empty()) {
            const auto post = flow_record(posts, owner);
            if (!post) return {post.error()};
            listing.owner = *post;
        }
        const auto found = board_->snapshot()->list(listing.type, listing.filter, 0, flow::list_lines_max + 1);
        if (!found) return {found.error()};
        listing.records = found->rows;
        const auto done = flow::issue_list(*board_, who, listing);
        if (!done) return done.error();
        names_[{model_->flow.list, step.words[1].text.substr(1)}] = done->records[0];
        return {};
    }
    if (verb == "track_list") {
        const auto list = flow_record(model_->flow.list, step.words.size() > 1 ? step.words[1].text.substr(1) : "");
        if (!list) return {list.error()};
        const auto done = flow::track_list(*board_, who, *list);
        return done ? Errors{} : done.error();
    }
    if (verb == "answer_notice") {  // answer_notice task T-1 red text=..: the newest of the colour
        const int type = step.words.size() < 4 ? -1 : model_->find_type(step.words[1].text);
        const auto subject = type < 0 ? Result<RecordId>(fail(Code::not_found, "", "answer_notice TYPE RECORD COLOUR text=..")) : flow_record(type, step.words[2].text);
        if (!subject) return {subject.error()};
        const auto snapshot = board_->snapshot();
        const auto found = flow::rows(*snapshot, model_->flow.notice, {{"subject", record::Value(flow::subject_text(*model_, {type, *subject}))}, {"colour", record::Value(step.words[3].text)}}, 100);
        if (!found || found->rows.empty()) return usage("there is no such notice");
        flow::Acts doing(*board_);
        const auto done = flow::answer_notice(doing, who, found->rows.back()->id, flow_word(step, "text"));
        return done ? Errors{} : done.error();
    }
    const flow::Acting acting{actor_, post_, "scenario", ""};
    if (!ballots_ || ballot_board_ != board_.get()) {
        // A ballot's votes are in memory only: a board opened anew has none, which the restart mode must not mistake.
        auto fresh = std::make_unique<flow::Ballots>(*board_);
        if (ballots_) fresh->take_over(*ballots_);
        ballots_ = std::move(fresh);
        ballot_board_ = board_.get();
    }
    if (step.words.size() < 2) return usage(verb + " wants a ballot's name, @b");
    const std::string name = step.words[1].text.substr(1);
    if (verb == "open_ballot") {
        flow::Poll poll;
        poll.question = flow_word(step, "question");
        poll.choices = parts(flow_word(step, "choices"));
        if (const std::string most = flow_word(step, "most"); !most.empty()) poll.most = std::atoi(most.c_str());
        for (const std::string& v : parts(flow_word(step, "voters"))) {
            const auto person = flow_record(people, v);
            if (!person) return {person.error()};
            poll.voters.push_back(*person);
        }
        if (const std::string subject = flow_word(step, "subject"); !subject.empty()) {
            const std::size_t colon = subject.find(':');
            const int type = model_->find_type(subject.substr(0, colon));
            const auto record = type < 0 ? Result<RecordId>(fail(Code::not_found, "subject", "no such type")) : flow_record(type, subject.substr(colon + 1));
            if (!record) return {record.error()};
            poll.subject = flow::Subject{type, *record};
        }
        const auto done = ballots_->open(acting, poll);
        if (!done) return done.error();
        names_[{model_->flow.ballot, name}] = done->records[0];
        return {};
    }
    const auto ballot = flow_record(model_->flow.ballot, name);
    if (!ballot) return {ballot.error()};
    if (verb == "vote") {
        const auto done = ballots_->vote(acting, *ballot, parts(flow_word(step, "choices")));
        return done ? Errors{} : Errors{done.error()};
    }
    if (verb == "close_ballot") {
        const auto done = ballots_->close(acting, *ballot);
        return done ? Errors{} : done.error();
    }
    std::vector<RecordId> voted;
    for (const std::string& v : parts(flow_word(step, "voted"))) {
        const auto person = flow_record(people, v);
        if (!person) return {person.error()};
        voted.push_back(*person);
    }
    std::map<std::string, std::int64_t> counts;
    for (const std::string& c : parts(flow_word(step, "counts"))) counts[c.substr(0, c.find(':'))] = std::atoll(c.substr(c.find(':') + 1).c_str());
    const auto done = ballots_->count(acting, *ballot, voted, counts);
    return done ? Errors{} : done.error();
}

Errors Driver::flow_act(const Step& step) {
    const auto usage = [&](std::string what) { return Errors{{Code::usage, step.place, std::move(what), "docs/flow.md, section 5"}}; };
    const std::string& verb = step.verb();
    if (step.words.size() < 3) return usage(verb + " wants a type and a record");
    flow::Act act;
    act.act = *flow::act_named(verb == "void_case" ? "void" : verb);
    act.person = actor_, act.post = post_;
    act.channel = "scenario";
    act.idempotency_key = step.idempotency_key;
    const int type = model_->find_type(step.words[1].text);
    if (type < 0) return usage("no type \"" + step.words[1].text + "\"");
    const auto record = flow_record(type, step.words[2].text);
    if (!record) return {record.error()};
    act.subject = {type, *record};
    std::size_t from = 3;
    if (act.act == flow::Do::start) {
        if (step.words.size() < 4) return usage("start wants a move");
        act.move = step.words[from++].text;
    }
    const model::Type& shape = model_->types[static_cast<std::size_t>(type)];
    Errors errors;
    for (std::size_t i = from; i < step.words.size(); ++i) {
        const std::string& word = step.words[i].text;
        const std::size_t equal = word.find('=');
        if (equal == std::string::npos) return usage("\"" + word + "\" is no key=value");
        const std::string key = word.substr(0, equal), value = word.substr(equal + 1);
        if (key == "text") {
            act.text = value;
        } else if (key == "to") {
            const auto post = flow_record(model_->identity.post, value);
            if (!post) return {post.error()};
            act.to = *post;
        } else if (key == "to_step") {
            act.to_step = value;
        } else if (key == "straight") {
            act.straight = value == "yes";
        } else if (key == "workdays") {
            act.workdays = std::atoi(value.c_str());
        } else if (key == "copies") {
            for (const std::string& p : parts(value)) {
                const auto post = flow_record(model_->identity.post, p);
                if (!post) return {post.error()};
                act.copies.push_back(*post);
            }
        } else {
            const int field = shape.find(key);
            if (field < 0) return usage("no field \"" + key + "\" in " + shape.code);
            const auto read = record::parse_value(*model_, shape.fields[static_cast<std::size_t>(field)], value, [this](int of, std::string_view name) { return find(of, name); });
            if (!read)
                errors.push_back(read.error());
            else
                act.values.emplace_back(field, *read);
        }
    }
    if (!errors.empty()) return errors;
    flow::Acts doing(*board_);
    const auto snapshot = board_->snapshot();
    const std::string subject = flow::subject_text(*model_, act.subject);
    if (act.act == flow::Do::withdraw || act.act == flow::Do::urge || act.act == flow::Do::annul) {
        const auto cases = flow::rows(*snapshot, model_->flow.cases, {{"subject", record::Value(subject)}}, 100);
        if (!cases || cases->rows.empty()) return usage("no case was started for it");
        act.flow_case = cases->rows.back()->id;
    } else if (act.act != flow::Do::start && act.act != flow::Do::assign_record) {
        // The open item of the record that this post can act on; else any, so that the refusal says why not.
        const auto items = flow::rows(*snapshot, model_->flow.work, {{"subject", record::Value(subject)}}, 1000);
        const auto standing = doing.standing(*snapshot);
        if (!items || !standing) return usage("the work items cannot be read");
        record::RecordPtr best;
        int rank = -1;
        for (const auto& item : items->rows) {
            const std::string status = flow::text(*model_, *item, "status");
            const RecordId with = flow::reference(*model_, *item, "lies_with");
            const int r = status != "open" ? (flow::reference(*model_, *item, "post") == post_ ? 1 : 0) : with == post_ ? 4 : (*standing)->may_act(post_, with) ? 3 : 2;
            if (r >= rank) {
                rank = r;
                best = item;
            }
        }
        if (!best) return usage("there is no work item for it");
        act.item = best->id;
    }
    const auto done = doing.perform(act);
    return done ? Errors{} : done.error();
}

void Driver::flow_question(const Step& step) {
    const std::string& verb = step.verb();
    std::size_t sign = 1;
    while (sign < step.words.size() && (step.words[sign].quoted || step.words[sign].text != "=")) ++sign;
    std::vector<std::string> answer;
    std::string on, trouble;
    for (std::size_t i = sign + 1; i < step.words.size(); ++i) {
        if (step.words[i].text.starts_with("on="))
            on = step.words[i].text.substr(3);
        else if (step.words[i].text.starts_with("trouble="))
            trouble = step.words[i].text.substr(8);
        else
            answer.push_back(step.words[i].text);
    }
    const std::string expected = joined(answer);
    const auto snapshot = board_->snapshot();
    const auto wrong = [&](const std::string& what) {
        failed(step.place, what);
        stopped_ = true;
    };
    if (!model_->flow.declared) return wrong("the model declares no workflow");
    const auto rows_of = [&](int type, std::vector<flow::Equal> equal) {
        const auto found = flow::rows(*snapshot, type, equal, 1000);
        return found ? found->rows : std::vector<record::RecordPtr>{};
    };
    if (verb == "inbox") {
        const auto post = flow_record(model_->identity.post, step.words.size() > 1 ? step.words[1].text : "");
        if (!post) return wrong(post.error().text());
        std::vector<flow::Equal> equal{{"to_post", record::Value(post->value)}};
        if (const std::string kind = flow_word(step, "kind"); !kind.empty()) equal.push_back({"kind", record::Value(kind)});
        if (const std::string late = flow_word(step, "late"); !late.empty()) equal.push_back({"late", record::Value(std::int64_t{late == "yes"})});
        return compare(step, expected, std::to_string(rows_of(model_->flow.message, equal).size()));
    }
    if (verb == "tally" || verb == "list_lines") {
        const bool ballot = verb == "tally";
        const auto of = flow_record(ballot ? model_->flow.ballot : model_->flow.list, step.words.size() > 1 ? step.words[1].text.substr(1) : "");
        if (!of || step.words.size() < 3) return wrong(of ? verb + " wants a name and a word" : of.error().text());
        const int lines = ballot ? model_->flow.ballot_count : model_->flow.list_line;
        const std::string owner = model_->types[static_cast<std::size_t>(ballot ? model_->flow.ballot : model_->flow.list)].code;
        std::int64_t n = 0;
        for (const auto& line : rows_of(lines, {{owner, record::Value(of->value)}})) {
            if (ballot && flow::text(*model_, *line, "choice") == step.words[2].text) n = flow::number(*model_, *line, "votes");
            if (!ballot && flow::text(*model_, *line, "status") == step.words[2].text) ++n;
        }
        return compare(step, expected, std::to_string(n));
    }
    if (verb == "figure_lamp") {  // figure_lamp LIGHT UNIT_TYPE UNIT PERIOD = colour on=.. trouble=yes|no
        if (step.words.size() < 5) return wrong("figure_lamp LIGHT UNIT_TYPE UNIT PERIOD");
        const int of = model_->find_type(step.words[2].text);
        const auto unit = of < 0 ? Result<RecordId>(fail(Code::not_found, "", "no such type")) : flow_record(of, step.words[3].text);
        const auto period = Period::parse(step.words[4].text);
        if (!unit || !period) return wrong("no such unit or period");
        const auto lamps = rows_of(model_->flow.lamp, {{"light", record::Value(step.words[1].text)}, {"subject", record::Value(flow::figure_subject(*model_, of, *unit, *period))}});
        compare(step, expected, lamps.empty() ? "none" : flow::text(*model_, *lamps.back(), "colour"));
        const auto day = lamps.empty() ? std::nullopt : flow::date(*model_, *lamps.back(), "nominal");
        if (!on.empty()) compare(step, on, day ? day->text() : "none");
        if (!trouble.empty()) compare(step, trouble, lamps.empty() || flow::text(*model_, *lamps.back(), "trouble").empty() ? "no" : "yes");
        return;
    }
    const std::size_t first = verb == "lamp" ? 2 : 1;
    if (step.words.size() < first + 2) return wrong(verb + " wants a type and a record");
    const int type = model_->find_type(step.words[first].text);
    if (type < 0) return wrong("no type \"" + step.words[first].text + "\"");
    const auto record = flow_record(type, step.words[first + 1].text);
    if (!record) return wrong(record.error().text());
    const record::Value subject(flow::subject_text(*model_, {type, *record}));
    if (verb == "step" || verb == "case") {
        const auto cases = rows_of(model_->flow.cases, {{"subject", subject}});
        if (verb == "case") return compare(step, expected, cases.empty() ? "none" : flow::text(*model_, *cases.back(), "status"));
        const bool running = !cases.empty() && flow::text(*model_, *cases.back(), "status") == "running";
        return compare(step, expected, running ? flow::text(*model_, *cases.back(), "step") : "none");
    }
    if (verb == "lies_with" || verb == "due") {
        flow::Acts doing(*board_);
        const auto standing = doing.standing(*snapshot);
        if (!standing) return wrong(standing.error().text());
        std::vector<std::string> who, dates;
        for (const auto& item : rows_of(model_->flow.work, {{"subject", subject}, {"status", record::Value(std::string("open"))}})) {
            const RecordId post = flow::reference(*model_, *item, "lies_with");
            std::vector<std::string> may;
            for (const auto& f : (*standing)->acting_for(post)) may.push_back(post_key(f.post));
            who.push_back(may.empty() ? "nobody(" + post_key(post) + ")" : joined(may, "/"));
            const auto due = flow::date(*model_, *item, "due");
            dates.push_back(due ? due->text() : "none");
        }
        std::sort(who.begin(), who.end());
        if (verb == "due") return compare(step, expected, joined(dates, ";"));
        return compare(step, expected, who.empty() ? "nobody" : joined(who, ";"));
    }
    if (verb == "timeline") {
        std::vector<std::string> got;
        for (const auto& o : rows_of(model_->flow.opinion, {{"subject", subject}})) {
            const RecordId instead = flow::reference(*model_, *o, "instead_of"), post = flow::reference(*model_, *o, "post");
            got.push_back(flow::text(*model_, *o, "act") + ":" + (post.value ? post_key(post) : "system") + (instead.value ? "(" + post_key(instead) + ")" : ""));
        }
        return compare(step, expected, joined(got));
    }
    if (verb == "lamp") {
        const auto lamps = rows_of(model_->flow.lamp, {{"light", record::Value(step.words[1].text)}, {"subject", subject}});
        const std::string colour = lamps.empty() ? "none" : flow::text(*model_, *lamps.back(), "colour");
        const auto day = lamps.empty() ? std::nullopt : flow::date(*model_, *lamps.back(), "nominal");
        compare(step, expected, colour);
        if (!on.empty()) compare(step, on, day ? day->text() : "none");
        return;
    }
    std::vector<std::string> colours;  // notices
    for (const auto& n : rows_of(model_->flow.notice, {{"subject", subject}})) colours.push_back(flow::text(*model_, *n, "colour"));
    compare(step, expected, colours.empty() ? "none" : joined(colours));
}

}  // namespace yipan::scenario
