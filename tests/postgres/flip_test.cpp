// A value in a row of the database changes behind the program's back: `verify` names the record, the entry, the node or the
// attachment, every time. 60 changes, 1,000 with YIPAN_TEST_LEVEL=long.
#include <random>

#include "small_board.h"

namespace yipan::postgres_test {
namespace {
struct Place {
    const char* table;
    const char* key;     // column that names the row
    const char* column;
    bool text;
};
constexpr Place places[] = {
    {"yipan_entry", "position", "time", false},    {"yipan_entry", "position", "actor", false},
    {"yipan_entry", "position", "verb", false},    {"yipan_entry", "position", "record", false},
    {"yipan_entry", "position", "version", false}, {"yipan_entry", "position", "effective", false},
    {"yipan_entry", "position", "leaf", true},     {"yipan_entry", "position", "salt", true},
    {"yipan_entry", "position", "body", true},     {"yipan_node", "idx", "hash", true},
    {"payment", "id", "amount", false},            {"payment", "id", "payee", true},
    {"payment", "id", "yipan_version", false},     {"payment", "id", "yipan_position", false},
    {"yipan_head", "id", "root", true},            {"yipan_attachment_part", "idx", "body", true},
};

TEST(Flip, every_changed_value_of_a_row_is_found_by_verify) {
    const char* said = std::getenv("YIPAN_TEST_LEVEL");
    const int flips = said && std::string(said) == "long" ? 1'000 : 60;
    SmallBoard small("flip");
    board::Draft many;
    many.channel = "test";
    for (std::int64_t i = 0; i < 600; ++i) many.changes.push_back(small.payment(i).changes[0]);
    ASSERT_TRUE(small.board->apply(many));
    std::string paper(300'000, 'f');
    ASSERT_TRUE(small.board->put_attachment([&](char* out, std::size_t room) -> Result<std::size_t> {
        const std::size_t n = std::min(room, paper.size());
        paper.copy(out, n);
        paper.erase(0, n);
        return n;
    }));
    small.board.reset();
    const auto sound = board::Board::verify_file(small.address);
    ASSERT_TRUE(sound.ok) << text_of(sound.problems);
    const auto link = side_door(small.address);
    std::mt19937_64 random(20261128);
    int found = 0, named = 0;
    for (int i = 0; i < flips; ++i) {
        const Place& p = places[static_cast<std::size_t>(i) % std::size(places)];
        const std::string table = p.table, column = p.column, key = p.key;
        const auto count = link->ask("SELECT count(*) FROM " + table + " WHERE " + column + " IS NOT NULL");
        ASSERT_TRUE(count && count->integer(0, 0) > 0);
        const auto skip = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(count->integer(0, 0)));
        const auto row = link->ask("SELECT " + key + " FROM " + table + " WHERE " + column + " IS NOT NULL ORDER BY " + key + " OFFSET $1 LIMIT 1",
                                   store::postgres::Args().add(skip));
        ASSERT_TRUE(row && row->size() == 1);
        const std::string id = std::to_string(row->integer(0, 0)), where = " WHERE " + key + " = " + id;
        ASSERT_TRUE(link->run("CREATE TEMP TABLE was AS SELECT * FROM " + table + where));
        const bool bytes = column == "leaf" || column == "salt" || column == "hash" || column == "root" || table == "yipan_attachment_part";
        const std::string change = !p.text ? column + " + 1"
                                   : bytes ? "set_byte(" + column + ", 3, (get_byte(" + column + ", 3) + 1) % 256)"
                                           : "overlay(" + column + " placing 'Z' from 2 for 1)";
        ASSERT_TRUE(link->run("UPDATE " + table + " SET " + column + " = " + change + where));
        const auto report = board::Board::verify_file(small.address);
        EXPECT_FALSE(report.ok) << table << "." << column << " of " << id << " went unnoticed";
        found += !report.ok;
        const std::string told = text_of(report.problems);
        const bool by_name = table == "yipan_entry"   ? told.find("entry " + id) != std::string::npos
                             : table == "payment"     ? told.find("payment " + id) != std::string::npos
                             : table == "yipan_node"  ? told.find("node") != std::string::npos
                             : table == "yipan_head"  ? told.find("root") != std::string::npos
                                                      : told.find("attachment") != std::string::npos;
        EXPECT_TRUE(by_name) << table << "." << column << " of " << id << ": " << told;
        named += by_name;
        ASSERT_TRUE(link->run("UPDATE " + table + " SET " + column + " = was." + column + " FROM was" + " WHERE " + table + "." + key + " = " + id));
        ASSERT_TRUE(link->run("DROP TABLE was"));
    }
    EXPECT_TRUE(board::Board::verify_file(small.address).ok);
    std::printf("flip: %d values in rows changed, %d found, %d named\n", flips, found, named);
}
}  // namespace
}  // namespace yipan::postgres_test
