// Rights: roles and who holds them, what each role may do with which records, figures and moves (docs/rights.md). The
// scope (own, unit, subtree, all) and the condition become one expression, which must also have a form in SQL: what
// cannot be compiled is refused here, never filtered afterwards.
#include <algorithm>

#include "base/nearest.h"
#include "cel/sql.h"
#include "model/loader.h"
#include "model/names.h"
#include "model/slots.h"

namespace yipan::model {
namespace {
constexpr std::string_view action_names[action_count] = {"see",    "create",  "amend", "move",  "remove",
                                                         "void",   "restore", "erase", "merge", "import",
                                                         "export", "unmask",  "clear"};
constexpr std::size_t roles_max = 200, rights_of_all_max = 2'000;

int field_of_kind(Loader& loader, const Section& section, int type, std::string_view keyword,
                  const std::vector<FieldKind>& kinds, std::string_view wanted) {
    const auto word = section.word(keyword);
    if (!word || type < 0) return -1;
    const int field = loader.resolve_field(type, *word, section.subject());
    if (field < 0 || loader.damaged.contains({type, word->text})) return -1;
    if (std::find(kinds.begin(), kinds.end(), loader.field(type, field).kind) == kinds.end()) {
        section.wrong(keyword, "field \"" + word->text + "\" is not " + std::string(wanted));
        return -1;
    }
    return field;
}
int reference_to(Loader& loader, const Section& section, int type, std::string_view keyword, int target) {
    const int field = field_of_kind(loader, section, type, keyword, {FieldKind::reference}, "a reference");
    if (field >= 0 && target >= 0 && loader.field(type, field).target != target) {
        section.wrong(keyword, "the field does not refer to " + loader.type(target).code);
        return -1;
    }
    return field;
}

class RightsReader {
  public:
    explicit RightsReader(Loader& loader)
        : loader_(loader), rights_(loader.model.rights), identity_(loader.model.identity) {}

    void run() {
        if (loader_.rights.empty()) return;
        rights_.declared = true;
        if (identity_.post < 0 || identity_.unit < 0) {
            loader_.problems.add(loader_.rights.front().where(), "rights need to know the post and its unit",
                                 "identity: {person: ..., post: ..., unit: <field of the post>}");
            return;
        }
        paths_.resize(loader_.model.types.size());
        for (const Declaration& d : loader_.rights)
            sections_.emplace_back(
                loader_.problems, d.file->source->path, *d.key, *d.body, "rights",
                std::vector<std::string_view>{"forest", "units", "grants", "roles", "allow", "smallest_cell"});
        for (const Section& s : sections_) read_forest(s), read_units(s), read_grants(s), read_roles(s);
        for (const Section& s : sections_) read_allow(s), read_cells(s);
    }

  private:
    void read_forest(const Section& s) {
        const auto word = s.word("forest");
        if (!word) return;
        rights_.forest = loader_.model.find_forest(word->text);
        if (rights_.forest < 0)
            s.wrong("forest", "there is no forest \"" + word->text.substr(0, 80) + "\"", "declare it under forests");
    }
    // units: {organ: this, visit: visitor.organ}
    void read_units(const Section& s) {
        const yaml::Node* node = s.find("units");
        if (!node) return;
        if (!node->is_map()) return s.wrong("units", "\"units\" is not a map", "units: {<type>: <path to its unit>}");
        for (std::size_t i = 0; i < node->keys.size(); ++i) {
            const yaml::Node &key = node->keys[i], &value = node->items[i];
            const int type = loader_.resolve_type({key.text, s.place(key)}, "rights units");
            if (type < 0) continue;
            if (value.text == "this") {
                if (type == identity_.unit_type)
                    paths_[static_cast<std::size_t>(type)] = "this";
                else
                    loader_.problems.add(s.place(value), "rights units: " + key.text + " is not the type of units",
                                         "name a path to the unit");
                continue;
            }
            const auto path = resolve_path(loader_, type, {value.text, s.place(value)}, "rights units");
            if (path.empty()) continue;
            if (last_field(loader_, type, path).target != identity_.unit_type)
                loader_.problems.add(s.place(value),
                                     "rights units: the path \"" + value.text + "\" does not lead to a unit",
                                     "its last field refers to " + loader_.type(identity_.unit_type).code);
            paths_[static_cast<std::size_t>(type)] = value.text;
        }
    }
    void read_grants(const Section& s) {
        const yaml::Node* node = s.find("grants");
        if (!node) return;
        const Section g(loader_.problems, s.file(), *node, *node, "rights grants",
                        {"type", "post", "role", "unit", "from", "to"});
        g.missing("type", "type: <record type that gives roles>");
        auto& out = rights_.grants;
        if (const auto word = g.word("type")) out.type = loader_.resolve_type(*word, g.subject());
        for (const char* keyword : {"post", "role", "unit"}) g.missing(keyword, std::string(keyword) + ": <field>");
        out.post = reference_to(loader_, g, out.type, "post", identity_.post);
        out.unit = reference_to(loader_, g, out.type, "unit", identity_.unit_type);
        out.role =
            field_of_kind(loader_, g, out.type, "role", {FieldKind::text, FieldKind::choice}, "a text or choice");
        out.from = field_of_kind(loader_, g, out.type, "from", {FieldKind::date}, "a date");
        out.to = field_of_kind(loader_, g, out.type, "to", {FieldKind::date}, "a date");
        if (out.post < 0 || out.unit < 0 || out.role < 0) out.type = -1;
    }
    void read_roles(const Section& s) {
        const yaml::Node* node = s.find("roles");
        if (!node) return;
        if (!node->is_map())
            return s.wrong("roles", "\"roles\" is not a map", "roles: {clerk: {label: [...], posts: \"true\"}}");
        for (std::size_t i = 0; i < node->keys.size(); ++i) {
            const yaml::Node& key = node->keys[i];
            if (const auto bad = judge_name(key.text, NameUse::code))
                loader_.problems.add(s.place(key), "role " + bad->message, bad->hint);
            if (rights_.find_role(key.text) >= 0)
                loader_.problems.add(s.place(key), "role \"" + key.text + "\" is declared twice");
            if (rights_.roles.size() >= roles_max) {
                loader_.problems.add(s.place(key), "more than 200 roles", "", Code::limit_exceeded);
                return;
            }
            const Section r(loader_.problems, s.file(), key, node->items[i], "role " + key.text,
                            {"label", "posts", "note"});
            Role& role = rights_.roles.emplace_back();
            role.code = key.text;
            role.label = r.label();
            if (const auto note = r.word("note")) role.note = note->text;
            if (const auto posts = r.word("posts")) {
                ExpressionUse use;
                use.type = identity_.post;
                use.subject = r.subject() + " posts";
                use.results = {cel::Type::boolean()};
                use.results_text = "true or false";
                role.posts = read_expression(loader_, use, *posts);
            }
        }
    }
    std::vector<int> roles_of(const Section& s) {
        std::vector<int> out;
        std::vector<Word> words;
        s.missing("role", "role: <role>, or a list of them");
        const yaml::Node* node = s.find("role");
        if (node && node->is_list())
            words = s.words("role");
        else if (const auto word = s.word("role"))
            words.push_back(*word);
        for (const Word& word : words) {
            const int role = rights_.find_role(word.text);
            if (role >= 0) {
                out.push_back(role);
                continue;
            }
            std::vector<std::string_view> names;
            for (const Role& r : rights_.roles) names.push_back(r.code);
            loader_.problems.add(word.where, s.subject() + ": there is no role \"" + word.text.substr(0, 80) + "\"",
                                 did_you_mean(word.text, names, "declare it under roles"));
        }
        return out;
    }
    void read_allow(const Section& s) {
        const yaml::Node* node = s.find("allow");
        if (!node) return;
        if (!node->is_list())
            return s.wrong("allow", "\"allow\" is not a list", "allow: [{role: ..., do: [see], types: [...]}]");
        for (const yaml::Node& item : node->items) {
            if (rights_.rights.size() >= rights_of_all_max) {
                loader_.problems.add(s.place(item), "more than 2,000 rights", "", Code::limit_exceeded);
                return;
            }
            const Section a(loader_.problems, s.file(), item, item, "right",
                            {"role", "do", "in", "types", "figures", "fields", "moves", "where"});
            read_right(a);
        }
    }
    void read_right(const Section& a) {
        Right right;
        right.where = a.where();
        right.roles = roles_of(a);
        a.missing("do", "do: [see, create, amend, ...]");
        for (const Word& word : a.words("do")) {
            const auto at = std::find(std::begin(action_names), std::end(action_names), word.text);
            if (at != std::end(action_names)) {
                right.actions |= 1U << (at - std::begin(action_names));
                continue;
            }
            loader_.problems.add(word.where, a.subject() + ": there is no action \"" + word.text.substr(0, 80) + "\"",
                                 did_you_mean(word.text, {std::begin(action_names), std::end(action_names)},
                                              "one of " + joined({std::begin(action_names), std::end(action_names)})));
        }
        const auto scope = a.one_of("in", {"own", "unit", "subtree", "all"});
        if (!scope) a.missing("in", "in: own, unit, subtree or all");
        right.scope = static_cast<Scope>(scope.value_or(0));
        if (right.scope == Scope::subtree && rights_.forest < 0)
            a.wrong("in", "nobody says in which forest the subtrees are", "rights: {forest: ...}");
        for (const Word& word : a.words("moves")) {
            right.moves.push_back(word.text);
            move_words_.push_back(word);
        }
        read_figures(a, right);
        for (const int type : types_of(a)) read_type(a, right, type);
        if (right.types.empty() && right.figures.empty() && !a.has("types") && !a.has("figures"))
            a.missing("types", "types: [...] or figures: [...]");
        check_moves(a, right);
        rights_.rights.push_back(std::move(right));
    }
    std::vector<int> types_of(const Section& a) {
        std::vector<int> out;
        const yaml::Node* node = a.find("types");
        if (!node) return out;
        if (node->is_scalar() && node->text == "*") {
            for (const Type& type : loader_.model.types) out.push_back(type.index);
            return out;
        }
        for (const Word& word : a.words("types"))
            if (const int type = loader_.resolve_type(word, a.subject() + " types"); type >= 0) out.push_back(type);
        return out;
    }
    void read_figures(const Section& a, Right& right) {
        const yaml::Node* node = a.find("figures");
        if (!node) return;
        if (right.actions & ~(1U << static_cast<int>(Action::see)))
            a.wrong("do", "figures can only be seen", "do: [see]");
        if (right.scope == Scope::own)
            a.wrong("in", "a figure belongs to units, not to a post", "in: unit, subtree or all");
        if (node->is_scalar() && node->text == "*") {
            for (const Figure& f : loader_.model.figures) right.figures.push_back(f.index);
            return;
        }
        if (node->is_scalar() && node->text == "ours") {  // those declared in the module of this file
            const std::string module = a.file().substr(0, a.file().find('/'));
            for (const Figure& f : loader_.model.figures)
                if (f.module == module) right.figures.push_back(f.index);
            return;
        }
        for (const Word& word : a.words("figures")) {
            const int figure = loader_.model.find_figure(word.text);
            if (figure >= 0) {
                right.figures.push_back(figure);
                continue;
            }
            std::vector<std::string_view> names;
            for (const Figure& f : loader_.model.figures) names.push_back(f.code);
            loader_.problems.add(word.where, a.subject() + ": there is no figure \"" + word.text.substr(0, 80) + "\"",
                                 did_you_mean(word.text, names, "declare it under figures"));
        }
        std::sort(right.figures.begin(), right.figures.end());
    }
    // The path from a record to its unit: as `units` says, else the unit of the responsible post.
    std::string unit_path(const Type& type) const {
        const std::string& said = paths_[static_cast<std::size_t>(type.index)];
        if (!said.empty()) return said;
        const std::string unit = loader_.model.types[static_cast<std::size_t>(identity_.post)]
                                     .fields[static_cast<std::size_t>(identity_.unit)]
                                     .code;
        if (type.index == identity_.post) return unit;
        const std::string post = post_path(type);
        return post.empty() ? "" : post + "." + unit;
    }
    std::string post_path(const Type& type) const {
        if (type.index == identity_.post && type.responsible.empty()) return "this";
        std::string out;
        int at = type.index;
        for (const int step : type.responsible) {
            const Field& field =
                loader_.model.types[static_cast<std::size_t>(at)].fields[static_cast<std::size_t>(step)];
            out += (out.empty() ? "" : ".") + field.code;
            at = field.target;
        }
        return out;
    }
    void read_type(const Section& a, Right& right, int index) {
        const Type& type = loader_.type(index);
        std::string text;
        if (right.scope == Scope::own || right.scope == Scope::unit || right.scope == Scope::subtree) {
            const std::string path = right.scope == Scope::own ? post_path(type) : unit_path(type);
            if (path.empty()) {
                a.wrong("in", type.code + " has no " + (right.scope == Scope::own ? "responsible post" : "unit"),
                        right.scope == Scope::own ? "in: all, with a condition"
                                                  : "rights: {units: {" + type.code + ": <path to its unit>}}");
                return;
            }
            text = right.scope == Scope::own ? path + " == yipan_post" : path + " in yipan_units";
        }
        Word word{"", a.where()};
        if (const auto where = a.word("where")) {
            word.where = where->where;
            text = text.empty() ? where->text : text + " && (" + where->text + ")";
        }
        if (text.empty()) text = "true";
        word.text = text;
        ExpressionUse use;
        use.type = index;
        use.subject = "right over " + type.code;
        use.results = {cel::Type::boolean()};
        use.results_text = "true or false";
        const cel::Type post = cel::Type::object_of(loader_.type(identity_.post).object);
        const cel::Type unit = cel::Type::object_of(loader_.type(identity_.unit_type).object);
        use.variables.resize(slots::right_count);
        use.variables[slots::right_post] = {"yipan_post", post};
        use.variables[slots::right_units] = {"yipan_units", cel::Type::list(unit)};
        use.variables[slots::right_acting] = {"post", post};
        use.variables[slots::right_actor] = {
            identity_.person < 0 ? "" : "actor",
            identity_.person < 0 ? cel::Type::dyn()
                                 : cel::Type::object_of(loader_.type(identity_.person).object).or_null()};
        use.variables[slots::right_today] = {"today", cel::Type::date()};
        auto condition = read_expression(loader_, use, word);
        if (!condition) return;
        if (const auto sql = cel::to_sql(condition->program); !sql) {
            for (const Error& e : sql.error())
                loader_.problems.add(word.where, use.subject + ": " + e.message,
                                     e.hint.empty() ? "a right must also be a database filter" : e.hint, e.code);
            return;
        }
        Right::OfType of{index, std::move(*condition), {}};
        for (const Word& name : a.words("fields")) {
            const int field = loader_.resolve_field(index, name, use.subject + " fields");
            if (field >= 0) of.fields.push_back(field);
        }
        right.types.push_back(std::move(of));
    }
    void check_moves(const Section& a, const Right& right) {
        for (const Word& word : std::exchange(move_words_, {})) {
            const bool known = std::any_of(right.types.begin(), right.types.end(), [&](const Right::OfType& of) {
                const auto& moves = loader_.type(of.type).moves;
                return std::any_of(moves.begin(), moves.end(), [&](const Move& m) { return m.code == word.text; });
            });
            if (!known && !right.types.empty())
                loader_.problems.add(
                    word.where, a.subject() + ": none of its types has a move \"" + word.text.substr(0, 80) + "\"", "");
        }
    }
    void read_cells(const Section& s) {
        const yaml::Node* node = s.find("smallest_cell");
        if (!node) return;
        if (!node->is_map())
            return s.wrong("smallest_cell", "\"smallest_cell\" is not a map", "smallest_cell: {<figure>: 3}");
        for (std::size_t i = 0; i < node->keys.size(); ++i) {
            const yaml::Node& key = node->keys[i];
            const int figure = loader_.model.find_figure(key.text);
            const int least = std::atoi(node->items[i].text.c_str());
            if (figure < 0)
                loader_.problems.add(s.place(key),
                                     "smallest_cell: there is no figure \"" + key.text.substr(0, 80) + "\"", "");
            else if (loader_.model.figures[static_cast<std::size_t>(figure)].derived())
                loader_.problems.add(s.place(key),
                                     "smallest_cell: " + key.text + " is derived and stands for no records itself",
                                     "name its parts");
            else if (least < 2 || least > 1'000)
                loader_.problems.add(s.place(node->items[i]), "smallest_cell: not a whole number from 2 to 1000", "");
            else
                rights_.smallest_cell[figure] = least;
        }
    }

    Loader& loader_;
    Rights& rights_;
    const Identity& identity_;
    std::deque<Section> sections_;
    std::vector<std::string> paths_;  // by type, as written
    std::vector<Word> move_words_;
};
}  // namespace

std::string_view action_name(Action action) { return action_names[static_cast<std::size_t>(action)]; }

int Rights::find_role(std::string_view code) const {
    for (std::size_t i = 0; i < roles.size(); ++i)
        if (roles[i].code == code) return static_cast<int>(i);
    return -1;
}

void read_holdings(Loader& loader) {
    if (loader.identities.empty()) return;
    Identity& identity = loader.model.identity;
    const Declaration& d = loader.identities.front();
    const Section section(loader.problems, d.file->source->path, *d.key, *d.body, "identity",
                          {"person", "post", "unit", "holds"});
    if (identity.post >= 0) {
        identity.unit = field_of_kind(loader, section, identity.post, "unit", {FieldKind::reference}, "a reference");
        if (identity.unit >= 0) identity.unit_type = loader.field(identity.post, identity.unit).target;
    }
    const yaml::Node* node = section.find("holds");
    if (!node) return;
    const Section h(loader.problems, section.file(), *node, *node, "identity holds",
                    {"type", "person", "post", "from", "to", "kind"});
    Identity::Holding& out = identity.holds;
    for (const char* keyword : {"type", "person", "post"}) h.missing(keyword, std::string(keyword) + ": ...");
    if (const auto word = h.word("type")) out.type = loader.resolve_type(*word, h.subject());
    out.person = reference_to(loader, h, out.type, "person", identity.person);
    out.post = reference_to(loader, h, out.type, "post", identity.post);
    out.from = field_of_kind(loader, h, out.type, "from", {FieldKind::date}, "a date");
    out.to = field_of_kind(loader, h, out.type, "to", {FieldKind::date}, "a date");
    out.kind = field_of_kind(loader, h, out.type, "kind", {FieldKind::choice}, "a choice");
    if (out.person < 0 || out.post < 0) out.type = -1;
}

void read_rights(Loader& loader) { RightsReader(loader).run(); }

}  // namespace yipan::model
