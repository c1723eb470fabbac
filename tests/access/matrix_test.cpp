// The permission matrix of the shipped model: every type x action x role, over the demo board. For a post of every role:
// what the evaluator allows is what the filter finds; the list shows, counts, opens, searches and exports the same
// records (I8); and the writer refuses exactly what the evaluator refuses. The matrix is printed and kept beside the
// test as permission_matrix.md.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "access/house.h"
#include "demo.h"

namespace yipan::test {
namespace {
using access::Action;

constexpr std::string_view letters = "scamrvoegixul";  // in the order of model::Action
constexpr std::size_t sample = 12, exported_max = 1'500;

std::vector<std::int64_t> spread(const std::vector<std::int64_t>& ids) {
    std::vector<std::int64_t> out;
    for (std::size_t i = 0; i < sample && i < ids.size(); ++i) out.push_back(ids[i * ids.size() / std::min(sample, ids.size())]);
    return out;
}
std::string key_of(board::Snapshot& snapshot, int type, std::int64_t id) {
    const auto r = snapshot.record(type, RecordId(id));
    const auto& shape = snapshot.model().types[static_cast<std::size_t>(type)];
    const auto* key = r && shape.key >= 0 ? record::as_text(r->at(shape.key)) : nullptr;
    return key ? *key : "";
}

// A field that can be changed a little, and what to.
std::pair<int, record::Value> another_value(board::Snapshot& snapshot, const model::Type& type, std::int64_t id) {
    const auto r = snapshot.record(type.index, RecordId(id));
    for (std::size_t f = type.fields.size(); f-- > 0;) {
        const auto& field = type.fields[f];
        using enum model::FieldKind;
        if (field.computed || field.system) continue;
        const auto* whole = record::as_integer(r->values[f]);
        if (whole && (field.kind == date || field.kind == integer || field.kind == decimal || field.kind == money)) return {static_cast<int>(f), *whole + 1};
        if (const auto* text = record::as_text(r->values[f]); text && field.kind == model::FieldKind::text && !field.unique) return {static_cast<int>(f), *text + "x"};
    }
    for (std::size_t f = 0; f < type.fields.size(); ++f)
        if (const auto* text = record::as_text(r->values[f]); text && type.fields[f].kind == model::FieldKind::choice && !type.fields[f].system)
            for (const auto& choice : type.fields[f].choices)
                if (choice.code != *text) return {static_cast<int>(f), choice.code};
    return {0, record::Value()};
}

TEST(Matrix, every_type_action_and_role_is_the_same_for_evaluator_filter_list_open_count_search_export_and_writer) {
    House house("matrix");
    const auto snapshot = house.board().snapshot();
    const model::Model& model = snapshot->model();
    const auto directory = house.service().rights().directory();
    ASSERT_TRUE(directory);

    std::vector<std::vector<std::int64_t>> ids(model.types.size());
    for (const auto& type : model.types)
        ASSERT_TRUE(snapshot->each(type.index, [&](const record::RecordPtr& r) {
            if (!r->voided) ids[static_cast<std::size_t>(type.index)].push_back(r->id.value);
            return true;
        }));

    struct Column {
        std::string name;
        House::Guest guest;
    };
    std::vector<Column> columns;
    for (std::size_t i = 0; i < model.rights.roles.size(); ++i) {
        // Somebody the demo introduces who acts in this role by the main post; staff and the like are many: the last of them.
        std::optional<std::pair<std::string, std::string>> best;
        for (const auto& one : demo::telling_people()) {
            const std::string post = "P" + one.person.substr(1);
            const auto& roles = (*directory)->roles_of(*snapshot->find(model.identity.post, post));
            const bool has = std::any_of(roles.begin(), roles.end(), [&](const auto& r) { return r.role == static_cast<int>(i); });
            if (has && (!best || roles.size() <= (*directory)->roles_of(*snapshot->find(model.identity.post, best->second)).size())) best = {one.person, post};
        }
        ASSERT_TRUE(best) << "nobody on the demo board is " << model.rights.roles[i].code;
        columns.push_back({model.rights.roles[i].code, house.as(best->first, best->second)});
    }

    std::string table = "| type |";
    for (const auto& c : columns) table += " " + c.name + " |";
    table += "\n| --- |";
    for (std::size_t i = 0; i < columns.size(); ++i) table += " --- |";
    table += "\n";
    std::int64_t cells = 0, exported = 0, opened = 0, refused = 0, accepted = 0;
    for (const auto& type : model.types) {
        const auto& all = ids[static_cast<std::size_t>(type.index)];
        table += "| " + type.code + " |";
        for (const auto& column : columns) {
            SCOPED_TRACE(type.code + " as " + column.name);
            const auto who = house.service().rights().who(column.guest.person, column.guest.post);
            ASSERT_TRUE(who);
            std::string cell;
            std::array<std::set<std::int64_t>, model::action_count> may;
            for (int a = 0; a < model::action_count; ++a) {
                const auto action = static_cast<Action>(a);
                auto& set = may[static_cast<std::size_t>(a)];
                if ((*who)->may_ever(type.index, action))
                    for (const std::int64_t id : all)
                        if ((*who)->may(action, *snapshot->record(type.index, RecordId(id)), snapshot->resolver())) set.insert(id);
                const auto where = (*who)->where(type.index, action, snapshot->resolver());
                ASSERT_TRUE(where);
                board::Snapshot::Query q;
                q.also = where->sql;
                q.also_parameters = where->parameters;
                const auto count = snapshot->count(type.index, q, INT64_MAX);
                ASSERT_TRUE(count) << count.error().text();
                EXPECT_EQ(*count, static_cast<std::int64_t>(set.size())) << model::action_name(action) << ": the filter differs from the evaluator";
                const char letter = letters[static_cast<std::size_t>(a)];
                if (!set.empty() || (all.empty() && (*who)->may_ever(type.index, action)))
                    cell += set.size() == all.size() ? static_cast<char>(std::toupper(letter)) : letter;
                else if ((*who)->may_ever(type.index, action))
                    cell += "(" + std::string(1, letter) + ")";  // a right, but nothing here falls under it
                ++cells;
            }
            table += " " + (cell.empty() ? "·" : cell) + " |";

            // list = count = open = search
            const auto& seen = may[static_cast<std::size_t>(Action::see)];
            const auto list = house.ask(column.guest, "GET", "/records/" + type.code + "?limit=200&total=exact&sort=id");
            if (!(*who)->may_ever(type.index, Action::see)) {
                EXPECT_EQ(list.status, 404);
            } else {
                ASSERT_EQ(list.status, 200) << list.text.substr(0, 400);
                EXPECT_EQ(list.body.at("total").at("value").as_int64(), static_cast<std::int64_t>(seen.size()));
                auto expected = seen.begin();
                for (const auto& row : list.body.at("rows").as_array()) EXPECT_EQ(row.at("id").as_int64(), *expected++);
            }
            // What goes out in a table is what one may both see and export; long ones are left to the evaluator above.
            std::vector<std::int64_t> leaves;
            const auto& out = may[static_cast<std::size_t>(Action::exporting)];
            std::set_intersection(seen.begin(), seen.end(), out.begin(), out.end(), std::back_inserter(leaves));
            if (leaves.size() <= exported_max) {
                const auto table_out = house.ask(column.guest, "GET", "/export/" + type.code + ".csv");
                const bool see = (*who)->may_ever(type.index, Action::see), may_export = (*who)->may_ever(type.index, Action::exporting);
                EXPECT_EQ(table_out.status, !see ? 404 : !may_export ? 403 : 200) << table_out.text.substr(0, 300);
                if (table_out.status == 200) { EXPECT_EQ(table_out.header("Yipan-Rows"), std::to_string(leaves.size())); }
                ++exported;
            }
            std::vector<std::int64_t> hidden;
            std::set_difference(all.begin(), all.end(), seen.begin(), seen.end(), std::back_inserter(hidden));
            for (const std::int64_t id : spread({seen.begin(), seen.end()})) {
                EXPECT_EQ(house.ask(column.guest, "GET", fmt::format("/records/{}/{}", type.code, id)).status, 200) << id;
                ++opened;
                EXPECT_EQ(house.ask(column.guest, "GET", fmt::format("/records/{}/{}/history", type.code, id)).status, 200) << id;
            }
            for (const std::int64_t id : spread(hidden)) {
                EXPECT_EQ(house.ask(column.guest, "GET", fmt::format("/records/{}/{}", type.code, id)).status, 404) << id;
                ++opened;
                for (const char* more : {"/history", "/story", "/rights", "/readers"})
                    EXPECT_EQ(house.ask(column.guest, "GET", fmt::format("/records/{}/{}{}", type.code, id, more)).status, 404) << id << more;
                const std::string key = key_of(*snapshot, type.index, id);
                if (key.empty() || !(*who)->may_ever(type.index, Action::see)) continue;
                const auto picked = house.ask(column.guest, "GET", "/pick/" + type.code + "?q=" + net::url_encoded(key));
                EXPECT_EQ(picked.text.find(fmt::format("\"id\":{},", id)), std::string::npos) << "the picker finds " << key;
                const auto filtered = house.ask(column.guest, "GET", "/records/" + type.code + "?q=" + net::url_encoded(key));
                EXPECT_EQ(filtered.text.find(fmt::format("\"id\":{},", id)), std::string::npos) << "the list finds " << key;
            }
            // What may be exported may be seen.
            for (const Action a : {Action::exporting, Action::amend, Action::unmask, Action::clear})
                EXPECT_TRUE(std::includes(seen.begin(), seen.end(), may[static_cast<std::size_t>(a)].begin(), may[static_cast<std::size_t>(a)].end()))
                    << model::action_name(a) << " without seeing";

            // The writer: a dry run is refused for want of rights exactly where the evaluator says so.
            for (const auto& [verb, action] : {std::pair{board::Verb::amend, Action::amend}, std::pair{board::Verb::remove, Action::remove},
                                              std::pair{board::Verb::invalidate, Action::invalidate}}) {
                const std::vector<std::int64_t> tried = spread(all);
                std::vector<board::Draft> drafts;
                for (const std::int64_t id : tried) {
                    board::Draft& d = drafts.emplace_back();
                    d.actor = column.guest.person, d.post = column.guest.post, d.channel = "web", d.dry_run = true;
                    board::Change c;
                    c.verb = verb, c.type = type.index, c.record = RecordId(id), c.note = "test";
                    if (verb == board::Verb::amend) c.set.push_back(another_value(*snapshot, type, id));
                    d.changes.push_back(std::move(c));
                }
                const auto answers = house.board().apply_batch(std::move(drafts));
                for (std::size_t n = 0; n < tried.size(); ++n) {
                    const auto& answer = answers[n];
                    const std::int64_t id = tried[n];
                    const bool forbidden = !answer && std::any_of(answer.error().begin(), answer.error().end(), [](const Error& e) { return e.code == Code::not_allowed; });
                    EXPECT_EQ(forbidden, !may[static_cast<std::size_t>(action)].contains(id)) << model::action_name(action) << " " << id << (answer ? "" : ": " + text_of(answer.error()));
                    ++(forbidden ? refused : accepted);
                }
            }
        }
        table += "\n";
    }
    const std::string legend =
        "s see, c create, a amend, m move, r remove, v void, o restore, e erase, g merge, i import, x export, u unmask, l clear (personal).\n"
        "Capital: every record of the demo board; small: some; in brackets: a right under which no record falls there.\n\n";
    std::printf("%s%s%lld cells; %lld exports compared, %lld opened, %lld drafts let through, %lld refused\n", legend.c_str(), table.c_str(), static_cast<long long>(cells), static_cast<long long>(exported),
                static_cast<long long>(opened), static_cast<long long>(accepted), static_cast<long long>(refused));
    std::ofstream("permission_matrix.md") << legend << table;
    EXPECT_GT(refused, 1000);
    EXPECT_GT(accepted, 200);
}

}  // namespace
}  // namespace yipan::test
