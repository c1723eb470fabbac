#include "second_database.h"

#include <gtest/gtest.h>

#include "place.h"
#include "store/schema.h"

namespace yipan::cel {
namespace {
using Column = store::postgres::Kind;

Column kind_of(const Type& type) {
    return type.is(Type::K::string) || type.is(Type::K::list) ? Column::text : type.is(Type::K::real) ? Column::real : Column::integer;
}
std::string literal(const Value& v) {
    switch (v.kind()) {
        case Kind::null: return "NULL";
        case Kind::integer: return "(" + std::to_string(v.as_int()) + ")";
        case Kind::real: {
            char text[64];
            std::snprintf(text, sizeof text, "'%.17g'", v.as_double());
            return text;
        }
        default: break;
    }
    std::string out = "'";
    for (const char c : v.text()) out += c == '\'' ? "''" : std::string(1, c);
    return out + "'";
}
}  // namespace

SecondDatabase::SecondDatabase() {
    static int count = 0;
    const auto address = store::postgres::read_address(postgres_test::board_address("cel" + std::to_string(++count)));
    auto link = store::postgres::Link::open(*address, false);
    EXPECT_TRUE(link) << link.error().text();
    link_ = std::move(*link);
    EXPECT_TRUE(link_->run("CREATE SCHEMA " + store::quoted(address->board)));
}
SecondDatabase::~SecondDatabase() { (void)link_->run("DROP SCHEMA " + store::quoted(link_->address().board) + " CASCADE"); }

void SecondDatabase::create(const Schema& schema) {
    schema_ = &schema;
    for (const ObjectType& t : schema.types()) {
        std::string sql = "CREATE TABLE " + store::quoted(t.table()) + "(id bigint PRIMARY KEY";
        for (const ObjectField& f : t.fields) {
            const Column kind = kind_of(f.type);
            sql += ", " + store::quoted(f.column_name()) + (kind == Column::text ? " text COLLATE \"C\"" : kind == Column::real ? " double precision" : " bigint");
        }
        const Status made = link_->run(sql + ")");
        EXPECT_TRUE(made) << made.error().text();
    }
}
void SecondDatabase::add(const ObjectType& type, std::int64_t id, const std::vector<Value>& cells) {
    std::string sql = "INSERT INTO " + store::quoted(type.table()) + " VALUES(" + std::to_string(id);
    for (const Value& v : cells) sql += ", " + literal(v);
    const Status put = link_->run(sql + ")");
    EXPECT_TRUE(put) << put.error().text() << sql;
}

std::optional<std::vector<std::int64_t>> SecondDatabase::select(const std::string& where, const std::vector<Value>& params) {
    std::vector<record::Value> values;
    store::postgres::Args args;
    std::vector<Oid> types;
    for (const Value& v : params) {
        if (v.is(Kind::real)) return {};
        if (v.is_null())
            values.emplace_back();
        else if (v.is(Kind::integer))
            values.emplace_back(v.as_int());
        else
            values.emplace_back(std::string(v.text()));
    }
    for (const auto& v : values) args.value(v), types.push_back(record::as_integer(v) ? 20 : 25);
    const auto made = store::postgres::condition(where, "item", *this, values);
    if (!made) {
        ADD_FAILURE() << made.error().text() << "\n" << where;
        return {};
    }
    const auto rows = link_->ask("SELECT t.id FROM item t WHERE " + made->sql + " ORDER BY t.id", args, types);
    if (!rows) {
        ADD_FAILURE() << rows.error().text() << "\n" << where << "\n" << made->sql;
        link_->forget_failure();
        return {};
    }
    std::vector<std::int64_t> ids;
    for (int i = 0; i < rows->size(); ++i) ids.push_back(rows->integer(i, 0));
    return ids;
}

std::string SecondDatabase::physical(std::string_view table) const { return std::string(table); }
std::optional<store::postgres::Kind> SecondDatabase::column(std::string_view table, std::string_view column) const {
    if (column == "id") return Column::integer;
    for (const ObjectType& t : schema_->types())
        if (t.table() == table)
            for (const ObjectField& f : t.fields)
                if (f.column_name() == column) return kind_of(f.type);
    return {};
}

}  // namespace yipan::cel
