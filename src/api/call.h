#pragma once
// One request on its way: who asks, the snapshot it reads, and its answer. Kept alive by whoever will answer.
#include <boost/json.hpp>
#include <chrono>

#include "api/service.h"

namespace yipan::api {
namespace json = boost::json;

/// The model changed between two steps of one request: its numbers of types and fields mean nothing any more.
struct ModelChanged {};

/// Of what is said to who asks: `lang` of the query, else the first there is of Accept-Language, else 简.
model::Language language_of(const net::Request& request);

class TemporaryFile;

class Call : public std::enable_shared_from_this<Call> {
  public:
    Call(Service& service, std::shared_ptr<const net::Request> request, net::Answer answer);
    ~Call();

    Service& service;
    const net::Request& request;
    const Route* route = nullptr;
    std::vector<std::string> parameters;  // of the path, the board's code first
    std::shared_ptr<const access::Session> session;
    std::optional<access::Token> token;
    std::shared_ptr<const access::Who> who;  // set for routes that need a post

    const std::string& parameter(std::size_t i) const { return parameters.at(i + 1); }  // without the board's code
    board::Snapshot& snapshot();
    void drop_snapshot();
    record::Resolver& world() { return snapshot().resolver(); }
    /// Of the snapshot; a request that needs none takes the board's as it is now and opens no read transaction.
    const model::Model& model();
    RecordId person() const { return session ? session->person : token ? token->person : RecordId(); }
    /// A record before who asks (`who` is set), the last one kept: all that is asked of it is judged once.
    access::Facing& facing(const record::RecordPtr& record);
    RecordId post() const { return who ? who->post() : RecordId(); }
    model::Language language() const { return language_of(request); }

    // -- the answer, exactly once
    void ok(const json::value& body, int status = 200);
    void ok_text(std::string body, int status = 200);  // JSON already
    void ok_with(net::Response response);
    /// Answers with what the same question was answered with, if that still holds; else remembers that what `ok` sends
    /// next may be kept. Only for what depends on nothing but the question, the reader, the position and the day.
    bool answered_before();
    void problem(Errors errors, int status = 0, json::object more = {});
    void problem(Error error, int status = 0) { problem(Errors{std::move(error)}, status); }
    bool answered() const { return answered_; }
    std::vector<std::pair<std::string, std::string>> headers;  // added to the answer

    /// The body as a JSON object; answers the problem itself and gives nothing when it is none.
    std::optional<json::object> body();
    /// A draft in the name of who asks.
    board::Draft draft() const;
    /// What this request asks, as a mark that is kept with its Idempotency-Key: another request may not use the same key.
    std::string mark() const;
    /// The mark beside a draft with a key; and whether a repeated answer was another request's (the problem to tell).
    void keep_mark(board::Draft& draft) const;
    std::optional<Error> other_request(const board::Receipt& receipt, const std::string& key);
    /// Hands the draft to the board; `done` runs later on a thread that may take its time.
    void submit(board::Draft draft, std::function<void(Checked<board::Receipt>)> done);

  private:
    void finish(net::Response response);
    std::shared_ptr<const net::Request> request_;
    net::Answer answer_;
    bool answered_ = false;
    std::string question_;                  // under which the answer is kept
    std::optional<std::int64_t> position_;  // of an answer that was kept
    std::unique_ptr<board::Snapshot> snapshot_;
    record::RecordPtr faced_;
    std::optional<access::Facing> facing_;
    model::ModelPtr model_;
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

using CallPtr = std::shared_ptr<Call>;

constexpr std::string_view asked_space = "asked";  // beside the journal: Idempotency-Key -> mark of the request that used it

net::Response problem_response(const Errors& errors, int status, json::object more = {}, model::Language language = model::Language::hans);
json::object problem_json(const Errors& errors, int status, model::Language language);
/// What a library threw is for the log: it may speak of files and values that are not the asker's, who hears `what`.
void threw(Call& call, const std::exception& problem, std::string_view what);
/// What a code means, for people.
std::string_view sentence_of(Code code, model::Language language);
json::array errors_json(const Errors& errors);
/// The type named in the path; answers 404 itself and gives -1 when there is none or nothing of it may be seen.
int type_of(const CallPtr& call, const std::string& code);
std::optional<std::int64_t> whole_number(std::string_view text);
/// A parameter of the query within bounds; answers 400 itself.
std::optional<std::int64_t> asked_number(const CallPtr& call, std::string_view name, std::int64_t otherwise, std::int64_t low, std::int64_t high);
/// When an administrator of this account needs a second factor; none: he has one, or the site does not ask.
std::optional<std::int64_t> factor_due(const Service& service, const access::Account& account);
/// 三員: whether who asks is one of these administrators, with the second factor where the site asks for it. Answers 403 itself.
bool administers(const CallPtr& call, std::initializer_list<std::string_view> admins);
/// A session that was just opened becomes this call's: its first post, its cookie. Answers the problem itself.
bool take_session(const CallPtr& call, access::Accounts::Opened& opened);
/// Whether files can be made here; answers 503 itself.
bool path_is_set(const CallPtr& call);
/// A file that was made for this answer; it is gone when it is sent.
void send_file(const CallPtr& call, std::shared_ptr<TemporaryFile> file, std::string_view type, const std::string& name);
/// "张三 · 项目办3岗"
std::string watermark_of(Call& call, RecordId person, RecordId post);
std::string member_text(const json::object& o, std::string_view key);

}  // namespace yipan::api
