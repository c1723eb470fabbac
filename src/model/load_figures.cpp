// All figures in an order where parts come first; what each says is read in load_plain.cpp and load_derived.cpp.
#include <algorithm>

#include "model/loader.h"

namespace yipan::model {
namespace {
const std::vector<std::string_view> figure_keywords = {
    "label", "of",   "sum",    "average", "min", "max",    "distinct", "count",   "kind",  "where",
    "at",    "unit", "period", "grain",   "by",  "forest", "max_age",  "unit_of", "parts", "formula"};

// Declarations in an order where parts come first; those in a circle are reported and left out.
std::vector<std::size_t> ordered(Loader& loader, const std::deque<Section>& sections,
                                 const std::vector<bool>& derived) {
    std::map<std::string_view, std::size_t> by_code;
    for (std::size_t i = 0; i < sections.size(); ++i) by_code[loader.figures[i].key->text] = i;
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < sections.size(); ++i)
        if (!derived[i]) out.push_back(i);
    const auto parts_of = [&](std::size_t i) {
        std::vector<std::size_t> parts;
        const yaml::Node* node = sections[i].find("parts");
        if (!node || !node->is_map()) return parts;
        for (const yaml::Node& part : node->items) {
            const yaml::Node* name = part.is_map() ? part.find("figure") : nullptr;
            const auto at = name && name->is_scalar() ? by_code.find(name->text) : by_code.end();
            if (at != by_code.end() && derived[at->second]) parts.push_back(at->second);
        }
        return parts;
    };
    // Depth first without recursion: chains of 5,000 figures must not use up the stack.
    enum class Mark : std::uint8_t { fresh, open, done };
    std::vector<Mark> marks(sections.size(), Mark::fresh);
    struct Frame {
        std::size_t figure;
        std::vector<std::size_t> parts;
        std::size_t next = 0;
    };
    for (std::size_t start = 0; start < sections.size(); ++start) {
        if (!derived[start] || marks[start] != Mark::fresh) continue;
        std::vector<Frame> stack;
        stack.push_back({start, parts_of(start)});
        marks[start] = Mark::open;
        while (!stack.empty()) {
            Frame& top = stack.back();
            if (top.next == top.parts.size()) {
                marks[top.figure] = Mark::done;
                out.push_back(top.figure);
                stack.pop_back();
                continue;
            }
            const std::size_t part = top.parts[top.next++];
            if (marks[part] == Mark::open) {
                std::string circle;
                for (auto at =
                         std::find_if(stack.begin(), stack.end(), [&](const Frame& f) { return f.figure == part; });
                     at != stack.end(); ++at)
                    circle += loader.figures[at->figure].key->text + " -> ";
                const std::string& code = loader.figures[part].key->text;
                sections[part].wrong("parts", "the figure is a part of itself: " + circle + code,
                                     "a figure comes from others");
                loader.damaged.emplace(-1, code);
            } else if (marks[part] == Mark::fresh) {
                marks[part] = Mark::open;
                stack.push_back({part, parts_of(part)});
            }
        }
    }
    return out;
}

// Figures keep what they read in cells and postings, beyond the reach of an erasure: so they read no personal field.
void refuse_personal(Loader& loader, const Figure& figure) {
    const auto look = [&](const std::vector<int>& path) {
        int type = figure.type;
        for (const int index : path) {
            const Field& field = loader.field(type, index);
            if (field.group == FieldGroup::personal)
                loader.problems.add(
                    figure.where_place,
                    "figure " + figure.code + " reads the personal field \"" + field.code + "\" of " +
                        loader.type(type).code,
                    "count records or references instead; what is personal can be erased, a figure cannot");
            type = field.target;
        }
    };
    look(figure.unit.fields);
    if (figure.period) look(figure.period->fields);
    if (figure.value) look(figure.value->fields);
    for (const Path& by : figure.by) look(by.fields);
    if (!figure.condition) return;
    for (const auto& names : figure.condition->program.paths()) {
        std::vector<int> path;
        int type = figure.type;
        for (const std::string& name : names) {
            const int index = type < 0 ? -1 : loader.model.types[static_cast<std::size_t>(type)].find(name);
            if (index < 0) break;
            path.push_back(index);
            type = loader.field(type, index).target;
        }
        look(path);
    }
}

}  // namespace

void read_figures(Loader& loader) {
    std::deque<Section> sections;
    std::vector<bool> derived;
    for (const Declaration& declared : loader.figures) {
        sections.emplace_back(loader.problems, declared.file->source->path, *declared.key, *declared.body,
                              "figure " + declared.key->text, figure_keywords);
        derived.push_back(sections.back().has("parts") || sections.back().has("formula"));
    }
    loader.model.figures.reserve(sections.size());
    for (const std::size_t i : ordered(loader, sections, derived)) {
        const Declaration& declared = loader.figures[i];
        Figure& figure = loader.model.figures.emplace_back();
        figure.index = static_cast<int>(loader.model.figures.size()) - 1;
        figure.code = declared.key->text;
        figure.module = declared.file->module;
        figure.where_place = declared.where();
        figure.label = sections[i].label();
        const std::size_t before = loader.problems.count();
        if (derived[i])
            read_derived_figure(loader, figure, sections[i]);
        else
            read_plain_figure(loader, figure, sections[i]);
        if (!derived[i] && loader.problems.count() == before) refuse_personal(loader, figure);
        loader.periodic.push_back(figure.period.has_value() ||
                                  std::any_of(figure.parts.begin(), figure.parts.end(), [&](const FigurePart& part) {
                                      return part.figure >= 0 && loader.periodic[static_cast<std::size_t>(part.figure)];
                                  }));
        if (loader.problems.count() != before) loader.damaged.emplace(-1, figure.code);
    }
}

}  // namespace yipan::model
