#include "flow/ballots.h"

#include <algorithm>
#include <numeric>

#include "record/check.h"

namespace yipan::flow {
namespace {
Error wrong(Code code, std::string where, std::string message, std::string hint = {}) { return {code, std::move(where), std::move(message), std::move(hint)}; }
}  // namespace

std::vector<std::string> ballot_choices(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const std::size_t end = text.find(';');
        out.emplace_back(text.substr(0, end));
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    }
    return out;
}

Checked<board::Receipt> Ballots::open(const Acting& who, const Poll& poll) {
    const auto snapshot = board_.snapshot();
    const model::Model& model = snapshot->model();
    Errors errors;
    if (!model.flow.declared) return fail(Errors{wrong(Code::usage, "flow", "this board's model declares no workflow")});
    if (poll.question.empty()) errors.push_back(wrong(Code::invalid_input, "question", "nothing is asked"));
    if (poll.choices.size() < 2 || poll.choices.size() > ballot_choices_max) errors.push_back(wrong(Code::invalid_input, "choices", "a ballot has 2 to 100 choices"));
    std::string choices;
    for (std::size_t i = 0; i < poll.choices.size(); ++i) {
        const std::string& c = poll.choices[i];
        if (c.empty() || c.size() > 180 || c.find(';') != std::string::npos) errors.push_back(wrong(Code::invalid_input, "choices", "a choice is 1 to 180 bytes without ';'"));
        if (std::find(poll.choices.begin(), poll.choices.begin() + static_cast<std::ptrdiff_t>(i), c) != poll.choices.begin() + static_cast<std::ptrdiff_t>(i))
            errors.push_back(wrong(Code::duplicate, "choices", "\"" + c + "\" stands twice"));
        choices += (i ? ";" : "") + c;
    }
    if (poll.most < 1 || at(poll.most) > poll.choices.size()) errors.push_back(wrong(Code::invalid_input, "most", "one may choose 1 to as many as there are choices"));
    std::set<std::int64_t> voters;
    for (const RecordId p : poll.voters) {
        if (!snapshot->record(model.identity.person, p)) errors.push_back(wrong(Code::not_found, "voters", "there is no such person"));
        voters.insert(p.value);
    }
    if (voters.size() < voters_min)
        errors.push_back(wrong(Code::rule_broken, "voters", "无记名表决至少三人 / a secret ballot needs at least 3 voters: with fewer the tally tells who chose what", "vote openly"));
    if (voters.size() > voters_max) errors.push_back(wrong(Code::limit_exceeded, "voters", "more than 1,000 voters"));
    if (!errors.empty()) return fail(std::move(errors));
    std::string list;
    for (const std::int64_t v : voters) list += (list.empty() ? "[" : ",") + std::to_string(v);
    Making m(model, board::Verb::create, model.flow.ballot);
    if (poll.subject) m.set("subject", subject_text(model, *poll.subject));
    m.set("question", poll.question).set("choices", choices).set("most", record::Value(std::int64_t{poll.most})).set("status", "open");
    m.set("opened", record::Value(board_.now().micros)).set("voters", record::Value(list + "]")).set("voters_expected", record::Value(static_cast<std::int64_t>(voters.size()))).set("opener", who.post);
    board::Draft draft = draft_of(who);
    draft.changes.push_back(std::move(m.change));
    return board_.apply(std::move(draft));
}

Result<Ballots::Asked> Ballots::asked(board::Snapshot& snapshot, RecordId ballot) const {
    const model::Model& model = snapshot.model();
    Asked out;
    out.record = model.flow.ballot < 0 ? nullptr : snapshot.record(model.flow.ballot, ballot);
    if (!out.record) return fail(wrong(Code::not_found, "ballot", "there is no such ballot"));
    out.choices = ballot_choices(text(model, *out.record, "choices"));
    out.voters = record::parse_id_list(text(model, *out.record, "voters")).value_or(std::vector<std::int64_t>{});
    out.most = number(model, *out.record, "most", 1);
    return out;
}

Status Ballots::vote(const Acting& who, RecordId ballot, const std::vector<std::string>& choices) {
    const auto snapshot = board_.snapshot();
    YIPAN_TRY(const Asked asked, this->asked(*snapshot, ballot));
    if (text(snapshot->model(), *asked.record, "status") != "open") return fail(wrong(Code::version_conflict, "ballot", "the ballot is closed"));
    if (std::find(asked.voters.begin(), asked.voters.end(), who.person.value) == asked.voters.end()) return fail(wrong(Code::not_allowed, "ballot", "no right to vote in this ballot"));
    std::set<std::size_t> chosen;
    for (const std::string& c : choices) {
        const auto found = std::find(asked.choices.begin(), asked.choices.end(), c);
        if (found == asked.choices.end()) return fail(wrong(Code::invalid_input, "choices", "that is no choice of this ballot"));
        chosen.insert(static_cast<std::size_t>(found - asked.choices.begin()));
    }
    if (chosen.empty() || static_cast<std::int64_t>(chosen.size()) > asked.most || chosen.size() != choices.size())
        return fail(wrong(Code::invalid_input, "choices", "1 to " + std::to_string(asked.most) + " different choices"));
    const std::lock_guard lock(mutex_);
    Box& box = boxes_[ballot.value];
    if (box.counting) return fail(wrong(Code::version_conflict, "ballot", "the ballot is closed"));
    box.counts.resize(asked.choices.size());
    if (!box.voted.insert(who.person.value).second) return fail(wrong(Code::duplicate, "ballot", "已投票 / this person has voted"));
    for (const std::size_t i : chosen) ++box.counts[i];
    return {};
}

Checked<board::Receipt> Ballots::write(const Acting& who, const Asked& asked, const std::set<std::int64_t>& voted, const std::vector<std::int64_t>& counts) {
    const auto model = board_.model();
    board::Draft draft = draft_of(who);
    Making closing(*model, board::Verb::amend, model->flow.ballot, asked.record->id);
    closing.set("status", "closed").set("closed", record::Value(board_.now().micros)).set("turnout", record::Value(static_cast<std::int64_t>(voted.size())));
    closing.change.expected_version = asked.record->version;
    draft.changes.push_back(std::move(closing.change));
    const std::string owner = model->types[at(model->flow.ballot)].code;
    for (const std::int64_t person : voted) {  // by number
        Making m(*model, board::Verb::create, model->flow.ballot_voter);
        m.set(owner, asked.record->id).set("person", RecordId(person));
        draft.changes.push_back(std::move(m.change));
    }
    for (std::size_t i = 0; i < asked.choices.size(); ++i) {  // as they were asked
        Making m(*model, board::Verb::create, model->flow.ballot_count);
        m.set(owner, asked.record->id).set("choice", asked.choices[i]).set("votes", record::Value(i < counts.size() ? counts[i] : std::int64_t{0}));
        draft.changes.push_back(std::move(m.change));
    }
    return board_.apply(std::move(draft));
}

Checked<board::Receipt> Ballots::close(const Acting& who, RecordId ballot) {
    const auto snapshot = board_.snapshot();
    const auto asked = this->asked(*snapshot, ballot);
    if (!asked) return fail(Errors{asked.error()});
    if (text(snapshot->model(), *asked->record, "status") != "open") return fail(Errors{wrong(Code::version_conflict, "ballot", "the ballot is closed")});
    if (who.post.value != 0 && reference(snapshot->model(), *asked->record, "opener") != who.post) return fail(Errors{wrong(Code::not_allowed, "ballot", "who opened the ballot closes it")});
    std::set<std::int64_t> voted;
    std::vector<std::int64_t> counts;
    {
        const std::lock_guard lock(mutex_);
        Box& box = boxes_[ballot.value];
        if (box.counting) return fail(Errors{wrong(Code::version_conflict, "ballot", "the ballot is being closed")});
        // With one or two votes in the box the tally would tell them.
        if (!box.voted.empty() && box.voted.size() < voters_min)
            return fail(Errors{wrong(Code::rule_broken, "ballot", "only " + std::to_string(box.voted.size()) + " have voted: the tally would tell who chose what", "wait for at least 3 votes")});
        box.counting = true;
        voted = box.voted;
        counts = box.counts;
    }
    auto done = write(who, *asked, voted, counts);
    const std::lock_guard lock(mutex_);
    settled(ballot, done.has_value());
    return done;
}

Checked<board::Receipt> Ballots::count(const Acting& who, RecordId ballot, std::vector<RecordId> voted, const std::map<std::string, std::int64_t>& counts) {
    const auto snapshot = board_.snapshot();
    const auto asked = this->asked(*snapshot, ballot);
    if (!asked) return fail(Errors{asked.error()});
    Errors errors;
    if (text(snapshot->model(), *asked->record, "status") != "open") errors.push_back(wrong(Code::version_conflict, "ballot", "the ballot is closed"));
    if (who.post.value != 0 && reference(snapshot->model(), *asked->record, "opener") != who.post) errors.push_back(wrong(Code::not_allowed, "ballot", "who opened the ballot counts it"));
    std::set<std::int64_t> people;
    for (const RecordId p : voted) {
        if (std::find(asked->voters.begin(), asked->voters.end(), p.value) == asked->voters.end()) errors.push_back(wrong(Code::not_allowed, "voted", "somebody without the right to vote"));
        people.insert(p.value);
    }
    std::vector<std::int64_t> by_choice(asked->choices.size());
    std::int64_t sum = 0;
    for (const auto& [choice, n] : counts) {
        const auto found = std::find(asked->choices.begin(), asked->choices.end(), choice);
        if (found == asked->choices.end() || n < 0 || n > static_cast<std::int64_t>(people.size())) {
            errors.push_back(wrong(Code::invalid_input, "counts", "no choice of this ballot, or more votes than voters: " + choice.substr(0, 60)));
            continue;
        }
        by_choice[static_cast<std::size_t>(found - asked->choices.begin())] = n;
        sum += n;
    }
    if (sum > static_cast<std::int64_t>(people.size()) * asked->most) errors.push_back(wrong(Code::invalid_input, "counts", std::to_string(sum) + " votes of " + std::to_string(people.size()) + " voters"));
    if (people.size() < voters_min) errors.push_back(wrong(Code::rule_broken, "voted", "fewer than 3 have voted: the tally would tell who chose what"));
    if (!errors.empty()) return fail(std::move(errors));
    {
        const std::lock_guard lock(mutex_);
        if (const auto box = boxes_.find(ballot.value); box != boxes_.end() && !box->second.voted.empty())
            return fail(Errors{wrong(Code::version_conflict, "ballot", "votes were cast here already", "close the ballot instead")});
        boxes_[ballot.value].counting = true;
    }
    auto done = write(who, *asked, people, by_choice);
    const std::lock_guard lock(mutex_);
    settled(ballot, done.has_value());
    return done;
}

// A closed box stays shut, empty: whoever still looks at an older snapshot must not open another.
void Ballots::settled(RecordId ballot, bool closed) {
    Box& box = boxes_[ballot.value];
    box.counting = closed;
    if (closed) box.voted.clear(), box.counts.clear();
}

void Ballots::take_over(Ballots& other) {
    const std::scoped_lock lock(mutex_, other.mutex_);
    boxes_ = std::move(other.boxes_);
}

bool Ballots::holds_votes() const {
    const std::lock_guard lock(mutex_);
    return std::any_of(boxes_.begin(), boxes_.end(), [](const auto& box) { return !box.second.voted.empty(); });
}

Result<Ballots::View> Ballots::view(RecordId person, RecordId ballot) {
    const auto snapshot = board_.snapshot();
    YIPAN_TRY(const Asked asked, this->asked(*snapshot, ballot));
    View out;
    out.may_vote = std::find(asked.voters.begin(), asked.voters.end(), person.value) != asked.voters.end() && text(snapshot->model(), *asked.record, "status") == "open";
    out.turnout = at(static_cast<int>(number(snapshot->model(), *asked.record, "turnout")));
    const std::lock_guard lock(mutex_);
    if (const auto box = boxes_.find(ballot.value); box != boxes_.end()) {
        out.turnout = box->second.voted.size();
        out.voted = box->second.voted.contains(person.value);
    }
    return out;
}

}  // namespace yipan::flow
