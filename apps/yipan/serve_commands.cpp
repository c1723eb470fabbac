// yipan serve: the board over HTTP. yipan account: accounts without a server.
#include "serve.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <span>
#include <thread>

#include "api/call.h"
#include "api/front.h"
#include "board/backups.h"
#include "demo.h"
#include "embedded.h"
#include "net/server.h"
#include "store/open.h"

namespace yipan::app {
namespace {
namespace json = boost::json;

// The name of a board in addresses: its file's, letters and digits only.
std::string code_of(const std::string& path) {
    std::string out;
    for (const char c : store::is_address(path) ? store::board_name(path) : std::filesystem::path(path).stem().string())
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_') out += c;
        else if (c >= 'A' && c <= 'Z') out += static_cast<char>(c - 'A' + 'a');
    return out.empty() ? "board" : out.substr(0, 40);
}
// A demo board's clock stands still, far from this day.
bool stands_still(board::Board& board) {
    constexpr std::int64_t hour_us = 3'600'000'000;
    return std::abs(board.now().micros - SystemClock().now().micros) > hour_us;
}
bool loopback(const std::string& host) { return host == "127.0.0.1" || host == "::1" || host == "localhost"; }

std::string metrics_of(const net::Server& server) {
    const net::Counts& c = server.counts();
    std::string out;
    const auto line = [&](const char* kind, const char* name, std::int64_t v) {
        out += std::string("# TYPE yipan_") + name + " " + kind + "\nyipan_" + name + " " + std::to_string(v) + "\n";
    };
    line("gauge", "connections", c.connections);
    line("counter", "connections_accepted_total", c.accepted);
    line("counter", "connections_refused_total", c.refused);
    line("gauge", "event_streams", c.streams);
    line("counter", "bytes_sent_total", c.bytes_out);
    line("gauge", "slow_requests_waiting", c.slow_waiting);
    return out;
}
// Prometheus's view of the scheduled backup; an alarm belongs on yipan_backup_red.
std::string metrics_of(const board::BackupState& state) {
    const auto line = [](const char* name, std::int64_t v) {
        return std::string("# TYPE yipan_backup_") + name + " gauge\nyipan_backup_" + name + " " + std::to_string(v) + "\n";
    };
    constexpr std::int64_t second_us = 1'000'000;
    return line("red", state.red) + line("last_good_timestamp_seconds", state.last_good ? state.last_good->micros / second_us : 0) +
           line("last_bytes", state.last_bytes) + line("last_milliseconds", state.last_ms);
}
void tell_backup(const board::BackupState& state) {
    if (state.failure)
        std::fprintf(stderr, "backup FAILED: %s\n", state.failure->text().c_str());
    else
        std::fprintf(stderr, "backup: %s\n", state.last_path.c_str());
}

Result<json::object> object_in(const std::string& path, std::string_view shown_in) {
    std::ifstream file(path);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    boost::system::error_code bad;
    auto v = json::parse(text, bad);
    if (!file || bad || !v.is_object()) return fail(Code::invalid_input, path, "not a readable file with a JSON object", std::string(shown_in) + " shows one");
    return std::move(v.get_object());
}
/// The text of a known key taken to its place; false: it is none of these.
bool take_text(std::span<const std::pair<const char*, std::string*>> texts, std::string_view key, const json::value& value) {
    const auto at = std::find_if(texts.begin(), texts.end(), [&](const auto& t) { return key == t.first; });
    if (at == texts.end() || !value.is_string()) return false;
    *at->second = std::string(value.get_string());
    return true;
}

// {"issuer", "client_id", "client_secret", "redirect", "scope"?, "claim"?, "label"?, "hosts"?: [inner hosts of the provider]}
Result<api::OidcSettings> read_oidc(const std::string& path) {
    YIPAN_TRY(const json::object said, object_in(path, "docs/security.md"));
    api::OidcSettings out;
    out.label = "OIDC";
    const std::pair<const char*, std::string*> texts[] = {{"issuer", &out.issuer}, {"client_id", &out.client_id}, {"client_secret", &out.client_secret}, {"redirect", &out.redirect},
                                                          {"scope", &out.scope}, {"claim", &out.claim}, {"label", &out.label}};
    for (const auto& [key, value] : said) {
        if (take_text(texts, key, value)) continue;
        if (key == "hosts" && value.is_array() && std::all_of(value.get_array().begin(), value.get_array().end(), [](const auto& h) { return h.is_string(); }))
            for (const auto& h : value.get_array()) out.named.insert(std::string(h.get_string()));
        else
            return fail(Code::invalid_input, path + ":" + std::string(key), "not known, or of another form", "issuer, client_id, client_secret, redirect, scope, claim, label: texts; hosts: a list of texts");
    }
    for (std::size_t i = 0; i < 4; ++i)
        if (texts[i].second->empty()) return fail(Code::invalid_input, path, std::string("\"") + texts[i].first + "\" is missing", "docs/security.md shows one");
    if (!out.issuer.starts_with("https://") && out.named.empty())
        return fail(Code::invalid_input, path + ":issuer", "not https", "http only for hosts named under \"hosts\"");
    return out;
}

// {"url": "smtp://host:25" or "smtps://host:465", "from", "user"?, "password"?, "starttls"?: bool, "home"?: address of the page}
Result<notify::MailServer> read_mail(const std::string& path, std::string& home) {
    YIPAN_TRY(const json::object said, object_in(path, "docs/serving.md"));
    notify::MailServer out;
    const std::pair<const char*, std::string*> texts[] = {{"url", &out.url}, {"from", &out.from}, {"user", &out.user}, {"password", &out.password}, {"home", &home}};
    for (const auto& [key, value] : said) {
        if (take_text(texts, key, value)) continue;
        if (key == "starttls" && value.is_bool())
            out.starttls = value.get_bool();
        else
            return fail(Code::invalid_input, path + ":" + std::string(key), "not known, or of another form", "url, from, user, password, home: texts; starttls: true or false");
    }
    if (!out.url.starts_with("smtp://") && !out.url.starts_with("smtps://")) return fail(Code::invalid_input, path + ":url", "not smtp:// or smtps://", "smtp://mail.example:25");
    if (!notify::is_address(out.from)) return fail(Code::invalid_input, path + ":from", "not an address", "board@zone.example");
    return out;
}

std::string key_file(const std::string& path, const std::string& given) { return given.empty() ? store::beside_stem(path) + "-key" : given; }
/// The key that signs checkpoints and proofs: the file named, or BOARD-key, made when it is not there.
Result<journal::SignerKey> signing_key(board::Board& board, const std::string& path, const std::string& given) {
    const std::string at = key_file(path, given);
    std::error_code unimportant;
    if (std::filesystem::exists(at, unimportant)) return journal::read_signer(at);
    YIPAN_TRY(const std::string origin, board.snapshot()->origin());
    YIPAN_TRY(auto key, journal::SignerKey::generate(origin));
    YIPAN_TRY_VOID(journal::write_signer(at, key));
    std::fprintf(stderr, "%s: a new signing key; keep a copy apart from the board, backups do not hold it\n", at.c_str());
    return key;
}
}  // namespace

namespace {
// Who has the board; empty: it can be had, or opening it says what is wrong.
std::string had_by(const std::string& path, std::unique_ptr<store::Watch>& watch) {
    if (store::is_address(path)) {  // one that only rests is no less there: the row says so, opening it would take it
        if (!watch)
            if (auto opened = store::watch(path)) watch = std::move(*opened);
        const auto seen = watch ? watch->look() : Result<store::Holding>(store::Holding{});
        if (!seen) watch.reset();
        return seen && seen->held ? seen->process + " " + seen->address : "";
    }
    const auto taken = store::open(path, store::Access::write);  // given back at once, to be opened whole
    return !taken && taken.error().code == Code::busy ? taken.error().message : "";
}
// Until the board can be had: what stands in front finds no listener here and goes to the one who holds it. False: ended.
bool stand_by(Context& context, const std::string& path, const sigset_t& ends) {
    std::unique_ptr<store::Watch> watch;
    for (bool told = false;; told = true) {
        const std::string by = had_by(path, watch);
        if (by.empty()) return true;
        if (!told) {
            const bool en = context.language() == model::Language::en;
            std::fprintf(stderr, "%s: %s\n", en ? "standing by" : "待命", by.c_str());
        }
        const timespec second{1, 0};
        if (::sigtimedwait(&ends, nullptr, &second) > 0) return false;
    }
}

/// What a service of this board is told by the options. One that only reads keeps no files of its own and makes no key.
Result<api::Settings> settings_for(board::Board& board, const std::string& path, const ServeOptions& options) {
    api::Settings settings;
    settings.code = code_of(path);
    if (!board.read_only()) settings.path = path;
    settings.secure = options.behind_tls || !options.certificate.empty();
    settings.demo_people = !options.no_demo && loopback(options.host) && !board.note().empty() && stands_still(board);
    if (settings.demo_people)
        for (auto& one : demo::telling_people()) settings.introduced.push_back({one.person, {one.says[0], one.says[1], one.says[2]}});
    if (!options.oidc.empty()) {
        YIPAN_TRY(settings.oidc, read_oidc(options.oidc));
    }
    if (!options.mail.empty()) {
        YIPAN_TRY(auto mail, read_mail(options.mail, settings.home));
        settings.mail_host = settings.code + "." + mail.from.substr(mail.from.find('@') + 1);
        settings.mail = std::move(mail);
    }
    std::error_code unimportant;
    if (!board.read_only() || std::filesystem::exists(key_file(path, options.signing_key), unimportant)) {
        YIPAN_TRY(settings.signer, signing_key(board, path, options.signing_key));
    }
    if (options.admin_factor_days >= 0 && (board.note().empty() || !settings.demo_people)) settings.admin_factor_days = options.admin_factor_days;
    settings.named_hosts = {options.hosts.begin(), options.hosts.end()};
    if (!page_files().empty())
        settings.asset = [](std::string_view wanted) -> const api::Asset* {
            const auto& files = page_files();
            const auto at = std::find_if(files.begin(), files.end(), [&](const api::Asset& a) { return a.path == wanted; });
            return at == files.end() ? nullptr : &*at;
        };
    for (const EmbeddedFile& file : embedded_data())
        if (file.path.ends_with("/holidays.csv"))
            if (auto calendar = WorkCalendar::parse(file.text, std::string(file.path))) settings.calendar = std::move(*calendar);
    if (options.access_log)
        settings.log = [](std::string_view line) { std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data()); };
    return settings;
}

using Links = std::vector<std::pair<std::string, std::string>>;
/// Says where the board is served.
void tell(Context& context, const ServeOptions& options, const std::string& home, int port, const api::Settings& settings, const Links& links, bool writes) {
    if (context.json) {
        json::array list;
        for (const auto& [account, secret] : links) list.push_back({{"account", account}, {"link", home + "password#" + secret}});
        print_json(json::object{{"address", home}, {"port", port}, {"demo_people", settings.demo_people}, {"links", std::move(list)}, {"writes", writes}});
    } else {
        const bool en = context.language() == model::Language::en;
        if (options.ports_to_try > 1 && port != options.port)
            print((en ? "port " : "端口 ") + std::to_string(options.port) + (en ? " is taken\n" : " 已被占用\n"));
        print((en ? "serving " : "服务地址: ") + home + "\n");
        if (!writes) print(en ? "another process writes the board: what writes is taken to it\n" : "另一进程在写此盘: 写入转交该进程\n");
        if (settings.demo_people) print(en ? "demo board: pick a fictional person on the page\n" : "示例一盘: 在网页上选一位虚构人员即可进入\n");
        if (page_files().empty()) print(en ? "built without the page: the API only\n" : "此程序未带网页（构建时缺 node），只有接口\n");
        for (const auto& [account, secret] : links)
            print((en ? "first password of " : "首次设置密码 ") + account + ": " + home + "password#" + secret + "\n");
        print(en ? "Ctrl-C ends\n" : "按 Ctrl-C 结束\n");
    }
    std::fflush(stdout);
}
std::string home_of(const ServeOptions& options, int port, const std::string& code) {
    return (options.certificate.empty() ? "http://" : "https://") + options.host + ":" + std::to_string(port) + "/b/" + code + "/";
}

// ---- a board in a database, served by several processes (decision 0042) ----
/// What stands behind the front: the board open for writing, or following whoever writes it.
struct Part {
    std::unique_ptr<board::Board> board;
    std::unique_ptr<api::Service> service;
    std::shared_ptr<const void> visitors;  // nobody else holds it: nothing of it is under way
    bool writes = false;
    bool over() const { return visitors.use_count() <= 1; }
};

class Shared {
  public:
    Shared(Context& context, const std::string& path, const ServeOptions& options)
        : context_(context), path_(path), options_(options), front_({path, [this] { nudged_ = true; }, std::chrono::milliseconds(8'000), std::chrono::milliseconds(2'000)}) {}
    int run(const sigset_t& ends);

  private:
    Checked<Part> writer() { return part({}, path_); }
    Checked<Part> reader() {
        board::Options how;
        how.follow = true;
        return part(how, options_.replica.empty() ? path_ : options_.replica);
    }
    Checked<Part> part(const board::Options& how, const std::string& at);
    void take(Part next);
    void look();
    Result<store::Holding> holding();
    void tell_trouble(const Errors& errors);

    Context& context_;
    const std::string& path_;
    const ServeOptions& options_;
    std::atomic<bool> nudged_{false};
    api::Front front_;
    std::unique_ptr<net::Server> listening_, inner_;
    std::string home_, inner_address_, told_;
    Part now_;
    std::vector<Part> leaving_;
    std::unique_ptr<store::Watch> watch_;
    std::chrono::steady_clock::time_point looked_;
};

Checked<Part> Shared::part(const board::Options& how, const std::string& at) {
    Part out;
    out.writes = !how.follow;
    auto opened = board::Board::open(at, how);
    if (!opened) return fail(opened.error());
    out.board = std::move(*opened);
    if (const auto damage = out.board->damage(); out.writes && damage)
        return fail(Errors{{Code::read_only, path_, "the board does not verify and is open for reading only: " + damage->text(), "yipan verify names all damage; restore a copy that verifies"}});
    auto settings = settings_for(*out.board, path_, options_);
    if (!settings) return fail(Errors{settings.error()});
    auto service = api::Service::open(*out.board, std::move(*settings));
    if (!service) return fail(Errors{service.error()});
    out.service = std::move(*service);
    out.service->settings().later = [this](std::function<void()> what) { listening_->later(std::move(what)); };
    out.service->settings().connection_metrics = [this, writes = out.writes] {
        const auto line = [](const char* kind, const char* name, std::int64_t v) { return std::string("# TYPE yipan_") + name + " " + kind + "\nyipan_" + name + " " + std::to_string(v) + "\n"; };
        return metrics_of(*listening_) + line("gauge", "writes_the_board", writes) + line("counter", "requests_carried_total", front_.counts().carried) +
               line("counter", "requests_not_carried_total", front_.counts().failed);
    };
    if (out.writes) {  // so that processes that only read find it
        if (const auto secret = out.service->shared_secret(); !secret) return fail(Errors{secret.error()});
    }
    return out;
}

// Once for each sentence.
void Shared::tell_trouble(const Errors& errors) {
    const std::string said = errors.empty() ? "" : errors.front().text();
    if (said != told_) std::fprintf(stderr, "%s\n", said.c_str());
    told_ = said;
}

void Shared::take(Part next) {
    next.visitors = front_.seat(*next.service, next.writes);
    if (next.writes) {
        next.service->ticker().start();
        next.board->announce(api::announced(home_, inner_address_));
    }
    std::swap(now_, next);
    if (!next.board) return;
    const bool en = context_.language() == model::Language::en;
    std::fprintf(stderr, "%s\n", now_.writes ? (en ? "this process writes the board from now on" : "自此由本进程写入此盘") : (en ? "another process writes the board: this one reads, and takes what writes to it" : "另一进程在写此盘: 本进程只读，写入转交该进程"));
    next.service->stop();
    leaving_.push_back(std::move(next));
}

Result<store::Holding> Shared::holding() {
    if (!watch_) {
        YIPAN_TRY(watch_, store::watch(path_));
    }
    auto seen = watch_->look();
    if (!seen) watch_.reset();
    return seen;
}

void Shared::look() {
    constexpr std::chrono::milliseconds look_every{500};
    std::erase_if(leaving_, [](Part& p) {
        if (!p.over()) return false;
        p.service->leave();
        p.service.reset();
        return true;
    });
    const auto time = std::chrono::steady_clock::now();
    const bool nudged = nudged_.exchange(false);
    if (!nudged && time - looked_ < look_every) return;
    looked_ = time;
    if (options_.idle_s > 0 && now_.service->may_rest() && now_.board->rest(time, std::chrono::seconds(options_.idle_s))) front_.rest();
    if (now_.writes) {
        if (!now_.board->ousted()) {
            watch_.reset();  // of a time when another wrote
            return;
        }
    }
    const auto seen = holding();
    if (!seen) return tell_trouble({seen.error()});
    Checked<Part> next;
    if (now_.writes) {  // whoever wrote in between may be gone again
        next = seen->held ? reader() : writer();
    } else {
        // One that rests answers when it is asked; it is left alone until it does not.
        if (seen->held && !(seen->resting && nudged)) return;
        next = writer();
        if (!next && next.error().size() == 1 && next.error()[0].code == Code::busy) return;  // another was quicker
    }
    if (!next) return tell_trouble(next.error());
    told_.clear();
    take(std::move(*next));
}

int Shared::run(const sigset_t& ends) {
    auto first = writer();
    if (!first && first.error().size() == 1 && first.error()[0].code == Code::busy) first = reader();
    if (!first) return refuse(context_, first.error());
    const Links links = [&]() -> Links {
        if (!first->writes) return {};
        auto made = first->service->accounts().first_links();
        return made ? std::move(*made) : Links{};
    }();
    front_.seat(*first->service, first->writes);  // a server asks its plan from the first request on
    auto server = net::Server::open(front_, {options_.host, options_.port, options_.ports_to_try, options_.certificate, options_.key, {options_.proxies.begin(), options_.proxies.end()}});
    if (!server) return refuse(context_, server.error());
    listening_ = std::move(*server);
    net::Listen inner;
    inner.host = options_.host == "0.0.0.0" || options_.host == "::" ? "127.0.0.1" : options_.host;
    inner.port = 0;
    if (const std::size_t colon = options_.inner.rfind(':'); !options_.inner.empty()) {
        const std::optional<std::int64_t> port = colon == std::string::npos ? std::nullopt : api::whole_number(std::string_view(options_.inner).substr(colon + 1));
        if (!port || *port < 0 || *port > 65'535) return refuse(context_, Error{Code::usage, "--inner", "not HOST:PORT", "10.0.0.3:8081"});
        inner.host = options_.inner.substr(0, colon);
        if (inner.host.starts_with('[') && inner.host.ends_with(']')) inner.host = inner.host.substr(1, inner.host.size() - 2);
        inner.port = static_cast<int>(*port);
    }
    auto door = net::Server::open(front_.inner_door(), inner);
    if (!door) return refuse(context_, door.error());
    inner_ = std::move(*door);
    const bool six = inner.host.find(':') != std::string::npos;
    inner_address_ = (six ? "[" + inner.host + "]" : inner.host) + ":" + std::to_string(inner_->port());
    home_ = home_of(options_, listening_->port(), code_of(path_));
    listening_->start();
    inner_->start();
    take(std::move(*first));
    tell(context_, options_, home_, listening_->port(), now_.service->settings(), links, now_.writes);
    constexpr timespec tenth{0, 100'000'000};
    while (::sigtimedwait(&ends, nullptr, &tenth) < 0) look();
    if (!context_.json) print("\n");
    now_.service->stop();
    for (Part& p : leaving_) p.service->stop();
    front_.stop();
    listening_->stop();
    inner_->stop();
    for (Part& p : leaving_) p.service->leave();
    now_.service->leave();
    return 0;
}
}  // namespace

int serve(Context& context, const std::string& path, const ServeOptions& options) {
    // Signals are taken by this thread only, so they are blocked before any other starts.
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, nullptr);
    std::signal(SIGPIPE, SIG_IGN);

    if (options.standby && !stand_by(context, path, ends)) return 0;
    if (store::is_address(path)) {
        if (!options.backup_folder.empty())
            if (const auto ok = store::wants_file(path, "serve --backup", "leave the option out: let a timer run yipan backup ADDRESS FOLDER, or use the database's own backups"); !ok) return refuse(context, ok.error());
        return Shared(context, path, options).run(ends);
    }
    if (!options.replica.empty() || !options.inner.empty())
        return refuse(context, Error{Code::usage, options.replica.empty() ? "--inner" : "--replica", "is for a board in a database, which several processes serve", "leave it out"});
    const auto board = open_board(context, path, Access::write);
    if (!board) return context.exit_code;
    auto settings = settings_for(*board, path, options);
    if (!settings) return refuse(context, settings.error());
    auto service = api::Service::open(*board, *settings);
    if (!service) return refuse(context, service.error());
    auto server = net::Server::open(**service, {options.host, options.port, options.ports_to_try, options.certificate, options.key, {options.proxies.begin(), options.proxies.end()}});
    if (!server) return refuse(context, server.error());
    net::Server& listening = **server;
    (*service)->settings().later = [&listening](std::function<void()> what) { listening.later(std::move(what)); };
    std::optional<board::BackupKeeper> backups;
    if (!options.backup_folder.empty())
        backups.emplace(path, board::BackupPlan{options.backup_folder, options.backup_every_hours * std::int64_t{3'600}, options.backup_keep}, tell_backup);
    if (backups) {
        (*service)->settings().backups = [&backups] { return backups->state(); };
        (*service)->settings().back_up = [&backups] { backups->now(); };
    }
    (*service)->settings().connection_metrics = [&listening, &backups] {
        return metrics_of(listening) + (backups ? metrics_of(backups->state()) : std::string());
    };
    const auto links = (*service)->accounts().first_links();
    if (!links) return refuse(context, links.error());
    listening.start();
    if (!board->read_only()) (*service)->ticker().start();  // what time does; tests of the API move it themselves

    const std::string home = home_of(options, listening.port(), settings->code);
    board->announce(home);
    tell(context, options, home, listening.port(), *settings, *links, true);
    int signal = 0;
    sigwait(&ends, &signal);
    if (!context.json) print("\n");
    (*service)->stop();
    listening.stop();
    (*service)->leave();
    return 0;
}

namespace {
int account(Context& context, const std::string& path, const std::string& name, const std::string& person, const std::string& admin) {
    const auto board = open_board(context, path, Access::write);
    if (!board) return context.exit_code;
    auto accounts = access::Accounts::open(*board);
    if (!accounts) return refuse(context, accounts.error());
    (*accounts)->channel = cli_channel();
    RecordId id;
    if (!person.empty()) {
        const auto snapshot = board->snapshot();
        if (snapshot->model().identity.person < 0) return refuse(context, Error{Code::not_found, "person", "the model does not say who a person is", ""});
        const auto found = snapshot->find(snapshot->model().identity.person, person);
        if (!found) return refuse(context, found.error());
        id = *found;
    }
    const bool known = (*accounts)->find(name).has_value();
    if (known && (!person.empty() || !admin.empty()))
        return refuse(context, Error{Code::duplicate, name, "the account exists already", "without --person and --admin: a new link for its password"});
    const auto link = known ? (*accounts)->link({}, name) : (*accounts)->add({}, name, id, admin);
    if (!link) return refuse(context, link.error());
    const std::string address = "/b/" + code_of(path) + "/password#" + *link;
    if (context.json)
        print_json(json::object{{"account", name}, {"link", address}});
    else
        print(name + ": " + address + "\n");
    return 0;
}
}  // namespace

void add_serve_commands(CLI::App& app, Context& context) {
    CLI::App* command = app.add_subcommand("serve", "the board over HTTP until Ctrl-C: page and API");
    auto path = std::make_shared<std::string>();
    auto options = std::make_shared<ServeOptions>();
    command->add_option("BOARD", *path, "the board")->required();
    command->add_option("--host", options->host, "address to listen on; 0.0.0.0: every one");
    command->add_option("--port", options->port, "port; 0: any free one")->check(CLI::Range(0, 65535));
    command->add_option("--cert", options->certificate, "TLS certificate chain (PEM)");
    command->add_option("--key", options->key, "its key (PEM)");
    command->add_flag("--behind-tls", options->behind_tls, "a proxy in front speaks TLS: cookies say Secure");
    command->add_option("--proxy", options->proxies, "address of a proxy in front whose X-Forwarded-For and -Proto are believed; again for another");
    command->add_option("--admin-factor-days", options->admin_factor_days, "administrators need their second factor when their account is so many days old (-1: never)")->check(CLI::Range(-1, 3'650));
    command->add_flag("--access-log", options->access_log, "one JSON line for each request on stderr, without secrets");
    command->add_option("--backup", options->backup_folder, "folder for backups, best on another disk");
    command->add_option("--backup-every", options->backup_every_hours, "hours between them")->check(CLI::Range(1, 24 * 365));
    command->add_option("--backup-keep", options->backup_keep, "how many stay")->check(CLI::Range(1, 10'000));
    command->add_option("--replica", options->replica, "of a board in a database: the address of a replica to read from while another process writes");
    command->add_option("--inner", options->inner, "HOST:PORT where other processes of the same board ask this one (docs/operations.md)");
    command->add_option("--idle", options->idle_s, "of a board in a database: seconds without use after which its connections are given back; 0: never")->check(CLI::Range(0, 86'400));
    command->add_flag("--standby", options->standby, "while another process serves the board, wait and take its place when it is gone");
    command->add_flag("--no-demo", options->no_demo, "a demo board asks for accounts like any other");
    command->add_option("--oidc", options->oidc, "file that says which provider signs in (docs/security.md)");
    command->add_option("--mail", options->mail, "file that says which mail server takes letters (docs/serving.md)");
    command->add_option("--signing-key", options->signing_key, "file of the key that signs checkpoints and proofs; BOARD-key, made when it is not there");
    command->add_option("--hook-host", options->hosts, "an inner host that webhooks may reach; again for another");
    on_run(command, context, [&context, path, options] { return serve(context, *path, *options); });

    CLI::App* accounts = app.add_subcommand("account", "add an account, or make a new link for its password (works once, for a week)");
    auto board = std::make_shared<std::string>();
    auto name = std::make_shared<std::string>(), person = std::make_shared<std::string>(), admin = std::make_shared<std::string>();
    accounts->add_option("BOARD", *board, "the board")->required();
    accounts->add_option("NAME", *name, "of the account")->required();
    accounts->add_option("--person", *person, "key of the person it belongs to");
    accounts->add_option("--admin", *admin, "one of the three administrators")->check(CLI::IsMember({"system", "security", "audit"}));
    on_run(accounts, context, [&context, board, name, person, admin] { return account(context, *board, *name, *person, *admin); });
}

}  // namespace yipan::app
