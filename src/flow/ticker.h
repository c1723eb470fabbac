#pragma once
// What time does to a board: lamps change colour, reminders and coloured notices go out, deadlines follow a new arrangement
// of holidays. Through the one write path, an entry per changed light with its nominal date. What was announced is in the
// records of lamps, so nothing else need survive a restart; what changes next is in a heap, so a day costs what changes on
// it. Each lamp, of a record or of a unit's figure, is a draft of its own: what one refuses stops nobody else.
#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <queue>
#include <set>
#include <thread>

#include "flow/acts.h"

namespace yipan::flow {

constexpr std::size_t drafts_under_way_max = 2'048;  // of the clock; the writer takes them after others
constexpr std::size_t tick_problems_max = 100;      // kept; the rest is counted
constexpr int daily_catch_up_max = 366;             // days replayed for a light that must be looked at every day
constexpr int periods_watched = 12;                 // of a light over a figure: the last that are over
constexpr std::size_t moved_units_max = 20'000;     // told between two ticks; beyond, all are looked at

/// The subject of a lamp over a figure: "organ/3/2026-06"; "/-" for a figure without periods.
std::string figure_subject(const model::Model& model, int unit_type, RecordId unit, const std::optional<Period>& period);

struct Ticked {
    Date day;
    std::int64_t looked_at = 0, lamps = 0, records = 0, reminders = 0, notices = 0, deadlines = 0, refused = 0;
    std::int64_t failed = 0;  // lamps whose figure cannot be computed for a unit; the others' are as ever
    Errors problems, failures;
};

class Ticker {
  public:
    explicit Ticker(board::Board& board) : board_(board) {}
    ~Ticker() { stop(); }
    /// Everything up to the board's today. One at a time.
    Result<Ticked> tick();
    /// Told of every batch: what is to be looked at again.
    void changed(const board::Shown& shown);
    /// Ticks on a thread of its own: at each new day, which it looks for every so often, and soon after something changed.
    void start(std::chrono::milliseconds look_for_midnight = std::chrono::seconds(20));
    void stop();

  private:
    struct Key {
        int light = -1;
        std::int64_t record = 0;
        bool operator==(const Key&) const = default;
        template <class H>
        friend H AbslHashValue(H h, const Key& k) {
            return H::combine(std::move(h), k.light, k.record);
        }
    };
    struct State {  // what was announced
        std::int64_t lamp = 0;
        model::Colour colour = model::Colour::none;
        bool trouble = false;  // of a figure: it could not be computed
        int level = 0;
        std::int32_t on = INT32_MIN;
        std::int32_t next = INT32_MAX;  // in the heap for this day
    };
    struct Rule {  // a light, prepared
        int light = -1, type = -1;
        int field = -1;       // linear: behind is `today - field`
        bool daily = false;   // must be looked at every day
        std::string code, label;
        struct Threshold {
            std::int64_t day = 0;      // days behind
            bool remind = false;
            std::string colour;        // of a notice
            std::string asks;
            std::optional<int> answer;  // working days for an answer
        };
        std::vector<Threshold> thresholds;         // ascending
        std::vector<std::int64_t> boundaries;      // days behind at which anything changes, ascending
    };
    struct Event {
        Date on;
        model::Colour colour = model::Colour::none;
        int from_level = 0, level = 0;
        std::string trouble = {};  // of a figure: why it cannot be computed
    };
    struct Wake {
        std::int32_t day;
        Key key;
        bool operator>(const Wake& other) const { return day > other.day; }
    };
    struct Post {
        bool there = false;
        std::string title, unit;  // as they are called now: a notice keeps them
    };
    using Unit = std::pair<int, std::int64_t>;  // type and record
    struct FigureRule {
        int light = -1;
        std::vector<int> unit_types;
        std::set<int> reads;  // plain figures
        PeriodKind grain = PeriodKind::month;
        bool timeless = false;
        // To be looked at when it is looked at next: on a new day, or when a figure it reads moves.
        std::set<Unit> units;
        bool all_units = false;
    };
    struct FigureNews {
        absl::flat_hash_set<int> moved;                          // figures
        absl::flat_hash_set<std::pair<int, std::int64_t>> units; // of a figure: whose cells moved
        std::set<Unit> records;                                  // records of types that are units
        bool any_unit = false, links = false;
    };
    void prepare_figures(const model::Model& model);
    std::int64_t figure_key(const std::string& subject);
    Status look_at_figures(board::Snapshot& snapshot, const FigureNews& news, Ticked& out);
    Status take_in(board::Snapshot& snapshot, const FigureNews& news);
    Status read_parents(board::Snapshot& snapshot);
    void refused_figure(const Key& key);
    void note_figures(const model::ModelPtr& model, const board::Shown& shown);
    void look_at_figure(board::Snapshot& snapshot, const FigureRule& rule, const record::RecordPtr& unit, const std::optional<Period>& period, Date before, Ticked& out);
    void announce_figure(const model::Model& model, const Key& key, RecordId lamp, const std::string& subject, RecordId responsible, const Event& event, Date today);
    void prepare(board::Snapshot& snapshot);
    Status read_lamps(board::Snapshot& snapshot);
    Status look_at_all(board::Snapshot& snapshot, Ticked& out);
    void look_at(board::Snapshot& snapshot, const Rule& rule, const record::RecordPtr& record, Ticked& out);
    std::pair<model::Colour, int> at_day(board::Snapshot& snapshot, const Rule& rule, const record::RecordPtr& record, Date day) const;
    bool applies(board::Snapshot& snapshot, const Rule& rule, const record::RecordPtr& record, Date today) const;
    const Post& post_of(board::Snapshot& snapshot, RecordId post);
    std::vector<Event> events(board::Snapshot& snapshot, const Rule& rule, const record::RecordPtr& record, const State& state, Date today) const;
    std::int32_t next_after(const Rule& rule, const record::Record& record, Date today) const;
    void wake_at(const Key& key, State& state, std::int32_t day);
    void announce(board::Snapshot& snapshot, const Rule& rule, const record::RecordPtr& record, const State& state, const std::vector<Event>& events, Ticked& out);
    Status deadlines(board::Snapshot& snapshot, Ticked& out);
    void send(board::Draft draft, std::optional<Key> key, Event last);
    void wait_for_all();
    void loop(std::chrono::milliseconds look_for_midnight);

    board::Board& board_;
    mutable std::mutex ticking_;
    // of the model at hand
    model::ModelPtr model_;
    std::vector<Rule> rules_;
    std::vector<std::vector<int>> rules_of_;  // by type
    bool built_ = false;
    struct Slots {  // field indexes of what the clock writes
        int light, subject, responsible, colour, level, nominal, late;
        int trouble;  // -1: the type has no such field
        struct Notice {
            int colour, light, subject, title, to_post, nominal, text;
            int of_unit, of_post, due, behind, asks, issued_on, answer_workdays;  // -1: the type has no such field
        } notice;
        struct Message {
            int to_post, kind, subject, title, text, at, nominal, late;
        } message;
    } slots_{};
    absl::flat_hash_map<std::int64_t, Post> posts_;  // of one tick
    absl::flat_hash_map<Key, State> states_;
    std::vector<FigureRule> figure_rules_;
    absl::flat_hash_map<std::string, std::int64_t> figure_keys_;  // subject -> the number that stands for it in a Key
    Date figures_on_{INT32_MIN};                                  // the day they were last looked at
    std::map<Unit, std::vector<Unit>> parents_;                   // by any link of any forest, whatever its days
    bool parents_known_ = false;
    absl::flat_hash_map<Key, Unit> announced_;                    // of figures, in this tick
    std::priority_queue<Wake, std::vector<Wake>, std::greater<>> heap_;
    // drafts under way
    std::mutex sent_mutex_;
    std::condition_variable sent_;
    std::size_t under_way_ = 0;
    struct Answer {
        std::optional<Key> key;
        Event last;
        std::int64_t lamp = 0;
        std::optional<Error> wrong;
    };
    std::vector<Answer> answers_;
    // told by batches
    mutable std::mutex news_mutex_;
    std::condition_variable wake_;
    absl::flat_hash_set<std::pair<int, std::int64_t>> dirty_;
    FigureNews figure_news_;
    struct {  // of the model at hand: what is news to lights over figures
        model::ModelPtr model;
        std::vector<bool> units, links;  // by type
        bool any = false;
    } watched_;
    bool all_dirty_ = false, holidays_dirty_ = false, news_ = false, stopping_ = false;
    std::thread thread_;
};

}  // namespace yipan::flow
