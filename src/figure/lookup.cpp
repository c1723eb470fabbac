#include "figure/lookup.h"

#include <charconv>

#include "cel/type.h"

namespace yipan::figure {

using model::FieldKind;

class Lookup::View final : public cel::Object {
  public:
    View(const Lookup& lookup, const model::Type& type, const record::Record& record)
        : lookup_(lookup), type_(type), record_(record) {}
    std::int64_t id() const override { return record_.id.value; }
    cel::Value field(int index) const override {
        const model::Field& field = type_.fields[static_cast<std::size_t>(index)];
        const record::Value& value = record_.at(index);
        if (const auto* text = record::as_text(value)) {
            return field.kind == FieldKind::references ? lookup_.list_of(field.target, *text)
                                                       : cel::Value::borrowed(*text);
        }
        const auto* n = record::as_integer(value);
        if (!n) return cel::Value::null();
        switch (field.kind) {
            case FieldKind::decimal: return cel::Value::decimal({*n, static_cast<std::uint8_t>(field.scale)});
            case FieldKind::money: return cel::Value::money({*n, field.currency});
            case FieldKind::date: return cel::Value::date(Date{static_cast<std::int32_t>(*n)});
            case FieldKind::period: {
                const auto period = Period::decode(*n);
                return period ? cel::Value::period(*period) : cel::Value::null();
            }
            case FieldKind::boolean: return cel::Value::boolean(*n != 0);
            case FieldKind::instant: return cel::Value::instant(Instant{*n});
            case FieldKind::reference: return lookup_.referenced(field.target, *n);
            default: return cel::Value::integer(*n);
        }
    }

  private:
    const Lookup& lookup_;
    const model::Type& type_;
    const record::Record& record_;
};

record::RecordPtr Lookup::follow(int type, std::int64_t id) const {
    return day_ ? world_.valid_on(type, RecordId(id), *day_) : world_.current(type, RecordId(id));
}

const record::Value* Lookup::walk(const record::Record& record, const model::Path& path) {
    const record::Record* at = &record;
    for (std::size_t i = 0;; ++i) {
        const int index = path.fields[i];
        const record::Value& value = at->at(index);
        if (record::is_unset(value)) return nullptr;
        if (i + 1 == path.fields.size()) return &value;
        const auto* id = record::as_integer(value);
        if (!id) return nullptr;
        const model::Field& field =
            model_.types[static_cast<std::size_t>(at->type)].fields[static_cast<std::size_t>(index)];
        record::RecordPtr next = follow(field.target, *id);
        if (!next) return nullptr;
        at = next.get();
        kept_.push_back(std::move(next));
    }
}

const cel::Object* Lookup::object(const record::Record& record) {
    views_.push_back(std::make_unique<View>(*this, model_.types[static_cast<std::size_t>(record.type)], record));
    return views_.back().get();
}

cel::Value Lookup::referenced(int type, std::int64_t id) const {
    record::RecordPtr found = follow(type, id);
    if (!found) return cel::Value::null();
    const model::Type& t = model_.types[static_cast<std::size_t>(type)];
    views_.push_back(std::make_unique<View>(*this, t, *found));
    kept_.push_back(std::move(found));
    return cel::Value::object(t.object, views_.back().get());
}

cel::Value Lookup::list_of(int type, std::string_view json) const {
    // A JSON array of ids in ascending order: [1,2,3].
    std::vector<cel::Value> out;
    const char* at = json.data();
    const char* const end = at + json.size();
    while (at != end) {
        std::int64_t id = 0;
        const auto [next, error] = std::from_chars(at, end, id);
        if (error != std::errc()) {
            ++at;
            continue;
        }
        if (auto v = referenced(type, id); !v.is_null()) out.push_back(std::move(v));
        at = next;
    }
    return cel::Value::list(std::move(out));
}

}  // namespace yipan::figure
