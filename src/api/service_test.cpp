// The service asked without a socket, on a small board of its own: what is told to whom, what repeats, what a merge leaves.
#include "api/service.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <future>
#include <thread>

#include "api/call.h"
#include "api/events.h"
#include "base/check.h"

namespace yipan::api {
namespace {
namespace json = boost::json;
namespace fs = std::filesystem;

// Two towns, a clerk in each (1, 2); a guest (3) who sees of a firm nothing but its town.
constexpr const char* model_text = R"m(identity:
  person: person
  post: post
  unit: town
  holds: {type: appointment, person: person, post: post}
rights:
  units: {town: this, post: town, firm: town, permit: firm.town}
  roles:
    clerk: {label: [办事员, 辦事員, Clerk], posts: "code != 'GUEST'"}
    guest: {label: [访客, 訪客, Guest], posts: "code == 'GUEST'"}
  allow:
    - {role: [clerk, guest], do: [see], in: all, types: [town, post, person, appointment]}
    - {role: clerk, do: [see, create, amend, remove, void, restore, merge, erase, unmask, import, export], in: unit, types: [firm, permit]}
    - {role: clerk, do: [see, create, amend, remove, import], in: all, types: [visit]}
    - {role: guest, do: [see], in: all, types: [firm], fields: [town]}
    - {role: guest, do: [see], in: all, types: [visit]}
    - {role: [clerk, guest], do: [see, create], in: all, types: [remark]}
    - {role: [clerk, guest], do: [see], in: all, figures: ours}
  smallest_cell: {firm_tax: 3}
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
    key: code
    title: name
    fields:
      code: {type: text, required: true, unique: true, max_chars: 30, label: [信用代码, 信用代碼, Code]}
      name: {type: text, required: true, max_chars: 40, label: [名称, 名稱, Name]}
      town: {type: reference, to: town, required: true, label: [镇, 鎮, Town]}
      phone: {type: text, unique: true, personal: true, max_chars: 20, label: [电话, 電話, Phone]}
      tax: {type: money, min: 0, label: [税收, 稅收, Tax]}
  permit:
    label: [许可, 許可, Permit]
    owned_by: firm
    quick: {label: [办许可, 辦許可, Add a permit], when: "tax != null", asks: [kind]}
    fields:
      kind: {type: text, required: true, max_chars: 20, label: [种类, 種類, Kind]}
  visit:
    label: [走访, 走訪, Visit]
    responsible: none
    fields:
      firm: {type: reference, to: firm, required: true, label: [企业, 企業, Firm]}
  remark:
    label: [备注, 備註, Remark]
    responsible: none
    quick: {to: firm, label: [记备注, 記備註, Remark], asks: [text], fills: {by: "post", day: "entry_date", about: "name"}}
    fields:
      firm: {type: reference, to: firm, required: true, label: [企业, 企業, Firm]}
      by: {type: reference, to: post, required: true, label: [岗位, 崗位, By]}
      day: {type: date, required: true, label: [日期, 日期, Day]}
      about: {type: text, max_chars: 40, label: [名称, 名稱, About]}
      text: {type: text, required: true, max_chars: 40, label: [内容, 內容, Text]}
figures:
  firm_tax:
    label: [税收, 稅收, Tax]
    of: firm
    sum: tax
    unit: town
)m";

class ServiceTest : public ::testing::Test {
  protected:
    struct Guest {
        std::string cookie, csrf;
    };
    struct Reply {
        int status = 0;
        std::string text;
        std::vector<std::pair<std::string, std::string>> headers;
        json::value body() const {
            boost::system::error_code bad;
            json::value v = json::parse(text, bad);
            return bad ? json::value(json::object{}) : v;
        }
        bool has(std::string_view part) const { return text.find(part) != std::string::npos; }
    };

    void SetUp() override {
        folder_ = fs::temp_directory_path() / ("yipan_service_" + std::to_string(::getpid()));
        fs::remove_all(folder_);
        fs::create_directories(folder_);
        path_ = (folder_ / "test.board").string();
        board::Board::Birth birth;
        birth.name = "test";
        birth.salt_seed = "test";
        birth.model = {{"test/types/test.yaml", model_text}};
        auto made = board::Board::create(path_, std::move(birth));
        ASSERT_TRUE(made) << text_of(made.error());
        board_ = std::move(*made);
        board::Draft draft;
        draft.channel = "demo";
        const auto text = [](const char* t) { return record::Value(std::string(t)); };
        add(draft, "town", {{"code", text("T1")}});
        add(draft, "town", {{"code", text("T2")}});
        const char* posts[] = {"P1", "P2", "GUEST"};
        for (int i = 0; i < 3; ++i) {
            add(draft, "person", {{"name", text(posts[i])}});
            add(draft, "post", {{"code", text(posts[i])}, {"town", std::int64_t{i == 1 ? 2 : 1}}});
            add(draft, "appointment", {{"person", std::int64_t{i + 1}}, {"post", std::int64_t{i + 1}}});
        }
        // Firms 1 and 2 of the first town, 3 of the second.
        add(draft, "firm", {{"code", text("F-00001")}, {"name", text("甲")}, {"town", std::int64_t{1}}, {"phone", text("13900000001")}, {"tax", std::int64_t{100}}});
        add(draft, "firm", {{"code", text("F-00002")}, {"name", text("乙")}, {"town", std::int64_t{1}}, {"phone", text("13900000002")}, {"tax", std::int64_t{100}}});
        add(draft, "firm", {{"code", text("S-12345")}, {"name", text("丙")}, {"town", std::int64_t{2}}, {"phone", text("13911112222")}, {"tax", std::int64_t{100}}});
        const auto written = board_->apply(std::move(draft));
        ASSERT_TRUE(written) << text_of(written.error());
        worker_ = std::thread([this] { work(); });
        serve();
    }
    void TearDown() override {
        end();
        {
            const std::lock_guard lock(mutex_);
            ending_ = true;
        }
        wake_.notify_one();
        worker_.join();
        board_.reset();
        fs::remove_all(folder_);
    }
    void serve() {
        Settings settings;
        settings.code = "test";
        settings.path = path_;
        settings.later = [this](std::function<void()> what) {
            {
                const std::lock_guard lock(mutex_);
                work_.push_back(std::move(what));
            }
            wake_.notify_one();
        };
        auto service = Service::open(*board_, std::move(settings));
        ASSERT_TRUE(service);
        service_ = std::move(*service);
    }
    void end() {
        if (!service_) return;
        service_->stop();
        service_->leave();
        service_.reset();
    }
    void add(board::Draft& draft, const char* type, std::vector<std::pair<const char*, record::Value>> values) {
        board::Change change;
        change.type = board_->model()->find_type(type);
        for (auto& [field, value] : values)
            change.set.emplace_back(board_->model()->types[static_cast<std::size_t>(change.type)].find(field), std::move(value));
        draft.changes.push_back(std::move(change));
    }
    Guest as(int who) {
        auto opened = service_->accounts().demo(RecordId(who), RecordId(who), "test", "127.0.0.1");
        YIPAN_CHECK(opened.has_value());
        return {opened->secret, opened->session.csrf};
    }
    Reply ask(const Guest& guest, std::string method, const std::string& target, std::string body = {}, std::vector<std::pair<std::string, std::string>> headers = {}) {
        auto request = std::make_shared<net::Request>();
        request->method = std::move(method);
        request->target = "/b/test/api" + target;
        YIPAN_CHECK(net::split_target(*request));
        request->headers = std::move(headers);
        if (!guest.cookie.empty()) request->headers.emplace_back("cookie", "yipan_session=" + guest.cookie);
        if (!guest.csrf.empty()) request->headers.emplace_back("x-csrf-token", guest.csrf);
        request->body = std::move(body);
        net::App::Plan plan = service_->plan(*request);
        if (plan.instead) return {plan.instead->status, std::move(plan.instead->body), std::move(plan.instead->headers)};
        request->route = plan.route;
        request->parameters = std::move(plan.parameters);
        std::promise<net::Response> promise;
        service_->handle(request, [&](net::Response r) { promise.set_value(std::move(r)); });
        net::Response r = promise.get_future().get();
        return {r.status, r.fixed.empty() ? std::move(r.body) : std::string(r.fixed), std::move(r.headers)};
    }
    std::int64_t entries() { return board_->snapshot()->position().value; }

    fs::path folder_;
    std::string path_;
    std::unique_ptr<board::Board> board_;
    std::unique_ptr<Service> service_;

  private:
    void work() {
        std::unique_lock lock(mutex_);
        while (true) {
            wake_.wait(lock, [this] { return ending_ || !work_.empty(); });
            if (work_.empty()) return;
            {
                const auto what = std::move(work_.front());
                work_.pop_front();
                lock.unlock();
                what();
            }
            lock.lock();
        }
    }
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> work_;
    bool ending_ = false;
    std::thread worker_;
};

// -- the end

TEST_F(ServiceTest, the_board_goes_on_when_its_service_is_gone_with_drafts_still_queued) {
    std::atomic<int> answered{0};
    constexpr int drafts = 2'000;
    for (int i = 0; i < drafts; ++i) {
        board::Draft draft;
        draft.channel = "test";
        board::Change change;
        change.verb = board::Verb::act;
        change.told = "{\"act\":\"test\"}";
        draft.changes.push_back(std::move(change));
        board_->submit(std::move(draft), [&](const Checked<board::Receipt>&) { ++answered; });
    }
    end();
    EXPECT_EQ(answered, drafts) << "whoever leaves waits for what was queued before";
    board::Draft draft;
    draft.channel = "test";
    add(draft, "town", {{"code", record::Value(std::string("T3"))}});
    EXPECT_TRUE(board_->apply(std::move(draft)));  // shown to nobody
    serve();
    EXPECT_EQ(ask(as(1), "GET", "/records/town/3").status, 200);
}

TEST_F(ServiceTest, a_look_is_in_the_journal_before_it_is_answered) {
    const std::int64_t before = entries();
    const Reply looked = ask(as(1), "POST", "/records/firm/1/unmask", R"({"reason":"a check"})");
    EXPECT_EQ(looked.status, 200);
    EXPECT_TRUE(looked.has("13900000001")) << looked.text;
    const auto snapshot = board_->snapshot();
    bool found = false;
    ASSERT_TRUE(snapshot->each_entry(Position(before + 1), snapshot->position(), [&](const board::Entry& e) {
        found = found || e.verb == board::Verb::read;
        return true;
    }));
    EXPECT_TRUE(found);
}

// -- merged ids

TEST_F(ServiceTest, what_was_written_for_a_merged_away_record_does_not_hit_the_one_that_stayed) {
    const Guest clerk = as(1);
    ASSERT_EQ(ask(clerk, "POST", "/records/firm/1/merge", R"({"into":2,"reason":"the same firm"})").status, 200);
    EXPECT_EQ(ask(clerk, "GET", "/records/firm/1").body().at("record").at("id").as_int64(), 2) << "reading follows";
    const std::int64_t before = entries();
    for (const auto& [method, path, body] : {std::tuple{"POST", "/records/firm/1/void", R"({"reason":"the duplicate"})"},
                                             std::tuple{"POST", "/records/firm/1/erase", R"({"basis":"a law","decider":"somebody"})"},
                                             std::tuple{"DELETE", "/records/firm/1", "{}"},
                                             std::tuple{"PATCH", "/records/firm/1", R"({"values":{"name":"丁"}})"},
                                             std::tuple{"POST", "/records/firm/1/unmask", R"({"reason":"a check"})"}}) {
        const Reply reply = ask(clerk, method, path, body, {{"if-match", "\"v1\""}});
        EXPECT_EQ(reply.status, 409) << method << " " << path << reply.text;
        EXPECT_TRUE(reply.has("/records/firm/2")) << reply.text;
    }
    EXPECT_EQ(entries(), before);
    EXPECT_EQ(ask(as(2), "POST", "/records/firm/1/void", R"({"reason":"x"})").status, 404) << "whoever may not see it is told nothing";
}

TEST_F(ServiceTest, a_record_is_not_merged_into_one_that_is_not_seen) {
    const Reply unseen = ask(as(1), "POST", "/records/firm/1/merge", R"({"into":3,"reason":"x"})"), none = ask(as(1), "POST", "/records/firm/1/merge", R"({"into":99,"reason":"x"})");
    EXPECT_EQ(unseen.status, none.status);
    EXPECT_EQ(ask(as(1), "GET", "/records/firm/1").status, 200);
    EXPECT_FALSE(unseen.has("S-12345")) << unseen.text;
}

// -- which thread

TEST_F(ServiceTest, a_list_that_may_look_at_every_record_keeps_no_quick_thread) {
    const auto looks = [&](const Guest& guest, const std::string& target) {
        net::Request head;
        head.method = "GET";
        head.target = "/b/test/api/records/" + target;
        YIPAN_CHECK(net::split_target(head));
        if (!guest.cookie.empty()) head.headers.emplace_back("cookie", "yipan_session=" + guest.cookie);
        const net::App::Plan plan = service_->plan(head);
        EXPECT_EQ(plan.look, plan.slow) << target;
        return plan.look;
    };
    const Guest clerk = as(1), guest = as(3);
    ASSERT_EQ(ask(clerk, "GET", "/records/town").status, 200);
    EXPECT_FALSE(looks(clerk, "town")) << "all of it is seen: the newest are found at once";
    EXPECT_FALSE(looks(clerk, "town?offset=1000&limit=200"));
    EXPECT_TRUE(looks(clerk, "town?offset=1001")) << "what is passed over is walked as well";
    EXPECT_TRUE(looks(clerk, "town?filter=code%20%3D%3D%20%27T1%27"));
    EXPECT_TRUE(looks(clerk, "town?total=exact"));
    EXPECT_TRUE(looks(clerk, "firm")) << "rights select: one row in all of them may be his";
    EXPECT_TRUE(looks(guest, "firm"));
    EXPECT_FALSE(looks(guest, "visit"));
    EXPECT_FALSE(looks({}, "firm")) << "a stranger is answered without looking";
    EXPECT_FALSE(looks(clerk, "nothing"));
}

// -- what a page may add to a record in one small form

TEST_F(ServiceTest, a_record_says_what_may_be_added_to_it_and_what_is_filled_in_already) {
    const Guest clerk = as(1);
    const auto adds = [&](const Guest& who, int firm) { return ask(who, "GET", "/records/firm/" + std::to_string(firm)).body().at("record").at("adds").as_array(); };
    const json::array offered = adds(clerk, 1);
    ASSERT_EQ(offered.size(), 2u) << json::serialize(offered);
    EXPECT_EQ(offered[0].at("type").as_string(), "permit");
    EXPECT_EQ(offered[0].at("to").as_string(), "firm");
    EXPECT_EQ(json::serialize(offered[0].at("asks")), R"(["kind"])");
    EXPECT_EQ(json::serialize(offered[0].at("fills")), "{}");
    EXPECT_EQ(offered[1].at("type").as_string(), "remark");
    EXPECT_EQ(offered[1].at("label").at("en").as_string(), "Remark");
    const json::object& fills = offered[1].at("fills").as_object();
    EXPECT_EQ(fills.at("by").at("id").as_int64(), 1);
    EXPECT_EQ(fills.at("day").as_string(), board_->snapshot()->today().text());
    EXPECT_EQ(fills.at("about").as_string(), "甲");
    // What it says is what a draft needs, as the page sends it.
    json::object values = fills;
    values["firm"] = 1;
    values["text"] = "清楚";
    EXPECT_EQ(ask(clerk, "POST", "/records/remark", json::serialize(json::object{{"values", values}})).status, 201);
    // Where the condition does not hold, and where the post may not create it, it is not offered.
    ASSERT_EQ(ask(clerk, "POST", "/records/firm", R"({"values":{"code":"F-00009","name":"丁","town":1}})").status, 201);
    ASSERT_EQ(adds(clerk, 4).size(), 1u);
    EXPECT_EQ(adds(clerk, 4)[0].at("type").as_string(), "remark");
    const json::array seen = adds(as(3), 1);
    ASSERT_EQ(seen.size(), 1u) << json::serialize(seen);
    EXPECT_EQ(seen[0].at("type").as_string(), "remark");
    EXPECT_FALSE(seen[0].at("fills").as_object().contains("about")) << "the guest does not see the name of a firm";
    ASSERT_EQ(ask(clerk, "POST", "/records/firm/1/void", R"({"reason":"x"})", {{"if-match", "\"v1\""}}).status, 200);
    EXPECT_TRUE(adds(clerk, 1).empty()) << "nothing is added to what is void";
}

// -- names of what one does not see

TEST_F(ServiceTest, no_message_names_a_record_one_does_not_see) {
    const Guest clerk = as(1);
    const auto probe = [&](const std::string& key) {
        const Reply reply = ask(clerk, "POST", "/records/visit", "{\"dry_run\":true,\"values\":{\"firm\":\"" + key + "\"}}");
        EXPECT_EQ(reply.status, 422) << reply.text;
        json::object error = reply.body().at("errors").as_array().at(0).as_object();
        EXPECT_EQ(error.at("hint").as_string(), "") << reply.text;
        std::string message(error.at("message").as_string());
        return message.replace(message.find(key), key.size(), "KEY");
    };
    EXPECT_EQ(probe("S-12345"), probe("S-1234x")) << "what is there unseen and what is like it are told alike";
    // Whose phone it is.
    const Reply taken = ask(clerk, "POST", "/records/firm", R"({"values":{"code":"F9","name":"戊","town":1,"phone":"13911112222"}})");
    EXPECT_EQ(taken.status, 409) << taken.text;
    EXPECT_FALSE(taken.has("S-12345")) << taken.text;
    EXPECT_TRUE(ask(clerk, "POST", "/records/firm", R"({"values":{"code":"F9","name":"戊","town":1,"phone":"13900000002"}})").has("F-00002")) << "one's own is named";
    // A void one, by its number.
    ASSERT_EQ(ask(as(2), "POST", "/records/firm/3/void", R"({"reason":"x"})").status, 200);
    const Reply voided = ask(clerk, "POST", "/records/visit", R"({"values":{"firm":3}})");
    EXPECT_GE(voided.status, 400);
    EXPECT_FALSE(voided.has("S-12345")) << voided.text;
}

TEST_F(ServiceTest, a_hidden_field_is_not_told_as_title_hit_hint_or_story) {
    const Guest guest = as(3);
    const Reply list = ask(guest, "GET", "/records/firm");
    EXPECT_EQ(list.status, 200);
    EXPECT_TRUE(list.has("\"title\":\"#1\"")) << list.text;
    for (const char* path : {"/records/firm", "/records/firm/1", "/search?q=%E7%94%B2", "/pick/firm?q=", "/pick/firm?q=F-0", "/records/firm?q=%E7%94%B2", "/records/firm/1/story"}) {
        const Reply reply = ask(guest, "GET", path);
        EXPECT_EQ(reply.status, 200) << path << reply.text;
        EXPECT_FALSE(reply.has("甲")) << path << reply.text;
        EXPECT_FALSE(reply.has("F-00001")) << path << reply.text;
    }
    EXPECT_EQ(ask(guest, "GET", "/records/firm?q=%E7%94%B2").body().at("rows").as_array().size(), 0u) << "nor by what it selects";
    EXPECT_TRUE(ask(as(1), "GET", "/search?q=%E7%94%B2").has("甲"));
}

TEST_F(ServiceTest, what_stands_behind_a_withheld_value_is_not_counted_either) {
    const Guest guest = as(3);
    const std::string of = "/figures/firm_tax?unit=1", why = "/figures/firm_tax/why?unit=1";
    EXPECT_TRUE(ask(as(1), "GET", of).has("\"has\":true")) << "who sees the firms";
    const Reply told = ask(as(2), "GET", why);
    EXPECT_TRUE(told.has("too few")) << told.text;
    EXPECT_TRUE(told.has("\"hidden\":null")) << told.text;
    EXPECT_TRUE(told.has("\"rows_total\":0")) << told.text;
    const Reply difference = ask(as(2), "GET", "/figures/firm_tax/difference?unit=1&from=1&to=" + std::to_string(entries()));
    EXPECT_EQ(difference.status, 200) << difference.text;
    EXPECT_TRUE(difference.has("\"hidden\":null")) << difference.text;
    (void)guest;
}

// -- repeating

TEST_F(ServiceTest, a_key_repeats_its_own_request_and_no_other) {
    const Guest clerk = as(1);
    const std::string body = R"({"values":{"code":"F7","name":"庚","town":1}})";
    const auto made = ask(clerk, "POST", "/records/firm", body, {{"idempotency-key", "k"}});
    ASSERT_EQ(made.status, 201) << made.text;
    const std::int64_t before = entries();
    EXPECT_TRUE(ask(clerk, "POST", "/records/firm", body, {{"idempotency-key", "k"}}).has("\"repeated\":true"));
    const Reply other = ask(clerk, "POST", "/records/firm", R"({"values":{"code":"F8","name":"辛","town":1}})", {{"idempotency-key", "k"}});
    EXPECT_EQ(other.status, 422) << other.text;
    EXPECT_TRUE(other.has("Idempotency-Key"));
    EXPECT_EQ(ask(clerk, "POST", "/records/visit", R"({"values":{"firm":1}})", {{"idempotency-key", "k"}}).status, 422);
    EXPECT_EQ(entries(), before);
    const std::string longest(200, 'x');
    EXPECT_EQ(ask(clerk, "PUT", "/drafts/a", R"({"v":1})", {{"idempotency-key", longest}}).status, 204);
    EXPECT_EQ(ask(clerk, "PUT", "/drafts/a", R"({"v":2})", {{"idempotency-key", longest + "1"}}).status, 400);
}

TEST_F(ServiceTest, a_removal_whose_answer_was_lost_is_repeated) {
    const Guest clerk = as(1);
    const std::vector<std::pair<std::string, std::string>> headers{{"if-match", "\"v1\""}, {"idempotency-key", "gone"}};
    ASSERT_EQ(ask(clerk, "DELETE", "/records/firm/1", "{}", headers).status, 200);
    const Reply again = ask(clerk, "DELETE", "/records/firm/1", "{}", headers);
    EXPECT_EQ(again.status, 200) << again.text;
    EXPECT_TRUE(again.has("\"repeated\":true")) << again.text;
    EXPECT_EQ(ask(clerk, "DELETE", "/records/firm/1", "{}", {{"if-match", "\"v1\""}, {"idempotency-key", "another"}}).status, 404);
    EXPECT_EQ(ask(clerk, "DELETE", "/records/firm/2", "{}", headers).status, 422) << "the key was of the first";
}

// A key holds for two weeks, in the API; those of imports and commands hold for good.
TEST_F(ServiceTest, a_key_is_forgotten_after_two_weeks_and_those_of_others_are_not) {
    const Guest clerk = as(1);
    const auto firm = [](const char* code) { return std::string(R"({"values":{"code":")") + code + R"(","name":"庚","town":1}})"; };
    ASSERT_EQ(ask(clerk, "POST", "/records/firm", firm("F7"), {{"idempotency-key", "old"}}).status, 201);
    board::Draft imported;
    imported.channel = "import";
    imported.idempotency_key = "import:firm:1";
    imported.side = {{"test", "a", "1"}};
    ASSERT_TRUE(board_->apply(imported));
    struct Later final : Clock {
        Instant now() override { return Instant{SystemClock().now().micros + std::int64_t{15 * 24 * 3'600} * 1'000'000}; }
    } later;
    end();
    board_.reset();
    board::Options options;
    options.clock = &later;
    auto opened = board::Board::open(path_, options);
    ASSERT_TRUE(opened);
    board_ = std::move(*opened);
    serve();
    const Guest again = as(1);
    ASSERT_EQ(ask(again, "POST", "/records/firm", firm("F8"), {{"idempotency-key", "new"}}).status, 201);
    const auto marked = [&](const char* key) { return board_->snapshot()->side(asked_space, key)->has_value(); };
    for (int i = 0; i < 1'000 && marked("1:1:old"); ++i) {
        service_->forget_keys();
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_FALSE(marked("1:1:old"));
    EXPECT_TRUE(marked("1:1:new"));
    const std::int64_t before = entries();
    EXPECT_TRUE(ask(again, "POST", "/records/firm", firm("F8"), {{"idempotency-key", "new"}}).has("\"repeated\":true"));
    const auto same = board_->apply(imported);
    EXPECT_TRUE(same && same->repeated);
    EXPECT_EQ(entries(), before);
    EXPECT_EQ(ask(again, "POST", "/records/firm", firm("F9"), {{"idempotency-key", "old"}}).status, 201) << "a new request may use it again";
    EXPECT_TRUE(board_->verify().ok);
}

// -- lines

TEST_F(ServiceTest, a_line_is_changed_from_the_version_it_was_read_at) {
    const Guest clerk = as(1);
    const auto patch = [&](const std::string& line, const std::string& version = "*") {
        return ask(clerk, "PATCH", "/records/firm/1", R"({"values":{},"children":{"permit":[)" + line + "]}}", {{"if-match", version}});
    };
    ASSERT_EQ(patch(R"({"values":{"kind":"甲"}})").status, 200);
    const std::int64_t before = entries();
    for (const char* line : {R"({"id":1,"values":{"kind":"乙"}})", R"({"id":1,"remove":true})"}) {
        const Reply refused = patch(line);
        EXPECT_EQ(refused.status, 428) << refused.text;
        EXPECT_TRUE(refused.has("children.permit[0]") && refused.has("current_version")) << refused.text;
    }
    EXPECT_EQ(patch(R"({"id":1,"values":{"kind":"乙"}},{"id":1,"version":1,"values":{"nothing":1}})").status, 422) << "with other mistakes, all of them";
    EXPECT_EQ(patch(R"({"id":1,"version":7,"values":{"kind":"乙"}})").status, 412);
    EXPECT_EQ(entries(), before);
    EXPECT_EQ(patch(R"({"id":1,"version":1,"values":{"kind":"乙"}})").status, 200);
    EXPECT_EQ(patch(R"({"id":1,"version":2,"remove":true})").status, 200);
}

// -- what is told of what is gone

TEST_F(ServiceTest, who_could_see_a_record_hears_that_it_is_gone_and_nothing_else_of_it) {
    const Guest clerk = as(1);
    const std::int64_t before = entries();
    const auto mine = service_->events().follow(RecordId(1), RecordId(1), "", std::nullopt), others = service_->events().follow(RecordId(2), RecordId(2), "", std::nullopt);
    ASSERT_TRUE(mine && others);
    const auto heard = [](net::Stream& stream, std::string_view wanted) {
        std::string all;
        for (int i = 0; i < 2'000 && all.find(wanted) == std::string::npos; ++i) {
            for (const auto& piece : stream.take()) all += *piece;
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        return all;
    };
    ASSERT_EQ(ask(clerk, "DELETE", "/records/firm/1", "{}", {{"if-match", "*"}}).status, 200);
    ASSERT_EQ(ask(clerk, "POST", "/records/visit", R"({"values":{"firm":2}})").status, 201);  // which both see
    const std::string to_me = heard(*mine, "\"visit\""), to_others = heard(*others, "\"visit\"");
    EXPECT_NE(to_me.find(R"({"type":"firm","id":1,"version":2,"verb":"remove"})"), std::string::npos) << to_me;
    EXPECT_EQ(to_me.find("F-00001"), std::string::npos);
    EXPECT_EQ(to_others.find("\"firm\""), std::string::npos) << to_others;
    EXPECT_NE(to_others.find("\"visit\""), std::string::npos);
    // Also who comes back and asks for what he missed.
    const auto back = service_->events().follow(RecordId(1), RecordId(1), "", before);
    EXPECT_NE(heard(*back, "\"visit\"").find(R"("verb":"remove")"), std::string::npos);
}

TEST_F(ServiceTest, what_is_refused_before_it_is_read_says_so_in_the_readers_language) {
    net::Request request;
    for (const auto& [language, title] : {std::pair{"en", "something is larger than its stated limit"}, std::pair{"zh-Hant", "超過規定的上限"}, std::pair{"", "超过规定的上限"}}) {
        request.headers = {{"accept-language", language}};
        EXPECT_NE(service_->trouble(431, 16'384, request).body.find(title), std::string::npos) << service_->trouble(431, 16'384, request).body;
    }
    EXPECT_TRUE(ask({}, "POST", "/records/firm", "{}", {{"accept-language", "zh-Hant"}, {"content-length", "100000"}}).has("當前身份無權進行此操作"));
}

TEST_F(ServiceTest, a_list_that_may_look_at_every_record_does_not_hold_a_quick_thread) {
    const auto plan = [&](const char* query) {
        net::Request request;
        request.method = "GET";
        request.target = std::string("/b/test/api/records/firm") + query;
        YIPAN_CHECK(net::split_target(request));
        return service_->plan(request);
    };
    for (const char* query : {"?filter=name%3D%3D%27x%27", "?sort=-name", "?q=x", "?sums=tax", "?total=exact"}) EXPECT_TRUE(plan(query).slow && plan(query).look) << query;
    EXPECT_FALSE(plan("").slow || plan("?limit=20&offset=20").slow);
    EXPECT_FALSE(plan("/1").slow);
}

// -- lists

TEST_F(ServiceTest, a_search_of_a_list_that_is_cut_says_so) {
    constexpr int firms = 5'010, at_once = 1'000;
    for (int i = 0; i < firms; i += at_once) {
        board::Draft draft;
        draft.channel = "demo";
        for (int n = i; n < std::min(firms, i + at_once); ++n)
            add(draft, "firm", {{"code", record::Value("M" + std::to_string(n))}, {"name", record::Value(std::string("many"))}, {"town", std::int64_t{1}}});
        ASSERT_TRUE(board_->apply(std::move(draft)));
    }
    const Reply cut = ask(as(1), "GET", "/records/firm?q=many&total=exact&limit=1");
    EXPECT_TRUE(cut.has("\"cut\":true")) << cut.text;
    EXPECT_TRUE(cut.has("\"exact\":false")) << cut.text;
    // Those one may not see take no places of one's own.
    const Reply own = ask(as(2), "GET", "/records/firm?q=%E4%B8%99");
    EXPECT_TRUE(own.has("S-12345")) << own.text;
    EXPECT_FALSE(own.has("\"cut\"")) << own.text;
    EXPECT_EQ(ask(as(1), "GET", "/records/firm?sort=code,name,town,tax,id").status, 400) << "more than four are refused, not dropped";
}

TEST_F(ServiceTest, a_version_may_be_any_of_several_or_whatever_is_there) {
    const Guest clerk = as(1);
    const auto amend = [&](const std::string& name, const std::string& match) {
        return ask(clerk, "PATCH", "/records/firm/1", "{\"values\":{\"name\":\"" + name + "\"}}", {{"if-match", match}}).status;
    };
    EXPECT_EQ(amend("a", "*"), 200);
    EXPECT_EQ(amend("b", "\"v1\", \"v2\""), 200);
    EXPECT_EQ(amend("c", "\"v1\", \"v2\""), 412);
    EXPECT_EQ(amend("d", "\"v4294967299\""), 428) << "not cut to v3";
    EXPECT_EQ(amend("e", "\"v3\", nonsense"), 428);
}

TEST_F(ServiceTest, an_erasure_takes_the_comments_with_it) {
    const Guest clerk = as(1);
    ASSERT_EQ(ask(clerk, "POST", "/records/firm/1/comments", R"({"text":"call 13900000001"})").status, 201);
    EXPECT_TRUE(ask(clerk, "GET", "/records/firm/1/comments").has("13900000001"));
    const Reply erased = ask(clerk, "POST", "/records/firm/1/erase", R"({"basis":"a law","decider":"somebody"})");
    ASSERT_EQ(erased.status, 200) << erased.text;
    EXPECT_TRUE(ask(clerk, "GET", "/records/firm/1/comments").has("\"comments\":[]"));
}

// -- what is known of people

TEST_F(ServiceTest, an_older_link_sets_no_password_after_a_newer_one) {
    auto& accounts = service_->accounts();
    const auto first = accounts.add({}, "somebody", RecordId(1), "");
    const auto second = accounts.link({}, "somebody");
    ASSERT_TRUE(first && second);
    std::string name;
    EXPECT_FALSE(accounts.set_password_by_link(*first, "a long sentence of mine", name));
    ASSERT_TRUE(accounts.set_password_by_link(*second, "a long sentence of mine", name));
    EXPECT_FALSE(accounts.set_password_by_link(*first, "taken over by a stranger", name));
    const auto third = accounts.link({}, "somebody");
    bool code_needed = false;
    const auto in = accounts.sign_in({"somebody", "a long sentence of mine", "", "test", "127.0.0.1"}, code_needed);
    ASSERT_TRUE(in);
    ASSERT_TRUE(accounts.change_password(in->session, "a long sentence of mine", "another sentence of mine"));
    EXPECT_FALSE(accounts.set_password_by_link(*third, "taken over by a stranger", name)) << "a changed password ends it";
    EXPECT_TRUE(accounts.alive(in->session.hash));
    ASSERT_TRUE(accounts.lock({}, "somebody", true));
    EXPECT_FALSE(accounts.alive(in->session.hash));
}

TEST_F(ServiceTest, who_is_not_known_sends_no_large_body) {
    net::Request head;
    head.method = "POST";
    head.target = "/b/test/api/imports";
    ASSERT_TRUE(net::split_target(head));
    head.headers = {{"content-length", "67108864"}};
    const auto stranger = service_->plan(head);
    ASSERT_TRUE(stranger.instead);
    EXPECT_EQ(stranger.instead->status, 401);
    head.headers.emplace_back("cookie", "yipan_session=" + as(1).cookie);
    EXPECT_FALSE(service_->plan(head).instead);
    head.target = "/b/test/api/nothing";
    ASSERT_TRUE(net::split_target(head));
    ASSERT_TRUE(service_->plan(head).instead) << "whatever its body";
    EXPECT_EQ(service_->plan(head).instead->status, 404);
}

}  // namespace
}  // namespace yipan::api
