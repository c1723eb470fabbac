// yipan serve: the board over HTTP. yipan account: accounts without a server.
#include "serve.h"

#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <span>
#include <thread>

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

/// The key that signs checkpoints and proofs: the file named, or BOARD-key, made when it is not there.
Result<journal::SignerKey> signing_key(board::Board& board, const std::string& path, const std::string& given) {
    const std::string at = given.empty() ? store::beside_stem(path) + "-key" : given;
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
// Until the board can be had: what stands in front finds no listener here and goes to the one who holds it. False: ended.
bool stand_by(Context& context, const std::string& path, const sigset_t& ends) {
    for (bool told = false;; told = true) {
        const auto taken = store::open(path, store::Access::write);  // given back at once, to be opened whole
        if (taken || taken.error().code != Code::busy) return true;  // what else is wrong, opening it says
        if (!told) {
            const bool en = context.language() == model::Language::en;
            std::fprintf(stderr, "%s: %s\n", en ? "standing by" : "待命", taken.error().message.c_str());
        }
        const timespec second{1, 0};
        if (::sigtimedwait(&ends, nullptr, &second) > 0) return false;
    }
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
    const auto board = open_board(context, path, Access::write);
    if (!board) return context.exit_code;
    api::Settings settings;
    settings.code = code_of(path);
    settings.path = path;
    settings.secure = options.behind_tls || !options.certificate.empty();
    settings.demo_people = !options.no_demo && loopback(options.host) && !board->note().empty() && stands_still(*board);
    if (settings.demo_people)
        for (auto& one : demo::telling_people()) settings.introduced.push_back({one.person, {one.says[0], one.says[1], one.says[2]}});
    if (!options.oidc.empty()) {
        auto oidc = read_oidc(options.oidc);
        if (!oidc) return refuse(context, oidc.error());
        settings.oidc = std::move(*oidc);
    }
    if (!options.mail.empty()) {
        auto mail = read_mail(options.mail, settings.home);
        if (!mail) return refuse(context, mail.error());
        settings.mail_host = settings.code + "." + mail->from.substr(mail->from.find('@') + 1);
        settings.mail = std::move(*mail);
    }
    auto signer = signing_key(*board, path, options.signing_key);
    if (!signer) return refuse(context, signer.error());
    settings.signer = std::move(*signer);
    if (options.admin_factor_days >= 0 && (board->note().empty() || !settings.demo_people)) settings.admin_factor_days = options.admin_factor_days;
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
    auto service = api::Service::open(*board, settings);
    if (!service) return refuse(context, service.error());
    auto server = net::Server::open(**service, {options.host, options.port, options.ports_to_try, options.certificate, options.key, {options.proxies.begin(), options.proxies.end()}});
    if (!server) return refuse(context, server.error());
    net::Server& listening = **server;
    (*service)->settings().later = [&listening](std::function<void()> what) { listening.later(std::move(what)); };
    if (!options.backup_folder.empty())
        if (const auto ok = store::wants_file(path, "serve --backup", "leave the option out: pg_dump, or the database's own backups, take its place"); !ok) return refuse(context, ok.error());
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

    const std::string scheme = options.certificate.empty() ? "http://" : "https://";
    const std::string address = scheme + options.host + ":" + std::to_string(listening.port()) + "/";
    const std::string home = address + "b/" + settings.code + "/";
    board->announce(home);
    if (context.json) {
        json::array list;
        for (const auto& [account, secret] : *links) list.push_back({{"account", account}, {"link", home + "password#" + secret}});
        print_json(json::object{{"address", home}, {"port", listening.port()}, {"demo_people", settings.demo_people}, {"links", std::move(list)}});
    } else {
        const bool en = context.language() == model::Language::en;
        if (options.ports_to_try > 1 && listening.port() != options.port)
            print((en ? "port " : "端口 ") + std::to_string(options.port) + (en ? " is taken\n" : " 已被占用\n"));
        print((en ? "serving " : "服务地址: ") + home + "\n");
        if (settings.demo_people) print(en ? "demo board: pick a fictional person on the page\n" : "示例一盘: 在网页上选一位虚构人员即可进入\n");
        if (page_files().empty()) print(en ? "built without the page: the API only\n" : "此程序未带网页（构建时缺 node），只有接口\n");
        for (const auto& [account, secret] : *links)
            print((en ? "first password of " : "首次设置密码 ") + account + ": " + home + "password#" + secret + "\n");
        print(en ? "Ctrl-C ends\n" : "按 Ctrl-C 结束\n");
    }
    std::fflush(stdout);
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
