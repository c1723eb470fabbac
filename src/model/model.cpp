#include "model/model.h"

#include "base/nearest.h"

namespace yipan::model {
namespace {
template <class Things>
int position_of(const Things& things, std::string_view code) {
    for (std::size_t i = 0; i < things.size(); ++i)
        if (things[i].code == code) return static_cast<int>(i);
    return -1;
}
template <class Things>
std::string nearest_of(const Things& things, std::string_view code) {
    std::vector<std::string_view> known;
    for (const auto& thing : things) known.push_back(thing.code);
    return nearest(code, known);
}
}  // namespace

const std::string& Label::in(Language language) const {
    if (language == Language::hans) return hans;
    return language == Language::hant ? hant : en;
}

bool stored_as_integer(FieldKind kind) {
    switch (kind) {
        case FieldKind::integer:
        case FieldKind::decimal:
        case FieldKind::money:
        case FieldKind::date:
        case FieldKind::period:
        case FieldKind::boolean:
        case FieldKind::instant:
        case FieldKind::reference: return true;
        case FieldKind::text:
        case FieldKind::choice:
        case FieldKind::references:
        case FieldKind::attachment:
        case FieldKind::place:
        case FieldKind::number: return false;
    }
    return false;
}

int Type::find(std::string_view field_code) const { return position_of(fields, field_code); }
int Model::find_type(std::string_view code) const { return position_of(types, code); }
int Model::find_figure(std::string_view code) const { return position_of(figures, code); }
int Model::find_forest(std::string_view code) const { return position_of(forests, code); }
const Report* Model::find_report(std::string_view code) const {
    const int at = position_of(reports, code);
    return at < 0 ? nullptr : &reports[static_cast<std::size_t>(at)];
}
std::string Model::nearest_type(std::string_view code) const { return nearest_of(types, code); }
std::string Model::nearest_figure(std::string_view code) const { return nearest_of(figures, code); }

}  // namespace yipan::model
