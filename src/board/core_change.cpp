// The model of a living board changes: one transaction that reshapes tables, rewrites the records concerned and takes
// the figures over, then a swap of everything that knows the model.
#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "board/core.h"
#include "board/model_entry.h"
#include "board/tail.h"
#include "store/open.h"

namespace yipan::board {
namespace {
std::size_t at(int i) { return static_cast<std::size_t>(i); }
constexpr std::int64_t progress_every = 1'024;

// Renames of a step, the other way round, for the step back.
std::string renames_back(const model::Step& step) {
    std::string out;
    for (const model::Type& now : step.after->types) {
        const model::TypeStep& t = step.type(now.index);
        if (t.old < 0) continue;
        const model::Type& was = step.before->types[at(t.old)];
        if (was.code != now.code) out += fmt::format("  - rename_type: {{from: {}, to: {}}}\n", now.code, was.code);
        for (std::size_t f = 0; f < now.fields.size(); ++f)
            if (t.fields[f].old >= 0 && was.fields[at(t.fields[f].old)].code != now.fields[f].code)
                out += fmt::format("  - rename_field: {{type: {}, from: {}, to: {}}}\n", now.code, now.fields[f].code,
                                   was.fields[at(t.fields[f].old)].code);
    }
    return out;
}

store::Reshape reshape_of(const model::Step& step) {
    store::Reshape out{step.before, step.after, {}, {}};
    for (const model::Type& now : step.after->types) {
        const model::TypeStep& t = step.type(now.index);
        out.types.push_back(t.old);
        auto& columns = out.columns.emplace_back();
        for (std::size_t f = 0; f < now.fields.size(); ++f) {
            int from = t.old < 0 ? -1 : t.fields[f].old;
            if (from >= 0) {
                const model::Field& was = step.before->types[at(t.old)].fields[at(from)];
                if (model::stored_as_integer(was.kind) != model::stored_as_integer(now.fields[f].kind)) from = -1;
            }
            columns.push_back(from);
        }
    }
    return out;
}
}  // namespace

Checked<Core::Planned> Core::plan_change(const ModelChange& change) const {
    Planned out;
    out.version = facts.model_version + 1;
    const model::ModelPtr before = shape->model;
    std::vector<model::SourceFile> files = change.files;
    std::string back;
    if (change.back) {
        if (facts.model_version < 2)
            return fail(Errors{{Code::invalid_input, facts.path, "this board has never changed its model",
                                "there is nothing to go back to"}});
        auto former = eras->model(facts.model_version - 1);
        if (!former) return fail(Errors{former.error()});
        files = (*former)->files;
        std::erase_if(files, [](const auto& f) { return model::is_migration(f.path); });
        auto step = eras->step(facts.model_version);
        if (!step) return fail(Errors{step.error()});
        back = model::back_text(facts.model_version - 1) + renames_back(**step);
    }
    // Migrations that were applied stay with the model, so that none is ever applied twice.
    for (const auto& file : before->files) {
        if (!model::is_migration(file.path)) continue;
        if (std::none_of(files.begin(), files.end(), [&](const auto& f) { return f.path == file.path; }))
            files.push_back(file);
    }
    if (!back.empty()) files.push_back({fmt::format("migrations/v{}-back.yaml", out.version), back});
    Errors errors;
    if (change.migration) {
        // Read under its own name, so that mistakes are told where the writer finds them.
        if (auto read = model::read_migrations(*change.migration); !read)
            errors = read.error();
        else
            files.push_back({fmt::format("migrations/v{}.yaml", out.version), change.migration->text});
    }
    auto model = model::load(files);
    if (!model) errors.insert(errors.end(), model.error().begin(), model.error().end());
    if (!errors.empty()) return fail(std::move(errors));
    out.files = (*model)->files;
    out.model = *model;
    auto migrations = new_migrations(before->files, out.files);
    if (!migrations) return fail(migrations.error());
    auto step = model::compare(before, out.model, *migrations);
    if (!step) {
        const std::string kept = fmt::format("migrations/v{}.yaml", out.version);
        for (Error& e : step.error())
            if (change.migration && e.where.starts_with(kept))
                e.where = change.migration->path + e.where.substr(kept.size());
        return fail(step.error());
    }
    out.step = *step;
    if (out.step->back_to && !change.back)
        return fail(Errors{{Code::invalid_model, "", "\"back\" is written by yipan model back only", "take it out"}});
    const bool same_texts = [&] {
        auto a = before->files, b = out.files;
        return a == b;
    }();
    if (same_texts)
        return fail(Errors{{Code::invalid_input, "", "the new model is the present one", "nothing to change"}});
    return out;
}

struct Core::Reshaping {
    Planned plan;
    ShapePtr old_shape, new_shape;
    std::shared_ptr<const figure::Plan> new_plan;
    FigureNumbers numbers;
    std::unique_ptr<store::Store> before;  // the board as it was, for as long as this takes
    std::unique_ptr<World> old_world, new_world;
    store::Reshape tables;
    journal::Entry entry;  // of the model
    std::int64_t position = 0;
    std::vector<figure::Posting> postings;
    std::map<int, std::int64_t> next_records;
    ModelReceipt receipt;
    Errors refused;
    bool failed_at_commit = false;
};

Status Core::put_row(Reshaping& c, const record::RecordPtr& old, const std::shared_ptr<record::Record>& next) {
    journal::Entry e;
    e.time = c.entry.time;
    e.actor = c.entry.actor;
    e.post = c.entry.post;
    e.channel = c.entry.channel;
    e.verb = journal::Verb::migrate;
    e.type = c.plan.model->types[at(next->type)].code;
    e.record = next->id.value;
    if (old) {
        next->version = old->version + 1;
        next->previous = old->position;
    } else if (next->version == 0) {
        next->version = 1;
        c.next_records[next->type] = std::max(c.next_records[next->type], next->id.value + 1);
    }
    e.version = next->version;
    e.previous = next->previous.value;
    e.transaction = c.position;
    e.model_version = c.plan.version;
    e.effective = next->effective.days;
    for (int g = 0; g < record::group_count; ++g)
        c.new_shape->codecs[at(next->type)].encode(*next, static_cast<model::FieldGroup>(g), e.body[at(g)]);
    next->position = Position(log_->position() + 1);
    YIPAN_TRY_VOID(log_->append(e));
    ++(old ? c.receipt.rewritten : c.receipt.created);
    return old ? store->update(*next) : store->insert(*next);
}

// Document numbers go on counting under the new name.
Status Core::rename_counters(const model::Step& step) {
    std::vector<std::pair<std::string, std::int64_t>> all;
    YIPAN_TRY_VOID(
        store->each_counter([&](std::string_view name, std::int64_t value) { all.emplace_back(name, value); }));
    for (const model::Type& now : step.after->types) {
        const model::TypeStep& t = step.type(now.index);
        if (t.old < 0) continue;
        const model::Type& was = step.before->types[at(t.old)];
        for (std::size_t f = 0; f < now.fields.size(); ++f) {
            if (now.fields[f].kind != model::FieldKind::number || t.fields[f].old < 0) continue;
            const std::string from = was.code + "." + was.fields[at(t.fields[f].old)].code + ":";
            const std::string to = now.code + "." + now.fields[f].code + ":";
            if (from == to) continue;
            for (const auto& [name, value] : all)
                if (name.starts_with(from)) YIPAN_TRY_VOID(store->set_counter(to + name.substr(from.size()), value));
        }
    }
    return {};
}

Status Core::write_change(Reshaping& c, const std::function<Status(Reshaping&)>& rows, const Progress& progress) {
    YIPAN_TRY_VOID(store->begin());
    YIPAN_TRY_VOID(log_->append(c.entry));
    c.position = c.entry.position;
    YIPAN_TRY_VOID(store->reshape(c.tables));
    YIPAN_TRY_VOID(rename_counters(*c.plan.step));
    c.new_world = std::make_unique<World>(*store, c.new_shape);
    YIPAN_TRY_VOID(rows(c));
    if (!c.refused.empty()) return fail(c.refused.front());
    YIPAN_TRY_VOID(store->finish_reshape(c.tables));
    c.new_world->clear();
    const std::int64_t last = log_->position();
    Rederive rederive(c.plan.step, plan, c.new_plan);
    std::int64_t done = 0;
    for (const model::Type& type : c.plan.model->types) {
        if (!rederive.wants(type.index)) continue;
        Status inner;
        YIPAN_TRY_VOID(store->each(type.index, [&](const record::RecordPtr& r) {
            if (progress && ++done % progress_every == 0) progress(done, 0);
            inner = rederive.record(*r, *c.new_world, *c.old_world, last, c.postings);
            return inner.has_value();
        }));
        if (!inner) return inner;
        for (World* world : {c.old_world.get(), c.new_world.get()})
            if (auto error = world->take_error()) return fail(*error);
    }
    for (const auto& [type, next] : c.next_records) YIPAN_TRY_VOID(store->set_next_record(type, next));
    YIPAN_TRY_VOID(store->put_tail(last, encode_postings(c.postings)));
    YIPAN_TRY_VOID(store->set_head({last, log_->root()}));
    YIPAN_TRY_VOID(store->set_meta("model_position", std::to_string(c.position)));
    eras->finish(last);
    YIPAN_TRY_VOID(store->set_meta("models", Eras::text(eras->list())));
    YIPAN_TRY_VOID(store->set_meta("figures", c.numbers.text()));
    const Status committed = store->commit();
    c.failed_at_commit = !committed && !store->surely_undone();
    return committed;
}

void Core::adopt(Reshaping& c) {
    orders.clear();  // of a model that is gone
    {
        const std::unique_lock lock(book_mutex);
        shape = c.new_shape;
        plan = c.new_plan;
        numbers_ = c.numbers;
        facts.model_version = c.plan.version;
        {
            const std::lock_guard guard(sights_mutex_);
            sights_.clear();
        }
        world_ = std::make_unique<World>(*store, shape);
        judge_.reset();
        YIPAN_CHECK(make_judge().has_value());
        book->adopt(plan);
        (void)load_links();
        book->apply(c.postings, c.receipt.last.value);
        book_position = c.receipt.last.value;
    }
    prepare_run();
    if (!subscriber) return;
    board::Shown told;
    told.position = c.receipt.last;
    told.model = true;
    for (const model::Figure& f : shape->model->figures) told.figures.push_back(f.index);
    subscriber(told);
}

Checked<ModelReceipt> Core::change_model(const ModelChange& change, const Progress& progress) {
    if ((!store || store->lost()) && !come_back()) return fail(Errors{*away_});
    if (hardening_failed_.load(std::memory_order_acquire))
        return fail(
            Errors{{Code::store_failed, facts.path,
                    "the disk did not confirm an earlier write, so nothing more is written", "open the board anew"}});
    auto planned = plan_change(change);
    if (!planned) return fail(planned.error());
    journal::Entry entry;
    entry.time = log_->next_time(clock->now());
    entry.actor = change.actor.value;
    entry.post = change.post.value;
    entry.channel = change.channel;
    entry.verb = journal::Verb::model;
    entry.version = entry.model_version = planned->version;
    const auto list = eras->list();
    entry.previous = list.back().position;
    entry.transaction = log_->position() + 1;
    entry.effective = facts.zone.date_of(Instant{entry.time}).days;
    entry.body[0] = model_body(planned->files);
    Reshaping c;
    c.plan = std::move(*planned);
    c.entry = std::move(entry);
    const auto rows = [&](Reshaping& r) -> Status {
        Migrating migrating(r.plan.step, *r.before, *r.old_world, r.old_shape, eras);
        for (const model::Type& type : r.plan.model->types)
            if (r.plan.step->type(type.index).split_from >= 0) {
                YIPAN_TRY(const std::int64_t next, store->next_record(type.index));
                migrating.set_next_id(type.index, next);
            }
        YIPAN_TRY_VOID(migrating.records([&](const auto& old, auto next) { return put_row(r, old, next); },
                                         [&](std::int64_t done) {
                                             if (progress) progress(done, 0);
                                         }));
        r.refused = migrating.findings().errors();
        return {};
    };
    if (auto ok = run_change(c, rows, progress); !ok) {
        if (!c.refused.empty()) return fail(c.refused);
        return fail(Errors{ok.error()});
    }
    return c.receipt;
}

Status Core::run_change(Reshaping& c, const std::function<Status(Reshaping&)>& rows, const Progress& progress) {
    c.old_shape = shape;
    c.numbers = numbers_.after(*c.plan.step, c.plan.version);
    c.tables = reshape_of(*c.plan.step);
    YIPAN_TRY(c.before, store::open(facts.path, store::Access::read));
    YIPAN_TRY_VOID(c.before->begin_read());
    YIPAN_TRY_VOID(c.before->use(c.old_shape->model));
    c.old_world = std::make_unique<World>(*c.before, c.old_shape);
    c.new_shape = std::make_shared<const Shape>(c.plan.model, eras, c.plan.version);
    c.new_plan = std::make_shared<const figure::Plan>(*c.plan.model, c.numbers.of(*c.plan.model, c.plan.version));
    const Log::State mark = log_->mark();
    eras->add({c.plan.version, log_->position() + 1, INT64_MAX, c.plan.step->back_to.value_or(0)}, c.plan.model,
              c.plan.step);
    if (auto ok = write_change(c, rows, progress); !ok) {
        eras->drop_last();
        if (c.failed_at_commit) {
            for (int i = 0; i < 3; ++i)
                if (reopen()) break;
            return ok;
        }
        store->rollback();
        log_->back(mark);
        YIPAN_TRY_VOID(store->use(c.old_shape->model));
        return ok;
    }
    c.receipt.first = Position(c.position);
    c.receipt.last = Position(log_->position());
    c.receipt.time = Instant{c.entry.time};
    c.receipt.version = c.plan.version;
    c.receipt.postings = static_cast<std::int64_t>(c.postings.size());
    c.before->rollback();
    YIPAN_TRY_VOID(harden());
    adopt(c);
    return {};
}

Status Core::replay_change(
    const journal::Entry& model_entry,
    const std::function<Status(const std::function<Status(const journal::Entry&)>&)>& each_entry) {
    Reshaping c;
    YIPAN_TRY(auto files, model_files(model_entry.body[0]));
    auto model = model::load(std::move(files));
    if (!model) return fail(model.error().front());
    c.plan.model = *model;
    c.plan.files = (*model)->files;
    c.plan.version = model_entry.version;
    auto migrations = new_migrations(shape->model->files, c.plan.files);
    if (!migrations) return fail(migrations.error().front());
    auto step = model::compare(shape->model, c.plan.model, *migrations);
    if (!step) return fail(step.error().front());
    c.plan.step = *step;
    c.entry = model_entry;
    return run_change(c,
                      [&](Reshaping& r) -> Status {
                          return each_entry([&](const journal::Entry& given) -> Status {
                              const int type = r.plan.model->find_type(given.type);
                              if (type < 0)
                                  return fail(Code::corrupt, "entry " + std::to_string(given.position),
                                              "names a type the model does not have");
                              YIPAN_TRY(const record::RecordPtr version, r.new_world->version_of(given, type));
                              YIPAN_TRY(const record::RecordPtr there, store->read(type, given.record));
                              if (!there) r.next_records[type] = std::max(r.next_records[type], given.record + 1);
                              journal::Entry copy = given;
                              YIPAN_TRY_VOID(log_->append(copy));
                              return there ? store->update(*version) : store->insert(*version);
                          });
                      },
                      {});
}

Result<Core::Sight> Core::sight(std::int32_t version) {
    const std::lock_guard guard(sights_mutex_);
    if (version == shape->version) return Sight{shape, plan, {}};
    if (const auto known = sights_.find(version); known != sights_.end()) return known->second;
    YIPAN_TRY(const model::ModelPtr model, eras->model(version));
    Sight out;
    out.shape = std::make_shared<const Shape>(model, eras, version);
    out.plan = std::make_shared<const figure::Plan>(*model, numbers_.of(*model, version));
    figure::NowIndexes now;
    journal::Entry any;
    any.model_version = version;
    for (const model::Type& type : model->types) {
        any.type = type.code;
        now.types.push_back(version < shape->version ? eras->type_of(any, shape->version).value_or(-1) : -1);
    }
    for (const model::Forest& forest : model->forests) now.forests.push_back(shape->model->find_forest(forest.code));
    out.lens = book->lens(out.plan, std::move(now));
    sights_[version] = out;
    return out;
}

}  // namespace yipan::board
