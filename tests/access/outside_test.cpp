// What comes from or goes to other servers: tokens of a sign-in provider, addresses that must not be reached, webhooks.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "access/house.h"
#include "access/id_token.h"
#include "api/hooks.h"
#include "journal/proof.h"
#include "net/fetch.h"

namespace yipan::test {
namespace {

// -- tokens
struct Signer {
    EVP_PKEY* key = EVP_RSA_gen(2048);
    ~Signer() { EVP_PKEY_free(key); }
    std::string number(const char* name) const {
        BIGNUM* n = nullptr;
        EVP_PKEY_get_bn_param(key, name, &n);
        std::string out(static_cast<std::size_t>(BN_num_bytes(n)), '\0');
        BN_bn2bin(n, reinterpret_cast<unsigned char*>(out.data()));
        BN_free(n);
        return out;
    }
    json::value keys(const std::string& id) const {
        return json::object{{"keys", json::array{json::object{{"kty", "RSA"}, {"use", "sig"}, {"kid", id}, {"n", access::base64url(number(OSSL_PKEY_PARAM_RSA_N))},
                                                              {"e", access::base64url(number(OSSL_PKEY_PARAM_RSA_E))}}}}};
    }
    std::string token(const json::object& claims, const json::object& header) const {
        const std::string text = access::base64url(json::serialize(header)) + "." + access::base64url(json::serialize(claims));
        EVP_MD_CTX* context = EVP_MD_CTX_new();
        std::size_t n = 0;
        EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key);
        EVP_DigestSign(context, nullptr, &n, reinterpret_cast<const unsigned char*>(text.data()), text.size());
        std::string signature(n, '\0');
        EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &n, reinterpret_cast<const unsigned char*>(text.data()), text.size());
        signature.resize(n);
        EVP_MD_CTX_free(context);
        return text + "." + access::base64url(signature);
    }
};

TEST(IdToken, is_believed_only_when_signed_by_the_provider_for_us_in_time_and_for_this_question) {
    const Signer provider, stranger;
    const access::Expected expected{"https://idp.example", "yipan", "the nonce", 1'000'000};
    const json::object header{{"alg", "RS256"}, {"kid", "k1"}},
        good{{"iss", "https://idp.example"}, {"aud", "yipan"}, {"sub", "zhang"}, {"nonce", "the nonce"}, {"iat", 999'990}, {"exp", 1'000'300}};
    const json::value keys = provider.keys("k1");
    const auto with = [&](std::initializer_list<std::pair<const char*, json::value>> changes) {
        json::object out = good;
        for (const auto& [key, value] : changes) {
            if (value.is_null()) out.erase(key);
            else out[key] = value;
        }
        return out;
    };
    const auto taken = [&](const json::object& claims) { return access::verified_claims(provider.token(claims, header), keys, expected).has_value(); };
    EXPECT_TRUE(taken(good));
    EXPECT_TRUE(taken(with({{"aud", json::array{"yipan"}}})));
    EXPECT_TRUE(taken(with({{"aud", json::array{"yipan", "other"}}, {"azp", "yipan"}})));
    const std::pair<const char*, json::object> wrong[] = {
        {"another issuer", with({{"iss", "https://idp.example.evil"}})}, {"no issuer", with({{"iss", nullptr}})}, {"for another", with({{"aud", "other"}})},
        {"for nobody", with({{"aud", nullptr}})}, {"for several", with({{"aud", json::array{"yipan", "other"}}})},
        {"given to another", with({{"azp", "other"}})}, {"over", with({{"exp", 999'800}})}, {"no end", with({{"exp", nullptr}})},
        {"made later", with({{"iat", 1'000'500}})}, {"made long ago", with({{"iat", 990'000}})}, {"another question", with({{"nonce", "the nonc3"}})},
        {"no question", with({{"nonce", nullptr}})}, {"nobody", with({{"sub", nullptr}})}};
    for (const auto& [what, claims] : wrong) EXPECT_FALSE(taken(claims)) << what;
    const std::string token = provider.token(good, header);
    EXPECT_FALSE(access::verified_claims(token, stranger.keys("k1"), expected)) << "another's key";
    EXPECT_FALSE(access::verified_claims(token, provider.keys("k2"), expected)) << "another key's name";
    EXPECT_FALSE(access::verified_claims(stranger.token(good, header), keys, expected)) << "signed by another";
    for (const char* algorithm : {"none", "HS256", "RS512", "", "rs256"})
        EXPECT_FALSE(access::verified_claims(provider.token(good, {{"alg", algorithm}, {"kid", "k1"}}), keys, expected)) << algorithm;
    const std::string unsigned_token = access::base64url(R"({"alg":"none"})") + token.substr(token.find('.'), token.rfind('.') - token.find('.')) + ".";
    EXPECT_FALSE(access::verified_claims(unsigned_token, keys, expected));
    EXPECT_FALSE(access::verified_claims(provider.token(good, {{"alg", "RS256"}, {"kid", "k1"}, {"crit", json::array{"x"}}}), keys, expected));
    // One changed letter anywhere.
    for (std::size_t at = 0; at < token.size(); at += 7) {
        std::string bent = token;
        bent[at] = bent[at] == 'A' ? 'B' : 'A';
        EXPECT_FALSE(access::verified_claims(bent, keys, expected)) << at;
    }
    for (const char* nonsense : {"", ".", "..", "a.b", "a.b.c", "a.b.c.d", "é.é.é"}) EXPECT_FALSE(access::verified_claims(nonsense, keys, expected)) << nonsense;
    EXPECT_FALSE(access::verified_claims(token, json::value(nullptr), expected));
}

// -- addresses
TEST(Fetch, inner_addresses_are_refused_however_they_are_written_unless_their_host_is_named) {
    for (const char* inner : {"127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255",
                              "::1", "::", "fe80::1", "fc00::1", "fd12::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1", "ff02::1", "nonsense"})
        EXPECT_TRUE(net::inner_address(inner)) << inner;
    for (const char* open : {"1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111"}) EXPECT_FALSE(net::inner_address(open)) << open;
    for (const char* url : {"http://127.0.0.1:1/", "http://localhost:1/", "http://[::1]:1/", "http://2130706433:1/", "http://0x7f.1:1/", "http://127.1:1/"}) {
        net::Fetch asked;
        asked.url = url;
        const auto got = net::fetch(asked);
        ASSERT_FALSE(got) << url;
        EXPECT_EQ(got.error().code, Code::not_allowed) << url << " " << got.error().text();
    }
    net::Fetch named;
    named.url = "http://127.0.0.1:1/";
    named.named = {"127.0.0.1"};
    const auto got = net::fetch(named);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, Code::busy) << "let through, and nobody there";
    for (const char* url : {"file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/", "", "nonsense"}) {
        net::Fetch other;
        other.url = url;
        other.named = {"127.0.0.1", ""};
        EXPECT_FALSE(net::fetch(other)) << url;
    }
}

// -- webhooks
/// A server that answers what it is told to and keeps what it got.
class Ear {
  public:
    Ear() {
        socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t n = sizeof at;
        if (::bind(socket_, reinterpret_cast<sockaddr*>(&at), n) != 0 || ::listen(socket_, 20) != 0) return;
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&at), &n);
        port = ntohs(at.sin_port);
        thread_ = std::thread([this] { listen(); });
    }
    ~Ear() {
        ending_ = true;
        thread_.join();
        ::close(socket_);
    }
    std::vector<std::string> heard() {
        const std::lock_guard lock(mutex_);
        return heard_;
    }
    std::vector<std::string> wait(std::size_t n, double seconds = 15) {
        for (int i = 0; i < static_cast<int>(seconds * 50) && heard().size() < n; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
        return heard();
    }
    int port = 0;
    std::atomic<int> status{200};

  private:
    void listen() {
        while (!ending_) {
            pollfd wait{socket_, POLLIN, 0};
            if (::poll(&wait, 1, 50) <= 0) continue;
            const int other = ::accept(socket_, nullptr, nullptr);
            std::string all;
            char piece[4096];
            while (true) {
                const std::size_t end = all.find("\r\n\r\n");
                if (end != std::string::npos) {
                    const std::size_t at = all.find("Content-Length: ");
                    const std::size_t length = at == std::string::npos ? 0 : static_cast<std::size_t>(std::atoll(all.c_str() + at + 16));
                    if (all.size() >= end + 4 + length) break;
                }
                const ssize_t n = ::recv(other, piece, sizeof piece, 0);
                if (n <= 0) break;
                all.append(piece, static_cast<std::size_t>(n));
            }
            {
                const std::lock_guard lock(mutex_);
                heard_.push_back(all);
            }
            const std::string answer = "HTTP/1.1 " + std::to_string(status.load()) + " X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            (void)::send(other, answer.data(), answer.size(), MSG_NOSIGNAL);
            ::close(other);
        }
    }
    int socket_ = -1;
    std::atomic<bool> ending_{false};
    std::thread thread_;
    std::mutex mutex_;
    std::vector<std::string> heard_;
};

class Webhooks : public testing::Test {
  protected:
    static api::Settings settings() {
        api::Settings s;
        s.named_hosts = {"127.0.0.1"};
        return s;
    }
    static House::Guest owner(House& house, const std::string& name, const std::string& person) {
        const auto link = house.accounts().add({}, name, *house.board().snapshot()->find(house.board().model()->identity.person, person), "");
        std::string said;
        EXPECT_TRUE(house.accounts().set_password_by_link(*link, "correct horse battery staple", said));
        bool needed = false;
        auto opened = house.accounts().sign_in({name, "correct horse battery staple", "", "test", "10.0.0.1"}, needed);
        EXPECT_TRUE(opened);
        const auto directory = house.service().rights().directory();
        const RecordId post = (*directory)->posts_of(opened->session.person).front().post;
        EXPECT_TRUE(house.accounts().choose_post(opened->session, post));
        return {opened->secret, opened->session.csrf, opened->session.person, post};
    }
    static board::Receipt amend(House& house, const char* type, const char* key, const char* field, const std::string& text) {
        board::Draft d;
        d.channel = "test";
        board::Change c;
        c.verb = board::Verb::amend;
        c.type = house.board().model()->find_type(type);
        c.record = *house.board().snapshot()->find(c.type, key);
        c.set = {{house.board().model()->types[static_cast<std::size_t>(c.type)].find(field), text}};
        d.changes.push_back(std::move(c));
        const auto done = house.board().apply(std::move(d));
        EXPECT_TRUE(done) << text_of(done.error());
        return *done;
    }
};

TEST_F(Webhooks, tell_signed_cloudevents_in_order_only_of_what_the_owner_may_see_and_again_after_a_failure) {
    House house("hooks", settings());
    Ear ear;
    const House::Guest guest = owner(house, "park.clerk", "R-PPX-2");
    const auto made = house.ask(guest, "POST", "/webhooks", json::serialize(json::object{{"url", "http://127.0.0.1:" + std::to_string(ear.port) + "/hook"}}));
    ASSERT_EQ(made.status, 201) << made.text;
    const std::string secret(made.body.at("secret").as_string());
    EXPECT_EQ(house.ask(guest, "GET", "/webhooks").text.find(secret), std::string::npos) << "shown once";

    ear.status = 503;  // first it fails
    const auto first = amend(house, "organ", "PP", "name", "临港合作园甲");
    ASSERT_GE(ear.wait(1).size(), 1U);
    // One that is not the park's.
    const auto who = house.service().rights().who(guest.person, guest.post);
    const int enterprise = house.board().model()->find_type("enterprise");
    std::string other;
    {
        const auto snapshot = house.board().snapshot();
        ASSERT_TRUE(snapshot->each(enterprise, [&](const record::RecordPtr& r) {
            if (!(*who)->may(access::Action::see, *r, snapshot->resolver())) other = *record::as_text(r->at(snapshot->model().types[static_cast<std::size_t>(enterprise)].key));
            return other.empty();
        }));
    }
    amend(house, "enterprise", other.c_str(), "name", "某某");
    const auto last = amend(house, "organ", "PP", "name", "临港合作园");
    ear.status = 200;
    const auto heard = ear.wait(3);
    ASSERT_GE(heard.size(), 3U);
    std::vector<std::int64_t> positions;
    for (const std::string& one : heard) {
        const std::size_t end = one.find("\r\n\r\n");
        const std::string body = one.substr(end + 4);
        const json::value event = json::parse(body);
        EXPECT_EQ(event.at("specversion"), "1.0");
        EXPECT_EQ(event.at("id").as_string(), std::to_string(event.at("data").at("position").as_int64()));
        EXPECT_EQ(event.at("type"), "yipan.record.amend");
        EXPECT_NE(one.find("Content-Type: application/cloudevents+json"), std::string::npos);
        EXPECT_EQ(body.find("临港"), std::string::npos) << "no values";
        EXPECT_EQ(event.at("subject").as_string().starts_with("organ/"), true) << body;
        const auto header = [&](const char* name) {
            const std::size_t at = one.find(std::string(name) + ": ") + std::strlen(name) + 2;
            return one.substr(at, one.find("\r\n", at) - at);
        };
        unsigned char mac[EVP_MAX_MD_SIZE];
        unsigned n = 0;
        const std::string text = header("Yipan-Timestamp") + "." + body;
        HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac, &n);
        std::string hex;
        for (unsigned i = 0; i < n; ++i) {
            char two[3];
            std::snprintf(two, sizeof two, "%02x", mac[i]);
            hex += two;
        }
        EXPECT_EQ(header("Yipan-Signature"), "sha256=" + hex);
        positions.push_back(event.at("data").at("position").as_int64());
    }
    EXPECT_TRUE(std::is_sorted(positions.begin(), positions.end()));
    EXPECT_EQ(positions.front(), first.first.value);
    EXPECT_EQ(positions[1], first.first.value) << "the one that failed comes again under its id";
    EXPECT_EQ(positions.back(), last.first.value);
    const auto shown = house.ask(guest, "GET", "/webhooks");
    EXPECT_NE(shown.text.find("\"last_error\":null"), std::string::npos) << shown.text;
}

// A witness elsewhere checks with the public key alone that the journal goes on from what it was told before.
TEST_F(Webhooks, a_witness_is_told_checkpoints_and_that_each_goes_on_from_the_last) {
    api::Settings with = settings();
    with.checkpoint_every_s = 0;
    House house("witness", with);
    Ear ear;
    const House::Guest guest = owner(house, "audit.clerk", "R-DW-6");
    const std::string url = "http://127.0.0.1:" + std::to_string(ear.port) + "/pins";
    EXPECT_EQ(house.ask(guest, "POST", "/webhooks", json::serialize(json::object{{"url", url}, {"checkpoints", true}, {"types", json::array{"organ"}}})).status, 422);
    house.service().settings().signer = *journal::SignerKey::generate(*house.board().snapshot()->origin());
    const journal::VerifierKey key = house.service().settings().signer->verifier();
    ASSERT_EQ(house.ask(guest, "POST", "/webhooks", json::serialize(json::object{{"url", url}, {"checkpoints", true}})).status, 201);
    ASSERT_EQ(ear.wait(1).size(), 1U);
    const board::Receipt receipt = amend(house, "organ", "PP", "name", "临港合作园一");
    const auto told = ear.wait(2);
    ASSERT_GE(told.size(), 2U);
    std::uint64_t size = 0;
    Digest root{};
    for (const std::string& one : told) {
        const auto event = json::parse(one.substr(one.find("\r\n\r\n") + 4));
        EXPECT_EQ(event.at("type").as_string(), "yipan.checkpoint");
        const auto point = journal::open_checkpoint(std::string(event.at("data").at("note").as_string()), key, "told");
        ASSERT_TRUE(point) << point.error().text();
        if (size > 0) {
            const auto proven = journal::verify_proof(std::string(event.at("data").at("proof").as_string()), key, "told");
            ASSERT_TRUE(proven) << text_of(proven.error());
            EXPECT_EQ(proven->proof.from_size, size);
            EXPECT_EQ(proven->proof.from_root, root);
            EXPECT_EQ(proven->checkpoint, *point);
        }
        EXPECT_GE(point->size, size);
        size = point->size, root = point->root;
    }
    EXPECT_GE(size, static_cast<std::uint64_t>(receipt.last.value));
}

/// Listens and never answers.
struct Held {
    Held() {
        socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in here{};
        here.sin_family = AF_INET;
        here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof here;
        if (::bind(socket, reinterpret_cast<const sockaddr*>(&here), sizeof here) == 0 && ::listen(socket, 8) == 0 && ::getsockname(socket, reinterpret_cast<sockaddr*>(&here), &size) == 0)
            port = ntohs(here.sin_port);
    }
    ~Held() { hang_up(); }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    bool called() const {
        pollfd wait{socket, POLLIN, 0};
        return ::poll(&wait, 1, 60'000) == 1;
    }
    void hang_up() {
        if (socket >= 0) ::close(socket);
        socket = -1;
    }
    int socket = -1, port = 0;
};

TEST_F(Webhooks, a_dead_one_shows_its_last_error_and_holds_up_no_write) {
    House house("dead", settings());
    const House::Guest guest = owner(house, "audit.clerk", "R-DW-6");
    ASSERT_EQ(house.ask(guest, "POST", "/webhooks", R"({"url":"http://127.0.0.1:1/"})").status, 201);
    // Another one takes the call and does not answer: writes are done while it still holds its delivery.
    Held held;
    ASSERT_EQ(house.ask(guest, "POST", "/webhooks", "{\"url\":\"http://127.0.0.1:" + std::to_string(held.port) + "/\"}").status, 201);
    amend(house, "organ", "PP", "name", "临港合作园甲");
    ASSERT_TRUE(held.called()) << "nobody called";
    for (int i = 0; i < 20; ++i) amend(house, "organ", "PP", "name", "临港合作园" + std::to_string(i));
    EXPECT_EQ(house.ask(guest, "GET", "/webhooks").text.find("\"told\":1"), std::string::npos) << "twenty writes are done, nothing was delivered";
    held.hang_up();
    std::string shown;
    for (int i = 0; i < 2'000 && shown.find("not reached") == std::string::npos; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        shown = house.ask(guest, "GET", "/webhooks").text;
    }
    EXPECT_NE(shown.find("not reached"), std::string::npos) << shown;
}

TEST_F(Webhooks, one_that_is_dropped_while_it_is_told_is_not_there_after_a_restart) {
    House house("dropped", settings());
    const House::Guest guest = owner(house, "audit.clerk", "R-DW-6");
    Held held;
    ASSERT_EQ(house.ask(guest, "POST", "/webhooks", "{\"url\":\"http://127.0.0.1:" + std::to_string(held.port) + "/\"}").status, 201);
    amend(house, "organ", "PP", "name", "临港合作园甲");
    ASSERT_TRUE(held.called()) << "nobody called";
    api::Hooks& hooks = house.service().hooks();
    const api::Hook told = hooks.of("audit.clerk").front();
    ASSERT_EQ(house.ask(guest, "DELETE", "/webhooks/" + told.id).status, 200);
    held.hang_up();
    EXPECT_TRUE(hooks.keep(told)) << "what its thread does when it has told it";
    EXPECT_TRUE(hooks.of("audit.clerk").empty());
    EXPECT_FALSE(house.board().snapshot()->side("hook", told.id)->has_value());
    api::Hooks restarted(house.service());
    ASSERT_TRUE(restarted.load());
    EXPECT_TRUE(restarted.of("audit.clerk").empty());
}

TEST_F(Webhooks, inner_addresses_and_what_is_no_https_are_refused_and_another_accounts_are_not_shown) {
    House house("inner", settings());
    const House::Guest guest = owner(house, "one", "R-DW-6"), other = owner(house, "two", "R-JF-2");
    for (const char* url : {"http://example.com/", "ftp://127.0.0.1/", "https://user@127.0.0.1/", "", "javascript:alert(1)", "//127.0.0.1/"})
        EXPECT_EQ(house.ask(guest, "POST", "/webhooks", json::serialize(json::object{{"url", url}})).status, 422) << url;
    EXPECT_EQ(house.ask(guest, "POST", "/webhooks", R"({"url":"https://example.com/","types":["enterprise_tax"]})").status, 201) << "an auditor sees taxes";
    EXPECT_EQ(house.ask(other, "POST", "/webhooks", R"({"url":"https://example.com/","types":["enterprise_tax"]})").status, 422) << "a statistician does not";
    const auto list = house.ask(guest, "GET", "/webhooks");
    const std::string id(list.body.at("webhooks").at(0).at("id").as_string());
    EXPECT_EQ(house.ask(other, "GET", "/webhooks").body.at("webhooks").as_array().size(), 0U);
    EXPECT_EQ(house.ask(other, "DELETE", "/webhooks/" + id).status, 404);
    EXPECT_EQ(house.ask(guest, "DELETE", "/webhooks/" + id).status, 200);
    for (std::size_t i = 0; i < api::hooks_of_account_max; ++i) EXPECT_EQ(house.ask(guest, "POST", "/webhooks", R"({"url":"https://example.com/"})").status, 201);
    EXPECT_NE(house.ask(guest, "POST", "/webhooks", R"({"url":"https://example.com/"})").status, 201);
    EXPECT_EQ(house.ask(house.as("R-JF-2", "P-JF-2"), "GET", "/webhooks").status, 403) << "a picked person of a demo has none";
}

}  // namespace
}  // namespace yipan::test
