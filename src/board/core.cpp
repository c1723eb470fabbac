#include "board/core.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/check.h"
#include "board/attachments.h"
#include "board/model_entry.h"
#include "board/tail.h"
#include "store/open.h"
#include "store/upgrade.h"

namespace yipan::board {
namespace {
Checked<void> one(Status status) {
    if (status) return {};
    return fail(Errors{status.error()});
}
constexpr int reopen_tries = 3;
}  // namespace

std::vector<figure::Link> links_of(const model::Model& model, const record::Record& r) {
    std::vector<figure::Link> out;
    if (r.voided) return out;
    for (std::size_t f = 0; f < model.forests.size(); ++f) {
        for (const auto& link : model.forests[f].links) {
            if (link.type != r.type) continue;
            const auto* parent = record::as_integer(r.at(link.parent));
            const auto* child = record::as_integer(r.at(link.child));
            if (!parent || !child) continue;
            const auto& fields = model.types[static_cast<std::size_t>(link.type)].fields;
            figure::Link l;
            l.forest = static_cast<int>(f);
            l.parent_type = fields[static_cast<std::size_t>(link.parent)].target;
            l.child_type = fields[static_cast<std::size_t>(link.child)].target;
            l.parent = *parent;
            l.child = *child;
            const auto* from = link.from >= 0 ? record::as_integer(r.at(link.from)) : nullptr;
            const auto* to = link.to >= 0 ? record::as_integer(r.at(link.to)) : nullptr;
            if (from) l.from = static_cast<std::int32_t>(*from);
            if (to) l.to = static_cast<std::int32_t>(*to);
            out.push_back(l);
        }
    }
    return out;
}

Checked<std::unique_ptr<Core>> Core::open(const std::string& path, const Options& options) {
    std::unique_ptr<Core> core(new Core);
    core->facts.path = path;
    core->read_only = options.read_only || options.follow;
    core->following = options.follow;
    if (const auto ok = core->load(options); !ok) {
        const bool damaged =
            ok.error().size() == 1 && ok.error()[0].code == Code::corrupt && core->shape && !options.read_only;
        if (!damaged) return fail(ok.error());
        // A board that does not verify may still be read; nothing more is added to it.
        Error damage = ok.error()[0];
        const std::optional<Upgrade> upgraded = core->upgraded;
        core.reset(new Core);
        core->facts.path = path;
        core->read_only = true;
        core->upgraded = upgraded;
        core->damage = damage;
        Options reading = options;
        reading.read_only = true;
        if (const auto again = core->load(reading); !again) return fail(again.error());
    }
    return core;
}

Checked<void> Core::load(const Options& options) {
    store::Opening opening{options.upgrade_progress, [this](const store::Upgraded& u) {
                               upgraded = Upgrade{u.from, u.to, u.backup};
                           }};
    auto opened = store::open(facts.path, read_only ? store::Access::read : store::Access::write, opening);
    if (!opened) return fail(Errors{opened.error()});
    store = std::move(*opened);
    if (read_only)
        if (const auto ok = store->begin_read(); !ok) return one(ok);
    if (auto ok = load_model(); !ok) return ok;
    if (!read_only)
        clock = options.clock  ? options.clock
                : facts.frozen ? frozen_clock_.get()
                               : static_cast<Clock*>(&system_clock_);
    else
        clock = facts.frozen ? frozen_clock_.get() : static_cast<Clock*>(&system_clock_);
    plan = std::make_shared<const figure::Plan>(*shape->model, numbers_.of(*shape->model, facts.model_version));
    world_ = std::make_unique<World>(*store, shape);
    log_ = std::make_unique<Log>(*store, Salts(salt_seed_));
    if (auto ok = log_->open(); !ok && !damage) {
        if (read_only)
            damage = ok.error();
        else
            return one(ok);
    }
    if (const auto ok = make_judge(); !ok) return one(ok);
    if (const auto ok = load_book(); !ok) return one(ok);
    return one(following ? begin_following() : Status{});
}

Status Core::make_judge() {
    judge_ = std::make_unique<Judge>(*store, shape, plan, *world_, *log_, facts.zone, facts.model_version);
    judge_->ask_figure = [this](std::string_view code, int unit_type, std::int64_t unit, Period period,
                                const Pending& pending) {
        return figure_in_draft(code, unit_type, unit, period, pending);
    };
    judge_->permit = [this](const WriteAsk& ask, record::Resolver& world, Errors& refused) {
        if (permit) permit(ask, world, refused);
    };
    return judge_->open();
}

// figure() in a rule: the committed figures with what this transaction has posted so far, the draft being judged
// included.
Result<cel::Value> Core::figure_in_draft(std::string_view code, int unit_type, std::int64_t unit, Period period,
                                         const Pending& pending) {
    figure::Ask ask;
    ask.figure = shape->model->find_figure(code);
    if (ask.figure < 0) return fail(Code::not_found, "", "no figure \"" + std::string(code) + "\"");
    ask.unit_type = unit_type;
    ask.unit = unit;
    ask.period = period;
    ask.today = facts.zone.date_of(clock->now());
    const model::Figure& f = shape->model->figures[static_cast<std::size_t>(ask.figure)];
    figure::Value v;
    drain();
    {
        const std::shared_lock lock(book_mutex);
        v = book->value_with(ask, pending.postings);
    }
    return figure_value(f, v);
}

Result<cel::Value> Core::figure_value(const model::Figure& f, const figure::Value& v) {
    if (!v.has) return cel::Value::null();
    if (f.measure.kind == model::Measure::Kind::money) {
        YIPAN_TRY(const Decimal fen, v.number.rescaled(2, Rounding::half_up));
        return cel::Value::money({fen.units, f.measure.currency});
    }
    return f.measure.scale == 0 && v.number.scale == 0 ? cel::Value::integer(v.number.units)
                                                       : cel::Value::decimal(v.number);
}

Checked<void> Core::load_model() {
    const auto text = [&](const char* name) -> Result<std::string> {
        YIPAN_TRY(auto value, store->meta(name));
        return value.value_or("");
    };
    const auto name = text("name"), note = text("note"), zone = text("zone"), frozen = text("frozen_clock"),
               seed = text("salt_seed"), position = text("model_position");
    for (const auto* r : {&name, &note, &zone, &frozen, &seed, &position})
        if (!*r) return fail(Errors{r->error()});
    facts.name = *name;
    facts.note = *note;
    salt_seed_ = *seed;
    auto loaded = Zone::load(*zone);
    if (!loaded) return fail(Errors{loaded.error()});
    facts.zone = std::move(*loaded);
    if (!frozen->empty()) {
        facts.frozen = Instant{std::stoll(*frozen)};
        if (!frozen_clock_) frozen_clock_ = std::make_unique<FrozenClock>(*facts.frozen);
    }
    const auto entry = store->entry(position->empty() ? 0 : std::stoll(*position));
    if (!entry)
        return fail(Errors{{Code::corrupt, facts.path, "the model's entry cannot be read: " + entry.error().text(),
                            "restore a backup"}});
    auto files = model_files(entry->entry.body[0]);
    if (!files) return fail(Errors{files.error()});
    auto model = model::load(std::move(*files));
    if (!model) return fail(model.error());
    facts.model_version = entry->entry.version;
    auto list = Eras::read(*store);
    if (!list) return fail(Errors{list.error()});
    auto numbers = FigureNumbers::read(*store);
    if (!numbers) return fail(Errors{numbers.error()});
    numbers_ = std::move(*numbers);
    eras = std::make_shared<Eras>(facts.path, std::move(*list));
    eras->know(facts.model_version, *model);
    shape = std::make_shared<const Shape>(*model, eras, facts.model_version);
    return one(store->use(*model));
}

Status Core::load_book() {
    runs = std::make_unique<StoreRuns>(*store);
    book = std::make_unique<figure::Book>(plan, *runs);
    if (!read_only) {  // readers of runs get a connection of their own
        YIPAN_TRY(reader_, store::open(facts.path, store::Access::read));
        YIPAN_TRY_VOID(reader_->use(shape->model));
        book.reset();
        runs = std::make_unique<StoreRuns>(*reader_);
        book = std::make_unique<figure::Book>(plan, *runs);
    }
    YIPAN_TRY_VOID(book->open());
    run_ready_ = false;
    YIPAN_TRY_VOID(load_links());
    YIPAN_TRY_VOID(store->each_tail([&](std::int64_t position, std::string_view body) -> Status {
        if (position <= book->position()) return {};
        YIPAN_TRY(const auto postings, decode_postings(body));
        book->apply(postings, position);
        return {};
    }));
    YIPAN_TRY(const store::Head head, store->head());
    if (book->position() > head.position)
        return fail(Code::corrupt, "figures", "the figures know more entries than the journal has",
                    "run yipan verify; restore a backup");
    book->apply({}, head.position);
    book_position = head.position;
    return {};
}

Status Core::load_links() {
    links_.clear();
    for (const auto& type : shape->model->types) {
        if (!shape->is_link[static_cast<std::size_t>(type.index)]) continue;
        YIPAN_TRY_VOID(store->each(type.index, [&](const record::RecordPtr& r) {
            links_[{type.index, r->id.value}] = links_of(*shape->model, *r);
            return true;
        }));
    }
    publish_links();
    return {};
}

std::vector<figure::Link> Core::all_links() const {
    std::vector<figure::Link> all;
    for (const auto& [key, links] : links_) all.insert(all.end(), links.begin(), links.end());
    return all;
}
void Core::publish_links() { book->set_links(all_links()); }

std::optional<Core::Shown> Core::batch(std::span<Draft* const> drafts, std::vector<Checked<Receipt>>& answers) {
    answers.clear();
    std::optional<Shown> shown;
    used = std::chrono::steady_clock::now();
    if (const Status awake = wake(); !awake) return answers.assign(drafts.size(), Checked<Receipt>(tl::unexpect, Errors{awake.error()})), shown;
    if (!store && !come_back()) return answers.assign(drafts.size(), Checked<Receipt>(tl::unexpect, Errors{*away_})), shown;
    if (try_batch(drafts, answers, shown)) return shown;
    if (store->lost()) {  // before anything was committed: the same drafts once more over a new way
        if (!come_back()) return shown;
        answers.clear();
        if (try_batch(drafts, answers, shown)) return shown;
    }
    if (drafts.size() == 1) return shown;
    // Somebody's draft made the store fail: alone, only the guilty one does.
    drain();
    std::vector<Checked<Receipt>> all;
    for (Draft* draft : drafts) {
        answers.clear();
        std::optional<Shown> one_shown;
        try_batch(std::span<Draft* const>(&draft, 1), answers, one_shown);
        if (one_shown) {
            if (const auto hard = harden(); !hard && answers.at(0))
                answers.at(0) = tl::unexpected(Errors{hard.error()});
            show(*one_shown);
            prepare_run();
        }
        all.push_back(std::move(answers.at(0)));
    }
    answers = std::move(all);
    return std::nullopt;
}

bool Core::rest(const std::atomic<int>& in_use) {
    std::unique_lock one(follow_mutex_, std::defer_lock);
    if (following) one.lock();
    if (!following && (read_only || !store || store->lost() || hardening_failed_.load(std::memory_order_acquire))) return false;
    resting = true;
    if (in_use.load() > 0 || !store->rest()) return resting = false;
    if (reader_) (void)reader_->rest();
    next_.reset();
    return true;
}

Status Core::wake() {
    std::unique_lock one(follow_mutex_, std::defer_lock);
    if (following) one.lock();
    if (!resting) return {};
    const auto now = std::chrono::steady_clock::now();
    if (away_ && now - tried_ < std::chrono::seconds(1)) return fail(*away_);
    tried_ = now;
    const Status awake = following ? caught_up() : store->wake();
    ousted.store(ousted || store->ousted(), std::memory_order_release);
    away_.reset();
    if (!awake)
        away_ = awake.error();
    else
        resting = false;
    return awake;
}

void Core::rest_on() {
    if (!resting || following) return;
    (void)store->still_there();  // a database that is away is told to who asks
    ousted.store(ousted || store->ousted(), std::memory_order_release);
}

// A store that could not be opened again (a database that restarts, another process that has taken the board over) is
// tried anew, not more often than once a second. What a disk did not confirm does not come back that way.
bool Core::come_back() {
    const auto now = std::chrono::steady_clock::now();
    if (!store && away_ && now - tried_ < std::chrono::seconds(1)) return false;
    drain();
    const Status opened = reopen();
    tried_ = std::chrono::steady_clock::now();
    if (!opened) {
        away_ = opened.error();
        ousted.store(away_->code == Code::busy, std::memory_order_release);
        return false;
    }
    away_.reset();
    hardening_failed_.store(false, std::memory_order_release);
    return true;
}

// True when the answers stand; false when the store failed and everything was rolled back (answers hold the error).
bool Core::try_batch(std::span<Draft* const> drafts, std::vector<Checked<Receipt>>& answers,
                     std::optional<Shown>& shown) {
    const auto refuse_all = [&](const Error& error) {
        answers.assign(drafts.size(), Checked<Receipt>(tl::unexpect, Errors{error}));
        return false;
    };
    if (hardening_failed_.load(std::memory_order_acquire))
        return refuse_all({Code::store_failed, facts.path,
                           "the disk did not confirm an earlier write, so nothing more is written",
                           "open the board anew"}),
               true;
    if (!store) return refuse_all(away_.value_or(Error{Code::store_failed, facts.path, "the board could not be opened again", "try again"})), true;
    Pending pending;
    const Log::State mark = log_->mark();
    const auto roll_back = [&] {
        store->rollback();
        log_->back(mark);
        world_->clear();
        judge_->batch_over();
        (void)judge_->open();
    };
    if (const auto ok = store->begin(); !ok) return refuse_all(ok.error());
    const Instant now = clock->now();
    std::size_t ahead = 0;
    for (std::size_t i = 0; i < drafts.size(); ++i) {
        if (i == ahead) ahead += judge_->look_ahead(drafts.subspan(i));
        answers.push_back(judge_->judge(*drafts[i], now, pending));
        if (!judge_->store_lost()) continue;
        const Error error = answers.back().error().at(0);
        roll_back();
        return refuse_all(error);
    }
    if (log_->position() == mark.position && !pending.side) {  // everything refused, repeated or tried only
        store->rollback();
        world_->clear();
        return true;
    }
    bool failed_at_commit = false;
    if (const auto ok = commit_batch(pending, mark.position, shown, failed_at_commit); !ok) {
        if (failed_at_commit) return recover(drafts, answers, ok.error(), shown), true;
        roll_back();
        return refuse_all(ok.error());
    }
    return true;
}

// The end of a batch: what belongs to it as a whole, the commit, and a run of postings when one is ready to be written.
Status Core::commit_batch(Pending& pending, std::int64_t position_before, std::optional<Shown>& shown,
                          bool& failed_at_commit) {
    if (log_->position() == position_before) {  // only beside the journal
        if (auto committed = store->commit(); !committed) {
            failed_at_commit = !store->surely_undone();
            return committed;
        }
        scrub_due = scrub_due || pending.erased;
        scrub();
        shown = Shown{std::move(pending), position_before};
        return {};
    }
    for (const auto& [type, next] : pending.next_record)
        YIPAN_TRY_VOID(store->set_next_record(type, judge_->next_record(type)));
    YIPAN_TRY_VOID(store->put_tail(log_->position(), encode_postings(pending.postings)));
    YIPAN_TRY_VOID(store->set_head({log_->position(), log_->root()}));
    if (with_commit_) YIPAN_TRY_VOID(with_commit_(*store));
    if (!pending.attachments.empty()) {
        YIPAN_TRY(pending.beside, drop_unnamed(*store, pending.attachments));
    }
    if (!run_ready_.load(std::memory_order_acquire)) {
        if (auto committed = store->commit(); !committed) {
            failed_at_commit = !store->surely_undone();
            return committed;
        }
    } else {
        YIPAN_TRY_VOID(runs->write_notes(*store));
        YIPAN_TRY_VOID(store->drop_tail(run_up_to_));
        const std::unique_lock lock(book_mutex);  // runs change with the commit: no reader may look in between
        if (auto committed = store->commit(); !committed) {
            failed_at_commit = !store->surely_undone();
            return committed;
        }
        book->commit_flush();
        runs->drop_notes();
        run_ready_.store(false, std::memory_order_release);
    }
    scrub_due = scrub_due || pending.erased;
    scrub();  // a reader may hold it back: then again soon (writer.cpp)
    shown = Shown{std::move(pending), log_->position()};
    return {};
}

// Every run_entries entries the postings since the last run are sorted into a new one. That is work for the thread that
// shows batches; the writer only carries the finished chunks into its next transaction.
void Core::prepare_run() {
    constexpr std::size_t postings_enough = 200'000;  // a change of the model posts many at one entry
    if (run_ready_.load(std::memory_order_acquire) ||
        (book->pending_entries() < figure::run_entries && book->pending_postings() < postings_enough))
        return;
    run_up_to_ = book->position();
    if (const auto ok = book->flush();
        !ok) {  // nothing is lost: the tail keeps the postings, the next batch tries again
        book->abandon_flush();
        runs->drop_notes();
        return;
    }
    run_ready_.store(true, std::memory_order_release);
}

Status Core::replay(std::span<const journal::Entry> entries) {
    Pending pending;
    bool failed_at_commit = false;
    std::optional<Shown> shown;
    YIPAN_TRY_VOID(store->begin());
    for (const journal::Entry& entry : entries) {
        if (const auto ok = judge_->replay(entry, pending); !ok) {
            store->rollback();
            return ok;
        }
    }
    YIPAN_TRY_VOID(commit_batch(pending, -1, shown, failed_at_commit));
    YIPAN_TRY_VOID(harden());
    if (shown) show(*shown);
    prepare_run();
    return {};
}

Status Core::on_store(const std::function<Status(store::Store&)>& work) {
    if ((!store || store->lost()) && !come_back()) return fail(*away_);
    if (hardening_failed_.load(std::memory_order_acquire))
        return fail(Code::store_failed, facts.path, "the disk did not confirm an earlier write, so nothing more is written",
                    "open the board anew");
    YIPAN_TRY_VOID(store->begin());
    Status done = work(*store);
    if (done) done = store->commit();
    if (!done) {
        store->rollback();
        return done;
    }
    return harden();
}

void Core::announce(const std::string& address) {
    announced_ = address;
    if (store) (void)store->announce(address);
}

Status Core::step_clock(Instant to, Draft told) {
    if (!facts.frozen || clock != frozen_clock_.get())
        return fail(Code::usage, "clock", "this board's clock is not frozen: time passes by itself", "only a demo board can be stepped");
    if (to < frozen_clock_->now()) return fail(Code::usage, "clock", "the clock stands at " + frozen_clock_->now().text() + " and never goes back", "a later date");
    const Instant before = frozen_clock_->now();
    frozen_clock_->set(to);
    with_commit_ = [&](store::Store& kept) { return kept.set_meta("frozen_clock", std::to_string(to.micros)); };
    Draft* const one = &told;
    std::vector<Checked<Receipt>> answers;
    std::optional<Shown> shown;
    (void)try_batch(std::span<Draft* const>(&one, 1), answers, shown);
    with_commit_ = nullptr;
    Status done = answers.at(0) ? Status{} : fail(answers.at(0).error().front());
    if (shown) {
        if (done) done = harden();
        show(*shown);
        prepare_run();
    }
    if (!done) frozen_clock_->set(before);
    return done;
}

Status Core::harden() {
    const Status status = store ? store->sync() : fail(Code::store_failed, facts.path, "the board could not be opened again", "open it anew");
    if (!status) hardening_failed_.store(true, std::memory_order_release);
    return status;
}

void Core::show(const Shown& shown) {
    if (!hardening_failed_.load(std::memory_order_acquire)) remove_beside(facts.path, shown.pending.beside);
    {
        const std::unique_lock lock(book_mutex);
        book->apply(shown.pending.postings, shown.position);
        book_position = shown.position;
        for (const auto& [key, r] : shown.pending.links) {
            if (r)
                links_[key] = links_of(*shape->model, *r);
            else
                links_.erase(key);
        }
        if (!shown.pending.links.empty()) publish_links();
    }
    if (!subscriber) return;
    board::Shown told;
    told.position = Position(shown.position);
    told.records = shown.pending.changed;
    for (const auto& p : shown.pending.postings)
        if (const int index = plan->index_of(p.what.cell.figure); index >= 0) told.units.emplace_back(index, p.what.cell.unit);
    std::sort(told.units.begin(), told.units.end());
    told.units.erase(std::unique(told.units.begin(), told.units.end()), told.units.end());
    for (const auto& [figure, unit] : told.units)
        if (told.figures.empty() || told.figures.back() != figure) told.figures.push_back(figure);
    subscriber(told);
}

// The commit failed or its outcome is unknown: open the store anew and look at what is there.
void Core::recover(std::span<Draft* const> drafts, std::vector<Checked<Receipt>>& answers, const Error& cause,
                   std::optional<Shown>& shown) {
    const bool lost = store->lost();
    drain();
    Status opened;
    for (int i = 0; i < reopen_tries; ++i)
        if (opened = reopen(); opened) break;
    if (!opened) {
        away_ = opened.error();
        ousted.store(away_->code == Code::busy, std::memory_order_release);
        tried_ = std::chrono::steady_clock::now();
        hardening_failed_.store(true, std::memory_order_release);
    }
    if (opened) opened = harden();  // what is found may have been committed and not yet synced
    std::vector<std::size_t> absent;
    for (std::size_t i = 0; i < drafts.size(); ++i) {
        const bool nothing = answers[i] && answers[i]->first.value == 0 && drafts[i]->side.empty();
        if (!answers[i] || nothing || answers[i]->repeated) continue;
        bool there = opened && answers[i]->first.value > 0 && answers[i]->last.value <= log_->position();
        if (there) {
            const auto e = store->entry(answers[i]->first.value);
            there = e && e->entry.time == answers[i]->time.micros && e->entry.channel == drafts[i]->channel;
        }
        if (there) continue;
        answers[i] = tl::unexpected(Errors{cause});
        absent.push_back(i);
    }
    // A connection that died took the transaction with it, and the new one has seen that it is gone: once more, for the
    // callers' sake.
    if (!opened || !lost || again_ || absent.empty()) return;
    std::vector<Draft*> rest;
    for (const std::size_t i : absent) rest.push_back(drafts[i]);
    std::vector<Checked<Receipt>> second;
    again_ = true;
    const bool stands = try_batch(rest, second, shown);
    again_ = false;
    for (std::size_t k = 0; stands && k < absent.size(); ++k) answers[absent[k]] = std::move(second[k]);
}

// What readers look at stays when the store cannot be opened again; only writing is over then.
Status Core::reopen() {
    const std::unique_lock lock(book_mutex);  // the book is replaced: no reader may be in it
    auto old_book = std::move(book);
    auto old_runs = std::move(runs);
    auto old_reader = std::move(reader_);
    judge_.reset();
    log_.reset();
    world_.reset();
    store.reset();
    const Status done = open_again();
    if (!done) {  // half of it is there: none of it, and the next who asks tries anew
        judge_.reset();
        log_.reset();
        world_.reset();
        store.reset();
        book = std::move(old_book);
        runs = std::move(old_runs);
        reader_ = std::move(old_reader);
    }
    old_book.reset();  // before what it reads from
    old_runs.reset();
    return done;
}

Status Core::open_again() {
    orders.clear();  // a position may be another one now
    YIPAN_TRY(store, store::open(facts.path, store::Access::write));
    if (!announced_.empty()) (void)store->announce(announced_);
    if (auto ok = load_model(); !ok) return fail(ok.error().front());  // a change of it may have been committed
    plan = std::make_shared<const figure::Plan>(*shape->model, numbers_.of(*shape->model, facts.model_version));
    sights_.clear();
    world_ = std::make_unique<World>(*store, shape);
    log_ = std::make_unique<Log>(*store, Salts(salt_seed_));
    YIPAN_TRY_VOID(log_->open());
    YIPAN_TRY_VOID(make_judge());
    return load_book();
}

}  // namespace yipan::board
