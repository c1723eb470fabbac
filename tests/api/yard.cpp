#include "api/yard.h"

#include <unistd.h>

#include <boost/json.hpp>

#include "base/check.h"
#include "demo_board.h"

namespace yipan::test {
namespace json = boost::json;
namespace {
constexpr const char* password = "a long fictional password";
}

Yard& Yard::get() {
    static Yard yard;
    return yard;
}

Yard::Yard() {
    folder = std::filesystem::temp_directory_path() / ("yipan_api_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    const std::string path = (folder / "demo.board").string();
    YIPAN_CHECK(app::make_demo(path, {}).has_value());
    board_ = std::move(*board::Board::open(path));
    api::Settings settings;
    settings.code = "demo";
    settings.demo_people = true;
    settings.signer = std::move(*journal::SignerKey::generate(*board_->snapshot()->origin()));
    service_ = std::move(*api::Service::open(*board_, settings));
    server_ = std::move(*net::Server::open(*service_, {"127.0.0.1", 0, 1, "", ""}));
    service_->settings().later = [this](std::function<void()> what) { server_->later(std::move(what)); };
    const auto links = service_->accounts().first_links();
    server_->start();
    people_["nobody"] = {};
    enter("head", "临港合作园负责人");
    enter("leader", "党工委负责人");
    enter("clerk", "合作园项目办3岗");
    enter("staff", "经济发展局10岗");
    for (const auto& [account, link] : *links) enter_account(account.substr(0, account.find('-')), account, link);
    // An account of a person with a post, and a token of it that may read only.
    const auto link = service_->accounts().add({}, "reader", service_->accounts().session(who("staff").cookie)->person, "");
    enter_account("reader", "reader", *link);
    const Reply made = answer("reader", {"POST", "/b/demo/api/tokens", {}, R"({"name":"test","scopes":["read"],"days":1})"});
    people_["token"].token = std::string(json::parse(made.body).at("token").as_string());
    // A device on the wall that shows what the clerk's post may see of figures.
    const std::int64_t post = service_->accounts().session(who("clerk").cookie)->post.value;
    const Reply device = answer("system", {"POST", "/b/demo/api/devices", {}, json::serialize(json::object{{"name", "大厅"}, {"post", post}})});
    people_["wall"].token = std::string(json::parse(device.body).at("token").as_string());
}
Yard::~Yard() {
    service_->stop();
    server_->stop();
    server_.reset();
    service_.reset();
    board_.reset();
    std::filesystem::remove_all(folder);
}

Ask Yard::as(const std::string& name, Ask ask) const {
    const Identity& who = people_.at(name);
    if (!who.cookie.empty()) ask.headers.emplace_back("Cookie", "yipan_session=" + who.cookie);
    if (!who.csrf.empty() && ask.method != "GET" && ask.method != "HEAD") ask.headers.emplace_back("X-CSRF-Token", who.csrf);
    if (!who.token.empty()) ask.headers.emplace_back("Authorization", "Bearer " + who.token);
    if (!ask.body.empty() && std::none_of(ask.headers.begin(), ask.headers.end(), [](const auto& h) { return h.first == "Content-Type"; }))
        ask.headers.emplace_back("Content-Type", "application/json");
    return ask;
}
Reply Yard::answer(const std::string& name, Ask ask) const {
    const auto reply = test::ask(port(), as(name, std::move(ask)));
    return reply ? *reply : Reply{};
}

namespace {
Identity identity_of(const Reply& reply) {
    const std::string cookie = reply.header("set-cookie");
    const std::size_t from = cookie.find('=') + 1;
    return {cookie.substr(from, cookie.find(';') - from), std::string(json::parse(reply.body).at("csrf").as_string()), {}};
}
}  // namespace

void Yard::enter(const std::string& name, const std::string& post_title) {
    const auto snapshot = board_->snapshot();
    const model::Type& posts = snapshot->model().types[static_cast<std::size_t>(snapshot->model().identity.post)];
    RecordId post;
    YIPAN_CHECK(snapshot->each(posts.index, [&](const record::RecordPtr& r) {
        if (r->at(posts.title) == record::Value{post_title}) post = r->id;
        return post.value == 0;
    }).has_value());
    const auto directory = service_->rights().directory();
    for (const auto& [person, held] : (*directory)->people())
        for (const auto& h : held)
            if (h.post == post) {
                const Reply reply = answer("nobody", {"POST", "/b/demo/api/demo/session", {}, json::serialize(json::object{{"person", person}, {"post", post.value}})});
                YIPAN_CHECK(reply.status == 200);
                people_[name] = identity_of(reply);
                return;
            }
    YIPAN_CHECK(false);
}
void Yard::enter_account(const std::string& name, const std::string& account, const std::string& link) {
    YIPAN_CHECK(answer("nobody", {"POST", "/b/demo/api/password", {}, json::serialize(json::object{{"token", link}, {"new", password}})}).status == 200);
    const Reply reply = answer("nobody", {"POST", "/b/demo/api/session", {}, json::serialize(json::object{{"account", account}, {"password", password}})});
    YIPAN_CHECK(reply.status == 200);
    people_[name] = identity_of(reply);
}

}  // namespace yipan::test
