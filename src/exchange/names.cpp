#include "exchange/names.h"

#include <charconv>

namespace yipan::exchange {
namespace {

Result<RecordId> id_of_number(std::string_view text) {
    std::int64_t id = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (problem != std::errc{} || end != text.data() + text.size() || id <= 0) {
        return fail(Code::not_found, "", "\"#" + std::string(text) + "\" is no record number",
                    "# and digits, as in #12");
    }
    return RecordId{id};
}

}  // namespace

Names::Names(board::Snapshot& snapshot) : snapshot_(&snapshot) {}

std::string Names::key_text(const record::Record& record) {
    const model::Model& model = snapshot_->model();
    const model::Type& type = model.types[static_cast<std::size_t>(record.type)];
    const auto text_of = [&](int field) {
        return record::plain_text(model, type.fields[static_cast<std::size_t>(field)], record.at(field),
                                  key_function());
    };
    if (type.key >= 0 && !record::is_unset(record.at(type.key))) return text_of(type.key);
    if (!type.natural_key.empty()) {
        std::string joined;
        for (const int field : type.natural_key) joined += (joined.empty() ? "" : "/") + text_of(field);
        return joined;
    }
    return "#" + std::to_string(record.id.value);
}

const std::string& Names::key_of(int type, RecordId id) {
    auto& keys = types_[type].keys;
    if (const auto known = keys.find(id.value); known != keys.end()) return known->second;
    const record::RecordPtr record = snapshot_->record(type, id);
    std::string text = record ? key_text(*record) : "#" + std::to_string(id.value);
    if (keys.size() >= names_cached_max) keys.clear();
    return keys.emplace(id.value, std::move(text)).first->second;
}

std::string Names::title_of(int type, RecordId id) {
    const record::RecordPtr record = snapshot_->record(type, id);
    return record ? title_of(*record) : "#" + std::to_string(id.value);
}

std::string Names::title_of(const record::Record& record) {
    const model::Model& model = snapshot_->model();
    const model::Type& type = model.types[static_cast<std::size_t>(record.type)];
    const std::string key = key_text(record);
    if (type.title < 0 || type.title == type.key || record::is_unset(record.at(type.title))) return key;
    const model::Field& field = type.fields[static_cast<std::size_t>(type.title)];
    const std::string title = record::plain_text(model, field, record.at(type.title), key_function());
    return title == key || key.starts_with('#') ? title : title + " (" + key + ")";
}

Result<RecordId> Names::find(int type, std::string_view name) {
    auto& ids = types_[type].ids;
    if (const auto known = ids.find(name); known != ids.end()) return known->second;
    Result<RecordId> found = snapshot_->find(type, name);
    if (!found && found.error().code == Code::not_found) {
        if (name.starts_with('#')) {
            YIPAN_TRY(const RecordId id, id_of_number(name.substr(1)));
            if (!snapshot_->record(type, id)) {
                const model::Type& declared = snapshot_->model().types[static_cast<std::size_t>(type)];
                return fail(Code::not_found, "", "there is no " + declared.code + " " + std::string(name));
            }
            found = id;
        } else if (name.find('/') != std::string_view::npos) {
            if (Result<RecordId> natural = find_natural(type, name)) found = natural;
        }
    }
    if (found) remember(type, name, *found);
    return found;
}

// Walks the type: natural keys have no lookup of their own here, and people name such records seldom.
Result<RecordId> Names::find_natural(int type, std::string_view name) {
    RecordId match;
    if (!snapshot_->model().types[static_cast<std::size_t>(type)].natural_key.empty()) {
        YIPAN_TRY_VOID(snapshot_->each(type, [&](const record::RecordPtr& record) {
            if (key_text(*record) != name) return true;
            match = record->id;
            return false;
        }));
    }
    if (match.value == 0) return fail(Code::not_found, "", "there is no \"" + std::string(name) + "\"");
    return match;
}

void Names::remember(int type, std::string_view name, RecordId id) {
    auto& ids = types_[type].ids;
    if (ids.size() >= names_cached_max) ids.clear();
    ids.insert_or_assign(std::string(name), id);
}

record::NameOf Names::key_function() {
    return [this](int type, RecordId id) { return key_of(type, id); };
}
record::NameOf Names::title_function() {
    return [this](int type, RecordId id) { return title_of(type, id); };
}
record::FindByKey Names::find_function() {
    return [this](int type, std::string_view name) { return find(type, name); };
}

}  // namespace yipan::exchange
