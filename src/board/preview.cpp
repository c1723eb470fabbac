#include "board/preview.h"

#include <algorithm>
#include <map>

#include "model/slots.h"
#include "record/view.h"
#include "store/open.h"

namespace yipan::board {
namespace {
std::size_t at(int i) { return static_cast<std::size_t>(i); }
constexpr std::size_t first_cells = 20;
constexpr std::size_t created_max =
    2'000'000;  // new records kept to look at; a larger split is previewed without figures
constexpr std::int64_t progress_every = 1'024;

// The records as they will be: every old one carried over when it is looked at.
class Future final : public record::Resolver {
  public:
    Future(const model::Step& step, Migrating& migrating, World& world, ErasPtr eras)
        : step_(step), migrating_(migrating), world_(world), eras_(std::move(eras)) {}
    record::RecordPtr current(int type, RecordId id) override {
        const int old = type < 0 ? -1 : step_.type(type).old;
        if (old < 0) {
            const auto made = created.find({type, id.value});
            return made == created.end() ? nullptr : made->second;
        }
        auto& cache = cache_[type];
        if (const auto known = cache.find(id.value); known != cache.end()) return known->second;
        const record::RecordPtr was = world_.current(old, id);
        if (migrating_.unchanged(type)) return was;
        record::RecordPtr next = was ? migrating_.next(*was) : nullptr;
        constexpr std::size_t cached_max = 60'000;
        if (cache.size() >= cached_max) cache.clear();
        return cache[id.value] = next;
    }
    // As World::valid_on will see it: earlier versions carried, the present one as it is rewritten.
    record::RecordPtr valid_on(int type, RecordId id, Date day) override {
        const int old = type < 0 ? -1 : step_.type(type).old;
        const record::RecordPtr now = current(type, id);
        if (old < 0 || !now) return now;
        if (now->version == 1) return now;
        const auto past = world_.history(old, id);
        if (!past) return now;
        record::RecordPtr best, first;
        for (std::size_t i = 0; i < past->size(); ++i) {
            const record::Record& v = *(*past)[i];
            const bool rewritten = i + 1 == past->size() && now->version == v.version;
            if (first && !(v.effective <= day && (!best || v.effective >= best->effective))) continue;
            auto made = std::make_shared<record::Record>(v);
            made->type = type;
            made->values = rewritten ? now->values : model::carried(step_, type, v.values);
            if (!first) first = made;
            if (v.effective <= day && (!best || v.effective >= best->effective)) best = made;
        }
        if (now->version > past->back()->version && now->effective <= day &&
            (!best || now->effective >= best->effective))
            best = now;
        return best ? best : first;
    }
    std::map<std::pair<int, std::int64_t>, record::RecordPtr> created;

  private:
    const model::Step& step_;
    Migrating& migrating_;
    World& world_;
    ErasPtr eras_;
    std::map<int, std::unordered_map<std::int64_t, record::RecordPtr>> cache_;
};

// The lamp of a record by the rule of a type light: what report/light.h shows, counted here for records that are not
// there yet.
model::Colour lamp(const model::Model& model, const model::Light& light, const record::Record& r,
                   record::Resolver& world, Date today) {
    record::Views views(model, world);
    const cel::Value variables[] = {cel::Value::date(today)};
    static_assert(model::slots::light_count == 1);
    cel::Activation activation;
    activation.variables = variables;
    activation.self = views.of(r);
    if (r.voided || (light.applies && !light.applies->program.holds(activation))) return model::Colour::none;
    const auto number = [&](const model::Expression& e) -> std::optional<Decimal> {
        const auto v = e.program.evaluate(activation);
        if (!v) return {};
        switch (v->kind()) {
            case cel::Kind::integer: return Decimal::of(v->as_int());
            case cel::Kind::decimal: return v->as_decimal();
            case cel::Kind::money: return v->as_money().yuan();
            default: return {};
        }
    };
    auto behind = light.behind ? number(*light.behind) : std::nullopt;
    if (!behind) return model::Colour::none;
    if (light.share_of) {
        const auto base = number(*light.share_of);
        if (!base || base->units <= 0) return model::Colour::none;
        const auto hundred = multiply(*behind, Decimal::of(100));
        const auto share = hundred ? divide(*hundred, *base, 6, Rounding::half_up) : hundred;
        if (!share) return model::Colour::none;
        behind = *share;
    }
    const auto reached = [&](const std::optional<model::Light::Bound>& bound) {
        if (!bound) return false;
        return bound->inclusive ? *behind >= bound->value : *behind > bound->value;
    };
    return reached(light.red)      ? model::Colour::red
           : reached(light.yellow) ? model::Colour::yellow
                                   : model::Colour::green;
}

int scale_of(const model::Model& model, const model::Figure& f) {
    if (!f.value || f.reducer == model::Reducer::count || f.reducer == model::Reducer::distinct) return 0;
    int type = f.type;
    for (std::size_t i = 0; i + 1 < f.value->fields.size(); ++i)
        type = model.types[at(type)].fields[at(f.value->fields[i])].target;
    const model::Field& end = model.types[at(type)].fields[at(f.value->fields.back())];
    return end.kind == model::FieldKind::money ? 2 : end.kind == model::FieldKind::decimal ? end.scale : 0;
}

class Preview {
  public:
    Preview(Core& core, const Progress& progress) : core_(core), progress_(progress) {}

    Checked<ModelPreview> run(const ModelChange& change) {
        Core::Planned planned;
        {
            const std::shared_lock lock(core_.book_mutex);
            auto p = core_.plan_change(change);
            if (!p) return fail(p.error());
            planned = std::move(*p);
            shape_ = core_.shape;
            plan_ = core_.plan;
        }
        step_ = planned.step;
        out_.version = planned.version;
        out_.before = shape_->model;
        out_.after = planned.model;
        out_.differences = step_->differences;
        if (auto ok = look(); !ok) return fail(Errors{ok.error()});
        return std::move(out_);
    }

  private:
    Status look() {
        YIPAN_TRY(store_, store::open(core_.facts.path, store::Access::read));
        YIPAN_TRY_VOID(store_->begin_read());
        YIPAN_TRY_VOID(store_->use(shape_->model));
        world_ = std::make_unique<World>(*store_, shape_);
        Migrating migrating(step_, *store_, *world_, shape_, core_.eras);
        Future future(*step_, migrating, *world_, core_.eras);
        bool kept_all = true;
        YIPAN_TRY_VOID(migrating.records(
            [&](const record::RecordPtr& old, const std::shared_ptr<record::Record>& next) -> Status {
                if (old) return {};
                kept_all = kept_all && future.created.size() < created_max;
                if (kept_all) future.created[{next->type, next->id.value}] = next;
                return {};
            },
            [&](std::int64_t done) {
                if (progress_) progress_(done, 0);
            }));
        out_.refused = migrating.findings().errors();
        YIPAN_TRY_VOID(tables(migrating));
        if (!out_.refused.empty() || !kept_all) return {};  // what is refused has no figures to show
        YIPAN_TRY_VOID(figures(future, migrating));
        return lights(future, migrating);
    }

    Status tables(Migrating& migrating) {
        for (const model::Type& now : step_->after->types) {
            const model::TypeStep& t = step_->type(now.index);
            const TypeTally& tally = migrating.tallies()[at(now.index)];
            ModelPreview::Table row{now.code, tally.was, tally.records, tally.rewritten, tally.created, 0};
            if (t.old >= 0) {
                const model::Type& was = step_->before->types[at(t.old)];
                for (std::size_t f = 0; f < now.fields.size(); ++f) {
                    const int from = t.fields[f].old;
                    if (from < 0)
                        ++row.columns_added;
                    else if (was.fields[at(from)].code != now.fields[f].code)
                        ++row.columns_renamed;
                }
                for (std::size_t f = 0; f < was.fields.size(); ++f)
                    if (std::none_of(t.fields.begin(), t.fields.end(),
                                     [&](const auto& s) { return s.old == static_cast<int>(f); }))
                        ++row.columns_dropped;
                const bool touched = row.columns_added || row.columns_renamed || row.columns_dropped || tally.scanned ||
                                     was.code != now.code;
                if (!touched) continue;
                if (!tally.scanned) {
                    YIPAN_TRY(row.records, store_->count(t.old, "", {}));
                }
            }
            out_.tables.push_back(std::move(row));
        }
        for (const TypeTally& gone : migrating.gone())
            out_.tables.push_back({"", gone.was, gone.dropped, 0, 0, gone.dropped});
        return {};
    }

    // Every record of a type as it will be.
    using Visit = std::function<Status(const record::Record& now, const record::RecordPtr& before)>;
    Status each_new(int type, Future& future, Migrating& migrating, const Visit& visit) {
        const int old = step_->type(type).old;
        const bool unchanged = migrating.unchanged(type);
        Status inner;
        if (old >= 0) {
            YIPAN_TRY_VOID(store_->each(old, [&](const record::RecordPtr& r) {
                if (progress_ && ++done_ % progress_every == 0) progress_(done_, 0);
                const record::RecordPtr next = unchanged ? r : migrating.next(*r);
                if (next) inner = visit(*next, r);
                return inner.has_value();
            }));
            return inner;
        }
        for (auto made = future.created.lower_bound({type, 0});
             made != future.created.end() && made->first.first == type; ++made)
            YIPAN_TRY_VOID(visit(*made->second, nullptr));
        return {};
    }

    Status figures(Future& future, Migrating& migrating) {
        const auto numbers = std::make_shared<const figure::Plan>(*step_->after, provisional());
        Rederive rederive(step_, plan_, numbers);
        struct Both {
            __int128 sum[2] = {0, 0};
            std::int64_t count[2] = {0, 0};
        };
        std::map<std::pair<int, figure::CellKey>, Both>
            cells;  // by figure of the new model; the key without its figure
        const auto key_of = [](figure::CellKey key) {
            key.figure = 0;
            return key;
        };
        const auto old_key = [&](figure::CellKey key, int old_figure, int new_figure) {
            if (old_figure >= 0) renumber(key, old_figure, new_figure);
            return key_of(key);
        };
        std::map<std::string, int> wanted;
        for (const model::Figure& f : step_->after->figures)
            if (rederive.affected()[at(f.index)]) wanted[f.code] = f.index;
        if (wanted.empty()) return {};
        {
            const std::shared_lock lock(core_.book_mutex);
            core_.book->each_cell([&](const figure::CellKey& key, __int128 sum, std::int64_t count) {
                const std::string& code = shape_->model->figures[at(key.figure)].code;
                const auto mine = wanted.find(code);
                if (mine == wanted.end()) return;
                Both& both = cells[{mine->second, old_key(key, key.figure, mine->second)}];
                both.sum[0] = sum;
                both.count[0] = count;
                if (step_->figure_from[at(mine->second)] >= 0) {
                    both.sum[1] = sum;
                    both.count[1] = count;
                }
            });
        }
        std::vector<figure::Posting> postings;
        for (const model::Type& type : step_->after->types) {
            if (!rederive.wants(type.index)) continue;
            YIPAN_TRY_VOID(each_new(
                type.index, future, migrating, [&](const record::Record& r, const record::RecordPtr& before) -> Status {
                    postings.clear();
                    YIPAN_TRY_VOID(rederive.record(r, future, *world_, 1, postings, before));
                    for (const figure::Posting& p : postings) {
                        const int index = numbers->index_of(p.what.cell.figure);
                        const figure::CellKey key = p.sign < 0
                                                        ? old_key(p.what.cell, step_->figure_from[at(index)], index)
                                                        : key_of(p.what.cell);
                        Both& both = cells[{index, key}];
                        both.sum[1] += static_cast<__int128>(p.what.value) * p.sign;
                        both.count[1] += p.sign;
                    }
                    return {};
                }));
            if (auto error = world_->take_error()) return fail(*error);
        }
        std::map<std::string, ModelPreview::Figure> by_code;
        for (const auto& [code, index] : wanted) {
            ModelPreview::Figure f;
            f.code = code;
            f.fresh = step_->figure_from[at(index)] < 0;
            f.scale_after = scale_of(*step_->after, step_->after->figures[at(index)]);
            const int old = shape_->model->find_figure(code);
            f.scale_before = old < 0 ? 0 : scale_of(*shape_->model, shape_->model->figures[at(old)]);
            by_code[code] = std::move(f);
        }
        for (const auto& [place, both] : cells) {
            ModelPreview::Figure& f = by_code[step_->after->figures[at(place.first)].code];
            f.cells_before += both.count[0] != 0;
            f.cells_after += both.count[1] != 0;
            if (both.count[0] == both.count[1] && both.sum[0] == both.sum[1] &&
                !(f.fresh && f.scale_before != f.scale_after))
                continue;
            ++f.cells_changed;
            if (f.first.size() >= first_cells) continue;
            figure::CellKey key = place.second;
            key.figure = place.first;
            f.first.push_back({key, both.sum[0], both.sum[1], both.count[0], both.count[1]});
        }
        std::vector<char> changed(step_->after->figures.size());
        for (auto& [code, f] : by_code) {
            changed[at(wanted[code])] = f.cells_changed > 0;
            out_.figures.push_back(std::move(f));
        }
        for (const model::Figure& f : step_->after->figures) {  // parts stand before what is computed from them
            if (!f.derived()) continue;
            for (const auto& part : f.parts) changed[at(f.index)] |= changed[at(part.figure)];
            if (changed[at(f.index)]) out_.follow.push_back(f.code);
        }
        return {};
    }
    static const model::Field* dimension(const model::Model& model, const model::Figure& f, std::size_t i) {
        if (i >= f.by.size()) return nullptr;
        int type = f.type;
        for (std::size_t k = 0; k + 1 < f.by[i].fields.size(); ++k)
            type = model.types[at(type)].fields[at(f.by[i].fields[k])].target;
        return &model.types[at(type)].fields[at(f.by[i].fields.back())];
    }
    // Dimension values that are choices, from their numbers in the present model to those in the new one.
    void renumber(figure::CellKey& key, int old_figure, int new_figure) const {
        for (std::size_t i = 0; i < 2; ++i) {
            std::int64_t& value = i == 0 ? key.d1 : key.d2;
            const model::Field* a = dimension(*step_->before, step_->before->figures[at(old_figure)], i);
            const model::Field* b = dimension(*step_->after, step_->after->figures[at(new_figure)], i);
            if (value <= 0 || !a || !b || a->choices.empty() || static_cast<std::size_t>(value) > a->choices.size())
                continue;
            const std::string& code = a->choices[at(static_cast<int>(value) - 1)].code;
            const auto same =
                std::find_if(b->choices.begin(), b->choices.end(), [&](const auto& c) { return c.code == code; });
            value = same == b->choices.end() ? -value : same - b->choices.begin() + 1;
        }
    }
    // Numbers only this look ahead uses: figures that go on keep theirs, the others lie above.
    std::vector<std::int32_t> provisional() const {
        std::vector<std::int32_t> out;
        std::int32_t next = plan_->numbers_end();
        for (const model::Figure& f : step_->after->figures) {
            const int from = step_->figure_from[at(f.index)];
            out.push_back(from >= 0 ? plan_->number_of(from) : next++);
        }
        return out;
    }

    Status lights(Future& future, Migrating& migrating) {
        const Date today = core_.facts.zone.date_of(core_.clock->now());
        const auto rule_of = [](const model::Model& m, const std::string& code) -> const model::Light* {
            for (const model::Light& l : m.lights)
                if (l.code == code && l.type >= 0) return &l;
            return nullptr;
        };
        std::map<std::string, bool> codes;
        for (const model::Difference& d : step_->differences)
            if (d.subject.starts_with("light ")) codes[d.subject.substr(6)] = true;
        for (const model::Light& l : step_->after->lights)
            if (l.type >= 0 && step_->type(l.type).touches) codes[l.code] = true;
        for (const auto& [code, yes] : codes) {
            ModelPreview::Light row;
            row.code = code;
            if (const model::Light* before = rule_of(*step_->before, code))
                YIPAN_TRY_VOID(store_->each(before->type, [&](const record::RecordPtr& r) {
                    ++row.before[static_cast<std::size_t>(lamp(*step_->before, *before, *r, *world_, today))];
                    return true;
                }));
            if (const model::Light* after = rule_of(*step_->after, code))
                YIPAN_TRY_VOID(each_new(
                    after->type, future, migrating, [&](const record::Record& r, const record::RecordPtr&) -> Status {
                        ++row.after[static_cast<std::size_t>(lamp(*step_->after, *after, r, future, today))];
                        return {};
                    }));
            if (rule_of(*step_->before, code) || rule_of(*step_->after, code)) out_.lights.push_back(row);
        }
        return {};
    }

    Core& core_;
    const Progress& progress_;
    ShapePtr shape_;
    std::shared_ptr<const figure::Plan> plan_;
    StepPtr step_;
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<World> world_;
    std::int64_t done_ = 0;
    ModelPreview out_;
};
}  // namespace

Checked<ModelPreview> preview_change(Core& core, const ModelChange& change, const Progress& progress) {
    return Preview(core, progress).run(change);
}

}  // namespace yipan::board
