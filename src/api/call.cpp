#include "api/call.h"

#include <charconv>

#include "api/papers.h"

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
    if (!answered_) finish(problem_response({{Code::store_failed, "", "no answer was made", ""}}, 500));
}

board::Snapshot& Call::snapshot() {
    if (!snapshot_) {
        snapshot_ = service.take_snapshot();
        if (model_ && model_.get() != &snapshot_->model()) throw ModelChanged{};
    }
    return *snapshot_;
}
void Call::drop_snapshot() { service.give_snapshot(std::move(snapshot_)); }
const model::Model& Call::model() {
    if (snapshot_) return snapshot_->model();
    if (!model_) model_ = service.board().model();
    return *model_;
}

model::Language Call::language() const {
    const std::string_view wanted = request.has("lang") ? request.asked("lang") : request.header("accept-language");
    if (wanted.starts_with("en")) return model::Language::en;
    if (wanted.starts_with("hant") || wanted.starts_with("zh-Hant") || wanted.starts_with("zh-TW") || wanted.starts_with("zh-HK"))
        return model::Language::hant;
    return model::Language::hans;
}

void Call::finish(net::Response response) {
    answered_ = true;
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - started_).count();
    service.metrics.requests += 1;
    service.metrics.micros += took;
    service.metrics.by_class[std::min(5, std::max(0, response.status / 100))] += 1;
    for (auto& h : headers) response.headers.push_back(std::move(h));
    response.with("Yipan-Position", std::to_string(position_ ? *position_ : snapshot_ ? snapshot_->position().value : service.position()));
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

void Call::ok(json::value body, int status) {
    net::Response r;
    r.status = status;
    r.with("Content-Type", "application/json");
    if (question_.empty() || !snapshot_) {
        r.body = json::serialize(body);
        return finish(std::move(r));
    }
    const auto text = std::make_shared<const std::string>(json::serialize(body));
    service.answers.keep(snapshot_->position().value, std::move(question_), text);
    r.fixed = *text;
    r.hold = text;
    finish(std::move(r));
}
void Call::ok_text(std::string body, int status) {
    net::Response r;
    r.status = status;
    r.with("Content-Type", "application/json");
    r.body = std::move(body);
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
void Call::ok_with(net::Response response) { finish(std::move(response)); }
void Call::problem(Errors errors, int status, json::object more) { finish(problem_response(errors, status, std::move(more))); }

json::array errors_json(const Errors& errors) {
    json::array list;
    for (const Error& e : errors)
        list.push_back({{"code", code_name(e.code)}, {"where", e.where}, {"message", e.message}, {"hint", e.hint}});
    return list;
}
json::object problem_json(const Errors& errors, int status) {
    const Error& first = errors.front();
    if (status == 0) status = code_http_status(first.code);
    return {{"type", "about:blank"},
            {"title", code_sentence(first.code)},
            {"status", status},
            {"detail", errors.size() == 1 ? first.text() : std::to_string(errors.size()) + " mistakes; the first: " + first.text()},
            {"code", code_name(first.code)},
            {"errors", errors_json(errors)}};
}
net::Response problem_response(const Errors& errors, int status, json::object more) {
    json::object body = problem_json(errors, status);
    for (auto& [key, value] : more) body[key] = value;
    net::Response r;
    r.status = static_cast<int>(body["status"].as_int64());
    r.with("Content-Type", "application/problem+json");
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
    json::value v = json::parse(request.body.empty() ? std::string_view("{}") : std::string_view(request.body), bad, {}, options);
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
    if (const std::string_view key = request.header("idempotency-key"); !key.empty())
        d.idempotency_key = std::to_string(person().value) + ":" + std::to_string(post().value) + ":" + std::string(key.substr(0, 200));
    return d;
}

void Call::submit(board::Draft draft, std::function<void(Checked<board::Receipt>)> done) {
    service.papers().look(*this, draft);
    drop_snapshot();  // a reader does not keep old pages alive while it waits for the disk
    service.board().submit(std::move(draft), [self = shared_from_this(), done = std::move(done)](Checked<board::Receipt> answer) {
        // This is a thread of the board: whoever takes a snapshot here would wait for himself.
        const auto held = std::make_shared<Checked<board::Receipt>>(std::move(answer));
        self->service.settings().later([self, done, held] {
            self->model_.reset();  // what was written is shown in the shape there is now
            try {
                done(std::move(*held));
            } catch (const std::exception& problem) {
                if (!self->answered()) self->problem(Error{Code::store_failed, "", std::string("written, but not shown: ") + problem.what(), ""}, 500);
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
