// States of a type: the system field `state` and the frame of its moves. What moves need is compiled in read_rules.
#include <algorithm>

#include "base/nearest.h"
#include "model/loader.h"
#include "model/names.h"

namespace yipan::model {
namespace {
void check_state(const Section& section, const Field& state, const Word& word, std::string_view what) {
    std::vector<std::string_view> known;
    for (const Choice& choice : state.choices) known.push_back(choice.code);
    if (std::find(known.begin(), known.end(), word.text) != known.end()) return;
    section.problems().add(word.where,
                           section.subject() + ": " + std::string(what) + " \"" + word.text.substr(0, 80) +
                               "\" is not a state of the list",
                           did_you_mean(word.text, known, "states: " + joined(known)));
}

void read_list(const Section& states, Field& state) {
    states.missing("list", "list: {planned: [计划, 計劃, Planned]}");
    const yaml::Node* list = states.find("list");
    if (!list) return;
    if (!list->is_map() || list->keys.empty()) {
        states.wrong("list", "\"list\" is not a map of states", "list: {planned: [计划, 計劃, Planned]}");
        return;
    }
    if (list->keys.size() > choices_max)
        states.problems().add(states.place(*list), states.subject() + ": more than 500 states", "",
                              Code::limit_exceeded);
    for (std::size_t i = 0; i < std::min(list->keys.size(), choices_max); ++i) {
        const yaml::Node& key = list->keys[i];
        if (const auto bad = judge_name(key.text, NameUse::code))
            states.problems().add(states.place(key), states.subject() + ": state " + bad->message, bad->hint);
        state.choices.push_back({key.text, states.label_of(list->items[i], key.text)});
    }
}

void read_moves(Loader& loader, Type& type, const Section& states, const Field& state) {
    const yaml::Node* moves = states.find("moves");
    if (!moves) return;
    if (!moves->is_map()) {
        states.wrong("moves", "\"moves\" is not a map", "moves: {start: {label: [...], from: [planned], to: started}}");
        return;
    }
    if (moves->keys.size() > rules_max)
        loader.problems.add(states.place(*moves), states.subject() + ": more than 200 moves", "", Code::limit_exceeded);
    for (std::size_t i = 0; i < std::min(moves->keys.size(), rules_max); ++i) {
        const yaml::Node& key = moves->keys[i];
        if (const auto bad = judge_name(key.text, NameUse::code))
            loader.problems.add(states.place(key), states.subject() + ": move " + bad->message, bad->hint);
        const Section section(loader.problems, states.file(), key, moves->items[i],
                              "move " + type.code + "." + key.text, {"label", "from", "to", "who", "needs", "steps", "refused", "function", "dated"});
        Move move;
        move.code = key.text;
        move.label = section.label();
        section.missing("from", "from: [planned]");
        section.missing("to", "to: started");
        for (const Word& from : section.words("from")) {
            check_state(section, state, from, "from");
            move.from.push_back(from.text);
        }
        if (const auto to = section.word("to")) {
            check_state(section, state, *to, "to");
            move.to = to->text;
        }
        type.moves.push_back(std::move(move));
    }
}
}  // namespace

void read_states(Loader& loader, Type& type, const Section& type_section) {
    const yaml::Node* node = type_section.find("states");
    if (!node) return;
    const Section states(loader.problems, type_section.file(), *node, *node, type_section.subject() + " states",
                         {"initial", "list", "moves"});
    if (type.find("state") >= 0)
        type_section.wrong("states", "field \"state\" is declared as well",
                           "states make the field `state`; name the other one otherwise");
    Field state;
    state.code = "state";
    state.label = {"状态", "狀態", "State"};
    state.kind = FieldKind::choice;
    state.system = true;
    state.required = true;
    read_list(states, state);
    states.missing("initial", "initial: planned");
    if (const auto initial = states.word("initial")) {
        check_state(states, state, *initial, "initial");
        type.initial_state = initial->text;
        state.preset = initial->text;
    }
    read_moves(loader, type, states, state);
    type.state = static_cast<int>(type.fields.size());
    type.fields.push_back(std::move(state));
}

}  // namespace yipan::model
