// Paths: field names joined by dots, walked through single references.
#include "base/nearest.h"
#include "model/loader.h"

namespace yipan::model {

std::vector<int> resolve_path(Loader& loader, int type_index, const Word& path, std::string_view subject) {
    std::vector<int> out;
    std::string_view rest = path.text;
    int at = type_index;
    const std::string name = std::string(subject);
    while (true) {
        const std::size_t dot = rest.find('.');
        const std::string step(rest.substr(0, dot));
        const int field_index =
            loader.resolve_field(at, {step, path.where}, name + " \"" + path.text.substr(0, 120) + "\"");
        if (field_index < 0) return {};
        out.push_back(field_index);
        if (dot == std::string_view::npos) return out;
        if (out.size() >= path_steps_max) {
            loader.problems.add(path.where, name + ": the path has more than 8 steps", "shorten it",
                                Code::limit_exceeded);
            return {};
        }
        const Field& field = loader.field(at, field_index);
        if (field.kind != FieldKind::reference) {
            if (!loader.damaged.contains({at, field.code}))
                loader.problems.add(path.where,
                                    name + " \"" + path.text + "\": field \"" + field.code + "\" of " +
                                        loader.type(at).code + " is not a reference",
                                    "every step but the last is a field of type reference");
            return {};
        }
        if (field.target < 0) return {};  // told where the field is declared
        at = field.target;
        rest = rest.substr(dot + 1);
    }
}

const Field& last_field(const Loader& loader, int type_index, const std::vector<int>& path) {
    const Field* field = nullptr;
    for (const int index : path) {
        field = &loader.model.types[static_cast<std::size_t>(type_index)].fields[static_cast<std::size_t>(index)];
        type_index = field->target;
    }
    return *field;
}

void index_path(Loader& loader, int type_index, const std::vector<int>& path) {
    for (std::size_t i = 0; i + 1 < path.size(); ++i) {
        Field& field = loader.field(type_index, path[i]);
        field.index = true;
        type_index = field.target;
    }
}

}  // namespace yipan::model
