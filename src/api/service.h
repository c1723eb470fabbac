#pragma once
// The API of one board over HTTP (docs/api.md): routes, who asks, what comes back. Thin: what may be seen or done is
// decided in access/, what is true in board/. Handlers that read run to the end on a snapshot; handlers that write hand
// a draft to the board and answer when it is durable, without holding a thread.
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "access/accounts.h"
#include "access/rights.h"
#include "api/answers.h"
#include "base/workdays.h"
#include "board/backups.h"
#include "flow/acts.h"
#include "flow/ballots.h"
#include "flow/ticker.h"
#include "journal/note.h"
#include "notify/outbox.h"
#include "net/http.h"
#include "net/router.h"

namespace yipan::api {

struct Asset {  // a file of the page, embedded
    std::string_view path, type, etag;
    std::string_view plain, gzip;  // gzip empty: not compressed
};

struct Introduced {  // a fictional person worth trying, by key
    std::string person, says[3];  // 簡, 繁, English
};

struct OidcSettings {  // a sign-in provider (docs/security.md)
    std::string issuer, client_id, client_secret, redirect;
    std::string scope = "openid", claim = "sub";  // the claim that is the account's name here
    std::string label;                            // what the button says
    std::set<std::string> named;                  // hosts of it that are inside
};

struct Settings {
    std::string code;          // of the board in paths
    std::string path;          // of the board's file; uploads and imports lie beside it. Empty: there are none
    bool demo_people = false;  // anybody on this machine may pick a fictional person
    std::vector<Introduced> introduced;  // who is shown first to pick from; empty: some of each role
    std::optional<OidcSettings> oidc;
    std::set<std::string> named_hosts;  // inner hosts that webhooks may reach
    std::optional<int> admin_factor_days;  // an administrator's account that is older does nothing as one without its second factor; unset: not asked
    bool secure = false;       // TLS here or in front: cookies say so
    std::function<const Asset*(std::string_view path)> asset;  // none: there is no page
    std::function<void(std::function<void()>)> later;          // runs it on a thread that may take its time
    std::function<void(std::string_view line)> log;            // one line for each request; none: no log
    std::function<std::string()> connection_metrics;
    std::optional<journal::SignerKey> signer;     // of checkpoints and proofs; none: nothing is signed
    std::int64_t checkpoint_every_s = 86'400;     // at most, to a webhook that is a witness
    std::function<board::BackupState()> backups;  // of the scheduled ones; none: there are none
    std::function<void()> back_up;                // asks for one at once
    std::optional<notify::MailServer> mail;  // none: no letters
    std::string mail_host = "yipan.invalid", home;  // end of their ids; address of the page
    WorkCalendar calendar;  // for working days left; knows weekends only unless given
};

class Call;
class Events;
class Hooks;
class Oidc;
class Imports;
class Papers;
class Uploads;
class SearchIndex;
class Surveys;
class Activity;

enum class Needs : std::uint8_t { nothing, session, somebody, post };  // whom a route answers; somebody: with a post or without, or a token
/// Which of several processes of one board answers it (front.h): what writes, and what lies in the memory or on the machine of
/// the one that writes, goes there. Whoever declares a route says it; an order of fields without it does not compile.
enum class By : std::uint8_t {
    unsaid,
    writer,   // the one that writes
    reader,   // any; a session that the writer has not heard of for long takes it there all the same
    stream,   // any, as long as it lasts; it keeps no session alive
    signer,   // a reader that has the signing key, else the writer
    process   // this one, of itself: the board is not asked
};
/// Whether a device on the wall may ask it: figures, lights and what names them; no record, no why, nothing that writes. What
/// does not say so is not for it.
enum class Screen : std::uint8_t { hidden, shown };
struct Route {
    std::string_view method, pattern;
    Needs needs = Needs::post;
    By by = By::unsaid;
    std::string_view scope;  // that a token needs
    bool slow = false;
    std::size_t body_bytes_max = 0;
    void (*handle)(const std::shared_ptr<Call>& call) = nullptr;
    std::string_view says;  // for the OpenAPI document
    Screen screen = Screen::hidden;
};

class Service final : public net::App {
  public:
    static Result<std::unique_ptr<Service>> open(board::Board& board, Settings settings);
    ~Service() override;
    Plan plan(const net::Request& head) override;
    void handle(std::shared_ptr<const net::Request> request, net::Answer answer) override;
    net::Response trouble(int status, std::size_t limit, const net::Request& request) override;
    /// Of a process that does not write the board: whether it answers this itself, from what it reads, or takes it to the one
    /// that writes (front.h). Everything that writes, and what lies in that process's memory or on its machine, goes there.
    bool answers_itself(const net::Request& request);
    /// Whether it could, though the session is to be told to the writer: when there is none.
    bool can_answer(const net::Request& request) const;
    /// Whether the board is asked for it at all: not for the page's files, nor by whoever watches the process.
    bool asks_board(const net::Request& request) const;
    /// Nobody follows events and nothing lies in memory only: the board may rest (board::Board::rest).
    bool may_rest() const;
    /// Whether the request carries a session or a token that is good; rights are another question.
    bool known_here(const net::Request& head);
    /// Known, and more than a device on the wall: may learn how many entries there are.
    bool counts_entries(const net::Request& head);
    /// What processes of this board show each other (decision 0042): kept beside the journal, made by the first that writes.
    Result<std::string> shared_secret();
    /// Ends what follows events; before the server stops.
    void stop();
    /// After the server has stopped: waits for what the board still has of this service, which it does not know any more then.
    void leave();

    board::Board& board() { return board_; }
    access::Accounts& accounts() { return *accounts_; }
    access::Rights& rights() { return rights_; }
    Events& events() { return *events_; }
    SearchIndex& search() { return *search_; }
    Hooks& hooks() { return *hooks_; }
    Oidc* oidc() { return oidc_.get(); }  // null: there is no provider
    Surveys& surveys() { return *surveys_; }
    Activity& activity() { return *activity_; }
    flow::Acts& acts() { return acts_; }
    flow::Ballots& ballots() { return ballots_; }
    flow::Ticker& ticker() { return ticker_; }
    notify::Outbox* outbox() { return outbox_.get(); }  // null: no letters
    const Settings& settings() const { return settings_; }
    Settings& settings() { return settings_; }
    bool exchange_ready() const { return imports_ != nullptr; }
    Imports& imports() { return *imports_; }
    Uploads& uploads() { return *uploads_; }
    Papers& papers() { return *papers_; }
    /// A snapshot of the newest position: one that another request has read from and given back, while nothing was
    /// written since, with what it already knows; else a fresh one.
    std::unique_ptr<board::Snapshot> take_snapshot();
    void give_snapshot(std::unique_ptr<board::Snapshot> snapshot);
    /// Those too old to be used: also when nobody asks, for a read transaction keeps the log of writes from being emptied.
    void forget_old_snapshots();
    /// Idempotency keys of the API whose life is over are forgotten, a few at each call; from time to time, by any thread
    /// that is not the board's.
    void forget_keys();
    /// What goes with the erasure of a record, in its transaction: the files of imports forget it then, or after a restart.
    board::SideWrite note_erasing(board::Snapshot& snapshot, const record::Record& record) const;
    std::int64_t position() const { return position_.load(std::memory_order_acquire); }
    const std::vector<Route>& routes() const { return routes_; }

    /// Totals of lists by question and rights, as long as the board stands at the position they were counted at.
    struct Totals {
        std::mutex mutex;
        std::int64_t position = -1;
        std::map<std::string, std::int64_t> by_question;
    } totals;

    Answers answers;

    /// Who looks at a record's form: (type, id) -> person -> until (unix seconds).
    std::map<std::pair<int, std::int64_t>, std::map<std::int64_t, std::int64_t>> editing;
    std::mutex editing_mutex;

    struct Metrics {
        std::atomic<std::int64_t> by_class[6]{};
        std::atomic<std::int64_t> micros{0}, requests{0};
    } metrics;

  private:
    Service(board::Board& board, Settings settings);
    void refuse_writing(const board::WriteAsk& ask, record::Resolver& world, Errors& refused);
    void page(const std::shared_ptr<Call>& call);
    net::Response guarded(net::Response response) const;
    void erased(const board::Shown& shown);
    bool forget_erased();  // false: some of it is left for later
    bool walks_far(const net::Request& head, const std::string& type_code);
    net::Router::Match matched(const net::Request& request) const;

    board::Board& board_;
    Settings settings_;
    std::unique_ptr<access::Accounts> accounts_;
    access::Rights rights_;
    flow::Acts acts_;
    flow::Ballots ballots_;
    flow::Ticker ticker_;
    std::unique_ptr<notify::Outbox> outbox_;
    std::unique_ptr<Events> events_;
    std::unique_ptr<SearchIndex> search_;
    std::unique_ptr<Hooks> hooks_;
    std::unique_ptr<Oidc> oidc_;
    std::unique_ptr<Surveys> surveys_;
    std::unique_ptr<Activity> activity_;
    std::unique_ptr<Papers> papers_;
    std::unique_ptr<Uploads> uploads_;
    std::unique_ptr<Imports> imports_;
    net::Router router_;
    std::vector<Route> routes_;
    std::atomic<std::int64_t> position_{0}, shown_{0};  // shown_: batches, those beside the journal too
    bool left_ = false;
    // Where forget_keys() stands: after this key, in keys up to this position; the next walk begins then.
    struct KeyWalk {
        std::mutex mutex;
        std::string after;
        std::int64_t up_to = 0, next = 0;  // microseconds of the board's clock
        std::atomic<bool> forgetting{false};
    } keys_;
    std::mutex secret_mutex_;
    std::string secret_;
    void forget_snapshots();
    struct Spare {
        std::unique_ptr<board::Snapshot> snapshot;
        std::chrono::steady_clock::time_point born;
        int uses = 0;
        std::int64_t shown = 0;  // shown_ when it was taken
    };
    std::mutex spare_mutex_;
    std::vector<Spare> spare_;
    std::map<const board::Snapshot*, Spare> lent_;  // without their snapshots: when born, how often used
};

// One function per group of routes.
void add_session_routes(std::vector<Route>& routes);
void add_model_routes(std::vector<Route>& routes);
void add_trust_routes(std::vector<Route>& routes);
void add_record_routes(std::vector<Route>& routes);
void add_record_write_routes(std::vector<Route>& routes);
void add_figure_routes(std::vector<Route>& routes);
void add_board_routes(std::vector<Route>& routes);
void add_scheme_routes(std::vector<Route>& routes);
void add_work_routes(std::vector<Route>& routes);
void add_search_routes(std::vector<Route>& routes);
void add_openapi_route(std::vector<Route>& routes);
void add_event_routes(std::vector<Route>& routes);
void add_exchange_routes(std::vector<Route>& routes);
void add_flow_act_routes(std::vector<Route>& routes);
void add_flow_work_routes(std::vector<Route>& routes);
void add_flow_order_routes(std::vector<Route>& routes);
void add_flow_table_routes(std::vector<Route>& routes);
void add_flow_ballot_routes(std::vector<Route>& routes);

}  // namespace yipan::api
