// The API row by row: method, path, who asks, the status, what the answer contains and must not contain, how many entries
// the journal got. Rows are in *.rows beside this file, in order; each is a case of its own. At the end every route of the
// service must have been asked.
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "api/yard.h"

namespace yipan::test {
namespace {

struct Row {
    std::string where, method, path, who, body, keep;
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers;  // sent
    std::vector<std::string> has, has_not;
    std::vector<std::pair<std::string, std::string>> answered;  // header, what it contains
    std::optional<std::int64_t> entries;
};
std::map<std::string, std::string>& kept() {
    static std::map<std::string, std::string> all = [] {  // the clerk's own post and unit
        Yard& yard = Yard::get();
        const auto session = yard.service().accounts().session(yard.who("clerk").cookie);
        const auto directory = yard.service().rights().directory();
        return std::map<std::string, std::string>{{"post", std::to_string(session->post.value)}, {"organ", std::to_string((*directory)->unit_of(session->post))}};
    }();
    return all;
}
std::set<std::string>& asked() {
    static std::set<std::string> all;
    return all;
}
std::string filled(std::string text) {
    for (const auto& [name, value] : kept())
        for (std::size_t at; (at = text.find("${" + name + "}")) != std::string::npos;) text.replace(at, name.size() + 3, value);
    return text;
}

std::vector<Row> read_rows(const std::string& path) {
    std::vector<Row> rows;
    std::ifstream file(path);
    std::string line;
    for (int number = 1; std::getline(file, line); ++number) {
        if (line.empty() || line.front() == '#') continue;
        if (line.front() != ' ') {
            std::istringstream words(line);
            Row row;
            row.where = std::filesystem::path(path).filename().string() + ":" + std::to_string(number);
            words >> row.method >> row.path >> row.who >> row.status;
            if (row.path == "/" || row.path.starts_with("!")) row.path = row.path.starts_with("!") ? row.path.substr(1) : row.path;
            else row.path = "/b/demo/api" + row.path;
            rows.push_back(std::move(row));
            continue;
        }
        const std::size_t from = line.find_first_not_of(' '), blank = line.find(' ', from);
        const std::string word = line.substr(from, blank - from), rest = blank == std::string::npos ? "" : line.substr(blank + 1);
        Row& row = rows.back();
        const auto pair = [&] { return std::pair{rest.substr(0, rest.find(": ")), rest.substr(rest.find(": ") + 2)}; };
        if (word == "body") row.body = rest;
        else if (word == "has") row.has.push_back(rest);
        else if (word == "not") row.has_not.push_back(rest);
        else if (word == "with") row.headers.push_back(pair());
        else if (word == "answers") row.answered.push_back(pair());
        else if (word == "entries") row.entries = std::atoll(rest.c_str());
        else if (word == "keep") row.keep = rest;
        else row.has.push_back("no such word in " + row.where + ": " + word);
    }
    return rows;
}

class RowCase : public testing::Test {
  public:
    explicit RowCase(Row row) : row_(std::move(row)) {}
    void TestBody() override {
        Yard& yard = Yard::get();
        Ask ask{row_.method, filled(row_.path), {}, filled(row_.body)};
        for (const auto& [name, value] : row_.headers) ask.headers.emplace_back(name, filled(value));
        if (row_.entries) {  // a refused password is written a moment after its answer: what was queued before is written before this
            board::Draft draft;
            draft.channel = "test";
            draft.side.push_back({"test", "row", row_.where});
            EXPECT_TRUE(yard.board().apply(std::move(draft)));
        }
        const std::int64_t before = yard.entries();
        const Reply reply = yard.answer(row_.who, ask);
        SCOPED_TRACE(row_.where + "\n" + reply.body.substr(0, 1500));
        EXPECT_EQ(reply.status, row_.status);
        for (const std::string& text : row_.has) EXPECT_NE(reply.body.find(filled(text)), std::string::npos) << "lacks " << text;
        for (const std::string& text : row_.has_not) EXPECT_EQ(reply.body.find(filled(text)), std::string::npos) << "has " << text;
        for (const auto& [name, text] : row_.answered) EXPECT_NE(reply.header(name).find(filled(text)), std::string::npos) << name << ": " << reply.header(name);
        if (row_.entries) {
            EXPECT_EQ(yard.entries() - before, *row_.entries);
        }
        // What holds of every answer.
        EXPECT_EQ(reply.header("x-content-type-options"), "nosniff");
        EXPECT_FALSE(reply.header("content-security-policy").empty());
        if (row_.who == "nobody") {
            EXPECT_EQ(reply.header("yipan-position"), "") << "a stranger does not count entries";
        } else if (reply.status < 400) {
            EXPECT_NE(reply.header("yipan-position"), "");
        }
        if (reply.status >= 400) {
            EXPECT_EQ(reply.header("content-type"), "application/problem+json");
            EXPECT_NE(reply.body.find("\"errors\":[{\"code\":"), std::string::npos);
        }
        if (!row_.keep.empty()) {
            const std::string location = reply.header("location");
            if (!location.empty()) kept()[row_.keep] = location.substr(location.rfind('/') + 1);
            if (const std::string tag = reply.header("etag"); !tag.empty()) kept()[row_.keep + ".tag"] = tag;
            // "name=member": the text or number of that member, wherever it stands first in the answer
            if (const std::size_t equal = row_.keep.find('='); equal != std::string::npos) {
                const std::string mark = "\"" + row_.keep.substr(equal + 1) + "\":";
                const std::size_t at = reply.body.find(mark);
                ASSERT_NE(at, std::string::npos);
                std::size_t from = at + mark.size();
                const bool text = reply.body[from] == '"';
                if (text) ++from;
                kept()[row_.keep.substr(0, equal)] = reply.body.substr(from, reply.body.find_first_of(text ? "\"" : ",}]", from) - from);
            }
        }
        note_route(ask);
    }

  private:
    void note_route(const Ask& ask) {
        static const net::Router router = [] {
            net::Router out;
            const auto& routes = Yard::get().service().routes();
            for (std::size_t i = 0; i < routes.size(); ++i)
                out.add(routes[i].method, routes[i].pattern.starts_with('!') ? std::string(routes[i].pattern.substr(1)) : "/b/{board}/api" + std::string(routes[i].pattern), static_cast<int>(i));
            return out;
        }();
        net::Request request;
        request.target = ask.path;
        if (!net::split_target(request)) return;
        const auto match = router.match(ask.method == "HEAD" ? "GET" : ask.method, request.path);
        if (match.route >= 0) asked().insert(ask.method + " " + std::string(Yard::get().service().routes()[static_cast<std::size_t>(match.route)].pattern));
    }
    Row row_;
};
// Streams are asked in wire_test.cpp; files, imports, exports and webhooks beside their own rooms.
bool elsewhere(std::string_view pattern) {
    for (const std::string_view part : {"/events", "/exchange", "/import", "/export", "/files", "/model/preview", "/webhooks", "/oidc"})
        if (pattern.find(part) != std::string_view::npos) return true;
    return false;
}
class EveryRoute : public testing::Test {
  public:
    void TestBody() override {
        std::string missing;
        for (const auto& route : Yard::get().service().routes())
            if (elsewhere(route.pattern)) continue;
            else if (const std::string name = std::string(route.method) + " " + std::string(route.pattern); !asked().contains(name)) missing += "\n  " + name;
        EXPECT_EQ(missing, "") << "no row asks these";
    }
};
// Of several processes of one board (decision 0042) each route says which answers it.
class WhoAnswers : public testing::Test {
  public:
    void TestBody() override {
        using api::By;
        std::size_t readers = 0;
        for (const auto& route : Yard::get().service().routes()) {
            const std::string name = std::string(route.method) + " " + std::string(route.pattern);
            EXPECT_NE(route.by, By::unsaid) << name << " does not say which process answers it";
            EXPECT_EQ(route.by == By::process, route.pattern.starts_with('!')) << name << ": of the process, not of the board";
            readers += route.by == By::reader;
            if (route.by == By::writer || route.by == By::process) continue;
            EXPECT_TRUE(route.method == "GET" || (route.method == "POST" && route.scope == "figures")) << name << " writes, so the one that writes answers it";
            EXPECT_TRUE(route.scope != "write" && route.scope != "import") << name;
        }
        EXPECT_GT(readers, 30U) << "what is read is read by any";
    }
};
// A device on the wall may ask these and nothing else; whoever adds one says so here as well.
class WhatAWallMayAsk : public testing::Test {
  public:
    void TestBody() override {
        std::set<std::string> shown;
        for (const auto& route : Yard::get().service().routes())
            if (route.screen == api::Screen::shown) shown.insert(std::string(route.method) + " " + std::string(route.pattern));
        EXPECT_EQ(shown, (std::set<std::string>{"GET /session", "GET /model", "GET /board", "GET /lights", "GET /events", "GET /figures/{code}", "GET /figures/{code}/series",
                                                "POST /figures/query", "GET /schemes/{code}"}));
    }
};

}  // namespace

// The very last: from here on this address has to wait.
class TooManyAttempts : public testing::Test {
  public:
    void TestBody() override {
        Reply reply;
        for (int i = 0; i < 40 && reply.status != 429; ++i)
            reply = Yard::get().answer("nobody", {"POST", "/b/demo/api/session", {}, R"({"account":"nobody-of-this-name","password":"whatever it may be"})"});
        EXPECT_EQ(reply.status, 429);
        EXPECT_EQ(reply.header("retry-after"), "60");
    }
};

// Called before gtest runs: rows become cases.
void register_rows(const std::string& folder) {
    std::set<std::string> files;
    for (const auto& file : std::filesystem::directory_iterator(folder))
        if (file.path().extension() == ".rows") files.insert(file.path().string());
    for (const std::string& path : files)
        for (const Row& row : read_rows(path)) {
            std::string name = row.where + " " + row.method + " " + row.path.substr(0, 60) + " as " + row.who;
            for (char& c : name)
                if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))) c = '_';
            testing::RegisterTest("Rows", name.c_str(), nullptr, nullptr, __FILE__, __LINE__, [row]() -> testing::Test* { return new RowCase(row); });
        }
    testing::RegisterTest("Rows", "EveryRouteIsAsked", nullptr, nullptr, __FILE__, __LINE__, []() -> testing::Test* { return new EveryRoute; });
    testing::RegisterTest("Rows", "EveryRouteSaysWhichProcessAnswers", nullptr, nullptr, __FILE__, __LINE__, []() -> testing::Test* { return new WhoAnswers; });
    testing::RegisterTest("Rows", "AWallMayAskTheseAndNothingElse", nullptr, nullptr, __FILE__, __LINE__, []() -> testing::Test* { return new WhatAWallMayAsk; });
    testing::RegisterTest("Rows", "WhoGuessesPasswordsHasToWait", nullptr, nullptr, __FILE__, __LINE__, []() -> testing::Test* { return new TooManyAttempts; });
}

}  // namespace yipan::test

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    yipan::test::register_rows(YIPAN_SOURCE_DIR "/tests/api");
    return RUN_ALL_TESTS();
}
