#include "oracle/see.h"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <deque>

#include "cel/value.h"

namespace yipan::oracle {
namespace {

/// All records that one evaluation looks at; they live as long as it runs.
class Scene {
  public:
    Scene(const model::Model& model, const Sight& sight) : model_(model), sight_(sight) {}

    class Seen final : public cel::Object {
      public:
        Seen(Scene& scene, const record::Record& record) : scene_(scene), record_(record) {}
        std::int64_t id() const override { return record_.id.value; }
        cel::Value field(int index) const override {
            const model::Type& type = scene_.model_.types[static_cast<std::size_t>(record_.type)];
            return scene_.value_of(type.fields[static_cast<std::size_t>(index)], record_.at(index));
        }

      private:
        Scene& scene_;
        const record::Record& record_;
    };

    const cel::Object* show(const record::Record& record) { return &objects_.emplace_back(*this, record); }

  private:
    cel::Value reference(int target, std::int64_t id) {
        const record::RecordPtr& found = kept_.emplace_back(sight_.look(target, RecordId(id)));
        if (!found) return {};
        return cel::Value::object(model_.types[static_cast<std::size_t>(target)].object, show(*found));
    }

    cel::Value value_of(const model::Field& field, const record::Value& value) {
        if (record::is_unset(value)) return {};
        if (const std::string* text = record::as_text(value)) {
            if (field.kind != model::FieldKind::references) return cel::Value::borrowed(*text);
            std::vector<cel::Value> items;
            boost::system::error_code error;
            const boost::json::value parsed = boost::json::parse(*text, error);
            if (!error && parsed.is_array())
                for (const auto& id : parsed.get_array())
                    if (id.is_int64()) items.push_back(reference(field.target, id.get_int64()));
            return cel::Value::list(std::move(items));
        }
        const std::int64_t n = *record::as_integer(value);
        switch (field.kind) {
            case model::FieldKind::decimal: return cel::Value::decimal({n, static_cast<std::uint8_t>(field.scale)});
            case model::FieldKind::money: return cel::Value::money({n, field.currency});
            case model::FieldKind::date: return cel::Value::date(Date{static_cast<std::int32_t>(n)});
            case model::FieldKind::period: return cel::Value::period(Period::decode(n).value_or(Period{}));
            case model::FieldKind::boolean: return cel::Value::boolean(n != 0);
            case model::FieldKind::instant: return cel::Value::instant(Instant{n});
            case model::FieldKind::reference: return reference(field.target, n);
            default: return cel::Value::integer(n);
        }
    }

    const model::Model& model_;
    const Sight& sight_;
    std::deque<Seen> objects_;
    std::deque<record::RecordPtr> kept_;
};

}  // namespace

Result<bool> condition_holds(const model::Model& model, const model::Expression& condition,
                             const record::Record& record, const Sight& sight) {
    Scene scene(model, sight);
    cel::Activation activation;
    activation.self = scene.show(record);
    YIPAN_TRY(const cel::Value value, condition.program.evaluate(activation));
    return value.is(cel::Kind::boolean) && value.as_bool();
}

}  // namespace yipan::oracle
