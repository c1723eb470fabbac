// Speed of the PostgreSQL store beside its bare limit, in one run: 64 producers of durable single-record drafts, and a bare
// batching writer on libpq's pipeline that does the same statements with the same values, nothing else. Rows are counted.
//
//   postgres_bench ADDRESS [N]        ADDRESS of a database, as BOARD without board=; makes and drops two schemas
//   postgres_bench ADDRESS copy [N]   a board of N records carried from a file into the database and back, beside a bare COPY
//                                     and bare INSERTs of the same rows
#include <fcntl.h>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <thread>

#include "base/check.h"
#include "board/board.h"
#include "board/copy.h"
#include "figure/book.h"
#include "store/open.h"
#include "store/postgres/tables.h"
#include "store/schema.h"

namespace {
using namespace yipan;
using Clock_ = std::chrono::steady_clock;
constexpr int producers = 64;
constexpr int units = 1'000;
double cpu_seconds() {  // of this process: tells a busy machine from a slow program
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}
double seconds_since(Clock_::time_point t) { return std::chrono::duration<double>(Clock_::now() - t).count(); }

constexpr const char* model_yaml = R"yaml(
types:
  unit:
    label: [单位, 單位, Unit]
    key: code
    responsible: none
    fields:
      code: {type: text, required: true, unique: true, max_chars: 20, label: [编号, 編號, Code]}
  output:
    label: [产值月报, 產值月報, Output]
    responsible: none
    fields:
      unit: {type: reference, to: unit, required: true, label: [单位, 單位, Unit]}
      month: {type: period, grains: [month], required: true, label: [月份, 月份, Month]}
      amount: {type: money, min: 0, required: true, label: [产值, 產值, Output]}
      note: {type: text, max_chars: 200, label: [备注, 備註, Note]}
figures:
  amount: {label: [产值, 產值, Output], of: output, sum: amount, unit: unit, period: month}
  number: {label: [户数, 戶數, Number], of: output, count: true, unit: unit, period: month}
)yaml";

template <class T, class E>
T must(tl::expected<T, E> r) {
    if (r) return std::move(*r);
    if constexpr (std::is_same_v<E, Error>)
        std::fprintf(stderr, "%s\n", r.error().text().c_str());
    else
        std::fprintf(stderr, "%s", text_of(r.error()).c_str());
    std::exit(1);
}

board::Draft draft_of(std::int64_t i) {
    board::Draft d;
    d.channel = "bench";
    board::Change c;
    c.type = 1;
    c.set.emplace_back(0, 1 + i * 7919 % units);
    c.set.emplace_back(1, Period::of_month(month_index(2024, 1) + static_cast<int>(i % 30)).encoded());
    c.set.emplace_back(2, i * 7907 % 100'000'000);
    c.set.emplace_back(3, fmt::format("第{}号月报，按规定报送，数据来自企业台账", i));
    d.changes.push_back(std::move(c));
    return d;
}

// ---- bare libpq
using Result_ = std::unique_ptr<PGresult, void (*)(PGresult*)>;
struct Rows {  // binary values, as read
    int columns = 0;
    std::vector<std::vector<std::optional<std::string>>> rows;
};
class Bare {
  public:
    explicit Bare(const std::string& server) : c_(PQconnectdb(server.c_str())) { YIPAN_CHECK(PQstatus(c_) == CONNECTION_OK); }
    ~Bare() { PQfinish(c_); }
    void run(const std::string& sql) {
        const Result_ r(PQexec(c_, sql.c_str()), PQclear);
        if (PQresultStatus(r.get()) != PGRES_COMMAND_OK && PQresultStatus(r.get()) != PGRES_TUPLES_OK) {
            std::fprintf(stderr, "%s: %s\n", sql.c_str(), PQerrorMessage(c_));
            std::exit(1);
        }
    }
    Rows read(const std::string& sql) {
        const Result_ r(PQexecParams(c_, sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 1), PQclear);
        YIPAN_CHECK(PQresultStatus(r.get()) == PGRES_TUPLES_OK);
        Rows out;
        out.columns = PQnfields(r.get());
        for (int i = 0; i < PQntuples(r.get()); ++i) {
            auto& row = out.rows.emplace_back();
            for (int k = 0; k < out.columns; ++k)
                row.push_back(PQgetisnull(r.get(), i, k) ? std::nullopt
                                                         : std::optional<std::string>(std::string(PQgetvalue(r.get(), i, k), static_cast<std::size_t>(PQgetlength(r.get(), i, k)))));
        }
        return out;
    }
    std::int64_t number(const std::string& sql) {
        const Result_ r(PQexec(c_, sql.c_str()), PQclear);
        YIPAN_CHECK(PQntuples(r.get()) == 1);
        return std::atoll(PQgetvalue(r.get(), 0, 0));
    }
    void prepare(const char* name, const std::string& sql) {
        const Result_ r(PQprepare(c_, name, sql.c_str(), 0, nullptr), PQclear);
        YIPAN_CHECK(PQresultStatus(r.get()) == PGRES_COMMAND_OK);
    }
    /// The whole of a table, as COPY gives it.
    std::vector<std::string> copy_out(const std::string& table) {
        PQclear(PQexec(c_, ("COPY " + table + " TO STDOUT (FORMAT binary)").c_str()));
        std::vector<std::string> out;
        char* piece = nullptr;
        for (int n; (n = PQgetCopyData(c_, &piece, 0)) > 0;) {
            out.emplace_back(piece, static_cast<std::size_t>(n));
            PQfreemem(piece);
        }
        while (PGresult* r = PQgetResult(c_)) PQclear(r);
        return out;
    }
    void copy_in(const std::string& table, const std::vector<std::string>& rows) {
        PQclear(PQexec(c_, ("COPY " + table + " FROM STDIN (FORMAT binary)").c_str()));
        for (const std::string& row : rows) YIPAN_CHECK(PQputCopyData(c_, row.data(), static_cast<int>(row.size())) == 1);
        YIPAN_CHECK(PQputCopyEnd(c_, nullptr) == 1);
        while (PGresult* r = PQgetResult(c_)) {
            YIPAN_CHECK(PQresultStatus(r) == PGRES_COMMAND_OK);
            PQclear(r);
        }
    }
    void pipeline() { YIPAN_CHECK(PQenterPipelineMode(c_) == 1); }
    void leave() { YIPAN_CHECK(PQexitPipelineMode(c_) == 1); }
    void send(const char* name, const std::vector<std::optional<std::string>>& row) {
        values_.clear(), lengths_.clear(), formats_.assign(row.size(), 1);
        for (const auto& v : row) values_.push_back(v ? v->data() : nullptr), lengths_.push_back(v ? static_cast<int>(v->size()) : 0);
        YIPAN_CHECK(PQsendQueryPrepared(c_, name, static_cast<int>(row.size()), values_.data(), lengths_.data(), formats_.data(), 1) == 1);
        ++sent_;
    }
    void wait() {
        YIPAN_CHECK(PQpipelineSync(c_) == 1);
        for (; sent_ > 0; --sent_)
            while (PGresult* r = PQgetResult(c_)) {
                YIPAN_CHECK(PQresultStatus(r) == PGRES_COMMAND_OK || PQresultStatus(r) == PGRES_TUPLES_OK);
                PQclear(r);
            }
        PQclear(PQgetResult(c_));
    }

  private:
    PGconn* c_;
    int sent_ = 0;
    std::vector<const char*> values_;
    std::vector<int> lengths_, formats_;
};
std::optional<std::string> big_endian(std::int64_t v) {
    std::string out(8, '\0');
    for (int i = 7; i >= 0; --i, v >>= 8) out[static_cast<std::size_t>(i)] = static_cast<char>(v & 0xff);
    return out;
}
std::string insert_into(const std::string& table, int columns) {
    std::string sql = "INSERT INTO " + table + " VALUES(";
    for (int i = 1; i <= columns; ++i) sql += (i > 1 ? ",$" : "$") + std::to_string(i);
    return sql + ")";
}

/// 64 producers hand numbers to one writer, which takes what is there and answers when it is durable.
template <class Batch>
double group_commit(std::int64_t n, Batch batch) {
    std::mutex mutex;
    std::condition_variable work, done[2];
    std::vector<std::int64_t> queue, taken;
    std::uint64_t batch_number = 0, finished = 0;
    std::int64_t left = n;
    std::atomic<std::int64_t> next{0};
    const auto t = Clock_::now();
    std::vector<std::thread> threads;
    for (int p = 0; p < producers; ++p)
        threads.emplace_back([&] {
            while (true) {
                const std::int64_t i = next++;
                if (i >= n) return;
                std::unique_lock lock(mutex);
                queue.push_back(i);
                const std::uint64_t mine = batch_number;
                if (queue.size() == 1) work.notify_one();
                while (finished <= mine) done[mine & 1].wait(lock);
            }
        });
    while (left > 0) {
        std::uint64_t number;
        {
            std::unique_lock lock(mutex);
            work.wait(lock, [&] { return !queue.empty(); });
            taken.swap(queue);
            number = batch_number++;
        }
        batch(taken);
        left -= static_cast<std::int64_t>(taken.size());
        taken.clear();
        {
            const std::lock_guard lock(mutex);
            finished = number + 1;
        }
        done[number & 1].notify_all();
    }
    for (auto& th : threads) th.join();
    return seconds_since(t);
}

// ---- a board carried there and back
const std::vector<std::string>& big_tables() {  // the others have a few rows
    static const std::vector<std::string> all{"yipan_entry", "yipan_run_chunk", "yipan_run_total", "output"};
    return all;
}

/// The same rows into the same tables of a file, one transaction, statements prepared once: read from the copy, then put.
double bare_file(const std::string& from, const std::string& to, const model::Model& model, double& cpu) {
    sqlite3 *in = nullptr, *out = nullptr;
    const auto run = [&](const std::string& sql) { YIPAN_CHECK(sqlite3_exec(out, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK); };
    YIPAN_CHECK(sqlite3_open(from.c_str(), &in) == SQLITE_OK && sqlite3_open(to.c_str(), &out) == SQLITE_OK);
    run("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL");
    run(store::engine_tables);
    for (const auto& type : model.types) run(store::type_tables(model, type).front());
    std::vector<std::vector<std::vector<sqlite3_value*>>> all;
    for (const std::string& table : big_tables()) {
        auto& rows = all.emplace_back();
        sqlite3_stmt* s = nullptr;
        YIPAN_CHECK(sqlite3_prepare_v2(in, ("SELECT * FROM " + table).c_str(), -1, &s, nullptr) == SQLITE_OK);
        while (sqlite3_step(s) == SQLITE_ROW)
            for (int c = (rows.emplace_back(), 0); c < sqlite3_column_count(s); ++c) rows.back().push_back(sqlite3_value_dup(sqlite3_column_value(s, c)));
        sqlite3_finalize(s);
    }
    const auto t = Clock_::now();
    const double cpu_before = cpu_seconds();
    run("BEGIN");
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i].empty()) continue;
        std::string sql = "INSERT INTO " + big_tables()[i] + " VALUES(?";
        for (std::size_t c = 1; c < all[i].front().size(); ++c) sql += ",?";
        sqlite3_stmt* s = nullptr;
        YIPAN_CHECK(sqlite3_prepare_v2(out, (sql + ")").c_str(), -1, &s, nullptr) == SQLITE_OK);
        for (const auto& row : all[i]) {
            for (std::size_t c = 0; c < row.size(); ++c) sqlite3_bind_value(s, static_cast<int>(c) + 1, row[c]);
            YIPAN_CHECK(sqlite3_step(s) == SQLITE_DONE);
            sqlite3_reset(s);
        }
        sqlite3_finalize(s);
    }
    run("COMMIT");
    const int file = ::open((to + "-wal").c_str(), O_RDONLY);
    YIPAN_CHECK(file >= 0 && ::fsync(file) == 0);
    const double took = seconds_since(t);
    cpu = cpu_seconds() - cpu_before;
    ::close(file);
    for (auto& rows : all)
        for (auto& row : rows)
            for (auto* v : row) sqlite3_value_free(v);
    sqlite3_close(in);
    sqlite3_close(out);
    return took;
}

int carry(const std::string& server, const std::string& address, std::int64_t n) {
    namespace fs = std::filesystem;
    const fs::path folder = fs::temp_directory_path() / ("yipan-copy-" + std::to_string(::getpid()));
    fs::create_directories(folder);
    const std::string file = folder / "a.board", back = folder / "b.board", bare_path = folder / "bare.sqlite";
    board::Board::Birth birth;
    birth.name = "bench";
    birth.model = {{"bench/types/bench.yaml", model_yaml}};
    model::ModelPtr model;
    {
        auto b = must(board::Board::create(file, birth));
        model = b->model();
        board::Draft ground;
        ground.channel = "bench";
        for (int i = 0; i < units; ++i) {
            board::Change c;
            c.type = 0;
            c.set.emplace_back(0, fmt::format("U{:04}", i + 1));
            ground.changes.push_back(std::move(c));
        }
        must(b->apply(std::move(ground)));
        constexpr std::int64_t a_draft = 500;
        for (std::int64_t i = 0; i < n;) {
            board::Draft d;
            d.channel = "bench";
            for (; i < n && static_cast<std::int64_t>(d.changes.size()) < a_draft; ++i) d.changes.push_back(std::move(draft_of(i).changes[0]));
            must(b->apply(std::move(d)));
        }
    }
    store::discard(address, store::Made::by_us);
    auto t = Clock_::now();
    double cpu = cpu_seconds();
    const auto there = must(board::copy_board(file, address));
    const double into = seconds_since(t), into_cpu = cpu_seconds() - cpu;
    t = Clock_::now();
    cpu = cpu_seconds();
    const auto again = must(board::copy_board(address, back));
    const double out = seconds_since(t), out_cpu = cpu_seconds() - cpu;
    YIPAN_CHECK(there.records == n + units && again.records == n + units && there.root == again.root && there.entries == n + units + 1);
    double bare_into = 0, bare_into_cpu = 0;
    {
        Bare bare(server);
        bare.run("SET client_min_messages = warning; DROP SCHEMA IF EXISTS yipan_bare CASCADE; CREATE SCHEMA yipan_bare");
        std::vector<std::vector<std::string>> tables;
        for (const std::string& table : big_tables()) tables.push_back(bare.copy_out("yipan_bench." + table));
        bare.run("SET search_path = yipan_bare");
        for (const std::string& sql : store::postgres::engine_sql()) bare.run(sql);
        bare.run(store::postgres::type_table(model->types[1], "output"));
        t = Clock_::now();
        cpu = cpu_seconds();
        bare.run("BEGIN");
        for (std::size_t i = 0; i < tables.size(); ++i) bare.copy_in(big_tables()[i], tables[i]);
        bare.run("COMMIT");
        bare_into = seconds_since(t);
        bare_into_cpu = cpu_seconds() - cpu;
        YIPAN_CHECK(bare.number("SELECT count(*) FROM yipan_entry") == there.entries && bare.number("SELECT count(*) FROM output") == n);
        bare.run("DROP SCHEMA yipan_bare CASCADE");
    }
    double bare_out_cpu = 0;
    const double bare_out = bare_file(back, bare_path, *model, bare_out_cpu);
    store::discard(address, store::Made::by_us);
    fs::remove_all(folder);
    const auto line = [&](const char* what, double ours, double ours_cpu, const char* limit, double bare, double bare_cpu) {
        const auto records = static_cast<double>(n + units);
        fmt::print("{}\t{:.0f} records/s\t{} records with their entries in {:.2f} s, {:.2f} s of CPU here (wanted 50,000)\n", what, records / ours, n + units, ours, ours_cpu);
        fmt::print("  {}\t{:.0f} records/s\tratio {:.2f}\t{:.2f} s of CPU here\n", limit, records / bare, bare / ours, bare_cpu);
    };
    line("copy of a file into PostgreSQL", into, into_cpu, "bare COPY of the same rows from memory, keys of the tables alone", bare_into, bare_into_cpu);
    line("copy of it back into a file", out, out_cpu, "bare INSERTs of the same rows from memory, one transaction", bare_out, bare_out_cpu);
    return 0;
}
}  // namespace

int main(int argc, char** argv) {
    if (argc < 2 || !store::is_address(argv[1])) return std::fprintf(stderr, "postgres_bench ADDRESS [copy] [N]\n"), 2;
    const std::string server = argv[1], sign = server.find('?') == std::string::npos ? "?" : "&";
    const std::string address = server + sign + "board=yipan_bench";
    if (argc > 2 && std::string_view(argv[2]) == "copy") return carry(server, address, argc > 3 ? std::atoll(argv[3]) : 200'000);
    const std::int64_t n = argc > 2 ? std::atoll(argv[2]) : 50'000;
    store::discard(address, store::Made::by_us);
    board::Board::Birth birth;
    birth.name = "bench";
    birth.model = {{"bench/types/bench.yaml", model_yaml}};
    auto b = must(board::Board::create(address, birth));
    board::Draft ground;
    ground.channel = "bench";
    for (int i = 0; i < units; ++i) {
        board::Change c;
        c.type = 0;
        c.set.emplace_back(0, fmt::format("U{:04}", i + 1));
        ground.changes.push_back(std::move(c));
    }
    must(b->apply(ground));
    const auto before = b->snapshot()->position().value;
    std::vector<board::Draft> drafts;
    for (std::int64_t i = 0; i < n; ++i) drafts.push_back(draft_of(i));
    std::vector<std::vector<double>> waits(producers);
    std::atomic<std::int64_t> next{0};
    const auto t = Clock_::now();
    std::vector<std::thread> threads;
    for (int p = 0; p < producers; ++p)
        threads.emplace_back([&, p] {
            while (true) {
                const std::int64_t i = next++;
                if (i >= n) return;
                const auto t0 = Clock_::now();
                must(b->apply(std::move(drafts[static_cast<std::size_t>(i)])));
                waits[static_cast<std::size_t>(p)].push_back(seconds_since(t0));
            }
        });
    for (auto& th : threads) th.join();
    const double ours = seconds_since(t);
    YIPAN_CHECK(must(b->snapshot()->count(1, "")) == n);
    b.reset();
    std::vector<double> all;
    for (const auto& w : waits) all.insert(all.end(), w.begin(), w.end());
    std::sort(all.begin(), all.end());

    double same = 0;
    std::int64_t batches = 0, our_batches = 0;
    {
        Bare bare(server);
        bare.run("SET client_min_messages = warning");
        our_batches = bare.number("SELECT batch FROM yipan_bench.yipan_holder");
        const auto entries = bare.read("SELECT * FROM yipan_bench.yipan_entry WHERE position > " + std::to_string(before) + " ORDER BY position");
        const auto records = bare.read("SELECT * FROM yipan_bench.output ORDER BY id");
        const auto chunks = bare.read("SELECT * FROM yipan_bench.yipan_run_chunk ORDER BY id");
        const auto totals = bare.read("SELECT * FROM yipan_bench.yipan_run_total ORDER BY run, idx");
        YIPAN_CHECK(static_cast<std::int64_t>(entries.rows.size()) == n && static_cast<std::int64_t>(records.rows.size()) == n);
        bare.run("DROP SCHEMA IF EXISTS yipan_bare CASCADE");
        bare.run("CREATE SCHEMA yipan_bare; SET search_path = yipan_bare");
        for (const std::string& sql : store::postgres::engine_sql()) bare.run(sql);
        bare.run("CREATE TABLE output (LIKE yipan_bench.output INCLUDING ALL)");
        bare.run("INSERT INTO yipan_type VALUES(2, 'output', 1); INSERT INTO yipan_head VALUES(1, 0, '')");
        bare.prepare("entry", insert_into("yipan_entry", entries.columns));
        bare.prepare("record", insert_into("output", records.columns));
        bare.prepare("chunk", insert_into("yipan_run_chunk", chunks.columns));
        bare.prepare("total", insert_into("yipan_run_total", totals.columns));
        bare.prepare("tail", "INSERT INTO yipan_tail VALUES($1, $2)");
        bare.prepare("drop", "DELETE FROM yipan_tail WHERE position <= $1");
        bare.prepare("type", "UPDATE yipan_type SET next_record = $1 WHERE id = 2");
        bare.prepare("head", "UPDATE yipan_head SET position = $1, root = $2 WHERE id = 1");
        bare.prepare("hold", "UPDATE yipan_holder SET batch = batch + 1, expires = now() WHERE id = 1");
        bare.prepare("begin", "BEGIN");
        bare.prepare("commit", "COMMIT");
        bare.pipeline();
        std::int64_t written = 0, flushed = 0;
        std::size_t c = 0, o = 0;
        const std::string tail_body(60, 'x'), root(32, 'r');
        same = group_commit(n, [&](const std::vector<std::int64_t>& taken) {
            ++batches;
            bare.send("begin", {});
            bare.send("hold", {});
            for (const auto i : taken) {
                bare.send("entry", entries.rows[static_cast<std::size_t>(i)]);
                bare.send("record", records.rows[static_cast<std::size_t>(i)]);
            }
            written += static_cast<std::int64_t>(taken.size());
            std::string bytes;
            for (std::size_t i = 0; i < taken.size(); ++i) bytes += tail_body;
            bare.send("type", {big_endian(written)});
            bare.send("tail", {big_endian(written), bytes});
            bare.send("head", {big_endian(written), root});
            if (written - flushed >= figure::run_entries) {
                flushed = written;
                const auto share = [&](std::size_t of) { return of * static_cast<std::size_t>(written) / static_cast<std::size_t>(n); };
                for (; c < share(chunks.rows.size()); ++c) bare.send("chunk", chunks.rows[c]);
                for (; o < share(totals.rows.size()); ++o) bare.send("total", totals.rows[o]);
                bare.send("drop", {big_endian(written)});
            }
            bare.send("commit", {});
            bare.wait();
        });
        bare.leave();
        YIPAN_CHECK(bare.number("SELECT count(*) FROM yipan_entry") == n && bare.number("SELECT count(*) FROM output") == n);
        bare.run("SET client_min_messages = warning; DROP SCHEMA yipan_bare CASCADE");
    }
    store::discard(address, store::Made::by_us);
    const double r0 = static_cast<double>(n) / ours, r1 = static_cast<double>(n) / same;
    fmt::print("PostgreSQL writes\t{:.0f}/s\tp50 {:.2f} ms, p99 {:.2f} ms\tn={}, {} producers, {} batches\n", r0, all[all.size() / 2] * 1e3,
               all[all.size() * 99 / 100] * 1e3, n, producers, our_batches);
    fmt::print("  bare libpq pipeline, our statements, same group commit\t{:.0f}/s\tratio {:.2f}\t(wanted 0.80)\t{} batches\n", r1, r0 / r1, batches);
}
