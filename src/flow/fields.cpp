#include "flow/fields.h"

#include "base/check.h"

namespace yipan::flow {

board::Draft draft_of(const Acting& who) {
    board::Draft draft;
    draft.actor = who.person, draft.post = who.post, draft.channel = who.channel, draft.idempotency_key = who.idempotency_key;
    draft.language = who.language;
    draft.by_act = true;
    return draft;
}

std::string subject_text(const model::Model& model, const Subject& subject) {
    return model.types[at(subject.type)].code + "/" + std::to_string(subject.record.value);
}
std::optional<Subject> subject_of(const model::Model& model, std::string_view text) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    Subject out;
    out.type = model.find_type(text.substr(0, slash));
    for (const char c : text.substr(slash + 1)) {
        if (c < '0' || c > '9' || out.record.value > 900'000'000'000'000'000) return std::nullopt;
        out.record.value = out.record.value * 10 + (c - '0');
    }
    if (out.type < 0 || out.record.value == 0) return std::nullopt;
    return out;
}

std::string title_of(const model::Model& model, const record::Record& record) {
    const model::Type& type = model.types[at(record.type)];
    for (const int field : {type.title, type.key}) {
        if (field < 0 || type.fields[at(field)].group == model::FieldGroup::personal) continue;
        if (const auto* words = record::as_text(record.at(field)); words && !words->empty()) return *words;
    }
    return type.label.hans + " #" + std::to_string(record.id.value);
}

namespace {
const record::Value& value_of(const model::Model& model, const record::Record& record, std::string_view field) {
    const int index = model.types[at(record.type)].find(field);
    YIPAN_CHECK(index >= 0);  // the loader has seen that the types of workflow have their fields
    return record.at(index);
}
}  // namespace

std::int64_t number(const model::Model& model, const record::Record& record, std::string_view field, std::int64_t otherwise) {
    const auto* n = record::as_integer(value_of(model, record, field));
    return n ? *n : otherwise;
}
std::string text(const model::Model& model, const record::Record& record, std::string_view field) {
    const auto* words = record::as_text(value_of(model, record, field));
    return words ? *words : std::string();
}
std::optional<Date> date(const model::Model& model, const record::Record& record, std::string_view field) {
    const auto* n = record::as_integer(value_of(model, record, field));
    if (!n) return std::nullopt;
    return Date{static_cast<std::int32_t>(*n)};
}

Making& Making::set(std::string_view field, record::Value value) {
    const int index = model_.types[at(change.type)].find(field);
    YIPAN_CHECK(index >= 0);
    change.set.emplace_back(index, std::move(value));
    return *this;
}

Result<board::Snapshot::ListResult> rows(board::Snapshot& snapshot, int type, const std::vector<Equal>& equal,
                                         std::int64_t limit, bool newest_first) {
    board::Snapshot::Query query;
    for (const Equal& e : equal) {
        query.also_parameters.push_back(e.value);
        query.also += (query.also.empty() ? "t." : " AND t.") + std::string(e.field) + " = ?" + std::to_string(query.also_parameters.size());
    }
    query.limit = limit;
    if (newest_first) query.order.push_back({-1, true});
    return snapshot.list(type, query);
}

RecordId responsible_post(board::Snapshot& snapshot, const record::Record& record) {
    const model::Model& model = snapshot.model();
    if (record.type == model.identity.post) return record.id;
    record::RecordPtr held;
    const record::Record* from = &record;
    const auto& path = model.types[at(record.type)].responsible;
    for (std::size_t i = 0; i < path.size() && from; ++i) {
        const auto* next = record::as_integer(from->at(path[i]));
        if (!next) return {};
        if (i + 1 == path.size()) return RecordId(*next);
        held = snapshot.record(model.types[at(from->type)].fields[at(path[i])].target, RecordId(*next));
        from = held.get();
    }
    return {};
}

}  // namespace yipan::flow
