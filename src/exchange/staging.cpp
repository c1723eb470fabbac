#include "exchange/staging.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "store/open.h"
#include "store/statement.h"

namespace yipan::exchange {
namespace {

namespace fs = std::filesystem;
using store::Statement;

void put_number(std::string& out, std::uint64_t n) {
    while (n >= 0x80) out += static_cast<char>(0x80 | (n & 0x7F)), n >>= 7;
    out += static_cast<char>(n);
}
bool take_number(std::string_view& in, std::uint64_t& n) {
    n = 0;
    for (int shift = 0; shift < 64 && !in.empty(); shift += 7) {
        const auto byte = static_cast<unsigned char>(in.front());
        in.remove_prefix(1);
        n |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
        if (byte < 0x80) return true;
    }
    return false;
}
std::uint64_t zigzag(std::int64_t n) {
    return static_cast<std::uint64_t>(n) << 1 ^ static_cast<std::uint64_t>(n >> 63);
}
std::int64_t zagzig(std::uint64_t n) { return static_cast<std::int64_t>(n >> 1) ^ -static_cast<std::int64_t>(n & 1); }
tl::unexpected<Error> damaged() {
    return fail(Code::corrupt, "staging file", "a staged row cannot be read", "import the file again");
}

constexpr const char* tables = R"(
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE line(n INTEGER PRIMARY KEY, round INTEGER NOT NULL, fate INTEGER NOT NULL, record INTEGER NOT NULL,
  version INTEGER NOT NULL, body BLOB NOT NULL, cells BLOB NOT NULL);
CREATE INDEX line_round ON line(round, n) WHERE round > 0;
CREATE INDEX line_failed ON line(n) WHERE fate = 3;
CREATE TABLE problem(n INTEGER NOT NULL, place TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL, hint TEXT NOT NULL);
CREATE INDEX problem_line ON problem(n);
CREATE TABLE draft(k INTEGER PRIMARY KEY, undo INTEGER NOT NULL, round INTEGER NOT NULL, first_line INTEGER NOT NULL,
  last_line INTEGER NOT NULL, undoes INTEGER NOT NULL, up_from INTEGER NOT NULL, up_to INTEGER NOT NULL,
  first INTEGER NOT NULL, last INTEGER NOT NULL, done INTEGER NOT NULL, rows INTEGER NOT NULL);
)";

Code code_of(std::string_view name) {
#define YIPAN_ERROR(code, http, exit, text) \
    if (name == #code) return Code::code;
#include "base/error_codes.def"
#undef YIPAN_ERROR
    return Code::invalid_input;
}

class SqliteStaging final : public Staging {
  public:
    SqliteStaging(std::string path, std::string id) : path_(std::move(path)), id_(std::move(id)) {}
    ~SqliteStaging() override { close(); }
    Status connect(bool fresh) {
        if (sqlite3_open_v2(path_.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr) != SQLITE_OK)
            return fail(store::sqlite_error(db_, "open the staging file"));
        sqlite3_busy_timeout(db_, 10'000);
        YIPAN_TRY_VOID(run("PRAGMA journal_mode=WAL"));
        YIPAN_TRY_VOID(run("PRAGMA cache_size=-8192"));
        YIPAN_TRY_VOID(run("PRAGMA temp_store=FILE"));
        if (fresh) YIPAN_TRY_VOID(run(tables));
        YIPAN_TRY(meta_, Statement::prepare(db_, "SELECT value FROM meta WHERE key = ?"));
        YIPAN_TRY(set_meta_, Statement::prepare(db_, "INSERT OR REPLACE INTO meta VALUES(?, ?)"));
        YIPAN_TRY(put_, Statement::prepare(db_, "INSERT OR REPLACE INTO line VALUES(?, ?, ?, ?, ?, ?, ?)"));
        YIPAN_TRY(row_,
                  Statement::prepare(db_, "SELECT n, round, fate, record, version, body, cells FROM line WHERE n = ?"));
        YIPAN_TRY(problem_, Statement::prepare(db_, "INSERT INTO problem VALUES(?, ?, ?, ?, ?)"));
        return {};
    }

    const std::string& id() const override { return id_; }
    const std::string& path() const override { return path_; }
    Status begin() override { return run("BEGIN IMMEDIATE"); }
    Status commit() override { return run("COMMIT"); }
    Status durable(bool yes) override { return run(yes ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=OFF"); }

    Result<std::string> meta(std::string_view key) override {
        meta_.bind_text(1, key);
        const store::Reset reset(meta_);
        YIPAN_TRY(const bool found, meta_.step());
        return found ? std::string(meta_.text(0)) : std::string();
    }
    Status set_meta(std::string_view key, std::string_view value) override {
        return set_meta_.bind_text(1, key).bind_text(2, value).run();
    }

    Status put(const StagedRow& row) override {
        return put_.bind(1, row.line)
            .bind(2, static_cast<std::int64_t>(row.round))
            .bind(3, static_cast<std::int64_t>(row.fate))
            .bind(4, row.record)
            .bind(5, static_cast<std::int64_t>(row.version))
            .bind_blob(6, row.body)
            .bind_blob(7, row.cells)
            .run();
    }
    Result<std::optional<StagedRow>> row(std::int64_t line) override {
        row_.bind(1, line);
        const store::Reset reset(row_);
        YIPAN_TRY(const bool found, row_.step());
        if (!found) return std::optional<StagedRow>{};
        return std::optional(read(row_));
    }
    Status each(int round, std::int64_t after, bool all, const std::function<bool(const StagedRow&)>& visit) override {
        const std::string where = round == 0 ? "n > ?1 AND round = ?2" : "round = ?2 AND round > 0 AND n > ?1";
        YIPAN_TRY(Statement rows,
                  Statement::prepare(db_, "SELECT n, round, fate, record, version, body, cells FROM line WHERE " +
                                              where + (all ? "" : " AND fate < 2") + " ORDER BY n"));
        rows.bind(1, after).bind(2, static_cast<std::int64_t>(round));
        while (true) {
            YIPAN_TRY(const bool more, rows.step());
            if (!more || !visit(read(rows))) return {};
        }
    }
    Status each_failed(const std::function<Status(const StagedRow&)>& visit) override {
        YIPAN_TRY(Statement rows,
                  Statement::prepare(
                      db_, "SELECT n, round, fate, record, version, body, cells FROM line WHERE fate = 3 ORDER BY n"));
        while (true) {
            YIPAN_TRY(const bool more, rows.step());
            if (!more) return {};
            YIPAN_TRY_VOID(visit(read(rows)));
        }
    }
    Result<std::int64_t> count(RowFate fate) override {
        YIPAN_TRY(Statement rows, Statement::prepare(db_, "SELECT count(*) FROM line WHERE fate = ?"));
        rows.bind(1, static_cast<std::int64_t>(fate));
        YIPAN_TRY_VOID(rows.step());
        return rows.integer(0);
    }
    Status forget_rows() override {
        YIPAN_TRY_VOID(run("DELETE FROM line WHERE fate <> 3"));
        return run("VACUUM");
    }

    Status add_problem(std::int64_t line, const Error& error) override {
        return problem_.bind(1, line)
            .bind_text(2, error.where)
            .bind_text(3, code_name(error.code))
            .bind_text(4, error.message)
            .bind_text(5, error.hint)
            .run();
    }
    Status clear_problems(std::int64_t line) override {
        YIPAN_TRY(Statement drop, Statement::prepare(db_, "DELETE FROM problem WHERE n = ?"));
        return drop.bind(1, line).run();
    }
    Result<Errors> problems(std::int64_t line, std::size_t limit) override {
        YIPAN_TRY(Statement rows,
                  Statement::prepare(db_, std::string("SELECT code, place, message, hint FROM problem") +
                                              (line < 0 ? "" : " WHERE n = ?1") + " ORDER BY n, rowid LIMIT ?2"));
        if (line >= 0) rows.bind(1, line);
        rows.bind(2, static_cast<std::int64_t>(limit));
        Errors errors;
        while (true) {
            YIPAN_TRY(const bool more, rows.step());
            if (!more) return errors;
            errors.push_back({code_of(rows.text(0)), std::string(rows.text(1)), std::string(rows.text(2)),
                              std::string(rows.text(3))});
        }
    }

    Status declare(const StagedDraft& d) override {
        YIPAN_TRY(Statement put,
                  Statement::prepare(db_, "INSERT INTO draft VALUES(?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, ?)"));
        return put.bind(1, d.number)
            .bind(2, std::int64_t{d.undo})
            .bind(3, static_cast<std::int64_t>(d.round))
            .bind(4, d.first_line)
            .bind(5, d.last_line)
            .bind(6, d.undoes)
            .bind(7, d.from)
            .bind(8, d.to)
            .bind(9, d.rows)
            .run();
    }
    Status settle(std::int64_t number, std::int64_t first, std::int64_t last) override {
        YIPAN_TRY(Statement put, Statement::prepare(db_, "UPDATE draft SET first = ?, last = ?, done = 1 WHERE k = ?"));
        return put.bind(1, first).bind(2, last).bind(3, number).run();
    }
    Status retract(std::int64_t from_number) override {
        YIPAN_TRY(Statement drop, Statement::prepare(db_, "DELETE FROM draft WHERE k >= ? AND done = 0"));
        return drop.bind(1, from_number).run();
    }
    Result<std::vector<StagedDraft>> drafts() override {
        YIPAN_TRY(Statement rows, Statement::prepare(db_, "SELECT * FROM draft ORDER BY k"));
        std::vector<StagedDraft> out;
        while (true) {
            YIPAN_TRY(const bool more, rows.step());
            if (!more) return out;
            StagedDraft d;
            d.number = rows.integer(0);
            d.undo = rows.integer(1) != 0;
            d.round = static_cast<int>(rows.integer(2));
            d.first_line = rows.integer(3);
            d.last_line = rows.integer(4);
            d.undoes = rows.integer(5);
            d.from = rows.integer(6);
            d.to = rows.integer(7);
            d.first = rows.integer(8);
            d.last = rows.integer(9);
            d.done = rows.integer(10) != 0;
            d.rows = rows.integer(11);
            out.push_back(d);
        }
    }
    Result<std::int64_t> forget_record(std::int64_t record, std::string_view key) override {
        YIPAN_TRY_VOID(run("PRAGMA secure_delete = ON"));
        std::vector<StagedRow> gone;
        {
            YIPAN_TRY(Statement rows, Statement::prepare(db_, "SELECT * FROM line"));
            while (true) {
                YIPAN_TRY(const bool more, rows.step());
                if (!more) break;
                StagedRow row = read(rows);
                bool concerns = row.record == record;
                if (!concerns && row.record == 0 && !key.empty()) {
                    YIPAN_TRY(const std::vector<Cell> cells, decode_cells(row.cells));
                    concerns =
                        std::any_of(cells.begin(), cells.end(), [&](const Cell& cell) { return cell.text == key; });
                }
                if (concerns) gone.push_back(std::move(row));
            }
        }
        if (gone.empty()) return 0;
        constexpr std::string_view names[] = {"create", "amend", "unchanged", "failed"};
        YIPAN_TRY_VOID(begin());
        for (const StagedRow& row : gone) {
            YIPAN_TRY(Statement drop, Statement::prepare(db_, "DELETE FROM line WHERE n = ?"));
            YIPAN_TRY_VOID(drop.bind(1, row.line).run());
            YIPAN_TRY_VOID(clear_problems(row.line));
            const std::string_view fate = names[static_cast<std::size_t>(row.fate)];
            YIPAN_TRY(const std::int64_t before, number(fate));
            YIPAN_TRY_VOID(set_number(fate, before - 1));
        }
        YIPAN_TRY_VOID(commit());
        YIPAN_TRY_VOID(run("PRAGMA wal_checkpoint(TRUNCATE)"));
        return std::ssize(gone);
    }
    Status remove() override {
        close();
        std::error_code ignored;
        for (const char* end : {"", "-wal", "-shm"}) fs::remove(path_ + end, ignored);
        return {};
    }

  private:
    static StagedRow read(const Statement& rows) {
        StagedRow row;
        row.line = rows.integer(0);
        row.round = static_cast<int>(rows.integer(1));
        row.fate = static_cast<RowFate>(rows.integer(2));
        row.record = rows.integer(3);
        row.version = static_cast<std::int32_t>(rows.integer(4));
        row.body = rows.blob(5);
        row.cells = rows.blob(6);
        return row;
    }
    Status run(const char* sql) {
        if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
        return fail(store::sqlite_error(db_, "write the staging file"));
    }
    void close() {
        for (Statement* s : {&meta_, &set_meta_, &put_, &row_, &problem_}) *s = Statement();
        if (db_) sqlite3_close_v2(db_);
        db_ = nullptr;
    }
    std::string path_, id_;
    sqlite3* db_ = nullptr;
    Statement meta_, set_meta_, put_, row_, problem_;
};

}  // namespace

std::string encode_values(const std::vector<std::pair<int, record::Value>>& set) {
    std::string out;
    for (const auto& [field, value] : set) {
        const auto head = static_cast<std::uint64_t>(field) << 2;
        if (const auto* n = record::as_integer(value)) {
            put_number(out, head | 1);
            put_number(out, zigzag(*n));
        } else if (const auto* text = record::as_text(value)) {
            put_number(out, head | 2);
            put_number(out, text->size());
            out += *text;
        } else {
            put_number(out, head);
        }
    }
    return out;
}

Result<std::vector<std::pair<int, record::Value>>> decode_values(std::string_view body) {
    std::vector<std::pair<int, record::Value>> out;
    while (!body.empty()) {
        std::uint64_t head = 0, n = 0;
        if (!take_number(body, head)) return damaged();
        record::Value value;
        if ((head & 3) != 0 && !take_number(body, n)) return damaged();
        if ((head & 3) == 1) value = zagzig(n);
        if ((head & 3) == 2) {
            if (n > body.size()) return damaged();
            value = std::string(body.substr(0, n));
            body.remove_prefix(n);
        }
        out.emplace_back(static_cast<int>(head >> 2), std::move(value));
    }
    return out;
}

std::string encode_cells(std::span<const Cell> cells) {
    std::string out;
    for (const Cell& cell : cells) {
        put_number(out, cell.text.size() << 4 | static_cast<std::uint64_t>(cell.kind) << 1 | (cell.lost ? 1 : 0));
        out += cell.text;
    }
    return out;
}

Result<std::vector<Cell>> decode_cells(std::string_view body) {
    std::vector<Cell> out;
    while (!body.empty()) {
        std::uint64_t head = 0;
        if (!take_number(body, head) || head >> 4 > body.size()) return damaged();
        out.push_back({body.substr(0, head >> 4), static_cast<CellKind>(head >> 1 & 7), (head & 1) != 0});
        body.remove_prefix(head >> 4);
    }
    return out;
}

Result<std::int64_t> Staging::number(std::string_view key) {
    YIPAN_TRY(const std::string text, meta(key));
    std::int64_t n = 0;
    std::from_chars(text.data(), text.data() + text.size(), n);
    return n;
}

std::vector<std::string> Staging::ids(const std::string& board_path) {
    const fs::path board(store::beside_stem(board_path));
    const std::string start = board.filename().string() + "-import-";
    std::vector<std::pair<long, std::string>> found;
    std::error_code problem;
    const fs::path folder = board.has_parent_path() ? board.parent_path() : fs::path(".");
    for (const auto& entry : fs::directory_iterator(folder, problem)) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with(start)) continue;
        const std::string id = name.substr(start.size());
        if (!id.empty() && id.size() < 10 && id.find_first_not_of("0123456789") == std::string::npos)
            found.emplace_back(std::stol(id), id);
    }
    std::sort(found.begin(), found.end());
    std::vector<std::string> out;
    for (auto& [n, id] : found) out.push_back(std::move(id));
    return out;
}

Result<std::unique_ptr<Staging>> Staging::create(const std::string& board_path) {
    const std::vector<std::string> known = ids(board_path);
    long next = known.empty() ? 1 : std::stol(known.back()) + 1;
    constexpr int tries = 100;  // others may start imports at the same time
    for (int i = 0; i < tries; ++i, ++next) {
        const std::string id = std::to_string(next), path = store::beside_stem(board_path) + "-import-" + id;
        const int file = ::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
        if (file < 0 && errno == EEXIST) continue;
        if (file < 0)
            return fail(Code::store_failed, path, "the staging file cannot be made beside the board",
                        "check the right to write in the board's folder");
        ::close(file);
        auto staging = std::make_unique<SqliteStaging>(path, id);
        YIPAN_TRY_VOID(staging->connect(true));
        return staging;
    }
    return fail(Code::busy, board_path, "no number is free for the import", "try again");
}

Result<std::unique_ptr<Staging>> Staging::open(const std::string& board_path, const std::string& id) {
    const std::string path = store::beside_stem(board_path) + "-import-" + id;
    const bool number = !id.empty() && id.size() < 10 && id.find_first_not_of("0123456789") == std::string::npos;
    if (!number || !fs::exists(path))
        return fail(Code::not_found, "import " + id.substr(0, 20), "there is no such import beside this board",
                    "yipan imports lists them");
    auto staging = std::make_unique<SqliteStaging>(path, id);
    YIPAN_TRY_VOID(staging->connect(false));
    return staging;
}

}  // namespace yipan::exchange
