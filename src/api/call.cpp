#include "api/call.h"

#include <algorithm>
#include <charconv>

#include "api/papers.h"
#include "base/hash.h"
#include "store/open.h"

namespace yipan::api {
namespace {
// What nearly every answer says, as text that is there once.
constexpr std::string_view strict_head =
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
    "Cache-Control: no-store\r\n";
constexpr std::string_view strict_head_tls =
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
    "Cache-Control: no-store\r\nStrict-Transport-Security: max-age=31536000\r\n";
}  // namespace

Call::Call(Service& s, std::shared_ptr<const net::Request> r, net::Answer answer)
    : service(s), request(*r), request_(std::move(r)), answer_(std::move(answer)) {}

Call::~Call() {
    // A handler that forgot to answer is our mistake; the other side must not wait for it.
    if (!answered_) finish(problem_response({{Code::store_failed, "", "no answer was made", ""}}, 500, {}, language()));
}

board::Snapshot& Call::snapshot() {
    if (!snapshot_) {
        snapshot_ = service.take_snapshot();
        if (model_ && model_.get() != &snapshot_->model()) throw ModelChanged{};
    }
    return *snapshot_;
}
void Call::drop_snapshot() {
    facing_.reset();  // it looks at the world of the snapshot
    faced_.reset();
    service.give_snapshot(std::move(snapshot_));
}
access::Facing& Call::facing(const record::RecordPtr& record) {
    if (faced_ != record || !facing_) {
        facing_.reset();
        faced_ = record;
        facing_.emplace(*who, *record, world());
    }
    return *facing_;
}
const model::Model& Call::model() {
    if (snapshot_) return snapshot_->model();
    if (!model_) model_ = service.board().model();
    return *model_;
}

model::Language language_of(const net::Request& request) {
    // The first of the list that there is; browsers write it in the order of preference.
    std::string_view wanted = request.has("lang") ? request.asked("lang") : request.header("accept-language");
    while (!wanted.empty()) {
        const std::size_t comma = wanted.find(',');
        std::string_view one = wanted.substr(0, comma);
        while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
        one = one.substr(0, one.find(';'));
        if (one.starts_with("en")) return model::Language::en;
        if (one == "hant" || one.starts_with("zh-Hant") || one == "zh-TW" || one == "zh-HK" || one == "zh-MO") return model::Language::hant;
        if (one == "hans" || one.starts_with("zh")) return model::Language::hans;
        if (comma == std::string_view::npos) break;
        wanted.remove_prefix(comma + 1);
    }
    return model::Language::hans;
}

void Call::finish(net::Response response) {
    answered_ = true;
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - started_).count();
    service.metrics.requests += 1;
    service.metrics.micros += took;
    service.metrics.by_class[std::min(5, std::max(0, response.status / 100))] += 1;
    for (auto& h : headers) response.headers.push_back(std::move(h));
    // A stranger who could count the entries would learn what a try at a password wrote, so which accounts there are.
    if (session || token) response.with("Yipan-Position", std::to_string(position_ ? *position_ : snapshot_ ? snapshot_->position().value : service.position()));
    // Strict for everything; the page's own files allow themselves what they need (service.cpp).
    bool has_policy = false, cached = false;
    for (const auto& [name, value] : response.headers) {
        has_policy = has_policy || name == "Content-Security-Policy";
        cached = cached || name == "Cache-Control";
    }
    if (!has_policy && !cached) {
        response.more_head = service.settings().secure ? strict_head_tls : strict_head;
    } else {
        if (!has_policy) response.with("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
        response.with("X-Content-Type-Options", "nosniff").with("Referrer-Policy", "no-referrer");
        if (service.settings().secure) response.with("Strict-Transport-Security", "max-age=31536000");
        if (!cached) response.with("Cache-Control", "no-store");
    }
    drop_snapshot();
    if (service.settings().log) {
        json::object line{{"at", access::unix_now()}, {"method", request.method}, {"route", route ? route->pattern : "-"},
                          {"status", response.status}, {"us", took}, {"peer", request.peer}};
        if (session) line["session"] = session->id;
        if (token) line["token"] = token->id;
        if (who) line["post"] = who->post().value;
        service.settings().log(json::serialize(line));
    }
    answer_(std::move(response));
}

void Call::ok(const json::value& body, int status) { ok_text(json::serialize(body), status); }
void Call::ok_text(std::string body, int status) {
    net::Response r;
    r.status = status;
    r.with("Content-Type", "application/json");
    if (question_.empty() || !snapshot_) {
        r.body = std::move(body);
        return finish(std::move(r));
    }
    const auto text = std::make_shared<const std::string>(std::move(body));
    service.answers.keep(snapshot_->position().value, std::move(question_), text);
    r.fixed = *text;
    r.hold = text;
    finish(std::move(r));
}
bool Call::answered_before() {
    const std::int64_t now = service.position();
    // The directory's position stands for the rights: who was found before they changed is answered apart.
    std::string question = std::to_string(who ? who->directory().position().value : 0) + "/" + std::to_string(person().value) + "/" + std::to_string(post().value) + "/" + std::to_string(static_cast<int>(language())) + request.target;
    const auto text = service.answers.find(now, question);
    if (!text) {
        question_ = std::move(question);
        return false;
    }
    position_ = now;
    net::Response r;
    r.with("Content-Type", "application/json");
    r.fixed = *text;
    r.hold = text;
    finish(std::move(r));
    return true;
}
void threw(Call& call, const std::exception& problem, std::string_view what) {
    if (call.service.settings().log) call.service.settings().log(json::serialize(json::object{{"at", access::unix_now()}, {"route", call.route ? call.route->pattern : "-"}, {"threw", problem.what()}}));
    if (!call.answered()) call.problem(Error{Code::store_failed, "", std::string(what), "the log of the server says why"}, 500);
}
void Call::ok_with(net::Response response) { finish(std::move(response)); }
void Call::problem(Errors errors, int status, json::object more) {
    finish(problem_response(errors, status, std::move(more), language()));
}

std::string_view sentence_of(Code code, model::Language language) {
    if (language == model::Language::en) return code_sentence(code);
    const auto in = [&](std::string_view hans, std::string_view hant) { return language == model::Language::hans ? hans : hant; };
    switch (code) {
        case Code::invalid_input: return in("填写的值不符合要求", "填寫的值不符合要求");
        case Code::invalid_model: return in("模型不一致", "模型不一致");
        case Code::invalid_expression: return in("表达式有误或过大", "表達式有誤或過大");
        case Code::evaluation_failed: return in("表达式计算时出错", "表達式計算時出錯");
        case Code::overflow: return in("数值超出范围", "數值超出範圍");
        case Code::limit_exceeded: return in("超过规定的上限", "超過規定的上限");
        case Code::not_found: return in("没有此内容，或当前身份不可见", "沒有此內容，或當前身份不可見");
        case Code::duplicate: return in("应唯一的值已存在", "應唯一的值已存在");
        case Code::version_conflict: return in("他人已先修改", "他人已先修改");
        case Code::rule_broken: return in("不符合规则", "不符合規則");
        case Code::not_allowed: return in("当前身份无权进行此操作", "當前身份無權進行此操作");
        case Code::referenced: return in("仍被其他记录引用", "仍被其他記錄引用");
        case Code::corrupt: return in("存储的数据未通过校验", "儲存的資料未通過校驗");
        case Code::wrong_format: return in("此盘的格式本程序不认识", "此盤的格式本程式不認識");
        case Code::busy: return in("正忙，请稍后再试", "正忙，請稍後再試");
        case Code::store_failed: return in("磁盘或数据库拒绝", "磁碟或資料庫拒絕");
        case Code::read_only: return in("此盘只供读取", "此盤只供讀取");
        case Code::usage: return in("请求的方式不对", "請求的方式不對");
    }
    return code_sentence(code);
}

json::array errors_json(const Errors& errors) {
    json::array list;
    for (const Error& e : errors)
        list.push_back({{"code", code_name(e.code)}, {"where", e.where}, {"message", e.message}, {"hint", e.hint}});
    return list;
}
json::object problem_json(const Errors& errors, int status, model::Language language) {
    const Error& first = errors.front();
    if (status == 0) status = code_http_status(first.code);
    return {{"type", "about:blank"},
            {"title", sentence_of(first.code, language)},
            {"status", status},
            {"detail", errors.size() == 1 ? first.text() : std::to_string(errors.size()) + " mistakes; the first: " + first.text()},
            {"code", code_name(first.code)},
            {"errors", errors_json(errors)}};
}
net::Response problem_response(const Errors& said, int status, json::object more, model::Language language) {
    Errors errors = said;
    // A database that is away comes back, and where it lies is nobody's business here.
    const bool away = std::any_of(errors.begin(), errors.end(), [](const Error& e) { return e.code == Code::store_failed && store::is_address(e.where); });
    for (Error& e : errors)
        if (store::is_address(e.where)) e.where = "board";
    json::object body = problem_json(errors, status == 0 && away ? 503 : status, language);
    for (auto& [key, value] : more) body[key] = value;
    net::Response r;
    r.status = static_cast<int>(body["status"].as_int64());
    r.with("Content-Type", "application/problem+json");
    if (r.status == 503) r.with("Retry-After", "2");
    r.body = json::serialize(body);
    return r;
}

std::optional<json::object> Call::body() {
    constexpr unsigned depth_max = 16;
    const std::string_view kind = request.header("content-type");
    if (!kind.empty() && !request.body.empty() && !kind.starts_with("application/json") && !kind.starts_with("application/merge-patch+json")) {
        problem(Error{Code::usage, "Content-Type", "the body is said to be " + std::string(kind.substr(0, 60)), "application/json"}, 415);
        return std::nullopt;
    }
    json::parse_options options;
    options.max_depth = depth_max;
    boost::system::error_code bad;
    // What is read of it lies together, in a piece about as large as the body.
    const auto room = json::make_shared_resource<json::monotonic_resource>(std::max<std::size_t>(1'024, 2 * request.body.size()));
    json::value v = json::parse(request.body.empty() ? std::string_view("{}") : std::string_view(request.body), bad, room, options);
    if (bad || !v.is_object()) {
        problem(Error{Code::usage, "body", bad ? "the body is not JSON: " + bad.message() : "the body is not a JSON object", "{\"values\": {...}}"}, 400);
        return std::nullopt;
    }
    return std::move(v.get_object());
}

board::Draft Call::draft() const {
    board::Draft d;
    d.actor = person();
    d.post = post();
    d.channel = token ? "api" : "web";
    d.language = language();
    if (const std::string_view key = request.header("idempotency-key"); !key.empty())
        d.idempotency_key = std::to_string(person().value) + ":" + std::to_string(post().value) + ":" + std::string(key);
    return d;
}

std::string Call::mark() const {
    return hex(Sha256().add(request.method).add("\n").add(request.path).add("\n").add(request.body).finish()).substr(0, 32);
}
void Call::keep_mark(board::Draft& draft) const {
    if (!draft.idempotency_key.empty() && !draft.dry_run) draft.side.push_back({std::string(asked_space), draft.idempotency_key, mark()});
}
std::optional<Error> Call::other_request(const board::Receipt& receipt, const std::string& key) {
    if (!receipt.repeated || key.empty()) return std::nullopt;
    const auto known = snapshot().side(asked_space, key);
    if (!known || !*known || **known == mark()) return std::nullopt;
    return Error{Code::usage, "Idempotency-Key", "the key was used for another request", "a new key for each request; the same one to repeat it"};
}

void Call::submit(board::Draft draft, std::function<void(Checked<board::Receipt>)> done) {
    service.papers().look(*this, draft);
    keep_mark(draft);
    std::string key = draft.idempotency_key;
    drop_snapshot();  // a reader does not keep old pages alive while it waits for the disk
    struct Waiting {
        std::shared_ptr<Call> call;
        std::string key;
        std::function<void(Checked<board::Receipt>)> done;
        Checked<board::Receipt> answer{};
    };
    const auto waiting = std::make_shared<Waiting>(Waiting{shared_from_this(), std::move(key), std::move(done)});
    service.board().submit(std::move(draft), [waiting](Checked<board::Receipt> answer) {
        // This is a thread of the board: whoever takes a snapshot here would wait for himself.
        waiting->answer = std::move(answer);
        waiting->call->service.settings().later([waiting] {
            Call& call = *waiting->call;
            call.model_.reset();  // what was written is shown in the shape there is now
            try {
                if (waiting->answer)
                    if (const auto other = call.other_request(*waiting->answer, waiting->key)) return call.problem(*other, 422);
                waiting->done(std::move(waiting->answer));
            } catch (const ModelChanged&) {
                if (!call.answered()) call.problem(Error{Code::busy, "", "written, but not shown: the model of the board was changed at this moment", "ask again"}, 503);
            } catch (const std::exception& problem) {
                threw(call, problem, "written, but not shown");
            }
        });
    });
}

int type_of(const CallPtr& call, const std::string& code) {
    const int type = call->model().find_type(code);
    if (type >= 0 && (!call->who || call->who->may_ever(type, access::Action::see))) return type;
    call->problem(Error{Code::not_found, "type", "no type \"" + code.substr(0, 80) + "\"", "GET /model names them"});
    return -1;
}
std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t n = 0;
    const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (bad != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return n;
}
std::optional<std::int64_t> asked_number(const CallPtr& call, std::string_view name, std::int64_t otherwise, std::int64_t low, std::int64_t high) {
    if (!call->request.has(name)) return otherwise;
    const auto n = whole_number(call->request.asked(name));
    if (n && *n >= low && *n <= high) return n;
    call->problem(Error{Code::usage, std::string(name), "not a whole number from " + std::to_string(low) + " to " + std::to_string(high), ""}, 400);
    return std::nullopt;
}
std::string member_text(const json::object& o, std::string_view key) {
    const auto* v = o.if_contains(key);
    return v && v->is_string() ? std::string(v->get_string()) : "";
}

}  // namespace yipan::api
