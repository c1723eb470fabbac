// A board among unreliable things. One seed makes a world: clients that write, correct, remove, ask again and give up; a clock that jumps;
// a disk that fails, fills, tears, forgets and is slow; power cuts; processes that end between two instructions; snapshots held for long; a second
// writer. Beside it stands a model so simple that it is right: a map of payments. Whenever nobody waits for an answer, the board must show
// what the model says, now and as known at every earlier moment, and nothing twice.
//
//   sim_test [--seed N] [--seconds S]     a failure prints seed, world, step and commit; the same seed makes the same world again
//
// Bursts that go through the queue are batched as threads happen to run, so a disk fault may strike another write of the same burst when a
// seed is run again; what must hold is the same.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <map>
#include <random>

#include "board/board.h"
#include "fault/fault_vfs.h"
#include "property/shared.h"
#include "property/tiny_model.h"
#include "property/yard.h"

namespace yipan {
namespace {
namespace fs = std::filesystem;
using fault::Kind;

std::uint64_t first_seed = 0;
int seconds = 60;

struct Payment {
    std::int64_t amount = 0;
    std::int32_t version = 0;
    enum class State { counted, invalid, removed } state = State::counted, before = State::counted;  // before it was removed
};
/// What a client wants; kept until he knows what became of it.
struct Wish {
    board::Draft draft;
    enum class Kind { pay, correct, remove, invalidate, restore } kind = Kind::pay;
    std::int64_t record = 0, amount = 0;
};

class World {
  public:
    World(std::uint64_t seed, const std::string& base, const std::string& path) : random_(seed), path_(path) {
        for (const char* suffix : {"", "-wal", "-shm", "-lock"}) fs::remove(path_ + suffix);
        fs::copy_file(base, path_);
    }
    /// Empty, or what is wrong.
    std::string run(int steps) {
        if (std::string wrong = open(); !wrong.empty()) return wrong;
        for (step = 0; step < steps; ++step) {
            if (std::string wrong = one(); !wrong.empty()) return wrong;
            if (std::string wrong = settled(); !wrong.empty()) return wrong;
        }
        if (std::string wrong = reopen(); !wrong.empty()) return wrong;
        return whole();
    }
    int step = 0;
    std::int64_t writes = 0, refusals = 0, faults = 0, cuts = 0, repeats = 0, slow = 0, second_writers = 0, jumps = 0;

  private:
    std::size_t pick(std::size_t n) { return static_cast<std::size_t>(random_() % n); }

    // -- the board comes and goes
    std::string open() {
        held_.clear();
        board::Options options;
        options.clock = &clock_;
        auto opened = board::Board::open(path_, options);
        if (!opened) return "does not open: " + text_of(opened.error());
        board_ = std::move(*opened);
        if (board_->read_only()) return "opens for reading only: " + board_->damage()->text();
        model_ = board_->model();
        return {};
    }
    void close() {
        held_.clear();
        board_.reset();
    }
    std::string reopen() {
        close();
        return open();
    }

    // -- wishes
    board::Change change(const char* type, board::Verb verb, std::int64_t record, std::vector<std::pair<const char*, record::Value>> values = {}) {
        board::Change c;
        c.verb = verb;
        c.type = model_->find_type(type);
        c.record = RecordId(record);
        for (auto& [field, value] : values) c.set.emplace_back(model_->types[static_cast<std::size_t>(c.type)].find(field), std::move(value));
        return c;
    }
    Wish wish() {
        Wish w;
        const std::int64_t n = ++wishes_;
        if (!payments_.empty() && pick(3) != 0) {
            auto at = payments_.begin();
            std::advance(at, static_cast<std::ptrdiff_t>(pick(payments_.size())));
            w.record = at->first;
            w.kind = static_cast<Wish::Kind>(1 + pick(4));
        }
        w.amount = static_cast<std::int64_t>(1 + pick(1'000'000));
        switch (w.kind) {
            case Wish::Kind::pay:
                w.draft.changes.push_back(change("payment", board::Verb::create, 0,
                                                 {{"project", std::int64_t{1}}, {"day", Date::of(2026, 1, 1)->days + static_cast<std::int64_t>(pick(365))}, {"amount", w.amount}, {"payee", "w" + std::to_string(n)}}));
                break;
            case Wish::Kind::correct:
                w.draft.changes.push_back(change("payment", board::Verb::amend, w.record, {{"amount", w.amount}}));
                w.draft.changes[0].expected_version = payments_.at(w.record).version;  // two may hold the same: the second is refused
                break;
            case Wish::Kind::remove: w.draft.changes.push_back(change("payment", board::Verb::remove, w.record)); break;
            case Wish::Kind::invalidate: w.draft.changes.push_back(change("payment", board::Verb::invalidate, w.record)); break;
            case Wish::Kind::restore: w.draft.changes.push_back(change("payment", board::Verb::restore, w.record)); break;
        }
        if (w.kind == Wish::Kind::invalidate || w.kind == Wish::Kind::restore) w.draft.changes[0].note = "wish " + std::to_string(n);
        w.draft.channel = "demo";
        w.draft.idempotency_key = "wish-" + std::to_string(n);
        return w;
    }
    // Whether the board must take it, by the model alone.
    bool lawful(const Wish& w) const {
        if (w.kind == Wish::Kind::pay) return true;
        const Payment& p = payments_.at(w.record);
        switch (w.kind) {
            case Wish::Kind::correct: return p.state == Payment::State::counted && p.version == *w.draft.changes[0].expected_version;
            case Wish::Kind::remove: return p.state != Payment::State::removed;
            case Wish::Kind::invalidate: return p.state == Payment::State::counted;
            default: return p.state != Payment::State::counted;
        }
    }
    // The answer, held against the model, which then follows. Unknown: true in `again`.
    std::string answered(const Wish& w, const Checked<board::Receipt>& answer, bool& again) {
        again = false;
        told(w, answer);
        if (!answer) {
            const Code code = answer.error()[0].code;
            if (code == Code::store_failed || code == Code::busy || code == Code::read_only || code == Code::corrupt || code == Code::limit_exceeded) {
                again = true;
                return {};
            }
            ++refusals;
            // Beside one whose fate is not known yet, a refusal may be right although it looks wrong.
            if (unknown_.empty() && lawful(w)) return w.draft.idempotency_key + " was refused: " + text_of(answer.error());
            return {};
        }
        if (!lawful(w)) return w.draft.idempotency_key + " was taken, and may not be";
        if (answer->records.size() != 1) return w.draft.idempotency_key + ": a receipt of " + std::to_string(answer->records.size()) + " records";
        ++writes;
        repeats += answer->repeated;
        const std::int64_t id = answer->records[0].value;
        if (w.kind == Wish::Kind::pay) {
            if (!payments_.emplace(id, Payment{w.amount, answer->versions[0], {}, {}}).second) return "payment " + std::to_string(id) + " was given out twice";
            return {};
        }
        if (id != w.record) return w.draft.idempotency_key + " changed another record";
        Payment& p = payments_.at(id);
        if (w.kind == Wish::Kind::correct) p.amount = w.amount;
        if (w.kind == Wish::Kind::remove) p.before = std::exchange(p.state, Payment::State::removed);
        if (w.kind == Wish::Kind::invalidate) p.state = Payment::State::invalid;
        if (w.kind == Wish::Kind::restore) p.state = p.state == Payment::State::removed ? p.before : Payment::State::counted;  // one step back
        if (w.kind != Wish::Kind::remove) p.version = answer->versions[0];
        return {};
    }
    // Some at once: as one batch, or through the queue. What became of a wish that failed by the disk is asked in settled().
    std::string burst(std::size_t many) {
        std::vector<Wish> list;
        for (std::size_t i = 0; i < many; ++i) list.push_back(wish());
        std::vector<Checked<board::Receipt>> answers;
        if (pick(2) == 0) {
            std::vector<board::Draft> drafts;
            for (const Wish& w : list) drafts.push_back(w.draft);
            answers = board_->apply_batch(std::move(drafts));
        } else {
            std::vector<std::future<Checked<board::Receipt>>> coming;
            for (const Wish& w : list) coming.push_back(board_->submit(w.draft));
            for (auto& one : coming) answers.push_back(one.get());
        }
        const bool line_breaks = pick(6) == 0;  // the answers are lost on their way: the client asks again and is told the same
        for (std::size_t i = 0; i < list.size(); ++i) {
            bool again = false;
            if (std::string wrong = answered(list[i], answers[i], again); !wrong.empty()) return wrong;
            if (again) unknown_.push_back(std::move(list[i]));
            if (!line_breaks || !answers[i]) continue;
            const auto repeat = board_->apply(list[i].draft);
            if (!repeat) continue;  // the disk; what was told before counts
            ++repeats;
            if (!repeat->repeated || repeat->first != answers[i]->first || repeat->records != answers[i]->records) return list[i].draft.idempotency_key + " was done twice";
        }
        return {};
    }

    // For whoever looks into a failure: YIPAN_SIM_TELL=1.
    void told(const Wish& w, const Checked<board::Receipt>& answer) const {
        static const bool tell = std::getenv("YIPAN_SIM_TELL") != nullptr;
        constexpr const char* names[] = {"pay", "correct", "remove", "invalidate", "restore"};
        if (tell)
            std::printf("  %d %s %s #%lld %lld: %s\n", step, w.draft.idempotency_key.c_str(), names[static_cast<int>(w.kind)], static_cast<long long>(w.record), static_cast<long long>(w.amount),
                        answer ? (std::string(answer->repeated ? "again " : "") + "#" + std::to_string(answer->records[0].value) + " v" + std::to_string(answer->versions[0]) + " at " + std::to_string(answer->first.value)).c_str()
                               : text_of(answer.error()).c_str());
    }

    std::string one() {
        switch (pick(10)) {
            case 0: {  // the clock jumps, back as well
                const std::int64_t days = static_cast<std::int64_t>(pick(80)) - 30;
                ++jumps;
                clock_.set(Instant{clock_.now().micros + days * 86'400'000'000 + static_cast<std::int64_t>(pick(1'000'000))});
                return burst(1 + pick(4));
            }
            case 1: {  // somebody reads for a long time
                if (held_.size() < 4) held_.push_back({board_->snapshot(), total(), counted()});
                return {};
            }
            case 2: {
                board::Options options;
                options.clock = &clock_;
                if (board::Board::open(path_, options)) return "two writers at once";
                ++second_writers;
                return {};
            }
            case 3: return reopen();
            case 4: return pick(4) == 0 ? whole() : std::string();
            case 5: case 6: return disturbed();
            default: return burst(1 + pick(12));
        }
    }
    // A burst on a disk that fails somewhere in it, or a process that ends there.
    std::string disturbed() {
        constexpr Kind kinds[] = {Kind::write_fails, Kind::write_torn, Kind::disk_full, Kind::read_only, Kind::sync_fails, Kind::sync_fails_drops, Kind::power_cut, Kind::power_cut_torn, Kind::slow};
        const Kind kind = kinds[pick(9)];
        const bool power = kind == Kind::power_cut || kind == Kind::power_cut_torn;
        if (power || pick(2) == 0) held_.clear();
        fault::arm(kind, static_cast<std::int64_t>(1 + pick(40)));
        if (pick(5) == 0) {  // while it opens
            close();
            board::Options options;
            options.clock = &clock_;
            if (auto opened = board::Board::open(path_, options)) board_ = std::move(*opened);
        }
        std::string wrong;
        if (board_)
            for (std::size_t i = 0; i <= pick(3) && wrong.empty(); ++i) wrong = burst(1 + pick(8));
        const bool struck = fault::fired();
        faults += struck;
        slow += struck && kind == Kind::slow;
        if (wrong.empty() && kind == Kind::slow && !unknown_.empty()) wrong = "a disk that is slow made the board refuse";
        if (!board_ || power || !unknown_.empty() || pick(2) == 0) {
            close();
            // The process ended and the machine went on (the files are as they were left), or the machine went as well.
            if (power && struck && pick(3) != 0) {
                ++cuts;
                fault::lose_unsynced(pick(2) == 0 ? 0 : random_());
            }
            fault::disarm();
            if (wrong.empty()) wrong = open();
        }
        fault::disarm();
        return wrong;
    }

    // Whoever does not know what became of his wish asks again, with the same key, until he knows; then the board shows what the model says.
    std::string settled() {
        for (int attempt = 0; !unknown_.empty(); ++attempt) {
            if (attempt > 100) return "asked a hundred times and got no answer";
            bool again = false;
            if (std::string wrong = answered(unknown_.front(), board_->apply(unknown_.front().draft), again); !wrong.empty()) return wrong + " (asked again)";
            if (!again) {
                unknown_.pop_front();
                attempt = 0;
            } else if (std::string wrong = reopen(); !wrong.empty()) {
                return wrong;
            }
        }
        const auto snapshot = board_->snapshot();
        if (std::string wrong = same(*snapshot, std::nullopt, total(), counted(), "now"); !wrong.empty()) return wrong;
        known_.push_back({snapshot->position(), total(), counted()});
        if (known_.back().position < known_[known_.size() > 1 ? known_.size() - 2 : 0].position) return "the journal became shorter";
        const Known& past = known_[pick(known_.size())];
        if (std::string wrong = same(*snapshot, past.position, past.total, past.counted, "as known at " + std::to_string(past.position.value)); !wrong.empty()) return wrong;
        for (Held& h : held_)
            if (std::string wrong = same(*h.snapshot, std::nullopt, h.total, h.counted, "in a snapshot that is held"); !wrong.empty()) return wrong;
        return {};
    }
    std::int64_t total() const {
        std::int64_t sum = 0;
        for (const auto& [id, p] : payments_)
            if (p.state == Payment::State::counted) sum += p.amount;
        return sum;
    }
    std::int64_t counted() const {
        std::int64_t n = 0;
        for (const auto& [id, p] : payments_) n += p.state == Payment::State::counted;
        return n;
    }
    std::string same(board::Snapshot& snapshot, std::optional<Position> as_known, std::int64_t sum, std::int64_t records, const std::string& when) {
        figure::Ask ask;
        ask.figure = snapshot.model().find_figure("paid_now");
        ask.unit = 1;
        ask.period = Period::whole_year(2026);
        ask.today = snapshot.today();
        ask.as_known = as_known;
        const figure::Value value = snapshot.figure(ask);
        const std::string want = records == 0 ? "none" : Decimal(sum, 2).text() + " of " + std::to_string(records);
        const std::string found = value.has && value.records > 0 ? value.number.text() + " of " + std::to_string(value.records) : "none";
        return want == found ? std::string() : "paid_now " + when + ": " + found + ", the model says " + want;
    }
    // Everything: pages, journal, tree, rows, cells; each payment.
    std::string whole() {
        const auto report = board_->verify();
        if (!report.ok) return text_of(report.problems);
        const auto snapshot = board_->snapshot();
        const int type = model_->find_type("payment");
        const int amount = model_->types[static_cast<std::size_t>(type)].find("amount");
        for (const auto& [id, p] : payments_) {
            const auto record = snapshot->record(type, RecordId(id));
            if (!record != (p.state == Payment::State::removed)) return "payment " + std::to_string(id) + (record ? " was removed and is there" : " is gone");
            if (record && record->at(amount) != record::Value(p.amount)) return "payment " + std::to_string(id) + " has another amount";
            if (record && record->version != p.version) return "payment " + std::to_string(id) + " has version " + std::to_string(record->version) + ", " + std::to_string(p.version) + " was told";
        }
        std::int64_t rows = 0;
        if (!snapshot->each(type, [&](const record::RecordPtr& r) { return rows += payments_.contains(r->id.value) ? 1 : 1'000'000, true; })) return "cannot be read";
        if (rows >= 1'000'000) return "a payment nobody was told of";
        return property::recounted(*snapshot);
    }

    std::mt19937_64 random_;
    std::string path_;
    FrozenClock clock_{Instant{1'780'000'000'000'000}};  // in 2026
    std::unique_ptr<board::Board> board_;
    model::ModelPtr model_;
    std::map<std::int64_t, Payment> payments_;
    std::deque<Wish> unknown_;
    std::int64_t wishes_ = 0;
    struct Known {
        Position position;
        std::int64_t total = 0, counted = 0;
    };
    std::vector<Known> known_;
    struct Held {
        std::unique_ptr<board::Snapshot> snapshot;
        std::int64_t total = 0, counted = 0;
    };
    std::vector<Held> held_;
};

std::string commit() {
    std::string out;
    if (FILE* git = ::popen("git -C '" YIPAN_SOURCE_DIR "' describe --always --dirty 2> /dev/null", "r")) {
        char line[100];
        if (std::fgets(line, sizeof line, git)) out = line;
        ::pclose(git);
    }
    while (!out.empty() && out.back() == '\n') out.pop_back();
    return out.empty() ? "unknown" : out;
}

TEST(Simulation, a_board_among_unreliable_things) {
    const property::Folder folder;
    const std::string base = folder.file("base.board");
    {
        board::Board::Birth birth;
        birth.name = "simulation";
        birth.model = property::tiny_model();
        auto made = board::Board::create(base, birth);
        ASSERT_TRUE(made) << text_of(made.error());
        board::Draft ground;
        ground.channel = "demo";
        const auto add = [&](const char* type, std::vector<std::pair<const char*, record::Value>> values) {
            board::Change c;
            c.type = (*made)->model()->find_type(type);
            for (auto& [field, value] : values) c.set.emplace_back((*made)->model()->types[static_cast<std::size_t>(c.type)].find(field), std::move(value));
            ground.changes.push_back(std::move(c));
        };
        add("organ", {{"code", "o"}});
        add("project", {{"code", "p"}, {"organ", std::int64_t{-1}}});
        ASSERT_TRUE((*made)->apply(ground));
    }
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    std::int64_t worlds = 0, steps = 0, writes = 0, refusals = 0, faults = 0, cuts = 0, repeats = 0, slow = 0, second_writers = 0, jumps = 0;
    for (std::uint64_t seed = first_seed; worlds == 0 || std::chrono::steady_clock::now() < until; ++seed, ++worlds) {
        World world(seed, base, folder.file("world.board"));
        const std::string wrong = world.run(60);
        ASSERT_EQ(wrong, "") << "seed " << seed << ", step " << world.step << ", commit " << commit() << "; again: sim_test --seed " << seed << " --seconds 0";
        steps += world.step, writes += world.writes, refusals += world.refusals, faults += world.faults, cuts += world.cuts, repeats += world.repeats;
        slow += world.slow, second_writers += world.second_writers, jumps += world.jumps;
    }
    std::printf("seeds %llu to %llu: %lld worlds, %lld steps, %lld writes, %lld refused, %lld disk faults (%lld of them slow), %lld power cuts, %lld second writers, %lld jumps of the clock, %lld answers given again\n", static_cast<unsigned long long>(first_seed),
                static_cast<unsigned long long>(first_seed + static_cast<std::uint64_t>(worlds) - 1), static_cast<long long>(worlds), static_cast<long long>(steps), static_cast<long long>(writes),
                static_cast<long long>(refusals), static_cast<long long>(faults), static_cast<long long>(slow), static_cast<long long>(cuts), static_cast<long long>(second_writers), static_cast<long long>(jumps), static_cast<long long>(repeats));
    if (worlds < 20) return;  // too little for chance
    EXPECT_GT(refusals, 0);
    EXPECT_GT(faults, 0);
    EXPECT_GT(cuts, 0);
    EXPECT_GT(repeats, 0);
    EXPECT_GT(slow, 0);
    EXPECT_GT(second_writers, 0);
    EXPECT_GT(jumps, 0);
}

}  // namespace
}  // namespace yipan

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    const char* level = std::getenv("YIPAN_TEST_LEVEL");
    if (level && std::string(level) == "quick") yipan::seconds = 5;
    if (level && std::string(level) == "long") yipan::seconds = 3'600;
    std::random_device chance;
    yipan::first_seed = chance() % 1'000'000'000;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (std::string(argv[i]) == "--seed") yipan::first_seed = std::strtoull(argv[i + 1], nullptr, 10);
        if (std::string(argv[i]) == "--seconds") yipan::seconds = std::atoi(argv[i + 1]);
    }
    yipan::fault::install();
    return RUN_ALL_TESTS();
}
