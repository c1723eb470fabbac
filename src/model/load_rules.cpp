// Rules of types, who may move and what a move needs.
#include <algorithm>
#include <set>

#include "model/loader.h"
#include "model/names.h"
#include "model/slots.h"

namespace yipan::model {
namespace {
ExpressionUse rule_use(Loader& loader, const Type& type, std::string subject, bool across) {
    ExpressionUse use;
    use.type = type.index;
    use.across = across;
    use.subject = std::move(subject);
    use.results = {cel::Type::boolean()};
    use.results_text = "true or false";
    use.null_result = false;
    const auto of = [&](int index) {
        return index < 0 ? cel::Type::dyn() : cel::Type::object_of(loader.type(index).object).or_null();
    };
    const Identity& identity = loader.model.identity;
    use.variables.resize(slots::rule_count);
    use.variables[slots::old_record] = {"old", of(type.index)};
    use.variables[slots::post] = {identity.post < 0 ? "" : "post", of(identity.post)};
    use.variables[slots::actor] = {identity.person < 0 ? "" : "actor", of(identity.person)};
    use.variables[slots::entry_date] = {"entry_date", cel::Type::date()};
    return use;
}

// Inside a draft a figure is its cells plus what the draft has posted so far; that is a sum only where cells simply
// add.
bool adds_up(const Model& model, int figure) {
    const Figure& f = model.figures[static_cast<std::size_t>(figure)];
    if (f.derived())
        return std::all_of(f.parts.begin(), f.parts.end(),
                           [&](const FigurePart& part) { return part.figure >= 0 && adds_up(model, part.figure); });
    return f.kind == FigureKind::flow &&
           (f.reducer == Reducer::sum || f.reducer == Reducer::count || f.reducer == Reducer::average);
}

// The names in braces of a message: "到会{present}人".
std::set<std::string> names_in(const Label& message) {
    std::set<std::string> out;
    for (const std::string* text : {&message.hans, &message.hant, &message.en})
        for (std::size_t from = text->find('{'); from != std::string::npos; from = text->find('{', from + 1))
            if (const std::size_t to = text->find('}', from); to != std::string::npos)
                out.insert(text->substr(from + 1, to - from - 1));
    return out;
}

// values: {name: <CEL>}: what the message says of the case at hand. Every name is used and every use has a name.
void read_values(Loader& loader, const Type& type, Rule& rule, const Section& section) {
    std::set<std::string> used = names_in(rule.message);
    if (const yaml::Node* values = section.find("values")) {
        if (!values->is_map())
            return section.wrong("values", "\"values\" is not a map", "values: {present: \"count(...)\"}");
        if (values->keys.size() > rule_values_max)
            loader.problems.add(section.place(*values), section.subject() + ": more than 8 values", "",
                                Code::limit_exceeded);
        for (std::size_t i = 0; i < std::min(values->keys.size(), rule_values_max); ++i) {
            const yaml::Node& key = values->keys[i];
            if (!values->items[i].is_scalar()) {
                loader.problems.add(section.place(key), section.subject() + ": value " + key.text + " is no expression",
                                    key.text + ": \"<CEL that gives a number or a text>\"");
                continue;
            }
            if (used.erase(key.text) == 0)
                loader.problems.add(section.place(key),
                                    section.subject() + ": no message says {" + key.text + "}",
                                    "write {" + key.text + "} in the message, or leave the value out");
            ExpressionUse use = rule_use(loader, type, section.subject() + " value " + key.text, true);
            use.results = {cel::Type::integer(), cel::Type::string()};
            use.results_text = "a whole number or a text: string(x)";
            use.null_result = true;
            if (auto value = read_expression(loader, use, {values->items[i].text, section.place(values->items[i])}))
                rule.values.emplace_back(key.text, std::move(*value));
        }
    }
    for (const std::string& name : used)
        section.wrong("message", "\"message\" says {" + name + "}, which no value gives",
                      "values: {" + name + ": \"<CEL>\"}");
}

// {check: ..., message: [...], values: {...}}
std::optional<Rule> read_rule(Loader& loader, const Type& type, std::string code, const Section& section) {
    section.missing("check", "check: \"<CEL that must hold>\"");
    Label message = section.label("message");
    const auto text = section.word("check");
    if (!text) return std::nullopt;
    auto check = read_expression(loader, rule_use(loader, type, section.subject(), true), *text);
    if (!check) return std::nullopt;
    for (const std::string& asked : check->program.figures()) {
        const int figure = loader.model.find_figure(asked);
        if (figure < 0 || adds_up(loader.model, figure)) continue;
        loader.problems.add(text->where, section.subject() + ": figure('" + asked + "') cannot be asked inside a draft",
                            "flow sums, counts and averages can, and what is derived from them");
        return std::nullopt;
    }
    const bool reads_others = !check->program.queries().empty() || !check->program.figures().empty();
    Rule rule{std::move(code), std::move(message), std::move(*check), reads_others, {}};
    read_values(loader, type, rule, section);
    return rule;
}

void read_type_rules(Loader& loader, Type& type, const Section& section) {
    const yaml::Node* rules = section.find("rules");
    if (!rules) return;
    if (!rules->is_map()) {
        section.wrong("rules", "\"rules\" is not a map", "rules: {name: {check: \"...\", message: [...]}}");
        return;
    }
    if (rules->keys.size() > rules_max)
        loader.problems.add(section.place(*rules), section.subject() + ": more than 200 rules", "",
                            Code::limit_exceeded);
    for (std::size_t i = 0; i < std::min(rules->keys.size(), rules_max); ++i) {
        const yaml::Node& key = rules->keys[i];
        if (const auto bad = judge_name(key.text, NameUse::code))
            loader.problems.add(section.place(key), section.subject() + ": rule " + bad->message, bad->hint);
        const Section inner(loader.problems, section.file(), key, rules->items[i], "rule " + type.code + "." + key.text,
                            {"check", "message", "values"});
        if (auto rule = read_rule(loader, type, key.text, inner)) type.rules.push_back(std::move(*rule));
    }
}

void read_needs(Loader& loader, const Type& type, Move& move, const Section& section) {
    const yaml::Node* needs = section.find("needs");
    if (!needs) return;
    if (!needs->is_list()) {
        section.wrong("needs", "\"needs\" is not a list", "needs: [{check: \"...\", message: [...]}]");
        return;
    }
    if (needs->items.size() > rules_max)
        loader.problems.add(section.place(*needs), section.subject() + ": more than 200 needs", "",
                            Code::limit_exceeded);
    for (std::size_t i = 0; i < std::min(needs->items.size(), rules_max); ++i) {
        const std::string number = std::to_string(i + 1);
        const Section inner(loader.problems, section.file(), needs->items[i], needs->items[i],
                            section.subject() + " need " + number, {"check", "message", "values"});
        if (auto rule = read_rule(loader, type, move.code + "_" + number, inner))
            move.needs.push_back(std::move(*rule));
    }
}

void read_type_moves(Loader& loader, Type& type, const Section& section) {
    const yaml::Node* states = section.find("states");
    const yaml::Node* moves = states && states->is_map() ? states->find("moves") : nullptr;
    if (!moves || !moves->is_map()) return;
    for (Move& move : type.moves) {
        const auto at = std::find_if(moves->keys.begin(), moves->keys.end(),
                                     [&](const yaml::Node& key) { return key.text == move.code; });
        const Section inner(loader.problems, section.file(), *at,
                            moves->items[static_cast<std::size_t>(at - moves->keys.begin())],
                            "move " + type.code + "." + move.code, {"label", "from", "to", "who", "needs", "steps", "refused", "function", "dated"});
        if (const auto who = inner.word("who"))
            move.who = read_expression(loader, rule_use(loader, type, inner.subject() + " who", false), *who);
        read_needs(loader, type, move, inner);
    }
}
}  // namespace

void read_rules(Loader& loader) {
    for (Type& type : loader.model.types) {
        const Section& section = loader.section_of(type);
        read_type_rules(loader, type, section);
        read_type_moves(loader, type, section);
    }
}

}  // namespace yipan::model
