#include "notify/outbox.h"

#include <pthread.h>

#include <algorithm>
#include <charconv>

namespace yipan::notify {
namespace {
constexpr const char* space = "mail";
constexpr const char* mark_key = "after";

// As the model calls it: the choices of the field.
std::string kind_text(const model::Model& model, const record::Record& message) {
    const model::Type& type = model.types[flow::at(message.type)];
    const std::string code = flow::text(model, message, "kind");
    for (const model::Choice& choice : type.fields[flow::at(type.find("kind"))].choices)
        if (choice.code == code) return choice.label.hans;
    return code;
}
}  // namespace

Outbox::Outbox(board::Board& board, MailServer server, std::string host, std::string home)
    : send([this](const Letter& letter) { return post(server_, letter); }), board_(board), server_(std::move(server)), host_(std::move(host)), home_(std::move(home)) {}

Status Outbox::load() {
    const auto snapshot = board_.snapshot();
    YIPAN_TRY(const auto kept, snapshot->side(space, mark_key));
    std::int64_t after = snapshot->position().value;
    if (kept) std::from_chars(kept->data(), kept->data() + kept->size(), after);
    {
        const std::lock_guard lock(mutex_);
        state_.after = marked_ = after;
    }
    return kept ? Status{} : mark(after);
}

Status Outbox::mark(std::int64_t position) {
    board::Draft draft;
    draft.channel = "mail";
    draft.side.push_back({space, mark_key, std::to_string(position)});
    const auto done = board_.apply(std::move(draft));
    if (!done) return fail(done.error().front());
    const std::lock_guard lock(mutex_);
    state_.after = marked_ = position;
    state_.failures = 0;
    taken_.clear();
    return {};
}

std::vector<Letter> Outbox::letters_of(board::Snapshot& snapshot, const flow::Standing& standing, const board::Entry& entry) const {
    std::vector<Letter> out;
    const model::Model& model = snapshot.model();
    const auto message = snapshot.record(entry.type, entry.record);
    if (!message || message->voided || model.flow.email < 0) return out;
    std::set<std::int64_t> people;
    for (const auto& f : standing.acting_for(flow::reference(model, *message, "to_post")))
        for (const RecordId person : standing.holders(f.post)) people.insert(person.value);
    for (const std::int64_t id : people) {
        const auto person = snapshot.record(model.identity.person, RecordId(id));
        const auto* address = person ? record::as_text(person->at(model.flow.email)) : nullptr;
        if (!address || !is_address(*address)) continue;
        Letter letter;
        letter.id = std::to_string(entry.position.value) + "." + std::to_string(id) + "@" + host_;
        letter.to = *address;
        letter.subject = "[" + kind_text(model, *message) + "] " + flow::text(model, *message, "title");
        letter.text = board_.name() + (board_.note().empty() ? "" : " · " + board_.note()) + "\n\n" + flow::text(model, *message, "title") + "\n" + flow::text(model, *message, "text") + "\n";
        if (const auto on = flow::date(model, *message, "nominal"); on && flow::number(model, *message, "late") != 0) letter.text += "（应于 " + on->text() + " 提醒，补发）\n";
        if (!home_.empty()) letter.text += "\n" + home_ + "\n";
        letter.date = mail_date(entry.time.micros / 1'000'000);
        out.push_back(std::move(letter));
    }
    return out;
}

Result<bool> Outbox::round() {
    const auto snapshot = board_.snapshot();
    const std::int64_t after = state().after;
    const std::int64_t end = std::min(snapshot->position().value, after + entries_a_round_max);
    if (end <= after) return true;
    const int type = snapshot->model().flow.message;
    std::vector<board::Entry> messages;
    YIPAN_TRY_VOID(snapshot->each_entry(Position(after + 1), Position(end), [&](const board::Entry& e) {
        if (type >= 0 && e.type == type && e.verb == board::Verb::create) messages.push_back(e);
        return true;
    }));
    std::shared_ptr<const flow::Standing> standing;
    if (!messages.empty()) {
        YIPAN_TRY(standing, flow::Standing::read(*snapshot));
    }
    for (const board::Entry& entry : messages) {
        bool waits = false;
        for (const Letter& letter : letters_of(*snapshot, *standing, entry)) {
            if (taken_.contains(letter.id)) continue;
            const Posted posted = send(letter);
            const std::lock_guard lock(mutex_);
            if (posted.sent != Sent::taken) state_.last_error = posted.why;
            if (posted.sent == Sent::later && state_.failures < tries_max) {
                waits = true;  // the others get theirs meanwhile
                continue;
            }
            taken_.insert(letter.id);
            ++(posted.sent == Sent::taken ? state_.sent : state_.refused);
            if (stopping_) return false;
        }
        if (waits) {
            const std::lock_guard lock(mutex_);
            ++state_.failures;
            return false;
        }
        if (before_mark) before_mark();
        YIPAN_TRY_VOID(mark(entry.position.value));
    }
    // Entries that told nobody anything are looked at again after a restart rather than noted each time.
    bool far = false;
    {
        const std::lock_guard lock(mutex_);
        far = end - marked_ >= entries_a_round_max / 5;
        state_.after = std::max(state_.after, end);
    }
    if (far) YIPAN_TRY_VOID(mark(end));
    return end == snapshot->position().value;
}

void Outbox::start() {
    thread_ = std::thread([this] { loop(); });
}
void Outbox::shown() {
    {
        const std::lock_guard lock(mutex_);
        news_ = true;
    }
    wake_.notify_one();
}
void Outbox::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}
OutboxState Outbox::state() const {
    const std::lock_guard lock(mutex_);
    return state_;
}

void Outbox::loop() {
    (void)pthread_setname_np(pthread_self(), "yipan-mail");
    while (true) {
        {
            const std::lock_guard lock(mutex_);
            if (stopping_) return;
            news_ = false;
        }
        const auto told = round();
        std::unique_lock lock(mutex_);
        if (told && *told) {
            wake_.wait(lock, [&] { return stopping_ || news_; });
        } else if (state_.failures > 0 || !told) {
            const auto wait = std::chrono::seconds(std::min<std::int64_t>(wait_s_max, std::int64_t{1} << std::min<std::int64_t>(state_.failures, 10)));
            wake_.wait_for(lock, wait, [&] { return stopping_; });
        }
    }
}

}  // namespace yipan::notify
