// Files in and out over HTTP: a real server on a real board, asked as the page asks it.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "api/file_kind.h"
#include "api/service.h"
#include "exchange/test_archive.h"
#include "exchange/xlsx_read.h"
#include "exchange/zip_read.h"
#include "net/server.h"

namespace yipan::api {
namespace {
namespace json = boost::json;
namespace fs = std::filesystem;

// Two towns, a clerk in each; an inspector sees all but no phones; a guest may see the towns only.
constexpr const char* model_text = R"m(identity:
  person: person
  post: post
  unit: town
  holds: {type: appointment, person: person, post: post}
rights:
  units: {town: this, post: town, firm: town}
  roles:
    clerk: {label: [办事员, 辦事員, Clerk], posts: "code != 'INS' && code != 'GUEST'"}
    inspector: {label: [督查, 督查, Inspector], posts: "code == 'INS'"}
    guest: {label: [访客, 訪客, Guest], posts: "code == 'GUEST'"}
  allow:
    - {role: [clerk, inspector, guest], do: [see], in: all, types: [town, post, person, appointment]}
    - {role: clerk, do: [see, create, amend, remove, erase, import, export, clear], in: unit, types: [firm]}
    - {role: clerk, do: [see, create, amend], in: all, types: [line]}
    - {role: inspector, do: [see, export, import, amend], in: all, types: [firm], fields: [code, name, town, phone, spot]}
types:
  town:
    label: [镇, 鎮, Town]
    responsible: none
    key: code
    fields:
      code: {type: text, required: true, unique: true, max_chars: 20, label: [编号, 編號, Code]}
  person:
    label: [人, 人, Person]
    responsible: none
    key: name
    fields:
      name: {type: text, required: true, unique: true, max_chars: 20, label: [姓名, 姓名, Name]}
  post:
    label: [岗位, 崗位, Post]
    responsible: none
    key: code
    fields:
      code: {type: text, required: true, unique: true, max_chars: 20, label: [编号, 編號, Code]}
      town: {type: reference, to: town, required: true, label: [镇, 鎮, Town]}
  appointment:
    label: [任职, 任職, Appointment]
    responsible: none
    fields:
      person: {type: reference, to: person, required: true, label: [人, 人, Person]}
      post: {type: reference, to: post, required: true, label: [岗位, 崗位, Post]}
  firm:
    label: [企业, 企業, Firm]
    responsible: none
    watermark: true
    key: code
    title: name
    fields:
      code: {type: text, required: true, unique: true, max_chars: 30, label: [信用代码, 信用代碼, Code]}
      name: {type: text, required: true, max_chars: 40, label: [名称, 名稱, Name]}
      town: {type: reference, to: town, required: true, label: [镇, 鎮, Town]}
      phone: {type: text, personal: true, max_chars: 20, label: [电话, 電話, Phone]}
      tax: {type: money, min: 0, label: [税收, 稅收, Tax]}
      spot: {type: place, shape: point, label: [位置, 位置, Place]}
      paper: {type: attachment, label: [附件, 附件, Paper]}
  line:
    label: [明细, 明細, Line]
    responsible: none
    fields:
      firm: {type: reference, to: firm, required: true, label: [企业, 企業, Firm]}
      note: {type: text, max_chars: 20, label: [备注, 備註, Note]}
)m";

struct Reply {
    int status = 0;
    std::string head, body;
    json::value json() const {
        boost::system::error_code bad;
        json::value v = json::parse(body, bad);
        return bad ? json::value(json::object{}) : v;
    }
    std::string header(const std::string& name) const {
        const std::size_t at = head.find("\r\n" + name + ": ");
        if (at == std::string::npos) return {};
        const std::size_t from = at + name.size() + 4;
        return head.substr(from, head.find("\r\n", from) - from);
    }
};

class Client {
  public:
    explicit Client(int port) : port_(port) {}
    void moved(int port) { port_ = port; }
    Reply ask(const std::string& method, const std::string& path, const std::string& body = {}, const std::string& more = {}) const {
        const int s = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(static_cast<std::uint16_t>(port_));
        ::inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
        Reply reply;
        if (::connect(s, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) return ::close(s), reply;
        std::string text = method + " /b/test/api" + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + more;
        if (!cookie_.empty()) text += "Cookie: " + cookie_ + "\r\nX-CSRF-Token: " + csrf_ + "\r\n";
        text += "\r\n" + body;
        for (std::size_t sent = 0; sent < text.size();) {
            const ssize_t n = ::send(s, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
            if (n <= 0) break;
            sent += static_cast<std::size_t>(n);
        }
        std::string all(1, '\0');
        all.clear();
        char room[65536];
        for (ssize_t n; (n = ::recv(s, room, sizeof room, 0)) > 0;) all.append(room, static_cast<std::size_t>(n));
        ::close(s);
        const std::size_t blank = all.find("\r\n\r\n");
        if (blank == std::string::npos) return reply;
        reply.head = all.substr(0, blank + 2);
        reply.body = all.substr(blank + 4);
        reply.status = std::atoi(all.c_str() + 9);
        return reply;
    }
    void enter(std::int64_t person, std::int64_t post) {
        const Reply reply = ask("POST", "/demo/session", "{\"person\":" + std::to_string(person) + ",\"post\":" + std::to_string(post) + "}", "Content-Type: application/json\r\n");
        ASSERT_EQ(reply.status, 200) << reply.body;
        cookie_ = reply.header("Set-Cookie");
        cookie_ = cookie_.substr(0, cookie_.find(';'));
        csrf_ = std::string(ask("GET", "/session").json().at("csrf").as_string());
    }

  private:
    int port_;
    std::string cookie_, csrf_;
};

class ExchangeApi : public ::testing::Test {
  protected:
    void SetUp() override {
        folder_ = fs::temp_directory_path() / ("yipan_exchange_api_" + std::to_string(::getpid()));
        fs::remove_all(folder_);
        fs::create_directories(folder_);
        path_ = (folder_ / "test.board").string();
        board::Board::Birth birth;
        birth.name = "test";
        birth.salt_seed = "test";
        birth.note = "虚构";
        birth.model = {{"test/types/test.yaml", model_text}};
        auto made = board::Board::create(path_, std::move(birth));
        ASSERT_TRUE(made) << text_of(made.error());
        board_ = std::move(*made);
        board::Draft draft;
        draft.channel = "demo";
        const auto add = [&](const char* type, std::vector<std::pair<const char*, record::Value>> values) {
            board::Change change;
            change.type = board_->model()->find_type(type);
            for (auto& [field, value] : values)
                change.set.emplace_back(board_->model()->types[static_cast<std::size_t>(change.type)].find(field), std::move(value));
            draft.changes.push_back(std::move(change));
        };
        const auto text = [](const char* t) { return record::Value(std::string(t)); };
        add("town", {{"code", text("T1")}});
        add("town", {{"code", text("T2")}});
        const char* posts[] = {"P1", "P2", "INS", "GUEST"};
        for (int i = 0; i < 4; ++i) {
            add("person", {{"name", text(posts[i])}});
            add("post", {{"code", text(posts[i])}, {"town", std::int64_t{i == 1 ? 2 : 1}}});
            add("appointment", {{"person", std::int64_t{i + 1}}, {"post", std::int64_t{i + 1}}});
        }
        const auto written = board_->apply(std::move(draft));
        ASSERT_TRUE(written) << text_of(written.error());
        serve();
    }
    void serve() {
        Settings settings;
        settings.code = "test";
        settings.path = path_;
        settings.demo_people = true;
        auto service = Service::open(*board_, settings);
        ASSERT_TRUE(service);
        service_ = std::move(*service);
        net::Listen listen;
        listen.port = 0;
        auto server = net::Server::open(*service_, listen);
        ASSERT_TRUE(server);
        server_ = std::move(*server);
        net::Server* const listening = server_.get();
        service_->settings().later = [listening](std::function<void()> what) { listening->later(std::move(what)); };
        server_->start();
    }
    void end() {
        if (service_) service_->stop();
        if (server_) server_->stop();
        if (service_) service_->leave();
        server_.reset();
        service_.reset();
    }
    void TearDown() override {
        end();
        board_.reset();
        fs::remove_all(folder_);
    }
    Client as(int who) {
        Client client(server_->port());
        client.enter(who, who);
        return client;
    }
    static json::value rested(const Client& client, const std::string& id) {
        for (int i = 0; i < 1'000; ++i) {
            const Reply reply = client.ask("GET", "/imports/" + id);
            if (reply.status != 200 || !reply.json().at("busy").as_bool()) return reply.json();
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        return {};
    }
    static std::string begin(const Client& client, const std::string& body, const std::string& name = "rows.csv", const std::string& type = "firm") {
        const Reply reply = client.ask("POST", "/imports?type=" + type + "&name=" + name, body);
        EXPECT_EQ(reply.status, 202) << reply.body;
        return reply.status == 202 ? std::string(reply.json().at("id").as_string()) : "0";
    }
    std::int64_t firms() { return board_->snapshot()->count(board_->model()->find_type("firm"), "").value_or(-1); }
    std::vector<std::string> lines(const std::string& bytes) {
        std::vector<std::string> out;
        auto reader = exchange::XlsxReader::open_bytes(bytes, "f.xlsx");
        EXPECT_TRUE(reader) << bytes.substr(0, 200);
        if (!reader || !(*reader)->open_sheet("")) return out;
        while ((*reader)->next().value_or(false)) {
            std::string line;
            for (const exchange::Cell& cell : (*reader)->cells()) line += (line.empty() ? "" : "|") + std::string(cell.text);
            out.push_back(line);
        }
        return out;
    }
    // The answer is sent a moment before what it was made of goes.
    bool none_left(std::string_view mark) {
        for (int i = 0; i < 200; ++i, std::this_thread::sleep_for(std::chrono::milliseconds(10))) {
            bool found = false;
            for (const auto& file : fs::directory_iterator(folder_)) found = found || file.path().string().find(mark) != std::string::npos;
            if (!found) return true;
        }
        return false;
    }
    fs::path folder_;
    std::string path_;
    std::unique_ptr<board::Board> board_;
    std::unique_ptr<Service> service_;
    std::unique_ptr<net::Server> server_;
};
bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST_F(ExchangeApi, AFileIsCheckedAppliedUndoneAndNothingIsWrittenBefore) {
    const Client clerk = as(1);
    const std::string id = begin(clerk, "code,name,town\nF1,甲,T1\nF2,乙,T1\n");
    json::value seen = rested(clerk, id);
    EXPECT_EQ(seen.at("state").as_string(), "checked") << json::serialize(seen);
    EXPECT_EQ(seen.at("good").as_int64(), 2);
    EXPECT_EQ(firms(), 0);
    EXPECT_EQ(clerk.ask("POST", "/imports/" + id + "/apply").status, 202);
    seen = rested(clerk, id);
    EXPECT_EQ(seen.at("state").as_string(), "applied") << json::serialize(seen);
    EXPECT_EQ(seen.at("done").as_int64(), 2);
    EXPECT_EQ(firms(), 2);
    const auto entry = board_->snapshot()->entry(Position(seen.at("last").as_int64()));
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->channel, "import");
    EXPECT_EQ(entry->actor.value, 1);
    EXPECT_EQ(entry->post.value, 1);
    EXPECT_EQ(clerk.ask("POST", "/imports/" + id + "/undo").status, 202);
    seen = rested(clerk, id);
    EXPECT_EQ(seen.at("state").as_string(), "undone") << json::serialize(seen);
    EXPECT_EQ(firms(), 0);
    EXPECT_EQ(clerk.ask("POST", "/imports/" + id + "/apply").status, 409);
    EXPECT_EQ(clerk.ask("GET", "/imports").json().at("imports").as_array().size(), 1u);
    EXPECT_EQ(clerk.ask("DELETE", "/imports/" + id).status, 200);
    EXPECT_EQ(clerk.ask("GET", "/imports/" + id).status, 404);
    EXPECT_TRUE(none_left("-upload-"));
}

TEST_F(ExchangeApi, RowsAreJudgedByTheRightsOfThePostAndFailingRowsComeBack) {
    const Client clerk = as(1);
    const std::string id = begin(clerk, "code,name,town\nF1,甲,T1\nF2,乙,T2\nF3,,T1\n");
    json::value seen = rested(clerk, id);
    EXPECT_EQ(seen.at("state").as_string(), "refused");
    EXPECT_EQ(seen.at("bad").as_int64(), 2);
    EXPECT_TRUE(holds(json::serialize(seen.at("errors")), "outside of what this post may create firm")) << json::serialize(seen);
    EXPECT_EQ(clerk.ask("POST", "/imports/" + id + "/apply").status, 409);
    const Reply failing = clerk.ask("GET", "/imports/" + id + "/failing.xlsx");
    ASSERT_EQ(failing.status, 200);
    EXPECT_TRUE(holds(failing.header("Content-Disposition"), "attachment"));
    EXPECT_EQ(failing.header("Yipan-Rows"), "2");
    const auto rows = lines(failing.body);
    ASSERT_EQ(rows.size(), 3u);
    EXPECT_TRUE(holds(rows[1], "3|F2|乙|T2|"));
    EXPECT_EQ(clerk.ask("POST", "/imports/" + id + "/apply", "{\"partial\":true}").status, 202);
    EXPECT_EQ(rested(clerk, id).at("done").as_int64(), 1);
    // Corrected, only those run; the file knows its import.
    const Reply again = clerk.ask("POST", "/imports?name=fixed.csv", "原行号 / row [import " + id + "],code,name,town,原因 / reason\n3,F2,乙,T1,-\n4,F3,丙,T1,-\n");
    ASSERT_EQ(again.status, 202) << again.body;
    EXPECT_EQ(again.json().at("id").as_string(), id);
    EXPECT_EQ(rested(clerk, id).at("bad").as_int64(), 0);
    EXPECT_EQ(clerk.ask("POST", "/imports/" + id + "/apply").status, 202);
    EXPECT_EQ(rested(clerk, id).at("done").as_int64(), 3);
    EXPECT_EQ(firms(), 3);
}

TEST_F(ExchangeApi, AnImportBelongsToWhoBeganItInThatPost) {
    const Client clerk = as(1), other = as(2), guest = as(4);
    const std::string id = begin(clerk, "code,name,town\nF1,甲,T1\nF2,,T1\n");
    rested(clerk, id);
    EXPECT_EQ(other.ask("GET", "/imports/" + id).status, 404);
    EXPECT_EQ(other.ask("POST", "/imports/" + id + "/apply").status, 404);
    EXPECT_EQ(other.ask("GET", "/imports/" + id + "/failing.xlsx").status, 404);
    EXPECT_EQ(other.ask("DELETE", "/imports/" + id).status, 404);
    EXPECT_TRUE(other.ask("GET", "/imports").json().at("imports").as_array().empty());
    const Reply stolen = other.ask("POST", "/imports?name=f.csv", "原行号 / row [import " + id + "],code,name,town,原因 / reason\n3,F2,乙,T1,-\n");
    EXPECT_EQ(stolen.status, 422) << stolen.body;
    EXPECT_TRUE(holds(stolen.body, "no such import")) << stolen.body;
    EXPECT_EQ(guest.ask("POST", "/imports?type=firm&name=a.csv", "code\n").status, 404) << "a type of which nothing may be seen is not there";
    EXPECT_EQ(guest.ask("POST", "/imports?type=town&name=a.csv", "code\nT3\n").status, 403);
    EXPECT_EQ(Client(server_->port()).ask("GET", "/imports").status, 401);
}

TEST_F(ExchangeApi, WhatCannotBeReadIsRefusedAtOnceWithItsNameAndNothingStays) {
    using exchange::test::archive;
    using exchange::test::with;
    using exchange::test::workbook;
    const Client clerk = as(1);
    const auto refused = [&](const std::string& body, const std::string& name, std::string_view says) {
        const Reply reply = clerk.ask("POST", "/imports?type=firm&name=" + name, body);
        EXPECT_EQ(reply.status, 422) << reply.body;
        EXPECT_TRUE(holds(reply.body, says)) << reply.body;
    };
    refused(archive(with(workbook(""), "xl/vbaProject.bin", "x")), "a.xlsm", "macros");
    refused("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1" + std::string(600, '\0'), "a.xls", "old .xls");
    refused(archive(workbook("<row><c t=\"inlineStr\"><is><t>x</t></is></c></row>")), "a.xlsx", "is the head of a table of firm");
    refused("code,name,code\n", "a.csv", "stands in two columns");
    refused("code,nmae\n", "a.csv", "unknown heading");
    EXPECT_EQ(clerk.ask("POST", "/imports?type=firm&name=a.csv").status, 400);
    EXPECT_EQ(clerk.ask("POST", "/imports?type=firm&name=../a.csv", "code\n").status, 400);
    EXPECT_TRUE(clerk.ask("GET", "/imports").json().at("imports").as_array().empty());
    EXPECT_TRUE(none_left("-upload-") && none_left("-import-"));
}

TEST_F(ExchangeApi, ALargeFileComesInPiecesAndGoesOnWhereItWasCut) {
    const Client clerk = as(1), other = as(2);
    std::string csv = "code,name,town\n";
    for (int i = 0; i < 5'000; ++i) csv += "F" + std::to_string(i) + ",甲,T1\n";
    const Reply begun = clerk.ask("POST", "/files", json::serialize(json::object{{"name", "rows.csv"}, {"bytes", csv.size()}, {"for", "import"}}));
    ASSERT_EQ(begun.status, 201) << begun.body;
    const std::string upload(begun.json().at("upload").as_string());
    const auto piece = [&](const Client& who, std::size_t from, std::size_t size, std::size_t said) {
        return who.ask("PATCH", "/files/" + upload, csv.substr(from, size), "Upload-Offset: " + std::to_string(said) + "\r\n");
    };
    EXPECT_EQ(piece(clerk, 0, 10'000, 0).json().at("offset").as_int64(), 10'000);
    const Reply gap = piece(clerk, 20'000, 100, 20'000);
    EXPECT_EQ(gap.status, 409);
    EXPECT_EQ(gap.header("Upload-Offset"), "10000");
    EXPECT_EQ(gap.json().at("offset").as_int64(), 10'000);
    EXPECT_EQ(piece(other, 10'000, 10, 10'000).status, 404) << "another's upload is not there";
    EXPECT_EQ(clerk.ask("POST", "/imports?type=firm&upload=" + upload).status, 422) << "not complete";
    EXPECT_EQ(clerk.ask("GET", "/files/" + upload).header("Upload-Offset"), "10000");
    EXPECT_TRUE(piece(clerk, 10'000, csv.size(), 10'000).json().at("complete").as_bool());
    const Reply more = clerk.ask("PATCH", "/files/" + upload, "x", "Upload-Offset: " + std::to_string(csv.size()) + "\r\n");
    EXPECT_EQ(more.status, 422);
    const Reply started = clerk.ask("POST", "/imports?type=firm&upload=" + upload);
    ASSERT_EQ(started.status, 202) << started.body;
    const json::value seen = rested(clerk, std::string(started.json().at("id").as_string()));
    EXPECT_EQ(seen.at("rows").as_int64(), 5'000) << json::serialize(seen);
    EXPECT_EQ(seen.at("file").as_string(), "rows.csv");
    EXPECT_EQ(clerk.ask("GET", "/files/" + upload).status, 404) << "it is the import's now";
    EXPECT_EQ(clerk.ask("POST", "/files", "{\"name\":\"a/b\",\"bytes\":1}").status, 422);
    EXPECT_EQ(clerk.ask("POST", "/files", "{\"name\":\"a\",\"bytes\":99999999999}").status, 413);
}

TEST_F(ExchangeApi, ExportsHoldWhatTheReaderMaySeeAndComeBackUnchanged) {
    const Client clerk = as(1), inspector = as(3), guest = as(4);
    for (const auto& [who, rows] : {std::pair{1, "code,name,town,phone,tax\nF1,=甲,T1,13812345678,10.00\n"}, {2, "code,name,town,phone,tax\nF2,乙,T2,13900000000,20.00\n"}}) {
        const Client one = as(who);
        const std::string id = begin(one, rows);
        rested(one, id);
        ASSERT_EQ(one.ask("POST", "/imports/" + id + "/apply").status, 202);
        ASSERT_EQ(rested(one, id).at("state").as_string(), "applied");
    }
    const Reply own = clerk.ask("GET", "/export/firm.csv?headings=codes&fields=code,name,phone,tax");
    ASSERT_EQ(own.status, 200) << own.body;
    EXPECT_EQ(own.body, "\xEF\xBB\xBF" "code,name,phone,tax\r\nF1,'=甲,13812345678,10.00\r\n") << "the other town's firm is not in it";
    EXPECT_EQ(own.header("Yipan-Rows"), "1");
    const Reply all = inspector.ask("GET", "/export/firm.csv?headings=codes&fields=code,phone,tax");
    EXPECT_EQ(all.body, "\xEF\xBB\xBF" "code,phone,tax\r\nF1,138********,\r\nF2,139********,\r\n");
    EXPECT_EQ(all.header("Yipan-Hidden"), "tax");
    // What was masked or hidden comes back as it went and changes nothing.
    const Reply book = inspector.ask("GET", "/export/firm.xlsx?filter=code%20%3D%3D%20'F2'");
    ASSERT_EQ(book.status, 200);
    EXPECT_EQ(book.header("Yipan-Rows"), "1");
    EXPECT_TRUE(holds(lines(book.body).at(1), "F2|乙|T2|139********"));
    const std::string id = begin(inspector, book.body, "back.xlsx");
    const json::value back = rested(inspector, id);
    EXPECT_EQ(back.at("bad").as_int64(), 0) << json::serialize(back);
    EXPECT_EQ(back.at("unchanged").as_int64(), 1) << json::serialize(back);
    EXPECT_EQ(inspector.ask("GET", "/export/firm.csv?q=%E4%B9%99").header("Yipan-Rows"), "1") << "as the list's search box";
    // A filter may not read what is masked; no right, no export; nothing to see, nothing there.
    EXPECT_EQ(inspector.ask("GET", "/export/firm.csv?filter=phone%20%3D%3D%20'13900000000'").status, 403);
    EXPECT_EQ(guest.ask("GET", "/export/firm.csv").status, 404);
    EXPECT_EQ(guest.ask("GET", "/export/town.csv").status, 403);
    EXPECT_EQ(clerk.ask("GET", "/export/firm.pdf").status, 404);
    const Reply places = clerk.ask("GET", "/export/firm.geojson?headings=codes");
    EXPECT_EQ(places.status, 200);
    EXPECT_EQ(places.json().at("features").as_array().size(), 1u);
    // The clerk's export cleared phones: that is journaled as reading before the file was sent; the inspector's cleared none.
    int reads = 0;
    const auto snapshot = board_->snapshot();
    ASSERT_TRUE(snapshot->each_entry(Position(1), snapshot->position(), [&](const board::Entry& entry) {
        if (entry.verb == board::Verb::read) {
            ++reads;
            EXPECT_EQ(entry.actor.value, 1);
        }
        return true;
    }));
    EXPECT_GE(reads, 1);
}

TEST_F(ExchangeApi, AMaskIsNotWrittenAndUnseenValuesAreNotTold) {
    const Client clerk = as(1), inspector = as(3);
    const std::string id = begin(clerk, "code,name,town,phone,tax\nF1,甲,T1,13812345678,10.00\n");
    rested(clerk, id);
    clerk.ask("POST", "/imports/" + id + "/apply");
    rested(clerk, id);
    const json::value guessed = rested(inspector, begin(inspector, "code,phone,tax\nF1,13812345678,10.00\n"));
    EXPECT_EQ(guessed.at("unchanged").as_int64(), 0) << "whether a guess is right is not told: " << json::serialize(guessed);
    EXPECT_EQ(guessed.at("bad").as_int64(), 1);
    const std::string renamed = begin(inspector, "code,name,phone\nF1,甲改,138********\n");
    EXPECT_EQ(rested(inspector, renamed).at("bad").as_int64(), 0);
    EXPECT_EQ(inspector.ask("POST", "/imports/" + renamed + "/apply").status, 202);
    EXPECT_EQ(rested(inspector, renamed).at("state").as_string(), "applied");
    const auto snapshot = board_->snapshot();
    const int type = board_->model()->find_type("firm");
    const auto record = snapshot->record(type, RecordId(1));
    EXPECT_EQ(*record::as_text(record->at(1)), "甲改");
    EXPECT_EQ(*record::as_text(record->at(3)), "13812345678");
}

TEST_F(ExchangeApi, AttachmentsAreShownByTheirBytesToWhoMaySeeTheRecord) {
    const Client clerk = as(1), other = as(2), inspector = as(3);
    const auto attach = [&](const std::string& name, const std::string& bytes, const std::string& firm) {
        const Reply begun = clerk.ask("POST", "/files", json::serialize(json::object{{"name", name}, {"bytes", bytes.size()}}));
        EXPECT_EQ(begun.status, 201) << begun.body;
        const std::string upload(begun.json().at("upload").as_string());
        const std::size_t half = bytes.size() / 2;
        EXPECT_EQ(clerk.ask("PATCH", "/files/" + upload, bytes.substr(0, half), "Upload-Offset: 0\r\n").status, 200);
        const Reply last = clerk.ask("PATCH", "/files/" + upload, bytes.substr(half), "Upload-Offset: " + std::to_string(half) + "\r\n");
        EXPECT_TRUE(last.json().as_object().contains("hash")) << last.body;
        const std::string hash(last.json().at("hash").as_string());
        const Reply made = clerk.ask("POST", "/records/firm", json::serialize(json::object{{"values", json::object{{"code", firm}, {"name", "甲"}, {"town", 1}, {"paper", json::object{{"hash", hash}, {"name", name}}}}}}),
                                     "Content-Type: application/json\r\n");
        EXPECT_EQ(made.status, 201) << made.body;
        return "/records/firm/" + std::to_string(made.json().at("record").at("id").as_int64()) + "/files/paper";
    };
    const std::string png = std::string("\x89PNG\r\n\x1A\n") + std::string(100'000, '\0');
    const std::string picture = attach("章.html", png, "F1"), page = attach("图.png", "<html><script>alert(1)</script>", "F2");
    const Reply shown = clerk.ask("GET", picture);
    EXPECT_EQ(shown.status, 200);
    EXPECT_EQ(shown.body, png);
    EXPECT_EQ(shown.header("Content-Type"), "image/png") << "not what its name says";
    EXPECT_TRUE(shown.header("Content-Disposition").starts_with("inline"));
    EXPECT_EQ(shown.header("X-Content-Type-Options"), "nosniff");
    EXPECT_TRUE(clerk.ask("GET", picture + "?download=1").header("Content-Disposition").starts_with("attachment"));
    EXPECT_EQ(clerk.ask("GET", picture, "", "If-None-Match: " + shown.header("ETag") + "\r\n").status, 304);
    const Reply saved = clerk.ask("GET", page);
    EXPECT_EQ(saved.header("Content-Type"), "application/octet-stream");
    EXPECT_TRUE(saved.header("Content-Disposition").starts_with("attachment"));
    EXPECT_EQ(other.ask("GET", picture).status, 404) << "the record is another town's";
    EXPECT_EQ(inspector.ask("GET", picture).status, 404) << "the field is hidden from him";
    EXPECT_EQ(clerk.ask("GET", "/records/firm/1/files/name").status, 404);
}

// Whoever heard of a hash must not get the bytes by writing it into a record of his own.
TEST_F(ExchangeApi, AFileIsNamedOnlyByWhoSentItOrMayReadIt) {
    Client clerk = as(1), other = as(2);
    const Client inspector = as(3);
    const auto send = [&](const Client& who, const std::string& bytes) {
        const Reply begun = who.ask("POST", "/files", json::serialize(json::object{{"name", "paper.txt"}, {"bytes", bytes.size()}}));
        const std::string upload(begun.json().at("upload").as_string());
        const Reply last = who.ask("PATCH", "/files/" + upload, bytes, "Upload-Offset: 0\r\n");
        return std::string(last.json().at("hash").as_string());
    };
    const auto values = [](const std::string& code, int town, const std::string& hash) {
        return json::serialize(json::object{{"values", json::object{{"code", code}, {"name", "甲"}, {"town", town}, {"paper", json::object{{"hash", hash}, {"name", "paper.txt"}}}}}});
    };
    const std::string hash = send(clerk, "the clerk's own paper");
    ASSERT_EQ(clerk.ask("POST", "/records/firm", values("F1", 1, hash), "Content-Type: application/json\r\n").status, 201);

    const Reply stolen = other.ask("POST", "/records/firm", values("F2", 2, hash), "Content-Type: application/json\r\n");
    EXPECT_EQ(stolen.status, 422) << stolen.body;
    EXPECT_TRUE(holds(stolen.body, "\"where\":\"paper\"")) << stolen.body;
    // What is here and what is not are refused in the same words.
    const std::string nowhere = "sha256:" + std::string(64, 'a');
    const Reply unknown = other.ask("POST", "/records/firm", values("F2", 2, nowhere), "Content-Type: application/json\r\n");
    EXPECT_EQ(unknown.status, 422);
    EXPECT_EQ(unknown.json().at("errors"), stolen.json().at("errors"));
    // A dry run says the same, an amendment and an import as well.
    ASSERT_EQ(other.ask("POST", "/records/firm", R"({"values":{"code":"F3","name":"乙","town":2}})", "Content-Type: application/json\r\n").status, 201);
    const std::string own = "/records/firm/" + std::to_string(other.ask("GET", "/records/firm?fields=code").json().at("rows").as_array().at(0).at("id").as_int64());
    const std::string patch = json::serialize(json::object{{"values", json::object{{"paper", json::object{{"hash", hash}, {"name", "x"}}}}}});
    EXPECT_EQ(other.ask("PATCH", own, patch, "If-Match: \"v1\"\r\nContent-Type: application/json\r\n").status, 422);
    EXPECT_EQ(other.ask("GET", own + "/files/paper").status, 404);
    const std::string batch = json::serialize(json::object{{"ids", json::array{std::atoi(own.substr(own.rfind('/') + 1).c_str())}}, {"values", json::object{{"paper", json::object{{"hash", hash}, {"name", "x"}}}}}});
    EXPECT_TRUE(holds(other.ask("POST", "/records/firm/batch", batch).body, "\"refused\":1"));
    const auto told = rested(other, begin(other, "code,name,town,paper\nF9,丙,T2," + hash + " x\n"));
    EXPECT_EQ(told.at("bad").as_int64(), 1);
    // The inspector may not write the field.
    const Reply first = clerk.ask("GET", "/records/firm?fields=code");
    EXPECT_EQ(inspector.ask("PATCH", "/records/firm/" + std::to_string(first.json().at("rows").as_array().at(0).at("id").as_int64()), patch,
                            "If-Match: \"v1\"\r\nContent-Type: application/json\r\n").status, 403);
    // Who may read it may name it again; who sent the same bytes himself as well; and what lies in the record stays.
    end();
    serve();
    for (Client* client : {&clerk, &other}) client->moved(server_->port());
    const Reply again = clerk.ask("POST", "/records/firm", values("F4", 1, hash), "Content-Type: application/json\r\n");
    EXPECT_EQ(again.status, 201) << "sent before the restart: " << again.body;
    EXPECT_EQ(send(other, "the clerk's own paper"), hash);
    const Reply sent = other.ask("PATCH", own, patch, "If-Match: \"v1\"\r\nContent-Type: application/json\r\n");
    EXPECT_EQ(sent.status, 200) << sent.body;
    EXPECT_EQ(other.ask("PATCH", own, R"({"values":{"name":"丁"}})", "If-Match: \"v2\"\r\nContent-Type: application/json\r\n").status, 200);
}

// What an erasure forgets is noted with it: the files of imports lose it at once, or after a restart.
TEST_F(ExchangeApi, WhatIsErasedLeavesWaitingImportsAlsoAfterARestart) {
    Client clerk = as(1);
    ASSERT_EQ(clerk.ask("POST", "/records/firm", R"({"values":{"code":"F1","name":"甲","town":1,"phone":"138111"}})", "Content-Type: application/json\r\n").status, 201);
    ASSERT_EQ(clerk.ask("POST", "/records/firm", R"({"values":{"code":"F2","name":"乙","town":1,"phone":"138222"}})", "Content-Type: application/json\r\n").status, 201);
    rested(clerk, begin(clerk, "code,phone\nF1,139111\nF2,139222\n"));
    const auto staged = [&](std::string_view text) {
        std::string all;
        for (const auto& entry : fs::directory_iterator(folder_)) {
            if (entry.path().string().find("-import-") == std::string::npos) continue;
            std::ifstream in(entry.path(), std::ios::binary);
            all.append(std::istreambuf_iterator<char>(in), {});
        }
        return holds(all, text);
    };
    const auto gone = [&](std::string_view text) {
        for (int i = 0; i < 6'000 && staged(text); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
        return !staged(text);
    };
    const auto noted = [&] {
        int n = 0;
        (void)board_->snapshot()->each_side("erasing", [&](std::string_view, std::string_view) { ++n; });
        return n;
    };
    ASSERT_TRUE(staged("139111") && staged("139222"));
    const Reply erased = clerk.ask("POST", "/records/firm/1/erase", R"({"basis":"law","decider":"office"})", "Content-Type: application/json\r\n");
    ASSERT_EQ(erased.status, 200) << erased.body;
    EXPECT_TRUE(gone("139111"));
    EXPECT_TRUE(staged("139222")) << "the other one's";
    for (int i = 0; i < 6'000 && noted() > 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_EQ(noted(), 0);
    // The server ended between the erasure and the forgetting.
    end();
    board_->subscribe({});
    board_->set_permit({});
    board::Draft draft;
    draft.channel = "system";
    draft.side.push_back({"erasing", "firm/2", "F2"});
    ASSERT_TRUE(board_->apply(std::move(draft)).has_value());
    serve();
    EXPECT_TRUE(gone("139222"));
    for (int i = 0; i < 6'000 && noted() > 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_EQ(noted(), 0);
}

// A number says nothing of what one may not see: refused in the same words as one that is not there.
TEST_F(ExchangeApi, AReferenceByNumberTellsNothingOfWhatIsThere) {
    const Client clerk = as(1), other = as(2);
    const Reply made = other.ask("POST", "/records/firm", R"({"values":{"code":"X1","name":"乙","town":2}})", "Content-Type: application/json\r\n");
    ASSERT_EQ(made.status, 201) << made.body;
    const std::int64_t theirs = made.json().at("record").at("id").as_int64();
    const auto asked = [&](std::int64_t id) { return clerk.ask("POST", "/records/line", json::serialize(json::object{{"values", json::object{{"firm", id}, {"note", "x"}}}}), "Content-Type: application/json\r\n"); };
    const Reply unseen = asked(theirs), absent = asked(987'654);
    EXPECT_EQ(unseen.status, 422) << unseen.body;
    EXPECT_EQ(absent.status, 422) << absent.body;
    const auto first = [](const Reply& r) { return r.json().at("errors").as_array().at(0).as_object(); };
    for (const char* part : {"code", "where", "hint"}) EXPECT_EQ(first(unseen).at(part), first(absent).at(part)) << part;
    EXPECT_EQ(std::string(first(unseen).at("message").as_string()), "no firm with id " + std::to_string(theirs));
    EXPECT_EQ(std::string(first(absent).at("message").as_string()), "no firm with id 987654");
    EXPECT_EQ(unseen.json().at("errors").as_array().size(), absent.json().at("errors").as_array().size());
}

TEST_F(ExchangeApi, WhoReadsARecordMayNameItsFileElsewhere) {
    const Client clerk = as(1);
    // Written by the system, sent by nobody.
    const std::string bytes = "from the archive";
    bool given = false;
    const auto stored = board_->put_attachment([&](char* out, std::size_t) -> Result<std::size_t> {
        if (std::exchange(given, true)) return 0;
        std::copy(bytes.begin(), bytes.end(), out);
        return bytes.size();
    });
    ASSERT_TRUE(stored);
    const auto put = [&](const char* code, std::int64_t town) {
        board::Draft draft;
        draft.channel = "demo";
        board::Change change;
        change.type = board_->model()->find_type("firm");
        const auto& type = board_->model()->types[static_cast<std::size_t>(change.type)];
        change.set = {{type.find("code"), record::Value(std::string(code))}, {type.find("name"), record::Value(std::string("甲"))}, {type.find("town"), town},
                      {type.find("paper"), record::Value("sha256:" + stored->hash + " old.txt")}};
        draft.changes.push_back(std::move(change));
        return board_->apply(std::move(draft)).has_value();
    };
    const std::string body = json::serialize(json::object{{"values", json::object{{"code", "F2"}, {"name", "甲"}, {"town", 1}, {"paper", json::object{{"hash", "sha256:" + stored->hash}, {"name", "copy.txt"}}}}}});
    ASSERT_TRUE(put("T2-1", 2));
    EXPECT_EQ(clerk.ask("POST", "/records/firm", body, "Content-Type: application/json\r\n").status, 422) << "the other town's";
    ASSERT_TRUE(put("T1-1", 1));
    const Reply made = clerk.ask("POST", "/records/firm", body, "Content-Type: application/json\r\n");
    EXPECT_EQ(made.status, 201) << made.body;
}

TEST_F(ExchangeApi, PartsOfAFileAreGivenAsAskedFor) {
    Client clerk = as(1);
    std::string bytes(700'000, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>('a' + (i * 7 + i / 1000) % 26);
    const Reply begun = clerk.ask("POST", "/files", json::serialize(json::object{{"name", "long.txt"}, {"bytes", bytes.size()}}));
    const std::string upload(begun.json().at("upload").as_string());
    ASSERT_EQ(clerk.ask("PATCH", "/files/" + upload, bytes.substr(0, 300'000), "Upload-Offset: 0\r\n").status, 200);
    // The server ends and comes back: the upload goes on where it was, for whoever began it.
    end();
    serve();
    clerk.moved(server_->port());
    const Reply state = clerk.ask("GET", "/files/" + upload);
    ASSERT_EQ(state.status, 200) << state.body;
    EXPECT_EQ(state.header("Upload-Offset"), "300000");
    EXPECT_EQ(as(2).ask("GET", "/files/" + upload).status, 404);
    const Reply wrong = clerk.ask("PATCH", "/files/" + upload, "x", "Upload-Offset: 5\r\n");
    EXPECT_EQ(wrong.status, 409) << wrong.body;
    const Reply last = clerk.ask("PATCH", "/files/" + upload, bytes.substr(300'000), "Upload-Offset: 300000\r\n");
    ASSERT_TRUE(last.json().as_object().contains("hash")) << last.body;
    const std::string hash(last.json().at("hash").as_string());
    const Reply made = clerk.ask("POST", "/records/firm", json::serialize(json::object{{"values", json::object{{"code", "F1"}, {"name", "甲"}, {"town", 1}, {"paper", json::object{{"hash", hash}, {"name", "long.txt"}}}}}}),
                                 "Content-Type: application/json\r\n");
    ASSERT_EQ(made.status, 201) << made.body;
    const std::string file = "/records/firm/" + std::to_string(made.json().at("record").at("id").as_int64()) + "/files/paper";
    const Reply whole = clerk.ask("GET", file);
    EXPECT_EQ(whole.body, bytes);
    EXPECT_EQ(whole.header("Accept-Ranges"), "bytes");
    const struct {
        const char *asked, *told;
        std::size_t from, count;
    } parts[] = {{"bytes=0-9", "bytes 0-9/700000", 0, 10}, {"bytes=262140-524300", "bytes 262140-524300/700000", 262'140, 262'161},
                 {"bytes=699990-", "bytes 699990-699999/700000", 699'990, 10}, {"bytes=-5", "bytes 699995-699999/700000", 699'995, 5},
                 {"bytes=10-99999999", "bytes 10-699999/700000", 10, 699'990}};
    for (const auto& part : parts) {
        const Reply reply = clerk.ask("GET", file, "", "Range: " + std::string(part.asked) + "\r\n");
        EXPECT_EQ(reply.status, 206) << part.asked;
        EXPECT_EQ(reply.header("Content-Range"), part.told);
        EXPECT_EQ(reply.body, bytes.substr(part.from, part.count)) << part.asked;
    }
    const Reply beyond = clerk.ask("GET", file, "", "Range: bytes=700000-\r\n");
    EXPECT_EQ(beyond.status, 416);
    EXPECT_EQ(beyond.header("Content-Range"), "bytes */700000");
    for (const char* several : {"Range: bytes=0-1,5-6\r\n", "Range: lines=1-2\r\n", "Range: bytes=5-3\r\n", "Range: bytes=0-3\r\nIf-Range: \"other\"\r\n"})
        EXPECT_EQ(clerk.ask("GET", file, "", several).status, 200) << several;
}

TEST_F(ExchangeApi, AnUploadWhoseLastAnswerWasLostIsAskedForAgain) {
    const Client clerk = as(1);
    const std::string bytes(1'000, 'u');
    const Reply begun = clerk.ask("POST", "/files", json::serialize(json::object{{"name", "lost.txt"}, {"bytes", bytes.size()}}));
    const std::string upload = "/files/" + std::string(begun.json().at("upload").as_string());
    const Reply last = clerk.ask("PATCH", upload, bytes, "Upload-Offset: 0\r\n");
    ASSERT_EQ(last.status, 200) << last.body;
    const Reply state = clerk.ask("GET", upload);
    EXPECT_EQ(state.status, 200) << "not all bytes again";
    EXPECT_EQ(state.json().at("hash"), last.json().at("hash"));
    EXPECT_EQ(clerk.ask("PATCH", upload, "", "Upload-Offset: 1000\r\n").json().at("hash"), last.json().at("hash"));
    EXPECT_EQ(as(2).ask("GET", upload).status, 404);
    // An import that is refused for its name keeps what was sent.
    const Reply other = clerk.ask("POST", "/files", R"({"name":"rows.csv","bytes":10,"for":"import"})");
    const std::string id(other.json().at("upload").as_string());
    ASSERT_EQ(clerk.ask("PATCH", "/files/" + id, "code,name\n\n", "Upload-Offset: 0\r\n").status, 422) << "one byte too many";
    ASSERT_EQ(clerk.ask("PATCH", "/files/" + id, "code,name\n", "Upload-Offset: 0\r\n").status, 200);
    EXPECT_EQ(clerk.ask("POST", "/imports?type=firm&name=a%2Fb.csv&upload=" + id).status, 400);
    EXPECT_EQ(clerk.ask("GET", "/files/" + id).status, 200);
}

TEST_F(ExchangeApi, ARangeBeyondAllNumbersIsTheRest) {
    const Client clerk = as(1);
    const Reply begun = clerk.ask("POST", "/files", R"({"name":"a.txt","bytes":10})");
    const Reply last = clerk.ask("PATCH", "/files/" + std::string(begun.json().at("upload").as_string()), "0123456789", "Upload-Offset: 0\r\n");
    const Reply made = clerk.ask("POST", "/records/firm", json::serialize(json::object{{"values", json::object{{"code", "F1"}, {"name", "甲"}, {"town", 1},
        {"paper", json::object{{"hash", last.json().at("hash")}, {"name", "a.txt"}}}}}}), "Content-Type: application/json\r\n");
    ASSERT_EQ(made.status, 201) << made.body;
    const Reply part = clerk.ask("GET", "/records/firm/" + std::to_string(made.json().at("record").at("id").as_int64()) + "/files/paper", "", "Range: bytes=4-9223372036854775807\r\n");
    EXPECT_EQ(part.status, 206);
    EXPECT_EQ(part.body, "456789");
    EXPECT_EQ(part.header("Content-Length"), "6");
    EXPECT_EQ(part.header("Content-Range"), "bytes 4-9/10");
}

TEST_F(ExchangeApi, AnErasureOfAServerThatEndedIsTakenUpByTheNext) {
    const Client clerk = as(1);
    ASSERT_EQ(clerk.ask("POST", "/records/firm", R"({"values":{"code":"F1","name":"甲","town":1,"phone":"13900000000"}})", "Content-Type: application/json\r\n").status, 201);
    rested(clerk, begin(clerk, "code,name,town,phone\nF1,甲,T1,13877776666\n"));
    const auto in_files = [&] {
        for (const auto& file : fs::directory_iterator(folder_)) {
            if (file.path().filename().string().find("-import-") == std::string::npos) continue;
            std::ifstream in(file.path(), std::ios::binary);
            if (std::string(std::istreambuf_iterator<char>(in), {}).find("13877776666") != std::string::npos) return true;
        }
        return false;
    };
    ASSERT_TRUE(in_files());
    end();
    board::Draft draft;
    draft.channel = "demo";
    board::Change change;
    change.verb = board::Verb::erase;
    change.type = board_->model()->find_type("firm");
    change.record = RecordId(1);
    change.groups = 2;
    change.note = "a law";
    change.decider = "somebody";
    draft.changes.push_back(std::move(change));
    ASSERT_TRUE(board_->apply(std::move(draft)));
    EXPECT_TRUE(in_files()) << "nobody was there";
    serve();
    for (int i = 0; i < 500 && in_files(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_FALSE(in_files());
}

TEST_F(ExchangeApi, OnePersonMayHaveEightUploadsUnderWay) {
    const Client clerk = as(1), other = as(2);
    const std::string begin = R"({"name":"a.txt","bytes":10})";
    std::string last;
    for (int i = 0; i < 8; ++i) {
        const Reply reply = clerk.ask("POST", "/files", begin);
        ASSERT_EQ(reply.status, 201) << reply.body;
        last = std::string(reply.json().at("upload").as_string());
    }
    EXPECT_EQ(clerk.ask("POST", "/files", begin).status, 503);
    EXPECT_EQ(other.ask("POST", "/files", begin).status, 201) << "others are not held up";
    EXPECT_EQ(clerk.ask("DELETE", "/files/" + last).status, 200);
    EXPECT_EQ(clerk.ask("POST", "/files", begin).status, 201);
    EXPECT_EQ(clerk.ask("POST", "/files", R"({"name":"a.txt","bytes":3000000000})").status, 413);
    EXPECT_EQ(clerk.ask("POST", "/files", R"({"name":"../a.txt","bytes":3})").status, 422);
}

TEST_F(ExchangeApi, ExportsOfSensitiveTypesSayWhoTookThemWhen) {
    const Client clerk = as(1);
    ASSERT_EQ(clerk.ask("POST", "/records/firm", R"({"values":{"code":"F1","name":"甲","town":1}})", "Content-Type: application/json\r\n").status, 201);
    EXPECT_EQ(clerk.ask("GET", "/session").json().at("watermark").as_string(), "P1 · P1");
    EXPECT_TRUE(holds(clerk.ask("GET", "/model").body, "\"watermark\":true"));
    const Reply sheet = clerk.ask("GET", "/export/firm.xlsx");
    ASSERT_EQ(sheet.status, 200);
    EXPECT_TRUE(sheet.header("Yipan-Watermark").starts_with("P1%20%C2%B7%20P1")) << sheet.head;
    auto archive = exchange::ZipFile::open_bytes(sheet.body, "f.xlsx");
    ASSERT_TRUE(archive);
    const auto* entry = (*archive)->find("xl/worksheets/sheet1.xml");
    ASSERT_NE(entry, nullptr);
    const std::string xml = (*archive)->text(*entry, 1 << 20).value_or("");
    EXPECT_TRUE(holds(xml, "<oddHeader>") && holds(xml, "P1 · P1 · 2")) << xml.substr(0, 500);
    EXPECT_TRUE(holds(clerk.ask("GET", "/export/firm.csv").header("Content-Disposition"), "P1%20%C2%B7%20P1"));
    EXPECT_FALSE(holds(clerk.ask("GET", "/export/town.csv").head, "Yipan-Watermark"));
}

TEST_F(ExchangeApi, TheTemplateComesWithItsDropDowns) {
    const Client clerk = as(1);
    const Reply reply = clerk.ask("GET", "/exchange/firm/template.xlsx");
    ASSERT_EQ(reply.status, 200) << reply.body;
    EXPECT_TRUE(holds(reply.header("Content-Type"), "spreadsheetml"));
    EXPECT_EQ(reply.header("X-Content-Type-Options"), "nosniff");
    const auto rows = lines(reply.body);
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_TRUE(rows[0].starts_with("信用代码*|名称*|镇*|电话|税收（元）")) << rows[0];
    EXPECT_EQ(as(4).ask("GET", "/exchange/firm/template.xlsx").status, 404);
}

TEST_F(ExchangeApi, AServerThatEndsLeavesALongImportPartlyAppliedAndItIsResumed) {
    Client clerk = as(1);
    std::string csv = "code,name,town\n";
    for (int i = 0; i < 20'000; ++i) csv += "F" + std::to_string(i) + ",甲,T1\n";
    const std::string id = begin(clerk, csv);
    ASSERT_EQ(rested(clerk, id).at("state").as_string(), "checked");
    ASSERT_EQ(clerk.ask("POST", "/imports/" + id + "/apply").status, 202);
    for (int i = 0; i < 2'000 && firms() == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    end();
    const std::int64_t half = firms();
    EXPECT_GT(half, 0);
    ASSERT_LT(half, 20'000) << "it was to be ended in the middle";
    board_.reset();
    auto opened = board::Board::open(path_);
    ASSERT_TRUE(opened);
    board_ = std::move(*opened);
    serve();
    clerk = as(1);
    EXPECT_EQ(clerk.ask("GET", "/imports/" + id).json().at("state").as_string(), "partly");
    EXPECT_EQ(clerk.ask("POST", "/imports/" + id + "/resume").status, 202);
    const json::value seen = rested(clerk, id);
    EXPECT_EQ(seen.at("state").as_string(), "applied") << json::serialize(seen);
    EXPECT_EQ(firms(), 20'000);
}

TEST_F(ExchangeApi, AnotherModelIsLookedAtAndNotMade) {
    using exchange::test::archive;
    const Client clerk = as(1);
    std::string changed = model_text;
    changed.replace(changed.find("max_chars: 40"), 13, "max_chars: 60");
    const Position before = board_->snapshot()->position();
    const Reply zip = clerk.ask("POST", "/model/preview", archive({{"modules/test/types/test.yaml", changed}, {"modules/README.md", "x"}}));
    ASSERT_EQ(zip.status, 200) << zip.body;
    EXPECT_FALSE(zip.json().at("differences").as_array().empty()) << zip.body;
    const std::string form = "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"test/types/test.yaml\"\r\n\r\n" + changed + "\r\n--XX--\r\n";
    const Reply parts = clerk.ask("POST", "/model/preview", form, "Content-Type: multipart/form-data; boundary=XX\r\n");
    ASSERT_EQ(parts.status, 200) << parts.body;
    EXPECT_EQ(parts.json().at("differences"), zip.json().at("differences"));
    const Reply broken = clerk.ask("POST", "/model/preview", archive({{"test/types/test.yaml", "types: {a: {label: x}}"}}));
    EXPECT_EQ(broken.status, 422);
    EXPECT_TRUE(holds(broken.body, "test/types/test.yaml:1")) << broken.body;
    EXPECT_EQ(clerk.ask("POST", "/model/preview", "abc").status, 422);
    // A file that no folder names stands for the one of its name in the model in use.
    const auto alone = [&](const std::string& name) {
        return clerk.ask("POST", "/model/preview", "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + name + "\"\r\n\r\n" + changed + "\r\n--XX--\r\n",
                         "Content-Type: multipart/form-data; boundary=XX\r\n");
    };
    const Reply one = alone("test.yaml");
    ASSERT_EQ(one.status, 200) << one.body;
    EXPECT_EQ(one.json().at("differences"), zip.json().at("differences"));
    const Reply nowhere = alone("other.yaml");
    EXPECT_EQ(nowhere.status, 422);
    EXPECT_TRUE(holds(nowhere.body, "no file of this name")) << nowhere.body;
    EXPECT_EQ(board_->snapshot()->position(), before);
}

TEST(FileKind, IsToldByTheBytesAndOnlyHarmlessKindsAreShown) {
    using namespace std::string_view_literals;
    EXPECT_EQ(file_kind("\x89PNG\r\n\x1A\n...."sv).type, "image/png");
    EXPECT_EQ(file_kind("\xFF\xD8\xFF\xE0"sv).type, "image/jpeg");
    EXPECT_EQ(file_kind("GIF89a..."sv).type, "image/gif");
    EXPECT_EQ(file_kind("RIFF\0\0\0\0WEBPVP8 "sv).type, "image/webp");
    EXPECT_EQ(file_kind("%PDF-1.7"sv).type, "application/pdf");
    EXPECT_TRUE(file_kind("一段说明\n"sv).shown);
    for (const auto bytes : {"<html>"sv, "  <svg xmlns"sv, "\xEF\xBB\xBF<!doctype html>"sv, "MZ\x90\0"sv, "PK\x03\x04"sv, "\xFF\xFE<\0h\0"sv, ""sv, "a\0b"sv}) {
        EXPECT_FALSE(file_kind(bytes).shown) << bytes;
        EXPECT_EQ(file_kind(bytes).type, "application/octet-stream");
    }
    std::string cut(file_kind_bytes - 1, 'a');
    cut += "镇";
    EXPECT_TRUE(file_kind(cut).shown) << "a character cut by the end of what is looked at";
}

}  // namespace
}  // namespace yipan::api
