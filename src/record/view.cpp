#include "record/view.h"

#include "record/check.h"

namespace yipan::record {
using model::FieldKind;

cel::Value to_cel(const model::Field& field, const Value& value, Views* views) {
    if (const auto* n = as_integer(value)) {
        switch (field.kind) {
            case FieldKind::decimal: return cel::Value::decimal({*n, static_cast<std::uint8_t>(field.scale)});
            case FieldKind::money: return cel::Value::money({*n, field.currency});
            case FieldKind::date: return cel::Value::date(Date{static_cast<std::int32_t>(*n)});
            case FieldKind::period: {
                const auto p = Period::decode(*n);
                return p ? cel::Value::period(*p) : cel::Value::null();
            }
            case FieldKind::boolean: return cel::Value::boolean(*n != 0);
            case FieldKind::instant: return cel::Value::instant(Instant{*n});
            case FieldKind::reference: return views ? views->reference(field.target, *n) : cel::Value::null();
            default: return cel::Value::integer(*n);
        }
    }
    if (const auto* t = as_text(value)) {
        if (field.kind != FieldKind::references) return cel::Value::borrowed(*t);
        std::vector<cel::Value> items;
        if (const auto ids = parse_id_list(*t); ids && views)
            for (const std::int64_t id : *ids) items.push_back(views->reference(field.target, id));
        return cel::Value::list(std::move(items));
    }
    return cel::Value::null();
}

Value from_stored(const cel::Value& value) {
    switch (value.kind()) {
        case cel::Kind::null: return {};
        case cel::Kind::string: return std::string(value.text());
        case cel::Kind::boolean: return static_cast<std::int64_t>(value.as_bool());
        default: return value.as_int();
    }
}

Result<Value> from_cel(const model::Field& field, const cel::Value& value) {
    const auto bad = [&] {
        return fail(Code::invalid_input, field.code,
                    "the computed value is " + value.debug_text().substr(0, 60) + ", which does not fit the field");
    };
    using K = cel::Kind;
    switch (field.kind) {
        case FieldKind::integer:
            return value.is(K::integer) ? Result<Value>(value.as_int())
                   : value.is_null()    ? Result<Value>(Value{})
                                        : bad();
        case FieldKind::decimal: {
            if (value.is_null()) return Value{};
            const Decimal d = value.is(K::integer)   ? Decimal::of(value.as_int())
                              : value.is(K::decimal) ? value.as_decimal()
                                                     : Decimal{};
            if (!value.is(K::integer) && !value.is(K::decimal)) return bad();
            YIPAN_TRY(const Decimal scaled, d.rescaled(field.scale, Rounding::half_up));
            return Value(scaled.units);
        }
        case FieldKind::money:
            if (value.is_null()) return Value{};
            return value.is(K::money) && value.as_money().currency == field.currency
                       ? Result<Value>(value.as_money().fen)
                       : bad();
        case FieldKind::date:
            return value.is_null()     ? Result<Value>(Value{})
                   : value.is(K::date) ? Result<Value>(std::int64_t{value.as_date().days})
                                       : bad();
        case FieldKind::period:
            return value.is_null()       ? Result<Value>(Value{})
                   : value.is(K::period) ? Result<Value>(value.as_period().encoded())
                                         : bad();
        case FieldKind::boolean:
            return value.is_null()        ? Result<Value>(Value{})
                   : value.is(K::boolean) ? Result<Value>(std::int64_t{value.as_bool()})
                                          : bad();
        case FieldKind::text:
        case FieldKind::choice:
            return value.is_null()       ? Result<Value>(Value{})
                   : value.is(K::string) ? Result<Value>(std::string(value.text()))
                                         : bad();
        case FieldKind::reference:
            return value.is_null()       ? Result<Value>(Value{})
                   : value.is(K::object) ? Result<Value>(value.object()->id())
                                         : bad();
        default: return bad();
    }
}

cel::Value View::field(int index) const {
    const model::Model& model = views_.model();
    const model::Type& type = model.types[static_cast<std::size_t>(record_->type)];
    return to_cel(type.fields[static_cast<std::size_t>(index)], record_->at(index), &views_);
}

cel::Value Views::object(int type, RecordPtr record) {
    if (!record) return cel::Value::null();
    return cel::Value::object(model_.types[static_cast<std::size_t>(type)].object, of(std::move(record)));
}

cel::Value Views::reference(int type, std::int64_t id) { return object(type, world_.current(type, RecordId(id))); }

}  // namespace yipan::record
