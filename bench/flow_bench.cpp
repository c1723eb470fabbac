// The speed of workflow: a morning's tick, and the inbox of a person with very many matters.
//   flow_bench [--matters N] [--folder DIR]
// Prints one line of JSON for each measurement; the bare write limit is measured beside it on the same board.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "desk.h"

namespace yipan {
namespace {
using Time = std::chrono::steady_clock;
double seconds(Time::time_point from) { return std::chrono::duration<double>(Time::now() - from).count(); }

/// N matters; `day` says when each is due, as the i-th.
void fill(desk::Desk& d, std::int64_t n, const std::function<Date(std::int64_t)>& due) {
    const int type = d.model().find_type("matter");
    constexpr std::int64_t a_draft = 500;
    for (std::int64_t from = 0; from < n; from += a_draft) {
        board::Draft draft;
        draft.channel = "bench";
        for (std::int64_t i = from; i < std::min(n, from + a_draft); ++i) {
            flow::Making m(d.model(), board::Verb::create, type);
            m.set("code", "M-" + std::to_string(i)).set("name", "事项").set("officer", d.post(1 + static_cast<int>(i % 6))).set("due", due(i));
            draft.changes.push_back(std::move(m.change));
        }
        const auto done = d.board().apply(std::move(draft));
        if (!done) std::fprintf(stderr, "%s\n", text_of(done.error()).c_str());
    }
}

/// The clock on the mornings before the one on which everything else becomes late.
void to_the_eve(desk::Desk& d, flow::Ticker& ticker) {
    for (const char* morning : {"2027-01-04T01:00:00Z", "2027-01-05T01:00:00Z"}) {
        d.clock().set(*Instant::parse(morning));
        (void)ticker.tick();
    }
    d.clock().set(*Instant::parse("2027-01-06T01:00:00Z"));
}

/// Entries a second when what the clock will write (a lamp that changes, its notice, the message) is known beforehand, on
/// a board that stands as the other does.
double bare_limit(desk::Desk& d) {
    const model::Model& model = d.model();
    const Date today = *Date::parse("2027-01-06"), due = Date{today.days - 1};
    std::vector<board::Draft> drafts;
    const auto snapshot = d.board().snapshot();
    const auto at = [&](const record::Record& r, const char* field) { return r.at(model.types[static_cast<std::size_t>(model.flow.lamp)].find(field)); };
    const auto read = snapshot->each(model.flow.lamp, [&](const record::RecordPtr& lamp) {
        const record::Value subject = at(*lamp, "subject");
        flow::Making m(model, board::Verb::amend, model.flow.lamp, lamp->id);
        m.set("responsible", d.post(1)).set("colour", "yellow").set("nominal", today).set("behind_level", record::Value(std::int64_t{1})).set("late", record::Value(std::int64_t{0}));
        m.change.effective = today;
        board::Draft draft;
        draft.channel = "bench";
        draft.by_act = true;
        draft.changes.push_back(std::move(m.change));
        flow::Making notice(model, board::Verb::create, model.flow.notice);
        notice.set("colour", "blue").set("light", "none").set("subject", subject).set("title", "事项").set("to_post", d.post(1)).set("nominal", today).set("text", "已逾期1天");
        notice.set("of_unit", "办公室").set("of_post", "岗1").set("due", due).set("behind", record::Value(std::int64_t{1})).set("issued_on", today);
        notice.change.effective = today;
        draft.changes.push_back(std::move(notice.change));
        flow::Making message(model, board::Verb::create, model.flow.message);
        message.set("to_post", d.post(1)).set("kind", "notice").set("subject", subject).set("title", "事项").set("text", "已逾期1天").set("at", record::Value(std::int64_t{1})).set("nominal", today);
        message.set("late", record::Value(std::int64_t{0}));
        draft.changes.push_back(std::move(message.change));
        drafts.push_back(std::move(draft));
        return true;
    });
    if (!read) std::fprintf(stderr, "%s\n", read.error().text().c_str());
    const auto n = static_cast<double>(drafts.size());
    std::mutex mutex;
    std::condition_variable room;
    std::size_t under_way = 0;
    std::int64_t written = 0;
    const auto from = Time::now();
    for (auto& draft : drafts) {
        {
            std::unique_lock lock(mutex);
            if (under_way >= flow::drafts_under_way_max) room.wait(lock, [&] { return under_way <= flow::drafts_under_way_max / 2; });
            ++under_way;
        }
        d.board().submit(std::move(draft), [&](Checked<board::Receipt> answer) {
            const std::lock_guard lock(mutex);
            written += answer.has_value();
            --under_way;
            if (under_way == flow::drafts_under_way_max / 2 || under_way == 0) room.notify_one();
        });
    }
    std::unique_lock lock(mutex);
    room.wait(lock, [&] { return under_way == 0; });
    const double took = seconds(from);
    if (written != static_cast<std::int64_t>(n)) std::fprintf(stderr, "%lld of %.0f drafts were written\n", static_cast<long long>(written), n);
    return n * 3 / took;
}

/// The longest a single write of somebody else waited while the clock was at work.
struct Other {
    explicit Other(desk::Desk& d) : thread([this, &d] {
                                        for (std::int64_t i = 0; !ends; ++i) {
                                            flow::Making m(d.model(), board::Verb::create, d.model().find_type("person"));
                                            m.set("code", "X-" + std::to_string(i)).set("name", "人");
                                            board::Draft draft;
                                            draft.changes.push_back(std::move(m.change));
                                            const auto from = Time::now();
                                            (void)d.board().apply(std::move(draft));
                                            longest = std::max(longest, seconds(from));
                                            std::this_thread::sleep_for(std::chrono::milliseconds(5));
                                        }
                                    }) {}
    double stop() {
        ends = true;
        thread.join();
        return longest;
    }
    std::atomic<bool> ends{false};
    double longest = 0;
    std::thread thread;
};

void ticks(std::int64_t n) {
    desk::Desk d;
    const Date first = *Date::parse("2026-01-05");
    // 2 % are due yesterday, so that their lamp changes on the second morning; all others a year later.
    fill(d, n, [&](std::int64_t i) { return Date{i % 50 == 0 ? first.days : first.days + 365}; });
    flow::Ticker ticker(d.board());
    auto from = Time::now();
    (void)ticker.tick();
    std::printf("{\"bench\":\"first tick after a start\",\"matters\":%lld,\"seconds\":%.3f}\n", static_cast<long long>(n), seconds(from));
    d.clock().set(*Instant::parse("2026-01-06T01:00:00Z"));
    Other other(d);
    from = Time::now();
    const auto some = ticker.tick();
    const double took = seconds(from), waited = other.stop();
    std::printf("{\"bench\":\"morning tick, 2 %% change\",\"matters\":%lld,\"lamps\":%lld,\"entries_with_notices\":true,\"seconds\":%.3f,\"longest_wait_of_a_write_ms\":%.1f}\n", static_cast<long long>(n),
                static_cast<long long>(some ? some->lamps : -1), took, waited * 1000);
    to_the_eve(d, ticker);
    Other second(d);
    const std::int64_t before = d.board().snapshot()->position().value;
    from = Time::now();
    const auto all = ticker.tick();
    const double all_took = seconds(from), all_waited = second.stop();
    // The bare limit: the same records in the same order on a board of its own, nothing else writing.
    desk::Desk twin("twin");
    fill(twin, n, [&](std::int64_t i) { return Date{i % 50 == 0 ? first.days : first.days + 365}; });
    {
        flow::Ticker its(twin.board());
        (void)its.tick();
        twin.clock().set(*Instant::parse("2026-01-06T01:00:00Z"));
        (void)its.tick();
        to_the_eve(twin, its);
    }
    const double bare = bare_limit(twin);
    const double entries = static_cast<double>(d.board().snapshot()->position().value - before) / all_took;
    std::printf("{\"bench\":\"all change\",\"lamps\":%lld,\"seconds\":%.3f,\"entries_per_second\":%.0f,\"bare_entries_per_second\":%.0f,\"ratio\":%.2f,\"longest_wait_of_a_write_ms\":%.1f}\n",
                static_cast<long long>(all ? all->lamps : -1), all_took, entries, bare, entries / bare, all_waited * 1000);
}

void inbox(std::int64_t n) {
    desk::Desk d;
    const int paper = d.model().find_type("paper");
    for (std::int64_t i = 0; i < n; ++i) {
        const RecordId id = d.create("paper", {{"code", "A-" + std::to_string(i)}, {"name", std::string("请示")}, {"officer", d.post(1).value}});
        flow::Act act;
        act.act = flow::Do::assign_record;
        act.person = d.person(1), act.post = d.post(1);
        act.subject = {paper, id};
        act.to = d.post(2);
        act.workdays = static_cast<int>(i % 200);
        const auto done = flow::Acts(d.board()).perform(act);
        if (!done) std::fprintf(stderr, "%s\n", text_of(done.error()).c_str());
    }
    flow::Acts acts(d.board());
    double best = 1e9;
    for (int round = 0; round < 5; ++round) {
        const auto snapshot = d.board().snapshot();
        const auto from = Time::now();
        const auto standing = acts.standing(*snapshot);
        board::Snapshot::Query query;
        for (const auto& f : (*standing)->falls_to(d.post(2))) {
            query.also_parameters.emplace_back(f.post.value);
            query.also += (query.also.empty() ? "?" : ",?") + std::to_string(query.also_parameters.size());
        }
        query.also = "t.lies_with IN (" + query.also + ") AND t.due IS NOT NULL";
        query.order = {{d.model().types[flow::at(d.model().flow.work)].find("due"), false}};
        const auto total = snapshot->count(d.model().flow.work, query, 10'001);
        const auto page = snapshot->list(d.model().flow.work, query);
        best = std::min(best, seconds(from));
        if (!page || page->rows.size() != 50 || !total) std::fprintf(stderr, "the inbox is not as it should be\n");
    }
    std::printf("{\"bench\":\"to-do of a person with many matters opens\",\"matters\":%lld,\"ms\":%.1f}\n", static_cast<long long>(n), best * 1000);
}
}  // namespace
}  // namespace yipan

int main(int argc, char** argv) {
    std::int64_t matters = 200'000;
    for (int i = 1; i + 1 < argc; i += 2)
        if (std::strcmp(argv[i], "--matters") == 0) matters = std::atoll(argv[i + 1]);
    yipan::ticks(matters);
    yipan::inbox(std::min<std::int64_t>(matters, 10'000));
    return 0;
}
