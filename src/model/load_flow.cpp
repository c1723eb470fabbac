// Workflow: which types keep its state, steps and functions of moves, deadlines in working days, what time does.
#include <algorithm>

#include "base/nearest.h"
#include "model/loader.h"
#include "model/names.h"
#include "model/slots.h"

namespace yipan::model {
namespace {
constexpr std::size_t steps_max = 40;        // of a move
constexpr std::size_t phrases_max = 50;
constexpr std::size_t thresholds_max = 20;   // of a watch
constexpr std::int64_t workdays_max = 250;
constexpr std::int64_t threshold_max = 3650;  // days

struct Needed {
    const char* code;
    FieldKind kind;
};
struct Kept {
    const char* keyword;
    int Flow::* type;
    bool by_acts;
    std::vector<Needed> fields;
};
const std::vector<Kept>& kept_types() {
    using K = FieldKind;
    static const std::vector<Kept> all{
        {"case", &Flow::cases, true,
         {{"subject", K::text}, {"title", K::text}, {"move", K::text}, {"step", K::text}, {"status", K::choice}, {"round", K::integer},
          {"back_to", K::text}, {"running", K::text}, {"acts", K::integer}, {"starter", K::reference}, {"answers", K::reference}, {"begun", K::date}, {"ended", K::date}, {"note", K::text}}},
        {"work", &Flow::work, true,
         {{"flow_case", K::reference}, {"subject", K::text}, {"title", K::text}, {"step", K::text}, {"step_label", K::text}, {"kind", K::choice},
          {"round", K::integer}, {"mode", K::choice}, {"post", K::reference}, {"lies_with", K::reference}, {"status", K::choice},
          {"parent", K::reference}, {"given_by", K::reference}, {"given_on", K::date}, {"given_at", K::instant}, {"workdays", K::integer},
          {"due", K::date}, {"due_provisional", K::boolean}, {"done_by", K::reference}, {"done_post", K::reference}, {"instead_of", K::reference},
          {"done_on", K::date}, {"done_at", K::instant}, {"minutes", K::integer}, {"late", K::boolean}, {"made_by", K::integer}, {"ended_by", K::integer}, {"urged", K::integer}, {"urged_on", K::date}}},
        {"opinion", &Flow::opinion, true,
         {{"subject", K::text}, {"flow_case", K::reference}, {"work", K::reference}, {"step", K::text}, {"act", K::choice}, {"seq", K::integer}, {"text", K::text},
          {"post", K::reference}, {"person", K::reference}, {"instead_of", K::reference}, {"because", K::choice}, {"to_post", K::reference}, {"at", K::instant}}},
        {"message", &Flow::message, true,
         {{"to_post", K::reference}, {"kind", K::choice}, {"subject", K::text}, {"title", K::text}, {"text", K::text}, {"at", K::instant}, {"nominal", K::date}, {"late", K::boolean}}},
        {"delegation", &Flow::delegation, true,
         {{"from_post", K::reference}, {"to_post", K::reference}, {"valid_from", K::date}, {"valid_to", K::date}, {"reason", K::text}, {"ended", K::date}}},
        {"holiday", &Flow::holiday, false, {{"date", K::date}, {"kind", K::choice}, {"name", K::text}}},
        {"lamp", &Flow::lamp, true,
         {{"light", K::text}, {"subject", K::text}, {"responsible", K::reference}, {"colour", K::choice}, {"behind_level", K::integer}, {"nominal", K::date}, {"late", K::boolean}}},
        {"notice", &Flow::notice, true,
         {{"number", K::number}, {"colour", K::choice}, {"light", K::text}, {"subject", K::text}, {"title", K::text}, {"to_post", K::reference}, {"nominal", K::date}, {"text", K::text}}},
        {"ballot", &Flow::ballot, true,
         {{"subject", K::text}, {"question", K::text}, {"choices", K::text}, {"most", K::integer}, {"status", K::choice}, {"opened", K::instant}, {"closed", K::instant},
          {"voters", K::references}, {"voters_expected", K::integer}, {"turnout", K::integer}, {"opener", K::reference}}},
        {"list", &Flow::list, true,
         {{"title", K::text}, {"of_type", K::text}, {"filter", K::text}, {"done_when", K::text}, {"owner", K::reference}, {"due", K::date}, {"issued", K::date}, {"status", K::choice}}},
    };
    return all;
}

// What a notice also says on its paper, and the answer to it; a field that is left out is not written.
const std::vector<Needed>& notice_may_have() {
    using K = FieldKind;
    static const std::vector<Needed> all{{"of_unit", K::text}, {"of_post", K::text}, {"due", K::date}, {"behind", K::integer}, {"asks", K::text}, {"issued_on", K::date}, {"answer_workdays", K::integer},
                                         {"answer_by", K::date}, {"answer", K::text}, {"answered_on", K::date}, {"answered_post", K::reference}};
    return all;
}

bool has_fields(Loader& loader, const Section& section, std::string_view keyword, int type, const std::vector<Needed>& fields) {
    std::string missing;
    for (const Needed& needed : fields) {
        const int at = loader.type(type).find(needed.code);
        if (at >= 0 && loader.field(type, at).kind == needed.kind) continue;
        missing += (missing.empty() ? "" : ", ") + std::string(needed.code);
    }
    if (missing.empty()) return true;
    section.wrong(keyword, "type " + loader.type(type).code + " has no such fields, or of another kind: " + missing, "docs/flow.md, section 3, says what they are");
    return false;
}

// The line type of an owner that has these fields.
int lines_of(Loader& loader, const Section& section, std::string_view keyword, int owner, const std::vector<Needed>& fields) {
    for (const Type& type : loader.model.types) {
        if (type.owner != owner) continue;
        if (std::all_of(fields.begin(), fields.end(), [&](const Needed& n) {
                const int at = type.find(n.code);
                return at >= 0 && type.fields[static_cast<std::size_t>(at)].kind == n.kind;
            }))
            return type.index;
    }
    std::string names;
    for (const Needed& n : fields) names += (names.empty() ? "" : ", ") + std::string(n.code);
    section.wrong(keyword, "no type owned by " + loader.type(owner).code + " has the fields " + names, "docs/flow.md, section 3");
    return -1;
}

int reference_field(Loader& loader, const Section& s, std::string_view keyword, int type, int target, bool many = false) {
    const auto word = s.word(keyword);
    if (!word || type < 0) return -1;
    const int field = loader.resolve_field(type, *word, s.subject() + " " + std::string(keyword));
    if (field < 0) return -1;
    const Field& f = loader.field(type, field);
    const bool kind = f.kind == FieldKind::reference || (many && f.kind == FieldKind::references);
    if (kind && (target < 0 || f.target == target)) return field;
    s.wrong(keyword, "field \"" + f.code + "\" is not a reference" + (target < 0 ? "" : " to " + loader.type(target).code), "");
    return -1;
}

void read_functions(Loader& loader, const Section& flow) {
    const yaml::Node* node = flow.find("functions");
    if (!node) return;
    const Section s(loader.problems, flow.file(), *node, *node, "flow functions", {"type", "owner", "decides", "executes"});
    Flow::Functions& out = loader.model.flow.functions;
    s.missing("type", "type: <type whose records are functions>");
    if (const auto word = s.word("type")) out.type = loader.resolve_type(*word, s.subject());
    if (out.type < 0) return;
    if (loader.type(out.type).key < 0) s.wrong("type", "type " + loader.type(out.type).code + " has no key", "a function is named by its key");
    const int unit = loader.model.identity.unit_type;
    out.owner = reference_field(loader, s, "owner", out.type, unit);
    out.decides = reference_field(loader, s, "decides", out.type, unit);
    out.executes = reference_field(loader, s, "executes", out.type, unit, true);
}

void needs_answers(Loader& loader, const Section& notice) {
    const int type = loader.model.flow.notice;
    if (type >= 0) has_fields(loader, notice, "answer", type, {{"issued_on", FieldKind::date}, {"answer_workdays", FieldKind::integer}, {"answer_by", FieldKind::date}, {"answer", FieldKind::text}, {"answered_on", FieldKind::date}, {"answered_post", FieldKind::reference}});
}

void read_watches(Loader& loader, const Section& flow) {
    const yaml::Node* node = flow.find("watch");
    if (!node) return;
    if (!node->is_map()) return flow.wrong("watch", "\"watch\" is not a map", "watch: {<light>: {remind: [-3, 0], notices: [{colour: yellow, behind: 5}]}}");
    for (std::size_t i = 0; i < node->keys.size(); ++i) {
        const yaml::Node& key = node->keys[i];
        const Section s(loader.problems, flow.file(), key, node->items[i], "watch " + key.text, {"remind", "notices"});
        Flow::Watch watch;
        std::vector<std::string_view> names;
        for (std::size_t l = 0; l < loader.model.lights.size(); ++l) {
            names.push_back(loader.model.lights[l].code);
            if (loader.model.lights[l].code == key.text) watch.light = static_cast<int>(l);
        }
        if (watch.light < 0) {
            loader.problems.add(s.where(), "watch: there is no light \"" + key.text.substr(0, 80) + "\"", did_you_mean(key.text, names, "declare it under lights"));
            continue;
        }
        if (loader.model.lights[static_cast<std::size_t>(watch.light)].type < 0) loader.problems.add(s.where(), "watch: light " + key.text + " is of a figure", "lights of a type can be watched");
        if (loader.model.flow.watch_of(watch.light)) loader.problems.add(s.where(), "watch: light " + key.text + " is watched twice", "");
        for (const Word& word : s.words("remind")) {
            const auto days = Decimal::parse(word.text);
            if (!days || days->scale != 0 || days->units < -threshold_max || days->units > threshold_max)
                loader.problems.add(word.where, s.subject() + ": \"" + word.text.substr(0, 40) + "\" is not a number of days", "remind: [-3, 0]");
            else
                watch.remind.push_back(static_cast<int>(days->units));
        }
        if (const yaml::Node* notices = s.find("notices")) {
            if (!notices->is_list()) s.wrong("notices", "\"notices\" is not a list", "notices: [{colour: yellow, behind: 5}]");
            for (const yaml::Node& item : notices->items) {
                const Section n(loader.problems, s.file(), item, item, s.subject() + " notice", {"colour", "behind", "asks", "answer"});
                n.missing("colour", "colour: blue, yellow or red");
                n.missing("behind", "behind: 5");
                static constexpr const char* colours[] = {"blue", "yellow", "red"};
                const auto colour = n.one_of("colour", {"blue", "yellow", "red"});
                const auto behind = n.whole("behind", -threshold_max, threshold_max);
                Flow::Watch::Notice notice;
                if (n.has("asks")) notice.asks = n.label_of(*n.find("asks"), "asks").hans;
                if (const auto days = n.whole("answer", 0, workdays_max)) {
                    notice.answer = static_cast<int>(*days);
                    needs_answers(loader, n);
                }
                if (!colour || !behind) continue;
                notice.colour = colours[*colour], notice.behind = static_cast<int>(*behind);
                watch.notices.push_back(std::move(notice));
            }
        }
        if (watch.remind.size() + watch.notices.size() > thresholds_max) loader.problems.add(s.where(), s.subject() + ": more than 20 days are watched", "", Code::limit_exceeded);
        std::sort(watch.remind.begin(), watch.remind.end());
        std::stable_sort(watch.notices.begin(), watch.notices.end(), [](const auto& a, const auto& b) { return a.behind < b.behind; });
        loader.model.flow.watches.push_back(std::move(watch));
    }
}

// 一表通. Fixed codes as everywhere in this section; what the lines refer to follows from them.
void read_tables(Loader& loader, const Section& flow) {
    const yaml::Node* node = flow.find("tables");
    if (!node) return;
    using K = FieldKind;
    Flow::Tables& out = loader.model.flow.tables;
    const Section s(loader.problems, flow.file(), *node, *node, "flow tables", {"form", "filling"});
    if (out.form >= 0) return s.wrong("form", "the register of tables is declared twice", "");
    s.missing("form", "form: <type of the tables in the register>");
    s.missing("filling", "filling: <type of a table that is filled in>");
    const auto form = s.word("form"), filling = s.word("filling");
    const int form_type = form ? loader.resolve_type(*form, s.subject()) : -1, filling_type = filling ? loader.resolve_type(*filling, s.subject()) : -1;
    if (form_type < 0 || filling_type < 0) return;
    if (!has_fields(loader, s, "filling", filling_type, {{"unit", K::reference}, {"period", K::period}, {"filled_at", K::integer}, {"filled_on", K::date}})) return;
    const int field = lines_of(loader, s, "form", form_type, {{"no", K::integer}, {"name", K::text}, {"item", K::reference}});
    const int answer = lines_of(loader, s, "filling", filling_type, {{"field", K::reference}, {"value", K::text}, {"by_board", K::boolean}, {"source", K::text}});
    if (field < 0 || answer < 0) return;
    const int item = loader.field(field, loader.type(field).find("item")).target;
    if (!has_fields(loader, s, "form", item, {{"answered_by", K::choice}, {"figure", K::text}, {"record_type", K::text}, {"record_field", K::text}})) return;
    for (std::size_t f = 0; f < loader.type(filling_type).fields.size(); ++f)
        if (const Field& of = loader.field(filling_type, static_cast<int>(f)); of.kind == K::reference && of.target == form_type) out.form_of = static_cast<int>(f);
    if (out.form_of < 0) return s.wrong("filling", "type " + loader.type(filling_type).code + " does not refer to " + loader.type(form_type).code, "");
    if (loader.field(answer, loader.type(answer).find("field")).target != field) return s.wrong("filling", "the field `field` of " + loader.type(answer).code + " does not refer to " + loader.type(field).code, "");
    out.form = form_type, out.field = field, out.item = item, out.filling = filling_type, out.answer = answer;
}

// What belongs to the section but is wanted wherever a module is.
void read_watch_parts(Loader& loader) {
    for (const Declaration& d : loader.flows) {
        Section section(loader.problems, d.file->source->path, *d.key, *d.body, "flow",
                        {"case", "work", "opinion", "message", "delegation", "holiday", "lamp", "notice", "ballot", "list", "functions", "vacancy", "email", "phrases", "watch", "tables", "leads"});
        read_watches(loader, section);
        read_tables(loader, section);
    }
}

void read_section(Loader& loader) {
    Flow& flow = loader.model.flow;
    // The types are told once; other modules may add what is to be watched.
    const Declaration* told = nullptr;
    for (const Declaration& d : loader.flows) {
        if (!d.body->is_map() || !d.body->find("case")) continue;
        if (told) loader.problems.add(d.where(), "the types of flow are declared twice", "the first stand at " + told->where());
        if (!told) told = &d;
    }
    if (!told) {
        for (const Declaration& d : loader.flows) loader.problems.add(d.where(), "flow is used, but nowhere are its types declared", "flow: {case: ..., work: ..., ...}");
        return;
    }
    const Section section(loader.problems, told->file->source->path, *told->key, *told->body, "flow",
                          {"case", "work", "opinion", "message", "delegation", "holiday", "lamp", "notice", "ballot", "list", "functions", "vacancy", "email", "phrases", "watch", "tables", "leads"});
    flow.declared = true;
    if (loader.model.identity.post < 0 || loader.model.identity.person < 0 || loader.model.identity.holds.type < 0)
        loader.problems.add(section.where(), "flow: nobody says who stands in which post", "identity: {person: ..., post: ..., unit: ..., holds: {...}}");
    for (const Kept& kept : kept_types()) {
        section.missing(kept.keyword, std::string(kept.keyword) + ": <type>");
        const auto word = section.word(kept.keyword);
        const int type = word ? loader.resolve_type(*word, "flow") : -1;
        if (type < 0 || !has_fields(loader, section, kept.keyword, type, kept.fields)) continue;
        flow.*kept.type = type;
        loader.type(type).by_acts = kept.by_acts;
    }
    if (const int at = flow.lamp < 0 ? -1 : loader.type(flow.lamp).find("trouble"); at >= 0 && (loader.field(flow.lamp, at).kind != FieldKind::text || loader.field(flow.lamp, at).max_chars < lamp_trouble_bytes))
        section.wrong("lamp", "field trouble of type " + loader.type(flow.lamp).code + " is no text of 200 characters", "docs/flow.md, section 3, says what it is");
    for (const Needed& may : notice_may_have())
        if (const int at = flow.notice < 0 ? -1 : loader.type(flow.notice).find(may.code); at >= 0 && loader.field(flow.notice, at).kind != may.kind)
            section.wrong("notice", "field " + std::string(may.code) + " of type " + loader.type(flow.notice).code + " is of another kind", "docs/flow.md, section 3, says what it is");
    if (flow.ballot >= 0) {
        flow.ballot_voter = lines_of(loader, section, "ballot", flow.ballot, {{"person", FieldKind::reference}});
        flow.ballot_count = lines_of(loader, section, "ballot", flow.ballot, {{"choice", FieldKind::text}, {"votes", FieldKind::integer}});
        for (const int lines : {flow.ballot_voter, flow.ballot_count})
            if (lines >= 0) loader.type(lines).by_acts = true;
    }
    if (flow.list >= 0) {
        flow.list_line = lines_of(loader, section, "list", flow.list,
                                  {{"subject", FieldKind::text}, {"title", FieldKind::text}, {"owner", FieldKind::reference}, {"due", FieldKind::date}, {"status", FieldKind::choice}, {"done_on", FieldKind::date}});
        if (flow.list_line >= 0) loader.type(flow.list_line).by_acts = true;
    }
    read_functions(loader, section);
    const int post = loader.model.identity.post, person = loader.model.identity.person;
    for (const Word& word : section.words("vacancy")) {
        const int field = post < 0 ? -1 : loader.resolve_field(post, word, "flow vacancy");
        if (field < 0) continue;
        if (loader.field(post, field).kind != FieldKind::reference || loader.field(post, field).target != post)
            loader.problems.add(word.where, "flow vacancy: field \"" + word.text + "\" is not a reference to a post", "e.g. deputy, superior");
        else
            flow.vacancy.push_back(field);
    }
    if (const auto word = section.word("email"); word && person >= 0) {
        flow.email = loader.resolve_field(person, *word, "flow email");
        if (flow.email >= 0 && loader.field(person, flow.email).kind != FieldKind::text) section.wrong("email", "field \"" + word->text + "\" is no text", "");
    }
    if (const int unit = loader.model.identity.unit_type; unit >= 0 && post >= 0) flow.leads = reference_field(loader, section, "leads", unit, post);
    if (const yaml::Node* node = section.find("phrases")) {
        if (!node->is_list()) section.wrong("phrases", "\"phrases\" is not a list", "phrases: [[同意, 同意, Agreed]]");
        if (node->items.size() > phrases_max) section.wrong("phrases", "more than 50 phrases");
        for (const yaml::Node& item : node->items) flow.phrases.push_back(section.label_of(item, "phrase"));
    }
}

std::optional<Expression> step_expression(Loader& loader, const Type& type, const Section& s, std::string_view keyword, bool condition) {
    const auto word = s.word(keyword);
    if (!word) return std::nullopt;
    ExpressionUse use;
    use.type = type.index;
    use.subject = s.subject() + " " + std::string(keyword);
    const int post = loader.model.identity.post;
    const cel::Type one = post < 0 ? cel::Type::dyn() : cel::Type::object_of(loader.type(post).object);
    use.variables.resize(slots::step_count);
    use.variables[slots::starter] = {post < 0 ? "" : "starter", one.or_null()};
    use.results = condition ? std::vector{cel::Type::boolean()} : std::vector{one, cel::Type::list(one)};
    use.results_text = condition ? "true or false" : "a post, or a list of posts";
    auto out = read_expression(loader, use, *word);
    if (!out || condition || post < 0) return out;
    const cel::Type& result = out->program.result_type();
    const cel::ObjectType* object = result.is(cel::Type::K::list) ? result.element().object : result.object;
    if (object != loader.type(post).object) {
        loader.problems.add(word->where, use.subject + ": gives " + result.text() + ", not a post", "e.g. by: \"organ.head\"");
        return std::nullopt;
    }
    return out;
}

void read_steps(Loader& loader, const Type& type, Move& move, const Section& s) {
    const yaml::Node* node = s.find("steps");
    if (!node) {
        if (s.has("refused")) s.wrong("refused", "a move without steps is not refused by anybody", "steps: {...}");
        return;
    }
    if (!node->is_map() || node->keys.empty()) return s.wrong("steps", "\"steps\" is not a map of steps", "steps: {review: {label: [...], by: \"organ.head\"}}");
    if (!loader.model.flow.declared) return s.wrong("steps", "no module says which types keep the workflow", "flow: {case: ..., work: ..., ...}");
    if (node->keys.size() > steps_max) s.wrong("steps", "more than 40 steps");
    for (std::size_t i = 0; i < std::min(node->keys.size(), steps_max); ++i) {
        const yaml::Node& key = node->keys[i];
        if (const auto bad = judge_name(key.text, NameUse::code)) loader.problems.add(s.place(key), s.subject() + ": step " + bad->message, bad->hint);
        if (key.text == "start") loader.problems.add(s.place(key), s.subject() + ": a step cannot be called start", "start is who started");
        const Section step(loader.problems, s.file(), key, node->items[i], s.subject() + " step " + key.text, {"label", "by", "mode", "disagree", "workdays", "not_doer", "when"});
        step.missing("by", "by: \"organ.head\"");
        FlowStep out;
        out.code = key.text;
        out.label = step.label();
        out.mode = static_cast<FlowStep::Mode>(step.one_of("mode", {"one", "all", "any"}).value_or(0));
        out.disagree_counts = step.one_of("disagree", {"ends", "counts"}).value_or(0) == 1;
        out.not_doer = step.flag("not_doer");
        if (const auto days = step.whole("workdays", 0, workdays_max)) out.workdays = static_cast<int>(*days);
        out.when = step_expression(loader, type, step, "when", true);
        auto by = step_expression(loader, type, step, "by", false);
        if (!by) continue;
        out.by = std::move(by);
        move.steps.push_back(std::move(out));
    }
    if (const auto refused = s.word("refused")) {
        const auto other = std::find_if(type.moves.begin(), type.moves.end(), [&](const Move& m) { return m.code == refused->text; });
        move.refused = refused->text;
        if (other == type.moves.end() || other->code == move.code)
            s.wrong("refused", "there is no other move \"" + refused->text.substr(0, 80) + "\"", "name a move of " + type.code);
    }
}

void read_function(Loader& loader, const Type& type, Move& move, const Section& s) {
    const yaml::Node* node = s.find("function");
    if (!node) return;
    const Section f(loader.problems, s.file(), *node, *node, s.subject() + " function", {"code", "of", "as"});
    const Flow::Functions& functions = loader.model.flow.functions;
    if (functions.type < 0) return s.wrong("function", "no module says which type keeps the functions", "flow: {functions: {type: ..., owner: ..., decides: ..., executes: ...}}");
    FunctionDemand demand;
    f.missing("as", "as: owner, decides or executes");
    demand.part = static_cast<FunctionDemand::Part>(f.one_of("as", {"owner", "decides", "executes"}).value_or(0));
    const int field = demand.part == FunctionDemand::Part::owner ? functions.owner : demand.part == FunctionDemand::Part::decides ? functions.decides : functions.executes;
    if (field < 0) f.wrong("as", "flow functions does not say which field that is", "");
    if (f.has("code") == f.has("of")) f.wrong("code", "says " + std::string(f.has("code") ? "both" : "neither") + " code and of", "exactly one of the two");
    if (const auto code = f.word("code")) demand.code = code->text;
    if (const auto of = f.word("of")) {
        demand.path = resolve_path(loader, type.index, *of, f.subject());
        if (demand.path.empty()) return;
        const Field& last = last_field(loader, type.index, demand.path);
        if (last.kind != FieldKind::reference || last.target != functions.type) f.wrong("of", "the path does not end in a reference to " + loader.type(functions.type).code, "");
    }
    move.function = std::move(demand);
}

void read_moves(Loader& loader, Type& type) {
    const yaml::Node* states = loader.section_of(type).find("states");
    const yaml::Node* moves = states && states->is_map() ? states->find("moves") : nullptr;
    if (!moves || !moves->is_map()) return;
    for (Move& move : type.moves) {
        const auto at = std::find_if(moves->keys.begin(), moves->keys.end(), [&](const yaml::Node& key) { return key.text == move.code; });
        const Section s(loader.problems, loader.section_of(type).file(), *at, moves->items[static_cast<std::size_t>(at - moves->keys.begin())],
                        "move " + type.code + "." + move.code, {"label", "from", "to", "who", "needs", "steps", "refused", "function", "dated"});
        read_steps(loader, type, move, s);
        read_function(loader, type, move, s);
        if (const auto dated = s.word("dated")) {
            move.dated = type.find(dated->text);
            if (move.dated < 0 || type.fields[static_cast<std::size_t>(move.dated)].kind != FieldKind::date)
                s.wrong("dated", type.code + " has no date field \"" + dated->text.substr(0, 80) + "\"", "the day the move happened, e.g. dated: closed_on");
        }
    }
}
}  // namespace

void read_deadlines(Loader& loader) {
    for (Type& type : loader.model.types) {
        const Section& of = loader.section_of(type);
        const yaml::Node* node = of.find("deadlines");
        if (!node) continue;
        if (!node->is_map()) {
            of.wrong("deadlines", "\"deadlines\" is not a map", "deadlines: {due: {from: assigned_on, workdays: days}}");
            continue;
        }
        for (std::size_t i = 0; i < node->keys.size(); ++i) {
            const yaml::Node& key = node->keys[i];
            const Section s(loader.problems, of.file(), key, node->items[i], "deadline " + type.code + "." + key.text, {"from", "workdays", "open", "provisional"});
            s.missing("from", "from: <date field>");
            s.missing("workdays", "workdays: <integer field, or a number>");
            const auto date = [&](const Word& word) {
                const int field = loader.resolve_field(type.index, word, s.subject());
                if (field < 0) return -1;
                if (loader.field(type.index, field).kind == FieldKind::date && !loader.field(type.index, field).computed) return field;
                loader.problems.add(word.where, s.subject() + ": field \"" + word.text + "\" is not a date", "");
                return -1;
            };
            Deadline out;
            out.due = date({key.text, s.where()});
            if (const auto from = s.word("from")) out.from = date(*from);
            if (out.due >= 0 && out.due == out.from) s.wrong("from", "a deadline cannot count from itself", "");
            if (const auto days = s.word("workdays")) {
                if (const auto number = Decimal::parse(days->text)) {
                    const auto whole = s.whole("workdays", 0, workdays_max);
                    out.workdays = static_cast<int>(whole.value_or(0));
                } else {
                    out.workdays_field = loader.resolve_field(type.index, *days, s.subject() + " workdays");
                    if (out.workdays_field >= 0 && loader.field(type.index, out.workdays_field).kind != FieldKind::integer)
                        s.wrong("workdays", "field \"" + days->text + "\" is not an integer", "");
                }
            }
            if (const auto word = s.word("provisional")) {
                out.provisional = loader.resolve_field(type.index, *word, s.subject() + " provisional");
                if (out.provisional >= 0 && loader.field(type.index, out.provisional).kind != FieldKind::boolean) s.wrong("provisional", "field \"" + word->text + "\" is not a boolean", "");
            }
            if (const auto word = s.word("open")) {
                ExpressionUse use;
                use.type = type.index;
                use.subject = s.subject() + " open";
                use.results = {cel::Type::boolean()};
                use.results_text = "true or false";
                out.open = read_expression(loader, use, *word);
            }
            if (out.due >= 0 && out.from >= 0) type.deadlines.push_back(std::move(out));
        }
    }
}

void read_flow(Loader& loader) {
    read_section(loader);
    if (loader.model.flow.declared) read_watch_parts(loader);
    for (Type& type : loader.model.types) read_moves(loader, type);
}

}  // namespace yipan::model
