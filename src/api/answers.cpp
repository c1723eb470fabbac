#include "api/answers.h"

namespace yipan::api {
namespace {
constexpr std::chrono::seconds age_max{1};
}

std::shared_ptr<const std::string> Answers::find(std::int64_t position, const std::string& question) {
    const std::lock_guard lock(mutex_);
    if (position != position_) return nullptr;
    const auto at = kept_.find(question);
    if (at == kept_.end() || std::chrono::steady_clock::now() - at->second.made >= age_max) return nullptr;
    return at->second.body;
}

void Answers::keep(std::int64_t position, std::string question, std::shared_ptr<const std::string> body) {
    if (body->size() > answer_bytes_max) return;
    std::map<std::string, Kept> gone;  // freed outside of the lock
    const std::lock_guard lock(mutex_);
    if (position < position_) return;
    if (position > position_ || kept_.size() >= answers_max || bytes_ + body->size() > answers_bytes_max) {
        gone.swap(kept_);
        bytes_ = 0;
        position_ = position;
    }
    bytes_ += body->size();
    kept_.insert_or_assign(std::move(question), Kept{std::move(body), std::chrono::steady_clock::now()});
}

}  // namespace yipan::api
