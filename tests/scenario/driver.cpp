#include "driver.h"

#include <cstdlib>
#include <filesystem>

#include "exchange/import.h"
#include "recompute.h"
#include "store/backup.h"
#include "store/open.h"

namespace yipan::scenario {
namespace {
constexpr const char* zone_name = "Asia/Shanghai";
}  // namespace

Driver::Driver(Mode mode, std::string modules, std::string board_path)
    : mode_(mode),
      modules_(std::move(modules)),
      path_(std::move(board_path)),
      stem_(store::beside_stem(path_)),
      clock_(*Instant::parse("2026-01-01T01:00:00Z")) {}

Driver::~Driver() {
    board_.reset();
    if (store::is_address(path_)) store::discard(path_, store::Made::by_us);
    for (const exchange::ImportReport& import : exchange::imports_of(path_))
        for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(stem_ + "-import-" + import.id + suffix);
}

void Driver::failed(const std::string& place, const std::string& what) {
    outcome_.failures.push_back(place + ": " + what);
}

Outcome Driver::run(const Scenario& scenario) {
    std::size_t first = 0;
    if (start(scenario, first)) {
        for (std::size_t i = first; i < scenario.steps.size() && !stopped_; ++i) {
            step(scenario.steps[i]);
            ++outcome_.steps;
            if (stopped_ || (mode_ != Mode::restart && mode_ != Mode::restored) || !is_turn()) continue;
            if (mode_ == Mode::restart && !open()) break;
            if (mode_ == Mode::restored && !come_back()) break;
        }
        flush();
        if (mode_ == Mode::verify && board_) verify_board("at the end");
    }
    return std::move(outcome_);
}

// Where the board is opened anew, brought back from a backup or verified: after each step that wrote, which is what a long
// run does. Otherwise after some, from the first on.
bool Driver::is_turn() {
    constexpr int some_restored = 6, some = 3;
    const char* level = std::getenv("YIPAN_TEST_LEVEL");
    const int every = level && std::string_view(level) == "long" ? 1 : mode_ == Mode::restored ? some_restored : some;
    if (position() == looked_at_) return false;
    looked_at_ = position();
    return wrote_++ % every == 0;
}

bool Driver::start(const Scenario& scenario, std::size_t& first) {
    Checked<std::vector<model::SourceFile>> files = model::read_tree(modules_);
    if (!files) {
        failed(modules_, text_of(files.error()));
        return false;
    }
    const Step& opening = scenario.steps.front();
    if (opening.verb() == "model") {
        ++first;
        std::erase_if(*files, [&](const model::SourceFile& file) {
            for (std::size_t i = 1; i < opening.words.size(); ++i) {
                if (file.path.starts_with(opening.words[i].text + "/")) return false;
            }
            return true;
        });
    }
    board::Board::Birth birth;
    birth.name = "scenario";
    birth.zone = zone_name;
    birth.frozen_clock = clock_.now();
    birth.salt_seed = "scenario";
    birth.model = std::move(*files);
    store::discard(path_, store::Made::by_us);
    for (const exchange::ImportReport& old : exchange::imports_of(path_)) std::filesystem::remove(stem_ + "-import-" + old.id);
    Checked<std::unique_ptr<board::Board>> made = board::Board::create(path_, std::move(birth));
    if (!made) {
        failed(opening.place, "the board cannot be made: " + text_of(made.error()));
        return false;
    }
    made->reset();  // to be opened again with the clock of the steps
    return open();
}

bool Driver::open() {
    board_.reset();
    board::Options options;
    options.clock = &clock_;
    Checked<std::unique_ptr<board::Board>> opened = board::Board::open(path_, options);
    if (!opened) {
        failed(path_, "the board cannot be opened: " + text_of(opened.error()));
        return false;
    }
    board_ = std::move(*opened);
    model_ = board_->model();
    return true;
}

// The board is backed up while it is open, and goes on as what its backup gives back.
bool Driver::come_back() {
    const std::string backup = path_ + ".backup";
    const auto copied = store::back_up(path_, backup);
    board_.reset();
    const auto back = copied ? store::put_back(backup, path_, store::Existing::kept_beside)
                             : Result<store::PutBack>(fail(copied.error()));
    if (!back || !back->copied.missing.empty()) {
        failed(path_, "did not come back from its backup: " + (back ? text_of(back->copied.missing) : back.error().text()));
        return false;
    }
    for (const std::string& gone : {backup, back->replaced})
        for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(gone + suffix);
    if (!open()) return false;
    return true;
}

Position Driver::position() { return board_->snapshot()->position(); }

void Driver::step(const Step& step) {
    if (is_change(step.verb())) return change(step);
    flush();
    if (stopped_) return;
    if (is_reshaping(step.verb())) return reshape(step);
    if (is_exchange(step.verb())) return exchange(step);
    if (is_flow(step.verb())) return flow_step(step);
    if (step.verb() == "at") return set_clock(step);
    if (step.verb() == "as") return act_as(step);
    if (step.verb() == "mark" && step.words.size() == 2) {
        marks_[step.words[1].text] = position().value;
        return;
    }
    question(step);
}

void Driver::set_clock(const Step& step) {
    const Result<Date> date = step.words.size() == 3 ? Date::parse(step.words[1].text)
                                                     : fail(Code::invalid_input, "", "at wants a date and a time");
    int hour = -1, minute = -1;
    if (step.words.size() == 3) std::sscanf(step.words[2].text.c_str(), "%d:%d", &hour, &minute);
    if (!date || hour < 0 || hour > 23 || minute < 0 || minute > 59)
        return failed(step.place, "expected a time like 2026-01-05 09:00");
    const Instant now = board_->zone().at(*date, hour, minute, 0);
    if (now < clock_.now()) return failed(step.place, "the clock never goes back");
    clock_.set(now);
}

void Driver::act_as(const Step& step) {
    post_ = actor_ = RecordId{};
    if (step.words.size() != 2) return failed(step.place, "as wants a post or system");
    if (step.words[1].text == "system") return;
    if (model_->identity.post < 0) return failed(step.place, "the model has no posts");
    const Result<RecordId> post = find(model_->identity.post, step.words[1].text);
    if (!post) return failed(step.place, post.error().text());
    post_ = *post;
    actor_ = person_in(post_, board_->zone().date_of(clock_.now()));
}

// The person whom a dated record binds to the post on that day; nobody when there is none or more than one such type.
RecordId Driver::person_in(RecordId post, Date day) {
    const auto snapshot = board_->snapshot();
    RecordId person;
    for (const model::Type& type : model_->types) {
        int of_person = -1, of_post = -1;
        const int from = type.find("valid_from"), to = type.find("valid_to");
        for (std::size_t i = 0; i < type.fields.size(); ++i) {
            if (type.fields[i].target == model_->identity.person && model_->identity.person >= 0)
                of_person = static_cast<int>(i);
            if (type.fields[i].target == model_->identity.post) of_post = static_cast<int>(i);
        }
        if (of_person < 0 || of_post < 0 || from < 0) continue;
        (void)snapshot->each(type.index, [&](const record::RecordPtr& record) {
            const auto* held = record::as_integer(record->at(of_post));
            const auto* begin = record::as_integer(record->at(from));
            const auto* end = to < 0 ? nullptr : record::as_integer(record->at(to));
            const auto* who = record::as_integer(record->at(of_person));
            if (held && who && *held == post.value && (!begin || *begin <= day.days) && (!end || *end >= day.days))
                person = RecordId{*who};
            return true;
        });
    }
    return person;
}

void Driver::flush() {
    if (waiting_.empty() || !board_) return;
    std::vector<Pending> waiting;
    waiting.swap(waiting_);
    std::vector<board::Draft> drafts;
    for (const Pending& pending : waiting) drafts.push_back(pending.draft);
    const std::vector<Checked<board::Receipt>> receipts = board_->apply_batch(std::move(drafts));
    for (std::size_t i = 0; i < waiting.size(); ++i) {
        if (i < receipts.size() && receipts[i]) {
            learn(waiting[i], *receipts[i]);
            continue;
        }
        failed(waiting[i].place, "expected to be accepted, got: " +
                                     (i < receipts.size() ? text_of(receipts[i].error()) : std::string("no answer")));
        stopped_ = true;
    }
}

void Driver::learn(const Pending& done, const board::Receipt& receipt) {
    for (std::size_t i = 0; i < done.names.size() && i < receipt.records.size(); ++i) {
        for (const std::string& name : done.names[i]) names_[{done.draft.changes[i].type, name}] = receipt.records[i];
    }
}

void Driver::check_board(const std::string& place) {
    if (mode_ == Mode::verify && is_turn()) verify_board(place);
}
void Driver::verify_board(const std::string& place) {
    const board::VerifyReport report = board_->verify();
    if (!report.ok) failed(place, "after this step the board does not verify: " + text_of(report.problems));
    const auto snapshot = board_->snapshot();
    const Result<app::Recomputed> done = app::recompute_cells(*snapshot);
    if (!done)
        failed(place, "recomputation failed: " + done.error().text());
    else if (done->differences != 0)
        failed(place, "after this step cells differ from their recomputation: " + done->first);
}

}  // namespace yipan::scenario
