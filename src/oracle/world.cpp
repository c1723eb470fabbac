#include "base/check.h"
#include "oracle/oracle.h"

namespace yipan::oracle {
namespace {
std::vector<Version>& room_for(World& world, int type, RecordId id) {
    YIPAN_CHECK(type >= 0 && static_cast<std::size_t>(type) < world.versions.size() && id.value > 0);
    auto& records = world.versions[static_cast<std::size_t>(type)];
    if (records.size() < static_cast<std::size_t>(id.value)) records.resize(static_cast<std::size_t>(id.value));
    return records[static_cast<std::size_t>(id.value - 1)];
}
}  // namespace

void World::add_version(record::RecordPtr version) {
    const Version entry{version, version->position, version->effective};
    room_for(*this, version->type, version->id).push_back(entry);
}

void World::add_deletion(int type, RecordId id, Position position, Date effective) {
    room_for(*this, type, id).push_back({nullptr, position, effective});
}

World World::known_at(Position position) const {
    World known(model);
    for (std::size_t type = 0; type < versions.size(); ++type) {
        auto& records = known.versions[type];
        for (const auto& history : versions[type]) {
            auto& kept = records.emplace_back();
            for (const Version& version : history)
                if (version.position <= position) kept.push_back(version);
        }
    }
    return known;
}

// A record that was deleted is not there for anybody, on no day: null (0007, "deleted").
const std::vector<Version>* WorldResolver::versions_of(int type, RecordId id) const {
    if (type < 0 || static_cast<std::size_t>(type) >= world_.versions.size() || id.value <= 0) return nullptr;
    const auto& records = world_.versions[static_cast<std::size_t>(type)];
    if (static_cast<std::size_t>(id.value) > records.size()) return nullptr;
    const auto& history = records[static_cast<std::size_t>(id.value - 1)];
    return history.empty() || !history.back().record ? nullptr : &history;
}

record::RecordPtr WorldResolver::current(int type, RecordId id) {
    const auto* history = versions_of(type, id);
    return history ? history->back().record : nullptr;
}

record::RecordPtr WorldResolver::valid_on(int type, RecordId id, Date day) {
    const auto* history = versions_of(type, id);
    if (!history) return nullptr;
    const Version* best = nullptr;
    for (const Version& version : *history) {
        if (!version.record || version.effective > day) continue;
        if (!best || std::pair(version.effective, version.position) > std::pair(best->effective, best->position))
            best = &version;
    }
    if (best) return best->record;
    for (const Version& version : *history)
        if (version.record) return version.record;
    return nullptr;
}

}  // namespace yipan::oracle
