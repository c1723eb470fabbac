#pragma once
// The two stores behind one name. BOARD, wherever a command takes it, is the path of a file (SQLite) or an address
// (PostgreSQL): postgresql://[user@]host[:port]/database[?board=NAME&...], a schema of that database.
#include <memory>
#include <string>

#include "store/store.h"

namespace yipan::store {

bool is_address(std::string_view board);
Result<std::unique_ptr<Store>> open(const std::string& board, Access access, const Opening& opening = {});
/// Who writes to a board in a database, and where he can be asked.
struct Holding {
    std::string process, address;
    std::int64_t epoch = 0, batch = 0;
    bool held = false;  // false: nobody does, or whoever did is gone
    bool resting = false;  // held, without a connection until somebody asks: whoever wants to write may take it
};
class Watch {
  public:
    virtual ~Watch() = default;
    virtual Result<Holding> look() = 0;
};
/// Of a board that is an address.
Result<std::unique_ptr<Watch>> watch(const std::string& address);
/// A store that answers every question with this error.
std::unique_ptr<Store> unreachable(Error why);
/// Removes a board that was begun and not finished, so that nothing of it has been told to anybody. One in a database is
/// only removed whole when this process has made it; otherwise while it was never born.
enum class Made { perhaps, by_us };
void discard(const std::string& board, Made made = Made::perhaps);
/// What a board in a database is called; its address must be one.
std::string board_name(const std::string& address);
/// Where files that belong to a board but are not in it lie: the board's own path, or a name for the address in a folder
/// of this machine that is made for it.
std::string beside_stem(const std::string& board);
/// What a command says that works on a board's file; empty for a board that is one.
Status wants_file(const std::string& board, std::string_view what, std::string_view instead);

}  // namespace yipan::store
