#include "store/reshape.h"

#include <algorithm>
#include <set>

#include "store/schema.h"

namespace yipan::store {
namespace {
std::size_t at(int i) { return static_cast<std::size_t>(i); }

std::string index_name(const std::string& sql) {  // the quoted word behind INDEX
    const std::size_t begin = sql.find("INDEX ") + 6;
    return sql.substr(begin, sql.find(" ON ", begin) - begin);
}
std::vector<std::string> indexes_of(const model::Model& model, const model::Type& type) {
    auto all = type_tables(model, type);
    all.erase(all.begin());  // the table itself
    return all;
}
// Indexes that stay as they are: of types that keep their name, columns and definition.
std::set<std::string> staying(const Reshape& r) {
    std::set<std::string> out;
    for (const model::Type& now : r.after->types) {
        if (r.types[at(now.index)] < 0) continue;
        const model::Type& was = r.before->types[at(r.types[at(now.index)])];
        if (was.code != now.code) continue;
        std::set<std::string> moved;  // columns that are not the same column any more
        for (std::size_t f = 0; f < now.fields.size(); ++f) {
            const int from = r.columns[at(now.index)][f];
            if (from < 0 || was.fields[at(from)].code != now.fields[f].code) moved.insert(quoted(now.fields[f].code));
        }
        const auto old = indexes_of(*r.before, was);
        for (const std::string& sql : indexes_of(*r.after, now)) {
            const bool clean = std::none_of(moved.begin(), moved.end(),
                                            [&](const std::string& c) { return sql.find(c, sql.find(" ON ")) != std::string::npos; });
            if (clean && std::find(old.begin(), old.end(), sql) != old.end()) out.insert(sql);
        }
    }
    return out;
}
}  // namespace

std::vector<std::string> reshape_first(const Reshape& r) {
    std::vector<std::string> out;
    const auto stay = staying(r);
    for (const model::Type& was : r.before->types) out.push_back("DROP VIEW " + quoted("v_" + was.code));
    for (const model::Type& was : r.before->types)
        for (const std::string& sql : indexes_of(*r.before, was))
            if (!stay.contains(sql)) out.push_back("DROP INDEX " + index_name(sql));
    for (const model::Type& was : r.before->types)
        if (std::find(r.types.begin(), r.types.end(), was.index) == r.types.end())
            out.push_back("DROP TABLE " + quoted(was.code));
    // Names may be exchanged: first out of the way, then into place.
    for (const bool into_place : {false, true})
        for (const model::Type& now : r.after->types) {
            if (r.types[at(now.index)] < 0) continue;
            const std::string was = r.before->types[at(r.types[at(now.index)])].code;
            const std::string between = "yipan_moving_" + std::to_string(now.index);
            if (was != now.code)
                out.push_back("ALTER TABLE " + quoted(into_place ? between : was) + " RENAME TO " +
                              quoted(into_place ? now.code : between));
        }
    for (const model::Type& now : r.after->types) {
        const std::string table = quoted(now.code);
        if (r.types[at(now.index)] < 0) {
            out.push_back(type_tables(*r.after, now).front());
            continue;
        }
        const model::Type& was = r.before->types[at(r.types[at(now.index)])];
        const auto& columns = r.columns[at(now.index)];
        for (std::size_t f = 0; f < was.fields.size(); ++f)
            if (std::find(columns.begin(), columns.end(), static_cast<int>(f)) == columns.end())
                out.push_back("ALTER TABLE " + table + " DROP COLUMN " + quoted(was.fields[f].code));
        for (const bool into_place : {false, true})
            for (std::size_t f = 0; f < columns.size(); ++f) {
                if (columns[f] < 0 || was.fields[at(columns[f])].code == now.fields[f].code) continue;
                const std::string between = "yipan_moving_" + std::to_string(f);
                out.push_back("ALTER TABLE " + table + " RENAME COLUMN " +
                              quoted(into_place ? between : was.fields[at(columns[f])].code) + " TO " +
                              quoted(into_place ? now.fields[f].code : between));
            }
        for (std::size_t f = 0; f < columns.size(); ++f)
            if (columns[f] < 0)
                out.push_back("ALTER TABLE " + table + " ADD COLUMN " + quoted(now.fields[f].code) +
                              (model::stored_as_integer(now.fields[f].kind) ? " INTEGER" : " TEXT"));
    }
    return out;
}

std::vector<std::string> reshape_last(const Reshape& r) {
    std::vector<std::string> out;
    const auto stay = staying(r);
    for (const model::Type& now : r.after->types) {
        for (const std::string& sql : indexes_of(*r.after, now))
            if (!stay.contains(sql)) out.push_back(sql);
        out.push_back(type_view(*r.after, now));
    }
    return out;
}

}  // namespace yipan::store
