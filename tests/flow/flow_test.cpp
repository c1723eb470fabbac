// Workflow where a clerk's scenario does not reach: two at the same time, restarts of the clock, what a file tells of a
// secret ballot.
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "desk.h"
#include "flow/load.h"
#include "flow/orders.h"

namespace yipan {
namespace {
using desk::Desk;
using flow::Do;

RecordId big_paper(Desk& d, int n) {
    return d.create("paper", {{"code", "A-" + std::to_string(n)}, {"name", std::string("件")}, {"officer", d.post(1).value}, {"reviewer", d.post(2).value},
                              {"signers", "[" + std::to_string(d.post(3).value) + "," + std::to_string(d.post(4).value) + "]"}, {"big", std::int64_t{1}}, {"lead", d.organ().value}, {"evidence", std::string("x")}});
}
std::string status_of(Desk& d, RecordId paper) {
    const auto found = flow::rows(*d.board().snapshot(), d.model().flow.cases, {{"subject", record::Value("paper/" + std::to_string(paper.value))}}, 10);
    return found && !found->rows.empty() ? flow::text(d.model(), *found->rows.back(), "status") : "none";
}

TEST(Flow, TwoLastSignersAtTheSameTimeBothCount) {
    Desk d;
    for (int round = 0; round < 20; ++round) {
        const RecordId paper = d.create("paper", {{"code", "B-" + std::to_string(round)}, {"name", std::string("件")}, {"officer", d.post(1).value}, {"reviewer", d.post(2).value},
                                                  {"signers", "[" + std::to_string(d.post(3).value) + "," + std::to_string(d.post(4).value) + "]"}, {"big", std::int64_t{1}}, {"lead", d.organ().value}, {"evidence", std::string("x")}});
        ASSERT_TRUE(d.start(1, paper, "issue"));
        ASSERT_TRUE(d.act(2, Do::agree, d.item_of(paper, 2)));
        const RecordId a = d.item_of(paper, 3), b = d.item_of(paper, 4);
        Checked<flow::Done> first, second;
        std::thread one([&] { first = d.act(3, Do::agree, a); });
        std::thread two([&] { second = d.act(4, Do::agree, b); });
        one.join();
        two.join();
        ASSERT_TRUE(first) << text_of(first.error());
        ASSERT_TRUE(second) << text_of(second.error());
        // Both have spoken, so the step is through, once.
        EXPECT_EQ(d.item_of(paper, 3).value, 0);
        EXPECT_EQ(d.item_of(paper, 4).value, 0);
        EXPECT_NE(d.item_of(paper, 5).value, 0);
        EXPECT_EQ(d.count(d.model().flow.work, "subject == 'paper/" + std::to_string(paper.value) + "' && step == 'approve'"), 1);
    }
}

TEST(Flow, TwoReviewersOfOneItemAtTheSameTimeOneWins) {
    Desk d;
    for (int round = 0; round < 20; ++round) {
        const RecordId paper = big_paper(d, round);
        ASSERT_TRUE(d.start(1, paper, "pass"));
        const RecordId a = d.item_of(paper, 3), b = d.item_of(paper, 4);
        Checked<flow::Done> first, second;
        std::thread one([&] { first = d.act(3, Do::agree, a); });
        std::thread two([&] { second = d.act(4, Do::agree, b); });
        one.join();
        two.join();
        EXPECT_NE(first.has_value(), second.has_value());
        EXPECT_EQ(status_of(d, paper), "done");
        const auto& refused = first ? second : first;
        EXPECT_EQ(refused.error()[0].code, Code::version_conflict) << text_of(refused.error());
    }
    EXPECT_TRUE(d.board().verify().ok);
}

TEST(Flow, TwoStartsAtTheSameTimeMakeOneCase) {
    Desk d;
    for (int round = 0; round < 20; ++round) {
        const RecordId paper = big_paper(d, round);
        Checked<flow::Done> first, second;
        std::thread one([&] { first = d.start(1, paper, "issue"); });
        std::thread two([&] { second = d.start(1, paper, "issue"); });
        one.join();
        two.join();
        EXPECT_NE(first.has_value(), second.has_value());
    }
    EXPECT_EQ(d.count(d.model().flow.cases, ""), 20);
}

TEST(Flow, AnActRepeatedWithItsKeyIsDoneOnce) {
    Desk d;
    const RecordId paper = big_paper(d, 1);
    flow::Act act;
    act.act = Do::start;
    act.person = d.person(1), act.post = d.post(1);
    act.subject = {d.model().find_type("paper"), paper};
    act.move = "issue";
    ASSERT_TRUE(flow::Acts(d.board()).perform(act));
    flow::Act agree;
    agree.act = Do::agree;
    agree.person = d.person(2), agree.post = d.post(2);
    agree.item = d.item_of(paper, 2);
    agree.idempotency_key = "once";
    ASSERT_TRUE(flow::Acts(d.board()).perform(agree));
    const auto again = flow::Acts(d.board()).perform(agree);
    EXPECT_EQ(d.count(d.model().flow.opinion, "act == 'agree'"), 1);
    ASSERT_TRUE(again) << text_of(again.error());
    EXPECT_TRUE(again->receipt.repeated);
}

// One person with two posts, a post of two, vacant posts with a deputy, without anybody, and delegated to two posts of one
// person: the people's loads are what the posts above them have, and all of it is somewhere.
TEST(Load, OfThePeopleAddsUpToWhatThePostsHaveAndAVacantPostsWorkIsSaidToBe) {
    Desk d;
    const auto day = [](const char* text) { return std::int64_t{Date::parse(text)->days}; };
    const auto holds = [&](int person, RecordId post) { return d.create("appointment", {{"person", d.person(person).value}, {"held_post", post.value}, {"valid_from", day("2026-01-02")}}); };
    const auto make = [&](const char* code, RecordId deputy) {
        std::vector<std::pair<const char*, record::Value>> values{{"code", std::string(code)}, {"name", std::string(code)}, {"organ", d.organ().value}};
        if (deputy.value) values.emplace_back("deputy", record::Value(deputy.value));
        return d.create("post", values);
    };
    holds(1, d.post(2));  // person 1 has posts 1 and 2, the second together with person 2
    const RecordId empty = make("P-E", d.post(6)), forsaken = make("P-N", {}), handed = make("P-D", {}), idle = make("P-I", d.post(6));
    const RecordId held_once = holds(6, handed);
    for (const int to : {1, 2}) {
        const auto done = flow::delegate(d.board(), {d.person(6), handed}, {handed, d.post(to), *Date::parse("2026-01-05"), *Date::parse("2026-02-05"), "away"});
        ASSERT_TRUE(done) << text_of(done.error());
    }
    flow::Making ended(d.model(), board::Verb::amend, d.model().find_type("appointment"), held_once);
    ended.set("valid_to", *Date::parse("2026-01-04"));
    board::Draft draft;
    draft.changes.push_back(std::move(ended.change));
    ASSERT_TRUE(d.board().apply(std::move(draft)));
    // Post: how many papers, and the working days of each.
    const std::vector<std::tuple<RecordId, int, int>> given{{d.post(1), 3, 1}, {d.post(2), 2, 20}, {d.post(3), 1, 3}, {d.post(6), 4, 3}, {empty, 2, 1}, {forsaken, 5, 1}, {handed, 6, 20}};
    int n = 0;
    for (const auto& [to, papers, workdays] : given)
        for (int i = 0; i < papers; ++i) {
            flow::Act act;
            act.act = Do::assign_record;
            act.person = d.person(5), act.post = d.post(5);
            act.subject = {d.model().find_type("paper"), big_paper(d, ++n)};
            act.to = to;
            act.workdays = workdays;
            const auto done = flow::Acts(d.board()).perform(act);
            ASSERT_TRUE(done) << text_of(done.error());
        }
    d.clock().set(*Instant::parse("2026-01-07T02:00:00Z"));  // Wednesday: one working day from Monday is over
    const auto snapshot = d.board().snapshot();
    const auto standing = flow::Standing::read(*snapshot);
    ASSERT_TRUE(standing);
    const auto posts = flow::load_by_post(*snapshot, {});
    ASSERT_TRUE(posts);
    EXPECT_FALSE(posts->cut);
    ASSERT_EQ(posts->posts.size(), given.size());
    for (const auto& [to, papers, workdays] : given) EXPECT_EQ(posts->posts.at(to.value), (flow::Load{papers, workdays == 1 ? papers : 0, workdays == 3 ? papers : 0})) << to.value;
    const flow::LoadByPerson by = flow::load_by_person(**standing, posts->posts);
    // Each row is the sum of the posts it names, none named twice.
    flow::Load people;
    for (const auto& [person, of] : by.people) {
        flow::Load sum;
        std::set<std::int64_t> named;
        for (const auto& [post, because] : of.posts) {
            EXPECT_TRUE(named.insert(post.value).second) << "person " << person << " has post " << post.value << " twice";
            EXPECT_EQ(because == flow::Because::own, (*standing)->holds(RecordId(person), post));
            sum.add(posts->posts.at(post.value));
        }
        EXPECT_EQ(sum, of.load) << "person " << person;
        people.add(of.load);
    }
    // And together they are what stands above them.
    flow::Load above = by.all;
    above.add(by.again);
    people.add(by.nobody);
    EXPECT_EQ(people, above);
    EXPECT_EQ(by.all, (flow::Load{23, 10, 5}));
    EXPECT_EQ(by.nobody, (flow::Load{5, 5, 0})) << "nobody is there for the post without a deputy";
    EXPECT_EQ(by.again, (flow::Load{8, 0, 0})) << "post 2 and the post delegated to it are shared by two";
    EXPECT_EQ(by.people.at(d.person(1).value).load, (flow::Load{11, 3, 0}));
    EXPECT_EQ(by.people.at(d.person(2).value).load, (flow::Load{8, 0, 0}));
    const flow::LoadOfPerson& deputy = by.people.at(d.person(6).value);
    EXPECT_EQ(deputy.load, (flow::Load{6, 2, 4}));
    ASSERT_EQ(deputy.posts.size(), 2u);
    EXPECT_EQ(deputy.posts[1], (std::pair{empty, flow::Because::vacant}));
    EXPECT_TRUE((*standing)->vacant(idle));
}

// The clock is stopped in the middle of a tick and started anew: nothing twice, nothing left out.
TEST(Clock, RestartsBetweenDaysAnnounceEverythingOnceAndInOrder) {
    Desk d;
    const auto day = [](const char* text) { return std::int64_t{Date::parse(text)->days}; };
    for (int i = 0; i < 30; ++i)
        d.create("matter", {{"code", "M-" + std::to_string(i)}, {"name", std::string("事")}, {"officer", d.post(1 + i % 6).value}, {"given", day("2026-01-05")}, {"days", std::int64_t{i % 10}}});
    auto ticker = std::make_unique<flow::Ticker>(d.board());
    for (int n = 5; n <= 31; ++n) {
        d.clock().set(*Instant::parse("2026-01-" + std::string(n < 10 ? "0" : "") + std::to_string(n) + "T02:00:00Z"));
        if (n % 3 == 0) {
            ticker.reset();
            d.reopen();
            ticker = std::make_unique<flow::Ticker>(d.board());
        }
        if (n % 4 == 0) continue;  // a day without the clock
        const auto done = ticker->tick();
        ASSERT_TRUE(done);
        EXPECT_EQ(done->refused, 0);
    }
    // Each matter: two reminders, three notices, one lamp in its last colour.
    EXPECT_EQ(d.count(d.model().flow.notice, ""), 90);
    EXPECT_EQ(d.count(d.model().flow.message, "kind == 'reminder'"), 60);
    EXPECT_EQ(d.count(d.model().flow.lamp, "colour == 'red'"), 30);
    // The nominal days of a lamp's versions go up.
    const auto snapshot = d.board().snapshot();
    const int on = d.model().types[flow::at(d.model().flow.lamp)].find("nominal");
    (void)snapshot->each(d.model().flow.lamp, [&](const record::RecordPtr& lamp) {
        const auto versions = snapshot->history(lamp->type, lamp->id);
        for (std::size_t i = 1; versions && i < versions->size(); ++i) EXPECT_LT(*record::as_integer((*versions)[i - 1]->at(on)), *record::as_integer((*versions)[i]->at(on)));
        return true;
    });
    EXPECT_TRUE(d.board().verify().ok);
}

TEST(Clock, WhatOneMatterRefusesStopsNoOther) {
    Desk d;
    const auto day = [](const char* text) { return std::int64_t{Date::parse(text)->days}; };
    std::vector<RecordId> matters;
    for (int i = 0; i < 10; ++i)
        matters.push_back(d.create("matter", {{"code", "M-" + std::to_string(i)}, {"name", std::string("事")}, {"officer", d.post(1 + i % 6).value}, {"given", day("2026-01-05")}, {"days", std::int64_t{3}}}));
    flow::Ticker ticker(d.board());
    ASSERT_TRUE(ticker.tick());
    ASSERT_EQ(d.count(d.model().flow.lamp, ""), 0);  // nothing is late, so nothing was said
    // Behind the clock's back somebody made the lamp it is about to make.
    d.create("lamp", {{"light", std::string("matter_late")}, {"subject", "matter/" + std::to_string(matters[3].value)}, {"colour", std::string("green")}, {"nominal", day("2026-01-05")}});
    d.clock().set(*Instant::parse("2026-01-09T02:00:00Z"));
    const auto done = ticker.tick();
    ASSERT_TRUE(done);
    EXPECT_EQ(done->refused, 1);
    ASSERT_EQ(done->problems.size(), 1U);
    EXPECT_EQ(done->problems[0].code, Code::duplicate) << done->problems[0].text();
    EXPECT_EQ(d.count(d.model().flow.lamp, "colour == 'yellow'"), 9);
    ticker.stop();
    d.reopen();  // a fresh start knows what is there, and nothing is left out
    flow::Ticker again(d.board());
    const auto mended = again.tick();
    ASSERT_TRUE(mended);
    EXPECT_EQ(mended->refused, 0);
    EXPECT_EQ(d.count(d.model().flow.lamp, "colour == 'yellow'"), 10);
}

// What acts and the clock wrote is the same once more from the journal alone (I7).
TEST(Flow, ReplayedFromTheJournalTheBoardIsTheSame) {
    Desk d;
    const RecordId paper = big_paper(d, 1);
    ASSERT_TRUE(d.start(1, paper, "issue"));
    ASSERT_TRUE(d.act(2, Do::agree, d.item_of(paper, 2), "同意"));
    d.create("matter", {{"code", std::string("M-1")}, {"name", std::string("事")}, {"officer", d.post(1).value}, {"given", std::int64_t{Date::parse("2026-02-12")->days}}, {"days", std::int64_t{3}}});
    d.create("holiday", {{"date", std::int64_t{Date::parse("2026-02-16")->days}}, {"kind", std::string("holiday")}, {"name", std::string("春节")}});
    d.clock().set(*Instant::parse("2026-02-25T01:00:00Z"));
    const auto done = flow::Ticker(d.board()).tick();
    ASSERT_TRUE(done);
    EXPECT_EQ(done->deadlines, 1);
    EXPECT_GT(done->lamps, 0);
    // The amendment says why.
    auto snapshot = d.board().snapshot();
    std::string why;
    (void)snapshot->each_entry(Position(1), snapshot->position(), [&](const board::Entry& e) {
        if (e.channel == "clock" && e.verb == board::Verb::amend && !e.marks.note.empty()) why = e.marks.note;
        return true;
    });
    EXPECT_NE(why.find("节假日安排变更"), std::string::npos);
    snapshot.reset();
    const std::string before = d.dump(), copy = d.path() + ".again";
    d.close();
    const auto again = board::Board::replay(d.path(), copy);
    ASSERT_TRUE(again) << text_of(again.error());
    std::string after;
    (void)(*again)->dump([&](std::string_view line) { after += std::string(line) + "\n"; });
    EXPECT_EQ(before, after);
}

std::string bytes_of(const std::string& path) {
    std::string out;
    for (const char* suffix : {"", "-wal"}) {
        std::ifstream file(path + suffix, std::ios::binary);
        out.append(std::istreambuf_iterator<char>(file), {});
    }
    return out;
}
// The same three people vote, the same tally comes out; who chose what, and in which order, differs.
std::string voted(Desk& d, const std::vector<std::pair<int, const char*>>& votes, std::vector<std::string>* copies) {
    flow::Ballots ballots(d.board());
    flow::Poll poll;
    poll.question = "通过";
    poll.choices = {"同意", "不同意"};
    poll.voters = {d.person(1), d.person(2), d.person(3), d.person(4)};
    const auto opened = ballots.open({d.person(5), d.post(5), "test", ""}, poll);
    EXPECT_TRUE(opened);
    const std::string before = bytes_of(d.path());
    for (const auto& [who, choice] : votes) {
        d.clock().set(Instant{d.clock().now().micros + 61'000'000});  // time passes between votes
        EXPECT_TRUE(ballots.vote({d.person(who), d.post(who), "test", ""}, opened->records[0], {choice}));
        if (copies) copies->push_back(bytes_of(d.path()));
        EXPECT_EQ(bytes_of(d.path()), before) << "a vote was written";
    }
    EXPECT_TRUE(ballots.holds_votes()) << "a board in a database does not rest while they lie in memory";
    EXPECT_TRUE(ballots.close({d.person(5), d.post(5), "test", ""}, opened->records[0]));
    EXPECT_FALSE(ballots.holds_votes());
    return d.dump();
}
TEST(Ballot, NoCopyOfTheFileTellsWhoVotedWhat) {
    Desk a, b, c;
    std::vector<std::string> copies;
    const std::string first = voted(a, {{1, "同意"}, {2, "不同意"}, {3, "同意"}}, &copies);
    const std::string second = voted(b, {{3, "不同意"}, {1, "同意"}, {2, "同意"}}, nullptr);
    const std::string third = voted(c, {{2, "同意"}, {3, "同意"}, {1, "不同意"}}, nullptr);
    // Everything the board keeps - entries with their positions, times, salts and commitments, records, order of rows - is
    // the same whoever chose what: nothing in it depends on who did.
    EXPECT_EQ(first, second);
    EXPECT_EQ(first, third);
    // Nor do copies taken between votes: they are all the same.
    for (const std::string& copy : copies) EXPECT_EQ(copy, copies.front());
    EXPECT_NE(first.find("votes"), std::string::npos);
}
TEST(Ballot, AStoppedProcessLosesTheVotesAndTheBallotIsStillOpen) {
    Desk d;
    flow::Poll poll;
    poll.question = "通过";
    poll.choices = {"同意", "不同意"};
    poll.voters = {d.person(1), d.person(2), d.person(3)};
    RecordId ballot;
    {
        flow::Ballots ballots(d.board());
        ballot = ballots.open({d.person(5), d.post(5), "test", ""}, poll)->records[0];
        ASSERT_TRUE(ballots.vote({d.person(1), d.post(1), "test", ""}, ballot, {"同意"}));
    }
    d.reopen();
    flow::Ballots ballots(d.board());
    const auto view = ballots.view(d.person(1), ballot);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->turnout, 0u);
    EXPECT_TRUE(view->may_vote);
    for (int i = 1; i <= 3; ++i) EXPECT_TRUE(ballots.vote({d.person(i), d.post(i), "test", ""}, ballot, {"同意"}));
    EXPECT_TRUE(ballots.close({d.person(5), d.post(5), "test", ""}, ballot));
    EXPECT_EQ(d.count(d.model().flow.ballot_voter, ""), 3);
}

}  // namespace
}  // namespace yipan
