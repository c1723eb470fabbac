#include "board/world.h"

#include <algorithm>

#include "store/archive.h"

namespace yipan::board {

int Shape::type_of(const journal::Entry& entry) const {
    if (entry.type.empty()) return -1;
    if (!eras || entry.model_version == version) return model->find_type(entry.type);
    return eras->type_of(entry, version).value_or(-1);
}

Shape::Shape(model::ModelPtr m, ErasPtr all, std::int32_t of_version)
    : model(std::move(m)), eras(std::move(all)), version(of_version) {
    const std::size_t n = model->types.size();
    codecs.reserve(n);
    referred.resize(n);
    referrers.resize(n);
    is_link.resize(n);
    for (const auto& type : model->types) {
        codecs.emplace_back(type);
        for (std::size_t f = 0; f < type.fields.size(); ++f) {
            const auto& field = type.fields[f];
            if (field.kind != model::FieldKind::reference && field.kind != model::FieldKind::references) continue;
            referred[static_cast<std::size_t>(field.target)] = 1;
            referrers[static_cast<std::size_t>(field.target)].push_back({type.index, static_cast<int>(f)});
        }
    }
    for (const auto& forest : model->forests)
        for (const auto& link : forest.links) is_link[static_cast<std::size_t>(link.type)] = 1;
}

World::Slot* World::load(int type, RecordId id) {
    if (type < 0 || id.value <= 0) return nullptr;
    auto& cache = caches_[static_cast<std::size_t>(type)];
    if (const auto known = cache.find(id.value); known != cache.end()) return &known->second;
    auto read = store_.read(type, id.value);
    if (!read) {
        if (!error_) error_ = std::move(read).error();
        return nullptr;
    }
    Slot* slot = &passing_;
    if (shape_->referred[static_cast<std::size_t>(type)]) {
        if (cache.size() >= cached_max) cache.clear();
        slot = &cache[id.value];
    }
    slot->now = std::move(*read);
    slot->versions.clear();
    return slot;
}

record::RecordPtr World::current(int type, RecordId id) {
    const Slot* slot = load(type, id);
    return slot ? slot->now : nullptr;
}

record::RecordPtr World::valid_on(int type, RecordId id, Date day) {
    Slot* slot = load(type, id);
    if (!slot || !slot->now) return nullptr;
    if (slot->now->version == 1) return slot->now;  // the earliest version holds before its own day as well
    if (slot->versions.empty()) {
        auto versions = history(type, id);
        if (!versions) {
            if (!error_) error_ = std::move(versions).error();
            return nullptr;
        }
        slot->versions = std::move(*versions);
    }
    const record::RecordPtr* best = nullptr;
    for (const auto& v : slot->versions)  // oldest first, so a later position wins a tie
        if (v->effective <= day && (!best || v->effective >= (*best)->effective)) best = &v;
    return best ? *best : slot->versions.front();
}

Result<record::RecordPtr> World::version_of(const journal::Entry& entry, int type) const {
    if (store::archived(entry)) return fail(store::needs_archived(entry));
    const model::Type& shape = shape_->model->types[static_cast<std::size_t>(type)];
    auto r = std::make_shared<record::Record>();
    r->type = type;
    r->id = RecordId(entry.record);
    r->version = entry.version;
    r->position = Position(entry.position);
    r->previous = Position(entry.previous);
    r->effective = Date{entry.effective};
    record::Marks marks;
    if (shape_->eras && entry.model_version != shape_->version) {
        auto carried = shape_->eras->carry(entry, shape_->version);
        if (!carried || carried->type != type) {
            Error error = carried ? Error{Code::corrupt, "", "its type is not " + shape.code + " any more", ""}
                                  : carried.error();
            error.where = "entry " + std::to_string(entry.position);
            return fail(std::move(error));
        }
        r->values = std::move(carried->values);
        r->voided = carried->marks.voided;
        return r;
    }
    r->values.resize(shape.fields.size());
    for (const auto& body : entry.body) {
        if (const auto ok = shape_->codecs[static_cast<std::size_t>(type)].decode(body, r->values, &marks); !ok) {
            Error error = ok.error();
            error.where = "entry " + std::to_string(entry.position);
            return fail(std::move(error));
        }
    }
    r->voided = marks.voided;
    return r;
}

Result<std::vector<record::RecordPtr>> World::history(int type, RecordId id) {
    std::vector<record::RecordPtr> out;
    YIPAN_TRY(record::RecordPtr now, store_.read(type, id.value));
    if (!now) {  // gone: its entries still tell what it was
        YIPAN_TRY(const auto positions, positions_of(type, id));
        for (const std::int64_t position : positions) {
            YIPAN_TRY(const store::StoredEntry stored, store_.entry(position));
            if (!journal::makes_version(stored.entry.verb) || shape_->type_of(stored.entry) != type) continue;
            YIPAN_TRY(record::RecordPtr version, version_of(stored.entry, type));
            out.push_back(std::move(version));
        }
        return out;
    }
    for (std::int64_t position = now->previous.value; position > 0;) {
        YIPAN_TRY(const store::StoredEntry stored, store_.entry(position));
        position = stored.entry.previous;
        if (!journal::makes_version(stored.entry.verb)) continue;  // it was gone for a while
        YIPAN_TRY(record::RecordPtr version, version_of(stored.entry, type));
        out.push_back(std::move(version));
    }
    std::reverse(out.begin(), out.end());
    out.push_back(std::move(now));
    return out;
}

Result<std::vector<std::int64_t>> World::positions_of(int type, RecordId id) {
    if (!shape_->eras) return store_.positions_of(shape_->model->types[static_cast<std::size_t>(type)].code, id.value);
    YIPAN_TRY(const auto codes, shape_->eras->codes_of(type, shape_->version));
    std::vector<std::int64_t> out;
    for (const std::string& code : codes) {
        YIPAN_TRY(const auto some, store_.positions_of(code, id.value));
        out.insert(out.end(), some.begin(), some.end());
    }
    std::sort(out.begin(), out.end());
    return out;
}

void World::put(int type, RecordId id, record::RecordPtr record) {
    if (!shape_->referred[static_cast<std::size_t>(type)]) {
        passing_ = {};
        return;
    }
    auto& cache = caches_[static_cast<std::size_t>(type)];
    if (cache.size() >= cached_max) cache.clear();
    Slot& slot = cache[id.value];
    slot.now = std::move(record);
    slot.versions.clear();
}
void World::forget(int type, RecordId id) { caches_[static_cast<std::size_t>(type)].erase(id.value); }
void World::clear() {
    for (auto& cache : caches_) cache.clear();
    passing_ = {};
}

}  // namespace yipan::board
