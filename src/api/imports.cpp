#include "api/imports.h"

#include <pthread.h>

#include <algorithm>

#include "api/papers.h"
#include "api/service.h"
#include "record/input.h"

namespace yipan::api {
using access::Action;
namespace {
constexpr std::chrono::seconds again_after{2};
}

Imports::Imports() : thread_([this] { loop(); }) { pthread_setname_np(thread_.native_handle(), "yipan-import"); }
Imports::~Imports() { stop(); }

void Imports::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        waiting_.clear();
    }
    there_is_work_.notify_all();
    if (thread_.joinable()) thread_.join();
}

Imports::Now Imports::now(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    const auto found = now_.find(id);
    return found == now_.end() ? Now{} : found->second;
}

Status Imports::run(const std::string& id, std::string what, Work work) {
    {
        const std::lock_guard lock(mutex_);
        if (stopping_) return fail(Code::busy, "", "the server is ending", "try again in a moment");
        if (const auto known = now_.find(id); known != now_.end() && !known->second.what.empty())
            return fail(Code::busy, "import " + id, "somebody is working on this import", "wait until it is done");
        if (waiting_.size() >= imports_waiting_max)
            return fail(Code::busy, "", std::to_string(imports_waiting_max) + " imports are waiting", "try again in some minutes");
        // What is told of imports that rest goes first.
        for (auto at = now_.begin(); at != now_.end() && now_.size() >= imports_told_max;)
            at = at->second.what.empty() ? now_.erase(at) : std::next(at);
        now_[id] = {std::move(what), 0, 0, {}};
        waiting_.push_back({id, std::move(work)});
    }
    there_is_work_.notify_one();
    return {};
}

void Imports::between(std::function<bool()> work) {
    {
        const std::lock_guard lock(mutex_);
        between_.push_back(std::move(work));
    }
    there_is_work_.notify_one();
}

void Imports::loop() {
    std::unique_lock lock(mutex_);
    while (true) {
        const auto there_is = [&] { return stopping_ || !waiting_.empty() || !between_.empty(); };
        if (again_.empty())
            there_is_work_.wait(lock, there_is);
        else if (!there_is_work_.wait_for(lock, again_after, there_is))
            between_.swap(again_);
        while (!between_.empty()) {
            std::function<bool()> work = std::move(between_.front());
            between_.pop_front();
            lock.unlock();
            const bool done = work();
            lock.lock();
            if (!done && again_.empty()) again_.push_back(std::move(work));
        }
        if (stopping_) return;
        if (waiting_.empty()) continue;
        const Task task = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        Hold hold;
        hold.ended = [this] { return stopping_.load(); };
        hold.progress = [this, &task](std::int64_t done, std::int64_t total) {
            const std::lock_guard telling(mutex_);
            Now& now = now_[task.id];
            now.done = done;
            now.total = total;
        };
        Errors stopped = task.work(hold);
        lock.lock();
        Now& now = now_[task.id];
        now.what.clear();
        now.stopped = std::move(stopped);
    }
}

namespace {
// What the person sees of one record: asked several times for each row.
struct Sight {
    std::shared_ptr<const access::Who> who;
    model::ModelPtr model;
    std::pair<std::int64_t, std::int32_t> last{0, 0};
    std::vector<bool> see, clear;
    const model::Type& take(const record::Record& there, record::Resolver& world) {
        const auto& type = model->types[static_cast<std::size_t>(there.type)];
        if (last == std::pair{there.id.value, there.version}) return type;
        last = {there.id.value, there.version};
        see = who->fields(Action::see, there, world);
        const bool personal = std::any_of(type.fields.begin(), type.fields.end(), [](const auto& f) { return f.group == model::FieldGroup::personal; });
        clear = personal ? who->fields(Action::clear, there, world) : std::vector<bool>(type.fields.size(), true);
        return type;
    }
    bool masks(const model::Type& type, int field) const {
        const auto f = static_cast<std::size_t>(field);
        return type.fields[f].group == model::FieldGroup::personal && !clear[f];
    }
};
}  // namespace

exchange::RowRights row_rights(Service& service, std::shared_ptr<const access::Who> who) {
    exchange::RowRights rights;
    const auto sight = std::make_shared<Sight>(Sight{who, service.board().model(), {}, {}, {}});
    const Papers& papers = service.papers();
    rights.permit = [who, &papers](const board::WriteAsk& ask, record::Resolver& world, Errors& refused) {
        if (ask.change.verb == board::Verb::read) {  // may he be told of this record; without one: of all of the type?
            if (!who->sees_all(ask.type.index) && !(ask.before && who->may(Action::see, *ask.before, world)))
                refused.push_back({Code::not_allowed, "", "not yours to see", ""});
            return;
        }
        who->judge(ask, world, refused);
        papers.judge(ask, refused);
    };
    rights.masked = [sight](const record::Record& there, int field, std::string_view text, record::Resolver& world) {
        const model::Type& type = sight->take(there, world);
        if (text.empty()) return !sight->see[static_cast<std::size_t>(field)];
        if (!sight->masks(type, field)) return false;
        const auto& f = type.fields[static_cast<std::size_t>(field)];
        for (const auto language : {model::Language::hans, model::Language::hant, model::Language::en})
            if (text == access::masked(record::display(*sight->model, f, there.at(field), language, {}))) return true;
        return false;
    };
    rights.compare = [sight](const record::Record& there, const board::Change& change, record::Resolver& world, Errors& refused) {
        const model::Type& type = sight->take(there, world);
        if (!sight->who->may(Action::see, there, world)) {
            refused.push_back({Code::not_allowed, change.where, "this record is outside of what this post may amend " + type.code, ""});
            return false;
        }
        bool told = true;
        for (const auto& [field, value] : change.set) {
            const std::string& code = type.fields[static_cast<std::size_t>(field)].code;
            if (!sight->see[static_cast<std::size_t>(field)])
                refused.push_back({Code::not_allowed, change.where + ":" + code, "this post may not see the field " + code + " of this record", "leave the cell empty"});
            told = told && !sight->masks(type, field);
        }
        return told;
    };
    return rights;
}

}  // namespace yipan::api
