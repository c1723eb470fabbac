#include "store/postgres/address.h"

#include <libpq-fe.h>

#include <cstring>
#include <memory>

namespace yipan::store::postgres {
namespace {
constexpr std::size_t name_max = 63;  // bytes: PostgreSQL cuts longer names

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}
std::string decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
            out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

Status check_name(const std::string& name) {
    if (name.empty() || name.size() > name_max)
        return fail(Code::usage, "board=" + name, "a board's name has 1 to 63 bytes", "board=zone_a");
    if (name.starts_with("pg_") || name == "information_schema" || name == "public")
        return fail(Code::usage, "board=" + name, "is a name of PostgreSQL's own", "another name, such as board=zone_a");
    for (const char c : name)
        if (static_cast<unsigned char>(c) < 0x20 || c == '"')
            return fail(Code::usage, "board=" + name, "has a letter that a board's name cannot have",
                        "letters, digits and _");
    return {};
}
}  // namespace

Result<Address> read_address(const std::string& text) {
    Address out;
    out.board = "yipan";
    const std::size_t mark = text.find('?');
    out.server = text.substr(0, mark);
    std::string rest = mark == std::string::npos ? "" : text.substr(mark + 1);
    char sign = '?';
    while (!rest.empty()) {
        const std::size_t end = rest.find('&');
        const std::string part = rest.substr(0, end);
        rest = end == std::string::npos ? "" : rest.substr(end + 1);
        if (part.starts_with("board=")) {
            out.board = decoded(std::string_view(part).substr(6));
        } else if (!part.empty()) {
            out.server += sign + part;
            sign = '&';
        }
    }
    YIPAN_TRY_VOID(check_name(out.board));
    char* problem = nullptr;
    const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options(
        PQconninfoParse(out.server.c_str(), &problem), PQconninfoFree);
    if (!options) {
        std::string said = problem ? problem : "cannot be read";
        PQfreemem(problem);
        while (said.ends_with('\n')) said.pop_back();
        return fail(Code::usage, "BOARD", "this address cannot be read: " + said,
                    "postgresql://user@host/database?board=NAME");
    }
    for (const PQconninfoOption* o = options.get(); o->keyword; ++o)
        if (std::strcmp(o->keyword, "password") == 0 && o->val && *o->val)
            return fail(Code::usage, "BOARD", "a password stands in the address, where others can read it",
                        "leave it out: put it into ~/.pgpass (mode 600) or the variable PGPASSWORD");
    out.shown = text;
    return out;
}

}  // namespace yipan::store::postgres
