#include "board/eras.h"

#include <algorithm>
#include <sstream>

#include "board/model_entry.h"
#include "store/archive.h"
#include "store/open.h"

namespace yipan::board {
namespace {
std::size_t at(int i) { return static_cast<std::size_t>(i); }
tl::unexpected<Error> unreadable(const char* what) {
    return fail(Code::corrupt, what, "is not readable", "restore a backup");
}
}  // namespace

Result<std::vector<Era>> Eras::read(store::Store& store) {
    YIPAN_TRY(const auto kept, store.meta("models"));
    YIPAN_TRY(const auto position, store.meta("model_position"));
    if (!kept) return std::vector<Era>{Era{}};
    std::vector<Era> out;
    std::istringstream in(*kept);
    for (std::string line; std::getline(in, line);) {
        Era era;
        std::istringstream words(line);
        if (!(words >> era.version >> era.position >> era.last >> era.back_to) ||
            era.version != static_cast<std::int32_t>(out.size()) + 1 || era.last < era.position)
            return unreadable("the list of models");
        out.push_back(era);
    }
    if (out.empty()) return unreadable("the list of models");
    return out;
}

std::string Eras::text(const std::vector<Era>& list) {
    std::string out;
    for (const Era& e : list)
        out += std::to_string(e.version) + " " + std::to_string(e.position) + " " + std::to_string(e.last) + " " +
               std::to_string(e.back_to) + "\n";
    return out;
}

std::vector<Era> Eras::list() const {
    const std::lock_guard lock(mutex_);
    return list_;
}
Era Eras::in_force(std::int64_t position) const {
    const std::lock_guard lock(mutex_);
    for (auto e = list_.rbegin(); e != list_.rend(); ++e)
        if (e->last <= position) return *e;
    return list_.front();
}
void Eras::add(const Era& era, model::ModelPtr model, StepPtr step) {
    const std::lock_guard lock(mutex_);
    list_.push_back(era);
    know(era.version, std::move(model));
    known_[era.version].step = std::move(step);
}
void Eras::finish(std::int64_t last) {
    const std::lock_guard lock(mutex_);
    list_.back().last = last;
}
void Eras::drop_last() {
    const std::lock_guard lock(mutex_);
    known_.erase(list_.back().version);
    std::erase_if(types_, [&](const auto& known) { return std::get<2>(known.first) == list_.back().version; });
    list_.pop_back();
}
void Eras::know(std::int32_t version, model::ModelPtr model) {
    const std::lock_guard lock(mutex_);
    Known k;
    for (const model::Type& type : model->types) k.codecs.emplace_back(type);
    k.model = std::move(model);
    known_[version] = std::move(k);
}

const Era* Eras::era(std::int32_t version) const {
    return version < 1 || at(version) > list_.size() ? nullptr : &list_[at(version - 1)];
}

Result<Eras::Known*> Eras::known(std::int32_t version) const {
    if (const auto k = known_.find(version); k != known_.end()) return &k->second;
    const Era* e = era(version);
    if (!e) return fail(Code::corrupt, "model " + std::to_string(version), "the board has no model of this version");
    YIPAN_TRY(auto store, store::open(path_, store::Access::read));
    YIPAN_TRY(const auto entry, store->entry(e->position));
    YIPAN_TRY(auto files, model_files(entry.entry.body[0]));
    auto model = model::load(std::move(files));
    if (!model) return fail(Code::corrupt, "model " + std::to_string(version), model.error().front().text());
    const_cast<Eras*>(this)->know(version, *model);
    return &known_.at(version);
}

Result<model::ModelPtr> Eras::model(std::int32_t version) const {
    const std::lock_guard lock(mutex_);
    YIPAN_TRY(const Known* k, known(version));
    return k->model;
}

Result<StepPtr> Eras::step(std::int32_t version) const {
    const std::lock_guard lock(mutex_);
    return step_of(version);
}

Result<StepPtr> Eras::step_of(std::int32_t version) const {
    YIPAN_TRY(Known * k, known(version));
    if (k->step) return k->step;
    YIPAN_TRY(const Known* before, known(version - 1));
    auto migrations = new_migrations(before->model->files, k->model->files);
    if (!migrations) return fail(migrations.error().front());
    auto step = model::compare(before->model, k->model, *migrations);
    if (!step) return fail(Code::corrupt, "model " + std::to_string(version), step.error().front().text());
    k->step = *step;
    return k->step;
}

// From model to model; a step back leads straight from the model it restores to the one that restored it.
Result<int> Eras::follow(std::int32_t from, std::int32_t to, int type, std::vector<record::Value>* values) const {
    while (from < to && type >= 0) {
        std::int32_t jump = 0;
        for (const Era& e : list_)
            if (e.back_to == from && e.version > from && e.version <= to) jump = e.version;
        if (jump) {
            from = jump;
            continue;
        }
        YIPAN_TRY(const StepPtr step, step_of(++from));
        const int next = step->type_to[at(type)];
        if (next >= 0 && values) *values = model::carried(*step, next, *values);
        type = next;
    }
    return type;
}

Result<int> Eras::type_of(const journal::Entry& entry, std::int32_t to) const {
    const std::lock_guard lock(mutex_);
    const auto key = std::tuple(entry.model_version, entry.type, to);
    if (const auto k = types_.find(key); k != types_.end()) return k->second;
    YIPAN_TRY(const Known* k, known(entry.model_version));
    YIPAN_TRY(const int type, follow(entry.model_version, to, k->model->find_type(entry.type), nullptr));
    types_[key] = type;
    return type;
}

Result<Eras::Carried> Eras::carry(const journal::Entry& entry, std::int32_t to) const {
    if (store::archived(entry)) return fail(store::needs_archived(entry));
    const std::lock_guard lock(mutex_);
    YIPAN_TRY(const Known* k, known(entry.model_version));
    const int type = k->model->find_type(entry.type);
    if (type < 0)
        return fail(Code::corrupt, "entry " + std::to_string(entry.position), "names a type its model does not have");
    Carried out;
    out.values.resize(k->model->types[at(type)].fields.size());
    for (const auto& body : entry.body) YIPAN_TRY_VOID(k->codecs[at(type)].decode(body, out.values, &out.marks));
    YIPAN_TRY(out.type, follow(entry.model_version, to, type, &out.values));
    return out;
}

Result<std::vector<std::string>> Eras::codes_of(int type, std::int32_t version) const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> out;
    for (const Era& e : list_) {
        if (e.version > version) break;
        YIPAN_TRY(const Known* k, known(e.version));
        for (const model::Type& t : k->model->types) {
            YIPAN_TRY(const int now, follow(e.version, version, t.index, nullptr));
            if (now == type && std::find(out.begin(), out.end(), t.code) == out.end()) out.push_back(t.code);
        }
    }
    return out;
}

Result<FigureNumbers> FigureNumbers::read(store::Store& store) {
    FigureNumbers out;
    YIPAN_TRY(const auto kept, store.meta("figures"));
    if (!kept) return out;
    std::istringstream in(*kept);
    for (std::string line; std::getline(in, line);) {
        Row row;
        std::istringstream words(line);
        if (!(words >> row.number >> row.code >> row.from >> row.to)) return unreadable("the list of figure numbers");
        out.rows_.push_back(std::move(row));
    }
    return out;
}

std::string FigureNumbers::text() const {
    std::string out;
    for (const Row& r : rows_)
        out +=
            std::to_string(r.number) + " " + r.code + " " + std::to_string(r.from) + " " + std::to_string(r.to) + "\n";
    return out;
}

std::vector<std::int32_t> FigureNumbers::of(const model::Model& model, std::int32_t version) const {
    std::vector<std::int32_t> out;
    if (rows_.empty()) return out;
    std::map<std::string_view, std::int32_t> numbers;
    for (const Row& r : rows_)
        if (r.from <= version && (r.to == 0 || version <= r.to)) numbers[r.code] = r.number;
    for (const model::Figure& f : model.figures) out.push_back(numbers.at(f.code));
    return out;
}

FigureNumbers FigureNumbers::after(const model::Step& step, std::int32_t version) const {
    FigureNumbers out = *this;
    if (out.rows_.empty())
        for (const model::Figure& f : step.before->figures) out.rows_.push_back({f.index, f.code, 1, 0});
    std::int32_t next = 0;
    for (const Row& r : out.rows_) next = std::max(next, r.number + 1);
    std::map<std::string, Row*> living;
    for (Row& r : out.rows_)
        if (r.to == 0) living[r.code] = &r;
    std::vector<Row> fresh;
    for (const model::Figure& f : step.after->figures) {
        const auto old = living.find(f.code);
        const bool goes_on =
            old != living.end() && (f.derived() ? step.before->figures[at(step.before->find_figure(f.code))].derived()
                                                : step.figure_from[at(f.index)] >= 0);
        if (goes_on) {
            living.erase(old);
            continue;
        }
        fresh.push_back({next++, f.code, version, 0});
    }
    for (auto& [code, row] : living) row->to = version - 1;
    out.rows_.insert(out.rows_.end(), fresh.begin(), fresh.end());
    return out;
}

}  // namespace yipan::board
