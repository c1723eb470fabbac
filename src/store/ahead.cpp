#include "store/ahead.h"

#include <algorithm>

namespace yipan::store {
namespace {
// One text for each question of a type; lengths tell where a value ends.
std::string words(const std::vector<int>& fields, const auto& value_of) {
    std::string out;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        out += std::to_string(fields[i]);
        const record::Value& v = value_of(i);
        if (const auto* n = record::as_integer(v)) out += "=" + std::to_string(*n) + ";";
        else if (const auto* t = record::as_text(v)) out += ":" + std::to_string(t->size()) + ":" + *t;
        else out += "-";
    }
    return out;
}
std::string words(const std::vector<int>& fields, const std::vector<record::Value>& values) {
    return words(fields, [&](std::size_t i) -> const record::Value& { return values[i]; });
}
}  // namespace

Ahead::OfType& Ahead::of(int type) {
    const auto i = static_cast<std::size_t>(type);
    if (i >= types_.size()) types_.resize(i + 1);
    return types_[i];
}
const Ahead::OfType* Ahead::known(int type) const {
    const auto i = static_cast<std::size_t>(type);
    return i < types_.size() ? &types_[i] : nullptr;
}
void Ahead::clear() {
    types_.clear();
    receipts_.clear();
}

void Ahead::found(const Questions::Find& question, std::vector<std::int64_t> ids) {
    OfType& t = of(question.type);
    if (std::find(t.asked.begin(), t.asked.end(), question.fields) == t.asked.end()) t.asked.push_back(question.fields);
    std::string key = words(question.fields, question.values);
    for (const std::int64_t id : ids) t.rows[id].in.push_back(key);
    t.finds[std::move(key)] = {std::move(ids), question.limit};
}
void Ahead::read(int type, std::int64_t id, record::RecordPtr record) { of(type).rows[id].read = std::move(record); }
void Ahead::receipt(std::string_view key, std::optional<RecordedReceipt> receipt) { receipts_[std::string(key)] = receipt; }

const std::vector<std::int64_t>* Ahead::find(int type, const std::vector<int>& fields, const std::vector<record::Value>& values, std::int64_t limit) const {
    const OfType* t = known(type);
    if (!t || t->finds.empty()) return nullptr;
    const auto there = t->finds.find(words(fields, values));
    return there != t->finds.end() && there->second.limit == limit ? &there->second.ids : nullptr;
}
const record::RecordPtr* Ahead::read(int type, std::int64_t id) const {
    const OfType* t = known(type);
    if (!t) return nullptr;
    const auto there = t->rows.find(id);
    return there != t->rows.end() && there->second.read ? &*there->second.read : nullptr;
}
const std::optional<RecordedReceipt>* Ahead::receipt(std::string_view key) const {
    if (receipts_.empty()) return nullptr;
    const auto there = receipts_.find(std::string(key));
    return there != receipts_.end() ? &there->second : nullptr;
}

// It may leave the answers that name it, and enter those that ask for what it is now.
void Ahead::written(const record::Record& next) {
    erased(next.type, next.id.value);
    OfType& t = of(next.type);
    if (t.finds.empty()) return;
    for (const std::vector<int>& fields : t.asked) t.finds.erase(words(fields, [&](std::size_t i) -> const record::Value& { return next.at(fields[i]); }));
}
void Ahead::erased(int type, std::int64_t id) {
    OfType& t = of(type);
    const auto row = t.rows.find(id);
    if (row == t.rows.end()) return;
    for (const std::string& key : row->second.in) t.finds.erase(key);
    t.rows.erase(row);
}

}  // namespace yipan::store
