#include "access/house.h"

#include <unistd.h>

#include <future>

#include "base/check.h"
#include "demo_board.h"

namespace yipan::test {

House::House(std::string stem, api::Settings settings) {
    folder_ = (std::filesystem::temp_directory_path() / ("yipan-access-" + stem + "-" + std::to_string(getpid()))).string();
    std::filesystem::create_directories(folder_);
    path_ = folder_ + "/demo.yipan";
    const auto made = app::make_demo(path_, {});
    YIPAN_CHECK(made.has_value());
    auto opened = board::Board::open(path_);
    YIPAN_CHECK(opened.has_value());
    board_ = std::move(*opened);
    settings.code = "demo";
    settings.path = path_;
    settings.later = [this](std::function<void()> what) {
        {
            const std::lock_guard lock(mutex_);
            work_.push_back(std::move(what));
        }
        wake_.notify_one();
    };
    settings.log = [this](std::string_view line) {
        const std::lock_guard lock(mutex_);
        log.emplace_back(line);
    };
    auto service = api::Service::open(*board_, std::move(settings));
    YIPAN_CHECK(service.has_value());
    service_ = std::move(*service);
    worker_ = std::thread([this] {
        std::unique_lock lock(mutex_);
        while (true) {
            wake_.wait(lock, [this] { return ending_ || !work_.empty(); });
            if (work_.empty()) return;
            const auto what = std::move(work_.front());
            work_.pop_front();
            lock.unlock();
            what();
            lock.lock();
        }
    });
}

House::~House() {
    service_->stop();
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    wake_.notify_one();
    worker_.join();
    board_.reset();
    service_.reset();
    std::error_code unimportant;
    std::filesystem::remove_all(folder_, unimportant);
}

House::Guest House::as(const std::string& person, const std::string& post) {
    const auto snapshot = board_->snapshot();
    const auto& identity = snapshot->model().identity;
    const auto p = snapshot->find(identity.person, person), q = snapshot->find(identity.post, post);
    YIPAN_CHECK(p.has_value() && q.has_value());
    auto opened = accounts().demo(*p, *q, "test", "127.0.0.1");
    YIPAN_CHECK(opened.has_value());
    return {opened->secret, opened->session.csrf, *p, *q};
}

std::string House::Answer::header(std::string_view name) const {
    for (const auto& [n, value] : headers)
        if (n == name) return value;
    return {};
}

House::Answer House::ask(const Guest& guest, std::string method, std::string target, std::string body, std::vector<std::pair<std::string, std::string>> headers) {
    auto request = std::make_shared<net::Request>();
    request->method = std::move(method);
    request->target = target.starts_with("!") ? target.substr(1) : "/b/demo/api" + target;
    YIPAN_CHECK(net::split_target(*request));
    request->headers = std::move(headers);
    if (!guest.cookie.empty()) request->headers.emplace_back("cookie", "yipan_session=" + guest.cookie);
    if (!guest.csrf.empty()) request->headers.emplace_back("x-csrf-token", guest.csrf);
    if (!body.empty()) request->headers.emplace_back("content-type", "application/json");
    request->body = std::move(body);
    request->peer = "127.0.0.1";
    request->loopback = true;
    net::App::Plan plan = service_->plan(*request);
    request->route = plan.route;
    request->parameters = std::move(plan.parameters);
    std::promise<net::Response> answered;
    service_->handle(request, [&](net::Response r) { answered.set_value(std::move(r)); });
    net::Response r = answered.get_future().get();
    Answer out;
    out.status = r.status;
    out.text = r.fixed.empty() ? std::string(r.body) : std::string(r.fixed);
    out.headers = std::move(r.headers);
    boost::system::error_code unimportant;
    out.body = json::parse(out.text, unimportant);
    return out;
}

}  // namespace yipan::test
