#pragma once
// A prepared SQLite statement with typed binding and reading; errors become Status once, here.
#include <sqlite3.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/hash.h"
#include "base/result.h"
#include "record/record.h"

namespace yipan::store {

/// The error of the connection's last call, with a code a caller can act on and a sentence a clerk can.
Error sqlite_error(sqlite3* db, std::string_view doing);

class Statement {
  public:
    Statement() = default;
    Statement(Statement&& other) noexcept : db_(other.db_), stmt_(std::exchange(other.stmt_, nullptr)) {}
    Statement& operator=(Statement&& other) noexcept {
        std::swap(db_, other.db_);
        std::swap(stmt_, other.stmt_);
        return *this;
    }
    ~Statement() { sqlite3_finalize(stmt_); }

    static Result<Statement> prepare(sqlite3* db, std::string_view sql) {
        Statement s;
        s.db_ = db;
        if (sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &s.stmt_,
                               nullptr) != SQLITE_OK)
            return fail(sqlite_error(db, "prepare a statement"));
        return s;
    }
    explicit operator bool() const { return stmt_ != nullptr; }

    Statement& bind(int i, std::int64_t v) {
        sqlite3_bind_int64(stmt_, i, v);
        return *this;
    }
    Statement& bind_text(int i, std::string_view v) {  // the text must live until the step
        sqlite3_bind_text(stmt_, i, v.data(), static_cast<int>(v.size()), SQLITE_STATIC);
        return *this;
    }
    Statement& bind_blob(int i, std::string_view v) {
        sqlite3_bind_blob(stmt_, i, v.data() ? v.data() : "", static_cast<int>(v.size()), SQLITE_STATIC);
        return *this;
    }
    Statement& bind_digest(int i, const Digest& d) {
        return bind_blob(i, {reinterpret_cast<const char*>(d.data()), d.size()});
    }
    Statement& bind_null(int i) {
        sqlite3_bind_null(stmt_, i);
        return *this;
    }
    Statement& bind_value(int i, const record::Value& v) {
        if (const auto* n = record::as_integer(v)) return bind(i, *n);
        if (const auto* t = record::as_text(v)) return bind_text(i, *t);
        return bind_null(i);
    }

    /// Runs to the end; for statements without rows. Resets.
    Status run() {
        const int rc = sqlite3_step(stmt_);
        if (rc == SQLITE_DONE || rc == SQLITE_ROW) {
            sqlite3_reset(stmt_);
            return {};
        }
        Error error = sqlite_error(db_, "write");
        sqlite3_reset(stmt_);
        return fail(std::move(error));
    }
    /// One row or none. The caller reads columns, then calls reset().
    Result<bool> step() {
        const int rc = sqlite3_step(stmt_);
        if (rc == SQLITE_ROW) return true;
        if (rc == SQLITE_DONE) {
            sqlite3_reset(stmt_);
            return false;
        }
        Error error = sqlite_error(db_, "read");
        sqlite3_reset(stmt_);
        return fail(std::move(error));
    }
    void reset() { sqlite3_reset(stmt_); }

    std::int64_t integer(int i) const { return sqlite3_column_int64(stmt_, i); }
    bool is_null(int i) const { return sqlite3_column_type(stmt_, i) == SQLITE_NULL; }
    std::string_view text(int i) const {
        const auto* p = reinterpret_cast<const char*>(sqlite3_column_text(stmt_, i));
        return {p ? p : "", p ? static_cast<std::size_t>(sqlite3_column_bytes(stmt_, i)) : 0};
    }
    std::string_view blob(int i) const {
        const auto* p = static_cast<const char*>(sqlite3_column_blob(stmt_, i));
        return {p ? p : "", p ? static_cast<std::size_t>(sqlite3_column_bytes(stmt_, i)) : 0};
    }
    record::Value value(int i) const {
        switch (sqlite3_column_type(stmt_, i)) {
            case SQLITE_INTEGER: return integer(i);
            case SQLITE_TEXT: return std::string(text(i));
            default: return {};
        }
    }

  private:
    sqlite3* db_ = nullptr;
    sqlite3_stmt* stmt_ = nullptr;
};

/// A statement that is busy until this leaves scope: resets on every way out.
class Reset {
  public:
    explicit Reset(Statement& s) : s_(s) {}
    ~Reset() { s_.reset(); }
    Reset(const Reset&) = delete;
    Reset& operator=(const Reset&) = delete;

  private:
    Statement& s_;
};

}  // namespace yipan::store
