// I8: what somebody may do is the same wherever it is asked. Random small models with rights, random directories and
// records; a second reading of the rights, written from what the generator meant and sharing nothing with the compiler,
// says who may do what. Evaluator (open, write), SQL (list, count, export, search) and that reading must agree for every
// person, action and record, fields and moves included. Canaries: compilers that are wrong on purpose are found.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "access/rights.h"
#include "yard.h"

namespace yipan::property {
namespace {
using model::Action;
using model::Scope;

const Date day = *Date::of(2026, 3, 15);
constexpr int units_made = 6, people_made = 6, posts_made = 7, roles_made = 4;
constexpr std::string_view actions[] = {"see", "create", "amend", "move", "remove", "void", "export", "unmask", "clear"};
constexpr Action action_of[] = {Action::see,    Action::create,      Action::amend,     Action::move,  Action::remove,
                                Action::invalidate, Action::exporting, Action::unmask, Action::clear};

struct Case {  // a record as the second reading sees it
    int type = 0;  // 0 thing, 1 note
    std::int64_t officer = 0, unit = 0, about = 0;
    std::optional<std::int64_t> amount;
    std::optional<std::string> kind;
    std::optional<int> due;  // days
};
struct World {
    std::map<std::int64_t, std::int64_t> unit_of;  // post -> unit
    std::map<std::int64_t, Case> things, notes;
    std::map<std::int64_t, std::set<std::int64_t>> below;  // unit -> itself and what stands below it that day
    std::map<std::int64_t, std::set<std::pair<int, std::int64_t>>> roles;  // post -> (role, unit)
    const Case* thing(std::int64_t id) const { return things.contains(id) ? &things.at(id) : nullptr; }
};
struct Condition {
    const char* text;
    std::function<bool(const World&, const Case&, std::int64_t post)> holds;
    bool notes;  // reads `about`, so over notes
};
const Condition conditions[] = {
    {"kind == 'b'", [](const World&, const Case& c, std::int64_t) { return c.kind == "b"; }, false},
    {"kind != 'a'", [](const World&, const Case& c, std::int64_t) { return c.kind != "a"; }, false},
    {"amount > 3", [](const World&, const Case& c, std::int64_t) { return c.amount && *c.amount > 3; }, false},
    {"amount == null || amount <= 5", [](const World&, const Case& c, std::int64_t) { return !c.amount || *c.amount <= 5; }, false},
    {"officer != post", [](const World&, const Case& c, std::int64_t post) { return c.officer != post; }, false},
    {"unit == post.unit", [](const World& w, const Case& c, std::int64_t post) { return c.unit != 0 && c.unit == w.unit_of.at(post); }, false},
    {"due <= today", [](const World&, const Case& c, std::int64_t) { return c.due && *c.due <= day.days; }, false},
    {"about.kind == 'a'", [](const World& w, const Case& c, std::int64_t) { const Case* t = w.thing(c.about); return t && t->kind == "a"; }, true},
    {"about != null && about.officer == post", [](const World& w, const Case& c, std::int64_t post) { const Case* t = w.thing(c.about); return t && t->officer == post; }, true},
    {"about.amount > 2 || amount == 1", [](const World& w, const Case& c, std::int64_t) {
         const Case* t = w.thing(c.about);
         return (t && t->amount && *t->amount > 2) || (c.amount && *c.amount == 1);
     }, true},
};
struct Spec {  // one right as meant
    std::set<int> roles, actions;
    Scope scope = Scope::all;
    int type = 0;
    int condition = -1;
    bool only_secret = false;  // fields: [secret]
    std::string move;          // empty: all
};

constexpr std::string_view head = R"yaml(identity:
  person: person
  post: post
  unit: unit
  holds: {type: holding, person: person, post: held, from: since, to: until}
types:
  unit:
    label: [u, u, Unit]
    key: code
    title: code
    responsible: none
    fields:
      code: {label: [f, f, F], type: text, required: true, unique: true, max_chars: 20}
  unit_link:
    label: [l, l, Link]
    responsible: none
    fields:
      upper: {label: [f, f, F], type: reference, to: unit, required: true}
      unit: {label: [f, f, F], type: reference, to: unit, required: true}
      since: {label: [f, f, F], type: date}
      until: {label: [f, f, F], type: date}
  person:
    label: [p, p, Person]
    key: code
    title: code
    responsible: none
    fields:
      code: {label: [f, f, F], type: text, required: true, unique: true, max_chars: 20}
  post:
    label: [p, p, Post]
    key: code
    title: code
    responsible: none
    fields:
      code: {label: [f, f, F], type: text, required: true, unique: true, max_chars: 20}
      unit: {label: [f, f, F], type: reference, to: unit}
      chief: {label: [f, f, F], type: boolean}
  holding:
    label: [h, h, Holding]
    responsible: none
    fields:
      person: {label: [f, f, F], type: reference, to: person, required: true}
      held: {label: [f, f, F], type: reference, to: post, required: true}
      since: {label: [f, f, F], type: date}
      until: {label: [f, f, F], type: date}
  grant_of:
    label: [g, g, Grant]
    responsible: none
    fields:
      held: {label: [f, f, F], type: reference, to: post, required: true}
      role: {label: [f, f, F], type: text, max_chars: 20, required: true}
      over: {label: [f, f, F], type: reference, to: unit, required: true}
      since: {label: [f, f, F], type: date}
      until: {label: [f, f, F], type: date}
  thing:
    label: [t, t, Thing]
    responsible: officer
    states:
      initial: open
      list: {open: [o, o, Open], shut: [s, s, Shut]}
      moves:
        close: {from: [open], to: shut, label: [c, c, Close]}
        reopen: {from: [shut], to: open, label: [r, r, Reopen]}
    fields:
      officer: {label: [f, f, F], type: reference, to: post}
      unit: {label: [f, f, F], type: reference, to: unit}
      amount: {label: [f, f, F], type: integer}
      kind: {label: [f, f, F], type: text, max_chars: 4}
      due: {label: [f, f, F], type: date}
      secret: {label: [f, f, F], type: text, max_chars: 20, personal: true}
  note:
    label: [n, n, Note]
    responsible: officer
    fields:
      about: {label: [f, f, F], type: reference, to: thing}
      officer: {label: [f, f, F], type: reference, to: post}
      unit: {label: [f, f, F], type: reference, to: unit}
      amount: {label: [f, f, F], type: integer}
      kind: {label: [f, f, F], type: text, max_chars: 4}
      due: {label: [f, f, F], type: date}
      secret: {label: [f, f, F], type: text, max_chars: 20, personal: true}
forests:
  units:
    label: [u, u, Units]
    links:
      - {type: unit_link, parent: upper, child: unit, from: since, to: until}
)yaml";

class Lot {  // one random model with its directory and records
  public:
    explicit Lot(std::uint64_t seed) : random_(seed) {
        const std::size_t rights = 5 + roll(8);
        for (std::size_t i = 0; i < rights; ++i) specs.push_back(spec());
    }

    std::string yaml(const std::vector<Spec>& of) const {
        std::string out = std::string(head) +
                          "rights:\n  forest: units\n  units: {thing: unit, note: unit}\n"
                          "  grants: {type: grant_of, post: held, role: role, unit: over, from: since, to: until}\n"
                          "  roles:\n    r0: {label: [r, r, R0], posts: \"chief == true\"}\n"
                          "    r1: {label: [r, r, R1]}\n    r2: {label: [r, r, R2]}\n    r3: {label: [r, r, R3]}\n  allow:\n";
        for (const Spec& s : of) {
            std::string roles, act;
            for (const int r : s.roles) roles += fmt::format("{}r{}", roles.empty() ? "" : ", ", r);
            for (const int a : s.actions) act += (act.empty() ? "" : ", ") + std::string(actions[a]);
            static constexpr const char* scopes[] = {"own", "unit", "subtree", "all"};
            out += fmt::format("    - {{role: [{}], do: [{}], in: {}, types: [{}]", roles, act, scopes[static_cast<int>(s.scope)], s.type ? "note" : "thing");
            if (s.condition >= 0) out += fmt::format(", where: \"{}\"", conditions[s.condition].text);
            if (s.only_secret) out += ", fields: [secret]";
            if (!s.move.empty()) out += ", moves: [" + s.move + "]";
            out += "}\n";
        }
        return out;
    }

    /// Fills the board and the world of the second reading alike; empty when all went well.
    std::string fill(board::Board& board) {
        model_ = board.model();
        board::Draft d;
        d.channel = "demo";
        const auto create = [&](const char* code, std::vector<std::pair<const char*, record::Value>> values) {
            board::Change c;
            c.type = model_->find_type(code);
            for (auto& [field, value] : values)
                if (!record::is_unset(value)) c.set.emplace_back(model_->types[static_cast<std::size_t>(c.type)].find(field), std::move(value));
            d.changes.push_back(std::move(c));
        };
        const auto finish = [&] {
            const auto done = board.apply(std::move(d));
            d = {};
            d.channel = "demo";
            return done ? std::string() : text_of(done.error());
        };
        // Ids of a type count from 1.
        for (int i = 1; i <= units_made; ++i) create("unit", {{"code", fmt::format("U{}", i)}});
        for (int i = 1; i <= people_made; ++i) create("person", {{"code", fmt::format("R{}", i)}});
        if (auto bad = finish(); !bad.empty()) return bad;
        std::vector<std::pair<std::int64_t, std::int64_t>> links;
        for (int i = 2; i <= units_made; ++i) {
            const std::int64_t upper = 1 + static_cast<std::int64_t>(roll(static_cast<std::size_t>(i - 1)));
            const auto [since, until, valid] = span();
            create("unit_link", {{"upper", upper}, {"unit", std::int64_t{i}}, {"since", since}, {"until", until}});
            if (valid) links.emplace_back(upper, i);
        }
        for (int u = 1; u <= units_made; ++u) {
            auto& set = world.below[u];
            set.insert(u);
            for (bool grown = true; grown;) {
                grown = false;
                for (const auto& [upper, lower] : links)
                    if (set.contains(upper)) grown = set.insert(lower).second || grown;
            }
        }
        for (int i = 1; i <= posts_made; ++i) {
            const std::int64_t unit = roll(8) ? any(units_made) : 0;
            const int chief = static_cast<int>(roll(3));
            world.unit_of[i] = unit;
            create("post", {{"code", fmt::format("P{}", i)}, {"unit", unit ? record::Value(unit) : record::Value()},
                            {"chief", chief == 2 ? record::Value() : record::Value(std::int64_t{chief})}});
            if (chief == 1 && unit) world.roles[i].insert({0, unit});
        }
        if (auto bad = finish(); !bad.empty()) return bad;
        for (int i = 0; i < 8; ++i) {
            const auto [since, until, valid] = span();
            create("holding", {{"person", any(people_made)}, {"held", any(posts_made)}, {"since", since}, {"until", until}});
        }
        for (int i = 0; i < 10; ++i) {
            const auto [since, until, valid] = span();
            const std::int64_t post = any(posts_made), over = any(units_made);
            const int role = static_cast<int>(roll(roles_made + 1));  // one more than there are: means nothing
            create("grant_of", {{"held", post}, {"role", fmt::format("r{}", role)}, {"over", over}, {"since", since}, {"until", until}});
            if (valid && role < roles_made) world.roles[post].insert({role, over});
        }
        for (int i = 1; i <= 30; ++i) world.things[i] = write(0, create);
        if (auto bad = finish(); !bad.empty()) return bad;
        for (int i = 1; i <= 30; ++i) world.notes[i] = write(1, create);
        return finish();
    }

    // -- the second reading
    bool may(const Spec& s, const Case& c, std::int64_t post) const {
        const auto held = world.roles.find(post);
        if (held == world.roles.end() || s.type != c.type) return false;
        bool in = false;
        for (const auto& [role, over] : held->second) {
            if (!s.roles.contains(role)) continue;
            switch (s.scope) {
                case Scope::own: in = in || c.officer == post; break;
                case Scope::unit: in = in || (c.unit != 0 && c.unit == over); break;
                case Scope::subtree: in = in || world.below.at(over).contains(c.unit); break;
                case Scope::all: in = true; break;
            }
        }
        return in && (s.condition < 0 || conditions[s.condition].holds(world, c, post));
    }
    bool may(int action, const Case& c, std::int64_t post) const {
        return std::any_of(specs.begin(), specs.end(), [&](const Spec& s) { return s.actions.contains(action) && may(s, c, post); });
    }
    bool may_move(const std::string& move, const Case& c, std::int64_t post) const {
        return std::any_of(specs.begin(), specs.end(), [&](const Spec& s) {
            return s.actions.contains(3) && (s.move.empty() || s.move == move) && may(s, c, post);
        });
    }
    bool field(int action, bool secret, const Case& c, std::int64_t post) const {
        return std::any_of(specs.begin(), specs.end(), [&](const Spec& s) {
            return s.actions.contains(action) && (secret || !s.only_secret) && may(s, c, post);
        });
    }

    std::vector<Spec> specs;
    World world;

  private:
    std::size_t roll(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
    std::int64_t any(int n) { return 1 + static_cast<std::int64_t>(roll(static_cast<std::size_t>(n))); }
    std::tuple<record::Value, record::Value, bool> span() {
        const auto around = [&]() -> record::Value { return std::int64_t{day.days + static_cast<int>(roll(5)) - 2}; };
        record::Value since = roll(2) ? record::Value() : around(), until = roll(2) ? record::Value() : around();
        const auto *a = record::as_integer(since), *b = record::as_integer(until);
        return {since, until, (!a || *a <= day.days) && (!b || day.days <= *b)};
    }
    Spec spec() {
        Spec s;
        for (int r = 0; r < roles_made; ++r)
            if (roll(3) == 0) s.roles.insert(r);
        if (s.roles.empty()) s.roles.insert(static_cast<int>(roll(roles_made)));
        for (int a = 0; a < static_cast<int>(std::size(actions)); ++a)
            if (roll(3) == 0) s.actions.insert(a);
        if (s.actions.empty()) s.actions.insert(0);
        s.scope = static_cast<Scope>(roll(4));
        s.type = static_cast<int>(roll(2));
        if (roll(2)) s.condition = static_cast<int>(roll(std::size(conditions)));
        if (s.condition >= 0 && conditions[s.condition].notes) s.type = 1;
        s.only_secret = roll(4) == 0;
        if (s.type == 0 && s.actions.contains(3) && roll(2)) s.move = roll(2) ? "close" : "reopen";
        return s;
    }
    template <class Create>
    Case write(int type, Create&& create) {
        Case c;
        c.type = type;
        if (roll(6)) c.officer = any(posts_made);
        if (roll(6)) c.unit = any(units_made);
        if (type && roll(6)) c.about = any(30);
        if (roll(5)) c.amount = static_cast<std::int64_t>(roll(8));
        if (roll(5)) c.kind = std::string(1, static_cast<char>('a' + roll(3)));
        if (roll(5)) c.due = day.days + static_cast<int>(roll(5)) - 2;
        const auto id = [](std::int64_t n) { return n ? record::Value(n) : record::Value(); };
        std::vector<std::pair<const char*, record::Value>> values{
            {"officer", id(c.officer)}, {"unit", id(c.unit)}, {"amount", c.amount ? record::Value(*c.amount) : record::Value()},
            {"kind", c.kind ? record::Value(*c.kind) : record::Value()}, {"due", c.due ? record::Value(std::int64_t{*c.due}) : record::Value()},
            {"secret", std::string("s")}};
        if (type) values.emplace_back("about", id(c.about));
        create(type ? "note" : "thing", std::move(values));
        return c;
    }

    std::mt19937_64 random_;
    model::ModelPtr model_;
};

struct Compared {
    std::int64_t asked = 0, yes = 0, partly = 0;  // `partly`: some records of a type, not all
    std::string first;                            // difference
};

// Everything about one lot; `wrong` (canaries) is the model the compiler is given instead.
Compared compare(const Lot& lot, board::Board& board, const model::ModelPtr& compiled) {
    Compared out;
    const auto differ = [&](std::string what) {
        if (out.first.empty()) out.first = std::move(what);
    };
    const auto snapshot = board.snapshot();
    const auto directory = access::Directory::read(*snapshot);
    if (!directory) return differ(directory.error().text()), out;
    const int thing = compiled->find_type("thing"), note = compiled->find_type("note");
    for (std::int64_t post = 1; post <= posts_made; ++post) {
        const access::Who who(compiled, *directory, RecordId(1), RecordId(post));
        for (const int type : {thing, note}) {
            const auto& cases = type == thing ? lot.world.things : lot.world.notes;
            for (int a = 0; a < static_cast<int>(std::size(actions)); ++a) {
                const Action action = action_of[a];
                std::vector<std::int64_t> meant, evaluated, listed;
                for (const auto& [id, c] : cases) {
                    const auto record = snapshot->record(type, RecordId(id));
                    if (lot.may(a, c, post)) meant.push_back(id);
                    if (who.may(action, *record, snapshot->resolver())) evaluated.push_back(id);
                    // Asked several things in another order, it says the same as when asked each alone.
                    access::Facing facing(who, *record, snapshot->resolver());
                    const auto asked_first = facing.fields(action);
                    if (asked_first != who.fields(action, *record, snapshot->resolver()) || facing.may(action) != lot.may(a, c, post) ||
                        facing.may_move("close") != who.may_move("close", *record, snapshot->resolver()))
                        differ(fmt::format("post {} {} {} {}: one after another", post, actions[a], type == thing ? "thing" : "note", id));
                    if ((facing.may_what() >> static_cast<int>(action) & 1U) != lot.may(a, c, post))
                        differ(fmt::format("post {} {} {} {}: of all actions at once", post, actions[a], type == thing ? "thing" : "note", id));
                    const auto covered = who.fields(action, *record, snapshot->resolver());
                    const int secret = compiled->types[static_cast<std::size_t>(type)].find("secret"), amount = compiled->types[static_cast<std::size_t>(type)].find("amount");
                    for (const int f : {secret, amount})
                        if (covered[static_cast<std::size_t>(f)] != lot.field(a, f == secret, c, post))
                            differ(fmt::format("post {} {} {} {}: field {}", post, actions[a], type == thing ? "thing" : "note", id, f == secret ? "secret" : "amount"));
                    if (action == Action::move && type == thing)
                        for (const char* move : {"close", "reopen"})
                            if (who.may_move(move, *record, snapshot->resolver()) != lot.may_move(move, c, post))
                                differ(fmt::format("post {} move {} of thing {}", post, move, id));
                    ++out.asked;
                }
                const auto where = who.where(type, action, snapshot->resolver());
                if (!where) return differ(where.error().text()), out;
                board::Snapshot::Query q;
                q.also = where->sql;
                q.also_parameters = where->parameters;
                q.order = {{-1, false}};
                q.limit = 1000;
                const auto rows = snapshot->list(type, q);
                const auto count = snapshot->count(type, q, 1000);
                if (!rows || !count) return differ(rows ? count.error().text() : rows.error().text()), out;
                for (const auto& r : rows->rows) listed.push_back(r->id.value);
                const std::string here = fmt::format("post {} {} {}: ", post, actions[a], type == thing ? "thing" : "note");
                if (evaluated != meant) differ(here + fmt::format("evaluator {} records, meant {}", evaluated.size(), meant.size()));
                if (listed != meant) differ(here + fmt::format("SQL {} records, meant {}", listed.size(), meant.size()));
                if (*count != static_cast<std::int64_t>(meant.size())) differ(here + "count");
                if (!meant.empty() && !who.may_ever(type, action)) differ(here + "\"may ever\" says no");
                if (meant.size() == cases.size() ? false : who.where(type, action, snapshot->resolver())->everything) differ(here + "\"everything\"");
                out.yes += static_cast<std::int64_t>(meant.size());
                out.partly += !meant.empty() && meant.size() < cases.size();
                // What one may select by, one must see in every record one sees.
                const auto always = who.fields_always(type, action);
                const auto secret = static_cast<std::size_t>(compiled->types[static_cast<std::size_t>(type)].find("amount"));
                for (const auto& [id, c] : cases)
                    if (always[secret] && lot.may(a, c, post) && !lot.field(a, false, c, post)) differ(here + "\"fields always\"");
            }
        }
    }
    return out;
}

std::unique_ptr<board::Board> made(const Folder& folder, std::string yaml) {
    static int number = 0;
    board::Board::Birth birth;
    birth.name = "rights";
    birth.frozen_clock = *Instant::parse("2026-03-15T02:00:00Z");
    birth.salt_seed = "rights";
    birth.model = {{"tiny/types/types.yaml", std::move(yaml)}};
    auto board = board::Board::create(folder.file(fmt::format("b{}.yipan", ++number)), std::move(birth));
    if (!board) std::fprintf(stderr, "%s\n", text_of(board.error()).c_str());
    return board ? std::move(*board) : nullptr;
}
int cases_wanted() {
    const char* asked = std::getenv("YIPAN_PROPERTY_CASES");
    return asked ? std::max(10, std::atoi(asked)) : 40;
}

TEST(Rights, evaluator_and_sql_say_what_the_model_means_for_every_post_action_record_field_and_move) {
    const Folder folder;
    Compared all;
    for (int seed = 1; seed <= cases_wanted(); ++seed) {
        Lot lot(static_cast<std::uint64_t>(seed));
        const auto board = made(folder, lot.yaml(lot.specs));
        ASSERT_TRUE(board) << lot.yaml(lot.specs);
        ASSERT_EQ(lot.fill(*board), "");
        const Compared one = compare(lot, *board, board->model());
        ASSERT_EQ(one.first, "") << "seed " << seed << "\n" << lot.yaml(lot.specs);
        all.asked += one.asked, all.yes += one.yes, all.partly += one.partly;
    }
    std::printf("%lld questions, %lld yes, %lld lists that show some but not all\n", static_cast<long long>(all.asked), static_cast<long long>(all.yes),
                static_cast<long long>(all.partly));
    EXPECT_GT(all.yes, all.asked / 50);
    EXPECT_GT(all.partly, cases_wanted() * 10);
}

// Each canary is a model whose rights are a little wrong: the same records, another compiler.
TEST(Rights, a_compiler_that_is_wrong_on_purpose_is_found) {
    const std::pair<const char*, std::function<void(Spec&)>> canaries[] = {
        {"subtree read as unit", [](Spec& s) { s.scope = s.scope == Scope::subtree ? Scope::unit : s.scope; }},
        {"subtree read as all", [](Spec& s) { s.scope = s.scope == Scope::subtree ? Scope::all : s.scope; }},
        {"own forgotten", [](Spec& s) { s.scope = s.scope == Scope::own ? Scope::all : s.scope; }},
        {"conditions forgotten", [](Spec& s) { s.condition = -1; }},
        {"seeing gives exporting", [](Spec& s) { if (s.actions.contains(0)) s.actions.insert(6); }},
        {"field limits forgotten", [](Spec& s) { s.only_secret = false; }},
        {"moves forgotten", [](Spec& s) { s.move.clear(); }},
        {"roles mixed up", [](Spec& s) { std::set<int> other; for (const int r : s.roles) other.insert((r + 1) % roles_made); s.roles = other; }},
    };
    const Folder folder;
    std::map<std::string, std::pair<int, int>> found;  // of how many different models
    for (int seed = 1; seed <= 6; ++seed) {
        Lot lot(static_cast<std::uint64_t>(seed));
        const auto board = made(folder, lot.yaml(lot.specs));
        ASSERT_TRUE(board);
        ASSERT_EQ(lot.fill(*board), "");
        for (const auto& [name, spoil] : canaries) {
            std::vector<Spec> spoiled = lot.specs;
            for (Spec& s : spoiled) spoil(s);
            if (lot.yaml(spoiled) == lot.yaml(lot.specs)) continue;
            const auto wrong = model::load({{"tiny/types/types.yaml", lot.yaml(spoiled)}});
            ASSERT_TRUE(wrong) << text_of(wrong.error());
            auto& [yes, of] = found[name];
            ++of;
            yes += !compare(lot, *board, *wrong).first.empty();
        }
    }
    for (const auto& [name, spoil] : canaries) {
        std::printf("%-26s found in %d of %d models\n", name, found[name].first, found[name].second);
        EXPECT_GT(found[name].first, 0) << name;
    }
}

}  // namespace
}  // namespace yipan::property
