#include "store/postgres/link.h"

#include <endian.h>

#include <cstring>

#include "base/check.h"

namespace yipan::store::postgres {
namespace {
constexpr int oldest_server = 130'000;
constexpr std::size_t statements_max = 400;  // prepared at once
constexpr std::size_t queue_max = 2'000;     // answers waited for at the latest then
constexpr std::size_t copied_max = 64 << 10; // bytes of rows kept until they are sent
constexpr std::string_view copy_head{"PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19};
constexpr std::string_view copy_end{"\377\377", 2};
constexpr Oid oid_bool = 16, oid_int8 = 20, oid_int2 = 21, oid_int4 = 23;

std::string trimmed(const char* text) {
    std::string out;
    for (const char* c = text ? text : ""; *c; ++c) {
        const bool blank = *c == '\n' || *c == '\t' || *c == ' ';
        if (!blank)
            out += *c;
        else if (!out.empty() && !out.ends_with(' '))
            out += ' ';
    }
    while (out.ends_with(' ')) out.pop_back();
    return out;
}
std::string quoted_name(const std::string& name) {
    std::string out = "\"";
    for (const char c : name) out += c == '"' ? "\"\"" : std::string(1, c);
    return out + "\"";
}
}  // namespace

// ---- values ----
Args& Args::add(std::int64_t v) {
    Number& n = numbers_.emplace_back();
    const std::uint64_t big = htobe64(static_cast<std::uint64_t>(v));
    std::memcpy(n.bytes, &big, sizeof big);
    values_.push_back(n.bytes);
    lengths_.push_back(sizeof big);
    formats_.push_back(1);
    return *this;
}
Args& Args::text(std::string_view v) {
    values_.push_back(v.data() ? v.data() : "");
    lengths_.push_back(static_cast<int>(v.size()));
    formats_.push_back(1);
    return *this;
}
Args& Args::null() {
    values_.push_back(nullptr);
    lengths_.push_back(0);
    formats_.push_back(1);
    return *this;
}
Args& Args::value(const record::Value& v) {
    if (const auto* n = record::as_integer(v)) return add(*n);
    if (const auto* t = record::as_text(v)) return text(*t);
    return null();
}

// The binary form of an array of one dimension: dimensions, whether any is NULL, the elements' type, length, lower bound;
// then each with its length before it.
namespace {
void put_big(std::string& to, std::uint64_t n, int bytes) {
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) to += static_cast<char>(n >> shift & 0xff);
}
std::string array_head(std::size_t size, Oid element) {
    std::string out;
    for (const std::uint64_t n : {std::uint64_t{1}, std::uint64_t{0}, std::uint64_t{element}, std::uint64_t{size}, std::uint64_t{1}}) put_big(out, n, 4);
    return out;
}
}  // namespace
Args& Args::numbers(const std::vector<std::int64_t>& list) {
    std::string& all = lists_.emplace_back(array_head(list.size(), oid_int8));
    for (const std::int64_t n : list) {
        put_big(all, sizeof n, 4);
        put_big(all, static_cast<std::uint64_t>(n), sizeof n);
    }
    return text(all);
}
Args& Args::texts(const std::vector<std::string_view>& list, Oid element) {
    std::string& all = lists_.emplace_back(array_head(list.size(), element));
    for (const std::string_view t : list) {
        put_big(all, t.size(), 4);
        all += t;
    }
    return text(all);
}

std::int64_t Rows::integer(int row, int column) const {
    const std::string_view v = text(row, column);
    std::uint64_t n = 0;
    for (const char c : v) n = n << 8 | static_cast<unsigned char>(c);
    switch (v.size()) {
        case 2: return static_cast<std::int16_t>(n);
        case 4: return static_cast<std::int32_t>(n);
        default: return static_cast<std::int64_t>(n);
    }
}
Result<Digest> Rows::digest(int row, int column) const {
    Digest d;
    const std::string_view v = text(row, column);
    if (v.size() != d.size()) return fail(Code::corrupt, "", "a stored hash does not have 32 bytes");
    std::memcpy(d.data(), v.data(), d.size());
    return d;
}
record::Value Rows::value(int row, int column) const {
    if (null(row, column)) return {};
    switch (PQftype(result_.get(), column)) {
        case oid_bool: return static_cast<std::int64_t>(text(row, column) != std::string_view("\0", 1));
        case oid_int2:
        case oid_int4:
        case oid_int8: return integer(row, column);
        default: return std::string(text(row, column));
    }
}

// ---- errors ----
Error refused(const PGresult* result, const Address& address) {
    const char* state_text = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const std::string state = state_text ? state_text : "";
    const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char* table = PQresultErrorField(result, PG_DIAG_TABLE_NAME);
    const std::string said = primary ? trimmed(primary) : trimmed(PQresultErrorMessage(result));
    const auto make = [&](Code code, std::string hint) {
        return Error{code, address.shown, "the database refused: " + said + (state.empty() ? "" : " [" + state + "]"),
                     std::move(hint)};
    };
    if (state == "23502" && table && std::string_view(table) == "yipan_holder")
        return {Code::busy, address.shown, "another process has taken the board over and writes to it now",
                "open the board anew; what was not answered can be sent again with the same idempotency key"};
    if (state == "42501")
        return {Code::read_only, address.shown, "the database user may not do this: " + said,
                "the owner of the database grants it: GRANT CREATE ON DATABASE ... TO ..., or makes the schema for this user"};
    if (state.starts_with("53100")) return make(Code::store_failed, "the database's disk is full: free some space; nothing was half-written");
    if (state == "53300") return make(Code::busy, "too many connections: raise max_connections or close some");
    if (state == "25006") return make(Code::read_only, "this server is a replica: write to its primary");
    if (state == "55P03" || state == "40P01" || state == "57014")
        return make(Code::busy, "somebody else reads or changes these tables for long; try again");
    if (state.starts_with("57P") || state.starts_with("08"))
        return make(Code::store_failed, "the database server stops or restarts; try again when it runs");
    if (state.starts_with("XX00") && state != "XX000") return make(Code::corrupt, "the database found damage in its files; restore a backup");
    if (state == "42P01" || state == "3F000")
        return make(Code::wrong_format, "this schema is no board, or somebody removed tables of it; yipan init and yipan demo make boards");
    return make(Code::store_failed, "");
}

Error Link::lost_error() {
    lost_ = true;
    const std::string said = trimmed(PQerrorMessage(connection_));
    return {Code::store_failed, address_.shown, "the connection to the database was lost" + (said.empty() ? "" : ": " + said),
            "see whether the server runs; what was not answered can be sent again with the same idempotency key"};
}
void Link::note(Error error) {
    if (!failure_) failure_ = std::move(error);
}

// ---- connecting ----
Link::~Link() {
    if (connection_) PQfinish(connection_);
}

Result<std::unique_ptr<Link>> Link::open(const Address& address, bool durable) {
    std::unique_ptr<Link> link(new Link(address));
    link->reads_only_ = !durable;
    YIPAN_TRY_VOID(link->connect());
    YIPAN_TRY_VOID(link->fit(durable));
    YIPAN_CHECK(PQenterPipelineMode(link->connection_) == 1);
    return link;
}

void Link::hang_up() {
    const std::lock_guard lock(mutex_);
    PQfinish(connection_);
    connection_ = nullptr;
    expected_.clear();
    statements_.clear();
    failure_.reset();
    copying_.clear();
    copied_.clear();
    lost_ = true;
}
Status Link::call_again() {
    const std::lock_guard lock(mutex_);
    Status done = connect_again();
    if (!done) hang_up();
    return done;
}
Status Link::connect_again() {
    hang_up();
    YIPAN_TRY_VOID(connect());
    YIPAN_TRY_VOID(fit(!reads_only_));
    YIPAN_CHECK(PQenterPipelineMode(connection_) == 1);
    lost_ = ended_ = false;
    return {};
}

Status Link::connect() {
    const char* keys[] = {"dbname", "fallback_application_name", "connect_timeout", "client_encoding", nullptr};
    const char* values[] = {address_.server.c_str(), "yipan", "10", "UTF8", nullptr};
    connection_ = PQconnectdbParams(keys, values, 1);
    PQsetNoticeProcessor(connection_, [](void*, const char*) {}, nullptr);
    if (PQstatus(connection_) == CONNECTION_OK) return {};
    const std::string said = trimmed(PQerrorMessage(connection_));
    const bool unknown = said.find("does not exist") != std::string::npos;
    return fail(unknown ? Code::not_found : Code::store_failed, address_.shown, "no connection to the database: " + said,
                unknown ? "createdb and createuser make them"
                        : "see whether the server runs, and whether pg_hba.conf and ~/.pgpass let this user in");
}

Result<std::string> Link::plain(const char* sql) {
    const std::unique_ptr<PGresult, void (*)(PGresult*)> r(PQexec(connection_, sql), PQclear);
    const auto status = PQresultStatus(r.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        if (PQstatus(connection_) == CONNECTION_BAD) return fail(lost_error());
        return fail(refused(r.get(), address_));
    }
    return status == PGRES_TUPLES_OK && PQntuples(r.get()) > 0 ? std::string(PQgetvalue(r.get(), 0, 0)) : std::string();
}

Status new_enough(int version, const Address& address) {
    if (version >= oldest_server) return {};
    const std::string name = version < 100'000 ? std::to_string(version / 10'000) + "." + std::to_string(version / 100 % 100) : std::to_string(version / 10'000);
    return fail(Code::wrong_format, address.shown, "the server is PostgreSQL " + name + ", older than 13", "use PostgreSQL 13 or later");
}

Status Link::fit(bool durable) {
    YIPAN_TRY_VOID(new_enough(PQserverVersion(connection_), address_));
    YIPAN_TRY(const std::string encoding, plain("SHOW server_encoding"));
    if (encoding != "UTF8")
        return fail(Code::wrong_format, address_.shown, "the database stores text as " + encoding + ", not UTF8",
                    "createdb -E UTF8 -T template0 NAME");
    if (PQbackendPID(connection_) == 0) return fail(lost_error());
    YIPAN_TRY_VOID(no_pooler());
    YIPAN_TRY_VOID(plain(("SET search_path = " + quoted_name(address_.board) +
                          "; SET standard_conforming_strings = on; SET lock_timeout = '10s'; SET statement_timeout = 0; SET "
                          "idle_in_transaction_session_timeout = 0; SET jit = off; SET TimeZone = 'UTC'; SET "
                          "default_transaction_isolation = 'read committed'; SET client_min_messages = warning")
                             .c_str())
                       .map([](const std::string&) {}));
    if (!durable) return {};
    YIPAN_TRY(const std::string fsync, plain("SHOW fsync"));
    if (fsync != "on")
        return fail(Code::store_failed, address_.shown,
                    "the server runs with fsync = off: what it accepts does not survive a power cut",
                    "fsync = on in postgresql.conf");
    YIPAN_TRY(const std::string kept, plain("SHOW synchronous_commit"));
    if (kept == "off") YIPAN_TRY_VOID(plain("SET synchronous_commit = on").map([](const std::string&) {}));
    YIPAN_TRY(const std::string now, plain("SHOW synchronous_commit"));
    if (now == "off")
        return fail(Code::store_failed, address_.shown, "synchronous_commit cannot be switched on",
                    "ALTER ROLE ... SET synchronous_commit = on");
    return {};
}

// A pooler gives a connection a number of its own. One that keeps a server's process for us as long as we are connected
// is harmless; one that may give us another after each transaction loses prepared statements, settings and locks.
Status Link::no_pooler() {
    const auto process = [](PGconn* c) {
        const std::unique_ptr<PGresult, void (*)(PGresult*)> r(PQexec(c, "SELECT pg_backend_pid()"), PQclear);
        return PQntuples(r.get()) == 1 ? std::atoi(PQgetvalue(r.get(), 0, 0)) : 0;
    };
    const int mine = process(connection_);
    if (mine == PQbackendPID(connection_)) return {};
    const char* keys[] = {"dbname", nullptr};
    const char* values[] = {address_.server.c_str(), nullptr};
    const std::unique_ptr<PGconn, void (*)(PGconn*)> second(PQconnectdbParams(keys, values, 1), PQfinish);
    if (PQstatus(second.get()) != CONNECTION_OK) return {};
    PQclear(PQexec(second.get(), "BEGIN"));
    const int other = process(second.get());
    const int again = process(connection_);
    PQclear(PQexec(second.get(), "ROLLBACK"));
    if (other != mine && again == mine) return {};
    return fail(Code::wrong_format, address_.shown,
                "a pooler in transaction mode stands before the database: it changes the server's process between "
                "transactions",
                "connect to the server itself, or to a pool in session mode (pool_mode = session)");
}

// ---- statements ----
Result<Link::Prepared*> Link::prepare(std::string_view sql, const std::vector<Oid>& types) {
    std::string key(sql);
    for (const Oid t : types) key += "\x01" + std::to_string(t);
    if (statements_.size() >= statements_max && !statements_.contains(key)) YIPAN_TRY_VOID(forget_statements());
    Prepared& p = statements_[key];
    if (p.there) return &p;
    if (p.name.empty()) p.name = "y" + std::to_string(++named_);
    if (PQsendPrepare(connection_, p.name.c_str(), std::string(sql).c_str(), static_cast<int>(types.size()), types.data()) != 1)
        return fail(lost_error());
    expected_.push_back({Expected::Kind::prepared, &p});
    p.there = true;  // unless its answer says otherwise
    return &p;
}

Status Link::send(std::string_view sql, const Args& args, const std::vector<Oid>& types, Expected::Kind kind) {
    YIPAN_TRY_VOID(end_copy());
    if (lost_) return fail(lost_error());
    if (failure_) return fail(*failure_);
    YIPAN_TRY(const Prepared* p, prepare(sql, types));
    if (PQsendQueryPrepared(connection_, p->name.c_str(), static_cast<int>(args.values_.size()), args.values_.data(),
                            args.lengths_.data(), args.formats_.data(), 1) != 1)
        return fail(lost_error());
    expected_.push_back({kind, nullptr});
    return {};
}

Status Link::queue(std::string_view sql, const Args& args, const std::vector<Oid>& types) {
    const std::lock_guard lock(mutex_);
    YIPAN_TRY_VOID(send(sql, args, types, Expected::Kind::statement));
    return expected_.size() >= queue_max ? settle() : Status{};
}

Result<Rows> Link::ask(std::string_view sql, const Args& args, const std::vector<Oid>& types) {
    const std::lock_guard lock(mutex_);
    if (!connection_ && reads_only_) YIPAN_TRY_VOID(call_again());
    const bool alone = !in_transaction();
    const auto once = [&]() -> Result<Rows> {
        YIPAN_TRY_VOID(send(sql, args, types, Expected::Kind::answer));
        std::vector<Rows> rows;
        YIPAN_TRY_VOID(drain(&rows));
        return rows.empty() ? Rows() : std::move(rows.front());
    };
    Result<Rows> rows = once();
    if (!rows && lost_ && reads_only_ && alone && call_again()) rows = once();
    return rows;
}

Result<std::vector<Rows>> Link::ask_all(const std::deque<Question>& questions) {
    const std::lock_guard lock(mutex_);
    for (const Question& q : questions) YIPAN_TRY_VOID(send(q.sql, q.args, q.types, Expected::Kind::answer));
    std::vector<Rows> answers;
    YIPAN_TRY_VOID(drain(&answers));
    YIPAN_CHECK(answers.size() == questions.size());
    return answers;
}

Status Link::settle() {
    const std::lock_guard lock(mutex_);
    YIPAN_TRY_VOID(end_copy());
    if (expected_.empty()) return failure_ ? Status(fail(*failure_)) : Status{};
    return drain(nullptr);
}

Status Link::run(std::string_view sql) {
    const std::lock_guard lock(mutex_);
    YIPAN_TRY_VOID(end_copy());
    if (lost_) return fail(lost_error());
    if (failure_) return fail(*failure_);
    if (PQsendQueryParams(connection_, std::string(sql).c_str(), 0, nullptr, nullptr, nullptr, nullptr, 1) != 1)
        return fail(lost_error());
    expected_.push_back({Expected::Kind::statement, nullptr});
    return drain(nullptr);
}

// ---- COPY: no part of the pipeline, so that is left for as long ----
Status Link::copy_row(const std::string& table, std::string_view columns, const Args& row) {
    const std::lock_guard lock(mutex_);
    if (copying_ != table) {
        YIPAN_TRY_VOID(end_copy());
        YIPAN_TRY_VOID(begin_copy(table, columns));
    }
    const auto put = [this](auto number) {
        const auto big = static_cast<std::make_unsigned_t<decltype(number)>>(number);
        for (int shift = static_cast<int>(sizeof big - 1) * 8; shift >= 0; shift -= 8) copied_ += static_cast<char>(big >> shift & 0xff);
    };
    put(static_cast<std::int16_t>(row.values_.size()));
    for (std::size_t i = 0; i < row.values_.size(); ++i) {
        put(static_cast<std::int32_t>(row.values_[i] ? row.lengths_[i] : -1));
        if (row.values_[i]) copied_.append(row.values_[i], static_cast<std::size_t>(row.lengths_[i]));
    }
    return copied_.size() < copied_max ? Status{} : send_copied();
}
Status Link::begin_copy(const std::string& table, std::string_view columns) {
    YIPAN_TRY_VOID(settle());
    if (lost_) return fail(lost_error());
    YIPAN_CHECK(PQexitPipelineMode(connection_) == 1);
    const std::string sql = "COPY " + table + "(" + std::string(columns) + ") FROM STDIN (FORMAT binary)";
    const std::unique_ptr<PGresult, void (*)(PGresult*)> begun(PQexec(connection_, sql.c_str()), PQclear);
    if (PQresultStatus(begun.get()) == PGRES_COPY_IN) {
        copying_ = table;
        copied_ = copy_head;
        return {};
    }
    if (PQstatus(connection_) == CONNECTION_BAD) return fail(lost_error());
    note(refused(begun.get(), address_));
    YIPAN_CHECK(PQenterPipelineMode(connection_) == 1);
    return fail(*failure_);
}
Status Link::send_copied() {
    const bool sent = PQputCopyData(connection_, copied_.data(), static_cast<int>(copied_.size())) == 1;
    copied_.clear();
    if (sent) return {};
    note(lost_error());
    copying_.clear();
    return fail(*failure_);
}
Status Link::end_copy() {
    if (copying_.empty()) return {};
    copied_ += copy_end;
    YIPAN_TRY_VOID(send_copied());
    copying_.clear();
    if (PQputCopyEnd(connection_, nullptr) != 1) return fail(lost_error());
    while (PGresult* result = PQgetResult(connection_)) {
        const std::unique_ptr<PGresult, void (*)(PGresult*)> held(result, PQclear);
        if (PQresultStatus(result) != PGRES_COMMAND_OK) note(refused(result, address_));
    }
    if (PQstatus(connection_) == CONNECTION_BAD) return fail(lost_error());
    YIPAN_CHECK(PQenterPipelineMode(connection_) == 1);
    return failure_ ? Status(fail(*failure_)) : Status{};
}

void Link::take(PGresult* result, const Expected& expected) {
    const std::unique_ptr<PGresult, void (*)(PGresult*)> held(result, PQclear);
    const auto status = PQresultStatus(result);
    switch (status) {
        case PGRES_TUPLES_OK: break;
        case PGRES_COMMAND_OK:
            if (expected.kind != Expected::Kind::prepared) said_ = PQcmdStatus(result);
            break;
        case PGRES_PIPELINE_ABORTED:
            if (expected.statement) expected.statement->there = false;
            note({Code::store_failed, address_.shown, "an earlier statement of this transaction was refused", ""});
            break;
        default: {
            if (expected.statement) expected.statement->there = false;
            const char* severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
            ended_ = severity && (std::strcmp(severity, "FATAL") == 0 || std::strcmp(severity, "PANIC") == 0);
            note(refused(result, address_));
        }
    }
}

// Everything queued is answered; ends with a sync, so that a failure among it does not outlive it on the server's side of
// the pipeline (the transaction is rolled back by its owner).
Status Link::drain(std::vector<Rows>* answers) {
    if (PQpipelineSync(connection_) != 1) return fail(lost_error());
    expected_.push_back({Expected::Kind::sync, nullptr});
    while (!expected_.empty()) {
        const Expected expected = expected_.front();
        expected_.pop_front();
        while (PGresult* result = PQgetResult(connection_)) {
            if (PQstatus(connection_) == CONNECTION_BAD || ended_) {
                PQclear(result);
                break;
            }
            if (expected.kind == Expected::Kind::sync && PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
                PQclear(result);
                break;
            }
            if (expected.kind == Expected::Kind::answer && answers && PQresultStatus(result) == PGRES_TUPLES_OK)
                answers->emplace_back(result);
            else
                take(result, expected);
        }
        if (PQstatus(connection_) == CONNECTION_BAD || ended_) {
            expected_.clear();
            Error error = lost_error();
            note(error);
            return fail(std::move(error));
        }
    }
    return failure_ ? Status(fail(*failure_)) : Status{};
}

Status Link::forget_statements() {
    const std::lock_guard lock(mutex_);
    YIPAN_TRY_VOID(settle());  // statements under way keep their places until here
    statements_.clear();
    return run("DEALLOCATE ALL");
}

}  // namespace yipan::store::postgres
