#pragma once
// One connection to PostgreSQL in pipeline mode. What needs no answer is queued and looked at later; what does is asked,
// and everything queued before it is answered first. The first failure since the last rollback stays: nothing that
// follows it reaches the database, and whoever asks next is told.
#include <libpq-fe.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "record/record.h"
#include "store/postgres/address.h"

namespace yipan::store::postgres {

/// The values of one statement, in order; all binary.
class Args {
  public:
    Args() = default;
    Args(Args&&) = default;
    Args(const Args&) = delete;  // values are pointed at, some of them in here
    Args& add(std::int64_t v);
    Args& text(std::string_view v);  // must live until the call it is given to
    Args& bytes(std::string_view v) { return text(v); }
    Args& digest(const Digest& d) { return text({reinterpret_cast<const char*>(d.data()), d.size()}); }
    Args& null();
    Args& value(const record::Value& v);
    /// A list as one value (an array of the server's). They are copied.
    Args& numbers(const std::vector<std::int64_t>& list);
    Args& texts(const std::vector<std::string_view>& list, Oid element);

  private:
    friend class Link;
    struct Number {
        char bytes[8];
    };
    std::deque<Number> numbers_;  // addresses stay
    std::deque<std::string> lists_;
    std::vector<const char*> values_;
    std::vector<int> lengths_, formats_;
};

/// Rows of an answer; integers, texts, bytes, booleans.
class Rows {
  public:
    Rows() : result_(nullptr, PQclear) {}
    explicit Rows(PGresult* result) : result_(result, PQclear) {}
    int size() const { return result_ ? PQntuples(result_.get()) : 0; }
    bool null(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }
    std::int64_t integer(int row, int column) const;
    std::string_view text(int row, int column) const {
        return {PQgetvalue(result_.get(), row, column), static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
    }
    Result<Digest> digest(int row, int column) const;
    record::Value value(int row, int column) const;  // integer, text or unset

  private:
    std::unique_ptr<PGresult, void (*)(PGresult*)> result_;
};

class Link {
  public:
    ~Link();
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    /// Connected, its settings made and the server found fit: version, encoding, synchronous_commit, no pooler that
    /// changes connections between transactions. Durable: for writing.
    static Result<std::unique_ptr<Link>> open(const Address& address, bool durable);

    /// The answer is looked at with the next ask() or settle(). Types: PostgreSQL's own numbers where the text does not
    /// tell; usually empty.
    Status queue(std::string_view sql, const Args& args = {}, const std::vector<Oid>& types = {});
    Result<Rows> ask(std::string_view sql, const Args& args = {}, const std::vector<Oid>& types = {});
    struct Question {
        std::string sql;
        Args args;
        std::vector<Oid> types;
    };
    /// One journey for all of them; answers in their order.
    Result<std::vector<Rows>> ask_all(const std::deque<Question>& questions);
    /// Waits for everything queued.
    Status settle();
    /// Statements without values, one after another; at once.
    Status run(std::string_view sql);
    /// Rows by COPY in its binary format, for a table that is being filled: it goes on until another table is named or
    /// anything else is asked of the connection. Only within a transaction.
    Status copy_row(const std::string& table, std::string_view columns, const Args& row);

    /// For connections that only read: when the server has gone and come back meanwhile, the next question outside of a
    /// transaction finds it by itself.
    bool in_transaction() const { return !expected_.empty() || (connection_ && PQtransactionStatus(connection_) != PQTRANS_IDLE); }
    bool lost() const { return lost_; }
    /// Ends the connection, and with it whatever was under way. The next question of one that only reads makes another.
    void hang_up();
    Status call_again();
    /// After a rollback: the failure is over.
    void forget_failure() { failure_.reset(); }
    const std::optional<Error>& failure() const { return failure_; }
    /// What the last transaction command said it did: "COMMIT", "ROLLBACK".
    const std::string& said() const { return said_; }
    /// Tables have changed: plans are made anew.
    Status forget_statements();
    int backend() const { return PQbackendPID(connection_); }
    const Address& address() const { return address_; }
    /// Held over whatever belongs together when two threads use the connection.
    std::recursive_mutex& mutex() { return mutex_; }

  private:
    explicit Link(Address address) : address_(std::move(address)) {}
    struct Prepared {
        std::string name;
        bool there = false;
    };
    struct Expected {
        enum class Kind { prepared, statement, answer, sync } kind;
        Prepared* statement = nullptr;
    };
    Status connect();
    Status connect_again();
    Status fit(bool durable);
    Status no_pooler();
    Result<std::string> plain(const char* sql);
    Result<Prepared*> prepare(std::string_view sql, const std::vector<Oid>& types);
    Status send(std::string_view sql, const Args& args, const std::vector<Oid>& types, Expected::Kind kind);
    Status drain(std::vector<Rows>* answers);
    Status begin_copy(const std::string& table, std::string_view columns);
    Status send_copied();
    Status end_copy();
    void take(PGresult* result, const Expected& expected);
    Error lost_error();
    void note(Error error);

    Address address_;
    PGconn* connection_ = nullptr;
    bool lost_ = false, reads_only_ = false;
    bool ended_ = false;  // the server said that it ends the connection
    std::deque<Expected> expected_;
    std::unordered_map<std::string, Prepared> statements_;
    std::int64_t named_ = 0;
    std::optional<Error> failure_;
    std::string said_;
    std::string copying_;  // the table whose rows are being sent; empty: none
    std::string copied_;   // rows not yet sent
    std::recursive_mutex mutex_;
};

/// Whether a server of this number (as libpq says it: 150018) will do.
Status new_enough(int version, const Address& address);
/// The sentence for what the server refused.
Error refused(const PGresult* result, const Address& address);

}  // namespace yipan::store::postgres
