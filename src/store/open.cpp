#include "store/open.h"

#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>

#include "base/hash.h"
#include "store/care.h"
#include "store/postgres/postgres.h"
#include "store/postgres/tables.h"

namespace yipan::store {
namespace {
// A folder of this user's; files that belong to a board in a database lie there, each machine having its own.
std::string state_folder() {
    const char* given = std::getenv("XDG_STATE_HOME");
    const char* home = std::getenv("HOME");
    std::string out = given && *given ? given : home && *home ? std::string(home) + "/.local/state" : "/var/tmp";
    out += "/yipan";
    for (std::size_t at = out.find('/', 1); at != std::string::npos; at = out.find('/', at + 1))
        (void)::mkdir(out.substr(0, at).c_str(), 0700);
    (void)::mkdir(out.c_str(), 0700);
    return out;
}
}  // namespace

bool is_address(std::string_view board) {
    return board.starts_with("postgresql://") || board.starts_with("postgres://");
}

Result<std::unique_ptr<Store>> open(const std::string& board, Access access, const Opening& opening) {
    return is_address(board) ? postgres::Postgres::open(board, access) : open_sqlite(board, access, opening);
}

Care* care_of(Store& store) { return dynamic_cast<Care*>(&store); }
Result<std::unique_ptr<Watch>> watch(const std::string& address) { return postgres::HolderWatch::open(address); }

// Every board has a head from its birth on: a schema with one is never touched.
void discard(const std::string& board, Made made) {
    if (!is_address(board)) {
        for (const char* suffix : {"", "-wal", "-shm", "-lock"}) (void)std::remove((board + suffix).c_str());
        return;
    }
    const auto address = postgres::read_address(board);
    if (!address) return;
    const auto link = postgres::Link::open(*address, false);
    if (!link) return;
    const auto heads = (*link)->ask("SELECT count(*) FROM yipan_head");
    if (heads && (made == Made::by_us || heads->integer(0, 0) == 0)) (void)(*link)->run("DROP SCHEMA " + postgres::name_of(address->board) + " CASCADE");
}

std::string board_name(const std::string& address) {
    const auto read = postgres::read_address(address);
    return read ? read->board : "";
}

std::string beside_stem(const std::string& board) {
    if (!is_address(board)) return board;
    const auto address = postgres::read_address(board);
    std::string name = address ? address->board : "board";
    for (char& c : name)
        if (c == '/' || c == '.') c = '_';
    constexpr std::size_t digits = 12;
    const std::string which = address ? address->server + " " + address->board : board;
    return state_folder() + "/" + name + "-" + hex(sha256(which)).substr(0, digits);
}

Status wants_file(const std::string& board, std::string_view what, std::string_view instead) {
    if (!is_address(board)) return {};
    return fail(Code::usage, std::string(what), "works on a board's file, and this board lies in a database",
                std::string(instead));
}

}  // namespace yipan::store
